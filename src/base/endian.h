/*
 * Integers in bytes of a fixed order, whatever the machine's own. With a constant `size` a compiler makes one load or
 * store of it, and a byte swap where that is needed.
 */
#ifndef CUBBY_BASE_ENDIAN_H
#define CUBBY_BASE_ENDIAN_H

#include <stddef.h>
#include <stdint.h>

/* Reads `size` (at most 8) bytes, the least significant one first. */
static inline uint64_t endian_load_little(const void *bytes, size_t size)
{
	const uint8_t *in = bytes;
	uint64_t value = 0;

	for (size_t i = 0; i < size; i++)
		value |= (uint64_t)in[i] << (8 * i);
	return value;
}

/* The same, the most significant one first. */
static inline uint64_t endian_load_big(const void *bytes, size_t size)
{
	const uint8_t *in = bytes;
	uint64_t value = 0;

	for (size_t i = 0; i < size; i++)
		value = value << 8 | in[i];
	return value;
}

/* Writes the low `size` (at most 8) bytes of `value`, the least significant one first. */
static inline void endian_store_little(void *bytes, uint64_t value, size_t size)
{
	uint8_t *out = bytes;

	for (size_t i = 0; i < size; i++)
		out[i] = (uint8_t)(value >> (8 * i));
}

/* The same, the most significant one first. */
static inline void endian_store_big(void *bytes, uint64_t value, size_t size)
{
	uint8_t *out = bytes;

	for (size_t i = 0; i < size; i++)
		out[i] = (uint8_t)(value >> (8 * (size - 1 - i)));
}

#endif
