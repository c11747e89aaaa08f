/*
 * Sixteen bytes a step ("slicing"): a checksum is linear over the bits, so the sixteen bytes can each be looked up in a
 * table of their own, which says what a byte so far from the end adds, and the results be joined by exclusive or. The
 * lookups do not wait for each other, as those of a loop over bytes do.
 *
 * The tables (32 KB) are computed before the first use. Nothing can fail.
 */
#include "persist/crc64.h"

#include <pthread.h>

#include "base/endian.h"

enum { SLICES = 16 };

/* 0xad93d23594c935a9 with its bits reflected. */
static const uint64_t polynomial = 0x95ac9329ac4bc9b5;

/* tables[n][byte]: the checksum of the byte with n zero bytes behind it. */
static uint64_t tables[SLICES][256];
static pthread_once_t tables_once = PTHREAD_ONCE_INIT;

static void tables_fill(void)
{
	for (unsigned byte = 0; byte < 256; byte++) {
		uint64_t crc = byte;

		for (int bit = 0; bit < 8; bit++)
			crc = crc >> 1 ^ ((crc & 1) != 0 ? polynomial : 0);
		tables[0][byte] = crc;
	}
	for (unsigned slice = 1; slice < SLICES; slice++) {
		for (unsigned byte = 0; byte < 256; byte++) {
			uint64_t before = tables[slice - 1][byte];

			tables[slice][byte] = tables[0][before & 0xff] ^ before >> 8;
		}
	}
}

/* What eight bytes, the first one lowest, add when `behind` bytes follow them. */
static inline uint64_t fold_eight(uint64_t eight, unsigned behind)
{
	uint64_t sum = 0;

	for (unsigned i = 0; i < 8; i++)
		sum ^= tables[behind + 7 - i][eight >> (8 * i) & 0xff];
	return sum;
}

uint64_t crc64(uint64_t crc, const void *bytes, size_t len)
{
	const uint8_t *at = bytes;

	pthread_once(&tables_once, tables_fill);
	for (; len >= SLICES; len -= SLICES, at += SLICES)
		crc = fold_eight(endian_load_little(at, 8) ^ crc, 8) ^ fold_eight(endian_load_little(at + 8, 8), 0);
	for (; len > 0; len--, at++)
		crc = tables[0][(crc ^ *at) & 0xff] ^ crc >> 8;
	return crc;
}
