/*
 * The inbox: what others (a publisher, a monitored client) have for a connection. Private to net/.
 *
 * Any thread may put messages in; the connection's own worker takes them out, all at once: when it is next woken, or
 * right behind the reply to a command of the connection itself. One lock a worker guards the inboxes of all its
 * connections; nothing else is done under it than copying a message or taking a reference to it.
 */
#ifndef CUBBY_NET_INBOX_H
#define CUBBY_NET_INBOX_H

#include <stdbool.h>
#include <stddef.h>

#include "base/block.h"
#include "resp/reply.h"

struct connection;
struct worker;

/* A connection's; zeroed at first. */
struct inbox {
	struct reply *messages;		/* under the worker's inbox_lock; NULL: none */
	struct connection *prev, *next; /* likewise: the worker's list of connections that have some (utlist.h) */
};

/* Puts a message (whole RESP) in and wakes the worker if need be. Any thread that keeps the session from ending.
 * Without memory, and at client-output-buffer-limit, the client is killed: a message must not be missing from what it
 * gets. */
void inbox_put(struct connection *connection, struct block *message);

/* Moves the messages behind `reply`; false when there are none. The worker's thread. */
bool inbox_take(struct connection *connection, struct reply *reply);

/* Drops them. The worker's thread, once nobody can put any in. */
void inbox_free(struct connection *connection);

/* Bytes that wait. Any thread. */
size_t inbox_bytes(const struct connection *connection);

#endif
