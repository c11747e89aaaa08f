/* While the data is loaded: what clients are told, what the log and a terminal show, and how it is broken off. The file
 * is small, and key-load-delay makes its loading last as long as the test wants. */
#if defined(__linux__) && !defined(_GNU_SOURCE)
#define _GNU_SOURCE /* posix_openpt */
#endif

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "data_files.h"
#include "harness.h"
#include "suites.h"

enum { KEYS = 5000 };

/* A directory with a file of so many keys: the kind says of which. */
enum kind { SNAPSHOT, BASE, COMMANDS, KINDS };

#define MANIFEST "appendonlydir/appendonly.aof.manifest"

static void make_snapshot(const char *directory, const char *name)
{
	struct bytes rdb;

	rdb_begin(&rdb);
	bytes_add(&rdb, "\xfa\x08used-mem\xc1\x39\x30", 13);
	for (int i = 0; i < KEYS; i++) {
		char key[32];

		snprintf(key, sizeof(key), "key:%d", i);
		rdb_key(&rdb, 0, key, "value");
	}
	rdb_end(&rdb);
	data_write(directory, name, &rdb);
}

static void make_commands(const char *directory, const char *name)
{
	struct bytes aof = {0};

	aof_add(&aof, "SELECT 0");
	for (int i = 1; i < KEYS; i++) {
		char command[64];

		snprintf(command, sizeof(command), "SET key:%d value", i);
		aof_add(&aof, command);
	}
	aof_add(&aof, "SET key:0 value");
	data_write(directory, name, &aof);
}

static void make_files(char directory[256], enum kind kind)
{
	directory_make(directory);
	if (kind == SNAPSHOT) {
		make_snapshot(directory, "dump.rdb");
	} else if (kind == BASE) {
		make_snapshot(directory, "appendonlydir/appendonly.aof.1.base.rdb");
		data_write_text(directory, MANIFEST, "file appendonly.aof.1.base.rdb seq 1 type b\n");
	} else {
		make_commands(directory, "appendonlydir/appendonly.aof.1.incr.aof");
		data_write_text(directory, MANIFEST, "file appendonly.aof.1.incr.aof seq 1 type i\n");
	}
}

/* Starts a daemon that loads the directory for a very long time. */
static struct server *begin(const char *directory, enum kind kind)
{
	return server_begin_in(directory, "--appendonly", kind == SNAPSHOT ? "no" : "yes", "--unixsocket", "socket",
			       "--key-load-delay", "1000", NULL);
}

/* A client of a daemon that is not ready yet. */
static struct client *client_early(struct server *server, int protocol)
{
	struct client *c = NULL;
	char path[600];

	snprintf(path, sizeof(path), "%s/socket", server->directory);
	wait_until((c = client_open_at(server, path, 0)) != NULL);
	if (protocol == 3)
		expect_like(c, "{*", "HELLO", "3", NULL);
	return c;
}

static void expect_all_loaded(struct server *server)
{
	struct client *c = client_open(server, 2);

	expect(c, ":5000", "DBSIZE", NULL);
	expect(c, "$value", "GET", "key:4999", NULL);
	ck_assert_int_eq(info_number(c, "loading"), 0);
	ck_assert_uint_eq(server_log_count(server, "all data is loaded"), 1);
}

START_TEST(clients_are_told)
{
	static const char error[] = "-LOADING Redis is loading the dataset in memory";
	char directory[256];
	struct server *server;
	struct client *c;

	make_files(directory, _i / 2);
	server = begin(directory, _i / 2);
	c = client_early(server, 2 + _i % 2);
	expect(c, error, "GET", "key:0", NULL);
	expect(c, error, "SET", "key:0", "x", NULL);
	expect(c, error, "PING", NULL);
	expect(c, error, "DBSIZE", NULL);
	expect(c, error, "SAVE", NULL);
	expect(c, error, "BGREWRITEAOF", NULL);
	expect(c, "+OK", "MULTI", NULL);
	expect(c, error, "GET", "key:0", NULL);
	expect_like(c, "-EXECABORT*", "EXEC", NULL);
	expect_like(c, ":*", "CLIENT", "ID", NULL);
	expect(c, "+OK", "SELECT", "3", NULL);
	expect(c, "+OK", "SELECT", "0", NULL);
	ck_assert_uint_eq(server_log_count(server, "\"ready\""), 0);
	expect(c, "+OK", "CONFIG", "SET", "key-load-delay", "0", NULL);
	expect_eventually(c, "$value", "GET", "key:0", NULL);
	server_wait_ready(server);
	expect_all_loaded(server);
	server_stop(server);
}
END_TEST

