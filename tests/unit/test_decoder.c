/*
 * The decoder. Every example is a stream and what must come of it, written as struct feed records it: a command as
 * "argc:" and "len:bytes," for each argument, an error as "!text". Each is fed whole, one byte at a time, at every pair
 * of cuts and in random pieces, with room for many arguments and for few.
 */
#include <stdio.h>
#include <stdlib.h>
#include <sys/resource.h>
#include <unistd.h>

#include "base/random.h"
#include "unit/decoder_feed.h"
#include "unit/suites.h"

enum { BULK_LIMIT = 512 * 1024, PLENTY = 1024, FEW = 3 };

struct example {
	struct slice stream;
	const char *record;
	bool unauthenticated;
};

static const struct example examples[] = {
	/* Arrays. */
	{SLICE("*1\r\n$4\r\nPING\r\n"), "1:4:PING,", false},
	{SLICE("*3\r\n$3\r\nSET\r\n$1\r\nk\r\n$12\r\nabcdefghijkl\r\n"), "3:3:SET,1:k,12:abcdefghijkl,", false},
	{SLICE("*2\r\n$3\r\nGET\r\n$0\r\n\r\n*1\r\n$4\r\nPING\r\n"), "2:3:GET,0:,1:4:PING,", false},
	{SLICE("*1\r\n$4\r\n\r\n\r\n\r\n"), "1:4:\r\n\r\n,", false},
	{SLICE("*5\r\n$1\r\na\r\n$1\r\nb\r\n$1\r\nc\r\n$1\r\nd\r\n$1\r\ne\r\n"), "5:1:a,1:b,1:c,1:d,1:e,", false},
	{SLICE("*10\r\n$1\r\n0\r\n$1\r\n1\r\n$1\r\n2\r\n$1\r\n3\r\n$1\r\n4\r\n$1\r\n5\r\n$1\r\n6\r\n$1\r\n7\r\n$"
	       "1\r\n8\r\n"
	       "$1\r\n9\r\n"),
	 "10:1:0,1:1,1:2,1:3,1:4,1:5,1:6,1:7,1:8,1:9,", true},
	/* Nothing at all. */
	{SLICE("\r\n\n*0\r\n*-1\r\n*-7\r\n  \t\r\nPING\r\n\r\n*0\r\n"), "1:4:PING,", false},
	{SLICE("*0\r\n*1\r\n$4\r\nPING\r\n"), "1:4:PING,", false},
	/* Lines. */
	{SLICE("PING\r\nPING\nGET  key \r\n"), "1:4:PING,1:4:PING,2:3:GET,3:key,", false},
	{SLICE("SET k \"a b\\n\\r\\t\\b\\a\\x41\\\"\\\\\\q\"\r\n"), "3:3:SET,1:k,12:a b\n\r\t\b\aA\"\\q,", false},
	{SLICE("SET k 'it\\'s \\n'\n"), "3:3:SET,1:k,7:it's \\n,", false},
	{SLICE("SET \"\" ''\n*1\r\n$1\r\na\r\n"), "3:3:SET,0:,0:,1:1:a,", false},
	{SLICE("SET a\"b c\" \"\\xzz\\x4\"\n"), "3:3:SET,4:ab c,5:xzzx4,", false},
	{SLICE("GET a\r\r\n"), "2:3:GET,1:a,", false},
	{SLICE("\v\fGET a\vb\n"), "2:3:GET,3:a\vb,", false},
	{SLICE("$5\r\n"), "1:2:$5,", false},
	{SLICE("GET \"a\r\n"), "!Protocol error: unbalanced quotes in request", false},
	{SLICE("GET 'a\r\n"), "!Protocol error: unbalanced quotes in request", false},
	{SLICE("GET \"a\"b\r\n"), "!Protocol error: unbalanced quotes in request", false},
	{SLICE("GET 'a'b\r\n"), "!Protocol error: unbalanced quotes in request", false},
	{SLICE("PING\nGET \"\\\"\r\n"), "1:4:PING,!Protocol error: unbalanced quotes in request", false},
	{SLICE("GET \"\\"
	       "\n"),
	 "!Protocol error: unbalanced quotes in request", false},
	/* Numbers of arguments. */
	{SLICE("*\r\n"), "!Protocol error: invalid multibulk length", false},
	{SLICE("*x\r\n$1\r\na\r\n"), "!Protocol error: invalid multibulk length", false},
	{SLICE("*03\r\n$1\r\na\r\n"), "!Protocol error: invalid multibulk length", false},
	{SLICE("*01\r\n$4\r\nPING\r\n*1\r\n$4\r\nPING\r\n"), "!Protocol error: invalid multibulk length", false},
	{SLICE("*+3\r\n$1\r\na\r\n"), "!Protocol error: invalid multibulk length", false},
	{SLICE("* 3\r\n$1\r\na\r\n"), "!Protocol error: invalid multibulk length", false},
	{SLICE("*-0\r\n"), "!Protocol error: invalid multibulk length", false},
	{SLICE("*1\n$4\r\nPING\r\n"), "!Protocol error: invalid multibulk length", false},
	{SLICE("*1048577\r\n$1\r\na\r\n"), "!Protocol error: invalid multibulk length", false},
	{SLICE("*9223372036854775808\r\n"), "!Protocol error: invalid multibulk length", false},
	{SLICE("*1048576\r\n$1\r\na\r\n"), "", false},
	{SLICE("*11\r\n$1\r\na\r\n"), "!Protocol error: unauthenticated multibulk length", true},
	{SLICE("*1048577\r\n"), "!Protocol error: invalid multibulk length", true},
	/* Lengths of arguments. */
	{SLICE("*1\r\n$\r\n"), "!Protocol error: invalid bulk length", false},
	{SLICE("*1\r\n$-1\r\n"), "!Protocol error: invalid bulk length", false},
	{SLICE("*1\r\n$01\r\na\r\n"), "!Protocol error: invalid bulk length", false},
	{SLICE("*1\r\n$04\r\nPING\r\n*1\r\n$4\r\nPING\r\n"), "!Protocol error: invalid bulk length", false},
	{SLICE("*1\r\n$00\r\n\r\n"), "!Protocol error: invalid bulk length", false},
	{SLICE("*1\r\n$+1\r\na\r\n"), "!Protocol error: invalid bulk length", false},
	{SLICE("*2\r\n$1\r\na\r\n$b\r\n"), "!Protocol error: invalid bulk length", false},
	{SLICE("*1\r\n$524289\r\naaaa"), "!Protocol error: invalid bulk length", false},
	{SLICE("*1\r\n$4294967300\r\nPING\r\n"), "!Protocol error: invalid bulk length", false},
	{SLICE("*1\r\n$16384\r\naaaa"), "", true},
	{SLICE("*1\r\n$16385\r\naaaa"), "!Protocol error: unauthenticated bulk length", true},
	{SLICE("*1\r\n$524289\r\naaaa"), "!Protocol error: invalid bulk length", true},
	{SLICE("*1\r\nPING\r\n"), "!Protocol error: expected '$', got 'P'", false},
	{SLICE("*2\r\n$1\r\na\r\n*1\r\n"), "!Protocol error: expected '$', got '*'", false},
	{SLICE("*1\r\n\r\n"), "!Protocol error: expected '$', got '\\x0d'", false},
	{SLICE("*1\r\n\xff"), "!Protocol error: expected '$', got '\\xff'", false},
	/* Line ends. */
	{SLICE("*1\rx$4\r\nPING\r\n"), "!Protocol error: expected CRLF", false},
	{SLICE("*12345678901\rx$4\r\nPING\r\n"), "!Protocol error: expected CRLF", false},
	{SLICE("*1\r\n$4\rxPING\r\n"), "!Protocol error: expected CRLF", false},
	{SLICE("*1\r\n$4\r\nPINGxx"), "!Protocol error: expected CRLF", false},
	{SLICE("*1\r\n$4\r\nPING\rx"), "!Protocol error: expected CRLF", false},
	{SLICE("*1\r\n$4\r\nPING\nx"), "!Protocol error: expected CRLF", false},
	{SLICE("*1\r\n$4\r\nPING\r\n*1\r\n$3\r\nPING\r\n"), "1:4:PING,!Protocol error: expected CRLF", false},
	/* What is not finished. */
	{SLICE("*2\r\n$3\r\nGET\r\n$3\r\nke"), "", false},
	{SLICE("PING\r\nPIN"), "1:4:PING,", false},
};

