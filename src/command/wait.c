/*
 * WAIT and WAITAOF: until so many replicas, and the append-only file, have what this client has written.
 *
 * There are no replicas and there is no append-only file. Who waits for none of them is answered at once; who waits for
 * some waits until the timeout, as with a replica that does not answer, and learns that there were none.
 */
#include <stdlib.h>

#include "base/number.h"
#include "command/arguments.h"
#include "command/handlers.h"

static const struct slice wait_reply = {":0\r\n", 4};
static const struct slice waitaof_reply = {"*2\r\n:0\r\n:0\r\n", 12};

struct wait {
	struct session_wait session_wait; /* first */
	struct slice reply;		  /* constant */
};

static void wait_free(struct session_wait *wait)
{
	free(wait);
}

static void wait_finish(struct session_wait *wait, struct session *session)
{
	session->ops->send(session, ((struct wait *)wait)->reply);
	free(wait);
}

/* Has the client wait for `timeout` milliseconds and answers then; what must be done at once is answered at once. */
static void wait_in_vain(struct command_context *context, int64_t timeout, struct slice reply)
{
	struct session *session = context->session;
	struct wait *wait;

	if (context->at_once) {
		reply_raw(context->reply, reply);
		return;
	}
	wait = malloc(sizeof(*wait));
	if (wait == NULL) {
		reply_error_out_of_memory(context->reply);
		return;
	}
	*wait = (struct wait){
		.session_wait = {.timeout = timeout, .finish = wait_finish, .cancel = wait_free},
		.reply = reply,
	};
	session->ops->block(session, &wait->session_wait);
}

void wait_command(struct command_context *context)
{
	int64_t replicas, timeout;

	if (!argument_int64(context, 1, &replicas) || !argument_timeout(context, 2, &timeout))
		return;
	if (replicas <= 0)
		reply_raw(context->reply, wait_reply);
	else
		wait_in_vain(context, timeout, wait_reply);
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
	int64_t local, replicas, timeout;

	if (!waitaof_numbers(context, &local, &replicas) || !argument_timeout(context, 3, &timeout))
		return;
	if (local > 0)
		reply_error(context->reply,
			    "ERR WAITAOF cannot be used when numlocal is set but appendonly is disabled.");
	else if (replicas == 0)
		reply_raw(context->reply, waitaof_reply);
	else
		wait_in_vain(context, timeout, waitaof_reply);
}
