/*
 * The happy path of a unit: the store tells of changes, which are written into the thread's own `struct effects`; when
 * the locks are about to be given back, the unit is copied to the end of the stream and the committed position moved
 * behind it.
 *
 * The stream is a list of chunks. Committing threads know the last one, and take turns by a lock, which with one thread
 * is never taken. Readers know the one they are in. What stands before the committed position does not change any more,
 * so readers need no lock for it: a chunk's successor is published, like the position, with release and acquire.
 * Chunks that every reader has passed are freed by the reader that passes last.
 *
 * A reader that has read everything sleeps. Waking it for every unit would cost a system call each: who commits does
 * not wake, workers do (journal_kick), once for all they have done in a turn.
 *
 * Failure: the memory that a unit takes in the stream is asked for before its first byte is written there. Without it,
 * the unit is lost and the journal broken, until it is mended.
 */
#include "persist/journal.h"

#include <stdlib.h>
#include <string.h>
#include <utlist.h>
#include <uv.h>

#include "base/lock.h"
#include "persist/effect.h"
#include "store/memory.h"

enum {
	CHUNK_SIZE = 256 * 1024, /* bytes of a chunk's own */
	FRAME_MOST = 128,	 /* bytes of SELECT, MULTI and EXEC */
};

/* Bytes of the stream: its own, or a large value's block. */
struct journal_chunk {
	_Atomic(struct journal_chunk *) next; /* NULL: it is the last */
	uint64_t start;			      /* position of its first byte */
	uint64_t end;			      /* of the byte behind its last; good once `next` is there */
	struct block *block;		      /* a reference, or NULL: the bytes are in data */
	char data[];			      /* CHUNK_SIZE bytes, if there is no block */
};

struct journal {
	/* Of those who commit. */
	struct lock lock;
	struct journal_chunk *last;  /* NULL: there was no reader yet */
	struct journal_chunk *spare; /* owned: chunks with bytes of their own, linked by `next` */
	struct journal_chunk *bare;  /* likewise: chunks for blocks */
	uint64_t written;	     /* position behind the last byte put into chunks; a unit under way included */
	int db;			     /* selected at the end of the stream; -1: unknown */
	_Atomic bool broken;

	/* Of the readers. */
	uv_mutex_t readers_lock;
	struct journal_reader *readers; /* under readers_lock (utlist.h) */
	struct journal_chunk *first;	/* under readers_lock */

	/* Sleeping. */
	uv_mutex_t sleep_lock;
	uv_cond_t awake;
	_Atomic unsigned sleepers;

	_Atomic bool stalled;
	void (*on_release)(void *arg);
	void *on_release_arg;
};

static struct journal journal;
struct journal_positions journal_positions;
_Thread_local uint64_t journal_own_position;
static _Thread_local struct effects unit = {.first_db = -1, .db = -1};

/* --- life --------------------------------------------------------------------------------------------------------- */

void journal_init(bool locking)
{
	journal = (struct journal){.db = -1};
	lock_init(&journal.lock, locking);
	uv_mutex_init(&journal.readers_lock);
	uv_mutex_init(&journal.sleep_lock);
	uv_cond_init(&journal.awake);
	atomic_store(&journal_positions.committed, 0);
	atomic_store(&journal_positions.synced, 0);
	atomic_store(&journal_positions.released, UINT64_MAX);
}

/* Frees the list's chunks before `end`. */
static void free_until(struct journal_chunk **list, const struct journal_chunk *end)
{
	while (*list != end) {
		struct journal_chunk *chunk = *list;

		*list = atomic_load_explicit(&chunk->next, memory_order_acquire);
		block_unref(chunk->block);
		free(chunk);
	}
}

void journal_free(void)
{
	free_until(&journal.first, NULL);
	free_until(&journal.spare, NULL);
	free_until(&journal.bare, NULL);
	uv_mutex_destroy(&journal.readers_lock);
	uv_mutex_destroy(&journal.sleep_lock);
	uv_cond_destroy(&journal.awake);
	journal = (struct journal){.db = -1};
}

void journal_thread_end(void)
{
	effects_free(&unit);
}

/* --- the end of the stream ---------------------------------------------------------------------------------------- */

static struct journal_chunk *chunk_next(const struct journal_chunk *chunk)
{
	return atomic_load_explicit(&chunk->next, memory_order_acquire);
}

