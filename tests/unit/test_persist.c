/* The room persist/: the checksum, strings in RDB's encoding, DUMP's payloads. Bytes in here were made by
 * redis-server 7.0. */
#include <check.h>
#include <limits.h>
#include <stdlib.h>

#include "base/endian.h"
#include "persist/crc64.h"
#include "persist/payload.h"
#include "suites.h"

static void expect_bytes(struct slice got, struct slice want)
{
	ck_assert_uint_eq(got.len, want.len);
	ck_assert_mem_eq(got.data, want.data, want.len);
}

/* --- crc64 -------------------------------------------------------------------------------------------------------- */

/* Bit by bit, as the definition has it. */
static uint64_t crc64_slowly(uint64_t crc, const uint8_t *bytes, size_t len)
{
	for (size_t i = 0; i < len; i++) {
		crc ^= bytes[i];
		for (int bit = 0; bit < 8; bit++)
			crc = crc >> 1 ^ ((crc & 1) != 0 ? 0x95ac9329ac4bc9b5 : 0);
	}
	return crc;
}

START_TEST(crc64_of_the_check_text)
{
	ck_assert_uint_eq(crc64(0, "123456789", 9), 0xe9c6d914c4b8d9ca);
	ck_assert_uint_eq(crc64(0, "", 0), 0);
	ck_assert_uint_eq(crc64(7, "", 0), 7);
}
END_TEST

START_TEST(crc64_of_every_length_and_cut)
{
	enum { MOST = 100 };
	uint8_t bytes[MOST];

	for (size_t i = 0; i < MOST; i++)
		bytes[i] = (uint8_t)(i * 151 + 7);
	for (size_t len = 0; len <= MOST; len++) {
		uint64_t want = crc64_slowly(0, bytes, len);

		ck_assert_uint_eq(crc64(0, bytes, len), want);
		for (size_t cut = 0; cut <= len; cut++)
			ck_assert_uint_eq(crc64(crc64(0, bytes, cut), bytes + cut, len - cut), want);
	}
}
END_TEST

/* --- lengths and strings ------------------------------------------------------------------------------------------ */

START_TEST(lengths_have_four_forms)
{
	static const struct {
		uint64_t len;
		struct slice bytes;
	} forms[] = {
		{0, {"\x00", 1}},
		{63, {"\x3f", 1}},
		{64, {"\x40\x40", 2}},
		{16383, {"\x7f\xff", 2}},
		{16384, {"\x80\x00\x00\x40\x00", 5}},
		{UINT32_MAX, {"\x80\xff\xff\xff\xff", 5}},
		{(uint64_t)UINT32_MAX + 1, {"\x81\x00\x00\x00\x01\x00\x00\x00\x00", 9}},
		{UINT64_MAX, {"\x81\xff\xff\xff\xff\xff\xff\xff\xff", 9}},
	};

	for (size_t i = 0; i < sizeof(forms) / sizeof(forms[0]); i++) {
		struct buffer out = {0};
		struct slice in = forms[i].bytes;
		uint64_t len;

		rdb_write_length(&out, forms[i].len);
		expect_bytes(buffer_slice(&out), forms[i].bytes);
		ck_assert_int_eq(rdb_read_length(&in, &len), RDB_OK);
		ck_assert_uint_eq(len, forms[i].len);
		ck_assert_uint_eq(in.len, 0);
		for (size_t cut = 0; cut < forms[i].bytes.len; cut++) {
			in = (struct slice){forms[i].bytes.data, cut};
			ck_assert_int_eq(rdb_read_length(&in, &len), RDB_CUT);
		}
		buffer_free(&out);
	}
}
END_TEST

START_TEST(other_first_bytes_are_no_length)
{
	for (unsigned first = 0x82; first <= 0xff; first++) {
		char bytes[9] = {(char)first};
		struct slice in = {bytes, sizeof(bytes)};
		uint64_t len;

		ck_assert_int_eq(rdb_read_length(&in, &len), RDB_BAD);
	}
}
END_TEST

