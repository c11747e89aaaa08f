/*
 * What handlers share: a helper either gives the handler what it asked for and returns true, or writes the error reply
 * and returns false, so that a handler reads as a row of conditions. The texts are Redis's.
 */
#include "command/arguments.h"

#include <ctype.h>
#include <stdio.h>

#include "base/number.h"
#include "base/settings.h"

bool argument_int64(struct command_context *context, size_t index, int64_t *value)
{
	if (number_parse_int64(context->argv[index], value))
		return true;
	reply_error_not_integer(context->reply);
	return false;
}

bool argument_bit_offset(struct command_context *context, size_t index, unsigned width, uint64_t *offset)
{
	struct slice text = context->argv[index];
	bool counts_fields = width > 0 && text.len > 0 && text.data[0] == '#';
	int64_t at;

	if (counts_fields)
		text = (struct slice){text.data + 1, text.len - 1};
	if (!number_parse_int64(text, &at) || (counts_fields && __builtin_mul_overflow(at, (int64_t)width, &at)) ||
	    at < 0 || at / 8 >= setting_get(&settings.proto_max_bulk_len)) {
		reply_error(context->reply, "ERR bit offset is not an integer or out of range");
		return false;
	}
	*offset = (uint64_t)at;
	return true;
}

bool argument_int32(struct command_context *context, size_t index, int32_t *value)
{
	int64_t number;

	if (!argument_int64(context, index, &number))
		return false;
	if (number < INT32_MIN || number > INT32_MAX) {
		reply_error(context->reply, "ERR value is out of range, value must between -2147483648 and 2147483647");
		return false;
	}
	*value = (int32_t)number;
	return true;
}

bool argument_database(struct command_context *context, size_t index, unsigned *db)
{
	int32_t number;

	if (!argument_int32(context, index, &number))
		return false;
	if (number < 0 || (unsigned)number >= keyspace_databases(context->keyspace)) {
		reply_error(context->reply, "ERR DB index is out of range");
		return false;
	}
	*db = (unsigned)number;
	return true;
}

bool argument_timeout(struct command_context *context, size_t index, int64_t *timeout)
{
	if (!number_parse_int64(context->argv[index], timeout))
		reply_error(context->reply, "ERR timeout is not an integer or out of range");
	else if (*timeout < 0)
		reply_error(context->reply, "ERR timeout is negative");
	else if (*timeout > INT64_MAX - context->now)
		reply_error(context->reply, "ERR timeout is out of range");
	else
		return true;
	return false;
}

bool argument_expiry(struct command_context *context, int64_t amount, int unit, int64_t *expire_at)
{
	int64_t scale = (unit & TIME_MILLISECONDS) != 0 ? 1 : 1000;
	int64_t base = (unit & TIME_UNIX) != 0 ? 0 : context->now;

	if (!__builtin_mul_overflow(amount, scale, expire_at) && !__builtin_add_overflow(*expire_at, base, expire_at))
		return true;
	argument_error_expiry(context);
	return false;
}

void argument_error_expiry(struct command_context *context)
{
	char name[COMMAND_NAME_TEXT];

	reply_errorf(context->reply, "ERR invalid expire time in '%s' command",
		     command_full_name(context->command, name));
}

/* What a journal says has been done was within the limits of its time. */
static bool is_replayed(const struct command_context *context)
{
	return session_has(context->session, SESSION_REPLAYS);
}

bool argument_key_fits(struct command_context *context, struct slice key)
{
	int64_t limit = setting_get(&settings.max_key_size);

	if (limit == 0 || is_replayed(context) || key.len <= (size_t)limit)
		return true;
	reply_error(context->reply, "ERR key exceeds maximum allowed size (max-key-size)");
	return false;
}

bool argument_value_fits(struct command_context *context, size_t len)
{
	int64_t limit = setting_get(&settings.max_value_size);

	if (is_replayed(context))
		return true;
	if (len > (size_t)setting_get(&settings.proto_max_bulk_len)) {
		reply_error(context->reply, "ERR string exceeds maximum allowed size (proto-max-bulk-len)");
		return false;
	}
	if (limit != 0 && len > (size_t)limit) {
		reply_error(context->reply, "ERR value exceeds maximum allowed size (max-value-size)");
		return false;
	}
	return true;
}

void argument_error_arity(struct command_context *context)
{
	char name[COMMAND_NAME_TEXT];

	reply_errorf(context->reply, "ERR wrong number of arguments for '%s' command",
		     command_full_name(context->command, name));
}

/* The name of the container whose subcommand is being run, in capitals. */
static const char *container_name(const struct command_context *context, char name[COMMAND_NAME_TEXT])
{
	const struct command *command = context->command;
	const char *text = command->parent != NULL ? command->parent->name : command->name;
	size_t len = 0;

	for (; text[len] != '\0' && len < COMMAND_NAME_TEXT - 1; len++)
		name[len] = (char)toupper((unsigned char)text[len]);
	name[len] = '\0';
	return name;
}

void argument_error_subcommand(struct command_context *context)
{
	struct slice word = context->argv[1];
	char name[COMMAND_NAME_TEXT];

	reply_errorf(context->reply, "ERR unknown subcommand '%.*s'. Try %s HELP.", argument_echo_len(word), word.data,
		     container_name(context, name));
}

void argument_error_usage(struct command_context *context)
{
	struct slice word = context->argv[1];
	char name[COMMAND_NAME_TEXT];

	reply_errorf(context->reply, "ERR unknown subcommand or wrong number of arguments for '%.*s'. Try %s HELP.",
		     argument_echo_len(word), word.data, container_name(context, name));
}

void argument_reply_help(struct command_context *context, const char *const *lines)
{
	static const char *const last_lines[] = {"HELP", "    Print this help."};
	char name[COMMAND_NAME_TEXT];
	char first_line[COMMAND_NAME_TEXT + 64];
	size_t count = 0;

	while (lines[count] != NULL)
		count++;
	snprintf(first_line, sizeof(first_line),
		 "%s <subcommand> [<arg> [value] [opt] ...]. Subcommands are:", container_name(context, name));

	reply_array(context->reply, count + 3);
	reply_simple(context->reply, first_line);
	for (size_t i = 0; i < count; i++)
		reply_simple(context->reply, lines[i]);
	reply_simple(context->reply, last_lines[0]);
	reply_simple(context->reply, last_lines[1]);
}
