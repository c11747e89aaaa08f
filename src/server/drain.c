/*
 * The happy path: SIGTERM comes; drain_begin() stops listening and starts a timer; at each tick the clients that are
 * left are counted; when none is, the gate holds back every command. Once no worker runs one any more, what is
 * committed is put on the disk, which lets go of replies that waited for that; the last dump is made; net_stop() ends
 * the loops.
 *
 * The disk is waited for by a background job or the snapshot's thread. When it fails, the daemon stays, unless it is
 * forced: what it alone has would be lost.
 *
 * A client that sent SHUTDOWN is paused and waits. It is not counted among those waited for, or nobody would ever be
 * done. It is remembered by its session's id, not by its address: it may leave before anybody answers it.
 *
 * `wanted` says, under the lock, what was asked for last; the jobs that do it are posted while the lock is held, so
 * worker 0 sees them in that order.
 */
#include "server/drain.h"

#include <stdlib.h>
#include <utlist.h>

#include "base/background.h"
#include "base/clock.h"
#include "base/log.h"
#include "command/gate.h"
#include "persist/aof.h"
#include "persist/file.h"
#include "server/answer.h"
#include "server/listen.h"
#include "server/persistence.h"
#include "session/registry.h"

enum {
	TICK_MS = 50,		/* how late the daemon may notice that the last client has left */
	LISTEN_AGAIN_MS = 1000, /* between two tries to listen again after an abort */
	FLUSH_MS = 60 * 1000,	/* how long a disk may take to have everything */
	INSIST_SECONDS = 10,	/* after a signal that was refused, in which another one ends the daemon at once */
};

static const uint64_t second_ns = 1000 * 1000 * 1000;

struct drain_waiter {
	uint64_t session; /* its id */
	unsigned worker;  /* whose it is */
	struct drain_waiter *next;
};

/* --- counting --------------------------------------------------------------------------------------------------- */

struct count {
	const struct drain_waiter *waiters;
	uint64_t found;
};

static void count_waiter(struct session *session, void *arg)
{
	struct count *count = arg;
	const struct drain_waiter *waiter;

	LL_FOREACH(count->waiters, waiter)
	{
		if (waiter->session == session->id)
			count->found++;
	}
}

uint64_t drain_waiting(struct drain *drain)
{
	struct count count = {NULL, 0};

	lock_take(&drain->lock);
	count.waiters = drain->waiters;
	if (count.waiters != NULL)
		session_registry_each(count_waiter, &count);
	lock_release(&drain->lock);
	return count.found;
}

/* Clients to wait for. */
static uint64_t clients_left(struct drain *drain)
{
	struct net_figures figures;
	uint64_t waiting = drain_waiting(drain);

	net_figures(drain->net, &figures);
	return figures.clients > waiting ? figures.clients - waiting : 0;
}

/* --- the shutdown (worker 0's thread) --------------------------------------------------------------------------- */

static void drain_end(struct drain *drain)
{
	if (drain->ended)
		return;
	drain->ended = true;
	uv_timer_stop(&drain->timer);
	net_stop(drain->net);
}

static unsigned drain_flags(struct drain *drain)
{
	unsigned flags;

	lock_take(&drain->lock);
	flags = drain->flags;
	lock_release(&drain->lock);
	return flags;
}

static bool is_forced(struct drain *drain)
{
	return (drain_flags(drain) & HOST_SHUTDOWN_FORCE) != 0;
}

/* The daemon stays, for data would be lost. */
static void drain_refuse(struct drain *drain)
{
	log_event(
		LOG_WARNING, "cannot save the data: not shutting down",
		LOG_TEXT_FIELD("advice",
			       "SHUTDOWN FORCE ends it without saving; so do two signals, one right after the other"));
	if (drain->signals > 0)
		drain->refused_ns = clock_monotonic_ns();
	drain->stopped = false;
	gate_lower(GATE_ENDING);
	net_resume_postponed(drain->net);
	drain_abort(drain);
}

/* The last dump has been made, or could not be. */
static void on_saved(void *arg, bool good)
{
	struct drain *drain = arg;

	if (good || is_forced(drain))
		drain_end(drain);
	else
		drain_refuse(drain);
}

static bool wants_save(struct drain *drain)
{
	unsigned flags = drain_flags(drain);

	if (gate_has(GATE_LOADING) || (flags & HOST_SHUTDOWN_NOSAVE) != 0)
		return false;
	return (flags & HOST_SHUTDOWN_SAVE) != 0 || persistence_has_save_points(drain->persistence);
}

static void drain_save(struct drain *drain)
{
	if (wants_save(drain))
		persistence_save_last(drain->persistence, on_saved, drain);
	else
		drain_end(drain);
}

