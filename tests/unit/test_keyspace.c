/* The keyspace: each operation by itself, then random ones against a plain model, and the properties of the walks. */
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>

#include "store/shard.h"
#include "suites.h"

static const int64_t NOW = 1700000000000;

static struct keyspace *keyspace;
static struct random dice;

static struct keyspace *make_keyspace(unsigned shards, bool locking)
{
	struct keyspace_options options = {
		.shards = shards, .databases = 16, .locking = locking, .seed = {{0x1122334455667788, 42}}};

	return keyspace_new(&options);
}

static void setup(void)
{
	keyspace = make_keyspace(32, false);
	random_seed(&dice, 7);
}

static void teardown(void)
{
	store_malloc = malloc;
	keyspace_free(keyspace);
}

/* --- helpers ----------------------------------------------------------------------------------------------------- */

static struct key key_of(const char *text)
{
	return keyspace_key(keyspace, slice_of(text));
}

static struct key numbered_key(int number)
{
	static char text[32];

	snprintf(text, sizeof(text), "key:%d", number);
	return key_of(text);
}

static struct entry *find(const char *text, int64_t now)
{
	struct key key = key_of(text);

	return keyspace_find(keyspace, 0, &key, now);
}

static struct entry *set(const char *text, struct slice value, int64_t expire_at)
{
	struct key key = key_of(text);

	return keyspace_set(keyspace, 0, &key, keyspace_find(keyspace, 0, &key, NOW), value, expire_at);
}

static void set_number(int number, int64_t expire_at)
{
	struct key key = numbered_key(number);

	keyspace_set(keyspace, 0, &key, keyspace_find(keyspace, 0, &key, NOW), key.name, expire_at);
}

static struct entry *find_number(int number, int64_t now)
{
	struct key key = numbered_key(number);

	return keyspace_find(keyspace, 0, &key, now);
}

static void delete_number(int number)
{
	struct key key = numbered_key(number);
	struct entry *entry = keyspace_find(keyspace, 0, &key, NOW);

	if (entry != NULL)
		keyspace_delete(keyspace, 0, &key, entry, false);
}

static void check_value(const struct entry *entry, struct slice value)
{
	ck_assert_ptr_nonnull(entry);
	ck_assert(slice_equal(entry_value(entry), value));
}

/* Bytes in which each place tells where it is. Good until the next call. */
static struct slice pattern(size_t len, unsigned start)
{
	static char bytes[200000];

	ck_assert_uint_le(len, sizeof(bytes));
	for (size_t i = 0; i < len; i++)
		bytes[i] = (char)((i + start) * 31 >> 3);
	return (struct slice){bytes, len};
}

static size_t reap_all(int64_t now)
{
	size_t steps = 0;

	for (uint32_t shard = 0; shard < keyspace_shards(keyspace); shard++)
		steps += keyspace_reap(keyspace, shard, now, SIZE_MAX);
	return steps;
}

static void walk_all(unsigned db, int64_t now, keyspace_visit *visit, void *arg)
{
	for (uint32_t shard = 0; shard < keyspace_shards(keyspace); shard++) {
		uint64_t hash = 0;

		while (hash != KEYSPACE_WALK_END)
			keyspace_walk(keyspace, shard, db, &hash, now, visit, arg);
	}
}

/* Scans until `count` keys or so have been visited. */
static uint64_t scan_step(uint64_t cursor, size_t count, int64_t now, keyspace_visit *visit, void *arg)
{
	struct scan_quota quota = keyspace_scan_quota(count);

	do
		cursor = keyspace_scan(keyspace, 0, cursor, &quota, now, visit, arg);
	while (cursor != 0 && quota.keys > 0 && quota.buckets > 0);
	return cursor;
}

static struct database_figures database_figures(unsigned db)
{
	struct database_figures figures = {0};

	for (uint32_t shard = 0; shard < keyspace_shards(keyspace); shard++)
		keyspace_add_database_figures(keyspace, shard, db, &figures);
	return figures;
}

/* --- invariants -------------------------------------------------------------------------------------------------- */

struct tally {
	size_t items, bytes, mortal, longest_chain;
};

static void check_bucket(const struct dict *dict, const struct table *table, unsigned index, struct tally *tally)
{
	const UT_hash_bucket *bucket = &table->chains.buckets[index];
	size_t length = 0;

	for (struct entry *entry = table_first(bucket); entry != NULL; entry = table_next(entry)) {
		ck_assert_ptr_eq(dict_table(dict, entry_hash(entry)), table);
		ck_assert_ptr_eq(table_bucket(table, entry_hash(entry)), bucket);
		tally->bytes += entry_footprint(entry);
		tally->mortal += entry_has_ttl(entry);
		length++;
	}
	ck_assert_uint_eq(length, bucket->count);
	tally->items += length;
	if (length > tally->longest_chain)
		tally->longest_chain = length;
}

/* Counts anew what the dict has counted as it went. Returns the longest chain. */
static size_t check_dict(const struct dict *dict)
{
	struct tally tally = {.bytes = allocation_size(sizeof(*dict)) +
				       allocation_size(sizeof(struct table *) << dict->depth)};
	uint64_t end;

	for (uint64_t hash = 0; hash <= UINT32_MAX; hash = end) {
		const struct table *table = dict_table(dict, (uint32_t)hash);
		size_t before = tally.items;

		end = dict_table_end(table, (uint32_t)hash);
		ck_assert_ptr_eq(dict_table(dict, (uint32_t)(end - 1)), table);
		for (unsigned i = 0; i < table->chains.num_buckets; i++)
			check_bucket(dict, table, i, &tally);
		ck_assert_uint_eq(tally.items - before, table->chains.num_items);
		ck_assert_uint_le(table->chains.num_items, TABLE_MAX_ITEMS);
		tally.bytes += table_footprint(table);
	}
	if (dict->expiry != NULL)
		tally.bytes += allocation_size(sizeof(*dict->expiry));
	ck_assert_uint_eq(tally.items, dict->items);
	ck_assert_uint_eq(tally.bytes, dict->bytes);
	ck_assert_uint_eq(tally.mortal, dict->expiry != NULL ? dict->expiry->count : 0);
	return tally.longest_chain;
}

static size_t check_all(void)
{
	size_t longest_chain = 0;

	for (unsigned i = 0; i < keyspace->shard_count * keyspace->databases; i++) {
		size_t longest = keyspace->dicts[i] != NULL ? check_dict(keyspace->dicts[i]) : 0;

		if (longest > longest_chain)
			longest_chain = longest;
	}
	return longest_chain;
}

