/*
 * Hashes of keys. Two are computed in one call, each once for a command:
 *
 * - FNV-1a (32 bits, http://www.isthe.com/chongo/tech/comp/fnv/) picks the shard.
 * - SipHash-1-3 (https://github.com/veorq/SipHash) with a secret key picks the table and the bucket, and is what uthash
 *   compares first. Who knows FNV-1a can pile keys into one shard but not into one bucket.
 *
 * doc/decisions/hash.md has the measurements.
 */
#ifndef CUBBY_STORE_HASH_H
#define CUBBY_STORE_HASH_H

#include <stddef.h>
#include <stdint.h>

#include "base/slice.h"

#define HASH_END ((uint64_t)1 << 32) /* behind the last of the hashes that pick tables and buckets */

/* The secret of SipHash. */
struct hash_seed {
	uint64_t words[2];
};

uint32_t hash_fnv1a(struct slice key);
uint64_t hash_siphash13(const struct hash_seed *seed, struct slice key);

#endif
