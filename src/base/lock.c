/*
 * The slow path of a lock. Its holder is gone in about a microsecond, while sleeping and being woken cost several: it
 * is worth trying for that long before the mutex puts the thread to sleep.
 */
#include "base/lock.h"

#include <stdlib.h>

#include "base/log.h"

enum { LOCK_TRIES = 100 };

/* Tells the processor that this is a waiting loop: it saves power and leaves its other thread the core. */
static void lock_pause(void)
{
#if defined(__x86_64__) || defined(__i386__)
	__builtin_ia32_pause();
#elif defined(__aarch64__)
	__asm__ volatile("yield" ::: "memory");
#endif
}

void lock_wait(struct lock *lock)
{
	int i;

	for (i = 0; i < LOCK_TRIES; i++) {
		lock_pause();
		if (uv_mutex_trylock(&lock->mutex) == 0)
			return;
	}
	uv_mutex_lock(&lock->mutex);
}

void lock_init(struct lock *lock, bool enabled)
{
	int status = enabled ? uv_mutex_init(&lock->mutex) : 0;

	if (status != 0) {
		log_event(LOG_WARNING, "cannot make a lock", LOG_TEXT_FIELD("error", uv_strerror(status)));
		abort();
	}
	lock->enabled = enabled;
}

void lock_destroy(struct lock *lock)
{
	if (lock->enabled)
		uv_mutex_destroy(&lock->mutex);
	lock->enabled = false;
}
