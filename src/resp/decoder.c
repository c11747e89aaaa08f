/*
 * The decoder. There are two ways through it, and they accept the same streams.
 *
 * The happy path is decode_whole(): an array of bulk strings that is whole in the caller's bytes. It reads every header
 * byte once, keeps its state in registers and writes nothing but the slices. At the first thing that is not as it
 * should be (bytes that are missing, a limit, nonsense) it gives up and has changed nothing.
 *
 * Then the careful path starts over at the command's first byte: a state machine that goes through enum stage and keeps
 * its place in struct resp_partial, so that however small the pieces are that a command comes in, no byte is looked at
 * more than a few times. Arguments that have been read are kept as offsets from the command's first byte, because the
 * caller's bytes move between two calls. All errors come from here, and each is found at the same byte of the stream
 * however it was cut.
 */
#include "resp/decoder.h"

#include <assert.h>
#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/number.h"
#include "resp/inline.h"

enum {
	FIRST_SPANS = 8,			 /* arguments that a new partial has room for */
	FIRST_BIG = 4,				 /* the same for large arguments */
	FIRST_BLOCK = 256 * 1024,		 /* bytes; what the claim of a large argument alone is worth */
	SECOND_BLOCK = 1024 * 1024,		 /* bytes; what it is worth when that much has arrived */
	SHORT_LENGTH_DIGITS = 9,		 /* digits of a length that always fits an uint32_t */
	SMALLEST_BULK = sizeof("0\r\n\r\n") - 1, /* bytes behind a '$', at least */
	/* The same when the length has two digits or more: there are ten bytes of payload then. */
	SMALLEST_LONGER_BULK = sizeof("10\r\n0123456789\r\n") - 1,
};

/* What a piece of work came to. */
enum step {
	STEP_ON,     /* go on with the next stage (after decode_whole: with the careful path) */
	STEP_DONE,   /* the command is whole */
	STEP_EMPTY,  /* an empty line or array is whole: no command */
	STEP_MORE,   /* bytes are missing */
	STEP_FULL,   /* no room for the arguments */
	STEP_FAILED, /* the error text is written */
};

/* What the next byte of an unfinished command belongs to. */
enum stage {
	STAGE_INLINE, /* an inline command */
	STAGE_COUNT,  /* the "*count" line */
	STAGE_LENGTH, /* a "$length" line */
	STAGE_BULK,   /* an argument, not in a block (yet) */
	STAGE_BLOCK,  /* an argument that is read into the last block of `big` */
	STAGE_END,    /* the line end behind an argument */
};

/* An argument: bytes of the command, counted from its first one. */
struct span {
	size_t at;
	size_t len;
};

/* An unfinished command. Grows with what has arrived, whatever the client says will come. */
struct resp_partial {
	enum stage stage;
	bool no_memory;		  /* the block could not grow */
	size_t at;		  /* first byte that no stage has used, counted from the command's first one */
	size_t scanned;		  /* bytes behind `at` that are known to hold no line end */
	size_t argc;		  /* arguments the command will have; valid from STAGE_LENGTH on */
	size_t bulk_len;	  /* bytes of the current argument; valid from STAGE_BULK on */
	struct resp_big_arg *big; /* owned; arguments in blocks, by ascending index */
	size_t big_count;
	size_t big_cap;
	size_t big_bytes; /* what the blocks take of memory */
	size_t span_count;
	size_t span_cap;
	struct span spans[]; /* one for each argument read; of those in `big` it says nothing */
};

/* One call of resp_decode(), for the careful path. */
struct input {
	struct resp_decoder *decoder;
	const struct resp_limits *limits;
	char *data; /* from the command's first byte on */
	size_t len;
	struct resp_args *args;
	struct resp_request *request;
	char *error;
};

static size_t min_size(size_t a, size_t b)
{
	return a < b ? a : b;
}

static size_t max_size(size_t a, size_t b)
{
	return a > b ? a : b;
}

static inline bool is_line_end(const char *at)
{
	return memcmp(at, "\r\n", 2) == 0;
}

/* --- arguments and requests ------------------------------------------------------------------------------------- */

bool resp_args_init(struct resp_args *args, size_t cap)
{
	*args = (struct resp_args){.items = malloc(max_size(cap, 1) * sizeof(struct slice)), .cap = cap};
	return args->items != NULL;
}

void resp_args_reset(struct resp_args *args)
{
	args->len = 0;
}

