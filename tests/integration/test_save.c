/* Snapshots and the append-only file, from outside: what the commands say, and what stands in the files. */
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "data_files.h"
#include "harness.h"
#include "suites.h"

/* redis-check-rdb finds the file to be whole, with so many keys. */
static void expect_rdb(const struct server *server, const char *name, unsigned keys)
{
	char command[700], line[256], want[64];
	bool good = false, counted = false;
	FILE *output;

	snprintf(command, sizeof(command), "redis-check-rdb %s/%s", server->directory, name);
	snprintf(want, sizeof(want), "[info] %u keys read", keys);
	output = popen(command, "r");
	ck_assert_ptr_nonnull(output);
	while (fgets(line, sizeof(line), output) != NULL) {
		good = good || strstr(line, "RDB looks OK") != NULL;
		counted = counted || strncmp(line, want, strlen(want)) == 0;
	}
	ck_assert_int_eq(pclose(output), 0);
	ck_assert_msg(good && counted, "%s does not have %u keys", name, keys);
}

static void wait_saved(struct client *c)
{
	wait_until(info_number(c, "rdb_bgsave_in_progress") == 0);
	wait_until(info_number(c, "aof_rewrite_in_progress") == 0);
}

START_TEST(replies)
{
	struct client *c = client_fresh(_i);

	expect(c, "-ERR wrong number of arguments for 'save' command", "SAVE", "x", NULL);
	expect(c, "-ERR wrong number of arguments for 'lastsave' command", "LASTSAVE", "x", NULL);
	expect(c, "-ERR wrong number of arguments for 'bgrewriteaof' command", "BGREWRITEAOF", "x", NULL);
	expect(c, "-ERR syntax error", "BGSAVE", "x", NULL);
	expect(c, "-ERR syntax error", "BGSAVE", "SCHEDULE", "x", NULL);
	expect(c, "+OK", "SAVE", NULL);
	expect_like(c, ":1*", "LASTSAVE", NULL);
	expect(c, "+Background saving started", "BGSAVE", NULL);
	wait_saved(c);
	expect(c, "+Background saving started", "BGSAVE", "SCHEDULE", NULL);
	wait_saved(c);
	expect(c, "+OK", "MULTI", NULL);
	expect(c, "-ERR Command not allowed inside a transaction", "SAVE", NULL);
	expect(c, "+OK", "DISCARD", NULL);
}
END_TEST

/* In a transaction a snapshot is put off to its end. */
START_TEST(in_a_transaction)
{
	struct server *server = server_start(NULL);
	struct client *c = client_open(server, _i);

	expect(c, "+OK", "MULTI", NULL);
	expect(c, "+QUEUED", "SET", "a", "1", NULL);
	expect(c, "+QUEUED", "BGSAVE", NULL);
	expect(c, "+QUEUED", "SET", "b", "1", NULL);
	expect(c, "[ +OK +Background saving scheduled +OK ]", "EXEC", NULL);
	wait_until(info_number(c, "rdb_saves") == 1);
	expect_rdb(server, "dump.rdb", 2);
	server_stop(server);
}
END_TEST

/* The file has what there was at the instant, whatever is changed while it is written. */
START_TEST(an_instant)
{
	struct server *server = server_start("--rdbcompression", "no", NULL);
	struct client *c = client_open(server, 2);

	expect(c, "+OK", "DEBUG", "POPULATE", "200000", NULL);
	expect(c, "+Background saving started", "BGSAVE", NULL);
	expect(c, "-ERR Background save already in progress", "BGSAVE", NULL);
	expect(c, "-ERR Background save already in progress", "SAVE", NULL);
	expect(c, "+OK", "FLUSHALL", NULL);
	expect(c, "+OK", "SET", "new", "1", NULL);
	wait_saved(c);
	expect_rdb(server, "dump.rdb", 200000);
	ck_assert_int_eq(info_number(c, "rdb_changes_since_last_save"), 200002);
	expect(c, "+OK", "SAVE", NULL);
	expect_rdb(server, "dump.rdb", 1);
	ck_assert_int_eq(info_number(c, "rdb_changes_since_last_save"), 0);
	server_stop(server);
	ck_assert_int_eq((int)data_size(server->directory, "temp.rdb"), -1);
}
END_TEST

START_TEST(save_points)
{
	struct server *server = server_start("--save", "1 2", NULL);
	struct client *c = client_open(server, 2);

	expect(c, "+OK", "MSET", "a", "1", "b", "2", NULL);
	wait_until(info_number(c, "rdb_saves") == 1);
	expect_rdb(server, "dump.rdb", 2);
	expect(c, "+OK", "SET", "c", "3", NULL);
	client_send_command(c, "SHUTDOWN", "NOW", NULL); /* saves, because there are save points */
	ck_assert_int_eq(server_wait(server), 0);
	expect_rdb(server, "dump.rdb", 3);
	server_stop(server);
}
END_TEST

