/*
 * Bits in a row of bytes.
 *
 * What goes over many bytes takes eight at a time, as a machine word; memcpy() reads and writes words at any address,
 * and is an ordinary load or store once compiled. The bytes before the first whole one, and those that do not fill a
 * word, go one by one.
 */
#include "base/bits.h"

#include <string.h>

enum { WORD_BYTES = sizeof(uint64_t) };

static inline uint64_t word_load(const char *bytes)
{
	uint64_t word;

	memcpy(&word, bytes, sizeof(word));
	return word;
}

static inline void word_store(char *bytes, uint64_t word)
{
	memcpy(bytes, &word, sizeof(word));
}

/* --- counting ---------------------------------------------------------------------------------------------------- */

enum { GROUP_WORDS = 8 };

/* Adds three words bit by bit: 64 sums of two binary digits each, the low ones and the carries. */
static inline uint64_t add_bits(uint64_t *low, uint64_t a, uint64_t b)
{
	uint64_t half = *low ^ a;
	uint64_t carry = (*low & a) | (half & b);

	*low = half ^ b;
	return carry;
}

/* One group of words into the running sums of 64 columns, whose digits are ones, twos and fours. Returns the carries,
 * each of which stands for eight. */
static inline uint64_t add_group(const char *bytes, uint64_t sums[3])
{
	uint64_t twos[4];
	uint64_t fours[2];

	for (size_t i = 0; i < 4; i++)
		twos[i] = add_bits(&sums[0], word_load(bytes + 2 * i * WORD_BYTES),
				   word_load(bytes + (2 * i + 1) * WORD_BYTES));
	for (size_t i = 0; i < 2; i++)
		fours[i] = add_bits(&sums[1], twos[2 * i], twos[2 * i + 1]);
	return add_bits(&sums[2], fours[0], fours[1]);
}

/* Bits set in whole bytes. Not every processor that the build must run on counts the bits of a word in one instruction,
 * so eight words are added up column by column first, and one count does for all of them (Harley and Seal, described in
 * Warren's "Hacker's Delight", 5-1). */
static uint64_t count_bytes(const char *bytes, size_t len)
{
	uint64_t sums[3] = {0};
	uint64_t count = 0;

	for (; len >= (size_t)GROUP_WORDS * WORD_BYTES; len -= (size_t)GROUP_WORDS * WORD_BYTES) {
		count += 8 * (uint64_t)__builtin_popcountll(add_group(bytes, sums));
		bytes += (size_t)GROUP_WORDS * WORD_BYTES;
	}
	for (size_t i = 0; i < 3; i++)
		count += (uint64_t)__builtin_popcountll(sums[i]) << i;
	for (; len >= WORD_BYTES; len -= WORD_BYTES, bytes += WORD_BYTES)
		count += (uint64_t)__builtin_popcountll(word_load(bytes));
	for (; len > 0; len--, bytes++)
		count += (uint64_t)__builtin_popcountll((unsigned char)*bytes);
	return count;
}

/* Bits of a byte from the bit `from` on. */
static uint64_t count_end(unsigned char byte, unsigned from)
{
	return (uint64_t)__builtin_popcountll((unsigned)byte & (0xffu >> from));
}

uint64_t bits_count(const char *bytes, uint64_t from, uint64_t end)
{
	uint64_t count;

	if (from >= end)
		return 0;
	count = count_bytes(bytes + from / 8, end / 8 - from / 8);
	/* That began at the byte of `from` and left out the byte of `end`. */
	if (from % 8 != 0)
		count -= (uint64_t)__builtin_popcountll((unsigned char)bytes[from / 8]) -
			 count_end((unsigned char)bytes[from / 8], from % 8);
	if (end % 8 != 0)
		count += (uint64_t)__builtin_popcountll((unsigned char)bytes[end / 8]) -
			 count_end((unsigned char)bytes[end / 8], end % 8);
	return count;
}

/* --- finding ----------------------------------------------------------------------------------------------------- */

