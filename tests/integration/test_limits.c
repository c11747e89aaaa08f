/* The limits: what a client may send, how many may come, how many descriptors there are, and what happens beyond. */
#if defined(__linux__) && !defined(_GNU_SOURCE)
#define _GNU_SOURCE /* prlimit */
#endif

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#if defined(__linux__)
#include <linux/capability.h>
#include <sys/prctl.h>
#endif

#include "harness.h"
#include "suites.h"
#include "traffic.h"

enum { LONGEST_INLINE = 64 * 1024, MOST_ARGUMENTS = 1024 * 1024 };

/* --- protocol errors ---------------------------------------------------------------------------------------------- */

struct protocol_error {
	const char *sent;
	const char *reply;
	bool own; /* Redis does not look at this */
};

static const struct protocol_error protocol_errors[] = {
	{"*x\r\n", "-ERR Protocol error: invalid multibulk length\r\n", false},
	{"*\r\n", "-ERR Protocol error: invalid multibulk length\r\n", false},
	{"*1.5\r\n", "-ERR Protocol error: invalid multibulk length\r\n", false},
	{"*99999999999999999999\r\n", "-ERR Protocol error: invalid multibulk length\r\n", false},
	{"*2147483648\r\n", "-ERR Protocol error: invalid multibulk length\r\n", false},
	{"*1\r\nfoo\r\n", "-ERR Protocol error: expected '$', got 'f'\r\n", false},
	{"*2\r\n$4\r\nECHO\r\n:1\r\n", "-ERR Protocol error: expected '$', got ':'\r\n", false},
	{"*1\r\n\r\n", "-ERR Protocol error: expected '$', got '\\x0d'\r\n", true},
	{"*1\r\n$x\r\n", "-ERR Protocol error: invalid bulk length\r\n", false},
	{"*1\r\n$\r\n", "-ERR Protocol error: invalid bulk length\r\n", false},
	{"*1\r\n$-1\r\n", "-ERR Protocol error: invalid bulk length\r\n", false},
	{"*2\r\n$4\r\nECHO\r\n$536870913\r\n", "-ERR Protocol error: invalid bulk length\r\n", false},
	{"*1\r\n$4\r\nPINGxx", "-ERR Protocol error: expected CRLF\r\n", true},
	{"*1\rx", "-ERR Protocol error: expected CRLF\r\n", true},
	{"GET \"a\r\n", "-ERR Protocol error: unbalanced quotes in request\r\n", false},
	{"GET 'a'b\r\n", "-ERR Protocol error: unbalanced quotes in request\r\n", false},
};

enum { PROTOCOL_ERRORS = sizeof(protocol_errors) / sizeof(protocol_errors[0]) };

/* The command before is answered, then comes the error, then the end, although more has been sent. */
static void expect_protocol_error(struct client *c, const char *sent, const char *reply)
{
	char *more = text_repeat("SET after error\r\n", 20000);

	client_send(c, "PING\r\n", SIZE_MAX);
	client_send(c, sent, SIZE_MAX);
	client_send(c, more, SIZE_MAX);
	free(more);
	expect_bytes(c, "+PONG\r\n", SIZE_MAX);
	expect_bytes(c, reply, SIZE_MAX);
	expect_end(c); /* a reset could take the reply with it on its way */
}

START_TEST(protocol_error)
{
	const struct protocol_error *row = &protocol_errors[_i];
	struct client *other = client_fresh(2);
	struct client *c = client_open(shared, 2 + _i % 2);
	long long before;

	if (row->own && against_redis())
		return;
	before = against_redis() ? 0 : info_number(other, "protocol_error_disconnections");
	expect_protocol_error(c, row->sent, row->reply);
	expect(other, ":0", "EXISTS", "after", NULL);
	if (!against_redis())
		ck_assert_int_eq(info_number(other, "protocol_error_disconnections"), before + 1);
}
END_TEST

