/*
 * Making changed settings take effect. Each function reads the value in force and hands it to the room that needs it;
 * settings that are only mirrored into base/settings.h need none.
 */
#include "server/config_apply.h"

#include <inttypes.h>
#include <stdio.h>

#include "base/log.h"
#include "base/platform.h"
#include "command/slow.h"
#include "command/slowlog.h"
#include "net/net.h"
#include "server/persistence.h"
#include "session/notify.h"
#include "session/observer.h"

enum {
	RESERVED_FILES = 32,  /* listeners, the log, a configuration file being read: Redis's CONFIG_MIN_RESERVED_FDS */
	FILES_PER_THREAD = 8, /* a libuv loop's epoll or kqueue, its wake-up and its signal pipe */
};

uint64_t config_reserved_files(unsigned threads)
{
	return RESERVED_FILES + (uint64_t)FILES_PER_THREAD * threads;
}

bool config_apply_maxclients(struct config *config, char *error)
{
	uint64_t wanted = (uint64_t)config_number(config, CONFIG_MAXCLIENTS);
	uint64_t reserved = config_reserved_files(config->net != NULL ? net_threads(config->net) : 1);
	uint64_t limit = platform_raise_file_limit(wanted + reserved);

	if (limit >= wanted + reserved)
		return true;
	snprintf(error, CONFIG_ERROR_TEXT,
		 "The operating system is not able to handle the specified number of clients, try with %" PRIu64,
		 limit > reserved ? limit - reserved : 1);
	return false;
}

bool config_apply_timeout(struct config *config, char *error)
{
	(void)error;
	if (config->net != NULL)
		net_apply_timeout(config->net);
	return true;
}

bool config_apply_keepalive(struct config *config, char *error)
{
	(void)error;
	if (config->net != NULL)
		net_apply_keepalive(config->net);
	return true;
}

bool config_apply_password(struct config *config, char *error)
{
	(void)error;
	atomic_store(&config->password_set, config_text(config, CONFIG_REQUIREPASS)[0] != '\0');
	return true;
}

bool config_apply_slowness(struct config *config, char *error)
{
	(void)config;
	(void)error;
	slow_update();
	return true;
}

bool config_apply_slowlog_max_len(struct config *config, char *error)
{
	(void)config;
	(void)error;
	slowlog_trim();
	return true;
}

/* Keys that expire or are evicted are told of by the keyspace, if it is asked to. */
bool config_apply_events(struct config *config, char *error)
{
	bool wanted = notify_wants_changes(config_number(config, CONFIG_NOTIFY_KEYSPACE_EVENTS));

	(void)error;
	for (unsigned i = 0; config->keyspace != NULL && i < keyspace_shards(config->keyspace); i++)
		keyspace_want_changes(config->keyspace, i, OBSERVER_NOTIFY, wanted);
	return true;
}

bool config_apply_persistence(struct config *config, char *error)
{
	(void)error;
	if (config->persistence != NULL)
		persistence_apply_settings(config->persistence);
	return true;
}

bool config_apply_appendonly(struct config *config, char *error)
{
	bool on = config_number(config, CONFIG_APPENDONLY) != 0;

	return config->persistence == NULL || persistence_apply_appendonly(config->persistence, on, error);
}

bool config_apply_dir(struct config *config, char *error)
{
	return config->persistence == NULL || persistence_apply_dir(config->persistence, error);
}

bool config_apply_loglevel(struct config *config, char *error)
{
	(void)error;
	log_set_level((enum log_level)config_number(config, CONFIG_LOGLEVEL));
	return true;
}

bool config_apply_log_format(struct config *config, char *error)
{
	(void)error;
	log_set_format((enum log_format)config_number(config, CONFIG_LOG_FORMAT));
	return true;
}
