/*
 * The files of the append-only file, and the order in which they are changed so that a power cut at any point leaves
 * what was promised.
 *
 * The happy path of a rewrite: the file is written up to the snapshot's position and synced, a new increment made, the
 * directory synced, the manifest saved: base, old increments, new increment. When the base is there, it gets its final
 * name, the directory is synced, the manifest saved: new base, new increment, and the rest as history. Only then is
 * history removed, and the manifest saved without it. A file's memory is given back by the background thread, because
 * that takes long for a large one.
 *
 * Failure modes:
 *
 * - The new increment cannot be made: the rewrite has failed, the old one goes on.
 * - The manifest cannot be saved: nobody knows which one is on the disk, the old or the new. Both are good until
 *   something is promised that only one of them has, so nothing is, and it is tried again until it is saved.
 * - A base cannot get its name: the rewrite has failed, and its base is removed.
 * - What is in the manifest is not good (file.error, file.missing): the new increment stays out of it (file.pending)
 *   and is named together with the new base. Until then a start finds what was there before the failure.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/background.h"
#include "base/log.h"
#include "persist/aof_state.h"
#include "persist/file.h"

void aof_promise(struct aof *aof)
{
	aof->promised = true;
	atomic_store(&aof->desk->promised, true);
}

bool aof_needs_base(const struct aof *aof)
{
	const struct aof_file *file = &aof->file;

	return !aof->promised || file->pending || file->missing || file->error != 0 || aof->parts_missing;
}

/* --- one file ----------------------------------------------------------------------------------------------------- */

/* Opens an increment, or makes it with O_CREAT. `file` is what it was after an error. */
static int increment_open(struct aof *aof, const char *name, int64_t seq, int flags, struct aof_file *file)
{
	char *path = file_join(aof->directory, name);
	int fd = path == NULL ? -ENOMEM : file_open(path, O_WRONLY | O_APPEND | flags);
	int64_t size = fd < 0 ? fd : file_size(fd);

	if (size < 0) {
		if (fd >= 0)
			file_close(fd);
		free(path);
		return (int)size;
	}
	/* What the last run has left is not cut, should the first sync fail: it may well be on the disk. */
	*file = (struct aof_file){.fd = fd, .path = path, .seq = seq, .size = (uint64_t)size, .kept = (uint64_t)size};
	return 0;
}

static void increment_close(struct aof_file *file)
{
	if (file->fd >= 0)
		file_close(file->fd);
	free(file->path);
	*file = (struct aof_file){.fd = -1};
}

/* Adds up the manifest's files but for the increment that is written to. */
static uint64_t size_of_others(const struct aof *aof)
{
	uint64_t sum = 0;

	for (size_t i = 0; i < aof->manifest.count; i++) {
		const struct manifest_file *file = &aof->manifest.files[i];
		char *path;
		int64_t size;

		if (file->kind == MANIFEST_HISTORY || (file->kind == MANIFEST_INCR && file->seq == aof->file.seq))
			continue;
		path = file_join(aof->directory, file->name);
		size = path == NULL ? 0 : file_size_at(path);
		free(path);
		sum += size > 0 ? (uint64_t)size : 0;
	}
	return sum;
}

static void take_manifest(struct aof *aof, struct manifest *next)
{
	manifest_free(&aof->manifest);
	aof->manifest = *next;
	aof->saved = false;
}

/* --- history ------------------------------------------------------------------------------------------------------ */

static void close_in_background(void *arg)
{
	file_close((int)(intptr_t)arg);
}

/* While somebody has it open, a file that has no name any more keeps its memory: to give it back takes long, and is
 * then done by whoever closes it. */
static bool remove_file(const char *path)
{
	int fd = file_open(path, O_RDONLY);
	int result = file_remove(path);

	if (fd >= 0)
		background_run(close_in_background, (void *)(intptr_t)fd);
	if (result == 0 || result == -ENOENT)
		return true;
	log_event(LOG_WARNING, "cannot remove a file that is needed no more", LOG_TEXT_FIELD("file", path),
		  LOG_TEXT_FIELD("error", file_error(result)));
	return false;
}

