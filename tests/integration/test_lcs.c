/* LCS: the text, its length, its runs, and what is refused. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "harness.h"
#include "suites.h"

static const char too_large[] = "-ERR Insufficient memory, transient memory for LCS exceeds proto-max-bulk-len";

/* The reply to IDX with these matches. A map is an array in RESP2. */
static const char *as_map(int protocol, char *text, size_t size, const char *matches, int len)
{
	const char *open = protocol == 2 ? "[" : "{", *close = protocol == 2 ? "]" : "}";

	snprintf(text, size, "%s $matches %s $len :%d %s", open, matches, len, close);
	return text;
}

START_TEST(lcs_text_and_length)
{
	struct client *c = client_fresh(_i);

	expect(c, "+OK", "MSET", "a", "ohmytext", "b", "mynewtext", "same", "same", "other", "xyz", NULL);
	expect(c, "$mytext", "LCS", "a", "b", NULL);
	expect(c, ":6", "LCS", "a", "b", "LEN", NULL);
	expect(c, "$mytext", "lcs", "b", "a", "MINMATCHLEN", "3", "WITHMATCHLEN", NULL);
	expect(c, "$same", "LCS", "same", "same", NULL);
	expect(c, "$", "LCS", "same", "other", NULL);
	expect(c, ":0", "LCS", "same", "other", "len", NULL);
	expect(c, "$", "LCS", "a", "nothing", NULL);
	expect(c, ":0", "LCS", "nothing", "a", "LEN", NULL);
	expect(c, "$", "LCS", "nothing", "nothing", NULL);
	expect(c, "+OK", "MSET", "a", "12345", "b", "1345", NULL);
	expect(c, "$1345", "LCS", "a", "b", NULL);
}
END_TEST

START_TEST(lcs_runs)
{
	struct client *c = client_fresh(_i);
	char map[200];

	expect(c, "+OK", "MSET", "a", "ohmytext", "b", "mynewtext", NULL);
	expect(c, as_map(_i, map, sizeof(map), "[ [ [ :4 :7 ] [ :5 :8 ] ] [ [ :2 :3 ] [ :0 :1 ] ] ]", 6), "LCS", "a",
	       "b", "IDX", NULL);
	expect(c, as_map(_i, map, sizeof(map), "[ [ [ :4 :7 ] [ :5 :8 ] :4 ] [ [ :2 :3 ] [ :0 :1 ] :2 ] ]", 6), "LCS",
	       "a", "b", "IDX", "WITHMATCHLEN", NULL);
	expect(c, as_map(_i, map, sizeof(map), "[ [ [ :4 :7 ] [ :5 :8 ] ] ]", 6), "LCS", "a", "b", "minmatchlen", "4",
	       "idx", NULL);
	expect(c, as_map(_i, map, sizeof(map), "[ [ [ :4 :7 ] [ :5 :8 ] :4 ] ]", 6), "LCS", "a", "b", "WITHMATCHLEN",
	       "MINMATCHLEN", "1", "MINMATCHLEN", "3", "IDX", NULL);
	expect(c, as_map(_i, map, sizeof(map), "[ ]", 6), "LCS", "a", "b", "IDX", "MINMATCHLEN", "5", NULL);
	expect(c, as_map(_i, map, sizeof(map), "[ [ [ :4 :7 ] [ :5 :8 ] ] [ [ :2 :3 ] [ :0 :1 ] ] ]", 6), "LCS", "a",
	       "b", "IDX", "MINMATCHLEN", "-5", NULL);
	expect(c, as_map(_i, map, sizeof(map), "[ ]", 0), "LCS", "a", "nothing", "IDX", NULL);
}
END_TEST

/* Where several subsequences are as long, Redis's choice. */
START_TEST(lcs_ties)
{
	struct client *c = client_fresh(_i);
	char map[400];

	expect(c, "+OK", "MSET", "a", "abcbdab", "b", "bdcaba", NULL);
	expect(c, "$bdab", "LCS", "a", "b", NULL);
	expect(c, "$bcba", "LCS", "b", "a", NULL);
	expect(c, as_map(_i, map, sizeof(map), "[ [ [ :5 :6 ] [ :3 :4 ] ] [ [ :3 :4 ] [ :0 :1 ] ] ]", 4), "LCS", "a",
	       "b", "IDX", NULL);
}
END_TEST

START_TEST(lcs_refuses)
{
	struct client *c = client_fresh(_i);

	expect(c, "+OK", "MSET", "a", "abc", "b", "bcd", NULL);
	expect(c, "-ERR If you want both the length and indexes, please just use IDX.", "LCS", "a", "b", "LEN", "IDX",
	       NULL);
	expect(c, "-ERR syntax error", "LCS", "a", "b", "LENGTH", NULL);
	expect(c, "-ERR syntax error", "LCS", "a", "b", "MINMATCHLEN", NULL);
	expect(c, "-ERR value is not an integer or out of range", "LCS", "a", "b", "MINMATCHLEN", "x", "more", NULL);
	expect(c, "-ERR syntax error", "LCS", "nothing", "b", "LEN", "IDX", "more", NULL);
	expect(c, "-ERR wrong number of arguments for 'lcs' command", "LCS", "a", NULL);
}
END_TEST

START_TEST(lcs_of_large_values)
{
	enum { LEN = 12000 };
	struct client *c = client_fresh(_i);
	char *text = malloc(LEN + 2), *map = malloc(200);

	text[0] = '$';
	for (size_t i = 1; i <= LEN; i++)
		text[i] = (char)('a' + i * i % 23);
	text[LEN + 1] = '\0';
	expect(c, "+OK", "SET", "a", text + 1, NULL);
	text[LEN / 2] = '\0';
	expect(c, "+OK", "SET", "b", text + 1, NULL);
	expect(c, text, "LCS", "b", "a", NULL);
	expect(c, ":5999", "LCS", "a", "b", "LEN", NULL);
	expect(c, as_map(_i, map, 200, "[ ]", LEN / 2 - 1), "LCS", "a", "b", "IDX", "MINMATCHLEN", "10000", NULL);
	expect(c, too_large, "LCS", "a", "a", NULL);
	expect(c, too_large, "LCS", "a", "a", "LEN", NULL);
	free(text);
	free(map);
}
END_TEST

START_TEST(lcs_is_limited)
{
	struct server *server = server_start("--proto-max-bulk-len", "1mb", NULL);
	struct client *c = client_open(server, 2);

	/* four bytes for each of 512 * 512 places */
	expect(c, ":511", "SETRANGE", "a", "510", "x", NULL);
	expect(c, ":512", "SETRANGE", "b", "511", "x", NULL);
	expect(c, ":511", "LCS", "a", "a", "LEN", NULL);
	expect(c, too_large, "LCS", "a", "b", NULL);
	expect(c, "-ERR syntax error", "LCS", "a", "b", "x", NULL);
	server_stop(server);
}
END_TEST

Suite *lcs_suite(void)
{
	Suite *suite = suite_create("lcs");
	TCase *tests = shared_case(suite, "lcs");
	TCase *alone = alone_case(suite, "limits of lcs");

	tcase_add_loop_test(tests, lcs_text_and_length, 2, 4);
	tcase_add_loop_test(tests, lcs_runs, 2, 4);
	tcase_add_loop_test(tests, lcs_ties, 2, 4);
	tcase_add_loop_test(tests, lcs_refuses, 2, 4);
	tcase_add_loop_test(tests, lcs_of_large_values, 2, 4);
	tcase_add_test(alone, lcs_is_limited);
	return suite;
}
