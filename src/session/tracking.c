/*
 * The happy path of the default mode: a session reads a key, and its handle is put behind the key in the table of the
 * key's shard. Somebody changes the key: the observer finds it in the table, each handle's session is sent "invalidate"
 * and the key is taken out. While a shard's table is empty the shard does not have the consumer bit, and changes in it
 * cost nothing.
 *
 * The happy path of broadcasting: keys that a batch of commands changes gather in a list of the thread that runs it; at
 * the end of the batch every prefix's sessions are sent one message with those keys that begin with it.
 *
 * Locks, in the order in which they are taken: shards, broadcast_lock, a handle's. Without memory for a message its
 * receiver is killed: it is not to go on with a stale copy.
 */
#define HASH_NONFATAL_OOM 1

#include "session/tracking.h"

#include <stdlib.h>
#include <string.h>
#include <uthash.h>
#include <utlist.h>

#include "base/settings.h"
#include "resp/reply.h"
#include "session/observer.h"
#include "session/session.h"

/* A key that somebody has read. */
struct tracked_key {
	UT_hash_handle hh;
	uint32_t hash;
	uint32_t count;			 /* of readers */
	uint32_t cap;			 /* there is room for */
	uint32_t len;			 /* of the name */
	struct session_handle **readers; /* owned, a reference each; by ascending id */
	char name[];
};

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

/* A message: some keys, or all there are. */
struct invalidation {
	const struct slice *keys;
	size_t count;
	bool all;
	const struct session *by; /* whose doing it is, of which NOLOOP spares it; NULL: nobody's */
	struct block *encoded[2]; /* RESP2, RESP3; NULL: not needed yet */
};

static struct tracked_key **tables; /* one for each shard, under its lock */
static struct keyspace *tracked_keyspace;

static struct lock broadcast_lock;
static struct tracking_prefix *prefixes;       /* under broadcast_lock */
static struct tracking *enabled;	       /* under broadcast_lock */
static _Atomic uint64_t enabled_count;	       /* changed under broadcast_lock, like the two that follow */
static _Atomic uint64_t prefix_total;	       /* different prefixes */
static _Atomic uint64_t broadcasting_count;    /* sessions in broadcasting mode */
static _Atomic uint64_t key_total, item_total; /* in the tables */

static _Thread_local const struct session *runner;
static _Thread_local struct changes changed; /* by the runner */
static _Thread_local struct changes lost;    /* by themselves: expired, evicted */

bool tracking_init(struct keyspace *keyspace, bool locking)
{
	tracked_keyspace = keyspace;
	lock_init(&broadcast_lock, locking);
	tables = calloc(keyspace_shards(keyspace), sizeof(struct tracked_key *));
	return tables != NULL;
}

static uint64_t total_get(_Atomic uint64_t *total)
{
	return atomic_load_explicit(total, memory_order_relaxed);
}

static void total_add(_Atomic uint64_t *total, uint64_t amount)
{
	atomic_fetch_add_explicit(total, amount, memory_order_relaxed);
}

static void total_take(_Atomic uint64_t *total, uint64_t amount)
{
	atomic_fetch_sub_explicit(total, amount, memory_order_relaxed);
}

/* Acquire: another thread may have made it. */
static struct tracking *tracking_of(const struct session *session)
{
	return atomic_load_explicit(&session->tracking, memory_order_acquire);
}

uint32_t tracking_flags(const struct session *session)
{
	const struct tracking *tracking = tracking_of(session);

	return tracking != NULL ? atomic_load_explicit(&tracking->flags, memory_order_relaxed) : 0;
}

/* --- messages ---------------------------------------------------------------------------------------------------- */

static void keys_write(const struct invalidation *message, struct reply *reply)
{
	if (message->all) {
		reply_null(reply);
		return;
	}
	reply_array(reply, message->count);
	for (size_t i = 0; i < message->count; i++)
		reply_bulk(reply, message->keys[i]);
}

/* To a session that speaks RESP2 it looks like a message on a channel. */
static void message_write(const struct invalidation *message, struct reply *reply)
{
	if (reply->protocol >= 3) {
		reply_push(reply, 2);
		reply_bulk_text(reply, "invalidate");
	} else {
		reply_array(reply, 3);
		reply_bulk_text(reply, "message");
		reply_bulk_text(reply, "__redis__:invalidate");
	}
	keys_write(message, reply);
}

