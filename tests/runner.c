/* Check itself picks a suite by name, from the environment: each name on the command line is a run of its own. */
#include "runner.h"

#include <stdio.h>
#include <stdlib.h>

static int run_once(suite_maker *const *makers, size_t count)
{
	SRunner *runner = srunner_create(makers[0]());
	int failed, run;

	for (size_t i = 1; i < count; i++)
		srunner_add_suite(runner, makers[i]());
	srunner_run_all(runner, CK_ENV);
	failed = srunner_ntests_failed(runner);
	run = srunner_ntests_run(runner);
	srunner_free(runner);
	if (run == 0) {
		fprintf(stderr, "no such suite\n");
		return 1;
	}
	return failed;
}

int runner_run(suite_maker *const *makers, size_t count, int argc, char **argv)
{
	int failed = 0;

	if (argc < 2)
		return run_once(makers, count);
	for (int i = 1; i < argc; i++) {
		setenv("CK_RUN_SUITE", argv[i], 1);
		failed += run_once(makers, count);
	}
	return failed;
}
