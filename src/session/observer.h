/*
 * The observer of the keyspace: passes every change on to those who asked for it.
 *
 * Each of them has a bit, which it sets in the shards it wants to hear of (keyspace_want_changes).
 */
#ifndef CUBBY_SESSION_OBSERVER_H
#define CUBBY_SESSION_OBSERVER_H

#include "store/keyspace.h"

enum observer_consumer {
	OBSERVER_WATCH = 1 << 0,     /* session/watch.h */
	OBSERVER_TRACKING = 1 << 1,  /* session/tracking.h: somebody has read one of the shard's keys */
	OBSERVER_BROADCAST = 1 << 2, /* likewise: somebody named a prefix */
	OBSERVER_NOTIFY = 1 << 3,    /* session/notify.h */
};

/* Has the keyspace tell. Called once at boot. */
void observer_attach(struct keyspace *keyspace);

#endif
