/* Runs the integration suites: all of them, or the ones named as arguments. */
#include <check.h>
#include <stdlib.h>
#include <sys/resource.h>

#include "harness.h"
#include "runner.h"
#include "suites.h"

/* Those that take longest first: they hold up the end least. */
static const struct suite_row suites[] = {
	{"network", network_suite, false},
	{"lifecycle", lifecycle_suite, false},
	{"memory", memory_suite, false},
	{"limits", limits_suite, false},
	{"load", load_suite, false},
	{"save", save_suite, false},
	{"reload", reload_suite, false},
	{"persistence", persistence_suite, false},
	{"load_aof", load_aof_suite, false},
	{"loading", loading_suite, false},
	{"aof_replies", aof_replies_suite, false},
	{"wait", wait_suite, false},
	{"pause", pause_suite, false},
	{"harness", harness_suite, false},
	{"strings", strings_suite, false},
	{"bits", bits_suite, false},
	{"lcs", lcs_suite, false},
	{"transactions", transactions_suite, false},
	{"generic", generic_suite, false},
	{"expire", expire_suite, false},
	{"connection", connection_suite, false},
	{"client", client_suite, false},
	{"server", server_suite, false},
	{"introspect", introspect_suite, false},
	{"configuration", configuration_suite, false},
	{"expiry_live", expiry_live_suite, true},
	{"flood", flood_suite, true},
	{"big", big_suite, false},
	{"debug", debug_suite, false},
	{"absent", absent_suite, false},
	{"slowlog", slowlog_suite, false},
	{"latency", latency_suite, false},
	{"keys", keys_suite, false},
	{"monitor", monitor_suite, false},
	{"pubsub", pubsub_suite, false},
	{"notifications", notifications_suite, false},
	{"tracking", tracking_suite, false},
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
