/* Commands that go over all keys: at once when there are few, as a task of their session when there are many, and with
 * every shard locked already. The session and the host are the test's own. */
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "command/dispatch.h"
#include "command/handlers.h"
#include "session/registry.h"
#include "suites.h"

enum { NOW = 1000000, NO_LIMIT = 1 << 30, MANY = 60000, NAMES = 3 * MANY };

static struct dispatcher dispatcher;
static struct session_registry registry;
static struct session session;
static struct keyspace *keyspace;
static struct reply reply;
static struct buffer sent; /* what was sent outside a command's reply */
static struct session_task *task;
static uint8_t times_seen[NAMES];

static bool host_password_required(struct command_host *host)
{
	(void)host;
	return false;
}

static struct command_host host = {.password_required = host_password_required};

static void client_run(struct session *client, struct session_task *given)
{
	ck_assert_ptr_eq(client, &session);
	ck_assert_ptr_null(task);
	session_mark(client, SESSION_PAUSED);
	task = given;
}

static void client_send_reply(struct session *client, struct reply *part)
{
	ck_assert_ptr_eq(client, &session);
	ck_assert(!reply_failed(part));
	buffer_append_slice(&sent, buffer_slice(&part->bytes));
	reply_clear(part);
}

static const struct session_ops ops = {.run = client_run, .send_reply = client_send_reply};

static void setup(void)
{
	struct keyspace_options options = {.shards = 4, .databases = 2, .locking = true, .seed = {{1, 2}}};

	command_table_init();
	keyspace = keyspace_new(&options);
	ck_assert_ptr_nonnull(keyspace);
	ck_assert(dispatcher_init(&dispatcher, keyspace, &host));
	session_registry_init(&registry, true);
	session_init(&session, &ops, &registry, NOW);
	session_mark(&session, SESSION_AUTHENTICATED);
	reply = (struct reply){.protocol = 2};
	task = NULL;
}

static void teardown(void)
{
	buffer_free(&sent);
	reply_free(&reply);
	session_free(&session);
	session_registry_free(&registry);
	dispatcher_free(&dispatcher);
	keyspace_free(keyspace);
}

/* --- helpers ------------------------------------------------------------------------------------------------------ */

static struct key numbered_key(int number, char name[16])
{
	return keyspace_key(keyspace, (struct slice){name, (size_t)snprintf(name, 16, "key:%d", number)});
}

static void set_number(int number)
{
	char name[16];
	struct key key = numbered_key(number, name);

	keyspace_lock_shard(keyspace, key.shard);
	keyspace_set(keyspace, 0, &key, keyspace_find(keyspace, 0, &key, NOW), SLICE("v"), 0);
	keyspace_unlock_shard(keyspace, key.shard);
}

static void delete_number(int number)
{
	char name[16];
	struct key key = numbered_key(number, name);
	struct entry *entry;

	keyspace_lock_shard(keyspace, key.shard);
	entry = keyspace_find(keyspace, 0, &key, NOW);
	if (entry != NULL)
		keyspace_delete(keyspace, 0, &key, entry, false);
	keyspace_unlock_shard(keyspace, key.shard);
}

static void set_numbers(int from, int end)
{
	for (int i = from; i < end; i++)
		set_number(i);
}

/* Runs "KEYS pattern" with another command behind it; returns how many of the two have been run. The words are gone
 * afterwards, as a connection's input is. */
static size_t run_keys(const char *pattern)
{
	char words[32];
	struct slice argv[] = {SLICE("KEYS"), {words, strlen(pattern)}, SLICE("DBSIZE")};
	struct resp_request requests[] = {{.argv = argv, .argc = 2}, {.argv = argv + 2, .argc = 1}};
	size_t done;

	memcpy(words, pattern, strlen(pattern));
	done = dispatch_batch(&dispatcher, &session, requests, 2, NOW, &reply, NO_LIMIT);
	memset(words, '#', sizeof(words));
	return done;
}

static void finish(void)
{
	while (!task->step(task, NOW))
		;
	task->finish(task, &session);
}

/* Counts in times_seen the keys that an array at `text` has; returns their number. */
static long read_keys(struct slice text)
{
	const char *end = text.data + text.len;
	char *at;
	long count = strtol(text.data + 1, &at, 10);

	ck_assert_int_eq(text.data[0], '*');
	memset(times_seen, 0, sizeof(times_seen));
	for (long i = 0; i < count; i++) {
		size_t len = strtoul(at + 3, &at, 10);

		ck_assert(at < end);
		ck_assert_int_eq(memcmp(at + 2, "key:", 4), 0);
		times_seen[atoi(at + 6)]++;
		at += 2 + len;
	}
	ck_assert_int_eq(memcmp(at, "\r\n", 2), 0);
	ck_assert_ptr_eq(at + 2, end);
	return count;
}

