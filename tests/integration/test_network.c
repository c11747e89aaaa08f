/* The network: pipelines however they are cut, large values, slow readers, deadlines, ends of connections, addresses.
 */
#include <arpa/inet.h>
#include <errno.h>
#include <ifaddrs.h>
#include <net/if.h>
#include <netinet/in.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

#include "harness.h"
#include "suites.h"
#include "traffic.h"

/* --- pipelines ---------------------------------------------------------------------------------------------------- */

/* Commands and the replies they must have. */
struct script {
	char *sent;
	char *wanted;
	size_t sent_len;
	size_t wanted_len;
};

static void script_free(struct script *self)
{
	free(self->sent);
	free(self->wanted);
}

/* The i-th command of a script: commands of several kinds and sizes, inline ones and errors among them. */
static void script_add(struct script *self, int protocol, size_t i)
{
	char *sent = self->sent + self->sent_len;
	char *wanted = self->wanted + self->wanted_len;
	const char *null = protocol == 3 ? "_" : "$-1";

	switch (i % 7) {
	case 0:
		self->sent_len +=
			(size_t)sprintf(sent, "*3\r\n$3\r\nSET\r\n$8\r\nk%07zu\r\n$9\r\nv\r\n%06zu\r\n", i, i);
		self->wanted_len += (size_t)sprintf(wanted, "+OK\r\n");
		break;
	case 1:
		self->sent_len += (size_t)sprintf(sent, "*2\r\n$3\r\nGET\r\n$8\r\nk%07zu\r\n", i - 1);
		self->wanted_len += (size_t)sprintf(wanted, "$9\r\nv\r\n%06zu\r\n", i - 1);
		break;
	case 2:
		self->sent_len += (size_t)sprintf(sent, "get nothing\r\n");
		self->wanted_len += (size_t)sprintf(wanted, "%s\r\n", null);
		break;
	case 3:
		self->sent_len += (size_t)sprintf(sent, "*2\r\n$4\r\nINCR\r\n$1\r\nn\r\n");
		self->wanted_len += (size_t)sprintf(wanted, ":%zu\r\n", i / 7 + 1);
		break;
	case 4:
		self->sent_len += (size_t)sprintf(sent, "*1\r\n$3\r\nGET\r\n");
		self->wanted_len += (size_t)sprintf(wanted, "-ERR wrong number of arguments for 'get' command\r\n");
		break;
	case 5:
		self->sent_len +=
			(size_t)sprintf(sent, "*4\r\n$4\r\nMGET\r\n$7\r\nnothing\r\n$8\r\nk%07zu\r\n$0\r\n\r\n", i - 5);
		self->wanted_len +=
			(size_t)sprintf(wanted, "*3\r\n%s\r\n$9\r\nv\r\n%06zu\r\n%s\r\n", null, i - 5, null);
		break;
	default:
		self->sent_len += (size_t)sprintf(sent, "\r\n*0\r\necho \"%zu\\r\\n\"\r\n", i);
		self->wanted_len += (size_t)sprintf(wanted, "$%d\r\n%zu\r\n\r\n", snprintf(NULL, 0, "%zu", i) + 2, i);
	}
}

static struct script script_make(int protocol, size_t count)
{
	struct script self = {.sent = malloc(count * 100 + 1), .wanted = malloc(count * 100 + 1)};

	ck_assert(self.sent != NULL && self.wanted != NULL);
	for (size_t i = 0; i < count; i++)
		script_add(&self, protocol, i);
	return self;
}

START_TEST(ten_thousand_at_once)
{
	struct client *c = client_fresh(_i);
	struct script script = script_make(_i, 10000);

	client_send(c, script.sent, script.sent_len);
	expect_bytes(c, script.wanted, script.wanted_len);
	script_free(&script);
	expect(c, "+PONG", "PING", NULL);
}
END_TEST

START_TEST(one_byte_at_a_time)
{
	struct client *c = client_fresh(_i);
	struct client *other = client_open(shared, 2);
	struct script script = script_make(_i, 28);

	for (size_t i = 0; i < script.sent_len; i++) {
		client_send(c, script.sent + i, 1);
		expect(other, "+PONG", "PING", NULL); /* the daemon has looked around meanwhile */
	}
	expect_bytes(c, script.wanted, script.wanted_len);
	script_free(&script);
	expect(c, "+PONG", "PING", NULL);
}
END_TEST

START_TEST(random_cuts)
{
	struct client *c = client_fresh(_i);
	struct client *other = client_open(shared, 2);
	struct script script = script_make(_i, 3000);
	unsigned state = (unsigned)_i * 7919;

	for (size_t at = 0, len; at < script.sent_len; at += len) {
		state = state * 1103515245 + 12345;
		len = 1 + (state >> 8) % ((state >> 4) % 4 == 0 ? 5000 : 60);
		if (len > script.sent_len - at)
			len = script.sent_len - at;
		client_send(c, script.sent + at, len);
		if ((state >> 16) % 4 == 0)
			expect(other, "+PONG", "PING", NULL);
	}
	expect_bytes(c, script.wanted, script.wanted_len);
	script_free(&script);
	expect(c, "+PONG", "PING", NULL);
}
END_TEST