static struct resp_limits limits_of(const struct example *example)
{
	return (struct resp_limits){.max_bulk = BULK_LIMIT, .authenticated = !example->unauthenticated};
}

static void check_record(const struct feed *feed, struct slice expected)
{
	ck_assert_msg(slice_equal(buffer_slice(&feed->record), expected), "got \"%.*s\", not \"%.*s\"",
		      (int)feed->record.len, feed->record.data, (int)expected.len, expected.data);
}

/* Feeds the example in three pieces, the cuts being before `first` and `second`. */
static void check_cuts(const struct example *example, size_t args_cap, size_t first, size_t second)
{
	struct slice stream = example->stream;
	struct feed feed;

	feed_open(&feed, limits_of(example), args_cap);
	feed_bytes(&feed, stream.data, first);
	feed_bytes(&feed, stream.data + first, second - first);
	feed_bytes(&feed, stream.data + second, stream.len - second);
	check_record(&feed, slice_of(example->record));
	feed_close(&feed);
}

static void check_single_bytes(const struct example *example, size_t args_cap)
{
	struct feed feed;

	feed_open(&feed, limits_of(example), args_cap);
	for (size_t i = 0; i < example->stream.len; i++)
		feed_bytes(&feed, example->stream.data + i, 1);
	check_record(&feed, slice_of(example->record));
	feed_close(&feed);
}

