/*
 * The happy path: in each turn of the loop the idle handle does a slice: steps of some entries, each under its shard's
 * lock, until the slice's time is over. When the snapshot is full the handle stops until there is room; when the last
 * shard has nothing left it stops for good.
 *
 * How long a slice may take is the whole of what clients notice. In a turn that served nobody it is SLICE_MAX_NS: a
 * client that comes meanwhile waits for no more. In one that served many it is a share of the time that they took, so
 * that a loop which is busy all the time loses that share and no more, and each of its turns becomes longer by it.
 * doc/decisions/snapshot-writer.md says how the numbers were chosen.
 */
#include "server/walker.h"

#include "base/clock.h"
#include "store/snapshot.h"

enum {
	STEP_ENTRIES = 32, /* under one lock: some 4 us */
	BUSY_PERCENT = 10, /* of the time that a turn took to serve clients */
};

static const uint64_t slice_max_ns = 20 * 1000;
static const uint64_t idle_turn_ns = 10 * 1000; /* a turn that takes no longer has served nobody, or hardly anybody */

static _Thread_local bool is_stepping;

bool walker_is_stepping(void)
{
	return is_stepping;
}

static uint64_t slice_ns(const struct walker *walker, uint64_t now_ns)
{
	uint64_t turn_ns = now_ns - walker->last_end_ns;
	uint64_t share_ns = turn_ns * BUSY_PERCENT / 100;

	return turn_ns <= idle_turn_ns || share_ns > slice_max_ns ? slice_max_ns : share_ns;
}

/* Hands over some entries. False when the worker's last shard has nothing left. */
static bool walker_step(struct walker *walker)
{
	bool more;

	is_stepping = true;
	keyspace_lock_shard(walker->keyspace, walker->at);
	more = keyspace_snapshot_step(walker->keyspace, walker->at, STEP_ENTRIES);
	if (!more)
		snapshot_shard_done(walker->snapshot, walker->at);
	keyspace_unlock_shard(walker->keyspace, walker->at);
	is_stepping = false;
	if (!more)
		walker->at += walker->step;
	return walker->at < keyspace_shards(walker->keyspace);
}

static void walker_end(struct walker *walker)
{
	uv_idle_stop(&walker->turn);
	walker->snapshot = NULL;
	walker->on_end(walker->arg);
}

static void on_turn(uv_idle_t *turn)
{
	struct walker *walker = turn->data;
	uint64_t now_ns = clock_monotonic_ns();
	uint64_t end_ns = now_ns + slice_ns(walker, now_ns);

	if (snapshot_is_full(walker->snapshot)) {
		uv_idle_stop(turn);
		return;
	}
	do {
		if (!walker_step(walker)) {
			walker_end(walker);
			return;
		}
		now_ns = clock_monotonic_ns();
	} while (now_ns < end_ns);
	walker->last_end_ns = now_ns;
}

void walker_open(struct walker *walker, uv_loop_t *loop, struct keyspace *keyspace, unsigned worker, unsigned workers)
{
	walker->loop = loop;
	walker->keyspace = keyspace;
	walker->first = worker;
	walker->step = workers;
	uv_idle_init(loop, &walker->turn);
	walker->turn.data = walker;
}

void walker_close(struct walker *walker)
{
	walker->snapshot = NULL;
	uv_close((uv_handle_t *)&walker->turn, NULL);
}

void walker_begin(struct walker *walker, struct snapshot *snapshot)
{
	if (uv_is_closing((uv_handle_t *)&walker->turn))
		return; /* by mail that the loop takes in its last turn: a handle that is begun now would never end */
	walker->snapshot = snapshot;
	walker->at = walker->first;
	walker->last_end_ns = clock_monotonic_ns();
	if (walker->at < keyspace_shards(walker->keyspace))
		uv_idle_start(&walker->turn, on_turn);
	else
		walker_end(walker);
}

void walker_go_on(struct walker *walker)
{
	if (walker->snapshot != NULL)
		uv_idle_start(&walker->turn, on_turn);
}
