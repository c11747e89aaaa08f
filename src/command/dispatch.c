/*
 * The happy path of a batch: every request is prepared (its row is found, its key hashed) and, when there are several,
 * the memory their keys live in is touched, so that the cache misses of all of them overlap. Then each
 * command in turn passes the gate (command/gate.c), has its shards locked and its handler run. What the gate does not
 * let through is refused, queued for EXEC, or kept until a pause ends.
 *
 * The processor's counter is read once for each command: where one ends, the next one begins.
 */
#include "command/dispatch.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "command/gate.h"
#include "command/handlers.h"
#include "command/monitor.h"
#include "command/slow.h"
#include "persist/journal.h"
#include "session/postpone.h"
#include "session/tracking.h"
#include "session/transaction.h"
#include "session/watch.h"

enum { SHARD_AHEAD = 2 }; /* commands ahead of which a shard's lock is fetched from another processor's cache */

/* What is known of a request before the commands ahead of it have run. */
struct prepared {
	const struct command *command; /* NULL: no such command */
	struct key key;		       /* the only one */
	bool has_key;
};

bool dispatcher_init(struct dispatcher *dispatcher, struct keyspace *keyspace, struct command_host *host)
{
	uint64_t seed;

	*dispatcher = (struct dispatcher){.keyspace = keyspace, .host = host};
	random_secret(&seed, sizeof(seed));
	random_seed(&dispatcher->random, seed);
	return stats_init(&dispatcher->stats);
}

void dispatcher_free(struct dispatcher *dispatcher)
{
	stats_free(&dispatcher->stats);
	free(dispatcher->keys);
}

/* --- preparing --------------------------------------------------------------------------------------------------- */

static const struct command *request_command(const struct resp_request *request)
{
	const struct command *command = command_find(request->argv[0]);
	const struct command *sub;

	if (command == NULL || command->subcommands == NULL || request->argc < 2)
		return command;
	sub = command_find_subcommand(command, request->argv[1]);
	return sub != NULL ? sub : command;
}

/* Whether the request has exactly one key, be it of a command that takes any number: "DEL key". */
static bool has_one_key(const struct command *command, size_t argc)
{
	size_t first = (size_t)command->keys.first;

	return command_has_keys(command) && argc > first &&
	       (command->keys.last == command->keys.first || argc == first + 1);
}

static inline void request_prepare(const struct dispatcher *dispatcher, const struct resp_request *request,
				   struct prepared *prepared)
{
	const struct command *command = request_command(request);

	prepared->command = command;
	prepared->has_key = command != NULL && has_one_key(command, request->argc);
	if (prepared->has_key)
		prepared->key = keyspace_key(dispatcher->keyspace, request->argv[command->keys.first]);
}

/* Touches the memory that the batch's commands will need. */
static void batch_prefetch(struct keyspace *keyspace, unsigned db, const struct prepared *prepared, size_t count)
{
	const struct key *keys[DISPATCH_BATCH];
	size_t key_count = 0;

	for (size_t i = 0; i < count; i++) {
		keys[key_count] = &prepared[i].key;
		key_count += prepared[i].has_key;
	}
	keyspace_prefetch(keyspace, db, keys, key_count);
}

/* --- keys and locks ----------------------------------------------------------------------------------------------- */

/* A command of many keys is a batch by itself. Of very many, the first would be gone from the cache before their turn
 * comes. */
static void keys_prefetch(struct keyspace *keyspace, unsigned db, const struct key *keys, size_t count)
{
	enum { MOST_KEYS = 16 * DISPATCH_BATCH };
	const struct key *some[DISPATCH_BATCH];

	if (count > MOST_KEYS)
		count = MOST_KEYS;
	for (size_t at = 0; at < count; at += DISPATCH_BATCH) {
		size_t some_count = 0;

		for (; some_count < DISPATCH_BATCH && at + some_count < count; some_count++)
			some[some_count] = &keys[at + some_count];
		keyspace_prefetch(keyspace, db, some, some_count);
	}
}

