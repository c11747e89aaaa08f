/*
 * DUMP's payload: one value, serialised. A type's byte, the value as in an RDB file, the format's version in two bytes
 * and a CRC-64 of all that in eight, both with the least significant byte first.
 */
#ifndef CUBBY_PERSIST_PAYLOAD_H
#define CUBBY_PERSIST_PAYLOAD_H

#include "persist/rdb.h"

/* Appends the payload of a string. Check out->failed. */
void payload_write(struct buffer *out, struct slice value, bool compress);

enum payload_result {
	PAYLOAD_OK,
	PAYLOAD_UNKNOWN,   /* of a version that is not known, or damaged */
	PAYLOAD_BAD,	   /* not of a string, or nothing that the format allows */
	PAYLOAD_TOO_LONG,  /* the value has more than max_len bytes: value->text.len */
	PAYLOAD_NO_MEMORY, /* for a compressed value */
};

/* Reads a payload whose value has at most `max_len` bytes, as rdb_read_string does. */
enum payload_result payload_read(struct slice payload, size_t max_len, struct rdb_string *value);

#endif
