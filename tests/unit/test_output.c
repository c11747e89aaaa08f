/*
 * What a connection has still to send, over a pair of sockets: every byte of it arrives, in order, whatever pieces it
 * is in and however little the kernel takes at a time.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>

#include "net/output.h"
#include "unit/suites.h"

enum {
	SEND_AT_ONCE = 128 * 1024, /* as output.h says */
	KERNEL_BUFFER = 40000,
	BLOCKS = 7,
	INSERTS = 3000,
};

/* An output, the stream it sends to and the other end of that; what was put into it, and what came out so far. */
struct fixture {
	uv_loop_t loop;
	struct transport transport;
	int reader;
	struct output *output;
	struct reply reply;
	struct buffer expected;
	struct buffer received;
	struct block *blocks[BLOCKS];
	bool failed; /* a request ended with an error */
};

static struct fixture fixture;

/* --- two ends --------------------------------------------------------------------------------------------------- */

/* Of a length of its own, with bytes that tell one place from another. */
static struct block *numbered_block(unsigned number)
{
	size_t len = REPLY_BY_REFERENCE + number * 977;
	struct block *block = block_new(len);
	unsigned noise = number + 1;

	for (size_t i = 0; i < len; i++) {
		noise = noise * 1103515245 + 12345;
		block->data[i] = (char)(noise >> 16);
	}
	block->len = len;
	return block;
}

static void setup(void)
{
	int size = KERNEL_BUFFER;
	bool opened;
	int ends[2];

	fixture = (struct fixture){.reply = {.protocol = 2}};
	ck_assert_int_eq(socketpair(AF_UNIX, SOCK_STREAM, 0, ends), 0);
	ck_assert_int_eq(setsockopt(ends[0], SOL_SOCKET, SO_SNDBUF, &size, sizeof(size)), 0);
	ck_assert_int_eq(fcntl(ends[0], F_SETFL, O_NONBLOCK), 0);
	ck_assert_int_eq(fcntl(ends[1], F_SETFL, O_NONBLOCK), 0);
	uv_loop_init(&fixture.loop);
	ck_assert_int_eq(transport_open(&fixture.transport, &fixture.loop, ends[0], TRANSPORT_UNIX, &opened), 0);
	fixture.reader = ends[1];
	fixture.output = output_new(NULL);
	for (unsigned i = 0; i < BLOCKS; i++)
		fixture.blocks[i] = numbered_block(i);
}

static void handle_closed(uv_handle_t *handle)
{
	(void)handle;
	output_free(fixture.output);
}

/* As a connection closes: what waits is freed when libuv has let go of it. */
static void close_stream(void)
{
	uv_close(&fixture.transport.handle, handle_closed);
	uv_run(&fixture.loop, UV_RUN_DEFAULT);
}

static void teardown(void)
{
	if (!uv_is_closing(&fixture.transport.handle))
		close_stream();
	ck_assert_int_eq(uv_loop_close(&fixture.loop), 0);
	close(fixture.reader);
	reply_free(&fixture.reply);
	buffer_free(&fixture.expected);
	buffer_free(&fixture.received);
	for (int i = 0; i < BLOCKS; i++) {
		ck_assert(!block_is_shared(fixture.blocks[i]));
		block_unref(fixture.blocks[i]);
	}
}

/* --- what is sent ----------------------------------------------------------------------------------------------- */

static void add_text(size_t len)
{
	buffer_printf(&fixture.expected, "$%zu\r\n", len);
	buffer_reserve(&fixture.expected, len);
	for (size_t i = 0; i < len; i++)
		fixture.expected.data[fixture.expected.len + i] = (char)('a' + (len + i / 3) % 26);
	reply_bulk(&fixture.reply, (struct slice){fixture.expected.data + fixture.expected.len, len});
	fixture.expected.len += len;
	buffer_append_text(&fixture.expected, "\r\n");
}

static void add_block(unsigned number)
{
	struct block *block = fixture.blocks[number % BLOCKS];

	reply_bulk_block(&fixture.reply, block, 0, block->len);
	buffer_printf(&fixture.expected, "$%zu\r\n", block->len);
	buffer_append(&fixture.expected, block->data, block->len);
	buffer_append_text(&fixture.expected, "\r\n");
}

/* An array that leaves a gap: there is a block in it. */
static void add_array(unsigned number)
{
	struct reply_deferred array = reply_array_begin(&fixture.reply);

	buffer_append_text(&fixture.expected, "*2\r\n");
	add_text(number % 40);
	add_block(number);
	reply_array_end(&fixture.reply, array, 2);
}

