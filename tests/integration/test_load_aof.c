/* The append-only file at a start: its layouts, what a torn end loses, and what is refused without touching the disk.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "data_files.h"
#include "harness.h"
#include "suites.h"

#define MANIFEST "appendonlydir/appendonly.aof.manifest"
#define BASE "appendonlydir/appendonly.aof.1.base.rdb"
#define INCR_1 "appendonlydir/appendonly.aof.1.incr.aof"
#define INCR_2 "appendonlydir/appendonly.aof.2.incr.aof"

static const char manifest_text[] = "file appendonly.aof.1.base.rdb seq 1 type b\n"
				    "file appendonly.aof.1.incr.aof seq 1 type i\n"
				    "file appendonly.aof.2.incr.aof seq 2 type i\n";

/* A directory with a base and two increments, of which these are the second one's commands. */
static void make_parts(char directory[256], const char *commands)
{
	struct bytes rdb;

	directory_make(directory);
	rdb_begin(&rdb);
	rdb_key(&rdb, 0, "a", "base");
	rdb_key(&rdb, 0, "b", "base");
	bytes_add(&rdb, "\xfc\x00\x00\x00\x00\x00\x01\x00\x00",
		  9); /* its time has come, but what follows may know better */
	rdb_key(&rdb, 0, "mortal", "x");
	rdb_end(&rdb);
	data_write(directory, BASE, &rdb);
	data_write_commands(directory, INCR_1, "SELECT 0;SET a one;PERSIST mortal");
	data_write_commands(directory, INCR_2, commands);
	data_write_text(directory, MANIFEST, manifest_text);
}

static struct server *start(const char *directory)
{
	return server_start_in(directory, "--appendonly", "yes", "--appendfsync", "always", NULL);
}

static void expect_aof_refused(const char *directory, const char *const *texts)
{
	expect_refused(directory, TEXTS("--appendonly", "yes"), texts);
}

START_TEST(parts_are_loaded_in_their_order)
{
	char directory[256];
	struct server *server;
	struct client *c;

	make_parts(directory, "SELECT 0;APPEND a two;SELECT 7;SET c three");
	data_write_text(directory, "dump.rdb", "is not looked at");
	server = start(directory);
	c = client_open(server, _i);
	expect(c, "[ $onetwo $base $x nil ]", "MGET", "a", "b", "mortal", "c", NULL);
	expect(c, "+OK", "SELECT", "7", NULL);
	expect(c, "$three", "GET", "c", NULL);
	ck_assert_int_eq(info_number(c, "rdb_last_load_keys_loaded"), 3);
	ck_assert_int_eq(info_number(c, "rdb_last_load_keys_expired"), 0);
	ck_assert_int_eq(info_number(c, "rdb_changes_since_last_save"), 0);
	expect(c, "+OK", "SET", "d", "new", NULL);
	server_stop(server);
	server = start(directory);
	c = client_open(server, _i);
	expect(c, "[ $onetwo nil ]", "MGET", "a", "d", NULL);
	expect(c, "+OK", "SELECT", "7", NULL);
	expect(c, "$new", "GET", "d", NULL);
	server_stop(server);
}
END_TEST

/* The base may be commands, and parts may be called otherwise. */
START_TEST(names_are_those_of_the_manifest)
{
	char directory[256];
	struct server *server;
	struct client *c;

	directory_make(directory);
	data_write_commands(directory, "elsewhere/my base", "SET a 1;SET b 1");
	data_write_commands(directory, "elsewhere/more", "INCR a");
	data_write_text(directory, "elsewhere/mine.manifest",
			"file \"my base\" seq 3 type b\nfile gone seq 1 type h\nfile more seq 9 type i\n");
	server = server_start_in(directory, "--appendonly", "yes", "--appenddirname", "elsewhere", "--appendfilename",
				 "mine", NULL);
	c = client_open(server, 2);
	expect(c, "[ $2 $1 ]", "MGET", "a", "b", NULL);
	server_stop(server);
}
END_TEST

