/*
 * Publish and subscribe: which sessions listen to which channels, patterns and shard channels.
 *
 * One leaf lock guards all of it: it may be taken under shard locks, and nothing but a worker's inbox is locked under
 * it. A message is handed to all its subscribers under that lock, so that messages of one publisher arrive in order and
 * nobody hands one to a session that has ended.
 *
 * A session's subscriptions are changed by its own thread alone.
 */
#ifndef CUBBY_SESSION_PUBSUB_H
#define CUBBY_SESSION_PUBSUB_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/slice.h"

struct session;
struct subscription;

enum pubsub_kind {
	PUBSUB_CHANNEL,
	PUBSUB_PATTERN, /* the channels that a glob pattern matches */
	PUBSUB_SHARD,	/* a channel with a name space of its own, which patterns do not see */
	PUBSUB_KINDS,
};

/* A session's part; zeroed at first. */
struct subscriber {
	struct subscription *first[PUBSUB_KINDS]; /* under the lock; in the order in which they were made */
	_Atomic uint32_t count[PUBSUB_KINDS];	  /* any thread may read */
};

/* At boot, before other threads run. `locking` is false when there is one thread only. */
void pubsub_init(bool locking);

/* Subscribes the session, unless it is already. False when there is no memory: nothing has changed. */
bool pubsub_subscribe(struct session *session, enum pubsub_kind kind, struct slice name);

/* False when there was no such subscription. */
bool pubsub_unsubscribe(struct session *session, enum pubsub_kind kind, struct slice name);

/* The name of the session's oldest subscription of this kind, good until that is taken back; its data is NULL when
 * there is none. The session's own thread. */
struct slice pubsub_oldest(const struct session *session, enum pubsub_kind kind);

/* Takes back all subscriptions of the session. */
void pubsub_leave(struct session *session);

/* Gives the message to all who listen to the channel (PUBSUB_CHANNEL: patterns, too). Any thread. Returns how many
 * subscriptions it went to: a session that has the channel and a pattern for it gets the message twice. */
size_t pubsub_publish(enum pubsub_kind kind, struct slice channel, struct slice message);

/* Whether anybody listens to channels or patterns at all. Takes no lock. */
bool pubsub_has_listeners(void);

/* Number of channels or patterns that somebody listens to. Takes no lock. */
size_t pubsub_topics(enum pubsub_kind kind);

/* Number of sessions that have a subscription. Takes no lock. */
size_t pubsub_clients(void);

/* Number of sessions that listen to this one. */
size_t pubsub_topic_subscribers(enum pubsub_kind kind, struct slice name);

/* Calls visit for each channel or pattern that somebody listens to, under the lock. */
void pubsub_each_topic(enum pubsub_kind kind, void (*visit)(struct slice name, void *arg), void *arg);

/* Number of the session's subscriptions of one kind. Any thread. */
static inline uint32_t subscriber_count(const struct subscriber *subscriber, enum pubsub_kind kind)
{
	return atomic_load_explicit(&subscriber->count[kind], memory_order_relaxed);
}

#endif
