/*
 * One allocation for each block: the header and, right behind it, the bytes. Counting is relaxed on the way up (who
 * takes a reference already has one) and release, then acquire, on the way down, so that the holder who frees the block
 * sees all that the others did with it.
 *
 * Memory of many pages goes back to the system when it is freed, which takes it some 50 us for each megabyte. Whoever
 * happens to be the last holder (a command under its lock, a connection that has sent a reply) leaves that to the
 * background.
 */
#include "base/block.h"

#include <stdlib.h>
#include <string.h>

#include "base/background.h"

enum { BLOCK_FREED_BEHIND = 1024 * 1024 }; /* bytes from which another thread frees it */

/* The size of the allocation that holds `cap` bytes; 0 when it has no size. */
static size_t block_size(size_t cap)
{
	return cap > PTRDIFF_MAX - sizeof(struct block) ? 0 : sizeof(struct block) + cap;
}

struct block *block_new(size_t cap)
{
	size_t size = block_size(cap);
	struct block *block = size == 0 ? NULL : malloc(size);

	if (block == NULL)
		return NULL;
	atomic_init(&block->refs, 1);
	block->len = 0;
	block->cap = cap;
	return block;
}

struct block *block_of(struct slice bytes)
{
	struct block *block = block_new(bytes.len);

	if (block == NULL)
		return NULL;
	if (bytes.len > 0)
		memcpy(block->data, bytes.data, bytes.len);
	block->len = bytes.len;
	return block;
}

struct block *block_ref(struct block *block)
{
	atomic_fetch_add_explicit(&block->refs, 1, memory_order_relaxed);
	return block;
}

void block_unref(struct block *block)
{
	if (block == NULL || atomic_fetch_sub_explicit(&block->refs, 1, memory_order_acq_rel) != 1)
		return;
	if (block->cap < BLOCK_FREED_BEHIND)
		free(block);
	else
		background_run(free, block);
}

struct block *block_resize(struct block *block, size_t cap)
{
	size_t size = block_size(cap < block->len ? block->len : cap);
	struct block *moved = size == 0 ? NULL : realloc(block, size);

	if (moved == NULL)
		return NULL;
	moved->cap = size - sizeof(struct block);
	return moved;
}
