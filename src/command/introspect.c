/*
 * COMMAND: the table of commands, as replies. Everything here is read from the rows; nothing is known of any one
 * command.
 *
 * The shapes are those of Redis 7.0, field by field: client libraries route, check and document by them. In RESP3 sets
 * of words are sets, in RESP2 arrays.
 */
#include "base/glob.h"
#include "command/arguments.h"
#include "command/handlers.h"

/* --- words for bits ---------------------------------------------------------------------------------------------- */

struct bit_word {
	uint32_t bit;
	const char *word;
};

/* Each in the order in which Redis names them; ended by a row without a word. */
static const struct bit_word flag_words[] = {
	{COMMAND_WRITE, "write"},
	{COMMAND_READONLY, "readonly"},
	{COMMAND_DENYOOM, "denyoom"},
	{COMMAND_ADMIN, "admin"},
	{COMMAND_PUBSUB, "pubsub"},
	{COMMAND_NOSCRIPT, "noscript"},
	{COMMAND_BLOCKING, "blocking"},
	{COMMAND_LOADING, "loading"},
	{COMMAND_STALE, "stale"},
	{COMMAND_SKIP_MONITOR, "skip_monitor"},
	{COMMAND_SKIP_SLOWLOG, "skip_slowlog"},
	{COMMAND_FAST, "fast"},
	{COMMAND_NO_AUTH, "no_auth"},
	{COMMAND_MAY_REPLICATE, "may_replicate"},
	{COMMAND_NO_ASYNC_LOADING, "no_async_loading"},
	{COMMAND_NO_MULTI, "no_multi"},
	{COMMAND_ALLOW_BUSY, "allow_busy"},
	{0},
};

static const struct bit_word category_words[] = {
	{CATEGORY_KEYSPACE, "@keyspace"},
	{CATEGORY_READ, "@read"},
	{CATEGORY_WRITE, "@write"},
	{CATEGORY_STRING, "@string"},
	{CATEGORY_BITMAP, "@bitmap"},
	{CATEGORY_PUBSUB, "@pubsub"},
	{CATEGORY_ADMIN, "@admin"},
	{CATEGORY_FAST, "@fast"},
	{CATEGORY_SLOW, "@slow"},
	{CATEGORY_BLOCKING, "@blocking"},
	{CATEGORY_DANGEROUS, "@dangerous"},
	{CATEGORY_CONNECTION, "@connection"},
	{CATEGORY_TRANSACTION, "@transaction"},
	{CATEGORY_SCRIPTING, "@scripting"},
	{0},
};

static const struct bit_word key_flag_words[] = {
	{KEY_RO, "RO"},
	{KEY_RW, "RW"},
	{KEY_OW, "OW"},
	{KEY_RM, "RM"},
	{KEY_ACCESS, "access"},
	{KEY_UPDATE, "update"},
	{KEY_INSERT, "insert"},
	{KEY_DELETE, "delete"},
	{KEY_NOT_KEY, "not_key"},
	{KEY_VARIABLE_FLAGS, "variable_flags"},
	{0},
};

static const struct bit_word arg_flag_words[] = {
	{ARG_OPTIONAL, "optional"},
	{ARG_MULTIPLE, "multiple"},
	{ARG_MULTIPLE_TOKEN, "multiple_token"},
	{0},
};

static void reply_bits(struct reply *reply, uint32_t bits, const struct bit_word *words)
{
	size_t count = 0;

	for (const struct bit_word *w = words; w->word != NULL; w++)
		count += (bits & w->bit) != 0;
	reply_set(reply, count);
	for (const struct bit_word *w = words; w->word != NULL; w++)
		if ((bits & w->bit) != 0)
			reply_simple(reply, w->word);
}

/* The words of a text that are parted by single spaces. */
static void reply_words(struct reply *reply, const char *text)
{
	size_t count = 0;

	for (const char *c = text; c != NULL; c = strchr(c + 1, ' '))
		count++;
	reply_set(reply, count);
	while (text != NULL) {
		const char *space = strchr(text, ' ');

		reply_bulk(reply, (struct slice){text, space != NULL ? (size_t)(space - text) : strlen(text)});
		text = space != NULL ? space + 1 : NULL;
	}
}

static size_t row_count(const struct command *commands)
{
	size_t count = 0;

	while (commands != NULL && commands[count].name != NULL)
		count++;
	return count;
}

static void reply_full_name(struct reply *reply, const struct command *command)
{
	char name[COMMAND_NAME_TEXT];

	reply_bulk_text(reply, command_full_name(command, name));
}

/* --- COMMAND INFO ------------------------------------------------------------------------------------------------ */

/* One key specification: keys stand from argument `first` on, the last one `last` arguments after it (or, when
 * negative, counted from the end). */
