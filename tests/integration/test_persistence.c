/* What doc/persistence.md tells an operator, where no other suite has it: rewrites that come by themselves, failures
 * that may be ignored, what is left behind, backups. */
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "data_files.h"
#include "harness.h"
#include "suites.h"

/* Sets a key to so many bytes. */
static void set_large(struct client *c, const char *key, size_t len)
{
	char *value = malloc(len + 1);

	ck_assert_ptr_nonnull(value);
	memset(value, 'x', len);
	value[len] = '\0';
	expect(c, "+OK", "SET", key, value, NULL);
	free(value);
}

static long long aof_size(struct client *c)
{
	return info_number(c, "aof_current_size");
}

/* The file is rewritten when it is larger than the minimum and has grown by the percentage; not before. */
START_TEST(a_rewrite_comes_by_itself)
{
	struct server *server = server_start("--appendonly", "yes", "--auto-aof-rewrite-percentage", "100",
					     "--auto-aof-rewrite-min-size", "1mb", NULL);
	struct client *c = client_open(server, 2);
	long long rewrites = info_number(c, "aof_rewrites");

	set_large(c, "a", 500000);
	wait_until(aof_size(c) > 500000);
	set_large(c, "a", 400000);
	wait_until(aof_size(c) > 900000);
	ck_assert_int_eq(info_number(c, "aof_rewrites"), rewrites);
	set_large(c, "a", 400000);
	wait_until(info_number(c, "aof_rewrites") == rewrites + 1);
	wait_until(aof_size(c) < 900000); /* the value that counts, compressed */
	ck_assert_int_eq(info_number(c, "aof_base_size"), aof_size(c));
	/* 0 is never */
	expect(c, "+OK", "CONFIG", "SET", "auto-aof-rewrite-percentage", "0", NULL);
	for (int i = 0; i < 5; i++)
		set_large(c, "a", 500000);
	wait_until(aof_size(c) > 2500000);
	ck_assert_int_eq(info_number(c, "aof_rewrites"), rewrites + 1);
	/* and with a percentage again it is due at once */
	expect(c, "+OK", "CONFIG", "SET", "auto-aof-rewrite-percentage", "100", NULL);
	wait_until(info_number(c, "aof_rewrites") == rewrites + 2);
	server_stop(server);
}
END_TEST

START_TEST(the_base_may_be_commands)
{
	struct server *server = server_start("--appendonly", "yes", "--aof-use-rdb-preamble", "no", NULL);
	struct client *c = client_open(server, 2);
	char directory[256];
	struct bytes base;

	expect(c, "+OK", "SET", "a", "1", NULL);
	expect_like(c, "+Background append only file rewriting*", "BGREWRITEAOF", NULL);
	wait_until(info_number(c, "aof_rewrites") > 0 && info_number(c, "aof_rewrite_in_progress") == 0);
	base = data_read(server->directory, "appendonlydir/appendonly.aof.2.base.aof");
	ck_assert_uint_gt(base.len, 0);
	ck_assert_int_eq(base.data[0], '*');
	bytes_free(&base);
	snprintf(directory, sizeof(directory), "%s", server->directory);
	server_stop(server);
	server = server_start_in(directory, "--appendonly", "yes", NULL);
	c = client_open(server, 2);
	expect(c, "$1", "GET", "a", NULL);
	server_stop(server);
}
END_TEST

/* A snapshot that fails keeps nobody from writing when it is told so. */
START_TEST(a_failure_may_be_ignored)
{
	struct server *server =
		server_start("--appendonly", "no", "--save", "3600 1", "--stop-writes-on-bgsave-error", "no", NULL);
	struct client *c = client_open(server, 2);
	char name[600];

	snprintf(name, sizeof(name), "%s/dump.rdb", server->directory);
	ck_assert_int_eq(mkdir(name, 0755), 0); /* no file can take its place */
	expect(c, "-ERR", "SAVE", NULL);
	info_text(c, "rdb_last_bgsave_status", name, sizeof(name));
	ck_assert_str_eq(name, "err");
	expect(c, "+OK", "SET", "a", "1", NULL);
	expect(c, "+OK", "CONFIG", "SET", "stop-writes-on-bgsave-error", "yes", NULL);
	wait_until(strncmp(client_call(c, "SET", "a", "2", NULL), "-MISCONF", 8) == 0);
	expect_like(c, "$*", "GET", "a", NULL);
	/* the shutdown is called off, unless it is forced */
	client_send_command(c, "SHUTDOWN", "NOW", NULL);
	expect_reply(c, "-ERR Errors trying to SHUTDOWN. Check logs.");
	server_log_wait(server, "\"advice\":\"SHUTDOWN FORCE ends it without");
	client_send_command(c, "SHUTDOWN", "NOW", "FORCE", NULL);
	ck_assert_int_eq(server_wait(server), 0);
	server_stop(server);
}
END_TEST

/* SIGTERM makes a snapshot when there are save points, and none when there are not. */
START_TEST(a_shutdown_saves)
{
	struct server *server = server_start("--appendonly", "no", "--save", _i == 1 ? "3600 1" : "", NULL);
	struct client *c = client_open(server, 2);

	expect(c, "+OK", "SET", "a", "1", NULL);
	client_close(c);
	server_signal(server, SIGTERM);
	ck_assert_int_eq(server_wait(server), 0);
	ck_assert_int_eq(data_size(server->directory, "dump.rdb") > 0, _i);
	server_stop(server);
}
END_TEST

