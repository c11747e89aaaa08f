/* The commands on string values: what they answer, what they leave behind, and what they refuse. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "harness.h"
#include "suites.h"

static const char not_integer[] = "-ERR value is not an integer or out of range";
static const char syntax_error[] = "-ERR syntax error";

enum { LARGE = 200 * 1000 }; /* bytes of a value that gets a block of its own and takes more than one read */

/* The key dies within `low` to `high` milliseconds from now. */
static void expect_ttl(struct client *c, const char *key, long long low, long long high)
{
	long long ttl = client_integer(c, "PTTL", key, NULL);

	ck_assert_msg(ttl >= low && ttl <= high, "PTTL %s is %lld", key, ttl);
}

/* `seconds` from now in Unix time, with `tail` behind it: "000" makes it milliseconds. */
static const char *unix_time(char text[32], int seconds, const char *tail)
{
	snprintf(text, 32, "%lld%s", (long long)time(NULL) + seconds, tail);
	return text;
}

/* A text of `len` letters, and the same as a reply; to be freed. */
static char *letters(size_t len)
{
	char *text = malloc(len + 1);

	ck_assert_ptr_nonnull(text);
	for (size_t i = 0; i < len; i++)
		text[i] = (char)('a' + i % 26);
	text[len] = '\0';
	return text;
}

static char *as_reply(const char *text)
{
	size_t len = strlen(text);
	char *reply = malloc(len + 2);

	ck_assert_ptr_nonnull(reply);
	reply[0] = '$';
	memcpy(reply + 1, text, len + 1);
	return reply;
}

/* ---- SET ---- */

START_TEST(set_and_get)
{
	struct client *c = client_fresh(_i);

	expect(c, "nil", "GET", "key", NULL);
	expect(c, "+OK", "SET", "key", "value", NULL);
	expect(c, "$value", "GET", "key", NULL);
	expect(c, "+OK", "set", "key", "", NULL);
	expect(c, "$", "get", "key", NULL);
	expect(c, "+OK", "SET", "", "of the empty key", NULL);
	expect(c, "$of the empty key", "GET", "", NULL);
	expect(c, "-ERR wrong number of arguments for 'get' command", "GET", NULL);
	expect(c, "-ERR wrong number of arguments for 'get' command", "GET", "a", "b", NULL);
	expect(c, "-ERR wrong number of arguments for 'set' command", "SET", "key", NULL);
}
END_TEST

START_TEST(set_is_binary_safe)
{
	struct client *c = client_fresh(_i);
	const char *set[] = {"SET", "k\0\r\n", "\0v\xff\r\n\0"};
	const size_t set_lens[] = {3, 4, 6};
	const char *get[] = {"GET", "k\0\r\n"};

	client_send_arguments(c, 3, set, set_lens);
	expect_reply(c, "+OK");
	client_send_arguments(c, 2, get, set_lens);
	expect_reply(c, "$\\x00v\\xff\\r\\n\\x00");
	expect(c, "nil", "GET", "k", NULL);
}
END_TEST

START_TEST(set_under_conditions)
{
	struct client *c = client_fresh(_i);

	expect(c, "nil", "SET", "key", "1", "XX", NULL);
	expect(c, ":0", "EXISTS", "key", NULL);
	expect(c, "+OK", "SET", "key", "2", "nx", NULL);
	expect(c, "nil", "SET", "key", "3", "NX", NULL);
	expect(c, "$2", "GET", "key", NULL);
	expect(c, "+OK", "SET", "key", "4", "XX", NULL);
	expect(c, "$4", "GET", "key", NULL);
	expect(c, "+OK", "SET", "key", "5", "XX", "XX", NULL);
}
END_TEST

START_TEST(set_gives_the_old_value)
{
	struct client *c = client_fresh(_i);

	expect(c, "nil", "SET", "key", "1", "GET", NULL);
	expect(c, "$1", "SET", "key", "2", "GET", NULL);
	expect(c, "$2", "SET", "key", "3", "NX", "GET", NULL);
	expect(c, "$2", "GET", "key", NULL);
	expect(c, "$2", "SET", "key", "3", "GET", "XX", NULL);
	expect(c, "$3", "GET", "key", NULL);
	expect(c, "nil", "SET", "other", "1", "XX", "GET", NULL);
	expect(c, ":0", "EXISTS", "other", NULL);
	expect(c, "nil", "SET", "other", "1", "GET", "NX", NULL);
	expect(c, "$1", "GET", "other", NULL);
	expect(c, "$1", "SET", "other", "2", "PX", "100000", "GET", NULL);
	expect_ttl(c, "other", 90000, 100000);
	expect(c, syntax_error, "SET", "other", "2", "GET", "EX", NULL);
}
END_TEST

