/* DEBUG: what other test suites lean on. */
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/wait.h>

#include "harness.h"
#include "suites.h"

#define DEBUG_REFUSED                                                                                                  \
	"-ERR DEBUG command not allowed. If the enable-debug-command option is set to \"local\", you can run it "      \
	"from a local connection, otherwise you need to set this option in the configuration file, and then restart "  \
	"the server."
#define DEBUG_USAGE(word) "-ERR unknown subcommand or wrong number of arguments for '" word "'. Try DEBUG HELP."

/* --- keys -------------------------------------------------------------------------------------------------------- */

START_TEST(object_shows_a_value)
{
	struct client *c = client_fresh(_i);

	expect(c, "-ERR no such key", "DEBUG", "OBJECT", "key", NULL);
	expect(c, "+OK", "MSET", "short", "hello", "number", "123456", "small", "-5", "none", "", NULL);
	expect_like(c, "+Value at:0x* refcount:1 encoding:embstr serializedlength:6 lru:* lru_seconds_idle:0", "DEBUG",
		    "OBJECT", "short", NULL);
	expect_like(c, "+Value at:0x* encoding:int serializedlength:5 lru:*", "DEBUG", "OBJECT", "number", NULL);
	expect_like(c, "+Value at:0x* encoding:int serializedlength:2 lru:*", "DEBUG", "OBJECT", "small", NULL);
	expect_like(c, "+Value at:0x* encoding:embstr serializedlength:1 lru:*", "DEBUG", "OBJECT", "none", NULL);
	expect(c, ":7", "APPEND", "number", "8", NULL);
	expect_like(c, "+Value at:0x* encoding:raw serializedlength:5 lru:*", "DEBUG", "OBJECT", "number", NULL);
}
END_TEST

START_TEST(sdslen_tells_lengths)
{
	struct client *c = client_fresh(_i);

	expect(c, "-ERR no such key", "DEBUG", "SDSLEN", "key", NULL);
	expect(c, "+OK", "MSET", "key", "hello", "number", "12", NULL);
	expect_like(c,
		    "+key_sds_len:3, key_sds_avail:0, key_zmalloc: *, val_sds_len:5, val_sds_avail:0, val_zmalloc: *",
		    "DEBUG", "SDSLEN", "key", NULL);
	expect(c, "-ERR Not an sds encoded string.", "DEBUG", "SDSLEN", "number", NULL);
}
END_TEST

#define NOTHING "+0000000000000000000000000000000000000000"

/* The digests are redis-server's of the same data. */
START_TEST(digest_of_all_data)
{
	struct client *c = client_fresh(_i);

	expect(c, NOTHING, "DEBUG", "DIGEST", NULL);
	expect(c, "+OK", "MSET", "a", "hello", "n", "123456", "e", "", NULL);
	expect(c, "+OK", "SET", "mortal", "x", "EX", "1000", NULL);
	expect(c, "+OK", "SELECT", "3", NULL);
	expect(c, "+OK", "SET", "elsewhere", "x", NULL);
	expect(c, "+7c4b77653ee12c81345fc99d133a1c87795bcb95", "DEBUG", "DIGEST", NULL);
	expect(c, "+OK", "SET", "elsewhere", "y", NULL);
	ck_assert(!text_like("+7c4b77653ee12c81345fc99d133a1c87795bcb95", client_call(c, "DEBUG", "DIGEST", NULL)));
	expect(c, "+OK", "SET", "elsewhere", "x", NULL);
	expect(c, "+7c4b77653ee12c81345fc99d133a1c87795bcb95", "DEBUG", "DIGEST", NULL);
}
END_TEST

START_TEST(digest_of_values)
{
	struct client *c = client_fresh(_i);

	expect(c, "+OK", "MSET", "a", "hello", "b", "hello", "e", "", NULL);
	expect(c,
	       "[ +36b23a1456b2dce2c3ed252c456761301dba8060 " NOTHING " +8b3447c33a834b810e3e181b6fd6a2ee1020921c "
	       "+36b23a1456b2dce2c3ed252c456761301dba8060 ]",
	       "DEBUG", "DIGEST-VALUE", "a", "nosuch", "e", "b", NULL);
	expect(c, ":1", "EXPIRE", "a", "1000", NULL);
	expect(c, "[ +d037c4eb8a8b36b602fbced4000daeab0714c1e3 ]", "DEBUG", "DIGEST-VALUE", "a", NULL);
}
END_TEST

