/*
 * The happy path of a snapshot: somebody reserves it (`work`), its writer's thread is started, and for an instant every
 * shard is locked: the append-only file begins a new part if it is a rewrite, the store's snapshot begins. Each
 * worker's walker is started by mail. The last one to end has worker 0 close the store's snapshot and tell the writer
 * that nothing more comes; the writer puts the file in its place and has worker 0 account for it, answer those who
 * wait, and begin what is wanted next.
 *
 * Failure modes: whatever happens, the writer's thread ends with on_done() once, and that is where a snapshot ends.
 * When the writer fails, the store's snapshot is told to hand over nothing more, and its steps go on to their end.
 *
 * Locks: shards, then the configuration's, then `lock`.
 */
#include "server/persistence.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <utlist.h>

#include "base/clock.h"
#include "base/log.h"
#include "command/gate.h"
#include "persist/file.h"
#include "persist/journal.h"
#include "server/answer.h"
#include "server/aof_switch.h"
#include "server/save_points.h"
#include "store/snapshot.h"

enum {
	TICK_MS = 100,		       /* between two looks at what is due */
	QUEUE_LIMIT = 4 * 1024 * 1024, /* bytes under way at which walkers wait */
	RETRY_SECONDS = 5,	       /* after a failure, until a save point counts again: Redis's */
	EXPECTED_MAX = 64 * 1024,      /* shards times databases that are counted at the instant */
};

static const char misconf_dump[] = "MISCONF Redis is configured to save RDB snapshots, but it's currently unable to "
				   "persist to disk. Commands that "
				   "may modify the data set are disabled, because this instance is configured to "
				   "report errors during writes if RDB "
				   "snapshotting fails (stop-writes-on-bgsave-error option). Please check the Redis "
				   "logs for details about the RDB "
				   "error.";

/* A client whose SAVE is under way, known by its session's id: it may leave before it is answered. */
struct persistence_waiter {
	uint64_t session;
	unsigned worker;
	struct persistence_waiter *next;
};

static void go_on(struct persistence *self);

static int64_t now_seconds(void)
{
	return clock_realtime_ms() / 1000;
}

static struct persistence_record *record_of(struct persistence *self, enum persistence_work work)
{
	return work == PERSISTENCE_REWRITE ? &self->rewrite : &self->dump;
}

/* --- what is refused ---------------------------------------------------------------------------------------------- */

/* Tells the gate what is wrong, if anything is. Not under the lock. */
static void tell_trouble(struct persistence *self)
{
	char text[GATE_TROUBLE_TEXT] = "";
	bool has_points = persistence_has_save_points(self);

	lock_take(&self->lock);
	if (self->dump.failed && has_points && setting_get(&settings.stop_writes_on_bgsave_error) != 0)
		snprintf(text, sizeof(text), "%s", misconf_dump);
	else if (self->aof_trouble[0] != '\0')
		snprintf(text, sizeof(text), "MISCONF Errors writing to the AOF file: %s", self->aof_trouble);
	lock_release(&self->lock);
	gate_set_trouble(text[0] != '\0' ? text : NULL);
}

bool persistence_has_save_points(struct persistence *self)
{
	bool has;

	uv_mutex_lock(&self->config->lock);
	has = config_text(self->config, CONFIG_SAVE)[0] != '\0';
	uv_mutex_unlock(&self->config->lock);
	return has;
}

/* --- the files ---------------------------------------------------------------------------------------------------- */

