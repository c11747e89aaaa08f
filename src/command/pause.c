/*
 * The happy path: CLIENT PAUSE notes the end and raises the gate's state; the gate asks pause_concerns() of each
 * command; when the time has come pause_left() lowers the state. A second pause can make the first one longer and
 * stricter, as in Redis; only CLIENT UNPAUSE makes it shorter.
 */
#include "command/pause.h"

#include "base/lock.h"
#include "command/arguments.h"
#include "command/handlers.h"
#include "command/host.h"

static struct lock pause_lock = {.enabled = true};
static int64_t pause_end; /* under the lock; Unix time in ms, 0: none */

/* Under the lock. */
static void pause_stop(void)
{
	pause_end = 0;
	gate_lower(GATE_PAUSED_WRITES | GATE_PAUSED_ALL);
}

int64_t pause_left(int64_t now)
{
	int64_t left = 0;

	lock_take(&pause_lock);
	if (pause_end > now)
		left = pause_end - now;
	else if (pause_end != 0)
		pause_stop();
	lock_release(&pause_lock);
	return left;
}

enum { MAY_CHANGE = COMMAND_WRITE | COMMAND_MAY_REPLICATE };

/* Monitors are never paused, as in Redis, where they are a kind of replica. */
bool pause_concerns(const struct command_context *context)
{
	if (gate_has(GATE_ENDING))
		return true;
	if (session_has(context->session, SESSION_MONITOR))
		return false;
	if (gate_has(GATE_PAUSED_ALL) || (context->command->flags & MAY_CHANGE) != 0)
		return true;
	return context->command->handler == exec_command && gate_has_queued(context->session, MAY_CHANGE);
}

/* --- the commands ------------------------------------------------------------------------------------------------ */

/* The mode, which is ALL if none is given; writes the error. */
static bool mode_parse(struct command_context *context, enum gate_state *state)
{
	*state = GATE_PAUSED_ALL;
	if (context->argc > 4) {
		argument_error_usage(context);
		return false;
	}
	if (context->argc == 3 || argument_is(context, 3, "ALL"))
		return true;
	*state = GATE_PAUSED_WRITES;
	if (argument_is(context, 3, "WRITE"))
		return true;
	reply_error(context->reply, "ERR CLIENT PAUSE mode must be WRITE or ALL");
	return false;
}

void client_pause_command(struct command_context *context)
{
	enum gate_state state;
	int64_t timeout;

	if (!mode_parse(context, &state) || !argument_timeout(context, 2, &timeout))
		return;
	lock_take(&pause_lock);
	if (context->now + timeout > pause_end)
		pause_end = context->now + timeout;
	gate_raise(state);
	lock_release(&pause_lock);
	context->host->pause_changed(context->host);
	reply_ok(context->reply);
}

void client_unpause_command(struct command_context *context)
{
	lock_take(&pause_lock);
	pause_stop();
	lock_release(&pause_lock);
	context->host->pause_changed(context->host);
	reply_ok(context->reply);
}
