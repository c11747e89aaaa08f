/*
 * The happy path, on the snapshot's thread: a file is opened under its temporary name, chunks of entries are taken from
 * the queue and formatted into it until the queue is closed, the file is finished and synced, and its target publishes
 * it.
 *
 * Failure modes: the disk, and memory (here, or where entries are handed over). The first error is kept. Whoever walks
 * learns of it from snapshot_error() and stops; until the queue is closed, chunks are taken and thrown away, so that
 * those who cannot wait do not fill the memory. The temporary file is removed.
 */
#include "persist/snapshot.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>

#include "base/counter.h"
#include "base/platform.h"
#include "persist/commands_writer.h"
#include "persist/file.h"
#include "persist/rdb_writer.h"

enum { STACK_SIZE = 2 * 1024 * 1024 }; /* bytes: to compress takes a quarter of that */

/* What a database has at the instant. */
struct expected {
	unsigned db;
	uint64_t keys, expires;
};

struct snapshot {
	struct snapshot_options options;
	struct snapshot_queue queue;
	struct expected *expected; /* owned; written before the first chunk is in the queue, read after */
	size_t expected_count;
	uv_thread_t thread;
	_Atomic int error; /* the first one; 0: none */
	counter keys;	   /* written by the thread */
	counter bytes;

	/* The thread's. */
	char *path; /* owned; of the temporary file */
	struct rdb_file file;
	union {
		struct rdb_writer rdb;
		struct commands_writer commands;
	} writer;
};

static void fail(struct snapshot *snapshot, int error)
{
	int none = 0;

	if (error != 0)
		atomic_compare_exchange_strong(&snapshot->error, &none, error);
}

int snapshot_error(const struct snapshot *snapshot)
{
	int error = atomic_load(&snapshot->error);

	return error != 0 ? error : atomic_load(&snapshot->queue.error);
}

/* --- the two formats ---------------------------------------------------------------------------------------------- */

static void format_begin(struct snapshot *snapshot)
{
	const struct snapshot_options *options = &snapshot->options;
	struct rdb_writer_options rdb = {
		.compress = options->compress,
		.checksum = options->checksum,
		.aof_base = options->aof_base,
		.now = options->now,
		.used_memory = options->used_memory,
	};

	if (options->commands)
		commands_writer_begin(&snapshot->writer.commands, rdb_file_sink(&snapshot->file));
	else
		fail(snapshot, rdb_writer_begin(&snapshot->writer.rdb, rdb_file_sink(&snapshot->file), &rdb));
}

static void format_expected(struct snapshot *snapshot)
{
	if (snapshot->options.commands)
		return;
	for (size_t i = 0; i < snapshot->expected_count; i++)
		fail(snapshot, rdb_writer_sizes(&snapshot->writer.rdb, snapshot->expected[i].db,
						snapshot->expected[i].keys, snapshot->expected[i].expires));
}

static int format_entry(struct snapshot *snapshot, const struct rdb_record *record)
{
	if (snapshot->options.commands)
		return commands_writer_entry(&snapshot->writer.commands, record);
	return rdb_writer_entry(&snapshot->writer.rdb, record);
}

static uint64_t format_size(const struct snapshot *snapshot)
{
	return snapshot->options.commands ? snapshot->writer.commands.size : snapshot->writer.rdb.size;
}

static int format_finish(struct snapshot *snapshot)
{
	if (snapshot->options.commands)
		return commands_writer_finish(&snapshot->writer.commands);
	return rdb_writer_finish(&snapshot->writer.rdb);
}

static void format_free(struct snapshot *snapshot)
{
	if (snapshot->options.commands)
		commands_writer_free(&snapshot->writer.commands);
	else
		rdb_writer_free(&snapshot->writer.rdb);
}

/* --- the thread --------------------------------------------------------------------------------------------------- */

static void open_file(struct snapshot *snapshot)
{
	int fd;

	snapshot->file = (struct rdb_file){.fd = -1, .write_back = snapshot->options.write_back};
	snapshot->path = snapshot->options.target.path(snapshot->options.target.arg);
	if (snapshot->path == NULL) {
		fail(snapshot, -ENOMEM);
		return;
	}
	fd = file_open(snapshot->path, O_WRONLY | O_CREAT | O_TRUNC);
	if (fd < 0)
		fail(snapshot, fd);
	else
		snapshot->file.fd = fd;
}

static void write_chunk(struct snapshot *snapshot, const struct snapshot_chunk *chunk)
{
	struct rdb_record record;
	uint64_t keys = 0;
	size_t at = 0;
	int error = 0;

	while (error == 0 && snapshot_chunk_next(chunk, &at, &record)) {
		error = format_entry(snapshot, &record);
		keys++;
	}
	fail(snapshot, error);
	counter_add(&snapshot->keys, keys);
	counter_set(&snapshot->bytes, format_size(snapshot));
}

