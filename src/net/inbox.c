/*
 * The happy path: a message is copied (a large one: referred to) behind those that wait already, and the worker is
 * woken unless it has been. It then takes the messages of each connection that has some and sends them with one write.
 */
#include "net/inbox.h"

#include <stdlib.h>
#include <utlist.h>

#include "base/lock.h"
#include "net/connection.h"
#include "net/output_limit.h"

static void deliver(uv_loop_t *loop, void *unused)
{
	struct worker *worker = worker_of(loop);
	struct connection *connection;

	(void)unused;
	lock_take(&worker->inbox_lock);
	worker->inbox_posted = false;
	connection = worker->inbox_first;
	lock_release(&worker->inbox_lock);

	while (connection != NULL) {
		connection_deliver(connection); /* takes it out of the list */
		lock_take(&worker->inbox_lock);
		connection = worker->inbox_first;
		lock_release(&worker->inbox_lock);
	}
}

/* The connection's messages, made and put on the worker's list if there were none. NULL when there is no memory. Under
 * the lock. */
static struct reply *inbox_open(struct connection *connection)
{
	struct inbox *inbox = &connection->inbox;

	if (inbox->messages != NULL)
		return inbox->messages;
	inbox->messages = calloc(1, sizeof(*inbox->messages));
	if (inbox->messages == NULL)
		return NULL;
	DL_APPEND2(connection->worker->inbox_first, connection, inbox.prev, inbox.next);
	session_mark(&connection->session, SESSION_PUSHED);
	return inbox->messages;
}

void inbox_put(struct connection *connection, struct block *message)
{
	struct worker *worker = connection->worker;
	struct reply *messages;
	bool failed;
	bool post;

	if (session_has(&connection->session, SESSION_KILLED))
		return; /* it is to get no more, and to take no more memory */
	lock_take(&worker->inbox_lock);
	messages = inbox_open(connection);
	if (messages != NULL)
		reply_raw_block(messages, message);
	failed = messages == NULL || reply_failed(messages);
	if (!failed)
		atomic_store_explicit(&connection->inbox_bytes, reply_len(messages), memory_order_relaxed);
	post = !failed && !worker->inbox_posted;
	worker->inbox_posted |= post;
	lock_release(&worker->inbox_lock);

	if (!failed && output_limit_reached(connection)) {
		connection_note_limit(connection);
		failed = true;
	}
	if (failed)
		connection->session.ops->kill(&connection->session);
	if (post)
		worker_post(worker, deliver, NULL);
}

/* Takes the messages out; NULL when there are none. */
static struct reply *inbox_empty(struct connection *connection)
{
	struct worker *worker = connection->worker;
	struct inbox *inbox = &connection->inbox;
	struct reply *messages;

	lock_take(&worker->inbox_lock);
	messages = inbox->messages;
	if (messages != NULL) {
		inbox->messages = NULL;
		DL_DELETE2(worker->inbox_first, connection, inbox.prev, inbox.next);
		session_unmark(&connection->session, SESSION_PUSHED);
		atomic_store_explicit(&connection->inbox_bytes, 0, memory_order_relaxed);
	}
	lock_release(&worker->inbox_lock);
	return messages;
}

bool inbox_take(struct connection *connection, struct reply *reply)
{
	struct reply *messages = inbox_empty(connection);

	if (messages == NULL)
		return false;
	reply_join(reply, messages);
	reply_free(messages);
	free(messages);
	return true;
}

void inbox_free(struct connection *connection)
{
	struct reply *messages = inbox_empty(connection);

	if (messages == NULL)
		return;
	reply_free(messages);
	free(messages);
}

size_t inbox_bytes(const struct connection *connection)
{
	return atomic_load_explicit(&connection->inbox_bytes, memory_order_relaxed);
}
