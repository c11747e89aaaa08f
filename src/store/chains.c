/* Counts the chains of each table of a dict once, whatever number of places the directory has for it. */
#include "store/chains.h"

#include "store/shard.h"

static void add_bucket(const UT_hash_bucket *bucket, struct chains_figures *sum)
{
	uint64_t len = bucket->count;

	sum->entries += len;
	sum->longest = len > sum->longest ? len : sum->longest;
	sum->lengths[len < CHAINS_LENGTHS ? len : CHAINS_LENGTHS - 1]++;
}

static void add_table(const struct table *table, struct chains_figures *sum)
{
	sum->tables++;
	sum->buckets += table->chains.num_buckets;
	for (unsigned i = 0; i < table->chains.num_buckets; i++)
		add_bucket(&table->chains.buckets[i], sum);
}

void chains_add_figures(const struct keyspace *keyspace, uint32_t shard, unsigned db, struct chains_figures *sum)
{
	const struct dict *dict = keyspace->shards[shard].dicts[db];
	uint64_t hash = 0;

	if (dict == NULL)
		return;
	while (hash != KEYSPACE_WALK_END) {
		const struct table *table = dict_table(dict, (uint32_t)hash);

		add_table(table, sum);
		hash = dict_table_end(table, (uint32_t)hash);
	}
}