/* --- one after the other ------------------------------------------------------------------------------------------ */

START_TEST(few_keys_are_listed_at_once)
{
	set_numbers(0, 1000);
	ck_assert_uint_eq(run_keys("key:99*"), 2);
	ck_assert_ptr_null(task);
	ck_assert_ptr_nonnull(strstr(reply.bytes.data, "\r\n:1000\r\n"));
	reply.bytes.len -= strlen(":1000\r\n");
	ck_assert_int_eq(read_keys(buffer_slice(&reply.bytes)), 11);
	reply_clear(&reply);
	ck_assert_uint_eq(run_keys("nothing"), 2);
	ck_assert(slice_equal(buffer_slice(&reply.bytes), SLICE("*0\r\n:1000\r\n")));
}
END_TEST

START_TEST(many_keys_are_a_task)
{
	int steps = 1;

	set_numbers(0, MANY);
	ck_assert_uint_eq(run_keys("*"), 1);
	ck_assert_ptr_nonnull(task);
	ck_assert_uint_eq(reply_len(&reply), 0);
	while (!task->step(task, NOW))
		steps++;
	ck_assert_uint_eq(sent.len, 0);
	task->finish(task, &session);
	ck_assert_int_gt(steps, MANY / 2048 / 2);
	ck_assert_int_eq(read_keys(buffer_slice(&sent)), MANY);
	for (int i = 0; i < MANY; i++)
		ck_assert_uint_eq(times_seen[i], 1);
}
END_TEST

START_TEST(the_pattern_outlives_its_command)
{
	set_numbers(0, MANY);
	ck_assert_uint_eq(run_keys("key:[1]23?"), 1);
	finish();
	ck_assert_int_eq(read_keys(buffer_slice(&sent)), 10);
	ck_assert_uint_eq(times_seen[1234], 1);
}
END_TEST

START_TEST(the_dead_are_not_listed)
{
	char name[16];

	set_numbers(0, MANY);
	for (int i = 0; i < MANY; i += 2) {
		struct key key = numbered_key(i, name);

		keyspace_expire(keyspace, 0, &key, keyspace_find(keyspace, 0, &key, NOW), NOW - 1);
	}
	run_keys("*");
	finish();
	ck_assert_int_eq(read_keys(buffer_slice(&sent)), MANY / 2);
	ck_assert_uint_eq(times_seen[0], 0);
}
END_TEST

/* Between the steps tables split, directories double, and tables empty. */
START_TEST(what_stays_is_listed_once)
{
	int fresh = MANY, gone = 1;

	set_numbers(0, MANY);
	run_keys("*");
	do {
		set_numbers(fresh, fresh + 2000 < NAMES ? fresh + 2000 : NAMES);
		fresh = fresh + 2000 < NAMES ? fresh + 2000 : NAMES;
		for (int i = 0; i < 200 && gone < MANY; i++, gone += 2)
			delete_number(gone);
	} while (!task->step(task, NOW));
	task->finish(task, &session);
	ck_assert_int_gt(read_keys(buffer_slice(&sent)), MANY / 2);
	for (int i = 0; i < NAMES; i++) {
		ck_assert_uint_le(times_seen[i], 1);
		if (i < MANY && i % 2 == 0)
			ck_assert_uint_eq(times_seen[i], 1);
	}
}
END_TEST

/* The walk goes on in dicts that begin anew, with one table for all hashes. */
START_TEST(a_flush_lists_nothing_twice)
{
	set_numbers(0, MANY);
	run_keys("*");
	for (int i = 0; i < 6; i++)
		ck_assert(!task->step(task, NOW));
	keyspace_lock_all(keyspace);
	keyspace_flush(keyspace, KEYSPACE_ALL_DATABASES);
	keyspace_unlock_all(keyspace);
	set_numbers(0, 4000);
	finish();
	ck_assert_int_lt(read_keys(buffer_slice(&sent)), MANY);
	for (int i = 0; i < NAMES; i++)
		ck_assert_uint_le(times_seen[i], 1);
}
END_TEST

