/*
 * The keyspace: every key of every database, in shards.
 *
 * A shard is a lock, one dict for each database (a directory of small uthash tables and an expiry index) and counters.
 * The functions here are called while the shards they touch are locked: the dispatcher takes those of a command's keys,
 * in ascending order; the handlers of COMMAND_LOCK_EACH and the expiry cleaner take one at a time. Only
 * keyspace_prefetch() takes locks itself. With keyspace_options.locking false no lock is ever taken.
 *
 * Nothing here asks for the time: `now` is Unix time in milliseconds, passed down.
 */
#ifndef CUBBY_STORE_KEYSPACE_H
#define CUBBY_STORE_KEYSPACE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/block.h"
#include "base/random.h"
#include "base/slice.h"
#include "store/entry.h"
#include "store/hash.h"

enum {
	KEYSPACE_MAX_SHARDS = 1024,
	KEYSPACE_MAX_DATABASES = 1024,
};

struct keyspace;

struct keyspace_options {
	unsigned shards;    /* a power of two, 1 to KEYSPACE_MAX_SHARDS */
	unsigned databases; /* 1 to KEYSPACE_MAX_DATABASES */
	bool locking;	    /* false when one thread alone uses the keyspace */
	struct hash_seed seed;
};

/* A new, empty keyspace, the caller's. NULL when there is no memory. */
struct keyspace *keyspace_new(const struct keyspace_options *options);
void keyspace_free(struct keyspace *keyspace);

unsigned keyspace_shards(const struct keyspace *keyspace);
unsigned keyspace_databases(const struct keyspace *keyspace);

/* A key as a command uses it: its bytes, its hash, its shard. */
struct key {
	struct slice name;
	uint32_t hash;	/* picks table and bucket */
	uint32_t shard; /* index */
	bool no_touch;	/* a lookup does not count as a use of the key (store/access.h) */
};

struct key keyspace_key(const struct keyspace *keyspace, struct slice name);

/* --- locks ----------------------------------------------------------------------------------------------------- */

/* A set of shards. A zeroed one is empty. */
struct shard_set {
	uint64_t bits[KEYSPACE_MAX_SHARDS / 64];
};

static inline void shard_set_add(struct shard_set *set, uint32_t shard)
{
	set->bits[shard / 64] |= (uint64_t)1 << (shard % 64);
}

/* One shard, the common case. */
void keyspace_lock_shard(struct keyspace *keyspace, uint32_t shard);
void keyspace_unlock_shard(struct keyspace *keyspace, uint32_t shard);

/* Several, in ascending order. What was changed under them is one unit of effects (struct keyspace_effects). */
void keyspace_lock_set(struct keyspace *keyspace, const struct shard_set *set);
void keyspace_unlock_set(struct keyspace *keyspace, const struct shard_set *set);

void keyspace_lock_all(struct keyspace *keyspace);
void keyspace_unlock_all(struct keyspace *keyspace);

/* Whether locks are taken from now on. No lock is held, and no other thread uses the keyspace. */
void keyspace_set_locking(struct keyspace *keyspace, bool locking);

/* --- who wants to know of changes ------------------------------------------------------------------------------- */

enum keyspace_change {
	KEYSPACE_WRITTEN, /* value or time to live; the key may be new */
	KEYSPACE_DELETED,
	KEYSPACE_EXPIRED, /* its time had come: found by a command or by the cleaner */
	KEYSPACE_EVICTED, /* there was no memory for it any more */
};

/*
 * Told of every change before it is made, so that nothing which changes keys can forget to tell. One observer serves
 * all who want to know (WATCH, client-side caching, keyspace notifications): each has a bit in the shards, and a shard
 * without bits costs its writers one comparison.
 *
 * The functions are called with the locks of the shards that change, and may read the keyspace.
 */
struct keyspace_observer {
	/* Consumers are the bits which the key's shard has. `key` is good during the call. */
	void (*changed)(uint32_t consumers, unsigned db, const struct key *key, enum keyspace_change change);
	/* A database (or KEYSPACE_ALL_DATABASES) loses all its keys. Called whoever wants to know. */
	void (*flushing)(int db);
	/* Two databases change places. Called whoever wants to know. */
	void (*swapping)(unsigned db, unsigned other);
};

/* `observer` must outlive the keyspace. Before other threads run. */
void keyspace_observe(struct keyspace *keyspace, const struct keyspace_observer *observer);

/* Adds (or takes back) a consumer's bit in a shard. Any thread; a consumer that must not miss the very next change
 * holds the shard's lock. */
