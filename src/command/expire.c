/*
 * The EXPIRE family: giving keys a time to live, and asking for it.
 *
 * The happy path of EXPIRE: read the conditions (NX XX GT LT), turn the argument into the moment at which the key is to
 * die, look the key up, check the conditions against what it has, and set the moment, or delete the key at once when
 * that moment has passed. All errors in the arguments come before the key is looked up, as in Redis.
 */
#include "command/arguments.h"
#include "command/event.h"
#include "command/handlers.h"

enum {
	CONDITION_NX = 1 << 0, /* only when the key has no time to live */
	CONDITION_XX = 1 << 1, /* only when it has one */
	CONDITION_GT = 1 << 2, /* only when the new one is later; no time to live counts as for ever */
	CONDITION_LT = 1 << 3, /* only when the new one is earlier */
};

/* --- setting ---------------------------------------------------------------------------------------------------- */

static unsigned condition_of(const struct command_context *context, size_t index)
{
	if (argument_is(context, index, "NX"))
		return CONDITION_NX;
	if (argument_is(context, index, "XX"))
		return CONDITION_XX;
	if (argument_is(context, index, "GT"))
		return CONDITION_GT;
	if (argument_is(context, index, "LT"))
		return CONDITION_LT;
	return 0;
}

/* Reads the conditions, from the fourth word on. False with the error written. */
static bool conditions_read(struct command_context *context, unsigned *conditions)
{
	*conditions = 0;
	for (size_t i = 3; i < context->argc; i++) {
		unsigned condition = condition_of(context, i);

		if (condition == 0) {
			reply_errorf(context->reply, "ERR Unsupported option %.*s", argument_echo_len(context->argv[i]),
				     context->argv[i].data);
			return false;
		}
		*conditions |= condition;
	}
	if ((*conditions & CONDITION_NX) != 0 && *conditions != CONDITION_NX) {
		reply_error(context->reply, "ERR NX and XX, GT or LT options at the same time are not compatible");
		return false;
	}
	if ((*conditions & CONDITION_GT) != 0 && (*conditions & CONDITION_LT) != 0) {
		reply_error(context->reply, "ERR GT and LT options at the same time are not compatible");
		return false;
	}
	return true;
}

/* Whether a key that dies at `current` (0: never) may be told to die at `at`. */
static bool conditions_hold(unsigned conditions, int64_t current, int64_t at)
{
	bool volatile_key = current != 0;

	if ((conditions & CONDITION_NX) != 0 && volatile_key)
		return false;
	if ((conditions & CONDITION_XX) != 0 && !volatile_key)
		return false;
	if ((conditions & CONDITION_GT) != 0 && (!volatile_key || at <= current))
		return false;
	if ((conditions & CONDITION_LT) != 0 && volatile_key && at >= current)
		return false;
	return true;
}

/* `unit` is a sum of enum argument_time. */
static void expire_in_unit(struct command_context *context, int unit)
{
	const struct key *key = &context->keys[0];
	struct entry *entry;
	unsigned conditions;
	const char *event = "expire";
	int64_t amount;
	int64_t at;

	if (!conditions_read(context, &conditions) || !argument_int64(context, 2, &amount) ||
	    !argument_expiry(context, amount, unit, &at))
		return;

	entry = keyspace_find(context->keyspace, context->db, key, context->now);
	if (entry == NULL || !conditions_hold(conditions, entry_expire_at(entry), at)) {
		reply_int(context->reply, 0);
		return;
	}
	if (at <= context->now && !keyspace_keeps_dead(context->keyspace)) {
		keyspace_delete(context->keyspace, context->db, key, entry, false);
		event = "del";
	} else if (keyspace_expire(context->keyspace, context->db, key, entry, at) == NULL) {
		reply_error_out_of_memory(context->reply);
		return;
	}
	event_raise(context, EVENT_GENERIC, event, key);
	reply_int(context->reply, 1);
}

void expire_command(struct command_context *context)
{
	expire_in_unit(context, TIME_SECONDS);
}

void pexpire_command(struct command_context *context)
{
	expire_in_unit(context, TIME_MILLISECONDS);
}

void expireat_command(struct command_context *context)
{
	expire_in_unit(context, TIME_SECONDS | TIME_UNIX);
}

void pexpireat_command(struct command_context *context)
{
	expire_in_unit(context, TIME_MILLISECONDS | TIME_UNIX);
}

void persist_command(struct command_context *context)
{
	const struct key *key = &context->keys[0];
	struct entry *entry = keyspace_find(context->keyspace, context->db, key, context->now);

	if (entry == NULL || entry_expire_at(entry) == 0) {
		reply_int(context->reply, 0);
		return;
	}
	if (keyspace_expire(context->keyspace, context->db, key, entry, KEYSPACE_PERSIST) == NULL) {
		reply_error_out_of_memory(context->reply);
		return;
	}
	event_raise(context, EVENT_GENERIC, "persist", key);
	reply_int(context->reply, 1);
}

/* --- asking ----------------------------------------------------------------------------------------------------- */

/* As Redis rounds, but also right for the last half second that an int64_t can hold. */
static int64_t nearest_second(int64_t milliseconds)
{
	return milliseconds / 1000 + (milliseconds % 1000 >= 500);
}

/* Answers -2 when there is no such key and -1 when it never dies. */
static void reply_time_to_live(struct command_context *context, int unit)
{
	struct entry *entry = event_read(context, &context->keys[0]);
	int64_t at = entry != NULL ? entry_expire_at(entry) : 0;
	int64_t time = (unit & TIME_UNIX) != 0 ? at : at - context->now;

	if (entry == NULL)
		reply_int(context->reply, -2);
	else if (at == 0)
		reply_int(context->reply, -1);
	else
		reply_int(context->reply, (unit & TIME_MILLISECONDS) != 0 ? time : nearest_second(time));
}

void ttl_command(struct command_context *context)
{
	reply_time_to_live(context, TIME_SECONDS);
}

void pttl_command(struct command_context *context)
{
	reply_time_to_live(context, TIME_MILLISECONDS);
}

void expiretime_command(struct command_context *context)
{
	reply_time_to_live(context, TIME_SECONDS | TIME_UNIX);
}

void pexpiretime_command(struct command_context *context)
{
	reply_time_to_live(context, TIME_MILLISECONDS | TIME_UNIX);
}
