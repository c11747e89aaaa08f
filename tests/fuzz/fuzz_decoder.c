/*
 * Fuzzes the decoder: a stream must give the same commands and the same error whole and cut.
 *
 * The first byte of the input chooses the limits and the room for arguments, the second how many lengths of pieces
 * follow; the rest is the stream. The lengths are used in turn until the stream ends. A length of 255 stands for 40,000
 * bytes, so that large arguments are cut, too; the others count larger units in a long stream, because feeding that one
 * byte at a time takes too long.
 */
#include <stdint.h>

#include "unit/decoder_feed.h"

enum { LONG_PIECE = 40000, MAX_PIECES = 16, MOST_UNITS = 1024 };

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void open_feed(struct feed *feed, uint8_t choice)
{
	struct resp_limits limits = {.max_bulk = choice & 2 ? 100 : 1 << 20, .authenticated = choice & 1};

	feed_open(feed, limits, choice & 4 ? 3 : 64);
}

static void feed_pieces(struct feed *feed, const uint8_t *lengths, size_t count, const char *stream, size_t len)
{
	size_t unit = 1 + len / MOST_UNITS;

	for (size_t i = 0; len > 0; i++) {
		size_t piece = count == 0 ? 1 : lengths[i % count];

		piece = piece == UINT8_MAX ? LONG_PIECE : unit * (piece + (piece == 0));
		if (piece > len)
			piece = len;
		feed_bytes(feed, stream, piece);
		stream += piece;
		len -= piece;
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct feed whole;
	struct feed cut;
	const char *stream;
	size_t count;
	size_t len;

	if (size < 2)
		return 0;
	count = data[1] % MAX_PIECES;
	if (size < 2 + count)
		return 0;
	stream = (const char *)data + 2 + count;
	len = size - 2 - count;
	open_feed(&whole, data[0]);
	open_feed(&cut, data[0]);
	feed_bytes(&whole, stream, len);
	feed_pieces(&cut, data + 2, count, stream, len);
	feed_require(slice_equal(buffer_slice(&whole.record), buffer_slice(&cut.record)), "a cut changed the commands");
	feed_require(whole.commands == cut.commands && whole.failed == cut.failed, "a cut changed their number");
	feed_close(&whole);
	feed_close(&cut);
	return 0;
}
