/*
 * CLIENT KILL: a walk over the registries of all workers, holding one registry's lock at a time. Others are killed
 * through their feeder, which tells their worker; oneself is closed after the reply.
 */
#include "base/number.h"
#include "command/arguments.h"
#include "command/client.h"
#include "command/handlers.h"
#include "session/registry.h"

/* A walk that ends the clients which pass all filters. */
struct killing {
	const struct session *self;
	int64_t now;
	uint64_t id;	    /* 0 is any */
	struct slice addr;  /* data NULL is any */
	struct slice laddr; /* likewise */
	int64_t max_age;    /* seconds a client must have been there for; 0 is any */
	bool skip_self;
	enum client_type type; /* only these */
	size_t count;	       /* of those that were killed */
	bool self_killed;      /* the caller is one of them */
};

static bool address_differs(struct slice wanted, const char *address)
{
	return wanted.data != NULL && !slice_equal(wanted, slice_of(address));
}

static bool killing_spares(const struct killing *killing, const struct session *session)
{
	struct session_peer peer = {.fd = -1};

	if (killing->skip_self && session == killing->self)
		return true;
	if (killing->type != CLIENT_TYPE_ANY && killing->type != client_type_of(session))
		return true;
	if (killing->id != 0 && killing->id != session->id)
		return true;
	if (killing->max_age != 0 && client_seconds(session->created_ms, killing->now) < killing->max_age)
		return true;
	session->ops->describe(session, &peer);
	return address_differs(killing->addr, peer.addr) || address_differs(killing->laddr, peer.laddr);
}

static void killing_visit(struct session *session, void *arg)
{
	struct killing *killing = arg;

	if (killing_spares(killing, session))
		return;
	killing->count++;
	if (session == killing->self)
		killing->self_killed = true;
	else
		session->ops->kill(session);
}

/* Reads an integer above 0; `error` says what it is called. */
static bool positive_parse(struct command_context *context, size_t index, int64_t *value, const char *error)
{
	if (number_parse_int64(context->argv[index], value) && *value > 0)
		return true;
	reply_error(context->reply, error);
	return false;
}

static bool skipme_parse(struct command_context *context, size_t index, bool *skip)
{
	*skip = argument_is(context, index, "yes");
	if (*skip || argument_is(context, index, "no"))
		return true;
	reply_error_syntax(context->reply);
	return false;
}

/* Everybody is the user "default". */
static bool user_parse(struct command_context *context, size_t index)
{
	struct slice user = context->argv[index];

	if (slice_equal(user, SLICE("default")))
		return true;
	reply_errorf(context->reply, "ERR No such user '%.*s'", argument_echo_len(user), user.data);
	return false;
}

/* Reads the filter at `index` and its value behind it. */
static bool filter_parse(struct command_context *context, size_t index, struct killing *killing)
{
	struct slice value = context->argv[index + 1];
	int64_t id;

	if (argument_is(context, index, "ID")) {
		if (!positive_parse(context, index + 1, &id, "ERR client-id should be greater than 0"))
			return false;
		killing->id = (uint64_t)id;
	} else if (argument_is(context, index, "MAXAGE")) {
		return positive_parse(context, index + 1, &killing->max_age, "ERR maxage should be greater than 0");
	} else if (argument_is(context, index, "TYPE")) {
		return client_parse_type(context, index + 1, &killing->type);
	} else if (argument_is(context, index, "ADDR")) {
		killing->addr = value;
	} else if (argument_is(context, index, "LADDR")) {
		killing->laddr = value;
	} else if (argument_is(context, index, "USER")) {
		return user_parse(context, index + 1);
	} else if (argument_is(context, index, "SKIPME")) {
		return skipme_parse(context, index + 1, &killing->skip_self);
	} else {
		reply_error_syntax(context->reply);
		return false;
	}
	return true;
}

/* CLIENT KILL filter value [filter value ...]. */
static bool filters_parse(struct command_context *context, struct killing *killing)
{
	killing->skip_self = true;
	for (size_t i = 2; i < context->argc; i += 2) {
		if (i + 1 == context->argc) {
			reply_error_syntax(context->reply);
			return false;
		}
		if (!filter_parse(context, i, killing))
			return false;
	}
	return true;
}

void client_kill_command(struct command_context *context)
{
	struct killing killing = {.self = context->session, .now = context->now};
	bool by_address = context->argc == 3;

	if (by_address)
		killing.addr = context->argv[2];
	else if (!filters_parse(context, &killing))
		return;
	session_registry_each(killing_visit, &killing);

	if (!by_address)
		reply_int(context->reply, (int64_t)killing.count);
	else if (killing.count > 0)
		reply_ok(context->reply);
	else
		reply_error(context->reply, "ERR No such client");
	if (killing.self_killed)
		context->session->ops->close(context->session);
}
