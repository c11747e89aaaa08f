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
	{.name = "async", .type = "pure-token", .token = "ASYNC"},
	{.name = "sync", .type = "pure-token", .token = "SYNC"},
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
	{0},
};

static const struct command_arg set_expirations[] = {
	{.name = "seconds", .type = "integer", .token = "EX"},
	{.name = "milliseconds", .type = "integer", .token = "PX"},
	{.name = "unix-time-seconds", .type = "unix-time", .token = "EXAT"},
	{.name = "unix-time-milliseconds", .type = "unix-time", .token = "PXAT"},
	{.name = "keepttl", .type = "pure-token", .token = "KEEPTTL"},
	{.name = "positional-seconds", .type = "integer"},
	{0},
};

const struct command_arg syntax_set[] = {
	{.name = "key", .type = "key"},
	{.name = "value", .type = "string"},
	{.name = "condition", .type = "oneof", .flags = ARG_OPTIONAL, .args = set_conditions},
	{.name = "get", .type = "pure-token", .token = "GET", .flags = ARG_OPTIONAL},
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

/* --- generic ----------------------------------------------------------------------------------------------------- */

const struct command_arg syntax_keys_pattern[] = {{.name = "pattern", .type = "pattern"}, {0}};

const struct command_arg syntax_scan[] = {
	{.name = "cursor", .type = "integer"},
	{.name = "pattern", .type = "pattern", .token = "MATCH", .flags = ARG_OPTIONAL},
	{.name = "count", .type = "integer", .token = "COUNT", .flags = ARG_OPTIONAL},
	{.name = "type", .type = "string", .token = "TYPE", .flags = ARG_OPTIONAL},
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
	{.name = "condition", .type = "oneof", .flags = ARG_OPTIONAL, .args = expire_conditions},
	{0},
};

const struct command_arg syntax_pexpire[] = {
	{.name = "key", .type = "key"},
	{.name = "milliseconds", .type = "integer"},
	{.name = "condition", .type = "oneof", .flags = ARG_OPTIONAL, .args = expire_conditions},
	{0},
};

const struct command_arg syntax_expireat[] = {
	{.name = "key", .type = "key"},
	{.name = "unix-time-seconds", .type = "unix-time"},
	{.name = "condition", .type = "oneof", .flags = ARG_OPTIONAL, .args = expire_conditions},
	{0},
};

const struct command_arg syntax_pexpireat[] = {
	{.name = "key", .type = "key"},
	{.name = "unix-time-milliseconds", .type = "unix-time"},
	{.name = "condition", .type = "oneof", .flags = ARG_OPTIONAL, .args = expire_conditions},
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
	{.name = "username", .type = "string", .flags = ARG_OPTIONAL},
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
	{.name = "maxage", .type = "integer", .token = "MAXAGE", .flags = ARG_OPTIONAL},
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

/* --- server ------------------------------------------------------------------------------------------------------ */

const struct command_arg syntax_info[] = {
	{.name = "section", .type = "string", .flags = ARG_OPTIONAL | ARG_MULTIPLE},
	{0},
};

const struct command_arg syntax_config_get[] = {
	{.name = "parameter", .type = "string", .flags = ARG_MULTIPLE},
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

static const struct command_arg shutdown_saving[] = {
	{.name = "nosave", .type = "pure-token", .token = "NOSAVE"},
	{.name = "save", .type = "pure-token", .token = "SAVE"},
	{0},
};

const struct command_arg syntax_shutdown[] = {
	{.name = "save-selector", .type = "oneof", .flags = ARG_OPTIONAL, .args = shutdown_saving},
	{.name = "now", .type = "pure-token", .token = "NOW", .flags = ARG_OPTIONAL},
	{.name = "force", .type = "pure-token", .token = "FORCE", .flags = ARG_OPTIONAL},
	{.name = "abort", .type = "pure-token", .token = "ABORT", .flags = ARG_OPTIONAL},
	{0},
};

const struct command_arg syntax_debug_sleep[] = {{.name = "seconds", .type = "double"}, {0}};

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
