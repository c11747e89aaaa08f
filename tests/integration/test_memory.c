/* maxmemory and its policies, what counts as a use of a key, and what MEMORY tells. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "harness.h"
#include "suites.h"
#include "traffic.h"

static const char *const out_of_memory = "-OOM command not allowed when used memory > 'maxmemory'.";

/* --- helpers ----------------------------------------------------------------------------------------------------- */

/* Sets the keys prefix:0 ... to values of `size` bytes, with a time to live in seconds unless that is 0. */
static void fill(struct client *c, const char *prefix, int count, size_t size, int seconds)
{
	char *value = malloc(size + 1);
	char key[64];
	char ttl[16];

	memset(value, 'v', size);
	value[size] = '\0';
	snprintf(ttl, sizeof(ttl), "%d", seconds);
	for (int i = 0; i < count; i++) {
		snprintf(key, sizeof(key), "%s:%d", prefix, i);
		if (seconds > 0)
			client_send_command(c, "SET", key, value, "EX", ttl, NULL);
		else
			client_send_command(c, "SET", key, value, NULL);
		if (i % 100 == 99 || i == count - 1) {
			for (int j = i - i % 100; j <= i; j++)
				client_reply(c);
		}
	}
	free(value);
}

/* How many of the keys prefix:0 ... are there. */
static int count_keys(struct client *c, const char *prefix, int count)
{
	char key[64];
	int found = 0;

	for (int i = 0; i < count; i++) {
		snprintf(key, sizeof(key), "%s:%d", prefix, i);
		found += client_integer(c, "EXISTS", key, NULL) == 1;
	}
	return found;
}

/* Allows so many bytes more than are used now, at least one (0 would be no limit). */
static void limit_above(struct client *c, long long bytes, const char *policy)
{
	long long allowed = info_number(c, "used_memory") + bytes;
	char limit[32];

	snprintf(limit, sizeof(limit), "%lld", allowed > 0 ? allowed : 1);
	expect(c, "+OK", "CONFIG", "SET", "maxmemory-policy", policy, "maxmemory", limit, NULL);
}

static struct client *unlimited(int protocol)
{
	struct client *c = client_open(shared, protocol);

	expect(c, "+OK", "CONFIG", "SET", "maxmemory", "0", "maxmemory-policy", "noeviction", NULL);
	expect(c, "+OK", "CONFIG", "RESETSTAT", NULL);
	expect(c, "+OK", "FLUSHALL", NULL);
	expect_eventually(c, ":0", "DBSIZE", NULL);
	return c;
}

/* --- the limit --------------------------------------------------------------------------------------------------- */

START_TEST(without_eviction_writers_hear_of_it)
{
	struct client *c = unlimited(_i);

	expect(c, "+OK", "SET", "key", "value", NULL);
	expect(c, "+OK", "CONFIG", "SET", "maxmemory", "1", NULL);
	expect(c, out_of_memory, "SET", "key", "other", NULL);
	expect(c, out_of_memory, "APPEND", "key", "more", NULL);
	expect(c, out_of_memory, "INCR", "number", NULL);
	expect(c, out_of_memory, "MSET", "a", "1", "b", "2", NULL);
	expect(c, "$value", "GET", "key", NULL);
	expect(c, ":1", "EXPIRE", "key", "100", NULL);
	expect(c, ":1", "DEL", "key", NULL);
	expect(c, "+OK", "CONFIG", "SET", "maxmemory", "0", NULL);
	expect(c, "+OK", "SET", "key", "value", NULL);
}
END_TEST

START_TEST(refusals_are_counted)
{
	struct client *c = unlimited(_i);
	char text[256];

	expect(c, "+OK", "CONFIG", "SET", "maxmemory", "1", NULL);
	expect(c, out_of_memory, "SET", "key", "value", NULL);
	info_text(c, "cmdstat_set", text, sizeof(text));
	ck_assert_msg(strstr(text, "rejected_calls=1") != NULL, "%s", text);
	info_text(c, "errorstat_OOM", text, sizeof(text));
	ck_assert_str_eq(text, "count=1");
}
END_TEST

