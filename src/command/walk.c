/*
 * Commands that go over all keys: KEYS, SCAN, RANDOMKEY and DBSIZE.
 *
 * All but RANDOMKEY go through the shards one at a time, each under its own lock, so that no other thread waits for
 * more than a part of one shard. Within a transaction (context->at_once) every shard is locked already.
 *
 * The happy path of KEYS: a walk visits table after table and gathers the matching keys. If there are but few, the
 * handler comes to the end and replies. If there are many, it hands the walk over to the session, which is paused: its
 * worker goes on with it in small steps, serves everybody else in between, and sends the reply when it is done. The
 * reply is gathered in parts, because one buffer of a hundred megabytes would be copied each time it grows.
 *
 * A walk holds no pointer into the keyspace between two steps, so whatever others do to it meanwhile does no harm. If
 * the client goes first, the walk is cancelled.
 */
#include <stdlib.h>

#include "base/clock.h"
#include "base/glob.h"
#include "base/number.h"
#include "command/arguments.h"
#include "command/handlers.h"
#include "command/slow.h"
#include "command/stats.h"

static void shard_enter(struct keyspace *keyspace, uint32_t shard, bool at_once)
{
	if (!at_once)
		keyspace_lock_shard(keyspace, shard);
}

static void shard_leave(struct keyspace *keyspace, uint32_t shard, bool at_once)
{
	if (!at_once)
		keyspace_unlock_shard(keyspace, shard);
}

/* --- listing keys ------------------------------------------------------------------------------------------------ */

/* What a walk over the keys writes. */
struct listing {
	struct reply *reply;
	struct slice pattern;
	bool every_key; /* the pattern is "*": there is no need to compare */
	size_t count;	/* keys written */
};

static bool matches_every_key(struct slice pattern)
{
	return slice_equal(pattern, SLICE("*"));
}

/* A keyspace_visit over a struct listing. */
static void listing_visit(struct entry *entry, void *arg)
{
	struct listing *listing = arg;
	struct slice name = entry_key(entry);

	if (!listing->every_key && !glob_match(listing->pattern, name, false))
		return;
	reply_bulk(listing->reply, name);
	listing->count++;
}

/* --- KEYS -------------------------------------------------------------------------------------------------------- */

enum {
	WORK_AT_ONCE = 8192,   /* entries and buckets to look at before the others have their turn: 200 us */
	PART_SIZE = 256 * 1024 /* bytes of reply from which the next ones go into another part */
};

struct part {
	struct part *next;
	struct reply reply;
};

struct walk {
	struct session_task task; /* the first member */
	struct keyspace *keyspace;
	struct command_stats *stats;
	const struct command *command;
	uint64_t ticks; /* spent on it so far */
	int64_t now;	/* at the last step */
	unsigned db;
	bool at_once;		/* every shard is locked */
	uint32_t shard;		/* whose turn it is */
	uint32_t unwalked;	/* shards that are not walked to their end */
	uint64_t *hashes;	/* owned; of each shard, how far it has been walked */
	struct listing listing; /* into the last part */
	struct part *first;	/* owned, and those behind it */
	struct part *last;
	char pattern[];
};

static bool walk_step_task(struct session_task *task, int64_t now);
static void walk_finish_task(struct session_task *task, struct session *session);
static void walk_free(struct session_task *task);

/* Begins another part. Without memory the last one fails, as any reply does. */
static void walk_add_part(struct walk *walk)
{
	struct part *part = calloc(1, sizeof(*part));

	if (part == NULL || !buffer_reserve(&part->reply.bytes, PART_SIZE + PART_SIZE / 4)) {
		free(part);
		walk->last->reply.bytes.failed = true;
		return;
	}
	part->reply.protocol = walk->last->reply.protocol;
	walk->last->next = part;
	walk->last = part;
	walk->listing.reply = &part->reply;
}

static struct walk *walk_new(const struct command_context *context, struct slice pattern)
{
	struct walk *walk = malloc(sizeof(*walk) + pattern.len);
	struct part *part = calloc(1, sizeof(*part));
	uint64_t *hashes = calloc(keyspace_shards(context->keyspace), sizeof(*hashes));

	if (walk == NULL || part == NULL || hashes == NULL) {
		free(walk);
		free(part);
		free(hashes);
		return NULL;
	}
	*walk = (struct walk){
		.task = {.step = walk_step_task, .finish = walk_finish_task, .cancel = walk_free},
		.keyspace = context->keyspace,
		.stats = context->stats,
		.command = context->command,
		.db = context->db,
		.at_once = context->at_once,
		.unwalked = keyspace_shards(context->keyspace),
		.hashes = hashes,
		.first = part,
		.last = part,
	};
	memcpy(walk->pattern, pattern.data, pattern.len);
	part->reply.protocol = context->reply->protocol;
	walk->listing = (struct listing){
		.reply = &part->reply,
		.pattern = {walk->pattern, pattern.len},
		.every_key = matches_every_key(pattern),
	};
	return walk;
}

