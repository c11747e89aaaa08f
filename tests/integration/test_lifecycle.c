/* The daemon's life: how it ends, what signals do, what stands in its log and its pid file. */
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "harness.h"
#include "suites.h"

static const char refused_shutdown[] = "-ERR Errors trying to SHUTDOWN. Check logs.";

/* Whether nobody listens any more. A connection that is made is closed at once. */
static bool is_refused(struct server *server)
{
	struct client *c = client_open_at(server, "127.0.0.1", server->port);

	if (c != NULL)
		client_close(c);
	return c == NULL;
}

static void expect_exit(struct server *server)
{
	int status = server_wait(server);

	ck_assert_msg(WIFEXITED(status) && WEXITSTATUS(status) == 0, "wait status %d", status);
	ck_assert_uint_eq(server_log_count(server, "\"msg\":\"bye\""), 1);
}

/* The directory's file `name`, once it is there. */
static void file_wait(const struct server *server, const char *name)
{
	char path[512];

	snprintf(path, sizeof(path), "%s/%s", server->directory, name);
	wait_until(access(path, F_OK) == 0);
}

static bool file_exists(const struct server *server, const char *name)
{
	char path[512];

	snprintf(path, sizeof(path), "%s/%s", server->directory, name);
	return access(path, F_OK) == 0;
}

/* --- Signals that end it ----------------------------------------------------------------------------------------- */

START_TEST(a_busy_client_is_served_until_it_leaves)
{
	struct server *server = server_start("--timeout", "0", NULL);
	struct client *c = client_open(server, 2);
	int64_t end;

	expect(c, "+OK", "SET", "key", "value", NULL);
	server_signal(server, _i == 0 ? SIGTERM : SIGINT);
	server_log_wait(server, "\"msg\":\"shutdown begun");
	ck_assert_uint_eq(server_log_count(server, _i == 0 ? "\"signal\":\"SIGTERM\"" : "\"signal\":\"SIGINT\""), 1);
	ck_assert_uint_eq(server_log_count(server, "every client has left\",\"clients\":1,\"advice\""), 1);
	for (end = clock_milliseconds() + 500; clock_milliseconds() < end;) {
		ck_assert(is_refused(server));
		expect(c, "$value", "GET", "key", NULL);
		expect(c, "+OK", "SET", "key", "value", NULL);
	}
	client_close(c);
	expect_exit(server);
	server_stop(server);
}
END_TEST

/* Waits until the daemon's loop runs: in the moments before, ThreadSanitizer loses a signal in some two thousand. */
static void wait_for_the_loop(struct server *server)
{
	struct client *c = client_open(server, 2);

	expect(c, "+PONG", "PING", NULL);
	client_close(c);
}

START_TEST(without_clients_it_ends_at_once)
{
	struct server *server = server_start(NULL);

	wait_for_the_loop(server);
	server_signal(server, _i == 0 ? SIGTERM : SIGINT);
	expect_exit(server);
	server_stop(server);
}
END_TEST

START_TEST(the_log_counts_who_is_left)
{
	struct server *server = server_start("--timeout", "0", NULL);
	struct client **clients = clients_open(server, 3);

	server_signal(server, SIGTERM);
	server_log_wait(server, "every client has left\",\"clients\":3,\"advice\":\"another signal ends it at once\"}");
	client_close(clients[2]);
	server_log_wait(server, "\"msg\":\"clients left to wait for\",\"clients\":2}");
	client_close(clients[1]);
	server_log_wait(server, "\"msg\":\"clients left to wait for\",\"clients\":1}");
	ck_assert_uint_eq(server_log_count(server, "clients left to wait for"), 2);
	expect(clients[0], "+PONG", "PING", NULL);
	clients_close(clients, 1);
	expect_exit(server);
	server_stop(server);
}
END_TEST

