/*
 * The manifest of an append-only file in several parts, as Redis 7 has it: a text file beside the parts that says which
 * files there are, and in which order they are to be read.
 *
 *     file appendonly.aof.2.base.rdb seq 2 type b
 *     file appendonly.aof.1.incr.aof seq 1 type h
 *     file appendonly.aof.2.incr.aof seq 2 type i
 *
 * At most one base, everything at some instant; increments, what changed since, in the order of their numbers; and
 * history: files that are needed no more and may be removed by whoever finds them. A name with spaces or other unusual
 * bytes is quoted. Lines that begin with # are comments.
 *
 * A manifest belongs to one thread at a time. Names in it are file names, never paths.
 */
#ifndef CUBBY_PERSIST_MANIFEST_H
#define CUBBY_PERSIST_MANIFEST_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/buffer.h"
#include "base/slice.h"

enum manifest_kind { MANIFEST_BASE = 'b', MANIFEST_HISTORY = 'h', MANIFEST_INCR = 'i' };

struct manifest_file {
	char *name; /* owned by the manifest */
	int64_t seq;
	enum manifest_kind kind;
};

/* A zeroed struct manifest is an empty one. */
struct manifest {
	struct manifest_file *files; /* the base, then history, then increments: the order of the lines */
	size_t count;
	size_t cap;
	int64_t base_seq; /* the highest number that a base has had; 0: none */
	int64_t incr_seq; /* ... an increment */
};

void manifest_free(struct manifest *manifest);

/* Makes `copy`, which is uninitialised or empty, the same. False, and it is empty, when there is no memory. Whoever
 * changes a manifest changes a copy, and takes that for the manifest once it is on the disk. */
bool manifest_copy(struct manifest *copy, const struct manifest *manifest);

/* --- what is in it ------------------------------------------------------------------------------------------------ */

/* NULL when there is none. All these pointers are good until the manifest is changed. */
const struct manifest_file *manifest_base(const struct manifest *manifest);
const struct manifest_file *manifest_last_incr(const struct manifest *manifest);

/* The files of a kind in their order: the first one behind `previous`, or of all when that is NULL. NULL: no more. */
const struct manifest_file *manifest_next(const struct manifest *manifest, enum manifest_kind kind,
					  const struct manifest_file *previous);

/* --- changes ----------------------------------------------------------------------------------------------------- */
/* `filename` is the setting appendfilename. What gives a name gives NULL when there is no memory, and the manifest is
 * then as it was. */

/* A new base, `filename`.N.base.rdb or .aof; the one before is history. */
const char *manifest_add_base(struct manifest *manifest, const char *filename, bool rdb);

/* A new last increment, `filename`.N.incr.aof. */
const char *manifest_add_incr(struct manifest *manifest, const char *filename);

/* A base of exactly this name and number 1 in a manifest that has none: an old append-only file in one part. */
const char *manifest_adopt_base(struct manifest *manifest, const char *filename);

/* The increments with a number below `seq` are history: a new base contains them. */
void manifest_retire(struct manifest *manifest, int64_t seq);

/* Forgets the history: its files are gone. */
void manifest_drop_history(struct manifest *manifest);

/* --- on the disk ------------------------------------------------------------------------------------------------- */

/* Why a manifest cannot be used. */
struct manifest_error {
	int code;	  /* the system's error, negative (-ENOENT, -ENOMEM ...); 0: the text is wrong */
	const char *text; /* what is wrong, in Redis's words; static */
	unsigned line;	  /* where, from 1 */
};

/* Reads the text of a manifest into an empty one. False, and it stays empty, with *error. */
bool manifest_parse(struct manifest *manifest, struct slice text, struct manifest_error *error);

/* The same for the file at `path`. */
bool manifest_load(struct manifest *manifest, const char *path, struct manifest_error *error);

/* Appends the text. Check out->failed. */
void manifest_format(const struct manifest *manifest, struct buffer *out);

/* Writes the manifest of the append-only file `filename` into `directory`, as file_replace() does. 0 or a negative
 * errno; -ENAMETOOLONG for a name that would make a line longer than Redis reads. */
int manifest_save(const struct manifest *manifest, const char *directory, const char *filename);

/* "directory/filename.manifest"; NULL: no memory. The caller frees it. */
char *manifest_path(const char *directory, const char *filename);

#endif
