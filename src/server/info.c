/*
 * INFO: a table of sections, each a function that appends its lines. Names and meanings are Redis's, so that what reads
 * Redis's INFO reads this one; what Redis does not have (threads, shards) has names of its own.
 */
#include "server/info.h"

#include <inttypes.h>
#include <stdio.h>
#include <uv.h>

#include "base/background.h"
#include "base/clock.h"
#include "base/platform.h"
#include "base/settings.h"
#include "base/version.h"
#include "command/command.h"
#include "command/pause.h"
#include "command/stats.h"
#include "net/crowd.h"
#include "server/memory.h"
#include "session/postpone.h"
#include "session/pubsub.h"
#include "session/tracking.h"

enum { DAY_SECONDS = 24 * 60 * 60 };

/* What is being told, and whether every shard is locked already; if not, each is locked while it is looked at. */
struct info {
	struct server *server;
	bool locked;
};

struct human {
	char text[32];
};

/* A number of bytes as people read it: 1.16M. */
static struct human human_bytes(uint64_t bytes)
{
	static const char units[] = "KMGTP";
	double amount = (double)bytes / 1024;
	struct human human;
	int unit = 0;

	if (bytes < 1024) {
		snprintf(human.text, sizeof(human.text), "%" PRIu64 "B", bytes);
		return human;
	}
	while (amount >= 1024 && unit < 4) {
		amount /= 1024;
		unit++;
	}
	snprintf(human.text, sizeof(human.text), "%.2f%c", amount, units[unit]);
	return human;
}

/* "name:bytes" and "name_human:1.16M". */
static void print_bytes(struct buffer *out, const char *name, uint64_t bytes)
{
	buffer_printf(out, "%s:%" PRIu64 "\r\n%s_human:%s\r\n", name, bytes, name, human_bytes(bytes).text);
}

static void print_number(struct buffer *out, const char *name, uint64_t number)
{
	buffer_printf(out, "%s:%" PRIu64 "\r\n", name, number);
}

static struct shard_figures read_shard(const struct info *info, uint32_t shard)
{
	struct keyspace *keyspace = info->server->keyspace;
	struct shard_figures figures;

	if (info->locked)
		return keyspace_shard_figures(keyspace, shard);
	keyspace_lock_shard(keyspace, shard);
	figures = keyspace_shard_figures(keyspace, shard);
	keyspace_unlock_shard(keyspace, shard);
	return figures;
}

static struct database_figures read_database(const struct info *info, unsigned db)
{
	struct keyspace *keyspace = info->server->keyspace;
	struct database_figures figures = {0};

	for (uint32_t shard = 0; shard < keyspace_shards(keyspace); shard++) {
		if (!info->locked)
			keyspace_lock_shard(keyspace, shard);
		keyspace_add_database_figures(keyspace, shard, db, &figures);
		if (!info->locked)
			keyspace_unlock_shard(keyspace, shard);
	}
	return figures;
}

/* The sum of all shards. */
static struct shard_figures sum_shards(const struct info *info)
{
	struct shard_figures sum = {0};

	for (uint32_t shard = 0; shard < keyspace_shards(info->server->keyspace); shard++) {
		struct shard_figures figures = read_shard(info, shard);

		sum.keys += figures.keys;
		sum.bytes += figures.bytes;
		sum.hits += figures.hits;
		sum.misses += figures.misses;
		sum.expired += figures.expired;
		sum.evicted += figures.evicted;
	}
	return sum;
}

/* --- the sections ----------------------------------------------------------------------------------------------- */

static void print_machine(struct buffer *out)
{
	uv_utsname_t system = {0};

	uv_os_uname(&system);
	buffer_printf(out, "os:%s %s %s\r\n", system.sysname, system.release, system.machine);
	print_number(out, "arch_bits", sizeof(void *) * 8);
	buffer_printf(out, "multiplexing_api:libuv-%s\r\natomicvar_api:c11-builtin\r\n", uv_version_string());
}

static void print_files(const struct server *server, struct buffer *out)
{
	char path[4096] = "";
	size_t len = sizeof(path);

	uv_exepath(path, &len);
	buffer_printf(out, "executable:%s\r\n", path);
	buffer_printf(out, "config_file:%s\r\n", server->config->path != NULL ? server->config->path : "");
}

