/*
 * Boot and end.
 *
 * The happy path: the log is opened, the limit of open files raised, the keyspace, the command table, the background
 * thread and the workers are made, the sockets listen, what is on the disk is loaded, the log says "ready", and the
 * loops run until the drain stops them. Then everything is freed in the opposite order.
 *
 * Failure modes: what cannot be had (a port in use, no memory, no descriptors) is one clear line in the log, and the
 * exit status is 1.
 */
#include "server/server.h"

#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/background.h"
#include "base/clock.h"
#include "base/log.h"
#include "base/platform.h"
#include "base/random.h"
#include "base/version.h"
#include "command/command.h"
#include "command/slow.h"
#include "persist/journal.h"
#include "server/config_apply.h"
#include "server/crash.h"
#include "server/listen.h"
#include "session/observer.h"
#include "session/pubsub.h"
#include "session/tracking.h"
#include "session/watch.h"

static _Thread_local unsigned current_worker;

unsigned server_current_worker(void)
{
	return current_worker;
}

/* --- what runs on the workers' loops ---------------------------------------------------------------------------- */

static void on_worker_start(uv_loop_t *loop, unsigned worker, void *arg)
{
	struct server *server = arg;

	current_worker = worker;
	crash_thread_start();
	cleaner_start(&server->cleaners[worker], loop, server->keyspace, worker, server->threads);
	persistence_worker_start(&server->persistence, loop, worker);
}

static void on_worker_stop(uv_loop_t *loop, unsigned worker, void *arg)
{
	struct server *server = arg;

	(void)loop;
	if (server->cleaners[worker].loop == NULL)
		return; /* boot failed before the loops ran: nothing was opened */
	cleaner_stop(&server->cleaners[worker]);
	persistence_worker_stop(&server->persistence, worker);
	if (worker == 0) {
		signals_stop(&server->signals);
		drain_close(&server->drain);
		meter_stop(&server->meter);
		pauser_stop(&server->pauser);
		load_close(&server->load);
	}
	journal_thread_end();
	crash_thread_stop();
}

/* --- boot ------------------------------------------------------------------------------------------------------- */

static bool boot_fail(const char *what, const char *why)
{
	log_event(LOG_WARNING, what, LOG_TEXT_FIELD("error", why));
	return false;
}

static bool boot_log(struct config *config)
{
	const char *path = config_text(config, CONFIG_LOGFILE);

	log_set_level((enum log_level)config_number(config, CONFIG_LOGLEVEL));
	log_set_format((enum log_format)config_number(config, CONFIG_LOG_FORMAT));
	if (log_open(path))
		return true;
	fprintf(stderr, "cubbyd: cannot open log file '%s': %s\n", path, strerror(errno));
	return false;
}

/* Raises the limit of open files, or lowers maxclients to what the limit allows. */
static bool boot_limits(struct server *server)
{
	uint64_t wanted = (uint64_t)config_number(server->config, CONFIG_MAXCLIENTS);
	uint64_t reserved = config_reserved_files(server->threads);
	uint64_t limit = platform_raise_file_limit(wanted + reserved);

	if (limit >= wanted + reserved)
		return true;
	if (limit <= reserved) {
		log_event(LOG_WARNING, "the limit of open files is too low to serve anybody", LOG_INT("limit", limit),
			  LOG_INT("needed", reserved + 1));
		return false;
	}
	config_put_number(server->config, CONFIG_MAXCLIENTS, (int64_t)(limit - reserved));
	log_event(LOG_WARNING, "maxclients lowered: the limit of open files cannot be raised enough (see ulimit -n)",
		  LOG_INT("maxclients", limit - reserved), LOG_INT("wanted", wanted), LOG_INT("limit", limit));
	return true;
}

static void make_run_id(char *run_id)
{
	unsigned char bytes[(SERVER_RUN_ID - 1) / 2];

	random_secret(bytes, sizeof(bytes));
	for (size_t i = 0; i < sizeof(bytes); i++)
		snprintf(run_id + 2 * i, 3, "%02x", bytes[i]);
}

static bool boot_keyspace(struct server *server)
{
	char error[CONFIG_ERROR_TEXT];
	struct keyspace_options options = {
		.shards = (unsigned)config_number(server->config, CONFIG_SHARDS),
		.databases = (unsigned)config_number(server->config, CONFIG_DATABASES),
		.locking = server->threads > 1,
	};

	journal_init(options.locking);
	random_secret(&options.seed, sizeof(options.seed));
	server->keyspace = keyspace_new(&options);
	server->cleaners = calloc(server->threads, sizeof(*server->cleaners));
	if (server->keyspace == NULL || server->cleaners == NULL || !watch_init(server->keyspace) ||
	    !tracking_init(server->keyspace, server->threads > 1))
		return boot_fail("cannot make the keyspace", "out of memory");
	observer_attach(server->keyspace);
	server->config->keyspace = server->keyspace;
	config_apply_events(server->config, error);
	return true;
}

/* The files are read: the append-only file goes on from there. */
static bool on_loaded(void *arg, struct data_files *files, char *error)
{
	struct server *server = arg;
	char why[AOF_ERROR_TEXT];

	if (!files->append_only)
		return true;
	if (persistence_start_aof(&server->persistence, files->start, &files->manifest, why))
		return true;
	snprintf(error, LOAD_FAULT_TEXT, "%.*s", (int)LOAD_FAULT_TEXT - 1, why);
	return false;
}