static struct block *message_encoded(struct invalidation *message, uint8_t protocol)
{
	struct block **encoded = &message->encoded[protocol >= 3];
	struct reply reply = {.protocol = protocol};

	if (*encoded == NULL) {
		message_write(message, &reply);
		*encoded = reply_to_block(&reply);
	}
	return *encoded;
}

static void message_free(struct invalidation *message)
{
	block_unref(message->encoded[0]);
	block_unref(message->encoded[1]);
}

static void push(struct session *session, struct block *block)
{
	if (block != NULL)
		session->ops->push(session, block);
	else
		session->ops->kill(session);
}

/* RESP2 has no place for a message that was not asked for, but among those of channels. */
static bool can_receive(const struct session *session, bool redirected)
{
	return session_protocol(session) >= 3 || (redirected && session_has(session, SESSION_SUBSCRIBED));
}

/* Whether the session still has its messages sent there. Under its handle's lock. */
static bool redirects_to(const struct session *session, const struct session_handle *target)
{
	const struct tracking *tracking = tracking_of(session);

	return tracking != NULL && tracking->target == target;
}

/* Tells a session that nobody receives its invalidations any more; it may have chosen another target meanwhile. */
static void push_broken(struct session_handle *reader, const struct session_handle *target)
{
	struct reply reply = {.protocol = 3};
	struct block *block;

	reply_push(&reply, 2);
	reply_bulk_text(&reply, "tracking-redir-broken");
	reply_int(&reply, (int64_t)target->id);
	block = reply_to_block(&reply);
	lock_take(&reader->lock);
	if (reader->session != NULL && redirects_to(reader->session, target)) {
		atomic_fetch_or_explicit(&tracking_of(reader->session)->flags, TRACKING_BROKEN, memory_order_relaxed);
		if (session_protocol(reader->session) >= 3)
			push(reader->session, block);
	}
	lock_release(&reader->lock);
	block_unref(block);
}

static void send_redirected(struct session_handle *reader, struct session_handle *target, struct invalidation *message)
{
	bool broken;

	lock_take(&target->lock);
	broken = target->session == NULL;
	if (!broken && can_receive(target->session, true))
		push(target->session, message_encoded(message, session_protocol(target->session)));
	lock_release(&target->lock);
	if (broken)
		push_broken(reader, target);
}

/* Sends to a session, or to where it has its messages sent, provided that it is (still) in the given mode: TRACKING_ON
 * alone is the default one. Of both it takes one lock at a time: two may redirect to each other. */
static void send(struct session_handle *reader, uint32_t mode, struct invalidation *message)
{
	struct session_handle *target = NULL;
	uint32_t flags;

	lock_take(&reader->lock);
	flags = reader->session != NULL ? tracking_flags(reader->session) : 0;
	if ((flags & (TRACKING_ON | TRACKING_BCAST)) == mode &&
	    !((flags & TRACKING_NOLOOP) != 0 && message->by == reader->session)) {
		if (tracking_of(reader->session)->target != NULL)
			target = session_handle_ref(tracking_of(reader->session)->target);
		else if (can_receive(reader->session, false))
			push(reader->session, message_encoded(message, 3));
	}
	lock_release(&reader->lock);
	if (target != NULL)
		send_redirected(reader, target, message);
	session_handle_unref(target);
}

/* --- the default mode: who has read what ------------------------------------------------------------------------- */

static struct tracked_key *key_find(const struct key *key)
{
	struct tracked_key *found;

	HASH_FIND_BYHASHVALUE(hh, tables[key->shard], key->name.data, key->name.len, key->hash, found);
	return found;
}

/* NULL when there is no memory. */
static struct tracked_key *key_add(const struct key *key)
{
	struct tracked_key *added = malloc(sizeof(*added) + key->name.len);

	if (added == NULL)
		return NULL;
	*added = (struct tracked_key){.hash = key->hash, .len = (uint32_t)key->name.len};
	if (key->name.len > 0)
		memcpy(added->name, key->name.data, key->name.len);
	HASH_ADD_KEYPTR_BYHASHVALUE(hh, tables[key->shard], added->name, added->len, added->hash, added);
	if (added->hh.tbl == NULL) {
		free(added);
		return NULL;
	}
	total_add(&key_total, 1);
	keyspace_want_changes(tracked_keyspace, key->shard, OBSERVER_TRACKING, true);
	return added;
}

