/* The happy path: the manifest is read, and each file that it names is there. */
#include "server/data_files.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/log.h"
#include "persist/file.h"

static bool fail(struct load_fault *fault, const char *path, const char *error)
{
	*fault = (struct load_fault){0};
	snprintf(fault->path, sizeof(fault->path), "%s", path);
	snprintf(fault->error, sizeof(fault->error), "%s", error);
	return false;
}

static bool fail_memory(struct load_fault *fault)
{
	return fail(fault, "", "out of memory");
}

/* Adds a file that must be there. The path is taken over. */
static bool add(struct data_files *files, char *path, bool snapshot, struct load_fault *fault)
{
	struct data_file *grown = realloc(files->files, (files->count + 1) * sizeof(*grown));
	int64_t size;

	if (grown != NULL)
		files->files = grown;
	if (grown == NULL || path == NULL) {
		free(path);
		return fail_memory(fault);
	}
	files->files[files->count++] = (struct data_file){.path = path, .snapshot = snapshot};
	size = file_size_at(path);
	if (size < 0)
		return fail(fault, path, file_error((int)size));
	if (!file_is_regular(path))
		return fail(fault, path, "it is no ordinary file");
	files->files[files->count - 1].size = (uint64_t)size;
	files->total += (uint64_t)size;
	return true;
}

static bool add_part(struct data_files *files, const struct manifest_file *part, struct load_fault *fault)
{
	return add(files, file_join(files->dir, part->name), false, fault);
}

static bool add_parts(struct data_files *files, struct load_fault *fault)
{
	const struct manifest_file *part = manifest_base(&files->manifest);

	if (part != NULL && !add_part(files, part, fault))
		return false;
	part = NULL;
	while ((part = manifest_next(&files->manifest, MANIFEST_INCR, part)) != NULL) {
		if (!add_part(files, part, fault))
			return false;
	}
	return true;
}

/* Reads the manifest; one that is not there leaves it empty, and is no error. */
static bool manifest_find(struct data_files *files, struct load_fault *fault)
{
	char *path = manifest_path(files->dir, files->filename);
	struct manifest_error error = {0};
	char text[LOAD_FAULT_TEXT];
	bool good;

	if (path == NULL)
		return fail_memory(fault);
	good = manifest_load(&files->manifest, path, &error) || error.code == -ENOENT || error.code == -ENOTDIR;
	if (!good && error.code != 0)
		fail(fault, path, file_error(error.code));
	if (!good && error.code == 0) {
		snprintf(text, sizeof(text), "line %u: %s", error.line, error.text);
		fail(fault, path, error.line > 0 ? text : error.text);
	}
	free(path);
	return good;
}

/* Whether the manifest speaks of nothing but an append-only file in one part that has not been moved yet: the process
 * ended between the two. */
static bool is_not_moved(const struct data_files *files)
{
	const struct manifest_file *base = manifest_base(&files->manifest);
	char *moved;
	bool missing;

	if (base == NULL || files->manifest.count != 1 || strcmp(base->name, files->filename) != 0)
		return files->manifest.count == 0;
	moved = file_join(files->dir, base->name);
	missing = moved != NULL && file_size_at(moved) < 0;
	free(moved);
	return missing;
}

/* An append-only file in one part, if there is one. False: no memory. */
static bool old_find(struct data_files *files, const char *dir)
{
	char *path = file_join(dir, files->filename);

	if (path == NULL)
		return false;
	if (is_not_moved(files) && file_size_at(path) >= 0 && !file_is_directory(path)) {
		files->old = path;
		return true;
	}
	free(path);
	return true;
}

static char *snapshot_path(const struct config *config)
{
	return file_join(config_text(config, CONFIG_DIR), config_text(config, CONFIG_DBFILENAME));
}

/* Says which data is on the disk and is passed over: whoever put it there may have meant it to be loaded. The path is
 * taken over; it may be NULL. */