/* Writes the text and reads it back. */
static void expect_round_trip(struct slice text, bool compress)
{
	struct buffer out = {0};
	struct rdb_string string;
	struct slice in;

	rdb_write_string(&out, text, compress);
	ck_assert(!out.failed);
	in = buffer_slice(&out);
	ck_assert_int_eq(rdb_read_string(&in, text.len, &string), RDB_OK);
	ck_assert_uint_eq(in.len, 0);
	expect_bytes(string.text, text);
	block_unref(string.block);
	buffer_free(&out);
}

START_TEST(strings_come_back)
{
	static const char *const texts[] = {
		"",	 "a",	   "0",		 "-0",		"-1",	      "007",	     "127",	    "128",
		"-128",	 "-129",   "32767",	 "32768",	"-32768",     "-32769",	     "+1",	    " 1",
		"65536", "100000", "2147483647", "-2147483648", "2147483648", "-2147483649", "12345678901",
	};

	for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++)
		expect_round_trip(slice_of(texts[i]), true);
}
END_TEST

START_TEST(strings_of_every_size_come_back)
{
	enum { MOST = 70000 };
	char *text = malloc(MOST);

	ck_assert_ptr_nonnull(text);
	for (size_t len = 0; len < MOST; len += 1 + len / 7) {
		memset(text, 'x', len);
		expect_round_trip((struct slice){text, len}, true);
		expect_round_trip((struct slice){text, len}, false);
		for (size_t i = 0; i < len; i++)
			text[i] = (char)(i * i * 31 + i / 3);
		expect_round_trip((struct slice){text, len}, true);
	}
	free(text);
}
END_TEST

START_TEST(only_what_gets_smaller_is_compressed)
{
	struct slice packed = SLICE("xxxxxxxxxxxxxxxxxxxxx");
	struct slice plain = SLICE("abcdefghijklmnopqrstuvwxyz0123456789");
	struct buffer out = {0};

	rdb_write_string(&out, packed, true);
	ck_assert_uint_lt(out.len, packed.len);
	ck_assert_int_eq((uint8_t)out.data[0], 0xc3);
	buffer_free(&out);

	rdb_write_string(&out, packed, false);
	ck_assert_uint_eq(out.len, 1 + packed.len);
	buffer_free(&out);

	rdb_write_string(&out, (struct slice){packed.data, 20}, true);
	ck_assert_uint_eq(out.len, 1 + 20);
	buffer_free(&out);

	rdb_write_string(&out, plain, true);
	ck_assert_uint_eq(out.len, 1 + plain.len);
	buffer_free(&out);
}
END_TEST

static void expect_result(struct slice in, size_t max_len, enum rdb_result want)
{
	struct rdb_string string;

	ck_assert_int_eq(rdb_read_string(&in, max_len, &string), want);
	ck_assert_ptr_null(string.block);
}

START_TEST(lengths_are_not_trusted)
{
	/* plain: longer than the input, and than any memory */
	expect_result(SLICE("\x05"
			    "abcd"),
		      SIZE_MAX, RDB_CUT);
	expect_result(SLICE("\x81\xff\xff\xff\xff\xff\xff\xff\xff"
			    "abcd"),
		      SIZE_MAX, RDB_CUT);
	/* integers: cut off */
	expect_result(SLICE("\xc0"), SIZE_MAX, RDB_CUT);
	expect_result(SLICE("\xc1\x01"), SIZE_MAX, RDB_CUT);
	expect_result(SLICE("\xc2\x01\x02\x03"), SIZE_MAX, RDB_CUT);
	/* no such form */
	expect_result(SLICE("\xc4\x01\x02\x03\x04"), SIZE_MAX, RDB_BAD);
	/* compressed: more, less or far more than the bytes hold, nothing, and not compressed at all */
	expect_result(SLICE("\xc3\x07\x15\x01xx\xe0\x0a\x00"), SIZE_MAX, RDB_CUT);
	expect_result(SLICE("\xc3\x06\x16\x01xx\xe0\x0a\x00"), SIZE_MAX, RDB_BAD);
	expect_result(SLICE("\xc3\x06\x14\x01xx\xe0\x0a\x00"), SIZE_MAX, RDB_BAD);
	expect_result(SLICE("\xc3\x06\x81\x00\x00\x00\xff\xff\xff\xff\xff\x01xx\xe0\x0a\x00"), SIZE_MAX, RDB_BAD);
	expect_result(SLICE("\xc3\x81\xff\xff\xff\xff\xff\xff\xff\xff\x15\x01xx\xe0\x0a\x00"), SIZE_MAX, RDB_BAD);
	expect_result(SLICE("\xc3\x00\x00"), SIZE_MAX, RDB_BAD);
	expect_result(SLICE("\xc3\x06\x15\xff\xff\xff\xff\xff\xff"), SIZE_MAX, RDB_BAD);
	expect_result(SLICE("\xc3\xc0\x06\x15\x01xx\xe0\x0a\x00"), SIZE_MAX, RDB_BAD);
	/* longer than wanted */
	expect_result(SLICE("\x04"
			    "abcd"),
		      3, RDB_TOO_LONG);
	expect_result(SLICE("\xc3\x06\x15\x01xx\xe0\x0a\x00"), 20, RDB_TOO_LONG);
}
END_TEST

