/*
 * The happy path: keys that a batch of commands changes gather in a list of the thread that runs it; at the end of the
 * batch every prefix's sessions are sent one message with those keys that begin with it. While nobody broadcasts no
 * shard has the consumer bit.
 */
#define HASH_NONFATAL_OOM 1

#include "session/broadcast.h"

#include <stdlib.h>
#include <string.h>
#include <uthash.h>

#include "base/lock.h"
#include "session/invalidation.h"
#include "session/observer.h"
#include "session/tracking.h"

/* A prefix that somebody is told the changes of. */
struct tracking_prefix {
	UT_hash_handle hh;
	struct session_handle **receivers; /* owned, a reference each */
	size_t count;
	size_t len;
	char name[];
};

/* Keys that changed, to be told together. */
struct changes {
	struct slice *keys; /* owned, each of them, too */
	size_t count;
	size_t cap;
};

enum { CHANGES_MAX = 1024 }; /* told at once, however long the batch */

static struct keyspace *broadcast_keyspace;
static struct lock broadcast_lock;
static struct tracking_prefix *prefixes;    /* under broadcast_lock */
static _Atomic uint64_t prefix_total;	    /* of them; changed under broadcast_lock, like the next */
static _Atomic uint64_t broadcasting_count; /* sessions in broadcasting mode */

static _Thread_local struct changes changed; /* by the runner */
static _Thread_local struct changes lost;    /* by themselves: expired, evicted */

void broadcast_init(struct keyspace *keyspace, bool locking)
{
	broadcast_keyspace = keyspace;
	lock_init(&broadcast_lock, locking);
}

uint64_t broadcast_prefixes(void)
{
	return atomic_load_explicit(&prefix_total, memory_order_relaxed);
}

/* --- changes ----------------------------------------------------------------------------------------------------- */

static int compare_slices(const void *left, const void *right)
{
	const struct slice *a = left;
	const struct slice *b = right;
	size_t len = a->len < b->len ? a->len : b->len;
	int order = len > 0 ? memcmp(a->data, b->data, len) : 0;

	if (order != 0)
		return order;
	return (a->len > b->len) - (a->len < b->len);
}

static bool begins_with(struct slice text, const struct tracking_prefix *prefix)
{
	return text.len >= prefix->len && (prefix->len == 0 || memcmp(text.data, prefix->name, prefix->len) == 0);
}

/* Tells the prefix's sessions of those of `count` keys that begin with it. `scratch` has room for as many. */
static void prefix_send(const struct tracking_prefix *prefix, const struct slice *keys, size_t count,
			const struct session *by, struct slice *scratch)
{
	struct invalidation message = {.keys = scratch, .by = by};

	for (size_t i = 0; i < count; i++) {
		if (begins_with(keys[i], prefix))
			scratch[message.count++] = keys[i];
	}
	for (size_t i = 0; i < prefix->count && message.count > 0; i++)
		invalidation_send(prefix->receivers[i], TRACKING_ON | TRACKING_BCAST, &message);
	invalidation_free(&message);
}

/* Tells of `count` keys, CHANGES_MAX at most, that `by` has changed. */
static void broadcast(const struct slice *keys, size_t count, const struct session *by)
{
	struct slice scratch[CHANGES_MAX];

	lock_take(&broadcast_lock);
	for (const struct tracking_prefix *prefix = prefixes; prefix != NULL; prefix = prefix->hh.next)
		prefix_send(prefix, keys, count, by, scratch);
	lock_release(&broadcast_lock);
}

/* Sorts the keys and drops those that are there twice. */
static void changes_sort(struct changes *changes)
{
	size_t kept = 0;

	qsort(changes->keys, changes->count, sizeof(*changes->keys), compare_slices);
	for (size_t i = 0; i < changes->count; i++) {
		if (kept > 0 && compare_slices(&changes->keys[kept - 1], &changes->keys[i]) == 0)
			free((char *)(uintptr_t)changes->keys[i].data);
		else
			changes->keys[kept++] = changes->keys[i];
	}
	changes->count = kept;
}

