/* What the keyspace tells of its changes: each kind in words, and that whoever does as he is told has the same data. */
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/buffer.h"
#include "base/settings.h"
#include "churn.h"
#include "command/dispatch.h"
#include "session/registry.h"
#include "suites.h"

static const int64_t NOW = 1700000000000;

enum { DATABASES = 4 };

static struct keyspace *keyspace;

static struct keyspace *make_keyspace(bool locking)
{
	struct keyspace_options options = {
		.shards = 8, .databases = DATABASES, .locking = locking, .seed = {{0x1122334455667788, 42}}};
	struct keyspace *made = keyspace_new(&options);

	ck_assert_ptr_nonnull(made);
	return made;
}

/* --- in words ---------------------------------------------------------------------------------------------------- */

/* "set 0 key value (time)", one a line; a commit of something is a ".". */
static struct buffer said;
static bool said_anything; /* since the last commit */

__attribute__((format(printf, 1, 2))) static void say(const char *format, ...)
{
	char line[400];
	va_list args;
	int len;

	va_start(args, format);
	len = vsnprintf(line, sizeof(line), format, args);
	va_end(args);
	buffer_append(&said, line, (size_t)len);
	said_anything = true;
}

static void say_set(unsigned db, const struct entry *entry)
{
	struct slice key = entry_key(entry), value = entry_value(entry);

	if (value.len > 100)
		say("set %u %.*s %zu bytes", db, (int)key.len, key.data, value.len);
	else
		say("set %u %.*s %.*s", db, (int)key.len, key.data, (int)value.len, value.data);
	if (entry_expire_at(entry) != 0)
		say(" until +%d", (int)(entry_expire_at(entry) - NOW));
	say("\n");
}

static void say_patched(unsigned db, const struct entry *entry, size_t from, size_t len)
{
	struct slice key = entry_key(entry);

	ck_assert_ptr_nonnull(entry_block(entry));
	say("patched %u %.*s at %zu %.*s\n", db, (int)key.len, key.data, from, (int)len,
	    entry_value(entry).data + from);
}

static void say_expire(unsigned db, const struct entry *entry)
{
	int64_t at = entry_expire_at(entry);

	say("expire %u %.*s +%d\n", db, (int)entry_key(entry).len, entry_key(entry).data,
	    at != 0 ? (int)(at - NOW) : 0);
}

static void say_deleted(unsigned db, struct slice key)
{
	say("deleted %u %.*s\n", db, (int)key.len, key.data);
}

static void say_flushed(int db)
{
	say("flushed %d\n", db);
}

static void say_swapped(unsigned db, unsigned other)
{
	say("swapped %u %u\n", db, other);
}

static void say_commit(void)
{
	if (said_anything)
		say(".\n");
	said_anything = false;
}

static const struct keyspace_effects words = {
	.set = say_set,
	.patched = say_patched,
	.expire = say_expire,
	.deleted = say_deleted,
	.flushed = say_flushed,
	.swapped = say_swapped,
	.commit = say_commit,
};

/* --- commands ---------------------------------------------------------------------------------------------------- */

static struct dispatcher dispatcher;
static struct session_registry registry;
static struct session session;
static struct reply reply;

static bool no_password(struct command_host *host)
{
	(void)host;
	return false;
}

static void count_nothing(struct command_host *host, struct slice code)
{
	(void)host;
	(void)code;
}

static struct command_host host = {.password_required = no_password, .count_error = count_nothing};
static const struct session_ops no_ops;

static void setup(void)
{
	command_table_init();
	setting_put(&settings.proto_max_bulk_len, 512 << 20);
	setting_put(&settings.max_key_size, 512 << 20);
	setting_put(&settings.max_value_size, 512 << 20);
	setting_put(&settings.client_query_buffer_limit, 512 << 20);
	setting_put(&settings.maxmemory_samples, 5);
	keyspace = make_keyspace(true);
	ck_assert(dispatcher_init(&dispatcher, keyspace, &host));
	session_registry_init(&registry, true);
	session_init(&session, &no_ops, &registry, NOW);
	session_mark(&session, SESSION_AUTHENTICATED);
	reply = (struct reply){.protocol = 2};
	keyspace_record(keyspace, &words);
}

