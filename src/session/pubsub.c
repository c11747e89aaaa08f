/*
 * Topics (channels, patterns, shard channels) are in one hash table for each kind, and live while somebody listens to
 * them. A subscription joins a topic and a session: it is in the topic's list, in the session's list, and in one hash
 * table by the two addresses. So to subscribe, to unsubscribe and to find out whether one is subscribed cost the same
 * however many channels the session has and however many sessions the channel.
 *
 * The happy path of publishing: find the topic, write the message once as RESP2 and once as RESP3 (when somebody speaks
 * it), and hand that block to each session in the list; then do the same for each pattern that matches.
 *
 * Without memory for the message its receivers are killed: none is to miss a message and not know.
 */
#define HASH_NONFATAL_OOM 1
#define HASH_FUNCTION(bytes, len, hash) ((hash) = pubsub_hash(bytes, len))

#include "session/pubsub.h"

#include <stdlib.h>
#include <uthash.h>
#include <utlist.h>

#include "base/glob.h"
#include "base/lock.h"
#include "base/random.h"
#include "resp/reply.h"
#include "session/session.h"
#include "store/hash.h"

/* What somebody listens to. */
struct topic {
	UT_hash_handle hh;
	struct subscription *subscriptions; /* by utlist.h's topic_prev, topic_next */
	size_t count;			    /* of them */
	enum pubsub_kind kind;
	size_t name_len;
	char name[];
};

/* The two that a subscription joins: its key. */
struct pair {
	const struct topic *topic;
	const struct session *session;
};

struct subscription {
	UT_hash_handle hh;
	struct pair pair;
	struct session *session;
	struct topic *topic;
	struct subscription *topic_prev, *topic_next;
	struct subscription *session_prev, *session_next;
};

/* A message for the subscribers of one topic. */
struct message {
	const struct topic *pattern; /* NULL unless it goes by a pattern */
	enum pubsub_kind kind;
	struct slice channel;
	struct slice payload;
	struct block *encoded[2]; /* RESP2, RESP3; NULL: not needed yet */
};

static struct lock lock;
static struct hash_seed seed; /* who can choose channels is not to pile them into one bucket */
static struct topic *topics[PUBSUB_KINDS];
static struct subscription *subscriptions;
static _Atomic size_t topic_counts[PUBSUB_KINDS];
static _Atomic size_t clients; /* sessions with a subscription */

static unsigned pubsub_hash(const void *bytes, size_t len)
{
	return (unsigned)hash_siphash13(&seed, (struct slice){bytes, len});
}

void pubsub_init(bool locking)
{
	lock_init(&lock, locking);
	random_secret(&seed, sizeof(seed));
}

/* --- topics ------------------------------------------------------------------------------------------------------ */

static struct slice topic_name(const struct topic *topic)
{
	return (struct slice){topic->name, topic->name_len};
}

static struct topic *topic_find(enum pubsub_kind kind, struct slice name)
{
	struct topic *topic;

	if (name.len == 0)
		name.data = ""; /* NULL may be compared with nothing, not even with no bytes */
	HASH_FIND(hh, topics[kind], name.data, name.len, topic);
	return topic;
}

static void topic_count_note(enum pubsub_kind kind)
{
	atomic_store_explicit(&topic_counts[kind], HASH_COUNT(topics[kind]), memory_order_relaxed);
}

/* NULL when there is no memory. */
static struct topic *topic_new(enum pubsub_kind kind, struct slice name)
{
	struct topic *topic = calloc(1, sizeof(*topic) + name.len);

	if (topic == NULL)
		return NULL;
	topic->kind = kind;
	topic->name_len = name.len;
	if (name.len > 0)
		memcpy(topic->name, name.data, name.len);
	HASH_ADD_KEYPTR(hh, topics[kind], topic->name, topic->name_len, topic);
	if (topic->hh.tbl == NULL) {
		free(topic);
		return NULL;
	}
	topic_count_note(kind);
	return topic;
}

