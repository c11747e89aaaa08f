/*
 * The happy path: bytes are read into the worker's buffer, decoded into a batch, run, and the replies are sent with one
 * send(2); the connection itself holds no memory for any of it. It holds some only while
 *
 * - a command is unfinished: its first bytes wait in `input` (or, a large argument, in the decoder's block);
 * - its replies are more than one send takes (128 KB) or than the client reads: the rest waits in `output`, and beyond
 *   client-backlog-limit nothing more is read or run for it until that is gone;
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
#include "net/output_limit.h"
#include "session/postpone.h"

enum {
	PROGRESS_BYTES = 16 * 1024, /* of an unfinished command that put off the deadline as a finished one does */
	LINGER_MS = 1000,
	BLOCK_READ_SIZE = 128 * 1024, /* bytes that one read(2) may bring of a large argument */
};

static const struct session_ops connection_session_ops;

static void connection_close(struct connection *connection);
static void connection_resume_input(struct connection *connection);
static void connection_end_wait(struct connection *connection);

static struct connection *connection_of(struct session *session)
{
	return (struct connection *)session; /* its first member */
}

/* --- deadline ----------------------------------------------------------------------------------------------------- */

static void deadline_passed(uv_timer_t *timer);

static void deadline_start(struct connection *connection)
{
	uint64_t timeout = (uint64_t)setting_get(&settings.timeout) * 1000;

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
	} else if (session_has(&connection->session, SESSION_PAUSED | SESSION_LISTENS) || output_moves(connection)) {
		deadline_start(connection); /* the client waits for us, or takes its time to read what it asked for */
	} else if (silent < timeout) {
		uv_timer_start(timer, deadline_passed, timeout - silent, 0);
	} else {
		log_event(LOG_VERBOSE, "client closed at its read deadline", LOG_INT("id", connection->session.id),
			  LOG_INT("silent_ms", silent));
		counter_add(&worker->timed_out, 1);
		connection_close(connection);
	}
}

/* Notes in `field` how many bytes the connection holds of one kind. */
static void connection_note_bytes(struct connection *connection, _Atomic uint64_t *field, uint64_t bytes)
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

/* The wait, which has ended. */
static struct session_wait *connection_take_wait(struct connection *connection)
{
	struct session_wait *wait = connection->wait;
	counter *blocked = &connection->worker->blocked;

	connection->wait = NULL;
	counter_set(blocked, counter_get(blocked) - 1);
	return wait;
}

/* The client goes while it waits. */
static void connection_cancel_wait(struct connection *connection)
{
	struct session_wait *wait;

	if (connection->wait == NULL)
		return;
	wait = connection_take_wait(connection);
	wait->cancel(wait);
}

static void connection_close(struct connection *connection)
{
	if (connection->state == CONNECTION_CLOSING)
		return;
	connection->state = CONNECTION_CLOSING;
	worker_cancel_task(connection->worker, &connection->session);
	connection_cancel_wait(connection);
	monitor_leave(&connection->session);
	session_free(&connection->session); /* before the descriptor goes: others may be looking at it */
	inbox_free(connection);
	resp_decoder_free(&connection->decoder);
	buffer_free(&connection->input);
	atomic_fetch_sub_explicit(&connection->worker->clients, 1, memory_order_relaxed);
	uv_close((uv_handle_t *)&connection->deadline, handle_closed);
	uv_close(&connection->transport.handle, handle_closed);
}

/* Closes once the client has all that was sent to it. */
static void connection_linger(struct connection *connection)
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

/* --- sending ------------------------------------------------------------------------------------------------------ */

static void connection_note_output(struct connection *connection)
{
	struct output *output = connection->output;
	uint64_t bytes = output != NULL ? output->bytes : 0;

	connection_note_bytes(connection, &connection->output_bytes, bytes);
	atomic_store_explicit(&connection->output_chunks, output != NULL ? output->chunks : 0, memory_order_relaxed);
	if (bytes > counter_get(&connection->worker->largest_output))
		counter_set(&connection->worker->largest_output, bytes);
	output_limit_note(connection, uv_now(&connection->worker->loop));
	if (connection->above_since != 0)
		worker_watch_soft_limits(connection->worker);
}