/* A snapshot that fails refuses writes until one succeeds, and keeps the daemon from ending. */
START_TEST(failures)
{
	struct server *server = server_start("--save", "1 1", NULL);
	struct client *c = client_open(server, 2);
	char name[600];

	snprintf(name, sizeof(name), "%s/dump.rdb", server->directory);
	ck_assert_int_eq(mkdir(name, 0755), 0); /* no file can take its place */
	expect(c, "-ERR", "SAVE", NULL);
	expect_like(
		c, "-MISCONF Redis is configured to save RDB snapshots, but it's currently unable to persist to disk.*",
		"SET", "a", "1", NULL);
	expect(c, "nil", "GET", "a", NULL);
	ck_assert_int_eq(info_number(c, "rdb_saves"), 0);
	expect(c, "+OK", "CONFIG", "SET", "save", "", NULL);
	expect_eventually(c, "+OK", "SET", "a", "1", NULL);
	expect(c, "-ERR Errors trying to SHUTDOWN. Check logs.", "SHUTDOWN", "SAVE", "NOW", NULL);
	expect(c, "$1", "GET", "a", NULL);
	ck_assert_int_eq(rmdir(name), 0);
	expect(c, "+OK", "SAVE", NULL);
	expect_rdb(server, "dump.rdb", 1);
	server_stop(server);
}
END_TEST

/* How many rewrites there have been, once none is under way or due. */
static unsigned rewrites(struct client *c)
{
	wait_until(info_number(c, "aof_rewrites") > 0 && info_number(c, "aof_rewrite_scheduled") == 0 &&
		   info_number(c, "aof_rewrite_in_progress") == 0);
	return (unsigned)info_number(c, "aof_rewrites");
}

static bool file_is(const char *directory, const char *name, const char *want)
{
	char *text = file_read(directory, name);
	bool same = strcmp(text, want) == 0;

	free(text);
	return same;
}

/* Waits until the manifest has the parts of the rewrite of this number, and none of those before. */
static void expect_parts(const struct server *server, unsigned number)
{
	char want[200];

	snprintf(want, sizeof(want),
		 "file appendonly.aof.%u.base.rdb seq %u type b\nfile appendonly.aof.%u.incr.aof seq %u type i\n",
		 number, number, number, number);
	wait_until(file_is(server->directory, "appendonlydir/appendonly.aof.manifest", want));
}

/* The append-only file is turned on, rewritten and turned off while the daemon runs. */
START_TEST(append_only)
{
	struct server *server = server_start("--appendonly", "no", NULL);
	struct client *c = client_open(server, _i);
	char name[100];
	unsigned number;

	expect(c, "-ERR Can't execute an AOF background rewriting. Please check the server logs for more information.",
	       "BGREWRITEAOF", NULL);
	expect(c, "+OK", "SET", "before", "1", NULL);
	expect(c, "+OK", "CONFIG", "SET", "appendonly", "yes", "appendfsync", "always", NULL);
	number = rewrites(c);
	ck_assert_uint_eq(number, 1);
	ck_assert_int_eq(info_number(c, "aof_enabled"), 1);
	snprintf(name, sizeof(name), "appendonlydir/appendonly.aof.%u.base.rdb", number);
	expect_rdb(server, name, 1);
	expect(c, "+OK", "SET", "after", "2", NULL);
	snprintf(name, sizeof(name), "appendonlydir/appendonly.aof.%u.incr.aof", number);
	wait_until(data_size(server->directory, name) > 0);
	expect(c, "+Background append only file rewriting started", "BGREWRITEAOF", NULL);
	wait_until(info_number(c, "aof_rewrites") == number + 1);
	snprintf(name, sizeof(name), "appendonlydir/appendonly.aof.%u.base.rdb", number + 1);
	expect_rdb(server, name, 2);
	expect_parts(server, number + 1);
	expect(c, "+OK", "CONFIG", "SET", "appendonly", "no", NULL);
	wait_until(info_number(c, "aof_enabled") == 0);
	expect(c, "+OK", "SET", "unwritten", "3", NULL);
	server_stop(server);
}
END_TEST

