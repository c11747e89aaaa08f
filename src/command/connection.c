/*
 * Commands about the client's own connection: who it is, which protocol it speaks, which database it uses.
 *
 * HELLO reads all of its arguments before it acts on any, so that a request that is refused has changed nothing but,
 * at most, who is authenticated.
 */
#include "base/number.h"
#include "base/version.h"
#include "command/arguments.h"
#include "command/client.h"
#include "command/handlers.h"
#include "command/host.h"
#include "command/monitor.h"

/* To a RESP2 client that has subscribed, every reply looks like a message. */
static void reply_pong_message(struct reply *reply, struct slice text)
{
	reply_array(reply, 2);
	reply_bulk_text(reply, "pong");
	reply_bulk(reply, text);
}

void ping_command(struct command_context *context)
{
	if (context->argc > 2)
		argument_error_arity(context);
	else if (session_has(context->session, SESSION_SUBSCRIBED) && context->reply->protocol < 3)
		reply_pong_message(context->reply, context->argc == 2 ? context->argv[1] : SLICE(""));
	else if (context->argc == 2)
		reply_bulk(context->reply, context->argv[1]);
	else
		reply_raw(context->reply, SLICE("+PONG\r\n"));
}

void echo_command(struct command_context *context)
{
	reply_bulk(context->reply, context->argv[1]);
}

void quit_command(struct command_context *context)
{
	reply_ok(context->reply);
	context->session->ops->close(context->session);
}

void reset_command(struct command_context *context)
{
	monitor_leave(context->session);
	session_reset(context->session, !context->host->password_required(context->host));
	context->reply->protocol = 2;
	reply_simple(context->reply, "RESET");
}

/* While no password is set, the user "default" may give any, as in Redis. */
static bool credentials_are_right(struct command_host *host, struct slice user, struct slice password)
{
	if (!host->password_required(host))
		return slice_equal(user, SLICE("default"));
	return host->authenticate(host, user, password);
}

/* Whether the user is who it claims to be; writes the error when it is not. */
static bool session_authenticate(struct command_context *context, struct slice user, struct slice password)
{
	if (!credentials_are_right(context->host, user, password)) {
		reply_error(context->reply, "WRONGPASS invalid username-password pair or user is disabled.");
		return false;
	}
	session_mark(context->session, SESSION_AUTHENTICATED);
	return true;
}

void auth_command(struct command_context *context)
{
	const struct slice *argv = context->argv;
	bool with_user = context->argc == 3;

	if (context->argc > 3) {
		reply_error_syntax(context->reply);
		return;
	}
	if (!with_user && !context->host->password_required(context->host)) {
		reply_error(context->reply,
			    "ERR AUTH <password> called without any password configured for the default "
			    "user. Are you sure your configuration is correct?");
		return;
	}
	if (session_authenticate(context, with_user ? argv[1] : SLICE("default"), argv[context->argc - 1]))
		reply_ok(context->reply);
}

/* What HELLO was asked for. */
struct hello {
	int64_t protocol; /* the session's own when none is given */
	bool authenticate;
	struct slice user;
	struct slice password;
	bool set_name;
	struct slice name;
};

/* Reads the arguments; writes the error and returns false when they are not right. */
static bool hello_parse(struct command_context *context, struct hello *hello)
{
	const struct slice *argv = context->argv;
	size_t at = 2;

	*hello = (struct hello){.protocol = session_protocol(context->session)};
	if (context->argc == 1)
		return true;
	if (!number_parse_int64(argv[1], &hello->protocol)) {
		reply_error(context->reply, "ERR Protocol version is not an integer or out of range");
		return false;
	}
	if (hello->protocol < 2 || hello->protocol > 3) {
		reply_error(context->reply, "NOPROTO unsupported protocol version");
		return false;
	}
	while (at < context->argc) {
		size_t more = context->argc - at - 1;

		if (argument_is(context, at, "AUTH") && more >= 2) {
			hello->authenticate = true;
			hello->user = argv[at + 1];
			hello->password = argv[at + 2];
			at += 3;
		} else if (argument_is(context, at, "SETNAME") && more >= 1) {
			if (!client_check_name(context, argv[at + 1]))
				return false;
			hello->set_name = true;
			hello->name = argv[at + 1];
			at += 2;
		} else {
			reply_errorf(context->reply, "ERR Syntax error in HELLO option '%.*s'",
				     argument_echo_len(argv[at]), argv[at].data);
			return false;
		}
	}
	return true;
}

static void hello_reply(const struct command_context *context)
{
	struct reply *reply = context->reply;

	reply_map(reply, 7);
	reply_bulk_text(reply, "server");
	reply_bulk_text(reply, "redis"); /* what client libraries expect of this protocol */
	reply_bulk_text(reply, "version");
	reply_bulk_text(reply, CUBBY_REDIS_VERSION);
	reply_bulk_text(reply, "proto");
	reply_int(reply, reply->protocol);
	reply_bulk_text(reply, "id");
	reply_int(reply, (int64_t)context->session->id);
	reply_bulk_text(reply, "mode");
	reply_bulk_text(reply, "standalone");
	reply_bulk_text(reply, "role");
	reply_bulk_text(reply, "master");
	reply_bulk_text(reply, "modules");
	reply_array(reply, 0);
}

void hello_command(struct command_context *context)
{
	struct session *session = context->session;
	struct hello hello;

	if (!hello_parse(context, &hello))
		return;
	if (hello.authenticate && !session_authenticate(context, hello.user, hello.password))
		return;
	if (!session_has(session, SESSION_AUTHENTICATED) && context->host->password_required(context->host)) {
		reply_error(
			context->reply,
			"NOAUTH HELLO must be called with the client already authenticated, otherwise the HELLO "
			"<proto> AUTH <user> <pass> option can be used to authenticate the client and select the RESP "
			"protocol version at the same time");
		return;
	}
	if (hello.set_name && !client_set_name(context, hello.name))
		return;
	atomic_store_explicit(&session->protocol, (uint8_t)hello.protocol, memory_order_relaxed);
	context->reply->protocol = (uint8_t)hello.protocol;
	hello_reply(context);
}

void select_command(struct command_context *context)
{
	unsigned db;

	if (!argument_database(context, 1, &db))
		return;
	atomic_store_explicit(&context->session->db, (uint16_t)db, memory_order_relaxed);
	reply_ok(context->reply);
}