void connection_note_limit(const struct connection *connection)
{
	log_event(LOG_WARNING, "client closed at client-output-buffer-limit", LOG_INT("id", connection->session.id),
		  LOG_INT("bytes", connection_waiting(connection)));
	atomic_fetch_add_explicit(&connection->worker->output_limit_closed, 1, memory_order_relaxed);
}

static void connection_close_at_limit(struct connection *connection)
{
	if (connection->state == CONNECTION_CLOSING || session_has(&connection->session, SESSION_KILLED))
		return; /* or is about to be */
	connection_note_limit(connection);
	connection_close(connection);
}

bool connection_check_soft_limits(struct worker *worker)
{
	struct session *session = worker->registry.sessions;
	uint64_t now = uv_now(&worker->loop);
	bool some_are_above = false;

	while (session != NULL) {
		struct connection *connection = connection_of(session);

		session = session->next; /* before the session may go */
		if (connection->above_since == 0)
			continue;
		output_limit_note(connection, now);
		some_are_above |= connection->above_since != 0;
		if (output_limit_outlasted(connection, now))
			connection_close_at_limit(connection);
	}
	return some_are_above;
}

static size_t connection_backlog(const struct connection *connection)
{
	return connection->output != NULL ? connection->output->bytes : 0;
}

static void output_done(uv_write_t *request, int status);

/* Starts sending what waits, unless a request is under way already. */
static void connection_send_output(struct connection *connection)
{
	struct output *output = connection->output;

	if (output->writing)
		return;
	output->request.data = connection;
	if (output_send(output, &connection->transport.stream, output_done) != 0)
		connection_close(connection);
}

static void output_done(uv_write_t *request, int status)
{
	struct connection *connection = request->data;
	struct output *output = connection->output;

	if (status != 0) {
		connection_close(connection);
		return;
	}
	counter_add(&connection->worker->output_bytes, output_sent(output));
	counter_add(&connection->worker->writes, 1);
	connection->active = uv_now(&connection->worker->loop);
	if (output->first != NULL) {
		connection_send_output(connection);
	} else {
		output_free(output);
		connection->output = NULL;
	}
	connection_note_output(connection);
	if (connection->state != CONNECTION_OPEN)
		return;
	if (connection->output == NULL && session_has(&connection->session, SESSION_CLOSING))
		connection_linger(connection);
	else
		connection_resume_input(connection);
}

/* Sends `reply` and empties it: at once as far as the kernel takes it, the rest when it does. */
static void connection_send(struct connection *connection, struct reply *reply)
{
	size_t len = reply_len(reply);
	ssize_t sent = 0;

	if (reply_failed(reply)) {
		log_event(LOG_WARNING, "no memory for a reply, client closed", LOG_INT("id", connection->session.id));
		reply_free(reply);
		connection_close(connection);
		return;
	}
	if (len == 0)
		return;
	if (connection->output == NULL) {
		sent = output_try(&connection->transport, reply);
		if (sent == (ssize_t)len) {
			counter_add(&connection->worker->output_bytes, len);
			counter_add(&connection->worker->writes, 1);
			reply_clear(reply);
			return;
		}
		if (sent >= 0)
			connection->output = output_new();
	}
	if (sent < 0 || connection->output == NULL || !output_take(connection->output, reply, (size_t)sent)) {
		log_event(sent == UV_ENOMEM || sent >= 0 ? LOG_WARNING : LOG_VERBOSE,
			  "cannot send a reply, client closed", LOG_INT("id", connection->session.id),
			  LOG_TEXT_FIELD("error", uv_strerror(sent < 0 ? (int)sent : UV_ENOMEM)));
		reply_clear(reply);
		connection_close(connection);
		return;
	}
	counter_add(&connection->worker->output_bytes, (uint64_t)sent);
	counter_add(&connection->worker->writes, sent > 0);
	connection_note_output(connection);
	if (output_limit_reached(connection))
		connection_close_at_limit(connection);
	else
		connection_send_output(connection);
}

void connection_deliver(struct connection *connection)
{
	struct reply reply = {.protocol = session_protocol(&connection->session)};

	if (inbox_take(connection, &reply) && connection->state == CONNECTION_OPEN)
		connection_send(connection, &reply);
	reply_free(&reply);
}