/* The snapshot does not bring back what FLUSHALL has removed; without save points it is left alone, as in Redis. */
START_TEST(flushall_empties_the_snapshot)
{
	struct server *server = server_start("--appendonly", "no", "--save", "3600 1", NULL);
	struct client *c = client_open(server, 2);

	expect(c, "+OK", "SET", "a", "1", NULL);
	expect(c, "+OK", "SAVE", NULL);
	expect_rdb(server, "dump.rdb", 1);
	if (_i == 0) {
		expect(c, "+OK", "FLUSHALL", NULL);
	} else {
		expect(c, "+OK", "MULTI", NULL);
		expect(c, "+QUEUED", "FLUSHALL", NULL);
		expect(c, "+QUEUED", "DBSIZE", NULL);
		expect(c, "[ +OK :0 ]", "EXEC", NULL);
	}
	wait_until(info_number(c, "rdb_saves") == 2);
	expect_rdb(server, "dump.rdb", 0);
	expect(c, "+OK", "SET", "a", "1", NULL);
	expect(c, "+OK", "SAVE", NULL);
	expect(c, "-ERR syntax error", "FLUSHALL", "NOW", NULL);
	expect(c, "+OK", "FLUSHDB", NULL);
	expect(c, "+OK", "CONFIG", "SET", "save", "", NULL);
	expect(c, "+OK", "FLUSHALL", NULL);
	for (int i = 0; i < 25; i++) {
		ck_assert_int_eq(info_number(c, "rdb_saves"), 3);
		wait_moment();
	}
	expect_rdb(server, "dump.rdb", 1);
	server_stop(server);
}
END_TEST

/* Nobody asked for anything, and what was written is there after a crash. */
START_TEST(data_is_kept_by_default)
{
	char directory[256];
	struct server *server;
	struct client *c;

	directory_make(directory);
	server = server_start_in(directory, NULL);
	c = client_open(server, 2);
	expect(c, "+OK", "SET", "a", "1", NULL);
	wait_until(data_size(server->directory, "appendonlydir/appendonly.aof.1.incr.aof") > 0);
	server_signal(server, SIGKILL);
	ck_assert(WIFSIGNALED(server_wait(server)));
	server_stop(server);
	server = server_start_in(directory, NULL);
	c = client_open(server, 2);
	expect(c, "$1", "GET", "a", NULL);
	server_stop(server);
}
END_TEST

START_TEST(one_directory_serves_one_daemon)
{
	struct server *server = server_start(NULL);
	char output[4096];
	int status;

	status = server_run(output, sizeof(output), "--port", "0", "--dir", server->directory, NULL);
	ck_assert_msg(WIFEXITED(status) && WEXITSTATUS(status) == 1, "wait status %d: %s", status, output);
	ck_assert_msg(strstr(output, "another daemon uses this directory") != NULL, "%s", output);
	ck_assert_msg(strstr(output, "--appendonly no --save") != NULL, "%s", output);
	server_stop(server);
}
END_TEST

/* Throw-away daemons may share a directory. */
START_TEST(a_daemon_that_keeps_nothing_leaves_nothing)
{
	struct server *server = server_start("--appendonly", "no", "--save", "", NULL);
	struct server *other = server_start_in(server->directory, "--appendonly", "no", NULL);
	struct client *c = client_open(server, 2);

	expect(c, "+OK", "SET", "a", "1", NULL);
	server_stop(other);
	expect(c, "$1", "GET", "a", NULL);
	ck_assert_int_eq((int)data_size(server->directory, "appendonlydir"), -1);
	ck_assert_int_eq((int)data_size(server->directory, "cubbyd.lock"), -1);
	client_send_command(c, "SHUTDOWN", "NOW", NULL);
	ck_assert_int_eq(server_wait(server), 0);
	ck_assert_int_eq((int)data_size(server->directory, "dump.rdb"), -1);
	server_stop(server);
}
END_TEST

/* A second daemon on the directory of another one, which has nothing to write at first. */
static struct client *beside(const struct server *first, struct server **second)
{
	*second = server_start("--appendonly", "no", "--dir", first->directory, "--dbfilename", "second.rdb", NULL);
	return client_open(*second, 2);
}

