/* The journal: what units look like in the stream, and what readers see of it. */
#include <check.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/buffer.h"
#include "base/clock.h"
#include "persist/journal.h"
#include "store/memory.h"
#include "suites.h"

static struct keyspace *keyspace;
static struct journal_reader reader;

static const struct keyspace_options options = {.shards = 4, .databases = 16, .locking = false};

/* The journal is the process's, and each test runs in a process of its own. */
static void setup(void)
{
	journal_init(false);
	keyspace = keyspace_new(&options);
	ck_assert(keyspace != NULL);
	ck_assert(journal_attach(&reader, JOURNAL_NOW));
	keyspace_record(keyspace, journal_effects());
}

static void teardown(void)
{
	keyspace_record(keyspace, NULL);
	keyspace_free(keyspace);
	journal_detach(&reader);
	journal_thread_end();
	journal_free();
}

/* --- changing ----------------------------------------------------------------------------------------------------- */

static struct entry *find(unsigned db, const char *name, struct key *key)
{
	*key = keyspace_key(keyspace, slice_of(name));
	keyspace_lock_shard(keyspace, key->shard);
	return keyspace_find(keyspace, db, key, 1);
}

static void unlock(const struct key *key)
{
	keyspace_unlock_shard(keyspace, key->shard);
}

static void set_bytes(unsigned db, const char *name, struct slice value, int64_t expire_at)
{
	struct key key;
	struct entry *found = find(db, name, &key);

	ck_assert(keyspace_set(keyspace, db, &key, found, value, expire_at) != NULL);
	unlock(&key);
}

static void set(unsigned db, const char *name, const char *value)
{
	set_bytes(db, name, slice_of(value), KEYSPACE_PERSIST);
}

static void expire(const char *name, int64_t at)
{
	struct key key;
	struct entry *found = find(0, name, &key);

	ck_assert(keyspace_expire(keyspace, 0, &key, found, at) != NULL);
	unlock(&key);
}

static void delete (const char *name)
{
	struct key key;
	struct entry *found = find(0, name, &key);

	keyspace_delete(keyspace, 0, &key, found, false);
	unlock(&key);
}

/* --- reading ------------------------------------------------------------------------------------------------------ */

/* Reads all there is, `some` bytes at a time. The caller frees it. */
static struct buffer read_all(struct journal_reader *from, size_t some)
{
	struct buffer all = {0};
	struct iovec pieces[3];
	size_t count;

	while ((count = journal_peek(from, pieces, 3, some)) > 0) {
		size_t len = pieces[0].iov_len < some ? pieces[0].iov_len : some;

		buffer_append(&all, pieces[0].iov_base, len);
		journal_advance(from, len);
	}
	ck_assert_uint_eq(journal_behind(from), 0);
	return all;
}

/* What the test's reader has not read yet, with a space for each line's end. */
static void expect_read(const char *want)
{
	struct buffer all = read_all(&reader, SIZE_MAX);
	char *text = calloc(1, all.len + 1);

	for (size_t i = 0, at = 0; i < all.len; i++) {
		if (all.data[i] == '\r')
			text[at++] = ' ';
		else if (all.data[i] != '\n')
			text[at++] = all.data[i];
	}
	ck_assert_str_eq(text, want);
	free(text);
	buffer_free(&all);
}

/* --- units -------------------------------------------------------------------------------------------------------- */

START_TEST(every_change_is_an_absolute_effect)
{
	set(0, "key", "value");
	expect_read("*2 $6 SELECT $1 0 *3 $3 SET $3 key $5 value ");
	set_bytes(0, "key", SLICE("again"), 12345);
	expect_read("*5 $3 SET $3 key $5 again $4 PXAT $5 12345 ");
	expire("key", 54321);
	expect_read("*3 $9 PEXPIREAT $3 key $5 54321 ");
	expire("key", KEYSPACE_PERSIST);
	expect_read("*2 $7 PERSIST $3 key ");
	delete ("key");
	expect_read("*2 $3 DEL $3 key ");
}
END_TEST

START_TEST(another_database_is_selected)
{
	set(3, "a", "1");
	set(3, "b", "2");
	set(0, "c", "3");
	expect_read("*2 $6 SELECT $1 3 *3 $3 SET $1 a $1 1 *3 $3 SET $1 b $1 2 "
		    "*2 $6 SELECT $1 0 *3 $3 SET $1 c $1 3 ");
	journal_forget_db();
	set(0, "c", "4");
	expect_read("*2 $6 SELECT $1 0 *3 $3 SET $1 c $1 4 ");
}
END_TEST

START_TEST(what_changes_under_one_lock_is_a_transaction)
{
	struct key key = keyspace_key(keyspace, SLICE("a"));
	struct entry *entry;

	keyspace_lock_all(keyspace);
	entry = keyspace_set(keyspace, 1, &key, NULL, SLICE("1"), KEYSPACE_PERSIST);
	ck_assert(keyspace_move(keyspace, 1, &key, entry, 2));
	keyspace_unlock_all(keyspace);
	expect_read("*2 $6 SELECT $1 1 *1 $5 MULTI *3 $3 SET $1 a $1 1 *2 $3 DEL $1 a "
		    "*2 $6 SELECT $1 2 *3 $3 SET $1 a $1 1 *1 $4 EXEC ");
	set(2, "b", "2");
	expect_read("*3 $3 SET $1 b $1 2 ");
}
END_TEST

