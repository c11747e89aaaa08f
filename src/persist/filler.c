/*
 * The happy path: filler_put() hashes the key and packs the record behind others into the batch of its *lane*, which is
 * a queue and the thread that empties it. A batch that is full is queued. The lane's thread takes it, has the memory of
 * many keys fetched at once, sets them, and gives the batch back. A lane has a handful of batches: when all are queued,
 * the reader waits.
 *
 * A batch is one run of bytes that goes from the reader's cache to the filling thread's; everything that the latter
 * needs stands in it, so it touches nothing of the reader's.
 */
#include "persist/filler.h"

#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/platform.h"

enum {
	BATCH_BYTES = 64 * 1024,
	LANE_BATCHES = 8, /* of one lane */
	GROUP = 64,	  /* keys whose memory is fetched at once */
	PACKED_ALIGNMENT = 8,
	SHOWN_KEY = 64, /* bytes of a key in an error */
};

/* A record in a batch; the key and, unless there is a block, the value follow. */
struct packed {
	struct block *block; /* a reference, or NULL */
	int64_t expire_at;
	int64_t idle;
	size_t key_len;
	uint32_t hash;
	uint32_t shard;
	uint32_t value_len; /* when there is no block */
	int16_t freq;
	uint16_t db;
	char bytes[];
};

struct batch {
	struct batch *next;
	size_t used; /* bytes */
	size_t cap;
	_Alignas(PACKED_ALIGNMENT) char bytes[];
};

struct lane {
	struct filler *filler;
	struct batch *filling; /* the reader's: not queued yet; NULL: none */
	pthread_t thread;
	bool started;

	pthread_mutex_t mutex;
	pthread_cond_t queued; /* there is something to do, or it is time to end */
	pthread_cond_t done;   /* a batch was given back */
	struct batch *first;   /* under the mutex: to be done */
	struct batch **end;    /* ... where the next one is hung */
	struct batch *spare;   /* ... to be filled again */
	unsigned busy;	       /* ... batches queued or being done */
	bool closing;	       /* ... the thread is to end */
};

struct filler {
	struct keyspace *keyspace;
	int64_t now;
	unsigned lanes;
	bool merges; /* keys that are there are replaced */
	atomic_bool failed;
	pthread_mutex_t error_mutex;
	char error[FILLER_ERROR]; /* under error_mutex until `failed` is set; the first one's */
	struct lane lane[FILLER_MAX_THREADS];
};

/* --- errors ------------------------------------------------------------------------------------------------------- */

static void filler_fail(struct filler *filler, const char *text)
{
	pthread_mutex_lock(&filler->error_mutex);
	if (!atomic_load(&filler->failed)) {
		snprintf(filler->error, sizeof(filler->error), "%s", text);
		atomic_store(&filler->failed, true);
	}
	pthread_mutex_unlock(&filler->error_mutex);
}

static void fail_twice(struct filler *filler, struct slice key, unsigned db)
{
	int len = key.len < SHOWN_KEY ? (int)key.len : SHOWN_KEY;
	char text[FILLER_ERROR];

	snprintf(text, sizeof(text), "the key '%.*s' is there twice in database %u", len, key.data, db);
	filler_fail(filler, text);
}

static bool has_failed(const struct filler *filler)
{
	return atomic_load_explicit(&filler->failed, memory_order_relaxed);
}

void filler_merge(struct filler *filler)
{
	filler->merges = true;
}

const char *filler_error(const struct filler *filler)
{
	return atomic_load(&filler->failed) ? filler->error : "";
}

/* --- records in a batch ------------------------------------------------------------------------------------------- */

static struct batch *batch_new(size_t cap)
{
	struct batch *batch = malloc(sizeof(*batch) + cap);

	if (batch != NULL)
		*batch = (struct batch){.cap = cap};
	return batch;
}

static size_t packed_size(size_t key_len, size_t value_len)
{
	size_t size = sizeof(struct packed) + key_len + value_len;

	return (size + PACKED_ALIGNMENT - 1) & ~(size_t)(PACKED_ALIGNMENT - 1);
}

static struct packed *packed_at(struct batch *batch, size_t at)
{
	return (struct packed *)(void *)(batch->bytes + at);
}

static size_t packed_step(const struct packed *packed)
{
	return packed_size(packed->key_len, packed->value_len);
}

/* Gives back the references of the records from `at` on. */
static void batch_drop(struct batch *batch, size_t at)
{
	for (; at < batch->used; at += packed_step(packed_at(batch, at)))
		block_unref(packed_at(batch, at)->block);
	batch->used = 0;
}

static void batches_free(struct batch *batch)
{
	while (batch != NULL) {
		struct batch *next = batch->next;

		batch_drop(batch, 0);
		free(batch);
		batch = next;
	}
}

/* --- filling ------------------------------------------------------------------------------------------------------ */

