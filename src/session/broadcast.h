/*
 * Client-side caching in broadcasting mode (session/tracking.h): nothing is remembered of what is read; a session names
 * prefixes and is told of every change to a key that begins with one.
 */
#ifndef CUBBY_SESSION_BROADCAST_H
#define CUBBY_SESSION_BROADCAST_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/slice.h"
#include "store/keyspace.h"

struct session;
struct tracking;

void broadcast_init(struct keyspace *keyspace, bool locking);

/* Adds prefixes to those that the session is told of; none is the empty one, which every key begins with. Every shard
 * is locked. False when there is no memory. */
bool broadcast_join(struct tracking *tracking, const struct slice *prefixes, size_t count);

/* The session is told of nothing more. No shard is locked by the caller unless all are (`locked`). */
void broadcast_leave(struct tracking *tracking, bool locked);

/* The prefix number `index` of the session, in the order of their bytes; data NULL behind the last. */
struct slice broadcast_prefix(const struct tracking *tracking, size_t index);

/* A key changes, whose shard is locked. `runner` is whose commands this thread runs: until it has run them the key is
 * kept, to be told with others; NULL: told at once. Who goes `by_itself` is not the runner's doing. */
void broadcast_changed(const struct key *key, const struct session *runner, bool by_itself);

/* The runner's commands have run: tells what has been kept of them on this thread. */
void broadcast_flush(const struct session *runner);

/* Different prefixes. Any thread. */
uint64_t broadcast_prefixes(void);

#endif