/* Makes the list `count` chunks long, each with `bytes` bytes of its own. False when there is no memory. */
static bool stock(struct journal_chunk **list, size_t count, size_t bytes)
{
	size_t there = 0;

	for (const struct journal_chunk *chunk = *list; chunk != NULL && there < count; chunk = chunk_next(chunk))
		there++;
	for (; there < count; there++) {
		struct journal_chunk *chunk = store_malloc(sizeof(*chunk) + bytes);

		if (chunk == NULL)
			return false;
		*chunk = (struct journal_chunk){.next = *list};
		*list = chunk;
	}
	return true;
}

/* Bytes for which there is room in the last chunk. */
static size_t room_left(void)
{
	return journal.last->block != NULL ? 0 : CHUNK_SIZE - (size_t)(journal.written - journal.last->start);
}

/* Sees to it that the unit can be put into the stream. False when there is no memory. */
static bool reserve_unit(const struct reply *out)
{
	size_t bytes = out->bytes.len + FRAME_MOST;

	if (out->insert_count == 0 && bytes <= room_left())
		return true;
	/* Behind each block a new chunk begins, however little stands in it. */
	return stock(&journal.spare, bytes / CHUNK_SIZE + out->insert_count + 1, CHUNK_SIZE) &&
	       stock(&journal.bare, out->insert_count, 0);
}

/* Takes a chunk off the list, which has one, and makes it the last. */
static struct journal_chunk *add_chunk(struct journal_chunk **list)
{
	struct journal_chunk *chunk = *list;

	*list = chunk_next(chunk);
	atomic_store_explicit(&chunk->next, NULL, memory_order_relaxed);
	chunk->start = journal.written;
	if (journal.last != NULL) {
		journal.last->end = journal.written;
		atomic_store_explicit(&journal.last->next, chunk, memory_order_release);
	}
	journal.last = chunk;
	return chunk;
}

static void put_bytes(const char *bytes, size_t len)
{
	while (len > 0) {
		size_t some = room_left();

		if (some == 0) {
			add_chunk(&journal.spare);
			continue;
		}
		if (some > len)
			some = len;
		memcpy(journal.last->data + (journal.written - journal.last->start), bytes, some);
		journal.written += some;
		bytes += some;
		len -= some;
	}
}

static void put_effects(const struct reply *out)
{
	size_t at = 0;

	for (size_t i = 0; i < out->insert_count; i++) {
		const struct reply_insert *insert = &out->inserts[i];

		put_bytes(out->bytes.data + at, insert->at - at);
		add_chunk(&journal.bare)->block = block_ref(insert->block);
		journal.written += insert->len;
		at = insert->at;
	}
	put_bytes(out->bytes.data + at, out->bytes.len - at);
}

static void put_slice(struct slice bytes)
{
	put_bytes(bytes.data, bytes.len);
}

static void put_select(int db)
{
	char text[EFFECT_SELECT_TEXT];

	if (db != -1 && db != journal.db)
		put_bytes(text, effect_print_select(text, (unsigned)db));
}

/* False when there is no memory: nothing has been put then. */
static bool put_unit(const struct effects *effects)
{
	bool many = effects->count > 1;

	if (reply_failed(&effects->out) || !reserve_unit(&effects->out))
		return false;
	put_select(effects->first_db);
	if (many)
		put_slice(SLICE("*1\r\n$5\r\nMULTI\r\n"));
	put_effects(&effects->out);
	if (many)
		put_slice(SLICE("*1\r\n$4\r\nEXEC\r\n"));
	if (effects->db != -1)
		journal.db = effects->db;
	return true;
}

/* Whether the unit is a single effect that fits into the last chunk as it is: no SELECT before it, nothing by
 * reference. Nearly all are. */
static bool is_plain(const struct effects *effects)
{
	const struct reply *out = &effects->out;

	return effects->count == 1 && out->insert_count == 0 && !out->bytes.failed && effects->first_db == journal.db &&
	       out->bytes.len <= room_left();
}

/* put_unit() for such a one. */
static void put_plain(const struct buffer *bytes)
{
	memcpy(journal.last->data + (journal.written - journal.last->start), bytes->data, bytes->len);
	journal.written += bytes->len;
}

/* --- what the store tells ----------------------------------------------------------------------------------------- */