static void reply_key_spec(struct reply *reply, int first, int last, int step, uint32_t flags, const char *notes)
{
	reply_map(reply, notes != NULL ? 4 : 3);
	if (notes != NULL) {
		reply_bulk_text(reply, "notes");
		reply_bulk_text(reply, notes);
	}
	reply_bulk_text(reply, "flags");
	reply_bits(reply, flags, key_flag_words);

	reply_bulk_text(reply, "begin_search");
	reply_map(reply, 2);
	reply_bulk_text(reply, "type");
	reply_bulk_text(reply, "index");
	reply_bulk_text(reply, "spec");
	reply_map(reply, 1);
	reply_bulk_text(reply, "index");
	reply_int(reply, first);

	reply_bulk_text(reply, "find_keys");
	reply_map(reply, 2);
	reply_bulk_text(reply, "type");
	reply_bulk_text(reply, "range");
	reply_bulk_text(reply, "spec");
	reply_map(reply, 3);
	reply_bulk_text(reply, "lastkey");
	reply_int(reply, last);
	reply_bulk_text(reply, "keystep");
	reply_int(reply, step);
	reply_bulk_text(reply, "limit");
	reply_int(reply, 0);
}

static void reply_key_specs(struct reply *reply, const struct command_keys *keys)
{
	if (keys->first == 0) {
		reply_set(reply, 0);
	} else if (keys->second_flags != 0) {
		reply_set(reply, 2);
		reply_key_spec(reply, keys->first, 0, 1, keys->flags, keys->notes);
		reply_key_spec(reply, keys->first + keys->step, keys->last < 0 ? keys->last : 0, 1, keys->second_flags,
			       NULL);
	} else {
		reply_set(reply, 1);
		reply_key_spec(reply, keys->first, keys->last < 0 ? keys->last : keys->last - keys->first, keys->step,
			       keys->flags, keys->notes);
	}
}

static void reply_info(struct reply *reply, const struct command *command)
{
	const struct command *subcommands = command->subcommands;

	reply_array(reply, 10);
	reply_full_name(reply, command);
	reply_int(reply, command->arity);
	reply_bits(reply, command->flags, flag_words);
	reply_int(reply, command->keys.first);
	reply_int(reply, command->keys.last);
	reply_int(reply, command->keys.step);
	reply_bits(reply, command->categories, category_words);
	reply_words(reply, command->tips);
	reply_key_specs(reply, &command->keys);
	if (subcommands == NULL) {
		reply_set(reply, 0);
		return;
	}
	reply_array(reply, row_count(subcommands));
	for (const struct command *sub = subcommands; sub->name != NULL; sub++)
		reply_info(reply, sub);
}

void command_command(struct command_context *context)
{
	const struct command *table = command_table();

	reply_array(context->reply, row_count(table));
	for (const struct command *command = table; command->name != NULL; command++)
		reply_info(context->reply, command);
}

void command_count_command(struct command_context *context)
{
	reply_int(context->reply, (int64_t)row_count(command_table()));
}

void command_info_command(struct command_context *context)
{
	if (context->argc == 2) {
		command_command(context);
		return;
	}
	reply_array(context->reply, context->argc - 2);
	for (size_t i = 2; i < context->argc; i++) {
		const struct command *command = command_find_full(context->argv[i]);

		if (command != NULL)
			reply_info(context->reply, command);
		else
			reply_null(context->reply);
	}
}

/* --- COMMAND DOCS ------------------------------------------------------------------------------------------------ */

/* Not for applications: DEBUG. */
static bool command_is_system(const struct command *command)
{
	return (command->flags & COMMAND_GUARDED) != 0;
}

static void reply_pair(struct reply *reply, const char *name, const char *value)
{
	reply_bulk_text(reply, name);
	reply_bulk_text(reply, value);
}

/* The arguments of a command or of one of its blocks. *key_index counts the keys that have been seen: a command with
 * two key specifications has the first for the first key, the second, `last_index`, for the others. */
static void reply_args(struct reply *reply, const struct command_arg *args, int last_index, int *key_index)
{
	size_t count = 0;

	while (args[count].name != NULL)
		count++;
	reply_array(reply, count);
	for (const struct command_arg *arg = args; arg->name != NULL; arg++) {
		bool is_key = strcmp(arg->type, "key") == 0;

		reply_map(reply, (size_t)2 + is_key + (arg->token != NULL) + (arg->since != NULL) +
					 (arg->deprecated_since != NULL) + (arg->flags != 0) + (arg->args != NULL));
		reply_pair(reply, "name", arg->name);
		reply_pair(reply, "type", arg->type);
		if (is_key) {
			reply_bulk_text(reply, "key_spec_index");
			reply_int(reply, *key_index < last_index ? (*key_index)++ : last_index);
		}
		if (arg->token != NULL)
			reply_pair(reply, "token", arg->token);
		if (arg->since != NULL)
			reply_pair(reply, "since", arg->since);
		if (arg->deprecated_since != NULL)
			reply_pair(reply, "deprecated_since", arg->deprecated_since);
		if (arg->flags != 0) {
			reply_bulk_text(reply, "flags");
			reply_bits(reply, arg->flags, arg_flag_words);
		}
		if (arg->args != NULL) {
			reply_bulk_text(reply, "arguments");
			reply_args(reply, arg->args, last_index, key_index);
		}
	}
}

