/*
 * The keyspace's operations on one key, its locks and its figures; store/scan.c walks over all keys.
 *
 * The happy path of a SET: find the entry (one table, one bucket, one entry); when the new value makes an entry of the
 * same size, write it over the old one; else make a new entry, take the old one out and put the new one in. Whatever
 * may fail for want of memory comes first, so that a failure changes nothing.
 */
#include "store/keyspace.h"

#include "store/access.h"
#include "store/shard.h"

/* --- making and freeing ------------------------------------------------------------------------------------------ */

struct keyspace *keyspace_new(const struct keyspace_options *options)
{
	size_t databases = options->databases;
	struct keyspace *keyspace = store_zalloc(sizeof(*keyspace));
	struct shard *shards = aligned_alloc(SHARD_ALIGNMENT, options->shards * sizeof(struct shard));
	struct dict **dicts = store_zalloc(options->shards * databases * sizeof(struct dict *));

	if (keyspace == NULL || shards == NULL || dicts == NULL) {
		free(keyspace);
		free(shards);
		free(dicts);
		return NULL;
	}
	keyspace->shards = shards;
	keyspace->dicts = dicts;
	keyspace->seed = options->seed;
	keyspace->shard_count = options->shards;
	keyspace->shard_mask = options->shards - 1;
	keyspace->databases = options->databases;
	keyspace->locking = options->locking;
	for (unsigned i = 0; i < options->shards; i++)
		shard_init(&shards[i], keyspace, i, dicts + i * databases);
	return keyspace;
}

void keyspace_free(struct keyspace *keyspace)
{
	if (keyspace == NULL)
		return;
	for (unsigned i = 0; i < keyspace->shard_count; i++)
		shard_destroy(&keyspace->shards[i], keyspace->databases);
	free(keyspace->shards);
	free(keyspace->dicts);
	free(keyspace);
}

unsigned keyspace_shards(const struct keyspace *keyspace)
{
	return keyspace->shard_count;
}

unsigned keyspace_databases(const struct keyspace *keyspace)
{
	return keyspace->databases;
}

struct key keyspace_key(const struct keyspace *keyspace, struct slice name)
{
	uint32_t fnv = hash_fnv1a(name);
	/* FNV-1a's low bits depend on the low bits of the key's bytes alone; the high ones are folded in. */
	uint32_t shard = (fnv ^ fnv >> 16) & keyspace->shard_mask;

	/* The shard's lock and figures are mostly in another processor's cache, when there are several threads. They
	 * come while the second hash is computed. */
	__builtin_prefetch(&keyspace->shards[shard], 1);
	return (struct key){
		.name = name,
		.hash = (uint32_t)hash_siphash13(&keyspace->seed, name),
		.shard = shard,
	};
}

/* --- locks ------------------------------------------------------------------------------------------------------- */

void keyspace_lock_shard(struct keyspace *keyspace, uint32_t shard)
{
	lock_take(&keyspace->shards[shard].lock);
}

static void release_shard(struct keyspace *keyspace, uint32_t shard)
{
	lock_release(&keyspace->shards[shard].lock);
}

/* While the locks are still held, so that what one thread tells stands behind what it saw of another's. */
static inline void commit(const struct keyspace *keyspace)
{
	if (keyspace->effects != NULL)
		keyspace->effects->commit();
}

static __attribute__((noinline)) void commit_and_release_shard(struct keyspace *keyspace, uint32_t shard)
{
	commit(keyspace);
	release_shard(keyspace, shard);
}

/* Mostly nobody is told: without a call in its way, that needs no registers saved. */
void keyspace_unlock_shard(struct keyspace *keyspace, uint32_t shard)
{
	if (keyspace->effects != NULL)
		commit_and_release_shard(keyspace, shard);
	else
		release_shard(keyspace, shard);
}