/* Whether looking up the command's keys leaves alone when and how often they were used. */
static bool keys_are_not_touched(const struct command_context *context)
{
	uint32_t flags = context->command->flags;

	if (session_has(context->session, SESSION_NO_TOUCH))
		return (flags & COMMAND_ALWAYS_TOUCH) == 0;
	return (flags & COMMAND_NO_TOUCH) != 0;
}

/* Hashes the keys of a command that has several, into the dispatcher's scratch. */
static bool request_keys(struct dispatcher *dispatcher, const struct command *command,
			 const struct resp_request *request, struct command_context *context)
{
	bool no_touch = keys_are_not_touched(context);
	size_t first;
	size_t last;
	size_t count = 0;

	context->key_count = 0;
	if (!command_key_range(command, request->argc, &first, &last))
		return true;
	if (dispatcher->key_cap < request->argc) {
		struct key *grown = realloc(dispatcher->keys, request->argc * sizeof(*grown));

		if (grown == NULL)
			return false;
		dispatcher->keys = grown;
		dispatcher->key_cap = request->argc;
	}
	for (size_t i = first; i <= last; i += (size_t)command->keys.step) {
		dispatcher->keys[count] = keyspace_key(dispatcher->keyspace, request->argv[i]);
		dispatcher->keys[count++].no_touch = no_touch;
	}
	context->keys = dispatcher->keys;
	context->key_count = count;
	if (count > 1 && !context->at_once)
		keys_prefetch(dispatcher->keyspace, context->db, dispatcher->keys, count);
	return true;
}

/* A command of a million keys is not to leave its scratch behind. */
static void keys_trim(struct dispatcher *dispatcher)
{
	enum { KEPT_KEYS = 4096 };

	if (dispatcher->key_cap <= KEPT_KEYS)
		return;
	free(dispatcher->keys);
	dispatcher->keys = NULL;
	dispatcher->key_cap = 0;
}

/* CLIENT CACHING holds for one command other than CLIENT, though it be refused, or for a whole transaction. */
static void caching_over(const struct command_context *context)
{
	const struct command *parent = context->command != NULL ? context->command->parent : NULL;

	if (context->at_once || session_has(context->session, SESSION_MULTI))
		return;
	if (parent == NULL || strcmp(parent->name, "client") != 0)
		tracking_caching_over(context->session);
}

/* A session with tracking has read the keys of this command. Their shards are still locked. */
static void keys_track(struct command_context *context)
{
	if ((context->command->flags & COMMAND_READONLY) != 0) {
		for (size_t i = 0; i < context->key_count; i++)
			tracking_remember(context->session, &context->keys[i]);
	}
	caching_over(context);
}

/* For a session that tracks, or while a monitor watches: both make the context special. */
static void handler_run_special(struct command_context *context)
{
	if (gate_has(GATE_MONITORED) && !session_has(context->session, SESSION_REPLAYS))
		monitor_call(context);
	else
		context->command->handler(context);
	if (session_has(context->session, SESSION_TRACKING))
		keys_track(context);
}

static inline void handler_run(struct command_context *context)
{
	if (context->special)
		handler_run_special(context);
	else
		context->command->handler(context);
}

static void handler_run_locked(struct command_context *context)
{
	struct keyspace *keyspace = context->keyspace;
	const struct command *command = context->command;

	if (context->at_once) {
		handler_run(context);
	} else if ((command->flags & COMMAND_LOCK_ALL) != 0) {
		keyspace_lock_all(keyspace);
		handler_run(context);
		keyspace_unlock_all(keyspace);
	} else if (context->key_count == 1) {
		keyspace_lock_shard(keyspace, context->keys[0].shard);
		handler_run(context);
		keyspace_unlock_shard(keyspace, context->keys[0].shard);
	} else if (context->key_count > 1) {
		struct shard_set set = {0};

		for (size_t i = 0; i < context->key_count; i++)
			shard_set_add(&set, context->keys[i].shard);
		keyspace_lock_set(keyspace, &set);
		handler_run(context);
		keyspace_unlock_set(keyspace, &set);
	} else {
		handler_run(context);
	}
}

/* Counts the error that stands at `at` in the output by its code, its first word. */
static void error_count(struct command_host *host, const struct reply *reply, size_t at)
{
	const char *start = reply->bytes.data + at;
	size_t left = reply->bytes.len - at;
	size_t len = 1;

	if (reply_failed(reply) || left == 0 || start[0] != '-')
		return;
	while (len < left && start[len] != ' ' && start[len] != '\r')
		len++;
	host->count_error(host, (struct slice){start + 1, len - 1});
}

