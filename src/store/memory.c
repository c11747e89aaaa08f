/* One pointer between the store and malloc. It costs what the call through a shared library's table costs anyway. */
#include "store/memory.h"

#include <stdlib.h>
#include <string.h>

void *(*store_malloc)(size_t size) = malloc;

void *store_zalloc(size_t size)
{
	void *memory = store_malloc(size);

	if (memory != NULL)
		memset(memory, 0, size);
	return memory;
}
