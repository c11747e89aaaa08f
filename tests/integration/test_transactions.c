/* MULTI, EXEC, DISCARD, WATCH and UNWATCH. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "harness.h"
#include "suites.h"

/* Another client of the same daemon, in the same protocol. */
static struct client *other(int protocol)
{
	return client_open(shared, protocol);
}

/* ---- Queueing ---- */

START_TEST(commands_run_at_exec)
{
	struct client *c = client_fresh(_i);
	struct client *o = other(_i);

	expect(c, "+OK", "MULTI", NULL);
	expect(c, "+QUEUED", "SET", "a", "1", NULL);
	expect(c, "+QUEUED", "INCR", "a", NULL);
	expect(c, "+QUEUED", "GET", "a", NULL);
	expect(c, "+QUEUED", "MGET", "a", "b", NULL);
	expect(o, "nil", "GET", "a", NULL);
	expect(c, "[ +OK :2 $2 [ $2 nil ] ]", "EXEC", NULL);
	expect(o, "$2", "GET", "a", NULL);
	expect(c, "-ERR EXEC without MULTI", "EXEC", NULL);
}
END_TEST

START_TEST(an_empty_transaction)
{
	struct client *c = client_fresh(_i);

	expect(c, "+OK", "MULTI", NULL);
	expect(c, "[ ]", "EXEC", NULL);
}
END_TEST

START_TEST(discard_forgets)
{
	struct client *c = client_fresh(_i);

	expect(c, "-ERR DISCARD without MULTI", "DISCARD", NULL);
	expect(c, "+OK", "MULTI", NULL);
	expect(c, "+QUEUED", "SET", "a", "1", NULL);
	expect(c, "+OK", "DISCARD", NULL);
	expect(c, "nil", "GET", "a", NULL);
	expect(c, "-ERR EXEC without MULTI", "EXEC", NULL);
	expect(c, "-ERR DISCARD without MULTI", "DISCARD", NULL);
}
END_TEST

START_TEST(arities)
{
	struct client *c = client_fresh(_i);

	expect(c, "-ERR wrong number of arguments for 'multi' command", "MULTI", "x", NULL);
	expect(c, "-EXECABORT Transaction discarded because of: wrong number of arguments for 'exec' command", "EXEC",
	       "x", NULL);
	expect(c, "-ERR wrong number of arguments for 'discard' command", "DISCARD", "x", NULL);
	expect(c, "-ERR wrong number of arguments for 'watch' command", "WATCH", NULL);
	expect(c, "-ERR wrong number of arguments for 'unwatch' command", "UNWATCH", "x", NULL);
}
END_TEST

START_TEST(a_refused_command_aborts)
{
	struct client *c = client_fresh(_i);

	expect(c, "+OK", "MULTI", NULL);
	expect(c, "+QUEUED", "SET", "a", "1", NULL);
	expect(c, "-ERR wrong number of arguments for 'get' command", "GET", NULL);
	expect(c, "+QUEUED", "SET", "b", "1", NULL);
	expect(c, "-EXECABORT Transaction discarded because of previous errors.", "EXEC", NULL);
	expect(c, "[ nil nil ]", "MGET", "a", "b", NULL);

	expect(c, "+OK", "MULTI", NULL);
	expect(c, "-ERR unknown command 'NONSENSE', with args beginning with: ", "NONSENSE", NULL);
	expect(c, "-EXECABORT Transaction discarded because of previous errors.", "EXEC", NULL);

	expect(c, "+OK", "MULTI", NULL);
	expect(c, "-ERR Command not allowed inside a transaction", "SHUTDOWN", "ABORT", NULL);
	expect(c, "-EXECABORT Transaction discarded because of previous errors.", "EXEC", NULL);

	expect(c, "+OK", "MULTI", NULL);
	expect(c, "+QUEUED", "SET", "c", "1", NULL);
	expect(c, "[ +OK ]", "EXEC", NULL);
}
END_TEST