/* Written when there is something to say: a command of the system's own, or one that has a successor. */
static void reply_doc_flags(struct reply *reply, const struct command *command)
{
	bool deprecated = command->deprecated_since != NULL;

	if (command_is_system(command) || deprecated) {
		reply_bulk_text(reply, "doc_flags");
		reply_set(reply, 1);
		reply_simple(reply, deprecated ? "deprecated" : "syscmd");
	}
	if (deprecated) {
		reply_pair(reply, "deprecated_since", command->deprecated_since);
		reply_pair(reply, "replaced_by", command->replaced_by);
	}
}

/* How many pairs reply_doc_flags writes. */
static size_t doc_flags_pairs(const struct command *command)
{
	return command->deprecated_since != NULL ? 3 : command_is_system(command);
}

/* Pairs of a version and what came with it. */
static void reply_history(struct reply *reply, const char *history)
{
	size_t count = 1;

	for (const char *c = history; *c != '\0'; c++)
		count += *c == '\n';
	reply_bulk_text(reply, "history");
	reply_set(reply, count);
	for (const char *line = history; count > 0; count--) {
		size_t version = strcspn(line, " ");
		size_t len = strcspn(line, "\n");

		reply_array(reply, 2);
		reply_bulk(reply, (struct slice){line, version});
		reply_bulk(reply, (struct slice){line + version + 1, len - version - 1});
		line += len + 1;
	}
}

/* A name and what belongs to it: one pair of a map. */
static void reply_docs(struct reply *reply, const struct command *command)
{
	const struct command *subcommands = command->subcommands;
	int key_index = 0;

	reply_full_name(reply, command);
	reply_map(reply, 4 + doc_flags_pairs(command) + (command->history != NULL) + (command->args != NULL) +
				 (subcommands != NULL));
	reply_pair(reply, "summary", command->summary);
	reply_pair(reply, "since", command->since);
	reply_pair(reply, "group", command->group);
	reply_pair(reply, "complexity", command->complexity);
	reply_doc_flags(reply, command);
	if (command->history != NULL)
		reply_history(reply, command->history);
	if (command->args != NULL) {
		reply_bulk_text(reply, "arguments");
		reply_args(reply, command->args, command->keys.second_flags != 0, &key_index);
	}
	if (subcommands == NULL)
		return;
	reply_bulk_text(reply, "subcommands");
	reply_map(reply, row_count(subcommands));
	for (const struct command *sub = subcommands; sub->name != NULL; sub++)
		reply_docs(reply, sub);
}

void command_docs_command(struct command_context *context)
{
	const struct command *table = command_table();
	struct reply_deferred map;
	size_t pairs = 0;

	if (context->argc == 2) {
		reply_map(context->reply, row_count(table));
		for (const struct command *command = table; command->name != NULL; command++)
			reply_docs(context->reply, command);
		return;
	}
	map = reply_array_begin(context->reply);
	for (size_t i = 2; i < context->argc; i++) {
		const struct command *command = command_find_full(context->argv[i]);

		if (command == NULL)
			continue;
		reply_docs(context->reply, command);
		pairs++;
	}
	reply_map_end(context->reply, map, pairs);
}

/* --- COMMAND LIST ------------------------------------------------------------------------------------------------ */

/* Which names COMMAND LIST gives; without any filter all. */
struct list_filter {
	bool nothing;	      /* a module was named: there are no modules */
	bool by_category;     /* `category` counts */
	uint32_t category;    /* 0 for one that no command is in */
	struct slice pattern; /* data NULL is any */
};

static uint32_t category_bit(struct slice name)
{
	for (const struct bit_word *w = category_words; w->word != NULL; w++)
		if (slice_is_word(name, w->word + 1))
			return w->bit;
	return 0;
}

static bool filter_parse(const struct command_context *context, struct list_filter *filter)
{
	*filter = (struct list_filter){0};
	if (context->argc == 2)
		return true;
	if (context->argc != 5 || !argument_is(context, 2, "FILTERBY"))
		return false;
	if (argument_is(context, 3, "MODULE")) {
		filter->nothing = true;
	} else if (argument_is(context, 3, "ACLCAT")) {
		filter->by_category = true;
		filter->category = category_bit(context->argv[4]);
	} else if (argument_is(context, 3, "PATTERN")) {
		filter->pattern = context->argv[4];
	} else {
		return false;
	}
	return true;
}