/* --- sending and receiving -------------------------------------------------------------------------------------- */

/* What was put in and has not been counted as sent. */
static void check_accounts(size_t sent)
{
	struct output *output = fixture.output;

	ck_assert_uint_eq(output->bytes, fixture.expected.len - sent);
	ck_assert_uint_le(output->sending, SEND_AT_ONCE);
	ck_assert_uint_le(output->sending, output->bytes);
	ck_assert_uint_le(output->sending_chunks, output->chunks);
	ck_assert_int_eq(output->chunks > 0, output->first != NULL);
	ck_assert_int_eq(output->bytes > 0, output->first != NULL);
}

static void sent(uv_write_t *request, int status)
{
	size_t *total = request->data;

	if (status == 0)
		*total += output_sent(fixture.output);
	else
		fixture.failed = true;
}

/* Takes what has arrived, some of it at a time. */
static void receive(void)
{
	ssize_t got;

	do {
		ck_assert(buffer_reserve(&fixture.received, 10007));
		got = read(fixture.reader, fixture.received.data + fixture.received.len, 10007);
		if (got > 0)
			fixture.received.len += (size_t)got;
	} while (got > 0);
	ck_assert(got < 0 && (errno == EAGAIN || errno == EINTR));
}

/* Puts the reply behind what waits, its first `skip` bytes left out. */
static void take(size_t skip)
{
	ck_assert(output_take(fixture.output, &fixture.reply, skip, 0));
	ck_assert_uint_eq(reply_len(&fixture.reply), 0);
}

/* The same for one that may leave when the position is released. */
static void take_held(uint64_t position)
{
	ck_assert(output_take(fixture.output, &fixture.reply, 0, position));
}

/* The same when nobody has sent these bytes, nor should. */
static void take_rest(size_t skip)
{
	struct buffer *expected = &fixture.expected;
	size_t at = expected->len - reply_len(&fixture.reply);

	memmove(expected->data + at, expected->data + at + skip, expected->len - at - skip);
	expected->len -= skip;
	take(skip);
}

static void start(size_t *total)
{
	fixture.output->request.data = total;
	ck_assert_int_eq(output_send(fixture.output, &fixture.transport.stream, UINT64_MAX, sent), 0);
	ck_assert_uint_gt(fixture.output->sending, 0);
}

/* Sends all that waits behind the first `total` bytes, and compares what has come with what was put in. */
static void finish(size_t total)
{
	fixture.output->request.data = &total;
	while (fixture.output->first != NULL && !fixture.failed) {
		check_accounts(total);
		if (!fixture.output->writing)
			start(&total);
		check_accounts(total);
		uv_run(&fixture.loop, UV_RUN_NOWAIT);
		receive();
	}
	check_accounts(total);
	ck_assert(!fixture.failed);
	ck_assert_uint_eq(total, fixture.expected.len);
	ck_assert_uint_eq(fixture.received.len, fixture.expected.len);
	for (size_t i = 0; i < total; i++)
		if (fixture.received.data[i] != fixture.expected.data[i])
			ck_abort_msg("byte %zu of %zu differs", i, total);
}

/* --- tests ------------------------------------------------------------------------------------------------------ */

/* The happy path: nothing has to wait. */
START_TEST(test_all_at_once)
{
	add_text(100);
	add_array(3);
	ck_assert_int_eq(output_try(&fixture.transport, &fixture.reply), (ssize_t)fixture.expected.len);
	receive();
	finish(fixture.expected.len);
}
END_TEST

/* The kernel takes the beginning at once; the rest follows in hundreds of requests, which end within texts, blocks and
 * gaps. */
START_TEST(test_many_blocks)
{
	ssize_t first;

	for (unsigned i = 0; i < INSERTS; i += 3) {
		add_block(i);
		add_text(i % 50);
		add_array(i);
	}
	ck_assert_uint_ge(fixture.reply.insert_count, INSERTS);
	first = output_try(&fixture.transport, &fixture.reply);
	ck_assert_int_gt(first, 0);
	ck_assert_int_le(first, SEND_AT_ONCE);
	take((size_t)first);
	ck_assert(block_is_shared(fixture.blocks[0]));
	finish((size_t)first);
	ck_assert(!block_is_shared(fixture.blocks[0]));
}
END_TEST

