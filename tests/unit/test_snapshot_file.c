/* Snapshots as they are written: entries handed over by several threads, the file that is made of them, and what
 * becomes of it when something fails. The walk itself is the store's (test_snapshot_walk.c). */
#include <check.h>
#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/resource.h>
#include <unistd.h>

#include "persist/file.h"
#include "persist/rdb_writer.h"
#include "persist/snapshot.h"
#include "scratch.h"
#include "store/keyspace.h"
#include "suites.h"

enum { SHARDS = 4, NOW = 1000000, FILE_TIME = 1700000000 };

static struct keyspace *keyspace;
static struct snapshot *snapshot;

/* The target and the events, which are the test's own. */
static struct target {
	const char *name; /* of the file that is written to */
	int publish_error;
	uv_sem_t opening; /* the thread waits for it before it begins to write, when `waits` */
	bool waits;
	uv_sem_t done;
	int error; /* once done */
	_Atomic unsigned rooms;
	unsigned publishes;
} target;

static char *target_path(void *arg)
{
	struct target *self = arg;

	if (self->waits)
		uv_sem_wait(&self->opening);
	return self->name != NULL ? strdup(scratch_path(self->name)) : NULL;
}

static int target_publish(void *arg, const char *path)
{
	struct target *self = arg;

	self->publishes++;
	if (self->publish_error != 0)
		return self->publish_error;
	return file_rename(path, scratch_path("dump.rdb"));
}

static void on_room(void *arg)
{
	struct target *self = arg;

	self->rooms++;
}

static void on_done(void *arg, int error)
{
	struct target *self = arg;

	self->error = error;
	uv_sem_post(&self->done);
}

static struct snapshot_options options;

static void setup(void)
{
	struct keyspace_options keyspace_options = {
		.shards = SHARDS, .databases = 16, .locking = true, .seed = {{1, 2}}};

	scratch_setup();
	keyspace = keyspace_new(&keyspace_options);
	ck_assert_ptr_nonnull(keyspace);
	target = (struct target){.name = "temp.rdb"};
	uv_sem_init(&target.opening, 0);
	uv_sem_init(&target.done, 0);
	options = (struct snapshot_options){
		.target = {target_path, target_publish, &target},
		.events = {on_room, on_done, &target},
		.shards = SHARDS,
		.queue_limit = 1024 * 1024,
		.compress = true,
		.checksum = true,
		.now = FILE_TIME,
		.used_memory = 1000000,
	};
}

static void teardown(void)
{
	uv_sem_destroy(&target.opening);
	uv_sem_destroy(&target.done);
	keyspace_free(keyspace);
	scratch_teardown();
}

static void start(void)
{
	int error;

	snapshot = snapshot_start(&options, &error);
	ck_assert_msg(snapshot != NULL, "%s", file_error(error));
}

/* Waits for the end; returns the error. */
static int wait_done(void)
{
	uv_sem_wait(&target.done);
	snapshot_free(snapshot);
	return target.error;
}

static int finish(void)
{
	for (uint32_t shard = 0; shard < SHARDS; shard++) {
		keyspace_lock_shard(keyspace, shard);
		snapshot_shard_done(snapshot, shard);
		keyspace_unlock_shard(keyspace, shard);
	}
	snapshot_finish(snapshot);
	return wait_done();
}

/* Puts a key into the keyspace and hands it over. */
static void put(unsigned db, struct slice name, struct slice value, int64_t expire_at)
{
	struct key key = keyspace_key(keyspace, name);
	struct snapshot_note note = {.shard = key.shard, .db = db, .idle = RDB_NOT_GIVEN, .freq = RDB_NOT_GIVEN};
	struct entry *entry;

	keyspace_lock_shard(keyspace, key.shard);
	entry = keyspace_set(keyspace, db, &key, keyspace_find(keyspace, db, &key, NOW), value, expire_at);
	ck_assert_ptr_nonnull(entry);
	snapshot_take(snapshot, entry, &note);
	keyspace_unlock_shard(keyspace, key.shard);
}

