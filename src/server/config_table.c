/*
 * The table of settings. A new setting is a row here and a name in enum config_id, and nothing else unless it has an
 * apply function.
 */
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/log.h"
#include "server/config.h"
#include "server/config_apply.h"
#include "server/data_dir.h"
#include "server/output_limits.h"
#include "server/save_points.h"
#include "store/keyspace.h"

enum { MEGABYTE = 1024 * 1024 };

static const char network[] = "Network";
static const char access_control[] = "Access";
static const char limits[] = "Limits of one client";
static const char keyspace_group[] = "Threads and keyspace";
static const char memory[] = "Memory";
static const char slowness[] = "What is slow";
static const char persistence[] = "Persistence";
static const char logging[] = "Logs";

static const struct config_choice guard_choices[] = {
	{"no", SETTINGS_NO},
	{"yes", SETTINGS_YES},
	{"local", SETTINGS_LOCAL},
	{NULL, 0},
};

static const struct config_choice policy_choices[] = {
	{"volatile-lru", POLICY_LRU},
	{"volatile-lfu", POLICY_LFU},
	{"volatile-random", POLICY_RANDOM},
	{"volatile-ttl", POLICY_TTL},
	{"allkeys-lru", POLICY_ALL_KEYS | POLICY_LRU},
	{"allkeys-lfu", POLICY_ALL_KEYS | POLICY_LFU},
	{"allkeys-random", POLICY_ALL_KEYS | POLICY_RANDOM},
	{"noeviction", 0},
	{NULL, 0},
};

static const struct config_choice sync_choices[] = {
	{"everysec", SETTINGS_SYNC_EVERYSEC},
	{"always", SETTINGS_SYNC_ALWAYS},
	{"no", SETTINGS_SYNC_NO},
	{NULL, 0},
};

static const struct config_choice level_choices[] = {
	{"debug", LOG_DEBUG},	  {"verbose", LOG_VERBOSE}, {"notice", LOG_NOTICE},
	{"warning", LOG_WARNING}, {"nothing", LOG_NOTHING}, {NULL, 0},
};

static const struct config_choice format_choices[] = {
	{"auto", LOG_AUTO},
	{"text", LOG_TEXT},
	{"json", LOG_JSON},
	{NULL, 0},
};

static bool check_power_of_two(int64_t number, struct slice text, char *error)
{
	(void)text;
	if ((number & (number - 1)) == 0)
		return true;
	snprintf(error, CONFIG_ERROR_TEXT, "argument must be a power of two");
	return false;
}

static bool check_password(int64_t number, struct slice text, char *error)
{
	(void)number;
	if (text.len <= CONFIG_PASSWORD_MAX)
		return true;
	snprintf(error, CONFIG_ERROR_TEXT, "argument must be at most %d bytes long", CONFIG_PASSWORD_MAX);
	return false;
}

static bool check_percentiles(int64_t number, struct slice text, char *error)
{
	const char *rest = text.data; /* a whole text, which ends in a NUL */
	double percent;

	(void)number;
	while (config_next_percentile(&rest, &percent)) {
		if (percent >= 0 && percent <= 100)
			continue;
		snprintf(error, CONFIG_ERROR_TEXT,
			 "latency-tracking-info-percentiles parameters should sit between [0.0,100.0]");
		return false;
	}
	if (*rest == '\0')
		return true;
	snprintf(error, CONFIG_ERROR_TEXT, "Invalid latency-tracking-info-percentiles parameters");
	return false;
}

/* A name in a directory that another setting gives. */
static bool check_name(struct slice text, const char *setting_name, const char *kind, char *error)
{
	if (text.len == 0)
		snprintf(error, CONFIG_ERROR_TEXT, "%s can't be empty", setting_name);
	else if (memchr(text.data, '/', text.len) != NULL)
		snprintf(error, CONFIG_ERROR_TEXT, "%s can't be a path, just a %s", setting_name, kind);
	else
		return true;
	return false;
}

