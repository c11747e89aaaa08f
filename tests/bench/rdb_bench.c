/*
 * How fast RDB files are written and read, without disks and without a keyspace: rdb_bench [RECORDS] prints a line for
 * each kind of records, columns separated by tabs. Times are those of the processor, so other processes do not count.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "base/random.h"
#include "persist/rdb_reader.h"
#include "persist/rdb_writer.h"

enum { KEY_LEN = 16, BATCH = 256, MANY = 2000 * 1000, BYTES = 256 * 1024 * 1024, MAX_VALUE = 1024 * 1024 };

/* A kind of records. */
struct kind {
	const char *name;
	size_t value_len;
	bool words; /* values that can be compressed; others are random bytes */
	bool compress;
	bool checksum;
};

static const struct kind kinds[] = {
	{"32 random bytes", 32, false, false, true},
	{"32 random bytes, no checksum", 32, false, false, false},
	{"32 random bytes, LZF", 32, false, true, true},
	{"100 bytes of words, LZF", 100, true, true, true},
	{"1000 bytes of words, LZF", 1000, true, true, true},
	{"1 MB of random bytes", MAX_VALUE, false, false, true},
	{"1 MB of random bytes, LZF", MAX_VALUE, false, true, true},
	{"1 MB of words, LZF", MAX_VALUE, true, true, true},
};

static double processor_seconds(void)
{
	struct timespec now;

	clock_gettime(CLOCK_THREAD_CPUTIME_ID, &now);
	return (double)now.tv_sec + (double)now.tv_nsec / 1e9;
}

static void fill(char *value, size_t len, bool words)
{
	static const char *const dictionary[] = {"alpha ", "beta ", "gamma ", "delta ",
						 "user:",  "name=", "value=", "12345 "};
	struct random random;
	size_t at = 0;

	random_seed(&random, len);
	while (at < len) {
		uint64_t bits = random_next(&random);
		const void *bytes = words ? (const void *)dictionary[bits % 8] : &bits;
		size_t count = words ? strlen(dictionary[bits % 8]) : sizeof(bits);

		count = count < len - at ? count : len - at;
		memcpy(value + at, bytes, count);
		at += count;
	}
}

static int keep(void *arg, const void *bytes, size_t len)
{
	buffer_append(arg, bytes, len);
	return 0;
}

static double write_file(const struct kind *kind, size_t count, struct buffer *file)
{
	static char values[2 * MAX_VALUE];
	struct rdb_writer_options options = {.compress = kind->compress, .checksum = kind->checksum};
	struct rdb_writer writer;
	double begun;

	fill(values, sizeof(values), kind->words);
	begun = processor_seconds();
	rdb_writer_begin(&writer, (struct rdb_sink){keep, file}, &options);
	for (size_t i = 0; i < count; i++) {
		char key[KEY_LEN];
		struct rdb_record record = {.key = {key, KEY_LEN},
					    .value = {values + i * 61 % MAX_VALUE, kind->value_len},
					    .idle = RDB_NOT_GIVEN,
					    .freq = RDB_NOT_GIVEN};

		memcpy(key, "key:", 4);
		for (size_t at = 0; at < KEY_LEN - 4; at++)
			key[4 + at] = (char)('a' + (i >> (4 * at) & 15));
		rdb_writer_entry(&writer, &record);
	}
	rdb_writer_finish(&writer);
	rdb_writer_free(&writer);
	return processor_seconds() - begun;
}

/* A source in memory. */
static int64_t read_slice(void *arg, char *bytes, size_t room)
{
	struct slice *rest = arg;
	size_t len = rest->len < room ? rest->len : room;

	memcpy(bytes, rest->data, len);
	rest->data += len;
	rest->len -= len;
	return (int64_t)len;
}

static double read_file(struct slice file, size_t count)
{
	static struct rdb_record records[BATCH];
	struct rdb_reader reader;
	double begun = processor_seconds();
	size_t got;

	rdb_reader_init(&reader, (struct rdb_source){read_slice, &file}, (int64_t)file.len, 1);
	while (rdb_reader_next(&reader, records, BATCH, &got) == RDB_READ_RECORDS) {
		for (size_t i = 0; i < got; i++)
			block_unref(records[i].block);
	}
	if (reader.state != RDB_READ_END || reader.records != count) {
		fprintf(stderr, "%s\n", reader.error);
		exit(EXIT_FAILURE);
	}
	rdb_reader_free(&reader);
	return processor_seconds() - begun;
}

/* Millions a second. */
static double rate(double amount, double seconds)
{
	return amount / seconds / 1e6;
}

static void measure(const struct kind *kind, size_t count)
{
	struct buffer file = {0};
	double data = (double)count * (double)(KEY_LEN + kind->value_len);
	double writing, reading;

	/* Once to have the memory, then for the time. */
	write_file(kind, count, &file);
	file.len = 0;
	writing = write_file(kind, count, &file);
	if (file.failed) {
		fprintf(stderr, "no memory\n");
		exit(EXIT_FAILURE);
	}
	reading = read_file(buffer_slice(&file), count);
	printf("%s\t%.2f\t%.0f\t%.2f\t%.0f\t%.0f\n", kind->name, rate((double)count, writing), rate(data, writing),
	       rate((double)count, reading), rate(data, reading), (double)file.len / 1e6);
	fflush(stdout);
	buffer_free(&file);
}

int main(int argc, char **argv)
{
	size_t most = argc > 1 ? strtoul(argv[1], NULL, 10) : MANY;

	printf("records\twritten, M/s\tMB/s\tread, M/s\tMB/s\tfile, MB\n");
	for (size_t i = 0; i < sizeof(kinds) / sizeof(kinds[0]); i++) {
		size_t fits = BYTES / (KEY_LEN + kinds[i].value_len);

		measure(&kinds[i], fits < most ? fits : most);
	}
	return EXIT_SUCCESS;
}