/* One says nothing, one never finishes its command: the read deadline ends both. */
START_TEST(the_silent_do_not_hold_it_up)
{
	struct server *server = server_start("--timeout", "1", NULL);
	struct client *silent = client_open(server, 2);
	struct client *half = client_open(server, 2);
	int64_t begun = clock_milliseconds();

	expect(silent, "+PONG", "PING", NULL);
	client_send(half, "*2\r\n$3\r\nGET\r\n$100\r\nab", SIZE_MAX);
	server_signal(server, SIGTERM);
	expect_closed(silent);
	ck_assert_int_ge(clock_milliseconds() - begun, 900);
	expect_closed(half);
	expect_exit(server);
	server_stop(server);
}
END_TEST

START_TEST(shutdown_timeout_ends_the_wait)
{
	struct server *server = server_start("--timeout", "0", "--shutdown-timeout", "1", NULL);
	struct client *c = client_open(server, 2);
	int64_t begun = clock_milliseconds();

	expect(c, "+PONG", "PING", NULL);
	server_signal(server, SIGTERM);
	expect_closed(c);
	ck_assert_int_ge(clock_milliseconds() - begun, 1000);
	expect_exit(server);
	ck_assert_uint_eq(server_log_count(server, "\"reason\":\"shutdown-timeout is over\",\"clients\":1}"), 1);
	server_stop(server);
}
END_TEST

START_TEST(a_second_signal_ends_it_at_once)
{
	static const int signals[][2] = {{SIGTERM, SIGTERM}, {SIGTERM, SIGINT}, {SIGINT, SIGTERM}, {SIGINT, SIGINT}};
	struct server *server = server_start("--timeout", "0", NULL);
	struct client **clients = clients_open(server, 5);

	client_send(clients[4], "*2\r\n$3\r\nGET\r\n$100\r\nab", SIZE_MAX);
	server_signal(server, signals[_i][0]);
	server_log_wait(server, "shutdown begun");
	expect(clients[0], "+PONG", "PING", NULL);
	server_signal(server, signals[_i][1]);
	for (int i = 0; i < 5; i++)
		expect_closed(clients[i]);
	expect_exit(server);
	ck_assert_uint_eq(server_log_count(server, "\"reason\":\"second signal\""), 1);
	server_stop(server);
	free(clients);
}
END_TEST

START_TEST(two_signals_in_one_moment)
{
	struct server *server = server_start("--timeout", "0", NULL);
	struct client **clients = clients_open(server, 2);

	server_signal(server, SIGTERM);
	server_signal(server, SIGINT);
	expect_closed(clients[0]);
	expect_closed(clients[1]);
	expect_exit(server);
	server_stop(server);
	free(clients);
}
END_TEST

/* --- SHUTDOWN ---------------------------------------------------------------------------------------------------- */

START_TEST(shutdown_waits_for_the_others)
{
	static const char *const words[][2] = {{NULL}, {"NOSAVE"}, {"FORCE"}, {"NOSAVE", "FORCE"}};
	struct server *server = server_start("--timeout", "0", NULL);
	struct client *staying = client_open(server, 2), *asking = client_open(server, 2);

	expect(staying, "+PONG", "PING", NULL);
	client_send_command(asking, "SHUTDOWN", words[_i][0], words[_i][1], NULL);
	server_log_wait(server, "every client has left\",\"clients\":1}");
	ck_assert(is_refused(server));
	ck_assert(!client_readable(asking, 200));
	expect(staying, "+PONG", "PING", NULL);
	ck_assert_int_eq(info_number(staying, "blocked_clients"), 1);
	client_close(staying);
	expect_closed(asking);
	expect_exit(server);
	server_stop(server);
}
END_TEST

START_TEST(shutdown_now_waits_for_nobody)
{
	struct server *server = server_start("--timeout", "0", NULL);
	struct client *staying = client_open(server, 2), *asking = client_open(server, 2);

	expect(staying, "+PONG", "PING", NULL);
	client_send_command(asking, "SHUTDOWN", _i == 0 ? "NOW" : "nosave", _i == 0 ? NULL : "now", NULL);
	expect_closed(asking);
	expect_closed(staying);
	expect_exit(server);
	server_stop(server);
}
END_TEST

