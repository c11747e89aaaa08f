/*
 * The happy path: entries are copied one behind the other into their shard's chunk; when the next one does not fit, the
 * chunk goes to the end of the queue and an emptied one takes its place; the writer takes chunks off the front, reads
 * them from one end to the other and gives them back.
 *
 * What can fail is memory. Then the entry is lost, the error is kept, and the snapshot is worth nothing.
 */
#include "persist/snapshot_queue.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "store/entry.h"

enum {
	CHUNK_MAX = 32 * 1024,	    /* bytes for entries: some hundred of them */
	CHUNK_MIN = 4 * 1024,	    /* ... when there are many shards, which gather at the same time: */
	GATHERED_MAX = 1024 * 1024, /* bytes of all their chunks together, if that can be had */
	BLOCKS_MAX = 64 * 1024,	    /* bytes of blocks with which a chunk is full, too */
	SPARES_MAX = 64,	    /* chunks kept for being filled again */
};

/* An entry in a chunk: key and value (or a pointer to its block) follow, and the next one begins at a multiple of 8. */
struct record {
	int64_t expire_at;
	uint32_t key_len;
	uint32_t idle;	    /* seconds; NOT_GIVEN */
	uint16_t value_len; /* of a value without a block */
	uint16_t db;
	int16_t freq;
	bool has_block;
};

enum { ALIGNMENT = 8 };

static const uint32_t not_given = UINT32_MAX;

struct snapshot_chunk {
	struct snapshot_chunk *next;
	size_t used, size; /* bytes of `bytes` */
	size_t blocks;	   /* bytes of the blocks that it holds */
	size_t leaving;	   /* ... of those that nobody else may hold soon */
	_Alignas(ALIGNMENT) char bytes[];
};

bool snapshot_queue_init(struct snapshot_queue *queue, uint32_t shards, size_t limit)
{
	size_t size = GATHERED_MAX / shards & ~(size_t)(ALIGNMENT - 1);

	*queue = (struct snapshot_queue){.shards = shards, .limit = limit};
	queue->gathered = calloc(shards, sizeof(struct snapshot_chunk *));
	if (queue->gathered == NULL)
		return false;
	queue->chunk_size = size < CHUNK_MIN ? CHUNK_MIN : size < CHUNK_MAX ? size : CHUNK_MAX;
	queue->last = &queue->first;
	uv_mutex_init(&queue->lock);
	uv_cond_init(&queue->filled);
	return true;
}

/* --- memory ------------------------------------------------------------------------------------------------------- */

static size_t chunk_queued(const struct snapshot_chunk *chunk)
{
	return sizeof(*chunk) + chunk->size + chunk->blocks;
}

static size_t chunk_memory(const struct snapshot_chunk *chunk)
{
	return sizeof(*chunk) + chunk->size + chunk->leaving;
}

/* The chunk joins the queue. */
static void note_chunk(struct snapshot_queue *queue, const struct snapshot_chunk *chunk)
{
	size_t memory = atomic_fetch_add(&queue->memory, chunk_memory(chunk)) + chunk_memory(chunk);
	size_t most = atomic_load_explicit(&queue->most, memory_order_relaxed);

	atomic_fetch_add(&queue->queued, chunk_queued(chunk));
	while (memory > most && !atomic_compare_exchange_weak(&queue->most, &most, memory))
		;
}

static struct snapshot_chunk *take_spare(struct snapshot_queue *queue)
{
	struct snapshot_chunk *chunk;

	uv_mutex_lock(&queue->lock);
	chunk = queue->spare;
	if (chunk != NULL) {
		queue->spare = chunk->next;
		queue->spares--;
	}
	uv_mutex_unlock(&queue->lock);
	return chunk;
}

/* An empty chunk that has room for at least `len` bytes. NULL when there is no memory. */
static struct snapshot_chunk *chunk_new(struct snapshot_queue *queue, size_t len)
{
	size_t size = len > queue->chunk_size ? len : queue->chunk_size;
	struct snapshot_chunk *chunk = size == queue->chunk_size ? take_spare(queue) : NULL;

