/* LATENCY, and what INFO says of commands, errors and latency. Both are the daemon's, so each test begins with a reset.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "harness.h"
#include "suites.h"

/* A client of a monitor that is empty and notes what takes 100 ms, which on a busy machine only a sleep does. */
static struct client *client_monitored(int protocol)
{
	struct client *c = client_fresh(protocol);

	expect(c, "+OK", "CONFIG", "SET", "latency-monitor-threshold", "100", NULL);
	client_integer(c, "LATENCY", "RESET", NULL);
	return c;
}

/* --- events ------------------------------------------------------------------------------------------------------ */

/* The only sample of an event. */
static void one_sample(struct client *c, const char *event, long long *seconds, long long *milliseconds)
{
	const char *text = client_call(c, "LATENCY", "HISTORY", event, NULL);
	char end[8] = "";

	ck_assert_msg(sscanf(text, "[ [ :%lld :%lld %7s", seconds, milliseconds, end) == 3 && *end == ']', "%s", text);
}

START_TEST(a_slow_command_is_an_event)
{
	struct client *c = client_monitored(_i);
	long long seconds, milliseconds;
	char want[128];
	time_t before = time(NULL);

	expect(c, "+OK", "DEBUG", "SLEEP", "0.15", NULL);
	one_sample(c, "command", &seconds, &milliseconds);
	ck_assert_int_ge(seconds, before);
	ck_assert_int_le(seconds, time(NULL));
	ck_assert_int_ge(milliseconds, 150);
	ck_assert_int_lt(milliseconds, DEADLINE_MS);
	snprintf(want, sizeof(want), "*[ $command :%lld :%lld :%lld ]*", seconds, milliseconds, milliseconds);
	expect_like(c, want, "LATENCY", "LATEST", NULL);
}
END_TEST

START_TEST(what_is_fast_is_none)
{
	struct client *c = client_fresh(_i);

	expect(c, "+OK", "CONFIG", "SET", "latency-monitor-threshold", "10000", NULL);
	client_integer(c, "LATENCY", "RESET", NULL);
	expect(c, "+OK", "DEBUG", "SLEEP", "0.02", NULL);
	expect(c, "[ ]", "LATENCY", "LATEST", NULL);
	expect(c, "+OK", "CONFIG", "SET", "latency-monitor-threshold", "0", NULL);
	expect(c, "+OK", "DEBUG", "SLEEP", "0.02", NULL);
	expect(c, "[ ]", "LATENCY", "LATEST", NULL);
	expect(c, "[ ]", "LATENCY", "HISTORY", "command", NULL);
	expect(c, "[ ]", "LATENCY", "HISTORY", "nosuch", NULL);
}
END_TEST

/* The samples of several seconds; of one second only the longest. */
START_TEST(a_second_has_one_sample)
{
	struct client *c = client_monitored(_i);
	long long first, second, milliseconds, worst;
	const char *text;

	expect(c, "+OK", "CONFIG", "SET", "latency-monitor-threshold", "5", NULL);
	for (int i = 0; i < 5; i++)
		expect(c, "+OK", "DEBUG", "SLEEP", i == 2 ? "0.05" : "0.01", NULL);
	text = client_call(c, "LATENCY", "HISTORY", "command", NULL);
	switch (sscanf(text, "[ [ :%lld :%lld ] [ :%lld :%lld ] ]", &first, &milliseconds, &second, &worst)) {
	case 2:
		ck_assert_int_ge(milliseconds, 50);
		break;
	case 4:
		ck_assert_int_gt(second, first);
		break;
	default:
		ck_abort_msg("%s", text);
	}
}
END_TEST

START_TEST(reset_forgets)
{
	struct client *c = client_monitored(_i);

	expect(c, "+OK", "DEBUG", "SLEEP", "0.15", NULL);
	expect(c, ":0", "LATENCY", "RESET", "nosuch", "expire-cycle", NULL);
	expect(c, ":1", "LATENCY", "RESET", "nosuch", "command", NULL);
	expect(c, "[ ]", "LATENCY", "HISTORY", "command", NULL);
	expect(c, ":0", "LATENCY", "RESET", "command", NULL);
	expect(c, "+OK", "DEBUG", "SLEEP", "0.15", NULL);
	ck_assert_int_ge(client_integer(c, "LATENCY", "RESET", NULL), 1);
	expect(c, "[ ]", "LATENCY", "HISTORY", "command", NULL);
}
END_TEST

