/* WAIT and WAITAOF, and what holds for every client that is blocked. */
#if defined(__linux__) && !defined(_GNU_SOURCE)
#define _GNU_SOURCE /* prlimit */
#endif
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>

#include "harness.h"
#include "suites.h"

static void expect_blocked(struct client *c, long long count)
{
	wait_until(info_number(c, "blocked_clients") == count);
}

static const char *id_text(struct client *c)
{
	static char text[32];

	snprintf(text, sizeof(text), "%lld", client_id(c));
	return text;
}

START_TEST(who_waits_for_nobody_is_answered_at_once)
{
	struct client *c = client_fresh(_i);

	expect(c, ":0", "WAIT", "0", "0", NULL);
	expect(c, ":0", "WAIT", "-1", "0", NULL);
	if (against_redis())
		return;
	expect_like(c, "[ :* :0 ]", "WAITAOF", "0", "0", "0", NULL); /* whether it has the FLUSHALL is not waited for */
}
END_TEST

START_TEST(a_wait_ends_at_its_timeout)
{
	struct client *c = client_fresh(_i);
	struct client *other = client_open(shared, _i);
	int64_t start = clock_milliseconds();

	client_send_command(c, "WAIT", "1", "1000", NULL);
	expect_blocked(other, 1);
	expect(other, "+PONG", "PING", NULL); /* others are served meanwhile */
	expect_reply(c, ":0");
	ck_assert_int_ge(clock_milliseconds() - start, 990);
	expect_blocked(other, 0);
	expect(c, "+PONG", "PING", NULL);
}
END_TEST

START_TEST(waitaof_waits_for_replicas)
{
	struct client *c;
	int64_t start;

	if (against_redis())
		return;
	c = client_fresh(_i);
	expect_like(c, "[ :* :0 ]", "WAITAOF", "0", "1", "20", NULL);
	expect(c, "[ :1 :0 ]", "WAITAOF", "1", "0", "0", NULL);
	start = clock_milliseconds();
	expect(c, "[ :1 :0 ]", "WAITAOF", "1", "1", "100", NULL);
	ck_assert_int_ge(clock_milliseconds() - start, 90);
	expect(c, "-ERR value is out of range, value must between 0 and 1", "WAITAOF", "2", "x", "x", NULL);
	expect(c, "-ERR value is out of range, value must between 0 and 1", "WAITAOF", "-1", "0", "0", NULL);
	expect(c, "-ERR value is not an integer or out of range", "WAITAOF", "x", "x", "x", NULL);
	expect(c, "-ERR value is out of range, must be positive", "WAITAOF", "1", "x", "x", NULL);
	expect(c, "-ERR value is out of range, must be positive", "WAITAOF", "1", "-1", "x", NULL);
	expect(c, "-ERR timeout is not an integer or out of range", "WAITAOF", "1", "0", "x", NULL);
	expect(c, "-ERR timeout is negative", "WAITAOF", "1", "0", "-1", NULL);
	expect(c, "-ERR wrong number of arguments for 'waitaof' command", "WAITAOF", "1", "0", NULL);
}
END_TEST

START_TEST(wait_checks_its_numbers)
{
	struct client *c = client_fresh(_i);

	expect(c, "-ERR value is not an integer or out of range", "WAIT", "x", "x", NULL);
	expect(c, "-ERR timeout is not an integer or out of range", "WAIT", "0", "x", NULL);
	expect(c, "-ERR timeout is negative", "WAIT", "0", "-1", NULL);
	expect(c, "-ERR wrong number of arguments for 'wait' command", "WAIT", "0", NULL);
	expect(c, "-ERR wrong number of arguments for 'wait' command", "WAIT", "0", "0", "0", NULL);
}
END_TEST

START_TEST(a_transaction_does_not_wait)
{
	struct client *c = client_fresh(_i);

	expect(c, "+OK", "MULTI", NULL);
	expect(c, "+QUEUED", "WAIT", "1", "0", NULL);
	expect(c, "+QUEUED", "PING", NULL);
	expect(c, "[ :0 +PONG ]", "EXEC", NULL);
}
END_TEST

START_TEST(a_pipeline_goes_on_behind_a_wait)
{
	struct client *c = client_fresh(_i);

	client_send(c, "SET a 1\r\nWAIT 1 50\r\nINCR a\r\nWAIT 1 50\r\nINCR a\r\n", SIZE_MAX);
	expect_reply(c, "+OK");
	expect_reply(c, ":0");
	expect_reply(c, ":2");
	expect_reply(c, ":0");
	expect_reply(c, ":3");
}
END_TEST

