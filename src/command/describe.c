/*
 * doc/commands.md is made by walking the table, group by group; nothing is known here of any one command. A group
 * appears where its first command stands in the table. Of a container the subcommands are described, and the container
 * itself when it can be run alone (COMMAND).
 */
#include "command/describe.h"

#include <ctype.h>
#include <string.h>

/* --- syntax ------------------------------------------------------------------------------------------------------ */

static void describe_arg(const struct command_arg *arg, struct buffer *out);

static void append_upper(const char *text, struct buffer *out)
{
	for (; *text != '\0'; text++)
		buffer_append_char(out, (char)toupper((unsigned char)*text));
}

static void describe_args(const struct command_arg *args, const char *separator, struct buffer *out)
{
	for (const struct command_arg *arg = args; arg->name != NULL; arg++) {
		if (arg != args)
			buffer_append_text(out, separator);
		describe_arg(arg, out);
	}
}

/* What stands for the value: a choice is put into <> unless something is around it already. */
static void describe_value(const struct command_arg *arg, struct buffer *out)
{
	bool choice = strcmp(arg->type, "oneof") == 0;
	bool bare = (arg->flags & ARG_OPTIONAL) != 0 && arg->token == NULL && (arg->flags & ARG_MULTIPLE) == 0;

	if (choice && !bare)
		buffer_append_char(out, '<');
	if (arg->args != NULL)
		describe_args(arg->args, choice ? " | " : " ", out);
	else
		buffer_append_text(out, arg->name);
	if (choice && !bare)
		buffer_append_char(out, '>');
}

/* The token and the value. */
static void describe_once(const struct command_arg *arg, bool with_token, struct buffer *out)
{
	bool has_value = strcmp(arg->type, "pure-token") != 0;

	if (arg->token != NULL && with_token)
		buffer_printf(out, "%s%s", arg->token, has_value ? " " : "");
	if (has_value)
		describe_value(arg, out);
}

static void describe_arg(const struct command_arg *arg, struct buffer *out)
{
	bool optional = (arg->flags & ARG_OPTIONAL) != 0;

	if (optional)
		buffer_append_char(out, '[');
	describe_once(arg, true, out);
	if ((arg->flags & ARG_MULTIPLE) != 0) {
		buffer_append_text(out, " [");
		describe_once(arg, (arg->flags & ARG_MULTIPLE_TOKEN) != 0, out);
		buffer_append_text(out, " ...]");
	}
	if (optional)
		buffer_append_char(out, ']');
}

void describe_syntax(const struct command *command, struct buffer *out)
{
	if (command->parent != NULL) {
		append_upper(command->parent->name, out);
		buffer_append_char(out, ' ');
	}
	append_upper(command->name, out);
	if (command->args != NULL) {
		buffer_append_char(out, ' ');
		describe_args(command->args, " ", out);
	}
}

/* --- the page ---------------------------------------------------------------------------------------------------- */

static void describe_nature(const struct command *command, struct buffer *out)
{
	static const struct {
		uint32_t flag;
		const char *text;
	} natures[] = {
		{COMMAND_WRITE, "writes"},
		{COMMAND_READONLY, "reads"},
		{COMMAND_ADMIN, "for administrators"},
		{COMMAND_NO_AUTH, "without a password"},
		{COMMAND_NO_MULTI, "not in a transaction"},
		{COMMAND_GUARDED, "asks `enable-debug-command`"},
	};

	for (size_t i = 0; i < sizeof(natures) / sizeof(natures[0]); i++) {
		if ((command->flags & natures[i].flag) != 0)
			buffer_printf(out, "; %s", natures[i].text);
	}
}

/* A line for each version that brought something. */
static void describe_history(const char *history, struct buffer *out)
{
	buffer_append_text(out, "\n");
	while (*history != '\0') {
		size_t version = strcspn(history, " ");
		size_t len = strcspn(history, "\n");

		buffer_printf(out, "- %.*s: %.*s\n", (int)version, history, (int)(len - version - 1),
			      history + version + 1);
		history += history[len] == '\0' ? len : len + 1;
	}
}

static void describe_command(const struct command *command, struct buffer *out)
{
	buffer_append_text(out, "\n### `");
	describe_syntax(command, out);
	buffer_printf(out, "`\n\n%s\n\n%s; since %s", command->summary, command->complexity, command->since);
	describe_nature(command, out);
	buffer_append_text(out, ".\n");
	if (command->history != NULL)
		describe_history(command->history, out);
	if (command->deprecated_since != NULL)
		buffer_printf(out, "\nDeprecated since %s: use %s.\n", command->deprecated_since, command->replaced_by);
	if (command->differs != NULL)
		buffer_printf(out, "\n**Differs.** %s\n", command->differs);
}

static void describe_group(const char *group, struct buffer *out)
{
	buffer_printf(out, "\n## %c%s\n", toupper((unsigned char)group[0]), group + 1);
	for (const struct command *command = command_table(); command->name != NULL; command++) {
		if (strcmp(command->group, group) != 0)
			continue;
		if (command->handler != NULL)
			describe_command(command, out);
		for (const struct command *sub = command->subcommands; sub != NULL && sub->name != NULL; sub++)
			describe_command(sub, out);
	}
}

static bool is_first_of_group(const struct command *command)
{
	for (const struct command *before = command_table(); before != command; before++) {
		if (strcmp(before->group, command->group) == 0)
			return false;
	}
	return true;
}

void describe_all(struct buffer *out)
{
	buffer_append_text(
		out,
		"# Commands\n\n"
		"What cubbyd understands, as its table of commands (src/command/table.c) has it. Replies, errors and\n"
		"options are those of Redis 7.2; where a command differs, it says so here. This page is written by\n"
		"`./dev docs`.\n\n"
		"Behind each command: what it costs, the version of Redis it came with, what kind of command it is.\n");
	for (const struct command *command = command_table(); command->name != NULL; command++) {
		if (is_first_of_group(command))
			describe_group(command->group, out);
	}
}
