/*
 * The lock on the directory of the data: `cubbyd.lock`, which one daemon holds at a time.
 *
 * It is taken when something is to be written there for the first time, at the start with appendonly or save points,
 * else by SAVE, BGSAVE or CONFIG SET appendonly yes, and kept until the daemon ends or writes to another directory. So
 * daemons that keep nothing can share a directory, and none overwrites what another one has put there.
 */
#ifndef CUBBY_SERVER_DIR_LOCK_H
#define CUBBY_SERVER_DIR_LOCK_H

#include <uv.h>

struct dir_lock {
	uv_mutex_t mutex;
	int fd; /* under the mutex; of the file that this daemon holds, -1: of none */
};

enum { DIR_LOCK_TEXT = 128 }; /* bytes of an error's text at most, with a NUL */

void dir_lock_init(struct dir_lock *lock);

/* Takes the lock of the directory, if this daemon has not got it already. Any thread; the file system is asked, but no
 * disk is waited for. 0, or a negative errno, in words in `error` and in the log; -EWOULDBLOCK: another daemon has it.
 */
int dir_lock_take(struct dir_lock *lock, const char *dir, char *error);

/* Gives up what is held. No other thread uses it any more. */
void dir_lock_free(struct dir_lock *lock);

#endif