START_TEST(flushes_and_swaps)
{
	keyspace_lock_all(keyspace);
	keyspace_flush(keyspace, 5);
	keyspace_unlock_all(keyspace);
	keyspace_lock_all(keyspace);
	keyspace_flush(keyspace, KEYSPACE_ALL_DATABASES);
	keyspace_unlock_all(keyspace);
	keyspace_lock_all(keyspace);
	keyspace_swap(keyspace, 1, 15);
	keyspace_unlock_all(keyspace);
	expect_read("*2 $6 SELECT $1 5 *1 $7 FLUSHDB *1 $8 FLUSHALL *3 $6 SWAPDB $1 1 $2 15 ");
}
END_TEST

/* --- the stream --------------------------------------------------------------------------------------------------- */

/* A large value, and small ones around it, come out as they went in, however they are cut. */
START_TEST(large_values_stand_between_small_ones)
{
	enum { LARGE = 1000 * 1000 };
	struct journal_reader second;
	char *large = malloc(LARGE);
	struct buffer one, two;

	for (size_t i = 0; i < LARGE; i++)
		large[i] = (char)('a' + i % 23);
	ck_assert(journal_attach(&second, JOURNAL_NOW));
	set(0, "before", "1");
	set_bytes(0, "large", (struct slice){large, LARGE}, 99);
	set_bytes(0, "twice", (struct slice){large, LARGE}, KEYSPACE_PERSIST);
	set(0, "behind", "2");
	one = read_all(&reader, SIZE_MAX);
	two = read_all(&second, 777);
	ck_assert_uint_gt(one.len, 2 * LARGE);
	ck_assert_uint_eq(one.len, two.len);
	ck_assert_mem_eq(one.data, two.data, one.len);
	ck_assert_mem_eq(one.data + one.len - 32, "*3\r\n$3\r\nSET\r\n$6\r\nbehind\r\n$1\r\n2\r\n", 32);
	journal_detach(&second);
	buffer_free(&one);
	buffer_free(&two);
	free(large);
}
END_TEST

START_TEST(a_reader_attaches_where_another_has_not_been)
{
	struct journal_reader second;
	uint64_t start = journal_position();
	struct buffer one, two;

	for (int i = 0; i < 50 * 1000; i++) /* many chunks */
		set(0, "key", "some value");
	ck_assert(journal_attach(&second, start));
	one = read_all(&reader, 100 * 1000);
	two = read_all(&second, SIZE_MAX);
	ck_assert_uint_eq(one.len, journal_position() - start);
	ck_assert_uint_eq(one.len, two.len);
	ck_assert_mem_eq(one.data, two.data, one.len);
	journal_detach(&second);
	ck_assert(!journal_attach(&second, start)); /* nobody has kept them */
	ck_assert(!journal_attach(&second, journal_position() + 1));
	buffer_free(&one);
	buffer_free(&two);
}
END_TEST

START_TEST(nothing_is_recorded_without_readers)
{
	uint64_t before = journal_position();

	keyspace_record(keyspace, NULL);
	set(0, "key", "value");
	ck_assert_uint_eq(journal_position(), before);
	keyspace_record(keyspace, journal_effects());
}
END_TEST

static void *no_memory(size_t size)
{
	(void)size;
	return NULL;
}

START_TEST(without_memory_a_unit_is_lost_and_all_that_follows_until_it_is_mended)
{
	static char large[100 * 1000];
	struct slice value = {large, sizeof(large)};
	uint64_t before;
	struct key key;

	set(0, "first", "value");
	before = journal_position();
	ck_assert(keyspace_set(keyspace, 0, &key, find(0, "key", &key), value, KEYSPACE_PERSIST) != NULL);
	store_malloc = no_memory;
	unlock(&key);
	store_malloc = malloc;
	ck_assert(journal_is_broken());
	set(0, "second", "value");
	ck_assert_uint_eq(journal_position(), before);
	ck_assert_uint_eq(journal_own(), before);
	journal_mend();
	ck_assert(!journal_is_broken());
	set(0, "third", "value");
	expect_read("*2 $6 SELECT $1 0 *3 $3 SET $5 first $5 value *2 $6 SELECT $1 0 *3 $3 SET $5 third $5 value ");
}
END_TEST

/* --- positions ---------------------------------------------------------------------------------------------------- */

static void count_call(void *arg)
{
	++*(int *)arg;
}