/* --- one key ----------------------------------------------------------------------------------------------------- */

START_TEST(keeps_values_of_every_size)
{
	static const size_t lengths[] = {0, 1, 15, 16, 17, 1023, 1024, 1025, 4096, 200000};
	static const size_t count = sizeof(lengths) / sizeof(lengths[0]);

	for (size_t i = 0; i < count; i++) {
		for (size_t j = 0; j < count; j++) {
			set("key", pattern(lengths[i], 1), KEYSPACE_PERSIST);
			check_value(find("key", NOW), pattern(lengths[i], 1));
			set("key", pattern(lengths[j], 2), NOW + 100);
			check_value(find("key", NOW), pattern(lengths[j], 2));
			ck_assert_int_eq(entry_block(find("key", NOW)) != NULL, lengths[j] > ENTRY_INLINE_MAX);
			check_all();
		}
	}
	ck_assert_uint_eq(keyspace_size(keyspace, 0), 1);
}
END_TEST

START_TEST(keeps_keys_of_every_kind)
{
	static char long_name[70000];
	struct slice names[] = {{NULL, 0},     {"\0", 1},	   {"\0\0", 2},
				{"a\r\nb", 4}, {long_name, 69999}, {long_name, 70000}};

	for (int i = 0; i < 6; i++) {
		struct key key = keyspace_key(keyspace, names[i]);

		ck_assert_ptr_null(keyspace_find(keyspace, 0, &key, NOW));
		keyspace_set(keyspace, 0, &key, NULL, SLICE("value"), KEYSPACE_PERSIST);
	}
	for (int i = 0; i < 6; i++) {
		struct key key = keyspace_key(keyspace, names[i]);

		ck_assert(slice_equal(entry_key(keyspace_find(keyspace, 0, &key, NOW)), names[i]));
	}
	ck_assert_uint_eq(keyspace_size(keyspace, 0), 6);
}
END_TEST

START_TEST(overwrites_in_place_when_the_size_is_the_same)
{
	struct entry *entry = set("key", SLICE("0123456789"), KEYSPACE_PERSIST);

	ck_assert_ptr_eq(set("key", SLICE("other"), KEYSPACE_PERSIST), entry);
	check_value(entry, SLICE("other"));
	entry = set("key", SLICE("012345"), NOW + 5);
	ck_assert_ptr_eq(set("key", SLICE("0123456789"), NOW + 9), entry);
	ck_assert_int_eq(entry_expire_at(entry), NOW + 9);
	check_all();
}
END_TEST

START_TEST(a_new_value_may_be_part_of_the_old_one)
{
	static const size_t lengths[] = {40, 1000, 5000};

	for (int i = 0; i < 3; i++) {
		for (size_t from = 0; from < lengths[i]; from += 7) {
			struct entry *entry = set("key", pattern(lengths[i], 0), KEYSPACE_PERSIST);
			struct slice old = entry_value(entry);
			struct slice part = {old.data + from, old.len - from};

			entry = set("key", part, KEYSPACE_PERSIST);
			check_value(entry, (struct slice){pattern(lengths[i], 0).data + from, lengths[i] - from});
		}
	}
	check_all();
}
END_TEST

START_TEST(takes_over_a_block)
{
	struct key key = key_of("key");
	struct block *large = block_new(5000);
	struct block *small = block_new(5000);
	struct entry *entry;

	large->len = 5000;
	memcpy(large->data, pattern(5000, 3).data, 5000);
	entry = keyspace_put_block(keyspace, 0, &key, NULL, block_ref(large), NOW + 1);
	ck_assert_ptr_eq(entry_block(entry), large);
	check_value(entry, pattern(5000, 3));
	ck_assert_uint_ge(entry_footprint(entry), 5000);
	small->len = 3;
	memcpy(small->data, "abc", 3);
	entry = keyspace_put_block(keyspace, 0, &key, entry, small, KEYSPACE_KEEP_TTL);
	check_value(entry, SLICE("abc"));
	ck_assert_ptr_null(entry_block(entry));
	ck_assert_int_eq(entry_expire_at(entry), NOW + 1);
	ck_assert(!block_is_shared(large));
	block_unref(large);
	check_all();
}
END_TEST

START_TEST(databases_are_apart)
{
	struct key key = key_of("key");

	keyspace_set(keyspace, 3, &key, NULL, SLICE("three"), KEYSPACE_PERSIST);
	ck_assert_ptr_null(keyspace_find(keyspace, 2, &key, NOW));
	check_value(keyspace_find(keyspace, 3, &key, NOW), SLICE("three"));
	ck_assert_uint_eq(keyspace_size(keyspace, 3), 1);
	ck_assert_uint_eq(keyspace_size(keyspace, 2), 0);
}
END_TEST

START_TEST(a_key_lives_through_its_last_millisecond)
{
	struct key key = key_of("key");
	uint32_t shard = key.shard;

	set("key", SLICE("value"), NOW + 10);
	ck_assert_ptr_nonnull(find("key", NOW + 10));
	ck_assert_uint_eq(keyspace_shard_figures(keyspace, shard).expired, 0);
	ck_assert_ptr_null(find("key", NOW + 11));
	ck_assert_uint_eq(keyspace_shard_figures(keyspace, shard).expired, 1);
	ck_assert_uint_eq(keyspace_size(keyspace, 0), 0);
	check_all();
}
END_TEST

START_TEST(set_keeps_changes_and_removes_the_time_to_live)
{
	set("key", SLICE("a"), NOW + 10);
	set("key", SLICE("b"), KEYSPACE_KEEP_TTL);
	ck_assert_int_eq(entry_expire_at(find("key", NOW)), NOW + 10);
	set("key", SLICE("c"), NOW + 20);
	ck_assert_int_eq(entry_expire_at(find("key", NOW)), NOW + 20);
	set("key", SLICE("d"), KEYSPACE_PERSIST);
	ck_assert_int_eq(entry_expire_at(find("key", NOW)), 0);
	set("key", SLICE("e"), KEYSPACE_KEEP_TTL);
	ck_assert_int_eq(entry_expire_at(find("key", NOW)), 0);
	set("new", SLICE("f"), KEYSPACE_KEEP_TTL);
	ck_assert_int_eq(entry_expire_at(find("new", NOW)), 0);
	reap_all(NOW + 1000);
	ck_assert_uint_eq(keyspace_size(keyspace, 0), 2);
	check_all();
}
END_TEST