static void key_remove(struct tracked_key *key, uint32_t shard)
{
	HASH_DEL(tables[shard], key);
	if (tables[shard] == NULL)
		keyspace_want_changes(tracked_keyspace, shard, OBSERVER_TRACKING, false);
	total_take(&key_total, 1);
	total_take(&item_total, key->count);
	for (uint32_t i = 0; i < key->count; i++)
		session_handle_unref(key->readers[i]);
	free(key->readers);
	free(key);
}

static bool reader_is_gone(struct session_handle *reader)
{
	bool gone;

	lock_take(&reader->lock);
	gone = reader->session == NULL;
	lock_release(&reader->lock);
	return gone;
}

/* Drops the readers that have ended. */
static void readers_prune(struct tracked_key *key)
{
	uint32_t kept = 0;

	for (uint32_t i = 0; i < key->count; i++) {
		if (reader_is_gone(key->readers[i]))
			session_handle_unref(key->readers[i]);
		else
			key->readers[kept++] = key->readers[i];
	}
	total_take(&item_total, key->count - kept);
	key->count = kept;
}

/* Makes room for one more. False when there is no memory. */
static bool readers_reserve(struct tracked_key *key)
{
	uint32_t cap = key->cap == 0 ? 1 : 2 * key->cap;
	struct session_handle **grown;

	if (key->count == key->cap)
		readers_prune(key);
	if (key->count < key->cap)
		return true;
	grown = realloc(key->readers, cap * sizeof(struct session_handle *));
	if (grown == NULL)
		return false;
	key->readers = grown;
	key->cap = cap;
	return true;
}

/* Where the reader with this id is, or would be. */
static uint32_t reader_place(const struct tracked_key *key, uint64_t id)
{
	uint32_t low = 0;
	uint32_t high = key->count;

	while (low < high) {
		uint32_t middle = low + (high - low) / 2;

		if (key->readers[middle]->id < id)
			low = middle + 1;
		else
			high = middle;
	}
	return low;
}

/* Puts the session among the key's readers. False when there is no memory. */
static bool reader_add(struct tracked_key *key, struct session_handle *reader)
{
	uint32_t place = reader_place(key, reader->id);

	if (place < key->count && key->readers[place] == reader)
		return true;
	if (!readers_reserve(key))
		return false;
	place = reader_place(key, reader->id); /* some may have been dropped */
	memmove(&key->readers[place + 1], &key->readers[place], (key->count - place) * sizeof(struct session_handle *));
	key->readers[place] = session_handle_ref(reader);
	key->count++;
	total_add(&item_total, 1);
	return true;
}

/* Tells the key's readers, and forgets it. */
static void key_invalidate(struct tracked_key *key, uint32_t shard, const struct session *by)
{
	struct slice name = {key->name, key->len};
	struct invalidation message = {.keys = &name, .count = 1, .by = by};

	for (uint32_t i = 0; i < key->count; i++)
		send(key->readers[i], TRACKING_ON, &message);
	message_free(&message);
	key_remove(key, shard);
}

/* Gives up the oldest keys of the shard while there are too many in all. That is nobody's doing: who has read one more
 * is told, too, NOLOOP or not, for it will not hear of that key's changes any more. */
static void table_trim(uint32_t shard)
{
	uint64_t most = (uint64_t)setting_get(&settings.tracking_table_max_keys);

	while (most != 0 && tables[shard] != NULL && total_get(&key_total) > most)
		key_invalidate(tables[shard], shard, NULL);
}

static bool mode_remembers(uint32_t flags)
{
	if ((flags & TRACKING_ON) == 0 || (flags & TRACKING_BCAST) != 0)
		return false;
	if ((flags & TRACKING_OPTIN) != 0)
		return (flags & TRACKING_CACHING) != 0;
	return (flags & TRACKING_OPTOUT) == 0 || (flags & TRACKING_CACHING) == 0;
}

