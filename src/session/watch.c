/*
 * The happy path: WATCH puts a note into the table of the key's shard and into the session's own list. Whoever changes
 * a key of that shard looks it up in the table, and marks the sessions found there. EXEC, holding the shards of all
 * watched keys, looks at the mark and takes the notes out.
 *
 * Most of the time there are no notes, and no shard has the consumer bit.
 */
#include "session/watch.h"

#include <stdlib.h>
#include <string.h>

#define HASH_NONFATAL_OOM 1
#include <uthash.h>
#include <utlist.h>

#include "session/observer.h"

/* A key that somebody watches, in whatever database. */
struct watched_key {
	UT_hash_handle hh;
	struct watch *watches; /* at least one */
	uint32_t hash;
	uint32_t shard;
	size_t len;
	char name[];
};

/* A note: this session watches this key of this database. */
struct watch {
	struct session *session;
	struct watched_key *key;
	unsigned db;
	struct watch *prev, *next;  /* of the same key (utlist.h) */
	struct watch *session_next; /* of the same session */
};

/* One for each shard, under its lock; uthash's head. */
static struct watched_key **tables;
static struct keyspace *watched_keyspace;

bool watch_init(struct keyspace *keyspace)
{
	watched_keyspace = keyspace;
	tables = calloc(keyspace_shards(keyspace), sizeof(struct watched_key *));
	return tables != NULL;
}

void watch_free(void)
{
	free(tables);
	tables = NULL;
}

/* --- the tables -------------------------------------------------------------------------------------------------- */

static struct watched_key *key_find(const struct key *key)
{
	struct watched_key *found;

	HASH_FIND_BYHASHVALUE(hh, tables[key->shard], key->name.data, key->name.len, key->hash, found);
	return found;
}

/* Puts the key into its shard's table; NULL when there is no memory. */
static struct watched_key *key_add(const struct key *key)
{
	struct watched_key *added = malloc(sizeof(*added) + key->name.len);

	if (added == NULL)
		return NULL;
	*added = (struct watched_key){.hash = key->hash, .shard = key->shard, .len = key->name.len};
	if (key->name.len > 0)
		memcpy(added->name, key->name.data, key->name.len);
	HASH_ADD_KEYPTR_BYHASHVALUE(hh, tables[key->shard], added->name, added->len, added->hash, added);
	if (added->hh.tbl == NULL) { /* uthash found no memory */
		free(added);
		return NULL;
	}
	keyspace_want_changes(watched_keyspace, key->shard, OBSERVER_WATCH, true);
	return added;
}

static void key_drop_if_unwatched(struct watched_key *key)
{
	if (key->watches != NULL)
		return;
	HASH_DEL(tables[key->shard], key);
	if (tables[key->shard] == NULL)
		keyspace_want_changes(watched_keyspace, key->shard, OBSERVER_WATCH, false);
	free(key);
}

static struct key key_of(const struct watched_key *key)
{
	return (struct key){.name = {key->name, key->len}, .hash = key->hash, .shard = key->shard};
}

/* --- what sessions do -------------------------------------------------------------------------------------------- */

/* Both lists that such a watch would be in are walked in step: it is found, or not, where the shorter one ends. Either
 * alone may be long: a session with 100,000 keys, a key with 10,000 sessions. */
static bool session_watches(const struct session *session, unsigned db, const struct watched_key *key)
{
	const struct watch *own = session->watches;
	const struct watch *of_key = key->watches;

	while (own != NULL && of_key != NULL) {
		if (own->key == key && own->db == db)
			return true;
		if (of_key->session == session && of_key->db == db)
			return true;
		own = own->session_next;
		of_key = of_key->next;
	}
	return false;
}

bool watch_add(struct session *session, unsigned db, const struct key *key)
{
	struct watched_key *watched = key_find(key);
	struct watch *watch;

	if (watched != NULL && session_watches(session, db, watched))
		return true;
	watch = malloc(sizeof(*watch));
	if (watched == NULL && watch != NULL)
		watched = key_add(key);
	if (watched == NULL || watch == NULL) {
		free(watch);
		return false;
	}
	*watch = (struct watch){.session = session, .key = watched, .db = db, .session_next = session->watches};
	DL_APPEND(watched->watches, watch);
	session->watches = watch;
	return true;
}

void watch_add_shards(const struct session *session, struct shard_set *set)
{
	for (const struct watch *watch = session->watches; watch != NULL; watch = watch->session_next)
		shard_set_add(set, watch->key->shard);
}

/* A key whose time has come is removed as it is found, and so tells its watchers. */
bool watch_is_broken(const struct session *session, int64_t now)
{
	for (const struct watch *watch = session->watches; watch != NULL; watch = watch->session_next) {
		struct key key = key_of(watch->key);

		keyspace_find(watched_keyspace, watch->db, &key, now);
	}
	return session_has(session, SESSION_DIRTY);
}

static void watch_drop(struct watch *watch, bool locked)
{
	uint32_t shard = watch->key->shard;

	if (!locked)
		keyspace_lock_shard(watched_keyspace, shard);
	DL_DELETE(watch->key->watches, watch);
	key_drop_if_unwatched(watch->key);
	if (!locked)
		keyspace_unlock_shard(watched_keyspace, shard);
	free(watch);
}

void watch_forget(struct session *session, bool locked)
{
	while (session->watches != NULL) {
		struct watch *watch = session->watches;

		session->watches = watch->session_next;
		watch_drop(watch, locked);
	}
	if (session_has(session, SESSION_DIRTY))
		session_unmark(session, SESSION_DIRTY);
}

/* --- changes ----------------------------------------------------------------------------------------------------- */

void watch_changed(unsigned db, const struct key *key)
{
	struct watched_key *watched = key_find(key);
	struct watch *watch;

	if (watched == NULL)
		return;
	DL_FOREACH(watched->watches, watch)
	{
		if (watch->db == db)
			session_mark(watch->session, SESSION_DIRTY);
	}
}

/* Marks the watches of the databases `db` and `other` whose keys are in one of the two. */
static void mark_existing(struct watched_key *watched, unsigned db, unsigned other)
{
	struct key key = key_of(watched);
	struct watch *watch;

	if (!keyspace_holds(watched_keyspace, db, &key) && !keyspace_holds(watched_keyspace, other, &key))
		return;
	DL_FOREACH(watched->watches, watch)
	{
		if (watch->db == db || watch->db == other)
			session_mark(watch->session, SESSION_DIRTY);
	}
}

void watch_swapping(unsigned db, unsigned other)
{
	for (uint32_t shard = 0; shard < keyspace_shards(watched_keyspace); shard++) {
		for (struct watched_key *key = tables[shard]; key != NULL; key = key->hh.next)
			mark_existing(key, db, other);
	}
}

void watch_flushing(int db)
{
	unsigned first = db == KEYSPACE_ALL_DATABASES ? 0 : (unsigned)db;
	unsigned end = db == KEYSPACE_ALL_DATABASES ? keyspace_databases(watched_keyspace) : first + 1;

	for (unsigned each = first; each < end; each++)
		watch_swapping(each, each);
}
