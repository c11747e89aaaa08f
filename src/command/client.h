/* What other commands need of the CLIENT commands. */
#ifndef CUBBY_COMMAND_CLIENT_H
#define CUBBY_COMMAND_CLIENT_H

#include "command/command.h"

/* Kinds of clients, as CLIENT LIST TYPE names them. Replicas and masters there are none of. */
enum client_type {
	CLIENT_TYPE_ANY,
	CLIENT_TYPE_NORMAL,
	CLIENT_TYPE_PUBSUB,
	CLIENT_TYPE_REPLICA,
	CLIENT_TYPE_MASTER,
};

/* Any thread, under the registry's lock. */
enum client_type client_type_of(const struct session *session);

/* Reads argument `index` as a kind; writes the error. */
bool client_parse_type(struct command_context *context, size_t index, enum client_type *type);

/* Whole seconds from one Unix time in milliseconds to another; 0 when the clock went back. */
int64_t client_seconds(int64_t from_ms, int64_t to_ms);

/* Whether a client may have the name. Writes the error and returns false when not. */
bool client_check_name(struct command_context *context, struct slice name);

/* Gives the session a name, as CLIENT SETNAME and HELLO SETNAME do. Writes the error and returns false when it cannot
 * be one. */
bool client_set_name(struct command_context *context, struct slice name);

#endif
