/*
 * The thread: turns, and the sleep between them.
 *
 * A turn takes what others want, writes, rotates, saves the manifest, syncs, takes the base, and publishes what came of
 * it: the synced and released positions, trouble, figures. What fails is tried again in the next turn, a little later.
 *
 * When nothing is left to do the thread sleeps in the journal, until there is something to read. Except under `always`
 * it lingers after a write: a worker that is busy would else have to wake it after every turn of its own, and they may
 * share a core.
 */
#include <errno.h>
#include <time.h>

#include "base/clock.h"
#include "base/log.h"
#include "base/platform.h"
#include "persist/aof_state.h"
#include "persist/file.h"

enum { NS_PER_MS = 1000 * 1000 };

void aof_poke(struct aof *aof)
{
	aof->desk->requests.poked = true;
	uv_cond_broadcast(&aof->desk->changed);
	if (aof->desk->requests.attached)
		journal_wake(&aof->reader);
}

/* The position is read under the mutex: a gap in the stream, which ends it until aof_rotate() mends it, lies behind. */
static void take_requests(struct aof *aof)
{
	uv_mutex_lock(&aof->desk->mutex);
	aof->now = aof->desk->requests;
	aof->desk->requests.poked = false;
	aof->desk->requests.taken_back = false;
	aof->until = aof->now.rotate_at != AOF_NOWHERE ? aof->now.rotate_at : journal_position();
	uv_mutex_unlock(&aof->desk->mutex);
	aof->time_ns = clock_monotonic_ns();
}

/* --- trouble ------------------------------------------------------------------------------------------------------ */

/* Why the file keeps no promise, after a turn in which a step failed with `error` or none did; 0 if it does. */
static int reason_of_trouble(const struct aof *aof, int error)
{
	if (!aof->promised)
		return 0;
	if (error != 0)
		return error;
	if (aof->file.error != 0)
		return aof->file.error;
	if (aof->file.missing || aof->parts_missing)
		return -ENOENT;
	/* What was wrong is still wrong: the new increment alone does not change it. */
	return aof->file.pending ? aof->trouble : 0;
}

static void tell_trouble(struct aof *aof, int trouble)
{
	if (trouble == aof->trouble)
		return;
	aof->trouble = trouble;
	if (trouble != 0) {
		log_event(LOG_WARNING, "the append-only file cannot be written: writes are refused until it can",
			  LOG_TEXT_FIELD("error", file_error(trouble)));
		journal_stall(true);
		aof->events.on_trouble(aof->events.arg, file_error(trouble));
	} else {
		log_event(LOG_WARNING, "the append-only file is written again");
		journal_stall(false);
		aof->events.on_trouble(aof->events.arg, NULL);
	}
}

static void notice_gap(struct aof *aof)
{
	if (aof->now.rotate_at != AOF_NOWHERE || aof->file.fd < 0 || aof->file.error != 0 || !journal_is_broken())
		return;
	log_event(LOG_WARNING, "no memory for the journal: the append-only file needs a new base");
	aof->file.error = -ENOMEM;
}

static void ask_for_rewrite(struct aof *aof)
{
	if (!aof_needs_base(aof) || aof->time_ns < aof->ask_at_ns || aof->now.stop || aof->now.rotate_at != AOF_NOWHERE)
		return;
	/* The base that comes would not help. */
	if (aof->rewriting && aof->file.error == 0 && !aof->file.missing)
		return;
	aof->ask_at_ns = aof->time_ns + aof->sync_ns;
	aof->events.on_rewrite_needed(aof->events.arg);
}

/* --- what others are told ----------------------------------------------------------------------------------------- */

/* Not when a stricter policy has come in this turn: the next one knows it. */
static void publish(struct aof *aof, uint64_t position)
{
	uv_mutex_lock(&aof->desk->mutex);
	if (!aof->desk->requests.taken_back) {
		aof->released = position;
		journal_release(position);
	}
	uv_mutex_unlock(&aof->desk->mutex);
}

/* The hook is called for every change: not for changes that nobody can be waiting for. */
static void release(struct aof *aof, bool synced_only)
{
	uint64_t limit = aof->now.queue_limit;
	uint64_t position = synced_only ? aof->kept : aof->reader.position + limit;

	if (position < aof->reader.position && !synced_only)
		position = UINT64_MAX - 1;
	if (!aof->now.taken_back && position == aof->released)
		return;
	/* The reader may have passed it: by more than a small limit, or when a weaker policy comes. */
	if (!aof->now.taken_back && !synced_only && position > aof->released &&
	    aof->released > aof->reader.position + limit / 2)
		return;
	publish(aof, position);
}

void aof_release(struct aof *aof)
{
	bool spared = aof->now.spare_syncs && aof->now.snapshot;

	if (aof->promised)
		release(aof, aof->now.policy == AOF_ALWAYS && !spared);
}

static void tell_synced(struct aof *aof)
{
	bool good = !aof_needs_base(aof) && aof->saved;

	if (good && aof->synced != aof->kept) {
		aof->kept = aof->synced;
		journal_set_synced(aof->kept);
	}
}

