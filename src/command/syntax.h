/* What COMMAND DOCS says of the arguments of each command; the rows of command/table.c point here. */
#ifndef CUBBY_COMMAND_SYNTAX_H
#define CUBBY_COMMAND_SYNTAX_H

#include "command/command.h"

/* shared */
extern const struct command_arg syntax_key[], syntax_keys[], syntax_key_value[], syntax_key_values[],
	syntax_key_seconds_value[], syntax_key_milliseconds_value[], syntax_key_increment[], syntax_key_decrement[],
	syntax_key_float_increment[], syntax_key_range[], syntax_key_newkey[], syntax_message[],
	syntax_optional_message[], syntax_command_names[], syntax_flush[];

/* string */
extern const struct command_arg syntax_set[], syntax_getex[], syntax_setrange[], syntax_lcs[];

/* bits */
extern const struct command_arg syntax_setbit[], syntax_getbit[], syntax_bitcount[], syntax_bitpos[], syntax_bitop[],
	syntax_bitfield[], syntax_bitfield_ro[];

/* generic */
extern const struct command_arg syntax_keys_pattern[], syntax_scan[], syntax_sort[], syntax_sort_ro[], syntax_restore[],
	syntax_copy[], syntax_move[], syntax_swapdb[], syntax_wait[], syntax_waitaof[], syntax_expire[],
	syntax_pexpire[], syntax_expireat[], syntax_pexpireat[];

/* pubsub */
extern const struct command_arg syntax_channels[], syntax_optional_channels[], syntax_patterns[],
	syntax_optional_patterns[], syntax_optional_pattern[], syntax_shardchannels[], syntax_optional_shardchannels[],
	syntax_channel_message[], syntax_shardchannel_message[];

/* connection */
extern const struct command_arg syntax_hello[], syntax_auth[], syntax_select[], syntax_client_setname[],
	syntax_client_setinfo[], syntax_client_list[], syntax_client_tracking[], syntax_client_caching[],
	syntax_client_kill[], syntax_client_unblock[], syntax_client_pause[], syntax_client_reply[],
	syntax_client_on_off[];

/* server */
extern const struct command_arg syntax_bgsave[], syntax_info[], syntax_config_get[], syntax_config_set[],
	syntax_command_list[], syntax_command_getkeys[], syntax_shutdown[], syntax_debug_sleep[],
	syntax_debug_htstats[], syntax_debug_populate[], syntax_debug_protocol[], syntax_debug_reload[],
	syntax_debug_set_active_expire[], syntax_memory_usage[], syntax_slowlog_get[], syntax_latency_event[],
	syntax_latency_histogram[], syntax_latency_reset[];

/* what there is none of */
extern const struct command_arg syntax_function_flush[], syntax_function_list[], syntax_script_exists[],
	syntax_script_flush[], syntax_replicaof[], syntax_lolwut[];

#endif
