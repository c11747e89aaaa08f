/*
 * What others see of the append-only file: its life, its settings, and the requests that its thread takes.
 *
 * Requests and answers are under one mutex, which the thread holds for a moment in each turn; nothing here waits for
 * the disk but aof_open(), aof_close(), aof_flush() and aof_base_path().
 */
#include "persist/aof.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "persist/aof_state.h"
#include "persist/file.h"

enum {
	SYNC_MS = 1000,
	RETRY_MS = 100,
	LINGER_US = 5000,
	NS_PER_MS = 1000 * 1000,
};

static struct aof aof;
static struct aof_desk desk;
static uv_once_t once = UV_ONCE_INIT;

static void desk_init(void)
{
	uv_mutex_init(&desk.mutex);
	uv_cond_init(&desk.changed);
}

static void desk_lock(void)
{
	uv_once(&once, desk_init);
	uv_mutex_lock(&desk.mutex);
}

static void desk_unlock(void)
{
	uv_mutex_unlock(&desk.mutex);
}

/* --- life --------------------------------------------------------------------------------------------------------- */

static bool init(const struct aof_options *options, struct manifest *manifest)
{
	aof = (struct aof){
		.desk = &desk,
		.parent = strdup(options->dir),
		.directory = file_join(options->dir, options->dirname),
		.filename = strdup(options->filename),
		.events = options->events,
		.sync_ns = (uint64_t)(options->sync_ms != 0 ? options->sync_ms : SYNC_MS) * NS_PER_MS,
		.retry_ms = options->retry_ms != 0 ? options->retry_ms : RETRY_MS,
		.linger_us = options->linger_us != 0 ? options->linger_us : LINGER_US,
		.manifest = *manifest,
		.file = {.fd = -1},
		.saved = true,
		.released = UINT64_MAX,
	};
	*manifest = (struct manifest){0};
	desk_lock();
	desk.requests = (struct aof_requests){.policy = options->policy,
					      .spare_syncs = options->spare_syncs,
					      .queue_limit = options->queue_limit,
					      .rotate_at = AOF_NOWHERE};
	desk.answers = (struct aof_answers){0};
	atomic_store(&desk.withdrawn, false);
	desk_unlock();
	return aof.parent != NULL && aof.directory != NULL && aof.filename != NULL;
}

static void forget(void)
{
	aof_files_close(&aof);
	free(aof.parent);
	free(aof.directory);
	free(aof.filename);
}

static bool attach(void)
{
	if (!journal_attach(&aof.reader, JOURNAL_NOW))
		return false;
	desk.requests.attached = true;
	return true;
}

/* What is in the files already was there before the journal began. */
static bool begin_stream(enum aof_policy policy)
{
	if (!attach())
		return false;
	aof.synced = aof.kept = aof.reader.position;
	desk.answers.synced = desk.answers.written = aof.kept;
	desk.answers.figures.promised = true;
	journal_set_synced(aof.kept);
	if (policy == AOF_ALWAYS) {
		aof.released = aof.kept;
		journal_release(aof.released);
	}
	return true;
}

static void on_sync_end(void *arg)
{
	(void)arg;
	desk_lock();
	aof_poke(&aof);
	desk_unlock();
}

static bool start_thread(char *error)
{
	int result;

	desk_lock();
	desk.open = true;
	desk_unlock();
	result = uv_thread_create(&aof.thread, aof_main, &aof);
	if (result == 0)
		return true;
	desk_lock();
	desk.open = false;
	desk_unlock();
	snprintf(error, AOF_ERROR_TEXT, "cannot start the thread of the append-only file: %s", file_error(result));
	return false;
}

/* All that needs the second thread. */
static bool open_files(const struct aof_options *options, enum aof_start start, char *error)
{
	if (!aof_files_open(&aof, start, options, error))
		return false;
	if (start != AOF_AWAITS_BASE && !begin_stream(options->policy)) {
		snprintf(error, AOF_ERROR_TEXT, "no memory for the journal");
		return false;
	}
	if (start_thread(error))
		return true;
	if (desk.requests.attached)
		journal_detach(&aof.reader);
	return false;
}

bool aof_open(const struct aof_options *options, enum aof_start start, struct manifest *manifest, char *error)
{
	int result = init(options, manifest) ? aof_sync_start(&aof.sync, on_sync_end, NULL) : -ENOMEM;

	if (result != 0) {
		snprintf(error, AOF_ERROR_TEXT, "cannot prepare the append-only file: %s", file_error(result));
		forget();
		return false;
	}
	if (open_files(options, start, error))
		return true;
	atomic_store(&desk.promised, false);
	aof_sync_stop(&aof.sync);
	forget();
	return false;
}

/* Why the disk does not have everything, or 0. The thread has ended. */
static int result_of_end(void)
{
	if (!aof.promised || (aof.kept == journal_position() && !aof_needs_base(&aof)))
		return 0;
	return aof.trouble != 0 ? aof.trouble : -EIO;
}

int aof_close(void)
{
	bool attached, open;
	int result;

	desk_lock();
	open = desk.open;
	desk.requests.stop = true;
	aof_poke(&aof);
	desk_unlock();
	if (!open) /* it could not be opened */
		return 0;
	uv_thread_join(&aof.thread);
	atomic_store(&desk.promised, false);
	aof_sync_stop(&aof.sync);
	result = result_of_end();
	desk_lock();
	desk.open = false;
	attached = desk.requests.attached;
	desk.requests.attached = false;
	desk_unlock();
	if (attached)
		journal_detach(&aof.reader);
	journal_stall(false);
	journal_release(UINT64_MAX);
	if (aof.trouble != 0)
		aof.events.on_trouble(aof.events.arg, NULL);
	forget();
	return result;
}