void resp_args_free(struct resp_args *args)
{
	free(args->items);
	*args = (struct resp_args){0};
}

/* The argument that has a block, or NULL. */
static struct resp_big_arg *request_find_big(const struct resp_request *request, size_t index)
{
	size_t low = 0;
	size_t high = request->big_count;

	while (low < high) {
		size_t middle = low + (high - low) / 2;
		struct resp_big_arg *big = &request->big[middle];

		if (big->index == index)
			return big;
		if (big->index < index)
			low = middle + 1;
		else
			high = middle;
	}
	return NULL;
}

struct block *resp_request_take_block(struct resp_request *request, size_t index)
{
	struct resp_big_arg *big = request_find_big(request, index);
	struct block *block;

	if (big == NULL || big->block == NULL)
		return NULL;
	block = big->block;
	big->block = NULL;
	memcpy(big->glimpse, request->argv[index].data, min_size(request->argv[index].len, RESP_GLIMPSE));
	return block;
}

struct slice resp_request_glimpse(const struct resp_request *request, size_t index)
{
	struct slice argument = request->argv[index];
	const struct resp_big_arg *big = request_find_big(request, index);

	if (big != NULL && big->block == NULL)
		argument.data = big->glimpse;
	return argument;
}

static void free_big(struct resp_big_arg *big, size_t count)
{
	for (size_t i = 0; i < count; i++)
		block_unref(big[i].block);
	free(big);
}

/* Copies the arguments that have no block behind `argv`, which has room for them. */
static void copy_arguments(const struct resp_request *request, struct slice *argv)
{
	char *bytes = (char *)(argv + request->argc);
	size_t big = 0;

	for (size_t i = 0; i < request->argc; i++) {
		struct slice argument = request->argv[i];

		argv[i] = argument;
		if (big < request->big_count && request->big[big].index == i) {
			big++;
			continue;
		}
		if (argument.len > 0)
			memcpy(bytes, argument.data, argument.len);
		argv[i].data = bytes;
		bytes += argument.len;
	}
}

bool resp_request_copy(struct resp_request *request, struct resp_request *copy, size_t *bytes)
{
	size_t size = request->argc * sizeof(struct slice);
	size_t blocks = request->big_count * sizeof(struct resp_big_arg);
	struct slice *argv;

	for (size_t i = 0; i < request->argc; i++)
		size += request->argv[i].len;
	*bytes = size + blocks;
	for (size_t i = 0; i < request->big_count; i++)
		size -= request->argv[request->big[i].index].len;
	argv = malloc(size);
	if (argv == NULL)
		return false;
	copy_arguments(request, argv);
	*copy = (struct resp_request){.argv = argv, .argc = request->argc, .owned = argv};
	copy->big = request->big;
	copy->big_count = request->big_count;
	request->big = NULL;
	request->big_count = 0;
	return true;
}

void resp_request_release(struct resp_request *request)
{
	if (request->big != NULL)
		free_big(request->big, request->big_count);
	if (request->owned != NULL)
		free(request->owned);
	request->big = NULL;
	request->big_count = 0;
	request->owned = NULL;
}

/* Gives the request room for `argc` arguments: from the batch's when there is enough, else of its own. */
static struct slice *request_begin(struct input *in, size_t argc)
{
	struct resp_args *args = in->args;
	struct slice *owned = NULL;
	struct slice *argv;

	if (args->cap - args->len >= argc) {
		argv = args->items + args->len;
		args->len += argc;
	} else {
		argv = owned = malloc(argc * sizeof(*owned));
	}
	*in->request = (struct resp_request){.argv = argv, .argc = argc, .owned = owned};
	return argv;
}

/* --- errors ----------------------------------------------------------------------------------------------------- */

static enum step fail(struct input *in, const char *text)
{
	snprintf(in->error, RESP_ERROR_TEXT, "%s", text);
	return STEP_FAILED;
}

static enum step fail_memory(struct input *in)
{
	return fail(in, "out of memory reading the command");
}

static enum step fail_line_end(struct input *in)
{
	return fail(in, "Protocol error: expected CRLF");
}

static enum step fail_dollar(struct input *in, char got)
{
	unsigned char c = (unsigned char)got;

	if (c < 128 && isprint(c))
		snprintf(in->error, RESP_ERROR_TEXT, "Protocol error: expected '$', got '%c'", c);
	else
		snprintf(in->error, RESP_ERROR_TEXT, "Protocol error: expected '$', got '\\x%02x'", c);
	return STEP_FAILED;
}