static void write_chunks(struct snapshot *snapshot)
{
	struct snapshot_chunk *chunk;
	bool first = true;

	while ((chunk = snapshot_queue_take(&snapshot->queue)) != NULL) {
		if (first)
			format_expected(snapshot);
		first = false;
		if (snapshot_error(snapshot) == 0)
			write_chunk(snapshot, chunk);
		if (snapshot_queue_release(&snapshot->queue, chunk))
			snapshot->options.events.on_room(snapshot->options.events.arg);
	}
}

/* Everything is in the file: sees to it that it is on the disk, and has it published. */
static void finish_file(struct snapshot *snapshot)
{
	fail(snapshot, format_finish(snapshot));
	counter_set(&snapshot->bytes, format_size(snapshot));
	if (snapshot_error(snapshot) == 0)
		fail(snapshot, file_sync(snapshot->file.fd));
	if (snapshot->file.fd >= 0)
		fail(snapshot, file_close(snapshot->file.fd));
	if (snapshot_error(snapshot) == 0)
		fail(snapshot, snapshot->options.target.publish(snapshot->options.target.arg, snapshot->path));
}

static void snapshot_run(void *arg)
{
	struct snapshot *snapshot = arg;
	const struct snapshot_events *events = &snapshot->options.events;

	platform_name_thread("snapshot");
	open_file(snapshot);
	format_begin(snapshot);
	write_chunks(snapshot);
	finish_file(snapshot);
	format_free(snapshot);
	if (snapshot_error(snapshot) != 0 && snapshot->path != NULL)
		file_remove(snapshot->path);
	events->on_done(events->arg, snapshot_error(snapshot));
}

/* --- beginning and end -------------------------------------------------------------------------------------------- */

struct snapshot *snapshot_start(const struct snapshot_options *options, int *error)
{
	uv_thread_options_t thread = {.flags = UV_THREAD_HAS_STACK_SIZE, .stack_size = STACK_SIZE};
	struct snapshot *snapshot = calloc(1, sizeof(*snapshot));

	*error = -ENOMEM;
	if (snapshot == NULL)
		return NULL;
	snapshot->options = *options;
	if (snapshot_queue_init(&snapshot->queue, options->shards, options->queue_limit)) {
		*error = uv_thread_create_ex(&snapshot->thread, &thread, snapshot_run, snapshot);
		if (*error == 0)
			return snapshot;
	}
	snapshot_queue_free(&snapshot->queue);
	free(snapshot);
	return NULL;
}

void snapshot_expect(struct snapshot *snapshot, unsigned db, uint64_t keys, uint64_t expires)
{
	size_t size = (snapshot->expected_count + 1) * sizeof(struct expected);
	struct expected *grown = realloc(snapshot->expected, size);

	if (grown == NULL)
		return; /* the reader will find out */
	snapshot->expected = grown;
	grown[snapshot->expected_count++] = (struct expected){db, keys, expires};
}

void snapshot_finish(struct snapshot *snapshot)
{
	snapshot_queue_close(&snapshot->queue);
}

void snapshot_abandon(struct snapshot *snapshot, int error)
{
	fail(snapshot, error);
	snapshot_queue_close(&snapshot->queue);
}

void snapshot_give_up(struct snapshot *snapshot, int error)
{
	fail(snapshot, error);
}

void snapshot_free(struct snapshot *snapshot)
{
	uv_thread_join(&snapshot->thread);
	snapshot_queue_free(&snapshot->queue);
	free(snapshot->expected);
	free(snapshot->path);
	free(snapshot);
}

/* --- handing over ------------------------------------------------------------------------------------------------- */

void snapshot_take(struct snapshot *snapshot, const struct entry *entry, const struct snapshot_note *note)
{
	if (snapshot_error(snapshot) == 0)
		snapshot_queue_add(&snapshot->queue, entry, note);
}

void snapshot_shard_done(struct snapshot *snapshot, uint32_t shard)
{
	snapshot_queue_flush(&snapshot->queue, shard);
}

bool snapshot_is_full(struct snapshot *snapshot)
{
	return snapshot_queue_is_full(&snapshot->queue);
}

struct snapshot_figures snapshot_figures(const struct snapshot *snapshot)
{
	return (struct snapshot_figures){
		.keys = counter_get(&snapshot->keys),
		.bytes = counter_get(&snapshot->bytes),
		.memory = atomic_load(&snapshot->queue.memory),
		.most = atomic_load(&snapshot->queue.most),
	};
}
