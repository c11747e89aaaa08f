/*
 * The append-only file goes on at the start (persistence_start_aof), or by CONFIG SET appendonly yes: then it is opened
 * in the background, for its directory may have to be read, and asks for a base; once that is there it promises what
 * appendfsync says. What keeps it from being opened refuses writes, and it is tried again. It goes off by CONFIG SET
 * appendonly no: nothing is recorded any more, and the file is closed in the background. Both are background jobs, so
 * they happen in the order in which they were asked for.
 */
#include "server/aof_switch.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/background.h"
#include "base/clock.h"
#include "base/log.h"
#include "command/gate.h"
#include "persist/file.h"
#include "persist/journal.h"
#include "server/data_dir.h"
#include "server/persistence_work.h"

static enum aof_policy policy(void)
{
	switch (setting_get(&settings.appendfsync)) {
	case SETTINGS_SYNC_ALWAYS:
		return AOF_ALWAYS;
	case SETTINGS_SYNC_NO:
		return AOF_NO;
	default:
		return AOF_EVERYSEC;
	}
}

void persistence_apply_settings(struct persistence *self)
{
	(void)self;
	aof_set_policy(policy());
	aof_set_spare_syncs(setting_get(&settings.no_appendfsync_on_rewrite) != 0);
	aof_set_queue_limit((uint64_t)setting_get(&settings.aof_queue_limit));
}

/* --- what the file tells (on its thread) -------------------------------------------------------------------------- */

/* The file has logged it. */
static void on_trouble(void *arg, const char *reason)
{
	persistence_set_aof_trouble(arg, reason);
}

static void on_rewrite_needed(void *arg)
{
	persistence_want_rewrite(arg);
}

struct rewritten {
	struct persistence *self;
	int error;
};

static void rewritten_job(uv_loop_t *loop, void *arg)
{
	struct rewritten *rewritten = arg;

	(void)loop;
	if (!rewritten->self->stopping)
		persistence_rewritten(rewritten->self, rewritten->error);
	free(rewritten);
}

static void on_rewritten(void *arg, int error)
{
	struct persistence *self = arg;
	struct rewritten *rewritten = malloc(sizeof(*rewritten));

	if (rewritten == NULL) {
		log_event(LOG_WARNING, "no memory for a message between threads");
		abort();
	}
	*rewritten = (struct rewritten){self, error};
	net_post(self->net, 0, rewritten_job, rewritten);
}

/* --- on ----------------------------------------------------------------------------------------------------------- */

/* What of the options is text, copied: dir may change while the file is opened. */
struct names {
	char *dir, *dirname, *filename;
};

static void names_free(struct names *names)
{
	free(names->dir);
	free(names->dirname);
	free(names->filename);
}

static bool names_take(struct persistence *self, struct names *names)
{
	uv_mutex_lock(&self->config->lock);
	names->dir = strdup(config_text(self->config, CONFIG_DIR));
	names->dirname = strdup(config_text(self->config, CONFIG_APPENDDIRNAME));
	names->filename = strdup(config_text(self->config, CONFIG_APPENDFILENAME));
	uv_mutex_unlock(&self->config->lock);
	return names->dir != NULL && names->dirname != NULL && names->filename != NULL;
}

static bool open_file(struct persistence *self, const struct names *names, enum aof_start start,
		      struct manifest *manifest, char *error)
{
	struct aof_options options = {
		.dir = names->dir,
		.dirname = names->dirname,
		.filename = names->filename,
		.policy = policy(),
		.spare_syncs = setting_get(&settings.no_appendfsync_on_rewrite) != 0,
		.rdb_base = setting_get(&settings.aof_use_rdb_preamble) != 0,
		.rdb = {.checksum = config_number(self->config, CONFIG_RDBCHECKSUM) != 0,
			.aof_base = true,
			.now = clock_realtime_ms() / 1000,
			.used_memory = (uint64_t)keyspace_used(self->keyspace)},
		.queue_limit = (uint64_t)setting_get(&settings.aof_queue_limit),
		.events = {on_trouble, on_rewrite_needed, on_rewritten, self},
	};

