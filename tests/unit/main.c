/* Runs the unit suites: all of them, or the ones named as arguments. */
#include <stdlib.h>

#include "runner.h"
#include "suites.h"

/* One a line, so that two changes seldom meet. */
/* clang-format off */
static suite_maker *const suites[] = {
	number_suite,
	journal_suite,
	glob_suite,
	bits_suite,
	subsequence_suite,
	buffer_suite,
	log_suite,
	background_suite,
	decoder_suite,
	reply_suite,
	hash_suite,
	table_suite,
	expiry_suite,
	keyspace_suite,
	session_suite,
	commands_suite,
	dispatch_suite,
	config_suite,
	walk_suite,
	output_suite,
	hold_suite,
	histogram_suite,
	persist_suite,
	access_suite,
	file_suite,
	manifest_suite,
	aof_reader_suite,
	filler_suite,
	replay_suite,
	effects_suite,
	rdb_reader_suite,
	rdb_redis_suite,
	rdb_writer_suite,
	snapshot_file_suite,
	snapshot_suite,
	aof_suite,
};
/* clang-format on */

enum { SUITES = sizeof(suites) / sizeof(suites[0]) };

int main(int argc, char **argv)
{
	/* Seconds for one test. Check's own four are few for a sanitizer's build on a busy machine. */
	setenv("CK_DEFAULT_TIMEOUT", "60", 0);
	return runner_run(suites, SUITES, argc, argv) == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
