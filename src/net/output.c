/*
 * The happy path is output_try() alone: the kernel takes the whole reply. When it does not, the rest becomes a chunk in
 * the connection's output, and one uv_write at a time sends the chunks, OUTPUT_AT_ONCE bytes of them, and some of
 * these in a turn of the loop (WORKER_SEND_SIZE): the kernel copies a reply of 100 MB for as long as its reader keeps
 * up, while all other clients wait. A chunk knows its place, so that a turn costs what it sends, however many pieces
 * the chunk has.
 */
#include "net/output.h"

#include <stdlib.h>

enum {
	SMALL_REST = 16 * 1024, /* bytes that are copied rather than kept in the buffer they were written to */
	PIECES_AT_ONCE = 64,	/* enough for OUTPUT_AT_ONCE bytes of blocks and the texts between them */
};

/* What one system call or one request is to send. */
struct batch {
	size_t bytes;
	unsigned count; /* of bufs in use */
	uv_buf_t bufs[PIECES_AT_ONCE];
};

struct output *output_new(void *owner)
{
	struct output *output = calloc(1, sizeof(*output));

	if (output == NULL)
		return NULL;
	output->request.data = owner;
	output->left_at_deadline = SIZE_MAX;
	return output;
}

static void chunk_free(struct output_chunk *chunk)
{
	reply_free(&chunk->reply);
	free(chunk);
}

void output_free(struct output *output)
{
	if (output == NULL)
		return;
	while (output->first != NULL) {
		struct output_chunk *next = output->first->next;

		chunk_free(output->first);
		output->first = next;
	}
	free(output);
}

/* The bufs stay as they are: to clear them would cost every reply something. */
static void batch_begin(struct batch *batch)
{
	batch->bytes = 0;
	batch->count = 0;
}

static bool batch_is_full(const struct batch *batch)
{
	return batch->bytes == OUTPUT_AT_ONCE || batch->count == PIECES_AT_ONCE;
}

/* Adds what follows the place, as much as there is room for, and moves the place behind it. */
static void batch_add(struct batch *batch, const struct reply *reply, struct reply_place *place)
{
	while (!batch_is_full(batch)) {
		struct slice piece = reply_next_piece(reply, place, OUTPUT_AT_ONCE - batch->bytes);
		uv_buf_t *buf = &batch->bufs[batch->count];

		if (piece.len == 0)
			return;
		buf->base = (char *)(uintptr_t)piece.data;
		buf->len = piece.len;
		batch->count++;
		batch->bytes += piece.len;
	}
}

ssize_t output_try(struct transport *transport, const struct reply *reply)
{
	struct reply_place place = {0};
	struct batch batch;

	batch_begin(&batch);
	batch_add(&batch, reply, &place);
	return transport_send(transport, batch.bufs, batch.count);
}

/* A new chunk at the end of the queue; NULL when there is no memory. */
static struct output_chunk *chunk_add(struct output *output, uint64_t position)
{
	struct output_chunk *chunk = calloc(1, sizeof(*chunk));

	if (chunk == NULL)
		return NULL;
	chunk->position = position;
	if (output->first == NULL)
		output->first = chunk;
	else
		output->last->next = chunk;
	output->last = chunk;
	output->chunks++;
	return chunk;
}

uint64_t output_position(const struct output *output)
{
	return output->first != NULL ? output->last->position : 0;
}

/* Whether the last chunk is one of copied bytes, has room for `len` more, is not being sent and waits for as much.
 * Without this, replies of a few bytes that come one by one would take many times their size. */
static bool last_has_room(const struct output *output, size_t len, uint64_t position)
{
	const struct reply *reply;

	if (output->chunks <= output->sending_chunks || output->last->position != position)
		return false;
	reply = &output->last->reply;
	return reply->insert_count == 0 && reply->bytes.len + len <= SMALL_REST;
}

