/*
 * The one table of commands, and how a name finds its row.
 *
 * A name of at most 16 bytes is two overlapping machine words. Setting bit 5 of every byte makes ASCII letters lower
 * case; as names of commands are letters, no other byte becomes one of theirs, and the two words and the length are all
 * that is compared. (The few names with an underscore, which becomes what DEL becomes, are compared once more.) A
 * product of the words picks the place in a sparse hash table: for nearly every name the first probe is the right one.
 * One lookup after the other takes about 7 ns each and reads no memory of the rows.
 */
#include <stdio.h>
#include <stdlib.h>

#include "base/log.h"
#include "command/handlers.h"
#include "command/syntax.h"

/* --- the rows ---------------------------------------------------------------------------------------------------- */

/* clang-format off */

static struct command client_subcommands[] = {
	{
		.name = "id", .handler = client_id_command, .arity = 2,
		.flags = COMMAND_NOSCRIPT | COMMAND_LOADING | COMMAND_STALE,
		.categories = CATEGORY_CONNECTION,
		.group = "connection", .since = "5.0.0", .complexity = "O(1)",
		.summary = "Returns the ID of the connection.",
	},
	{
		.name = "getname", .handler = client_getname_command, .arity = 2,
		.flags = COMMAND_NOSCRIPT | COMMAND_LOADING | COMMAND_STALE,
		.categories = CATEGORY_CONNECTION,
		.group = "connection", .since = "2.6.9", .complexity = "O(1)",
		.summary = "Returns the name of the connection.",
	},
	{
		.name = "setname", .handler = client_setname_command, .arity = 3,
		.flags = COMMAND_NOSCRIPT | COMMAND_LOADING | COMMAND_STALE,
		.categories = CATEGORY_CONNECTION,
		.group = "connection", .since = "2.6.9", .complexity = "O(1)",
		.summary = "Gives the connection a name.",
		.args = syntax_client_setname,
	},
	{
		.name = "setinfo", .handler = client_setinfo_command, .arity = 4,
		.flags = COMMAND_NOSCRIPT | COMMAND_LOADING | COMMAND_STALE,
		.categories = CATEGORY_CONNECTION,
		.group = "connection", .since = "7.2.0", .complexity = "O(1)",
		.summary = "Tells the name or the version of the client's library.",
		.args = syntax_client_setinfo,
	},
	{
		.name = "list", .handler = client_list_command, .arity = -2,
		.flags = COMMAND_ADMIN | COMMAND_NOSCRIPT | COMMAND_LOADING | COMMAND_STALE,
		.categories = CATEGORY_CONNECTION,
		.group = "connection", .since = "2.4.0", .complexity = "O(N) where N is the number of client connections",
		.summary = "Lists the client connections.",
		.history = "2.8.12 Added unique client id field.\n"
			   "5.0.0 Added optional TYPE filter.\n"
			   "6.0.0 Added user field.\n"
			   "6.2.0 Added argv-mem, tot-mem, laddr and redir fields and the optional ID filter.\n"
			   "7.0.0 Added resp, multi-mem, rbs and rbp fields.\n"
			   "7.0.3 Added ssub field.\n"
			   "7.2.0 Added the lib-name and lib-ver fields.",
		.args = syntax_client_list, .tips = "nondeterministic_output",
	},
	{
		.name = "info", .handler = client_info_command, .arity = 2,
		.flags = COMMAND_NOSCRIPT | COMMAND_LOADING | COMMAND_STALE,
		.categories = CATEGORY_CONNECTION,
		.group = "connection", .since = "6.2.0", .complexity = "O(1)",
		.summary = "Returns the line of CLIENT LIST about the connection itself.",
		.tips = "nondeterministic_output",
	},
	{
		.name = "tracking", .handler = client_tracking_command, .arity = -3,
		.flags = COMMAND_NOSCRIPT | COMMAND_LOADING | COMMAND_STALE | COMMAND_LOCK_ALL,
		.categories = CATEGORY_CONNECTION,
		.group = "connection", .since = "6.0.0", .complexity = "O(1). Some options may introduce additional complexity.",
		.summary = "Turns the messages for client-side caching on or off.",
		.args = syntax_client_tracking,
	},
	{
		.name = "caching", .handler = client_caching_command, .arity = 3,
		.flags = COMMAND_NOSCRIPT | COMMAND_LOADING | COMMAND_STALE,
		.categories = CATEGORY_CONNECTION,
		.group = "connection", .since = "6.0.0", .complexity = "O(1)",
		.summary = "Says whether the keys of the next command are to be tracked.",
		.args = syntax_client_caching,
	},
	{
		.name = "getredir", .handler = client_getredir_command, .arity = 2,
		.flags = COMMAND_NOSCRIPT | COMMAND_LOADING | COMMAND_STALE,
		.categories = CATEGORY_CONNECTION,
		.group = "connection", .since = "6.0.0", .complexity = "O(1)",
		.summary = "Returns the id of the client that tracking messages are redirected to.",
	},
	{
		.name = "trackinginfo", .handler = client_trackinginfo_command, .arity = 2,
		.flags = COMMAND_NOSCRIPT | COMMAND_LOADING | COMMAND_STALE,
		.categories = CATEGORY_CONNECTION,
		.group = "connection", .since = "6.2.0", .complexity = "O(1)",
		.summary = "Returns how this connection uses tracking.",
	},
	{
		.name = "kill", .handler = client_kill_command, .arity = -3,
		.flags = COMMAND_ADMIN | COMMAND_NOSCRIPT | COMMAND_LOADING | COMMAND_STALE,
		.categories = CATEGORY_CONNECTION,
		.group = "connection", .since = "2.4.0", .complexity = "O(N) where N is the number of client connections",
		.summary = "Closes client connections.",
		.history = "2.8.12 Added filters.\n"
			   "2.8.12 Added the ID filter.\n"
			   "3.2.0 Added the type master.\n"
			   "5.0.0 Added the type replica; slave means the same.\n"
			   "6.2.0 Added the LADDR filter.\n"
			   "7.4.0 Added the MAXAGE filter.",
		.args = syntax_client_kill,
	},
	{
		.name = "pause", .handler = client_pause_command, .arity = -3,
		.flags = COMMAND_ADMIN | COMMAND_NOSCRIPT | COMMAND_LOADING | COMMAND_STALE,
		.categories = CATEGORY_CONNECTION,
		.group = "connection", .since = "2.9.50", .complexity = "O(1)",
		.summary = "Lets the commands of all clients wait for some time.",
		.history = "6.2.0 Added the modes WRITE and ALL.",
		.args = syntax_client_pause,
	},
	{
		.name = "unpause", .handler = client_unpause_command, .arity = 2,
		.flags = COMMAND_ADMIN | COMMAND_NOSCRIPT | COMMAND_LOADING | COMMAND_STALE,
		.categories = CATEGORY_CONNECTION,
		.group = "connection", .since = "6.2.0",
		.complexity = "O(N) where N is the number of clients that wait",
		.summary = "Ends a pause.",
	},
	{
		.name = "reply", .handler = client_reply_command, .arity = 3,
		.flags = COMMAND_NOSCRIPT | COMMAND_LOADING | COMMAND_STALE,
		.categories = CATEGORY_CONNECTION,
		.group = "connection", .since = "3.2.0", .complexity = "O(1)",
		.summary = "Says whether the connection is sent replies.",
		.args = syntax_client_reply,
	},
	{
		.name = "no-evict", .handler = client_no_evict_command, .arity = 3,
		.flags = COMMAND_ADMIN | COMMAND_NOSCRIPT | COMMAND_LOADING | COMMAND_STALE,
		.categories = CATEGORY_CONNECTION,
		.group = "connection", .since = "7.0.0", .complexity = "O(1)",
		.summary = "Says whether the connection may be closed at maxmemory-clients.",
		.args = syntax_client_on_off,
	},
	{
		.name = "no-touch", .handler = client_no_touch_command, .arity = 3,
		.flags = COMMAND_NOSCRIPT | COMMAND_LOADING | COMMAND_STALE,
		.categories = CATEGORY_CONNECTION,
		.group = "connection", .since = "7.2.0", .complexity = "O(1)",
		.summary = "Says whether the connection's reads count as uses of the keys.",
		.args = syntax_client_on_off,
	},
	{
		.name = "unblock", .handler = client_unblock_command, .arity = -3,
		.flags = COMMAND_ADMIN | COMMAND_NOSCRIPT | COMMAND_LOADING | COMMAND_STALE,
		.categories = CATEGORY_CONNECTION,
		.group = "connection", .since = "5.0.0", .complexity = "O(N) where N is the number of client connections",
		.summary = "Ends what another connection waits for.",
		.args = syntax_client_unblock,
	},
	{
		.name = "help", .handler = client_help_command, .arity = 2,
		.flags = COMMAND_LOADING | COMMAND_STALE,
		.categories = CATEGORY_CONNECTION,
		.group = "connection", .since = "5.0.0", .complexity = "O(1)",
		.summary = "Explains the subcommands.",
	},
	{0},
};

static struct command config_subcommands[] = {
	{
		.name = "get", .handler = config_get_command, .arity = -3,
		.flags = COMMAND_ADMIN | COMMAND_NOSCRIPT | COMMAND_LOADING | COMMAND_STALE,
		.group = "server", .since = "2.0.0", .complexity = "O(N) where N is the number of parameters",
		.summary = "Returns configuration parameters and their values.",
		.history = "7.0.0 Accepts several patterns.",
		.args = syntax_config_get,
	},
	{
		.name = "set", .handler = config_set_command, .arity = -4,
		.flags = COMMAND_ADMIN | COMMAND_NOSCRIPT | COMMAND_LOADING | COMMAND_STALE,
		.group = "server", .since = "2.0.0", .complexity = "O(N) where N is the number of parameters",
		.summary = "Sets configuration parameters, all of them or none.",
		.history = "7.0.0 Accepts several parameters.",
		.args = syntax_config_set, .tips = "request_policy:all_nodes response_policy:all_succeeded",
	},
	{
		.name = "resetstat", .handler = config_resetstat_command, .arity = 2,
		.flags = COMMAND_ADMIN | COMMAND_NOSCRIPT | COMMAND_LOADING | COMMAND_STALE | COMMAND_LOCK_ALL,
		.group = "server", .since = "2.0.0", .complexity = "O(1)",
		.summary = "Resets the statistics that INFO reports.",
	},
	{
		.name = "rewrite", .handler = config_rewrite_command, .arity = 2,
		.flags = COMMAND_ADMIN | COMMAND_NOSCRIPT | COMMAND_LOADING | COMMAND_STALE,
		.group = "server", .since = "2.8.0", .complexity = "O(1)",
		.summary = "Writes the configuration that is in force into the configuration file.",
	},
	{
		.name = "help", .handler = config_help_command, .arity = 2,
		.flags = COMMAND_LOADING | COMMAND_STALE,
		.group = "server", .since = "5.0.0", .complexity = "O(1)",
		.summary = "Explains the subcommands.",
	},
	{0},
};

