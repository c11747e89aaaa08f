/*
 * The network: workers, listeners and connections, as the server sees them.
 *
 * A worker is a thread with one libuv loop. Worker 0 runs on the thread that calls net_run() and also accepts. Nothing
 * of a worker is touched by another thread; net_post() is how one asks another to do something.
 */
#ifndef CUBBY_NET_NET_H
#define CUBBY_NET_NET_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <uv.h>

#include "command/host.h"
#include "store/keyspace.h"

struct net;

struct net_options {
	unsigned threads; /* workers, at least 1 */
	struct keyspace *keyspace;
	struct command_host *host;
	/* Called on each worker's thread before its loop runs: a place to start timers on the loop. May be NULL. */
	void (*on_worker_start)(uv_loop_t *loop, unsigned worker, void *arg);
	/* Called on each worker's thread when it stops: closes what on_worker_start opened. May be NULL. */
	void (*on_worker_stop)(uv_loop_t *loop, unsigned worker, void *arg);
	void *arg;
};

/* Makes the workers, and takes the journal's on_release; their threads start with net_run. NULL when there is no memory
 * or no descriptor to be had. */
struct net *net_new(const struct net_options *options);

/* Worker 0's loop, for signals and timers of the server. */
uv_loop_t *net_main_loop(struct net *net);

unsigned net_threads(const struct net *net);

/* Runs all workers; returns when net_stop() has ended them and every connection is closed. False: there were not enough
 * threads to be had, and it has ended at once. */
bool net_run(struct net *net);

/* Closes every connection at once, whatever is still queued for it, and ends the loops. Worker 0's thread. */
void net_stop(struct net *net);

/* Nobody moves the journal's positions any more. */
void net_free(struct net *net);

/* Runs job(arg) on the worker's thread, in the order posted. Any thread. Without memory the process ends with a log
 * line: a lost message would be a lost reply. */
void net_post(struct net *net, unsigned worker, void (*job)(uv_loop_t *loop, void *arg), void *arg);

/* --- listening (worker 0's thread) ------------------------------------------------------------------------------ */

enum { NET_ERROR_TEXT = 512 };

struct net_listen_options {
	const char *const
		*addresses; /* IPv4, IPv6, "*" or "::*"; a leading '-' makes an address that is not there no error */
	size_t address_count;
	int port;	       /* 0 takes a free one, the same for all addresses; -1 is no TCP */
	const char *unix_path; /* NULL or "" is none */
	unsigned unix_mode;    /* permissions of the socket; 0 leaves them to the umask */
	int backlog;
};

/* Starts to listen. False: `error` (NET_ERROR_TEXT) says what failed, and nothing listens. */
bool net_listen(struct net *net, const struct net_listen_options *options, char *error);

/* Stops listening and removes the unix socket's file; who is connected stays. */
void net_unlisten(struct net *net);

/* The TCP port that is listened on, 0 when there is none. Any thread. */
int net_port(const struct net *net);

/* --- changes at run time (any thread) --------------------------------------------------------------------------- */

/* The setting `timeout` or `tcp_keepalive` has changed: every connection's timer or socket is set anew. */
void net_apply_timeout(struct net *net);
void net_apply_keepalive(struct net *net);

/* A pause has ended: every worker runs the commands that have waited for it. */
void net_resume_postponed(struct net *net);

/* --- figures (any thread) --------------------------------------------------------------------------------------- */

struct net_figures {
	uint64_t clients;  /* connected now */
	uint64_t received; /* connections accepted since the start */
	uint64_t rejected; /* turned away at maxclients */
	uint64_t commands; /* processed */
	uint64_t input_bytes;
	uint64_t output_bytes;
	uint64_t reads;
	uint64_t writes;
	uint64_t turns;		      /* of the loops in which there was something to do */
	uint64_t turn_ticks;	      /* clock_ticks() spent in them */
	uint64_t protocol_errors;     /* clients closed for one */
	uint64_t timed_out;	      /* closed by the read deadline */
	uint64_t query_limit_closed;  /* closed at client-query-buffer-limit */
	uint64_t output_limit_closed; /* closed at client-output-buffer-limit */
	uint64_t largest_input;	      /* recent largest, bytes */
	uint64_t largest_output;
	uint64_t blocked;	/* clients that wait for something, now */
	uint64_t client_memory; /* bytes that the connections take, with what they hold back in either direction */
};
void net_figures(struct net *net, struct net_figures *figures);
void net_reset_figures(struct net *net);

/* Clients of one worker: for the log and INFO. */
uint64_t net_worker_clients(const struct net *net, unsigned worker);

#endif
