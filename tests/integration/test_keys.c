/* Keys that are copied, moved, swapped, dumped and restored, and what OBJECT tells of them. */
#include <hiredis/hiredis.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "harness.h"
#include "suites.h"

static const char not_integer[] = "-ERR value is not an integer or out of range";
static const char not_int32[] = "-ERR value is out of range, value must between -2147483648 and 2147483647";
static const char no_database[] = "-ERR DB index is out of range";
static const char same_objects[] = "-ERR source and destination objects are the same";
static const char syntax_error[] = "-ERR syntax error";
static const char wrong_payload[] = "-ERR DUMP payload version or checksum are wrong";
static const char bad_format[] = "-ERR Bad data format";

/* ---- COPY ---- */

START_TEST(copy_takes_value_and_time)
{
	struct client *c = client_fresh(_i);

	expect(c, ":0", "COPY", "a", "b", NULL);
	expect(c, "+OK", "SET", "a", "1", "PXAT", "33000000000123", NULL);
	expect(c, ":1", "COPY", "a", "b", NULL);
	expect(c, "[ $1 $1 ]", "MGET", "a", "b", NULL);
	expect(c, ":33000000000123", "PEXPIRETIME", "b", NULL);
	expect(c, "+OK", "SET", "c", "3", NULL);
	expect(c, ":0", "COPY", "c", "b", NULL);
	expect(c, ":1", "COPY", "c", "b", "replace", NULL);
	expect(c, "$3", "GET", "b", NULL);
	expect(c, ":-1", "TTL", "b", NULL);
	expect(c, ":1", "COPY", "c", "b", "DB", "9", NULL);
	expect(c, ":0", "COPY", "c", "b", "DB", "9", NULL);
	expect(c, ":1", "COPY", "a", "b", "DB", "8", "DB", "9", "REPLACE", NULL);
	expect(c, ":1", "COPY", "a", "a", "DB", "9", NULL);
	expect(c, "+OK", "SELECT", "9", NULL);
	expect(c, "[ $1 $1 nil ]", "MGET", "a", "b", "c", NULL);
	expect(c, ":2", "DBSIZE", NULL);
}
END_TEST

START_TEST(copy_checks_its_words)
{
	struct client *c = client_fresh(_i);

	expect(c, "+OK", "SET", "a", "1", NULL);
	expect(c, same_objects, "COPY", "a", "a", NULL);
	expect(c, same_objects, "COPY", "none", "none", "DB", "0", NULL);
	expect(c, syntax_error, "COPY", "a", "b", "DB", NULL);
	expect(c, syntax_error, "COPY", "a", "b", "FOO", NULL);
	expect(c, not_integer, "COPY", "a", "b", "DB", "x", "FOO", NULL);
	expect(c, not_int32, "COPY", "a", "b", "DB", "99999999999", NULL);
	expect(c, no_database, "COPY", "a", "b", "DB", "16", NULL);
	expect(c, no_database, "COPY", "a", "b", "DB", "-1", NULL);
	expect(c, "-ERR wrong number of arguments for 'copy' command", "COPY", "a", NULL);
}
END_TEST

START_TEST(a_copy_of_a_large_value_is_its_own)
{
	enum { LARGE = 100 * 1000 };
	static char value[LARGE + 1];
	struct client *c = client_fresh(_i);

	memset(value, 'v', LARGE);
	expect(c, "+OK", "SET", "a", value, NULL);
	expect(c, ":1", "COPY", "a", "b", NULL);
	expect(c, ":100001", "APPEND", "a", "!", NULL);
	expect(c, ":100000", "SETRANGE", "b", "0", "w", NULL);
	expect(c, "$v", "GETRANGE", "a", "0", "0", NULL);
	expect(c, "$w", "GETRANGE", "b", "0", "0", NULL);
	expect(c, ":1", "DEL", "a", NULL);
	expect(c, "$wv", "GETRANGE", "b", "0", "1", NULL);
}
END_TEST

/* ---- MOVE and SWAPDB ---- */