START_TEST(shutdown_now_cuts_a_shutdown_short)
{
	struct server *server = server_start("--timeout", "0", NULL);
	struct client *staying = client_open(server, 2), *asking = client_open(server, 2);

	client_send_command(asking, "SHUTDOWN", NULL);
	server_log_wait(server, "shutdown begun");
	client_send_command(staying, "SHUTDOWN", "NOW", NULL);
	expect_closed(staying);
	expect_closed(asking);
	expect_exit(server);
	server_stop(server);
}
END_TEST

/* Those who wait for the end do not wait for each other. */
START_TEST(everybody_asks)
{
	struct server *server = server_start("--timeout", "0", NULL);
	struct client **clients = clients_open(server, 4);

	for (int i = 0; i < 4; i++)
		client_send_command(clients[i], "SHUTDOWN", NULL);
	for (int i = 0; i < 4; i++)
		expect_closed(clients[i]);
	expect_exit(server);
	server_stop(server);
	free(clients);
}
END_TEST

START_TEST(who_asked_may_leave)
{
	struct server *server = server_start("--timeout", "0", NULL);
	struct client *staying = client_open(server, 2), *asking = client_open(server, 2);

	expect(staying, "+PONG", "PING", NULL);
	client_send_command(asking, "SHUTDOWN", NULL);
	server_log_wait(server, "shutdown begun");
	client_close(asking);
	for (int64_t end = clock_milliseconds() + 300; clock_milliseconds() < end;)
		expect(staying, "+PONG", "PING", NULL);
	client_close(staying);
	expect_exit(server);
	server_stop(server);
}
END_TEST

START_TEST(abort_takes_it_back)
{
	struct server *server = server_start("--timeout", "0", "--unixsocket", "socket", NULL);
	struct client *staying = client_open(server, 2), *asking = client_open(server, 2), *other;
	char path[300];

	snprintf(path, sizeof(path), "%s/socket", server->directory);
	expect(staying, "-ERR No shutdown in progress.", "SHUTDOWN", "ABORT", NULL);
	for (int round = 0; round < 3; round++) {
		client_send_command(asking, "SHUTDOWN", NULL);
		wait_until(is_refused(server));
		ck_assert_ptr_null(client_open_at(server, path, 0));
		expect(staying, "+OK", "SHUTDOWN", "ABORT", NULL);
		expect_reply(asking, refused_shutdown);
		expect(asking, "+PONG", "PING", NULL);
		wait_until(!is_refused(server));
		wait_until((other = client_open_at(server, path, 0)) != NULL);
		expect(other, "+PONG", "PING", NULL);
		client_close(other);
		expect(staying, "-ERR No shutdown in progress.", "SHUTDOWN", "ABORT", NULL);
	}
	ck_assert_uint_eq(server_log_count(server, "\"msg\":\"shutdown aborted: listening again\""), 3);
	server_stop(server);
}
END_TEST

/* After an abort the next signal is a first one again. */
START_TEST(abort_takes_a_signal_back)
{
	struct server *server = server_start("--timeout", "0", NULL);
	struct client *c = client_open(server, 2);

	expect(c, "+PONG", "PING", NULL);
	server_signal(server, SIGTERM);
	wait_until(is_refused(server));
	expect(c, "+OK", "SHUTDOWN", "ABORT", NULL);
	wait_until(!is_refused(server));
	server_signal(server, SIGTERM);
	wait_until(is_refused(server));
	for (int64_t end = clock_milliseconds() + 300; clock_milliseconds() < end;)
		expect(c, "+PONG", "PING", NULL);
	client_close(c);
	expect_exit(server);
	server_stop(server);
}
END_TEST

/* --- Signals that do not end it ---------------------------------------------------------------------------------- */

