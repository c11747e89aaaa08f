#include "server/dir_lock.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/log.h"
#include "persist/file.h"

void dir_lock_init(struct dir_lock *lock)
{
	*lock = (struct dir_lock){.fd = -1};
	uv_mutex_init(&lock->mutex);
}

static void tell(const char *dir, int result, int64_t holder, char *error)
{
	static const char advice[] = "--dir names another directory; --appendonly no --save \"\" keeps no data";

	if (result != -EWOULDBLOCK) {
		snprintf(error, DIR_LOCK_TEXT, "cannot lock the directory of the data: %s", file_error(result));
		log_event(LOG_WARNING, "cannot lock the directory of the data", LOG_TEXT_FIELD("dir", dir),
			  LOG_TEXT_FIELD("error", file_error(result)), LOG_TEXT_FIELD("advice", advice));
		return;
	}
	snprintf(error, DIR_LOCK_TEXT, "another daemon uses the directory of the data (pid %" PRId64 ")", holder);
	log_event(LOG_WARNING, "another daemon uses this directory", LOG_TEXT_FIELD("dir", dir), LOG_INT("pid", holder),
		  LOG_TEXT_FIELD("advice", advice));
}

/* Under the mutex. 0, or a negative errno. */
static int take(struct dir_lock *lock, const char *path, int64_t *holder)
{
	int fd;

	/* The system would refuse it to a second descriptor of the same process, too. */
	if (lock->fd >= 0 && file_is_at(lock->fd, path))
		return 0;
	fd = file_lock(path, holder);
	if (fd < 0)
		return fd;
	if (lock->fd >= 0)
		file_close(lock->fd);
	lock->fd = fd;
	return 0;
}

int dir_lock_take(struct dir_lock *lock, const char *dir, char *error)
{
	char *path = file_join(dir, "cubbyd.lock");
	int64_t holder = 0;
	int result = -ENOMEM;

	if (path != NULL) {
		uv_mutex_lock(&lock->mutex);
		result = take(lock, path, &holder);
		uv_mutex_unlock(&lock->mutex);
	}
	free(path);
	if (result != 0)
		tell(dir, result, holder, error);
	return result;
}

void dir_lock_free(struct dir_lock *lock)
{
	if (lock->fd >= 0)
		file_close(lock->fd);
	lock->fd = -1;
	uv_mutex_destroy(&lock->mutex);
}