START_TEST(values_cut_anywhere)
{
	struct client *c = client_fresh(_i);
	struct client *other = client_open(shared, 2);
	struct traffic traffic = traffic_echo(c, 100000, 60);
	size_t len = traffic.request_len;

	/* Each round ends at another place: in the header, in the payload, before and within the last line end. */
	for (size_t cut = 1; cut <= 30; cut++) {
		size_t at = cut <= 20 ? cut + 10 : len - (cut - 20);

		client_send(c, traffic.request, at);
		expect(other, "+PONG", "PING", NULL);
		client_send(c, traffic.request + at, len - at);
		client_send(c, traffic.request, len);
	}
	traffic.sent = len * traffic.count;
	traffic_finish(&traffic);
	traffic_free(&traffic);
}
END_TEST

START_TEST(inline_commands)
{
	struct client *c = client_fresh(_i);

	client_send(c,
		    "  SET   a  1  \r\nget a\nSET 'b c' \"d\\x41\\n\\\"\"\r\nGET \"b c\"\r\n"
		    "SET e 'it\\'s \\n'\r\nGET e\r\n\r\n\n   \r\nSET f \"\"\r\nGET f\r\nMGET a\tf\r\n",
		    SIZE_MAX);
	expect_reply(c, "+OK");
	expect_reply(c, "$1");
	expect_reply(c, "+OK");
	expect_reply(c, "$dA\\n\"");
	expect_reply(c, "+OK");
	expect_reply(c, "$it's \\\\n");
	expect_reply(c, "+OK");
	expect_reply(c, "$");
	expect_reply(c, "[ $1 $ ]");
}
END_TEST

/* A batch that stops at the backlog limit is taken up where it stopped, however odd what is behind it. */
START_TEST(batch_stops_ahead_of_inline_commands)
{
	struct server *server = server_start("--client-backlog-limit", "1024", NULL);
	struct client *c = client_open(server, _i);
	struct traffic echo = traffic_echo(c, 2000, 1);
	char *all = malloc(2 * echo.request_len + 100);

	ck_assert_ptr_nonnull(all);
	sprintf(all, "%s%s%s%s", echo.request, "*0\r\nECHO \"a b\"\r\n*-1\r\n\r\nECHO 'c d'\r\n", echo.request,
		"ECHO \"e f\"\r\n");
	client_send(c, all, SIZE_MAX);
	expect_bytes(c, echo.reply, echo.reply_len);
	expect_reply(c, "$a b");
	expect_reply(c, "$c d");
	expect_bytes(c, echo.reply, echo.reply_len);
	expect_reply(c, "$e f");
	free(all);
	traffic_free(&echo);
	server_stop(server);
}
END_TEST

/* --- large values ------------------------------------------------------------------------------------------------- */

enum { HUNDRED_MEGABYTES = 100 * MEGABYTE + 13 };

START_TEST(hundred_megabytes_come_back)
{
	struct server *server = server_start(NULL);
	struct client *c = client_open(server, _i);
	char *value = value_make(HUNDRED_MEGABYTES, 1);

	value_set(c, "big", value, HUNDRED_MEGABYTES);
	expect(c, ":104857613", "STRLEN", "big", NULL);
	client_send(c, "GET big\r\nPING\r\n", SIZE_MAX);
	value_expect(c, value, HUNDRED_MEGABYTES);
	expect_reply(c, "+PONG");
	free(value);
	server_stop(server);
}
END_TEST

START_TEST(value_is_overwritten_while_it_is_sent)
{
	struct server *server = server_start(NULL);
	struct client *writer = client_open(server, 2);
	struct client **readers = clients_open(server, 4);
	char *old = value_make(HUNDRED_MEGABYTES, 1);
	char *new = value_make(HUNDRED_MEGABYTES, 2);

	value_set(writer, "big", old, HUNDRED_MEGABYTES);
	for (size_t i = 0; i < 4; i++) {
		client_send_command(readers[i], "GET", "big", NULL);
		ck_assert(client_readable(readers[i], DEADLINE_MS)); /* under way, and stuck: nobody reads */
	}
	value_set(writer, "big", new, HUNDRED_MEGABYTES);
	expect(writer, ":104857620", "APPEND", "big", "the end", NULL);
	for (size_t i = 0; i < 4; i++)
		value_expect(readers[i], old, HUNDRED_MEGABYTES);
	expect(writer, "$the end", "GETRANGE", "big", "-7", "-1", NULL);
	expect(writer, ":1", "DEL", "big", NULL);
	value_set(writer, "big", new, HUNDRED_MEGABYTES);
	client_send_command(readers[0], "GET", "big", NULL);
	value_expect(readers[0], new, HUNDRED_MEGABYTES);
	clients_close(readers, 4);
	free(old);
	free(new);
	server_stop(server);
}
END_TEST

START_TEST(several_large_values_in_one_command)
{
	enum { VALUES = 5, LEN = 8 * MEGABYTE };
	struct client *c = client_fresh(_i);
	const char *words[1 + 2 * VALUES] = {"MSET"};
	size_t lens[1 + 2 * VALUES] = {4};
	char keys[VALUES][8];
	char *values[VALUES];

	for (unsigned i = 0; i < VALUES; i++) {
		size_t len = i == 2 ? 3 : LEN + i; /* a small one between the large ones */

		values[i] = value_make(len, i);
		lens[1 + 2 * i] = (size_t)snprintf(keys[i], sizeof(keys[i]), "key%u", i);
		words[1 + 2 * i] = keys[i];
		words[2 + 2 * i] = values[i];
		lens[2 + 2 * i] = len;
	}
	client_send_arguments(c, 1 + 2 * VALUES, words, lens);
	expect_reply(c, "+OK");
	client_send(c, "MGET key0 key1 key2 key3 key4\r\n", SIZE_MAX);
	bytes_expect(c, "*5\r\n", 4);
	for (size_t i = 0; i < VALUES; i++) {
		value_expect(c, values[i], lens[2 + 2 * i]);
		free(values[i]);
	}
	expect(c, "+PONG", "PING", NULL);
}
END_TEST

