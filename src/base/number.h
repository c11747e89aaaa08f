/* Numbers as text, and text as numbers, without libc's locale and without its cost. */
#ifndef CUBBY_BASE_NUMBER_H
#define CUBBY_BASE_NUMBER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/slice.h"

enum {
	NUMBER_INT64_TEXT = 21,	 /* bytes that the longest int64_t needs, with a NUL */
	NUMBER_DOUBLE_TEXT = 64, /* the same for number_print_double */
	/* The same for number_print_long_double: Redis's MAX_LONG_DOUBLE_CHARS, 5 * 1024. */
	NUMBER_LONG_DOUBLE_TEXT = 5120,
};

/* Reads a whole slice as a canonical decimal int64_t, as Redis's string2ll() does: no sign but '-', no leading zeros,
 * no spaces, nothing after it, in range. False, and *out untouched, for anything else. */
bool number_parse_int64(struct slice text, int64_t *out);

/* The same for uint64_t (Redis's string2ull: what strtoull takes of plain digits; used for SCAN cursors). */
bool number_parse_uint64(struct slice text, uint64_t *out);

/* Reads a whole slice as a finite or infinite long double; NaN, spaces around it and an empty text are refused, as
 * Redis's string2ld() refuses them. */
bool number_parse_long_double(struct slice text, long double *out);

/* Writes `value` in decimal and returns the number of bytes written; no NUL is written. `out` has at least
 * NUMBER_INT64_TEXT bytes. */
size_t number_print_int64(char *out, int64_t value);
size_t number_print_uint64(char *out, uint64_t value);

/* Shortest text that reads back as the same double ("%.17g" and what RESP3 wants: inf, -inf, nan). */
size_t number_print_double(char *out, double value);

/* As INCRBYFLOAT stores it: "%.17Lf" without trailing zeros (Redis's ld2string with LD_STR_HUMAN). 0 when it does not
 * fit NUMBER_LONG_DOUBLE_TEXT. */
size_t number_print_long_double(char *out, long double value);

/* Reads a memory size as redis.conf has it: digits and an optional unit (b, k, kb, m, mb, g, gb; k is 1000, kb 1024).
 * False when it is not one or does not fit. */
bool number_parse_memory(struct slice text, int64_t *bytes);

#endif
