#include "persist/aof_sync.h"

#include "base/platform.h"
#include "persist/file.h"

/* Waits for a sync to make; false when it is time to end. */
static bool sync_next(struct aof_sync *sync, int *fd)
{
	bool wanted;

	uv_mutex_lock(&sync->mutex);
	while (sync->state != AOF_SYNC_RUNS && !sync->stop)
		uv_cond_wait(&sync->changed, &sync->mutex);
	wanted = sync->state == AOF_SYNC_RUNS;
	*fd = sync->fd;
	uv_mutex_unlock(&sync->mutex);
	return wanted;
}

static void sync_end(struct aof_sync *sync, int result)
{
	uv_mutex_lock(&sync->mutex);
	sync->result = result;
	sync->state = AOF_SYNC_ENDED;
	uv_cond_broadcast(&sync->changed);
	uv_mutex_unlock(&sync->mutex);
	sync->on_end(sync->arg);
}

static void sync_main(void *arg)
{
	struct aof_sync *sync = arg;
	int fd;

	platform_name_thread("aof-sync");
	while (sync_next(sync, &fd))
		sync_end(sync, file_sync(fd));
}

int aof_sync_start(struct aof_sync *sync, void (*on_end)(void *arg), void *arg)
{
	int result;

	*sync = (struct aof_sync){.on_end = on_end, .arg = arg};
	uv_mutex_init(&sync->mutex);
	uv_cond_init(&sync->changed);
	result = uv_thread_create(&sync->thread, sync_main, sync);
	if (result != 0) {
		uv_cond_destroy(&sync->changed);
		uv_mutex_destroy(&sync->mutex);
	}
	return result;
}

void aof_sync_stop(struct aof_sync *sync)
{
	uv_mutex_lock(&sync->mutex);
	sync->stop = true;
	uv_cond_broadcast(&sync->changed);
	uv_mutex_unlock(&sync->mutex);
	uv_thread_join(&sync->thread);
	uv_cond_destroy(&sync->changed);
	uv_mutex_destroy(&sync->mutex);
}

void aof_sync_begin(struct aof_sync *sync, int fd, uint64_t position)
{
	uv_mutex_lock(&sync->mutex);
	sync->fd = fd;
	sync->position = position;
	sync->state = AOF_SYNC_RUNS;
	uv_cond_broadcast(&sync->changed);
	uv_mutex_unlock(&sync->mutex);
}

bool aof_sync_take(struct aof_sync *sync, uint64_t *position, int *result)
{
	bool ended;

	uv_mutex_lock(&sync->mutex);
	ended = sync->state == AOF_SYNC_ENDED;
	if (ended) {
		*position = sync->position;
		*result = sync->result;
		sync->state = AOF_SYNC_IDLE;
	}
	uv_mutex_unlock(&sync->mutex);
	return ended;
}

bool aof_sync_is_busy(struct aof_sync *sync)
{
	bool busy;

	uv_mutex_lock(&sync->mutex);
	busy = sync->state != AOF_SYNC_IDLE;
	uv_mutex_unlock(&sync->mutex);
	return busy;
}

void aof_sync_wait(struct aof_sync *sync)
{
	uv_mutex_lock(&sync->mutex);
	while (sync->state == AOF_SYNC_RUNS)
		uv_cond_wait(&sync->changed, &sync->mutex);
	uv_mutex_unlock(&sync->mutex);
}