/* --- slow readers ------------------------------------------------------------------------------------------------- */

enum { STUCK_MS = 300 }; /* nothing goes in for so long: the daemon does not read */

/* Pushes until more than `waiting` bytes wait in the daemon for the client and the daemon reads no more. */
static void push_until_stuck(struct traffic *traffic, struct client *other, long long id, long long waiting)
{
	wait_until((traffic_push(traffic, 1), output_waiting(other, id)) > waiting);
	traffic_push(traffic, STUCK_MS);
	ck_assert_uint_lt(traffic->sent, traffic->request_len * traffic->count);
}

/* Others are served and memory is bounded while the daemon does not read from a client; then all of it comes. */
static void reader_wakes_up(struct server *server, struct traffic *traffic, long long most_memory)
{
	struct client *other = client_open(server, 2);
	long long id = client_id(traffic->client), before = info_number(other, "used_memory");

	push_until_stuck(traffic, other, id, MEGABYTE);
	expect(other, "+OK", "SET", "a", "b", NULL);
	expect(other, "$b", "GET", "a", NULL);
	expect_below(other, "used_memory", before + most_memory);
	traffic_finish(traffic);
	expect(traffic->client, "+PONG", "PING", NULL);
	client_close(other);
}

START_TEST(client_that_never_reads)
{
	struct server *server = server_start("--timeout", "0", "--client-backlog-limit", "1mb", NULL);
	struct client *other = client_open(server, 2);
	struct traffic echoes = traffic_echo(client_open(server, _i), 10000, 6000);
	struct traffic values = traffic_echo(client_open(server, _i), 300000, 200);

	reader_wakes_up(server, &echoes, 3 * MEGABYTE);
	ck_assert_int_lt(info_number(other, "client_recent_max_output_buffer"), 2 * MEGABYTE);
	ck_assert_int_gt(info_number(other, "client_recent_max_output_buffer"), MEGABYTE);
	reader_wakes_up(server, &values, 4 * MEGABYTE);
	traffic_free(&echoes);
	traffic_free(&values);
	server_stop(server);
}
END_TEST

/* Each reply comes to the daemon's queue by itself; what it takes to keep it there is to be bounded, too. */
START_TEST(small_replies_never_read)
{
	enum { PINGS = 20000, FILLED = 400000 };
	struct server *server = server_start("--timeout", "0", "--client-backlog-limit", "1mb", NULL);
	struct client *c = client_open(server, 2);
	struct client *other = client_open(server, 2);
	struct traffic fill = traffic_echo(c, 10000, 0);
	int small = 64 * 1024;
	long long before, id = client_id(c);

	/* The kernel may take some more later; with a small window and so much ahead of them, no small reply goes. */
	setsockopt(client_fd(c), SOL_SOCKET, SO_RCVBUF, &small, sizeof(small));
	while (output_waiting(other, id) < FILLED) {
		client_send(c, fill.request, fill.request_len);
		fill.count++;
	}
	before = info_number(other, "used_memory");
	for (int i = 0; i < PINGS; i++) {
		client_send(c, "PING\r\n", SIZE_MAX);
		expect(other, "+PONG", "PING", NULL);
	}
	wait_until(output_waiting(other, id) >= PINGS * 7);
	expect_below(other, "used_memory", before + MEGABYTE);
	fill.sent = fill.request_len * fill.count;
	traffic_finish(&fill);
	traffic_free(&fill);
	for (int i = 0; i < PINGS; i++)
		expect_bytes(c, "+PONG\r\n", 7);
	server_stop(server);
}
END_TEST

START_TEST(waiting_replies_are_counted)
{
	struct server *server = server_start("--timeout", "0", "--client-backlog-limit", "1gb", NULL);
	struct client *c = client_open(server, 2);
	struct client *other = client_open(server, 2);
	struct traffic gets = traffic_get(c, other, MEGABYTE, 20);
	long long before, id = client_id(c);

	for (size_t i = 0; i < gets.count; i++) { /* each by itself */
		client_send(c, gets.request, gets.request_len);
		wait_until(client_readable(c, 0));
		expect(other, "+PONG", "PING", NULL);
	}
	gets.sent = gets.request_len * gets.count;
	wait_until(output_waiting(other, id) > 4 * MEGABYTE);
	before = output_waiting(other, id);
	ck_assert_int_le(before, 20 * (MEGABYTE + 100));
	while (gets.received < 12 * (size_t)MEGABYTE) {
		traffic_take(&gets, MEGABYTE);
		expect(other, "+PONG", "PING", NULL);
	}
	wait_until(output_waiting(other, id) < before);
	traffic_finish(&gets);
	wait_until(output_waiting(other, id) == 0);
	traffic_free(&gets);
	server_stop(server);
}
END_TEST

