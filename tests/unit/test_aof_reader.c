/* The reader of append-only files: what it makes of a file, in whatever pieces the file comes. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/buffer.h"
#include "commands_text.h"
#include "persist/aof_reader.h"
#include "suites.h"

/* A file in memory, read in pieces of at most `piece` bytes. */
struct tape {
	struct slice bytes;
	size_t at;
	size_t piece;
	int64_t error; /* is given instead of the end */
};

static int64_t tape_read(void *arg, char *bytes, size_t room)
{
	struct tape *tape = arg;
	size_t len = tape->bytes.len - tape->at;

	ck_assert_uint_gt(room, 0);
	len = len < room ? len : room;
	len = len < tape->piece ? len : tape->piece;
	if (len == 0)
		return tape->error;
	memcpy(bytes, tape->bytes.data + tape->at, len);
	tape->at += len;
	return (int64_t)len;
}

/* What came of a file. */
struct outcome {
	struct buffer commands; /* "SET a 1@0;" and so on: each with its offset; values are cut after 8 bytes */
	enum aof_read over;
	uint64_t valid;
	uint64_t error_at;
	char error[AOF_READER_ERROR];
	size_t blocks; /* arguments that came in one */
	size_t largest_batch;
};

static struct buffer file;
static struct outcome outcome;

static void setup(void)
{
	memset(&file, 0, sizeof(file));
	memset(&outcome, 0, sizeof(outcome));
}

static void teardown(void)
{
	buffer_free(&file);
	buffer_free(&outcome.commands);
}

static void note_request(struct resp_request *request, uint64_t offset)
{
	for (size_t i = 0; i < request->argc; i++) {
		struct slice word = request->argv[i];

		buffer_printf(&outcome.commands, "%s%.*s", i > 0 ? " " : "", (int)(word.len < 8 ? word.len : 8),
			      word.data);
	}
	buffer_printf(&outcome.commands, "@%llu;", (unsigned long long)offset);
	for (size_t i = 0; i < request->argc; i++) {
		struct block *block = resp_request_take_block(request, i);

		outcome.blocks += block != NULL;
		block_unref(block);
	}
}

/* Reads `bytes`, `stretch` and `piece` bytes at a time. */
static void read_bytes(struct slice bytes, size_t stretch, size_t piece)
{
	struct tape tape = {.bytes = bytes, .piece = piece};
	struct aof_reader reader;

	buffer_free(&outcome.commands);
	outcome = (struct outcome){0};
	ck_assert(aof_reader_init(&reader, &(struct aof_source){tape_read, &tape}, 0, stretch));
	while ((outcome.over = aof_reader_next(&reader)) == AOF_READ_COMMANDS) {
		ck_assert_uint_gt(reader.count, 0);
		if (reader.count > outcome.largest_batch)
			outcome.largest_batch = reader.count;
		for (size_t i = 0; i < reader.count; i++)
			note_request(&reader.requests[i], reader.offsets[i]);
	}
	ck_assert_int_eq(aof_reader_next(&reader), outcome.over);
	outcome.valid = reader.valid;
	outcome.error_at = reader.error_at;
	memcpy(outcome.error, reader.error, sizeof(reader.error));
	buffer_append_char(&outcome.commands, '\0');
	aof_reader_free(&reader);
}

/* Appends commands written as "SET a 1;GET a" to the file. */
static void put(const char *commands)
{
	commands_text_put(&file, commands);
}

static void put_value(const char *key, size_t len)
{
	buffer_printf(&file, "*3\r\n$3\r\nSET\r\n$%zu\r\n%s\r\n$%zu\r\n", strlen(key), key, len);
	for (size_t i = 0; i < len; i++)
		buffer_append_char(&file, (char)('a' + i % 26));
	buffer_append_text(&file, "\r\n");
}

