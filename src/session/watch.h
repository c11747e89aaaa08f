/*
 * WATCH: sessions that want to know whether a key has changed before their transaction runs.
 *
 * Who watches a key is kept in a table for each shard, under the shard's lock; a shard whose keys somebody watches has
 * the consumer bit OBSERVER_WATCH (session/observer.h). A change marks the watching sessions SESSION_DIRTY.
 */
#ifndef CUBBY_SESSION_WATCH_H
#define CUBBY_SESSION_WATCH_H

#include <stdbool.h>

#include "session/session.h"
#include "store/keyspace.h"

/* Makes the tables for a keyspace; called once at boot. False when there is no memory. */
bool watch_init(struct keyspace *keyspace);
void watch_free(void);

/* Has the session watch the key, whose shard is locked. To watch it twice is to watch it once. False when there is no
 * memory. */
bool watch_add(struct session *session, unsigned db, const struct key *key);

/* Adds the shards of the keys that the session watches to the set. The session's thread. */
void watch_add_shards(const struct session *session, struct shard_set *set);

/* Whether a key has changed since it was watched, by the passing of its time, too. The watched keys' shards are
 * locked. */
bool watch_is_broken(const struct session *session, int64_t now);

/* The session watches nothing any more, and is not dirty. Takes the locks of its keys' shards unless they are `locked`.
 * The session's thread. */
void watch_forget(struct session *session, bool locked);

/* --- changes, as the observer hears of them --------------------------------------------------------------------- */

/* The key's shard is locked. */
void watch_changed(unsigned db, const struct key *key);

/* Every key of the database (KEYSPACE_ALL_DATABASES: of all) is about to go; those that are there change. Every shard
 * is locked. */
void watch_flushing(int db);

/* Two databases are about to change places. A key that is in neither stays as it is. Every shard is locked. */
void watch_swapping(unsigned db, unsigned other);

#endif
