/*
 * A library to be preloaded (LD_PRELOAD, Linux) that stands between a program and its files in one directory: it counts
 * the operations on them, lets chosen ones fail, and keeps a record from which the directory can be rebuilt as a power
 * cut would leave it. Everything else is passed on untouched.
 *
 * FAULTFS_DIR      the directory, absolute and without symbolic links
 * FAULTFS_CONTROL  a file with a struct control, mapped by whoever steers (faultfs.py), who may change it at any time
 * FAULTFS_RECORD   a file that records are appended to; not set: none
 *
 * A record of what has changed is written after it has; of a sync there are two, before and after. Bytes that were
 * written through a FILE are recorded when they are synced. Records are in the order in which operations have ended,
 * and have the monotonic clock's time: what somebody was told before that time was told without this operation.
 */
#define _GNU_SOURCE
#undef _FORTIFY_SOURCE
#undef _FILE_OFFSET_BITS
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <pthread.h>
#include <signal.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/uio.h>
#include <time.h>
#include <unistd.h>

/* The order is faultfs.py's, too. */
enum kind {
	KIND_OPEN,
	KIND_CREATE,
	KIND_WRITE,
	KIND_READ,
	KIND_SYNC,
	KIND_SYNC_DIRECTORY,
	KIND_RENAME,
	KIND_UNLINK,
	KIND_TRUNCATE,
	KIND_MKDIR,
	KIND_CLOSE,
	KIND_MAP,
	KIND_LOCK,
	KIND_COUNT,
	/* In records only. */
	KIND_SYNC_BEGINS = KIND_COUNT
};

enum action {
	ACTION_FAIL,	    /* with the error */
	ACTION_SHORT,	    /* a write or read of half of the bytes; anything else goes well */
	ACTION_LOSE,	    /* a sync fails, and what was not synced before becomes zeros; anything else fails */
	ACTION_KILL_BEFORE, /* the process dies instead */
	ACTION_KILL_HALF,   /* it dies when half of the bytes are written; before anything else */
	ACTION_KILL_AFTER,
};

enum { NAME_MAX_BYTES = 64, TEXT_BYTES = 256, FD_COUNT = 4096 };

/* The file at FAULTFS_CONTROL; faultfs.py knows where each field stands. */
struct control {
	_Atomic uint64_t operations;	   /* that have been counted: of the kinds, on files with the name */
	_Atomic uint64_t kinds;		   /* a bit for each kind that is counted; 0: all of them */
	_Atomic uint64_t first;		   /* the number, from 1, of the first that the action is done to; 0: none */
	_Atomic uint64_t count;		   /* how many from there on */
	_Atomic uint64_t action;	   /* enum action */
	_Atomic uint64_t error;		   /* errno of those that fail */
	_Atomic uint64_t done;		   /* to how many it has been done */
	_Atomic uint64_t space;		   /* 1 + bytes that can still be written before the disk is full; 0: no end */
	char name[NAME_MAX_BYTES];	   /* only files in whose path this stands; empty: all */
	char text[TEXT_BYTES];		   /* the last operation that the action was done to, for people */
	_Atomic uint64_t seen[KIND_COUNT]; /* operations of each kind, whether counted or not */
};

/* A file or directory in the directory that is open. */
struct watched {
	_Atomic bool is_on;
	bool is_directory;
	bool is_appending;
	uint64_t inode;
	int64_t recorded; /* bytes of the file that records know of */
	int64_t synced;	  /* bytes that the last sync took along */
	char path[PATH_MAX];
};

struct record {
	uint64_t time; /* nanoseconds of the monotonic clock */
	uint32_t kind;
	uint32_t path_length;
	uint32_t other_length; /* of a rename: the new path */
	uint32_t sync;	       /* which begin and which end of a sync belong together */
	uint64_t inode;
	uint64_t offset; /* of a truncation: the new size */
	uint64_t length; /* of the bytes that follow the paths */
};

static struct control *control;
static char directory[PATH_MAX];
static size_t directory_length;
static int record_fd = -1;
static pthread_mutex_t record_lock = PTHREAD_MUTEX_INITIALIZER;
static _Atomic uint32_t syncs;
/* Taken to begin and end with a descriptor: the next thread that is given its number finds all of the last one done.
 * Guards control->text, too. */