START_TEST(expire_keeps_the_value_and_how_it_came_to_be)
{
	static const size_t lengths[] = {5, 5000};

	for (int i = 0; i < 2; i++) {
		struct key key = key_of("key");
		struct entry *entry = set("key", pattern(lengths[i], 0), KEYSPACE_PERSIST);
		char *bytes;

		entry = keyspace_resize(keyspace, 0, &key, entry, lengths[i], &bytes);
		entry = keyspace_expire(keyspace, 0, &key, entry, NOW + 7);
		ck_assert_int_eq(entry_expire_at(entry), NOW + 7);
		ck_assert_ptr_eq(keyspace_expire(keyspace, 0, &key, entry, NOW + 9), entry);
		check_value(entry, pattern(lengths[i], 0));
		entry = keyspace_expire(keyspace, 0, &key, entry, KEYSPACE_PERSIST);
		ck_assert_int_eq(entry_expire_at(entry), 0);
		check_value(entry, pattern(lengths[i], 0));
		ck_assert(entry_is_raw(entry));
		ck_assert_ptr_eq(find("key", NOW), entry);
		check_all();
	}
}
END_TEST

START_TEST(resize_makes_and_fills_with_zeros)
{
	static const size_t lengths[] = {3, 20, 1024, 1025, 1500, 9000, 8000, 8001, 3, 0};
	static char model[10000];
	struct key key = key_of("key");
	struct entry *entry = NULL;
	size_t old_len = 0;
	char *bytes;

	for (size_t i = 0; i < sizeof(lengths) / sizeof(lengths[0]); i++) {
		size_t len = lengths[i];

		entry = keyspace_resize(keyspace, 0, &key, entry, len, &bytes);
		if (len > old_len)
			memset(model + old_len, 0, len - old_len);
		check_value(entry, (struct slice){model, len});
		ck_assert_ptr_eq(bytes, entry_value(entry).data);
		ck_assert(entry_is_raw(entry));
		memcpy(bytes, pattern(len, (unsigned)i).data, len);
		memcpy(model, pattern(len, (unsigned)i).data, len);
		old_len = len;
		check_all();
	}
	ck_assert(!entry_is_raw(set("key", SLICE("new"), KEYSPACE_PERSIST)));
}
END_TEST

START_TEST(resize_copies_a_block_that_a_reply_holds)
{
	struct key key = key_of("key");
	struct entry *entry = set("key", pattern(5000, 1), NOW + 50);
	struct block *held = block_ref(entry_block(entry));
	char *bytes;

	entry = keyspace_resize(keyspace, 0, &key, entry, 5000, &bytes);
	ck_assert_ptr_ne(entry_block(entry), held);
	bytes[0] = 'X';
	ck_assert(slice_equal((struct slice){held->data, held->len}, pattern(5000, 1)));
	ck_assert(!block_is_shared(held));
	block_unref(held);
	held = block_ref(entry_block(entry));
	entry = keyspace_resize(keyspace, 0, &key, entry, 6000, &bytes);
	ck_assert_uint_eq(held->len, 5000);
	ck_assert_int_eq(bytes[0], 'X');
	ck_assert_int_eq(entry_expire_at(entry), NOW + 50);
	block_unref(held);
	check_all();
}
END_TEST

START_TEST(rename_moves_value_and_time_to_live)
{
	for (int i = 0; i < 50; i++) {
		struct key from = key_of("from");
		struct key to = numbered_key(i);

		set("from", pattern(i % 2 == 0 ? 10 : 3000, 0), i % 3 == 0 ? NOW + 5 : 0);
		if (i % 5 == 0)
			set_number(i, NOW + 1);
		to = numbered_key(i);
		ck_assert(keyspace_rename(keyspace, 0, &from, find("from", NOW), &to, find_number(i, NOW)));
		ck_assert_ptr_null(find("from", NOW));
		check_value(find_number(i, NOW), pattern(i % 2 == 0 ? 10 : 3000, 0));
		ck_assert_int_eq(entry_expire_at(find_number(i, NOW)), i % 3 == 0 ? NOW + 5 : 0);
	}
	ck_assert_uint_eq(keyspace_size(keyspace, 0), 50);
	check_all();
}
END_TEST

static uint64_t bytes_in_all(void)
{
	uint64_t bytes = 0;

	for (uint32_t shard = 0; shard < keyspace_shards(keyspace); shard++)
		bytes += keyspace_shard_figures(keyspace, shard).bytes;
	return bytes;
}

START_TEST(copy_shares_a_block_until_one_changes)
{
	struct key from = key_of("from"), to = key_of("to");
	struct entry *entry = set("from", pattern(5000, 1), NOW + 10);
	char *bytes;

	set("to", SLICE("replaced"), KEYSPACE_PERSIST);
	ck_assert(keyspace_copy(keyspace, entry, 0, &to, find("to", NOW)));
	ck_assert_ptr_eq(entry_block(find("to", NOW)), entry_block(find("from", NOW)));
	ck_assert_int_eq(entry_expire_at(find("to", NOW)), NOW + 10);

	entry = keyspace_resize(keyspace, 0, &from, find("from", NOW), 5000, &bytes);
	ck_assert_ptr_nonnull(entry);
	bytes[0] ^= 1;
	check_value(find("to", NOW), pattern(5000, 1));
	keyspace_delete(keyspace, 0, &from, find("from", NOW), false);
	check_value(find("to", NOW), pattern(5000, 1));
	ck_assert_ptr_null(find("to", NOW + 11));
}
END_TEST

START_TEST(copy_keeps_how_a_value_came_to_be)
{
	struct key from = key_of("from");
	char *bytes;

	set("from", SLICE("12"), KEYSPACE_PERSIST);
	ck_assert_ptr_nonnull(keyspace_resize(keyspace, 0, &from, find("from", NOW), 2, &bytes));
	ck_assert(keyspace_copy(keyspace, find("from", NOW), 3, &from, NULL));
	ck_assert(entry_is_raw(keyspace_find(keyspace, 3, &from, NOW)));
}
END_TEST

START_TEST(move_changes_the_database)
{
	struct key key = key_of("key");

	set("key", pattern(5000, 2), NOW + 10);
	ck_assert(keyspace_move(keyspace, 0, &key, find("key", NOW), 5));
	ck_assert_ptr_null(find("key", NOW));
	check_value(keyspace_find(keyspace, 5, &key, NOW), pattern(5000, 2));
	ck_assert_uint_eq(keyspace_size(keyspace, 0), 0);
	ck_assert_uint_eq(keyspace_size(keyspace, 5), 1);
	reap_all(NOW + 11);
	ck_assert_uint_eq(keyspace_size(keyspace, 5), 0);
}
END_TEST

