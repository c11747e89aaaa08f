/*
 * Persistence: when snapshots are taken and the append-only file is rewritten, what became of them, and what is refused
 * because of that.
 *
 * One snapshot is taken at a time, for a dump (SAVE, BGSAVE, save points, the end of the daemon) or as a new base of
 * the append-only file. It begins on any worker's thread; what follows is decided on worker 0's, which every other
 * thread posts to. Nothing here waits for a disk.
 */
#ifndef CUBBY_SERVER_PERSISTENCE_H
#define CUBBY_SERVER_PERSISTENCE_H

#include <stdbool.h>
#include <stdint.h>
#include <uv.h>

#include "base/buffer.h"
#include "base/lock.h"
#include "command/host.h"
#include "net/net.h"
#include "persist/aof.h"
#include "persist/load_progress.h"
#include "persist/snapshot.h"
#include "server/config.h"
#include "server/dir_lock.h"
#include "server/walker.h"
#include "store/keyspace.h"

struct persistence_waiter;

/* What the snapshot that is being taken is for. */
enum persistence_work {
	PERSISTENCE_NONE,
	PERSISTENCE_DUMP,
	PERSISTENCE_REWRITE,
};

/* How the snapshots of one kind have fared. Unix times in seconds; -1: never. */
struct persistence_record {
	int64_t began;	   /* the present one */
	uint64_t began_ns; /* by the monotonic clock */
	int64_t took;	   /* seconds, the last one */
	int64_t took_ms;
	int64_t tried;	   /* when the last one began */
	int64_t succeeded; /* when the last good one ended */
	bool failed;	   /* the last one */
	unsigned failures; /* since the last good one */
	uint64_t count;
	uint64_t memory; /* bytes, at most, that the last one had under way */
};

struct persistence {
	struct config *config;
	struct dir_lock *dir_lock;
	struct keyspace *keyspace;
	struct net *net;
	unsigned threads;
	struct walker *walkers; /* owned; one for each thread */
	uv_timer_t timer;
	_Atomic unsigned walking; /* workers whose shards have something left */

	struct lock lock;
	/* Under the lock. */
	enum persistence_work work;
	struct snapshot *snapshot;	 /* NULL until it has begun; read by those who hold a shard's lock, too */
	uint64_t keys;			 /* that it will have */
	struct snapshot_figures written; /* of a rewrite that the append-only file is taking */
	bool commands;			 /* the present one writes commands, not an RDB file; of who has begun it */
	uint64_t changes_then;		 /* keyspace_changes() at its instant */
	int64_t instant_ms;		 /* Unix time of its instant */
	int64_t policy;			 /* maxmemory-policy then: what it notes of the use of keys */
	uint64_t changes_saved;		 /* ... at that of the last good dump */
	bool dump_wanted;		 /* BGSAVE SCHEDULE, FLUSHALL */
	bool rewrite_wanted;
	bool abandoned; /* the present one is not wanted any more */
	struct persistence_record dump, rewrite;
	struct persistence_waiter *waiting; /* clients whose SAVE has not begun (utlist.h) */
	struct persistence_waiter *served;  /* ... whose SAVE is under way */
	char aof_trouble[256];		    /* why the append-only file cannot be written; empty: it can */
	bool aof_on;			    /* it is open, or about to be */
	unsigned aof_turns;		    /* times that it was told to go on or off and has not yet */
	bool aof_awaits_base;		    /* it is on since CONFIG SET, and promises nothing until it is rewritten */
	bool aof_try_again;		    /* it could not be opened */
	bool stopping;			    /* the loops have ended */
	/* Called on worker 0's thread at the end of a dump that the daemon's end waits for, or DEBUG RELOAD. */
	void (*on_last)(void *arg, bool good);
	void *last_arg;
	bool is_last; /* the dump that is under way is that one */

	char *aof_dir; /* owned, under the configuration's lock: where the append-only file is to be; NULL: off */
	bool aof_open; /* aof_open() was called; of the background thread, once that has been told to turn it on or off
			*/
};

/* Called at boot, before the loops run. False when there is no memory. */
bool persistence_open(struct persistence *persistence, struct config *config, struct dir_lock *dir_lock,
		      struct keyspace *keyspace, struct net *net, unsigned threads);

/* Each on its worker's thread, when the loop begins and ends. */
void persistence_worker_start(struct persistence *persistence, uv_loop_t *loop, unsigned worker);
void persistence_worker_stop(struct persistence *persistence, unsigned worker);

/* The loops have ended: drops a snapshot that is under way and writes what the append-only file lacks. */
void persistence_close(struct persistence *persistence);

/* After that, and after the workers have taken their last mail (net_free). */
void persistence_free(struct persistence *persistence);

/* What was loaded, or nothing, is in the keyspace, and nobody has changed it since: the append-only file goes on from
 * there. Before the loops run or on worker 0's thread; blocks for as long as the disk takes. `manifest` and `error` as
 * for aof_open(). */
bool persistence_start_aof(struct persistence *persistence, enum aof_start start, struct manifest *manifest,
			   char *error);

/* Everything is loaded, which does not count as changes. What was set meanwhile takes effect. */
void persistence_ready(struct persistence *persistence);

/* The settings have changed; under the configuration's lock. */
void persistence_apply_settings(struct persistence *persistence);
/* False with `error` (CONFIG_ERROR_TEXT bytes) when the setting cannot be what it is now: another daemon has the
 * directory; the append-only file is in the one that was set before. */
bool persistence_apply_appendonly(struct persistence *persistence, bool on, char *error);
bool persistence_apply_dir(struct persistence *persistence, char *error);

/* --- commands; on a worker's thread that holds no shard, unless `in_exec` ------------------------------------------
 */

enum host_begun persistence_save_later(struct persistence *persistence, bool schedule, bool in_exec);
enum host_begun persistence_rewrite(struct persistence *persistence, bool in_exec);

/* FLUSHALL has run, and every shard is locked: with save points a dump is taken, so that no start brings the keys back.
 */
void persistence_flushed(struct persistence *persistence);

/* SAVE: the session is paused, and answered and resumed when the dump is there, if it has begun. */
enum host_begun persistence_save(struct persistence *persistence, struct session *session, unsigned worker);

/* Unix time in seconds of the last good dump, or of the start. */
int64_t persistence_last_save(struct persistence *persistence);

/* --- the end of the daemon, and DEBUG RELOAD (worker 0's thread)
 * ----------------------------------------------------------------------
 */

/* The first base of an append-only file that has been turned on. */
enum persistence_base {
	PERSISTENCE_BASE_GOOD, /* it is there, or the file is off */
	PERSISTENCE_BASE_COMES,
	PERSISTENCE_BASE_FAILED, /* it could not be made yet, or the file not be opened */
};

enum persistence_base persistence_base(struct persistence *persistence);

/* Takes a last dump, in the place of one that is under way, and calls on_last(arg, whether it is there). */
void persistence_save_last(struct persistence *persistence, void (*on_last)(void *arg, bool good), void *arg);

/* Whether the configuration has save points. */
bool persistence_has_save_points(struct persistence *persistence);

/* --- figures (any thread) -------------------------------------------------------------------------------------------
 */

/* INFO persistence, but for what is there only during loading. `loaded` is what has been loaded. */
void persistence_print(struct persistence *persistence, const struct load_progress *loaded, struct buffer *out);

/* Bytes that a snapshot has under way. */
uint64_t persistence_memory(struct persistence *persistence);

#endif