static void for_each_in_set(struct keyspace *keyspace, const struct shard_set *set,
			    void (*act)(struct keyspace *keyspace, uint32_t shard))
{
	if (!keyspace->locking)
		return;
	for (uint32_t first = 0; first < keyspace->shard_count; first += 64) {
		for (uint64_t bits = set->bits[first / 64]; bits != 0; bits &= bits - 1)
			act(keyspace, first + (uint32_t)__builtin_ctzll(bits));
	}
}

void keyspace_lock_set(struct keyspace *keyspace, const struct shard_set *set)
{
	for_each_in_set(keyspace, set, keyspace_lock_shard);
}

void keyspace_unlock_set(struct keyspace *keyspace, const struct shard_set *set)
{
	commit(keyspace);
	for_each_in_set(keyspace, set, release_shard);
}

void keyspace_lock_all(struct keyspace *keyspace)
{
	for (uint32_t i = 0; i < keyspace->shard_count; i++)
		keyspace_lock_shard(keyspace, i);
}

void keyspace_unlock_all(struct keyspace *keyspace)
{
	commit(keyspace);
	for (uint32_t i = 0; i < keyspace->shard_count; i++)
		release_shard(keyspace, i);
}

void keyspace_set_locking(struct keyspace *keyspace, bool locking)
{
	if (keyspace->locking == locking)
		return; /* the locks may be in use */
	keyspace->locking = locking;
	for (uint32_t i = 0; i < keyspace->shard_count; i++)
		lock_init(&keyspace->shards[i].lock, locking);
}

/* --- who is told of changes ------------------------------------------------------------------------------------- */

void keyspace_record(struct keyspace *keyspace, const struct keyspace_effects *effects)
{
	commit(keyspace);
	keyspace->effects = effects;
}

void keyspace_observe(struct keyspace *keyspace, const struct keyspace_observer *observer)
{
	keyspace->observer = observer;
}

void keyspace_want_changes(struct keyspace *keyspace, uint32_t shard, uint32_t consumer, bool wanted)
{
	if (wanted)
		atomic_fetch_or_explicit(&keyspace->shards[shard].consumers, consumer, memory_order_relaxed);
	else
		atomic_fetch_and_explicit(&keyspace->shards[shard].consumers, ~consumer, memory_order_relaxed);
}

/* --- finding ----------------------------------------------------------------------------------------------------- */

static inline struct shard *shard_of(const struct keyspace *keyspace, const struct key *key)
{
	return &keyspace->shards[key->shard];
}

static inline struct entry *find(struct shard *shard, unsigned db, const struct key *key, int64_t now)
{
	struct dict *dict = shard->dicts[db];
	struct entry *entry;

	shard->now = now;
	if (dict == NULL)
		return NULL;
	entry = dict_find(dict, key->name, key->hash);
	if (entry == NULL)
		return NULL;
	if (entry_is_dead(entry, now) && !shard->keyspace->keeps_dead) {
		shard_expire(shard, db, entry);
		return NULL;
	}
	if (!key->no_touch)
		access_touch(&entry->access, now, &shard->random);
	return entry;
}

struct entry *keyspace_find(struct keyspace *keyspace, unsigned db, const struct key *key, int64_t now)
{
	return find(shard_of(keyspace, key), db, key, now);
}

struct entry *keyspace_read(struct keyspace *keyspace, unsigned db, const struct key *key, int64_t now)
{
	struct shard *shard = shard_of(keyspace, key);
	struct entry *entry = find(shard, db, key, now);

	if (entry != NULL)
		shard->hits++;
	else
		shard->misses++;
	return entry;
}

bool keyspace_holds(const struct keyspace *keyspace, unsigned db, const struct key *key)
{
	const struct dict *dict = shard_of(keyspace, key)->dicts[db];

	return dict != NULL && dict_find(dict, key->name, key->hash) != NULL;
}

/* --- writing ----------------------------------------------------------------------------------------------------- */