/* Valkey's, since 8.1. */
START_TEST(set_if_equal)
{
	struct client *c = client_fresh(_i);

	if (against_redis())
		return;
	expect(c, "nil", "SET", "key", "1", "IFEQ", "0", NULL);
	expect(c, "nil", "SET", "key", "1", "IFEQ", "", "GET", NULL);
	expect(c, ":0", "EXISTS", "key", NULL);
	expect(c, "+OK", "SET", "key", "one", "EX", "100", NULL);
	expect(c, "nil", "SET", "key", "two", "IFEQ", "on", NULL);
	expect(c, "nil", "SET", "key", "two", "IFEQ", "One", "EX", "500", NULL);
	expect_ttl(c, "key", 90000, 100000);
	expect(c, "+OK", "SET", "key", "two", "ifeq", "one", "KEEPTTL", NULL);
	expect_ttl(c, "key", 90000, 100000);
	expect(c, "$two", "SET", "key", "three", "IFEQ", "one", "GET", NULL);
	expect(c, "$two", "GET", "key", NULL);
	expect(c, "$two", "SET", "key", "three", "GET", "IFEQ", "two", "PX", "200000", NULL);
	expect(c, "$three", "GET", "key", NULL);
	expect_ttl(c, "key", 190000, 200000);
	expect(c, "+OK", "SET", "key", "", "IFEQ", "three", NULL);
	expect(c, ":-1", "PTTL", "key", NULL);
	expect(c, "+OK", "SET", "key", "NX", "IFEQ", "", NULL);
	expect(c, "+OK", "SET", "key", "done", "IFEQ", "NX", NULL);
	expect(c, syntax_error, "SET", "key", "v", "IFEQ", NULL);
	expect(c, syntax_error, "SET", "key", "v", "IFEQ", "done", "NX", NULL);
	expect(c, syntax_error, "SET", "key", "v", "XX", "IFEQ", "done", NULL);
	expect(c, syntax_error, "GETEX", "key", "IFEQ", "done", NULL);
	expect(c, "$done", "GET", "key", NULL);
}
END_TEST

/* Valkey's, since 9.0. */
START_TEST(delete_if_equal)
{
	struct client *c = client_fresh(_i);
	char *large = letters(LARGE);

	if (against_redis())
		return;
	expect(c, ":0", "DELIFEQ", "key", "", NULL);
	expect(c, "+OK", "MSET", "key", "value", "other", "value", NULL);
	expect(c, ":0", "DELIFEQ", "key", "valu", NULL);
	expect(c, ":0", "DELIFEQ", "key", "Value", NULL);
	expect(c, "$value", "GET", "key", NULL);
	expect(c, ":1", "DELIFEQ", "key", "value", NULL);
	expect(c, "[ nil $value ]", "MGET", "key", "other", NULL);
	expect(c, "+OK", "SET", "key", large, NULL);
	large[LARGE - 1]++;
	expect(c, ":0", "DELIFEQ", "key", large, NULL);
	large[LARGE - 1]--;
	expect(c, ":1", "DELIFEQ", "key", large, NULL);
	expect(c, ":0", "EXISTS", "key", NULL);
	expect(c, "-ERR wrong number of arguments for 'delifeq' command", "DELIFEQ", "key", NULL);
	expect(c, "-ERR wrong number of arguments for 'delifeq' command", "DELIFEQ", "key", "a", "b", NULL);
	free(large);
}
END_TEST

START_TEST(set_with_a_time_to_live)
{
	struct client *c = client_fresh(_i);
	char at[32];

	expect(c, "+OK", "SET", "key", "v", "EX", "100", NULL);
	expect_ttl(c, "key", 90000, 100000);
	expect(c, "+OK", "SET", "key", "v", "px", "200000", "XX", NULL);
	expect_ttl(c, "key", 190000, 200000);
	expect(c, "+OK", "SET", "key", "v", "XX", "EXAT", unix_time(at, 300, ""), NULL);
	expect_ttl(c, "key", 290000, 300000);
	expect(c, "+OK", "SET", "key", "v", "PXAT", unix_time(at, 400, "000"), NULL);
	expect_ttl(c, "key", 390000, 400000);
	expect(c, "+OK", "SET", "key", "w", "KEEPTTL", NULL);
	expect(c, "$w", "GET", "key", NULL);
	expect_ttl(c, "key", 380000, 400000);
	expect(c, "+OK", "SET", "key", "v", "EX", "100", "EX", "500", NULL);
	expect_ttl(c, "key", 490000, 500000);
	expect(c, "+OK", "SET", "key", "v", NULL);
	expect(c, ":-1", "PTTL", "key", NULL);
	expect(c, "+OK", "SET", "new", "v", "KEEPTTL", NULL);
	expect(c, ":-1", "PTTL", "new", NULL);
}
END_TEST

START_TEST(set_keys_die)
{
	struct client *c = client_fresh(_i);

	expect(c, "+OK", "SET", "soon", "v", "PX", "30", NULL);
	expect(c, "+OK", "SET", "past", "v", "EXAT", "1", NULL);
	expect(c, "nil", "GET", "past", NULL);
	expect_eventually(c, "nil", "GET", "soon", NULL);
	expect(c, "+OK", "SET", "soon", "again", "NX", NULL);
}
END_TEST

