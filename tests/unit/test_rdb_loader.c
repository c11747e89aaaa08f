/* Loading an RDB file into a keyspace: what is counted, dropped, merged and told. With no thread that sets keys, and
 * with two. */
#include <fcntl.h>
#include <stdio.h>
#include <string.h>

#include "base/clock.h"
#include "base/settings.h"
#include "persist/file.h"
#include "persist/rdb_loader.h"
#include "persist/rdb_writer.h"
#include "scratch.h"
#include "suites.h"

enum { NOW = 1000000000, DATABASES = 16, MANY = 3000 };

static struct keyspace *keyspace;
static struct load_progress progress;
static struct load_fault fault;
static struct buffer file;
static struct rdb_writer writer;
static uint64_t end;

static int keep(void *arg, const void *bytes, size_t len)
{
	buffer_append(arg, bytes, len);
	return 0;
}

static void setup(void)
{
	struct keyspace_options options = {.shards = 32, .databases = DATABASES, .locking = true, .seed = {{1, 2}}};
	struct rdb_writer_options written = {.checksum = true, .used_memory = 4711};

	scratch_setup();
	keyspace = keyspace_new(&options);
	ck_assert_ptr_nonnull(keyspace);
	memset(&progress, 0, sizeof(progress));
	memset(&fault, 0, sizeof(fault));
	file = (struct buffer){0};
	ck_assert_int_eq(rdb_writer_begin(&writer, (struct rdb_sink){keep, &file}, &written), 0);
}

static void teardown(void)
{
	rdb_writer_free(&writer);
	buffer_free(&file);
	keyspace_free(keyspace);
	scratch_teardown();
}

static void put(unsigned db, const char *key, const char *value, int64_t expire_at)
{
	struct rdb_record record = {.db = db,
				    .key = slice_of(key),
				    .value = slice_of(value),
				    .expire_at = expire_at,
				    .idle = RDB_NOT_GIVEN,
				    .freq = RDB_NOT_GIVEN};

	ck_assert_int_eq(rdb_writer_entry(&writer, &record), 0);
}

static void put_many(void)
{
	for (int i = 0; i < MANY; i++) {
		char key[32];

		snprintf(key, sizeof(key), "key:%d", i);
		put(0, key, key, 0);
	}
}

/* Loads what the buffer has, with so many threads besides. */
static bool load_bytes(struct rdb_load load, int variant)
{
	bool good;
	int fd;

	load.keyspace = keyspace;
	load.progress = &progress;
	load.threads = variant == 0 ? 0 : 2;
	load.now = NOW;
	scratch_write("file", buffer_slice(&file));
	fd = file_open(scratch_path("file"), O_RDONLY);
	ck_assert_int_ge(fd, 0);
	good = rdb_load(&load, fd, file.len, &end, &fault);
	file_close(fd);
	return good;
}

