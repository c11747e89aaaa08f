/* The handlers, declared for the table. Each is defined in the file of its group. */
#ifndef CUBBY_COMMAND_HANDLERS_H
#define CUBBY_COMMAND_HANDLERS_H

#include "command/command.h"

/* string.c */
command_key_flags set_key_flags;
command_handler set_command, setnx_command, setex_command, psetex_command, getset_command, get_command, getdel_command,
	delifeq_command, getex_command, strlen_command, getrange_command, mget_command, mset_command, msetnx_command,
	append_command, setrange_command, incr_command, decr_command, incrby_command, decrby_command,
	incrbyfloat_command;

/* bits.c */
command_handler setbit_command, getbit_command, bitcount_command, bitpos_command, bitop_command;

/* bitfield.c */
command_handler bitfield_command, bitfield_ro_command;

/* lcs.c */
command_handler lcs_command;

/* generic.c */
command_handler del_command, unlink_command, exists_command, touch_command, type_command, sort_command, rename_command,
	renamenx_command, flushdb_command, flushall_command;

/* absent.c */
command_handler function_flush_command, function_list_command, function_stats_command, function_help_command,
	script_exists_command, script_flush_command, script_help_command, module_list_command, module_help_command,
	cluster_command, role_command, replicaof_command, lolwut_command;

/* client.c */
command_handler client_id_command, client_getname_command, client_setname_command, client_setinfo_command,
	client_reply_command, client_no_evict_command, client_no_touch_command, client_info_command,
	client_list_command, client_unblock_command, client_help_command;

/* client_kill.c */
command_handler client_kill_command;

/* connection.c */
command_handler ping_command, echo_command, quit_command, reset_command, auth_command, hello_command, select_command;

/* debug.c */
command_handler debug_object_command, debug_sdslen_command, debug_digest_command, debug_digest_value_command,
	debug_htstats_command, debug_htstats_key_command, debug_populate_command, debug_protocol_command,
	debug_sleep_command, debug_set_active_expire_command, debug_error_command, debug_log_command,
	debug_assert_command, debug_panic_command, debug_segfault_command, debug_help_command;

/* expire.c */
command_handler expire_command, pexpire_command, expireat_command, pexpireat_command, persist_command, ttl_command,
	pttl_command, expiretime_command, pexpiretime_command;

/* introspect.c */
command_handler command_command, command_count_command, command_info_command, command_docs_command,
	command_list_command, command_getkeys_command, command_getkeysandflags_command, command_help_command;

/* keys.c */
command_handler copy_command, move_command, swapdb_command;

/* latency.c */
command_handler latency_latest_command, latency_history_command, latency_reset_command, latency_graph_command,
	latency_doctor_command, latency_histogram_command, latency_help_command;

/* monitor.c */
command_handler monitor_command;

/* object.c */
command_handler object_encoding_command, object_refcount_command, object_idletime_command, object_freq_command,
	object_help_command;

/* pause.c */
command_handler client_pause_command, client_unpause_command;

/* payload.c */
command_handler dump_command, restore_command;

/* persistence.c */
command_handler debug_reload_command, debug_loadaof_command;
command_handler save_command, bgsave_command, bgrewriteaof_command, lastsave_command;

/* pubsub.c */
command_handler subscribe_command, psubscribe_command, ssubscribe_command, unsubscribe_command, punsubscribe_command,
	sunsubscribe_command, publish_command, spublish_command, pubsub_channels_command, pubsub_shardchannels_command,
	pubsub_numsub_command, pubsub_shardnumsub_command, pubsub_numpat_command, pubsub_help_command;

/* server.c */
command_handler info_command, time_command, shutdown_command, config_get_command, config_set_command,
	config_resetstat_command, config_rewrite_command, config_help_command, memory_usage_command,
	memory_stats_command, memory_doctor_command, memory_purge_command, memory_help_command;

/* slowlog.c */
command_handler slowlog_get_command, slowlog_len_command, slowlog_reset_command, slowlog_help_command;

/* tracking.c */
command_handler client_tracking_command, client_caching_command, client_getredir_command, client_trackinginfo_command;

/* transaction.c */
command_handler multi_command, discard_command, watch_command, unwatch_command, exec_command;

/* wait.c */
command_handler wait_command, waitaof_command;

/* walk.c */
command_handler keys_command, scan_command, randomkey_command, dbsize_command;

#endif