START_TEST(little_is_run_ahead_of_the_reader)
{
	enum { COUNT = 1000, LEN = 100000 };
	struct server *server = server_start("--timeout", "0", "--client-backlog-limit", "200000", NULL);
	struct client *other = client_open(server, 2);
	struct traffic gets = traffic_get(client_open(server, _i), other, LEN, COUNT);

	expect(other, "+OK", "CONFIG", "RESETSTAT", NULL);
	traffic_push(&gets, STUCK_MS);
	wait_until(info_number(other, "client_recent_max_output_buffer") > 200000);
	/* Two or three values wait in the daemon, at most some tens in the kernel. */
	ck_assert_int_lt(info_number(other, "total_commands_processed"), COUNT / 2);
	ck_assert_int_lt(info_number(other, "client_recent_max_output_buffer"), 200000 + 2 * LEN);
	traffic_finish(&gets);
	traffic_free(&gets);
	server_stop(server);
}
END_TEST

START_TEST(value_larger_than_the_backlog)
{
	struct server *server = server_start("--timeout", "0", "--client-backlog-limit", "1024", NULL);
	struct traffic gets = traffic_get(client_open(server, _i), client_open(server, 2), 3 * MEGABYTE, 20);

	traffic_finish(&gets);
	expect(gets.client, "+PONG", "PING", NULL);
	traffic_free(&gets);
	server_stop(server);
}
END_TEST

/*
 * Tests of the read deadline keep clients alive by doing something in time. On a machine that stands still for a second
 * either side may be late, and such a run proves nothing. A run therefore says whether the clients were kept, and when
 * they were not there is another one with twice the time.
 */
static void some_run_keeps_them(bool (*run)(struct server *server, int timeout))
{
	bool kept = false;

	for (int timeout = 1; !kept && timeout <= 4; timeout *= 2) {
		struct server *server = server_start("--timeout", "0", NULL);

		kept = run(server, timeout);
		server_stop(server);
	}
	ck_assert_msg(kept, "clients that did something in time were closed");
}

/* By a client that is gone when the deadline could come. */
static void deadline_set(struct server *server, int timeout)
{
	struct client *c = client_open(server, 2);
	char number[16];

	snprintf(number, sizeof(number), "%d", timeout);
	expect(c, "+OK", "CONFIG", "SET", "timeout", number, NULL);
	client_close(c);
}

static void expect_closed_by_deadline(struct server *server, int count)
{
	struct client *c = client_open(server, 2);

	ck_assert_int_eq(info_number(c, "timeout_disconnections"), count);
	client_close(c);
}

static struct client *small_window_open(struct server *server)
{
	struct client *c = client_open(server, 2);
	int small = 64 * 1024;

	setsockopt(client_fd(c), SOL_SOCKET, SO_RCVBUF, &small, sizeof(small));
	return c;
}

/* Slower than the deadline on the whole, faster in each piece. */
static bool slow_reader_is_kept(struct server *server, int timeout)
{
	enum { LEN = 24 * MEGABYTE, STEPS = 32 };
	struct client *slow = small_window_open(server), *stalled = small_window_open(server);
	struct client *other = client_open(server, 2);
	struct traffic gets = traffic_get(slow, other, LEN, 1);
	bool kept = true;

	client_close(other);
	deadline_set(server, timeout);
	client_send(stalled, gets.request, gets.request_len);
	traffic_push(&gets, 0);
	for (int step = 0; step < STEPS && kept; step++) {
		pace(timeout * 100);
		kept = traffic_try_take(&gets, LEN / STEPS / 2);
	}
	if (kept) {
		traffic_finish(&gets);
		expect(slow, "+PONG", "PING", NULL);
		ck_assert_uint_lt(drain_until_closed(stalled), LEN);
		expect_closed_by_deadline(server, 1);
	}
	traffic_free(&gets);
	return kept;
}

START_TEST(progress_of_a_reader_counts)
{
	some_run_keeps_them(slow_reader_is_kept);
}
END_TEST

/* --- deadlines ---------------------------------------------------------------------------------------------------- */

/* Whether a request is answered so; false when the daemon has closed. */
static bool is_answered(struct client *c, const char *request, const char *reply)
{
	char bytes[64];
	ssize_t len;

	client_send(c, request, SIZE_MAX);
	ck_assert(client_readable(c, DEADLINE_MS));
	len = recv(client_fd(c), bytes, sizeof(bytes), 0);
	return len == (ssize_t)strlen(reply) && memcmp(bytes, reply, (size_t)len) == 0;
}

static bool only_the_idle_are_closed(struct server *server, int timeout)
{
	enum { TICKS = 35, PIECE = 32 * 1024 };
	struct client *silent = client_open(server, 2), *half = client_open(server, 2);
	struct client *trickle = client_open(server, 2), *busy = client_open(server, 2);
	struct client *upload = client_open(server, 2);
	char *piece = text_repeat("x", PIECE);
	int64_t begin = clock_milliseconds();
	bool kept = true;
	char header[64];

	deadline_set(server, timeout);
	client_send(half, "*3\r\n$3\r\nSET\r\n$1\r\n", SIZE_MAX);
	client_send(trickle, "*2\r\n$4\r\nECHO\r\n$1000\r\n", SIZE_MAX);
	snprintf(header, sizeof(header), "*3\r\n$3\r\nSET\r\n$1\r\nk\r\n$%d\r\n", TICKS * PIECE);
	client_send(upload, header, SIZE_MAX);
	if (client_readable(silent, timeout * 500))
		ck_assert_int_ge(clock_milliseconds() - begin, timeout * 900); /* no sooner than it is meant to be */
	for (int tick = 0; tick < TICKS && kept; tick++) {
		pace(timeout * 100);
		client_send(trickle, "x", 1);
		client_send(upload, piece, PIECE);
		kept = is_answered(busy, "PING\r\n", "+PONG\r\n");
	}
	kept = kept && is_answered(upload, "\r\n", "+OK\r\n");
	if (kept) {
		expect_closed(silent);
		expect_closed(half);
		ck_assert_uint_eq(drain_until_closed(trickle), 0);
		expect_closed_by_deadline(server, 3);
	}
	free(piece);
	return kept;
}

