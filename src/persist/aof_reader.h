/*
 * Reads an append-only file: bytes in, whole units out. A unit is one command, or all commands between MULTI and EXEC.
 *
 * The happy path: aof_reader_next() reads a stretch of the file, decodes commands from it and gives out a batch of them
 * as slices of that stretch. A transaction's commands are given out when its EXEC has been read, and no sooner, so that
 * the end of the file never cuts one in two; those of one that is larger than a batch or a stretch are copied until
 * then. MULTI and EXEC themselves are not given out, nor are annotations (lines that begin with #).
 *
 * The format is Redis's: https://redis.io/docs/reference/protocol-spec/, arrays of bulk strings only.
 */
#ifndef CUBBY_PERSIST_AOF_READER_H
#define CUBBY_PERSIST_AOF_READER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "resp/decoder.h"

enum {
	AOF_READER_BATCH = 64,	   /* commands that are given out together, at most */
	AOF_READER_ERROR = 128,	   /* bytes of an error's text, with its NUL */
	AOF_ANNOTATION_MAX = 1024, /* bytes of an annotation, as in Redis */
};

/* Where the bytes come from. */
struct aof_source {
	/* Reads up to `room` bytes into `bytes`. Returns how many; 0 at the end, also when asked again; a negative
	 * errno value. */
	int64_t (*read)(void *arg, char *bytes, size_t room);
	void *arg;
};

enum aof_read {
	AOF_READ_COMMANDS,  /* `count` of `requests` are to be run in their order */
	AOF_READ_END,	    /* the file ends behind a unit */
	AOF_READ_TRUNCATED, /* it ends within one: `valid` is where that begins */
	AOF_READ_CORRUPT,   /* `error` says what is wrong with the command at `error_at` */
	AOF_READ_FAILED,    /* `error` says why what comes at `error_at` cannot be read: no memory, an I/O error */
};

/* Commands of a transaction that were copied. */
struct aof_unit {
	struct resp_request *requests; /* owned */
	uint64_t *offsets;	       /* owned */
	size_t count;
	size_t cap;
	size_t given; /* that have been given out */
	bool whole;   /* its EXEC has been read */
};

struct aof_reader {
	/* What was given out: good until the next call. */
	struct resp_request requests[AOF_READER_BATCH];
	uint64_t offsets[AOF_READER_BATCH]; /* in the file, of each one's first byte */
	size_t count;
	uint64_t valid; /* offset behind the last whole unit that has been read */
	uint64_t error_at;
	char error[AOF_READER_ERROR];

	/* The reader's. */
	struct aof_source source;
	struct resp_decoder decoder;
	struct resp_args args;
	char *data;	    /* owned; a stretch of the file */
	size_t cap;	    /* bytes there is room for */
	size_t from;	    /* first byte that no finished command has used */
	size_t end;	    /* behind the last byte that was read */
	uint64_t at;	    /* offset of `from` in the file */
	bool ended;	    /* the source has said so */
	enum aof_read over; /* what has ended it; AOF_READ_COMMANDS: nothing yet */
	bool in_unit;	    /* MULTI has been read, its EXEC not yet */
	size_t first;	    /* which of `requests` is the first of that transaction, unless they are in `unit` */
	struct aof_unit unit;
};

/* Makes a reader of a file whose byte at offset `at` is what the source gives first. `stretch` bytes are read at a time
 * (0: as many as is good). False when there is no memory. */
bool aof_reader_init(struct aof_reader *reader, const struct aof_source *source, uint64_t at, size_t stretch);
void aof_reader_free(struct aof_reader *reader);

/* Gives out the next commands, or says why there are none. After anything but AOF_READ_COMMANDS it says the same again.
 * Large arguments may be taken out of the requests as blocks. */
enum aof_read aof_reader_next(struct aof_reader *reader);

#endif
