/*
 * What a connection still has to send: replies that the kernel did not take, or that may not leave yet. Private to
 * net/.
 *
 * An output exists only while something waits, so that an idle connection pays one pointer for it.
 */
#ifndef CUBBY_NET_OUTPUT_H
#define CUBBY_NET_OUTPUT_H

#include <stdbool.h>
#include <stddef.h>
#include <uv.h>

#include "net/transport.h"
#include "resp/reply.h"

enum { OUTPUT_AT_ONCE = 128 * 1024 }; /* bytes of one client that are sent with one call */

struct output_chunk {
	struct output_chunk *next;
	uint64_t position; /* of the journal, which must be released before this may leave; 0: it may */
	struct reply reply;
	struct reply_place place; /* what is before it has been sent or is under way */
};

struct output {
	uv_write_t request; /* request.data is the connection */
	bool writing;	    /* the request is under way with the first `sending` bytes */
	size_t sending;
	size_t sending_chunks; /* that these bytes are in, the last perhaps in part */
	struct output_chunk *first;
	struct output_chunk *last;
	size_t bytes;		 /* that wait, those under way included */
	size_t chunks;		 /* number of them */
	size_t left_at_deadline; /* bytes libuv had not sent when the read deadline was last looked at */

	/* net/hold.c's. */
	bool held;
	struct output *held_prev, *held_next; /* the worker's list (utlist.h) */

	/* connection_send.c's. */
	bool later;
	struct output *later_prev, *later_next; /* the worker's list (utlist.h) */
};

/* `owner`: who finds itself in request.data. NULL when there is no memory. */
struct output *output_new(void *owner);
void output_free(struct output *output);

/* Takes over what `reply` holds, less its first `skip` bytes, and leaves `reply` empty; it may leave when the journal
 * has released `position`, be it nothing that will leave then. A small rest is copied, behind the last chunk when that
 * is possible, so that many slow readers do not each hold a large buffer and many small replies not a chunk each. False
 * when there is no memory. */
bool output_take(struct output *output, struct reply *reply, size_t skip, uint64_t position);

/* The position that must be released before all that waits may leave. */
uint64_t output_position(const struct output *output);

/* Starts to send what waits and may leave, with one request of 128 KB and 64 pieces at most; without any no request is
 * under way afterwards. A libuv error code; after an error only output_free() may follow. */
int output_send(struct output *output, uv_stream_t *stream, uint64_t released, uv_write_cb done);

/* Drops what the finished request has sent; returns the number of bytes. */
size_t output_sent(struct output *output);

/* Sends what waits and may leave now as far as the kernel takes it, likewise, while no request is under way, and drops
 * it. Returns the number of bytes, or a libuv error code, after which only output_free() may follow. */
ssize_t output_flush(struct output *output, struct transport *transport, uint64_t released);

/* Sends `reply` now as far as the kernel takes it, 128 KB and 64 pieces at most, while no output_send() is under way.
 * Returns the number of bytes, or a libuv error code. */
ssize_t output_try(struct transport *transport, const struct reply *reply);

#endif