START_TEST(sigpipe_is_nothing)
{
	struct server *server = server_start(NULL);
	struct client *c = client_open(server, 2);

	server_signal(server, SIGPIPE);
	expect(c, "+PONG", "PING", NULL);
	server_signal(server, SIGPIPE);
	expect(c, "+PONG", "PING", NULL);
	server_stop(server);
}
END_TEST

/* A client that goes while the daemon still writes to it. */
START_TEST(writing_to_who_has_gone)
{
	struct server *server = server_start(NULL);
	struct client *c = client_open(server, 2), *gone;
	struct linger reset = {.l_onoff = 1};
	static char value[1 << 20];

	memset(value, 'v', sizeof(value) - 1);
	expect(c, "+OK", "SET", "key", value, NULL);
	for (int i = 0; i < 20; i++) {
		gone = client_open(server, 2);
		for (int j = 0; j < 20; j++)
			client_send_command(gone, "GET", "key", NULL);
		ck_assert(client_readable(gone, DEADLINE_MS));
		setsockopt(client_fd(gone), SOL_SOCKET, SO_LINGER, &reset, sizeof(reset));
		client_close(gone);
	}
	expect(c, "+PONG", "PING", NULL);
	wait_until(info_number(c, "connected_clients") == 1);
	server_stop(server);
}
END_TEST

START_TEST(sighup_opens_the_log_again)
{
	struct server *server = server_start("--logfile", "output.log", NULL);
	struct client *c = client_open(server, 2);
	char old_path[512], *old;

	snprintf(old_path, sizeof(old_path), "%s/output.old", server->directory);
	ck_assert_int_eq(rename(server->log, old_path), 0);
	server_signal(server, SIGHUP);
	file_wait(server, "output.log");
	server_log_wait(server, "there is no configuration file to read again");
	expect(c, "+PONG", "PING", NULL);
	old = file_read(server->directory, "output.old");
	ck_assert_ptr_nonnull(strstr(old, "\"msg\":\"ready\""));
	ck_assert_ptr_null(strstr(old, "read again"));
	free(old);
	client_close(c);
	server_signal(server, SIGTERM);
	expect_exit(server); /* which finds its line in the new file */
	server_stop(server);
}
END_TEST

/* --- Signals that tell of a crash -------------------------------------------------------------------------------- */

/* Waits until every worker serves: a signal may come to any thread, and in one that ThreadSanitizer is just starting
 * the handler would not get far. Clients are given to the workers in turn. */
static void wait_for_workers(struct server *server)
{
	enum { CLIENTS = 8 };

	for (int i = 0; i < CLIENTS; i++)
		expect(client_open(server, 2), "+PONG", "PING", NULL);
}

START_TEST(a_crash_leaves_a_backtrace)
{
	static const struct {
		int number;
		const char *line;
	} crashes[] = {{SIGSEGV, "crashed: SIGSEGV"},
		       {SIGABRT, "crashed: SIGABRT"},
		       {SIGBUS, "crashed: SIGBUS"},
		       {SIGFPE, "crashed: SIGFPE"},
		       {SIGILL, "crashed: SIGILL"}};
	struct server *server;
	int status;

	setrlimit(RLIMIT_CORE, &(struct rlimit){0, 0});
	server = server_start(NULL);
	wait_for_workers(server);
	server_signal(server, crashes[_i].number);
	status = server_wait(server);
	ck_assert_msg(WIFSIGNALED(status) && WTERMSIG(status) == crashes[_i].number, "wait status %d", status);
	ck_assert_uint_eq(server_log_count(server, crashes[_i].line), 1);
	ck_assert_uint_ge(server_log_count(server, "cubbyd"), 2);
	server_stop(server);
}
END_TEST

START_TEST(a_crash_is_in_the_log_file)
{
	struct server *server;
	int status;

	setrlimit(RLIMIT_CORE, &(struct rlimit){0, 0});
	server = server_start("--logfile", "output.log", NULL);
	wait_for_workers(server);
	server_signal(server, SIGSEGV);
	status = server_wait(server);
	ck_assert(WIFSIGNALED(status) && WTERMSIG(status) == SIGSEGV);
	ck_assert_uint_eq(server_log_count(server, "crashed: SIGSEGV"), 1);
	server_stop(server);
}
END_TEST