/* --- running ------------------------------------------------------------------------------------------------------ */

/* Accounts for a command that has been run and began at `began`; the next one begins now. EXEC's time holds that of its
 * commands, which have been accounted for before. */
static void command_account(struct command_context *context, uint64_t began)
{
	struct command_stats *stats = context->stats;
	uint64_t now = clock_ticks();
	uint64_t ticks = now - began;

	context->dispatcher->since = now;
	counter_add(&stats->calls, 1);
	counter_add(&stats->ticks, ticks);
	if (context->goes_on) {
		context->goes_on = false;
		return;
	}
	stats_record(stats, ticks);
	if (slow_is(ticks) && !session_has(context->session, SESSION_REPLAYS)) /* who replays is no client to tell of */
		slow_note_context(context, ticks);
}

/* An EXEC that is refused ends the transaction, and its error, which starts at `mark`, says so. */
static void exec_rejected(struct command_context *context, struct reply_mark mark)
{
	struct slice error = {context->reply->bytes.data + mark.bytes_len, context->reply->bytes.len - mark.bytes_len};
	size_t skip = error.len > 5 && memcmp(error.data, "-ERR ", 5) == 0 ? 5 : 1;
	char text[GATE_TROUBLE_TEXT];

	if (error.len < skip + 2)
		return;
	snprintf(text, sizeof(text), "%.*s", (int)(error.len - skip - 2), error.data + skip);
	reply_rewind(context->reply, mark);
	reply_errorf(context->reply, "EXECABORT Transaction discarded because of: %s", text);
	transaction_discard(context->session);
	watch_forget(context->session, false);
	if (gate_has(GATE_MONITORED))
		monitor_tell(context); /* as in Redis: they have seen MULTI */
}

/* The command has been refused; its error starts at `mark`. */
static void command_rejected(struct command_context *context, struct reply_mark mark)
{
	if (context->command != NULL)
		counter_add(&context->dispatcher->stats.commands[context->command->id].rejected, 1);
	transaction_fail(context->session);
	if (context->command != NULL && context->command->handler == exec_command)
		exec_rejected(context, mark);
	caching_over(context);
	error_count(context->host, context->reply, mark.bytes_len);
	context->dispatcher->since = clock_ticks();
}

static void command_queue(struct command_context *context)
{
	switch (transaction_queue(context->session, context->command, context->request)) {
	case TRANSACTION_QUEUED:
		reply_simple(context->reply, "QUEUED");
		break;
	case TRANSACTION_NO_MEMORY:
		reply_error_out_of_memory(context->reply);
		break;
	case TRANSACTION_TOO_LARGE:
		reply_error(context->reply, "ERR the transaction is larger than client-query-buffer-limit");
		break;
	}
	context->dispatcher->since = clock_ticks();
}

/* The session keeps the command and is paused. */
static void command_postpone(struct command_context *context)
{
	if (!session_postpone(context->session, context->request)) {
		reply_error_out_of_memory(context->reply);
		return;
	}
	gate_return_reply(context->session);
	context->session->ops->pause(context->session);
}

/* Runs a command that has passed the gate. An error is counted once, though EXEC's reply holds it, too. */
static void command_call(struct command_context *context, struct prepared *prepared)
{
	struct dispatcher *dispatcher = context->dispatcher;
	const struct command *command = context->command;
	struct command_stats *stats = &dispatcher->stats.commands[command->id];
	struct reply *reply = context->reply;
	size_t start = reply->bytes.len;
	uint64_t errors = reply->errors;
	uint64_t began = dispatcher->since;

	if (!context->at_once) /* else it is EXEC that the client waits for */
		atomic_store_explicit(&context->session->last_command, command, memory_order_relaxed);
	context->stats = stats;
	prepared->key.no_touch = keys_are_not_touched(context);
	context->keys = &prepared->key;
	context->key_count = prepared->has_key;
	context->db = session_db(context->session);
	if (prepared->has_key || !command_has_keys(command) ||
	    request_keys(dispatcher, command, context->request, context))
		handler_run_locked(context);
	else
		reply_error_out_of_memory(reply);
	if (!prepared->has_key)
		keys_trim(dispatcher);
	if (reply->errors != errors) {
		counter_add(&stats->failed, 1);
		error_count(dispatcher->host, reply, start);
		reply->errors = errors;
	}
	command_account(context, began);
}

