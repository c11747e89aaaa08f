/*
 * WAIT and WAITAOF: until so many replicas, and the append-only file, have what this client has written.
 *
 * There are no replicas: who waits for some waits until the timeout, as with a replica that does not answer, and learns
 * that there were none. The append-only file is asked to sync at once, whatever appendfsync says; the wait is looked at
 * whenever the journal moves.
 */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/number.h"
#include "command/arguments.h"
#include "command/dispatch.h"
#include "command/handlers.h"
#include "command/host.h"
#include "persist/aof.h"

struct wait {
	struct session_wait session_wait; /* first */
	struct command_host *host;
	bool in_aof;	   /* WAITAOF */
	bool local;	   /* the append-only file is waited for */
	int64_t replicas;  /* ... and so many of these, of which there are none */
	uint64_t position; /* the journal's, behind what the client has written */
};

/* Whether it waits for a file that will not come. */
static bool wait_lost_its_file(const struct wait *wait)
{
	return wait->local && setting_get(&settings.appendonly) == 0;
}

static void refuse_without_file(struct reply *reply)
{
	reply_error(reply, "ERR WAITAOF cannot be used when numlocal is set but appendonly is disabled.");
}

/* How many have what was written: files here, and replicas. */
static void write_counts(const struct wait *wait, struct reply *reply)
{
	if (wait->in_aof) {
		reply_array(reply, 2);
		reply_int(reply, aof_has(wait->position));
	}
	reply_int(reply, 0);
}

static bool wait_is_over(const struct session_wait *session_wait)
{
	const struct wait *wait = (const struct wait *)session_wait;

	return wait_lost_its_file(wait) || (wait->replicas <= 0 && (!wait->local || aof_has(wait->position)));
}

static void wait_free(struct session_wait *wait)
{
	free(wait);
}

static void wait_finish(struct session_wait *session_wait, struct session *session)
{
	struct wait *wait = (struct wait *)session_wait;
	struct reply reply = {.protocol = session_protocol(session)};

	if (wait_lost_its_file(wait)) {
		wait->host->count_error(wait->host, SLICE("ERR"));
		refuse_without_file(&reply);
	} else {
		write_counts(wait, &reply);
	}
	session->ops->send_reply(session, &reply);
	reply_free(&reply);
	free(wait);
}

/* Has the client wait, unless there is nothing to wait for or the command must be done at once. */
static void wait_begin(struct command_context *context, const struct wait *wanted)
{
	struct session *session = context->session;
	struct wait *wait;

	if (context->at_once || wait_is_over(&wanted->session_wait)) {
		write_counts(wanted, context->reply);
		return;
	}
	wait = malloc(sizeof(*wait));
	if (wait == NULL) {
		reply_error_out_of_memory(context->reply);
		return;
	}
	*wait = *wanted;
	if (wait->local)
		aof_want(wait->position);
	session->ops->block(session, &wait->session_wait);
}

void wait_command(struct command_context *context)
{
	struct wait wait = {.session_wait = {.finish = wait_finish, .cancel = wait_free}, .host = context->host};

	if (argument_int64(context, 1, &wait.replicas) && argument_timeout(context, 2, &wait.session_wait.timeout))
		wait_begin(context, &wait);
}

/* Reads the two numbers of WAITAOF: of append-only files here (there can be one) and of replicas. */
static bool waitaof_numbers(struct command_context *context, int64_t *local, int64_t *replicas)
{
	if (!argument_int64(context, 1, local))
		return false;
	if (*local < 0 || *local > 1) {
		reply_error(context->reply, "ERR value is out of range, value must between 0 and 1");
		return false;
	}
	if (number_parse_int64(context->argv[2], replicas) && *replicas >= 0)
		return true;
	reply_error(context->reply, "ERR value is out of range, must be positive");
	return false;
}

void waitaof_command(struct command_context *context)
{
	struct wait wait = {
		.session_wait = {.finish = wait_finish, .cancel = wait_free, .is_over = wait_is_over},
		.host = context->host,
		.in_aof = true,
		.position = dispatch_written(context),
	};
	int64_t local;

	if (!waitaof_numbers(context, &local, &wait.replicas) ||
	    !argument_timeout(context, 3, &wait.session_wait.timeout))
		return;
	wait.local = local > 0;
	if (wait_lost_its_file(&wait))
		refuse_without_file(context->reply);
	else
		wait_begin(context, &wait);
}