START_TEST(swapped_databases_keep_their_keys_and_times)
{
	enum { KEYS = 500 };
	struct key key;
	uint64_t before;

	for (int i = 0; i < KEYS; i++)
		set_number(i, i % 2 == 0 ? NOW + 10 : KEYSPACE_PERSIST);
	before = bytes_in_all();
	keyspace_swap(keyspace, 0, 1);
	ck_assert_uint_eq(bytes_in_all(), before);
	ck_assert_uint_eq(keyspace_size(keyspace, 0), 0);
	ck_assert_uint_eq(keyspace_size(keyspace, 1), KEYS);
	key = numbered_key(0);
	check_value(keyspace_find(keyspace, 1, &key, NOW), key.name);
	set_number(0, NOW + 10);
	reap_all(NOW + 11);
	ck_assert_uint_eq(keyspace_size(keyspace, 0), 0);
	ck_assert_uint_eq(keyspace_size(keyspace, 1), KEYS / 2);
}
END_TEST

START_TEST(copies_and_moves_leave_no_bytes_behind)
{
	struct key key = key_of("key"), other = key_of("other");
	uint64_t before;

	for (unsigned db = 0; db < 2; db++) { /* dicts and indexes are made */
		set("key", pattern(5000, 2), NOW + 10);
		ck_assert(keyspace_copy(keyspace, find("key", NOW), 1, &key, keyspace_find(keyspace, 1, &key, NOW)));
		ck_assert(keyspace_copy(keyspace, find("key", NOW), 0, &other, find("other", NOW)));
	}
	keyspace_delete(keyspace, 0, &key, find("key", NOW), false);
	keyspace_delete(keyspace, 0, &other, find("other", NOW), false);
	keyspace_delete(keyspace, 1, &key, keyspace_find(keyspace, 1, &key, NOW), false);
	before = bytes_in_all();
	set("key", pattern(5000, 2), NOW + 10);
	ck_assert(keyspace_move(keyspace, 0, &key, find("key", NOW), 1));
	ck_assert(keyspace_copy(keyspace, keyspace_find(keyspace, 1, &key, NOW), 0, &other, NULL));
	keyspace_delete(keyspace, 0, &other, find("other", NOW), false);
	keyspace_delete(keyspace, 1, &key, keyspace_find(keyspace, 1, &key, NOW), false);
	ck_assert_uint_eq(bytes_in_all(), before);
}
END_TEST

START_TEST(delete_leaves_a_held_block_alone)
{
	struct key key = key_of("key");
	struct entry *entry = set("key", pattern(100000, 1), NOW + 1);
	struct block *held = block_ref(entry_block(entry));

	keyspace_delete(keyspace, 0, &key, entry, true);
	ck_assert_ptr_null(find("key", NOW));
	ck_assert(slice_equal((struct slice){held->data, held->len}, pattern(100000, 1)));
	block_unref(held);
	keyspace_delete(keyspace, 0, &key, set("key", pattern(100000, 1), NOW + 1), true);
	keyspace_delete(keyspace, 0, &key, set("key", pattern(10, 1), 0), true);
	ck_assert_uint_eq(keyspace_size(keyspace, 0), 0);
	check_all();
}
END_TEST

START_TEST(prefetching_changes_nothing)
{
	struct key absent = key_of("absent");

	for (int round = 0; round < 2; round++) {
		for (int i = 0; i < 100; i++) {
			struct key key = numbered_key(i);

			keyspace_prefetch(keyspace, 0, (const struct key *[]){&absent, &key, &key}, 3);
			keyspace_prefetch(keyspace, 1, (const struct key *[]){&key}, 1);
			set_number(i, 0);
		}
	}
	keyspace_prefetch(keyspace, 0, NULL, 0);
	ck_assert_uint_eq(keyspace_size(keyspace, 0), 100);
}
END_TEST

/* --- all keys ---------------------------------------------------------------------------------------------------- */

enum { MODEL_KEYS = 2000 };

struct model {
	bool there;
	size_t len;
	unsigned start;
	int64_t when;
};

static struct model models[MODEL_KEYS];

static void model_step(int number, int64_t now)
{
	struct model *model = &models[number];
	struct key key = numbered_key(number);
	struct entry *entry = keyspace_find(keyspace, 0, &key, now);
	int64_t when = random_below(&dice, 3) == 0 ? now + 1 + (int64_t)random_below(&dice, 3000) : 0;

	if (model->when != 0 && model->when < now)
		model->there = false;
	ck_assert_int_eq(entry != NULL, model->there);
	if (entry != NULL) {
		check_value(entry, pattern(model->len, model->start));
		ck_assert_int_eq(entry_expire_at(entry), model->when);
	}
	switch (random_below(&dice, 4)) {
	case 0:
		if (entry != NULL)
			keyspace_delete(keyspace, 0, &key, entry, random_below(&dice, 2) == 0);
		model->there = false;
		break;
	case 1:
		if (entry != NULL)
			keyspace_expire(keyspace, 0, &key, entry, when);
		model->when = when;
		break;
	default:
		model->len = random_below(&dice, random_below(&dice, 10) == 0 ? 3000 : 60);
		model->start = (unsigned)random_below(&dice, 1000);
		model->when = when;
		model->there = true;
		keyspace_set(keyspace, 0, &key, entry, pattern(model->len, model->start), when);
	}
}

START_TEST(agrees_with_a_model)
{
	int64_t now = NOW;

	for (int i = 0; i < 100000; i++) {
		model_step((int)random_below(&dice, MODEL_KEYS), now);
		if (i % 100 == 0)
			now += (int64_t)random_below(&dice, 100);
		if (i % 1000 == 0)
			reap_all(now);
		if (i % 5000 == 0)
			check_all();
	}
}
END_TEST

START_TEST(grows_and_shrinks_by_single_tables)
{
	enum { KEYS = 100000 };
	uint64_t bytes = 0;

	keyspace_free(keyspace);
	keyspace = make_keyspace(1, false);
	for (int i = 0; i < KEYS; i++)
		set_number(i, 0);
	ck_assert_uint_le(check_all(), 16);
	ck_assert_uint_eq(keyspace_size(keyspace, 0), KEYS);
	ck_assert_uint_ge(keyspace->shards[0].dicts[0]->depth, 6);
	bytes = keyspace_shard_figures(keyspace, 0).bytes;
	for (int i = 0; i < KEYS; i++)
		ck_assert_ptr_nonnull(find_number(i, NOW));
	for (int i = 0; i < KEYS; i++)
		delete_number(i);
	check_all();
	ck_assert_uint_eq(keyspace_size(keyspace, 0), 0);
	ck_assert_uint_lt(keyspace_shard_figures(keyspace, 0).bytes, bytes / 100);
}
END_TEST

