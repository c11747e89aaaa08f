/*
 * The happy path: some shard is locked, one of its databases chosen (as likely as it has keys), and as many of its keys
 * as the settings say are looked at and offered to the pool. Then the pool's best candidate is taken out, its shard
 * locked, the key found by its hash, and, if it has not been used since it was offered, evicted.
 *
 * Where candidates come from:
 *
 *   allkeys-*     neighbouring buckets of a table from a random place on: hashes know nothing of the keys' use
 *   volatile-*    the same, passing over keys without a time to live; when these are too many, the expiry index
 *   volatile-ttl  the first slot of the expiry index, so that what is evicted is nearly the next to die in its shard
 *   *-random      one key in the same way, which goes at once, without the pool
 *
 * A failure to find a candidate in one shard leads to the next one, so keys that may go are found as long as there is
 * one. The work for a key is bounded but in a keyspace that is all but empty, where each shard is looked at.
 */
#include "store/eviction.h"

#include "store/access.h"
#include "store/shard.h"

enum {
	POLICY_ORDERS = POLICY_LRU | POLICY_LFU | POLICY_TTL, /* those that have a use for the pool */
	FOUND_MAX = EVICTION_SAMPLES_MAX,
	PASSED_OVER_MAX = 1024, /* keys without a time to live, looking for those that have one */
};

/* Keys of one database in one shard that have been looked at. */
struct sample {
	struct entry *found[FOUND_MAX];
	size_t count;
	size_t wanted;
};

/* --- looking at keys (the shard is locked) ------------------------------------------------------------------------ */

static bool only_mortal(int64_t policy)
{
	return (policy & POLICY_ALL_KEYS) == 0;
}

/* Keys of the dict that the policy may evict. */
static size_t evictable(const struct dict *dict, int64_t policy)
{
	if (dict == NULL)
		return 0;
	if (!only_mortal(policy))
		return dict->items;
	return dict->expiry != NULL ? dict->expiry->count : 0;
}

/* Adds the keys of a bucket, all of them while there is room: who came last stands first in a chain. Takes those that
 * it passes over off *patience. */
static void sample_bucket(const UT_hash_bucket *bucket, bool mortal, struct sample *sample, size_t *patience)
{
	for (struct entry *entry = table_first(bucket); entry != NULL; entry = table_next(entry)) {
		if (mortal && !entry_has_ttl(entry))
			*patience -= *patience > 0;
		else if (sample->count < FOUND_MAX)
			sample->found[sample->count++] = entry;
	}
}

static void sample_table(const struct table *table, bool mortal, uint32_t start, struct sample *sample,
			 size_t *patience)
{
	for (uint32_t i = 0; i < table->chains.num_buckets; i++) {
		sample_bucket(table_bucket(table, start + i), mortal, sample, patience);
		if (sample->count >= sample->wanted || *patience == 0)
			return;
	}
}

/* From a random bucket of a random table on, through all tables if it must be. */
static void sample_tables(const struct dict *dict, bool mortal, uint64_t draw, struct sample *sample)
{
	uint32_t first = (uint32_t)(draw >> 32);
	uint64_t passed = 0; /* of the 2^32 hashes, how many belong to the tables that were looked at */
	size_t patience = mortal ? PASSED_OVER_MAX : SIZE_MAX;

	while (passed <= UINT32_MAX && sample->count < sample->wanted && patience > 0) {
		uint32_t hash = first + (uint32_t)passed;
		const struct table *table = dict_table(dict, hash);

		sample_table(table, mortal, (uint32_t)draw, sample, &patience);
		passed += dict_table_end(table, hash) - hash;
	}
}

static void sample_nodes(struct expiry_node **nodes, size_t count, struct sample *sample)
{
	for (size_t i = 0; i < count && sample->count < FOUND_MAX; i++)
		sample->found[sample->count++] = entry_of_node(nodes[i]);
}