START_TEST(move_takes_value_and_time)
{
	struct client *c = client_fresh(_i);

	expect(c, ":0", "MOVE", "a", "9", NULL);
	expect(c, "+OK", "SET", "a", "1", "PXAT", "33000000000123", NULL);
	expect(c, ":1", "MOVE", "a", "9", NULL);
	expect(c, "nil", "GET", "a", NULL);
	expect(c, "+OK", "SET", "a", "2", NULL);
	expect(c, ":0", "MOVE", "a", "9", NULL);
	expect(c, "$2", "GET", "a", NULL);
	expect(c, "+OK", "SELECT", "9", NULL);
	expect(c, "$1", "GET", "a", NULL);
	expect(c, ":33000000000123", "PEXPIRETIME", "a", NULL);
	expect(c, same_objects, "MOVE", "none", "9", NULL);
	expect(c, not_integer, "MOVE", "a", "x", NULL);
	expect(c, not_int32, "MOVE", "a", "-99999999999", NULL);
	expect(c, no_database, "MOVE", "a", "16", NULL);
	expect(c, "-ERR wrong number of arguments for 'move' command", "MOVE", "a", NULL);
}
END_TEST

START_TEST(swapdb_exchanges_databases)
{
	struct client *c = client_fresh(_i);
	struct client *other = client_open(shared, _i);

	expect(c, "+OK", "MSET", "a", "0", "b", "0", NULL);
	expect(other, "+OK", "SELECT", "1", NULL);
	expect(other, "+OK", "SET", "a", "1", "PX", "100", NULL);
	expect(c, "+OK", "SWAPDB", "0", "1", NULL);
	expect(other, "[ $0 $0 ]", "MGET", "a", "b", NULL);
	expect_eventually(c, "[ nil nil ]", "MGET", "a", "b", NULL);
	expect(c, ":0", "DBSIZE", NULL);
	expect(c, "+OK", "SWAPDB", "1", "1", NULL);
	expect(other, ":2", "DBSIZE", NULL);
	expect(c, "-ERR invalid first DB index", "SWAPDB", "x", "x", NULL);
	expect(c, "-ERR invalid second DB index", "SWAPDB", "99", "x", NULL);
	expect(c, "-ERR invalid first DB index", "SWAPDB", "99999999999", "1", NULL);
	expect(c, no_database, "SWAPDB", "0", "16", NULL);
	expect(c, no_database, "SWAPDB", "-1", "0", NULL);
	expect(c, "-ERR wrong number of arguments for 'swapdb' command", "SWAPDB", "0", NULL);
}
END_TEST

/* ---- OBJECT ---- */

START_TEST(encodings)
{
	struct client *c = client_fresh(_i);
	char text[46] = "";

	expect(c, "nil", "OBJECT", "ENCODING", "none", NULL);
	expect(c, "+OK", "MSET", "int", "-9223372036854775808", "zero", "007", "big", "9223372036854775808", NULL);
	expect(c, "$int", "OBJECT", "ENCODING", "int", NULL);
	expect(c, "$embstr", "OBJECT", "ENCODING", "zero", NULL);
	expect(c, "$embstr", "OBJECT", "ENCODING", "big", NULL);
	memset(text, 'x', 44);
	expect(c, "+OK", "SET", "a", text, NULL);
	expect(c, "$embstr", "OBJECT", "ENCODING", "a", NULL);
	text[44] = 'x';
	expect(c, "+OK", "SET", "a", text, NULL);
	expect(c, "$raw", "OBJECT", "ENCODING", "a", NULL);
	expect(c, "+OK", "SET", "a", "1", NULL);
	expect(c, ":2", "APPEND", "a", "2", NULL);
	expect(c, "$raw", "OBJECT", "ENCODING", "a", NULL);
	expect(c, ":1", "COPY", "a", "b", NULL);
	expect(c, "+OK", "RENAME", "a", "c", NULL);
	expect(c, "$raw", "OBJECT", "ENCODING", "b", NULL);
	expect(c, "$raw", "OBJECT", "ENCODING", "c", NULL);
	expect(c, ":13", "INCR", "c", NULL);
	expect(c, "$int", "OBJECT", "ENCODING", "c", NULL);
	/* Writing bits makes it raw, though they be what they were. */
	expect(c, "+OK", "MSET", "d", "12", "e", "12", "f", "12", NULL);
	expect(c, ":0", "SETBIT", "d", "0", "0", NULL);
	expect(c, "$raw", "OBJECT", "ENCODING", "d", NULL);
	expect(c, "[ :49 ]", "BITFIELD", "e", "SET", "u8", "0", "49", NULL);
	expect(c, "$raw", "OBJECT", "ENCODING", "e", NULL);
	expect(c, "[ :49 ]", "BITFIELD", "f", "GET", "u8", "0", NULL);
	expect(c, "$int", "OBJECT", "ENCODING", "f", NULL);
	expect(c, "-ERR wrong number of arguments for 'object|encoding' command", "OBJECT", "ENCODING", NULL);
}
END_TEST

