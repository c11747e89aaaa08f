/*
 * LCS: the longest common subsequence of two values.
 *
 * The happy path is: read the two values and the options, let base/subsequence.h do the work, write the reply. Without
 * options that is the subsequence, with LEN its length, with IDX the runs of it and where they stand.
 *
 * The two values are refused when Redis's table for them, four bytes for each pair of bytes and edge, would exceed
 * proto-max-bulk-len. This one takes a thirty-second part of that, and about 5 ms for the largest that the default
 * admits; the limit stays where users of Redis know it, and keeps the time short for which the two shards are locked.
 */
#include <stdint.h>

#include "base/settings.h"
#include "base/subsequence.h"
#include "command/handlers.h"
#include "command/values.h"

struct lcs_options {
	bool len;
	bool idx;
	bool with_match_len;
	int64_t min_match_len; /* bytes of a run that IDX tells, at least */
};

static const char out_of_memory[] = "ERR Insufficient memory, failed allocating transient memory for LCS";

/* False with the error written. */
static bool options_read(struct command_context *context, struct lcs_options *options)
{
	for (size_t i = 3; i < context->argc; i++) {
		if (argument_is(context, i, "IDX")) {
			options->idx = true;
		} else if (argument_is(context, i, "LEN")) {
			options->len = true;
		} else if (argument_is(context, i, "WITHMATCHLEN")) {
			options->with_match_len = true;
		} else if (argument_is(context, i, "MINMATCHLEN") && i + 1 < context->argc) {
			if (!argument_int64(context, ++i, &options->min_match_len))
				return false;
		} else {
			reply_error_syntax(context->reply);
			return false;
		}
	}
	if (!options->idx || !options->len)
		return true;
	reply_error(context->reply, "ERR If you want both the length and indexes, please just use IDX.");
	return false;
}

/* False with the error written. */
static bool lengths_check(struct command_context *context, size_t a, size_t b)
{
	size_t limit = (size_t)setting_get(&settings.proto_max_bulk_len);

	if (a >= UINT32_MAX - 1 || b >= UINT32_MAX - 1) {
		reply_error(context->reply, "ERR String too long for LCS");
		return false;
	}
	if ((a + 1) * (b + 1) <= limit / sizeof(uint32_t)) /* no overflow: both are less than 2^32 */
		return true;
	reply_error(context->reply, "ERR Insufficient memory, transient memory for LCS exceeds proto-max-bulk-len");
	return false;
}

static void reply_len_of(struct command_context *context, struct slice a, struct slice b)
{
	size_t len;

	if (subsequence_measure(a, b, &len))
		reply_int(context->reply, (int64_t)len);
	else
		reply_error(context->reply, out_of_memory);
}

/* The subsequence itself, put together from its end. */
static void reply_text(struct reply *reply, struct subsequence *found)
{
	struct block *block = block_new(found->len);
	struct subsequence_run run;
	size_t at = found->len;

	if (block == NULL) {
		reply_error(reply, out_of_memory);
		return;
	}
	block->len = found->len;
	while (subsequence_next(found, &run)) {
		at -= run.len;
		memcpy(block->data + at, found->a.data + run.a, run.len);
	}
	reply_bulk_block(reply, block, 0, block->len);
	block_unref(block);
}

/* First and last place of a run in one of the texts. */
static void reply_places(struct reply *reply, size_t first, size_t len)
{
	reply_array(reply, 2);
	reply_int(reply, (int64_t)first);
	reply_int(reply, (int64_t)(first + len - 1));
}

static void reply_run(struct reply *reply, const struct subsequence_run *run, bool with_match_len)
{
	reply_array(reply, with_match_len ? 3 : 2);
	reply_places(reply, run->a, run->len);
	reply_places(reply, run->b, run->len);
	if (with_match_len)
		reply_int(reply, (int64_t)run->len);
}

static void reply_runs(struct reply *reply, struct subsequence *found, const struct lcs_options *options)
{
	struct reply_deferred matches;
	struct subsequence_run run;
	size_t count = 0;

	reply_map(reply, 2);
	reply_bulk_text(reply, "matches");
	matches = reply_array_begin(reply);
	while (subsequence_next(found, &run)) {
		if ((int64_t)run.len < options->min_match_len)
			continue;
		reply_run(reply, &run, options->with_match_len);
		count++;
	}
	reply_array_end(reply, matches, count);
	reply_bulk_text(reply, "len");
	reply_int(reply, (int64_t)found->len);
}

/* As in Redis, both keys are looked up before the options are read. */
void lcs_command(struct command_context *context)
{
	struct entry *first = value_read(context, 0);
	struct entry *second = value_read(context, 1);
	struct slice a = value_bytes(first);
	struct slice b = value_bytes(second);
	struct lcs_options options = {0};
	struct subsequence found;

	if (!options_read(context, &options) || !lengths_check(context, a.len, b.len))
		return;
	if (options.len) {
		reply_len_of(context, a, b);
		return;
	}
	if (!subsequence_find(&found, a, b)) {
		reply_error(context->reply, out_of_memory);
		return;
	}
	if (options.idx)
		reply_runs(context->reply, &found, &options);
	else
		reply_text(context->reply, &found);
	subsequence_free(&found);
}
