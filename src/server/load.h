/*
 * Loading at a start what is on the disk.
 *
 * The workers serve meanwhile, but most commands are refused (GATE_LOADING); a thread of its own loads. How far it is
 * goes to the log, once a second, or, when the standard error is a terminal, is shown there as a bar. What cannot be
 * loaded ends the daemon, and nothing on the disk has been changed then.
 */
#ifndef CUBBY_SERVER_LOAD_H
#define CUBBY_SERVER_LOAD_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>
#include <uv.h>

#include "base/buffer.h"
#include "net/net.h"
#include "server/config.h"
#include "server/data_files.h"
#include "server/dir_lock.h"
#include "server/drain.h"
#include "server/replay.h"

struct load;

/* What the server does when everything is loaded. */
struct load_events {
	/* The files are read, and may be written to from now on: opens them for that. Commands are still refused, and
	 * nothing dies. On worker 0's thread, or before the loops run. False with the reason in `error`
	 * (LOAD_FAULT_TEXT bytes). May be NULL. */
	bool (*loaded)(void *arg, struct data_files *files, char *error);
	/* All commands are served from now on. On worker 0's thread, or before the loops run. */
	void (*ready)(void *arg);
	void *arg;
};

struct load {
	struct config *config;	   /* not owned */
	struct dir_lock *dir_lock; /* likewise */
	struct keyspace *keyspace; /* likewise */
	struct net *net;	   /* likewise */
	struct drain *drain;	   /* likewise */
	struct load_events events;
	bool locking; /* whether the keyspace's locks are needed afterwards */
	struct data_files files;
	struct replay replay;
	struct load_progress progress;
	int64_t began_ms; /* Unix time */
	uint64_t began_ns;
	uint64_t logged_ns;  /* when its progress was last logged */
	bool merge;	     /* keys that are there are replaced */
	bool load_truncated; /* aof-load-truncated */
	bool bar;	     /* progress is shown on the terminal */
	bool replay_ready;   /* replay_init() was called */
	bool timer_open;
	bool closed;  /* the loops have ended */
	bool bad;     /* the thread could not load everything */
	bool refused; /* and that ends the daemon */
	bool started; /* the thread */
	atomic_bool on;
	uv_thread_t thread;
	uv_timer_t timer;
	struct load_fault fault;
	/* What load_again() was given; NULL: it loads for the start. */
	void (*again)(void *arg, bool good);
	void *again_arg;
};

/* Locks the directory if it must, and finds out what is to be loaded. Called at boot, before other threads run;
 * load_free() is due in either case. False: the reason is logged. */
bool load_init(struct load *load, struct config *config, struct dir_lock *dir_lock, struct keyspace *keyspace,
	       bool locking, const struct load_events *events);

/* Begins to load; it is done at once when there is nothing. Before the loops run. */
void load_begin(struct load *load, struct net *net, struct drain *drain);

/* Loads other files, which are taken over, while the daemon runs: when nothing is loaded, GATE_LOADING is raised, no
 * command runs and no shard is locked. What goes wrong is logged, and may leave some of the keys. Calls again(arg,
 * whether all is loaded) when it is over, with the gate still raised. On worker 0's thread, as that call. */
void load_again(struct load *load, struct data_files *files, bool merge, void (*again)(void *arg, bool good),
		void *arg);

/* Logs what is wrong with a file, and what can be done. */
void load_fault_log(const struct load_fault *fault);

/* The loops end: closes what is on worker 0's, whose thread calls. */
void load_close(struct load *load);

/* Ends the thread and frees everything. No loop runs any more. False when the daemon ends because something could not
 * be loaded. */
bool load_free(struct load *load);

/* Whether load_close() was called. Worker 0's thread. */
bool load_is_closed(const struct load *load);

/* Whether it goes on. Any thread. */
bool load_is_on(const struct load *load);

/* The fields of INFO persistence that are there only while it goes on. Any thread. */
void load_print(const struct load *load, struct buffer *out);

#endif