/* What these have made is no integer to Redis, whatever it looks like. */
START_TEST(encodings_of_results)
{
	struct client *c = client_fresh(_i);

	expect(c, "+OK", "SET", "a", "1", NULL);
	expect(c, "$3", "INCRBYFLOAT", "a", "2", NULL);
	expect(c, "$embstr", "OBJECT", "ENCODING", "a", NULL);
	expect(c, ":1", "OBJECT", "REFCOUNT", "a", NULL);
	expect(c, ":1", "COPY", "a", "b", NULL);
	expect(c, ":1", "EXPIRE", "b", "1000", NULL);
	expect(c, "$embstr", "OBJECT", "ENCODING", "b", NULL);
	expect(c, ":1", "BITOP", "OR", "c", "a", NULL);
	expect(c, "$raw", "OBJECT", "ENCODING", "c", NULL);
	expect(c, ":4", "INCR", "a", NULL);
	expect(c, "$int", "OBJECT", "ENCODING", "a", NULL);
	expect(c, "+OK", "SET", "c", "3", NULL);
	expect(c, "$int", "OBJECT", "ENCODING", "c", NULL);
}
END_TEST

START_TEST(reference_counts)
{
	struct client *c = client_fresh(_i);

	expect(c, "nil", "OBJECT", "REFCOUNT", "none", NULL);
	expect(c, "+OK", "MSET", "a", "0", "b", "9999", "c", "10000", "d", "-1", "e", "text", NULL);
	expect(c, ":2147483647", "OBJECT", "REFCOUNT", "a", NULL);
	expect(c, ":2147483647", "OBJECT", "REFCOUNT", "b", NULL);
	expect(c, ":1", "OBJECT", "REFCOUNT", "c", NULL);
	expect(c, ":1", "OBJECT", "REFCOUNT", "d", NULL);
	expect(c, ":1", "OBJECT", "REFCOUNT", "e", NULL);
	expect(c, "-ERR wrong number of arguments for 'object|refcount' command", "OBJECT", "REFCOUNT", "a", "b", NULL);
}
END_TEST

START_TEST(object_helps)
{
	struct client *c = client_fresh(_i);

	expect_like(c, "[ +OBJECT <subcommand> *+ENCODING <key>*+HELP*", "OBJECT", "HELP", NULL);
	expect(c, "-ERR unknown subcommand 'FOO'. Try OBJECT HELP.", "OBJECT", "FOO", "a", NULL);
	expect(c, "-ERR wrong number of arguments for 'object' command", "OBJECT", NULL);
}
END_TEST

/* ---- DUMP and RESTORE ---- */

/* RESTORE key ttl payload and up to three words more; gives the reply. */
static const char *restore(struct client *c, const char *key, const char *ttl, const char *payload, size_t len,
			   const char *first, const char *second, const char *third)
{
	const char *words[] = {"RESTORE", key, ttl, payload, first, second, third};
	size_t lens[7];
	int count = 0;

	for (; count < 7 && words[count] != NULL; count++)
		lens[count] = words[count] == payload ? len : strlen(words[count]);
	client_send_arguments(c, count, words, lens);
	return client_reply(c);
}

/* What redis-server 7.0 makes of a text, an integer, a text that can be compressed, and a list. */
static const char made_text[] = "\x00\x03\x30\x30\x37\x0a\x00\x72\x58\xe2\x7b\x4c\x69\xba\xd9";
static const char made_number[] = "\x00\xc2\x00\x80\x00\x00\x0a\x00\x45\xd8\x2e\xed\xd5\xbd\xa9\x10";
static const char made_packed[] = "\x00\xc3\x06\x15\x01\x78\x78\xe0\x0a\x00\x0a\x00\x94\x1a\x83\x67\x60\x17\x19\x2f";
static const char made_list[] =
	"\x12\x01\x02\x0a\x0a\x00\x00\x00\x01\x00\x81\x61\x02\xff\x0a\x00\x09\xb9\xed\xf5\x94\xde\xd9\x95";

