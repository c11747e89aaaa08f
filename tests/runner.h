/* How both test programs run their suites. */
#ifndef CUBBY_TESTS_RUNNER_H
#define CUBBY_TESTS_RUNNER_H

#include <check.h>
#include <stddef.h>

typedef Suite *suite_maker(void);

/* Runs all suites, or those named as arguments of the program; returns the number of tests that failed. A name that is
 * none counts as one. */
int runner_run(suite_maker *const *makers, size_t count, int argc, char **argv);

#endif
