/* One line for each consumer and kind of change. */
#include "session/observer.h"

#include "session/notify.h"
#include "session/tracking.h"
#include "session/watch.h"

static void on_changed(uint32_t consumers, unsigned db, const struct key *key, enum keyspace_change change)
{
	bool by_itself = change == KEYSPACE_EXPIRED || change == KEYSPACE_EVICTED;

	if ((consumers & OBSERVER_WATCH) != 0)
		watch_changed(db, key);
	if ((consumers & OBSERVER_NOTIFY) != 0)
		notify_changed(db, key, change);
	if ((consumers & OBSERVER_TRACKING) != 0)
		tracking_changed(key, by_itself);
	if ((consumers & OBSERVER_BROADCAST) != 0)
		tracking_broadcast(key, by_itself);
}

static void on_flushing(int db)
{
	watch_flushing(db);
	tracking_flushing();
}

static void on_swapping(unsigned db, unsigned other)
{
	watch_swapping(db, other);
	tracking_flushing(); /* whatever was read is now another database's */
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
