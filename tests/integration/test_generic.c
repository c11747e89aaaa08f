/* Commands about keys, whatever their value. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "harness.h"
#include "suites.h"

static const char syntax_error[] = "-ERR syntax error";

/* Keys "key:0" to "key:<count - 1>". */
static void make_keys(struct client *c, int count)
{
	char name[32];

	for (int i = 0; i < count; i++) {
		snprintf(name, sizeof(name), "key:%d", i);
		expect(c, "+OK", "SET", name, "v", NULL);
	}
}

/* ---- Named keys ---- */

START_TEST(del_and_unlink)
{
	struct client *c = client_fresh(_i);

	expect(c, "+OK", "MSET", "a", "1", "b", "2", "c", "3", "d", "4", NULL);
	expect(c, ":0", "DEL", "nothing", NULL);
	expect(c, ":1", "DEL", "a", "a", NULL);
	expect(c, ":1", "DEL", "a", "b", "nothing", NULL);
	expect(c, ":2", "UNLINK", "c", "d", "c", "a", NULL);
	expect(c, ":0", "UNLINK", "c", NULL);
	expect(c, ":0", "DBSIZE", NULL);
	expect(c, "-ERR wrong number of arguments for 'del' command", "DEL", NULL);
	expect(c, "-ERR wrong number of arguments for 'unlink' command", "UNLINK", NULL);
}
END_TEST

START_TEST(large_values_are_deleted)
{
	enum { LARGE = 200 * 1000 };
	struct client *c = client_fresh(_i);
	char *value = malloc(LARGE + 1);

	ck_assert_ptr_nonnull(value);
	memset(value, 'v', LARGE);
	value[LARGE] = '\0';
	expect(c, "+OK", "MSET", "a", value, "b", value, "c", value, NULL);
	expect(c, ":1", "DEL", "a", NULL);
	expect(c, ":1", "UNLINK", "b", NULL);
	expect(c, "[ nil nil ]", "MGET", "a", "b", NULL);
	expect(c, ":200000", "STRLEN", "c", NULL);
	free(value);
}
END_TEST

START_TEST(exists_and_touch)
{
	struct client *c = client_fresh(_i);

	expect(c, "+OK", "MSET", "a", "1", "b", "2", NULL);
	expect(c, ":0", "EXISTS", "nothing", NULL);
	expect(c, ":1", "EXISTS", "a", NULL);
	expect(c, ":3", "EXISTS", "a", "b", "a", "nothing", NULL);
	expect(c, ":2", "TOUCH", "a", "a", "nothing", NULL);
	expect(c, ":0", "TOUCH", "nothing", NULL);
	expect(c, "-ERR wrong number of arguments for 'exists' command", "EXISTS", NULL);
	expect(c, "-ERR wrong number of arguments for 'touch' command", "TOUCH", NULL);
}
END_TEST

START_TEST(types)
{
	struct client *c = client_fresh(_i);

	expect(c, "+none", "TYPE", "key", NULL);
	expect(c, "+OK", "SET", "key", "1", NULL);
	expect(c, "+string", "TYPE", "key", NULL);
	expect(c, "-ERR wrong number of arguments for 'type' command", "TYPE", NULL);
}
END_TEST

START_TEST(rename_moves_value_and_time)
{
	struct client *c = client_fresh(_i);

	expect(c, "-ERR no such key", "RENAME", "a", "b", NULL);
	expect(c, "-ERR no such key", "RENAME", "a", "a", NULL);
	expect(c, "+OK", "SET", "a", "1", "PXAT", "33000000000123", NULL);
	expect(c, "+OK", "RENAME", "a", "a", NULL);
	expect(c, "+OK", "RENAME", "a", "b", NULL);
	expect(c, "[ nil $1 ]", "MGET", "a", "b", NULL);
	expect(c, ":33000000000123", "PEXPIRETIME", "b", NULL);
	expect(c, "+OK", "SET", "c", "2", NULL);
	expect(c, "+OK", "RENAME", "c", "b", NULL);
	expect(c, "$2", "GET", "b", NULL);
	expect(c, ":-1", "TTL", "b", NULL);
	expect(c, ":1", "DBSIZE", NULL);
	expect(c, "-ERR wrong number of arguments for 'rename' command", "RENAME", "b", NULL);
}
END_TEST