/* Everything is loaded. */
static void on_ready(void *arg)
{
	struct server *server = arg;

	persistence_ready(&server->persistence);
	log_event(LOG_NOTICE, "ready", LOG_INT("port", net_port(server->net)), LOG_INT("threads", server->threads),
		  LOG_INT("pid", getpid()), LOG_TEXT_FIELD("version", CUBBY_VERSION));
}

static bool boot_load(struct server *server)
{
	struct load_events events = {.loaded = on_loaded, .ready = on_ready, .arg = server};

	return load_init(&server->load, server->config, &server->dir_lock, server->keyspace, server->threads > 1,
			 &events);
}

static bool boot_net(struct server *server)
{
	char error[NET_ERROR_TEXT];

	server->net = net_new(&(struct net_options){
		.threads = server->threads,
		.keyspace = server->keyspace,
		.host = &server->host,
		.on_worker_start = on_worker_start,
		.on_worker_stop = on_worker_stop,
		.arg = server,
	});
	if (server->net == NULL)
		return boot_fail("cannot make the workers", "no memory, descriptors or threads");
	if (!listen_start(server->config, server->net, 0, error))
		return boot_fail("cannot listen", error);
	server->config->net = server->net;
	return true;
}

/* Watches signals and time on worker 0's loop. From here on a signal is an event, so nothing is lost between this and
 * the first turn of the loop. */
static void boot_watch(struct server *server)
{
	drain_open(&server->drain, server->net, server->config, &server->persistence);
	signals_start(&server->signals, net_main_loop(server->net), &server->drain, server->config);
	meter_start(&server->meter, server->net, server->keyspace);
	pauser_start(&server->pauser, server->net);
}

static void write_pidfile(const struct config *config)
{
	const char *path = config_text(config, CONFIG_PIDFILE);
	FILE *file;

	if (*path == '\0')
		return;
	file = fopen(path, "we");
	if (file == NULL || fprintf(file, "%d\n", (int)getpid()) < 0)
		log_event(LOG_WARNING, "cannot write the pid file", LOG_TEXT_FIELD("file", path),
			  LOG_TEXT_FIELD("error", strerror(errno)));
	if (file != NULL)
		fclose(file);
}

static void remove_pidfile(const struct config *config)
{
	const char *path = config_text(config, CONFIG_PIDFILE);

	if (*path != '\0')
		unlink(path);
}

static bool boot_persistence(struct server *server)
{
	server->config->persistence = &server->persistence;
	return persistence_open(&server->persistence, server->config, &server->dir_lock, server->keyspace, server->net,
				server->threads) ||
	       boot_fail("cannot make what saves", "out of memory");
}

static void boot_reload(struct server *server)
{
	server->reload = (struct reload){
		.config = server->config,
		.keyspace = server->keyspace,
		.net = server->net,
		.load = &server->load,
		.persistence = &server->persistence,
		.threads = server->threads,
	};
}

static bool server_boot(struct server *server)
{
	int64_t threads = config_number(server->config, CONFIG_THREADS);

	server->threads = threads != 0 ? (unsigned)threads : platform_cores();
	host_init(&server->host);
	errorstats_init(&server->errors, server->threads > 1);
	make_run_id(server->run_id);
	if (!boot_limits(server))
		return false;
	clock_calibrate();
	slow_update();
	command_table_init();
	pubsub_init(server->threads > 1);
	background_start();
	return boot_keyspace(server) && boot_load(server) && boot_net(server) && boot_persistence(server);
}

static bool server_serve(struct server *server)
{
	bool good;

	boot_watch(server);
	boot_reload(server);
	write_pidfile(server->config);
	load_begin(&server->load, server->net, &server->drain);
	good = net_run(server->net);
	good = load_free(&server->load) && good;
	server->config->persistence = NULL;
	background_stop(); /* among its jobs may be one that turns the append-only file on or off */
	persistence_close(&server->persistence);
	remove_pidfile(server->config);
	drain_free(&server->drain);
	return good;
}

/* The keys are left to the system, which takes the memory of a process back at once: to free ten million of them one by
 * one takes seconds, and a second signal means now. A leak checker could not follow the chains (an entry's handle
 * begins in front of its memory, see store/entry_layout.h) and has them freed. */
static void leave_keyspace(struct keyspace *keyspace)
{
#if defined(__SANITIZE_ADDRESS__)
	keyspace_free(keyspace);
#else
	(void)keyspace;
#endif
}

static void server_free(struct server *server)
{
	server->config->net = NULL;
	server->config->keyspace = NULL;
	load_free(&server->load);
	background_stop(); /* its jobs post to the workers */
	persistence_close(&server->persistence);
	if (server->net != NULL)
		net_free(server->net);
	persistence_free(&server->persistence);
	tracking_free();
	watch_free();
	leave_keyspace(server->keyspace);
	dir_lock_free(&server->dir_lock);
	free(server->cleaners);
}

int server_run(struct config *config)
{
	struct server server = {.config = config, .started_ns = clock_monotonic_ns()};
	bool good;

	signal(SIGPIPE, SIG_IGN);
	if (!boot_log(config))
		return EXIT_FAILURE;
	crash_install();
	dir_lock_init(&server.dir_lock);
	good = server_boot(&server) && server_serve(&server);
	if (good)
		log_event(LOG_NOTICE, "bye");
	server_free(&server);
	return good ? EXIT_SUCCESS : EXIT_FAILURE;
}