START_TEST(transactions_are_refused)
{
	struct client *c = unlimited(_i);
	struct client *other = client_open(shared, 2);

	expect(c, "+OK", "MULTI", NULL);
	expect(c, "+QUEUED", "SET", "key", "value", NULL);
	expect(other, "+OK", "CONFIG", "SET", "maxmemory", "1", NULL);
	expect_like(c, "-EXECABORT Transaction discarded because of: OOM command not allowed*", "EXEC", NULL);
	expect(c, "+OK", "MULTI", NULL);
	expect(c, out_of_memory, "GET", "key", NULL);
	expect(c, "-EXECABORT Transaction discarded because of previous errors.", "EXEC", NULL);
	expect(c, "+OK", "MULTI", NULL);
	expect(c, "+OK", "DISCARD", NULL);
	expect(other, "+OK", "CONFIG", "SET", "maxmemory", "0", NULL);
}
END_TEST

START_TEST(settings)
{
	struct client *c = unlimited(_i);

	expect(c, "+OK", "CONFIG", "SET", "maxmemory", "100mb", NULL);
	expect_like(c, _i == 2 ? "[ $maxmemory $104857600 ]" : "{ $maxmemory $104857600 }", "CONFIG", "GET",
		    "maxmemory", NULL);
	expect_like(c, "-ERR CONFIG SET failed (possibly related to argument 'maxmemory') - *", "CONFIG", "SET",
		    "maxmemory", "-1", NULL);
	expect_like(c, "-ERR CONFIG SET failed*must be one of the following: volatile-lru, volatile-lfu, *", "CONFIG",
		    "SET", "maxmemory-policy", "oldest", NULL);
	expect_like(c, "-ERR CONFIG SET failed*must be between 1 and*", "CONFIG", "SET", "maxmemory-samples", "0",
		    NULL);
	expect_like(c, "-ERR CONFIG SET failed*must be between 0 and 100*", "CONFIG", "SET",
		    "maxmemory-eviction-tenacity", "101", NULL);
	expect_like(c, "-ERR CONFIG SET failed*", "CONFIG", "SET", "lfu-log-factor", "-1", NULL);
	expect_like(c, "-ERR CONFIG SET failed*", "CONFIG", "SET", "lfu-decay-time", "-1", NULL);
	expect(c, "+OK", "CONFIG", "SET", "maxmemory-samples", "10", "maxmemory-eviction-tenacity", "100",
	       "lfu-log-factor", "1", "lfu-decay-time", "0", NULL);
	expect(c, "+OK", "CONFIG", "SET", "maxmemory-samples", "5", "maxmemory-eviction-tenacity", "10",
	       "lfu-log-factor", "10", "lfu-decay-time", "1", NULL);
}
END_TEST

/* Nobody has to send a command for it. */
START_TEST(a_lowered_limit_evicts)
{
	struct client *c = unlimited(2);

	fill(c, "key", 5000, 500, 0);
	limit_above(c, -1000 * 1000, "allkeys-lru");
	wait_until(info_number(c, "used_memory") <= info_number(c, "maxmemory"));
	ck_assert_int_gt(info_number(c, "evicted_keys"), 1000);
	ck_assert_int_gt(client_integer(c, "DBSIZE", NULL), 1000);
}
END_TEST

/* What makes a command wait is an event when it takes long. */
START_TEST(eviction_is_timed)
{
	struct client *c = unlimited(2);

	expect(c, ":0", "LATENCY", "RESET", NULL);
	fill(c, "key", 20000, 500, 0);
	expect(c, "+OK", "CONFIG", "SET", "latency-monitor-threshold", "1", "maxmemory-eviction-tenacity", "100", NULL);
	limit_above(c, -8 * 1000 * 1000, "allkeys-random");
	expect(c, "+OK", "SET", "key", "value", NULL);
	expect_eventually(c, ":1", "LATENCY", "RESET", "eviction-cycle", NULL);
	expect(c, "+OK", "CONFIG", "SET", "latency-monitor-threshold", "0", "maxmemory-eviction-tenacity", "10", NULL);
}
END_TEST

/* --- the policies ------------------------------------------------------------------------------------------------ */

enum { KEYS = 1500, SIZE = 500 };

static const char *const of_all_keys[] = {"allkeys-lru", "allkeys-lfu", "allkeys-random"};
static const char *const of_mortal_keys[] = {"volatile-lru", "volatile-lfu", "volatile-random", "volatile-ttl"};

START_TEST(all_keys_make_room)
{
	struct client *c = unlimited(2);
	char text[64];

	limit_above(c, 1000 * 1000, of_all_keys[_i]);
	fill(c, "key", 3 * KEYS, SIZE, 0);
	info_text(c, "maxmemory_policy", text, sizeof(text));
	ck_assert_str_eq(text, of_all_keys[_i]);
	ck_assert_int_gt(info_number(c, "evicted_keys"), KEYS);
	ck_assert_int_gt(client_integer(c, "DBSIZE", NULL), KEYS / 2);
	wait_until(client_integer(c, "DBSIZE", NULL) + info_number(c, "evicted_keys") == 3 * KEYS);
}
END_TEST

