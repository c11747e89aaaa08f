/* Commands about one's own connection: PING, ECHO, QUIT, RESET, HELLO, AUTH, SELECT. */
#include "harness.h"
#include "suites.h"

#define WRONGPASS "-WRONGPASS invalid username-password pair or user is disabled."

START_TEST(ping_and_echo)
{
	struct client *c = client_fresh(_i);

	expect(c, "+PONG", "PING", NULL);
	expect(c, "$hello", "ping", "hello", NULL);
	expect(c, "$", "PING", "", NULL);
	expect(c, "-ERR wrong number of arguments for 'ping' command", "PING", "a", "b", NULL);
	expect(c, "$hello", "ECHO", "hello", NULL);
	expect(c, "-ERR wrong number of arguments for 'echo' command", "ECHO", NULL);
}
END_TEST

START_TEST(quit_closes_after_the_reply)
{
	struct client *c = client_fresh(_i);
	struct client *other = client_open(shared, _i);

	client_send(c, "PING\r\nQUIT\r\nSET quit 1\r\n", SIZE_MAX);
	expect_reply(c, "+PONG");
	expect_reply(c, "+OK");
	expect_closed(c);
	expect(other, ":0", "EXISTS", "quit", NULL);
}
END_TEST

START_TEST(select_changes_the_database)
{
	struct client *c = client_fresh(_i);

	expect(c, "+OK", "SET", "key", "zero", NULL);
	expect(c, "+OK", "SELECT", "15", NULL);
	expect(c, "nil", "GET", "key", NULL);
	expect(c, "+OK", "SET", "key", "fifteen", NULL);
	expect(c, "+OK", "SELECT", "0", NULL);
	expect(c, "$zero", "GET", "key", NULL);
}
END_TEST

START_TEST(select_refuses)
{
	struct client *c = client_fresh(_i);

	expect(c, "+OK", "SELECT", "3", NULL);
	expect(c, "-ERR DB index is out of range", "SELECT", "16", NULL);
	expect(c, "-ERR DB index is out of range", "SELECT", "-1", NULL);
	expect(c, "-ERR value is not an integer or out of range", "SELECT", "one", NULL);
	expect(c, "-ERR value is out of range, value must between -2147483648 and 2147483647", "SELECT", "4294967296",
	       NULL);
	expect(c, "-ERR wrong number of arguments for 'select' command", "SELECT", NULL);
	expect_like(c, "*db=3 *", "CLIENT", "INFO", NULL);
}
END_TEST

START_TEST(reset_starts_over)
{
	struct client *c = client_fresh(_i);

	expect(c, "+OK", "CLIENT", "SETNAME", "somebody", NULL);
	expect(c, "+OK", "SELECT", "3", NULL);
	expect(c, "+RESET", "RESET", NULL);
	client_send_command(c, "CLIENT", "GETNAME", NULL);
	expect_bytes(c, "$-1\r\n", SIZE_MAX); /* RESP2's null */
	expect_like(c, "*db=0 * resp=2*", "CLIENT", "INFO", NULL);
	expect(c, "-ERR wrong number of arguments for 'reset' command", "RESET", "x", NULL);
}
END_TEST

START_TEST(hello_chooses_the_protocol)
{
	struct client *c = client_fresh(_i);

	expect_like(c, "{ $server $redis $version $7.* $proto :3 $id :* $mode $standalone $role $master $modules [ ] }",
		    "HELLO", "3", NULL);
	expect_like(c, "*$proto :3 *", "HELLO", NULL);
	client_send_command(c, "GET", "nothing", NULL);
	expect_bytes(c, "_\r\n", SIZE_MAX);
	expect_like(c, "[ $server $redis $version $7.* $proto :2 $id :* $mode $standalone $role $master $modules [ ] ]",
		    "HELLO", "2", NULL);
	expect_like(c, "*$proto :2 *", "HELLO", NULL);
	client_send_command(c, "GET", "nothing", NULL);
	expect_bytes(c, "$-1\r\n", SIZE_MAX);
}
END_TEST

START_TEST(hello_in_a_pipeline)
{
	struct client *c = client_fresh(2);

	client_send(c, "PING\r\nHELLO 3\r\nGET nothing\r\nHELLO 2\r\nGET nothing\r\n", SIZE_MAX);
	expect_reply(c, "+PONG");
	ck_assert(text_like("{ *", client_reply(c)));
	expect_bytes(c, "_\r\n", SIZE_MAX);
	ck_assert(text_like("[ *", client_reply(c)));
	expect_bytes(c, "$-1\r\n", SIZE_MAX);
}
END_TEST

START_TEST(hello_has_options)
{
	struct client *c = client_fresh(2);

	expect_like(c, "{ *", "HELLO", "3", "SETNAME", "somebody", NULL);
	expect(c, "$somebody", "CLIENT", "GETNAME", NULL);
	expect_like(c, "[ *", "hello", "2", "setname", "other", "auth", "default", "any", NULL);
	expect(c, "$other", "CLIENT", "GETNAME", NULL);
}
END_TEST