/* A turn of the loop in which a command was slow was long, too: whoever else is on that thread has waited. */
START_TEST(a_long_turn_is_an_event)
{
	struct client *c = client_monitored(_i);
	long long seconds, milliseconds;

	if (against_redis())
		return;
	expect(c, "+OK", "DEBUG", "SLEEP", "0.15", NULL);
	one_sample(c, "loop-turn", &seconds, &milliseconds);
	ck_assert_int_ge(milliseconds, 150);
	expect_like(c, "[ [ $command :* :* :* ] [ $loop-turn :* :* :* ] ]", "LATENCY", "LATEST", NULL);
}
END_TEST

/* --- GRAPH and DOCTOR -------------------------------------------------------------------------------------------- */

START_TEST(graph_draws)
{
	struct client *c = client_monitored(_i);

	expect(c, "-ERR No samples available for event 'command'", "LATENCY", "GRAPH", "command", NULL);
	expect(c, "-ERR No samples available for event 'nosuch'", "LATENCY", "GRAPH", "nosuch", NULL);
	expect(c, "+OK", "DEBUG", "SLEEP", "0.15", NULL);
	expect_like(c,
		    _i == 2 ? "$command - high * ms, low * ms (all time high * ms)\\n"
			      "----------------------------------------------------------------------------"
			      "----\\n*_*s*\\n"
			    : "=txt:command - high * ms, low * ms (all time high * ms)\\n----*----\\n*_*s*\\n",
		    "LATENCY", "GRAPH", "command", NULL);
}
END_TEST

START_TEST(doctor_talks)
{
	struct client *c = client_monitored(_i);

	expect_like(c, _i == 2 ? "$Dave, no latency spike*" : "=txt:Dave, no latency spike*", "LATENCY", "DOCTOR",
		    NULL);
	expect(c, "+OK", "DEBUG", "SLEEP", "0.15", NULL);
	expect_like(c,
		    "*latency spikes*1. command: 1 latency spikes (average *ms, mean deviation 0ms, period * sec). "
		    "Worst all time event *ms.*",
		    "LATENCY", "DOCTOR", NULL);
	expect(c, "+OK", "CONFIG", "SET", "latency-monitor-threshold", "0", NULL);
	client_integer(c, "LATENCY", "RESET", NULL);
	expect_like(c, "*I'm sorry, Dave, I can't do that. Latency monitoring is disabled*", "LATENCY", "DOCTOR", NULL);
}
END_TEST

/* --- HISTOGRAM and INFO latencystats ----------------------------------------------------------------------------- */

START_TEST(histogram_counts_calls)
{
	struct client *c = client_fresh(_i);

	expect(c, "+OK", "CONFIG", "RESETSTAT", NULL);
	expect(c, "nil", "GET", "a", NULL);
	expect(c, "nil", "GET", "a", NULL);
	expect(c, "-ERR wrong number of arguments for 'get' command", "GET", NULL);
	expect_like(c,
		    _i == 2 ? "[ $get [ $calls :2 $histogram_usec [ * :2 ] ] ]"
			    : "{ $get { $calls :2 $histogram_usec { * :2 } } }",
		    "LATENCY", "HISTOGRAM", "GET", NULL);
	expect_like(c, "*$get * $calls :2 *", "LATENCY", "HISTOGRAM", "nosuch", "get", "set", NULL);
	expect(c, _i == 2 ? "[ ]" : "{ }", "LATENCY", "HISTOGRAM", "nosuch", "no|such", "config|nosuch", "", NULL);
	expect(c, "+OK", "CONFIG", "RESETSTAT", NULL);
	expect(c, _i == 2 ? "[ ]" : "{ }", "LATENCY", "HISTOGRAM", "get", NULL);
	expect(c, "nil", "GET", "a", NULL);
	expect_like(c, "*$get * $calls :1 $histogram_usec * :1 *", "LATENCY", "HISTOGRAM", NULL);
}
END_TEST