/* --- an append-only file in one part, as Redis had it before version 7 ---------------------------------------------
 */

static void expect_upgraded(const char *directory)
{
	char *text;

	ck_assert_int_eq(data_size(directory, "appendonly.aof"), -1);
	ck_assert_int_gt(data_size(directory, "appendonlydir/appendonly.aof"), 0);
	text = file_read(directory, MANIFEST);
	ck_assert_str_eq(text, "file appendonly.aof seq 1 type b\nfile appendonly.aof.1.incr.aof seq 1 type i\n");
	free(text);
}

START_TEST(an_old_file_is_upgraded)
{
	char directory[256];
	struct server *server;
	struct client *c;

	directory_make(directory);
	data_write_commands(directory, "appendonly.aof", "SELECT 0;SET old 1;INCR old");
	server = start(directory);
	c = client_open(server, 2);
	expect(c, "$2", "GET", "old", NULL);
	expect(c, ":3", "INCR", "old", NULL);
	expect_upgraded(directory);
	server_stop(server);
	server = start(directory);
	c = client_open(server, 2);
	expect(c, "$3", "GET", "old", NULL);
	server_stop(server);
	expect_upgraded(directory);
}
END_TEST

/* It may begin with an RDB file. */
START_TEST(an_old_file_may_begin_as_a_snapshot)
{
	char directory[256];
	struct server *server;
	struct client *c;
	struct bytes file;

	directory_make(directory);
	rdb_begin(&file);
	rdb_key(&file, 0, "old", "1");
	rdb_end(&file);
	aof_add(&file, "SELECT 0;INCR old");
	data_write(directory, "appendonly.aof", &file);
	server = start(directory);
	c = client_open(server, 2);
	expect(c, "$2", "GET", "old", NULL);
	expect_upgraded(directory);
	server_stop(server);
}
END_TEST

START_TEST(an_old_file_that_is_refused_stays)
{
	char directory[256];

	directory_make(directory);
	data_write_commands(directory, "appendonly.aof", "SELECT 0;SET old 1;LPUSH list x");
	expect_aof_refused(directory, TEXTS("LPUSH", "appendonly.aof"));
	ck_assert_int_eq(data_size(directory, "appendonlydir"), -1);
}
END_TEST

/* Turned on where there was only a snapshot, that is not lost. */
START_TEST(a_snapshot_becomes_the_first_base)
{
	char directory[256];
	struct server *server;
	struct client *c;
	struct bytes rdb;

	directory_make(directory);
	rdb_begin(&rdb);
	rdb_key(&rdb, 0, "a", "1");
	rdb_end(&rdb);
	data_write(directory, "dump.rdb", &rdb);
	server = start(directory);
	c = client_open(server, 2);
	wait_until(info_number(c, "aof_rewrites") == 1);
	expect(c, ":2", "INCR", "a", NULL);
	server_stop(server);
	ck_assert_int_gt(data_size(directory, BASE), 0);
	data_write_text(directory, "dump.rdb", "is not looked at any more");
	server = start(directory);
	server_log_wait(server, "the snapshot is not loaded: there is an append-only file");
	c = client_open(server, 2);
	expect(c, "$2", "GET", "a", NULL);
	server_stop(server);
}
END_TEST

/* What is switched off stays on the disk, and whoever starts on it is told which data it is. */
START_TEST(an_append_only_file_is_passed_over_aloud)
{
	static const char passed_over[] = "the append-only file is not loaded: appendonly is no";
	char directory[256];
	struct server *server;
	struct client *c;

	directory_make(directory);
	server = start(directory);
	ck_assert_uint_eq(server_log_count(server, "is not loaded"), 0);
	c = client_open(server, 2);
	expect(c, "+OK", "CONFIG", "SET", "appendonly", "no", NULL);
	server_log_wait(server, "the append-only file ends here and is left as it is");
	server_stop(server);
	server = server_start_in(directory, "--appendonly", "no", NULL);
	server_log_wait(server, passed_over);
	server_stop(server);
}
END_TEST