START_TEST(populate_makes_keys)
{
	struct client *c = client_fresh(_i);

	expect(c, "+OK", "SET", "key:1", "kept", NULL);
	expect(c, "+OK", "DEBUG", "POPULATE", "300", NULL);
	expect(c, ":300", "DBSIZE", NULL);
	expect(c, "[ $value:0 $kept $value:299 ]", "MGET", "key:0", "key:1", "key:299", NULL);
	expect(c, "+OK", "DEBUG", "POPULATE", "2", "long", "10", NULL);
	expect(c, "$value:1\\x00\\x00\\x00", "GET", "long:1", NULL);
	expect(c, "+OK", "DEBUG", "POPULATE", "2", "cut", "3", NULL);
	expect(c, "[ $val $val nil ]", "MGET", "cut:0", "cut:1", "cut:2", NULL);
	expect(c, "+OK", "DEBUG", "POPULATE", "0", NULL);
	expect(c, ":304", "DBSIZE", NULL);
	expect(c, "-ERR value is out of range, must be positive", "DEBUG", "POPULATE", "x", NULL);
	expect(c, "-ERR value is out of range, must be positive", "DEBUG", "POPULATE", "-1", NULL);
	expect(c, "-ERR value is out of range, must be positive", "DEBUG", "POPULATE", "1", "p", "-1", NULL);
	expect(c, ":304", "DBSIZE", NULL);
}
END_TEST

START_TEST(htstats_counts_chains)
{
	struct client *c = client_fresh(_i);
	const char *kind = _i == 2 ? "$" : "=txt:";
	char pattern[200];

	snprintf(pattern, sizeof(pattern), "%s[Dictionary HT]\\n*No stats available for empty*[Expires HT]\\n*", kind);
	expect_like(c, pattern, "DEBUG", "HTSTATS", "5", NULL);
	expect(c, "+OK", "DEBUG", "POPULATE", "1000", NULL);
	snprintf(pattern, sizeof(pattern),
		 "%s[Dictionary HT]\\n* number of elements: 1000\\n* max chain length: *[Expires HT]\\n*", kind);
	expect_like(c, pattern, "DEBUG", "HTSTATS", "0", NULL);
	expect(c, "-ERR Out of range database", "DEBUG", "HTSTATS", "99", NULL);
	expect(c, "-ERR Out of range database", "DEBUG", "HTSTATS", "-1", NULL);
	expect(c, "-ERR value is not an integer or out of range", "DEBUG", "HTSTATS", "x", NULL);
	expect(c, "-ERR no such key", "DEBUG", "HTSTATS-KEY", "nosuch", NULL);
	expect(c, "-ERR The value stored at the specified key is not represented using an hash table", "DEBUG",
	       "HTSTATS-KEY", "key:1", NULL);
}
END_TEST

/* --- replies ----------------------------------------------------------------------------------------------------- */

START_TEST(protocol_has_every_type)
{
	static const struct {
		const char *type;
		const char *resp2;
		const char *resp3;
	} types[] = {
		{"string", "$11\r\nHello World\r\n", "$11\r\nHello World\r\n"},
		{"integer", ":12345\r\n", ":12345\r\n"},
		{"double", "$5\r\n3.141\r\n", ",3.141\r\n"},
		{"NULL", "$-1\r\n", "_\r\n"},
		{"array", "*3\r\n:0\r\n:1\r\n:2\r\n", "*3\r\n:0\r\n:1\r\n:2\r\n"},
		{"set", "*3\r\n:0\r\n:1\r\n:2\r\n", "~3\r\n:0\r\n:1\r\n:2\r\n"},
		{"map", "*6\r\n:0\r\n:0\r\n:1\r\n:1\r\n:2\r\n:0\r\n", "%3\r\n:0\r\n#f\r\n:1\r\n#t\r\n:2\r\n#f\r\n"},
		{"attrib", "$39\r\nSome real reply following the attribute\r\n",
		 "|1\r\n$14\r\nkey-popularity\r\n*2\r\n$7\r\nkey:123\r\n:90\r\n"
		 "$39\r\nSome real reply following the attribute\r\n"},
		{"push", "-ERR RESP2 is not supported by this command\r\n",
		 ">2\r\n$16\r\nserver-cpu-usage\r\n:42\r\n$40\r\nSome real reply following the push reply\r\n"},
		{"true", ":1\r\n", "#t\r\n"},
		{"false", ":0\r\n", "#f\r\n"},
		{"verbatim", "$25\r\nThis is a verbatim\nstring\r\n", "=29\r\ntxt:This is a verbatim\nstring\r\n"},
		{"bignum", "$37\r\n1234567999999999999999999999999999999\r\n",
		 "(1234567999999999999999999999999999999\r\n"},
		{"nosuch",
		 "-ERR Wrong protocol type name. Please use one of the following: "
		 "string|integer|double|bignum|null|array|set|map|attrib|push|verbatim|true|false\r\n",
		 "-ERR Wrong protocol type name. Please use one of the following: "
		 "string|integer|double|bignum|null|array|set|map|attrib|push|verbatim|true|false\r\n"},
	};
	struct client *c = client_fresh(_i);

	for (size_t i = 0; i < sizeof(types) / sizeof(types[0]); i++) {
		client_send_command(c, "DEBUG", "PROTOCOL", types[i].type, NULL);
		expect_bytes(c, _i == 2 ? types[i].resp2 : types[i].resp3, SIZE_MAX);
	}
	expect(c, "+PONG", "PING", NULL);
}
END_TEST