static bool remove_in_directory(struct aof *aof, const char *name)
{
	char *path = file_join(aof->directory, name);
	bool removed = path != NULL && remove_file(path);

	free(path);
	return removed;
}

/* What cannot be removed, or be left out of the manifest, stays history and is tried again after the next rewrite. */
static void remove_history(struct aof *aof)
{
	const struct manifest_file *file = NULL;
	struct manifest next;
	bool removed = true;
	bool any = false;

	while ((file = manifest_next(&aof->manifest, MANIFEST_HISTORY, file)) != NULL) {
		any = true;
		removed = remove_in_directory(aof, file->name) && removed;
	}
	if (!any || !removed || !manifest_copy(&next, &aof->manifest))
		return;
	manifest_drop_history(&next);
	if (manifest_save(&next, aof->directory, aof->filename) == 0) {
		take_manifest(aof, &next);
		aof->saved = true;
	} else {
		manifest_free(&next);
	}
}

/* --- the manifest ------------------------------------------------------------------------------------------------- */

/* Files first, then what names them. The directory may be new. */
static int save_manifest(struct aof *aof)
{
	int result = file_sync_directory(aof->parent);

	if (result == 0)
		result = file_sync_directory(aof->directory);
	if (result == 0)
		result = manifest_save(&aof->manifest, aof->directory, aof->filename);
	return result;
}

/* The rewrite is over, one way or the other. */
static void rewrite_end(struct aof *aof, int error)
{
	aof->rewriting = false;
	aof->adopting = false;
	if (error != 0)
		log_event(LOG_WARNING, "a rewrite of the append-only file failed",
			  LOG_TEXT_FIELD("error", file_error(error)));
	aof->rewrite_is_over = true;
	aof->rewrite_error = error;
}

int aof_save(struct aof *aof)
{
	int result;

	if (aof->saved)
		return 0;
	result = save_manifest(aof);
	if (result != 0) {
		aof_look(aof);
		if (aof->adopting && aof->file.missing)
			rewrite_end(aof, result);
		return result;
	}
	aof->saved = true;
	aof->other = size_of_others(aof);
	if (aof->adopting) {
		aof_promise(aof);
		aof->parts_missing = false;
		aof->base = aof->other + aof->file.size;
		aof_release(aof); /* before anybody hears that there is a promise */
		rewrite_end(aof, 0);
	}
	remove_history(aof);
	return 0;
}

/* --- rotation ----------------------------------------------------------------------------------------------------- */

static void rotation_forget(struct aof *aof)
{
	uv_mutex_lock(&aof->desk->mutex);
	if (aof->desk->requests.rotate_at == aof->now.rotate_at)
		aof->desk->requests.rotate_at = AOF_NOWHERE;
	uv_mutex_unlock(&aof->desk->mutex);
	aof->now.rotate_at = AOF_NOWHERE;
}

/* When the file was off until now, there may be one from another time: its files become history, and their names must
 * not be given again. */
static int find_manifest(struct aof *aof)
{
	char *path;
	int64_t size;
	struct manifest_error error = {.code = -ENOMEM};
	bool found;

	if (aof->file.fd >= 0 || aof->manifest.count > 0)
		return 0;
	path = manifest_path(aof->directory, aof->filename);
	size = path == NULL ? -ENOMEM : file_size_at(path);
	found = size >= 0 && manifest_load(&aof->manifest, path, &error);
	free(path);
	if (found || size == -ENOENT)
		return 0;
	return size < 0 ? (int)size : error.code != 0 ? error.code : -EINVAL;
}

/* Makes the next increment, and `next`, the manifest that names it. */
static int increment_make(struct aof *aof, struct manifest *next, struct aof_file *file)
{
	const char *name;
	int result = find_manifest(aof);

	if (result != 0)
		return result;
	if (!manifest_copy(next, &aof->manifest))
		return -ENOMEM;
	name = manifest_add_incr(next, aof->filename);
	result = name == NULL ? -ENOMEM : file_make_directory(aof->directory);
	/* One of that name may be left from a time when no base came. Emptied, it could have its bytes back after a
	 * power cut, for nobody syncs that; its removal reaches the disk with the new name. */
	if (result == 0 && !remove_in_directory(aof, name))
		result = -EEXIST;
	if (result == 0)
		result = increment_open(aof, name, next->incr_seq, O_CREAT | O_EXCL, file);
	if (result != 0)
		manifest_free(next);
	return result;
}