static void flushed_job(uv_loop_t *loop, void *arg)
{
	struct drain *drain = arg;

	(void)loop;
	if (drain->ended)
		return;
	if (drain->flushed == 0 || is_forced(drain)) {
		drain_save(drain);
		return;
	}
	log_event(LOG_WARNING, "the append-only file does not have everything",
		  LOG_TEXT_FIELD("error", file_error(drain->flushed)));
	drain_refuse(drain);
}

/* Blocks for as long as the disk takes. On the background thread. */
static void flush_job(void *arg)
{
	struct drain *drain = arg;

	drain->flushed = aof_flush(FLUSH_MS);
	net_post(drain->net, 0, flushed_job, drain);
}

static void on_base_tick(uv_timer_t *timer);

/* A file that has been turned on and still lacks its first base has nothing of before: a start would find that, or what
 * was there when the file was last on. */
static void drain_flush(struct drain *drain)
{
	enum persistence_base base = persistence_base(drain->persistence);

	if (is_forced(drain) || gate_has(GATE_LOADING))
		base = PERSISTENCE_BASE_GOOD;
	if (base == PERSISTENCE_BASE_COMES) {
		uv_timer_start(&drain->timer, on_base_tick, TICK_MS, 0);
	} else if (base == PERSISTENCE_BASE_FAILED) {
		log_event(LOG_WARNING, "the append-only file does not have its first base");
		drain_refuse(drain);
	} else {
		background_run(flush_job, drain);
	}
}

static void on_base_tick(uv_timer_t *timer)
{
	drain_flush(timer->data);
}

/* No command runs any more. */
static void passed_job(uv_loop_t *loop, void *arg)
{
	struct drain *drain = arg;

	(void)loop;
	if (!drain->ended)
		drain_flush(drain);
}

/* What this worker had let in has been run. */
static void pass_job(uv_loop_t *loop, void *arg)
{
	struct drain *drain = arg;

	(void)loop;
	if (atomic_fetch_sub(&drain->passing, 1) == 1)
		net_post(drain->net, 0, passed_job, drain);
}

static void drain_stop(struct drain *drain, const char *why)
{
	unsigned threads = net_threads(drain->net);

	if (drain->stopped)
		return;
	drain->stopped = true;
	log_event(LOG_NOTICE, "shutting down", LOG_TEXT_FIELD("reason", why), LOG_INT("clients", clients_left(drain)));
	uv_timer_stop(&drain->timer);
	gate_raise(GATE_ENDING); /* what a command changes now might be neither in the file nor in the dump */
	atomic_store(&drain->passing, threads);
	for (unsigned worker = 1; worker < threads; worker++)
		net_post(drain->net, worker, pass_job, drain);
	pass_job(net_main_loop(drain->net), drain); /* worker 0 runs this, so nothing else */
}

/* Logs how many clients are left when the number has fallen, at most once a second. */
static void log_left(struct drain *drain, uint64_t left)
{
	uint64_t now = clock_monotonic_ns();

	if (left >= drain->logged_left || now - drain->logged_ns < second_ns)
		return;
	drain->logged_left = left;
	drain->logged_ns = now;
	log_event(LOG_NOTICE, "clients left to wait for", LOG_INT("clients", left));
}

static void on_tick(uv_timer_t *timer)
{
	struct drain *drain = timer->data;
	uint64_t limit_ns = (uint64_t)setting_get(&settings.shutdown_timeout) * second_ns;
	uint64_t left = clients_left(drain);

	if (left == 0)
		drain_stop(drain, "every client has left");
	else if (limit_ns > 0 && clock_monotonic_ns() - drain->begun_ns >= limit_ns)
		drain_stop(drain, "shutdown-timeout is over");
	else
		log_left(drain, left);
}

/* Who pressed Ctrl-C while clients are idle waits in vain, and is told what to do. */
static void log_begun(const struct drain *drain)
{
	static const char event[] = "shutdown begun: no longer listening, serving until every client has left";

	if (drain->signals > 0 && drain->logged_left > 0)
		log_event(LOG_NOTICE, event, LOG_INT("clients", drain->logged_left),
			  LOG_TEXT_FIELD("advice", "another signal ends it at once"));
	else
		log_event(LOG_NOTICE, event, LOG_INT("clients", drain->logged_left));
}

static void drain_begin(struct drain *drain)
{
	if (drain->begun || drain->stopped)
		return;
	if (drain->hasty) {
		drain_stop(drain, "there is nothing to wait for while the data is loaded");
		return;
	}
	drain->begun = true;
	if (net_port(drain->net) != 0)
		drain->port = net_port(drain->net);
	net_unlisten(drain->net);
	drain->begun_ns = clock_monotonic_ns();
	drain->logged_ns = drain->begun_ns;
	drain->logged_left = clients_left(drain);
	log_begun(drain);
	uv_timer_start(&drain->timer, on_tick, 0, TICK_MS);
}