/* --- what is written ---------------------------------------------------------------------------------------------- */

START_TEST(no_keys)
{
	struct rdb_writer writer;
	struct rdb_file file = {.fd = file_open(scratch_path("expected"), O_WRONLY | O_CREAT)};
	struct rdb_writer_options expected = {
		.compress = true, .checksum = true, .aof_base = true, .now = FILE_TIME, .used_memory = 1000000};
	struct buffer bytes = {0};

	ck_assert_int_eq(rdb_writer_begin(&writer, rdb_file_sink(&file), &expected), 0);
	ck_assert_int_eq(rdb_writer_finish(&writer), 0);
	rdb_writer_free(&writer);
	file_close(file.fd);
	ck_assert_int_eq(file_read_all(scratch_path("expected"), SIZE_MAX, &bytes), 0);

	options.aof_base = true;
	start();
	ck_assert_int_eq(finish(), 0);
	scratch_expect("dump.rdb", buffer_slice(&bytes));
	ck_assert_uint_eq(scratch_count(), 2);
	buffer_free(&bytes);
}
END_TEST

/* One shard has its entries written in the order in which it hands them over. */
START_TEST(records)
{
	struct rdb_writer writer;
	struct rdb_file file = {.fd = file_open(scratch_path("expected"), O_WRONLY | O_CREAT)};
	struct rdb_writer_options expected = {
		.compress = true, .checksum = true, .now = FILE_TIME, .used_memory = 1000000};
	struct rdb_record record = {
		.db = 3, .key = SLICE("k"), .value = SLICE("12345"), .idle = 77, .freq = RDB_NOT_GIVEN};
	struct snapshot_note note = {.db = 3, .idle = 77, .freq = RDB_NOT_GIVEN};
	struct key key = keyspace_key(keyspace, SLICE("k"));
	struct entry *entry;
	struct buffer bytes = {0};

	note.shard = key.shard;
	ck_assert_int_eq(rdb_writer_begin(&writer, rdb_file_sink(&file), &expected), 0);
	rdb_writer_sizes(&writer, 3, 2, 1);
	rdb_writer_entry(&writer, &record);
	record = (struct rdb_record){
		.db = 9, .key = SLICE("k"), .value = SLICE(""), .expire_at = 98765, .idle = RDB_NOT_GIVEN, .freq = 255};
	rdb_writer_entry(&writer, &record);
	ck_assert_int_eq(rdb_writer_finish(&writer), 0);
	rdb_writer_free(&writer);
	file_close(file.fd);
	ck_assert_int_eq(file_read_all(scratch_path("expected"), SIZE_MAX, &bytes), 0);

	start();
	snapshot_expect(snapshot, 3, 2, 1);
	entry = keyspace_set(keyspace, 0, &key, NULL, SLICE("12345"), KEYSPACE_PERSIST);
	snapshot_take(snapshot, entry, &note);
	entry = keyspace_set(keyspace, 0, &key, entry, SLICE(""), 98765);
	note = (struct snapshot_note){.shard = key.shard, .db = 9, .idle = RDB_NOT_GIVEN, .freq = 255};
	snapshot_take(snapshot, entry, &note);
	ck_assert_int_eq(finish(), 0);
	scratch_expect("dump.rdb", buffer_slice(&bytes));
	buffer_free(&bytes);
}
END_TEST

START_TEST(commands)
{
	options.commands = true;
	start();
	put(0, SLICE("k"), SLICE("v1"), KEYSPACE_PERSIST);
	put(12, SLICE("k"), SLICE(""), 1234567890123);
	put(12, SLICE("k"), SLICE("a\r\nb"), KEYSPACE_PERSIST);
	ck_assert_int_eq(finish(), 0);
	scratch_expect("dump.rdb",
		       SLICE("*2\r\n$6\r\nSELECT\r\n$1\r\n0\r\n"
			     "*3\r\n$3\r\nSET\r\n$1\r\nk\r\n$2\r\nv1\r\n"
			     "*2\r\n$6\r\nSELECT\r\n$2\r\n12\r\n"
			     "*5\r\n$3\r\nSET\r\n$1\r\nk\r\n$0\r\n\r\n$4\r\nPXAT\r\n$13\r\n1234567890123\r\n"
			     "*3\r\n$3\r\nSET\r\n$1\r\nk\r\n$4\r\na\r\nb\r\n"));
}
END_TEST