START_TEST(flush_removes_one_database_or_all)
{
	for (unsigned db = 0; db < 3; db++) {
		for (int i = 0; i < 500; i++) {
			struct key key = numbered_key(i);

			keyspace_set(keyspace, db, &key, NULL, key.name, i % 2 == 0 ? NOW + i : 0);
		}
	}
	keyspace_flush(keyspace, 1);
	ck_assert_uint_eq(keyspace_size(keyspace, 0), 500);
	ck_assert_uint_eq(keyspace_size(keyspace, 1), 0);
	reap_all(NOW + 100);
	keyspace_flush(keyspace, KEYSPACE_ALL_DATABASES);
	for (uint32_t shard = 0; shard < 32; shard++) {
		ck_assert_uint_eq(keyspace_shard_figures(keyspace, shard).keys, 0);
		ck_assert_uint_eq(keyspace_shard_figures(keyspace, shard).bytes, 0);
	}
	set_number(1, NOW + 1);
	ck_assert_uint_eq(reap_all(NOW + 1000), 1);
}
END_TEST

static void count_visit(struct entry *entry, void *arg)
{
	(void)entry;
	++*(size_t *)arg;
}

START_TEST(each_visits_all_that_live)
{
	size_t visits = 0;

	for (int i = 0; i < 10000; i++)
		set_number(i, i < 3000 ? NOW + 1 : 0);
	walk_all(0, NOW + 2, count_visit, &visits);
	ck_assert_uint_eq(visits, 7000);
}
END_TEST

START_TEST(random_draws_all_keys_alike)
{
	enum { KEYS = 3000, DRAWS = 300000 };
	static int drawn[KEYS];
	int rare = 0;

	ck_assert_ptr_null(keyspace_random(keyspace, 0, &dice, NOW));
	keyspace_free(keyspace);
	keyspace = make_keyspace(1, false);
	for (int i = 0; i < KEYS; i++)
		set_number(i, i % 10 == 0 ? NOW : 0);
	for (int i = 0; i < DRAWS; i++)
		drawn[atoi(entry_key(keyspace_random(keyspace, 0, &dice, NOW + 1)).data + 4)]++;
	for (int i = 0; i < KEYS; i++) {
		if (i % 10 == 0) {
			ck_assert_int_eq(drawn[i], 0);
			continue;
		}
		ck_assert_int_lt(drawn[i], DRAWS / KEYS * 2);
		rare += drawn[i] < DRAWS / KEYS / 2;
	}
	ck_assert_int_lt(rare, KEYS / 100);
}
END_TEST

START_TEST(random_finds_the_last_one_alive)
{
	for (int i = 0; i < 50000; i++)
		set_number(i, i == 777 ? 0 : NOW);
	for (int i = 0; i < 20; i++)
		ck_assert_ptr_eq(keyspace_random(keyspace, 0, &dice, NOW + 1), find_number(777, NOW));
	reap_all(NOW + 1);
	ck_assert_uint_eq(keyspace_size(keyspace, 0), 1);
	for (int i = 0; i < 20; i++)
		ck_assert_ptr_eq(keyspace_random(keyspace, 0, &dice, NOW + 1), find_number(777, NOW));
	delete_number(777);
	ck_assert_ptr_null(keyspace_random(keyspace, 0, &dice, NOW + 1));
}
END_TEST

/* --- scan -------------------------------------------------------------------------------------------------------- */

START_TEST(a_small_database_is_scanned_in_one_step)
{
	size_t visits = 0;

	ck_assert_uint_eq(scan_step(0, 10, NOW, count_visit, &visits), 0);
	for (int i = 0; i < 9; i++)
		set_number(i, 0);
	ck_assert_uint_eq(scan_step(0, 10, NOW, count_visit, &visits), 0);
	ck_assert_uint_eq(visits, 9);
}
END_TEST

START_TEST(a_step_is_about_as_large_as_asked_for)
{
	size_t steps = 0;
	size_t total = 0;
	uint64_t cursor = 0;

	for (int i = 0; i < 20000; i++)
		set_number(i, 0);
	do {
		size_t visits = 0;

		cursor = scan_step(cursor, 10, NOW, count_visit, &visits);
		ck_assert_uint_le(visits, 30);
		ck_assert_uint_lt(cursor, (uint64_t)1 << 53);
		total += visits;
		steps++;
	} while (cursor != 0);
	ck_assert_uint_eq(total, 20000);
	ck_assert_uint_gt(steps, 1000);
	cursor = scan_step(0, SIZE_MAX, NOW, count_visit, &total);
	ck_assert_uint_eq(cursor, 0);
	ck_assert_uint_eq(total, 40000);
}
END_TEST

START_TEST(every_number_is_a_cursor)
{
	for (int i = 0; i < 20000; i++)
		set_number(i, 0);
	for (int i = 0; i < 200; i++) {
		uint64_t cursor = random_next(&dice) >> random_below(&dice, 64);
		size_t visits = 0;
		int steps = 0;

		do {
			cursor = scan_step(cursor, 5000, NOW, count_visit, &visits);
			steps++;
		} while (cursor != 0);
		ck_assert_int_le(steps, 6);
		ck_assert_uint_le(visits, 20000);
	}
	ck_assert_uint_lt(scan_step(UINT64_MAX, 10, NOW, count_visit, &(size_t){0}), UINT64_MAX);
}
END_TEST

enum { SCAN_STAYING = 300, SCAN_KEYS = 8000 };

static void mark_visit(struct entry *entry, void *arg)
{
	bool *seen = arg;

	seen[atoi(entry_key(entry).data + 4)] = true;
}

/* Other keys than those below SCAN_STAYING come or go: enough of them for tables to be split, doubled and shrunk. */
static void stir(int changes, bool growing)
{
	for (int i = 0; i < changes; i++) {
		int number = SCAN_STAYING + (int)random_below(&dice, SCAN_KEYS - SCAN_STAYING);

		if (growing)
			set_number(number, 0);
		else
			delete_number(number);
	}
}

