/*
 * A snapshot being written: a file with every key as it was at one instant.
 *
 * Whoever walks the keyspace hands over its entries (snapshot_take); a thread of the snapshot's own makes an RDB file,
 * or commands, of them and writes it under another name. When the walk has ended (snapshot_finish) and all is on the
 * disk, the file is given its name: there is never half a file under it.
 *
 * Several threads may hand over, each under the lock of the entry's shard. Nobody of them waits for the disk: what the
 * thread cannot write at once waits in memory, and walkers ask whether that is much (snapshot_is_full).
 */
#ifndef CUBBY_PERSIST_SNAPSHOT_H
#define CUBBY_PERSIST_SNAPSHOT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "persist/snapshot_queue.h"

struct snapshot;

/* Called on the snapshot's thread; all may block. */
struct snapshot_target {
	/* The path to write to; whatever is there is overwritten. The snapshot frees it. NULL: no memory. */
	char *(*path)(void *arg);
	/* The file at `path` is whole and on the disk: gives it its name. 0, or a negative errno. */
	int (*publish)(void *arg, const char *path);
	void *arg;
};

/* Called on the snapshot's thread. */
struct snapshot_events {
	/* Walkers that were told to wait may go on. */
	void (*on_room)(void *arg);
	/* The last thing that the thread does: the file is there (0), or there is none (a negative errno). Comes after
	 * snapshot_finish() or snapshot_abandon(), and exactly once. */
	void (*on_done)(void *arg, int error);
	void *arg;
};

struct snapshot_options {
	struct snapshot_target target;
	struct snapshot_events events;
	uint32_t shards;
	size_t queue_limit; /* bytes under way from which on the snapshot is full */
	bool commands;	    /* commands are written (SELECT, SET), not an RDB file */
	bool compress;	    /* see rdb_writer_options, of which these are */
	bool checksum;
	bool aof_base;
	bool write_back;      /* the system is told to begin writing every few megabytes: see struct rdb_file */
	int64_t now;	      /* Unix time in seconds */
	uint64_t used_memory; /* bytes */
};

/* Begins: starts the thread. NULL, with a negative errno in *error, when there is no memory or no thread. */
struct snapshot *snapshot_start(const struct snapshot_options *options, int *error);

/* How many keys a database has at the instant, and how many of them have a time to live: for the reader, who may make
 * room at once. Before the first entry, by one thread; a database in which there are none need not be told of. */
void snapshot_expect(struct snapshot *snapshot, unsigned db, uint64_t keys, uint64_t expires);

/* Takes a copy of an entry. note->shard is locked. */
void snapshot_take(struct snapshot *snapshot, const struct entry *entry, const struct snapshot_note *note);

/* The shard, which is locked, has handed over its last entry. */
void snapshot_shard_done(struct snapshot *snapshot, uint32_t shard);

/* Whether to wait with handing over, if that is possible, until on_room. */
bool snapshot_is_full(struct snapshot *snapshot);

/* 0, or a negative errno: there will be no file, and nothing need be handed over any more. Any thread. */
int snapshot_error(const struct snapshot *snapshot);

/* The walk has ended: every shard is done. */
void snapshot_finish(struct snapshot *snapshot);

/* There is to be no file, because of `error`. Nothing is handed over any more. */
void snapshot_abandon(struct snapshot *snapshot, int error);

/* The same, while entries may still be handed over: they are thrown away. snapshot_abandon() is to follow. */
void snapshot_give_up(struct snapshot *snapshot, int error);

/* Waits for the thread to end and frees the snapshot. After on_done, or else it waits for that. */
void snapshot_free(struct snapshot *snapshot);

/* Any thread. */
struct snapshot_figures {
	uint64_t keys;	 /* written so far */
	uint64_t bytes;	 /* of the file so far */
	uint64_t memory; /* bytes under way */
	uint64_t most;	 /* ... at most */
};
struct snapshot_figures snapshot_figures(const struct snapshot *snapshot);

#endif