/* What a crash left of a snapshot does no harm, and goes when the next one is made or is deleted by hand. */
START_TEST(leftovers_do_no_harm)
{
	char directory[256];
	struct server *server;
	struct client *c;

	directory_make(directory);
	data_write_text(directory, "temp-1.rdb", "REDIS0010 half of");
	data_write_text(directory, "appendonlydir/temp-rewrite-appendonly.aof", "REDIS0010 half of");
	server = server_start_in(directory, "--appendonly", "yes", NULL);
	c = client_open(server, 2);
	expect(c, ":0", "DBSIZE", NULL);
	expect(c, "+OK", "SET", "a", "1", NULL);
	expect(c, "+OK", "SAVE", NULL);
	expect_like(c, "+Background append only file rewriting*", "BGREWRITEAOF", NULL);
	wait_until(info_number(c, "aof_rewrites") > 0 && info_number(c, "aof_rewrite_in_progress") == 0);
	server_stop(server);
	server = server_start_in(directory, "--appendonly", "yes", NULL);
	c = client_open(server, 2);
	expect(c, "$1", "GET", "a", NULL);
	server_stop(server);
}
END_TEST

/* One of the two runs at a time. */
START_TEST(one_at_a_time)
{
	struct server *server = server_start("--appendonly", "yes", "--rdbcompression", "no", NULL);
	struct client *c = client_open(server, 2);

	expect(c, "+OK", "DEBUG", "POPULATE", "300000", NULL);
	expect(c, "+Background saving started", "BGSAVE", NULL);
	expect(c, "+Background append only file rewriting scheduled", "BGREWRITEAOF", NULL);
	ck_assert_int_eq(info_number(c, "rdb_bgsave_in_progress") + info_number(c, "aof_rewrite_in_progress"), 1);
	wait_until(info_number(c, "aof_rewrites") > 0);
	ck_assert_int_eq(info_number(c, "rdb_saves"), 1);
	server_stop(server);
}
END_TEST

/* --- backups -------------------------------------------------------------------------------------------------------
 */

/* Copies a directory's files into a new one, as cp does: one after the other. */
static void copy(const char *from, const char *name, const char *to)
{
	char command[1200];

	snprintf(command, sizeof(command), "cp -R '%s/%s' '%s/'", from, name, to);
	ck_assert_int_eq(system(command), 0);
}

START_TEST(a_snapshot_is_a_backup)
{
	struct server *server = server_start("--appendonly", "yes", NULL);
	struct client *c = client_open(server, 2);
	long long before;
	char to[256];

	expect(c, "+OK", "SET", "a", "1", NULL);
	before = info_number(c, "rdb_saves");
	expect(c, "+Background saving started", "BGSAVE", NULL);
	wait_until(info_number(c, "rdb_saves") > before);
	directory_make(to);
	copy(server->directory, "dump.rdb", to);
	expect(c, "+OK", "SET", "a", "2", NULL);
	server_stop(server);
	server = server_start_in(to, "--appendonly", "yes", NULL);
	c = client_open(server, 2);
	expect(c, "$1", "GET", "a", NULL);
	server_stop(server);
}
END_TEST

/* The append-only directory is copied while a client writes: the copy has what had been written before. */
START_TEST(the_append_only_directory_is_a_backup)
{
	enum { BATCH = 2000 };
	struct server *server = server_start("--appendonly", "yes", "--appendfsync", "always", NULL);
	struct client *c = client_open(server, 2), *writer = client_open(server, 2);
	long long count;
	char to[256];

	expect(c, "+OK", "CONFIG", "SET", "auto-aof-rewrite-percentage", "0", NULL);
	wait_until(info_number(c, "aof_rewrite_in_progress") == 0);
	expect(c, ":1", "INCR", "before", NULL);
	for (int i = 0; i < BATCH; i++)
		client_send_command(writer, "INCR", "count", NULL);
	directory_make(to);
	copy(server->directory, "appendonlydir", to);
	for (int i = 0; i < BATCH; i++)
		client_reply(writer);
	server_stop(server);
	server = server_start_in(to, "--appendonly", "yes", NULL);
	c = client_open(server, 2);
	expect(c, "$1", "GET", "before", NULL);
	count = client_integer(c, "INCRBY", "count", "0", NULL);
	ck_assert(count >= 0 && count <= BATCH);
	server_stop(server);
}
END_TEST

Suite *persistence_suite(void)
{
	Suite *suite = suite_create("persistence");
	TCase *alone = alone_case(suite, "operating");

	tcase_add_test(alone, a_rewrite_comes_by_itself);
	tcase_add_test(alone, the_base_may_be_commands);
	tcase_add_test(alone, a_failure_may_be_ignored);
	tcase_add_loop_test(alone, a_shutdown_saves, 0, 2);
	tcase_add_test(alone, leftovers_do_no_harm);
	tcase_add_test(alone, one_at_a_time);
	tcase_add_test(alone, a_snapshot_is_a_backup);
	tcase_add_test(alone, the_append_only_directory_is_a_backup);
	return suite;
}
