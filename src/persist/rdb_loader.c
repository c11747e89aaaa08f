/* The happy path: a batch of records is read and handed over to the filler, until there are no more. */
#include "persist/rdb_loader.h"

#include <stdio.h>

#include "persist/file.h"
#include "persist/filler.h"
#include "persist/rdb_reader.h"

enum { RECORDS = 128 }; /* that are read at a time */

static int64_t source_read(void *arg, char *bytes, size_t room)
{
	return file_read(*(const int *)arg, bytes, room);
}

static void fault_set(struct load_fault *fault, const char *error)
{
	snprintf(fault->error, sizeof(fault->error), "%s", error);
	fault->damaged = false;
	fault->offset = 0;
}

/* Hands over the records that are to be loaded. False when the filler has failed. */
static bool records_put(const struct rdb_load *load, struct filler *filler, const struct rdb_record *records,
			size_t count)
{
	uint64_t dropped = 0;
	bool good = true;

	for (size_t i = 0; i < count; i++) {
		const struct rdb_record *record = &records[i];
		bool dead = load->drop_dead && record->expire_at != 0 && record->expire_at < load->now;

		dropped += dead;
		if (good && !dead)
			good = filler_put(filler, record, record->block);
		else
			block_unref(record->block);
	}
	atomic_fetch_add_explicit(&load->progress->expired, dropped, memory_order_relaxed);
	atomic_fetch_add_explicit(&load->progress->loaded, count - dropped, memory_order_relaxed);
	return good;
}

/* Reads all records; what it came to. RDB_READ_RECORDS: it was stopped, or the filler has failed. */
static enum rdb_read records_load(const struct rdb_load *load, struct rdb_reader *reader, struct filler *filler)
{
	uint64_t before = atomic_load_explicit(&load->progress->done, memory_order_relaxed);
	struct rdb_record records[RECORDS];
	enum rdb_read result;
	size_t count;

	while ((result = rdb_reader_next(reader, records, RECORDS, &count)) == RDB_READ_RECORDS) {
		atomic_store_explicit(&load->progress->done, before + rdb_reader_offset(reader), memory_order_relaxed);
		atomic_store_explicit(&load->progress->used_memory, (uint64_t)reader->facts.used_memory,
				      memory_order_relaxed);
		if (!records_put(load, filler, records, count) || atomic_load(&load->progress->stop))
			break;
		load_progress_delay(load->progress, count);
	}
	return result;
}

static bool load_with(const struct rdb_load *load, struct rdb_reader *reader, struct filler *filler,
		      struct load_fault *fault)
{
	enum rdb_read result = records_load(load, reader, filler);
	bool filled = filler_wait(filler);

	if (filled && result == RDB_READ_END)
		return true;
	if (!filled || result == RDB_READ_RECORDS) {
		fault_set(fault, filled ? "stopped" : filler_error(filler));
		return false;
	}
	fault_set(fault, reader->error);
	fault->offset = reader->error_at;
	fault->damaged = result == RDB_READ_CORRUPT;
	return false;
}

bool rdb_load(const struct rdb_load *load, int fd, uint64_t size, uint64_t *end, struct load_fault *fault)
{
	struct rdb_source source = {source_read, &fd};
	struct rdb_reader reader;
	struct filler *filler = filler_new(load->keyspace, load->threads, load->now);
	bool good = false;

	if (filler != NULL && load->merge)
		filler_merge(filler);
	if (rdb_reader_init(&reader, source, (int64_t)size, keyspace_databases(load->keyspace)) && filler != NULL)
		good = load_with(load, &reader, filler, fault);
	else
		fault_set(fault, "out of memory");
	*end = rdb_reader_offset(&reader);
	rdb_reader_free(&reader);
	filler_free(filler);
	return good;
}
