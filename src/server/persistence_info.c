/* INFO persistence: Redis's fields in Redis's order. What belongs to a forked child is what snapshots have instead of
 * one: the memory that their queue takes. */
#include <inttypes.h>

#include "base/clock.h"
#include "server/persistence.h"

static void print(struct buffer *out, const char *name, int64_t number)
{
	buffer_printf(out, "%s:%" PRId64 "\r\n", name, number);
}

static void print_status(struct buffer *out, const char *name, bool failed)
{
	buffer_printf(out, "%s:%s\r\n", name, failed ? "err" : "ok");
}

/* Seconds that the record's present snapshot has taken so far; -1: there is none. */
static int64_t taking(const struct persistence_record *record)
{
	return record->began < 0 ? -1 : clock_realtime_ms() / 1000 - record->began;
}

/* Under the lock. */
static void print_present(const struct persistence *self, struct buffer *out)
{
	struct snapshot_figures figures = {0};

	if (self->snapshot != NULL)
		figures = snapshot_figures(self->snapshot);
	print(out, "current_cow_peak", (int64_t)figures.most);
	print(out, "current_cow_size", (int64_t)figures.memory);
	print(out, "current_cow_size_age", 0);
	buffer_printf(out, "current_fork_perc:%.2f\r\n",
		      self->snapshot != NULL && self->keys > 0 ? 100.0 * (double)figures.keys / (double)self->keys : 0);
	print(out, "current_save_keys_processed", (int64_t)figures.keys);
	print(out, "current_save_keys_total", self->snapshot != NULL ? (int64_t)self->keys : 0);
}

static void print_dump(const struct persistence *self, struct buffer *out)
{
	print(out, "rdb_changes_since_last_save", (int64_t)(keyspace_changes(self->keyspace) - self->changes_saved));
	print(out, "rdb_bgsave_in_progress", self->work == PERSISTENCE_DUMP);
	print(out, "rdb_last_save_time", self->dump.succeeded);
	print_status(out, "rdb_last_bgsave_status", self->dump.failed);
	print(out, "rdb_last_bgsave_time_sec", self->dump.took);
	print(out, "rdb_current_bgsave_time_sec", taking(&self->dump));
	print(out, "rdb_saves", (int64_t)self->dump.count);
	print(out, "rdb_last_cow_size", (int64_t)self->dump.memory);
}

static void print_aof(const struct persistence *self, const struct aof_figures *aof, struct buffer *out)
{
	bool rewrites = self->work == PERSISTENCE_REWRITE;
	bool turns = self->aof_turns > 0 || (self->aof_awaits_base && !rewrites);

	print(out, "aof_enabled", self->aof_on);
	print(out, "aof_rewrite_in_progress", rewrites);
	print(out, "aof_rewrite_scheduled", self->rewrite_wanted || turns);
	print(out, "aof_last_rewrite_time_sec", self->rewrite.took);
	print(out, "aof_current_rewrite_time_sec", taking(&self->rewrite));
	print_status(out, "aof_last_bgrewrite_status", self->rewrite.failed);
	print(out, "aof_rewrites", (int64_t)self->rewrite.count);
	print(out, "aof_rewrites_consecutive_failures", self->rewrite.failures);
	print_status(out, "aof_last_write_status", self->aof_trouble[0] != '\0');
	print(out, "aof_last_cow_size", (int64_t)self->rewrite.memory);
	buffer_append_text(out, "module_fork_in_progress:0\r\nmodule_fork_last_cow_size:0\r\n");
	if (!self->aof_on)
		return;
	print(out, "aof_current_size", (int64_t)aof->size);
	print(out, "aof_base_size", (int64_t)aof->base_size);
	print(out, "aof_pending_rewrite", 0);
	print(out, "aof_buffer_length", (int64_t)aof->queued);
	print(out, "aof_pending_bio_fsync", aof->sync_runs);
	print(out, "aof_delayed_fsync", (int64_t)aof->delayed_sync);
}

static void print_loaded(const struct load_progress *loaded, struct buffer *out)
{
	print(out, "rdb_last_load_keys_expired", (int64_t)atomic_load(&loaded->expired));
	print(out, "rdb_last_load_keys_loaded", (int64_t)atomic_load(&loaded->loaded));
}

void persistence_print(struct persistence *self, const struct load_progress *loaded, struct buffer *out)
{
	struct aof_figures aof;

	aof_figures(&aof);
	lock_take(&self->lock);
	print_present(self, out);
	print_dump(self, out);
	print_loaded(loaded, out);
	print_aof(self, &aof, out);
	lock_release(&self->lock);
}

uint64_t persistence_memory(struct persistence *self)
{
	uint64_t memory = 0;

	lock_take(&self->lock);
	if (self->snapshot != NULL)
		memory = snapshot_figures(self->snapshot).memory;
	lock_release(&self->lock);
	return memory;
}