/* --- The pid file ------------------------------------------------------------------------------------------------ */

START_TEST(the_pid_file_is_there_while_it_runs)
{
	struct server *server = server_start("--timeout", "0", "--pidfile", "pid", NULL);
	struct client *c = client_open(server, 2);
	char *pid = file_read(server->directory, "pid");
	char want[32];

	snprintf(want, sizeof(want), "%d\n", (int)server->pid);
	ck_assert_str_eq(pid, want);
	free(pid);
	expect(c, "+PONG", "PING", NULL);
	server_signal(server, SIGTERM);
	if (_i == 0) {
		server_log_wait(server, "shutdown begun");
		ck_assert(file_exists(server, "pid"));
		client_close(c);
	} else {
		server_signal(server, SIGINT);
	}
	expect_exit(server);
	ck_assert(!file_exists(server, "pid"));
	server_stop(server);
}
END_TEST

START_TEST(without_its_pid_file_it_serves)
{
	struct server *server = server_start("--pidfile", "nosuch/pid", NULL);

	ck_assert_uint_eq(server_log_count(server, "\"msg\":\"cannot write the pid file\",\"file\":\"nosuch/pid\""), 1);
	expect(client_open(server, 2), "+PONG", "PING", NULL);
	server_stop(server);
}
END_TEST

/* --- The log ----------------------------------------------------------------------------------------------------- */

static void expect_json_lines(const struct server *server)
{
	char *log = file_read(server->directory, "output.log"), *rest = log, *line;

	while ((line = strsep(&rest, "\n")) != NULL && *line != '\0')
		ck_assert_msg(text_like("{\"time\":\"2*-*-*T*:*:*.*Z\",\"level\":\"*\",\"msg\":\"*\"*}", line),
			      "not a JSON line: %s", line);
	free(log);
}

START_TEST(the_log_is_json_without_a_terminal)
{
	struct server *server =
		server_start("--log-format", _i == 0 ? "auto" : "json", "--logfile", _i == 0 ? "" : "output.log", NULL);

	wait_for_the_loop(server);
	server_signal(server, SIGHUP);
	server_log_wait(server, "no configuration file");
	expect_json_lines(server);
	server_stop(server);
}
END_TEST

START_TEST(the_log_is_text_when_told)
{
	struct server *server = server_start(NULL);
	struct client *c = client_open(server, 2);
	char *log, *line;

	expect(c, "+OK", "CONFIG", "SET", "log-format", "text", NULL);
	client_close(c);
	server_signal(server, SIGTERM);
	ck_assert_int_eq(server_wait(server), 0);
	log = file_read(server->directory, "output.log");
	line = strstr(log, "\n2");
	ck_assert_ptr_nonnull(line);
	ck_assert_msg(text_like("2*-*-* *:*:*.* * signal received signal=SIGTERM\n*", line + 1), "%s", line);
	free(log);
	server_stop(server);
}
END_TEST

/* A protocol error that tells of a byte, and the end of the line that the log makes of it, in text and in JSON alike.
 */
static const struct {
	const char *sent, *logged;
} hostile[] = {
	{"*1\r\n\"\r\n", "got '\\\"'\""},      {"*1\r\n\\\r\n", "got '\\\\'\""},
	{"*1\r\n\x01\r\n", "got '\\\\x01'\""}, {"*1\r\n\x1b\r\n", "got '\\\\x1b'\""},
	{"*1\r\n\n\r\n", "got '\\\\x0a'\""},   {"*1\r\n\xff\r\n", "got '\\\\xff'\""},
};

