/*
 * Reading the configuration: the file, then the arguments.
 *
 * The happy path: a fresh set of values is filled with the defaults, each line of the file is split into words and puts
 * one of them right, then each --name of the arguments does; only when all of that has gone well do the new values
 * replace the old ones. An error names the place: "cubby.conf:12: ..." or "--port: ...".
 */
#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/log.h"
#include "resp/inline.h"
#include "server/config.h"
#include "server/config_apply.h"
#include "server/output_limits.h"

enum { MAX_INCLUDES = 8 }; /* files within files; more is a file that includes itself */

/* A reading in progress. */
struct loader {
	struct config_values *values;
	bool *given;	  /* CONFIG_COUNT places: which of them a line or an argument has given */
	const char *file; /* its name, NULL while arguments are read */
	unsigned line;
	unsigned depth; /* files that include this one */
	char *error;	/* CONFIG_ERROR_TEXT bytes */
};

static bool loader_fail(struct loader *loader, const char *format, ...) __attribute__((format(printf, 2, 3)));

/* Writes the error with its place in front; returns false. */
static bool loader_fail(struct loader *loader, const char *format, ...)
{
	char text[CONFIG_ERROR_TEXT];
	va_list args;

	va_start(args, format);
	vsnprintf(text, sizeof(text), format, args);
	va_end(args);
	if (loader->file != NULL)
		snprintf(loader->error, CONFIG_ERROR_TEXT, "%.200s:%u: %.280s", loader->file, loader->line, text);
	else
		snprintf(loader->error, CONFIG_ERROR_TEXT, "%.500s", text);
	return false;
}

/* --- files ------------------------------------------------------------------------------------------------------ */

bool config_read_file(const char *path, struct buffer *out)
{
	FILE *file = strcmp(path, "-") == 0 ? stdin : fopen(path, "re");
	size_t got = 1;
	int failure;

	if (file == NULL)
		return false;
	while (got > 0 && buffer_reserve(out, 4096)) {
		got = fread(out->data + out->len, 1, out->cap - out->len, file);
		out->len += got;
	}
	failure = out->failed ? ENOMEM : ferror(file) ? errno : 0;
	if (file != stdin)
		fclose(file);
	errno = failure;
	return failure == 0;
}

struct slice config_next_line(struct slice *text)
{
	const char *end = memchr(text->data, '\n', text->len);
	struct slice line = {text->data, end != NULL ? (size_t)(end - text->data) : text->len};
	size_t used = end != NULL ? line.len + 1 : line.len;

	text->data += used;
	text->len -= used;
	return line;
}

int config_split_line(char *line, size_t len, struct slice *words)
{
	size_t start = 0, count;

	while (start < len && (line[start] == ' ' || line[start] == '\t'))
		start++;
	if (start == len || line[start] == '#')
		return 0;
	if (!inline_split(line + start, len - start, NULL, &count) || count > CONFIG_MAX_WORDS)
		return -1;
	inline_split(line + start, len - start, words, &count);
	return (int)count;
}

static bool load_file(struct loader *outer, const char *path);

static bool load_include(struct loader *loader, const struct slice *words, int count)
{
	char path[4096];

	if (count != 2 || words[1].len >= sizeof(path))
		return loader_fail(loader, "include: wants one path");
	memcpy(path, words[1].data, words[1].len);
	path[words[1].len] = '\0';
	return load_file(loader, path);
}

/* Puts the value in place; it is taken over. False when there is no memory. */
static bool load_value(struct loader *loader, enum config_id id, struct config_value *value)
{
	const struct config_row *row = config_row(id);
	struct config_value *place = &loader->values->at[id];

	if (!config_value_complete(row, place, value) ||
	    (row->adds_up && loader->given[id] && !config_value_add(place, value))) {
		config_value_free(value);
		return false;
	}
	config_value_free(place);
	*place = *value;
	loader->given[id] = true;
	return true;
}

static bool load_setting(struct loader *loader, const struct slice *words, int count)
{
	char why[CONFIG_ERROR_TEXT];
	struct config_value value;
	enum config_id id;

	if (!config_find(words[0], &id))
		return loader_fail(loader, "unknown setting '%.*s'", (int)words[0].len, words[0].data);
	if (!config_value_parse(config_row(id), words + 1, (size_t)count - 1, &value, why))
		return loader_fail(loader, "%s: %s", config_row(id)->name, why);
	return load_value(loader, id, &value) || loader_fail(loader, "out of memory");
}

static bool load_line(struct loader *loader, char *line, size_t len)
{
	struct slice words[CONFIG_MAX_WORDS];
	int count = config_split_line(line, len, words);

	if (count < 0)
		return loader_fail(loader, "unbalanced quotes, or too many words");
	if (count == 0)
		return true;
	if (slice_is_word(words[0], "include"))
		return load_include(loader, words, count);
	return load_setting(loader, words, count);
}

/* Adds the number of a line to an error that an earlier line has made, as far as there is room. */
static void error_add_line(char *error, unsigned line, bool first)
{
	const char *before = first ? "; wrong, too: line " : ", ";
	size_t len = strlen(error);
	size_t room = CONFIG_ERROR_TEXT - len;

	if (room > 40)
		snprintf(error + len, room, "%s%u", before, line);
	else if (error[len - 1] != '.')
		snprintf(error + len, room, ", ...");
}

/* Goes on behind a wrong line: whoever brings a redis.conf along wants to know of all lines to strike, not of one at a
 * time. */
static bool load_lines(struct loader *loader, char *text, struct slice rest)
{
	char *error = loader->error;
	char later[CONFIG_ERROR_TEXT];
	unsigned wrong = 0;

	while (rest.len > 0) {
		char *line = text + (rest.data - text);

		loader->line++;
		if (load_line(loader, line, config_next_line(&rest).len))
			continue;
		loader->error = later;
		wrong++;
		if (wrong > 1)
			error_add_line(error, loader->line, wrong == 2);
	}
	loader->error = error;
	return wrong == 0;
}

