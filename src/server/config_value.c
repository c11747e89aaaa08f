/*
 * Values: from words to a number or a text, and back. One parse function for each kind; the error texts are Redis's.
 */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/number.h"
#include "server/config.h"
#include "session/notify.h"

static bool fail(char *error, const char *text)
{
	snprintf(error, CONFIG_ERROR_TEXT, "%s", text);
	return false;
}

static bool parse_bool(struct slice word, int64_t *number, char *error)
{
	if (!slice_is_word(word, "yes") && !slice_is_word(word, "no"))
		return fail(error, "argument must be 'yes' or 'no'");
	*number = slice_is_word(word, "yes");
	return true;
}

static bool parse_octal(struct slice word, int64_t *number)
{
	int64_t value = 0;

	if (word.len == 0 || word.len > 12)
		return false;
	for (size_t i = 0; i < word.len; i++) {
		if (word.data[i] < '0' || word.data[i] > '7')
			return false;
		value = value * 8 + (word.data[i] - '0');
	}
	*number = value;
	return true;
}

/* "64mb", or "10%", which is -10. */
static bool parse_share(struct slice word, int64_t *number)
{
	if (word.len == 0 || word.data[word.len - 1] != '%')
		return number_parse_memory(word, number);
	word.len--;
	if (!number_parse_int64(word, number) || *number < 0)
		return false;
	*number = -*number;
	return true;
}

static bool parse_choice(const struct config_row *row, struct slice word, int64_t *number, char *error)
{
	struct buffer names = {0};

	for (const struct config_choice *choice = row->choices; choice->name != NULL; choice++) {
		if (slice_is_word(word, choice->name)) {
			*number = choice->number;
			return true;
		}
	}
	for (const struct config_choice *choice = row->choices; choice->name != NULL; choice++)
		buffer_printf(&names, "%s%s", choice == row->choices ? "" : ", ", choice->name);
	snprintf(error, CONFIG_ERROR_TEXT, "argument(s) must be one of the following: %.*s", (int)names.len,
		 names.data != NULL ? names.data : "");
	buffer_free(&names);
	return false;
}

static bool check_range(const struct config_row *row, int64_t number, char *error)
{
	if (number >= row->min && number <= row->max)
		return true;
	if (row->kind == CONFIG_OCTAL)
		snprintf(error, CONFIG_ERROR_TEXT, "argument must be between %" PRIo64 " and %" PRIo64 " inclusive",
			 (uint64_t)row->min, (uint64_t)row->max);
	else if (row->kind == CONFIG_MEMORY_SHARE && number < 0)
		snprintf(error, CONFIG_ERROR_TEXT, "percentage argument must be less or equal to %" PRId64, -row->min);
	else
		snprintf(error, CONFIG_ERROR_TEXT, "argument must be between %" PRId64 " and %" PRId64 " inclusive",
			 row->min, row->max);
	return false;
}

static bool parse_number(const struct config_row *row, struct slice word, int64_t *number, char *error)
{
	switch (row->kind) {
	case CONFIG_BOOL:
		return parse_bool(word, number, error);
	case CONFIG_ENUM:
		return parse_choice(row, word, number, error);
	case CONFIG_EVENTS:
		return notify_parse(word, number) ||
		       fail(error, "Invalid event class character. Use 'Ag$lshzxeKEtmdn'.");
	case CONFIG_MEMORY:
		if (!number_parse_memory(word, number))
			return fail(error, "argument must be a memory value");
		break;
	case CONFIG_MEMORY_SHARE:
		if (!parse_share(word, number))
			return fail(error, "argument must be a memory or percent value");
		break;
	case CONFIG_OCTAL:
		if (!parse_octal(word, number))
			return fail(error, "argument couldn't be parsed as an octal number");
		break;
	default:
		if (!number_parse_int64(word, number))
			return fail(error, "argument couldn't be parsed into an integer");
		break;
	}
	return check_range(row, *number, error);
}

static bool is_text(const struct config_row *row)
{
	return row->kind == CONFIG_TEXT || row->kind == CONFIG_LIST || row->kind == CONFIG_FIXED;
}

/* Appends the words of `text`, each after a space unless it is the first. */
static void append_list(struct buffer *out, struct slice text)
{
	bool in_word = false;

	for (size_t i = 0; i < text.len; i++) {
		bool blank = text.data[i] == ' ' || text.data[i] == '\t';

		if (!blank && !in_word && out->len > 0)
			buffer_append_char(out, ' ');
		if (!blank)
			buffer_append_char(out, text.data[i]);
		in_word = !blank;
	}
}

/* Takes the text out of `buffer`, with a NUL; NULL when there is no memory. */
static char *take_text(struct buffer *buffer)
{
	buffer_append_char(buffer, '\0');
	if (buffer->failed) {
		buffer_free(buffer);
		return NULL;
	}
	return buffer->data;
}

static bool check_fixed(const struct config_row *row, const char *text, char *error)
{
	if (strcasecmp(text, row->initial) == 0)
		return true;
	snprintf(error, CONFIG_ERROR_TEXT, "only '%s' is supported: %s", row->initial, row->doc);
	return false;
}

bool config_value_add(const struct config_value *before, struct config_value *value)
{
	struct buffer text = {0};

	if (*value->text == '\0')
		return true;
	append_list(&text, slice_of(before->text));
	append_list(&text, slice_of(value->text));
	free(value->text);
	value->text = take_text(&text);
	return value->text != NULL;
}

