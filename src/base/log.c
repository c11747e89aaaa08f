/*
 * A line is put together on the stack (struct line), piece by piece; a piece that does not fit marks the line as cut
 * and the rest is left out, but the room to close it properly is kept back. The finished line is written under the
 * mutex, which also guards the descriptor: who opens another file never takes it from under a writer.
 *
 * A line that cannot be written (a full disk, a pipe that nobody empties) is dropped and counted, so that the daemon
 * goes on; the first line that can be written again is preceded by one that says how many were lost.
 */
#include "base/log.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <poll.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/number.h"
#include "base/platform.h"

enum {
	LINE_SIZE = 4096,
	LINE_KEPT = 32,	   /* of these, for what closes a line: a quote, the mark of a cut line, a brace, a newline */
	PATIENCE_MS = 100, /* how long a full pipe is waited for */
};

/* A line in the making. */
struct line {
	char data[LINE_SIZE];
	size_t len;
	bool cut;  /* something did not fit */
	bool json; /* else text */
};

static _Atomic int level_now = LOG_NOTICE;
static _Atomic int format_now = LOG_AUTO;

/* Guards all below, but log_crash() reads `output` without it. */
static pthread_mutex_t mutex = PTHREAD_MUTEX_INITIALIZER;
static _Atomic int output = STDOUT_FILENO;
static uint64_t lost;	 /* lines dropped since the last one that was written */
static bool half_a_line; /* the output does not end in a newline */

/* Appends a piece whole or not at all. Nothing is appended behind a piece that did not fit. */
static void line_add(struct line *line, const char *bytes, size_t len)
{
	if (line->cut || len > LINE_SIZE - LINE_KEPT - line->len) {
		line->cut = true;
		return;
	}
	memcpy(line->data + line->len, bytes, len);
	line->len += len;
}

static void line_add_text(struct line *line, const char *text)
{
	line_add(line, text, strlen(text));
}

static void line_add_number(struct line *line, int64_t number)
{
	char text[NUMBER_INT64_TEXT];

	line_add(line, text, number_print_int64(text, number));
}

/* Appends what closes something that was opened, for which room was kept. */
static void line_close(struct line *line, const char *text)
{
	size_t len = strlen(text);

	memcpy(line->data + line->len, text, len);
	line->len += len;
}

/* The letter that both formats write behind a backslash for `c`, or 0 when there is none. */
static char escape_letter(unsigned char c)
{
	switch (c) {
	case '\n':
		return 'n';
	case '\r':
		return 'r';
	case '\t':
		return 't';
	case '"':
	case '\\':
		return (char)c;
	default:
		return 0;
	}
}

static void line_add_escape(struct line *line, char letter)
{
	line_add(line, (const char[]){'\\', letter}, 2);
}

static void line_add_hex(struct line *line, const char *prefix, unsigned char byte)
{
	char text[8];
	int len = snprintf(text, sizeof(text), "%s%02x", prefix, byte);

	line_add(line, text, (size_t)len);
}

static bool is_printable(unsigned char c)
{
	return c >= ' ' && c <= '~';
}

/* Whether `c` may follow the first byte of a character in UTF-8. */
static bool continues_utf8(unsigned char c)
{
	return (c & 0xc0) == 0x80;
}

/* The length of the UTF-8 character that `text` starts with, 0 when it starts with none (RFC 3629). */
static size_t utf8_len(const unsigned char *text, size_t len)
{
	unsigned char first = text[0];
	size_t wanted = first < 0x80   ? 1
			: first < 0xc2 ? 0
			: first < 0xe0 ? 2
			: first < 0xf0 ? 3
			: first < 0xf5 ? 4
				       : 0;
	size_t i;

	if (wanted == 0 || wanted > len)
		return 0;
	for (i = 1; i < wanted; i++) {
		if (!continues_utf8(text[i]))
			return 0;
	}
	/* Longer than needed, a surrogate, or beyond U+10FFFF. */
	if ((first == 0xe0 && text[1] < 0xa0) || (first == 0xed && text[1] > 0x9f) ||
	    (first == 0xf0 && text[1] < 0x90) || (first == 0xf4 && text[1] > 0x8f))
		return 0;
	return wanted;
}

