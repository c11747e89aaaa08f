/* When replies leave, and the daemon ends, while the append-only file is synced. The disk is one that hangs or fails
 * for as long as a test wants (holdsync.c, preloaded). */
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "data_files.h"
#include "harness.h"
#include "suites.h"

#ifdef HOLDSYNC

enum {
	CLIENTS = 50,
	NOTHING_MS = 300, /* how long is waited for what must not come */
};

static const char refused_shutdown[] = "-ERR Errors trying to SHUTDOWN. Check logs.";

static char place[256]; /* where the file is that makes the disk hang */

/* From here on daemons have such a disk. */
static void preload(void)
{
	const char *options = getenv("ASAN_OPTIONS");
	char text[512];

	directory_make(place);
	snprintf(text, sizeof(text), "%s/hold", place);
	setenv("HOLDSYNC", text, 1);
	setenv("LD_PRELOAD", HOLDSYNC, 1);
	/* AddressSanitizer wants to be first; nothing of what it intercepts is lost when it is not. */
	snprintf(text, sizeof(text), "%s:verify_asan_link_order=0", options != NULL ? options : "");
	setenv("ASAN_OPTIONS", text, 1);
}

static struct server *start(const char *directory, const char *policy)
{
	preload();
	return server_start_in(directory, "--appendonly", "yes", "--appendfsync", policy, NULL);
}

static long long syncs(const char *what)
{
	char name[32];
	long long size;

	snprintf(name, sizeof(name), "hold.%s", what);
	size = data_size(place, name);
	return size < 0 ? 0 : size;
}

static void disk_hang(void)
{
	data_write_text(place, "hold", "");
}

static void disk_fail(void)
{
	data_write_text(place, "hold.fail", "");
}

static void disk_remove(const char *name)
{
	char path[300];

	snprintf(path, sizeof(path), "%s/%s", place, name);
	ck_assert_int_eq(unlink(path), 0);
}

static void disk_go_on(void)
{
	disk_remove("hold");
}

static void disk_recover(void)
{
	disk_remove("hold.fail");
}

/* Sends a write and waits until its sync has begun, which hangs. */
static void write_and_hang(struct client *c)
{
	long long begun;

	wait_until(syncs("begun") == syncs("ended"));
	begun = syncs("begun");
	disk_hang();
	client_send_command(c, "SET", "held", "1", NULL);
	wait_until(syncs("begun") > begun);
}

START_TEST(replies_come_after_their_sync)
{
	char directory[256];
	struct server *server;
	struct client *c;
	long long ended;

	directory_make(directory);
	server = start(directory, "always");
	c = client_open(server, _i);
	expect(c, "+OK", "SET", "first", "1", NULL);
	write_and_hang(c);
	ended = syncs("ended");
	ck_assert(!client_readable(c, NOTHING_MS));
	disk_go_on();
	expect_reply(c, "+OK");
	ck_assert_int_gt(syncs("ended"), ended);
	server_stop(server);
}
END_TEST

/* No loop waits for the disk: new clients come, and commands are run, while their replies wait; one sync then serves
 * all that have come meanwhile. And what was answered is there, even if the daemon dies at that moment. */
START_TEST(others_are_served_meanwhile)
{
	char directory[256], key[32];
	struct server *server;
	struct client *c, *late, **clients;
	long long ended;

	directory_make(directory);
	server = start(directory, "always");
	c = client_open(server, 2);
	clients = clients_open(server, CLIENTS);
	write_and_hang(c);
	ended = syncs("ended");
	for (int i = 0; i < CLIENTS; i++) {
		snprintf(key, sizeof(key), "key:%d", i);
		client_send_command(clients[i], "SET", key, "1", NULL);
	}
	late = client_open(server, 2);
	client_send_command(late, "DEBUG", "LOG", "is served meanwhile", NULL);
	server_log_wait(server, "is served meanwhile");
	ck_assert(!client_readable(late, NOTHING_MS)); /* what it is told may not be on the disk */
	for (int i = 0; i < CLIENTS; i++)
		ck_assert(!client_readable(clients[i], 0));
	disk_go_on();
	expect_reply(late, "+OK");
	for (int i = 0; i < CLIENTS; i++)
		expect_reply(clients[i], "+OK");
	ck_assert_int_le(syncs("ended") - ended, 5);
	server_signal(server, SIGKILL);
	server_wait(server);
	server_stop(server);
	server = start(directory, "always");
	c = client_open(server, 2);
	expect(c, ":51", "DBSIZE", NULL);
	server_stop(server);
}
END_TEST