	if (chunk == NULL)
		chunk = malloc(sizeof(*chunk) + size);
	if (chunk == NULL)
		return NULL;
	*chunk = (struct snapshot_chunk){.size = size};
	return chunk;
}

static const struct record *record_at(const struct snapshot_chunk *chunk, size_t at)
{
	return (const struct record *)(const void *)(chunk->bytes + at);
}

static struct block *record_block(const struct record *record)
{
	struct block *block = NULL;

	if (record->has_block)
		memcpy(&block, (const char *)(record + 1) + record->key_len, sizeof(block));
	return block;
}

static size_t record_size(size_t key_len, size_t value_len)
{
	return (sizeof(struct record) + key_len + value_len + ALIGNMENT - 1) & ~(size_t)(ALIGNMENT - 1);
}

static size_t record_end(const struct record *record, size_t at)
{
	return at + record_size(record->key_len, record->has_block ? sizeof(struct block *) : record->value_len);
}

/* Gives back the blocks that the chunk holds. */
static void chunk_clear(struct snapshot_chunk *chunk)
{
	for (size_t at = 0; chunk->blocks > 0 && at < chunk->used; at = record_end(record_at(chunk, at), at))
		block_unref(record_block(record_at(chunk, at)));
}

static void chunks_free(struct snapshot_chunk *chunk)
{
	struct snapshot_chunk *next;

	for (; chunk != NULL; chunk = next) {
		next = chunk->next;
		chunk_clear(chunk);
		free(chunk);
	}
}

void snapshot_queue_free(struct snapshot_queue *queue)
{
	if (queue->gathered == NULL)
		return;
	for (uint32_t shard = 0; shard < queue->shards; shard++)
		chunks_free(queue->gathered[shard]);
	free(queue->gathered);
	queue->gathered = NULL;
	chunks_free(queue->first);
	for (struct snapshot_chunk *chunk = queue->spare, *next; chunk != NULL; chunk = next) {
		next = chunk->next;
		free(chunk);
	}
	uv_cond_destroy(&queue->filled);
	uv_mutex_destroy(&queue->lock);
}

/* --- handing over ------------------------------------------------------------------------------------------------- */

void snapshot_queue_flush(struct snapshot_queue *queue, uint32_t shard)
{
	struct snapshot_chunk *chunk = queue->gathered[shard];

	if (chunk == NULL)
		return;
	queue->gathered[shard] = NULL;
	note_chunk(queue, chunk);
	uv_mutex_lock(&queue->lock);
	*queue->last = chunk;
	queue->last = &chunk->next;
	uv_cond_signal(&queue->filled);
	uv_mutex_unlock(&queue->lock);
}

/* The shard's chunk with room for `len` bytes. NULL when there is no memory. */
static struct snapshot_chunk *chunk_for(struct snapshot_queue *queue, uint32_t shard, size_t len)
{
	struct snapshot_chunk *chunk = queue->gathered[shard];

	if (chunk != NULL && chunk->size - chunk->used >= len)
		return chunk;
	snapshot_queue_flush(queue, shard);
	queue->gathered[shard] = chunk_new(queue, len);
	return queue->gathered[shard];
}

/* Has the chunk hold the entry's block, whose pointer is put at `bytes`. */
static void hold_block(struct snapshot_chunk *chunk, struct block *block, bool leaves, char *bytes)
{
	size_t size = block_footprint(block);

	block_ref(block);
	memcpy(bytes, &block, sizeof(block));
	chunk->blocks += size;
	chunk->leaving += leaves ? size : 0;
}