static void on_set(unsigned db, const struct entry *entry)
{
	effect_set(&unit, db, entry);
}

static void on_patched(unsigned db, const struct entry *entry, size_t from, size_t len)
{
	effect_setrange(&unit, db, entry, from, len);
}

static void on_expire(unsigned db, const struct entry *entry)
{
	effect_expire(&unit, db, entry);
}

static void on_deleted(unsigned db, struct slice key)
{
	effect_del(&unit, db, key);
}

static void on_flushed(int db)
{
	if (db == KEYSPACE_ALL_DATABASES)
		effect_flushall(&unit);
	else
		effect_flushdb(&unit, (unsigned)db);
}

static void on_swapped(unsigned db, unsigned other)
{
	effect_swapdb(&unit, db, other);
}

static void publish(void)
{
	journal_own_position = journal.written;
	atomic_store_explicit(&journal_positions.committed, journal.written, memory_order_release);
}

static __attribute__((noinline)) void commit_other(void)
{
	if (put_unit(&unit))
		publish();
	else
		atomic_store_explicit(&journal.broken, true, memory_order_release);
}

static void commit_unit(void)
{
	lock_take(&journal.lock);
	if (!journal_is_broken() && journal.last != NULL) {
		if (is_plain(&unit)) {
			put_plain(&unit.out.bytes);
			publish();
		} else {
			commit_other();
		}
	}
	lock_release(&journal.lock);
	effects_clear(&unit);
}

static void on_commit(void)
{
	if (unit.count > 0)
		commit_unit();
}

static const struct keyspace_effects recorded = {
	.set = on_set,
	.patched = on_patched,
	.expire = on_expire,
	.deleted = on_deleted,
	.flushed = on_flushed,
	.swapped = on_swapped,
	.commit = on_commit,
};

const struct keyspace_effects *journal_effects(void)
{
	return &recorded;
}

/* --- exceptions --------------------------------------------------------------------------------------------------- */

void journal_forget_db(void)
{
	journal.db = -1;
}

bool journal_is_broken(void)
{
	return atomic_load_explicit(&journal.broken, memory_order_acquire);
}

void journal_mend(void)
{
	journal.db = -1;
	atomic_store_explicit(&journal.broken, false, memory_order_release);
}

/* --- positions ---------------------------------------------------------------------------------------------------- */

static void advance_position(_Atomic uint64_t *field, uint64_t position)
{
	atomic_store_explicit(field, position, memory_order_release);
	if (journal.on_release != NULL)
		journal.on_release(journal.on_release_arg);
}

void journal_release(uint64_t position)
{
	advance_position(&journal_positions.released, position);
}

void journal_set_synced(uint64_t position)
{
	advance_position(&journal_positions.synced, position);
}

void journal_stall(bool stalled)
{
	atomic_store_explicit(&journal.stalled, stalled, memory_order_release);
	if (journal.on_release != NULL)
		journal.on_release(journal.on_release_arg);
}

bool journal_is_stalled(void)
{
	return atomic_load_explicit(&journal.stalled, memory_order_acquire);
}

void journal_on_release(void (*hook)(void *arg), void *arg)
{
	journal.on_release = hook;
	journal.on_release_arg = arg;
}

/* --- reading ------------------------------------------------------------------------------------------------------ */

/* The chunk that holds, or will hold, the byte at the position; NULL when it is gone. */
static struct journal_chunk *chunk_at(uint64_t position)
{
	struct journal_chunk *chunk = journal.first;
	struct journal_chunk *next;

	if (chunk == NULL || position < chunk->start || position > journal_position())
		return NULL;
	while ((next = chunk_next(chunk)) != NULL && position >= chunk->end)
		chunk = next;
	return chunk;
}

/* The first reader of all begins the stream. With no reader, nobody commits. */
static bool begin_stream(void)
{
	if (journal.first == NULL && stock(&journal.spare, 1, CHUNK_SIZE))
		journal.first = add_chunk(&journal.spare);
	return journal.first != NULL;
}

bool journal_attach(struct journal_reader *reader, uint64_t position)
{
	struct journal_chunk *chunk;

	uv_mutex_lock(&journal.readers_lock);
	if (position == JOURNAL_NOW) {
		position = journal_position();
		chunk = begin_stream() ? journal.last : NULL;
	} else {
		chunk = chunk_at(position);
	}
	if (chunk != NULL) {
		*reader = (struct journal_reader){.chunk = chunk, .position = position};
		DL_APPEND(journal.readers, reader);
	}
	uv_mutex_unlock(&journal.readers_lock);
	return chunk != NULL;
}