START_TEST(set_refuses_what_contradicts)
{
	struct client *c = client_fresh(_i);

	expect(c, syntax_error, "SET", "key", "v", "NX", "XX", NULL);
	expect(c, syntax_error, "SET", "key", "v", "XX", "NX", NULL);
	expect(c, syntax_error, "SET", "key", "v", "EX", NULL);
	expect(c, syntax_error, "SET", "key", "v", "EX", "10", "PX", "10", NULL);
	expect(c, syntax_error, "SET", "key", "v", "PXAT", "10", "EXAT", "10", NULL);
	expect(c, syntax_error, "SET", "key", "v", "KEEPTTL", "EX", "10", NULL);
	expect(c, syntax_error, "SET", "key", "v", "EX", "10", "KEEPTTL", NULL);
	expect(c, syntax_error, "SET", "key", "v", "PERSIST", NULL);
	expect(c, syntax_error, "SET", "key", "v", "sometimes", NULL);
	expect(c, syntax_error, "SET", "key", "v", "10", "NX", NULL);
	expect(c, syntax_error, "SET", "key", "v", "NX", "10", NULL);
	expect(c, syntax_error, "SET", "key", "v", "EX", "ten", "NX", "XX", NULL);
	expect(c, ":0", "EXISTS", "key", NULL);
}
END_TEST

START_TEST(set_refuses_impossible_times)
{
	struct client *c = client_fresh(_i);
	static const char invalid[] = "-ERR invalid expire time in 'set' command";

	expect(c, not_integer, "SET", "key", "v", "EX", "ten", NULL);
	expect(c, not_integer, "SET", "key", "v", "PX", "1.5", NULL);
	expect(c, not_integer, "SET", "key", "v", "EX", "9223372036854775808", NULL);
	expect(c, invalid, "SET", "key", "v", "EX", "0", NULL);
	expect(c, invalid, "SET", "key", "v", "PX", "-1", NULL);
	expect(c, invalid, "SET", "key", "v", "EXAT", "0", NULL);
	expect(c, invalid, "SET", "key", "v", "PXAT", "-5", NULL);
	expect(c, invalid, "SET", "key", "v", "EX", "9223372036854775807", NULL);
	expect(c, invalid, "SET", "key", "v", "EX", "9223372036854775", NULL);
	expect(c, invalid, "SET", "key", "v", "PX", "9223372036854775807", NULL);
	expect(c, invalid, "SET", "key", "v", "EXAT", "9223372036854776", NULL);
	expect(c, ":0", "EXISTS", "key", NULL);
	expect(c, "+OK", "SET", "key", "v", "PXAT", "9223372036854775807", NULL);
	expect(c, "$v", "GET", "key", NULL);
}
END_TEST

START_TEST(set_with_bare_seconds)
{
	struct client *c = client_fresh(_i);
	static const char invalid[] = "-ERR invalid expire time in 'set' command";

	if (against_redis())
		return;
	expect(c, "+OK", "SET", "key", "v", "30", NULL);
	expect(c, "$v", "GET", "key", NULL);
	expect_ttl(c, "key", 20000, 30000);
	expect(c, invalid, "SET", "key", "w", "0", NULL);
	expect(c, invalid, "SET", "key", "w", "-3", NULL);
	expect(c, invalid, "SET", "key", "w", "9223372036854775807", NULL);
	expect(c, syntax_error, "SET", "key", "w", "30s", NULL);
	expect(c, syntax_error, "SET", "key", "w", "3.5", NULL);
	expect(c, syntax_error, "SET", "key", "w", "9223372036854775808", NULL);
	expect(c, syntax_error, "SET", "key", "w", "30", "30", NULL);
	expect(c, "$v", "GET", "key", NULL);
}
END_TEST

START_TEST(setnx_setex_psetex)
{
	struct client *c = client_fresh(_i);

	expect(c, ":1", "SETNX", "key", "1", NULL);
	expect(c, ":0", "SETNX", "key", "2", NULL);
	expect(c, "$1", "GET", "key", NULL);
	expect(c, "+OK", "SETEX", "key", "100", "3", NULL);
	expect(c, "$3", "GET", "key", NULL);
	expect_ttl(c, "key", 90000, 100000);
	expect(c, "+OK", "PSETEX", "key", "200000", "4", NULL);
	expect(c, "$4", "GET", "key", NULL);
	expect_ttl(c, "key", 190000, 200000);

	expect(c, "-ERR invalid expire time in 'setex' command", "SETEX", "key", "0", "v", NULL);
	expect(c, "-ERR invalid expire time in 'setex' command", "SETEX", "key", "9223372036854775", "v", NULL);
	expect(c, "-ERR invalid expire time in 'psetex' command", "PSETEX", "key", "-1", "v", NULL);
	expect(c, "-ERR invalid expire time in 'psetex' command", "PSETEX", "key", "9223372036854775807", "v", NULL);
	expect(c, not_integer, "SETEX", "key", "soon", "v", NULL);
	expect(c, "-ERR wrong number of arguments for 'setex' command", "SETEX", "key", "1", NULL);
	expect(c, "-ERR wrong number of arguments for 'setnx' command", "SETNX", "key", NULL);
	expect(c, "-ERR wrong number of arguments for 'psetex' command", "PSETEX", "key", "1", NULL);
	expect(c, "$4", "GET", "key", NULL);
}
END_TEST

/* ---- Reading ---- */

