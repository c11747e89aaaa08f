/* Runs the unit suites: all of them, or the ones named as arguments. */
#include <stdio.h>
#include <stdlib.h>

#include "suites.h"

static Suite *(*const suites[])(void) = {
	number_suite,	glob_suite,    buffer_suite,   log_suite,      background_suite,
	decoder_suite,	reply_suite,   hash_suite,     table_suite,    expiry_suite,
	keyspace_suite, session_suite, commands_suite, dispatch_suite, config_suite,
};

enum { SUITES = sizeof(suites) / sizeof(suites[0]) };

static int suites_run(void)
{
	SRunner *runner = srunner_create(suites[0]());
	int failed, run;

	for (size_t i = 1; i < SUITES; i++)
		srunner_add_suite(runner, suites[i]());
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

int main(int argc, char **argv)
{
	int failed = 0;

	if (argc < 2)
		failed = suites_run();
	for (int i = 1; i < argc; i++) {
		setenv("CK_RUN_SUITE", argv[i], 1); /* Check runs the suite of this name alone */
		failed += suites_run();
	}
	return failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
