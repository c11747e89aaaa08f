/* RDB files in memory for tests and fuzzers: a source that gives bytes in pieces, and files sealed with a right
 * checksum. */
#ifndef CUBBY_TESTS_UNIT_RDB_FEED_H
#define CUBBY_TESTS_UNIT_RDB_FEED_H

#include <string.h>

#include "base/endian.h"
#include "persist/crc64.h"
#include "persist/rdb_reader.h"

struct rdb_feed {
	struct slice bytes;
	size_t at;
	size_t piece;  /* bytes for each call; 0: as many as there is room for */
	int64_t error; /* what comes at the end: 0, or a negative errno */
};

static int64_t rdb_feed_read(void *arg, char *bytes, size_t room)
{
	struct rdb_feed *feed = arg;
	size_t len = feed->bytes.len - feed->at;

	if (len > room)
		len = room;
	if (feed->piece > 0 && len > feed->piece)
		len = feed->piece;
	if (len == 0)
		return feed->error;
	memcpy(bytes, feed->bytes.data + feed->at, len);
	feed->at += len;
	return (int64_t)len;
}

static inline struct rdb_source rdb_feed_source(struct rdb_feed *feed)
{
	return (struct rdb_source){rdb_feed_read, feed};
}

/* Appends the end and the checksum of what the buffer has. */
static inline void rdb_feed_seal(struct buffer *file)
{
	uint8_t sum[8];

	buffer_append_char(file, (char)RDB_EOF);
	endian_store_little(sum, crc64(0, file->data, file->len), sizeof(sum));
	buffer_append(file, sum, sizeof(sum));
}

#endif