/* What comes while the client waits is kept, large arguments and pieces of commands included. */
START_TEST(what_comes_meanwhile_is_run_afterwards)
{
	enum { LARGE = 300 * 1000 };
	static char value[LARGE + 1];
	struct client *c = client_fresh(_i);
	struct client *other = client_open(shared, _i);
	char id[32];

	memset(value, 'v', LARGE);
	snprintf(id, sizeof(id), "%s", id_text(c));
	client_send(c, "*3\r\n$4\r\nWAIT\r\n$1\r\n1\r\n$1\r\n0\r\n*3\r\n$3\r\nSET\r\n$5\r\nla", SIZE_MAX);
	expect_blocked(other, 1);
	client_send(c, "rge\r\n$300000\r\n", SIZE_MAX);
	client_send(c, value, LARGE);
	client_send(c, "\r\n", SIZE_MAX);
	for (int i = 0; i < 100; i++)
		client_send(c, "*2\r\n$4\r\nINCR\r\n$1\r\nn\r\n", SIZE_MAX);
	expect(other, "nil", "GET", "n", NULL);
	expect(other, ":1", "CLIENT", "UNBLOCK", id, NULL);
	expect_reply(c, ":0");
	expect_reply(c, "+OK");
	for (int i = 1; i <= 100; i++)
		ck_assert_int_eq(atoi(client_reply(c) + 1), i);
	expect(other, ":300000", "STRLEN", "large", NULL);
}
END_TEST

START_TEST(client_unblock_ends_a_wait)
{
	struct client *c = client_fresh(_i);
	struct client *other = client_open(shared, _i);
	char id[32];

	snprintf(id, sizeof(id), "%s", id_text(c));
	expect(other, ":0", "CLIENT", "UNBLOCK", id, NULL);
	client_send_command(c, "WAIT", "1", "0", NULL);
	expect_blocked(other, 1);
	expect_like(other, "*flags=b *", "CLIENT", "LIST", "ID", id, NULL);
	expect(other, ":1", "CLIENT", "UNBLOCK", id, NULL);
	expect_reply(c, ":0");

	client_send_command(c, "WAIT", "1", "100000", NULL);
	expect_blocked(other, 1);
	expect(other, ":1", "CLIENT", "UNBLOCK", id, "error", NULL);
	expect(other, ":0", "CLIENT", "UNBLOCK", id, NULL);
	expect_reply(c, "-UNBLOCKED client unblocked via CLIENT UNBLOCK");
	expect_blocked(other, 0);

	client_send_command(c, "WAIT", "1", "0", NULL);
	expect_blocked(other, 1);
	expect(other, ":1", "CLIENT", "UNBLOCK", id, "TIMEOUT", NULL);
	expect_reply(c, ":0");
	expect(c, "+PONG", "PING", NULL);
}
END_TEST

START_TEST(client_unblock_checks_its_words)
{
	struct client *c = client_fresh(_i);

	expect(c, ":0", "CLIENT", "UNBLOCK", "123456789", NULL);
	expect(c, ":0", "CLIENT", "UNBLOCK", "-1", "ERROR", NULL);
	expect(c, ":0", "CLIENT", "UNBLOCK", id_text(c), NULL);
	expect(c, "-ERR value is not an integer or out of range", "CLIENT", "UNBLOCK", "x", NULL);
	expect(c, "-ERR CLIENT UNBLOCK reason should be TIMEOUT or ERROR", "CLIENT", "UNBLOCK", "x", "y", NULL);
	expect(c, "-ERR unknown subcommand or wrong number of arguments for 'UNBLOCK'. Try CLIENT HELP.", "CLIENT",
	       "UNBLOCK", "1", "ERROR", "x", NULL);
	expect(c, "-ERR wrong number of arguments for 'client|unblock' command", "CLIENT", "UNBLOCK", NULL);
}
END_TEST

START_TEST(a_client_that_goes_is_noticed)
{
	struct client *c = client_fresh(_i);
	struct client *killed = client_open(shared, _i);
	struct client *other = client_open(shared, _i);
	char id[32];

	snprintf(id, sizeof(id), "%s", id_text(killed));
	client_send_command(c, "WAIT", "1", "0", NULL);
	client_send_command(killed, "WAIT", "1", "0", NULL);
	expect_blocked(other, 2);
	client_close(c);
	expect_blocked(other, 1);
	expect(other, ":1", "CLIENT", "KILL", "ID", id, NULL);
	expect_closed(killed);
	expect_blocked(other, 0);
}
END_TEST

