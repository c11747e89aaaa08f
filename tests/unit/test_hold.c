/*
 * Replies that wait for the journal, with the test in the place of the append-only file. Each test runs with one worker
 * and with several.
 */
#include <pthread.h>
#include <sched.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>

#include "persist/journal.h"
#include "scratch.h"
#include "suites.h"
#include "workers.h"

enum { INPUT = 64 * 1024 };

static const int worker_counts[] = {1, 3};
enum { WORKER_COUNTS = sizeof(worker_counts) / sizeof(worker_counts[0]) };

START_TEST(a_reply_waits_for_its_position)
{
	int fd;

	workers_start(worker_counts[_i]);
	fd = client_connect();
	client_send(fd, "PING\r\n"); /* nothing has been written yet */
	client_expect(fd, "+PONG\r\n");
	client_send_held(fd, "SET a 1\r\n", 1);
	ck_assert_uint_gt(journal_position(), 0);
	journal_release(journal_position() - 1);
	workers_settle();
	client_expect_nothing(fd);
	workers_release();
	client_expect(fd, "+OK\r\n");
	client_send(fd, "GET a\r\n");
	client_expect(fd, "$1\r\n1\r\n");
	workers_stop();
}
END_TEST

START_TEST(who_reads_what_is_not_released_waits_too)
{
	int writer, other, third;

	workers_start(worker_counts[_i]);
	writer = client_connect();
	other = client_connect();
	third = client_connect();
	client_send_held(writer, "SET a 1\r\n", 1);
	client_send_held(other, "GET a\r\n", 1);
	client_send_held(third, "NOPE\r\n", 1);
	workers_release();
	client_expect(writer, "+OK\r\n");
	client_expect(other, "$1\r\n1\r\n");
	client_expect(third, "-ERR unknown command 'NOPE', with args beginning with: \r\n");
	workers_stop();
}
END_TEST

START_TEST(nothing_runs_behind_a_held_reply)
{
	int fd;
	uint64_t before;

	workers_start(worker_counts[_i]);
	fd = client_connect();
	client_send_held(fd, "SET a 1\r\nGET a\r\n", 2);
	before = workers_commands();
	client_send(fd, "SET a 2\r\nGET a\r\n");
	workers_await_input(16);
	workers_settle();
	ck_assert_uint_eq(workers_commands(), before);
	workers_release();
	client_expect(fd, "+OK\r\n$1\r\n1\r\n");
	workers_await_commands(before + 2);
	client_expect_nothing(fd);
	ck_assert_uint_eq(workers_input(), 0);
	workers_release();
	client_expect(fd, "+OK\r\n$1\r\n2\r\n");
	workers_stop();
}
END_TEST

/* A client that goes on sending is not read from without an end. */
START_TEST(little_is_read_from_who_is_held)
{
	enum { COMMANDS = 100000, LEN = 16 };
	static char text[COMMANDS * LEN];
	size_t sent = 0, answered = 0, most;
	char replies[4096];
	int fd;

	workers_start(worker_counts[_i]);
	fd = client_connect();
	for (size_t i = 0; i < COMMANDS; i++)
		snprintf(text + i * LEN, LEN, "SET k %08zu\n", i % 100000000);
	for (size_t i = 0; i < COMMANDS; i++)
		text[i * LEN + LEN - 1] = '\n';
	client_send_held(fd, "SET a 1\r\n", 1);
	while (sent < sizeof(text)) {
		ssize_t some = send(fd, text + sent, sizeof(text) - sent, MSG_DONTWAIT);

		if (some < 0 && workers_input() >= INPUT)
			break;
		sent += some > 0 ? (size_t)some : 0;
	}
	workers_settle();
	most = workers_input();
	ck_assert_uint_ge(most, INPUT);
	ck_assert_uint_le(most, 2 * INPUT);
	ck_assert_uint_lt(sent, sizeof(text));
	sent -= sent % LEN;
	while (answered < 5 * (1 + sent / LEN)) {
		ssize_t some = recv(fd, replies, sizeof(replies), MSG_DONTWAIT);

		ck_assert_int_ne(some, 0);
		answered += some > 0 ? (size_t)some : 0;
		workers_release();
	}
	workers_stop();
}
END_TEST

