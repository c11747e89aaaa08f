/*
 * The happy path: load_init() finds the files, load_begin() raises the gate and starts the thread; that loads one file
 * after the other and posts to worker 0, which has the server open them for writing and lowers the gate.
 *
 * While it goes on, nothing dies, and nobody hears of changes: the keys have only now become visible.
 */
#include "server/load.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/log.h"
#include "base/platform.h"
#include "command/gate.h"
#include "command/stats.h"
#include "persist/file.h"
#include "session/observer.h"

enum {
	LOOK_MS = 100, /* between two looks at the progress */
	MAX_FILLERS = 8,
	BAR_WIDTH = 40,
	TAIL = 4096, /* bytes that are looked at together for zeros at a file's end */
};

static const uint64_t log_every_ns = 1000 * 1000 * 1000;

static bool fail(struct load *load, const char *error)
{
	snprintf(load->fault.error, sizeof(load->fault.error), "%s", error);
	load->fault.damaged = false;
	return false;
}

void load_fault_log(const struct load_fault *fault)
{
	if (!fault->damaged) {
		log_event(LOG_WARNING, "cannot load the data", LOG_TEXT_FIELD("file", fault->path),
			  LOG_TEXT_FIELD("error", fault->error));
		return;
	}
	log_event(LOG_WARNING, "cannot load the data: a file is damaged", LOG_TEXT_FIELD("file", fault->path),
		  LOG_INT("offset", fault->offset), LOG_TEXT_FIELD("error", fault->error),
		  LOG_TEXT_FIELD("advice", "copy the file, then try redis-check-aof --fix on an append-only file, "
					   "redis-check-rdb on a snapshot"));
}

/* --- one file (the thread) ---------------------------------------------------------------------------------------- */

/* Bytes of the file without the zeros at its end: a crash of the machine can leave them where bytes were to be. */
static uint64_t size_without_zeros(int fd, uint64_t size)
{
	char bytes[TAIL];

	while (size > 0) {
		size_t len = size < TAIL ? (size_t)size : TAIL;

		if (pread(fd, bytes, len, (off_t)(size - len)) != (ssize_t)len)
			return size;
		for (; len > 0 && bytes[len - 1] == '\0'; len--)
			size--;
		if (len > 0)
			return size;
	}
	return size;
}

/* Whether the file begins as RDB files do; its descriptor stays at its beginning. */
static bool is_rdb(int fd)
{
	char magic[5];

	return pread(fd, magic, sizeof(magic), 0) == (ssize_t)sizeof(magic) && memcmp(magic, "REDIS", 5) == 0;
}

static unsigned filler_threads(void)
{
	unsigned cores = platform_cores();

	return cores <= 2 ? 1 : cores - 1 < MAX_FILLERS ? cores - 1 : MAX_FILLERS;
}

/* The file ends within a unit that began at `valid`. False when the start is refused for it. */
static bool cut_tail(struct load *load, int fd, const struct data_file *file, bool last, uint64_t valid)
{
	int error;

	load->fault.offset = valid;
	if (!last || !load->load_truncated) {
		fail(load, last ? "the last write is not whole, and aof-load-truncated is no"
				: "it ends too early, and is not the last file");
		load->fault.damaged = true;
		return false;
	}
	error = file_truncate(fd, (int64_t)valid);
	if (error == 0)
		error = file_sync(fd);
	if (error != 0)
		return fail(load, file_error(error));
	log_event(LOG_WARNING, "the append-only file ended within a write: that was cut off",
		  LOG_TEXT_FIELD("file", file->path), LOG_INT("bytes", file->size - valid), LOG_INT("offset", valid));
	return true;
}

/* Loads the commands from the descriptor's place on, `at`. */
static bool load_commands(struct load *load, int fd, const struct data_file *file, bool last, uint64_t at)
{
	uint64_t size = last ? size_without_zeros(fd, file->size) : file->size;
	struct replay_file commands = {
		.fd = fd, .at = at, .size = size < at ? at : size, .now = load->began_ms, .progress = &load->progress};
	uint64_t valid;

	if (lseek(fd, (off_t)at, SEEK_SET) < 0)
		return fail(load, strerror(errno));
	if (!replay_run(&load->replay, &commands, &valid, &load->fault))
		return false;
	return valid == file->size || cut_tail(load, fd, file, last, valid);
}