/* --- the unfinished command ------------------------------------------------------------------------------------- */

static bool partial_begin(struct resp_decoder *decoder, enum stage stage)
{
	struct resp_partial *partial = malloc(sizeof(*partial) + FIRST_SPANS * sizeof(partial->spans[0]));

	if (partial == NULL)
		return false;
	*partial = (struct resp_partial){.stage = stage, .span_cap = FIRST_SPANS};
	decoder->partial = partial;
	return true;
}

static bool partial_add_span(struct resp_decoder *decoder, size_t at, size_t len)
{
	struct resp_partial *partial = decoder->partial;

	if (partial->span_count == partial->span_cap) {
		size_t cap = partial->span_cap * 2;
		struct resp_partial *grown = realloc(partial, sizeof(*partial) + cap * sizeof(partial->spans[0]));

		if (grown == NULL)
			return false;
		decoder->partial = partial = grown;
		partial->span_cap = cap;
	}
	partial->spans[partial->span_count++] = (struct span){at, len};
	return true;
}

static bool partial_add_big(struct resp_partial *partial, size_t index, struct block *block)
{
	if (partial->big_count == partial->big_cap) {
		size_t cap = partial->big_cap == 0 ? FIRST_BIG : partial->big_cap * 2;
		struct resp_big_arg *grown = realloc(partial->big, cap * sizeof(*grown));

		if (grown == NULL)
			return false;
		partial->big = grown;
		partial->big_cap = cap;
	}
	partial->big[partial->big_count++] = (struct resp_big_arg){.index = (uint32_t)index, .block = block};
	partial->big_bytes += block_footprint(block);
	return true;
}

void resp_decoder_free(struct resp_decoder *decoder)
{
	struct resp_partial *partial = decoder->partial;

	if (partial == NULL)
		return;
	free_big(partial->big, partial->big_count);
	free(partial);
	decoder->partial = NULL;
}

size_t resp_decoder_footprint(const struct resp_decoder *decoder)
{
	const struct resp_partial *partial = decoder->partial;

	if (partial == NULL)
		return 0;
	return sizeof(*partial) + partial->span_cap * sizeof(partial->spans[0]) +
	       partial->big_cap * sizeof(partial->big[0]) + partial->big_bytes;
}

/* --- large arguments -------------------------------------------------------------------------------------------- */

static struct resp_big_arg *current_big(const struct resp_partial *partial)
{
	return &partial->big[partial->big_count - 1];
}

char *resp_decoder_room(const struct resp_decoder *decoder, size_t *len)
{
	const struct resp_partial *partial = decoder->partial;
	struct block *block;

	if (partial == NULL || partial->stage != STAGE_BLOCK || partial->no_memory)
		return NULL;
	block = current_big(partial)->block;
	*len = min_size(block->cap, partial->bulk_len) - block->len;
	return block->data + block->len;
}

/* Room for the current argument when `arrived` bytes of it are there. Memory that is not touched costs nothing, but
 * where pages are large, the first byte touches two megabytes: who announces much and sends little is not to have them.
 * Who has sent a megabyte is believed, for to grow later is to copy more than that while all other clients wait. */
static size_t block_cap(const struct resp_partial *partial, size_t arrived)
{
	if (arrived < FIRST_BLOCK)
		return min_size(partial->bulk_len, FIRST_BLOCK);
	return arrived < SECOND_BLOCK ? min_size(partial->bulk_len, SECOND_BLOCK) : partial->bulk_len;
}

/* The block is full and more will come. */
static void grow_block(struct resp_partial *partial)
{
	struct resp_big_arg *big = current_big(partial);
	struct block *grown = block_resize(big->block, block_cap(partial, big->block->len));

	if (grown == NULL) {
		partial->no_memory = true;
		return;
	}
	partial->big_bytes += grown->cap - grown->len;
	big->block = grown;
}

void resp_decoder_filled(struct resp_decoder *decoder, size_t len)
{
	struct resp_partial *partial = decoder->partial;
	struct block *block = current_big(partial)->block;

	block->len += len;
	if (block->len == partial->bulk_len)
		partial->stage = STAGE_END;
	else if (block->len == block->cap)
		grow_block(partial);
}

/* What has arrived of a large argument goes into a block; the rest will be read straight into it. */
static enum step start_block(struct input *in)
{
	struct resp_partial *partial = in->decoder->partial;
	size_t arrived = in->len - partial->at;
	struct block *block = block_new(block_cap(partial, arrived));

