/* The reply writer: what each function puts into the output, in both protocols, and what withdraws it. */
#include <math.h>
#include <stdlib.h>

#include "resp/reply.h"
#include "unit/suites.h"

/* The whole output in one piece, taken `most` bytes at a time. Checks that its length is what it was said to be. */
static struct buffer joined(const struct reply *reply, size_t most)
{
	struct reply_place place = {0};
	struct buffer all = {0};
	struct slice piece;
	bool fits = true;

	while ((piece = reply_next_piece(reply, &place, most)).len > 0) {
		fits = fits && piece.len <= most;
		buffer_append_slice(&all, piece);
	}
	ck_assert(fits);
	ck_assert_uint_eq(reply_next_piece(reply, &place, most).len, 0);
	ck_assert_uint_eq(all.len, reply_len(reply));
	return all;
}

static void check_output(const struct reply *reply, struct slice expected)
{
	static const size_t steps[] = {SIZE_MAX, 7, 4099};

	for (size_t i = 0; i < sizeof(steps) / sizeof(steps[0]); i++) {
		struct buffer all = joined(reply, steps[i]);

		ck_assert_msg(slice_equal(buffer_slice(&all), expected), "got \"%.*s\", not \"%.*s\"", (int)all.len,
			      all.data, (int)expected.len, expected.data);
		buffer_free(&all);
	}
}

/* Checks what has been written since the last time, and forgets it. */
static void check_written(struct reply *reply, const char *expected)
{
	check_output(reply, slice_of(expected));
	reply_clear(reply);
	ck_assert_uint_eq(reply_len(reply), 0);
}

START_TEST(test_values)
{
	struct reply reply = {.protocol = (uint8_t)_i};

	reply_ok(&reply);
	reply_simple(&reply, "PONG");
	check_written(&reply, "+OK\r\n+PONG\r\n");
	reply_int(&reply, 0);
	reply_int(&reply, 9);
	reply_int(&reply, 10);
	reply_int(&reply, 99);
	reply_int(&reply, 100);
	reply_int(&reply, 999);
	reply_int(&reply, 1000);
	check_written(&reply, ":0\r\n:9\r\n:10\r\n:99\r\n:100\r\n:999\r\n:1000\r\n");
	reply_int(&reply, -1);
	reply_int(&reply, INT64_MIN);
	reply_int(&reply, INT64_MAX);
	check_written(&reply, ":-1\r\n:-9223372036854775808\r\n:9223372036854775807\r\n");
	reply_bulk(&reply, SLICE("a\r\nb"));
	reply_bulk(&reply, (struct slice){NULL, 0});
	reply_bulk_text(&reply, "twelve bytes");
	reply_bulk_int(&reply, -12);
	check_written(&reply, "$4\r\na\r\nb\r\n$0\r\n\r\n$12\r\ntwelve bytes\r\n$3\r\n-12\r\n");
	reply_array(&reply, 0);
	reply_array(&reply, 105);
	reply_array(&reply, 1048576);
	check_written(&reply, "*0\r\n*105\r\n*1048576\r\n");
	ck_assert_uint_eq(reply.errors, 0);
	reply_free(&reply);
}
END_TEST

START_TEST(test_protocol_2)
{
	struct reply reply = {.protocol = 2};

	reply_null(&reply);
	reply_null_array(&reply);
	reply_bool(&reply, true);
	reply_bool(&reply, false);
	check_written(&reply, "$-1\r\n*-1\r\n:1\r\n:0\r\n");
	reply_double(&reply, 1.5);
	reply_double(&reply, -INFINITY);
	check_written(&reply, "$3\r\n1.5\r\n$4\r\n-inf\r\n");
	reply_verbatim(&reply, SLICE("some text"), "txt");
	check_written(&reply, "$9\r\nsome text\r\n");
	reply_map(&reply, 7);
	reply_set(&reply, 7);
	reply_push(&reply, 7);
	check_written(&reply, "*14\r\n*7\r\n*7\r\n");
	reply_free(&reply);
}
END_TEST

START_TEST(test_protocol_3)
{
	struct reply reply = {.protocol = 3};

	reply_null(&reply);
	reply_null_array(&reply);
	reply_bool(&reply, true);
	reply_bool(&reply, false);
	check_written(&reply, "_\r\n_\r\n#t\r\n#f\r\n");
	reply_double(&reply, 1.5);
	reply_double(&reply, -INFINITY);
	check_written(&reply, ",1.5\r\n,-inf\r\n");
	reply_verbatim(&reply, SLICE("some text"), "txt");
	check_written(&reply, "=13\r\ntxt:some text\r\n");
	reply_map(&reply, 7);
	reply_set(&reply, 7);
	reply_push(&reply, 7);
	check_written(&reply, "%7\r\n~7\r\n>7\r\n");
	reply_free(&reply);
}
END_TEST