static void changes_send(struct changes *changes, const struct session *by)
{
	changes_sort(changes);
	broadcast(changes->keys, changes->count, by);
	for (size_t i = 0; i < changes->count; i++)
		free((char *)(uintptr_t)changes->keys[i].data);
	free(changes->keys);
	*changes = (struct changes){0};
}

/* Makes room for one key more. False when there is no memory. */
static bool changes_reserve(struct changes *changes)
{
	size_t cap = changes->cap == 0 ? 16 : 2 * changes->cap;
	struct slice *grown;

	if (changes->count < changes->cap)
		return true;
	grown = realloc(changes->keys, cap * sizeof(*grown));
	if (grown == NULL)
		return false;
	changes->keys = grown;
	changes->cap = cap;
	return true;
}

/* Keeps the key for the end of the batch. False when there is no memory. */
static bool changes_add(struct changes *changes, struct slice key)
{
	struct slice *place;
	char *copy;

	if (!changes_reserve(changes))
		return false;
	copy = malloc(key.len > 0 ? key.len : 1);
	if (copy == NULL)
		return false;
	if (key.len > 0)
		memcpy(copy, key.data, key.len);
	place = &changes->keys[changes->count++];
	place->data = copy;
	place->len = key.len;
	return true;
}

void broadcast_changed(const struct key *key, const struct session *runner, bool by_itself)
{
	struct changes *changes = by_itself ? &lost : &changed;
	const struct session *by = by_itself ? NULL : runner;

	if (runner == NULL || !changes_add(changes, key->name))
		broadcast(&key->name, 1, by);
	else if (changes->count == CHANGES_MAX)
		changes_send(changes, by);
}

void broadcast_flush(const struct session *runner)
{
	if (lost.count > 0)
		changes_send(&lost, NULL);
	if (changed.count > 0)
		changes_send(&changed, runner);
}

/* --- prefixes ---------------------------------------------------------------------------------------------------- */

/* The prefix, made if there is none. NULL when there is no memory. Under broadcast_lock, like all up to broadcast_join.
 */
static struct tracking_prefix *prefix_need(struct slice name)
{
	struct tracking_prefix *prefix;

	HASH_FIND(hh, prefixes, name.data, name.len, prefix);
	if (prefix != NULL)
		return prefix;
	prefix = calloc(1, sizeof(*prefix) + name.len);
	if (prefix == NULL)
		return NULL;
	prefix->len = name.len;
	if (name.len > 0)
		memcpy(prefix->name, name.data, name.len);
	HASH_ADD_KEYPTR(hh, prefixes, prefix->name, prefix->len, prefix);
	if (prefix->hh.tbl == NULL) {
		free(prefix);
		return NULL;
	}
	atomic_fetch_add_explicit(&prefix_total, 1, memory_order_relaxed);
	return prefix;
}

static void prefix_drop_unused(struct tracking_prefix *prefix)
{
	if (prefix->count > 0)
		return;
	HASH_DEL(prefixes, prefix);
	atomic_fetch_sub_explicit(&prefix_total, 1, memory_order_relaxed);
	free(prefix->receivers);
	free(prefix);
}

static bool prefix_add_receiver(struct tracking_prefix *prefix, struct session_handle *receiver)
{
	struct session_handle **grown =
		realloc(prefix->receivers, (prefix->count + 1) * sizeof(struct session_handle *));

	if (grown == NULL)
		return false;
	prefix->receivers = grown;
	prefix->receivers[prefix->count++] = session_handle_ref(receiver);
	return true;
}

static void prefix_remove_receiver(struct tracking_prefix *prefix, struct session_handle *receiver)
{
	for (size_t i = 0; i < prefix->count; i++) {
		if (prefix->receivers[i] != receiver)
			continue;
		prefix->receivers[i] = prefix->receivers[--prefix->count];
		session_handle_unref(receiver);
		break;
	}
	prefix_drop_unused(prefix);
}

