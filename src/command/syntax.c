/*
 * Argument trees. A "oneof" is a choice between its members, a "block" is its members in a row, a "pure-token" is the
 * word itself; everything else is a value, after its token when it has one.
 *
 * Names and types are those of https://redis.io/docs/reference/command-arguments/ and of COMMAND DOCS of Redis 7:
 * client libraries and redis-cli's hints read them.
 */
#include "command/syntax.h"

/* --- shared ------------------------------------------------------------------------------------------------------ */

const struct command_arg syntax_key[] = {{.name = "key", .type = "key"}, {0}};

const struct command_arg syntax_keys[] = {{.name = "key", .type = "key", .flags = ARG_MULTIPLE}, {0}};

const struct command_arg syntax_key_value[] = {
	{.name = "key", .type = "key"},
	{.name = "value", .type = "string"},
	{0},
};

const struct command_arg syntax_key_values[] = {
	{.name = "key_value", .type = "block", .flags = ARG_MULTIPLE, .args = syntax_key_value},
	{0},
};

const struct command_arg syntax_key_seconds_value[] = {
	{.name = "key", .type = "key"},
	{.name = "seconds", .type = "integer"},
	{.name = "value", .type = "string"},
	{0},
};

const struct command_arg syntax_key_milliseconds_value[] = {
	{.name = "key", .type = "key"},
	{.name = "milliseconds", .type = "integer"},
	{.name = "value", .type = "string"},
	{0},
};

const struct command_arg syntax_key_increment[] = {
	{.name = "key", .type = "key"},
	{.name = "increment", .type = "integer"},
	{0},
};

const struct command_arg syntax_key_decrement[] = {
	{.name = "key", .type = "key"},
	{.name = "decrement", .type = "integer"},
	{0},
};

const struct command_arg syntax_key_float_increment[] = {
	{.name = "key", .type = "key"},
	{.name = "increment", .type = "double"},
	{0},
};

const struct command_arg syntax_key_range[] = {
	{.name = "key", .type = "key"},
	{.name = "start", .type = "integer"},
	{.name = "end", .type = "integer"},
	{0},
};

const struct command_arg syntax_key_newkey[] = {
	{.name = "key", .type = "key"},
	{.name = "newkey", .type = "key"},
	{0},
};

const struct command_arg syntax_message[] = {{.name = "message", .type = "string"}, {0}};

const struct command_arg syntax_optional_message[] = {
	{.name = "message", .type = "string", .flags = ARG_OPTIONAL},
	{0},
};

const struct command_arg syntax_command_names[] = {
	{.name = "command-name", .type = "string", .flags = ARG_OPTIONAL | ARG_MULTIPLE},
	{0},
};

static const struct command_arg flush_modes[] = {
	{.name = "async", .type = "pure-token", .token = "ASYNC", .since = "4.0.0"},
	{.name = "sync", .type = "pure-token", .token = "SYNC", .since = "6.2.0"},
	{0},
};

const struct command_arg syntax_flush[] = {
	{.name = "flush-type", .type = "oneof", .flags = ARG_OPTIONAL, .args = flush_modes},
	{0},
};

/* --- string ------------------------------------------------------------------------------------------------------ */

static const struct command_arg set_conditions[] = {
	{.name = "nx", .type = "pure-token", .token = "NX"},
	{.name = "xx", .type = "pure-token", .token = "XX"},
	{.name = "comparison-value", .type = "string", .token = "IFEQ", .since = "8.1.0"},
	{0},
};

static const struct command_arg set_expirations[] = {
	{.name = "seconds", .type = "integer", .token = "EX", .since = "2.6.12"},
	{.name = "milliseconds", .type = "integer", .token = "PX", .since = "2.6.12"},
	{.name = "unix-time-seconds", .type = "unix-time", .token = "EXAT", .since = "6.2.0"},
	{.name = "unix-time-milliseconds", .type = "unix-time", .token = "PXAT", .since = "6.2.0"},
	{.name = "keepttl", .type = "pure-token", .token = "KEEPTTL", .since = "6.0.0"},
	{.name = "positional-seconds", .type = "integer"},
	{0},
};

