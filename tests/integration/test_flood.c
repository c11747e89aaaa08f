/*
 * Keys and patterns chosen by someone who knows how the daemon works: they must cost no more than others.
 *
 * The shard of a key follows from its FNV-1a hash, which is not seeded, so this file can compute keys that have the
 * same one: two texts that lead from one state of the hash to the same next state are found by trying some 2^17; N such
 * stages in a row make 2^N keys.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "harness.h"
#include "suites.h"

enum {
	STAGES = 13,
	KEYS = 1 << STAGES,
	PIECE = 8, /* bytes that a stage adds to a key */
	KEY_LEN = STAGES * PIECE,
	PASSES = 16,	 /* over all keys, while the daemon's time is taken */
	TRIES = 1 << 18, /* texts among which a stage looks for two that agree: some 8 pairs do */
	BATCH = 256,	 /* commands sent in one go */
};

static const uint32_t fnv_start = 0x811c9dc5, fnv_prime = 0x01000193;

static uint32_t fnv1a(uint32_t state, const char *bytes, size_t len)
{
	for (size_t i = 0; i < len; i++)
		state = (state ^ (unsigned char)bytes[i]) * fnv_prime;
	return state;
}

/* --- Keys -------------------------------------------------------------------------------------------------------- */

struct keys {
	char at[KEYS][KEY_LEN];
};

/* The text of try number `number`: one whose bytes look nothing like those of its neighbours. */
static void piece_write(char piece[PIECE], uint32_t number)
{
	uint64_t mixed = (number + 1) * 0x9e3779b97f4a7c15;

	for (int i = 0; i < PIECE; i++)
		piece[i] = (char)('A' + (mixed >> (60 - 4 * i) & 15));
}

/* A state that a text leads to, and in the lower half the text's number. */
static int try_compare(const void *a, const void *b)
{
	uint64_t left = *(const uint64_t *)a, right = *(const uint64_t *)b;

	return (left > right) - (left < right);
}

/* Finds two texts that lead from `state` to the same one, which it gives. */
static uint32_t stage_find(uint32_t state, char pieces[2][PIECE])
{
	static uint64_t tries[TRIES];

	for (uint32_t i = 0; i < TRIES; i++) {
		piece_write(pieces[0], i);
		tries[i] = (uint64_t)fnv1a(state, pieces[0], PIECE) << 32 | i;
	}
	qsort(tries, TRIES, sizeof(tries[0]), try_compare);
	for (size_t i = 1; i < TRIES; i++) {
		if (tries[i] >> 32 != tries[i - 1] >> 32)
			continue;
		piece_write(pieces[0], (uint32_t)tries[i - 1]);
		piece_write(pieces[1], (uint32_t)tries[i]);
		return (uint32_t)(tries[i] >> 32);
	}
	ck_abort_msg("no two texts agree");
}

/* All keys have one FNV-1a hash. */
static void keys_of_one_hash(struct keys *keys)
{
	char pieces[STAGES][2][PIECE];
	uint32_t state = fnv_start;

	for (int stage = 0; stage < STAGES; stage++)
		state = stage_find(state, pieces[stage]);
	for (int i = 0; i < KEYS; i++) {
		for (int stage = 0; stage < STAGES; stage++)
			memcpy(keys->at[i] + PIECE * stage, pieces[stage][i >> stage & 1], PIECE);
		ck_assert_uint_eq(fnv1a(fnv_start, keys->at[i], KEY_LEN), state);
	}
}

/* All keys agree in the lowest byte of FNV-1a whatever its start value: to turn over bit 7 of two bytes next to each
 * other turns bit 7 of the state over and back. */
static void keys_of_one_low_byte(struct keys *keys)
{
	for (int i = 0; i < KEYS; i++) {
		memset(keys->at[i], 'k', KEY_LEN);
		for (int stage = 0; stage < STAGES; stage++) {
			if ((i >> stage & 1) != 0) {
				keys->at[i][PIECE * stage] = (char)('k' ^ 0x80);
				keys->at[i][PIECE * stage + 1] = (char)('k' ^ 0x80);
			}
		}
		ck_assert_uint_eq(fnv1a(fnv_start, keys->at[i], KEY_LEN) & 0xff,
				  fnv1a(fnv_start, keys->at[0], KEY_LEN) & 0xff);
	}
}