static struct command pubsub_subcommands[] = {
	{
		.name = "channels", .handler = pubsub_channels_command, .arity = -2,
		.flags = COMMAND_PUBSUB | COMMAND_LOADING | COMMAND_STALE,
		.categories = CATEGORY_PUBSUB,
		.group = "pubsub", .since = "2.8.0",
		.complexity = "O(N) where N is the number of active channels, and assuming constant time pattern matching (relatively short channels and patterns)",
		.summary = "Lists the channels that somebody listens to.",
		.args = syntax_optional_pattern,
	},
	{
		.name = "numsub", .handler = pubsub_numsub_command, .arity = -2,
		.flags = COMMAND_PUBSUB | COMMAND_LOADING | COMMAND_STALE,
		.categories = CATEGORY_PUBSUB,
		.group = "pubsub", .since = "2.8.0",
		.complexity = "O(N) for the NUMSUB subcommand, where N is the number of requested channels",
		.summary = "Counts the subscribers of channels.",
		.args = syntax_optional_channels,
	},
	{
		.name = "numpat", .handler = pubsub_numpat_command, .arity = 2,
		.flags = COMMAND_PUBSUB | COMMAND_LOADING | COMMAND_STALE,
		.categories = CATEGORY_PUBSUB,
		.group = "pubsub", .since = "2.8.0", .complexity = "O(1)",
		.summary = "Counts the patterns that somebody listens to.",
	},
	{
		.name = "shardchannels", .handler = pubsub_shardchannels_command, .arity = -2,
		.flags = COMMAND_PUBSUB | COMMAND_LOADING | COMMAND_STALE,
		.categories = CATEGORY_PUBSUB,
		.group = "pubsub", .since = "7.0.0",
		.complexity = "O(N) where N is the number of active shard channels, and assuming constant time pattern matching (relatively short shard channels).",
		.summary = "Lists the shard channels that somebody listens to.",
		.args = syntax_optional_pattern,
	},
	{
		.name = "shardnumsub", .handler = pubsub_shardnumsub_command, .arity = -2,
		.flags = COMMAND_PUBSUB | COMMAND_LOADING | COMMAND_STALE,
		.categories = CATEGORY_PUBSUB,
		.group = "pubsub", .since = "7.0.0",
		.complexity = "O(N) for the SHARDNUMSUB subcommand, where N is the number of requested shard channels",
		.summary = "Counts the subscribers of shard channels.",
		.args = syntax_optional_shardchannels,
	},
	{
		.name = "help", .handler = pubsub_help_command, .arity = 2,
		.flags = COMMAND_LOADING | COMMAND_STALE,
		.group = "pubsub", .since = "6.2.0", .complexity = "O(1)",
		.summary = "Explains the subcommands.",
	},
	{0},
};

static struct command command_subcommands[] = {
	{
		.name = "count", .handler = command_count_command, .arity = 2,
		.flags = COMMAND_LOADING | COMMAND_STALE,
		.categories = CATEGORY_CONNECTION,
		.group = "server", .since = "2.8.13", .complexity = "O(1)",
		.summary = "Returns the number of commands.",
	},
	{
		.name = "docs", .handler = command_docs_command, .arity = -2,
		.flags = COMMAND_LOADING | COMMAND_STALE,
		.categories = CATEGORY_CONNECTION,
		.group = "server", .since = "7.0.0", .complexity = "O(N) where N is the number of commands",
		.summary = "Returns the documentation of commands.",
		.args = syntax_command_names, .tips = "nondeterministic_output_order",
	},
	{
		.name = "info", .handler = command_info_command, .arity = -2,
		.flags = COMMAND_LOADING | COMMAND_STALE,
		.categories = CATEGORY_CONNECTION,
		.group = "server", .since = "2.8.13", .complexity = "O(N) where N is the number of commands",
		.summary = "Returns details about commands.",
		.history = "7.0.0 Without names it tells of all commands.",
		.args = syntax_command_names, .tips = "nondeterministic_output_order",
	},
	{
		.name = "list", .handler = command_list_command, .arity = -2,
		.flags = COMMAND_LOADING | COMMAND_STALE,
		.categories = CATEGORY_CONNECTION,
		.group = "server", .since = "7.0.0", .complexity = "O(N) where N is the number of commands",
		.summary = "Returns the names of commands.",
		.args = syntax_command_list, .tips = "nondeterministic_output_order",
	},
	{
		.name = "getkeys", .handler = command_getkeys_command, .arity = -4,
		.flags = COMMAND_LOADING | COMMAND_STALE,
		.categories = CATEGORY_CONNECTION,
		.group = "server", .since = "2.8.13", .complexity = "O(N) where N is the number of words",
		.summary = "Returns the keys among the words of a whole command.",
		.args = syntax_command_getkeys,
	},
	{
		.name = "getkeysandflags", .handler = command_getkeysandflags_command, .arity = -4,
		.flags = COMMAND_LOADING | COMMAND_STALE,
		.categories = CATEGORY_CONNECTION,
		.group = "server", .since = "7.0.0", .complexity = "O(N) where N is the number of words",
		.summary = "Returns the keys among the words of a whole command, and what it does to each.",
		.args = syntax_command_getkeys,
	},
	{
		.name = "help", .handler = command_help_command, .arity = 2,
		.flags = COMMAND_LOADING | COMMAND_STALE,
		.categories = CATEGORY_CONNECTION,
		.group = "server", .since = "5.0.0", .complexity = "O(1)",
		.summary = "Explains the subcommands.",
	},
	{0},
};

static struct command debug_subcommands[] = {
	{
		.name = "assert", .handler = debug_assert_command, .arity = 2,
		.flags = COMMAND_ADMIN | COMMAND_NOSCRIPT | COMMAND_LOADING | COMMAND_STALE | COMMAND_GUARDED,
		.group = "server", .since = "5.0.0", .complexity = "O(1)",
		.summary = "Ends the daemon as a failed assertion does.",
		.differs = "The process ends by SIGABRT, with a backtrace in the log.",
	},
	{
		.name = "digest", .handler = debug_digest_command, .arity = 2,
		.flags = COMMAND_ADMIN | COMMAND_NOSCRIPT | COMMAND_LOADING | COMMAND_STALE | COMMAND_GUARDED | COMMAND_LOCK_ALL,
		.group = "server", .since = "2.0.0", .complexity = "O(N) where N is the number of bytes in all databases",
		.summary = "Returns a digest of all databases.",
	},
	{
		.name = "digest-value", .handler = debug_digest_value_command, .arity = -3,
		.flags = COMMAND_ADMIN | COMMAND_NOSCRIPT | COMMAND_LOADING | COMMAND_STALE | COMMAND_READONLY | COMMAND_GUARDED,
		.keys = {2, -1, 1, .flags = KEY_RO},
		.group = "server", .since = "5.0.0", .complexity = "O(N) where N is the number of bytes of the values",
		.summary = "Returns the digests of the values of keys.",
		.differs = "Without a key it is an error, not an empty array.",
		.args = syntax_keys,
	},
	{
		.name = "error", .handler = debug_error_command, .arity = 3,
		.flags = COMMAND_ADMIN | COMMAND_NOSCRIPT | COMMAND_LOADING | COMMAND_STALE | COMMAND_GUARDED,
		.group = "server", .since = "3.0.0", .complexity = "O(1)",
		.summary = "Returns an error with the given text.",
		.args = syntax_message,
	},
	{
		.name = "help", .handler = debug_help_command, .arity = 2,
		.flags = COMMAND_ADMIN | COMMAND_NOSCRIPT | COMMAND_LOADING | COMMAND_STALE | COMMAND_GUARDED,
		.group = "server", .since = "5.0.0", .complexity = "O(1)",
		.summary = "Explains the subcommands.",
	},
	{
		.name = "htstats", .handler = debug_htstats_command, .arity = 3,
		.flags = COMMAND_ADMIN | COMMAND_NOSCRIPT | COMMAND_LOADING | COMMAND_STALE | COMMAND_GUARDED | COMMAND_LOCK_ALL,
		.group = "server", .since = "4.0.0", .complexity = "O(N) where N is the number of keys in the database",
		.summary = "Tells how full the hash tables of a database are.",
		.differs = "The figures are of all the small tables of the database together; times to live are kept in a timing wheel, not in a table.",
		.args = syntax_debug_htstats,
	},
	{
		.name = "htstats-key", .handler = debug_htstats_key_command, .arity = 3,
		.flags = COMMAND_ADMIN | COMMAND_NOSCRIPT | COMMAND_LOADING | COMMAND_STALE | COMMAND_READONLY | COMMAND_GUARDED,
		.keys = {2, 2, 1, .flags = KEY_RO},
		.group = "server", .since = "4.0.0", .complexity = "O(1)",
		.summary = "Tells how full the hash table of a value is, and that none has one.",
		.args = syntax_key,
	},
	{
		.name = "loadaof", .handler = debug_loadaof_command, .arity = 2,
		.flags = COMMAND_ADMIN | COMMAND_NOSCRIPT | COMMAND_STALE | COMMAND_GUARDED | COMMAND_NO_MULTI,
		.group = "server", .since = "2.4.0", .complexity = "O(N) where N is the number of bytes in the append-only file",
		.summary = "Drops all keys and loads the append-only file.",
		.differs = "It must be on; other clients are told -LOADING meanwhile.",
	},
	{
		.name = "log", .handler = debug_log_command, .arity = 3,
		.flags = COMMAND_ADMIN | COMMAND_NOSCRIPT | COMMAND_LOADING | COMMAND_STALE | COMMAND_GUARDED,
		.group = "server", .since = "5.0.0", .complexity = "O(1)",
		.summary = "Writes a message to the log.",
		.args = syntax_message,
	},
	{
		.name = "object", .handler = debug_object_command, .arity = 3,
		.flags = COMMAND_ADMIN | COMMAND_NOSCRIPT | COMMAND_LOADING | COMMAND_STALE | COMMAND_READONLY | COMMAND_GUARDED,
		.keys = {2, 2, 1, .flags = KEY_RO},
		.group = "server", .since = "1.0.0", .complexity = "O(1)",
		.summary = "Tells how the value of a key is kept.",
		.differs = "`serializedlength` is that of the value as it is; Redis compresses what is longer than 20 bytes.",
		.args = syntax_key,
	},
	{
		.name = "panic", .handler = debug_panic_command, .arity = 2,
		.flags = COMMAND_ADMIN | COMMAND_NOSCRIPT | COMMAND_LOADING | COMMAND_STALE | COMMAND_GUARDED,
		.group = "server", .since = "4.0.0", .complexity = "O(1)",
		.summary = "Ends the daemon as a panic does.",
		.differs = "The process ends by SIGABRT, with a backtrace in the log.",
	},
	{
		.name = "populate", .handler = debug_populate_command, .arity = -3,
		.flags = COMMAND_ADMIN | COMMAND_NOSCRIPT | COMMAND_LOADING | COMMAND_STALE | COMMAND_GUARDED | COMMAND_LOCK_EACH,
		.group = "server", .since = "2.6.0", .complexity = "O(N) where N is the number of keys",
		.summary = "Makes keys to test with.",
		.args = syntax_debug_populate,
	},
	{
		.name = "protocol", .handler = debug_protocol_command, .arity = 3,
		.flags = COMMAND_ADMIN | COMMAND_NOSCRIPT | COMMAND_LOADING | COMMAND_STALE | COMMAND_GUARDED,
		.group = "server", .since = "6.0.0", .complexity = "O(1)",
		.summary = "Returns a value of a type of the protocol.",
		.args = syntax_debug_protocol,
	},
	{
		.name = "reload", .handler = debug_reload_command, .arity = -2,
		.flags = COMMAND_ADMIN | COMMAND_NOSCRIPT | COMMAND_STALE | COMMAND_GUARDED | COMMAND_NO_MULTI,
		.group = "server", .since = "2.4.0", .complexity = "O(N) where N is the total number of keys in all databases",
		.summary = "Saves a snapshot, drops all keys and loads it.",
		.differs = "A key that is there already is an error that ends the command, not the server; other clients are "
			   "told -LOADING meanwhile.",
		.args = syntax_debug_reload,
	},
	{
		.name = "sdslen", .handler = debug_sdslen_command, .arity = 3,
		.flags = COMMAND_ADMIN | COMMAND_NOSCRIPT | COMMAND_LOADING | COMMAND_STALE | COMMAND_READONLY | COMMAND_GUARDED,
		.keys = {2, 2, 1, .flags = KEY_RO},
		.group = "server", .since = "2.6.0", .complexity = "O(1)",
		.summary = "Tells the lengths of a key and its value and the memory they take.",
		.differs = "A small value lies in the same memory as its key and is counted there.",
		.args = syntax_key,
	},
	{
		.name = "segfault", .handler = debug_segfault_command, .arity = 2,
		.flags = COMMAND_ADMIN | COMMAND_NOSCRIPT | COMMAND_LOADING | COMMAND_STALE | COMMAND_GUARDED,
		.group = "server", .since = "1.0.0", .complexity = "O(1)",
		.summary = "Ends the daemon as an access to wrong memory does.",
	},
	{
		.name = "set-active-expire", .handler = debug_set_active_expire_command, .arity = 3,
		.flags = COMMAND_ADMIN | COMMAND_NOSCRIPT | COMMAND_LOADING | COMMAND_STALE | COMMAND_GUARDED,
		.group = "server", .since = "3.0.0", .complexity = "O(1)",
		.summary = "Switches the removal of expired keys that nobody asks for on or off.",
		.differs = "A word that is no number is an error, not 0.",
		.args = syntax_debug_set_active_expire,
	},
	{
		.name = "sleep", .handler = debug_sleep_command, .arity = 3,
		.flags = COMMAND_ADMIN | COMMAND_NOSCRIPT | COMMAND_LOADING | COMMAND_STALE | COMMAND_GUARDED,
		.group = "server", .since = "1.0.0", .complexity = "O(1)",
		.summary = "Stops the thread that serves the connection for a while.",
		.differs = "Only the clients of one thread wait; and a word that is no number is an error, not 0.",
		.args = syntax_debug_sleep,
	},
	{0},
};

