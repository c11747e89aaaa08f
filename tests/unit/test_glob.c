/* Glob patterns: a table of what Redis answers, and random patterns against a reference that tries everything. */
#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/glob.h"
#include "base/random.h"
#include "suites.h"

static const struct {
	const char *pattern, *text;
	bool nocase, matches;
} cases[] = {
	/* plain bytes */
	{"", "", false, true},
	{"", "a", false, false},
	{"a", "", false, false},
	{"abc", "abc", false, true},
	{"abc", "abd", false, false},
	{"abc", "ab", false, false},
	{"ab", "abc", false, false},
	{"ABC", "abc", false, false},
	{"ABC", "abc", true, true},
	{"[", "a", false, false},
	{"]", "]", false, true},
	{"a-c", "a-c", false, true},
	/* ? */
	{"h?llo", "hello", false, true},
	{"h?llo", "hllo", false, false},
	{"?", "", false, false},
	{"??", "a", false, false},
	/* * */
	{"*", "", false, false},
	{"**", "", false, false},
	{"*", "anything", false, true},
	{"**", "anything", false, true},
	{"a*", "a", false, true},
	{"a***", "a", false, true},
	{"*a", "a", false, true},
	{"*a", "aab", false, false},
	{"*a*", "bab", false, true},
	{"a*b*c", "aXbXbXc", false, true},
	{"a*b*c", "aXbXbX", false, false},
	{"*?", "a", false, true},
	{"?*", "a", false, true},
	{"*?*?", "a", false, false},
	{"user:*:name", "user:17:name", false, true},
	{"user:*:name", "user:17:names", false, false},
	/* classes */
	{"h[ae]llo", "hallo", false, true},
	{"h[ae]llo", "hillo", false, false},
	{"h[^e]llo", "hallo", false, true},
	{"h[^e]llo", "hello", false, false},
	{"[a-c]", "b", false, true},
	{"[a-c]", "d", false, false},
	{"[c-a]", "b", false, true},
	{"[a-cx]", "x", false, true},
	{"[^a-c]", "b", false, false},
	{"[A-C]", "b", true, true},
	{"[A-C]", "b", false, false},
	{"[abc]", "B", true, true},
	{"[Z-a]", "z", true, false},
	{"[a^]", "^", false, true},
	{"[^]", "a", false, true},
	{"[]", "a", false, false},
	{"[]a]", "a]", false, false},
	{"[a-]", "-", false, false},
	{"[a-]", "^", false, true},
	{"[-a]", "-", false, true},
	{"[*]", "*", false, true},
	{"[*]", "a", false, false},
	/* classes with an escape */
	{"[\\]]", "]", false, true},
	{"[\\]]", "\\", false, false},
	{"[a\\-c]", "-", false, true},
	{"[a\\-c]", "b", false, false},
	{"[\\a-c]", "b", false, false},
	{"[\\^a]", "^", false, true},
	{"[\\a]", "A", true, false},
	{"[\\", "\\", false, true},
	{"[a\\", "\\", false, true},
	/* classes without an end */
	{"[abc", "b", false, true},
	{"[abc", "bc", false, false},
	{"[^abc", "d", false, true},
	{"[^", "x", false, true},
	{"[a-", "-", false, true},
	{"[a-c", "b", false, true},
	{"x[", "x", false, false},
	{"*[b", "ab", false, true},
	/* escapes */
	{"\\*", "*", false, true},
	{"\\*", "a", false, false},
	{"\\?x", "?x", false, true},
	{"\\a", "a", false, true},
	{"\\A", "a", true, true},
	{"\\\\", "\\", false, true},
	{"\\", "\\", false, true},
	{"a\\", "a\\", false, true},
	{"a\\", "a", false, false},
	{"*\\", "a\\", false, true},
	{"\\[a]", "[a]", false, true},
};

enum { CASES = sizeof(cases) / sizeof(cases[0]) };

START_TEST(answers_as_redis_does)
{
	bool matches = glob_match(slice_of(cases[_i].pattern), slice_of(cases[_i].text), cases[_i].nocase);

	ck_assert_msg(matches == cases[_i].matches, "pattern %s, text %s", cases[_i].pattern, cases[_i].text);
}
END_TEST

START_TEST(is_safe_for_any_byte)
{
	ck_assert(glob_match((struct slice){"a\0*", 3}, (struct slice){"a\0b", 3}, false));
	ck_assert(!glob_match((struct slice){"a\0c", 3}, (struct slice){"a\0b", 3}, false));
	ck_assert(glob_match((struct slice){"*xx", 1}, SLICE("abc"), false));
	ck_assert(glob_match((struct slice){"[a]", 2}, SLICE("a"), false));
	ck_assert(glob_match(SLICE("[\xf0-\xff]"), SLICE("\xf8"), false));
	ck_assert(glob_match((struct slice){NULL, 0}, (struct slice){NULL, 0}, false));
	ck_assert(!glob_match((struct slice){NULL, 0}, SLICE("a"), false));
}
END_TEST

