/*
 * What an allocation takes of memory: the allocator rounds sizes up, and who counts memory must do the same. No room
 * but the store counts so finely.
 */
#ifndef CUBBY_BASE_ALLOCATION_H
#define CUBBY_BASE_ALLOCATION_H

#include <stddef.h>

enum {
	ALLOCATION_QUANTUM = 16,      /* bytes: what every allocator for 64 bits rounds to */
	ALLOCATION_FINE_MAX = 8 * 16, /* up to here it is the only rounding */
	ALLOCATION_STEPS_BITS = 2,    /* then jemalloc has four sizes between a power of two and the next */
};

/* Bytes that jemalloc takes for `size` bytes (http://jemalloc.net/jemalloc.3.html, "Size classes"). Other allocators
 * take a little less. */
static inline size_t allocation_size(size_t size)
{
	size_t step = ALLOCATION_QUANTUM;

	if (size > ALLOCATION_FINE_MAX)
		step = (size_t)1 << (63 - __builtin_clzll((unsigned long long)size - 1) - ALLOCATION_STEPS_BITS);
	return (size + step - 1) & ~(step - 1);
}

#endif