static struct command object_subcommands[] = {
	{
		.name = "encoding", .handler = object_encoding_command, .arity = 3,
		.flags = COMMAND_READONLY | COMMAND_NO_TOUCH,
		.keys = {2, 2, 1, .flags = KEY_RO},
		.categories = CATEGORY_KEYSPACE,
		.group = "generic", .since = "2.2.3", .complexity = "O(1)",
		.summary = "Tells how Redis would hold the value of a key.",
		.args = syntax_key, .tips = "nondeterministic_output",
	},
	{
		.name = "refcount", .handler = object_refcount_command, .arity = 3,
		.flags = COMMAND_READONLY | COMMAND_NO_TOUCH,
		.keys = {2, 2, 1, .flags = KEY_RO},
		.categories = CATEGORY_KEYSPACE,
		.group = "generic", .since = "2.2.3", .complexity = "O(1)",
		.summary = "Tells how many references Redis would have to the value of a key.",
		.args = syntax_key, .tips = "nondeterministic_output",
	},
	{
		.name = "freq", .handler = object_freq_command, .arity = 3,
		.flags = COMMAND_READONLY | COMMAND_NO_TOUCH,
		.keys = {2, 2, 1, .flags = KEY_RO},
		.categories = CATEGORY_KEYSPACE,
		.group = "generic", .since = "4.0.0", .complexity = "O(1)",
		.summary = "Tells how often a key is used, as the LFU policies count it.",
		.args = syntax_key, .tips = "nondeterministic_output",
	},
	{
		.name = "idletime", .handler = object_idletime_command, .arity = 3,
		.flags = COMMAND_READONLY | COMMAND_NO_TOUCH,
		.keys = {2, 2, 1, .flags = KEY_RO},
		.categories = CATEGORY_KEYSPACE,
		.group = "generic", .since = "2.2.3", .complexity = "O(1)",
		.summary = "Tells how many seconds ago a key was last used.",
		.args = syntax_key, .tips = "nondeterministic_output",
	},
	{
		.name = "help", .handler = object_help_command, .arity = 2,
		.flags = COMMAND_LOADING | COMMAND_STALE,
		.categories = CATEGORY_KEYSPACE,
		.group = "generic", .since = "6.2.0", .complexity = "O(1)",
		.summary = "Explains the subcommands.",
	},
	{0},
};

static struct command memory_subcommands[] = {
	{
		.name = "doctor", .handler = memory_doctor_command, .arity = 2,
		.flags = COMMAND_LOCK_EACH,
		.group = "server", .since = "4.0.0", .complexity = "O(1)",
		.summary = "Says what is wrong with the use of memory, if anything is.",
		.tips = "nondeterministic_output request_policy:all_shards response_policy:special",
	},
	{
		.name = "purge", .handler = memory_purge_command, .arity = 2,
		.group = "server", .since = "4.0.0",
		.complexity = "Depends on how much memory is allocated, could be slow",
		.summary = "Has the allocator give unused memory back to the system.",
		.tips = "request_policy:all_shards response_policy:all_succeeded",
	},
	{
		.name = "stats", .handler = memory_stats_command, .arity = 2,
		.flags = COMMAND_LOCK_EACH,
		.group = "server", .since = "4.0.0", .complexity = "O(1)",
		.summary = "Tells where the memory is.",
		.tips = "nondeterministic_output request_policy:all_shards response_policy:special",
	},
	{
		.name = "usage", .handler = memory_usage_command, .arity = -3,
		.flags = COMMAND_READONLY | COMMAND_NO_TOUCH,
		.keys = {2, 2, 1, .flags = KEY_RO},
		.group = "server", .since = "4.0.0", .complexity = "O(1)",
		.summary = "Tells how many bytes a key and its value take.",
		.differs = "The bytes are those that cubby takes: about 32 beside a key and a value, where Redis takes some 60. SAMPLES is checked and has no effect.",
		.args = syntax_memory_usage,
	},
	{
		.name = "help", .handler = memory_help_command, .arity = 2,
		.flags = COMMAND_LOADING | COMMAND_STALE,
		.group = "server", .since = "4.0.0", .complexity = "O(1)",
		.summary = "Explains the subcommands.",
	},
	{0},
};

static struct command slowlog_subcommands[] = {
	{
		.name = "get", .handler = slowlog_get_command, .arity = -2,
		.flags = COMMAND_ADMIN | COMMAND_LOADING | COMMAND_STALE,
		.group = "server", .since = "2.2.12", .complexity = "O(N) where N is the number of entries returned",
		.summary = "Returns the newest entries of the slow log.",
		.history = "4.0.0 Added the client's address and name to the reply.",
		.args = syntax_slowlog_get, .tips = "request_policy:all_nodes nondeterministic_output",
	},
	{
		.name = "len", .handler = slowlog_len_command, .arity = 2,
		.flags = COMMAND_ADMIN | COMMAND_LOADING | COMMAND_STALE,
		.group = "server", .since = "2.2.12", .complexity = "O(1)",
		.summary = "Returns the number of entries in the slow log.",
		.tips = "request_policy:all_nodes response_policy:agg_sum nondeterministic_output",
	},
	{
		.name = "reset", .handler = slowlog_reset_command, .arity = 2,
		.flags = COMMAND_ADMIN | COMMAND_LOADING | COMMAND_STALE,
		.group = "server", .since = "2.2.12", .complexity = "O(N) where N is the number of entries in the slowlog",
		.summary = "Empties the slow log.",
		.tips = "request_policy:all_nodes response_policy:all_succeeded",
	},
	{
		.name = "help", .handler = slowlog_help_command, .arity = 2,
		.flags = COMMAND_LOADING | COMMAND_STALE,
		.group = "server", .since = "6.2.0", .complexity = "O(1)",
		.summary = "Explains the subcommands.",
	},
	{0},
};

static struct command latency_subcommands[] = {
	{
		.name = "doctor", .handler = latency_doctor_command, .arity = 2,
		.flags = COMMAND_ADMIN | COMMAND_NOSCRIPT | COMMAND_LOADING | COMMAND_STALE,
		.group = "server", .since = "2.8.13", .complexity = "O(1)",
		.summary = "Returns a report for people on what made clients wait.",
		.tips = "nondeterministic_output request_policy:all_nodes response_policy:special",
	},
	{
		.name = "graph", .handler = latency_graph_command, .arity = 3,
		.flags = COMMAND_ADMIN | COMMAND_NOSCRIPT | COMMAND_LOADING | COMMAND_STALE,
		.group = "server", .since = "2.8.13", .complexity = "O(1)",
		.summary = "Draws the samples of an event.",
		.args = syntax_latency_event, .tips = "nondeterministic_output request_policy:all_nodes response_policy:special",
	},
	{
		.name = "histogram", .handler = latency_histogram_command, .arity = -2,
		.flags = COMMAND_ADMIN | COMMAND_NOSCRIPT | COMMAND_LOADING | COMMAND_STALE,
		.group = "server", .since = "7.0.0", .complexity = "O(N) where N is the number of commands with latency information being retrieved.",
		.summary = "Returns how long the calls of commands took, as cumulative distributions.",
		.args = syntax_latency_histogram, .tips = "nondeterministic_output request_policy:all_nodes response_policy:special",
	},
	{
		.name = "history", .handler = latency_history_command, .arity = 3,
		.flags = COMMAND_ADMIN | COMMAND_NOSCRIPT | COMMAND_LOADING | COMMAND_STALE,
		.group = "server", .since = "2.8.13", .complexity = "O(1)",
		.summary = "Returns the samples of an event.",
		.args = syntax_latency_event, .tips = "nondeterministic_output request_policy:all_nodes response_policy:special",
	},
	{
		.name = "latest", .handler = latency_latest_command, .arity = 2,
		.flags = COMMAND_ADMIN | COMMAND_NOSCRIPT | COMMAND_LOADING | COMMAND_STALE,
		.group = "server", .since = "2.8.13", .complexity = "O(1)",
		.summary = "Returns the latest sample and the worst of every event.",
		.tips = "nondeterministic_output request_policy:all_nodes response_policy:special",
	},
	{
		.name = "reset", .handler = latency_reset_command, .arity = -2,
		.flags = COMMAND_ADMIN | COMMAND_NOSCRIPT | COMMAND_LOADING | COMMAND_STALE,
		.group = "server", .since = "2.8.13", .complexity = "O(1)",
		.summary = "Forgets the samples of some events, or of all.",
		.args = syntax_latency_reset, .tips = "request_policy:all_nodes response_policy:all_succeeded",
	},
	{
		.name = "help", .handler = latency_help_command, .arity = 2,
		.flags = COMMAND_LOADING | COMMAND_STALE,
		.group = "server", .since = "2.8.13", .complexity = "O(1)",
		.summary = "Explains the subcommands.",
	},
	{0},
};

static struct command function_subcommands[] = {
	{
		.name = "flush", .handler = function_flush_command, .arity = -2,
		.flags = COMMAND_WRITE | COMMAND_NOSCRIPT,
		.categories = CATEGORY_SCRIPTING,
		.group = "scripting", .since = "7.0.0", .complexity = "O(1)",
		.summary = "Deletes all libraries of functions.",
		.differs = "There are no functions; LOAD, DELETE, DUMP, RESTORE and KILL are unknown subcommands.",
		.args = syntax_function_flush, .tips = "request_policy:all_shards response_policy:all_succeeded",
	},
	{
		.name = "list", .handler = function_list_command, .arity = -2,
		.flags = COMMAND_NOSCRIPT,
		.categories = CATEGORY_SCRIPTING,
		.group = "scripting", .since = "7.0.0", .complexity = "O(1)",
		.summary = "Lists the libraries of functions.",
		.args = syntax_function_list, .tips = "nondeterministic_output_order",
	},
	{
		.name = "stats", .handler = function_stats_command, .arity = 2,
		.flags = COMMAND_NOSCRIPT | COMMAND_ALLOW_BUSY,
		.categories = CATEGORY_SCRIPTING,
		.group = "scripting", .since = "7.0.0", .complexity = "O(1)",
		.summary = "Tells which function runs, and which engines there are.",
		.differs = "No engine is named, where Redis has LUA.",
		.tips = "nondeterministic_output request_policy:all_shards response_policy:special",
	},
	{
		.name = "help", .handler = function_help_command, .arity = 2,
		.flags = COMMAND_LOADING | COMMAND_STALE,
		.categories = CATEGORY_SCRIPTING,
		.group = "scripting", .since = "7.0.0", .complexity = "O(1)",
		.summary = "Explains the subcommands.",
	},
	{0},
};

static struct command module_subcommands[] = {
	{
		.name = "list", .handler = module_list_command, .arity = 2,
		.flags = COMMAND_ADMIN | COMMAND_NOSCRIPT,
		.group = "server", .since = "4.0.0", .complexity = "O(1)",
		.summary = "Lists the loaded modules.",
		.differs = "There are no modules; LOAD, LOADEX and UNLOAD are unknown subcommands.",
		.tips = "nondeterministic_output_order",
	},
	{
		.name = "help", .handler = module_help_command, .arity = 2,
		.flags = COMMAND_LOADING | COMMAND_STALE,
		.group = "server", .since = "5.0.0", .complexity = "O(1)",
		.summary = "Explains the subcommands.",
	},
	{0},
};

