/* Commands for an append-only file, written as text. */
#ifndef CUBBY_TESTS_UNIT_COMMANDS_TEXT_H
#define CUBBY_TESTS_UNIT_COMMANDS_TEXT_H

#include "base/buffer.h"

/* Appends "SET a 1;DEL a" as RESP. */
void commands_text_put(struct buffer *file, const char *commands);

#endif
