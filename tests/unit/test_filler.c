/* Filling a keyspace from several threads. Each test runs with no thread, with one and with three. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/settings.h"
#include "persist/filler.h"
#include "suites.h"

enum { NOW = 1000000000, DATABASES = 16 };

static const unsigned thread_counts[] = {0, 1, 3};

static struct keyspace *keyspace;
static struct filler *filler;

static void setup(int variant)
{
	struct keyspace_options options = {.shards = 32, .databases = DATABASES, .locking = true, .seed = {{1, 2}}};

	keyspace = keyspace_new(&options);
	ck_assert_ptr_nonnull(keyspace);
	filler = filler_new(keyspace, thread_counts[variant], NOW);
	ck_assert_ptr_nonnull(filler);
}

static void teardown(void)
{
	filler_free(filler);
	keyspace_free(keyspace);
}

static struct rdb_record record(unsigned db, const char *key, struct slice value)
{
	return (struct rdb_record){
		.db = db, .key = slice_of(key), .value = value, .idle = RDB_NOT_GIVEN, .freq = RDB_NOT_GIVEN};
}

static void put(unsigned db, const char *key, const char *value)
{
	struct rdb_record given = record(db, key, slice_of(value));

	ck_assert_msg(filler_put(filler, &given, NULL), "%s", filler_error(filler));
}

/* What the keyspace has for the key; NULL: nothing. */
static struct entry *find(unsigned db, struct slice name)
{
	struct key key = keyspace_key(keyspace, name);

	key.no_touch = true;
	return keyspace_find(keyspace, db, &key, NOW);
}

static void expect(unsigned db, const char *key, const char *value)
{
	struct entry *entry = find(db, slice_of(key));

	ck_assert_msg(entry != NULL, "%s is not there", key);
	ck_assert(slice_equal(entry_value(entry), slice_of(value)));
}

START_TEST(many_keys_arrive)
{
	char key[32], value[32];

	setup(_i);
	for (unsigned i = 0; i < 30000; i++) {
		snprintf(key, sizeof(key), "key:%u", i);
		snprintf(value, sizeof(value), "value %u", i);
		put(i % 3, key, value);
	}
	ck_assert(filler_wait(filler));
	for (unsigned db = 0; db < 3; db++)
		ck_assert_uint_eq(keyspace_size(keyspace, db), 10000);
	for (unsigned i = 0; i < 30000; i++) {
		snprintf(key, sizeof(key), "key:%u", i);
		snprintf(value, sizeof(value), "value %u", i);
		expect(i % 3, key, value);
	}
	teardown();
}
END_TEST

START_TEST(a_wait_is_not_the_end)
{
	setup(_i);
	ck_assert(filler_wait(filler));
	put(0, "a", "1");
	ck_assert(filler_wait(filler));
	expect(0, "a", "1");
	put(15, "a", "2");
	put(0, "", "");
	ck_assert(filler_wait(filler));
	expect(15, "a", "2");
	expect(0, "", "");
	teardown();
}
END_TEST

START_TEST(times_to_live_arrive)
{
	struct rdb_record lives = record(0, "lives", SLICE("1")), dead = record(0, "dead", SLICE("2"));

	setup(_i);
	lives.expire_at = NOW + 5000;
	dead.expire_at = NOW - 5000;
	keyspace_keep_dead(keyspace, true);
	ck_assert(filler_put(filler, &lives, NULL) && filler_put(filler, &dead, NULL) && filler_wait(filler));
	ck_assert_int_eq(entry_expire_at(find(0, SLICE("lives"))), NOW + 5000);
	ck_assert_int_eq(entry_expire_at(find(0, SLICE("dead"))), NOW - 5000);
	keyspace_keep_dead(keyspace, false);
	ck_assert_ptr_null(find(0, SLICE("dead")));
	teardown();
}
END_TEST

START_TEST(usage_arrives)
{
	struct rdb_record idle = record(0, "idle", SLICE("1")), frequent = record(0, "frequent", SLICE("2"));

	setup(_i);
	idle.idle = 77;
	setting_put(&settings.maxmemory_policy, POLICY_ALL_KEYS | POLICY_LRU);
	ck_assert(filler_put(filler, &idle, NULL) && filler_wait(filler));
	ck_assert_int_eq(keyspace_idle(find(0, SLICE("idle")), NOW), 77);
	setting_put(&settings.maxmemory_policy, POLICY_ALL_KEYS | POLICY_LFU);
	frequent.freq = 99;
	ck_assert(filler_put(filler, &frequent, NULL) && filler_wait(filler));
	ck_assert_uint_eq(keyspace_freq(find(0, SLICE("frequent")), NOW), 99);
	setting_put(&settings.maxmemory_policy, 0);
	teardown();
}
END_TEST