static void teardown(void)
{
	reply_free(&reply);
	session_free(&session);
	session_registry_free(&registry);
	dispatcher_free(&dispatcher);
	keyspace_free(keyspace);
	buffer_free(&said);
}

static void run_at(const char *command, int64_t now)
{
	struct slice argv[32];
	struct resp_request request = {.argv = argv};
	size_t before = reply.bytes.len;

	while (*command != '\0') {
		size_t len = strcspn(command, " ");

		argv[request.argc++] = (struct slice){command, len};
		command += len + (command[len] == ' ');
	}
	ck_assert_uint_eq(dispatch_batch(&dispatcher, &session, &request, 1, now, &reply, 1 << 30), 1);
	ck_assert_msg(reply.bytes.data[before] != '-', "%.*s", (int)(reply.bytes.len - before),
		      reply.bytes.data + before);
}

/* What is said during a command. */
static void check_effects(const char *command, const char *expected)
{
	said.len = 0;
	run_at(command, NOW);
	buffer_append(&said, "", 1);
	ck_assert_str_eq(said.data, expected);
}

START_TEST(a_value_is_told_whole_and_what_it_is_now)
{
	check_effects("SET a 1", "set 0 a 1\n.\n");
	check_effects("INCR a", "set 0 a 2\n.\n");
	check_effects("INCRBYFLOAT a 0.5", "set 0 a 2.5\n.\n");
	check_effects("SET a x PX 500", "set 0 a x until +500\n.\n");
	check_effects("APPEND a yz", "set 0 a xyz until +500\n.\n");
	check_effects("SETRANGE a 1 bc", "set 0 a xbc until +500\n.\n");
	check_effects("SETBIT a 7 1", "set 0 a ybc until +500\n.\n");
	check_effects("BITFIELD a SET u8 8 65", "set 0 a yAc until +500\n.\n");
	check_effects("GETSET a v", "set 0 a v\n.\n");
	check_effects("GETDEL a", "deleted 0 a\n.\n");
	check_effects("MSET a 1 b 2", "set 0 a 1\nset 0 b 2\n.\n");
}
END_TEST

START_TEST(of_a_large_value_the_part_that_was_written_is_told)
{
	check_effects("SETRANGE a 2000 xyz", "patched 0 a at 2000 xyz\n.\n"); /* a new key */
	check_effects("EXPIRE a 1", "expire 0 a +1000\n.\n");
	check_effects("SETRANGE a 1 bc", "patched 0 a at 1 bc\n.\n");
	check_effects("APPEND a end", "patched 0 a at 2003 end\n.\n");
	check_effects("SETRANGE a 2500 far", "patched 0 a at 2500 far\n.\n");
	check_effects("BITFIELD a SET u8 #0 65 SET u8 #2 66", "patched 0 a at 0 AbB\n.\n");
	check_effects("SETBIT a 24039 1", "patched 0 a at 3004 \1\n.\n");
	check_effects("SET b 1", "set 0 b 1\n.\n");
	check_effects("SETRANGE b 2000 xyz", "patched 0 b at 2000 xyz\n.\n");
	check_effects("COPY a c", "set 0 c 3005 bytes until +1000\n.\n");
}
END_TEST

START_TEST(what_changes_nothing_is_not_told)
{
	run_at("SET a 1", NOW);
	check_effects("GET a", "");
	check_effects("PERSIST a", "");
	check_effects("SETBIT a 7 1", "");
	check_effects("BITFIELD a SET u8 0 49", "");
	check_effects("SET a 2 NX", "");
	check_effects("DEL none", "");
	check_effects("TOUCH a", "");
}
END_TEST

START_TEST(a_field_that_fails_may_still_lengthen_the_value)
{
	struct key key = keyspace_key(keyspace, SLICE("a"));

	run_at("SET a 1", NOW);
	check_effects("BITFIELD a OVERFLOW FAIL INCRBY u8 16 300", "set 0 a 1\n.\n");
	ck_assert_uint_eq(entry_value(keyspace_find(keyspace, 0, &key, NOW)).len, 3);
}
END_TEST

