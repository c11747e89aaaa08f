/*
 * What the commands on values share: finding the value of a key, answering with it, storing a new one.
 *
 * `key` is the place of a key among those that the command's row names (context->keys), whose shards are locked. An
 * entry is valid until the next change of the keyspace. A helper that writes an error says so, and returns false or
 * NULL then.
 */
#ifndef CUBBY_COMMAND_VALUES_H
#define CUBBY_COMMAND_VALUES_H

#include "command/arguments.h"

/* The entry of a key that the command is about to change, or NULL. */
static inline struct entry *value_find(struct command_context *context, size_t key)
{
	return keyspace_find(context->keyspace, context->db, &context->keys[key], context->now);
}

/* The same for a command that reads: it counts a hit or a miss. */
static inline struct entry *value_read(struct command_context *context, size_t key)
{
	return keyspace_read(context->keyspace, context->db, &context->keys[key], context->now);
}

/* The bytes of an entry; none when it is NULL. */
static inline struct slice value_bytes(const struct entry *entry)
{
	return entry != NULL ? entry_value(entry) : SLICE("");
}

/* Answers with the value of `entry`, by reference when it is large, or with null when there is none. */
static inline void value_reply(struct reply *reply, const struct entry *entry)
{
	struct block *block;

	if (entry == NULL) {
		reply_null(reply);
		return;
	}
	block = entry_block(entry);
	if (block != NULL)
		reply_bulk_block(reply, block, 0, block->len);
	else
		reply_bulk(reply, entry_value(entry));
}

/* Whether the key and a value of `len` bytes are within the limits. False with the error written. */
static inline bool value_fits(struct command_context *context, size_t key, size_t len)
{
	return argument_key_fits(context, context->keys[key].name) && argument_value_fits(context, len);
}

/* Sets the key to the argument number `value`, by its block if it has one. `found` and `expire_at` as for keyspace_set.
 * False when there is no memory; the error is not written. */
static inline bool value_store_argument(struct command_context *context, size_t key, struct entry *found, size_t value,
					int64_t expire_at)
{
	const struct key *where = &context->keys[key];
	struct block *block = NULL;

	if (context->request->big_count > 0)
		block = resp_request_take_block(context->request, value);
	if (block != NULL)
		return keyspace_put_block(context->keyspace, context->db, where, found, block, expire_at) != NULL;
	return keyspace_set(context->keyspace, context->db, where, found, context->argv[value], expire_at) != NULL;
}

/* Sets the key to `text`, its time to live kept; limits are checked. False with the error written. */
static inline bool value_store_text(struct command_context *context, size_t key, struct entry *found, struct slice text)
{
	const struct key *where = &context->keys[key];

	if (!value_fits(context, key, text.len))
		return false;
	if (keyspace_set(context->keyspace, context->db, where, found, text, KEYSPACE_KEEP_TTL) != NULL)
		return true;
	reply_error_out_of_memory(context->reply);
	return false;
}

/* The value's bytes, `len` of them, to be changed in place: what is new is zeros, no reply sees the changes, and the
 * time to live is kept. A key that is not there (`found` is NULL) is made; what grows is held to the limits. NULL with
 * the error written. */
static inline char *value_edit(struct command_context *context, size_t key, struct entry *found, size_t len)
{
	const struct key *where = &context->keys[key];
	char *bytes;

	if (len > value_bytes(found).len && !value_fits(context, key, len))
		return NULL;
	if (keyspace_resize(context->keyspace, context->db, where, found, len, &bytes) != NULL)
		return bytes;
	reply_error_out_of_memory(context->reply);
	return NULL;
}

#endif