const struct command_arg syntax_set[] = {
	{.name = "key", .type = "key"},
	{.name = "value", .type = "string"},
	{.name = "condition", .type = "oneof", .flags = ARG_OPTIONAL, .since = "2.6.12", .args = set_conditions},
	{.name = "get", .type = "pure-token", .token = "GET", .flags = ARG_OPTIONAL, .since = "6.2.0"},
	{.name = "expiration", .type = "oneof", .flags = ARG_OPTIONAL, .args = set_expirations},
	{0},
};

static const struct command_arg getex_expirations[] = {
	{.name = "seconds", .type = "integer", .token = "EX"},
	{.name = "milliseconds", .type = "integer", .token = "PX"},
	{.name = "unix-time-seconds", .type = "unix-time", .token = "EXAT"},
	{.name = "unix-time-milliseconds", .type = "unix-time", .token = "PXAT"},
	{.name = "persist", .type = "pure-token", .token = "PERSIST"},
	{0},
};

const struct command_arg syntax_getex[] = {
	{.name = "key", .type = "key"},
	{.name = "expiration", .type = "oneof", .flags = ARG_OPTIONAL, .args = getex_expirations},
	{0},
};

const struct command_arg syntax_setrange[] = {
	{.name = "key", .type = "key"},
	{.name = "offset", .type = "integer"},
	{.name = "value", .type = "string"},
	{0},
};

const struct command_arg syntax_lcs[] = {
	{.name = "key1", .type = "key"},
	{.name = "key2", .type = "key"},
	{.name = "len", .type = "pure-token", .token = "LEN", .flags = ARG_OPTIONAL},
	{.name = "idx", .type = "pure-token", .token = "IDX", .flags = ARG_OPTIONAL},
	{.name = "min-match-len", .type = "integer", .token = "MINMATCHLEN", .flags = ARG_OPTIONAL},
	{.name = "withmatchlen", .type = "pure-token", .token = "WITHMATCHLEN", .flags = ARG_OPTIONAL},
	{0},
};

/* --- bits -------------------------------------------------------------------------------------------------------- */

const struct command_arg syntax_setbit[] = {
	{.name = "key", .type = "key"},
	{.name = "offset", .type = "integer"},
	{.name = "value", .type = "integer"},
	{0},
};

const struct command_arg syntax_getbit[] = {
	{.name = "key", .type = "key"},
	{.name = "offset", .type = "integer"},
	{0},
};

static const struct command_arg bit_units[] = {
	{.name = "byte", .type = "pure-token", .token = "BYTE"},
	{.name = "bit", .type = "pure-token", .token = "BIT"},
	{0},
};

static const struct command_arg bitcount_range[] = {
	{.name = "start", .type = "integer"},
	{.name = "end", .type = "integer"},
	{.name = "unit", .type = "oneof", .flags = ARG_OPTIONAL, .args = bit_units},
	{0},
};

const struct command_arg syntax_bitcount[] = {
	{.name = "key", .type = "key"},
	{.name = "range", .type = "block", .flags = ARG_OPTIONAL, .args = bitcount_range},
	{0},
};

static const struct command_arg bitpos_end[] = {
	{.name = "end", .type = "integer"},
	{.name = "unit", .type = "oneof", .flags = ARG_OPTIONAL, .args = bit_units},
	{0},
};

static const struct command_arg bitpos_range[] = {
	{.name = "start", .type = "integer"},
	{.name = "end-unit-block", .type = "block", .flags = ARG_OPTIONAL, .args = bitpos_end},
	{0},
};

const struct command_arg syntax_bitpos[] = {
	{.name = "key", .type = "key"},
	{.name = "bit", .type = "integer"},
	{.name = "range", .type = "block", .flags = ARG_OPTIONAL, .args = bitpos_range},
	{0},
};