START_TEST(who_is_closed_at_the_deadline)
{
	some_run_keeps_them(only_the_idle_are_closed);
}
END_TEST

START_TEST(deadline_is_changed_for_those_connected)
{
	struct server *server = server_start("--timeout", "0", NULL);
	struct client **silent = clients_open(server, 8);
	struct client *half = client_open(server, 2);
	struct client *other = client_open(server, 2);

	client_send(half, "*2\r\n$4\r\nECHO\r\n$100000\r\nabc", SIZE_MAX);
	expect(other, "+OK", "CONFIG", "SET", "timeout", "1", NULL);
	for (size_t i = 0; i < 8; i++)
		expect_closed(silent[i]);
	expect_closed(half);
	clients_close(silent, 8);
	server_stop(server);
}
END_TEST

START_TEST(deadline_is_lifted_for_those_connected)
{
	struct server *server = server_start("--timeout", "1", NULL);
	struct client *silent = client_open(server, 2);
	struct client *other = client_open(server, 2);

	expect(silent, "+PONG", "PING", NULL);
	expect(other, "+OK", "CONFIG", "SET", "timeout", "0", NULL);
	ck_assert(!client_readable(silent, 1800));
	expect(silent, "+PONG", "PING", NULL);
	expect(other, "+OK", "CONFIG", "SET", "timeout", "100", NULL);
	ck_assert(!client_readable(silent, 100));
	server_stop(server);
}
END_TEST

/* --- ends of connections ------------------------------------------------------------------------------------------ */

START_TEST(half_closed_client_gets_its_reply)
{
	struct client *c = client_fresh(_i);

	client_send(c, "PING\r\nECHO hello\r\nSET unfinished", SIZE_MAX);
	client_shutdown(c);
	expect_reply(c, "+PONG");
	expect_reply(c, "$hello");
	expect_closed(c);
}
END_TEST

/* What the kernel does not take at once is sent, too, whether the backlog limit had stopped the reading or not. */
START_TEST(half_closed_client_gets_long_replies)
{
	static const char *const limits[] = {"100kb", "1mb", "1gb"};
	struct server *server = server_start("--client-backlog-limit", limits[_i], NULL);
	struct client *c = client_open(server, 2);
	struct client *other = client_open(server, 2);
	struct traffic gets = traffic_get(c, other, 500000, 60);

	traffic_push(&gets, DEADLINE_MS);
	client_send(c, "SET unfinished", SIZE_MAX);
	client_shutdown(c);
	expect(other, "+PONG", "PING", NULL);
	expect(other, "+PONG", "PING", NULL);
	traffic_finish(&gets);
	expect_closed(c);
	traffic_free(&gets);
	wait_until(info_number(other, "connected_clients") == 1);
	server_stop(server);
}
END_TEST

START_TEST(half_closed_client_goes_before_its_replies)
{
	struct server *server = server_start("--client-backlog-limit", "1gb", "--timeout", "0", NULL);
	struct client *c = client_open(server, 2);
	struct client *other = client_open(server, 2);
	struct traffic gets = traffic_get(c, other, 500000, 60);

	traffic_push(&gets, DEADLINE_MS);
	client_shutdown(c);
	expect(other, "+PONG", "PING", NULL);
	client_close(c);
	wait_until(info_number(other, "connected_clients") == 1);
	traffic_free(&gets);
	server_stop(server);
}
END_TEST

START_TEST(quit_drops_what_follows)
{
	struct client *c = client_fresh(_i);
	struct client *other = client_open(shared, 2);
	char *rest = text_repeat("SET after quit\r\n", 100000);

	client_send(c, "SET before quit\r\nQUIT\r\n", SIZE_MAX);
	client_send(c, rest, SIZE_MAX);
	free(rest);
	expect_reply(c, "+OK");
	expect_reply(c, "+OK");
	expect_closed(c);
	expect(other, "$quit", "GET", "before", NULL);
	expect(other, "nil", "GET", "after", NULL);
}
END_TEST

START_TEST(quit_behind_a_long_reply)
{
	struct client *c = client_fresh(_i);
	struct traffic get = traffic_get(c, client_open(shared, 2), 20 * MEGABYTE, 1);

	client_send(c, "GET traffic\r\nQUIT\r\nSET after quit\r\n", SIZE_MAX);
	get.sent = get.request_len;
	traffic_finish(&get);
	traffic_free(&get);
	expect_reply(c, "+OK");
	expect_closed(c);
}
END_TEST

