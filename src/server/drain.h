/*
 * The graceful shutdown: stop listening, serve until every client has left, put what must last on the disk, end.
 *
 * What begins, aborts and ends it is done on worker 0's thread; the functions that any thread may call post it there.
 */
#ifndef CUBBY_SERVER_DRAIN_H
#define CUBBY_SERVER_DRAIN_H

#include <stdbool.h>
#include <stdint.h>
#include <uv.h>

#include "base/lock.h"
#include "net/net.h"
#include "server/config.h"
#include "session/session.h"

struct drain_waiter;
struct persistence;

struct drain {
	struct net *net;
	struct config *config;
	struct persistence *persistence;
	uv_timer_t timer;

	struct lock lock;
	unsigned flags;		      /* under the lock: what the last SHUTDOWN asked for, of enum host_shutdown */
	bool wanted;		      /* under the lock: begun or about to begin, and not aborted */
	struct drain_waiter *waiters; /* under the lock; clients that wait for their SHUTDOWN (utlist.h) */
	_Atomic unsigned passing;     /* workers that may still run a command that was let in before */
	int flushed;		      /* what aof_flush() gave */

	/* Of worker 0's thread alone. */
	bool begun;
	bool hasty;	     /* a shutdown waits for nobody */
	bool stopped;	     /* commands are held back */
	bool ended;	     /* the loops are being ended */
	unsigned signals;    /* that asked for a shutdown since it was last aborted */
	uint64_t refused_ns; /* when one of them was last refused; 0: never */
	int port;	     /* that was listened on; -1 is no TCP */
	uint64_t begun_ns;
	uint64_t logged_ns;   /* when the number of clients left was last logged */
	uint64_t logged_left; /* that number */
};

/* Makes it ready on worker 0's loop; called at boot. */
void drain_open(struct drain *drain, struct net *net, struct config *config, struct persistence *persistence);

/* Whether a shutdown that begins from now on ends the daemon at once: while it is loading, it has nothing to lose.
 * Worker 0's thread. */
void drain_set_hasty(struct drain *drain, bool hasty);

/* Closes its timer, on worker 0's thread, when the loops end. */
void drain_close(struct drain *drain);

/* Frees what it holds; no other thread runs. */
void drain_free(struct drain *drain);

/* SIGTERM or SIGINT has come: the first begins, the second ends the daemon at once, as does one soon after a first that
 * was refused because the data could not be saved. Worker 0's thread. */
void drain_signal(struct drain *drain, const char *name);

/* SHUTDOWN by a client of worker `worker`, whose thread is calling; `flags` is a sum of enum host_shutdown. */
void drain_request(struct drain *drain, struct session *session, unsigned worker, unsigned flags);

/* SHUTDOWN ABORT; any thread. False when no shutdown was going on. */
bool drain_abort(struct drain *drain);

/* Number of clients that wait for their SHUTDOWN; any thread. */
uint64_t drain_waiting(struct drain *drain);

#endif