/* The journal was mended, so its gap is not to be seen any more: nothing that stands behind that may be written to the
 * file as if nothing was missing. */
static void lose_file(struct aof *aof)
{
	aof->file.lost = true;
	if (aof->file.error == 0)
		aof->file.error = -ENOMEM;
}

/* Goes on in a new file. What is not good in the old one is left to the base that comes. */
static void rotate(struct aof *aof, bool good)
{
	struct manifest next;
	struct aof_file file;
	uint64_t position;
	int other;
	int result = increment_make(aof, &next, &file);

	if (result != 0) {
		if (aof->now.rotate_gap && aof->file.fd >= 0)
			lose_file(aof);
		rotation_forget(aof);
		rewrite_end(aof, result);
		return;
	}
	/* What has come of a sync of the old file says nothing of the new one. */
	aof_sync_wait(&aof->sync);
	aof_sync_take(&aof->sync, &position, &other);
	increment_close(&aof->file);
	aof->file = file;
	aof->file.pending = !good;
	if (good)
		take_manifest(aof, &next);
	else
		manifest_free(&next);
	journal_advance(&aof->reader, aof->now.rotate_at - aof->reader.position);
	aof->synced = aof->now.rotate_at;
	aof->rewriting = true;
	rotation_forget(aof);
}

void aof_rotate_if_due(struct aof *aof)
{
	bool good = !aof_needs_base(aof) && !aof->now.rotate_gap;

	if (aof->now.rotate_at == AOF_NOWHERE || (good && aof->reader.position < aof->now.rotate_at))
		return;
	rotate(aof, good && aof_sync_file(aof) == 0);
}

/* --- the base ----------------------------------------------------------------------------------------------------- */

char *aof_files_base_path(const struct aof *aof)
{
	static const char prefix[] = "temp-rewrite-";
	size_t len = strlen(aof->filename);
	char *name = malloc(sizeof(prefix) + len);
	char *path;

	if (name == NULL)
		return NULL;
	memcpy(name, prefix, sizeof(prefix) - 1);
	memcpy(name + sizeof(prefix) - 1, aof->filename, len + 1);
	path = file_join(aof->directory, name);
	free(name);
	return path;
}

static void remove_base_temp(struct aof *aof)
{
	char *path = aof_files_base_path(aof);

	if (path != NULL && file_size_at(path) != -ENOENT)
		remove_file(path);
	free(path);
}

/* Gives the base its name. */
static int rename_base(struct aof *aof, const char *name)
{
	char *from = aof_files_base_path(aof);
	char *to = name == NULL ? NULL : file_join(aof->directory, name);
	int result = from == NULL || to == NULL ? -ENOMEM : file_rename(from, to);

	free(from);
	free(to);
	return result;
}

/* Makes of an empty `next` the manifest with the new base and what follows it. */
static int adopt_into(struct aof *aof, struct manifest *next)
{
	if (!manifest_copy(next, &aof->manifest))
		return -ENOMEM;
	if ((aof->file.pending && manifest_add_incr(next, aof->filename) == NULL) ||
	    manifest_add_base(next, aof->filename, aof->now.base_is_rdb) == NULL)
		return -ENOMEM;
	manifest_retire(next, aof->file.seq);
	return rename_base(aof, manifest_base(next)->name);
}

static int adopt(struct aof *aof)
{
	struct manifest next = {0};
	int result = 0;

	if (aof->file.pending)
		result = aof->file.error != 0 ? aof->file.error : aof_sync_file(aof);
	if (result == 0)
		result = adopt_into(aof, &next);
	if (result != 0) {
		manifest_free(&next);
		return result;
	}
	take_manifest(aof, &next);
	aof->file.pending = false;
	aof->adopting = true;
	return 0;
}

/* False: in this turn another rewrite has begun, and what is asked for is about its base. */
static bool base_forget(struct aof *aof)
{
	bool is_last;

	uv_mutex_lock(&aof->desk->mutex);
	is_last = aof->desk->requests.base_said == aof->now.base_said;
	if (is_last)
		aof->desk->requests.base = AOF_BASE_NONE;
	uv_mutex_unlock(&aof->desk->mutex);
	return is_last;
}