static bool reference_same(char a, char b, bool nocase)
{
	return nocase ? tolower((unsigned char)a) == tolower((unsigned char)b) : a == b;
}

/* The length of the element of a pattern that `p` starts with, and in *takes whether `c` matches it. */
static size_t reference_element(const char *p, size_t len, char c, bool nocase, bool *takes)
{
	size_t i = 1;
	bool negated;

	if (p[0] == '\\' && len > 1) {
		*takes = reference_same(p[1], c, nocase);
		return 2;
	}
	if (p[0] != '[') {
		*takes = p[0] == '?' || reference_same(p[0], c, nocase);
		return 1;
	}
	negated = len > 1 && p[1] == '^';
	i += negated;
	*takes = false;
	while (i < len && p[i] != ']') {
		size_t left = len - i;

		if (p[i] == '\\' && left > 1) {
			if (p[i + 1] == c)
				*takes = true;
			i += 2;
		} else if (left > 2 && p[i + 1] == '-') {
			int low = p[i] < p[i + 2] ? p[i] : p[i + 2];
			int high = p[i] < p[i + 2] ? p[i + 2] : p[i];

			if (nocase ? tolower(low) <= tolower(c) && tolower(c) <= tolower(high) : low <= c && c <= high)
				*takes = true;
			i += 3;
		} else {
			if (reference_same(p[i], c, nocase))
				*takes = true;
			i++;
		}
	}
	*takes = *takes != negated;
	return i < len ? i + 1 : len;
}

/* Matches by trying everything that each * could take. */
static bool reference_match(struct slice p, struct slice t, bool nocase)
{
	size_t len;
	bool takes;

	if (p.len == 0)
		return t.len == 0;
	if (p.data[0] == '*') {
		struct slice rest = {p.data + 1, p.len - 1};

		return reference_match(rest, t, nocase) ||
		       (t.len > 0 && reference_match(p, (struct slice){t.data + 1, t.len - 1}, nocase));
	}
	if (t.len == 0)
		return false;
	len = reference_element(p.data, p.len, t.data[0], nocase, &takes);
	return takes && reference_match((struct slice){p.data + len, p.len - len},
					(struct slice){t.data + 1, t.len - 1}, nocase);
}

static struct slice random_text(struct random *random, const char *alphabet, char *out, size_t most)
{
	size_t len = random_below(random, most + 1);
	size_t i;

	for (i = 0; i < len; i++)
		out[i] = alphabet[random_below(random, strlen(alphabet))];
	return (struct slice){out, len};
}

START_TEST(agrees_with_the_reference)
{
	struct random random;
	size_t matched = 0;
	int i;

	random_seed(&random, 3);
	for (i = 0; i < 300000; i++) {
		char pattern_bytes[10], text_bytes[8];
		struct slice pattern = random_text(&random, "aabBc*?[]^-\\*", pattern_bytes, sizeof(pattern_bytes));
		struct slice text = random_text(&random, "aabBc-]\\^", text_bytes, sizeof(text_bytes));
		bool nocase = random_below(&random, 2) == 0;
		bool expected = reference_match(pattern, text, nocase);

		/* What Redis does with an empty text is in the table. */
		if (text.len == 0)
			continue;
		matched += expected;
		ck_assert_msg(glob_match(pattern, text, nocase) == expected, "pattern %.*s, text %.*s, nocase %d",
			      (int)pattern.len, pattern.data, (int)text.len, text.data, nocase);
	}
	/* The comparison says something only when both answers occur. */
	ck_assert_uint_gt(matched, 5000);
}
END_TEST

/* The reference, or Redis before it learned to give up, would not end within the age of the universe. */
START_TEST(many_stars_take_no_time)
{
	char pattern[201], text[10000];
	size_t i;

	for (i = 0; i < 200; i += 2)
		memcpy(pattern + i, "a*", 2);
	pattern[200] = 'b';
	memset(text, 'a', sizeof(text));
	ck_assert(!glob_match((struct slice){pattern, 201}, (struct slice){text, sizeof(text)}, false));
	ck_assert(glob_match((struct slice){pattern, 200}, (struct slice){text, sizeof(text)}, false));
}
END_TEST

Suite *glob_suite(void)
{
	Suite *suite = suite_create("glob");
	TCase *tcase = tcase_create("glob");

	tcase_add_loop_test(tcase, answers_as_redis_does, 0, CASES);
	tcase_add_test(tcase, is_safe_for_any_byte);
	tcase_add_test(tcase, agrees_with_the_reference);
	tcase_add_test(tcase, many_stars_take_no_time);
	suite_add_tcase(suite, tcase);
	return suite;
}