START_TEST(getset_and_getdel)
{
	struct client *c = client_fresh(_i);

	expect(c, "nil", "GETSET", "key", "1", NULL);
	expect(c, ":1", "EXPIRE", "key", "100", NULL);
	expect(c, "$1", "GETSET", "key", "2", NULL);
	expect(c, ":-1", "TTL", "key", NULL);
	expect(c, "$2", "GETDEL", "key", NULL);
	expect(c, ":0", "EXISTS", "key", NULL);
	expect(c, "nil", "GETDEL", "key", NULL);
	expect(c, "-ERR wrong number of arguments for 'getset' command", "GETSET", "key", NULL);
	expect(c, "-ERR wrong number of arguments for 'getdel' command", "GETDEL", "key", "key", NULL);
}
END_TEST

START_TEST(getex_changes_the_time_to_live)
{
	struct client *c = client_fresh(_i);
	char at[32];

	expect(c, "nil", "GETEX", "key", "EX", "10", NULL);
	expect(c, "+OK", "SET", "key", "v", NULL);
	expect(c, "$v", "GETEX", "key", NULL);
	expect(c, ":-1", "TTL", "key", NULL);
	expect(c, "$v", "GETEX", "key", "EX", "100", NULL);
	expect_ttl(c, "key", 90000, 100000);
	expect(c, "$v", "GETEX", "key", NULL);
	expect_ttl(c, "key", 80000, 100000);
	expect(c, "$v", "GETEX", "key", "PX", "200000", NULL);
	expect_ttl(c, "key", 190000, 200000);
	expect(c, "$v", "GETEX", "key", "EXAT", unix_time(at, 300, ""), NULL);
	expect_ttl(c, "key", 290000, 300000);
	expect(c, "$v", "GETEX", "key", "pxat", unix_time(at, 400, "000"), NULL);
	expect_ttl(c, "key", 390000, 400000);
	expect(c, "$v", "GETEX", "key", "PERSIST", NULL);
	expect(c, ":-1", "TTL", "key", NULL);
	expect(c, "$v", "GETEX", "key", "PERSIST", NULL);
	expect(c, "$v", "GETEX", "key", "PXAT", "1", NULL);
	expect(c, ":0", "EXISTS", "key", NULL);
}
END_TEST

START_TEST(getex_refuses)
{
	struct client *c = client_fresh(_i);
	static const char invalid[] = "-ERR invalid expire time in 'getex' command";

	expect(c, "nil", "GETEX", "key", "EX", "0", NULL);
	expect(c, "+OK", "SET", "key", "v", NULL);
	expect(c, syntax_error, "GETEX", "key", "NX", NULL);
	expect(c, syntax_error, "GETEX", "key", "KEEPTTL", NULL);
	expect(c, syntax_error, "GETEX", "key", "10", NULL);
	expect(c, syntax_error, "GETEX", "key", "EX", NULL);
	expect(c, syntax_error, "GETEX", "key", "EX", "10", "PERSIST", NULL);
	expect(c, syntax_error, "GETEX", "key", "PERSIST", "PX", "10", NULL);
	expect(c, not_integer, "GETEX", "key", "EX", "ten", NULL);
	expect(c, invalid, "GETEX", "key", "EX", "0", NULL);
	expect(c, invalid, "GETEX", "key", "EXAT", "-1", NULL);
	expect(c, invalid, "GETEX", "key", "PX", "9223372036854775807", NULL);
	expect(c, "-ERR wrong number of arguments for 'getex' command", "GETEX", NULL);
	expect(c, ":-1", "TTL", "key", NULL);
}
END_TEST

START_TEST(parts_of_a_value)
{
	struct client *c = client_fresh(_i);

	expect(c, "+OK", "SET", "key", "0123456789", NULL);
	expect(c, "$0123456789", "GETRANGE", "key", "0", "-1", NULL);
	expect(c, "$234", "GETRANGE", "key", "2", "4", NULL);
	expect(c, "$789", "GETRANGE", "key", "-3", "-1", NULL);
	expect(c, "$9", "GETRANGE", "key", "9", "100", NULL);
	expect(c, "$0123456789", "GETRANGE", "key", "-100", "100", NULL);
	expect(c, "$0", "GETRANGE", "key", "0", "-100", NULL);
	expect(c, "$", "GETRANGE", "key", "-1", "-2", NULL);
	expect(c, "$", "GETRANGE", "key", "5", "3", NULL);
	expect(c, "$", "GETRANGE", "key", "10", "20", NULL);
	expect(c, "$", "GETRANGE", "nothing", "0", "-1", NULL);
	expect(c, "$0123456789", "GETRANGE", "key", "-9223372036854775808", "9223372036854775807", NULL);
	expect(c, "$12", "SUBSTR", "key", "1", "2", NULL);
	expect(c, not_integer, "GETRANGE", "key", "a", "1", NULL);
	expect(c, not_integer, "GETRANGE", "nothing", "0", "b", NULL);
	expect(c, "-ERR wrong number of arguments for 'getrange' command", "GETRANGE", "key", "1", NULL);
	expect(c, "-ERR wrong number of arguments for 'substr' command", "SUBSTR", "key", "1", NULL);
	expect(c, "+OK", "SET", "key", "", NULL);
	expect(c, "$", "GETRANGE", "key", "0", "-1", NULL);
	expect(c, "$", "GETRANGE", "key", "-1", "0", NULL);
}
END_TEST

