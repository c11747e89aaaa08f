/* Loading at a start: what is there afterwards, what is refused, and what clients are told meanwhile. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>

#include "harness.h"
#include "suites.h"

/* An RDB file in the making. */
struct rdb {
	char *bytes;
	size_t len;
	size_t cap;
};

static void rdb_add(struct rdb *rdb, const void *bytes, size_t len)
{
	if (rdb->len + len > rdb->cap) {
		rdb->cap = 2 * (rdb->len + len);
		rdb->bytes = realloc(rdb->bytes, rdb->cap);
		ck_assert_ptr_nonnull(rdb->bytes);
	}
	memcpy(rdb->bytes + rdb->len, bytes, len);
	rdb->len += len;
}

static void rdb_string(struct rdb *rdb, const char *text)
{
	char len = (char)strlen(text);

	rdb_add(rdb, &len, 1);
	rdb_add(rdb, text, strlen(text));
}

static void rdb_key(struct rdb *rdb, char type, const char *key, const char *value)
{
	rdb_add(rdb, &type, 1);
	rdb_string(rdb, key);
	rdb_string(rdb, value);
}

static void rdb_begin(struct rdb *rdb)
{
	*rdb = (struct rdb){0};
	rdb_add(rdb, "REDIS0010\xfe\x00", 11);
}

/* Ends it, without a checksum, and writes it to the directory. */
static void rdb_save(struct rdb *rdb, const char *directory)
{
	char path[300];
	FILE *file;

	rdb_add(rdb, "\xff\0\0\0\0\0\0\0\0", 9);
	snprintf(path, sizeof(path), "%s/dump.rdb", directory);
	file = fopen(path, "wb");
	ck_assert_ptr_nonnull(file);
	ck_assert_uint_eq(fwrite(rdb->bytes, 1, rdb->len, file), rdb->len);
	fclose(file);
	free(rdb->bytes);
}

START_TEST(a_snapshot_is_there_after_the_start)
{
	char directory[256];
	struct server *server;
	struct client *c;
	struct rdb rdb;

	directory_make(directory);
	rdb_begin(&rdb);
	rdb_key(&rdb, 0, "plain", "value");
	rdb_add(&rdb, "\xfc\x00\x00\x00\x00\x00\x01\x00\x00", 9); /* dies in 1970 */
	rdb_key(&rdb, 0, "dead", "x");
	rdb_add(&rdb, "\xfc\x00\x00\x00\x00\x00\x10\x00\x00", 9); /* and in 2527 */
	rdb_key(&rdb, 0, "mortal", "y");
	rdb_add(&rdb, "\xfe\x05", 2);
	rdb_key(&rdb, 0, "five", "z");
	rdb_save(&rdb, directory);
	server = server_start_in(directory, NULL);
	c = client_open(server, 2);
	expect(c, "$value", "GET", "plain", NULL);
	expect(c, "nil", "GET", "dead", NULL);
	expect(c, ":17592186044416", "PEXPIRETIME", "mortal", NULL);
	expect(c, ":2", "DBSIZE", NULL);
	expect(c, "+OK", "SELECT", "5", NULL);
	expect(c, "$z", "GET", "five", NULL);
	ck_assert_int_eq(info_number(c, "loading"), 0);
	ck_assert(!info_has(c, "loading_total_bytes"));
	server_stop(server);
}
END_TEST

/* Starts a daemon on the directory, which must refuse and say so. */
static void expect_refused(const char *directory, const char *first, const char *second)
{
	char output[4096];
	int status =
		server_run(output, sizeof(output), "--port", "0", "--dir", directory, "--log-format", "json", NULL);

	ck_assert_msg(WIFEXITED(status) && WEXITSTATUS(status) == 1, "wait status %d: %s", status, output);
	ck_assert_msg(strstr(output, first) != NULL && strstr(output, second) != NULL, "%s", output);
	ck_assert_ptr_null(strstr(output, "\"ready\""));
}

START_TEST(what_cubby_has_not_is_refused_by_name)
{
	char directory[256];
	struct rdb rdb;

	directory_make(directory);
	rdb_begin(&rdb);
	rdb_key(&rdb, 0, "plain", "value");
	rdb_key(&rdb, 1, "mylist", "x");
	rdb_save(&rdb, directory);
	expect_refused(directory, "mylist", "list");
}
END_TEST

START_TEST(a_damaged_snapshot_is_refused_with_its_place)
{
	char directory[256];
	struct rdb rdb;

	directory_make(directory);
	rdb_begin(&rdb);
	rdb_key(&rdb, 0, "plain", "value");
	rdb_add(&rdb, "\x00\x3f", 2); /* a key of 63 bytes, which are not there */
	rdb_save(&rdb, directory);
	expect_refused(directory, "\"offset\":", "redis-check-rdb");
}
END_TEST

START_TEST(a_key_that_is_there_twice_is_refused)
{
	char directory[256];
	struct rdb rdb;

	directory_make(directory);
	rdb_begin(&rdb);
	rdb_key(&rdb, 0, "twin", "1");
	rdb_key(&rdb, 0, "twin", "2");
	rdb_save(&rdb, directory);
	expect_refused(directory, "twin", "twice");
}
END_TEST

START_TEST(many_keys_are_loaded)
{
	char directory[256], key[32];
	struct server *server;
	struct client *c;
	struct rdb rdb;

	directory_make(directory);
	rdb_begin(&rdb);
	for (int i = 0; i < 200000; i++) {
		snprintf(key, sizeof(key), "key:%d", i);
		rdb_key(&rdb, 0, key, key);
	}
	rdb_save(&rdb, directory);
	server = server_start_in(directory, NULL);
	c = client_open(server, 3);
	expect(c, ":200000", "DBSIZE", NULL);
	expect(c, "$key:123456", "GET", "key:123456", NULL);
	expect(c, "+OK", "SET", "key:123456", "new", "PX", "1", NULL);
	expect_eventually(c, ":199999", "DBSIZE", NULL);
	ck_assert_uint_eq(server_log_count(server, "all data is loaded"), 1);
	server_stop(server);
}
END_TEST

Suite *load_suite(void)
{
	Suite *suite = suite_create("load");
	TCase *alone = alone_case(suite, "starts");

	tcase_add_test(alone, a_snapshot_is_there_after_the_start);
	tcase_add_test(alone, what_cubby_has_not_is_refused_by_name);
	tcase_add_test(alone, a_damaged_snapshot_is_refused_with_its_place);
	tcase_add_test(alone, a_key_that_is_there_twice_is_refused);
	tcase_add_test(alone, many_keys_are_loaded);
	return suite;
}
