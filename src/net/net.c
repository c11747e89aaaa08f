/*
 * The happy path: net_new makes the workers, net_listen opens the door, net_run starts a thread for each worker but the
 * first and runs that one itself. Worker 0 accepts, and gives each client to the worker that has the fewest.
 */
#include "net/net.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/lock.h"
#include "base/log.h"
#include "base/settings.h"
#include "net/connection.h"
#include "net/hold.h"
#include "net/listener.h"
#include "net/worker.h"

struct net {
	struct net_options options;
	struct worker *workers; /* owned; options.threads of them */
	struct listeners listeners;
	bool stopping;

	/* Figures; written by worker 0. */
	counter received;
	counter rejected;

	/* What net_reset_figures has set aside. */
	struct lock baseline_lock;
	struct net_figures baseline; /* under baseline_lock */
};

/* --- accepting ---------------------------------------------------------------------------------------------------- */

struct handover {
	int fd;
	enum transport_kind kind;
	struct transport_address address;
};

static void handover_arrives(uv_loop_t *loop, void *arg)
{
	struct handover *handover = arg;

	connection_open(worker_of(loop), handover->fd, handover->kind, handover->address);
	free(handover);
}

static uint64_t clients_of(const struct worker *worker)
{
	return atomic_load_explicit(&worker->clients, memory_order_relaxed);
}

static uint64_t clients_total(const struct net *net)
{
	uint64_t total = 0;

	for (unsigned i = 0; i < net->options.threads; i++)
		total += clients_of(&net->workers[i]);
	return total;
}

static struct worker *worker_with_fewest(struct net *net)
{
	struct worker *best = &net->workers[0];

	for (unsigned i = 1; i < net->options.threads; i++)
		if (clients_of(&net->workers[i]) < clients_of(best))
			best = &net->workers[i];
	return best;
}

/* Answers and closes a client that cannot be let in. What it has sent already is read first: closing a socket with
 * unread bytes would make the kernel throw the answer away. */
static void client_turn_away(struct net *net, int fd, const char *answer)
{
	char unread[4096];
	ssize_t ignored;

	counter_add(&net->rejected, 1);
	ignored = write(fd, answer, strlen(answer));
	shutdown(fd, SHUT_WR);
	ignored = read(fd, unread, sizeof(unread));
	(void)ignored;
	close(fd);
}

static const char protected_mode_answer[] =
	"-DENIED cubby is running in protected mode because protected mode is enabled and no password is set for the "
	"default user. In this mode connections are only accepted from the loopback interface. To connect from another "
	"computer, do one of the following: 1) disable protected mode with 'CONFIG SET protected-mode no' sent from "
	"the loopback interface, having made sure that the server cannot be reached from the internet; 2) disable it "
	"in the configuration file and restart the server; 3) start the server with '--protected-mode no'; 4) set a "
	"password for the default user (requirepass).\r\n";

static void client_accepted(struct net *net, int fd, enum transport_kind kind, struct transport_address address)
{
	struct command_host *host = net->options.host;
	struct worker *worker = worker_with_fewest(net);
	struct handover *handover;

	counter_add(&net->received, 1);
	if (clients_total(net) >= (uint64_t)setting_get(&settings.maxclients)) {
		client_turn_away(net, fd, "-ERR max number of clients reached\r\n");
		return;
	}
	if (setting_get(&settings.protected_mode) != 0 && !transport_is_local(&address) &&
	    !host->password_required(host)) {
		client_turn_away(net, fd, protected_mode_answer);
		return;
	}
	atomic_fetch_add_explicit(&worker->clients, 1, memory_order_relaxed);
	if (worker->index == 0) {
		connection_open(worker, fd, kind, address);
		return;
	}
	handover = malloc(sizeof(*handover));
	if (handover == NULL) {
		atomic_fetch_sub_explicit(&worker->clients, 1, memory_order_relaxed);
		client_turn_away(net, fd, "-ERR out of memory\r\n");
		return;
	}
	*handover = (struct handover){fd, kind, address};
	worker_post(worker, handover_arrives, handover);
}

bool net_listen(struct net *net, const struct net_listen_options *options, char *error)
{
	return listeners_open(&net->listeners, options, error);
}

void net_unlisten(struct net *net)
{
	listeners_close(&net->listeners);
}

int net_port(const struct net *net)
{
	return net->listeners.port;
}

/* --- life --------------------------------------------------------------------------------------------------------- */

/* The journal has moved; on the thread that has moved it. */
static void net_release(void *arg)
{
	struct net *net = arg;

	for (unsigned i = 0; i < net->options.threads; i++)
		hold_wake(&net->workers[i]);
}

struct net *net_new(const struct net_options *options)
{
	struct net *net = calloc(1, sizeof(*net));

	if (net == NULL)
		return NULL;
	net->options = *options;
	net->workers = calloc(options->threads, sizeof(*net->workers));
	for (unsigned i = 0; net->workers != NULL && i < options->threads; i++) {
		if (worker_init(&net->workers[i], net, i, options))
			continue;
		while (i-- > 0) {
			worker_stop(&net->workers[i], &(struct net_options){0});
			worker_free(&net->workers[i]);
		}
		free(net->workers);
		net->workers = NULL;
	}
	if (net->workers == NULL) {
		free(net);
		return NULL;
	}
	lock_init(&net->baseline_lock, options->threads > 1);
	journal_on_release(net_release, net);
	listeners_init(&net->listeners, net, &net->workers[0].loop, client_accepted);
	return net;
}