static bool parse_text(const struct config_row *row, const struct slice *words, size_t count, char **text, char *error)
{
	struct buffer buffer = {0};

	for (size_t i = 0; i < count; i++) {
		if (memchr(words[i].data != NULL ? words[i].data : "", '\0', words[i].len) != NULL) {
			buffer_free(&buffer);
			return fail(error, "argument must not contain a NUL");
		}
		if (row->kind == CONFIG_LIST)
			append_list(&buffer, words[i]);
		else
			buffer_append_slice(&buffer, words[i]);
	}
	*text = take_text(&buffer);
	if (*text == NULL)
		return fail(error, "out of memory");
	return row->kind != CONFIG_FIXED || check_fixed(row, *text, error);
}

bool config_value_parse(const struct config_row *row, const struct slice *words, size_t count,
			struct config_value *value, char *error)
{
	bool good;

	*value = (struct config_value){0, NULL};
	if (count == 0 || (count > 1 && row->kind != CONFIG_LIST && row->kind != CONFIG_FIXED))
		return fail(error, "wrong number of arguments");
	if (is_text(row))
		good = parse_text(row, words, count, &value->text, error);
	else
		good = parse_number(row, words[0], &value->number, error);
	if (good && row->check != NULL)
		good = row->check(value->number, slice_of(value->text != NULL ? value->text : ""), error);
	if (!good)
		config_value_free(value);
	return good;
}

bool config_value_complete(const struct config_row *row, const struct config_value *before, struct config_value *value)
{
	return row->complete == NULL || row->complete(before != NULL ? before->text : NULL, value);
}

static const char *choice_name(const struct config_row *row, int64_t number)
{
	const struct config_choice *choice = row->choices;

	while (choice->name != NULL && choice->number != number)
		choice++;
	return choice->name != NULL ? choice->name : "";
}

void config_value_print(const struct config_row *row, const struct config_value *value, struct buffer *out)
{
	switch (row->kind) {
	case CONFIG_BOOL:
		buffer_append_text(out, value->number != 0 ? "yes" : "no");
		break;
	case CONFIG_INT:
	case CONFIG_MEMORY:
		buffer_printf(out, "%" PRId64, value->number);
		break;
	case CONFIG_MEMORY_SHARE:
		buffer_printf(out, value->number < 0 ? "%" PRId64 "%%" : "%" PRId64,
			      value->number < 0 ? -value->number : value->number);
		break;
	case CONFIG_OCTAL:
		buffer_printf(out, "%" PRIo64, (uint64_t)value->number);
		break;
	case CONFIG_EVENTS:
		notify_print(value->number, out);
		break;
	case CONFIG_ENUM:
		buffer_append_text(out, choice_name(row, value->number));
		break;
	case CONFIG_TEXT:
	case CONFIG_LIST:
	case CONFIG_FIXED:
		buffer_append_text(out, value->text);
		break;
	}
}

/* Bytes as the largest unit that divides them. */
static void print_memory(int64_t bytes, struct buffer *out)
{
	static const char *const units[] = {"", "kb", "mb", "gb"};
	size_t unit = 0;

	while (bytes != 0 && bytes % 1024 == 0 && unit < 3) {
		bytes /= 1024;
		unit++;
	}
	buffer_printf(out, "%" PRId64 "%s", bytes, units[unit]);
}

static bool is_plain(const char *text)
{
	for (const char *c = text; *c != '\0'; c++) {
		if (*c <= ' ' || *c > '~' || strchr("\"'\\#", *c) != NULL)
			return false;
	}
	return *text != '\0';
}

void config_value_print_quoted(const struct config_row *row, const struct config_value *value, struct buffer *out)
{
	if (row->kind == CONFIG_EVENTS && value->number == 0)
		buffer_append_text(out, "\"\"");
	else if (row->kind == CONFIG_MEMORY || (row->kind == CONFIG_MEMORY_SHARE && value->number >= 0))
		print_memory(value->number, out);
	else if (is_text(row) && (*value->text == '\0' || (row->kind != CONFIG_LIST && !is_plain(value->text))))
		buffer_append_quoted(out, slice_of(value->text));
	else
		config_value_print(row, value, out);
}

bool config_value_equal(const struct config_value *a, const struct config_value *b)
{
	if (a->text == NULL || b->text == NULL)
		return a->text == b->text && a->number == b->number;
	return strcmp(a->text, b->text) == 0;
}

void config_value_free(struct config_value *value)
{
	free(value->text);
	*value = (struct config_value){0, NULL};
}

bool config_values_init(struct config_values *values)
{
	char error[CONFIG_ERROR_TEXT];

	*values = (struct config_values){0};
	for (int id = 0; id < CONFIG_COUNT; id++) {
		const struct config_row *row = config_row((enum config_id)id);
		struct slice initial = slice_of(row->initial);

		if (!config_value_parse(row, &initial, 1, &values->at[id], error) ||
		    !config_value_complete(row, NULL, &values->at[id])) {
			config_values_free(values);
			return false;
		}
	}
	return true;
}

void config_values_free(struct config_values *values)
{
	for (int id = 0; id < CONFIG_COUNT; id++)
		config_value_free(&values->at[id]);
}