static bool load_open_file(struct load *load, int fd, const struct data_file *file, bool last)
{
	struct rdb_load rdb = {.keyspace = load->keyspace,
			       .progress = &load->progress,
			       .threads = filler_threads(),
			       .drop_dead = file->snapshot,
			       .merge = load->merge,
			       .now = load->began_ms};
	uint64_t end = 0;

	if (file->size == 0 && !file->snapshot)
		return true;
	if ((file->snapshot || is_rdb(fd)) && !rdb_load(&rdb, fd, file->size, &end, &load->fault))
		return false;
	return file->snapshot || end == file->size || load_commands(load, fd, file, last, end);
}

static bool load_file(struct load *load, const struct data_file *file, bool last)
{
	int fd = file_open(file->path, file->snapshot ? O_RDONLY : O_RDWR);
	uint64_t began = clock_monotonic_ns();
	bool good;

	if (fd == -EACCES || fd == -EROFS)
		fd = file_open(file->path, O_RDONLY);
	snprintf(load->fault.path, sizeof(load->fault.path), "%s", file->path);
	if (fd < 0)
		return fail(load, file_error(fd));
	good = load_open_file(load, fd, file, last);
	file_close(fd);
	if (good)
		log_event(LOG_NOTICE, "loaded", LOG_TEXT_FIELD("file", file->path), LOG_INT("bytes", file->size),
			  LOG_INT("ms", (clock_monotonic_ns() - began) / 1000000));
	return good;
}

static bool load_everything(struct load *load)
{
	for (size_t i = 0; i < load->files.count; i++) {
		if (!load_file(load, &load->files.files[i], i + 1 == load->files.count))
			return false;
	}
	return data_files_upgrade(&load->files, &load->fault);
}

/* --- while it goes on --------------------------------------------------------------------------------------------- */

static void hear_changed(uint32_t consumers, unsigned db, const struct key *key, enum keyspace_change change)
{
	(void)consumers;
	(void)db;
	(void)key;
	(void)change;
}

static void hear_flushing(int db)
{
	(void)db;
}

static void hear_swapping(unsigned db, unsigned other)
{
	(void)db;
	(void)other;
}

/* Who is told of changes meanwhile. */
static const struct keyspace_observer deaf = {hear_changed, hear_flushing, hear_swapping};

static uint64_t keys_loaded(const struct load *load)
{
	uint64_t keys = 0;

	for (uint32_t i = 0; i < keyspace_shards(load->keyspace); i++) {
		keyspace_lock_shard(load->keyspace, i);
		keys += keyspace_shard_figures(load->keyspace, i).keys;
		keyspace_unlock_shard(load->keyspace, i);
	}
	return keys;
}

struct estimate {
	uint64_t done;
	uint64_t total;
	double percent;
	uint64_t seconds; /* left */
};

static struct estimate estimate_make(const struct load *load)
{
	struct estimate estimate = {.done = atomic_load_explicit(&load->progress.done, memory_order_relaxed),
				    .total = atomic_load_explicit(&load->progress.total, memory_order_relaxed)};
	double seconds = (double)(clock_monotonic_ns() - load->began_ns) / 1e9;

	if (estimate.done > estimate.total)
		estimate.done = estimate.total;
	if (estimate.total > 0)
		estimate.percent = 100 * (double)estimate.done / (double)estimate.total;
	if (estimate.done > 0)
		estimate.seconds =
			(uint64_t)(seconds * (double)(estimate.total - estimate.done) / (double)estimate.done + 0.5);
	return estimate;
}

static void show_bar(const struct load *load)
{
	static const char hashes[] = "########################################";
	struct estimate estimate = estimate_make(load);
	int filled = (int)(estimate.percent * BAR_WIDTH / 100);

	fprintf(stderr, "\rloading [%.*s%*s] %3.0f%%, %" PRIu64 " keys, %" PRIu64 " s left \033[K", filled, hashes,
		BAR_WIDTH - filled, "", estimate.percent, keys_loaded(load), estimate.seconds);
}