/* `found` itself when an entry of the wanted shape has its size, else a new entry. NULL when there is no memory. */
static struct entry *shape_entry(const struct key *key, struct entry *found, size_t tail_len, bool ttl)
{
	if (found != NULL && entry_has_ttl(found) == ttl &&
	    entry_size(found) == entry_size_for(entry_key_len(found), tail_len, ttl))
		return found;
	return entry_new(key->name, key->hash, tail_len, ttl);
}

static void write_tail(struct entry *entry, struct slice value, struct block *block)
{
	if (block != NULL)
		entry_write_block(entry, block);
	else
		entry_write_value(entry, value);
}

static void overwrite(struct shard *shard, struct dict *dict, struct entry *entry, struct slice value,
		      struct block *block, int64_t when)
{
	struct block *old_block = entry_block(entry);
	size_t before = old_block != NULL ? allocation_size(block_footprint(old_block)) : 0;
	size_t after = block != NULL ? allocation_size(block_footprint(block)) : 0;

	write_tail(entry, value, block);
	if (after != before) /* else nothing is written that other processors have in their caches */
		dict_grow(dict, after - before);
	block_unref(old_block);
	if (entry_has_ttl(entry) && entry_expire_at(entry) != when)
		shard_reschedule(shard, dict, entry, when);
}

/* Sets the key to `block`, whose reference it takes over when it succeeds, or, if that is NULL, to a small value. The
 * caller tells of the effect. */
static struct entry *put_untold(struct keyspace *keyspace, unsigned db, const struct key *key, struct entry *found,
				struct slice value, struct block *block, int64_t expire_at)
{
	struct shard *shard = shard_of(keyspace, key);
	int64_t when = expire_at;
	struct dict *dict;
	struct entry *entry;

	if (expire_at == KEYSPACE_KEEP_TTL)
		when = found != NULL ? entry_expire_at(found) : 0;
	dict = shard_need_dict(shard, db, when != 0);
	if (dict == NULL)
		return NULL;
	entry = shape_entry(key, found, block != NULL ? sizeof(block) : value.len, when != 0);
	if (entry == NULL)
		return NULL;
	shard_tell(shard, db, key, KEYSPACE_WRITTEN, found);
	if (entry == found) {
		overwrite(shard, dict, entry, value, block, when);
		return entry;
	}
	write_tail(entry, value, block);
	entry->access = found != NULL ? found->access : access_first(shard->now);
	if (found != NULL) {
		dict_remove(dict, found);
		entry_release(found, false);
	}
	shard_add(shard, dict, entry, when);
	return entry;
}

static struct entry *put(struct keyspace *keyspace, unsigned db, const struct key *key, struct entry *found,
			 struct slice value, struct block *block, int64_t expire_at)
{
	struct entry *entry = put_untold(keyspace, db, key, found, value, block, expire_at);

	if (entry == NULL)
		return NULL;
	shard_count_change(shard_of(keyspace, key));
	keyspace_tell_set(keyspace, db, entry);
	return entry;
}

struct entry *keyspace_set(struct keyspace *keyspace, unsigned db, const struct key *key, struct entry *found,
			   struct slice value, int64_t expire_at)
{
	struct block *block;

	if (value.len <= ENTRY_INLINE_MAX)
		return put(keyspace, db, key, found, value, NULL, expire_at);
	block = block_of(value);
	if (block == NULL)
		return NULL;
	return keyspace_put_block(keyspace, db, key, found, block, expire_at);
}

struct entry *keyspace_put_block(struct keyspace *keyspace, unsigned db, const struct key *key, struct entry *found,
				 struct block *block, int64_t expire_at)
{
	struct slice value = {block->data, block->len};
	bool small = value.len <= ENTRY_INLINE_MAX;
	struct entry *entry = put(keyspace, db, key, found, value, small ? NULL : block, expire_at);

	if (small || entry == NULL)
		block_unref(block);
	return entry;
}

/* --- changing a value in place ----------------------------------------------------------------------------------- */

/* Room for a value that grew and may grow again. */
static size_t roomy(size_t len)
{
	enum { MORE_MAX = 1024 * 1024 };

	return len < MORE_MAX ? 2 * len : len + MORE_MAX;
}

