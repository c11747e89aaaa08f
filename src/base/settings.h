/*
 * The settings that rooms below server/ read while they work: numbers, each of which may change at any time.
 *
 * server/config.c owns the table that names, parses, checks and documents them. Here they are relaxed atomics: a reader
 * sees the old value or the new one, and no ordering with anything else is promised. Text settings (addresses, the
 * password) are not here: they go through functions of the room that uses them.
 */
#ifndef CUBBY_BASE_SETTINGS_H
#define CUBBY_BASE_SETTINGS_H

#include <stdatomic.h>
#include <stdint.h>

typedef _Atomic int64_t setting;

/* Classes of clients, as client-output-buffer-limit names them. */
enum settings_client { SETTINGS_NORMAL, SETTINGS_REPLICA, SETTINGS_PUBSUB, SETTINGS_CLIENTS };

/* Bytes that may wait to be sent to a client; 0 is no limit. */
struct output_limit {
	setting hard;	      /* with so many it is closed at once */
	setting soft;	      /* with so many it is closed when that lasts */
	setting soft_seconds; /* longer than this */
};

struct settings {
	setting timeout;		   /* seconds a client may be silent; 0 is for ever */
	setting shutdown_timeout;	   /* seconds that a shutdown waits for clients; 0 is for ever */
	setting tcp_keepalive;		   /* seconds; 0 is off */
	setting maxclients;		   /* connections */
	setting proto_max_bulk_len;	   /* bytes */
	setting client_query_buffer_limit; /* bytes of one client's input that is not run yet */
	setting client_backlog_limit;	   /* bytes of unsent replies after which a client is not read from */
	setting maxmemory_clients;	   /* bytes of all clients; negative: percent of maxmemory; 0 is no limit */
	setting max_key_size;		   /* bytes; 0 is no limit of its own */
	setting max_value_size;		   /* bytes; 0 is no limit of its own */
	setting active_expire_effort;	   /* 1 to 10 */
	setting active_expire_enabled;	   /* DEBUG SET-ACTIVE-EXPIRE */
	setting protected_mode;		   /* 0 or 1 */
	setting enable_debug_command;	   /* enum settings_guard */
	setting enable_protected_configs;  /* enum settings_guard */
	setting tracking_table_max_keys;   /* 0 is no limit */
	setting lazyfree_lazy_user_del;	   /* DEL is UNLINK */
	struct output_limit output_limits[SETTINGS_CLIENTS];
	setting notify_keyspace_events;	   /* enum event_class; 0 is off */
	setting slowlog_log_slower_than;   /* microseconds; negative is off */
	setting slowlog_max_len;	   /* entries */
	setting latency_monitor_threshold; /* milliseconds; 0 is off */
	setting latency_tracking;	   /* 0 or 1: how long commands take is recorded */
	setting maxmemory;		   /* bytes; 0 is no limit */
	setting maxmemory_policy;	   /* enum settings_policy */
	setting maxmemory_samples;	   /* keys compared for each that is evicted */
	setting maxmemory_tenacity;	   /* maxmemory-eviction-tenacity, 0 to 100 */
	setting lfu_log_factor;
	setting lfu_decay_time; /* minutes; 0: counts never decay */
	setting appendonly;	/* 0 or 1 */
	setting appendfsync;	/* enum settings_sync */
	setting no_appendfsync_on_rewrite;
	setting auto_aof_rewrite_percentage; /* 0 is never */
	setting auto_aof_rewrite_min_size;   /* bytes */
	setting aof_use_rdb_preamble;
	setting aof_rewrite_incremental_fsync;
	setting aof_queue_limit; /* bytes */
	setting rdbcompression;
	setting rdb_save_incremental_fsync;
	setting stop_writes_on_bgsave_error;
	setting key_load_delay; /* microseconds for each key; negative: one for so many keys; 0 is none */
};

/* Which keys go when memory is full: at most one of the first four, among the keys with a time to live or among all; 0:
 * none go. */
enum settings_policy {
	POLICY_LRU = 1 << 0,
	POLICY_LFU = 1 << 1,
	POLICY_TTL = 1 << 2,
	POLICY_RANDOM = 1 << 3,
	POLICY_ALL_KEYS = 1 << 4,
};

/* When what is appended to the append-only file is put on the disk. */
enum settings_sync { SETTINGS_SYNC_EVERYSEC, SETTINGS_SYNC_ALWAYS, SETTINGS_SYNC_NO };

enum settings_guard { SETTINGS_NO, SETTINGS_YES, SETTINGS_LOCAL };

extern struct settings settings;

static inline int64_t setting_get(const setting *self)
{
	return atomic_load_explicit(self, memory_order_relaxed);
}

static inline void setting_put(setting *self, int64_t value)
{
	atomic_store_explicit(self, value, memory_order_relaxed);
}

#endif
