/* Counting is relaxed on the way up, and acquire and release on the way down, as for blocks: ThreadSanitizer knows no
 * fences. */
#include "session/handle.h"

#include <stdlib.h>

#include "session/session.h"

/* Two threads may both make one: the first to put it in place has made the session's. */
static struct session_handle *handle_make(struct session *session)
{
	struct session_handle *none = NULL;
	struct session_handle *made = malloc(sizeof(*made));

	if (made == NULL)
		return NULL;
	*made = (struct session_handle){.session = session, .id = session->id};
	atomic_init(&made->refs, 1); /* the session's */
	lock_init(&made->lock, true);
	if (atomic_compare_exchange_strong(&session->handle, &none, made))
		return made;
	free(made);
	return none;
}

struct session_handle *session_handle(struct session *session)
{
	struct session_handle *handle = atomic_load(&session->handle);

	if (handle == NULL)
		handle = handle_make(session);
	return handle != NULL ? session_handle_ref(handle) : NULL;
}

struct session_handle *session_handle_ref(struct session_handle *handle)
{
	atomic_fetch_add_explicit(&handle->refs, 1, memory_order_relaxed);
	return handle;
}

void session_handle_unref(struct session_handle *handle)
{
	if (handle == NULL || atomic_fetch_sub_explicit(&handle->refs, 1, memory_order_acq_rel) != 1)
		return;
	free(handle);
}

void session_handle_clear(struct session *session)
{
	struct session_handle *handle = atomic_load(&session->handle);

	if (handle == NULL)
		return;
	lock_take(&handle->lock);
	handle->session = NULL;
	lock_release(&handle->lock);
	atomic_store(&session->handle, NULL);
	session_handle_unref(handle);
}
