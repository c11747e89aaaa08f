/*
 * The slow path of keyspace notifications: an event becomes at most two messages, as Redis sends them: first to the
 * key's channel, then to the event's.
 */
#include "command/event.h"

#include "base/buffer.h"
#include "session/pubsub.h"

/* Publishes `message` on the channel "__<what>@<db>__:<rest>". Without memory for the channel's name the event is lost,
 * as are those of a client that is not connected. */
static void publish(const char *what, unsigned db, struct slice rest, struct slice message)
{
	struct buffer channel = {0};

	buffer_printf(&channel, "__%s@%u__:", what, db);
	buffer_append_slice(&channel, rest);
	if (!channel.failed)
		pubsub_publish(PUBSUB_CHANNEL, buffer_slice(&channel), message);
	buffer_free(&channel);
}

void event_publish(unsigned db, enum event_class class, const char *name, struct slice key)
{
	int64_t wanted = setting_get(&settings.notify_keyspace_events);

	if ((wanted & class) == 0 || !pubsub_has_listeners())
		return;
	if ((wanted & EVENT_KEYSPACE) != 0)
		publish("keyspace", db, key, slice_of(name));
	if ((wanted & EVENT_KEYEVENT) != 0)
		publish("keyevent", db, slice_of(name), key);
}
