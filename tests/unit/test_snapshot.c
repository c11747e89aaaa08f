/* Snapshots: what is handed over is what was there at the instant, each entry once, whatever happens meanwhile. */
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/settings.h"
#include "churn.h"
#include "store/shard.h"
#include "store/snapshot.h"
#include "suites.h"

static const int64_t NOW = 1700000000000;

enum { DATABASES = 4 };

static struct keyspace *keyspace; /* that the snapshot is taken of */
static struct keyspace *model;	  /* what it was at the instant */
static struct keyspace *taken;	  /* what has been handed over */
static _Atomic size_t handed_over;
static struct random dice;

static struct keyspace *make_keyspace(unsigned shards, bool locking)
{
	struct keyspace_options options = {
		.shards = shards, .databases = DATABASES, .locking = locking, .seed = {{0x1122334455667788, 42}}};
	struct keyspace *made = keyspace_new(&options);

	ck_assert_ptr_nonnull(made);
	return made;
}

static void use_shards(unsigned shards, bool locking)
{
	keyspace_free(keyspace);
	keyspace_free(taken);
	keyspace = make_keyspace(shards, locking);
	taken = make_keyspace(shards, true);
}

static void setup(void)
{
	setting_put(&settings.maxmemory_policy, POLICY_ALL_KEYS | POLICY_LRU);
	setting_put(&settings.maxmemory_samples, 5);
	use_shards(8, false);
	random_seed(&dice, 7);
	handed_over = 0;
}

static void teardown(void)
{
	keyspace_free(keyspace);
	keyspace_free(model);
	keyspace_free(taken);
}

/* --- helpers ----------------------------------------------------------------------------------------------------- */

/* Gives another keyspace what the entry has, which must not be there. Holds on to a block instead of copying it. */
static void copy_entry(struct keyspace *to, unsigned db, const struct entry *entry)
{
	struct key key = keyspace_key(to, entry_key(entry));
	struct block *block = entry_block(entry);
	int64_t when = entry_expire_at(entry);

	keyspace_lock_shard(to, key.shard);
	ck_assert_ptr_null(keyspace_find(to, db, &key, 0));
	if (block != NULL)
		keyspace_put_block(to, db, &key, NULL, block_ref(block), when);
	else
		keyspace_set(to, db, &key, NULL, entry_value(entry), when);
	keyspace_unlock_shard(to, key.shard);
}

static void take_entry(void *arg, uint32_t shard, unsigned db, const struct entry *entry)
{
	ck_assert_ptr_eq(arg, &dice);
	ck_assert_uint_eq(shard, keyspace_key(keyspace, entry_key(entry)).shard);
	copy_entry(taken, db, entry);
	handed_over++;
}

static const struct keyspace_snapshot_sink sink = {take_entry, &dice};

static void model_visit(struct entry *entry, void *arg)
{
	copy_entry(model, *(unsigned *)arg, entry);
}

/* Every shard is locked. */
static void begin(void)
{
	keyspace_free(model);
	model = make_keyspace(keyspace_shards(keyspace), true);
	for (unsigned db = 0; db < DATABASES; db++) {
		for (uint32_t shard = 0; shard < keyspace_shards(keyspace); shard++) {
			uint64_t hash = 0;

			while (hash != KEYSPACE_WALK_END)
				keyspace_walk(keyspace, shard, db, &hash, 0, model_visit, &db);
		}
	}
	keyspace_flush(taken, KEYSPACE_ALL_DATABASES);
	handed_over = 0;
	keyspace_snapshot_begin(keyspace, &sink);
	ck_assert(keyspace_snapshot_is_on(keyspace));
}

static void check_bucket(const UT_hash_bucket *bucket)
{
	for (struct entry *entry = table_first(bucket); entry != NULL; entry = table_next(entry))
		ck_assert_int_eq(entry->flags & ENTRY_SAVED, 0);
}