static bool load(struct rdb_load load, int variant)
{
	ck_assert_int_eq(rdb_writer_finish(&writer), 0);
	return load_bytes(load, variant);
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

START_TEST(keys_arrive_and_are_counted)
{
	put_many();
	put(7, "seven", "7", NOW + 1);
	ck_assert_msg(load((struct rdb_load){0}, _i), "%s", fault.error);
	expect(0, "key:0", "key:0");
	expect(0, "key:2999", "key:2999");
	expect(7, "seven", "7");
	ck_assert_int_eq(entry_expire_at(find(7, "seven")), NOW + 1);
	ck_assert_uint_eq(end, file.len);
	ck_assert_uint_eq(progress.loaded, MANY + 1);
	ck_assert_uint_eq(progress.expired, 0);
	ck_assert_uint_eq(progress.used_memory, 4711);
	ck_assert_uint_gt(progress.done, MANY);
	ck_assert_uint_le(progress.done, file.len);
}
END_TEST

/* Behind an RDB file commands may follow, which may know better: then what is dead is kept. */
START_TEST(dead_keys_are_dropped_when_told_so)
{
	bool drop = _i % 2 == 1;

	put(0, "alive", "1", NOW);
	put(0, "dead", "2", NOW - 1);
	keyspace_keep_dead(keyspace, true);
	ck_assert_msg(load((struct rdb_load){.drop_dead = drop}, _i / 2), "%s", fault.error);
	expect(0, "alive", "1");
	ck_assert((find(0, "dead") == NULL) == drop);
	ck_assert_uint_eq(progress.expired, drop);
	ck_assert_uint_eq(progress.loaded, 2 - drop);
}
END_TEST

START_TEST(what_follows_is_left)
{
	put(0, "a", "1", 0);
	ck_assert_int_eq(rdb_writer_finish(&writer), 0);
	buffer_append_text(&file, "*1\r\n$4\r\nPING\r\n");
	ck_assert_msg(load_bytes((struct rdb_load){0}, _i), "%s", fault.error);
	ck_assert_uint_eq(end, file.len - 14);
	expect(0, "a", "1");
}
END_TEST

static void set_before(const char *name, const char *value)
{
	struct key key = keyspace_key(keyspace, slice_of(name));

	ck_assert_ptr_nonnull(keyspace_set(keyspace, 0, &key, NULL, slice_of(value), NOW + 1000));
}

START_TEST(a_key_that_is_there_is_an_error)
{
	set_before("a", "before");
	put(0, "a", "file", 0);
	ck_assert(!load((struct rdb_load){0}, _i));
	ck_assert_str_eq(fault.error, "the key 'a' is there twice in database 0");
	ck_assert(!fault.damaged);
	expect(0, "a", "before");
}
END_TEST

/* ... or is replaced, time to live and all, by values small and large. */
START_TEST(a_key_that_is_there_is_replaced)
{
	static char large[200000];

	memset(large, 'x', sizeof(large) - 1);
	set_before("a", "before");
	set_before("b", "before");
	set_before("c", "before");
	put(0, "a", "file", 0);
	put(0, "b", large, 0);
	ck_assert_msg(load((struct rdb_load){.merge = true}, _i), "%s", fault.error);
	expect(0, "a", "file");
	expect(0, "b", large);
	expect(0, "c", "before");
	ck_assert_int_eq(entry_expire_at(find(0, "a")), 0);
	ck_assert_int_eq(entry_expire_at(find(0, "b")), 0);
}
END_TEST

START_TEST(damage_is_told_with_its_place)
{
	put(0, "a", "1", 0);
	ck_assert_int_eq(rdb_writer_finish(&writer), 0);
	file.data[file.len - 1] ^= 1;
	ck_assert(!load_bytes((struct rdb_load){0}, _i));
	ck_assert(fault.damaged);
	ck_assert_uint_eq(fault.offset, file.len - 8);
	ck_assert_ptr_nonnull(strstr(fault.error, "checksum"));
	file.len -= 9;
	ck_assert(!load_bytes((struct rdb_load){.merge = true}, _i));
	ck_assert(fault.damaged);
	ck_assert_uint_eq(fault.offset, file.len);
}
END_TEST

START_TEST(what_cubby_has_not_is_no_damage)
{
	buffer_append(&file, "REDIS0010\x01\x01l\x00", 13);
	ck_assert(!load_bytes((struct rdb_load){0}, _i));
	ck_assert(!fault.damaged);
	ck_assert_ptr_nonnull(strstr(fault.error, "list"));
}
END_TEST

START_TEST(it_stops_when_told_so)
{
	put_many();
	atomic_store(&progress.stop, true);
	ck_assert(!load((struct rdb_load){0}, _i));
	ck_assert_str_eq(fault.error, "stopped");
	ck_assert(!fault.damaged);
	ck_assert_ptr_null(find(0, "key:2999"));
}
END_TEST

/* --- key-load-delay ----------------------------------------------------------------------------------------------- */

static uint64_t delayed_ms(int64_t delay, size_t keys)
{
	uint64_t began = clock_monotonic_ns();

	setting_put(&settings.key_load_delay, delay);
	load_progress_delay(&progress, keys);
	setting_put(&settings.key_load_delay, 0);
	return (clock_monotonic_ns() - began) / 1000000;
}

START_TEST(loading_can_be_slowed_down)
{
	ck_assert_uint_ge(delayed_ms(1000, 30), 30);
	ck_assert_uint_ge(delayed_ms(-10, 200000), 20);
	/* an end is not waited for: these would take an hour */
	atomic_store(&progress.stop, true);
	ck_assert_uint_lt(delayed_ms(INT32_MAX, 2), 60 * 1000);
}
END_TEST

Suite *rdb_loader_suite(void)
{
	Suite *suite = suite_create("rdb_loader");
	TCase *files = tcase_create("files");

	tcase_add_checked_fixture(files, setup, teardown);
	tcase_add_loop_test(files, keys_arrive_and_are_counted, 0, 2);
	tcase_add_loop_test(files, dead_keys_are_dropped_when_told_so, 0, 4);
	tcase_add_loop_test(files, what_follows_is_left, 0, 2);
	tcase_add_loop_test(files, a_key_that_is_there_is_an_error, 0, 2);
	tcase_add_loop_test(files, a_key_that_is_there_is_replaced, 0, 2);
	tcase_add_loop_test(files, damage_is_told_with_its_place, 0, 2);
	tcase_add_loop_test(files, what_cubby_has_not_is_no_damage, 0, 2);
	tcase_add_loop_test(files, it_stops_when_told_so, 0, 2);
	tcase_add_test(files, loading_can_be_slowed_down);
	suite_add_tcase(suite, files);
	return suite;
}
