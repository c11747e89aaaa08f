/*
 * Bits in a row of bytes: bit 0 is the most significant one of the first byte, as SETBIT counts them.
 *
 * Nothing here allocates, and no alignment is asked for. Offsets and ranges are in bits; the caller has checked that
 * they lie within the bytes.
 */
#ifndef CUBBY_BASE_BITS_H
#define CUBBY_BASE_BITS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/slice.h"

static inline bool bits_get(const char *bytes, uint64_t at)
{
	return (((unsigned char)bytes[at / 8] >> (7 - at % 8)) & 1) != 0;
}

static inline void bits_put(char *bytes, uint64_t at, bool bit)
{
	unsigned char mask = (unsigned char)(0x80 >> at % 8);

	bytes[at / 8] = (char)(bit ? bytes[at / 8] | mask : bytes[at / 8] & ~mask);
}

/* How many bits are set from `from` to before `end`. */
uint64_t bits_count(const char *bytes, uint64_t from, uint64_t end);

/* The first bit from `from` to before `end` that is `bit`; `end` when there is none. */
uint64_t bits_find(const char *bytes, uint64_t from, uint64_t end, bool bit);

/* The unsigned number in the `width` bits (1 to 64) from `at` on, its most significant bit first. What lies behind the
 * end of `bytes` counts as zeros. */
uint64_t bits_read(struct slice bytes, uint64_t at, unsigned width);

/* Writes the low `width` bits of `value` there. All of it lies within the bytes. */
void bits_write(char *bytes, uint64_t at, unsigned width, uint64_t value);

enum bits_operation { BITS_AND, BITS_OR, BITS_XOR };

/* Combines the first `len` bytes of `to` with those of `from`, a word at a time. The two do not overlap. */
void bits_combine(enum bits_operation operation, char *to, const char *from, size_t len);

/* Turns every bit of `len` bytes over. */
void bits_invert(char *bytes, size_t len);

#endif