START_TEST(test_examples_at_every_cut)
{
	const struct example *example = &examples[_i];

	for (size_t second = 0; second <= example->stream.len; second++) {
		for (size_t first = 0; first <= second; first++) {
			check_cuts(example, PLENTY, first, second);
			check_cuts(example, FEW, first, second);
		}
	}
	check_single_bytes(example, PLENTY);
	check_single_bytes(example, FEW);
}
END_TEST

START_TEST(test_nul_is_a_byte_like_others)
{
	struct feed feed;

	feed_open(&feed, (struct resp_limits){BULK_LIMIT, true}, PLENTY);
	feed_bytes(&feed, "SET k\0y '\0'\n", 13);
	check_record(&feed, SLICE("3:3:SET,3:k\0y,1:\0,"));
	feed_close(&feed);
}
END_TEST

/* --- longer streams --------------------------------------------------------------------------------------------- */

/* Appends a command to `stream`, and to `record` what must come of it. */
static void build_command(struct buffer *stream, struct buffer *record, size_t argc, const struct slice *argv)
{
	buffer_printf(stream, "*%zu\r\n", argc);
	buffer_printf(record, "%zu:", argc);
	for (size_t i = 0; i < argc; i++) {
		buffer_printf(stream, "$%zu\r\n", argv[i].len);
		buffer_append_slice(stream, argv[i]);
		buffer_append_text(stream, "\r\n");
		buffer_printf(record, "%zu:", argv[i].len);
		buffer_append_slice(record, argv[i]);
		buffer_append_char(record, ',');
	}
}

static struct slice random_arg(struct random *random, const char *bytes)
{
	static const size_t sizes[] = {
		0, 1, 9, 10, 16, 100, 999, 5000, RESP_BIG_BULK - 1, RESP_BIG_BULK, RESP_BIG_BULK + 1, 70000};
	size_t kinds = random_below(random, 8) == 0 ? sizeof(sizes) / sizeof(sizes[0]) : 7;

	return (struct slice){bytes, sizes[random_below(random, kinds)]};
}

static void build_random(struct random *random, const char *bytes, struct buffer *stream, struct buffer *record)
{
	for (int i = 0; i < 20; i++) {
		struct slice argv[12];
		size_t argc = 1 + random_below(random, 12);

		for (size_t j = 0; j < argc; j++)
			argv[j] = random_arg(random, bytes);
		build_command(stream, record, argc, argv);
		if (random_below(random, 4) == 0) {
			buffer_append_text(stream, "set 'a b' \"\\x41\"\r\n");
			buffer_append_text(record, "3:3:set,3:a b,1:A,");
		}
	}
}