START_TEST(removal_and_time_to_live_are_told)
{
	run_at("MSET a 1 b 2 c 3", NOW);
	check_effects("PEXPIRE a 70", "expire 0 a +70\n.\n");
	check_effects("PEXPIRE a 80", "expire 0 a +80\n.\n");
	check_effects("GETEX a PERSIST", "expire 0 a +0\n.\n");
	check_effects("EXPIRE a -1", "deleted 0 a\n.\n");
	check_effects("DEL b none c", "deleted 0 b\ndeleted 0 c\n.\n");
	run_at("SET a 1 PX 10", NOW);
	said.len = 0;
	run_at("GET a", NOW + 11);
	ck_assert(slice_equal((struct slice){said.data, said.len}, SLICE("deleted 0 a\n.\n")));
}
END_TEST

START_TEST(a_key_that_goes_elsewhere_is_told_at_both_ends)
{
	run_at("MSET a 1 b 2", NOW);
	check_effects("RENAME a b", "set 0 b 1\ndeleted 0 a\n.\n");
	check_effects("MOVE b 3", "deleted 0 b\nset 3 b 1\n.\n");
	check_effects("SET a 5 EX 1", "set 0 a 5 until +1000\n.\n");
	check_effects("COPY a b DB 2", "set 2 b 5 until +1000\n.\n");
	check_effects("COPY a b DB 2 REPLACE", "set 2 b 5 until +1000\n.\n");
}
END_TEST

START_TEST(databases_are_told)
{
	check_effects("SWAPDB 0 3", "swapped 0 3\n.\n");
	check_effects("FLUSHDB", "flushed 0\n.\n");
	check_effects("FLUSHALL", "flushed -1\n.\n");
}
END_TEST

START_TEST(a_transaction_is_one_unit)
{
	check_effects("MULTI", "");
	check_effects("SET a 1", "");
	check_effects("FLUSHDB", "");
	check_effects("INCR a", "");
	check_effects("EXEC", "set 0 a 1\nflushed 0\nset 0 a 1\n.\n");
	check_effects("MULTI", "");
	check_effects("SET a 1", "");
	check_effects("DBSIZE", "");
	check_effects("SET b 1", "");
	check_effects("EXEC", "set 0 a 1\nset 0 b 1\n.\n");
}
END_TEST

START_TEST(the_cleaner_and_eviction_tell_of_what_they_remove)
{
	struct eviction eviction = {0};
	struct random dice;

	random_seed(&dice, 1);
	run_at("SET a 1 PX 10", NOW);
	said.len = 0;
	for (uint32_t shard = 0; shard < keyspace_shards(keyspace); shard++) {
		keyspace_lock_shard(keyspace, shard);
		keyspace_reap(keyspace, shard, NOW + 11, 100);
		keyspace_unlock_shard(keyspace, shard);
	}
	ck_assert(slice_equal((struct slice){said.data, said.len}, SLICE("deleted 0 a\n.\n")));
	for (int i = 0; i < 2; i++) {
		setting_put(&settings.maxmemory_policy,
			    i == 0 ? POLICY_ALL_KEYS | POLICY_RANDOM : POLICY_ALL_KEYS | POLICY_LRU);
		run_at("SET b 1", NOW);
		said.len = 0;
		ck_assert(eviction_evict(&eviction, keyspace, NOW, &dice));
		ck_assert(slice_equal((struct slice){said.data, said.len}, SLICE("deleted 0 b\n.\n")));
	}
}
END_TEST

START_TEST(who_stops_recording_gets_what_was_told)
{
	struct key key = keyspace_key(keyspace, SLICE("a"));

	keyspace_lock_all(keyspace);
	keyspace_set(keyspace, 0, &key, NULL, SLICE("1"), KEYSPACE_PERSIST);
	keyspace_record(keyspace, NULL);
	ck_assert(slice_equal((struct slice){said.data, said.len}, SLICE("set 0 a 1\n.\n")));
	keyspace_delete(keyspace, 0, &key, keyspace_find(keyspace, 0, &key, NOW), false);
	keyspace_unlock_all(keyspace);
	ck_assert_uint_eq(said.len, strlen("set 0 a 1\n.\n"));
}
END_TEST

