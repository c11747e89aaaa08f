/* Numbers: tables of edges, and round trips against libc for random values. */
#include <inttypes.h>
#include <limits.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/number.h"
#include "base/random.h"
#include "suites.h"

START_TEST(parse_int64_takes_canonical_numbers)
{
	static const struct {
		const char *text;
		int64_t value;
	} cases[] = {
		{"0", 0},
		{"1", 1},
		{"-1", -1},
		{"10", 10},
		{"1234567890123456789", 1234567890123456789},
		{"9223372036854775807", INT64_MAX},
		{"-9223372036854775808", INT64_MIN},
	};
	int64_t value = 42;

	ck_assert_msg(number_parse_int64(slice_of(cases[_i].text), &value), "%s", cases[_i].text);
	ck_assert_int_eq(value, cases[_i].value);
}
END_TEST

START_TEST(parse_int64_refuses_the_rest)
{
	static const char *const cases[] = {
		"",
		"-",
		"+1",
		"-0",
		"00",
		"01",
		"-01",
		" 1",
		"1 ",
		"1a",
		"a",
		"1.0",
		"0x1",
		"--1",
		"9223372036854775808",
		"-9223372036854775809",
		"9999999999999999999",
		"18446744073709551616",
		"100000000000000000000000",
	};
	int64_t value = 42;

	ck_assert_msg(!number_parse_int64(slice_of(cases[_i]), &value), "%s", cases[_i]);
	ck_assert_int_eq(value, 42);
}
END_TEST

START_TEST(parse_int64_stays_in_its_slice)
{
	int64_t value;

	ck_assert(number_parse_int64((struct slice){"1234", 2}, &value));
	ck_assert_int_eq(value, 12);
	ck_assert(!number_parse_int64((struct slice){"1\0002", 3}, &value));
	ck_assert(!number_parse_int64((struct slice){NULL, 0}, &value));
}
END_TEST

START_TEST(parse_uint64_takes_plain_digits)
{
	uint64_t value = 42;

	ck_assert(number_parse_uint64(SLICE("18446744073709551615"), &value));
	ck_assert_uint_eq(value, UINT64_MAX);
	ck_assert(number_parse_uint64(SLICE("007"), &value));
	ck_assert_uint_eq(value, 7);
	ck_assert(!number_parse_uint64(SLICE("18446744073709551616"), &value));
	ck_assert(!number_parse_uint64(SLICE("99999999999999999999"), &value));
	ck_assert(!number_parse_uint64(SLICE("-1"), &value));
	ck_assert(!number_parse_uint64(SLICE("1x"), &value));
	ck_assert(!number_parse_uint64(SLICE(""), &value));
	ck_assert_uint_eq(value, 7);
}
END_TEST

/* A random number of each length alike; a plain random 64-bit number would nearly always have 19 or 20 digits. */
static uint64_t random_number(struct random *random)
{
	return random_next(random) >> random_below(random, 64);
}

static void check_int64(int64_t value)
{
	char out[NUMBER_INT64_TEXT + 1];
	char expected[NUMBER_INT64_TEXT];
	int64_t back = 0;
	size_t len;

	out[NUMBER_INT64_TEXT] = '!';
	len = number_print_int64(out, value);
	snprintf(expected, sizeof(expected), "%" PRId64, value);
	ck_assert_uint_eq(len, strlen(expected));
	ck_assert_mem_eq(out, expected, len);
	ck_assert_int_eq(out[NUMBER_INT64_TEXT], '!');
	ck_assert(number_parse_int64((struct slice){out, len}, &back));
	ck_assert_int_eq(back, value);
}

static void check_uint64(uint64_t value)
{
	char out[NUMBER_INT64_TEXT];
	char expected[NUMBER_INT64_TEXT];
	uint64_t back = 0;
	size_t len = number_print_uint64(out, value);

	snprintf(expected, sizeof(expected), "%" PRIu64, value);
	ck_assert_uint_eq(len, strlen(expected));
	ck_assert_mem_eq(out, expected, len);
	ck_assert(number_parse_uint64((struct slice){out, len}, &back));
	ck_assert_uint_eq(back, value);
}

