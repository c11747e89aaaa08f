/*
 * The reply writer.
 *
 * The happy path: a reply reserves room for all of itself once, its header is written digit by digit into that room and
 * its bytes are copied behind it. Large blocks are not copied: an insert says between which two bytes they stand.
 *
 * A deferred array reserves a header of fixed size. When its length is known, the header is written at the end of that
 * room, and the bytes left over before it are closed up (when few bytes would have to move) or become a gap, which is
 * an insert too.
 */
#include "resp/reply.h"

#include <assert.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include "base/number.h"

enum {
	REPLY_HEADER = 1 + NUMBER_INT64_TEXT + 2, /* bytes of the longest header: type, number, CRLF */
	REPLY_DEFERRED = 16,			  /* bytes reserved for a deferred one: type, thirteen digits, CRLF */
	REPLY_MOVED = 4096,			  /* bytes that are rather moved than leave a gap before them */
	REPLY_KEPT = 1024 * 1024,		  /* bytes of memory that an empty reply may keep */
	REPLY_FIRST_INSERTS = 16,
};

/* --- the output ------------------------------------------------------------------------------------------------- */

/* Adds what the insert brings to, or takes from, the output's length. A gap's length is subtracted modulo 2^N. */
static size_t insert_weight(const struct reply_insert *insert)
{
	return insert->block != NULL ? insert->len : (size_t)0 - insert->len;
}

/* Removes the inserts behind the first `count`. */
static void drop_inserts(struct reply *reply, size_t count)
{
	while (reply->insert_count > count) {
		const struct reply_insert *insert = &reply->inserts[--reply->insert_count];

		reply->total -= insert_weight(insert);
		block_unref(insert->block);
	}
}

/* Makes room for one insert more. False, and the reply failed, when there is no memory. */
static bool reserve_insert(struct reply *reply)
{
	size_t cap = reply->insert_cap == 0 ? REPLY_FIRST_INSERTS : reply->insert_cap * 2;
	struct reply_insert *grown;

	if (reply->insert_count < reply->insert_cap)
		return true;
	grown = realloc(reply->inserts, cap * sizeof(*grown));
	if (grown == NULL) {
		reply->bytes.failed = true;
		return false;
	}
	reply->inserts = grown;
	reply->insert_cap = cap;
	return true;
}

/* Puts an insert at place `index` of the list, which has room for it. */
static void put_insert(struct reply *reply, size_t index, struct reply_insert insert)
{
	struct reply_insert *place = reply->inserts + index;

	memmove(place + 1, place, (reply->insert_count - index) * sizeof(*place));
	*place = insert;
	reply->insert_count++;
	reply->total += insert_weight(&insert);
}

void reply_free(struct reply *reply)
{
	drop_inserts(reply, 0);
	free(reply->inserts);
	buffer_free(&reply->bytes);
	*reply = (struct reply){.protocol = reply->protocol};
}

void reply_clear(struct reply *reply)
{
	drop_inserts(reply, 0);
	if (reply->insert_cap * sizeof(*reply->inserts) > REPLY_KEPT) {
		free(reply->inserts);
		reply->inserts = NULL;
		reply->insert_cap = 0;
	}
	if (reply->bytes.cap > REPLY_KEPT)
		buffer_free(&reply->bytes);
	reply->bytes.len = 0;
	reply->bytes.failed = false;
}

/* Piece `index`. The even ones are the texts before, between and behind the inserts, the odd ones what is inserted
 * there; some are empty. */
static struct slice piece_of(const struct reply *reply, size_t index)
{
	const struct reply_insert *insert = reply->inserts + index / 2;
	size_t start = 0;
	size_t end = reply->bytes.len;

	if (index % 2 == 1)
		return insert->block != NULL ? (struct slice){insert->block->data, insert->len}
					     : (struct slice){NULL, 0};
	if (index > 0)
		start = insert[-1].at + (insert[-1].block == NULL ? insert[-1].len : 0);
	if (index < 2 * reply->insert_count)
		end = insert->at;
	return (struct slice){reply->bytes.data + start, end - start};
}

struct slice reply_next_piece(const struct reply *reply, struct reply_place *place, size_t most)
{
	struct slice piece = piece_of(reply, place->piece);

	while (place->offset == piece.len && place->piece < 2 * reply->insert_count) {
		place->offset = 0;
		piece = piece_of(reply, ++place->piece);
	}
	piece.data += place->offset;
	piece.len -= place->offset;
	if (piece.len > most)
		piece.len = most;
	place->offset += piece.len;
	return piece;
}

struct reply_mark reply_mark(const struct reply *reply)
{
	return (struct reply_mark){reply->bytes.len, reply->insert_count, reply->errors};
}

struct block *reply_to_block(struct reply *reply)
{
	struct block *block;

	assert(reply->insert_count == 0);
	block = reply_failed(reply) ? NULL : block_of(buffer_slice(&reply->bytes));
	reply_free(reply);
	return block;
}

void reply_rewind(struct reply *reply, struct reply_mark mark)
{
	drop_inserts(reply, mark.insert_count);
	reply->bytes.len = mark.bytes_len;
	reply->errors = mark.errors;
}