/* The place behind the first `skip` bytes. */
static struct reply_place place_behind(const struct reply *reply, size_t skip)
{
	struct reply_place place = {0};

	while (skip > 0)
		skip -= reply_next_piece(reply, &place, skip).len;
	return place;
}

/* Nothing may leave before what is ahead of it. */
bool output_take(struct output *output, struct reply *reply, size_t skip, uint64_t position)
{
	size_t rest = reply_len(reply) - skip;
	bool is_small = reply->insert_count == 0 && rest <= SMALL_REST;
	struct output_chunk *chunk = output->last;

	if (position < output_position(output))
		position = output_position(output);
	if (!is_small || !last_has_room(output, rest, position))
		chunk = chunk_add(output, position);
	if (chunk == NULL)
		return false;
	if (is_small) {
		buffer_append(&chunk->reply.bytes, reply->bytes.data + skip, rest);
		reply_clear(reply);
	} else {
		chunk->reply = *reply;
		chunk->place = place_behind(reply, skip);
		buffer_trim(&chunk->reply.bytes);
		*reply = (struct reply){.protocol = reply->protocol, .errors = reply->errors};
	}
	output->bytes += rest;
	return !reply_failed(&chunk->reply);
}

static bool chunk_is_sent(const struct output_chunk *chunk)
{
	struct reply_place place = chunk->place;

	return reply_next_piece(&chunk->reply, &place, 1).len == 0;
}

/* Frees those of the first `most` chunks that have been sent. */
static void chunks_drop(struct output *output, size_t most)
{
	while (most-- > 0 && output->first != NULL && chunk_is_sent(output->first)) {
		struct output_chunk *next = output->first->next;

		chunk_free(output->first);
		output->first = next;
		output->chunks--;
	}
}

int output_send(struct output *output, uv_stream_t *stream, uint64_t released, uv_write_cb done)
{
	struct batch batch;
	int error;

	batch_begin(&batch);
	output->sending_chunks = 0;
	for (struct output_chunk *chunk = output->first;
	     chunk != NULL && chunk->position <= released && !batch_is_full(&batch); chunk = chunk->next) {
		batch_add(&batch, &chunk->reply, &chunk->place);
		output->sending_chunks++;
	}
	if (batch.bytes == 0) {
		chunks_drop(output, output->sending_chunks);
		output->sending_chunks = 0;
		return 0;
	}
	output->sending = batch.bytes;
	error = uv_write(&output->request, stream, batch.bufs, batch.count, done);
	output->writing = error == 0;
	return error;
}

size_t output_sent(struct output *output)
{
	size_t sent = output->sending;

	output->bytes -= sent;
	chunks_drop(output, output->sending_chunks);
	output->writing = false;
	output->sending = 0;
	output->sending_chunks = 0;
	return sent;
}

/* Moves the places of the first chunks behind the bytes that have been sent. */
static void chunks_advance(struct output *output, size_t sent)
{
	struct output_chunk *chunk = output->first;

	output->bytes -= sent;
	while (sent > 0) {
		size_t len = reply_next_piece(&chunk->reply, &chunk->place, sent).len;

		sent -= len;
		if (len == 0)
			chunk = chunk->next;
	}
}

ssize_t output_flush(struct output *output, struct transport *transport, uint64_t released)
{
	struct batch batch;
	size_t chunks = 0;
	ssize_t sent = 0;

	batch_begin(&batch);
	for (struct output_chunk *chunk = output->first;
	     chunk != NULL && chunk->position <= released && !batch_is_full(&batch); chunk = chunk->next) {
		struct reply_place place = chunk->place;

		batch_add(&batch, &chunk->reply, &place);
		chunks++;
	}
	if (batch.bytes > 0)
		sent = transport_send(transport, batch.bufs, batch.count);
	if (sent < 0)
		return sent;
	chunks_advance(output, (size_t)sent);
	chunks_drop(output, chunks);
	return sent;
}
