/*
 * Fuzzes the reader of append-only files: in whatever pieces a file comes, the same units come out of it, and what it
 * says is valid is a file of just these units.
 */
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/buffer.h"
#include "persist/aof_reader.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void require(bool good, const char *what)
{
	if (good)
		return;
	fprintf(stderr, "%s\n", what);
	abort();
}

struct tape {
	struct slice left;
	size_t piece;
};

static int64_t tape_read(void *arg, char *bytes, size_t room)
{
	struct tape *tape = arg;
	size_t len = tape->left.len < room ? tape->left.len : room;

	len = len < tape->piece ? len : tape->piece;
	if (len > 0)
		memcpy(bytes, tape->left.data, len);
	tape->left.data += len;
	tape->left.len -= len;
	return (int64_t)len;
}

/* What came out: each command as its offset and its words. */
struct outcome {
	struct buffer commands;
	enum aof_read over;
	uint64_t valid;
	uint64_t error_at;
	char error[AOF_READER_ERROR];
};

static void note(struct outcome *outcome, struct resp_request *request, uint64_t offset)
{
	buffer_printf(&outcome->commands, "%llu:%zu:", (unsigned long long)offset, request->argc);
	for (size_t i = 0; i < request->argc; i++) {
		buffer_printf(&outcome->commands, "%zu:", request->argv[i].len);
		buffer_append_slice(&outcome->commands, request->argv[i]);
		block_unref(resp_request_take_block(request, i));
	}
}

static void read_file(struct outcome *outcome, struct slice bytes, size_t stretch, size_t piece)
{
	struct tape tape = {bytes, piece};
	struct aof_reader reader;

	*outcome = (struct outcome){0};
	require(aof_reader_init(&reader, &(struct aof_source){tape_read, &tape}, 0, stretch), "no memory");
	while ((outcome->over = aof_reader_next(&reader)) == AOF_READ_COMMANDS) {
		require(reader.count > 0, "an empty batch");
		for (size_t i = 0; i < reader.count; i++)
			note(outcome, &reader.requests[i], reader.offsets[i]);
	}
	require(outcome->over != AOF_READ_FAILED, "reading failed");
	require(reader.valid <= bytes.len, "more is valid than there is");
	outcome->valid = reader.valid;
	outcome->error_at = reader.error_at;
	memcpy(outcome->error, reader.error, sizeof(reader.error));
	aof_reader_free(&reader);
	require(!outcome->commands.failed, "no memory");
}

/* How many of a corrupt file's commands have been given out before depends on the pieces. */
static void require_same(const struct outcome *a, const struct outcome *b)
{
	require(a->over == b->over && a->valid == b->valid, "pieces change the end");
	require(a->error_at == b->error_at && strcmp(a->error, b->error) == 0, "pieces change the error");
	if (a->over != AOF_READ_CORRUPT)
		require(slice_equal(buffer_slice(&a->commands), buffer_slice(&b->commands)), "pieces change commands");
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct slice file = {(const char *)data, size};
	size_t piece = size == 0 ? 1 : data[size / 2] % 64 + 1;
	struct outcome whole, pieces, valid;

	read_file(&whole, file, 0, SIZE_MAX);
	read_file(&pieces, file, 0, piece);
	require_same(&whole, &pieces);
	buffer_free(&pieces.commands);
	read_file(&pieces, file, piece, SIZE_MAX);
	require_same(&whole, &pieces);
	buffer_free(&pieces.commands);

	read_file(&valid, (struct slice){file.data, whole.valid}, 0, SIZE_MAX);
	require(valid.valid == whole.valid && valid.over == AOF_READ_END, "what is valid is not a file");
	if (whole.over != AOF_READ_CORRUPT)
		require(slice_equal(buffer_slice(&whole.commands), buffer_slice(&valid.commands)), "... of its units");
	buffer_free(&valid.commands);
	buffer_free(&whole.commands);
	return 0;
}
