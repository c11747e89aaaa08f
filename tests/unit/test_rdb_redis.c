/* Files that redis-server and its tools read, and files that it wrote. A machine without it passes. */
#include <check.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "persist/file.h"
#include "persist/rdb_reader.h"
#include "persist/rdb_writer.h"
#include "scratch.h"
#include "suites.h"

enum { RECORDS = 30000, MOST_VALUE = 3000, DATABASES = 16 };

static bool is_there(const char *program)
{
	char command[100];

	snprintf(command, sizeof(command), "command -v %s >/dev/null 2>&1", program);
	return system(command) == 0;
}

/* --- a file with a bit of everything -------------------------------------------------------------------------------
 */

/* A key and a value that depend on the number alone. */
struct sample {
	char key[32];
	char value[MOST_VALUE];
	struct rdb_record record;
};

static void make_sample(struct sample *sample, unsigned i)
{
	size_t len = i % MOST_VALUE;
	int key_len = snprintf(sample->key, sizeof(sample->key), "%s%u", i % 3 == 0 ? "" : "key:", i);

	for (size_t at = 0; at < len; at++)
		sample->value[at] = (char)(i % 2 == 0 ? (size_t)'a' + at % 3 : at * at % 251);
	if (len > 0 && len < 10)
		len = (size_t)snprintf(sample->value, sizeof(sample->value), "%d",
				       (int)(i * 7919) * (i % 4 == 0 ? -1 : 1));
	sample->record = (struct rdb_record){
		.db = i % DATABASES,
		.key = {sample->key, (size_t)key_len},
		.value = {sample->value, len},
		.expire_at = i % 5 == 0 ? 4102444800000 + i : 0,
		.idle = RDB_NOT_GIVEN,
		.freq = RDB_NOT_GIVEN,
	};
}

static void write_file(const char *path, bool compress)
{
	struct rdb_file file = {.fd = file_open(path, O_WRONLY | O_CREAT | O_TRUNC), .write_back = true};
	struct rdb_writer_options options = {.compress = compress, .checksum = true, .now = 1700000000};
	struct rdb_writer writer;
	struct sample sample;

	ck_assert_int_ge(file.fd, 0);
	ck_assert_int_eq(rdb_writer_begin(&writer, rdb_file_sink(&file), &options), 0);
	for (unsigned db = 0; db < DATABASES; db++)
		ck_assert_int_eq(rdb_writer_sizes(&writer, db, RECORDS / DATABASES, RECORDS / DATABASES / 5), 0);
	for (unsigned i = 0; i < RECORDS; i++) {
		make_sample(&sample, i);
		ck_assert_int_eq(rdb_writer_entry(&writer, &sample.record), 0);
	}
	ck_assert_int_eq(rdb_writer_finish(&writer), 0);
	ck_assert_int_eq(file_sync(file.fd), 0);
	ck_assert_int_eq(file_size(file.fd), file.size);
	ck_assert_int_eq(file.size, (int64_t)writer.size);
	rdb_writer_free(&writer);
	file_close(file.fd);
}

/* --- reading it ------------------------------------------------------------------------------------------------------
 */

static int64_t read_fd(void *arg, char *bytes, size_t room)
{
	const int *fd = arg;

	return file_read(*fd, bytes, room);
}

/* The number in a sample's key. */
static unsigned number_of(struct slice key)
{
	char text[32] = "";

	ck_assert_uint_lt(key.len, sizeof(text));
	memcpy(text, key.data, key.len);
	return (unsigned)strtoul(strncmp(text, "key:", 4) == 0 ? text + 4 : text, NULL, 10);
}

static void expect_sample(const struct rdb_record *record, bool *seen)
{
	unsigned i = number_of(record->key);
	struct sample sample;

	ck_assert_uint_lt(i, RECORDS);
	ck_assert(!seen[i]);
	seen[i] = true;
	make_sample(&sample, i);
	ck_assert_uint_eq(record->db, sample.record.db);
	ck_assert(slice_equal(record->key, sample.record.key));
	ck_assert(slice_equal(record->value, sample.record.value));
	ck_assert_int_eq(record->expire_at, sample.record.expire_at);
	block_unref(record->block);
}

