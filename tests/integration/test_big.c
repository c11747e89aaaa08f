/* Big things that one client does, KEYS and FLUSHALL of many keys, values of a hundred megabytes, and the others, which
 * do not wait for it. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

#include "harness.h"
#include "suites.h"
#include "traffic.h"

enum {
	KEYS = 200000, /* KEYS of them takes a good many turns of a loop */
	AT_A_TIME = 1000,
	BIG = 100 * MEGABYTE,
};

/* "key:0" to "key:199999", each with this time to live in seconds if it is not 0. */
static void fill(struct client *c, int ttl)
{
	char *text = malloc(AT_A_TIME * 80);
	char *replies = text_repeat("+OK\r\n", AT_A_TIME);

	ck_assert_ptr_nonnull(text);
	for (int i = 0; i < KEYS; i += AT_A_TIME) {
		size_t len = 0;

		for (int j = i; j < i + AT_A_TIME; j++) {
			if (ttl > 0)
				len += (size_t)snprintf(text + len, 80, "SET key:%d some-value EX %d\r\n", j, ttl);
			else
				len += (size_t)snprintf(text + len, 80, "SET key:%d some-value\r\n", j);
		}
		client_send(c, text, len);
		bytes_expect(c, replies, strlen(replies));
	}
	free(text);
	free(replies);
}

/* What a lister asks for: the echo is the end of what comes, however many keys there are. */
static const char keys_request[] = "KEYS *\r\nECHO the-end\r\n";

/* Whether the bytes end with `end`. */
static bool ends_with(const char *bytes, size_t len, const char *end)
{
	return len >= strlen(end) && memcmp(bytes + len - strlen(end), end, strlen(end)) == 0;
}

/* The next replies are those of keys_request. Returns how many keys were listed. Nothing that the client has received
 * may be unread; a reply of so many items is no task for a reader of replies that starts again with each piece. */
static size_t count_listed(struct client *c)
{
	enum { ROOM = 32 * KEYS };
	char *bytes = malloc(ROOM);
	size_t len = 0, count = 0;

	ck_assert_ptr_nonnull(bytes);
	while (!ends_with(bytes, len, "\r\n$7\r\nthe-end\r\n")) {
		ssize_t got;

		ck_assert(client_readable(c, DEADLINE_MS));
		got = recv(client_fd(c), bytes + len, ROOM - len, 0);
		ck_assert_int_gt(got, 0);
		len += (size_t)got;
	}
	for (size_t i = 0; i < len; i++)
		count += bytes[i] == '$';
	ck_assert_int_eq(bytes[0], '*');
	ck_assert_uint_eq(strtoul(bytes + 1, NULL, 10), count - 1);
	free(bytes);
	return count - 1;
}

static struct server *server;
static struct client *lister, *other;

static void begin(void)
{
	server = server_start(NULL);
	lister = client_open(server, 2);
	other = client_open(server, 2);
	fill(other, 0);
}

/* --- KEYS -------------------------------------------------------------------------------------------------------- */

/* How often all of the clients are served while one KEYS runs. */
static size_t served_during_keys(struct client **clients, size_t count)
{
	size_t served = 0;

	client_send(lister, keys_request, SIZE_MAX);
	while (!client_readable(lister, 0)) {
		for (size_t i = 0; i < count; i++)
			expect(clients[i], "$some-value", "GET", "key:77", NULL);
		served++;
	}
	ck_assert_uint_eq(count_listed(lister), KEYS);
	return served;
}

/* Had they to wait, it would be once or twice. On a busy machine this process may itself stand still while KEYS runs:
 * then the next one tells. */
START_TEST(others_are_served_while_keys_runs)
{
	struct client **clients;

	begin();
	clients = clients_open(server, 8); /* some of them of the lister's thread */
	wait_until(served_during_keys(clients, 8) > 2);
	clients_close(clients, 8);
	server_stop(server);
}
END_TEST

