/*
 * BITFIELD and BITFIELD_RO: numbers of 1 to 64 bits at any place of a value.
 *
 * The happy path is: read all operations, so that an error in the last one leaves the value as it was; look the key up,
 * for reading if all operations are GETs; run the operations in order on the value where it lies, each answering with
 * one item of an array.
 *
 * A value is made long enough for all that will be written before the first operation runs. It is left alone, and
 * nobody is told of a change, when it is long enough already and every operation leaves its field as it is.
 */
#include <stdlib.h>
#include <string.h>

#include "base/bits.h"
#include "base/number.h"
#include "command/handlers.h"
#include "command/values.h"

enum field_action { FIELD_GET, FIELD_SET, FIELD_ADD };

/* What becomes of a number that does not fit its field. */
enum field_overflow { OVERFLOW_WRAP, OVERFLOW_SAT, OVERFLOW_FAIL };

struct field_operation {
	uint64_t at;	  /* the field's first bit */
	int64_t number;	  /* to set or to add */
	uint8_t action;	  /* enum field_action */
	uint8_t overflow; /* enum field_overflow */
	uint8_t width;	  /* bits, 1 to 64; 63 at most if not signed */
	bool is_signed;
};

/* All operations of a command. */
struct field_plan {
	struct field_operation *operations; /* owned */
	size_t count;
	size_t from;	  /* the first byte of value that the writes touch */
	size_t len;	  /* bytes of value that they need */
	bool writes;	  /* not all are GETs */
	uint8_t overflow; /* enum field_overflow: of the operations that follow, while reading */
};

/* --- reading the operations -------------------------------------------------------------------------------------- */

/* "i8", "u63": letter and width. False with the error written. */
static bool field_type(struct command_context *context, size_t index, struct field_operation *operation)
{
	struct slice text = context->argv[index];
	int64_t width;

	operation->is_signed = text.len > 0 && text.data[0] == 'i';
	if (text.len < 2 || (text.data[0] != 'i' && text.data[0] != 'u') ||
	    !number_parse_int64((struct slice){text.data + 1, text.len - 1}, &width) || width < 1 ||
	    width > (operation->is_signed ? 64 : 63)) {
		reply_error(context->reply,
			    "ERR Invalid bitfield type. Use something like i16 u8. Note that u64 is not "
			    "supported but i64 is.");
		return false;
	}
	operation->width = (uint8_t)width;
	return true;
}

/* The operation whose name is argument `index`: type, offset and, of a write, a number follow. False with the error
 * written. */
static bool plan_add(struct command_context *context, struct field_plan *plan, size_t index, enum field_action action)
{
	struct field_operation *operation = &plan->operations[plan->count];
	size_t len;

	*operation = (struct field_operation){.action = (uint8_t)action, .overflow = plan->overflow};
	if (!field_type(context, index + 1, operation) ||
	    !argument_bit_offset(context, index + 2, operation->width, &operation->at))
		return false;
	plan->count++;
	if (action == FIELD_GET)
		return true;

	plan->writes = true;
	len = (operation->at + operation->width + 7) / 8;
	if (len > plan->len)
		plan->len = len;
	if (operation->at / 8 < plan->from)
		plan->from = operation->at / 8;
	return argument_int64(context, index + 3, &operation->number);
}

/* False with the error written. */
static bool plan_overflow(struct command_context *context, struct field_plan *plan, size_t index)
{
	if (argument_is(context, index, "WRAP")) {
		plan->overflow = OVERFLOW_WRAP;
	} else if (argument_is(context, index, "SAT")) {
		plan->overflow = OVERFLOW_SAT;
	} else if (argument_is(context, index, "FAIL")) {
		plan->overflow = OVERFLOW_FAIL;
	} else {
		reply_error(context->reply, "ERR Invalid OVERFLOW type specified");
		return false;
	}
	return true;
}

/* Reads the word at `index` and what belongs to it. Returns how many arguments that were; 0 with the error written. */
static size_t plan_step(struct command_context *context, struct field_plan *plan, size_t index)
{
	size_t left = context->argc - index;

	if (left > 2 && argument_is(context, index, "GET"))
		return plan_add(context, plan, index, FIELD_GET) ? 3 : 0;
	if (left > 3 && argument_is(context, index, "SET"))
		return plan_add(context, plan, index, FIELD_SET) ? 4 : 0;
	if (left > 3 && argument_is(context, index, "INCRBY"))
		return plan_add(context, plan, index, FIELD_ADD) ? 4 : 0;
	if (left > 1 && argument_is(context, index, "OVERFLOW"))
		return plan_overflow(context, plan, index + 1) ? 2 : 0;
	reply_error_syntax(context->reply);
	return 0;
}