/* All samples are in the file, each once. */
static void expect_samples(const char *path)
{
	bool seen[RECORDS] = {false};
	struct rdb_record records[100];
	struct rdb_reader reader;
	int fd = file_open(path, O_RDONLY);
	size_t count;

	ck_assert_int_ge(fd, 0);
	ck_assert(rdb_reader_init(&reader, (struct rdb_source){read_fd, &fd}, file_size(fd), DATABASES));
	while (rdb_reader_next(&reader, records, 100, &count) == RDB_READ_RECORDS) {
		for (size_t i = 0; i < count; i++)
			expect_sample(&records[i], seen);
	}
	ck_assert_msg(reader.state == RDB_READ_END, "%s", reader.error);
	ck_assert_uint_eq(reader.records, RECORDS);
	ck_assert_uint_eq(reader.facts.keys, RECORDS);
	ck_assert_int_eq((int64_t)rdb_reader_offset(&reader), file_size(fd));
	rdb_reader_free(&reader);
	file_close(fd);
}

/* --- Redis -----------------------------------------------------------------------------------------------------------
 */

START_TEST(redis_check_rdb_accepts_the_file)
{
	char command[400];

	if (!is_there("redis-check-rdb"))
		return;
	write_file(scratch_path("dump.rdb"), _i);
	snprintf(command, sizeof(command),
		 "cd %s && redis-check-rdb dump.rdb >said && grep -q 'Checksum OK' said && grep -q '%d keys read' said",
		 scratch_directory(), RECORDS);
	ck_assert_int_eq(system(command), 0);
}
END_TEST

/* Starts redis-server in a directory with a dump.rdb, waits until it has loaded that, lets it save all anew and ends
 * it. */
static const char load_and_save[] =
	"cd %s || exit 1\n"
	"redis-server --port 0 --unixsocket socket --save '' --rdbcompression %s >log 2>&1 &\n"
	"said() { redis-cli -s socket \"$@\" 2>&1 | grep -q \"^$answer\"; }\n"
	"tries=0 answer=PONG\n"
	"until said PING; do\n"
	"	tries=$((tries + 1))\n"
	"	[ $tries -lt 400 ] || { kill $!; exit 1; }\n"
	"	sleep 0.1\n"
	"done\n"
	"answer=OK\n"
	"mv dump.rdb loaded.rdb && said SAVE\n"
	"status=$?\n"
	"said SHUTDOWN NOSAVE\n"
	"wait\n"
	"exit $status\n";

START_TEST(what_redis_loads_and_saves_is_the_same)
{
	char command[sizeof(load_and_save) + 100];

	if (!is_there("redis-server") || !is_there("redis-cli"))
		return;
	write_file(scratch_path("dump.rdb"), _i & 1);
	snprintf(command, sizeof(command), load_and_save, scratch_directory(), _i & 2 ? "yes" : "no");
	ck_assert_int_eq(system(command), 0);
	expect_samples(scratch_path("dump.rdb"));
}
END_TEST

START_TEST(what_is_written_is_read)
{
	write_file(scratch_path("dump.rdb"), _i);
	expect_samples(scratch_path("dump.rdb"));
}
END_TEST

Suite *rdb_redis_suite(void)
{
	Suite *suite = suite_create("rdb_redis");
	TCase *tcase = tcase_create("rdb_redis");

	tcase_add_checked_fixture(tcase, scratch_setup, scratch_teardown);
	tcase_add_loop_test(tcase, what_is_written_is_read, 0, 2);
	tcase_add_loop_test(tcase, redis_check_rdb_accepts_the_file, 0, 2);
	tcase_add_loop_test(tcase, what_redis_loads_and_saves_is_the_same, 0, 4);
	suite_add_tcase(suite, tcase);
	return suite;
}
