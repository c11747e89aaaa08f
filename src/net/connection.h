/*
 * A connection: a socket with its deadline, its decoder, its session and what it still has to send. Private to net/.
 *
 * It belongs to one worker and is touched by that worker's thread alone, but for the atomics that CLIENT LIST reads.
 * Functions are for that thread where nothing else is said.
 */
#ifndef CUBBY_NET_CONNECTION_H
#define CUBBY_NET_CONNECTION_H

#include <stdatomic.h>
#include <stdbool.h>
#include <uv.h>

#include "net/inbox.h"
#include "net/output.h"
#include "net/transport.h"
#include "net/worker.h"
#include "resp/decoder.h"
#include "session/session.h"

enum connection_state {
	CONNECTION_OPEN,
	CONNECTION_LINGERING, /* our side is shut; what the client still sends is dropped until it goes, or a second is
				 over */
	CONNECTION_CLOSING,   /* uv_close was called */
};

/* Its size counts: there may be ten thousand idle ones. */
struct connection {
	struct session session;
	struct transport transport;
	uv_timer_t deadline; /* not running when `timeout` is 0 */
	struct worker *worker;
	struct resp_decoder decoder;
	struct buffer input;   /* bytes that have come and are not run yet */
	struct output *output; /* NULL when nothing waits to be sent */
	struct inbox inbox;
	struct session_wait *wait; /* NULL: the session is not blocked. `deadline` is the wait's timer, then */
	uint64_t active;	   /* loop time in ms of the last finished command or other progress */
	uint64_t above_since; /* loop time in ms since which it has been above its soft output limit; 0: it is not */
	uint32_t progress;    /* bytes of an unfinished command since then */
	uint8_t state;	      /* enum connection_state */
	uint8_t open_handles; /* whose close callback has not come */
	bool reading;	      /* uv_read_start is in force */
	bool serving;	      /* its commands are being run further up the stack */
	bool at_end;	      /* the client has shut its side: nothing more comes */

	/* For CLIENT LIST, on any thread. */
	_Atomic uint64_t input_bytes;
	_Atomic uint64_t input_memory; /* with the room that is allocated and not used */
	_Atomic uint64_t output_bytes;
	_Atomic uint64_t output_chunks;
	_Atomic uint64_t inbox_bytes;
};

static inline struct connection *connection_of(struct session *session)
{
	return (struct connection *)session; /* its first member */
}

/* --- life (connection.c) ------------------------------------------------------------------------------------------ */

/* Takes over an accepted descriptor; it is closed when the connection cannot be made. The worker's thread. */
void connection_open(struct worker *worker, int fd, enum transport_kind kind, struct transport_address address);

/* Ends it at once, whatever is still to be sent. Nothing happens when it is closing already. */
void connection_close(struct connection *connection);

/* Closes it once the client has all that was sent to it. */
void connection_linger(struct connection *connection);

/* Closes every connection of the worker at once. */
void connection_close_all(struct worker *worker);

/* Sets its timer: to the end of the wait if it is blocked, else to the read deadline. */
void connection_start_deadline(struct connection *connection);

/* Notes in `field`, one of the connection's own, how many bytes it holds of that kind. */
void connection_note_bytes(struct connection *connection, _Atomic uint64_t *field, uint64_t bytes);

/* Jobs for net_post: after the settings `timeout` and `tcp-keepalive` have changed. */
void connection_apply_timeout(uv_loop_t *loop, void *unused);
void connection_apply_keepalive(uv_loop_t *loop, void *unused);

/* --- sending (connection_send.c) ---------------------------------------------------------------------------------- */

/* Sends `reply` and empties it: at once as far as the kernel takes it, the rest when it does. */
void connection_send(struct connection *connection, struct reply *reply);

/* Sends what is in its inbox. */
void connection_deliver(struct connection *connection);

/* Takes it out of the list of those whose output goes on in a later turn, if it is there. */
void connection_forget_later(struct connection *connection);

/* Whether some of its output must wait for the journal: it runs no commands until that has been released. */
static inline bool connection_is_held(const struct connection *connection)
{
	return connection->output != NULL && connection->output->held;
}

/* Sends what the journal has released of its output, and goes on where that has held it up. */
void connection_release(struct connection *connection);

/* Bytes of replies that wait. */
static inline size_t connection_backlog(const struct connection *connection)
{
	return connection->output != NULL ? connection->output->bytes : 0;
}

/* Bytes that wait to be sent to the client. Any thread. */
static inline uint64_t connection_waiting(const struct connection *connection)
{
	return atomic_load_explicit(&connection->output_bytes, memory_order_relaxed) +
	       atomic_load_explicit(&connection->inbox_bytes, memory_order_relaxed);
}

/* Counts and logs that a client is closed at client-output-buffer-limit. Any thread. */
void connection_note_limit(const struct connection *connection);

/* Closes the connections of the worker that have been above their soft output limit for too long. Returns whether any
 * is still above it. */
bool connection_check_soft_limits(struct worker *worker);

/* --- reading and running (connection_read.c) ---------------------------------------------------------------------- */

/* Goes on where a backlog or a pause had stopped it. */
void connection_resume_input(struct connection *connection);

/* After commands have run, or what it waits for has changed: closes what is to be closed, and reads on or not. */
void connection_settle(struct connection *connection);

/* A job for net_post: runs the commands that waited for the end of a pause. */
void connection_resume_postponed(uv_loop_t *loop, void *unused);

/* --- what sessions ask for (connection_session.c) ----------------------------------------------------------------- */

extern const struct session_ops connection_session_ops;

/* Answers what the session waited for, and goes on with what has come meanwhile. */
void connection_end_wait(struct connection *connection);

/* The client goes: forgets what it waited for, if it did. */
void connection_cancel_wait(struct connection *connection);

#endif
