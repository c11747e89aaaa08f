/* Times to live: how they are given, asked for and taken away, and that keys die of them. */
#include <stdio.h>

#include "harness.h"
#include "suites.h"

static const char not_integer[] = "-ERR value is not an integer or out of range";

static void expect_ttl(struct client *c, const char *key, long long low, long long high)
{
	long long ttl = client_integer(c, "PTTL", key, NULL);

	ck_assert_msg(ttl >= low && ttl <= high, "PTTL %s is %lld", key, ttl);
}

START_TEST(expire_gives_a_time_to_live)
{
	struct client *c = client_fresh(_i);

	expect(c, ":0", "EXPIRE", "key", "100", NULL);
	expect(c, "+OK", "SET", "key", "v", NULL);
	expect(c, ":1", "EXPIRE", "key", "100", NULL);
	expect_ttl(c, "key", 90000, 100000);
	expect(c, ":1", "PEXPIRE", "key", "200000", NULL);
	expect_ttl(c, "key", 190000, 200000);
	expect(c, ":1", "EXPIREAT", "key", "33000000000", NULL);
	expect(c, ":33000000000", "EXPIRETIME", "key", NULL);
	expect(c, ":1", "PEXPIREAT", "key", "33000000000123", NULL);
	expect(c, ":33000000000123", "PEXPIRETIME", "key", NULL);
	expect(c, "$v", "GET", "key", NULL);
	expect(c, ":0", "PEXPIREAT", "nothing", "33000000000123", NULL);
}
END_TEST

START_TEST(times_are_asked_for)
{
	struct client *c = client_fresh(_i);
	static const char *const commands[] = {"TTL", "PTTL", "EXPIRETIME", "PEXPIRETIME"};

	expect(c, "+OK", "SET", "key", "v", NULL);
	for (int i = 0; i < 4; i++) {
		expect(c, ":-2", commands[i], "nothing", NULL);
		expect(c, ":-1", commands[i], "key", NULL);
	}
	expect(c, ":1", "PEXPIREAT", "key", "33000000000499", NULL);
	expect(c, ":33000000000", "EXPIRETIME", "key", NULL);
	expect(c, ":1", "PEXPIREAT", "key", "33000000000500", NULL);
	expect(c, ":33000000001", "EXPIRETIME", "key", NULL);
	expect(c, ":1", "PEXPIRE", "key", "10000900", NULL);
	expect(c, ":10001", "TTL", "key", NULL);
	expect(c, "-ERR wrong number of arguments for 'ttl' command", "TTL", NULL);
	expect(c, "-ERR wrong number of arguments for 'pttl' command", "PTTL", "key", "key", NULL);
	expect(c, "-ERR wrong number of arguments for 'expiretime' command", "EXPIRETIME", NULL);
	expect(c, "-ERR wrong number of arguments for 'pexpiretime' command", "PEXPIRETIME", NULL);
}
END_TEST

START_TEST(expire_under_conditions)
{
	struct client *c = client_fresh(_i);

	expect(c, "+OK", "SET", "key", "v", NULL);
	expect(c, ":0", "EXPIREAT", "key", "33000000000", "XX", NULL);
	expect(c, ":0", "EXPIREAT", "key", "33000000000", "GT", NULL);
	expect(c, ":-1", "TTL", "key", NULL);
	expect(c, ":1", "EXPIREAT", "key", "33000000000", "nx", NULL);
	expect(c, ":0", "EXPIREAT", "key", "34000000000", "NX", NULL);
	expect(c, ":0", "EXPIREAT", "key", "33000000000", "GT", NULL);
	expect(c, ":0", "EXPIREAT", "key", "33000000000", "LT", NULL);
	expect(c, ":0", "EXPIREAT", "key", "34000000000", "LT", NULL);
	expect(c, ":33000000000", "EXPIRETIME", "key", NULL);
	expect(c, ":1", "EXPIREAT", "key", "34000000000", "GT", NULL);
	expect(c, ":1", "EXPIREAT", "key", "33000000000", "XX", "LT", NULL);
	expect(c, ":1", "EXPIREAT", "key", "35000000000", "GT", "XX", NULL);
	expect(c, ":35000000000", "EXPIRETIME", "key", NULL);
	expect(c, ":1", "PERSIST", "key", NULL);
	expect(c, ":0", "EXPIREAT", "key", "33000000000", "XX", "LT", NULL);
	expect(c, ":1", "EXPIREAT", "key", "33000000000", "LT", NULL);
	expect(c, ":0", "EXPIRE", "key", "-1", "GT", NULL);
	expect(c, ":0", "EXPIRE", "key", "-1", "NX", NULL);
	expect(c, ":1", "EXISTS", "key", NULL);
	expect(c, ":1", "EXPIRE", "key", "-1", "LT", NULL);
	expect(c, ":0", "EXISTS", "key", NULL);
}
END_TEST