/* The context's fields that differ from one request of a batch to the next. */
static inline void context_take(struct command_context *context, const struct command *command,
				struct resp_request *request)
{
	context->command = command;
	context->argv = request->argv;
	context->argc = request->argc;
	context->request = request;
}

/* Runs, queues, postpones or refuses the context's request, and says which. */
static enum gate_verdict command_run(struct command_context *context, struct prepared *prepared)
{
	struct reply_mark mark = reply_mark(context->reply);
	enum gate_verdict verdict = gate_enter(context);

	switch (verdict) {
	case GATE_OPEN:
		command_call(context, prepared);
		break;
	case GATE_POSTPONE:
		command_postpone(context);
		break;
	case GATE_QUEUE:
		command_queue(context);
		break;
	case GATE_REFUSED:
		command_rejected(context, mark);
		break;
	}
	return verdict;
}

void dispatch_queued(const struct command_context *exec, const struct command *command, struct resp_request *request)
{
	struct command_context context = *exec;
	struct prepared prepared = {.command = command};

	context_take(&context, command, request);
	context.at_once = true;
	context.dispatcher->since = clock_ticks(); /* waiting for the locks was EXEC's */
	context.reply->protocol = session_protocol(context.session);
	command_call(&context, &prepared);
}

/* The same for a client, or at a time, that needs more than the ordinary way. */
static void command_run_special(struct command_context *context, struct prepared *prepared)
{
	struct reply_mark mark = reply_mark(context->reply);
	bool is_push;

	gate_turn_reply(context->session);
	is_push = command_run(context, prepared) == GATE_OPEN && (context->command->flags & COMMAND_PUSHES) != 0;
	if (session_has(context->session, SESSION_SILENT) && !is_push)
		reply_rewind(context->reply, mark);
}

uint64_t dispatch_written(const struct command_context *context)
{
	uint64_t own = journal_own();

	return own != context->dispatcher->own ? own : context->session->written;
}

size_t dispatch_batch(struct dispatcher *dispatcher, struct session *session, struct resp_request *requests,
		      size_t count, int64_t now, struct reply *reply, size_t reply_limit)
{
	struct prepared prepared[DISPATCH_BATCH];
	struct command_context context = {
		.session = session,
		.reply = reply,
		.now = now,
		.keyspace = dispatcher->keyspace,
		.host = dispatcher->host,
		.random = &dispatcher->random,
		.dispatcher = dispatcher,
	};
	size_t done = 0;

	for (size_t i = 0; i < count; i++)
		request_prepare(dispatcher, &requests[i], &prepared[i]);
	if (count > 1)
		batch_prefetch(dispatcher->keyspace, session_db(session), prepared, count);
	atomic_store_explicit(&session->active_ms, now, memory_order_relaxed);

	tracking_run_by(session);
	dispatcher->own = journal_own();
	dispatcher->since = clock_ticks();
	while (done < count) {
		if (done + SHARD_AHEAD < count && prepared[done + SHARD_AHEAD].has_key)
			keyspace_prefetch_shard(dispatcher->keyspace, &prepared[done + SHARD_AHEAD].key);
		reply->protocol = session_protocol(session);
		context.special = gate_is_special(session);
		context_take(&context, prepared[done].command, &requests[done]);
		if (gate_is_open(&context))
			command_call(&context, &prepared[done]);
		else if (context.special)
			command_run_special(&context, &prepared[done]);
		else
			command_run(&context, &prepared[done]);
		done++;
		if (session_has(session, SESSION_PUSHED))
			session->ops->take_pushed(session, reply);
		if (session_has(session, SESSION_CLOSING | SESSION_PAUSED) || reply_len(reply) >= reply_limit)
			break;
	}
	tracking_run_by(NULL);
	session->written = dispatch_written(&context);
	return done;
}