START_TEST(lines_that_do_not_end)
{
	struct client *other = client_fresh(2);
	char *digits = text_repeat("1", LONGEST_INLINE + 100);
	char *line = malloc(LONGEST_INLINE + 200);

	ck_assert_ptr_nonnull(line);
	if (against_redis())
		return; /* it looks for the line's end first, so what it says depends on how the bytes come */
	expect_protocol_error(client_open(shared, 2), digits, "-ERR Protocol error: too big inline request\r\n");
	sprintf(line, "*%s", digits);
	expect_protocol_error(client_open(shared, 2), line, "-ERR Protocol error: too big mbulk count string\r\n");
	sprintf(line, "*1\r\n$%s", digits);
	expect_protocol_error(client_open(shared, 2), line, "-ERR Protocol error: too big bulk count string\r\n");
	expect(other, "+PONG", "PING", NULL);
	free(line);
	free(digits);
}
END_TEST

/* The error reply comes behind replies that the client has not read yet, and after them. */
START_TEST(protocol_error_behind_a_backlog)
{
	struct client *c = client_fresh(_i);
	struct traffic gets = traffic_get(c, client_open(shared, 2), 500000, 40);

	for (size_t i = 0; i < gets.count; i++)
		client_send(c, gets.request, gets.request_len);
	client_send(c, "*oops\r\nPING\r\nPING\r\n", SIZE_MAX);
	gets.sent = gets.request_len * gets.count;
	traffic_finish(&gets);
	expect_bytes(c, "-ERR Protocol error: invalid multibulk length\r\n", SIZE_MAX);
	expect_closed(c);
	traffic_free(&gets);
}
END_TEST

/* --- sizes of what is sent ---------------------------------------------------------------------------------------- */

START_TEST(longest_inline)
{
	struct client *c = client_fresh(_i);
	char *word = text_repeat("x", LONGEST_INLINE - strlen("ECHO "));
	char *line = malloc(LONGEST_INLINE + 10);

	ck_assert_ptr_nonnull(line);
	sprintf(line, "ECHO %s\n", word);
	client_send(c, line, SIZE_MAX);
	value_expect(c, word, strlen(word));
	expect(c, "+PONG", "PING", NULL);
	free(line);
	free(word);
}
END_TEST

/* "*count", then DEL and count - 1 times "k". */
static char *many_arguments(int count)
{
	char *keys = text_repeat("$1\r\nk\r\n", (size_t)count - 1);
	size_t size = strlen(keys) + 64;
	char *command = malloc(size);

	ck_assert_ptr_nonnull(command);
	snprintf(command, size, "*%d\r\n$3\r\nDEL\r\n%s", count, keys);
	free(keys);
	return command;
}

START_TEST(most_arguments)
{
	struct client *c = client_fresh(_i);
	char *command = many_arguments(MOST_ARGUMENTS);

	expect(c, "+OK", "SET", "k", "v", NULL);
	client_send(c, command, SIZE_MAX);
	expect_reply(c, ":1");
	free(command);
	expect(c, ":0", "EXISTS", "k", NULL);
}
END_TEST

START_TEST(one_argument_too_many)
{
	struct client *other = client_fresh(2);

	if (against_redis())
		return; /* newer ones take 2^31 */
	expect_protocol_error(client_open(shared, 2), "*1048577\r\n$3\r\nDEL\r\n",
			      "-ERR Protocol error: invalid multibulk length\r\n");
	expect(other, "+PONG", "PING", NULL);
}
END_TEST

