/*
 * OBJECT: what the store keeps of a key beside its value. None of it counts as a use of the key (COMMAND_NO_TOUCH).
 */
#include "base/settings.h"
#include "command/arguments.h"
#include "command/handlers.h"

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
	struct entry *entry = keyspace_read(context->keyspace, context->db, &context->keys[0], context->now);

	if (entry == NULL)
		reply_null(context->reply);
	else if (use_is_known(context, false))
		reply_int(context->reply, keyspace_idle(entry, context->now));
}

void object_freq_command(struct command_context *context)
{
	struct entry *entry = keyspace_read(context->keyspace, context->db, &context->keys[0], context->now);

	if (entry == NULL)
		reply_null(context->reply);
	else if (use_is_known(context, true))
		reply_int(context->reply, keyspace_freq(entry, context->now));
}
