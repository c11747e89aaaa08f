/* How both test programs run their suites. */
#ifndef CUBBY_TESTS_RUNNER_H
#define CUBBY_TESTS_RUNNER_H

#include <check.h>
#include <stdbool.h>
#include <stddef.h>

struct suite_row {
	const char *name;
	Suite *(*make)(void);
	bool alone; /* it measures time or memory: no other suite runs beside it */
};

/*
 * Runs all suites, or those named as arguments of the program; returns the number that failed. A name that is none
 * counts as one.
 *
 * Each suite runs in a process of its own, CUBBY_TEST_JOBS of them side by side (by default as many as there are
 * cores), in the order of the rows, those that run alone at the end; what a suite says is printed when it has ended. Of
 * suites that still run when SIGTERM or SIGINT comes, the names and what they have said so far are printed.
 */
int runner_run(const struct suite_row *rows, size_t count, int argc, char **argv);

#endif
