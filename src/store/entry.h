/*
 * An entry: a key and its value, in one allocation when the value is small.
 *
 * What a handler may know of an entry is in these functions; how it lies in memory is in entry.c's business with
 * store/table.c. An entry is valid until the next function of keyspace.h that may move or remove it, and no longer than
 * its shard is locked.
 */
#ifndef CUBBY_STORE_ENTRY_H
#define CUBBY_STORE_ENTRY_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/block.h"
#include "base/slice.h"

enum { ENTRY_INLINE_MAX = 1024 }; /* bytes of value up to which it stands in the entry itself */

struct entry;

struct slice entry_key(const struct entry *entry);
uint32_t entry_hash(const struct entry *entry);
struct slice entry_value(const struct entry *entry);

/* The value's block, no reference added; NULL when the value stands in the entry. */
struct block *entry_block(const struct entry *entry);

/* Unix time in milliseconds at which the key dies; 0 when it has no time to live. */
int64_t entry_expire_at(const struct entry *entry);

/* How the value came to be, where that decides what Redis calls its encoding: in place (APPEND, SETRANGE) or in a
 * buffer of its own (BITOP) it is raw, as the sum of INCRBYFLOAT it is text even if it is an integer. The next value
 * does not have it. The shard is locked. */
void entry_note_raw(struct entry *entry);
void entry_note_text(struct entry *entry);
bool entry_is_raw(const struct entry *entry);

/* "int", "embstr" or "raw": how Redis would keep this value, as OBJECT ENCODING tells. */
const char *entry_encoding(const struct entry *entry);

/* What the entry takes of memory: key, value, block, overhead. */
size_t entry_footprint(const struct entry *entry);

#endif
