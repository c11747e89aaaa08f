/*
 * Keyspace notifications, below the commands: which events the setting notify-keyspace-events asks for, and how they
 * become messages. Handlers raise theirs through command/event.h; those of keys that expire or are evicted come from
 * the keyspace's observer.
 */
#ifndef CUBBY_SESSION_NOTIFY_H
#define CUBBY_SESSION_NOTIFY_H

#include <stdbool.h>
#include <stdint.h>

#include "base/buffer.h"
#include "base/slice.h"
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

/* Reads the setting's value, one letter for each class. False when there is a letter that is none. */
bool notify_parse(struct slice letters, int64_t *classes);

/* Appends the classes as Redis shows them: "A" for all that it stands for, then K, E and m. */
void notify_print(int64_t classes, struct buffer *out);

/* Whether the keyspace's observer has to tell of keys that go by themselves. */
bool notify_wants_changes(int64_t classes);

/* Tells those who listen, if the setting asks for this class. Any thread, under the lock of the key's shard. */
void notify_event(unsigned db, enum event_class class, const char *name, struct slice key);

/* The observer's: a key of which the handlers do not know that it goes. */
void notify_changed(unsigned db, const struct key *key, enum keyspace_change change);

#endif