/* --- running commands --------------------------------------------------------------------------------------------- */

/* Whether more of this client's commands may run now. */
static bool connection_may_run(const struct connection *connection)
{
	return connection->state == CONNECTION_OPEN &&
	       !session_has(&connection->session, SESSION_CLOSING | SESSION_PAUSED) &&
	       connection_backlog(connection) < (size_t)setting_get(&settings.client_backlog_limit);
}

/* Whether its client waits, perhaps for ever, and is read from so that its leaving is noticed. A pause ends by itself:
 * for that the memory is not spent. */
static bool connection_awaits_end(const struct connection *connection)
{
	if (connection->state != CONNECTION_OPEN || session_has(&connection->session, SESSION_CLOSING))
		return false;
	return connection->wait != NULL ||
	       (session_is_postponed(&connection->session) && connection->input.len < WORKER_READ_SIZE);
}

/* Whether more of its bytes may come: to be run, or to be kept. */
static bool connection_may_read(const struct connection *connection)
{
	return connection_may_run(connection) || connection_awaits_end(connection);
}

/* What decoding a batch came to. */
struct decoded {
	size_t count;		/* requests */
	size_t at;		/* the first byte that they do not use */
	size_t kept;		/* for RESP_MORE: bytes from there that belong to an unfinished command */
	enum resp_result ended; /* why the batch has no more; RESP_OK when it is full */
	char error[RESP_ERROR_TEXT];
};

/* Whether an inline command begins here, perhaps behind an empty array ("*0" or "*-1"). */
static bool may_be_inline(const char *data, size_t len)
{
	return len > 0 && (data[0] != '*' || (len > 1 && data[1] <= '0'));
}

/* Decodes up to DISPATCH_BATCH requests. An inline command is a batch by itself: it is unquoted in place, so it cannot
 * be decoded again should the batch stop ahead of it. */
static void batch_decode(struct connection *connection, char *data, size_t len, struct decoded *decoded)
{
	struct worker *worker = connection->worker;
	struct resp_limits limits = {
		.max_bulk = (size_t)setting_get(&settings.proto_max_bulk_len),
		.authenticated = session_has(&connection->session, SESSION_AUTHENTICATED) ||
				 !worker->dispatcher.host->password_required(worker->dispatcher.host),
	};
	bool is_inline = false;

	resp_args_reset(&worker->args);
	decoded->ended = RESP_OK;
	while (decoded->count < DISPATCH_BATCH && !is_inline) {
		size_t used = 0;

		if (decoded->at == len) { /* the most frequent end by far */
			decoded->ended = RESP_MORE;
			return;
		}
		if (may_be_inline(data + decoded->at, len - decoded->at) &&
		    !resp_decoder_is_midway(&connection->decoder)) {
			if (decoded->count > 0)
				return;
			is_inline = true;
		}
		decoded->ended =
			resp_decode(&connection->decoder, &limits, data + decoded->at, len - decoded->at, &worker->args,
				    &worker->requests[decoded->count], &used, &decoded->kept, decoded->error);
		if (decoded->ended == RESP_MORE)
			decoded->at += used;
		if (decoded->ended != RESP_OK)
			break;
		worker->starts[decoded->count++] = decoded->at;
		decoded->at += used;
	}
	/* An error is looked at again behind the batch, which may change the limits: AUTH does. */
	if (decoded->ended == RESP_ERROR && decoded->count > 0)
		decoded->ended = RESP_OK;
}

static void connection_protocol_error(struct connection *connection, const char *error)
{
	struct worker *worker = connection->worker;

	log_event(LOG_VERBOSE, "protocol error, client closed", LOG_INT("id", connection->session.id),
		  LOG_TEXT_FIELD("error", error));
	counter_add(&worker->protocol_errors, 1);
	worker->dispatcher.host->count_error(worker->dispatcher.host, SLICE("ERR"));
	if (!session_has(&connection->session, SESSION_SILENT))
		reply_errorf(&worker->reply, "ERR %s", error);
	session_mark(&connection->session, SESSION_CLOSING);
}

/* Runs a decoded batch. Returns false when it stopped ahead of its end; *at is then where the first command that has
 * not run begins. */
