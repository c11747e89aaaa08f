/*
 * The happy path: the head with its aux fields is put into the buffer, record after record behind it, and whenever the
 * buffer has passed BUFFER_FULL, it is summed up and handed to the sink. A large value empties the buffer, goes to the
 * sink by itself (compressed, if that saves some), and the buffer goes on behind it.
 *
 * What can fail is the sink, and memory: then the error is kept, and the file is worth nothing.
 */
#include "persist/rdb_writer.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/endian.h"
#include "base/version.h"
#include "persist/crc64.h"
#include "persist/file.h"

enum {
	BUFFER_FULL = 256 * 1024,      /* bytes: few enough to be summed up while they are in the core's own cache */
	BUFFER_SLACK = 128 * 1024,     /* room behind that for the record that passes it */
	LARGE_VALUE = 32 * 1024,       /* bytes from which a value goes by itself */
	PROBE = 16 * 1024,	       /* bytes of a large value that tell whether it can be compressed */
	PACKED_KEPT = 4 * 1024 * 1024, /* bytes of room for compressing that are kept */
	WRITE_BACK_STEP = 4 * 1024 * 1024, /* bytes between calls, as in Redis */
	BUFFER_KEPT = 1024 * 1024,	   /* bytes of the buffer that are kept when a large key has made it grow */
};

/* --- the file as a sink ------------------------------------------------------------------------------------------- */

static int file_sink_write(void *arg, const void *bytes, size_t len)
{
	struct rdb_file *file = arg;
	size_t written;
	int result = file_write(file->fd, bytes, len, &written);

	file->size += (int64_t)written;
	if (file->write_back && file->size - file->written_back >= WRITE_BACK_STEP) {
		file_write_back(file->fd, file->written_back, file->size - file->written_back);
		file->written_back = file->size;
	}
	return result;
}

struct rdb_sink rdb_file_sink(struct rdb_file *file)
{
	return (struct rdb_sink){file_sink_write, file};
}

/* --- to the sink -------------------------------------------------------------------------------------------------- */

static int emit(struct rdb_writer *writer, struct slice bytes)
{
	if (writer->error != 0 || bytes.len == 0)
		return writer->error;
	if (writer->checksum)
		writer->crc = crc64(writer->crc, bytes.data, bytes.len);
	writer->size += bytes.len;
	writer->error = writer->sink.write(writer->sink.arg, bytes.data, bytes.len);
	return writer->error;
}

static int flush(struct rdb_writer *writer)
{
	if (writer->buffer.failed && writer->error == 0)
		writer->error = -ENOMEM;
	emit(writer, buffer_slice(&writer->buffer));
	writer->buffer.len = 0;
	if (writer->buffer.cap > BUFFER_KEPT)
		buffer_free(&writer->buffer);
	return writer->error;
}

static inline int flush_if_full(struct rdb_writer *writer)
{
	return writer->buffer.len >= BUFFER_FULL ? flush(writer) : writer->error;
}

/* --- large values ------------------------------------------------------------------------------------------------- */

/* Makes room for compressing `len` bytes. */
static bool reserve_packed(struct rdb_writer *writer, size_t len)
{
	char *packed;

	if (len <= writer->packed_cap)
		return true;
	packed = malloc(len);
	if (packed == NULL)
		return false;
	free(writer->packed);
	writer->packed = packed;
	writer->packed_cap = len;
	return true;
}

/* Compresses a large value; 0 when that saves nothing. One whose first bytes cannot be compressed is most likely a
 * picture, or compressed already: to find that out for certain would take longer than to write it. */
static size_t pack(struct rdb_writer *writer, struct slice value)
{
	if (!writer->compress || !reserve_packed(writer, value.len))
		return 0;
	if (rdb_pack((struct slice){value.data, PROBE}, writer->packed) == 0)
		return 0;
	return rdb_pack(value, writer->packed);
}

static void write_large(struct rdb_writer *writer, struct slice value)
{
	size_t packed_len = pack(writer, value);

	if (packed_len > 0)
		rdb_write_packed_head(&writer->buffer, packed_len, value.len);
	else
		rdb_write_length(&writer->buffer, value.len);
	flush(writer);
	emit(writer, packed_len > 0 ? (struct slice){writer->packed, packed_len} : value);
	if (writer->packed_cap > PACKED_KEPT) {
		free(writer->packed);
		writer->packed = NULL;
		writer->packed_cap = 0;
	}
}

