/*
 * The decoder: bytes in, commands out.
 *
 * A pure state machine over what a client sends (https://redis.io/docs/reference/protocol-spec/): arrays of bulk
 * strings and inline commands. It knows no socket, and a command that is whole in the caller's bytes costs no
 * allocation: arguments are slices of those bytes. However the stream is cut, the commands are the same.
 *
 * The happy path: the caller holds the stream's bytes from the first one that no finished command has used. It calls
 * resp_decode() until that says RESP_MORE, runs what came out, drops the bytes that were used up and keeps the rest (an
 * unfinished command) for when more have come.
 *
 * A large argument (RESP_BIG_BULK or more) that has not arrived in full is not gathered in those bytes: the decoder
 * makes a block for it, and resp_decoder_room() tells the caller to read straight into that.
 */
#ifndef CUBBY_RESP_DECODER_H
#define CUBBY_RESP_DECODER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/block.h"
#include "base/slice.h"

enum {
	RESP_BIG_BULK = 32 * 1024,   /* bytes; Redis's PROTO_MBULK_BIG_ARG */
	RESP_MAX_INLINE = 64 * 1024, /* bytes; Redis's PROTO_INLINE_MAX_SIZE */
	RESP_MAX_ARGS = 1024 * 1024, /* arguments of one command */
	RESP_UNAUTHENTICATED_ARGS = 10,
	RESP_UNAUTHENTICATED_BULK = 16384,
	RESP_ERROR_TEXT = 128, /* bytes an error text needs at most, with its NUL */
	RESP_GLIMPSE = 128,    /* bytes of an argument that can be read after its block was taken */
};

/* What a client may send; given anew for every call, so that it may change between two. */
struct resp_limits {
	size_t max_bulk;    /* bytes of one argument: proto-max-bulk-len */
	bool authenticated; /* false: RESP_UNAUTHENTICATED_... hold */
};

/* An argument that was read into a block of its own. */
struct resp_big_arg {
	uint32_t index;		    /* which argument */
	struct block *block;	    /* its bytes; NULL when a handler has taken it */
	char glimpse[RESP_GLIMPSE]; /* once it is taken: its first bytes */
};

/* One whole command. It is valid until the bytes it was decoded from move or change, and, when `big` is not NULL or
 * `owned` is set, until resp_request_release(). */
struct resp_request {
	const struct slice *argv; /* argv[0] is the command's name; argc is at least 1 */
	size_t argc;
	struct resp_big_arg *big; /* the arguments that have blocks, or NULL */
	size_t big_count;
	struct slice *owned; /* argv, when it was allocated for this request alone; else NULL */
};

/* Gives the caller the block of argument `index` (one reference, the caller's from then on), whose bytes are exactly
 * the argument; NULL when that argument has none. */
struct block *resp_request_take_block(struct resp_request *request, size_t index);

/* Makes of `copy` a request that outlives the bytes it was decoded from and must be released. Blocks of large arguments
 * are taken from `request`. *bytes receives the memory that the copy takes. False when there is no memory; `request` is
 * as it was. */
bool resp_request_copy(struct resp_request *request, struct resp_request *copy, size_t *bytes);

/* Argument `index`, also when its block has been taken and may be gone: of one that is longer than RESP_GLIMPSE, only
 * so many bytes may be read. */
struct slice resp_request_glimpse(const struct resp_request *request, size_t index);

/* Frees what the request owns. Does nothing for a request without big arguments that came in one piece. */
void resp_request_release(struct resp_request *request);

/* Where the arguments of the commands of one batch are put. Shared by all connections of a worker: between two calls
 * nothing in it matters. Slices handed out stay where they are until resp_args_reset(). */
struct resp_args {
	struct slice *items; /* owned */
	size_t len;
	size_t cap;
};

/* Makes room for at least `cap` arguments. False when there is no memory. */
bool resp_args_init(struct resp_args *args, size_t cap);
void resp_args_reset(struct resp_args *args);
void resp_args_free(struct resp_args *args);

/* A connection's place in its stream. A zeroed one is at the start of a command. Small, because every idle connection
 * has one; what an unfinished command needs is allocated when there is one. */
struct resp_decoder {
	struct resp_partial *partial; /* NULL between commands */
};

enum resp_result {
	RESP_OK,    /* *request is a whole command */
	RESP_MORE,  /* what is there is not a whole command */
	RESP_FULL,  /* run the batch first: `args` has no room for this command's arguments. Nothing was used up. */
	RESP_ERROR, /* the client broke the protocol: `error` says how; nothing more can be decoded */
};

/*
 * Decodes the next command from the `len` bytes at `data`, the first of which is the first byte of the stream that no
 * finished command has used. The bytes may be changed (inline commands are unquoted in place).
 *
 * *used receives, for RESP_OK, the length of the command (with empty lines and empty arrays before it): the next call
 * starts after it. For RESP_MORE, *used bytes at the front belong to finished things (empty lines) and may be dropped,
 * then *kept bytes must be presented again, at whatever address, with what comes after them; the bytes behind
 * those, if any, have gone into a large argument's block and must not be presented again.
 *
 * For RESP_ERROR, `error` (RESP_ERROR_TEXT bytes) receives Redis's text, for example
 * "Protocol error: invalid multibulk length"; no memory is "out of memory reading the command".
 */
enum resp_result resp_decode(struct resp_decoder *decoder, const struct resp_limits *limits, char *data, size_t len,
			     struct resp_args *args, struct resp_request *request, size_t *used, size_t *kept,
			     char *error);

/* When a large argument is being read: where its next bytes go and how many are missing. `kept` bytes stay as they are
 * meanwhile, and nothing may be put behind them. NULL when input goes to the caller's own bytes as usual. */
char *resp_decoder_room(const struct resp_decoder *decoder, size_t *len);

/* `len` bytes (at most what resp_decoder_room said) have been put there. When the argument is complete,
 * resp_decoder_room() is NULL from then on and the next bytes go behind the kept ones. */
void resp_decoder_filled(struct resp_decoder *decoder, size_t len);

/* Whether a command has begun and is not finished. */
static inline bool resp_decoder_is_midway(const struct resp_decoder *decoder)
{
	return decoder->partial != NULL;
}

/* Bytes of memory that the unfinished command holds outside the caller's bytes. */
size_t resp_decoder_footprint(const struct resp_decoder *decoder);

/* Frees what an unfinished command holds. */
void resp_decoder_free(struct resp_decoder *decoder);

#endif
