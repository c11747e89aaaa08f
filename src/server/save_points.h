/* The setting `save`: pairs of seconds and changes. When so many seconds have passed since the last snapshot and there
 * were at least so many changes, the next one is due. */
#ifndef CUBBY_SERVER_SAVE_POINTS_H
#define CUBBY_SERVER_SAVE_POINTS_H

#include <stdbool.h>
#include <stdint.h>

#include "base/slice.h"

struct save_point {
	int64_t seconds;
	int64_t changes;
};

/* Takes the next point off the front of the setting's text, which is a good one. False when there is none left. */
bool save_points_next(const char **text, struct save_point *point);

/* Whether the text has a point at which a snapshot is due. */
bool save_points_due(const char *text, int64_t seconds, int64_t changes, struct save_point *due);

/* The setting's check function (server/config.h). */
bool save_points_check(int64_t number, struct slice text, char *error);

#endif
