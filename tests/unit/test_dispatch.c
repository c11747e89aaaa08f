/* The dispatcher with a host and a session of the test's own: no socket, no configuration, no clock. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/settings.h"
#include "command/dispatch.h"
#include "command/gate.h"
#include "session/registry.h"
#include "suites.h"

enum { NOW = 1000000, NO_LIMIT = 1 << 30 };

static struct dispatcher dispatcher;
static struct session_registry registry;
static struct session session;
static struct keyspace *keyspace;
static struct reply reply;
static bool password_set;
static unsigned errors_counted;
static char last_code[32];

static bool host_password_required(struct command_host *host)
{
	(void)host;
	return password_set;
}

static void host_count_error(struct command_host *host, struct slice code)
{
	(void)host;
	errors_counted++;
	ck_assert_uint_lt(code.len, sizeof(last_code));
	memcpy(last_code, code.data, code.len);
	last_code[code.len] = '\0';
}

static struct command_host host = {.password_required = host_password_required, .count_error = host_count_error};

static void client_close(struct session *client)
{
	session_mark(client, SESSION_CLOSING);
}

static const struct session_ops ops = {.close = client_close};

static void dispatch_setup(void)
{
	struct keyspace_options options = {.shards = 32, .databases = 16, .locking = true, .seed = {{1, 2}}};

	command_table_init();
	setting_put(&settings.proto_max_bulk_len, 1024);
	setting_put(&settings.client_query_buffer_limit, 1024 * 1024);
	keyspace = keyspace_new(&options);
	ck_assert_ptr_nonnull(keyspace);
	ck_assert(dispatcher_init(&dispatcher, keyspace, &host));
	session_registry_init(&registry, true);
	session_init(&session, &ops, &registry, NOW);
	session_mark(&session, SESSION_AUTHENTICATED);
	reply = (struct reply){.protocol = 2};
	password_set = false;
	errors_counted = 0;
}

static void dispatch_teardown(void)
{
	reply_free(&reply);
	session_free(&session);
	session_registry_free(&registry);
	dispatcher_free(&dispatcher);
	keyspace_free(keyspace);
}

/* Runs commands written as "SET a 1;GET a" and returns how many were run. */
static size_t run(const char *commands, size_t limit)
{
	static struct slice words[DISPATCH_BATCH * 8];
	struct resp_request requests[DISPATCH_BATCH] = {0};
	size_t count = 0, used = 0;

	while (*commands != '\0') {
		struct resp_request *request = &requests[count++];
		size_t len = strcspn(commands, ";");
		const char *end = commands + len;

		request->argv = &words[used];
		while (commands < end) {
			size_t word = strcspn(commands, " ;");

			words[used++] = (struct slice){commands, word};
			request->argc++;
			commands += word + (commands + word < end);
		}
		commands = end + (*end == ';');
	}
	return dispatch_batch(&dispatcher, &session, requests, count, NOW, &reply, limit);
}

static void expect(const char *commands, const char *want)
{
	reply_clear(&reply);
	run(commands, NO_LIMIT);
	ck_assert_msg(slice_equal(buffer_slice(&reply.bytes), slice_of(want)), "%s: got %.*s", commands,
		      (int)reply.bytes.len, reply.bytes.data);
}

START_TEST(a_batch_runs_in_order)
{
	expect("SET a 1;GET a;INCR a;GET a;DEL a b;GET a", "+OK\r\n$1\r\n1\r\n:2\r\n$1\r\n2\r\n:1\r\n$-1\r\n");
	expect("MSET a 1 b 2 c 3;MGET c b a x", "+OK\r\n*4\r\n$1\r\n3\r\n$1\r\n2\r\n$1\r\n1\r\n$-1\r\n");
	expect("SELECT 3;GET a;SET a three;SELECT 0;GET a", "+OK\r\n$-1\r\n+OK\r\n+OK\r\n$1\r\n1\r\n");
}
END_TEST

START_TEST(the_gate_names_what_is_wrong)
{
	expect("NOPE x yy", "-ERR unknown command 'NOPE', with args beginning with: 'x' 'yy' \r\n");
	expect("GET", "-ERR wrong number of arguments for 'get' command\r\n");
	expect("CLIENT NOPE", "-ERR unknown subcommand 'NOPE'. Try CLIENT HELP.\r\n");
	expect("CLIENT", "-ERR wrong number of arguments for 'client' command\r\n");
	expect("CLIENT ID x", "-ERR wrong number of arguments for 'client|id' command\r\n");
	ck_assert_uint_eq(errors_counted, 5);
	ck_assert_str_eq(last_code, "ERR");
}
END_TEST