START_TEST(a_refused_exec_aborts)
{
	struct client *c = client_fresh(_i);

	expect(c, "+OK", "WATCH", "a", NULL);
	expect(c, "+OK", "MULTI", NULL);
	expect(c, "+QUEUED", "SET", "a", "1", NULL);
	expect(c, "-EXECABORT Transaction discarded because of: wrong number of arguments for 'exec' command", "EXEC",
	       "x", NULL);
	expect(c, "-ERR EXEC without MULTI", "EXEC", NULL);
	expect(c, "nil", "GET", "a", NULL);
}
END_TEST

START_TEST(a_failing_command_does_not_abort)
{
	struct client *c = client_fresh(_i);

	expect(c, "+OK", "SET", "text", "x", NULL);
	expect(c, "+OK", "MULTI", NULL);
	expect(c, "+QUEUED", "SET", "a", "1", NULL);
	expect(c, "+QUEUED", "INCR", "text", NULL);
	expect(c, "+QUEUED", "SET", "b", "2", NULL);
	expect(c, "[ +OK -ERR value is not an integer or out of range +OK ]", "EXEC", NULL);
	expect(c, "[ $1 $2 ]", "MGET", "a", "b", NULL);
}
END_TEST

START_TEST(multi_and_watch_within_multi)
{
	struct client *c = client_fresh(_i);

	expect(c, "+OK", "MULTI", NULL);
	expect(c, "-ERR MULTI calls can not be nested", "MULTI", NULL);
	expect(c, "-ERR WATCH inside MULTI is not allowed", "WATCH", "a", NULL);
	expect(c, "+QUEUED", "UNWATCH", NULL);
	expect(c, "+QUEUED", "PING", NULL);
	expect(c, "[ +OK +PONG ]", "EXEC", NULL);
}
END_TEST

START_TEST(databases_within)
{
	struct client *c = client_fresh(_i);

	expect(c, "+OK", "MULTI", NULL);
	expect(c, "+QUEUED", "SET", "a", "zero", NULL);
	expect(c, "+QUEUED", "SELECT", "1", NULL);
	expect(c, "+QUEUED", "SET", "a", "one", NULL);
	expect(c, "[ +OK +OK +OK ]", "EXEC", NULL);
	expect(c, "$one", "GET", "a", NULL);
	expect(c, "+OK", "SELECT", "0", NULL);
	expect(c, "$zero", "GET", "a", NULL);
}
END_TEST

START_TEST(commands_on_all_keys_within)
{
	struct client *c = client_fresh(_i);

	expect(c, "+OK", "MULTI", NULL);
	expect(c, "+QUEUED", "SET", "a", "1", NULL);
	expect(c, "+QUEUED", "DBSIZE", NULL);
	expect(c, "+QUEUED", "KEYS", "*", NULL);
	expect(c, "+QUEUED", "RANDOMKEY", NULL);
	expect(c, "+QUEUED", "SCAN", "0", "COUNT", "1000", NULL);
	expect(c, "+QUEUED", "FLUSHALL", NULL);
	expect(c, "+QUEUED", "DBSIZE", NULL);
	expect(c, "[ +OK :1 [ $a ] $a [ $0 [ $a ] ] +OK :0 ]", "EXEC", NULL);
}
END_TEST

/* A walk over many keys is done at once within a transaction, and left to later turns of the loop outside of one. */
START_TEST(keys_of_many_within)
{
	enum { COUNT = 20000 };
	struct client *c = client_fresh(_i);
	char name[32];
	size_t items = 0;

	for (int i = 0; i < COUNT; i++) {
		snprintf(name, sizeof(name), "key:%d", i);
		client_send_command(c, "SET", name, "v", NULL);
	}
	for (int i = 0; i < COUNT; i++)
		ck_assert_str_eq(client_reply(c), "+OK");
	expect(c, "+OK", "MULTI", NULL);
	expect(c, "+QUEUED", "KEYS", "*", NULL);
	expect(c, "+QUEUED", "PING", NULL);
	client_send_command(c, "EXEC", NULL);
	for (const char *at = client_reply(c); (at = strstr(at, "$key:")) != NULL; at++)
		items++;
	ck_assert_uint_eq(items, COUNT);
	expect(c, "+PONG", "PING", NULL);
}
END_TEST

