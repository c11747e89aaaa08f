/* Commands are gathered in a buffer; when it is full it goes to the sink. A large value goes there from where it is. */
#include "persist/commands_writer.h"

#include <errno.h>

#include "persist/effect.h"

enum {
	BUFFER_FULL = 256 * 1024,  /* bytes */
	BUFFER_SLACK = 128 * 1024, /* room behind that for the command that passes it */
	LARGE_VALUE = 32 * 1024,   /* bytes from which a value goes by itself */
};

static int emit(struct commands_writer *writer, struct slice bytes)
{
	if (writer->error != 0 || bytes.len == 0)
		return writer->error;
	writer->size += bytes.len;
	writer->error = writer->sink.write(writer->sink.arg, bytes.data, bytes.len);
	return writer->error;
}

static int flush(struct commands_writer *writer)
{
	if (writer->buffer.failed && writer->error == 0)
		writer->error = -ENOMEM;
	emit(writer, buffer_slice(&writer->buffer));
	writer->buffer.len = 0;
	return writer->error;
}

static void select_db(struct commands_writer *writer, unsigned db)
{
	char text[EFFECT_SELECT_TEXT];

	if (writer->db == (int64_t)db)
		return;
	buffer_append(&writer->buffer, text, effect_print_select(text, db));
	writer->db = db;
}

/* Appends "$5\r\n" or "*3\r\n". */
static void append_head(struct buffer *out, char kind, uint64_t number)
{
	char text[NUMBER_INT64_TEXT];

	buffer_append_char(out, kind);
	buffer_append(out, text, number_print_int64(text, (int64_t)number));
	buffer_append(out, "\r\n", 2);
}

static void append_bulk(struct buffer *out, struct slice bytes)
{
	append_head(out, '$', bytes.len);
	buffer_append_slice(out, bytes);
	buffer_append(out, "\r\n", 2);
}

static void append_value(struct commands_writer *writer, struct slice value)
{
	if (value.len < LARGE_VALUE) {
		append_bulk(&writer->buffer, value);
		return;
	}
	append_head(&writer->buffer, '$', value.len);
	flush(writer);
	emit(writer, value);
	buffer_append(&writer->buffer, "\r\n", 2);
}

void commands_writer_begin(struct commands_writer *writer, struct rdb_sink sink)
{
	*writer = (struct commands_writer){.sink = sink, .db = -1};
	if (!buffer_reserve(&writer->buffer, BUFFER_FULL + BUFFER_SLACK))
		writer->error = -ENOMEM;
}

int commands_writer_entry(struct commands_writer *writer, const struct rdb_record *record)
{
	char when[NUMBER_INT64_TEXT];

	if (writer->error != 0)
		return writer->error;
	select_db(writer, record->db);
	append_head(&writer->buffer, '*', record->expire_at != 0 ? 5 : 3);
	append_bulk(&writer->buffer, SLICE("SET"));
	append_bulk(&writer->buffer, record->key);
	append_value(writer, record->value);
	if (record->expire_at != 0) {
		append_bulk(&writer->buffer, SLICE("PXAT"));
		append_bulk(&writer->buffer, (struct slice){when, number_print_int64(when, record->expire_at)});
	}
	return writer->buffer.len >= BUFFER_FULL ? flush(writer) : writer->error;
}

int commands_writer_finish(struct commands_writer *writer)
{
	return flush(writer);
}

void commands_writer_free(struct commands_writer *writer)
{
	buffer_free(&writer->buffer);
	*writer = (struct commands_writer){0};
}