/* CLIENT KILL from a client of every thread, of victims on every thread, in every state. */
START_TEST(kill_reaches_every_thread)
{
	enum { COUNT = 16 };
	struct server *server = server_start("--timeout", "0", NULL);
	struct client **killers = clients_open(server, 4);
	struct client **victims = clients_open(server, COUNT);
	struct traffic stuck[COUNT];
	char id[32];

	for (size_t i = 0; i < COUNT; i++) {
		snprintf(id, sizeof(id), "%lld", client_id(victims[i]));
		stuck[i] = traffic_get(victims[i], killers[0], MEGABYTE, 1000);
		if (i % 4 == 1)
			client_send(victims[i], "*2\r\n$4\r\nECHO\r\n$1000000\r\nabc", SIZE_MAX);
		if (i % 4 == 2)
			client_send(victims[i], "*2\r\n$4\r\nECHO", SIZE_MAX);
		if (i % 4 == 3) {
			traffic_push(&stuck[i], 0);
			ck_assert(client_readable(victims[i], DEADLINE_MS));
		}
		expect(killers[i % 4], ":1", "CLIENT", "KILL", "ID", id, NULL);
		ck_assert_uint_lt(drain_until_closed(victims[i]), 1000 * (size_t)MEGABYTE);
		expect_eventually(killers[i / 4], ":0", "CLIENT", "KILL", "ID", id, NULL);
		traffic_free(&stuck[i]);
	}
	wait_until(info_number(killers[0], "connected_clients") == 4);
	clients_close(victims, COUNT);
	clients_close(killers, 4);
	server_stop(server);
}
END_TEST

START_TEST(churn_leaves_nothing_behind)
{
	enum { ROUNDS = 50, AT_ONCE = 100 };
	struct server *server = server_start(NULL);
	struct client *c = client_open(server, 2);
	long long received = info_number(c, "total_connections_received");
	long long memory;
	size_t files;

	clients_close(clients_open(server, AT_ONCE), AT_ONCE);
	wait_until(info_number(c, "connected_clients") == 1);
	memory = info_number(c, "used_memory");
	files = server_files(server);
	for (int round = 0; round < ROUNDS; round++) {
		struct client **clients = clients_open(server, AT_ONCE);

		for (size_t i = 0; i < AT_ONCE; i += 3) /* some go in the middle of something */
			client_send(clients[i], i % 2 == 0 ? "*2\r\n$4\r\nECHO\r\n$99999\r\nx" : "CLIENT LIST\r\nQ",
				    SIZE_MAX);
		clients_close(clients, AT_ONCE);
	}
	wait_until(info_number(c, "connected_clients") == 1);
	ck_assert_int_eq(info_number(c, "total_connections_received"), received + (ROUNDS + 1) * AT_ONCE);
	wait_until(server_files(server) == files);
	/* What clients hold is summed ten times a second. */
	wait_until(is_sanitized() || info_number(c, "used_memory") < memory + MEGABYTE);
	server_stop(server);
}
END_TEST

START_TEST(clients_are_spread_evenly)
{
	enum { CLIENTS = 1000, THREADS = 4 };
	struct server *server = server_start("--threads", "4", NULL);
	struct client **clients = clients_open(server, CLIENTS);
	char field[32];

	for (int thread = 0; thread < THREADS; thread++) {
		snprintf(field, sizeof(field), "thread%d_clients", thread);
		ck_assert_int_ge(info_number(clients[0], field), CLIENTS / THREADS * 9 / 10);
		ck_assert_int_le(info_number(clients[0], field), CLIENTS / THREADS * 11 / 10);
	}
	clients_close(clients, CLIENTS);
	server_stop(server);
}
END_TEST

/* --- addresses ---------------------------------------------------------------------------------------------------- */

/* Whether one can bind to this address here. */
static bool address_is_here(const char *address)
{
	struct sockaddr_in6 v6 = {.sin6_family = AF_INET6};
	struct sockaddr_in v4 = {.sin_family = AF_INET};
	bool is_v4 = inet_pton(AF_INET, address, &v4.sin_addr) == 1;
	struct sockaddr *at = is_v4 ? (struct sockaddr *)&v4 : (struct sockaddr *)&v6;
	int fd = socket(is_v4 ? AF_INET : AF_INET6, SOCK_STREAM, 0);
	bool here;

	if (!is_v4)
		ck_assert_int_eq(inet_pton(AF_INET6, address, &v6.sin6_addr), 1);
	here = fd >= 0 && bind(fd, at, is_v4 ? sizeof(v4) : sizeof(v6)) == 0;
	if (fd >= 0)
		close(fd);
	return here;
}

static void expect_served_at(struct server *server, const char *address)
{
	struct client *c = client_open_at(server, address, address[0] == '/' ? 0 : server->port);

	ck_assert_msg(c != NULL, "%s: %s", address, strerror(errno));
	expect(c, "+PONG", "PING", NULL);
	client_close(c);
}

#define NOWHERE "203.0.113.77" /* of a block kept for documentation: RFC 5737 */

START_TEST(several_addresses)
{
	struct server *server;
	struct client *c;

	if (!address_is_here("::1"))
		return;
	server = server_start("--bind", "127.0.0.1 ::1", NULL);
	expect_served_at(server, "127.0.0.1");
	expect_served_at(server, "::1");
	c = client_open_at(server, "::1", server->port);
	expect_like(c, "*addr=[::1]:* laddr=[::1]:* *", "CLIENT", "INFO", NULL);
	server_stop(server);
	server = server_start("--bind", "::1", NULL);
	expect_served_at(server, "::1");
	ck_assert_ptr_null(client_open_at(server, "127.0.0.1", server->port));
	server_stop(server);
}
END_TEST

START_TEST(every_address)
{
	struct server *server = server_start("--bind", "* -::*", NULL);

	expect_served_at(server, "127.0.0.1");
	if (address_is_here("::1"))
		expect_served_at(server, "::1");
	server_stop(server);
}
END_TEST

