/*
 * DEBUG: what test suites lean on, and what shows the store from inside.
 *
 * Every subcommand is guarded by enable-debug-command (COMMAND_GUARDED; the gate asks debug_is_allowed). None of them
 * is for production: DIGEST and HTSTATS hold every shard for as long as a look at every key takes, SLEEP stops all
 * clients of one thread, and three end the daemon.
 */
#include "command/debug.h"

#include <errno.h>
#include <inttypes.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#include "base/log.h"
#include "base/number.h"
#include "base/settings.h"
#include "command/arguments.h"
#include "command/digest.h"
#include "command/event.h"
#include "command/handlers.h"
#include "store/chains.h"

/* --- the guard --------------------------------------------------------------------------------------------------- */

bool debug_is_allowed(struct command_context *context)
{
	if (session_passes(context->session, &settings.enable_debug_command))
		return true;
	reply_error(
		context->reply,
		"ERR DEBUG command not allowed. If the enable-debug-command option is set to \"local\", you can run it "
		"from a local connection, otherwise you need to set this option in the configuration file, and then "
		"restart the server.");
	return false;
}

/* --- one key ----------------------------------------------------------------------------------------------------- */

/* The entry of the command's key; NULL with the error written when there is none. */
static struct entry *debug_entry(struct command_context *context)
{
	struct entry *entry = keyspace_find(context->keyspace, context->db, &context->keys[0], context->now);

	if (entry == NULL)
		reply_error(context->reply, "ERR no such key");
	return entry;
}

/* Bytes of the value in an RDB file: an integer of up to 32 bits in 2, 3 or 5 bytes, else its length in 1, 2 or 5
 * bytes and the value as it is (https://rdb.fnordig.de/file_format.html). */
static size_t serialized_len(struct slice value)
{
	int64_t number;

	if (number_parse_int64(value, &number) && number >= INT32_MIN && number <= INT32_MAX) {
		if (number >= INT8_MIN && number <= INT8_MAX)
			return 2;
		return number >= INT16_MIN && number <= INT16_MAX ? 3 : 5;
	}
	if (value.len < 1 << 6)
		return 1 + value.len;
	return (value.len < 1 << 14 ? 2 : 5) + value.len;
}

void debug_object_command(struct command_context *context)
{
	enum { LRU_CLOCK_MASK = 0xffffff }; /* Redis's clock is seconds in 24 bits */
	const struct entry *entry = debug_entry(context);
	char text[256];
	struct slice value;

	if (entry == NULL)
		return;
	value = entry_value(entry);
	snprintf(text, sizeof(text),
		 "Value at:%p refcount:1 encoding:%s serializedlength:%zu lru:%" PRId64 " lru_seconds_idle:%" PRId64,
		 (const void *)value.data, entry_encoding(entry), serialized_len(value),
		 (context->now / 1000 - keyspace_idle(entry, context->now)) & LRU_CLOCK_MASK,
		 keyspace_idle(entry, context->now));
	reply_simple(context->reply, text);
}

/* Of a value in a block the block is counted as the value's memory; else all is the key's. */
void debug_sdslen_command(struct command_context *context)
{
	const struct entry *entry = debug_entry(context);
	const struct block *block;
	size_t value_footprint;
	char text[256];

	if (entry == NULL)
		return;
	if (strcmp(entry_encoding(entry), "int") == 0) {
		reply_error(context->reply, "ERR Not an sds encoded string.");
		return;
	}
	block = entry_block(entry);
	value_footprint = block != NULL ? block_footprint(block) : 0;
	snprintf(text, sizeof(text),
		 "key_sds_len:%zu, key_sds_avail:0, key_zmalloc: %zu, val_sds_len:%zu, val_sds_avail:%zu, val_zmalloc: "
		 "%zu",
		 entry_key(entry).len, entry_footprint(entry) - value_footprint, entry_value(entry).len,
		 block != NULL ? block->cap - block->len : 0, value_footprint);
	reply_simple(context->reply, text);
}

/* --- DIGEST ------------------------------------------------------------------------------------------------------ */

static void reply_digest(struct reply *reply, const struct digest *digest)
{
	char text[DIGEST_TEXT];

	reply_simple(reply, digest_text(digest, text));
}

void debug_digest_command(struct command_context *context)
{
	struct digest digest = digest_keyspace(context->keyspace, context->now);

	reply_digest(context->reply, &digest);
}

