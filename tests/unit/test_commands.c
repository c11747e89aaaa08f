/* The table of commands: every row is whole, every name is found and nothing else is; and what COMMAND makes of it. */
#include <ctype.h>
#include <stdio.h>
#include <string.h>

#include "command/command.h"
#include "command/handlers.h"
#include "suites.h"

static void upper_case(char *text)
{
	for (; *text != '\0'; text++)
		*text = (char)toupper((unsigned char)*text);
}

/* --- rows -------------------------------------------------------------------------------------------------------- */

static void check_texts(const struct command *command)
{
	char name[64];

	command_full_name(command, name);
	ck_assert_msg(command->group != NULL, "%s has no group", name);
	ck_assert_msg(command->since != NULL && strchr(command->since, '.') != NULL, "%s has no version", name);
	ck_assert_msg(command->complexity != NULL, "%s has no complexity", name);
	ck_assert_msg(command->summary != NULL && command->summary[strlen(command->summary) - 1] == '.',
		      "the summary of %s is no sentence", name);
}

static void check_keys(const struct command *command)
{
	const struct command_keys *keys = &command->keys;
	int least = command->arity < 0 ? -command->arity : command->arity;
	char name[64];

	command_full_name(command, name);
	if (keys->first == 0) {
		ck_assert_msg(keys->last == 0 && keys->step == 0 && keys->flags == 0, "%s has half a key", name);
		ck_assert_msg((command->flags & (COMMAND_LOCK_ALL | COMMAND_LOCK_EACH)) != 0 ||
				      (command->categories & CATEGORY_KEYSPACE) == 0 ||
				      strcmp(command->name, "help") == 0,
			      "%s touches keys that nobody locks", name);
		return;
	}
	if (!command_has_keys(command)) {
		ck_assert_msg(keys->flags == KEY_NOT_KEY, "%s: a key and none", name);
		return;
	}
	ck_assert_msg(keys->first < least, "%s may come without its key", name);
	ck_assert_msg(keys->last == -1 || (keys->last >= keys->first && keys->last < least), "%s: last key", name);
	ck_assert_msg(keys->step >= 1, "%s: step", name);
	ck_assert_msg((keys->flags & (KEY_RO | KEY_RW | KEY_OW | KEY_RM)) != 0, "%s: key flags", name);
	/* A command that writes may only read its first key (SORT). */
	if ((command->flags & COMMAND_READONLY) != 0)
		ck_assert_msg((keys->flags & KEY_RO) != 0, "%s reads keys that it may change", name);
}

static void check_args(const struct command_arg *args)
{
	static const char *const types[] = {"key",     "string",     "integer", "double", "unix-time",
					    "pattern", "pure-token", "oneof",	"block"};

	for (; args->name != NULL; args++) {
		bool nested = strcmp(args->type, "oneof") == 0 || strcmp(args->type, "block") == 0;
		size_t type = 0;

		while (type < sizeof(types) / sizeof(types[0]) && strcmp(args->type, types[type]) != 0)
			type++;
		ck_assert_msg(type < sizeof(types) / sizeof(types[0]), "%s is no type", args->type);
		ck_assert_msg(nested == (args->args != NULL), "%s has members or lacks them", args->name);
		ck_assert_msg(strcmp(args->type, "pure-token") != 0 || args->token != NULL, "%s: no token", args->name);
		if (nested)
			check_args(args->args);
	}
}

static void check_row(const struct command *command)
{
	char name[64];

	command_full_name(command, name);
	ck_assert_msg(command->handler != NULL || command->subcommands != NULL, "%s does nothing", name);
	ck_assert_msg(command->arity != 0, "%s has no arity", name);
	ck_assert_msg((command->flags & COMMAND_WRITE) == 0 || (command->flags & COMMAND_READONLY) == 0,
		      "%s writes and does not", name);
	ck_assert_msg(((command->categories & CATEGORY_FAST) != 0) != ((command->categories & CATEGORY_SLOW) != 0),
		      "%s must be fast or slow", name);
	check_texts(command);
	check_keys(command);
	if (command->args != NULL)
		check_args(command->args);
}

START_TEST(rows_are_whole)
{
	for (size_t id = 0; id < command_id_count(); id++)
		check_row(command_by_id(id));
}
END_TEST

