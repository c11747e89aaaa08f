/*
 * A session: what a client is to a command.
 *
 * It has no socket. Whoever feeds commands (a connection, later a journal being loaded or a replication stream) embeds
 * a session and fills in the table of functions through which commands act on their client.
 *
 * A session belongs to one worker, whose thread alone runs its commands. Fields marked "any thread" may be read by
 * others that hold the registry's lock (session/registry.h).
 */
#ifndef CUBBY_SESSION_SESSION_H
#define CUBBY_SESSION_SESSION_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

#include "base/block.h"
#include "base/counter.h"
#include "base/settings.h"
#include "base/slice.h"
#include "session/pubsub.h"

struct session;
struct command;
struct reply;
struct resp_request;

/* What only the feeder knows of its client; asked for by CLIENT LIST, on any thread, under the registry's lock. */
struct session_peer {
	char addr[128]; /* "127.0.0.1:50000", "[::1]:50000" or "/path/of.sock:0" */
	char laddr[128];
	int fd; /* -1 when there is none */
	bool unix_socket;
	uint64_t query_buffer;	    /* bytes of input that wait */
	uint64_t query_buffer_free; /* room behind them */
	uint64_t output;	    /* bytes of replies that wait */
	uint64_t output_blocks;	    /* pieces they are in */
	uint64_t footprint;	    /* bytes of memory this client takes in all */
};

/*
 * Work that a command leaves to be done a little at a time, while other clients are served. The client waits for it:
 * its session is paused. All functions are called on its worker's thread.
 */
struct session_task {
	/* Does some of it, for a fraction of a millisecond. True when all is done. */
	bool (*step)(struct session_task *task, int64_t now);
	/* All is done: replies through session->ops and frees the task. */
	void (*finish)(struct session_task *task, struct session *session);
	/* The client has gone before: frees the task. */
	void (*cancel)(struct session_task *task);

	/* The feeder's. */
	struct session *session;
	struct session_task *prev, *next; /* utlist.h */
};

/*
 * What a client waits for that may never come (replicas that have acknowledged, say): its session is blocked until the
 * wait's time is over or somebody releases it, and no command of it runs meanwhile. The client is read from all the
 * same, so that one that goes is noticed. All functions are called on its worker's thread.
 */
struct session_wait {
	int64_t timeout; /* milliseconds; 0 is for ever */
	/* The time is over, or somebody else made an end of it: replies through session->ops and frees the wait. */
	void (*finish)(struct session_wait *wait, struct session *session);
	/* There is nothing to reply any more, because the client has gone or was sent an error: frees the wait. */
	void (*cancel)(struct session_wait *wait);
	/* Whether what it waits for has come: asked again and again as the journal moves. NULL: it waits for nothing
	 * of the kind. */
	bool (*is_over)(const struct session_wait *wait);

	/* The feeder's; used when there is is_over. */
	struct session *session;
	struct session_wait *prev, *next; /* utlist.h */
};

/* How a wait ends before its time. */
enum session_release {
	SESSION_RELEASE_TIMEOUT, /* as if its time were over */
	SESSION_RELEASE_ERROR,	 /* "-UNBLOCKED client unblocked via CLIENT UNBLOCK" */
};

