/*
 * What a session has asked for, and the way of a change to those who remember reads (session/readers.h) and to those
 * who broadcast (session/broadcast.h).
 *
 * Locks, in the order in which they are taken: shards, that of broadcast.c or enabled_lock, a handle's.
 */
#include "session/tracking.h"

#include <stdlib.h>
#include <utlist.h>

#include "session/broadcast.h"
#include "session/invalidation.h"
#include "session/readers.h"

static struct lock enabled_lock;
static struct tracking *enabled;       /* under enabled_lock */
static _Atomic uint64_t enabled_count; /* of them; changed under enabled_lock */

static _Thread_local const struct session *runner;

bool tracking_init(struct keyspace *keyspace, bool locking)
{
	lock_init(&enabled_lock, locking);
	broadcast_init(keyspace, locking);
	return readers_init(keyspace);
}

void tracking_free(void)
{
	readers_free();
}

uint32_t tracking_flags(const struct session *session)
{
	const struct tracking *tracking = tracking_of(session);

	return tracking != NULL ? atomic_load_explicit(&tracking->flags, memory_order_relaxed) : 0;
}

/* --- a session's tracking ---------------------------------------------------------------------------------------- */

/* NULL when there is no memory. */
static struct tracking *tracking_need(struct session *session)
{
	struct tracking *tracking = tracking_of(session);

	if (tracking != NULL)
		return tracking;
	tracking = calloc(1, sizeof(*tracking));
	if (tracking == NULL)
		return NULL;
	tracking->self = session_handle(session);
	if (tracking->self == NULL) {
		free(tracking);
		return NULL;
	}
	atomic_store_explicit(&session->tracking, tracking, memory_order_release);
	return tracking;
}

/* From now on the session has this mode, and its messages go to `target`, whose reference is taken over. At once: who
 * finds that the old target has ended is not to mark the new one as broken. */
static void tracking_set(struct tracking *tracking, uint32_t flags, struct session_handle *target)
{
	struct session_handle *old;

	lock_take(&tracking->self->lock);
	old = tracking->target;
	tracking->target = target;
	atomic_store_explicit(&tracking->flags, flags, memory_order_relaxed);
	lock_release(&tracking->self->lock);
	session_handle_unref(old);
}

/* Enters it into the list of those that are on, or takes it out. */
static void enabled_enter(struct tracking *tracking)
{
	lock_take(&enabled_lock);
	DL_APPEND(enabled, tracking);
	atomic_fetch_add_explicit(&enabled_count, 1, memory_order_relaxed);
	lock_release(&enabled_lock);
}

static void enabled_leave(struct tracking *tracking)
{
	lock_take(&enabled_lock);
	DL_DELETE(enabled, tracking);
	atomic_fetch_sub_explicit(&enabled_count, 1, memory_order_relaxed);
	lock_release(&enabled_lock);
}

bool tracking_enable(struct session *session, struct tracking_options *options)
{
	struct tracking *tracking = tracking_need(session);

	if (tracking == NULL || ((options->flags & TRACKING_BCAST) != 0 &&
				 !broadcast_join(tracking, options->prefixes, options->prefix_count))) {
		session_handle_unref(options->target);
		return false;
	}
	if (!session_has(session, SESSION_TRACKING))
		enabled_enter(tracking);
	tracking_set(tracking, options->flags | TRACKING_ON, options->target);
	session_mark(session, SESSION_TRACKING);
	return true;
}

void tracking_disable(struct session *session, bool locked)
{
	struct tracking *tracking = tracking_of(session);

	if (!session_has(session, SESSION_TRACKING))
		return;
	enabled_leave(tracking);
	session_unmark(session, SESSION_TRACKING);
	tracking_set(tracking, 0, NULL);
	broadcast_leave(tracking, locked);
}

void tracking_leave(struct session *session)
{
	struct tracking *tracking = tracking_of(session);

	if (tracking == NULL)
		return;
	tracking_disable(session, false);
	session_handle_unref(tracking->self);
	free(tracking);
}

int64_t tracking_redirect(const struct session *session)
{
	struct tracking *tracking = tracking_of(session);
	int64_t id;

	if ((tracking_flags(session) & TRACKING_ON) == 0)
		return -1;
	lock_take(&tracking->self->lock);
	id = tracking->target != NULL ? (int64_t)tracking->target->id : 0;
	lock_release(&tracking->self->lock);
	return id;
}

struct slice tracking_prefix(const struct session *session, size_t index)
{
	const struct tracking *tracking = tracking_of(session);

	return tracking != NULL ? broadcast_prefix(tracking, index) : (struct slice){NULL, 0};
}

void tracking_caching(struct session *session)
{
	atomic_fetch_or_explicit(&tracking_of(session)->flags, TRACKING_CACHING, memory_order_relaxed);
}

void tracking_caching_over(struct session *session)
{
	if ((tracking_flags(session) & TRACKING_CACHING) != 0)
		atomic_fetch_and_explicit(&tracking_of(session)->flags, ~(uint32_t)TRACKING_CACHING,
					  memory_order_relaxed);
}

/* --- reads and changes ------------------------------------------------------------------------------------------- */

static bool mode_remembers(uint32_t flags)
{
	if ((flags & TRACKING_ON) == 0 || (flags & TRACKING_BCAST) != 0)
		return false;
	if ((flags & TRACKING_OPTIN) != 0)
		return (flags & TRACKING_CACHING) != 0;
	return (flags & TRACKING_OPTOUT) == 0 || (flags & TRACKING_CACHING) == 0;
}

void tracking_remember(struct session *session, const struct key *key)
{
	if (mode_remembers(tracking_flags(session)) && !readers_add(key, tracking_of(session)->self))
		session->ops->kill(session);
}

void tracking_changed(const struct key *key, bool by_itself)
{
	readers_changed(key, by_itself ? NULL : runner);
}

void tracking_broadcast(const struct key *key, bool by_itself)
{
	broadcast_changed(key, runner, by_itself);
}

void tracking_run_by(const struct session *session)
{
	broadcast_flush(runner); /* by the session whose batch ends */
	runner = session;
}

void tracking_flushing(void)
{
	struct invalidation message = {.all = true};
	struct tracking *tracking;

	lock_take(&enabled_lock);
	DL_FOREACH(enabled, tracking)
	{
		uint32_t flags = atomic_load_explicit(&tracking->flags, memory_order_relaxed);

		invalidation_send(tracking->self, flags & (TRACKING_ON | TRACKING_BCAST), &message);
	}
	lock_release(&enabled_lock);
	invalidation_free(&message);
	readers_clear();
}

struct tracking_figures tracking_figures(void)
{
	return (struct tracking_figures){
		.clients = atomic_load_explicit(&enabled_count, memory_order_relaxed),
		.keys = readers_keys(),
		.items = readers_items(),
		.prefixes = broadcast_prefixes(),
	};
}
