/*
 * The happy path: a loop wakes up, its connections are served from their own callbacks, and the mailbox's uv_async_t
 * runs what other threads have posted. What takes a command too long to be done in one go (KEYS of millions) is done in
 * slices, one for each turn of the loop, from an uv_idle_t. Nothing here is on the way of other commands.
 */
#include "net/worker.h"

#include <stdlib.h>
#include <utlist.h>

#include "base/log.h"
#include "base/platform.h"
#include "command/latency.h"
#include "command/slow.h"
#include "net/connection.h"
#include "net/hold.h"

/* --- mailbox ------------------------------------------------------------------------------------------------------ */

void worker_post(struct worker *worker, void (*job)(uv_loop_t *loop, void *arg), void *arg)
{
	struct mail *mail = malloc(sizeof(*mail));

	uv_mutex_lock(&worker->mail_lock);
	if (mail == NULL) {
		mail = worker->mail_spare;
		if (mail == NULL) {
			log_event(LOG_WARNING, "no memory for a message between threads");
			abort();
		}
		worker->mail_spare = mail->next;
	}
	*mail = (struct mail){NULL, job, arg};
	*worker->mail_last = mail;
	worker->mail_last = &mail->next;
	if (!worker->mail_closed)
		uv_async_send(&worker->wake);
	uv_mutex_unlock(&worker->mail_lock);
}

static void mail_free(struct worker *worker, struct mail *mail)
{
	uintptr_t place = (uintptr_t)mail - (uintptr_t)worker->mail_reserve;

	if (place >= sizeof(worker->mail_reserve)) {
		free(mail);
		return;
	}
	uv_mutex_lock(&worker->mail_lock);
	mail->next = worker->mail_spare;
	worker->mail_spare = mail;
	uv_mutex_unlock(&worker->mail_lock);
}

static void mailbox_run(struct worker *worker)
{
	struct mail *mail;

	uv_mutex_lock(&worker->mail_lock);
	mail = worker->mail_first;
	worker->mail_first = NULL;
	worker->mail_last = &worker->mail_first;
	uv_mutex_unlock(&worker->mail_lock);

	while (mail != NULL) {
		struct mail *next = mail->next;

		mail->job(&worker->loop, mail->arg);
		mail_free(worker, mail);
		mail = next;
	}
}

static void mailbox_wake(uv_async_t *wake)
{
	mailbox_run(worker_of(wake->loop));
}

/* A turn is over in which somebody asked for the time: whoever wakes up next has waited for it. */
static void turn_account(struct worker *worker)
{
	uint64_t ticks = clock_ticks() - worker->turn_began;

	counter_add(&worker->turns, 1);
	counter_add(&worker->turn_ticks, ticks);
	if (slow_is(ticks))
		latency_note(LATENCY_LOOP, (int64_t)clock_ticks_to_us(ticks) / 1000, worker->now_ms);
}

/* What the turn has written to the journal is read by others while this thread polls. */
static void turn_begin(uv_prepare_t *prepare)
{
	struct worker *worker = worker_of(prepare->loop);

	if (worker->now_ms != 0)
		turn_account(worker);
	worker->now_ms = 0;
	worker->reader = NULL;
	worker->sent_in_turn = 0;
	journal_kick();
}

/* --- tasks -------------------------------------------------------------------------------------------------------- */

static const uint64_t task_slice_ns = 250 * 1000;

static void task_remove(struct worker *worker, struct session_task *task)
{
	DL_DELETE(worker->tasks, task);
	if (worker->tasks == NULL)
		uv_idle_stop(&worker->task_turn);
}

/* One slice of one task for each turn of the loop, however many wait: the clients that are served in between wait for
 * no more than that. */
static void tasks_go_on(uv_idle_t *idle)
{
	struct worker *worker = worker_of(idle->loop);
	struct session_task *task = worker->tasks;
	struct session *session = task->session;
	uint64_t end = clock_monotonic_ns() + task_slice_ns;
	bool done;

	do
		done = task->step(task, worker_now(worker));
	while (!done && clock_monotonic_ns() < end);
	if (!done) {
		DL_DELETE(worker->tasks, task);
		DL_APPEND(worker->tasks, task);
		return;
	}
	task_remove(worker, task); /* first: sending may close the connection, which cancels what is in the list */
	task->finish(task, session);
	session->ops->resume(session);
}

void worker_run_task(struct worker *worker, struct session *session, struct session_task *task)
{
	task->session = session;
	DL_APPEND(worker->tasks, task);
	uv_idle_start(&worker->task_turn, tasks_go_on);
}