static const struct command_arg bitop_operations[] = {
	{.name = "and", .type = "pure-token", .token = "AND"},
	{.name = "or", .type = "pure-token", .token = "OR"},
	{.name = "xor", .type = "pure-token", .token = "XOR"},
	{.name = "not", .type = "pure-token", .token = "NOT"},
	{0},
};

const struct command_arg syntax_bitop[] = {
	{.name = "operation", .type = "oneof", .args = bitop_operations},
	{.name = "destkey", .type = "key"},
	{.name = "key", .type = "key", .flags = ARG_MULTIPLE},
	{0},
};

static const struct command_arg field_place[] = {
	{.name = "encoding", .type = "string"},
	{.name = "offset", .type = "integer"},
	{0},
};

static const struct command_arg field_value[] = {
	{.name = "encoding", .type = "string"},
	{.name = "offset", .type = "integer"},
	{.name = "value", .type = "integer"},
	{0},
};

static const struct command_arg field_increment[] = {
	{.name = "encoding", .type = "string"},
	{.name = "offset", .type = "integer"},
	{.name = "increment", .type = "integer"},
	{0},
};

static const struct command_arg field_overflows[] = {
	{.name = "wrap", .type = "pure-token", .token = "WRAP"},
	{.name = "sat", .type = "pure-token", .token = "SAT"},
	{.name = "fail", .type = "pure-token", .token = "FAIL"},
	{0},
};

static const struct command_arg field_write_operations[] = {
	{.name = "set-block", .type = "block", .token = "SET", .args = field_value},
	{.name = "incrby-block", .type = "block", .token = "INCRBY", .args = field_increment},
	{0},
};

static const struct command_arg field_write[] = {
	{.name = "overflow-block",
	 .type = "oneof",
	 .token = "OVERFLOW",
	 .flags = ARG_OPTIONAL,
	 .args = field_overflows},
	{.name = "write-operation", .type = "oneof", .args = field_write_operations},
	{0},
};

static const struct command_arg field_operations[] = {
	{.name = "get-block", .type = "block", .token = "GET", .args = field_place},
	{.name = "write", .type = "block", .args = field_write},
	{0},
};

const struct command_arg syntax_bitfield[] = {
	{.name = "key", .type = "key"},
	{.name = "operation", .type = "oneof", .flags = ARG_OPTIONAL | ARG_MULTIPLE, .args = field_operations},
	{0},
};

const struct command_arg syntax_bitfield_ro[] = {
	{.name = "key", .type = "key"},
	{.name = "get-block",
	 .type = "block",
	 .token = "GET",
	 .flags = ARG_OPTIONAL | ARG_MULTIPLE | ARG_MULTIPLE_TOKEN,
	 .args = field_place},
	{0},
};

/* --- generic ----------------------------------------------------------------------------------------------------- */

const struct command_arg syntax_keys_pattern[] = {{.name = "pattern", .type = "pattern"}, {0}};

const struct command_arg syntax_scan[] = {
	{.name = "cursor", .type = "integer"},
	{.name = "pattern", .type = "pattern", .token = "MATCH", .flags = ARG_OPTIONAL},
	{.name = "count", .type = "integer", .token = "COUNT", .flags = ARG_OPTIONAL},
	{.name = "type", .type = "string", .token = "TYPE", .flags = ARG_OPTIONAL, .since = "6.0.0"},
	{0},
};

static const struct command_arg sort_limit[] = {
	{.name = "offset", .type = "integer"},
	{.name = "count", .type = "integer"},
	{0},
};

static const struct command_arg sort_orders[] = {
	{.name = "asc", .type = "pure-token", .token = "ASC"},
	{.name = "desc", .type = "pure-token", .token = "DESC"},
	{0},
};

