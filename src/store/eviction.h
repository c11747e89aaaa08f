/*
 * Eviction: which key goes when memory is full.
 *
 * As in Redis, the key that has gone unused for the longest (or is used least, or dies next) is not known; it is
 * guessed. Each time, maxmemory-samples keys are looked at, and the best candidates of all samples are remembered in a
 * pool of 16, of which the best is evicted. A pool belongs to one thread.
 */
#ifndef CUBBY_STORE_EVICTION_H
#define CUBBY_STORE_EVICTION_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/random.h"
#include "store/keyspace.h"

enum {
	EVICTION_POOL = 16,
	EVICTION_SAMPLES_MAX = 64, /* maxmemory-samples may be higher; no more are looked at */
};

/* A key that may go. It is known by its hash: whoever else has the same one is as good a candidate. */
struct eviction_candidate {
	int64_t rank;	 /* the lower, the sooner it goes: when it was last used, how often it is, when it dies */
	uint32_t hash;	 /* the key's */
	uint32_t access; /* its access word when it was looked at: another one, and it has been used since */
	uint16_t shard;
	uint16_t db;
};

struct eviction {
	int64_t policy; /* enum settings_policy that the ranks are of */
	size_t count;
	struct eviction_candidate pool[EVICTION_POOL]; /* the lowest rank first */
};

/* Adds a candidate, if it is better than the worst of a full pool and not there yet. */
void eviction_offer(struct eviction *eviction, const struct eviction_candidate *candidate);

/*
 * Evicts one key by the policy in force. False when no key may go: it is `noeviction`, or there are no keys, or none
 * with a time to live. A zeroed struct eviction is a new one. No shard is locked by the caller; one is locked at a
 * time.
 */
bool eviction_evict(struct eviction *eviction, struct keyspace *keyspace, int64_t now, struct random *random);

#endif