static void expect(const char *commands, enum aof_read over, uint64_t valid)
{
	ck_assert_str_eq(outcome.commands.data, commands);
	ck_assert_int_eq(outcome.over, over);
	ck_assert_uint_eq(outcome.valid, valid);
}

/* Reads the file in pieces of every size and expects the same each time. */
static void expect_in_pieces(const char *commands, enum aof_read over, uint64_t valid)
{
	for (size_t piece = 1; piece <= file.len + 1; piece++) {
		read_bytes(buffer_slice(&file), 0, piece);
		expect(commands, over, valid);
		read_bytes(buffer_slice(&file), piece, SIZE_MAX);
		expect(commands, over, valid);
	}
}

START_TEST(commands_come_in_order_with_their_offsets)
{
	put("SELECT 0;SET a 1;DEL a b");
	expect_in_pieces("SELECT 0@0;SET a 1@23;DEL a b@50;", AOF_READ_END, 77);
	read_bytes(buffer_slice(&file), 0, SIZE_MAX);
	ck_assert_uint_eq(outcome.largest_batch, 3);
}
END_TEST

START_TEST(nothing_is_a_whole_file)
{
	read_bytes((struct slice){"", 0}, 0, SIZE_MAX);
	expect("", AOF_READ_END, 0);
}
END_TEST

START_TEST(a_transaction_is_given_out_without_its_frame)
{
	put("SET a 1;MULTI;SET b 2;SET c 3;EXEC;SET d 4;multi;exec;SET e 5");
	expect_in_pieces("SET a 1@0;SET b 2@42;SET c 3@69;SET d 4@110;SET e 5@166;", AOF_READ_END, 193);
}
END_TEST

START_TEST(a_file_is_valid_up_to_its_last_whole_unit)
{
	size_t ends[] = {0, 23, 50, 133, 160}; /* behind each unit */
	struct slice all;

	put("SELECT 0;SET a 1;MULTI;SET b 2;SET c 3;EXEC;SET d 4");
	ck_assert_uint_eq(file.len, ends[4]);
	all = buffer_slice(&file);
	for (size_t len = 0; len <= all.len; len++) {
		size_t unit = 0;

		while (unit < 4 && ends[unit + 1] <= len)
			unit++;
		read_bytes((struct slice){all.data, len}, 0, 7);
		ck_assert_uint_eq(outcome.valid, ends[unit]);
		ck_assert_int_eq(outcome.over, ends[unit] == len ? AOF_READ_END : AOF_READ_TRUNCATED);
		ck_assert_int_eq(strstr(outcome.commands.data, "SET b") != NULL, unit >= 3);
	}
}
END_TEST

/* The text of `count` commands "SET k1 v@offset;" as note_request writes them; appends them to the file. */
static void put_many(struct buffer *want, int count)
{
	for (int i = 0; i < count; i++) {
		char command[64];

		buffer_printf(want, "SET k%d v@%zu;", i, file.len);
		snprintf(command, sizeof(command), "SET k%d v", i);
		put(command);
	}
}

START_TEST(a_large_transaction_is_whole_or_not_there)
{
	struct buffer want = {0};
	size_t before, behind;

	put_many(&want, 3);
	before = file.len;
	put("MULTI");
	put_many(&want, 500);
	put("EXEC");
	behind = file.len;
	put_many(&want, 100);
	buffer_append_char(&want, '\0');
	for (size_t stretch = 16; stretch <= 65536; stretch *= 2) {
		read_bytes(buffer_slice(&file), stretch, SIZE_MAX);
		expect(want.data, AOF_READ_END, file.len);
		ck_assert_uint_eq(outcome.largest_batch, AOF_READER_BATCH);
		read_bytes((struct slice){file.data, behind - 1}, stretch, SIZE_MAX);
		ck_assert_int_eq(outcome.over, AOF_READ_TRUNCATED);
		ck_assert_uint_eq(outcome.valid, before);
		ck_assert_str_eq(outcome.commands.data, "SET k0 v@0;SET k1 v@28;SET k2 v@56;");
	}
	buffer_free(&want);
}
END_TEST

