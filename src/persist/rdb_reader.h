/*
 * Reads an RDB file: bytes in, keys out, many at a time. Files of all versions up to Redis 7.4's are read, as far as
 * what they hold is strings; what else they hold is refused by its name.
 *
 * The happy path: rdb_reader_next() fills an array with the next records, and again, until it says that the file has
 * ended and its checksum is right. Records are slices of a stretch of the file. They are good until the next call; to
 * keep them longer, or to hand them to another thread, hold what they lie in (rdb_reader_hold).
 *
 * Nothing in the file is believed: nothing outside of it is read, and memory is asked for as bytes really come. A
 * reader belongs to one thread at a time. It blocks when its source does.
 */
#ifndef CUBBY_PERSIST_RDB_READER_H
#define CUBBY_PERSIST_RDB_READER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "persist/rdb.h"
#include "persist/rdb_input.h"

enum {
	RDB_READER_ERROR = 320, /* bytes of an error's text, with its NUL */
	RDB_READER_HELD = 2,	/* blocks that records lie in */
};

enum rdb_read {
	RDB_READ_RECORDS, /* at least one */
	RDB_READ_END,	  /* the whole file has been read, and its checksum, if it has one, is right */
	RDB_READ_CORRUPT, /* it ends too early, is damaged, or no RDB file */
	RDB_READ_REFUSED, /* it is sound, as far as one can see, but has what cubby has not */
	RDB_READ_FAILED,  /* the source failed, or there is no memory */
};

/* What the file says about itself; Redis writes all of these. Complete when the first record is there, but for the sums
 * of keys, which grow with each database. */
struct rdb_facts {
	char redis_version[32];	   /* "" when it is not there */
	int64_t created;	   /* Unix time in seconds; 0 */
	int64_t used_memory;	   /* bytes; 0 */
	bool aof_base;		   /* dead keys are to be kept: DELs of them may follow */
	uint64_t keys;		   /* how many the databases so far say they have: a hint */
	uint64_t keys_that_expire; /* of these */
};

struct rdb_reader {
	/* What a caller may look at. */
	unsigned version; /* of the format, 1 to 12 */
	struct rdb_facts facts;
	uint64_t records;	      /* given out so far */
	uint64_t error_at;	      /* offset in the file at which what `error` speaks of begins */
	char error[RDB_READER_ERROR]; /* "the list 'x' in database 3 (type 18): cubbyd has no such type" */

	/* The rest is the reader's own. */
	struct rdb_input input;
	struct block *scratch; /* what is not in the file as it is: digits of integers, short packed strings */
	unsigned databases;
	enum rdb_read state; /* RDB_READ_RECORDS: there may be more */
	bool started;
	struct rdb_record next; /* what was read of the next record's attributes, and its database */
};

/* Starts to read. `size` is how many bytes the source has (so that what says it is longer is found out at once) or
 * RDB_INPUT_UNKNOWN; `databases` is how many there are. False when there is no memory; rdb_reader_free() is due in
 * either case. */
bool rdb_reader_init(struct rdb_reader *reader, struct rdb_source source, int64_t size, unsigned databases);
void rdb_reader_free(struct rdb_reader *reader);

/* Reads up to `max` records; *count is how many, not 0 exactly with RDB_READ_RECORDS. Any other result is final. The
 * references record.block are the caller's. */
enum rdb_read rdb_reader_next(struct rdb_reader *reader, struct rdb_record *records, size_t max, size_t *count);

/* Gives references to what the records of the last rdb_reader_next() lie in, NULL for none: they are good as long as
 * the caller holds all of these. */
void rdb_reader_hold(const struct rdb_reader *reader, struct block *held[RDB_READER_HELD]);

/* Bytes of the file that have been read: what follows the last record or, at the end, the whole file. The source may
 * have been read beyond it. */
static inline uint64_t rdb_reader_offset(const struct rdb_reader *reader)
{
	return rdb_input_offset(&reader->input);
}

#endif
