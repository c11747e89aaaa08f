/* Bits in a row of bytes: every function against one that goes bit by bit. */
#include <stdlib.h>
#include <string.h>

#include "base/bits.h"
#include "base/random.h"
#include "suites.h"

enum { BYTES = 200, BITS = 8 * BYTES, ROUNDS = 3000 };

static struct random dice;
static char bytes[BYTES];

/* Bytes at random; in half of the rounds most of them are 0 or 255, so that whole words are. */
static void fill(void)
{
	bool dull = random_below(&dice, 2) == 0;
	int filler = random_below(&dice, 2) == 0 ? 0 : 0xff;

	for (size_t i = 0; i < BYTES; i++)
		bytes[i] = (char)(dull && random_below(&dice, 100) != 0 ? filler : (int)random_below(&dice, 256));
}

static void setup(void)
{
	random_seed(&dice, 1);
}

START_TEST(one_bit)
{
	char two[2] = {(char)0x80, 0x01};

	ck_assert(bits_get(two, 0));
	ck_assert(!bits_get(two, 1));
	ck_assert(!bits_get(two, 8));
	ck_assert(bits_get(two, 15));
	bits_put(two, 9, true);
	bits_put(two, 0, false);
	bits_put(two, 1, false);
	ck_assert_mem_eq(two, "\x00\x41", 2);
}
END_TEST

START_TEST(counting)
{
	for (size_t round = 0; round < ROUNDS; round++) {
		uint64_t from = random_below(&dice, BITS + 1), end = random_below(&dice, BITS + 1), count = 0;

		fill();
		for (uint64_t at = from; at < end; at++)
			count += bits_get(bytes, at);
		ck_assert_uint_eq(bits_count(bytes, from, end), count);
	}
	memset(bytes, 0xff, BYTES);
	ck_assert_uint_eq(bits_count(bytes, 0, BITS), BITS);
	ck_assert_uint_eq(bits_count(NULL, 0, 0), 0);
}
END_TEST

START_TEST(finding)
{
	for (size_t round = 0; round < ROUNDS; round++) {
		uint64_t from = random_below(&dice, BITS + 1), end = random_below(&dice, BITS + 1);
		bool bit = random_below(&dice, 2) == 0;
		uint64_t at = from;

		if (from > end)
			continue;
		fill();
		while (at < end && bits_get(bytes, at) != bit)
			at++;
		ck_assert_uint_eq(bits_find(bytes, from, end, bit), at);
	}
	ck_assert_uint_eq(bits_find(NULL, 0, 0, true), 0);
}
END_TEST

/* What bits_read gives, bit by bit. */
static uint64_t number_at(uint64_t at, unsigned width)
{
	uint64_t number = 0;

	for (uint64_t i = at; i < at + width; i++)
		number = number << 1 | (i < BITS && bits_get(bytes, i));
	return number;
}

START_TEST(numbers)
{
	for (size_t round = 0; round < ROUNDS; round++) {
		unsigned width = 1 + (unsigned)random_below(&dice, 64);
		uint64_t at = random_below(&dice, BITS + 100);
		uint64_t number = random_next(&dice), mask = UINT64_MAX >> (64 - width);
		size_t changed = 0;
		char before[BYTES];

		fill();
		ck_assert_uint_eq(bits_read((struct slice){bytes, BYTES}, at, width), number_at(at, width));
		if (at + width > BITS)
			continue;
		memcpy(before, bytes, BYTES);
		bits_write(bytes, at, width, number);
		ck_assert_uint_eq(number_at(at, width), number & mask);
		for (uint64_t i = 0; i < BITS; i++)
			changed += i - at >= width && bits_get(before, i) != bits_get(bytes, i);
		ck_assert_uint_eq(changed, 0);
	}
}
END_TEST

START_TEST(combining)
{
	for (size_t len = 0; len <= BYTES; len++) {
		char first[BYTES], both[BYTES], any[BYTES], odd[BYTES], none[BYTES];

		fill();
		memcpy(first, bytes, BYTES);
		memcpy(both, bytes, BYTES);
		memcpy(any, bytes, BYTES);
		memcpy(odd, bytes, BYTES);
		memcpy(none, bytes, BYTES);
		fill();
		bits_combine(BITS_AND, both, bytes, len);
		bits_combine(BITS_OR, any, bytes, len);
		bits_combine(BITS_XOR, odd, bytes, len);
		bits_invert(none, len);
		for (size_t i = 0; i < BYTES; i++) {
			ck_assert_int_eq(both[i], i < len ? first[i] & bytes[i] : first[i]);
			ck_assert_int_eq(any[i], i < len ? first[i] | bytes[i] : first[i]);
			ck_assert_int_eq(odd[i], i < len ? first[i] ^ bytes[i] : first[i]);
			ck_assert_int_eq(none[i], i < len ? (char)~first[i] : first[i]);
		}
	}
}
END_TEST

Suite *bits_suite(void)
{
	Suite *suite = suite_create("bits");
	TCase *tests = tcase_create("bits");

	tcase_add_checked_fixture(tests, setup, NULL);
	tcase_add_test(tests, one_bit);
	tcase_add_test(tests, counting);
	tcase_add_test(tests, finding);
	tcase_add_test(tests, numbers);
	tcase_add_test(tests, combining);
	suite_add_tcase(suite, tests);
	return suite;
}