START_TEST(a_cancelled_walk_leaves_nothing)
{
	set_numbers(0, MANY);
	run_keys("*");
	for (int i = 0; i < 20; i++)
		ck_assert(!task->step(task, NOW));
	task->cancel(task);
	ck_assert_uint_eq(sent.len, 0);
}
END_TEST

START_TEST(the_time_of_all_steps_counts)
{
	uint16_t keys = command_find(SLICE("keys"))->id;
	uint64_t before;

	set_numbers(0, MANY);
	run_keys("*");
	before = stats_totals(keys).ticks;
	finish();
	ck_assert_uint_gt(stats_totals(keys).ticks, before);
	ck_assert_uint_eq(stats_totals(keys).calls, 1);
}
END_TEST

/* --- within a transaction ----------------------------------------------------------------------------------------- */

/* Runs a handler as a transaction would. Locking a shard once more would wait for ever. */
static void run_locked(command_handler *handler, const struct slice *argv, size_t argc)
{
	struct command_stats stats = {0};
	struct command_context context = {
		.session = &session,
		.argv = argv,
		.argc = argc,
		.reply = &reply,
		.now = NOW,
		.keyspace = keyspace,
		.stats = &stats,
		.at_once = true,
	};

	reply_clear(&reply);
	keyspace_lock_all(keyspace);
	handler(&context);
	keyspace_unlock_all(keyspace);
}

START_TEST(under_all_locks_it_is_done_at_once)
{
	static const struct slice argv[] = {{"KEYS", 4}, {"*", 1}};
	static const struct slice scan[] = {{"SCAN", 4}, {"0", 1}, {"COUNT", 5}, {"1000000", 7}};

	set_numbers(0, MANY);
	run_locked(keys_command, argv, 2);
	ck_assert_ptr_null(task);
	ck_assert_int_eq(read_keys(buffer_slice(&reply.bytes)), MANY);
	for (int i = 0; i < MANY; i++)
		ck_assert_uint_eq(times_seen[i], 1);
	run_locked(dbsize_command, argv, 1);
	ck_assert(slice_equal(buffer_slice(&reply.bytes), SLICE(":60000\r\n")));
	run_locked(scan_command, scan, 4);
	ck_assert_int_eq(strncmp(reply.bytes.data, "*2\r\n$1\r\n0\r\n*60000\r\n", 19), 0);
}
END_TEST

/* --- with other threads ------------------------------------------------------------------------------------------- */

static _Atomic bool walked;

/* Adds and removes keys behind the ones that stay. */
static void *stir(void *unused)
{
	while (!walked) {
		set_numbers(MANY, MANY + MANY / 4);
		for (int i = MANY; i < MANY + MANY / 4; i++)
			delete_number(i);
	}
	return unused;
}

START_TEST(others_write_while_it_walks)
{
	pthread_t threads[2];

	walked = false;
	set_numbers(0, MANY);
	for (int i = 0; i < 2; i++)
		ck_assert_int_eq(pthread_create(&threads[i], NULL, stir, NULL), 0);
	for (int round = 0; round < 5; round++) {
		sent.len = 0;
		task = NULL;
		session_unmark(&session, SESSION_PAUSED);
		ck_assert_uint_eq(run_keys("*"), 1);
		finish();
		read_keys(buffer_slice(&sent));
		for (int i = 0; i < MANY; i++)
			ck_assert_uint_eq(times_seen[i], 1);
	}
	walked = true;
	for (int i = 0; i < 2; i++)
		pthread_join(threads[i], NULL);
}
END_TEST

Suite *walk_suite(void)
{
	Suite *suite = suite_create("walk");
	TCase *walks = tcase_create("walks");

	tcase_add_checked_fixture(walks, setup, teardown);
	tcase_set_timeout(walks, 60);
	tcase_add_test(walks, few_keys_are_listed_at_once);
	tcase_add_test(walks, many_keys_are_a_task);
	tcase_add_test(walks, the_pattern_outlives_its_command);
	tcase_add_test(walks, the_dead_are_not_listed);
	tcase_add_test(walks, what_stays_is_listed_once);
	tcase_add_test(walks, a_flush_lists_nothing_twice);
	tcase_add_test(walks, a_cancelled_walk_leaves_nothing);
	tcase_add_test(walks, the_time_of_all_steps_counts);
	tcase_add_test(walks, under_all_locks_it_is_done_at_once);
	tcase_add_test(walks, others_write_while_it_walks);
	suite_add_tcase(suite, walks);
	return suite;
}