static bool batch_run(struct connection *connection, const struct decoded *decoded, size_t *at)
{
	struct worker *worker = connection->worker;
	size_t limit = (size_t)setting_get(&settings.client_backlog_limit);
	size_t done;

	if (decoded->count == 0)
		return true;
	done = dispatch_batch(&worker->dispatcher, &connection->session, worker->requests, decoded->count,
			      worker_now(worker), &worker->reply, limit);
	/* Only a command that came in several pieces owns memory, and only the first of a batch can be one. */
	resp_request_release(&worker->requests[0]);
	counter_add(&worker->commands, done);
	connection->active = uv_now(&worker->loop);
	connection->progress = 0;
	if (done == decoded->count)
		return true;
	*at = worker->starts[done];
	/* An unfinished command behind the batch is decoded again, too: what it has put aside is still in the input. */
	resp_decoder_free(&connection->decoder);
	return false;
}

/*
 * Runs what `data` has and sends the replies. Returns where the bytes begin that must be kept, and in *kept how many
 * there are.
 */
static size_t connection_serve(struct connection *connection, char *data, size_t len, size_t *kept)
{
	struct worker *worker = connection->worker;
	size_t limit = (size_t)setting_get(&settings.client_backlog_limit);
	size_t at = 0;
	bool more = true;

	*kept = len;
	connection->serving = true;
	while (more && connection_may_run(connection)) {
		struct decoded decoded = {.at = at};

		batch_decode(connection, data, len, &decoded);
		if (!batch_run(connection, &decoded, &at)) {
			*kept = len - at;
		} else {
			at = decoded.at;
			*kept = len - at;
			if (decoded.ended == RESP_MORE)
				*kept = decoded.kept;
			if (decoded.ended == RESP_ERROR && !session_has(&connection->session, SESSION_CLOSING))
				connection_protocol_error(connection, decoded.error);
			more = decoded.ended != RESP_MORE;
		}
		if (reply_len(&worker->reply) >= limit)
			connection_send(connection, &worker->reply);
	}
	connection_send(connection, &worker->reply);
	connection->serving = false;
	return at;
}

/* --- reading ------------------------------------------------------------------------------------------------------ */

static void connection_note_input(struct connection *connection)
{
	uint64_t bytes = connection->input.len + resp_decoder_footprint(&connection->decoder);

	connection_note_bytes(connection, &connection->input_bytes, bytes);
	atomic_store_explicit(&connection->input_bytes, bytes, memory_order_relaxed);
	atomic_store_explicit(&connection->input_memory,
			      connection->input.cap + resp_decoder_footprint(&connection->decoder),
			      memory_order_relaxed);
	if (bytes > counter_get(&connection->worker->largest_input))
		counter_set(&connection->worker->largest_input, bytes);
}

/* Bytes of an unfinished command have come. */
static void connection_note_progress(struct connection *connection, size_t len)
{
	size_t progress = connection->progress + len;

	if (progress >= PROGRESS_BYTES) {
		connection->active = uv_now(&connection->worker->loop);
		progress = 0;
	}
	connection->progress = (uint32_t)progress;
}

/* Keeps exactly `kept` bytes at `data` as the connection's input; they may lie within it already. */
static bool connection_keep(struct connection *connection, const char *data, size_t kept)
{
	struct buffer *input = &connection->input;

	if (kept == 0) {
		if (input->data != NULL)
			buffer_free(input);
		return true;
	}
	if (input->data != NULL && data >= input->data && data <= input->data + input->len) {
		if (data != input->data) /* else a long command, of which all is kept */
			memmove(input->data, data, kept);
		input->len = kept;
	} else {
		input->len = 0;
		buffer_append(input, data, kept);
	}
	buffer_trim(input);
	return !input->failed;
}

/* After serving: closes what is to be closed, and reads on or not. */
static void connection_settle(struct connection *connection)
{
	struct worker *worker = connection->worker;
	size_t held;

	if (connection->state != CONNECTION_OPEN)
		return;
	if (session_has(&connection->session, SESSION_CLOSING)) {
		buffer_free(&connection->input);
		resp_decoder_free(&connection->decoder);
		if (connection->output == NULL)
			connection_linger(connection);
		return;
	}
	held = connection->input.len + resp_decoder_footprint(&connection->decoder);
	if (held > (size_t)setting_get(&settings.client_query_buffer_limit)) {
		log_event(LOG_WARNING, "client closed at client-query-buffer-limit",
			  LOG_INT("id", connection->session.id), LOG_INT("bytes", held));
		counter_add(&worker->query_limit_closed, 1);
		connection_close(connection);
		return;
	}
	if (connection->reading && !connection_may_read(connection)) {
		uv_read_stop(&connection->transport.stream);
		connection->reading = false;
	}
}