START_TEST(large_values_within)
{
	enum { LARGE = 300 * 1000 };
	struct client *c = client_fresh(_i);
	char *value = malloc(LARGE + 1);

	ck_assert_ptr_nonnull(value);
	memset(value, 'v', LARGE);
	value[LARGE] = '\0';
	expect(c, "+OK", "MULTI", NULL);
	expect(c, "+QUEUED", "SET", "a", value, NULL);
	expect(c, "+QUEUED", "MSET", "b", value, "c", "small", "d", value, NULL);
	expect(c, "+QUEUED", "STRLEN", "a", NULL);
	expect(c, "+QUEUED", "MGET", "c", NULL);
	expect(c, "[ +OK +OK :300000 [ $small ] ]", "EXEC", NULL);
	expect(c, ":300000", "STRLEN", "d", NULL);
	/* Queued and given up: whoever looks for leaks sees it. */
	expect(c, "+OK", "MULTI", NULL);
	expect(c, "+QUEUED", "SET", "a", value, NULL);
	free(value);
}
END_TEST

START_TEST(one_write_for_a_whole_transaction)
{
	struct client *c = client_fresh(_i);

	client_send(c, "MULTI\r\nSET a 1\r\n*2\r\n$4\r\nINCR\r\n$1\r\na\r\nEXEC\r\nGET a\r\n", SIZE_MAX);
	expect_bytes(c, "+OK\r\n+QUEUED\r\n+QUEUED\r\n*2\r\n+OK\r\n:2\r\n$1\r\n2\r\n", SIZE_MAX);
}
END_TEST

START_TEST(reset_and_quit_within)
{
	struct client *c = client_fresh(_i);

	expect(c, "+OK", "WATCH", "a", NULL);
	expect(c, "+OK", "MULTI", NULL);
	expect(c, "+QUEUED", "SET", "a", "1", NULL);
	expect(c, "+RESET", "RESET", NULL);
	expect(c, "-ERR EXEC without MULTI", "EXEC", NULL);
	expect(c, "+OK", "MULTI", NULL);
	expect(c, "+OK", "QUIT", NULL);
	expect_closed(c);
}
END_TEST

/* ---- WATCH ---- */

START_TEST(a_watched_key_that_stays)
{
	struct client *c = client_fresh(_i);
	struct client *o = other(_i);

	expect(c, "+OK", "SET", "a", "1", NULL);
	expect(c, "+OK", "WATCH", "a", "b", NULL);
	expect(o, "$1", "GET", "a", NULL);
	expect(o, "+OK", "SET", "c", "1", NULL);
	expect(c, "+OK", "MULTI", NULL);
	expect(c, "+QUEUED", "PING", NULL);
	expect(c, "[ +PONG ]", "EXEC", NULL);
}
END_TEST

/* What another client does to the key "a", whose value is 1, and whether that breaks the watch. */
static void check_watch(int protocol, bool broken, const char *name, const char *first, const char *second)
{
	struct client *c = client_fresh(protocol);
	struct client *o = other(protocol);

	expect(c, "+OK", "SET", "a", "1", NULL);
	expect(c, "+OK", "WATCH", "a", NULL);
	client_call(o, name, first, second, NULL);
	expect(c, "+OK", "MULTI", NULL);
	expect(c, "+QUEUED", "PING", NULL);
	expect(c, broken ? "nil" : "[ +PONG ]", "EXEC", NULL);
	/* Once is enough: the next transaction runs. */
	expect(c, "+OK", "MULTI", NULL);
	expect(c, "[ ]", "EXEC", NULL);
	client_close(c);
	client_close(o);
}

