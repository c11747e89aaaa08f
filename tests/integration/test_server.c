/* Commands about the daemon: INFO, TIME, SHUTDOWN, CONFIG, MEMORY. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <time.h>

#include "harness.h"
#include "suites.h"

/* --- INFO and TIME ----------------------------------------------------------------------------------------------- */

START_TEST(info_has_sections)
{
	struct client *c = client_fresh(_i);

	expect_like(c, "*# Server\\r\\n*redis_version:7.*# Clients\\r\\n*# Memory\\r\\n*# Stats\\r\\n*# CPU\\r\\n*",
		    "INFO", NULL);
	expect_like(c, _i == 2 ? "$# CPU\\r\\n*" : "=txt:# CPU\\r\\n*", "INFO", "cpu", NULL);
	expect_like(c, "*# Clients\\r\\n*# CPU\\r\\n*", "INFO", "clients", "CPU", NULL);
	expect(c, _i == 2 ? "$" : "=txt:", "INFO", "nosuch", NULL);
}
END_TEST

START_TEST(info_counts_commands)
{
	struct client *c = client_fresh(_i);

	expect(c, "+OK", "CONFIG", "RESETSTAT", NULL);
	expect(c, "$hello", "ECHO", "hello", NULL);
	expect(c, "$hello", "ECHO", "hello", NULL);
	expect(c, "-ERR wrong number of arguments for 'echo' command", "ECHO", NULL);
	expect_like(c, "*cmdstat_echo:calls=2,usec=*,usec_per_call=*,rejected_calls=1,failed_calls=0\\r\\n*", "INFO",
		    "commandstats", NULL);
	expect_like(c, "*errorstat_ERR:count=1\\r\\n*", "INFO", "errorstats", NULL);
	expect(c, "+OK", "CONFIG", "RESETSTAT", NULL);
	ck_assert(strstr(client_call(c, "INFO", "commandstats", NULL), "cmdstat_echo") == NULL);
	ck_assert(strstr(client_call(c, "INFO", "errorstats", NULL), "errorstat_ERR") == NULL);
}
END_TEST

/* TIME's seconds, with microseconds that are some. */
static long long time_seconds(struct client *c)
{
	const char *text = client_call(c, "TIME", NULL);
	long long seconds, microseconds;

	ck_assert_int_eq(sscanf(text, "[ $%lld $%lld ]", &seconds, &microseconds), 2);
	ck_assert_int_ge(microseconds, 0);
	ck_assert_int_lt(microseconds, 1000000);
	return seconds;
}

START_TEST(time_is_now)
{
	struct client *c = client_fresh(_i);
	time_t before = time(NULL);
	long long told = time_seconds(c);

	ck_assert_int_ge(told, before);
	ck_assert_int_le(told, time(NULL));
	expect(c, "-ERR wrong number of arguments for 'time' command", "TIME", "x", NULL);
}
END_TEST

/* --- CONFIG ------------------------------------------------------------------------------------------------------ */

START_TEST(config_is_set_and_read)
{
	struct client *c = client_fresh(_i);

	expect(c, "+OK", "CONFIG", "SET", "timeout", "300", "tcp-keepalive", "200", NULL);
	expect(c, _i == 2 ? "[ $timeout $300 ]" : "{ $timeout $300 }", "CONFIG", "GET", "timeout", NULL);
	expect_like(c, "*$tcp-keepalive $200*", "CONFIG", "GET", "timeout", "tcp-keep*", NULL);
	expect(c, _i == 2 ? "[ ]" : "{ }", "CONFIG", "GET", "nosuch", NULL);
}
END_TEST

START_TEST(config_refuses)
{
	struct client *c = client_fresh(_i);

	expect(c, "-ERR syntax error", "CONFIG", "SET", "timeout", "300", "tcp-keepalive", NULL);
	expect_like(c, "-ERR * 'nosuch'*", "CONFIG", "SET", "nosuch", "1", NULL);
	expect(c, "-ERR wrong number of arguments for 'config|set' command", "CONFIG", "SET", "timeout", NULL);
	expect(c, "-ERR wrong number of arguments for 'config|get' command", "CONFIG", "GET", NULL);
	expect(c, "-ERR The server is running without a config file", "CONFIG", "REWRITE", NULL);
	expect(c, "-ERR unknown subcommand 'nosuch'. Try CONFIG HELP.", "CONFIG", "nosuch", NULL);
	expect_like(c, "[ +CONFIG <subcommand> * +GET * +SET * +RESETSTAT * +REWRITE * +HELP *", "CONFIG", "HELP",
		    NULL);
}
END_TEST

/* --- SHUTDOWN ---------------------------------------------------------------------------------------------------- */

START_TEST(shutdown_refuses)
{
	struct client *c = client_fresh(_i);

	expect(c, "-ERR No shutdown in progress.", "SHUTDOWN", "ABORT", NULL);
	expect(c, "-ERR syntax error", "SHUTDOWN", "ABORT", "NOW", NULL);
	expect(c, "-ERR syntax error", "SHUTDOWN", "SAVE", "NOSAVE", NULL);
	expect(c, "-ERR syntax error", "SHUTDOWN", "nosuch", NULL);
	expect(c, "+PONG", "PING", NULL);
}
END_TEST

