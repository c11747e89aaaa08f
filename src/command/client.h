/* What other commands need of the CLIENT commands. */
#ifndef CUBBY_COMMAND_CLIENT_H
#define CUBBY_COMMAND_CLIENT_H

#include "command/command.h"

/* Gives the session a name, as CLIENT SETNAME and HELLO SETNAME do. Writes the error and returns false when it cannot
 * be one. */
bool client_set_name(struct command_context *context, struct slice name);

#endif