/* Large values are written from their blocks, which are given back; keys that no chunk has room for have one of their
 * own. */
START_TEST(large_keys_and_values)
{
	enum { LARGE = 1000000 };
	char *large = malloc(LARGE);
	struct buffer want = {0};
	struct key key = keyspace_key(keyspace, SLICE("k"));
	struct entry *entry;

	ck_assert_ptr_nonnull(large);
	memset(large, 'x', LARGE);
	buffer_printf(&want, "*2\r\n$6\r\nSELECT\r\n$1\r\n0\r\n*3\r\n$3\r\nSET\r\n$1\r\nk\r\n$%d\r\n", LARGE);
	buffer_append(&want, large, LARGE);
	buffer_printf(&want, "\r\n*3\r\n$3\r\nSET\r\n$%d\r\n", LARGE);
	buffer_append(&want, large, LARGE);
	buffer_printf(&want, "\r\n$1\r\nv\r\n");

	options.commands = true;
	target.waits = true;
	start();
	put(0, SLICE("k"), (struct slice){large, LARGE}, KEYSPACE_PERSIST);
	entry = keyspace_find(keyspace, 0, &key, NOW);
	ck_assert(block_is_shared(entry_block(entry)));
	ck_assert_uint_gt(snapshot_figures(snapshot).memory, 0);
	ck_assert_uint_lt(snapshot_figures(snapshot).memory, LARGE); /* the keyspace holds it, too */
	snapshot_shard_done(snapshot, key.shard);
	put(0, (struct slice){large, LARGE}, SLICE("v"), KEYSPACE_PERSIST);
	uv_sem_post(&target.opening);
	ck_assert_int_eq(finish(), 0);
	ck_assert(!block_is_shared(entry_block(entry)));
	scratch_expect("dump.rdb", buffer_slice(&want));
	buffer_free(&want);
	free(large);
}
END_TEST

/* What has been handed over stays as it was. */
START_TEST(changed_after)
{
	struct buffer text = {0};

	for (int i = 0; i < 2000; i++)
		buffer_append_char(&text, 'a');
	options.commands = true;
	target.waits = true;
	start();
	put(0, SLICE("k"), SLICE("before"), KEYSPACE_PERSIST);
	put(0, SLICE("k"), buffer_slice(&text), KEYSPACE_PERSIST);
	for (int round = 0; round < 2; round++) {
		struct key key = keyspace_key(keyspace, SLICE("k"));
		struct entry *entry = keyspace_find(keyspace, 0, &key, NOW);
		char *bytes;

		ck_assert_ptr_nonnull(keyspace_resize(keyspace, 0, &key, entry, 2000, &bytes));
		memset(bytes, 'b', 2000);
	}
	uv_sem_post(&target.opening);
	ck_assert_int_eq(finish(), 0);
	{
		struct buffer want = {0};

		buffer_printf(&want, "*2\r\n$6\r\nSELECT\r\n$1\r\n0\r\n*3\r\n$3\r\nSET\r\n$1\r\nk\r\n$6\r\nbefore\r\n"
				     "*3\r\n$3\r\nSET\r\n$1\r\nk\r\n$2000\r\n");
		buffer_append_slice(&want, buffer_slice(&text));
		buffer_append_text(&want, "\r\n");
		scratch_expect("dump.rdb", buffer_slice(&want));
		buffer_free(&want);
	}
	buffer_free(&text);
}
END_TEST

enum { THREADS = 4, EACH = 10000 };

static void hand_over(void *arg)
{
	int thread = *(int *)arg;

	for (int i = 0; i < EACH; i++) {
		char name[32];

		snprintf(name, sizeof(name), "key:%d:%d", thread, i);
		put(0, slice_of(name), slice_of(name), KEYSPACE_PERSIST);
	}
}