START_TEST(scan_returns_what_is_there_throughout)
{
	static bool seen[SCAN_KEYS];

	keyspace_free(keyspace);
	keyspace = make_keyspace(1, false);
	for (int i = 0; i < SCAN_STAYING; i++)
		set_number(i, 0);
	for (int round = 0; round < 60; round++) {
		uint64_t cursor = 0;
		bool growing = round % 2 == 0;

		memset(seen, 0, sizeof(seen));
		do {
			size_t count = 1 + random_below(&dice, 100);

			cursor = scan_step(cursor, count, NOW, mark_visit, seen);
			if (random_below(&dice, 12) == 0)
				growing = !growing;
			stir((int)random_below(&dice, 3000), growing);
		} while (cursor != 0);
		for (int i = 0; i < SCAN_STAYING; i++)
			ck_assert_msg(seen[i], "key %d was not returned in round %d", i, round);
	}
}
END_TEST

/* --- expiry ------------------------------------------------------------------------------------------------------ */

START_TEST(reap_removes_the_dead_and_only_them)
{
	reap_all(NOW);
	for (int i = 0; i < 30000; i++)
		set_number(i, i % 3 == 0 ? 0 : NOW + 100 + i);
	ck_assert_uint_eq(reap_all(NOW), 0);
	for (int64_t now = NOW; now < NOW + 30000; now += 777) {
		reap_all(now);
		for (int i = 0; i < 30000; i += 11) {
			struct key key = numbered_key(i);
			struct dict *dict = keyspace->shards[key.shard].dicts[0];

			ck_assert_int_eq(dict_find(dict, key.name, key.hash) != NULL,
					 i % 3 == 0 || NOW + 100 + i >= now);
		}
	}
	reap_all(NOW + 30100);
	ck_assert_uint_eq(keyspace_size(keyspace, 0), 10000);
	check_all();
}
END_TEST

START_TEST(reap_stops_at_its_budget_and_goes_on)
{
	struct key key = key_of("key:1");
	size_t calls = 0;

	keyspace_free(keyspace);
	keyspace = make_keyspace(1, false);
	for (int i = 0; i < 1000; i++)
		set_number(i, NOW + 1);
	key = key_of("other");
	keyspace_set(keyspace, 5, &key, NULL, SLICE("v"), NOW + 1);
	while (keyspace_reap(keyspace, 0, NOW + 2, 10) == 10)
		calls++;
	ck_assert_uint_ge(calls, 100);
	ck_assert_uint_eq(keyspace_shard_figures(keyspace, 0).keys, 0);
	ck_assert_uint_eq(keyspace_shard_figures(keyspace, 0).expired, 1001);
	keyspace_reset_figures(keyspace, 0);
	ck_assert_uint_eq(keyspace_shard_figures(keyspace, 0).expired, 0);
}
END_TEST

START_TEST(reap_follows_a_clock_set_back)
{
	set("early", SLICE("v"), NOW + 1000);
	reap_all(NOW);
	set("late", SLICE("v"), NOW - 80000000);
	reap_all(NOW - 86400000);
	set("short", SLICE("v"), NOW - 86400000 + 10);
	ck_assert_uint_eq(keyspace_size(keyspace, 0), 3);
	reap_all(NOW - 86400000 + 11);
	ck_assert_uint_eq(keyspace_size(keyspace, 0), 2);
	reap_all(NOW - 80000000 + 1);
	ck_assert_uint_eq(keyspace_size(keyspace, 0), 1);
	reap_all(NOW + 1001);
	ck_assert_uint_eq(keyspace_size(keyspace, 0), 0);
}
END_TEST

START_TEST(figures_count_hits_misses_and_times_to_live)
{
	struct key key = key_of("key");
	struct database_figures figures;

	set("key", SLICE("v"), NOW + 1000);
	set("other", SLICE("v"), NOW + 3000);
	set("third", SLICE("v"), 0);
	keyspace_read(keyspace, 0, &key, NOW);
	keyspace_read(keyspace, 1, &key, NOW);
	keyspace_read(keyspace, 1, &key, NOW);
	ck_assert_uint_eq(keyspace_shard_figures(keyspace, key.shard).hits, 1);
	ck_assert_uint_eq(keyspace_shard_figures(keyspace, key.shard).misses, 2);
	figures = database_figures(0);
	ck_assert_uint_eq(figures.keys, 3);
	ck_assert_uint_eq(figures.expires, 2);
	ck_assert_int_eq(database_figures_average_ttl(&figures, NOW), 2000);
	ck_assert_int_eq(database_figures_average_ttl(&figures, NOW + 9999), 0);
	figures = database_figures(1);
	ck_assert_int_eq(database_figures_average_ttl(&figures, NOW), 0);
}
END_TEST

/* --- flooding ---------------------------------------------------------------------------------------------------- */

enum { BLOCKS = 12, BLOCK_BYTES = 8, SLOTS = 1 << 19, FLOOD_KEYS = 1 << BLOCKS };

static uint32_t fnv_go_on(uint32_t hash, const char *bytes)
{
	for (int i = 0; i < BLOCK_BYTES; i++)
		hash = (hash ^ (uint8_t)bytes[i]) * 0x01000193;
	return hash;
}

/* Another text for each number. */
static void block_text(uint32_t number, char *bytes)
{
	uint64_t word = number * 0x9e3779b97f4a7c15;

	memcpy(bytes, &word, BLOCK_BYTES);
}

/* Two texts that lead FNV-1a from one state to the same state; among 2^17 of them some do. Returns that state. */
static uint32_t find_collision(uint32_t state, char pair[2][BLOCK_BYTES])
{
	static uint32_t numbers[SLOTS];
	static uint32_t states[SLOTS];

	memset(numbers, 0, sizeof(numbers));
	for (uint32_t number = 1;; number++) {
		uint32_t next;
		uint32_t slot;

		block_text(number, pair[0]);
		next = fnv_go_on(state, pair[0]);
		for (slot = next % SLOTS; numbers[slot] != 0 && states[slot] != next; slot = (slot + 1) % SLOTS)
			continue;
		if (numbers[slot] != 0) {
			block_text(numbers[slot], pair[1]);
			return next;
		}
		numbers[slot] = number;
		states[slot] = next;
	}
}

