/*
 * Loads an RDB file into the keyspace: one thread reads and checks it (persist/rdb_reader.h), others set the keys
 * (persist/filler.h).
 */
#ifndef CUBBY_PERSIST_RDB_LOADER_H
#define CUBBY_PERSIST_RDB_LOADER_H

#include <stdbool.h>
#include <stdint.h>

#include "persist/load_progress.h"
#include "store/keyspace.h"

enum { LOAD_FAULT_TEXT = 512, LOAD_FAULT_PATH = 1024 };

/* Why a file cannot be loaded. */
struct load_fault {
	char path[LOAD_FAULT_PATH];
	char error[LOAD_FAULT_TEXT];
	uint64_t offset; /* in the file */
	bool damaged;	 /* there is an offset, and a tool may repair it */
};

struct rdb_load {
	struct keyspace *keyspace;
	struct load_progress *progress;
	unsigned threads; /* that set keys, besides the caller's */
	bool drop_dead;	  /* keys whose time has come are not loaded: nothing that follows speaks of them */
	bool merge;	  /* a key that is there already is replaced */
	int64_t now;	  /* Unix time in milliseconds */
};

/* Loads the file, of `size` bytes, from its beginning, where the descriptor is. *end receives how many bytes it has: an
 * append-only file may follow. False with what is wrong in *fault, but for its path. */
bool rdb_load(const struct rdb_load *load, int fd, uint64_t size, uint64_t *end, struct load_fault *fault);

#endif