/* Serves `data` and keeps what is left of it. */
static void connection_input(struct connection *connection, char *data, size_t len)
{
	size_t kept;
	size_t at = connection_serve(connection, data, len, &kept);

	if (connection->state != CONNECTION_OPEN)
		return;
	if (!connection_keep(connection, data + at, kept)) {
		log_event(LOG_WARNING, "no memory for a client's input, client closed",
			  LOG_INT("id", connection->session.id));
		connection_close(connection);
		return;
	}
	if (kept > 0 || atomic_load_explicit(&connection->input_bytes, memory_order_relaxed) > 0)
		connection_note_input(connection);
	connection_settle(connection);
}

/* Counts what a client has brought in this turn of the loop. */
static void turn_note(const struct connection *connection, size_t len)
{
	struct worker *worker = connection->worker;

	if (worker->reader != connection)
		worker->reader_bytes = 0;
	worker->reader = connection;
	worker->reader_bytes += len;
}

/* Whether it was enough, and the others are to be served first. */
static bool turn_is_over(const struct connection *connection)
{
	const struct worker *worker = connection->worker;

	return worker->reader == connection && worker->reader_bytes >= WORKER_READ_SIZE;
}

/*
 * Where the next bytes go: into a large argument's block; behind a long unfinished command; else into the worker's
 * buffer, where there is room to put a short one in front of them. Nowhere when the client's turn is over: libuv then
 * tells read_done() UV_ENOBUFS and comes back after the next poll.
 */
static void read_alloc(uv_handle_t *handle, size_t suggested, uv_buf_t *buf)
{
	struct connection *connection = handle->data;
	struct worker *worker = connection->worker;
	struct buffer *input = &connection->input;
	size_t room;

	(void)suggested;
	*buf = uv_buf_init(NULL, 0);
	if (turn_is_over(connection))
		return;
	buf->base = resp_decoder_room(&connection->decoder, &room);
	if (buf->base != NULL) {
		buf->len = room < BLOCK_READ_SIZE ? room : BLOCK_READ_SIZE;
	} else if (input->len > WORKER_HEADROOM) {
		buf->base = buffer_reserve(input, WORKER_READ_SIZE) ? input->data + input->len : NULL;
		buf->len = buf->base != NULL ? input->cap - input->len : 0;
	} else {
		buf->base = worker->input + WORKER_HEADROOM;
		buf->len = WORKER_READ_SIZE;
	}
}

/* `len` bytes have come to where read_alloc said. */
static void read_bytes(struct connection *connection, char *bytes, size_t len)
{
	struct worker *worker = connection->worker;
	struct buffer *input = &connection->input;
	size_t before = input->len;

	counter_add(&worker->input_bytes, len);
	counter_add(&worker->reads, 1);
	if (resp_decoder_is_midway(&connection->decoder))
		connection_note_progress(connection, len);
	if (bytes != worker->input + WORKER_HEADROOM && bytes != input->data + input->len) {
		resp_decoder_filled(&connection->decoder, len);
		connection_note_input(connection);
		connection_settle(connection);
	} else if (before > WORKER_HEADROOM) {
		input->len += len;
		connection_input(connection, input->data, input->len);
	} else {
		if (before > 0)
			memcpy(bytes - before, input->data, before);
		connection_input(connection, bytes - before, before + len);
	}
}

/* No more bytes come from the client. If it has only shut its own side, it still gets the replies that wait. */
static void read_ended(struct connection *connection, ssize_t reason)
{
	if (reason != UV_EOF || connection->output == NULL || connection->state != CONNECTION_OPEN) {
		connection_close(connection);
		return;
	}
	connection->reading = false; /* libuv stops at the end by itself */
	session_mark(&connection->session, SESSION_CLOSING);
	connection_settle(connection);
}

