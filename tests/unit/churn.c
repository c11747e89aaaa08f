#include "churn.h"

#include <check.h>
#include <stdio.h>
#include <string.h>

enum { NAME_MAX_LEN = 32, VALUE_MAX_LEN = 6000 };

static uint64_t draw(struct churn *churn, uint64_t below)
{
	return random_below(&churn->dice, below);
}

/* Mostly small, sometimes more than what stands in an entry. */
static size_t draw_len(struct churn *churn)
{
	return draw(churn, draw(churn, 6) == 0 ? VALUE_MAX_LEN : 60);
}

static void fill(struct churn *churn, char *bytes, size_t len)
{
	unsigned start = (unsigned)draw(churn, 256);

	for (size_t i = 0; i < len; i++)
		bytes[i] = (char)(i * 31 + start);
}

static int64_t draw_time(struct churn *churn)
{
	return draw(churn, 3) == 0 ? churn->now + 1 + (int64_t)draw(churn, 3000) : KEYSPACE_PERSIST;
}

/* A key, a database and what is there, locked. */
struct place {
	char name[NAME_MAX_LEN];
	struct key key;
	unsigned db;
	struct entry *entry;
};

static void place_draw(struct churn *churn, struct place *place, struct shard_set *set)
{
	int len = snprintf(place->name, sizeof(place->name), "key:%u", (unsigned)draw(churn, churn->keys));

	place->key = keyspace_key(churn->keyspace, (struct slice){place->name, (size_t)len});
	place->db = (unsigned)draw(churn, churn->databases);
	shard_set_add(set, place->key.shard);
}

static void place_find(struct churn *churn, struct place *place)
{
	place->entry = keyspace_find(churn->keyspace, place->db, &place->key, churn->now);
}

/* --- changes of one key ------------------------------------------------------------------------------------------ */

static void change_set(struct churn *churn, struct place *place)
{
	char bytes[VALUE_MAX_LEN];
	size_t len = draw_len(churn);
	int64_t when = draw(churn, 4) == 0 ? KEYSPACE_KEEP_TTL : draw_time(churn);
	struct slice value = {bytes, len};

	fill(churn, bytes, len);
	if (draw(churn, 4) == 0)
		keyspace_put_block(churn->keyspace, place->db, &place->key, place->entry, block_of(value), when);
	else
		keyspace_set(churn->keyspace, place->db, &place->key, place->entry, value, when);
}

/* Writes a part as SETRANGE does, or cuts the value. */
static void change_edit(struct churn *churn, struct place *place)
{
	size_t old_len = place->entry != NULL ? entry_value(place->entry).len : 0;
	size_t from = draw_len(churn);
	size_t part = 1 + draw(churn, 40);
	size_t len = from + part > old_len ? from + part : old_len;
	char *bytes;

	if (draw(churn, 5) == 0 && old_len > 0) {
		from = 0;
		part = len = draw(churn, old_len);
	}
	place->entry = keyspace_resize(churn->keyspace, place->db, &place->key, place->entry, len, &bytes);
	ck_assert_ptr_nonnull(place->entry);
	fill(churn, bytes + from, part);
	keyspace_edited(churn->keyspace, place->db, place->entry, from, part);
}

static void change_time(struct churn *churn, struct place *place)
{
	if (place->entry != NULL)
		keyspace_expire(churn->keyspace, place->db, &place->key, place->entry, draw_time(churn));
}

static void change_delete(struct churn *churn, struct place *place)
{
	if (place->entry != NULL)
		keyspace_delete(churn->keyspace, place->db, &place->key, place->entry, draw(churn, 2) == 0);
}

static void change_move(struct churn *churn, struct place *place)
{
	unsigned to = (unsigned)draw(churn, churn->databases);

	if (place->entry == NULL || to == place->db ||
	    keyspace_find(churn->keyspace, to, &place->key, churn->now) != NULL)
		return;
	keyspace_move(churn->keyspace, place->db, &place->key, place->entry, to);
}