START_TEST(test_errors)
{
	struct reply reply = {.protocol = 2};

	reply_error(&reply, "ERR one\r\ntwo");
	reply_errorf(&reply, "ERR unknown command '%s' of %d", "a\nb\r", 3);
	check_written(&reply, "-ERR one  two\r\n-ERR unknown command 'a b ' of 3\r\n");
	ck_assert_uint_eq(reply.errors, 2);
	reply_error_syntax(&reply);
	reply_error_not_integer(&reply);
	check_written(&reply, "-ERR syntax error\r\n-ERR value is not an integer or out of range\r\n");
	reply_error_out_of_memory(&reply);
	ck_assert_int_eq(memcmp(reply.bytes.data, "-OOM ", 5), 0);
	ck_assert_uint_eq(reply.errors, 5);
	reply_free(&reply);
}
END_TEST

/* --- blocks ----------------------------------------------------------------------------------------------------- */

static struct block *filled_block(size_t len, char c)
{
	struct block *block = block_new(len);

	memset(block->data, c, len);
	block->len = len;
	return block;
}

/* Appends the bulk string that `block` should become. */
static void expect_bulk(struct buffer *expected, const struct block *block, size_t from, size_t len)
{
	buffer_printf(expected, "$%zu\r\n", len);
	buffer_append(expected, block->data + from, len);
	buffer_append_text(expected, "\r\n");
}

START_TEST(test_blocks)
{
	struct block *block = filled_block(REPLY_BY_REFERENCE + 1, 'b');
	struct reply reply = {.protocol = 2};
	struct buffer expected = {0};
	struct reply_place place = {0};

	reply_bulk_block(&reply, block, 0, REPLY_BY_REFERENCE - 1); /* too small */
	reply_bulk_block(&reply, block, 1, REPLY_BY_REFERENCE);	    /* not from its beginning */
	ck_assert(!block_is_shared(block));
	expect_bulk(&expected, block, 0, REPLY_BY_REFERENCE - 1);
	expect_bulk(&expected, block, 1, REPLY_BY_REFERENCE);
	reply_bulk_block(&reply, block, 0, REPLY_BY_REFERENCE);
	ck_assert(block_is_shared(block));
	reply_bulk_block(&reply, block, 0, REPLY_BY_REFERENCE + 1);
	reply_ok(&reply);
	expect_bulk(&expected, block, 0, REPLY_BY_REFERENCE);
	expect_bulk(&expected, block, 0, REPLY_BY_REFERENCE + 1);
	buffer_append_text(&expected, "+OK\r\n");

	check_output(&reply, buffer_slice(&expected));
	for (size_t piece = 0; piece < 5; piece++) {
		struct slice slice = reply_next_piece(&reply, &place, SIZE_MAX);

		ck_assert_uint_gt(slice.len, 0);
		ck_assert(piece % 2 == 0 || slice.data == block->data);
	}
	ck_assert_uint_eq(reply_next_piece(&reply, &place, SIZE_MAX).len, 0);

	reply_clear(&reply);
	ck_assert(!block_is_shared(block));
	check_output(&reply, SLICE(""));
	block_unref(block);
	buffer_free(&expected);
	reply_free(&reply);
}
END_TEST

START_TEST(test_many_blocks)
{
	struct block *block = filled_block(REPLY_BY_REFERENCE, 'b');
	struct reply reply = {.protocol = 2};
	struct buffer expected = {0};

	for (int i = 0; i < 100; i++) {
		reply_bulk_block(&reply, block, 0, block->len);
		expect_bulk(&expected, block, 0, block->len);
	}
	check_output(&reply, buffer_slice(&expected));
	reply_free(&reply);
	ck_assert(!block_is_shared(block));
	block_unref(block);
	buffer_free(&expected);
}
END_TEST

START_TEST(test_clear_gives_memory_back)
{
	struct reply reply = {.protocol = 3};
	char *bytes = calloc(1, 2 << 20);

	reply_bulk(&reply, (struct slice){bytes, 1000});
	reply_clear(&reply);
	ck_assert_uint_gt(reply.bytes.cap, 0);
	reply_bulk(&reply, (struct slice){bytes, 2 << 20});
	reply_clear(&reply);
	ck_assert_uint_eq(reply.bytes.cap, 0);
	ck_assert_uint_eq(reply.protocol, 3);
	reply.bytes.failed = true;
	reply_clear(&reply);
	ck_assert(!reply_failed(&reply));
	free(bytes);
	reply_free(&reply);
	ck_assert_uint_eq(reply.protocol, 3);
}
END_TEST

/* --- withdrawing ------------------------------------------------------------------------------------------------ */

START_TEST(test_rewind)
{
	struct block *block = filled_block(REPLY_BY_REFERENCE, 'b');
	struct reply reply = {.protocol = 2};
	struct buffer expected = {0};
	struct reply_deferred deferred;
	struct reply_mark mark;

	reply_bulk_block(&reply, block, 0, block->len);
	expect_bulk(&expected, block, 0, block->len);
	mark = reply_mark(&reply);
	deferred = reply_array_begin(&reply);
	reply_bulk_block(&reply, block, 0, block->len);
	reply_array_end(&reply, deferred, 1);
	reply_error(&reply, "ERR no");
	reply_rewind(&reply, mark);
	ck_assert_uint_eq(reply.errors, 0);
	check_output(&reply, buffer_slice(&expected));
	reply_ok(&reply);
	buffer_append_text(&expected, "+OK\r\n");
	check_output(&reply, buffer_slice(&expected));

	mark = (struct reply_mark){0};
	reply_rewind(&reply, mark);
	check_output(&reply, SLICE(""));
	ck_assert(!block_is_shared(block));
	block_unref(block);
	buffer_free(&expected);
	reply_free(&reply);
}
END_TEST

