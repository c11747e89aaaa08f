/*
 * Commands that take keys to other places: COPY, MOVE, SWAPDB.
 *
 * A key is in the same shard whatever its database, so the shards of the keys that a row names are all the locks that
 * COPY and MOVE need. SWAPDB runs with every shard locked.
 */
#include "base/number.h"
#include "command/arguments.h"
#include "command/event.h"
#include "command/handlers.h"

/* --- COPY and MOVE ---------------------------------------------------------------------------------------------- */

static void same_object_error(struct command_context *context)
{
	reply_error(context->reply, "ERR source and destination objects are the same");
}

/* Reads the options of COPY, from the fourth word on. */
static bool copy_options(struct command_context *context, unsigned *db, bool *replace)
{
	for (size_t i = 3; i < context->argc; i++) {
		if (argument_is(context, i, "REPLACE")) {
			*replace = true;
		} else if (argument_is(context, i, "DB") && i + 1 < context->argc) {
			if (!argument_database(context, ++i, db))
				return false;
		} else {
			reply_error_syntax(context->reply);
			return false;
		}
	}
	return true;
}

void copy_command(struct command_context *context)
{
	const struct key *from = &context->keys[0];
	const struct key *to = &context->keys[1];
	unsigned db = context->db;
	bool replace = false;
	struct entry *found, *replaced;

	if (!copy_options(context, &db, &replace))
		return;
	if (db == context->db && slice_equal(from->name, to->name)) {
		same_object_error(context);
		return;
	}
	if (!argument_key_fits(context, to->name))
		return;
	found = event_read(context, from);
	replaced = keyspace_find(context->keyspace, db, to, context->now);
	if (found == NULL || (replaced != NULL && !replace)) {
		reply_int(context->reply, 0);
		return;
	}
	if (!keyspace_copy(context->keyspace, found, db, to, replaced)) {
		reply_error_out_of_memory(context->reply);
		return;
	}
	event_raise_db(context, EVENT_NEW, "new", to, db); /* also when it replaces another, as in Redis */
	event_raise_db(context, EVENT_GENERIC, "copy_to", to, db);
	reply_int(context->reply, 1);
}

void move_command(struct command_context *context)
{
	const struct key *key = &context->keys[0];
	struct entry *found;
	unsigned db;

	if (!argument_database(context, 2, &db))
		return;
	if (db == context->db) {
		same_object_error(context);
		return;
	}
	found = keyspace_find(context->keyspace, context->db, key, context->now);
	if (found == NULL || keyspace_find(context->keyspace, db, key, context->now) != NULL) {
		reply_int(context->reply, 0);
		return;
	}
	if (!keyspace_move(context->keyspace, context->db, key, found, db)) {
		reply_error_out_of_memory(context->reply);
		return;
	}
	event_raise_db(context, EVENT_NEW, "new", key, db);
	event_raise(context, EVENT_GENERIC, "move_from", key);
	event_raise_db(context, EVENT_GENERIC, "move_to", key, db);
	reply_int(context->reply, 1);
}

/* --- SWAPDB ----------------------------------------------------------------------------------------------------- */

/* Reads an integer of 32 bits; `error` says what it is called. */
static bool index_parse(struct command_context *context, size_t index, int64_t *db, const char *error)
{
	if (number_parse_int64(context->argv[index], db) && *db >= INT32_MIN && *db <= INT32_MAX)
		return true;
	reply_error(context->reply, error);
	return false;
}

void swapdb_command(struct command_context *context)
{
	int64_t count = keyspace_databases(context->keyspace);
	int64_t first, second;

	if (!index_parse(context, 1, &first, "ERR invalid first DB index") ||
	    !index_parse(context, 2, &second, "ERR invalid second DB index"))
		return;
	if (first < 0 || first >= count || second < 0 || second >= count) {
		reply_error(context->reply, "ERR DB index is out of range");
		return;
	}
	if (first != second)
		keyspace_swap(context->keyspace, (unsigned)first, (unsigned)second);
	reply_ok(context->reply);
}