/* Appends the character that `text` starts with as it stands in a JSON string; returns how many bytes it had. */
static size_t json_add_character(struct line *line, const unsigned char *text, size_t len)
{
	size_t character = utf8_len(text, len);
	char letter = escape_letter(text[0]);

	if (character == 0) {
		/* \u00HH would be another character; the backslash is one of the text's. */
		line_add_hex(line, "\\\\x", text[0]);
		return 1;
	}
	if (letter != 0)
		line_add_escape(line, letter);
	else if (character == 1 && !is_printable(text[0]))
		line_add_hex(line, "\\u00", text[0]);
	else
		line_add(line, (const char *)text, character);
	return character;
}

/* Appends what leads a value in: its separator, name and so on, all or nothing. */
static bool line_begin_value(struct line *line, const char *const pieces[], size_t count)
{
	size_t before = line->len;
	size_t i;

	for (i = 0; i < count; i++)
		line_add_text(line, pieces[i]);
	if (line->cut)
		line->len = before;
	return !line->cut;
}

static void json_add_string(struct line *line, const char *name, struct slice text)
{
	const char *const lead[] = {",\"", name, "\":\""};
	const unsigned char *bytes = (const unsigned char *)text.data;
	size_t i = 0;

	if (!line_begin_value(line, lead, 3))
		return;
	while (i < text.len && !line->cut)
		i += json_add_character(line, bytes + i, text.len - i);
	line_close(line, "\"");
}

static void json_add_int(struct line *line, const char *name, int64_t number)
{
	char text[NUMBER_INT64_TEXT];
	const char *const lead[] = {",\"", name, "\":", text};

	text[number_print_int64(text, number)] = '\0';
	line_begin_value(line, lead, 4);
}

static void text_add_byte(struct line *line, unsigned char c, bool quoted)
{
	char letter = escape_letter(c);

	if (is_printable(c) && (letter == 0 || !quoted))
		line_add(line, (const char *)&c, 1);
	else if (letter != 0)
		line_add_escape(line, letter);
	else
		line_add_hex(line, "\\x", c);
}

static void text_add_bytes(struct line *line, struct slice text, bool quoted)
{
	size_t i;

	for (i = 0; i < text.len && !line->cut; i++)
		text_add_byte(line, (unsigned char)text.data[i], quoted);
}

/* Whether `text` can stand in a text line as it is. */
static bool is_plain(struct slice text)
{
	size_t i;

	for (i = 0; i < text.len; i++) {
		unsigned char c = (unsigned char)text.data[i];

		if (!is_printable(c) || c == ' ' || c == '"' || c == '\\')
			return false;
	}
	return text.len > 0;
}

static void text_add_field(struct line *line, const struct log_field *field)
{
	bool quoted = field->kind == LOG_FIELD_TEXT && !is_plain(field->text);
	const char *const lead[] = {" ", field->name, quoted ? "=\"" : "="};

	if (!line_begin_value(line, lead, 3))
		return;
	if (field->kind == LOG_FIELD_INT)
		line_add_number(line, field->number);
	else
		text_add_bytes(line, field->text, quoted);
	if (quoted)
		line_close(line, "\"");
}

/* Appends the time, in UTC with milliseconds; `separator` stands between the date and the time of day. */
static void line_add_time(struct line *line, char separator)
{
	int64_t now_ms = clock_realtime_ms();
	time_t seconds = (time_t)(now_ms / 1000);
	struct tm utc;
	char text[80];
	int len;

	gmtime_r(&seconds, &utc);
	len = snprintf(text, sizeof(text), "%04d-%02d-%02d%c%02d:%02d:%02d.%03d", utc.tm_year + 1900, utc.tm_mon + 1,
		       utc.tm_mday, separator, utc.tm_hour, utc.tm_min, utc.tm_sec, (int)(now_ms % 1000));
	line_add(line, text, (size_t)len);
}

static void line_build_json(struct line *line, enum log_level level, const char *message,
			    const struct log_field *fields, size_t count)
{
	static const char *const names[] = {"debug", "verbose", "notice", "warning"};
	size_t i;

	line_add_text(line, "{\"time\":\"");
	line_add_time(line, 'T');
	line_add_text(line, "Z\"");
	json_add_string(line, "level", slice_of(names[level]));
	json_add_string(line, "msg", slice_of(message));
	for (i = 0; i < count; i++) {
		if (fields[i].kind == LOG_FIELD_INT)
			json_add_int(line, fields[i].name, fields[i].number);
		else
			json_add_string(line, fields[i].name, fields[i].text);
	}
	line_close(line, line->cut ? ",\"truncated\":true}\n" : "}\n");
}