static void change_one(struct churn *churn)
{
	static void (*const changes[])(struct churn * churn, struct place * place) = {
		change_set, change_set, change_set, change_edit, change_time, change_delete, change_move};
	struct shard_set set = {0};
	struct place place;

	place_draw(churn, &place, &set);
	keyspace_lock_shard(churn->keyspace, place.key.shard);
	place_find(churn, &place);
	changes[draw(churn, sizeof(changes) / sizeof(changes[0]))](churn, &place);
	keyspace_unlock_shard(churn->keyspace, place.key.shard);
}

/* --- changes of two ---------------------------------------------------------------------------------------------- */

static void change_two(struct churn *churn)
{
	struct shard_set set = {0};
	struct place from, to;

	place_draw(churn, &from, &set);
	place_draw(churn, &to, &set);
	keyspace_lock_set(churn->keyspace, &set);
	place_find(churn, &from);
	if (from.entry != NULL && !slice_equal(from.key.name, to.key.name)) {
		if (draw(churn, 2) == 0) {
			place_find(churn, &to);
			keyspace_copy(churn->keyspace, from.entry, to.db, &to.key, to.entry);
		} else {
			to.db = from.db;
			place_find(churn, &to);
			keyspace_rename(churn->keyspace, from.db, &from.key, from.entry, &to.key, to.entry);
		}
	}
	keyspace_unlock_set(churn->keyspace, &set);
}

/* --- changes of all ---------------------------------------------------------------------------------------------- */

static void change_all(struct churn *churn)
{
	unsigned db = (unsigned)draw(churn, churn->databases);
	unsigned other = (unsigned)draw(churn, churn->databases);

	keyspace_lock_all(churn->keyspace);
	if (draw(churn, 3) > 0)
		keyspace_swap(churn->keyspace, db, other);
	else if (draw(churn, 4) > 0)
		keyspace_flush(churn->keyspace, (int)db);
	else
		keyspace_flush(churn->keyspace, KEYSPACE_ALL_DATABASES);
	keyspace_unlock_all(churn->keyspace);
}

static void reap(struct churn *churn)
{
	uint32_t shard = (uint32_t)draw(churn, keyspace_shards(churn->keyspace));

	keyspace_lock_shard(churn->keyspace, shard);
	keyspace_reap(churn->keyspace, shard, churn->now, 1 + draw(churn, 100));
	keyspace_unlock_shard(churn->keyspace, shard);
}

void churn_step(struct churn *churn)
{
	uint64_t what = draw(churn, 40);

	churn->now += (int64_t)draw(churn, 3);
	if (churn->calm != 0 && draw(churn, churn->calm) == 0)
		change_all(churn);
	else if (what == 0)
		reap(churn);
	else if (what == 1)
		eviction_evict(&churn->eviction, churn->keyspace, churn->now, &churn->dice);
	else if (what < 8)
		change_two(churn);
	else
		change_one(churn);
}

/* --- comparing --------------------------------------------------------------------------------------------------- */

struct comparison {
	struct keyspace *other;
	unsigned db;
};

static void compare_entry(struct entry *entry, void *arg)
{
	const struct comparison *comparison = arg;
	struct key key = keyspace_key(comparison->other, entry_key(entry));
	struct entry *twin;

	key.no_touch = true;
	twin = keyspace_find(comparison->other, comparison->db, &key, 0);
	ck_assert_msg(twin != NULL, "%.*s of database %u is not there", (int)key.name.len, key.name.data,
		      comparison->db);
	ck_assert(slice_equal(entry_value(entry), entry_value(twin)));
	ck_assert_int_eq(entry_expire_at(entry), entry_expire_at(twin));
}

void churn_compare(struct keyspace *one, struct keyspace *other, unsigned databases)
{
	for (unsigned db = 0; db < databases; db++) {
		struct comparison comparison = {other, db};

		ck_assert_uint_eq(keyspace_size(one, db), keyspace_size(other, db));
		for (uint32_t shard = 0; shard < keyspace_shards(one); shard++) {
			uint64_t hash = 0;

			while (hash != KEYSPACE_WALK_END)
				keyspace_walk(one, shard, db, &hash, 0, compare_entry, &comparison);
		}
	}
}
