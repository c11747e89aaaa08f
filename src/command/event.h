/*
 * Keyspace notifications: what happens to keys, told to those who subscribe to "__keyspace@<db>__:<key>" (the message
 * is the event's name) or "__keyevent@<db>__:<event>" (the message is the key).
 *
 * A handler raises the events that Redis raises, in Redis's order, each after the change is made. While the setting
 * notify-keyspace-events asks for nothing, that costs one comparison.
 */
#ifndef CUBBY_COMMAND_EVENT_H
#define CUBBY_COMMAND_EVENT_H

#include "base/settings.h"
#include "command/command.h"
#include "store/keyspace.h"

/* Classes of events, and (the first two) which of the channels are told: bits of the setting. */
enum event_class {
	EVENT_KEYSPACE = 1 << 0, /* K */
	EVENT_KEYEVENT = 1 << 1, /* E */
	EVENT_GENERIC = 1 << 2,	 /* g: commands on keys of any type */
	EVENT_STRING = 1 << 3,	 /* $ */
	EVENT_LIST = 1 << 4,	 /* l; this and the next four are accepted, and never raised */
	EVENT_SET = 1 << 5,	 /* s */
	EVENT_HASH = 1 << 6,	 /* h */
	EVENT_ZSET = 1 << 7,	 /* z */
	EVENT_EXPIRED = 1 << 8,	 /* x */
	EVENT_EVICTED = 1 << 9,	 /* e */
	EVENT_STREAM = 1 << 10,	 /* t; accepted, and never raised, as the next */
	EVENT_MODULE = 1 << 11,	 /* d */
	EVENT_MISS = 1 << 12,	 /* m: a command that reads has found no key */
	EVENT_NEW = 1 << 13,	 /* n: a key that was not there before */

	/* A: all but the last two */
	EVENT_ALL = EVENT_GENERIC | EVENT_STRING | EVENT_LIST | EVENT_SET | EVENT_HASH | EVENT_ZSET | EVENT_EXPIRED |
		    EVENT_EVICTED | EVENT_STREAM | EVENT_MODULE,
};

/* The slow path: tells those who listen, if the setting asks for this class. */
void event_publish(unsigned db, enum event_class class, const char *name, struct slice key);

/* Under the lock of the key's shard, like all handlers. */
static inline void event_raise_db(const struct command_context *context, enum event_class class, const char *name,
				  const struct key *key, unsigned db)
{
	(void)context;
	if (setting_get(&settings.notify_keyspace_events) != 0)
		event_publish(db, class, name, key->name);
}

static inline void event_raise(const struct command_context *context, enum event_class class, const char *name,
			       const struct key *key)
{
	event_raise_db(context, class, name, key, context->db);
}

/* keyspace_read(), and the event "keymiss" when there is no such key. */
static inline struct entry *event_read(const struct command_context *context, const struct key *key)
{
	struct entry *entry = keyspace_read(context->keyspace, context->db, key, context->now);

	if (entry == NULL)
		event_raise(context, EVENT_MISS, "keymiss", key);
	return entry;
}

#endif