static struct command script_subcommands[] = {
	{
		.name = "exists", .handler = script_exists_command, .arity = -3,
		.flags = COMMAND_NOSCRIPT,
		.categories = CATEGORY_SCRIPTING,
		.group = "scripting", .since = "2.6.0", .complexity = "O(N) where N is the number of scripts",
		.summary = "Tells which scripts are in the cache.",
		.differs = "There are no scripts; LOAD, KILL and DEBUG are unknown subcommands, EVAL an unknown command.",
		.args = syntax_script_exists, .tips = "request_policy:all_shards response_policy:agg_logical_and",
	},
	{
		.name = "flush", .handler = script_flush_command, .arity = -2,
		.flags = COMMAND_NOSCRIPT,
		.categories = CATEGORY_SCRIPTING,
		.group = "scripting", .since = "2.6.0", .complexity = "O(1)",
		.summary = "Empties the cache of scripts.",
		.history = "6.2.0 Added the ASYNC and SYNC flushing mode modifiers.",
		.args = syntax_script_flush, .tips = "request_policy:all_nodes response_policy:all_succeeded",
	},
	{
		.name = "help", .handler = script_help_command, .arity = 2,
		.flags = COMMAND_LOADING | COMMAND_STALE,
		.categories = CATEGORY_SCRIPTING,
		.group = "scripting", .since = "5.0.0", .complexity = "O(1)",
		.summary = "Explains the subcommands.",
	},
	{0},
};

/* The rows that are asked for most come first: they get the better places in the lookup structure. */
static struct command commands[] = {
	/* --- string --- */
	{
		.name = "set", .handler = set_command, .arity = -3,
		.flags = COMMAND_WRITE | COMMAND_DENYOOM,
		.keys = {1, 1, 1, .flags = KEY_RW | KEY_ACCESS | KEY_UPDATE | KEY_VARIABLE_FLAGS,
			 .notes = "RW and ACCESS due to the optional `GET` argument", .flags_of = set_key_flags},
		.categories = CATEGORY_STRING,
		.group = "string", .since = "1.0.0", .complexity = "O(1)",
		.summary = "Sets the string value of a key, whatever it held, and its time to live.",
		.history = "2.6.12 Added the EX, PX, NX and XX options.\n"
			   "6.0.0 Added the KEEPTTL option.\n"
			   "6.2.0 Added the GET, EXAT and PXAT options.\n"
			   "7.0.0 Allowed the NX and GET options to be used together.\n"
			   "8.1.0 Added the IFEQ option, in Valkey.",
		.differs = "A bare integer behind the value is a time to live in seconds: `SET key value 30` is `SET key value EX 30`.",
		.args = syntax_set,
	},
	{
		.name = "get", .handler = get_command, .arity = 2,
		.flags = COMMAND_READONLY | COMMAND_FAST,
		.keys = {1, 1, 1, .flags = KEY_RO | KEY_ACCESS},
		.categories = CATEGORY_STRING,
		.group = "string", .since = "1.0.0", .complexity = "O(1)",
		.summary = "Returns the string value of a key.",
		.args = syntax_key,
	},
	{
		.name = "mget", .handler = mget_command, .arity = -2,
		.flags = COMMAND_READONLY | COMMAND_FAST,
		.keys = {1, -1, 1, .flags = KEY_RO | KEY_ACCESS},
		.categories = CATEGORY_STRING,
		.group = "string", .since = "1.0.0", .complexity = "O(N) where N is the number of keys",
		.summary = "Returns the string values of several keys.",
		.args = syntax_keys, .tips = "request_policy:multi_shard",
	},
	{
		.name = "mset", .handler = mset_command, .arity = -3,
		.flags = COMMAND_WRITE | COMMAND_DENYOOM,
		.keys = {1, -1, 2, .flags = KEY_OW | KEY_UPDATE},
		.categories = CATEGORY_STRING,
		.group = "string", .since = "1.0.1", .complexity = "O(N) where N is the number of keys",
		.summary = "Sets the string values of several keys.",
		.args = syntax_key_values, .tips = "request_policy:multi_shard response_policy:all_succeeded",
	},
	{
		.name = "msetnx", .handler = msetnx_command, .arity = -3,
		.flags = COMMAND_WRITE | COMMAND_DENYOOM,
		.keys = {1, -1, 2, .flags = KEY_OW | KEY_INSERT},
		.categories = CATEGORY_STRING,
		.group = "string", .since = "1.0.1", .complexity = "O(N) where N is the number of keys",
		.summary = "Sets the string values of several keys, only when none of them exists.",
		.args = syntax_key_values, .tips = "request_policy:multi_shard response_policy:agg_min",
	},
	{
		.name = "setnx", .handler = setnx_command, .arity = 3,
		.flags = COMMAND_WRITE | COMMAND_DENYOOM | COMMAND_FAST,
		.keys = {1, 1, 1, .flags = KEY_OW | KEY_INSERT},
		.categories = CATEGORY_STRING,
		.group = "string", .since = "1.0.0", .complexity = "O(1)",
		.summary = "Sets the string value of a key, only when it does not exist.",
		.deprecated_since = "2.6.12", .replaced_by = "`SET` with the `NX` argument",
		.args = syntax_key_value,
	},
	{
		.name = "setex", .handler = setex_command, .arity = 4,
		.flags = COMMAND_WRITE | COMMAND_DENYOOM,
		.keys = {1, 1, 1, .flags = KEY_OW | KEY_UPDATE},
		.categories = CATEGORY_STRING,
		.group = "string", .since = "2.0.0", .complexity = "O(1)",
		.summary = "Sets the string value of a key and its time to live in seconds.",
		.deprecated_since = "2.6.12", .replaced_by = "`SET` with the `EX` argument",
		.args = syntax_key_seconds_value,
	},
	{
		.name = "psetex", .handler = psetex_command, .arity = 4,
		.flags = COMMAND_WRITE | COMMAND_DENYOOM,
		.keys = {1, 1, 1, .flags = KEY_OW | KEY_UPDATE},
		.categories = CATEGORY_STRING,
		.group = "string", .since = "2.6.0", .complexity = "O(1)",
		.summary = "Sets the string value of a key and its time to live in milliseconds.",
		.deprecated_since = "2.6.12", .replaced_by = "`SET` with the `PX` argument",
		.args = syntax_key_milliseconds_value,
	},
	{
		.name = "getset", .handler = getset_command, .arity = 3,
		.flags = COMMAND_WRITE | COMMAND_DENYOOM | COMMAND_FAST,
		.keys = {1, 1, 1, .flags = KEY_RW | KEY_ACCESS | KEY_UPDATE},
		.categories = CATEGORY_STRING,
		.group = "string", .since = "1.0.0", .complexity = "O(1)",
		.summary = "Sets the string value of a key and returns the old one.",
		.deprecated_since = "6.2.0", .replaced_by = "`SET` with the `!GET` argument",
		.args = syntax_key_value,
	},
	{
		.name = "getdel", .handler = getdel_command, .arity = 2,
		.flags = COMMAND_WRITE | COMMAND_FAST,
		.keys = {1, 1, 1, .flags = KEY_RW | KEY_ACCESS | KEY_DELETE},
		.categories = CATEGORY_STRING,
		.group = "string", .since = "6.2.0", .complexity = "O(1)",
		.summary = "Returns the string value of a key and deletes the key.",
		.args = syntax_key,
	},
	{
		.name = "getex", .handler = getex_command, .arity = -2,
		.flags = COMMAND_WRITE | COMMAND_FAST,
		.keys = {1, 1, 1, .flags = KEY_RW | KEY_ACCESS | KEY_UPDATE, .notes = "RW and UPDATE because it changes the TTL"},
		.categories = CATEGORY_STRING,
		.group = "string", .since = "6.2.0", .complexity = "O(1)",
		.summary = "Returns the string value of a key and sets or removes its time to live.",
		.args = syntax_getex,
	},
	{
		.name = "append", .handler = append_command, .arity = 3,
		.flags = COMMAND_WRITE | COMMAND_DENYOOM | COMMAND_FAST,
		.keys = {1, 1, 1, .flags = KEY_RW | KEY_INSERT},
		.categories = CATEGORY_STRING,
		.group = "string", .since = "2.0.0", .complexity = "O(1), amortized over many calls",
		.summary = "Appends bytes to the string value of a key, which is made when it does not exist.",
		.args = syntax_key_value,
	},
	{
		.name = "strlen", .handler = strlen_command, .arity = 2,
		.flags = COMMAND_READONLY | COMMAND_FAST,
		.keys = {1, 1, 1, .flags = KEY_RO},
		.categories = CATEGORY_STRING,
		.group = "string", .since = "2.2.0", .complexity = "O(1)",
		.summary = "Returns the length of the string value of a key.",
		.args = syntax_key,
	},
	{
		.name = "incr", .handler = incr_command, .arity = 2,
		.flags = COMMAND_WRITE | COMMAND_DENYOOM | COMMAND_FAST,
		.keys = {1, 1, 1, .flags = KEY_RW | KEY_ACCESS | KEY_UPDATE},
		.categories = CATEGORY_STRING,
		.group = "string", .since = "1.0.0", .complexity = "O(1)",
		.summary = "Adds one to the integer value of a key; 0 is what a key that does not exist holds.",
		.args = syntax_key,
	},
	{
		.name = "decr", .handler = decr_command, .arity = 2,
		.flags = COMMAND_WRITE | COMMAND_DENYOOM | COMMAND_FAST,
		.keys = {1, 1, 1, .flags = KEY_RW | KEY_ACCESS | KEY_UPDATE},
		.categories = CATEGORY_STRING,
		.group = "string", .since = "1.0.0", .complexity = "O(1)",
		.summary = "Subtracts one from the integer value of a key; 0 is what a key that does not exist holds.",
		.args = syntax_key,
	},
	{
		.name = "incrby", .handler = incrby_command, .arity = 3,
		.flags = COMMAND_WRITE | COMMAND_DENYOOM | COMMAND_FAST,
		.keys = {1, 1, 1, .flags = KEY_RW | KEY_ACCESS | KEY_UPDATE},
		.categories = CATEGORY_STRING,
		.group = "string", .since = "1.0.0", .complexity = "O(1)",
		.summary = "Adds a number to the integer value of a key; 0 is what a key that does not exist holds.",
		.args = syntax_key_increment,
	},
	{
		.name = "decrby", .handler = decrby_command, .arity = 3,
		.flags = COMMAND_WRITE | COMMAND_DENYOOM | COMMAND_FAST,
		.keys = {1, 1, 1, .flags = KEY_RW | KEY_ACCESS | KEY_UPDATE},
		.categories = CATEGORY_STRING,
		.group = "string", .since = "1.0.0", .complexity = "O(1)",
		.summary = "Subtracts a number from the integer value of a key; 0 is what a key that does not exist holds.",
		.args = syntax_key_decrement,
	},
	{
		.name = "incrbyfloat", .handler = incrbyfloat_command, .arity = 3,
		.flags = COMMAND_WRITE | COMMAND_DENYOOM | COMMAND_FAST,
		.keys = {1, 1, 1, .flags = KEY_RW | KEY_ACCESS | KEY_UPDATE},
		.categories = CATEGORY_STRING,
		.group = "string", .since = "2.6.0", .complexity = "O(1)",
		.summary = "Adds a floating-point number to the value of a key; 0 is what a key that does not exist holds.",
		.args = syntax_key_float_increment,
	},
	{
		.name = "getrange", .handler = getrange_command, .arity = 4,
		.flags = COMMAND_READONLY,
		.keys = {1, 1, 1, .flags = KEY_RO | KEY_ACCESS},
		.categories = CATEGORY_STRING,
		.group = "string", .since = "2.4.0", .complexity = "O(N) where N is the length of the returned string",
		.summary = "Returns a part of the string value of a key.",
		.args = syntax_key_range,
	},
	{
		.name = "substr", .handler = getrange_command, .arity = 4,
		.flags = COMMAND_READONLY,
		.keys = {1, 1, 1, .flags = KEY_RO | KEY_ACCESS},
		.categories = CATEGORY_STRING,
		.group = "string", .since = "1.0.0", .complexity = "O(N) where N is the length of the returned string",
		.summary = "Returns a part of the string value of a key. GETRANGE is its newer name.",
		.deprecated_since = "2.0.0", .replaced_by = "`GETRANGE`",
		.args = syntax_key_range,
	},
	{
		.name = "setrange", .handler = setrange_command, .arity = 4,
		.flags = COMMAND_WRITE | COMMAND_DENYOOM,
		.keys = {1, 1, 1, .flags = KEY_RW | KEY_UPDATE},
		.categories = CATEGORY_STRING,
		.group = "string", .since = "2.2.0",
		.complexity = "O(N) where N is the length of the given string, and of the value when it has to grow",
		.summary = "Overwrites a part of the string value of a key, from an offset on.",
		.args = syntax_setrange,
	},
	{
		.name = "delifeq", .handler = delifeq_command, .arity = 3,
		.flags = COMMAND_WRITE,
		.keys = {1, 1, 1, .flags = KEY_RM | KEY_ACCESS | KEY_DELETE},
		.categories = CATEGORY_STRING,
		.group = "string", .since = "9.0.0", .complexity = "O(N) where N is the length of the given string",
		.summary = "Deletes a key, only when it has the given string value. Valkey's, which Redis does not have.",
		.args = syntax_key_value,
	},
	{
		.name = "lcs", .handler = lcs_command, .arity = -3,
		.flags = COMMAND_READONLY,
		.keys = {1, 2, 1, .flags = KEY_RO | KEY_ACCESS},
		.categories = CATEGORY_STRING,
		.group = "string", .since = "7.0.0",
		.complexity = "O(N*M) where N and M are the lengths of the two values",
		.summary = "Finds the longest common subsequence of two string values.",
		.args = syntax_lcs,
	},

