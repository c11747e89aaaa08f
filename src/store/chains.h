/* How full the hash tables of a database are, for DEBUG HTSTATS. */
#ifndef CUBBY_STORE_CHAINS_H
#define CUBBY_STORE_CHAINS_H

#include "store/keyspace.h"

enum { CHAINS_LENGTHS = 50 }; /* the last place is for all that are longer */

struct chains_figures {
	uint64_t tables;
	uint64_t buckets;
	uint64_t entries;		  /* those included whose time has come and which nobody has noticed yet */
	uint64_t longest;		  /* entries in one bucket */
	uint64_t lengths[CHAINS_LENGTHS]; /* buckets that hold so many entries */
};

/* Adds what the shard has of a database. The shard is locked; every bucket is looked at. */
void chains_add_figures(const struct keyspace *keyspace, uint32_t shard, unsigned db, struct chains_figures *sum);

#endif
