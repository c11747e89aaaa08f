/* COMMAND and its subcommands. */
#include <stdio.h>
#include <string.h>

#include "harness.h"
#include "suites.h"

#define SPEC(flags, first, last, step)                                                                                 \
	"[ $flags [ " flags " ] $begin_search [ $type $index $spec [ $index :" first " ] ] $find_keys [ $type $range " \
	"$spec [ $lastkey :" last " $keystep :" step " $limit :0 ] ] ]"

/* Occurrences of `word` in `text`. */
static size_t count_of(const char *text, const char *word)
{
	size_t count = 0;

	for (; (text = strstr(text, word)) != NULL; text++)
		count++;
	return count;
}

START_TEST(info_of_commands)
{
	struct client *c = client_fresh(2);

	expect(c,
	       "[ [ $get :2 [ +readonly +fast ] :1 :1 :1 [ +@read +@string +@fast ] [ ] "
	       "[ " SPEC("+RO +access", "1", "0", "1") " ] [ ] ] ]",
	       "COMMAND", "INFO", "GET", NULL);
	expect(c,
	       "[ [ $rename :3 [ +write ] :1 :2 :1 [ +@keyspace +@write +@slow ] [ ] "
	       "[ " SPEC("+RW +access +delete", "1", "0", "1") " " SPEC("+OW +update", "2", "0", "1") " ] [ ] ] ]",
	       "COMMAND", "INFO", "rename", NULL);
	expect(c,
	       "[ [ $client|list :-2 [ +admin +noscript +loading +stale ] :0 :0 :0 "
	       "[ +@admin +@slow +@dangerous +@connection ] [ $nondeterministic_output ] [ ] [ ] ] nil "
	       "[ $time :1 [ +loading +stale +fast ] :0 :0 :0 [ +@fast ] [ $nondeterministic_output ] [ ] [ ] ] ]",
	       "COMMAND", "INFO", "client|list", "nosuch", "time", NULL);
	expect(c,
	       "[ [ $bitop :-4 [ +write +denyoom ] :2 :-1 :1 [ +@write +@bitmap +@slow ] [ ] "
	       "[ " SPEC("+OW +update", "2", "0", "1") " " SPEC("+RO +access", "3", "-1", "1") " ] [ ] ] ]",
	       "COMMAND", "INFO", "bitop", NULL);
	expect(c,
	       "[ [ $bitfield_ro :-2 [ +readonly +fast ] :1 :1 :1 [ +@read +@bitmap +@fast ] [ ] "
	       "[ " SPEC("+RO +access", "1", "0", "1") " ] [ ] ] ]",
	       "COMMAND", "INFO", "BITFIELD_RO", NULL);
	expect(c, "[ nil nil ]", "COMMAND", "INFO", "client|nosuch", "get|get", NULL);
}
END_TEST

START_TEST(info_in_resp3)
{
	struct client *c = client_fresh(3);

	expect(c,
	       "[ [ $get :2 ~[ +readonly +fast ] :1 :1 :1 ~[ +@read +@string +@fast ] ~[ ] "
	       "~[ { $flags ~[ +RO +access ] $begin_search { $type $index $spec { $index :1 } } $find_keys { $type "
	       "$range "
	       "$spec { $lastkey :0 $keystep :1 $limit :0 } } } ] ~[ ] ] nil ]",
	       "COMMAND", "INFO", "GET", "nosuch", NULL);
}
END_TEST

START_TEST(all_commands_are_told)
{
	struct client *c = client_fresh(_i);
	long long count = client_integer(c, "COMMAND", "COUNT", NULL);
	const char *all;

	ck_assert_int_ge(count, 55);
	all = client_call(c, "COMMAND", NULL);
	ck_assert(text_like("*[ $get :2 *", all));
	ck_assert(text_like("*[ $memory|usage :-3 *", all));
	all = client_call(c, "COMMAND", "DOCS", NULL);
	ck_assert(text_like("*$get *$summary *", all));
	ck_assert_uint_ge(count_of(all, "$summary "), (size_t)count);
	ck_assert_uint_eq(count_of(client_call(c, "COMMAND", "LIST", NULL), "$"),
			  count_of(client_call(c, "COMMAND", "DOCS", NULL), "$summary "));
}
END_TEST

