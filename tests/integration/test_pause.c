/* CLIENT PAUSE and UNPAUSE: what waits, in which order it runs, how a pause ends. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "harness.h"
#include "suites.h"

enum { QUIET_MS = 60 }; /* "nothing comes" */

/* Writes of `c` are to wait from now on; `admin` is one that does not mind. */
static void pause_writes(struct client *admin)
{
	expect(admin, "+OK", "CLIENT", "PAUSE", "600000", "WRITE", NULL);
}

static void unpause(struct client *admin)
{
	expect(admin, "+OK", "CLIENT", "UNPAUSE", NULL);
}

static void wait_for_blocked(struct client *admin, long long count)
{
	wait_until(info_number(admin, "blocked_clients") == count);
}

START_TEST(arguments)
{
	struct client *c = client_fresh(_i);

	expect(c, "-ERR wrong number of arguments for 'client|pause' command", "CLIENT", "PAUSE", NULL);
	expect(c, "-ERR wrong number of arguments for 'client|unpause' command", "CLIENT", "UNPAUSE", "x", NULL);
	expect(c, "-ERR timeout is not an integer or out of range", "CLIENT", "PAUSE", "x", NULL);
	expect(c, "-ERR timeout is negative", "CLIENT", "PAUSE", "-1", NULL);
	expect(c, "-ERR CLIENT PAUSE mode must be WRITE or ALL", "CLIENT", "PAUSE", "x", "READ", NULL);
	expect(c, "-ERR unknown subcommand or wrong number of arguments for 'PAUSE'. Try CLIENT HELP.", "CLIENT",
	       "PAUSE", "1", "ALL", "x", NULL);
	expect(c, "+OK", "CLIENT", "PAUSE", "0", NULL);
	expect(c, "+OK", "CLIENT", "PAUSE", "0", "all", NULL);
	expect(c, "+OK", "CLIENT", "PAUSE", "0", "write", NULL);
	expect(c, "+PONG", "PING", NULL);
	unpause(c);
	unpause(c);
}
END_TEST

START_TEST(writes_wait_and_reads_do_not)
{
	struct client *admin = client_fresh(_i);
	struct client *c = client_open(shared, _i);

	pause_writes(admin);
	client_send_command(c, "SET", "key", "value", NULL);
	wait_for_blocked(admin, 1);
	ck_assert(!client_readable(c, QUIET_MS));
	expect(admin, "nil", "GET", "key", NULL);
	expect_like(admin, "* flags=b *", "CLIENT", "LIST", NULL);
	unpause(admin);
	expect_reply(c, "+OK");
	expect(admin, "$value", "GET", "key", NULL);
	wait_for_blocked(admin, 0);
	expect(c, "+OK", "SET", "key", "other", NULL);
}
END_TEST

/* Each kind of input: arrays, inline with quotes, what stands behind them. Everything runs once. */
START_TEST(order_is_kept)
{
	struct client *admin = client_fresh(_i);
	struct client *c = client_open(shared, _i);

	pause_writes(admin);
	client_send(c,
		    "PING\r\nSET key \"two words\"\r\nAPPEND key !\r\nGET key\r\n*2\r\n$4\r\nINCR\r\n$1\r\nn\r\n"
		    "*2\r\n$4\r\nINCR\r\n$1\r\nn\r\nECHO \"\\x41\"\r\n",
		    SIZE_MAX);
	expect_reply(c, "+PONG");
	wait_for_blocked(admin, 1);
	ck_assert(!client_readable(c, QUIET_MS));
	client_send(c, "INCR n\r\n", SIZE_MAX);
	unpause(admin);
	expect_reply(c, "+OK");
	expect_reply(c, ":10");
	expect_reply(c, "$two words!");
	expect_reply(c, ":1");
	expect_reply(c, ":2");
	expect_reply(c, "$A");
	expect_reply(c, ":3");
	expect(admin, "$3", "GET", "n", NULL);
}
END_TEST