/* 4096 keys with one and the same FNV-1a: one of two texts in each of twelve places. */
START_TEST(keys_of_one_fnv1a_do_not_share_a_bucket)
{
	char pairs[BLOCKS][2][BLOCK_BYTES];
	char name[BLOCKS * BLOCK_BYTES];
	uint32_t state = hash_fnv1a(SLICE(""));
	struct key key = {.shard = 0};

	for (int i = 0; i < BLOCKS; i++)
		state = find_collision(state, pairs[i]);
	for (int number = 0; number < FLOOD_KEYS; number++) {
		for (int i = 0; i < BLOCKS; i++)
			memcpy(name + i * BLOCK_BYTES, pairs[i][number >> i & 1], BLOCK_BYTES);
		key = keyspace_key(keyspace, (struct slice){name, sizeof(name)});
		ck_assert_uint_eq(hash_fnv1a(key.name), state);
		ck_assert_ptr_null(keyspace_find(keyspace, 0, &key, NOW));
		keyspace_set(keyspace, 0, &key, NULL, key.name, 0);
	}
	ck_assert_uint_eq(keyspace_shard_figures(keyspace, key.shard).keys, FLOOD_KEYS);
	ck_assert_uint_le(check_all(), 12);
}
END_TEST

START_TEST(keys_of_one_shard_do_not_share_a_bucket)
{
	int keys = 0;

	for (int i = 0; keys < 20000; i++) {
		if (numbered_key(i).shard != 0)
			continue;
		set_number(i, 0);
		keys++;
	}
	ck_assert_uint_eq(keyspace_shard_figures(keyspace, 0).keys, 20000);
	ck_assert_uint_le(check_all(), 14);
}
END_TEST

/* What Redis counts as dirty: changes that commands made. */
START_TEST(changes_are_counted)
{
	struct key a = key_of("a"), b = key_of("b");
	struct entry *entry;
	char *bytes;

	ck_assert_uint_eq(keyspace_changes(keyspace), 0);
	entry = set("a", SLICE("1"), KEYSPACE_PERSIST);
	ck_assert_uint_eq(keyspace_changes(keyspace), 1);
	find("a", NOW);
	entry = keyspace_expire(keyspace, 0, &a, entry, NOW + 10);
	entry = keyspace_resize(keyspace, 0, &a, entry, 3000, &bytes);
	keyspace_edited(keyspace, 0, entry, 0, 3000);
	ck_assert_uint_eq(keyspace_changes(keyspace), 3);
	ck_assert(keyspace_rename(keyspace, 0, &a, entry, &b, NULL));
	ck_assert(keyspace_copy(keyspace, find("b", NOW), 0, &a, NULL));
	ck_assert(keyspace_move(keyspace, 0, &a, find("a", NOW), 1));
	ck_assert_uint_eq(keyspace_changes(keyspace), 6);
	ck_assert_ptr_null(find("b", NOW + 11)); /* it expires, which nobody did */
	ck_assert_uint_eq(keyspace_changes(keyspace), 6);
	keyspace_swap(keyspace, 0, 1);
	keyspace_delete(keyspace, 0, &a, keyspace_find(keyspace, 0, &a, NOW), false);
	ck_assert_uint_eq(keyspace_changes(keyspace), 8);
	set("a", SLICE("1"), KEYSPACE_PERSIST);
	set("b", SLICE("1"), KEYSPACE_PERSIST);
	keyspace_flush(keyspace, KEYSPACE_ALL_DATABASES);
	ck_assert_uint_eq(keyspace_changes(keyspace), 13); /* two, and once more for the flush */
}
END_TEST

START_TEST(usual_keys_spread_over_the_shards)
{
	for (int i = 0; i < 32000; i++)
		set_number(i, 0);
	for (uint32_t shard = 0; shard < 32; shard++) {
		ck_assert_uint_gt(keyspace_shard_figures(keyspace, shard).keys, 800);
		ck_assert_uint_lt(keyspace_shard_figures(keyspace, shard).keys, 1200);
	}
}
END_TEST

/* --- no memory --------------------------------------------------------------------------------------------------- */

static int allocations_left;

static void *failing_malloc(size_t size)
{
	return allocations_left-- > 0 ? malloc(size) : NULL;
}

static void run_dry(int allocations)
{
	allocations_left = allocations;
	store_malloc = failing_malloc;
}

START_TEST(without_memory_nothing_changes)
{
	struct key key = key_of("key");
	struct key other = key_of("other");
	struct entry *entry = set("key", SLICE("value"), 0);
	struct block *block = block_new(5000);
	char *bytes;

	block->len = 5000;
	run_dry(0);
	ck_assert_ptr_null(keyspace_set(keyspace, 0, &other, NULL, SLICE("v"), 0));
	ck_assert_ptr_null(keyspace_set(keyspace, 0, &key, entry, SLICE("v"), NOW + 5));
	ck_assert_ptr_null(keyspace_set(keyspace, 0, &key, entry, pattern(100, 0), 0));
	ck_assert_ptr_null(keyspace_put_block(keyspace, 0, &key, entry, block_ref(block), NOW + 5));
	ck_assert(!block_is_shared(block));
	ck_assert_ptr_null(keyspace_expire(keyspace, 0, &key, entry, NOW + 5));
	ck_assert_ptr_null(keyspace_resize(keyspace, 0, &key, entry, 500, &bytes));
	ck_assert_ptr_null(keyspace_resize(keyspace, 0, &other, NULL, 5, &bytes));
	ck_assert(!keyspace_rename(keyspace, 0, &key, entry, &other, NULL));
	run_dry(1);
	ck_assert_ptr_null(keyspace_expire(keyspace, 0, &key, entry, NOW + 5));
	store_malloc = malloc;
	block_unref(block);
	ck_assert_ptr_eq(find("key", NOW), entry);
	check_value(entry, SLICE("value"));
	ck_assert_int_eq(entry_expire_at(entry), 0);
	ck_assert(!entry_is_raw(entry));
	ck_assert_ptr_null(find("other", NOW));
	check_all();
}
END_TEST

START_TEST(a_keyspace_or_a_dict_that_cannot_be_made_leaks_nothing)
{
	for (int allocations = 0; allocations < 2; allocations++) {
		run_dry(allocations);
		ck_assert_ptr_null(make_keyspace(4, false));
	}
	for (int allocations = 0; allocations < 5; allocations++) {
		run_dry(allocations);
		ck_assert_ptr_null(set("key", SLICE("v"), 0));
		store_malloc = malloc;
		keyspace_flush(keyspace, KEYSPACE_ALL_DATABASES);
	}
	run_dry(5);
	ck_assert_ptr_nonnull(set("key", SLICE("v"), 0));
}
END_TEST

/* Entries find memory, tables do not. */
static void *small_only(size_t size)
{
	return size <= 64 ? malloc(size) : NULL;
}

