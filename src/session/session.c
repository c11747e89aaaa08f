/*
 * A session enters its registry when it is made and leaves it when it is freed. In between only its worker changes it;
 * what others may read is atomic, or (the names, which are allocated) changed under the registry's lock.
 */
#include "session/session.h"

#include <stdlib.h>
#include <string.h>
#include <utlist.h>

#include "session/handle.h"
#include "session/postpone.h"
#include "session/registry.h"
#include "session/tracking.h"
#include "session/transaction.h"
#include "session/watch.h"

/* The id that was given out last, by any worker. */
static _Atomic uint64_t last_id;

void session_init(struct session *session, const struct session_ops *ops, struct session_registry *registry,
		  int64_t now_ms)
{
	memset(session, 0, sizeof(*session));
	session->ops = ops;
	session->id = atomic_fetch_add_explicit(&last_id, 1, memory_order_relaxed) + 1;
	session->registry = registry;
	session->created_ms = now_ms;
	atomic_init(&session->active_ms, now_ms);
	atomic_init(&session->protocol, 2);
	atomic_init(&session->queued, -1);

	lock_take(&registry->lock);
	DL_APPEND(registry->sessions, session);
	counter_add(&registry->count, 1);
	lock_release(&registry->lock);
}

void session_free(struct session *session)
{
	struct session_registry *registry = session->registry;

	pubsub_leave(session);
	transaction_discard(session);
	watch_forget(session, false);
	session_forget_postponed(session);

	lock_take(&registry->lock);
	DL_DELETE(registry->sessions, session);
	counter_set(&registry->count, counter_get(&registry->count) - 1);
	session_handle_clear(session);
	lock_release(&registry->lock);

	tracking_leave(session);

	free(session->name);
	free(session->lib_name);
	free(session->lib_ver);
}

void session_reset(struct session *session, bool authenticated)
{
	pubsub_leave(session);
	transaction_discard(session);
	watch_forget(session, false);
	tracking_disable(session, false);
	session_set_name(session, SLICE(""));
	atomic_store_explicit(&session->db, 0, memory_order_relaxed);
	atomic_store_explicit(&session->protocol, 2, memory_order_relaxed);
	session_unmark(session, SESSION_REPLY_OFF | SESSION_REPLY_SKIP | SESSION_REPLY_SKIP_NEXT | SESSION_NO_EVICT |
					SESSION_NO_TOUCH);
	if (authenticated)
		session_mark(session, SESSION_AUTHENTICATED);
	else
		session_unmark(session, SESSION_AUTHENTICATED);
}

void session_describe(struct session *session, struct session_peer *peer)
{
	lock_take(&session->registry->lock);
	session->ops->describe(session, peer);
	lock_release(&session->registry->lock);
}

static bool is_local(struct session *session)
{
	struct session_peer peer = {.fd = -1};

	session_describe(session, &peer);
	return peer.unix_socket || strncmp(peer.addr, "127.0.0.1:", strlen("127.0.0.1:")) == 0 ||
	       strncmp(peer.addr, "[::1]:", strlen("[::1]:")) == 0;
}

bool session_passes(struct session *session, const setting *guard)
{
	int64_t who = setting_get(guard);

	return who == SETTINGS_YES || (who == SETTINGS_LOCAL && is_local(session));
}

static uint64_t text_size(const char *text)
{
	return text != NULL ? strlen(text) + 1 : 0;
}

uint64_t session_footprint(const struct session *session)
{
	return text_size(session->name) + text_size(session->lib_name) + text_size(session->lib_ver) +
	       atomic_load_explicit(&session->queued_bytes, memory_order_relaxed) +
	       atomic_load_explicit(&session->postponed_bytes, memory_order_relaxed);
}

/* Puts a copy of `text` in the place of what `field` of the session holds. */
static bool text_replace(struct session *session, char **field, struct slice text)
{
	char *old = *field;
	char *copy = NULL;

	if (text.len > 0) {
		copy = strndup(text.data, text.len);
		if (copy == NULL)
			return false;
	}
	lock_take(&session->registry->lock);
	*field = copy;
	lock_release(&session->registry->lock);
	free(old);
	return true;
}

bool session_set_name(struct session *session, struct slice text)
{
	return text_replace(session, &session->name, text);
}

bool session_set_lib_name(struct session *session, struct slice text)
{
	return text_replace(session, &session->lib_name, text);
}

bool session_set_lib_ver(struct session *session, struct slice text)
{
	return text_replace(session, &session->lib_ver, text);
}
