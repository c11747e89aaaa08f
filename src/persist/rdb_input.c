/*
 * The happy path: a chunk of CHUNK bytes is read, taken record by record, and the beginning of a record at its end is
 * moved to the front, where more is read behind it. A record longer than half of a chunk makes the next chunk as large
 * as it needs, twice as large each time: what a length in the file claims is never believed, memory follows the bytes
 * that are really there.
 */
#include "persist/rdb_input.h"

#include <errno.h>
#include <string.h>

#include "persist/crc64.h"

enum {
	CHUNK = 256 * 1024, /* bytes */
	CHUNK_LEAST = 64,   /* of a file that is smaller */
	BLOCK_STEP = CHUNK, /* bytes of a block of its own at first, if nobody knows that there are more */
};

bool rdb_input_init(struct rdb_input *input, struct rdb_source source, int64_t size)
{
	*input = (struct rdb_input){.source = source, .size = size, .stretch = CHUNK};
	if (size >= 0 && size < CHUNK)
		input->stretch = size < CHUNK_LEAST ? CHUNK_LEAST : (size_t)size;
	input->chunk = block_new(input->stretch);
	return input->chunk != NULL;
}

void rdb_input_free(struct rdb_input *input)
{
	block_unref(input->chunk);
	input->chunk = NULL;
}

bool rdb_input_may_have(const struct rdb_input *input, uint64_t len)
{
	uint64_t offset = rdb_input_offset(input);

	return input->size < 0 || (offset <= (uint64_t)input->size && len <= (uint64_t)input->size - offset);
}

void rdb_input_sum(struct rdb_input *input)
{
	input->sum = crc64(input->sum, input->chunk->data + input->summed, input->at - input->summed);
	input->summed = input->at;
}

/* Puts the rest at the front of a chunk that has room behind it. */
static bool make_room(struct rdb_input *input)
{
	struct slice rest = rdb_input_rest(input);
	struct block *chunk = input->chunk;
	size_t cap = input->stretch;

	while (cap / 2 < rest.len)
		cap *= 2;
	if (cap != chunk->cap || block_is_shared(chunk)) {
		chunk = block_new(cap);
		if (chunk == NULL)
			return false;
	}
	memmove(chunk->data, rest.data, rest.len);
	chunk->len = rest.len;
	input->start += input->at;
	input->at = 0;
	input->summed = 0;
	if (chunk != input->chunk) {
		block_unref(input->chunk);
		input->chunk = chunk;
	}
	return true;
}

int rdb_input_fill(struct rdb_input *input)
{
	int64_t got;

	rdb_input_sum(input);
	if (!make_room(input))
		return -ENOMEM;
	got = input->source.read(input->source.arg, input->chunk->data + input->chunk->len,
				 input->chunk->cap - input->chunk->len);
	if (got > 0)
		input->chunk->len += (size_t)got;
	return got < 0 ? (int)got : got > 0;
}

/* Makes room in a block that is full: for all of `len` bytes or, if there may not be so many, twice as many. */
static bool grow(struct block **block, uint64_t len)
{
	size_t cap = (*block)->cap;
	struct block *grown = block_resize(*block, len / 2 < cap ? len : 2 * cap);

	if (grown != NULL)
		*block = grown;
	return grown != NULL;
}

/* Reads until the block has `len` bytes, which is no less than it has room for. */
static int read_rest(struct rdb_input *input, uint64_t len, struct block **block)
{
	while ((*block)->len < len) {
		int64_t got;

		if ((*block)->len == (*block)->cap && !grow(block, len))
			return -ENOMEM;
		got = input->source.read(input->source.arg, (*block)->data + (*block)->len,
					 (*block)->cap - (*block)->len);
		if (got <= 0)
			return (int)got;
		(*block)->len += (size_t)got;
	}
	return 1;
}

int rdb_input_read_block(struct rdb_input *input, uint64_t len, struct block **block)
{
	struct slice rest = rdb_input_rest(input);
	bool believed = input->size >= 0 && rdb_input_may_have(input, len);
	int result;

	*block = block_new(believed || len - rest.len < BLOCK_STEP ? len : rest.len + BLOCK_STEP);
	if (*block == NULL)
		return -ENOMEM;
	memcpy((*block)->data, rest.data, rest.len);
	(*block)->len = rest.len;
	input->at = input->chunk->len;
	rdb_input_sum(input);
	result = read_rest(input, len, block);
	if (result <= 0) {
		block_unref(*block);
		*block = NULL;
		return result;
	}
	input->sum = crc64(input->sum, (*block)->data + rest.len, len - rest.len);
	input->start += len - rest.len;
	return 1;
}
