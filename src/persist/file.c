/*
 * One thin function for each call of the system. Interrupted calls are made again, and reads and writes go on where
 * they stopped, until they are done or fail.
 */
#include "persist/file.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/number.h"
#include "base/platform.h"

enum {
	FILE_MODE = 0644,
	DIRECTORY_MODE = 0755,
	PIECES_AT_ONCE = 64,	 /* handed to writev() in one call; POSIX guarantees 16, Linux and macOS take 1,024 */
	BYTES_AT_ONCE = 1 << 30, /* read or written in one call: macOS refuses 2^31, Linux cuts them short */
};

/* The result of a call that returns -1 and sets errno. */
static int result_of(int result)
{
	return result < 0 ? -errno : result;
}

const char *file_error(int error)
{
	return strerror(error < 0 ? -error : error);
}

char *file_join(const char *directory, const char *name)
{
	size_t directory_len = *name == '/' ? 0 : strlen(directory);
	size_t name_len = strlen(name);
	char *path = malloc(directory_len + 1 + name_len + 1);
	char *at = path;

	if (path == NULL)
		return NULL;
	memcpy(at, directory, directory_len);
	at += directory_len;
	if (directory_len > 0 && at[-1] != '/')
		*at++ = '/';
	memcpy(at, name, name_len + 1);
	return path;
}

/* --- descriptors ------------------------------------------------------------------------------------------------- */

/* Who makes a file means one of its own: a link that somebody else has put there would have the bytes of whatever it
 * points to replaced. */
int file_open(const char *path, int flags)
{
	int fd;

	if ((flags & O_CREAT) != 0)
		flags |= O_NOFOLLOW;
	do
		fd = open(path, flags | O_CLOEXEC, FILE_MODE);
	while (fd < 0 && errno == EINTR);
	return result_of(fd);
}

/* Interrupted, the descriptor is closed on Linux and macOS, and its number may be somebody else's already. */
int file_close(int fd)
{
	int result = result_of(close(fd));

	return result == -EINTR ? 0 : result;
}

/* What one write(2) came to: bytes, or an error. A disk that takes nothing, and gives no reason, would be asked for
 * ever. */
static ssize_t write_result(ssize_t result)
{
	if (result < 0)
		return errno == EINTR ? 0 : -errno;
	return result == 0 ? -EIO : result;
}

int file_write(int fd, const void *bytes, size_t len, size_t *written)
{
	const char *at = bytes;
	size_t done = 0;
	ssize_t wrote = 0;

	while (done < len) {
		size_t rest = len - done;

		wrote = write_result(write(fd, at + done, rest < BYTES_AT_ONCE ? rest : BYTES_AT_ONCE));
		if (wrote < 0)
			break;
		done += (size_t)wrote;
	}
	if (written != NULL)
		*written = done;
	return wrote < 0 ? (int)wrote : 0;
}

/* Where in a row of pieces the next byte is. */
struct place {
	size_t piece;
	size_t offset; /* in that piece */
};

/* Goes past `len` bytes and any empty pieces behind them. */
static void place_advance(struct place *place, const struct iovec *pieces, size_t count, size_t len)
{
	while (place->piece < count) {
		size_t rest = pieces[place->piece].iov_len - place->offset;

		if (len < rest) {
			place->offset += len;
			return;
		}
		len -= rest;
		*place = (struct place){place->piece + 1, 0};
	}
}

/* Fills `batch` (PIECES_AT_ONCE) with what one call is to write; returns how many pieces that are. */
static int place_batch(struct place place, const struct iovec *pieces, size_t count, struct iovec *batch)
{
	size_t room = BYTES_AT_ONCE;
	int filled = 0;

	while (filled < PIECES_AT_ONCE && place.piece < count && room > 0) {
		const struct iovec *piece = &pieces[place.piece];
		size_t len = piece->iov_len - place.offset;

		if (len > room)
			len = room;
		batch[filled++] = (struct iovec){(char *)piece->iov_base + place.offset, len};
		room -= len;
		place = (struct place){place.piece + 1, 0};
	}
	return filled;
}

int file_write_pieces(int fd, const struct iovec *pieces, size_t count, size_t *written)
{
	struct iovec batch[PIECES_AT_ONCE];
	struct place place = {0};
	size_t done = 0;
	ssize_t wrote = 0;

	place_advance(&place, pieces, count, 0);
	while (place.piece < count) {
		wrote = write_result(writev(fd, batch, place_batch(place, pieces, count, batch)));
		if (wrote < 0)
			break;
		done += (size_t)wrote;
		place_advance(&place, pieces, count, (size_t)wrote);
	}
	if (written != NULL)
		*written = done;
	return wrote < 0 ? (int)wrote : 0;
}

int64_t file_read(int fd, void *bytes, size_t len)
{
	char *at = bytes;
	size_t done = 0;

	while (done < len) {
		size_t rest = len - done;
		ssize_t got = read(fd, at + done, rest < BYTES_AT_ONCE ? rest : BYTES_AT_ONCE);

		if (got == 0)
			break;
		if (got < 0 && errno != EINTR)
			return -errno;
		if (got > 0)
			done += (size_t)got;
	}
	return (int64_t)done;
}

int file_sync(int fd)
{
	int result;

	do
		result = platform_sync(fd);
	while (result < 0 && errno == EINTR);
	return result_of(result);
}

void file_write_back(int fd, int64_t from, int64_t len)
{
	platform_write_back(fd, from, len);
}