/* No trace of a snapshot is left in the dict. */
static void check_clean(const struct dict *dict)
{
	uint64_t end;

	ck_assert(dict->walk_from == HASH_END);
	ck_assert_ptr_null(dict->walk_next);
	for (uint64_t hash = 0; hash < HASH_END; hash = end) {
		const struct table *table = dict_table(dict, (uint32_t)hash);

		end = dict_table_end(table, (uint32_t)hash);
		ck_assert_uint_eq(table->walked, 0);
		for (unsigned i = 0; i < table->chains.num_buckets; i++)
			check_bucket(&table->chains.buckets[i]);
	}
}

static void check_all_clean(void)
{
	for (uint32_t i = 0; i < keyspace->shard_count; i++) {
		ck_assert_uint_eq(keyspace->shards[i].consumers, 0);
		for (unsigned db = 0; db < DATABASES; db++)
			if (keyspace->shards[i].dicts[db] != NULL)
				check_clean(keyspace->shards[i].dicts[db]);
	}
}

/* Makes the steps that are left. */
static void finish(void)
{
	for (uint32_t shard = 0; shard < keyspace_shards(keyspace); shard++) {
		while (keyspace_snapshot_step(keyspace, shard, 1 + random_below(&dice, 100)))
			;
		ck_assert(!keyspace_snapshot_step(keyspace, shard, 100));
	}
	keyspace_snapshot_end(keyspace);
	ck_assert(!keyspace_snapshot_is_on(keyspace));
	check_all_clean();
}

static void finish_and_compare(void)
{
	finish();
	churn_compare(model, taken, DATABASES);
}

static struct key numbered_key(int number)
{
	static char text[32];

	snprintf(text, sizeof(text), "key:%d", number);
	return keyspace_key(keyspace, slice_of(text));
}

static void set_number(unsigned db, int number, struct slice value, int64_t expire_at)
{
	struct key key = numbered_key(number);

	keyspace_set(keyspace, db, &key, keyspace_find(keyspace, db, &key, NOW), value, expire_at);
}

static void set_numbers(unsigned db, int from, int to)
{
	for (int i = from; i < to; i++)
		set_number(db, i, numbered_key(i).name, KEYSPACE_PERSIST);
}

static void delete_numbers(unsigned db, int from, int to)
{
	for (int i = from; i < to; i++) {
		struct key key = numbered_key(i);
		struct entry *entry = keyspace_find(keyspace, db, &key, NOW);

		if (entry != NULL)
			keyspace_delete(keyspace, db, &key, entry, false);
	}
}

/* --- one thing at a time ----------------------------------------------------------------------------------------- */

START_TEST(of_nothing_there_is_nothing_to_hand_over)
{
	begin();
	set_numbers(0, 0, 100);
	finish_and_compare();
	ck_assert_uint_eq(handed_over, 0);
}
END_TEST

START_TEST(a_step_is_about_as_large_as_asked_for)
{
	size_t steps = 0;

	use_shards(1, false);
	set_numbers(0, 0, 20000);
	begin();
	for (bool more = true; more; steps++) {
		size_t before = handed_over;

		more = keyspace_snapshot_step(keyspace, 0, 100);
		ck_assert_uint_le(handed_over - before, 120);
	}
	ck_assert_uint_ge(steps, 200);
	ck_assert_uint_le(steps, 300);
	ck_assert_uint_eq(handed_over, 20000);
	finish_and_compare();
}
END_TEST

START_TEST(steps_through_empty_tables_are_bounded)
{
	size_t steps = 0;

	use_shards(1, false);
	set_numbers(0, 0, 200000);
	delete_numbers(0, 1, 200000);
	begin();
	while (keyspace_snapshot_step(keyspace, 0, 10))
		steps++;
	ck_assert_uint_ge(steps, 9);
	finish_and_compare();
}
END_TEST

