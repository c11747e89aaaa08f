/*
 * What is counted of each command: calls, refusals, errors, the time spent, and how long a call took.
 *
 * Each worker counts for itself, without locks; whoever asks sums the workers. CONFIG RESETSTAT does not touch the
 * workers' figures: it sets aside what they are, and readers take that off.
 */
#ifndef CUBBY_COMMAND_STATS_H
#define CUBBY_COMMAND_STATS_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/counter.h"
#include "base/histogram.h"
#include "base/settings.h"

/* Of one command and worker. Written by the worker only. */
struct command_stats {
	counter calls;
	counter ticks;			     /* clock_ticks() spent */
	counter rejected;		     /* refused before the handler ran */
	counter failed;			     /* the handler wrote an error */
	_Atomic(struct histogram *) latency; /* owned; ticks of a call. Made by the first; NULL before */
};

/* A worker's. */
struct stats {
	struct command_stats *commands; /* owned; one for each command id */
	struct stats *next;		/* of all workers; fixed after boot */
};

/* False when there is no memory. Adds it to the list of all; called at boot. */
bool stats_init(struct stats *stats);
void stats_free(struct stats *stats);

/* Makes the histogram of a command; NULL when there is no memory. By the worker only. */
struct histogram *stats_make_latency(struct command_stats *stats);

/* Records how long one call took, if latency-tracking is on. By the worker only. */
static inline void stats_record(struct command_stats *stats, uint64_t ticks)
{
	struct histogram *latency = atomic_load_explicit(&stats->latency, memory_order_relaxed);

	if (setting_get(&settings.latency_tracking) == 0)
		return;
	if (latency == NULL)
		latency = stats_make_latency(stats);
	if (latency != NULL)
		histogram_record(latency, ticks);
}

/* The sum over all workers since the last reset. Any thread. */
struct stats_totals {
	uint64_t calls;
	uint64_t ticks;
	uint64_t rejected;
	uint64_t failed;
};
struct stats_totals stats_totals(uint16_t command_id);

/* How long the calls took since the last reset, in ticks, summed over all workers. False when none was recorded. Any
 * thread. */
bool stats_latency(uint16_t command_id, struct histogram_sum *sum);

/* CONFIG RESETSTAT. A command's histogram stays as it is when there is no memory to set it aside. Any thread. */
void stats_reset(void);

#endif