START_TEST(readers_count_hits_and_misses)
{
	struct client *c = client_fresh(_i);

	expect(c, "+OK", "SET", "key", "12", NULL);
	expect(c, "+OK", "CONFIG", "RESETSTAT", NULL);
	expect(c, "$12", "GET", "key", NULL);
	expect(c, "[ $12 nil nil ]", "MGET", "key", "a", "b", NULL);
	expect(c, ":2", "STRLEN", "key", NULL);
	expect(c, "$1", "GETRANGE", "key", "0", "0", NULL);
	expect(c, "$12", "GETEX", "key", NULL);
	expect(c, "$12", "GETSET", "key", "13", NULL);
	expect(c, "$13", "SET", "key", "14", "GET", NULL);
	expect(c, "nil", "GETDEL", "nothing", NULL);
	expect(c, "+OK", "SET", "key", "15", NULL);
	expect(c, ":16", "INCR", "key", NULL);
	expect(c, ":3", "APPEND", "key", "7", NULL);
	ck_assert_int_eq(info_number(c, "keyspace_hits"), 7);
	ck_assert_int_eq(info_number(c, "keyspace_misses"), 3);
}
END_TEST

/* ---- Several keys ---- */

START_TEST(several_keys_at_once)
{
	struct client *c = client_fresh(_i);

	expect(c, "+OK", "SET", "b", "old", "EX", "100", NULL);
	expect(c, "+OK", "MSET", "a", "1", "b", "2", "c", "3", "a", "4", NULL);
	expect(c, "[ $4 nil $2 $2 $3 ]", "MGET", "a", "none", "b", "b", "c", NULL);
	expect(c, ":-1", "TTL", "b", NULL);
	expect(c, ":0", "MSETNX", "d", "1", "a", "2", NULL);
	expect(c, ":0", "EXISTS", "d", NULL);
	expect(c, ":1", "MSETNX", "d", "1", "e", "2", "d", "3", NULL);
	expect(c, "[ $3 $2 ]", "MGET", "d", "e", NULL);
	expect(c, ":5", "DBSIZE", NULL);
	expect(c, "-ERR wrong number of arguments for 'mset' command", "MSET", "a", NULL);
	expect(c, "-ERR wrong number of arguments for 'mset' command", "MSET", "a", "5", "b", NULL);
	expect(c, "-ERR wrong number of arguments for 'msetnx' command", "MSETNX", "x", "5", "y", NULL);
	expect(c, "-ERR wrong number of arguments for 'mget' command", "MGET", NULL);
	expect(c, "$4", "GET", "a", NULL);
}
END_TEST

/* Enough keys to be in every shard. */
START_TEST(hundreds_of_keys_at_once)
{
	enum { PAIRS = 500 };
	struct client *c = client_fresh(_i);
	char words[2 * PAIRS][16];
	const char *arguments[2 * PAIRS + 1] = {"MSET"};
	size_t lens[2 * PAIRS + 1] = {4};

	for (int i = 0; i < 2 * PAIRS; i++) {
		lens[i + 1] =
			(size_t)snprintf(words[i], sizeof(words[i]), "%s:%d", i % 2 == 0 ? "key" : "value", i / 2);
		arguments[i + 1] = words[i];
	}
	client_send_arguments(c, 2 * PAIRS + 1, arguments, lens);
	expect_reply(c, "+OK");
	expect(c, ":500", "DBSIZE", NULL);
	expect(c, "[ $value:0 $value:250 $value:499 ]", "MGET", "key:0", "key:250", "key:499", NULL);
	arguments[0] = "MSETNX";
	lens[0] = 6;
	client_send_arguments(c, 2 * PAIRS + 1, arguments, lens);
	expect_reply(c, ":0");
}
END_TEST

/* ---- In place ---- */

START_TEST(append_and_strlen)
{
	struct client *c = client_fresh(_i);

	expect(c, ":0", "STRLEN", "key", NULL);
	expect(c, ":5", "APPEND", "key", "Hello", NULL);
	expect(c, ":-1", "TTL", "key", NULL);
	expect(c, ":1", "EXPIRE", "key", "100", NULL);
	expect(c, ":11", "APPEND", "key", " World", NULL);
	expect(c, ":11", "APPEND", "key", "", NULL);
	expect(c, "$Hello World", "GET", "key", NULL);
	expect(c, ":11", "STRLEN", "key", NULL);
	expect_ttl(c, "key", 90000, 100000);
	expect(c, ":0", "APPEND", "empty", "", NULL);
	expect(c, ":1", "EXISTS", "empty", NULL);
	expect(c, "-ERR wrong number of arguments for 'append' command", "APPEND", "key", NULL);
	expect(c, "-ERR wrong number of arguments for 'strlen' command", "STRLEN", NULL);
}
END_TEST

/* From the entry itself into a block, and from there on. */
START_TEST(append_grows_far)
{
	struct client *c = client_fresh(_i);
	char *piece = letters(700);
	char want[64];

	for (int i = 1; i <= 200; i++) {
		snprintf(want, sizeof(want), ":%d", i * 700);
		expect(c, want, "APPEND", "key", piece, NULL);
	}
	expect(c, "$xabc", "GETRANGE", "key", "699", "702", NULL);
	expect(c, "$wx", "GETRANGE", "key", "-2", "-1", NULL);
	free(piece);
}
END_TEST

