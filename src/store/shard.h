/*
 * A shard and the keyspace around it. For this room only.
 *
 * Functions here want the shard's lock held. A pointer to an entry is good until the next one that adds or removes.
 */
#ifndef CUBBY_STORE_SHARD_H
#define CUBBY_STORE_SHARD_H

#include "base/counter.h"
#include "base/lock.h"
#include "store/dict.h"
#include "store/keyspace.h"
#include "store/snapshot.h"

/* Two cache lines: processors fetch them in pairs. */
enum { SHARD_ALIGNMENT = 128 };

/* Of the consumers' bits, the store's own: a snapshot is being taken and has not passed the whole shard. */
#define SHARD_SNAPSHOT (1U << 31)

/* The first line is what a command touches. */
struct shard {
	_Alignas(SHARD_ALIGNMENT) struct lock lock;
	_Atomic uint32_t consumers; /* of changes, a bit each; read under the lock, changed by any thread */
	struct dict **dicts;	    /* one for each database; NULL until it has a key */
	int64_t now;		    /* when a key was last looked up */
	uint64_t hits;
	uint64_t misses;
	counter changes;  /* that commands made */
	int64_t next_due; /* no key dies before; EXPIRY_NEVER: there is none to die */
	struct keyspace *keyspace;

	int64_t clock; /* when shard_reap() last ran */
	uint64_t expired;
	uint64_t evicted;
	struct dict *walk;    /* those that a snapshot has not passed, by walk_next; the orphans among them are owned */
	struct random random; /* for counting uses */
};

static_assert(sizeof(struct shard) == SHARD_ALIGNMENT, "a shard fills its lines, and no more");

struct keyspace {
	struct shard *shards; /* owned */
	struct dict **dicts;  /* owned; shards times databases places, which the shards point into */
	const struct keyspace_observer *observer; /* NULL: there is none, and no shard has consumers */
	const struct keyspace_effects *effects;	  /* NULL: nobody is told; changed under the locks of all shards */
	struct hash_seed seed;
	uint32_t shard_mask; /* shards - 1 */
	unsigned shard_count;
	unsigned databases;
	bool locking;
	bool keeps_dead;		    /* keyspace_keep_dead() */
	bool is_snapshot_on;		    /* changed under the locks of all shards, as is: */
	struct keyspace_snapshot_sink sink; /* .entry is NULL when nothing is handed over */

	char gap[SHARD_ALIGNMENT]; /* what is written does not share a cache line with what is only read */
	_Atomic int64_t bytes;	   /* of all dicts; any thread writes it */
	_Atomic int64_t outside;   /* bytes that others have said to count, too */
};

static inline uint32_t shard_index(const struct shard *shard)
{
	return (uint32_t)(shard - shard->keyspace->shards);
}

/* `dicts` has a place for each database, all NULL. */
void shard_init(struct shard *shard, struct keyspace *keyspace, uint32_t index, struct dict **dicts);
void shard_destroy(struct shard *shard, unsigned databases);

/* What shard_tell() does when somebody wants to know. */
void shard_tell_consumers(struct shard *shard, uint32_t consumers, unsigned db, const struct key *key,
			  enum keyspace_change change, struct entry *entry);

/* Tells who wants to know, if anybody does, that the key is about to change. `entry` is what will be changed, removed
 * or replaced; NULL when there is none. */
static inline void shard_tell(struct shard *shard, unsigned db, const struct key *key, enum keyspace_change change,
			      struct entry *entry)
{
	uint32_t consumers = atomic_load_explicit(&shard->consumers, memory_order_relaxed);

	if (consumers != 0)
		shard_tell_consumers(shard, consumers, db, key, change, entry);
}

/* The entry is about to change: a snapshot that has not seen it yet is handed it now. shard_tell() does the same. */
void shard_save(const struct shard *shard, struct dict *dict, struct entry *entry);

/* A command has changed something. */
static inline void shard_count_change(struct shard *shard)
{
	counter_add(&shard->changes, 1);
}

/* Tells what has happened, if anybody is told. */
static inline void keyspace_tell_set(const struct keyspace *keyspace, unsigned db, const struct entry *entry)
{
	if (keyspace->effects != NULL)
		keyspace->effects->set(db, entry);
}

static inline void keyspace_tell_deleted(const struct keyspace *keyspace, unsigned db, struct slice key)
{
	if (keyspace->effects != NULL)
		keyspace->effects->deleted(db, key);
}

/* The database's dict, made if there is none, ready for a key with a time to live when `ttl`. NULL when there is no
 * memory. */
struct dict *shard_need_dict(struct shard *shard, unsigned db, bool ttl);

/* Adds an entry; `when` is the time at which it dies, if it was made to have one. */
void shard_add(struct shard *shard, struct dict *dict, struct entry *entry, int64_t when);

/* Gives another time to live to an entry that has one. */
void shard_reschedule(struct shard *shard, struct dict *dict, struct entry *entry, int64_t when);

/* Removes and frees an entry of the database whose time has come. */
void shard_expire(struct shard *shard, unsigned db, struct entry *entry);

/* Removes and frees an entry for want of memory. */
void shard_evict(struct shard *shard, unsigned db, struct entry *entry);

/* keyspace_reap() for one shard. */
size_t shard_reap(struct shard *shard, unsigned databases, int64_t now, size_t max_steps);

#endif