START_TEST(what_stands_behind_keys_waits)
{
	begin();
	client_send(lister, keys_request, SIZE_MAX);
	ck_assert_uint_eq(count_listed(lister), KEYS);
	client_send(lister, "DEL key:1\r\nKEYS key:1234*\r\nPING\r\n", SIZE_MAX);
	expect_reply(lister, ":1");
	expect_like(lister, "[ $key:1234* ]", "DBSIZE", NULL);
	expect_reply(lister, "+PONG");
	expect_reply(lister, ":199999");
	server_stop(server);
}
END_TEST

START_TEST(many_list_at_once)
{
	struct client **listers;

	begin();
	listers = clients_open(server, 6);
	for (size_t i = 0; i < 6; i++)
		client_send(listers[i], keys_request, SIZE_MAX);
	for (size_t i = 0; i < 6; i++)
		ck_assert_uint_eq(count_listed(listers[i]), KEYS);
	clients_close(listers, 6);
	server_stop(server);
}
END_TEST

START_TEST(a_lister_may_be_killed_or_go)
{
	char id[32];

	begin();
	snprintf(id, sizeof(id), "%lld", client_id(lister));
	client_send(lister, "KEYS *\r\n", SIZE_MAX);
	expect(other, ":1", "CLIENT", "KILL", "ID", id, NULL);
	expect_closed(lister);
	for (int i = 0; i < 5; i++) {
		struct client *passing = client_open(server, 2);

		client_send(passing, "KEYS *\r\nKEYS *\r\n", SIZE_MAX);
		client_close(passing);
	}
	expect(other, "$some-value", "GET", "key:77", NULL);
	client_close(lister);
	wait_until(info_number(other, "connected_clients") == 1);
	server_stop(server);
}
END_TEST

START_TEST(a_shutdown_does_not_wait_for_keys)
{
	begin();
	for (int i = 0; i < 4; i++)
		client_send(client_open(server, 2), "KEYS *\r\nKEYS *\r\nKEYS *\r\n", SIZE_MAX);
	client_send_command(other, "SHUTDOWN", "NOW", NULL);
	ck_assert_int_eq(server_wait(server), 0);
	server_stop(server);
}
END_TEST

START_TEST(a_flush_may_come_between)
{
	begin();
	client_send(lister, keys_request, SIZE_MAX);
	expect(other, "+OK", "FLUSHALL", NULL);
	ck_assert_uint_le(count_listed(lister), KEYS);
	expect(lister, ":0", "DBSIZE", NULL);
	server_stop(server);
}
END_TEST

/* --- FLUSHALL ---------------------------------------------------------------------------------------------------- */

START_TEST(a_flush_gives_everything_back)
{
	static const char *const words[] = {"SYNC", "ASYNC"};
	struct client *c;
	long long before;

	server = server_start(NULL);
	c = client_open(server, 2);
	before = info_number(c, "used_memory");
	for (int i = 0; i < 2; i++) {
		fill(c, 1000);
		expect(c, ":1", "DEL", "key:5", NULL);
		expect(c, ":1", "PERSIST", "key:6", NULL);
		expect(c, ":1", "PEXPIRE", "key:7", "-1", NULL);
		expect(c, "+OK", "FLUSHALL", words[i], NULL);
		expect(c, ":0", "DBSIZE", NULL);
		ck_assert(!info_has(c, "db0"));
		wait_until(info_number(c, "lazyfree_pending_objects") == 0);
		ck_assert_int_eq(info_number(c, "used_memory_dataset"), 0);
		expect_below(c, "used_memory", before + 4 * MEGABYTE);
	}
	expect(c, "+OK", "SET", "last", "one", "PX", "20", NULL);
	expect_eventually(c, ":0", "DBSIZE", NULL);
	server_stop(server);
}
END_TEST

/* --- a hundred megabytes ----------------------------------------------------------------------------------------- */

