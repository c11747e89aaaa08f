/*
 * Operations on files, as persistence needs them: whatever it does to a disk goes through here.
 *
 * Every function returns an error as a negative errno value (-ENOSPC), which file_error() puts into words, and 0 or
 * what it was asked for otherwise. None is interrupted by signals or stops half way without saying so. They block for
 * as long as the disk takes, so no worker's loop may call one. All may be called on any thread.
 *
 * What survives a power cut: bytes after file_sync(); a new name, a rename or a removal after file_sync_directory().
 */
#ifndef CUBBY_PERSIST_FILE_H
#define CUBBY_PERSIST_FILE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/uio.h>

#include "base/buffer.h"

/* "No space left on device" for -ENOSPC. Valid until the thread's next call. */
const char *file_error(int error);

/* "directory/name", or the name alone when the directory is "" or the name begins with a slash. NULL when there is no
 * memory; the caller frees it. */
char *file_join(const char *directory, const char *name);

/* --- descriptors ------------------------------------------------------------------------------------------------- */

/* open(2) with these flags; a new file can be written by its owner and read by all, as far as the umask lets it.
 * Returns the descriptor, which no child process inherits. With O_CREAT -ELOOP when a symbolic link is at `path`. */
int file_open(const char *path, int flags);

/* Closes the descriptor, with any result. An error says that bytes written before may be lost. */
int file_close(int fd);

/* Writes all. *written (may be NULL) is how many bytes are in the file, also when the rest could not be written. */
int file_write(int fd, const void *bytes, size_t len, size_t *written);

/* The same for bytes in pieces, however many. */
int file_write_pieces(int fd, const struct iovec *pieces, size_t count, size_t *written);

/* Reads `len` bytes, fewer only at the end of the file. Returns how many. */
int64_t file_read(int fd, void *bytes, size_t len);

/* The bytes that were written, and the file's size, are on the disk now. After an error nobody knows what of the bytes
 * since the last success is; trying again proves nothing (Linux has dropped them and reports success). */
int file_sync(int fd);

/* Has the system begin to write `len` bytes from `from` on to the disk, so that file_sync() finds less to do. Not
 * waited for, and errors are left to file_sync(). */
void file_write_back(int fd, int64_t from, int64_t len);

/* Cuts the file, or lengthens it with zeros. */
int file_truncate(int fd, int64_t len);

/* Its size in bytes. */
int64_t file_size(int fd);

/* --- names ------------------------------------------------------------------------------------------------------- */

/* The size in bytes of the file at `path`; -ENOENT when there is none. */
int64_t file_size_at(const char *path);

/* Whether the file that is open as `fd` can be found at `path`: false when nothing is there, or another file. When it
 * cannot be told, it is taken to be there. */
bool file_is_at(int fd, const char *path);

/* Whether a directory is at `path`. */
bool file_is_directory(const char *path);

/* Whether an ordinary file is at `path`: anything else (a pipe, a device) may never be read to an end, nor opened. */
bool file_is_regular(const char *path);

/* Makes a directory; that it is there already is no error. Its name is synced by its parent's file_sync_directory(). */
int file_make_directory(const char *path);

int file_rename(const char *from, const char *to);

int file_remove(const char *path);

/* The names in the directory are on the disk now. */
int file_sync_directory(const char *path);

/* ... in the directory that this file is in. */
int file_sync_parent(const char *path);

/* Appends the whole of an ordinary file to `out`; -EFBIG when it has more than `max` bytes. With an error `out` is as
 * it was. */
int file_read_all(const char *path, size_t max, struct buffer *out);

/* Puts a file with these bytes at `path`, on the disk, so that whatever happens the old one or the new one is there,
 * whole: written as `temp` in the same directory, synced, renamed, the directory synced. After an error `temp` is gone,
 * and `path` is the old one, or the new one that a power cut may take away again. */
int file_replace(const char *path, const char *temp, struct slice bytes);

/* --- the lock ---------------------------------------------------------------------------------------------------- */

/* Opens (makes) the file at `path`, locks it for this process and writes the process's id into it. Returns the
 * descriptor: the lock lasts until that is closed, or the process ends in whatever way. -EWOULDBLOCK when another
 * process has the lock; *holder (may be NULL) is then its id, or 0. The file stays: to remove it would let two
 * processes lock two files of the same name. */
int file_lock(const char *path, int64_t *holder);

#endif