void keyspace_want_changes(struct keyspace *keyspace, uint32_t shard, uint32_t consumer, bool wanted);

/* --- what has changed ------------------------------------------------------------------------------------------- */

/*
 * Told of every change after it is made, in words that can be repeated: what is true now, not what was done. Whoever
 * does in order as it was told has the same keys, values and times to live, and still has if part of it is done twice.
 *
 * The functions are called with the locks of the shards that have changed, on the thread that holds them. An entry or a
 * key is good during the call. They may read the entry, and must not look for others.
 */
struct keyspace_effects {
	/* The key has the entry's value and time to live. */
	void (*set)(unsigned db, const struct entry *entry);
	/* So many bytes of the value, which is in a block, are these from `from` on. It may have become longer, from
	 * zeros; its last byte is among these then. The key may be new, the time to live is what it was. */
	void (*patched)(unsigned db, const struct entry *entry, size_t from, size_t len);
	/* The key has the entry's time to live, or none. The value is what it was. */
	void (*expire)(unsigned db, const struct entry *entry);
	/* The key is gone: deleted, expired, evicted or moved away. */
	void (*deleted)(unsigned db, struct slice key);
	/* A database (or KEYSPACE_ALL_DATABASES) has lost all its keys. */
	void (*flushed)(int db);
	/* Two databases have changed places. */
	void (*swapped)(unsigned db, unsigned other);
	/* The locks are about to be released: what this thread has told since it took them happened at once. Called at
	 * every release, mostly when nothing was told. */
	void (*commit)(void);
};

/* From now on `effects` is told, or nobody if it is NULL. What was told under the present locks is committed first.
 * `effects` must outlive its use. Every shard is locked, or no other thread uses the keyspace. */
void keyspace_record(struct keyspace *keyspace, const struct keyspace_effects *effects);

/* --- one key (its shard is locked) ------------------------------------------------------------------------------ */

/* The key's entry, or NULL when there is none. A key whose time has come is removed first, and counts as expired. One
 * that is there is marked as used, unless key->no_touch. */
struct entry *keyspace_find(struct keyspace *keyspace, unsigned db, const struct key *key, int64_t now);

/* The same for a command that reads: counts a hit or a miss. */
struct entry *keyspace_read(struct keyspace *keyspace, unsigned db, const struct key *key, int64_t now);

/* Whether there is an entry for the key, be it one whose time has come. Changes and counts nothing. */
bool keyspace_holds(const struct keyspace *keyspace, unsigned db, const struct key *key);

/* What keyspace_set and keyspace_put_block do with the key's time to live. */
enum { KEYSPACE_PERSIST = 0, KEYSPACE_KEEP_TTL = -1 };

/*
 * Sets the key to a copy of `value`, replacing what is there. `expire_at` is Unix time in milliseconds (positive),
 * KEYSPACE_PERSIST or KEYSPACE_KEEP_TTL. `found` is what keyspace_find gave for this key under the same lock (NULL: the
 * key is not there), so that no second lookup is made. `value` may point into `found`'s own value.
 *
 * Returns the entry, which may have moved, or NULL when there is no memory: nothing has changed then.
 */
struct entry *keyspace_set(struct keyspace *keyspace, unsigned db, const struct key *key, struct entry *found,
			   struct slice value, int64_t expire_at);

/* The same with a value that already is in a block. One reference to it goes to the store in any case: when NULL is
 * returned it has been dropped. */
struct entry *keyspace_put_block(struct keyspace *keyspace, unsigned db, const struct key *key, struct entry *found,
				 struct block *block, int64_t expire_at);

/*
 * Makes the value of `entry` `len` bytes long, what is new filled with zeros, and gives in *bytes where its bytes may
 * be changed. A block that a reply still holds is copied first. `entry` may be NULL for a key that is not there: it is
 * made, without a time to live. The entry may move; returns it, or NULL when there is no memory and nothing has
 * changed. Else the caller changes the bytes and says so by keyspace_edited() before the shard is unlocked.
 */
struct entry *keyspace_resize(struct keyspace *keyspace, unsigned db, const struct key *key, struct entry *entry,
			      size_t len, char **bytes);

/* Since keyspace_resize, from which `entry` is, `len` bytes of the value from `from` on were written, and no others. If
 * the value has become longer, its last byte is among these; if shorter, all bytes are. */
void keyspace_edited(struct keyspace *keyspace, unsigned db, const struct entry *entry, size_t from, size_t len);