START_TEST(large_values_come_in_blocks)
{
	char want[200];
	size_t second, b, c;

	put_value("a", 100000);
	second = file.len;
	put("MULTI");
	b = file.len;
	put_value("b", 40000);
	c = file.len;
	put_value("c", 300000);
	put("EXEC;SET d 1");
	snprintf(want, sizeof(want), "SET a abcdefgh@0;SET b abcdefgh@%zu;SET c abcdefgh@%zu;SET d 1@%zu;", b, c,
		 file.len - 27);
	for (size_t piece = 1000; piece < 500000; piece = piece * 3 / 2) {
		read_bytes(buffer_slice(&file), 0, piece);
		expect(want, AOF_READ_END, file.len);
		read_bytes(buffer_slice(&file), piece, SIZE_MAX);
		expect(want, AOF_READ_END, file.len);
	}
	read_bytes(buffer_slice(&file), 1000, SIZE_MAX);
	ck_assert_uint_eq(outcome.blocks, 3);
	read_bytes((struct slice){file.data, second - 3}, 1000, SIZE_MAX);
	expect("", AOF_READ_TRUNCATED, 0);
}
END_TEST

START_TEST(annotations_are_passed_over)
{
	buffer_append_text(&file, "#TS:1700000000\r\n");
	put("SET a 1;MULTI");
	buffer_append_text(&file, "#TS:1700000001\r\n#\n");
	put("SET b 2;EXEC");
	buffer_append_text(&file, "# 'and \"so on\r\n");
	expect_in_pieces("SET a 1@16;SET b 2@76;", AOF_READ_END, 117);
	file.len -= 1;
	expect_in_pieces("SET a 1@16;SET b 2@76;", AOF_READ_TRUNCATED, 117);
}
END_TEST

/* Whole commands, then `wrong`, which is found to be so in whatever pieces it comes. */
static void expect_corrupt(const char *commands, const char *wrong, const char *error)
{
	size_t at;

	file.len = 0;
	put(commands);
	at = file.len;
	buffer_append_text(&file, wrong);
	buffer_append_text(&file, "*1\r\n$4\r\nPING\r\n"); /* so that it is not the end that is missing */
	for (size_t piece = 1; piece <= file.len; piece++) {
		read_bytes(buffer_slice(&file), 0, piece);
		ck_assert_int_eq(outcome.over, AOF_READ_CORRUPT);
		ck_assert_str_eq(outcome.error, error);
		ck_assert_uint_eq(outcome.error_at, at);
	}
}

START_TEST(what_is_wrong_is_named_with_its_place)
{
	expect_corrupt("SET a 1", "+OK\r\n", "expected '*', got '+'");
	expect_corrupt("SET a 1", "\x01\r\n", "expected '*', got '\\x01'");
	expect_corrupt("SET a 1", "PING\r\n", "expected '*', got 'P'");
	expect_corrupt("SET a 1", "*0\r\n", "invalid multibulk length");
	expect_corrupt("SET a 1", "*-1\r\n", "invalid multibulk length");
	expect_corrupt("SET a 1", "*1x\r\n", "invalid multibulk length");
	expect_corrupt("SET a 1;SET b 2", "*2\r\n$4\r\nECHO\r\n:12\r\n", "expected '$', got ':'");
	expect_corrupt("SET a 1", "*2\r\n$4\r\nECHO\r\n$-2\r\n", "invalid bulk length");
	expect_corrupt("SET a 1", "*2\r\n$4\r\nECHO\r\n$1\r\nabc\r\n", "expected CRLF");
	expect_corrupt("SET a 1", "*1\r\n$4\r\nEXEC\r\n", "EXEC without MULTI");
}
END_TEST

