/* Reading RDB files: all that may be in one, however it is cut into pieces, and whatever is wrong with it. */
#include <check.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "persist/file.h"
#include "persist/rdb_reader.h"
#include "persist/rdb_writer.h"
#include "rdb_feed.h"
#include "scratch.h"
#include "suites.h"

enum { BATCH = 64, DATABASES = 16 };

static struct rdb_reader reader;
static struct rdb_feed feed;
static struct buffer file; /* the file that is read */
static struct buffer text; /* what was read, one line a record */

static void setup(void)
{
	feed = (struct rdb_feed){0};
	file = (struct buffer){0};
	text = (struct buffer){0};
}

static void teardown(void)
{
	rdb_reader_free(&reader);
	buffer_free(&file);
	buffer_free(&text);
}

static void print_record(const struct rdb_record *record)
{
	buffer_printf(&text, "%u ", record->db);
	buffer_append_quoted(&text, record->key);
	buffer_append_char(&text, ' ');
	buffer_append_quoted(&text, record->value);
	if (record->expire_at != 0)
		buffer_printf(&text, " at %lld", (long long)record->expire_at);
	if (record->idle != RDB_NOT_GIVEN)
		buffer_printf(&text, " idle %lld", (long long)record->idle);
	if (record->freq != RDB_NOT_GIVEN)
		buffer_printf(&text, " freq %d", record->freq);
	buffer_append_char(&text, '\n');
}

/* Reads these bytes to the end, `max` records at a time, and fills `text`. */
static enum rdb_read read_batches(struct slice bytes, size_t max)
{
	struct rdb_record records[BATCH];
	enum rdb_read result;
	size_t count;

	rdb_reader_free(&reader);
	text.len = 0;
	feed.bytes = bytes;
	feed.at = 0;
	ck_assert(rdb_reader_init(&reader, rdb_feed_source(&feed), (int64_t)bytes.len, DATABASES));
	while ((result = rdb_reader_next(&reader, records, max, &count)) == RDB_READ_RECORDS) {
		ck_assert_uint_gt(count, 0);
		ck_assert_uint_le(count, max);
		for (size_t i = 0; i < count; i++) {
			print_record(&records[i]);
			block_unref(records[i].block);
		}
	}
	ck_assert_uint_eq(count, 0);
	ck_assert_int_eq(rdb_reader_next(&reader, records, max, &count), result);
	return result;
}

static enum rdb_read read_bytes(struct slice bytes)
{
	return read_batches(bytes, BATCH);
}

static void expect_text(const char *want)
{
	buffer_append_char(&text, '\0');
	ck_assert_str_eq(text.data, want);
}

/* Reads a file of these records and a right checksum. */
static enum rdb_read read_sealed(struct slice records)
{
	file.len = 0;
	buffer_append_text(&file, "REDIS0011");
	buffer_append_slice(&file, records);
	rdb_feed_seal(&file);
	return read_bytes(buffer_slice(&file));
}

/* --- what redis-server wrote -------------------------------------------------------------------------------------- */

/* redis-server 7.0.15, SAVE after: SET a 1; SETEX b 100000 text; SELECT 3; SET c xxxxxxxxxxxxxxxxxxxxx;
 * SET 70000 -129. */
static const char redis_file[] = "REDIS0010\xfa\x09redis-ver\x06"
				 "7.0.15\xfa\x0aredis-bits\xc0@\xfa\x05"
				 "ctime\xc2\xa0\xda\x06k\xfa\x08used-mem\xc2"
				 "\xb8w\x0f\x00\xfa\x08"
				 "aof-base\xc0\x00\xfe\x00\xfb\x02\x01\xfc\xca\xe4\xbb\x18\xa2\x01\x00\x00\x00\x01"
				 "b\x04text\x00\x01"
				 "a\xc0\x01\xfe\x03\xfb\x02\x00\x00\x01"
				 "c\xc3\x06\x15\x01xx\xe0\x0a\x00\x00\xc2p\x11\x01\x00"
				 "\xc1\x7f\xff\xff"
				 "0\x15\xc7m\xa8\xaf\x7f^";

START_TEST(a_file_of_redis_is_read)
{
	ck_assert_int_eq(read_bytes((struct slice){redis_file, sizeof(redis_file) - 1}), RDB_READ_END);
	expect_text("0 \"b\" \"text\" at 1795711296714\n"
		    "0 \"a\" \"1\"\n"
		    "3 \"c\" \"xxxxxxxxxxxxxxxxxxxxx\"\n"
		    "3 \"70000\" \"-129\"\n");
	ck_assert_str_eq(reader.facts.redis_version, "7.0.15");
	ck_assert(!reader.facts.aof_base);
}
END_TEST

