/* DEBUG RELOAD and DEBUG LOADAOF: the keys come from the disk again while the daemon runs. */
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "data_files.h"
#include "harness.h"
#include "suites.h"

static const char not_loaded[] = "-ERR Error trying to load the RDB dump, check server logs.";
static const char not_loaded_aof[] = "-ERR Error trying to load the AOF files, check server logs.";

/* Some of everything, in two databases. */
static void make_keys(struct client *c)
{
	expect(c, "+OK", "FLUSHALL", NULL);
	expect(c, "+OK", "DEBUG", "POPULATE", "2000", NULL);
	expect(c, "+OK", "MSET", "text", "value", "number", "12345", "empty", "", NULL);
	expect(c, "+OK", "SET", "mortal", "x", "PXAT", "33177117420000", NULL);
	expect(c, "+OK", "SELECT", "9", NULL);
	expect(c, "+OK", "DEBUG", "POPULATE", "3", "large", "100000", NULL);
	expect(c, "+OK", "SELECT", "0", NULL);
}

static char *digest(struct client *c)
{
	return strdup(client_call(c, "DEBUG", "DIGEST", NULL));
}

START_TEST(errors)
{
	struct client *c = client_fresh(_i);

	expect(c, "-ERR DEBUG RELOAD only supports the MERGE, NOFLUSH and NOSAVE options.", "DEBUG", "RELOAD", "x",
	       NULL);
	expect(c, "-ERR DEBUG RELOAD only supports the MERGE, NOFLUSH and NOSAVE options.", "DEBUG", "RELOAD", "MERGE",
	       "x", NULL);
	expect(c, "-ERR unknown subcommand or wrong number of arguments for 'LOADAOF'. Try DEBUG HELP.", "DEBUG",
	       "LOADAOF", "x", NULL);
	expect(c, "+OK", "MULTI", NULL);
	expect(c, "-ERR Command not allowed inside a transaction", "DEBUG", "RELOAD", NULL);
	expect(c, "-ERR Command not allowed inside a transaction", "DEBUG", "LOADAOF", NULL);
	expect(c, "+OK", "DISCARD", NULL);
}
END_TEST

START_TEST(nothing_is_lost)
{
	static const char *const appendonly[] = {"no", "yes"};
	struct server *server = server_start("--appendonly", appendonly[_i / 2], "--appendfsync", "always", NULL);
	struct client *c = client_open(server, 2 + _i % 2);
	char directory[256];
	char *before;

	make_keys(c);
	before = digest(c);
	expect(c, "+OK", "DEBUG", "RELOAD", NULL);
	expect(c, before, "DEBUG", "DIGEST", NULL);
	expect(c, "+OK", "DEBUG", "RELOAD", NULL);
	expect(c, before, "DEBUG", "DIGEST", NULL);
	expect(c, ":33177117420000", "PEXPIRETIME", "mortal", NULL);
	ck_assert_int_eq(info_number(c, "rdb_last_load_keys_loaded"), 2007);
	ck_assert_int_eq(info_number(c, "rdb_changes_since_last_save"), 0);
	ck_assert_int_eq(info_number(c, "loading"), 0);
	/* times to live are kept, and keys die again */
	expect(c, "+OK", "SET", "text", "value", "PX", "1", NULL);
	expect_eventually(c, "nil", "GET", "text", NULL);
	expect(c, "+OK", "SET", "text", "value", NULL);
	expect(c, before, "DEBUG", "DIGEST", NULL);
	snprintf(directory, sizeof(directory), "%s", server->directory);
	server_signal(server, SIGKILL);
	server_wait(server);
	server_stop(server);
	if (_i / 2 == 1) { /* the append-only file has it all, too */
		server = server_start_in(directory, "--appendonly", "yes", NULL);
		c = client_open(server, 2);
		expect(c, before, "DEBUG", "DIGEST", NULL);
		server_stop(server);
	}
	free(before);
}
END_TEST

START_TEST(what_was_not_saved_is_gone)
{
	struct server *server = server_start("--appendonly", "no", NULL);
	struct client *c = client_open(server, 2), *watcher = client_open(server, 2);

	expect(c, not_loaded, "DEBUG", "RELOAD", "NOSAVE", NULL); /* there is no file: nothing is dropped */
	expect(c, "+OK", "MSET", "a", "saved", "b", "saved", NULL);
	expect(c, "+OK", "SAVE", NULL);
	expect(c, "+OK", "MSET", "b", "changed", "c", "new", NULL);
	expect(watcher, "+OK", "WATCH", "c", NULL);
	expect(watcher, "+OK", "MULTI", NULL);
	expect(watcher, "+QUEUED", "GET", "c", NULL);
	expect(c, "+OK", "DEBUG", "RELOAD", "NOSAVE", NULL);
	expect(c, "[ $saved $saved nil ]", "MGET", "a", "b", "c", NULL);
	expect(watcher, "nil", "EXEC", NULL);
	server_stop(server);
}
END_TEST

