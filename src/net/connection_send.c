/*
 * What a connection sends. The happy path: the kernel takes the whole reply at once (output_try). What it does not take
 * goes into `output`, and one request after the other sends that; reading goes on when there is little enough left.
 * What the journal holds back goes there, too, and is sent by connection_release().
 */
#include "net/connection.h"

#include <utlist.h>

#include "base/log.h"
#include "net/hold.h"
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

void connection_forget_later(struct connection *connection)
{
	struct worker *worker = connection->worker;
	struct output *output = connection->output;

	if (output == NULL || !output->later)
		return;
	output->later = false;
	DL_DELETE2(worker->later, output, later_prev, later_next);
	if (worker->later == NULL)
		uv_idle_stop(&worker->output_turn);
}

static void outputs_go_on(uv_idle_t *idle);

static void connection_send_later(struct connection *connection)
{
	struct worker *worker = connection->worker;
	struct output *output = connection->output;

	if (output->later)
		return;
	output->later = true;
	DL_APPEND2(worker->later, output, later_prev, later_next);
	uv_idle_start(&worker->output_turn, outputs_go_on);
}

/*
 * Goes on with the output. Afterwards a request is under way, or nothing is left and there is no output, or the
 * connection is held, or a later turn goes on.
 */
static void connection_send_output(struct connection *connection)
{
	struct output *output = connection->output;
	bool held = false;

	while (output->first != NULL && !output->writing && !held) {
		if (worker_has_sent_enough(connection->worker)) {
			connection_send_later(connection);
			return;
		}
		if (output_send(output, &connection->transport.stream, hold_released(connection), output_done) != 0) {
			connection_close(connection);
			return;
		}
		connection->worker->sent_in_turn += output->sending;
		held = !output->writing && output->first != NULL && hold_begin(connection);
	}
	if (output->first == NULL) {
		hold_end(connection);
		connection_forget_later(connection);
		output_free(output);
		connection->output = NULL;
	}
}

static void connection_count_sent(struct connection *connection, size_t bytes)
{
	counter_add(&connection->worker->output_bytes, bytes);
	counter_add(&connection->worker->writes, bytes > 0);
}

/* Goes on with what had to wait until there was less output. */
static void input_proceed(struct connection *connection)
{
	connection->active = uv_now(&connection->worker->loop);
	if (connection->state != CONNECTION_OPEN)
		return;
	if (connection->output == NULL && session_has(&connection->session, SESSION_CLOSING))
		connection_linger(connection);
	else
		connection_resume_input(connection);
}

static void output_go_on(struct connection *connection)
{
	connection_send_output(connection);
	connection_note_output(connection);
	input_proceed(connection);
}

/* The next turn: who has waited longest goes first. */
static void outputs_go_on(uv_idle_t *idle)
{
	struct worker *worker = worker_of(idle->loop);

	worker->sent_in_turn = 0;
	while (worker->later != NULL && !worker_has_sent_enough(worker)) {
		struct connection *connection = worker->later->request.data;

		connection_forget_later(connection);
		output_go_on(connection);
	}
}

static void output_done(uv_write_t *request, int status)
{
	struct connection *connection = request->data;

	if (status != 0) {
		connection_close(connection);
		return;
	}
	connection_count_sent(connection, output_sent(connection->output));
	output_go_on(connection);
}

static void connection_send_failed(struct connection *connection, int error)
{
	log_event(error == UV_ENOMEM ? LOG_WARNING : LOG_VERBOSE, "cannot send a reply, client closed",
		  LOG_INT("id", connection->session.id), LOG_TEXT_FIELD("error", uv_strerror(error)));
	connection_close(connection);
}

/* At once as far as the kernel takes it: to wait for the loop's next turn would cost each reply some of its time. */
void connection_release(struct connection *connection)
{
	uint64_t released = hold_released(connection);
	struct output *output = connection->output;
	ssize_t sent = 0;

	if (output_position(output) <= released)
		hold_end(connection);
	if (!output->writing)
		sent = output_flush(output, &connection->transport, released);
	if (sent < 0) {
		connection_send_failed(connection, (int)sent);
		return;
	}
	connection_count_sent(connection, (size_t)sent);
	connection_send_output(connection);
	connection_note_output(connection);
	if (!connection_is_held(connection))
		input_proceed(connection);
}

/* Makes what is left of `reply` behind its first `sent` bytes wait, for the kernel or for the journal's position. */
static void connection_queue(struct connection *connection, struct reply *reply, size_t sent, uint64_t position)
{
	if (connection->output == NULL)
		connection->output = output_new(connection);
	if (connection->output == NULL || !output_take(connection->output, reply, sent, position)) {
		reply_clear(reply);
		connection_send_failed(connection, UV_ENOMEM);
		return;
	}
	connection_note_output(connection);
	if (output_limit_reached(connection))
		connection_close_at_limit(connection);
	else if (position == 0 || !hold_begin(connection))
		connection_send_output(connection);
}

/* A short reply never waits behind the long ones of others. */
static bool reply_may_go(const struct connection *connection, size_t len)
{
	return len <= OUTPUT_AT_ONCE || !worker_has_sent_enough(connection->worker);
}

void connection_send(struct connection *connection, struct reply *reply)
{
	size_t len = reply_len(reply);
	ssize_t sent = 0;
	uint64_t position;

	if (reply_failed(reply)) {
		log_event(LOG_WARNING, "no memory for a reply, client closed", LOG_INT("id", connection->session.id));
		reply_free(reply);
		connection_close(connection);
		return;
	}
	if (len == 0 && !hold_is_owed(connection))
		return;
	position = hold_position(connection);
	if (connection->output == NULL && position == 0 && reply_may_go(connection, len)) {
		sent = output_try(&connection->transport, reply);
		if (sent < 0) {
			reply_clear(reply);
			connection_send_failed(connection, (int)sent);
			return;
		}
		connection_count_sent(connection, (size_t)sent);
		if (sent == (ssize_t)len) {
			reply_clear(reply);
			return;
		}
		connection->worker->sent_in_turn += (size_t)sent;
	}
	connection_queue(connection, reply, (size_t)sent, position);
}

void connection_deliver(struct connection *connection)
{
	struct reply reply = {.protocol = session_protocol(&connection->session)};

	if (inbox_take(connection, &reply) && connection->state == CONNECTION_OPEN)
		connection_send(connection, &reply);
	reply_free(&reply);
}