START_TEST(while_the_dead_are_kept_they_are_like_others)
{
	run_at("SET a 1 PX 10", NOW);
	keyspace_keep_dead(keyspace, true);
	ck_assert(keyspace_keeps_dead(keyspace));
	said.len = 0;
	for (uint32_t shard = 0; shard < keyspace_shards(keyspace); shard++)
		ck_assert_uint_eq(keyspace_reap(keyspace, shard, NOW + 11, 100), 0);
	run_at("APPEND a 2", NOW + 11);
	ck_assert(slice_equal((struct slice){said.data, said.len}, SLICE("set 0 a 12 until +10\n.\n")));
	keyspace_keep_dead(keyspace, false);
	said.len = 0;
	run_at("GET a", NOW + 11);
	ck_assert(slice_equal((struct slice){said.data, said.len}, SLICE("deleted 0 a\n.\n")));
}
END_TEST

/* --- doing as told ----------------------------------------------------------------------------------------------- */

struct record {
	enum { DID_SET, DID_PATCH, DID_EXPIRE, DID_DELETE, DID_FLUSH, DID_SWAP } kind;
	int db;
	unsigned other;
	int64_t expire_at;
	size_t from;
	char *key; /* owned */
	size_t key_len;
	char *bytes; /* owned */
	size_t len;
};

enum { RECORDS_MAX = 200000 };

static struct record records[RECORDS_MAX];
static size_t record_count;
static bool committed = true; /* nothing was told since */

static char *copied(struct slice bytes)
{
	char *copy = malloc(bytes.len + 1);

	memcpy(copy, bytes.data, bytes.len);
	return copy;
}

static struct record *note(int kind, int db)
{
	struct record *record = &records[record_count++];

	ck_assert_uint_lt(record_count, RECORDS_MAX);
	*record = (struct record){.kind = kind, .db = db};
	committed = false;
	return record;
}

static struct record *note_key(int kind, unsigned db, struct slice key)
{
	struct record *record = note(kind, (int)db);

	record->key = copied(key);
	record->key_len = key.len;
	return record;
}

static void note_set(unsigned db, const struct entry *entry)
{
	struct record *record = note_key(DID_SET, db, entry_key(entry));

	record->bytes = copied(entry_value(entry));
	record->len = entry_value(entry).len;
	record->expire_at = entry_expire_at(entry);
}

static void note_patched(unsigned db, const struct entry *entry, size_t from, size_t len)
{
	struct record *record = note_key(DID_PATCH, db, entry_key(entry));

	record->bytes = copied((struct slice){entry_value(entry).data + from, len});
	record->from = from;
	record->len = len;
}

static void note_expire(unsigned db, const struct entry *entry)
{
	note_key(DID_EXPIRE, db, entry_key(entry))->expire_at = entry_expire_at(entry);
}

static void note_deleted(unsigned db, struct slice key)
{
	note_key(DID_DELETE, db, key);
}

static void note_flushed(int db)
{
	note(DID_FLUSH, db);
}

static void note_swapped(unsigned db, unsigned other)
{
	note(DID_SWAP, (int)db)->other = other;
}

static void note_commit(void)
{
	committed = true;
}

static const struct keyspace_effects notes = {
	.set = note_set,
	.patched = note_patched,
	.expire = note_expire,
	.deleted = note_deleted,
	.flushed = note_flushed,
	.swapped = note_swapped,
	.commit = note_commit,
};

static void patch(struct keyspace *copy, const struct record *record, const struct key *key, struct entry *entry)
{
	size_t old_len = entry != NULL ? entry_value(entry).len : 0;
	size_t end = record->from + record->len;
	char *bytes;

	entry = keyspace_resize(copy, (unsigned)record->db, key, entry, end > old_len ? end : old_len, &bytes);
	ck_assert_ptr_nonnull(entry);
	memcpy(bytes + record->from, record->bytes, record->len);
}

