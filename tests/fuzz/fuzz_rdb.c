/*
 * Fuzzes the reader of RDB files: as it is, behind the head and before the checksum that are right.
 *
 * A file must give the same records and the same error however it is cut into pieces and however many records are asked
 * for at once (both depend on its checksum, so that the corpus is plain files). What can be read must come back when it
 * is written and read again.
 */
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

#include "persist/rdb_writer.h"
#include "unit/rdb_feed.h"

enum { BATCH = 16, DATABASES = 16 };

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* What a file was read as. */
struct outcome {
	enum rdb_read result;
	uint64_t error_at;
	struct buffer records; /* as text */
};

static void require(bool good, const char *what)
{
	if (good)
		return;
	fprintf(stderr, "%s\n", what);
	abort();
}

static int keep(void *arg, const void *bytes, size_t len)
{
	buffer_append(arg, bytes, len);
	return 0;
}

/* Whoever is given records: prints them, writes them on, or both. */
struct taker {
	struct buffer *text;	   /* may be NULL */
	struct rdb_writer *writer; /* may be NULL */
};

static void take(const struct taker *taker, const struct rdb_record *record)
{
	if (taker->text != NULL) {
		buffer_printf(taker->text, "%u %lld %lld %d ", record->db, (long long)record->expire_at,
			      (long long)record->idle, record->freq);
		buffer_append_quoted(taker->text, record->key);
		buffer_append_quoted(taker->text, record->value);
	}
	if (taker->writer != NULL)
		require(rdb_writer_entry(taker->writer, record) == 0, "cannot be written");
	block_unref(record->block);
}

/* Reads to the end. */
static struct outcome read_all(struct rdb_reader *reader, size_t max, const struct taker *taker)
{
	struct rdb_record records[BATCH];
	struct outcome outcome;
	size_t count;

	do {
		struct block *held[RDB_READER_HELD] = {0};

		outcome.result = rdb_reader_next(reader, records, max, &count);
		require((count > 0) == (outcome.result == RDB_READ_RECORDS), "no records");
		/* without a reference the reader uses the memory again */
		if (count % 2 == 1)
			rdb_reader_hold(reader, held);
		for (size_t i = 0; i < count; i++)
			take(taker, &records[i]);
		for (size_t i = 0; i < RDB_READER_HELD; i++)
			block_unref(held[i]);
	} while (outcome.result == RDB_READ_RECORDS);
	outcome.error_at = outcome.result == RDB_READ_END ? rdb_reader_offset(reader) : reader->error_at;
	return outcome;
}

/* Reads a file, `piece` bytes and `max` records at a time. */
static struct outcome read_file(struct slice file, size_t piece, size_t max, int64_t size, struct rdb_writer *writer)
{
	struct rdb_feed feed = {.bytes = file, .piece = piece};
	struct buffer text = {0};
	struct outcome outcome;
	struct rdb_reader reader;

	require(rdb_reader_init(&reader, rdb_feed_source(&feed), size, DATABASES), "no memory");
	outcome = read_all(&reader, max, &(struct taker){&text, writer});
	require(outcome.error_at <= file.len, "read beyond the end");
	require(!text.failed, "no memory");
	outcome.records = text;
	rdb_reader_free(&reader);
	return outcome;
}

static void compare(const struct outcome *a, const struct outcome *b, const char *what)
{
	require(a->result == b->result && a->error_at == b->error_at, what);
	require(slice_equal(buffer_slice(&a->records), buffer_slice(&b->records)), what);
}

/* Reads a file, writes what was read and reads that. */
static void write_and_read(struct slice file, bool compress)
{
	struct rdb_writer_options options = {.compress = compress, .checksum = true};
	struct buffer written = {0};
	struct rdb_writer writer;
	struct outcome first, second;

	require(rdb_writer_begin(&writer, (struct rdb_sink){keep, &written}, &options) == 0, "no memory");
	first = read_file(file, 0, BATCH, (int64_t)file.len, &writer);
	require(rdb_writer_finish(&writer) == 0 && !written.failed, "no memory");
	second = read_file(buffer_slice(&written), 0, BATCH, (int64_t)written.len, NULL);
	require(second.result == RDB_READ_END, "cannot be read again");
	require(slice_equal(buffer_slice(&first.records), buffer_slice(&second.records)), "other records come back");
	rdb_writer_free(&writer);
	buffer_free(&written);
	buffer_free(&first.records);
	buffer_free(&second.records);
}

static void fuzz_file(struct slice file)
{
	uint64_t choice = crc64(0, file.data, file.len);
	size_t piece = 1 + choice % 61;
	size_t max = 1 + choice / 64 % BATCH;
	/* Without a size much memory is taken, which is slow. */
	int64_t size = choice >> 60 == 0 ? RDB_INPUT_UNKNOWN : (int64_t)file.len;
	struct outcome whole = read_file(file, 0, BATCH, (int64_t)file.len, NULL);
	struct outcome cut = read_file(file, piece, max, size, NULL);

	compare(&whole, &cut, "a cut changed something");
	if (whole.records.len > 0)
		write_and_read(file, choice & 1);
	buffer_free(&whole.records);
	buffer_free(&cut.records);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct slice input = {(const char *)data, size};
	struct buffer sealed = {0};

	fuzz_file(input);
	buffer_append_text(&sealed, "REDIS0012");
	buffer_append_slice(&sealed, input);
	rdb_feed_seal(&sealed);
	require(!sealed.failed, "no memory");
	fuzz_file(buffer_slice(&sealed));
	buffer_free(&sealed);
	return 0;
}
