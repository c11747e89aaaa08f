/*
 * The text of the setting ("normal 0 0 0 slave 256mb 64mb 60 ...") is read into a table of numbers and back: what is
 * kept always names all classes, with plain numbers.
 */
#include "server/output_limits.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/number.h"

enum { WORDS_OF_CLASS = 4 };

struct limits {
	struct {
		int64_t hard;	 /* bytes */
		int64_t soft;	 /* bytes */
		int64_t seconds; /* for which the soft limit may be passed */
	} of[SETTINGS_CLIENTS];
};

/* As CONFIG GET shows them. */
static const char *const class_names[SETTINGS_CLIENTS] = {"normal", "slave", "pubsub"};

static int class_find(struct slice word)
{
	if (slice_is_word(word, "replica"))
		return SETTINGS_REPLICA;
	for (int i = 0; i < SETTINGS_CLIENTS; i++) {
		if (slice_is_word(word, class_names[i]))
			return i;
	}
	return -1;
}

/* Takes the first word off the front of `text`; empty when there is none. Words are parted by one space. */
static struct slice next_word(struct slice *text)
{
	const char *space = text->len > 0 ? memchr(text->data, ' ', text->len) : NULL;
	size_t len = space != NULL ? (size_t)(space - text->data) : text->len;
	struct slice word = {text->data, len};

	text->data += len + (space != NULL);
	text->len -= len + (space != NULL);
	return word;
}

static size_t count_words(struct slice text)
{
	size_t count = 0;

	while (text.len > 0) {
		next_word(&text);
		count++;
	}
	return count;
}

/* Reads the classes that `text` names into `limits`. NULL, or what is wrong. */
static const char *limits_read(struct slice text, struct limits *limits)
{
	if (count_words(text) % WORDS_OF_CLASS != 0)
		return "Wrong number of arguments in buffer limit configuration.";
	while (text.len > 0) {
		int class = class_find(next_word(&text));
		struct slice hard = next_word(&text);
		struct slice soft = next_word(&text);
		struct slice seconds = next_word(&text);

		if (class < 0)
			return "Invalid client class specified in buffer limit configuration.";
		if (!number_parse_memory(hard, &limits->of[class].hard) || limits->of[class].hard < 0 ||
		    !number_parse_memory(soft, &limits->of[class].soft) || limits->of[class].soft < 0 ||
		    !number_parse_int64(seconds, &limits->of[class].seconds) || limits->of[class].seconds < 0)
			return "Error in hard, soft or soft_seconds setting in buffer limit configuration.";
	}
	return NULL;
}

static void limits_print(const struct limits *limits, struct buffer *out)
{
	for (int i = 0; i < SETTINGS_CLIENTS; i++)
		buffer_printf(out, "%s%s %" PRId64 " %" PRId64 " %" PRId64, i > 0 ? " " : "", class_names[i],
			      limits->of[i].hard, limits->of[i].soft, limits->of[i].seconds);
}

bool output_limits_check(int64_t number, struct slice text, char *error)
{
	struct limits limits;
	const char *wrong = limits_read(text, &limits);

	(void)number;
	if (wrong != NULL)
		snprintf(error, CONFIG_ERROR_TEXT, "%s", wrong);
	return wrong == NULL;
}

bool output_limits_complete(const char *before, struct config_value *value)
{
	struct limits limits = {0};
	struct buffer text = {0};

	if (before != NULL)
		limits_read(slice_of(before), &limits);
	limits_read(slice_of(value->text), &limits);
	limits_print(&limits, &text);
	buffer_append_char(&text, '\0');
	if (text.failed) {
		buffer_free(&text);
		return false;
	}
	free(value->text);
	value->text = text.data;
	return true;
}

bool output_limits_apply(struct config *config, char *error)
{
	struct limits limits = {0};

	(void)error;
	limits_read(slice_of(config_text(config, CONFIG_CLIENT_OUTPUT_BUFFER_LIMIT)), &limits);
	for (int i = 0; i < SETTINGS_CLIENTS; i++) {
		setting_put(&settings.output_limits[i].hard, limits.of[i].hard);
		setting_put(&settings.output_limits[i].soft, limits.of[i].soft);
		setting_put(&settings.output_limits[i].soft_seconds, limits.of[i].seconds);
	}
	return true;
}
