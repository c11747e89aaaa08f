/* The suites of the integration tests. */
#ifndef CUBBY_TESTS_INTEGRATION_SUITES_H
#define CUBBY_TESTS_INTEGRATION_SUITES_H

#include <check.h>

Suite *harness_suite(void);
Suite *save_suite(void);
Suite *pubsub_suite(void);
Suite *notifications_suite(void);
Suite *strings_suite(void);
Suite *bits_suite(void);
Suite *lcs_suite(void);
Suite *transactions_suite(void);
Suite *generic_suite(void);
Suite *expire_suite(void);
Suite *keys_suite(void);
Suite *wait_suite(void);
Suite *connection_suite(void);
Suite *client_suite(void);
Suite *pause_suite(void);
Suite *tracking_suite(void);
Suite *monitor_suite(void);
Suite *server_suite(void);
Suite *introspect_suite(void);
Suite *debug_suite(void);
Suite *absent_suite(void);
Suite *lifecycle_suite(void);
Suite *aof_replies_suite(void);
Suite *reload_suite(void);
Suite *persistence_suite(void);
Suite *load_suite(void);
Suite *load_aof_suite(void);
Suite *loading_suite(void);
Suite *configuration_suite(void);
Suite *expiry_live_suite(void);
Suite *flood_suite(void);
Suite *network_suite(void);
Suite *limits_suite(void);
Suite *big_suite(void);
Suite *slowlog_suite(void);
Suite *latency_suite(void);
Suite *memory_suite(void);

#endif