/* A key that is not there has the digest of nothing. */
void debug_digest_value_command(struct command_context *context)
{
	reply_array(context->reply, context->key_count);
	for (size_t i = 0; i < context->key_count; i++) {
		const struct entry *entry =
			keyspace_find(context->keyspace, context->db, &context->keys[i], context->now);
		struct digest digest = {0};

		if (entry != NULL)
			digest_mix_entry(&digest, entry);
		reply_digest(context->reply, &digest);
	}
}

/* --- HTSTATS ----------------------------------------------------------------------------------------------------- */

/* `share` of `whole` in percent. */
static double percent(uint64_t share, uint64_t whole)
{
	return 100.0 * (double)share / (double)whole;
}

/* The lines that Redis writes of one table, about all tables together. */
static void print_chains(const struct chains_figures *figures, struct buffer *out)
{
	uint64_t used = figures->buckets - figures->lengths[0];

	buffer_printf(out, "Hash table 0 stats (%" PRIu64 " tables):\n", figures->tables);
	if (figures->entries == 0) {
		buffer_append_text(out, "No stats available for empty dictionaries\n");
		return;
	}
	buffer_printf(out,
		      " table size: %" PRIu64 "\n number of elements: %" PRIu64 "\n different slots: %" PRIu64
		      "\n max chain length: %" PRIu64 "\n avg chain length (counted): %.2f\n"
		      " avg chain length (computed): %.2f\n Chain length distribution:\n",
		      figures->buckets, figures->entries, used, figures->longest,
		      (double)figures->entries / (double)used, (double)figures->entries / (double)used);
	for (size_t len = 0; len < CHAINS_LENGTHS; len++) {
		if (figures->lengths[len] != 0)
			buffer_printf(out, "   %s%zu: %" PRIu64 " (%.02f%%)\n", len == CHAINS_LENGTHS - 1 ? ">= " : "",
				      len, figures->lengths[len], percent(figures->lengths[len], figures->buckets));
	}
}

static void print_htstats(const struct keyspace *keyspace, unsigned db, struct buffer *out)
{
	struct chains_figures chains = {0};
	struct database_figures keys = {0};

	for (uint32_t shard = 0; shard < keyspace_shards(keyspace); shard++) {
		chains_add_figures(keyspace, shard, db, &chains);
		keyspace_add_database_figures(keyspace, shard, db, &keys);
	}
	buffer_append_text(out, "[Dictionary HT]\n");
	print_chains(&chains, out);
	buffer_printf(out, "[Expires HT]\nA timing wheel, not a table, with %" PRIu64 " elements\n", keys.expires);
}

void debug_htstats_command(struct command_context *context)
{
	struct buffer text = {0};
	int64_t db;

	if (!argument_int64(context, 2, &db))
		return;
	if (db < 0 || db >= keyspace_databases(context->keyspace)) {
		reply_error(context->reply, "ERR Out of range database");
		return;
	}
	print_htstats(context->keyspace, (unsigned)db, &text);
	if (text.failed)
		reply_error_out_of_memory(context->reply);
	else
		reply_verbatim(context->reply, buffer_slice(&text), "txt");
	buffer_free(&text);
}

void debug_htstats_key_command(struct command_context *context)
{
	if (debug_entry(context) != NULL)
		reply_error(context->reply,
			    "ERR The value stored at the specified key is not represented using an hash table");
}

/* --- POPULATE ---------------------------------------------------------------------------------------------------- */

/* What POPULATE was asked for. */
struct population {
	int64_t count;
	struct slice prefix;
	int64_t size; /* bytes of each value, cut or filled up with zeros; 0: as long as its text */
};

static bool argument_positive(struct command_context *context, size_t index, int64_t *value)
{
	if (number_parse_int64(context->argv[index], value) && *value >= 0)
		return true;
	reply_error(context->reply, "ERR value is out of range, must be positive");
	return false;
}

static bool population_parse(struct command_context *context, struct population *population)
{
	*population = (struct population){.prefix = context->argc > 3 ? context->argv[3] : SLICE("key")};
	if (!argument_positive(context, 2, &population->count))
		return false;
	if (context->argc > 4 && !argument_positive(context, 4, &population->size))
		return false;
	return argument_value_fits(context, (size_t)population->size);
}

