#include "server/answer.h"

#include <stdlib.h>

#include "base/log.h"
#include "session/registry.h"

struct answer {
	uint64_t id; /* of the session */
	struct slice reply;
	struct session *found;
};

static void match_id(struct session *session, void *arg)
{
	struct answer *answer = arg;

	if (session->id == answer->id)
		answer->found = session;
}

/* On the session's thread, which alone could free it. */
static void answer_job(uv_loop_t *loop, void *arg)
{
	struct answer *answer = arg;

	(void)loop;
	session_registry_each(match_id, answer);
	if (answer->found != NULL) {
		answer->found->ops->send(answer->found, answer->reply);
		answer->found->ops->resume(answer->found);
	}
	free(answer);
}

void answer_paused(struct net *net, unsigned worker, uint64_t session, struct slice reply)
{
	struct answer *answer = malloc(sizeof(*answer));

	if (answer == NULL) {
		log_event(LOG_WARNING, "no memory for a message between threads");
		abort();
	}
	*answer = (struct answer){.id = session, .reply = reply};
	net_post(net, worker, answer_job, answer);
}
