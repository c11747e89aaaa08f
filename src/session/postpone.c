/* The copy is allocated for as long as it waits, so that a session pays a pointer for it. */
#include "session/postpone.h"

#include <stdlib.h>

static _Atomic uint64_t postponed_count;

bool session_postpone(struct session *session, struct resp_request *request)
{
	struct resp_request *copy = malloc(sizeof(*copy));
	size_t bytes;

	if (copy == NULL || !resp_request_copy(request, copy, &bytes)) {
		free(copy);
		return false;
	}
	session->postponed = copy;
	atomic_store_explicit(&session->postponed_bytes, sizeof(*copy) + bytes, memory_order_relaxed);
	atomic_fetch_add_explicit(&postponed_count, 1, memory_order_relaxed);
	return true;
}

struct resp_request session_take_postponed(struct session *session)
{
	struct resp_request request = *session->postponed;

	free(session->postponed);
	session->postponed = NULL;
	atomic_store_explicit(&session->postponed_bytes, 0, memory_order_relaxed);
	atomic_fetch_sub_explicit(&postponed_count, 1, memory_order_relaxed);
	return request;
}

void session_forget_postponed(struct session *session)
{
	struct resp_request request;

	if (session->postponed == NULL)
		return;
	request = session_take_postponed(session);
	resp_request_release(&request);
}

uint64_t session_postponed_count(void)
{
	return atomic_load_explicit(&postponed_count, memory_order_relaxed);
}
