/*
 * Walkers: while a snapshot is taken, each worker hands over the entries of its share of the shards, a little at a time
 * between serving its clients.
 */
#ifndef CUBBY_SERVER_WALKER_H
#define CUBBY_SERVER_WALKER_H

#include <stdbool.h>
#include <stdint.h>
#include <uv.h>

#include "persist/snapshot.h"
#include "store/keyspace.h"

struct walker {
	uv_loop_t *loop; /* NULL before it was opened */
	uv_idle_t turn;	 /* active while there is something to do: the loop then polls without waiting */
	struct keyspace *keyspace;
	uint32_t first;		   /* this worker's shards are first, first + step, first + 2 * step ... */
	uint32_t step;		   /* number of workers */
	struct snapshot *snapshot; /* NULL: none is being taken */
	uint32_t at;		   /* the shard to go on with */
	uint64_t last_end_ns;	   /* when the last slice ended */
	/* Called once the worker's shards have handed over everything. */
	void (*on_end)(void *arg);
	void *arg;
};

/* All on the worker's thread. */

/* Makes it ready on the worker's loop. */
void walker_open(struct walker *walker, uv_loop_t *loop, struct keyspace *keyspace, unsigned worker, unsigned workers);
void walker_close(struct walker *walker);

/* Walks for a snapshot, whose instant has been, and calls on_end; nothing after walker_close(). */
void walker_begin(struct walker *walker, struct snapshot *snapshot);

/* The snapshot is not full any more. */
void walker_go_on(struct walker *walker);

/* Whether the calling thread is at a step: what it hands over is not about to change. */
bool walker_is_stepping(void);

#endif
