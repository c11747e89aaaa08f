/*
 * A command that waits for CLIENT PAUSE to end: the session keeps a copy of it, and is paused meanwhile.
 */
#ifndef CUBBY_SESSION_POSTPONE_H
#define CUBBY_SESSION_POSTPONE_H

#include <stdbool.h>
#include <stdint.h>

#include "resp/decoder.h"
#include "session/session.h"

/* Keeps a copy of the request, from which the blocks of large arguments are taken. The session keeps one at most. False
 * when there is no memory. Its own thread. */
bool session_postpone(struct session *session, struct resp_request *request);

/* Whether a command waits. Its own thread. */
static inline bool session_is_postponed(const struct session *session)
{
	return session->postponed != NULL;
}

/* Gives the command that waits, which there is, to the caller, who must release it. Its own thread. */
struct resp_request session_take_postponed(struct session *session);

/* Forgets it, if there is one: the client has left. */
void session_forget_postponed(struct session *session);

/* Commands that wait, of all sessions. Any thread. */
uint64_t session_postponed_count(void);

#endif