START_TEST(shutdown_ends_the_daemon)
{
	static const char *const words[][4] = {
		{"SHUTDOWN", NULL},
		{"SHUTDOWN", "NOSAVE", NULL},
		{"shutdown", "now", "force", NULL},
	};
	struct server *server = server_start(NULL);
	struct client *c = client_open(server, 2);
	int status;

	client_send_command(c, words[_i][0], words[_i][1], words[_i][1] != NULL ? words[_i][2] : NULL, NULL);
	expect_closed(c);
	status = server_wait(server);
	ck_assert(WIFEXITED(status) && WEXITSTATUS(status) == 0);
	server_stop(server);
}
END_TEST

START_TEST(shutdown_is_aborted)
{
	struct server *server;
	struct client *asking, *staying;

	if (against_redis())
		return; /* it waits for replicas, not for clients */
	server = server_start(NULL);
	staying = client_open(server, 2);
	asking = client_open(server, 2);
	client_send_command(asking, "SHUTDOWN", NULL);
	expect_eventually(staying, "+OK", "SHUTDOWN", "ABORT", NULL);
	expect_like(asking, "-ERR *", "PING", NULL);
	expect_reply(asking, "+PONG");
	expect(staying, "-ERR No shutdown in progress.", "SHUTDOWN", "ABORT", NULL);
	server_stop(server);
}
END_TEST

/* --- MEMORY ------------------------------------------------------------------------------------------------------ */

START_TEST(memory_of_a_key)
{
	struct client *c = client_fresh(_i);
	long long small, large;
	char value[4096];

	memset(value, 'x', sizeof(value) - 1);
	value[sizeof(value) - 1] = '\0';
	expect(c, "nil", "MEMORY", "USAGE", "key", NULL);
	expect(c, "+OK", "SET", "key", "value", NULL);
	small = client_integer(c, "MEMORY", "USAGE", "key", NULL);
	ck_assert_int_gt(small, 8);
	ck_assert_int_lt(small, 200);
	expect(c, "+OK", "SET", "key", value, NULL);
	large = client_integer(c, "MEMORY", "USAGE", "key", "SAMPLES", "5", NULL);
	ck_assert_int_ge(large, 4095 + 3);
	ck_assert_int_lt(large, 2 * 4096);
}
END_TEST

START_TEST(memory_refuses)
{
	struct client *c = client_fresh(_i);

	expect(c, "-ERR syntax error", "MEMORY", "USAGE", "key", "SAMPLES", NULL);
	expect(c, "-ERR syntax error", "MEMORY", "USAGE", "key", "SAMPLES", "-1", NULL);
	expect(c, "-ERR value is not an integer or out of range", "MEMORY", "USAGE", "key", "SAMPLES", "x", NULL);
	expect(c, "-ERR syntax error", "MEMORY", "USAGE", "key", "nosuch", "1", NULL);
	expect(c, "-ERR wrong number of arguments for 'memory|usage' command", "MEMORY", "USAGE", NULL);
	expect_like(c, "[ +MEMORY <subcommand> * +USAGE <key> * +HELP *", "MEMORY", "HELP", NULL);
}
END_TEST

/* One client, on one thread, sets the figures back while another one reads them: none may come out below zero. A slow
 * machine does it less often. */
START_TEST(figures_set_back_stay_whole)
{
	enum { ROUNDS = 300, RESETS = 20 };
	struct client *reader = client_fresh(2), *resetter = client_open(shared, 2);
	int64_t end = clock_milliseconds() + DEADLINE_MS / 4;

	for (int round = 0; round < ROUNDS && clock_milliseconds() < end; round++) {
		const char *text;

		for (int i = 0; i < RESETS; i++)
			client_send(resetter, "CONFIG RESETSTAT\r\nPING\r\n", SIZE_MAX);
		text = client_call(reader, "INFO", "commandstats", NULL);
		ck_assert_msg(strstr(text, "=1844674") == NULL, "%s", text);
		for (int i = 0; i < RESETS; i++)
			expect_bytes(resetter, "+OK\r\n+PONG\r\n", SIZE_MAX);
	}
}
END_TEST

Suite *server_suite(void)
{
	Suite *suite = suite_create("server");
	TCase *with_shared = shared_case(suite, "the daemon");
	TCase *alone = alone_case(suite, "its end");

	tcase_add_loop_test(with_shared, info_has_sections, 2, 4);
	tcase_add_loop_test(with_shared, info_counts_commands, 2, 4);
	tcase_add_test(with_shared, figures_set_back_stay_whole);
	tcase_add_loop_test(with_shared, time_is_now, 2, 4);
	tcase_add_loop_test(with_shared, config_is_set_and_read, 2, 4);
	tcase_add_loop_test(with_shared, config_refuses, 2, 4);
	tcase_add_loop_test(with_shared, shutdown_refuses, 2, 4);
	tcase_add_loop_test(with_shared, memory_of_a_key, 2, 4);
	tcase_add_loop_test(with_shared, memory_refuses, 2, 4);

	tcase_add_loop_test(alone, shutdown_ends_the_daemon, 0, 3);
	tcase_add_test(alone, shutdown_is_aborted);
	return suite;
}