START_TEST(histogram_knows_subcommands)
{
	struct client *c = client_fresh(_i);

	expect_like(c, "*maxclients*", "CONFIG", "GET", "maxclients", NULL);
	expect(c, "+OK", "CONFIG", "RESETSTAT", NULL);
	expect_like(c, "*maxclients*", "CONFIG", "GET", "maxclients", NULL);
	expect_like(c, "*$config|get * $calls :1 *", "LATENCY", "HISTOGRAM", "CONFIG|GET", NULL);
	expect_like(c, "*$config|resetstat * $calls :1 *", "LATENCY", "HISTOGRAM", "config", NULL);
	expect_like(c, "*$config|get * $calls :1 *", "LATENCY", "HISTOGRAM", "config", NULL);
	expect_like(c, "*latency_percentiles_usec_config|get:p50=*", "INFO", "latencystats", NULL);
}
END_TEST

/* A sleep of 20 ms is in one of Redis's classes, and no call is in a shorter one. */
START_TEST(histogram_has_redis_bounds)
{
	struct client *c = client_fresh(_i);
	long long bounds[] = {33816, 67633, 135266, 270532, 541065, 1082130, 2164260, 4328521, 8657043, 17314086};
	const char *text;
	long long bound;
	size_t i = 0;

	expect(c, "+OK", "CONFIG", "RESETSTAT", NULL);
	expect(c, "+OK", "DEBUG", "SLEEP", "0.02", NULL);
	text = strstr(client_call(c, "LATENCY", "HISTOGRAM", "debug", NULL), "$histogram_usec ");
	ck_assert_ptr_nonnull(text);
	ck_assert_int_eq(sscanf(text, "$histogram_usec %*c :%lld :1 ", &bound), 1);
	while (i < sizeof(bounds) / sizeof(bounds[0]) && bounds[i] != bound)
		i++;
	ck_assert_msg(i < sizeof(bounds) / sizeof(bounds[0]), "%lld is no bound", bound);
}
END_TEST

/* The value of a percentile of a command in INFO latencystats, in microseconds. */
static double percentile(struct client *c, const char *command, const char *name)
{
	char field[128], value[256], *found;

	snprintf(field, sizeof(field), "latency_percentiles_usec_%s", command);
	info_text(c, field, value, sizeof(value));
	found = strstr(value, name);
	ck_assert_msg(found != NULL && found[strlen(name)] == '=', "%s of %s in %s", name, command, value);
	return strtod(found + strlen(name) + 1, NULL);
}

START_TEST(info_has_percentiles)
{
	struct client *c = client_fresh(_i);
	double median, highest;

	expect(c, "+OK", "CONFIG", "RESETSTAT", NULL);
	for (int i = 0; i < 5; i++)
		expect(c, "+OK", "DEBUG", "SLEEP", i == 3 ? "0.05" : "0.01", NULL);
	if (against_redis())
		return; /* where DEBUG is one command */
	median = percentile(c, "debug|sleep", "p50");
	highest = percentile(c, "debug|sleep", "p99.9");
	ck_assert_double_ge(median, 10000 * 63.0 / 64);
	ck_assert_double_ge(highest, 50000 * 63.0 / 64);
	ck_assert_double_lt(median, highest);
	ck_assert_double_eq(percentile(c, "debug|sleep", "p99"), highest);
}
END_TEST

START_TEST(percentiles_can_be_chosen)
{
	struct client *c = client_fresh(2);

	expect(c, "+OK", "CONFIG", "RESETSTAT", NULL);
	expect(c, "nil", "GET", "a", NULL);
	expect(c, "+OK", "CONFIG", "SET", "latency-tracking-info-percentiles", "0 99.99 100", NULL);
	expect_like(c, "*latency_percentiles_usec_get:p0=*.*,p99.99=*.*,p100=*.*\\r\\n*", "INFO", "latencystats", NULL);
	expect(c, "+OK", "CONFIG", "SET", "latency-tracking-info-percentiles", "", NULL);
	expect_like(c, "*latency_percentiles_usec_get:\\r\\n*", "INFO", "latencystats", NULL);
	expect(c,
	       "-ERR CONFIG SET failed (possibly related to argument 'latency-tracking-info-percentiles') - "
	       "latency-tracking-info-percentiles parameters should sit between [0.0,100.0]",
	       "CONFIG", "SET", "latency-tracking-info-percentiles", "50 100.1", NULL);
	expect(c,
	       "-ERR CONFIG SET failed (possibly related to argument 'latency-tracking-info-percentiles') - Invalid "
	       "latency-tracking-info-percentiles parameters",
	       "CONFIG", "SET", "latency-tracking-info-percentiles", "50 x", NULL);
	expect(c, "+OK", "CONFIG", "SET", "latency-tracking-info-percentiles", "50 99 99.9", NULL);
}
END_TEST

