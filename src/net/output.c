/*
 * The happy path is output_try() alone: the kernel takes the whole reply. When it does not, the rest becomes a chunk in
 * the connection's output, and one uv_write at a time sends the chunks, SEND_AT_ONCE bytes of them in a turn of the
 * loop: the kernel copies a reply of 100 MB for as long as its reader keeps up, while all other clients wait.
 */
#include "net/output.h"

#include <stdlib.h>

enum {
	PIECES_ON_STACK = 16,
	PIECES_AT_ONCE = 1024,	/* IOV_MAX on the systems we run on */
	SMALL_REST = 16 * 1024, /* bytes that are copied rather than kept in the buffer they were written to */
	SEND_AT_ONCE = 128 * 1024,
};

struct output *output_new(void)
{
	struct output *output = calloc(1, sizeof(*output));

	if (output == NULL)
		return NULL;
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

/* The pieces behind the first `skip` bytes, as libuv wants them. Returns how many. */
static size_t pieces_to_bufs(const struct slice *pieces, size_t count, size_t skip, uv_buf_t *bufs)
{
	size_t filled = 0;

	for (size_t i = 0; i < count; i++) {
		if (skip >= pieces[i].len) {
			skip -= pieces[i].len;
			continue;
		}
		bufs[filled].base = (char *)(uintptr_t)(pieces[i].data + skip);
		bufs[filled++].len = pieces[i].len - skip;
		skip = 0;
	}
	return filled;
}

/* Leaves `most` bytes of the bufs, or what there is. Returns how many bufs have them; *bytes receives how many they
 * are.
 */
static size_t bufs_cut(uv_buf_t *bufs, size_t count, size_t most, size_t *bytes)
{
	size_t left = most;
	size_t kept = 0;

	for (; kept < count && left > 0; kept++) {
		if (bufs[kept].len > left)
			bufs[kept].len = left;
		left -= bufs[kept].len;
	}
	*bytes = most - left;
	return kept;
}

static ssize_t try_pieces(struct transport *transport, const struct slice *pieces, size_t count)
{
	uv_buf_t bufs[PIECES_ON_STACK];
	size_t at = 0;
	ssize_t total = 0;

	while (at < count && total < SEND_AT_ONCE) {
		size_t some = count - at < PIECES_ON_STACK ? count - at : PIECES_ON_STACK;
		size_t wanted;
		ssize_t sent;

		some = pieces_to_bufs(pieces + at, some, 0, bufs);
		some = bufs_cut(bufs, some, (size_t)(SEND_AT_ONCE - total), &wanted);
		sent = transport_send(transport, bufs, (unsigned)some);
		if (sent < 0)
			return sent;
		total += sent;
		if ((size_t)sent < wanted)
			return total;
		at += some;
	}
	return total;
}

ssize_t output_try(struct transport *transport, const struct reply *reply)
{
	struct slice few[PIECES_ON_STACK];
	struct slice *pieces = few;
	size_t count = reply_piece_count(reply);
	ssize_t sent;

	if (count > PIECES_ON_STACK) {
		pieces = malloc(count * sizeof(*pieces));
		if (pieces == NULL)
			return UV_ENOMEM;
	}
	count = reply_pieces(reply, pieces);
	sent = try_pieces(transport, pieces, count);
	if (pieces != few)
		free(pieces);
	return sent;
}

/* A new chunk at the end of the queue; NULL when there is no memory. */
static struct output_chunk *chunk_add(struct output *output)
{
	struct output_chunk *chunk = calloc(1, sizeof(*chunk));

	if (chunk == NULL)
		return NULL;
	if (output->first == NULL)
		output->first = chunk;
	else
		output->last->next = chunk;
	output->last = chunk;
	output->chunks++;
	return chunk;
}

/* Whether the last chunk is one of copied bytes, has room for `len` more and is not being sent. Without this, replies
 * of a few bytes that come one by one would take many times their size. */
static bool last_has_room(const struct output *output, size_t len)
{
	const struct reply *reply;

	if (output->chunks <= output->sending_chunks)
		return false;
	reply = &output->last->reply;
	return reply->insert_count == 0 && reply->bytes.len + len <= SMALL_REST;
}

bool output_take(struct output *output, struct reply *reply, size_t skip)
{
	size_t rest = reply_len(reply) - skip;
	bool is_small = reply->insert_count == 0 && rest <= SMALL_REST;
	struct output_chunk *chunk = output->last;

	if (!is_small || !last_has_room(output, rest))
		chunk = chunk_add(output);
	if (chunk == NULL)
		return false;
	if (is_small) {
		buffer_append(&chunk->reply.bytes, reply->bytes.data + skip, rest);
		reply_clear(reply);
	} else {
		chunk->reply = *reply;
		chunk->skip = skip;
		buffer_trim(&chunk->reply.bytes);
		*reply = (struct reply){.protocol = reply->protocol, .errors = reply->errors};
	}
	output->bytes += rest;
	return !reply_failed(&chunk->reply);
}

/* The pieces of the chunks, as far as one request takes them. Returns how many; says in `output` what is being sent. */
static size_t chunks_to_bufs(struct output *output, struct slice *pieces, uv_buf_t *bufs, size_t limit)
{
	size_t filled = 0;

	output->sending = 0;
	output->sending_chunks = 0;
	for (struct output_chunk *chunk = output->first; chunk != NULL; chunk = chunk->next) {
		size_t count = reply_piece_count(&chunk->reply);
		size_t bytes;

		if (output->sending == SEND_AT_ONCE || (filled > 0 && filled + count > limit))
			break;
		count = pieces_to_bufs(pieces, reply_pieces(&chunk->reply, pieces), chunk->skip, bufs + filled);
		filled += bufs_cut(bufs + filled, count, SEND_AT_ONCE - output->sending, &bytes);
		output->sending += bytes;
		output->sending_chunks++;
	}
	return filled;
}

int output_send(struct output *output, uv_stream_t *stream, uv_write_cb done)
{
	size_t limit = PIECES_AT_ONCE;
	struct slice *pieces;
	uv_buf_t *bufs;
	size_t count;
	int error = UV_ENOMEM;

	/* A single chunk may have more pieces than that; libuv cuts them to what writev takes. */
	for (const struct output_chunk *chunk = output->first; chunk != NULL; chunk = chunk->next)
		if (reply_piece_count(&chunk->reply) > limit)
			limit = reply_piece_count(&chunk->reply);
	pieces = malloc(limit * sizeof(*pieces));
	bufs = malloc(limit * sizeof(*bufs));
	if (pieces != NULL && bufs != NULL) {
		count = chunks_to_bufs(output, pieces, bufs, limit);
		error = uv_write(&output->request, stream, bufs, (unsigned)count, done);
		output->writing = error == 0;
	}
	free(pieces);
	free(bufs);
	return error;
}

size_t output_sent(struct output *output)
{
	size_t sent = output->sending;
	size_t left = sent;

	output->writing = false;
	output->sending = 0;
	output->sending_chunks = 0;
	output->bytes -= sent;
	while (left > 0) {
		struct output_chunk *chunk = output->first;
		size_t rest = reply_len(&chunk->reply) - chunk->skip;

		if (left < rest) {
			chunk->skip += left;
			break;
		}
		left -= rest;
		output->first = chunk->next;
		chunk_free(chunk);
		output->chunks--;
	}
	return sent;
}
