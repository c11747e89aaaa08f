/*
 * Runs the commands of an append-only file, as a client without a socket.
 *
 * Redis's rules hold: replies go nowhere, nothing dies meanwhile (keyspace_keep_dead), and what is relative to a time
 * is so to that of the loading. But a command that fails, or that cubby has not, ends it: what follows would be done to
 * other data than it was meant for.
 */
#ifndef CUBBY_SERVER_REPLAY_H
#define CUBBY_SERVER_REPLAY_H

#include "command/dispatch.h"
#include "persist/rdb_loader.h"

struct replay {
	struct command_host host; /* the first member: a host's address is its replay's */
	struct dispatcher dispatcher;
	struct session session; /* in no registry */
	struct reply reply;
	bool failed; /* a command wrote an error */
};

/* False when there is no memory. Before other threads run, as is replay_free(). */
bool replay_init(struct replay *replay, struct keyspace *keyspace);
void replay_free(struct replay *replay);

struct replay_file {
	int fd;
	uint64_t at;   /* offset of its first command; the descriptor is there */
	uint64_t size; /* bytes that are to be read, from the file's beginning */
	int64_t now;   /* Unix time in milliseconds */
	struct load_progress *progress;
};

/* Runs the file's commands. *valid receives the offset behind its last whole unit: less than the size when the file
 * ends within one. False with what is wrong in *fault, but for its path. */
bool replay_run(struct replay *replay, const struct replay_file *file, uint64_t *valid, struct load_fault *fault);

#endif