static void set_locked(struct filler *filler, const struct packed *packed, const struct key *key)
{
	struct slice value = {packed->bytes + packed->key_len, packed->value_len};
	struct keyspace *keyspace = filler->keyspace;
	struct entry *found = keyspace_find(keyspace, packed->db, key, filler->now);
	struct entry *entry;

	if (found != NULL && !filler->merges) {
		block_unref(packed->block);
		fail_twice(filler, key->name, packed->db);
		return;
	}
	if (packed->block != NULL)
		entry = keyspace_put_block(keyspace, packed->db, key, found, packed->block, packed->expire_at);
	else
		entry = keyspace_set(keyspace, packed->db, key, found, value, packed->expire_at);
	if (entry == NULL)
		filler_fail(filler, "out of memory");
	if (entry != NULL && packed->idle != RDB_NOT_GIVEN)
		keyspace_set_idle(entry, packed->idle, filler->now);
	if (entry != NULL && packed->freq != RDB_NOT_GIVEN)
		keyspace_set_freq(entry, (uint8_t)packed->freq, filler->now);
}

static void set(struct filler *filler, const struct packed *packed, const struct key *key)
{
	keyspace_lock_shard(filler->keyspace, key->shard);
	set_locked(filler, packed, key);
	keyspace_unlock_shard(filler->keyspace, key->shard);
}

/* Some records of one database. */
struct group {
	unsigned db;
	size_t count;
	struct packed *records[GROUP];
	struct key keys[GROUP];
};

/* Gathers the records from `at` on that can be set together. */
static void group_gather(struct group *group, struct batch *batch, size_t at)
{
	group->db = packed_at(batch, at)->db;
	group->count = 0;
	while (at < batch->used && group->count < GROUP) {
		struct packed *packed = packed_at(batch, at);
		struct slice name = {packed->bytes, packed->key_len};

		if (packed->db != group->db)
			return;
		group->keys[group->count] = (struct key){.name = name, .hash = packed->hash, .shard = packed->shard};
		group->records[group->count++] = packed;
		at += packed_step(packed);
	}
}

static void group_prefetch(struct keyspace *keyspace, const struct group *group)
{
	const struct key *keys[GROUP];

	for (size_t i = 0; i < group->count; i++)
		keys[i] = &group->keys[i];
	keyspace_prefetch(keyspace, group->db, keys, group->count);
}

/* Sets what is in the batch, which is empty afterwards. */
static void batch_fill(struct filler *filler, struct batch *batch)
{
	struct group group;
	size_t at = 0;

	while (at < batch->used && !has_failed(filler)) {
		group_gather(&group, batch, at);
		group_prefetch(filler->keyspace, &group);
		for (size_t i = 0; i < group.count && !has_failed(filler); i++) {
			at += packed_step(group.records[i]);
			set(filler, group.records[i], &group.keys[i]); /* and whatever came of it, its block is gone */
		}
	}
	batch_drop(batch, at);
}

/* --- the threads -------------------------------------------------------------------------------------------------- */

/* Waits for a batch and takes it; NULL when it is time to end. */
static struct batch *lane_take(struct lane *lane)
{
	struct batch *batch;

	pthread_mutex_lock(&lane->mutex);
	while (lane->first == NULL && !lane->closing)
		pthread_cond_wait(&lane->queued, &lane->mutex);
	batch = lane->closing ? NULL : lane->first;
	if (batch != NULL) {
		lane->first = batch->next;
		if (lane->first == NULL)
			lane->end = &lane->first;
	}
	pthread_mutex_unlock(&lane->mutex);
	return batch;
}

static void lane_give_back(struct lane *lane, struct batch *batch)
{
	bool is_ordinary = batch->cap == BATCH_BYTES;

	pthread_mutex_lock(&lane->mutex);
	if (is_ordinary) {
		batch->next = lane->spare;
		lane->spare = batch;
	}
	lane->busy--;
	pthread_cond_signal(&lane->done);
	pthread_mutex_unlock(&lane->mutex);
	if (!is_ordinary)
		free(batch);
}

static void *lane_main(void *arg)
{
	struct lane *lane = arg;
	struct batch *batch;

	platform_name_thread("filler");
	while ((batch = lane_take(lane)) != NULL) {
		batch_fill(lane->filler, batch);
		lane_give_back(lane, batch);
	}
	return NULL;
}

/* --- the reader's side -------------------------------------------------------------------------------------------- */

/* Queues the batch that is being filled. */
static void lane_queue(struct lane *lane)
{
	struct batch *batch = lane->filling;

	lane->filling = NULL;
	batch->next = NULL;
	pthread_mutex_lock(&lane->mutex);
	*lane->end = batch;
	lane->end = &batch->next;
	lane->busy++;
	pthread_cond_signal(&lane->queued);
	pthread_mutex_unlock(&lane->mutex);
}

/* Has the records that wait in the lane set, by its thread or now. */
static void lane_flush(struct lane *lane)
{
	if (lane->filling == NULL || lane->filling->used == 0)
		return;
	if (lane->started)
		lane_queue(lane);
	else
		batch_fill(lane->filler, lane->filling);
}

/* A batch to fill with a record of `size` bytes, and others: a spare one, or a new one as long as the lane has few.
 * Waits for one. NULL when there is no memory. */
static struct batch *lane_batch(struct lane *lane, size_t size)
{
	bool is_ordinary = size <= BATCH_BYTES;
	struct batch *batch;