void aof_take_base(struct aof *aof)
{
	bool done = aof->now.base == AOF_BASE_DONE;
	bool is_last;
	int result;

	/* It is the base of what is to come: first the file rotates. */
	if (aof->now.base == AOF_BASE_NONE || aof->now.rotate_at != AOF_NOWHERE || aof->adopting)
		return;
	is_last = base_forget(aof);
	if (done && is_last && aof->rewriting) {
		result = adopt(aof);
		if (result == 0)
			return;
		rewrite_end(aof, result);
	}
	aof->rewriting = false;
	if (is_last)
		remove_base_temp(aof); /* else the name is the other one's */
}

/* --- opening ------------------------------------------------------------------------------------------------------ */

static bool open_fail(char *error, const char *what, const char *path, int result)
{
	snprintf(error, AOF_ERROR_TEXT, "%s %s: %s", what, path, file_error(result));
	return false;
}

static int append(void *arg, const void *bytes, size_t len)
{
	struct buffer *buffer = arg;

	buffer_append(buffer, bytes, len);
	return buffer->failed ? -ENOMEM : 0;
}

/* A base without keys: an RDB file without any, or no commands. */
static int empty_base(const struct aof_options *options, struct buffer *bytes)
{
	struct rdb_writer writer;
	int result;

	if (!options->rdb_base)
		return 0;
	result = rdb_writer_begin(&writer, (struct rdb_sink){append, bytes}, &options->rdb);
	if (result == 0)
		result = rdb_writer_finish(&writer);
	rdb_writer_free(&writer);
	return result;
}

static int make_empty_base(struct aof *aof, const struct aof_options *options)
{
	const char *name = manifest_add_base(&aof->manifest, aof->filename, options->rdb_base);
	char *path = name == NULL ? NULL : file_join(aof->directory, name);
	char *temp = aof_files_base_path(aof);
	struct buffer bytes = {0};
	int result = path == NULL || temp == NULL ? -ENOMEM : empty_base(options, &bytes);

	if (result == 0)
		result = file_replace(path, temp, buffer_slice(&bytes));
	buffer_free(&bytes);
	free(path);
	free(temp);
	return result;
}

/* The increment that is gone on with. Is the last run's part of it on the disk? */
static int open_last_increment(struct aof *aof)
{
	const struct manifest_file *last = manifest_last_incr(&aof->manifest);
	struct manifest next;
	int result;

	if (last != NULL) {
		aof->saved = true;
		result = increment_open(aof, last->name, last->seq, 0, &aof->file);
		return result != 0 ? result : aof_sync_file(aof);
	}
	result = increment_make(aof, &next, &aof->file);
	if (result == 0)
		take_manifest(aof, &next);
	return result;
}

bool aof_files_open(struct aof *aof, enum aof_start start, const struct aof_options *options, char *error)
{
	int result;

	aof->file.fd = -1;
	aof->saved = true;
	if (start == AOF_AWAITS_BASE)
		return true;
	result = file_make_directory(aof->directory);
	if (result != 0)
		return open_fail(error, "cannot make the directory", aof->directory, result);
	remove_base_temp(aof);
	if (start == AOF_IS_NEW)
		result = make_empty_base(aof, options);
	if (result != 0)
		return open_fail(error, "cannot make the base of the append-only file in", aof->directory, result);
	result = open_last_increment(aof);
	if (result != 0)
		return open_fail(error, "cannot open the append-only file in", aof->directory, result);
	result = aof_save(aof);
	if (result != 0)
		return open_fail(error, "cannot save the manifest in", aof->directory, result);
	remove_history(aof);
	aof_promise(aof);
	aof->other = size_of_others(aof);
	aof->base = aof->other + aof->file.size;
	return true;
}

void aof_files_close(struct aof *aof)
{
	bool useless = aof->file.fd >= 0 && aof->file.pending && !aof->file.missing;

	if (useless)
		remove_file(aof->file.path);
	increment_close(&aof->file);
	manifest_free(&aof->manifest);
}