/* Sets (positive `at`) or removes (KEYSPACE_PERSIST) the time to live. The entry may move; returns it, or NULL when
 * there is no memory and nothing has changed. */
struct entry *keyspace_expire(struct keyspace *keyspace, unsigned db, const struct key *key, struct entry *entry,
			      int64_t at);

/* Removes `entry` and frees it; with `lazy` a large value is freed in the background. */
void keyspace_delete(struct keyspace *keyspace, unsigned db, const struct key *key, struct entry *entry, bool lazy);

/* Seconds since the key was last used, and how often it is, from 0 to 255, as the LFU policies count it. Both can be
 * told whatever the policy, but only the one that the policy keeps is exact. */
int64_t keyspace_idle(const struct entry *entry, int64_t now);
unsigned keyspace_freq(const struct entry *entry, int64_t now);

/* Sets one of the two, if it is the one that the policy keeps. `seconds` is not negative. */
void keyspace_set_idle(struct entry *entry, int64_t seconds, int64_t now);
void keyspace_set_freq(struct entry *entry, uint8_t freq, int64_t now);

/* Moves the entry of `from` (found, not NULL) with its time to live to the key `to`, replacing `replaced` (the entry of
 * `to`, or NULL). Both shards are locked. False when there is no memory and nothing has changed. from and to differ. */
bool keyspace_rename(struct keyspace *keyspace, unsigned db, const struct key *from, struct entry *found,
		     const struct key *to, struct entry *replaced);

/* Gives the key `to` of the database `db` a copy of `found` (of any key and database) with its time to live, replacing
 * `replaced` (what is there, or NULL). A large value is not copied: both hold its block, and each counts it as its own.
 * The shards of both are locked. False when there is no memory and nothing has changed. */
bool keyspace_copy(struct keyspace *keyspace, const struct entry *found, unsigned db, const struct key *to,
		   struct entry *replaced);

/* Moves the entry `found` of `key` with its time to live to the database `to`, which has no such key. False when there
 * is no memory and nothing has changed. */
bool keyspace_move(struct keyspace *keyspace, unsigned db, const struct key *key, struct entry *found, unsigned to);

/* --- all keys (every shard is locked) --------------------------------------------------------------------------- */

/* Number of keys of a database, those whose time has come and which nobody has noticed yet included, as in Redis. */
size_t keyspace_size(const struct keyspace *keyspace, unsigned db);

/* A key of the database that is alive, each about as likely as any other; NULL when there is none. */
struct entry *keyspace_random(struct keyspace *keyspace, unsigned db, struct random *random, int64_t now);

enum { KEYSPACE_ALL_DATABASES = -1 };

/* Removes every key of one database or of all, at once; the memory is given back in the background. */
void keyspace_flush(struct keyspace *keyspace, int db);

/* Two databases change places, in constant time. */
void keyspace_swap(struct keyspace *keyspace, unsigned db, unsigned other);

/* --- all keys, a shard at a time (that shard is locked) --------------------------------------------------------- */

/* The keys of a database that are in this shard, counted as by keyspace_size. */
size_t keyspace_shard_size(const struct keyspace *keyspace, uint32_t shard, unsigned db);

typedef void keyspace_visit(struct entry *entry, void *arg);

#define KEYSPACE_WALK_END HASH_END

/*
 * One step of a walk over each key that a database has in the shard: visits every entry that is alive in the table that
 * *hash belongs to, which is some two thousand entries at most, and moves *hash behind that table: from 0 at the start
 * to KEYSPACE_WALK_END. Returns how much work that was: about the entries and buckets looked at. The visitor must not
 * change the keyspace.
 *
 * However tables split and databases are flushed between the steps, what is there from the first step to the last is
 * visited, and no key twice: the order is that of the hashes, which do not change.
 */
size_t keyspace_walk(struct keyspace *keyspace, uint32_t shard, unsigned db, uint64_t *hash, int64_t now,
		     keyspace_visit *visit, void *arg);

/* What is left of what a scan's caller wants done, whatever number of steps it takes. */
struct scan_quota {
	size_t keys;	/* to visit */
	size_t buckets; /* to look at, for most may be empty */
};

struct scan_quota keyspace_scan_quota(size_t count);

/* The shard whose lock the scan's next step wants. */
uint32_t keyspace_scan_shard(const struct keyspace *keyspace, uint64_t cursor);