START_TEST(ids_count_all_rows)
{
	size_t rows = 0;

	for (const struct command *command = command_table(); command->name != NULL; command++) {
		ck_assert_ptr_eq(command_by_id(command->id), command);
		rows++;
		for (const struct command *sub = command->subcommands; sub != NULL && sub->name != NULL; sub++) {
			ck_assert_ptr_eq(command_by_id(sub->id), sub);
			ck_assert_ptr_eq(sub->parent, command);
			rows++;
		}
	}
	ck_assert_uint_eq(rows, command_id_count());
	command_table_init(); /* once more changes nothing */
	ck_assert_uint_eq(rows, command_id_count());
}
END_TEST

START_TEST(no_row_is_there_twice)
{
	char one[64], other[64];

	for (size_t i = 0; i < command_id_count(); i++)
		for (size_t j = 0; j < i; j++)
			ck_assert_str_ne(command_full_name(command_by_id(i), one),
					 command_full_name(command_by_id(j), other));
}
END_TEST

/* --- looking up -------------------------------------------------------------------------------------------------- */

/* The lookup folds the case of letters, and is careful about underscores: a name with anything else in it could be
 * found under another one. */
START_TEST(names_are_letters)
{
	for (const struct command *command = command_table(); command->name != NULL; command++) {
		ck_assert_uint_le(strlen(command->name), 16);
		for (const char *c = command->name; *c != '\0'; c++)
			ck_assert_msg(islower((unsigned char)*c) || *c == '_', "%s", command->name);
	}
}
END_TEST

START_TEST(names_are_found_in_any_case)
{
	char name[64];

	for (const struct command *command = command_table(); command->name != NULL; command++) {
		ck_assert_ptr_eq(command_find(slice_of(command->name)), command);
		snprintf(name, sizeof(name), "%s", command->name);
		name[0] = (char)toupper((unsigned char)name[0]);
		ck_assert_ptr_eq(command_find(slice_of(name)), command);
		upper_case(name);
		ck_assert_ptr_eq(command_find(slice_of(name)), command);
	}
}
END_TEST

START_TEST(every_changed_byte_is_noticed)
{
	char name[64];

	for (const struct command *command = command_table(); command->name != NULL; command++) {
		size_t len = strlen(command->name);

		for (size_t at = 0; at < len; at++) {
			for (int byte = 0; byte < 256; byte++) {
				const struct command *found;

				memcpy(name, command->name, len);
				name[at] = (char)byte;
				found = command_find((struct slice){name, len});
				if (tolower(byte) == command->name[at])
					ck_assert_ptr_eq(found, command);
				else
					ck_assert_ptr_ne(found, command);
			}
		}
	}
}
END_TEST

START_TEST(other_names_are_not_found)
{
	static const char *const names[] = {"",
					    "g",
					    "ge",
					    "gett",
					    "nosuch",
					    "config|get",
					    "get ",
					    "pexpiretimes",
					    "set\r",
					    " get",
					    "a-name-of-many-more-than-16-bytes"};
	char name[64];

	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++)
		ck_assert_msg(command_find(slice_of(names[i])) == NULL, "%s", names[i]);
	ck_assert_ptr_null(command_find((struct slice){NULL, 0}));
	for (const struct command *command = command_table(); command->name != NULL; command++) {
		snprintf(name, sizeof(name), "%sx", command->name);
		ck_assert_ptr_null(command_find(slice_of(name)));
	}
}
END_TEST

/* The first and the last eight bytes of a name, joined, differ from it in their length alone. */
START_TEST(doubled_names_are_not_found)
{
	char name[64];

	for (const struct command *command = command_table(); command->name != NULL; command++) {
		size_t len = strlen(command->name);

		if (len < 8)
			continue;
		snprintf(name, sizeof(name), "%.8s%s", command->name, command->name + len - 8);
		ck_assert_msg(command_find(slice_of(name)) == NULL, "%s", name);
	}
}
END_TEST