START_TEST(renamenx_replaces_nothing)
{
	struct client *c = client_fresh(_i);

	expect(c, "-ERR no such key", "RENAMENX", "a", "b", NULL);
	expect(c, "+OK", "MSET", "a", "1", "b", "2", NULL);
	expect(c, ":0", "RENAMENX", "a", "b", NULL);
	expect(c, ":0", "RENAMENX", "a", "a", NULL);
	expect(c, "[ $1 $2 ]", "MGET", "a", "b", NULL);
	expect(c, ":1", "RENAMENX", "a", "c", NULL);
	expect(c, "[ nil $2 $1 ]", "MGET", "a", "b", "c", NULL);
	expect(c, "+OK", "SET", "dead", "3", "PXAT", "1", NULL);
	expect(c, ":1", "RENAMENX", "c", "dead", NULL);
	expect(c, "$1", "GET", "dead", NULL);
	expect(c, ":-1", "TTL", "dead", NULL);
	expect(c, "-ERR wrong number of arguments for 'renamenx' command", "RENAMENX", "b", "c", "d", NULL);
}
END_TEST

START_TEST(nothing_can_be_sorted)
{
	struct client *c = client_fresh(_i);

	if (against_redis())
		return;
	expect(c, "+OK", "SET", "key", "value", NULL);
	expect(c, "-ERR SORT is not supported: cubby has no lists, sets or sorted sets", "SORT", "key", NULL);
	expect(c, "-ERR SORT is not supported: cubby has no lists, sets or sorted sets", "SORT", "nothing", "STORE",
	       "key", NULL);
	expect(c, "-ERR SORT_RO is not supported: cubby has no lists, sets or sorted sets", "sort_ro", "key", NULL);
	expect(c, "-ERR wrong number of arguments for 'sort' command", "SORT", NULL);
	expect(c, "-ERR wrong number of arguments for 'sort_ro' command", "SORT_RO", NULL);
	expect(c, "$value", "GET", "key", NULL);
}
END_TEST

/* Two keys in two shards: whichever shards they are in, some pair of these is in ascending and some in descending
 * order. The value goes once around. */
START_TEST(rename_between_shards)
{
	struct client *c = client_fresh(_i);
	char from[32], to[32];

	expect(c, "+OK", "SET", "key:0", "traveller", NULL);
	for (int i = 0; i < 200; i++) {
		snprintf(from, sizeof(from), "key:%d", i);
		snprintf(to, sizeof(to), "key:%d", i + 1);
		expect(c, "+OK", "RENAME", from, to, NULL);
	}
	expect(c, "$traveller", "GET", "key:200", NULL);
	expect(c, ":1", "DBSIZE", NULL);
}
END_TEST

START_TEST(looking_counts_hits_and_misses)
{
	struct client *c = client_fresh(_i);

	expect(c, "+OK", "SET", "key", "v", NULL);
	expect(c, "+OK", "CONFIG", "RESETSTAT", NULL);
	expect(c, ":2", "EXISTS", "key", "key", "nothing", NULL);
	expect(c, "+string", "TYPE", "key", NULL);
	expect(c, ":1", "TOUCH", "key", "nothing", NULL);
	expect(c, "+OK", "RENAME", "key", "other", NULL);
	expect(c, ":1", "DEL", "other", "nothing", NULL);
	ck_assert_int_eq(info_number(c, "keyspace_hits"), 4);
	ck_assert_int_eq(info_number(c, "keyspace_misses"), 2);
}
END_TEST

/* ---- All keys ---- */

START_TEST(keys_by_pattern)
{
	struct client *c = client_fresh(_i);

	expect(c, "[ ]", "KEYS", "*", NULL);
	expect(c, "+OK", "MSET", "hello", "1", "hallo", "2", "hxllo", "3", "he*o", "4", NULL);
	expect(c, "[ $hello ]", "KEYS", "hello", NULL);
	expect(c, "[ $hallo ]", "KEYS", "h[a-d]llo", NULL);
	expect(c, "[ $hxllo ]", "KEYS", "h[^ae]llo", NULL);
	expect(c, "[ $he*o ]", "KEYS", "he\\*o", NULL);
	expect(c, "[ $he*o ]", "KEYS", "????", NULL);
	expect(c, "[ ]", "KEYS", "HELLO", NULL);
	expect(c, "[ ]", "KEYS", "", NULL);
	expect_like(c, "[ $h*o $h*o $h*o $h*o ]", "KEYS", "*", NULL);
	expect_like(c, "[ $h*o $h*o $h*o ]", "KEYS", "h?llo", NULL);
	expect(c, "-ERR wrong number of arguments for 'keys' command", "KEYS", NULL);
}
END_TEST

