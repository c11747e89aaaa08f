/*
 * The happy path of reading: the footer's checksum is right and its version known, the type is a string's, the string
 * ends where the footer begins. A payload may come from anybody, so every step may find something else; a right
 * checksum says nothing about what it is the checksum of.
 */
#include "persist/payload.h"

#include "base/endian.h"
#include "persist/crc64.h"

enum {
	VERSION_SIZE = 2,
	CHECKSUM_SIZE = 8,
	FOOTER_SIZE = VERSION_SIZE + CHECKSUM_SIZE,
};

void payload_write(struct buffer *out, struct slice value, bool compress)
{
	size_t start = out->len;
	uint8_t footer[FOOTER_SIZE];

	buffer_append_char(out, RDB_TYPE_STRING);
	rdb_write_string(out, value, compress);
	endian_store_little(footer, RDB_VERSION, VERSION_SIZE);
	buffer_append(out, footer, VERSION_SIZE);
	if (out->failed)
		return;
	endian_store_little(footer, crc64(0, out->data + start, out->len - start), CHECKSUM_SIZE);
	buffer_append(out, footer, CHECKSUM_SIZE);
}

/* Checks the footer and takes it off. */
static bool take_footer(struct slice *payload)
{
	const char *footer;

	if (payload->len < FOOTER_SIZE)
		return false;
	payload->len -= FOOTER_SIZE;
	footer = payload->data + payload->len;
	return endian_load_little(footer, VERSION_SIZE) <= RDB_VERSION_NEWEST &&
	       endian_load_little(footer + VERSION_SIZE, CHECKSUM_SIZE) ==
		       crc64(0, payload->data, payload->len + VERSION_SIZE);
}

enum payload_result payload_read(struct slice payload, size_t max_len, struct rdb_string *value)
{
	uint8_t type;

	if (!take_footer(&payload))
		return PAYLOAD_UNKNOWN;
	if (!rdb_read_byte(&payload, &type) || type != RDB_TYPE_STRING)
		return PAYLOAD_BAD;
	switch (rdb_read_string(&payload, max_len, value)) {
	case RDB_OK:
		break;
	case RDB_TOO_LONG:
		return PAYLOAD_TOO_LONG;
	case RDB_NO_MEMORY:
		return PAYLOAD_NO_MEMORY;
	default:
		return PAYLOAD_BAD;
	}
	if (payload.len == 0)
		return PAYLOAD_OK;
	block_unref(value->block);
	return PAYLOAD_BAD;
}
