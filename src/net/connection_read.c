/*
 * What a connection reads and runs. The happy path: read_alloc() offers the worker's buffer, read_done() has the bytes
 * decoded into batches and each batch run, and the replies of all of them are sent at once. Nothing is kept.
 *
 * Bytes that cannot be run yet, of an unfinished command or behind one that pauses its session, are kept in `input`;
 * connection_resume_input() goes on with them.
 */
#include "net/connection.h"

#include "base/log.h"
#include "base/settings.h"
#include "session/postpone.h"

enum {
	PROGRESS_BYTES = 16 * 1024,   /* of an unfinished command that put off the deadline as a finished one does */
	BLOCK_READ_SIZE = 128 * 1024, /* bytes that one read(2) may bring of a large argument */
};

/* --- running commands --------------------------------------------------------------------------------------------- */

/* Whether more of this client's commands may run now. */
static bool connection_may_run(const struct connection *connection)
{
	return connection->state == CONNECTION_OPEN &&
	       !session_has(&connection->session, SESSION_CLOSING | SESSION_PAUSED) &&
	       !connection_is_held(connection) &&
	       connection_backlog(connection) < (size_t)setting_get(&settings.client_backlog_limit);
}

/* Whether its client waits, perhaps for ever, and is read from so that its leaving is noticed. A pause ends by itself:
 * for that the memory is not spent. Neither for replies that are held, but to stop and start reading for each of them
 * would cost more than the rest. */
static bool connection_awaits_end(const struct connection *connection)
{
	if (connection->state != CONNECTION_OPEN || session_has(&connection->session, SESSION_CLOSING))
		return false;
	return connection->wait != NULL ||
	       ((session_is_postponed(&connection->session) || connection_is_held(connection)) &&
		connection->input.len < WORKER_READ_SIZE);
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

void connection_settle(struct connection *connection)
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

/* No more bytes come from the client. If it has only shut its own side, what it has sent is still run as far as that
 * waits for its output alone, and it still gets the replies. */
static void read_ended(struct connection *connection, ssize_t reason)
{
	if (reason != UV_EOF || connection->output == NULL || connection->state != CONNECTION_OPEN) {
		connection_close(connection);
		return;
	}
	connection->reading = false; /* libuv stops at the end by itself */
	connection->at_end = true;
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

void connection_resume_input(struct connection *connection)
{
	if (connection->serving)
		return;
	if (connection->input.len > 0 && connection_may_run(connection))
		connection_input(connection, connection->input.data, connection->input.len);
	if (connection->state == CONNECTION_CLOSING || connection->reading)
		return;
	if (connection->at_end) {
		if (connection->output == NULL)
			connection_close(connection);
		return;
	}
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
