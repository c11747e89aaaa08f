/*
 * The happy path is in the header. What comes between: a stretch ends within a command (what is there of it moves to
 * the front, the next bytes are read behind it), a large argument begins (its bytes are read into its own block), or a
 * transaction is not whole when the batch is full or the stretch at its end (it moves to `unit`).
 *
 * Everything that is wrong is found at the command in which it stands. What ends too soon is no error here: whoever
 * reads the file knows whether that may be.
 */
#include "persist/aof_reader.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum {
	STRETCH = 256 * 1024,		       /* bytes; fits a processor's second cache with what is made of it */
	BATCH_ARGS = 8 * AOF_READER_BATCH,     /* arguments of a batch, but for commands that have more */
	FIRST_COMMANDS = 2 * AOF_READER_BATCH, /* that a transaction which is copied has room for */
};

static const char protocol_error[] = "Protocol error: ";

/* What a step has come to. */
enum step {
	STEP_ON,     /* there may be more in the stretch */
	STEP_STOP,   /* nothing more can be decoded before what there is has been given out */
	STEP_STARVE, /* nothing more can be decoded before more has been read */
	STEP_CORRUPT,
	STEP_FAIL,
};

bool aof_reader_init(struct aof_reader *reader, const struct aof_source *source, uint64_t at, size_t stretch)
{
	memset(reader, 0, sizeof(*reader));
	reader->source = *source;
	reader->at = reader->valid = at;
	reader->cap = stretch != 0 ? stretch : STRETCH;
	reader->data = malloc(reader->cap);
	return resp_args_init(&reader->args, BATCH_ARGS) && reader->data != NULL;
}

static void batch_release(struct aof_reader *reader)
{
	for (size_t i = 0; i < reader->count; i++)
		resp_request_release(&reader->requests[i]);
	reader->count = 0;
	reader->first = 0;
	resp_args_reset(&reader->args);
}

static void unit_release(struct aof_unit *unit)
{
	for (size_t i = unit->given; i < unit->count; i++)
		resp_request_release(&unit->requests[i]);
	free(unit->requests);
	free(unit->offsets);
	*unit = (struct aof_unit){0};
}

void aof_reader_free(struct aof_reader *reader)
{
	batch_release(reader);
	unit_release(&reader->unit);
	resp_decoder_free(&reader->decoder);
	resp_args_free(&reader->args);
	free(reader->data);
	reader->data = NULL;
}

static enum step fail(struct aof_reader *reader, enum step step, const char *text)
{
	snprintf(reader->error, sizeof(reader->error), "%s", text);
	reader->error_at = reader->at;
	return step;
}

static enum step fail_memory(struct aof_reader *reader)
{
	return fail(reader, STEP_FAIL, "out of memory");
}

/* --- transactions that are copied --------------------------------------------------------------------------------- */

static bool unit_grow(struct aof_unit *unit)
{
	size_t cap = unit->cap == 0 ? FIRST_COMMANDS : 2 * unit->cap;
	struct resp_request *requests = realloc(unit->requests, cap * sizeof(*requests));
	uint64_t *offsets;

	if (requests == NULL)
		return false;
	unit->requests = requests;
	offsets = realloc(unit->offsets, cap * sizeof(*offsets));
	if (offsets == NULL)
		return false;
	unit->offsets = offsets;
	unit->cap = cap;
	return true;
}

static bool unit_add(struct aof_unit *unit, struct resp_request *request, uint64_t offset)
{
	size_t bytes;

	if (unit->count == unit->cap && !unit_grow(unit))
		return false;
	if (!resp_request_copy(request, &unit->requests[unit->count], &bytes))
		return false;
	unit->offsets[unit->count++] = offset;
	return true;
}

/* Copies what the batch has of the transaction that is not whole. False when there is no memory. */
static bool unit_keep(struct aof_reader *reader)
{
	bool kept = true;

	for (size_t i = reader->first; i < reader->count; i++) {
		kept = kept && unit_add(&reader->unit, &reader->requests[i], reader->offsets[i]);
		resp_request_release(&reader->requests[i]);
	}
	reader->count = reader->first;
	return kept;
}

/* Gives out the next commands of a transaction that is whole. */
static enum aof_read unit_give(struct aof_reader *reader)
{
	struct aof_unit *unit = &reader->unit;