START_TEST(tracking_can_be_switched_off)
{
	struct client *c = client_fresh(_i);

	expect(c, "+OK", "CONFIG", "RESETSTAT", NULL);
	expect(c, "nil", "GET", "a", NULL);
	expect(c, "+OK", "CONFIG", "SET", "latency-tracking", "no", NULL);
	expect(c, "nil", "GET", "a", NULL);
	ck_assert_ptr_null(strstr(client_call(c, "INFO", "latencystats", NULL), "latency_percentiles"));
	expect_like(c, "*cmdstat_get:calls=2,*", "INFO", "commandstats", NULL);
	expect(c, "+OK", "CONFIG", "SET", "latency-tracking", "yes", NULL);
	expect(c, "nil", "GET", "a", NULL);
	expect_like(c, "*$get * $calls :2 *", "LATENCY", "HISTOGRAM", "get", NULL);
}
END_TEST

/* --- INFO's sections --------------------------------------------------------------------------------------------- */

START_TEST(info_takes_sections)
{
	struct client *c = client_fresh(_i);

	expect_like(c, "*# Stats\\r\\n*\\r\\n\\r\\n# CPU\\r\\n*", "INFO", "cpu", "nosuch", "STATS", NULL);
	ck_assert_ptr_null(strstr(client_call(c, "INFO", "cpu", "stats", NULL), "# Server"));
	ck_assert_ptr_null(strstr(client_call(c, "INFO", NULL), "# Commandstats"));
	ck_assert_ptr_null(strstr(client_call(c, "INFO", "default", NULL), "# Latencystats"));
	expect_like(c, "*# Server*# Commandstats*", "INFO", "server", "commandstats", NULL);
	expect_like(c, "*# Server*# Commandstats*# Keyspace*", "INFO", "default", "commandstats", NULL);
	expect_like(c,
		    "*# Server*# Clients*# Memory*# Persistence*# Stats*# Replication*# CPU*# Modules*# Commandstats"
		    "*# Errorstats*# Latencystats*# Cluster*# Keyspace*",
		    "INFO", "everything", NULL);
}
END_TEST

START_TEST(info_counts_failures_and_time)
{
	struct client *c = client_fresh(_i);
	long long spent;
	char stats[256];

	expect(c, "+OK", "CONFIG", "RESETSTAT", NULL);
	expect(c, "+OK", "SET", "a", "x", NULL);
	expect(c, "-ERR value is not an integer or out of range", "INCR", "a", NULL);
	expect(c, "-ERR wrong number of arguments for 'incr' command", "INCR", NULL);
	expect_like(c, "*cmdstat_incr:calls=1,usec=*,usec_per_call=*.*,rejected_calls=1,failed_calls=1\\r\\n*", "INFO",
		    "commandstats", NULL);
	expect_like(c, "*errorstat_ERR:count=2\\r\\n*", "INFO", "errorstats", NULL);
	if (against_redis())
		return; /* where DEBUG is one command */
	expect(c, "+OK", "DEBUG", "SLEEP", "0.02", NULL);
	info_text(c, "cmdstat_debug|sleep", stats, sizeof(stats));
	ck_assert_int_eq(sscanf(stats, "calls=1,usec=%lld,", &spent), 1);
	ck_assert_int_ge(spent, 20000);
	ck_assert_int_ge(info_number(c, "eventloop_duration_sum"), spent);
	ck_assert_int_ge(info_number(c, "eventloop_duration_cmd_sum"), spent);
	ck_assert_int_ge(info_number(c, "eventloop_cycles"), 5);
	ck_assert_int_ge(info_number(c, "total_reads_processed"), 5);
	ck_assert_int_ge(info_number(c, "total_writes_processed"), 5);
}
END_TEST

/* What the cleaner does is timed, and is an event when it takes long. */
START_TEST(expiry_is_timed)
{
	enum { MANY = 60000 };
	struct client *c = client_monitored(2);

	expect(c, "+OK", "CONFIG", "SET", "latency-monitor-threshold", "1", NULL);
	expect(c, "+OK", "DEBUG", "SET-ACTIVE-EXPIRE", "0", NULL);
	for (int i = 0; i < MANY; i++) {
		char command[64];

		snprintf(command, sizeof(command), "SET key:%d x PX 1\r\n", i);
		client_send(c, command, SIZE_MAX);
	}
	for (int i = 0; i < MANY; i++)
		expect_reply(c, "+OK");
	expect(c, "+OK", "DEBUG", "SET-ACTIVE-EXPIRE", "1", NULL);
	expect_eventually(c, ":0", "DBSIZE", NULL);
	if (against_redis())
		return; /* which does it in slices that are shorter */
	ck_assert_int_gt(info_number(c, "expire_cycle_cpu_milliseconds"), 0);
	expect_like(c, "[ [ :* :* ]*", "LATENCY", "HISTORY", "expire-cycle", NULL);
}
END_TEST

