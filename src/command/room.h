/*
 * Room: what is done about maxmemory before a command runs, and between commands.
 *
 * Whoever calls these holds no shard's lock: keys are evicted with one lock at a time.
 */
#ifndef CUBBY_COMMAND_ROOM_H
#define CUBBY_COMMAND_ROOM_H

#include <stdbool.h>

#include "base/settings.h"
#include "command/command.h"
#include "store/eviction.h"

enum room {
	ROOM_ENOUGH,  /* less memory is used than maxmemory allows */
	ROOM_LACKING, /* more is used, and there are keys to evict yet: the time was over */
	ROOM_NONE,    /* more is used, and no key may go */
};

/* Evicts keys until enough memory is free, none may go, or the time that maxmemory-eviction-tenacity gives is over. */
enum room room_make(struct eviction *eviction, struct keyspace *keyspace, int64_t now, struct random *random);

/* Whether there is a limit at all. */
static inline bool room_is_limited(void)
{
	return setting_get(&settings.maxmemory) != 0;
}

/*
 * Makes room before a command. False, with the error written, when there is none to be had and the command `may_grow`:
 * it must not run then.
 */
bool room_passes(struct command_context *context, bool may_grow);

#endif
