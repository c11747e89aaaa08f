/* The table's rows as text for people. */
#ifndef CUBBY_COMMAND_DESCRIBE_H
#define CUBBY_COMMAND_DESCRIBE_H

#include "base/buffer.h"
#include "command/command.h"

/* Appends the command with its arguments as Redis's manual writes them: SET key value [NX | XX] [GET] ... */
void describe_syntax(const struct command *command, struct buffer *out);

/* Appends doc/commands.md, whole: every command with its syntax, what it does, and how it differs from Redis's. */
void describe_all(struct buffer *out);

#endif
