/* Runs the unit suites: all of them, or the ones named as arguments. */
#include <stdlib.h>

#include "runner.h"
#include "suites.h"

/* Those that take longest first: they hold up the end least. */
static const struct suite_row suites[] = {
	{"snapshot", snapshot_suite, false},
	{"walk", walk_suite, false},
	{"keyspace", keyspace_suite, false},
	{"output", output_suite, false},
	{"expiry", expiry_suite, false},
	{"number", number_suite, false},
	{"journal", journal_suite, false},
	{"glob", glob_suite, false},
	{"bits", bits_suite, false},
	{"subsequence", subsequence_suite, false},
	{"buffer", buffer_suite, false},
	{"log", log_suite, false},
	{"background", background_suite, false},
	{"decoder", decoder_suite, false},
	{"reply", reply_suite, false},
	{"hash", hash_suite, false},
	{"table", table_suite, false},
	{"session", session_suite, false},
	{"commands", commands_suite, false},
	{"dispatch", dispatch_suite, false},
	{"config", config_suite, false},
	{"hold", hold_suite, false},
	{"histogram", histogram_suite, false},
	{"persist", persist_suite, false},
	{"access", access_suite, false},
	{"file", file_suite, false},
	{"manifest", manifest_suite, false},
	{"aof_reader", aof_reader_suite, false},
	{"filler", filler_suite, false},
	{"rdb_loader", rdb_loader_suite, false},
	{"data_files", data_files_suite, false},
	{"replay", replay_suite, false},
	{"effects", effects_suite, false},
	{"rdb_reader", rdb_reader_suite, false},
	{"rdb_redis", rdb_redis_suite, false},
	{"rdb_writer", rdb_writer_suite, false},
	{"snapshot_file", snapshot_file_suite, false},
	{"aof", aof_suite, false},
};

enum { SUITES = sizeof(suites) / sizeof(suites[0]) };

int main(int argc, char **argv)
{
	/* Seconds for one test. Check's own four are few for a sanitizer's build on a busy machine. */
	setenv("CK_DEFAULT_TIMEOUT", "60", 0);
	return runner_run(suites, SUITES, argc, argv) == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