static unsigned count_increments(const struct aof *aof)
{
	const struct manifest_file *file = NULL;
	unsigned count = 0;

	while ((file = manifest_next(&aof->manifest, MANIFEST_INCR, file)) != NULL)
		count++;
	return count;
}

static void answer(struct aof *aof)
{
	struct aof_answers *answers = &aof->desk->answers;

	uv_mutex_lock(&aof->desk->mutex);
	if (answers->synced != aof->kept || aof->trouble != 0)
		uv_cond_broadcast(&aof->desk->changed);
	answers->synced = aof->kept;
	answers->written = aof->reader.position;
	answers->trouble = aof->trouble;
	answers->bad_turns += aof->trouble != 0;
	answers->figures = (struct aof_figures){
		.open = true,
		.promised = aof->promised,
		.size = aof->other + aof->file.size,
		.base_size = aof->base,
		.sync_runs = aof_sync_is_busy(&aof->sync),
		.delayed_sync = aof->delayed_sync,
		.trouble = aof->trouble,
		.increments = count_increments(aof),
	};
	uv_mutex_unlock(&aof->desk->mutex);
}

/* --- turns -------------------------------------------------------------------------------------------------------- */

/* What is behind the position that one waits for comes first. */
static int work(struct aof *aof)
{
	int result = aof_write(aof);
	int saved;

	if (result == 0)
		aof_rotate_if_due(aof);
	saved = aof_save(aof);
	aof_sync_by_policy(aof);
	aof_take_base(aof);
	if (!aof->saved && saved == 0)
		saved = aof_save(aof);
	return result != 0 ? result : saved;
}

/* Whoever hears of it may look at the figures at once: whether the next rewrite is due, say. */
static void tell_rewritten(struct aof *aof)
{
	if (!aof->rewrite_is_over)
		return;
	aof->rewrite_is_over = false;
	aof->events.on_rewritten(aof->events.arg, aof->rewrite_error);
}

/* Returns the error that is worth a pause. */
static int turn(struct aof *aof)
{
	int error;

	take_requests(aof);
	error = work(aof);
	notice_gap(aof);
	if (aof->time_ns >= aof->look_at_ns)
		aof_look_at_all(aof);
	tell_synced(aof);
	tell_trouble(aof, reason_of_trouble(aof, error));
	aof_release(aof);
	ask_for_rewrite(aof);
	answer(aof);
	tell_rewritten(aof);
	return error;
}

/* --- sleep -------------------------------------------------------------------------------------------------------- */

static void wait_ms(struct aof *aof, uint64_t timeout_ms)
{
	uv_mutex_lock(&aof->desk->mutex);
	if (!aof->desk->requests.poked)
		uv_cond_timedwait(&aof->desk->changed, &aof->desk->mutex, timeout_ms * NS_PER_MS);
	uv_mutex_unlock(&aof->desk->mutex);
}

/* Until the next sync, or the next look at the directory. */
static uint64_t idle_ms(const struct aof *aof)
{
	uint64_t until_ns = aof->look_at_ns;

	if (aof->now.policy == AOF_EVERYSEC && aof->synced < aof->reader.position && aof->sync_at_ns < until_ns)
		until_ns = aof->sync_at_ns;
	if (until_ns <= aof->time_ns)
		return 1;
	return (until_ns - aof->time_ns) / NS_PER_MS + 1;
}

static void linger(struct aof *aof)
{
	struct timespec pause = {.tv_nsec = (long)aof->linger_us * 1000};

	if (aof->now.policy != AOF_ALWAYS && !aof->now.stop)
		nanosleep(&pause, NULL);
}

static void rest(struct aof *aof, int error, bool wrote)
{
	if (error != 0)
		wait_ms(aof, aof->retry_ms);
	else if (!aof->now.attached)
		wait_ms(aof, aof->sync_ns / NS_PER_MS);
	else if (wrote)
		linger(aof);
	else
		journal_sleep(&aof->reader, idle_ms(aof));
}

/* Whether there is nothing left that can be done before the end. */
static bool is_finished(const struct aof *aof, int error)
{
	if (!aof->now.stop)
		return false;
	return error != 0 || aof->file.fd < 0 || aof_needs_base(aof) || aof->kept == aof->until;
}

/* Until the reader is attached it is another thread's, who will attach it. */
static uint64_t read_so_far(const struct aof *aof)
{
	return aof->now.attached ? aof->reader.position : 0;
}

void aof_main(void *arg)
{
	struct aof *aof = arg;
	uint64_t before;
	int error;

	platform_name_thread("aof");
	do {
		before = read_so_far(aof);
		error = turn(aof);
		if (!is_finished(aof, error))
			rest(aof, error, read_so_far(aof) != before);
	} while (!is_finished(aof, error));
	uv_mutex_lock(&aof->desk->mutex);
	aof->desk->answers.ended = true;
	uv_cond_broadcast(&aof->desk->changed);
	uv_mutex_unlock(&aof->desk->mutex);
}