/* An unshared block with room for `len` bytes and with the bytes of `block`; the reference to `block` is used up.
 * NULL when there is no memory: it is not used up then. */
static struct block *widen_block(struct block *block, size_t len)
{
	size_t cap = len > block->len ? roomy(len) : len;
	size_t kept = block->len < len ? block->len : len;
	struct block *copy;

	if (!block_is_shared(block))
		return block->cap >= len ? block : block_resize(block, cap);
	copy = block_new(cap);
	if (copy == NULL)
		return NULL;
	memcpy(copy->data, block->data, kept);
	copy->len = kept;
	block_unref(block);
	return copy;
}

static void set_block_len(struct block *block, size_t len)
{
	if (len > block->len)
		memset(block->data + block->len, 0, len - block->len);
	block->len = len;
}

/* The entry has a block already. */
static struct entry *resize_block(struct keyspace *keyspace, unsigned db, const struct key *key, struct entry *entry,
				  size_t len)
{
	struct shard *shard = shard_of(keyspace, key);
	size_t before = entry_footprint(entry);
	struct block *block;

	shard_save(shard, shard->dicts[db], entry); /* before its block is touched */
	block = widen_block(entry_block(entry), len);
	if (block == NULL)
		return NULL;
	shard_tell(shard, db, key, KEYSPACE_WRITTEN, NULL);
	set_block_len(block, len);
	entry_write_block(entry, block);
	dict_grow(shard->dicts[db], entry_footprint(entry) - before);
	return entry;
}

/* The value, or none, becomes one that needs a block. */
static struct entry *resize_into_block(struct keyspace *keyspace, unsigned db, const struct key *key,
				       struct entry *entry, size_t len)
{
	struct block *block = block_new(entry != NULL ? roomy(len) : len);
	struct entry *edited;

	if (block == NULL)
		return NULL;
	if (entry != NULL) {
		struct slice old = entry_value(entry);

		memcpy(block->data, old.data, old.len);
		block->len = old.len;
	}
	set_block_len(block, len);
	edited = put_untold(keyspace, db, key, entry, (struct slice){NULL, 0}, block, KEYSPACE_KEEP_TTL);
	if (edited == NULL)
		block_unref(block);
	return edited;
}

/* The value, or none, stays small. */
static struct entry *resize_small(struct keyspace *keyspace, unsigned db, const struct key *key, struct entry *entry,
				  size_t len)
{
	char bytes[ENTRY_INLINE_MAX];
	size_t kept = 0;

	if (entry != NULL) {
		struct slice old = entry_value(entry);

		kept = old.len < len ? old.len : len;
		memcpy(bytes, old.data, kept);
	}
	memset(bytes + kept, 0, len - kept);
	return put_untold(keyspace, db, key, entry, (struct slice){bytes, len}, NULL, KEYSPACE_KEEP_TTL);
}

struct entry *keyspace_resize(struct keyspace *keyspace, unsigned db, const struct key *key, struct entry *entry,
			      size_t len, char **bytes)
{
	struct block *block;

	if (entry != NULL && entry_has_block(entry))
		entry = resize_block(keyspace, db, key, entry, len);
	else if (len > ENTRY_INLINE_MAX)
		entry = resize_into_block(keyspace, db, key, entry, len);
	else
		entry = resize_small(keyspace, db, key, entry, len);
	if (entry == NULL)
		return NULL;
	shard_count_change(shard_of(keyspace, key));
	entry_note_raw(entry);
	block = entry_block(entry);
	*bytes = block != NULL ? block->data : entry_tail(entry);
	return entry;
}

/* A small value is told as a whole: that is hardly more than a part of it. */
void keyspace_edited(struct keyspace *keyspace, unsigned db, const struct entry *entry, size_t from, size_t len)
{
	if (keyspace->effects == NULL)
		return;
	if (entry_has_block(entry) && len < entry_value(entry).len)
		keyspace->effects->patched(db, entry, from, len);
	else
		keyspace->effects->set(db, entry);
}