START_TEST(setrange_overwrites)
{
	struct client *c = client_fresh(_i);

	expect(c, ":0", "SETRANGE", "key", "5", "", NULL);
	expect(c, ":0", "EXISTS", "key", NULL);
	expect(c, ":5", "SETRANGE", "key", "2", "abc", NULL);
	expect(c, "$\\x00\\x00abc", "GET", "key", NULL);
	expect(c, ":1", "EXPIRE", "key", "100", NULL);
	expect(c, ":5", "SETRANGE", "key", "0", "xy", NULL);
	expect(c, "$xyabc", "GET", "key", NULL);
	expect(c, ":5", "SETRANGE", "key", "100", "", NULL);
	expect(c, ":8", "SETRANGE", "key", "7", "!", NULL);
	expect(c, "$xyabc\\x00\\x00!", "GET", "key", NULL);
	expect_ttl(c, "key", 90000, 100000);
	expect(c, ":3001", "SETRANGE", "key", "3000", "z", NULL);
	expect(c, "$!\\x00", "GETRANGE", "key", "7", "8", NULL);
	expect(c, "-ERR offset is out of range", "SETRANGE", "key", "-1", "a", NULL);
	expect(c, not_integer, "SETRANGE", "key", "one", "a", NULL);
	expect(c, "-ERR wrong number of arguments for 'setrange' command", "SETRANGE", "key", "1", NULL);
}
END_TEST

START_TEST(strings_have_a_greatest_length)
{
	struct client *c = client_fresh(_i);
	static const char too_long[] = "-ERR string exceeds maximum allowed size (proto-max-bulk-len)";

	expect(c, too_long, "SETRANGE", "key", "536870912", "a", NULL);
	expect(c, too_long, "SETRANGE", "key", "9223372036854775807", "a", NULL);
	expect(c, ":0", "EXISTS", "key", NULL);
	expect(c, "+OK", "SET", "key", "v", NULL);
	expect(c, too_long, "SETRANGE", "key", "536870911", "ab", NULL);
	expect(c, "$v", "GET", "key", NULL);
}
END_TEST

/* ---- Counting ---- */

START_TEST(counters)
{
	struct client *c = client_fresh(_i);

	expect(c, ":1", "INCR", "n", NULL);
	expect(c, ":1", "EXPIRE", "n", "100", NULL);
	expect(c, ":2", "INCR", "n", NULL);
	expect_ttl(c, "n", 90000, 100000);
	expect(c, ":12", "INCRBY", "n", "10", NULL);
	expect(c, ":2", "INCRBY", "n", "-10", NULL);
	expect(c, ":1", "DECR", "n", NULL);
	expect(c, ":-4", "DECRBY", "n", "5", NULL);
	expect(c, ":-1", "DECRBY", "n", "-3", NULL);
	expect(c, "$-1", "GET", "n", NULL);
	expect(c, ":-1", "DECR", "m", NULL);
	expect(c, ":-7", "DECRBY", "o", "7", NULL);
	expect(c, "-ERR wrong number of arguments for 'incr' command", "INCR", NULL);
	expect(c, "-ERR wrong number of arguments for 'incrby' command", "INCRBY", "n", NULL);
	expect(c, "-ERR wrong number of arguments for 'decr' command", "DECR", "n", "1", NULL);
	expect(c, "-ERR wrong number of arguments for 'decrby' command", "DECRBY", "n", NULL);
}
END_TEST

START_TEST(counters_have_ends)
{
	struct client *c = client_fresh(_i);
	static const char overflow[] = "-ERR increment or decrement would overflow";

	expect(c, "+OK", "SET", "n", "9223372036854775806", NULL);
	expect(c, ":9223372036854775807", "INCR", "n", NULL);
	expect(c, overflow, "INCR", "n", NULL);
	expect(c, overflow, "INCRBY", "n", "1", NULL);
	expect(c, overflow, "DECRBY", "n", "-1", NULL);
	expect(c, "$9223372036854775807", "GET", "n", NULL);
	expect(c, ":-9223372036854775808", "INCRBY", "m", "-9223372036854775808", NULL);
	expect(c, overflow, "DECR", "m", NULL);
	expect(c, "-ERR decrement would overflow", "DECRBY", "n", "-9223372036854775808", NULL);
	expect(c, not_integer, "INCRBY", "n", "9223372036854775808", NULL);
	expect(c, not_integer, "INCRBY", "n", "1.0", NULL);
	expect(c, not_integer, "DECRBY", "n", " 1", NULL);
}
END_TEST

START_TEST(counters_need_integers)
{
	struct client *c = client_fresh(_i);
	static const char *const no_integers[] = {"", "abc", " 1", "1 ", "01", "+1", "1.5", "9223372036854775808", "-"};

	for (size_t i = 0; i < sizeof(no_integers) / sizeof(no_integers[0]); i++) {
		expect(c, "+OK", "SET", "n", no_integers[i], NULL);
		expect(c, not_integer, "INCR", "n", NULL);
		expect(c, not_integer, "DECRBY", "n", "2", NULL);
	}
}
END_TEST

