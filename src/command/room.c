/*
 * The happy path: memory is below the limit, and one comparison says so. Else keys go one by one; every few of them the
 * clock is looked at, so that the command which happens to come first does not wait for a limit that was lowered by
 * gigabytes. What it leaves is done before the next commands, and by the cleaners (server/cleaner.c).
 */
#include "command/room.h"

#include <math.h>

#include "base/clock.h"
#include "command/dispatch.h"
#include "command/latency.h"

enum {
	KEYS_A_LOOK = 16,      /* evicted between two looks at the clock */
	LINEAR_TENACITY = 10,  /* up to here, each step is: */
	LINEAR_STEP_US = 50,   /* 0.5 ms at 10, the default */
	ENDLESS_TENACITY = 100 /* no limit of time */
};

/* Above 10 each step adds 15%, as in Redis: two minutes at 99. */
static const double steep_step = 1.15;

/* The time a call may take, in clock_ticks(). */
static uint64_t time_limit(void)
{
	int64_t tenacity = setting_get(&settings.maxmemory_tenacity);
	double us = (double)tenacity * LINEAR_STEP_US;

	if (tenacity >= ENDLESS_TENACITY)
		return UINT64_MAX;
	if (tenacity > LINEAR_TENACITY)
		us = LINEAR_TENACITY * LINEAR_STEP_US * pow(steep_step, (double)(tenacity - LINEAR_TENACITY));
	return (uint64_t)(us * clock_ticks_per_us());
}

static bool is_enough(const struct keyspace *keyspace)
{
	int64_t limit = setting_get(&settings.maxmemory);

	return limit == 0 || keyspace_used(keyspace) <= limit;
}

/* Evicts until there is enough or the time is over, which began at `begin`. */
static enum room evict(struct eviction *eviction, struct keyspace *keyspace, int64_t now, struct random *random,
		       uint64_t begin)
{
	uint64_t limit = time_limit();

	for (unsigned evicted = 1; eviction_evict(eviction, keyspace, now, random); evicted++) {
		if (is_enough(keyspace))
			return ROOM_ENOUGH;
		if (evicted % KEYS_A_LOOK == 0 && clock_ticks() - begin >= limit)
			return ROOM_LACKING;
	}
	return is_enough(keyspace) ? ROOM_ENOUGH : ROOM_NONE;
}

enum room room_make(struct eviction *eviction, struct keyspace *keyspace, int64_t now, struct random *random)
{
	uint64_t begin;
	enum room room;

	if (is_enough(keyspace))
		return ROOM_ENOUGH;
	begin = clock_ticks();
	room = evict(eviction, keyspace, now, random, begin);
	latency_note(LATENCY_EVICTION_CYCLE, (int64_t)clock_ticks_to_us(clock_ticks() - begin) / 1000, now);
	return room;
}

bool room_passes(struct command_context *context, bool may_grow)
{
	enum room room;

	room = room_make(&context->dispatcher->eviction, context->keyspace, context->now, context->random);
	if (room != ROOM_NONE || !may_grow)
		return true;
	reply_error(context->reply, "OOM command not allowed when used memory > 'maxmemory'.");
	return false;
}