static bool filter_passes(const struct list_filter *filter, const struct command *command)
{
	char name[COMMAND_NAME_TEXT];

	if (filter->nothing)
		return false;
	if (filter->by_category)
		return (command->categories & filter->category) != 0;
	return filter->pattern.data == NULL ||
	       glob_match(filter->pattern, slice_of(command_full_name(command, name)), true);
}

void command_list_command(struct command_context *context)
{
	struct list_filter filter;
	struct reply_deferred array;
	size_t count = 0;

	if (!filter_parse(context, &filter)) {
		reply_error_syntax(context->reply);
		return;
	}
	array = reply_array_begin(context->reply);
	for (size_t id = 0; id < command_id_count(); id++) {
		const struct command *command = command_by_id(id);

		if (!filter_passes(&filter, command))
			continue;
		reply_full_name(context->reply, command);
		count++;
	}
	reply_array_end(context->reply, array, count);
}

/* --- COMMAND GETKEYS --------------------------------------------------------------------------------------------- */

static const struct command *find_by_words(const struct slice *words, size_t count)
{
	const struct command *command = command_find(words[0]);

	if (command == NULL || command->subcommands == NULL || count == 1)
		return command;
	return command_find_subcommand(command, words[1]);
}

/* The command that the words behind COMMAND GETKEYS make, and the last of them that is a key. Its arity has seen to it
 * that the first and the last key are there. False with the error written. */
static bool keys_locate(struct command_context *context, const struct command **found, size_t *last)
{
	size_t count = context->argc - 2;
	const struct command *command = find_by_words(context->argv + 2, count);

	if (command == NULL) {
		reply_error(context->reply, "ERR Invalid command specified");
		return false;
	}
	if (!command_has_keys(command)) {
		reply_error(context->reply, "ERR The command has no key arguments");
		return false;
	}
	if (command->arity > 0 ? count != (size_t)command->arity : count < (size_t)-command->arity) {
		reply_error(context->reply, "ERR Invalid number of arguments specified for command");
		return false;
	}
	*found = command;
	*last = command->keys.last < 0 ? count - (size_t)-command->keys.last : (size_t)command->keys.last;
	return true;
}

static size_t keys_count(const struct command_keys *keys, size_t last)
{
	return (last - (size_t)keys->first) / (size_t)keys->step + 1;
}

void command_getkeys_command(struct command_context *context)
{
	const struct command *command;
	size_t last;

	if (!keys_locate(context, &command, &last))
		return;
	reply_array(context->reply, keys_count(&command->keys, last));
	for (size_t i = (size_t)command->keys.first; i <= last; i += (size_t)command->keys.step)
		reply_bulk(context->reply, context->argv[2 + i]);
}

/* What the command does to the key at word `index`. */
static uint32_t key_flags_at(const struct command_keys *keys, size_t index, const struct slice *words, size_t count)
{
	if (keys->second_flags != 0 && index != (size_t)keys->first)
		return keys->second_flags;
	return keys->flags_of != NULL ? keys->flags_of(words, count) : keys->flags;
}

void command_getkeysandflags_command(struct command_context *context)
{
	const struct slice *words = context->argv + 2;
	const struct command *command;
	size_t last;

	if (!keys_locate(context, &command, &last))
		return;
	reply_array(context->reply, keys_count(&command->keys, last));
	for (size_t i = (size_t)command->keys.first; i <= last; i += (size_t)command->keys.step) {
		reply_array(context->reply, 2);
		reply_bulk(context->reply, words[i]);
		reply_bits(context->reply, key_flags_at(&command->keys, i, words, context->argc - 2), key_flag_words);
	}
}

void command_help_command(struct command_context *context)
{
	static const char *const lines[] = {
		"(no subcommand)",
		"    Return details about all commands.",
		"COUNT",
		"    Return the total number of commands in this server.",
		"DOCS [<command-name> ...]",
		"    Return documentation about the named commands, or about all.",
		"GETKEYS <full-command>",
		"    Return the keys from a full command.",
		"GETKEYSANDFLAGS <full-command>",
		"    Return the keys from a full command, and what it does to each.",
		"INFO [<command-name> ...]",
		"    Return details about the named commands, or about all.",
		"LIST [FILTERBY (MODULE <name>|ACLCAT <category>|PATTERN <pattern>)]",
		"    Return the names of all commands, or of those that a filter lets pass.",
		NULL,
	};

	argument_reply_help(context, lines);
}