START_TEST(changes_that_break_a_watch)
{
	check_watch(_i, true, "SET", "a", "1");
	check_watch(_i, true, "DEL", "a", NULL);
	check_watch(_i, true, "UNLINK", "a", NULL);
	check_watch(_i, true, "APPEND", "a", "x");
	check_watch(_i, true, "APPEND", "a", "");
	check_watch(_i, true, "INCR", "a", NULL);
	check_watch(_i, true, "EXPIRE", "a", "100");
	check_watch(_i, true, "EXPIRE", "a", "-1");
	check_watch(_i, true, "RENAME", "a", "b");
	check_watch(_i, true, "GETDEL", "a", NULL);
	check_watch(_i, true, "FLUSHALL", NULL, NULL);
	check_watch(_i, true, "FLUSHDB", NULL, NULL);
	check_watch(_i, true, "GETSET", "a", "2");
	check_watch(_i, false, "TOUCH", "a", NULL);
	check_watch(_i, false, "SETNX", "a", "2");
	check_watch(_i, false, "PERSIST", "a", NULL);
	check_watch(_i, false, "GET", "a", NULL);
}
END_TEST

START_TEST(a_missing_key_is_watched)
{
	struct client *c = client_fresh(_i);
	struct client *o = other(_i);

	expect(c, "+OK", "WATCH", "missing", NULL);
	expect(o, "+OK", "FLUSHALL", NULL);
	expect(c, "+OK", "MULTI", NULL);
	expect(c, "[ ]", "EXEC", NULL);

	expect(c, "+OK", "WATCH", "missing", NULL);
	expect(o, "+OK", "SET", "missing", "1", NULL);
	expect(c, "+OK", "MULTI", NULL);
	expect(c, "nil", "EXEC", NULL);
}
END_TEST

START_TEST(own_changes_break_a_watch)
{
	struct client *c = client_fresh(_i);

	expect(c, "+OK", "WATCH", "a", NULL);
	expect(c, "+OK", "SET", "a", "1", NULL);
	expect(c, "+OK", "MULTI", NULL);
	expect(c, "nil", "EXEC", NULL);
}
END_TEST

START_TEST(unwatch_and_discard_unwatch)
{
	struct client *c = client_fresh(_i);

	expect(c, "+OK", "UNWATCH", NULL);
	expect(c, "+OK", "WATCH", "a", NULL);
	expect(c, "+OK", "SET", "a", "1", NULL);
	expect(c, "+OK", "UNWATCH", NULL);
	expect(c, "+OK", "MULTI", NULL);
	expect(c, "[ ]", "EXEC", NULL);

	expect(c, "+OK", "WATCH", "a", "a", "b", NULL);
	expect(c, "+OK", "SET", "a", "1", NULL);
	expect(c, "+OK", "MULTI", NULL);
	expect(c, "+OK", "DISCARD", NULL);
	expect(c, "+OK", "MULTI", NULL);
	expect(c, "[ ]", "EXEC", NULL);
}
END_TEST

START_TEST(watches_are_of_one_database)
{
	struct client *c = client_fresh(_i);
	struct client *o = other(_i);

	expect(c, "+OK", "WATCH", "a", NULL);
	expect(o, "+OK", "SELECT", "1", NULL);
	expect(o, "+OK", "SET", "a", "1", NULL);
	expect(o, "+OK", "FLUSHDB", NULL);
	expect(c, "+OK", "MULTI", NULL);
	expect(c, "[ ]", "EXEC", NULL);
}
END_TEST

