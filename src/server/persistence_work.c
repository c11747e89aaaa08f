/*
 * The happy path of a snapshot: somebody reserves it (`work`), its writer's thread is started, and for an instant every
 * shard is locked: the append-only file begins a new part if it is a rewrite, the store's snapshot begins. Each
 * worker's walker is started by mail. The last one to end has worker 0 close the store's snapshot and tell the writer
 * that nothing more comes; the writer puts the file in its place and has worker 0 account for it, answer those who
 * wait, and begin what is wanted next.
 *
 * Failure modes: whatever happens, done_job() runs once, on worker 0's thread, and that is where a snapshot ends; of a
 * rewrite, when the append-only file has taken its base. When the writer fails, the store's snapshot is told to hand
 * over nothing more, and its steps go on to their end.
 *
 * Locks: shards, then the configuration's, then `lock`.
 */
#include "server/persistence_work.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <utlist.h>

#include "base/clock.h"
#include "base/log.h"
#include "persist/file.h"
#include "persist/journal.h"
#include "server/answer.h"
#include "store/snapshot.h"

enum {
	QUEUE_LIMIT = 4 * 1024 * 1024, /* bytes under way at which walkers wait */
	EXPECTED_MAX = 64 * 1024,      /* shards times databases that are counted at the instant */
};

static int64_t now_seconds(void)
{
	return clock_realtime_ms() / 1000;
}

static struct persistence_record *record_of(struct persistence *self, enum persistence_work work)
{
	return work == PERSISTENCE_REWRITE ? &self->rewrite : &self->dump;
}

/* --- the files ---------------------------------------------------------------------------------------------------- */

bool persistence_owns_dir(struct persistence *self)
{
	char error[DIR_LOCK_TEXT];
	int result;

	uv_mutex_lock(&self->config->lock);
	result = dir_lock_take(self->dir_lock, config_text(self->config, CONFIG_DIR), error);
	uv_mutex_unlock(&self->config->lock);
	return result != -EWOULDBLOCK;
}

/* The path of the dump where its temporary file is, for `dir` may have changed meanwhile. NULL: no memory. */
static char *path_beside(struct persistence *self, const char *temp)
{
	char *dir = strdup(temp);
	char *path;

	if (dir == NULL)
		return NULL;
	strrchr(dir, '/')[1] = '\0';
	uv_mutex_lock(&self->config->lock);
	path = file_join(dir, config_text(self->config, CONFIG_DBFILENAME));
	uv_mutex_unlock(&self->config->lock);
	free(dir);
	return path;
}

static char *dump_temp_path(void *arg)
{
	struct persistence *self = arg;
	char name[32];
	char *path;

	snprintf(name, sizeof(name), "temp-%d.rdb", (int)getpid());
	uv_mutex_lock(&self->config->lock);
	path = file_join(config_text(self->config, CONFIG_DIR), name);
	uv_mutex_unlock(&self->config->lock);
	return path;
}

static int dump_publish(void *arg, const char *temp)
{
	char *path = path_beside(arg, temp);
	int error = path != NULL ? file_rename(temp, path) : -ENOMEM;

	if (error == 0)
		error = file_sync_parent(path);
	free(path);
	return error;
}

static char *base_temp_path(void *arg)
{
	(void)arg;
	return aof_base_path();
}

/* The append-only file gives it its name itself. */
static int base_publish(void *arg, const char *temp)
{
	(void)arg;
	(void)temp;
	return 0;
}

/* --- the end of a snapshot ---------------------------------------------------------------------------------------- */

static void answer(struct persistence *self, struct persistence_waiter *waiters, bool good)
{
	struct persistence_waiter *waiter, *next;

	LL_FOREACH_SAFE(waiters, waiter, next)
	{
		answer_paused(self->net, waiter->worker, waiter->session, good ? SLICE("+OK\r\n") : SLICE("-ERR\r\n"));
		free(waiter);
	}
}