START_TEST(docs_of_commands)
{
	struct client *c = client_fresh(2);

	expect_like(c,
		    "[ $getrange [ $summary * $since $2.4.0 $group $string $complexity $O(N) * $arguments [ "
		    "[ $name $key $type $key $key_spec_index :0 ] [ $name $start $type $integer ] "
		    "[ $name $end $type $integer ] ] ] ]",
		    "COMMAND", "DOCS", "GETRANGE", NULL);
	expect_like(c, "[ $config [ $summary * $subcommands [ *$config|get [ $summary *", "COMMAND", "DOCS", "config",
		    NULL);
	expect_like(c, "[ $memory|usage [ $summary *$key_spec_index :0 *$token $SAMPLES $flags [ +optional ] ] ] ] ]",
		    "COMMAND", "DOCS", "memory|usage", NULL);
	expect(c, "[ ]", "COMMAND", "DOCS", "nosuch", "client|nosuch", NULL);
}
END_TEST

START_TEST(docs_in_resp3)
{
	struct client *c = client_fresh(3);

	expect_like(
		c,
		"{ $mset { $summary * $since $1.0.1 $group $string $complexity $O(N) * $arguments [ { $name $key_value "
		"$type $block $flags ~[ +multiple ] $arguments [ { $name $key $type $key $key_spec_index :0 } "
		"{ $name $value $type $string } ] } ] } }",
		"COMMAND", "DOCS", "mset", "nosuch", NULL);
	expect(c, "{ }", "COMMAND", "DOCS", "nosuch", NULL);
}
END_TEST

START_TEST(list_is_filtered)
{
	struct client *c = client_fresh(_i);

	expect(c, "[ $get ]", "COMMAND", "LIST", "FILTERBY", "PATTERN", "ge[t]", NULL);
	expect(c, "[ $pexpiretime ]", "command", "list", "filterby", "pattern", "PEXPIRET*", NULL);
	expect_like(c, "*$client|id*", "COMMAND", "LIST", "FILTERBY", "PATTERN", "client|*", NULL);
	expect(c, "[ ]", "COMMAND", "LIST", "FILTERBY", "PATTERN", "nosuch*", NULL);
	expect(c, "[ ]", "COMMAND", "LIST", "FILTERBY", "MODULE", "nosuch", NULL);
	expect(c, "[ ]", "COMMAND", "LIST", "FILTERBY", "ACLCAT", "nosuch", NULL);
	expect_like(c, "[ *$incr *", "COMMAND", "LIST", "FILTERBY", "ACLCAT", "STRING", NULL);
	expect_like(c, "[ *$script|exists *", "COMMAND", "LIST", "FILTERBY", "ACLCAT", "scripting", NULL);
	ck_assert(strstr(client_call(c, "COMMAND", "LIST", "FILTERBY", "ACLCAT", "string", NULL), "$del ") == NULL);
	expect(c, "-ERR syntax error", "COMMAND", "LIST", "FILTERBY", "PATTERN", NULL);
	expect(c, "-ERR syntax error", "COMMAND", "LIST", "FILTERBY", "COLOUR", "red", NULL);
	expect(c, "-ERR syntax error", "COMMAND", "LIST", "all", NULL);
}
END_TEST

START_TEST(keys_of_a_command)
{
	struct client *c = client_fresh(_i);

	expect(c, "[ $a ]", "COMMAND", "GETKEYS", "get", "a", NULL);
	expect(c, "[ $a $c ]", "COMMAND", "GETKEYS", "MSET", "a", "b", "c", "d", NULL);
	expect(c, "[ $a $b $c ]", "COMMAND", "GETKEYS", "DEL", "a", "b", "c", NULL);
	expect(c, "[ $a $b ]", "COMMAND", "GETKEYS", "RENAME", "a", "b", NULL);
	expect(c, "[ $a ]", "COMMAND", "GETKEYS", "memory", "usage", "a", "SAMPLES", "0", NULL);
	expect(c, "-ERR Invalid command specified", "COMMAND", "GETKEYS", "nosuch", "a", NULL);
	expect(c, "-ERR Invalid command specified", "COMMAND", "GETKEYS", "client", "nosuch", NULL);
	expect(c, "-ERR The command has no key arguments", "COMMAND", "GETKEYS", "ping", "a", NULL);
	expect(c, "-ERR Invalid number of arguments specified for command", "COMMAND", "GETKEYS", "GET", "a", "b",
	       NULL);
	expect(c, "-ERR wrong number of arguments for 'command|getkeys' command", "COMMAND", "GETKEYS", "get", NULL);
}
END_TEST