/* --- all that may be in a file -------------------------------------------------------------------------------------
 */

static const char everything[] =
	/* aux fields: known ones, one that is not, a number as an integer */
	"\xfa\x09redis-ver\x05"
	"7.4.0"
	"\xfa\x05"
	"ctime\xc2\x00\xf1\x53\x65"
	"\xfa\x08used-mem\xc1\x10\x27"
	"\xfa\x08"
	"aof-base\xc0\x01"
	"\xfa\x03new\x80\x00\x00\x00\x02"
	"ab"
	"\xfe\x00\xfb\x41\x00\x02"
	"\xf4\x01\x02\x03"
	"\x00\x01"
	"a\x04text"
	/* integers of each size as key and value */
	"\x00\xc0\x80\xc1\x00\x80"
	"\x00\xc2\x00\x00\x00\x80\xc2\xff\xff\xff\x7f"
	/* a length in each form */
	"\x00\x40\x02"
	"bc\x80\x00\x00\x00\x01"
	"d"
	"\x00\x81\x00\x00\x00\x00\x00\x00\x00\x01"
	"e\x00"
	"\xfe\x0f\xfb\x01\x01"
	/* compressed, as a value and as a key */
	"\x00\x01z\xc3\x06\x15\x01xx\xe0\x0a\x00"
	"\x00\xc3\x06\x15\x01yy\xe0\x0a\x00\x01v"
	/* what may stand before a key */
	"\xfc\x88\x77\x66\x55\x44\x03\x02\x01\x00\x01m\x01v"
	"\xfd\x02\x00\x00\x00\x00\x01s\x01v"
	"\xfc\xff\xff\xff\xff\xff\xff\xff\xff\x00\x01n\x01v"
	"\xfd\x00\x00\x00\x80\x00\x01o\x01v"
	"\xf8\x40\x46\x00\x01i\x01v"
	"\xf9\xff\x00\x01"
	"f\x01v"
	"\xfd\x03\x00\x00\x00\xf8\x05\xf9\x07\x00\x01"
	"b\x01v"
	"\x00\x01l\x01v";

static const char everything_read[] = "0 \"a\" \"text\"\n"
				      "0 \"-128\" \"-32768\"\n"
				      "0 \"-2147483648\" \"2147483647\"\n"
				      "0 \"bc\" \"d\"\n"
				      "0 \"e\" \"\"\n"
				      "15 \"z\" \"xxxxxxxxxxxxxxxxxxxxx\"\n"
				      "15 \"yyyyyyyyyyyyyyyyyyyyy\" \"v\"\n"
				      "15 \"m\" \"v\" at 72624136016787336\n"
				      "15 \"s\" \"v\" at 2000\n"
				      "15 \"n\" \"v\"\n"
				      "15 \"o\" \"v\" at 1\n"
				      "15 \"i\" \"v\" idle 70\n"
				      "15 \"f\" \"v\" freq 255\n"
				      "15 \"b\" \"v\" at 3000 idle 5 freq 7\n"
				      "15 \"l\" \"v\"\n";

static struct slice everything_slice(void)
{
	return (struct slice){everything, sizeof(everything) - 1};
}

START_TEST(everything_that_is_known)
{
	ck_assert_int_eq(read_sealed(everything_slice()), RDB_READ_END);
	expect_text(everything_read);
	ck_assert_uint_eq(reader.version, 11);
	ck_assert_uint_eq(reader.records, 15);
	ck_assert_uint_eq(rdb_reader_offset(&reader), file.len);
	ck_assert_str_eq(reader.facts.redis_version, "7.4.0");
	ck_assert_int_eq(reader.facts.created, 1700000000);
	ck_assert_int_eq(reader.facts.used_memory, 10000);
	ck_assert(reader.facts.aof_base);
	ck_assert_uint_eq(reader.facts.keys, 257);
	ck_assert_uint_eq(reader.facts.keys_that_expire, 3);
}
END_TEST

START_TEST(pieces_make_no_difference)
{
	for (size_t piece = 1; piece < 40; piece++) {
		for (size_t max = 1; max < 18; max += 4) {
			feed.piece = piece;
			ck_assert_int_eq(read_sealed(everything_slice()), RDB_READ_END);
			ck_assert_int_eq(read_batches(buffer_slice(&file), max), RDB_READ_END);
			expect_text(everything_read);
		}
	}
}
END_TEST