START_TEST(info_says_how_far_it_is)
{
	char directory[256], text[64];
	struct server *server;
	struct client *c;
	long long total, done;

	make_files(directory, _i);
	server = begin(directory, _i);
	c = client_early(server, 2);
	ck_assert_int_eq(info_number(c, "loading"), 1);
	ck_assert_int_eq(info_number(c, "async_loading"), 0);
	ck_assert_int_le(llabs(info_number(c, "loading_start_time") - (long long)time(NULL)), DEADLINE_MS / 1000);
	total = info_number(c, "loading_total_bytes");
	ck_assert_int_gt(total, KEYS * 10);
	wait_until(info_number(c, "loading_loaded_bytes") > 0);
	done = info_number(c, "loading_loaded_bytes");
	wait_until(info_number(c, "loading_loaded_bytes") > done);
	ck_assert_int_lt(done, total);
	info_text(c, "loading_loaded_perc", text, sizeof(text));
	ck_assert(atof(text) > 0 && atof(text) < 100);
	ck_assert_int_ge(info_number(c, "loading_eta_seconds"), 1);
	ck_assert_int_eq(info_number(c, "loading_rdb_used_mem"), _i == COMMANDS ? 0 : 12345);
	expect(c, "+OK", "CONFIG", "SET", "key-load-delay", "-100", NULL);
	wait_until(info_number(c, "loading") == 0);
	ck_assert(!info_has(c, "loading_start_time"));
	ck_assert_int_eq(info_number(c, "rdb_last_load_keys_loaded"), _i == COMMANDS ? 0 : KEYS);
	server_wait_ready(server);
	server_stop(server);
}
END_TEST

/* The log has a line each second. */
START_TEST(the_log_says_how_far_it_is)
{
	char directory[256];
	struct server *server;

	make_files(directory, SNAPSHOT);
	server = begin(directory, SNAPSHOT);
	server_log_wait(server, "\"msg\":\"loading\",\"percent\":");
	ck_assert_uint_gt(server_log_count(server, "\"seconds_left\":"), 0);
	server_signal(server, SIGTERM);
	ck_assert_int_eq(server_wait(server), 0);
	server_stop(server);
}
END_TEST

/* Told to end, it does so at once: nobody waits for the rest, and the files stay as they are. */
START_TEST(it_is_broken_off)
{
	static const char *const names[] = {"dump.rdb", "appendonlydir/appendonly.aof.1.base.rdb",
					    "appendonlydir/appendonly.aof.1.incr.aof"};
	bool by_command = _i >= KINDS;
	enum kind kind = (enum kind)(_i % KINDS);
	struct server *server;
	char directory[256];
	struct client *c;
	long long size;

	make_files(directory, kind);
	size = data_size(directory, names[kind]);
	server = begin(directory, kind);
	c = client_early(server, 2);
	wait_until(info_number(c, "loading_loaded_bytes") > 0);
	if (by_command)
		client_send_command(c, "SHUTDOWN", NULL);
	else
		server_signal(server, SIGTERM);
	ck_assert_int_eq(server_wait(server), 0);
	ck_assert_uint_eq(server_log_count(server, "cannot load"), 0);
	ck_assert_uint_eq(server_log_count(server, "\"bye\""), 1);
	ck_assert_int_eq(data_size(directory, names[kind]), size);
	ck_assert_int_eq(data_size(directory, "appendonlydir/appendonly.aof.2.incr.aof"), -1);
	server_stop(server);
	server = server_start_in(directory, "--appendonly", kind == SNAPSHOT ? "no" : "yes", NULL);
	expect_all_loaded(server);
	server_stop(server);
}
END_TEST

