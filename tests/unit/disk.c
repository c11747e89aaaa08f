#ifndef _GNU_SOURCE
#define _GNU_SOURCE /* RTLD_NEXT */
#endif

#include "disk.h"

#include <check.h>
#include <limits.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#ifdef __linux__

#include <dirent.h>
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <sys/stat.h>
#include <sys/uio.h>
#include <unistd.h>

enum { FILES = 256, NAMES = 64 };

/* Bytes of a file, by its number. */
struct content {
	ino_t inode;
	char *bytes;
	size_t len;
};

struct name {
	char text[NAME_MAX + 1];
	ino_t inode;
};

struct listing {
	struct name names[NAMES];
	size_t count;
};

static pthread_mutex_t mutex = PTHREAD_MUTEX_INITIALIZER; /* guards all below */
static enum disk_call failing;
static int error_now;
static unsigned skip, left, count;
static unsigned cut_at = UINT_MAX;
static void (*on_cut)(void *arg);
static void *on_cut_arg;
static char watched[PATH_MAX];
static bool was_cut;
static _Atomic bool only_pretended;  /* syncs are */
static struct content synced[FILES]; /* as of each file's last sync */
static size_t synced_count;
static struct listing synced_names; /* as of the directory's last sync */
/* Of the moment of the cut. */
static struct content old_bytes[FILES], new_bytes[FILES];
static size_t old_count, new_count;
static struct listing old_names, new_names;
static _Thread_local unsigned exempted;
static _Thread_local bool is_in_cut; /* the mutex is held, then */

/* --- what is remembered ------------------------------------------------------------------------------------------- */

static struct content *find(struct content *contents, size_t known, ino_t inode)
{
	for (size_t i = 0; i < known; i++) {
		if (contents[i].inode == inode)
			return &contents[i];
	}
	return NULL;
}

static void remember(struct content *contents, size_t *known, int fd)
{
	struct stat status;
	struct content *content;

	ck_assert_int_eq(fstat(fd, &status), 0);
	content = find(contents, *known, status.st_ino);
	if (content == NULL) {
		ck_assert_uint_lt(*known, FILES);
		content = &contents[(*known)++];
		*content = (struct content){.inode = status.st_ino};
	}
	free(content->bytes);
	content->len = (size_t)status.st_size;
	content->bytes = malloc(content->len + 1);
	for (size_t at = 0; at < content->len;) {
		ssize_t got = pread(fd, content->bytes + at, content->len - at, (off_t)at);

		ck_assert_int_gt(got, 0);
		at += (size_t)got;
	}
}

static void list(struct listing *listing)
{
	DIR *directory = opendir(watched);
	struct dirent *found;

	listing->count = 0;
	while (directory != NULL && (found = readdir(directory)) != NULL) {
		if (found->d_type != DT_REG)
			continue;
		ck_assert_uint_lt(listing->count, NAMES);
		snprintf(listing->names[listing->count].text, NAME_MAX + 1, "%s", found->d_name);
		listing->names[listing->count++].inode = found->d_ino;
	}
	if (directory != NULL)
		closedir(directory);
}

/* What an earlier cut has kept. */
static void forget(struct content *contents, size_t *known)
{
	for (; *known > 0; --*known) {
		free(contents[*known - 1].bytes);
		contents[*known - 1] = (struct content){0};
	}
}

static void keep_new(void)
{
	char path[PATH_MAX + NAME_MAX + 2];

	list(&new_names);
	forget(new_bytes, &new_count);
	for (size_t i = 0; i < new_names.count; i++) {
		int fd;

		snprintf(path, sizeof(path), "%s/%s", watched, new_names.names[i].text);
		fd = open(path, O_RDONLY);
		ck_assert_int_ge(fd, 0);
		remember(new_bytes, &new_count, fd);
		close(fd);
	}
}

static void keep_old(void)
{
	forget(old_bytes, &old_count);
	old_names = synced_names;
	old_count = synced_count;
	for (size_t i = 0; i < synced_count; i++) {
		old_bytes[i] = synced[i];
		old_bytes[i].bytes = malloc(synced[i].len + 1);
		memcpy(old_bytes[i].bytes, synced[i].bytes, synced[i].len);
	}
}

/* --- the calls ---------------------------------------------------------------------------------------------------- */

/* Before a call: 0, or the error with which it fails. */
static int before(enum disk_call call)
{
	int error = 0;

	if (exempted > 0)
		return 0;
	exempted++;
	pthread_mutex_lock(&mutex);
	if (count++ == cut_at) {
		is_in_cut = true;
		on_cut(on_cut_arg);
		is_in_cut = false;
		keep_old();
		keep_new();
		was_cut = true;
	}
	if (left > 0 && (failing == call || failing == DISK_ANY)) {
		if (skip > 0) {
			skip--;
		} else {
			left--;
			error = error_now;
		}
	}
	pthread_mutex_unlock(&mutex);
	exempted--;
	return error;
}

static bool is_watched(int fd)
{
	struct stat open_one, found;

	return watched[0] != '\0' && fstat(fd, &open_one) == 0 && stat(watched, &found) == 0 &&
	       open_one.st_ino == found.st_ino;
}

static void after_sync(int fd, bool directory)
{
	exempted++;
	pthread_mutex_lock(&mutex);
	if (!directory) {
		char path[64];
		int again;

		/* It may be open for writing only. */
		snprintf(path, sizeof(path), "/proc/self/fd/%d", fd);
		again = open(path, O_RDONLY);
		ck_assert_int_ge(again, 0);
		remember(synced, &synced_count, again);
		close(again);
	} else if (is_watched(fd)) {
		list(&synced_names);
	}
	pthread_mutex_unlock(&mutex);
	exempted--;
}