START_TEST(only_mortal_keys_make_room)
{
	struct client *c = unlimited(2);

	fill(c, "for ever", KEYS, SIZE, 0);
	limit_above(c, 1000 * 1000, of_mortal_keys[_i]);
	fill(c, "mortal", 3 * KEYS, SIZE, 1000);
	ck_assert_int_gt(info_number(c, "evicted_keys"), KEYS);
	ck_assert_int_eq(count_keys(c, "for ever", KEYS), KEYS);
	/* When the last mortal key has gone, there is no room any more. */
	limit_above(c, -2000 * 1000, of_mortal_keys[_i]);
	expect_eventually(c, out_of_memory, "SET", "key", "value", NULL);
	ck_assert_int_eq(count_keys(c, "for ever", KEYS), KEYS);
}
END_TEST

START_TEST(next_to_die_goes_first)
{
	struct client *c = unlimited(2);

	fill(c, "soon", KEYS, SIZE, 1000);
	fill(c, "late", KEYS, SIZE, 100000);
	limit_above(c, -300 * 1000, "volatile-ttl");
	wait_until(info_number(c, "used_memory") <= info_number(c, "maxmemory"));
	ck_assert_int_lt(count_keys(c, "soon", KEYS), KEYS - 200);
	ck_assert_int_gt(count_keys(c, "late", KEYS), KEYS - 20);
}
END_TEST

START_TEST(often_used_keys_stay)
{
	struct client *c = unlimited(2);

	expect(c, "+OK", "CONFIG", "SET", "maxmemory-policy", "allkeys-lfu", NULL);
	fill(c, "often", 100, SIZE, 0);
	fill(c, "once", 2 * KEYS, SIZE, 0);
	for (int i = 0; i < 60; i++) {
		for (int j = 0; j < 100; j++) {
			char key[32];

			snprintf(key, sizeof(key), "often:%d", j);
			client_send_command(c, "GET", key, NULL);
		}
		for (int j = 0; j < 100; j++)
			client_reply(c);
	}
	limit_above(c, -1000 * 1000, "allkeys-lfu");
	wait_until(info_number(c, "used_memory") <= info_number(c, "maxmemory"));
	ck_assert_int_gt(info_number(c, "evicted_keys"), KEYS / 2);
	ck_assert_int_ge(count_keys(c, "often", 100), 95);
}
END_TEST

/* --- uses -------------------------------------------------------------------------------------------------------- */

/* Idle for no second yet. Between two commands a second may begin, or a slow machine let several go by. */
static bool is_fresh_after(struct client *c, const char *command, const char *value)
{
	client_call(c, command, "key", value, NULL);
	return client_integer(c, "OBJECT", "IDLETIME", "key", NULL) == 0;
}

START_TEST(idle_time)
{
	struct client *c = unlimited(_i);

	wait_until(is_fresh_after(c, "SET", "value"));
	expect(c, "nil", "OBJECT", "IDLETIME", "nothing", NULL);
	wait_until(client_integer(c, "OBJECT", "IDLETIME", "key", NULL) >= 2);
	expect(c, ":1", "EXISTS", "key", NULL); /* none of these is a use */
	expect(c, "+string", "TYPE", "key", NULL);
	expect(c, ":-1", "TTL", "key", NULL);
	expect(c, ":-1", "PEXPIRETIME", "key", NULL);
	ck_assert_int_ge(client_integer(c, "OBJECT", "IDLETIME", "key", NULL), 2);
	expect(c, ":1", "TOUCH", "key", NULL);
	wait_until(is_fresh_after(c, "TOUCH", NULL));
	expect(c,
	       "-ERR An LFU maxmemory policy is not selected, access frequency not tracked. Please note that when "
	       "switching between policies at runtime LRU and LFU data will take some time to adjust.",
	       "OBJECT", "FREQ", "key", NULL);
	expect(c, "-ERR wrong number of arguments for 'object|idletime' command", "OBJECT", "IDLETIME", NULL);
}
END_TEST

