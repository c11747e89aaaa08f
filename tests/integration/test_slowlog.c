/* SLOWLOG. The log is the daemon's: each test empties it first and says what is slow. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "harness.h"
#include "suites.h"

/* A client of an empty log in which every command is noted from now on, beginning with SLOWLOG RESET itself. */
static struct client *client_logged(int protocol)
{
	struct client *c = client_fresh(protocol);

	expect(c, "+OK", "CONFIG", "SET", "slowlog-max-len", "128", NULL);
	expect(c, "+OK", "CONFIG", "SET", "slowlog-log-slower-than", "0", NULL);
	expect(c, "+OK", "SLOWLOG", "RESET", NULL);
	return c;
}

/* The id, the Unix time and the microseconds of the newest entry; notes nothing itself. */
static void newest(struct client *c, long long *id, long long *seconds, long long *microseconds)
{
	const char *text;

	expect(c, "+OK", "CONFIG", "SET", "slowlog-log-slower-than", "-1", NULL);
	text = client_call(c, "SLOWLOG", "GET", "1", NULL);
	ck_assert_msg(sscanf(text, "[ [ :%lld :%lld :%lld", id, seconds, microseconds) == 3, "%s", text);
}

/* --- entries ----------------------------------------------------------------------------------------------------- */

START_TEST(entries_name_command_and_client)
{
	struct client *c = client_logged(_i);

	expect(c, "+OK", "CLIENT", "SETNAME", "tester", NULL);
	expect(c, "+OK", "sEt", "key", "two words", NULL);
	expect_like(c,
		    "[ [ :* :* :* [ $sEt $key $two words ] $127.0.0.1:* $tester ]"
		    " [ :* :* :* [ $CLIENT $SETNAME $tester ] $127.0.0.1:* $tester ]"
		    " [ :* :* :* [ $SLOWLOG $RESET ] $127.0.0.1:* $ ] ]",
		    "SLOWLOG", "GET", NULL);
}
END_TEST

START_TEST(ids_and_times_ascend)
{
	struct client *c = client_logged(_i);
	long long id, seconds, microseconds, first;
	time_t before = time(NULL);

	expect(c, "nil", "GET", "a", NULL);
	newest(c, &first, &seconds, &microseconds);
	ck_assert_int_ge(seconds, before);
	ck_assert_int_le(seconds, time(NULL));
	ck_assert_int_lt(microseconds, 1000000);
	expect(c, "+OK", "SLOWLOG", "RESET", NULL);
	expect(c, "+OK", "CONFIG", "SET", "slowlog-log-slower-than", "0", NULL);
	expect(c, "nil", "GET", "a", NULL);
	newest(c, &id, &seconds, &microseconds);
	ck_assert_int_eq(id, first + 2); /* CONFIG SET and GET; the numbers go on after a RESET */
}
END_TEST

START_TEST(only_the_slow_are_noted)
{
	struct client *c = client_logged(_i);
	long long id, seconds, microseconds;

	expect(c, "+OK", "CONFIG", "SET", "slowlog-log-slower-than", "100000", NULL);
	expect(c, "+OK", "SLOWLOG", "RESET", NULL);
	expect(c, "nil", "GET", "a", NULL);
	expect(c, "+OK", "DEBUG", "SLEEP", "0.15", NULL);
	expect_like(c, "[ [ :* :* :* [ $DEBUG $SLEEP $0.15 ] $* $ ] ]", "SLOWLOG", "GET", NULL);
	newest(c, &id, &seconds, &microseconds);
	ck_assert_int_ge(microseconds, 149000);
	ck_assert_int_lt(microseconds, 1000000LL * DEADLINE_MS);
	expect(c, "+OK", "SLOWLOG", "RESET", NULL);
	expect(c, "+OK", "DEBUG", "SLEEP", "0.15", NULL); /* -1 notes nothing */
	expect(c, ":0", "SLOWLOG", "LEN", NULL);
}
END_TEST

START_TEST(a_new_threshold_holds_within_a_pipeline)
{
	struct client *c = client_logged(_i);

	expect(c, "+OK", "CONFIG", "SET", "slowlog-log-slower-than", "-1", NULL);
	expect(c, "+OK", "SLOWLOG", "RESET", NULL);
	client_send(c,
		    "CONFIG SET slowlog-log-slower-than 0\r\nECHO noted\r\n"
		    "CONFIG SET slowlog-log-slower-than -1\r\nECHO unseen\r\nSLOWLOG GET\r\n",
		    SIZE_MAX);
	expect_reply(c, "+OK");
	expect_reply(c, "$noted");
	expect_reply(c, "+OK");
	expect_reply(c, "$unseen");
	ck_assert(text_like("[ [ :* :* :* [ $ECHO $noted ] * ] [ :* :* :* [ $CONFIG $SET $slowlog-log-slower-than $0 ]"
			    " * ] ]",
			    client_reply(c)));
}
END_TEST

