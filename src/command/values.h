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
#include "command/event.h"

/* The entry of a key that the command is about to change, or NULL. */
static inline struct entry *value_find(struct command_context *context, size_t key)
{
	return keyspace_find(context->keyspace, context->db, &context->keys[key], context->now);
}

/* The same for a command that reads: it counts a hit or a miss, of which it raises the event. */
static inline struct entry *value_read(struct command_context *context, size_t key)
{
	return event_read(context, &context->keys[key]);
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

/* Says how storing a value under a key ended: when it did, and the key was not there before, the event of a new key is
 * raised. Returns `stored`. */
static inline struct entry *value_stored(struct command_context *context, size_t key, bool is_new, struct entry *stored)
{
	if (stored != NULL && is_new)
		event_raise(context, EVENT_NEW, "new", &context->keys[key]);
	return stored;
}

/* Sets the key to a block, of which it takes a reference in any case. `found` and `expire_at` as for keyspace_set.
 * Returns the entry, NULL when there is no memory; the error is not written. */
static inline struct entry *value_store_block(struct command_context *context, size_t key, struct entry *found,
					      struct block *block, int64_t expire_at)
{
	bool is_new = found == NULL;

	return value_stored(
		context, key, is_new,
		keyspace_put_block(context->keyspace, context->db, &context->keys[key], found, block, expire_at));
}

/* Sets the key to the argument number `value`, by its block if it has one. `found` and `expire_at` as for keyspace_set.
 * False when there is no memory; the error is not written. */
static inline bool value_store_argument(struct command_context *context, size_t key, struct entry *found, size_t value,
					int64_t expire_at)
{
	bool is_new = found == NULL;
	struct block *block = NULL;

	if (context->request->big_count > 0)
		block = resp_request_take_block(context->request, value);
	if (block != NULL)
		return value_store_block(context, key, found, block, expire_at) != NULL;
	return value_stored(context, key, is_new,
			    keyspace_set(context->keyspace, context->db, &context->keys[key], found,
					 context->argv[value], expire_at)) != NULL;
}

/* Sets the key to `text`, its time to live kept; limits are checked. Returns the entry, NULL with the error written. */
static inline struct entry *value_store_text(struct command_context *context, size_t key, struct entry *found,
					     struct slice text)
{
	bool is_new = found == NULL;
	struct entry *stored;

	if (!value_fits(context, key, text.len))
		return NULL;
	stored = keyspace_set(context->keyspace, context->db, &context->keys[key], found, text, KEYSPACE_KEEP_TTL);
	if (stored == NULL)
		reply_error_out_of_memory(context->reply);
	return value_stored(context, key, is_new, stored);
}

/* The value's bytes, `len` of them, to be changed in place: what is new is zeros, no reply sees the changes, and the
 * time to live is kept. A key that is not there (*entry is NULL) is made; what grows is held to the limits. The entry,
 * made or moved, goes into *entry. NULL with the error written; else value_edited() must follow. */
static inline char *value_edit(struct command_context *context, size_t key, struct entry **entry, size_t len)
{
	bool is_new = *entry == NULL;
	struct entry *edited;
	char *bytes;

	if (len > value_bytes(*entry).len && !value_fits(context, key, len))
		return NULL;
	edited = keyspace_resize(context->keyspace, context->db, &context->keys[key], *entry, len, &bytes);
	if (value_stored(context, key, is_new, edited)) {
		*entry = edited;
		return bytes;
	}
	reply_error_out_of_memory(context->reply);
	return NULL;
}

/* What value_edit gave is written: these bytes of the value, the last one among them if the value has become longer. */
static inline void value_edited(struct command_context *context, const struct entry *entry, size_t from, size_t len)
{
	keyspace_edited(context->keyspace, context->db, entry, from, len);
}

#endif