static void print_server(const struct info *info, struct buffer *out)
{
	uint64_t uptime = (clock_monotonic_ns() - info->server->started_ns) / 1000000000;

	buffer_printf(out, "redis_version:%s\r\n", CUBBY_REDIS_VERSION);
	buffer_printf(out, "cubby_version:%s\r\n", CUBBY_VERSION);
	buffer_append_text(out, "redis_git_sha1:00000000\r\nredis_git_dirty:0\r\nredis_mode:standalone\r\n");
	print_machine(out);
	buffer_append_text(out, "process_supervised:no\r\n");
	print_number(out, "process_id", (uint64_t)uv_os_getpid());
	buffer_printf(out, "run_id:%s\r\n", info->server->run_id);
	print_number(out, "tcp_port", (uint64_t)net_port(info->server->net));
	print_number(out, "server_time_usec", (uint64_t)clock_realtime_us());
	print_number(out, "uptime_in_seconds", uptime);
	print_number(out, "uptime_in_days", uptime / DAY_SECONDS);
	buffer_append_text(out, "hz:10\r\nconfigured_hz:10\r\n");
	print_number(out, "threads", info->server->threads);
	print_files(info->server, out);
}

static void print_pause(struct buffer *out)
{
	int64_t left = pause_left(clock_realtime_ms());
	const char *actions = gate_has(GATE_PAUSED_ALL) ? "all" : "write";

	buffer_printf(out, "paused_reason:%s\r\n", left > 0 ? "client_pause" : "none");
	buffer_printf(out, "paused_actions:%s\r\n", left > 0 ? actions : "none");
	print_number(out, "paused_timeout_milliseconds", (uint64_t)left);
}

static void print_clients(const struct info *info, struct buffer *out)
{
	struct net_figures figures;

	net_figures(info->server->net, &figures);
	print_number(out, "connected_clients", figures.clients);
	print_number(out, "cluster_connections", 0);
	print_number(out, "maxclients", (uint64_t)setting_get(&settings.maxclients));
	print_number(out, "client_recent_max_input_buffer", figures.largest_input);
	print_number(out, "client_recent_max_output_buffer", figures.largest_output);
	print_number(out, "blocked_clients",
		     drain_waiting(&info->server->drain) + figures.blocked + session_postponed_count());
	print_number(out, "tracking_clients", tracking_figures().clients);
	print_pause(out);
	print_number(out, "pubsub_clients", pubsub_clients());
	for (unsigned worker = 0; worker < info->server->threads; worker++)
		buffer_printf(out, "thread%u_clients:%" PRIu64 "\r\n", worker,
			      net_worker_clients(info->server->net, worker));
}

static const char *policy_name(void)
{
	int64_t policy = setting_get(&settings.maxmemory_policy);
	const struct config_choice *choice = config_row(CONFIG_MAXMEMORY_POLICY)->choices;

	while (choice->name != NULL && choice->number != policy)
		choice++;
	return choice->name;
}

static void print_ratio(struct buffer *out, const char *name, int64_t part, int64_t whole)
{
	buffer_printf(out, "%s:%.2f\r\n", name, memory_ratio(part, whole));
}

/* A difference of two figures that are not of the same instant: it may be negative. */
static void print_difference(struct buffer *out, const char *name, int64_t difference)
{
	buffer_printf(out, "%s:%" PRId64 "\r\n", name, difference);
}

static void print_used(const struct memory_figures *figures, struct buffer *out)
{
	print_bytes(out, "used_memory", (uint64_t)figures->used);
	print_bytes(out, "used_memory_rss", (uint64_t)figures->resident);
	print_bytes(out, "used_memory_peak", (uint64_t)figures->peak);
	buffer_printf(out, "used_memory_peak_perc:%.2f%%\r\n", 100 * memory_ratio(figures->used, figures->peak));
	print_number(out, "used_memory_overhead", (uint64_t)figures->overhead);
	print_number(out, "used_memory_startup", (uint64_t)figures->startup);
	print_number(out, "used_memory_dataset", (uint64_t)figures->dataset);
	buffer_printf(out, "used_memory_dataset_perc:%.2f%%\r\n",
		      100 * memory_ratio(figures->dataset, figures->used - figures->startup));
	print_bytes(out, "used_memory_rss_peak", platform_resident_peak_bytes());
}