static void line_build_text(struct line *line, enum log_level level, const char *message,
			    const struct log_field *fields, size_t count)
{
	static const char marks[] = {'.', '-', '*', '#'};
	size_t i;

	line_add_time(line, ' ');
	line_add(line, (const char[]){' ', marks[level], ' '}, 3);
	text_add_bytes(line, slice_of(message), false);
	for (i = 0; i < count; i++)
		text_add_field(line, &fields[i]);
	line_close(line, line->cut ? " ...\n" : "\n");
}

static void line_build(struct line *line, enum log_level level, const char *message, const struct log_field *fields,
		       size_t count)
{
	line->len = 0;
	line->cut = false;
	if (line->json)
		line_build_json(line, level, message, fields, count);
	else
		line_build_text(line, level, message, fields, count);
}

static bool output_is_json(void)
{
	switch (atomic_load_explicit(&format_now, memory_order_relaxed)) {
	case LOG_JSON:
		return true;
	case LOG_TEXT:
		return false;
	default:
		return !isatty(atomic_load(&output));
	}
}

/* Waits until a full pipe can be written to, or a signal comes. It is not waited for again while lines are being lost,
 * or each line would cost its thread that time. */
static bool output_wait(int fd)
{
	struct pollfd poll_fd = {.fd = fd, .events = POLLOUT};
	int ready;

	if (lost > 0)
		return false;
	ready = poll(&poll_fd, 1, PATIENCE_MS);
	return ready > 0 || (ready < 0 && errno == EINTR);
}

/* Whether a write that failed is worth another try. */
static bool output_retry(int fd)
{
	return errno == EINTR || (errno == EAGAIN && output_wait(fd));
}

/* Writes all of `bytes`. False when that cannot be done now; half_a_line then tells whether a part went out. */
static bool output_write(int fd, const char *bytes, size_t len)
{
	while (len > 0) {
		ssize_t written = write(fd, bytes, len);

		if (written > 0) {
			bytes += written;
			len -= (size_t)written;
			half_a_line = bytes[-1] != '\n';
		} else if (written == 0 || !output_retry(fd)) {
			return false;
		}
	}
	return true;
}

/* Writes a finished line, on a line of its own. */
static bool output_line(const struct line *line)
{
	int fd = atomic_load_explicit(&output, memory_order_relaxed);

	return (!half_a_line || output_write(fd, "\n", 1)) && output_write(fd, line->data, line->len);
}

/* Says how many lines were lost, if any. False when that cannot be written either. */
static bool output_lost(bool json)
{
	struct line line = {.json = json};
	char message[64];

	if (lost == 0)
		return true;
	snprintf(message, sizeof(message), "%" PRIu64 " log lines lost", lost);
	line_build(&line, LOG_WARNING, message, NULL, 0);
	if (!output_line(&line))
		return false;
	lost = 0;
	return true;
}

void log_write(enum log_level level, const char *message, const struct log_field *fields, size_t count)
{
	struct line line;

	if (level >= LOG_NOTHING)
		return;
	line.json = output_is_json();
	line_build(&line, level, message, fields, count);
	pthread_mutex_lock(&mutex);
	if (!output_lost(line.json) || !output_line(&line))
		lost++;
	pthread_mutex_unlock(&mutex);
}

enum log_level log_level(void)
{
	return (enum log_level)atomic_load_explicit(&level_now, memory_order_relaxed);
}

void log_set_level(enum log_level level)
{
	atomic_store_explicit(&level_now, (int)level, memory_order_relaxed);
}

void log_set_format(enum log_format format)
{
	atomic_store_explicit(&format_now, (int)format, memory_order_relaxed);
}

bool log_open(const char *path)
{
	int fd = STDOUT_FILENO;
	int old;

	if (*path != '\0')
		fd = open(path, O_WRONLY | O_APPEND | O_CREAT | O_CLOEXEC, 0644);
	if (fd < 0)
		return false;
	pthread_mutex_lock(&mutex);
	old = atomic_exchange(&output, fd);
	pthread_mutex_unlock(&mutex);
	if (old != STDOUT_FILENO)
		close(old);
	return true;
}

/* The mutex stays alone: its holder may be the thread that crashed. */
void log_crash(const char *reason)
{
	static const char lead[] = "\ncrashed: ";
	int fd = atomic_load(&output);

	/* There is nobody to tell when this fails. */
	if (write(fd, lead, sizeof(lead) - 1) < 0 || write(fd, reason, strlen(reason)) < 0 || write(fd, "\n", 1) < 0)
		return;
	platform_backtrace(fd);
}