const struct command_arg syntax_sort[] = {
	{.name = "key", .type = "key"},
	{.name = "by-pattern", .type = "pattern", .token = "BY", .flags = ARG_OPTIONAL},
	{.name = "limit", .type = "block", .token = "LIMIT", .flags = ARG_OPTIONAL, .args = sort_limit},
	{.name = "get-pattern",
	 .type = "pattern",
	 .token = "GET",
	 .flags = ARG_OPTIONAL | ARG_MULTIPLE | ARG_MULTIPLE_TOKEN},
	{.name = "order", .type = "oneof", .flags = ARG_OPTIONAL, .args = sort_orders},
	{.name = "sorting", .type = "pure-token", .token = "ALPHA", .flags = ARG_OPTIONAL},
	{.name = "destination", .type = "key", .token = "STORE", .flags = ARG_OPTIONAL},
	{0},
};

const struct command_arg syntax_sort_ro[] = {
	{.name = "key", .type = "key"},
	{.name = "by-pattern", .type = "pattern", .token = "BY", .flags = ARG_OPTIONAL},
	{.name = "limit", .type = "block", .token = "LIMIT", .flags = ARG_OPTIONAL, .args = sort_limit},
	{.name = "get-pattern",
	 .type = "pattern",
	 .token = "GET",
	 .flags = ARG_OPTIONAL | ARG_MULTIPLE | ARG_MULTIPLE_TOKEN},
	{.name = "order", .type = "oneof", .flags = ARG_OPTIONAL, .args = sort_orders},
	{.name = "sorting", .type = "pure-token", .token = "ALPHA", .flags = ARG_OPTIONAL},
	{0},
};

const struct command_arg syntax_restore[] = {
	{.name = "key", .type = "key"},
	{.name = "ttl", .type = "integer"},
	{.name = "serialized-value", .type = "string"},
	{.name = "replace", .type = "pure-token", .token = "REPLACE", .flags = ARG_OPTIONAL},
	{.name = "absttl", .type = "pure-token", .token = "ABSTTL", .flags = ARG_OPTIONAL},
	{.name = "seconds", .type = "integer", .token = "IDLETIME", .flags = ARG_OPTIONAL},
	{.name = "frequency", .type = "integer", .token = "FREQ", .flags = ARG_OPTIONAL},
	{0},
};

const struct command_arg syntax_copy[] = {
	{.name = "source", .type = "key"},
	{.name = "destination", .type = "key"},
	{.name = "destination-db", .type = "integer", .token = "DB", .flags = ARG_OPTIONAL},
	{.name = "replace", .type = "pure-token", .token = "REPLACE", .flags = ARG_OPTIONAL},
	{0},
};

const struct command_arg syntax_move[] = {
	{.name = "key", .type = "key"},
	{.name = "db", .type = "integer"},
	{0},
};

const struct command_arg syntax_swapdb[] = {
	{.name = "index1", .type = "integer"},
	{.name = "index2", .type = "integer"},
	{0},
};

const struct command_arg syntax_wait[] = {
	{.name = "numreplicas", .type = "integer"},
	{.name = "timeout", .type = "integer"},
	{0},
};

const struct command_arg syntax_waitaof[] = {
	{.name = "numlocal", .type = "integer"},
	{.name = "numreplicas", .type = "integer"},
	{.name = "timeout", .type = "integer"},
	{0},
};

static const struct command_arg expire_conditions[] = {
	{.name = "nx", .type = "pure-token", .token = "NX"},
	{.name = "xx", .type = "pure-token", .token = "XX"},
	{.name = "gt", .type = "pure-token", .token = "GT"},
	{.name = "lt", .type = "pure-token", .token = "LT"},
	{0},
};

const struct command_arg syntax_expire[] = {
	{.name = "key", .type = "key"},
	{.name = "seconds", .type = "integer"},
	{.name = "condition", .type = "oneof", .flags = ARG_OPTIONAL, .since = "7.0.0", .args = expire_conditions},
	{0},
};

const struct command_arg syntax_pexpire[] = {
	{.name = "key", .type = "key"},
	{.name = "milliseconds", .type = "integer"},
	{.name = "condition", .type = "oneof", .flags = ARG_OPTIONAL, .since = "7.0.0", .args = expire_conditions},
	{0},
};