static void print_allocator(const struct memory_figures *figures, struct buffer *out)
{
	print_number(out, "allocator_allocated", (uint64_t)figures->allocated);
	print_number(out, "allocator_active", (uint64_t)figures->allocator_active);
	print_number(out, "allocator_resident", (uint64_t)figures->allocator_resident);
	print_bytes(out, "total_system_memory", platform_total_memory());
	print_bytes(out, "maxmemory", (uint64_t)setting_get(&settings.maxmemory));
	buffer_printf(out, "maxmemory_policy:%s\r\n", policy_name());
	print_ratio(out, "allocator_frag_ratio", figures->allocator_active, figures->allocated);
	print_difference(out, "allocator_frag_bytes", figures->allocator_active - figures->allocated);
	print_ratio(out, "allocator_rss_ratio", figures->allocator_resident, figures->allocator_active);
	print_difference(out, "allocator_rss_bytes", figures->allocator_resident - figures->allocator_active);
	print_ratio(out, "rss_overhead_ratio", figures->resident, figures->allocator_resident);
	print_difference(out, "rss_overhead_bytes", figures->resident - figures->allocator_resident);
	print_ratio(out, "mem_fragmentation_ratio", figures->resident, figures->used);
	print_difference(out, "mem_fragmentation_bytes", figures->resident - figures->used);
}

static void print_memory(const struct info *info, struct buffer *out)
{
	struct memory_figures figures = memory_figures(info->server, info->locked);

	print_used(&figures, out);
	print_allocator(&figures, out);
	buffer_append_text(out, "mem_not_counted_for_evict:0\r\nmem_replication_backlog:0\r\n"
				"mem_total_replication_buffers:0\r\nmem_clients_slaves:0\r\n");
	print_number(out, "mem_clients_normal", (uint64_t)figures.clients);
	buffer_append_text(out, "mem_cluster_links:0\r\nmem_aof_buffer:0\r\n");
	buffer_printf(out, "mem_allocator:%s\r\nactive_defrag_running:0\r\n", platform_allocator_name());
	print_number(out, "lazyfree_pending_objects", background_pending());
}

static void print_persistence(const struct info *info, struct buffer *out)
{
	print_number(out, "loading", load_is_on(&info->server->load));
	print_number(out, "async_loading", 0);
	persistence_print(&info->server->persistence, &info->server->load.progress, out);
	load_print(&info->server->load, out);
}

static void print_traffic(const struct server *server, const struct net_figures *figures, struct buffer *out)
{
	print_number(out, "total_connections_received", figures->received);
	print_number(out, "total_commands_processed", figures->commands);
	print_number(out, "instantaneous_ops_per_sec", counter_get(&server->meter.commands.average));
	print_number(out, "total_net_input_bytes", figures->input_bytes);
	print_number(out, "total_net_output_bytes", figures->output_bytes);
	buffer_printf(out, "instantaneous_input_kbps:%.2f\r\n",
		      (double)counter_get(&server->meter.input_bytes.average) / 1024);
	buffer_printf(out, "instantaneous_output_kbps:%.2f\r\n",
		      (double)counter_get(&server->meter.output_bytes.average) / 1024);
	print_number(out, "rejected_connections", figures->rejected);
}

static void print_tracking(struct buffer *out)
{
	struct tracking_figures figures = tracking_figures();

	print_number(out, "tracking_total_keys", figures.keys);
	print_number(out, "tracking_total_items", figures.items);
	print_number(out, "tracking_total_prefixes", figures.prefixes);
}

static void print_expiry(const struct server *server, uint64_t expired, struct buffer *out)
{
	uint64_t spent_ns = 0, out_of_time = 0;

	for (unsigned worker = 0; worker < server->threads; worker++) {
		spent_ns += counter_get(&server->cleaners[worker].spent_ns);
		out_of_time += counter_get(&server->cleaners[worker].out_of_time);
	}
	print_number(out, "expired_keys", expired);
	print_number(out, "expired_time_cap_reached_count", out_of_time);
	print_number(out, "expire_cycle_cpu_milliseconds", spent_ns / 1000000);
}