/* --- the end is torn -----------------------------------------------------------------------------------------------
 */

static const struct torn {
	const char *whole; /* commands */
	const char *rest;  /* ... the last of which are torn off */
	size_t kept;	   /* bytes of them that are there */
	const char *a;	   /* what is then the value of a */
} torn[] = {
	{"SELECT 0;SET a 1", "SET a 2", 26, "$1"},
	{"SELECT 0;SET a 1", "SET a 2", 1, "$1"},
	{"SELECT 0", "SET a 2", 5, "$one"},
	/* a transaction is there whole or not at all */
	{"SELECT 0;SET a 1", "MULTI;SET a 2;EXEC", 15, "$1"},
	{"SELECT 0;SET a 1", "MULTI;SET a 2;EXEC", 42, "$1"},
};

/* Makes the parts and gives the bytes of the last one that are whole. */
static long long make_torn(char directory[256], const struct torn *given)
{
	struct bytes file = {0}, rest = {0};
	long long whole;

	make_parts(directory, "");
	aof_add(&file, given->whole);
	whole = (long long)file.len;
	aof_add(&rest, given->rest);
	ck_assert_uint_lt(given->kept, rest.len);
	bytes_add(&file, rest.data, given->kept);
	bytes_free(&rest);
	data_write(directory, INCR_2, &file);
	return whole;
}

START_TEST(a_torn_end_is_cut_off)
{
	const struct torn *given = &torn[_i];
	char directory[256], bytes[64];
	long long whole = make_torn(directory, given);
	struct server *server = start(directory);
	struct client *c = client_open(server, 2);

	snprintf(bytes, sizeof(bytes), "\"bytes\":%zu,\"offset\":%lld", given->kept, whole);
	ck_assert_uint_eq(server_log_count(server, "ended within a write: that was cut off"), 1);
	ck_assert_uint_eq(server_log_count(server, bytes), 1);
	ck_assert_uint_gt(server_log_count(server, INCR_2), 0);
	expect(c, given->a, "GET", "a", NULL);
	ck_assert_int_eq(data_size(directory, INCR_2), whole);
	expect(c, "+OK", "SET", "a", "new", NULL);
	server_stop(server);
	server = start(directory);
	c = client_open(server, 2);
	ck_assert_uint_eq(server_log_count(server, "cut off"), 0);
	expect(c, "$new", "GET", "a", NULL);
	server_stop(server);
}
END_TEST

START_TEST(a_torn_end_is_refused_when_told_so)
{
	char directory[256], offset[64];
	long long whole = make_torn(directory, &torn[_i]);

	snprintf(offset, sizeof(offset), "\"offset\":%lld", whole);
	expect_refused(directory, TEXTS("--appendonly", "yes", "--aof-load-truncated", "no"),
		       TEXTS("not whole", "aof-load-truncated", offset, INCR_2, "redis-check-aof --fix"));
}
END_TEST

/* What a crash of the machine can leave. */
START_TEST(zeros_at_the_end_are_cut_off)
{
	static const char zeros[10000];
	char directory[256];
	struct server *server;
	struct client *c;
	struct bytes file;

	make_parts(directory, "SELECT 0;SET a 1");
	file = data_read(directory, INCR_2);
	bytes_add(&file, zeros, sizeof(zeros));
	data_write(directory, INCR_2, &file);
	server = start(directory);
	c = client_open(server, 2);
	ck_assert_uint_eq(server_log_count(server, "\"bytes\":10000"), 1);
	expect(c, "$1", "GET", "a", NULL);
	server_stop(server);
}
END_TEST

/* Takes the last bytes off a file. */
static void shorten(const char *directory, const char *name, size_t bytes)
{
	struct bytes file = data_read(directory, name);

	file.len -= bytes;
	data_write(directory, name, &file);
}

/* Only the last file can have been torn by a crash. */
START_TEST(a_file_in_the_middle_must_be_whole)
{
	char directory[256];

	make_parts(directory, "SELECT 0");
	shorten(directory, INCR_1, 3);
	expect_aof_refused(directory, TEXTS("ends too early", INCR_1, "\"offset\":52", "redis-check-aof --fix"));
}
END_TEST