/* Under the other policies nobody waits. */
START_TEST(everysec_does_not_wait)
{
	char directory[256];
	struct server *server;
	struct client *c;
	long long begun;

	directory_make(directory);
	server = start(directory, "everysec");
	c = client_open(server, 2);
	wait_until(syncs("begun") == syncs("ended"));
	begun = syncs("begun");
	disk_hang();
	expect(c, "+OK", "SET", "a", "1", NULL);
	wait_until(syncs("begun") > begun); /* a second later */
	expect(c, "+OK", "SET", "a", "2", NULL);
	expect(c, "$2", "GET", "a", NULL);
	disk_go_on();
	server_stop(server);
}
END_TEST

/* --- the end ------------------------------------------------------------------------------------------------------ */

static void expect_end(struct server *server)
{
	int status = server_wait(server);

	ck_assert_msg(WIFEXITED(status) && WEXITSTATUS(status) == 0, "wait status %d", status);
	server_stop(server);
}

/* The key is there when the daemon is started again. */
static void expect_kept(const char *directory, const char *key, const char *reply)
{
	struct server *server = start(directory, "everysec");

	expect(client_open(server, 2), reply, "GET", key, NULL);
	server_stop(server);
}

/* The clients are not waited for, the disk is. */
START_TEST(held_replies_leave_before_the_end)
{
	static const char *const words[][2] = {{"NOW", NULL}, {"NOW", "NOSAVE"}, {"NOW", "FORCE"}};
	char directory[256];
	struct server *server;
	struct client *c, *asking;

	directory_make(directory);
	server = start(directory, "always");
	c = client_open(server, 2);
	asking = client_open(server, 2);
	expect(c, "+OK", "SET", "first", "1", NULL);
	write_and_hang(c);
	client_send_command(asking, "SHUTDOWN", words[_i][0], words[_i][1], NULL);
	server_log_wait(server, "\"msg\":\"shutting down\"");
	ck_assert(!client_readable(c, NOTHING_MS));
	ck_assert(!client_readable(asking, 0));
	disk_go_on();
	expect_reply(c, "+OK");
	expect_closed(c);
	expect_closed(asking);
	expect_end(server);
	expect_kept(directory, "held", "$1");
}
END_TEST

/* What is written will never be synced. */
static void write_and_fail(struct client *c)
{
	disk_fail();
	expect(c, "+OK", "SET", "a", "1", NULL);
}

static void begin_shutdown(struct server *server, struct client *c, int way)
{
	if (way == 2)
		server_signal(server, SIGTERM);
	else
		client_send_command(c, "SHUTDOWN", "NOW", way == 0 ? NULL : "NOSAVE", NULL);
}

START_TEST(a_sync_that_fails_keeps_it_alive)
{
	char directory[256];
	struct server *server;
	struct client *c;

	directory_make(directory);
	server = start(directory, "everysec");
	c = client_open(server, 2);
	write_and_fail(c);
	begin_shutdown(server, c, _i);
	if (_i == 2)
		client_close(c);
	else
		expect_reply(c, refused_shutdown);
	server_log_wait(server, "\"msg\":\"cannot save the data: not shutting down");
	ck_assert_uint_eq(server_log_count(server, "the append-only file does not have everything\",\"error"), 1);
	if (_i == 2)
		wait_until((c = client_open_at(server, "127.0.0.1", server->port)) != NULL);
	expect(c, "$1", "GET", "a", NULL);
	expect_like(c, "-MISCONF *", "SET", "a", "2", NULL);
	disk_recover();
	expect_eventually(c, "+OK", "SET", "a", "3", NULL);
	client_send_command(c, "SHUTDOWN", "NOW", NULL);
	expect_closed(c);
	expect_end(server);
	expect_kept(directory, "a", "$3");
}
END_TEST

START_TEST(who_insists_ends_it_all_the_same)
{
	char directory[256];
	struct server *server;
	struct client *c;

	directory_make(directory);
	server = start(directory, "everysec");
	c = client_open(server, 2);
	write_and_fail(c);
	if (_i == 0) {
		client_send_command(c, "SHUTDOWN", "NOW", "FORCE", NULL);
	} else {
		client_close(c);
		server_signal(server, SIGTERM);
		server_log_wait(server, "\"msg\":\"cannot save the data: not shutting down");
		server_signal(server, SIGINT);
	}
	expect_end(server);
	disk_recover();
}
END_TEST