static void read_done(uv_stream_t *stream, ssize_t len, const uv_buf_t *buf)
{
	struct connection *connection = stream->data;

	if (len == UV_ENOBUFS && turn_is_over(connection))
		return;
	if (len < 0) {
		read_ended(connection, len);
		return;
	}
	turn_note(connection, (size_t)len);
	if (len > 0 && connection->state == CONNECTION_OPEN)
		read_bytes(connection, buf->base, (size_t)len);
}

/* Goes on where a backlog or a pause had stopped it. */
static void connection_resume_input(struct connection *connection)
{
	if (connection->serving)
		return;
	if (connection->input.len > 0 && connection_may_run(connection))
		connection_input(connection, connection->input.data, connection->input.len);
	if (connection->state == CONNECTION_CLOSING || connection->reading)
		return;
	if (connection->state == CONNECTION_LINGERING || connection_may_read(connection))
		connection->reading = uv_read_start(&connection->transport.stream, read_alloc, read_done) == 0;
}

/* Runs the command that waited for the end of a pause. It may have to wait again. */
static void connection_run_postponed(struct connection *connection)
{
	struct worker *worker = connection->worker;
	struct resp_request request;

	if (connection->state != CONNECTION_OPEN || session_has(&connection->session, SESSION_CLOSING)) {
		session_forget_postponed(&connection->session); /* it has sent its last and left */
		return;
	}
	request = session_take_postponed(&connection->session);
	session_unmark(&connection->session, SESSION_PAUSED);
	connection->active = uv_now(&worker->loop); /* the wait was ours */
	connection->serving = true;
	dispatch_batch(&worker->dispatcher, &connection->session, &request, 1, worker_now(worker), &worker->reply,
		       (size_t)setting_get(&settings.client_backlog_limit));
	resp_request_release(&request);
	connection_send(connection, &worker->reply);
	connection->serving = false;
	connection_settle(connection);
	connection_resume_input(connection);
}

void connection_resume_postponed(uv_loop_t *loop, void *unused)
{
	struct session *session = worker_of(loop)->registry.sessions;

	(void)unused;
	while (session != NULL) {
		struct session *next = session->next; /* the session may go, but no other one */

		if (session_is_postponed(session))
			connection_run_postponed(connection_of(session));
		session = next;
	}
}

/* --- what sessions ask for ---------------------------------------------------------------------------------------- */

static void on_session_close(struct session *session)
{
	struct connection *connection = connection_of(session);

	session_mark(session, SESSION_CLOSING);
	if (!connection->serving)
		connection_settle(connection);
}

static void on_session_pause(struct session *session)
{
	struct connection *connection = connection_of(session);

	session_mark(session, SESSION_PAUSED);
	if (!connection->serving)
		connection_settle(connection);
}

static void on_session_resume(struct session *session)
{
	connection_of(session)->active = uv_now(&connection_of(session)->worker->loop); /* the wait was ours */
	session_unmark(session, SESSION_PAUSED);
	connection_resume_input(connection_of(session));
}

static void on_session_send_reply(struct session *session, struct reply *reply)
{
	struct connection *connection = connection_of(session);

	if (connection->state == CONNECTION_OPEN && !session_has(session, SESSION_SILENT))
		connection_send(connection, reply);
	else
		reply_clear(reply);
}

static void on_session_send(struct session *session, struct slice bytes)
{
	struct reply reply = {.protocol = session_protocol(session)};

	reply_raw(&reply, bytes);
	on_session_send_reply(session, &reply);
	reply_free(&reply);
}

static void on_session_push(struct session *session, struct block *message)
{
	inbox_put(connection_of(session), message);
}

static void on_session_take_pushed(struct session *session, struct reply *reply)
{
	inbox_take(connection_of(session), reply);
}

static void on_session_run(struct session *session, struct session_task *task)
{
	on_session_pause(session);
	worker_run_task(connection_of(session)->worker, session, task);
}

