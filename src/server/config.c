/*
 * The configuration in force: its values, their copies in base/settings.h, and the password.
 */
#include "server/config.h"

#include <stdlib.h>
#include <string.h>

static void mirror_value(const struct config *config, enum config_id id)
{
	const struct config_row *row = config_row(id);

	if (row->mirror != NULL)
		setting_put(row->mirror, config->values.at[id].number);
}

bool config_init(struct config *config)
{
	*config = (struct config){0};
	if (!config_values_init(&config->values))
		return false;
	for (int id = 0; id < CONFIG_COUNT; id++)
		mirror_value(config, (enum config_id)id);
	setting_put(&settings.active_expire_enabled, 1);
	uv_mutex_init(&config->lock);
	return true;
}

void config_free(struct config *config)
{
	uv_mutex_destroy(&config->lock);
	config_values_free(&config->values);
	free(config->path);
}

int64_t config_number(const struct config *config, enum config_id id)
{
	return config->values.at[id].number;
}

const char *config_text(const struct config *config, enum config_id id)
{
	return config->values.at[id].text;
}

void config_put_number(struct config *config, enum config_id id, int64_t number)
{
	config->values.at[id].number = number;
	mirror_value(config, id);
}

void config_exchange(struct config *config, enum config_id id, struct config_value *value)
{
	struct config_value old = config->values.at[id];

	config->values.at[id] = *value;
	*value = old;
	mirror_value(config, id);
}

bool config_apply(struct config *config, enum config_id id, char *error)
{
	const struct config_row *row = config_row(id);

	return row->apply == NULL || row->apply(config, error);
}

/* Compares all bytes of two padded texts, so that the time says nothing about where or whether they differ. */
static bool equal_padded(const unsigned char *a, const unsigned char *b)
{
	volatile unsigned char difference = 0;

	for (size_t i = 0; i < CONFIG_PASSWORD_MAX; i++)
		difference = (unsigned char)(difference | (a[i] ^ b[i]));
	return difference == 0;
}

bool config_check_password(struct config *config, struct slice password)
{
	unsigned char given[CONFIG_PASSWORD_MAX] = {0};
	unsigned char right[CONFIG_PASSWORD_MAX] = {0};
	size_t right_len, kept = password.len < sizeof(given) ? password.len : sizeof(given);
	bool equal;

	if (kept > 0)
		memcpy(given, password.data, kept);
	uv_mutex_lock(&config->lock);
	right_len = strlen(config_text(config, CONFIG_REQUIREPASS));
	memcpy(right, config_text(config, CONFIG_REQUIREPASS), right_len);
	uv_mutex_unlock(&config->lock);
	equal = equal_padded(given, right);
	return equal & (password.len == right_len);
}
