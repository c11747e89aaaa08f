/*
 * The happy path: a session reads a key, and its handle is put behind the key in the table of the key's shard. Somebody
 * changes the key: it is found in the table, each handle's session is sent "invalidate" and the key is taken out. While
 * a shard's table is empty the shard does not have the consumer bit, and changes in it cost nothing.
 */
#define HASH_NONFATAL_OOM 1

#include "session/readers.h"

#include <stdlib.h>
#include <string.h>
#include <uthash.h>

#include "base/settings.h"
#include "session/invalidation.h"
#include "session/observer.h"
#include "session/tracking.h"

/* A key that somebody has read. */
struct tracked_key {
	UT_hash_handle hh;
	uint32_t hash;
	uint32_t count;			 /* of readers */
	uint32_t cap;			 /* there is room for */
	uint32_t len;			 /* of the name */
	struct session_handle **readers; /* owned, a reference each; by ascending id */
	char name[];
};

static struct tracked_key **tables; /* one for each shard, under its lock */
static struct keyspace *readers_keyspace;
static _Atomic uint64_t key_total, item_total; /* in the tables */

bool readers_init(struct keyspace *keyspace)
{
	readers_keyspace = keyspace;
	tables = calloc(keyspace_shards(keyspace), sizeof(struct tracked_key *));
	return tables != NULL;
}

static void add(_Atomic uint64_t *total, uint64_t amount)
{
	atomic_fetch_add_explicit(total, amount, memory_order_relaxed);
}

static void take(_Atomic uint64_t *total, uint64_t amount)
{
	atomic_fetch_sub_explicit(total, amount, memory_order_relaxed);
}

uint64_t readers_keys(void)
{
	return atomic_load_explicit(&key_total, memory_order_relaxed);
}

uint64_t readers_items(void)
{
	return atomic_load_explicit(&item_total, memory_order_relaxed);
}

static struct tracked_key *key_find(const struct key *key)
{
	struct tracked_key *found;

	HASH_FIND_BYHASHVALUE(hh, tables[key->shard], key->name.data, key->name.len, key->hash, found);
	return found;
}

/* NULL when there is no memory. */
static struct tracked_key *key_add(const struct key *key)
{
	struct tracked_key *added = malloc(sizeof(*added) + key->name.len);

	if (added == NULL)
		return NULL;
	*added = (struct tracked_key){.hash = key->hash, .len = (uint32_t)key->name.len};
	if (key->name.len > 0)
		memcpy(added->name, key->name.data, key->name.len);
	HASH_ADD_KEYPTR_BYHASHVALUE(hh, tables[key->shard], added->name, added->len, added->hash, added);
	if (added->hh.tbl == NULL) {
		free(added);
		return NULL;
	}
	add(&key_total, 1);
	keyspace_want_changes(readers_keyspace, key->shard, OBSERVER_TRACKING, true);
	return added;
}

static void key_remove(struct tracked_key *key, uint32_t shard)
{
	HASH_DEL(tables[shard], key);
	if (tables[shard] == NULL)
		keyspace_want_changes(readers_keyspace, shard, OBSERVER_TRACKING, false);
	take(&key_total, 1);
	take(&item_total, key->count);
	for (uint32_t i = 0; i < key->count; i++)
		session_handle_unref(key->readers[i]);
	free(key->readers);
	free(key);
}

static bool reader_is_gone(struct session_handle *reader)
{
	bool gone;

	lock_take(&reader->lock);
	gone = reader->session == NULL;
	lock_release(&reader->lock);
	return gone;
}

/* Drops the readers that have ended. */
static void readers_prune(struct tracked_key *key)
{
	uint32_t kept = 0;

	for (uint32_t i = 0; i < key->count; i++) {
		if (reader_is_gone(key->readers[i]))
			session_handle_unref(key->readers[i]);
		else
			key->readers[kept++] = key->readers[i];
	}
	take(&item_total, key->count - kept);
	key->count = kept;
}

/* Makes room for one more. False when there is no memory. */
static bool readers_reserve(struct tracked_key *key)
{
	uint32_t cap = key->cap == 0 ? 1 : 2 * key->cap;
	struct session_handle **grown;

	if (key->count == key->cap)
		readers_prune(key);
	if (key->count < key->cap)
		return true;
	grown = realloc(key->readers, cap * sizeof(struct session_handle *));
	if (grown == NULL)
		return false;
	key->readers = grown;
	key->cap = cap;
	return true;
}

/* Where the reader with this id is, or would be. */
static uint32_t reader_place(const struct tracked_key *key, uint64_t id)
{
	uint32_t low = 0;
	uint32_t high = key->count;

	while (low < high) {
		uint32_t middle = low + (high - low) / 2;

		if (key->readers[middle]->id < id)
			low = middle + 1;
		else
			high = middle;
	}
	return low;
}

/* Puts the session among the key's readers. False when there is no memory. */
static bool reader_add(struct tracked_key *key, struct session_handle *reader)
{
	uint32_t place = reader_place(key, reader->id);

	if (place < key->count && key->readers[place] == reader)
		return true;
	if (!readers_reserve(key))
		return false;
	place = reader_place(key, reader->id); /* some may have been dropped */
	memmove(&key->readers[place + 1], &key->readers[place], (key->count - place) * sizeof(struct session_handle *));
	key->readers[place] = session_handle_ref(reader);
	key->count++;
	add(&item_total, 1);
	return true;
}

/* Tells the key's readers, and forgets it. */
static void key_invalidate(struct tracked_key *key, uint32_t shard, const struct session *by)
{
	struct slice name = {key->name, key->len};
	struct invalidation message = {.keys = &name, .count = 1, .by = by};

	for (uint32_t i = 0; i < key->count; i++)
		invalidation_send(key->readers[i], TRACKING_ON, &message);
	invalidation_free(&message);
	key_remove(key, shard);
}

/* Gives up the oldest keys of the shard while there are too many in all. That is nobody's doing: who has read one more
 * is told, too, NOLOOP or not, for it will not hear of that key's changes any more. */
static void table_trim(uint32_t shard)
{
	uint64_t most = (uint64_t)setting_get(&settings.tracking_table_max_keys);

	while (most != 0 && tables[shard] != NULL && readers_keys() > most)
		key_invalidate(tables[shard], shard, NULL);
}

bool readers_add(const struct key *key, struct session_handle *reader)
{
	struct tracked_key *tracked = key_find(key);

	if (tracked == NULL)
		tracked = key_add(key);
	if (tracked == NULL || !reader_add(tracked, reader))
		return false;
	table_trim(key->shard);
	return true;
}

void readers_changed(const struct key *key, const struct session *by)
{
	struct tracked_key *tracked = key_find(key);

	if (tracked != NULL)
		key_invalidate(tracked, key->shard, by);
}

void readers_clear(void)
{
	for (uint32_t shard = 0; tables != NULL && shard < keyspace_shards(readers_keyspace); shard++) {
		while (tables[shard] != NULL)
			key_remove(tables[shard], shard);
	}
}

void readers_free(void)
{
	readers_clear();
	free(tables);
	tables = NULL;
}