/* The turns of all loops together, and what of their time the commands took. */
static void print_loops(const struct net_figures *figures, struct buffer *out)
{
	uint64_t command_ticks = 0;

	for (size_t id = 0; id < command_id_count(); id++)
		command_ticks += stats_totals((uint16_t)id).ticks;
	print_number(out, "total_reads_processed", figures->reads);
	print_number(out, "total_writes_processed", figures->writes);
	print_number(out, "eventloop_cycles", figures->turns);
	print_number(out, "eventloop_duration_sum", clock_ticks_to_us(figures->turn_ticks));
	print_number(out, "eventloop_duration_cmd_sum", clock_ticks_to_us(command_ticks));
}

static void print_stats(const struct info *info, struct buffer *out)
{
	struct shard_figures shards = sum_shards(info);
	struct crowd_figures crowd;
	struct net_figures figures;

	net_figures(info->server->net, &figures);
	crowd_figures(&crowd);
	print_traffic(info->server, &figures, out);
	print_expiry(info->server, shards.expired, out);
	print_number(out, "evicted_keys", shards.evicted);
	print_number(out, "keyspace_hits", shards.hits);
	print_number(out, "keyspace_misses", shards.misses);
	print_tracking(out);
	print_number(out, "pubsub_channels", pubsub_topics(PUBSUB_CHANNEL));
	print_number(out, "pubsub_patterns", pubsub_topics(PUBSUB_PATTERN));
	print_number(out, "pubsubshard_channels", pubsub_topics(PUBSUB_SHARD));
	print_number(out, "total_error_replies", errorstats_total(&info->server->errors));
	print_number(out, "client_query_buffer_limit_disconnections", figures.query_limit_closed);
	print_number(out, "client_output_buffer_limit_disconnections", figures.output_limit_closed);
	print_number(out, "protocol_error_disconnections", figures.protocol_errors);
	print_number(out, "timeout_disconnections", figures.timed_out);
	print_number(out, "evicted_clients", crowd.evicted);
	print_loops(&figures, out);
}

static void print_replication(const struct info *info, struct buffer *out)
{
	(void)info;
	buffer_append_text(out, "role:master\r\nconnected_slaves:0\r\n");
}

static void print_cpu(const struct info *info, struct buffer *out)
{
	uv_rusage_t usage = {0};

	(void)info;
	uv_getrusage(&usage);
	buffer_printf(out, "used_cpu_sys:%ld.%06ld\r\n", usage.ru_stime.tv_sec, usage.ru_stime.tv_usec);
	buffer_printf(out, "used_cpu_user:%ld.%06ld\r\n", usage.ru_utime.tv_sec, usage.ru_utime.tv_usec);
	buffer_append_text(out, "used_cpu_sys_children:0.000000\r\nused_cpu_user_children:0.000000\r\n");
}

static void print_command(const struct command *command, struct buffer *out)
{
	struct stats_totals totals = stats_totals(command->id);
	double usec = (double)totals.ticks / clock_ticks_per_us();
	char name[COMMAND_NAME_TEXT];

	if (totals.calls == 0 && totals.rejected == 0)
		return;
	buffer_printf(out,
		      "cmdstat_%s:calls=%" PRIu64 ",usec=%.0f,usec_per_call=%.2f,rejected_calls=%" PRIu64
		      ",failed_calls=%" PRIu64 "\r\n",
		      command_full_name(command, name), totals.calls, usec,
		      totals.calls == 0 ? 0 : usec / (double)totals.calls, totals.rejected, totals.failed);
}

static void print_commandstats(const struct info *info, struct buffer *out)
{
	(void)info;
	for (size_t id = 0; id < command_id_count(); id++)
		print_command(command_by_id(id), out);
}

static void print_errorstats(const struct info *info, struct buffer *out)
{
	errorstats_print(&info->server->errors, out);
}

/* A percentile's name, without zeros at its end: p99.9. */
static void print_percent(double percent, struct buffer *out)
{
	char text[32];
	int len = snprintf(text, sizeof(text), "%f", percent);

	while (text[len - 1] == '0')
		len--;
	if (text[len - 1] == '.')
		len--;
	buffer_printf(out, "p%.*s", len, text);
}