static void hide_bar(const struct load *load)
{
	if (load->bar)
		fputs("\r\033[K", stderr);
}

static void log_progress(struct load *load)
{
	struct estimate estimate = estimate_make(load);

	log_event(LOG_NOTICE, "loading", LOG_INT("percent", estimate.percent), LOG_INT("keys", keys_loaded(load)),
		  LOG_INT("seconds_left", estimate.seconds));
}

static void on_look(uv_timer_t *timer)
{
	struct load *load = timer->data;
	uint64_t now = clock_monotonic_ns();

	if (load->bar) {
		show_bar(load);
	} else if (now - load->logged_ns >= log_every_ns) {
		load->logged_ns = now;
		log_progress(load);
	}
}

/* --- beginning and end -------------------------------------------------------------------------------------------- */

static void timer_close(struct load *load)
{
	if (load->timer_open)
		uv_close((uv_handle_t *)&load->timer, NULL);
	load->timer_open = false;
}

/* From now on nothing dies, and nobody hears of changes. No other thread changes anything. */
static void keyspace_withhold(struct load *load)
{
	keyspace_set_locking(load->keyspace, true);
	keyspace_lock_all(load->keyspace);
	keyspace_keep_dead(load->keyspace, true);
	keyspace_observe(load->keyspace, &deaf);
	keyspace_unlock_all(load->keyspace);
}

/* From now on keys die, and changes are told. No other thread changes anything. */
static void keyspace_release(struct load *load)
{
	keyspace_lock_all(load->keyspace);
	keyspace_keep_dead(load->keyspace, false);
	observer_attach(load->keyspace);
	keyspace_unlock_all(load->keyspace);
	keyspace_set_locking(load->keyspace, load->locking);
}

static void stop_job(uv_loop_t *loop, void *arg)
{
	struct load *load = arg;

	(void)loop;
	if (!load->closed)
		net_stop(load->net);
}

/* Has the server open the files that were loaded. */
static bool files_open(struct load *load)
{
	load->fault = (struct load_fault){0};
	return load->events.loaded == NULL || load->events.loaded(load->events.arg, &load->files, load->fault.error);
}

static void serve(struct load *load)
{
	keyspace_release(load);
	stats_reset();
	log_event(LOG_NOTICE, "all data is loaded", LOG_INT("keys", keys_loaded(load)),
		  LOG_INT("ms", (clock_monotonic_ns() - load->began_ns) / 1000000));
	atomic_store(&load->on, false);
	drain_set_hasty(load->drain, false);
	gate_lower(GATE_LOADING);
}

/* The files are read, or could not be. */
static void finish(struct load *load)
{
	if (load->bad || !files_open(load)) {
		load->refused = true;
		load_fault_log(&load->fault);
		net_post(load->net, 0, stop_job, load);
		return;
	}
	if (load_is_on(load))
		serve(load);
	load->events.ready(load->events.arg);
}

/* The same when the daemon has served before. */
static void finish_again(struct load *load)
{
	if (load->bad)
		load_fault_log(&load->fault);
	keyspace_release(load);
	atomic_store(&load->on, false);
	drain_set_hasty(load->drain, false);
	load->again(load->again_arg, !load->bad);
}

/* The thread has ended its work. On worker 0's thread. */
static void done_job(uv_loop_t *loop, void *arg)
{
	struct load *load = arg;

	(void)loop;
	if (load->closed)
		return;
	uv_timer_stop(&load->timer);
	hide_bar(load);
	if (load->again != NULL)
		finish_again(load);
	else
		finish(load);
}

static void thread_main(void *arg)
{
	struct load *load = arg;

	platform_name_thread("loader");
	load->bad = !load_everything(load);
	net_post(load->net, 0, done_job, load);
}

static void begin_thread(struct load *load)
{
	keyspace_withhold(load);
	atomic_store(&load->on, true);
	gate_raise(GATE_LOADING);
	drain_set_hasty(load->drain, true);
	if (!load->timer_open)
		uv_timer_init(net_main_loop(load->net), &load->timer);
	load->timer.data = load;
	load->timer_open = true;
	uv_timer_start(&load->timer, on_look, LOOK_MS, LOOK_MS);
	load->started = uv_thread_create(&load->thread, thread_main, load) == 0;
	if (!load->started)
		thread_main(load); /* nobody is served meanwhile */
}

