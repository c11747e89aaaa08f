/*
 * What sessions ask of their connections: the functions of session_ops.
 */
#include "net/connection.h"
#include "net/hold.h"

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

/* The wait, which has ended. */
static struct session_wait *connection_take_wait(struct connection *connection)
{
	struct session_wait *wait = connection->wait;
	counter *blocked = &connection->worker->blocked;

	connection->wait = NULL;
	counter_set(blocked, counter_get(blocked) - 1);
	if (wait->is_over != NULL)
		hold_wait_end(connection->worker, wait);
	return wait;
}

void connection_cancel_wait(struct connection *connection)
{
	struct session_wait *wait;

	if (connection->wait == NULL)
		return;
	wait = connection_take_wait(connection);
	wait->cancel(wait);
}

void connection_end_wait(struct connection *connection)
{
	struct session *session = &connection->session;
	struct command_host *host = connection->worker->dispatcher.host;
	struct session_wait *wait = connection_take_wait(connection);

	session_take(session, SESSION_RELEASED);
	connection_start_deadline(connection);
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

	connection->wait = wait;
	counter_add(&connection->worker->blocked, 1);
	uv_update_time(&connection->worker->loop); /* commands may have run for long since it was last read */
	connection_start_deadline(connection);
	session_mark(session, SESSION_BLOCKED);
	on_session_pause(session);
	if (wait->is_over != NULL)
		hold_wait(connection);
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

const struct session_ops connection_session_ops = {
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