void tracking_remember(struct session *session, const struct key *key)
{
	struct tracked_key *tracked;

	if (!mode_remembers(tracking_flags(session)))
		return;
	tracked = key_find(key);
	if (tracked == NULL)
		tracked = key_add(key);
	if (tracked == NULL || !reader_add(tracked, tracking_of(session)->self)) {
		session->ops->kill(session);
		return;
	}
	table_trim(key->shard);
}

void tracking_changed(const struct key *key, bool by_itself)
{
	struct tracked_key *tracked = key_find(key);

	if (tracked != NULL)
		key_invalidate(tracked, key->shard, by_itself ? NULL : runner);
}

/* --- broadcasting ------------------------------------------------------------------------------------------------ */

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
		send(prefix->receivers[i], TRACKING_ON | TRACKING_BCAST, &message);
	message_free(&message);
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

void tracking_broadcast(const struct key *key, bool by_itself)
{
	struct changes *changes = by_itself ? &lost : &changed;
	const struct session *by = by_itself ? NULL : runner;

	if (runner == NULL || !changes_add(changes, key->name))
		broadcast(&key->name, 1, by);
	else if (changes->count == CHANGES_MAX)
		changes_send(changes, by);
}

void tracking_run_by(const struct session *session)
{
	if (lost.count > 0)
		changes_send(&lost, NULL);
	if (changed.count > 0)
		changes_send(&changed, runner); /* by the session whose batch ends */
	runner = session;
}

/* --- prefixes ---------------------------------------------------------------------------------------------------- */

/* The prefix, made if there is none. NULL when there is no memory. Under broadcast_lock, like all that follows here. */
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
	total_add(&prefix_total, 1);
	return prefix;
}

static void prefix_drop_unused(struct tracking_prefix *prefix)
{
	if (prefix->count > 0)
		return;
	HASH_DEL(prefixes, prefix);
	total_take(&prefix_total, 1);
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
	for (uint32_t shard = 0; shard < keyspace_shards(tracked_keyspace); shard++) {
		if (!locked)
			keyspace_lock_shard(tracked_keyspace, shard);
		if (wanted == (total_get(&broadcasting_count) > 0)) /* another may have come or gone meanwhile */
			keyspace_want_changes(tracked_keyspace, shard, OBSERVER_BROADCAST, wanted);
		if (!locked)
			keyspace_unlock_shard(tracked_keyspace, shard);
	}
}

/* --- a session's tracking ---------------------------------------------------------------------------------------- */

/* NULL when there is no memory. */
static struct tracking *tracking_need(struct session *session)
{
	struct tracking *tracking = tracking_of(session);

	if (tracking != NULL)
		return tracking;
	tracking = calloc(1, sizeof(*tracking));
	if (tracking == NULL)
		return NULL;
	tracking->self = session_handle(session);
	if (tracking->self == NULL) {
		free(tracking);
		return NULL;
	}
	atomic_store_explicit(&session->tracking, tracking, memory_order_release);
	return tracking;
}

static bool add_prefixes(struct tracking *tracking, const struct tracking_options *options)
{
	static const struct slice every = SLICE("");
	const struct slice *names = options->prefix_count > 0 ? options->prefixes : &every;
	size_t count = options->prefix_count > 0 ? options->prefix_count : 1;

	for (size_t i = 0; i < count; i++) {
		if (!tracking_add_prefix(tracking, names[i]))
			return false;
	}
	return true;
}

/* From now on the session has this mode, and its messages go to `target`, whose reference is taken over. At once: who
 * finds that the old target has ended is not to mark the new one as broken. */
static void tracking_set(struct tracking *tracking, uint32_t flags, struct session_handle *target)
{
	struct session_handle *old;

	lock_take(&tracking->self->lock);
	old = tracking->target;
	tracking->target = target;
	atomic_store_explicit(&tracking->flags, flags, memory_order_relaxed);
	lock_release(&tracking->self->lock);
	session_handle_unref(old);
}

/* Enters it into the list of those that are on; in broadcasting mode with its prefixes. */
static bool tracking_enter(struct session *session, struct tracking *tracking, const struct tracking_options *options)
{
	bool was_on = session_has(session, SESSION_TRACKING);
	bool good = true;

	lock_take(&broadcast_lock);
	if ((options->flags & TRACKING_BCAST) != 0)
		good = add_prefixes(tracking, options);
	if (good && !was_on) {
		DL_APPEND(enabled, tracking);
		total_add(&enabled_count, 1);
		if ((options->flags & TRACKING_BCAST) != 0)
			total_add(&broadcasting_count, 1);
	} else if (!good && !was_on) {
		tracking_drop_prefixes(tracking);
	}
	lock_release(&broadcast_lock);
	return good;
}