	return aof_open(&options, start, manifest, error);
}

bool persistence_start_aof(struct persistence *self, enum aof_start start, struct manifest *manifest, char *error)
{
	struct names names = {0};
	bool good = names_take(self, &names);

	if (good)
		good = open_file(self, &names, start, manifest, error);
	else
		snprintf(error, AOF_ERROR_TEXT, "out of memory");
	names_free(&names);
	if (!good)
		return false;
	self->aof_on = true;
	self->aof_open = true;
	if (start != AOF_AWAITS_BASE) { /* else from its rotation on */
		keyspace_lock_all(self->keyspace);
		keyspace_record(self->keyspace, journal_effects());
		keyspace_unlock_all(self->keyspace);
	}
	return true;
}

/* The manifest that is on the disk, or an empty one. */
static bool read_manifest(const struct names *names, struct manifest *manifest, char *error)
{
	char *directory = file_join(names->dir, names->dirname);
	char *path = directory != NULL ? manifest_path(directory, names->filename) : NULL;
	struct manifest_error why = {.code = -EINVAL};
	bool good = path != NULL;

	if (!good)
		snprintf(error, AOF_ERROR_TEXT, "out of memory");
	if (good && file_size_at(path) != -ENOENT) {
		good = manifest_load(manifest, path, &why);
		if (!good)
			snprintf(error, AOF_ERROR_TEXT, "the manifest cannot be read: %s: %s", path,
				 why.code != 0 ? file_error(why.code) : why.text);
	}
	free(path);
	free(directory);
	return good;
}

/* Told once, however often it is tried. */
static void could_not_open(struct persistence *self, const char *error)
{
	bool is_new;

	lock_take(&self->lock);
	is_new = strncmp(self->aof_trouble, error, sizeof(self->aof_trouble) - 1) != 0;
	self->aof_try_again = true;
	lock_release(&self->lock);
	if (is_new)
		log_event(LOG_WARNING, "cannot turn the append-only file on: writes are refused until it is",
			  LOG_TEXT_FIELD("error", error));
	persistence_set_aof_trouble(self, error);
}

static void turn_on(void *arg)
{
	struct persistence *self = arg;
	struct manifest manifest = {0};
	struct names names = {0};
	char error[AOF_ERROR_TEXT] = "out of memory";

	if (self->aof_open)
		return; /* tried once more than needed */
	self->aof_open = names_take(self, &names) && read_manifest(&names, &manifest, error) &&
			 open_file(self, &names, AOF_AWAITS_BASE, &manifest, error);
	if (self->aof_open)
		persistence_set_aof_trouble(self, NULL); /* it asks for its base itself */
	else
		could_not_open(self, error);
	manifest_free(&manifest);
	names_free(&names);
}

void persistence_try_aof_again(struct persistence *self)
{
	bool due;

	lock_take(&self->lock);
	due = self->aof_on && self->aof_try_again;
	self->aof_try_again = false;
	lock_release(&self->lock);
	if (due)
		background_run(turn_on, self);
}

enum persistence_base persistence_base(struct persistence *self)
{
	enum persistence_base base = PERSISTENCE_BASE_GOOD;
	struct aof_figures figures;

	aof_figures(&figures);
	lock_take(&self->lock);
	if (self->aof_on && !figures.promised)
		base = self->aof_trouble[0] != '\0' || self->rewrite.failures > 0 ? PERSISTENCE_BASE_FAILED
										  : PERSISTENCE_BASE_COMES;
	lock_release(&self->lock);
	return base;
}

/* --- off ---------------------------------------------------------------------------------------------------------- */

