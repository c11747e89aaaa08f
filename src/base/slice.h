/* A slice: bytes that somebody else owns. It is passed by value, never freed, and need not end in a NUL. */
#ifndef CUBBY_BASE_SLICE_H
#define CUBBY_BASE_SLICE_H

#include <stdbool.h>
#include <stddef.h>
#include <string.h>
#include <strings.h>

struct slice {
	const char *data; /* may be NULL when len is 0 */
	size_t len;	  /* bytes */
};

/* A slice over a string literal, its length known to the compiler. */
#define SLICE(literal) ((struct slice){"" literal, sizeof(literal) - 1})

/* A slice over a NUL-terminated string, which must outlive it. */
static inline struct slice slice_of(const char *text)
{
	return (struct slice){text, strlen(text)};
}

static inline bool slice_equal(struct slice a, struct slice b)
{
	return a.len == b.len && (a.len == 0 || memcmp(a.data, b.data, a.len) == 0);
}

/* Whether `a` is the word `text`, upper and lower case being the same (ASCII). */
static inline bool slice_is_word(struct slice a, const char *text)
{
	size_t len = strlen(text);

	return a.len == len && strncasecmp(a.data, text, len) == 0;
}

#endif