START_TEST(large_values_arrive)
{
	size_t len = 300000;
	char *bytes = malloc(len);
	struct rdb_record copied, given;
	struct block *block;

	setup(_i);
	memset(bytes, 'x', len);
	copied = record(0, "copied", (struct slice){bytes, len});
	given = record(0, "given", (struct slice){bytes, len});
	block = block_of(given.value);
	ck_assert(filler_put(filler, &copied, NULL) && filler_put(filler, &given, block) && filler_wait(filler));
	ck_assert(slice_equal(entry_value(find(0, SLICE("copied"))), (struct slice){bytes, len}));
	ck_assert_ptr_eq(entry_block(find(0, SLICE("given"))), block);
	ck_assert(!block_is_shared(block));
	teardown();
	free(bytes);
}
END_TEST

START_TEST(keys_may_be_larger_than_a_batch)
{
	size_t len = 200000;
	char *bytes = malloc(len);
	struct rdb_record large = record(0, "", SLICE("value"));

	setup(_i);
	memset(bytes, 'k', len);
	put(0, "before", "1");
	for (large.key = (struct slice){bytes, len}; large.key.len > len - 20; large.key.len--)
		ck_assert(filler_put(filler, &large, NULL));
	put(0, "behind", "2");
	ck_assert(filler_wait(filler));
	ck_assert_uint_eq(keyspace_size(keyspace, 0), 22);
	ck_assert_ptr_nonnull(find(0, (struct slice){bytes, len}));
	expect(0, "before", "1");
	expect(0, "behind", "2");
	teardown();
	free(bytes);
}
END_TEST

START_TEST(a_key_that_comes_twice_is_an_error)
{
	struct rdb_record twice = record(2, "twice", SLICE("2")), later = record(0, "later", SLICE("3"));

	setup(_i);
	put(2, "twice", "1");
	put(3, "twice", "1");
	ck_assert(filler_wait(filler));
	filler_put(filler, &twice, block_of(SLICE("in a block")));
	ck_assert(!filler_wait(filler));
	ck_assert_str_eq(filler_error(filler), "the key 'twice' is there twice in database 2");
	expect(2, "twice", "1");
	/* Nothing works any more, and nothing is lost of what is handed over. */
	ck_assert(!filler_put(filler, &later, block_of(SLICE("another"))));
	ck_assert(!filler_wait(filler));
	ck_assert_str_eq(filler_error(filler), "the key 'twice' is there twice in database 2");
	teardown();
}
END_TEST

START_TEST(what_was_not_waited_for_is_freed)
{
	char key[32];

	setup(_i);
	for (unsigned i = 0; i < 20000; i++) {
		struct rdb_record given;

		snprintf(key, sizeof(key), "key:%u", i);
		given = record(0, key, SLICE(""));
		ck_assert(filler_put(filler, &given, block_of(SLICE("in a block"))));
	}
	teardown();
}
END_TEST

Suite *filler_suite(void)
{
	Suite *suite = suite_create("filler");
	TCase *tcase = tcase_create("filler");
	int variants = sizeof(thread_counts) / sizeof(thread_counts[0]);

	tcase_add_loop_test(tcase, many_keys_arrive, 0, variants);
	tcase_add_loop_test(tcase, a_wait_is_not_the_end, 0, variants);
	tcase_add_loop_test(tcase, times_to_live_arrive, 0, variants);
	tcase_add_loop_test(tcase, usage_arrives, 0, variants);
	tcase_add_loop_test(tcase, large_values_arrive, 0, variants);
	tcase_add_loop_test(tcase, keys_may_be_larger_than_a_batch, 0, variants);
	tcase_add_loop_test(tcase, a_key_that_comes_twice_is_an_error, 0, variants);
	tcase_add_loop_test(tcase, what_was_not_waited_for_is_freed, 0, variants);
	suite_add_tcase(suite, tcase);
	return suite;
}