START_TEST(two_states_are_merged)
{
	struct server *server = server_start("--appendonly", "yes", "--appendfsync", "always", NULL);
	struct client *c = client_open(server, 2);
	char directory[256];

	expect(c, "+OK", "MSET", "a", "saved", "b", "saved", NULL);
	expect(c, "+OK", "SAVE", NULL);
	expect(c, ":1", "DEL", "a", NULL);
	expect(c, "+OK", "SET", "b", "changed", "EX", "1000", NULL);
	expect(c, "+OK", "SET", "c", "new", NULL);
	expect(c, "+OK", "DEBUG", "RELOAD", "MERGE", "NOFLUSH", "NOSAVE", NULL);
	expect(c, "[ $saved $saved $new ]", "MGET", "a", "b", "c", NULL);
	expect(c, ":-1", "TTL", "b", NULL);
	/* without MERGE a key cannot be there twice */
	expect(c, not_loaded, "DEBUG", "RELOAD", "NOFLUSH", "NOSAVE", NULL);
	ck_assert_uint_eq(server_log_count(server, "is there twice in database 0"), 1);
	expect(c, "[ $saved $saved $new ]", "MGET", "a", "b", "c", NULL);
	/* the append-only file is made to say what there is now */
	wait_until(info_number(c, "aof_rewrites") > 0 && info_number(c, "aof_rewrite_scheduled") == 0 &&
		   info_number(c, "aof_rewrite_in_progress") == 0);
	snprintf(directory, sizeof(directory), "%s", server->directory);
	server_stop(server);
	server = server_start_in(directory, "--appendonly", "yes", NULL);
	c = client_open(server, 2);
	expect(c, "[ $saved $saved $new ]", "MGET", "a", "b", "c", NULL);
	server_stop(server);
}
END_TEST

START_TEST(the_append_only_file_is_loaded)
{
	static const char *const policies[] = {"always", "everysec"};
	struct server *server = server_start("--appendonly", "yes", "--appendfsync", policies[_i % 2], NULL);
	struct client *c = client_open(server, 2 + _i / 2);
	char directory[256];
	char *before;

	make_keys(c);
	for (int i = 0; i < 3; i++) { /* each time it has more */
		expect(c, i == 0 ? ":12346" : i == 1 ? ":12347" : ":12348", "INCR", "number", NULL);
		before = digest(c);
		expect(c, "+OK", "DEBUG", "LOADAOF", NULL);
		expect(c, before, "DEBUG", "DIGEST", NULL);
		free(before);
	}
	expect(c, "+OK", "SET", "after", "1", NULL);
	before = digest(c);
	snprintf(directory, sizeof(directory), "%s", server->directory);
	server_stop(server);
	server = server_start_in(directory, "--appendonly", "yes", NULL);
	c = client_open(server, 2);
	expect(c, before, "DEBUG", "DIGEST", NULL);
	free(before);
	server_stop(server);
}
END_TEST

START_TEST(there_is_no_append_only_file)
{
	struct server *server = server_start("--appendonly", "no", NULL);
	struct client *c = client_open(server, 2);

	expect(c, "+OK", "SET", "a", "1", NULL);
	expect(c, not_loaded_aof, "DEBUG", "LOADAOF", NULL);
	expect(c, "$1", "GET", "a", NULL);
	server_stop(server);
}
END_TEST

/* A dump that cannot be made drops nothing, a damaged one is told. */
START_TEST(trouble)
{
	struct server *server = server_start("--appendonly", "no", NULL);
	struct client *c = client_open(server, 2);
	struct bytes rdb;

	expect(c, "+OK", "SET", "a", "1", NULL);
	expect(c, "+OK", "CONFIG", "SET", "dbfilename", "dump", NULL);
	data_write_text(server->directory, "dump/x", ""); /* a directory */
	expect(c, "-ERR", "DEBUG", "RELOAD", NULL);
	expect(c, "$1", "GET", "a", NULL);
	expect(c, "+OK", "CONFIG", "SET", "dbfilename", "other", NULL);
	expect(c, "+OK", "SAVE", NULL);
	rdb = data_read(server->directory, "other");
	rdb.data[rdb.len - 1] ^= 1;
	data_write(server->directory, "other", &rdb);
	expect(c, not_loaded, "DEBUG", "RELOAD", "NOSAVE", NULL);
	ck_assert_uint_eq(server_log_count(server, "checksum"), 1);
	expect(c, "+OK", "SET", "b", "2", NULL);
	expect(c, "+OK", "DEBUG", "RELOAD", NULL);
	expect(c, "$2", "GET", "b", NULL);
	server_stop(server);
}
END_TEST