	pthread_mutex_lock(&lane->mutex);
	while (lane->busy >= LANE_BATCHES && !(is_ordinary && lane->spare != NULL))
		pthread_cond_wait(&lane->done, &lane->mutex);
	batch = is_ordinary ? lane->spare : NULL;
	if (batch != NULL)
		lane->spare = batch->next;
	pthread_mutex_unlock(&lane->mutex);
	if (batch == NULL)
		return batch_new(is_ordinary ? BATCH_BYTES : size);
	batch->next = NULL;
	return batch;
}

/* Room for `size` bytes in the lane. NULL when there is no memory. */
static struct packed *lane_room(struct lane *lane, size_t size)
{
	struct packed *packed;

	if (lane->filling != NULL && lane->filling->cap - lane->filling->used < size)
		lane_flush(lane);
	if (lane->filling != NULL && lane->filling->cap < size) {
		free(lane->filling);
		lane->filling = NULL;
	}
	if (lane->filling == NULL)
		lane->filling = lane_batch(lane, size);
	if (lane->filling == NULL)
		return NULL;
	packed = packed_at(lane->filling, lane->filling->used);
	lane->filling->used += size;
	return packed;
}

bool filler_put(struct filler *filler, const struct rdb_record *record, struct block *block)
{
	struct key key = keyspace_key(filler->keyspace, record->key);
	struct lane *lane = &filler->lane[key.shard % filler->lanes];
	bool small = block == NULL && record->value.len <= ENTRY_INLINE_MAX;
	size_t copied = small ? record->value.len : 0;
	struct packed *packed = NULL;

	if (!small && block == NULL)
		block = block_of(record->value);
	if (small || block != NULL)
		packed = lane_room(lane, packed_size(key.name.len, copied));
	if (packed == NULL) {
		block_unref(block);
		filler_fail(filler, "out of memory");
		return false;
	}
	*packed = (struct packed){
		.block = block,
		.expire_at = record->expire_at,
		.idle = record->idle,
		.key_len = key.name.len,
		.hash = key.hash,
		.shard = key.shard,
		.value_len = (uint32_t)copied,
		.freq = (int16_t)record->freq,
		.db = (uint16_t)record->db,
	};
	memcpy(packed->bytes, key.name.data, key.name.len);
	if (copied > 0)
		memcpy(packed->bytes + key.name.len, record->value.data, copied);
	return !has_failed(filler);
}

/* Waits until the lane's thread has nothing to do. */
static void lane_wait(struct lane *lane)
{
	pthread_mutex_lock(&lane->mutex);
	while (lane->busy > 0)
		pthread_cond_wait(&lane->done, &lane->mutex);
	pthread_mutex_unlock(&lane->mutex);
}

bool filler_wait(struct filler *filler)
{
	for (unsigned i = 0; i < filler->lanes; i++)
		lane_flush(&filler->lane[i]);
	for (unsigned i = 0; i < filler->lanes; i++)
		lane_wait(&filler->lane[i]);
	return !has_failed(filler);
}

/* --- its life ----------------------------------------------------------------------------------------------------- */

static void lane_init(struct lane *lane, struct filler *filler)
{
	lane->filler = filler;
	lane->end = &lane->first;
	pthread_mutex_init(&lane->mutex, NULL);
	pthread_cond_init(&lane->queued, NULL);
	pthread_cond_init(&lane->done, NULL);
}

struct filler *filler_new(struct keyspace *keyspace, unsigned threads, int64_t now)
{
	struct filler *filler = calloc(1, sizeof(*filler));

	if (filler == NULL)
		return NULL;
	if (threads > keyspace_shards(keyspace))
		threads = keyspace_shards(keyspace);
	if (threads > FILLER_MAX_THREADS)
		threads = FILLER_MAX_THREADS;
	filler->keyspace = keyspace;
	filler->now = now;
	filler->lanes = threads > 0 ? threads : 1;
	pthread_mutex_init(&filler->error_mutex, NULL);
	for (unsigned i = 0; i < filler->lanes; i++) {
		struct lane *lane = &filler->lane[i];

		lane_init(lane, filler);
		lane->started = threads > 0 && pthread_create(&lane->thread, NULL, lane_main, lane) == 0;
	}
	return filler;
}

static void lane_free(struct lane *lane)
{
	pthread_mutex_lock(&lane->mutex);
	lane->closing = true;
	pthread_cond_signal(&lane->queued);
	pthread_mutex_unlock(&lane->mutex);
	if (lane->started)
		pthread_join(lane->thread, NULL);
	batches_free(lane->first);
	batches_free(lane->spare);
	batches_free(lane->filling);
	pthread_mutex_destroy(&lane->mutex);
	pthread_cond_destroy(&lane->queued);
	pthread_cond_destroy(&lane->done);
}

void filler_free(struct filler *filler)
{
	if (filler == NULL)
		return;
	for (unsigned i = 0; i < filler->lanes; i++)
		lane_free(&filler->lane[i]);
	pthread_mutex_destroy(&filler->error_mutex);
	free(filler);
}