/* False with the error written. The plan's memory is the caller's in any case. */
static bool plan_read(struct command_context *context, struct field_plan *plan)
{
	/* An operation has three arguments at least; one more, for malloc(0) may return NULL. */
	plan->operations = malloc((context->argc / 3 + 1) * sizeof(*plan->operations));
	if (plan->operations == NULL) {
		reply_error_out_of_memory(context->reply);
		return false;
	}
	for (size_t i = 2; i < context->argc;) {
		size_t step = plan_step(context, plan, i);

		if (step == 0)
			return false;
		i += step;
	}
	return true;
}

/* --- arithmetic -------------------------------------------------------------------------------------------------- */

/* Any sum of a field and a number, exactly. */
typedef __int128 wide;

static wide field_max(const struct field_operation *operation)
{
	return ((wide)1 << (operation->is_signed ? operation->width - 1 : operation->width)) - 1;
}

static wide field_min(const struct field_operation *operation)
{
	return operation->is_signed ? -field_max(operation) - 1 : 0;
}

/* The number that the low bits of `bits` stand for in the field. */
static int64_t field_number(const struct field_operation *operation, uint64_t bits)
{
	unsigned unused = 64 - operation->width;

	if (operation->is_signed)
		return (int64_t)(bits << unused) >> unused;
	return (int64_t)(bits << unused >> unused);
}

/* What the operation makes of a field that holds `old`. False when it fails because of an overflow. */
static bool field_result(const struct field_operation *operation, int64_t old, int64_t *result)
{
	wide wanted = operation->number;
	bool fits;

	*result = old;
	if (operation->action == FIELD_GET)
		return true;
	if (operation->action == FIELD_ADD)
		wanted += old;
	else if (!operation->is_signed) /* SET takes a negative number for the large one with the same bits */
		wanted = (uint64_t)operation->number;

	fits = wanted >= field_min(operation) && wanted <= field_max(operation);
	if (!fits && operation->overflow == OVERFLOW_FAIL)
		return false;
	if (!fits && operation->overflow == OVERFLOW_SAT)
		wanted = wanted < 0 ? field_min(operation) : field_max(operation);
	*result = field_number(operation, (uint64_t)wanted);
	return true;
}

/* --- running them ------------------------------------------------------------------------------------------------ */

static int64_t field_read(const struct field_operation *operation, struct slice value)
{
	return field_number(operation, bits_read(value, operation->at, operation->width));
}

/* Whether any operation changes its field. As long as none has, each finds the value as it is now. */
static bool plan_changes(const struct field_plan *plan, struct slice value)
{
	for (size_t i = 0; i < plan->count; i++) {
		int64_t old = field_read(&plan->operations[i], value);
		int64_t result;

		if (field_result(&plan->operations[i], old, &result) && result != old)
			return true;
	}
	return false;
}

/* Runs the operations on `value`. `bytes` are those of the value, to be changed, or NULL when nothing does. Returns how
 * many operations wrote. */
static size_t plan_run(struct reply *reply, const struct field_plan *plan, struct slice value, char *bytes)
{
	size_t written = 0;

	reply_array(reply, plan->count);
	for (size_t i = 0; i < plan->count; i++) {
		const struct field_operation *operation = &plan->operations[i];
		int64_t old = field_read(operation, value);
		int64_t result;

		if (!field_result(operation, old, &result)) {
			reply_null(reply);
			continue;
		}
		reply_int(reply, operation->action == FIELD_ADD ? result : old);
		if (operation->action == FIELD_GET || bytes == NULL)
			continue;
		bits_write(bytes, operation->at, operation->width, (uint64_t)result);
		written++;
	}
	return written;
}

static void plan_write(struct command_context *context, const struct field_plan *plan)
{
	struct entry *found = value_find(context, 0);
	struct slice value = value_bytes(found);
	size_t len = value.len > plan->len ? value.len : plan->len;
	size_t written;
	char *bytes;

	if (len == value.len && !plan_changes(plan, value)) {
		plan_run(context->reply, plan, value, NULL);
		if (found != NULL)
			entry_note_raw(found);
		return;
	}
	bytes = value_edit(context, 0, &found, len);
	if (bytes == NULL)
		return;
	written = plan_run(context->reply, plan, (struct slice){bytes, len}, bytes);
	value_edited(context, found, plan->from, plan->len - plan->from);
	if (written > 0)
		event_raise(context, EVENT_STRING, "setbit", &context->keys[0]);
}

static void plan_start(struct command_context *context, const struct field_plan *plan, bool read_only)
{
	if (!plan->writes)
		plan_run(context->reply, plan, value_bytes(value_read(context, 0)), NULL);
	else if (read_only)
		reply_error(context->reply, "ERR BITFIELD_RO only supports the GET subcommand");
	else
		plan_write(context, plan);
}

static void bitfield(struct command_context *context, bool read_only)
{
	struct field_plan plan = {.overflow = OVERFLOW_WRAP, .from = SIZE_MAX};

	if (plan_read(context, &plan))
		plan_start(context, &plan, read_only);
	free(plan.operations);
}

void bitfield_command(struct command_context *context)
{
	bitfield(context, false);
}

void bitfield_ro_command(struct command_context *context)
{
	bitfield(context, true);
}