START_TEST(every_end_but_the_last_is_too_early)
{
	read_sealed(everything_slice());
	for (size_t len = 0; len < file.len; len++) {
		ck_assert_int_eq(read_bytes((struct slice){file.data, len}), RDB_READ_CORRUPT);
		ck_assert_str_eq(reader.error, "the file ends within what begins here");
		ck_assert_uint_le(reader.error_at, len);
		ck_assert_uint_ge(reader.error_at + 32, len);
	}
	/* what follows is somebody else's */
	buffer_append_text(&file, "*1\r\n");
	ck_assert_int_eq(read_bytes(buffer_slice(&file)), RDB_READ_END);
	ck_assert_uint_eq(rdb_reader_offset(&reader), file.len - 4);
}
END_TEST

START_TEST(every_wrong_bit_is_found)
{
	read_sealed(everything_slice());
	for (size_t bit = 0; bit < 8 * file.len; bit++) {
		/* an old version has no checksum */
		if (bit / 8 >= 5 && bit / 8 < 9)
			continue;
		file.data[bit / 8] ^= (char)(1 << bit % 8);
		ck_assert_int_ne(read_bytes(buffer_slice(&file)), RDB_READ_END);
		ck_assert_uint_gt(strlen(reader.error), 0);
		file.data[bit / 8] ^= (char)(1 << bit % 8);
	}
}
END_TEST

/* --- versions and checksums ----------------------------------------------------------------------------------------
 */

START_TEST(versions)
{
	char bytes[] = "REDIS0000\x00\x01"
		       "a\x01"
		       "b\xff\0\0\0\0\0\0\0\0";

	for (int version = 0; version < 100; version++) {
		/* the checksum came with version 5 */
		size_t len = sizeof(bytes) - (version < 5 ? 9 : 1);
		enum rdb_read result;

		bytes[7] = (char)('0' + version / 10);
		bytes[8] = (char)('0' + version % 10);
		result = read_bytes((struct slice){bytes, len});
		ck_assert_int_eq(result, version >= 1 && version <= 12 ? RDB_READ_END : RDB_READ_REFUSED);
	}
	ck_assert_str_eq(reader.error, "the RDB format's version is \"0099\", and cubbyd reads 1 to 12");
	ck_assert_int_eq(read_bytes(SLICE("REDIS00a1")), RDB_READ_CORRUPT);
	ck_assert_int_eq(read_bytes(SLICE("VALKEY080")), RDB_READ_CORRUPT);
	ck_assert_str_eq(reader.error, "this is no RDB file: it does not begin with REDIS");
	ck_assert_uint_eq(reader.error_at, 0);
}
END_TEST

START_TEST(checksums)
{
	buffer_append(&file,
		      "REDIS0010\x00\x01"
		      "a\x01"
		      "b\xff\0\0\0\0\0\0\0\0",
		      23);
	ck_assert_int_eq(read_bytes(buffer_slice(&file)), RDB_READ_END);
	file.data[file.len - 1] = 1;
	ck_assert_int_eq(read_bytes(buffer_slice(&file)), RDB_READ_CORRUPT);
	ck_assert_ptr_nonnull(
		strstr(reader.error, "the checksum here is 0100000000000000, and that of what was read "));
	ck_assert_uint_eq(reader.error_at, 15);
	expect_text("0 \"a\" \"b\"\n");
}
END_TEST

/* --- what cubby has not --------------------------------------------------------------------------------------------
 */

static void expect_refusal(struct slice records, const char *why)
{
	ck_assert_int_eq(read_sealed(records), RDB_READ_REFUSED);
	ck_assert_str_eq(reader.error, why);
}

START_TEST(other_types_are_refused_by_name)
{
	static const char *const names[] = {
		"list",	  "set", "sorted set", "hash", "sorted set", NULL,     NULL,   NULL,	     "hash",
		"list",	  "set", "sorted set", "hash", "list",	     "stream", "hash", "sorted set", "list",
		"stream", "set", "stream",     "hash", "hash",	     "hash",   "hash",
	};
	char want[200];

	for (unsigned type = 1; type <= 25; type++) {
		char bytes[] = {'\xfe', 3, (char)type, 2, 'k', '"', 0, 0};

		if (names[type - 1] == NULL)
			continue;
		snprintf(want, sizeof(want),
			 "the key \"k\\\"\" in database 3 is a %s (type %u), which cubbyd does not have",
			 names[type - 1], type);
		expect_refusal((struct slice){bytes, sizeof(bytes)}, want);
		ck_assert_uint_eq(reader.error_at, 11);
	}
}
END_TEST

