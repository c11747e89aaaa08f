/*
 * The happy path is in the header: gate_is_open() lets most commands pass, and these never come here. For all others,
 * the same is asked here in the order in which Redis asks it, and a refusal written in the words of Redis.
 */
#include "command/gate.h"

#include <stdio.h>

#include "base/lock.h"
#include "base/log.h"
#include "command/arguments.h"
#include "command/debug.h"
#include "command/handlers.h"
#include "command/host.h"
#include "command/pause.h"
#include "command/room.h"
#include "session/transaction.h"

_Atomic uint32_t gate_states;

void gate_raise(unsigned states)
{
	atomic_fetch_or_explicit(&gate_states, states, memory_order_relaxed);
}

void gate_lower(unsigned states)
{
	atomic_fetch_and_explicit(&gate_states, ~states, memory_order_relaxed);
}

/* --- trouble ------------------------------------------------------------------------------------------------------ */

static struct lock trouble_lock = {.enabled = true};
static char trouble[GATE_TROUBLE_TEXT]; /* under the lock; empty: none */

void gate_set_trouble(const char *text)
{
	lock_take(&trouble_lock);
	snprintf(trouble, sizeof(trouble), "%s", text != NULL ? text : "");
	if (text != NULL)
		gate_raise(GATE_MISCONF);
	else
		gate_lower(GATE_MISCONF);
	lock_release(&trouble_lock);
}

/* Whether the command would write. PING is refused with those that do: it is what health checks ask. */
static bool meets_trouble(const struct command_context *context)
{
	const struct command *command = context->command;

	return (command->flags & COMMAND_WRITE) != 0 || command->handler == ping_command ||
	       (command->handler == exec_command && gate_has_queued(context->session, COMMAND_WRITE));
}

/* Whether nothing forbids to write; writes the error. The trouble may have ended since the gate was looked at. */
static bool trouble_passes(struct command_context *context)
{
	char text[GATE_TROUBLE_TEXT];

	if (!gate_has(GATE_MISCONF) || !meets_trouble(context))
		return true;
	lock_take(&trouble_lock);
	memcpy(text, trouble, sizeof(text));
	lock_release(&trouble_lock);
	if (text[0] == '\0')
		return true;
	reply_error(context->reply, text);
	return false;
}

/* --- what a command must be and have ----------------------------------------------------------------------------- */

void gate_turn_reply(struct session *session)
{
	if (session_has(session, SESSION_REPLY_SKIP))
		session_unmark(session, SESSION_REPLY_SKIP);
	if (session_has(session, SESSION_REPLY_SKIP_NEXT)) {
		session_unmark(session, SESSION_REPLY_SKIP_NEXT);
		session_mark(session, SESSION_REPLY_SKIP);
	}
}

void gate_return_reply(struct session *session)
{
	if (!session_has(session, SESSION_REPLY_SKIP))
		return;
	session_unmark(session, SESSION_REPLY_SKIP);
	session_mark(session, SESSION_REPLY_SKIP_NEXT);
}

/* The end of "unknown command 'x', with args beginning with: 'a' 'b' ". */
static void unknown_command_error(struct command_context *context)
{
	struct slice name = context->argv[0];
	char args[2 * ARGUMENT_ECHO_MAX];
	size_t len = 0;

	for (size_t i = 1; i < context->argc && len < ARGUMENT_ECHO_MAX; i++) {
		size_t room = ARGUMENT_ECHO_MAX - len;
		size_t take = context->argv[i].len < room ? context->argv[i].len : room;

		args[len++] = '\'';
		if (take > 0)
			memcpy(args + len, context->argv[i].data, take);
		len += take;
		args[len++] = '\'';
		args[len++] = ' ';
	}
	reply_errorf(context->reply, "ERR unknown command '%.*s', with args beginning with: %.*s",
		     argument_echo_len(name), name.data, (int)len, args);
}

/* Whether a web browser has been made to talk to us: a page can send any text to a port of its reader's machine, and
 * the lines of an HTTP request that come after these could be commands. */
static bool is_http(struct slice name)
{
	return slice_is_word(name, "post") || slice_is_word(name, "host:");
}

/* A container whose subcommand was found would not be the command any more. */
static bool is_unknown_subcommand(const struct command_context *context)
{
	return context->command->subcommands != NULL && context->argc >= 2;
}

/* DEBUG has one text for both mistakes, as in Redis. */
static void refuse_words(struct command_context *context)
{
	if ((context->command->flags & COMMAND_GUARDED) != 0 && context->argc >= 2)
		argument_error_usage(context);
	else if (is_unknown_subcommand(context))
		argument_error_subcommand(context);
	else
		argument_error_arity(context);
}