const struct command_arg syntax_expireat[] = {
	{.name = "key", .type = "key"},
	{.name = "unix-time-seconds", .type = "unix-time"},
	{.name = "condition", .type = "oneof", .flags = ARG_OPTIONAL, .since = "7.0.0", .args = expire_conditions},
	{0},
};

const struct command_arg syntax_pexpireat[] = {
	{.name = "key", .type = "key"},
	{.name = "unix-time-milliseconds", .type = "unix-time"},
	{.name = "condition", .type = "oneof", .flags = ARG_OPTIONAL, .since = "7.0.0", .args = expire_conditions},
	{0},
};

/* --- pubsub ------------------------------------------------------------------------------------------------------ */

const struct command_arg syntax_channels[] = {{.name = "channel", .type = "string", .flags = ARG_MULTIPLE}, {0}};

const struct command_arg syntax_optional_channels[] = {
	{.name = "channel", .type = "string", .flags = ARG_OPTIONAL | ARG_MULTIPLE},
	{0},
};

const struct command_arg syntax_patterns[] = {
	{.name = "pattern", .type = "block", .flags = ARG_MULTIPLE, .args = syntax_keys_pattern},
	{0},
};

const struct command_arg syntax_optional_patterns[] = {
	{.name = "pattern", .type = "pattern", .flags = ARG_OPTIONAL | ARG_MULTIPLE},
	{0},
};

const struct command_arg syntax_optional_pattern[] = {
	{.name = "pattern", .type = "pattern", .flags = ARG_OPTIONAL},
	{0},
};

const struct command_arg syntax_shardchannels[] = {
	{.name = "shardchannel", .type = "string", .flags = ARG_MULTIPLE},
	{0},
};

const struct command_arg syntax_optional_shardchannels[] = {
	{.name = "shardchannel", .type = "string", .flags = ARG_OPTIONAL | ARG_MULTIPLE},
	{0},
};

const struct command_arg syntax_channel_message[] = {
	{.name = "channel", .type = "string"},
	{.name = "message", .type = "string"},
	{0},
};

const struct command_arg syntax_shardchannel_message[] = {
	{.name = "shardchannel", .type = "string"},
	{.name = "message", .type = "string"},
	{0},
};

/* --- connection -------------------------------------------------------------------------------------------------- */

static const struct command_arg hello_credentials[] = {
	{.name = "username", .type = "string"},
	{.name = "password", .type = "string"},
	{0},
};

static const struct command_arg hello_arguments[] = {
	{.name = "protover", .type = "integer"},
	{.name = "username_password",
	 .type = "block",
	 .token = "AUTH",
	 .flags = ARG_OPTIONAL,
	 .args = hello_credentials},
	{.name = "clientname", .type = "string", .token = "SETNAME", .flags = ARG_OPTIONAL},
	{0},
};

const struct command_arg syntax_hello[] = {
	{.name = "arguments", .type = "block", .flags = ARG_OPTIONAL, .args = hello_arguments},
	{0},
};

const struct command_arg syntax_auth[] = {
	{.name = "username", .type = "string", .flags = ARG_OPTIONAL, .since = "6.0.0"},
	{.name = "password", .type = "string"},
	{0},
};

const struct command_arg syntax_select[] = {{.name = "index", .type = "integer"}, {0}};

const struct command_arg syntax_client_setname[] = {{.name = "connection-name", .type = "string"}, {0}};

static const struct command_arg setinfo_attributes[] = {
	{.name = "libname", .type = "string", .token = "LIB-NAME"},
	{.name = "libver", .type = "string", .token = "LIB-VER"},
	{0},
};

const struct command_arg syntax_client_setinfo[] = {
	{.name = "attr", .type = "oneof", .args = setinfo_attributes},
	{0},
};

