/*
 * The configuration: one table (config_table.c) says what every setting is called, what it may be, whether it can
 * change while the daemon runs and what it is for. The file parser, the arguments, CONFIG GET, SET and REWRITE, --help,
 * the sample file and the man page all read that table.
 *
 * A value comes from the table's default, then the configuration file, then the arguments: the later one counts. The
 * numbers that lower rooms look at are copied into base/settings.h whenever they change.
 *
 * After boot any thread may call the functions that are said to take the lock.
 */
#ifndef CUBBY_SERVER_CONFIG_H
#define CUBBY_SERVER_CONFIG_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <uv.h>

#include "base/buffer.h"
#include "base/settings.h"
#include "base/slice.h"
#include "resp/reply.h"
#include <uv.h>

enum {
	CONFIG_ERROR_TEXT = 512,   /* bytes an error text may need, with its NUL */
	CONFIG_PASSWORD_MAX = 512, /* bytes; Redis's CONFIG_AUTHPASS_MAX_LEN */
};

/* A setting's place in the table, in the order in which settings are shown. */
enum config_id {
	CONFIG_BIND,
	CONFIG_PORT,
	CONFIG_UNIXSOCKET,
	CONFIG_UNIXSOCKETPERM,
	CONFIG_TCP_BACKLOG,
	CONFIG_TCP_KEEPALIVE,
	CONFIG_MAXCLIENTS,
	CONFIG_TIMEOUT,
	CONFIG_SHUTDOWN_TIMEOUT,
	CONFIG_REQUIREPASS,
	CONFIG_PROTECTED_MODE,
	CONFIG_ENABLE_DEBUG_COMMAND,
	CONFIG_ENABLE_PROTECTED_CONFIGS,
	CONFIG_PROTO_MAX_BULK_LEN,
	CONFIG_CLIENT_QUERY_BUFFER_LIMIT,
	CONFIG_CLIENT_BACKLOG_LIMIT,
	CONFIG_CLIENT_OUTPUT_BUFFER_LIMIT,
	CONFIG_MAXMEMORY_CLIENTS,
	CONFIG_MAX_KEY_SIZE,
	CONFIG_MAX_VALUE_SIZE,
	CONFIG_THREADS,
	CONFIG_SHARDS,
	CONFIG_DATABASES,
	CONFIG_ACTIVE_EXPIRE_EFFORT,
	CONFIG_TRACKING_TABLE_MAX_KEYS,
	CONFIG_LAZYFREE_LAZY_USER_DEL,
	CONFIG_LAZYFREE_LAZY_USER_FLUSH,
	CONFIG_MAXMEMORY,
	CONFIG_MAXMEMORY_POLICY,
	CONFIG_MAXMEMORY_SAMPLES,
	CONFIG_MAXMEMORY_EVICTION_TENACITY,
	CONFIG_LFU_LOG_FACTOR,
	CONFIG_LFU_DECAY_TIME,
	CONFIG_SLOWLOG_LOG_SLOWER_THAN,
	CONFIG_SLOWLOG_MAX_LEN,
	CONFIG_LATENCY_MONITOR_THRESHOLD,
	CONFIG_LATENCY_TRACKING,
	CONFIG_LATENCY_TRACKING_INFO_PERCENTILES,
	CONFIG_NOTIFY_KEYSPACE_EVENTS,
	CONFIG_LOGLEVEL,
	CONFIG_LOGFILE,
	CONFIG_LOG_FORMAT,
	CONFIG_PIDFILE,
	CONFIG_DIR,
	CONFIG_APPENDONLY,
	CONFIG_APPENDFSYNC,
	CONFIG_NO_APPENDFSYNC_ON_REWRITE,
	CONFIG_APPENDDIRNAME,
	CONFIG_APPENDFILENAME,
	CONFIG_AUTO_AOF_REWRITE_PERCENTAGE,
	CONFIG_AUTO_AOF_REWRITE_MIN_SIZE,
	CONFIG_AOF_USE_RDB_PREAMBLE,
	CONFIG_AOF_LOAD_TRUNCATED,
	CONFIG_AOF_REWRITE_INCREMENTAL_FSYNC,
	CONFIG_AOF_QUEUE_LIMIT,
	CONFIG_SAVE,
	CONFIG_DBFILENAME,
	CONFIG_RDBCOMPRESSION,
	CONFIG_RDBCHECKSUM,
	CONFIG_RDB_SAVE_INCREMENTAL_FSYNC,
	CONFIG_STOP_WRITES_ON_BGSAVE_ERROR,
	CONFIG_KEY_LOAD_DELAY,
	CONFIG_DAEMONIZE,
	CONFIG_COUNT,
};