static void walk_free(struct session_task *task)
{
	struct walk *walk = (struct walk *)task;
	struct part *next;

	for (struct part *part = walk->first; part != NULL; part = next) {
		next = part->next;
		reply_free(&part->reply);
		free(part);
	}
	free(walk->hashes);
	free(walk);
}

static bool walk_failed(const struct walk *walk)
{
	return reply_failed(&walk->last->reply);
}

static bool walk_is_done(const struct walk *walk)
{
	return walk->unwalked == 0 || walk_failed(walk);
}

/* Visits one table. Returns how much work that was. The next one is of another shard: who finds a lock taken looks
 * again after a nap, and would hardly ever find it free if one table followed the other under the same lock. */
static size_t walk_step(struct walk *walk, int64_t now)
{
	uint32_t shard = walk->shard;
	uint64_t *hash = &walk->hashes[shard];
	size_t work = 1;

	walk->shard = (shard + 1) % keyspace_shards(walk->keyspace);
	if (*hash == KEYSPACE_WALK_END)
		return work;
	shard_enter(walk->keyspace, shard, walk->at_once);
	work = keyspace_walk(walk->keyspace, shard, walk->db, hash, now, listing_visit, &walk->listing);
	shard_leave(walk->keyspace, shard, walk->at_once);
	if (*hash == KEYSPACE_WALK_END)
		walk->unwalked--;
	if (!walk_failed(walk) && reply_len(&walk->last->reply) >= PART_SIZE)
		walk_add_part(walk);
	return work;
}

/* What stands in front of the parts, or in their place. */
static void walk_begin_reply(const struct walk *walk, struct reply *reply)
{
	if (walk_failed(walk))
		reply_error_out_of_memory(reply);
	else
		reply_array(reply, walk->listing.count);
}

static bool walk_step_task(struct session_task *task, int64_t now)
{
	struct walk *walk = (struct walk *)task;
	uint64_t begun = clock_ticks();
	uint64_t ticks;

	walk_step(walk, now);
	ticks = clock_ticks() - begun;
	counter_add(&walk->stats->ticks, ticks);
	walk->ticks += ticks;
	walk->now = now;
	return walk_is_done(walk);
}

/* What the dispatcher does for a command that is done when its handler returns. */
static void walk_account(const struct walk *walk, struct session *session)
{
	const struct slice argv[] = {slice_of(walk->command->name), walk->listing.pattern};

	stats_record(walk->stats, walk->ticks);
	if (slow_is(walk->ticks))
		slow_note(walk->command, argv, sizeof(argv) / sizeof(argv[0]), session, walk->ticks, walk->now);
}

static void walk_finish_task(struct session_task *task, struct session *session)
{
	struct walk *walk = (struct walk *)task;
	struct reply reply = {.protocol = walk->first->reply.protocol};

	walk_account(walk, session);
	walk_begin_reply(walk, &reply);
	session->ops->send_reply(session, &reply);
	if (!walk_failed(walk)) {
		for (struct part *part = walk->first; part != NULL; part = part->next)
			session->ops->send_reply(session, &part->reply);
	}
	reply_free(&reply);
	walk_free(task);
}

static void walk_reply_at_once(struct walk *walk, struct reply *reply)
{
	walk_begin_reply(walk, reply);
	if (walk_failed(walk))
		return;
	for (const struct part *part = walk->first; part != NULL; part = part->next)
		reply_raw(reply, buffer_slice(&part->reply.bytes));
}

void keys_command(struct command_context *context)
{
	uint64_t begun = clock_ticks();
	struct walk *walk = walk_new(context, context->argv[1]);
	size_t work = 0;

	if (walk == NULL) {
		reply_error_out_of_memory(context->reply);
		return;
	}
	while (!walk_is_done(walk) && (context->at_once || work < WORK_AT_ONCE))
		work += walk_step(walk, context->now);
	if (!walk_is_done(walk)) {
		walk->ticks = clock_ticks() - begun;
		context->goes_on = true;
		context->session->ops->run(context->session, &walk->task);
		return;
	}
	walk_reply_at_once(walk, context->reply);
	walk_free(&walk->task);
}

/* --- SCAN -------------------------------------------------------------------------------------------------------- */

