/* Commands about what is kept on the disk: the host does it, and the client is told in Redis's words how it went. */
#include "command/arguments.h"
#include "command/handlers.h"
#include "command/host.h"

static const char is_locked[] = "ERR Another daemon uses the directory of the data (dir)";

/* The reply comes when the dump is there. */
void save_command(struct command_context *context)
{
	switch (context->host->save(context->host, context->session)) {
	case HOST_BEGUN:
		break;
	case HOST_LOCKED:
		reply_error(context->reply, is_locked);
		break;
	default:
		reply_error(context->reply, "ERR Background save already in progress");
		break;
	}
}

void bgsave_command(struct command_context *context)
{
	bool schedule = context->argc == 2 && argument_is(context, 1, "SCHEDULE");

	if (context->argc > 1 && !schedule) {
		reply_error_syntax(context->reply);
		return;
	}
	switch (context->host->save_later(context->host, schedule, context->at_once)) {
	case HOST_BEGUN:
		reply_simple(context->reply, "Background saving started");
		break;
	case HOST_SCHEDULED:
		reply_simple(context->reply, "Background saving scheduled");
		break;
	case HOST_BUSY:
		reply_error(context->reply, "ERR Background save already in progress");
		break;
	case HOST_OTHER_BUSY:
		reply_error(
			context->reply,
			"ERR Another child process is active (AOF?): can't BGSAVE right now. Use BGSAVE SCHEDULE in "
			"order to schedule a BGSAVE whenever possible.");
		break;
	case HOST_LOCKED:
		reply_error(context->reply, is_locked);
		break;
	case HOST_FAILED:
		reply_error(context->reply, "ERR");
		break;
	}
}

void bgrewriteaof_command(struct command_context *context)
{
	switch (context->host->rewrite(context->host, context->at_once)) {
	case HOST_BEGUN:
		reply_simple(context->reply, "Background append only file rewriting started");
		break;
	case HOST_SCHEDULED:
	case HOST_OTHER_BUSY:
		reply_simple(context->reply, "Background append only file rewriting scheduled");
		break;
	case HOST_BUSY:
		reply_error(context->reply, "ERR Background append only file rewriting already in progress");
		break;
	case HOST_LOCKED:
	case HOST_FAILED:
		reply_error(context->reply,
			    "ERR Can't execute an AOF background rewriting. Please check the server logs "
			    "for more information.");
		break;
	}
}

void lastsave_command(struct command_context *context)
{
	reply_int(context->reply, context->host->last_save(context->host));
}

/* --- DEBUG -------------------------------------------------------------------------------------------------------- */

/* The reply comes when the keys are there again. */
static void reload(struct command_context *context, unsigned flags)
{
	if (!context->host->reload(context->host, context->session, flags))
		reply_error(context->reply, "LOADING Redis is loading the dataset in memory");
}

void debug_reload_command(struct command_context *context)
{
	unsigned flags = 0;

	for (size_t i = 2; i < context->argc; i++) {
		if (argument_is(context, i, "MERGE")) {
			flags |= HOST_RELOAD_MERGE;
		} else if (argument_is(context, i, "NOFLUSH")) {
			flags |= HOST_RELOAD_NOFLUSH;
		} else if (argument_is(context, i, "NOSAVE")) {
			flags |= HOST_RELOAD_NOSAVE;
		} else {
			reply_error(context->reply,
				    "ERR DEBUG RELOAD only supports the MERGE, NOFLUSH and NOSAVE options.");
			return;
		}
	}
	reload(context, flags);
}

void debug_loadaof_command(struct command_context *context)
{
	reload(context, HOST_RELOAD_AOF);
}
