/* Answers to clients that wait, paused, for what another thread does (SAVE, DEBUG RELOAD). */
#ifndef CUBBY_SERVER_ANSWER_H
#define CUBBY_SERVER_ANSWER_H

#include <stdint.h>

#include "base/slice.h"
#include "net/net.h"

/* Has the worker send the reply, bytes of the protocol that live for ever, to its session of this id, and resume it. A
 * session that has gone is passed over. Any thread. */
void answer_paused(struct net *net, unsigned worker, uint64_t session, struct slice reply);

#endif