static void feed_random_pieces(struct feed *feed, struct random *random, struct slice stream)
{
	static const size_t longest[] = {4, 50, 3000, 40000, 200000};
	size_t piece;

	for (size_t at = 0; at < stream.len; at += piece) {
		piece = 1 + random_below(random, longest[random_below(random, 5)]);
		if (piece > stream.len - at)
			piece = stream.len - at;
		feed_bytes(feed, stream.data + at, piece);
	}
}

START_TEST(test_random_cuts)
{
	struct random random;
	struct buffer stream = {0};
	struct buffer record = {0};
	struct feed feed;
	char *bytes = malloc(70000);

	random_seed(&random, (uint64_t)_i + 1);
	for (size_t i = 0; i < 70000; i++)
		bytes[i] = "\r\n$*1a\0z"[random_below(&random, 8)];
	build_random(&random, bytes, &stream, &record);

	feed_open(&feed, (struct resp_limits){BULK_LIMIT, true}, (size_t)_i % 2 == 0 ? PLENTY : FEW);
	feed_random_pieces(&feed, &random, buffer_slice(&stream));
	check_record(&feed, buffer_slice(&record));
	ck_assert_ptr_null(feed.decoder.partial);
	ck_assert_uint_eq(feed.len, 0);
	feed_close(&feed);
	buffer_free(&stream);
	buffer_free(&record);
	free(bytes);
}
END_TEST

/* A line of RESP_MAX_INLINE bytes may still end; one byte more is too long, whether or not its end is there. */
static void check_long_line(const char *start, const char *filler, const char *error, bool too_long, size_t piece)
{
	size_t line = strchr(start, '\n') == NULL ? 0 : strlen("*1\r\n"); /* where the long line starts */
	size_t len = line + RESP_MAX_INLINE + too_long;
	struct buffer stream = {0};
	struct feed feed;

	buffer_append_text(&stream, start);
	while (stream.len < len)
		buffer_append_text(&stream, filler);
	buffer_append_text(&stream, "\r\n");
	feed_open(&feed, (struct resp_limits){BULK_LIMIT, true}, PLENTY);
	for (size_t at = 0; at < stream.len; at += piece)
		feed_bytes(&feed, stream.data + at, stream.len - at < piece ? stream.len - at : piece);
	check_record(&feed, slice_of(error));
	feed_close(&feed);
	buffer_free(&stream);
}

START_TEST(test_lines_that_are_too_long)
{
	static const size_t pieces[] = {1 << 20, RESP_MAX_INLINE, 4096, 1000};
	size_t piece = pieces[_i];

	check_long_line("*", "1", "!Protocol error: too big mbulk count string", true, piece);
	check_long_line("*", "1", "!Protocol error: invalid multibulk length", false, piece);
	check_long_line("*1\r\n$", "1", "!Protocol error: too big bulk count string", true, piece);
	check_long_line("*1\r\n$", "1", "!Protocol error: invalid bulk length", false, piece);
	check_long_line("", "a", "!Protocol error: too big inline request", true, piece);
	check_long_line("", " ", "!Protocol error: too big inline request", true, piece);
}
END_TEST

START_TEST(test_longest_line)
{
	struct feed feed;
	struct buffer stream = {0};

	while (stream.len < RESP_MAX_INLINE - 1)
		buffer_append_text(&stream, "a");
	buffer_append_text(&stream, "\n");
	feed_open(&feed, (struct resp_limits){BULK_LIMIT, true}, PLENTY);
	feed_bytes(&feed, stream.data, stream.len - 1);
	feed_bytes(&feed, stream.data + stream.len - 1, 1);
	ck_assert(!feed.failed);
	ck_assert_uint_eq(feed.commands, 1);
	feed_close(&feed);
	buffer_free(&stream);
}
END_TEST

/* --- what it costs ---------------------------------------------------------------------------------------------- */

/* One call of resp_decode with everything it needs. */
struct call {
	struct resp_decoder decoder;
	struct resp_limits limits;
	struct resp_args args;
	struct resp_request request;
	size_t used;
	size_t kept;
	char error[RESP_ERROR_TEXT];
};