START_TEST(the_dead_are_not_listed)
{
	struct client *c = client_fresh(_i);

	expect(c, "+OK", "DEBUG", "SET-ACTIVE-EXPIRE", "0", NULL);
	expect(c, "+OK", "SET", "dead", "1", "PXAT", "1", NULL);
	expect(c, "+OK", "SET", "alive", "1", NULL);
	expect(c, "[ $alive ]", "KEYS", "*", NULL);
	expect(c, "+OK", "SET", "dead", "1", "PXAT", "1", NULL);
	expect(c, "[ $0 [ $alive ] ]", "SCAN", "0", "COUNT", "100", NULL);
	expect(c, "+OK", "SET", "dead", "1", "PXAT", "1", NULL);
	expect(c, ":2", "DBSIZE", NULL);
	for (int i = 0; i < 10; i++)
		expect(c, "$alive", "RANDOMKEY", NULL);
	expect(c, "+OK", "DEBUG", "SET-ACTIVE-EXPIRE", "1", NULL);
}
END_TEST

/* One SCAN from `cursor`, with the reply's "key:<n>" marked in `seen`, and the next cursor. */
static unsigned long long scan_step(struct client *c, unsigned long long cursor, const char *count, bool *seen,
				    int seen_size)
{
	char text[32];
	const char *reply;

	snprintf(text, sizeof(text), "%llu", cursor);
	reply = client_call(c, "SCAN", text, "COUNT", count, "MATCH", "key:*", NULL);
	ck_assert_msg(strncmp(reply, "[ $", 3) == 0, "%s", reply);
	for (const char *at = strstr(reply, "$key:"); at != NULL; at = strstr(at + 1, "$key:")) {
		int number = atoi(at + 5);

		ck_assert_int_lt(number, seen_size);
		seen[number] = true;
	}
	return strtoull(reply + 3, NULL, 10);
}

START_TEST(scan_finds_every_key)
{
	enum { KEYS = 2000 };
	struct client *c = client_fresh(_i);
	bool seen[KEYS] = {false};
	unsigned long long cursor = 0;
	int steps = 0;

	make_keys(c, KEYS);
	expect(c, "+OK", "SET", "other", "not matched", NULL);
	do {
		cursor = scan_step(c, cursor, "50", seen, KEYS);
		steps++;
	} while (cursor != 0);
	for (int i = 0; i < KEYS; i++)
		ck_assert_msg(seen[i], "key:%d was not found", i);
	ck_assert_int_gt(steps, 10);
	ck_assert_int_lt(steps, 400);
}
END_TEST

/* Fifty keys come at each of the first VISITS steps of a walk, and go again at the next VISITS steps. */
static void guests_come_and_go(struct client *c, int step)
{
	enum { GUESTS = 50, VISITS = 60 };
	bool coming = step < VISITS;
	char name[32];

	for (int i = 0; step < 2 * VISITS && i < GUESTS; i++) {
		snprintf(name, sizeof(name), "guest:%d:%d", coming ? step : step - VISITS, i);
		if (coming)
			expect(c, "+OK", "SET", name, "v", NULL);
		else
			expect(c, ":1", "DEL", name, NULL);
	}
}

/* The keys that are there from start to end are found although the tables grow and shrink meanwhile. */
START_TEST(scan_while_keys_come_and_go)
{
	enum { KEYS = 300 };
	struct client *c = client_fresh(_i);
	bool seen[KEYS] = {false};
	unsigned long long cursor = 0;
	int step = 0;

	make_keys(c, KEYS);
	do {
		cursor = scan_step(c, cursor, "5", seen, KEYS);
		guests_come_and_go(c, step++);
	} while (cursor != 0 && step < 10000);
	ck_assert(cursor == 0);
	for (int i = 0; i < KEYS; i++)
		ck_assert_msg(seen[i], "key:%d was not found", i);
}
END_TEST

