/* Running the commands of an append-only file. */
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/buffer.h"
#include "base/settings.h"
#include "commands_text.h"
#include "persist/file.h"
#include "scratch.h"
#include "server/replay.h"
#include "suites.h"

enum { NOW = 1000000000 };

static struct keyspace *keyspace;
static struct replay replay;
static struct load_progress progress;
static struct load_fault fault;
static struct buffer file;
static uint64_t valid;

static void setup(void)
{
	struct keyspace_options options = {.shards = 32, .databases = 16, .locking = true, .seed = {{1, 2}}};

	scratch_setup();
	command_table_init();
	keyspace = keyspace_new(&options);
	ck_assert_ptr_nonnull(keyspace);
	keyspace_keep_dead(keyspace, true);
	ck_assert(replay_init(&replay, keyspace));
	memset(&fault, 0, sizeof(fault));
	file.len = 0;
}

static void teardown(void)
{
	replay_free(&replay);
	keyspace_free(keyspace);
	buffer_free(&file);
	scratch_teardown();
}

/* Appends commands written as "SET a 1;DEL a" to the file. */
static void put(const char *commands)
{
	commands_text_put(&file, commands);
}

static bool run(void)
{
	struct replay_file given = {.size = file.len, .now = NOW, .progress = &progress};
	bool good;

	scratch_write("file", buffer_slice(&file));
	given.fd = file_open(scratch_path("file"), O_RDONLY);
	ck_assert_int_ge(given.fd, 0);
	good = replay_run(&replay, &given, &valid, &fault);
	file_close(given.fd);
	return good;
}

static struct entry *find(unsigned db, const char *name)
{
	struct key key = keyspace_key(keyspace, slice_of(name));

	return keyspace_find(keyspace, db, &key, NOW);
}

static void expect(unsigned db, const char *key, const char *value)
{
	struct entry *entry = find(db, key);

	ck_assert_msg(entry != NULL, "%s is not there", key);
	ck_assert(slice_equal(entry_value(entry), slice_of(value)));
}

START_TEST(commands_are_run_in_their_databases)
{
	put("SET a 1;INCR a;SELECT 3;SET a three;MULTI;SELECT 0;APPEND b xyz;EXEC;RENAME b c");
	ck_assert_msg(run(), "%s", fault.error);
	ck_assert_uint_eq(valid, file.len);
	ck_assert_uint_eq(atomic_load(&progress.done), file.len);
	expect(0, "a", "2");
	expect(3, "a", "three");
	expect(0, "c", "xyz");
	/* Each file begins with database 0. */
	file.len = 0;
	put("SELECT 5;SET x 1");
	ck_assert(run());
	file.len = 0;
	put("SET y 1");
	ck_assert(run());
	expect(0, "y", "1");
}
END_TEST

START_TEST(what_is_dead_stays_until_the_file_says_so)
{
	put("SET a 1 PXAT 5000;SET b 2;PEXPIREAT b 6000;SET c 3 PXAT 7000;PERSIST c;SET d 4;EXPIRE d 10;EXPIRE b -1");
	ck_assert_msg(run(), "%s", fault.error);
	ck_assert_int_eq(entry_expire_at(find(0, "a")), 5000);
	ck_assert_int_eq(entry_expire_at(find(0, "b")), NOW - 1000);
	ck_assert_int_eq(entry_expire_at(find(0, "c")), 0);
	ck_assert_int_eq(entry_expire_at(find(0, "d")), NOW + 10000);
	keyspace_keep_dead(keyspace, false);
	ck_assert_ptr_null(find(0, "a"));
	expect(0, "c", "3");
}
END_TEST

START_TEST(what_changes_nothing_is_passed_over)
{
	put("PING;SET a 1;GET a;SHUTDOWN NOW;SUBSCRIBE x;KEYS *;SET b 2;CONFIG SET maxmemory 1");
	ck_assert_msg(run(), "%s", fault.error);
	expect(0, "a", "1");
	expect(0, "b", "2");
}
END_TEST

START_TEST(what_cubby_has_not_is_named)
{
	put("SET a 1;LPUSH list x");
	ck_assert(!run());
	ck_assert_str_eq(fault.error, "the command 'LPUSH' is none that cubbyd has");
	ck_assert_uint_eq(fault.offset, 27);
	ck_assert(!fault.damaged);
	file.len = 0;
	put("FUNCTION LOAD code");
	ck_assert(!run());
	ck_assert_str_eq(fault.error, "the command 'FUNCTION' is none that cubbyd has");
}
END_TEST

START_TEST(a_command_that_fails_ends_it)
{
	put("SET a 1;SET b text;INCR b;SET c 3");
	ck_assert(!run());
	ck_assert_str_eq(fault.error, "the command 'INCR' failed: ERR value is not an integer or out of range");
	ck_assert_uint_eq(fault.offset, 57);
	ck_assert_ptr_null(find(0, "c"));
}
END_TEST

START_TEST(a_database_must_be_there)
{
	put("SELECT 16;SET a 1");
	ck_assert(!run());
	ck_assert_str_eq(fault.error, "the command 'SELECT' failed: ERR DB index is out of range");
}
END_TEST

START_TEST(damage_is_told_from_an_end_that_comes_too_soon)
{
	size_t whole;

	put("SET a 1");
	whole = file.len;
	put("MULTI;SET b 2");
	ck_assert(run());
	ck_assert_uint_eq(valid, whole);
	expect(0, "a", "1");
	ck_assert_ptr_null(find(0, "b"));
	buffer_append_text(&file, "+OK\r\n");
	ck_assert(!run());
	ck_assert(fault.damaged);
	ck_assert_uint_eq(fault.offset, file.len - 5);
	ck_assert_str_eq(fault.error, "expected '*', got '+'");
}
END_TEST

START_TEST(limits_of_today_are_not_those_of_then)
{
	setting_put(&settings.max_value_size, 4);
	setting_put(&settings.max_key_size, 4);
	setting_put(&settings.maxmemory, 1);
	put("SET long-key 123456;APPEND long-key 789");
	ck_assert_msg(run(), "%s", fault.error);
	setting_put(&settings.max_value_size, 0);
	setting_put(&settings.max_key_size, 0);
	setting_put(&settings.maxmemory, 0);
	expect(0, "long-key", "123456789");
}
END_TEST

START_TEST(it_can_be_stopped)
{
	put("SET a 1");
	atomic_store(&progress.stop, true);
	ck_assert(!run());
	ck_assert_str_eq(fault.error, "stopped");
	atomic_store(&progress.stop, false);
	ck_assert_ptr_null(find(0, "a"));
}
END_TEST

Suite *replay_suite(void)
{
	Suite *suite = suite_create("replay");
	TCase *tcase = tcase_create("replay");

	tcase_add_checked_fixture(tcase, setup, teardown);
	tcase_add_test(tcase, commands_are_run_in_their_databases);
	tcase_add_test(tcase, what_is_dead_stays_until_the_file_says_so);
	tcase_add_test(tcase, what_changes_nothing_is_passed_over);
	tcase_add_test(tcase, what_cubby_has_not_is_named);
	tcase_add_test(tcase, a_command_that_fails_ends_it);
	tcase_add_test(tcase, a_database_must_be_there);
	tcase_add_test(tcase, damage_is_told_from_an_end_that_comes_too_soon);
	tcase_add_test(tcase, limits_of_today_are_not_those_of_then);
	tcase_add_test(tcase, it_can_be_stopped);
	suite_add_tcase(suite, tcase);
	return suite;
}
