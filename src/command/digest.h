/*
 * Redis's digest of data, as DEBUG DIGEST and DEBUG DIGEST-VALUE show it: equal data has equal digests, here and in
 * redis-server, in whatever order the keys are visited.
 *
 * Two ways to take something in, both by its SHA-1. Digests of things without an order are added by exclusive or; what
 * follows in an order is mixed: added, and the sum hashed again.
 */
#ifndef CUBBY_COMMAND_DIGEST_H
#define CUBBY_COMMAND_DIGEST_H

#include <stdint.h>

#include "base/slice.h"
#include "store/keyspace.h"

enum {
	DIGEST_BYTES = 20,
	DIGEST_TEXT = 2 * DIGEST_BYTES + 1, /* hexadecimal, with a NUL */
};

/* A zeroed one is the digest of nothing. */
struct digest {
	uint8_t bytes[DIGEST_BYTES];
};

/* Mixes a value and its having a time to live (but not which) into the digest. The entry's shard is locked. */
void digest_mix_entry(struct digest *digest, const struct entry *entry);

/* The digest of all databases. Every shard is locked. */
struct digest digest_keyspace(struct keyspace *keyspace, int64_t now);

/* Returns `out`. */
const char *digest_text(const struct digest *digest, char out[DIGEST_TEXT]);

#endif
