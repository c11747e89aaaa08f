/*
 * How an entry lies in memory. For this room only.
 *
 * uthash hangs elements into its chains by a UT_hash_handle of 56 bytes. The macros that work within one bucket
 * (HASH_FIND_IN_BKT, HASH_ADD_TO_BKT, HASH_DEL_IN_BKT, HASH_EXPAND_BUCKETS) touch only the second half of it; the first
 * three fields belong to the list in order of insertion, which the store has no use for. So an entry begins in the
 * middle of its handle, and the first half is not there: the handle's address is the entry's less 24, and nobody looks
 * at the memory between the two.
 *
 *                       UT_hash_handle                        struct entry
 *     -24   tbl, prev, next                               (not there, see below)
 *       0   hh_prev, hh_next                              chain            uthash's alone
 *      16   key, a pointer                                value_len, flags, access
 *      24   keylen, hashv                                 key_words        uthash's alone
 *      32                                                 bytes: the key, then the value or a pointer to its block
 *
 * The key always lies 16 bytes behind the handle's `key`, so that field need not point at it: HASH_KEYCMP is handed the
 * field, and compares what lies behind. Its 8 bytes are ours.
 *
 * A key with a time to live has a struct expiry_node, 24 bytes, in front, in the same allocation. (It happens to fill
 * the place of the handle's first half.) The key's place is the same with and without.
 *
 * Compilers take it that a struct's fields are written and read as that struct's. Hence: what is uthash's is touched
 * through UT_hash_handle alone, what is ours through struct entry alone.
 *
 * doc/decisions/store-layout.md counts the bytes.
 */
#ifndef CUBBY_STORE_ENTRY_LAYOUT_H
#define CUBBY_STORE_ENTRY_LAYOUT_H

#include <assert.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>

#include "base/allocation.h"
#include "store/entry.h"
#include "store/expiry.h"
#include "store/memory.h"

static inline int entry_compare_key(const void *key_field, const char *key, size_t len);

/* --- uthash as it is used here ------------------------------------------------------------------------------------ */

#define HASH_NONFATAL_OOM 1
#define HASH_KEYCMP(field, key, len) entry_compare_key(&(field), key, len)
#define uthash_malloc(size) store_malloc(size)
#define uthash_free(memory, size) free(memory)
#include <uthash.h>

/* A bucket's length at which HASH_ADD_TO_BKT expands the table, times a small number: never. (It would look for the
 * table in the part of the handle that is not there; table.c expands.) */
#undef HASH_BKT_CAPACITY_THRESH
#define HASH_BKT_CAPACITY_THRESH UINT_MAX

/* --- the entry ---------------------------------------------------------------------------------------------------- */

enum entry_flag {
	ENTRY_TTL = 1 << 0,   /* an expiry node lies in front */
	ENTRY_BLOCK = 1 << 1, /* a struct block * follows the key, not the value itself */
	ENTRY_RAW = 1 << 2,   /* see entry_note_raw() */
	ENTRY_SAVED = 1 << 3, /* the snapshot that is being taken has no use for it (store/snapshot.c) */
	ENTRY_TEXT = 1 << 4,  /* see entry_note_text() */

	/* Of the entry, not of its value. */
	ENTRY_OWN = ENTRY_TTL | ENTRY_SAVED,
};

struct entry {
	void *chain[2];	       /* uthash's */
	uint16_t value_len;    /* of a value that follows the key */
	uint8_t flags;	       /* enum entry_flag */
	uint8_t spare;	       /* 0 */
	uint32_t access;       /* when, or how often, it was used (store/access.h) */
	uint32_t key_words[2]; /* uthash's: the key's length and hash */
	char bytes[];
};

enum {
	ENTRY_HANDLE_GAP = offsetof(UT_hash_handle, hh_prev), /* from the handle to the entry */
	ENTRY_ALIGNMENT = 16,				      /* sizes are multiples of it, as the allocator's are */
};