START_TEST(absent_addresses)
{
	struct server *server;
	char output[4096];
	int status;

	if (address_is_here(NOWHERE))
		return;
	server = server_start("--bind", "127.0.0.1 -" NOWHERE, NULL);
	expect_served_at(server, "127.0.0.1");
	server_stop(server);
	status = server_run(output, sizeof(output), "--port", "0", "--bind", "127.0.0.1 " NOWHERE, NULL);
	ck_assert_msg(WIFEXITED(status) && WEXITSTATUS(status) == 1, "wait status %d", status);
	ck_assert_msg(text_like("*cannot listen on " NOWHERE "*", output), "%s", output);
	status = server_run(output, sizeof(output), "--port", "0", "--bind", "-" NOWHERE, NULL);
	ck_assert_msg(WIFEXITED(status) && WEXITSTATUS(status) == 1, "wait status %d", status);
	status = server_run(output, sizeof(output), "--port", "0", "--bind", "no.such.address.invalid", NULL);
	ck_assert_msg(WIFEXITED(status) && WEXITSTATUS(status) == 1, "wait status %d", status);
	ck_assert_msg(text_like("*cannot listen on no.such.address.invalid*", output), "%s", output);
}
END_TEST

START_TEST(address_in_use)
{
	struct server *server = server_start(NULL);
	char output[4096], port[16], pattern[128];
	int status;

	snprintf(port, sizeof(port), "%d", server->port);
	snprintf(pattern, sizeof(pattern), "*cannot listen on 127.0.0.1 port %s: *in use*", port);
	status = server_run(output, sizeof(output), "--port", port, "--bind", "127.0.0.1", NULL);
	ck_assert_msg(WIFEXITED(status) && WEXITSTATUS(status) == 1, "wait status %d", status);
	ck_assert_msg(text_like(pattern, output), "%s", output);
	/* One that is in use is no absent one. */
	status = server_run(output, sizeof(output), "--port", port, "--bind", "-127.0.0.1", NULL);
	ck_assert_msg(WIFEXITED(status) && WEXITSTATUS(status) == 1, "wait status %d", status);
	expect_served_at(server, "127.0.0.1");
	server_stop(server);
}
END_TEST

START_TEST(port_zero_takes_a_free_one)
{
	struct server *one = server_start("--port", "0", NULL);
	struct server *other = server_start("--port", "0", NULL);
	struct client *c = client_open(one, 2);

	ck_assert_int_ne(one->port, other->port);
	ck_assert_int_eq(info_number(c, "tcp_port"), one->port);
	server_stop(one);
	server_stop(other);
}
END_TEST

/* --- unix sockets ------------------------------------------------------------------------------------------------- */

static void socket_path(char path[300], char directory[256])
{
	directory_make(directory);
	snprintf(path, 300, "%s/s", directory);
}

START_TEST(unix_socket)
{
	char path[300], directory[256], pattern[700];
	struct server *server;
	struct client *c;
	struct stat info;

	socket_path(path, directory);
	server = server_start_in(directory, "--unixsocket", path, "--unixsocketperm", "600", NULL);
	ck_assert_int_eq(stat(path, &info), 0);
	ck_assert(S_ISSOCK(info.st_mode));
	ck_assert_int_eq(info.st_mode & 0777, 0600);
	expect_served_at(server, path);
	expect_served_at(server, "127.0.0.1");
	c = client_open_at(server, path, 0);
	snprintf(pattern, sizeof(pattern), "*addr=%s:0 laddr=%s:0 * flags=U *", path, path);
	expect_like(c, pattern, "CLIENT", "INFO", NULL);
	server_stop(server);
	ck_assert_int_eq(stat(path, &info), -1);
}
END_TEST

START_TEST(unix_socket_alone)
{
	char path[300], directory[256];
	struct server *server;

	socket_path(path, directory);
	server = server_start_in(directory, "--bind", "", "--unixsocket", path, NULL);
	expect_served_at(server, path);
	server_stop(server);
}
END_TEST

static void stale_socket_make(const char *path)
{
	struct sockaddr_un at = {.sun_family = AF_UNIX};
	int fd = socket(AF_UNIX, SOCK_STREAM, 0);

	ck_assert_uint_lt(strlen(path), sizeof(at.sun_path));
	memcpy(at.sun_path, path, strlen(path) + 1);
	ck_assert_int_eq(bind(fd, (struct sockaddr *)&at, sizeof(at)), 0);
	close(fd);
}

START_TEST(stale_socket_is_replaced)
{
	char path[300], directory[256];
	struct server *server;

	socket_path(path, directory);
	stale_socket_make(path);
	server = server_start_in(directory, "--unixsocket", path, NULL);
	expect_served_at(server, path);
	/* One that was killed leaves its file, too. */
	server_signal(server, SIGKILL);
	server_wait(server);
	server_stop(server);
	server = server_start_in(directory, "--unixsocket", path, NULL);
	expect_served_at(server, path);
	server_stop(server);
}
END_TEST

START_TEST(foreign_files_are_left_alone)
{
	char path[300], directory[256], output[4096];
	struct server *server;
	char *text;
	int status;

	socket_path(path, directory);
	server = server_start_in(directory, "--unixsocket", path, NULL);
	status = server_run(output, sizeof(output), "--bind", "", "--unixsocket", path, NULL);
	ck_assert_msg(WIFEXITED(status) && WEXITSTATUS(status) == 1, "wait status %d", status);
	ck_assert_msg(text_like("*unixsocket *in use*", output), "%s", output);
	expect_served_at(server, path);
	server_stop(server);

	file_write(directory, "s", "precious");
	status = server_run(output, sizeof(output), "--bind", "", "--unixsocket", path, NULL);
	ck_assert_msg(WIFEXITED(status) && WEXITSTATUS(status) == 1, "wait status %d", status);
	text = file_read(directory, "s");
	ck_assert_str_eq(text, "precious");
	free(text);
}
END_TEST