	if (block == NULL)
		return fail_memory(in);
	if (!partial_add_big(partial, partial->span_count, block)) {
		block_unref(block);
		return fail_memory(in);
	}
	memcpy(block->data, in->data + partial->at, arrived);
	block->len = arrived;
	partial->stage = STAGE_BLOCK;
	return partial_add_span(in->decoder, 0, 0) ? STEP_MORE : fail_memory(in);
}

/* --- the careful path ------------------------------------------------------------------------------------------- */

/* Takes the line at partial->at: `*line` is what stands before its CRLF. A line that is longer than RESP_MAX_INLINE is
 * the error `too_big`. */
static enum step take_line(struct input *in, const char *too_big, struct slice *line)
{
	struct resp_partial *partial = in->decoder->partial;
	const char *start = in->data + partial->at;
	size_t arrived = in->len - partial->at;
	size_t searched = min_size(arrived, RESP_MAX_INLINE + 1);
	const char *end = memchr(start + partial->scanned, '\r', searched - partial->scanned);

	if (end == NULL) {
		partial->scanned = searched;
		return searched > RESP_MAX_INLINE ? fail(in, too_big) : STEP_MORE;
	}
	*line = (struct slice){start, (size_t)(end - start)};
	if (line->len + 1 == arrived) {
		partial->scanned = line->len;
		return STEP_MORE;
	}
	if (end[1] != '\n')
		return fail_line_end(in);
	partial->at += line->len + 2;
	partial->scanned = 0;
	return STEP_ON;
}

/* Reads the number behind a line's first byte. */
static bool line_number(struct slice line, int64_t *number)
{
	return number_parse_int64((struct slice){line.data + 1, line.len - 1}, number);
}

static enum step read_count(struct input *in)
{
	struct resp_partial *partial = in->decoder->partial;
	struct slice line;
	int64_t count;
	enum step step = take_line(in, "Protocol error: too big mbulk count string", &line);

	if (step != STEP_ON)
		return step;
	if (!line_number(line, &count) || count > RESP_MAX_ARGS)
		return fail(in, "Protocol error: invalid multibulk length");
	if (count > RESP_UNAUTHENTICATED_ARGS && !in->limits->authenticated)
		return fail(in, "Protocol error: unauthenticated multibulk length");
	if (count <= 0)
		return STEP_EMPTY;
	partial->argc = (size_t)count;
	partial->stage = STAGE_LENGTH;
	return STEP_ON;
}

static enum step read_length(struct input *in)
{
	struct resp_partial *partial = in->decoder->partial;
	struct slice line;
	int64_t len;
	enum step step;

	if (partial->at == in->len)
		return STEP_MORE;
	if (in->data[partial->at] != '$')
		return fail_dollar(in, in->data[partial->at]);
	step = take_line(in, "Protocol error: too big bulk count string", &line);
	if (step != STEP_ON)
		return step;
	if (!line_number(line, &len) || len < 0 || (uint64_t)len > in->limits->max_bulk)
		return fail(in, "Protocol error: invalid bulk length");
	if (len > RESP_UNAUTHENTICATED_BULK && !in->limits->authenticated)
		return fail(in, "Protocol error: unauthenticated bulk length");
	partial->bulk_len = (size_t)len;
	partial->stage = STAGE_BULK;
	return STEP_ON;
}

static enum step read_bulk(struct input *in)
{
	struct resp_partial *partial = in->decoder->partial;
	size_t at = partial->at;

	if (in->len - at < partial->bulk_len)
		return partial->bulk_len >= RESP_BIG_BULK ? start_block(in) : STEP_MORE;
	partial->at += partial->bulk_len;
	partial->stage = STAGE_END;
	return partial_add_span(in->decoder, at, partial->bulk_len) ? STEP_ON : fail_memory(in);
}

static enum step read_bulk_end(struct input *in)
{
	struct resp_partial *partial = in->decoder->partial;

	if (in->len - partial->at < 2)
		return STEP_MORE;
	if (!is_line_end(in->data + partial->at))
		return fail_line_end(in);
	partial->at += 2;
	partial->stage = STAGE_LENGTH;
	return partial->span_count == partial->argc ? STEP_DONE : STEP_ON;
}

