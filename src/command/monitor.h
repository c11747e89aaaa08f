/*
 * MONITOR: clients that are sent every command of every other one.
 *
 * A command's line is queued for the monitors while the shards of its keys are still locked, so that two commands on
 * one key stand in the order in which they ran.
 */
#ifndef CUBBY_COMMAND_MONITOR_H
#define CUBBY_COMMAND_MONITOR_H

#include "command/command.h"

/* Runs the context's handler and tells the monitors of it. For GATE_MONITORED only. */
void monitor_call(struct command_context *context);

/* Tells the monitors of the context's command without running it. For GATE_MONITORED only. */
void monitor_tell(const struct command_context *context);

/* The session is no monitor any more, if it ever was one. Its own thread; before it ends at the latest. */
void monitor_leave(struct session *session);

#endif