START_TEST(float_counters)
{
	struct client *c = client_fresh(_i);

	expect(c, "$10.5", "INCRBYFLOAT", "f", "10.5", NULL);
	expect(c, ":1", "EXPIRE", "f", "100", NULL);
	expect(c, "$10.6", "INCRBYFLOAT", "f", "0.1", NULL);
	expect(c, "$5.6", "INCRBYFLOAT", "f", "-5", NULL);
	expect(c, "$5.6", "GET", "f", NULL);
	expect_ttl(c, "f", 90000, 100000);
	expect(c, "+OK", "SET", "f", "5.0e3", NULL);
	expect(c, "$5200", "INCRBYFLOAT", "f", "2.0e2", NULL);
	expect(c, "$5201", "INCRBYFLOAT", "f", "1", NULL);
	expect(c, ":5202", "INCR", "f", NULL);
	expect(c, "+OK", "SET", "f", "3", NULL);
	expect(c, "$0", "INCRBYFLOAT", "f", "-3", NULL);
}
END_TEST

START_TEST(float_counters_need_numbers)
{
	struct client *c = client_fresh(_i);
	static const char no_float[] = "-ERR value is not a valid float";
	static const char not_finite[] = "-ERR increment would produce NaN or Infinity";

	expect(c, no_float, "INCRBYFLOAT", "f", "one", NULL);
	expect(c, no_float, "INCRBYFLOAT", "f", "", NULL);
	expect(c, no_float, "INCRBYFLOAT", "f", " 1", NULL);
	expect(c, no_float, "INCRBYFLOAT", "f", "1 ", NULL);
	expect(c, no_float, "INCRBYFLOAT", "f", "nan", NULL);
	expect(c, not_finite, "INCRBYFLOAT", "f", "inf", NULL);
	expect(c, not_finite, "INCRBYFLOAT", "f", "-inf", NULL);
	expect(c, ":0", "EXISTS", "f", NULL);
	expect(c, "+OK", "SET", "f", "abc", NULL);
	expect(c, no_float, "INCRBYFLOAT", "f", "1", NULL);
	expect(c, "+OK", "SET", "f", "1 ", NULL);
	expect(c, no_float, "INCRBYFLOAT", "f", "1", NULL);
	expect(c, "-ERR wrong number of arguments for 'incrbyfloat' command", "INCRBYFLOAT", "f", NULL);
}
END_TEST

/* ---- Large values ---- */

START_TEST(large_values)
{
	struct client *c = client_fresh(_i);
	char *one = letters(LARGE), *two = letters(LARGE + 1);
	char *one_reply = as_reply(one), *two_reply = as_reply(two);

	expect(c, "+OK", "SET", "key", one, NULL);
	expect(c, one_reply, "GET", "key", NULL);
	expect(c, ":200000", "STRLEN", "key", NULL);
	expect(c, "$bcd", "GETRANGE", "key", "1", "3", NULL);
	expect(c, one_reply, "SET", "key", two, "GET", "EX", "100", NULL);
	expect_ttl(c, "key", 90000, 100000);
	expect(c, two_reply, "GETSET", "key", one, NULL);
	expect(c, ":0", "SETNX", "key", two, NULL);
	expect(c, one_reply, "GETEX", "key", "EX", "100", NULL);
	expect(c, "+OK", "SETEX", "key", "100", two, NULL);
	expect(c, two_reply, "GET", "key", NULL);
	expect(c, "+OK", "PSETEX", "key", "100000", one, NULL);
	expect(c, one_reply, "GETDEL", "key", NULL);
	expect(c, ":1", "SETNX", "key", two, NULL);
	expect(c, two_reply, "GET", "key", NULL);
	expect(c, ":200001", "APPEND", "other", two, NULL);
	expect(c, two_reply, "GET", "other", NULL);
	expect(c, "+OK", "SET", "key", "small", NULL);
	expect(c, "$small", "GET", "key", NULL);
	free(one);
	free(two);
	free(one_reply);
	free(two_reply);
}
END_TEST

START_TEST(large_values_at_once)
{
	struct client *c = client_fresh(_i);
	char *one = letters(LARGE), *two = letters(LARGE + 1);
	char *one_reply = as_reply(one), *two_reply = as_reply(two);

	expect(c, "+OK", "MSET", "a", one, "b", "small", "c", two, "a", two, NULL);
	expect(c, two_reply, "GET", "a", NULL);
	expect(c, "$small", "GET", "b", NULL);
	expect(c, two_reply, "GET", "c", NULL);
	expect(c, ":1", "MSETNX", "d", one, "e", two, NULL);
	expect(c, one_reply, "GET", "d", NULL);
	expect(c, two_reply, "GET", "e", NULL);
	free(one);
	free(two);
	free(one_reply);
	free(two_reply);
}
END_TEST

/* What a reply still holds must not change under it: the commands run before the first reply is read. */
START_TEST(large_values_change_behind_their_reply)
{
	struct client *c = client_fresh(_i);
	char *one = letters(LARGE);
	char *one_reply = as_reply(one);

	expect(c, "+OK", "SET", "key", one, NULL);
	client_send(c, "GET key\r\nSETRANGE key 0 !!!\r\nAPPEND key ???\r\nDEL key\r\nGET key\r\n", SIZE_MAX);
	expect_reply(c, one_reply);
	expect_reply(c, ":200000");
	expect_reply(c, ":200003");
	expect_reply(c, ":1");
	expect_reply(c, "nil");
	free(one);
	free(one_reply);
}
END_TEST

