/*
 * The happy path: MULTI makes a transaction, commands are copied into it, EXEC (command/transaction.c) runs and then
 * discards it. A session without a transaction pays a pointer for it.
 */
#include "session/transaction.h"

#include <stdlib.h>

#include "base/settings.h"

enum { FIRST_COMMANDS = 8 };

/* Tells other threads how much is queued. */
static void note_queue(struct session *session, int64_t count, size_t bytes)
{
	atomic_store_explicit(&session->queued, count, memory_order_relaxed);
	atomic_store_explicit(&session->queued_bytes, bytes, memory_order_relaxed);
}

bool transaction_begin(struct session *session)
{
	session->transaction = calloc(1, sizeof(*session->transaction));
	if (session->transaction == NULL)
		return false;
	note_queue(session, 0, 0);
	session_mark(session, SESSION_MULTI);
	return true;
}

static void queue_clear(struct transaction *transaction)
{
	for (size_t i = 0; i < transaction->count; i++)
		resp_request_release(&transaction->commands[i].request);
	free(transaction->commands);
	*transaction = (struct transaction){.failed = transaction->failed};
}

/* Makes room for one command more. */
static bool queue_reserve(struct transaction *transaction)
{
	size_t cap = transaction->cap == 0 ? FIRST_COMMANDS : 2 * transaction->cap;
	struct queued_command *grown;

	if (transaction->count < transaction->cap)
		return true;
	grown = realloc(transaction->commands, cap * sizeof(*grown));
	if (grown == NULL)
		return false;
	transaction->commands = grown;
	transaction->cap = cap;
	return true;
}

static enum transaction_queued queue_add(struct transaction *transaction, const struct command *command,
					 struct resp_request *request)
{
	struct queued_command *queued;
	size_t bytes;

	if (!queue_reserve(transaction))
		return TRANSACTION_NO_MEMORY;
	queued = &transaction->commands[transaction->count];
	if (!resp_request_copy(request, &queued->request, &bytes))
		return TRANSACTION_NO_MEMORY;
	queued->command = command;
	transaction->count++;
	transaction->bytes += sizeof(*queued) + bytes;
	return TRANSACTION_QUEUED;
}

/* What is replayed has been done before: it cannot be refused. */
static bool is_too_large(const struct session *session)
{
	return !session_has(session, SESSION_REPLAYS) &&
	       session->transaction->bytes > (size_t)setting_get(&settings.client_query_buffer_limit);
}

enum transaction_queued transaction_queue(struct session *session, const struct command *command,
					  struct resp_request *request)
{
	enum transaction_queued result;

	if (session->transaction->failed || session_has(session, SESSION_DIRTY))
		return TRANSACTION_QUEUED;
	result = queue_add(session->transaction, command, request);
	if (result == TRANSACTION_QUEUED && is_too_large(session))
		result = TRANSACTION_TOO_LARGE;
	if (result != TRANSACTION_QUEUED)
		transaction_fail(session);
	else
		note_queue(session, (int64_t)session->transaction->count, session->transaction->bytes);
	return result;
}

void transaction_fail(struct session *session)
{
	if (session->transaction == NULL)
		return;
	session->transaction->failed = true;
	queue_clear(session->transaction);
	/* As in Redis, the number is told until EXEC. */
	atomic_store_explicit(&session->queued_bytes, 0, memory_order_relaxed);
}

struct transaction transaction_take(struct session *session)
{
	struct transaction taken = *session->transaction;

	free(session->transaction);
	session->transaction = NULL;
	session_mark(session, SESSION_EXECUTES);
	session_unmark(session, SESSION_MULTI);
	return taken;
}

void transaction_end(struct session *session, struct transaction *transaction)
{
	queue_clear(transaction);
	note_queue(session, -1, 0);
	session_unmark(session, SESSION_EXECUTES);
}

void transaction_discard(struct session *session)
{
	struct transaction taken;

	if (session->transaction == NULL)
		return;
	taken = transaction_take(session);
	transaction_end(session, &taken);
}