static void print_latency(const struct command *command, const char *percentiles, struct buffer *out)
{
	struct histogram_sum sum;
	char name[COMMAND_NAME_TEXT];
	const char *separator = "";
	double percent;

	if (!stats_latency(command->id, &sum))
		return;
	buffer_printf(out, "latency_percentiles_usec_%s:", command_full_name(command, name));
	while (config_next_percentile(&percentiles, &percent)) {
		buffer_append_text(out, separator);
		print_percent(percent, out);
		buffer_printf(out, "=%.3f", (double)histogram_percentile(&sum, percent) / clock_ticks_per_us());
		separator = ",";
	}
	buffer_append_text(out, "\r\n");
}

static void print_latencystats(const struct info *info, struct buffer *out)
{
	struct config *config = info->server->config;
	struct buffer percentiles = {0};

	if (setting_get(&settings.latency_tracking) == 0)
		return;
	uv_mutex_lock(&config->lock);
	buffer_append_text(&percentiles, config_text(config, CONFIG_LATENCY_TRACKING_INFO_PERCENTILES));
	uv_mutex_unlock(&config->lock);
	buffer_append_char(&percentiles, '\0');
	for (size_t id = 0; id < command_id_count() && !percentiles.failed; id++)
		print_latency(command_by_id(id), percentiles.data, out);
	buffer_free(&percentiles);
}

static void print_modules(const struct info *info, struct buffer *out)
{
	(void)info;
	(void)out;
}

static void print_cluster(const struct info *info, struct buffer *out)
{
	(void)info;
	buffer_append_text(out, "cluster_enabled:0\r\n");
}

static void print_keyspace(const struct info *info, struct buffer *out)
{
	int64_t now = clock_realtime_ms();

	for (unsigned db = 0; db < keyspace_databases(info->server->keyspace); db++) {
		struct database_figures figures = read_database(info, db);

		if (figures.keys != 0)
			buffer_printf(out, "db%u:keys=%" PRIu64 ",expires=%" PRIu64 ",avg_ttl=%" PRId64 "\r\n", db,
				      figures.keys, figures.expires, database_figures_average_ttl(&figures, now));
	}
}

static void print_shards(const struct info *info, struct buffer *out)
{
	for (uint32_t shard = 0; shard < keyspace_shards(info->server->keyspace); shard++) {
		struct shard_figures figures = read_shard(info, shard);

		buffer_printf(out, "shard%" PRIu32 ":keys=%" PRIu64 ",bytes=%" PRIu64 "\r\n", shard, figures.keys,
			      figures.bytes);
	}
}

/* --- which of them ---------------------------------------------------------------------------------------------- */

struct section {
	const char *name;
	const char *title;
	bool by_default; /* INFO without a name shows it */
	void (*print)(const struct info *info, struct buffer *out);
};

static const struct section sections_of_info[] = {
	{"server", "Server", true, print_server},
	{"clients", "Clients", true, print_clients},
	{"memory", "Memory", true, print_memory},
	{"persistence", "Persistence", true, print_persistence},
	{"stats", "Stats", true, print_stats},
	{"replication", "Replication", true, print_replication},
	{"cpu", "CPU", true, print_cpu},
	{"modules", "Modules", true, print_modules},
	{"commandstats", "Commandstats", false, print_commandstats},
	{"errorstats", "Errorstats", true, print_errorstats},
	{"latencystats", "Latencystats", false, print_latencystats},
	{"cluster", "Cluster", true, print_cluster},
	{"keyspace", "Keyspace", true, print_keyspace},
	{"shards", "Shards", false, print_shards},
};

static bool is_wanted(const struct section *section, const struct slice *names, size_t count)
{
	if (count == 0)
		return section->by_default;
	for (size_t i = 0; i < count; i++) {
		if (slice_is_word(names[i], section->name) || slice_is_word(names[i], "all") ||
		    slice_is_word(names[i], "everything"))
			return true;
		if (slice_is_word(names[i], "default") && section->by_default)
			return true;
	}
	return false;
}

void info_print(struct server *server, const struct slice *sections, size_t count, bool locked, struct buffer *out)
{
	struct info info = {server, locked};

	for (size_t i = 0; i < sizeof(sections_of_info) / sizeof(sections_of_info[0]); i++) {
		const struct section *section = &sections_of_info[i];

		if (!is_wanted(section, sections, count))
			continue;
		if (out->len > 0)
			buffer_append_text(out, "\r\n");
		buffer_printf(out, "# %s\r\n", section->title);
		section->print(&info, out);
	}
}