static void log_passed_over(enum log_level level, const char *event, char *path)
{
	if (path != NULL && file_size_at(path) >= 0)
		log_event(level, event, LOG_TEXT_FIELD("file", path));
	free(path);
}

/* Adds the snapshot; `needed`: it is an error when there is none. */
static bool add_snapshot(struct data_files *files, const struct config *config, bool needed, struct load_fault *fault)
{
	char *path = snapshot_path(config);

	if (path == NULL)
		return fail_memory(fault);
	if (!needed && file_size_at(path) == -ENOENT) {
		free(path);
		return true;
	}
	return add(files, path, true, fault);
}

static bool find_append_only(struct data_files *files, const struct config *config, struct load_fault *fault)
{
	if (!manifest_find(files, fault))
		return false;
	if (!old_find(files, config_text(config, CONFIG_DIR)))
		return fail_memory(fault);
	files->start = AOF_CONTINUES;
	if (files->old != NULL || files->manifest.count > 0)
		log_passed_over(LOG_NOTICE, "the snapshot is not loaded: there is an append-only file",
				snapshot_path(config));
	if (files->old != NULL)
		return add(files, strdup(files->old), false, fault);
	if (files->manifest.count > 0)
		return add_parts(files, fault);
	if (!add_snapshot(files, config, false, fault))
		return false;
	files->start = files->count > 0 ? AOF_AWAITS_BASE : AOF_IS_NEW;
	return true;
}

bool data_files_find(struct data_files *files, const struct config *config, struct load_fault *fault)
{
	*files = (struct data_files){0};
	files->dir = file_join(config_text(config, CONFIG_DIR), config_text(config, CONFIG_APPENDDIRNAME));
	files->filename = strdup(config_text(config, CONFIG_APPENDFILENAME));
	if (files->dir == NULL || files->filename == NULL)
		return fail_memory(fault);
	files->append_only = config_number(config, CONFIG_APPENDONLY) != 0;
	if (files->append_only)
		return find_append_only(files, config, fault);
	log_passed_over(LOG_WARNING, "the append-only file is not loaded: appendonly is no",
			manifest_path(files->dir, files->filename));
	return add_snapshot(files, config, false, fault);
}

bool data_files_find_snapshot(struct data_files *files, const struct config *config, struct load_fault *fault)
{
	*files = (struct data_files){0};
	return add_snapshot(files, config, true, fault);
}

/* Redis's order: the directory, the manifest, and then the file. */
static int upgrade(struct data_files *files, const char *moved)
{
	int error = file_make_directory(files->dir);

	if (error == 0)
		error = file_sync_parent(files->dir);
	if (error == 0 && manifest_base(&files->manifest) == NULL &&
	    manifest_adopt_base(&files->manifest, files->filename) == NULL)
		error = -ENOMEM;
	if (error == 0)
		error = manifest_save(&files->manifest, files->dir, files->filename);
	if (error == 0)
		error = file_rename(files->old, moved);
	if (error == 0)
		error = file_sync_directory(files->dir);
	if (error == 0)
		error = file_sync_parent(files->old);
	return error;
}

bool data_files_upgrade(struct data_files *files, struct load_fault *fault)
{
	char *moved;
	int error;

	if (files->old == NULL)
		return true;
	moved = file_join(files->dir, files->filename);
	error = moved != NULL ? upgrade(files, moved) : -ENOMEM;
	free(moved);
	if (error != 0)
		return fail(fault, files->old, file_error(error));
	log_event(LOG_NOTICE, "the append-only file in one part was moved to where its parts will be",
		  LOG_TEXT_FIELD("file", files->old), LOG_TEXT_FIELD("directory", files->dir));
	return true;
}

void data_files_free(struct data_files *files)
{
	for (size_t i = 0; i < files->count; i++)
		free(files->files[i].path);
	free(files->files);
	manifest_free(&files->manifest);
	free(files->old);
	free(files->dir);
	free(files->filename);
	*files = (struct data_files){0};
}
