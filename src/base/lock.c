/*
 * The slow path of a lock. Its holder is gone in about a microsecond, so trying is worth it for that long. If it is
 * not, the system has taken the processor from it: give it ours. If that does not help either, it is at something long
 * (a command of very many keys, the copy of a large value): look again now and then.
 */
#include "base/lock.h"

#include <sched.h>
#include <time.h>

enum {
	LOCK_SPINS = 200,
	LOCK_YIELDS = 50,
	LOCK_NAP_NS = 50 * 1000,
};

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
	static const struct timespec nap = {.tv_nsec = LOCK_NAP_NS};

	for (unsigned tries = 0;; tries++) {
		/* Looked at first, so that waiting does not take the cache line from its holder. */
		if (!atomic_load_explicit(&lock->taken, memory_order_relaxed) &&
		    !atomic_exchange_explicit(&lock->taken, true, memory_order_acquire))
			return;
		if (tries < LOCK_SPINS)
			lock_pause();
		else if (tries < LOCK_SPINS + LOCK_YIELDS)
			sched_yield();
		else
			nanosleep(&nap, NULL);
	}
}