/* The next "key:", or NULL. (ThreadSanitizer's strstr looks at the whole text each time.) */
static char *next_key(char *at, const char *end)
{
	while ((at = memchr(at, 'k', (size_t)(end - at))) != NULL && strncmp(at, "key:", 4) != 0)
		at++;
	return at;
}

/* Every entry that several threads hand over is in the file once. */
START_TEST(many_threads)
{
	static uint8_t seen[THREADS][EACH];
	uv_thread_t threads[THREADS];
	int numbers[THREADS];
	struct buffer bytes = {0};
	const char *end;
	char *at;
	unsigned count = 0;

	options.commands = true;
	start();
	for (int i = 0; i < THREADS; i++) {
		numbers[i] = i;
		uv_thread_create(&threads[i], hand_over, &numbers[i]);
	}
	for (int i = 0; i < THREADS; i++)
		uv_thread_join(&threads[i]);
	ck_assert_int_eq(finish(), 0);

	ck_assert_int_eq(file_read_all(scratch_path("dump.rdb"), SIZE_MAX, &bytes), 0);
	buffer_append_char(&bytes, '\0');
	end = bytes.data + bytes.len;
	for (at = next_key(bytes.data, end); at != NULL; at = next_key(at, end)) {
		long thread = strtol(at + 4, &at, 10);

		seen[thread][strtol(at + 1, NULL, 10)]++;
		count++;
	}
	ck_assert_uint_eq(count, 2 * THREADS * EACH);
	for (int i = 0; i < THREADS * EACH; i++)
		ck_assert_uint_eq(seen[i / EACH][i % EACH], 2);
	buffer_free(&bytes);
}
END_TEST

START_TEST(what_is_told_of_it)
{
	struct snapshot_figures figures;

	target.waits = true;
	start();
	for (int i = 0; i < 10000; i++) {
		char name[32];

		snprintf(name, sizeof(name), "key:%d", i);
		put(0, slice_of(name), SLICE("value"), KEYSPACE_PERSIST);
	}
	figures = snapshot_figures(snapshot);
	ck_assert_uint_eq(figures.keys, 0);
	ck_assert_uint_gt(figures.memory, 10000 * strlen("key:1value"));
	ck_assert_uint_eq(figures.memory, figures.most);
	uv_sem_post(&target.opening);
	for (uint32_t shard = 0; shard < SHARDS; shard++)
		snapshot_shard_done(snapshot, shard);
	snapshot_finish(snapshot);
	uv_sem_wait(&target.done);
	figures = snapshot_figures(snapshot);
	ck_assert_uint_eq(figures.keys, 10000);
	ck_assert_int_eq(file_size_at(scratch_path("dump.rdb")), (int64_t)figures.bytes);
	ck_assert_uint_eq(figures.memory, 0);
	ck_assert_uint_gt(figures.most, 10000 * strlen("key:1value"));
	snapshot_free(snapshot);
	ck_assert_int_eq(target.error, 0);
}
END_TEST

/* --- when the writer is slow -------------------------------------------------------------------------------------- */

/* Whoever cannot wait may go on; who can is told when. */
START_TEST(full)
{
	options.queue_limit = 64 * 1024;
	target.waits = true;
	start();
	for (int i = 0; i < 20000; i++) {
		char name[32];

		snprintf(name, sizeof(name), "key:%d", i);
		put(0, slice_of(name), SLICE("value"), KEYSPACE_PERSIST);
	}
	ck_assert(snapshot_is_full(snapshot));
	ck_assert_uint_eq(target.rooms, 0);
	uv_sem_post(&target.opening);
	while (target.rooms == 0)
		uv_sleep(1);
	ck_assert(!snapshot_is_full(snapshot));
	ck_assert_int_eq(finish(), 0);
	ck_assert_uint_eq(target.rooms, 1);
}
END_TEST

