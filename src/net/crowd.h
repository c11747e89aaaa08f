/*
 * The crowd: what all clients together take of memory, and its limit, `maxmemory-clients`.
 *
 * A client can hold no more than its own limits allow, but many clients can hold that much each. Above the limit the
 * largest are closed first. Any thread.
 */
#ifndef CUBBY_NET_CROWD_H
#define CUBBY_NET_CROWD_H

#include <stdint.h>

struct crowd_figures {
	uint64_t memory;  /* bytes */
	uint64_t evicted; /* clients closed at maxmemory-clients */
};

/* Looks at every client. */
void crowd_figures(struct crowd_figures *figures);

/* CONFIG RESETSTAT: `evicted` counts from 0 again. */
void crowd_reset_figures(void);

/* Closes the largest clients until the rest is within `limit` bytes. */
void crowd_shrink(uint64_t limit);

/* What `maxmemory-clients` comes to in bytes; 0 is no limit. */
uint64_t crowd_limit(void);

#endif
