/*
 * Commands on string values.
 *
 * The happy path of a write: check the arguments, look the key up once, hand what was found and the new value to the
 * keyspace, answer. All errors in the arguments come before the lookup, as in Redis, and a write that finds no memory
 * answers with that error alone.
 *
 * Large values are never copied: an argument that the decoder has read into a block goes into the store as that block,
 * and a stored block is answered by reference.
 */
#include <math.h>
#include <string.h>

#include "base/number.h"
#include "command/handlers.h"
#include "command/values.h"

/* --- options of SET and GETEX ----------------------------------------------------------------------------------- */

enum set_flag {
	SET_NX = 1 << 0,
	SET_XX = 1 << 1,
	SET_GET = 1 << 2,
	SET_EX = 1 << 3,
	SET_PX = 1 << 4,
	SET_EXAT = 1 << 5,
	SET_PXAT = 1 << 6,
	SET_KEEPTTL = 1 << 7,
	SET_PERSIST = 1 << 8,
	SET_ANSWER_INT = 1 << 9, /* :1 and :0 instead of OK and null, for SETNX */
	SET_IFEQ = 1 << 10,	 /* a value follows */

	SET_TIMES = SET_EX | SET_PX | SET_EXAT | SET_PXAT, /* a number follows */
	SET_CONDITIONS = SET_NX | SET_XX | SET_IFEQ,
	SET_LIFETIMES = SET_TIMES | SET_KEEPTTL | SET_PERSIST,

	SET_OPTIONS = SET_CONDITIONS | SET_GET | SET_TIMES | SET_KEEPTTL,
	GETEX_OPTIONS = SET_TIMES | SET_PERSIST,
};

/* What SET's family, and GETEX, have been asked to do. */
struct set_options {
	unsigned flags;	 /* enum set_flag */
	size_t value;	 /* the argument that is the value */
	size_t time;	 /* the argument that is the time to live; 0: there is none */
	size_t expected; /* the argument that the old value must equal, with SET_IFEQ */
};

struct set_word {
	const char *text;
	unsigned flag;
	unsigned group; /* no other flag of it may stand beside this one */
};

static const struct set_word set_words[] = {
	{"EX", SET_EX, SET_LIFETIMES},
	{"PX", SET_PX, SET_LIFETIMES},
	{"NX", SET_NX, SET_CONDITIONS},
	{"XX", SET_XX, SET_CONDITIONS},
	{"GET", SET_GET, SET_GET},
	{"EXAT", SET_EXAT, SET_LIFETIMES},
	{"PXAT", SET_PXAT, SET_LIFETIMES},
	{"KEEPTTL", SET_KEEPTTL, SET_LIFETIMES},
	{"PERSIST", SET_PERSIST, SET_LIFETIMES},
	{"IFEQ", SET_IFEQ, SET_CONDITIONS},
	{NULL, 0, 0},
};

/* The option that argument `index` is and that `allowed` and the flags so far admit, or NULL. */
static const struct set_word *set_word_find(const struct command_context *context, size_t index, unsigned allowed,
					    unsigned flags)
{
	for (const struct set_word *word = set_words; word->text != NULL; word++) {
		if (!argument_is(context, index, word->text))
			continue;
		if ((word->flag & allowed) == 0 || (flags & word->group & ~word->flag) != 0)
			return NULL;
		return word;
	}
	return NULL;
}

/* Reads the options from argument `first` on. The same one may come twice, the last time counts. False with the error
 * written. */
static bool set_options_read(struct command_context *context, size_t first, unsigned allowed,
			     struct set_options *options)
{
	for (size_t i = first; i < context->argc; i++) {
		const struct set_word *word = set_word_find(context, i, allowed, options->flags);
		bool has_time = word != NULL && (word->flag & SET_TIMES) != 0;
		bool has_value = word != NULL && word->flag == SET_IFEQ;

		if (word == NULL || ((has_time || has_value) && i + 1 == context->argc)) {
			reply_error_syntax(context->reply);
			return false;
		}
		options->flags |= word->flag;
		if (has_time)
			options->time = ++i;
		else if (has_value)
			options->expected = ++i;
	}
	return true;
}

