/*
 * What the sources of the append-only file share; for nobody else. All but the desk belongs to the file's
 * thread, while that runs.
 */
#ifndef CUBBY_PERSIST_AOF_STATE_H
#define CUBBY_PERSIST_AOF_STATE_H

#include <uv.h>

#include "persist/aof.h"
#include "persist/aof_sync.h"
#include "persist/journal.h"

#define AOF_NOWHERE UINT64_MAX /* a position: none */

/* The increment that is written to. */
struct aof_file {
	int fd;	    /* -1: there is none yet */
	char *path; /* owned */
	int64_t seq;
	uint64_t size; /* bytes */
	uint64_t kept; /* bytes that the last good sync has taken along */
	bool lost;     /* a sync failed: nothing more is written to it */
	bool pending;  /* not in the manifest: what stands there is not good, and both change with the next base */
	bool missing;  /* nothing, or another file, is at its path */
	int error;     /* negative: a sync failed or the stream has a gap, it will never be good */
};

/* What others want. */
struct aof_requests {
	enum aof_policy policy;
	bool spare_syncs;
	bool snapshot;	      /* one is being written */
	uint64_t queue_limit; /* bytes */
	bool attached;	      /* the reader is */
	uint64_t rotate_at;   /* the position at which a new increment is to begin; AOF_NOWHERE */
	bool rotate_gap;      /* before it, the stream has a gap */
	enum { AOF_BASE_NONE, AOF_BASE_DONE, AOF_BASE_FAILED } base;
	bool base_is_rdb;
	uint64_t base_said; /* times that something was said of a base */
	uint64_t flush_to;  /* somebody waits until this position is on the disk */
	bool stop;
	bool taken_back; /* so was what has been released: the policy is a stricter one */
	bool poked;	 /* one of these has changed: the thread is not to sleep */
};

/* What others are told. */
struct aof_answers {
	uint64_t synced;    /* the stream is on the disk up to here, in files that a start would read */
	uint64_t written;   /* ... has been given to the system */
	uint64_t bad_turns; /* turns of the thread that ended in trouble */
	int trouble;	    /* negative errno, or 0 */
	bool ended;	    /* the thread has */
	struct aof_figures figures;
};

/* Where the thread meets the others. It lasts as long as the process. */
struct aof_desk {
	_Atomic bool promised;	/* as in struct aof; false when there is none */
	_Atomic bool withdrawn; /* ... but nothing is recorded any more: it is about to be closed */
	uv_mutex_t mutex;	/* guards the rest */
	uv_cond_t changed;	/* requests or answers */
	bool open;
	struct aof_requests requests;
	struct aof_answers answers;
};

struct aof {
	struct aof_desk *desk;
	char *parent;	 /* `dir`, owned; likewise the next two */
	char *directory; /* in which the files are */
	char *filename;	 /* appendfilename */
	struct aof_events events;
	uint64_t sync_ns; /* between two syncs */
	uint64_t retry_ms;
	unsigned linger_us;

	uv_thread_t thread;
	struct journal_reader reader;
	struct aof_sync sync;
	struct aof_requests now; /* as they were when the turn began */
	uint64_t until;		 /* the position behind the last byte that may be written in this turn */
	uint64_t time_ns;	 /* when the turn began */

	struct manifest manifest;
	bool saved;	    /* it is on the disk, as far as is known */
	bool parts_missing; /* something that it names is not there */
	struct aof_file file;
	bool promised;	      /* there is a base: replies may rely on the file */
	bool rewriting;	      /* the file has begun at aof_rotate(), its base is to come */
	bool adopting;	      /* the base has come and is in the manifest, which is not saved */
	bool rewrite_is_over; /* on_rewritten is to be called at the end of the turn, with rewrite_error */
	int rewrite_error;
	int trouble;	/* as told on_trouble */
	uint64_t other; /* bytes of the manifest's other files */
	uint64_t base;	/* see aof_figures.base_size */

	uint64_t synced;   /* up to here the stream is on the disk, if the files are good */
	uint64_t kept;	   /* the same, at the last time that they were */
	uint64_t released; /* as the journal was told */

	/* On the clock of time_ns. */
	uint64_t sync_at_ns;
	uint64_t look_at_ns;
	uint64_t ask_at_ns; /* when on_rewrite_needed may be called */
	uint64_t delayed_at_ns;
	uint64_t delayed_sync; /* see aof_figures */
};

/* --- aof_thread.c ------------------------------------------------------------------------------------------------- */

void aof_main(void *arg);

/* Tells the journal what may be released, if there is a promise. */
void aof_release(struct aof *aof);

/* Ends the thread's sleep. The desk's mutex is held. */
void aof_poke(struct aof *aof);

/* --- aof_write.c -------------------------------------------------------------------------------------------------- */

/* Writes what is committed up to `until`, or a part of it when it is much. 0, or a negative errno. */
int aof_write(struct aof *aof);

/* Syncs the file: all that is written to it. An error is its file.error, too. */
int aof_sync_file(struct aof *aof);

/* Syncs, or has the other thread do so, if that is due. */
void aof_sync_by_policy(struct aof *aof);

/* --- aof_files.c -------------------------------------------------------------------------------------------------- */

/* Opens or makes the files that a start of this kind needs. False with `error`. */
bool aof_files_open(struct aof *aof, enum aof_start start, const struct aof_options *options, char *error);

/* There is a base: from now on replies may rely on the file. */
void aof_promise(struct aof *aof);

/* Whether what is on the disk can only be made good by a new base. */
bool aof_needs_base(const struct aof *aof);

/* Begins a new increment, if the stream is written up to where one was asked for. */
void aof_rotate_if_due(struct aof *aof);

/* Does with the base, that was handed over or given up, what is to be done. */
void aof_take_base(struct aof *aof);

/* Brings the manifest to the disk, if what is there is another. 0, or a negative errno. */
int aof_save(struct aof *aof);

/* The path under which a base is written; NULL: no memory. The caller frees it. Another thread than the file's holds
 * the desk's mutex. */
char *aof_files_base_path(const struct aof *aof);

/* Closes the file. */
void aof_files_close(struct aof *aof);

/* --- aof_look.c --------------------------------------------------------------------------------------------------- */

/* Looks whether the file is still where a start would look for it. */
void aof_look(struct aof *aof);

/* The same, and whether it is as long as it was written, and the manifest and what it names are there. Sets the time of
 * the next look. */
void aof_look_at_all(struct aof *aof);

#endif