/* The first byte from `from` to before `end` that is not `skip`, or one before it in the same word. */
static size_t skip_words(const char *bytes, size_t from, size_t end, unsigned char skip)
{
	uint64_t skip_word = skip == 0 ? 0 : UINT64_MAX;

	while (from + WORD_BYTES <= end && word_load(bytes + from) == skip_word)
		from += WORD_BYTES;
	return from;
}

uint64_t bits_find(const char *bytes, uint64_t from, uint64_t end, bool bit)
{
	unsigned char skip = bit ? 0 : 0xff;

	while (from < end) {
		size_t byte = from % 8 == 0 ? skip_words(bytes, from / 8, end / 8, skip) : from / 8;
		unsigned first = byte == from / 8 ? from % 8 : 0;
		unsigned wanted;

		if (byte >= end / 8 && end % 8 == 0)
			return end;
		wanted = (unsigned)((unsigned char)bytes[byte] ^ skip) & (0xffu >> first);
		if (wanted != 0) {
			uint64_t found = 8 * (uint64_t)byte + (uint64_t)__builtin_clz(wanted) - 24;

			return found < end ? found : end;
		}
		from = 8 * ((uint64_t)byte + 1);
	}
	return end;
}

/* --- numbers ----------------------------------------------------------------------------------------------------- */

uint64_t bits_read(struct slice bytes, uint64_t at, unsigned width)
{
	unsigned __int128 value = 0;
	size_t first = at / 8;
	unsigned skipped = at % 8;
	unsigned count = (skipped + width + 7) / 8; /* bytes, 9 at most */

	for (size_t i = first; i < first + count; i++)
		value = value << 8 | (i < bytes.len ? (unsigned char)bytes.data[i] : 0);
	value >>= 8 * count - skipped - width;
	return (uint64_t)value & (UINT64_MAX >> (64 - width));
}

void bits_write(char *bytes, uint64_t at, unsigned width, uint64_t value)
{
	unsigned skipped = at % 8;
	unsigned count = (skipped + width + 7) / 8; /* bytes, 9 at most */
	unsigned behind = 8 * count - skipped - width;
	unsigned __int128 mask = (unsigned __int128)(UINT64_MAX >> (64 - width)) << behind;
	unsigned __int128 placed = (unsigned __int128)value << behind & mask;

	for (char *byte = bytes + at / 8 + count; count > 0; count--) {
		byte--;
		*byte = (char)(((unsigned char)*byte & ~(unsigned char)mask) | (unsigned char)placed);
		mask >>= 8;
		placed >>= 8;
	}
}

/* --- combining --------------------------------------------------------------------------------------------------- */

/* `operation` is known where this is compiled into. */
static inline uint64_t combine(enum bits_operation operation, uint64_t a, uint64_t b)
{
	switch (operation) {
	case BITS_AND:
		return a & b;
	case BITS_OR:
		return a | b;
	case BITS_XOR:
		return a ^ b;
	}
	return 0;
}

static inline __attribute__((always_inline)) void combine_all(enum bits_operation operation, char *restrict to,
							      const char *restrict from, size_t len)
{
	size_t i = 0;

	for (; i + WORD_BYTES <= len; i += WORD_BYTES)
		word_store(to + i, combine(operation, word_load(to + i), word_load(from + i)));
	for (; i < len; i++)
		to[i] = (char)combine(operation, (unsigned char)to[i], (unsigned char)from[i]);
}

void bits_combine(enum bits_operation operation, char *to, const char *from, size_t len)
{
	if (operation == BITS_AND)
		combine_all(BITS_AND, to, from, len);
	else if (operation == BITS_OR)
		combine_all(BITS_OR, to, from, len);
	else
		combine_all(BITS_XOR, to, from, len);
}

void bits_invert(char *bytes, size_t len)
{
	size_t i = 0;

	for (; i + WORD_BYTES <= len; i += WORD_BYTES)
		word_store(bytes + i, ~word_load(bytes + i));
	for (; i < len; i++)
		bytes[i] = (char)~bytes[i];
}
