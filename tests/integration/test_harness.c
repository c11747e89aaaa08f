/* The harness itself, against whatever daemon it runs: every other suite leans on it. */
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>

#include "harness.h"
#include "suites.h"

START_TEST(replies_become_texts)
{
	struct client *c = client_fresh(_i);

	expect(c, "+PONG", "PING", NULL);
	expect(c, "+OK", "SET", "key", "a\\b\r\n\x01", NULL);
	expect(c, "$a\\\\b\\r\\n\\x01", "GET", "key", NULL);
	expect(c, "nil", "GET", "nothing", NULL);
	expect(c, ":1", "EXISTS", "key", NULL);
	expect(c, "[ nil nil ]", "MGET", "no", "none", NULL);
	expect(c, "-ERR wrong number of arguments for 'get' command", "GET", NULL);
	expect_like(c, "[ $0 [ $key ] ]", "SCAN", "0", NULL);
}
END_TEST

START_TEST(bytes_go_as_they_are)
{
	struct client *c = client_fresh(2);

	client_send(c, "*1\r\n$4\r\nPI", SIZE_MAX);
	ck_assert(!client_readable(c, 10));
	client_send(c, "NG\r\nPING\r\n", SIZE_MAX);
	expect_bytes(c, "+PONG\r\n+PO", SIZE_MAX);
	expect_bytes(c, "NG\r\n", SIZE_MAX);
	client_send(c, "QUIT\r\n", SIZE_MAX);
	expect_reply(c, "+OK");
	expect_closed(c);
}
END_TEST

START_TEST(resp3_has_maps)
{
	struct client *c = client_open(shared, 2);

	expect_like(c, "[ $server * $proto :2 *", "HELLO", NULL);
	expect_like(c, "{ $server * $proto :3 *", "HELLO", "3", NULL);
}
END_TEST

START_TEST(info_fields_are_found)
{
	struct client *c = client_fresh(_i);
	struct client **others = clients_open(shared, 20);

	wait_until(info_number(c, "connected_clients") == 21);
	clients_close(others, 20);
	wait_until(info_number(c, "connected_clients") == 1);
	ck_assert(!info_has(c, "no_such_field"));
}
END_TEST

START_TEST(daemon_of_its_own)
{
	struct server *server = server_start("--maxclients", "100", NULL);
	struct client *c = client_open(server, 2);

	ck_assert_int_gt(server->port, 0);
	expect(c, "[ $maxclients $100 ]", "CONFIG", "GET", "maxclients", NULL);
	server_stop(server);
}
END_TEST

START_TEST(daemon_that_ends_by_itself)
{
	struct server *server = server_start(NULL);
	struct client *c = client_open(server, 2);
	int status;

	client_send_command(c, "SHUTDOWN", "NOW", NULL);
	status = server_wait(server);
	ck_assert(WIFEXITED(status));
	ck_assert_int_eq(WEXITSTATUS(status), 0);
	expect_closed(c);
	server_stop(server);
}
END_TEST

START_TEST(patterns_of_text)
{
	ck_assert(text_like("a*c*", "abbcd"));
	ck_assert(text_like("*", ""));
	ck_assert(text_like("[ $1 * ]", "[ $1 $[ ] ]"));
	ck_assert(!text_like("a*d", "abc"));
	ck_assert(!text_like("", "a"));
}
END_TEST

Suite *harness_suite(void)
{
	Suite *suite = suite_create("harness");
	TCase *with_shared = shared_case(suite, "shared daemon");
	TCase *alone = alone_case(suite, "own daemon");

	tcase_add_loop_test(with_shared, replies_become_texts, 2, 4);
	tcase_add_test(with_shared, bytes_go_as_they_are);
	tcase_add_test(with_shared, resp3_has_maps);
	tcase_add_loop_test(with_shared, info_fields_are_found, 2, 4);
	tcase_add_test(alone, daemon_of_its_own);
	tcase_add_test(alone, daemon_that_ends_by_itself);
	tcase_add_test(alone, patterns_of_text);
	return suite;
}
