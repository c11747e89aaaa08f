/* Runs the integration suites: all of them, or the ones named as arguments. */
#include <check.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/resource.h>

#include "harness.h"
#include "suites.h"

static Suite *(*const suites[])(void) = {
	harness_suite,	 strings_suite,	      generic_suite,	 expire_suite,	connection_suite,
	client_suite,	 server_suite,	      introspect_suite,	 network_suite, limits_suite,
	lifecycle_suite, configuration_suite, expiry_live_suite, flood_suite,
};

enum { SUITES = sizeof(suites) / sizeof(suites[0]) };

/* Tests open thousands of connections: take all the descriptors the machine allows without asking. */
static void raise_file_limit(void)
{
	struct rlimit limit;

	if (getrlimit(RLIMIT_NOFILE, &limit) != 0)
		return;
	limit.rlim_cur = limit.rlim_max < 20000 ? limit.rlim_max : 20000;
	setrlimit(RLIMIT_NOFILE, &limit);
}

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

	raise_file_limit();
	if (!harness_begin())
		return EXIT_FAILURE;
	if (argc < 2)
		failed = suites_run();
	for (int i = 1; i < argc; i++) {
		setenv("CK_RUN_SUITE", argv[i], 1); /* Check runs the suite of this name alone */
		failed += suites_run();
	}
	failed += harness_end(failed > 0);
	return failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
