/* Access words: times, counts as Redis's evict.c defines them, and one read as the other. */
#include "store/access.h"
#include "suites.h"

static const int64_t NOW = 1700000000000;
static const int64_t MINUTE = 60 * 1000;

static struct random dice;

static void setup(void)
{
	random_seed(&dice, 11);
	setting_put(&settings.lfu_log_factor, 10);
	setting_put(&settings.lfu_decay_time, 1);
	setting_put(&settings.maxmemory_policy, POLICY_ALL_KEYS | POLICY_LRU);
}

static void teardown(void)
{
	setting_put(&settings.maxmemory_policy, 0);
}

static void count_uses(void)
{
	setting_put(&settings.maxmemory_policy, POLICY_ALL_KEYS | POLICY_LFU);
}

/* --- times ------------------------------------------------------------------------------------------------------- */

START_TEST(test_idle_is_exact_to_its_unit)
{
	uint32_t word = access_first(NOW);

	ck_assert_int_eq(access_idle_ms(word, NOW), 0);
	ck_assert_int_lt(access_idle_ms(word, NOW + 10000), 10000 + 64);
	ck_assert_int_gt(access_idle_ms(word, NOW + 10000), 10000 - 64);
	ck_assert_int_eq(access_idle_ms(word, NOW + 1000 * MINUTE) / MINUTE, 1000);
}
END_TEST

START_TEST(test_time_wraps_around)
{
	int64_t wrap = ((NOW >> 37) + 1) << 37; /* 31 bits of 64 ms */
	uint32_t word = access_first(wrap - 5000);

	ck_assert_int_eq((access_idle_ms(word, wrap + 5000) + 64) / 1000, 10);
}
END_TEST

START_TEST(test_clock_set_back)
{
	ck_assert_int_eq(access_idle_ms(access_of_time(NOW), NOW - MINUTE), 0);
	ck_assert_int_eq(access_idle_ms(access_of_count(9, NOW), NOW - 2 * MINUTE), 0);
	count_uses();
	ck_assert_uint_eq(access_count(access_of_count(9, NOW), NOW - 2 * MINUTE), 9);
}
END_TEST

START_TEST(test_idle_can_be_set)
{
	ck_assert_int_eq(access_idle_ms(access_of_idle(100, NOW), NOW) / 1000, 100);
	ck_assert_int_eq(access_idle_ms(access_of_idle(0, NOW), NOW), 0);
	/* More than a word can hold: as long as it can. Four years. */
	ck_assert_int_gt(access_idle_ms(access_of_idle(INT64_MAX, NOW), NOW), 4 * 365 * 24 * 60 * MINUTE);
}
END_TEST

START_TEST(test_touch_writes_new_units_only)
{
	uint32_t word = access_of_time(NOW);
	uint32_t before = word;

	access_touch(&word, NOW, &dice);
	ck_assert_uint_eq(word, before);
	access_touch(&word, NOW + 64, &dice);
	ck_assert_uint_eq(word, before + 1);
}
END_TEST

/* --- counts ------------------------------------------------------------------------------------------------------ */

START_TEST(test_count_begins_at_five)
{
	count_uses();
	ck_assert_uint_eq(access_count(access_first(NOW), NOW), 5);
}
END_TEST

START_TEST(test_count_decays)
{
	uint32_t word = access_of_count(20, NOW);

	ck_assert_uint_eq(access_count(word, NOW + MINUTE), 19);
	ck_assert_uint_eq(access_count(word, NOW + 20 * MINUTE), 0);
	ck_assert_uint_eq(access_count(word, NOW + 200 * MINUTE), 0);
	setting_put(&settings.lfu_decay_time, 10);
	ck_assert_uint_eq(access_count(word, NOW + 9 * MINUTE), 20);
	ck_assert_uint_eq(access_count(word, NOW + 35 * MINUTE), 17);
	setting_put(&settings.lfu_decay_time, 0);
	ck_assert_uint_eq(access_count(word, NOW + 2000 * MINUTE), 20);
}
END_TEST

START_TEST(test_minutes_wrap_around)
{
	int64_t wrap = (NOW / MINUTE / 65536 + 1) * 65536 * MINUTE;

	ck_assert_uint_eq(access_count(access_of_count(20, wrap - MINUTE), wrap + 2 * MINUTE), 17);
}
END_TEST

/* The count after so many uses within a minute. */
static uint8_t count_after(int uses)
{
	uint32_t word = access_of_count(5, NOW);

	for (int i = 0; i < uses; i++)
		word = access_increment(word, NOW, &dice);
	return access_count(word, NOW);
}

/* The table in redis.conf: with factor 10, 10 after 100 hits, 18 after 1000, 142 after 100,000, 255 after a million. */
START_TEST(test_count_grows_logarithmically)
{
	ck_assert_uint_ge(count_after(100), 7);
	ck_assert_uint_le(count_after(100), 14);
	ck_assert_uint_ge(count_after(1000), 15);
	ck_assert_uint_le(count_after(1000), 24);
	ck_assert_uint_ge(count_after(100000), 130);
	ck_assert_uint_le(count_after(100000), 155);
	ck_assert_uint_eq(count_after(1000000), 255);
}
END_TEST

START_TEST(test_factor_nought_counts_every_use)
{
	setting_put(&settings.lfu_log_factor, 0);
	ck_assert_uint_eq(count_after(100), 105);
	ck_assert_uint_eq(count_after(1000), 255);
}
END_TEST

/* Below five, after decay, every use counts. */
START_TEST(test_low_counts_recover)
{
	ck_assert_uint_eq(access_count(access_increment(access_of_count(0, NOW), NOW, &dice), NOW), 1);
	ck_assert_uint_eq(
		access_count(access_increment(access_of_count(20, NOW), NOW + 20 * MINUTE, &dice), NOW + 20 * MINUTE),
		1);
}
END_TEST

/* --- one as the other -------------------------------------------------------------------------------------------- */

START_TEST(test_policy_changes)
{
	uint32_t timed = access_first(NOW);
	uint32_t counted = access_of_count(50, NOW);
	int64_t later = NOW + 3 * MINUTE + 1000;

	ck_assert_int_eq(access_idle_ms(counted, later), 3 * MINUTE);
	ck_assert_uint_eq(access_count(timed, later), 2);
	access_touch(&counted, later, &dice);
	ck_assert_uint_eq(counted, access_of_time(later));
	count_uses();
	access_touch(&timed, later, &dice);
	ck_assert_uint_eq(timed, access_of_count(3, later));
}
END_TEST

Suite *access_suite(void)
{
	Suite *suite = suite_create("access");
	TCase *tests = tcase_create("words");

	tcase_add_checked_fixture(tests, setup, teardown);
	tcase_add_test(tests, test_idle_is_exact_to_its_unit);
	tcase_add_test(tests, test_time_wraps_around);
	tcase_add_test(tests, test_clock_set_back);
	tcase_add_test(tests, test_idle_can_be_set);
	tcase_add_test(tests, test_touch_writes_new_units_only);
	tcase_add_test(tests, test_count_begins_at_five);
	tcase_add_test(tests, test_count_decays);
	tcase_add_test(tests, test_minutes_wrap_around);
	tcase_add_test(tests, test_count_grows_logarithmically);
	tcase_add_test(tests, test_factor_nought_counts_every_use);
	tcase_add_test(tests, test_low_counts_recover);
	tcase_add_test(tests, test_policy_changes);
	suite_add_tcase(suite, tests);
	return suite;
}