/* --- payloads ----------------------------------------------------------------------------------------------------- */

static const struct {
	struct slice value;
	struct slice payload;
} redis_made[] = {
	{{"", 0}, {"\x00\x00\x0a\x00\x5d\x9b\x5c\x40\x0f\x7f\xa2\xda", 12}},
	{{"a", 1}, {"\x00\x01\x61\x0a\x00\xbf\xfe\xef\x9b\x8f\x36\x7d\xb4", 13}},
	{{"-1", 2}, {"\x00\xc0\xff\x0a\x00\x0c\x93\x7e\x24\x85\x08\x9d\xc5", 13}},
	{{"-128", 4}, {"\x00\xc0\x80\x0a\x00\x99\x66\x32\x6d\x2f\x0c\x5b\xd9", 13}},
	{{"-32768", 6}, {"\x00\xc1\x00\x80\x0a\x00\xb5\x40\x06\x47\x53\xbb\x1a\xce", 14}},
	{{"32768", 5}, {"\x00\xc2\x00\x80\x00\x00\x0a\x00\x45\xd8\x2e\xed\xd5\xbd\xa9\x10", 16}},
	{{"-2147483648", 11}, {"\x00\xc2\x00\x00\x00\x80\x0a\x00\xc7\x4f\x87\x3e\x33\x55\x81\x87", 16}},
	{{"2147483648", 10},
	 {"\x00\x0a\x32\x31\x34\x37\x34\x38\x33\x36\x34\x38\x0a\x00\xe7\xb1\x29\xa3\x4c\x1d\x76\xee", 22}},
	{{"007", 3}, {"\x00\x03\x30\x30\x37\x0a\x00\x72\x58\xe2\x7b\x4c\x69\xba\xd9", 15}},
	{{"xxxxxxxxxxxxxxxxxxxxx", 21},
	 {"\x00\xc3\x06\x15\x01\x78\x78\xe0\x0a\x00\x0a\x00\x94\x1a\x83\x67\x60\x17\x19\x2f", 20}},
};

START_TEST(redis_payloads_are_read)
{
	struct rdb_string value;

	ck_assert_int_eq(payload_read(redis_made[_i].payload, SIZE_MAX, &value), PAYLOAD_OK);
	expect_bytes(value.text, redis_made[_i].value);
	block_unref(value.block);
}
END_TEST

START_TEST(payloads_are_those_of_redis)
{
	struct buffer out = {0};

	payload_write(&out, redis_made[_i].value, true);
	expect_bytes(buffer_slice(&out), redis_made[_i].payload);
	buffer_free(&out);
}
END_TEST