START_TEST(longest_argument)
{
	struct server *server = server_start("--proto-max-bulk-len", "1mb", NULL);
	struct client *c = client_open(server, 2);
	char *value = value_make(MEGABYTE, 3);

	value_set(c, "k", value, MEGABYTE);
	expect(c, ":1048576", "STRLEN", "k", NULL);
	expect_protocol_error(client_open(server, 2), "*3\r\n$3\r\nSET\r\n$1\r\nk\r\n$1048577\r\n",
			      "-ERR Protocol error: invalid bulk length\r\n");
	expect(c, "-ERR string exceeds maximum allowed size (proto-max-bulk-len)", "APPEND", "k", "x", NULL);
	expect(c, "-ERR string exceeds maximum allowed size (proto-max-bulk-len)", "SETRANGE", "k", "1048576", "x",
	       NULL);
	expect(c, "+OK", "CONFIG", "SET", "proto-max-bulk-len", "2mb", NULL);
	expect(c, ":1048577", "APPEND", "k", "x", NULL);
	/* For the commands behind it in a pipeline, too. */
	client_send(c,
		    "*4\r\n$6\r\nCONFIG\r\n$3\r\nSET\r\n$18\r\nproto-max-bulk-len\r\n$3\r\n4mb\r\n"
		    "*2\r\n$4\r\nECHO\r\n$3145728\r\n",
		    SIZE_MAX);
	free(value);
	value = value_make(3 * MEGABYTE, 1);
	client_send(c, value, 3 * MEGABYTE);
	client_send(c, "\r\n", 2);
	bytes_expect(c, "+OK\r\n", 5);
	value_expect(c, value, 3 * MEGABYTE);
	free(value);
	server_stop(server);
}
END_TEST

#define KEY_TOO_LONG "-ERR key exceeds maximum allowed size (max-key-size)"
#define VALUE_TOO_LONG "-ERR value exceeds maximum allowed size (max-value-size)"

START_TEST(key_and_value_sizes)
{
	struct server *server = server_start("--max-key-size", "10", "--max-value-size", "20", NULL);
	struct client *c = client_open(server, _i);
	char *large = text_repeat("x", 100000);

	expect(c, "+OK", "SET", "ten bytes.", "it is twenty bytes..", NULL);
	expect(c, KEY_TOO_LONG, "SET", "eleven byte", "v", NULL);
	expect(c, KEY_TOO_LONG, "MSET", "a", "b", "eleven byte", "v", NULL);
	expect(c, KEY_TOO_LONG, "INCR", "eleven byte", NULL);
	expect(c, KEY_TOO_LONG, "RENAME", "ten bytes.", "eleven byte", NULL);
	expect(c, VALUE_TOO_LONG, "SET", "a", "it is twenty-one long", NULL);
	expect(c, VALUE_TOO_LONG, "SET", "a", large, NULL); /* it came in a block */
	expect(c, VALUE_TOO_LONG, "MSET", "b", "c", "a", large, NULL);
	expect(c, VALUE_TOO_LONG, "APPEND", "ten bytes.", "x", NULL);
	expect(c, VALUE_TOO_LONG, "SETRANGE", "a", "20", "x", NULL);
	expect(c, ":1", "DBSIZE", NULL);
	expect(c, "nil", "GET", large, NULL);
	expect(c, "+OK", "CONFIG", "SET", "max-key-size", "11", "max-value-size", "0", NULL);
	expect(c, "+OK", "SET", "eleven byte", large, NULL);
	expect(c, ":100000", "STRLEN", "eleven byte", NULL);
	free(large);
	server_stop(server);
}
END_TEST

START_TEST(query_buffer_limit)
{
	struct server *server = server_start("--client-query-buffer-limit", "1mb", NULL);
	struct client *c = client_open(server, 2), *gatherer = client_open(server, 2), *large = client_open(server, 2);
	struct traffic echoes = traffic_echo(client_open(server, 2), 30000, 400);
	char *argument = text_repeat("x", 30000), *value = text_repeat("x", 3 * MEGABYTE);

	client_send(gatherer, "*100\r\n$3\r\nDEL\r\n", SIZE_MAX);
	for (int i = 0; i < 50; i++) {
		client_send(gatherer, "$30000\r\n", SIZE_MAX);
		client_send(gatherer, argument, 30000);
		client_send(gatherer, "\r\n", SIZE_MAX);
	}
	ck_assert_uint_eq(drain_until_closed(gatherer), 0);
	client_send_command(large, "SET", "k", value, NULL);
	ck_assert_uint_eq(drain_until_closed(large), 0);
	ck_assert_int_eq(info_number(c, "client_query_buffer_limit_disconnections"), 2);
	ck_assert_uint_eq(server_log_count(server, "client closed at client-query-buffer-limit"), 2);
	expect(c, ":0", "EXISTS", "k", NULL);
	/* What is run as it comes, or waits for its sender to read, is not limited. */
	traffic_push(&echoes, 200);
	traffic_finish(&echoes);
	traffic_free(&echoes);
	free(argument);
	free(value);
	server_stop(server);
}
END_TEST

