/* The setting `dir`: a directory that is there. Its text is made a full path.
 * The daemon itself does not go there, so relative paths, this one's included, mean what they meant at its start. */
#ifndef CUBBY_SERVER_DATA_DIR_H
#define CUBBY_SERVER_DATA_DIR_H

#include <stdbool.h>
#include <stdint.h>

#include "base/slice.h"

struct config_value;

/* Whether both are the same directory, whatever they are called. */
bool data_dir_is(const char *path, const char *other);

/* The setting's check and complete functions (server/config.h). */
bool data_dir_check(int64_t number, struct slice text, char *error);
bool data_dir_complete(const char *before, struct config_value *value);

#endif