/* A key that dies while it is watched has changed, whether the cleaner has come to it or not. */
START_TEST(expiry_breaks_a_watch)
{
	struct client *c = client_fresh(_i);
	struct client *o = other(_i);

	for (int active = 0; active <= 1; active++) {
		expect(o, "+OK", "DEBUG", "SET-ACTIVE-EXPIRE", active ? "1" : "0", NULL);
		client_send(c, "SET a 1 PX 30\r\nWATCH a\r\n", SIZE_MAX); /* in one go: it lives when watched */
		expect_reply(c, "+OK");
		expect_reply(c, "+OK");
		expect(c, "+OK", "SET", "other", "1", NULL);
		expect(c, ":1", "PEXPIRE", "other", "60", NULL);
		expect_eventually(o, "nil", "GET", "other", NULL);
		expect(c, "+OK", "MULTI", NULL);
		expect(c, "nil", "EXEC", NULL);
	}
}
END_TEST

/* To watch again what is watched already, or what another watches, takes no longer than the first time: other clients
 * wait for the same shards. */
START_TEST(many_keys_are_watched_again)
{
	enum { KEYS = 60 * 1000, NAME = 8 };
	struct client *c = client_fresh(_i);
	struct client *o = other(_i);
	char(*names)[NAME] = malloc((size_t)KEYS * NAME);
	const char **arguments = malloc((KEYS + 1) * sizeof(*arguments));

	if (against_redis()) /* which looks through the client's list for each key */
		return;
	ck_assert(names != NULL && arguments != NULL);
	arguments[0] = "WATCH";
	for (int i = 0; i < KEYS; i++) {
		snprintf(names[i], NAME, "w%d", i);
		arguments[i + 1] = names[i];
	}
	for (int round = 0; round < 4; round++) {
		client_send_arguments(round % 2 == 0 ? c : o, KEYS + 1, arguments, NULL);
		expect_reply(round % 2 == 0 ? c : o, "+OK");
	}
	expect(o, "+OK", "SET", "w1", "1", NULL);
	expect(c, "+OK", "MULTI", NULL);
	expect(c, "nil", "EXEC", NULL);
	free(names);
	free(arguments);
}
END_TEST

/* ---- Isolation ---- */

/* Two clients move amounts between two counters of different shards in transactions while a third adds them up. */
START_TEST(sums_are_always_whole)
{
	enum { ROUNDS = 300 };
	struct client *c = client_fresh(_i);
	struct client *movers[] = {other(_i), other(_i)};

	expect(c, "+OK", "MSET", "x", "0", "y", "0", "z", "0", NULL);
	for (int round = 0; round < ROUNDS; round++) {
		for (int i = 0; i < 2; i++) {
			client_send(movers[i], "MULTI\r\nINCRBY x 5\r\nDECRBY y 3\r\nDECRBY z 2\r\nEXEC\r\n", SIZE_MAX);
		}
		long long x = 0;
		long long y = 0;
		long long z = 0;
		const char *sums = client_call(c, "MGET", "x", "y", "z", NULL);

		ck_assert_int_eq(sscanf(sums, "[ $%lld $%lld $%lld ]", &x, &y, &z), 3);
		ck_assert_msg(x + y + z == 0 && x % 5 == 0, "%s", sums);
	}
	for (int i = 0; i < 2; i++) {
		for (int reply = 0; reply < 5 * ROUNDS; reply++)
			client_reply(movers[i]);
	}
	expect(c, "[ $3000 $-1800 $-1200 ]", "MGET", "x", "y", "z", NULL);
}
END_TEST

/* Clients add one to a counter by reading, watching and setting it: no addition may be lost. */
START_TEST(check_and_set)
{
	enum { CLIENTS = 4, GOAL = 100 };
	struct client *c = client_fresh(_i);
	struct client *adders[CLIENTS];
	int added = 0;

	expect(c, "+OK", "SET", "n", "0", NULL);
	for (int i = 0; i < CLIENTS; i++)
		adders[i] = other(_i);
	while (added < GOAL) {
		char next[CLIENTS][32];

		for (int i = 0; i < CLIENTS; i++) {
			long long n = 0;

			expect(adders[i], "+OK", "WATCH", "n", NULL);
			ck_assert_int_eq(sscanf(client_call(adders[i], "GET", "n", NULL), "$%lld", &n), 1);
			snprintf(next[i], sizeof(next[i]), "%lld", n + 1);
		}
		for (int i = 0; i < CLIENTS; i++) {
			client_send_command(adders[i], "MULTI", NULL);
			client_send_command(adders[i], "SET", "n", next[i], NULL);
			client_send_command(adders[i], "EXEC", NULL);
		}
		for (int i = 0; i < CLIENTS; i++) {
			client_reply(adders[i]);
			client_reply(adders[i]);
			added += strcmp(client_reply(adders[i]), "[ +OK ]") == 0;
		}
	}
	ck_assert_int_eq(added, GOAL);
	expect(c, "$100", "GET", "n", NULL);
}
END_TEST