/* Adds the key, unless it is there. False when there is no memory. */
static bool populate_key(struct command_context *context, struct slice name, struct slice value)
{
	struct key key = keyspace_key(context->keyspace, name);
	bool done = true;

	if (!context->at_once)
		keyspace_lock_shard(context->keyspace, key.shard);
	if (keyspace_find(context->keyspace, context->db, &key, context->now) == NULL) {
		done = keyspace_set(context->keyspace, context->db, &key, NULL, value, KEYSPACE_PERSIST) != NULL;
		if (done)
			event_raise(context, EVENT_NEW, "new", &key);
	}
	if (!context->at_once)
		keyspace_unlock_shard(context->keyspace, key.shard);
	return done;
}

/* Makes the name and the value of key `number`. False when there is no memory. */
static bool population_print(const struct population *population, int64_t number, struct buffer *name,
			     struct buffer *value)
{
	size_t size = (size_t)population->size;

	name->len = 0;
	value->len = 0;
	buffer_append_slice(name, population->prefix);
	buffer_printf(name, ":%" PRId64, number);
	buffer_printf(value, "value:%" PRId64, number);
	if (size > value->len && buffer_reserve(value, size - value->len))
		memset(value->data + value->len, 0, size - value->len);
	if (size != 0)
		value->len = size;
	return !name->failed && !value->failed;
}

void debug_populate_command(struct command_context *context)
{
	struct population population;
	struct buffer name = {0};
	struct buffer value = {0};
	bool done = true;

	if (!population_parse(context, &population))
		return;
	for (int64_t i = 0; i < population.count && done; i++)
		done = population_print(&population, i, &name, &value) &&
		       populate_key(context, buffer_slice(&name), buffer_slice(&value));
	if (done)
		reply_ok(context->reply);
	else
		reply_error_out_of_memory(context->reply);
	buffer_free(&name);
	buffer_free(&value);
}

/* --- PROTOCOL ---------------------------------------------------------------------------------------------------- */

static void protocol_string(struct reply *reply)
{
	reply_bulk_text(reply, "Hello World");
}

static void protocol_integer(struct reply *reply)
{
	reply_int(reply, 12345);
}

static void protocol_double(struct reply *reply)
{
	reply_double(reply, 3.141);
}

static void protocol_bignum(struct reply *reply)
{
	static const char digits[] = "1234567999999999999999999999999999999";

	if (reply->protocol == 2)
		reply_bulk_text(reply, digits);
	else
		buffer_printf(&reply->bytes, "(%s\r\n", digits);
}

static void protocol_array(struct reply *reply)
{
	reply_array(reply, 3);
	for (int i = 0; i < 3; i++)
		reply_int(reply, i);
}

static void protocol_set(struct reply *reply)
{
	reply_set(reply, 3);
	for (int i = 0; i < 3; i++)
		reply_int(reply, i);
}

static void protocol_map(struct reply *reply)
{
	reply_map(reply, 3);
	for (int i = 0; i < 3; i++) {
		reply_int(reply, i);
		reply_bool(reply, i == 1);
	}
}

/* RESP2 has no attributes: there the reply stands alone. */
static void protocol_attrib(struct reply *reply)
{
	if (reply->protocol != 2)
		reply_raw(reply, SLICE("|1\r\n$14\r\nkey-popularity\r\n*2\r\n$7\r\nkey:123\r\n:90\r\n"));
	reply_bulk_text(reply, "Some real reply following the attribute");
}

static void protocol_push(struct reply *reply)
{
	if (reply->protocol == 2) {
		reply_error(reply, "ERR RESP2 is not supported by this command");
		return;
	}
	reply_push(reply, 2);
	reply_bulk_text(reply, "server-cpu-usage");
	reply_int(reply, 42);
	reply_bulk_text(reply, "Some real reply following the push reply");
}

static void protocol_true(struct reply *reply)
{
	reply_bool(reply, true);
}

static void protocol_false(struct reply *reply)
{
	reply_bool(reply, false);
}

static void protocol_verbatim(struct reply *reply)
{
	reply_verbatim(reply, SLICE("This is a verbatim\nstring"), "txt");
}

void debug_protocol_command(struct command_context *context)
{
	static const struct {
		const char *name;
		void (*write)(struct reply *reply);
	} types[] = {
		{"string", protocol_string},
		{"integer", protocol_integer},
		{"double", protocol_double},
		{"bignum", protocol_bignum},
		{"null", reply_null},
		{"array", protocol_array},
		{"set", protocol_set},
		{"map", protocol_map},
		{"attrib", protocol_attrib},
		{"push", protocol_push},
		{"verbatim", protocol_verbatim},
		{"true", protocol_true},
		{"false", protocol_false},
	};

	for (size_t i = 0; i < sizeof(types) / sizeof(types[0]); i++) {
		if (argument_is(context, 2, types[i].name)) {
			types[i].write(context->reply);
			return;
		}
	}
	reply_error(context->reply, "ERR Wrong protocol type name. Please use one of the following: "
				    "string|integer|double|bignum|null|array|set|map|attrib|push|verbatim|true|false");
}