START_TEST(expire_refuses)
{
	struct client *c = client_fresh(_i);
	static const char nx_clash[] = "-ERR NX and XX, GT or LT options at the same time are not compatible";

	expect(c, "+OK", "SET", "key", "v", NULL);
	expect(c, not_integer, "EXPIRE", "key", "soon", NULL);
	expect(c, not_integer, "PEXPIREAT", "nothing", "1.5", NULL);
	expect(c, nx_clash, "EXPIRE", "key", "1", "NX", "XX", NULL);
	expect(c, nx_clash, "EXPIRE", "key", "1", "GT", "NX", NULL);
	expect(c, nx_clash, "PEXPIRE", "key", "1", "NX", "LT", NULL);
	expect(c, "-ERR GT and LT options at the same time are not compatible", "EXPIRE", "key", "1", "GT", "LT", NULL);
	expect(c, "-ERR Unsupported option AB", "EXPIRE", "key", "1", "AB", NULL);
	expect(c, "-ERR Unsupported option AB", "EXPIRE", "key", "soon", "NX", "XX", "AB", NULL);
	expect(c, nx_clash, "EXPIREAT", "key", "soon", "NX", "XX", NULL);
	expect(c, ":1", "EXPIRE", "key", "100", "NX", "NX", NULL);
	expect(c, "-ERR wrong number of arguments for 'expire' command", "EXPIRE", "key", NULL);
	expect(c, "-ERR wrong number of arguments for 'pexpire' command", "PEXPIRE", "key", NULL);
	expect(c, "-ERR wrong number of arguments for 'expireat' command", "EXPIREAT", "key", NULL);
	expect(c, "-ERR wrong number of arguments for 'pexpireat' command", "PEXPIREAT", "key", NULL);
}
END_TEST

START_TEST(expire_has_ends)
{
	struct client *c = client_fresh(_i);

	expect(c, "+OK", "SET", "key", "v", NULL);
	expect(c, "-ERR invalid expire time in 'expire' command", "EXPIRE", "key", "9223372036854775807", NULL);
	expect(c, "-ERR invalid expire time in 'expire' command", "EXPIRE", "key", "9223372036854775", NULL);
	expect(c, "-ERR invalid expire time in 'expire' command", "EXPIRE", "key", "-9223372036854775808", NULL);
	expect(c, "-ERR invalid expire time in 'pexpire' command", "PEXPIRE", "key", "9223372036854775807", NULL);
	expect(c, "-ERR invalid expire time in 'expireat' command", "EXPIREAT", "key", "9223372036854776", NULL);
	expect(c, not_integer, "PEXPIREAT", "key", "9223372036854775808", NULL);
	expect(c, ":-1", "TTL", "key", NULL);
	expect(c, ":1", "PEXPIREAT", "key", "9223372036854775807", NULL);
	expect(c, ":9223372036854775807", "PEXPIRETIME", "key", NULL);
	expect(c, "$v", "GET", "key", NULL);
	expect(c, ":1", "PEXPIRE", "key", "-9223372036854775808", NULL);
	expect(c, ":0", "EXISTS", "key", NULL);
}
END_TEST

START_TEST(times_gone_by_delete)
{
	struct client *c = client_fresh(_i);
	static const char *const past[][2] = {
		{"EXPIRE", "0"}, {"EXPIRE", "-1"}, {"PEXPIRE", "-1000"}, {"EXPIREAT", "1"}, {"PEXPIREAT", "0"},
	};

	for (size_t i = 0; i < sizeof(past) / sizeof(past[0]); i++) {
		expect(c, "+OK", "SET", "key", "v", NULL);
		expect(c, ":1", past[i][0], "key", past[i][1], NULL);
		expect(c, "nil", "GET", "key", NULL);
		expect(c, ":0", "DBSIZE", NULL);
	}
}
END_TEST

