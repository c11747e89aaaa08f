/* Turning the append-only file on and off, and what it tells of itself; private to persistence.c, which see. */
#ifndef CUBBY_SERVER_AOF_SWITCH_H
#define CUBBY_SERVER_AOF_SWITCH_H

#include "server/persistence.h"

/* By the append-only file, through aof_switch.c. */

/* The rewrite that was begun is over: 0, or a negative errno. Worker 0's thread. */
void persistence_rewritten(struct persistence *persistence, int error);

/* A rewrite is to begin as soon as it can. Any thread. */
void persistence_want_rewrite(struct persistence *persistence);

/* Writes are to be refused because of `reason`; NULL: no more. Any thread. */
void persistence_set_aof_trouble(struct persistence *persistence, const char *reason);

/* The snapshot that is under way is not wanted any more, because of a negative errno. Worker 0's thread. */
void persistence_abandon(struct persistence *persistence, int error);

#endif
