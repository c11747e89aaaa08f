/*
 * Writes an RDB file, as Redis 7.0 writes them, record by record.
 *
 * Bytes are gathered and leave for the sink some hundred kilobytes at a time; large values go there from where they
 * are. What is gathered, and room for one large compressed value, is all the memory that a writer needs. It belongs to
 * one thread at a time. It blocks when its sink does, and needs some 512 KB of stack for compressing.
 *
 * Errors are negative errno values and stick: after the first one nothing more is written and every function returns
 * it.
 */
#ifndef CUBBY_PERSIST_RDB_WRITER_H
#define CUBBY_PERSIST_RDB_WRITER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/buffer.h"
#include "persist/rdb.h"

/* Where the bytes go. */
struct rdb_sink {
	/* Takes all of the bytes, and returns 0 or a negative errno. */
	int (*write)(void *arg, const void *bytes, size_t len);
	void *arg;
};

/* A sink that is an open file. */
struct rdb_file {
	int fd;
	/* rdb-save-incremental-fsync: the system is told every few megabytes to begin writing them to the disk, which
	 * keeps the sync at the end short. */
	bool write_back;
	int64_t size;	      /* bytes written so far */
	int64_t written_back; /* bytes of which the system was told */
};

/* Of a zeroed struct rdb_file with `fd` and `write_back` set, which must stay where it is. */
struct rdb_sink rdb_file_sink(struct rdb_file *file);

struct rdb_writer_options {
	bool compress;	      /* rdbcompression: LZF */
	bool checksum;	      /* rdbchecksum; the file ends in a 0 otherwise */
	bool aof_base;	      /* it is the base of an append-only file */
	int64_t now;	      /* Unix time in seconds */
	uint64_t used_memory; /* bytes, for the curious */
};

struct rdb_writer {
	struct rdb_sink sink;
	struct buffer buffer; /* what has not gone to the sink yet */
	char *packed;	      /* room for a large value, compressed; kept for the next one */
	size_t packed_cap;
	int64_t db;	  /* of the last record; -1: none yet */
	uint64_t crc;	  /* of all that has gone to the sink */
	uint64_t size;	  /* bytes that have gone to the sink */
	uint64_t records; /* so far */
	bool compress;
	bool checksum;
	int error;
};

/* Starts a file: the version and what Redis tells about itself. Returns 0 or an error; rdb_writer_free() is due in
 * either case. */
int rdb_writer_begin(struct rdb_writer *writer, struct rdb_sink sink, const struct rdb_writer_options *options);

/* How many keys the database will have at most, and how many of them have a time to live: lets the reader make room at
 * once. Optional; may come at any time. */
int rdb_writer_sizes(struct rdb_writer *writer, unsigned db, uint64_t keys, uint64_t expires);

/* Writes a key. The slices are not needed after it. Databases may come in any order, and the same one again. */
int rdb_writer_entry(struct rdb_writer *writer, const struct rdb_record *record);

/* Ends the file. All of it has gone to the sink then; the file is neither synced nor closed. */
int rdb_writer_finish(struct rdb_writer *writer);

/* Frees what the writer holds; whether it has finished or not. */
void rdb_writer_free(struct rdb_writer *writer);

#endif
