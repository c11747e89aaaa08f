/*
 * A disk with faults: the system calls that change files are counted, and can be made to fail; and what a power cut
 * would leave can be kept.
 *
 * The functions of libc are replaced for the whole test program, and do what they always do until told otherwise. Linux
 * only: on other systems nothing is counted, and disk_is_faulty() is false.
 */
#ifndef CUBBY_TESTS_UNIT_DISK_H
#define CUBBY_TESTS_UNIT_DISK_H

#include <stdbool.h>
#include <stdint.h>

enum disk_call {
	DISK_ANY,
	DISK_OPEN,
	DISK_WRITE,
	DISK_SYNC,
	DISK_SYNC_DIRECTORY,
	DISK_RENAME,
	DISK_REMOVE,
	DISK_MKDIR
};

bool disk_is_faulty(void);

/* Calls of the kind fail with `error`: all but the first `after`, `times` of them. */
void disk_fail(enum disk_call call, int error, unsigned after, unsigned times);

/* Nothing fails from now on. A cut's function may call it, too. */
void disk_heal(void);

/* The n-th call from now on (from 0) finds the power cut: what would be left of the directory's files is kept, and the
 * call goes on. cut(arg) is called right before that, on the thread of the call. */
void disk_cut_at(unsigned n, const char *directory, void (*cut)(void *arg), void *arg);

/* Whether that has happened. */
bool disk_was_cut(void);

/* Names that were not synced may be there after the cut or not, or some of them. */
enum disk_names { DISK_OLD_NAMES, DISK_NEW_NAMES, DISK_NEW_MANIFEST, DISK_NAMES };

/* Puts what is left into the directory at `to`: with these names, and with the bytes that were not synced or without.
 */
void disk_restore(const char *to, enum disk_names names, bool bytes);

/* Calls counted since disk_heal(). */
unsigned disk_count(void);

/* The calling thread's calls are the test's own, and not counted. */
void disk_exempt(bool exempt);

/* Syncs do not wait for the real disk: tests that make many are quicker. */
void disk_pretend(bool pretend);

#endif
