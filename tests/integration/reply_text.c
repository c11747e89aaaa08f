/*
 * Reads one reply by recursive descent over the bytes that have arrived; when they do not suffice it says so and is
 * called again with more. Replies in tests are small, so starting over costs nothing.
 */
#include "reply_text.h"

#include <check.h>
#include <hiredis/hiredis.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* The bytes not read yet. */
struct cursor {
	const char *at;
	const char *end;
};

static bool reply_read(struct text *out, struct cursor *in);

void text_add(struct text *self, const char *bytes, size_t len)
{
	if (self->len + len + 1 > self->size) {
		self->size = (self->len + len + 1) * 2;
		self->bytes = realloc(self->bytes, self->size);
		ck_assert_ptr_nonnull(self->bytes);
	}
	memcpy(self->bytes + self->len, bytes, len);
	self->len += len;
	self->bytes[self->len] = '\0';
}

void text_clear(struct text *self)
{
	self->len = 0;
	text_add(self, "", 0);
}

static void text_add_word(struct text *self, const char *word)
{
	text_add(self, word, strlen(word));
}

static void text_add_escaped(struct text *self, const char *bytes, size_t len)
{
	static const char special[] = "\\\r\n\t", letters[] = "\\rnt";
	char escape[8];

	for (size_t i = 0; i < len; i++) {
		unsigned char byte = (unsigned char)bytes[i];
		const char *found = byte == 0 ? NULL : strchr(special, byte);

		if (found != NULL)
			snprintf(escape, sizeof(escape), "\\%c", letters[found - special]);
		else if (byte < ' ' || byte > '~')
			snprintf(escape, sizeof(escape), "\\x%02x", byte);
		else
			snprintf(escape, sizeof(escape), "%c", byte);
		text_add_word(self, escape);
	}
}

/* Takes the rest of the line; false when its end has not come. */
static bool line_read(struct cursor *in, const char **line, size_t *len)
{
	const char *end = in->at == in->end ? NULL : memchr(in->at, '\r', (size_t)(in->end - in->at));

	if (end == NULL || end + 1 == in->end)
		return false;
	ck_assert_msg(end[1] == '\n', "a reply's line has a CR without LF");
	*line = in->at;
	*len = (size_t)(end - in->at);
	in->at = end + 2;
	return true;
}

static long long line_number(const char *line, size_t len)
{
	char digits[32], *end;
	long long number;

	ck_assert_msg(len > 0 && len < sizeof(digits), "a reply's length has %zu characters", len);
	memcpy(digits, line, len);
	digits[len] = '\0';
	number = strtoll(digits, &end, 10);
	ck_assert_msg(*end == '\0', "a reply's length is not a number: %s", digits);
	return number;
}

/* A bulk string's bytes, or a verbatim string's. */
static bool bulk_read(struct text *out, struct cursor *in, char kind, long long len)
{
	if (len < 0) {
		text_add_word(out, "nil");
		return true;
	}
	if (in->end - in->at < len + 2)
		return false;
	ck_assert_msg(memcmp(in->at + len, "\r\n", 2) == 0, "a bulk string of %lld bytes does not end there", len);
	text_add(out, &kind, 1);
	text_add_escaped(out, in->at, (size_t)len);
	in->at += len + 2;
	return true;
}

/* An aggregate's elements: `len` of them, twice that for a map. */
static bool elements_read(struct text *out, struct cursor *in, char kind, long long len)
{
	const char *open = kind == '%' ? "{" : kind == '~' ? "~[" : kind == '>' ? ">[" : "[";

	if (len < 0) {
		text_add_word(out, "nil");
		return true;
	}
	text_add_word(out, open);
	for (long long i = 0; i < (kind == '%' ? 2 * len : len); i++) {
		text_add_word(out, " ");
		if (!reply_read(out, in))
			return false;
	}
	text_add_word(out, kind == '%' ? " }" : " ]");
	return true;
}

static bool reply_read(struct text *out, struct cursor *in)
{
	const char *line;
	size_t len;
	char kind;

	if (!line_read(in, &line, &len))
		return false;
	ck_assert_msg(len > 0, "a reply is an empty line");
	kind = line[0];
	switch (kind) {
	case '+':
	case '-':
	case ':':
	case ',':
	case '#':
	case '(':
		text_add_escaped(out, line, len);
		return true;
	case '_':
		ck_assert_uint_eq(len, 1);
		text_add_word(out, "nil");
		return true;
	case '$':
	case '=':
		return bulk_read(out, in, kind, line_number(line + 1, len - 1));
	case '*':
	case '%':
	case '~':
	case '>':
		return elements_read(out, in, kind, line_number(line + 1, len - 1));
	default:
		ck_abort_msg("no reply starts like this: %.*s", (int)len, line);
	}
}

size_t reply_text(struct text *out, const char *bytes, size_t len)
{
	struct cursor in = {bytes, bytes + len};

	text_clear(out);
	return reply_read(out, &in) ? (size_t)(in.at - bytes) : 0;
}

static void hiredis_add(struct text *out, const redisReply *reply)
{
	char number[32];

	switch (reply->type) {
	case REDIS_REPLY_NIL:
		text_add_word(out, "nil");
		break;
	case REDIS_REPLY_INTEGER:
		snprintf(number, sizeof(number), ":%lld", reply->integer);
		text_add_word(out, number);
		break;
	case REDIS_REPLY_ARRAY:
		text_add_word(out, "[");
		for (size_t i = 0; i < reply->elements; i++) {
			text_add_word(out, " ");
			hiredis_add(out, reply->element[i]);
		}
		text_add_word(out, " ]");
		break;
	default:
		text_add_word(out, reply->type == REDIS_REPLY_STATUS  ? "+"
				   : reply->type == REDIS_REPLY_ERROR ? "-"
								      : "$");
		text_add_escaped(out, reply->str, (size_t)reply->len);
	}
}

void reply_text_hiredis(struct text *out, const char *bytes, size_t len)
{
	redisReader *reader = redisReaderCreate();
	void *reply = NULL;

	text_clear(out);
	ck_assert_ptr_nonnull(reader);
	redisReaderFeed(reader, bytes, len);
	ck_assert_msg(redisReaderGetReply(reader, &reply) == REDIS_OK, "hiredis: %s", reader->errstr);
	ck_assert_msg(reply != NULL, "hiredis waits for more than the reply");
	hiredis_add(out, reply);
	freeReplyObject(reply);
	redisReaderFree(reader);
}