/* Whether a flush to `position` is over, with *result. */
static bool flush_is_over(uint64_t position, uint64_t bad_turns, int *result)
{
	const struct aof_answers *answers = &desk.answers;

	bool good = answers->synced >= position && answers->trouble == 0 && !journal_is_broken();

	if (!desk.open || !answers->figures.promised || good) {
		*result = 0;
		return true;
	}
	*result = answers->trouble != 0 ? answers->trouble : -EIO;
	return answers->bad_turns != bad_turns || answers->ended;
}

/* Under the desk's mutex. */
static void want(uint64_t position)
{
	if (desk.requests.flush_to < position)
		desk.requests.flush_to = position;
	if (desk.open)
		aof_poke(&aof);
}

void aof_want(uint64_t position)
{
	desk_lock();
	want(position);
	desk_unlock();
}

bool aof_promises(void)
{
	return atomic_load(&desk.promised) && !atomic_load(&desk.withdrawn);
}

void aof_withdraw(void)
{
	desk_lock();
	atomic_store(&desk.withdrawn, true);
	desk_unlock();
}

bool aof_has(uint64_t position)
{
	return aof_promises() && journal_synced() >= position;
}

int aof_flush(unsigned timeout_ms)
{
	uint64_t position = journal_position();
	uint64_t deadline_ns = uv_hrtime() + (uint64_t)timeout_ms * NS_PER_MS;
	uint64_t now_ns, bad_turns;
	int result;

	desk_lock();
	bad_turns = desk.answers.bad_turns;
	want(position);
	while (!flush_is_over(position, bad_turns, &result)) {
		now_ns = uv_hrtime();
		result = -ETIMEDOUT;
		if (now_ns >= deadline_ns)
			break;
		uv_cond_timedwait(&desk.changed, &desk.mutex, deadline_ns - now_ns);
	}
	desk_unlock();
	return result;
}

/* --- settings ----------------------------------------------------------------------------------------------------- */

void aof_set_policy(enum aof_policy policy)
{
	desk_lock();
	desk.requests.policy = policy;
	if (desk.open && policy == AOF_ALWAYS && desk.answers.figures.promised) {
		/* From now on, not from when the thread looks. */
		desk.requests.taken_back = true;
		journal_release(desk.answers.synced);
	}
	if (desk.open)
		aof_poke(&aof);
	desk_unlock();
}

void aof_set_spare_syncs(bool spare)
{
	desk_lock();
	desk.requests.spare_syncs = spare;
	if (desk.open)
		aof_poke(&aof);
	desk_unlock();
}

void aof_set_queue_limit(uint64_t bytes)
{
	desk_lock();
	desk.requests.queue_limit = bytes;
	if (desk.open)
		aof_poke(&aof);
	desk_unlock();
}

void aof_set_snapshot(bool is_written)
{
	desk_lock();
	desk.requests.snapshot = is_written;
	if (desk.open)
		aof_poke(&aof);
	desk_unlock();
}

/* --- a rewrite ---------------------------------------------------------------------------------------------------- */

/* Under the desk's mutex. */
static bool rotate(void)
{
	struct aof_requests *requests = &desk.requests;
	bool gap = journal_is_broken();

	if (!desk.open || atomic_load(&desk.withdrawn) || (!requests->attached && !attach()))
		return false;
	if (gap)
		journal_mend();
	journal_forget_db();
	/* One that was asked for before, and was not made yet, is made here instead. */
	requests->rotate_gap = gap || (requests->rotate_at != AOF_NOWHERE && requests->rotate_gap);
	requests->rotate_at = journal_position();
	requests->base = AOF_BASE_NONE;
	requests->base_said++;
	aof_poke(&aof);
	return true;
}

bool aof_rotate(void)
{
	bool rotated;

	desk_lock();
	rotated = rotate();
	desk_unlock();
	return rotated;
}

/* Asked for by the thread of a snapshot, for which the file may be closed already. */
char *aof_base_path(void)
{
	char *directory = NULL, *path = NULL;

	desk_lock();
	if (desk.open) {
		directory = strdup(aof.directory);
		path = aof_files_base_path(&aof);
	}
	desk_unlock();
	if (directory != NULL)
		file_make_directory(directory);
	free(directory);
	return path;
}

static void hand_over(struct aof_requests base)
{
	desk_lock();
	desk.requests.base = base.base;
	desk.requests.base_is_rdb = base.base_is_rdb;
	desk.requests.base_said++;
	if (desk.open)
		aof_poke(&aof);
	desk_unlock();
}

void aof_base_done(bool rdb)
{
	hand_over((struct aof_requests){.base = AOF_BASE_DONE, .base_is_rdb = rdb});
}

void aof_base_failed(void)
{
	hand_over((struct aof_requests){.base = AOF_BASE_FAILED});
}

/* --- figures ------------------------------------------------------------------------------------------------------ */

void aof_figures(struct aof_figures *figures)
{
	desk_lock();
	*figures = (struct aof_figures){0};
	if (desk.open && !atomic_load(&desk.withdrawn)) {
		*figures = desk.answers.figures;
		figures->open = true;
		figures->queued = desk.requests.attached ? journal_position() - desk.answers.written : 0;
	}
	desk_unlock();
}