/* More pieces than a system call takes, and few bytes in them: arrays in arrays, each with a gap before its header. */
START_TEST(test_many_tiny_pieces)
{
	enum { DEPTH = 2000 };
	struct reply_deferred arrays[DEPTH];
	ssize_t first;

	for (int i = 0; i < DEPTH; i++) {
		arrays[i] = reply_array_begin(&fixture.reply);
		buffer_append_text(&fixture.expected, "*1\r\n");
	}
	add_block(0);
	for (int i = DEPTH; i-- > 0;)
		reply_array_end(&fixture.reply, arrays[i], 1);
	ck_assert_uint_eq(fixture.reply.insert_count, DEPTH + 1);
	first = output_try(&fixture.transport, &fixture.reply);
	ck_assert_int_gt(first, 0);
	take((size_t)first);
	finish((size_t)first);
}
END_TEST

/* A reply is taken over from any of its bytes: from each of the first hundred and of the last, which are at both ends
 * of a block. */
START_TEST(test_any_beginning)
{
	for (size_t i = 0; i < 200; i++) {
		add_text(5);
		add_array(28);
		take_rest(i < 100 ? i : reply_len(&fixture.reply) - 200 + i);
		ck_assert_uint_eq(fixture.output->chunks, i + 1);
	}
	finish(0);
}
END_TEST

/* One long text, which requests cut, and the kernel again within a request. */
START_TEST(test_long_text)
{
	size_t total = 0;

	add_text(1000003);
	take(0);
	start(&total);
	ck_assert_uint_eq(fixture.output->sending, SEND_AT_ONCE);
	finish(0);
}
END_TEST

/* Small replies share a chunk, but never one that is under way or has blocks. */
START_TEST(test_chunks)
{
	size_t total = 0;

	for (int i = 0; i < 10; i++) {
		add_text(3);
		take(0);
	}
	ck_assert_uint_eq(fixture.output->chunks, 1);
	start(&total);
	ck_assert_uint_eq(fixture.output->sending_chunks, 1);
	add_text(4);
	take(0);
	ck_assert_uint_eq(fixture.output->chunks, 2);
	add_block(1);
	take(0);
	add_text(5);
	take(0);
	ck_assert_uint_eq(fixture.output->chunks, 4);
	add_text(6);
	take_rest(2);
	ck_assert_uint_eq(fixture.output->chunks, 4);
	add_text(50000);
	take(0);
	add_text(16380); /* fills a chunk by itself */
	take(0);
	add_text(7);
	take(0);
	ck_assert_uint_eq(fixture.output->chunks, 7);
	finish(0);
}
END_TEST

/* A request may take several chunks: the last of them must not grow either. */
START_TEST(test_chunks_under_way)
{
	size_t total = 0;

	add_block(1);
	take(0);
	add_text(3);
	take(0);
	start(&total);
	ck_assert_uint_eq(fixture.output->sending_chunks, 2);
	add_text(4);
	take(0);
	ck_assert_uint_eq(fixture.output->chunks, 3);
	finish(0);
}
END_TEST

/* Behind a chunk that fills the request alone, the next may still grow. */
START_TEST(test_chunk_behind_those_under_way)
{
	size_t total = 0;

	add_text(SEND_AT_ONCE);
	take(0);
	add_text(3);
	take(0);
	start(&total);
	ck_assert_uint_eq(fixture.output->sending_chunks, 1);
	add_text(4);
	take(0);
	ck_assert_uint_eq(fixture.output->chunks, 2);
	finish(0);
}
END_TEST

/* What comes while the last chunk has been sent in part goes behind it. */
START_TEST(test_behind_a_part)
{
	size_t total = 0;

	for (unsigned i = 0; i < 20; i++)
		add_block(i);
	take(0);
	start(&total);
	while (fixture.output->writing) {
		uv_run(&fixture.loop, UV_RUN_NOWAIT);
		receive();
	}
	ck_assert_uint_eq(total, SEND_AT_ONCE);
	add_text(10);
	take(0);
	ck_assert_uint_eq(fixture.output->chunks, 2);
	finish(total);
}
END_TEST

/* Blocks are held until libuv has given the request back. */
START_TEST(test_closed_under_way)
{
	size_t total = 0;

	for (unsigned i = 0; i < 100; i++)
		add_block(i);
	take(0);
	start(&total);
	uv_run(&fixture.loop, UV_RUN_NOWAIT);
	ck_assert(fixture.output->writing);
	for (int i = 0; i < BLOCKS; i++)
		ck_assert(block_is_shared(fixture.blocks[i]));
	close_stream();
	ck_assert(fixture.failed);
	ck_assert_uint_eq(total, 0);
	for (int i = 0; i < BLOCKS; i++)
		ck_assert(!block_is_shared(fixture.blocks[i]));
}
END_TEST

