/* Inline commands: a line of words, as a person types it into telnet. Lines of the
 * configuration file are split in the same way. */
#ifndef CUBBY_RESP_INLINE_H
#define CUBBY_RESP_INLINE_H

#include <stdbool.h>
#include <stddef.h>

#include "base/slice.h"

/*
 * Splits a line (without its line end) into words: Redis's sdssplitargs(), but a NUL is a byte like others. With `argv`
 * NULL the words are only counted and the line stays as it is; else the words are unquoted in place and `argv` receives
 * slices of the line. False when a quote is not closed or something other than a space follows a closing one.
 */
bool inline_split(char *line, size_t len, struct slice *argv, size_t *argc);

#endif