START_TEST(others_are_told)
{
	struct server *server = server_start("--appendonly", "no", NULL);
	struct client *c = client_open(server, 2), *other = client_open(server, 2);

	expect(c, "+OK", "DEBUG", "POPULATE", "10000", NULL);
	expect(c, "+OK", "CONFIG", "SET", "key-load-delay", "1000", NULL);
	client_send_command(c, "DEBUG", "RELOAD", NULL);
	wait_until(info_number(other, "loading") == 1);
	expect(other, "-LOADING Redis is loading the dataset in memory", "GET", "key:1", NULL);
	expect(other, "-LOADING Redis is loading the dataset in memory", "DEBUG", "RELOAD", NULL);
	wait_until(info_number(other, "loading_loaded_bytes") > 0);
	ck_assert(!client_readable(c, 0));
	expect(other, "+OK", "CONFIG", "SET", "key-load-delay", "0", NULL);
	expect_reply(c, "+OK");
	expect(other, "$value:1", "GET", "key:1", NULL);
	expect(other, ":10000", "DBSIZE", NULL);
	server_stop(server);
}
END_TEST

/* The daemon is told to end while it loads. */
START_TEST(the_end_comes_meanwhile)
{
	struct server *server = server_start("--appendonly", _i == 0 ? "no" : "yes", NULL);
	struct client *c = client_open(server, 2), *other = client_open(server, 2);

	expect(c, "+OK", "DEBUG", "POPULATE", "10000", NULL);
	expect(c, "+OK", "CONFIG", "SET", "key-load-delay", "1000", NULL);
	client_send_command(c, "DEBUG", _i == 0 ? "RELOAD" : "LOADAOF", NULL);
	wait_until(info_number(other, "loading") == 1);
	server_signal(server, SIGTERM);
	ck_assert_int_eq(server_wait(server), 0);
	server_stop(server);
}
END_TEST

/* With writers all around nothing goes wrong, and nobody is told anything but the truth. */
START_TEST(under_load)
{
	enum { WRITERS = 8, ROUNDS = 10 };
	struct server *server = server_start("--appendonly", "yes", NULL);
	struct client *c = client_open(server, 2), **writers = clients_open(server, WRITERS);
	long long counts[WRITERS] = {0};
	char key[16], want[32];

	for (int round = 0; round < ROUNDS; round++) {
		client_send_command(c, "DEBUG", round % 2 == 0 ? "RELOAD" : "LOADAOF", NULL);
		do {
			for (int i = 0; i < WRITERS; i++) {
				snprintf(key, sizeof(key), "count:%d", i);
				client_send_command(writers[i], "INCR", key, NULL);
			}
			for (int i = 0; i < WRITERS; i++) {
				const char *reply = client_reply(writers[i]);

				snprintf(want, sizeof(want), ":%lld", counts[i] + 1);
				counts[i] += reply[0] == ':';
				ck_assert_msg(strcmp(reply, want) == 0 || strncmp(reply, "-LOADING", 8) == 0,
					      "round %d: %s instead of %s", round, reply, want);
			}
		} while (!client_readable(c, 0));
		expect_reply(c, "+OK");
	}
	clients_close(writers, WRITERS);
	server_stop(server);
}
END_TEST

Suite *reload_suite(void)
{
	Suite *suite = suite_create("reload");
	TCase *together = shared_case(suite, "errors");
	TCase *alone = alone_case(suite, "reloading");

	tcase_add_loop_test(together, errors, 2, 4);
	tcase_add_loop_test(alone, nothing_is_lost, 0, 4);
	tcase_add_test(alone, what_was_not_saved_is_gone);
	tcase_add_test(alone, two_states_are_merged);
	tcase_add_loop_test(alone, the_append_only_file_is_loaded, 0, 4);
	tcase_add_test(alone, there_is_no_append_only_file);
	tcase_add_test(alone, trouble);
	tcase_add_test(alone, others_are_told);
	tcase_add_loop_test(alone, the_end_comes_meanwhile, 0, 2);
	tcase_add_test(alone, under_load);
	return suite;
}
