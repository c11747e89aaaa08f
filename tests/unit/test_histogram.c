/* The histogram against sorted arrays of the same values, and read while it is written. */
#include <pthread.h>
#include <stdlib.h>
#include <string.h>

#include "base/histogram.h"
#include "base/random.h"
#include "suites.h"

static const uint64_t largest = (UINT64_C(1) << HISTOGRAM_VALUE_BITS) - 1;

static struct histogram histogram;

static void setup(void)
{
	memset(&histogram, 0, sizeof(histogram));
}

static struct histogram_sum sum_now(void)
{
	struct histogram_sum sum = {0};

	histogram_add(&sum, &histogram);
	return sum;
}

static void expect_near(uint64_t got, uint64_t want)
{
	uint64_t difference = got > want ? got - want : want - got;

	ck_assert_msg(difference * 64 <= want, "%llu is not near %llu", (unsigned long long)got,
		      (unsigned long long)want);
}

/* --- buckets ----------------------------------------------------------------------------------------------------- */

START_TEST(small_values_are_exact)
{
	for (uint64_t value = 0; value < 64; value++) {
		ck_assert_uint_eq(histogram_bucket(value), value);
		ck_assert_uint_eq(histogram_middle(histogram_bucket(value)), value);
	}
}
END_TEST

START_TEST(every_value_is_near_its_middle)
{
	for (unsigned bit = 6; bit < HISTOGRAM_VALUE_BITS; bit++) {
		for (uint64_t step = 0; step < 256; step++) {
			uint64_t value = (UINT64_C(1) << bit) + (step << bit >> 8);

			expect_near(histogram_middle(histogram_bucket(value)), value);
			expect_near(histogram_middle(histogram_bucket(value - 1)), value - 1);
		}
	}
}
END_TEST

START_TEST(buckets_follow_each_other)
{
	ck_assert_uint_eq(histogram_bucket(largest), HISTOGRAM_BUCKETS - 1);
	for (unsigned bucket = 1; bucket < HISTOGRAM_BUCKETS; bucket++) {
		ck_assert_uint_gt(histogram_middle(bucket), histogram_middle(bucket - 1));
		ck_assert_uint_eq(histogram_bucket(histogram_middle(bucket)), bucket);
	}
}
END_TEST

START_TEST(what_is_too_long_goes_into_the_last)
{
	ck_assert_uint_eq(histogram_bucket(largest + 1), HISTOGRAM_BUCKETS - 1);
	ck_assert_uint_eq(histogram_bucket(largest * 1000), HISTOGRAM_BUCKETS - 1);
	ck_assert_uint_eq(histogram_bucket(UINT64_MAX), HISTOGRAM_BUCKETS - 1);
	histogram_record(&histogram, UINT64_MAX);
	ck_assert_uint_eq(sum_now().counts[HISTOGRAM_BUCKETS - 1], 1);
}
END_TEST

/* --- percentiles ------------------------------------------------------------------------------------------------- */

START_TEST(an_empty_one_has_zeros)
{
	struct histogram_sum sum = sum_now();

	ck_assert_uint_eq(sum.total, 0);
	ck_assert_uint_eq(histogram_percentile(&sum, 50), 0);
	ck_assert_uint_eq(histogram_percentile(&sum, 100), 0);
}
END_TEST

START_TEST(one_value_is_every_percentile)
{
	struct histogram_sum sum;

	histogram_record(&histogram, 1000000);
	sum = sum_now();
	ck_assert_uint_eq(sum.total, 1);
	expect_near(histogram_percentile(&sum, 0), 1000000);
	expect_near(histogram_percentile(&sum, 99.9), 1000000);
	expect_near(histogram_percentile(&sum, 100), 1000000);
}
END_TEST

