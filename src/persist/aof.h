/*
 * The append-only file: the journal's stream on the disk, in parts as Redis 7 has them. In `dir`/`appenddirname` a
 * manifest names a base (everything at some instant) and increments (what changed since, as RESP commands).
 *
 * A thread of its own reads the journal, writes, syncs and tells the journal which replies may leave; nobody else waits
 * for the disk. What is promised:
 *
 *     always    a reply leaves when what it tells of is on the disk; one sync serves everybody who wrote meanwhile
 *     everysec  what is written is on the disk about a second later; a reply leaves at once
 *     no        the system decides when
 *
 * With the latter two, effects that wait to be written take memory: beyond `queue_limit` bytes replies are held.
 *
 * In trouble (no space, an error, the directory gone, a failed sync) on_trouble says why, the journal is stalled, and
 * the effects stay in memory until they can be written where the last byte ended. After a failed sync nobody knows what
 * is on the disk: then the file needs a new base, and asks for it (on_rewrite_needed) until it has one. All of that
 * ends by itself when its cause does.
 *
 * A rewrite: at a snapshot's instant aof_rotate() has a new increment begin; the snapshot is written to the file
 * aof_base_path() and handed over with aof_base_done(). Then the manifest names that base and that increment, and the
 * files that they replace are removed. At any time the disk holds everything that was promised.
 *
 * There is one append-only file in the process. What begins and ends it (open, close) is called by one thread at a
 * time.
 */
#ifndef CUBBY_PERSIST_AOF_H
#define CUBBY_PERSIST_AOF_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "persist/manifest.h"
#include "persist/rdb_writer.h"

enum aof_policy { AOF_ALWAYS, AOF_EVERYSEC, AOF_NO };

/* How the keyspace and what is on the disk stand to each other when the file is opened. */
enum aof_start {
	AOF_CONTINUES,	 /* the keyspace is what the manifest's files say */
	AOF_IS_NEW,	 /* the keyspace is empty, and there is no manifest */
	AOF_AWAITS_BASE, /* the keyspace has what no file says: nothing is promised until there is a base */
};

/* Called on the file's thread; all must return soon. */
struct aof_events {
	/* Writes are to be refused, because of `reason` ("No space left on device"); NULL: no more. */
	void (*on_trouble)(void *arg, const char *reason);
	/* A rewrite must be made. Said again, about once a second, until aof_rotate() is called. */
	void (*on_rewrite_needed)(void *arg);
	/* The rewrite that aof_rotate() began is over: 0, or why (a negative errno) it failed. It may fail before the
	 * base is done. Not called after aof_base_failed(). */
	void (*on_rewritten)(void *arg, int error);
	void *arg;
};

struct aof_options {
	const char *dir;	       /* dir; it exists */
	const char *dirname;	       /* appenddirname, a directory in it */
	const char *filename;	       /* appendfilename, with which all names begin */
	enum aof_policy policy;	       /* appendfsync */
	bool spare_syncs;	       /* no-appendfsync-on-rewrite */
	bool rdb_base;		       /* aof-use-rdb-preamble: for the base that a new file has */
	struct rdb_writer_options rdb; /* ... and what is written in it then */
	uint64_t queue_limit;	       /* aof-queue-limit, bytes */
	struct aof_events events;
	/* For tests; 0 is what it is otherwise. */
	unsigned sync_ms;   /* between two syncs, and two looks at the directory (1000) */
	unsigned retry_ms;  /* until what failed is tried again (100) */
	unsigned linger_us; /* after a write, until the next one, unless policy is always */
};

enum { AOF_ERROR_TEXT = 512 };

/*
 * Opens the file and starts its thread. `manifest` is what was loaded from the disk, or empty; it is taken over, and
 * empty afterwards. From here on, for AOF_AWAITS_BASE from aof_rotate() on, the journal is read: the caller records
 * (keyspace_record). Blocks for as long as the disk takes, but not for AOF_AWAITS_BASE; no other thread may change keys
 * meanwhile, but for AOF_AWAITS_BASE. False with `error` (AOF_ERROR_TEXT bytes) in words.
 */
bool aof_open(const struct aof_options *options, enum aof_start start, struct manifest *manifest, char *error);

/* From now on, until it is closed and opened anew, the file has nobody's writes any more, for they are not recorded:
 * aof_has() and aof_rotate() are false. The caller holds every shard's lock. */
void aof_withdraw(void);

/* Writes and syncs what is committed, unless that fails, and ends the thread. No replies wait for the file any more.
 * Nothing happens when it is not open. Blocks for as long as the disk takes. Returns 0, or a negative errno: the disk
 * does not have everything. */
int aof_close(void);

/* Waits until what is committed now is on the disk, whatever the policy, and a start would find it. Returns 0, at once
 * when there is no file or nothing is promised yet; a negative errno in trouble; -ETIMEDOUT. Any thread that may block.
 */
int aof_flush(unsigned timeout_ms);

/* Whether there is a file that has its base, so that replies may rely on it. Any thread. */
bool aof_promises(void);

/* Whether the stream is on the disk up to this position, in files that a start would read; false when there is no file
 * or nothing is promised yet. The journal's hook is called when that may have changed. Any thread. */
bool aof_has(uint64_t position);

/* Has the stream put on the disk up to this position as soon as can be, whatever the policy. Any thread. */
void aof_want(uint64_t position);

/* --- settings, while it is open; any thread ----------------------------------------------------------------------- */

void aof_set_policy(enum aof_policy policy);
void aof_set_spare_syncs(bool spare);
void aof_set_queue_limit(uint64_t bytes);

/* A snapshot is being written: with spare_syncs nothing is synced meanwhile. */
void aof_set_snapshot(bool is_written);

/* --- a rewrite ---------------------------------------------------------------------------------------------------- */

/* Every shard is locked. Effects committed from now on go to a new increment. Mends a broken journal. False: the file
 * is not open, or there is no memory. */
bool aof_rotate(void);

/* The path under which the base is to be written, in a directory that is made if it is not there; an older file is
 * overwritten. NULL: no memory, or the file is not open. The caller frees it. Any thread that may block. */
char *aof_base_path(void);

/* The base of the last aof_rotate() is there, whole and synced; `rdb`: its format, else RESP commands. Any thread. */
void aof_base_done(bool rdb);

/* There will be none; what is at aof_base_path() is removed. Any thread. */
void aof_base_failed(void);

/* --- figures ------------------------------------------------------------------------------------------------------ */

struct aof_figures {
	bool open;
	bool promised;	       /* has had its base: not AOF_AWAITS_BASE any more */
	uint64_t size;	       /* bytes of all its files: aof_current_size */
	uint64_t base_size;    /* of all its files after the last rewrite, or when it was opened: aof_base_size */
	uint64_t queued;       /* bytes committed and not written: aof_buffer_length */
	bool sync_runs;	       /* aof_pending_bio_fsync */
	uint64_t delayed_sync; /* syncs that were due while the one before still ran: aof_delayed_fsync */
	int trouble;	       /* a negative errno, 0: none; aof_last_write_status */
	unsigned increments;   /* files that a start would have to read after the base */
};

/* Any thread. All zero when it is not open. */
void aof_figures(struct aof_figures *figures);

#endif
