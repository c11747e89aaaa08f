/*
 * A lock for what is held for a microsecond or so: who finds it taken spins, then gives way, then sleeps in short naps.
 *
 * Taking it is one atomic exchange, releasing it a plain store: a mutex of the system costs three times that, because
 * its release must look for sleepers (doc/decisions/threads.md). A disabled lock (one thread only) costs one
 * predictable branch and is never taken.
 */
#ifndef CUBBY_BASE_LOCK_H
#define CUBBY_BASE_LOCK_H

#include <stdatomic.h>
#include <stdbool.h>

struct lock {
	atomic_bool taken;
	bool enabled;
};

/* The slow path: waits until the lock is free and takes it. */
void lock_wait(struct lock *lock);

static inline void lock_init(struct lock *lock, bool enabled)
{
	atomic_init(&lock->taken, false);
	lock->enabled = enabled;
}

static inline void lock_take(struct lock *lock)
{
	if (lock->enabled && atomic_exchange_explicit(&lock->taken, true, memory_order_acquire))
		lock_wait(lock);
}

static inline void lock_release(struct lock *lock)
{
	if (lock->enabled)
		atomic_store_explicit(&lock->taken, false, memory_order_release);
}

#endif
