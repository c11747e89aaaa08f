/*
 * The append-only file: what is on the disk, and when, and what happens when the disk fails.
 *
 * A second reader of the journal keeps the whole stream. What is found on the disk is checked against it: a base, which
 * in these tests only says up to which position it stands for the stream, and the increments, which must go on exactly
 * there and reach as far as was promised.
 */
#include <check.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "base/buffer.h"
#include "base/clock.h"
#include "disk.h"
#include "persist/aof.h"
#include "persist/file.h"
#include "persist/journal.h"
#include "scratch.h"
#include "store/memory.h"
#include "suites.h"

enum { LIMIT = 1 << 20, DEADLINE_MS = 20 * 1000, LARGE = 300 * 1000 };

static struct keyspace *keyspace;
static struct journal_reader everything;
static struct buffer stream; /* all that was ever committed */

/* What the file's thread has said. */
static _Atomic int rewrites_needed, rewritten, rewrite_errors, troubles, recoveries;

/* --- a server --------------------------------------------------------------------------------------------------- */

static void on_trouble(void *arg, const char *reason)
{
	(void)arg;
	atomic_fetch_add(reason != NULL ? &troubles : &recoveries, 1);
}

static void on_rewrite_needed(void *arg)
{
	(void)arg;
	atomic_fetch_add(&rewrites_needed, 1);
}

static void on_rewritten(void *arg, int error)
{
	(void)arg;
	atomic_fetch_add(error == 0 ? &rewritten : &rewrite_errors, 1);
}

static struct aof_options options_for(enum aof_policy policy)
{
	return (struct aof_options){
		.dir = scratch_directory(),
		.dirname = "aofdir",
		.filename = "a.aof",
		.policy = policy,
		.rdb_base = true,
		.rdb = {.checksum = true, .aof_base = true},
		.queue_limit = LIMIT,
		.events = {on_trouble, on_rewrite_needed, on_rewritten, NULL},
		.sync_ms = 20,
		.retry_ms = 5,
		.linger_us = 100,
	};
}

/* Opens what is on the disk, as a start does. */
static bool try_open(const struct aof_options *options)
{
	char error[AOF_ERROR_TEXT] = "";
	struct manifest manifest = {0};
	struct manifest_error manifest_error;
	const char *path = scratch_path("aofdir/a.aof.manifest");
	bool there = manifest_load(&manifest, path, &manifest_error);
	bool opened;

	ck_assert(there || manifest_error.code == -ENOENT);
	opened = aof_open(options, there ? AOF_CONTINUES : AOF_IS_NEW, &manifest, error);
	ck_assert(opened || error[0] != '\0');
	return opened;
}

static void open_policy(enum aof_policy policy)
{
	struct aof_options options = options_for(policy);

	ck_assert(try_open(&options));
}

/* Commits without waking who reads. */
static void commit(const char *name, struct slice value)
{
	struct key key = keyspace_key(keyspace, slice_of(name));
	struct entry *found;

	keyspace_lock_shard(keyspace, key.shard);
	found = keyspace_find(keyspace, 0, &key, 1);
	ck_assert(keyspace_set(keyspace, 0, &key, found, value, KEYSPACE_PERSIST) != NULL);
	keyspace_unlock_shard(keyspace, key.shard);
}

static void set_bytes(const char *name, struct slice value)
{
	commit(name, value);
	journal_kick();
}

static void set(const char *name, const char *value)
{
	set_bytes(name, slice_of(value));
}

static void set_large(const char *name)
{
	char *value = malloc(LARGE);

	memset(value, 'x', LARGE);
	set_bytes(name, (struct slice){value, LARGE});
	free(value);
}

/* Begins a rewrite; returns its position. */
static uint64_t rotate(void)
{
	uint64_t position;

	keyspace_lock_all(keyspace);
	ck_assert(aof_rotate());
	position = journal_position();
	keyspace_unlock_all(keyspace);
	return position;
}

/* Writes a base that stands for the stream up to the position. */
static void write_base(uint64_t position)
{
	char text[32];
	char *path;
	int fd, len = snprintf(text, sizeof(text), "BASE %llu", (unsigned long long)position);

	disk_exempt(true);
	path = aof_base_path();
	fd = file_open(path, O_WRONLY | O_CREAT | O_TRUNC);
	ck_assert_int_ge(fd, 0);
	ck_assert_int_eq(file_write(fd, text, (size_t)len, NULL), 0);
	ck_assert_int_eq(file_sync(fd), 0);
	file_close(fd);
	free(path);
	disk_exempt(false);
}

/* --- waiting ------------------------------------------------------------------------------------------------------ */

static void nap(void)
{
	static const struct timespec pause = {.tv_nsec = 500 * 1000};

	nanosleep(&pause, NULL);
}