static void log_end(enum persistence_work work, int error, const struct snapshot_figures *figures, int64_t ms)
{
	const char *kind = work == PERSISTENCE_DUMP ? "dump" : "rewrite";

	if (error == 0)
		log_event(LOG_NOTICE, "snapshot saved", LOG_TEXT_FIELD("kind", kind), LOG_INT("keys", figures->keys),
			  LOG_INT("bytes", figures->bytes), LOG_INT("ms", ms));
	else if (error == -ECANCELED)
		log_event(LOG_NOTICE, "snapshot abandoned", LOG_TEXT_FIELD("kind", kind));
	else
		log_event(LOG_WARNING, "snapshot failed", LOG_TEXT_FIELD("kind", kind),
			  LOG_TEXT_FIELD("error", file_error(error)));
}

/* Accounts for the snapshot that has ended. Under the lock. */
static void note_end(struct persistence *self, enum persistence_work work, int error,
		     const struct snapshot_figures *figures)
{
	struct persistence_record *record = record_of(self, work);
	int64_t now = now_seconds();

	record->took = now - record->began;
	record->took_ms = (int64_t)((clock_monotonic_ns() - record->began_ns) / 1000000);
	record->began = -1;
	record->memory = figures->most;
	if (error == -ECANCELED)
		return;
	record->failed = error != 0;
	record->failures = error != 0 ? record->failures + 1 : 0;
	if (error != 0)
		return;
	record->count++;
	record->succeeded = now;
	if (work == PERSISTENCE_DUMP)
		self->changes_saved = self->changes_then;
}

/* The work is over, be there a file or not. Worker 0's thread. */
static void work_ended(struct persistence *self, int error, const struct snapshot_figures *figures)
{
	struct persistence_waiter *served = NULL;
	void (*on_last)(void *arg, bool good) = NULL;
	enum persistence_work work;
	int64_t ms;

	lock_take(&self->lock);
	work = self->work;
	self->work = PERSISTENCE_NONE;
	self->abandoned = false;
	note_end(self, work, error, figures);
	ms = record_of(self, work)->took_ms;
	/* It may be that of a file that has been turned off meanwhile, and on again. */
	if (work == PERSISTENCE_REWRITE && error == 0 && aof_promises())
		self->aof_awaits_base = false;
	if (work == PERSISTENCE_DUMP) {
		served = self->served;
		self->served = NULL;
		if (self->is_last) {
			on_last = self->on_last;
			self->on_last = NULL;
		}
	}
	lock_release(&self->lock);
	log_end(work, error, figures, ms);
	aof_set_snapshot(false);
	answer(self, served, error == 0);
	persistence_tell_trouble(self);
	if (on_last != NULL)
		on_last(self->last_arg, error == 0);
	else
		persistence_go_on(self);
}

struct ending {
	struct persistence *self;
	int error;
};

static void done_job(uv_loop_t *loop, void *arg)
{
	struct ending *ending = arg;
	struct persistence *self = ending->self;
	struct snapshot *snapshot;
	struct snapshot_figures figures = {0};
	int error = ending->error;
	enum persistence_work work;

	(void)loop;
	free(ending);
	if (self->stopping)
		return;
	lock_take(&self->lock);
	snapshot = self->snapshot;
	self->snapshot = NULL;
	work = self->work;
	/* It may have been complete already when nobody wanted it any more. */
	if (work == PERSISTENCE_REWRITE && self->abandoned && error == 0)
		error = self->aof_on ? -EIO : -ECANCELED;
	lock_release(&self->lock);
	if (snapshot != NULL) { /* else it could not be begun */
		figures = snapshot_figures(snapshot);
		snapshot_free(snapshot);
	}
	if (work != PERSISTENCE_REWRITE) {
		work_ended(self, error, &figures);
		return;
	}
	if (error == 0) {
		/* The rewrite ends when the file has taken the base: aof_switch.c tells. */
		lock_take(&self->lock);
		self->written = figures;
		lock_release(&self->lock);
		aof_base_done(!self->commands);
		return;
	}
	aof_base_failed();
	work_ended(self, error, &figures);
}

static void on_done(void *arg, int error)
{
	struct persistence *self = arg;
	struct ending *ending = malloc(sizeof(*ending));

	if (ending == NULL) {
		log_event(LOG_WARNING, "no memory for a message between threads");
		abort();
	}
	*ending = (struct ending){self, error};
	net_post(self->net, 0, done_job, ending);
}

