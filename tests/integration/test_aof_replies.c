/* When replies leave while the append-only file is synced. The disk is one that hangs for as long as a test wants
 * (holdsync.c, preloaded). */
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "data_files.h"
#include "harness.h"
#include "suites.h"

#ifdef HOLDSYNC

enum {
	CLIENTS = 50,
	NOTHING_MS = 300, /* how long is waited for what must not come */
};

static char place[256]; /* where the file is that makes the disk hang */

static struct server *start(const char *directory, const char *policy)
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

static void disk_go_on(void)
{
	char path[300];

	snprintf(path, sizeof(path), "%s/hold", place);
	ck_assert_int_eq(unlink(path), 0);
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

#endif

Suite *aof_replies_suite(void)
{
	Suite *suite = suite_create("aof_replies");
#ifdef HOLDSYNC
	TCase *alone = alone_case(suite, "a disk that hangs");

	tcase_add_loop_test(alone, replies_come_after_their_sync, 2, 4);
	tcase_add_test(alone, others_are_served_meanwhile);
	tcase_add_test(alone, everysec_does_not_wait);
#endif
	return suite;
}