static void note_beginning(struct load *load)
{
	load->began_ns = load->logged_ns = clock_monotonic_ns();
	load->began_ms = clock_realtime_ms();
}

void load_begin(struct load *load, struct net *net, struct drain *drain)
{
	load->net = net;
	load->drain = drain;
	note_beginning(load);
	if (load->files.count > 0)
		begin_thread(load);
	else
		finish(load);
}

void load_again(struct load *load, struct data_files *files, bool merge, void (*again)(void *arg, bool good), void *arg)
{
	if (load->started)
		uv_thread_join(&load->thread);
	load->started = false;
	data_files_free(&load->files);
	load->files = *files;
	load->fault = (struct load_fault){0};
	load->bad = false;
	load->merge = merge;
	load->again = again;
	load->again_arg = arg;
	atomic_store(&load->progress.total, load->files.total);
	atomic_store(&load->progress.done, 0);
	atomic_store(&load->progress.loaded, 0);
	atomic_store(&load->progress.expired, 0);
	atomic_store(&load->progress.used_memory, 0);
	note_beginning(load);
	begin_thread(load);
}

/* Locks the directory if anything will be written there by itself. */
static bool lock_directory(struct load *load)
{
	bool appendonly = config_number(load->config, CONFIG_APPENDONLY) != 0;
	char error[DIR_LOCK_TEXT];
	int result;

	if (!appendonly && *config_text(load->config, CONFIG_SAVE) == '\0')
		return true;
	result = dir_lock_take(load->dir_lock, config_text(load->config, CONFIG_DIR), error);
	return result == 0 || (result != -EWOULDBLOCK && !appendonly);
}

bool load_init(struct load *load, struct config *config, struct dir_lock *dir_lock, struct keyspace *keyspace,
	       bool locking, const struct load_events *events)
{
	load->config = config;
	load->dir_lock = dir_lock;
	load->keyspace = keyspace;
	load->locking = locking;
	load->events = *events;
	load->load_truncated = config_number(config, CONFIG_AOF_LOAD_TRUNCATED) != 0;
	load->bar = isatty(STDERR_FILENO) != 0;
	if (!lock_directory(load))
		return false;
	if (!data_files_find(&load->files, config, &load->fault)) {
		load_fault_log(&load->fault);
		return false;
	}
	atomic_store(&load->progress.total, load->files.total);
	load->replay_ready = true;
	if (replay_init(&load->replay, keyspace))
		return true;
	fail(load, "out of memory");
	load_fault_log(&load->fault);
	return false;
}

void load_close(struct load *load)
{
	load->closed = true;
	timer_close(load);
	hide_bar(load);
}

bool load_free(struct load *load)
{
	atomic_store(&load->progress.stop, true);
	if (load->started)
		uv_thread_join(&load->thread);
	load->started = false;
	if (load->replay_ready)
		replay_free(&load->replay);
	load->replay_ready = false;
	data_files_free(&load->files);
	return !load->refused;
}

bool load_is_closed(const struct load *load)
{
	return load->closed;
}

bool load_is_on(const struct load *load)
{
	return atomic_load_explicit(&load->on, memory_order_relaxed);
}

void load_print(const struct load *load, struct buffer *out)
{
	struct estimate estimate;

	if (!load_is_on(load))
		return;
	estimate = estimate_make(load);
	buffer_printf(out,
		      "loading_start_time:%" PRId64 "\r\nloading_total_bytes:%" PRIu64
		      "\r\nloading_rdb_used_mem:%" PRIu64 "\r\nloading_loaded_bytes:%" PRIu64
		      "\r\nloading_loaded_perc:%.2f\r\nloading_eta_seconds:%" PRIu64 "\r\n",
		      load->began_ms / 1000, estimate.total,
		      atomic_load_explicit(&load->progress.used_memory, memory_order_relaxed), estimate.done,
		      estimate.percent, estimate.seconds);
}
