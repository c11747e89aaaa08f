/*
 * The happy path: at the instant, each dict that has entries goes into its shard's list, with the database that it is.
 * Steps pass through the first dict of the list, table by table, in each table bucket by bucket, and hand over what
 * they find. A dict they have passed leaves the list.
 *
 * Which entries have still to be handed over is not noted in the entries: all are that lie ahead, those of a hash from
 * dict->walk_from on but for the first table->walked buckets of the table that the steps are at. The exceptions are
 * marked with ENTRY_SAVED: what has been handed over early, because it was about to be changed, and what is new. Steps
 * take the mark away as they pass by, so after the last one there is none. What nobody changes is never written to.
 *
 * What might be in the way:
 *
 *   a table gets other buckets   what had been passed of it is marked, and the steps begin anew with it (table.c)
 *   ... or is split              likewise; the halves are two tables, the second one ahead
 *   databases change places      the dict knows which one it was
 *   a database is flushed        the dict is out of reach of all but the steps, and freed when they have passed it
 *   a key moves                  it is handed over as one that is removed, and marked as one that is new
 *
 * doc/decisions/snapshots.md has the measurements.
 */
#include "store/snapshot.h"

#include "store/shard.h"

enum {
	BUCKETS_A_UNIT = 8, /* empty ones: they cost an entry's time together */
	AHEAD = 8,	    /* buckets ahead from which the entry is asked for, as in a walk (store/scan.c) */
};

static void hand_over(const struct shard *shard, const struct dict *dict, const struct entry *entry)
{
	const struct keyspace_snapshot_sink *sink = &shard->keyspace->sink;

	if (sink->entry != NULL)
		sink->entry(sink->arg, shard_index(shard), dict->walk_db, entry);
}

void shard_save(const struct shard *shard, struct dict *dict, struct entry *entry)
{
	if ((entry->flags & ENTRY_SAVED) != 0 || !dict_is_ahead(dict, entry_hash(entry)))
		return;
	hand_over(shard, dict, entry);
	entry->flags |= ENTRY_SAVED;
}

/* --- beginning and end ------------------------------------------------------------------------------------------- */

static void list_dict(struct shard *shard, unsigned db)
{
	struct dict *dict = shard->dicts[db];

	if (dict == NULL || dict->items == 0)
		return;
	dict->walk_from = 0;
	dict->walk_db = db;
	dict->walk_next = shard->walk;
	shard->walk = dict;
}

void keyspace_snapshot_begin(struct keyspace *keyspace, const struct keyspace_snapshot_sink *sink)
{
	assert(!keyspace->is_snapshot_on);
	keyspace->is_snapshot_on = true;
	keyspace->sink = *sink;
	for (uint32_t i = 0; i < keyspace->shard_count; i++) {
		struct shard *shard = &keyspace->shards[i];

		for (unsigned db = keyspace->databases; db > 0; db--)
			list_dict(shard, db - 1);
		if (shard->walk != NULL)
			keyspace_want_changes(keyspace, i, SHARD_SNAPSHOT, true);
	}
}

void keyspace_snapshot_abandon(struct keyspace *keyspace)
{
	keyspace->sink.entry = NULL;
}

void keyspace_snapshot_end(struct keyspace *keyspace)
{
	for (uint32_t i = 0; i < keyspace->shard_count; i++)
		assert(keyspace->shards[i].walk == NULL);
	keyspace->is_snapshot_on = false;
}

bool keyspace_snapshot_is_on(const struct keyspace *keyspace)
{
	return keyspace->is_snapshot_on;
}

/* --- steps ------------------------------------------------------------------------------------------------------- */

/* Returns the entries of the bucket. */
static size_t pass_bucket(const struct shard *shard, const struct dict *dict, const UT_hash_bucket *bucket)
{
	size_t count = 0;

	for (struct entry *entry = table_first(bucket); entry != NULL; entry = table_next(entry)) {
		if ((entry->flags & ENTRY_SAVED) != 0)
			entry->flags &= (uint8_t)~ENTRY_SAVED;
		else
			hand_over(shard, dict, entry);
		count++;
	}
	return count;
}

/* Goes on with the table for about `quota` units of work. Returns how many it was. */
static size_t pass_table(const struct shard *shard, const struct dict *dict, struct table *table, size_t quota)
{
	const UT_hash_bucket *buckets = table->chains.buckets;
	unsigned count = table->chains.num_buckets;
	unsigned first = table->walked;
	size_t entries = 0;

	while (table->walked < count && entries + (table->walked - first) / BUCKETS_A_UNIT < quota) {
		unsigned at = table->walked++;

		if (at + AHEAD < count && buckets[at + AHEAD].hh_head != NULL)
			__builtin_prefetch(table_first(&buckets[at + AHEAD]));
		entries += pass_bucket(shard, dict, &buckets[at]);
	}
	return entries + (table->walked - first) / BUCKETS_A_UNIT + 1;
}

/* The same with a dict. */
static size_t pass_dict(const struct shard *shard, struct dict *dict, size_t quota)
{
	size_t work = 0;

	while (dict->walk_from != HASH_END && work < quota) {
		uint32_t hash = (uint32_t)dict->walk_from;
		struct table *table = dict_table(dict, hash);

		work += pass_table(shard, dict, table, quota - work);
		if (table->walked == table->chains.num_buckets) {
			table->walked = 0;
			dict->walk_from = dict_table_end(table, hash);
		}
	}
	return work;
}

/* The first dict of the list has been passed. */
static void drop_dict(struct shard *shard)
{
	struct dict *dict = shard->walk;

	shard->walk = dict->walk_next;
	dict->walk_next = NULL;
	if (shard->walk == NULL)
		keyspace_want_changes(shard->keyspace, shard_index(shard), SHARD_SNAPSHOT, false);
	if (dict->orphan)
		dict_free_later(dict);
}

bool keyspace_snapshot_step(struct keyspace *keyspace, uint32_t shard, size_t max_entries)
{
	struct shard *self = &keyspace->shards[shard];
	size_t work = 0;

	while (self->walk != NULL && work < max_entries) {
		work += pass_dict(self, self->walk, max_entries - work);
		if (self->walk->walk_from == HASH_END)
			drop_dict(self);
	}
	return self->walk != NULL;
}
