/*
 * The log: one thread-safe logger for the process.
 *
 * A line is built on the caller's stack and leaves with one write(2), so lines from several threads never mix. JSON
 * lines ({"time":"2026-01-31T12:00:00.123Z","level":"notice","msg":"ready","port":7777}) or readable text
 * (2026-01-31 12:00:00.123 * ready port=7777). Every string field is escaped: nothing a client sent can forge a line.
 * Values of keys are never passed here.
 */
#ifndef CUBBY_BASE_LOG_H
#define CUBBY_BASE_LOG_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/slice.h"

enum log_level { LOG_DEBUG, LOG_VERBOSE, LOG_NOTICE, LOG_WARNING, LOG_NOTHING };
enum log_format { LOG_AUTO, LOG_TEXT, LOG_JSON }; /* LOG_AUTO: text on a terminal, else JSON */

/* A named fact on a log line. Make one with the LOG_... macros below. */
struct log_field {
	const char *name;
	enum { LOG_FIELD_INT, LOG_FIELD_TEXT } kind;
	int64_t number;
	struct slice text;
};

#define LOG_INT(key, value) ((struct log_field){(key), LOG_FIELD_INT, (int64_t)(value), {NULL, 0}})
#define LOG_TEXT_FIELD(key, value) ((struct log_field){(key), LOG_FIELD_TEXT, 0, slice_of(value)})
#define LOG_SLICE(key, value) ((struct log_field){(key), LOG_FIELD_TEXT, 0, (value)})

/* log_event(LOG_NOTICE, "client connected", LOG_INT("id", id), LOG_TEXT_FIELD("addr", addr)); */
#define log_event(level, message, ...)                                                                                 \
	do {                                                                                                           \
		if ((level) >= log_level())                                                                            \
			log_write((level), (message), (const struct log_field[]){__VA_ARGS__ __VA_OPT__(, ){0}},       \
				  sizeof((const struct log_field[]){__VA_ARGS__ __VA_OPT__(, ){0}}) /                  \
						  sizeof(struct log_field) -                                           \
					  1);                                                                          \
	} while (0)

void log_write(enum log_level level, const char *message, const struct log_field *fields, size_t count);

/* What is logged now; any thread, any time. */
enum log_level log_level(void);
void log_set_level(enum log_level level);
void log_set_format(enum log_format format);

/* Sends lines to the end of the file at `path` ("" is standard output) from now on. False, with errno set and the old
 * place kept, when it cannot be opened. Opening the same path again serves log rotation. */
bool log_open(const char *path);

/* Writes a fatal signal's backtrace with nothing that a signal handler may not call (write(2) and backtrace_symbols_fd
 * only). */
void log_crash(const char *reason);

#endif
