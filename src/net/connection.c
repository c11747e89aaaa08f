/*
 * A connection's life: it is opened, it is closed, and its deadline is watched meanwhile. What it reads and runs is in
 * connection_read.c, what it sends in connection_send.c, what commands ask of it in connection_session.c.
 *
 * The happy path: bytes are read into the worker's buffer, decoded into a batch, run, and the replies are sent with one
 * send(2); the connection itself holds no memory for any of it. It holds some only while
 *
 * - a command is unfinished: its first bytes wait in `input` (or, a large argument, in the decoder's block);
 * - its replies are more than one send takes (128 KB) or than the client reads: the rest waits in `output`, and beyond
 *   client-backlog-limit nothing more is read or run for it until that is gone;
 * - its replies tell of what the journal has not released (net/hold.h): they wait in `output`, too;
 * - the session is paused: what came after the pausing command waits in `input`;
 * - the session is blocked: the same, but it is read from, up to client-query-buffer-limit, for else nobody would see
 *   the client go.
 *
 * A connection ends when the client goes, when the deadline passes, when a command closes it or when another thread
 * asks for it. After a protocol error or QUIT the last reply is sent and our side shut first, and what the client had
 * under way is read and dropped: closing at once would make the kernel throw away the reply.
 */
#include "net/connection.h"

#include <stdlib.h>
#include <unistd.h>

#include "base/log.h"
#include "base/settings.h"
#include "command/monitor.h"
#include "net/hold.h"

enum { LINGER_MS = 1000 };

/* --- deadline ----------------------------------------------------------------------------------------------------- */

static void deadline_passed(uv_timer_t *timer);

void connection_start_deadline(struct connection *connection)
{
	uint64_t timeout = (uint64_t)setting_get(&settings.timeout) * 1000;

	if (connection->wait != NULL)
		timeout = (uint64_t)connection->wait->timeout;
	if (timeout == 0)
		uv_timer_stop(&connection->deadline);
	else
		uv_timer_start(&connection->deadline, deadline_passed, timeout, 0);
}

/* Whether the client has taken something of a long reply since the deadline was last looked at. */
static bool output_moves(struct connection *connection)
{
	size_t left = uv_stream_get_write_queue_size(&connection->transport.stream);
	bool moves;

	if (connection->output == NULL)
		return false;
	moves = left < connection->output->left_at_deadline;
	connection->output->left_at_deadline = left;
	return moves;
}

/* Reads only store the time; the timer looks at it when it fires and sleeps on for what is left. */
static void deadline_passed(uv_timer_t *timer)
{
	struct connection *connection = timer->data;
	struct worker *worker = connection->worker;
	uint64_t timeout = (uint64_t)setting_get(&settings.timeout) * 1000;
	uint64_t silent = uv_now(timer->loop) - connection->active;

	if (connection->state == CONNECTION_LINGERING) {
		connection_close(connection);
	} else if (connection->wait != NULL) {
		if (session_take(&connection->session, SESSION_BLOCKED))
			connection_end_wait(connection);
	} else if (timeout == 0) {
		return;
	} else if (session_has(&connection->session, SESSION_PAUSED | SESSION_LISTENS) || output_moves(connection) ||
		   connection_is_held(connection)) {
		connection_start_deadline(
			connection); /* the client waits for us, or takes its time to read what it asked for */
	} else if (silent < timeout) {
		uv_timer_start(timer, deadline_passed, timeout - silent, 0);
	} else {
		log_event(LOG_VERBOSE, "client closed at its read deadline", LOG_INT("id", connection->session.id),
			  LOG_INT("silent_ms", silent));
		counter_add(&worker->timed_out, 1);
		connection_close(connection);
	}
}

void connection_note_bytes(struct connection *connection, _Atomic uint64_t *field, uint64_t bytes)
{
	uint64_t before = atomic_load_explicit(field, memory_order_relaxed);

	if (bytes == before)
		return;
	counter_add(&connection->worker->buffered, bytes - before);
	atomic_store_explicit(field, bytes, memory_order_relaxed);
}

/* --- closing ------------------------------------------------------------------------------------------------------ */