/* Its last bytes are found though much stands before them. */
START_TEST(a_client_that_goes_behind_a_pipeline_is_noticed)
{
	enum { PIPELINE = 2 * 1000 * 1000 };
	struct client *c = client_fresh(_i);
	struct client *other = client_open(shared, _i);
	char *newlines = malloc(PIPELINE);

	ck_assert_ptr_nonnull(newlines);
	memset(newlines, '\n', PIPELINE);
	client_send_command(c, "WAIT", "1", "0", NULL);
	expect_blocked(other, 1);
	client_send(c, newlines, PIPELINE);
	client_close(c);
	expect_blocked(other, 0);
	free(newlines);
}
END_TEST

START_TEST(the_read_deadline_does_not_count)
{
	struct server *server = server_start("--timeout", "1", NULL);
	struct client *c = client_open(server, 2);

	expect(c, ":0", "WAIT", "1", "2500", NULL);
	expect(c, "+PONG", "PING", NULL);
	expect_closed(c); /* now it is the client that is silent */
	server_stop(server);
}
END_TEST

/* --- WAITAOF and the append-only file ---------------------------------------------------------------------------- */

static const char waitaof_refused[] = "-ERR WAITAOF cannot be used when numlocal is set but appendonly is disabled.";

START_TEST(waitaof_needs_a_file)
{
	struct server *server = server_start("--appendonly", "no", NULL);
	struct client *c = client_open(server, _i);

	expect(c, "+OK", "SET", "a", "1", NULL);
	expect(c, "[ :0 :0 ]", "WAITAOF", "0", "0", "0", NULL);
	expect(c, "[ :0 :0 ]", "WAITAOF", "0", "1", "20", NULL);
	expect(c, waitaof_refused, "WAITAOF", "1", "0", "0", NULL);
	expect(c, waitaof_refused, "WAITAOF", "1", "1", "10", NULL);
	expect(c, "+OK", "CONFIG", "SET", "appendonly", "yes", NULL);
	expect(c, "[ :1 :0 ]", "WAITAOF", "1", "0", "0", NULL); /* what was written before is in the base */
	ck_assert_int_eq(info_number(c, "aof_rewrites"), 1);
	server_stop(server);
}
END_TEST

/* Each client is answered for what it has just written, whatever the policy: with "no" nobody else would sync. */
START_TEST(waitaof_is_answered)
{
	enum { CLIENTS = 20, ROUNDS = 20 };
	static const char *const policies[] = {"always", "everysec", "no"};
	struct server *server = server_start("--appendfsync", policies[_i], NULL);
	struct client **clients = clients_open(server, CLIENTS);

	expect(clients[0], "[ :1 :0 ]", "WAITAOF", "1", "0", "0", NULL); /* it has written nothing */
	for (int round = 0; round < ROUNDS; round++) {
		for (int i = 0; i < CLIENTS; i++)
			client_send(clients[i], "INCR n\r\nWAITAOF 1 0 0\r\nECHO x\r\n", SIZE_MAX);
		for (int i = 0; i < CLIENTS; i++) {
			ck_assert_int_eq(client_reply(clients[i])[0], ':');
			expect_reply(clients[i], "[ :1 :0 ]");
			expect_reply(clients[i], "$x");
		}
	}
	ck_assert_int_eq(info_number(clients[0], "blocked_clients"), 0);
	clients_close(clients, CLIENTS);
	server_stop(server);
}
END_TEST

enum { FILE_LIMIT = 100000 };

/* A daemon whose files cannot have more than FILE_LIMIT bytes. */
static struct server *server_start_limited(void)
{
	struct rlimit limit, lower;
	struct server *server;

	ck_assert_int_eq(getrlimit(RLIMIT_FSIZE, &limit), 0);
	lower = limit;
	lower.rlim_cur = FILE_LIMIT;
	signal(SIGXFSZ, SIG_IGN); /* it inherits both */
	ck_assert_int_eq(setrlimit(RLIMIT_FSIZE, &lower), 0);
	server = server_start(NULL);
	ck_assert_int_eq(setrlimit(RLIMIT_FSIZE, &limit), 0);
	return server;
}

static void write_too_much(struct client *c)
{
	static char value[2 * FILE_LIMIT];

	memset(value, 'v', sizeof(value) - 1);
	expect(c, "+OK", "SET", "large", value, NULL);
}

