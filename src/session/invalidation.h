/*
 * An invalidation: the message that tells a session which keys of its cache are stale. It goes to the session, or to
 * the one that it has its messages redirected to.
 */
#ifndef CUBBY_SESSION_INVALIDATION_H
#define CUBBY_SESSION_INVALIDATION_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/slice.h"
#include "session/handle.h"

struct session;

/* Some keys, or all there are. Begin with the fields above `encoded`. */
struct invalidation {
	const struct slice *keys;
	size_t count;
	bool all;
	const struct session *by; /* whose doing it is, of which NOLOOP spares it; NULL: nobody's */
	struct block *encoded[2]; /* RESP2, RESP3; NULL: not needed yet */
};

/* Sends to a session, or to where it has its messages sent, provided that it is (still) in the given mode: TRACKING_ON
 * alone is the default one. Without memory for the message its receiver is killed: it is not to go on with a stale
 * copy. No handle's lock is held. */
void invalidation_send(struct session_handle *reader, uint32_t mode, struct invalidation *message);

/* Gives back what sending has made. */
void invalidation_free(struct invalidation *message);

#endif