	/* --- bits --- */
	{
		.name = "setbit", .handler = setbit_command, .arity = 4,
		.flags = COMMAND_WRITE | COMMAND_DENYOOM,
		.keys = {1, 1, 1, .flags = KEY_RW | KEY_ACCESS | KEY_UPDATE},
		.categories = CATEGORY_BITMAP,
		.group = "bitmap", .since = "2.2.0", .complexity = "O(1)",
		.summary = "Sets or clears a bit of the string value of a key and returns what it was.",
		.args = syntax_setbit,
	},
	{
		.name = "getbit", .handler = getbit_command, .arity = 3,
		.flags = COMMAND_READONLY | COMMAND_FAST,
		.keys = {1, 1, 1, .flags = KEY_RO | KEY_ACCESS},
		.categories = CATEGORY_BITMAP,
		.group = "bitmap", .since = "2.2.0", .complexity = "O(1)",
		.summary = "Returns a bit of the string value of a key.",
		.args = syntax_getbit,
	},
	{
		.name = "bitcount", .handler = bitcount_command, .arity = -2,
		.flags = COMMAND_READONLY,
		.keys = {1, 1, 1, .flags = KEY_RO | KEY_ACCESS},
		.categories = CATEGORY_BITMAP,
		.group = "bitmap", .since = "2.6.0", .complexity = "O(N) where N is the length of the value or the range",
		.summary = "Counts the set bits in the string value of a key or in a part of it.",
		.history = "7.0.0 Added the unit, BYTE or BIT.",
		.args = syntax_bitcount,
	},
	{
		.name = "bitpos", .handler = bitpos_command, .arity = -3,
		.flags = COMMAND_READONLY,
		.keys = {1, 1, 1, .flags = KEY_RO | KEY_ACCESS},
		.categories = CATEGORY_BITMAP,
		.group = "bitmap", .since = "2.8.7", .complexity = "O(N) where N is the length of the value or the range",
		.summary = "Finds the first set or clear bit in the string value of a key or in a part of it.",
		.history = "7.0.0 Added the unit, BYTE or BIT.",
		.args = syntax_bitpos,
	},
	{
		.name = "bitop", .handler = bitop_command, .arity = -4,
		.flags = COMMAND_WRITE | COMMAND_DENYOOM,
		.keys = {2, -1, 1, .flags = KEY_OW | KEY_UPDATE, .second_flags = KEY_RO | KEY_ACCESS},
		.categories = CATEGORY_BITMAP,
		.group = "bitmap", .since = "2.6.0", .complexity = "O(N) where N is the sum of the lengths of the values",
		.summary = "Combines the bits of string values and stores the result.",
		.args = syntax_bitop,
	},
	{
		.name = "bitfield", .handler = bitfield_command, .arity = -2,
		.flags = COMMAND_WRITE | COMMAND_DENYOOM,
		.keys = {1, 1, 1, .flags = KEY_RW | KEY_ACCESS | KEY_UPDATE | KEY_VARIABLE_FLAGS,
			 .notes = "This command allows both access and modification of the key"},
		.categories = CATEGORY_BITMAP,
		.group = "bitmap", .since = "3.2.0", .complexity = "O(1) for each operation",
		.summary = "Reads and changes integers of any width within the string value of a key.",
		.args = syntax_bitfield,
	},
	{
		.name = "bitfield_ro", .handler = bitfield_ro_command, .arity = -2,
		.flags = COMMAND_READONLY | COMMAND_FAST,
		.keys = {1, 1, 1, .flags = KEY_RO | KEY_ACCESS},
		.categories = CATEGORY_BITMAP,
		.group = "bitmap", .since = "6.0.0", .complexity = "O(1) for each operation",
		.summary = "Reads integers of any width within the string value of a key.",
		.args = syntax_bitfield_ro,
	},

	/* --- generic --- */
	{
		.name = "del", .handler = del_command, .arity = -2,
		.flags = COMMAND_WRITE,
		.keys = {1, -1, 1, .flags = KEY_RM | KEY_DELETE},
		.categories = CATEGORY_KEYSPACE,
		.group = "generic", .since = "1.0.0", .complexity = "O(N) where N is the number of keys",
		.summary = "Deletes keys.",
		.args = syntax_keys, .tips = "request_policy:multi_shard response_policy:agg_sum",
	},
	{
		.name = "unlink", .handler = unlink_command, .arity = -2,
		.flags = COMMAND_WRITE | COMMAND_FAST,
		.keys = {1, -1, 1, .flags = KEY_RM | KEY_DELETE},
		.categories = CATEGORY_KEYSPACE,
		.group = "generic", .since = "4.0.0", .complexity = "O(N) where N is the number of keys",
		.summary = "Deletes keys and frees their memory in the background.",
		.args = syntax_keys, .tips = "request_policy:multi_shard response_policy:agg_sum",
	},
	{
		.name = "exists", .handler = exists_command, .arity = -2,
		.flags = COMMAND_READONLY | COMMAND_FAST | COMMAND_NO_TOUCH,
		.keys = {1, -1, 1, .flags = KEY_RO},
		.categories = CATEGORY_KEYSPACE,
		.group = "generic", .since = "1.0.0", .complexity = "O(N) where N is the number of keys",
		.summary = "Tells how many of the given keys exist.",
		.history = "3.0.3 Accepts several keys.",
		.args = syntax_keys, .tips = "request_policy:multi_shard response_policy:agg_sum",
	},
	{
		.name = "touch", .handler = touch_command, .arity = -2,
		.flags = COMMAND_READONLY | COMMAND_FAST | COMMAND_ALWAYS_TOUCH,
		.keys = {1, -1, 1, .flags = KEY_RO},
		.categories = CATEGORY_KEYSPACE,
		.group = "generic", .since = "3.2.1", .complexity = "O(N) where N is the number of keys",
		.summary = "Tells how many of the given keys exist, and counts as a use of each.",
		.args = syntax_keys, .tips = "request_policy:multi_shard response_policy:agg_sum",
	},
	{
		.name = "type", .handler = type_command, .arity = 2,
		.flags = COMMAND_READONLY | COMMAND_FAST | COMMAND_NO_TOUCH,
		.keys = {1, 1, 1, .flags = KEY_RO},
		.categories = CATEGORY_KEYSPACE,
		.group = "generic", .since = "1.0.0", .complexity = "O(1)",
		.summary = "Returns the type of the value of a key.",
		.args = syntax_key,
	},
	{
		.name = "sort", .handler = sort_command, .arity = -2,
		.flags = COMMAND_WRITE | COMMAND_DENYOOM,
		.keys = {1, 1, 1, .flags = KEY_RO | KEY_ACCESS},
		.categories = CATEGORY_DANGEROUS,
		.group = "generic", .since = "1.0.0", .complexity = "O(1)",
		.summary = "Not supported: cubby has no lists, sets or sorted sets. Always answers with an error.",
		.args = syntax_sort,
	},
	{
		.name = "sort_ro", .handler = sort_command, .arity = -2,
		.flags = COMMAND_READONLY,
		.keys = {1, 1, 1, .flags = KEY_RO | KEY_ACCESS},
		.categories = CATEGORY_DANGEROUS,
		.group = "generic", .since = "7.0.0", .complexity = "O(1)",
		.summary = "Not supported: cubby has no lists, sets or sorted sets. Always answers with an error.",
		.args = syntax_sort_ro,
	},
	{
		.name = "keys", .handler = keys_command, .arity = 2,
		.flags = COMMAND_READONLY | COMMAND_LOCK_EACH,
		.categories = CATEGORY_KEYSPACE | CATEGORY_DANGEROUS,
		.group = "generic", .since = "1.0.0", .complexity = "O(N) where N is the number of keys in the database",
		.summary = "Returns all keys whose names match a pattern.",
		.differs = "Shards are walked one after the other. From some thousand keys on, other clients are served meanwhile: keys that come or go during the walk may or may not be in the reply.",
		.args = syntax_keys_pattern, .tips = "request_policy:all_shards nondeterministic_output_order",
	},
	{
		.name = "scan", .handler = scan_command, .arity = -2,
		.flags = COMMAND_READONLY | COMMAND_LOCK_EACH,
		.categories = CATEGORY_KEYSPACE,
		.group = "generic", .since = "2.8.0",
		.complexity = "O(1) for each call, O(N) for a whole walk, where N is the number of keys in the database",
		.summary = "Walks over the keys of the database, some at each call.",
		.history = "6.0.0 Added the TYPE option.",
		.differs = "The cursor is a place among the shards and tables of cubby, good in this daemon alone. COUNT has a step look at about so many keys, and at more empty buckets than Redis.",
		.args = syntax_scan, .tips = "nondeterministic_output request_policy:special",
	},
	{
		.name = "randomkey", .handler = randomkey_command, .arity = 1,
		.flags = COMMAND_READONLY | COMMAND_LOCK_ALL,
		.categories = CATEGORY_KEYSPACE,
		.group = "generic", .since = "1.0.0", .complexity = "O(1)",
		.summary = "Returns a random key of the database.",
		.tips = "request_policy:all_shards nondeterministic_output",
	},
	{
		.name = "rename", .handler = rename_command, .arity = 3,
		.flags = COMMAND_WRITE,
		.keys = {1, 2, 1, .flags = KEY_RW | KEY_ACCESS | KEY_DELETE, .second_flags = KEY_OW | KEY_UPDATE},
		.categories = CATEGORY_KEYSPACE,
		.group = "generic", .since = "1.0.0", .complexity = "O(1)",
		.summary = "Renames a key, replacing what has the new name.",
		.args = syntax_key_newkey,
	},
	{
		.name = "renamenx", .handler = renamenx_command, .arity = 3,
		.flags = COMMAND_WRITE | COMMAND_FAST,
		.keys = {1, 2, 1, .flags = KEY_RW | KEY_ACCESS | KEY_DELETE, .second_flags = KEY_OW | KEY_INSERT},
		.categories = CATEGORY_KEYSPACE,
		.group = "generic", .since = "1.0.0", .complexity = "O(1)",
		.summary = "Renames a key, only when nothing has the new name.",
		.history = "3.2.0 To name the same key twice is no error any more.",
		.args = syntax_key_newkey,
	},
	{
		.name = "dbsize", .handler = dbsize_command, .arity = 1,
		.flags = COMMAND_READONLY | COMMAND_FAST | COMMAND_LOCK_EACH,
		.categories = CATEGORY_KEYSPACE,
		.group = "server", .since = "1.0.0", .complexity = "O(1)",
		.summary = "Returns the number of keys in the database.",
		.tips = "request_policy:all_shards response_policy:agg_sum",
	},
	{
		.name = "copy", .handler = copy_command, .arity = -3,
		.flags = COMMAND_WRITE | COMMAND_DENYOOM,
		.keys = {1, 2, 1, .flags = KEY_RO | KEY_ACCESS, .second_flags = KEY_OW | KEY_UPDATE},
		.categories = CATEGORY_KEYSPACE,
		.group = "generic", .since = "6.2.0", .complexity = "O(1)",
		.summary = "Copies the value and the time to live of a key to another key or database.",
		.args = syntax_copy,
	},
	{
		.name = "move", .handler = move_command, .arity = 3,
		.flags = COMMAND_WRITE | COMMAND_FAST,
		.keys = {1, 1, 1, .flags = KEY_RW | KEY_ACCESS | KEY_UPDATE},
		.categories = CATEGORY_KEYSPACE,
		.group = "generic", .since = "1.0.0", .complexity = "O(1)",
		.summary = "Moves a key to another database.",
		.args = syntax_move,
	},
	{
		.name = "dump", .handler = dump_command, .arity = 2,
		.flags = COMMAND_READONLY,
		.keys = {1, 1, 1, .flags = KEY_RO | KEY_ACCESS},
		.categories = CATEGORY_KEYSPACE,
		.group = "generic", .since = "2.6.0", .complexity = "O(N) where N is the length of the value",
		.summary = "Returns the value of a key as a payload for RESTORE.",
		.args = syntax_key, .tips = "nondeterministic_output",
	},
	{
		.name = "restore", .handler = restore_command, .arity = -4,
		.flags = COMMAND_WRITE | COMMAND_DENYOOM,
		.keys = {1, 1, 1, .flags = KEY_OW | KEY_UPDATE},
		.categories = CATEGORY_KEYSPACE | CATEGORY_DANGEROUS,
		.group = "generic", .since = "2.6.0", .complexity = "O(N) where N is the length of the value",
		.summary = "Makes a key of a payload that DUMP has given.",
		.history = "3.0.0 Added the REPLACE modifier.\n"
			   "5.0.0 Added the ABSTTL modifier.\n"
			   "5.0.0 Added the IDLETIME and FREQ options.",
		.args = syntax_restore,
	},
	{
		.name = "object", .arity = -2,
		.group = "generic", .since = "2.2.3", .complexity = "Depends on subcommand.",
		.summary = "Commands about what is behind a key.",
		.subcommands = object_subcommands,
	},
	{
		.name = "wait", .handler = wait_command, .arity = 3,
		.flags = COMMAND_BLOCKING,
		.categories = CATEGORY_CONNECTION,
		.group = "generic", .since = "3.0.0", .complexity = "O(1)",
		.summary = "Waits until replicas have what the connection has written.",
		.args = syntax_wait, .tips = "request_policy:all_shards response_policy:agg_min",
	},
	{
		.name = "waitaof", .handler = waitaof_command, .arity = 4,
		.flags = COMMAND_BLOCKING,
		.categories = CATEGORY_CONNECTION,
		.group = "generic", .since = "7.2.0", .complexity = "O(1)",
		.summary = "Waits until append-only files, here and at replicas, have what the connection has written.",
		.differs = "The append-only file here is synced at once; Redis waits for the sync that `appendfsync` brings.",
		.args = syntax_waitaof, .tips = "request_policy:all_shards response_policy:agg_min",
	},
	{
		.name = "swapdb", .handler = swapdb_command, .arity = 3,
		.flags = COMMAND_WRITE | COMMAND_FAST | COMMAND_LOCK_ALL,
		.categories = CATEGORY_KEYSPACE | CATEGORY_DANGEROUS,
		.group = "server", .since = "4.0.0", .complexity = "O(1)",
		.summary = "Lets two databases change places.",
		.args = syntax_swapdb,
	},
	{
		.name = "flushdb", .handler = flushdb_command, .arity = -1,
		.flags = COMMAND_WRITE | COMMAND_LOCK_ALL,
		.categories = CATEGORY_KEYSPACE | CATEGORY_DANGEROUS,
		.group = "server", .since = "1.0.0", .complexity = "O(N) where N is the number of keys in the database",
		.summary = "Deletes all keys of the database.",
		.history = "4.0.0 Added the ASYNC mode.\n"
			   "6.2.0 Added the SYNC mode.",
		.differs = "The memory is freed in the background with SYNC, too.",
		.args = syntax_flush, .tips = "request_policy:all_shards response_policy:all_succeeded",
	},
	{
		.name = "flushall", .handler = flushall_command, .arity = -1,
		.flags = COMMAND_WRITE | COMMAND_LOCK_ALL,
		.categories = CATEGORY_KEYSPACE | CATEGORY_DANGEROUS,
		.group = "server", .since = "1.0.0", .complexity = "O(N) where N is the number of keys in all databases",
		.summary = "Deletes all keys of all databases.",
		.history = "4.0.0 Added the ASYNC mode.\n"
			   "6.2.0 Added the SYNC mode.",
		.differs = "The memory is freed in the background with SYNC, too. With save points an empty snapshot is written in the background, after the reply.",
		.args = syntax_flush, .tips = "request_policy:all_shards response_policy:all_succeeded",
	},