static void topic_drop_unused(struct topic *topic)
{
	if (topic->count > 0)
		return;
	HASH_DEL(topics[topic->kind], topic);
	topic_count_note(topic->kind);
	free(topic);
}

/* --- subscriptions ----------------------------------------------------------------------------------------------- */

static struct subscription *subscription_find(const struct topic *topic, const struct session *session)
{
	struct pair pair = {topic, session};
	struct subscription *subscription;

	HASH_FIND(hh, subscriptions, &pair, sizeof(pair), subscription);
	return subscription;
}

static bool subscription_add(struct topic *topic, struct session *session)
{
	struct subscription *subscription = calloc(1, sizeof(*subscription));

	if (subscription == NULL)
		return false;
	subscription->pair = (struct pair){topic, session};
	subscription->topic = topic;
	subscription->session = session;
	HASH_ADD(hh, subscriptions, pair, sizeof(subscription->pair), subscription);
	if (subscription->hh.tbl == NULL) {
		free(subscription);
		return false;
	}
	DL_APPEND2(topic->subscriptions, subscription, topic_prev, topic_next);
	DL_APPEND2(session->subscriber.first[topic->kind], subscription, session_prev, session_next);
	topic->count++;
	atomic_fetch_add_explicit(&session->subscriber.count[topic->kind], 1, memory_order_relaxed);
	return true;
}

static void subscription_remove(struct subscription *subscription)
{
	struct topic *topic = subscription->topic;
	struct subscriber *subscriber = &subscription->session->subscriber;

	HASH_DEL(subscriptions, subscription);
	DL_DELETE2(topic->subscriptions, subscription, topic_prev, topic_next);
	DL_DELETE2(subscriber->first[topic->kind], subscription, session_prev, session_next);
	topic->count--;
	atomic_fetch_sub_explicit(&subscriber->count[topic->kind], 1, memory_order_relaxed);
	free(subscription);
	topic_drop_unused(topic);
}

/* After the session's subscriptions have changed. Its own thread. */
static void session_note_subscribed(struct session *session)
{
	bool subscribed = false;

	for (int kind = 0; kind < PUBSUB_KINDS; kind++)
		subscribed |= session->subscriber.first[kind] != NULL;
	if (subscribed == session_has(session, SESSION_SUBSCRIBED))
		return;
	if (subscribed) {
		session_mark(session, SESSION_SUBSCRIBED);
		atomic_fetch_add_explicit(&clients, 1, memory_order_relaxed);
	} else {
		session_unmark(session, SESSION_SUBSCRIBED);
		atomic_fetch_sub_explicit(&clients, 1, memory_order_relaxed);
	}
}

bool pubsub_subscribe(struct session *session, enum pubsub_kind kind, struct slice name)
{
	struct topic *topic;
	bool good;

	lock_take(&lock);
	topic = topic_find(kind, name);
	if (topic == NULL)
		topic = topic_new(kind, name);
	good = topic != NULL && (subscription_find(topic, session) != NULL || subscription_add(topic, session));
	if (topic != NULL)
		topic_drop_unused(topic);
	lock_release(&lock);
	session_note_subscribed(session);
	return good;
}

bool pubsub_unsubscribe(struct session *session, enum pubsub_kind kind, struct slice name)
{
	struct topic *topic;
	struct subscription *subscription;

	lock_take(&lock);
	topic = topic_find(kind, name);
	subscription = topic != NULL ? subscription_find(topic, session) : NULL;
	if (subscription != NULL)
		subscription_remove(subscription);
	lock_release(&lock);
	session_note_subscribed(session);
	return subscription != NULL;
}

struct slice pubsub_oldest(const struct session *session, enum pubsub_kind kind)
{
	const struct subscription *oldest = session->subscriber.first[kind];

	return oldest != NULL ? topic_name(oldest->topic) : (struct slice){NULL, 0};
}

void pubsub_leave(struct session *session)
{
	if (!session_has(session, SESSION_SUBSCRIBED))
		return;
	lock_take(&lock);
	for (int kind = 0; kind < PUBSUB_KINDS; kind++) {
		while (session->subscriber.first[kind] != NULL)
			subscription_remove(session->subscriber.first[kind]);
	}
	lock_release(&lock);
	session_note_subscribed(session);
}