/* Keys that nobody chose. */
static void keys_at_random(struct keys *keys)
{
	uint64_t state = 88172645463325252; /* Marsaglia's xorshift64 */

	for (int i = 0; i < KEYS; i++) {
		for (int j = 0; j < KEY_LEN; j++) {
			state ^= state << 13;
			state ^= state >> 7;
			state ^= state << 17;
			keys->at[i][j] = (char)('a' + state % 26);
		}
	}
}

/* --- Traffic ----------------------------------------------------------------------------------------------------- */

static size_t bulk_write(char *to, const char *bytes, size_t len)
{
	size_t lead = (size_t)sprintf(to, "$%zu\r\n", len);

	memcpy(to + lead, bytes, len);
	memcpy(to + lead + len, "\r\n", 2);
	return lead + len + 2;
}

/* One pass over all keys with SET key v or GET key. */
static void pass(struct client *c, const struct keys *keys, bool set)
{
	static char commands[BATCH * (KEY_LEN + 64)], replies[BATCH * 16];
	const char *reply = set ? "+OK\r\n" : "$1\r\nv\r\n";

	for (int first = 0; first < KEYS; first += BATCH) {
		size_t len = 0, want = 0;

		for (int i = first; i < first + BATCH; i++) {
			len += (size_t)sprintf(commands + len, "*%d\r\n$3\r\n%s\r\n", set ? 3 : 2, set ? "SET" : "GET");
			len += bulk_write(commands + len, keys->at[i], KEY_LEN);
			len += set ? bulk_write(commands + len, "v", 1) : 0;
			want += (size_t)sprintf(replies + want, "%s", reply);
		}
		client_send(c, commands, len);
		expect_bytes(c, replies, want);
	}
}

/* Seconds of processor time that the daemon has used. */
static double cpu_seconds(struct client *c)
{
	char user[32], system[32];

	info_text(c, "used_cpu_user", user, sizeof(user));
	info_text(c, "used_cpu_sys", system, sizeof(system));
	return atof(user) + atof(system);
}

/* The daemon's time for one pass of SET and one of GET. */
static double pass_cost(struct client *c, const struct keys *keys)
{
	double before = cpu_seconds(c);

	pass(c, keys, true);
	pass(c, keys, false);
	return cpu_seconds(c) - before;
}

/* How many shards have keys. */
static int shards_in_use(struct client *c)
{
	const char *at = client_call(c, "INFO", "shards", NULL);
	int used = 0;

	while ((at = strstr(at, ":keys=")) != NULL) {
		at += strlen(":keys=");
		used += *at != '0';
	}
	return used;
}

/* Takes the best of several passes, so that what others do to the machine's caches is left out. */
static void expect_no_dearer(struct client *c, const struct keys *chosen, int shards)
{
	static struct keys others;
	double cost = 1e9, fair = 1e9;

	keys_at_random(&others);
	for (int i = 0; i < PASSES; i++) {
		double now;

		expect(c, "+OK", "SELECT", "0", NULL);
		now = pass_cost(c, chosen);
		cost = now < cost ? now : cost;
		if (i == 0)
			ck_assert_int_eq(shards_in_use(c), shards);
		expect(c, "+OK", "SELECT", "1", NULL);
		now = pass_cost(c, &others);
		fair = now < fair ? now : fair;
	}
	ck_assert_int_eq(client_integer(c, "DBSIZE", NULL), KEYS);
	ck_assert_msg(cost < 2.5 * fair + 0.002, "%d chosen keys cost %.6f s, others %.6f s", KEYS, cost, fair);
}

START_TEST(keys_of_one_hash_cost_no_more)
{
	static struct keys chosen;
	struct client *c = client_fresh(2);

	keys_of_one_hash(&chosen);
	expect_no_dearer(c, &chosen, 1);
}
END_TEST

START_TEST(keys_of_one_low_byte_cost_no_more)
{
	static struct keys chosen;
	struct client *c = client_fresh(2);

	keys_of_one_low_byte(&chosen);
	expect_no_dearer(c, &chosen, 32);
}
END_TEST

