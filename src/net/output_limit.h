/*
 * client-output-buffer-limit: how much may wait to be sent to a client, what is in its inbox included. Private to net/.
 */
#ifndef CUBBY_NET_OUTPUT_LIMIT_H
#define CUBBY_NET_OUTPUT_LIMIT_H

#include <stdbool.h>
#include <stdint.h>

struct connection;

/* Whether the client has reached the hard limit of its class. Any thread that keeps the session from ending. */
bool output_limit_reached(const struct connection *connection);

/* Notes since when the client has been above the soft limit of its class, after what waits has become more or less.
 * `now` is the loop's time in milliseconds. The worker's thread. */
void output_limit_note(struct connection *connection, uint64_t now);

/* Whether it has been there for longer than it may. The worker's thread. */
bool output_limit_outlasted(const struct connection *connection, uint64_t now);

#endif