START_TEST(persist_takes_the_time_away)
{
	struct client *c = client_fresh(_i);

	expect(c, ":0", "PERSIST", "key", NULL);
	expect(c, "+OK", "SET", "key", "v", NULL);
	expect(c, ":0", "PERSIST", "key", NULL);
	expect(c, ":1", "EXPIRE", "key", "100", NULL);
	expect(c, ":1", "PERSIST", "key", NULL);
	expect(c, ":-1", "TTL", "key", NULL);
	expect(c, "$v", "GET", "key", NULL);
	expect(c, ":0", "PERSIST", "key", NULL);
	expect(c, "-ERR wrong number of arguments for 'persist' command", "PERSIST", NULL);
}
END_TEST

START_TEST(keys_die)
{
	struct client *c = client_fresh(_i);
	char name[16];

	for (int i = 0; i < 200; i++) {
		snprintf(name, sizeof(name), "key:%d", i);
		expect(c, "+OK", "SET", name, "v", NULL);
		expect(c, ":1", "PEXPIRE", name, "20", NULL);
	}
	expect(c, "+OK", "SET", "stays", "v", NULL);
	expect_eventually(c, "nil", "GET", "key:0", NULL);
	expect_eventually(c, ":1", "DBSIZE", NULL); /* though nobody asks for the others */
	expect(c, "$v", "GET", "stays", NULL);
}
END_TEST

/* Nothing removes the dead key but the commands that come upon it. */
START_TEST(the_dead_are_not_seen)
{
	struct client *c = client_fresh(_i);
	static const char *const commands[][2] = {{"TTL", ":-2"},    {"PTTL", ":-2"}, {"EXISTS", ":0"},
						  {"TYPE", "+none"}, {"DEL", ":0"},   {"STRLEN", ":0"},
						  {"PERSIST", ":0"}, {"INCR", ":1"}};

	expect(c, "+OK", "DEBUG", "SET-ACTIVE-EXPIRE", "0", NULL);
	for (size_t i = 0; i < sizeof(commands) / sizeof(commands[0]); i++) {
		expect(c, "+OK", "SET", "dead", "7", "PXAT", "1", NULL);
		expect(c, commands[i][1], commands[i][0], "dead", NULL);
	}
	expect(c, ":-1", "TTL", "dead", NULL); /* INCR made a new one */
	expect(c, "+OK", "DEBUG", "SET-ACTIVE-EXPIRE", "1", NULL);
}
END_TEST

START_TEST(asking_counts_hits_and_misses)
{
	struct client *c = client_fresh(_i);

	expect(c, "+OK", "SET", "key", "v", NULL);
	expect(c, "+OK", "CONFIG", "RESETSTAT", NULL);
	expect(c, ":-1", "TTL", "key", NULL);
	expect(c, ":-1", "PEXPIRETIME", "key", NULL);
	expect(c, ":-2", "PTTL", "nothing", NULL);
	expect(c, ":1", "EXPIRE", "key", "100", NULL);
	expect(c, ":1", "PERSIST", "key", NULL);
	expect(c, ":0", "PERSIST", "nothing", NULL);
	ck_assert_int_eq(info_number(c, "keyspace_hits"), 2);
	ck_assert_int_eq(info_number(c, "keyspace_misses"), 1);
}
END_TEST

Suite *expire_suite(void)
{
	Suite *suite = suite_create("expire");
	TCase *tests = shared_case(suite, "times to live");

	tcase_add_loop_test(tests, expire_gives_a_time_to_live, 2, 4);
	tcase_add_loop_test(tests, times_are_asked_for, 2, 4);
	tcase_add_loop_test(tests, expire_under_conditions, 2, 4);
	tcase_add_loop_test(tests, expire_refuses, 2, 4);
	tcase_add_loop_test(tests, expire_has_ends, 2, 4);
	tcase_add_loop_test(tests, times_gone_by_delete, 2, 4);
	tcase_add_loop_test(tests, persist_takes_the_time_away, 2, 4);
	tcase_add_loop_test(tests, keys_die, 2, 4);
	tcase_add_loop_test(tests, the_dead_are_not_seen, 2, 4);
	tcase_add_loop_test(tests, asking_counts_hits_and_misses, 2, 4);
	return suite;
}