START_TEST(subcommands_are_found)
{
	const struct command *client = command_find(SLICE("client"));
	const struct command *debug = command_find(SLICE("DEBUG"));

	ck_assert_str_eq(command_find_subcommand(client, SLICE("SETNAME"))->name, "setname");
	ck_assert_str_eq(command_find_subcommand(client, SLICE("kIll"))->name, "kill");
	ck_assert_str_eq(command_find_subcommand(debug, SLICE("Set-Active-Expire"))->name, "set-active-expire");
	ck_assert_ptr_null(command_find_subcommand(client, SLICE("nosuch")));
	ck_assert_ptr_null(command_find_subcommand(client, SLICE("")));
	ck_assert_ptr_null(command_find_subcommand(command_find(SLICE("get")), SLICE("get")));
}
END_TEST

START_TEST(full_names)
{
	const struct command *client = command_find(SLICE("client"));
	char name[64];

	ck_assert_str_eq(command_full_name(client, name), "client");
	ck_assert_str_eq(command_full_name(command_find_subcommand(client, SLICE("list")), name), "client|list");
}
END_TEST

/* --- what COMMAND makes of the rows ------------------------------------------------------------------------------ */

/* The bytes with which `handler` answers the words given, up to a NULL. */
static const char *answer(command_handler *handler, uint8_t protocol, const char *const *words)
{
	static char text[4096];
	struct slice argv[16];
	struct reply reply = {.protocol = protocol};
	struct command_context context = {.argv = argv, .reply = &reply};

	for (; words[context.argc] != NULL; context.argc++)
		argv[context.argc] = slice_of(words[context.argc]);
	handler(&context);
	ck_assert_uint_lt(reply_len(&reply), sizeof(text));
	memcpy(text, reply.bytes.data, reply.bytes.len);
	text[reply.bytes.len] = '\0';
	reply_free(&reply);
	return text;
}

/* As redis-server 7.0.15 answers COMMAND INFO mset nosuch. */
START_TEST(info_has_the_shape_of_redis)
{
	static const char *const words[] = {"COMMAND", "INFO", "mset", "nosuch", NULL};

	ck_assert_str_eq(
		answer(command_info_command, 2, words),
		"*2\r\n*10\r\n$4\r\nmset\r\n:-3\r\n*2\r\n+write\r\n+denyoom\r\n:1\r\n:-1\r\n:2\r\n"
		"*3\r\n+@write\r\n+@string\r\n+@slow\r\n"
		"*2\r\n$26\r\nrequest_policy:multi_shard\r\n$29\r\nresponse_policy:all_succeeded\r\n"
		"*1\r\n*6\r\n$5\r\nflags\r\n*2\r\n+OW\r\n+update\r\n"
		"$12\r\nbegin_search\r\n*4\r\n$4\r\ntype\r\n$5\r\nindex\r\n$4\r\nspec\r\n*2\r\n$5\r\nindex\r\n:1\r\n"
		"$9\r\nfind_keys\r\n*4\r\n$4\r\ntype\r\n$5\r\nrange\r\n$4\r\nspec\r\n*6\r\n$7\r\nlastkey\r\n:-1\r\n"
		"$7\r\nkeystep\r\n:2\r\n$5\r\nlimit\r\n:0\r\n*0\r\n$-1\r\n");
	ck_assert_str_eq(
		answer(command_info_command, 3, words),
		"*2\r\n*10\r\n$4\r\nmset\r\n:-3\r\n~2\r\n+write\r\n+denyoom\r\n:1\r\n:-1\r\n:2\r\n"
		"~3\r\n+@write\r\n+@string\r\n+@slow\r\n"
		"~2\r\n$26\r\nrequest_policy:multi_shard\r\n$29\r\nresponse_policy:all_succeeded\r\n"
		"~1\r\n%3\r\n$5\r\nflags\r\n~2\r\n+OW\r\n+update\r\n"
		"$12\r\nbegin_search\r\n%2\r\n$4\r\ntype\r\n$5\r\nindex\r\n$4\r\nspec\r\n%1\r\n$5\r\nindex\r\n:1\r\n"
		"$9\r\nfind_keys\r\n%2\r\n$4\r\ntype\r\n$5\r\nrange\r\n$4\r\nspec\r\n%3\r\n$7\r\nlastkey\r\n:-1\r\n"
		"$7\r\nkeystep\r\n:2\r\n$5\r\nlimit\r\n:0\r\n~0\r\n_\r\n");
}
END_TEST