	/* --- expiry --- */
	{
		.name = "expire", .handler = expire_command, .arity = -3,
		.flags = COMMAND_WRITE | COMMAND_FAST,
		.keys = {1, 1, 1, .flags = KEY_RW | KEY_UPDATE},
		.categories = CATEGORY_KEYSPACE,
		.group = "generic", .since = "1.0.0", .complexity = "O(1)",
		.summary = "Sets the time to live of a key in seconds.",
		.history = "7.0.0 Added the options NX, XX, GT and LT.",
		.args = syntax_expire,
	},
	{
		.name = "pexpire", .handler = pexpire_command, .arity = -3,
		.flags = COMMAND_WRITE | COMMAND_FAST,
		.keys = {1, 1, 1, .flags = KEY_RW | KEY_UPDATE},
		.categories = CATEGORY_KEYSPACE,
		.group = "generic", .since = "2.6.0", .complexity = "O(1)",
		.summary = "Sets the time to live of a key in milliseconds.",
		.history = "7.0.0 Added the options NX, XX, GT and LT.",
		.args = syntax_pexpire,
	},
	{
		.name = "expireat", .handler = expireat_command, .arity = -3,
		.flags = COMMAND_WRITE | COMMAND_FAST,
		.keys = {1, 1, 1, .flags = KEY_RW | KEY_UPDATE},
		.categories = CATEGORY_KEYSPACE,
		.group = "generic", .since = "1.2.0", .complexity = "O(1)",
		.summary = "Sets the Unix time in seconds at which a key dies.",
		.history = "7.0.0 Added the options NX, XX, GT and LT.",
		.args = syntax_expireat,
	},
	{
		.name = "pexpireat", .handler = pexpireat_command, .arity = -3,
		.flags = COMMAND_WRITE | COMMAND_FAST,
		.keys = {1, 1, 1, .flags = KEY_RW | KEY_UPDATE},
		.categories = CATEGORY_KEYSPACE,
		.group = "generic", .since = "2.6.0", .complexity = "O(1)",
		.summary = "Sets the Unix time in milliseconds at which a key dies.",
		.history = "7.0.0 Added the options NX, XX, GT and LT.",
		.args = syntax_pexpireat,
	},
	{
		.name = "ttl", .handler = ttl_command, .arity = 2,
		.flags = COMMAND_READONLY | COMMAND_FAST | COMMAND_NO_TOUCH,
		.keys = {1, 1, 1, .flags = KEY_RO | KEY_ACCESS},
		.categories = CATEGORY_KEYSPACE,
		.group = "generic", .since = "1.0.0", .complexity = "O(1)",
		.summary = "Returns the time to live of a key in seconds.",
		.history = "2.8.0 Replies -2 when there is no such key.",
		.args = syntax_key, .tips = "nondeterministic_output",
	},
	{
		.name = "pttl", .handler = pttl_command, .arity = 2,
		.flags = COMMAND_READONLY | COMMAND_FAST | COMMAND_NO_TOUCH,
		.keys = {1, 1, 1, .flags = KEY_RO | KEY_ACCESS},
		.categories = CATEGORY_KEYSPACE,
		.group = "generic", .since = "2.6.0", .complexity = "O(1)",
		.summary = "Returns the time to live of a key in milliseconds.",
		.history = "2.8.0 Replies -2 when there is no such key.",
		.args = syntax_key, .tips = "nondeterministic_output",
	},
	{
		.name = "expiretime", .handler = expiretime_command, .arity = 2,
		.flags = COMMAND_READONLY | COMMAND_FAST | COMMAND_NO_TOUCH,
		.keys = {1, 1, 1, .flags = KEY_RO | KEY_ACCESS},
		.categories = CATEGORY_KEYSPACE,
		.group = "generic", .since = "7.0.0", .complexity = "O(1)",
		.summary = "Returns the Unix time in seconds at which a key dies.",
		.args = syntax_key,
	},
	{
		.name = "pexpiretime", .handler = pexpiretime_command, .arity = 2,
		.flags = COMMAND_READONLY | COMMAND_FAST | COMMAND_NO_TOUCH,
		.keys = {1, 1, 1, .flags = KEY_RO | KEY_ACCESS},
		.categories = CATEGORY_KEYSPACE,
		.group = "generic", .since = "7.0.0", .complexity = "O(1)",
		.summary = "Returns the Unix time in milliseconds at which a key dies.",
		.args = syntax_key,
	},
	{
		.name = "persist", .handler = persist_command, .arity = 2,
		.flags = COMMAND_WRITE | COMMAND_FAST,
		.keys = {1, 1, 1, .flags = KEY_RW | KEY_UPDATE},
		.categories = CATEGORY_KEYSPACE,
		.group = "generic", .since = "2.2.0", .complexity = "O(1)",
		.summary = "Removes the time to live of a key.",
		.args = syntax_key,
	},

	/* --- connection --- */
	{
		.name = "ping", .handler = ping_command, .arity = -1,
		.flags = COMMAND_FAST | COMMAND_SUBSCRIBER,
		.categories = CATEGORY_CONNECTION,
		.group = "connection", .since = "1.0.0", .complexity = "O(1)",
		.summary = "Answers PONG, or the given message.",
		.args = syntax_optional_message, .tips = "request_policy:all_shards response_policy:all_succeeded",
	},
	{
		.name = "echo", .handler = echo_command, .arity = 2,
		.flags = COMMAND_LOADING | COMMAND_STALE | COMMAND_FAST,
		.categories = CATEGORY_CONNECTION,
		.group = "connection", .since = "1.0.0", .complexity = "O(1)",
		.summary = "Returns the given message.",
		.args = syntax_message,
	},
	{
		.name = "quit", .handler = quit_command, .arity = -1,
		.flags = COMMAND_UNQUEUED | COMMAND_NOSCRIPT | COMMAND_LOADING | COMMAND_STALE | COMMAND_FAST | COMMAND_NO_AUTH | COMMAND_ALLOW_BUSY | COMMAND_SUBSCRIBER,
		.categories = CATEGORY_CONNECTION,
		.group = "connection", .since = "1.0.0", .complexity = "O(1)",
		.summary = "Closes the connection.",
		.deprecated_since = "7.2.0", .replaced_by = "just closing the connection",
	},
	{
		.name = "reset", .handler = reset_command, .arity = 1,
		.flags = COMMAND_UNQUEUED | COMMAND_NOSCRIPT | COMMAND_LOADING | COMMAND_STALE | COMMAND_FAST | COMMAND_NO_AUTH | COMMAND_ALLOW_BUSY | COMMAND_SUBSCRIBER,
		.categories = CATEGORY_CONNECTION,
		.group = "connection", .since = "6.2.0", .complexity = "O(1)",
		.summary = "Puts the connection back to how it was when it was opened.",
	},
	{
		.name = "hello", .handler = hello_command, .arity = -1,
		.flags = COMMAND_NOSCRIPT | COMMAND_LOADING | COMMAND_STALE | COMMAND_FAST | COMMAND_NO_AUTH | COMMAND_ALLOW_BUSY,
		.categories = CATEGORY_CONNECTION,
		.group = "connection", .since = "6.0.0", .complexity = "O(1)",
		.summary = "Greets the server: chooses the protocol, and may authenticate and name the connection.",
		.history = "6.2.0 Can be called without arguments.",
		.args = syntax_hello,
	},
	{
		.name = "auth", .handler = auth_command, .arity = -2,
		.flags = COMMAND_NOSCRIPT | COMMAND_LOADING | COMMAND_STALE | COMMAND_FAST | COMMAND_NO_AUTH | COMMAND_ALLOW_BUSY,
		.categories = CATEGORY_CONNECTION,
		.group = "connection", .since = "1.0.0", .complexity = "O(1)",
		.summary = "Authenticates the connection.",
		.history = "6.0.0 Accepts the name of a user.",
		.args = syntax_auth,
	},
	{
		.name = "select", .handler = select_command, .arity = 2,
		.flags = COMMAND_LOADING | COMMAND_STALE | COMMAND_FAST,
		.categories = CATEGORY_CONNECTION,
		.group = "connection", .since = "1.0.0", .complexity = "O(1)",
		.summary = "Changes the database that the connection uses.",
		.args = syntax_select,
	},
	{
		.name = "client", .arity = -2,
		.group = "connection", .since = "2.4.0", .complexity = "Depends on subcommand.",
		.summary = "Commands about client connections.",
		.subcommands = client_subcommands,
	},