/* What the options make of the time to live, as keyspace_set takes it. False with the error written. */
static bool set_expiry(struct command_context *context, const struct set_options *options, int64_t *expire_at)
{
	int64_t amount;
	int unit = TIME_SECONDS;

	if (options->time == 0) {
		*expire_at = (options->flags & SET_KEEPTTL) != 0 ? KEYSPACE_KEEP_TTL : KEYSPACE_PERSIST;
		return true;
	}
	if (!argument_int64(context, options->time, &amount))
		return false;
	if (amount <= 0) {
		argument_error_expiry(context);
		return false;
	}
	if ((options->flags & (SET_PX | SET_PXAT)) != 0)
		unit |= TIME_MILLISECONDS;
	if ((options->flags & (SET_EXAT | SET_PXAT)) != 0)
		unit |= TIME_UNIX;
	return argument_expiry(context, amount, unit, expire_at);
}

/* --- SET's family ----------------------------------------------------------------------------------------------- */

/* The answer of a command that does not give the old value. */
static void reply_outcome(struct reply *reply, unsigned flags, bool stored)
{
	if ((flags & SET_ANSWER_INT) != 0)
		reply_int(reply, stored);
	else if (stored)
		reply_ok(reply);
	else
		reply_null(reply);
}

/* Whether the conditions let a value be set where `found` is. */
static bool set_wanted(const struct command_context *context, const struct set_options *options,
		       const struct entry *found)
{
	if (found == NULL)
		return (options->flags & (SET_XX | SET_IFEQ)) == 0;
	if ((options->flags & SET_IFEQ) != 0)
		return slice_equal(entry_value(found), context->argv[options->expected]);
	return (options->flags & SET_NX) == 0;
}

static void set_first(struct command_context *context, const struct set_options *options)
{
	struct reply_mark mark = reply_mark(context->reply);
	bool get = (options->flags & SET_GET) != 0;
	struct entry *found;
	int64_t expire_at;
	bool wanted;

	if (!set_expiry(context, options, &expire_at) || !value_fits(context, 0, context->argv[options->value].len))
		return;

	found = get ? value_read(context, 0) : value_find(context, 0);
	wanted = set_wanted(context, options, found);
	if (get) /* before the value is replaced */
		value_reply(context->reply, found);
	if (wanted && !value_store_argument(context, 0, found, options->value, expire_at)) {
		reply_rewind(context->reply, mark);
		reply_error_out_of_memory(context->reply);
		return;
	}
	if (wanted)
		event_raise(context, EVENT_STRING, "set", &context->keys[0]);
	if (wanted && options->time != 0)
		event_raise(context, EVENT_GENERIC, "expire", &context->keys[0]);
	if (!get)
		reply_outcome(context->reply, options->flags, wanted);
}

/* SET with more than a key and a value. */
static void set_with_options(struct command_context *context)
{
	struct set_options options = {.value = 2};
	int64_t seconds;

	if (context->argc == 4 && number_parse_int64(context->argv[3], &seconds)) {
		options.flags = SET_EX; /* cubby's own short form: SET key value seconds */
		options.time = 3;
	} else if (!set_options_read(context, 3, SET_OPTIONS, &options)) {
		return;
	}
	set_first(context, &options);
}

static void set_plainly(struct command_context *context)
{
	if (!value_fits(context, 0, context->argv[2].len))
		return;
	if (!value_store_argument(context, 0, value_find(context, 0), 2, KEYSPACE_PERSIST)) {
		reply_error_out_of_memory(context->reply);
		return;
	}
	event_raise(context, EVENT_STRING, "set", &context->keys[0]);
	reply_ok(context->reply);
}