/* --- publishing -------------------------------------------------------------------------------------------------- */

static void message_write(const struct message *message, struct reply *reply)
{
	static const char *const words[PUBSUB_KINDS] = {"message", "pmessage", "smessage"};

	reply_push(reply, message->pattern != NULL ? 4 : 3);
	reply_bulk_text(reply, words[message->kind]);
	if (message->pattern != NULL)
		reply_bulk(reply, topic_name(message->pattern));
	reply_bulk(reply, message->channel);
	reply_bulk(reply, message->payload);
}

/* NULL when there is no memory. */
static struct block *message_encode(const struct message *message, uint8_t protocol)
{
	struct reply reply = {.protocol = protocol};

	message_write(message, &reply);
	return reply_to_block(&reply);
}

static void message_push(struct message *message, struct session *session)
{
	uint8_t protocol = session_protocol(session);
	struct block **encoded = &message->encoded[protocol >= 3];

	if (*encoded == NULL)
		*encoded = message_encode(message, protocol);
	if (*encoded != NULL)
		session->ops->push(session, *encoded);
	else
		session->ops->kill(session);
}

/* Hands the message to all who have subscribed to the topic; returns their number. */
static size_t topic_publish(const struct topic *topic, struct slice channel, struct slice payload)
{
	struct message message = {
		.pattern = topic->kind == PUBSUB_PATTERN ? topic : NULL,
		.kind = topic->kind,
		.channel = channel,
		.payload = payload,
	};
	struct subscription *subscription;

	DL_FOREACH2(topic->subscriptions, subscription, topic_next)
	{
		message_push(&message, subscription->session);
	}
	block_unref(message.encoded[0]);
	block_unref(message.encoded[1]);
	return topic->count;
}

static size_t patterns_publish(struct slice channel, struct slice payload)
{
	size_t receivers = 0;

	for (const struct topic *topic = topics[PUBSUB_PATTERN]; topic != NULL; topic = topic->hh.next) {
		if (glob_match(topic_name(topic), channel, false))
			receivers += topic_publish(topic, channel, payload);
	}
	return receivers;
}

size_t pubsub_publish(enum pubsub_kind kind, struct slice channel, struct slice message)
{
	const struct topic *topic;
	size_t receivers = 0;

	if (kind == PUBSUB_CHANNEL ? !pubsub_has_listeners() : pubsub_topics(kind) == 0)
		return 0;
	lock_take(&lock);
	topic = topic_find(kind, channel);
	if (topic != NULL)
		receivers = topic_publish(topic, channel, message);
	if (kind == PUBSUB_CHANNEL)
		receivers += patterns_publish(channel, message);
	lock_release(&lock);
	return receivers;
}

/* --- figures ----------------------------------------------------------------------------------------------------- */

size_t pubsub_topics(enum pubsub_kind kind)
{
	return atomic_load_explicit(&topic_counts[kind], memory_order_relaxed);
}

bool pubsub_has_listeners(void)
{
	return pubsub_topics(PUBSUB_CHANNEL) > 0 || pubsub_topics(PUBSUB_PATTERN) > 0;
}

size_t pubsub_clients(void)
{
	return atomic_load_explicit(&clients, memory_order_relaxed);
}

size_t pubsub_topic_subscribers(enum pubsub_kind kind, struct slice name)
{
	const struct topic *topic;
	size_t count;

	lock_take(&lock);
	topic = topic_find(kind, name);
	count = topic != NULL ? topic->count : 0;
	lock_release(&lock);
	return count;
}

void pubsub_each_topic(enum pubsub_kind kind, void (*visit)(struct slice name, void *arg), void *arg)
{
	lock_take(&lock);
	for (const struct topic *topic = topics[kind]; topic != NULL; topic = topic->hh.next)
		visit(topic_name(topic), arg);
	lock_release(&lock);
}