START_TEST(transactions_do_not_nest)
{
	put("SET a 1;MULTI;SET b 2;MULTI;EXEC");
	read_bytes(buffer_slice(&file), 0, SIZE_MAX);
	ck_assert_int_eq(outcome.over, AOF_READ_CORRUPT);
	ck_assert_str_eq(outcome.error, "MULTI within a transaction");
	ck_assert_uint_eq(outcome.error_at, 69);
	ck_assert_uint_eq(outcome.valid, 27);
}
END_TEST

START_TEST(an_annotation_has_an_end)
{
	char line[AOF_ANNOTATION_MAX + 2];

	memset(line, '#', sizeof(line));
	line[sizeof(line) - 1] = '\0';
	put("SET a 1");
	buffer_append_text(&file, line);
	for (size_t piece = 1; piece < 2000; piece += 97) {
		read_bytes(buffer_slice(&file), 0, piece);
		ck_assert_int_eq(outcome.over, AOF_READ_CORRUPT);
		ck_assert_str_eq(outcome.error, "annotation too long");
		ck_assert_uint_eq(outcome.error_at, 27);
	}
}
END_TEST

START_TEST(an_error_of_the_disk_is_passed_on)
{
	struct tape tape = {.piece = SIZE_MAX, .error = -EIO};
	struct aof_reader reader;

	put("SET a 1");
	tape.bytes = buffer_slice(&file);
	ck_assert(aof_reader_init(&reader, &(struct aof_source){tape_read, &tape}, 1000, 0));
	ck_assert_int_eq(aof_reader_next(&reader), AOF_READ_COMMANDS);
	ck_assert_uint_eq(reader.offsets[0], 1000);
	ck_assert_int_eq(aof_reader_next(&reader), AOF_READ_FAILED);
	ck_assert_str_eq(reader.error, "Input/output error");
	ck_assert_uint_eq(reader.error_at, 1027);
	aof_reader_free(&reader);
}
END_TEST

START_TEST(a_command_may_be_larger_than_a_stretch)
{
	struct buffer want = {0};

	buffer_append_text(&file, "*2001\r\n$4\r\nMSET\r\n");
	buffer_append_text(&want, "MSET");
	for (int i = 0; i < 1000; i++) {
		buffer_printf(&file, "$5\r\nk%04d\r\n$1\r\nv\r\n", i);
		buffer_printf(&want, " k%04d v", i);
	}
	buffer_append_text(&want, "@0;");
	buffer_append_char(&want, '\0');
	for (size_t stretch = 16; stretch < 100000; stretch *= 2) {
		read_bytes(buffer_slice(&file), stretch, SIZE_MAX);
		expect(want.data, AOF_READ_END, file.len);
	}
	buffer_free(&want);
}
END_TEST

Suite *aof_reader_suite(void)
{
	Suite *suite = suite_create("aof_reader");
	TCase *tcase = tcase_create("aof_reader");

	tcase_add_checked_fixture(tcase, setup, teardown);
	tcase_add_test(tcase, commands_come_in_order_with_their_offsets);
	tcase_add_test(tcase, nothing_is_a_whole_file);
	tcase_add_test(tcase, a_transaction_is_given_out_without_its_frame);
	tcase_add_test(tcase, a_file_is_valid_up_to_its_last_whole_unit);
	tcase_add_test(tcase, a_large_transaction_is_whole_or_not_there);
	tcase_add_test(tcase, large_values_come_in_blocks);
	tcase_add_test(tcase, annotations_are_passed_over);
	tcase_add_test(tcase, what_is_wrong_is_named_with_its_place);
	tcase_add_test(tcase, transactions_do_not_nest);
	tcase_add_test(tcase, an_annotation_has_an_end);
	tcase_add_test(tcase, an_error_of_the_disk_is_passed_on);
	tcase_add_test(tcase, a_command_may_be_larger_than_a_stretch);
	suite_add_tcase(suite, tcase);
	return suite;
}