static const struct command_arg client_types[] = {
	{.name = "normal", .type = "pure-token", .token = "NORMAL"},
	{.name = "master", .type = "pure-token", .token = "MASTER"},
	{.name = "replica", .type = "pure-token", .token = "REPLICA"},
	{.name = "pubsub", .type = "pure-token", .token = "PUBSUB"},
	{0},
};

static const struct command_arg client_ids[] = {
	{.name = "client-id", .type = "integer", .flags = ARG_MULTIPLE},
	{0},
};

const struct command_arg syntax_client_list[] = {
	{.name = "client-type", .type = "oneof", .token = "TYPE", .flags = ARG_OPTIONAL, .args = client_types},
	{.name = "id", .type = "block", .token = "ID", .flags = ARG_OPTIONAL, .args = client_ids},
	{0},
};

static const struct command_arg skipme_values[] = {
	{.name = "yes", .type = "pure-token", .token = "YES"},
	{.name = "no", .type = "pure-token", .token = "NO"},
	{0},
};

static const struct command_arg kill_filters[] = {
	{.name = "client-id", .type = "integer", .token = "ID", .flags = ARG_OPTIONAL},
	{.name = "client-type", .type = "oneof", .token = "TYPE", .flags = ARG_OPTIONAL, .args = client_types},
	{.name = "username", .type = "string", .token = "USER", .flags = ARG_OPTIONAL},
	{.name = "addr", .type = "string", .token = "ADDR", .flags = ARG_OPTIONAL},
	{.name = "laddr", .type = "string", .token = "LADDR", .flags = ARG_OPTIONAL},
	{.name = "skipme", .type = "oneof", .token = "SKIPME", .flags = ARG_OPTIONAL, .args = skipme_values},
	{.name = "maxage", .type = "integer", .token = "MAXAGE", .flags = ARG_OPTIONAL, .since = "7.4.0"},
	{0},
};

static const struct command_arg kill_forms[] = {
	{.name = "old-format", .type = "string"},
	{.name = "new-format", .type = "oneof", .flags = ARG_MULTIPLE, .args = kill_filters},
	{0},
};

static const struct command_arg tracking_status[] = {
	{.name = "on", .type = "pure-token", .token = "ON"},
	{.name = "off", .type = "pure-token", .token = "OFF"},
	{0},
};

const struct command_arg syntax_client_tracking[] = {
	{.name = "status", .type = "oneof", .args = tracking_status},
	{.name = "client-id", .type = "integer", .token = "REDIRECT", .flags = ARG_OPTIONAL},
	{.name = "prefix",
	 .type = "string",
	 .token = "PREFIX",
	 .flags = ARG_OPTIONAL | ARG_MULTIPLE | ARG_MULTIPLE_TOKEN},
	{.name = "bcast", .type = "pure-token", .token = "BCAST", .flags = ARG_OPTIONAL},
	{.name = "optin", .type = "pure-token", .token = "OPTIN", .flags = ARG_OPTIONAL},
	{.name = "optout", .type = "pure-token", .token = "OPTOUT", .flags = ARG_OPTIONAL},
	{.name = "noloop", .type = "pure-token", .token = "NOLOOP", .flags = ARG_OPTIONAL},
	{0},
};

static const struct command_arg caching_modes[] = {
	{.name = "yes", .type = "pure-token", .token = "YES"},
	{.name = "no", .type = "pure-token", .token = "NO"},
	{0},
};

const struct command_arg syntax_client_caching[] = {{.name = "mode", .type = "oneof", .args = caching_modes}, {0}};

const struct command_arg syntax_client_kill[] = {{.name = "filter", .type = "oneof", .args = kill_forms}, {0}};

static const struct command_arg unblock_reasons[] = {
	{.name = "timeout", .type = "pure-token", .token = "TIMEOUT"},
	{.name = "error", .type = "pure-token", .token = "ERROR"},
	{0},
};

const struct command_arg syntax_client_unblock[] = {
	{.name = "client-id", .type = "integer"},
	{.name = "unblock-type", .type = "oneof", .flags = ARG_OPTIONAL, .args = unblock_reasons},
	{0},
};