static void call_open(struct call *call, size_t args_cap)
{
	*call = (struct call){.limits = {(size_t)1 << 40, true}};
	ck_assert(resp_args_init(&call->args, args_cap));
}

static void call_close(struct call *call)
{
	resp_decoder_free(&call->decoder);
	resp_args_free(&call->args);
}

static enum resp_result call_decode(struct call *call, char *data, size_t len)
{
	return resp_decode(&call->decoder, &call->limits, data, len, &call->args, &call->request, &call->used,
			   &call->kept, call->error);
}

/* Quadratic work would take minutes here. */
START_TEST(test_many_args_in_single_bytes)
{
	const size_t argc = 200000;
	struct buffer stream = {0};
	enum resp_result result = RESP_MORE;
	struct call call;

	buffer_printf(&stream, "*%zu\r\n", argc);
	for (size_t i = 0; i < argc; i++)
		buffer_append_text(&stream, "$1\r\na\r\n");
	call_open(&call, PLENTY);
	for (size_t len = 1; len <= stream.len && result == RESP_MORE; len++)
		result = call_decode(&call, stream.data, len);
	ck_assert_int_eq(result, RESP_OK);
	ck_assert_uint_eq(call.used, stream.len);
	ck_assert_uint_eq(call.request.argc, argc);
	ck_assert_ptr_nonnull(call.request.owned);
	ck_assert(slice_equal(call.request.argv[argc - 1], SLICE("a")));
	resp_request_release(&call.request);
	call_close(&call);
	buffer_free(&stream);
}
END_TEST

START_TEST(test_memory_follows_what_arrived)
{
	char stream[] = "*1048576\r\n$1\r\na\r\n$1";
	struct call call;

	call_open(&call, PLENTY);
	ck_assert_uint_eq(resp_decoder_footprint(&call.decoder), 0);
	ck_assert_int_eq(call_decode(&call, stream, sizeof(stream) - 1), RESP_MORE);
	ck_assert(resp_decoder_is_midway(&call.decoder));
	ck_assert_uint_gt(resp_decoder_footprint(&call.decoder), 0);
	ck_assert_uint_lt(resp_decoder_footprint(&call.decoder), 1024);
	resp_decoder_free(&call.decoder);
	ck_assert(!resp_decoder_is_midway(&call.decoder));
	call_close(&call);
}
END_TEST

START_TEST(test_whole_commands_cost_no_memory)
{
	char stream[] = "*2\r\n$3\r\nGET\r\n$3\r\nkey\r\nset k 'a b'\r\n";
	struct call call;

	call_open(&call, PLENTY);
	ck_assert_int_eq(call_decode(&call, stream, sizeof(stream) - 1), RESP_OK);
	ck_assert_ptr_eq(call.request.argv, call.args.items);
	ck_assert_ptr_eq(call.request.argv[1].data, stream + 17);
	ck_assert_ptr_null(call.request.owned);
	ck_assert_int_eq(call_decode(&call, stream + call.used, sizeof(stream) - 1 - call.used), RESP_OK);
	ck_assert_ptr_eq(call.request.argv, call.args.items + 2);
	ck_assert_ptr_null(call.request.owned);
	ck_assert_ptr_null(call.decoder.partial);
	call_close(&call);
}
END_TEST

/* --- batches ---------------------------------------------------------------------------------------------------- */

START_TEST(test_full)
{
	char stream[] = "\r\n*2\r\n$3\r\nGET\r\n$3\r\nkey\r\n\r\n*2\r\n$3\r\nGET\r\n$1\r\nk\r\nset k v\n";
	const size_t len = sizeof(stream) - 1;
	size_t at;
	struct call call;

	call_open(&call, FEW);
	ck_assert_int_eq(call_decode(&call, stream, len), RESP_OK);
	at = call.used;
	ck_assert_int_eq(call_decode(&call, stream + at, len - at), RESP_FULL);
	ck_assert_uint_eq(call.used, 0);
	resp_args_reset(&call.args);
	ck_assert_int_eq(call_decode(&call, stream + at, len - at), RESP_OK);
	ck_assert(slice_equal(call.request.argv[1], SLICE("k")));
	at += call.used;
	ck_assert_int_eq(call_decode(&call, stream + at, len - at), RESP_FULL);
	resp_args_reset(&call.args);
	ck_assert_int_eq(call_decode(&call, stream + at, len - at), RESP_OK);
	ck_assert_uint_eq(call.request.argc, 3);
	ck_assert_ptr_null(call.request.owned);
	call_close(&call);
}
END_TEST

