/*
 * The registry: who is connected.
 *
 * Each worker has a registry of its own sessions, with a lock of its own that is taken only when a client comes, goes
 * or changes its name, and by whoever walks over all clients. Commands never take it on their way.
 */
#ifndef CUBBY_SESSION_REGISTRY_H
#define CUBBY_SESSION_REGISTRY_H

#include <stddef.h>

#include "base/counter.h"
#include "base/lock.h"
#include "session/session.h"

struct session_registry {
	struct lock lock;
	struct session *sessions;      /* under the lock (utlist.h) */
	counter count;		       /* any thread */
	struct session_registry *next; /* of all workers; fixed after boot */
};

/* Adds a registry to the list of all; called at boot, before other threads run. */
void session_registry_init(struct session_registry *registry, bool locking);
/* Takes it out again, at shutdown, when no other thread runs. It is empty then. */
void session_registry_free(struct session_registry *registry);

/* Calls visit for every session of every worker, under the lock of its registry, in the order in which they came.
 * visit must neither block nor make or free sessions. */
void session_registry_each(void (*visit)(struct session *session, void *arg), void *arg);

/* The handle (session/handle.h) of the session with this id, a reference; NULL: there is none, or no memory. */
struct session_handle *session_registry_handle(uint64_t id);

/* Number of sessions of all workers. Takes no lock. */
size_t session_registry_count(void);

#endif