/* Who writes first has the directory; the other one may serve, but writes nothing there until that has ended. */
START_TEST(two_on_one_directory)
{
	static const char locked[] = "-ERR Another daemon uses the directory of the data (dir)";
	struct server *first = server_start("--appendonly", "no", NULL), *second;
	struct client *c = client_open(first, 2), *other = beside(first, &second);

	expect(c, "+OK", "SET", "a", "1", NULL);
	switch (_i) {
	case 0:
		expect(c, "+OK", "SAVE", NULL);
		break;
	case 1:
		expect(c, "+Background saving started", "BGSAVE", NULL);
		wait_saved(c);
		break;
	default:
		expect(c, "+OK", "CONFIG", "SET", "appendonly", "yes", NULL);
		wait_until(info_number(c, "aof_rewrites") == 1);
		break;
	}
	expect(other, "+OK", "SET", "b", "1", NULL);
	expect(other, locked, "SAVE", NULL);
	expect(other, locked, "BGSAVE", NULL);
	expect(other, locked, "BGSAVE", "SCHEDULE", NULL);
	expect_like(other,
		    "-ERR CONFIG SET failed (possibly related to argument 'appendonly') - another daemon uses the "
		    "directory of the data (pid *)",
		    "CONFIG", "SET", "appendonly", "yes", NULL);
	expect(other, "[ $appendonly $no ]", "CONFIG", "GET", "appendonly", NULL);
	expect(other, "-ERR Errors trying to SHUTDOWN. Check logs.", "SHUTDOWN", "SAVE", "NOW", NULL);
	expect(other, "+OK", "SET", "b", "2", NULL);
	ck_assert_int_eq((int)data_size(first->directory, "second.rdb"), -1);
	expect(c, "+OK", "SAVE", NULL); /* again, and has the lock already */
	server_signal(first, SIGKILL);
	server_wait(first);
	expect_eventually(other, "+OK", "SAVE", NULL);
	expect_rdb(first, "second.rdb", 1);
	expect(other, "+OK", "CONFIG", "SET", "appendonly", "yes", NULL);
	wait_until(info_number(other, "aof_rewrites") == 1);
	server_stop(second);
}
END_TEST

/* A save point that is reached meanwhile fails as other snapshots do that cannot be written. */
START_TEST(save_points_on_the_directory_of_another)
{
	struct server *first = server_start("--appendonly", "no", NULL), *second;
	struct client *c = client_open(first, 2), *other = beside(first, &second);

	expect(c, "+OK", "SAVE", NULL);
	expect(other, "+OK", "SET", "b", "1", NULL);
	expect(other, "+OK", "CONFIG", "SET", "save", "1 1", NULL);
	wait_until(info_number(other, "rdb_bgsave_in_progress") == 0 &&
		   server_log_count(second, "another daemon uses this directory") > 0);
	expect_like(other, "-MISCONF Redis is configured to save RDB snapshots*", "SET", "b", "2", NULL);
	server_stop(first);
	expect(other, "+OK", "SAVE", NULL);
	server_signal(second, SIGKILL);
	server_wait(second);
}
END_TEST

/* The append-only file stays in its directory; a snapshot goes where dir says. */
START_TEST(another_directory)
{
	struct server *server = server_start("--appendonly", "no", NULL);
	struct client *c = client_open(server, 2);
	char directory[256], path[300];

	directory_make(directory);
	expect(c, "+OK", "CONFIG", "SET", "appendonly", "yes", NULL);
	wait_until(info_number(c, "aof_rewrites") == 1);
	expect(c,
	       "-ERR CONFIG SET failed (possibly related to argument 'dir') - the append-only file is in the present "
	       "directory: turn it off first (CONFIG SET appendonly no)",
	       "CONFIG", "SET", "dir", directory, NULL);
	expect(c, "+OK", "CONFIG", "SET", "dir", server->directory, NULL);
	expect(c, "+OK", "CONFIG", "SET", "appendonly", "no", "dir", directory, NULL);
	expect(c, "+OK", "SET", "a", "1", NULL);
	expect(c, "+OK", "SAVE", NULL);
	ck_assert_int_eq((int)data_size(server->directory, "dump.rdb"), -1);
	snprintf(path, sizeof(path), "%s/dump.rdb", directory);
	ck_assert_int_eq(access(path, R_OK), 0);
	expect(c, "+OK", "CONFIG", "SET", "dir", server->directory, "appendonly", "yes", NULL);
	wait_until(info_number(c, "aof_rewrites") == 2);
	expect_rdb(server, "appendonlydir/appendonly.aof.2.base.rdb", 1);
	server_stop(server);
}
END_TEST

Suite *save_suite(void)
{
	Suite *suite = suite_create("save");
	TCase *shared_replies = shared_case(suite, "replies");
	TCase *alone = alone_case(suite, "files");

	tcase_add_loop_test(shared_replies, replies, 2, 4);
	tcase_add_loop_test(alone, in_a_transaction, 2, 4);
	tcase_add_test(alone, an_instant);
	tcase_add_test(alone, save_points);
	tcase_add_test(alone, failures);
	tcase_add_loop_test(alone, append_only, 2, 4);
	tcase_add_loop_test(alone, flushall_empties_the_snapshot, 0, 2);
	tcase_add_test(alone, data_is_kept_by_default);
	tcase_add_test(alone, one_directory_serves_one_daemon);
	tcase_add_test(alone, a_daemon_that_keeps_nothing_leaves_nothing);
	tcase_add_loop_test(alone, two_on_one_directory, 0, 3);
	tcase_add_test(alone, save_points_on_the_directory_of_another);
	tcase_add_test(alone, another_directory);
	return suite;
}
