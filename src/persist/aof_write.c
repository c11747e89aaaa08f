/*
 * From the journal to the file.
 *
 * The happy path: what is committed is written with as few calls as can be, straight from the journal's memory, which
 * is given back then. Under `always` it is synced at once, by this thread; whoever commits meanwhile is served by the
 * next sync. Under `everysec` another thread syncs what has been written, once a second, while this one goes on
 * writing.
 *
 * Failure modes:
 *
 * - A write fails, perhaps after a part: the journal's reader stands behind what was taken, and the next try goes on
 *   there. Nothing is lost or doubled.
 * - A sync fails: nobody knows which bytes since the last good one are on the disk, and a second try would succeed
 *   without having written them (Linux drops the pages). The file is no good any more from there on (file.error); the
 *   synced position stands still until a new base, made from memory, makes it superfluous. A start before that must not
 *   find zeros where bytes were dropped, so the file is cut there, and nothing is written behind the gap.
 */
#include "base/log.h"
#include "persist/aof_state.h"
#include "persist/file.h"

enum {
	PIECES = 64,
	TURN_BYTES = 8 * 1024 * 1024, /* written before replies are released */
};

/* Cuts pieces down to `max` bytes. */
static size_t cut_pieces(struct iovec *pieces, size_t count, uint64_t max)
{
	size_t kept = 0;

	while (kept < count && max > 0) {
		if (pieces[kept].iov_len > max)
			pieces[kept].iov_len = (size_t)max;
		max -= pieces[kept++].iov_len;
	}
	return kept;
}

static int write_some(struct aof *aof, uint64_t max)
{
	struct iovec pieces[PIECES];
	size_t count = cut_pieces(pieces, journal_peek(&aof->reader, pieces, PIECES, (size_t)max), max);
	size_t written;
	int result = file_write_pieces(aof->file.fd, pieces, count, &written);

	journal_advance(&aof->reader, written);
	aof->file.size += written;
	return result;
}

/* A rewrite that was to be the first could not begin: nobody needs what was committed since. */
static void drop(struct aof *aof)
{
	if (aof->now.attached)
		journal_advance(&aof->reader, aof->until - aof->reader.position);
}

int aof_write(struct aof *aof)
{
	uint64_t end = aof->until;
	int result = 0;

	if (aof->now.rotate_at != AOF_NOWHERE && (aof_needs_base(aof) || aof->now.rotate_gap))
		return 0; /* the base that comes contains these bytes */
	if (aof->file.lost)
		return 0; /* so does the one that has been asked for */
	if (aof->file.fd < 0) {
		drop(aof);
		return 0;
	}
	if (end - aof->reader.position > TURN_BYTES)
		end = aof->reader.position + TURN_BYTES;
	while (result == 0 && aof->reader.position < end)
		result = write_some(aof, end - aof->reader.position);
	return result;
}

static void sync_failed(struct aof *aof, int error)
{
	int result = file_truncate(aof->file.fd, (int64_t)aof->file.kept);

	aof->file.error = error;
	aof->file.lost = true;
	if (result == 0)
		aof->file.size = aof->file.kept;
	log_event(LOG_WARNING, "a sync of the append-only file failed: it needs a new base",
		  LOG_TEXT_FIELD("file", aof->file.path), LOG_TEXT_FIELD("error", file_error(error)));
}

/* The file is on the disk up to this position of the stream. */
static void take_position(struct aof *aof, uint64_t position)
{
	aof->synced = position;
	aof->file.kept = aof->file.size - (aof->reader.position - position);
}

/* The other thread may be at it: if that fails, this one may have succeeded with nothing left to do. */
int aof_sync_file(struct aof *aof)
{
	uint64_t position;
	int result, other;

	if (aof->file.error != 0)
		return aof->file.error;
	result = file_sync(aof->file.fd);
	aof_sync_wait(&aof->sync);
	if (aof_sync_take(&aof->sync, &position, &other) && result == 0)
		result = other;
	if (result != 0)
		sync_failed(aof, result);
	else
		take_position(aof, aof->reader.position);
	aof_look(aof);
	return result;
}

/* Takes what the other thread has done. */
static void take_sync(struct aof *aof)
{
	uint64_t position;
	int result;

	if (!aof_sync_take(&aof->sync, &position, &result))
		return;
	if (result != 0)
		sync_failed(aof, result);
	else if (position > aof->synced)
		take_position(aof, position);
}

static void note_delay(struct aof *aof)
{
	if (aof->time_ns < aof->delayed_at_ns)
		return;
	aof->delayed_at_ns = aof->time_ns + aof->sync_ns;
	aof->delayed_sync++;
}

static void sync_every_second(struct aof *aof)
{
	if (aof->time_ns < aof->sync_at_ns)
		return;
	if (aof_sync_is_busy(&aof->sync)) {
		note_delay(aof);
		return;
	}
	aof->sync_at_ns = aof->time_ns + aof->sync_ns;
	aof_sync_begin(&aof->sync, aof->file.fd, aof->reader.position);
}

void aof_sync_by_policy(struct aof *aof)
{
	bool spared = aof->now.spare_syncs && aof->now.snapshot;
	bool flush = aof->now.stop || aof->now.flush_to > aof->kept;

	take_sync(aof);
	if (aof->file.fd < 0 || aof->file.error != 0 || aof->synced == aof->reader.position)
		return;
	if (flush || (aof->now.policy == AOF_ALWAYS && !spared))
		aof_sync_file(aof);
	else if (aof->now.policy == AOF_EVERYSEC && !spared)
		sync_every_second(aof);
}
