/* The server: everything that the daemon is made of, put together in the right order and taken apart again. */
#ifndef CUBBY_SERVER_SERVER_H
#define CUBBY_SERVER_SERVER_H

#include <stdint.h>

#include "command/host.h"
#include "net/net.h"
#include "server/cleaner.h"
#include "server/config.h"
#include "server/drain.h"
#include "server/errorstats.h"
#include "server/load.h"
#include "server/meter.h"
#include "server/pauser.h"
#include "server/persistence.h"
#include "server/reload.h"
#include "server/signals.h"
#include "store/keyspace.h"

enum { SERVER_RUN_ID = 41 }; /* 40 hexadecimal digits and a NUL */

struct server {
	struct command_host host; /* the first member: a host's address is its server's */
	struct config *config;	  /* not owned */
	struct keyspace *keyspace;
	struct net *net;
	unsigned threads;
	struct cleaner *cleaners; /* owned; one for each thread */
	struct drain drain;
	struct signals signals;
	struct meter meter;
	struct pauser pauser;
	struct persistence persistence;
	struct errorstats errors;
	struct load load;
	struct reload reload;
	struct dir_lock dir_lock;
	uint64_t started_ns; /* clock_monotonic_ns() at boot */
	char run_id[SERVER_RUN_ID];
};

/* Serves until it is told to end. Returns the exit status. */
int server_run(struct config *config);

/* Which worker the calling thread is. */
unsigned server_current_worker(void);

/* The functions of command/host.h (host.c). */
void host_init(struct command_host *host);

#endif