/* ---- Limits ---- */

START_TEST(a_queue_has_a_limit)
{
	enum { PIECE = 20 * 1000, PIECES = 100 };
	struct server *server;
	struct client *c;
	char *value = malloc(PIECE + 1);
	bool refused = false;

	if (against_redis()) /* which closes the client */
		return;
	server = server_start("--client-query-buffer-limit", "1mb", NULL);
	c = client_open(server, 2);

	ck_assert_ptr_nonnull(value);
	memset(value, 'v', PIECE);
	value[PIECE] = '\0';
	expect(c, "+OK", "MULTI", NULL);
	for (int i = 0; i < PIECES && !refused; i++)
		refused = strcmp(client_call(c, "SET", "a", value, NULL), "+QUEUED") != 0;
	ck_assert(refused);
	expect(c, "-EXECABORT Transaction discarded because of previous errors.", "EXEC", NULL);
	expect(c, "nil", "GET", "a", NULL);
	free(value);
	server_stop(server);
}
END_TEST

Suite *transactions_suite(void)
{
	Suite *suite = suite_create("transactions");
	TCase *queueing = shared_case(suite, "queueing");
	TCase *watching = shared_case(suite, "watching");
	TCase *limits = alone_case(suite, "limits");

	tcase_add_loop_test(queueing, commands_run_at_exec, 2, 4);
	tcase_add_loop_test(queueing, an_empty_transaction, 2, 4);
	tcase_add_loop_test(queueing, discard_forgets, 2, 4);
	tcase_add_loop_test(queueing, arities, 2, 4);
	tcase_add_loop_test(queueing, a_refused_command_aborts, 2, 4);
	tcase_add_loop_test(queueing, a_refused_exec_aborts, 2, 4);
	tcase_add_loop_test(queueing, a_failing_command_does_not_abort, 2, 4);
	tcase_add_loop_test(queueing, multi_and_watch_within_multi, 2, 4);
	tcase_add_loop_test(queueing, databases_within, 2, 4);
	tcase_add_loop_test(queueing, commands_on_all_keys_within, 2, 4);
	tcase_add_loop_test(queueing, keys_of_many_within, 2, 4);
	tcase_add_loop_test(queueing, large_values_within, 2, 4);
	tcase_add_loop_test(queueing, one_write_for_a_whole_transaction, 2, 3);
	tcase_add_loop_test(queueing, reset_and_quit_within, 2, 3);

	tcase_add_loop_test(watching, a_watched_key_that_stays, 2, 4);
	tcase_add_loop_test(watching, changes_that_break_a_watch, 2, 4);
	tcase_add_loop_test(watching, a_missing_key_is_watched, 2, 4);
	tcase_add_loop_test(watching, own_changes_break_a_watch, 2, 4);
	tcase_add_loop_test(watching, unwatch_and_discard_unwatch, 2, 4);
	tcase_add_loop_test(watching, watches_are_of_one_database, 2, 4);
	tcase_add_loop_test(watching, expiry_breaks_a_watch, 2, 4);
	tcase_add_loop_test(watching, many_keys_are_watched_again, 2, 4);
	tcase_add_loop_test(watching, sums_are_always_whole, 2, 4);
	tcase_add_loop_test(watching, check_and_set, 2, 4);

	tcase_add_test(limits, a_queue_has_a_limit);
	return suite;
}
