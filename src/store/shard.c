/*
 * A shard's entries and the times at which they die. shard_reap() is called often and mostly has nothing to do:
 * next_due tells it so without a look at any index.
 */
#include "store/shard.h"

void shard_init(struct shard *shard, struct keyspace *keyspace, uint32_t index, struct dict **dicts)
{
	*shard = (struct shard){.dicts = dicts, .next_due = EXPIRY_NEVER, .keyspace = keyspace};
	lock_init(&shard->lock, keyspace->locking);
	random_seed(&shard->random, keyspace->seed.words[0] + index);
}

void shard_destroy(struct shard *shard, unsigned databases)
{
	struct dict *next;

	for (struct dict *dict = shard->walk; dict != NULL; dict = next) {
		next = dict->walk_next;
		if (dict->orphan)
			dict_free(dict);
	}
	for (unsigned db = 0; db < databases; db++) {
		if (shard->dicts[db] != NULL)
			dict_free(shard->dicts[db]);
	}
}

void shard_tell_consumers(struct shard *shard, uint32_t consumers, unsigned db, const struct key *key,
			  enum keyspace_change change, struct entry *entry)
{
	if ((consumers & SHARD_SNAPSHOT) != 0 && entry != NULL)
		shard_save(shard, shard->dicts[db], entry);
	consumers &= ~SHARD_SNAPSHOT;
	if (consumers != 0)
		shard->keyspace->observer->changed(consumers, db, key, change);
}

struct dict *shard_need_dict(struct shard *shard, unsigned db, bool ttl)
{
	if (shard->dicts[db] == NULL)
		shard->dicts[db] = dict_new(&shard->keyspace->bytes);
	if (shard->dicts[db] == NULL)
		return NULL;
	if (ttl && !dict_need_expiry(shard->dicts[db]))
		return NULL;
	return shard->dicts[db];
}

static void schedule(struct shard *shard, struct dict *dict, struct entry *entry, int64_t when)
{
	expiry_insert(dict->expiry, entry_node(entry), when, shard->clock);
	if (dict->expiry->next < shard->next_due)
		shard->next_due = dict->expiry->next;
}

void shard_add(struct shard *shard, struct dict *dict, struct entry *entry, int64_t when)
{
	dict_add(dict, entry);
	if (entry_hash(entry) >= dict->walk_from && dict_is_ahead(dict, entry_hash(entry)))
		entry->flags |= ENTRY_SAVED; /* it was not there at the snapshot's instant */
	if (entry_has_ttl(entry))
		schedule(shard, dict, entry, when);
}

void shard_reschedule(struct shard *shard, struct dict *dict, struct entry *entry, int64_t when)
{
	expiry_remove(dict->expiry, entry_node(entry));
	schedule(shard, dict, entry, when);
}

void shard_expire(struct shard *shard, unsigned db, struct entry *entry)
{
	struct key key = {.name = entry_key(entry), .hash = entry_hash(entry), .shard = shard_index(shard)};

	shard_tell(shard, db, &key, KEYSPACE_EXPIRED, entry);
	dict_remove(shard->dicts[db], entry);
	keyspace_tell_deleted(shard->keyspace, db, key.name);
	entry_release(entry, true);
	shard->expired++;
}

void shard_evict(struct shard *shard, unsigned db, struct entry *entry)
{
	struct key key = {.name = entry_key(entry), .hash = entry_hash(entry), .shard = shard_index(shard)};

	shard_tell(shard, db, &key, KEYSPACE_EVICTED, entry);
	dict_remove(shard->dicts[db], entry);
	keyspace_tell_deleted(shard->keyspace, db, key.name);
	entry_release(entry, true);
	shard->evicted++;
}

/* The clock went back: what is known about times to come does not hold any more. */
static void rewind_clock(struct shard *shard, unsigned databases, int64_t now)
{
	for (unsigned db = 0; db < databases; db++) {
		if (shard->dicts[db] != NULL && shard->dicts[db]->expiry != NULL)
			expiry_rewind(shard->dicts[db]->expiry, now);
	}
	shard->next_due = INT64_MIN;
}

static void reap_dict(struct shard *shard, unsigned db, int64_t now, size_t *steps)
{
	struct expiry_node *node;

	while ((node = expiry_due(shard->dicts[db]->expiry, now, steps)) != NULL)
		shard_expire(shard, db, entry_of_node(node));
}

size_t shard_reap(struct shard *shard, unsigned databases, int64_t now, size_t max_steps)
{
	size_t steps = max_steps;
	int64_t next_due = EXPIRY_NEVER;

	if (now < shard->clock)
		rewind_clock(shard, databases, now);
	shard->clock = now;
	if (now <= shard->next_due)
		return 0;
	for (unsigned db = 0; db < databases; db++) {
		struct dict *dict = shard->dicts[db];

		if (dict == NULL || dict->expiry == NULL)
			continue;
		reap_dict(shard, db, now, &steps);
		if (dict->expiry->next < next_due)
			next_due = dict->expiry->next;
	}
	shard->next_due = next_due;
	return max_steps - steps;
}
