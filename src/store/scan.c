/*
 * Walks over all keys: SCAN, each key once, and one key by chance.
 *
 * A SCAN cursor is a place in a fixed order of all hashes that there could be, in 51 bits, so that clients that keep it
 * as a double lose nothing:
 *
 *     shard (10 bits) | high bits of the hash: a table's range (21) | bucket (20)
 *
 * Shards and ranges are walked upwards. The range names whichever table covers it when the step is made: if the table
 * has been split since, the walk goes on with its lower half, and the upper half follows as a table of its own. Within
 * a table the bucket counts as in Redis's dictScan(): with the highest bit in use turning fastest, so that the buckets
 * that one bucket becomes by doubling, or that fold into one by shrinking, are neighbours in the order.
 */
#include "store/shard.h"

enum {
	CURSOR_RANGE_BITS = TABLE_MAX_DEPTH,
	CURSOR_RANGE_SHIFT = TABLE_BUCKET_BITS,
	CURSOR_SHARD_SHIFT = CURSOR_RANGE_SHIFT + CURSOR_RANGE_BITS,

	SCAN_BUCKETS_PER_KEY = 10, /* buckets, empty ones mostly, that a step looks at for each key asked for */
	SCAN_MIN_BUCKETS = 512,	   /* ... and at least */
};

struct cursor {
	uint32_t shard;
	uint64_t hash;	 /* the low bits are 0; 2^32 when the shard is done */
	uint32_t bucket; /* reversed counter */
};

static struct cursor cursor_unpack(uint64_t packed, uint32_t shard_mask)
{
	uint64_t range = packed >> CURSOR_RANGE_SHIFT & ((1U << CURSOR_RANGE_BITS) - 1);

	return (struct cursor){
		.shard = (uint32_t)(packed >> CURSOR_SHARD_SHIFT) & shard_mask,
		.hash = range << (32 - CURSOR_RANGE_BITS),
		.bucket = (uint32_t)packed & ((1U << TABLE_BUCKET_BITS) - 1),
	};
}

static uint64_t cursor_pack(const struct cursor *cursor)
{
	return (uint64_t)cursor->shard << CURSOR_SHARD_SHIFT |
	       cursor->hash >> (32 - CURSOR_RANGE_BITS) << CURSOR_RANGE_SHIFT | cursor->bucket;
}

static uint32_t reverse_bits(uint32_t word)
{
	word = (word >> 1 & 0x55555555) | (word & 0x55555555) << 1;
	word = (word >> 2 & 0x33333333) | (word & 0x33333333) << 2;
	word = (word >> 4 & 0x0f0f0f0f) | (word & 0x0f0f0f0f) << 4;
	return __builtin_bswap32(word);
}

/* The bucket after `bucket` in a table of mask + 1 buckets; 0 after the last. */
static uint32_t next_bucket(uint32_t bucket, uint32_t mask)
{
	return reverse_bits(reverse_bits(bucket | ~mask) + 1);
}

static size_t visit_bucket(const UT_hash_bucket *bucket, int64_t now, keyspace_visit *visit, void *arg)
{
	size_t visited = 0;

	for (struct entry *entry = table_first(bucket); entry != NULL; entry = table_next(entry)) {
		if (entry_is_dead(entry, now))
			continue;
		visit(entry, arg);
		visited++;
	}
	return visited;
}

/* Visits the bucket at the cursor and moves it to the next one. */
static size_t scan_bucket(const struct dict *dict, struct cursor *cursor, int64_t now, keyspace_visit *visit, void *arg)
{
	const struct table *table = dict_table(dict, (uint32_t)cursor->hash);
	size_t visited = visit_bucket(table_bucket(table, cursor->bucket), now, visit, arg);

	cursor->bucket = next_bucket(cursor->bucket, table->chains.num_buckets - 1);
	if (cursor->bucket == 0)
		cursor->hash = dict_table_end(table, (uint32_t)cursor->hash);
	return visited;
}

struct scan_quota keyspace_scan_quota(size_t count)
{
	size_t buckets = count > SIZE_MAX / SCAN_BUCKETS_PER_KEY ? SIZE_MAX : count * SCAN_BUCKETS_PER_KEY;

	return (struct scan_quota){count, buckets > SCAN_MIN_BUCKETS ? buckets : SCAN_MIN_BUCKETS};
}

uint32_t keyspace_scan_shard(const struct keyspace *keyspace, uint64_t cursor)
{
	return cursor_unpack(cursor, keyspace->shard_mask).shard;
}

uint64_t keyspace_scan(struct keyspace *keyspace, unsigned db, uint64_t cursor, struct scan_quota *quota, int64_t now,
		       keyspace_visit *visit, void *arg)
{
	struct cursor at = cursor_unpack(cursor, keyspace->shard_mask);
	const struct dict *dict = keyspace->shards[at.shard].dicts[db];

	if (dict == NULL || dict->items == 0)
		at.hash = KEYSPACE_WALK_END;
	while (at.hash < KEYSPACE_WALK_END && quota->keys > 0 && quota->buckets > 0) {
		size_t visited = scan_bucket(dict, &at, now, visit, arg);

		quota->keys -= visited < quota->keys ? visited : quota->keys;
		quota->buckets--;
	}
	if (at.hash == KEYSPACE_WALK_END)
		at = (struct cursor){.shard = at.shard + 1};
	return at.shard == keyspace->shard_count ? 0 : cursor_pack(&at);
}