static const struct command_arg pause_modes[] = {
	{.name = "write", .type = "pure-token", .token = "WRITE"},
	{.name = "all", .type = "pure-token", .token = "ALL"},
	{0},
};

const struct command_arg syntax_client_pause[] = {
	{.name = "timeout", .type = "integer"},
	{.name = "mode", .type = "oneof", .flags = ARG_OPTIONAL, .args = pause_modes},
	{0},
};

static const struct command_arg reply_modes[] = {
	{.name = "on", .type = "pure-token", .token = "ON"},
	{.name = "off", .type = "pure-token", .token = "OFF"},
	{.name = "skip", .type = "pure-token", .token = "SKIP"},
	{0},
};

const struct command_arg syntax_client_reply[] = {{.name = "action", .type = "oneof", .args = reply_modes}, {0}};

static const struct command_arg on_or_off[] = {
	{.name = "on", .type = "pure-token", .token = "ON"},
	{.name = "off", .type = "pure-token", .token = "OFF"},
	{0},
};

const struct command_arg syntax_client_on_off[] = {{.name = "enabled", .type = "oneof", .args = on_or_off}, {0}};

/* --- server ------------------------------------------------------------------------------------------------------ */

const struct command_arg syntax_info[] = {
	{.name = "section", .type = "string", .flags = ARG_OPTIONAL | ARG_MULTIPLE},
	{0},
};

static const struct command_arg parameter[] = {{.name = "parameter", .type = "string"}, {0}};

const struct command_arg syntax_config_get[] = {
	{.name = "parameter", .type = "block", .flags = ARG_MULTIPLE, .args = parameter},
	{0},
};

static const struct command_arg parameter_value[] = {
	{.name = "parameter", .type = "string"},
	{.name = "value", .type = "string"},
	{0},
};

const struct command_arg syntax_config_set[] = {
	{.name = "parameter_value", .type = "block", .flags = ARG_MULTIPLE, .args = parameter_value},
	{0},
};

static const struct command_arg list_filters[] = {
	{.name = "module-name", .type = "string", .token = "MODULE"},
	{.name = "category", .type = "string", .token = "ACLCAT"},
	{.name = "pattern", .type = "pattern", .token = "PATTERN"},
	{0},
};

const struct command_arg syntax_command_list[] = {
	{.name = "filterby", .type = "oneof", .token = "FILTERBY", .flags = ARG_OPTIONAL, .args = list_filters},
	{0},
};

const struct command_arg syntax_command_getkeys[] = {
	{.name = "command", .type = "string"},
	{.name = "arg", .type = "string", .flags = ARG_OPTIONAL | ARG_MULTIPLE},
	{0},
};

const struct command_arg syntax_bgsave[] = {
	{.name = "schedule", .type = "pure-token", .token = "SCHEDULE", .flags = ARG_OPTIONAL, .since = "3.2.2"},
	{0},
};

static const struct command_arg shutdown_saving[] = {
	{.name = "nosave", .type = "pure-token", .token = "NOSAVE"},
	{.name = "save", .type = "pure-token", .token = "SAVE"},
	{0},
};

const struct command_arg syntax_shutdown[] = {
	{.name = "save-selector", .type = "oneof", .flags = ARG_OPTIONAL, .args = shutdown_saving},
	{.name = "now", .type = "pure-token", .token = "NOW", .flags = ARG_OPTIONAL, .since = "7.0.0"},
	{.name = "force", .type = "pure-token", .token = "FORCE", .flags = ARG_OPTIONAL, .since = "7.0.0"},
	{.name = "abort", .type = "pure-token", .token = "ABORT", .flags = ARG_OPTIONAL, .since = "7.0.0"},
	{0},
};

const struct command_arg syntax_debug_sleep[] = {{.name = "seconds", .type = "double"}, {0}};

const struct command_arg syntax_debug_htstats[] = {{.name = "dbid", .type = "integer"}, {0}};

