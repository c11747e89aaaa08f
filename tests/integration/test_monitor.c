/* MONITOR: which commands are shown, how they are written, and that their order is right. */
#include <stdio.h>
#include <string.h>

#include "harness.h"
#include "suites.h"

static struct client *monitor_open(int protocol)
{
	struct client *monitor = client_open(shared, protocol);

	expect(monitor, "+OK", "MONITOR", NULL);
	return monitor;
}

/* The next line shows this command of a client in database `db`. */
static void expect_line(struct client *monitor, int db, const char *words)
{
	char pattern[256];
	const char *line;

	snprintf(pattern, sizeof(pattern), "+*.* [%d 127.0.0.1:*] %s", db, words);
	line = client_reply(monitor);
	ck_assert_msg(text_like(pattern, line), "%s is not like %s", line, pattern);
}

START_TEST(commands_are_shown)
{
	struct client *c = client_fresh(_i);
	struct client *monitor = monitor_open(_i);

	expect(c, "+OK", "SET", "key", "value", NULL);
	expect_line(monitor, 0, "\"SET\" \"key\" \"value\"");
	expect(c, "+OK", "SELECT", "1", NULL);
	expect_line(monitor, 1, "\"SELECT\" \"1\"");
	expect(c, "$", "ECHO", "", NULL);
	expect_line(monitor, 1, "\"ECHO\" \"\"");
	client_send(c, "gEt  key\r\n", SIZE_MAX);
	expect_reply(c, "nil");
	expect_line(monitor, 1, "\"gEt\" \"key\"");
	client_send(c, "ECHO \"a\\x01\\\"\\n\xff\"\r\n", SIZE_MAX);
	expect_line(monitor, 1, "\"ECHO\" \"a\\\\x01\\\\\"\\\\n\\\\xff\"");
}
END_TEST

/* Commands that are refused, that are an administrator's, and those that say so are not shown. */
START_TEST(some_are_not_shown)
{
	struct client *c = client_fresh(_i);
	struct client *monitor = monitor_open(_i);

	expect_like(c, "-ERR unknown command*", "NOSUCH", NULL);
	expect_like(c, "-ERR wrong number*", "GET", NULL);
	client_call(c, "CONFIG", "GET", "nosuch", NULL);
	client_call(c, "CLIENT", "LIST", NULL);
	expect(c, "+PONG", "PING", NULL);
	expect_line(monitor, 0, "\"PING\"");
	expect_like(c, "-ERR value*", "INCRBY", "key", "x", NULL); /* it ran */
	expect_line(monitor, 0, "\"INCRBY\" \"key\" \"x\"");
}
END_TEST

START_TEST(passwords_are_not_shown)
{
	struct client *c = client_fresh(_i);
	struct client *monitor = monitor_open(_i);

	expect_like(c, "-ERR AUTH*", "AUTH", "secret", NULL);
	expect_line(monitor, 0, "\"AUTH\" \"(redacted)\"");
	expect(c, "+OK", "AUTH", "default", "secret", NULL);
	expect_line(monitor, 0, "\"AUTH\" \"(redacted)\" \"(redacted)\"");
	client_call(c, "HELLO", "2", "AUTH", "default", "secret", "SETNAME", "me", NULL);
	expect_line(monitor, 0, "\"HELLO\" \"2\" \"AUTH\" \"(redacted)\" \"(redacted)\" \"SETNAME\" \"me\"");
}
END_TEST

START_TEST(transactions_are_shown_as_they_run)
{
	struct client *c = client_fresh(_i);
	struct client *monitor = monitor_open(_i);

	expect(c, "+OK", "MULTI", NULL);
	expect_line(monitor, 0, "\"MULTI\"");
	expect(c, "+QUEUED", "INCR", "a", NULL);
	expect(c, "+QUEUED", "GET", "a", NULL);
	ck_assert(!client_readable(monitor, 50));
	expect(c, "[ :1 $1 ]", "EXEC", NULL);
	expect_line(monitor, 0, "\"INCR\" \"a\"");
	expect_line(monitor, 0, "\"GET\" \"a\"");
	expect_line(monitor, 0, "\"EXEC\"");

	expect(c, "+OK", "MULTI", NULL);
	expect_line(monitor, 0, "\"MULTI\"");
	expect_like(c, "-EXECABORT *", "EXEC", "now", NULL);
	expect_line(monitor, 0, "\"EXEC\" \"now\"");
}
END_TEST

