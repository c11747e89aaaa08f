/* The timing wheel against a plain array of times. */
#include "base/random.h"
#include "store/expiry.h"

#include <stdbool.h>
#include <stdlib.h>

#include "suites.h"

enum { NODES = 4000 };

static const int64_t START = 1700000000000; /* November 2023 */

static struct expiry_wheel *wheel;
static struct expiry_node nodes[NODES];
static bool linked[NODES];
static struct random dice;

static void setup(void)
{
	wheel = expiry_new();
	for (int i = 0; i < NODES; i++)
		linked[i] = false;
	random_seed(&dice, 1);
}

static void teardown(void)
{
	free(wheel);
}

static void insert(int i, int64_t when, int64_t clock)
{
	expiry_insert(wheel, &nodes[i], when, clock);
	linked[i] = true;
}

static void take(int i)
{
	expiry_remove(wheel, &nodes[i]);
	linked[i] = false;
}

/* Takes out all that is due and checks that it was; returns the steps taken. */
static size_t drain(int64_t now)
{
	size_t steps = SIZE_MAX;
	struct expiry_node *node;

	while ((node = expiry_due(wheel, now, &steps)) != NULL) {
		ck_assert_int_lt(node->when, now);
		ck_assert(linked[node - nodes]);
		take((int)(node - nodes));
	}
	return SIZE_MAX - steps;
}

static void check_nothing_is_late(int64_t now)
{
	size_t count = 0;

	for (int i = 0; i < NODES; i++) {
		if (!linked[i])
			continue;
		ck_assert_int_ge(nodes[i].when, now);
		count++;
	}
	ck_assert_uint_eq(wheel->count, count);
}

/* A time span of any magnitude, from a millisecond to about a century. */
static int64_t random_span(void)
{
	return (int64_t)(random_next(&dice) >> (22 + random_below(&dice, 42)));
}

START_TEST(due_the_millisecond_after)
{
	insert(0, START, START - 100000);
	ck_assert_uint_le(drain(START - 1), 3);
	ck_assert(linked[0]);
	drain(START);
	ck_assert(linked[0]);
	drain(START + 1);
	ck_assert(!linked[0]);
	ck_assert_uint_eq(wheel->count, 0);
}
END_TEST

START_TEST(nothing_due_costs_nothing)
{
	const int64_t even = (START >> 24 << 24) + 2; /* just within a slot of level 4 */

	ck_assert_uint_eq(drain(even), 0);
	for (int i = 0; i < NODES; i++)
		insert(i, even + 3600000 + i, even);
	ck_assert_int_gt(wheel->next, even + 3000000);
	ck_assert_uint_eq(drain(even + 1000), 0);
	ck_assert_uint_eq(drain(even + 3000000), 0);
}
END_TEST

START_TEST(agrees_with_an_array_of_times)
{
	int64_t now = START;

	for (int round = 0; round < 600; round++) {
		for (int j = 0; j < 20; j++) {
			int i = (int)random_below(&dice, NODES);

			if (linked[i])
				take(i);
			else
				insert(i, now + random_span() - (int64_t)random_below(&dice, 5), now);
		}
		now += round % 20 == 0 ? random_span() : (int64_t)random_below(&dice, 200);
		drain(now);
		check_nothing_is_late(now);
	}
}
END_TEST

START_TEST(stays_right_when_the_clock_jumps_back)
{
	int64_t now = START;

	for (int round = 0; round < 300; round++) {
		for (int j = 0; j < 20; j++) {
			int i = (int)random_below(&dice, NODES);

			if (!linked[i])
				insert(i, now + 1 + random_span() % 100000, now);
		}
		now += (int64_t)random_below(&dice, 1000);
		if (random_below(&dice, 20) == 0) {
			now -= random_span() % 1000000000;
			expiry_rewind(wheel, now);
		}
		drain(now);
		check_nothing_is_late(now);
	}
}
END_TEST

START_TEST(a_jump_by_years_takes_few_steps)
{
	for (int i = 0; i < NODES; i++)
		insert(i, START + i * 1000, START);
	ck_assert_uint_le(drain(START + (int64_t)100 * 365 * 86400 * 1000), NODES * 2);
	ck_assert_uint_eq(wheel->count, 0);
}
END_TEST

START_TEST(a_node_moves_once_for_each_level)
{
	size_t steps = 0;

	for (int i = 0; i < NODES; i++)
		insert(i, START + 1 + random_span() % 10000000, START);
	for (int64_t now = START; wheel->count > 0; now += 97)
		steps += drain(now);
	ck_assert_uint_le(steps, NODES * 5);
}
END_TEST

START_TEST(goes_on_where_its_steps_ended)
{
	size_t taken = 0;

	for (int i = 0; i < NODES; i++)
		insert(i, START + i % 50, START);
	for (int call = 0; call < NODES * 4 && wheel->count > 0; call++) {
		size_t steps = 1;
		struct expiry_node *node = expiry_due(wheel, START + 1000, &steps);

		ck_assert_uint_le(steps, 1);
		if (node == NULL)
			continue;
		take((int)(node - nodes));
		taken++;
	}
	ck_assert_uint_eq(taken, NODES);
}
END_TEST

START_TEST(takes_every_time_there_is)
{
	insert(0, 1, 0);
	insert(1, INT64_MAX, START);
	insert(2, INT64_MAX - 1, START);
	insert(3, START, START);
	drain(START + 1);
	ck_assert(!linked[0] && linked[1] && linked[2] && !linked[3]);
	drain(INT64_MAX);
	ck_assert(linked[1] && !linked[2]);
	take(1);
	ck_assert_uint_eq(wheel->count, 0);
	ck_assert(wheel->sum == 0);
}
END_TEST

Suite *expiry_suite(void)
{
	Suite *suite = suite_create("expiry");
	TCase *tcase = tcase_create("expiry");

	tcase_set_timeout(tcase, 30);
	tcase_add_checked_fixture(tcase, setup, teardown);
	tcase_add_test(tcase, due_the_millisecond_after);
	tcase_add_test(tcase, nothing_due_costs_nothing);
	tcase_add_test(tcase, agrees_with_an_array_of_times);
	tcase_add_test(tcase, stays_right_when_the_clock_jumps_back);
	tcase_add_test(tcase, a_jump_by_years_takes_few_steps);
	tcase_add_test(tcase, a_node_moves_once_for_each_level);
	tcase_add_test(tcase, goes_on_where_its_steps_ended);
	tcase_add_test(tcase, takes_every_time_there_is);
	suite_add_tcase(suite, tcase);
	return suite;
}