/* The functions that a feeder provides. */
struct session_ops {
	/* Ends the client once the replies written so far are sent. Its own thread. */
	void (*close)(struct session *session);
	/* Stops feeding commands after this one until resume. Its own thread. */
	void (*pause)(struct session *session);
	void (*resume)(struct session *session);
	/* Bytes that are sent outside a command's reply, such as the end of one that waited. Its own thread. */
	void (*send)(struct session *session, struct slice bytes);
	/* The same for a reply, which may be taken over and is empty afterwards. */
	void (*send_reply)(struct session *session, struct reply *reply);
	/* Pauses the session, does the task, resumes the session. Its own thread. */
	void (*run)(struct session *session, struct session_task *task);
	/* Pauses the session until the wait ends, which is then answered. Its own thread. */
	void (*block)(struct session *session, struct session_wait *wait);
	/* Ends the wait of a blocked session, as soon as its worker gets to it. False when it waits for nothing, or
	 * somebody else has just ended that. Any thread, under the registry's lock. */
	bool (*release)(struct session *session, enum session_release how);
	/* Has `message`, whole RESP, sent to the client in its turn: messages of one sender arrive in their order. Any
	 * thread, under a lock without which the session cannot end. Keeps a reference of its own if it needs one. */
	void (*push)(struct session *session, struct block *message);
	/* Moves what has been pushed and is not sent yet behind `reply`. Its own thread. */
	void (*take_pushed)(struct session *session, struct reply *reply);
	/* Ends the client as soon as its worker gets to it. Any thread, under a lock without which the session cannot
	 * end: the registry's, or that of pub/sub. */
	void (*kill)(struct session *session);
	/* Bytes of memory that the client takes in all. Any thread, under the registry's lock. */
	uint64_t (*footprint)(const struct session *session);
	/* Any thread, under the registry's lock. */
	void (*describe)(const struct session *session, struct session_peer *peer);
};

enum session_flag {
	SESSION_CLOSING = 1 << 0,	  /* close was called: no more commands */
	SESSION_PAUSED = 1 << 1,	  /* pause was called */
	SESSION_KILLED = 1 << 2,	  /* any thread: kill was called */
	SESSION_AUTHENTICATED = 1 << 3,	  /* may run every command */
	SESSION_PUSHED = 1 << 4,	  /* any thread: there is something that take_pushed would give */
	SESSION_MULTI = 1 << 5,		  /* commands are queued until EXEC */
	SESSION_SUBSCRIBED = 1 << 6,	  /* has a channel, a pattern or a shard channel */
	SESSION_MONITOR = 1 << 7,	  /* is sent every command */
	SESSION_REPLY_OFF = 1 << 8,	  /* replies are withdrawn */
	SESSION_REPLY_SKIP_NEXT = 1 << 9, /* that of the next command will be */
	SESSION_REPLY_SKIP = 1 << 10,	  /* that of the command which runs, or ran last, is */
	SESSION_NO_EVICT = 1 << 11,	  /* not closed at maxmemory-clients */
	SESSION_NO_TOUCH = 1 << 12,	  /* its reads leave the keys' last use as it was */
	SESSION_DIRTY = 1 << 13,	  /* any thread: a watched key has changed */
	SESSION_BLOCKED = 1 << 14,	  /* any thread: block was called, and nothing has ended the wait */
	SESSION_RELEASED = 1 << 15,	  /* any thread: release was called with SESSION_RELEASE_TIMEOUT */
	SESSION_RELEASED_ERROR = 1 << 16, /* any thread: ... with SESSION_RELEASE_ERROR */
	SESSION_TRACKING = 1 << 17,	  /* is told when what it has read changes (session/tracking.h) */
	SESSION_REPLAYS = 1 << 18,	  /* feeds what a journal says has been done: nothing holds it up at the gate */
	SESSION_EXECUTES = 1 << 19,	  /* EXEC runs what was queued */

	/* Others speak to these: they may be silent for as long as they like. */
	SESSION_LISTENS = SESSION_SUBSCRIBED | SESSION_MONITOR,
	/* Nothing of what these are answered is sent. */
	SESSION_SILENT = SESSION_REPLY_OFF | SESSION_REPLY_SKIP,
	/* Commands of these do not go the ordinary way: see command/gate.h. */
	SESSION_SPECIAL =
		SESSION_MULTI | SESSION_SUBSCRIBED | SESSION_SILENT | SESSION_REPLY_SKIP_NEXT | SESSION_TRACKING,
};