static void do_as_told(struct keyspace *copy, const struct record *record)
{
	struct key key = keyspace_key(copy, (struct slice){record->key, record->key_len});
	unsigned db = record->key != NULL ? (unsigned)record->db : 0;
	struct entry *entry = keyspace_find(copy, db, &key, 0);

	switch (record->kind) {
	case DID_SET:
		keyspace_set(copy, db, &key, entry, (struct slice){record->bytes, record->len}, record->expire_at);
		break;
	case DID_PATCH:
		patch(copy, record, &key, entry);
		break;
	case DID_EXPIRE:
		if (entry != NULL)
			keyspace_expire(copy, db, &key, entry, record->expire_at);
		break;
	case DID_DELETE:
		if (entry != NULL)
			keyspace_delete(copy, db, &key, entry, false);
		break;
	case DID_FLUSH:
		keyspace_flush(copy, record->db);
		break;
	case DID_SWAP:
		keyspace_swap(copy, (unsigned)record->db, record->other);
		break;
	}
}

static void do_all_from(struct keyspace *copy, size_t first)
{
	for (size_t i = first; i < record_count; i++)
		do_as_told(copy, &records[i]);
}

static void forget_records(void)
{
	for (size_t i = 0; i < record_count; i++) {
		free(records[i].key);
		free(records[i].bytes);
	}
	record_count = 0;
}

/* Records random changes, replays them into a new keyspace and compares. `calm` as in struct churn. */
static void replay(uint64_t seed, unsigned calm, int steps)
{
	struct keyspace *one = make_keyspace(false);
	struct keyspace *copy = make_keyspace(false);
	struct churn churn = {.keyspace = one, .now = NOW, .keys = 300, .databases = DATABASES, .calm = calm};

	random_seed(&churn.dice, seed);
	keyspace_record(one, &notes);
	for (int i = 0; i < steps; i++) {
		size_t before = record_count;

		churn_step(&churn);
		ck_assert(committed);
		do_all_from(copy, before);
		if (i % 97 == 0)
			churn_compare(one, copy, DATABASES);
	}
	churn_compare(one, copy, DATABASES);
	/* What has been done can be done again. Not where databases changed places: that cannot be said absolutely. */
	if (calm == 0) {
		do_all_from(copy, random_below(&churn.dice, record_count));
		churn_compare(one, copy, DATABASES);
	}
	forget_records();
	keyspace_free(one);
	keyspace_free(copy);
}

START_TEST(whoever_does_as_told_has_the_same)
{
	setting_put(&settings.maxmemory_policy, POLICY_ALL_KEYS | POLICY_LRU);
	setting_put(&settings.maxmemory_samples, 5);
	for (uint64_t seed = 0; seed < 10; seed++) {
		replay(2 * seed, 200, 4000);
		replay(2 * seed + 1, 0, 4000);
	}
}
END_TEST

Suite *effects_suite(void)
{
	Suite *suite = suite_create("effects");
	TCase *commands = tcase_create("commands");
	TCase *all = tcase_create("all");

	tcase_add_checked_fixture(commands, setup, teardown);
	tcase_add_test(commands, a_value_is_told_whole_and_what_it_is_now);
	tcase_add_test(commands, of_a_large_value_the_part_that_was_written_is_told);
	tcase_add_test(commands, what_changes_nothing_is_not_told);
	tcase_add_test(commands, a_field_that_fails_may_still_lengthen_the_value);
	tcase_add_test(commands, removal_and_time_to_live_are_told);
	tcase_add_test(commands, a_key_that_goes_elsewhere_is_told_at_both_ends);
	tcase_add_test(commands, databases_are_told);
	tcase_add_test(commands, a_transaction_is_one_unit);
	tcase_add_test(commands, the_cleaner_and_eviction_tell_of_what_they_remove);
	tcase_add_test(commands, who_stops_recording_gets_what_was_told);
	tcase_add_test(commands, while_the_dead_are_kept_they_are_like_others);
	suite_add_tcase(suite, commands);
	tcase_set_timeout(all, 120);
	tcase_add_test(all, whoever_does_as_told_has_the_same);
	suite_add_tcase(suite, all);
	return suite;
}