START_TEST(a_base_must_be_whole)
{
	char directory[256];

	make_parts(directory, "SELECT 0");
	shorten(directory, BASE, 12);
	expect_aof_refused(directory, TEXTS("the file ends", BASE, "\"offset\":", "redis-check-rdb"));
}
END_TEST

/* --- damage --------------------------------------------------------------------------------------------------------
 */

/* The end of a run of redis-check-aof --fix on the manifest. */
static int fix(const char *directory)
{
	char command[700];

	snprintf(command, sizeof(command), "echo y | redis-check-aof --fix %s/" MANIFEST " >/dev/null 2>&1", directory);
	return system(command);
}

/* A file is damaged at the offset of its third command; Redis's tool makes it good again, without what follows. */
START_TEST(damage_in_the_middle_is_refused)
{
	static const char *const errors[] = {"expected '*', got 'X'", "expected '*'", "invalid multibulk length"};
	static const char bytes[][2] = {"X", "\0", "*"};
	char directory[256];
	struct server *server;
	struct client *c;
	struct bytes file;

	make_parts(directory, "SELECT 0;SET a 1;SET a 2;SET a 3");
	file = data_read(directory, INCR_2);
	file.data[50] = bytes[_i][0];
	if (bytes[_i][0] == '*')
		file.data[51] = 'x';
	data_write(directory, INCR_2, &file);
	expect_aof_refused(directory, TEXTS("damaged", INCR_2, "\"offset\":50", errors[_i], "redis-check-aof --fix"));
	ck_assert_int_eq(fix(directory), 0);
	server = start(directory);
	c = client_open(server, 2);
	expect(c, "$1", "GET", "a", NULL);
	server_stop(server);
}
END_TEST

START_TEST(files_that_are_named_must_be_there)
{
	static const char *const names[] = {BASE, INCR_1, INCR_2};
	char directory[256], path[600];

	make_parts(directory, "SELECT 0");
	snprintf(path, sizeof(path), "%s/%s", directory, names[_i]);
	ck_assert_int_eq(remove(path), 0);
	expect_aof_refused(directory, TEXTS(names[_i], "No such file or directory"));
}
END_TEST

/* Nobody writes to the pipe: who opened it would wait for ever. */
START_TEST(files_must_be_ordinary)
{
	static const char *const names[] = {BASE, INCR_1, INCR_2, MANIFEST};
	char directory[256], path[600];

	make_parts(directory, "SELECT 0");
	snprintf(path, sizeof(path), "%s/%s", directory, names[_i]);
	ck_assert_int_eq(remove(path), 0);
	ck_assert_int_eq(mkfifo(path, 0600), 0);
	expect_aof_refused(directory, TEXTS(names[_i], "it is no ordinary file"));
}
END_TEST

START_TEST(a_damaged_manifest_is_refused)
{
	static const struct {
		const char *text;
		const char *error;
	} given[] = {
		{"", "empty"},
		{"file appendonly.aof.1.base.rdb seq 1 type b", "line 1"},
		{"file appendonly.aof.1.base.rdb seq 1 type x\n", "line 1"},
		{"file appendonly.aof.1.base.rdb seq 1 type b\nfile ../x seq 1 type i\n", "line 2"},
		{"file appendonly.aof.1.incr.aof seq 2 type i\nfile appendonly.aof.2.incr.aof seq 1 type i\n",
		 "line 2"},
		{"file appendonly.aof.1.base.rdb seq 1 type b\nfile other seq 2 type b\n", "line 2"},
	};
	char directory[256];

	make_parts(directory, "SELECT 0");
	data_write_text(directory, MANIFEST, given[_i].text);
	expect_aof_refused(directory, TEXTS(MANIFEST, given[_i].error));
}
END_TEST