START_TEST(a_big_value_is_given_back)
{
	char *value = value_make(BIG, 1);
	struct client *c, *reader;
	long long before;

	server = server_start(NULL);
	c = client_open(server, 2);
	reader = client_open(server, 2);
	before = info_number(c, "used_memory");
	for (int i = 0; i < 3; i++)
		value_set(c, "big", value, BIG);
	expect(c, ":104857600", "STRLEN", "big", NULL);
	client_send_command(reader, "GET", "big", NULL);
	ck_assert(client_readable(reader, DEADLINE_MS));
	expect(c, ":1", "DEL", "big", NULL);
	value_expect(reader, value, BIG); /* who drops the last reference is the sender */
	if (!is_sanitized())
		wait_until(info_number(c, "used_memory") < before + 4 * MEGABYTE);
	free(value);
	server_stop(server);
}
END_TEST

/* Who announces much and sends little gets little. */
START_TEST(claims_alone_cost_little)
{
	enum { CLIENTS = 50 };
	char *start = text_repeat("x", 300 * 1024);
	struct client **clients;
	long long before;

	server = server_start(NULL);
	clients = clients_open(server, CLIENTS);
	before = info_number(clients[0], "used_memory_rss");
	for (size_t i = 1; i < CLIENTS; i++) {
		client_send(clients[i], "*3\r\n$3\r\nSET\r\n$1\r\nk\r\n$500000000\r\n", SIZE_MAX);
		client_send(clients[i], start, SIZE_MAX);
	}
	wait_until(info_number(clients[0], "total_net_input_bytes") > (CLIENTS - 1) * 300 * 1024LL);
	expect_below(clients[0], "used_memory_rss", before + CLIENTS * 5LL * MEGABYTE);
	clients_close(clients, CLIENTS);
	free(start);
	server_stop(server);
}
END_TEST

/* 128 MB go to subscribers that have room for them all in the kernel: who asks meanwhile is answered again and again
 * before they are sent. Looks at how much has been sent, not at a clock. */
START_TEST(others_are_served_while_much_is_sent)
{
	enum { SUBSCRIBERS = 128, PORTION = MEGABYTE / 2, LOOKS = 500, WANTED = 8 };
	struct server *alone = server_start("--threads", "1", NULL);
	struct client **clients = clients_open(alone, SUBSCRIBERS);
	struct client *publisher = client_open(alone, 2);
	struct client *asking = client_open(alone, 2);
	char *message = calloc(1, MEGABYTE + 1);
	long long before, now;
	int found = 0;

	memset(message, 'm', MEGABYTE);
	for (size_t i = 0; i < SUBSCRIBERS; i++)
		expect(clients[i], "[ $subscribe $c :1 ]", "SUBSCRIBE", "c", NULL);
	before = info_number(asking, "total_net_output_bytes");
	client_send_command(publisher, "PUBLISH", "c", message, NULL);
	for (int i = 0; i < LOOKS && found < WANTED; i++) {
		now = info_number(asking, "total_net_output_bytes");
		found += now - before > PORTION;
		before = now;
	}
	ck_assert_int_eq(found, WANTED);
	expect_reply(publisher, ":128");
	clients_close(clients, SUBSCRIBERS);
	free(message);
	server_stop(alone);
}
END_TEST

Suite *big_suite(void)
{
	Suite *suite = suite_create("big");
	TCase *keys = alone_case(suite, "keys");
	TCase *flush = alone_case(suite, "flush");
	TCase *values = alone_case(suite, "values");

	tcase_add_test(keys, others_are_served_while_keys_runs);
	tcase_add_test(keys, what_stands_behind_keys_waits);
	tcase_add_test(keys, many_list_at_once);
	tcase_add_test(keys, a_lister_may_be_killed_or_go);
	tcase_add_test(keys, a_shutdown_does_not_wait_for_keys);
	tcase_add_test(keys, a_flush_may_come_between);
	tcase_add_test(flush, a_flush_gives_everything_back);
	tcase_add_test(values, a_big_value_is_given_back);
	tcase_add_test(values, claims_alone_cost_little);
	tcase_add_test(values, others_are_served_while_much_is_sent);
	return suite;
}
