/* The happy path of an addition: find the table, link the entry, and, when the table is full, split it in two. */
#include "store/dict.h"

#include "base/background.h"

/* Bytes of a directory with this many places. */
static size_t directory_size(size_t places)
{
	return allocation_size(places * sizeof(struct table *));
}

struct dict *dict_new(_Atomic int64_t *total)
{
	struct dict *dict = store_zalloc(sizeof(*dict));
	struct table **tables = store_malloc(sizeof(struct table *));
	struct table *table = table_new(0, TABLE_MIN_BUCKETS);

	if (dict == NULL || tables == NULL || table == NULL) {
		free(dict);
		free(tables);
		if (table != NULL)
			table_free(table);
		return NULL;
	}
	tables[0] = table;
	dict->tables = tables;
	dict->shift = 32;
	dict->total = total;
	dict->walk_from = HASH_END;
	dict->bytes = allocation_size(sizeof(*dict)) + directory_size(1) + table_footprint(table);
	return dict;
}

static void free_entries(struct table *table)
{
	for (unsigned i = 0; i < table->chains.num_buckets; i++) {
		struct entry *next;

		for (struct entry *entry = table_first(&table->chains.buckets[i]); entry != NULL; entry = next) {
			next = table_next(entry);
			entry_release(entry, false);
		}
	}
}

size_t dict_table_bytes(const struct dict *dict)
{
	size_t bytes = allocation_size(sizeof(*dict)) + directory_size((size_t)1 << dict->depth);
	uint64_t end;

	for (uint64_t hash = 0; hash <= UINT32_MAX; hash = end) {
		const struct table *table = dict_table(dict, (uint32_t)hash);

		end = dict_table_end(table, (uint32_t)hash);
		bytes += table_footprint(table);
	}
	return bytes;
}

void dict_report_bytes(struct dict *dict)
{
	int64_t unreported = (int64_t)(dict->bytes - dict->reported);

	atomic_fetch_add_explicit(dict->total, unreported, memory_order_relaxed);
	dict->reported = dict->bytes;
}

void dict_retract_bytes(struct dict *dict)
{
	atomic_fetch_sub_explicit(dict->total, (int64_t)dict->reported, memory_order_relaxed);
	dict->reported = 0;
}

void dict_free(struct dict *dict)
{
	uint64_t end;

	for (uint64_t hash = 0; hash <= UINT32_MAX; hash = end) {
		struct table *table = dict_table(dict, (uint32_t)hash);

		end = dict_table_end(table, (uint32_t)hash);
		free_entries(table);
		table_free(table);
	}
	free(dict->tables);
	free(dict->expiry);
	free(dict);
}

static void free_job(void *first)
{
	struct dict *next;

	for (struct dict *dict = first; dict != NULL; dict = next) {
		next = dict->next;
		dict_free(dict);
	}
}

void dict_free_later(struct dict *first)
{
	if (first != NULL)
		background_run(free_job, first);
}

bool dict_need_expiry(struct dict *dict)
{
	if (dict->expiry != NULL)
		return true;
	dict->expiry = expiry_new();
	if (dict->expiry == NULL)
		return false;
	dict_grow(dict, allocation_size(sizeof(*dict->expiry)));
	return true;
}

static bool double_directory(struct dict *dict)
{
	size_t places = (size_t)1 << dict->depth;
	struct table **tables;

	if (dict->depth == TABLE_MAX_DEPTH)
		return false;
	tables = store_malloc(2 * places * sizeof(*tables));
	if (tables == NULL)
		return false;
	for (size_t i = 0; i < places; i++) {
		tables[2 * i] = dict->tables[i];
		tables[2 * i + 1] = dict->tables[i];
	}
	free(dict->tables);
	dict->tables = tables;
	dict->depth++;
	dict->shift--;
	dict->bytes += directory_size(2 * places) - directory_size(places);
	return true;
}

/* Gives the upper half of the table's places to a new table. */
static bool split_table(struct dict *dict, struct table *table, uint32_t hash)
{
	struct table *upper;
	size_t half;
	size_t end;

	if (table->depth == dict->depth && !double_directory(dict))
		return false;
	upper = table_split(table);
	if (upper == NULL)
		return false;
	half = (size_t)1 << (dict->depth - upper->depth);
	end = (((size_t)hash >> dict->shift) & ~(2 * half - 1)) + 2 * half;
	for (size_t i = end - half; i < end; i++)
		dict->tables[i] = upper;
	dict->bytes += table_footprint(upper);
	return true;
}

void dict_add(struct dict *dict, struct entry *entry)
{
	uint32_t hash = entry_hash(entry);
	struct table *table = dict_table(dict, hash);

	table_add(table, entry);
	dict->items++;
	dict->bytes += entry_footprint(entry);
	if (table->chains.num_items <= TABLE_MAX_ITEMS || !split_table(dict, table, hash))
		dict->bytes += table_fit(table);
	dict_note_bytes(dict);
}

void dict_remove(struct dict *dict, struct entry *entry)
{
	struct table *table = dict_table(dict, entry_hash(entry));

	if (entry_has_ttl(entry))
		expiry_remove(dict->expiry, entry_node(entry));
	table_remove(table, entry);
	dict->items--;
	dict->bytes -= entry_footprint(entry);
	dict->bytes += table_fit(table);
	dict_note_bytes(dict);
}
