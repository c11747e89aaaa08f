/*
 * Who has read what: client-side caching in its default mode (session/tracking.h). A table for each shard, under its
 * lock, has each key that somebody has read, and the handles of those sessions.
 */
#ifndef CUBBY_SESSION_READERS_H
#define CUBBY_SESSION_READERS_H

#include <stdbool.h>
#include <stdint.h>

#include "session/handle.h"
#include "store/keyspace.h"

struct session;

/* Makes the tables for a keyspace; called once at boot. False when there is no memory. */
bool readers_init(struct keyspace *keyspace);
void readers_free(void);

/* Notes that the session has read the key, whose shard is locked. Of too many keys (tracking-table-max-keys) the oldest
 * of the shard are given up, and their readers told. False when there is no memory. */
bool readers_add(const struct key *key, struct session_handle *reader);

/* The key, whose shard is locked, changes: tells its readers and forgets it. With NOLOOP `by` is spared; NULL: nobody.
 */
void readers_changed(const struct key *key, const struct session *by);

/* Forgets everything and tells nobody. Every shard is locked. */
void readers_clear(void);

/* Keys, and pairs of a key and a session that has read it. Any thread. */
uint64_t readers_keys(void);
uint64_t readers_items(void);

#endif
