/* The longest common subsequence, against the textbook's table. */
#include <stdlib.h>
#include <string.h>

#include "base/random.h"
#include "base/subsequence.h"
#include "suites.h"

enum { LONGEST = 200, ROUNDS = 300 };

static size_t lens[LONGEST + 1][LONGEST + 1];

static void fill_table(struct slice a, struct slice b)
{
	memset(lens, 0, sizeof(lens));
	for (size_t i = 1; i <= a.len; i++) {
		for (size_t j = 1; j <= b.len; j++) {
			size_t above = lens[i - 1][j], left = lens[i][j - 1];

			if (a.data[i - 1] == b.data[j - 1])
				lens[i][j] = lens[i - 1][j - 1] + 1;
			else
				lens[i][j] = above > left ? above : left;
		}
	}
}

/* The pair of bytes that the way back through the table comes to next; the way is Redis's. */
static bool next_pair(struct slice a, struct slice b, size_t *i, size_t *j)
{
	while (*i > 0 && *j > 0) {
		if (a.data[*i - 1] == b.data[*j - 1]) {
			(*i)--;
			(*j)--;
			return true;
		}
		if (lens[*i - 1][*j] > lens[*i][*j - 1])
			(*i)--;
		else
			(*j)--;
	}
	return false;
}

static void check(struct slice a, struct slice b)
{
	struct subsequence found;
	struct subsequence_run run;
	size_t i = a.len, j = b.len, len, total = 0;

	fill_table(a, b);
	ck_assert(subsequence_measure(a, b, &len));
	ck_assert_uint_eq(len, lens[a.len][b.len]);

	ck_assert(subsequence_find(&found, a, b));
	ck_assert_uint_eq(found.len, len);
	while (subsequence_next(&found, &run)) {
		total += run.len;
		for (size_t at = run.len; at > 0; at--) {
			ck_assert(next_pair(a, b, &i, &j));
			ck_assert_uint_eq(run.a + at - 1, i);
			ck_assert_uint_eq(run.b + at - 1, j);
		}
	}
	ck_assert(!next_pair(a, b, &i, &j));
	ck_assert_uint_eq(total, len);
	subsequence_free(&found);
}

START_TEST(known_texts)
{
	check(SLICE(""), SLICE(""));
	check(SLICE(""), SLICE("abc"));
	check(SLICE("abc"), SLICE(""));
	check(SLICE("abc"), SLICE("abc"));
	check(SLICE("abc"), SLICE("xyz"));
	check(SLICE("ohmytext"), SLICE("mynewtext"));
	check(SLICE("\0\xff\0"), SLICE("\xff\0\0"));
}
END_TEST

/* Few letters make long subsequences and many ties; the lengths lie on both sides of a word's 64 columns. */
START_TEST(random_texts)
{
	struct random dice;
	char a[LONGEST], b[LONGEST];

	random_seed(&dice, 1);
	for (size_t round = 0; round < ROUNDS; round++) {
		size_t letters = 1 + random_below(&dice, round % 2 == 0 ? 4 : 256);

		for (size_t i = 0; i < LONGEST; i++) {
			a[i] = (char)random_below(&dice, letters);
			b[i] = (char)random_below(&dice, letters);
		}
		check((struct slice){a, random_below(&dice, LONGEST + 1)},
		      (struct slice){b, random_below(&dice, LONGEST + 1)});
	}
	check((struct slice){a, LONGEST}, (struct slice){b, 64});
	check((struct slice){a, LONGEST}, (struct slice){b, 128});
}
END_TEST

Suite *subsequence_suite(void)
{
	Suite *suite = suite_create("subsequence");
	TCase *tests = tcase_create("subsequence");

	tcase_add_test(tests, known_texts);
	tcase_add_test(tests, random_texts);
	suite_add_tcase(suite, tests);
	return suite;
}