/* --- how much it is used ---------------------------------------------------------------------------------------- */

int64_t keyspace_idle(const struct entry *entry, int64_t now)
{
	return access_idle_ms(entry->access, now) / 1000;
}

unsigned keyspace_freq(const struct entry *entry, int64_t now)
{
	return access_count(entry->access, now);
}

void keyspace_set_idle(struct entry *entry, int64_t seconds, int64_t now)
{
	if (!access_is_counted())
		entry->access = access_of_idle(seconds, now);
}

void keyspace_set_freq(struct entry *entry, uint8_t freq, int64_t now)
{
	if (access_is_counted())
		entry->access = access_of_count(freq, now);
}

/* --- time to live, removal, renaming ----------------------------------------------------------------------------- */

/* Puts `fresh` with the value of `old` in the place of `old`, which is freed. */
static void move_value(struct shard *shard, struct dict *dict, struct entry *fresh, struct dict *old_dict,
		       struct entry *old, int64_t when)
{
	entry_copy_tail(fresh, old);
	dict_remove(old_dict, old);
	entry_free(old);
	shard_add(shard, dict, fresh, when);
}

/* `entry` itself when it can have this time to live, else a new one in its place. NULL when there is no memory. */
static struct entry *change_time(struct keyspace *keyspace, unsigned db, const struct key *key, struct entry *entry,
				 int64_t at)
{
	struct shard *shard = shard_of(keyspace, key);
	struct dict *dict = shard_need_dict(shard, db, at != 0);
	struct entry *fresh;

	if (dict == NULL)
		return NULL;
	if (entry_has_ttl(entry) && at != 0) {
		shard_tell(shard, db, key, KEYSPACE_WRITTEN, entry);
		shard_reschedule(shard, dict, entry, at);
		return entry;
	}
	fresh = entry_new(key->name, key->hash, entry_tail_len(entry), at != 0);
	if (fresh == NULL)
		return NULL;
	shard_tell(shard, db, key, KEYSPACE_WRITTEN, entry);
	move_value(shard, dict, fresh, dict, entry, at);
	return fresh;
}

struct entry *keyspace_expire(struct keyspace *keyspace, unsigned db, const struct key *key, struct entry *entry,
			      int64_t at)
{
	if (at == 0 && !entry_has_ttl(entry))
		return entry;
	entry = change_time(keyspace, db, key, entry, at);
	if (entry == NULL)
		return NULL;
	shard_count_change(shard_of(keyspace, key));
	if (keyspace->effects != NULL)
		keyspace->effects->expire(db, entry);
	return entry;
}

/* Takes the entry out. The caller tells of the effect and frees it. */
static void take_out(struct shard *shard, unsigned db, const struct key *key, struct entry *entry)
{
	shard_tell(shard, db, key, KEYSPACE_DELETED, entry);
	dict_remove(shard->dicts[db], entry);
}

void keyspace_delete(struct keyspace *keyspace, unsigned db, const struct key *key, struct entry *entry, bool lazy)
{
	struct shard *shard = shard_of(keyspace, key);

	take_out(shard, db, key, entry);
	shard_count_change(shard);
	keyspace_tell_deleted(keyspace, db, key->name);
	entry_release(entry, lazy);
}

/* The key is about to get another entry than `replaced` (NULL: than none), which is freed. */
static void make_way(struct shard *shard, unsigned db, const struct key *key, struct entry *replaced)
{
	if (replaced == NULL) {
		shard_tell(shard, db, key, KEYSPACE_WRITTEN, NULL);
		return;
	}
	take_out(shard, db, key, replaced);
	entry_release(replaced, false);
}

