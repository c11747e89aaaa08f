/* What commands may ask of the daemon: each function hands over to the part of the server that knows. */
#include "base/clock.h"
#include "command/stats.h"
#include "net/crowd.h"
#include "server/info.h"
#include "server/memory.h"
#include "server/server.h"

static struct server *server_of(struct command_host *host)
{
	return (struct server *)host;
}

static int64_t host_now_us(struct command_host *host)
{
	(void)host;
	return clock_realtime_us();
}

static void host_info(struct command_host *host, const struct slice *sections, size_t count, bool locked,
		      struct buffer *out)
{
	info_print(server_of(host), sections, count, locked, out);
}

static void host_memory_stats(struct command_host *host, bool locked, struct reply *reply)
{
	memory_reply_stats(server_of(host), locked, reply);
}

static void host_memory_advice(struct command_host *host, bool locked, struct buffer *out)
{
	memory_print_advice(server_of(host), locked, out);
}

static void host_config_get(struct command_host *host, const struct slice *patterns, size_t count, struct reply *reply)
{
	config_reply_get(server_of(host)->config, patterns, count, reply);
}

static bool host_config_set(struct command_host *host, const struct slice *words, size_t count, bool trusted,
			    char *error)
{
	return config_set(server_of(host)->config, words, count, trusted, error);
}

static bool host_config_rewrite(struct command_host *host, char *error)
{
	return config_rewrite(server_of(host)->config, error);
}

/* Called while every shard is locked. */
static void host_reset_stats(struct command_host *host)
{
	struct server *server = server_of(host);

	stats_reset();
	net_reset_figures(server->net);
	crowd_reset_figures();
	errorstats_reset(&server->errors);
	for (uint32_t shard = 0; shard < keyspace_shards(server->keyspace); shard++)
		keyspace_reset_figures(server->keyspace, shard);
}

static void host_count_error(struct command_host *host, struct slice code)
{
	errorstats_count(&server_of(host)->errors, code);
}

static bool host_authenticate(struct command_host *host, struct slice user, struct slice password)
{
	bool right_password = config_check_password(server_of(host)->config, password);

	return right_password & slice_equal(user, SLICE("default"));
}

static bool host_password_required(struct command_host *host)
{
	return atomic_load_explicit(&server_of(host)->config->password_set, memory_order_relaxed);
}

static void host_pause_changed(struct command_host *host)
{
	pauser_wake(&server_of(host)->pauser);
}

static enum host_begun host_save(struct command_host *host, struct session *session)
{
	return persistence_save(&server_of(host)->persistence, session, server_current_worker());
}

static enum host_begun host_save_later(struct command_host *host, bool schedule, bool in_exec)
{
	return persistence_save_later(&server_of(host)->persistence, schedule, in_exec);
}

static enum host_begun host_rewrite(struct command_host *host, bool in_exec)
{
	return persistence_rewrite(&server_of(host)->persistence, in_exec);
}

static bool host_reload(struct command_host *host, struct session *session, unsigned flags)
{
	return reload_begin(&server_of(host)->reload, session, server_current_worker(), flags);
}

static void host_flushed(struct command_host *host)
{
	persistence_flushed(&server_of(host)->persistence);
}

static int64_t host_last_save(struct command_host *host)
{
	return persistence_last_save(&server_of(host)->persistence);
}

static void host_shutdown(struct command_host *host, struct session *session, unsigned flags)
{
	drain_request(&server_of(host)->drain, session, server_current_worker(), flags);
}

static bool host_shutdown_abort(struct command_host *host)
{
	return drain_abort(&server_of(host)->drain);
}

void host_init(struct command_host *host)
{
	*host = (struct command_host){
		.now_us = host_now_us,
		.info = host_info,
		.memory_stats = host_memory_stats,
		.memory_advice = host_memory_advice,
		.config_get = host_config_get,
		.config_set = host_config_set,
		.config_rewrite = host_config_rewrite,
		.reset_stats = host_reset_stats,
		.count_error = host_count_error,
		.authenticate = host_authenticate,
		.password_required = host_password_required,
		.pause_changed = host_pause_changed,
		.save = host_save,
		.save_later = host_save_later,
		.rewrite = host_rewrite,
		.flushed = host_flushed,
		.reload = host_reload,
		.last_save = host_last_save,
		.shutdown = host_shutdown,
		.shutdown_abort = host_shutdown_abort,
	};
}