enum config_kind {
	CONFIG_BOOL,	     /* yes or no */
	CONFIG_INT,	     /* a decimal number */
	CONFIG_MEMORY,	     /* bytes, with a unit if wanted: 64kb, 512mb, 1gb */
	CONFIG_MEMORY_SHARE, /* the same, or a percentage of maxmemory: 10%, as a number -10 */
	CONFIG_OCTAL,	     /* file permissions */
	CONFIG_ENUM,	     /* one of the row's choices */
	CONFIG_EVENTS,	     /* classes of keyspace events, a letter each */
	CONFIG_TEXT,	     /* one word, which may be empty */
	CONFIG_LIST,	     /* words */
	CONFIG_FIXED,	     /* a name that Redis's tools ask for: it has one value only, and the row's doc says why */
};

struct config;
struct config_value;

/* A name that a setting may be given, and its number. An array of them ends with a NULL name. */
struct config_choice {
	const char *name;
	int64_t number;
};

/* One row of the table. */
struct config_row {
	const char *name;
	enum config_kind kind;
	bool mutable; /* CONFIG SET may change it while the daemon runs */
	bool guarded; /* ... if enable-protected-configs lets that client */
	bool adds_up; /* of a list: several lines of a file, or arguments, give one value; an empty one clears it */
	const char *initial; /* the default, as it would stand in a file */
	int64_t min, max;    /* of numbers, inclusive */
	const struct config_choice *choices;
	setting *mirror; /* where lower rooms read it, or NULL */
	/* Whether the value, which has the right form, is a good one; NULL: it always is. Writes `error`. */
	bool (*check)(int64_t number, struct slice text, char *error);
	/* Fills in, from the text that was in force before (NULL: none), what a given text leaves out; NULL: nothing
	 * can be left out. False when there is no memory. */
	bool (*complete)(const char *before, struct config_value *value);
	/* Makes a new value take effect while the daemon runs; NULL when there is nothing to do. False, with `error`
	 * written, when it cannot be had: then it is called once more with the old value back in place. */
	bool (*apply)(struct config *config, char *error);
	const char *group; /* the heading under which it is documented; NULL: it is not */
	const char *doc;   /* one line */
};

/* The row of `id`. */
const struct config_row *config_row(enum config_id id);

/* Finds a setting by its name, in any case. */
bool config_find(struct slice name, enum config_id *id);

/* Takes the next number off the front of the text of latency-tracking-info-percentiles. False at its end and where
 * something else stands, at which *text then points. */
bool config_next_percentile(const char **text, double *percent);

/* --- values (config_value.c) ------------------------------------------------------------------------------------ */

struct config_value {
	int64_t number; /* all kinds but text and lists */
	char *text;	/* owned; of text, lists (words with a space between) and fixed names, else NULL */
};

/* Reads a value from words; *value is the caller's. False: `error` says what it must be, in Redis's words. */
bool config_value_parse(const struct config_row *row, const struct slice *words, size_t count,
			struct config_value *value, char *error);

/* Completes the value by what was in force before (NULL: nothing). False when there is no memory. */
bool config_value_complete(const struct config_row *row, const struct config_value *before, struct config_value *value);

/* Makes a value of a row that adds up what it is together with the one that lines before it gave. False when there is
 * no memory. */
bool config_value_add(const struct config_value *before, struct config_value *value);

