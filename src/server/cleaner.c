/*
 * The happy path: every 20 ms the timer goes through the worker's shards; in each, keys are reaped in small slices, the
 * lock released between two, until nothing is due. When the budget of the tick is used up first, the next tick comes
 * after 1 ms and goes on with the same shard.
 *
 * The numbers, with what was measured on a 2-core x86-64 machine: a key costs about 1 us of processor time (some 7
 * steps: it moves down the index before it dies), a slice of 128 steps holds a shard's lock for about 25 us. A tick
 * works for at least 1 ms and at most 2 ms, so no request waits 5 ms for it. Between the two, the budget is a share of
 * the time since the last tick: 40% at active-expire-effort 1, 85% at 10. While many clients are served, a turn of the
 * loop takes longer than the 1 ms that the timer asks for, and a fixed budget would let the dead pile up; a share of
 * the time does not. 40% of one thread reap 400,000 keys a second: a million that die in the same second are gone 1.5
 * seconds after its end.
 */
#include "server/cleaner.h"

#include "base/clock.h"
#include "base/settings.h"
#include "command/gate.h"
#include "command/latency.h"
#include "command/room.h"

enum {
	TICK_MS = 20,	  /* when nothing waits */
	AGAIN_MS = 1,	  /* when the budget was not enough */
	REAP_STEPS = 128, /* under one lock */
	BASE_SHARE = 35,  /* percent of the time, to which each unit of effort adds: */
	EFFORT_SHARE = 5,
};

static const uint64_t min_budget_ns = 1000 * 1000;
static const uint64_t max_budget_ns = 2 * 1000 * 1000;

static uint64_t tick_budget(const struct cleaner *cleaner, uint64_t now_ns)
{
	uint64_t percent = BASE_SHARE + EFFORT_SHARE * (uint64_t)setting_get(&settings.active_expire_effort);
	uint64_t budget = (now_ns - cleaner->last_tick_ns) * percent / 100;

	if (budget < min_budget_ns)
		return min_budget_ns;
	return budget > max_budget_ns ? max_budget_ns : budget;
}

/* Reaps one shard. False when the time was over first. */
static bool clean_shard(struct cleaner *cleaner, uint32_t shard, int64_t now, uint64_t deadline_ns)
{
	for (;;) {
		size_t done;

		keyspace_lock_shard(cleaner->keyspace, shard);
		done = keyspace_reap(cleaner->keyspace, shard, now, REAP_STEPS);
		keyspace_unlock_shard(cleaner->keyspace, shard);
		if (done < REAP_STEPS)
			return true;
		if (clock_monotonic_ns() >= deadline_ns)
			return false;
	}
}

/* Goes once through the worker's shards. False when the time was over first. */
static bool clean_round(struct cleaner *cleaner, int64_t now, uint64_t deadline_ns)
{
	uint32_t shards = keyspace_shards(cleaner->keyspace);

	for (uint32_t seen = cleaner->first; seen < shards; seen += cleaner->step) {
		if (!clean_shard(cleaner, cleaner->at, now, deadline_ns))
			return false;
		cleaner->at += cleaner->step;
		if (cleaner->at >= shards)
			cleaner->at = cleaner->first;
	}
	return true;
}

static void note_tick(struct cleaner *cleaner, uint64_t spent_ns, bool done)
{
	counter_add(&cleaner->spent_ns, spent_ns);
	counter_add(&cleaner->out_of_time, !done);
	latency_note(LATENCY_EXPIRE_CYCLE, (int64_t)(spent_ns / 1000000), clock_realtime_ms());
}

/* When the limit was lowered, no command may come to make room. False when the time was over first. */
static bool make_room(struct cleaner *cleaner, int64_t now)
{
	if (!room_is_limited())
		return true;
	return room_make(&cleaner->eviction, cleaner->keyspace, now, &cleaner->random) != ROOM_LACKING;
}

static void on_tick(uv_timer_t *timer)
{
	struct cleaner *cleaner = timer->data;
	uint64_t start_ns = clock_monotonic_ns();
	int64_t now = clock_realtime_ms();
	bool done = true;

	if (setting_get(&settings.active_expire_enabled) != 0 && !gate_spares_keys())
		done = clean_round(cleaner, now, start_ns + tick_budget(cleaner, start_ns));
	if (!gate_spares_keys())
		done = make_room(cleaner, now) && done;
	cleaner->last_tick_ns = clock_monotonic_ns();
	note_tick(cleaner, cleaner->last_tick_ns - start_ns, done);
	/* The loop's own time is that of its wake-up: without this, the work done here would count as waiting. */
	uv_update_time(cleaner->loop);
	uv_timer_start(timer, on_tick, done ? TICK_MS : AGAIN_MS, 0);
}

void cleaner_start(struct cleaner *cleaner, uv_loop_t *loop, struct keyspace *keyspace, unsigned worker,
		   unsigned workers)
{
	cleaner->loop = loop;
	cleaner->keyspace = keyspace;
	cleaner->first = worker;
	cleaner->step = workers;
	cleaner->at = worker;
	cleaner->last_tick_ns = clock_monotonic_ns();
	random_seed(&cleaner->random, cleaner->last_tick_ns + worker);
	uv_timer_init(loop, &cleaner->timer);
	cleaner->timer.data = cleaner;
	if (worker < keyspace_shards(keyspace))
		uv_timer_start(&cleaner->timer, on_tick, TICK_MS, 0);
}

void cleaner_stop(struct cleaner *cleaner)
{
	uv_close((uv_handle_t *)&cleaner->timer, NULL);
}
