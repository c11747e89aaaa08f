/*
 * One uthash table, used bucket by bucket. It is kept small: a table that has grown too large is split in two, so that
 * no rearrangement is ever felt. The high bits of a hash say which table (store/dict.h), the low bits which bucket.
 */
#ifndef CUBBY_STORE_TABLE_H
#define CUBBY_STORE_TABLE_H

#include "store/entry_layout.h"

enum {
	TABLE_MIN_BUCKETS = 4,
	TABLE_MAX_LOAD = 1,	   /* entries a bucket, on average, beyond which the buckets are doubled */
	TABLE_MAX_ITEMS = 2048,	   /* ... beyond which the table is split */
	TABLE_SPARSE = 8,	   /* buckets an entry beyond which they become fewer */
	TABLE_BUCKET_BITS = 20,	   /* a table that cannot be split has at most 2^20 buckets */
	TABLE_MAX_DEPTH = 32 - 11, /* bits of the hash that pick a table; the others pick one of its 2048 buckets */
};

struct table {
	UT_hash_table chains; /* of it: buckets, num_buckets, log2_num_buckets, num_items */
	unsigned depth;	      /* high bits that the hashes of all its entries share */
	unsigned walked;      /* so many first buckets a snapshot has passed; 0 unless it is at this very table */
};

/* A table without entries. `buckets` is a power of two. NULL when there is no memory. */
struct table *table_new(unsigned depth, unsigned buckets);

/* Frees the table, not the entries. */
void table_free(struct table *table);

/* Neither fails. The caller fits the table afterwards. */
void table_add(struct table *table, struct entry *entry);
void table_remove(struct table *table, struct entry *entry);

/* Doubles the buckets or makes them fewer, if it is time to and there is memory. Returns by how many bytes the table
 * has grown (modulo 2^64: it may have shrunk). */
size_t table_fit(struct table *table);

/* Moves the entries that have a one as the next high bit into a new table, which is returned; both are one deeper then.
 * NULL when there is no memory: nothing has changed. */
struct table *table_split(struct table *table);

/* Bytes of memory, without the entries. */
size_t table_footprint(const struct table *table);

/* Bucket for a hash; also for a scan cursor's low bits. */
static inline UT_hash_bucket *table_bucket(const struct table *table, uint32_t hash)
{
	unsigned index;

	HASH_TO_BKT(hash, table->chains.num_buckets, index);
	return &table->chains.buckets[index];
}

/* The entry of a key, or NULL. */
static inline struct entry *table_find(const struct table *table, struct slice key, uint32_t hash)
{
	/* uthash asks it for the handle's offset within the element. The element is the handle itself. */
	static const UT_hash_table plain_handles = {.hho = 0};
	struct {
		UT_hash_handle hh;
	} * found;

	HASH_FIND_IN_BKT(&plain_handles, hh, *table_bucket(table, hash), key.data, key.len, hash, found);
	return found != NULL ? entry_of_handle(found) : NULL;
}

/* Walking a chain. */
static inline struct entry *table_first(const UT_hash_bucket *bucket)
{
	return bucket->hh_head != NULL ? entry_of_handle(bucket->hh_head) : NULL;
}

static inline struct entry *table_next(const struct entry *entry)
{
	UT_hash_handle *next = entry_handle(entry)->hh_next;

	return next != NULL ? entry_of_handle(next) : NULL;
}

#endif
