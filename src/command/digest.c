/*
 * As in Redis's debug.c: a key's digest is its name, its type, its value, mixed in this order; it is added to that of
 * the whole, into which each database that has keys mixes its number first.
 */
#include "command/digest.h"

#include <arpa/inet.h>
#include <assert.h>
#include <sha1.h>
#include <stdio.h>

static_assert(DIGEST_BYTES == SHA1_DIGEST_LENGTH, "a digest is a SHA-1");

/* --- the two ways ------------------------------------------------------------------------------------------------ */

static void digest_add(struct digest *digest, const void *bytes, size_t len)
{
	uint8_t hash[DIGEST_BYTES];
	SHA1_CTX state;

	SHA1Init(&state);
	SHA1Update(&state, bytes, len);
	SHA1Final(hash, &state);
	for (size_t i = 0; i < DIGEST_BYTES; i++)
		digest->bytes[i] ^= hash[i];
}

static void digest_mix(struct digest *digest, const void *bytes, size_t len)
{
	SHA1_CTX state;

	digest_add(digest, bytes, len);
	SHA1Init(&state);
	SHA1Update(&state, digest->bytes, DIGEST_BYTES);
	SHA1Final(digest->bytes, &state);
}

static void digest_mix_slice(struct digest *digest, struct slice slice)
{
	digest_mix(digest, slice.len > 0 ? slice.data : "", slice.len);
}

static void digest_mix_number(struct digest *digest, uint32_t number)
{
	uint32_t bytes = htonl(number);

	digest_mix(digest, &bytes, sizeof(bytes));
}

/* --- what is taken in -------------------------------------------------------------------------------------------- */

void digest_mix_entry(struct digest *digest, const struct entry *entry)
{
	static const char mortal[] = "!!expire!!";
	enum { TYPE_STRING = 0 }; /* as Redis numbers the types */

	digest_mix_number(digest, TYPE_STRING);
	digest_mix_slice(digest, entry_value(entry));
	if (entry_expire_at(entry) != 0)
		digest_add(digest, mortal, sizeof(mortal) - 1);
}

/* A keyspace_visit over the digest of the whole. */
static void visit_key(struct entry *entry, void *arg)
{
	struct digest *whole = arg;
	struct digest one = {0};

	digest_mix_slice(&one, entry_key(entry));
	digest_mix_entry(&one, entry);
	digest_add(whole, one.bytes, DIGEST_BYTES);
}

struct digest digest_keyspace(struct keyspace *keyspace, int64_t now)
{
	struct digest whole = {0};

	for (unsigned db = 0; db < keyspace_databases(keyspace); db++) {
		if (keyspace_size(keyspace, db) == 0)
			continue;
		digest_mix_number(&whole, db);
		for (uint32_t shard = 0; shard < keyspace_shards(keyspace); shard++) {
			uint64_t hash = 0;

			while (hash != KEYSPACE_WALK_END)
				keyspace_walk(keyspace, shard, db, &hash, now, visit_key, &whole);
		}
	}
	return whole;
}

const char *digest_text(const struct digest *digest, char out[DIGEST_TEXT])
{
	for (size_t i = 0; i < DIGEST_BYTES; i++)
		snprintf(out + 2 * i, 3, "%02x", digest->bytes[i]);
	return out;
}
