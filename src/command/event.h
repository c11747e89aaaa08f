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
#include "session/notify.h"
#include "store/keyspace.h"

/* Under the lock of the key's shard, like all handlers. */
static inline void event_raise_db(const struct command_context *context, enum event_class class, const char *name,
				  const struct key *key, unsigned db)
{
	if (setting_get(&settings.notify_keyspace_events) != 0 && !session_has(context->session, SESSION_REPLAYS))
		notify_event(db, class, name, key->name);
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
