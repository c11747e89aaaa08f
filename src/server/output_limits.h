/*
 * The setting client-output-buffer-limit: for each class of clients a hard limit, a soft limit and the seconds for
 * which the soft one may be passed. What is given may leave classes out: they stay as they were.
 */
#ifndef CUBBY_SERVER_OUTPUT_LIMITS_H
#define CUBBY_SERVER_OUTPUT_LIMITS_H

#include "server/config.h"

/* The hooks of its row: see struct config_row. */
bool output_limits_check(int64_t number, struct slice text, char *error);
bool output_limits_complete(const char *before, struct config_value *value);
bool output_limits_apply(struct config *config, char *error);

#endif
