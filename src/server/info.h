/* The text of INFO. */
#ifndef CUBBY_SERVER_INFO_H
#define CUBBY_SERVER_INFO_H

#include <stddef.h>

#include "base/buffer.h"
#include "base/slice.h"
#include "server/server.h"

/* Appends the named sections (none: the default ones) in the order of the table; names that are not known are passed
 * over. Called while every shard is locked; any worker's thread. */
void info_print(struct server *server, const struct slice *sections, size_t count, struct buffer *out);

#endif