void persistence_rewritten(struct persistence *self, int error)
{
	struct snapshot_figures figures;
	struct snapshot *snapshot;
	enum persistence_work work;

	lock_take(&self->lock);
	snapshot = self->snapshot;
	work = self->work;
	figures = self->written;
	lock_release(&self->lock);
	if (work != PERSISTENCE_REWRITE)
		return;
	if (snapshot != NULL) { /* the new part could not be begun: the snapshot is for nothing */
		persistence_abandon(self, error != 0 ? error : -EIO);
		return;
	}
	work_ended(self, error, &figures);
}

/* --- the walk ----------------------------------------------------------------------------------------------------- */

static void take_entry(void *arg, uint32_t shard, unsigned db, const struct entry *entry)
{
	struct persistence *self = arg;
	struct snapshot_note note = {
		.shard = shard,
		.db = db,
		.leaves = !walker_is_stepping(),
		.idle = RDB_NOT_GIVEN,
		.freq = RDB_NOT_GIVEN,
	};

	if ((self->policy & POLICY_LRU) != 0)
		note.idle = keyspace_idle(entry, self->instant_ms);
	if ((self->policy & POLICY_LFU) != 0)
		note.freq = (int)keyspace_freq(entry, self->instant_ms);
	snapshot_take(self->snapshot, entry, &note);
}

static void walk_ended_job(uv_loop_t *loop, void *arg)
{
	struct persistence *self = arg;
	struct snapshot *snapshot = self->snapshot;

	(void)loop;
	if (self->stopping)
		return;
	keyspace_lock_all(self->keyspace);
	keyspace_snapshot_end(self->keyspace);
	keyspace_unlock_all(self->keyspace);
	if (self->abandoned)
		snapshot_abandon(snapshot, -ECANCELED);
	else
		snapshot_finish(snapshot);
}

void persistence_walked(void *arg)
{
	struct persistence *self = arg;

	if (atomic_fetch_sub(&self->walking, 1) == 1)
		net_post(self->net, 0, walk_ended_job, self);
}

static void walk_job(uv_loop_t *loop, void *arg)
{
	struct walker *walker = arg;
	struct persistence *self = walker->arg;

	(void)loop;
	if (!self->stopping)
		walker_begin(walker, self->snapshot);
}

static void room_job(uv_loop_t *loop, void *arg)
{
	struct walker *walker = arg;
	struct persistence *self = walker->arg;

	(void)loop;
	if (!self->stopping)
		walker_go_on(walker);
}

static void on_room(void *arg)
{
	struct persistence *self = arg;

	for (unsigned worker = 0; worker < self->threads; worker++)
		net_post(self->net, worker, room_job, &self->walkers[worker]);
}

/* --- the beginning ------------------------------------------------------------------------------------------------ */

/* Tells the reader-to-be how many keys there are. Every shard is locked. */
static void count_keys(struct persistence *self, struct snapshot *snapshot)
{
	unsigned databases = keyspace_databases(self->keyspace);
	uint64_t keys = 0;

	for (unsigned db = 0; db < databases; db++) {
		struct database_figures figures = {0};

		if ((uint64_t)keyspace_shards(self->keyspace) * databases > EXPECTED_MAX)
			break;
		for (uint32_t shard = 0; shard < keyspace_shards(self->keyspace); shard++)
			keyspace_add_database_figures(self->keyspace, shard, db, &figures);
		if (figures.keys > 0)
			snapshot_expect(snapshot, db, figures.keys, figures.expires);
		keys += figures.keys;
	}
	lock_take(&self->lock);
	self->keys = keys;
	lock_release(&self->lock);
}

/* It may have been turned off since the work was reserved: then it is about to be closed, and nobody would read what is
 * recorded. */
static bool aof_is_on(struct persistence *self)
{
	bool on;

	lock_take(&self->lock);
	on = self->aof_on;
	lock_release(&self->lock);
	return on;
}