START_TEST(print_agrees_with_libc_around_every_power)
{
	uint64_t base = (uint64_t)_i; /* 2 or 10 */
	uint64_t power = 1;

	while (power <= UINT64_MAX / base) {
		check_uint64(power - 1);
		check_uint64(power);
		check_int64((int64_t)power);
		check_int64((int64_t)(0 - power));
		power *= base;
	}
	check_uint64(power - 1);
	check_uint64(power);
	check_uint64(UINT64_MAX);
	check_int64(INT64_MAX);
	check_int64(INT64_MIN);
}
END_TEST

START_TEST(print_agrees_with_libc_on_random_numbers)
{
	struct random random;
	int i;

	random_seed(&random, 7);
	for (i = 0; i < 20000; i++) {
		uint64_t value = random_number(&random);

		check_uint64(value);
		check_int64((int64_t)value);
		check_int64((int64_t)(0 - value));
	}
}
END_TEST

START_TEST(parse_long_double_takes_what_redis_takes)
{
	static const struct {
		const char *text;
		long double value;
	} cases[] = {
		{"0", 0},     {"3.0", 3},	   {"5.0e3", 5000},   {"-1.5", -1.5L},	   {"+2", 2}, {".5", 0.5L},
		{"0x10", 16}, {"1e-400", 1e-400L}, {"inf", INFINITY}, {"-inf", -INFINITY}, {"1.", 1}, {"INF", INFINITY},
	};
	long double value = 42;

	/* Where long double is a double, 1e-400 is too small. */
	if (cases[_i].value == 0 && strcmp(cases[_i].text, "0") != 0)
		return;
	ck_assert_msg(number_parse_long_double(slice_of(cases[_i].text), &value), "%s", cases[_i].text);
	ck_assert(value == cases[_i].value);
}
END_TEST

START_TEST(parse_long_double_refuses_what_redis_refuses)
{
	static const char *const cases[] = {
		"", " 1", "1 ", "\t1", "a", "1a", "nan", "-nan", "1e100000", "-1e100000", "1e-100000", "1.2.3", "-",
	};
	long double value = 42;

	ck_assert_msg(!number_parse_long_double(slice_of(cases[_i]), &value), "%s", cases[_i]);
	ck_assert(value == 42);
}
END_TEST

START_TEST(parse_long_double_refuses_nul_and_length)
{
	char digits[NUMBER_LONG_DOUBLE_TEXT];
	long double value = 42;

	ck_assert(!number_parse_long_double((struct slice){"1\0", 2}, &value));
	ck_assert(number_parse_long_double((struct slice){"12345", 2}, &value));
	ck_assert(value == 12);
	memset(digits, '0', sizeof(digits));
	ck_assert(!number_parse_long_double((struct slice){digits, sizeof(digits)}, &value));
	ck_assert(number_parse_long_double((struct slice){digits, sizeof(digits) - 1}, &value));
	ck_assert(value == 0);
}
END_TEST

static long double read_long_double(const char *text)
{
	long double value = 0;

	ck_assert_msg(number_parse_long_double(slice_of(text), &value), "%s", text);
	return value;
}

START_TEST(print_long_double_is_for_people)
{
	/* The sum of two numbers, as INCRBYFLOAT makes it. */
	static const struct {
		const char *a, *b, *sum;
	} cases[] = {
		{"10.5", "0.1", "10.6"},
		{"5.0e3", "0", "5000"},
		{"5.0e3", "2.0e2", "5200"},
		{"3.0", "0", "3"},
		{"10.6", "-5", "5.6"},
		{"0.1", "0.2", "0.3"},
		{"1", "-1", "0"},
		{"-1e-30", "0", "0"},
		{"-0.0", "0", "0"},
		{"100", "0", "100"},
		{"-1.50", "0", "-1.5"},
		{"1e20", "0", "100000000000000000000"},
		{"0.0001", "0.0", "0.0001"},
		{"inf", "1", "inf"},
		{"-inf", "1", "-inf"},
	};
	char out[NUMBER_LONG_DOUBLE_TEXT];
	size_t len;

	/* A double cannot hold this sum any better. */
	if (sizeof(long double) == sizeof(double) && strcmp(cases[_i].sum, "0.3") == 0)
		return;
	len = number_print_long_double(out, read_long_double(cases[_i].a) + read_long_double(cases[_i].b));
	ck_assert_uint_lt(len, sizeof(out));
	out[len] = '\0';
	ck_assert_str_eq(out, cases[_i].sum);
}
END_TEST