/* ---- Limits of cubby's own ---- */

START_TEST(values_may_be_limited)
{
	struct server *server = server_start("--max-key-size", "4", "--max-value-size", "5", NULL);
	struct client *c = client_open(server, 2);
	static const char long_key[] = "-ERR key exceeds maximum allowed size (max-key-size)";
	static const char long_value[] = "-ERR value exceeds maximum allowed size (max-value-size)";

	expect(c, "+OK", "SET", "four", "fiver", NULL);
	expect(c, long_key, "SET", "five5", "v", NULL);
	expect(c, long_value, "SET", "four", "sixsix", NULL);
	expect(c, long_value, "SET", "four", "sixsix", "EX", "10", NULL);
	expect(c, long_key, "SETNX", "five5", "v", NULL);
	expect(c, long_value, "SETEX", "four", "10", "sixsix", NULL);
	expect(c, long_value, "GETSET", "four", "sixsix", NULL);
	expect(c, long_value, "MSET", "a", "1", "b", "sixsix", NULL);
	expect(c, long_key, "MSETNX", "a", "1", "five5", "1", NULL);
	expect(c, ":0", "EXISTS", "a", "b", NULL);
	expect(c, long_value, "APPEND", "four", "6", NULL);
	expect(c, long_value, "APPEND", "new", "sixsix", NULL);
	expect(c, long_value, "SETRANGE", "four", "5", "6", NULL);
	expect(c, long_key, "APPEND", "five5", "v", NULL);
	expect(c, long_key, "INCR", "five5", NULL);
	expect(c, long_value, "INCRBY", "n", "123456", NULL);
	expect(c, long_value, "INCRBYFLOAT", "n", "1234.5", NULL);
	expect(c, long_key, "RENAME", "four", "five5", NULL);
	expect(c, "$fiver", "GET", "four", NULL);
	expect(c, ":1", "DBSIZE", NULL);
	server_stop(server);
}
END_TEST

static void add_reading_tests(TCase *tests)
{
	tcase_add_loop_test(tests, getset_and_getdel, 2, 4);
	tcase_add_loop_test(tests, getex_changes_the_time_to_live, 2, 4);
	tcase_add_loop_test(tests, getex_refuses, 2, 4);
	tcase_add_loop_test(tests, parts_of_a_value, 2, 4);
	tcase_add_loop_test(tests, readers_count_hits_and_misses, 2, 4);
	tcase_add_loop_test(tests, several_keys_at_once, 2, 4);
	tcase_add_loop_test(tests, hundreds_of_keys_at_once, 2, 4);
}

static void add_set_tests(TCase *tests)
{
	tcase_add_loop_test(tests, set_and_get, 2, 4);
	tcase_add_loop_test(tests, set_is_binary_safe, 2, 4);
	tcase_add_loop_test(tests, set_under_conditions, 2, 4);
	tcase_add_loop_test(tests, set_gives_the_old_value, 2, 4);
	tcase_add_loop_test(tests, set_if_equal, 2, 4);
	tcase_add_loop_test(tests, delete_if_equal, 2, 4);
	tcase_add_loop_test(tests, set_with_a_time_to_live, 2, 4);
	tcase_add_loop_test(tests, set_keys_die, 2, 4);
	tcase_add_loop_test(tests, set_refuses_what_contradicts, 2, 4);
	tcase_add_loop_test(tests, set_refuses_impossible_times, 2, 4);
	tcase_add_loop_test(tests, set_with_bare_seconds, 2, 4);
	tcase_add_loop_test(tests, setnx_setex_psetex, 2, 4);
}

static void add_changing_tests(TCase *tests)
{
	tcase_add_loop_test(tests, append_and_strlen, 2, 4);
	tcase_add_loop_test(tests, append_grows_far, 2, 4);
	tcase_add_loop_test(tests, setrange_overwrites, 2, 4);
	tcase_add_loop_test(tests, strings_have_a_greatest_length, 2, 4);
	tcase_add_loop_test(tests, counters, 2, 4);
	tcase_add_loop_test(tests, counters_have_ends, 2, 4);
	tcase_add_loop_test(tests, counters_need_integers, 2, 4);
	tcase_add_loop_test(tests, float_counters, 2, 4);
	tcase_add_loop_test(tests, float_counters_need_numbers, 2, 4);
	tcase_add_loop_test(tests, large_values, 2, 4);
	tcase_add_loop_test(tests, large_values_at_once, 2, 4);
	tcase_add_loop_test(tests, large_values_change_behind_their_reply, 2, 4);
}

Suite *strings_suite(void)
{
	Suite *suite = suite_create("strings");
	TCase *tests = shared_case(suite, "string commands");
	TCase *alone = alone_case(suite, "limits");

	add_set_tests(tests);
	add_reading_tests(tests);
	add_changing_tests(tests);
	if (!against_redis())
		tcase_add_test(alone, values_may_be_limited);
	return suite;
}
