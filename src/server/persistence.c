/*
 * What is refused, what is due, the commands, and the life of it all. A snapshot's life is in persistence_work.c, the
 * append-only file's in aof_switch.c.
 *
 * Locks: shards, then the configuration's, then `lock`.
 */
#include "server/persistence.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <utlist.h>

#include "base/clock.h"
#include "base/log.h"
#include "command/gate.h"
#include "server/aof_switch.h"
#include "server/persistence_work.h"
#include "server/save_points.h"

enum {
	TICK_MS = 100,	   /* between two looks at what is due */
	RETRY_SECONDS = 5, /* after a failure, until a save point counts again: Redis's */
};

static const char misconf_dump[] = "MISCONF Redis is configured to save RDB snapshots, but it's currently unable to "
				   "persist to disk. Commands that "
				   "may modify the data set are disabled, because this instance is configured to "
				   "report errors during writes if RDB "
				   "snapshotting fails (stop-writes-on-bgsave-error option). Please check the Redis "
				   "logs for details about the RDB "
				   "error.";

static int64_t now_seconds(void)
{
	return clock_realtime_ms() / 1000;
}

/* --- what is refused ---------------------------------------------------------------------------------------------- */

void persistence_tell_trouble(struct persistence *self)
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

static bool reserve_and_begin(struct persistence *self, enum persistence_work work)
{
	bool reserved;

	lock_take(&self->lock);
	reserved = persistence_reserve(self, work);
	lock_release(&self->lock);
	return reserved && persistence_begin(self, work);
}

void persistence_go_on(struct persistence *self)
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
	persistence_tell_trouble(timer->data); /* settings may have put an end to it, or made it one */
	persistence_try_aof_again(timer->data);
	persistence_go_on(timer->data);
}

static void go_on_job(uv_loop_t *loop, void *arg)
{
	(void)loop;
	persistence_go_on(arg);
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
	persistence_tell_trouble(self);
}

/* --- commands ----------------------------------------------------------------------------------------------------- */

enum host_begun persistence_save_later(struct persistence *self, bool schedule, bool in_exec)
{
	enum host_begun begun = HOST_BEGUN;

	if (!in_exec &&
	    !persistence_owns_dir(self)) /* where shards are locked no file is asked for: persistence_begin() does it */
		return HOST_LOCKED;
	lock_take(&self->lock);
	if (self->work == PERSISTENCE_DUMP)
		begun = HOST_BUSY;
	else if (in_exec || (self->work != PERSISTENCE_NONE && schedule))
		begun = HOST_SCHEDULED;
	else if (!persistence_reserve(self, PERSISTENCE_DUMP))
		begun = HOST_OTHER_BUSY;
	if (begun == HOST_SCHEDULED)
		self->dump_wanted = true;
	lock_release(&self->lock);
	if (begun == HOST_SCHEDULED)
		net_post(self->net, 0, go_on_job, self);
	if (begun == HOST_BEGUN && !persistence_begin(self, PERSISTENCE_DUMP))
		return HOST_FAILED;
	return begun;
}

enum host_begun persistence_rewrite(struct persistence *self, bool in_exec)
{
	enum host_begun begun = HOST_BEGUN;
	struct aof_figures figures;

	aof_figures(&figures);
	if (!figures.open) {
		log_event(LOG_WARNING, "no rewrite: appendonly is no, or the append-only file could not be opened");
		return HOST_FAILED;
	}
	lock_take(&self->lock);
	self->rewrite.failures = 0;
	if (self->work == PERSISTENCE_REWRITE)
		begun = HOST_BUSY;
	else if (in_exec || !persistence_reserve(self, PERSISTENCE_REWRITE))
		begun = HOST_SCHEDULED;
	if (begun == HOST_SCHEDULED)
		self->rewrite_wanted = true;
	lock_release(&self->lock);
	if (begun == HOST_SCHEDULED)
		net_post(self->net, 0, go_on_job, self);
	if (begun == HOST_BEGUN && !persistence_begin(self, PERSISTENCE_REWRITE))
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

	if (!persistence_owns_dir(self))
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
		persistence_go_on(self);
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
	walker->on_end = persistence_walked;
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