#define await(condition)                                                                                               \
	do {                                                                                                           \
		uint64_t deadline = clock_monotonic_ns() + DEADLINE_MS * 1000000ull;                                   \
		while (!(condition)) {                                                                                 \
			ck_assert_msg(clock_monotonic_ns() < deadline, "never: %s", #condition);                       \
			nap();                                                                                         \
		}                                                                                                      \
	} while (0)

static bool all_synced(void)
{
	return journal_synced() == journal_position();
}

static struct aof_figures figures(void)
{
	struct aof_figures now;

	aof_figures(&now);
	return now;
}

/* Makes a base and sees it adopted. */
static void rewrite(void)
{
	int before = atomic_load(&rewritten);

	write_base(rotate());
	aof_base_done(true);
	await(atomic_load(&rewritten) > before);
}

/* As a server does that is asked for a rewrite, until all is well. */
static void serve_until_synced(void)
{
	int served = 0;

	await((atomic_load(&rewrites_needed) > served
		       ? (served = atomic_load(&rewrites_needed), write_base(rotate()), aof_base_done(true))
		       : (void)0,
	       all_synced() && figures().trouble == 0));
}

/* --- what is on the disk ------------------------------------------------------------------------------------------ */

static void keep_stream(void)
{
	struct iovec pieces[8];
	size_t count;

	while ((count = journal_peek(&everything, pieces, 8, SIZE_MAX)) > 0) {
		for (size_t i = 0; i < count; i++) {
			buffer_append(&stream, pieces[i].iov_base, pieces[i].iov_len);
			journal_advance(&everything, pieces[i].iov_len);
		}
	}
}

static struct buffer read_file(const char *directory, const char *name)
{
	struct buffer bytes = {0};
	char *path = file_join(directory, name);

	ck_assert_msg(file_read_all(path, SIZE_MAX, &bytes) == 0, "no file %s", path);
	free(path);
	return bytes;
}

/* The position up to which the base stands for the stream. */
static uint64_t base_position(const char *directory, const struct manifest *manifest)
{
	const struct manifest_file *base = manifest_base(manifest);
	unsigned long long position = 0;
	struct buffer bytes;

	if (base == NULL)
		return 0;
	bytes = read_file(directory, base->name);
	buffer_append_char(&bytes, '\0');
	if (memcmp(bytes.data, "REDIS", 5) != 0)
		ck_assert_int_eq(sscanf(bytes.data, "BASE %llu", &position), 1);
	buffer_free(&bytes);
	return position;
}

/* Returns up to which position a start would know the stream from the files there. */
static uint64_t position_on_disk(const char *directory)
{
	struct manifest manifest = {0};
	struct manifest_error error;
	const struct manifest_file *incr = NULL;
	char *path = manifest_path(directory, "a.aof");
	uint64_t position;

	if (!manifest_load(&manifest, path, &error)) {
		ck_assert_msg(error.code == -ENOENT, "%s: %s", path, error.text);
		free(path);
		return 0;
	}
	free(path);
	position = base_position(directory, &manifest);
	while ((incr = manifest_next(&manifest, MANIFEST_INCR, incr)) != NULL) {
		struct buffer bytes = read_file(directory, incr->name);

		ck_assert_uint_le(position + bytes.len, stream.len);
		ck_assert_msg(bytes.len == 0 || memcmp(bytes.data, stream.data + position, bytes.len) == 0,
			      "%s does not go on at %llu", incr->name, (unsigned long long)position);
		position += bytes.len;
		buffer_free(&bytes);
	}
	manifest_free(&manifest);
	return position;
}

static void expect_on_disk(uint64_t position)
{
	keep_stream();
	ck_assert_uint_eq(position_on_disk(scratch_path("aofdir")), position);
}

static unsigned files_on_disk(void)
{
	struct manifest manifest = {0};
	struct manifest_error error;
	unsigned count;

	ck_assert(manifest_load(&manifest, scratch_path("aofdir/a.aof.manifest"), &error));
	count = (unsigned)manifest.count;
	manifest_free(&manifest);
	return count;
}

static bool exists(const char *name)
{
	return file_size_at(scratch_path(name)) >= 0;
}

/* --- fixtures ----------------------------------------------------------------------------------------------------- */

static void setup(void)
{
	disk_heal();
	disk_pretend(true);
	scratch_setup();
	journal_init(true);
	keyspace = keyspace_new(&(struct keyspace_options){.shards = 4, .databases = 16, .locking = true});
	ck_assert_ptr_nonnull(keyspace);
	ck_assert(journal_attach(&everything, JOURNAL_NOW));
	keyspace_record(keyspace, journal_effects());
}

static void teardown(void)
{
	keyspace_record(keyspace, NULL);
	journal_detach(&everything);
	keyspace_free(keyspace);
	journal_thread_end();
	journal_free();
	buffer_free(&stream);
	scratch_teardown();
}

/* --- the usual ---------------------------------------------------------------------------------------------------- */

/* The base says of itself what every RDB file does, the last of which is that it is a base; then it ends. */
static void expect_empty_base(const char *name)
{
	static const char first[] = "REDIS0010\xfa\x09redis-ver";
	static const char last[] = "\xfa\x08"
				   "aof-base"
				   "\xc0\x01"
				   "\xff";
	struct buffer bytes = read_file(scratch_path("aofdir"), name);

	ck_assert_uint_gt(bytes.len, sizeof(first) + sizeof(last) + 8);
	ck_assert_mem_eq(bytes.data, first, sizeof(first) - 1);
	ck_assert_mem_eq(bytes.data + bytes.len - 8 - (sizeof(last) - 1), last, sizeof(last) - 1);
	buffer_free(&bytes);
}

START_TEST(a_new_file_has_a_base_and_an_increment)
{
	open_policy(AOF_ALWAYS);
	ck_assert_int_eq(aof_close(), 0);
	expect_empty_base("a.aof.1.base.rdb");
	ck_assert_int_eq(file_size_at(scratch_path("aofdir/a.aof.1.incr.aof")), 0);
	scratch_expect("aofdir/a.aof.manifest",
		       SLICE("file a.aof.1.base.rdb seq 1 type b\nfile a.aof.1.incr.aof seq 1 type i\n"));
}
END_TEST

START_TEST(the_empty_base_may_be_commands)
{
	struct aof_options options = options_for(AOF_NO);

	options.rdb_base = false;
	ck_assert(try_open(&options));
	ck_assert_int_eq(aof_close(), 0);
	ck_assert_int_eq(file_size_at(scratch_path("aofdir/a.aof.1.base.aof")), 0);
}
END_TEST

START_TEST(nothing_is_released_before_it_is_synced)
{
	open_policy(AOF_ALWAYS);
	ck_assert_uint_eq(journal_released(), 0);
	set("key", "value");
	await(all_synced());
	await(journal_released() == journal_position());
	expect_on_disk(journal_position());
	scratch_expect("aofdir/a.aof.1.incr.aof",
		       SLICE("*2\r\n$6\r\nSELECT\r\n$1\r\n0\r\n*3\r\n$3\r\nSET\r\n$3\r\nkey\r\n$5\r\nvalue\r\n"));
	ck_assert_int_eq(aof_close(), 0);
	ck_assert_uint_eq(journal_released(), UINT64_MAX);
}
END_TEST

START_TEST(one_sync_serves_many)
{
	if (!disk_is_faulty())
		return;
	open_policy(AOF_ALWAYS);
	set("first", "value");
	await(all_synced());
	disk_heal();
	for (int i = 0; i < 1000; i++)
		set("key", "value");
	await(all_synced());
	ck_assert_uint_lt(disk_count(), 1000);
	ck_assert_int_eq(aof_close(), 0);
	expect_on_disk(journal_position());
}
END_TEST

START_TEST(every_second_is_written_at_once_and_synced_later)
{
	open_policy(AOF_EVERYSEC);
	await(journal_released() == LIMIT);
	set("key", "value");
	await(figures().queued == 0);
	await(all_synced());
	expect_on_disk(journal_position());
	ck_assert_int_eq(aof_close(), 0);
}
END_TEST

START_TEST(no_syncs_only_at_the_end)
{
	open_policy(AOF_NO);
	set("key", "value");
	await(figures().queued == 0);
	expect_on_disk(journal_position());
	ck_assert_uint_eq(journal_synced(), 0);
	ck_assert_int_eq(aof_close(), 0);
	ck_assert_uint_eq(journal_synced(), journal_position());
}
END_TEST

START_TEST(a_flush_waits_whatever_the_policy)
{
	open_policy(AOF_NO);
	set("key", "value");
	ck_assert_int_eq(aof_flush(DEADLINE_MS), 0);
	ck_assert_uint_eq(journal_synced(), journal_position());
	ck_assert_int_eq(aof_close(), 0);
	ck_assert_int_eq(aof_flush(0), 0);
}
END_TEST

START_TEST(what_is_wanted_is_synced_whatever_the_policy)
{
	open_policy(AOF_NO);
	ck_assert(aof_has(journal_position()));
	set("key", "value");
	await(figures().queued == 0);
	ck_assert(aof_has(0));
	ck_assert(!aof_has(journal_position()));
	aof_want(journal_position());
	await(aof_has(journal_position()));
	ck_assert_uint_eq(journal_synced(), journal_position());
	ck_assert_int_eq(aof_close(), 0);
	ck_assert(!aof_has(0));
	aof_want(journal_position()); /* nobody is there */
}
END_TEST

/* An abandoned snapshot may still ask. */
START_TEST(a_closed_file_has_no_path_for_a_base)
{
	char *path;

	open_policy(AOF_ALWAYS);
	path = aof_base_path();
	ck_assert_str_eq(path, scratch_path("aofdir/temp-rewrite-a.aof"));
	free(path);
	ck_assert_int_eq(aof_close(), 0);
	ck_assert_ptr_null(aof_base_path());
}
END_TEST

START_TEST(the_next_run_goes_on)
{
	open_policy(AOF_ALWAYS);
	set("key", "value");
	ck_assert_int_eq(aof_close(), 0);
	keyspace_lock_all(keyspace);
	journal_forget_db();
	keyspace_unlock_all(keyspace);
	open_policy(AOF_ALWAYS);
	ck_assert_uint_eq(journal_synced(), journal_position());
	set("key", "other");
	set_large("large");
	ck_assert_int_eq(aof_close(), 0);
	expect_on_disk(journal_position());
	ck_assert_uint_eq(files_on_disk(), 2);
}
END_TEST

START_TEST(policies_change_while_it_runs)
{
	open_policy(AOF_NO);
	set("key", "value");
	await(figures().queued == 0);
	aof_set_policy(AOF_ALWAYS);
	await(all_synced() && journal_released() == journal_position());
	aof_set_policy(AOF_EVERYSEC);
	await(journal_released() > journal_position());
	aof_set_queue_limit(10);
	await(journal_released() == journal_position() + 10);
	ck_assert_int_eq(aof_close(), 0);
}
END_TEST

/* The turn that takes the policy also writes: what was released until then lies behind what is written. */
START_TEST(a_weaker_policy_releases_what_came_with_it)
{
	open_policy(AOF_ALWAYS);
	set("key", "value");
	await(journal_released() == journal_position());
	commit("key", slice_of("other"));
	aof_set_policy(AOF_EVERYSEC);
	await(journal_released() > journal_position());
	ck_assert_int_eq(aof_close(), 0);
}
END_TEST

/* More than the limit is written in one turn. */
START_TEST(a_value_larger_than_the_queue_is_released)
{
	open_policy(AOF_EVERYSEC);
	aof_set_queue_limit(10);
	await(journal_released() == journal_position() + 10);
	set_large("key");
	await(journal_released() == journal_position() + 10);
	ck_assert_int_eq(aof_close(), 0);
}
END_TEST

START_TEST(no_syncs_while_a_snapshot_is_written_if_wanted)
{
	struct aof_options options = options_for(AOF_ALWAYS);

	options.spare_syncs = true;
	ck_assert(try_open(&options));
	aof_set_snapshot(true);
	await(journal_released() == LIMIT);
	set("key", "value");
	await(figures().queued == 0);
	ck_assert_uint_eq(journal_synced(), 0);
	aof_set_snapshot(false);
	await(all_synced());
	ck_assert_int_eq(aof_close(), 0);
}
END_TEST

/* --- rewrites ----------------------------------------------------------------------------------------------------- */

START_TEST(a_rewrite_replaces_what_was_there)
{
	open_policy(AOF_ALWAYS);
	set("key", "value");
	rewrite();
	set("key", "after");
	await(all_synced());
	await(!exists("aofdir/a.aof.1.incr.aof") && !exists("aofdir/a.aof.1.base.rdb"));
	expect_on_disk(journal_position());
	ck_assert_int_eq(aof_close(), 0);
	scratch_expect("aofdir/a.aof.manifest",
		       SLICE("file a.aof.2.base.rdb seq 2 type b\nfile a.aof.2.incr.aof seq 2 type i\n"));
	ck_assert_int_eq(atomic_load(&rewritten), 1);
	ck_assert_int_eq(atomic_load(&troubles), 0);
}
END_TEST

START_TEST(what_is_written_during_a_rewrite_counts)
{
	uint64_t position;

	open_policy(AOF_ALWAYS);
	set("before", "value");
	position = rotate();
	set("during", "value");
	await(all_synced());
	expect_on_disk(journal_position());
	ck_assert_uint_eq(files_on_disk(), 3);
	ck_assert_uint_eq(figures().increments, 2);
	write_base(position);
	aof_base_done(true);
	await(atomic_load(&rewritten) == 1);
	expect_on_disk(journal_position());
	ck_assert_int_eq(aof_close(), 0);
}
END_TEST

START_TEST(a_rewrite_that_is_given_up_leaves_all_as_it_is)
{
	open_policy(AOF_ALWAYS);
	set("before", "value");
	write_base(rotate());
	set("during", "value");
	aof_base_failed();
	await(!exists("aofdir/temp-rewrite-a.aof"));
	ck_assert_int_eq(aof_close(), 0);
	expect_on_disk(journal_position());
	ck_assert_int_eq(atomic_load(&rewritten) + atomic_load(&rewrite_errors), 0);
}
END_TEST

START_TEST(a_base_that_nobody_wants_is_removed)
{
	open_policy(AOF_ALWAYS);
	write_base(0);
	aof_base_done(true);
	await(!exists("aofdir/temp-rewrite-a.aof"));
	ck_assert_uint_eq(files_on_disk(), 2);
	ck_assert_int_eq(aof_close(), 0);
}
END_TEST

START_TEST(a_base_of_commands_is_named_so)
{
	open_policy(AOF_ALWAYS);
	write_base(rotate());
	aof_base_done(false);
	await(atomic_load(&rewritten) == 1);
	ck_assert(exists("aofdir/a.aof.2.base.aof"));
	ck_assert_int_eq(aof_close(), 0);
}
END_TEST

START_TEST(leftovers_are_removed_at_the_next_start)
{
	open_policy(AOF_ALWAYS);
	ck_assert_int_eq(aof_close(), 0);
	scratch_write("aofdir/temp-rewrite-a.aof", SLICE("half a base"));
	scratch_write("aofdir/a.aof.0.incr.aof", SLICE("old"));
	scratch_write("aofdir/a.aof.manifest", SLICE("file a.aof.1.base.rdb seq 1 type b\n"
						     "file a.aof.0.incr.aof seq 1 type h\n"
						     "file a.aof.gone.aof seq 1 type h\n"
						     "file a.aof.1.incr.aof seq 1 type i\n"));
	open_policy(AOF_ALWAYS);
	ck_assert_int_eq(aof_close(), 0);
	ck_assert(!exists("aofdir/temp-rewrite-a.aof"));
	ck_assert(!exists("aofdir/a.aof.0.incr.aof"));
	ck_assert_uint_eq(files_on_disk(), 2);
}
END_TEST

/* It is replaced by another file: emptied, it could have its bytes back after a power cut. */
START_TEST(an_increment_of_that_name_is_no_hindrance)
{
	struct stat status;
	int left;

	open_policy(AOF_ALWAYS);
	scratch_write("aofdir/a.aof.2.incr.aof", SLICE("from a time when no base came"));
	left = open(scratch_path("aofdir/a.aof.2.incr.aof"), O_RDONLY | O_CLOEXEC);
	ck_assert_int_ge(left, 0);
	rewrite();
	ck_assert_int_eq(fstat(left, &status), 0);
	ck_assert_int_eq((int)status.st_nlink, 0);
	close(left);
	set("a", "1");
	await(all_synced());
	expect_on_disk(journal_position());
	ck_assert_int_eq(aof_close(), 0);
}
END_TEST

/* --- switched on later -------------------------------------------------------------------------------------------- */

static void open_awaiting(void)
{
	struct aof_options options = options_for(AOF_ALWAYS);
	struct manifest manifest = {0};
	char error[AOF_ERROR_TEXT];

	ck_assert(aof_open(&options, AOF_AWAITS_BASE, &manifest, error));
}

START_TEST(nothing_is_promised_before_the_first_base)
{
	open_awaiting();
	await(atomic_load(&rewrites_needed) > 1);
	set("early", "value");
	ck_assert(!exists("aofdir"));
	ck_assert_uint_eq(journal_released(), UINT64_MAX);
	write_base(rotate());
	set("key", "value");
	await(exists("aofdir/a.aof.1.incr.aof"));
	ck_assert(!exists("aofdir/a.aof.manifest"));
	ck_assert(!figures().promised);
	ck_assert(!aof_has(0));
	aof_base_done(true);
	await(atomic_load(&rewritten) == 1);
	ck_assert(aof_has(0));
	await(all_synced() && journal_released() == journal_position());
	expect_on_disk(journal_position());
	ck_assert(figures().promised);
	ck_assert_int_eq(aof_close(), 0);
}
END_TEST

START_TEST(what_another_time_has_left_is_replaced)
{
	open_policy(AOF_ALWAYS);
	set("key", "value");
	ck_assert_int_eq(aof_close(), 0);
	open_awaiting();
	write_base(rotate());
	await(exists("aofdir/a.aof.2.incr.aof"));
	expect_on_disk(journal_position());
	aof_base_done(true);
	await(atomic_load(&rewritten) == 1);
	ck_assert_int_eq(aof_close(), 0);
	ck_assert(!exists("aofdir/a.aof.1.incr.aof"));
	ck_assert_uint_eq(files_on_disk(), 2);
	expect_on_disk(journal_position());
}
END_TEST

START_TEST(switched_off_before_the_first_base_nothing_is_left)
{
	open_awaiting();
	rotate();
	await(exists("aofdir/a.aof.1.incr.aof"));
	ck_assert_int_eq(aof_close(), 0);
	ck_assert(!exists("aofdir/a.aof.1.incr.aof"));
}
END_TEST

START_TEST(a_first_rewrite_that_cannot_begin_keeps_no_memory)
{
	open_awaiting();
	scratch_write("aofdir", SLICE("a file in the way"));
	rotate();
	await(atomic_load(&rewrite_errors) == 1);
	set("key", "value");
	await(figures().queued == 0);
	ck_assert_int_eq(file_remove(scratch_path("aofdir")), 0);
	rewrite();
	ck_assert_int_eq(aof_close(), 0);
	expect_on_disk(journal_position());
}
END_TEST

/* --- trouble ------------------------------------------------------------------------------------------------------ */

/* No file can be longer from now on, as on a full disk: a write is cut there, the next one fails. */
static void limit_files(rlim_t bytes)
{
	struct rlimit limit;

	signal(SIGXFSZ, SIG_IGN);
	ck_assert_int_eq(getrlimit(RLIMIT_FSIZE, &limit), 0);
	limit.rlim_cur = bytes == 0 ? limit.rlim_max : bytes;
	ck_assert_int_eq(setrlimit(RLIMIT_FSIZE, &limit), 0);
}

START_TEST(a_full_disk_delays_and_loses_nothing)
{
	enum aof_policy policy = (enum aof_policy)_i;

	open_policy(policy);
	set("key", "value");
	ck_assert_int_eq(aof_flush(DEADLINE_MS), 0);
	limit_files(100 * 1000);
	set_large("large");
	await(atomic_load(&troubles) == 1);
	ck_assert(journal_is_stalled());
	ck_assert_int_eq(figures().trouble, -EFBIG);
	ck_assert_int_eq(aof_flush(DEADLINE_MS), -EFBIG);
	set("more", "value");
	if (policy == AOF_ALWAYS)
		ck_assert_uint_eq(journal_released(), journal_synced());
	ck_assert_uint_lt(journal_synced(), journal_position());
	limit_files(0);
	await(atomic_load(&recoveries) == 1);
	ck_assert(!journal_is_stalled());
	ck_assert_int_eq(aof_flush(DEADLINE_MS), 0);
	ck_assert_int_eq(atomic_load(&rewrites_needed), 0);
	ck_assert_int_eq(aof_close(), 0);
	expect_on_disk(journal_position());
}
END_TEST

START_TEST(a_close_in_trouble_says_so)
{
	open_policy(AOF_EVERYSEC);
	limit_files(100 * 1000);
	set_large("large");
	await(atomic_load(&troubles) == 1);
	ck_assert_int_eq(aof_close(), -EFBIG);
	ck_assert_int_eq(atomic_load(&recoveries), 1);
	ck_assert(!journal_is_stalled());
	ck_assert_uint_eq(journal_released(), UINT64_MAX);
	limit_files(0);
	expect_on_disk(100 * 1000);
}
END_TEST

START_TEST(a_failed_sync_needs_a_new_base)
{
	enum aof_policy policy = (enum aof_policy)_i;
	uint64_t synced;

	if (!disk_is_faulty())
		return;
	open_policy(policy);
	set("key", "value");
	await(all_synced());
	synced = journal_synced();
	disk_fail(DISK_SYNC, EIO, 0, 1);
	set("key", "other");
	await(atomic_load(&troubles) == 1 && atomic_load(&rewrites_needed) > 0);
	ck_assert_int_eq(figures().trouble, -EIO);
	ck_assert_uint_eq(journal_synced(), synced);
	if (policy == AOF_ALWAYS)
		ck_assert_uint_eq(journal_released(), synced);
	serve_until_synced();
	ck_assert_int_eq(atomic_load(&recoveries), 1);
	set("key", "after");
	await(all_synced());
	ck_assert_int_eq(aof_close(), 0);
	expect_on_disk(journal_position());
	ck_assert_uint_eq(files_on_disk(), 2);
}
END_TEST

START_TEST(until_then_a_start_finds_what_was_synced)
{
	uint64_t synced, position;

	if (!disk_is_faulty())
		return;
	open_policy(AOF_ALWAYS);
	set("key", "value");
	await(all_synced());
	synced = journal_synced();
	disk_fail(DISK_SYNC, EIO, 0, 1);
	set("key", "other");
	await(atomic_load(&rewrites_needed) > 0);
	position = rotate();
	set("key", "after");
	await(exists("aofdir/a.aof.2.incr.aof") && figures().queued == 0);
	keep_stream();
	ck_assert_uint_ge(position_on_disk(scratch_path("aofdir")), synced);
	ck_assert_uint_eq(files_on_disk(), 2);
	ck_assert_uint_eq(journal_synced(), synced);
	write_base(position);
	aof_base_done(true);
	await(all_synced());
	expect_on_disk(journal_position());
	ck_assert_int_eq(aof_close(), 0);
}
END_TEST

START_TEST(what_a_sync_has_lost_is_cut_off)
{
	const char *path = "aofdir/a.aof.1.incr.aof";
	int64_t size;

	if (!disk_is_faulty())
		return;
	open_policy((enum aof_policy)_i);
	set("key", "value");
	await(all_synced());
	size = file_size_at(scratch_path(path));
	disk_fail(DISK_SYNC, EIO, 0, 1);
	set("key", "other");
	await(atomic_load(&rewrites_needed) > 0);
	ck_assert_int_eq(file_size_at(scratch_path(path)), size);
	set("key", "behind the gap");
	await(atomic_load(&rewrites_needed) > 1);
	ck_assert_int_eq(file_size_at(scratch_path(path)), size);
	serve_until_synced();
	ck_assert_int_eq(aof_close(), 0);
	expect_on_disk(journal_position());
}
END_TEST

START_TEST(a_sync_that_fails_again_begins_again)
{
	if (!disk_is_faulty())
		return;
	open_policy(AOF_ALWAYS);
	disk_fail(DISK_SYNC, EIO, 0, 3);
	set("key", "value");
	serve_until_synced();
	ck_assert_int_ge(atomic_load(&rewrites_needed), 2);
	ck_assert_int_eq(aof_close(), 0);
	expect_on_disk(journal_position());
}
END_TEST

static void rewrite_at_once(void *arg)
{
	(void)arg;
	rotate();
	aof_base_done(true);
	disk_heal(); /* here, before the thread tries again */
}

/* While the thread is at the disk, having heard that a base has failed, the next rewrite is begun and has its base. */
START_TEST(a_rewrite_may_follow_another_within_a_turn)
{
	struct aof_options options = options_for(AOF_ALWAYS); /* else the syncing thread may wake it late, once more */

	if (!disk_is_faulty())
		return;
	options.retry_ms = DEADLINE_MS; /* it sleeps until it is told something */
	ck_assert(try_open(&options));
	set("key", "value");
	await(all_synced());
	disk_fail(DISK_SYNC_DIRECTORY, EIO, 0, UINT_MAX);
	rotate();
	await(atomic_load(&troubles) == 1);
	write_base(journal_position()); /* the next one's, at the same position */
	disk_cut_at(0, scratch_path("aofdir"), rewrite_at_once, NULL);
	aof_base_failed();
	await(atomic_load(&rewritten) == 1);
	ck_assert(disk_was_cut());
	ck_assert_int_eq(aof_close(), 0);
	expect_on_disk(journal_position());
}
END_TEST

static void *no_memory(size_t size)
{
	(void)size;
	return NULL;
}

/* Changes a key when the journal has no memory for it. */
static void lose_unit(const char *name)
{
	static char large[LARGE];
	struct key key = keyspace_key(keyspace, slice_of(name));
	struct entry *found;

	keyspace_lock_shard(keyspace, key.shard);
	found = keyspace_find(keyspace, 0, &key, 1);
	ck_assert(keyspace_set(keyspace, 0, &key, found, (struct slice){large, LARGE}, KEYSPACE_PERSIST) != NULL);
	store_malloc = no_memory;
	keyspace_unlock_shard(keyspace, key.shard);
	store_malloc = malloc;
	ck_assert(journal_is_broken());
}

START_TEST(a_lost_unit_needs_a_new_base)
{
	open_policy((enum aof_policy)_i);
	set("key", "value");
	ck_assert_int_eq(aof_flush(DEADLINE_MS), 0);
	lose_unit("lost");
	ck_assert_int_eq(aof_flush(DEADLINE_MS), -ENOMEM);
	set("after", "value");
	await(atomic_load(&troubles) == 1 && atomic_load(&rewrites_needed) > 0);
	ck_assert_int_eq(figures().trouble, -ENOMEM);
	serve_until_synced();
	ck_assert_int_eq(atomic_load(&recoveries), 1);
	set("key", "other");
	ck_assert_int_eq(aof_flush(DEADLINE_MS), 0);
	ck_assert_int_eq(aof_close(), 0);
	expect_on_disk(journal_position());
	ck_assert_uint_eq(files_on_disk(), 2);
}
END_TEST

START_TEST(nothing_is_written_behind_a_gap_if_the_rewrite_cannot_begin)
{
	uint64_t position;

	if (!disk_is_faulty())
		return;
	open_policy((enum aof_policy)_i);
	set("key", "value");
	ck_assert_int_eq(aof_flush(DEADLINE_MS), 0);
	position = journal_position();
	disk_fail(DISK_OPEN, EMFILE, 0, 1);
	lose_unit("lost");
	rotate();
	await(atomic_load(&rewrite_errors) == 1);
	set("key", "behind the gap");
	await(atomic_load(&troubles) == 1 && atomic_load(&rewrites_needed) > 0);
	expect_on_disk(position);
	serve_until_synced();
	ck_assert_int_eq(aof_close(), 0);
	expect_on_disk(journal_position());
}
END_TEST

START_TEST(a_removed_directory_comes_back)
{
	open_policy((enum aof_policy)_i);
	set("key", "value");
	ck_assert_int_eq(aof_flush(DEADLINE_MS), 0);
	ck_assert_int_eq(file_remove(scratch_path("aofdir/a.aof.1.incr.aof")), 0);
	ck_assert_int_eq(file_remove(scratch_path("aofdir/a.aof.1.base.rdb")), 0);
	ck_assert_int_eq(file_remove(scratch_path("aofdir/a.aof.manifest")), 0);
	ck_assert_int_eq(rmdir(scratch_path("aofdir")), 0);
	set("key", "other");
	await(atomic_load(&troubles) == 1 && atomic_load(&rewrites_needed) > 0);
	ck_assert_int_eq(figures().trouble, -ENOENT);
	serve_until_synced();
	ck_assert_int_eq(aof_flush(DEADLINE_MS), 0);
	ck_assert_int_eq(aof_close(), 0);
	expect_on_disk(journal_position());
}
END_TEST

/* Somebody has removed the base, or cut the increment. */
static void expect_new_base(int error)
{
	await(atomic_load(&troubles) == 1 && atomic_load(&rewrites_needed) > 0);
	ck_assert_int_eq(figures().trouble, error);
	serve_until_synced();
	set("key", "after");
	ck_assert_int_eq(aof_flush(DEADLINE_MS), 0);
	ck_assert_int_eq(aof_close(), 0);
	expect_on_disk(journal_position());
	ck_assert_uint_eq(files_on_disk(), 2);
}

START_TEST(a_removed_base_is_made_anew)
{
	open_policy((enum aof_policy)_i);
	set("key", "value");
	ck_assert_int_eq(aof_flush(DEADLINE_MS), 0);
	ck_assert_int_eq(file_remove(scratch_path("aofdir/a.aof.1.base.rdb")), 0);
	expect_new_base(-ENOENT);
}
END_TEST

START_TEST(a_file_that_was_cut_needs_a_new_base)
{
	open_policy((enum aof_policy)_i);
	set("key", "value");
	ck_assert_int_eq(aof_flush(DEADLINE_MS), 0);
	ck_assert_int_eq(truncate(scratch_path("aofdir/a.aof.1.incr.aof"), 30), 0);
	expect_new_base(-EIO);
}
END_TEST

START_TEST(a_base_that_comes_back_is_good_again)
{
	open_policy(AOF_ALWAYS);
	ck_assert_int_eq(file_rename(scratch_path("aofdir/a.aof.1.base.rdb"), scratch_path("away")), 0);
	await(atomic_load(&troubles) == 1);
	ck_assert_int_eq(file_rename(scratch_path("away"), scratch_path("aofdir/a.aof.1.base.rdb")), 0);
	await(atomic_load(&recoveries) == 1);
	set("key", "value");
	await(all_synced());
	ck_assert_int_eq(aof_close(), 0);
	expect_on_disk(journal_position());
}
END_TEST

START_TEST(a_manifest_is_written_again)
{
	static const char manifest[] = "aofdir/a.aof.manifest";
	struct slice text = SLICE("file a.aof.1.base.rdb seq 1 type b\nfile a.aof.1.incr.aof seq 1 type i\n");
	int64_t size = (int64_t)text.len;

	open_policy(AOF_EVERYSEC);
	set("key", "value");
	ck_assert_int_eq(file_remove(scratch_path(manifest)), 0);
	await(file_size_at(scratch_path(manifest)) == size);
	scratch_write(manifest, SLICE("file other seq 1 type i\n"));
	await(file_size_at(scratch_path(manifest)) == size);
	scratch_expect(manifest, text);
	await(all_synced());
	ck_assert_int_eq(atomic_load(&troubles), 0);
	ck_assert_int_eq(aof_close(), 0);
	expect_on_disk(journal_position());
}
END_TEST

START_TEST(a_directory_that_was_moved_and_comes_back_is_good_again)
{
	open_policy(AOF_ALWAYS);
	set("key", "value");
	await(all_synced());
	ck_assert_int_eq(file_rename(scratch_path("aofdir"), scratch_path("elsewhere")), 0);
	set("key", "other");
	await(atomic_load(&troubles) == 1);
	ck_assert_uint_lt(journal_released(), journal_position());
	ck_assert_int_eq(file_rename(scratch_path("elsewhere"), scratch_path("aofdir")), 0);
	await(atomic_load(&recoveries) == 1);
	await(all_synced() && journal_released() == journal_position());
	expect_on_disk(journal_position());
	ck_assert_int_eq(aof_close(), 0);
}
END_TEST

START_TEST(a_rewrite_that_cannot_begin_is_no_trouble)
{
	if (!disk_is_faulty())
		return;
	open_policy(AOF_ALWAYS);
	set("key", "value");
	await(all_synced());
	disk_fail(DISK_OPEN, EACCES, 0, 1);
	rotate();
	await(atomic_load(&rewrite_errors) == 1);
	set("key", "other");
	await(all_synced());
	ck_assert_int_eq(atomic_load(&troubles), 0);
	rewrite();
	ck_assert_int_eq(aof_close(), 0);
	expect_on_disk(journal_position());
}
END_TEST

/* --- every operation on files ------------------------------------------------------------------------------------- */

/* A life with all that changes files: a new file, a rewrite, one that is given up, one with much in between. */
static void live(enum aof_policy policy)
{
	struct aof_options options = options_for(policy);

	while (!try_open(&options))
		nap();
	for (int i = 0; i < 3; i++) {
		uint64_t position;

		set("before", "value");
		if (policy == AOF_ALWAYS)
			await(all_synced());
		position = rotate();
		set_large("during");
		write_base(position);
		if (i == 1)
			aof_base_failed();
		else
			aof_base_done(true);
		set("after", "value");
		await(all_synced());
	}
	ck_assert_int_eq(aof_close(), 0);
}

enum { CUTS = 100, FAULTS = 70 }; /* more than the lives have operations */

static uint64_t synced_at_cut;

static void on_cut(void *arg)
{
	(void)arg;
	synced_at_cut = journal_synced();
}

/* Looks at all that a power cut may have left, if there was one. */
static void check_cut(void)
{
	char name[16];

	keep_stream();
	for (int i = 0; disk_was_cut() && i < 2 * DISK_NAMES; i++) {
		snprintf(name, sizeof(name), "left%d", i);
		ck_assert_int_eq(file_make_directory(scratch_path(name)), 0);
		disk_restore(scratch_path(name), (enum disk_names)(i / 2), i % 2);
		ck_assert_uint_ge(position_on_disk(scratch_path(name)), synced_at_cut);
	}
}

static void cut(unsigned operation, enum aof_policy policy)
{
	if (!disk_is_faulty())
		return;
	disk_cut_at(operation, scratch_path("aofdir"), on_cut, NULL);
	live(policy);
	ck_assert_uint_lt(disk_count(), CUTS);
	ck_assert_uint_gt(disk_count(), CUTS / 3);
	check_cut();
}

START_TEST(a_power_cut_at_any_point_loses_nothing_that_was_synced)
{
	cut((unsigned)_i, AOF_ALWAYS);
}
END_TEST

START_TEST(nor_with_a_sync_every_second)
{
	cut((unsigned)_i, AOF_EVERYSEC);
}
END_TEST

/* With a server that rewrites when it is asked to, and takes no for an answer. */
static void live_with_faults(void)
{
	struct aof_options options = options_for(AOF_ALWAYS);

	while (!try_open(&options))
		nap();
	set("before", "value");
	write_base(rotate());
	set_large("during");
	aof_base_done(true);
	await(atomic_load(&rewritten) + atomic_load(&rewrite_errors) > 0 || atomic_load(&rewrites_needed) > 0);
	set("after", "value");
	serve_until_synced();
	ck_assert_int_eq(aof_close(), 0);
}

static void fault(unsigned operation, int error, unsigned times)
{
	disk_fail(DISK_ANY, error, operation, times);
	live_with_faults();
	expect_on_disk(journal_position());
	ck_assert_int_eq(atomic_load(&troubles), atomic_load(&recoveries));
}

START_TEST(any_operation_may_fail_once)
{
	fault((unsigned)_i, EIO, 1);
}
END_TEST

START_TEST(any_operations_may_fail_for_a_while)
{
	fault((unsigned)_i, ENOSPC, 7);
}
END_TEST

/* In the middle of them, and right after. */
START_TEST(and_there_may_be_a_power_cut_then)
{
	if (!disk_is_faulty())
		return;
	disk_cut_at((unsigned)_i + 5 + (unsigned)_i % 4, scratch_path("aofdir"), on_cut, NULL);
	fault((unsigned)_i, ENOSPC, 7);
	check_cut();
}
END_TEST

/* --- many threads ------------------------------------------------------------------------------------------------- */

static void *write_much(void *arg)
{
	char name[16];

	snprintf(name, sizeof(name), "key%d", (int)(intptr_t)arg);
	for (int i = 0; i < 2000; i++)
		set(name, "value");
	journal_thread_end();
	return NULL;
}

START_TEST(many_threads_write_while_it_is_rewritten)
{
	pthread_t threads[3];

	open_policy((enum aof_policy)_i);
	for (intptr_t i = 0; i < 3; i++)
		ck_assert_int_eq(pthread_create(&threads[i], NULL, write_much, (void *)i), 0);
	for (int i = 0; i < 5; i++)
		rewrite();
	for (int i = 0; i < 3; i++)
		pthread_join(threads[i], NULL);
	ck_assert_int_eq(aof_close(), 0);
	expect_on_disk(journal_position());
	ck_assert_int_eq(atomic_load(&troubles), 0);
}
END_TEST

/* ------------------------------------------------------------------------------------------------------------------ */

static void add_usual(TCase *tcase)
{
	tcase_add_test(tcase, a_new_file_has_a_base_and_an_increment);
	tcase_add_test(tcase, the_empty_base_may_be_commands);
	tcase_add_test(tcase, nothing_is_released_before_it_is_synced);
	tcase_add_test(tcase, one_sync_serves_many);
	tcase_add_test(tcase, every_second_is_written_at_once_and_synced_later);
	tcase_add_test(tcase, no_syncs_only_at_the_end);
	tcase_add_test(tcase, a_flush_waits_whatever_the_policy);
	tcase_add_test(tcase, what_is_wanted_is_synced_whatever_the_policy);
	tcase_add_test(tcase, a_closed_file_has_no_path_for_a_base);
	tcase_add_test(tcase, the_next_run_goes_on);
	tcase_add_test(tcase, policies_change_while_it_runs);
	tcase_add_test(tcase, a_weaker_policy_releases_what_came_with_it);
	tcase_add_test(tcase, a_value_larger_than_the_queue_is_released);
	tcase_add_test(tcase, no_syncs_while_a_snapshot_is_written_if_wanted);
	tcase_add_loop_test(tcase, many_threads_write_while_it_is_rewritten, AOF_ALWAYS, AOF_NO + 1);
}

static void add_rewrites(TCase *tcase)
{
	tcase_add_test(tcase, a_rewrite_replaces_what_was_there);
	tcase_add_test(tcase, what_is_written_during_a_rewrite_counts);
	tcase_add_test(tcase, a_rewrite_that_is_given_up_leaves_all_as_it_is);
	tcase_add_test(tcase, a_base_that_nobody_wants_is_removed);
	tcase_add_test(tcase, a_base_of_commands_is_named_so);
	tcase_add_test(tcase, leftovers_are_removed_at_the_next_start);
	tcase_add_test(tcase, an_increment_of_that_name_is_no_hindrance);
	tcase_add_test(tcase, nothing_is_promised_before_the_first_base);
	tcase_add_test(tcase, what_another_time_has_left_is_replaced);
	tcase_add_test(tcase, switched_off_before_the_first_base_nothing_is_left);
	tcase_add_test(tcase, a_first_rewrite_that_cannot_begin_keeps_no_memory);
}

static void add_trouble(TCase *tcase)
{
	tcase_add_loop_test(tcase, a_full_disk_delays_and_loses_nothing, AOF_ALWAYS, AOF_NO + 1);
	tcase_add_test(tcase, a_close_in_trouble_says_so);
	tcase_add_loop_test(tcase, a_failed_sync_needs_a_new_base, AOF_ALWAYS, AOF_EVERYSEC + 1);
	tcase_add_test(tcase, until_then_a_start_finds_what_was_synced);
	tcase_add_loop_test(tcase, what_a_sync_has_lost_is_cut_off, AOF_ALWAYS, AOF_EVERYSEC + 1);
	tcase_add_test(tcase, a_sync_that_fails_again_begins_again);
	tcase_add_test(tcase, a_rewrite_may_follow_another_within_a_turn);
	tcase_add_loop_test(tcase, a_lost_unit_needs_a_new_base, AOF_ALWAYS, AOF_NO + 1);
	tcase_add_loop_test(tcase, nothing_is_written_behind_a_gap_if_the_rewrite_cannot_begin, AOF_ALWAYS, AOF_NO + 1);
	tcase_add_loop_test(tcase, a_removed_directory_comes_back, AOF_ALWAYS, AOF_NO + 1);
	tcase_add_loop_test(tcase, a_removed_base_is_made_anew, AOF_ALWAYS, AOF_NO + 1);
	tcase_add_loop_test(tcase, a_file_that_was_cut_needs_a_new_base, AOF_ALWAYS, AOF_NO + 1);
	tcase_add_test(tcase, a_base_that_comes_back_is_good_again);
	tcase_add_test(tcase, a_manifest_is_written_again);
	tcase_add_test(tcase, a_directory_that_was_moved_and_comes_back_is_good_again);
	tcase_add_test(tcase, a_rewrite_that_cannot_begin_is_no_trouble);
	tcase_add_loop_test(tcase, a_power_cut_at_any_point_loses_nothing_that_was_synced, 0, CUTS);
	tcase_add_loop_test(tcase, nor_with_a_sync_every_second, 0, CUTS);
	tcase_add_loop_test(tcase, any_operation_may_fail_once, 0, FAULTS);
	tcase_add_loop_test(tcase, any_operations_may_fail_for_a_while, 0, FAULTS);
	tcase_add_loop_test(tcase, and_there_may_be_a_power_cut_then, 0, FAULTS);
}

Suite *aof_suite(void)
{
	static void (*const adders[])(TCase * tcase) = {add_usual, add_rewrites, add_trouble};
	static const char *const names[] = {"usual", "rewrites", "trouble"};
	Suite *suite = suite_create("aof");

	for (size_t i = 0; i < sizeof(adders) / sizeof(adders[0]); i++) {
		TCase *tcase = tcase_create(names[i]);

		tcase_add_checked_fixture(tcase, setup, teardown);
		adders[i](tcase);
		suite_add_tcase(suite, tcase);
	}
	return suite;
}