/* What SCAN was asked for. */
struct scan_options {
	struct slice pattern;
	int64_t count; /* about so many keys in one step */
	bool strings;  /* the wanted type, if one was named, is the one there is */
};

/* Reads the words behind the cursor. False with the error written. */
static bool scan_options_read(struct command_context *context, struct scan_options *options)
{
	for (size_t i = 2; i < context->argc; i += 2) {
		if (i + 1 == context->argc) {
			reply_error_syntax(context->reply);
			return false;
		}
		if (argument_is(context, i, "MATCH")) {
			options->pattern = context->argv[i + 1];
		} else if (argument_is(context, i, "TYPE")) {
			options->strings = argument_is(context, i + 1, "string");
		} else if (!argument_is(context, i, "COUNT")) {
			reply_error_syntax(context->reply);
			return false;
		} else if (!argument_int64(context, i + 1, &options->count)) {
			return false;
		} else if (options->count < 1) {
			reply_error_syntax(context->reply);
			return false;
		}
	}
	return true;
}

/* A keyspace_visit for a walk whose keys nobody wants. */
static void ignore_visit(struct entry *entry, void *arg)
{
	(void)entry;
	(void)arg;
}

/* Scans from the cursor on until it has done what was asked for. Returns the next cursor. */
static uint64_t scan(struct command_context *context, uint64_t cursor, size_t count, keyspace_visit *visit,
		     struct listing *listing)
{
	struct scan_quota quota = keyspace_scan_quota(count);

	do {
		uint32_t shard = keyspace_scan_shard(context->keyspace, cursor);

		shard_enter(context->keyspace, shard, context->at_once);
		cursor = keyspace_scan(context->keyspace, context->db, cursor, &quota, context->now, visit, listing);
		shard_leave(context->keyspace, shard, context->at_once);
	} while (cursor != 0 && quota.keys > 0 && quota.buckets > 0);
	return cursor;
}

/* The new cursor stands before the keys, but is known after them: they are gathered in a reply of their own. */
static void scan_reply(struct command_context *context, uint64_t cursor, const struct scan_options *options)
{
	struct reply keys = {.protocol = context->reply->protocol};
	struct listing listing = {
		.reply = &keys,
		.pattern = options->pattern,
		.every_key = matches_every_key(options->pattern),
	};
	char text[NUMBER_INT64_TEXT];

	cursor = scan(context, cursor, (size_t)options->count, options->strings ? listing_visit : ignore_visit,
		      &listing);
	if (reply_failed(&keys)) {
		reply_error_out_of_memory(context->reply);
	} else {
		reply_array(context->reply, 2);
		reply_bulk(context->reply, (struct slice){text, number_print_uint64(text, cursor)});
		reply_array(context->reply, listing.count);
		reply_raw(context->reply, buffer_slice(&keys.bytes));
	}
	reply_free(&keys);
}

/* Redis reads a cursor with strtoul(3): there may be a sign before it, and no word at all is 0. */
static bool cursor_parse(struct slice word, uint64_t *cursor)
{
	bool negative = word.len > 0 && word.data[0] == '-';
	bool has_sign = negative || (word.len > 0 && word.data[0] == '+');
	struct slice digits = {word.data + has_sign, word.len - has_sign};

	*cursor = 0;
	if (word.len > 0 && !number_parse_uint64(digits, cursor))
		return false;
	if (negative)
		*cursor = -*cursor;
	return true;
}

void scan_command(struct command_context *context)
{
	struct scan_options options = {.pattern = SLICE("*"), .count = 10, .strings = true};
	uint64_t cursor;

	if (!cursor_parse(context->argv[1], &cursor)) {
		reply_error(context->reply, "ERR invalid cursor");
		return;
	}
	if (scan_options_read(context, &options))
		scan_reply(context, cursor, &options);
}

/* --- RANDOMKEY and DBSIZE ---------------------------------------------------------------------------------------- */

void randomkey_command(struct command_context *context)
{
	struct entry *entry = keyspace_random(context->keyspace, context->db, context->random, context->now);

	if (entry == NULL)
		reply_null(context->reply);
	else
		reply_bulk(context->reply, entry_key(entry));
}

void dbsize_command(struct command_context *context)
{
	size_t size = 0;

	for (uint32_t shard = 0; shard < keyspace_shards(context->keyspace); shard++) {
		shard_enter(context->keyspace, shard, context->at_once);
		size += keyspace_shard_size(context->keyspace, shard, context->db);
		shard_leave(context->keyspace, shard, context->at_once);
	}
	reply_int(context->reply, (int64_t)size);
}
