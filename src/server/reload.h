/*
 * DEBUG RELOAD and DEBUG LOADAOF: the keys are taken from the disk again while the daemon runs.
 *
 * As in Redis nobody is served meanwhile; but no loop stands still: clients are told -LOADING, as at a start. What is
 * loaded is no change that the append-only file hears of: after LOADAOF and a plain RELOAD it says the same as the
 * keys, after any other RELOAD it is rewritten.
 */
#ifndef CUBBY_SERVER_RELOAD_H
#define CUBBY_SERVER_RELOAD_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

#include "command/host.h"
#include "net/net.h"
#include "server/config.h"
#include "server/load.h"
#include "server/persistence.h"
#include "store/keyspace.h"

struct reload {
	/* Not owned, fixed after boot. */
	struct config *config;
	struct keyspace *keyspace;
	struct net *net;
	struct load *load;
	struct persistence *persistence;
	unsigned threads;

	atomic_bool busy;	  /* one is under way: the rest belongs to it */
	unsigned flags;		  /* enum host_reload */
	uint64_t session;	  /* the id of whoever waits for it */
	unsigned worker;	  /* whose it is */
	_Atomic unsigned passing; /* workers on which a command may run that was let in before */
	int flushed;		  /* what aof_flush() gave */
};

/* The session is paused, and answered and resumed when it is over. On its worker's thread, which holds no shard. False:
 * one is under way. */
bool reload_begin(struct reload *reload, struct session *session, unsigned worker, unsigned flags);

#endif