bool keyspace_rename(struct keyspace *keyspace, unsigned db, const struct key *from, struct entry *found,
		     const struct key *to, struct entry *replaced)
{
	struct shard *shard = shard_of(keyspace, to);
	int64_t when = entry_expire_at(found);
	struct dict *dict = shard_need_dict(shard, db, when != 0);
	struct entry *fresh;

	if (dict == NULL)
		return false;
	fresh = entry_new(to->name, to->hash, entry_tail_len(found), when != 0);
	if (fresh == NULL)
		return false;
	shard_tell(shard_of(keyspace, from), db, from, KEYSPACE_DELETED, found);
	make_way(shard, db, to, replaced);
	move_value(shard, dict, fresh, shard_of(keyspace, from)->dicts[db], found, when);
	shard_count_change(shard);
	keyspace_tell_set(keyspace, db, fresh);
	keyspace_tell_deleted(keyspace, db, from->name);
	return true;
}

bool keyspace_copy(struct keyspace *keyspace, const struct entry *found, unsigned db, const struct key *to,
		   struct entry *replaced)
{
	struct shard *shard = shard_of(keyspace, to);
	int64_t when = entry_expire_at(found);
	struct dict *dict = shard_need_dict(shard, db, when != 0);
	struct block *block = entry_block(found);
	struct entry *fresh;

	if (dict == NULL)
		return false;
	fresh = entry_new(to->name, to->hash, entry_tail_len(found), when != 0);
	if (fresh == NULL)
		return false;
	entry_copy_tail(fresh, found);
	if (block != NULL)
		block_ref(block);
	make_way(shard, db, to, replaced);
	shard_add(shard, dict, fresh, when);
	shard_count_change(shard);
	keyspace_tell_set(keyspace, db, fresh);
	return true;
}

bool keyspace_move(struct keyspace *keyspace, unsigned db, const struct key *key, struct entry *found, unsigned to)
{
	struct shard *shard = shard_of(keyspace, key);
	int64_t when = entry_expire_at(found);
	struct dict *dict = shard_need_dict(shard, to, when != 0);

	if (dict == NULL)
		return false;
	shard_tell(shard, db, key, KEYSPACE_DELETED, found);
	shard_tell(shard, to, key, KEYSPACE_WRITTEN, NULL);
	dict_remove(shard->dicts[db], found);
	found->flags &= (uint8_t)~ENTRY_SAVED; /* said of the other dict */
	shard_add(shard, dict, found, when);
	shard_count_change(shard);
	keyspace_tell_deleted(keyspace, db, key->name);
	keyspace_tell_set(keyspace, to, found);
	return true;
}

/* --- everything -------------------------------------------------------------------------------------------------- */

/* Takes the dict out, if there is one, and puts it in front of the list `flushed`; one that a snapshot has not passed
 * stays with that. */
static void detach_dict(struct dict **place, struct dict **flushed)
{
	struct dict *dict = *place;

	if (dict == NULL)
		return;
	*place = NULL;
	dict_retract_bytes(dict);
	if (dict->walk_from != HASH_END) {
		dict->orphan = true;
		return;
	}
	dict->next = *flushed;
	*flushed = dict;
}

void keyspace_flush(struct keyspace *keyspace, int db)
{
	unsigned first_db = db == KEYSPACE_ALL_DATABASES ? 0 : (unsigned)db;
	unsigned end_db = db == KEYSPACE_ALL_DATABASES ? keyspace->databases : first_db + 1;
	struct dict *flushed = NULL;

	if (keyspace->observer != NULL)
		keyspace->observer->flushing(db);
	for (unsigned i = 0; i < keyspace->shard_count; i++) {
		struct shard *shard = &keyspace->shards[i];

		for (unsigned each = first_db; each < end_db; each++) {
			counter_add(&shard->changes, keyspace_shard_size(keyspace, i, each));
			detach_dict(&shard->dicts[each], &flushed);
		}
	}
	shard_count_change(&keyspace->shards[0]);
	if (keyspace->effects != NULL)
		keyspace->effects->flushed(db);
	dict_free_later(flushed);
}

