/*
 * Transactions: MULTI, EXEC, DISCARD, WATCH and UNWATCH.
 *
 * The dispatcher queues what comes between MULTI and EXEC (session/transaction.h). EXEC locks the shards of all keys
 * that the queued commands name and of those that are watched, looks whether a watched key has changed, and runs one
 * command after the other: nobody sees some of them done and others not. If one of them touches keys that it does not
 * name (FLUSHALL, KEYS), every shard is locked.
 */
#include "session/transaction.h"

#include "command/arguments.h"
#include "command/dispatch.h"
#include "command/handlers.h"
#include "session/watch.h"

void multi_command(struct command_context *context)
{
	if (session_has(context->session, SESSION_MULTI))
		reply_error(context->reply, "ERR MULTI calls can not be nested");
	else if (transaction_begin(context->session))
		reply_ok(context->reply);
	else
		reply_error_out_of_memory(context->reply);
}

void discard_command(struct command_context *context)
{
	if (!session_has(context->session, SESSION_MULTI)) {
		reply_error(context->reply, "ERR DISCARD without MULTI");
		return;
	}
	transaction_discard(context->session);
	watch_forget(context->session, false);
	reply_ok(context->reply);
}

void watch_command(struct command_context *context)
{
	if (session_has(context->session, SESSION_MULTI)) {
		reply_error(context->reply, "ERR WATCH inside MULTI is not allowed");
		return;
	}
	for (size_t i = 0; i < context->key_count; i++) {
		const struct key *key = &context->keys[i];

		keyspace_find(context->keyspace, context->db, key, context->now); /* a dead key is watched as missing */
		if (!watch_add(context->session, context->db, key)) {
			reply_error_out_of_memory(context->reply);
			return;
		}
	}
	reply_ok(context->reply);
}

/* Within a transaction nothing is watched any more. */
void unwatch_command(struct command_context *context)
{
	watch_forget(context->session, false);
	reply_ok(context->reply);
}

/* --- EXEC -------------------------------------------------------------------------------------------------------- */

/* What a transaction needs locked. */
struct scope {
	struct shard_set shards;
	bool all;
};

static void scope_add(struct scope *scope, const struct keyspace *keyspace, const struct queued_command *queued)
{
	const struct resp_request *request = &queued->request;
	size_t first;
	size_t last;

	if ((queued->command->flags & (COMMAND_LOCK_ALL | COMMAND_LOCK_EACH)) != 0) {
		scope->all = true;
		return;
	}
	if (!command_key_range(queued->command, request->argc, &first, &last))
		return;
	for (size_t i = first; i <= last; i += (size_t)queued->command->keys.step)
		shard_set_add(&scope->shards, keyspace_key(keyspace, request->argv[i]).shard);
}

static void scope_lock(struct keyspace *keyspace, const struct scope *scope)
{
	if (scope->all)
		keyspace_lock_all(keyspace);
	else
		keyspace_lock_set(keyspace, &scope->shards);
}

static void scope_unlock(struct keyspace *keyspace, const struct scope *scope)
{
	if (scope->all)
		keyspace_unlock_all(keyspace);
	else
		keyspace_unlock_set(keyspace, &scope->shards);
}

static void run_queued(struct command_context *context, struct transaction *transaction)
{
	reply_array(context->reply, transaction->count);
	for (size_t i = 0; i < transaction->count; i++)
		dispatch_queued(context, transaction->commands[i].command, &transaction->commands[i].request);
}

/* Runs the transaction, if no watched key has changed. */
static void execute(struct command_context *context, struct transaction *transaction)
{
	struct scope scope = {0};

	for (size_t i = 0; i < transaction->count; i++)
		scope_add(&scope, context->keyspace, &transaction->commands[i]);
	watch_add_shards(context->session, &scope.shards);

	scope_lock(context->keyspace, &scope);
	if (watch_is_broken(context->session, context->now)) {
		reply_null_array(context->reply);
	} else {
		watch_forget(context->session, true);
		run_queued(context, transaction);
	}
	scope_unlock(context->keyspace, &scope);
}

void exec_command(struct command_context *context)
{
	struct session *session = context->session;
	struct transaction transaction;

	if (!session_has(session, SESSION_MULTI)) {
		reply_error(context->reply, "ERR EXEC without MULTI");
		return;
	}
	transaction = transaction_take(session);
	if (transaction.failed)
		reply_error(context->reply, "EXECABORT Transaction discarded because of previous errors.");
	else
		execute(context, &transaction);
	transaction_end(session, &transaction);
	watch_forget(session, false);
}