START_TEST(what_is_about_to_change_is_handed_over_as_it_was)
{
	struct key key, other;
	struct entry *entry;
	char *bytes;

	set_numbers(0, 0, 10);
	set_number(0, 8, SLICE("with a time"), NOW + 50);
	set_number(0, 9, SLICE("dies"), NOW + 50);
	begin();
	set_number(0, 0, SLICE("same!"), KEYSPACE_PERSIST); /* overwritten in place */
	set_number(0, 1, SLICE("a value that makes another entry"), KEYSPACE_PERSIST);
	delete_numbers(0, 2, 3);
	key = numbered_key(3);
	keyspace_expire(keyspace, 0, &key, keyspace_find(keyspace, 0, &key, NOW), NOW + 100);
	key = numbered_key(8);
	keyspace_expire(keyspace, 0, &key, keyspace_find(keyspace, 0, &key, NOW), NOW + 100);
	key = numbered_key(9);
	ck_assert_ptr_null(keyspace_find(keyspace, 0, &key, NOW + 51));
	ck_assert_uint_eq(handed_over, 6);
	key = numbered_key(4);
	entry = keyspace_resize(keyspace, 0, &key, keyspace_find(keyspace, 0, &key, NOW), 5, &bytes);
	bytes[0] = 'K';
	keyspace_edited(keyspace, 0, entry, 0, 1);
	key = numbered_key(5);
	ck_assert(keyspace_move(keyspace, 0, &key, keyspace_find(keyspace, 0, &key, NOW), 1));
	other = keyspace_key(keyspace, SLICE("other"));
	key = numbered_key(6);
	ck_assert(keyspace_rename(keyspace, 0, &key, keyspace_find(keyspace, 0, &key, NOW), &other, NULL));
	ck_assert_uint_eq(handed_over, 9);
	set_number(0, 0, SLICE("again"), KEYSPACE_PERSIST);
	set_number(0, 2, SLICE("again"), KEYSPACE_PERSIST);
	delete_numbers(0, 0, 5);
	ck_assert_uint_eq(handed_over, 9);
	finish_and_compare();
	ck_assert_uint_eq(handed_over, 10);
}
END_TEST

START_TEST(a_block_is_left_to_the_snapshot)
{
	static char value[5000] = "old";
	struct key key = keyspace_key(keyspace, SLICE("key"));
	struct entry *entry;
	char *bytes;

	keyspace_set(keyspace, 0, &key, NULL, (struct slice){value, sizeof(value)}, KEYSPACE_PERSIST);
	begin();
	for (int i = 0; i < 2; i++) {
		entry = keyspace_resize(keyspace, 0, &key, keyspace_find(keyspace, 0, &key, NOW), 6000, &bytes);
		bytes[0] = 'X';
		keyspace_edited(keyspace, 0, entry, 0, 6000);
	}
	ck_assert_uint_eq(handed_over, 1);
	finish_and_compare();
	ck_assert_int_eq(entry_value(keyspace_find(keyspace, 0, &key, NOW)).data[0], 'X');
}
END_TEST

START_TEST(a_table_that_grows_under_the_walk_loses_nothing)
{
	for (size_t first = 0; first < 2000; first += 333) {
		use_shards(1, false);
		set_numbers(0, 0, 1000);
		begin();
		keyspace_snapshot_step(keyspace, 0, first + 1);
		set_numbers(0, 1000, 1500); /* is expanded */
		keyspace_snapshot_step(keyspace, 0, 100);
		set_numbers(0, 1500, 8000); /* is split, more than once */
		ck_assert_uint_ge(keyspace->shards[0].dicts[0]->depth, 2);
		finish_and_compare();
	}
}
END_TEST

START_TEST(a_table_that_shrinks_under_the_walk_loses_nothing)
{
	for (size_t first = 0; first < 2000; first += 333) {
		use_shards(1, false);
		set_numbers(0, 0, 2000);
		begin();
		keyspace_snapshot_step(keyspace, 0, first + 1);
		delete_numbers(0, 10, 2000);
		finish_and_compare();
		ck_assert_uint_eq(handed_over, 2000);
	}
}
END_TEST

START_TEST(a_flushed_database_is_out_of_reach_and_still_handed_over)
{
	set_numbers(1, 0, 1000);
	set_numbers(2, 0, 1000);
	begin();
	for (uint32_t shard = 0; shard < 8; shard++)
		keyspace_snapshot_step(keyspace, shard, 20);
	keyspace_flush(keyspace, 1);
	ck_assert_uint_eq(keyspace_size(keyspace, 1), 0);
	set_numbers(1, 500, 600);
	keyspace_flush(keyspace, KEYSPACE_ALL_DATABASES);
	for (uint32_t shard = 0; shard < 8; shard++)
		ck_assert_uint_eq(keyspace_shard_figures(keyspace, shard).bytes, 0);
	set_numbers(1, 0, 100);
	finish_and_compare();
	ck_assert_uint_eq(keyspace_size(keyspace, 1), 100);
}
END_TEST

