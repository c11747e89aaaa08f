/*
 * OBJECT: what the store keeps of a key beside its value. None of it counts as a use of the key (COMMAND_NO_TOUCH).
 */
#include <string.h>

#include "base/number.h"
#include "base/settings.h"
#include "command/arguments.h"
#include "command/handlers.h"

/* Writes null and returns NULL when there is no such key. */
static struct entry *object_find(struct command_context *context)
{
	struct entry *entry = keyspace_read(context->keyspace, context->db, &context->keys[0], context->now);

	if (entry == NULL)
		reply_null(context->reply);
	return entry;
}

/* --- how it is held ---------------------------------------------------------------------------------------------- */

enum { SHARED_INTEGERS = 10000 }; /* Redis has one object for each integer from 0 on that is less */

/* What Redis would say. Here a value is bytes, whatever they are. */
void object_encoding_command(struct command_context *context)
{
	struct entry *entry = object_find(context);

	if (entry != NULL)
		reply_bulk_text(context->reply, entry_encoding(entry));
}

/* Redis answers INT_MAX for a shared integer. */
void object_refcount_command(struct command_context *context)
{
	struct entry *entry = object_find(context);
	int64_t value;

	if (entry == NULL)
		return;
	if (strcmp(entry_encoding(entry), "int") == 0 && number_parse_int64(entry_value(entry), &value) && value >= 0 &&
	    value < SHARED_INTEGERS)
		reply_int(context->reply, INT32_MAX);
	else
		reply_int(context->reply, 1);
}

/* --- how much a key is used -------------------------------------------------------------------------------------- */

/* Whether the store keeps what is asked for under the policy in force; writes the error when it does not. */
static bool use_is_known(struct command_context *context, bool counts)
{
	bool counted = (setting_get(&settings.maxmemory_policy) & POLICY_LFU) != 0;

	if (counted == counts)
		return true;
	reply_errorf(context->reply,
		     "ERR An LFU maxmemory policy is %s, %s not tracked. Please note that when switching between "
		     "policies at runtime LRU and LFU data will take some time to adjust.",
		     counted ? "selected" : "not selected", counts ? "access frequency" : "idle time");
	return false;
}

/* As in Redis, a key that is not there is no error, whatever the policy. */
void object_idletime_command(struct command_context *context)
{
	struct entry *entry = object_find(context);

	if (entry != NULL && use_is_known(context, false))
		reply_int(context->reply, keyspace_idle(entry, context->now));
}

void object_freq_command(struct command_context *context)
{
	struct entry *entry = object_find(context);

	if (entry != NULL && use_is_known(context, true))
		reply_int(context->reply, keyspace_freq(entry, context->now));
}

void object_help_command(struct command_context *context)
{
	static const char *const lines[] = {
		"ENCODING <key>",
		"    Return the kind of internal representation used in order to store the value",
		"    associated with a <key>.",
		"FREQ <key>",
		"    Return the access frequency index of the <key>. The returned integer is",
		"    proportional to the logarithm of the recent access frequency of the key.",
		"IDLETIME <key>",
		"    Return the idle time of the <key>, that is the approximated number of",
		"    seconds elapsed since the last access to the key.",
		"REFCOUNT <key>",
		"    Return the number of references of the value associated with the specified",
		"    <key>.",
		NULL,
	};

	argument_reply_help(context, lines);
}