START_TEST(docs_have_the_shape_of_redis)
{
	static const char *const words[] = {"COMMAND", "DOCS", "nosuch", "renamenx", NULL};
	const char *summary = command_find(SLICE("renamenx"))->summary;
	const char *change = command_find(SLICE("renamenx"))->history + strlen("3.2.0 ");
	char wanted[1024];

	snprintf(wanted, sizeof(wanted),
		 "%%1\r\n$8\r\nrenamenx\r\n%%6\r\n$7\r\nsummary\r\n$%zu\r\n%s\r\n$5\r\nsince\r\n$5\r\n1.0.0\r\n"
		 "$5\r\ngroup\r\n$7\r\ngeneric\r\n$10\r\ncomplexity\r\n$4\r\nO(1)\r\n"
		 "$7\r\nhistory\r\n~1\r\n*2\r\n$5\r\n3.2.0\r\n$%zu\r\n%s\r\n$9\r\narguments\r\n*2\r\n"
		 "%%3\r\n$4\r\nname\r\n$3\r\nkey\r\n$4\r\ntype\r\n$3\r\nkey\r\n$14\r\nkey_spec_index\r\n:0\r\n"
		 "%%3\r\n$4\r\nname\r\n$6\r\nnewkey\r\n$4\r\ntype\r\n$3\r\nkey\r\n$14\r\nkey_spec_index\r\n:1\r\n",
		 strlen(summary), summary, strlen(change), change);
	ck_assert_str_eq(answer(command_docs_command, 3, words), wanted);
}
END_TEST

START_TEST(keys_of_a_command)
{
	static const char *const mset[] = {"COMMAND", "GETKEYS", "MSET", "a", "1", "b", "2", NULL};
	static const char *const usage[] = {"COMMAND", "GETKEYS", "memory", "usage", "k", "SAMPLES", "1", NULL};
	static const char *const ping[] = {"COMMAND", "GETKEYS", "PING", "x", NULL};
	static const char *const get[] = {"COMMAND", "GETKEYS", "GET", "a", "b", NULL};
	static const char *const nosuch[] = {"COMMAND", "GETKEYS", "client", "nosuch", NULL};

	ck_assert_str_eq(answer(command_getkeys_command, 2, mset), "*2\r\n$1\r\na\r\n$1\r\nb\r\n");
	ck_assert_str_eq(answer(command_getkeys_command, 2, usage), "*1\r\n$1\r\nk\r\n");
	ck_assert_str_eq(answer(command_getkeys_command, 2, ping), "-ERR The command has no key arguments\r\n");
	ck_assert_str_eq(answer(command_getkeys_command, 2, get),
			 "-ERR Invalid number of arguments specified for command\r\n");
	ck_assert_str_eq(answer(command_getkeys_command, 2, nosuch), "-ERR Invalid command specified\r\n");
}
END_TEST

Suite *commands_suite(void)
{
	Suite *suite = suite_create("commands");
	TCase *rows = tcase_create("rows");
	TCase *lookup = tcase_create("lookup");
	TCase *introspection = tcase_create("introspection");

	tcase_add_unchecked_fixture(rows, command_table_init, NULL);
	tcase_add_test(rows, rows_are_whole);
	tcase_add_test(rows, ids_count_all_rows);
	tcase_add_test(rows, no_row_is_there_twice);
	suite_add_tcase(suite, rows);

	tcase_add_unchecked_fixture(lookup, command_table_init, NULL);
	tcase_add_test(lookup, names_are_letters);
	tcase_add_test(lookup, names_are_found_in_any_case);
	tcase_add_test(lookup, every_changed_byte_is_noticed);
	tcase_add_test(lookup, other_names_are_not_found);
	tcase_add_test(lookup, doubled_names_are_not_found);
	tcase_add_test(lookup, subcommands_are_found);
	tcase_add_test(lookup, full_names);
	suite_add_tcase(suite, lookup);

	tcase_add_unchecked_fixture(introspection, command_table_init, NULL);
	tcase_add_test(introspection, info_has_the_shape_of_redis);
	tcase_add_test(introspection, docs_have_the_shape_of_redis);
	tcase_add_test(introspection, keys_of_a_command);
	suite_add_tcase(suite, introspection);
	return suite;
}
