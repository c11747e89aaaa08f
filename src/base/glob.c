/*
 * The pattern is walked once, beside the text. Every element but * takes exactly one byte of text; a * takes none at
 * first, and when what follows it does not match, one more each time. Only the last * is ever asked for more.
 *
 * What is odd here is odd in Redis's stringmatchlen() too, and kept: a class that is not closed ends with the pattern,
 * a backslash at the end stands for itself, the ends of a range may come in either order (but are put in order before
 * their case is dropped), an escaped byte of a class keeps its case, and bytes are compared as the machine's char.
 */
#include "base/glob.h"

#include <string.h>

static char lower(char c)
{
	return c >= 'A' && c <= 'Z' ? (char)(c | 0x20) : c;
}

static bool same(char a, char b, bool nocase)
{
	return nocase ? lower(a) == lower(b) : a == b;
}

static bool in_range(char first, char last, char c, bool nocase)
{
	char low = first < last ? first : last;
	char high = first < last ? last : first;

	if (nocase)
		return lower(low) <= lower(c) && lower(c) <= lower(high);
	return low <= c && c <= high;
}

/* Matches `c` with the class whose '[' ends at *pattern, and moves *pattern behind the class. */
static bool class_takes(const char **pattern, const char *end, char c, bool nocase)
{
	const char *at = *pattern;
	bool negated = at < end && *at == '^';
	bool found = false;

	at += negated;
	while (at < end && *at != ']') {
		if (end - at >= 2 && at[0] == '\\') {
			found |= at[1] == c;
			at += 2;
		} else if (end - at >= 3 && at[1] == '-') {
			found |= in_range(at[0], at[2], c, nocase);
			at += 3;
		} else {
			found |= same(at[0], c, nocase);
			at++;
		}
	}
	*pattern = at < end ? at + 1 : end;
	return found != negated;
}

/* Matches `c` with the element at *pattern, which is not a *, and moves *pattern behind it. */
static bool element_takes(const char **pattern, const char *end, char c, bool nocase)
{
	char element = *(*pattern)++;

	if (element == '?')
		return true;
	if (element == '[')
		return class_takes(pattern, end, c, nocase);
	if (element == '\\' && *pattern < end)
		element = *(*pattern)++;
	return same(element, c, nocase);
}

static bool all_stars(const char *at, const char *end)
{
	while (at < end && *at == '*')
		at++;
	return at == end;
}

bool glob_match(struct slice pattern, struct slice text, bool nocase)
{
	const char *at = pattern.data, *end = pattern.data + pattern.len;
	const char *byte = text.data, *text_end = text.data + text.len;
	const char *after_star = NULL; /* what follows the last * */
	const char *star_end = NULL;   /* up to where in the text that * has taken */

	/* To Redis the empty text matches no *: an empty channel is not for PSUBSCRIBE *. (KEYS and SCAN do not compare
	 * when their pattern is "*".) */
	if (text.len == 0)
		return pattern.len == 0;
	while (byte < text_end) {
		if (at < end && *at == '*') {
			after_star = ++at;
			star_end = byte;
			if (at == end)
				return true;
		} else if (at < end && element_takes(&at, end, *byte, nocase)) {
			byte++;
		} else if (after_star == NULL) {
			return false;
		} else {
			at = after_star;
			byte = ++star_end;
		}
	}
	return all_stars(at, end);
}
