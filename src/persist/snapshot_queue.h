/*
 * The way of entries from the shards to the thread that writes them: each shard gathers what it hands over in a chunk
 * of its own, and full chunks wait in one queue.
 *
 * A chunk belongs to who holds its shard's lock, so to hand over an entry takes no other lock; the queue's own is taken
 * for each chunk. The queue has no limit: whoever is about to change an entry cannot wait. Those that can (walkers) ask
 * whether it is full.
 */
#ifndef CUBBY_PERSIST_SNAPSHOT_QUEUE_H
#define CUBBY_PERSIST_SNAPSHOT_QUEUE_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <uv.h>

#include "base/block.h"
#include "persist/rdb.h"

struct entry;
struct snapshot_chunk;

/* What an entry does not say itself. */
struct snapshot_note {
	uint32_t shard;
	unsigned db;
	bool leaves;  /* it is about to be changed or removed: its block may be held by nobody else soon */
	int64_t idle; /* how it was used: see rdb_record */
	int freq;
};

struct snapshot_queue {
	struct snapshot_chunk **gathered; /* owned; a place for each shard, guarded by the shard's lock; NULL: none */
	uint32_t shards;
	size_t chunk_size;     /* bytes for entries in an ordinary chunk */
	size_t limit;	       /* bytes at which it is full */
	_Atomic size_t queued; /* bytes of chunks that wait, with the blocks that they hold */
	_Atomic size_t memory; /* ... without those that the keyspace holds, too */
	_Atomic size_t most;   /* the most memory there ever was */
	_Atomic int error;     /* a negative errno: entries were lost for want of memory */
	_Atomic bool wanted;   /* somebody waits until it is not full */

	uv_mutex_t lock;
	uv_cond_t filled;	      /* there is a chunk, or it is closed */
	struct snapshot_chunk *first; /* under the lock */
	struct snapshot_chunk **last; /* under the lock */
	struct snapshot_chunk *spare; /* under the lock: emptied, to be filled again */
	unsigned spares;	      /* under the lock */
	bool closed;		      /* under the lock: no chunk comes any more */
};

/* False when there is no memory. */
bool snapshot_queue_init(struct snapshot_queue *queue, uint32_t shards, size_t limit);

/* Frees it with what is left in it. Nobody else uses it any more. */
void snapshot_queue_free(struct snapshot_queue *queue);

/* --- by who hands over ------------------------------------------------------------------------------------------- */

/* Takes a copy of the entry; its block, if it has one, is held until it is written. The shard is locked. */
void snapshot_queue_add(struct snapshot_queue *queue, const struct entry *entry, const struct snapshot_note *note);

/* Sends off what the shard, which is locked, has gathered. */
void snapshot_queue_flush(struct snapshot_queue *queue, uint32_t shard);

/* Whether so much waits that no more should come if it can be helped. Then the writer will say when there is room again
 * (snapshot_queue_release); it may say so without need. Any thread. */
bool snapshot_queue_is_full(struct snapshot_queue *queue);

/* Every shard has been flushed for the last time: the writer gets what is left, and then the end. */
void snapshot_queue_close(struct snapshot_queue *queue);

/* --- by the writer ----------------------------------------------------------------------------------------------- */

/* Waits for the next chunk; NULL at the end. */
struct snapshot_chunk *snapshot_queue_take(struct snapshot_queue *queue);

/* Gives the entry that stands in the chunk at *at and moves *at behind it: from 0 on. False at the end. The record's
 * slices are good until the chunk is given back. */
bool snapshot_chunk_next(const struct snapshot_chunk *chunk, size_t *at, struct rdb_record *record);

/* The chunk is done with. True when somebody has been told that the queue was full, and now it is not. */
bool snapshot_queue_release(struct snapshot_queue *queue, struct snapshot_chunk *chunk);

#endif
