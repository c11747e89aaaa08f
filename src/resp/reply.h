/*
 * The reply writer: RESP2 and RESP3 (https://redis.io/docs/reference/protocol-spec/) into one growing output.
 *
 * A worker has one struct reply and uses it for every connection in turn: handlers append, the connection sends all of
 * it, 128 KB at a time, and clears it. Values in blocks of REPLY_BY_REFERENCE bytes or more are not copied: the output
 * remembers a reference to the block and where it belongs, and reply_next_piece() gives the pieces for writev.
 *
 * Appending cannot fail halfway; without memory `bytes.failed` is set and the connection must be closed.
 */
#ifndef CUBBY_RESP_REPLY_H
#define CUBBY_RESP_REPLY_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/block.h"
#include "base/buffer.h"
#include "base/slice.h"

enum { REPLY_BY_REFERENCE = 16 * 1024 }; /* bytes from which a block is sent without being copied */

/* Something that stands between two bytes of the output: a part of a block, or a gap of bytes that are not sent. */
struct reply_insert {
	size_t at;	     /* place in `bytes` */
	struct block *block; /* one reference, the reply's own; NULL for a gap */
	size_t len;	     /* bytes of the block from its first one, or bytes of `bytes` from `at` to leave out */
};

struct reply {
	struct buffer bytes;
	struct reply_insert *inserts; /* owned, by ascending `at` */
	size_t insert_count;
	size_t insert_cap;
	size_t total;	  /* bytes in the blocks less bytes in the gaps: reply_len() adds the rest */
	uint8_t protocol; /* 2 or 3: of the session that is being answered */
	uint64_t errors;  /* error replies written so far; the dispatcher looks at the difference */
};

/* Frees everything; a zeroed struct reply (with protocol 2) is an empty one. */
void reply_free(struct reply *reply);

/* Makes it empty; keeps the memory unless it is more than 1 MiB. */
void reply_clear(struct reply *reply);

/* Bytes that a client will receive. */
static inline size_t reply_len(const struct reply *reply)
{
	return reply->bytes.len + reply->total;
}

static inline bool reply_failed(const struct reply *reply)
{
	return reply->bytes.failed;
}

/* A place between two bytes of what a client will receive. A zeroed one is the beginning. */
struct reply_place {
	size_t piece;  /* texts and inserts, which alternate, before it */
	size_t offset; /* bytes of the next one before it */
};

/* What follows the place without a break, as a slice of `bytes` or of a block, `most` bytes (not 0) at most; empty at
 * the end of the output. Moves the place behind it. Costs the same wherever the place is. */
struct slice reply_next_piece(const struct reply *reply, struct reply_place *place, size_t most);

/* Gives what has been written, none of it by reference, in a block, the caller's; NULL when there was no memory. Frees
 * the reply. */
struct block *reply_to_block(struct reply *reply);

/* Cuts the output back to where it was when the mark was taken: used to withdraw a reply. A mark that was taken within
 * a deferred array is good until that array ends. */
struct reply_mark {
	size_t bytes_len;
	size_t insert_count;
	uint64_t errors;
};
struct reply_mark reply_mark(const struct reply *reply);
void reply_rewind(struct reply *reply, struct reply_mark mark);

/* Bytes that are already RESP, such as a constant ("+OK\r\n"). */
static inline void reply_raw(struct reply *reply, struct slice raw)
{
	buffer_append_slice(&reply->bytes, raw);
}

/* The same in a block, the whole of it; the caller keeps its own reference. */
void reply_raw_block(struct reply *reply, struct block *block);

/* Moves all of `other`, which is empty afterwards, behind `reply`. */
void reply_join(struct reply *reply, struct reply *other);

void reply_ok(struct reply *reply);
void reply_simple(struct reply *reply, const char *text); /* +text */
void reply_int(struct reply *reply, int64_t value);	  /* :value */
void reply_bulk(struct reply *reply, struct slice text);  /* $len text */
void reply_bulk_text(struct reply *reply, const char *text);
void reply_bulk_int(struct reply *reply, int64_t value); /* the number as a bulk string */

/* The first `len` bytes of the block's data + from, as a bulk string; by reference when from is 0 and len is
 * REPLY_BY_REFERENCE or more, else copied. The caller keeps its own reference. */
void reply_bulk_block(struct reply *reply, struct block *block, size_t from, size_t len);

void reply_null(struct reply *reply);		      /* $-1 in RESP2, _ in RESP3 */
void reply_null_array(struct reply *reply);	      /* *-1 in RESP2, _ in RESP3 */
void reply_bool(struct reply *reply, bool value);     /* :1 and :0 in RESP2, #t and #f in RESP3 */
void reply_double(struct reply *reply, double value); /* bulk string in RESP2, comma in RESP3 */

/* Text to be shown to a person: a bulk string in RESP2, =len txt: in RESP3. `format` is three letters, "txt" or "mkd".
 */
void reply_verbatim(struct reply *reply, struct slice text, const char *format);

/* Headers of what follows. A map of n pairs is an array of 2n in RESP2, a set an array, a push an array. */
void reply_array(struct reply *reply, size_t count);
void reply_map(struct reply *reply, size_t pairs);
void reply_set(struct reply *reply, size_t count);
void reply_push(struct reply *reply, size_t count);

/* For an array (or set) whose length is known only when its items are written. They may nest. */
struct reply_deferred {
	size_t at;	     /* place of the reserved header */
	size_t insert_count; /* inserts before it */
};
struct reply_deferred reply_array_begin(struct reply *reply);
void reply_array_end(struct reply *reply, struct reply_deferred deferred, size_t count);
void reply_set_end(struct reply *reply, struct reply_deferred deferred, size_t count);
void reply_map_end(struct reply *reply, struct reply_deferred deferred, size_t pairs);

/* An error: "-" text. The text starts with its code ("ERR ", "WRONGTYPE "); line ends in it become spaces. */
void reply_error(struct reply *reply, const char *text);
void reply_errorf(struct reply *reply, const char *format, ...) __attribute__((format(printf, 2, 3)));

/* The errors that many commands share. */
void reply_error_syntax(struct reply *reply);	     /* ERR syntax error */
void reply_error_not_integer(struct reply *reply);   /* ERR value is not an integer or out of range */
void reply_error_out_of_memory(struct reply *reply); /* OOM out of memory */

#endif