START_TEST(replies_wait_for_what_is_not_released)
{
	int calls = 0;

	journal_on_release(count_call, &calls);
	set(0, "key", "value");
	ck_assert_uint_eq(journal_hold(), 0); /* nothing holds */
	journal_release(0);
	ck_assert_uint_eq(journal_hold(), journal_position());
	journal_release(journal_position());
	ck_assert_uint_eq(journal_hold(), 0);
	journal_set_synced(7);
	ck_assert_uint_eq(journal_synced(), 7);
	journal_stall(true);
	ck_assert(journal_is_stalled());
	journal_stall(false);
	ck_assert(!journal_is_stalled());
	ck_assert_int_eq(calls, 5);
	journal_on_release(NULL, NULL);
}
END_TEST

/* --- threads ------------------------------------------------------------------------------------------------------ */

enum { WRITERS = 3, WRITES = 20000 };

static void *write_much(void *arg)
{
	const char *name = arg;

	for (int i = 0; i < WRITES; i++) {
		char value[16];

		snprintf(value, sizeof(value), "%d", i);
		set(0, name, value);
		if (i % 16 == 0)
			journal_kick();
	}
	journal_kick();
	journal_thread_end();
	return NULL;
}

/* Each writer's own changes come in their order, and none is missing. */
static void expect_order(const char *stream, const char *name)
{
	char head[32];

	snprintf(head, sizeof(head), "SET\r\n$1\r\n%s\r\n$", name);
	for (int i = 0; i < WRITES; i++) {
		stream = strstr(stream, head);
		ck_assert(stream != NULL);
		stream = strchr(stream + strlen(head), '\n') + 1;
		ck_assert_int_eq(atoi(stream), i);
	}
	ck_assert(strstr(stream, head) == NULL);
}

START_TEST(writers_share_the_stream)
{
	struct keyspace_options shared = {.shards = 4, .databases = 1, .locking = true};
	static char names[WRITERS][2] = {"a", "b", "c"};
	pthread_t threads[WRITERS];
	struct buffer all = {0};
	uint64_t size = 0;
	uint64_t deadline = clock_monotonic_ns() + 50ULL * 1000 * 1000 * 1000;

	teardown();
	journal_init(true);
	keyspace = keyspace_new(&shared);
	ck_assert(journal_attach(&reader, JOURNAL_NOW));
	keyspace_record(keyspace, journal_effects());
	for (int i = 0; i < WRITERS; i++)
		pthread_create(&threads[i], NULL, write_much, names[i]);
	for (int i = 0; i < WRITERS; i++) /* the bytes of what is written: for each number as many as it has digits */
		for (int value = 0; value < WRITES; value++)
			size += (uint64_t)snprintf(NULL, 0, "*3\r\n$3\r\nSET\r\n$1\r\na\r\n$1\r\n%d\r\n", value);
	size += 23; /* SELECT */
	while (all.len < size && clock_monotonic_ns() < deadline) {
		struct buffer some;

		journal_sleep(&reader, 1000);
		some = (struct buffer){0};
		for (struct iovec piece; journal_peek(&reader, &piece, 1, SIZE_MAX) > 0;) {
			buffer_append(&all, piece.iov_base, piece.iov_len);
			journal_advance(&reader, piece.iov_len);
		}
		buffer_free(&some);
	}
	for (int i = 0; i < WRITERS; i++)
		pthread_join(threads[i], NULL);
	ck_assert_uint_eq(all.len, size);
	buffer_append_char(&all, '\0');
	for (int i = 0; i < WRITERS; i++)
		expect_order(all.data, names[i]);
	buffer_free(&all);
}
END_TEST

static void *wake_reader(void *arg)
{
	journal_wake(arg);
	return NULL;
}

START_TEST(a_sleeping_reader_is_woken)
{
	uint64_t began = clock_monotonic_ns();
	pthread_t thread;

	pthread_create(&thread, NULL, wake_reader, &reader);
	journal_sleep(&reader, 50 * 1000);
	pthread_join(thread, NULL);
	ck_assert_uint_lt(clock_monotonic_ns() - began, 40ULL * 1000 * 1000 * 1000);
	journal_sleep(&reader, 1); /* the time is over */
}
END_TEST

Suite *journal_suite(void)
{
	Suite *suite = suite_create("journal");
	TCase *tcase = tcase_create("journal");

	tcase_add_checked_fixture(tcase, setup, teardown);
	tcase_add_test(tcase, every_change_is_an_absolute_effect);
	tcase_add_test(tcase, another_database_is_selected);
	tcase_add_test(tcase, what_changes_under_one_lock_is_a_transaction);
	tcase_add_test(tcase, flushes_and_swaps);
	tcase_add_test(tcase, large_values_stand_between_small_ones);
	tcase_add_test(tcase, a_reader_attaches_where_another_has_not_been);
	tcase_add_test(tcase, nothing_is_recorded_without_readers);
	tcase_add_test(tcase, without_memory_a_unit_is_lost_and_all_that_follows_until_it_is_mended);
	tcase_add_test(tcase, replies_wait_for_what_is_not_released);
	tcase_add_test(tcase, writers_share_the_stream);
	tcase_add_test(tcase, a_sleeping_reader_is_woken);
	suite_add_tcase(suite, tcase);
	return suite;
}