/* EXEC's commands are noted one by one, EXEC itself is not. */
START_TEST(commands_of_a_transaction_are_noted)
{
	struct client *c = client_logged(_i);

	expect(c, "+OK", "MULTI", NULL);
	expect(c, "+QUEUED", "SET", "a", "1", NULL);
	expect(c, "+QUEUED", "INCR", "a", NULL);
	expect(c, "[ +OK :2 ]", "EXEC", NULL);
	expect_like(c, "[ [ * [ $INCR $a ] * ] [ * [ $SET $a $1 ] * ] [ * [ $MULTI ] * ] [ * [ $SLOWLOG $RESET ] * ] ]",
		    "SLOWLOG", "GET", NULL);
}
END_TEST

/* What the gate refuses was never run. */
START_TEST(refused_commands_are_not_noted)
{
	struct client *c = client_logged(_i);

	expect(c, "-ERR wrong number of arguments for 'get' command", "GET", NULL);
	expect_like(c, "-ERR unknown command*", "NOPE", NULL);
	expect_like(c, "[ [ :* :* :* [ $SLOWLOG $RESET ] $* $ ] ]", "SLOWLOG", "GET", NULL);
}
END_TEST

/* --- what is kept of the arguments ------------------------------------------------------------------------------- */

START_TEST(long_arguments_are_cut)
{
	struct client *c = client_logged(_i);
	char whole[129], longer[130], want[512];

	memset(whole, 'w', 128);
	whole[128] = '\0';
	memset(longer, 'l', 129);
	longer[129] = '\0';
	expect(c, "+OK", "SET", whole, longer, NULL);
	snprintf(want, sizeof(want), "[ [ :* :* :* [ $SET $%s $%.128s... (1 more bytes) ] $* $ ] ]", whole, longer);
	expect_like(c, want, "SLOWLOG", "GET", "1", NULL);
}
END_TEST

/* A large value has become the stored one, and is gone again, when its command is noted. */
START_TEST(large_values_are_cut)
{
	enum { LARGE = 200000 };
	struct client *c = client_logged(_i);
	char *value = malloc(LARGE + 1);

	memset(value, 'v', LARGE);
	memset(value, 'b', 128);
	value[LARGE] = '\0';
	expect(c, "+OK", "SET", "key", value, NULL);
	expect(c, "+OK", "SET", "key", "small", NULL);
	expect_like(c, "[ * [ :* :* :* [ $SET $key $bbbbbbbb*bbb... (199872 more bytes) ] * ]", "SLOWLOG", "GET", "2",
		    NULL);
	free(value);
}
END_TEST

START_TEST(many_arguments_are_cut)
{
	struct client *c = client_logged(_i);
	const char *words[34] = {"DEL"};

	for (int i = 1; i < 34; i++)
		words[i] = "k";
	client_send_arguments(c, 32, words, NULL);
	expect_reply(c, ":0");
	expect_like(c,
		    "[ [ :* :* :* [ $DEL $k $k $k $k $k $k $k $k $k $k $k $k $k $k $k $k $k $k $k $k $k $k $k $k $k "
		    "$k $k $k $k $k $k ] * ] ]",
		    "SLOWLOG", "GET", "1", NULL);
	client_send_arguments(c, 34, words, NULL);
	expect_reply(c, ":0");
	expect_like(c,
		    "[ [ :* :* :* [ $DEL $k $k $k $k $k $k $k $k $k $k $k $k $k $k $k $k $k $k $k $k $k $k $k $k $k "
		    "$k $k $k $k $k $... (3 more arguments) ] * ] ]",
		    "SLOWLOG", "GET", "1", NULL);
}
END_TEST