START_TEST(print_double_is_shortest)
{
	static const struct {
		double value;
		const char *text;
	} cases[] = {
		{0, "0"},
		{-0.0, "-0"},
		{3, "3"},
		{-17, "-17"},
		{0.1, "0.1"},
		{0.1 + 0.2, "0.30000000000000004"},
		{1.5e300, "1.5e+300"},
		{9007199254740991.0, "9007199254740991"},
		{5e-324, "4.94065645841247e-324"},
		{HUGE_VAL, "inf"},
		{-HUGE_VAL, "-inf"},
		{NAN, "nan"},
	};
	char out[NUMBER_DOUBLE_TEXT];
	size_t len = number_print_double(out, cases[_i].value);

	ck_assert_uint_lt(len, sizeof(out));
	out[len] = '\0';
	ck_assert_str_eq(out, cases[_i].text);
}
END_TEST

START_TEST(print_double_reads_back)
{
	struct random random;
	char out[NUMBER_DOUBLE_TEXT];
	int i;

	random_seed(&random, 11);
	for (i = 0; i < 20000; i++) {
		uint64_t bits = random_next(&random);
		double value;
		size_t len;

		memcpy(&value, &bits, sizeof(value));
		if (isnan(value))
			continue;
		len = number_print_double(out, value);
		ck_assert_uint_lt(len, sizeof(out));
		out[len] = '\0';
		ck_assert_msg(strtod(out, NULL) == value, "%s", out);
	}
}
END_TEST

START_TEST(parse_memory_knows_the_units)
{
	static const struct {
		const char *text;
		int64_t bytes;
	} cases[] = {
		{"0", 0},
		{"100", 100},
		{"7b", 7},
		{"1k", 1000},
		{"1KB", 1024},
		{"2m", 2000000},
		{"2mb", 2097152},
		{"3g", 3000000000},
		{"3Gb", 3221225472},
		{"9223372036854775807", INT64_MAX},
	};
	int64_t bytes = -1;

	ck_assert_msg(number_parse_memory(slice_of(cases[_i].text), &bytes), "%s", cases[_i].text);
	ck_assert_int_eq(bytes, cases[_i].bytes);
}
END_TEST

START_TEST(parse_memory_refuses_the_rest)
{
	static const char *const cases[] = {
		"",
		"k",
		"-1",
		"1 k",
		"1kk",
		"1t",
		"1.5g",
		"gb",
		"9223372036854775808",
		"9223372036854775807k",
		"18446744073709551615gb",
	};
	int64_t bytes = -1;

	ck_assert_msg(!number_parse_memory(slice_of(cases[_i]), &bytes), "%s", cases[_i]);
	ck_assert_int_eq(bytes, -1);
}
END_TEST

Suite *number_suite(void)
{
	Suite *suite = suite_create("number");
	TCase *integers = tcase_create("integers");
	TCase *floats = tcase_create("floats");
	TCase *memory = tcase_create("memory sizes");

	tcase_add_loop_test(integers, parse_int64_takes_canonical_numbers, 0, 7);
	tcase_add_loop_test(integers, parse_int64_refuses_the_rest, 0, 19);
	tcase_add_test(integers, parse_int64_stays_in_its_slice);
	tcase_add_test(integers, parse_uint64_takes_plain_digits);
	tcase_add_test(integers, print_agrees_with_libc_on_random_numbers);
	tcase_add_loop_test(integers, print_agrees_with_libc_around_every_power, 2, 3);
	tcase_add_loop_test(integers, print_agrees_with_libc_around_every_power, 10, 11);
	suite_add_tcase(suite, integers);
	tcase_add_loop_test(floats, parse_long_double_takes_what_redis_takes, 0, 12);
	tcase_add_loop_test(floats, parse_long_double_refuses_what_redis_refuses, 0, 13);
	tcase_add_test(floats, parse_long_double_refuses_nul_and_length);
	tcase_add_loop_test(floats, print_long_double_is_for_people, 0, 15);
	tcase_add_loop_test(floats, print_double_is_shortest, 0, 12);
	tcase_add_test(floats, print_double_reads_back);
	suite_add_tcase(suite, floats);
	tcase_add_loop_test(memory, parse_memory_knows_the_units, 0, 10);
	tcase_add_loop_test(memory, parse_memory_refuses_the_rest, 0, 11);
	suite_add_tcase(suite, memory);
	return suite;
}
