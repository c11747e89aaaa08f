/* RDB files as they are written: byte for byte what redis-server 7.0 writes for the same keys. */
#include <check.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/endian.h"
#include "persist/crc64.h"
#include "persist/rdb_writer.h"
#include "suites.h"

/* A sink in memory, which fails when it has this many bytes. */
struct memory {
	struct buffer bytes;
	size_t limit;
	unsigned writes;
};

static struct memory memory;
static struct rdb_writer writer;

static int memory_write(void *arg, const void *bytes, size_t len)
{
	struct memory *self = arg;

	self->writes++;
	if (self->bytes.len + len > self->limit)
		return -ENOSPC;
	buffer_append(&self->bytes, bytes, len);
	ck_assert(!self->bytes.failed);
	return 0;
}

static const struct rdb_writer_options options = {
	.compress = true, .checksum = true, .now = 1700000000, .used_memory = 1000000};

static int begin(const struct rdb_writer_options *with)
{
	return rdb_writer_begin(&writer, (struct rdb_sink){memory_write, &memory}, with);
}

static void setup(void)
{
	memory = (struct memory){.limit = SIZE_MAX};
}

static void teardown(void)
{
	rdb_writer_free(&writer);
	buffer_free(&memory.bytes);
}

static struct rdb_record record(unsigned db, struct slice key, struct slice value)
{
	return (struct rdb_record){.db = db, .key = key, .value = value, .idle = RDB_NOT_GIVEN, .freq = RDB_NOT_GIVEN};
}

static void put(unsigned db, const char *key, const char *value)
{
	struct rdb_record put = record(db, slice_of(key), slice_of(value));

	ck_assert_int_eq(rdb_writer_entry(&writer, &put), 0);
}

#define HEAD                                                                                                           \
	"REDIS0010"                                                                                                    \
	"\xfa\x09redis-ver\x05"                                                                                        \
	"7.2.4"                                                                                                        \
	"\xfa\x0aredis-bits\xc0\x40"                                                                                   \
	"\xfa\x05"                                                                                                     \
	"ctime\xc2\x00\xf1\x53\x65"                                                                                    \
	"\xfa\x08used-mem\xc2\x40\x42\x0f\x00"                                                                         \
	"\xfa\x08"                                                                                                     \
	"aof-base\xc0"

/* The file is the head, `records`, and the end with the right checksum. */
static void expect(struct slice head, struct slice records)
{
	struct buffer want = {0};
	uint8_t sum[8];

	buffer_append_slice(&want, head);
	buffer_append_slice(&want, records);
	buffer_append_char(&want, '\xff');
	endian_store_little(sum, crc64(0, want.data, want.len), sizeof(sum));
	buffer_append(&want, sum, sizeof(sum));
	ck_assert_int_eq(rdb_writer_finish(&writer), 0);
	ck_assert_uint_eq(writer.size, want.len);
	ck_assert_uint_eq(memory.bytes.len, want.len);
	ck_assert_mem_eq(memory.bytes.data, want.data, want.len);
	buffer_free(&want);
}

START_TEST(an_empty_file)
{
	ck_assert_int_eq(begin(&options), 0);
	expect(SLICE(HEAD "\x00"), SLICE(""));
}
END_TEST

START_TEST(the_base_of_an_append_only_file)
{
	struct rdb_writer_options base = options;

	base.aof_base = true;
	ck_assert_int_eq(begin(&base), 0);
	expect(SLICE(HEAD "\x01"), SLICE(""));
}
END_TEST

START_TEST(records_of_all_kinds)
{
	struct rdb_record whole = record(9, SLICE("k"), SLICE("v"));

	ck_assert_int_eq(begin(&options), 0);
	ck_assert_int_eq(rdb_writer_sizes(&writer, 0, 2, 300), 0);
	put(0, "a", "text");
	put(0, "12", "-3");
	whole.expire_at = 0x0102030405060708;
	ck_assert_int_eq(rdb_writer_entry(&writer, &whole), 0);
	whole.idle = 70;
	ck_assert_int_eq(rdb_writer_entry(&writer, &whole), 0);
	whole.expire_at = 0;
	whole.idle = RDB_NOT_GIVEN;
	whole.freq = 255;
	ck_assert_int_eq(rdb_writer_entry(&writer, &whole), 0);
	put(0, "z", "xxxxxxxxxxxxxxxxxxxxx");
	ck_assert_uint_eq(writer.records, 6);
	expect(SLICE(HEAD "\x00"), SLICE("\xfe\x00\xfb\x02\x41\x2c"
					 "\x00\x01"
					 "a\x04text"
					 "\x00\xc0\x0c\xc0\xfd"
					 "\xfe\x09\xfc\x08\x07\x06\x05\x04\x03\x02\x01\x00\x01k\x01v"
					 "\xfc\x08\x07\x06\x05\x04\x03\x02\x01\xf8\x40\x46\x00\x01k\x01v"
					 "\xf9\xff\x00\x01k\x01v"
					 "\xfe\x00\x00\x01z\xc3\x06\x15\x01xx\xe0\x0a\x00"));
}
END_TEST