/* Whether no other daemon has `dir`; from now on this one has it, if it can be locked at all. */
static bool owns_dir(struct persistence *self)
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
	*strrchr(dir, '/') = '\0';
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
	if (work == PERSISTENCE_REWRITE && error == 0)
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
	tell_trouble(self);
	if (on_last != NULL)
		on_last(self->last_arg, error == 0);
	else
		go_on(self);
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
	struct snapshot_figures figures;
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
	figures = snapshot_figures(snapshot);
	snapshot_free(snapshot);
	if (work != PERSISTENCE_REWRITE) {
		work_ended(self, error, &figures);
		return;
	}
	if (error == 0) {
		/* The rewrite ends when the file has taken the base: aof_switch.c tells. */
		lock_take(&self->lock);
		self->written = figures;
		lock_release(&self->lock);
		aof_base_done(setting_get(&settings.aof_use_rdb_preamble) != 0);
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

/* Some worker's shards have nothing left. */
static void on_walker_end(void *arg)
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

/* The instant. False: the append-only file cannot begin a new part. */
static bool take_instant(struct persistence *self, struct snapshot *snapshot, enum persistence_work work)
{
	struct keyspace_snapshot_sink sink = {take_entry, self};
	bool good = true;

	keyspace_lock_all(self->keyspace);
	if (work == PERSISTENCE_REWRITE) {
		good = aof_rotate();
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

	return snapshot_start(
		&(struct snapshot_options){
			.target = {rewrite ? base_temp_path : dump_temp_path, rewrite ? base_publish : dump_publish,
				   self},
			.events = {on_room, on_done, self},
			.shards = keyspace_shards(self->keyspace),
			.queue_limit = QUEUE_LIMIT,
			.commands = rewrite && setting_get(&settings.aof_use_rdb_preamble) == 0,
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

/* Begins the work that has been reserved. False, and the work is over, when it cannot. */
static bool begin(struct persistence *self, enum persistence_work work)
{
	struct snapshot_figures none = {0};
	struct snapshot *snapshot = NULL;
	int error = -EWOULDBLOCK;

	if (work == PERSISTENCE_REWRITE || owns_dir(self))
		snapshot = start_writer(self, work, &error);
	if (snapshot == NULL) {
		work_ended(self, error, &none);
		return false;
	}
	aof_set_snapshot(true);
	atomic_store(&self->walking, self->threads);
	lock_take(&self->lock);
	self->snapshot = snapshot;
	lock_release(&self->lock);
	if (!take_instant(self, snapshot, work)) {
		snapshot_abandon(snapshot, -EIO);
		return false;
	}
	for (unsigned worker = 0; worker < self->threads; worker++)
		net_post(self->net, worker, walk_job, &self->walkers[worker]);
	log_event(LOG_NOTICE, "snapshot begun", LOG_TEXT_FIELD("kind", work == PERSISTENCE_DUMP ? "dump" : "rewrite"));
	return true;
}

/* Reserves the work. Under the lock. False: another one is under way. */
static bool reserve(struct persistence *self, enum persistence_work work)
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

static bool reserve_and_begin(struct persistence *self, enum persistence_work work)
{
	bool reserved;

	lock_take(&self->lock);
	reserved = reserve(self, work);
	lock_release(&self->lock);
	return reserved && begin(self, work);
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

/* --- what is due -------------------------------------------------------------------------------------------------- */

/* A save point has been reached, or BGSAVE SCHEDULE's time has come; after a failure not for some seconds. */
static bool dump_is_due(struct persistence *self)
{
	int64_t now = now_seconds();
	struct save_point point;
	int64_t changes, since;
	bool due, may;

	lock_take(&self->lock);
	due = self->waiting != NULL || self->on_last != NULL;
	may = !self->dump.failed || now - self->dump.tried > RETRY_SECONDS;
	due = due || (may && self->dump_wanted);
	changes = (int64_t)(keyspace_changes(self->keyspace) - self->changes_saved);
	since = now - self->dump.succeeded;
	lock_release(&self->lock);
	if (due || !may)
		return due;
	uv_mutex_lock(&self->config->lock);
	due = save_points_due(config_text(self->config, CONFIG_SAVE), since, changes, &point);
	uv_mutex_unlock(&self->config->lock);
	if (due)
		log_event(LOG_NOTICE, "a save point is reached", LOG_INT("changes", changes),
			  LOG_INT("seconds", since));
	return due;
}

/* The append-only file has grown enough, or somebody wants it to be rewritten. */
static bool rewrite_is_due(struct persistence *self)
{
	struct aof_figures figures;
	uint64_t percent = (uint64_t)setting_get(&settings.auto_aof_rewrite_percentage);
	uint64_t base;
	bool wanted, may;

	lock_take(&self->lock);
	wanted = self->rewrite_wanted;
	may = self->rewrite.failures == 0 || now_seconds() - self->rewrite.tried > RETRY_SECONDS;
	lock_release(&self->lock);
	aof_figures(&figures);
	if (!figures.open || !may)
		return figures.open && wanted && may;
	if (wanted)
		return true;
	base = figures.base_size > 0 ? figures.base_size : 1;
	return percent != 0 && figures.promised &&
	       figures.size > (uint64_t)setting_get(&settings.auto_aof_rewrite_min_size) &&
	       figures.size / base * 100 + figures.size % base * 100 / base >= percent + 100;
}

static bool is_busy(struct persistence *self)
{
	bool busy;

	lock_take(&self->lock);
	busy = self->work != PERSISTENCE_NONE;
	lock_release(&self->lock);
	return busy;
}

/* Begins what is due: nothing while keys are loaded, unless somebody waits for just that dump. Worker 0's thread. */
static void go_on(struct persistence *self)
{
	if (self->stopping || (gate_has(GATE_LOADING) && self->on_last == NULL) || is_busy(self))
		return;
	if (dump_is_due(self))
		reserve_and_begin(self, PERSISTENCE_DUMP);
	else if (rewrite_is_due(self))
		reserve_and_begin(self, PERSISTENCE_REWRITE);
}

static void on_tick(uv_timer_t *timer)
{
	tell_trouble(timer->data); /* settings may have put an end to it, or made it one */
	persistence_try_aof_again(timer->data);
	go_on(timer->data);
}

static void go_on_job(uv_loop_t *loop, void *arg)
{
	(void)loop;
	go_on(arg);
}

void persistence_want_rewrite(struct persistence *self)
{
	bool runs;

	/* Who asks while one runs, asks again if that has not helped. */
	lock_take(&self->lock);
	runs = self->work == PERSISTENCE_REWRITE && !self->abandoned;
	if (!runs)
		self->rewrite_wanted = true;
	lock_release(&self->lock);
	if (!runs)
		net_post(self->net, 0, go_on_job, self);
}

void persistence_set_aof_trouble(struct persistence *self, const char *reason)
{
	lock_take(&self->lock);
	snprintf(self->aof_trouble, sizeof(self->aof_trouble), "%s", reason != NULL ? reason : "");
	lock_release(&self->lock);
	tell_trouble(self);
}

/* --- commands ----------------------------------------------------------------------------------------------------- */

enum host_begun persistence_save_later(struct persistence *self, bool schedule, bool in_exec)
{
	enum host_begun begun = HOST_BEGUN;

	if (!in_exec && !owns_dir(self)) /* where shards are locked no file is asked for: begin() does it */
		return HOST_LOCKED;
	lock_take(&self->lock);
	if (self->work == PERSISTENCE_DUMP)
		begun = HOST_BUSY;
	else if (in_exec || (self->work != PERSISTENCE_NONE && schedule))
		begun = HOST_SCHEDULED;
	else if (!reserve(self, PERSISTENCE_DUMP))
		begun = HOST_OTHER_BUSY;
	if (begun == HOST_SCHEDULED)
		self->dump_wanted = true;
	lock_release(&self->lock);
	if (begun == HOST_SCHEDULED)
		net_post(self->net, 0, go_on_job, self);
	if (begun == HOST_BEGUN && !begin(self, PERSISTENCE_DUMP))
		return HOST_FAILED;
	return begun;
}

enum host_begun persistence_rewrite(struct persistence *self, bool in_exec)
{
	enum host_begun begun = HOST_BEGUN;
	struct aof_figures figures;

	aof_figures(&figures);
	if (!figures.open) {
		log_event(LOG_WARNING, "no rewrite: there is no append-only file, for appendonly is no");
		return HOST_FAILED;
	}
	lock_take(&self->lock);
	self->rewrite.failures = 0;
	if (self->work == PERSISTENCE_REWRITE)
		begun = HOST_BUSY;
	else if (in_exec || !reserve(self, PERSISTENCE_REWRITE))
		begun = HOST_SCHEDULED;
	if (begun == HOST_SCHEDULED)
		self->rewrite_wanted = true;
	lock_release(&self->lock);
	if (begun == HOST_SCHEDULED)
		net_post(self->net, 0, go_on_job, self);
	if (begun == HOST_BEGUN && !begin(self, PERSISTENCE_REWRITE))
		return HOST_FAILED;
	return begun;
}

void persistence_flushed(struct persistence *self)
{
	if (!persistence_has_save_points(self))
		return;
	lock_take(&self->lock);
	self->dump_wanted = true;
	lock_release(&self->lock);
	net_post(self->net, 0, go_on_job, self);
}

enum host_begun persistence_save(struct persistence *self, struct session *session, unsigned worker)
{
	struct persistence_waiter *waiter;
	bool busy;

	if (!owns_dir(self))
		return HOST_LOCKED;
	waiter = malloc(sizeof(*waiter));
	if (waiter == NULL)
		return HOST_FAILED;
	*waiter = (struct persistence_waiter){.session = session->id, .worker = worker};
	lock_take(&self->lock);
	busy = self->work == PERSISTENCE_DUMP && self->served == NULL;
	if (!busy) {
		session->ops->pause(session);
		LL_PREPEND(self->waiting, waiter);
	}
	lock_release(&self->lock);
	if (busy)
		free(waiter);
	else
		net_post(self->net, 0, go_on_job, self);
	return busy ? HOST_BUSY : HOST_BEGUN;
}

void persistence_save_last(struct persistence *self, void (*on_last)(void *arg, bool good), void *arg)
{
	bool busy;

	lock_take(&self->lock);
	self->on_last = on_last;
	self->last_arg = arg;
	busy = self->work != PERSISTENCE_NONE;
	lock_release(&self->lock);
	if (busy)
		persistence_abandon(self, -ECANCELED);
	else
		go_on(self);
}

int64_t persistence_last_save(struct persistence *self)
{
	int64_t time;

	lock_take(&self->lock);
	time = self->dump.succeeded;
	lock_release(&self->lock);
	return time;
}

/* --- life --------------------------------------------------------------------------------------------------------- */

bool persistence_open(struct persistence *self, struct config *config, struct dir_lock *dir_lock,
		      struct keyspace *keyspace, struct net *net, unsigned threads)
{
	static const struct persistence_record none = {.began = -1, .took = -1, .tried = -1};

	*self = (struct persistence){.config = config,
				     .dir_lock = dir_lock,
				     .keyspace = keyspace,
				     .net = net,
				     .threads = threads,
				     .dump = none,
				     .rewrite = none};
	self->dump.succeeded = now_seconds();
	self->changes_saved = keyspace_changes(keyspace);
	lock_init(&self->lock, true);
	self->walkers = calloc(threads, sizeof(*self->walkers));
	if (config_number(config, CONFIG_APPENDONLY) != 0) {
		self->aof_dir = strdup(config_text(config, CONFIG_DIR));
		if (self->aof_dir == NULL)
			return false;
	}
	return self->walkers != NULL;
}

void persistence_worker_start(struct persistence *self, uv_loop_t *loop, unsigned worker)
{
	struct walker *walker = &self->walkers[worker];

	walker_open(walker, loop, self->keyspace, worker, self->threads);
	walker->on_end = on_walker_end;
	walker->arg = self;
	if (worker != 0)
		return;
	uv_timer_init(loop, &self->timer);
	self->timer.data = self;
	uv_timer_start(&self->timer, on_tick, TICK_MS, TICK_MS);
}

void persistence_ready(struct persistence *self)
{
	lock_take(&self->lock);
	self->changes_saved = keyspace_changes(self->keyspace);
	lock_release(&self->lock);
	persistence_turn_aof(self);
}

void persistence_worker_stop(struct persistence *self, unsigned worker)
{
	if (self->walkers == NULL || self->walkers[worker].loop == NULL)
		return;
	walker_close(&self->walkers[worker]);
	if (worker == 0)
		uv_close((uv_handle_t *)&self->timer, NULL);
}

static void free_waiters(struct persistence_waiter *waiters)
{
	struct persistence_waiter *waiter, *next;

	LL_FOREACH_SAFE(waiters, waiter, next)
	{
		free(waiter);
	}
}

void persistence_close(struct persistence *self)
{
	self->stopping = true;
	if (self->snapshot != NULL) {
		snapshot_abandon(self->snapshot, -ECANCELED);
		snapshot_free(self->snapshot);
		self->snapshot = NULL;
	}
	persistence_close_aof(self);
	free_waiters(self->waiting);
	free_waiters(self->served);
	self->waiting = NULL;
	self->served = NULL;
}

void persistence_free(struct persistence *self)
{
	free(self->walkers);
	self->walkers = NULL;
	free(self->aof_dir);
	self->aof_dir = NULL;
}
