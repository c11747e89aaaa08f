/*
 * A table grows by uthash's own expansion up to TABLE_MAX_ITEMS; then it is split, bucket by bucket: the low bits of a
 * hash, hence the bucket's number, are the same in both halves. Splitting and doubling touch one table's entries, at
 * most 2048 unless memory ran out before.
 */
#include "store/table.h"

static UT_hash_bucket *new_buckets(unsigned count)
{
	return store_zalloc(count * sizeof(UT_hash_bucket));
}

struct table *table_new(unsigned depth, unsigned buckets)
{
	struct table *table = store_zalloc(sizeof(*table));

	if (table == NULL)
		return NULL;
	table->depth = depth;
	table->chains.num_buckets = buckets;
	table->chains.log2_num_buckets = (unsigned)__builtin_ctz(buckets);
	table->chains.signature = HASH_SIGNATURE;
	table->chains.buckets = new_buckets(buckets);
	if (table->chains.buckets == NULL) {
		free(table);
		return NULL;
	}
	return table;
}

void table_free(struct table *table)
{
	free(table->chains.buckets);
	free(table);
}

static void link_entry(struct table *table, UT_hash_handle *handle)
{
	int failed = 0;

	HASH_ADD_TO_BKT(*table_bucket(table, handle->hashv), hh, handle, failed);
	(void)failed; /* it would be set by an expansion, and there is none */
	table->chains.num_items++;
}

static void unlink_entry(struct table *table, UT_hash_handle *handle)
{
	HASH_DEL_IN_BKT(*table_bucket(table, handle->hashv), handle);
	table->chains.num_items--;
}

void table_add(struct table *table, struct entry *entry)
{
	link_entry(table, entry_handle(entry));
}

void table_remove(struct table *table, struct entry *entry)
{
	unlink_entry(table, entry_handle(entry));
}

/* The buckets are about to become others. What a snapshot has passed is marked, so that it passes by when it begins
 * anew with this table. */
static void forget_walked(struct table *table)
{
	for (; table->walked > 0; table->walked--) {
		UT_hash_bucket *bucket = &table->chains.buckets[table->walked - 1];

		for (struct entry *entry = table_first(bucket); entry != NULL; entry = table_next(entry))
			entry->flags |= ENTRY_SAVED;
	}
}

static void expand(struct table *table)
{
	int failed = 0;

	forget_walked(table);
	HASH_EXPAND_BUCKETS(hh, &table->chains, failed);
	(void)failed; /* it is as it was then */
}

static void shrink(struct table *table, unsigned count)
{
	UT_hash_bucket *old = table->chains.buckets;
	unsigned old_count = table->chains.num_buckets;
	UT_hash_bucket *buckets = new_buckets(count);

	if (buckets == NULL)
		return;
	forget_walked(table);
	table->chains.buckets = buckets;
	table->chains.num_buckets = count;
	table->chains.log2_num_buckets = (unsigned)__builtin_ctz(count);
	table->chains.num_items = 0;
	for (unsigned i = 0; i < old_count; i++) {
		UT_hash_handle *next;

		for (UT_hash_handle *handle = old[i].hh_head; handle != NULL; handle = next) {
			next = handle->hh_next;
			link_entry(table, handle);
		}
	}
	free(old);
}

size_t table_fit(struct table *table)
{
	unsigned items = table->chains.num_items;
	unsigned buckets = table->chains.num_buckets;
	bool crowded = items > TABLE_MAX_LOAD * buckets && buckets < 1U << TABLE_BUCKET_BITS;
	bool sparse = items < buckets / TABLE_SPARSE && buckets > TABLE_MIN_BUCKETS;
	size_t before;

	if (!crowded && !sparse)
		return 0;
	before = table_footprint(table);
	if (crowded)
		expand(table);
	else
		shrink(table, buckets / 4 > TABLE_MIN_BUCKETS ? buckets / 4 : TABLE_MIN_BUCKETS);
	return table_footprint(table) - before;
}

struct table *table_split(struct table *table)
{
	struct table *upper = table_new(table->depth + 1, table->chains.num_buckets);
	uint32_t bit = (uint32_t)1 << (31 - table->depth);

	if (upper == NULL)
		return NULL;
	forget_walked(table);
	table->depth++;
	for (unsigned i = 0; i < table->chains.num_buckets; i++) {
		UT_hash_handle *next;

		for (UT_hash_handle *handle = table->chains.buckets[i].hh_head; handle != NULL; handle = next) {
			next = handle->hh_next;
			if ((handle->hashv & bit) == 0)
				continue;
			unlink_entry(table, handle);
			link_entry(upper, handle);
		}
	}
	return upper;
}

size_t table_footprint(const struct table *table)
{
	return allocation_size(sizeof(*table)) + allocation_size(table->chains.num_buckets * sizeof(UT_hash_bucket));
}