START_TEST(swapped_databases_are_handed_over_as_what_they_were)
{
	set_numbers(0, 0, 300);
	set_numbers(1, 200, 1000);
	begin();
	keyspace_swap(keyspace, 0, 1);
	delete_numbers(0, 200, 300);
	keyspace_swap(keyspace, 0, 3);
	delete_numbers(3, 300, 400);
	finish_and_compare();
}
END_TEST

START_TEST(the_dead_are_handed_over)
{
	set_number(0, 1, SLICE("dead"), NOW - 10);
	begin();
	finish_and_compare();
	ck_assert_uint_eq(handed_over, 1);
}
END_TEST

START_TEST(an_abandoned_snapshot_hands_nothing_over_and_leaves_no_trace)
{
	set_numbers(0, 0, 5000);
	begin();
	keyspace_snapshot_step(keyspace, 0, 100);
	delete_numbers(0, 0, 100);
	set_numbers(0, 5000, 6000);
	keyspace_snapshot_abandon(keyspace);
	handed_over = 0;
	delete_numbers(0, 100, 200);
	keyspace_flush(keyspace, 1);
	finish();
	ck_assert_uint_eq(handed_over, 0);
	begin();
	finish_and_compare();
	ck_assert_uint_eq(handed_over, 5800);
}
END_TEST

START_TEST(a_keyspace_may_go_in_the_middle)
{
	set_numbers(0, 0, 1000);
	set_numbers(1, 0, 1000);
	begin();
	keyspace_snapshot_step(keyspace, 0, 10);
	keyspace_flush(keyspace, 0);
	keyspace_free(keyspace);
	keyspace = NULL;
}
END_TEST

/* Tables cannot be had, entries can. */
static void *small_only(size_t size)
{
	return size <= 80 ? malloc(size) : NULL;
}

START_TEST(without_memory_it_is_exact_all_the_same)
{
	use_shards(1, false);
	set_numbers(0, 0, 2000);
	begin();
	keyspace_snapshot_step(keyspace, 0, 1000);
	store_malloc = small_only;
	for (int i = 0; i < 3000; i++)
		set_number(0, i, SLICE("new"), KEYSPACE_PERSIST);
	keyspace_snapshot_step(keyspace, 0, 100);
	delete_numbers(0, 0, 2990);
	store_malloc = malloc;
	finish_and_compare();
}
END_TEST

/* --- whatever happens -------------------------------------------------------------------------------------------- */

static void maybe_step(unsigned rarely, bool *left)
{
	uint32_t shard = (uint32_t)random_below(&dice, keyspace_shards(keyspace));

	if (random_below(&dice, rarely) != 0 || !left[shard])
		return;
	left[shard] = keyspace_snapshot_step(keyspace, shard, 1 + random_below(&dice, 200));
}

/* Several snapshots of a keyspace that changes all the time, `rarely` changes for a step. */
static void churn_and_snap(unsigned shards, unsigned keys, unsigned calm, unsigned rarely)
{
	struct churn churn = {.now = NOW, .keys = keys, .databases = DATABASES, .calm = calm};

	use_shards(shards, false);
	churn.keyspace = keyspace;
	random_seed(&churn.dice, random_next(&dice));
	for (unsigned i = 0; i < 4 * keys; i++)
		churn_step(&churn);
	for (int round = 0; round < 4; round++) {
		bool left[64];

		for (unsigned i = 0; i < shards; i++)
			left[i] = true;
		begin();
		for (unsigned i = 0; i < 2 * keys; i++) {
			maybe_step(rarely, left);
			churn_step(&churn);
		}
		finish_and_compare();
	}
}

START_TEST(it_is_exact_whatever_happens)
{
	for (int i = 0; i < 10; i++) {
		churn_and_snap(8, 300, 100, 5);
		churn_and_snap(8, 300, 0, 20);
	}
	churn_and_snap(1, 20000, 0, 200);
	churn_and_snap(1, 20000, 20000, 50);
	churn_and_snap(2, 5000, 500, 100);
}
END_TEST

