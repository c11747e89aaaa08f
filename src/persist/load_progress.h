/* How far the loading of all files is. One thread loads, any thread looks. */
#ifndef CUBBY_PERSIST_LOAD_PROGRESS_H
#define CUBBY_PERSIST_LOAD_PROGRESS_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct load_progress {
	_Atomic uint64_t total; /* bytes of all files */
	_Atomic uint64_t done;	/* bytes of them that have been read */
	atomic_bool stop;	/* set by others: it is to end as soon as it can */

	/* What INFO tells of RDB files, those at the beginning of an append-only file included. */
	_Atomic uint64_t loaded;      /* keys */
	_Atomic uint64_t expired;     /* keys that were not loaded, because their time had come */
	_Atomic uint64_t used_memory; /* bytes that the keys took where the file was written; 0: it does not say */
};

/* Waits as long as key-load-delay wants after so many keys, unless it is to end. The thread that loads. */
void load_progress_delay(const struct load_progress *progress, size_t keys);

#endif