#define REAL(name) ((__typeof__(&name))real(#name))

static void *real(const char *name)
{
	void *found = dlsym(RTLD_NEXT, name);

	if (found == NULL)
		abort();
	return found;
}

static bool fails(enum disk_call call)
{
	int error = before(call);

	if (error != 0)
		errno = error;
	return error != 0;
}

int fdatasync(int fd)
{
	int result;

	if (fails(DISK_SYNC))
		return -1;
	result = only_pretended ? 0 : REAL(fdatasync)(fd);
	if (result == 0 && watched[0] != '\0')
		after_sync(fd, false);
	return result;
}

int fsync(int fd)
{
	int result;

	if (fails(DISK_SYNC_DIRECTORY))
		return -1;
	result = only_pretended ? 0 : REAL(fsync)(fd);
	if (result == 0 && watched[0] != '\0')
		after_sync(fd, true);
	return result;
}

ssize_t writev(int fd, const struct iovec *pieces, int pieces_count)
{
	return fails(DISK_WRITE) ? -1 : REAL(writev)(fd, pieces, pieces_count);
}

ssize_t write(int fd, const void *bytes, size_t len)
{
	return fd > STDERR_FILENO && fails(DISK_WRITE) ? -1 : REAL(write)(fd, bytes, len);
}

/* Keeps a file that is about to lose its name open for good, so that its number is not given to another one. */
static void hold_inode(const char *path)
{
	if (watched[0] != '\0')
		REAL(open)(path, O_RDONLY);
}

int rename(const char *from, const char *to)
{
	if (fails(DISK_RENAME))
		return -1;
	hold_inode(to);
	return REAL(rename)(from, to);
}

int unlink(const char *path)
{
	if (fails(DISK_REMOVE))
		return -1;
	hold_inode(path);
	return REAL(unlink)(path);
}

int mkdir(const char *path, mode_t mode)
{
	return fails(DISK_MKDIR) ? -1 : REAL(mkdir)(path, mode);
}

int open(const char *path, int flags, ...)
{
	va_list args;
	mode_t mode;

	va_start(args, flags);
	mode = (mode_t)va_arg(args, unsigned);
	va_end(args);
	if ((flags & O_ACCMODE) != O_RDONLY && fails(DISK_OPEN))
		return -1;
	return REAL(open)(path, flags, mode);
}

/* --- what tests ask for ------------------------------------------------------------------------------------------- */

bool disk_is_faulty(void)
{
	return true;
}

void disk_fail(enum disk_call call, int error, unsigned after, unsigned times)
{
	pthread_mutex_lock(&mutex);
	failing = call;
	error_now = error;
	skip = after;
	left = times;
	pthread_mutex_unlock(&mutex);
}

void disk_heal(void)
{
	if (is_in_cut) {
		left = 0;
		return;
	}
	pthread_mutex_lock(&mutex);
	left = 0;
	count = 0;
	pthread_mutex_unlock(&mutex);
}

void disk_cut_at(unsigned n, const char *directory, void (*cut)(void *arg), void *arg)
{
	pthread_mutex_lock(&mutex);
	snprintf(watched, sizeof(watched), "%s", directory);
	on_cut = cut;
	on_cut_arg = arg;
	cut_at = n;
	count = 0;
	pthread_mutex_unlock(&mutex);
}

bool disk_was_cut(void)
{
	bool was;

	pthread_mutex_lock(&mutex);
	was = was_cut;
	pthread_mutex_unlock(&mutex);
	return was;
}

static void restore_name(const char *to, const struct name *name, bool bytes)
{
	struct content *content = bytes ? find(new_bytes, new_count, name->inode) : NULL;
	char path[PATH_MAX];
	FILE *file;

	if (content == NULL)
		content = find(old_bytes, old_count, name->inode);
	snprintf(path, sizeof(path), "%s/%s", to, name->text);
	file = fopen(path, "wb");
	ck_assert_ptr_nonnull(file);
	if (content != NULL && content->len > 0)
		ck_assert_uint_eq(fwrite(content->bytes, 1, content->len, file), content->len);
	fclose(file);
}

void disk_restore(const char *to, enum disk_names names, bool bytes)
{
	const struct listing *listing = names == DISK_NEW_NAMES ? &new_names : &old_names;

	for (size_t i = 0; i < listing->count; i++)
		restore_name(to, &listing->names[i], bytes);
	for (size_t i = 0; names == DISK_NEW_MANIFEST && i < new_names.count; i++) {
		if (strstr(new_names.names[i].text, ".manifest") != NULL)
			restore_name(to, &new_names.names[i], bytes);
	}
}

unsigned disk_count(void)
{
	unsigned now;

	pthread_mutex_lock(&mutex);
	now = count;
	pthread_mutex_unlock(&mutex);
	return now;
}

void disk_exempt(bool exempt)
{
	exempted = exempt;
}

void disk_pretend(bool pretend)
{
	only_pretended = pretend;
}

#else

bool disk_is_faulty(void)
{
	return false;
}

void disk_fail(enum disk_call call, int error, unsigned after, unsigned times)
{
	(void)call, (void)error, (void)after, (void)times;
}

void disk_heal(void)
{
}

void disk_cut_at(unsigned n, const char *directory, void (*cut)(void *arg), void *arg)
{
	(void)n, (void)directory, (void)cut, (void)arg;
}

bool disk_was_cut(void)
{
	return false;
}

void disk_restore(const char *to, enum disk_names names, bool bytes)
{
	(void)to, (void)names, (void)bytes;
}

unsigned disk_count(void)
{
	return 0;
}

void disk_exempt(bool exempt)
{
	(void)exempt;
}

void disk_pretend(bool pretend)
{
	(void)pretend;
}

#endif
