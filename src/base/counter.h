/*
 * A counter with one writer and any number of readers.
 *
 * The writer's increment is a plain load and store (no lock prefix): it costs what `n++` costs. Readers on other
 * threads see a value that is at most a moment old.
 */
#ifndef CUBBY_BASE_COUNTER_H
#define CUBBY_BASE_COUNTER_H

#include <stdatomic.h>
#include <stdint.h>

typedef _Atomic uint64_t counter;

static inline uint64_t counter_get(const counter *self)
{
	return atomic_load_explicit(self, memory_order_relaxed);
}

static inline void counter_set(counter *self, uint64_t value)
{
	atomic_store_explicit(self, value, memory_order_relaxed);
}

/* By the one writer only. */
static inline void counter_add(counter *self, uint64_t amount)
{
	atomic_store_explicit(self, atomic_load_explicit(self, memory_order_relaxed) + amount, memory_order_relaxed);
}

#endif