/* Appends the value as CONFIG GET shows it. */
void config_value_print(const struct config_row *row, const struct config_value *value, struct buffer *out);

/* Appends the value as a line of a configuration file has it: quoted where it must be. */
void config_value_print_quoted(const struct config_row *row, const struct config_value *value, struct buffer *out);

bool config_value_equal(const struct config_value *a, const struct config_value *b);
void config_value_free(struct config_value *value);

/* All values, one for each row. */
struct config_values {
	struct config_value at[CONFIG_COUNT];
};

bool config_values_init(struct config_values *values); /* to the defaults; false when there is no memory */
void config_values_free(struct config_values *values);

/* --- the configuration ------------------------------------------------------------------------------------------ */

struct net;

struct config {
	uv_mutex_t lock;	     /* guards values; one that sleeps, for CONFIG REWRITE holds it while it writes */
	struct config_values values; /* what is in force */
	char *path;		     /* owned; the configuration file's full path, NULL when there is none */
	int argc;		     /* the arguments after the program's name; they stay in force when the file is */
	char *const *argv;	     /* read again. Not owned. */
	struct net *net;	     /* what apply functions act on; NULL before boot and in unit tests */
	struct keyspace *keyspace;   /* likewise */
	struct persistence *persistence; /* likewise */
	_Atomic bool password_set;	 /* requirepass is not empty */
};

/* All defaults. False when there is no memory. */
bool config_init(struct config *config);
void config_free(struct config *config);

/* Reads a number or (for a short while, under the lock or before other threads run) a text. */
int64_t config_number(const struct config *config, enum config_id id);
const char *config_text(const struct config *config, enum config_id id);

/* Puts a number in place, with no check: what the daemon found out at boot, such as fewer clients than wanted. */
void config_put_number(struct config *config, enum config_id id, int64_t number);

/* Whether `password` is the one of requirepass; takes the same time whatever differs. Takes the lock. */
bool config_check_password(struct config *config, struct slice password);

/* --- files and arguments (config_file.c) ------------------------------------------------------------------------ */

/* Reads the arguments after the program's name and the configuration file that they name. False: `error` is one line
 * that says where and what. */
bool config_load(struct config *config, int argc, char *const *argv, char *error);

/* Fills `values` with what the file at `path` and those it includes give, or with the defaults alone when it is NULL or
 * has a fault. They are the caller's to free. False when there is no memory. */
bool config_file_values(const char *path, struct config_values *values);

/* Reads the file again and makes what is different take effect, as far as it can change at run time; logs what cannot
 * and what is wrong. Takes the lock. */
void config_reload(struct config *config);

/* Reads a whole file ("-" is standard input). False, with errno set, when it cannot be read. */
bool config_read_file(const char *path, struct buffer *out);

/*
 * Splits one line into words, as Redis does, in place. Returns how many there are, 0 for an empty line and for a
 * comment, or -1 when quotes are not closed or there are more than CONFIG_MAX_WORDS.
 */
enum { CONFIG_MAX_WORDS = 64 };
int config_split_line(char *line, size_t len, struct slice *words);

/* Takes the first line, without its line end, off the front of `text`. */
struct slice config_next_line(struct slice *text);

/* --- commands (config_commands.c, config_rewrite.c) ------------------------------------------------------------- */

/* As the functions of command/host.h. They take the lock. `trusted`: enable-protected-configs lets this client change
 * what is guarded. */
void config_reply_get(struct config *config, const struct slice *patterns, size_t count, struct reply *reply);
bool config_set(struct config *config, const struct slice *words, size_t count, bool trusted, char *error);
bool config_rewrite(struct config *config, char *error);

/* Puts *value (which then holds the old one) in force: values and mirror. Under the lock. */
void config_exchange(struct config *config, enum config_id id, struct config_value *value);

/* Calls the row's apply function. Under the lock. */
bool config_apply(struct config *config, enum config_id id, char *error);

/* The text of a configuration file with the values in force in it: comments, order and untouched lines are kept. */
bool config_rewrite_text(const struct config *config, struct slice old, struct buffer *out);

#endif