	/* --- transactions --- */
	{
		.name = "multi", .handler = multi_command, .arity = 1,
		.flags = COMMAND_NOSCRIPT | COMMAND_LOADING | COMMAND_STALE | COMMAND_FAST | COMMAND_ALLOW_BUSY | COMMAND_UNQUEUED,
		.categories = CATEGORY_TRANSACTION,
		.group = "transactions", .since = "1.2.0", .complexity = "O(1)",
		.summary = "Begins a transaction: the commands that follow are queued.",
	},
	{
		.name = "exec", .handler = exec_command, .arity = 1,
		.flags = COMMAND_NOSCRIPT | COMMAND_LOADING | COMMAND_STALE | COMMAND_SKIP_SLOWLOG | COMMAND_UNQUEUED,
		.categories = CATEGORY_TRANSACTION,
		.group = "transactions", .since = "1.2.0", .complexity = "Depends on commands in the transaction",
		.summary = "Runs the queued commands, with nobody else's in between.",
	},
	{
		.name = "discard", .handler = discard_command, .arity = 1,
		.flags = COMMAND_NOSCRIPT | COMMAND_LOADING | COMMAND_STALE | COMMAND_FAST | COMMAND_ALLOW_BUSY | COMMAND_UNQUEUED,
		.categories = CATEGORY_TRANSACTION,
		.group = "transactions", .since = "2.0.0", .complexity = "O(N), when N is the number of queued commands",
		.summary = "Forgets the queued commands and ends the transaction.",
	},
	{
		.name = "watch", .handler = watch_command, .arity = -2,
		.flags = COMMAND_NOSCRIPT | COMMAND_LOADING | COMMAND_STALE | COMMAND_FAST | COMMAND_ALLOW_BUSY | COMMAND_UNQUEUED,
		.keys = {1, -1, 1, .flags = KEY_RO},
		.categories = CATEGORY_TRANSACTION,
		.group = "transactions", .since = "2.2.0", .complexity = "O(1) for every key.",
		.summary = "Has the next transaction run only if none of the keys changes before.",
		.args = syntax_keys,
	},
	{
		.name = "unwatch", .handler = unwatch_command, .arity = 1,
		.flags = COMMAND_NOSCRIPT | COMMAND_LOADING | COMMAND_STALE | COMMAND_FAST | COMMAND_ALLOW_BUSY,
		.categories = CATEGORY_TRANSACTION,
		.group = "transactions", .since = "2.2.0", .complexity = "O(1)",
		.summary = "Forgets all watched keys.",
	},

	/* --- pubsub --- */
	{
		.name = "subscribe", .handler = subscribe_command, .arity = -2,
		.flags = COMMAND_PUBSUB | COMMAND_PUSHES | COMMAND_NOSCRIPT | COMMAND_LOADING | COMMAND_STALE | COMMAND_SUBSCRIBER,
		.categories = CATEGORY_PUBSUB,
		.group = "pubsub", .since = "2.0.0", .complexity = "O(N) where N is the number of channels to subscribe to.",
		.summary = "Listens to channels.",
		.args = syntax_channels,
	},
	{
		.name = "unsubscribe", .handler = unsubscribe_command, .arity = -1,
		.flags = COMMAND_PUBSUB | COMMAND_PUSHES | COMMAND_NOSCRIPT | COMMAND_LOADING | COMMAND_STALE | COMMAND_SUBSCRIBER,
		.categories = CATEGORY_PUBSUB,
		.group = "pubsub", .since = "2.0.0", .complexity = "O(N) where N is the number of channels to unsubscribe.",
		.summary = "Stops listening to channels, or to all of them.",
		.args = syntax_optional_channels,
	},
	{
		.name = "psubscribe", .handler = psubscribe_command, .arity = -2,
		.flags = COMMAND_PUBSUB | COMMAND_PUSHES | COMMAND_NOSCRIPT | COMMAND_LOADING | COMMAND_STALE | COMMAND_SUBSCRIBER,
		.categories = CATEGORY_PUBSUB,
		.group = "pubsub", .since = "2.0.0", .complexity = "O(N) where N is the number of patterns to subscribe to.",
		.summary = "Listens to all channels whose names match patterns.",
		.args = syntax_patterns,
	},
	{
		.name = "punsubscribe", .handler = punsubscribe_command, .arity = -1,
		.flags = COMMAND_PUBSUB | COMMAND_PUSHES | COMMAND_NOSCRIPT | COMMAND_LOADING | COMMAND_STALE | COMMAND_SUBSCRIBER,
		.categories = CATEGORY_PUBSUB,
		.group = "pubsub", .since = "2.0.0", .complexity = "O(N) where N is the number of patterns to unsubscribe.",
		.summary = "Stops listening to patterns, or to all of them.",
		.args = syntax_optional_patterns,
	},
	{
		.name = "ssubscribe", .handler = ssubscribe_command, .arity = -2,
		.flags = COMMAND_PUBSUB | COMMAND_PUSHES | COMMAND_NOSCRIPT | COMMAND_LOADING | COMMAND_STALE | COMMAND_SUBSCRIBER,
		.keys = {1, -1, 1, .flags = KEY_NOT_KEY},
		.categories = CATEGORY_PUBSUB,
		.group = "pubsub", .since = "7.0.0", .complexity = "O(N) where N is the number of shard channels to subscribe to.",
		.summary = "Listens to shard channels.",
		.args = syntax_shardchannels,
	},
	{
		.name = "sunsubscribe", .handler = sunsubscribe_command, .arity = -1,
		.flags = COMMAND_PUBSUB | COMMAND_PUSHES | COMMAND_NOSCRIPT | COMMAND_LOADING | COMMAND_STALE | COMMAND_SUBSCRIBER,
		.keys = {1, -1, 1, .flags = KEY_NOT_KEY},
		.categories = CATEGORY_PUBSUB,
		.group = "pubsub", .since = "7.0.0", .complexity = "O(N) where N is the number of shard channels to unsubscribe.",
		.summary = "Stops listening to shard channels, or to all of them.",
		.args = syntax_optional_shardchannels,
	},
	{
		.name = "publish", .handler = publish_command, .arity = 3,
		.flags = COMMAND_PUBSUB | COMMAND_MAY_REPLICATE | COMMAND_LOADING | COMMAND_STALE | COMMAND_FAST,
		.categories = CATEGORY_PUBSUB,
		.group = "pubsub", .since = "2.0.0",
		.complexity = "O(N+M) where N is the number of clients subscribed to the receiving channel and M is the total number of subscribed patterns (by any client).",
		.summary = "Sends a message to those who listen to a channel.",
		.args = syntax_channel_message,
	},
	{
		.name = "spublish", .handler = spublish_command, .arity = 3,
		.flags = COMMAND_PUBSUB | COMMAND_MAY_REPLICATE | COMMAND_LOADING | COMMAND_STALE | COMMAND_FAST,
		.keys = {1, 1, 1, .flags = KEY_NOT_KEY},
		.categories = CATEGORY_PUBSUB,
		.group = "pubsub", .since = "7.0.0",
		.complexity = "O(N) where N is the number of clients subscribed to the receiving shard channel.",
		.summary = "Sends a message to those who listen to a shard channel.",
		.args = syntax_shardchannel_message,
	},
	{
		.name = "pubsub", .arity = -2,
		.group = "pubsub", .since = "2.8.0", .complexity = "Depends on subcommand.",
		.summary = "Commands about who listens to what.",
		.subcommands = pubsub_subcommands,
	},

	/* --- server --- */
	{
		.name = "monitor", .handler = monitor_command, .arity = 1,
		.flags = COMMAND_ADMIN | COMMAND_NOSCRIPT | COMMAND_LOADING | COMMAND_STALE,
		.group = "server", .since = "1.0.0", .complexity = "O(1)",
		.summary = "Sends the connection every command that is run from then on.",
	},
	{
		.name = "info", .handler = info_command, .arity = -1,
		.flags = COMMAND_LOADING | COMMAND_STALE | COMMAND_LOCK_EACH,
		.categories = CATEGORY_DANGEROUS,
		.group = "server", .since = "1.0.0", .complexity = "O(1)",
		.summary = "Returns information and statistics about the server.",
		.history = "7.0.0 Accepts several sections.",
		.args = syntax_info, .tips = "nondeterministic_output request_policy:all_shards response_policy:special",
	},
	{
		.name = "time", .handler = time_command, .arity = 1,
		.flags = COMMAND_LOADING | COMMAND_STALE | COMMAND_FAST,
		.group = "server", .since = "2.6.0", .complexity = "O(1)",
		.summary = "Returns the server's time.",
		.tips = "nondeterministic_output",
	},
	{
		.name = "save", .handler = save_command, .arity = 1,
		.flags = COMMAND_ADMIN | COMMAND_NOSCRIPT | COMMAND_NO_ASYNC_LOADING | COMMAND_NO_MULTI,
		.group = "server", .since = "1.0.0", .complexity = "O(N) where N is the total number of keys in all databases",
		.summary = "Saves the databases to the disk, and replies when they are there.",
		.differs = "Other clients are served meanwhile.",
	},
	{
		.name = "bgsave", .handler = bgsave_command, .arity = -1,
		.flags = COMMAND_ADMIN | COMMAND_NOSCRIPT | COMMAND_NO_ASYNC_LOADING,
		.group = "server", .since = "1.0.0", .complexity = "O(1)",
		.summary = "Saves the databases to the disk, as they are now, in the background.",
		.history = "3.2.2 Added the SCHEDULE option.",
		.args = syntax_bgsave,
	},
	{
		.name = "bgrewriteaof", .handler = bgrewriteaof_command, .arity = 1,
		.flags = COMMAND_ADMIN | COMMAND_NOSCRIPT | COMMAND_NO_ASYNC_LOADING,
		.group = "server", .since = "1.0.0", .complexity = "O(1)",
		.summary = "Rewrites the append-only file in the background.",
		.differs = "With `appendonly no` it is refused: Redis writes a base then to which nothing is appended, and a later start with `appendonly yes` would take that for the data.",
	},
	{
		.name = "lastsave", .handler = lastsave_command, .arity = 1,
		.flags = COMMAND_LOADING | COMMAND_STALE | COMMAND_FAST,
		.categories = CATEGORY_ADMIN | CATEGORY_DANGEROUS,
		.group = "server", .since = "1.0.0", .complexity = "O(1)",
		.summary = "Returns the Unix time of the last good save to the disk.",
		.tips = "nondeterministic_output",
	},
	{
		.name = "shutdown", .handler = shutdown_command, .arity = -1,
		.flags = COMMAND_ADMIN | COMMAND_NOSCRIPT | COMMAND_LOADING | COMMAND_STALE | COMMAND_NO_MULTI | COMMAND_ALLOW_BUSY,
		.group = "server", .since = "1.0.0", .complexity = "O(N) where N is the number of client connections",
		.summary = "Ends the server once its clients have left, or at once.",
		.history = "7.0.0 Added the NOW, FORCE and ABORT modifiers.",
		.differs = "It waits for the clients to leave, up to `shutdown-timeout`, not for replicas; NOW ends at once.",
		.args = syntax_shutdown,
	},
	{
		.name = "config", .arity = -2,
		.group = "server", .since = "2.0.0", .complexity = "Depends on subcommand.",
		.summary = "Commands about the server's configuration.",
		.subcommands = config_subcommands,
	},
	{
		.name = "command", .handler = command_command, .arity = -1,
		.flags = COMMAND_LOADING | COMMAND_STALE,
		.categories = CATEGORY_CONNECTION,
		.group = "server", .since = "2.8.13", .complexity = "O(N) where N is the number of commands",
		.summary = "Returns details about all commands.",
		.tips = "nondeterministic_output_order", .subcommands = command_subcommands,
	},
	{
		.name = "debug", .arity = -2,
		.flags = COMMAND_ADMIN | COMMAND_NOSCRIPT | COMMAND_LOADING | COMMAND_STALE | COMMAND_GUARDED,
		.group = "server", .since = "1.0.0", .complexity = "Depends on subcommand.",
		.summary = "Commands for tests and for finding faults.",
		.subcommands = debug_subcommands,
	},
	{
		.name = "memory", .arity = -2,
		.group = "server", .since = "4.0.0", .complexity = "Depends on subcommand.",
		.summary = "Commands about memory.",
		.subcommands = memory_subcommands,
	},

