/*
 * A transaction: the commands that a session has queued since MULTI.
 *
 * MULTI marks the session SESSION_MULTI. Each command is checked as it comes and queued; one that is refused fails the
 * whole transaction, which EXEC then discards. All functions are called on the session's thread.
 */
#ifndef CUBBY_SESSION_TRANSACTION_H
#define CUBBY_SESSION_TRANSACTION_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "resp/decoder.h"
#include "session/session.h"

struct queued_command {
	const struct command *command;
	struct resp_request request; /* owned */
};

struct transaction {
	struct queued_command *commands; /* owned */
	size_t count;
	size_t cap;
	size_t bytes; /* of memory that the requests take */
	bool failed;  /* a command was refused: EXEC discards */
};

/* Opens a transaction. False when there is no memory. */
bool transaction_begin(struct session *session);

enum transaction_queued {
	TRANSACTION_QUEUED,
	TRANSACTION_NO_MEMORY,
	TRANSACTION_TOO_LARGE, /* the queue would take more than client-query-buffer-limit */
};

/* Queues a copy of the request, from which the blocks of large arguments are taken. A transaction that has
 * failed, or whose watched keys have changed, keeps no more. Whatever is not TRANSACTION_QUEUED has failed it. */
enum transaction_queued transaction_queue(struct session *session, const struct command *command,
					  struct resp_request *request);

/* A command was refused. Nothing happens when no transaction is open. */
void transaction_fail(struct session *session);

/* Takes the transaction, which there is, from the session, which EXECUTES it from now on: commands run and are not
 * queued. Others are told of the transaction until it ends. */
struct transaction transaction_take(struct session *session);
/* Ends what was taken. */
void transaction_end(struct session *session, struct transaction *transaction);

/* Forgets the queue and closes the transaction, if there is one. Watched keys stay watched. */
void transaction_discard(struct session *session);

#endif
