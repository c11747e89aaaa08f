/* The files of a data directory, for tests: written, damaged, and compared with what they were. */
#ifndef CUBBY_TESTS_INTEGRATION_DATA_FILES_H
#define CUBBY_TESTS_INTEGRATION_DATA_FILES_H

#include <stdbool.h>
#include <stddef.h>

/* Bytes in the making; zeroed they are none. */
struct bytes {
	char *data; /* owned */
	size_t len;
	size_t cap;
};

void bytes_add(struct bytes *bytes, const void *data, size_t len);
void bytes_free(struct bytes *bytes);

/* An RDB file: its head, keys (type 0 is a string; texts of less than 64 bytes), its end without a checksum. */
void rdb_begin(struct bytes *rdb);
void rdb_key(struct bytes *rdb, char type, const char *key, const char *value);
void rdb_end(struct bytes *rdb);

/* Appends commands, written as "SET a 1;DEL a", as an append-only file has them. */
void aof_add(struct bytes *aof, const char *commands);

/* Writes the bytes to a file in the directory and frees them. The name may lead through directories, which are made. */
void data_write(const char *directory, const char *name, struct bytes *bytes);
/* ... what aof_add() makes of the commands. */
void data_write_commands(const char *directory, const char *name, const char *commands);
/* ... a text. */
void data_write_text(const char *directory, const char *name, const char *text);

/* Reads a file, or one of the fuzzers' corpus ("rdb/redis_strings"), to be freed by the caller. */
struct bytes data_read(const char *directory, const char *name);
struct bytes corpus_read(const char *name);

/* Whether there is a file of that name; how many bytes it has (-1: there is none). */
long long data_size(const char *directory, const char *name);

/* Runs the daemon on the directory, with these options after the usual ones. It must refuse to start with exit status
 * 1, its output must have each of the texts (NULL at the end), and no byte on the disk may be another afterwards (but
 * for the lock's file). */
void expect_refused(const char *directory, const char *const *options, const char *const *texts);

/* Lists of such texts. */
#define TEXTS(...) ((const char *const[]){__VA_ARGS__, NULL})

#endif
