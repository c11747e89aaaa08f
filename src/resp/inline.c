/*
 * Splitting an inline command.
 *
 * The happy path: spaces are skipped, a word is read up to the next space, and so on to the end of the line. Within
 * "double quotes" \n \r \t \b \a \" \\ and \xHH are escapes; within 'single quotes' only \' is. Quotes may stand
 * in the middle of a word (a"b c" is one word), but a closing quote ends the word it stands in.
 *
 * A word never becomes longer by unquoting, so its bytes are written where it began.
 */
#include "resp/inline.h"

/* The word that is being read. */
struct word {
	char *out;  /* where its bytes go; NULL when words are only counted */
	size_t len; /* bytes so far */
};

static void word_put(struct word *word, char c)
{
	if (word->out != NULL)
		word->out[word->len] = c;
	word->len++;
}

/* isspace() of the C locale, whatever the locale is. */
static bool is_space(char c)
{
	return c == ' ' || (c >= '\t' && c <= '\r');
}

/* The value of a hexadecimal digit; -1 when `c` is none. */
static int hex_value(char c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	if (c >= 'a' && c <= 'f')
		return c - 'a' + 10;
	if (c >= 'A' && c <= 'F')
		return c - 'A' + 10;
	return -1;
}

/* What \c stands for within double quotes. */
static char unescape(char c)
{
	switch (c) {
	case 'n':
		return '\n';
	case 'r':
		return '\r';
	case 't':
		return '\t';
	case 'b':
		return '\b';
	case 'a':
		return '\a';
	default:
		return c;
	}
}

/* Reads the escape whose backslash is at `at`; returns the place behind it. There is a byte behind the backslash. */
static const char *read_escape(struct word *word, const char *at, const char *end)
{
	if (end - at >= 4 && at[1] == 'x' && hex_value(at[2]) >= 0 && hex_value(at[3]) >= 0) {
		word_put(word, (char)(hex_value(at[2]) * 16 + hex_value(at[3])));
		return at + 4;
	}
	word_put(word, unescape(at[1]));
	return at + 2;
}

/* Reads what follows an opening `quote`; returns the place behind the closing one, or NULL when the quotes are not
 * balanced. */
static const char *read_quoted(struct word *word, const char *at, const char *end, char quote)
{
	while (at < end && *at != quote) {
		bool escape = *at == '\\' && end - at >= 2;

		if (escape && quote == '"') {
			at = read_escape(word, at, end);
		} else if (escape && at[1] == '\'') {
			word_put(word, '\'');
			at += 2;
		} else {
			word_put(word, *at++);
		}
	}
	if (at == end)
		return NULL;
	at++;
	return at == end || is_space(*at) ? at : NULL;
}

/* Reads the word at `at`; returns the place behind it, or NULL when the quotes are not balanced. */
static const char *read_word(struct word *word, const char *at, const char *end)
{
	while (at < end) {
		switch (*at) {
		case ' ':
		case '\n':
		case '\r':
		case '\t':
			return at;
		case '"':
		case '\'':
			return read_quoted(word, at + 1, end, *at);
		default:
			word_put(word, *at++);
		}
	}
	return at;
}

bool inline_split(char *line, size_t len, struct slice *argv, size_t *argc)
{
	const char *at = line;
	const char *end = line + len;
	size_t count = 0;

	for (;;) {
		struct word word = {0};

		while (at < end && is_space(*at))
			at++;
		if (at == end)
			break;
		if (argv != NULL)
			word.out = line + (at - line);
		at = read_word(&word, at, end);
		if (at == NULL)
			return false;
		if (argv != NULL)
			argv[count] = (struct slice){word.out, word.len};
		count++;
	}
	*argc = count;
	return true;
}