/* The key's value tells in which order the clients came; the monitor must have seen them so. */
START_TEST(order_is_that_of_the_key)
{
	enum { CLIENTS = 8, ROUNDS = 50 };
	struct client *c = client_fresh(_i);
	struct client *monitor = monitor_open(_i);
	struct client *clients[CLIENTS];
	const char *value;
	char order[CLIENTS * ROUNDS + 1];
	int seen = 0;

	for (int i = 0; i < CLIENTS; i++)
		clients[i] = client_open(shared, _i);
	for (int round = 0; round < ROUNDS; round++) {
		for (int i = 0; i < CLIENTS; i++) {
			char member[16];

			snprintf(member, sizeof(member), "%c", 'a' + i);
			client_send_command(clients[i], "APPEND", "key", member, NULL);
		}
	}
	for (int i = 0; i < CLIENTS * ROUNDS; i++)
		client_reply(clients[i % CLIENTS]);
	value = client_call(c, "GET", "key", NULL);
	ck_assert_uint_eq(strlen(value), CLIENTS * ROUNDS + 1);
	memcpy(order, value + 1, sizeof(order));
	while (seen < CLIENTS * ROUNDS) {
		char words[64];
		const char *line = client_reply(monitor);

		if (strstr(line, "\"APPEND\"") == NULL)
			continue;
		snprintf(words, sizeof(words), "*\"APPEND\" \"key\" \"%c\"", order[seen]);
		ck_assert_msg(text_like(words, line), "%d: %s is not like %s", seen, line, words);
		seen++;
	}
}
END_TEST

START_TEST(a_monitor_may_leave)
{
	struct client *c = client_fresh(_i);
	struct client *first = monitor_open(_i);
	struct client *second = monitor_open(_i);

	client_close(first);
	expect(c, "+PONG", "PING", NULL);
	expect_line(second, 0, "\"PING\"");
	expect(second, "+RESET", "RESET", NULL);
	expect(c, "+PONG", "PING", NULL);
	expect(second, "$here", "ECHO", "here", NULL);
}
END_TEST

START_TEST(listing)
{
	struct client *c = client_fresh(_i);
	struct client *monitor = client_open(shared, _i);
	char id[32];

	snprintf(id, sizeof(id), "%lld", client_id(monitor));
	expect(monitor, "+OK", "MONITOR", NULL);
	expect_like(c, "* flags=O *", "CLIENT", "LIST", "ID", id, NULL);
	expect(c, "-ERR wrong number of arguments for 'monitor' command", "MONITOR", "x", NULL);
}
END_TEST

START_TEST(unix_addresses)
{
	struct server *server = server_start("--unixsocket", "s", "--timeout", "1", NULL);
	struct client *monitor = client_open(server, 2);
	char path[300];
	struct client *c;

	snprintf(path, sizeof(path), "%s/s", server->directory);
	c = client_open_at(server, path, 0);
	ck_assert_ptr_nonnull(c);
	expect(monitor, "+OK", "MONITOR", NULL);
	expect(c, "+PONG", "PING", NULL);
	ck_assert(text_like("+* [0 unix:*s] \"PING\"", client_reply(monitor)));
	expect_closed(c); /* by the deadline, which a monitor does not have */
	ck_assert(!client_readable(monitor, 50));
	server_stop(server);
}
END_TEST

Suite *monitor_suite(void)
{
	Suite *suite = suite_create("monitor");
	TCase *shared_tests = shared_case(suite, "monitor");
	TCase *alone = alone_case(suite, "addresses");

	tcase_add_loop_test(shared_tests, commands_are_shown, 2, 4);
	tcase_add_loop_test(shared_tests, some_are_not_shown, 2, 4);
	tcase_add_loop_test(shared_tests, passwords_are_not_shown, 2, 4);
	tcase_add_loop_test(shared_tests, transactions_are_shown_as_they_run, 2, 4);
	tcase_add_loop_test(shared_tests, order_is_that_of_the_key, 2, 4);
	tcase_add_loop_test(shared_tests, a_monitor_may_leave, 2, 4);
	tcase_add_loop_test(shared_tests, listing, 2, 4);
	tcase_add_test(alone, unix_addresses);
	return suite;
}
