/*
 * Whether a start would find what has been written: others may remove, move, cut or replace files.
 *
 * The increment that is written to is looked at after each sync, before anything is promised; all the rest, which only
 * an accident changes, about once a second. What is gone asks for a new base, and may come back before that has been
 * made. A manifest is simply written again.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/log.h"
#include "persist/aof_state.h"
#include "persist/file.h"

void aof_look(struct aof *aof)
{
	bool missing;

	if (aof->file.fd < 0)
		return;
	missing = !file_is_at(aof->file.fd, aof->file.path);
	if (missing != aof->file.missing)
		log_event(LOG_WARNING,
			  missing ? "the append-only file is gone from its place" : "the append-only file is back",
			  LOG_TEXT_FIELD("file", aof->file.path));
	aof->file.missing = missing;
	/* Nothing names it, so nobody would put it back. */
	if (missing && aof->file.pending)
		aof->file.error = -ENOENT;
}

/* Somebody has cut it: it has a hole from there on. */
static void look_at_size(struct aof *aof)
{
	int64_t size = file_size(aof->file.fd);

	if (aof->file.error != 0 || size < 0 || (uint64_t)size >= aof->file.size)
		return;
	log_event(LOG_WARNING, "the append-only file is shorter than what was written: it needs a new base",
		  LOG_TEXT_FIELD("file", aof->file.path), LOG_INT("bytes", size), LOG_INT("written", aof->file.size));
	aof->file.error = -EIO;
	aof->file.lost = true;
}

static bool is_gone(const struct aof *aof, const struct manifest_file *file)
{
	char *path = file_join(aof->directory, file->name);
	int64_t size = path == NULL ? 0 : file_size_at(path);

	free(path);
	return size == -ENOENT || size == -ENOTDIR;
}

static void look_at_parts(struct aof *aof)
{
	const struct manifest_file *gone = NULL;

	for (size_t i = 0; i < aof->manifest.count && gone == NULL; i++) {
		const struct manifest_file *file = &aof->manifest.files[i];

		if (file->kind != MANIFEST_HISTORY && is_gone(aof, file))
			gone = file;
	}
	if (aof->parts_missing != (gone != NULL))
		log_event(LOG_WARNING,
			  gone != NULL ? "a part of the append-only file is gone"
				       : "the parts of the append-only file are all back",
			  LOG_TEXT_FIELD("directory", aof->directory),
			  LOG_TEXT_FIELD("file", gone != NULL ? gone->name : ""));
	aof->parts_missing = gone != NULL;
}

static bool is_same(const struct manifest *one, const struct manifest *other)
{
	bool same = one->count == other->count;

	for (size_t i = 0; i < one->count && same; i++)
		same = one->files[i].kind == other->files[i].kind && one->files[i].seq == other->files[i].seq &&
		       strcmp(one->files[i].name, other->files[i].name) == 0;
	return same;
}

/* When it cannot be read just now, it is taken to be good. */
static void look_at_manifest(struct aof *aof)
{
	char *path = manifest_path(aof->directory, aof->filename);
	struct manifest found = {0};
	struct manifest_error error = {.code = -ENOMEM};
	bool loaded = path != NULL && manifest_load(&found, path, &error);

	if (loaded ? !is_same(&found, &aof->manifest) : error.code == 0 || error.code == -ENOENT) {
		log_event(LOG_WARNING, "the manifest is gone, or is not what was written: it is written again",
			  LOG_TEXT_FIELD("file", path));
		aof->saved = false;
	}
	manifest_free(&found);
	free(path);
}

void aof_look_at_all(struct aof *aof)
{
	aof->look_at_ns = aof->time_ns + aof->sync_ns;
	aof_look(aof);
	/* Before the first base nothing is promised; a manifest that is not saved will be. */
	if (aof->file.fd < 0 || aof->file.missing || !aof->promised || !aof->saved)
		return;
	look_at_size(aof);
	look_at_parts(aof);
	look_at_manifest(aof);
}