START_TEST(passwords_are_not_shown)
{
	struct client *c = client_logged(_i);

	expect_like(c, "-ERR AUTH*", "AUTH", "secret", NULL);
	expect_like(c, "[ [ :* :* :* [ $AUTH $(redacted) ] * ] ]", "SLOWLOG", "GET", "1", NULL);
	expect_like(c, "-WRONGPASS*", "AUTH", "user", "secret", NULL);
	expect_like(c, "[ [ :* :* :* [ $AUTH $(redacted) $(redacted) ] * ] ]", "SLOWLOG", "GET", "1", NULL);
	expect_like(c, "-WRONGPASS*", "HELLO", "3", "SETNAME", "auth", "AUTH", "user", "secret", NULL);
	expect_like(c, "[ [ :* :* :* [ $HELLO $3 $SETNAME $auth $AUTH $(redacted) $(redacted) ] * ] ]", "SLOWLOG",
		    "GET", "1", NULL);
	expect(c, "+OK", "CONFIG", "SET", "timeout", "0", "requirepass", "", NULL);
	expect_like(c, "[ [ :* :* :* [ $CONFIG $SET $timeout $0 $requirepass $(redacted) ] * ] ]", "SLOWLOG", "GET",
		    "1", NULL);
}
END_TEST

/* KEYS of many keys is done in steps, long after its own words are gone. */
START_TEST(keys_of_many_is_noted)
{
	enum { MANY = 20000 };
	struct client *c = client_logged(_i);

	expect(c, "+OK", "CONFIG", "SET", "slowlog-log-slower-than", "-1", NULL);
	for (int i = 0; i < MANY; i++) {
		char command[64];

		snprintf(command, sizeof(command), "SET key:%d x\r\n", i);
		client_send(c, command, SIZE_MAX);
	}
	for (int i = 0; i < MANY; i++)
		expect_reply(c, "+OK");
	expect(c, "+OK", "SLOWLOG", "RESET", NULL);
	expect(c, "+OK", "CONFIG", "SET", "slowlog-log-slower-than", "0", NULL);
	expect(c, "[ ]", "KEYS", "nothing*", NULL);
	expect_like(c, "[ [ :* :* :* [ $* $nothing* ] $127.0.0.1:* $ ] ]", "SLOWLOG", "GET", "1", NULL);
	expect(c, "+OK", "FLUSHALL", NULL);
}
END_TEST

/* --- the log ----------------------------------------------------------------------------------------------------- */

START_TEST(get_takes_a_count)
{
	struct client *c = client_logged(_i);
	char text[3];

	for (int i = 0; i < 12; i++) {
		snprintf(text, sizeof(text), "%d", i);
		expect(c, "nil", "GET", text, NULL);
	}
	expect(c, "+OK", "CONFIG", "SET", "slowlog-log-slower-than", "-1", NULL);
	expect(c, ":13", "SLOWLOG", "LEN", NULL);
	expect(c, "[ ]", "SLOWLOG", "GET", "0", NULL);
	expect_like(c, "[ [ * [ $GET $11 ] * ] [ * [ $GET $10 ] * ] ]", "SLOWLOG", "GET", "2", NULL);
	ck_assert_ptr_null(strstr(client_call(c, "SLOWLOG", "GET", NULL), "$1 ]"));
	expect_like(c, "*[ $GET $2 ] * ] ]", "SLOWLOG", "GET", NULL);
	expect_like(c, "*[ $GET $0 ] * ] [ * [ $SLOWLOG $RESET ] * ] ]", "SLOWLOG", "GET", "-1", NULL);
	expect_like(c, "*[ $SLOWLOG $RESET ] * ] ]", "SLOWLOG", "GET", "9223372036854775807", NULL);
}
END_TEST

START_TEST(the_oldest_fall_out)
{
	struct client *c = client_logged(_i);

	expect(c, "+OK", "CONFIG", "SET", "slowlog-max-len", "2", NULL);
	expect(c, "nil", "GET", "a", NULL);
	expect(c, "nil", "GET", "b", NULL);
	expect_like(c, "[ [ * [ $GET $b ] * ] [ * [ $GET $a ] * ] ]", "SLOWLOG", "GET", "-1", NULL);
	expect(c, ":2", "SLOWLOG", "LEN", NULL);
	expect(c, "+OK", "CONFIG", "SET", "slowlog-max-len", "0", NULL);
	expect(c, ":0", "SLOWLOG", "LEN", NULL);
	expect(c, "[ ]", "SLOWLOG", "GET", NULL);
}
END_TEST

