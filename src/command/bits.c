/*
 * Commands on the bits of a value: SETBIT, GETBIT, BITCOUNT, BITPOS and BITOP. command/bitfield.c has the numbers made
 * of several bits, base/bits.h the arithmetic.
 *
 * The happy path of a read: check the arguments, look the key up, turn the given range into one of bits within the
 * value, count or find. A key that is not there is an endless row of zeros. As in Redis 7.2, and unlike in 7.0, bad
 * arguments are an error whether or not the key is there.
 *
 * SETBIT changes the value where it lies, unless a reply still holds it (keyspace_resize). A bit that is already as
 * wanted is not a change: nobody is told of one. BITOP makes a new value, and has it complete before the old one goes,
 * since the destination may be among the sources.
 */
#include <string.h>

#include "base/bits.h"
#include "base/number.h"
#include "command/handlers.h"
#include "command/values.h"

/* --- one bit ----------------------------------------------------------------------------------------------------- */

static bool value_bit(struct slice value, uint64_t at)
{
	return at / 8 < value.len && bits_get(value.data, at);
}

/* 0 or 1. False with the error written. */
static bool argument_bit(struct command_context *context, size_t index, bool *bit)
{
	int64_t value;

	if (!number_parse_int64(context->argv[index], &value) || value < 0 || value > 1) {
		reply_error(context->reply, "ERR bit is not an integer or out of range");
		return false;
	}
	*bit = value == 1;
	return true;
}

void setbit_command(struct command_context *context)
{
	struct entry *found;
	struct slice value;
	uint64_t at;
	size_t len;
	bool bit, old;

	if (!argument_bit_offset(context, 2, 0, &at) || !argument_bit(context, 3, &bit))
		return;
	found = value_find(context, 0);
	value = value_bytes(found);
	old = value_bit(value, at);
	len = at / 8 < value.len ? value.len : at / 8 + 1;
	if (old != bit || len != value.len) {
		char *bytes = value_edit(context, 0, &found, len);

		if (bytes == NULL)
			return;
		bits_put(bytes, at, bit);
		value_edited(context, found, at / 8, 1);
		event_raise(context, EVENT_STRING, "setbit", &context->keys[0]);
	} else {
		entry_note_raw(found);
	}
	reply_int(context->reply, old);
}

void getbit_command(struct command_context *context)
{
	uint64_t at;

	if (argument_bit_offset(context, 2, 0, &at))
		reply_int(context->reply, value_bit(value_bytes(value_read(context, 0)), at));
}

/* --- ranges ------------------------------------------------------------------------------------------------------ */

/* What BITCOUNT and BITPOS are given of a range: first and last byte, or bit, negative ones counting from the end. */
struct bit_range {
	int64_t start;
	int64_t end;
	bool in_bits;
};

/* Reads the word BYTE or BIT, if there is an argument `index`. False with the error written. */
static bool range_unit(struct command_context *context, size_t index, struct bit_range *range)
{
	if (index >= context->argc)
		return true;
	range->in_bits = argument_is(context, index, "BIT");
	if (range->in_bits || argument_is(context, index, "BYTE"))
		return true;
	reply_error_syntax(context->reply);
	return false;
}

/* A place counted from the end, made one counted from the start; one before the start becomes the start. */
static int64_t from_start(int64_t place, int64_t len)
{
	if (place >= 0)
		return place;
	return place + len < 0 ? 0 : place + len;
}

/* Turns the range into one of bits within a value of `len` bytes, *to excluded. False when nothing is in it. */
static bool range_clip(const struct bit_range *range, size_t len, uint64_t *from, uint64_t *to)
{
	int64_t unit = range->in_bits ? 1 : 8; /* bits */
	int64_t total = (int64_t)len * (8 / unit);
	int64_t start = from_start(range->start, total);
	int64_t end = from_start(range->end, total);

	if (end >= total)
		end = total - 1;
	if (start > end)
		return false;
	*from = (uint64_t)(start * unit);
	*to = (uint64_t)((end + 1) * unit);
	return true;
}

void bitcount_command(struct command_context *context)
{
	struct bit_range range = {.start = 0, .end = -1};
	struct slice value;
	uint64_t from, to;

	if (context->argc == 3 || context->argc > 5) {
		reply_error_syntax(context->reply);
		return;
	}
	if (context->argc > 3 && (!argument_int64(context, 2, &range.start) ||
				  !argument_int64(context, 3, &range.end) || !range_unit(context, 4, &range)))
		return;
	value = value_bytes(value_read(context, 0));
	/* As in GETRANGE, -1 to -5 is empty in a value of one byte, too, where both are its first. */
	if ((range.start < 0 && range.end < 0 && range.start > range.end) || !range_clip(&range, value.len, &from, &to))
		reply_int(context->reply, 0);
	else
		reply_int(context->reply, (int64_t)bits_count(value.data, from, to));
}

