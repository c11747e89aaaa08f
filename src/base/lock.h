/*
 * A lock that spins for a moment before it sleeps: what it guards is held for a microsecond or so.
 *
 * A disabled lock (one thread only) costs one predictable branch and is never taken.
 */
#ifndef CUBBY_BASE_LOCK_H
#define CUBBY_BASE_LOCK_H

#include <stdbool.h>
#include <uv.h>

struct lock {
	uv_mutex_t mutex; /* not initialised when disabled */
	bool enabled;
};

/* The slow path: the mutex was taken at the first try. */
void lock_wait(struct lock *lock);

/* Aborts the process when the system cannot make a mutex (boot only). */
void lock_init(struct lock *lock, bool enabled);
void lock_destroy(struct lock *lock);

static inline void lock_take(struct lock *lock)
{
	if (lock->enabled && uv_mutex_trylock(&lock->mutex) != 0)
		lock_wait(lock);
}

static inline void lock_release(struct lock *lock)
{
	if (lock->enabled)
		uv_mutex_unlock(&lock->mutex);
}

#endif