START_TEST(test_more_args_than_a_batch_holds)
{
	char stream[] = "*4\r\n$1\r\na\r\n$1\r\nb\r\n$1\r\nc\r\n$1\r\nd\r\na b c 'd'\n";
	struct call call;

	call_open(&call, FEW);
	for (size_t at = 0; at < sizeof(stream) - 1; at += call.used) {
		ck_assert_int_eq(call_decode(&call, stream + at, sizeof(stream) - 1 - at), RESP_OK);
		ck_assert_uint_eq(call.request.argc, 4);
		ck_assert_ptr_eq(call.request.owned, call.request.argv);
		ck_assert(slice_equal(call.request.argv[3], SLICE("d")));
		resp_request_release(&call.request);
		ck_assert_ptr_null(call.request.owned);
	}
	call_close(&call);
}
END_TEST

/* --- large arguments -------------------------------------------------------------------------------------------- */

/* "MSET a <60000 x> b <50000 y> c <40000 z>" */
static void build_large(struct buffer *stream, struct buffer *record)
{
	static char bytes[3][60000];
	struct slice argv[] = {SLICE("MSET"),	  SLICE("a"), {bytes[0], 60000}, SLICE("b"),
			       {bytes[1], 50000}, SLICE("c"), {bytes[2], 40000}};

	memset(bytes[0], 'x', 60000);
	memset(bytes[1], 'y', 60000);
	memset(bytes[2], 'z', 60000);
	build_command(stream, record, 7, argv);
}

/* How many of the three large arguments come in blocks when pieces have `piece` bytes. */
static size_t large_blocks(size_t piece)
{
	struct buffer stream = {0};
	struct buffer record = {0};
	struct feed feed;
	size_t blocks;

	build_large(&stream, &record);
	feed_open(&feed, (struct resp_limits){BULK_LIMIT, true}, PLENTY);
	for (size_t at = 0; at < stream.len; at += piece)
		feed_bytes(&feed, stream.data + at, stream.len - at < piece ? stream.len - at : piece);
	check_record(&feed, buffer_slice(&record));
	blocks = feed.blocks;
	feed_close(&feed);
	buffer_free(&stream);
	buffer_free(&record);
	return blocks;
}

START_TEST(test_large_args)
{
	ck_assert_uint_eq(large_blocks(1 << 20), 0);
	ck_assert_uint_eq(large_blocks(1), 3);
	ck_assert_uint_eq(large_blocks(1000), 3);
	ck_assert_uint_eq(large_blocks(16384), 3);
	ck_assert_uint_eq(large_blocks(140000), 1);
	ck_assert_uint_eq(large_blocks(60100), 2);
}
END_TEST

START_TEST(test_room)
{
	char stream[64] = "*2\r\n$3\r\nGET\r\n$40000\r\nabc";
	const size_t header = strlen(stream) - 3;
	struct block *block;
	struct call call;
	size_t len;
	char *room;

	call_open(&call, PLENTY);
	ck_assert_ptr_null(resp_decoder_room(&call.decoder, &len));
	ck_assert_int_eq(call_decode(&call, stream, header + 3), RESP_MORE);
	ck_assert_uint_eq(call.used, 0);
	ck_assert_uint_eq(call.kept, header);
	room = resp_decoder_room(&call.decoder, &len);
	ck_assert_uint_eq(len, 40000 - 3);
	ck_assert_uint_ge(resp_decoder_footprint(&call.decoder), 40000);
	memset(room, 'd', len);
	resp_decoder_filled(&call.decoder, 100);
	ck_assert_int_eq(call_decode(&call, stream, header), RESP_MORE);
	ck_assert_ptr_eq(resp_decoder_room(&call.decoder, &len), room + 100);
	ck_assert_uint_eq(len, 40000 - 103);
	resp_decoder_filled(&call.decoder, len);
	ck_assert_ptr_null(resp_decoder_room(&call.decoder, &len));
	memcpy(stream + header, "\r\n", 3);
	ck_assert_int_eq(call_decode(&call, stream, header + 2), RESP_OK);
	ck_assert_uint_eq(call.used, header + 2);
	ck_assert_uint_eq(call.request.argv[1].len, 40000);
	ck_assert_int_eq(memcmp(call.request.argv[1].data, "abcd", 4), 0);
	ck_assert_ptr_null(resp_request_take_block(&call.request, 0));
	block = resp_request_take_block(&call.request, 1);
	ck_assert_ptr_eq(block->data, call.request.argv[1].data);
	ck_assert_ptr_null(resp_request_take_block(&call.request, 1));
	resp_request_release(&call.request);
	ck_assert(!block_is_shared(block));
	block_unref(block);
	call_close(&call);
}
END_TEST