START_TEST(large_arguments_wait)
{
	enum { SIZE = 300000 };
	struct client *admin = client_fresh(_i);
	struct client *c = client_open(shared, _i);
	char *value = malloc(SIZE);
	char head[64];

	ck_assert_ptr_nonnull(value);
	memset(value, 'x', SIZE);
	pause_writes(admin);
	for (int i = 0; i < 3; i++) {
		snprintf(head, sizeof(head), "*3\r\n$6\r\nAPPEND\r\n$3\r\nbig\r\n$%d\r\n", SIZE);
		client_send(c, head, SIZE_MAX);
		client_send(c, value, SIZE / 2);
		if (i == 0)
			ck_assert(!client_readable(c, QUIET_MS));
		client_send(c, value, SIZE / 2);
		client_send(c, "\r\n", SIZE_MAX);
		if (i == 0)
			wait_for_blocked(admin, 1);
	}
	unpause(admin);
	expect_reply(c, ":300000");
	expect_reply(c, ":600000");
	expect_reply(c, ":900000");
	free(value);
}
END_TEST

START_TEST(transactions_wait)
{
	struct client *admin = client_fresh(_i);
	struct client *before = client_open(shared, _i);
	struct client *reader = client_open(shared, _i);
	struct client *during = client_open(shared, _i);

	expect(before, "+OK", "MULTI", NULL);
	expect(before, "+QUEUED", "SET", "a", "1", NULL);
	expect(reader, "+OK", "MULTI", NULL);
	expect(reader, "+QUEUED", "GET", "a", NULL);
	pause_writes(admin);
	expect(reader, "[ nil ]", "EXEC", NULL);
	client_send_command(before, "EXEC", NULL);
	expect(during, "+OK", "MULTI", NULL);
	expect(during, "+QUEUED", "GET", "b", NULL);
	client_send_command(during, "SET", "b", "2", NULL);
	client_send_command(during, "EXEC", NULL);
	wait_for_blocked(admin, 2);
	unpause(admin);
	expect_reply(before, "[ +OK ]");
	expect_reply(during, "+QUEUED");
	expect_reply(during, "[ nil +OK ]");
}
END_TEST

START_TEST(all_commands_wait_until_the_time_is_over)
{
	struct client *c = client_fresh(_i);
	struct client *other = client_open(shared, _i);
	int64_t start = clock_milliseconds();

	expect(c, "+OK", "CLIENT", "PAUSE", "200", NULL);
	client_send_command(other, "PING", NULL);
	expect(c, "+PONG", "PING", NULL);
	ck_assert_int_ge(clock_milliseconds() - start, 190);
	expect_reply(other, "+PONG");
}
END_TEST

/* The later end and the stricter mode hold. */
START_TEST(pauses_add_up)
{
	struct client *c = client_fresh(_i);
	char text[32];

	if (against_redis())
		return;
	pause_writes(c);
	expect(c, "+OK", "CLIENT", "PAUSE", "1", "WRITE", NULL);
	ck_assert_int_gt(info_number(c, "paused_timeout_milliseconds"), 500000);
	info_text(c, "paused_actions", text, sizeof(text));
	ck_assert_str_eq(text, "write");
	info_text(c, "paused_reason", text, sizeof(text));
	ck_assert_str_eq(text, "client_pause");
	unpause(c);
	ck_assert_int_eq(info_number(c, "paused_timeout_milliseconds"), 0);
	info_text(c, "paused_reason", text, sizeof(text));
	ck_assert_str_eq(text, "none");
}
END_TEST

START_TEST(who_leaves_takes_the_command_along)
{
	struct client *admin = client_fresh(_i);
	struct client *c = client_open(shared, _i);

	pause_writes(admin);
	client_send_command(c, "SET", "key", "value", NULL);
	wait_for_blocked(admin, 1);
	client_close(c);
	wait_for_blocked(admin, 0);
	unpause(admin);
	expect(admin, "nil", "GET", "key", NULL);
}
END_TEST