START_TEST(module_data_is_refused_by_name)
{
	/* "ReJSON-RL", version 3 */
	expect_refusal(SLICE("\x07\x01k\x81\x45\xe2\x52\x38\xdf\x91\x2c\x03"),
		       "the key \"k\" in database 0 is a value of the module ReJSON-RL (type 7), which cubbyd does not "
		       "have");
	expect_refusal(SLICE("\xf7\x81\x45\xe2\x52\x38\xdf\x91\x2c\x03\x02\x00"),
		       "data of the module \"ReJSON-RL\" begins here, and cubbyd has no modules");
}
END_TEST

START_TEST(functions_are_refused_by_name)
{
	expect_refusal(SLICE("\xf5\x16#!lua name=mylib x\nabc"),
		       "the function library \"mylib\" begins here, and cubbyd has no functions");
	expect_refusal(SLICE("\xf5\x07#!lua\nn"),
		       "the function library \"?\" begins here, and cubbyd has no functions");
	expect_refusal(SLICE("\xf5\x00"), "the function library \"?\" begins here, and cubbyd has no functions");
	expect_refusal(SLICE("\xf6\x00"), "functions of a release candidate of Redis 7.0 begin here");
}
END_TEST

START_TEST(other_databases_are_refused)
{
	expect_refusal(SLICE("\xfe\x10\x00\x01"
			     "a\x01"
			     "b"),
		       "keys of database 16 follow, and there are only 16 databases (setting databases)");
	expect_refusal(SLICE("\xfe\x81\xff\xff\xff\xff\xff\xff\xff\xff"),
		       "keys of database 18446744073709551615 follow, and there are only 16 databases (setting "
		       "databases)");
}
END_TEST

START_TEST(records_before_an_error_are_given)
{
	ck_assert_int_eq(read_sealed(SLICE("\x00\x01"
					   "a\x01"
					   "b\x00\x01"
					   "c\x01"
					   "d\x01\x01l")),
			 RDB_READ_REFUSED);
	expect_text("0 \"a\" \"b\"\n0 \"c\" \"d\"\n");
	ck_assert_uint_eq(reader.error_at, 19);
}
END_TEST

START_TEST(a_long_key_is_shown_in_part)
{
	buffer_append(&file, "REDIS0010\x01\x80\x00\x00\x10\x00", 15);
	for (int i = 0; i < 4096; i++)
		buffer_append_char(&file, '\x01');
	ck_assert_int_eq(read_bytes(buffer_slice(&file)), RDB_READ_REFUSED);
	ck_assert_uint_lt(strlen(reader.error), RDB_READER_ERROR);
	ck_assert_ptr_nonnull(strstr(reader.error, "the key \"\\x01\\x01"));
}
END_TEST

/* --- what is no RDB ------------------------------------------------------------------------------------------------
 */

static void expect_damage(struct slice records, const char *why)
{
	ck_assert_int_eq(read_sealed(records), RDB_READ_CORRUPT);
	ck_assert_str_eq(reader.error, why);
	ck_assert_uint_eq(reader.error_at, 9);
}

START_TEST(damage_is_found_where_it_is)
{
	expect_damage(SLICE("\x08\x01k\x01v"), "the byte here, 8, is no type of a key");
	expect_damage(SLICE("\x1a\x01k\x01v"), "the byte here, 26, is no type of a key");
	expect_damage(SLICE("\xf3\x01k\x01v"), "the byte here, 243, is no type of a key");
	expect_damage(SLICE("\x00\xc4k\x01v"), "the key of what begins here is damaged");
	expect_damage(SLICE("\x00\x82k\x01v"), "the key of what begins here is damaged");
	expect_damage(SLICE("\x00\xc3\x06\x15\x01yz\xe0\x0a\x05\x01v"), "the key of what begins here is damaged");
	expect_damage(SLICE("\x00\x01k\xc3\x06\x15\x01yz\xe0\x0a\x05"), "the value of what begins here is damaged");
	expect_damage(SLICE("\x00\x01k\xc3\x06\xc0\x15"), "the value of what begins here is damaged");
	expect_damage(SLICE("\x00\x01k\xc3\x06\x80\x7f\xff\xff\xff"), "the value of what begins here is damaged");
	expect_damage(SLICE("\xfe\xc0\x01"), "the number in what begins here is damaged");
	expect_damage(SLICE("\xfa\xc5\x01"), "the name of the aux field that begins here is damaged");
	expect_damage(SLICE("\xfa\x01"
			    "a\xc5\x01"),
		      "the aux field that begins here is damaged");
	expect_damage(SLICE("\x00\x01k\x81\x00\x00\x7f\xff\xff\xff\xff\xff"), "the file ends within what begins here");
	expect_damage(SLICE("\x00\x81\x00\x00\x7f\xff\xff\xff\xff\xff"), "the file ends within what begins here");
}
END_TEST