/* --- errors ------------------------------------------------------------------------------------------------------ */

START_TEST(errors_are_redis_own)
{
	struct client *c = client_fresh(_i);

	expect(c, "-ERR unknown subcommand 'nope'. Try LATENCY HELP.", "LATENCY", "nope", NULL);
	expect(c, "-ERR wrong number of arguments for 'latency' command", "LATENCY", NULL);
	expect(c, "-ERR wrong number of arguments for 'latency|history' command", "LATENCY", "HISTORY", NULL);
	expect(c, "-ERR wrong number of arguments for 'latency|history' command", "LATENCY", "HISTORY", "a", "b", NULL);
	expect(c, "-ERR wrong number of arguments for 'latency|graph' command", "LATENCY", "GRAPH", NULL);
	expect(c, "-ERR wrong number of arguments for 'latency|latest' command", "LATENCY", "LATEST", "x", NULL);
	expect(c, "-ERR wrong number of arguments for 'latency|doctor' command", "LATENCY", "DOCTOR", "x", NULL);
	expect(c, "-ERR wrong number of arguments for 'latency|help' command", "LATENCY", "HELP", "x", NULL);
	expect_like(c, "[ +LATENCY <subcommand> *+DOCTOR*+GRAPH <event>*+HISTORY*+LATEST*+RESET*+HISTOGRAM*+HELP*",
		    "LATENCY", "HELP", NULL);
}
END_TEST

START_TEST(settings_have_redis_defaults)
{
	struct server *server = server_start(NULL);
	struct client *c = client_open(server, 2);

	expect(c, "[ $latency-monitor-threshold $0 ]", "CONFIG", "GET", "latency-monitor-threshold", NULL);
	expect(c, "[ $latency-tracking $yes ]", "CONFIG", "GET", "latency-tracking", NULL);
	expect(c, "[ $latency-tracking-info-percentiles $50 99 99.9 ]", "CONFIG", "GET", "latency-tracking-*", NULL);
	expect_like(c, "*latency_percentiles_usec_config|get:p50=*,p99=*,p99.9=*\\r\\n*", "INFO", "latencystats", NULL);
	server_stop(server);
}
END_TEST

Suite *latency_suite(void)
{
	Suite *suite = suite_create("latency");
	TCase *events = shared_case(suite, "events");
	TCase *figures = shared_case(suite, "figures");
	TCase *alone = alone_case(suite, "defaults");

	tcase_add_loop_test(events, a_slow_command_is_an_event, 2, 4);
	tcase_add_loop_test(events, what_is_fast_is_none, 2, 4);
	tcase_add_loop_test(events, a_second_has_one_sample, 2, 4);
	tcase_add_loop_test(events, reset_forgets, 2, 4);
	tcase_add_loop_test(events, a_long_turn_is_an_event, 2, 4);
	tcase_add_loop_test(events, graph_draws, 2, 4);
	tcase_add_loop_test(events, doctor_talks, 2, 4);
	tcase_add_test(events, expiry_is_timed);
	tcase_add_loop_test(events, errors_are_redis_own, 2, 4);
	tcase_add_loop_test(figures, histogram_counts_calls, 2, 4);
	tcase_add_loop_test(figures, histogram_knows_subcommands, 2, 4);
	tcase_add_loop_test(figures, histogram_has_redis_bounds, 2, 4);
	tcase_add_loop_test(figures, info_has_percentiles, 2, 4);
	tcase_add_test(figures, percentiles_can_be_chosen);
	tcase_add_loop_test(figures, tracking_can_be_switched_off, 2, 4);
	tcase_add_loop_test(figures, info_takes_sections, 2, 4);
	tcase_add_loop_test(figures, info_counts_failures_and_time, 2, 4);
	tcase_add_test(alone, settings_have_redis_defaults);
	return suite;
}
