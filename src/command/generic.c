/*
 * Commands about keys whatever their value: removing, counting and renaming them, and emptying databases.
 *
 * Those that name their keys find them in context->keys, hashed and locked. The FLUSH commands run with every shard
 * locked. command/walk.c has those that list keys.
 */
#include "base/settings.h"
#include "command/arguments.h"
#include "command/event.h"
#include "command/handlers.h"
#include "command/host.h"

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
		event_raise(context, EVENT_GENERIC, "del", key);
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
		if (event_read(context, &context->keys[i]) != NULL)
			found++;
	}
	reply_int(context->reply, found);
}

/* What differs is in the command table: to look a key up for EXISTS is no use of it. */
void touch_command(struct command_context *context)
{
	exists_command(context);
}

void type_command(struct command_context *context)
{
	struct entry *entry = event_read(context, &context->keys[0]);

	reply_simple(context->reply, entry != NULL ? "string" : "none");
}

/* SORT and SORT_RO. A value that is a string cannot be sorted, and there are no others. */
void sort_command(struct command_context *context)
{
	bool read_only = (context->command->flags & COMMAND_READONLY) != 0;

	reply_errorf(context->reply, "ERR %s is not supported: cubby has no lists, sets or sorted sets",
		     read_only ? "SORT_RO" : "SORT");
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
	if (!keyspace_rename(context->keyspace, context->db, from, found, to, replaced)) {
		reply_error_out_of_memory(context->reply);
		return RENAME_FAILED;
	}
	event_raise(context, EVENT_NEW, "new", to); /* also when it replaces another, as in Redis */
	event_raise(context, EVENT_GENERIC, "rename_from", from);
	event_raise(context, EVENT_GENERIC, "rename_to", to);
	return RENAME_DONE;
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

/* `db` is a database's number or KEYSPACE_ALL_DATABASES. Nobody waits for five million keys to be freed, whatever word
 * was given: with SYNC, too, they are out of reach when the reply comes, and their memory follows in the background. */
static bool flush(struct command_context *context, int db)
{
	if (context->argc > 2 ||
	    (context->argc == 2 && !argument_is(context, 1, "ASYNC") && !argument_is(context, 1, "SYNC"))) {
		reply_error_syntax(context->reply);
		return false;
	}
	keyspace_flush(context->keyspace, db);
	reply_ok(context->reply);
	return true;
}

void flushdb_command(struct command_context *context)
{
	flush(context, (int)context->db);
}

void flushall_command(struct command_context *context)
{
	if (flush(context, KEYSPACE_ALL_DATABASES) && context->host->flushed != NULL)
		context->host->flushed(context->host);
}