START_TEST(what_clients_sent_is_escaped)
{
	struct server *server = server_start("--loglevel", "verbose", NULL);
	struct client *c = client_open(server, 2), *bad;
	char line_end[64];

	if (_i == 1)
		expect(c, "+OK", "CONFIG", "SET", "log-format", "text", NULL);
	for (size_t i = 0; i < sizeof(hostile) / sizeof(hostile[0]); i++) {
		bad = client_open(server, 2);
		client_send(bad, hostile[i].sent, SIZE_MAX);
		expect_bytes(bad, "-ERR Protocol error: expected '$', got '", SIZE_MAX);
		snprintf(line_end, sizeof(line_end), "%s%s\n", hostile[i].logged, _i == 1 ? "" : "}");
		server_log_wait(server, line_end);
	}
	server_stop(server);
}
END_TEST

/* Sends what holds the word "secret" in every place where a value or a password can stand. */
static void send_secrets(struct client *c, struct server *server)
{
	static const char *const broken[] = {
		"*3\r\n$3\r\nSET\r\n$1\r\nk\r\n$6\r\nsecretX\r\n",
		"SET k \"secret\r\n",
		"*2\r\n$3\r\nGET\r\n:secret\r\n",
		"*3\r\n$3\r\nSET\r\n$1\r\nk\r\nsecret\r\n",
	};

	expect(c, "+OK", "SET", "key", "secret", NULL);
	expect(c, "$secret", "GETSET", "key", "secret", NULL);
	expect(c, ":12", "APPEND", "key", "secret", NULL);
	expect_like(c, "-*", "INCR", "key", NULL);
	expect_like(c, "-*", "SET", "key", "secret", "secret", NULL);
	expect_like(c, "-*", "secret", "secret", NULL);
	expect_like(c, "-*", "AUTH", "secret", NULL);
	expect_like(c, "-*", "HELLO", "3", "AUTH", "default", "secret", "secret", NULL);
	expect(c, "+OK", "CONFIG", "SET", "requirepass", "secret", NULL);
	expect(c, "+OK", "CONFIG", "SET", "requirepass", "", NULL);
	expect(c, "+OK", "CONFIG", "SET", "max-value-size", "4", NULL);
	expect_like(c, "-*", "SET", "key", "secret", NULL);
	expect(c, "+OK", "CONFIG", "SET", "max-value-size", "0", NULL);
	for (size_t i = 0; i < sizeof(broken) / sizeof(broken[0]); i++) {
		struct client *bad = client_open(server, 2);

		client_send(bad, broken[i], SIZE_MAX);
		client_shutdown(bad);
		wait_until(client_readable(bad, 10));
		client_close(bad);
	}
}

START_TEST(no_value_is_logged)
{
	struct server *server = server_start("--loglevel", "debug", NULL);
	struct client *c = client_open(server, 2);

	send_secrets(c, server);
	client_close(c);
	server_signal(server, SIGTERM);
	expect_exit(server);
	ck_assert_uint_eq(server_log_count(server, "secret"), 0);
	ck_assert_uint_eq(server_log_count(server, "signal received"), 1);
	server_stop(server);
}
END_TEST

START_TEST(commands_are_not_logged)
{
	struct server *server = server_start("--loglevel", "debug", NULL);
	struct client *c = client_open(server, 2);
	size_t before, after;

	expect(c, "+PONG", "PING", NULL);
	before = server_log_count(server, "{");
	for (int i = 0; i < 1000; i++) {
		expect(c, "+OK", "SET", "key", "value", "EX", "100", NULL);
		expect_like(c, "-ERR *", "INCR", "key", NULL);
	}
	after = server_log_count(server, "{");
	ck_assert_uint_le(after, before + 2); /* the count of clients, if it has been a while */
	server_stop(server);
}
END_TEST

START_TEST(the_number_of_clients_is_logged)
{
	struct server *server = server_start(NULL);
	struct client **clients = clients_open(server, 3);

	server_log_wait(server, "\"msg\":\"clients connected\",\"clients\":3}");
	client_close(clients[2]);
	server_log_wait(server, "\"msg\":\"clients connected\",\"clients\":2}");
	ck_assert_uint_eq(server_log_count(server, "\"msg\":\"clients connected\""), 2);
	server_stop(server);
	free(clients);
}
END_TEST

