/* One line for each consumer and kind of change. */
#include "session/observer.h"

#include "session/watch.h"

static void on_changed(uint32_t consumers, unsigned db, const struct key *key, enum keyspace_change change)
{
	(void)change;
	if ((consumers & OBSERVER_WATCH) != 0)
		watch_changed(db, key);
}

static void on_flushing(int db)
{
	watch_flushing(db);
}

static void on_swapping(unsigned db, unsigned other)
{
	watch_swapping(db, other);
}

static const struct keyspace_observer observer = {
	.changed = on_changed,
	.flushing = on_flushing,
	.swapping = on_swapping,
};

void observer_attach(struct keyspace *keyspace)
{
	keyspace_observe(keyspace, &observer);
}