START_TEST(who_has_shut_its_side_gets_all_its_replies)
{
	int fd;

	workers_start(worker_counts[_i]);
	fd = client_connect();
	client_send_held(fd, "SET a 1\r\n", 1);
	client_send(fd, "INCR a\r\nGET a\r\nSET unfinis");
	ck_assert_int_eq(shutdown(fd, SHUT_WR), 0);
	workers_await_input(16);
	workers_settle();
	client_expect_nothing(fd);
	workers_release();
	client_expect(fd, "+OK\r\n");
	workers_await_commands(3);
	workers_settle();
	client_expect_nothing(fd);
	workers_release();
	client_expect(fd, ":2\r\n$1\r\n2\r\n");
	client_expect_end(fd);
	workers_await_clients(0);
	workers_stop();
}
END_TEST

START_TEST(the_last_reply_leaves_before_the_end)
{
	int fd;

	workers_start(worker_counts[_i]);
	fd = client_connect();
	client_send_held(fd, "SET a 1\r\nQUIT\r\n", 2);
	workers_release();
	client_expect(fd, "+OK\r\n+OK\r\n");
	client_expect_end(fd);
	workers_stop();
}
END_TEST

START_TEST(who_is_killed_gets_no_reply)
{
	int fd, killer;

	workers_start(worker_counts[_i]);
	fd = client_connect();
	killer = client_connect();
	client_send(fd, "CLIENT SETNAME x\r\n");
	client_expect(fd, "+OK\r\n");
	client_send_held(fd, "SET a 1\r\n", 1);
	client_send_held(killer, "CLIENT KILL TYPE normal\r\n", 1);
	client_expect_end(fd);
	workers_await_clients(1);
	workers_release();
	client_expect(killer, ":1\r\n");
	client_send(killer, "GET a\r\n");
	client_expect(killer, "$1\r\n1\r\n");
	workers_stop();
}
END_TEST

START_TEST(the_daemon_ends_though_replies_are_held)
{
	int first, second;

	workers_start(worker_counts[_i]);
	first = client_connect();
	second = client_connect();
	client_send_held(first, "SET a 1\r\n", 1);
	client_send_held(second, "MGET a a\r\n", 1);
	workers_stop();
}
END_TEST

START_TEST(what_is_released_last_still_leaves_at_the_end)
{
	int fd;

	workers_start(worker_counts[_i]);
	fd = client_connect();
	client_send_held(fd, "SET a 1\r\n", 1);
	atomic_store(&journal_positions.released, journal_position()); /* and no message is under way */
	workers_end();
	client_expect(fd, "+OK\r\n");
	client_expect_end(fd);
	workers_stop();
}
END_TEST

/* Without replies a client could go on writing faster than the disk. */
START_TEST(a_silent_writer_is_held)
{
	int fd;
	uint64_t before;

	workers_start(worker_counts[_i]);
	fd = client_connect();
	client_send_held(fd, "CLIENT REPLY OFF\r\nSET a 1\r\n", 2);
	before = workers_commands();
	client_send(fd, "SET a 2\r\nCLIENT REPLY ON\r\nGET a\r\n");
	workers_await_input(30);
	workers_settle();
	ck_assert_uint_eq(workers_commands(), before);
	workers_release();
	workers_await_commands(before + 3);
	client_expect_nothing(fd);
	workers_release();
	client_expect(fd, "+OK\r\n$1\r\n2\r\n");
	workers_stop();
}
END_TEST