START_TEST(strangers_may_do_little)
{
	session_unmark(&session, SESSION_AUTHENTICATED);
	expect("SET a 1", "+OK\r\n");
	password_set = true;
	expect("GET a;ECHO x", "-NOAUTH Authentication required.\r\n-NOAUTH Authentication required.\r\n");
	ck_assert_str_eq(last_code, "NOAUTH");
	session_mark(&session, SESSION_AUTHENTICATED);
	expect("GET a", "$1\r\n1\r\n");
}
END_TEST

START_TEST(statistics_follow_the_commands)
{
	uint16_t get = command_find(SLICE("get"))->id;
	uint16_t incr = command_find(SLICE("incr"))->id;

	expect("GET a;GET a;SET a x;INCR a;GET a;GET a b", "$-1\r\n$-1\r\n+OK\r\n"
							   "-ERR value is not an integer or out of range\r\n$1\r\nx\r\n"
							   "-ERR wrong number of arguments for 'get' command\r\n");
	ck_assert_uint_eq(stats_totals(get).calls, 3);
	ck_assert_uint_eq(stats_totals(get).rejected, 1);
	ck_assert_uint_eq(stats_totals(incr).calls, 1);
	ck_assert_uint_eq(stats_totals(incr).failed, 1);
	stats_reset();
	ck_assert_uint_eq(stats_totals(get).calls, 0);
	expect("GET a", "$1\r\nx\r\n");
	ck_assert_uint_eq(stats_totals(get).calls, 1);
}
END_TEST

START_TEST(a_reset_sets_latencies_aside)
{
	uint16_t get = command_find(SLICE("get"))->id;
	struct histogram_sum sum;

	setting_put(&settings.latency_tracking, 1);
	ck_assert(!stats_latency(get, &sum));
	expect("GET a;GET a;GET", "$-1\r\n$-1\r\n-ERR wrong number of arguments for 'get' command\r\n");
	ck_assert(stats_latency(get, &sum));
	ck_assert_uint_eq(sum.total, 2);
	stats_reset();
	ck_assert(!stats_latency(get, &sum));
	expect("GET a", "$-1\r\n");
	ck_assert(stats_latency(get, &sum));
	ck_assert_uint_eq(sum.total, 1);
	stats_reset();
	ck_assert(!stats_latency(get, &sum));
	setting_put(&settings.latency_tracking, 0);
	expect("GET a", "$-1\r\n");
	ck_assert(!stats_latency(get, &sum));
	ck_assert_uint_eq(stats_totals(get).calls, 1);
}
END_TEST

START_TEST(a_batch_stops_where_it_must)
{
	reply_clear(&reply);
	ck_assert_uint_eq(run("SET a 0123456789;GET a;GET a;GET a", 24), 3); /* 5 and twice 17 bytes */
	reply_clear(&reply);
	ck_assert_uint_eq(run("PING;QUIT;PING", NO_LIMIT), 2);
	ck_assert(session_has(&session, SESSION_CLOSING));
}
END_TEST

START_TEST(browsers_are_closed)
{
	reply_clear(&reply);
	ck_assert_uint_eq(run("POST / HTTP/1.1;FLUSHALL", NO_LIMIT), 1);
	ck_assert(session_has(&session, SESSION_CLOSING));
	ck_assert_uint_eq(reply_len(&reply), 0);
	session_unmark(&session, SESSION_CLOSING);
	ck_assert_uint_eq(run("Host: localhost;FLUSHALL", NO_LIMIT), 1);
	ck_assert(session_has(&session, SESSION_CLOSING));
}
END_TEST

START_TEST(many_keys_in_a_full_batch)
{
	char commands[DISPATCH_BATCH * 24] = "";
	char *end = commands;

	for (int i = 0; i < DISPATCH_BATCH; i++)
		end += sprintf(end, "%sSET key:%d %d", i > 0 ? ";" : "", i, i);
	reply_clear(&reply);
	ck_assert_uint_eq(run(commands, NO_LIMIT), DISPATCH_BATCH);
	expect("DBSIZE", ":64\r\n");
	expect("GET key:63", "$2\r\n63\r\n");
}
END_TEST

#define LOADING "-LOADING Redis is loading the dataset in memory\r\n"

START_TEST(while_the_data_is_loaded_few_commands_run)
{
	gate_raise(GATE_LOADING);
	expect("GET a;SET a 1;PING;ECHO x", LOADING LOADING LOADING "$1\r\nx\r\n");
	ck_assert_str_eq(last_code, "LOADING");
	expect("MULTI;GET a;EXEC",
	       "+OK\r\n" LOADING "-EXECABORT Transaction discarded because of previous errors.\r\n");
	expect("MULTI;ECHO x;EXEC", "+OK\r\n+QUEUED\r\n*1\r\n$1\r\nx\r\n");
	expect("NOPE;GET", "-ERR unknown command 'NOPE', with args beginning with: \r\n"
			   "-ERR wrong number of arguments for 'get' command\r\n");
	ck_assert(gate_spares_keys());
	gate_lower(GATE_LOADING);
	expect("GET a;PING", "$-1\r\n+PONG\r\n");
	ck_assert(!gate_spares_keys());
}
END_TEST

