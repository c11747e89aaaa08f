/* What a changed setting does to a daemon that runs: the functions that the table's rows point to. */
#ifndef CUBBY_SERVER_CONFIG_APPLY_H
#define CUBBY_SERVER_CONFIG_APPLY_H

#include <stdint.h>

#include "server/config.h"

bool config_apply_maxclients(struct config *config, char *error);
bool config_apply_timeout(struct config *config, char *error);
bool config_apply_keepalive(struct config *config, char *error);
bool config_apply_password(struct config *config, char *error);
bool config_apply_slowness(struct config *config, char *error);
bool config_apply_slowlog_max_len(struct config *config, char *error);
bool config_apply_events(struct config *config, char *error);
bool config_apply_loglevel(struct config *config, char *error);
bool config_apply_log_format(struct config *config, char *error);

bool config_apply_persistence(struct config *config, char *error);
bool config_apply_appendonly(struct config *config, char *error);
bool config_apply_dir(struct config *config, char *error);

/* Descriptors that the daemon needs besides its clients' with so many threads: listeners, the log, and what each loop
 * has of its own. */
uint64_t config_reserved_files(unsigned threads);

#endif