/*
 * One step of a scan over a database: visits entries that are alive, until the quota is used up or the shard's end is
 * reached, and returns the cursor for the next step, 0 at the end. Start with 0. Any number is a valid cursor. Unlike a
 * walk, a scan can stop within a table: an entry that is there from the first step to the last is visited at least
 * once, however the tables grow, split or shrink between the steps (the order of the buckets is that of Redis's
 * dictScan).
 */
uint64_t keyspace_scan(struct keyspace *keyspace, unsigned db, uint64_t cursor, struct scan_quota *quota, int64_t now,
		       keyspace_visit *visit, void *arg);

/* --- expiry ----------------------------------------------------------------------------------------------------- */

/*
 * Removes keys of one shard whose time has come, all databases, until none is left or `max_steps` of work are done (a
 * step is about one key removed or moved within the index). The shard is locked by the caller. Returns the steps done:
 * fewer than max_steps means that nothing is due any more. The cost follows the keys that died, not the keys alive.
 */
size_t keyspace_reap(struct keyspace *keyspace, uint32_t shard, int64_t now, size_t max_steps);

/* While `keep`, nothing dies: a key whose time has come is found like any other, and keyspace_reap() removes nothing.
 * For a journal that is being loaded: it says itself when a key died, and until then may have more to do with it. Every
 * shard is locked, or no other thread uses the keyspace. */
void keyspace_keep_dead(struct keyspace *keyspace, bool keep);
bool keyspace_keeps_dead(const struct keyspace *keyspace);

/* --- figures (the shard is locked) ------------------------------------------------------------------------------ */

struct shard_figures {
	uint64_t keys;	  /* all databases */
	uint64_t bytes;	  /* entries, blocks, tables and index */
	uint64_t hits;	  /* keyspace_read found something */
	uint64_t misses;  /* ... nothing */
	uint64_t expired; /* keys removed because their time had come */
	uint64_t evicted; /* keys removed for want of memory */
};
struct shard_figures keyspace_shard_figures(const struct keyspace *keyspace, uint32_t shard);
void keyspace_reset_figures(struct keyspace *keyspace, uint32_t shard); /* hits, misses, expired, evicted */

/* Bytes of all entries, blocks, tables and indexes. Takes no lock; a dict (a database's part of a shard) may have up to
 * 4 KB more or less than what is counted here. What a flush has taken out does not count any more, though it may still
 * be under way to the allocator. */
int64_t keyspace_bytes(const struct keyspace *keyspace);

/* The same with what is kept outside of the keyspace and counts towards the same limit: keyspace_set_outside() has said
 * how much. Any thread. */
int64_t keyspace_used(const struct keyspace *keyspace);
void keyspace_set_outside(struct keyspace *keyspace, int64_t bytes);

/* How many changes commands have made since the start, each key counted: what Redis calls dirty. Keys that expire or
 * are evicted are none. Any thread. */
uint64_t keyspace_changes(const struct keyspace *keyspace);

struct database_figures {
	uint64_t keys;
	uint64_t expires; /* keys with a time to live */
	__int128 times;	  /* the sum of the times at which they die */
};
/* Adds what the shard has of a database. */
void keyspace_add_database_figures(const struct keyspace *keyspace, uint32_t shard, unsigned db,
				   struct database_figures *sum);

/* Where the memory of a database is, in bytes, beside the keys' and values' own. */
struct database_memory {
	uint64_t keys;	 /* number */
	uint64_t tables; /* tables, directory, and each key's links and lengths */
	uint64_t index;	 /* of expiry */
};
/* Adds what the shard has of a database. Looks at each table: some for every thousand keys. */
void keyspace_add_database_memory(const struct keyspace *keyspace, uint32_t shard, unsigned db,
				  struct database_memory *sum);

/* The mean time to live in milliseconds of those keys that have one; 0 when there are none. */
int64_t database_figures_average_ttl(const struct database_figures *figures, int64_t now);

/* --- prefetching ------------------------------------------------------------------------------------------------ */

/* Brings the entries of several keys into the cache, so that the misses overlap. It only guesses: nothing is promised
 * about the keys, of which there may be any number. `keys` is scratch: its places are written to. No lock is held by
 * the caller; those of the keys' shards are taken for a moment. */
void keyspace_prefetch(struct keyspace *keyspace, unsigned db, const struct key **keys, size_t count);

/* Brings the lock and the figures of a key's shard into this processor's cache, from another's, if there are several
 * threads: for a key whose shard will be locked about a hundred nanoseconds from now. */
void keyspace_prefetch_shard(const struct keyspace *keyspace, const struct key *key);

#endif