START_TEST(frequency)
{
	struct client *c = unlimited(_i);

	expect(c, "+OK", "CONFIG", "SET", "maxmemory-policy", "volatile-lfu", "lfu-log-factor", "0", NULL);
	expect(c, "+OK", "SET", "key", "value", NULL);
	expect(c, ":5", "OBJECT", "FREQ", "key", NULL);
	expect(c, "$value", "GET", "key", NULL);
	expect(c, "$value", "GET", "key", NULL);
	expect(c, ":7", "OBJECT", "FREQ", "key", NULL);
	expect(c, "+OK", "SET", "key", "another value, which is longer", NULL);
	expect(c, ":8", "OBJECT", "FREQ", "key", NULL);
	expect(c, "nil", "OBJECT", "FREQ", "nothing", NULL);
	expect(c,
	       "-ERR An LFU maxmemory policy is selected, idle time not tracked. Please note that when switching "
	       "between policies at runtime LRU and LFU data will take some time to adjust.",
	       "OBJECT", "IDLETIME", "key", NULL);
	expect(c, "+OK", "CONFIG", "SET", "lfu-log-factor", "10", NULL);
	expect(c, "-ERR wrong number of arguments for 'object|freq' command", "OBJECT", "FREQ", NULL);
}
END_TEST

/* --- MEMORY ------------------------------------------------------------------------------------------------------ */

START_TEST(memory_commands)
{
	struct client *c = unlimited(_i);

	expect(c, "+OK", "SET", "key", "value", NULL);
	expect_like(c,
		    _i == 2 ? "[ $peak.allocated :* $startup.allocated :*"
			    : "{ $peak.allocated :* $startup.allocated :*",
		    "MEMORY", "STATS", NULL);
	expect_like(c, "*$db.0*$overhead.hashtable.main :*$keys.count :1 *$fragmentation.bytes :*", "MEMORY", "STATS",
		    NULL);
	expect_like(c, _i == 2 ? "$*" : "=txt:*", "MEMORY", "DOCTOR", NULL);
	expect(c, "+OK", "MEMORY", "PURGE", NULL);
	expect_like(c, "[ +MEMORY <subcommand>*+PURGE*+STATS*", "MEMORY", "HELP", NULL);
	expect(c, "-ERR wrong number of arguments for 'memory|stats' command", "MEMORY", "STATS", "x", NULL);
	expect(c, "-ERR wrong number of arguments for 'memory|doctor' command", "MEMORY", "DOCTOR", "x", NULL);
	expect(c, "-ERR wrong number of arguments for 'memory|purge' command", "MEMORY", "PURGE", "x", NULL);
}
END_TEST

/* What the shards have counted against what the allocator has handed out, for keys of several sizes: within 3%. A
 * sanitizer's allocator does not say. */
START_TEST(counted_as_the_allocator_counts)
{
	struct server *server;
	struct client *c;
	long long used, allocated;
	char allocator[64];

	if (is_sanitized())
		return;
	server = server_start(NULL);
	c = client_open(server, 2);
	info_text(c, "mem_allocator", allocator, sizeof(allocator));
	fill(c, "small", 150000, 20, 0);
	fill(c, "mortal", 30000, 100, 10000);
	fill(c, "middle", 18000, 900, 0);
	fill(c, "large", 2000, 3000, 0);
	used = info_number(c, "used_memory");
	allocated = info_number(c, "allocator_allocated");
	if (strncmp(allocator, "jemalloc", 8) == 0) {
		ck_assert_msg(llabs(used - allocated) < allocated * 3 / 100, "used %lld, allocated %lld", used,
			      allocated);
	}
	server_stop(server);
}
END_TEST

Suite *memory_suite(void)
{
	Suite *suite = suite_create("memory");
	TCase *common = shared_case(suite, "limits and uses");
	TCase *alone = alone_case(suite, "sums");

	tcase_add_loop_test(common, without_eviction_writers_hear_of_it, 2, 4);
	tcase_add_loop_test(common, refusals_are_counted, 2, 4);
	tcase_add_loop_test(common, transactions_are_refused, 2, 4);
	tcase_add_loop_test(common, settings, 2, 4);
	tcase_add_test(common, a_lowered_limit_evicts);
	tcase_add_test(common, eviction_is_timed);
	tcase_add_loop_test(common, all_keys_make_room, 0, sizeof(of_all_keys) / sizeof(of_all_keys[0]));
	tcase_add_loop_test(common, only_mortal_keys_make_room, 0, sizeof(of_mortal_keys) / sizeof(of_mortal_keys[0]));
	tcase_add_test(common, next_to_die_goes_first);
	tcase_add_test(common, often_used_keys_stay);
	tcase_add_loop_test(common, idle_time, 2, 4);
	tcase_add_loop_test(common, frequency, 2, 4);
	tcase_add_loop_test(common, memory_commands, 2, 4);
	tcase_add_test(alone, counted_as_the_allocator_counts);
	return suite;
}