void set_command(struct command_context *context)
{
	if (context->argc > 3)
		set_with_options(context);
	else
		set_plainly(context);
}

/* It reads what it overwrites when it is to return it. */
uint32_t set_key_flags(const struct slice *argv, size_t argc)
{
	for (size_t i = 3; i < argc; i++) {
		if (slice_is_word(argv[i], "GET"))
			return KEY_RW | KEY_ACCESS | KEY_UPDATE;
	}
	return KEY_OW | KEY_UPDATE;
}

void setnx_command(struct command_context *context)
{
	set_first(context, &(struct set_options){.flags = SET_NX | SET_ANSWER_INT, .value = 2});
}

void setex_command(struct command_context *context)
{
	set_first(context, &(struct set_options){.flags = SET_EX, .value = 3, .time = 2});
}

void psetex_command(struct command_context *context)
{
	set_first(context, &(struct set_options){.flags = SET_PX, .value = 3, .time = 2});
}

void getset_command(struct command_context *context)
{
	set_first(context, &(struct set_options){.flags = SET_GET, .value = 2});
}

/* --- GET's family ----------------------------------------------------------------------------------------------- */

void get_command(struct command_context *context)
{
	value_reply(context->reply, value_read(context, 0));
}

void getdel_command(struct command_context *context)
{
	struct entry *entry = value_read(context, 0);

	value_reply(context->reply, entry);
	if (entry == NULL)
		return;
	keyspace_delete(context->keyspace, context->db, &context->keys[0], entry, false);
	event_raise(context, EVENT_GENERIC, "del", &context->keys[0]);
}

/* Deletes the key if it has this very value. */
void delifeq_command(struct command_context *context)
{
	struct entry *found = value_find(context, 0);
	bool equal = found != NULL && slice_equal(entry_value(found), context->argv[2]);

	if (equal) {
		keyspace_delete(context->keyspace, context->db, &context->keys[0], found, false);
		event_raise(context, EVENT_GENERIC, "del", &context->keys[0]);
	}
	reply_int(context->reply, equal);
}

/* Gives the entry a new time to live (KEYSPACE_PERSIST: none), or deletes it when that is over already. False when
 * there is no memory. */
static bool change_expiry(struct command_context *context, struct entry *entry, int64_t expire_at)
{
	const struct key *key = &context->keys[0];
	const char *event = expire_at == KEYSPACE_PERSIST ? "persist" : "expire";

	if (expire_at == KEYSPACE_PERSIST && entry_expire_at(entry) == 0)
		return true;
	if (expire_at == KEYSPACE_PERSIST || expire_at > context->now) {
		if (keyspace_expire(context->keyspace, context->db, key, entry, expire_at) == NULL)
			return false;
	} else {
		keyspace_delete(context->keyspace, context->db, key, entry, false);
		event = "del";
	}
	event_raise(context, EVENT_GENERIC, event, key);
	return true;
}

/* As in Redis, the number is looked at only when the key is there. */
void getex_command(struct command_context *context)
{
	struct set_options options = {0};
	struct reply_mark mark = reply_mark(context->reply);
	struct entry *entry;
	int64_t expire_at;

	if (!set_options_read(context, 2, GETEX_OPTIONS, &options))
		return;
	entry = value_read(context, 0);
	if (entry != NULL && !set_expiry(context, &options, &expire_at))
		return;

	value_reply(context->reply, entry);
	if (entry == NULL || options.flags == 0 || change_expiry(context, entry, expire_at))
		return;
	reply_rewind(context->reply, mark);
	reply_error_out_of_memory(context->reply);
}

void strlen_command(struct command_context *context)
{
	reply_int(context->reply, (int64_t)value_bytes(value_read(context, 0)).len);
}