START_TEST(without_a_checksum_the_file_ends_in_zeros)
{
	struct rdb_writer_options unchecked = options;

	unchecked.checksum = false;
	ck_assert_int_eq(begin(&unchecked), 0);
	put(0, "a", "b");
	ck_assert_int_eq(rdb_writer_finish(&writer), 0);
	ck_assert_mem_eq(memory.bytes.data + memory.bytes.len - 9, "\xff\0\0\0\0\0\0\0\0", 9);
}
END_TEST

/* A large value is in the file as it is, or compressed if its first bytes can be. */
static void write_one_large(bool compress, bool compressible, size_t len)
{
	struct rdb_writer_options with = options;
	struct rdb_record large;
	char *value = malloc(len);
	uint64_t noise = 1;

	ck_assert_ptr_nonnull(value);
	for (size_t i = 0; i < len; i++) {
		noise = noise * 6364136223846793005 + 1442695040888963407;
		value[i] = compressible ? 'x' : (char)(noise >> 56);
	}
	large = record(0, SLICE("large"), (struct slice){value, len});
	with.compress = compress;
	ck_assert_int_eq(begin(&with), 0);
	put(0, "before", "b");
	ck_assert_int_eq(rdb_writer_entry(&writer, &large), 0);
	put(0, "behind", "b");
	ck_assert_int_eq(rdb_writer_finish(&writer), 0);
	if (compress && compressible)
		ck_assert_uint_lt(memory.bytes.len, len / 10);
	else
		ck_assert_mem_eq(memory.bytes.data + memory.bytes.len - 9 - 10 - len, value, len);
	ck_assert_uint_eq(endian_load_little(memory.bytes.data + memory.bytes.len - 8, 8),
			  crc64(0, memory.bytes.data, memory.bytes.len - 8));
	free(value);
}

START_TEST(large_values_go_by_themselves)
{
	write_one_large(_i & 1, _i & 2, _i & 4 ? 10000000 : 32768);
	ck_assert_uint_eq(memory.writes, 4);
	/* what a large value needs is not kept */
	ck_assert_uint_le(writer.packed_cap, 4 << 20);
}
END_TEST

START_TEST(bytes_leave_from_time_to_time)
{
	char key[32];

	ck_assert_int_eq(begin(&options), 0);
	for (unsigned i = 0; i < 100000; i++) {
		snprintf(key, sizeof(key), "key:%u", i);
		put(0, key, "0123456789012345");
	}
	ck_assert_uint_gt(memory.writes, 5);
	ck_assert_uint_lt(writer.buffer.cap, 512 * 1024);
	ck_assert_int_eq(rdb_writer_finish(&writer), 0);
}
END_TEST

START_TEST(errors_stick)
{
	char *value = calloc(1, 100000);
	struct rdb_record large = record(0, SLICE("large"), (struct slice){value, 100000});
	struct rdb_writer_options plain = options;

	ck_assert_ptr_nonnull(value);
	plain.compress = false;
	memory.limit = 50000;
	ck_assert_int_eq(begin(&plain), 0);
	put(0, "a", "b");
	ck_assert_int_eq(rdb_writer_entry(&writer, &large), -ENOSPC);
	memory.limit = SIZE_MAX;
	large.value = SLICE("small");
	ck_assert_int_eq(rdb_writer_entry(&writer, &large), -ENOSPC);
	ck_assert_int_eq(rdb_writer_sizes(&writer, 0, 1, 1), -ENOSPC);
	ck_assert_int_eq(rdb_writer_finish(&writer), -ENOSPC);
	ck_assert_uint_eq(memory.writes, 2);
	free(value);
}
END_TEST

Suite *rdb_writer_suite(void)
{
	Suite *suite = suite_create("rdb_writer");
	TCase *tcase = tcase_create("rdb_writer");

	tcase_add_checked_fixture(tcase, setup, teardown);
	tcase_add_test(tcase, an_empty_file);
	tcase_add_test(tcase, the_base_of_an_append_only_file);
	tcase_add_test(tcase, records_of_all_kinds);
	tcase_add_test(tcase, without_a_checksum_the_file_ends_in_zeros);
	tcase_add_loop_test(tcase, large_values_go_by_themselves, 0, 8);
	tcase_add_test(tcase, bytes_leave_from_time_to_time);
	tcase_add_test(tcase, errors_stick);
	suite_add_tcase(suite, tcase);
	return suite;
}