START_TEST(test_line_end_behind_a_block)
{
	char stream[64] = "*1\r\n$32768\r\n";
	const size_t header = strlen(stream);
	struct call call;
	size_t len;

	call_open(&call, PLENTY);
	ck_assert_int_eq(call_decode(&call, stream, header), RESP_MORE);
	memset(resp_decoder_room(&call.decoder, &len), 'a', 32768);
	resp_decoder_filled(&call.decoder, len);
	memcpy(stream + header, "ab", 2);
	ck_assert_int_eq(call_decode(&call, stream, header + 2), RESP_ERROR);
	ck_assert_str_eq(call.error, "Protocol error: expected CRLF");
	call_close(&call);
}
END_TEST

/* A claim of 1 GiB is believed when a megabyte of it has arrived. */
START_TEST(test_huge_claim)
{
	static const size_t claim = 1024 * 1024 * 1024, steps[] = {256 * 1024, 1024 * 1024};
	char stream[] = "*1\r\n$1073741824\r\n";
	struct call call;
	size_t arrived = 0;
	size_t len;
	char *room;

	call_open(&call, PLENTY);
	ck_assert_int_eq(call_decode(&call, stream, sizeof(stream) - 1), RESP_MORE);
	for (size_t i = 0; i < sizeof(steps) / sizeof(steps[0]); i++) {
		ck_assert_uint_ge(resp_decoder_footprint(&call.decoder), steps[i]);
		ck_assert_uint_lt(resp_decoder_footprint(&call.decoder), steps[i] + 1024);
		ck_assert_ptr_nonnull(resp_decoder_room(&call.decoder, &len));
		ck_assert_uint_eq(len, steps[i] - arrived);
		resp_decoder_filled(&call.decoder, len - 1);
		room = resp_decoder_room(&call.decoder, &len);
		ck_assert_uint_eq(len, 1);
		*room = 'a';
		resp_decoder_filled(&call.decoder, 1);
		arrived = steps[i];
		room = resp_decoder_room(&call.decoder, &len);
		ck_assert_int_eq(room[-1], 'a');
	}
	ck_assert_uint_eq(len, claim - arrived);
	call_close(&call);
}
END_TEST

#if defined(__linux__) && !defined(__SANITIZE_ADDRESS__) && !defined(__SANITIZE_THREAD__)

/* Lets this process (Check forks for each test) have `more` bytes of address space than it has. */
static void limit_memory(size_t more)
{
	FILE *file = fopen("/proc/self/statm", "r");
	struct rlimit limit;
	size_t pages = 0;

	ck_assert_ptr_nonnull(file);
	ck_assert_int_eq(fscanf(file, "%zu", &pages), 1);
	fclose(file);
	limit.rlim_cur = limit.rlim_max = pages * (size_t)sysconf(_SC_PAGESIZE) + more;
	ck_assert_int_eq(setrlimit(RLIMIT_AS, &limit), 0);
}