/* --- protected mode ----------------------------------------------------------------------------------------------- */

/* An IPv4 address of this machine that is not a loopback one; false when there is none. */
static bool outer_address(char text[INET_ADDRSTRLEN])
{
	struct ifaddrs *all = NULL;
	bool found = false;

	ck_assert_int_eq(getifaddrs(&all), 0);
	for (struct ifaddrs *at = all; at != NULL && !found; at = at->ifa_next) {
		struct sockaddr_in v4;

		if (at->ifa_addr == NULL || at->ifa_addr->sa_family != AF_INET || (at->ifa_flags & IFF_LOOPBACK) ||
		    !(at->ifa_flags & IFF_UP))
			continue;
		memcpy(&v4, at->ifa_addr, sizeof(v4));
		found = inet_ntop(AF_INET, &v4.sin_addr, text, INET_ADDRSTRLEN) != NULL;
	}
	freeifaddrs(all);
	return found;
}

START_TEST(protected_mode)
{
	char address[INET_ADDRSTRLEN], bind_to[64];
	struct server *server;
	struct client *c, *outer;

	if (!outer_address(address))
		return;
	snprintf(bind_to, sizeof(bind_to), "127.0.0.1 %s", address);
	server = server_start("--bind", bind_to, NULL);
	c = client_open(server, 2);
	outer = client_open_at(server, address, server->port);
	ck_assert_msg(outer != NULL, "%s: %s", address, strerror(errno));
	ck_assert_msg(text_like("-DENIED *protected mode*", client_reply(outer)), "%s", address);
	expect_closed(outer);
	expect(c, "+OK", "CONFIG", "SET", "protected-mode", "no", NULL);
	expect_served_at(server, address);
	expect(c, "+OK", "CONFIG", "SET", "protected-mode", "yes", "requirepass", "secret", NULL);
	outer = client_open_at(server, address, server->port);
	expect(outer, "-NOAUTH Authentication required.", "PING", NULL);
	expect(outer, "+OK", "AUTH", "secret", NULL);
	expect(outer, "+PONG", "PING", NULL);
	server_stop(server);
}
END_TEST

Suite *network_suite(void)
{
	Suite *suite = suite_create("network");
	TCase *pipelines = shared_case(suite, "pipelines");
	TCase *values = alone_case(suite, "large values");
	TCase *readers = alone_case(suite, "slow readers");
	TCase *deadlines = alone_case(suite, "deadlines");
	TCase *ends = shared_case(suite, "ends of connections");
	TCase *half_closed = alone_case(suite, "half-closed clients");
	TCase *many = alone_case(suite, "many connections");
	TCase *addresses = alone_case(suite, "addresses");

	tcase_add_loop_test(pipelines, ten_thousand_at_once, 2, 4);
	tcase_add_loop_test(pipelines, one_byte_at_a_time, 2, 4);
	tcase_add_loop_test(pipelines, random_cuts, 2, 4);
	tcase_add_loop_test(pipelines, values_cut_anywhere, 2, 4);
	tcase_add_loop_test(pipelines, inline_commands, 2, 4);
	tcase_add_loop_test(pipelines, several_large_values_in_one_command, 2, 4);

	tcase_add_loop_test(values, hundred_megabytes_come_back, 2, 4);
	tcase_add_test(values, value_is_overwritten_while_it_is_sent);

	tcase_add_loop_test(readers, batch_stops_ahead_of_inline_commands, 2, 4);
	tcase_add_loop_test(readers, client_that_never_reads, 2, 4);
	tcase_add_test(readers, small_replies_never_read);
	tcase_add_test(readers, waiting_replies_are_counted);
	tcase_add_loop_test(readers, little_is_run_ahead_of_the_reader, 2, 4);
	tcase_add_loop_test(readers, value_larger_than_the_backlog, 2, 4);

	tcase_add_test(deadlines, progress_of_a_reader_counts);
	tcase_add_test(deadlines, who_is_closed_at_the_deadline);
	tcase_add_test(deadlines, deadline_is_changed_for_those_connected);
	tcase_add_test(deadlines, deadline_is_lifted_for_those_connected);

	tcase_add_loop_test(ends, half_closed_client_gets_its_reply, 2, 4);
	tcase_add_loop_test(ends, quit_drops_what_follows, 2, 4);
	tcase_add_loop_test(ends, quit_behind_a_long_reply, 2, 4);

	tcase_add_loop_test(half_closed, half_closed_client_gets_long_replies, 0, 3);
	tcase_add_test(half_closed, half_closed_client_goes_before_its_replies);

	tcase_add_test(many, kill_reaches_every_thread);
	tcase_add_test(many, churn_leaves_nothing_behind);
	tcase_add_test(many, clients_are_spread_evenly);

	tcase_add_test(addresses, several_addresses);
	tcase_add_test(addresses, every_address);
	tcase_add_test(addresses, absent_addresses);
	tcase_add_test(addresses, address_in_use);
	tcase_add_test(addresses, port_zero_takes_a_free_one);
	tcase_add_test(addresses, unix_socket);
	tcase_add_test(addresses, unix_socket_alone);
	tcase_add_test(addresses, stale_socket_is_replaced);
	tcase_add_test(addresses, foreign_files_are_left_alone);
	tcase_add_test(addresses, protected_mode);
	return suite;
}
