/*
 * The happy path: reload_begin() raises the gate and waits until no worker runs a command any more that was let in
 * before; the dump is saved, or the append-only file is brought up to date on the disk; the keys are dropped, and the
 * loader loads as at a start; the gate is lowered and the client answered.
 *
 * All steps but the wait run on worker 0's thread. None is begun once the loops end.
 */
#include "server/reload.h"

#include <errno.h>

#include "base/background.h"
#include "base/log.h"
#include "command/gate.h"
#include "persist/aof.h"
#include "persist/file.h"
#include "persist/journal.h"
#include "server/answer.h"
#include "server/aof_switch.h"

enum { FLUSH_MS = 60 * 1000 }; /* how long a disk may take to have everything */

static bool is_of_aof(const struct reload *reload)
{
	return (reload->flags & HOST_RELOAD_AOF) != 0;
}

/* --- the end ------------------------------------------------------------------------------------------------------ */

static void finish(struct reload *reload, struct slice reply)
{
	uint64_t session = reload->session;
	unsigned worker = reload->worker;

	gate_lower(GATE_LOADING);
	atomic_store(&reload->busy, false);
	answer_paused(reload->net, worker, session, reply);
}

static void fail(struct reload *reload)
{
	finish(reload, is_of_aof(reload) ? SLICE("-ERR Error trying to load the AOF files, check server logs.\r\n")
					 : SLICE("-ERR Error trying to load the RDB dump, check server logs.\r\n"));
}

/* Whether the append-only file, if there is one, now says something else than the keys. */
static bool differs_from_aof(const struct reload *reload, bool good)
{
	return !is_of_aof(reload) &&
	       (!good || (reload->flags & (HOST_RELOAD_MERGE | HOST_RELOAD_NOFLUSH | HOST_RELOAD_NOSAVE)) != 0);
}

/* From here on changes are told to the append-only file again. */
static void record_again(struct reload *reload, bool good)
{
	struct aof_figures figures;

	aof_figures(&figures);
	if (!figures.open)
		return;
	if (figures.promised) { /* else from its rotation on */
		keyspace_lock_all(reload->keyspace);
		keyspace_record(reload->keyspace, journal_effects());
		keyspace_unlock_all(reload->keyspace);
	}
	if (differs_from_aof(reload, good))
		persistence_want_rewrite(reload->persistence);
}

static void on_loaded(void *arg, bool good)
{
	struct reload *reload = arg;

	record_again(reload, good);
	persistence_ready(reload->persistence);
	if (!good) {
		fail(reload);
		return;
	}
	log_event(LOG_WARNING, is_of_aof(reload) ? "the append-only file was loaded by DEBUG LOADAOF"
						 : "the snapshot was loaded by DEBUG RELOAD");
	finish(reload, SLICE("+OK\r\n"));
}

/* --- loading ------------------------------------------------------------------------------------------------------ */

static bool find_files(struct reload *reload, struct data_files *files)
{
	struct load_fault fault = {0};
	bool good;

	uv_mutex_lock(&reload->config->lock);
	if (is_of_aof(reload))
		good = data_files_find(files, reload->config, &fault);
	else
		good = data_files_find_snapshot(files, reload->config, &fault);
	uv_mutex_unlock(&reload->config->lock);
	if (good)
		return true;
	load_fault_log(&fault);
	data_files_free(files);
	return false;
}

static void drop_keys(struct reload *reload)
{
	keyspace_lock_all(reload->keyspace);
	keyspace_record(reload->keyspace, NULL);
	if ((reload->flags & HOST_RELOAD_NOFLUSH) == 0)
		keyspace_flush(reload->keyspace, KEYSPACE_ALL_DATABASES);
	keyspace_unlock_all(reload->keyspace);
}

static void load(struct reload *reload)
{
	struct data_files files;

	if (!find_files(reload, &files)) {
		fail(reload);
		return;
	}
	drop_keys(reload);
	load_again(reload->load, &files, (reload->flags & HOST_RELOAD_MERGE) != 0, on_loaded, reload);
}

/* --- what is to be on the disk before ----------------------------------------------------------------------------- */

static void on_saved(void *arg, bool good)
{
	struct reload *reload = arg;

	if (good)
		load(reload);
	else
		finish(reload, SLICE("-ERR\r\n"));
}

static void flushed_job(uv_loop_t *loop, void *arg)
{
	struct reload *reload = arg;

	(void)loop;
	if (load_is_closed(reload->load))
		return;
	if (reload->flushed == 0) {
		load(reload);
		return;
	}
	log_event(LOG_WARNING, "cannot load the append-only file: it does not have everything",
		  LOG_TEXT_FIELD("error", file_error(reload->flushed)));
	fail(reload);
}

/* Blocks for as long as the disk takes. On the background thread. */
static void flush_job(void *arg)
{
	struct reload *reload = arg;
	struct aof_figures figures;

	aof_figures(&figures);
	reload->flushed = figures.open && figures.promised ? aof_flush(FLUSH_MS) : -ENOENT;
	net_post(reload->net, 0, flushed_job, reload);
}

/* --- the beginning ------------------------------------------------------------------------------------------------ */

static void begin_job(uv_loop_t *loop, void *arg)
{
	struct reload *reload = arg;

	(void)loop;
	if (load_is_closed(reload->load))
		return;
	if (is_of_aof(reload))
		background_run(flush_job, reload);
	else if ((reload->flags & HOST_RELOAD_NOSAVE) == 0)
		persistence_save_last(reload->persistence, on_saved, reload);
	else
		load(reload);
}

/* What this worker had let in has been run. */
static void pass_job(uv_loop_t *loop, void *arg)
{
	struct reload *reload = arg;

	(void)loop;
	if (atomic_fetch_sub(&reload->passing, 1) == 1)
		net_post(reload->net, 0, begin_job, reload);
}

bool reload_begin(struct reload *reload, struct session *session, unsigned worker, unsigned flags)
{
	if (atomic_exchange(&reload->busy, true))
		return false;
	reload->flags = flags;
	reload->session = session->id;
	reload->worker = worker;
	session->ops->pause(session);
	gate_raise(GATE_LOADING);
	atomic_store(&reload->passing, reload->threads);
	for (unsigned i = 0; i < reload->threads; i++)
		net_post(reload->net, i, pass_job, reload);
	return true;
}
