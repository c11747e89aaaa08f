/* Where the daemon's memory is: the figures that INFO memory and MEMORY STATS tell, and what MEMORY DOCTOR makes of
 * them. */
#ifndef CUBBY_SERVER_MEMORY_H
#define CUBBY_SERVER_MEMORY_H

#include <stdbool.h>
#include <stdint.h>

#include "base/buffer.h"
#include "resp/reply.h"

struct server;

/* All in bytes, but `keys`. */
struct memory_figures {
	int64_t used;	  /* what maxmemory is compared with: startup, clients and keyspace */
	int64_t peak;	  /* the most of it that has been seen */
	int64_t startup;  /* what the allocator had handed out when the daemon was ready */
	int64_t clients;  /* connections and what they have buffered */
	int64_t overhead; /* all but keys' and values' own bytes */
	int64_t dataset;  /* used - overhead */
	int64_t keys;	  /* number */
	int64_t resident; /* of the process, as the system sees it */
	int64_t allocated, allocator_active, allocator_resident; /* as the allocator tells it */
};

/* `locked`: the caller has locked every shard, else each is locked while it is looked at. */
struct memory_figures memory_figures(struct server *server, bool locked);

/* MEMORY STATS: writes the map. */
void memory_reply_stats(struct server *server, bool locked, struct reply *reply);

/* MEMORY DOCTOR: appends what there is to say. */
void memory_print_advice(struct server *server, bool locked, struct buffer *out);

/* `part` of `whole`; 0 when there is none. */
double memory_ratio(int64_t part, int64_t whole);

#endif