START_TEST(a_source_may_fail)
{
	feed.error = -EIO;
	ck_assert_int_eq(read_bytes(SLICE("REDIS0010\x00\x01"
					  "a\x01"
					  "b")),
			 RDB_READ_FAILED);
	expect_text("0 \"a\" \"b\"\n");
	ck_assert_str_eq(reader.error, "Input/output error");
}
END_TEST

/* --- large files ---------------------------------------------------------------------------------------------------
 */

static int append_to_file(void *arg, const void *bytes, size_t len)
{
	buffer_append(arg, bytes, len);
	return 0;
}

/* A value of `len` bytes that depend on `seed`; half of them can be compressed. */
static void fill(char *value, size_t len, unsigned seed)
{
	uint64_t noise = seed;

	for (size_t i = 0; i < len; i++) {
		noise = noise * 6364136223846793005 + 1442695040888963407;
		value[i] = (char)(seed % 2 == 0 ? 'a' + i % 7 : noise >> 56);
	}
}

/* The length of the value `i`: most are short, some longer than what is read at once. */
static size_t length_of(unsigned i)
{
	return i % 1000 == 7 ? 3000000 : i % 100 == 5 ? 100000 : i % 10 == 3 ? 2000 + i : i % 50;
}

enum { RECORDS = 2500 };

static void write_large_file(bool compress)
{
	struct rdb_writer_options options = {.compress = compress, .checksum = true};
	struct rdb_writer writer;
	char *value = malloc(3000000);
	char key[300];

	ck_assert_ptr_nonnull(value);
	ck_assert_int_eq(rdb_writer_begin(&writer, (struct rdb_sink){append_to_file, &file}, &options), 0);
	for (unsigned i = 0; i < RECORDS; i++) {
		int key_len = snprintf(key, sizeof(key), "%0*u", i % 3 == 0 ? 0 : i % 200, i);
		struct rdb_record record = {.db = i % 16,
					    .key = {key, (size_t)key_len},
					    .value = {value, length_of(i)},
					    .expire_at = i % 4 * 1000,
					    .idle = RDB_NOT_GIVEN,
					    .freq = RDB_NOT_GIVEN};

		fill(value, record.value.len, i);
		ck_assert_int_eq(rdb_writer_entry(&writer, &record), 0);
	}
	ck_assert_int_eq(rdb_writer_finish(&writer), 0);
	rdb_writer_free(&writer);
	free(value);
}

static void expect_record(const struct rdb_record *record, unsigned i, char *value)
{
	char key[300];
	int key_len = snprintf(key, sizeof(key), "%0*u", i % 3 == 0 ? 0 : i % 200, i);

	fill(value, length_of(i), i);
	ck_assert_uint_eq(record->db, i % 16);
	ck_assert_int_eq(record->expire_at, i % 4 * 1000);
	ck_assert(slice_equal(record->key, (struct slice){key, (size_t)key_len}));
	ck_assert(slice_equal(record->value, (struct slice){value, length_of(i)}));
	if (record->block != NULL)
		ck_assert(record->value.data == record->block->data && record->value.len == record->block->len);
}

/* Records that are held while others are read. */
struct held {
	struct rdb_record records[BATCH];
	size_t count;
	struct block *blocks[RDB_READER_HELD];
};

static void check_held(struct held *held, unsigned *next, char *value)
{
	for (size_t i = 0; i < held->count; i++) {
		expect_record(&held->records[i], (*next)++, value);
		block_unref(held->records[i].block);
	}
	for (size_t i = 0; i < RDB_READER_HELD; i++)
		block_unref(held->blocks[i]);
	held->count = 0;
}

