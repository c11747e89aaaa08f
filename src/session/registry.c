/*
 * The registries of all workers form one list that is fixed at boot, so walking over it needs no lock; each registry's
 * own lock guards its sessions for as long as they are visited.
 */
#include "session/registry.h"

#include <utlist.h>

#include "session/handle.h"

/* The first worker's registry. Written at boot and at shutdown only, when one thread runs. */
static struct session_registry *registries;

void session_registry_init(struct session_registry *registry, bool locking)
{
	lock_init(&registry->lock, locking);
	registry->sessions = NULL;
	counter_set(&registry->count, 0);
	LL_APPEND(registries, registry);
}

void session_registry_free(struct session_registry *registry)
{
	LL_DELETE(registries, registry);
}

void session_registry_each(void (*visit)(struct session *session, void *arg), void *arg)
{
	struct session_registry *registry;
	struct session *session;

	LL_FOREACH(registries, registry)
	{
		lock_take(&registry->lock);
		DL_FOREACH(registry->sessions, session)
		{
			visit(session, arg);
		}
		lock_release(&registry->lock);
	}
}

struct search {
	uint64_t id;
	struct session_handle *found;
};

static void search_visit(struct session *session, void *arg)
{
	struct search *search = arg;

	if (session->id == search->id)
		search->found = session_handle(session);
}

struct session_handle *session_registry_handle(uint64_t id)
{
	struct search search = {.id = id};

	session_registry_each(search_visit, &search);
	return search.found;
}

size_t session_registry_count(void)
{
	struct session_registry *registry;
	size_t count = 0;

	LL_FOREACH(registries, registry)
	{
		count += (size_t)counter_get(&registry->count);
	}
	return count;
}