static void worker_thread(void *arg)
{
	struct worker *worker = arg;

	worker_run(worker, &worker->net->options);
}

static void net_stops(uv_loop_t *loop, void *unused)
{
	(void)unused;
	net_stop(worker_of(loop)->net);
}

bool net_run(struct net *net)
{
	unsigned started = 1;

	while (started < net->options.threads &&
	       uv_thread_create(&net->workers[started].thread, worker_thread, &net->workers[started]) == 0)
		started++;
	if (started < net->options.threads) {
		log_event(LOG_WARNING, "cannot start a thread", LOG_INT("worker", started));
		/* By mail: what on_worker_start opens must be there to be closed. */
		worker_post(&net->workers[0], net_stops, NULL);
	}
	worker_run(&net->workers[0], &net->options);
	for (unsigned i = 1; i < started; i++)
		uv_thread_join(&net->workers[i].thread);
	return started == net->options.threads;
}

static void worker_stops(uv_loop_t *loop, void *unused)
{
	struct worker *worker = worker_of(loop);

	(void)unused;
	worker_stop(worker, &worker->net->options);
}

void net_stop(struct net *net)
{
	if (net->stopping)
		return;
	net->stopping = true;
	listeners_stop(&net->listeners);
	for (unsigned i = 1; i < net->options.threads; i++)
		worker_post(&net->workers[i], worker_stops, NULL);
	worker_stop(&net->workers[0], &net->options);
}

void net_free(struct net *net)
{
	if (!net->stopping)
		net_stop(net);
	journal_on_release(NULL, NULL);
	for (unsigned i = 0; i < net->options.threads; i++)
		worker_free(&net->workers[i]);
	free(net->workers);
	free(net);
}

uv_loop_t *net_main_loop(struct net *net)
{
	return &net->workers[0].loop;
}

unsigned net_threads(const struct net *net)
{
	return net->options.threads;
}

void net_post(struct net *net, unsigned worker, void (*job)(uv_loop_t *loop, void *arg), void *arg)
{
	worker_post(&net->workers[worker], job, arg);
}

void net_apply_timeout(struct net *net)
{
	for (unsigned i = 0; i < net->options.threads; i++)
		worker_post(&net->workers[i], connection_apply_timeout, NULL);
}

void net_apply_keepalive(struct net *net)
{
	for (unsigned i = 0; i < net->options.threads; i++)
		worker_post(&net->workers[i], connection_apply_keepalive, NULL);
}

void net_resume_postponed(struct net *net)
{
	for (unsigned i = 0; i < net->options.threads; i++)
		worker_post(&net->workers[i], connection_resume_postponed, NULL);
}

/* --- figures ------------------------------------------------------------------------------------------------------ */

static uint64_t larger(uint64_t a, uint64_t b)
{
	return a > b ? a : b;
}

static void figures_sum(const struct net *net, struct net_figures *sum)
{
	*sum = (struct net_figures){
		.clients = clients_total(net),
		.received = counter_get(&net->received),
		.rejected = counter_get(&net->rejected),
	};
	sum->client_memory = sum->clients * sizeof(struct connection);
	for (unsigned i = 0; i < net->options.threads; i++) {
		const struct worker *worker = &net->workers[i];

		sum->client_memory += counter_get(&worker->buffered);
		sum->commands += counter_get(&worker->commands);
		sum->input_bytes += counter_get(&worker->input_bytes);
		sum->output_bytes += counter_get(&worker->output_bytes);
		sum->reads += counter_get(&worker->reads);
		sum->writes += counter_get(&worker->writes);
		sum->turns += counter_get(&worker->turns);
		sum->turn_ticks += counter_get(&worker->turn_ticks);
		sum->protocol_errors += counter_get(&worker->protocol_errors);
		sum->timed_out += counter_get(&worker->timed_out);
		sum->query_limit_closed += counter_get(&worker->query_limit_closed);
		sum->blocked += counter_get(&worker->blocked);
		sum->output_limit_closed += atomic_load_explicit(&worker->output_limit_closed, memory_order_relaxed);
		sum->largest_input = larger(sum->largest_input, counter_get(&worker->largest_input));
		sum->largest_output = larger(sum->largest_output, counter_get(&worker->largest_output));
	}
}

void net_figures(struct net *net, struct net_figures *figures)
{
	struct net_figures base;

	lock_take(&net->baseline_lock);
	base = net->baseline;
	lock_release(&net->baseline_lock);
	figures_sum(net, figures);
	figures->received -= base.received;
	figures->rejected -= base.rejected;
	figures->commands -= base.commands;
	figures->input_bytes -= base.input_bytes;
	figures->output_bytes -= base.output_bytes;
	figures->reads -= base.reads;
	figures->writes -= base.writes;
	figures->turns -= base.turns;
	figures->turn_ticks -= base.turn_ticks;
	figures->protocol_errors -= base.protocol_errors;
	figures->timed_out -= base.timed_out;
	figures->query_limit_closed -= base.query_limit_closed;
	figures->output_limit_closed -= base.output_limit_closed;
}

void net_reset_figures(struct net *net)
{
	lock_take(&net->baseline_lock);
	figures_sum(net, &net->baseline);
	lock_release(&net->baseline_lock);
}

uint64_t net_worker_clients(const struct net *net, unsigned worker)
{
	return clients_of(&net->workers[worker]);
}