START_TEST(a_transaction_begun_before_loading_is_looked_at_when_it_ends)
{
	expect("MULTI;ECHO x;SET a 1", "+OK\r\n+QUEUED\r\n+QUEUED\r\n");
	gate_raise(GATE_LOADING);
	expect("EXEC",
	       "-EXECABORT Transaction discarded because of: LOADING Redis is loading the dataset in memory\r\n");
	gate_lower(GATE_LOADING);
	expect("EXEC;GET a", "-ERR EXEC without MULTI\r\n$-1\r\n");
}
END_TEST

/* The longer one of Redis's two texts. */
#define RDB_TROUBLE                                                                                                    \
	"MISCONF Redis is configured to save RDB snapshots, but it's currently unable to persist to disk. Commands "   \
	"that may modify the data set are disabled, because this instance is configured to report errors during "      \
	"writes if RDB snapshotting fails (stop-writes-on-bgsave-error option). Please check the Redis logs for "      \
	"details about the RDB error."

START_TEST(in_trouble_nothing_is_written)
{
	const char *aof = "-MISCONF Errors writing to the AOF file: No space left on device\r\n";
	char want[2 * GATE_TROUBLE_TEXT];

	expect("SET a 1;MULTI;SET a 2", "+OK\r\n+OK\r\n+QUEUED\r\n");
	gate_set_trouble(RDB_TROUBLE);
	expect("EXEC", "-EXECABORT Transaction discarded because of: " RDB_TROUBLE "\r\n");
	gate_set_trouble("MISCONF Errors writing to the AOF file: No space left on device");
	snprintf(want, sizeof(want), "%s$1\r\n1\r\n%s%s", aof, aof, aof);
	expect("SET a 3;GET a;PING;FLUSHALL", want);
	ck_assert_str_eq(last_code, "MISCONF");
	snprintf(want, sizeof(want),
		 "+OK\r\n+QUEUED\r\n%s-EXECABORT Transaction discarded because of previous errors.\r\n", aof);
	expect("MULTI;GET a;SET a 4;EXEC", want);
	expect("MULTI;GET a;EXEC", "+OK\r\n+QUEUED\r\n*1\r\n$1\r\n1\r\n");
	gate_set_trouble(NULL);
	expect("SET a 3;PING;GET a", "+OK\r\n+PONG\r\n$1\r\n3\r\n");
}
END_TEST

START_TEST(a_journal_is_not_held_up)
{
	session_mark(&session, SESSION_REPLAYS);
	gate_raise(GATE_LOADING | GATE_PAUSED_ALL);
	gate_set_trouble("MISCONF x");
	setting_put(&settings.maxmemory, 1);
	setting_put(&settings.client_query_buffer_limit, 1);
	expect("SET a 1;MULTI;SET b 2;EXEC;NOPE", "+OK\r\n+OK\r\n+QUEUED\r\n*1\r\n+OK\r\n"
						  "-ERR unknown command 'NOPE', with args beginning with: \r\n");
	gate_lower(GATE_LOADING | GATE_PAUSED_ALL);
	gate_set_trouble(NULL);
	setting_put(&settings.maxmemory, 0);
}
END_TEST

Suite *dispatch_suite(void)
{
	Suite *suite = suite_create("dispatch");
	TCase *tcase = tcase_create("dispatch");

	tcase_add_checked_fixture(tcase, dispatch_setup, dispatch_teardown);
	tcase_add_test(tcase, a_batch_runs_in_order);
	tcase_add_test(tcase, the_gate_names_what_is_wrong);
	tcase_add_test(tcase, strangers_may_do_little);
	tcase_add_test(tcase, statistics_follow_the_commands);
	tcase_add_test(tcase, a_reset_sets_latencies_aside);
	tcase_add_test(tcase, a_batch_stops_where_it_must);
	tcase_add_test(tcase, browsers_are_closed);
	tcase_add_test(tcase, many_keys_in_a_full_batch);
	tcase_add_test(tcase, while_the_data_is_loaded_few_commands_run);
	tcase_add_test(tcase, a_transaction_begun_before_loading_is_looked_at_when_it_ends);
	tcase_add_test(tcase, in_trouble_nothing_is_written);
	tcase_add_test(tcase, a_journal_is_not_held_up);
	suite_add_tcase(suite, tcase);
	return suite;
}