/* An argument's block is not full: only the bytes before it are here, and the next ones do not come this way. */
static enum step await_block(struct input *in)
{
	if (in->decoder->partial->no_memory)
		return fail_memory(in); /* without room for them, the bytes did come this way */
	assert(in->len == in->decoder->partial->at);
	return STEP_MORE;
}

static enum step read_stage(struct input *in)
{
	switch (in->decoder->partial->stage) {
	case STAGE_COUNT:
		return read_count(in);
	case STAGE_LENGTH:
		return read_length(in);
	case STAGE_BULK:
		return read_bulk(in);
	case STAGE_END:
		return read_bulk_end(in);
	default:
		return await_block(in);
	}
}

/* Turns the partial, all of whose arguments are there, into the request. The blocks change hands. */
static enum step finish_array(struct input *in)
{
	struct resp_partial *partial = in->decoder->partial;
	struct slice *argv = request_begin(in, partial->argc);

	if (argv == NULL)
		return fail_memory(in);
	for (size_t i = 0; i < partial->argc; i++)
		argv[i] = (struct slice){in->data + partial->spans[i].at, partial->spans[i].len};
	for (size_t i = 0; i < partial->big_count; i++) {
		const struct resp_big_arg *big = &partial->big[i];

		argv[big->index] = (struct slice){big->block->data, big->block->len};
	}
	in->request->big = partial->big;
	in->request->big_count = partial->big_count;
	partial->big = NULL;
	partial->big_count = 0;
	return STEP_DONE;
}

/* Goes on with an array. `*length` receives its bytes when it is whole, the bytes to keep when it is not. */
static enum step decode_array(struct input *in, size_t *length)
{
	enum step step;

	if (in->decoder->partial == NULL && !partial_begin(in->decoder, STAGE_COUNT))
		return fail_memory(in);
	do
		step = read_stage(in);
	while (step == STEP_ON);

	*length = in->decoder->partial->at;
	if (step == STEP_DONE)
		step = finish_array(in);
	else if (step == STEP_MORE && in->decoder->partial->stage != STAGE_BLOCK)
		*length = in->len;
	return step;
}

/* Splits the inline command of `len` bytes, its line end not counted. */
static enum step split_inline(struct input *in, size_t len)
{
	const struct resp_args *args = in->args;
	struct slice *argv;
	size_t argc;

	if (!inline_split(in->data, len, NULL, &argc))
		return fail(in, "Protocol error: unbalanced quotes in request");
	if (argc == 0)
		return STEP_EMPTY;
	if (args->len > 0 && args->cap - args->len < argc)
		return STEP_FULL;
	argv = request_begin(in, argc);
	if (argv == NULL)
		return fail_memory(in);
	inline_split(in->data, len, argv, &argc);
	return STEP_DONE;
}

/* The same as decode_array() for an inline command. */
static enum step decode_inline(struct input *in, size_t *length)
{
	size_t scanned = in->decoder->partial == NULL ? 0 : in->decoder->partial->scanned;
	size_t searched = min_size(in->len, RESP_MAX_INLINE + 1);
	const char *end = memchr(in->data + scanned, '\n', searched - scanned);
	size_t len;

	if (end != NULL) {
		len = (size_t)(end - in->data);
		*length = len + 1;
		return split_inline(in, len > 0 && end[-1] == '\r' ? len - 1 : len);
	}
	if (searched > RESP_MAX_INLINE)
		return fail(in, "Protocol error: too big inline request");
	if (in->decoder->partial == NULL && !partial_begin(in->decoder, STAGE_INLINE))
		return fail_memory(in);
	in->decoder->partial->scanned = searched;
	*length = in->len;
	return STEP_MORE;
}

static enum step decode_carefully(struct input *in, size_t *length)
{
	enum step step = in->data[0] == '*' ? decode_array(in, length) : decode_inline(in, length);

	if (step != STEP_MORE && step != STEP_FULL)
		resp_decoder_free(in->decoder);
	return step;
}

/* --- the happy path --------------------------------------------------------------------------------------------- */

/* The value of a digit; more than 9 when `c` is none. */
static inline uint32_t digit_value(char c)
{
	return (uint32_t)(unsigned char)c - '0';
}

/* Goes on with a length whose first two digits are read; the same contract as read_short_length() from there. */
static inline const char *read_more_digits(const char *at, uint32_t *length)
{
	const char *end = at + SHORT_LENGTH_DIGITS - 2;

	for (; at < end && digit_value(*at) <= 9; at++)
		*length = *length * 10 + digit_value(*at);
	return is_line_end(at) ? at + 2 : NULL;
}