const struct command_arg syntax_debug_populate[] = {
	{.name = "count", .type = "integer"},
	{.name = "prefix", .type = "string", .flags = ARG_OPTIONAL},
	{.name = "size", .type = "integer", .flags = ARG_OPTIONAL},
	{0},
};

const struct command_arg syntax_debug_reload[] = {
	{.name = "merge", .type = "pure-token", .token = "MERGE", .flags = ARG_OPTIONAL},
	{.name = "noflush", .type = "pure-token", .token = "NOFLUSH", .flags = ARG_OPTIONAL},
	{.name = "nosave", .type = "pure-token", .token = "NOSAVE", .flags = ARG_OPTIONAL},
	{0},
};

const struct command_arg syntax_debug_protocol[] = {{.name = "type", .type = "string"}, {0}};

static const struct command_arg switch_positions[] = {
	{.name = "off", .type = "pure-token", .token = "0"},
	{.name = "on", .type = "pure-token", .token = "1"},
	{0},
};

const struct command_arg syntax_debug_set_active_expire[] = {
	{.name = "enabled", .type = "oneof", .args = switch_positions},
	{0},
};

const struct command_arg syntax_memory_usage[] = {
	{.name = "key", .type = "key"},
	{.name = "count", .type = "integer", .token = "SAMPLES", .flags = ARG_OPTIONAL},
	{0},
};

const struct command_arg syntax_slowlog_get[] = {
	{.name = "count", .type = "integer", .flags = ARG_OPTIONAL},
	{0},
};

const struct command_arg syntax_latency_event[] = {{.name = "event", .type = "string"}, {0}};

const struct command_arg syntax_latency_histogram[] = {
	{.name = "command", .type = "string", .flags = ARG_OPTIONAL | ARG_MULTIPLE},
	{0},
};

const struct command_arg syntax_latency_reset[] = {
	{.name = "event", .type = "string", .flags = ARG_OPTIONAL | ARG_MULTIPLE},
	{0},
};

/* --- what there is none of --------------------------------------------------------------------------------------- */

static const struct command_arg emptying_modes[] = {
	{.name = "async", .type = "pure-token", .token = "ASYNC"},
	{.name = "sync", .type = "pure-token", .token = "SYNC"},
	{0},
};

const struct command_arg syntax_function_flush[] = {
	{.name = "flush-type", .type = "oneof", .flags = ARG_OPTIONAL, .args = emptying_modes},
	{0},
};

const struct command_arg syntax_function_list[] = {
	{.name = "library-name-pattern", .type = "string", .token = "LIBRARYNAME", .flags = ARG_OPTIONAL},
	{.name = "withcode", .type = "pure-token", .token = "WITHCODE", .flags = ARG_OPTIONAL},
	{0},
};

const struct command_arg syntax_script_exists[] = {
	{.name = "sha1", .type = "string", .flags = ARG_MULTIPLE},
	{0},
};

const struct command_arg syntax_script_flush[] = {
	{.name = "flush-type", .type = "oneof", .flags = ARG_OPTIONAL, .since = "6.2.0", .args = emptying_modes},
	{0},
};

static const struct command_arg host_port[] = {
	{.name = "host", .type = "string"},
	{.name = "port", .type = "integer"},
	{0},
};

static const struct command_arg no_one[] = {
	{.name = "no", .type = "pure-token", .token = "NO"},
	{.name = "one", .type = "pure-token", .token = "ONE"},
	{0},
};

static const struct command_arg replication_sources[] = {
	{.name = "host-port", .type = "block", .args = host_port},
	{.name = "no-one", .type = "block", .args = no_one},
	{0},
};

const struct command_arg syntax_replicaof[] = {
	{.name = "args", .type = "oneof", .args = replication_sources},
	{0},
};

const struct command_arg syntax_lolwut[] = {
	{.name = "version", .type = "integer", .token = "VERSION", .flags = ARG_OPTIONAL},
	{0},
};