static void close_file(struct persistence *self)
{
	int error = self->aof_open ? aof_close() : 0;

	self->aof_open = false;
	if (error != 0)
		log_event(LOG_WARNING, "the append-only file does not have everything",
			  LOG_TEXT_FIELD("error", file_error(error)));
}

static void turn_off(void *arg)
{
	struct persistence *self = arg;

	close_file(self);
	persistence_set_aof_trouble(self, NULL);
	/* A rewrite whose base has been handed over hears nothing from a file that is closed. */
	on_rewritten(self, -ECANCELED);
}

void persistence_close_aof(struct persistence *self)
{
	background_wait(); /* for the turns that were asked for before */
	close_file(self);
	self->aof_on = false;
}

struct turning {
	struct persistence *self;
	bool on;
};

/* On worker 0's thread: shards are locked, which nobody may who holds the configuration's lock. */
static void turn_job(uv_loop_t *loop, void *arg)
{
	struct turning turning = *(struct turning *)arg;
	struct persistence *self = turning.self;
	bool is_new, rewrites;

	(void)loop;
	free(arg);
	lock_take(&self->lock);
	rewrites = self->work == PERSISTENCE_REWRITE;
	self->aof_turns--;
	/* What is set while the data is loaded takes effect when it is (persistence_ready). */
	is_new = !self->stopping && !gate_has(GATE_LOADING) && self->aof_on != turning.on;
	if (is_new) {
		self->aof_try_again = false;
		self->aof_on = turning.on;
		self->aof_awaits_base = turning.on;
	}
	lock_release(&self->lock);
	if (!is_new)
		return;
	if (turning.on) {
		background_run(turn_on, self);
		return;
	}
	log_event(LOG_WARNING, "the append-only file ends here and is left as it is",
		  LOG_TEXT_FIELD("advice", "a start with appendonly yes would load it without what comes after: "
					   "set it in the configuration file, too, or move the file away"));
	if (rewrites)
		persistence_abandon(self, -ECANCELED);
	keyspace_lock_all(self->keyspace);
	keyspace_record(self->keyspace, NULL);
	aof_withdraw();
	keyspace_unlock_all(self->keyspace);
	background_run(turn_off, self);
}

static void post_turn(struct persistence *self, bool on)
{
	struct turning *turning = malloc(sizeof(*turning));

	if (turning == NULL)
		return;
	*turning = (struct turning){self, on};
	lock_take(&self->lock);
	self->aof_turns++;
	lock_release(&self->lock);
	net_post(self->net, 0, turn_job, turning);
}

void persistence_turn_aof(struct persistence *self)
{
	bool on;

	uv_mutex_lock(&self->config->lock);
	on = config_number(self->config, CONFIG_APPENDONLY) != 0;
	uv_mutex_unlock(&self->config->lock);
	if (on != self->aof_on)
		post_turn(self, on);
}

/* --- settings ----------------------------------------------------------------------------------------------------- */

bool persistence_apply_appendonly(struct persistence *self, bool on, char *error)
{
	const char *dir = config_text(self->config, CONFIG_DIR);

	if (on && dir_lock_take(self->dir_lock, dir, error) != 0)
		return false;
	if (on && self->aof_dir == NULL)
		self->aof_dir = strdup(dir);
	if (!on) {
		free(self->aof_dir);
		self->aof_dir = NULL;
	}
	post_turn(self, on);
	return true;
}

/* The file stays where it is: a start would look for it in the other directory, and find nothing or another one. */
bool persistence_apply_dir(struct persistence *self, char *error)
{
	if (self->aof_dir == NULL || config_number(self->config, CONFIG_APPENDONLY) == 0 ||
	    data_dir_is(config_text(self->config, CONFIG_DIR), self->aof_dir))
		return true;
	snprintf(error, CONFIG_ERROR_TEXT,
		 "the append-only file is in the present directory: turn it off first (CONFIG SET appendonly no)");
	return false;
}