static_assert(offsetof(UT_hash_handle, hh_prev) - ENTRY_HANDLE_GAP == offsetof(struct entry, chain[0]), "hh_prev");
static_assert(offsetof(UT_hash_handle, hh_next) - ENTRY_HANDLE_GAP == offsetof(struct entry, chain[1]), "hh_next");
static_assert(offsetof(UT_hash_handle, key) - ENTRY_HANDLE_GAP == offsetof(struct entry, value_len), "key");
static_assert(offsetof(UT_hash_handle, keylen) - ENTRY_HANDLE_GAP == offsetof(struct entry, key_words[0]), "keylen");
static_assert(offsetof(UT_hash_handle, hashv) - ENTRY_HANDLE_GAP == offsetof(struct entry, key_words[1]), "hashv");
static_assert(sizeof(UT_hash_handle) - ENTRY_HANDLE_GAP == offsetof(struct entry, bytes), "end of the handle");
static_assert(offsetof(struct entry, bytes) == 32, "overhead of a key");
static_assert(ENTRY_INLINE_MAX <= UINT16_MAX, "value_len holds every length");

/* The way between entry and handle is gone as numbers: as pointers, the handle would begin outside of the object. */
static inline UT_hash_handle *entry_handle(const struct entry *entry)
{
	return (UT_hash_handle *)((uintptr_t)entry - ENTRY_HANDLE_GAP);
}

static inline struct entry *entry_of_handle(const void *handle)
{
	return (struct entry *)((uintptr_t)handle + ENTRY_HANDLE_GAP);
}

static inline int entry_compare_key(const void *key_field, const char *key, size_t len)
{
	uintptr_t bytes = (uintptr_t)key_field + offsetof(struct entry, bytes) - offsetof(struct entry, value_len);

	return len == 0 ? 0 : memcmp((const void *)bytes, key, len);
}

static inline size_t entry_key_len(const struct entry *entry)
{
	return entry_handle(entry)->keylen;
}

static inline bool entry_has_ttl(const struct entry *entry)
{
	return (entry->flags & ENTRY_TTL) != 0;
}

static inline bool entry_has_block(const struct entry *entry)
{
	return (entry->flags & ENTRY_BLOCK) != 0;
}

/* Of an entry with a time to live. */
static inline struct expiry_node *entry_node(const struct entry *entry)
{
	return (struct expiry_node *)((uintptr_t)entry - sizeof(struct expiry_node));
}

static inline struct entry *entry_of_node(const struct expiry_node *node)
{
	return (struct entry *)((uintptr_t)node + sizeof(struct expiry_node));
}

/* Redis, too, has a key live through the millisecond of its expiry. */
static inline bool entry_is_dead(const struct entry *entry, int64_t now)
{
	return entry_has_ttl(entry) && entry_node(entry)->when < now;
}

/* Where the value is, or the pointer to its block, which need not be aligned. */
static inline char *entry_tail(struct entry *entry)
{
	return entry->bytes + entry_key_len(entry);
}

/* Bytes behind the key. */
static inline size_t entry_tail_len(const struct entry *entry)
{
	return entry_has_block(entry) ? sizeof(struct block *) : entry->value_len;
}

/* Bytes of the allocation for an entry of this shape. */
static inline size_t entry_size_for(size_t key_len, size_t tail_len, bool ttl)
{
	size_t size = (ttl ? sizeof(struct expiry_node) : 0) + sizeof(struct entry) + key_len + tail_len;

	return (size + ENTRY_ALIGNMENT - 1) & ~(size_t)(ENTRY_ALIGNMENT - 1);
}

static inline size_t entry_size(const struct entry *entry)
{
	return entry_size_for(entry_key_len(entry), entry_tail_len(entry), entry_has_ttl(entry));
}

/* A new entry in no table, with an empty value and room for a tail of `tail_len` bytes. NULL when there is no memory.
 */
struct entry *entry_new(struct slice key, uint32_t hash, size_t tail_len, bool ttl);

/* Frees an entry that is in no table; without its block. */
void entry_free(struct entry *entry);

/* The same, and gives its reference to the block back; with `lazy` a large one in the background. */
void entry_release(struct entry *entry, bool lazy);

/* These write the tail, for which there must be room, and leave a block that was there to the caller. `value` may
 * overlap the tail. */
void entry_write_value(struct entry *entry, struct slice value);
void entry_write_block(struct entry *entry, struct block *block);

/* Gives `to` the tail of `from`; both hold the same reference to a block then: one of them must be entry_free()d, or a
 * reference be added. */
void entry_copy_tail(struct entry *to, const struct entry *from);

#endif
