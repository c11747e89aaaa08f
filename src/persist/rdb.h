/*
 * Lengths and strings as Redis's RDB format has them: what DUMP's payloads and RDB files are made of.
 *
 * Writers append to a struct buffer, which remembers when there was no memory: check `failed` once, at the end. Who
 * writes a file empties the buffer into it from time to time. Readers take what they read off the front of a slice and
 * trust no length: whatever the bytes say, nothing outside of the slice is read, and no memory is asked for that those
 * bytes could not fill.
 */
#ifndef CUBBY_PERSIST_RDB_H
#define CUBBY_PERSIST_RDB_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/block.h"
#include "base/buffer.h"
#include "base/number.h"
#include "base/slice.h"

enum {
	RDB_VERSION = 10,	 /* of what is written: Redis 7.0's */
	RDB_VERSION_NEWEST = 12, /* that is read: Redis 7.4's; strings are the same in all of them */
	RDB_TYPE_STRING = 0,
};

/* --- writing ---------------------------------------------------------------------------------------------------- */

void rdb_write_length(struct buffer *out, uint64_t len);

/* Writes a string in its shortest form: as an integer if it is the text of one of at most 32 bits; with `compress`, if
 * it is longer than 20 bytes and that saves some, compressed; else as it is. */
void rdb_write_string(struct buffer *out, struct slice text, bool compress);

/* --- reading ---------------------------------------------------------------------------------------------------- */

enum rdb_result {
	RDB_OK,
	RDB_BAD,       /* cut off, or not what the format allows */
	RDB_TOO_LONG,  /* longer than the caller wants */
	RDB_NO_MEMORY, /* for a compressed string */
};

/* Reads one byte, such as a type. False when there is none. */
bool rdb_read_byte(struct slice *in, uint8_t *byte);

/* Reads a length. False when it is none. */
bool rdb_read_length(struct slice *in, uint64_t *len);

/* A string that was read. */
struct rdb_string {
	struct slice text;		/* in the input, in `digits` or in `block`; of RDB_TOO_LONG the length only */
	struct block *block;		/* of a string that was compressed: the caller's reference; else NULL */
	char digits[NUMBER_INT64_TEXT]; /* of an integer */
};

/* Reads a string of at most `max_len` bytes. With any other result than RDB_OK there is no block. `string` stays where
 * it is for as long as its text is used. */
enum rdb_result rdb_read_string(struct slice *in, size_t max_len, struct rdb_string *string);

#endif
