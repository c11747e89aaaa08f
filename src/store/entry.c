/* Entries, one at a time: made, read, written, freed. Their layout is told in store/entry_layout.h. */
#include "store/entry.h"

#include "base/background.h"
#include "base/number.h"
#include "store/entry_layout.h"

enum { ENTRY_LAZY_MIN = 64 * 1024 }; /* bytes of block from which freeing it is worth another thread's while */

struct entry *entry_new(struct slice key, uint32_t hash, size_t tail_len, bool ttl)
{
	size_t front = ttl ? sizeof(struct expiry_node) : 0;
	char *memory;
	struct entry *entry;

	if (key.len > UINT32_MAX)
		return NULL;
	memory = store_malloc(entry_size_for(key.len, tail_len, ttl));
	if (memory == NULL)
		return NULL;
	entry = (struct entry *)(void *)(memory + front);
	entry->value_len = 0;
	entry->flags = ttl ? ENTRY_TTL : 0;
	entry->spare = 0;
	entry->access = 0;
	entry_handle(entry)->keylen = (unsigned)key.len;
	entry_handle(entry)->hashv = hash;
	if (key.len > 0)
		memcpy(entry->bytes, key.data, key.len);
	return entry;
}

void entry_free(struct entry *entry)
{
	if (entry_has_ttl(entry))
		free(entry_node(entry));
	else
		free(entry);
}

static void unref_job(void *block)
{
	block_unref(block);
}

void entry_release(struct entry *entry, bool lazy)
{
	struct block *block = entry_block(entry);

	entry_free(entry);
	if (lazy && block != NULL && block->cap >= ENTRY_LAZY_MIN && !block_is_shared(block))
		background_run(unref_job, block);
	else
		block_unref(block);
}

void entry_write_value(struct entry *entry, struct slice value)
{
	if (value.len > 0)
		memmove(entry_tail(entry), value.data, value.len);
	entry->value_len = (uint16_t)value.len;
	entry->flags &= ENTRY_OWN;
}

void entry_write_block(struct entry *entry, struct block *block)
{
	memcpy(entry_tail(entry), &block, sizeof(block));
	entry->value_len = 0;
	entry->flags = (uint8_t)((entry->flags & ENTRY_OWN) | ENTRY_BLOCK);
}

void entry_copy_tail(struct entry *to, const struct entry *from)
{
	memcpy(entry_tail(to), from->bytes + entry_key_len(from), entry_tail_len(from));
	to->value_len = from->value_len;
	to->flags = (uint8_t)((to->flags & ENTRY_OWN) | (from->flags & ~ENTRY_OWN));
	to->access = from->access;
}

struct slice entry_key(const struct entry *entry)
{
	return (struct slice){entry->bytes, entry_key_len(entry)};
}

uint32_t entry_hash(const struct entry *entry)
{
	return entry_handle(entry)->hashv;
}

struct block *entry_block(const struct entry *entry)
{
	struct block *block = NULL;

	if (entry_has_block(entry))
		memcpy(&block, entry->bytes + entry_key_len(entry), sizeof(block));
	return block;
}

struct slice entry_value(const struct entry *entry)
{
	const struct block *block = entry_block(entry);

	if (block != NULL)
		return (struct slice){block->data, block->len};
	return (struct slice){entry->bytes + entry_key_len(entry), entry->value_len};
}

int64_t entry_expire_at(const struct entry *entry)
{
	return entry_has_ttl(entry) ? entry_node(entry)->when : 0;
}

void entry_note_raw(struct entry *entry)
{
	entry->flags |= ENTRY_RAW;
}

void entry_note_text(struct entry *entry)
{
	entry->flags |= ENTRY_TEXT;
}

bool entry_is_raw(const struct entry *entry)
{
	return (entry->flags & ENTRY_RAW) != 0;
}

const char *entry_encoding(const struct entry *entry)
{
	enum { EMBSTR_MAX = 44 };
	struct slice value = entry_value(entry);
	int64_t number;

	if (entry_is_raw(entry))
		return "raw";
	if ((entry->flags & ENTRY_TEXT) == 0 && number_parse_int64(value, &number))
		return "int";
	return value.len <= EMBSTR_MAX ? "embstr" : "raw";
}

size_t entry_footprint(const struct entry *entry)
{
	const struct block *block = entry_block(entry);

	return allocation_size(entry_size(entry)) + (block != NULL ? allocation_size(block_footprint(block)) : 0);
}