/* Whether the command is known, whole and allowed; writes the error when it is not. */
static bool command_is_good(struct command_context *context)
{
	const struct command *command = context->command;

	if (command == NULL && is_http(context->argv[0])) {
		log_event(LOG_WARNING, "possible attack through a browser: a client sent HTTP and was closed",
			  LOG_INT("id", context->session->id));
		context->session->ops->close(context->session);
		return false;
	}
	if (command == NULL) {
		unknown_command_error(context);
		return false;
	}
	if ((command->flags & COMMAND_GUARDED) != 0 && context->argc >= 2 && !debug_is_allowed(context))
		return false;
	if (command->handler == NULL || !gate_arity_fits(command, context->argc) || is_unknown_subcommand(context)) {
		refuse_words(context);
		return false;
	}
	if (!session_has(context->session, SESSION_AUTHENTICATED) && (command->flags & COMMAND_NO_AUTH) == 0 &&
	    context->host->password_required(context->host)) {
		reply_error(context->reply, "NOAUTH Authentication required.");
		return false;
	}
	return true;
}

/* The session has a transaction open. */
static enum gate_verdict enter_transaction(struct command_context *context)
{
	if ((context->command->flags & COMMAND_UNQUEUED) != 0)
		return GATE_OPEN;
	if ((context->command->flags & COMMAND_NO_MULTI) == 0)
		return GATE_QUEUE;
	reply_error(context->reply, "ERR Command not allowed inside a transaction");
	return GATE_REFUSED;
}

/* Whether a command without the flag is queued in the session's transaction. */
static bool has_queued_without(const struct session *session, uint32_t flag)
{
	const struct transaction *transaction = session->transaction;

	for (size_t i = 0; transaction != NULL && i < transaction->count; i++) {
		if ((transaction->commands[i].command->flags & flag) == 0)
			return true;
	}
	return false;
}

bool gate_has_queued(const struct session *session, uint32_t flags)
{
	const struct transaction *transaction = session->transaction;

	for (size_t i = 0; transaction != NULL && i < transaction->count; i++) {
		if ((transaction->commands[i].command->flags & flags) != 0)
			return true;
	}
	return false;
}

/* Whether the command may run though the data is not there yet; writes the error. */
static bool loading_passes(struct command_context *context)
{
	const struct command *command = context->command;

	if (!gate_has(GATE_LOADING))
		return true;
	if ((command->flags & COMMAND_LOADING) != 0 &&
	    (command->handler != exec_command || !has_queued_without(context->session, COMMAND_LOADING)))
		return true;
	reply_error(context->reply, "LOADING Redis is loading the dataset in memory");
	return false;
}

/* Whether the command may take more memory than there was. To be queued takes some, too. */
static bool may_grow(const struct command_context *context)
{
	const struct command *command = context->command;

	if (!session_has(context->session, SESSION_MULTI))
		return (command->flags & COMMAND_DENYOOM) != 0;
	if (command->handler == exec_command)
		return gate_has_queued(context->session, COMMAND_DENYOOM);
	return (command->flags & COMMAND_UNQUEUED) == 0;
}

/* In RESP2 a message cannot be told from a reply, so a client that has subscribed may run few commands. */
static bool subscriber_may_run(struct command_context *context)
{
	const struct command *command = context->command;
	char name[COMMAND_NAME_TEXT];

	if (!session_has(context->session, SESSION_SUBSCRIBED) || session_protocol(context->session) >= 3 ||
	    (command->flags & COMMAND_SUBSCRIBER) != 0)
		return true;
	reply_errorf(context->reply,
		     "ERR Can't execute '%s': only (P|S)SUBSCRIBE / (P|S)UNSUBSCRIBE / PING / QUIT / RESET are allowed "
		     "in this context",
		     command_full_name(command, name));
	return false;
}

/* The command may run, or is queued. */
static enum gate_verdict enter_good(struct command_context *context)
{
	return session_has(context->session, SESSION_MULTI) ? enter_transaction(context) : GATE_OPEN;
}

enum gate_verdict gate_enter(struct command_context *context)
{
	enum gate_verdict verdict;

	if (!command_is_good(context))
		return GATE_REFUSED;
	if (session_has(context->session, SESSION_REPLAYS))
		return enter_good(context);
	if (room_is_limited() && !gate_spares_keys() && !room_passes(context, may_grow(context)))
		return GATE_REFUSED;
	if (!gate_is_special(context->session))
		return GATE_OPEN;
	if (!trouble_passes(context) || !subscriber_may_run(context) || !loading_passes(context))
		return GATE_REFUSED;
	verdict = enter_good(context);
	if (verdict != GATE_REFUSED && pause_is_on() && pause_concerns(context))
		return GATE_POSTPONE;
	return verdict;
}
