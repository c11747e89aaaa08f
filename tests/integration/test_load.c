/* Loading at a start: what is there afterwards, what is refused, and what clients are told meanwhile. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "data_files.h"
#include "harness.h"
#include "suites.h"

/* Ends the RDB file and makes it the directory's. */
static void rdb_save(struct bytes *rdb, const char *directory)
{
	rdb_end(rdb);
	data_write(directory, "dump.rdb", rdb);
}

START_TEST(a_snapshot_is_there_after_the_start)
{
	char directory[256];
	struct server *server;
	struct client *c;
	struct bytes rdb;

	directory_make(directory);
	rdb_begin(&rdb);
	rdb_key(&rdb, 0, "plain", "value");
	bytes_add(&rdb, "\xfc\x00\x00\x00\x00\x00\x01\x00\x00", 9); /* dies in 1970 */
	rdb_key(&rdb, 0, "dead", "x");
	bytes_add(&rdb, "\xfc\x00\x00\x00\x00\x00\x10\x00\x00", 9); /* and in 2527 */
	rdb_key(&rdb, 0, "mortal", "y");
	bytes_add(&rdb, "\xfe\x05", 2);
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
	ck_assert_int_eq(info_number(c, "rdb_last_load_keys_loaded"), 3);
	ck_assert_int_eq(info_number(c, "rdb_last_load_keys_expired"), 1);
	server_stop(server);
}
END_TEST

/* A snapshot is loaded with appendonly and without; it must be refused in both cases. */
static void expect_snapshot_refused(const char *directory, const char *const *texts)
{
	expect_refused(directory, TEXTS("--appendonly", "no"), texts);
	expect_refused(directory, TEXTS("--appendonly", "yes"), texts);
}

START_TEST(what_cubby_has_not_is_refused_by_name)
{
	char directory[256];
	struct bytes rdb;

	directory_make(directory);
	rdb_begin(&rdb);
	rdb_key(&rdb, 0, "plain", "value");
	rdb_key(&rdb, 1, "mylist", "x");
	rdb_save(&rdb, directory);
	expect_snapshot_refused(directory, TEXTS("mylist", "list", "dump.rdb"));
}
END_TEST

START_TEST(a_damaged_snapshot_is_refused_with_its_place)
{
	char directory[256];
	struct bytes rdb;

	directory_make(directory);
	rdb_begin(&rdb);
	rdb_key(&rdb, 0, "plain", "value");
	bytes_add(&rdb, "\x00\x3f", 2); /* a key of 63 bytes, which are not there */
	rdb_save(&rdb, directory);
	expect_snapshot_refused(directory, TEXTS("\"offset\":24", "redis-check-rdb", "dump.rdb"));
}
END_TEST

START_TEST(a_key_that_is_there_twice_is_refused)
{
	char directory[256];
	struct bytes rdb;

	directory_make(directory);
	rdb_begin(&rdb);
	rdb_key(&rdb, 0, "twin", "1");
	rdb_key(&rdb, 0, "twin", "2");
	rdb_save(&rdb, directory);
	expect_snapshot_refused(directory, TEXTS("twin", "twice"));
}
END_TEST

/* Starts on a file that redis-server wrote. */
static struct server *start_on(const char *corpus, const char *policy)
{
	struct bytes rdb = corpus_read(corpus);
	char directory[256];

	directory_make(directory);
	data_write(directory, "dump.rdb", &rdb);
	return server_start_in(directory, "--maxmemory-policy", policy, "--appendonly", "no", NULL);
}

START_TEST(files_of_redis_are_loaded)
{
	struct server *server = start_on("rdb/redis_strings", "noeviction");
	struct client *c = client_open(server, 2);

	expect(c, "[ $ $x nil ]", "MGET", "empty", "12345678901", "none", NULL);
	expect(c, ":6", "DBSIZE", NULL);
	expect(c, "$text", "GET", "a", NULL);
	server_stop(server);
	server = start_on("rdb/redis_databases", "noeviction");
	c = client_open(server, 2);
	expect(c, "$v", "GET", "k0", NULL);
	expect(c, "+OK", "SELECT", "15", NULL);
	expect(c, "$v", "GET", "k15", NULL);
	server_stop(server);
	server = start_on("rdb/redis_expiry", "noeviction");
	c = client_open(server, 2);
	expect(c, ":4102444800000", "PEXPIRETIME", "a", NULL);
	server_stop(server);
	server = start_on("rdb/redis_compressed", "noeviction");
	c = client_open(server, 2);
	expect(c, ":300", "STRLEN", "z", NULL);
	expect(c, "$v", "GET", "kkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkk", NULL);
	server_stop(server);
}
END_TEST

START_TEST(what_redis_has_and_cubby_has_not_is_refused)
{
	static const struct {
		const char *corpus;
		const char *name;
		const char *kind;
	} files[] = {
		{"rdb/redis_list", "\\\"l\\\"", "a list"},
		{"rdb/redis_hash", "\\\"h\\\"", "a hash"},
		{"rdb/redis_intset", "\\\"s\\\"", "a set"},
		{"rdb/redis_zset", "\\\"z\\\"", "a sorted set"},
		{"rdb/redis_stream", "\\\"x\\\"", "a stream"},
		{"rdb/redis_function", "\\\"mylib\\\"", "function library"},
	};
	struct bytes rdb = corpus_read(files[_i].corpus);
	char directory[256];

	directory_make(directory);
	data_write(directory, "dump.rdb", &rdb);
	expect_snapshot_refused(directory, TEXTS(files[_i].name, files[_i].kind, "dump.rdb"));
}
END_TEST