START_TEST(hello_refuses)
{
	struct client *c = client_fresh(2);

	expect(c, "-NOPROTO unsupported protocol version", "HELLO", "1", NULL);
	expect(c, "-NOPROTO unsupported protocol version", "HELLO", "4", NULL);
	expect(c, "-ERR Protocol version is not an integer or out of range", "HELLO", "three", NULL);
	expect(c, "-ERR Syntax error in HELLO option 'LOUD'", "HELLO", "3", "LOUD", NULL);
	expect(c, "-ERR Syntax error in HELLO option 'AUTH'", "HELLO", "3", "AUTH", "default", NULL);
	expect(c, "-ERR Syntax error in HELLO option 'SETNAME'", "HELLO", "3", "SETNAME", NULL);
	expect(c, "-ERR Client names cannot contain spaces, newlines or special characters.", "HELLO", "3", "SETNAME",
	       "two words", "NOSUCH", NULL);
	expect(c, "-ERR Client names cannot contain spaces, newlines or special characters.", "HELLO", "3", "SETNAME",
	       "a b", NULL);
	expect(c, WRONGPASS, "HELLO", "3", "AUTH", "nobody", "secret", NULL);
	expect_like(c, "*resp=2*", "CLIENT", "INFO", NULL);
}
END_TEST

START_TEST(auth_without_a_password)
{
	struct client *c = client_fresh(_i);

	expect(c,
	       "-ERR AUTH <password> called without any password configured for the default user. Are you sure your "
	       "configuration is correct?",
	       "AUTH", "secret", NULL);
	expect(c, WRONGPASS, "AUTH", "nobody", "secret", NULL);
	expect(c, "+OK", "AUTH", "default", "any", NULL);
	expect(c, "-ERR syntax error", "AUTH", "default", "a", "b", NULL);
	expect(c, "-ERR wrong number of arguments for 'auth' command", "AUTH", NULL);
}
END_TEST

START_TEST(password_is_required)
{
	struct server *server = server_start("--requirepass", "secret", NULL);
	struct client *c = client_open(server, 2);

	expect(c, "-NOAUTH Authentication required.", "PING", NULL);
	expect(c, "-NOAUTH Authentication required.", "GET", "key", NULL);
	expect(c, "-NOAUTH Authentication required.", "CLIENT", "ID", NULL);
	expect_like(
		c,
		"-NOAUTH HELLO must be called with the client already authenticated, otherwise the HELLO *AUTH <user> "
		"<pass> option can be used to authenticate the client and select the RESP protocol version at the same "
		"time",
		"HELLO", "3", NULL);
	expect(c, WRONGPASS, "AUTH", "wrong", NULL);
	expect(c, WRONGPASS, "AUTH", "secret2", NULL);
	expect(c, WRONGPASS, "AUTH", "", NULL);
	expect(c, WRONGPASS, "AUTH", "nobody", "secret", NULL);
	expect(c, "-NOAUTH Authentication required.", "PING", NULL);

	expect(c, "+OK", "AUTH", "secret", NULL);
	expect(c, "+PONG", "PING", NULL);
	expect(c, WRONGPASS, "AUTH", "wrong", NULL);
	expect(c, "+PONG", "PING", NULL); /* a wrong word takes nothing away */
	expect(c, "+RESET", "RESET", NULL);
	expect(c, "-NOAUTH Authentication required.", "PING", NULL);
	expect(c, "+OK", "AUTH", "default", "secret", NULL);
	expect(c, "+PONG", "PING", NULL);
	server_stop(server);
}
END_TEST

START_TEST(hello_authenticates)
{
	struct server *server = server_start("--requirepass", "secret", NULL);
	struct client *c = client_open(server, 2);

	expect(c, WRONGPASS, "HELLO", "3", "AUTH", "default", "wrong", NULL);
	expect(c, "-NOAUTH Authentication required.", "PING", NULL);
	expect_like(c, "{ $server *", "HELLO", "3", "AUTH", "default", "secret", "SETNAME", "somebody", NULL);
	expect(c, "$somebody", "CLIENT", "GETNAME", NULL);
	server_stop(server);
}
END_TEST

START_TEST(a_password_that_is_gone_is_not_asked_for)
{
	struct server *server = server_start("--requirepass", "secret", NULL);
	struct client *early = client_open(server, 2), *c = client_open(server, 2);

	expect(c, "+OK", "AUTH", "secret", NULL);
	expect(c, "+OK", "CONFIG", "SET", "requirepass", "", NULL);
	expect_like(early, "{ $server *", "HELLO", "3", NULL);
	expect(early, "+PONG", "PING", NULL);
	server_stop(server);
}
END_TEST

START_TEST(quit_needs_no_password)
{
	struct server *server = server_start("--requirepass", "secret", NULL);
	struct client *c = client_open(server, 2);

	expect(c, "+OK", "QUIT", NULL);
	expect_closed(c);
	server_stop(server);
}
END_TEST

Suite *connection_suite(void)
{
	Suite *suite = suite_create("connection");
	TCase *with_shared = shared_case(suite, "one's own connection");
	TCase *alone = alone_case(suite, "passwords");

	tcase_add_loop_test(with_shared, ping_and_echo, 2, 4);
	tcase_add_loop_test(with_shared, quit_closes_after_the_reply, 2, 4);
	tcase_add_loop_test(with_shared, select_changes_the_database, 2, 4);
	tcase_add_loop_test(with_shared, select_refuses, 2, 4);
	tcase_add_loop_test(with_shared, reset_starts_over, 2, 4);
	tcase_add_loop_test(with_shared, hello_chooses_the_protocol, 2, 4);
	tcase_add_test(with_shared, hello_in_a_pipeline);
	tcase_add_test(with_shared, hello_has_options);
	tcase_add_test(with_shared, hello_refuses);
	tcase_add_loop_test(with_shared, auth_without_a_password, 2, 4);
	tcase_add_test(alone, password_is_required);
	tcase_add_test(alone, hello_authenticates);
	tcase_add_test(alone, a_password_that_is_gone_is_not_asked_for);
	tcase_add_test(alone, quit_needs_no_password);
	return suite;
}
