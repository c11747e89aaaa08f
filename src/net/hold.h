/*
 * Holding replies back until the journal says that what they tell may be told (persist/journal.h). Private to net/.
 *
 * A connection is held while the last of its output may not leave yet. It is read from meanwhile, up to
 * WORKER_READ_SIZE bytes, but none of its commands runs. Nothing is held while the journal's released position is above
 * all others, as it is without an append-only file.
 *
 * Sessions that wait for the journal themselves (session_wait.is_over) are looked at whenever that moves, too.
 *
 * All functions but hold_wake() are for the worker's thread.
 */
#ifndef CUBBY_NET_HOLD_H
#define CUBBY_NET_HOLD_H

#include <stdbool.h>
#include <stdint.h>

#include "net/connection.h"
#include "persist/journal.h"

/* Up to where output of this connection may leave. */
uint64_t hold_released(const struct connection *connection);

/* The position that what is written to the client now has to wait for; 0: none. */
static inline uint64_t hold_position(const struct connection *connection)
{
	uint64_t position = journal_hold();

	return position != 0 && position > hold_released(connection) ? position : 0;
}

/* Whether its client would hear nothing of a write that is not released, as with CLIENT REPLY OFF, and so could go on
 * writing without an end. */
bool hold_is_owed(const struct connection *connection);

/* The connection's output may not leave, or not all of it: the worker will come back to it. False: it may, after all.
 */
bool hold_begin(struct connection *connection);

/* All of it may leave, or the connection closes. Nothing happens when it is not held. */
void hold_end(struct connection *connection);

/* The connection's wait has an is_over: it is asked now, for the first time, and when the journal moves, until the wait
 * is taken back. */
void hold_wait(struct connection *connection);
void hold_wait_end(struct worker *worker, struct session_wait *wait);

/* Sends what has been released, and ends the waits that are over. */
void hold_look(struct worker *worker);

/* The journal has moved: has the worker look, if it holds anything. Any thread. */
void hold_wake(struct worker *worker);

#endif