/* These stand in the corpus without a head and an end. */
START_TEST(data_of_modules_is_refused)
{
	static const char *const files[] = {"rdb/records_module", "rdb/records_module_aux"};
	static const char *const texts[] = {"a value of the module", "data of the module"};
	struct bytes rdb, records = corpus_read(files[_i]);
	char directory[256];

	directory_make(directory);
	rdb_begin(&rdb);
	bytes_add(&rdb, records.data, records.len);
	bytes_free(&records);
	rdb_save(&rdb, directory);
	expect_snapshot_refused(directory, TEXTS(texts[_i], "cubbyd"));
}
END_TEST

START_TEST(a_checksum_that_is_not_right_is_refused)
{
	struct bytes rdb = corpus_read("rdb/redis_strings");
	char directory[256];

	directory_make(directory);
	rdb.data[rdb.len - 1] ^= 1;
	data_write(directory, "dump.rdb", &rdb);
	expect_snapshot_refused(directory, TEXTS("checksum", "\"offset\":", "redis-check-rdb"));
}
END_TEST

/* The file has for each key how long it was not used, or how often it was, as Redis has. */
static void make_used(char directory[256])
{
	struct bytes rdb;

	directory_make(directory);
	rdb_begin(&rdb);
	bytes_add(&rdb, "\xf8\x43\xe8", 3); /* for 1000 seconds not */
	rdb_key(&rdb, 0, "idle", "x");
	bytes_add(&rdb, "\xf9\x4d", 2); /* 77 */
	rdb_key(&rdb, 0, "frequent", "x");
	rdb_save(&rdb, directory);
}

static struct server *start_with_policy(const char *directory, const char *policy)
{
	return server_start_in(directory, "--maxmemory-policy", policy, "--lfu-decay-time", "0", "--appendonly", "no",
			       NULL);
}

/* Whether the bytes stand before the key in the directory's snapshot. */
static bool stands_before(const char *directory, const char *bytes, size_t len, const char *key)
{
	struct bytes want = {0}, rdb = data_read(directory, "dump.rdb");
	bool found = false;

	bytes_add(&want, bytes, len);
	rdb_key(&want, 0, key, "x");
	for (size_t i = 0; i + want.len <= rdb.len; i++)
		found = found || memcmp(rdb.data + i, want.data, want.len) == 0;
	bytes_free(&want);
	bytes_free(&rdb);
	return found;
}

/* How much a key is used is loaded and saved when the policy keeps it, in the form in which it does. */
START_TEST(use_is_loaded_and_saved)
{
	static const char *const policies[] = {"allkeys-lru", "volatile-lru", "allkeys-lfu", "volatile-lfu"};
	bool counts = _i >= 2;
	char directory[256];

	make_used(directory);
	for (int round = 0; round < 2; round++) { /* the second one loads what the first one has saved */
		struct server *server = start_with_policy(directory, policies[_i]);
		struct client *c = client_open(server, 2);
		long long idle;

		if (counts) {
			expect(c, ":77", "OBJECT", "FREQ", "frequent", NULL);
			expect(c, ":5", "OBJECT", "FREQ", "idle", NULL);
		} else {
			idle = client_integer(c, "OBJECT", "IDLETIME", "idle", NULL);
			ck_assert(idle >= 1000 && idle < 1000 + 2 * DEADLINE_MS / 1000);
			ck_assert_int_lt(client_integer(c, "OBJECT", "IDLETIME", "frequent", NULL),
					 2 * DEADLINE_MS / 1000);
		}
		expect(c, "+OK", "SAVE", NULL);
		server_stop(server);
	}
	ck_assert(stands_before(directory, "\xf9\x4d", 2, "frequent") == counts);
	ck_assert(stands_before(directory, "\xf9\x05", 2, "idle") == counts);
}
END_TEST

START_TEST(use_is_not_saved_without_a_policy)
{
	char directory[256];
	struct server *server;
	struct client *c;
	long long size;

	make_used(directory);
	server = start_with_policy(directory, "allkeys-random");
	c = client_open(server, 2);
	expect(c, "$x", "GET", "idle", NULL);
	expect(c, "+OK", "SAVE", NULL);
	size = data_size(directory, "dump.rdb");
	expect(c, "+OK", "FLUSHALL", NULL);
	expect(c, "+OK", "SAVE", NULL);
	/* the database's number, how many keys it has, and the two keys */
	ck_assert_int_eq(size - data_size(directory, "dump.rdb"), 2 + 3 + (1 + 5 + 2) + (1 + 9 + 2));
	server_stop(server);
}
END_TEST

START_TEST(many_keys_are_loaded)
{
	char directory[256], key[32];
	struct server *server;
	struct client *c;
	struct bytes rdb;

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
	tcase_add_test(alone, files_of_redis_are_loaded);
	tcase_add_loop_test(alone, what_redis_has_and_cubby_has_not_is_refused, 0, 6);
	tcase_add_loop_test(alone, data_of_modules_is_refused, 0, 2);
	tcase_add_test(alone, a_checksum_that_is_not_right_is_refused);
	tcase_add_loop_test(alone, use_is_loaded_and_saved, 0, 4);
	tcase_add_test(alone, use_is_not_saved_without_a_policy);
	tcase_add_test(alone, many_keys_are_loaded);
	return suite;
}