	while (reader->count < AOF_READER_BATCH && unit->given < unit->count) {
		reader->offsets[reader->count] = unit->offsets[unit->given];
		reader->requests[reader->count++] = unit->requests[unit->given++];
	}
	if (unit->given == unit->count)
		unit_release(unit);
	return AOF_READ_COMMANDS;
}

/* --- a command ---------------------------------------------------------------------------------------------------- */

/* MULTI has been read. */
static enum step unit_begin(struct aof_reader *reader)
{
	if (reader->in_unit)
		return fail(reader, STEP_CORRUPT, "MULTI within a transaction");
	reader->in_unit = true;
	reader->first = reader->count;
	return STEP_ON;
}

/* EXEC has been read, which ends at the offset `end`. */
static enum step unit_end(struct aof_reader *reader, uint64_t end)
{
	if (!reader->in_unit)
		return fail(reader, STEP_CORRUPT, "EXEC without MULTI");
	reader->in_unit = false;
	reader->valid = end;
	if (reader->unit.count == 0)
		return STEP_ON;
	reader->unit.whole = true;
	return STEP_STOP;
}

/* Puts a command that ends at the offset `end` where it belongs. */
static enum step command_put(struct aof_reader *reader, struct resp_request *request, uint64_t end)
{
	if (reader->unit.count > 0)
		return unit_add(&reader->unit, request, reader->at) ? STEP_ON : fail_memory(reader);
	reader->offsets[reader->count] = reader->at;
	reader->requests[reader->count++] = *request;
	*request = (struct resp_request){0};
	if (!reader->in_unit)
		reader->valid = end;
	return STEP_ON;
}

/* A command is whole; `used` bytes of the stretch are its. */
static enum step command_take(struct aof_reader *reader, struct resp_request *request, size_t used)
{
	struct slice name = request->argv[0];
	uint64_t end = reader->at + used;
	enum step step;

	for (size_t i = 0; i < request->big_count; i++)
		end += request->argv[request->big[i].index].len; /* was read into its block, not into the stretch */
	if (slice_is_word(name, "multi"))
		step = unit_begin(reader);
	else if (slice_is_word(name, "exec"))
		step = unit_end(reader, end);
	else
		step = command_put(reader, request, end);
	resp_request_release(request);
	if (step == STEP_CORRUPT || step == STEP_FAIL)
		return step;
	reader->from += used;
	reader->at = end;
	return step;
}

/* An annotation begins at the front: passes over it. */
static enum step annotation_skip(struct aof_reader *reader, const char *bytes, size_t len)
{
	size_t looked = len < AOF_ANNOTATION_MAX ? len : AOF_ANNOTATION_MAX;
	const char *line_end = memchr(bytes, '\n', looked);
	size_t skipped;

	if (line_end == NULL)
		return len < AOF_ANNOTATION_MAX ? STEP_STARVE : fail(reader, STEP_CORRUPT, "annotation too long");
	skipped = (size_t)(line_end - bytes) + 1;
	reader->from += skipped;
	reader->at += skipped;
	return STEP_ON;
}

/* The decoder knows more kinds of commands than a file may have: inline ones, and empty ones. */
static enum step front_check(struct aof_reader *reader, const char *bytes, size_t len)
{
	unsigned char first = (unsigned char)bytes[0];

	if (first != '*') {
		fail(reader, STEP_CORRUPT, "");
		if (first > ' ' && first < 127)
			snprintf(reader->error, sizeof(reader->error), "expected '*', got '%c'", first);
		else
			snprintf(reader->error, sizeof(reader->error), "expected '*', got '\\x%02x'", first);
		return STEP_CORRUPT;
	}
	if (len == 1)
		return STEP_STARVE;
	if (bytes[1] < '1' || bytes[1] > '9')
		return fail(reader, STEP_CORRUPT, "invalid multibulk length");
	return STEP_ON;
}

static enum step decoder_failed(struct aof_reader *reader, const char *text)
{
	size_t skip = sizeof(protocol_error) - 1;

	if (strncmp(text, protocol_error, skip) != 0)
		return fail_memory(reader);
	return fail(reader, STEP_CORRUPT, text + skip);
}

static enum step command_decode(struct aof_reader *reader, char *bytes, size_t len)
{
	static const struct resp_limits limits = {.max_bulk = UINT32_MAX, .authenticated = true};
	char error[RESP_ERROR_TEXT];
	struct resp_request request;
	size_t used, kept;

