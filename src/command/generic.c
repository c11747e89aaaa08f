/*
 * Commands about keys whatever their value: removing, counting, listing and renaming them, and emptying databases.
 *
 * Those that name their keys find them in context->keys, hashed and locked. The others (KEYS, SCAN, RANDOMKEY, DBSIZE
 * and the FLUSH commands) run with every shard locked, and what they list goes straight from the walk into the reply.
 */
#include "base/glob.h"
#include "base/number.h"
#include "base/settings.h"
#include "command/arguments.h"
#include "command/handlers.h"

/* --- named keys ------------------------------------------------------------------------------------------------- */

static void delete_keys(struct command_context *context, bool lazy)
{
	int64_t deleted = 0;

	for (size_t i = 0; i < context->key_count; i++) {
		const struct key *key = &context->keys[i];
		struct entry *entry = keyspace_find(context->keyspace, context->db, key, context->now);

		if (entry == NULL)
			continue;
		keyspace_delete(context->keyspace, context->db, key, entry, lazy);
		deleted++;
	}
	reply_int(context->reply, deleted);
}

void del_command(struct command_context *context)
{
	delete_keys(context, setting_get(&settings.lazyfree_lazy_user_del) != 0);
}

void unlink_command(struct command_context *context)
{
	delete_keys(context, true);
}

/* Counts those that are there; a key named twice counts twice. */
void exists_command(struct command_context *context)
{
	int64_t found = 0;

	for (size_t i = 0; i < context->key_count; i++) {
		if (keyspace_read(context->keyspace, context->db, &context->keys[i], context->now) != NULL)
			found++;
	}
	reply_int(context->reply, found);
}

/* No key has a time of last use, so touching one is no more than seeing whether it is there. */
void touch_command(struct command_context *context)
{
	exists_command(context);
}

void type_command(struct command_context *context)
{
	struct entry *entry = keyspace_read(context->keyspace, context->db, &context->keys[0], context->now);

	reply_simple(context->reply, entry != NULL ? "string" : "none");
}

/* How a rename ended. */
enum rename_outcome {
	RENAME_FAILED, /* the error is written */
	RENAME_DONE,
	RENAME_IN_THE_WAY, /* the new name is taken and may not be replaced; nothing has changed */
};

/* Renames the first key to the second. A key is in its own way. */
static enum rename_outcome rename_key(struct command_context *context, bool replace)
{
	const struct key *from = &context->keys[0];
	const struct key *to = &context->keys[1];
	struct entry *found = keyspace_find(context->keyspace, context->db, from, context->now);
	struct entry *replaced;

	if (found == NULL) {
		reply_error(context->reply, "ERR no such key");
		return RENAME_FAILED;
	}
	if (slice_equal(from->name, to->name))
		return replace ? RENAME_DONE : RENAME_IN_THE_WAY;
	if (!argument_key_fits(context, to->name))
		return RENAME_FAILED;

	replaced = keyspace_find(context->keyspace, context->db, to, context->now);
	if (replaced != NULL && !replace)
		return RENAME_IN_THE_WAY;
	if (keyspace_rename(context->keyspace, context->db, from, found, to, replaced))
		return RENAME_DONE;
	reply_error_out_of_memory(context->reply);
	return RENAME_FAILED;
}

void rename_command(struct command_context *context)
{
	if (rename_key(context, true) == RENAME_DONE)
		reply_ok(context->reply);
}

void renamenx_command(struct command_context *context)
{
	enum rename_outcome outcome = rename_key(context, false);

	if (outcome != RENAME_FAILED)
		reply_int(context->reply, outcome == RENAME_DONE);
}

/* --- all keys --------------------------------------------------------------------------------------------------- */

/* What a walk over the keys writes. */
struct listing {
	struct reply *reply;
	struct slice pattern;
	bool every_key; /* the pattern is "*": there is no need to compare */
	size_t count;	/* keys written */
};

static bool matches_every_key(struct slice pattern)
{
	return slice_equal(pattern, SLICE("*"));
}

/* A keyspace_visit over a struct listing. */
static void listing_visit(struct entry *entry, void *arg)
{
	struct listing *listing = arg;
	struct slice name = entry_key(entry);

	if (!listing->every_key && !glob_match(listing->pattern, name, false))
		return;
	reply_bulk(listing->reply, name);
	listing->count++;
}