static void handle_closed(uv_handle_t *handle)
{
	struct connection *connection = handle->data;

	if (--connection->open_handles > 0)
		return;
	connection_note_bytes(connection, &connection->input_bytes, 0);
	connection_note_bytes(connection, &connection->output_bytes, 0);
	output_free(connection->output);
	free(connection);
}

void connection_close(struct connection *connection)
{
	if (connection->state == CONNECTION_CLOSING)
		return;
	connection->state = CONNECTION_CLOSING;
	worker_cancel_task(connection->worker, &connection->session);
	connection_cancel_wait(connection);
	hold_end(connection);
	connection_forget_later(connection);
	monitor_leave(&connection->session);
	session_free(&connection->session); /* before the descriptor goes: others may be looking at it */
	inbox_free(connection);
	resp_decoder_free(&connection->decoder);
	buffer_free(&connection->input);
	atomic_fetch_sub_explicit(&connection->worker->clients, 1, memory_order_relaxed);
	uv_close((uv_handle_t *)&connection->deadline, handle_closed);
	uv_close(&connection->transport.handle, handle_closed);
}

void connection_linger(struct connection *connection)
{
	if (connection->state != CONNECTION_OPEN)
		return;
	connection->state = CONNECTION_LINGERING;
	shutdown(transport_fd(&connection->transport), SHUT_WR);
	uv_timer_start(&connection->deadline, deadline_passed, LINGER_MS, 0);
	connection_resume_input(connection);
}

void connection_close_all(struct worker *worker)
{
	struct session *session = worker->registry.sessions;

	while (session != NULL) {
		struct session *next = session->next;

		connection_close(connection_of(session));
		session = next;
	}
}

/* --- opening ------------------------------------------------------------------------------------------------------ */

/* Closes the handles of a connection that never was one; frees it when there are none. */
static void connection_abandon(struct connection *connection, bool opened)
{
	atomic_fetch_sub_explicit(&connection->worker->clients, 1, memory_order_relaxed);
	connection->state = CONNECTION_CLOSING;
	if (opened) {
		connection->open_handles = 1;
		uv_close(&connection->transport.handle, handle_closed);
	} else {
		free(connection);
	}
}

void connection_open(struct worker *worker, int fd, enum transport_kind kind, struct transport_address address)
{
	struct connection *connection = worker->stopping ? NULL : calloc(1, sizeof(*connection));
	struct command_host *host = worker->dispatcher.host;
	bool opened;
	int error;

	if (connection == NULL) {
		atomic_fetch_sub_explicit(&worker->clients, 1, memory_order_relaxed);
		close(fd);
		return;
	}
	connection->worker = worker;
	error = transport_open(&connection->transport, &worker->loop, fd, kind, &opened);
	connection->transport.handle.data = connection;
	connection->transport.address = address;
	if (error != 0) {
		log_event(LOG_WARNING, "cannot serve a client", LOG_TEXT_FIELD("error", uv_strerror(error)));
		close(fd);
		connection_abandon(connection, opened);
		return;
	}
	transport_set_keepalive(&connection->transport, (unsigned)setting_get(&settings.tcp_keepalive));
	uv_timer_init(&worker->loop, &connection->deadline);
	connection->deadline.data = connection;
	connection->open_handles = 2;
	session_init(&connection->session, &connection_session_ops, &worker->registry, worker_now(worker));
	if (!host->password_required(host))
		session_mark(&connection->session, SESSION_AUTHENTICATED);
	connection->active = uv_now(&worker->loop);
	connection_start_deadline(connection);
	connection_resume_input(connection);
}

void connection_apply_timeout(uv_loop_t *loop, void *unused)
{
	struct session *session = worker_of(loop)->registry.sessions;

	(void)unused;
	while (session != NULL) {
		struct connection *connection = connection_of(session);

		session = session->next; /* before the session may go */
		if (connection->state != CONNECTION_OPEN || connection->wait != NULL)
			continue;
		connection_start_deadline(connection);
		if (setting_get(&settings.timeout) > 0)
			deadline_passed(&connection->deadline);
	}
}

void connection_apply_keepalive(uv_loop_t *loop, void *unused)
{
	(void)unused;
	for (struct session *s = worker_of(loop)->registry.sessions; s != NULL; s = s->next)
		transport_set_keepalive(&connection_of(s)->transport, (unsigned)setting_get(&settings.tcp_keepalive));
}