/* A client claims much and sends little: memory follows what has come. */
START_TEST(claims_cost_nothing)
{
	enum { CLIENTS = 20 };
	struct server *server = server_start("--timeout", "0", NULL);
	struct client *c = client_open(server, 2);
	struct client **clients = clients_open(server, 2 * CLIENTS);
	char *start = text_repeat("x", 40000);
	long long before = info_number(c, "used_memory_rss");

	for (size_t i = 0; i < CLIENTS; i++) {
		client_send(clients[i], "*1048576\r\n$3\r\nDEL\r\n", SIZE_MAX);
		client_send(clients[CLIENTS + i], "*2\r\n$4\r\nECHO\r\n$536870912\r\n", SIZE_MAX);
		client_send(clients[CLIENTS + i], start, 40000);
	}
	free(start);
	wait_until(info_number(c, "total_net_input_bytes") > CLIENTS * 40000);
	expect_below(c, "used_memory_rss", before + 8 * MEGABYTE);
	clients_close(clients, 2 * CLIENTS);
	server_stop(server);
}
END_TEST

/* --- before the password ------------------------------------------------------------------------------------------ */

#define NOAUTH "-NOAUTH Authentication required."

START_TEST(strangers_may_send_little)
{
	struct server *server = server_start("--requirepass", "secret", NULL);
	struct client *c = client_open(server, 2);
	char *word = text_repeat("x", 16385);

	client_send(c, "*11\r\n$3\r\nDEL\r\n", SIZE_MAX);
	expect_bytes(c, "-ERR Protocol error: unauthenticated multibulk length\r\n", SIZE_MAX);
	expect_closed(c);
	c = client_open(server, 2);
	expect(c, NOAUTH, "DEL", "1", "2", "3", "4", "5", "6", "7", "8", "9", NULL);
	client_send(c, "*2\r\n$4\r\nECHO\r\n$16385\r\n", SIZE_MAX);
	expect_bytes(c, "-ERR Protocol error: unauthenticated bulk length\r\n", SIZE_MAX);
	expect_closed(c);
	c = client_open(server, 2);
	client_send_arguments(c, 2, (const char *[]){"ECHO", word}, (size_t[]){4, 16384});
	expect_reply(c, NOAUTH);
	expect(c, "+OK", "AUTH", "secret", NULL);
	expect(c, ":0", "DEL", "1", "2", "3", "4", "5", "6", "7", "8", "9", "10", NULL);
	client_send_arguments(c, 2, (const char *[]){"ECHO", word}, (size_t[]){4, 16385});
	value_expect(c, word, 16385);
	free(word);
	server_stop(server);
}
END_TEST

/* AUTH and what it allows may come in one piece. */
START_TEST(password_and_more_at_once)
{
	struct server *server = server_start("--requirepass", "secret", NULL);
	struct client *c = client_open(server, 2);
	struct traffic echo = traffic_echo(c, 20000, 1);
	char *all = malloc(echo.request_len + 200);

	ck_assert_ptr_nonnull(all);
	sprintf(all, "*2\r\n$4\r\nAUTH\r\n$6\r\nsecret\r\n*12\r\n$3\r\nDEL\r\n%s%s",
		"$1\r\n1\r\n$1\r\n2\r\n$1\r\n3\r\n$1\r\n4\r\n$1\r\n5\r\n$1\r\n6\r\n$1\r\n7\r\n$1\r\n8\r\n$1\r\n9\r\n"
		"$1\r\n1\r\n$1\r\n1\r\n",
		echo.request);
	client_send(c, all, SIZE_MAX);
	expect_bytes(c, "+OK\r\n:0\r\n", SIZE_MAX);
	expect_bytes(c, echo.reply, echo.reply_len);
	traffic_free(&echo);
	free(all);
	server_stop(server);
}
END_TEST

