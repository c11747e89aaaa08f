/*
 * The bytes of an RDB file as its reader wants them: a long stretch at a time, each unfinished record whole, and summed
 * up on the way.
 *
 * The stretch is a block, so that whoever was given slices of it can hold it. A stretch that somebody holds is left to
 * him when the next one is read, one that nobody holds is used again.
 */
#ifndef CUBBY_PERSIST_RDB_INPUT_H
#define CUBBY_PERSIST_RDB_INPUT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/block.h"
#include "base/slice.h"

/* Where the bytes come from. */
struct rdb_source {
	/* Reads up to `room` bytes into `bytes`. Returns how many; 0 at the end, also when asked again; a negative
	 * errno value. */
	int64_t (*read)(void *arg, char *bytes, size_t room);
	void *arg;
};

enum { RDB_INPUT_UNKNOWN = -1 }; /* a size */

struct rdb_input {
	struct rdb_source source;
	int64_t size;	     /* bytes that the source has in all, or RDB_INPUT_UNKNOWN */
	size_t stretch;	     /* bytes of a chunk that no record needs larger */
	struct block *chunk; /* the stretch */
	size_t at;	     /* where in it the first byte stands that is not taken */
	size_t summed;	     /* ... that is not summed up: at most `at` */
	uint64_t start;	     /* what the offset in the file of its first byte would be; see rdb_input_offset() */
	uint64_t sum;	     /* of all that was summed up */
};

/* Nothing is read yet. False when there is no memory. */
bool rdb_input_init(struct rdb_input *input, struct rdb_source source, int64_t size);
void rdb_input_free(struct rdb_input *input);

/* What is in memory and not taken: good until rdb_input_fill(), or for as long as a reference to the chunk is held. */
static inline struct slice rdb_input_rest(const struct rdb_input *input)
{
	return (struct slice){input->chunk->data + input->at, input->chunk->len - input->at};
}

/* The bytes before `rest`, the end of what rdb_input_rest() gave, are taken. */
static inline void rdb_input_take(struct rdb_input *input, struct slice rest)
{
	input->at = input->chunk->len - rest.len;
}

/* Offset in the file of the first byte that is not taken. */
static inline uint64_t rdb_input_offset(const struct rdb_input *input)
{
	return input->start + input->at;
}

/* Whether the source may still have `len` bytes behind the ones that are taken. */
bool rdb_input_may_have(const struct rdb_input *input, uint64_t len);

/* Reads more behind the rest, which moves. Returns 1; 0 when there is no more; a negative errno. */
int rdb_input_fill(struct rdb_input *input);

/* Takes `len` bytes, more than the rest has, into a block of their own; the rest is their beginning and is empty then.
 * Returns 1; 0 when the source ends before; a negative errno. */
int rdb_input_read_block(struct rdb_input *input, uint64_t len, struct block **block);

/* Sums up all that is taken: best done while it is in the core's own cache. */
void rdb_input_sum(struct rdb_input *input);

#endif