/* --- the daemon -------------------------------------------------------------------------------------------------- */

enum { DEBUG_SLEEP_MAX = 3600 }; /* seconds */

/* Stops this worker and nothing else: its row names no keys, so no shard is locked. */
void debug_sleep_command(struct command_context *context)
{
	struct timespec left;
	long double seconds;

	if (!number_parse_long_double(context->argv[2], &seconds) || seconds < 0 || seconds > DEBUG_SLEEP_MAX) {
		reply_error(context->reply, "ERR value is not a valid float or out of range");
		return;
	}
	left.tv_sec = (time_t)seconds;
	left.tv_nsec = (long)((seconds - (long double)left.tv_sec) * 1e9L);
	while (nanosleep(&left, &left) != 0 && errno == EINTR)
		; /* a signal came: sleep for what is left */
	reply_ok(context->reply);
}

void debug_set_active_expire_command(struct command_context *context)
{
	int64_t enabled;

	if (!argument_int64(context, 2, &enabled))
		return;
	setting_put(&settings.active_expire_enabled, enabled != 0);
	reply_ok(context->reply);
}

/* The text stands behind the "-" as it is: it brings its own code. */
void debug_error_command(struct command_context *context)
{
	reply_errorf(context->reply, "%.*s", (int)context->argv[2].len, context->argv[2].data);
}

void debug_log_command(struct command_context *context)
{
	log_event(LOG_WARNING, "DEBUG LOG", LOG_SLICE("text", context->argv[2]));
	reply_ok(context->reply);
}

void debug_assert_command(struct command_context *context)
{
	log_event(LOG_WARNING, "assertion failed: DEBUG ASSERT", LOG_INT("id", context->session->id));
	abort();
}

void debug_panic_command(struct command_context *context)
{
	log_event(LOG_WARNING, "panic: DEBUG PANIC", LOG_INT("id", context->session->id));
	abort();
}

void debug_segfault_command(struct command_context *context)
{
	(void)context;
	raise(SIGSEGV);
}

void debug_help_command(struct command_context *context)
{
	static const char *const lines[] = {
		"ASSERT",
		"    End the daemon as a failed assertion does.",
		"DIGEST",
		"    Return a digest of all databases, the one that Redis has of the same data.",
		"DIGEST-VALUE <key> [<key> ...]",
		"    Return the digests of the keys' values.",
		"ERROR <string>",
		"    Return an error with <string> as its text.",
		"HTSTATS <dbid>",
		"    Return how full the hash tables of the database are.",
		"HTSTATS-KEY <key>",
		"    The same of a value that is a hash table. None is.",
		"LOADAOF",
		"    Drop all keys and load the append-only file.",
		"LOG <message>",
		"    Write <message> to the log.",
		"OBJECT <key>",
		"    Show how the value of <key> is kept.",
		"PANIC",
		"    End the daemon as a panic does.",
		"POPULATE <count> [<prefix> [<size>]]",
		"    Create <count> keys named key:<number>, or <prefix>:<number>, whose values",
		"    are value:<number>, cut or filled with zeros to <size> bytes.",
		"PROTOCOL <type>",
		"    Reply with a value of the type: string, integer, double, bignum, null,",
		"    array, set, map, attrib, push, verbatim, true or false.",
		"RELOAD [MERGE] [NOFLUSH] [NOSAVE]",
		"    Save a snapshot, drop all keys and load it. MERGE: a key that is there is",
		"    replaced. NOFLUSH: no key is dropped before. NOSAVE: the snapshot that is",
		"    there is loaded.",
		"SDSLEN <key>",
		"    Show the lengths of <key> and its value, and the memory they take.",
		"SEGFAULT",
		"    End the daemon as an access to wrong memory does.",
		"SET-ACTIVE-EXPIRE <0|1>",
		"    Setting it to 0 disables expiring keys that are not accessed, 1 enables it.",
		"SLEEP <seconds>",
		"    Stop the thread that serves this client for <seconds>. Decimals allowed.",
		NULL,
	};

	argument_reply_help(context, lines);
}