#define MADE(name) made_##name, sizeof(made_##name) - 1

START_TEST(dump_is_redis_payload)
{
	struct client *c = client_fresh(_i);

	expect(c, "nil", "DUMP", "none", NULL);
	expect(c, "+OK", "SET", "a", "007", NULL);
	client_send_command(c, "DUMP", "a", NULL);
	expect_bytes(c, "$15\r\n", SIZE_MAX);
	expect_bytes(c, made_text, sizeof(made_text) - 1);
	expect_bytes(c, "\r\n", SIZE_MAX);
	expect(c, "-ERR wrong number of arguments for 'dump' command", "DUMP", NULL);
}
END_TEST

START_TEST(restore_reads_redis_payloads)
{
	struct client *c = client_fresh(_i);

	ck_assert_str_eq(restore(c, "a", "0", MADE(text), NULL, NULL, NULL), "+OK");
	ck_assert_str_eq(restore(c, "b", "0", MADE(number), NULL, NULL, NULL), "+OK");
	ck_assert_str_eq(restore(c, "c", "0", MADE(packed), NULL, NULL, NULL), "+OK");
	expect(c, "[ $007 $32768 $xxxxxxxxxxxxxxxxxxxxx ]", "MGET", "a", "b", "c", NULL);
	expect(c, ":-1", "TTL", "a", NULL);
	expect(c, "$embstr", "OBJECT", "ENCODING", "a", NULL);
	expect(c, "$int", "OBJECT", "ENCODING", "b", NULL);
}
END_TEST

/* Of Redis 7.2 and 7.4; what comes after those is not known. */
START_TEST(restore_reads_later_versions)
{
	static const char made_72[] = "\x00\x03\x30\x30\x37\x0b\x00\x1b\x87\x5f\x08\xb1\xf6\x53\x50";
	static const char made_74[] = "\x00\x03\x30\x30\x37\x0c\x00\xb9\x2e\xd6\xbb\xb6\x43\x24\x90";
	static const char made_80[] = "\x00\x03\x30\x30\x37\x0d\x00\xd0\xf1\x6b\xc8\x4b\xdc\xcd\x19";
	struct client *c = client_fresh(_i);

	if (against_redis())
		return; /* it may be older */
	ck_assert_str_eq(restore(c, "a", "0", MADE(72), NULL, NULL, NULL), "+OK");
	ck_assert_str_eq(restore(c, "b", "0", MADE(74), NULL, NULL, NULL), "+OK");
	expect(c, "[ $007 $007 ]", "MGET", "a", "b", NULL);
	ck_assert_str_eq(restore(c, "c", "0", MADE(80), NULL, NULL, NULL), wrong_payload);
}
END_TEST

START_TEST(restore_options)
{
	struct client *c = client_fresh(_i);

	ck_assert_str_eq(restore(c, "a", "100000", MADE(text), NULL, NULL, NULL), "+OK");
	ck_assert_int_gt(client_integer(c, "PTTL", "a", NULL), 50000);
	ck_assert_str_eq(restore(c, "a", "0", MADE(number), NULL, NULL, NULL),
			 "-BUSYKEY Target key name already exists.");
	ck_assert_str_eq(restore(c, "a", "33000000000123", MADE(number), "replace", "ABSTTL", NULL), "+OK");
	expect(c, "$32768", "GET", "a", NULL);
	expect(c, ":33000000000123", "PEXPIRETIME", "a", NULL);
	ck_assert_str_eq(restore(c, "a", "0", MADE(packed), "REPLACE", "IDLETIME", "100"), "+OK");
	expect(c, ":-1", "TTL", "a", NULL);
	ck_assert_str_eq(restore(c, "a", "0", MADE(packed), "REPLACE", "FREQ", "255"), "+OK");

	/* dead before it is there */
	ck_assert_str_eq(restore(c, "a", "1", MADE(text), "REPLACE", "ABSTTL", NULL), "+OK");
	ck_assert_str_eq(restore(c, "b", "1", MADE(text), "ABSTTL", NULL, NULL), "+OK");
	expect(c, ":0", "DBSIZE", NULL);
}
END_TEST