START_TEST(error_is_the_given_text)
{
	struct client *c = client_fresh(_i);

	expect(c, "-FOO bar", "DEBUG", "ERROR", "FOO bar", NULL);
	expect(c, "-one  two", "DEBUG", "ERROR", "one\r\ntwo", NULL);
	expect(c, "+PONG", "PING", NULL);
}
END_TEST

START_TEST(log_gets_the_text)
{
	struct client *c = client_fresh(_i);

	expect(c, "+OK", "DEBUG", "LOG", "a remark of the test", NULL);
	server_log_wait(shared, "a remark of the test");
}
END_TEST

/* --- the daemon -------------------------------------------------------------------------------------------------- */

START_TEST(sleeps)
{
	struct client *c = client_fresh(_i);
	int64_t before = clock_milliseconds();

	expect(c, "+OK", "DEBUG", "SLEEP", "0.05", NULL);
	ck_assert_int_ge(clock_milliseconds() - before, 50);
	expect(c, "+OK", "debug", "sleep", "0", NULL);
	if (against_redis())
		return; /* takes any word for a number */
	expect(c, "-ERR value is not a valid float or out of range", "DEBUG", "SLEEP", "long", NULL);
	expect(c, "-ERR value is not a valid float or out of range", "DEBUG", "SLEEP", "-1", NULL);
	expect(c, "-ERR value is not a valid float or out of range", "DEBUG", "SLEEP", "inf", NULL);
}
END_TEST

/* While expired keys are left alone, DBSIZE counts them and a later expiry is no reason for an earlier one to go. */
START_TEST(switches_expiry)
{
	struct client *c = client_fresh(_i);

	expect(c, "+OK", "DEBUG", "SET-ACTIVE-EXPIRE", "0", NULL);
	expect(c, "+OK", "SET", "kept", "value", "PX", "1", NULL);
	expect(c, "+OK", "SET", "probe", "value", "PX", "50", NULL);
	expect_eventually(c, "nil", "GET", "probe", NULL); /* "kept" has been dead for longer than a round of expiry */
	expect(c, ":1", "DBSIZE", NULL);
	expect(c, "+OK", "DEBUG", "SET-ACTIVE-EXPIRE", "1", NULL);
	expect_eventually(c, ":0", "DBSIZE", NULL);
}
END_TEST