/* --- threads ----------------------------------------------------------------------------------------------------- */

enum { CHURNERS = 2, WALKERS = 2, THREAD_SHARDS = 8, THREAD_ROUNDS = 20 };

static atomic_bool stop_churning;

static void *churn_on(void *arg)
{
	struct churn *churn = arg;

	while (!atomic_load(&stop_churning))
		churn_step(churn);
	return NULL;
}

static void *walk_on(void *arg)
{
	for (uint32_t shard = *(uint32_t *)arg; shard < THREAD_SHARDS; shard += WALKERS) {
		bool more = true;

		while (more) {
			keyspace_lock_shard(keyspace, shard);
			more = keyspace_snapshot_step(keyspace, shard, 20);
			keyspace_unlock_shard(keyspace, shard);
		}
	}
	return NULL;
}

static void snap_with_threads(void)
{
	static uint32_t firsts[WALKERS];
	pthread_t walkers[WALKERS];

	keyspace_lock_all(keyspace);
	begin();
	keyspace_unlock_all(keyspace);
	for (uint32_t i = 0; i < WALKERS; i++) {
		firsts[i] = i;
		pthread_create(&walkers[i], NULL, walk_on, &firsts[i]);
	}
	for (int i = 0; i < WALKERS; i++)
		pthread_join(walkers[i], NULL);
	keyspace_lock_all(keyspace);
	keyspace_snapshot_end(keyspace);
	check_all_clean();
	keyspace_unlock_all(keyspace);
	churn_compare(model, taken, DATABASES);
}

START_TEST(it_is_exact_with_threads)
{
	static struct churn churns[CHURNERS];
	pthread_t churners[CHURNERS];

	use_shards(THREAD_SHARDS, true);
	for (uint64_t i = 0; i < CHURNERS; i++) {
		churns[i] = (struct churn){
			.keyspace = keyspace, .now = NOW, .keys = 3000, .databases = DATABASES, .calm = 2000};
		random_seed(&churns[i].dice, i);
		for (int step = 0; step < 6000; step++)
			churn_step(&churns[i]);
		pthread_create(&churners[i], NULL, churn_on, &churns[i]);
	}
	for (int round = 0; round < THREAD_ROUNDS; round++)
		snap_with_threads();
	atomic_store(&stop_churning, true);
	for (int i = 0; i < CHURNERS; i++)
		pthread_join(churners[i], NULL);
}
END_TEST

Suite *snapshot_suite(void)
{
	Suite *suite = suite_create("snapshot");
	TCase *single = tcase_create("single");
	TCase *all = tcase_create("all");

	tcase_add_checked_fixture(single, setup, teardown);
	tcase_add_test(single, of_nothing_there_is_nothing_to_hand_over);
	tcase_add_test(single, a_step_is_about_as_large_as_asked_for);
	tcase_add_test(single, steps_through_empty_tables_are_bounded);
	tcase_add_test(single, what_is_about_to_change_is_handed_over_as_it_was);
	tcase_add_test(single, a_block_is_left_to_the_snapshot);
	tcase_add_test(single, a_table_that_grows_under_the_walk_loses_nothing);
	tcase_add_test(single, a_table_that_shrinks_under_the_walk_loses_nothing);
	tcase_add_test(single, a_flushed_database_is_out_of_reach_and_still_handed_over);
	tcase_add_test(single, swapped_databases_are_handed_over_as_what_they_were);
	tcase_add_test(single, the_dead_are_handed_over);
	tcase_add_test(single, an_abandoned_snapshot_hands_nothing_over_and_leaves_no_trace);
	tcase_add_test(single, a_keyspace_may_go_in_the_middle);
	tcase_add_test(single, without_memory_it_is_exact_all_the_same);
	suite_add_tcase(suite, single);
	tcase_add_checked_fixture(all, setup, teardown);
	tcase_set_timeout(all, 180);
	tcase_add_test(all, it_is_exact_whatever_happens);
	tcase_add_test(all, it_is_exact_with_threads);
	suite_add_tcase(suite, all);
	return suite;
}
