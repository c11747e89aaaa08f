/* The meter: figures that must be looked at regularly: rates, peak memory, and the number of clients for the log. */
#ifndef CUBBY_SERVER_METER_H
#define CUBBY_SERVER_METER_H

#include <stdint.h>
#include <uv.h>

#include "base/counter.h"
#include "net/net.h"

enum { METER_SAMPLES = 16 }; /* over which a rate is averaged: 1.6 seconds, as in Redis */

struct meter_rate {
	uint64_t last;			 /* the figure at the last sample */
	uint64_t samples[METER_SAMPLES]; /* per second */
	unsigned at;			 /* the oldest sample */
	counter average;		 /* any thread reads it */
};

struct meter {
	uv_timer_t timer;
	struct net *net;
	struct keyspace *keyspace;
	int64_t startup_memory; /* bytes allocated when the daemon was ready */
	uint64_t sampled_ns;	/* when the last sample was taken */
	struct meter_rate commands;
	struct meter_rate input_bytes;
	struct meter_rate output_bytes;
	counter peak_memory;	 /* bytes; any thread reads it */
	unsigned ticks;		 /* since the start */
	uint64_t logged_clients; /* the number of clients that was last logged */
};

/* Starts it on worker 0's loop. */
void meter_start(struct meter *meter, struct net *net, struct keyspace *keyspace);
void meter_stop(struct meter *meter);

/* Bytes that are in use: the keyspace's now, what clients hold as of the last tenth of a second, and what was allocated
 * at boot. Any thread. */
uint64_t meter_used_memory(const struct meter *meter);

#endif
