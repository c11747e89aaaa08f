/*
 * The slow paths of a buffer: growing, formatting and quoting. Growth doubles while the buffer is small, so that few
 * copies are made, and adds a quarter once it is large, so that little is wasted.
 */
#include "base/buffer.h"

#include <stdio.h>
#include <stdlib.h>

enum {
	BUFFER_SMALLEST = 64,
	BUFFER_DOUBLES_BELOW = 1024 * 1024,
};

void buffer_free(struct buffer *buffer)
{
	free(buffer->data);
	*buffer = (struct buffer){0};
}

static size_t buffer_next_cap(const struct buffer *buffer, size_t needed)
{
	size_t cap = buffer->cap < BUFFER_DOUBLES_BELOW ? buffer->cap * 2 : buffer->cap + buffer->cap / 4;

	if (cap < BUFFER_SMALLEST)
		cap = BUFFER_SMALLEST;
	return cap < needed ? needed : cap;
}

bool buffer_grow(struct buffer *buffer, size_t extra)
{
	char *data = NULL;
	size_t cap = 0;

	if (extra <= PTRDIFF_MAX - buffer->len) {
		cap = buffer_next_cap(buffer, buffer->len + extra);
		data = realloc(buffer->data, cap);
	}
	if (data == NULL) {
		buffer->failed = true;
		return false;
	}
	buffer->data = data;
	buffer->cap = cap;
	return true;
}

void buffer_printf(struct buffer *buffer, const char *format, ...)
{
	va_list args;

	va_start(args, format);
	buffer_vprintf(buffer, format, args);
	va_end(args);
}

void buffer_vprintf(struct buffer *buffer, const char *format, va_list args)
{
	va_list again;
	int len;

	va_copy(again, args);
	len = vsnprintf(NULL, 0, format, again);
	va_end(again);
	if (len < 0) {
		buffer->failed = true;
		return;
	}
	/* vsnprintf() wants room for a NUL, which is not counted in. */
	if (!buffer_reserve(buffer, (size_t)len + 1))
		return;
	vsnprintf(buffer->data + buffer->len, (size_t)len + 1, format, args);
	buffer->len += (size_t)len;
}

/* The letter that follows the backslash for `c`, or 0 when it has none. */
static char quote_letter(char c)
{
	switch (c) {
	case '\n':
		return 'n';
	case '\r':
		return 'r';
	case '\t':
		return 't';
	case '\a':
		return 'a';
	case '\b':
		return 'b';
	case '"':
	case '\\':
		return c;
	default:
		return 0;
	}
}

static void buffer_append_quoted_char(struct buffer *buffer, char c)
{
	static const char hex[] = "0123456789abcdef";
	unsigned char byte = (unsigned char)c;
	char letter = quote_letter(c);

	if (letter != 0)
		buffer_append(buffer, (const char[]){'\\', letter}, 2);
	else if (byte >= ' ' && byte <= '~')
		buffer_append_char(buffer, c);
	else
		buffer_append(buffer, (const char[]){'\\', 'x', hex[byte >> 4], hex[byte & 15]}, 4);
}

void buffer_append_quoted(struct buffer *buffer, struct slice text)
{
	size_t start = buffer->len;
	size_t i;

	buffer_append_char(buffer, '"');
	for (i = 0; i < text.len && !buffer->failed; i++)
		buffer_append_quoted_char(buffer, text.data[i]);
	buffer_append_char(buffer, '"');
	/* Half a quoted text could be taken for a whole one. */
	if (buffer->failed)
		buffer->len = start;
}

void buffer_trim(struct buffer *buffer)
{
	enum { TRIM_MIN = 4096 };
	size_t unused = buffer->cap - buffer->len;
	char *trimmed;

	if (unused <= TRIM_MIN || unused <= buffer->len)
		return;
	trimmed = realloc(buffer->data, buffer->len > 0 ? buffer->len : 1);
	if (trimmed == NULL)
		return;
	buffer->data = trimmed;
	buffer->cap = buffer->len > 0 ? buffer->len : 1;
}
