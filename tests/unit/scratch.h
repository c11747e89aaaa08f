/* A directory of its own for each test: setup makes it, teardown removes it and what is in it. Both are fixtures of
 * Check for every test case that writes files. */
#ifndef CUBBY_TESTS_UNIT_SCRATCH_H
#define CUBBY_TESTS_UNIT_SCRATCH_H

#include "base/slice.h"

void scratch_setup(void);
void scratch_teardown(void);

/* The directory's path. */
const char *scratch_directory(void);

/* The path of a name in it, in static memory: the last four results are good. */
const char *scratch_path(const char *name);

/* Makes the file, or checks that it has exactly these bytes. */
void scratch_write(const char *name, struct slice bytes);
void scratch_expect(const char *name, struct slice bytes);

/* How many names are in the directory. */
unsigned scratch_count(void);

#endif