/* What cubby has not, and what fails: to go on would be to do it to other data than it was meant for. */
START_TEST(commands_that_cannot_be_run_are_refused)
{
	static const struct {
		const char *command;
		const char *error;
	} given[] = {
		{"LPUSH list x", "'LPUSH' is none that cubbyd has"},
		{"FUNCTION LOAD code", "'FUNCTION' is none that cubbyd has"},
		{"SELECT 16", "'SELECT' failed: ERR DB index is out of range"},
		{"INCR b", "'INCR' failed: ERR value is not an integer"},
		{"SET a", "'SET' failed: ERR wrong number of arguments"},
	};
	char directory[256], commands[128];

	snprintf(commands, sizeof(commands), "SELECT 0;SET a 1;%s;SET a 2", given[_i].command);
	make_parts(directory, commands);
	expect_aof_refused(directory, TEXTS(given[_i].error, INCR_2));
}
END_TEST

/* --- two daemons ---------------------------------------------------------------------------------------------------
 */

START_TEST(two_daemons_do_not_share_a_directory)
{
	static const char *const first[][2] = {{"--appendonly", "yes"}, {"--save", "3600 1"}};
	struct server *server, *aside;
	char directory[256], pid[64];
	struct client *c;

	directory_make(directory);
	server = server_start_in(directory, first[_i][0], first[_i][1], "--appendfsync", "always", NULL);
	c = client_open(server, 2);
	expect(c, "+OK", "SET", "a", "1", NULL);
	snprintf(pid, sizeof(pid), "\"pid\":%d", (int)server->pid);
	expect_refused(directory, TEXTS("--appendonly", "yes"), TEXTS("another daemon uses this directory", pid));
	expect_refused(directory, TEXTS("--save", "60 1"), TEXTS("another daemon uses this directory", pid));
	expect(c, "$1", "GET", "a", NULL);
	server_signal(server, 9);
	server_wait(server);
	server_stop(server);
	/* the lock goes with whoever held it, however it ended */
	server = server_start_in(directory, "--appendonly", "yes", NULL);
	server_stop(server);
	/* daemons that write nothing by themselves may be beside each other */
	server = server_start_in(directory, "--appendonly", "no", NULL);
	aside = server_start("--appendonly", "no", "--dir", directory, NULL);
	server_stop(aside);
	server_stop(server);
}
END_TEST

Suite *load_aof_suite(void)
{
	Suite *suite = suite_create("load_aof");
	TCase *alone = alone_case(suite, "starts");

	tcase_add_loop_test(alone, parts_are_loaded_in_their_order, 2, 4);
	tcase_add_test(alone, names_are_those_of_the_manifest);
	tcase_add_test(alone, an_old_file_is_upgraded);
	tcase_add_test(alone, an_old_file_may_begin_as_a_snapshot);
	tcase_add_test(alone, an_old_file_that_is_refused_stays);
	tcase_add_test(alone, a_snapshot_becomes_the_first_base);
	tcase_add_test(alone, an_append_only_file_is_passed_over_aloud);
	tcase_add_loop_test(alone, a_torn_end_is_cut_off, 0, sizeof(torn) / sizeof(torn[0]));
	tcase_add_loop_test(alone, a_torn_end_is_refused_when_told_so, 0, sizeof(torn) / sizeof(torn[0]));
	tcase_add_test(alone, zeros_at_the_end_are_cut_off);
	tcase_add_test(alone, a_file_in_the_middle_must_be_whole);
	tcase_add_test(alone, a_base_must_be_whole);
	tcase_add_loop_test(alone, damage_in_the_middle_is_refused, 0, 3);
	tcase_add_loop_test(alone, files_that_are_named_must_be_there, 0, 3);
	tcase_add_loop_test(alone, files_must_be_ordinary, 0, 4);
	tcase_add_loop_test(alone, a_damaged_manifest_is_refused, 0, 6);
	tcase_add_loop_test(alone, commands_that_cannot_be_run_are_refused, 0, 5);
	tcase_add_loop_test(alone, two_daemons_do_not_share_a_directory, 0, 2);
	return suite;
}