/* What is wrong at the end of the file ends the daemon, whoever is connected. */
START_TEST(damage_shows_late)
{
	char directory[256];
	struct server *server;
	struct client *c;
	struct bytes file;
	int status;

	make_files(directory, COMMANDS);
	file = data_read(directory, "appendonlydir/appendonly.aof.1.incr.aof");
	bytes_add(&file, "nonsense\r\n", 10);
	data_write(directory, "appendonlydir/appendonly.aof.1.incr.aof", &file);
	server = begin(directory, COMMANDS);
	c = client_early(server, 2);
	expect(c, "+OK", "CONFIG", "SET", "key-load-delay", "0", NULL);
	expect_closed(c);
	status = server_wait(server);
	ck_assert_msg(WIFEXITED(status) && WEXITSTATUS(status) == 1, "wait status %d", status);
	ck_assert_uint_eq(server_log_count(server, "expected '*', got 'n'"), 1);
	server_stop(server);
}
END_TEST

/* --- on a terminal -------------------------------------------------------------------------------------------------
 */

/* A terminal whose other side is the directory's "terminal". */
static int terminal_open(const char *directory)
{
	int fd = posix_openpt(O_RDWR | O_NOCTTY);
	char path[600];

	ck_assert_msg(fd >= 0, "posix_openpt: %s", strerror(errno));
	ck_assert_int_eq(grantpt(fd), 0);
	ck_assert_int_eq(unlockpt(fd), 0);
	snprintf(path, sizeof(path), "%s/terminal", directory);
	ck_assert_int_eq(symlink(ptsname(fd), path), 0);
	return fd;
}

/* Reads from the terminal until `text` has come. */
static void terminal_expect(int fd, struct bytes *shown, const char *text)
{
	int64_t end = clock_milliseconds() + DEADLINE_MS;

	while (shown->data == NULL || strstr(shown->data, text) == NULL) {
		struct pollfd polled = {.fd = fd, .events = POLLIN};
		char piece[1024];
		ssize_t got;

		ck_assert_msg(clock_milliseconds() < end, "never shown: '%s', but: %s", text,
			      shown->data == NULL ? "" : shown->data);
		if (poll(&polled, 1, 100) <= 0)
			continue;
		got = read(fd, piece, sizeof(piece));
		ck_assert_msg(got > 0, "the terminal is gone: %s", strerror(errno));
		bytes_add(shown, piece, (size_t)got);
		bytes_add(shown, "", 1); /* ends the text */
		shown->len--;
	}
}

START_TEST(a_terminal_shows_a_bar)
{
	struct bytes shown = {0};
	char directory[256];
	struct server *server;
	struct client *c;
	int terminal;

	make_files(directory, SNAPSHOT);
	terminal = terminal_open(directory);
	server = begin(directory, SNAPSHOT);
	terminal_expect(terminal, &shown, "\rloading [");
	terminal_expect(terminal, &shown, "\rloading [#");
	terminal_expect(terminal, &shown, " keys, ");
	terminal_expect(terminal, &shown, " s left ");
	bytes_free(&shown);
	c = client_early(server, 2);
	expect(c, "+OK", "CONFIG", "SET", "key-load-delay", "0", NULL);
	/* in the end it is wiped away */
	terminal_expect(terminal, &shown, "\r\033[K");
	server_wait_ready(server);
	ck_assert_uint_eq(server_log_count(server, "\"msg\":\"loading\""), 0);
	expect_all_loaded(server);
	server_stop(server);
	bytes_free(&shown);
	close(terminal);
}
END_TEST

Suite *loading_suite(void)
{
	Suite *suite = suite_create("loading");
	TCase *alone = alone_case(suite, "meanwhile");

	tcase_add_loop_test(alone, clients_are_told, 0, 2 * KINDS);
	tcase_add_loop_test(alone, info_says_how_far_it_is, 0, KINDS);
	tcase_add_test(alone, the_log_says_how_far_it_is);
	tcase_add_loop_test(alone, it_is_broken_off, 0, 2 * KINDS);
	tcase_add_test(alone, damage_shows_late);
	tcase_add_test(alone, a_terminal_shows_a_bar);
	return suite;
}