bool tracking_enable(struct session *session, struct tracking_options *options)
{
	struct tracking *tracking = tracking_need(session);

	if (tracking == NULL || !tracking_enter(session, tracking, options)) {
		session_handle_unref(options->target);
		return false;
	}
	tracking_set(tracking, options->flags | TRACKING_ON, options->target);
	session_mark(session, SESSION_TRACKING);
	if ((options->flags & TRACKING_BCAST) != 0)
		want_broadcasts(true, true);
	return true;
}

void tracking_disable(struct session *session, bool locked)
{
	struct tracking *tracking = tracking_of(session);
	bool broadcasting = (tracking_flags(session) & TRACKING_BCAST) != 0;

	if (!session_has(session, SESSION_TRACKING))
		return;
	lock_take(&broadcast_lock);
	tracking_drop_prefixes(tracking);
	DL_DELETE(enabled, tracking);
	total_take(&enabled_count, 1);
	if (broadcasting)
		total_take(&broadcasting_count, 1);
	lock_release(&broadcast_lock);

	session_unmark(session, SESSION_TRACKING);
	tracking_set(tracking, 0, NULL);
	if (broadcasting && total_get(&broadcasting_count) == 0)
		want_broadcasts(false, locked);
}

void tracking_leave(struct session *session)
{
	struct tracking *tracking = tracking_of(session);

	if (tracking == NULL)
		return;
	tracking_disable(session, false);
	session_handle_unref(tracking->self);
	free(tracking);
}

int64_t tracking_redirect(const struct session *session)
{
	struct tracking *tracking = tracking_of(session);
	int64_t id;

	if ((tracking_flags(session) & TRACKING_ON) == 0)
		return -1;
	lock_take(&tracking->self->lock);
	id = tracking->target != NULL ? (int64_t)tracking->target->id : 0;
	lock_release(&tracking->self->lock);
	return id;
}

struct slice tracking_prefix(const struct session *session, size_t index)
{
	const struct tracking *tracking = tracking_of(session);

	if (tracking == NULL || index >= tracking->prefix_count)
		return (struct slice){NULL, 0};
	return (struct slice){tracking->prefixes[index]->name, tracking->prefixes[index]->len};
}

void tracking_caching(struct session *session)
{
	atomic_fetch_or_explicit(&tracking_of(session)->flags, TRACKING_CACHING, memory_order_relaxed);
}

void tracking_caching_over(struct session *session)
{
	if ((tracking_flags(session) & TRACKING_CACHING) != 0)
		atomic_fetch_and_explicit(&tracking_of(session)->flags, ~(uint32_t)TRACKING_CACHING,
					  memory_order_relaxed);
}

/* --- everything -------------------------------------------------------------------------------------------------- */

static void table_clear(uint32_t shard)
{
	while (tables[shard] != NULL)
		key_remove(tables[shard], shard);
}

void tracking_flushing(void)
{
	struct invalidation message = {.all = true};
	struct tracking *tracking;

	lock_take(&broadcast_lock);
	DL_FOREACH(enabled, tracking)
	{
		uint32_t flags = atomic_load_explicit(&tracking->flags, memory_order_relaxed);

		send(tracking->self, flags & (TRACKING_ON | TRACKING_BCAST), &message);
	}
	lock_release(&broadcast_lock);
	message_free(&message);
	for (uint32_t shard = 0; shard < keyspace_shards(tracked_keyspace); shard++)
		table_clear(shard);
}

void tracking_free(void)
{
	for (uint32_t shard = 0; tables != NULL && shard < keyspace_shards(tracked_keyspace); shard++)
		table_clear(shard);
	free(tables);
	tables = NULL;
}

struct tracking_figures tracking_figures(void)
{
	return (struct tracking_figures){
		.clients = total_get(&enabled_count),
		.keys = total_get(&key_total),
		.items = total_get(&item_total),
		.prefixes = total_get(&prefix_total),
	};
}