	switch (resp_decode(&reader->decoder, &limits, bytes, len, &reader->args, &request, &used, &kept, error)) {
	case RESP_OK:
		return command_take(reader, &request, used);
	case RESP_MORE:
		reader->end = reader->from + kept; /* what was behind is in a large argument's block */
		return STEP_STARVE;
	case RESP_FULL:
		return STEP_STOP;
	default:
		return decoder_failed(reader, error);
	}
}

/* Decodes what begins at the front of the stretch. */
static enum step step_on(struct aof_reader *reader)
{
	char *bytes = reader->data + reader->from;
	size_t len = reader->end - reader->from;
	enum step step = STEP_ON;

	if (len == 0)
		return STEP_STARVE;
	if (reader->count == AOF_READER_BATCH)
		return STEP_STOP;
	if (!resp_decoder_is_midway(&reader->decoder)) {
		if (*bytes == '#')
			return annotation_skip(reader, bytes, len);
		step = front_check(reader, bytes, len);
	}
	return step == STEP_ON ? command_decode(reader, bytes, len) : step;
}

/* Decodes as much as can be given out together. Never STEP_ON. */
static enum step stretch_decode(struct aof_reader *reader)
{
	enum step step;

	do
		step = step_on(reader);
	while (step == STEP_ON);
	return step;
}

/* --- reading ------------------------------------------------------------------------------------------------------ */

/* Room in the stretch, behind what is there of a command. NULL when there is no memory. */
static char *stretch_room(struct aof_reader *reader, size_t *room)
{
	size_t kept = reader->end - reader->from;

	if (reader->from > 0 && kept > 0)
		memmove(reader->data, reader->data + reader->from, kept);
	reader->from = 0;
	reader->end = kept;
	if (kept == reader->cap) {
		char *grown = realloc(reader->data, 2 * reader->cap);

		if (grown == NULL)
			return NULL;
		reader->data = grown;
		reader->cap *= 2;
	}
	*room = reader->cap - kept;
	return reader->data + kept;
}

/* Reads more. What was given out of the stretch is not valid any more. STEP_STARVE: there is no more. */
static enum step refill(struct aof_reader *reader)
{
	size_t room;
	char *block = resp_decoder_room(&reader->decoder, &room);
	char *bytes = block != NULL ? block : stretch_room(reader, &room);
	int64_t got;

	if (bytes == NULL)
		return fail_memory(reader);
	got = reader->source.read(reader->source.arg, bytes, room);
	if (got < 0)
		return fail(reader, STEP_FAIL, strerror((int)-got));
	if (block != NULL)
		resp_decoder_filled(&reader->decoder, (size_t)got);
	else
		reader->end += (size_t)got;
	return got > 0 ? STEP_ON : STEP_STARVE;
}

/* STEP_STOP: there is something to give out. STEP_ON: not yet. Else there will be nothing. */
static enum step batch_fill(struct aof_reader *reader)
{
	enum step step = stretch_decode(reader);

	if (step == STEP_CORRUPT || step == STEP_FAIL)
		return step;
	if (reader->in_unit && !unit_keep(reader))
		return fail_memory(reader);
	if (reader->count > 0)
		return STEP_STOP;
	resp_args_reset(&reader->args);
	return step == STEP_STARVE ? refill(reader) : STEP_ON;
}

/* What it means that nothing will be given out any more. */
static enum aof_read reader_over(const struct aof_reader *reader, enum step step)
{
	if (step == STEP_CORRUPT)
		return AOF_READ_CORRUPT;
	if (step == STEP_FAIL)
		return AOF_READ_FAILED;
	if (reader->in_unit || reader->end > reader->from || resp_decoder_is_midway(&reader->decoder))
		return AOF_READ_TRUNCATED;
	return AOF_READ_END;
}

enum aof_read aof_reader_next(struct aof_reader *reader)
{
	enum step step = STEP_ON;

	batch_release(reader);
	if (reader->over != AOF_READ_COMMANDS)
		return reader->over;
	while (step == STEP_ON && !reader->unit.whole)
		step = batch_fill(reader);
	if (reader->unit.whole)
		return unit_give(reader);
	if (step != STEP_STOP)
		reader->over = reader_over(reader, step);
	return reader->over;
}
