/* DEBUG's guard. */
#ifndef CUBBY_COMMAND_DEBUG_H
#define CUBBY_COMMAND_DEBUG_H

#include "command/command.h"

/* Whether enable-debug-command lets this client use DEBUG; writes the error when not. The gate asks it before anything
 * is said of the subcommand. */
bool debug_is_allowed(struct command_context *context);

#endif