/* What a shard has gathered and not sent off keeps nobody waiting, however large the values are. */
START_TEST(gathered_values_are_sent_off)
{
	static char large[100000];

	options.queue_limit = sizeof(large);
	start();
	put(0, SLICE("k"), (struct slice){large, sizeof(large)}, KEYSPACE_PERSIST);
	while (snapshot_is_full(snapshot))
		uv_sleep(1);
	ck_assert_int_eq(finish(), 0);
}
END_TEST

/* --- failures ----------------------------------------------------------------------------------------------------- */

static void expect_no_file(unsigned names)
{
	ck_assert_int_eq(file_size_at(scratch_path("dump.rdb")), -ENOENT);
	ck_assert_uint_eq(scratch_count(), names);
}

START_TEST(no_directory)
{
	target.name = "no/such";
	start();
	while (snapshot_error(snapshot) == 0)
		uv_sleep(1);
	put(0, SLICE("k"), SLICE("v"), KEYSPACE_PERSIST); /* is thrown away */
	ck_assert_int_eq(finish(), -ENOENT);
	expect_no_file(0);
	ck_assert_uint_eq(target.publishes, 0);
}
END_TEST

START_TEST(no_path)
{
	target.name = NULL;
	start();
	ck_assert_int_eq(finish(), -ENOMEM);
	expect_no_file(0);
}
END_TEST

START_TEST(no_publishing)
{
	target.publish_error = -EIO;
	start();
	put(0, SLICE("k"), SLICE("v"), KEYSPACE_PERSIST);
	ck_assert_int_eq(finish(), -EIO);
	expect_no_file(0);
	ck_assert_uint_eq(target.publishes, 1);
}
END_TEST

/* A disk that is full from the first bytes on, or from some later ones. */
START_TEST(no_space)
{
	struct rlimit limit = {_i == 0 ? 10 : 600000, RLIM_INFINITY};
	static char text[3000];

	signal(SIGXFSZ, SIG_IGN);
	ck_assert_int_eq(setrlimit(RLIMIT_FSIZE, &limit), 0);
	options.compress = false;
	options.queue_limit = 64 * 1024;
	start();
	for (int i = 0; i < 1000; i++) {
		char name[32];

		snprintf(name, sizeof(name), "key:%d", i);
		put(0, slice_of(name), (struct slice){text, sizeof(text)}, KEYSPACE_PERSIST);
		while (_i == 1 && snapshot_is_full(snapshot))
			uv_sleep(1);
	}
	ck_assert_int_eq(finish(), -EFBIG);
	expect_no_file(0);
	ck_assert_uint_eq(target.publishes, 0);
}
END_TEST

START_TEST(abandoned)
{
	start();
	put(0, SLICE("k"), SLICE("v"), KEYSPACE_PERSIST);
	snapshot_abandon(snapshot, -ECANCELED);
	ck_assert_int_eq(wait_done(), -ECANCELED);
	expect_no_file(0);
	ck_assert_uint_eq(target.publishes, 0);
}
END_TEST

Suite *snapshot_file_suite(void)
{
	Suite *suite = suite_create("snapshot_file");
	TCase *written = tcase_create("written");
	TCase *slow = tcase_create("slow");
	TCase *failed = tcase_create("failed");

	tcase_add_checked_fixture(written, setup, teardown);
	tcase_add_checked_fixture(slow, setup, teardown);
	tcase_add_checked_fixture(failed, setup, teardown);
	suite_add_tcase(suite, written);
	suite_add_tcase(suite, slow);
	suite_add_tcase(suite, failed);
	tcase_add_test(written, no_keys);
	tcase_add_test(written, records);
	tcase_add_test(written, commands);
	tcase_add_test(written, large_keys_and_values);
	tcase_add_test(written, changed_after);
	tcase_add_test(written, many_threads);
	tcase_add_test(written, what_is_told_of_it);
	tcase_add_test(slow, full);
	tcase_add_test(slow, gathered_values_are_sent_off);
	tcase_add_test(failed, no_directory);
	tcase_add_test(failed, no_path);
	tcase_add_test(failed, no_publishing);
	tcase_add_loop_test(failed, no_space, 0, 2);
	tcase_add_test(failed, abandoned);
	return suite;
}