/* Else a start would find nothing, or what was there when the file was last on. */
START_TEST(the_first_base_is_waited_for)
{
	char directory[256];
	struct server *server;
	struct client *c;
	long long begun;

	directory_make(directory);
	preload();
	server = server_start_in(directory, "--appendonly", "no", NULL);
	c = client_open(server, 2);
	expect(c, "+OK", "SET", "a", "1", NULL);
	begun = syncs("begun");
	disk_hang();
	expect(c, "+OK", "CONFIG", "SET", "appendonly", "yes", NULL);
	wait_until(syncs("begun") > begun);
	client_send_command(c, "SHUTDOWN", "NOW", NULL);
	server_log_wait(server, "\"msg\":\"shutting down\"");
	ck_assert(!client_readable(c, NOTHING_MS));
	disk_go_on();
	expect_closed(c);
	expect_end(server);
	expect_kept(directory, "a", "$1");
}
END_TEST

START_TEST(a_first_base_that_fails_keeps_it_alive)
{
	char directory[256];
	struct server *server;
	struct client *c;

	directory_make(directory);
	preload();
	server = server_start_in(directory, "--appendonly", "no", NULL);
	c = client_open(server, 2);
	expect(c, "+OK", "SET", "a", "1", NULL);
	disk_fail();
	expect(c, "+OK", "CONFIG", "SET", "appendonly", "yes", NULL);
	expect(c, refused_shutdown, "SHUTDOWN", "NOW", NULL);
	ck_assert_uint_eq(server_log_count(server, "the append-only file does not have its first base"), 1);
	disk_recover();
	expect(c, "+OK", "CONFIG", "SET", "appendonly", "no", NULL);
	client_send_command(c, "SHUTDOWN", "NOW", NULL);
	expect_closed(c);
	expect_end(server);
}
END_TEST

/* What is written while the old file is being closed is in none; WAITAOF says so, and INFO that a base is to come. */
START_TEST(off_and_on_again_promises_nothing_at_once)
{
	char directory[256];
	struct server *server;
	struct client *c, *other;

	directory_make(directory);
	server = start(directory, "everysec");
	c = client_open(server, _i);
	other = client_open(server, 2);
	expect(c, "+OK", "SET", "first", "1", NULL);
	expect(c, "[ :1 :0 ]", "WAITAOF", "1", "0", "0", NULL);
	disk_hang();
	expect(other, "+OK", "SET", "second", "1", NULL);
	expect(other, "+OK", "CONFIG", "SET", "appendonly", "no", NULL);
	server_log_wait(server, "ends here and is left as it is");
	expect(other, "+OK", "CONFIG", "SET", "appendonly", "yes", NULL);
	expect(c, "+OK", "SET", "third", "1", NULL);
	expect(c, "[ :0 :0 ]", "WAITAOF", "1", "0", "50", NULL);
	ck_assert_int_eq(info_number(other, "aof_rewrite_scheduled"), 1);
	disk_go_on();
	expect(c, "[ :1 :0 ]", "WAITAOF", "1", "0", "0", NULL);
	wait_until(info_number(other, "aof_rewrite_scheduled") == 0);
	server_signal(server, SIGKILL);
	server_wait(server);
	server = start(directory, "everysec");
	expect(client_open(server, 2), "$1", "GET", "third", NULL);
	server_stop(server);
}
END_TEST

#endif

Suite *aof_replies_suite(void)
{
	Suite *suite = suite_create("aof_replies");
#ifdef HOLDSYNC
	TCase *alone = alone_case(suite, "a disk that hangs");
	TCase *end = alone_case(suite, "the end");

	tcase_add_loop_test(alone, replies_come_after_their_sync, 2, 4);
	tcase_add_test(alone, others_are_served_meanwhile);
	tcase_add_test(alone, everysec_does_not_wait);
	tcase_add_loop_test(alone, off_and_on_again_promises_nothing_at_once, 2, 4);

	tcase_add_loop_test(end, held_replies_leave_before_the_end, 0, 3);
	tcase_add_loop_test(end, a_sync_that_fails_keeps_it_alive, 0, 3);
	tcase_add_loop_test(end, who_insists_ends_it_all_the_same, 0, 2);
	tcase_add_test(end, the_first_base_is_waited_for);
	tcase_add_test(end, a_first_base_that_fails_keeps_it_alive);
#endif
	return suite;
}
