/*
 * The happy path: every tick of the meter all sessions are asked what they take; the sum is within the limit. What is
 * asked for are a few atomics that each connection's worker keeps up to date while something waits, so commands pay
 * nothing for it (doc/decisions/clients-memory.md).
 *
 * When the sum is above the limit, the sizes are noted, sorted, and as many of the largest are killed as it takes. They
 * are found again by their ids, because a session may end between the two walks.
 */
#include "net/crowd.h"

#include <stdlib.h>

#include "base/counter.h"
#include "base/log.h"
#include "base/settings.h"
#include "session/registry.h"

enum {
	LEAST_LIMIT = 128 * 1024, /* bytes; with less nobody could raise the limit again: Redis has the same */
};

static counter evicted;	       /* written by the meter's thread */
static counter evicted_before; /* what crowd_reset_figures() has set aside */

struct weight {
	uint64_t id;
	uint64_t bytes;
};

/* The sizes of those that may be closed. */
struct weights {
	struct weight *items; /* owned */
	size_t count;
	size_t cap;
	uint64_t total; /* bytes of all clients, whether they may be closed or not */
};

/* --- figures ---------------------------------------------------------------------------------------------------- */

static void figures_visit(struct session *session, void *arg)
{
	struct crowd_figures *figures = arg;

	figures->memory += session->ops->footprint(session);
}

void crowd_figures(struct crowd_figures *figures)
{
	*figures = (struct crowd_figures){.evicted = counter_get(&evicted) - counter_get(&evicted_before)};
	session_registry_each(figures_visit, figures);
}

void crowd_reset_figures(void)
{
	counter_set(&evicted_before, counter_get(&evicted));
}

uint64_t crowd_limit(void)
{
	int64_t wanted = setting_get(&settings.maxmemory_clients);
	double maxmemory = (double)setting_get(&settings.maxmemory);
	uint64_t limit = wanted >= 0 ? (uint64_t)wanted : (uint64_t)(maxmemory * (double)-wanted / 100);

	if (wanted == 0 || (wanted < 0 && maxmemory == 0))
		return 0;
	return limit < LEAST_LIMIT ? LEAST_LIMIT : limit;
}

/* --- closing the largest ---------------------------------------------------------------------------------------- */

/* Without memory for all of them, the first ones have to do. */
static bool weights_reserve(struct weights *weights)
{
	size_t cap = weights->cap == 0 ? 256 : 2 * weights->cap;
	struct weight *grown;

	if (weights->count < weights->cap)
		return true;
	grown = realloc(weights->items, cap * sizeof(*grown));
	if (grown == NULL)
		return false;
	weights->items = grown;
	weights->cap = cap;
	return true;
}

static void weights_visit(struct session *session, void *arg)
{
	struct weights *weights = arg;
	uint64_t bytes;

	if (session_has(session, SESSION_KILLED))
		return; /* as good as gone */
	bytes = session->ops->footprint(session);
	weights->total += bytes;
	if (!session_has(session, SESSION_NO_EVICT) && weights_reserve(weights))
		weights->items[weights->count++] = (struct weight){session->id, bytes};
}

static int larger_first(const void *a, const void *b)
{
	const struct weight *left = a;
	const struct weight *right = b;

	return left->bytes < right->bytes ? 1 : left->bytes > right->bytes ? -1 : 0;
}

static int by_id(const void *a, const void *b)
{
	const struct weight *left = a;
	const struct weight *right = b;

	return left->id < right->id ? -1 : left->id > right->id ? 1 : 0;
}

/* How many of the largest, which come first, have to go. */
static size_t weights_to_drop(const struct weights *weights, uint64_t limit)
{
	uint64_t left = weights->total;
	size_t count = 0;

	while (left > limit && count < weights->count)
		left -= weights->items[count++].bytes;
	return count;
}

static void kill_visit(struct session *session, void *arg)
{
	const struct weights *chosen = arg;
	struct weight key = {.id = session->id};
	const struct weight *weight = bsearch(&key, chosen->items, chosen->count, sizeof(key), by_id);

	if (weight == NULL)
		return;
	log_event(LOG_NOTICE, "client closed at maxmemory-clients", LOG_INT("id", session->id),
		  LOG_INT("bytes", weight->bytes));
	counter_add(&evicted, 1);
	session->ops->kill(session);
}

void crowd_shrink(uint64_t limit)
{
	struct weights weights = {0};

	session_registry_each(weights_visit, &weights);
	if (weights.total > limit && weights.count > 0) {
		qsort(weights.items, weights.count, sizeof(*weights.items), larger_first);
		weights.count = weights_to_drop(&weights, limit);
		qsort(weights.items, weights.count, sizeof(*weights.items), by_id);
		session_registry_each(kill_visit, &weights);
	}
	free(weights.items);
}