void keyspace_swap(struct keyspace *keyspace, unsigned db, unsigned other)
{
	if (keyspace->observer != NULL)
		keyspace->observer->swapping(db, other);
	for (unsigned i = 0; i < keyspace->shard_count; i++) {
		struct dict **dicts = keyspace->shards[i].dicts;
		struct dict *dict = dicts[db];

		dicts[db] = dicts[other];
		dicts[other] = dict;
	}
	shard_count_change(&keyspace->shards[0]);
	if (keyspace->effects != NULL)
		keyspace->effects->swapped(db, other);
}

size_t keyspace_reap(struct keyspace *keyspace, uint32_t shard, int64_t now, size_t max_steps)
{
	if (keyspace->keeps_dead)
		return 0;
	return shard_reap(&keyspace->shards[shard], keyspace->databases, now, max_steps);
}

void keyspace_keep_dead(struct keyspace *keyspace, bool keep)
{
	keyspace->keeps_dead = keep;
}

bool keyspace_keeps_dead(const struct keyspace *keyspace)
{
	return keyspace->keeps_dead;
}

/* --- figures ----------------------------------------------------------------------------------------------------- */

size_t keyspace_shard_size(const struct keyspace *keyspace, uint32_t shard, unsigned db)
{
	const struct dict *dict = keyspace->shards[shard].dicts[db];

	return dict != NULL ? dict->items : 0;
}

size_t keyspace_size(const struct keyspace *keyspace, unsigned db)
{
	size_t size = 0;

	for (uint32_t shard = 0; shard < keyspace->shard_count; shard++)
		size += keyspace_shard_size(keyspace, shard, db);
	return size;
}

struct shard_figures keyspace_shard_figures(const struct keyspace *keyspace, uint32_t shard)
{
	const struct shard *self = &keyspace->shards[shard];
	struct shard_figures figures = {
		.hits = self->hits, .misses = self->misses, .expired = self->expired, .evicted = self->evicted};

	for (unsigned db = 0; db < keyspace->databases; db++) {
		if (self->dicts[db] == NULL)
			continue;
		figures.keys += self->dicts[db]->items;
		figures.bytes += self->dicts[db]->bytes;
	}
	return figures;
}

void keyspace_reset_figures(struct keyspace *keyspace, uint32_t shard)
{
	keyspace->shards[shard].hits = 0;
	keyspace->shards[shard].misses = 0;
	keyspace->shards[shard].expired = 0;
	keyspace->shards[shard].evicted = 0;
}

uint64_t keyspace_changes(const struct keyspace *keyspace)
{
	uint64_t changes = 0;

	for (unsigned i = 0; i < keyspace->shard_count; i++)
		changes += counter_get(&keyspace->shards[i].changes);
	return changes;
}

int64_t keyspace_bytes(const struct keyspace *keyspace)
{
	return atomic_load_explicit(&keyspace->bytes, memory_order_relaxed);
}

int64_t keyspace_used(const struct keyspace *keyspace)
{
	return keyspace_bytes(keyspace) + atomic_load_explicit(&keyspace->outside, memory_order_relaxed);
}

void keyspace_set_outside(struct keyspace *keyspace, int64_t bytes)
{
	atomic_store_explicit(&keyspace->outside, bytes, memory_order_relaxed);
}

void keyspace_add_database_figures(const struct keyspace *keyspace, uint32_t shard, unsigned db,
				   struct database_figures *sum)
{
	const struct dict *dict = keyspace->shards[shard].dicts[db];

	if (dict == NULL)
		return;
	sum->keys += dict->items;
	if (dict->expiry == NULL)
		return;
	sum->expires += dict->expiry->count;
	sum->times += dict->expiry->sum;
}

void keyspace_add_database_memory(const struct keyspace *keyspace, uint32_t shard, unsigned db,
				  struct database_memory *sum)
{
	const struct dict *dict = keyspace->shards[shard].dicts[db];

