/*
 * Fuzzes the reader of payloads, as it is and behind the checksum.
 *
 * The input is read as a payload; then, so that more than the checksum is tried, as the content of one whose footer is
 * right. What can be read must come back when it is written and read again.
 */
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/endian.h"
#include "persist/crc64.h"
#include "persist/payload.h"

enum { MAX_LEN = 1 << 20 };

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void require(bool good, const char *what)
{
	if (good)
		return;
	fprintf(stderr, "%s\n", what);
	abort();
}

/* Writes the value and compares it with what is read again. */
static void write_and_read(struct slice value, bool compress)
{
	struct buffer out = {0};
	struct rdb_string again;

	payload_write(&out, value, compress);
	require(!out.failed && payload_read(buffer_slice(&out), MAX_LEN, &again) == PAYLOAD_OK, "cannot be read again");
	require(slice_equal(again.text, value), "another value comes back");
	block_unref(again.block);
	buffer_free(&out);
}

static void read_payload(struct slice payload)
{
	struct rdb_string value;

	if (payload_read(payload, MAX_LEN, &value) != PAYLOAD_OK)
		return;
	write_and_read(value.text, true);
	write_and_read(value.text, false);
	block_unref(value.block);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct slice input = {(const char *)data, size};
	struct buffer sealed = {0};
	uint8_t footer[8];

	read_payload(input);
	buffer_append_slice(&sealed, input);
	endian_store_little(footer, RDB_VERSION, 2);
	buffer_append(&sealed, footer, 2);
	endian_store_little(footer, crc64(0, sealed.data, sealed.len), 8);
	buffer_append(&sealed, footer, 8);
	require(!sealed.failed, "no memory");
	read_payload(buffer_slice(&sealed));
	buffer_free(&sealed);
	return 0;
}