/* --- how many clients --------------------------------------------------------------------------------------------- */

#define TOO_MANY "-ERR max number of clients reached\r\n"

static void expect_turned_away(struct server *server)
{
	struct client *c = client_open(server, 2);

	expect_bytes(c, TOO_MANY, SIZE_MAX);
	expect_closed(c);
	client_close(c);
}

START_TEST(clients_at_most)
{
	struct server *server = server_start("--maxclients", "5", NULL);
	struct client **clients = clients_open(server, 5);
	struct client *c = clients[0];

	expect_turned_away(server);
	expect_turned_away(server);
	ck_assert_int_eq(info_number(c, "rejected_connections"), 2);
	ck_assert_int_eq(info_number(c, "connected_clients"), 5);

	client_close(clients[4]);
	wait_until(info_number(c, "connected_clients") == 4);
	clients[4] = client_open(server, 2);
	expect(clients[4], "+PONG", "PING", NULL);
	expect_turned_away(server);

	expect(c, "+OK", "CONFIG", "SET", "maxclients", "6", NULL);
	expect(client_open(server, 2), "+PONG", "PING", NULL);
	expect_turned_away(server);
	/* Fewer than there are: nobody is sent away, nobody new comes in. */
	expect(c, "+OK", "CONFIG", "SET", "maxclients", "2", NULL);
	for (size_t i = 0; i < 5; i++)
		expect(clients[i], "+PONG", "PING", NULL);
	expect_turned_away(server);
	free(clients);
	server_stop(server);
}
END_TEST

static double cpu_seconds(struct client *c)
{
	char user[64], sys[64];

	info_text(c, "used_cpu_user", user, sizeof(user));
	info_text(c, "used_cpu_sys", sys, sizeof(sys));
	return atof(user) + atof(sys);
}

#if defined(__linux__)

/* The ceiling is the hard limit, which a privileged daemon could raise. */
static void take_ceiling(rlim_t files)
{
	prctl(PR_CAPBSET_DROP, CAP_SYS_RESOURCE, 0, 0, 0); /* fails without privileges, and is not needed then */
	ck_assert_int_eq(setrlimit(RLIMIT_NOFILE, &(struct rlimit){files, files}), 0);
}

START_TEST(ceiling_of_descriptors)
{
	struct server *server;
	struct client *c, **others;
	char output[4096];
	long long most;
	int status;

	take_ceiling(100);
	server = server_start(NULL);
	ck_assert_uint_eq(server_log_count(server, "maxclients lowered: the limit of open files cannot be raised"), 1);
	ck_assert_uint_eq(server_log_count(server, "\"limit\":100"), 1);
	c = client_open(server, 2);
	most = info_number(c, "maxclients");
	ck_assert_int_gt(most, 10);
	ck_assert_int_lt(most, 100);
	others = clients_open(server, (size_t)most - 1);
	expect_turned_away(server);
	expect_like(c, "-ERR *not able to handle the specified number of clients, try with *", "CONFIG", "SET",
		    "maxclients", "1000", NULL);
	ck_assert_int_eq(info_number(c, "maxclients"), most);
	clients_close(others, (size_t)most - 1);
	server_stop(server);

	take_ceiling(30);
	status = server_run(output, sizeof(output), "--port", "0", "--bind", "127.0.0.1", NULL);
	ck_assert_msg(WIFEXITED(status) && WEXITSTATUS(status) == 1, "wait status %d", status);
	ck_assert_msg(text_like("*limit of open files is too low*", output), "%s", output);
}
END_TEST