/* `len` bytes of the entry's value, from `from` on. */
static void reply_part(struct reply *reply, const struct entry *entry, size_t from, size_t len)
{
	struct block *block = entry_block(entry);

	if (block != NULL)
		reply_bulk_block(reply, block, from, len);
	else
		reply_bulk(reply, (struct slice){entry_value(entry).data + from, len});
}

/* Turns GETRANGE's two indexes, negative ones counting from the end, into a part of a value of `len` bytes. False when
 * there is nothing between them. */
static bool range_clip(int64_t len, int64_t start, int64_t end, size_t *from, size_t *count)
{
	if (start < 0 && end < 0 && start > end)
		return false;
	if (start < 0)
		start = start + len < 0 ? 0 : start + len;
	if (end < 0)
		end = end + len < 0 ? 0 : end + len;
	if (end >= len)
		end = len - 1;
	if (start > end)
		return false;

	*from = (size_t)start;
	*count = (size_t)(end - start) + 1;
	return true;
}

void getrange_command(struct command_context *context)
{
	struct entry *entry;
	int64_t start;
	int64_t end;
	size_t from;
	size_t count;

	if (!argument_int64(context, 2, &start) || !argument_int64(context, 3, &end))
		return;
	entry = value_read(context, 0);
	if (entry != NULL && range_clip((int64_t)entry_value(entry).len, start, end, &from, &count))
		reply_part(context->reply, entry, from, count);
	else
		reply_bulk(context->reply, SLICE(""));
}

/* --- several keys ----------------------------------------------------------------------------------------------- */

void mget_command(struct command_context *context)
{
	reply_array(context->reply, context->key_count);
	for (size_t i = 0; i < context->key_count; i++)
		value_reply(context->reply, value_read(context, i));
}

/* Of MSET and MSETNX: where the value of the key number `index` stands. */
static size_t pair_value(size_t index)
{
	return 2 * index + 2;
}

/* Whether every key has a value, and all of them fit. False with the error written. */
static bool pairs_check(struct command_context *context)
{
	if (context->argc % 2 == 0) {
		argument_error_arity(context);
		return false;
	}
	for (size_t i = 0; i < context->key_count; i++) {
		if (!value_fits(context, i, context->argv[pair_value(i)].len))
			return false;
	}
	return true;
}

/* Sets the pairs in order; of a key named twice the last value stays. When memory runs out midway the pairs before are
 * set: to take them back would need the memory that is not there. False with the error written. */
static bool pairs_store(struct command_context *context)
{
	for (size_t i = 0; i < context->key_count; i++) {
		if (!value_store_argument(context, i, value_find(context, i), pair_value(i), KEYSPACE_PERSIST)) {
			reply_error_out_of_memory(context->reply);
			return false;
		}
		event_raise(context, EVENT_STRING, "set", &context->keys[i]);
	}
	return true;
}

void mset_command(struct command_context *context)
{
	if (pairs_check(context) && pairs_store(context))
		reply_ok(context->reply);
}

static bool any_key_exists(struct command_context *context)
{
	for (size_t i = 0; i < context->key_count; i++) {
		if (value_find(context, i) != NULL)
			return true;
	}
	return false;
}

void msetnx_command(struct command_context *context)
{
	if (!pairs_check(context))
		return;
	if (any_key_exists(context))
		reply_int(context->reply, 0);
	else if (pairs_store(context))
		reply_int(context->reply, 1);
}

/* --- changing a value in place ---------------------------------------------------------------------------------- */

/* Writes `piece` over the value from `offset` on, and answers with the new length. What lies
 * between the old end and the offset becomes zeros. */
static void write_at(struct command_context *context, struct entry *found, size_t offset, struct slice piece,
		     const char *event)
{
	size_t len = value_bytes(found).len;
	char *bytes;

	if (len < offset + piece.len)
		len = offset + piece.len;
	bytes = value_edit(context, 0, &found, len);
	if (bytes == NULL)
		return;
	if (piece.len > 0)
		memcpy(bytes + offset, piece.data, piece.len);
	value_edited(context, found, offset, piece.len);
	event_raise(context, EVENT_STRING, event, &context->keys[0]);
	reply_int(context->reply, (int64_t)len);
}

