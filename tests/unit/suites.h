/* The suites of the unit tests, one for each module. */
#ifndef CUBBY_TESTS_UNIT_SUITES_H
#define CUBBY_TESTS_UNIT_SUITES_H

#include <check.h>

Suite *journal_suite(void);
Suite *number_suite(void);
Suite *glob_suite(void);
Suite *bits_suite(void);
Suite *subsequence_suite(void);
Suite *buffer_suite(void);
Suite *log_suite(void);
Suite *background_suite(void);
Suite *decoder_suite(void);
Suite *reply_suite(void);
Suite *hash_suite(void);
Suite *histogram_suite(void);
Suite *table_suite(void);
Suite *expiry_suite(void);
Suite *keyspace_suite(void);
Suite *effects_suite(void);
Suite *snapshot_suite(void);
Suite *session_suite(void);
Suite *commands_suite(void);
Suite *dispatch_suite(void);
Suite *config_suite(void);
Suite *walk_suite(void);
Suite *output_suite(void);
Suite *hold_suite(void);
Suite *persist_suite(void);
Suite *access_suite(void);
Suite *aof_suite(void);
Suite *file_suite(void);
Suite *manifest_suite(void);
Suite *aof_reader_suite(void);
Suite *rdb_reader_suite(void);
Suite *rdb_redis_suite(void);
Suite *rdb_writer_suite(void);
Suite *snapshot_file_suite(void);
Suite *filler_suite(void);
Suite *data_files_suite(void);
Suite *rdb_loader_suite(void);
Suite *replay_suite(void);

#endif
