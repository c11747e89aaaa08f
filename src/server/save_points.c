/* The text is read anew whenever it is needed: once a second at most. */
#include "server/save_points.h"

#include <stdio.h>

#include "base/number.h"
#include "server/config.h"

/* Takes a word, up to a space, off the front. */
static bool next_number(const char **text, int64_t *number)
{
	const char *start = *text;
	const char *end;

	while (*start == ' ')
		start++;
	end = start;
	while (*end != ' ' && *end != '\0')
		end++;
	*text = end;
	return number_parse_int64((struct slice){start, (size_t)(end - start)}, number);
}

bool save_points_next(const char **text, struct save_point *point)
{
	return next_number(text, &point->seconds) && next_number(text, &point->changes);
}

bool save_points_due(const char *text, int64_t seconds, int64_t changes, struct save_point *due)
{
	while (save_points_next(&text, due)) {
		if (seconds > due->seconds && changes >= due->changes)
			return true;
	}
	return false;
}

bool save_points_check(int64_t number, struct slice text, char *error)
{
	const char *rest = text.data; /* a whole text, which ends in a NUL */
	struct save_point point;
	bool good = true;

	(void)number;
	while (good && *rest != '\0')
		good = save_points_next(&rest, &point) && point.seconds >= 1 && point.changes >= 0;
	if (!good)
		snprintf(error, CONFIG_ERROR_TEXT, "Invalid save parameters");
	return good;
}
