/*
 * A snapshot's life, from its reservation to its end; private to server/. What is wanted, and when, is decided in
 * persistence.c.
 */
#ifndef CUBBY_SERVER_PERSISTENCE_WORK_H
#define CUBBY_SERVER_PERSISTENCE_WORK_H

#include "server/persistence.h"

/* A client whose SAVE waits or is under way, known by its session's id: it may leave before it is answered. */
struct persistence_waiter {
	uint64_t session;
	unsigned worker;
	struct persistence_waiter *next;
};

/* Whether no other daemon has `dir`; from now on this one has it, if it can be locked at all. */
bool persistence_owns_dir(struct persistence *persistence);

/* Reserves the work. Under persistence->lock. False: another one is under way. */
bool persistence_reserve(struct persistence *persistence, enum persistence_work work);

/* Begins the work that has been reserved. No shard is locked. False when it cannot: then the work ends soon. */
bool persistence_begin(struct persistence *persistence, enum persistence_work work);

/* The snapshot that is under way is not wanted any more, because of a negative errno. Worker 0's thread. */
void persistence_abandon(struct persistence *persistence, int error);

/* The rewrite that was begun is over: 0, or a negative errno. Said by the append-only file; worker 0's thread. */
void persistence_rewritten(struct persistence *persistence, int error);

/* Some worker's shards have nothing left: walker.on_end. */
void persistence_walked(void *persistence);

/* --- by persistence.c --------------------------------------------------------------------------------------------- */

/* Begins what is due: nothing while keys are loaded, unless somebody waits for just that dump. Worker 0's thread. */
void persistence_go_on(struct persistence *persistence);

/* Tells the gate what is wrong, if anything is. Not under the lock. */
void persistence_tell_trouble(struct persistence *persistence);

#endif
