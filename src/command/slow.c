/* Off the common path: the dispatcher comes here for a slow command only. */
#include "command/slow.h"

#include "base/clock.h"
#include "command/latency.h"
#include "command/slowlog.h"

static const int64_t never_us = INT64_C(1000) * 1000 * 1000 * 1000; /* 11 days */

setting slow_ticks;

void slow_update(void)
{
	int64_t logged_us = setting_get(&settings.slowlog_log_slower_than);
	int64_t monitored_ms = setting_get(&settings.latency_monitor_threshold);
	int64_t limit_us = never_us;

	if (logged_us >= 0 && logged_us < limit_us)
		limit_us = logged_us;
	if (monitored_ms > 0 && monitored_ms < limit_us / 1000)
		limit_us = monitored_ms * 1000;
	setting_put(&slow_ticks, (int64_t)((double)limit_us * clock_ticks_per_us()));
}

static void note(const struct slowlog_command *slow)
{
	bool fast = (slow->command->flags & COMMAND_FAST) != 0;

	slowlog_note(slow);
	latency_note(fast ? LATENCY_FAST_COMMAND : LATENCY_COMMAND, (int64_t)(slow->us / 1000), slow->now_ms);
}

void slow_note_context(const struct command_context *context, uint64_t ticks)
{
	note(&(struct slowlog_command){
		.command = context->command,
		.argv = context->argv,
		.argc = context->argc,
		.request = context->request,
		.session = context->session,
		.us = clock_ticks_to_us(ticks),
		.now_ms = context->now,
	});
}

void slow_note(const struct command *command, const struct slice *argv, size_t argc, struct session *session,
	       uint64_t ticks, int64_t now_ms)
{
	note(&(struct slowlog_command){
		.command = command,
		.argv = argv,
		.argc = argc,
		.session = session,
		.us = clock_ticks_to_us(ticks),
		.now_ms = now_ms,
	});
}
