/*
 * Glob patterns as Redis has them: ? * [abc] [^a] [a-z] and \ to escape.
 *
 * Redis's stringmatchlen() recurses for each *, which is exponential for patterns such as a*a*a*a*b. Here a mismatch
 * goes back to the last * only, which is enough because an earlier * could match no more than that one already can:
 * time is at most pattern length times text length, and no stack is used.
 */
#ifndef CUBBY_BASE_GLOB_H
#define CUBBY_BASE_GLOB_H

#include <stdbool.h>

#include "base/slice.h"

/* Whether the whole of `text` matches `pattern`. With `nocase`, ASCII letters match either case. */
bool glob_match(struct slice pattern, struct slice text, bool nocase);

#endif
