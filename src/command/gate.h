/*
 * The gate: what a command must pass before its handler runs.
 *
 * Every command is looked up, its words counted and its client's permission checked. What only few clients and few
 * moments ask for (a transaction that queues, a subscriber that may not run everything, a daemon that is paused or
 * watched by a monitor) is behind one test of the session's flags and one relaxed load of a global: see
 * gate_is_special().
 *
 * A session with SESSION_REPLAYS is not held up by what holds up clients: its commands have been let in once before.
 */
#ifndef CUBBY_COMMAND_GATE_H
#define CUBBY_COMMAND_GATE_H

#include "base/settings.h"
#include "command/command.h"

/* States of the whole daemon that every command must look at. */
enum gate_state {
	GATE_PAUSED_WRITES = 1 << 0, /* commands that may change something wait */
	GATE_PAUSED_ALL = 1 << 1,    /* every command waits */
	GATE_MONITORED = 1 << 2,     /* somebody is sent every command */
	GATE_LOADING = 1 << 3,	     /* the data is being loaded: commands with COMMAND_LOADING alone may run */
	GATE_MISCONF = 1 << 4,	     /* nothing can be saved: no command may write (gate_set_trouble) */
	GATE_ENDING = 1 << 5,	     /* the daemon is about to end: every command waits */
};

extern _Atomic uint32_t gate_states; /* a sum of enum gate_state; changed with gate_raise and gate_lower */

void gate_raise(unsigned states);
void gate_lower(unsigned states);

static inline bool gate_has(unsigned states)
{
	return (atomic_load_explicit(&gate_states, memory_order_relaxed) & states) != 0;
}

/* Whether keys are neither to expire by themselves nor to be evicted: during a pause, while they are loaded, and when
 * the last of them have been saved. */
static inline bool gate_spares_keys(void)
{
	return gate_has(GATE_PAUSED_WRITES | GATE_PAUSED_ALL | GATE_LOADING | GATE_ENDING);
}

enum { GATE_TROUBLE_TEXT = 512 }; /* bytes of a trouble's text at most, with a NUL */

/* Refuses what would write, and PING, with this error ("MISCONF ..."), of which a copy is kept; NULL: all is well
 * again. Any thread. */
void gate_set_trouble(const char *text);

/* Whether this command needs more than the ordinary way. */
static inline bool gate_is_special(const struct session *session)
{
	return session_has(session, SESSION_SPECIAL) || gate_has(UINT32_MAX);
}

/* A command's turn has come: CLIENT REPLY SKIP is about this one, or was about the last. */
void gate_turn_reply(struct session *session);
/* It was not its turn after all: it has been postponed. */
void gate_return_reply(struct session *session);

/* Whether a command with one of the flags (enum command_flag) is queued in the session's transaction. */
bool gate_has_queued(const struct session *session, uint32_t flags);

enum gate_verdict {
	GATE_OPEN,     /* the handler may run */
	GATE_REFUSED,  /* an error has been written */
	GATE_POSTPONE, /* it waits for the end of a pause */
	GATE_QUEUE,    /* it belongs to the session's transaction */
};

/* Whether the number of words suits the command. */
static inline bool gate_arity_fits(const struct command *command, size_t argc)
{
	return command->arity >= 0 ? argc == (size_t)command->arity : argc >= (size_t)-command->arity;
}

/* Whether the context's command is one of those that may run without a closer look, as nearly all are. If not, which
 * means nothing yet, gate_enter() has the verdict. */
static inline bool gate_is_open(const struct command_context *context)
{
	const struct command *command = context->command;

	return !context->special && command != NULL && command->subcommands == NULL &&
	       (command->flags & COMMAND_GUARDED) == 0 && gate_arity_fits(command, context->argc) &&
	       session_has(context->session, SESSION_AUTHENTICATED) && setting_get(&settings.maxmemory) == 0;
}

/* Whether the context's command may run now. */
enum gate_verdict gate_enter(struct command_context *context);

#endif
