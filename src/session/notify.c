/*
 * An event becomes at most two messages, as Redis sends them: first to the key's channel, then to the event's.
 */
#include "session/notify.h"

#include "base/settings.h"
#include "session/pubsub.h"

struct class_letter {
	char letter;
	enum event_class class;
};

/* Those that are shown as A when all but n are there, and those that are shown behind them. */
static const struct class_letter kinds[] = {
	{'g', EVENT_GENERIC}, {'$', EVENT_STRING}, {'l', EVENT_LIST},	 {'s', EVENT_SET},
	{'h', EVENT_HASH},    {'z', EVENT_ZSET},   {'x', EVENT_EXPIRED}, {'e', EVENT_EVICTED},
	{'t', EVENT_STREAM},  {'d', EVENT_MODULE}, {'n', EVENT_NEW},	 {'\0', 0},
};
static const struct class_letter others[] = {
	{'K', EVENT_KEYSPACE},
	{'E', EVENT_KEYEVENT},
	{'m', EVENT_MISS},
	{'\0', 0},
};

/* --- the setting ------------------------------------------------------------------------------------------------- */

static int64_t letter_find(const struct class_letter *letters, char letter)
{
	while (letters->letter != '\0' && letters->letter != letter)
		letters++;
	return letters->class;
}

bool notify_parse(struct slice letters, int64_t *classes)
{
	*classes = 0;
	for (size_t i = 0; i < letters.len; i++) {
		char letter = letters.data[i];
		int64_t class = letter == 'A' ? EVENT_ALL : letter_find(kinds, letter) | letter_find(others, letter);

		if (class == 0)
			return false;
		*classes |= class;
	}
	return true;
}

static void print_letters(const struct class_letter *letters, int64_t classes, struct buffer *out)
{
	for (; letters->letter != '\0'; letters++) {
		if ((classes & letters->class) != 0)
			buffer_append_char(out, letters->letter);
	}
}

void notify_print(int64_t classes, struct buffer *out)
{
	if ((classes & EVENT_ALL) == EVENT_ALL)
		buffer_append_char(out, 'A');
	else
		print_letters(kinds, classes, out);
	print_letters(others, classes, out);
}

bool notify_wants_changes(int64_t classes)
{
	return (classes & (EVENT_KEYSPACE | EVENT_KEYEVENT)) != 0 && (classes & (EVENT_EXPIRED | EVENT_EVICTED)) != 0;
}

/* --- events ------------------------------------------------------------------------------------------------------ */

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

void notify_event(unsigned db, enum event_class class, const char *name, struct slice key)
{
	int64_t wanted = setting_get(&settings.notify_keyspace_events);

	if ((wanted & class) == 0 || !pubsub_has_listeners())
		return;
	if ((wanted & EVENT_KEYSPACE) != 0)
		publish("keyspace", db, key, slice_of(name));
	if ((wanted & EVENT_KEYEVENT) != 0)
		publish("keyevent", db, slice_of(name), key);
}

void notify_changed(unsigned db, const struct key *key, enum keyspace_change change)
{
	if (change == KEYSPACE_EXPIRED)
		notify_event(db, EVENT_EXPIRED, "expired", key->name);
	if (change == KEYSPACE_EVICTED)
		notify_event(db, EVENT_EVICTED, "evicted", key->name);
}