/* The instant. False: the append-only file cannot begin a new part. */
static bool take_instant(struct persistence *self, struct snapshot *snapshot, enum persistence_work work)
{
	struct keyspace_snapshot_sink sink = {take_entry, self};
	bool good = true;

	keyspace_lock_all(self->keyspace);
	if (work == PERSISTENCE_REWRITE) {
		good = aof_is_on(self) && aof_rotate();
		if (good)
			keyspace_record(self->keyspace, journal_effects());
	}
	if (good) {
		lock_take(&self->lock);
		if (work == PERSISTENCE_REWRITE)
			self->rewrite_wanted = false; /* by whoever has wanted one until now */
		self->changes_then = keyspace_changes(self->keyspace);
		lock_release(&self->lock);
		self->instant_ms = clock_realtime_ms();
		self->policy = setting_get(&settings.maxmemory_policy);
		count_keys(self, snapshot);
		keyspace_snapshot_begin(self->keyspace, &sink);
	}
	keyspace_unlock_all(self->keyspace);
	return good;
}

static struct snapshot *start_writer(struct persistence *self, enum persistence_work work, int *error)
{
	bool rewrite = work == PERSISTENCE_REWRITE;

	self->commands = rewrite && setting_get(&settings.aof_use_rdb_preamble) == 0;
	return snapshot_start(
		&(struct snapshot_options){
			.target = {rewrite ? base_temp_path : dump_temp_path, rewrite ? base_publish : dump_publish,
				   self},
			.events = {on_room, on_done, self},
			.shards = keyspace_shards(self->keyspace),
			.queue_limit = QUEUE_LIMIT,
			.commands = self->commands,
			.compress = setting_get(&settings.rdbcompression) != 0,
			.checksum = config_number(self->config, CONFIG_RDBCHECKSUM) != 0,
			.aof_base = rewrite,
			.write_back = setting_get(rewrite ? &settings.aof_rewrite_incremental_fsync
							  : &settings.rdb_save_incremental_fsync) != 0,
			.now = now_seconds(),
			.used_memory = (uint64_t)keyspace_used(self->keyspace),
		},
		error);
}

bool persistence_begin(struct persistence *self, enum persistence_work work)
{
	struct snapshot *snapshot = NULL;
	int error = -EWOULDBLOCK;

	if (work == PERSISTENCE_REWRITE || persistence_owns_dir(self))
		snapshot = start_writer(self, work, &error);
	if (snapshot == NULL) {
		on_done(self, error);
		return false;
	}
	aof_set_snapshot(true);
	atomic_store(&self->walking, self->threads);
	lock_take(&self->lock);
	self->snapshot = snapshot;
	lock_release(&self->lock);
	if (!take_instant(self, snapshot, work)) {
		snapshot_abandon(snapshot, aof_is_on(self) ? -EIO : -ECANCELED);
		return false;
	}
	for (unsigned worker = 0; worker < self->threads; worker++)
		net_post(self->net, worker, walk_job, &self->walkers[worker]);
	log_event(LOG_NOTICE, "snapshot begun", LOG_TEXT_FIELD("kind", work == PERSISTENCE_DUMP ? "dump" : "rewrite"));
	return true;
}

bool persistence_reserve(struct persistence *self, enum persistence_work work)
{
	struct persistence_record *record = record_of(self, work);

	if (self->work != PERSISTENCE_NONE)
		return false;
	self->work = work;
	record->began = now_seconds();
	record->began_ns = clock_monotonic_ns();
	record->tried = record->began;
	if (work == PERSISTENCE_REWRITE) {
		self->rewrite_wanted = false;
		return true;
	}
	self->dump_wanted = false;
	self->served = self->waiting;
	self->waiting = NULL;
	self->is_last = self->on_last != NULL;
	return true;
}

void persistence_abandon(struct persistence *self, int error)
{
	lock_take(&self->lock);
	if (self->snapshot != NULL) {
		self->abandoned = true;
		snapshot_give_up(self->snapshot, error);
	}
	lock_release(&self->lock);
	keyspace_lock_all(self->keyspace);
	if (keyspace_snapshot_is_on(self->keyspace))
		keyspace_snapshot_abandon(self->keyspace);
	keyspace_unlock_all(self->keyspace);
}
