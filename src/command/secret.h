/* Which arguments of a command nobody else is to see: passwords. What shows commands to others (MONITOR, the slow log)
 * shows SECRET_TEXT in their place, as Redis does. */
#ifndef CUBBY_COMMAND_SECRET_H
#define CUBBY_COMMAND_SECRET_H

#include "command/command.h"

#define SECRET_TEXT "(redacted)"

/* Whether argument `index` is one. `command` is the row of argv: of the subcommand, if there is one. */
bool secret_argument(const struct command *command, const struct slice *argv, size_t argc, size_t index);

#endif
