/*
 * CONFIG GET and CONFIG SET.
 *
 * SET, the happy path: all names are looked up, all values are read, all are put in place, then each takes effect. When
 * anything fails everything is put back as it was and the error names the setting. The texts are Redis 7's.
 */
#include <stdio.h>

#include "base/glob.h"
#include "server/config.h"

static bool matches_any(const struct config_row *row, const struct slice *patterns, size_t count)
{
	for (size_t i = 0; i < count; i++) {
		if (glob_match(patterns[i], slice_of(row->name), true))
			return true;
	}
	return false;
}

void config_reply_get(struct config *config, const struct slice *patterns, size_t count, struct reply *reply)
{
	struct buffer text = {0};
	size_t pairs = 0;

	for (int id = 0; id < CONFIG_COUNT; id++)
		pairs += matches_any(config_row((enum config_id)id), patterns, count);
	reply_map(reply, pairs);
	uv_mutex_lock(&config->lock);
	for (int id = 0; id < CONFIG_COUNT; id++) {
		const struct config_row *row = config_row((enum config_id)id);

		if (!matches_any(row, patterns, count))
			continue;
		text.len = 0;
		config_value_print(row, &config->values.at[id], &text);
		reply_bulk_text(reply, row->name);
		reply_bulk(reply, buffer_slice(&text));
	}
	uv_mutex_unlock(&config->lock);
	buffer_free(&text);
}

/* A change that CONFIG SET wants to make. */
struct change {
	struct slice name; /* as the client spelt it */
	struct slice word;
	enum config_id id;
	struct config_value value; /* the new one; once it is put in place, the old one */
};

/* The changes of one call; no setting occurs twice. */
struct changes {
	struct change at[CONFIG_COUNT];
	size_t count;
};

static bool set_fail(const struct slice *name, const char *why, char *error)
{
	snprintf(error, CONFIG_ERROR_TEXT, "ERR CONFIG SET failed (possibly related to argument '%.*s') - %.350s",
		 name->len < 100 ? (int)name->len : 100, name->data, why);
	return false;
}

static bool add_change(struct changes *changes, struct slice name, struct slice word, bool trusted, char *error)
{
	enum config_id id;

	if (!config_find(name, &id)) {
		snprintf(error, CONFIG_ERROR_TEXT, "ERR Unknown option or number of arguments for CONFIG SET - '%.*s'",
			 name.len < 100 ? (int)name.len : 100, name.data);
		return false;
	}
	if (!config_row(id)->mutable)
		return set_fail(&name, "can't set immutable config", error);
	if (config_row(id)->guarded && !trusted)
		return set_fail(&name, "can't set protected config", error);
	for (size_t i = 0; i < changes->count; i++) {
		if (changes->at[i].id == id)
			return set_fail(&name, "duplicate parameter", error);
	}
	changes->at[changes->count++] = (struct change){name, word, id, {0, NULL}};
	return true;
}

static bool parse_changes(const struct config *config, struct changes *changes, char *error)
{
	char why[CONFIG_ERROR_TEXT];

	for (size_t i = 0; i < changes->count; i++) {
		struct change *change = &changes->at[i];

		if (!config_value_parse(config_row(change->id), &change->word, 1, &change->value, why))
			return set_fail(&change->name, why, error);
		if (!config_value_complete(config_row(change->id), &config->values.at[change->id], &change->value))
			return set_fail(&change->name, "out of memory", error);
	}
	return true;
}

/* Puts every new value in place of its old one; called again, it puts the old ones back. */
static void exchange_all(struct config *config, struct changes *changes)
{
	for (size_t i = 0; i < changes->count; i++)
		config_exchange(config, changes->at[i].id, &changes->at[i].value);
}

static bool make_changes(struct config *config, struct changes *changes, char *error)
{
	char why[CONFIG_ERROR_TEXT];
	size_t at = 0;

	exchange_all(config, changes);
	while (at < changes->count && config_apply(config, changes->at[at].id, why))
		at++;
	if (at == changes->count)
		return true;
	set_fail(&changes->at[at].name, why, error);
	exchange_all(config, changes);
	for (size_t i = 0; i <= at; i++)
		config_apply(config, changes->at[i].id, why);
	return false;
}

bool config_set(struct config *config, const struct slice *words, size_t count, bool trusted, char *error)
{
	struct changes changes = {.count = 0};
	bool good = true;

	if (count == 0 || count % 2 != 0) {
		snprintf(error, CONFIG_ERROR_TEXT, "ERR syntax error");
		return false;
	}
	for (size_t i = 0; good && i < count; i += 2)
		good = add_change(&changes, words[i], words[i + 1], trusted, error);
	if (!good)
		return false;
	uv_mutex_lock(&config->lock);
	good = parse_changes(config, &changes, error) && make_changes(config, &changes, error);
	uv_mutex_unlock(&config->lock);
	for (size_t i = 0; i < changes.count; i++)
		config_value_free(&changes.at[i].value);
	return good;
}