START_TEST(restore_checks_its_words)
{
	struct client *c = client_fresh(_i);

	expect(c, "+OK", "SET", "a", "1", NULL);
	ck_assert_str_eq(restore(c, "a", "x", "bad", 3, "FOO", NULL, NULL), syntax_error);
	ck_assert_str_eq(restore(c, "a", "x", "bad", 3, "IDLETIME", NULL, NULL), syntax_error);
	ck_assert_str_eq(restore(c, "a", "x", "bad", 3, "IDLETIME", "x", NULL), not_integer);
	ck_assert_str_eq(restore(c, "a", "x", "bad", 3, "IDLETIME", "-1", NULL),
			 "-ERR Invalid IDLETIME value, must be >= 0");
	ck_assert_str_eq(restore(c, "a", "x", "bad", 3, "FREQ", "256", NULL),
			 "-ERR Invalid FREQ value, must be >= 0 and <= 255");
	ck_assert_str_eq(restore(c, "a", "x", "bad", 3, "FREQ", "1", "IDLETIME"), syntax_error);
	ck_assert_str_eq(restore(c, "a", "x", "bad", 3, NULL, NULL, NULL), "-BUSYKEY Target key name already exists.");
	ck_assert_str_eq(restore(c, "b", "x", "bad", 3, NULL, NULL, NULL), not_integer);
	ck_assert_str_eq(restore(c, "b", "-1", "bad", 3, NULL, NULL, NULL), "-ERR Invalid TTL value, must be >= 0");
	ck_assert_str_eq(restore(c, "b", "0", "bad", 3, NULL, NULL, NULL), wrong_payload);
	expect(c, "-ERR wrong number of arguments for 'restore' command", "RESTORE", "b", "0", NULL);
	expect(c, ":1", "DBSIZE", NULL);
}
END_TEST

START_TEST(bad_payloads_are_refused)
{
	struct client *c = client_fresh(_i);
	char bytes[sizeof(made_packed)];

	expect(c, "+OK", "SET", "kept", "1", NULL);
	for (size_t len = 0; len < sizeof(made_packed) - 1; len++)
		ck_assert_str_eq(restore(c, "kept", "0", made_packed, len, "REPLACE", NULL, NULL), wrong_payload);
	for (size_t i = 0; i < sizeof(made_packed) - 1; i++) {
		memcpy(bytes, made_packed, sizeof(bytes));
		bytes[i] ^= 0x10;
		ck_assert_str_eq(restore(c, "kept", "0", bytes, sizeof(bytes) - 1, "REPLACE", NULL, NULL),
				 wrong_payload);
	}
	if (!against_redis())
		ck_assert_str_eq(restore(c, "kept", "0", MADE(list), "REPLACE", NULL, NULL), bad_format);
	else
		ck_assert_str_eq(restore(c, "list", "0", MADE(list), NULL, NULL, NULL), "+OK");
	expect(c, "$1", "GET", "kept", NULL);
}
END_TEST

START_TEST(restored_values_obey_the_limits)
{
	struct server *server;
	struct client *c;

	if (against_redis())
		return;
	server = server_start("--max-value-size", "20", "--max-key-size", "10", NULL);
	c = client_open(server, 2);
	ck_assert_str_eq(restore(c, "a", "0", MADE(packed), NULL, NULL, NULL),
			 "-ERR value exceeds maximum allowed size (max-value-size)");
	ck_assert_str_eq(restore(c, "a key that is long", "0", MADE(text), NULL, NULL, NULL),
			 "-ERR key exceeds maximum allowed size (max-key-size)");
	expect(c, "+OK", "SET", "a", "1", NULL);
	expect(c, "-ERR key exceeds maximum allowed size (max-key-size)", "COPY", "a", "a key that is long", NULL);
	server_stop(server);
}
END_TEST