static void limit_files(const struct server *server, size_t files)
{
	struct rlimit limit;

	ck_assert_int_eq(prlimit(server->pid, RLIMIT_NOFILE, NULL, &limit), 0);
	limit.rlim_cur = files;
	ck_assert_int_eq(prlimit(server->pid, RLIMIT_NOFILE, &limit, NULL), 0);
}

/* The descriptor that the daemon would get next. */
static size_t server_first_free_file(const struct server *server)
{
	char path[64];
	size_t fd = 0;

	do
		snprintf(path, sizeof(path), "/proc/%d/fd/%zu", (int)server->pid, fd);
	while (access(path, F_OK) == 0 && ++fd < 100000);
	return fd;
}

START_TEST(out_of_descriptors)
{
	enum { WAITING = 20, LOOK_MS = 1500 };
	struct server *server = server_start("--timeout", "0", NULL);
	struct client **served = clients_open(server, 3), *c = served[0];
	struct client *waiting[WAITING];
	double cpu = cpu_seconds(c);
	int64_t end;

	limit_files(server, server_first_free_file(server));
	for (size_t i = 0; i < WAITING; i++) {
		waiting[i] = client_open(server, 2);
		client_send_command(waiting[i], "PING", NULL);
	}
	server_log_wait(server, "cannot accept clients for the moment");
	for (end = clock_milliseconds() + LOOK_MS; clock_milliseconds() < end; pace(50))
		expect(c, "+PONG", "PING", NULL);
	ck_assert(!client_readable(waiting[0], 0));
	ck_assert_uint_le(server_log_count(server, "cannot accept clients for the moment"), 3);
	ck_assert_msg(cpu_seconds(c) - cpu < 0.3, "the daemon spins: %f s", cpu_seconds(c) - cpu);

	client_close(served[2]); /* a place for one */
	expect_reply(waiting[0], "+PONG");
	limit_files(server, 1000);
	for (size_t i = 1; i < WAITING; i++)
		expect_reply(waiting[i], "+PONG");
	free(served);
	server_stop(server);
}
END_TEST

#endif

START_TEST(idle_clients_cost_little)
{
	enum { CLIENTS = 9500, MOST_BYTES = 1536 };
	struct server *server;
	struct client *c, **clients;
	struct rlimit limit;
	long long before, after;

	ck_assert_int_eq(getrlimit(RLIMIT_NOFILE, &limit), 0);
	if (is_sanitized() || limit.rlim_cur < CLIENTS + 500)
		return;
	server = server_start("--timeout", "1000", NULL);
	c = client_open(server, 2);
	clients_close(clients_open(server, 10), 10);
	before = info_number(c, "used_memory_rss");
	clients = clients_open(server, CLIENTS);
	after = info_number(c, "used_memory_rss");
	ck_assert_int_eq(info_number(c, "connected_clients"), CLIENTS + 1);
	ck_assert_msg(after - before < CLIENTS * MOST_BYTES, "%lld bytes a client", (after - before) / CLIENTS);
	clients_close(clients, CLIENTS);
	wait_until(info_number(c, "connected_clients") == 1);
	server_stop(server);
}
END_TEST

/* --- output ------------------------------------------------------------------------------------------------------- */

/* A client that does not read what comes, which soon is more than the kernel holds for it. */
static struct client *silent_client(struct server *server)
{
	struct client *c = client_open(server, 2);
	int small = 4096;

	setsockopt(client_fd(c), SOL_SOCKET, SO_RCVBUF, &small, sizeof(small));
	return c;
}

static struct client *silent_subscriber(struct server *server)
{
	struct client *c = silent_client(server);

	expect(c, "[ $subscribe $all :1 ]", "SUBSCRIBE", "all", NULL);
	return c;
}

/* Publishes `bytes` to "all" in pieces of 64 KB and returns how many subscribers the last one had. */
static long long publish_bytes(struct client *publisher, size_t bytes)
{
	enum { PIECE = 64 * 1024 };
	char *piece = malloc(PIECE + 1);
	long long receivers = -1;

	memset(piece, 'x', PIECE);
	piece[PIECE] = '\0';
	for (size_t sent = 0; sent < bytes; sent += PIECE)
		receivers = client_integer(publisher, "PUBLISH", "all", piece, NULL);
	free(piece);
	return receivers;
}

