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
	struct buffer records; /* each one written as a file has it */
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

/* Writes records on; their blocks are freed. */
static void write_records(struct rdb_writer *writer, const struct rdb_record *records, size_t count)
{
	for (size_t i = 0; i < count; i++) {
		require(rdb_writer_entry(writer, &records[i]) == 0, "cannot be written");
		block_unref(records[i].block);
	}
}

static struct outcome read_file(struct slice file, size_t piece, size_t max, int64_t size)
{
	struct rdb_feed feed = {.bytes = file, .piece = piece};
	struct rdb_writer_options options = {.compress = piece == 0, .checksum = true};
	struct outcome outcome = {0};
	struct rdb_record records[BATCH];
	struct rdb_writer writer;
	struct rdb_reader reader;
	size_t count;

	require(rdb_writer_begin(&writer, (struct rdb_sink){keep, &outcome.records}, &options) == 0, "no memory");
	require(rdb_reader_init(&reader, rdb_feed_source(&feed), size, DATABASES), "no memory");
	do {
		struct block *held[RDB_READER_HELD] = {0};

		outcome.result = rdb_reader_next(&reader, records, max, &count);
		require((count > 0) == (outcome.result == RDB_READ_RECORDS), "no records");
		/* with a reference the reader uses the memory again */
		if (count % 2 == 1)
			rdb_reader_hold(&reader, held);
		write_records(&writer, records, count);
		for (size_t i = 0; i < RDB_READER_HELD; i++)
			block_unref(held[i]);
	} while (outcome.result == RDB_READ_RECORDS);
	require(rdb_writer_finish(&writer) == 0 && !outcome.records.failed, "no memory");
	outcome.error_at = outcome.result == RDB_READ_END ? rdb_reader_offset(&reader) : reader.error_at;
	require(outcome.error_at <= file.len, "read beyond the end");
	rdb_reader_free(&reader);
	rdb_writer_free(&writer);
	return outcome;
}

static void compare(const struct outcome *a, const struct outcome *b, const char *what)
{
	require(a->result == b->result && a->error_at == b->error_at, what);
	require(slice_equal(buffer_slice(&a->records), buffer_slice(&b->records)), what);
}

/* The records, read, are those that are read when they have been written. */
static void read_again(const struct outcome *first, size_t max)
{
	struct outcome second = read_file(buffer_slice(&first->records), 0, max, RDB_INPUT_UNKNOWN);

	require(second.result == RDB_READ_END, "cannot be read again");
	require(slice_equal(buffer_slice(&first->records), buffer_slice(&second.records)), "other records come back");
	buffer_free(&second.records);
}

static void fuzz_file(struct slice file)
{
	uint64_t choice = crc64(0, file.data, file.len);
	size_t piece = 1 + choice % 61;
	size_t max = 1 + choice / 64 % BATCH;
	struct outcome whole = read_file(file, 0, BATCH, (int64_t)file.len);
	struct outcome cut = read_file(file, 0, max, RDB_INPUT_UNKNOWN);
	struct outcome pieces = read_file(file, piece, BATCH, (int64_t)file.len);

	compare(&whole, &cut, "another number at once changed something");
	require(whole.result == pieces.result && whole.error_at == pieces.error_at, "a cut changed the end");
	read_again(&whole, max);
	buffer_free(&whole.records);
	buffer_free(&cut.records);
	buffer_free(&pieces.records);
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
