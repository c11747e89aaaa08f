/* The text of INFO. */
#ifndef CUBBY_SERVER_INFO_H
#define CUBBY_SERVER_INFO_H

#include <stdbool.h>
#include <stddef.h>

#include "base/buffer.h"
#include "base/slice.h"
#include "server/server.h"

/* Appends the named sections (none: the default ones) in the order of the table; names that are not known are passed
 * over. The caller has locked every shard (`locked`) or none. Any worker's thread. */
void info_print(struct server *server, const struct slice *sections, size_t count, bool locked, struct buffer *out);

#endif
