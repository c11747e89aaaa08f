/* Slow commands: what takes longer than the settings allow goes into the slow log and to the latency monitor. */
#ifndef CUBBY_COMMAND_SLOW_H
#define CUBBY_COMMAND_SLOW_H

#include "base/settings.h"
#include "command/command.h"

/* Ticks from which anybody wants to know of a command. It follows from slowlog-log-slower-than and
 * latency-monitor-threshold: slow_update() is called at boot, after clock_calibrate(), and when either has changed. */
extern setting slow_ticks;
void slow_update(void);

static inline bool slow_is(uint64_t ticks)
{
	return ticks >= (uint64_t)setting_get(&slow_ticks);
}

/* The command that the context has just run took so many ticks. */
void slow_note_context(const struct command_context *context, uint64_t ticks);

/* The same for what a session_task did, whose arguments it has kept itself. */
void slow_note(const struct command *command, const struct slice *argv, size_t argc, struct session *session,
	       uint64_t ticks, int64_t now_ms);

#endif
