/*
 * The dispatcher: from a decoded request to a reply.
 *
 * The happy path: find the rows and hash the keys of the whole batch, touching the memory that the commands will need;
 * then, command by command: pass the gate, lock the keys' shards, run the handler, unlock.
 */
#ifndef CUBBY_COMMAND_DISPATCH_H
#define CUBBY_COMMAND_DISPATCH_H

#include "command/command.h"
#include "command/host.h"
#include "command/stats.h"
#include "store/eviction.h"

enum { DISPATCH_BATCH = 64 }; /* commands that are decoded before the first of them runs */

/* A worker's dispatcher. */
struct dispatcher {
	struct keyspace *keyspace;
	struct command_host *host;
	struct stats stats;
	struct random random;
	struct eviction eviction; /* the worker's candidates */
	struct key *keys;	  /* owned; scratch for the keys of one command */
	size_t key_cap;
	uint64_t since; /* clock_ticks() at the end of the last command of the batch that is running */
	uint64_t own;	/* journal_own() when that batch began */
};

/* False when there is no memory. Called at boot. */
bool dispatcher_init(struct dispatcher *dispatcher, struct keyspace *keyspace, struct command_host *host);
void dispatcher_free(struct dispatcher *dispatcher);

/*
 * Runs `count` (at most DISPATCH_BATCH) requests of one session in order, appending to `reply`. Stops after a command
 * that closed or paused the session, and when `reply` has grown to `reply_limit` bytes. Returns how many have been run;
 * the others must be given again later. `now` is Unix time in milliseconds.
 */
size_t dispatch_batch(struct dispatcher *dispatcher, struct session *session, struct resp_request *requests,
		      size_t count, int64_t now, struct reply *reply, size_t reply_limit);

/* The journal's position behind what the context's client has written, in the batch that is running, too. */
uint64_t dispatch_written(const struct command_context *context);

/* For EXEC: runs a command that has passed the gate when it was queued. All the shards that it needs are locked. Only
 * `exec` knows the session, the time and where the reply goes. */
void dispatch_queued(const struct command_context *exec, const struct command *command, struct resp_request *request);

#endif
