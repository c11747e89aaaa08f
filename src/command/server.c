/*
 * Commands about the daemon: what it reports of itself, its configuration, its end. The daemon itself is reached
 * through the host alone.
 */
#include "base/platform.h"
#include "command/arguments.h"
#include "command/handlers.h"
#include "command/host.h"

void info_command(struct command_context *context)
{
	struct buffer text = {0};

	context->host->info(context->host, context->argv + 1, context->argc - 1, context->at_once, &text);
	if (text.failed)
		reply_error_out_of_memory(context->reply);
	else
		reply_verbatim(context->reply, buffer_slice(&text), "txt");
	buffer_free(&text);
}

void time_command(struct command_context *context)
{
	int64_t now_us = context->host->now_us(context->host);

	reply_array(context->reply, 2);
	reply_bulk_int(context->reply, now_us / 1000000);
	reply_bulk_int(context->reply, now_us % 1000000);
}

/* --- SHUTDOWN ---------------------------------------------------------------------------------------------------- */

enum shutdown_word { WORD_NOSAVE = 1, WORD_SAVE = 2, WORD_NOW = 4, WORD_FORCE = 8, WORD_ABORT = 16 };

/* The words given, a sum of enum shutdown_word; false when one is unknown or two contradict each other. */
static bool shutdown_parse(const struct command_context *context, unsigned *words)
{
	static const char *const names[] = {"NOSAVE", "SAVE", "NOW", "FORCE", "ABORT"};
	size_t known = sizeof(names) / sizeof(names[0]);

	*words = 0;
	for (size_t i = 1; i < context->argc; i++) {
		size_t word = 0;

		while (word < known && !argument_is(context, i, names[word]))
			word++;
		if (word == known)
			return false;
		*words |= 1U << word;
	}
	if ((*words & WORD_ABORT) != 0)
		return *words == WORD_ABORT;
	return (*words & (WORD_NOSAVE | WORD_SAVE)) != (WORD_NOSAVE | WORD_SAVE);
}

static void shutdown_abort(struct command_context *context)
{
	if (context->host->shutdown_abort(context->host))
		reply_ok(context->reply);
	else
		reply_error(context->reply, "ERR No shutdown in progress.");
}

void shutdown_command(struct command_context *context)
{
	unsigned flags = 0;
	unsigned words;

	if (!shutdown_parse(context, &words)) {
		reply_error_syntax(context->reply);
		return;
	}
	if ((words & WORD_ABORT) != 0) {
		shutdown_abort(context);
		return;
	}
	if ((words & WORD_NOW) != 0)
		flags |= HOST_SHUTDOWN_NOW;
	if ((words & WORD_FORCE) != 0)
		flags |= HOST_SHUTDOWN_FORCE;
	if ((words & WORD_SAVE) != 0)
		flags |= HOST_SHUTDOWN_SAVE;
	if ((words & WORD_NOSAVE) != 0)
		flags |= HOST_SHUTDOWN_NOSAVE;
	context->host->shutdown(context->host, context->session, flags);
}

/* --- CONFIG ------------------------------------------------------------------------------------------------------ */

void config_get_command(struct command_context *context)
{
	context->host->config_get(context->host, context->argv + 2, context->argc - 2, context->reply);
}

void config_set_command(struct command_context *context)
{
	bool trusted = session_passes(context->session, &settings.enable_protected_configs);
	char error[HOST_ERROR_TEXT];

	if (context->argc % 2 != 0)
		reply_error_syntax(context->reply);
	else if (context->host->config_set(context->host, context->argv + 2, context->argc - 2, trusted, error))
		reply_ok(context->reply);
	else
		reply_error(context->reply, error);
}

void config_resetstat_command(struct command_context *context)
{
	context->host->reset_stats(context->host);
	reply_ok(context->reply);
}

void config_rewrite_command(struct command_context *context)
{
	char error[HOST_ERROR_TEXT];

	if (context->host->config_rewrite(context->host, error))
		reply_ok(context->reply);
	else
		reply_error(context->reply, error);
}

void config_help_command(struct command_context *context)
{
	static const char *const lines[] = {
		"GET <pattern> [<pattern> ...]",
		"    Return parameters matching the glob-like <pattern> and their values.",
		"SET <directive> <value> [<directive> <value> ...]",
		"    Set each configuration <directive> to its <value>, all of them or none.",
		"RESETSTAT",
		"    Reset statistics reported by the INFO command.",
		"REWRITE",
		"    Rewrite the configuration file.",
		NULL,
	};

	argument_reply_help(context, lines);
}

/* --- MEMORY ------------------------------------------------------------------------------------------------------ */

/* MEMORY USAGE key [SAMPLES count]: the count is checked and has no effect, for no value has elements to sample. */
void memory_usage_command(struct command_context *context)
{
	struct entry *entry;
	int64_t samples;

	for (size_t i = 3; i < context->argc; i += 2) {
		if (!argument_is(context, i, "SAMPLES") || i + 1 == context->argc) {
			reply_error_syntax(context->reply);
			return;
		}
		if (!argument_int64(context, i + 1, &samples))
			return;
		if (samples < 0) {
			reply_error_syntax(context->reply);
			return;
		}
	}
	entry = keyspace_find(context->keyspace, context->db, &context->keys[0], context->now);
	if (entry == NULL)
		reply_null(context->reply);
	else
		reply_int(context->reply, (int64_t)entry_footprint(entry));
}

void memory_stats_command(struct command_context *context)
{
	context->host->memory_stats(context->host, context->at_once, context->reply);
}

void memory_doctor_command(struct command_context *context)
{
	struct buffer text = {0};

	context->host->memory_advice(context->host, context->at_once, &text);
	if (text.failed)
		reply_error_out_of_memory(context->reply);
	else
		reply_verbatim(context->reply, buffer_slice(&text), "txt");
	buffer_free(&text);
}

void memory_purge_command(struct command_context *context)
{
	platform_release_memory();
	reply_ok(context->reply);
}

void memory_help_command(struct command_context *context)
{
	static const char *const lines[] = {
		"DOCTOR",
		"    Return memory problems reports.",
		"PURGE",
		"    Have the allocator give memory that is not in use back to the system.",
		"STATS",
		"    Return information about the memory usage of the server.",
		"USAGE <key> [SAMPLES <count>]",
		"    Return memory in bytes used by <key> and its value. <count> is for values",
		"    that have elements, of which there are none.",
		NULL,
	};

	argument_reply_help(context, lines);
}
