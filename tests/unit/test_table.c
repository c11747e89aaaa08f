/* One table, with hashes chosen by hand. */
#include <stdio.h>

#include "store/table.h"
#include "suites.h"

enum { ENTRIES = 3000 };

static struct table *table;
static struct entry *entries[ENTRIES];

static struct slice name_of(int number)
{
	static char text[16];

	snprintf(text, sizeof(text), "key:%d", number);
	return slice_of(text);
}

/* Spreads numbers over all 32 bits. */
static uint32_t hash_of(int number)
{
	return (uint32_t)number * 2654435761U;
}

static void add(int number, uint32_t hash)
{
	entries[number] = entry_new(name_of(number), hash, 8, number % 2 == 0);
	entry_write_value(entries[number], name_of(number));
	table_add(table, entries[number]);
	table_fit(table);
}

static void take(int number)
{
	table_remove(table, entries[number]);
	entry_free(entries[number]);
	entries[number] = NULL;
	table_fit(table);
}

static void setup(void)
{
	table = table_new(0, TABLE_MIN_BUCKETS);
	memset(entries, 0, sizeof(entries));
}

static void teardown(void)
{
	store_malloc = malloc;
	for (int i = 0; i < ENTRIES; i++) {
		if (entries[i] != NULL)
			entry_free(entries[i]);
	}
	table_free(table);
}

static void *no_memory(size_t size)
{
	(void)size;
	return NULL;
}

START_TEST(finds_what_was_added_and_nothing_else)
{
	for (int i = 0; i < ENTRIES; i++)
		add(i, hash_of(i));
	for (int i = 0; i < ENTRIES; i++) {
		ck_assert_ptr_eq(table_find(table, name_of(i), hash_of(i)), entries[i]);
		ck_assert(slice_equal(entry_key(entries[i]), name_of(i)));
		ck_assert(slice_equal(entry_value(entries[i]), name_of(i)));
		ck_assert_uint_eq(entry_hash(entries[i]), hash_of(i));
		ck_assert_ptr_null(table_find(table, name_of(i), hash_of(i) ^ 0x80000000));
		ck_assert_ptr_null(table_find(table, name_of(i + ENTRIES), hash_of(i)));
	}
}
END_TEST

START_TEST(tells_keys_of_one_hash_apart)
{
	for (int i = 0; i < 20; i++)
		add(i, 7);
	for (int i = 0; i < 20; i++)
		ck_assert_ptr_eq(table_find(table, name_of(i), 7), entries[i]);
	take(0);
	take(10);
	take(19);
	for (int i = 0; i < 20; i++)
		ck_assert_ptr_eq(table_find(table, name_of(i), 7), entries[i]);
}
END_TEST

START_TEST(buckets_follow_the_number_of_entries)
{
	size_t empty = table_footprint(table);

	for (int i = 0; i < 2000; i++) {
		add(i, hash_of(i));
		ck_assert_uint_le(table->chains.num_items, TABLE_MAX_LOAD * table->chains.num_buckets);
	}
	ck_assert_uint_eq(table->chains.num_buckets, 2048);
	for (int i = 0; i < 2000; i++) {
		take(i);
		ck_assert(table->chains.num_items * TABLE_SPARSE + TABLE_SPARSE > table->chains.num_buckets ||
			  table->chains.num_buckets == TABLE_MIN_BUCKETS);
		if (i % 100 == 0 && i + 1 < 2000)
			ck_assert_ptr_eq(table_find(table, name_of(i + 1), hash_of(i + 1)), entries[i + 1]);
	}
	ck_assert_uint_eq(table->chains.num_items, 0);
	ck_assert_uint_eq(table_footprint(table), empty);
}
END_TEST

START_TEST(without_memory_it_stays_as_it_is)
{
	for (int i = 0; i < 4; i++)
		add(i, hash_of(i));
	for (int i = 4; i < 100; i++) {
		store_malloc = malloc;
		entries[i] = entry_new(name_of(i), hash_of(i), 8, false);
		store_malloc = no_memory;
		table_add(table, entries[i]);
		table_fit(table);
	}
	ck_assert_uint_eq(table->chains.num_buckets, 4);
	ck_assert_ptr_null(table_split(table));
	ck_assert_uint_eq(table->depth, 0);
	ck_assert_ptr_null(table_new(0, 4));
	ck_assert_ptr_null(entry_new(SLICE("k"), 0, 0, false));
	for (int i = 0; i < 100; i++)
		ck_assert_ptr_eq(table_find(table, name_of(i), hash_of(i)), entries[i]);
}
END_TEST

START_TEST(split_divides_by_the_next_high_bit)
{
	struct table *upper;

	table->depth = 3;
	for (int i = 0; i < 2048; i++)
		add(i, hash_of(i) >> 3);
	upper = table_split(table);
	ck_assert_uint_eq(table->depth, 4);
	ck_assert_uint_eq(upper->depth, 4);
	ck_assert_uint_eq(table->chains.num_items + upper->chains.num_items, 2048);
	ck_assert_uint_gt(upper->chains.num_items, 900);
	for (int i = 0; i < 2048; i++) {
		uint32_t hash = hash_of(i) >> 3;
		bool is_upper = (hash & 0x10000000) != 0;

		ck_assert_ptr_eq(table_find(is_upper ? upper : table, name_of(i), hash), entries[i]);
		ck_assert_ptr_null(table_find(is_upper ? table : upper, name_of(i), hash));
	}
	table_free(upper);
}
END_TEST

START_TEST(entries_have_the_promised_size)
{
	struct entry *entry = entry_new(SLICE("sixteen bytes !!"), 1, 32, false);
	struct entry *mortal = entry_new(SLICE("sixteen bytes !!"), 1, 32, true);

	entry_write_value(entry, SLICE("12345678901234567890123456789012"));
	entry_write_value(mortal, SLICE("12345678901234567890123456789012"));
	ck_assert_uint_eq(entry_footprint(entry), 80);
	ck_assert_uint_eq(entry_footprint(mortal), 112);
	entry_free(entry);
	entry_free(mortal);
}
END_TEST

Suite *table_suite(void)
{
	Suite *suite = suite_create("table");
	TCase *tcase = tcase_create("table");

	tcase_add_checked_fixture(tcase, setup, teardown);
	tcase_add_test(tcase, finds_what_was_added_and_nothing_else);
	tcase_add_test(tcase, tells_keys_of_one_hash_apart);
	tcase_add_test(tcase, buckets_follow_the_number_of_entries);
	tcase_add_test(tcase, without_memory_it_stays_as_it_is);
	tcase_add_test(tcase, split_divides_by_the_next_high_bit);
	tcase_add_test(tcase, entries_have_the_promised_size);
	suite_add_tcase(suite, tcase);
	return suite;
}
