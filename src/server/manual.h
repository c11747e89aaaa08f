/* What the daemon says of itself: --version, --help, the sample file and the man page, all from the configuration's
 * table. */
#ifndef CUBBY_SERVER_MANUAL_H
#define CUBBY_SERVER_MANUAL_H

#include <stdbool.h>

#include "base/buffer.h"

/* Appends the text that `argument` asks for. False: it is no such argument. */
bool manual_print(const char *argument, struct buffer *out);

#endif
