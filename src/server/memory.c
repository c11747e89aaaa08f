/*
 * What is used is counted by those who use it: the shards, the workers (what their connections hold) and, once, at
 * boot, the allocator. The allocator's own figures stand beside that and show what counting and rounding miss.
 */
#include "server/memory.h"

#include <stdio.h>

#include "base/platform.h"
#include "server/server.h"
#include "session/registry.h"

/* --- figures ----------------------------------------------------------------------------------------------------- */

static struct database_memory database_memory(struct server *server, unsigned db, bool locked)
{
	struct keyspace *keyspace = server->keyspace;
	struct database_memory sum = {0};

	for (uint32_t shard = 0; shard < keyspace_shards(keyspace); shard++) {
		if (!locked)
			keyspace_lock_shard(keyspace, shard);
		keyspace_add_database_memory(keyspace, shard, db, &sum);
		if (!locked)
			keyspace_unlock_shard(keyspace, shard);
	}
	return sum;
}

static int64_t clients_memory(struct server *server)
{
	struct net_figures figures;

	net_figures(server->net, &figures);
	return (int64_t)figures.client_memory;
}

struct memory_figures memory_figures(struct server *server, bool locked)
{
	struct memory_figures figures = {
		.used = (int64_t)meter_used_memory(&server->meter),
		.startup = server->meter.startup_memory,
		.clients = clients_memory(server),
		.resident = (int64_t)platform_resident_bytes(),
		.allocated = (int64_t)platform_allocated_bytes(),
		.allocator_active = (int64_t)platform_allocator_active_bytes(),
		.allocator_resident = (int64_t)platform_allocator_resident_bytes(),
	};

	figures.peak = (int64_t)counter_get(&server->meter.peak_memory);
	if (figures.peak < figures.used)
		figures.peak = figures.used;
	figures.overhead = figures.startup + figures.clients;
	for (unsigned db = 0; db < keyspace_databases(server->keyspace); db++) {
		struct database_memory memory = database_memory(server, db, locked);

		figures.overhead += (int64_t)(memory.tables + memory.index);
		figures.keys += (int64_t)memory.keys;
	}
	figures.dataset = figures.used > figures.overhead ? figures.used - figures.overhead : 0;
	return figures;
}

double memory_ratio(int64_t part, int64_t whole)
{
	return whole == 0 ? 0 : (double)part / (double)whole;
}

/* --- MEMORY STATS ------------------------------------------------------------------------------------------------ */

struct statistic {
	const char *name;
	bool is_ratio;
	int64_t number;
	double ratio;
};

static void reply_stats(struct reply *reply, const struct statistic *stats, size_t count)
{
	for (size_t i = 0; i < count; i++) {
		reply_bulk_text(reply, stats[i].name);
		if (stats[i].is_ratio)
			reply_double(reply, stats[i].ratio);
		else
			reply_int(reply, stats[i].number);
	}
}

/* "db.0": of a database that has keys. */
static void reply_database(struct reply *reply, unsigned db, const struct database_memory *memory)
{
	char name[32];

	snprintf(name, sizeof(name), "db.%u", db);
	reply_bulk_text(reply, name);
	reply_map(reply, 3);
	reply_bulk_text(reply, "overhead.hashtable.main");
	reply_int(reply, (int64_t)memory->tables);
	reply_bulk_text(reply, "overhead.hashtable.expires");
	reply_int(reply, (int64_t)memory->index);
	reply_bulk_text(reply, "overhead.hashtable.slot-to-keys");
	reply_int(reply, 0);
}

/* Writes the databases that have keys, or (reply NULL) only counts them. */
static size_t each_database(struct server *server, bool locked, struct reply *reply)
{
	size_t count = 0;

	for (unsigned db = 0; db < keyspace_databases(server->keyspace); db++) {
		struct database_memory memory = database_memory(server, db, locked);

		if (memory.keys == 0)
			continue;
		if (reply != NULL)
			reply_database(reply, db, &memory);
		count++;
	}
	return count;
}

static struct statistic number_of(const char *name, int64_t number)
{
	return (struct statistic){.name = name, .number = number};
}

static struct statistic ratio_of(const char *name, double ratio)
{
	return (struct statistic){.name = name, .is_ratio = true, .ratio = ratio};
}