/* --- headers ---------------------------------------------------------------------------------------------------- */

static inline char *print_crlf(char *out)
{
	out[0] = '\r';
	out[1] = '\n';
	return out + 2;
}

/* Writes type, number and CRLF, at most REPLY_HEADER bytes; returns the place behind them. Most numbers are small. */
static inline char *print_header(char *out, char type, uint64_t number)
{
	*out++ = type;
	if (number >= 1000) {
		out += number_print_uint64(out, number);
		return print_crlf(out);
	}
	if (number >= 100)
		*out++ = (char)('0' + number / 100);
	if (number >= 10)
		*out++ = (char)('0' + number / 10 % 10);
	*out++ = (char)('0' + number % 10);
	return print_crlf(out);
}

/* The place for `len` bytes more, or NULL. What is written there counts only after end_at(). */
static inline char *begin_at(struct reply *reply, size_t len)
{
	return buffer_reserve(&reply->bytes, len) ? reply->bytes.data + reply->bytes.len : NULL;
}

static inline void end_at(struct reply *reply, const char *end)
{
	reply->bytes.len = (size_t)(end - reply->bytes.data);
}

static void reply_header(struct reply *reply, char type, size_t number)
{
	char *out = begin_at(reply, REPLY_HEADER);

	if (out != NULL)
		end_at(reply, print_header(out, type, number));
}

/* --- values ----------------------------------------------------------------------------------------------------- */

void reply_ok(struct reply *reply)
{
	reply_raw(reply, SLICE("+OK\r\n"));
}

void reply_simple(struct reply *reply, const char *text)
{
	size_t len = strlen(text);
	char *out = begin_at(reply, len + REPLY_HEADER);

	if (out == NULL)
		return;
	*out++ = '+';
	memcpy(out, text, len);
	end_at(reply, print_crlf(out + len));
}

void reply_int(struct reply *reply, int64_t value)
{
	char *out = begin_at(reply, REPLY_HEADER);

	if (out == NULL)
		return;
	if (value >= 0) {
		end_at(reply, print_header(out, ':', (uint64_t)value));
		return;
	}
	*out++ = ':';
	end_at(reply, print_crlf(out + number_print_int64(out, value)));
}

void reply_bulk(struct reply *reply, struct slice text)
{
	char *out = begin_at(reply, text.len + REPLY_HEADER + 2);

	if (out == NULL)
		return;
	out = print_header(out, '$', text.len);
	if (text.len > 0)
		memcpy(out, text.data, text.len);
	end_at(reply, print_crlf(out + text.len));
}

void reply_bulk_text(struct reply *reply, const char *text)
{
	reply_bulk(reply, slice_of(text));
}

void reply_bulk_int(struct reply *reply, int64_t value)
{
	char text[NUMBER_INT64_TEXT];

	reply_bulk(reply, (struct slice){text, number_print_int64(text, value)});
}

void reply_bulk_block(struct reply *reply, struct block *block, size_t from, size_t len)
{
	if (from > 0 || len < REPLY_BY_REFERENCE) {
		reply_bulk(reply, (struct slice){block->data + from, len});
		return;
	}
	reply_header(reply, '$', len);
	if (!reserve_insert(reply))
		return;
	put_insert(reply, reply->insert_count, (struct reply_insert){reply->bytes.len, block_ref(block), len});
	reply_raw(reply, SLICE("\r\n"));
}

void reply_raw_block(struct reply *reply, struct block *block)
{
	if (block->len < REPLY_BY_REFERENCE)
		reply_raw(reply, (struct slice){block->data, block->len});
	else if (reserve_insert(reply))
		put_insert(reply, reply->insert_count,
			   (struct reply_insert){reply->bytes.len, block_ref(block), block->len});
}

void reply_join(struct reply *reply, struct reply *other)
{
	size_t base = reply->bytes.len;

	if (reply_failed(other))
		reply->bytes.failed = true;
	reply_raw(reply, (struct slice){other->bytes.data, other->bytes.len});
	for (size_t i = 0; i < other->insert_count && reserve_insert(reply); i++) {
		struct reply_insert insert = other->inserts[i];

		if (insert.block != NULL)
			block_ref(insert.block); /* clearing `other` gives its own back */
		insert.at += base;
		put_insert(reply, reply->insert_count, insert);
	}
	reply_clear(other);
}

void reply_null(struct reply *reply)
{
	reply_raw(reply, reply->protocol >= 3 ? SLICE("_\r\n") : SLICE("$-1\r\n"));
}

void reply_null_array(struct reply *reply)
{
	reply_raw(reply, reply->protocol >= 3 ? SLICE("_\r\n") : SLICE("*-1\r\n"));
}

void reply_bool(struct reply *reply, bool value)
{
	if (reply->protocol >= 3)
		reply_raw(reply, value ? SLICE("#t\r\n") : SLICE("#f\r\n"));
	else
		reply_raw(reply, value ? SLICE(":1\r\n") : SLICE(":0\r\n"));
}