/* The small blocks can be had, the one for all of it cannot. */
START_TEST(test_no_memory_for_a_block)
{
	char stream[] = "*2\r\n$4\r\nECHO\r\n$1073741824\r\nxy";
	struct call call;
	size_t len;

	call_open(&call, PLENTY);
	limit_memory(16 * 1024 * 1024);
	ck_assert_int_eq(call_decode(&call, stream, sizeof(stream) - 1), RESP_MORE);
	for (int i = 0; i < 2; i++) {
		ck_assert_ptr_nonnull(resp_decoder_room(&call.decoder, &len));
		resp_decoder_filled(&call.decoder, len);
	}
	ck_assert_ptr_null(resp_decoder_room(&call.decoder, &len));
	/* More bytes come, by the usual way. */
	ck_assert_int_eq(call_decode(&call, stream, sizeof(stream) - 1), RESP_ERROR);
	ck_assert_str_eq(call.error, "out of memory reading the command");
	call_close(&call);
}
END_TEST

#endif

/* --- limits ----------------------------------------------------------------------------------------------------- */

START_TEST(test_limits_may_change_midway)
{
	char stream[] = "*11\r\n$3\r\nSET\r\n$20\r\n01234567890123456789\r\n$20\r\n01";
	const size_t before = sizeof("*11\r\n$3\r\nSET\r\n$20\r\n0123") - 1;
	struct call call;

	call_open(&call, PLENTY);
	ck_assert_int_eq(call_decode(&call, stream, before), RESP_MORE);
	call.limits.authenticated = false;
	call.limits.max_bulk = 20;
	ck_assert_int_eq(call_decode(&call, stream, before + 1), RESP_MORE);
	call.limits.max_bulk = 10;
	ck_assert_int_eq(call_decode(&call, stream, sizeof(stream) - 1), RESP_ERROR);
	ck_assert_str_eq(call.error, "Protocol error: invalid bulk length");
	ck_assert(!resp_decoder_is_midway(&call.decoder));
	call_close(&call);
}
END_TEST

START_TEST(test_limit_is_inclusive)
{
	char stream[] = "*1\r\n$5\r\nabcde\r\n";
	struct call call;

	call_open(&call, PLENTY);
	call.limits.max_bulk = 5;
	ck_assert_int_eq(call_decode(&call, stream, sizeof(stream) - 1), RESP_OK);
	ck_assert_int_eq(call_decode(&call, stream, sizeof(stream) - 3), RESP_MORE);
	ck_assert_int_eq(call_decode(&call, stream, sizeof(stream) - 1), RESP_OK);
	call.limits.max_bulk = 4;
	ck_assert_int_eq(call_decode(&call, stream, sizeof(stream) - 1), RESP_ERROR);
	ck_assert_str_eq(call.error, "Protocol error: invalid bulk length");
	call_close(&call);
}
END_TEST

Suite *decoder_suite(void)
{
	Suite *suite = suite_create("decoder");
	TCase *cuts = tcase_create("cuts");
	TCase *costs = tcase_create("costs");
	TCase *calls = tcase_create("calls");

	tcase_set_timeout(cuts, 60);
	tcase_add_loop_test(cuts, test_examples_at_every_cut, 0, sizeof(examples) / sizeof(examples[0]));
	tcase_add_test(cuts, test_nul_is_a_byte_like_others);
	tcase_add_loop_test(cuts, test_random_cuts, 0, 40);
	tcase_add_loop_test(cuts, test_lines_that_are_too_long, 0, 4);
	tcase_add_test(cuts, test_longest_line);
	suite_add_tcase(suite, cuts);

	tcase_set_timeout(costs, 20);
	tcase_add_test(costs, test_many_args_in_single_bytes);
	tcase_add_test(costs, test_memory_follows_what_arrived);
	tcase_add_test(costs, test_whole_commands_cost_no_memory);
	suite_add_tcase(suite, costs);

	tcase_set_timeout(calls, 60);
	tcase_add_test(calls, test_full);
	tcase_add_test(calls, test_more_args_than_a_batch_holds);
	tcase_add_test(calls, test_large_args);
	tcase_add_test(calls, test_room);
	tcase_add_test(calls, test_line_end_behind_a_block);
	tcase_add_test(calls, test_huge_claim);
#if defined(__linux__) && !defined(__SANITIZE_ADDRESS__) && !defined(__SANITIZE_THREAD__)
	tcase_add_test(calls, test_no_memory_for_a_block);
#endif
	tcase_add_test(calls, test_limits_may_change_midway);
	tcase_add_test(calls, test_limit_is_inclusive);
	suite_add_tcase(suite, calls);
	return suite;
}