START_TEST(a_silent_reader_is_not_held)
{
	int fd, writer;

	workers_start(worker_counts[_i]);
	fd = client_connect();
	writer = client_connect();
	client_send_held(writer, "SET a 1\r\n", 1);
	client_send_held(fd, "CLIENT REPLY OFF\r\n", 1);
	client_send_held(fd, "GET a\r\n", 1);
	client_send_held(fd, "GET a\r\n", 1);
	workers_stop();
}
END_TEST

/* Messages keep their place behind the replies, and one that comes later does not hold up those before. */
START_TEST(messages_stay_behind_replies)
{
	static const char message[] = ">3\r\n$7\r\nmessage\r\n$1\r\nc\r\n$1\r\nx\r\n";
	int fd, publisher;

	workers_start(worker_counts[_i]);
	fd = client_connect();
	publisher = client_connect();
	client_send(fd, "HELLO 3 SETNAME x\r\nSUBSCRIBE c\r\nECHO end\r\n");
	for (char last[5] = ""; strcmp(last, "end\r") != 0;) {
		memmove(last, last + 1, 3);
		ck_assert_int_eq(recv(fd, last + 3, 1, 0), 1);
	}
	client_expect(fd, "\n");
	client_send_held(fd, "SET a 1\r\n", 1);
	client_send_held(publisher, "PUBLISH c x\r\n", 1);
	client_expect_nothing(fd);
	workers_release();
	client_expect(publisher, ":1\r\n");
	client_expect(fd, "+OK\r\n");
	client_expect(fd, message);
	client_send_held(publisher, "SET b 1\r\nPUBLISH c x\r\n", 2);
	client_expect_nothing(fd);
	client_send_held(publisher, "", 0);
	workers_release();
	client_expect(fd, message);
	client_expect(publisher, "+OK\r\n:1\r\n");
	workers_stop();
}
END_TEST

START_TEST(a_transaction_waits_as_a_whole)
{
	int fd;

	workers_start(worker_counts[_i]);
	fd = client_connect();
	client_send_held(fd, "MULTI\r\nSET a 1\r\nSET b 2\r\nEXEC\r\n", 4);
	workers_release();
	client_expect(fd, "+OK\r\n+QUEUED\r\n+QUEUED\r\n*2\r\n+OK\r\n+OK\r\n");
	workers_stop();
}
END_TEST

START_TEST(a_wait_is_answered_behind_what_is_held)
{
	int fd;

	workers_start(worker_counts[_i]);
	fd = client_connect();
	client_send_held(fd, "SET a 1\r\nWAIT 1 1\r\n", 2);
	workers_release();
	client_expect(fd, "+OK\r\n:0\r\n");
	client_send(fd, "GET a\r\n");
	client_expect(fd, "$1\r\n1\r\n");
	workers_stop();
}
END_TEST

/* The disk is full: who has not written is not to suffer. */
START_TEST(in_trouble_only_writers_wait)
{
	int writer, other;

	workers_start(worker_counts[_i]);
	writer = client_connect();
	other = client_connect();
	client_send_held(writer, "SET a 1\r\n", 1);
	client_send_held(other, "GET a\r\n", 1);
	journal_stall(true);
	client_expect(other, "$1\r\n1\r\n");
	client_send(other, "GET a\r\n");
	client_expect(other, "$1\r\n1\r\n");
	workers_settle();
	client_expect_nothing(writer);
	journal_stall(false);
	client_send_held(other, "GET a\r\n", 1);
	workers_release();
	client_expect(writer, "+OK\r\n");
	client_expect(other, "$1\r\n1\r\n");
	client_send(writer, "GET a\r\n");
	client_expect(writer, "$1\r\n1\r\n");
	workers_stop();
}
END_TEST