void keys_command(struct command_context *context)
{
	struct slice pattern = context->argv[1];
	struct listing listing = {
		.reply = context->reply,
		.pattern = pattern,
		.every_key = matches_every_key(pattern),
	};
	struct reply_deferred header = reply_array_begin(context->reply);

	keyspace_each(context->keyspace, context->db, context->now, listing_visit, &listing);
	reply_array_end(context->reply, header, listing.count);
}

/* What SCAN was asked for. */
struct scan_options {
	struct slice pattern;
	int64_t count; /* about so many keys in one step */
	bool strings;  /* the wanted type, if one was named, is the one there is */
};

/* Reads the words behind the cursor. False with the error written. */
static bool scan_options_read(struct command_context *context, struct scan_options *options)
{
	for (size_t i = 2; i < context->argc; i += 2) {
		if (i + 1 == context->argc) {
			reply_error_syntax(context->reply);
			return false;
		}
		if (argument_is(context, i, "MATCH")) {
			options->pattern = context->argv[i + 1];
		} else if (argument_is(context, i, "TYPE")) {
			options->strings = argument_is(context, i + 1, "string");
		} else if (!argument_is(context, i, "COUNT")) {
			reply_error_syntax(context->reply);
			return false;
		} else if (!argument_int64(context, i + 1, &options->count)) {
			return false;
		} else if (options->count < 1) {
			reply_error_syntax(context->reply);
			return false;
		}
	}
	return true;
}

/* A keyspace_visit for a walk whose keys nobody wants. */
static void ignore_visit(struct entry *entry, void *arg)
{
	(void)entry;
	(void)arg;
}

/* The new cursor stands before the keys, but is known after them: they are gathered in a reply of their own. */
static void scan_reply(struct command_context *context, uint64_t cursor, const struct scan_options *options)
{
	struct reply keys = {.protocol = context->reply->protocol};
	struct listing listing = {
		.reply = &keys,
		.pattern = options->pattern,
		.every_key = matches_every_key(options->pattern),
	};
	char text[NUMBER_INT64_TEXT];

	cursor = keyspace_scan(context->keyspace, context->db, cursor, (size_t)options->count, context->now,
			       options->strings ? listing_visit : ignore_visit, &listing);
	if (reply_failed(&keys)) {
		reply_error_out_of_memory(context->reply);
	} else {
		reply_array(context->reply, 2);
		reply_bulk(context->reply, (struct slice){text, number_print_uint64(text, cursor)});
		reply_array(context->reply, listing.count);
		reply_raw(context->reply, buffer_slice(&keys.bytes));
	}
	reply_free(&keys);
}

void scan_command(struct command_context *context)
{
	struct scan_options options = {.pattern = SLICE("*"), .count = 10, .strings = true};
	uint64_t cursor;

	if (!number_parse_uint64(context->argv[1], &cursor)) {
		reply_error(context->reply, "ERR invalid cursor");
		return;
	}
	if (scan_options_read(context, &options))
		scan_reply(context, cursor, &options);
}

void randomkey_command(struct command_context *context)
{
	struct entry *entry = keyspace_random(context->keyspace, context->db, context->random, context->now);

	if (entry == NULL)
		reply_null(context->reply);
	else
		reply_bulk(context->reply, entry_key(entry));
}

void dbsize_command(struct command_context *context)
{
	reply_int(context->reply, (int64_t)keyspace_size(context->keyspace, context->db));
}

/* `db` is a database's number or KEYSPACE_ALL_DATABASES. */
static void flush(struct command_context *context, int db)
{
	bool lazy = setting_get(&settings.lazyfree_lazy_user_flush) != 0;

	if (context->argc > 1) {
		lazy = argument_is(context, 1, "ASYNC");
		if (context->argc > 2 || (!lazy && !argument_is(context, 1, "SYNC"))) {
			reply_error_syntax(context->reply);
			return;
		}
	}
	keyspace_flush(context->keyspace, db, lazy);
	reply_ok(context->reply);
}

void flushdb_command(struct command_context *context)
{
	flush(context, (int)context->db);
}

void flushall_command(struct command_context *context)
{
	flush(context, KEYSPACE_ALL_DATABASES);
}