static bool check_dbfilename(int64_t number, struct slice text, char *error)
{
	(void)number;
	return check_name(text, "dbfilename", "filename", error);
}

static bool check_appendfilename(int64_t number, struct slice text, char *error)
{
	(void)number;
	return check_name(text, "appendfilename", "filename", error);
}

static bool check_appenddirname(int64_t number, struct slice text, char *error)
{
	(void)number;
	return check_name(text, "appenddirname", "dirname", error);
}

static const struct config_row table[CONFIG_COUNT] = {
	[CONFIG_BIND] = {.name = "bind",
			 .kind = CONFIG_LIST,
			 .initial = "* -::*",
			 .group = network,
			 .doc = "Addresses to listen on; one with a leading - may be missing on this machine."},
	[CONFIG_PORT] = {.name = "port",
			 .kind = CONFIG_INT,
			 .initial = "6379",
			 .max = 65535,
			 .group = network,
			 .doc = "TCP port; 0 takes a free one, which the log line \"ready\" names."},
	[CONFIG_UNIXSOCKET] = {.name = "unixsocket",
			       .kind = CONFIG_TEXT,
			       .initial = "",
			       .group = network,
			       .doc = "Path of a unix socket to listen on as well; empty is none."},
	[CONFIG_UNIXSOCKETPERM] = {.name = "unixsocketperm",
				   .kind = CONFIG_OCTAL,
				   .initial = "0",
				   .max = 0777,
				   .group = network,
				   .doc = "Permissions of the unix socket, octal; 0 leaves them to the umask."},
	[CONFIG_TCP_BACKLOG] = {.name = "tcp-backlog",
				.kind = CONFIG_INT,
				.initial = "511",
				.max = INT_MAX,
				.group = network,
				.doc = "Connections that the kernel holds until they are accepted."},
	[CONFIG_TCP_KEEPALIVE] = {.name = "tcp-keepalive",
				  .kind = CONFIG_INT,
				  .mutable = true,
				  .initial = "300",
				  .max = INT_MAX,
				  .mirror = &settings.tcp_keepalive,
				  .apply = config_apply_keepalive,
				  .group = network,
				  .doc = "Seconds between TCP's probes of a silent client; 0 is off."},
	[CONFIG_MAXCLIENTS] = {.name = "maxclients",
			       .kind = CONFIG_INT,
			       .mutable = true,
			       .initial = "12000",
			       .min = 1,
			       .max = UINT_MAX,
			       .mirror = &settings.maxclients,
			       .apply = config_apply_maxclients,
			       .group = network,
			       .doc = "Clients connected at the same time; one more is turned away."},
	[CONFIG_TIMEOUT] = {.name = "timeout",
			    .kind = CONFIG_INT,
			    .mutable = true,
			    .initial = "60",
			    .max = INT_MAX,
			    .mirror = &settings.timeout,
			    .apply = config_apply_timeout,
			    .group = network,
			    .doc = "Seconds after which a client that sends no whole command is closed; 0 is never."},
	[CONFIG_SHUTDOWN_TIMEOUT] = {.name = "shutdown-timeout",
				     .kind = CONFIG_INT,
				     .mutable = true,
				     .initial = "0",
				     .max = INT_MAX,
				     .mirror = &settings.shutdown_timeout,
				     .group = network,
				     .doc = "Seconds that a shutdown waits for clients to leave; 0 waits for all."},
	[CONFIG_REQUIREPASS] = {.name = "requirepass",
				.kind = CONFIG_TEXT,
				.mutable = true,
				.initial = "",
				.check = check_password,
				.apply = config_apply_password,
				.group = access_control,
				.doc = "Password that clients must give with AUTH; empty is none."},
	[CONFIG_PROTECTED_MODE] = {.name = "protected-mode",
				   .kind = CONFIG_BOOL,
				   .mutable = true,
				   .initial = "yes",
				   .mirror = &settings.protected_mode,
				   .group = access_control,
				   .doc = "Without a password, serve clients of this machine only."},
	[CONFIG_ENABLE_DEBUG_COMMAND] = {.name = "enable-debug-command",
					 .kind = CONFIG_ENUM,
					 .initial = "no",
					 .choices = guard_choices,
					 .mirror = &settings.enable_debug_command,
					 .group = access_control,
					 .doc = "Who may use DEBUG: nobody, everybody, or clients of this machine."},
	[CONFIG_ENABLE_PROTECTED_CONFIGS] =
		{.name = "enable-protected-configs",
		 .kind = CONFIG_ENUM,
		 .initial = "no",
		 .choices = guard_choices,
		 .mirror = &settings.enable_protected_configs,
		 .group = access_control,
		 .doc = "Who may change dir and dbfilename: nobody, everybody, or clients of this machine."},
	[CONFIG_PROTO_MAX_BULK_LEN] = {.name = "proto-max-bulk-len",
				       .kind = CONFIG_MEMORY,
				       .mutable = true,
				       .initial = "512mb",
				       .min = MEGABYTE,
				       .max = LLONG_MAX,
				       .mirror = &settings.proto_max_bulk_len,
				       .group = limits,
				       .doc = "Bytes that one argument of a command may have."},
	[CONFIG_CLIENT_QUERY_BUFFER_LIMIT] = {.name = "client-query-buffer-limit",
					      .kind = CONFIG_MEMORY,
					      .mutable = true,
					      .initial = "1gb",
					      .min = MEGABYTE,
					      .max = LLONG_MAX,
					      .mirror = &settings.client_query_buffer_limit,
					      .group = limits,
					      .doc = "Bytes of input not yet run at which a client is closed."},
	[CONFIG_CLIENT_BACKLOG_LIMIT] = {.name = "client-backlog-limit",
					 .kind = CONFIG_MEMORY,
					 .mutable = true,
					 .initial = "1mb",
					 .min = 1024,
					 .max = LLONG_MAX,
					 .mirror = &settings.client_backlog_limit,
					 .group = limits,
					 .doc = "Bytes of unsent replies at which a client is no longer read from."},
	[CONFIG_CLIENT_OUTPUT_BUFFER_LIMIT] =
		{.name = "client-output-buffer-limit",
		 .kind = CONFIG_LIST,
		 .mutable = true,
		 .initial = "normal 0 0 0 slave 268435456 67108864 60 pubsub 33554432 8388608 60",
		 .check = output_limits_check,
		 .complete = output_limits_complete,
		 .apply = output_limits_apply,
		 .group = limits,
		 .doc =
			 "For each class of clients the unsent bytes at which it is closed: at once, after seconds."},
	[CONFIG_MAXMEMORY_CLIENTS] =
		{
			.name = "maxmemory-clients",
			.kind = CONFIG_MEMORY_SHARE,
			.mutable = true,
			.initial = "0",
			.min = -100,
			.max = LLONG_MAX,
			.mirror = &settings.maxmemory_clients,
			.group = limits,
			.doc = "Bytes of all clients together, or N% of maxmemory; above it the largest are closed."},
	[CONFIG_MAX_KEY_SIZE] = {.name = "max-key-size",
				 .kind = CONFIG_MEMORY,
				 .mutable = true,
				 .initial = "0",
				 .max = LLONG_MAX,
				 .mirror = &settings.max_key_size,
				 .group = limits,
				 .doc = "Bytes that a key may have; 0 is no limit of its own."},
	[CONFIG_MAX_VALUE_SIZE] = {.name = "max-value-size",
				   .kind = CONFIG_MEMORY,
				   .mutable = true,
				   .initial = "0",
				   .max = LLONG_MAX,
				   .mirror = &settings.max_value_size,
				   .group = limits,
				   .doc = "Bytes that a value may have; 0 is no limit of its own."},
	[CONFIG_THREADS] = {.name = "threads",
			    .kind = CONFIG_INT,
			    .initial = "0",
			    .max = 512,
			    .group = keyspace_group,
			    .doc = "Threads that serve clients; 0 is one for each usable core."},
	[CONFIG_SHARDS] = {.name = "shards",
			   .kind = CONFIG_INT,
			   .initial = "32",
			   .min = 1,
			   .max = KEYSPACE_MAX_SHARDS,
			   .check = check_power_of_two,
			   .group = keyspace_group,
			   .doc = "Parts of the keyspace with a lock each; a power of two."},
	[CONFIG_DATABASES] = {.name = "databases",
			      .kind = CONFIG_INT,
			      .initial = "16",
			      .min = 1,
			      .max = KEYSPACE_MAX_DATABASES,
			      .group = keyspace_group,
			      .doc = "Databases that SELECT can choose from."},
	[CONFIG_ACTIVE_EXPIRE_EFFORT] = {.name = "active-expire-effort",
					 .kind = CONFIG_INT,
					 .mutable = true,
					 .initial = "1",
					 .min = 1,
					 .max = 10,
					 .mirror = &settings.active_expire_effort,
					 .group = keyspace_group,
					 .doc = "Share of its time a thread may spend on removing dead keys, 1 to 10."},
	[CONFIG_TRACKING_TABLE_MAX_KEYS] = {.name = "tracking-table-max-keys",
					    .kind = CONFIG_INT,
					    .mutable = true,
					    .initial = "1000000",
					    .max = INT64_MAX,
					    .mirror = &settings.tracking_table_max_keys,
					    .group = keyspace_group,
					    .doc = "Keys remembered for client-side caching; 0 is no limit."},
	[CONFIG_LAZYFREE_LAZY_USER_DEL] = {.name = "lazyfree-lazy-user-del",
					   .kind = CONFIG_BOOL,
					   .mutable = true,
					   .initial = "no",
					   .mirror = &settings.lazyfree_lazy_user_del,
					   .group = keyspace_group,
					   .doc = "DEL frees large values in the background, as UNLINK does."},
	[CONFIG_LAZYFREE_LAZY_USER_FLUSH] =
		{.name = "lazyfree-lazy-user-flush",
		 .kind = CONFIG_BOOL,
		 .mutable = true,
		 .initial = "no",
		 .group = keyspace_group,
		 .doc =
			 "Accepted and without effect: FLUSHALL and FLUSHDB always free in the background."},
	[CONFIG_NOTIFY_KEYSPACE_EVENTS] =
		{.name = "notify-keyspace-events",
		 .kind = CONFIG_EVENTS,
		 .mutable = true,
		 .initial = "",
		 .mirror = &settings.notify_keyspace_events,
		 .apply = config_apply_events,
		 .group = keyspace_group,
		 .doc =
			 "Classes of events on keys that are published, a letter each; empty is none."},
	[CONFIG_MAXMEMORY] = {.name = "maxmemory",
			      .kind = CONFIG_MEMORY,
			      .mutable = true,
			      .initial = "0",
			      .max = LLONG_MAX,
			      .mirror = &settings.maxmemory,
			      .group = memory,
			      .doc = "Bytes of memory from which on keys are evicted; 0 is no limit."},
	[CONFIG_MAXMEMORY_POLICY] =
		{.name = "maxmemory-policy",
		 .kind = CONFIG_ENUM,
		 .mutable = true,
		 .initial = "noeviction",
		 .choices = policy_choices,
		 .mirror = &settings.maxmemory_policy,
		 .group = memory,
		 .doc =
			 "Which keys are evicted at maxmemory: of those with a time to live, or of all."},
	[CONFIG_MAXMEMORY_SAMPLES] = {.name = "maxmemory-samples",
				      .kind = CONFIG_INT,
				      .mutable = true,
				      .initial = "5",
				      .min = 1,
				      .max = INT_MAX,
				      .mirror = &settings.maxmemory_samples,
				      .group = memory,
				      .doc = "Keys that are looked at for each that is evicted."},
	[CONFIG_MAXMEMORY_EVICTION_TENACITY] =
		{.name = "maxmemory-eviction-tenacity",
		 .kind = CONFIG_INT,
		 .mutable = true,
		 .initial = "10",
		 .max =
			 100,
		 .mirror = &settings.maxmemory_tenacity,
		 .group = memory,
		 .doc =
			 "How long a command may evict before it runs: 10 is half a millisecond, 100 is for ever."},
	[CONFIG_LFU_LOG_FACTOR] = {.name = "lfu-log-factor",
				   .kind = CONFIG_INT,
				   .mutable = true,
				   .initial = "10",
				   .max = INT_MAX,
				   .mirror = &settings.lfu_log_factor,
				   .group = memory,
				   .doc = "How slowly the count of a key's uses grows under an LFU policy."},
	[CONFIG_LFU_DECAY_TIME] = {.name = "lfu-decay-time",
				   .kind = CONFIG_INT,
				   .mutable = true,
				   .initial = "1",
				   .max = INT_MAX,
				   .mirror = &settings.lfu_decay_time,
				   .group = memory,
				   .doc = "Minutes without use that take one off that count; 0 is never."},
	[CONFIG_SLOWLOG_LOG_SLOWER_THAN] =
		{
			.name = "slowlog-log-slower-than",
			.kind = CONFIG_INT,
			.mutable = true,
			.initial = "10000",
			.min = -1,
			.max = LLONG_MAX,
			.mirror = &settings.slowlog_log_slower_than,
			.apply = config_apply_slowness,
			.group = slowness,
			.doc = "Microseconds from which a command is in the slow log; 0 is every one, -1 none."},
	[CONFIG_SLOWLOG_MAX_LEN] = {.name = "slowlog-max-len",
				    .kind = CONFIG_INT,
				    .mutable = true,
				    .initial = "128",
				    .max = LLONG_MAX,
				    .mirror = &settings.slowlog_max_len,
				    .apply = config_apply_slowlog_max_len,
				    .group = slowness,
				    .doc = "Commands that the slow log keeps."},
	[CONFIG_LATENCY_MONITOR_THRESHOLD] = {.name = "latency-monitor-threshold",
					      .kind = CONFIG_INT,
					      .mutable = true,
					      .initial = "0",
					      .max = LLONG_MAX,
					      .mirror = &settings.latency_monitor_threshold,
					      .apply = config_apply_slowness,
					      .group = slowness,
					      .doc = "Milliseconds from which LATENCY remembers an event; 0 is off."},
	[CONFIG_LATENCY_TRACKING] = {.name = "latency-tracking",
				     .kind = CONFIG_BOOL,
				     .mutable = true,
				     .initial = "yes",
				     .mirror = &settings.latency_tracking,
				     .group = slowness,
				     .doc = "Record how long the calls of each command take, for INFO and LATENCY."},
	[CONFIG_LATENCY_TRACKING_INFO_PERCENTILES] =
		{.name = "latency-tracking-info-percentiles",
		 .kind = CONFIG_LIST,
		 .mutable = true,
		 .initial = "50 99 99.9",
		 .check = check_percentiles,
		 .group = slowness,
		 .doc =
			 "Percentiles that INFO latencystats shows of each command."},
	[CONFIG_DIR] = {.name = "dir",
			.kind = CONFIG_TEXT,
			.mutable = true,
			.guarded = true,
			.initial = "./",
			.check = data_dir_check,
			.complete = data_dir_complete,
			.apply = config_apply_dir,
			.group = persistence,
			.doc = "Directory of all that is kept on the disk."},
	[CONFIG_APPENDONLY] = {.name = "appendonly",
			       .kind = CONFIG_BOOL,
			       .mutable = true,
			       .initial = "yes",
			       .mirror = &settings.appendonly,
			       .apply = config_apply_appendonly,
			       .group = persistence,
			       .doc = "Append each write to a file, from which the next start goes on."},
	[CONFIG_APPENDFSYNC] =
		{.name = "appendfsync",
		 .kind = CONFIG_ENUM,
		 .mutable = true,
		 .initial = "everysec",
		 .choices = sync_choices,
		 .mirror = &settings.appendfsync,
		 .apply = config_apply_persistence,
		 .group = persistence,
		 .doc =
			 "When appended writes are put on the disk: each second, before their replies, or whenever."},
	[CONFIG_NO_APPENDFSYNC_ON_REWRITE] =
		{.name = "no-appendfsync-on-rewrite",
		 .kind = CONFIG_BOOL,
		 .mutable = true,
		 .initial = "no",
		 .mirror = &settings.no_appendfsync_on_rewrite,
		 .apply = config_apply_persistence,
		 .group = persistence,
		 .doc =
			 "Do not sync the append-only file while a snapshot or a rewrite writes."},
	[CONFIG_APPENDDIRNAME] = {.name = "appenddirname",
				  .kind = CONFIG_TEXT,
				  .initial = "appendonlydir",
				  .check = check_appenddirname,
				  .group = persistence,
				  .doc = "Directory of the append-only file, in dir."},
	[CONFIG_APPENDFILENAME] = {.name = "appendfilename",
				   .kind = CONFIG_TEXT,
				   .initial = "appendonly.aof",
				   .check = check_appendfilename,
				   .group = persistence,
				   .doc = "What the names of its parts begin with."},
	[CONFIG_AUTO_AOF_REWRITE_PERCENTAGE] =
		{
			.name = "auto-aof-rewrite-percentage",
			.kind = CONFIG_INT,
			.mutable = true,
			.initial = "100",
			.max = INT_MAX,
			.mirror = &settings.auto_aof_rewrite_percentage,
			.group = persistence,
			.doc = "Percent by which the append-only file grows until it is rewritten; 0 is never."},
	[CONFIG_AUTO_AOF_REWRITE_MIN_SIZE] = {.name = "auto-aof-rewrite-min-size",
					      .kind = CONFIG_MEMORY,
					      .mutable = true,
					      .initial = "64mb",
					      .max = LLONG_MAX,
					      .mirror = &settings.auto_aof_rewrite_min_size,
					      .group = persistence,
					      .doc = "Bytes below which it is not rewritten."},
	[CONFIG_AOF_USE_RDB_PREAMBLE] = {.name = "aof-use-rdb-preamble",
					 .kind = CONFIG_BOOL,
					 .mutable = true,
					 .initial = "yes",
					 .mirror = &settings.aof_use_rdb_preamble,
					 .group = persistence,
					 .doc = "Its base is written as an RDB file, not as commands."},
	[CONFIG_AOF_LOAD_TRUNCATED] =
		{.name = "aof-load-truncated",
		 .kind = CONFIG_BOOL,
		 .mutable = true,
		 .initial = "yes",
		 .group = persistence,
		 .doc =
			 "At the start, cut off a last write that is not whole; no refuses to start."},
	[CONFIG_AOF_REWRITE_INCREMENTAL_FSYNC] =
		{.name = "aof-rewrite-incremental-fsync",
		 .kind = CONFIG_BOOL,
		 .mutable = true,
		 .initial = "yes",
		 .mirror = &settings.aof_rewrite_incremental_fsync,
		 .group = persistence,
		 .doc =
			 "Put a rewrite on the disk bit by bit, not in one go at its end."},
	[CONFIG_AOF_QUEUE_LIMIT] = {.name = "aof-queue-limit",
				    .kind = CONFIG_MEMORY,
				    .mutable = true,
				    .initial = "256mb",
				    .min = MEGABYTE,
				    .max = LLONG_MAX,
				    .mirror = &settings.aof_queue_limit,
				    .apply = config_apply_persistence,
				    .group = persistence,
				    .doc = "Bytes not yet written to the append-only file at which replies wait."},
	[CONFIG_SAVE] = {.name = "save",
			 .kind = CONFIG_LIST,
			 .mutable = true,
			 .adds_up = true,
			 .initial = "3600 1 300 100 60 10000",
			 .check = save_points_check,
			 .group = persistence,
			 .doc = "Pairs of seconds and changes: after so many of both a snapshot is saved."},
	[CONFIG_DBFILENAME] = {.name = "dbfilename",
			       .kind = CONFIG_TEXT,
			       .mutable = true,
			       .guarded = true,
			       .initial = "dump.rdb",
			       .check = check_dbfilename,
			       .group = persistence,
			       .doc = "Name of the snapshot, in dir."},
	[CONFIG_RDBCOMPRESSION] = {.name = "rdbcompression",
				   .kind = CONFIG_BOOL,
				   .mutable = true,
				   .initial = "yes",
				   .mirror = &settings.rdbcompression,
				   .group = persistence,
				   .doc = "Compress values of more than 20 bytes in snapshots."},
	[CONFIG_RDBCHECKSUM] = {.name = "rdbchecksum",
				.kind = CONFIG_BOOL,
				.initial = "yes",
				.group = persistence,
				.doc = "Snapshots end with a checksum, which is looked at when they are loaded."},
	[CONFIG_RDB_SAVE_INCREMENTAL_FSYNC] =
		{.name = "rdb-save-incremental-fsync",
		 .kind = CONFIG_BOOL,
		 .mutable = true,
		 .initial = "yes",
		 .mirror = &settings.rdb_save_incremental_fsync,
		 .group = persistence,
		 .doc =
			 "Put a snapshot on the disk bit by bit, not in one go at its end."},
	[CONFIG_STOP_WRITES_ON_BGSAVE_ERROR] = {.name = "stop-writes-on-bgsave-error",
						.kind = CONFIG_BOOL,
						.mutable = true,
						.initial = "yes",
						.mirror = &settings.stop_writes_on_bgsave_error,
						.group = persistence,
						.doc = "Refuse writes after a snapshot of a save point has failed."},
	[CONFIG_KEY_LOAD_DELAY] =
		{.name = "key-load-delay",
		 .kind = CONFIG_INT,
		 .mutable = true,
		 .initial = "0",
		 .min =
			 INT_MIN,
		 .max =
			 INT_MAX,
		 .mirror = &settings.key_load_delay,
		 .group = persistence,
		 .doc =
			 "Microseconds that loading waits after each key, for tests; -10: one after each ten keys."},
	[CONFIG_LOGLEVEL] = {.name = "loglevel",
			     .kind = CONFIG_ENUM,
			     .mutable = true,
			     .initial = "notice",
			     .choices = level_choices,
			     .apply = config_apply_loglevel,
			     .group = logging,
			     .doc = "The least important lines that are logged."},
	[CONFIG_LOGFILE] = {.name = "logfile",
			    .kind = CONFIG_TEXT,
			    .initial = "",
			    .group = logging,
			    .doc = "File to log to, opened again at SIGHUP; empty is standard output."},
	[CONFIG_LOG_FORMAT] = {.name = "log-format",
			       .kind = CONFIG_ENUM,
			       .mutable = true,
			       .initial = "auto",
			       .choices = format_choices,
			       .apply = config_apply_log_format,
			       .group = logging,
			       .doc = "Readable text or JSON lines; auto is text on a terminal, else JSON."},
	[CONFIG_PIDFILE] = {.name = "pidfile",
			    .kind = CONFIG_TEXT,
			    .initial = "",
			    .group = logging,
			    .doc = "File that holds the process id while the daemon runs; empty is none."},
	[CONFIG_DAEMONIZE] = {.name = "daemonize",
			      .kind = CONFIG_FIXED,
			      .mutable = true,
			      .initial = "no",
			      .doc = "run it in the foreground under a supervisor such as systemd, launchd or docker"},
};

bool config_next_percentile(const char **text, double *percent)
{
	char *end;

	*percent = strtod(*text, &end);
	if (end == *text || (*end != ' ' && *end != '\0'))
		return false;
	*text = *end == ' ' ? end + 1 : end;
	return true;
}

const struct config_row *config_row(enum config_id id)
{
	return &table[id];
}

bool config_find(struct slice name, enum config_id *id)
{
	for (int i = 0; i < CONFIG_COUNT; i++) {
		if (slice_is_word(name, table[i].name)) {
			*id = (enum config_id)i;
			return true;
		}
	}
	return false;
}
