/*
 * FNV-1a takes a byte at a time and is short; SipHash takes eight, one round for each, and three rounds to end with.
 *
 * Keys are short, so what counts is the tail: the last, incomplete word is one load that overlaps bytes already taken,
 * shifted into place.
 */
#include "store/hash.h"

#include <string.h>

static const uint32_t FNV_BASIS = 0x811c9dc5;
static const uint32_t FNV_PRIME = 0x01000193;

uint32_t hash_fnv1a(struct slice key)
{
	uint32_t hash = FNV_BASIS;

	/* Three instructions a byte instead of six. */
#pragma GCC unroll 8
	for (size_t i = 0; i < key.len; i++)
		hash = (hash ^ (uint8_t)key.data[i]) * FNV_PRIME;
	return hash;
}

struct sip {
	uint64_t v0, v1, v2, v3;
};

static inline uint64_t rotate_left(uint64_t word, unsigned bits)
{
	return word << bits | word >> (64 - bits);
}

static inline void sip_round(struct sip *sip)
{
	sip->v0 += sip->v1;
	sip->v2 += sip->v3;
	sip->v1 = rotate_left(sip->v1, 13) ^ sip->v0;
	sip->v3 = rotate_left(sip->v3, 16) ^ sip->v2;
	sip->v0 = rotate_left(sip->v0, 32) + sip->v3;
	sip->v2 += sip->v1;
	sip->v1 = rotate_left(sip->v1, 17) ^ sip->v2;
	sip->v3 = rotate_left(sip->v3, 21) ^ sip->v0;
	sip->v2 = rotate_left(sip->v2, 32);
}

static inline void sip_word(struct sip *sip, uint64_t word)
{
	sip->v3 ^= word;
	sip_round(sip);
	sip->v0 ^= word;
}

/* Eight bytes, the first one lowest. */
static inline uint64_t load_word(const char *bytes)
{
	uint64_t word;

	memcpy(&word, bytes, sizeof(word));
#if defined(__BYTE_ORDER__) && __BYTE_ORDER__ == __ORDER_BIG_ENDIAN__
	word = __builtin_bswap64(word);
#endif
	return word;
}

/* The len % 8 bytes at the end, the first one lowest. */
static inline uint64_t load_tail(struct slice key)
{
	size_t rest = key.len % 8;
	uint64_t tail = 0;

	if (rest == 0)
		return 0;
	if (key.len >= 8)
		return load_word(key.data + key.len - 8) >> (8 * (8 - rest));
	for (size_t i = 0; i < rest; i++)
		tail |= (uint64_t)(uint8_t)key.data[i] << (8 * i);
	return tail;
}

uint64_t hash_siphash13(const struct hash_seed *seed, struct slice key)
{
	struct sip sip = {
		seed->words[0] ^ 0x736f6d6570736575,
		seed->words[1] ^ 0x646f72616e646f6d,
		seed->words[0] ^ 0x6c7967656e657261,
		seed->words[1] ^ 0x7465646279746573,
	};

	for (size_t i = 0; i + 8 <= key.len; i += 8)
		sip_word(&sip, load_word(key.data + i));
	sip_word(&sip, (uint64_t)key.len << 56 | load_tail(key));
	sip.v2 ^= 0xff;
	sip_round(&sip);
	sip_round(&sip);
	sip_round(&sip);
	return sip.v0 ^ sip.v1 ^ sip.v2 ^ sip.v3;
}
