/*
 * Keys that die while the daemon serves: how exactly, how soon they are gone, and what others feel of it.
 */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "harness.h"
#include "suites.h"
#include "traffic.h"

enum {
	BATCH = 1000,	/* commands sent in one go */
	ROUNDS = 6,	/* the machine is shared: a round that was disturbed is done again */
	GONE_MS = 3000, /* the second in which the keys die, and the two after which they must be gone */
};

/* How many die, a multiple of BATCH. */
static int many_keys(void)
{
	return is_sanitized() ? 50000 : 1000000;
}

/* What a request may wait for keys that die, in microseconds. A sanitizer's daemon takes several times as long for the
 * same work. */
static int64_t patience_us(void)
{
	return is_sanitized() ? 25000 : 5000;
}

/* For how long it is measured what a ping takes when nothing dies, and for how long the keys live at least. */
static int64_t stretch_ms(void)
{
	return is_sanitized() ? 1000 : 4000;
}

static int64_t wall_milliseconds(void)
{
	struct timespec now;

	clock_gettime(CLOCK_REALTIME, &now);
	return (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

static int64_t microseconds(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (int64_t)now.tv_sec * 1000000 + now.tv_nsec / 1000;
}

static void set_active_expire(struct client *c, const char *on)
{
	expect(c, "+OK", "DEBUG", "SET-ACTIVE-EXPIRE", on, NULL);
}

/* --- A million deaths -------------------------------------------------------------------------------------------- */

/* Sets keys "live:FIRST" and up. Half of them die at `dies_ms`, all in one millisecond, the others in the second that
 * follows, evenly. */
static void load_batch(struct client *c, int first, int64_t dies_ms)
{
	static char commands[BATCH * 128];
	char want[BATCH * 5 + 1];
	size_t len = 0;

	for (int i = 0; i < BATCH; i++) {
		len += (size_t)snprintf(commands + len, sizeof(commands) - len, "SET live:%d v PXAT %" PRId64 "\r\n",
					first + i, dies_ms + (i % 2 == 0 ? 0 : i));
		memcpy(want + 5 * i, "+OK\r\n", 5);
	}
	client_send(c, commands, len);
	expect_bytes(c, want, sizeof(want) - 1);
}

/* Loads all of them; gives the time from which on they die. */
static int64_t load_many(struct client *c)
{
	for (int64_t margin = stretch_ms();; margin *= 2) {
		int64_t dies_ms = wall_milliseconds() + margin;

		for (int first = 0; first < many_keys(); first += BATCH)
			load_batch(c, first, dies_ms);
		if (client_integer(c, "DBSIZE", NULL) == many_keys() && wall_milliseconds() < dies_ms)
			return dies_ms;
		expect(c, "+OK", "FLUSHALL", NULL);
	}
}

/* Pings until the wall clock shows `end_ms`; gives the longest wait in microseconds. */
static int64_t longest_wait(struct client *c, int64_t end_ms)
{
	int64_t longest = 0;

	while (wall_milliseconds() < end_ms) {
		int64_t before = microseconds(), waited;

		client_send(c, "PING\r\n", 6);
		expect_bytes(c, "+PONG\r\n", 7);
		waited = microseconds() - before;
		longest = waited > longest ? waited : longest;
	}
	return longest;
}

static long long keys_in_shards(struct client *c)
{
	const char *at = client_call(c, "INFO", "shards", NULL);
	long long keys = 0;

	while ((at = strstr(at, ":keys=")) != NULL) {
		at += strlen(":keys=");
		keys += atoll(at);
	}
	return keys;
}

/* One round; whether all were gone in time and nobody waited too long, from before the first death to the last. (Keys
 * that are about to die move in the expiry index already.) */
static bool many_die(struct client *c)
{
	int64_t idle = longest_wait(c, wall_milliseconds() + stretch_ms()), dying, allowed, dies_ms;
	long long expired = info_number(c, "expired_keys"), alive, left;

	dies_ms = load_many(c);
	alive = keys_in_shards(c);
	ck_assert(alive == many_keys() || wall_milliseconds() >= dies_ms);
	dying = longest_wait(c, dies_ms + GONE_MS);
	left = keys_in_shards(c);
	expect_eventually(c, ":0", "DBSIZE", NULL);
	ck_assert_int_ge(info_number(c, "expired_keys") - expired, many_keys());
	allowed = 3 * idle > patience_us() ? 3 * idle : patience_us();
	if (left > 0 || dying > allowed)
		fprintf(stderr,
			"keys left: %lld; longest wait while keys die: %" PRId64 " us, without: %" PRId64 " us\n", left,
			dying, idle);
	return left == 0 && dying <= allowed;
}

START_TEST(a_million_die_unnoticed)
{
	struct server *server = server_start(NULL);
	struct client *c = client_open(server, 2);
	int round = 1;

	while (!many_die(c))
		ck_assert_msg(round++ < ROUNDS, "somebody waited too long, or keys lived on, in each of %d rounds",
			      ROUNDS);
	server_stop(server);
}
END_TEST

/* --- To the millisecond ------------------------------------------------------------------------------------------ */

/* Asks for a key again and again around the time of its death. It must be there when the question ended before that
 * time, and must not when it began after it; the millisecond itself may fall either way. */
static void expect_death_at(struct client *c, int64_t dies_ms)
{
	bool there = true;

	while (there) {
		int64_t before = wall_milliseconds(), after;

		there = strcmp(client_call(c, "GET", "key", NULL), "$v") == 0;
		after = wall_milliseconds();
		ck_assert_msg(!there || before <= dies_ms, "%" PRId64 " ms after its time it is there",
			      before - dies_ms);
		ck_assert_msg(there || after >= dies_ms, "%" PRId64 " ms before its time it is gone", dies_ms - after);
	}
}

START_TEST(keys_die_to_the_millisecond)
{
	struct client *c = client_fresh(2);
	char when[32];

	set_active_expire(c, _i == 0 ? "0" : "1");
	for (int i = 0; i < 20; i++) {
		int64_t dies_ms = wall_milliseconds() + 20 + i;

		snprintf(when, sizeof(when), "%" PRId64, dies_ms);
		expect(c, "+OK", "SET", "key", "v", NULL);
		expect(c, ":1", "PEXPIREAT", "key", when, NULL);
		expect_death_at(c, dies_ms);
		expect(c, ":-2", "PTTL", "key", NULL);
	}
	set_active_expire(c, "1");
}
END_TEST

/* PTTL counts down with the clock. */
START_TEST(pttl_is_what_is_left)
{
	struct client *c = client_fresh(2);
	int64_t dies_ms = wall_milliseconds() + 100000;
	char when[32];

	snprintf(when, sizeof(when), "%" PRId64, dies_ms);
	expect(c, "+OK", "SET", "key", "v", "PXAT", when, NULL);
	for (int i = 0; i < 1000; i++) {
		int64_t before = wall_milliseconds();
		int64_t left = client_integer(c, "PTTL", "key", NULL);
		int64_t after = wall_milliseconds();

		ck_assert_int_le(left, dies_ms - before);
		ck_assert_int_ge(left, dies_ms - after);
	}
}
END_TEST

/* --- Touched or not ---------------------------------------------------------------------------------------------- */

START_TEST(the_dead_lie_until_touched)
{
	struct client *c = client_fresh(2);
	char name[16];

	set_active_expire(c, "0");
	expect(c, "+OK", "CONFIG", "RESETSTAT", NULL);
	for (int i = 0; i < 100; i++) {
		snprintf(name, sizeof(name), "key:%d", i);
		expect(c, "+OK", "SET", name, "v", "PX", "1", NULL);
	}
	expect(c, "+OK", "SET", "probe", "v", "PX", "100", NULL);
	expect_eventually(c, "nil", "GET", "probe", NULL);
	expect(c, ":100", "DBSIZE", NULL);
	ck_assert_int_eq(info_number(c, "expired_keys"), 1);
	for (int i = 0; i < 10; i++) {
		snprintf(name, sizeof(name), "key:%d", i);
		expect(c, "nil", "GET", name, NULL);
		ck_assert_int_eq(info_number(c, "expired_keys"), i + 2);
	}
	expect(c, ":90", "DBSIZE", NULL);
	set_active_expire(c, "1");
	expect_eventually(c, ":0", "DBSIZE", NULL);
	ck_assert_int_eq(info_number(c, "expired_keys"), 101);
}
END_TEST

/* Every database is cleaned. */
START_TEST(keys_die_in_each_database)
{
	struct client *c = client_fresh(2);
	char db[16];

	for (int i = 0; i < 16; i++) {
		snprintf(db, sizeof(db), "%d", i);
		expect(c, "+OK", "SELECT", db, NULL);
		expect(c, "+OK", "SET", "dead", "v", "PX", "5", NULL);
		expect(c, "+OK", "SET", "alive", "v", "EX", "500", NULL);
	}
	for (int i = 0; i < 16; i++) {
		snprintf(db, sizeof(db), "%d", i);
		expect(c, "+OK", "SELECT", db, NULL);
		expect_eventually(c, ":1", "DBSIZE", NULL);
	}
	expect(c, "+OK", "FLUSHALL", NULL);
}
END_TEST

/* --- What keeps a time to live ----------------------------------------------------------------------------------- */

START_TEST(commands_keep_or_drop_the_time)
{
	static const struct {
		const char *words[4];
		bool keeps;
	} commands[] = {
		{{"INCR", "key"}, true},
		{{"DECRBY", "key", "3"}, true},
		{{"INCRBYFLOAT", "key", "1.5"}, true},
		{{"APPEND", "key", "0"}, true},
		{{"SETRANGE", "key", "9", "x"}, true},
		{{"GET", "key"}, true},
		{{"SETNX", "key", "v"}, true},
		{{"SET", "key", "v", "KEEPTTL"}, true},
		{{"SET", "key", "v", "NX"}, true},
		{{"GETEX", "key"}, true},
		{{"TOUCH", "key"}, true},
		{{"SET", "key", "v"}, false},
		{{"GETSET", "key", "v"}, false},
		{{"MSET", "key", "v"}, false},
		{{"GETEX", "key", "PERSIST"}, false},
		{{"PERSIST", "key"}, false},
		{{"SET", "key", "v", "GET"}, false},
		{{"SET", "key", "v", "XX"}, false},
	};
	struct client *c = client_fresh(2);

	for (size_t i = 0; i < sizeof(commands) / sizeof(commands[0]); i++) {
		const char *const *words = commands[i].words;
		const char *last = words[2] != NULL ? words[3] : NULL;
		long long left;

		expect(c, "+OK", "SET", "key", "10", "PXAT", "33000000000123", NULL);
		client_call(c, words[0], words[1], words[2], last, NULL);
		left = client_integer(c, "PEXPIRETIME", "key", NULL);
		ck_assert_msg(left == (commands[i].keeps ? 33000000000123 : -1), "%s %s: %lld", words[0],
			      words[2] != NULL ? words[2] : "", left);
	}
}
END_TEST

/* The name changes, the time stays; what lay under the new name goes with its own. */
START_TEST(rename_takes_the_time_along)
{
	struct client *c = client_fresh(2);

	expect(c, "+OK", "SET", "key", "v", "PXAT", "33000000000123", NULL);
	expect(c, "+OK", "SET", "other", "v", "PXAT", "34000000000123", NULL);
	expect(c, "+OK", "RENAME", "key", "other", NULL);
	expect(c, ":33000000000123", "PEXPIRETIME", "other", NULL);
	expect(c, ":1", "RENAMENX", "other", "third", NULL);
	expect(c, ":33000000000123", "PEXPIRETIME", "third", NULL);
	expect(c, "+OK", "SET", "eternal", "v", NULL);
	expect(c, "+OK", "RENAME", "eternal", "third", NULL);
	expect(c, ":-1", "PEXPIRETIME", "third", NULL);
	client_send(c, "SET soon v PX 30\r\nRENAME soon later\r\n", SIZE_MAX); /* in one go: it lives when renamed */
	expect_reply(c, "+OK");
	expect_reply(c, "+OK");
	expect_eventually(c, "nil", "GET", "later", NULL);
	expect_eventually(c, ":1", "DBSIZE", NULL);
}
END_TEST

/* A key whose time was moved does not die at the old one. Times are set and moved in one go: nothing dies in between,
 * however slow the machine is. */
START_TEST(only_the_last_time_counts)
{
	struct client *c = client_fresh(2);

	expect(c, "+OK", "MULTI", NULL);
	expect(c, "+QUEUED", "SET", "longer", "v", "PX", "40", NULL);
	expect(c, "+QUEUED", "SET", "eternal", "v", "PX", "40", NULL);
	expect(c, "+QUEUED", "SET", "again", "v", "PX", "40", NULL);
	expect(c, "+QUEUED", "SET", "probe", "v", "PX", "100", NULL);
	expect(c, "+QUEUED", "PEXPIRE", "longer", "100000", NULL);
	expect(c, "+QUEUED", "PERSIST", "eternal", NULL);
	expect(c, "+QUEUED", "DEL", "again", NULL);
	expect(c, "+QUEUED", "SET", "again", "v", NULL);
	expect(c, "[ +OK +OK +OK +OK :1 :1 :1 +OK ]", "EXEC", NULL);
	expect_eventually(c, "nil", "GET", "probe", NULL);
	expect_eventually(c, ":3", "DBSIZE", NULL);
	expect(c, ":3", "EXISTS", "longer", "eternal", "again", NULL);
}
END_TEST

Suite *expiry_live_suite(void)
{
	Suite *suite = suite_create("expiry_live");
	TCase *tests = shared_case(suite, "dying");
	TCase *many = alone_case(suite, "a million");

	tcase_add_loop_test(tests, keys_die_to_the_millisecond, 0, 2);
	tcase_add_test(tests, pttl_is_what_is_left);
	tcase_add_test(tests, the_dead_lie_until_touched);
	tcase_add_test(tests, keys_die_in_each_database);
	tcase_add_test(tests, commands_keep_or_drop_the_time);
	tcase_add_test(tests, rename_takes_the_time_along);
	tcase_add_test(tests, only_the_last_time_counts);
	tcase_add_test(many, a_million_die_unnoticed);
	tcase_set_timeout(many, 4 * DEADLINE_MS / 1000.0 * ROUNDS);
	return suite;
}
