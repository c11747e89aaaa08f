/*
 * The happy path: a batch has written, so its replies become output that waits for the journal's position, and the
 * connection joins its worker's list. The append-only file's thread syncs, moves the released position and calls
 * hold_wake() for each worker; a worker that holds anything is sent one message, looks through its list, sends what may
 * leave and goes on with those connections.
 *
 * No release is missed: a worker says that it holds something before it looks at the position for the last time, and
 * the releasing thread moves the position before it looks whether anything is held.
 */
#include "net/hold.h"

#include <utlist.h>

uint64_t hold_released(const struct connection *connection)
{
	uint64_t released = journal_released();

	if (connection->session.written <= released && journal_is_stalled())
		return UINT64_MAX; /* its client has nothing to lose */
	return released;
}

bool hold_is_owed(const struct connection *connection)
{
	uint64_t written = connection->session.written;

	return written > hold_released(connection) &&
	       (connection->output == NULL || output_position(connection->output) < written);
}

static void note_holds(struct worker *worker)
{
	bool any = worker->held != NULL || worker->waits != NULL;

	atomic_store_explicit(&worker->holds, any, memory_order_relaxed);
}

bool hold_begin(struct connection *connection)
{
	struct worker *worker = connection->worker;
	struct output *output = connection->output;

	if (!output->held) {
		output->held = true;
		DL_APPEND2(worker->held, output, held_prev, held_next);
		note_holds(worker);
	}
	atomic_thread_fence(memory_order_seq_cst);
	if (output_position(output) > hold_released(connection))
		return true;
	hold_end(connection);
	return false;
}

void hold_end(struct connection *connection)
{
	struct worker *worker = connection->worker;
	struct output *output = connection->output;

	if (output == NULL || !output->held)
		return;
	output->held = false;
	DL_DELETE2(worker->held, output, held_prev, held_next);
	note_holds(worker);
}

/* A command has only begun to wait: what is over already ends by mail. */
void hold_wait(struct connection *connection)
{
	struct worker *worker = connection->worker;
	struct session_wait *wait = connection->wait;

	wait->session = &connection->session;
	DL_APPEND(worker->waits, wait);
	note_holds(worker);
	atomic_thread_fence(memory_order_seq_cst);
	if (wait->is_over(wait))
		hold_wake(worker);
}

void hold_wait_end(struct worker *worker, struct session_wait *wait)
{
	DL_DELETE(worker->waits, wait);
	note_holds(worker);
}

static void look_at_waits(struct worker *worker)
{
	struct session_wait *wait = worker->waits;

	while (wait != NULL) {
		struct session_wait *next = wait->next;

		if (wait->is_over(wait) && session_take(wait->session, SESSION_BLOCKED))
			connection_end_wait(connection_of(wait->session));
		wait = next;
	}
}

/* A connection that is gone on with may close, or be held or wait anew: then it is the last, and may be looked at
 * again. */
void hold_look(struct worker *worker)
{
	struct output *output;

	look_at_waits(worker);
	output = worker->held;
	while (output != NULL) {
		struct output *next = output->held_next;

		connection_release(output->request.data);
		output = next;
	}
}

static void look_by_mail(uv_loop_t *loop, void *unused)
{
	struct worker *worker = worker_of(loop);

	(void)unused;
	atomic_exchange(&worker->release_posted, false);
	hold_look(worker);
}

void hold_wake(struct worker *worker)
{
	atomic_thread_fence(memory_order_seq_cst);
	if (atomic_load_explicit(&worker->holds, memory_order_relaxed) &&
	    !atomic_exchange(&worker->release_posted, true))
		worker_post(worker, look_by_mail, NULL);
}
