/*
 * The sums, and what a reset has set aside of them. A worker's figures only grow, so what is set aside is never more
 * than a later sum of the same.
 */
#include "command/stats.h"

#include <stdlib.h>

#include "base/lock.h"
#include "command/command.h"

/* What CONFIG RESETSTAT has set aside of a command. */
struct baseline {
	struct stats_totals totals;
	struct histogram_sum *latency; /* owned; NULL: nothing */
};

/* Of all workers, fixed after boot. */
static struct stats *workers;

static struct lock baseline_lock = {.enabled = true};
static struct baseline *baselines; /* under baseline_lock; one for each command id */

/* --- a worker's -------------------------------------------------------------------------------------------------- */

bool stats_init(struct stats *stats)
{
	*stats = (struct stats){.commands = calloc(command_id_count(), sizeof(*stats->commands))};
	if (baselines == NULL)
		baselines = calloc(command_id_count(), sizeof(*baselines));
	if (stats->commands == NULL || baselines == NULL)
		return false;
	stats->next = workers;
	workers = stats;
	return true;
}

static void free_baselines(void)
{
	for (size_t id = 0; baselines != NULL && id < command_id_count(); id++)
		free(baselines[id].latency);
	free(baselines);
	baselines = NULL;
}

void stats_free(struct stats *stats)
{
	struct stats **link = &workers;

	while (*link != NULL && *link != stats)
		link = &(*link)->next;
	if (*link != NULL)
		*link = stats->next;
	for (size_t id = 0; stats->commands != NULL && id < command_id_count(); id++)
		free(atomic_load_explicit(&stats->commands[id].latency, memory_order_relaxed));
	free(stats->commands);
	if (workers == NULL)
		free_baselines();
}

struct histogram *stats_make_latency(struct command_stats *stats)
{
	struct histogram *latency = calloc(1, sizeof(*latency));

	atomic_store_explicit(&stats->latency, latency, memory_order_release);
	return latency;
}

/* --- of all workers ---------------------------------------------------------------------------------------------- */

static struct stats_totals sum_totals(uint16_t id)
{
	struct stats_totals sum = {0};

	for (const struct stats *worker = workers; worker != NULL; worker = worker->next) {
		sum.calls += counter_get(&worker->commands[id].calls);
		sum.ticks += counter_get(&worker->commands[id].ticks);
		sum.rejected += counter_get(&worker->commands[id].rejected);
		sum.failed += counter_get(&worker->commands[id].failed);
	}
	return sum;
}

static void sum_latency(uint16_t id, struct histogram_sum *sum)
{
	*sum = (struct histogram_sum){0};
	for (const struct stats *worker = workers; worker != NULL; worker = worker->next) {
		const struct histogram *latency =
			atomic_load_explicit(&worker->commands[id].latency, memory_order_acquire);

		if (latency != NULL)
			histogram_add(sum, latency);
	}
}

struct stats_totals stats_totals(uint16_t id)
{
	struct stats_totals sum;

	lock_take(&baseline_lock); /* so that nothing is set aside between the two */
	sum = sum_totals(id);
	sum.calls -= baselines[id].totals.calls;
	sum.ticks -= baselines[id].totals.ticks;
	sum.rejected -= baselines[id].totals.rejected;
	sum.failed -= baselines[id].totals.failed;
	lock_release(&baseline_lock);
	return sum;
}

bool stats_latency(uint16_t id, struct histogram_sum *sum)
{
	lock_take(&baseline_lock);
	sum_latency(id, sum);
	if (baselines[id].latency != NULL)
		histogram_subtract(sum, baselines[id].latency);
	lock_release(&baseline_lock);
	return sum->total > 0;
}

static void reset_latency(uint16_t id)
{
	struct baseline *baseline = &baselines[id];
	struct histogram_sum sum;

	sum_latency(id, &sum);
	if (sum.total == 0)
		return;
	if (baseline->latency == NULL)
		baseline->latency = malloc(sizeof(*baseline->latency));
	if (baseline->latency != NULL)
		*baseline->latency = sum;
}

void stats_reset(void)
{
	lock_take(&baseline_lock);
	for (size_t id = 0; id < command_id_count(); id++) {
		baselines[id].totals = sum_totals((uint16_t)id);
		reset_latency((uint16_t)id);
	}
	lock_release(&baseline_lock);
}
