/*
 * Fills the keyspace from several threads with what one thread reads.
 *
 * The reader hands over record after record (filler_put); each goes to the one thread that fills its key's shard, in
 * batches, so records of one key arrive in their order. The keyspace's locks are taken, so that others may look at it
 * meanwhile; nobody else may change it.
 *
 * A filler belongs to the thread that made it. What goes wrong in a filling thread (no memory, a key that is there
 * already, unless it merges) ends the work of all: filler_put() says so sooner or later, filler_wait() for certain.
 */
#ifndef CUBBY_PERSIST_FILLER_H
#define CUBBY_PERSIST_FILLER_H

#include <stdbool.h>
#include <stdint.h>

#include "base/block.h"
#include "persist/rdb.h"
#include "store/keyspace.h"

enum {
	FILLER_MAX_THREADS = 16,
	FILLER_ERROR = 256, /* bytes of an error's text, with its NUL */
};

struct filler;

/* Starts so many threads (FILLER_MAX_THREADS at most); with none, or when there are none to be had, the caller's does
 * the work. `now` is Unix time in milliseconds. NULL when there is no memory. */
struct filler *filler_new(struct keyspace *keyspace, unsigned threads, int64_t now);

/* From now on a key that is there already is replaced, and no error. Before anything is handed over. */
void filler_merge(struct filler *filler);

/* Hands over a record, which is copied. `block`, or NULL, has the value's bytes, which are not copied then; the
 * reference to it is taken over in any case. The database is one that the keyspace has. False when something has gone
 * wrong: filler_error() says what. */
bool filler_put(struct filler *filler, const struct rdb_record *record, struct block *block);

/* Waits until everything that was handed over is in the keyspace. False when something has gone wrong. */
bool filler_wait(struct filler *filler);

/* What has gone wrong, after filler_put() or filler_wait() has said so. */
const char *filler_error(const struct filler *filler);

/* Ends the threads, whatever they have to do, and frees the filler. NULL is allowed. */
void filler_free(struct filler *filler);

#endif
