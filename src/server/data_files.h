/*
 * Which files there are to load at a start, in which order.
 *
 * With appendonly, the manifest of the append-only file says. Without a manifest, an append-only file in one part, as
 * Redis had it before version 7, is loaded, and moved to where it belongs afterwards; without that one the snapshot
 * (dbfilename) is, so that nothing is lost when appendonly is turned on, and without appendonly only that.
 */
#ifndef CUBBY_SERVER_DATA_FILES_H
#define CUBBY_SERVER_DATA_FILES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "persist/aof.h"
#include "persist/manifest.h"
#include "persist/rdb_loader.h"
#include "server/config.h"

struct data_file {
	char *path;    /* owned */
	bool snapshot; /* an RDB file on its own, else a part of the append-only file */
	uint64_t size; /* bytes */
};

/* A zeroed one is empty. */
struct data_files {
	struct data_file *files; /* owned; in the order in which they are to be loaded */
	size_t count;
	uint64_t total;		  /* bytes of all of them */
	struct manifest manifest; /* empty when there is none, or no appendonly */
	enum aof_start start;	  /* how the append-only file is to be opened once they are loaded */
	bool append_only;	  /* whether it is to be opened: appendonly, as it was when the files were found */
	char *old;		  /* owned; the path of an append-only file in one part; NULL: there is none */
	char *dir;		  /* owned; `dir` and `appenddirname` together */
	char *filename;		  /* owned; `appendfilename` */
};

/* Looks at the disk and changes nothing. False with what is wrong in *fault. */
bool data_files_find(struct data_files *files, const struct config *config, struct load_fault *fault);

/* The same for the snapshot alone, which must be there, whatever appendonly says. */
bool data_files_find_snapshot(struct data_files *files, const struct config *config, struct load_fault *fault);

/* Everything is loaded: moves an append-only file in one part to where it belongs. It is whole at every instant, for
 * Redis as well. Does nothing when there is none. */
bool data_files_upgrade(struct data_files *files, struct load_fault *fault);

void data_files_free(struct data_files *files);

#endif