static void sample_dict(struct dict *dict, int64_t policy, uint64_t draw, struct sample *sample)
{
	struct expiry_node *nodes[FOUND_MAX];
	bool mortal = only_mortal(policy);

	if ((policy & POLICY_TTL) != 0) {
		sample_nodes(nodes, expiry_soonest(dict->expiry, nodes, sample->wanted), sample);
		return;
	}
	sample_tables(dict, mortal, draw, sample);
	if (mortal && sample->count < sample->wanted)
		sample_nodes(nodes, expiry_sample(dict->expiry, draw, nodes, sample->wanted - sample->count), sample);
}

/* A database of the shard that has keys which may go, each as likely as it has such keys; -1 when there is none. */
static int pick_database(const struct keyspace *keyspace, const struct shard *shard, int64_t policy,
			 struct random *random)
{
	size_t sum = 0;
	uint64_t left;

	for (unsigned db = 0; db < keyspace->databases; db++)
		sum += evictable(shard->dicts[db], policy);
	if (sum == 0)
		return -1;
	left = random_below(random, sum);
	for (unsigned db = 0; db < keyspace->databases; db++) {
		size_t count = evictable(shard->dicts[db], policy);

		if (left < count)
			return (int)db;
		left -= count;
	}
	return -1;
}

/* --- evicting (the shard is locked) ------------------------------------------------------------------------------- */

/* A key that is dead goes as one that has expired: that makes room as well. */
static void evict_entry(struct shard *shard, unsigned db, struct entry *entry, int64_t now)
{
	if (entry_is_dead(entry, now))
		shard_expire(shard, db, entry);
	else
		shard_evict(shard, db, entry);
	dict_report_bytes(shard->dicts[db]); /* the caller wants to know whether it was enough */
}

static int64_t entry_rank(const struct entry *entry, int64_t policy, int64_t now)
{
	if ((policy & POLICY_TTL) != 0)
		return entry_expire_at(entry);
	if ((policy & POLICY_LFU) != 0)
		return access_count(entry->access, now);
	return now - access_idle_ms(entry->access, now);
}

/* --- the pool ----------------------------------------------------------------------------------------------------- */

static bool pool_has(const struct eviction *eviction, const struct eviction_candidate *candidate)
{
	for (size_t i = 0; i < eviction->count; i++) {
		const struct eviction_candidate *other = &eviction->pool[i];

		if (other->hash == candidate->hash && other->shard == candidate->shard && other->db == candidate->db)
			return true;
	}
	return false;
}

void eviction_offer(struct eviction *eviction, const struct eviction_candidate *candidate)
{
	size_t place = eviction->count;

	while (place > 0 && eviction->pool[place - 1].rank > candidate->rank)
		place--;
	if (place == EVICTION_POOL || pool_has(eviction, candidate))
		return;
	if (eviction->count < EVICTION_POOL)
		eviction->count++;
	memmove(&eviction->pool[place + 1], &eviction->pool[place],
		(eviction->count - 1 - place) * sizeof(eviction->pool[0]));
	eviction->pool[place] = *candidate;
}

static struct eviction_candidate pool_take(struct eviction *eviction)
{
	struct eviction_candidate best = eviction->pool[0];

	eviction->count--;
	memmove(&eviction->pool[0], &eviction->pool[1], eviction->count * sizeof(eviction->pool[0]));
	return best;
}

static void offer_sample(struct eviction *eviction, const struct shard *shard, unsigned db, int64_t now,
			 const struct sample *sample)
{
	for (size_t i = 0; i < sample->count; i++) {
		const struct entry *entry = sample->found[i];
		struct eviction_candidate candidate = {
			.rank = entry_rank(entry, eviction->policy, now),
			.hash = entry_hash(entry),
			.access = entry->access,
			.shard = (uint16_t)shard_index(shard),
			.db = (uint16_t)db,
		};

		eviction_offer(eviction, &candidate);
	}
}

