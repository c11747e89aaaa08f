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

/* What may stand in a file where a key's type could: the first byte of all that is no key. */
enum rdb_opcode {
	RDB_SLOT_INFO = 244, /* three lengths: a cluster's slot, its keys, those with a time to live */
	RDB_FUNCTION = 245,  /* a string: a library's code */
	RDB_FUNCTION_OLD = 246,
	RDB_MODULE_AUX = 247,
	RDB_IDLE = 248,	     /* a length: seconds since the next key was used */
	RDB_FREQ = 249,	     /* a byte: how often it was used, as LFU counts */
	RDB_AUX = 250,	     /* two strings, name and value: a fact about the file */
	RDB_RESIZEDB = 251,  /* two lengths: keys of the database, those with a time to live */
	RDB_EXPIRE_MS = 252, /* eight bytes, the least significant first: when the next key dies */
	RDB_EXPIRE_S = 253,  /* four bytes: the same in seconds */
	RDB_SELECTDB = 254,  /* a length: the database of the keys that follow */
	RDB_EOF = 255,	     /* and behind it, from version 5 on, eight bytes: the checksum, or 0 */
};

/* A key in a file. */
struct rdb_record {
	unsigned db;
	struct slice key;
	struct slice value;
	int64_t expire_at; /* Unix time in milliseconds; 0: never */
	int64_t idle;	   /* seconds; RDB_NOT_GIVEN when the file does not say */
	int freq;	   /* 0 to 255; RDB_NOT_GIVEN */
	/* What a reader has read the value into, when it is large or was compressed: a reference that is the record's
	 * receiver's. Else NULL. Writers do not look at it. */
	struct block *block;
};

enum { RDB_NOT_GIVEN = -1 };

/* --- writing ---------------------------------------------------------------------------------------------------- */

void rdb_write_length(struct buffer *out, uint64_t len);

/* Writes a string in its shortest form: as an integer if it is the text of one of at most 32 bits; with `compress`, if
 * it is longer than 20 bytes and that saves some, compressed; else as it is. */
void rdb_write_string(struct buffer *out, struct slice text, bool compress);

/* The parts of that, for strings so large that they are not to be copied into a buffer. rdb_pack() compresses the text
 * into `packed`, which has room for `text.len` bytes, and returns how many that are; 0 when it saves nothing. The head,
 * then the packed bytes, are the string. Needs some 512 KB of stack. */
size_t rdb_pack(struct slice text, char *packed);
void rdb_write_packed_head(struct buffer *out, size_t packed_len, size_t len);

/* --- reading ---------------------------------------------------------------------------------------------------- */

enum rdb_result {
	RDB_OK,
	RDB_CUT,       /* the input ends too early */
	RDB_BAD,       /* nothing that the format allows, whatever follows */
	RDB_TOO_LONG,  /* longer than the caller wants */
	RDB_NO_MEMORY, /* for a compressed string */
};

/* What is not read leaves the input anywhere: who wants to try again with more of it keeps a copy of the slice. */

/* Reads one byte, such as a type. False when there is none. */
bool rdb_read_byte(struct slice *in, uint8_t *byte);

/* Reads a length. */
enum rdb_result rdb_read_length(struct slice *in, uint64_t *len);

/* A string as it is in the input. */
struct rdb_raw {
	enum { RDB_PLAIN, RDB_INTEGER, RDB_PACKED } form;
	struct slice bytes; /* of a plain or a packed one; with RDB_CUT those of a plain one that are there */
	uint64_t len;	    /* of the text of a plain or a packed one */
	int64_t number;	    /* of an integer */
};

enum rdb_result rdb_read_raw(struct slice *in, struct rdb_raw *raw);

/* Decompresses a packed string into `out`, which has room for its `len` bytes. False when the bytes are damaged. */
bool rdb_unpack(const struct rdb_raw *raw, char *out);

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