START_TEST(without_memory_for_tables_chains_grow)
{
	keyspace_free(keyspace);
	keyspace = make_keyspace(1, false);
	set_number(0, 0);
	store_malloc = small_only;
	for (int i = 0; i < 3000; i++)
		set_number(i, 0);
	store_malloc = malloc;
	for (int i = 0; i < 3000; i++)
		ck_assert_ptr_nonnull(find_number(i, NOW));
	for (int i = 3000; i < 6000; i++)
		set_number(i, 0);
	ck_assert_uint_le(check_all(), 12);
}
END_TEST

/* --- threads ----------------------------------------------------------------------------------------------------- */

enum { THREAD_ROUNDS = 20000, THREAD_KEYS = 100 };

static void *count_up(void *arg)
{
	(void)arg;
	for (int i = 0; i < THREAD_ROUNDS; i++) {
		char text[16];
		struct key key;
		struct entry *entry;
		char *bytes;
		size_t len;

		snprintf(text, sizeof(text), "%d", i % THREAD_KEYS);
		key = keyspace_key(keyspace, slice_of(text));
		keyspace_prefetch(keyspace, 0, (const struct key *[]){&key}, 1);
		keyspace_lock_shard(keyspace, key.shard);
		entry = keyspace_find(keyspace, 0, &key, NOW);
		len = entry != NULL ? entry_value(entry).len : 0;
		keyspace_resize(keyspace, 0, &key, entry, len + 1, &bytes);
		bytes[len] = 'x';
		keyspace_unlock_shard(keyspace, key.shard);
	}
	return NULL;
}

START_TEST(threads_do_not_lose_each_others_writes)
{
	pthread_t threads[2];
	struct shard_set set = {{0}};

	keyspace_free(keyspace);
	keyspace = make_keyspace(8, true);
	for (int i = 0; i < 2; i++)
		pthread_create(&threads[i], NULL, count_up, NULL);
	for (int i = 0; i < 100; i++) {
		keyspace_lock_all(keyspace);
		ck_assert_uint_le(keyspace_size(keyspace, 0), THREAD_KEYS);
		keyspace_unlock_all(keyspace);
		shard_set_add(&set, (uint32_t)i % 8);
		keyspace_lock_set(keyspace, &set);
		keyspace_unlock_set(keyspace, &set);
	}
	for (int i = 0; i < 2; i++)
		pthread_join(threads[i], NULL);
	for (int i = 0; i < THREAD_KEYS; i++) {
		char text[16];

		snprintf(text, sizeof(text), "%d", i);
		ck_assert_uint_eq(entry_value(find(text, NOW)).len, 2 * THREAD_ROUNDS / THREAD_KEYS);
	}
}
END_TEST

/* ----------------------------------------------------------------------------------------------------------------- */

static TCase *new_case(Suite *suite, const char *name)
{
	TCase *tcase = tcase_create(name);

	tcase_set_timeout(tcase, 60);
	tcase_add_checked_fixture(tcase, setup, teardown);
	suite_add_tcase(suite, tcase);
	return tcase;
}

static void add_single_key_tests(TCase *tcase)
{
	tcase_add_test(tcase, keeps_values_of_every_size);
	tcase_add_test(tcase, keeps_keys_of_every_kind);
	tcase_add_test(tcase, overwrites_in_place_when_the_size_is_the_same);
	tcase_add_test(tcase, a_new_value_may_be_part_of_the_old_one);
	tcase_add_test(tcase, takes_over_a_block);
	tcase_add_test(tcase, databases_are_apart);
	tcase_add_test(tcase, a_key_lives_through_its_last_millisecond);
	tcase_add_test(tcase, set_keeps_changes_and_removes_the_time_to_live);
	tcase_add_test(tcase, expire_keeps_the_value_and_how_it_came_to_be);
	tcase_add_test(tcase, resize_makes_and_fills_with_zeros);
	tcase_add_test(tcase, resize_copies_a_block_that_a_reply_holds);
	tcase_add_test(tcase, rename_moves_value_and_time_to_live);
	tcase_add_test(tcase, copy_shares_a_block_until_one_changes);
	tcase_add_test(tcase, copy_keeps_how_a_value_came_to_be);
	tcase_add_test(tcase, move_changes_the_database);
	tcase_add_test(tcase, swapped_databases_keep_their_keys_and_times);
	tcase_add_test(tcase, copies_and_moves_leave_no_bytes_behind);
	tcase_add_test(tcase, delete_leaves_a_held_block_alone);
	tcase_add_test(tcase, prefetching_changes_nothing);
}

static void add_all_keys_tests(TCase *tcase)
{
	tcase_add_test(tcase, agrees_with_a_model);
	tcase_add_test(tcase, grows_and_shrinks_by_single_tables);
	tcase_add_test(tcase, flush_removes_one_database_or_all);
	tcase_add_test(tcase, each_visits_all_that_live);
	tcase_add_test(tcase, random_draws_all_keys_alike);
	tcase_add_test(tcase, random_finds_the_last_one_alive);
	tcase_add_test(tcase, a_small_database_is_scanned_in_one_step);
	tcase_add_test(tcase, a_step_is_about_as_large_as_asked_for);
	tcase_add_test(tcase, every_number_is_a_cursor);
	tcase_add_test(tcase, scan_returns_what_is_there_throughout);
	tcase_add_test(tcase, reap_removes_the_dead_and_only_them);
	tcase_add_test(tcase, reap_stops_at_its_budget_and_goes_on);
	tcase_add_test(tcase, reap_follows_a_clock_set_back);
	tcase_add_test(tcase, figures_count_hits_misses_and_times_to_live);
}

static void add_trouble_tests(TCase *tcase)
{
	tcase_add_test(tcase, keys_of_one_fnv1a_do_not_share_a_bucket);
	tcase_add_test(tcase, keys_of_one_shard_do_not_share_a_bucket);
	tcase_add_test(tcase, changes_are_counted);
	tcase_add_test(tcase, usual_keys_spread_over_the_shards);
	tcase_add_test(tcase, without_memory_nothing_changes);
	tcase_add_test(tcase, a_keyspace_or_a_dict_that_cannot_be_made_leaks_nothing);
	tcase_add_test(tcase, without_memory_for_tables_chains_grow);
	tcase_add_test(tcase, threads_do_not_lose_each_others_writes);
}

Suite *keyspace_suite(void)
{
	Suite *suite = suite_create("keyspace");

	add_single_key_tests(new_case(suite, "one key"));
	add_all_keys_tests(new_case(suite, "all keys"));
	add_trouble_tests(new_case(suite, "trouble"));
	return suite;
}