	if (dict == NULL)
		return;
	sum->keys += dict->items;
	sum->tables += dict_table_bytes(dict) + dict->items * sizeof(struct entry);
	if (dict->expiry != NULL)
		sum->index += allocation_size(sizeof(*dict->expiry)) + dict->expiry->count * sizeof(struct expiry_node);
}

int64_t database_figures_average_ttl(const struct database_figures *figures, int64_t now)
{
	int64_t average;

	if (figures->expires == 0)
		return 0;
	average = (int64_t)(figures->times / (__int128)figures->expires) - now;
	return average < 0 ? 0 : average;
}

/* --- prefetching ------------------------------------------------------------------------------------------------- */

/*
 * With several threads it takes the locks, because another thread may be growing the table that is looked at. Not one
 * lock at a time: each exchange would wait for the loads before it, and none would overlap. The locks of a group of
 * keys are taken together, for as long as three or four misses take; a group is as large as what a processor keeps
 * under way.
 */
enum {
	PREFETCH_GROUP = 16,
	PREFETCH_LINKS = 4, /* of a chain; few are longer */
	CACHE_LINE = 64,
};

/* The key's bucket, or NULL. */
static inline const UT_hash_bucket *bucket_of(const struct keyspace *keyspace, unsigned db, const struct key *key)
{
	const struct dict *dict = shard_of(keyspace, key)->dicts[db];

	return dict != NULL ? table_bucket(dict_table(dict, key->hash), key->hash) : NULL;
}

/* The first `links` entries of the key's chain are in the cache: takes the one behind them there, too, unless the key's
 * is among them or there is none. Says whether there may be more to do. */
static inline bool prefetch_link(const struct keyspace *keyspace, unsigned db, const struct key *key, unsigned links)
{
	const UT_hash_bucket *bucket = bucket_of(keyspace, db, key);
	const struct entry *entry = bucket != NULL ? table_first(bucket) : NULL;

	for (; links > 0 && entry != NULL; links--) {
		if (entry_hash(entry) == key->hash) {
			__builtin_prefetch((const char *)entry + CACHE_LINE);
			return false;
		}
		entry = table_next(entry);
	}
	if (entry == NULL)
		return false;
	/* An entry begins anywhere in a line, and its hash may be in the next one. */
	__builtin_prefetch(entry);
	__builtin_prefetch((const char *)entry + sizeof(*entry) - 1);
	return true;
}

static void prefetch_group(const struct keyspace *keyspace, unsigned db, const struct key **keys, size_t count)
{
	for (size_t i = 0; i < count; i++)
		__builtin_prefetch(bucket_of(keyspace, db, keys[i]));
	for (unsigned links = 0; count > 0 && links < PREFETCH_LINKS; links++) {
		size_t left = 0;

		for (size_t i = 0; i < count; i++) {
			if (prefetch_link(keyspace, db, keys[i], links))
				keys[left++] = keys[i];
		}
		count = left;
	}
}

static void prefetch_group_locked(struct keyspace *keyspace, unsigned db, const struct key **keys, size_t count)
{
	struct shard_set set = {0};

	for (size_t i = 0; i < count; i++) {
		keyspace_prefetch_shard(keyspace, keys[i]);
		shard_set_add(&set, keys[i]->shard);
	}
	keyspace_lock_set(keyspace, &set);
	prefetch_group(keyspace, db, keys, count);
	for_each_in_set(keyspace, &set, release_shard); /* nothing has changed */
}

void keyspace_prefetch(struct keyspace *keyspace, unsigned db, const struct key **keys, size_t count)
{
	if (!keyspace->locking) {
		prefetch_group(keyspace, db, keys, count);
		return;
	}
	for (size_t at = 0; at < count; at += PREFETCH_GROUP) {
		size_t left = count - at;

		prefetch_group_locked(keyspace, db, keys + at, left < PREFETCH_GROUP ? left : PREFETCH_GROUP);
	}
}

void keyspace_prefetch_shard(const struct keyspace *keyspace, const struct key *key)
{
	if (keyspace->locking)
		__builtin_prefetch(shard_of(keyspace, key), 1);
}