static pthread_mutex_t table_lock = PTHREAD_MUTEX_INITIALIZER;
static struct watched table[FD_COUNT];
static pthread_once_t once = PTHREAD_ONCE_INIT;

/* The next library's function of that name. */
#define NEXT(result, name, ...)                                                                                        \
	static result (*next_##name)(__VA_ARGS__);                                                                     \
	if (next_##name == NULL)                                                                                       \
		*(void **)&next_##name = dlsym(RTLD_NEXT, #name);

static const char *const kind_names[KIND_COUNT] = {
	"open",	    "create", "write", "read", "sync", "sync of directory", "rename", "unlink",
	"truncate", "mkdir",  "close", "map",  "lock"};

/* ---- Plain operations of this library's own, which nobody counts ----------------------------------------------------
 */

static int plain_open(const char *path, int flags, mode_t mode)
{
	NEXT(int, open, const char *, int, ...)
	return next_open(path, flags, mode);
}

static ssize_t plain_write(int fd, const void *bytes, size_t length)
{
	NEXT(ssize_t, write, int, const void *, size_t)
	return next_write(fd, bytes, length);
}

static int plain_close(int fd)
{
	NEXT(int, close, int)
	return next_close(fd);
}

static ssize_t plain_pread(int fd, void *bytes, size_t length, off_t offset)
{
	NEXT(ssize_t, pread, int, void *, size_t, off_t)
	return next_pread(fd, bytes, length, offset);
}

static ssize_t plain_pwrite(int fd, const void *bytes, size_t length, off_t offset)
{
	NEXT(ssize_t, pwrite, int, const void *, size_t, off_t)
	return next_pwrite(fd, bytes, length, offset);
}

static void set_up(void)
{
	const char *path = getenv("FAULTFS_DIR");
	const char *control_path = getenv("FAULTFS_CONTROL");
	const char *record_path = getenv("FAULTFS_RECORD");
	int fd;

	if (path == NULL || control_path == NULL)
		return;
	snprintf(directory, sizeof directory, "%s", path);
	directory_length = strlen(directory);
	fd = plain_open(control_path, O_RDWR | O_CLOEXEC, 0);
	if (fd < 0)
		return;
	control = mmap(NULL, sizeof *control, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
	plain_close(fd);
	if (control == MAP_FAILED)
		control = NULL;
	if (record_path != NULL)
		record_fd = plain_open(record_path, O_WRONLY | O_APPEND | O_CREAT | O_CLOEXEC, 0600);
}

__attribute__((constructor)) static void begin(void)
{
	pthread_once(&once, set_up);
}

/* ---- What is watched ------------------------------------------------------------------------------------------------
 */

/* The path below the directory ("" is the directory itself), or NULL: it is elsewhere. absolute has PATH_MAX bytes. */
static const char *path_inside(int at, const char *path, char *absolute)
{
	char base[PATH_MAX] = "";

	if (control == NULL || path == NULL)
		return NULL;
	if (path[0] != '/' && at == AT_FDCWD && getcwd(base, sizeof base) == NULL)
		return NULL;
	if (path[0] != '/' && at != AT_FDCWD) {
		if (at < 0 || at >= FD_COUNT || !table[at].is_on)
			return NULL;
		if (snprintf(base, sizeof base, "%s/%s", directory, table[at].path) >= (int)sizeof base)
			return NULL;
	}
	while (path[0] == '.' && path[1] == '/')
		path += 2;
	if (strcmp(path, ".") == 0)
		path = "";
	if (snprintf(absolute, PATH_MAX, "%s%s%s", base, base[0] != '\0' && path[0] != '\0' ? "/" : "", path) >=
	    PATH_MAX)
		return NULL;
	if (strncmp(absolute, directory, directory_length) != 0)
		return NULL;
	absolute += directory_length;
	if (*absolute != '\0' && *absolute != '/')
		return NULL;
	while (*absolute == '/')
		absolute++;
	return absolute;
}

static struct watched *watched_of(int fd)
{
	if (fd < 0 || fd >= FD_COUNT || !table[fd].is_on)
		return NULL;
	return &table[fd];
}

static void watch(int fd, const char *path, int flags)
{
	struct watched *watched = &table[fd];
	struct stat status;

	if (fd >= FD_COUNT || fstat(fd, &status) != 0)
		return;
	pthread_mutex_lock(&table_lock);
	watched->is_directory = S_ISDIR(status.st_mode);
	watched->is_appending = (flags & O_APPEND) != 0;
	watched->inode = status.st_ino;
	watched->recorded = watched->synced = status.st_size;
	snprintf(watched->path, sizeof watched->path, "%s", path);
	watched->is_on = true;
	pthread_mutex_unlock(&table_lock);
}

/* Before the descriptor is closed. */
static void unwatch(struct watched *watched)
{
	pthread_mutex_lock(&table_lock);
	watched->is_on = false;
	pthread_mutex_unlock(&table_lock);
}

/* ---- Records --------------------------------------------------------------------------------------------------------
 */

static uint64_t now(void)
{
	struct timespec time;

	clock_gettime(CLOCK_MONOTONIC, &time);
	return (uint64_t)time.tv_sec * 1000000000u + (uint64_t)time.tv_nsec;
}

static void append(const void *bytes, size_t length)
{
	const char *at = bytes;

	while (length > 0) {
		ssize_t count = plain_write(record_fd, at, length);

		if (count <= 0)
			return;
		at += count;
		length -= (size_t)count;
	}
}

/* One write to the record for everything, because a forked child appends to it as well. */
static void record(struct record record, const char *path, const char *other, const void *bytes)
{
	int error = errno;
	char *whole, *end;

	if (record_fd < 0)
		return;
	record.path_length = (uint32_t)strlen(path);
	record.other_length = other == NULL ? 0 : (uint32_t)strlen(other);
	whole = malloc(sizeof record + record.path_length + record.other_length + record.length);
	if (whole == NULL)
		abort();
	end = whole + sizeof record;
	end = (char *)memcpy(end, path, record.path_length) + record.path_length;
	if (other != NULL)
		end = (char *)memcpy(end, other, record.other_length) + record.other_length;
	if (record.length > 0)
		end = (char *)memcpy(end, bytes, record.length) + record.length;
	pthread_mutex_lock(&record_lock);
	record.time = now();
	memcpy(whole, &record, sizeof record);
	append(whole, (size_t)(end - whole));
	pthread_mutex_unlock(&record_lock);
	free(whole);
	errno = error;
}

static void record_path(enum kind kind, const char *path, const char *other)
{
	record((struct record){.kind = kind}, path, other, NULL);
}

static void record_bytes(struct watched *watched, const void *bytes, size_t length, int64_t offset)
{
	struct record written = {
		.kind = KIND_WRITE, .inode = watched->inode, .offset = (uint64_t)offset, .length = length};

	record(written, watched->path, NULL, bytes);
	if (watched->recorded < offset + (int64_t)length)
		watched->recorded = offset + (int64_t)length;
}

/* Records what has come to the file by other ways than the functions below. */
static void record_unseen(int fd, struct watched *watched)
{
	struct stat status;
	char link[64];
	char *bytes;
	int64_t length;
	int other;

	if (record_fd < 0 || fstat(fd, &status) != 0 || status.st_size <= watched->recorded)
		return;
	length = status.st_size - watched->recorded;
	snprintf(link, sizeof link, "/proc/self/fd/%d", fd);
	other = plain_open(link, O_RDONLY | O_CLOEXEC, 0);
	bytes = malloc((size_t)length);
	if (other < 0 || bytes == NULL || plain_pread(other, bytes, (size_t)length, watched->recorded) != length)
		abort();
	record_bytes(watched, bytes, (size_t)length, watched->recorded);
	free(bytes);
	plain_close(other);
}

/* ---- Faults ---------------------------------------------------------------------------------------------------------
 */

static void die(void)
{
	kill(getpid(), SIGKILL);
	for (;;)
		pause();
}

/* Counts an operation. Whether the action is to be done to it. */
static bool is_chosen(enum kind kind, const char *path)
{
	uint64_t kinds, first, number;

	control->seen[kind]++;
	kinds = control->kinds;
	if (kinds != 0 && (kinds & (uint64_t)1 << kind) == 0)
		return false;
	if (control->name[0] != '\0' && strstr(path, control->name) == NULL)
		return false;
	number = ++control->operations;
	first = control->first;
	if (first == 0 || number < first || number - first >= control->count)
		return false;
	pthread_mutex_lock(&table_lock);
	snprintf(control->text, sizeof control->text, "%s %s", kind_names[kind], path);
	pthread_mutex_unlock(&table_lock);
	control->done++;
	return true;
}

/* What is to become of an operation that has no bytes. */
struct fate {
	bool fails; /* errno is set */
	bool dies_after;
};

static struct fate fate_of(enum kind kind, const char *path)
{
	struct fate fate = {false, false};

	if (!is_chosen(kind, path))
		return fate;
	switch ((enum action)control->action) {
	case ACTION_FAIL:
	case ACTION_LOSE:
		errno = (int)control->error;
		fate.fails = true;
		break;
	case ACTION_KILL_BEFORE:
	case ACTION_KILL_HALF:
		die();
		break;
	case ACTION_KILL_AFTER:
		fate.dies_after = true;
		break;
	case ACTION_SHORT:
		break;
	}
	return fate;
}

static void end_of(struct fate fate)
{
	if (fate.dies_after)
		die();
}

/* The same for one that has: how many of the bytes it may go on with. */
static struct fate fate_of_bytes(enum kind kind, const char *path, size_t *length)
{
	struct fate fate = {false, false};
	uint64_t space;

	if (is_chosen(kind, path)) {
		switch ((enum action)control->action) {
		case ACTION_FAIL:
		case ACTION_LOSE:
			errno = (int)control->error;
			fate.fails = true;
			return fate;
		case ACTION_KILL_BEFORE:
			die();
			break;
		case ACTION_KILL_HALF:
			fate.dies_after = true;
			*length /= 2;
			break;
		case ACTION_KILL_AFTER:
			fate.dies_after = true;
			break;
		case ACTION_SHORT:
			*length = (*length + 1) / 2;
			break;
		}
	}
	space = kind == KIND_WRITE ? control->space : 0;
	if (space == 0 || *length == 0)
		return fate;
	if (*length > space - 1)
		*length = (size_t)(space - 1);
	control->space -= *length;
	if (*length == 0) {
		errno = ENOSPC;
		fate.fails = true;
	}
	return fate;
}

/* ---- Opening and closing --------------------------------------------------------------------------------------------
 */

/* Of the two, ThreadSanitizer knows only of open() that it makes a descriptor. */
static int plain_openat(int at, const char *path, int flags, mode_t mode)
{
	NEXT(int, openat, int, const char *, int, ...)

	return at == AT_FDCWD ? plain_open(path, flags, mode) : next_openat(at, path, flags, mode);
}

/* What comes of the one way to open that all functions share. */
static int open_watched(int at, const char *path, int flags, mode_t mode)
{
	char buffer[PATH_MAX];
	const char *inside = path_inside(at, path, buffer);
	struct stat status;
	struct fate fate;
	bool is_new, is_emptied;
	int fd;

	if (inside == NULL)
		return plain_openat(at, path, flags, mode);
	is_new = (flags & O_CREAT) != 0 && fstatat(at, path, &status, 0) != 0;
	is_emptied = (flags & O_TRUNC) != 0 && !is_new;
	fate = fate_of(is_new ? KIND_CREATE : KIND_OPEN, inside);
	if (fate.fails)
		return -1;
	fd = plain_openat(at, path, flags, mode);
	if (fd < 0)
		return fd;
	watch(fd, inside, flags);
	if (fd < FD_COUNT && is_new)
		record((struct record){.kind = KIND_CREATE, .inode = table[fd].inode}, inside, NULL, NULL);
	if (fd < FD_COUNT && is_emptied)
		record((struct record){.kind = KIND_TRUNCATE, .inode = table[fd].inode}, inside, NULL, NULL);
	end_of(fate);
	return fd;
}

static mode_t mode_of(int flags, va_list arguments)
{
	return (flags & O_CREAT) != 0 || (flags & O_TMPFILE) == O_TMPFILE ? va_arg(arguments, mode_t) : 0;
}

#define OPEN(name)                                                                                                     \
	int name(const char *path, int flags, ...)                                                                     \
	{                                                                                                              \
		va_list arguments;                                                                                     \
		mode_t mode;                                                                                           \
                                                                                                                       \
		va_start(arguments, flags);                                                                            \
		mode = mode_of(flags, arguments);                                                                      \
		va_end(arguments);                                                                                     \
		return open_watched(AT_FDCWD, path, flags, mode);                                                      \
	}

#define OPENAT(name)                                                                                                   \
	int name(int at, const char *path, int flags, ...)                                                             \
	{                                                                                                              \
		va_list arguments;                                                                                     \
		mode_t mode;                                                                                           \
                                                                                                                       \
		va_start(arguments, flags);                                                                            \
		mode = mode_of(flags, arguments);                                                                      \
		va_end(arguments);                                                                                     \
		return open_watched(at, path, flags, mode);                                                            \
	}

OPEN(open)
OPEN(open64)
OPENAT(openat)
OPENAT(openat64)

/* What open and openat become where _FORTIFY_SOURCE is on. */
int __open_2(const char *path, int flags);
int __open64_2(const char *path, int flags);
int __openat_2(int at, const char *path, int flags);
int __openat64_2(int at, const char *path, int flags);

int __open_2(const char *path, int flags)
{
	return open_watched(AT_FDCWD, path, flags, 0);
}

int __open64_2(const char *path, int flags)
{
	return open_watched(AT_FDCWD, path, flags, 0);
}

int __openat_2(int at, const char *path, int flags)
{
	return open_watched(at, path, flags, 0);
}

int __openat64_2(int at, const char *path, int flags)
{
	return open_watched(at, path, flags, 0);
}

int creat(const char *path, mode_t mode)
{
	return open_watched(AT_FDCWD, path, O_WRONLY | O_CREAT | O_TRUNC, mode);
}

int creat64(const char *path, mode_t mode)
{
	return open_watched(AT_FDCWD, path, O_WRONLY | O_CREAT | O_TRUNC, mode);
}

/* A FILE on a descriptor that was opened above. Its reads and writes are not seen, its syncs are. */
static FILE *fopen_watched(const char *path, const char *mode)
{
	int flags = mode[0] == 'r' ? O_RDONLY : O_WRONLY | O_CREAT | (mode[0] == 'a' ? O_APPEND : O_TRUNC);
	FILE *file;
	int fd;

	if (strchr(mode, '+') != NULL)
		flags = (flags & ~(O_RDONLY | O_WRONLY)) | O_RDWR;
	fd = open_watched(AT_FDCWD, path, flags, 0666);
	if (fd < 0)
		return NULL;
	file = fdopen(fd, mode);
	if (file == NULL)
		plain_close(fd);
	return file;
}

#define FOPEN(name)                                                                                                    \
	FILE *name(const char *path, const char *mode)                                                                 \
	{                                                                                                              \
		NEXT(FILE *, name, const char *, const char *)                                                         \
		char buffer[PATH_MAX];                                                                                 \
                                                                                                                       \
		if (path_inside(AT_FDCWD, path, buffer) == NULL)                                                       \
			return next_##name(path, mode);                                                                \
		return fopen_watched(path, mode);                                                                      \
	}

FOPEN(fopen)
FOPEN(fopen64)

int fclose(FILE *file)
{
	NEXT(int, fclose, FILE *)
	int fd = fileno(file);

	if (watched_of(fd) != NULL) {
		fflush(file);
		record_unseen(fd, &table[fd]);
		unwatch(&table[fd]);
	}
	return next_fclose(file);
}

/* A close that fails has closed the descriptor, as on Linux. */
int close(int fd)
{
	struct watched *watched = watched_of(fd);
	struct fate fate;
	int error;

	if (watched == NULL)
		return plain_close(fd);
	fate = fate_of(KIND_CLOSE, watched->path);
	error = errno;
	unwatch(watched);
	if (plain_close(fd) != 0)
		return -1;
	errno = error;
	end_of(fate);
	return fate.fails ? -1 : 0;
}

/* ---- Bytes ----------------------------------------------------------------------------------------------------------
 */

static ssize_t write_watched(int fd, struct watched *watched, const void *bytes, size_t length, off_t offset)
{
	size_t count = length;
	struct fate fate = fate_of_bytes(KIND_WRITE, watched->path, &count);
	ssize_t written;

	if (fate.fails)
		return -1;
	written = offset < 0 ? plain_write(fd, bytes, count) : plain_pwrite(fd, bytes, count, offset);
	if (written > 0 && record_fd >= 0)
		record_bytes(watched, bytes, (size_t)written, offset < 0 ? lseek(fd, 0, SEEK_CUR) - written : offset);
	end_of(fate);
	return written;
}

/* The pieces in one, since a fault may end anywhere within them. */
static char *gather(const struct iovec *pieces, int count, size_t *length)
{
	char *whole, *end;
	int i;

	for (*length = 0, i = 0; i < count; i++)
		*length += pieces[i].iov_len;
	end = whole = malloc(*length + 1);
	for (i = 0; i < count && whole != NULL; i++)
		end = (char *)memcpy(end, pieces[i].iov_base, pieces[i].iov_len) + pieces[i].iov_len;
	return whole;
}

static ssize_t writev_watched(int fd, struct watched *watched, const struct iovec *pieces, int count, off_t offset)
{
	size_t length;
	char *whole = gather(pieces, count, &length);
	ssize_t written;

	if (whole == NULL)
		return -1;
	written = write_watched(fd, watched, whole, length, offset);
	free(whole);
	return written;
}

ssize_t write(int fd, const void *bytes, size_t length)
{
	struct watched *watched = watched_of(fd);

	return watched == NULL ? plain_write(fd, bytes, length) : write_watched(fd, watched, bytes, length, -1);
}

ssize_t writev(int fd, const struct iovec *pieces, int count)
{
	NEXT(ssize_t, writev, int, const struct iovec *, int)
	struct watched *watched = watched_of(fd);

	return watched == NULL ? next_writev(fd, pieces, count) : writev_watched(fd, watched, pieces, count, -1);
}

#define PWRITE(name)                                                                                                   \
	ssize_t name(int fd, const void *bytes, size_t length, off_t offset)                                           \
	{                                                                                                              \
		struct watched *watched = watched_of(fd);                                                              \
                                                                                                                       \
		return watched == NULL ? plain_pwrite(fd, bytes, length, offset)                                       \
				       : write_watched(fd, watched, bytes, length, offset);                            \
	}

#define PWRITEV(name)                                                                                                  \
	ssize_t name(int fd, const struct iovec *pieces, int count, off_t offset)                                      \
	{                                                                                                              \
		NEXT(ssize_t, name, int, const struct iovec *, int, off_t)                                             \
		struct watched *watched = watched_of(fd);                                                              \
                                                                                                                       \
		return watched == NULL ? next_##name(fd, pieces, count, offset)                                        \
				       : writev_watched(fd, watched, pieces, count, offset);                           \
	}

PWRITE(pwrite)
PWRITE(pwrite64)
PWRITEV(pwritev)
PWRITEV(pwritev64)

ssize_t read(int fd, void *bytes, size_t length)
{
	NEXT(ssize_t, read, int, void *, size_t)
	struct watched *watched = watched_of(fd);
	ssize_t count;
	struct fate fate;

	if (watched == NULL)
		return next_read(fd, bytes, length);
	fate = fate_of_bytes(KIND_READ, watched->path, &length);
	if (fate.fails)
		return -1;
	count = next_read(fd, bytes, length);
	end_of(fate);
	return count;
}

/* What read becomes where _FORTIFY_SOURCE is on. */
ssize_t __read_chk(int fd, void *bytes, size_t length, size_t room);

ssize_t __read_chk(int fd, void *bytes, size_t length, size_t room)
{
	if (length > room)
		abort();
	return read(fd, bytes, length);
}

ssize_t readv(int fd, const struct iovec *pieces, int count)
{
	NEXT(ssize_t, readv, int, const struct iovec *, int)
	struct watched *watched = watched_of(fd);
	struct fate fate = {false, false};

	if (watched != NULL)
		fate = fate_of(KIND_READ, watched->path);
	if (fate.fails)
		return -1;
	end_of(fate);
	return next_readv(fd, pieces, count);
}

#define PREAD(name)                                                                                                    \
	ssize_t name(int fd, void *bytes, size_t length, off_t offset)                                                 \
	{                                                                                                              \
		struct watched *watched = watched_of(fd);                                                              \
		struct fate fate = {false, false};                                                                     \
                                                                                                                       \
		if (watched != NULL)                                                                                   \
			fate = fate_of_bytes(KIND_READ, watched->path, &length);                                       \
		if (fate.fails)                                                                                        \
			return -1;                                                                                     \
		end_of(fate);                                                                                          \
		return plain_pread(fd, bytes, length, offset);                                                         \
	}

PREAD(pread)
PREAD(pread64)

#define MMAP(name)                                                                                                     \
	void *name(void *address, size_t length, int protection, int flags, int fd, off_t offset)                      \
	{                                                                                                              \
		NEXT(void *, name, void *, size_t, int, int, int, off_t)                                               \
		struct watched *watched = watched_of(fd);                                                              \
                                                                                                                       \
		if (watched != NULL && fate_of(KIND_MAP, watched->path).fails)                                         \
			return MAP_FAILED;                                                                             \
		return next_##name(address, length, protection, flags, fd, offset);                                    \
	}

MMAP(mmap)
MMAP(mmap64)

/* ---- Syncs ----------------------------------------------------------------------------------------------------------
 */

/* What a kernel may do whose disk does not take the pages: forgets them. */
static void lose_unsynced(int fd, struct watched *watched)
{
	struct stat status;
	int error = errno;
	char *zeros;

	if (watched->is_directory || fstat(fd, &status) != 0 || status.st_size <= watched->synced)
		return;
	zeros = calloc(1, (size_t)(status.st_size - watched->synced));
	/* Appending descriptors write at the end whatever the offset says. */
	if (watched->is_appending)
		fcntl(fd, F_SETFL, fcntl(fd, F_GETFL) & ~O_APPEND);
	if (zeros == NULL || plain_pwrite(fd, zeros, (size_t)(status.st_size - watched->synced), watched->synced) < 0)
		abort();
	if (watched->is_appending)
		fcntl(fd, F_SETFL, fcntl(fd, F_GETFL) | O_APPEND);
	free(zeros);
	errno = error;
}

/* Another number for each sync, also in a forked child. */
static uint32_t next_sync(void)
{
	return (uint32_t)getpid() << 16 | (++syncs & 0xffff);
}

static int sync_watched(int fd, struct watched *watched, int (*next)(int fd))
{
	enum kind kind = watched->is_directory ? KIND_SYNC_DIRECTORY : KIND_SYNC;
	struct record record_begin = {.kind = KIND_SYNC_BEGINS, .inode = watched->inode, .sync = next_sync()};
	struct record record_end = {.kind = kind, .inode = watched->inode, .sync = record_begin.sync};
	struct fate fate = fate_of(kind, watched->path);
	struct stat status;
	int result;

	if (fate.fails) {
		if (control->action == ACTION_LOSE)
			lose_unsynced(fd, watched);
		return -1;
	}
	if (!watched->is_directory)
		record_unseen(fd, watched);
	record(record_begin, watched->path, NULL, NULL);
	if (fstat(fd, &status) != 0)
		abort();
	result = next(fd);
	if (result == 0) {
		watched->synced = status.st_size;
		record(record_end, watched->path, NULL, NULL);
	}
	end_of(fate);
	return result;
}

#define SYNC(name)                                                                                                     \
	int name(int fd)                                                                                               \
	{                                                                                                              \
		NEXT(int, name, int)                                                                                   \
		struct watched *watched = watched_of(fd);                                                              \
                                                                                                                       \
		return watched == NULL ? next_##name(fd) : sync_watched(fd, watched, next_##name);                     \
	}

SYNC(fsync)
SYNC(fdatasync)

/* ---- Names ----------------------------------------------------------------------------------------------------------
 */

static int rename_watched(int from_at, const char *from, int to_at, const char *to)
{
	NEXT(int, renameat, int, const char *, int, const char *)
	char from_buffer[PATH_MAX], to_buffer[PATH_MAX];
	const char *from_inside = path_inside(from_at, from, from_buffer);
	const char *to_inside = path_inside(to_at, to, to_buffer);
	struct fate fate;
	int result;

	if (from_inside == NULL || to_inside == NULL)
		return next_renameat(from_at, from, to_at, to);
	fate = fate_of(KIND_RENAME, to_inside);
	if (fate.fails)
		return -1;
	result = next_renameat(from_at, from, to_at, to);
	if (result == 0)
		record_path(KIND_RENAME, from_inside, to_inside);
	end_of(fate);
	return result;
}

int rename(const char *from, const char *to)
{
	return rename_watched(AT_FDCWD, from, AT_FDCWD, to);
}

int renameat(int from_at, const char *from, int to_at, const char *to)
{
	return rename_watched(from_at, from, to_at, to);
}

static int unlink_watched(int at, const char *path, int flags)
{
	NEXT(int, unlinkat, int, const char *, int)
	char buffer[PATH_MAX];
	const char *inside = path_inside(at, path, buffer);
	struct fate fate;
	int result;

	if (inside == NULL)
		return next_unlinkat(at, path, flags);
	fate = fate_of(KIND_UNLINK, inside);
	if (fate.fails)
		return -1;
	result = next_unlinkat(at, path, flags);
	if (result == 0)
		record_path(KIND_UNLINK, inside, NULL);
	end_of(fate);
	return result;
}

int unlink(const char *path)
{
	return unlink_watched(AT_FDCWD, path, 0);
}

int unlinkat(int at, const char *path, int flags)
{
	return unlink_watched(at, path, flags);
}

static int mkdir_watched(int at, const char *path, mode_t mode)
{
	NEXT(int, mkdirat, int, const char *, mode_t)
	char buffer[PATH_MAX];
	const char *inside = path_inside(at, path, buffer);
	struct fate fate;
	int result;

	if (inside == NULL)
		return next_mkdirat(at, path, mode);
	fate = fate_of(KIND_MKDIR, inside);
	if (fate.fails)
		return -1;
	result = next_mkdirat(at, path, mode);
	if (result == 0)
		record_path(KIND_MKDIR, inside, NULL);
	end_of(fate);
	return result;
}

int mkdir(const char *path, mode_t mode)
{
	return mkdir_watched(AT_FDCWD, path, mode);
}

int mkdirat(int at, const char *path, mode_t mode)
{
	return mkdir_watched(at, path, mode);
}

static int truncate_watched(int fd, struct watched *watched, off_t size, int (*next)(int fd, off_t size))
{
	struct record cut = {.kind = KIND_TRUNCATE, .inode = watched->inode, .offset = (uint64_t)size};
	struct fate fate = fate_of(KIND_TRUNCATE, watched->path);
	int result;

	if (fate.fails)
		return -1;
	result = next(fd, size);
	if (result == 0) {
		watched->recorded = size;
		if (watched->synced > size)
			watched->synced = size;
		record(cut, watched->path, NULL, NULL);
	}
	end_of(fate);
	return result;
}

#define FTRUNCATE(name)                                                                                                \
	int name(int fd, off_t size)                                                                                   \
	{                                                                                                              \
		NEXT(int, name, int, off_t)                                                                            \
		struct watched *watched = watched_of(fd);                                                              \
                                                                                                                       \
		return watched == NULL ? next_##name(fd, size) : truncate_watched(fd, watched, size, next_##name);     \
	}

FTRUNCATE(ftruncate)
FTRUNCATE(ftruncate64)

/* By a descriptor, so that all that is said of it holds. */
static int truncate_path(const char *path, off_t size)
{
	int fd = open_watched(AT_FDCWD, path, O_WRONLY | O_CLOEXEC, 0);
	int result;

	if (fd < 0)
		return -1;
	result = ftruncate(fd, size);
	close(fd);
	return result;
}

int truncate(const char *path, off_t size)
{
	return truncate_path(path, size);
}

int truncate64(const char *path, off_t size)
{
	return truncate_path(path, size);
}

int flock(int fd, int operation)
{
	NEXT(int, flock, int, int)
	struct watched *watched = watched_of(fd);

	if (watched != NULL && fate_of(KIND_LOCK, watched->path).fails)
		return -1;
	return next_flock(fd, operation);
}