START_TEST(damaged_payloads_are_refused)
{
	struct slice payload = redis_made[_i].payload;
	char bytes[64];
	struct rdb_string value;

	for (size_t len = 0; len < payload.len; len++)
		ck_assert_int_eq(payload_read((struct slice){payload.data, len}, SIZE_MAX, &value), PAYLOAD_UNKNOWN);
	for (size_t bit = 0; bit < 8 * payload.len; bit++) {
		memcpy(bytes, payload.data, payload.len);
		bytes[bit / 8] ^= (char)(1 << bit % 8);
		ck_assert_int_eq(payload_read((struct slice){bytes, payload.len}, SIZE_MAX, &value), PAYLOAD_UNKNOWN);
	}
}
END_TEST

/* A payload of this content with a right checksum. */
static enum payload_result read_sealed(struct slice content, unsigned version, size_t max_len)
{
	struct buffer out = {0};
	struct rdb_string value;
	enum payload_result result;
	uint8_t footer[8];

	buffer_append_slice(&out, content);
	endian_store_little(footer, version, 2);
	buffer_append(&out, footer, 2);
	endian_store_little(footer, crc64(0, out.data, out.len), 8);
	buffer_append(&out, footer, 8);
	result = payload_read(buffer_slice(&out), max_len, &value);
	if (result == PAYLOAD_OK)
		block_unref(value.block);
	buffer_free(&out);
	return result;
}

START_TEST(right_checksums_prove_nothing)
{
	struct slice text = SLICE("\x00\x01"
				  "a");

	for (unsigned version = 0; version <= RDB_VERSION_NEWEST; version++)
		ck_assert_int_eq(read_sealed(text, version, 1), PAYLOAD_OK);
	ck_assert_int_eq(read_sealed(text, RDB_VERSION_NEWEST + 1, 1), PAYLOAD_UNKNOWN);
	ck_assert_int_eq(read_sealed(text, UINT16_MAX, 1), PAYLOAD_UNKNOWN);
	ck_assert_int_eq(read_sealed(text, RDB_VERSION, 0), PAYLOAD_TOO_LONG);
	ck_assert_int_eq(read_sealed(SLICE(""), RDB_VERSION, 1), PAYLOAD_BAD);
	ck_assert_int_eq(read_sealed(SLICE("\x00"), RDB_VERSION, 1), PAYLOAD_BAD);
	ck_assert_int_eq(read_sealed(SLICE("\x00\x02"
					   "a"),
				     RDB_VERSION, 2),
			 PAYLOAD_BAD);
	ck_assert_int_eq(read_sealed(SLICE("\x00\x01"
					   "ab"),
				     RDB_VERSION, 2),
			 PAYLOAD_BAD);
	ck_assert_int_eq(read_sealed(SLICE("\x00\xc3\x06\x15\x01xx\xe0\x0a\x00!"), RDB_VERSION, 100), PAYLOAD_BAD);
	for (unsigned type = 1; type <= UINT8_MAX; type++) {
		char bytes[] = {(char)type, 1, 'a'};

		ck_assert_int_eq(read_sealed((struct slice){bytes, sizeof(bytes)}, RDB_VERSION, 1), PAYLOAD_BAD);
	}
}
END_TEST

Suite *persist_suite(void)
{
	enum { PAYLOADS = sizeof(redis_made) / sizeof(redis_made[0]) };
	Suite *suite = suite_create("persist");
	TCase *tcase = tcase_create("persist");

	tcase_add_test(tcase, crc64_of_the_check_text);
	tcase_add_test(tcase, crc64_of_every_length_and_cut);
	tcase_add_test(tcase, lengths_have_four_forms);
	tcase_add_test(tcase, other_first_bytes_are_no_length);
	tcase_add_test(tcase, strings_come_back);
	tcase_add_test(tcase, strings_of_every_size_come_back);
	tcase_add_test(tcase, only_what_gets_smaller_is_compressed);
	tcase_add_test(tcase, lengths_are_not_trusted);
	tcase_add_loop_test(tcase, redis_payloads_are_read, 0, PAYLOADS);
	tcase_add_loop_test(tcase, payloads_are_those_of_redis, 0, PAYLOADS);
	tcase_add_loop_test(tcase, damaged_payloads_are_refused, 0, PAYLOADS);
	tcase_add_test(tcase, right_checksums_prove_nothing);
	suite_add_tcase(suite, tcase);
	return suite;
}