/* BITPOS's arguments from the bit on. False with the error written. */
static bool bitpos_read(struct command_context *context, bool *bit, struct bit_range *range)
{
	int64_t value;

	if (!argument_int64(context, 2, &value))
		return false;
	if (value != 0 && value != 1) {
		reply_error(context->reply, "ERR The bit argument must be 1 or 0.");
		return false;
	}
	*bit = value == 1;
	if (context->argc > 6) {
		reply_error_syntax(context->reply);
		return false;
	}
	*range = (struct bit_range){.start = 0, .end = -1};
	if (context->argc > 3 && !argument_int64(context, 3, &range->start))
		return false;
	return range_unit(context, 5, range) && (context->argc < 5 || argument_int64(context, 4, &range->end));
}

/* A value that is searched for a zero up to its end goes on behind it with zeros; a range with an end does not. */
void bitpos_command(struct command_context *context)
{
	struct bit_range range;
	struct entry *entry;
	struct slice value;
	uint64_t from, to, found;
	bool bit;

	if (!bitpos_read(context, &bit, &range))
		return;
	entry = value_read(context, 0);
	value = value_bytes(entry);
	if (entry == NULL) {
		reply_int(context->reply, bit ? -1 : 0);
		return;
	}
	if (!range_clip(&range, value.len, &from, &to)) {
		reply_int(context->reply, -1);
		return;
	}
	found = bits_find(value.data, from, to, bit);
	if (found == to && (bit || context->argc > 4))
		reply_int(context->reply, -1);
	else
		reply_int(context->reply, (int64_t)found);
}

/* --- BITOP ------------------------------------------------------------------------------------------------------- */

enum bitop { BITOP_NONE, BITOP_AND, BITOP_OR, BITOP_XOR, BITOP_NOT };

static enum bitop bitop_read(const struct command_context *context)
{
	if (argument_is(context, 1, "AND"))
		return BITOP_AND;
	if (argument_is(context, 1, "OR"))
		return BITOP_OR;
	if (argument_is(context, 1, "XOR"))
		return BITOP_XOR;
	return argument_is(context, 1, "NOT") ? BITOP_NOT : BITOP_NONE;
}

/* The first key is the destination, which may be named again among the sources. */
enum { FIRST_SOURCE = 1 };

static size_t longest_source(struct command_context *context)
{
	size_t longest = 0;

	for (size_t i = FIRST_SOURCE; i < context->key_count; i++) {
		size_t len = value_bytes(value_read(context, i)).len;

		if (len > longest)
			longest = len;
	}
	return longest;
}

/* Combines what is there with one source more, whose missing bytes are zeros. */
static void bitop_combine(enum bitop operation, char *result, size_t len, struct slice source)
{
	switch (operation) {
	case BITOP_AND:
		bits_combine(BITS_AND, result, source.data, source.len);
		memset(result + source.len, 0, len - source.len);
		break;
	case BITOP_OR:
		bits_combine(BITS_OR, result, source.data, source.len);
		break;
	case BITOP_XOR:
		bits_combine(BITS_XOR, result, source.data, source.len);
		break;
	case BITOP_NOT: /* has one source */
	case BITOP_NONE:
		break;
	}
}

/* Writes what comes of the sources, `len` bytes, the length of the longest. */
static void bitop_run(struct command_context *context, enum bitop operation, char *result, size_t len)
{
	struct slice first = value_bytes(value_find(context, FIRST_SOURCE));

	memcpy(result, first.data, first.len);
	memset(result + first.len, 0, len - first.len);
	for (size_t i = FIRST_SOURCE + 1; i < context->key_count; i++)
		bitop_combine(operation, result, len, value_bytes(value_find(context, i)));
	if (operation == BITOP_NOT)
		bits_invert(result, len);
}

/* Sets the destination to the result. False when there is no memory. */
static bool bitop_store(struct command_context *context, enum bitop operation, size_t len)
{
	struct block *block = block_new(len);
	struct entry *stored;

	if (block == NULL)
		return false;
	bitop_run(context, operation, block->data, len);
	block->len = len;
	stored = value_store_block(context, 0, value_find(context, 0), block, KEYSPACE_PERSIST);
	if (stored == NULL)
		return false;
	entry_note_raw(stored);
	event_raise(context, EVENT_STRING, "set", &context->keys[0]);
	return true;
}

static void bitop_delete(struct command_context *context)
{
	struct entry *found = value_find(context, 0);

	if (found == NULL)
		return;
	keyspace_delete(context->keyspace, context->db, &context->keys[0], found, false);
	event_raise(context, EVENT_GENERIC, "del", &context->keys[0]);
}

void bitop_command(struct command_context *context)
{
	enum bitop operation = bitop_read(context);
	size_t len;

	if (operation == BITOP_NONE) {
		reply_error_syntax(context->reply);
		return;
	}
	if (operation == BITOP_NOT && context->key_count != FIRST_SOURCE + 1) {
		reply_error(context->reply, "ERR BITOP NOT must be called with a single source key.");
		return;
	}
	len = longest_source(context);
	if (len > 0 && !value_fits(context, 0, len))
		return;
	if (len == 0) {
		bitop_delete(context);
	} else if (!bitop_store(context, operation, len)) {
		reply_error_out_of_memory(context->reply);
		return;
	}
	reply_int(context->reply, (int64_t)len);
}