/* Redis's fields in Redis's order. What cubby does not have (replicas, scripts) is 0. */
void memory_reply_stats(struct server *server, bool locked, struct reply *reply)
{
	struct memory_figures figures = memory_figures(server, locked);
	int64_t net = figures.used - figures.startup;
	const struct statistic before[] = {
		number_of("peak.allocated", figures.peak),
		number_of("total.allocated", figures.used),
		number_of("startup.allocated", figures.startup),
		number_of("replication.backlog", 0),
		number_of("clients.slaves", 0),
		number_of("clients.normal", figures.clients),
		number_of("cluster.links", 0),
		number_of("aof.buffer", 0),
		number_of("lua.caches", 0),
		number_of("functions.caches", 0),
	};
	const struct statistic after[] = {
		number_of("overhead.total", figures.overhead),
		number_of("keys.count", figures.keys),
		number_of("keys.bytes-per-key", figures.keys > 0 ? net / figures.keys : 0),
		number_of("dataset.bytes", figures.dataset),
		ratio_of("dataset.percentage", 100 * memory_ratio(figures.dataset, net)),
		ratio_of("peak.percentage", 100 * memory_ratio(figures.used, figures.peak)),
		number_of("allocator.allocated", figures.allocated),
		number_of("allocator.active", figures.allocator_active),
		number_of("allocator.resident", figures.allocator_resident),
		ratio_of("allocator-fragmentation.ratio", memory_ratio(figures.allocator_active, figures.allocated)),
		number_of("allocator-fragmentation.bytes", figures.allocator_active - figures.allocated),
		ratio_of("allocator-rss.ratio", memory_ratio(figures.allocator_resident, figures.allocator_active)),
		number_of("allocator-rss.bytes", figures.allocator_resident - figures.allocator_active),
		ratio_of("rss-overhead.ratio", memory_ratio(figures.resident, figures.allocator_resident)),
		number_of("rss-overhead.bytes", figures.resident - figures.allocator_resident),
		ratio_of("fragmentation", memory_ratio(figures.resident, figures.used)),
		number_of("fragmentation.bytes", figures.resident - figures.used),
	};
	size_t before_count = sizeof(before) / sizeof(before[0]);
	size_t after_count = sizeof(after) / sizeof(after[0]);
	struct reply databases = {.protocol = reply->protocol};
	size_t database_count = each_database(server, locked, &databases);

	reply_map(reply, before_count + database_count + after_count);
	reply_stats(reply, before, before_count);
	reply_raw(reply, buffer_slice(&databases.bytes));
	reply_stats(reply, after, after_count);
	reply_free(&databases);
}

/* --- MEMORY DOCTOR ----------------------------------------------------------------------------------------------- */

enum {
	TOO_LITTLE = 5 * 1024 * 1024, /* bytes below which ratios say nothing; the limits below, too, are Redis's */
	MUCH_SLACK = 10 * 1024 * 1024,
	BIG_CLIENT = 200 * 1024, /* bytes of a client, on average */
};

void memory_print_advice(struct server *server, bool locked, struct buffer *out)
{
	struct memory_figures figures = memory_figures(server, locked);
	size_t start = out->len;

	if (figures.used < TOO_LITTLE) {
		buffer_append_text(out, "There is next to nothing in memory: too little to say anything about it.\n");
		return;
	}
	if (memory_ratio(figures.peak, figures.used) > 1.5)
		buffer_append_text(out, " * Peak memory: once, more than 150% of what is used now was used. The "
					"allocator may keep some of that: MEMORY PURGE gives it back.\n");
	if (memory_ratio(figures.allocator_active, figures.allocated) > 1.1 &&
	    figures.allocator_active - figures.allocated > MUCH_SLACK)
		buffer_append_text(out, " * Fragmentation: the allocator's pages hold over 10% more than what is in "
					"use on them. Many keys of other sizes have been deleted or changed.\n");
	if (memory_ratio(figures.resident, figures.allocator_resident) > 1.1 &&
	    figures.resident - figures.allocator_resident > MUCH_SLACK)
		buffer_append_text(out, " * Process overhead: the process has over 10% more than its allocator.\n");
	if (figures.clients > BIG_CLIENT * (int64_t)session_registry_count())
		buffer_append_text(out, " * Client buffers: clients hold over 200 KB each, on average. Look at CLIENT "
					"LIST for those that do not read their replies.\n");
	if (out->len == start)
		buffer_append_text(out, "Nothing to complain about.\n");
}