START_TEST(wrong_words)
{
	struct client *c = client_fresh(_i);

	expect(c, "-ERR wrong number of arguments for 'debug' command", "DEBUG", NULL);
	expect(c, DEBUG_USAGE("nosuch"), "DEBUG", "nosuch", NULL);
	expect(c, DEBUG_USAGE("SLEEP"), "DEBUG", "SLEEP", NULL);
	expect(c, DEBUG_USAGE("sleep"), "DEBUG", "sleep", "0", "0", NULL);
	expect(c, DEBUG_USAGE("object"), "DEBUG", "object", NULL);
	expect(c, DEBUG_USAGE("object"), "DEBUG", "object", "key", "fast", NULL);
	expect(c, DEBUG_USAGE("digest"), "DEBUG", "digest", "x", NULL);
	expect(c, DEBUG_USAGE("error"), "DEBUG", "error", "a", "b", NULL);
	expect(c, DEBUG_USAGE("log"), "DEBUG", "log", NULL);
	expect(c, DEBUG_USAGE("populate"), "DEBUG", "populate", NULL);
	expect(c, DEBUG_USAGE("protocol"), "DEBUG", "protocol", NULL);
	expect(c, DEBUG_USAGE("set-active-expire"), "DEBUG", "set-active-expire", NULL);
	expect(c, DEBUG_USAGE("htstats"), "DEBUG", "htstats", NULL);
	expect(c, DEBUG_USAGE("help"), "DEBUG", "help", "x", NULL);
	expect_like(c, "[ +DEBUG <subcommand> * +DIGEST * +SLEEP <seconds> * +HELP *", "DEBUG", "HELP", NULL);
}
END_TEST

START_TEST(is_guarded)
{
	struct server *server = server_start("--enable-debug-command", "no", NULL);
	struct client *c = client_open(server, 2);

	expect(c, DEBUG_REFUSED, "DEBUG", "SLEEP", "0", NULL);
	expect(c, DEBUG_REFUSED, "DEBUG", "HELP", NULL);
	expect(c, DEBUG_REFUSED, "DEBUG", "DIGEST", NULL);
	expect(c, DEBUG_REFUSED, "DEBUG", "nosuch", NULL);
	expect(c, DEBUG_REFUSED, "DEBUG", "OBJECT", NULL);
	expect(c, "-ERR wrong number of arguments for 'debug' command", "DEBUG", NULL);
	server_stop(server);
}
END_TEST

START_TEST(is_for_the_local)
{
	struct server *server = server_start("--enable-debug-command", "local", NULL);
	struct client *c = client_open(server, 2);

	expect(c, "+OK", "DEBUG", "SLEEP", "0", NULL);
	expect_like(c, "[ +DEBUG <subcommand> * +SLEEP <seconds> *", "DEBUG", "HELP", NULL);
	server_stop(server);
}
END_TEST

START_TEST(crashes_on_purpose)
{
	static const struct {
		const char *word;
		int signal;
	} ways[] = {{"SEGFAULT", SIGSEGV}, {"ASSERT", SIGABRT}, {"PANIC", SIGABRT}};
	struct server *server;
	struct client *c;
	int status;

	if (against_redis())
		return; /* ends in other ways, with a report of its own */
	server = server_start(NULL);
	c = client_open(server, 2);
	client_send_command(c, "DEBUG", ways[_i].word, NULL);
	status = server_wait(server);
	ck_assert(WIFSIGNALED(status) ? WTERMSIG(status) == ways[_i].signal : WEXITSTATUS(status) != 0);
	server_log_wait(server, ways[_i].signal == SIGSEGV ? "SIGSEGV" : "SIGABRT");
	server_stop(server);
}
END_TEST

Suite *debug_suite(void)
{
	Suite *suite = suite_create("debug");
	TCase *with_shared = shared_case(suite, "DEBUG");
	TCase *alone = alone_case(suite, "guards and crashes");

	tcase_add_loop_test(with_shared, object_shows_a_value, 2, 4);
	tcase_add_loop_test(with_shared, sdslen_tells_lengths, 2, 4);
	tcase_add_loop_test(with_shared, digest_of_all_data, 2, 4);
	tcase_add_loop_test(with_shared, digest_of_values, 2, 4);
	tcase_add_loop_test(with_shared, populate_makes_keys, 2, 4);
	tcase_add_loop_test(with_shared, htstats_counts_chains, 2, 4);
	tcase_add_loop_test(with_shared, protocol_has_every_type, 2, 4);
	tcase_add_loop_test(with_shared, error_is_the_given_text, 2, 4);
	tcase_add_loop_test(with_shared, log_gets_the_text, 2, 4);
	tcase_add_loop_test(with_shared, sleeps, 2, 4);
	tcase_add_loop_test(with_shared, switches_expiry, 2, 4);
	tcase_add_loop_test(with_shared, wrong_words, 2, 4);
	tcase_add_test(alone, is_guarded);
	tcase_add_test(alone, is_for_the_local);
	tcase_add_loop_test(alone, crashes_on_purpose, 0, 3);
	return suite;
}
