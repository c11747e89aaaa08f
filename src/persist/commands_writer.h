/*
 * Writes keys as RESP commands, SELECT and SET with PXAT, that any Redis can run: the base of an append-only file when
 * it is not to be an RDB file. Used as persist/rdb_writer.h: errors are negative errno values and stick.
 */
#ifndef CUBBY_PERSIST_COMMANDS_WRITER_H
#define CUBBY_PERSIST_COMMANDS_WRITER_H

#include "persist/rdb_writer.h"

struct commands_writer {
	struct rdb_sink sink;
	struct buffer buffer; /* what has not gone to the sink yet */
	int64_t db;	      /* that is selected; -1: none yet */
	uint64_t size;	      /* bytes of the file so far, gathered ones included */
	int error;
};

void commands_writer_begin(struct commands_writer *writer, struct rdb_sink sink);

/* Writes a key; how it was used is not among what commands can say. The slices are not needed after it. */
int commands_writer_entry(struct commands_writer *writer, const struct rdb_record *record);

/* All has gone to the sink then. */
int commands_writer_finish(struct commands_writer *writer);

void commands_writer_free(struct commands_writer *writer);

#endif
