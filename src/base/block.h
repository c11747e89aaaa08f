/*
 * A block: bytes with a count of those who hold them.
 *
 * Large values live in blocks so that a reply can send one without copying it and without holding the lock of its
 * shard, and so that the decoder can read a large argument straight into the memory that will hold the value.
 *
 * Whoever holds a reference may read the bytes on any thread. They may be changed only by a holder that knows it is
 * the only one (block_is_shared() is false); for a block in the store that knowledge is stable under the shard's lock.
 */
#ifndef CUBBY_BASE_BLOCK_H
#define CUBBY_BASE_BLOCK_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/slice.h"

struct block {
	_Atomic uint32_t refs; /* holders */
	size_t len;	       /* bytes in use */
	size_t cap;	       /* bytes there is room for */
	char data[];
};

/* A block with room for `cap` bytes, len 0 and one reference, the caller's. NULL when there is no memory. */
struct block *block_new(size_t cap);

/* A block of its own for these bytes, one reference, the caller's. NULL when there is no memory. */
struct block *block_of(struct slice bytes);

/* One holder more; returns `block`. */
struct block *block_ref(struct block *block);

/* One holder fewer; the last one frees it, a large one in the background. NULL is allowed. */
void block_unref(struct block *block);

/* Gives an unshared block room for `cap` bytes, more or less than it has (never less than its len). Returns the block,
 * which may have moved, or NULL when there is no memory: the old one is then as it was. */
struct block *block_resize(struct block *block, size_t cap);

static inline bool block_is_shared(const struct block *block)
{
	return atomic_load_explicit(&block->refs, memory_order_acquire) > 1;
}

/* What `block` takes of memory, in bytes. */
static inline size_t block_footprint(const struct block *block)
{
	return sizeof(struct block) + block->cap;
}

#endif