/* The candidate's entry, if it still is one. */
static struct entry *candidate_entry(const struct dict *dict, const struct eviction_candidate *candidate,
				     int64_t policy)
{
	struct entry *entry;

	if (dict == NULL)
		return NULL;
	entry = table_first(table_bucket(dict_table(dict, candidate->hash), candidate->hash));
	while (entry != NULL && entry_hash(entry) != candidate->hash)
		entry = table_next(entry);
	if (entry == NULL || (only_mortal(policy) && !entry_has_ttl(entry)))
		return NULL;
	if ((policy & POLICY_TTL) != 0)
		return entry_expire_at(entry) == candidate->rank ? entry : NULL;
	return entry->access == candidate->access ? entry : NULL;
}

/* Evicts the best candidate that still is one. False when the pool is empty. */
static bool evict_best(struct eviction *eviction, struct keyspace *keyspace, int64_t now)
{
	bool evicted = false;

	while (!evicted && eviction->count > 0) {
		struct eviction_candidate best = pool_take(eviction);
		struct shard *shard = &keyspace->shards[best.shard];
		struct entry *entry;

		keyspace_lock_shard(keyspace, best.shard);
		entry = candidate_entry(shard->dicts[best.db], &best, eviction->policy);
		evicted = entry != NULL;
		if (evicted)
			evict_entry(shard, best.db, entry, now);
		keyspace_unlock_shard(keyspace, best.shard);
	}
	return evicted;
}

/* --- all of it ---------------------------------------------------------------------------------------------------- */

/* Looks at `wanted` keys of one shard and offers them to the pool, or, with a random policy, evicts one of them.
 * Returns how many there were. */
static size_t visit_shard(struct eviction *eviction, struct keyspace *keyspace, struct shard *shard, size_t wanted,
			  int64_t now, struct random *random)
{
	struct sample sample = {.wanted = wanted};
	int db;

	keyspace_lock_shard(keyspace, shard_index(shard));
	db = pick_database(keyspace, shard, eviction->policy, random);
	if (db >= 0)
		sample_dict(shard->dicts[db], eviction->policy, random_next(random), &sample);
	if (sample.count > 0 && (eviction->policy & POLICY_RANDOM) != 0)
		evict_entry(shard, (unsigned)db, sample.found[random_below(random, sample.count)], now);
	else if (sample.count > 0)
		offer_sample(eviction, shard, (unsigned)db, now, &sample);
	keyspace_unlock_shard(keyspace, shard_index(shard));
	return sample.count;
}

/* Visits shards from a random one on until `wanted` keys have been seen. False when there were none at all. */
static bool visit_shards(struct eviction *eviction, struct keyspace *keyspace, size_t wanted, int64_t now,
			 struct random *random)
{
	uint32_t first = (uint32_t)random_below(random, keyspace->shard_count);
	size_t seen = 0;

	for (uint32_t i = 0; i < keyspace->shard_count && seen < wanted; i++) {
		struct shard *shard = &keyspace->shards[(first + i) & keyspace->shard_mask];

		seen += visit_shard(eviction, keyspace, shard, wanted - seen, now, random);
	}
	return seen > 0;
}

static size_t samples_wanted(void)
{
	int64_t samples = setting_get(&settings.maxmemory_samples);

	return samples < EVICTION_SAMPLES_MAX ? (size_t)samples : EVICTION_SAMPLES_MAX;
}

bool eviction_evict(struct eviction *eviction, struct keyspace *keyspace, int64_t now, struct random *random)
{
	int64_t policy = setting_get(&settings.maxmemory_policy);

	if (policy != eviction->policy)
		*eviction = (struct eviction){.policy = policy};
	if ((policy & POLICY_RANDOM) != 0)
		return visit_shards(eviction, keyspace, 1, now, random);
	if ((policy & POLICY_ORDERS) == 0)
		return false;
	while (visit_shards(eviction, keyspace, samples_wanted(), now, random)) {
		if (evict_best(eviction, keyspace, now))
			return true;
	}
	return false;
}