/* Frees what no reader needs; the last chunk stays, because it belongs to those who commit. Under readers_lock. */
static void free_read(void)
{
	const struct journal_reader *reader;
	const struct journal_chunk *slowest = NULL;

	DL_FOREACH(journal.readers, reader)
	{
		if (slowest == NULL || reader->chunk->start < slowest->start)
			slowest = reader->chunk;
	}
	while (slowest == NULL && chunk_next(journal.first) != NULL)
		free_until(&journal.first, chunk_next(journal.first));
	if (slowest != NULL)
		free_until(&journal.first, slowest);
}

void journal_detach(struct journal_reader *reader)
{
	uv_mutex_lock(&journal.readers_lock);
	DL_DELETE(journal.readers, reader);
	free_read();
	uv_mutex_unlock(&journal.readers_lock);
}

/* The bytes of the chunk from `position` to its end, or to the committed position. */
static struct iovec chunk_piece(const struct journal_chunk *chunk, uint64_t position, uint64_t committed)
{
	bool is_last = chunk_next(chunk) == NULL;
	uint64_t end = is_last || chunk->end > committed ? committed : chunk->end;
	const char *data = chunk->block != NULL ? chunk->block->data : chunk->data;

	return (struct iovec){(void *)(uintptr_t)(data + (position - chunk->start)), (size_t)(end - position)};
}

size_t journal_peek(struct journal_reader *reader, struct iovec *pieces, size_t count, size_t max_bytes)
{
	const struct journal_chunk *chunk = reader->chunk;
	uint64_t committed = journal_position();
	uint64_t position = reader->position;
	size_t filled = 0;

	while (filled < count && position < committed && position - reader->position < max_bytes) {
		struct iovec piece = chunk_piece(chunk, position, committed);

		if (piece.iov_len > 0)
			pieces[filled++] = piece;
		position += piece.iov_len;
		if (position < committed)
			chunk = chunk_next(chunk);
	}
	return filled;
}

void journal_advance(struct journal_reader *reader, uint64_t bytes)
{
	struct journal_chunk *chunk = reader->chunk;
	struct journal_chunk *next;

	reader->position += bytes;
	while ((next = chunk_next(chunk)) != NULL && reader->position >= chunk->end)
		chunk = next;
	if (chunk == reader->chunk)
		return;
	uv_mutex_lock(&journal.readers_lock);
	reader->chunk = chunk;
	free_read();
	uv_mutex_unlock(&journal.readers_lock);
}

/* --- sleeping ----------------------------------------------------------------------------------------------------- */

/*
 * Who goes to sleep counts itself first and looks at the position then; who has committed looks at the count
 * afterwards. Both do it by changing the count, so one comes before the other: either the sleeper sees the position, or
 * it is seen.
 */
void journal_sleep(struct journal_reader *reader, uint64_t timeout_ms)
{
	uint64_t nanoseconds = timeout_ms * 1000 * 1000;

	uv_mutex_lock(&journal.sleep_lock);
	atomic_fetch_add(&journal.sleepers, 1);
	if (!reader->woken && journal_behind(reader) == 0)
		uv_cond_timedwait(&journal.awake, &journal.sleep_lock, nanoseconds);
	atomic_fetch_sub(&journal.sleepers, 1);
	reader->woken = false;
	uv_mutex_unlock(&journal.sleep_lock);
}

void journal_wake(struct journal_reader *reader)
{
	uv_mutex_lock(&journal.sleep_lock);
	reader->woken = true;
	uv_cond_broadcast(&journal.awake);
	uv_mutex_unlock(&journal.sleep_lock);
}

void journal_kick(void)
{
	static _Thread_local uint64_t kicked; /* the position when this thread last called */
	uint64_t position = journal_position();

	if (position == kicked)
		return;
	kicked = position;
	if (atomic_fetch_add(&journal.sleepers, 0) == 0)
		return;
	uv_mutex_lock(&journal.sleep_lock);
	uv_cond_broadcast(&journal.awake);
	uv_mutex_unlock(&journal.sleep_lock);
}