static void begin_job(uv_loop_t *loop, void *arg)
{
	(void)loop;
	drain_begin(arg);
}

static void stop_job(uv_loop_t *loop, void *arg)
{
	(void)loop;
	drain_stop(arg, "SHUTDOWN NOW");
}

/* Whether a signal was refused just now. */
static bool insists(const struct drain *drain)
{
	return drain->refused_ns != 0 && clock_monotonic_ns() - drain->refused_ns < INSIST_SECONDS * second_ns;
}

void drain_signal(struct drain *drain, const char *name)
{
	log_event(LOG_NOTICE, "signal received", LOG_TEXT_FIELD("signal", name));
	drain->signals++;
	if (drain->signals > 1 || insists(drain)) {
		drain->stopped = true;
		log_event(LOG_NOTICE, "shutting down", LOG_TEXT_FIELD("reason", "second signal"),
			  LOG_INT("clients", clients_left(drain)));
		drain_end(drain);
		return;
	}
	lock_take(&drain->lock);
	drain->wanted = true;
	net_post(drain->net, 0, begin_job, drain);
	lock_release(&drain->lock);
}

void drain_request(struct drain *drain, struct session *session, unsigned worker, unsigned flags)
{
	struct drain_waiter *waiter = malloc(sizeof(*waiter));

	session->ops->pause(session);
	lock_take(&drain->lock);
	drain->wanted = true;
	drain->flags = flags;
	if (waiter != NULL) {
		*waiter = (struct drain_waiter){session->id, worker, NULL};
		LL_PREPEND(drain->waiters, waiter);
	} else {
		/* Nobody would remember it: it leaves now, as it would have at the end. */
		session->ops->close(session);
	}
	net_post(drain->net, 0, (flags & HOST_SHUTDOWN_NOW) != 0 ? stop_job : begin_job, drain);
	lock_release(&drain->lock);
}

/* --- the abort -------------------------------------------------------------------------------------------------- */

static void listen_again(struct drain *drain)
{
	char error[NET_ERROR_TEXT];

	if (listen_start(drain->config, drain->net, drain->port, error)) {
		uv_timer_stop(&drain->timer);
		log_event(LOG_NOTICE, "shutdown aborted: listening again", LOG_INT("port", net_port(drain->net)));
		return;
	}
	log_event(LOG_WARNING, "shutdown aborted, but cannot listen again yet", LOG_TEXT_FIELD("error", error));
}

static void on_listen_again(uv_timer_t *timer)
{
	listen_again(timer->data);
}

static void abort_job(uv_loop_t *loop, void *arg)
{
	struct drain *drain = arg;

	(void)loop;
	drain->signals = 0;
	if (!drain->begun || drain->stopped)
		return;
	drain->begun = false;
	uv_timer_start(&drain->timer, on_listen_again, LISTEN_AGAIN_MS, LISTEN_AGAIN_MS);
	listen_again(drain);
}

bool drain_abort(struct drain *drain)
{
	struct drain_waiter *waiter, *next;
	bool wanted;

	lock_take(&drain->lock);
	wanted = drain->wanted;
	drain->wanted = false;
	drain->flags = 0;
	if (wanted)
		net_post(drain->net, 0, abort_job, drain);
	LL_FOREACH_SAFE(drain->waiters, waiter, next)
	{
		LL_DELETE(drain->waiters, waiter);
		answer_paused(drain->net, waiter->worker, waiter->session,
			      SLICE("-ERR Errors trying to SHUTDOWN. Check logs.\r\n"));
		free(waiter);
	}
	lock_release(&drain->lock);
	return wanted;
}

/* --- its life --------------------------------------------------------------------------------------------------- */

void drain_open(struct drain *drain, struct net *net, struct config *config, struct persistence *persistence)
{
	*drain = (struct drain){.net = net, .config = config, .persistence = persistence, .port = -1};
	lock_init(&drain->lock, true);
	uv_timer_init(net_main_loop(net), &drain->timer);
	drain->timer.data = drain;
}

void drain_set_hasty(struct drain *drain, bool hasty)
{
	drain->hasty = hasty;
}

void drain_close(struct drain *drain)
{
	drain->ended = true;
	uv_close((uv_handle_t *)&drain->timer, NULL);
}

void drain_free(struct drain *drain)
{
	struct drain_waiter *waiter, *next;

	LL_FOREACH_SAFE(drain->waiters, waiter, next)
	{
		free(waiter);
	}
	drain->waiters = NULL;
}
