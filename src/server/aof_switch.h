/* Turning the append-only file on and off, and what it tells of itself; private to server/. */
#ifndef CUBBY_SERVER_AOF_SWITCH_H
#define CUBBY_SERVER_AOF_SWITCH_H

#include "server/persistence.h"

/* By the append-only file, through aof_switch.c. */

/* A rewrite is to begin as soon as it can. Any thread. */
void persistence_want_rewrite(struct persistence *persistence);

/* Writes are to be refused because of `reason`; NULL: no more. Any thread. */
void persistence_set_aof_trouble(struct persistence *persistence, const char *reason);

/* By persistence.c. */

/* Has the file go on or off, if it is not as the configuration says. Any thread. */
void persistence_turn_aof(struct persistence *persistence);

/* A file that could not be opened is tried again. Worker 0's thread, now and then. */
void persistence_try_aof_again(struct persistence *persistence);

/* The loops have ended: writes what the file lacks and closes it. */
void persistence_close_aof(struct persistence *persistence);

#endif