START_TEST(percentiles_name_the_right_value)
{
	struct histogram_sum sum;

	for (uint64_t value = 1; value <= 60; value++)
		histogram_record(&histogram, value);
	sum = sum_now();
	ck_assert_uint_eq(histogram_percentile(&sum, 0), 1);
	ck_assert_uint_eq(histogram_percentile(&sum, 50), 30);
	ck_assert_uint_eq(histogram_percentile(&sum, 51), 31);
	ck_assert_uint_eq(histogram_percentile(&sum, 98), 59);
	ck_assert_uint_eq(histogram_percentile(&sum, 100), 60);
}
END_TEST

static int compare(const void *left, const void *right)
{
	uint64_t a = *(const uint64_t *)left, b = *(const uint64_t *)right;

	return a < b ? -1 : a > b;
}

/* Values of all magnitudes, as durations are. */
START_TEST(percentiles_are_within_a_sixty_fourth)
{
	enum { COUNT = 20000 };
	static uint64_t values[COUNT];
	struct histogram_sum sum;
	struct random random;

	random_seed(&random, (uint64_t)_i);
	for (unsigned i = 0; i < COUNT; i++) {
		values[i] = (random_next(&random) & largest) >> random_next(&random) % 30;
		histogram_record(&histogram, values[i]);
	}
	qsort(values, COUNT, sizeof(values[0]), compare);
	sum = sum_now();
	ck_assert_uint_eq(sum.total, COUNT);
	for (unsigned i = 0; i <= 1000; i++) {
		unsigned rank = i * COUNT / 1000;

		expect_near(histogram_percentile(&sum, i / 10.0), values[rank == 0 ? 0 : rank - 1]);
	}
}
END_TEST

START_TEST(an_earlier_state_is_taken_away)
{
	struct histogram_sum earlier, sum;

	histogram_record(&histogram, 5);
	histogram_record(&histogram, 50);
	earlier = sum_now();
	histogram_record(&histogram, 5);
	histogram_record(&histogram, 500000);
	sum = sum_now();
	histogram_subtract(&sum, &earlier);
	ck_assert_uint_eq(sum.total, 2);
	ck_assert_uint_eq(histogram_percentile(&sum, 50), 5);
	expect_near(histogram_percentile(&sum, 100), 500000);
}
END_TEST

/* --- a reader beside the writer ---------------------------------------------------------------------------------- */

enum { WRITTEN = 200000 };

static void *write_many(void *arg)
{
	(void)arg;
	for (uint64_t value = 0; value < WRITTEN; value++)
		histogram_record(&histogram, value);
	return NULL;
}

START_TEST(readers_see_it_grow)
{
	struct histogram_sum earlier = {0};
	pthread_t writer;

	ck_assert_int_eq(pthread_create(&writer, NULL, write_many, NULL), 0);
	while (earlier.total < WRITTEN) {
		struct histogram_sum sum = sum_now();

		for (unsigned bucket = 0; bucket < HISTOGRAM_BUCKETS; bucket++)
			ck_assert_uint_ge(sum.counts[bucket], earlier.counts[bucket]);
		earlier = sum;
	}
	pthread_join(writer, NULL);
	ck_assert_uint_eq(sum_now().total, WRITTEN);
}
END_TEST

Suite *histogram_suite(void)
{
	Suite *suite = suite_create("histogram");
	TCase *tcase = tcase_create("histogram");

	tcase_add_checked_fixture(tcase, setup, NULL);
	tcase_add_test(tcase, small_values_are_exact);
	tcase_add_test(tcase, every_value_is_near_its_middle);
	tcase_add_test(tcase, buckets_follow_each_other);
	tcase_add_test(tcase, what_is_too_long_goes_into_the_last);
	tcase_add_test(tcase, an_empty_one_has_zeros);
	tcase_add_test(tcase, one_value_is_every_percentile);
	tcase_add_test(tcase, percentiles_name_the_right_value);
	tcase_add_loop_test(tcase, percentiles_are_within_a_sixty_fourth, 1, 5);
	tcase_add_test(tcase, an_earlier_state_is_taken_away);
	tcase_add_test(tcase, readers_see_it_grow);
	suite_add_tcase(suite, tcase);
	return suite;
}