int file_truncate(int fd, int64_t len)
{
	int result;

	do
		result = ftruncate(fd, (off_t)len);
	while (result < 0 && errno == EINTR);
	return result_of(result);
}

int64_t file_size(int fd)
{
	struct stat status;

	return fstat(fd, &status) < 0 ? -errno : (int64_t)status.st_size;
}

/* --- names ------------------------------------------------------------------------------------------------------- */

int64_t file_size_at(const char *path)
{
	struct stat status;

	return stat(path, &status) < 0 ? -errno : (int64_t)status.st_size;
}

bool file_is_at(int fd, const char *path)
{
	struct stat open_one, found;

	if (fstat(fd, &open_one) < 0)
		return true;
	if (stat(path, &found) < 0)
		return errno != ENOENT && errno != ENOTDIR;
	return open_one.st_dev == found.st_dev && open_one.st_ino == found.st_ino;
}

bool file_is_directory(const char *path)
{
	struct stat status;

	return stat(path, &status) == 0 && S_ISDIR(status.st_mode);
}

bool file_is_regular(const char *path)
{
	struct stat status;

	return stat(path, &status) == 0 && S_ISREG(status.st_mode);
}

int file_make_directory(const char *path)
{
	int result = result_of(mkdir(path, DIRECTORY_MODE));

	return result == -EEXIST && file_is_directory(path) ? 0 : result;
}

int file_rename(const char *from, const char *to)
{
	return result_of(rename(from, to));
}

int file_remove(const char *path)
{
	return result_of(unlink(path));
}

/* Some file systems cannot sync a directory and say so with EINVAL or EBADF: they need not be asked. */
int file_sync_directory(const char *path)
{
	int fd = file_open(path, O_RDONLY | O_DIRECTORY);
	int result;

	if (fd < 0)
		return fd;
	do
		result = fsync(fd);
	while (result < 0 && errno == EINTR);
	result = result_of(result);
	file_close(fd);
	return result == -EINVAL || result == -EBADF ? 0 : result;
}

int file_sync_parent(const char *path)
{
	const char *slash = strrchr(path, '/');
	char *directory;
	int result;

	if (slash == NULL)
		return file_sync_directory(".");
	directory = strndup(path, slash == path ? 1 : (size_t)(slash - path));
	if (directory == NULL)
		return -ENOMEM;
	result = file_sync_directory(directory);
	free(directory);
	return result;
}

/* Appends what is left of an open file. */
static int read_rest(int fd, size_t max, struct buffer *out)
{
	int64_t size = file_size(fd);
	int64_t got;

	if (size < 0)
		return (int)size;
	if ((uint64_t)size > max)
		return -EFBIG;
	/* Not out->failed for good: the file is simply not read. */
	if (!buffer_reserve(out, (size_t)size)) {
		out->failed = false;
		return -ENOMEM;
	}
	got = file_read(fd, out->data + out->len, (size_t)size);
	if (got < 0)
		return (int)got;
	out->len += (size_t)got;
	return 0;
}

int file_read_all(const char *path, size_t max, struct buffer *out)
{
	int fd = file_open(path, O_RDONLY);
	int result;

	if (fd < 0)
		return fd;
	result = read_rest(fd, max, out);
	file_close(fd);
	return result;
}

/* A new file at `path` with these bytes on the disk. */
static int write_synced(const char *path, struct slice bytes)
{
	int fd = file_open(path, O_WRONLY | O_CREAT | O_TRUNC);
	int result, closed;

	if (fd < 0)
		return fd;
	result = file_write(fd, bytes.data, bytes.len, NULL);
	if (result == 0)
		result = file_sync(fd);
	closed = file_close(fd);
	return result < 0 ? result : closed;
}

int file_replace(const char *path, const char *temp, struct slice bytes)
{
	int result = write_synced(temp, bytes);

	if (result == 0)
		result = file_rename(temp, path);
	if (result < 0) {
		file_remove(temp);
		return result;
	}
	return file_sync_parent(path);
}

/* --- the lock ---------------------------------------------------------------------------------------------------- */

static int lock_now(int fd)
{
	int result;

	do
		result = flock(fd, LOCK_EX | LOCK_NB);
	while (result < 0 && errno == EINTR);
	return result_of(result);
}

/* The id that the file names, 0 when it names none. */
static int64_t read_holder(int fd)
{
	char text[NUMBER_INT64_TEXT];
	int64_t len = file_read(fd, text, sizeof(text));
	int64_t holder;

	if (len > 0 && text[len - 1] == '\n')
		len--;
	return len > 0 && number_parse_int64((struct slice){text, (size_t)len}, &holder) ? holder : 0;
}

/* The id only helps people: on a full disk the lock is good without it. */
static void write_holder(int fd)
{
	char text[NUMBER_INT64_TEXT + 1];
	size_t len = number_print_int64(text, (int64_t)getpid());

	text[len++] = '\n';
	if (file_truncate(fd, 0) == 0)
		file_write(fd, text, len, NULL);
}

int file_lock(const char *path, int64_t *holder)
{
	int fd = file_open(path, O_RDWR | O_CREAT);
	int result;

	if (holder != NULL)
		*holder = 0;
	if (fd < 0)
		return fd;
	result = lock_now(fd);
	if (result == 0) {
		write_holder(fd);
		return fd;
	}
	if (result == -EWOULDBLOCK && holder != NULL)
		*holder = read_holder(fd);
	file_close(fd);
	return result;
}
