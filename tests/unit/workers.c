#include "workers.h"

#include <errno.h>
#include <pthread.h>
#include <sched.h>
#include <stdio.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <check.h>

#include "base/clock.h"
#include "command/command.h"
#include "persist/journal.h"
#include "scratch.h"
#include "server/config.h"
#include "session/registry.h"

enum { MOST_CLIENTS = 16 };

static struct config config;
static struct keyspace *keyspace;
static struct journal_reader reader;
static struct net *net;
static pthread_t net_thread;
static int clients[MOST_CLIENTS];
static int client_count;

/* --- the daemon --------------------------------------------------------------------------------------------------- */

static bool host_password_required(struct command_host *host)
{
	(void)host;
	return false;
}

static void host_count_error(struct command_host *host, struct slice code)
{
	(void)host;
	(void)code;
}

static struct command_host host = {.password_required = host_password_required, .count_error = host_count_error};

static void *run_net(void *unused)
{
	(void)unused;
	ck_assert(net_run(net));
	return NULL;
}

static void on_worker_stop(uv_loop_t *loop, unsigned worker, void *unused)
{
	(void)loop;
	(void)worker;
	(void)unused;
	journal_thread_end();
}

void workers_start(int workers)
{
	struct keyspace_options options = {.shards = 32, .databases = 16, .locking = workers > 1, .seed = {{1, 2}}};
	char error[NET_ERROR_TEXT];

	command_table_init();
	ck_assert(config_init(&config));
	keyspace = keyspace_new(&options);
	ck_assert(keyspace != NULL);
	journal_init(workers > 1);
	ck_assert(journal_attach(&reader, JOURNAL_NOW));
	keyspace_record(keyspace, journal_effects());
	net = net_new(&(struct net_options){
		.threads = (unsigned)workers,
		.keyspace = keyspace,
		.host = &host,
		.on_worker_stop = on_worker_stop,
	});
	ck_assert(net != NULL);
	ck_assert_msg(net_listen(net,
				 &(struct net_listen_options){
					 .port = -1, .unix_path = scratch_path("socket"), .backlog = 128},
				 error),
		      "%s", error);
	journal_release(0);
	ck_assert_int_eq(pthread_create(&net_thread, NULL, run_net, NULL), 0);
	client_count = 0;
}

static void stop_job(uv_loop_t *loop, void *unused)
{
	(void)loop;
	(void)unused;
	net_stop(net);
}

void workers_end(void)
{
	net_post(net, 0, stop_job, NULL);
}

void workers_stop(void)
{
	workers_end();
	pthread_join(net_thread, NULL);
	net_free(net);
	for (int i = 0; i < client_count; i++)
		close(clients[i]);
	keyspace_record(keyspace, NULL);
	journal_detach(&reader);
	journal_free();
	keyspace_free(keyspace);
	config_free(&config);
}

/* Whether it is time to give up on what should have happened by now. */
static bool is_late(uint64_t since)
{
	sched_yield();
	return clock_monotonic_ns() - since > 20 * 1000000000ull;
}

static void arrive(uv_loop_t *loop, void *arg)
{
	(void)loop;
	atomic_fetch_add((_Atomic unsigned *)arg, 1);
}

/* Twice: what is posted meanwhile counts. */
void workers_settle(void)
{
	for (int round = 0; round < 2; round++) {
		static _Atomic unsigned arrived;
		uint64_t since = clock_monotonic_ns();

		atomic_store(&arrived, 0);
		for (unsigned i = 0; i < net_threads(net); i++)
			net_post(net, i, arrive, &arrived);
		while (atomic_load(&arrived) < net_threads(net))
			ck_assert(!is_late(since));
	}
}

uint64_t workers_commands(void)
{
	struct net_figures figures;

	net_figures(net, &figures);
	return figures.commands;
}

void workers_await_commands(uint64_t count)
{
	uint64_t since = clock_monotonic_ns();

	while (workers_commands() < count)
		ck_assert(!is_late(since));
	workers_settle();
	ck_assert_uint_eq(workers_commands(), count);
}

void workers_await_clients(uint64_t count)
{
	struct net_figures figures;
	uint64_t since = clock_monotonic_ns();

	do {
		ck_assert(!is_late(since));
		net_figures(net, &figures);
	} while (figures.clients != count);
}

static void sum_input(struct session *session, void *sum)
{
	struct session_peer peer;

	session->ops->describe(session, &peer);
	*(uint64_t *)sum += peer.query_buffer;
}

uint64_t workers_input(void)
{
	uint64_t sum = 0;

	session_registry_each(sum_input, &sum);
	return sum;
}

void workers_await_input(uint64_t bytes)
{
	uint64_t since = clock_monotonic_ns();

	while (workers_input() < bytes)
		ck_assert(!is_late(since));
}

void workers_release(void)
{
	journal_release(journal_position());
}

/* --- clients ------------------------------------------------------------------------------------------------------ */

int client_connect(void)
{
	struct sockaddr_un address = {.sun_family = AF_UNIX};
	struct timeval limit = {.tv_sec = 20};
	int fd = socket(AF_UNIX, SOCK_STREAM, 0);

	ck_assert_int_lt(client_count, MOST_CLIENTS);
	snprintf(address.sun_path, sizeof(address.sun_path), "%s", scratch_path("socket"));
	ck_assert_int_eq(connect(fd, (struct sockaddr *)&address, sizeof(address)), 0);
	ck_assert_int_eq(setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &limit, sizeof(limit)), 0);
	clients[client_count++] = fd;
	return fd;
}

void client_send(int fd, const char *text)
{
	size_t len = strlen(text);

	ck_assert_int_eq(send(fd, text, len, 0), (ssize_t)len);
}

void client_expect_nothing(int fd)
{
	char byte;

	ck_assert_int_eq(recv(fd, &byte, 1, MSG_DONTWAIT | MSG_PEEK), -1);
	ck_assert(errno == EAGAIN || errno == EWOULDBLOCK);
}

void client_expect(int fd, const char *want)
{
	char got[512];
	size_t len = strlen(want);

	ck_assert_uint_lt(len, sizeof(got));
	ck_assert_int_eq(recv(fd, got, len, MSG_WAITALL), (ssize_t)len);
	got[len] = '\0';
	ck_assert_str_eq(got, want);
}

void client_expect_end(int fd)
{
	char byte;

	ck_assert_int_eq(recv(fd, &byte, 1, 0), 0);
}

void client_send_held(int fd, const char *text, unsigned count)
{
	uint64_t before = workers_commands();

	client_send(fd, text);
	workers_await_commands(before + count);
	client_expect_nothing(fd);
}