START_TEST(scan_options)
{
	struct client *c = client_fresh(_i);

	expect(c, "[ $0 [ ] ]", "SCAN", "0", "COUNT", "1000", NULL);
	expect(c, "+OK", "MSET", "a1", "1", "b1", "2", NULL);
	expect_like(c, "[ $0 [ $*1 $*1 ] ]", "SCAN", "0", "COUNT", "1000", NULL);
	expect(c, "[ $0 [ $a1 ] ]", "SCAN", "0", "MATCH", "a*", "COUNT", "1000", NULL);
	expect(c, "[ $0 [ $b1 ] ]", "scan", "0", "count", "1000", "type", "string", "match", "b?", NULL);
	expect(c, "[ $0 [ $b1 ] ]", "SCAN", "0", "COUNT", "1000", "TYPE", "STRING", "MATCH", "b?", NULL);
	expect(c, "[ $0 [ ] ]", "SCAN", "0", "COUNT", "1000", "TYPE", "list", NULL);
	expect(c, "[ $0 [ ] ]", "SCAN", "0", "COUNT", "1000", "TYPE", "nonsense", NULL);
	expect(c, "[ $0 [ $a1 ] ]", "SCAN", "0", "MATCH", "b*", "MATCH", "a*", "COUNT", "1000", NULL);
	expect_like(c, "[ $* [ *] ]", "SCAN", "18446744073709551615", NULL);
	expect_like(c, "[ $* [ *] ]", "SCAN", "12345", NULL);
}
END_TEST

START_TEST(scan_refuses)
{
	struct client *c = client_fresh(_i);
	static const char not_integer[] = "-ERR value is not an integer or out of range";

	expect(c, "-ERR invalid cursor", "SCAN", "start", NULL);
	expect(c, "-ERR invalid cursor", "SCAN", "1x", NULL);
	expect(c, "-ERR invalid cursor", "SCAN", " 1", NULL);
	expect(c, "-ERR invalid cursor", "SCAN", "18446744073709551616", NULL);
	expect(c, "-ERR invalid cursor", "SCAN", "-", NULL);
	expect(c, "-ERR invalid cursor", "SCAN", "start", "COUNT", NULL);
	expect(c, "[ $0 [ ] ]", "SCAN", "", NULL);
	expect(c, "[ $0 [ ] ]", "SCAN", "+0", NULL);
	expect_like(c, "[ *", "SCAN", "-1", NULL);
	expect(c, syntax_error, "SCAN", "0", "COUNT", NULL);
	expect(c, syntax_error, "SCAN", "0", "COUNT", "0", NULL);
	expect(c, syntax_error, "SCAN", "0", "COUNT", "-5", NULL);
	expect(c, not_integer, "SCAN", "0", "COUNT", "many", NULL);
	expect(c, not_integer, "SCAN", "0", "COUNT", "many", "MATCH", NULL);
	expect(c, syntax_error, "SCAN", "0", "MATCH", "a*", "TYPE", NULL);
	expect(c, syntax_error, "SCAN", "0", "LIMIT", "5", NULL);
	expect(c, "-ERR wrong number of arguments for 'scan' command", "SCAN", NULL);
}
END_TEST

/* How often each of "key:0" to "key:<count - 1>" comes up in `draws` draws: each at least once. */
START_TEST(random_keys)
{
	enum { KEYS = 20, DRAWS = 2000 };
	struct client *c = client_fresh(_i);
	int drawn[KEYS] = {0};

	expect(c, "nil", "RANDOMKEY", NULL);
	make_keys(c, 1);
	expect(c, "$key:0", "RANDOMKEY", NULL);
	make_keys(c, KEYS);
	for (int i = 0; i < DRAWS; i++) {
		int number = -1;

		ck_assert_int_eq(sscanf(client_call(c, "RANDOMKEY", NULL), "$key:%d", &number), 1);
		ck_assert(number >= 0 && number < KEYS);
		drawn[number]++;
	}
	for (int i = 0; i < KEYS; i++)
		ck_assert_msg(drawn[i] > 0, "key:%d was never drawn", i);
	expect(c, "-ERR wrong number of arguments for 'randomkey' command", "RANDOMKEY", "1", NULL);
}
END_TEST