/* As long as the file does not have what its client has written, a WAITAOF waits. */
START_TEST(waitaof_waits_for_the_disk)
{
	struct server *server = server_start_limited();
	struct client *c = client_open(server, _i);
	struct client *other = client_open(server, _i);
	int64_t start;
	char id[32];

	snprintf(id, sizeof(id), "%s", id_text(c));
	write_too_much(c);
	start = clock_milliseconds();
	expect(c, "[ :0 :0 ]", "WAITAOF", "1", "0", "100", NULL);
	ck_assert_int_ge(clock_milliseconds() - start, 90);
	expect(c, "+OK", "MULTI", NULL);
	expect(c, "+QUEUED", "WAITAOF", "1", "0", "0", NULL);
	expect(c, "[ [ :0 :0 ] ]", "EXEC", NULL);

	client_send_command(c, "WAITAOF", "1", "0", "0", NULL);
	expect_blocked(other, 1);
	expect(other, ":1", "CLIENT", "UNBLOCK", id, NULL);
	expect_reply(c, "[ :0 :0 ]");
	client_send_command(c, "WAITAOF", "1", "0", "0", NULL);
	expect_blocked(other, 1);
	expect(other, ":1", "CLIENT", "UNBLOCK", id, "ERROR", NULL);
	expect_reply(c, "-UNBLOCKED client unblocked via CLIENT UNBLOCK");
	expect(other, "[ :1 :0 ]", "WAITAOF", "1", "0", "0", NULL); /* it has written nothing */
	client_send_command(c, "WAITAOF", "1", "0", "0", NULL);
	expect_blocked(other, 1);
#ifdef __linux__
	ck_assert_int_eq(prlimit(server->pid, RLIMIT_FSIZE, &(struct rlimit){RLIM_INFINITY, RLIM_INFINITY}, NULL), 0);
	expect_reply(c, "[ :1 :0 ]");
	expect_blocked(other, 0);
#else
	client_close(c);
	expect_blocked(other, 0);
	expect(other, "+OK", "CONFIG", "SET", "appendonly", "no", NULL);
#endif
	server_stop(server);
}
END_TEST

START_TEST(waitaof_ends_with_its_file)
{
	struct server *server = server_start_limited();
	struct client *c = client_open(server, _i);
	struct client *gone = client_open(server, _i);
	struct client *other = client_open(server, _i);

	write_too_much(c);
	client_send(gone, "SET b 1\r\nWAITAOF 1 0 0\r\n", SIZE_MAX);
	client_send_command(c, "WAITAOF", "1", "1", "0", NULL);
	client_close(gone);
	expect_blocked(other, 1);
	expect(other, "+OK", "CONFIG", "SET", "appendonly", "no", NULL);
	expect_reply(c, waitaof_refused);
	expect_eventually(c, "+OK", "SET", "b", "2", NULL);
	server_stop(server);
}
END_TEST

START_TEST(a_daemon_ends_though_clients_wait)
{
	struct server *server = server_start(NULL);
	struct client *c = client_open(server, 2);
	struct client *other = client_open(server, 2);

	client_send_command(c, "WAIT", "1", "0", NULL);
	expect_blocked(other, 1);
	client_send_command(other, "SHUTDOWN", "NOW", "NOSAVE", NULL);
	expect_closed(c);
	ck_assert_int_eq(server_wait(server), 0);
	server_stop(server);
}
END_TEST

Suite *wait_suite(void)
{
	Suite *suite = suite_create("wait");
	TCase *tcase = shared_case(suite, "wait");
	TCase *alone = alone_case(suite, "daemons");

	tcase_add_loop_test(tcase, who_waits_for_nobody_is_answered_at_once, 2, 4);
	tcase_add_loop_test(tcase, a_wait_ends_at_its_timeout, 2, 4);
	tcase_add_loop_test(tcase, waitaof_waits_for_replicas, 2, 4);
	tcase_add_loop_test(tcase, wait_checks_its_numbers, 2, 4);
	tcase_add_loop_test(tcase, a_transaction_does_not_wait, 2, 4);
	tcase_add_loop_test(tcase, a_pipeline_goes_on_behind_a_wait, 2, 4);
	tcase_add_loop_test(tcase, what_comes_meanwhile_is_run_afterwards, 2, 4);
	tcase_add_loop_test(tcase, client_unblock_ends_a_wait, 2, 4);
	tcase_add_loop_test(tcase, client_unblock_checks_its_words, 2, 4);
	tcase_add_loop_test(tcase, a_client_that_goes_is_noticed, 2, 4);
	tcase_add_loop_test(tcase, a_client_that_goes_behind_a_pipeline_is_noticed, 2, 4);
	tcase_add_test(alone, the_read_deadline_does_not_count);
	tcase_add_loop_test(alone, waitaof_needs_a_file, 2, 4);
	tcase_add_loop_test(alone, waitaof_is_answered, 0, 3);
	tcase_add_loop_test(alone, waitaof_waits_for_the_disk, 2, 4);
	tcase_add_loop_test(alone, waitaof_ends_with_its_file, 2, 4);
	tcase_add_test(alone, a_daemon_ends_though_clients_wait);
	return suite;
}