/*
 * Reads the length and the CRLF of a header whose first byte is just before `at`; SMALLEST_BULK bytes are there.
 * Returns the place behind them, or NULL when they are not plain and whole. What a whole command has at least behind
 * such a header says how far may be read without looking for the end at each digit; a count has more behind it than a
 * length.
 */
static inline const char *read_short_length(const char *at, const char *end, uint32_t *length)
{
	uint32_t first = digit_value(at[0]);
	uint32_t second = digit_value(at[1]);

	if (is_line_end(at + 1)) {
		*length = first;
		return first <= 9 ? at + 3 : NULL;
	}
	if (first - 1 >= 9 || second > 9 || end - at < SMALLEST_LONGER_BULK)
		return NULL; /* `first - 1` wraps around for 0: no number of several digits starts with it */
	*length = first * 10 + second;
	return is_line_end(at + 2) ? at + 4 : read_more_digits(at + 2, length);
}

/* Reads `argc` bulk strings of at most `max_bulk` bytes each; returns the place behind them, or NULL when they are not
 * all plain and whole. */
static inline const char *read_bulks(const char *at, const char *end, size_t max_bulk, struct slice *argv, size_t argc)
{
	const struct slice *last = argv + argc;

	for (struct slice *arg = argv; arg < last; arg++) {
		uint32_t len;

		if (end - at <= SMALLEST_BULK || *at != '$')
			return NULL;
		at = read_short_length(at + 1, end, &len);
		if (at == NULL || len > max_bulk || end - at < (ptrdiff_t)len + 2)
			return NULL;
		*arg = (struct slice){at, len};
		at += len;
		if (!is_line_end(at))
			return NULL;
		at += 2;
	}
	return at;
}

static inline enum step decode_whole(const struct resp_limits *limits, const char *data, size_t len,
				     struct resp_args *args, struct resp_request *request, size_t *length)
{
	struct slice *argv = args->items + args->len;
	const char *end = data + len;
	size_t max_args = RESP_MAX_ARGS;
	size_t max_bulk = limits->max_bulk;
	const char *at;
	uint32_t argc;

	if (!limits->authenticated) {
		max_args = RESP_UNAUTHENTICATED_ARGS;
		max_bulk = min_size(max_bulk, RESP_UNAUTHENTICATED_BULK);
	}
	if (len <= SMALLEST_BULK || *data != '*')
		return STEP_ON;
	at = read_short_length(data + 1, end, &argc);
	if (at == NULL || argc == 0 || argc > max_args)
		return STEP_ON;
	if (argc > args->cap - args->len)
		return args->len > 0 ? STEP_FULL : STEP_ON;
	at = read_bulks(at, end, max_bulk, argv, argc);
	if (at == NULL)
		return STEP_ON;
	args->len += argc;
	*request = (struct resp_request){.argv = argv, .argc = argc};
	*length = (size_t)(at - data);
	return STEP_DONE;
}

/* resp_decode() for everything but one whole array at the very front. */
static __attribute__((noinline)) enum resp_result decode_any(struct input in, size_t *used, size_t *kept)
{
	char *data = in.data; /* in.data moves on behind what was empty */
	size_t length;
	enum step step;

	while (in.len > 0) {
		step = STEP_ON;
		if (in.decoder->partial == NULL)
			step = decode_whole(in.limits, in.data, in.len, in.args, in.request, &length);
		if (step == STEP_ON)
			step = decode_carefully(&in, &length);
		switch (step) {
		case STEP_DONE:
			*used = (size_t)(in.data - data) + length;
			return RESP_OK;
		case STEP_MORE:
			*used = (size_t)(in.data - data);
			*kept = length;
			return RESP_MORE;
		case STEP_FULL:
			return RESP_FULL;
		case STEP_FAILED:
			return RESP_ERROR;
		default:
			in.data += length;
			in.len -= length;
		}
	}
	*used = (size_t)(in.data - data);
	return RESP_MORE;
}

enum resp_result resp_decode(struct resp_decoder *decoder, const struct resp_limits *limits, char *data, size_t len,
			     struct resp_args *args, struct resp_request *request, size_t *used, size_t *kept,
			     char *error)
{
	*used = *kept = 0;
	if (decoder->partial == NULL && decode_whole(limits, data, len, args, request, used) == STEP_DONE)
		return RESP_OK;
	return decode_any((struct input){decoder, limits, data, len, args, request, error}, used, kept);
}