/* Answers what the session waited for, and goes on with what has come meanwhile. */
static void connection_end_wait(struct connection *connection)
{
	struct session *session = &connection->session;
	struct command_host *host = connection->worker->dispatcher.host;
	struct session_wait *wait = connection_take_wait(connection);

	session_take(session, SESSION_RELEASED);
	deadline_start(connection);
	if (session_take(session, SESSION_RELEASED_ERROR)) {
		host->count_error(host, SLICE("UNBLOCKED"));
		on_session_send(session, SLICE("-UNBLOCKED client unblocked via CLIENT UNBLOCK\r\n"));
		wait->cancel(wait);
	} else {
		wait->finish(wait, session);
	}
	on_session_resume(session);
}

static void on_session_block(struct session *session, struct session_wait *wait)
{
	struct connection *connection = connection_of(session);
	uv_loop_t *loop = &connection->worker->loop;

	connection->wait = wait;
	counter_add(&connection->worker->blocked, 1);
	uv_update_time(loop); /* commands may have run for long since it was last read */
	if (wait->timeout > 0)
		uv_timer_start(&connection->deadline, deadline_passed, (uint64_t)wait->timeout, 0);
	else
		uv_timer_stop(&connection->deadline);
	session_mark(session, SESSION_BLOCKED);
	on_session_pause(session);
}

static void sweep_sessions(uv_loop_t *loop, void *unused)
{
	struct worker *worker = worker_of(loop);
	struct session *session = worker->registry.sessions;

	(void)unused;
	atomic_store(&worker->sweep_posted, false);
	while (session != NULL) {
		struct session *next = session->next;

		if (session_has(session, SESSION_KILLED))
			connection_close(connection_of(session));
		else if (session_has(session, SESSION_RELEASED | SESSION_RELEASED_ERROR) &&
			 connection_of(session)->state == CONNECTION_OPEN)
			connection_end_wait(connection_of(session));
		session = next;
	}
}

static void sweep_post(struct worker *worker)
{
	if (!atomic_exchange(&worker->sweep_posted, true))
		worker_post(worker, sweep_sessions, NULL);
}

static void on_session_kill(struct session *session)
{
	session_mark(session, SESSION_KILLED);
	sweep_post(connection_of(session)->worker);
}

/* Whoever takes the flag ends the wait: a timer that fires meanwhile leaves it to the sweep. */
static bool on_session_release(struct session *session, enum session_release how)
{
	if (!session_take(session, SESSION_BLOCKED))
		return false;
	session_mark(session, how == SESSION_RELEASE_ERROR ? SESSION_RELEASED_ERROR : SESSION_RELEASED);
	sweep_post(connection_of(session)->worker);
	return true;
}

static uint64_t on_session_footprint(const struct session *session)
{
	const struct connection *connection = (const struct connection *)session;

	return sizeof(*connection) + session_footprint(session) +
	       atomic_load_explicit(&connection->input_memory, memory_order_relaxed) +
	       atomic_load_explicit(&connection->output_bytes, memory_order_relaxed) + inbox_bytes(connection);
}

static void on_session_describe(const struct session *session, struct session_peer *peer)
{
	const struct connection *connection = (const struct connection *)session;
	uint64_t input = atomic_load_explicit(&connection->input_bytes, memory_order_relaxed);
	uint64_t memory = atomic_load_explicit(&connection->input_memory, memory_order_relaxed);

	*peer = (struct session_peer){
		.fd = transport_fd(&connection->transport),
		.unix_socket = connection->transport.address.family == AF_UNIX,
		.query_buffer = input,
		.query_buffer_free = memory > input ? memory - input : 0,
		.output =
			atomic_load_explicit(&connection->output_bytes, memory_order_relaxed) + inbox_bytes(connection),
		.output_blocks = atomic_load_explicit(&connection->output_chunks, memory_order_relaxed),
	};
	peer->footprint = on_session_footprint(session);
	transport_names(&connection->transport, peer->addr, peer->laddr, sizeof(peer->addr));
}

static const struct session_ops connection_session_ops = {
	.close = on_session_close,
	.pause = on_session_pause,
	.resume = on_session_resume,
	.send = on_session_send,
	.send_reply = on_session_send_reply,
	.run = on_session_run,
	.block = on_session_block,
	.release = on_session_release,
	.push = on_session_push,
	.take_pushed = on_session_take_pushed,
	.kill = on_session_kill,
	.footprint = on_session_footprint,
	.describe = on_session_describe,
};

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
	deadline_start(connection);
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
		deadline_start(connection);
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