void snapshot_queue_add(struct snapshot_queue *queue, const struct entry *entry, const struct snapshot_note *note)
{
	struct slice key = entry_key(entry);
	struct slice value = entry_value(entry);
	struct block *block = entry_block(entry);
	size_t size = record_size(key.len, block != NULL ? sizeof(block) : value.len);
	struct snapshot_chunk *chunk = chunk_for(queue, note->shard, size);
	struct record *record;
	char *bytes;

	if (chunk == NULL) {
		atomic_store(&queue->error, -ENOMEM);
		return;
	}
	record = (struct record *)(void *)(chunk->bytes + chunk->used);
	*record = (struct record){
		.expire_at = entry_expire_at(entry),
		.key_len = (uint32_t)key.len,
		.idle = note->idle == RDB_NOT_GIVEN ? not_given : (uint32_t)note->idle,
		.value_len = block != NULL ? 0 : (uint16_t)value.len,
		.db = (uint16_t)note->db,
		.freq = (int16_t)note->freq,
		.has_block = block != NULL,
	};
	bytes = (char *)(record + 1);
	memcpy(bytes, key.data, key.len);
	bytes += key.len;
	chunk->used += size;
	if (block == NULL)
		memcpy(bytes, value.data, value.len);
	else
		hold_block(chunk, block, note->leaves, bytes);
	if (chunk->blocks >= BLOCKS_MAX)
		snapshot_queue_flush(queue, note->shard);
}

bool snapshot_queue_is_full(struct snapshot_queue *queue)
{
	if (atomic_load(&queue->queued) < queue->limit)
		return false;
	atomic_store(&queue->wanted, true);
	/* The writer may have made room in between, not knowing that it was waited for. */
	return atomic_load(&queue->queued) >= queue->limit;
}

void snapshot_queue_close(struct snapshot_queue *queue)
{
	uv_mutex_lock(&queue->lock);
	queue->closed = true;
	uv_cond_signal(&queue->filled);
	uv_mutex_unlock(&queue->lock);
}

/* --- writing ------------------------------------------------------------------------------------------------------ */

struct snapshot_chunk *snapshot_queue_take(struct snapshot_queue *queue)
{
	struct snapshot_chunk *chunk;

	uv_mutex_lock(&queue->lock);
	while (queue->first == NULL && !queue->closed)
		uv_cond_wait(&queue->filled, &queue->lock);
	chunk = queue->first;
	if (chunk != NULL)
		queue->first = chunk->next;
	if (queue->first == NULL)
		queue->last = &queue->first;
	uv_mutex_unlock(&queue->lock);
	return chunk;
}

bool snapshot_chunk_next(const struct snapshot_chunk *chunk, size_t *at, struct rdb_record *out)
{
	const struct record *record = record_at(chunk, *at);
	const char *bytes = (const char *)(record + 1);
	const struct block *block;

	if (*at == chunk->used)
		return false;
	block = record_block(record);
	*out = (struct rdb_record){
		.db = record->db,
		.key = {bytes, record->key_len},
		.value = {bytes + record->key_len, record->value_len},
		.expire_at = record->expire_at,
		.idle = record->idle == not_given ? RDB_NOT_GIVEN : (int64_t)record->idle,
		.freq = record->freq,
	};
	if (block != NULL)
		out->value = (struct slice){block->data, block->len};
	*at = record_end(record, *at);
	return true;
}

/* Keeps an ordinary chunk for being filled again, unless there are enough. */
static bool keep_spare(struct snapshot_queue *queue, struct snapshot_chunk *chunk)
{
	bool kept;

	if (chunk->size != queue->chunk_size)
		return false;
	uv_mutex_lock(&queue->lock);
	kept = queue->spares < SPARES_MAX;
	if (kept) {
		chunk->next = queue->spare;
		queue->spare = chunk;
		queue->spares++;
	}
	uv_mutex_unlock(&queue->lock);
	return kept;
}

bool snapshot_queue_release(struct snapshot_queue *queue, struct snapshot_chunk *chunk)
{
	size_t bytes = chunk_queued(chunk);
	size_t queued;

	atomic_fetch_sub(&queue->memory, chunk_memory(chunk));
	chunk_clear(chunk);
	if (!keep_spare(queue, chunk))
		free(chunk);
	queued = atomic_fetch_sub(&queue->queued, bytes) - bytes;
	return queued <= queue->limit / 2 && atomic_load(&queue->wanted) && atomic_exchange(&queue->wanted, false);
}