/* The prefix's place in the session's list, which is sorted: where it is, or where it belongs. */
static size_t tracking_prefix_place(const struct tracking *tracking, const struct tracking_prefix *prefix)
{
	struct slice name = {prefix->name, prefix->len};
	size_t first = 0;
	size_t end = tracking->prefix_count;

	while (first < end) {
		size_t middle = first + (end - first) / 2;
		const struct tracking_prefix *there = tracking->prefixes[middle];

		if (compare_slices(&(struct slice){there->name, there->len}, &name) < 0)
			first = middle + 1;
		else
			end = middle;
	}
	return first;
}

/* Puts the prefix there; the list has room. */
static void tracking_put_prefix(struct tracking *tracking, size_t place, struct tracking_prefix *prefix)
{
	struct tracking_prefix **at = &tracking->prefixes[place];

	memmove(at + 1, at, (tracking->prefix_count - place) * sizeof(*at));
	*at = prefix;
	tracking->prefix_count++;
}

static bool tracking_add_prefix(struct tracking *tracking, struct slice name)
{
	struct tracking_prefix *prefix = prefix_need(name);
	struct tracking_prefix **grown;
	size_t place;
	bool good;

	if (prefix == NULL)
		return false;
	place = tracking_prefix_place(tracking, prefix);
	if (place < tracking->prefix_count && tracking->prefixes[place] == prefix)
		return true;
	grown = realloc(tracking->prefixes, (tracking->prefix_count + 1) * sizeof(struct tracking_prefix *));
	if (grown != NULL)
		tracking->prefixes = grown;
	good = grown != NULL && prefix_add_receiver(prefix, tracking->self);
	if (good)
		tracking_put_prefix(tracking, place, prefix);
	else
		prefix_drop_unused(prefix);
	return good;
}

static void tracking_drop_prefixes(struct tracking *tracking)
{
	for (size_t i = 0; i < tracking->prefix_count; i++)
		prefix_remove_receiver(tracking->prefixes[i], tracking->self);
	free(tracking->prefixes);
	tracking->prefixes = NULL;
	tracking->prefix_count = 0;
}

/* Gives every shard the bit, or takes it back. Shards are locked one at a time unless all are. */
static void want_broadcasts(bool wanted, bool locked)
{
	for (uint32_t shard = 0; shard < keyspace_shards(broadcast_keyspace); shard++) {
		if (!locked)
			keyspace_lock_shard(broadcast_keyspace, shard);
		if (wanted == (atomic_load_explicit(&broadcasting_count, memory_order_relaxed) >
			       0)) /* another may have come or gone meanwhile */
			keyspace_want_changes(broadcast_keyspace, shard, OBSERVER_BROADCAST, wanted);
		if (!locked)
			keyspace_unlock_shard(broadcast_keyspace, shard);
	}
}

static bool add_prefixes(struct tracking *tracking, const struct slice *names, size_t count)
{
	for (size_t i = 0; i < count; i++) {
		if (!tracking_add_prefix(tracking, names[i]))
			return false;
	}
	return true;
}

bool broadcast_join(struct tracking *tracking, const struct slice *names, size_t count)
{
	static const struct slice every = SLICE("");
	bool is_new = tracking->prefix_count == 0;
	bool good;

	lock_take(&broadcast_lock);
	good = count > 0 ? add_prefixes(tracking, names, count) : add_prefixes(tracking, &every, 1);
	if (good && is_new)
		atomic_fetch_add_explicit(&broadcasting_count, 1, memory_order_relaxed);
	else if (is_new)
		tracking_drop_prefixes(tracking);
	lock_release(&broadcast_lock);
	if (good)
		want_broadcasts(true, true);
	return good;
}

void broadcast_leave(struct tracking *tracking, bool locked)
{
	bool is_last;

	if (tracking->prefix_count == 0)
		return;
	lock_take(&broadcast_lock);
	tracking_drop_prefixes(tracking);
	is_last = atomic_fetch_sub_explicit(&broadcasting_count, 1, memory_order_relaxed) == 1;
	lock_release(&broadcast_lock);
	if (is_last)
		want_broadcasts(false, locked);
}

struct slice broadcast_prefix(const struct tracking *tracking, size_t index)
{
	if (index >= tracking->prefix_count)
		return (struct slice){NULL, 0};
	return (struct slice){tracking->prefixes[index]->name, tracking->prefixes[index]->len};
}