void reply_double(struct reply *reply, double value)
{
	char text[NUMBER_DOUBLE_TEXT + 3] = ",";
	size_t len = number_print_double(text + 1, value);

	if (reply->protocol < 3) {
		reply_bulk(reply, (struct slice){text + 1, len});
		return;
	}
	print_crlf(text + 1 + len);
	reply_raw(reply, (struct slice){text, len + 3});
}

void reply_verbatim(struct reply *reply, struct slice text, const char *format)
{
	assert(strlen(format) == 3);
	if (reply->protocol < 3) {
		reply_bulk(reply, text);
		return;
	}
	reply_header(reply, '=', text.len + 4);
	reply_raw(reply, slice_of(format));
	reply_raw(reply, SLICE(":"));
	reply_raw(reply, text);
	reply_raw(reply, SLICE("\r\n"));
}

/* --- aggregates ------------------------------------------------------------------------------------------------- */

void reply_array(struct reply *reply, size_t count)
{
	reply_header(reply, '*', count);
}

/* RESP2 has arrays only. */
static char set_type(const struct reply *reply)
{
	return reply->protocol >= 3 ? '~' : '*';
}

static char map_type(const struct reply *reply)
{
	return reply->protocol >= 3 ? '%' : '*';
}

static size_t map_count(const struct reply *reply, size_t pairs)
{
	return reply->protocol >= 3 ? pairs : pairs * 2;
}

void reply_set(struct reply *reply, size_t count)
{
	reply_header(reply, set_type(reply), count);
}

void reply_map(struct reply *reply, size_t pairs)
{
	reply_header(reply, map_type(reply), map_count(reply, pairs));
}

void reply_push(struct reply *reply, size_t count)
{
	reply_header(reply, reply->protocol >= 3 ? '>' : '*', count);
}

struct reply_deferred reply_array_begin(struct reply *reply)
{
	struct reply_deferred deferred = {reply->bytes.len, reply->insert_count};

	if (buffer_reserve(&reply->bytes, REPLY_DEFERRED))
		reply->bytes.len += REPLY_DEFERRED;
	return deferred;
}

/* Takes `len` bytes at the beginning of a deferred array out of the output. */
static void close_up(struct reply *reply, struct reply_deferred deferred, size_t len)
{
	char *start = reply->bytes.data + deferred.at;
	size_t behind = reply->bytes.len - deferred.at - len;

	if (behind <= REPLY_MOVED && reply->insert_count == deferred.insert_count) {
		memmove(start, start + len, behind);
		reply->bytes.len -= len;
	} else if (reserve_insert(reply)) {
		put_insert(reply, deferred.insert_count, (struct reply_insert){deferred.at, NULL, len});
	}
}

static void deferred_end(struct reply *reply, struct reply_deferred deferred, char type, size_t count)
{
	char header[REPLY_HEADER];
	size_t len = (size_t)(print_header(header, type, count) - header);

	if (reply_failed(reply))
		return; /* the reserved room may not be there */
	assert(len <= REPLY_DEFERRED);
	memcpy(reply->bytes.data + deferred.at + REPLY_DEFERRED - len, header, len);
	if (len < REPLY_DEFERRED)
		close_up(reply, deferred, REPLY_DEFERRED - len);
}

void reply_array_end(struct reply *reply, struct reply_deferred deferred, size_t count)
{
	deferred_end(reply, deferred, '*', count);
}

void reply_set_end(struct reply *reply, struct reply_deferred deferred, size_t count)
{
	deferred_end(reply, deferred, set_type(reply), count);
}

void reply_map_end(struct reply *reply, struct reply_deferred deferred, size_t pairs)
{
	deferred_end(reply, deferred, map_type(reply), map_count(reply, pairs));
}

/* --- errors ----------------------------------------------------------------------------------------------------- */

/* Ends the error whose text begins at `at`: a line end within it would end the reply too early. */
static void error_end(struct reply *reply, size_t at)
{
	for (; at < reply->bytes.len; at++) {
		char *c = reply->bytes.data + at;

		if (*c == '\r' || *c == '\n')
			*c = ' ';
	}
	reply_raw(reply, SLICE("\r\n"));
	reply->errors++;
}

void reply_error(struct reply *reply, const char *text)
{
	size_t at = reply->bytes.len + 1;

	reply_raw(reply, SLICE("-"));
	buffer_append_text(&reply->bytes, text);
	error_end(reply, at);
}

void reply_errorf(struct reply *reply, const char *format, ...)
{
	size_t at = reply->bytes.len + 1;
	va_list args;

	reply_raw(reply, SLICE("-"));
	va_start(args, format);
	buffer_vprintf(&reply->bytes, format, args);
	va_end(args);
	error_end(reply, at);
}

void reply_error_syntax(struct reply *reply)
{
	reply_error(reply, "ERR syntax error");
}

void reply_error_not_integer(struct reply *reply)
{
	reply_error(reply, "ERR value is not an integer or out of range");
}

void reply_error_out_of_memory(struct reply *reply)
{
	reply_error(reply, "OOM out of memory");
}
