/*
 * The happy path: the words of a command are quoted before its handler runs (which may take an argument away), the rest
 * of the line is put together afterwards (SELECT shows the new database), and one block goes to the inboxes of all
 * monitors.
 *
 * The list of monitors has a lock of its own, under which a message is pushed and without which a monitor cannot leave.
 * It is taken while shards are locked; nothing else is taken under it but an inbox's lock.
 */
#include "command/monitor.h"

#include <utlist.h>

#include "base/lock.h"
#include "command/arguments.h"
#include "command/gate.h"
#include "command/handlers.h"
#include "command/host.h"
#include "command/secret.h"

static struct lock monitors_lock = {.enabled = true};
static struct session *monitors; /* under the lock (utlist.h) */

/* --- who -------------------------------------------------------------------------------------------------------- */

static void monitor_join(struct session *session)
{
	lock_take(&monitors_lock);
	session_mark(session, SESSION_MONITOR);
	DL_APPEND2(monitors, session, monitor_prev, monitor_next);
	gate_raise(GATE_MONITORED);
	lock_release(&monitors_lock);
}

void monitor_leave(struct session *session)
{
	if (!session_has(session, SESSION_MONITOR))
		return;
	lock_take(&monitors_lock);
	session_unmark(session, SESSION_MONITOR);
	DL_DELETE2(monitors, session, monitor_prev, monitor_next);
	if (monitors == NULL)
		gate_lower(GATE_MONITORED);
	lock_release(&monitors_lock);
}

static void monitors_push(struct block *line)
{
	struct session *session;

	lock_take(&monitors_lock);
	DL_FOREACH2(monitors, session, monitor_next)
	{
		session->ops->push(session, line);
	}
	lock_release(&monitors_lock);
}

/* A second MONITOR has no reply in Redis either. */
void monitor_command(struct command_context *context)
{
	if (session_has(context->session, SESSION_MONITOR))
		return;
	if (context->at_once) {
		reply_error(context->reply, "ERR MONITOR isn't allowed for DENY BLOCKING client");
		return;
	}
	reply_ok(context->reply);
	monitor_join(context->session);
}

/* --- what ------------------------------------------------------------------------------------------------------- */

/* Appends ` "GET" "key"`. */
static void words_append(struct buffer *out, const struct command_context *context)
{
	for (size_t i = 0; i < context->argc; i++) {
		bool secret = secret_argument(context->command, context->argv, context->argc, i);

		buffer_append_text(out, " ");
		buffer_append_quoted(out, secret ? SLICE(SECRET_TEXT) : context->argv[i]);
	}
}

/* The address as it stands in a line: of a unix socket its path, without the port 0. */
static void address_print(struct buffer *line, struct session *session)
{
	struct session_peer peer = {.fd = -1};
	struct slice path;

	session_describe(session, &peer);
	if (!peer.unix_socket) {
		buffer_append_text(line, peer.addr);
		return;
	}
	path = slice_of(peer.laddr);
	if (path.len >= 2)
		path.len -= 2;
	buffer_append_text(line, "unix:");
	buffer_append_slice(line, path);
}

/* "+1339518083.107412 [0 127.0.0.1:60866]" and the words. */
static void line_print(struct buffer *line, const struct command_context *context, const struct buffer *words)
{
	int64_t now_us = context->host->now_us(context->host);

	buffer_printf(line, "+%lld.%06lld [%u ", (long long)(now_us / 1000000), (long long)(now_us % 1000000),
		      session_db(context->session));
	address_print(line, context->session);
	buffer_append_text(line, "]");
	buffer_append_slice(line, buffer_slice(words));
	buffer_append_text(line, "\r\n");
}

static void monitors_tell(const struct command_context *context, const struct buffer *words)
{
	struct buffer line = {0};
	struct block *block;

	line_print(&line, context, words);
	block = words->failed || line.failed ? NULL : block_of(buffer_slice(&line));
	if (block != NULL)
		monitors_push(block);
	block_unref(block);
	buffer_free(&line);
}

void monitor_call(struct command_context *context)
{
	struct buffer words = {0};

	if ((context->command->flags & (COMMAND_SKIP_MONITOR | COMMAND_ADMIN)) != 0) {
		context->command->handler(context);
		return;
	}
	words_append(&words, context);
	context->command->handler(context);
	monitors_tell(context, &words);
	buffer_free(&words);
}

void monitor_tell(const struct command_context *context)
{
	struct buffer words = {0};

	words_append(&words, context);
	monitors_tell(context, &words);
	buffer_free(&words);
}
