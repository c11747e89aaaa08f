/*
 * The slow log: the last slowlog-max-len commands that took slowlog-log-slower-than microseconds or more, of all
 * workers, in the order in which they ended.
 */
#ifndef CUBBY_COMMAND_SLOWLOG_H
#define CUBBY_COMMAND_SLOWLOG_H

#include "command/command.h"

enum { SLOWLOG_ARGUMENT_MAX = 128 }; /* bytes of an argument that are kept */

/* A command that has been run. */
struct slowlog_command {
	const struct command *command;
	const struct slice *argv; /* of those in blocks that were taken only the length counts, see `request` */
	size_t argc;
	const struct resp_request *request; /* whose arguments they are; NULL: argv can be read as it is */
	struct session *session;
	uint64_t us;	/* it took */
	int64_t now_ms; /* Unix time */
};

/* Adds a command if the settings say that it is slow and its row does not say COMMAND_SKIP_SLOWLOG. Without memory it
 * is left out. Any thread, which holds no lock that is taken after slowlog.c's: there is none. */
void slowlog_note(const struct slowlog_command *slow);

/* Removes what is too much for a new slowlog-max-len. Any thread. */
void slowlog_trim(void);

#endif
