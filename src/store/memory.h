/* Where this room gets its memory; it gives it back with free(). */
#ifndef CUBBY_STORE_MEMORY_H
#define CUBBY_STORE_MEMORY_H

#include <stddef.h>

/* malloc, unless a unit test has put a function here that fails on purpose. */
extern void *(*store_malloc)(size_t size);

/* The same, filled with zeros. */
void *store_zalloc(size_t size);

#endif
