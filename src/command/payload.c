/*
 * DUMP and RESTORE: a value as a payload that any Redis reads (persist/payload.h), and back.
 *
 * The happy path of RESTORE: the options are read, the key is free or may be replaced, the time to live is a number,
 * the payload is sound, and its value is set. The checks come in this order, which is Redis's.
 */
#include "persist/payload.h"

#include "base/settings.h"
#include "command/arguments.h"
#include "command/event.h"
#include "command/handlers.h"

enum { MAX_FREQUENCY = 255 };

/* --- DUMP ------------------------------------------------------------------------------------------------------- */

void dump_command(struct command_context *context)
{
	struct entry *entry = event_read(context, &context->keys[0]);
	struct buffer payload = {0};

	if (entry == NULL) {
		reply_null(context->reply);
		return;
	}
	payload_write(&payload, entry_value(entry), true);
	if (payload.failed)
		reply_error_out_of_memory(context->reply);
	else
		reply_bulk(context->reply, buffer_slice(&payload));
	buffer_free(&payload);
}

/* --- RESTORE ---------------------------------------------------------------------------------------------------- */

struct restore {
	bool replace;
	bool absolute;	   /* the time to live is Unix time */
	int64_t idle;	   /* seconds; -1: not given */
	int64_t frequency; /* 0 to MAX_FREQUENCY; -1: not given */
	int64_t expire_at; /* Unix time in milliseconds, or KEYSPACE_PERSIST */
};

/* Reads the number behind the option at *index. False with `error` written when it is not from 0 to `max`. */
static bool option_number(struct command_context *context, size_t *index, int64_t max, int64_t *value,
			  const char *error)
{
	if (!argument_int64(context, ++*index, value))
		return false;
	if (*value >= 0 && *value <= max)
		return true;
	reply_error(context->reply, error);
	return false;
}

/* A key has been idle for a time or used so often, not both: the second of the two is no option any more. */
static bool restore_options(struct command_context *context, struct restore *restore)
{
	for (size_t i = 4; i < context->argc; i++) {
		bool has_value = i + 1 < context->argc;

		if (argument_is(context, i, "REPLACE")) {
			restore->replace = true;
		} else if (argument_is(context, i, "ABSTTL")) {
			restore->absolute = true;
		} else if (argument_is(context, i, "IDLETIME") && has_value && restore->frequency == -1) {
			if (!option_number(context, &i, INT64_MAX, &restore->idle,
					   "ERR Invalid IDLETIME value, must be >= 0"))
				return false;
		} else if (argument_is(context, i, "FREQ") && has_value && restore->idle == -1) {
			if (!option_number(context, &i, MAX_FREQUENCY, &restore->frequency,
					   "ERR Invalid FREQ value, must be >= 0 and <= 255"))
				return false;
		} else {
			reply_error_syntax(context->reply);
			return false;
		}
	}
	return true;
}

static bool restore_time(struct command_context *context, struct restore *restore)
{
	int64_t time;

	if (!argument_int64(context, 2, &time))
		return false;
	if (time < 0) {
		reply_error(context->reply, "ERR Invalid TTL value, must be >= 0");
		return false;
	}
	if (time == 0)
		restore->expire_at = KEYSPACE_PERSIST;
	else
		return argument_expiry(context, time, TIME_MILLISECONDS | (restore->absolute ? TIME_UNIX : 0),
				       &restore->expire_at);
	return true;
}

/* Reads the value; false with the error written. */
static bool restore_value(struct command_context *context, struct rdb_string *value)
{
	size_t max_len = (size_t)setting_get(&settings.proto_max_bulk_len);

	switch (payload_read(context->argv[3], max_len, value)) {
	case PAYLOAD_OK:
		if (argument_value_fits(context, value->text.len))
			return true;
		block_unref(value->block);
		return false;
	case PAYLOAD_TOO_LONG:
		return argument_value_fits(context, value->text.len);
	case PAYLOAD_NO_MEMORY:
		reply_error_out_of_memory(context->reply);
		return false;
	case PAYLOAD_UNKNOWN:
		reply_error(context->reply, "ERR DUMP payload version or checksum are wrong");
		return false;
	default:
		reply_error(context->reply, "ERR Bad data format");
		return false;
	}
}

/* The key would be dead at once: what it replaces goes, and that is all. */
static void restore_dead(struct command_context *context, struct entry *found, struct rdb_string *value)
{
	const struct key *key = &context->keys[0];

	block_unref(value->block);
	if (found != NULL) {
		keyspace_delete(context->keyspace, context->db, key, found, false);
		event_raise(context, EVENT_GENERIC, "del", key);
	}
	reply_ok(context->reply);
}

/* How much the key was used, if that is told and the policy in force keeps it. */
static void restore_use(const struct restore *restore, struct entry *entry, int64_t now)
{
	bool counts = (setting_get(&settings.maxmemory_policy) & POLICY_LFU) != 0;

	if (counts && restore->frequency >= 0)
		keyspace_set_freq(entry, (uint8_t)restore->frequency, now);
	if (!counts && restore->idle >= 0)
		keyspace_set_idle(entry, restore->idle, now);
}

static struct entry *restore_set(struct command_context *context, struct entry *found, struct rdb_string *value,
				 int64_t expire_at)
{
	const struct key *key = &context->keys[0];

	if (value->block != NULL)
		return keyspace_put_block(context->keyspace, context->db, key, found, value->block, expire_at);
	return keyspace_set(context->keyspace, context->db, key, found, value->text, expire_at);
}

void restore_command(struct command_context *context)
{
	const struct key *key = &context->keys[0];
	struct restore restore = {.idle = -1, .frequency = -1};
	struct rdb_string value;
	struct entry *found;

	if (!restore_options(context, &restore))
		return;
	found = keyspace_find(context->keyspace, context->db, key, context->now);
	if (found != NULL && !restore.replace) {
		reply_error(context->reply, "BUSYKEY Target key name already exists.");
		return;
	}
	if (!restore_time(context, &restore) || !argument_key_fits(context, key->name) ||
	    !restore_value(context, &value))
		return;
	if (restore.expire_at != KEYSPACE_PERSIST && restore.expire_at <= context->now) {
		restore_dead(context, found, &value);
		return;
	}
	found = restore_set(context, found, &value, restore.expire_at);
	if (found == NULL) {
		reply_error_out_of_memory(context->reply);
		return;
	}
	restore_use(&restore, found, context->now);
	event_raise(context, EVENT_NEW, "new", key); /* also when it replaces another, as in Redis */
	event_raise(context, EVENT_GENERIC, "restore", key);
	reply_ok(context->reply);
}