	/* --- what there is none of --- */
	{
		.name = "function", .arity = -2,
		.group = "scripting", .since = "7.0.0", .complexity = "Depends on subcommand.",
		.summary = "Commands about libraries of functions.",
		.subcommands = function_subcommands,
	},
	{
		.name = "script", .arity = -2,
		.group = "scripting", .since = "2.6.0", .complexity = "Depends on subcommand.",
		.summary = "Commands about the cache of scripts.",
		.subcommands = script_subcommands,
	},
	{
		.name = "module", .arity = -2,
		.group = "server", .since = "4.0.0", .complexity = "Depends on subcommand.",
		.summary = "Commands about modules.",
		.subcommands = module_subcommands,
	},
	{
		.name = "cluster", .handler = cluster_command, .arity = -2,
		.group = "cluster", .since = "3.0.0", .complexity = "O(1)",
		.summary = "Refused: this is no cluster.",
		.differs = "Every subcommand is answered as by a Redis without a cluster, unknown ones and HELP, too.",
	},
	{
		.name = "readonly", .handler = cluster_command, .arity = 1,
		.flags = COMMAND_LOADING | COMMAND_STALE | COMMAND_FAST,
		.categories = CATEGORY_CONNECTION,
		.group = "cluster", .since = "3.0.0", .complexity = "O(1)",
		.summary = "Refused: this is no cluster.",
	},
	{
		.name = "readwrite", .handler = cluster_command, .arity = 1,
		.flags = COMMAND_LOADING | COMMAND_STALE | COMMAND_FAST,
		.categories = CATEGORY_CONNECTION,
		.group = "cluster", .since = "3.0.0", .complexity = "O(1)",
		.summary = "Refused: this is no cluster.",
	},
	{
		.name = "asking", .handler = cluster_command, .arity = 1,
		.flags = COMMAND_FAST,
		.categories = CATEGORY_CONNECTION,
		.group = "cluster", .since = "3.0.0", .complexity = "O(1)",
		.summary = "Refused: this is no cluster.",
	},
	{
		.name = "role", .handler = role_command, .arity = 1,
		.flags = COMMAND_NOSCRIPT | COMMAND_LOADING | COMMAND_STALE | COMMAND_FAST,
		.categories = CATEGORY_ADMIN | CATEGORY_DANGEROUS,
		.group = "server", .since = "2.8.12", .complexity = "O(1)",
		.summary = "Returns the role in replication.",
		.differs = "Always a master without replicas.",
	},
	{
		.name = "replicaof", .handler = replicaof_command, .arity = 3,
		.flags = COMMAND_ADMIN | COMMAND_NOSCRIPT | COMMAND_STALE | COMMAND_NO_ASYNC_LOADING,
		.group = "server", .since = "5.0.0", .complexity = "O(1)",
		.summary = "Ends replication. Refused when it names a host.",
		.differs = "NO ONE alone is accepted: there is no replication.",
		.args = syntax_replicaof,
	},
	{
		.name = "lolwut", .handler = lolwut_command, .arity = -1,
		.flags = COMMAND_READONLY | COMMAND_FAST,
		.group = "server", .since = "5.0.0", .complexity = "O(1)",
		.summary = "Shows a picture and the version.",
		.differs = "A picture of its own, whatever the version asked for.",
		.args = syntax_lolwut,
	},
	{
		.name = "slowlog", .arity = -2,
		.group = "server", .since = "2.2.12", .complexity = "Depends on subcommand.",
		.summary = "Commands about the slow log.",
		.subcommands = slowlog_subcommands,
	},
	{
		.name = "latency", .arity = -2,
		.group = "server", .since = "2.8.13", .complexity = "Depends on subcommand.",
		.summary = "Commands about what makes clients wait.",
		.subcommands = latency_subcommands,
	},
	{0},
};

/* clang-format on */

/* --- looking up -------------------------------------------------------------------------------------------------- */

enum {
	COMMAND_MAX = 256,     /* ids, subcommands counted */
	NAME_MAX_BYTES = 16,   /* of a command that is no subcommand */
	LOOKUP_SLOTS = 1024,   /* a power of two, sparse enough for few collisions */
	LOOKUP_SHIFT = 64 - 10 /* leaves the upper bits of a product: log2(LOOKUP_SLOTS) of them */
};

/* A name in the form in which it is looked up. */
struct packed_name {
	uint64_t head; /* its first bytes, lower case */
	uint64_t tail; /* its last bytes; they overlap the first ones in a name of fewer than 16 */
	uint64_t len;
};

struct lookup_row {
	struct packed_name name;
	const struct command *command;
	bool ambiguous; /* another name, with something else in the place of an underscore, has the same packed form */
};

/* Filled at boot and only read from then on. A slot holds an index into `lookup_rows` plus one; 0 is an empty slot. */
static struct lookup_row lookup_rows[COMMAND_MAX];
static uint16_t lookup_slots[LOOKUP_SLOTS];

static const struct command *by_id[COMMAND_MAX];
static size_t id_count;

static uint64_t load_64(const char *at)
{
	uint64_t word;

	memcpy(&word, at, sizeof(word));
	return word;
}

static uint32_t load_32(const char *at)
{
	uint32_t word;

	memcpy(&word, at, sizeof(word));
	return word;
}

/* `name` has 1 to NAME_MAX_BYTES bytes. */
static inline struct packed_name name_pack(struct slice name)
{
	const uint64_t lower_case = 0x2020202020202020;
	struct packed_name packed = {.len = name.len};

	if (name.len >= 8) {
		packed.head = load_64(name.data);
		packed.tail = load_64(name.data + name.len - 8);
	} else if (name.len >= 4) {
		packed.head = load_32(name.data);
		packed.tail = load_32(name.data + name.len - 4);
	} else {
		packed.head = (unsigned char)name.data[0];
		packed.tail =
			(uint64_t)(unsigned char)name.data[name.len / 2] << 8 | (unsigned char)name.data[name.len - 1];
	}
	packed.head |= lower_case;
	packed.tail |= lower_case;
	return packed;
}

/* Where the search for a name begins. The factor is 2^64 divided by the golden ratio: it spreads what differs in few
 * bits (Knuth, The Art of Computer Programming, 6.4). */
static inline size_t name_slot(const struct packed_name *name)
{
	return (size_t)(((name->head ^ (name->tail << 29 | name->tail >> 35)) * 0x9e3779b97f4a7c15) >> LOOKUP_SHIFT);
}

/* The row's command if it is the name's, letter by letter. Apart, so that command_find() calls nothing else and need
 * not save a register. */
static __attribute__((noinline)) const struct command *row_compare(const struct lookup_row *row, struct slice name)
{
	return slice_is_word(name, row->command->name) ? row->command : NULL;
}

const struct command *command_find(struct slice name)
{
	struct packed_name packed;
	size_t slot;

	if (name.len == 0 || name.len > NAME_MAX_BYTES)
		return NULL;
	packed = name_pack(name);
	for (slot = name_slot(&packed); lookup_slots[slot] != 0; slot = (slot + 1) % LOOKUP_SLOTS) {
		const struct lookup_row *row = &lookup_rows[lookup_slots[slot] - 1];

		if (row->name.head != packed.head || row->name.tail != packed.tail || row->name.len != packed.len)
			continue;
		return row->ambiguous ? row_compare(row, name) : row->command;
	}
	return NULL;
}

const struct command *command_find_subcommand(const struct command *container, struct slice name)
{
	if (container->subcommands == NULL)
		return NULL;
	for (const struct command *sub = container->subcommands; sub->name != NULL; sub++)
		if (slice_is_word(name, sub->name))
			return sub;
	return NULL;
}

const struct command *command_find_full(struct slice name)
{
	const char *bar = name.len > 0 ? memchr(name.data, '|', name.len) : NULL;
	const struct command *container;
	size_t len;

	if (bar == NULL)
		return command_find(name);
	len = (size_t)(bar - name.data);
	container = command_find((struct slice){name.data, len});
	if (container == NULL)
		return NULL;
	return command_find_subcommand(container, (struct slice){bar + 1, name.len - len - 1});
}

/* --- boot -------------------------------------------------------------------------------------------------------- */

static void lookup_add(const struct command *command, size_t index)
{
	struct lookup_row *row = &lookup_rows[index];
	size_t slot;

	row->name = name_pack(slice_of(command->name));
	row->command = command;
	row->ambiguous = strchr(command->name, '_') != NULL;
	slot = name_slot(&row->name);
	while (lookup_slots[slot] != 0)
		slot = (slot + 1) % LOOKUP_SLOTS;
	lookup_slots[slot] = (uint16_t)(index + 1);
}

/* The categories that follow from the flags, as in Redis's setImplicitACLCategories(). */
static uint32_t implied_categories(uint32_t flags)
{
	uint32_t categories = (flags & COMMAND_FAST) != 0 ? CATEGORY_FAST : CATEGORY_SLOW;

	if ((flags & COMMAND_WRITE) != 0)
		categories |= CATEGORY_WRITE;
	if ((flags & COMMAND_READONLY) != 0)
		categories |= CATEGORY_READ;
	if ((flags & COMMAND_ADMIN) != 0)
		categories |= CATEGORY_ADMIN | CATEGORY_DANGEROUS;
	if ((flags & COMMAND_BLOCKING) != 0)
		categories |= CATEGORY_BLOCKING;
	return categories;
}

static void command_complete(struct command *command, const struct command *parent)
{
	if (id_count == COMMAND_MAX) {
		log_event(LOG_WARNING, "the table of commands has more rows than COMMAND_MAX");
		abort();
	}
	command->id = (uint16_t)id_count;
	command->parent = parent;
	command->categories |= implied_categories(command->flags);
	by_id[id_count++] = command;
}

void command_table_init(void)
{
	if (id_count > 0)
		return;
	for (struct command *command = commands; command->name != NULL; command++) {
		lookup_add(command, (size_t)(command - commands));
		command_complete(command, NULL);
		for (struct command *sub = command->subcommands; sub != NULL && sub->name != NULL; sub++)
			command_complete(sub, command);
	}
}

bool command_key_range(const struct command *command, size_t argc, size_t *first, size_t *last)
{
	const struct command_keys *keys = &command->keys;

	if (keys->first <= 0 || (size_t)keys->first >= argc)
		return false;
	*first = (size_t)keys->first;
	*last = keys->last < 0 ? argc - (size_t)-keys->last : (size_t)keys->last;
	if (*last >= argc)
		*last = argc - 1;
	return true;
}

/* --- the table as a whole ---------------------------------------------------------------------------------------- */

const struct command *command_table(void)
{
	return commands;
}

size_t command_id_count(void)
{
	return id_count;
}

const struct command *command_by_id(size_t id)
{
	return by_id[id];
}

const char *command_full_name(const struct command *command, char *out)
{
	if (command->parent != NULL)
		snprintf(out, COMMAND_NAME_TEXT, "%s|%s", command->parent->name, command->name);
	else
		snprintf(out, COMMAND_NAME_TEXT, "%s", command->name);
	return out;
}