/* --- deferred arrays -------------------------------------------------------------------------------------------- */

START_TEST(test_deferred)
{
	struct reply reply = {.protocol = 2};
	struct reply_deferred outer;
	struct reply_deferred inner;

	reply_ok(&reply);
	outer = reply_array_begin(&reply);
	inner = reply_array_begin(&reply);
	reply_int(&reply, 1);
	reply_map_end(&reply, inner, 6);
	inner = reply_array_begin(&reply);
	reply_set_end(&reply, inner, 0);
	reply_array_end(&reply, outer, 2);
	reply_ok(&reply);
	ck_assert_uint_eq(reply.insert_count, 0);
	check_written(&reply, "+OK\r\n*2\r\n*12\r\n:1\r\n*0\r\n+OK\r\n");

	reply.protocol = 3;
	outer = reply_array_begin(&reply);
	inner = reply_array_begin(&reply);
	reply_map_end(&reply, inner, 6);
	reply_set_end(&reply, outer, 1000000);
	check_written(&reply, "~1000000\r\n%6\r\n");
	reply_free(&reply);
}
END_TEST

/* An array with blocks in it, and one with more bytes than are moved: both leave gaps. */
START_TEST(test_deferred_with_gaps)
{
	struct block *block = filled_block(REPLY_BY_REFERENCE, 'b');
	struct reply reply = {.protocol = 2};
	struct buffer expected = {0};
	struct reply_deferred outer;
	struct reply_deferred inner;

	reply_bulk_block(&reply, block, 0, block->len);
	expect_bulk(&expected, block, 0, block->len);
	outer = reply_array_begin(&reply);
	buffer_append_text(&expected, "*3\r\n");
	reply_bulk_block(&reply, block, 0, block->len);
	expect_bulk(&expected, block, 0, block->len);
	inner = reply_array_begin(&reply);
	buffer_append_text(&expected, "*1000\r\n");
	for (int i = 0; i < 1000; i++) {
		reply_bulk_int(&reply, i);
		buffer_printf(&expected, "$%d\r\n%d\r\n", i < 10 ? 1 : i < 100 ? 2 : 3, i);
	}
	reply_array_end(&reply, inner, 1000);
	reply_bulk_block(&reply, block, 0, block->len);
	expect_bulk(&expected, block, 0, block->len);
	reply_array_end(&reply, outer, 3);
	reply_ok(&reply);
	buffer_append_text(&expected, "+OK\r\n");

	ck_assert_uint_eq(reply.insert_count, 5);
	check_output(&reply, buffer_slice(&expected));
	for (size_t i = 1; i < reply.insert_count; i++)
		ck_assert_uint_le(reply.inserts[i - 1].at, reply.inserts[i].at);
	reply_free(&reply);
	block_unref(block);
	buffer_free(&expected);
}
END_TEST

/* Few bytes, but one block: what stands behind it must not move away from it. */
START_TEST(test_deferred_with_a_block)
{
	struct block *block = filled_block(REPLY_BY_REFERENCE, 'b');
	struct reply reply = {.protocol = 2};
	struct buffer expected = {0};
	struct reply_deferred deferred = reply_array_begin(&reply);

	reply_bulk_block(&reply, block, 0, block->len);
	reply_array_end(&reply, deferred, 1);
	buffer_append_text(&expected, "*1\r\n");
	expect_bulk(&expected, block, 0, block->len);
	check_output(&reply, buffer_slice(&expected));
	reply_free(&reply);
	block_unref(block);
	buffer_free(&expected);
}
END_TEST

START_TEST(test_deferred_without_memory)
{
	struct reply reply = {.protocol = 2};
	struct reply_deferred deferred;

	reply.bytes.failed = true;
	deferred = reply_array_begin(&reply);
	reply_array_end(&reply, deferred, 1);
	ck_assert(reply_failed(&reply));
	reply_free(&reply);
}
END_TEST

Suite *reply_suite(void)
{
	Suite *suite = suite_create("reply");
	TCase *core = tcase_create("core");

	tcase_add_loop_test(core, test_values, 2, 4);
	tcase_add_test(core, test_protocol_2);
	tcase_add_test(core, test_protocol_3);
	tcase_add_test(core, test_errors);
	tcase_add_test(core, test_blocks);
	tcase_add_test(core, test_many_blocks);
	tcase_add_test(core, test_clear_gives_memory_back);
	tcase_add_test(core, test_rewind);
	tcase_add_test(core, test_deferred);
	tcase_add_test(core, test_deferred_with_gaps);
	tcase_add_test(core, test_deferred_with_a_block);
	tcase_add_test(core, test_deferred_without_memory);
	suite_add_tcase(suite, core);
	return suite;
}
