/*
 * A growable run of bytes.
 *
 * Appending never fails halfway: when there is no memory the buffer stays as it was and `failed` is set for good, so
 * that a writer can append freely and its caller checks once, at the end.
 */
#ifndef CUBBY_BASE_BUFFER_H
#define CUBBY_BASE_BUFFER_H

#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include "base/slice.h"

struct buffer {
	char *data; /* owned; NULL when cap is 0 */
	size_t len; /* bytes in use */
	size_t cap; /* bytes allocated */
	bool failed;
};

/* A zeroed struct buffer is an empty buffer. Frees what it holds and makes it an empty one again. */
void buffer_free(struct buffer *buffer);

/* The slow path of buffer_reserve: grows to at least len + extra, doubling up to 1 MiB, then by a quarter. */
bool buffer_grow(struct buffer *buffer, size_t extra);

/* Makes room for `extra` bytes after len. False (and failed) when there is no memory. */
static inline bool buffer_reserve(struct buffer *buffer, size_t extra)
{
	if (buffer->cap - buffer->len >= extra)
		return true;
	return buffer_grow(buffer, extra);
}

static inline void buffer_append(struct buffer *buffer, const void *bytes, size_t len)
{
	if (len == 0 || !buffer_reserve(buffer, len))
		return;
	memcpy(buffer->data + buffer->len, bytes, len);
	buffer->len += len;
}

static inline void buffer_append_slice(struct buffer *buffer, struct slice slice)
{
	buffer_append(buffer, slice.data, slice.len);
}

static inline void buffer_append_char(struct buffer *buffer, char c)
{
	buffer_append(buffer, &c, 1);
}

static inline void buffer_append_text(struct buffer *buffer, const char *text)
{
	buffer_append(buffer, text, strlen(text));
}

/* printf onto the end; no NUL is kept. */
void buffer_printf(struct buffer *buffer, const char *format, ...) __attribute__((format(printf, 2, 3)));
void buffer_vprintf(struct buffer *buffer, const char *format, va_list args) __attribute__((format(printf, 2, 0)));

/* Appends `text` within double quotes, with \n, \r, \t, \a, \b, \", \\ and \xHH for what is not printable ASCII:
 * Redis's sdscatrepr(). */
void buffer_append_quoted(struct buffer *buffer, struct slice text);

/* Gives back memory that is not used, when it is more than what is and 4 KB. */
void buffer_trim(struct buffer *buffer);

static inline struct slice buffer_slice(const struct buffer *buffer)
{
	return (struct slice){buffer->data, buffer->len};
}

#endif
