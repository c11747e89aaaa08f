/*
 * The host: what commands need of the daemon around them. server/ fills in this table, a unit test may fill in its own;
 * so command/ knows neither the configuration nor the loops.
 *
 * All functions may be called on any worker's thread.
 */
#ifndef CUBBY_COMMAND_HOST_H
#define CUBBY_COMMAND_HOST_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/buffer.h"
#include "base/slice.h"
#include "resp/reply.h"
#include "session/session.h"

enum { HOST_ERROR_TEXT = 512 };

enum host_shutdown { /* flags of SHUTDOWN */
		     HOST_SHUTDOWN_NOW = 1 << 0,
		     HOST_SHUTDOWN_FORCE = 1 << 1,
		     HOST_SHUTDOWN_SAVE = 1 << 2,
		     HOST_SHUTDOWN_NOSAVE = 1 << 3,
};

/* What became of a wish for a snapshot or a rewrite. */
enum host_begun {
	HOST_BEGUN,
	HOST_SCHEDULED,	 /* it begins when the other kind has ended */
	HOST_BUSY,	 /* one of the same kind is under way */
	HOST_OTHER_BUSY, /* one of the other kind is */
	HOST_LOCKED,	 /* another daemon has the directory */
	HOST_FAILED,
};

enum host_reload { /* flags of DEBUG RELOAD */
		   HOST_RELOAD_MERGE = 1 << 0,
		   HOST_RELOAD_NOFLUSH = 1 << 1,
		   HOST_RELOAD_NOSAVE = 1 << 2,
		   HOST_RELOAD_AOF = 1 << 3, /* DEBUG LOADAOF: from the append-only file */
};

struct command_host {
	/* Unix time in microseconds, for TIME: what is passed down has milliseconds only. */
	int64_t (*now_us)(struct command_host *host);

	/* The text of INFO for the named sections (none: the default ones). The caller has locked every shard or none.
	 */
	void (*info)(struct command_host *host, const struct slice *sections, size_t count, bool locked,
		     struct buffer *out);

	/* MEMORY STATS, and MEMORY DOCTOR's text. `locked` as for info. */
	void (*memory_stats)(struct command_host *host, bool locked, struct reply *reply);
	void (*memory_advice)(struct command_host *host, bool locked, struct buffer *out);

	/* CONFIG GET: writes a map of the settings whose names match any of the patterns. */
	void (*config_get)(struct command_host *host, const struct slice *patterns, size_t count, struct reply *reply);

	/* CONFIG SET name value [name value ...]: all or nothing. `trusted`: the client may change protected settings.
	 * False: `error` (HOST_ERROR_TEXT) is the reply's text without the "-". */
	bool (*config_set)(struct command_host *host, const struct slice *words, size_t count, bool trusted,
			   char *error);

	/* CONFIG REWRITE. False: `error` as above. */
	bool (*config_rewrite)(struct command_host *host, char *error);

	/* CONFIG RESETSTAT. */
	void (*reset_stats)(struct command_host *host);

	/* Counts an error reply by its code ("ERR", "WRONGTYPE") for INFO errorstats. */
	void (*count_error)(struct command_host *host, struct slice code);

	/* Whether `password` is right for `user` ("default" is the only one). Takes the same time whatever is wrong. */
	bool (*authenticate)(struct command_host *host, struct slice user, struct slice password);
	/* Whether a password is needed at all. */
	bool (*password_required)(struct command_host *host);

	/* A pause (command/pause.h) has been made, made longer or ended. */
	void (*pause_changed)(struct command_host *host);

	/* SAVE: pauses the session, which is answered and resumed once the dump is there. HOST_BEGUN, or why not. */
	enum host_begun (*save)(struct command_host *host, struct session *session);
	/* BGSAVE and BGREWRITEAOF; no shard is locked, unless `in_exec`: then they can be scheduled only. */
	enum host_begun (*save_later)(struct command_host *host, bool schedule, bool in_exec);
	enum host_begun (*rewrite)(struct command_host *host, bool in_exec);
	/* DEBUG RELOAD and LOADAOF: pauses the session, which is answered and resumed once it is done. False: one is
	 * under way. No shard is locked. */
	bool (*reload)(struct command_host *host, struct session *session, unsigned flags);
	/* FLUSHALL has emptied every database; every shard is locked. NULL: nobody wants to know. */
	void (*flushed)(struct command_host *host);
	/* LASTSAVE: Unix time in seconds. */
	int64_t (*last_save)(struct command_host *host);

	/* SHUTDOWN by `session`, whose client waits until the daemon is gone (it is paused by this call). */
	void (*shutdown)(struct command_host *host, struct session *session, unsigned flags);
	/* SHUTDOWN ABORT. False when no shutdown was going on. */
	bool (*shutdown_abort)(struct command_host *host);
};

#endif
