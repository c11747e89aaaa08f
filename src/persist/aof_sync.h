/*
 * A thread that syncs one file at a time, so that who writes to it can go on.
 */
#ifndef CUBBY_PERSIST_AOF_SYNC_H
#define CUBBY_PERSIST_AOF_SYNC_H

#include <stdbool.h>
#include <stdint.h>
#include <uv.h>

enum aof_sync_state { AOF_SYNC_IDLE, AOF_SYNC_RUNS, AOF_SYNC_ENDED };

struct aof_sync {
	uv_thread_t thread;
	uv_mutex_t mutex; /* guards all below */
	uv_cond_t changed;
	enum aof_sync_state state;
	bool stop;
	int fd;		   /* not owned */
	uint64_t position; /* what is on the disk when it has ended well: the caller's number */
	int result;
	void (*on_end)(void *arg); /* called on the thread */
	void *arg;
};

/* Starts the thread. 0 or a negative errno. on_end(arg) is called when a sync has ended and can be taken. */
int aof_sync_start(struct aof_sync *sync, void (*on_end)(void *arg), void *arg);

/* Ends the thread, after the sync that runs. */
void aof_sync_stop(struct aof_sync *sync);

/* Syncs `fd`, which must stay open until that has been taken. Nothing runs. */
void aof_sync_begin(struct aof_sync *sync, int fd, uint64_t position);

/* Takes the result of a sync that has ended: true, once for each, with *position and *result (0 or a negative errno).
 */
bool aof_sync_take(struct aof_sync *sync, uint64_t *position, int *result);

/* Whether one has been begun and not been taken. */
bool aof_sync_is_busy(struct aof_sync *sync);

/* Waits until no sync runs. */
void aof_sync_wait(struct aof_sync *sync);

#endif