/* A subscriber that does not read is closed; one that does gets everything. */
START_TEST(output_hard_limit)
{
	enum { MORE_THAN_KERNELS_HOLD = 32 * 1024 * 1024 };
	struct server *server = server_start("--client-output-buffer-limit", "pubsub 1mb 0 0", NULL);
	struct client *publisher = client_open(server, 2);
	struct client *silent = silent_subscriber(server);

	publish_bytes(publisher, MORE_THAN_KERNELS_HOLD);
	expect_eventually(publisher, "[ $all :0 ]", "PUBSUB", "NUMSUB", "all", NULL);
	if (!against_redis()) {
		ck_assert_int_eq(info_number(publisher, "client_output_buffer_limit_disconnections"), 1);
		server_log_wait(server, "client closed at client-output-buffer-limit");
		ck_assert_int_lt(info_number(publisher, "client_recent_max_output_buffer"), 2 * 1024 * 1024);
	}
	client_close(silent);
	server_stop(server);
}
END_TEST

/* A publisher that is never waited for: nothing is delivered while its pipeline runs, and the inbox alone reaches the
 * limit. */
START_TEST(output_hard_limit_of_an_inbox)
{
	enum { PUBLISHED = 2000 };
	struct server *server = server_start("--client-output-buffer-limit", "pubsub 16kb 0 0", NULL);
	struct client *publisher = client_open(server, 2);
	struct client *silent = silent_subscriber(server);
	char payload[1001];

	memset(payload, 'x', sizeof(payload) - 1);
	payload[sizeof(payload) - 1] = '\0';
	for (int round = 0; round < 20; round++) {
		for (int i = 0; i < PUBLISHED; i++)
			client_send_command(publisher, "PUBLISH", "all", payload, NULL);
		for (int i = 0; i < PUBLISHED; i++)
			client_reply(publisher);
	}
	expect_eventually(publisher, "[ $all :0 ]", "PUBSUB", "NUMSUB", "all", NULL);
	client_close(silent);
	server_stop(server);
}
END_TEST

/* Closed a second after it went over the limit, and not before; one that reads gets everything. */
START_TEST(output_soft_limit)
{
	enum { PIECE = 64 * 1024, LIMIT = 1024 * 1024 };
	struct server *server = server_start("--client-output-buffer-limit", "pubsub 0 1mb 1", NULL);
	struct client *publisher = client_open(server, 2);
	struct client *reads = client_open(server, 2);
	struct client *silent = silent_client(server);
	long long id = client_id(silent), waiting;
	int64_t begin = clock_milliseconds();

	expect(silent, "[ $subscribe $all :1 ]", "SUBSCRIBE", "all", NULL);
	expect(reads, "[ $subscribe $all :1 ]", "SUBSCRIBE", "all", NULL);
	while ((waiting = output_waiting(publisher, id)) >= 0 && waiting <= 2 * LIMIT) {
		publish_bytes(publisher, PIECE);
		client_reply(reads);
	}
	expect_eventually(publisher, "[ $all :1 ]", "PUBSUB", "NUMSUB", "all", NULL);
	ck_assert_int_ge(clock_milliseconds() - begin, 990);
	expect(publisher, ":1", "PUBLISH", "all", "end", NULL);
	expect_reply(reads, "[ $message $all $end ]");
	client_close(silent);
	server_stop(server);
}
END_TEST