struct session {
	const struct session_ops *ops;
	uint64_t id;				     /* any thread; unique while the daemon runs, from 1 */
	struct session *prev, *next;		     /* the registry's list (utlist.h) */
	struct session *monitor_prev, *monitor_next; /* command/monitor.c's list */
	struct session_registry *registry;
	char *name;	/* any thread; owned, NULL is none; set with session_set_name */
	char *lib_name; /* likewise */
	char *lib_ver;
	struct subscriber subscriber;
	int64_t created_ms;			      /* any thread; Unix time */
	_Atomic int64_t active_ms;		      /* any thread; when the last command came */
	_Atomic(const struct command *) last_command; /* any thread; NULL before the first */
	_Atomic uint32_t flags;			      /* any thread; enum session_flag */
	_Atomic uint16_t db;			      /* any thread */
	_Atomic uint8_t protocol;		      /* any thread; 2 or 3 */
	_Atomic int64_t queued;		  /* any thread; commands since MULTI, EXEC's end included; -1: none is open */
	_Atomic uint64_t queued_bytes;	  /* any thread; memory they take */
	uint64_t written;		  /* the journal's position behind what it has written last; 0: nothing */
	struct transaction *transaction;  /* owned; NULL until a command is queued (session/transaction.h) */
	struct resp_request *postponed;	  /* owned; a command that waits for the end of a pause (session/postpone.h) */
	_Atomic uint64_t postponed_bytes; /* any thread; memory it takes */
	struct watch *watches;		  /* owned; the keys it watches (session/watch.h) */
	_Atomic(struct tracking *) tracking;	 /* owned; NULL until it is asked for */
	_Atomic(struct session_handle *) handle; /* owned reference; NULL until it is asked for */
};

/* Whether it has one of the flags. */
static inline bool session_has(const struct session *session, unsigned flags)
{
	return (atomic_load_explicit(&session->flags, memory_order_relaxed) & flags) != 0;
}

static inline void session_mark(struct session *session, unsigned flags)
{
	atomic_fetch_or_explicit(&session->flags, flags, memory_order_relaxed);
}

static inline void session_unmark(struct session *session, unsigned flags)
{
	atomic_fetch_and_explicit(&session->flags, ~flags, memory_order_relaxed);
}

/* Takes the flag back; whether it was there. Of several threads that try at once one is told so. */
static inline bool session_take(struct session *session, enum session_flag flag)
{
	return (atomic_fetch_and_explicit(&session->flags, ~(uint32_t)flag, memory_order_relaxed) & flag) != 0;
}

static inline unsigned session_db(const struct session *session)
{
	return atomic_load_explicit(&session->db, memory_order_relaxed);
}

static inline uint8_t session_protocol(const struct session *session)
{
	return atomic_load_explicit(&session->protocol, memory_order_relaxed);
}

/* Makes a session with a new id (db 0, RESP2) and enters it into `registry`. */
void session_init(struct session *session, const struct session_ops *ops, struct session_registry *registry,
		  int64_t now_ms);

/* Leaves the registry and frees what the session owns. After this no other thread can reach it. */
void session_free(struct session *session);

/* Back to how it was when it came, as RESET does: db 0, RESP2, no name, not authenticated unless `authenticated`. The
 * library's name and version stay: it is still the same library. */
void session_reset(struct session *session, bool authenticated);

/* Bytes of memory that its names, its transaction and a command that waits take, without its feeder's. Any thread,
 * under the registry's lock. */
uint64_t session_footprint(const struct session *session);

/* What ops->describe says, asked for under the registry's lock. Any thread that knows the session to live. */
void session_describe(struct session *session, struct session_peer *peer);

/* Whether a setting that guards something (enum settings_guard) lets this client do it: one on this machine comes by a
 * unix socket or the loopback interface. */
bool session_passes(struct session *session, const setting *guard);

/* Each copies `text`; an empty one is none. False when there is no memory. */
bool session_set_name(struct session *session, struct slice text);
bool session_set_lib_name(struct session *session, struct slice text);
bool session_set_lib_ver(struct session *session, struct slice text);

#endif
