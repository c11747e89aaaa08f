/*
 * A worker: a thread, its libuv loop, its mailbox, and what its connections share: the buffer that is read into, the
 * batch that is decoded, the reply that is written. Private to net/.
 */
#ifndef CUBBY_NET_WORKER_H
#define CUBBY_NET_WORKER_H

#include <stdatomic.h>
#include <stdbool.h>
#include <uv.h>

#include "base/clock.h"
#include "base/counter.h"
#include "base/lock.h"
#include "command/dispatch.h"
#include "net/net.h"
#include "resp/decoder.h"
#include "resp/reply.h"
#include "session/registry.h"

enum {
	WORKER_READ_SIZE = 64 * 1024, /* bytes that one read(2) may bring */
	WORKER_HEADROOM =
		16 * 1024,	  /* room before them for the unfinished command of the connection that is read from */
	WORKER_BATCH_ARGS = 1024, /* arguments that a batch may have together; a command with more has its own */
};

struct connection;

enum { WORKER_SEND_SIZE = 1024 * 1024 }; /* bytes of long replies, of all clients together, for one turn */

enum { WORKER_SPARE_MAIL = 64 }; /* messages that can be posted when there is no memory */

/* A message: something to do on the worker's thread. */
struct mail {
	struct mail *next;
	void (*job)(uv_loop_t *loop, void *arg);
	void *arg;
};

struct worker {
	uv_loop_t loop; /* loop.data is the worker */
	struct net *net;
	unsigned index;
	uv_thread_t thread; /* of workers but the first */
	bool stopping;	    /* its connections are being closed; new ones are turned away */

	/* The mailbox. */
	uv_async_t wake;
	uv_mutex_t mail_lock;
	struct mail *mail_first; /* under mail_lock */
	struct mail **mail_last; /* under mail_lock */
	struct mail *mail_spare; /* under mail_lock: of mail_reserve, those that are free */
	struct mail mail_reserve[WORKER_SPARE_MAIL];
	bool mail_closed;	   /* under mail_lock: the loop has ended and is not to be woken */
	_Atomic bool sweep_posted; /* a message to look for killed and released sessions is under way */

	/* The connections whose inboxes are not empty. */
	struct lock inbox_lock;
	struct connection *inbox_first; /* under inbox_lock (utlist.h) */
	bool inbox_posted;		/* under inbox_lock: a message to deliver them is under way */

	/* The connections whose output the journal holds back, and the sessions that wait for it (net/hold.h). */
	struct output *held;	     /* utlist.h */
	struct session_wait *waits;  /* utlist.h */
	_Atomic bool holds;	     /* there are some of either */
	_Atomic bool release_posted; /* a message to look at them is under way */

	/* The connections whose output goes on in a later turn, because much has been sent in this one. libuv alone
	 * calls back up to nine times a turn for what the kernel takes at once: 500 subscribers to a channel of large
	 * messages would be sent 1 MB each while all others wait. */
	uv_idle_t output_turn; /* active while there are some */
	struct output *later;  /* utlist.h */
	size_t sent_in_turn;   /* bytes of outputs, and of replies too long to be sent at once */

	/* The wall clock, read once for each wake-up by whoever first asks. libuv's own time does not do: the system's
	 * coarse clock, which it reads, lags behind the milliseconds at which keys die. */
	uv_prepare_t before_poll; /* forgets the time and whose turn it was */
	int64_t now_ms;		  /* Unix time; 0: not read since the last poll */
	uint64_t turn_began;	  /* clock_ticks() when it was read */

	/* What its sessions wait for. */
	uv_idle_t task_turn;	    /* active while there are tasks: the loop then polls without waiting */
	struct session_task *tasks; /* the one whose turn is next first (utlist.h) */

	/* Running while a connection is above its soft output limit. */
	uv_timer_t soft_limit;

	/* Who is being read from. libuv would go on reading from a client that sends faster than it is served, up to 32
	 * times, while all others wait: WORKER_READ_SIZE bytes are enough for one turn. */
	const struct connection *reader; /* NULL: nobody since the last poll. Only compared, never followed. */
	size_t reader_bytes;		 /* that it has brought in this turn */

	/* Shared by the connections, in use only while one of them is being served. */
	char *input; /* WORKER_HEADROOM + WORKER_READ_SIZE bytes */
	struct resp_args args;
	struct resp_request requests[DISPATCH_BATCH];
	size_t starts[DISPATCH_BATCH]; /* where in the input each request begins */
	struct reply reply;
	struct dispatcher dispatcher;
	struct session_registry registry; /* of its connections */

	_Atomic uint64_t clients; /* sockets given to this worker and not closed: written by it and by worker 0 */

	/* Figures; written by the worker only. */
	counter commands;
	counter input_bytes;
	counter output_bytes;
	counter protocol_errors;
	counter timed_out;
	counter query_limit_closed;
	counter largest_input;
	counter largest_output;
	counter reads;			      /* that brought bytes */
	counter writes;			      /* that took bytes */
	counter turns;			      /* of the loop in which there was something to do */
	counter turn_ticks;		      /* clock_ticks() spent in them */
	counter blocked;		      /* sessions that wait */
	counter buffered;		      /* bytes that its connections hold, in and out */
	_Atomic uint64_t output_limit_closed; /* closed at client-output-buffer-limit, by any thread */
};

static inline struct worker *worker_of(const uv_loop_t *loop)
{
	return loop->data;
}

/* False when there is no memory or no descriptor for the loop; nothing is left behind. */
bool worker_init(struct worker *worker, struct net *net, unsigned index, const struct net_options *options);
void worker_free(struct worker *worker);

/* Runs the loop until worker_stop has been called on its thread and everything on it is closed. */
void worker_run(struct worker *worker, const struct net_options *options);

/* Closes the connections and the mailbox, so that worker_run returns. */
void worker_stop(struct worker *worker, const struct net_options *options);

void worker_post(struct worker *worker, void (*job)(uv_loop_t *loop, void *arg), void *arg);

/* Does `task` in the turns of the loop to come, for a session of this worker, and resumes the session. */
void worker_run_task(struct worker *worker, struct session *session, struct session_task *task);

/* Cancels what is being done for a session that ends. */
void worker_cancel_task(struct worker *worker, const struct session *session);

/* Looks at the connections that are above their soft output limit now and then, until there are none. */
void worker_watch_soft_limits(struct worker *worker);

/* Whether so much has been sent in this turn that what need not go now is to wait for the next. */
static inline bool worker_has_sent_enough(const struct worker *worker)
{
	return worker->sent_in_turn >= WORKER_SEND_SIZE;
}

/* Unix time in milliseconds of this wake-up. The worker's thread. */
static inline int64_t worker_now(struct worker *worker)
{
	if (worker->now_ms == 0) {
		worker->now_ms = clock_realtime_ms();
		worker->turn_began = clock_ticks();
	}
	return worker->now_ms;
}

#endif