/* Commands of several threads have numbers of one row. */
START_TEST(all_threads_share_the_log)
{
	enum { CLIENTS = 8 };
	struct client *c = client_logged(2);
	struct client **clients = clients_open(shared, CLIENTS);
	const char *text;
	long long last = -1;

	for (int round = 0; round < 10; round++) {
		for (int i = 0; i < CLIENTS; i++)
			client_send(clients[i], "ECHO x\r\n", SIZE_MAX);
		for (int i = 0; i < CLIENTS; i++)
			expect_reply(clients[i], "$x");
	}
	expect(c, "+OK", "CONFIG", "SET", "slowlog-log-slower-than", "-1", NULL);
	text = client_call(c, "SLOWLOG", "GET", "80", NULL);
	while ((text = strstr(text, "[ :")) != NULL) {
		long long id = strtoll(text + 3, NULL, 10);

		ck_assert(last == -1 || id == last - 1);
		last = id;
		text++;
	}
	ck_assert_int_ne(last, -1);
	clients_close(clients, CLIENTS);
}
END_TEST

START_TEST(errors_are_redis_own)
{
	struct client *c = client_logged(_i);
	const char *count = "-ERR count should be greater than or equal to -1";

	expect(c, count, "SLOWLOG", "GET", "-2", NULL);
	expect(c, count, "SLOWLOG", "GET", "x", NULL);
	expect(c, count, "SLOWLOG", "GET", "9223372036854775808", NULL);
	expect(c, "-ERR unknown subcommand or wrong number of arguments for 'get'. Try SLOWLOG HELP.", "SLOWLOG", "get",
	       "1", "2", NULL);
	expect(c, "-ERR unknown subcommand 'nope'. Try SLOWLOG HELP.", "SLOWLOG", "nope", NULL);
	expect(c, "-ERR wrong number of arguments for 'slowlog' command", "SLOWLOG", NULL);
	expect(c, "-ERR wrong number of arguments for 'slowlog|len' command", "SLOWLOG", "LEN", "x", NULL);
	expect(c, "-ERR wrong number of arguments for 'slowlog|reset' command", "SLOWLOG", "RESET", "x", NULL);
	expect(c, "-ERR wrong number of arguments for 'slowlog|help' command", "SLOWLOG", "HELP", "x", NULL);
	expect_like(c, "[ +SLOWLOG <subcommand> *+GET [<count>]*+LEN*+RESET*+HELP*", "SLOWLOG", "HELP", NULL);
}
END_TEST

START_TEST(settings_have_redis_defaults)
{
	struct server *server = server_start(NULL);
	struct client *c = client_open(server, 2);

	expect(c, "[ $slowlog-log-slower-than $10000 ]", "CONFIG", "GET", "slowlog-log*", NULL);
	expect(c, "[ $slowlog-max-len $128 ]", "CONFIG", "GET", "slowlog-max-len", NULL);
	expect(c, "+OK", "DEBUG", "SLEEP", "0.02", NULL);
	expect_like(c, "*[ $DEBUG $SLEEP $0.02 ]*", "SLOWLOG", "GET", NULL);
	expect_like(c, "-ERR CONFIG SET failed*argument must be between -1 and 9223372036854775807 inclusive", "CONFIG",
		    "SET", "slowlog-log-slower-than", "-2", NULL);
	expect_like(c, "-ERR CONFIG SET failed*argument must be between 0 and 9223372036854775807 inclusive", "CONFIG",
		    "SET", "slowlog-max-len", "-1", NULL);
	server_stop(server);
}
END_TEST

Suite *slowlog_suite(void)
{
	Suite *suite = suite_create("slowlog");
	TCase *entries = shared_case(suite, "entries");
	TCase *alone = alone_case(suite, "defaults");

	tcase_add_loop_test(entries, entries_name_command_and_client, 2, 4);
	tcase_add_loop_test(entries, ids_and_times_ascend, 2, 4);
	tcase_add_loop_test(entries, only_the_slow_are_noted, 2, 4);
	tcase_add_loop_test(entries, a_new_threshold_holds_within_a_pipeline, 2, 4);
	tcase_add_loop_test(entries, commands_of_a_transaction_are_noted, 2, 4);
	tcase_add_loop_test(entries, refused_commands_are_not_noted, 2, 4);
	tcase_add_loop_test(entries, long_arguments_are_cut, 2, 4);
	tcase_add_loop_test(entries, large_values_are_cut, 2, 4);
	tcase_add_loop_test(entries, many_arguments_are_cut, 2, 4);
	tcase_add_loop_test(entries, passwords_are_not_shown, 2, 4);
	tcase_add_loop_test(entries, keys_of_many_is_noted, 2, 4);
	tcase_add_loop_test(entries, get_takes_a_count, 2, 4);
	tcase_add_loop_test(entries, the_oldest_fall_out, 2, 4);
	tcase_add_test(entries, all_threads_share_the_log);
	tcase_add_loop_test(entries, errors_are_redis_own, 2, 4);
	tcase_add_test(alone, settings_have_redis_defaults);
	return suite;
}
