/*
 * The happy path: a command was slow; what SLOWLOG GET will say of it is written down as RESP, which is the same in
 * both protocols, before the lock is taken; under the lock it gets its number and becomes the first of a list, and what
 * is too many falls off the other end.
 *
 * Failure mode: without memory the command is missing in the log.
 */
#include "command/slowlog.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <utlist.h>

#include "base/lock.h"
#include "base/number.h"
#include "base/settings.h"
#include "command/arguments.h"
#include "command/handlers.h"
#include "command/secret.h"

enum {
	ARGUMENTS_MAX = 32, /* that are kept; of more, the last one says how many there are */
	GET_COUNT = 10,	    /* entries that SLOWLOG GET shows unless told otherwise */
};

struct slow_entry {
	struct slow_entry *prev, *next; /* utlist.h; the newest first */
	int64_t id;
	int64_t time; /* Unix time in seconds */
	uint64_t us;
	struct buffer client_text; /* owned; RESP: an array of arguments, the client's address, its name */
};

static struct {
	struct lock lock; /* guards the rest; a leaf */
	struct slow_entry *entries;
	int64_t count;
	int64_t next_id;
} slowlog = {.lock = {.enabled = true}};

/* --- making an entry --------------------------------------------------------------------------------------------- */

static void write_argument(struct reply *reply, struct slice argument)
{
	char text[SLOWLOG_ARGUMENT_MAX + 64];
	int len;

	if (argument.len <= SLOWLOG_ARGUMENT_MAX) {
		reply_bulk(reply, argument);
		return;
	}
	memcpy(text, argument.data, SLOWLOG_ARGUMENT_MAX);
	len = snprintf(text + SLOWLOG_ARGUMENT_MAX, sizeof(text) - SLOWLOG_ARGUMENT_MAX, "... (%zu more bytes)",
		       argument.len - SLOWLOG_ARGUMENT_MAX);
	reply_bulk(reply, (struct slice){text, SLOWLOG_ARGUMENT_MAX + (size_t)len});
}

static void write_arguments(struct reply *reply, const struct slowlog_command *slow)
{
	size_t shown = slow->argc <= ARGUMENTS_MAX ? slow->argc : ARGUMENTS_MAX - 1;
	char rest[64];

	reply_array(reply, shown < slow->argc ? shown + 1 : shown);
	for (size_t i = 0; i < shown; i++) {
		if (secret_argument(slow->command, slow->argv, slow->argc, i))
			reply_bulk_text(reply, SECRET_TEXT);
		else if (slow->request != NULL)
			write_argument(reply, resp_request_glimpse(slow->request, i));
		else
			write_argument(reply, slow->argv[i]);
	}
	if (shown == slow->argc)
		return;
	snprintf(rest, sizeof(rest), "... (%zu more arguments)", slow->argc - shown);
	reply_bulk_text(reply, rest);
}

static struct slow_entry *entry_new(const struct slowlog_command *slow)
{
	struct slow_entry *entry = malloc(sizeof(*entry));
	struct reply reply = {.protocol = 2};
	struct session_peer peer = {.fd = -1};

	session_describe(slow->session, &peer);
	write_arguments(&reply, slow);
	reply_bulk_text(&reply, peer.addr);
	reply_bulk_text(&reply, slow->session->name != NULL ? slow->session->name : "");
	buffer_trim(&reply.bytes);
	if (entry == NULL || reply_failed(&reply)) {
		free(entry);
		reply_free(&reply);
		return NULL;
	}
	*entry = (struct slow_entry){.time = slow->now_ms / 1000, .us = slow->us, .client_text = reply.bytes};
	return entry;
}

/* --- the list ---------------------------------------------------------------------------------------------------- */

static void entries_free(struct slow_entry *entries)
{
	struct slow_entry *entry, *next;

	DL_FOREACH_SAFE(entries, entry, next)
	{
		buffer_free(&entry->client_text);
		free(entry);
	}
}

/* Takes the oldest entries out of the list until `most` are left. Returns them, for entries_free(). */
static struct slow_entry *entries_cut(int64_t most)
{
	struct slow_entry *removed = NULL;

	while (slowlog.count > most) {
		struct slow_entry *last = slowlog.entries->prev; /* a head's prev is the tail */

		DL_DELETE(slowlog.entries, last);
		DL_PREPEND(removed, last);
		slowlog.count--;
	}
	return removed;
}

static void slowlog_cut(int64_t most)
{
	struct slow_entry *removed;

	lock_take(&slowlog.lock);
	removed = entries_cut(most);
	lock_release(&slowlog.lock);
	entries_free(removed);
}

void slowlog_trim(void)
{
	slowlog_cut(setting_get(&settings.slowlog_max_len));
}

void slowlog_note(const struct slowlog_command *slow)
{
	int64_t limit = setting_get(&settings.slowlog_log_slower_than);
	int64_t most = setting_get(&settings.slowlog_max_len);
	struct slow_entry *entry, *removed;

	if (limit < 0 || slow->us < (uint64_t)limit || most == 0 || (slow->command->flags & COMMAND_SKIP_SLOWLOG) != 0)
		return;
	entry = entry_new(slow);
	if (entry == NULL)
		return;
	lock_take(&slowlog.lock);
	entry->id = slowlog.next_id++;
	DL_PREPEND(slowlog.entries, entry);
	slowlog.count++;
	removed = entries_cut(most);
	lock_release(&slowlog.lock);
	entries_free(removed);
}

/* --- SLOWLOG ----------------------------------------------------------------------------------------------------- */

static void reply_entry(struct reply *reply, const struct slow_entry *entry)
{
	reply_array(reply, 6);
	reply_int(reply, entry->id);
	reply_int(reply, entry->time);
	reply_int(reply, (int64_t)entry->us);
	reply_raw(reply, buffer_slice(&entry->client_text));
}

void slowlog_get_command(struct command_context *context)
{
	const struct slow_entry *entry;
	int64_t count = GET_COUNT;

	if (context->argc > 3) {
		argument_error_usage(context);
		return;
	}
	if (context->argc == 3 && (!number_parse_int64(context->argv[2], &count) || count < -1)) {
		reply_error(context->reply, "ERR count should be greater than or equal to -1");
		return;
	}
	lock_take(&slowlog.lock);
	if (count == -1 || count > slowlog.count)
		count = slowlog.count;
	reply_array(context->reply, (size_t)count);
	entry = slowlog.entries;
	for (int64_t i = 0; i < count; i++, entry = entry->next)
		reply_entry(context->reply, entry);
	lock_release(&slowlog.lock);
}

void slowlog_len_command(struct command_context *context)
{
	int64_t count;

	lock_take(&slowlog.lock);
	count = slowlog.count;
	lock_release(&slowlog.lock);
	reply_int(context->reply, count);
}

void slowlog_reset_command(struct command_context *context)
{
	slowlog_cut(0);
	reply_ok(context->reply);
}

void slowlog_help_command(struct command_context *context)
{
	static const char *const lines[] = {
		"GET [<count>]",
		"    Return top <count> entries from the slowlog (default: 10, -1 mean all).",
		"    Entries are made of:",
		"    id, timestamp, time in microseconds, arguments array, client IP and port,",
		"    client name",
		"LEN",
		"    Return the length of the slowlog.",
		"RESET",
		"    Reset the slowlog.",
		NULL,
	};

	argument_reply_help(context, lines);
}