/* A reply that the kernel does not take at once goes on as ever when it is released. */
START_TEST(large_replies_are_held)
{
	enum { LEN = 1000000 };
	static char value[LEN], got[LEN];
	char head[64];
	int fd;

	workers_start(worker_counts[_i]);
	fd = client_connect();
	memset(value, 'v', sizeof(value));
	snprintf(head, sizeof(head), "*3\r\n$3\r\nSET\r\n$1\r\na\r\n$%d\r\n", LEN);
	client_send(fd, head);
	for (size_t sent = 0; sent < LEN;)
		sent += (size_t)send(fd, value + sent, LEN - sent, 0);
	client_send_held(fd, "\r\nGET a\r\n", 2);
	workers_release();
	client_expect(fd, "+OK\r\n");
	client_send(fd, "SET b 1\r\n"); /* is held behind the rest, if it runs before that has gone */
	client_expect(fd, "$1000000\r\n");
	ck_assert_int_eq(recv(fd, got, LEN, MSG_WAITALL), LEN);
	ck_assert(memcmp(got, value, LEN) == 0);
	client_expect(fd, "\r\n");
	workers_await_commands(3);
	client_expect_nothing(fd);
	workers_release();
	client_expect(fd, "+OK\r\n");
	workers_stop();
}
END_TEST

/* --- everything at once ------------------------------------------------------------------------------------------- */

static _Atomic bool release_goes_on;

static void *release_always(void *unused)
{
	(void)unused;
	while (atomic_load(&release_goes_on)) {
		workers_release();
		sched_yield();
	}
	return NULL;
}

/* A batch of writes and reads; none of its replies has come before its last write was released. */
static void *write_and_read(void *arg)
{
	int fd = *(int *)arg;

	for (int i = 0; i < 2000; i++) {
		uint64_t before = journal_position();

		client_send(fd, "SET a 1\r\nINCR b\r\nSET a 1\r\n");
		client_expect(fd, "+OK\r\n:");
		ck_assert_uint_gt(journal_released(), before);
		for (char byte = 0; byte != '\n';)
			ck_assert_int_eq(recv(fd, &byte, 1, 0), 1);
		client_expect(fd, "+OK\r\n");
	}
	return NULL;
}

START_TEST(no_release_is_missed)
{
	enum { WRITERS = 8 };
	pthread_t writers[WRITERS], releaser;
	int fds[WRITERS];

	workers_start(worker_counts[_i]);
	atomic_store(&release_goes_on, true);
	pthread_create(&releaser, NULL, release_always, NULL);
	for (int i = 0; i < WRITERS; i++) {
		fds[i] = client_connect();
		pthread_create(&writers[i], NULL, write_and_read, &fds[i]);
	}
	for (int i = 0; i < WRITERS; i++)
		pthread_join(writers[i], NULL);
	client_send(fds[0], "GET b\r\n");
	client_expect(fds[0], "$5\r\n16000\r\n");
	atomic_store(&release_goes_on, false);
	pthread_join(releaser, NULL);
	workers_stop();
}
END_TEST

Suite *hold_suite(void)
{
	const TTest *const tests[] = {
		a_reply_waits_for_its_position,
		who_reads_what_is_not_released_waits_too,
		nothing_runs_behind_a_held_reply,
		little_is_read_from_who_is_held,
		who_has_shut_its_side_gets_all_its_replies,
		the_last_reply_leaves_before_the_end,
		who_is_killed_gets_no_reply,
		the_daemon_ends_though_replies_are_held,
		what_is_released_last_still_leaves_at_the_end,
		a_silent_writer_is_held,
		a_silent_reader_is_not_held,
		messages_stay_behind_replies,
		a_transaction_waits_as_a_whole,
		a_wait_is_answered_behind_what_is_held,
		in_trouble_only_writers_wait,
		large_replies_are_held,
		no_release_is_missed,
	};
	Suite *suite = suite_create("hold");
	TCase *tcase = tcase_create("hold");

	tcase_add_checked_fixture(tcase, scratch_setup, scratch_teardown);
	for (size_t i = 0; i < sizeof(tests) / sizeof(tests[0]); i++)
		tcase_add_loop_test(tcase, tests[i], 0, WORKER_COUNTS);
	suite_add_tcase(suite, tcase);
	return suite;
}