/* To a key that is not there, APPEND is SET with another answer. */
static void append_to_nothing(struct command_context *context)
{
	size_t len = context->argv[2].len;

	if (!value_fits(context, 0, len))
		return;
	if (!value_store_argument(context, 0, NULL, 2, KEYSPACE_PERSIST)) {
		reply_error_out_of_memory(context->reply);
		return;
	}
	event_raise(context, EVENT_STRING, "append", &context->keys[0]);
	reply_int(context->reply, (int64_t)len);
}

void append_command(struct command_context *context)
{
	struct entry *found = value_find(context, 0);

	/* No bytes more are a change, too: Redis tells of it who watches the key. */
	if (found == NULL)
		append_to_nothing(context);
	else
		write_at(context, found, entry_value(found).len, context->argv[2], "append");
}

void setrange_command(struct command_context *context)
{
	struct slice piece = context->argv[3];
	struct entry *found;
	int64_t offset;

	if (!argument_int64(context, 2, &offset))
		return;
	if (offset < 0) {
		reply_error(context->reply, "ERR offset is out of range");
		return;
	}
	found = value_find(context, 0);
	if (piece.len > 0)
		write_at(context, found, (size_t)offset, piece, "setrange");
	else
		reply_int(context->reply, (int64_t)value_bytes(found).len);
}

/* --- counting --------------------------------------------------------------------------------------------------- */

static void increment(struct command_context *context, int64_t amount)
{
	struct entry *found = value_find(context, 0);
	char text[NUMBER_INT64_TEXT];
	int64_t value = 0;

	if (found != NULL && !number_parse_int64(entry_value(found), &value)) {
		reply_error_not_integer(context->reply);
		return;
	}
	if (__builtin_add_overflow(value, amount, &value)) {
		reply_error(context->reply, "ERR increment or decrement would overflow");
		return;
	}
	if (!value_store_text(context, 0, found, (struct slice){text, number_print_int64(text, value)}))
		return;
	event_raise(context, EVENT_STRING, "incrby", &context->keys[0]);
	reply_int(context->reply, value);
}

void incr_command(struct command_context *context)
{
	increment(context, 1);
}

void decr_command(struct command_context *context)
{
	increment(context, -1);
}

void incrby_command(struct command_context *context)
{
	int64_t amount;

	if (argument_int64(context, 2, &amount))
		increment(context, amount);
}

void decrby_command(struct command_context *context)
{
	int64_t amount;

	if (!argument_int64(context, 2, &amount))
		return;
	if (amount == INT64_MIN) /* has no positive counterpart */
		reply_error(context->reply, "ERR decrement would overflow");
	else
		increment(context, -amount);
}

/* As in Redis, a key that is there is checked before the argument is. */
void incrbyfloat_command(struct command_context *context)
{
	struct entry *found = value_find(context, 0);
	char text[NUMBER_LONG_DOUBLE_TEXT];
	long double value = 0;
	long double amount;
	struct entry *stored;
	struct slice sum;

	if ((found != NULL && !number_parse_long_double(entry_value(found), &value)) ||
	    !number_parse_long_double(context->argv[2], &amount)) {
		reply_error(context->reply, "ERR value is not a valid float");
		return;
	}
	sum = (struct slice){text, isfinite(value + amount) ? number_print_long_double(text, value + amount) : 0};
	if (sum.len == 0) {
		reply_error(context->reply, "ERR increment would produce NaN or Infinity");
		return;
	}
	stored = value_store_text(context, 0, found, sum);
	if (stored == NULL)
		return;
	entry_note_text(stored);
	event_raise(context, EVENT_STRING, "incrbyfloat", &context->keys[0]);
	reply_bulk(context->reply, sum);
}