/* --- each key once ----------------------------------------------------------------------------------------------- */

/* What the walk's own visit is given: the visit that was asked for, and which entries it is for. */
struct walk_filter {
	keyspace_visit *visit;
	void *arg;
	uint32_t from; /* lower hashes were visited in a table that has been flushed since */
};

static void walk_visit(struct entry *entry, void *arg)
{
	const struct walk_filter *filter = arg;

	if (entry_hash(entry) >= filter->from)
		filter->visit(entry, filter->arg);
}

/* Visits the table's entries. Their order in memory is as good as random: they are asked for some buckets ahead. */
static void visit_table(const struct table *table, int64_t now, keyspace_visit *visit, void *arg)
{
	enum { AHEAD = 8 };
	const UT_hash_bucket *buckets = table->chains.buckets;
	unsigned count = table->chains.num_buckets;

	for (unsigned i = 0; i < count; i++) {
		if (i + AHEAD < count && buckets[i + AHEAD].hh_head != NULL)
			__builtin_prefetch(table_first(&buckets[i + AHEAD]));
		visit_bucket(&buckets[i], now, visit, arg);
	}
}

size_t keyspace_walk(struct keyspace *keyspace, uint32_t shard, unsigned db, uint64_t *hash, int64_t now,
		     keyspace_visit *visit, void *arg)
{
	const struct dict *dict = keyspace->shards[shard].dicts[db];
	struct walk_filter filter = {visit, arg, (uint32_t)*hash};
	const struct table *table;

	if (dict == NULL || dict->items == 0) {
		*hash = KEYSPACE_WALK_END;
		return 1;
	}
	table = dict_table(dict, filter.from);
	visit_table(table, now, walk_visit, &filter);
	*hash = dict_table_end(table, filter.from);
	return table->chains.num_items + table->chains.num_buckets;
}

/* --- a random key ------------------------------------------------------------------------------------------------ */

enum {
	RANDOM_TABLES = 16, /* tables drawn before giving up */
	RANDOM_PLACES = 64, /* places drawn in each */
	RANDOM_CHAIN = 8,   /* places of a bucket's chain that are drawn from, even when they are empty */
};

/* A dict, as likely as it has keys. NULL when there are none. */
static const struct dict *random_dict(const struct keyspace *keyspace, unsigned db, struct random *random)
{
	size_t size = keyspace_size(keyspace, db);
	uint64_t left;

	if (size == 0)
		return NULL;
	left = random_below(random, size);
	for (unsigned i = 0; i < keyspace->shard_count; i++) {
		const struct dict *dict = keyspace->shards[i].dicts[db];

		if (dict == NULL)
			continue;
		if (left < dict->items)
			return dict;
		left -= dict->items;
	}
	return NULL;
}

/* The entry at a random place of a table, or NULL when there is none alive. */
static struct entry *random_place(const struct table *table, struct random *random, int64_t now)
{
	uint64_t draw = random_next(random);
	struct entry *entry = table_first(table_bucket(table, (uint32_t)draw));

	for (uint64_t steps = (draw >> 32) % RANDOM_CHAIN; entry != NULL && steps > 0; steps--)
		entry = table_next(entry);
	return entry != NULL && !entry_is_dead(entry, now) ? entry : NULL;
}

/*
 * Every table has as much of the hashes as it has of the keys, so a random hash says which table; within it, places are
 * drawn until one has a key. All keys are about as likely as each other, but the few that stand further back in their
 * chain than RANDOM_CHAIN, which are never drawn.
 */
static struct entry *random_entry(const struct dict *dict, struct random *random, int64_t now)
{
	for (int i = 0; i < RANDOM_TABLES; i++) {
		const struct table *table = dict_table(dict, (uint32_t)(random_next(random) >> 32));

		for (int j = 0; j < RANDOM_PLACES; j++) {
			struct entry *entry = random_place(table, random, now);

			if (entry != NULL)
				return entry;
		}
	}
	return NULL;
}

static void remember(struct entry *entry, void *arg)
{
	struct entry **found = arg;

	*found = entry;
}

/* Some entry alive from the cursor on, or NULL. */
static struct entry *next_entry(struct keyspace *keyspace, unsigned db, uint64_t cursor, int64_t now)
{
	struct entry *found = NULL;

	do {
		struct scan_quota one = keyspace_scan_quota(1);

		cursor = keyspace_scan(keyspace, db, cursor, &one, now, remember, &found);
	} while (found == NULL && cursor != 0);
	return found;
}

struct entry *keyspace_random(struct keyspace *keyspace, unsigned db, struct random *random, int64_t now)
{
	const struct dict *dict = random_dict(keyspace, db, random);
	struct entry *entry;

	if (dict == NULL)
		return NULL;
	entry = random_entry(dict, random, now);
	if (entry != NULL)
		return entry;
	/* Few are left in tables that had many, or most are dead: any one from a random place on, or from the start. */
	entry = next_entry(keyspace, db, random_next(random), now);
	return entry != NULL ? entry : next_entry(keyspace, db, 0, now);
}
