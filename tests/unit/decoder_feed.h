/*
 * Feeds a decoder as a connection does, in whatever pieces a test cuts its stream into, and writes down what comes out.
 *
 * The bytes that the decoder wants to see again are moved to a new allocation of just their size for each piece, so
 * that AddressSanitizer sees every byte that is read beyond them and every slice that is used too long.
 */
#ifndef CUBBY_TESTS_UNIT_DECODER_FEED_H
#define CUBBY_TESTS_UNIT_DECODER_FEED_H

#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/buffer.h"
#include "resp/decoder.h"

struct feed {
	struct resp_decoder decoder;
	struct resp_limits limits;
	struct resp_args args;
	char *data; /* owned; the stream from the first byte that was not used up */
	size_t len;
	struct buffer record; /* each command as "argc:" and "len:bytes," for each argument; an error as "!text" */
	size_t commands;
	size_t blocks; /* arguments that came in a block */
	bool failed;   /* the decoder found an error; nothing is fed any more */
};

static inline void feed_open(struct feed *feed, struct resp_limits limits, size_t args_cap)
{
	*feed = (struct feed){.limits = limits};
	if (!resp_args_init(&feed->args, args_cap))
		abort();
}

static inline void feed_close(struct feed *feed)
{
	resp_decoder_free(&feed->decoder);
	resp_args_free(&feed->args);
	buffer_free(&feed->record);
	free(feed->data);
}

static inline void feed_require(bool holds, const char *what)
{
	if (holds)
		return;
	fprintf(stderr, "decoder: %s\n", what);
	abort();
}

static inline void feed_record_command(struct feed *feed, struct resp_request *request)
{
	feed_require(request->argc > 0, "a command without arguments");
	buffer_printf(&feed->record, "%zu:", request->argc);
	for (size_t i = 0; i < request->argc; i++) {
		buffer_printf(&feed->record, "%zu:", request->argv[i].len);
		buffer_append_slice(&feed->record, request->argv[i]);
		buffer_append_char(&feed->record, ',');
	}
	for (size_t i = 0; i < request->big_count; i++) {
		size_t index = request->big[i].index;
		struct slice arg = request->argv[index];
		struct block *block = resp_request_take_block(request, index);

		feed_require(block != NULL && block->data == arg.data && block->len == arg.len, "a wrong block");
		feed_require(resp_request_take_block(request, index) == NULL, "a block was given twice");
		block_unref(block);
		feed->blocks++;
	}
	feed->commands++;
}

/* Moves the stream's unused bytes, less `used` at the front and what is behind `kept` more, to a new place, and puts
 * `more` behind them. */
static inline void feed_move(struct feed *feed, size_t used, size_t kept, const char *more, size_t len)
{
	char *moved = malloc(kept + len);

	if (kept > 0)
		memcpy(moved, feed->data + used, kept);
	if (len > 0)
		memcpy(moved + kept, more, len);
	free(feed->data);
	feed->data = moved;
	feed->len = kept + len;
}

/* Decodes one command at `*at`; false when there is no further one. */
static inline bool feed_decode_one(struct feed *feed, size_t *at)
{
	struct resp_request request = {0};
	char error[RESP_ERROR_TEXT];
	size_t used;
	size_t kept;

	switch (resp_decode(&feed->decoder, &feed->limits, feed->data + *at, feed->len - *at, &feed->args, &request,
			    &used, &kept, error)) {
	case RESP_OK:
		feed_record_command(feed, &request);
		resp_request_release(&request);
		*at += used;
		return true;
	case RESP_FULL:
		feed_require(feed->args.len > 0, "an empty batch is full");
		resp_args_reset(&feed->args);
		return true;
	case RESP_MORE:
		feed_require(used + kept <= feed->len - *at, "more was kept than there is");
		feed_require(resp_decoder_is_midway(&feed->decoder) == (kept > 0), "bytes without a command");
		feed_move(feed, *at + used, kept, NULL, 0);
		return false;
	default:
		buffer_append_char(&feed->record, '!');
		buffer_append_text(&feed->record, error);
		feed->failed = true;
		return false;
	}
}

static inline void feed_decode(struct feed *feed)
{
	size_t at = 0;

	resp_args_reset(&feed->args);
	while (feed_decode_one(feed, &at))
		continue;
}

/* Gives the decoder the next bytes of the stream: into its room while it has one, else behind the kept ones. */
static inline void feed_bytes(struct feed *feed, const char *bytes, size_t len)
{
	while (len > 0 && !feed->failed) {
		size_t room;
		char *place = resp_decoder_room(&feed->decoder, &room);
		size_t taken = len;

		if (place != NULL) {
			taken = room < len ? room : len;
			memcpy(place, bytes, taken);
			resp_decoder_filled(&feed->decoder, taken);
		} else {
			feed_move(feed, 0, feed->len, bytes, len);
		}
		feed_decode(feed);
		bytes += taken;
		len -= taken;
	}
}

#endif
