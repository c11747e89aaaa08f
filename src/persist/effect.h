/*
 * Effects: what has changed, as RESP commands that any Redis can run. Each says what is true now, not what was done:
 * INCR is a SET of the new number, EXPIRE a PEXPIREAT, an expired key a DEL, APPEND a SETRANGE. Run twice, they end in
 * the same state; SWAPDB alone does not.
 *
 *     SET key value [PXAT milliseconds]      SETRANGE key offset bytes
 *     PEXPIREAT key milliseconds             PERSIST key
 *     DEL key                                FLUSHDB, FLUSHALL
 *     SELECT db                              SWAPDB db db
 */
#ifndef CUBBY_PERSIST_EFFECT_H
#define CUBBY_PERSIST_EFFECT_H

#include <stddef.h>
#include <stdint.h>

#include "resp/reply.h"
#include "store/entry.h"

/* The effects of one unit. A zeroed one with first_db and db -1 is empty. */
struct effects {
	struct reply out; /* large values by reference; check reply_failed() once, at the end */
	unsigned count;	  /* SELECT does not count */
	int first_db;	  /* database that must be selected before `out`; -1: any will do */
	int db;		  /* that is selected behind it; -1: as before */
};

void effects_clear(struct effects *effects);
void effects_free(struct effects *effects);

void effect_set(struct effects *effects, unsigned db, const struct entry *entry);
void effect_setrange(struct effects *effects, unsigned db, const struct entry *entry, size_t from, size_t len);
void effect_expire(struct effects *effects, unsigned db, const struct entry *entry);
void effect_del(struct effects *effects, unsigned db, struct slice key);
void effect_flushdb(struct effects *effects, unsigned db);
void effect_flushall(struct effects *effects);
void effect_swapdb(struct effects *effects, unsigned db, unsigned other);

enum { EFFECT_SELECT_TEXT = 48 }; /* bytes that effect_print_select needs */

/* Writes "SELECT db" as RESP and returns its length. */
size_t effect_print_select(char *out, unsigned db);

#endif
