/* Active expiry: each worker removes, from time to time, the keys of its share of the shards whose time has come. And
 * eviction between commands: each removes keys while memory is above maxmemory. */
#ifndef CUBBY_SERVER_CLEANER_H
#define CUBBY_SERVER_CLEANER_H

#include <stdint.h>
#include <uv.h>

#include "base/counter.h"
#include "base/random.h"
#include "store/eviction.h"
#include "store/keyspace.h"

struct cleaner {
	uv_timer_t timer;
	uv_loop_t *loop;
	struct keyspace *keyspace;
	uint32_t first;	       /* this worker's shards are first, first + step, first + 2 * step ... */
	uint32_t step;	       /* number of workers */
	uint32_t at;	       /* the shard to go on with */
	uint64_t last_tick_ns; /* when the last tick ended */
	counter spent_ns;      /* in all ticks; any thread reads it */
	counter out_of_time;   /* ticks that ended before the work; any thread reads it */
	struct eviction eviction;
	struct random random;
};

/* Starts a cleaner that is all zero on the worker's loop. Its counters are left alone: another worker, which started
 * before, may be reading them. Worker's thread. */
void cleaner_start(struct cleaner *cleaner, uv_loop_t *loop, struct keyspace *keyspace, unsigned worker,
		   unsigned workers);
void cleaner_stop(struct cleaner *cleaner);

#endif
