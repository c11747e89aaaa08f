/*
 * What a connection sends. The happy path: the kernel takes the whole reply at once (output_try). What it does not take
 * goes into `output`, and one request after the other sends that; reading goes on when there is little enough left.
 */
#include "net/connection.h"

#include "base/log.h"
#include "net/output_limit.h"

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

void connection_send(struct connection *connection, struct reply *reply)
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
