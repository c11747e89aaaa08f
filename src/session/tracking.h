/*
 * Client-side caching: sessions that keep copies of values and want to be told when those go stale
 * (https://redis.io/docs/manual/client-side-caching/).
 *
 * In the default mode the daemon remembers which session has read which key, in a table for each shard under its lock;
 * when the key changes, each of them is sent one invalidation and the key is forgotten. In broadcasting mode nothing is
 * remembered: a session names prefixes and is told of every change to a key that begins with one.
 *
 * As in Redis, a key is remembered by its name alone: a change in any database invalidates it.
 *
 * A change is told before it is made, while the key's shard is locked. Who hears of it and asks for the key again waits
 * for that lock, and so gets the new value.
 */
#ifndef CUBBY_SESSION_TRACKING_H
#define CUBBY_SESSION_TRACKING_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/slice.h"
#include "session/handle.h"
#include "session/session.h"
#include "store/keyspace.h"

enum tracking_flag {
	TRACKING_ON = 1 << 0,
	TRACKING_BCAST = 1 << 1,
	TRACKING_OPTIN = 1 << 2,  /* remember only what is read behind CLIENT CACHING YES */
	TRACKING_OPTOUT = 1 << 3, /* do not remember what is read behind CLIENT CACHING NO */
	TRACKING_NOLOOP = 1 << 4, /* not told of its own changes */
	TRACKING_BROKEN = 1 << 5, /* the session that messages went to has ended */
	TRACKING_CACHING = 1 << 6 /* CLIENT CACHING was given, for the next command */
};

/* What a session has asked for. Made when it first turns tracking on, and kept until it ends. */
struct tracking {
	_Atomic uint32_t flags;	       /* enum tracking_flag; any thread */
	struct session_handle *self;   /* owned reference */
	struct session_handle *target; /* owned, under self's lock: where messages go; NULL: to the session */
	struct tracking_prefix *
		*prefixes; /* owned array, by the order of their bytes; changed by the session's thread */
	size_t prefix_count;
	struct tracking *prev, *next; /* of all that are on (utlist.h) */
};

/* What the session has asked for; NULL: nothing yet. Acquire: another thread may have made it. */
static inline struct tracking *tracking_of(const struct session *session)
{
	return atomic_load_explicit(&session->tracking, memory_order_acquire);
}

/* Makes the tables for a keyspace; called once at boot. False when there is no memory. */
bool tracking_init(struct keyspace *keyspace, bool locking);
void tracking_free(void);

/* --- one session (its own thread) -------------------------------------------------------------------------------- */

/* What CLIENT TRACKING ON was given. */
struct tracking_options {
	uint32_t flags;		       /* of enum tracking_flag */
	struct session_handle *target; /* one reference, taken over; NULL: none */
	const struct slice *prefixes;  /* with TRACKING_BCAST; none is the empty one, which every key begins with */
	size_t prefix_count;
};

/* Turns tracking on, or adds prefixes. Every shard is locked. False when there is no memory. */
bool tracking_enable(struct session *session, struct tracking_options *options);

/* Turns it off. What was read is remembered until it changes, and not told. No shard is locked by the caller unless
 * all are (`locked`). */
void tracking_disable(struct session *session, bool locked);

/* Frees what an ending session has. It is in no registry any more, and its handle is empty. */
void tracking_leave(struct session *session);

/* enum tracking_flag; 0 when it is off. Any thread that knows the session to live. */
uint32_t tracking_flags(const struct session *session);

/* The id that messages are redirected to, 0: none, -1: tracking is off. Its own thread, or under the registry's lock.
 */
int64_t tracking_redirect(const struct session *session);

/* The prefix number `index`, in the order of their bytes; data NULL behind the last. */
struct slice tracking_prefix(const struct session *session, size_t index);

/* CLIENT CACHING was given; the next command is to behave so. */
void tracking_caching(struct session *session);

/* A command has run, or was refused, that was not CLIENT, and no transaction is open: CLIENT CACHING has had its
 * effect. */
void tracking_caching_over(struct session *session);

/* The session has read the key, which is to be remembered if its mode says so. The key's shard is locked. */
void tracking_remember(struct session *session, const struct key *key);

/* --- who changes keys -------------------------------------------------------------------------------------------- */

/* The session whose commands this thread runs from now on; NULL: none. When it ends, what broadcasting sessions are to
 * be told of this batch of commands is sent. */
void tracking_run_by(const struct session *session);

/* --- changes, as the observer hears of them --------------------------------------------------------------------- */

/* To those who have read it, or have named a prefix. A key that goes `by_itself` (expired, evicted) is nobody's own
 * change, though somebody's command came across it: NOLOOP does not keep it from being told. Its shard is locked. */
void tracking_changed(const struct key *key, bool by_itself);
void tracking_broadcast(const struct key *key, bool by_itself);
void tracking_flushing(void); /* every shard is locked */

/* --- figures (any thread) ----------------------------------------------------------------------------------------- */

struct tracking_figures {
	uint64_t clients;  /* sessions with tracking on */
	uint64_t keys;	   /* remembered */
	uint64_t items;	   /* pairs of a key and a session that has read it */
	uint64_t prefixes; /* different ones */
};
struct tracking_figures tracking_figures(void);

#endif