/* Chosen keys are found again, walked over once each and deleted like others. */
START_TEST(keys_of_one_hash_are_keys_like_others)
{
	static struct keys chosen;
	struct client *c = client_fresh(2);
	long long seen = 0;
	char cursor[32] = "0";

	keys_of_one_hash(&chosen);
	pass(c, &chosen, true);
	expect(c, ":8192", "DBSIZE", NULL);
	do {
		const char *reply = client_call(c, "SCAN", cursor, "COUNT", "1000", NULL);

		ck_assert_int_eq(sscanf(reply, "[ $%31s", cursor), 1);
		for (reply = strchr(reply + 2, '['); (reply = strchr(reply, '$')) != NULL; reply++)
			seen++;
	} while (strcmp(cursor, "0") != 0);
	ck_assert_int_ge(seen, KEYS);
	for (int i = 0; i < KEYS; i += 97) {
		const char *words[] = {"DEL", chosen.at[i]};

		client_send_arguments(c, 2, words, (const size_t[]){3, KEY_LEN});
		expect_reply(c, ":1");
	}
	ck_assert_int_eq(client_integer(c, "DBSIZE", NULL), KEYS - (KEYS + 96) / 97);
}
END_TEST

/* --- Patterns ---------------------------------------------------------------------------------------------------- */

/* A matcher that tries every way to divide a text among the stars would not come back from the first of these within
 * the age of the universe. */
START_TEST(patterns_cost_no_more)
{
	static const char *const patterns[] = {
		"a*a*a*a*a*b",
		"*a*a*a*a*a*a*a*a*a*a*a*a*a*a*a*a*b",
		"*?*?*?*?*?*?*?*?*?*?b",
		"*[a-b]*[^b]*[a]*[a-c]*[^c]*b",
		"*****************************b",
		"*\\a*\\a*\\a*\\a*\\a*\\a*b",
	};
	struct client *c = client_fresh(2);
	char key[8000];
	double before;

	memset(key, 'a', sizeof(key) - 1);
	key[sizeof(key) - 1] = '\0';
	for (int i = 0; i < 20; i++) {
		key[sizeof(key) - 2 - i] = '\0';
		expect(c, "+OK", "SET", key, "v", NULL);
	}
	before = cpu_seconds(c);
	for (size_t i = 0; i < sizeof(patterns) / sizeof(patterns[0]); i++) {
		expect(c, "[ ]", "KEYS", patterns[i], NULL);
		expect(c, "[ $0 [ ] ]", "SCAN", "0", "MATCH", patterns[i], "COUNT", "10000", NULL);
		expect(c, "[ ]", "CONFIG", "GET", patterns[i], NULL);
	}
	ck_assert_msg(cpu_seconds(c) - before < 5, "%.3f s", cpu_seconds(c) - before);
	expect_like(c, "[ $aaa*a ]", "KEYS", "a*a*a*a*a*a", NULL);
}
END_TEST

/* A pattern may be long, too. */
START_TEST(long_patterns_cost_no_more)
{
	struct client *c = client_fresh(2);
	char key[4001], pattern[4002];
	double before;

	for (size_t i = 0; i < 4000; i++) {
		key[i] = 'a';
		pattern[i] = i % 2 == 0 ? '*' : 'a';
	}
	key[4000] = '\0';
	memcpy(pattern + 4000, "b", 2);
	expect(c, "+OK", "SET", key, "v", NULL);
	before = cpu_seconds(c);
	expect(c, "[ ]", "KEYS", pattern, NULL);
	memset(pattern, '[', 4000);
	expect(c, "[ ]", "KEYS", pattern, NULL);
	memset(pattern, '\\', 4000);
	expect(c, "[ ]", "KEYS", pattern, NULL);
	ck_assert_msg(cpu_seconds(c) - before < 2, "%.3f s", cpu_seconds(c) - before);
}
END_TEST

Suite *flood_suite(void)
{
	Suite *suite = suite_create("flood");
	TCase *keys = shared_case(suite, "keys");
	TCase *patterns = shared_case(suite, "patterns");

	tcase_add_test(keys, keys_of_one_hash_cost_no_more);
	tcase_add_test(keys, keys_of_one_low_byte_cost_no_more);
	tcase_add_test(keys, keys_of_one_hash_are_keys_like_others);
	tcase_add_test(patterns, patterns_cost_no_more);
	tcase_add_test(patterns, long_patterns_cost_no_more);
	return suite;
}
