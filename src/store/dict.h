/*
 * A dict: the keys of one database in one shard. It has a directory of tables (extendible hashing: the top `depth` bits
 * of a hash are an index into the directory; neighbouring places may hold the same table) and, once a key has had a
 * time to live, an expiry index.
 *
 * To grow is to split one table, and to double the directory when that table had a single place in it: pointers are
 * copied, entries are not touched. Tables are never joined again.
 *
 * The memory of all dicts is summed in one number that every thread reads. A dict adds what it has grown or shrunk by
 * only when that is DICT_UNREPORTED_MAX, so that threads seldom write to it.
 */
#ifndef CUBBY_STORE_DICT_H
#define CUBBY_STORE_DICT_H

#include <stdatomic.h>

#include "store/expiry.h"
#include "store/hash.h"
#include "store/table.h"

enum { DICT_UNREPORTED_MAX = 4096 }; /* bytes */

struct dict {
	struct table **tables;	     /* owned; 2^depth places */
	unsigned depth;		     /* at most TABLE_MAX_DEPTH */
	unsigned shift;		     /* 32 - depth */
	size_t items;		     /* entries */
	size_t bytes;		     /* memory of it all */
	size_t reported;	     /* how much of it is in *total */
	_Atomic int64_t *total;	     /* bytes of all dicts */
	struct expiry_wheel *expiry; /* owned; NULL until it is needed */
	struct dict *next;	     /* of those that a flush has taken out */

	/* What a snapshot has still to see of it (store/snapshot.c). */
	uint64_t walk_from;	/* entries of lower hashes it has passed; HASH_END: it has no use for any */
	struct dict *walk_next; /* in the shard's list of dicts that it has not passed */
	unsigned walk_db;	/* the database that it was at the snapshot's instant */
	bool orphan;		/* a flush has taken it out: it goes when the snapshot has passed it */
};

/* NULL when there is no memory. `total` outlives the dict. */
struct dict *dict_new(_Atomic int64_t *total);

/* Brings its part of the total up to date, and takes it out: of a dict that is about to be freed. */
void dict_report_bytes(struct dict *dict);
void dict_retract_bytes(struct dict *dict);

/* Bytes of its tables and its directory, without the entries. */
size_t dict_table_bytes(const struct dict *dict);

/* Frees the dict with its entries. */
void dict_free(struct dict *dict);

/* The same for a list of them by `next`, in the background. NULL is none. */
void dict_free_later(struct dict *first);

/* Makes the expiry index if there is none. False when there is no memory. */
bool dict_need_expiry(struct dict *dict);

/* Adds an entry whose key is not there. It cannot fail: without memory for more tables, chains grow longer. */
void dict_add(struct dict *dict, struct entry *entry);

/* Takes an entry out, out of the expiry index, too. The caller frees it. */
void dict_remove(struct dict *dict, struct entry *entry);

/* dict->bytes has changed. */
static inline void dict_note_bytes(struct dict *dict)
{
	if (dict->bytes - dict->reported + DICT_UNREPORTED_MAX > (size_t)2 * DICT_UNREPORTED_MAX)
		dict_report_bytes(dict);
}

/* An entry of it has become larger by `bytes`, or smaller (the difference is negative, modulo 2^64). */
static inline void dict_grow(struct dict *dict, size_t bytes)
{
	dict->bytes += bytes;
	dict_note_bytes(dict);
}

/* The table for a hash. */
static inline struct table *dict_table(const struct dict *dict, uint32_t hash)
{
	return dict->tables[(uint64_t)hash >> dict->shift];
}

static inline struct entry *dict_find(const struct dict *dict, struct slice key, uint32_t hash)
{
	return table_find(dict_table(dict, hash), key, hash);
}

/* Whether a snapshot has still to pass the place of this hash. */
static inline bool dict_is_ahead(const struct dict *dict, uint32_t hash)
{
	const struct table *table = dict_table(dict, hash);

	return hash >= dict->walk_from && (hash & (table->chains.num_buckets - 1)) >= table->walked;
}

/* The first hash behind those of `table`, which `hash` belongs to; HASH_END for the last table. */
static inline uint64_t dict_table_end(const struct table *table, uint32_t hash)
{
	uint64_t span = (uint64_t)1 << (32 - table->depth);

	return (hash & ~(span - 1)) + span;
}

#endif