START_TEST(keys_and_flags_of_a_command)
{
	struct client *c = client_fresh(_i);

#define FLAGS(words) (_i == 2 ? "[ [ $a [ " words " ] ] ]" : "[ [ $a ~[ " words " ] ] ]")
	expect(c, FLAGS("+RO +access"), "COMMAND", "GETKEYSANDFLAGS", "get", "a", NULL);
	expect(c, FLAGS("+OW +update"), "COMMAND", "GETKEYSANDFLAGS", "SET", "a", "1", NULL);
	expect(c, FLAGS("+OW +update"), "COMMAND", "GETKEYSANDFLAGS", "SET", "a", "GET", "NX", NULL);
	expect(c, FLAGS("+RW +access +update"), "COMMAND", "GETKEYSANDFLAGS", "SET", "a", "1", "NX", "get", NULL);
#undef FLAGS
	expect(c,
	       _i == 2 ? "[ [ $a [ +RW +access +delete ] ] [ $b [ +OW +update ] ] ]"
		       : "[ [ $a ~[ +RW +access +delete ] ] [ $b ~[ +OW +update ] ] ]",
	       "COMMAND", "GETKEYSANDFLAGS", "RENAME", "a", "b", NULL);
	expect_like(c, "[ [ $a * ] [ $b * ] ]", "COMMAND", "GETKEYSANDFLAGS", "MSET", "a", "1", "b", "2", NULL);
	expect(c, "-ERR Invalid command specified", "COMMAND", "GETKEYSANDFLAGS", "nosuch", "a", NULL);
	expect(c, "-ERR The command has no key arguments", "COMMAND", "GETKEYSANDFLAGS", "ping", "a", NULL);
	expect(c, "-ERR Invalid number of arguments specified for command", "COMMAND", "GETKEYSANDFLAGS", "GET", "a",
	       "b", NULL);
	expect(c, "-ERR wrong number of arguments for 'command|getkeysandflags' command", "COMMAND", "GETKEYSANDFLAGS",
	       "get", NULL);
}
END_TEST

/* When arguments came and what is deprecated: as Redis tells it. */
START_TEST(docs_tell_history)
{
	struct client *c = client_fresh(_i);

	expect_like(c, "* $doc_flags *[ +deprecated ] $deprecated_since $6.2.0 $replaced_by $`SET` with the `!GET` *",
		    "COMMAND", "DOCS", "GETSET", NULL);
	expect_like(c, "* $history *[ [ $4.0.0 $*ASYNC*] [ $6.2.0 $*SYNC*] ] *", "COMMAND", "DOCS", "FLUSHALL", NULL);
	expect_like(c, "* $history *[ [ $6.2.0 $*WRITE*] ] $arguments *", "COMMAND", "DOCS", "CLIENT|PAUSE", NULL);
	ck_assert(strstr(client_call(c, "COMMAND", "DOCS", "GET", NULL), "history") == NULL);
	expect_like(c, "* $doc_flags *[ +syscmd ] *", "COMMAND", "DOCS", "DEBUG", NULL);
	expect_like(c, "* $keepttl $type $pure-token $token $KEEPTTL $since $6.0.0 *", "COMMAND", "DOCS", "SET", NULL);
	ck_assert(strstr(client_call(c, "COMMAND", "DOCS", "GET", NULL), "doc_flags") == NULL);
}
END_TEST

START_TEST(command_refuses)
{
	struct client *c = client_fresh(_i);

	expect(c, "-ERR unknown subcommand 'nosuch'. Try COMMAND HELP.", "COMMAND", "nosuch", NULL);
	expect(c, "-ERR wrong number of arguments for 'command|count' command", "COMMAND", "COUNT", "x", NULL);
	expect_like(c, "[ +COMMAND <subcommand> * +COUNT * +HELP *", "COMMAND", "HELP", NULL);
}
END_TEST

Suite *introspect_suite(void)
{
	Suite *suite = suite_create("introspect");
	TCase *with_shared = shared_case(suite, "COMMAND");

	tcase_add_test(with_shared, info_of_commands);
	tcase_add_test(with_shared, info_in_resp3);
	tcase_add_loop_test(with_shared, all_commands_are_told, 2, 4);
	tcase_add_test(with_shared, docs_of_commands);
	tcase_add_test(with_shared, docs_in_resp3);
	tcase_add_loop_test(with_shared, list_is_filtered, 2, 4);
	tcase_add_loop_test(with_shared, keys_of_a_command, 2, 4);
	tcase_add_loop_test(with_shared, keys_and_flags_of_a_command, 2, 4);
	tcase_add_loop_test(with_shared, docs_tell_history, 2, 4);
	tcase_add_loop_test(with_shared, command_refuses, 2, 4);
	return suite;
}