START_TEST(a_killed_one_leaves)
{
	struct client *admin = client_fresh(_i);
	struct client *c = client_open(shared, _i);
	char id[32];

	snprintf(id, sizeof(id), "%lld", client_id(c));
	pause_writes(admin);
	client_send_command(c, "SET", "key", "value", NULL);
	wait_for_blocked(admin, 1);
	expect(admin, ":1", "CLIENT", "KILL", "ID", id, NULL);
	expect_closed(c);
	wait_for_blocked(admin, 0);
	unpause(admin);
	expect(admin, "nil", "GET", "key", NULL);
}
END_TEST

START_TEST(a_skipped_reply_stays_skipped)
{
	struct client *admin = client_fresh(_i);
	struct client *c = client_open(shared, _i);

	pause_writes(admin);
	client_send(c, "CLIENT REPLY SKIP\r\nSET key value\r\nGET key\r\n", SIZE_MAX);
	wait_for_blocked(admin, 1);
	unpause(admin);
	expect_reply(c, "$value");
}
END_TEST

/* Keys that die while nobody asks for them stay where they are. */
START_TEST(expiry_stands_still)
{
	struct client *c = client_fresh(_i);
	long long expired = info_number(c, "expired_keys");

	/* In one go, so that the key lives when the pause begins, however slow the machine is. */
	expect(c, "+OK", "MULTI", NULL);
	expect(c, "+QUEUED", "SET", "key", "value", "PX", "60", NULL);
	expect(c, "+QUEUED", "CLIENT", "PAUSE", "600000", "WRITE", NULL);
	expect(c, "[ +OK +OK ]", "EXEC", NULL);
	ck_assert(!client_readable(c, 3 * QUIET_MS));
	expect(c, ":1", "DBSIZE", NULL);
	ck_assert_int_eq(info_number(c, "expired_keys"), expired);
	unpause(c);
	expect_eventually(c, ":0", "DBSIZE", NULL);
	ck_assert_int_eq(info_number(c, "expired_keys"), expired + 1);
}
END_TEST

START_TEST(the_deadline_does_not_count)
{
	struct server *server = server_start("--timeout", "2", NULL);
	struct client *admin = client_open(server, 2);
	struct client *c = client_open(server, 2);

	expect(admin, "+OK", "CLIENT", "PAUSE", "3200", "WRITE", NULL);
	expect(c, "+OK", "SET", "key", "value", NULL);
	expect(c, "$value", "GET", "key", NULL);
	server_stop(server);
}
END_TEST

Suite *pause_suite(void)
{
	Suite *suite = suite_create("pause");
	TCase *shared_tests = shared_case(suite, "pause");
	TCase *alone = alone_case(suite, "deadline");

	tcase_add_loop_test(shared_tests, arguments, 2, 4);
	tcase_add_loop_test(shared_tests, writes_wait_and_reads_do_not, 2, 4);
	tcase_add_loop_test(shared_tests, order_is_kept, 2, 4);
	tcase_add_loop_test(shared_tests, large_arguments_wait, 2, 4);
	tcase_add_loop_test(shared_tests, transactions_wait, 2, 4);
	tcase_add_loop_test(shared_tests, all_commands_wait_until_the_time_is_over, 2, 4);
	tcase_add_loop_test(shared_tests, pauses_add_up, 2, 4);
	tcase_add_loop_test(shared_tests, who_leaves_takes_the_command_along, 2, 4);
	tcase_add_loop_test(shared_tests, a_killed_one_leaves, 2, 4);
	tcase_add_loop_test(shared_tests, a_skipped_reply_stays_skipped, 2, 4);
	tcase_add_loop_test(shared_tests, expiry_stands_still, 2, 4);
	tcase_add_test(alone, the_deadline_does_not_count);
	return suite;
}