/* --- records ------------------------------------------------------------------------------------------------------ */

static void write_opcode(struct rdb_writer *writer, unsigned opcode)
{
	buffer_append_char(&writer->buffer, (char)opcode);
}

static void select_db(struct rdb_writer *writer, unsigned db)
{
	if (writer->db == (int64_t)db)
		return;
	write_opcode(writer, RDB_SELECTDB);
	rdb_write_length(&writer->buffer, db);
	writer->db = db;
}

/* What stands before a key's type. */
static void write_attributes(struct rdb_writer *writer, const struct rdb_record *record)
{
	if (record->expire_at != 0) {
		uint8_t bytes[8];

		write_opcode(writer, RDB_EXPIRE_MS);
		endian_store_little(bytes, (uint64_t)record->expire_at, sizeof(bytes));
		buffer_append(&writer->buffer, bytes, sizeof(bytes));
	}
	if (record->idle != RDB_NOT_GIVEN) {
		write_opcode(writer, RDB_IDLE);
		rdb_write_length(&writer->buffer, (uint64_t)record->idle);
	}
	if (record->freq != RDB_NOT_GIVEN) {
		write_opcode(writer, RDB_FREQ);
		buffer_append_char(&writer->buffer, (char)record->freq);
	}
}

int rdb_writer_entry(struct rdb_writer *writer, const struct rdb_record *record)
{
	if (writer->error != 0)
		return writer->error;
	select_db(writer, record->db);
	write_attributes(writer, record);
	write_opcode(writer, RDB_TYPE_STRING);
	rdb_write_string(&writer->buffer, record->key, writer->compress);
	if (record->value.len >= LARGE_VALUE)
		write_large(writer, record->value);
	else
		rdb_write_string(&writer->buffer, record->value, writer->compress);
	writer->records++;
	return flush_if_full(writer);
}

int rdb_writer_sizes(struct rdb_writer *writer, unsigned db, uint64_t keys, uint64_t expires)
{
	select_db(writer, db);
	write_opcode(writer, RDB_RESIZEDB);
	rdb_write_length(&writer->buffer, keys);
	rdb_write_length(&writer->buffer, expires);
	return flush_if_full(writer);
}

/* --- beginning and end -------------------------------------------------------------------------------------------- */

static void write_aux(struct rdb_writer *writer, const char *name, struct slice value)
{
	write_opcode(writer, RDB_AUX);
	rdb_write_string(&writer->buffer, slice_of(name), false);
	rdb_write_string(&writer->buffer, value, false);
}

static void write_aux_number(struct rdb_writer *writer, const char *name, int64_t value)
{
	char text[NUMBER_INT64_TEXT];

	write_aux(writer, name, (struct slice){text, number_print_int64(text, value)});
}

int rdb_writer_begin(struct rdb_writer *writer, struct rdb_sink sink, const struct rdb_writer_options *options)
{
	*writer = (struct rdb_writer){
		.sink = sink, .db = -1, .compress = options->compress, .checksum = options->checksum};
	buffer_reserve(&writer->buffer, BUFFER_FULL + BUFFER_SLACK);
	buffer_printf(&writer->buffer, "REDIS%04d", RDB_VERSION);
	write_aux(writer, "redis-ver", SLICE(CUBBY_REDIS_VERSION));
	write_aux_number(writer, "redis-bits", 8 * (int64_t)sizeof(void *));
	write_aux_number(writer, "ctime", options->now);
	write_aux_number(writer, "used-mem", (int64_t)options->used_memory);
	write_aux_number(writer, "aof-base", options->aof_base);
	if (writer->buffer.failed)
		writer->error = -ENOMEM;
	return writer->error;
}

int rdb_writer_finish(struct rdb_writer *writer)
{
	uint8_t bytes[8];

	write_opcode(writer, RDB_EOF);
	if (flush(writer) != 0)
		return writer->error;
	endian_store_little(bytes, writer->crc, sizeof(bytes));
	return emit(writer, (struct slice){(const char *)bytes, sizeof(bytes)});
}

void rdb_writer_free(struct rdb_writer *writer)
{
	buffer_free(&writer->buffer);
	free(writer->packed);
	*writer = (struct rdb_writer){0};
}
