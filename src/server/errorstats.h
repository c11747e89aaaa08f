/* How often each error code was replied: INFO's errorstats. */
#ifndef CUBBY_SERVER_ERRORSTATS_H
#define CUBBY_SERVER_ERRORSTATS_H

#include <stdint.h>

#include "base/buffer.h"
#include "base/lock.h"
#include "base/slice.h"

enum {
	ERRORSTATS_CODES = 64, /* different codes that are counted; cubby has fewer */
	ERRORSTATS_CODE = 32,  /* bytes of a code, with its NUL; what is longer is cut */
};

struct errorstats {
	struct lock lock; /* guards the rest; errors are rare, and each costs one turn of it */
	struct {
		char code[ERRORSTATS_CODE];
		uint64_t count;
	} codes[ERRORSTATS_CODES];
	unsigned used; /* of codes */
	uint64_t total;
};

void errorstats_init(struct errorstats *stats, bool locking);

/* Any thread, all of them. */
void errorstats_count(struct errorstats *stats, struct slice code);
void errorstats_reset(struct errorstats *stats);
uint64_t errorstats_total(struct errorstats *stats);
/* Appends a line for each code that was seen. */
void errorstats_print(struct errorstats *stats, struct buffer *out);

#endif
