/*
 * CLIENT PAUSE: until it ends, commands (all, or those that may change something) wait at the gate. Keys neither expire
 * by themselves nor are evicted meanwhile: the data stands still.
 *
 * The pause is a state of the gate and an end. The server's pauser watches the end and has every worker run what
 * waited.
 */
#ifndef CUBBY_COMMAND_PAUSE_H
#define CUBBY_COMMAND_PAUSE_H

#include "command/command.h"
#include "command/gate.h"

/* Whether the context's command must wait. For a paused daemon only. */
bool pause_concerns(const struct command_context *context);

/* Whether the data is to stand still. Any thread. */
static inline bool pause_is_on(void)
{
	return gate_has(GATE_PAUSED_WRITES | GATE_PAUSED_ALL | GATE_ENDING);
}

/* Milliseconds until the pause ends, 0 when there is none. A pause whose time has come is ended by this. Any thread. */
int64_t pause_left(int64_t now);

#endif