START_TEST(output_limit_of_normal_clients)
{
	enum { LARGE = 32 * 1024 * 1024 };
	struct server *server = server_start("--client-output-buffer-limit", "normal 1mb 0 0", NULL);
	struct client *c = client_open(server, 2);
	struct client *silent = client_open(server, 2);
	char number[32];

	snprintf(number, sizeof(number), "%d", LARGE - 1);
	ck_assert_int_eq(client_integer(c, "SETRANGE", "key", number, "x", NULL), LARGE);
	client_send_command(silent, "GET", "key", NULL);
	wait_until(info_number(c, "connected_clients") == 1);
	if (!against_redis())
		ck_assert_int_eq(info_number(c, "client_output_buffer_limit_disconnections"), 1);
	client_close(silent);
	server_stop(server);
}
END_TEST

START_TEST(output_limits_are_set_by_class)
{
	static const char *const wrong[][2] = {
		{"pubsub 1mb 2", "Wrong number of arguments in buffer limit configuration."},
		{"master 1 2 3", "Invalid client class specified in buffer limit configuration."},
		{"pubsub 1 2 x", "Error in hard, soft or soft_seconds setting in buffer limit configuration."},
		{"pubsub 1 2 -3", "Error in hard, soft or soft_seconds setting in buffer limit configuration."},
		{"pubsub -1 2 3", "Error in hard, soft or soft_seconds setting in buffer limit configuration."},
	};
	struct server *server = server_start(NULL, NULL);
	struct client *c = client_open(server, 2);
	char error[256];

	expect(c,
	       "[ $client-output-buffer-limit $normal 0 0 0 slave 268435456 67108864 60 pubsub 33554432 8388608 60 ]",
	       "CONFIG", "GET", "client-output-buffer-limit", NULL);
	expect(c, "+OK", "CONFIG", "SET", "client-output-buffer-limit", "pubsub 1mb 2 3", NULL);
	expect(c, "+OK", "CONFIG", "SET", "client-output-buffer-limit", "Replica 1 2 3 normal 4kb 5 6", NULL);
	for (size_t i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++) {
		snprintf(error, sizeof(error),
			 "-ERR CONFIG SET failed (possibly related to argument 'client-output-buffer-limit') - %s",
			 wrong[i][1]);
		expect(c, error, "CONFIG", "SET", "client-output-buffer-limit", wrong[i][0], NULL);
	}
	expect(c, "[ $client-output-buffer-limit $normal 4096 5 6 slave 1 2 3 pubsub 1048576 2 3 ]", "CONFIG", "GET",
	       "client-output-buffer-limit", NULL);
	server_stop(server);
}
END_TEST

Suite *limits_suite(void)
{
	Suite *suite = suite_create("limits");
	TCase *errors = shared_case(suite, "protocol errors");
	TCase *sizes = alone_case(suite, "sizes");
	TCase *output = alone_case(suite, "output");
	TCase *counts = alone_case(suite, "counts");

	tcase_add_loop_test(errors, protocol_error, 0, PROTOCOL_ERRORS);
	tcase_add_test(errors, lines_that_do_not_end);
	tcase_add_loop_test(errors, protocol_error_behind_a_backlog, 2, 4);
	tcase_add_loop_test(errors, longest_inline, 2, 4);
	tcase_add_loop_test(errors, most_arguments, 2, 4);
	tcase_add_test(errors, one_argument_too_many);

	tcase_add_test(sizes, longest_argument);
	tcase_add_loop_test(sizes, key_and_value_sizes, 2, 4);
	tcase_add_test(sizes, query_buffer_limit);
	tcase_add_test(sizes, claims_cost_nothing);
	tcase_add_test(sizes, strangers_may_send_little);
	tcase_add_test(sizes, password_and_more_at_once);

	tcase_add_test(output, output_hard_limit);
	tcase_add_test(output, output_hard_limit_of_an_inbox);
	tcase_add_test(output, output_soft_limit);
	tcase_add_test(output, output_limit_of_normal_clients);
	tcase_add_test(output, output_limits_are_set_by_class);

	tcase_add_test(counts, clients_at_most);
#if defined(__linux__)
	tcase_add_test(counts, ceiling_of_descriptors);
	tcase_add_test(counts, out_of_descriptors);
#endif
	tcase_add_test(counts, idle_clients_cost_little);
	return suite;
}