static bool load_file(struct loader *outer, const char *path)
{
	struct loader loader = {outer->values, outer->given, path, 0, outer->depth + 1, outer->error};
	struct buffer text = {0};
	bool good;

	if (loader.depth > MAX_INCLUDES)
		return loader_fail(outer, "too many files that include each other");
	if (!config_read_file(path, &text)) {
		loader_fail(outer, "cannot read configuration file '%s': %s", path, strerror(errno));
		buffer_free(&text);
		return false;
	}
	if (strcmp(path, "-") == 0)
		loader.file = "standard input";
	good = load_lines(&loader, text.data, buffer_slice(&text));
	buffer_free(&text);
	return good;
}

/* --- arguments -------------------------------------------------------------------------------------------------- */

static bool is_option(const char *word)
{
	return strncmp(word, "--", 2) == 0;
}

/* Whether the first argument names a configuration file. */
static bool names_file(int argc, char *const *argv)
{
	return argc > 0 && (argv[0][0] != '-' || argv[0][1] == '\0');
}

/* Reads one --name with the values behind it; returns how many arguments that are, 0 after an error. */
static int load_option(struct loader *loader, int argc, char *const *argv)
{
	struct slice words[CONFIG_MAX_WORDS];
	int count = 0;

	if (!is_option(argv[0])) {
		loader_fail(loader, "'%s' is neither a configuration file nor an option: see --help", argv[0]);
		return 0;
	}
	while (count < argc && count < CONFIG_MAX_WORDS && (count == 0 || !is_option(argv[count]))) {
		words[count] = slice_of(argv[count]);
		count++;
	}
	words[0] = slice_of(argv[0] + 2);
	return load_setting(loader, words, count) ? count : 0;
}

static bool load_arguments(struct loader *loader, int argc, char *const *argv)
{
	int at = names_file(argc, argv) ? 1 : 0;

	while (at < argc) {
		int used = load_option(loader, argc - at, argv + at);

		if (used == 0)
			return false;
		at += used;
	}
	return true;
}

/* --- all of it -------------------------------------------------------------------------------------------------- */

/* Fills `values` from the defaults, the file and the arguments. They are the caller's to free in any case. */
static bool load_values(const struct config *config, const char *path, struct config_values *values, char *error)
{
	bool given[CONFIG_COUNT] = {false};
	struct loader loader = {.values = values, .given = given, .error = error};

	if (!config_values_init(values))
		return loader_fail(&loader, "out of memory");
	if (path != NULL && !load_file(&loader, path))
		return false;
	return load_arguments(&loader, config->argc, config->argv);
}

bool config_file_values(const char *path, struct config_values *values)
{
	char error[CONFIG_ERROR_TEXT];
	bool given[CONFIG_COUNT] = {false};
	struct loader loader = {.values = values, .given = given, .error = error};

	if (!config_values_init(values))
		return false;
	if (path == NULL || load_file(&loader, path))
		return true;
	config_values_free(values);
	return config_values_init(values);
}

bool config_load(struct config *config, int argc, char *const *argv, char *error)
{
	const char *path = names_file(argc, argv) ? argv[0] : NULL;
	struct config_values values;
	bool good;

	config->argc = argc;
	config->argv = argv;
	good = load_values(config, path, &values, error);
	for (int id = 0; good && id < CONFIG_COUNT; id++)
		config_exchange(config, (enum config_id)id, &values.at[id]);
	config_values_free(&values);
	if (good && path != NULL && strcmp(path, "-") != 0) {
		config->path = realpath(path, NULL);
		if (config->path == NULL)
			snprintf(error, CONFIG_ERROR_TEXT, "cannot find '%.200s': %s", path, strerror(errno));
		good = config->path != NULL;
	}
	return good && config_apply_password(config, error) && output_limits_apply(config, error);
}

/* Makes the value that the file now gives take effect. */
static void reload_value(struct config *config, enum config_id id, struct config_value *value)
{
	const struct config_row *row = config_row(id);
	char error[CONFIG_ERROR_TEXT];

	if (config_value_equal(value, &config->values.at[id]))
		return;
	if (!row->mutable) {
		log_event(LOG_WARNING, "setting can only change at a restart", LOG_TEXT_FIELD("setting", row->name));
		return;
	}
	config_exchange(config, id, value);
	if (config_apply(config, id, error)) {
		log_event(LOG_NOTICE, "setting changed", LOG_TEXT_FIELD("setting", row->name));
		return;
	}
	log_event(LOG_WARNING, "setting not changed", LOG_TEXT_FIELD("setting", row->name),
		  LOG_TEXT_FIELD("error", error));
	config_exchange(config, id, value);
	config_apply(config, id, error);
}

void config_reload(struct config *config)
{
	struct config_values values;
	char error[CONFIG_ERROR_TEXT];

	if (config->path == NULL) {
		log_event(LOG_NOTICE, "there is no configuration file to read again");
		return;
	}
	uv_mutex_lock(&config->lock);
	if (load_values(config, config->path, &values, error)) {
		for (int id = 0; id < CONFIG_COUNT; id++)
			reload_value(config, (enum config_id)id, &values.at[id]);
		log_event(LOG_NOTICE, "configuration read again", LOG_TEXT_FIELD("file", config->path));
	} else {
		log_event(LOG_WARNING, "configuration not read again: nothing has changed",
			  LOG_TEXT_FIELD("error", error));
	}
	config_values_free(&values);
	uv_mutex_unlock(&config->lock);
}