/* Reads the file; each batch is held until `depth` others have been read. */
static void read_holding(unsigned depth, int64_t size)
{
	struct held *held = calloc(depth, sizeof(*held));
	char *value = malloc(3000000);
	unsigned next = 0, turn = 0;
	enum rdb_read result;

	ck_assert(held != NULL && value != NULL);
	feed.bytes = buffer_slice(&file);
	feed.at = 0;
	rdb_reader_free(&reader);
	ck_assert(rdb_reader_init(&reader, rdb_feed_source(&feed), size, DATABASES));
	for (;;) {
		struct held *slot = &held[turn++ % depth];

		check_held(slot, &next, value);
		memset(slot->blocks, 0, sizeof(slot->blocks));
		result = rdb_reader_next(&reader, slot->records, BATCH, &slot->count);
		if (result != RDB_READ_RECORDS)
			break;
		rdb_reader_hold(&reader, slot->blocks);
	}
	ck_assert_msg(result == RDB_READ_END, "%s", reader.error);
	for (unsigned i = 1; i < depth; i++)
		check_held(&held[turn++ % depth], &next, value);
	ck_assert_uint_eq(next, RECORDS);
	free(value);
	free(held);
}

START_TEST(records_may_be_held)
{
	write_large_file(_i & 1);
	read_holding(_i & 2 ? 20 : 2, _i & 4 ? RDB_INPUT_UNKNOWN : (int64_t)file.len);
	feed.piece = 50001;
	read_holding(5, _i & 4 ? RDB_INPUT_UNKNOWN : (int64_t)file.len);
}
END_TEST

START_TEST(a_large_key)
{
	enum { KEY = 5000000 };

	for (int packed = 0; packed < 2; packed++) {
		struct rdb_writer_options options = {.compress = packed, .checksum = true};
		struct rdb_record records[BATCH];
		struct rdb_record record = {.value = SLICE("12"), .idle = RDB_NOT_GIVEN, .freq = RDB_NOT_GIVEN};
		struct rdb_writer writer;
		char *key = malloc(KEY);
		size_t count;

		ck_assert_ptr_nonnull(key);
		fill(key, KEY, 0);
		record.key = (struct slice){key, KEY};
		file.len = 0;
		ck_assert_int_eq(rdb_writer_begin(&writer, (struct rdb_sink){append_to_file, &file}, &options), 0);
		for (int i = 0; i < 3; i++)
			ck_assert_int_eq(rdb_writer_entry(&writer, &record), 0);
		ck_assert_int_eq(rdb_writer_finish(&writer), 0);
		rdb_writer_free(&writer);
		feed = (struct rdb_feed){.bytes = buffer_slice(&file)};
		rdb_reader_free(&reader);
		ck_assert(rdb_reader_init(&reader, rdb_feed_source(&feed), RDB_INPUT_UNKNOWN, 1));
		while (rdb_reader_next(&reader, records, BATCH, &count) == RDB_READ_RECORDS) {
			for (size_t i = 0; i < count; i++) {
				ck_assert(slice_equal(records[i].key, record.key));
				ck_assert(slice_equal(records[i].value, record.value));
			}
		}
		ck_assert_uint_eq(reader.records, 3);
		ck_assert_int_eq(reader.state, RDB_READ_END);
		free(key);
	}
}
END_TEST

Suite *rdb_reader_suite(void)
{
	Suite *suite = suite_create("rdb_reader");
	TCase *tcase = tcase_create("rdb_reader");

	tcase_add_checked_fixture(tcase, setup, teardown);
	tcase_add_test(tcase, a_file_of_redis_is_read);
	tcase_add_test(tcase, everything_that_is_known);
	tcase_add_test(tcase, pieces_make_no_difference);
	tcase_add_test(tcase, every_end_but_the_last_is_too_early);
	tcase_add_test(tcase, every_wrong_bit_is_found);
	tcase_add_test(tcase, versions);
	tcase_add_test(tcase, checksums);
	tcase_add_test(tcase, other_types_are_refused_by_name);
	tcase_add_test(tcase, module_data_is_refused_by_name);
	tcase_add_test(tcase, functions_are_refused_by_name);
	tcase_add_test(tcase, other_databases_are_refused);
	tcase_add_test(tcase, records_before_an_error_are_given);
	tcase_add_test(tcase, a_long_key_is_shown_in_part);
	tcase_add_test(tcase, damage_is_found_where_it_is);
	tcase_add_test(tcase, a_source_may_fail);
	tcase_add_loop_test(tcase, records_may_be_held, 0, 8);
	tcase_add_test(tcase, a_large_key);
	suite_add_tcase(suite, tcase);
	return suite;
}