START_TEST(databases_are_apart)
{
	struct client *c = client_fresh(_i);

	expect(c, "+OK", "SET", "key", "in 0", NULL);
	expect(c, "+OK", "SELECT", "1", NULL);
	expect(c, "nil", "GET", "key", NULL);
	expect(c, "+OK", "MSET", "key", "in 1", "other", "in 1", NULL);
	expect(c, ":2", "DBSIZE", NULL);
	expect(c, "$in 1", "GET", "key", NULL);
	expect(c, "+OK", "FLUSHDB", NULL);
	expect(c, ":0", "DBSIZE", NULL);
	expect(c, "[ ]", "KEYS", "*", NULL);
	expect(c, "nil", "RANDOMKEY", NULL);
	expect(c, "+OK", "SELECT", "0", NULL);
	expect(c, "$in 0", "GET", "key", NULL);
	expect(c, "-ERR wrong number of arguments for 'dbsize' command", "DBSIZE", "0", NULL);
}
END_TEST

/* `command` in database 1 leaves `left` keys in database 0. */
static void flush_everything(struct client *c, const char *command, const char *how, const char *left)
{
	expect(c, "+OK", "SELECT", "0", NULL);
	make_keys(c, 300);
	expect(c, "+OK", "SELECT", "1", NULL);
	expect(c, "+OK", "SET", "key", "v", "EX", "100", NULL);
	expect(c, "+OK", command, how, NULL);
	expect(c, ":0", "DBSIZE", NULL);
	expect(c, "nil", "GET", "key", NULL);
	expect(c, "+OK", "SELECT", "0", NULL);
	expect(c, left, "DBSIZE", NULL);
}

START_TEST(flushing)
{
	struct client *c = client_fresh(_i);
	static const char *const ways[] = {NULL, "SYNC", "ASYNC", "async"};

	for (size_t i = 0; i < sizeof(ways) / sizeof(ways[0]); i++) {
		flush_everything(c, "FLUSHDB", ways[i], ":300");
		flush_everything(c, "FLUSHALL", ways[i], ":0");
	}
	make_keys(c, 1);
	expect(c, syntax_error, "FLUSHDB", "LATER", NULL);
	expect(c, syntax_error, "FLUSHALL", "SYNC", "ASYNC", NULL);
	expect(c, syntax_error, "FLUSHALL", "ASYNC", "ASYNC", NULL);
	expect(c, "$v", "GET", "key:0", NULL);
}
END_TEST

Suite *generic_suite(void)
{
	Suite *suite = suite_create("generic");
	TCase *named = shared_case(suite, "named keys");
	TCase *all = shared_case(suite, "all keys");

	tcase_add_loop_test(named, del_and_unlink, 2, 4);
	tcase_add_loop_test(named, large_values_are_deleted, 2, 4);
	tcase_add_loop_test(named, exists_and_touch, 2, 4);
	tcase_add_loop_test(named, types, 2, 4);
	tcase_add_loop_test(named, rename_moves_value_and_time, 2, 4);
	tcase_add_loop_test(named, renamenx_replaces_nothing, 2, 4);
	tcase_add_loop_test(named, rename_between_shards, 2, 4);
	tcase_add_loop_test(named, nothing_can_be_sorted, 2, 4);
	tcase_add_loop_test(named, looking_counts_hits_and_misses, 2, 4);
	tcase_add_loop_test(all, keys_by_pattern, 2, 4);
	tcase_add_loop_test(all, the_dead_are_not_listed, 2, 4);
	tcase_add_loop_test(all, scan_finds_every_key, 2, 4);
	tcase_add_loop_test(all, scan_while_keys_come_and_go, 2, 4);
	tcase_add_loop_test(all, scan_options, 2, 4);
	tcase_add_loop_test(all, scan_refuses, 2, 4);
	tcase_add_loop_test(all, random_keys, 2, 4);
	tcase_add_loop_test(all, databases_are_apart, 2, 4);
	tcase_add_loop_test(all, flushing, 2, 4);
	return suite;
}