void worker_cancel_task(struct worker *worker, const struct session *session)
{
	struct session_task *task;

	DL_SEARCH_SCALAR(worker->tasks, task, session, session);
	if (task == NULL)
		return;
	task_remove(worker, task);
	task->cancel(task);
}

/* --- soft limits -------------------------------------------------------------------------------------------------- */

enum { SOFT_LIMIT_CHECK_MS = 100 };

static void soft_limits_check(uv_timer_t *timer)
{
	if (!connection_check_soft_limits(worker_of(timer->loop)))
		uv_timer_stop(timer);
}

void worker_watch_soft_limits(struct worker *worker)
{
	if (!uv_is_active((uv_handle_t *)&worker->soft_limit))
		uv_timer_start(&worker->soft_limit, soft_limits_check, SOFT_LIMIT_CHECK_MS, SOFT_LIMIT_CHECK_MS);
}

/* --- life --------------------------------------------------------------------------------------------------------- */

bool worker_init(struct worker *worker, struct net *net, unsigned index, const struct net_options *options)
{
	*worker = (struct worker){.net = net, .index = index};
	worker->mail_last = &worker->mail_first;
	worker->input = malloc(WORKER_HEADROOM + WORKER_READ_SIZE);
	if (worker->input == NULL || !resp_args_init(&worker->args, WORKER_BATCH_ARGS) ||
	    !dispatcher_init(&worker->dispatcher, options->keyspace, options->host) ||
	    uv_mutex_init(&worker->mail_lock) != 0)
		goto failed;
	if (uv_loop_init(&worker->loop) != 0) {
		uv_mutex_destroy(&worker->mail_lock);
		goto failed;
	}
	for (size_t i = 0; i < WORKER_SPARE_MAIL; i++)
		mail_free(worker, &worker->mail_reserve[i]);
	worker->loop.data = worker;
	worker->reply.protocol = 2;
	session_registry_init(&worker->registry, options->threads > 1);
	lock_init(&worker->inbox_lock, options->threads > 1);
	uv_async_init(&worker->loop, &worker->wake, mailbox_wake);
	uv_idle_init(&worker->loop, &worker->task_turn);
	uv_idle_init(&worker->loop, &worker->output_turn);
	uv_timer_init(&worker->loop, &worker->soft_limit);
	uv_prepare_init(&worker->loop, &worker->before_poll);
	uv_prepare_start(&worker->before_poll, turn_begin);
	return true;

failed:
	dispatcher_free(&worker->dispatcher);
	resp_args_free(&worker->args);
	free(worker->input);
	return false;
}

void worker_run(struct worker *worker, const struct net_options *options)
{
	void *volatile first = malloc(1);
	char name[16];

	/* The allocator sets up what it keeps for a thread at its first call; should there be no memory left by the
	 * time the first client comes, jemalloc would crash. */
	free(first);
	snprintf(name, sizeof(name), "worker-%u", worker->index % 1000);
	platform_name_thread(worker->index == 0 ? "cubbyd" : name);
	uv_update_time(&worker->loop);
	if (options->on_worker_start != NULL)
		options->on_worker_start(&worker->loop, worker->index, options->arg);
	uv_run(&worker->loop, UV_RUN_DEFAULT);
}

void worker_stop(struct worker *worker, const struct net_options *options)
{
	if (worker->stopping)
		return;
	worker->stopping = true;
	hold_look(worker); /* what has been released just now is still sent */
	connection_close_all(worker);
	if (options->on_worker_stop != NULL)
		options->on_worker_stop(&worker->loop, worker->index, options->arg);
	uv_mutex_lock(&worker->mail_lock);
	worker->mail_closed = true;
	uv_mutex_unlock(&worker->mail_lock);
	uv_close((uv_handle_t *)&worker->wake, NULL);
	uv_close((uv_handle_t *)&worker->before_poll, NULL);
	uv_close((uv_handle_t *)&worker->task_turn, NULL);
	uv_close((uv_handle_t *)&worker->output_turn, NULL);
	uv_close((uv_handle_t *)&worker->soft_limit, NULL);
}

void worker_free(struct worker *worker)
{
	mailbox_run(worker); /* sockets that were on their way are closed by their own jobs */
	while (uv_loop_close(&worker->loop) == UV_EBUSY)
		uv_run(&worker->loop, UV_RUN_ONCE);
	session_registry_free(&worker->registry);
	dispatcher_free(&worker->dispatcher);
	resp_args_free(&worker->args);
	reply_free(&worker->reply);
	uv_mutex_destroy(&worker->mail_lock);
	free(worker->input);
}
