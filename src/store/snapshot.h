/*
 * A snapshot: every entry of the keyspace as it was at one instant, handed over a little at a time while commands go on
 * changing the keyspace. No copy of it is made, and no memory is taken here.
 *
 *     keyspace_snapshot_begin()   the instant
 *     keyspace_snapshot_step()    for each shard, by any thread, until it returns false
 *     keyspace_snapshot_end()
 *
 * Whoever is about to change or remove an entry that has not been handed over yet hands it over first, so the sink is
 * called by steps and by writers, on any thread, in no order. Each entry that was there comes once. Keys whose time had
 * come at the instant, and which nobody had removed, are among them.
 */
#ifndef CUBBY_STORE_SNAPSHOT_H
#define CUBBY_STORE_SNAPSHOT_H

#include "store/keyspace.h"

struct keyspace_snapshot_sink {
	/* An entry as it was at the instant, of a key that then was in the database `db`. (What it knows of its use is
	 * as of now.) The entry's shard is locked; the entry is good during the call, and must be copied; of a block,
	 * a reference may be taken. */
	void (*entry)(void *arg, uint32_t shard, unsigned db, const struct entry *entry);
	void *arg;
};

/* The instant is now. Every shard is locked, or no other thread uses the keyspace; no snapshot is being taken. Takes a
 * few microseconds, however large the keyspace is. */
void keyspace_snapshot_begin(struct keyspace *keyspace, const struct keyspace_snapshot_sink *sink);

/* Hands over about `max_entries` entries more of the shard, which the caller has locked; where tables are all but
 * empty, fewer, for they take time, too. False: the shard has nothing left. */
bool keyspace_snapshot_step(struct keyspace *keyspace, uint32_t shard, size_t max_entries);

/* Nothing is handed over any more, because the sink has failed. The steps still have to be made, and are quicker. Every
 * shard is locked, or no other thread uses the keyspace. */
void keyspace_snapshot_abandon(struct keyspace *keyspace);

/* Steps have returned false for all shards. Every shard is locked, or no other thread uses the keyspace. */
void keyspace_snapshot_end(struct keyspace *keyspace);

/* Whether one is being taken. Some shard is locked. */
bool keyspace_snapshot_is_on(const struct keyspace *keyspace);

#endif
