/*
 * A handle: a reference to a session that may end at any time.
 *
 * Tables that remember sessions for long (who has read a key, where invalidations go) hold a handle instead of the
 * session's address: when the session ends its handle is emptied, and whoever comes across it later drops it. Nobody
 * has to search the tables when a client leaves.
 */
#ifndef CUBBY_SESSION_HANDLE_H
#define CUBBY_SESSION_HANDLE_H

#include <stdatomic.h>
#include <stdint.h>

#include "base/block.h"
#include "base/lock.h"

struct session;

struct session_handle {
	_Atomic uint32_t refs;
	struct lock lock;	 /* a leaf lock: nothing but a worker's inbox is locked under it */
	struct session *session; /* under the lock; NULL: it has ended */
	uint64_t id;		 /* the session's */
};

/* The session's handle, made at the first call; one reference, the caller's. NULL when there is no memory. The
 * session's own thread, or any other under the registry's lock. */
struct session_handle *session_handle(struct session *session);

struct session_handle *session_handle_ref(struct session_handle *handle);
void session_handle_unref(struct session_handle *handle);

/* Empties the handle of a session that ends. Under the registry's lock. */
void session_handle_clear(struct session *session);

#endif
