/*
 * What Redis has and cubby has not (functions, scripts, modules, a cluster, replicas), for the tools and client
 * libraries that ask. What has none is truthfully said to be empty; what would need one is refused.
 */
#include "base/number.h"
#include "base/version.h"
#include "command/arguments.h"
#include "command/handlers.h"

/* --- FUNCTION ---------------------------------------------------------------------------------------------------- */

static bool is_flush_mode(const struct command_context *context, size_t index)
{
	return argument_is(context, index, "SYNC") || argument_is(context, index, "ASYNC");
}

void function_flush_command(struct command_context *context)
{
	if (context->argc > 3)
		argument_error_usage(context);
	else if (context->argc == 3 && !is_flush_mode(context, 2))
		reply_error(context->reply, "ERR FUNCTION FLUSH only supports SYNC|ASYNC option");
	else
		reply_ok(context->reply);
}

void function_list_command(struct command_context *context)
{
	for (size_t i = 2; i < context->argc; i++) {
		struct slice word = context->argv[i];

		if (argument_is(context, i, "WITHCODE"))
			continue;
		if (!argument_is(context, i, "LIBRARYNAME")) {
			reply_errorf(context->reply, "ERR Unknown argument %.*s", argument_echo_len(word), word.data);
			return;
		}
		if (++i == context->argc) {
			reply_error(context->reply, "ERR library name argument was not given");
			return;
		}
	}
	reply_array(context->reply, 0);
}

void function_stats_command(struct command_context *context)
{
	reply_map(context->reply, 2);
	reply_bulk_text(context->reply, "running_script");
	reply_null(context->reply);
	reply_bulk_text(context->reply, "engines");
	reply_map(context->reply, 0);
}

void function_help_command(struct command_context *context)
{
	static const char *const lines[] = {
		"FLUSH [ASYNC|SYNC]",
		"    Delete all the libraries. There are none.",
		"LIST [LIBRARYNAME <pattern>] [WITHCODE]",
		"    Return all the libraries. There are none.",
		"STATS",
		"    Return the function that runs, and the engines. There are none.",
		NULL,
	};

	argument_reply_help(context, lines);
}

/* --- SCRIPT ------------------------------------------------------------------------------------------------------ */

void script_exists_command(struct command_context *context)
{
	reply_array(context->reply, context->argc - 2);
	for (size_t i = 2; i < context->argc; i++)
		reply_int(context->reply, 0);
}

void script_flush_command(struct command_context *context)
{
	if (context->argc > 3 || (context->argc == 3 && !is_flush_mode(context, 2)))
		reply_error(context->reply, "ERR SCRIPT FLUSH only support SYNC|ASYNC option");
	else
		reply_ok(context->reply);
}

void script_help_command(struct command_context *context)
{
	static const char *const lines[] = {
		"EXISTS <sha1> [<sha1> ...]",
		"    Tell which scripts are in the cache. None is.",
		"FLUSH [ASYNC|SYNC]",
		"    Empty the cache of scripts, in which there are none.",
		NULL,
	};

	argument_reply_help(context, lines);
}

/* --- MODULE ------------------------------------------------------------------------------------------------------ */

void module_list_command(struct command_context *context)
{
	reply_array(context->reply, 0);
}

void module_help_command(struct command_context *context)
{
	static const char *const lines[] = {
		"LIST",
		"    Return a list of loaded modules. There are none.",
		NULL,
	};

	argument_reply_help(context, lines);
}

/* --- cluster and replication ------------------------------------------------------------------------------------- */

/* CLUSTER, READONLY, READWRITE, ASKING. */
void cluster_command(struct command_context *context)
{
	reply_error(context->reply, "ERR This instance has cluster support disabled");
}

/* A master, which has sent nothing to its replicas, of which there are none. */
void role_command(struct command_context *context)
{
	reply_array(context->reply, 3);
	reply_bulk_text(context->reply, "master");
	reply_int(context->reply, 0);
	reply_array(context->reply, 0);
}

void replicaof_command(struct command_context *context)
{
	if (argument_is(context, 1, "NO") && argument_is(context, 2, "ONE"))
		reply_ok(context->reply);
	else
		reply_error(context->reply, "ERR REPLICAOF is not possible: this server replicates nothing");
}

/* --- LOLWUT ------------------------------------------------------------------------------------------------------ */

void lolwut_command(struct command_context *context)
{
	static const char picture[] = "  ____ ____ ____ ____ ____\n"
				      " |c   |u   |b   |b   |y   |   a place for everything,\n"
				      " |____|____|____|____|____|   and every thing by its name\n\n"
				      "cubby " CUBBY_VERSION ", Redis ver. " CUBBY_REDIS_VERSION "\n";
	int64_t version;

	if (context->argc > 2 && argument_is(context, 1, "VERSION") && !argument_int64(context, 2, &version))
		return;
	reply_verbatim(context->reply, slice_of(picture), "txt");
}