/* Becomes a daemon that has no standard descriptors. */
static void run_without_descriptors(const char *directory)
{
	const char *daemon = getenv("CUBBYD");
	char log[300];

	snprintf(log, sizeof(log), "%s/log", directory);
	if (daemon == NULL)
		daemon = "build/cubbyd";
	for (int fd = STDIN_FILENO; fd <= STDERR_FILENO; fd++)
		close(fd);
	execl(daemon, daemon, "--port", "0", "--bind", "127.0.0.1", "--dir", directory, "--logfile", log,
	      "--log-format", "json", NULL);
	_exit(127);
}

/* Sockets and files would take the places of the descriptors that are missing, and libuv aborts on closing such. */
START_TEST(without_standard_descriptors_it_ends_well)
{
	char directory[256];
	bool is_ready = false;
	int status;
	pid_t pid;

	directory_make(directory);
	file_write(directory, "log", "");
	pid = fork();
	if (pid == 0)
		run_without_descriptors(directory);
	while (!is_ready) {
		char *log = file_read(directory, "log");

		is_ready = strstr(log, "\"msg\":\"ready\"") != NULL;
		ck_assert_msg(waitpid(pid, &status, WNOHANG) == 0, "the daemon has ended: %s", log);
		free(log);
		wait_moment();
	}
	kill(pid, SIGTERM);
	ck_assert_int_eq(waitpid(pid, &status, 0), pid);
	ck_assert_int_eq(status, 0);
}
END_TEST

Suite *lifecycle_suite(void)
{
	Suite *suite = suite_create("lifecycle");
	TCase *ends = alone_case(suite, "signals that end it");
	TCase *shutdown = alone_case(suite, "SHUTDOWN");
	TCase *others = alone_case(suite, "other signals");
	TCase *files = alone_case(suite, "log and pid file");

	tcase_add_loop_test(ends, a_busy_client_is_served_until_it_leaves, 0, 2);
	tcase_add_loop_test(ends, without_clients_it_ends_at_once, 0, 2);
	tcase_add_test(ends, the_log_counts_who_is_left);
	tcase_add_test(ends, the_silent_do_not_hold_it_up);
	tcase_add_test(ends, shutdown_timeout_ends_the_wait);
	tcase_add_loop_test(ends, a_second_signal_ends_it_at_once, 0, 4);
	tcase_add_test(ends, two_signals_in_one_moment);

	tcase_add_loop_test(shutdown, shutdown_waits_for_the_others, 0, 4);
	tcase_add_loop_test(shutdown, shutdown_now_waits_for_nobody, 0, 2);
	tcase_add_test(shutdown, shutdown_now_cuts_a_shutdown_short);
	tcase_add_test(shutdown, everybody_asks);
	tcase_add_test(shutdown, who_asked_may_leave);
	tcase_add_test(shutdown, abort_takes_it_back);
	tcase_add_test(shutdown, abort_takes_a_signal_back);

	tcase_add_test(others, without_standard_descriptors_it_ends_well);
	tcase_add_test(others, sigpipe_is_nothing);
	tcase_add_test(others, writing_to_who_has_gone);
	tcase_add_test(others, sighup_opens_the_log_again);
	tcase_add_loop_test(others, a_crash_leaves_a_backtrace, 0, 5);
	tcase_add_test(others, a_crash_is_in_the_log_file);

	tcase_add_loop_test(files, the_pid_file_is_there_while_it_runs, 0, 2);
	tcase_add_test(files, without_its_pid_file_it_serves);
	tcase_add_loop_test(files, the_log_is_json_without_a_terminal, 0, 2);
	tcase_add_test(files, the_log_is_text_when_told);
	tcase_add_loop_test(files, what_clients_sent_is_escaped, 0, 2);
	tcase_add_test(files, no_value_is_logged);
	tcase_add_test(files, commands_are_not_logged);
	tcase_add_test(files, the_number_of_clients_is_logged);
	return suite;
}
