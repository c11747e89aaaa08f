/* Buffers and blocks. */
#include <stdint.h>
#include <stdlib.h>

#include "base/block.h"
#include "base/buffer.h"
#include "suites.h"

static void check_content(const struct buffer *buffer, const char *expected)
{
	ck_assert_uint_eq(buffer->len, strlen(expected));
	ck_assert_mem_eq(buffer->data, expected, buffer->len);
}

START_TEST(appends_in_order)
{
	struct buffer buffer = {0};

	buffer_append(&buffer, "", 0);
	ck_assert_ptr_null(buffer.data);
	buffer_append_text(&buffer, "one ");
	buffer_append_slice(&buffer, SLICE("two"));
	buffer_append_char(&buffer, ' ');
	buffer_printf(&buffer, "%s %d", "three", 4);
	check_content(&buffer, "one two three 4");
	ck_assert(!buffer.failed);
	buffer_free(&buffer);
	ck_assert_ptr_null(buffer.data);
	ck_assert_uint_eq(buffer.cap, 0);
}
END_TEST

START_TEST(printf_grows_for_a_long_text)
{
	struct buffer buffer = {0};
	size_t i;

	buffer_printf(&buffer, "%s", "");
	ck_assert_uint_eq(buffer.len, 0);
	buffer_printf(&buffer, "%0*d", 5000, 7);
	ck_assert_uint_eq(buffer.len, 5000);
	for (i = 0; i < 4999; i++)
		ck_assert_int_eq(buffer.data[i], '0');
	ck_assert_int_eq(buffer.data[4999], '7');
	buffer_free(&buffer);
}
END_TEST

START_TEST(grows_by_half_or_quarter)
{
	struct buffer buffer = {0};
	size_t mebibyte = 1024 * 1024;

	ck_assert(buffer_reserve(&buffer, 1000));
	ck_assert_uint_eq(buffer.cap, 1000);
	buffer.len = 1000;
	ck_assert(buffer_reserve(&buffer, 1));
	ck_assert_uint_eq(buffer.cap, 2000);
	ck_assert(buffer_reserve(&buffer, mebibyte));
	buffer.len = buffer.cap;
	ck_assert(buffer_reserve(&buffer, 1));
	ck_assert_uint_eq(buffer.cap, buffer.len + buffer.len / 4);
	buffer_free(&buffer);
}
END_TEST

START_TEST(stays_as_it_was_without_memory)
{
	struct buffer buffer = {0};

	buffer_append_text(&buffer, "kept");
	ck_assert(!buffer_reserve(&buffer, SIZE_MAX));
	ck_assert(buffer.failed);
	check_content(&buffer, "kept");
	ck_assert(!buffer_reserve(&buffer, SIZE_MAX - 2));
	buffer_append_text(&buffer, "!");
	ck_assert(buffer.failed);
	check_content(&buffer, "kept!");
	buffer_free(&buffer);
	ck_assert(!buffer.failed);
}
END_TEST

START_TEST(quotes_what_is_not_printable)
{
	struct buffer buffer = {0};

	buffer_append_quoted(&buffer, (struct slice){"a \"b\"\\\n\r\t\a\b\0\x1f\x7f\xff~", 16});
	check_content(&buffer, "\"a \\\"b\\\"\\\\\\n\\r\\t\\a\\b\\x00\\x1f\\x7f\\xff~\"");
	buffer.len = 0;
	buffer_append_quoted(&buffer, (struct slice){NULL, 0});
	check_content(&buffer, "\"\"");
	buffer_free(&buffer);
}
END_TEST

START_TEST(trims_what_is_not_used)
{
	struct buffer buffer = {0};

	ck_assert(buffer_reserve(&buffer, 100000));
	buffer_append_text(&buffer, "kept");
	buffer_trim(&buffer);
	ck_assert_uint_eq(buffer.cap, 4);
	ck_assert(slice_equal(buffer_slice(&buffer), SLICE("kept")));
	ck_assert(buffer_reserve(&buffer, 4096));
	buffer_trim(&buffer); /* not worth it */
	ck_assert_uint_ge(buffer.cap, 4100);
	buffer_free(&buffer);
	buffer_trim(&buffer);
	ck_assert_ptr_null(buffer.data);
}
END_TEST

START_TEST(block_counts_its_holders)
{
	struct block *block = block_new(10);

	ck_assert_ptr_nonnull(block);
	ck_assert_uint_eq(block->len, 0);
	ck_assert_uint_eq(block->cap, 10);
	ck_assert_uint_eq(block_footprint(block), sizeof(struct block) + 10);
	ck_assert(!block_is_shared(block));
	ck_assert_ptr_eq(block_ref(block), block);
	ck_assert(block_is_shared(block));
	block_unref(block);
	ck_assert(!block_is_shared(block));
	block_unref(block);
	block_unref(NULL);
}
END_TEST

START_TEST(block_keeps_its_bytes_when_resized)
{
	struct block *block = block_new(4);

	memcpy(block->data, "abcd", 4);
	block->len = 4;
	block = block_resize(block, 100000);
	ck_assert_ptr_nonnull(block);
	ck_assert_uint_eq(block->cap, 100000);
	memset(block->data + 4, 'x', 100000 - 4);
	block = block_resize(block, 1);
	ck_assert_ptr_nonnull(block);
	ck_assert_uint_eq(block->cap, 4);
	ck_assert_uint_eq(block->len, 4);
	ck_assert_mem_eq(block->data, "abcd", 4);
	block_unref(block);
}
END_TEST

START_TEST(block_too_large_is_refused)
{
	struct block *block = block_new(4);

	ck_assert_ptr_null(block_new(SIZE_MAX));
	ck_assert_ptr_null(block_new(SIZE_MAX - sizeof(struct block) + 1));
	ck_assert_ptr_null(block_resize(block, SIZE_MAX - 3));
	ck_assert_uint_eq(block->cap, 4);
	block_unref(block);
}
END_TEST

Suite *buffer_suite(void)
{
	Suite *suite = suite_create("buffer");
	TCase *buffer = tcase_create("buffer");
	TCase *block = tcase_create("block");

	tcase_add_test(buffer, appends_in_order);
	tcase_add_test(buffer, printf_grows_for_a_long_text);
	tcase_add_test(buffer, grows_by_half_or_quarter);
	tcase_add_test(buffer, stays_as_it_was_without_memory);
	tcase_add_test(buffer, quotes_what_is_not_printable);
	tcase_add_test(buffer, trims_what_is_not_used);
	suite_add_tcase(suite, buffer);
	tcase_add_test(block, block_counts_its_holders);
	tcase_add_test(block, block_keeps_its_bytes_when_resized);
	tcase_add_test(block, block_too_large_is_refused);
	suite_add_tcase(suite, block);
	return suite;
}