/* Dumps `from` in one server and restores it as "copy" in another. */
static void carry(redisContext *source, redisContext *target, const char *from)
{
	redisReply *dumped = redisCommand(source, "DUMP %s", from);
	redisReply *reply;

	ck_assert_ptr_nonnull(dumped);
	ck_assert_int_eq(dumped->type, REDIS_REPLY_STRING);
	reply = redisCommand(target, "RESTORE copy 0 %b REPLACE", dumped->str, dumped->len);
	ck_assert_ptr_nonnull(reply);
	ck_assert_str_eq(reply->str, "OK");
	freeReplyObject(reply);
	freeReplyObject(dumped);
}

static void expect_value(redisContext *server, const char *key, const char *value, size_t len)
{
	redisReply *reply = redisCommand(server, "GET %s", key);

	ck_assert_ptr_nonnull(reply);
	ck_assert_uint_eq(reply->len, len);
	ck_assert_mem_eq(reply->str, value, len);
	freeReplyObject(reply);
}

/* Sets the value in one server, carries it to the other and back. */
static void carry_there_and_back(redisContext *one, redisContext *other, const char *value, size_t len)
{
	freeReplyObject(redisCommand(one, "SET value %b", value, len));
	carry(one, other, "value");
	expect_value(other, "copy", value, len);
	carry(other, one, "copy");
	expect_value(one, "copy", value, len);
}

/* A redis-server, if there is one on this machine: carries values of many shapes to and fro. */
START_TEST(values_go_to_redis_and_back)
{
	enum { LARGE = 200 * 1000 };
	static const char *const texts[] = {"", "0", "-1", "127", "-129", "70000", "-2147483649", "007", "text"};
	static char bytes[LARGE];
	redisContext *cubby, *redis;
	struct server *server;

	if (against_redis() || system("command -v redis-server >/dev/null 2>&1") != 0)
		return;
	setenv("CUBBY_TEST_REDIS", "1", 1); /* for this test's own process */
	server = server_start(NULL);
	cubby = redisConnect("127.0.0.1", shared->port);
	redis = redisConnect("127.0.0.1", server->port);
	ck_assert(cubby != NULL && cubby->err == 0 && redis != NULL && redis->err == 0);
	for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++) {
		carry_there_and_back(cubby, redis, texts[i], strlen(texts[i]));
		carry_there_and_back(redis, cubby, texts[i], strlen(texts[i]));
	}
	for (size_t len = 10; len < LARGE; len *= 3) {
		for (size_t i = 0; i < len; i++)
			bytes[i] = (char)(len % 2 == 0 ? i * i * 31 : i % 7 * (i / 1000));
		carry_there_and_back(cubby, redis, bytes, len);
		carry_there_and_back(redis, cubby, bytes, len);
	}
	redisFree(cubby);
	redisFree(redis);
	server_stop(server);
}
END_TEST

Suite *keys_suite(void)
{
	Suite *suite = suite_create("keys");
	TCase *tcase = shared_case(suite, "keys");
	TCase *alone = alone_case(suite, "limits");

	tcase_add_loop_test(tcase, copy_takes_value_and_time, 2, 4);
	tcase_add_loop_test(tcase, copy_checks_its_words, 2, 4);
	tcase_add_loop_test(tcase, a_copy_of_a_large_value_is_its_own, 2, 4);
	tcase_add_loop_test(tcase, move_takes_value_and_time, 2, 4);
	tcase_add_loop_test(tcase, swapdb_exchanges_databases, 2, 4);
	tcase_add_loop_test(tcase, encodings, 2, 4);
	tcase_add_loop_test(tcase, encodings_of_results, 2, 4);
	tcase_add_loop_test(tcase, reference_counts, 2, 4);
	tcase_add_loop_test(tcase, object_helps, 2, 4);
	tcase_add_loop_test(tcase, dump_is_redis_payload, 2, 4);
	tcase_add_loop_test(tcase, restore_reads_redis_payloads, 2, 4);
	tcase_add_loop_test(tcase, restore_reads_later_versions, 2, 4);
	tcase_add_loop_test(tcase, restore_options, 2, 4);
	tcase_add_loop_test(tcase, restore_checks_its_words, 2, 4);
	tcase_add_loop_test(tcase, bad_payloads_are_refused, 2, 4);
	tcase_add_test(tcase, values_go_to_redis_and_back);
	tcase_add_test(alone, restored_values_obey_the_limits);
	return suite;
}