/* Nothing leaves before its time, nor before what is ahead of it. */
START_TEST(test_held)
{
	size_t total = 0;

	add_text(3);
	take_held(10);
	add_text(4);
	take_held(20);
	add_text(5);
	take_held(0);
	ck_assert_uint_eq(fixture.output->chunks, 2);
	ck_assert_uint_eq(output_position(fixture.output), 20);
	ck_assert_int_eq(output_send(fixture.output, &fixture.transport.stream, 9, sent), 0);
	ck_assert(!fixture.output->writing);
	ck_assert_int_eq(output_flush(fixture.output, &fixture.transport, 9), 0);
	ck_assert_uint_eq(fixture.output->chunks, 2);
	fixture.output->request.data = &total;
	ck_assert_int_eq(output_send(fixture.output, &fixture.transport.stream, 19, sent), 0);
	ck_assert_uint_eq(fixture.output->sending, 9);
	while (fixture.output->writing)
		uv_run(&fixture.loop, UV_RUN_NOWAIT);
	ck_assert_uint_eq(fixture.output->chunks, 1);
	ck_assert_int_eq(output_flush(fixture.output, &fixture.transport, 20), 10 + 11);
	ck_assert_ptr_null(fixture.output->first);
	ck_assert_uint_eq(output_position(fixture.output), 0);
	receive();
	finish(fixture.expected.len);
}
END_TEST

/* Nothing at all can be held, and goes when its time has come. */
START_TEST(test_nothing_held)
{
	take_held(10);
	ck_assert_uint_eq(fixture.output->chunks, 1);
	ck_assert_int_eq(output_flush(fixture.output, &fixture.transport, 9), 0);
	ck_assert_int_eq(output_send(fixture.output, &fixture.transport.stream, 9, sent), 0);
	ck_assert_uint_eq(output_position(fixture.output), 10);
	ck_assert_int_eq(output_flush(fixture.output, &fixture.transport, 10), 0);
	ck_assert_ptr_null(fixture.output->first);
	take_held(10);
	ck_assert_int_eq(output_send(fixture.output, &fixture.transport.stream, 10, sent), 0);
	ck_assert(!fixture.output->writing);
	ck_assert_ptr_null(fixture.output->first);
	take_held(10);
	add_text(5);
	take_held(11);
	ck_assert_int_eq(output_flush(fixture.output, &fixture.transport, 11), 11);
	ck_assert_ptr_null(fixture.output->first);
	receive();
	finish(fixture.expected.len);
}
END_TEST

/* What is flushed is cut as a request is, by the kernel and by the most that is sent at once. */
START_TEST(test_flushed)
{
	size_t total = 0;

	for (unsigned i = 0; i < 300; i++) {
		add_block(i);
		add_text(i % 50);
		take_held(i / 100);
	}
	ck_assert_uint_gt(fixture.output->chunks, 3);
	while (fixture.output->first != NULL) {
		ssize_t some = output_flush(fixture.output, &fixture.transport, UINT64_MAX);

		if (some == 0)
			receive();
		ck_assert_int_ge(some, 0);
		ck_assert_int_le(some, SEND_AT_ONCE);
		total += (size_t)some;
	}
	receive();
	finish(total);
}
END_TEST

Suite *output_suite(void)
{
	Suite *suite = suite_create("output");
	TCase *core = tcase_create("core");

	tcase_set_timeout(core, 60);
	tcase_add_checked_fixture(core, setup, teardown);
	tcase_add_test(core, test_all_at_once);
	tcase_add_test(core, test_many_blocks);
	tcase_add_test(core, test_many_tiny_pieces);
	tcase_add_test(core, test_any_beginning);
	tcase_add_test(core, test_long_text);
	tcase_add_test(core, test_chunks);
	tcase_add_test(core, test_chunks_under_way);
	tcase_add_test(core, test_chunk_behind_those_under_way);
	tcase_add_test(core, test_behind_a_part);
	tcase_add_test(core, test_closed_under_way);
	tcase_add_test(core, test_held);
	tcase_add_test(core, test_nothing_held);
	tcase_add_test(core, test_flushed);
	suite_add_tcase(suite, core);
	return suite;
}
