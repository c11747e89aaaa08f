/* Runs the integration suites: all of them, or the ones named as arguments. */
#include <check.h>
#include <stdlib.h>
#include <sys/resource.h>

#include "harness.h"
#include "runner.h"
#include "suites.h"

static suite_maker *const suites[] = {
	harness_suite,	   strings_suite, bits_suite,	    lcs_suite,		 transactions_suite,
	generic_suite,	   expire_suite,  connection_suite, client_suite,	 server_suite,
	introspect_suite,  network_suite, limits_suite,	    lifecycle_suite,	 load_suite,
	load_aof_suite,	   loading_suite, save_suite,	    aof_replies_suite,	 configuration_suite,
	expiry_live_suite, flood_suite,	  big_suite,	    debug_suite,	 absent_suite,
	slowlog_suite,	   latency_suite, keys_suite,	    wait_suite,		 memory_suite,
	pause_suite,	   monitor_suite, pubsub_suite,	    notifications_suite, tracking_suite,
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

int main(int argc, char **argv)
{
	int failed;

	raise_file_limit();
	if (!harness_begin())
		return EXIT_FAILURE;
	failed = runner_run(suites, SUITES, argc, argv);
	failed += harness_end(failed > 0);
	return failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
