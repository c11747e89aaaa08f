/*
 * The CLIENT commands: what is known of this client and of all the others.
 *
 * LIST walks over the registries of all workers, holding one registry's lock at a time. KILL is in client_kill.c, PAUSE
 * in pause.c.
 */
#include "command/client.h"

#include <stdlib.h>

#include "base/number.h"
#include "command/arguments.h"
#include "command/handlers.h"
#include "session/registry.h"
#include "session/tracking.h"

void client_id_command(struct command_context *context)
{
	reply_int(context->reply, (int64_t)context->session->id);
}

/* --- names ------------------------------------------------------------------------------------------------------- */

/* Names stand in CLIENT LIST, whose fields are parted by spaces: only what is printed and no space may be in one. */
static bool name_is_valid(struct slice name)
{
	for (size_t i = 0; i < name.len; i++)
		if (name.data[i] < '!' || name.data[i] > '~')
			return false;
	return true;
}

bool client_check_name(struct command_context *context, struct slice name)
{
	if (name_is_valid(name))
		return true;
	reply_error(context->reply, "ERR Client names cannot contain spaces, newlines or special characters.");
	return false;
}

bool client_set_name(struct command_context *context, struct slice name)
{
	if (!client_check_name(context, name))
		return false;
	if (!session_set_name(context->session, name)) {
		reply_error_out_of_memory(context->reply);
		return false;
	}
	return true;
}

void client_getname_command(struct command_context *context)
{
	const char *name = context->session->name;

	if (name == NULL)
		reply_null(context->reply);
	else
		reply_bulk_text(context->reply, name);
}

void client_setname_command(struct command_context *context)
{
	if (client_set_name(context, context->argv[2]))
		reply_ok(context->reply);
}

void client_setinfo_command(struct command_context *context)
{
	struct slice option = context->argv[2];
	struct slice value = context->argv[3];
	bool is_name = argument_is(context, 2, "LIB-NAME");
	bool kept;

	if (!is_name && !argument_is(context, 2, "LIB-VER")) {
		reply_errorf(context->reply, "ERR Unrecognized option '%.*s'", argument_echo_len(option), option.data);
		return;
	}
	if (!name_is_valid(value)) {
		reply_errorf(context->reply, "ERR %.*s cannot contain spaces, newlines or special characters.",
			     argument_echo_len(option), option.data);
		return;
	}
	if (is_name)
		kept = session_set_lib_name(context->session, value);
	else
		kept = session_set_lib_ver(context->session, value);
	if (kept)
		reply_ok(context->reply);
	else
		reply_error_out_of_memory(context->reply);
}

/* --- how it is served -------------------------------------------------------------------------------------------- */

void client_reply_command(struct command_context *context)
{
	struct session *session = context->session;

	if (argument_is(context, 2, "ON")) {
		session_unmark(session, SESSION_REPLY_OFF | SESSION_REPLY_SKIP);
		reply_ok(context->reply);
	} else if (argument_is(context, 2, "OFF")) {
		session_mark(session, SESSION_REPLY_OFF);
	} else if (!argument_is(context, 2, "SKIP")) {
		reply_error_syntax(context->reply);
	} else if (!session_has(session, SESSION_REPLY_OFF)) {
		session_mark(session, SESSION_REPLY_SKIP_NEXT);
	}
}

/* ON or OFF. */
static void flag_command(struct command_context *context, enum session_flag flag)
{
	if (argument_is(context, 2, "ON")) {
		session_mark(context->session, flag);
		reply_ok(context->reply);
	} else if (argument_is(context, 2, "OFF")) {
		session_unmark(context->session, flag);
		reply_ok(context->reply);
	} else {
		reply_error_syntax(context->reply);
	}
}

void client_no_evict_command(struct command_context *context)
{
	flag_command(context, SESSION_NO_EVICT);
}

void client_no_touch_command(struct command_context *context)
{
	flag_command(context, SESSION_NO_TOUCH);
}

/* --- LIST and INFO ----------------------------------------------------------------------------------------------- */

int64_t client_seconds(int64_t from_ms, int64_t to_ms)
{
	return to_ms > from_ms ? (to_ms - from_ms) / 1000 : 0;
}

enum { FLAG_LETTERS = 20 }; /* room for all of them and a NUL */

/* What no flag of the session says. */
static bool letter_applies(const struct session *session, const struct session_peer *peer, char letter)
{
	switch (letter) {
	case 'R':
		return (tracking_flags(session) & TRACKING_BROKEN) != 0;
	case 'B':
		return (tracking_flags(session) & TRACKING_BCAST) != 0;
	default: /* U */
		return peer->unix_socket;
	}
}

/* N, or what is special about the client, as Redis's CLIENT LIST documents the letters. */
static const char *flag_letters(const struct session *session, const struct session_peer *peer, char out[FLAG_LETTERS])
{
	static const struct {
		unsigned flag; /* 0: see letter_applies */
		char letter;
	} letters[] = {
		{SESSION_MONITOR, 'O'},
		{SESSION_SUBSCRIBED, 'P'},
		{SESSION_MULTI | SESSION_EXECUTES, 'x'},
		{SESSION_PAUSED | SESSION_BLOCKED, 'b'},
		{SESSION_TRACKING, 't'},
		{0, 'R'},
		{0, 'B'},
		{SESSION_DIRTY, 'd'},
		{SESSION_CLOSING, 'c'},
		{SESSION_KILLED, 'A'},
		{0, 'U'},
		{SESSION_NO_EVICT, 'e'},
		{SESSION_NO_TOUCH, 'T'},
	};
	size_t len = 0;

	for (size_t i = 0; i < sizeof(letters) / sizeof(letters[0]); i++) {
		if (letters[i].flag != 0 ? session_has(session, letters[i].flag)
					 : letter_applies(session, peer, letters[i].letter))
			out[len++] = letters[i].letter;
	}
	if (len == 0)
		out[len++] = 'N';
	out[len] = '\0';
	return out;
}

static const char *text_or_nothing(const char *text)
{
	return text != NULL ? text : "";
}

/* The line of one client, in the format of Redis 7.2. What cubby's clients do not have (buffers of their own for
 * replies) is 0; arguments take memory of their own only while a command waits for the end of a pause. */
static void line_append(struct buffer *out, const struct session *session, int64_t now)
{
	const struct command *last = atomic_load_explicit(&session->last_command, memory_order_relaxed);
	int64_t active_ms = atomic_load_explicit(&session->active_ms, memory_order_relaxed);
	struct session_peer peer = {.fd = -1};
	char command_name[COMMAND_NAME_TEXT];
	char flags[FLAG_LETTERS];

	session->ops->describe(session, &peer);
	buffer_printf(out, "id=%llu addr=%s laddr=%s fd=%d name=%s age=%lld idle=%lld flags=%s db=%u",
		      (unsigned long long)session->id, peer.addr, peer.laddr, peer.fd, text_or_nothing(session->name),
		      (long long)client_seconds(session->created_ms, now), (long long)client_seconds(active_ms, now),
		      flag_letters(session, &peer, flags), session_db(session));
	buffer_printf(out, " sub=%u psub=%u ssub=%u multi=%lld", subscriber_count(&session->subscriber, PUBSUB_CHANNEL),
		      subscriber_count(&session->subscriber, PUBSUB_PATTERN),
		      subscriber_count(&session->subscriber, PUBSUB_SHARD),
		      (long long)atomic_load_explicit(&session->queued, memory_order_relaxed));
	buffer_printf(out, " qbuf=%llu qbuf-free=%llu argv-mem=%llu multi-mem=%llu rbs=0 rbp=0",
		      (unsigned long long)peer.query_buffer, (unsigned long long)peer.query_buffer_free,
		      (unsigned long long)atomic_load_explicit(&session->postponed_bytes, memory_order_relaxed),
		      (unsigned long long)atomic_load_explicit(&session->queued_bytes, memory_order_relaxed));
	buffer_printf(out, " obl=0 oll=%llu omem=%llu tot-mem=%llu events=%s cmd=%s user=default redir=%lld resp=%d",
		      (unsigned long long)peer.output_blocks, (unsigned long long)peer.output,
		      (unsigned long long)peer.footprint, peer.output > 0 ? "rw" : "r",
		      last != NULL ? command_full_name(last, command_name) : "NULL",
		      (long long)tracking_redirect(session), session_protocol(session));
	buffer_printf(out, " lib-name=%s lib-ver=%s\n", text_or_nothing(session->lib_name),
		      text_or_nothing(session->lib_ver));
}

/* A walk that writes lines. */
struct listing {
	struct buffer lines;
	int64_t now;
	enum client_type type; /* only these */
};

static void listing_visit(struct session *session, void *arg)
{
	struct listing *listing = arg;

	if (listing->type != CLIENT_TYPE_ANY && listing->type != client_type_of(session))
		return;
	line_append(&listing->lines, session, listing->now);
}

static void listing_reply(struct command_context *context, struct listing *listing)
{
	if (listing->lines.failed)
		reply_error_out_of_memory(context->reply);
	else
		reply_verbatim(context->reply, buffer_slice(&listing->lines), "txt");
	buffer_free(&listing->lines);
}

void client_info_command(struct command_context *context)
{
	struct session *session = context->session;
	struct listing listing = {.now = context->now};

	lock_take(&session->registry->lock);
	listing_visit(session, &listing);
	lock_release(&session->registry->lock);
	listing_reply(context, &listing);
}

enum client_type client_type_of(const struct session *session)
{
	return session_has(session, SESSION_SUBSCRIBED) ? CLIENT_TYPE_PUBSUB : CLIENT_TYPE_NORMAL;
}

bool client_parse_type(struct command_context *context, size_t index, enum client_type *type)
{
	static const struct {
		const char *name;
		enum client_type type;
	} types[] = {
		{"normal", CLIENT_TYPE_NORMAL}, {"pubsub", CLIENT_TYPE_PUBSUB}, {"replica", CLIENT_TYPE_REPLICA},
		{"slave", CLIENT_TYPE_REPLICA}, {"master", CLIENT_TYPE_MASTER},
	};
	struct slice word = context->argv[index];

	for (size_t i = 0; i < sizeof(types) / sizeof(types[0]); i++) {
		if (slice_is_word(word, types[i].name)) {
			*type = types[i].type;
			return true;
		}
	}
	reply_errorf(context->reply, "ERR Unknown client type '%.*s'", argument_echo_len(word), word.data);
	return false;
}

/* A client that is asked for, and where its line is; len 0: there is no such client. */
struct wanted {
	uint64_t id;
	size_t start;
	size_t len;
};

/* A walk that looks for many clients. */
struct roll {
	struct listing listing;
	struct wanted *wanted; /* by ascending id */
	size_t count;
};

static int wanted_compare(const void *one, const void *two)
{
	const struct wanted *a = one, *b = two;

	return (a->id > b->id) - (a->id < b->id);
}

static struct wanted *wanted_find(const struct roll *roll, uint64_t id)
{
	struct wanted like = {.id = id};

	return bsearch(&like, roll->wanted, roll->count, sizeof(like), wanted_compare);
}

static void roll_visit(struct session *session, void *arg)
{
	struct roll *roll = arg;
	struct wanted *wanted = wanted_find(roll, session->id);

	if (wanted == NULL)
		return;
	wanted->start = roll->listing.lines.len;
	listing_visit(session, &roll->listing);
	wanted->len = roll->listing.lines.len - wanted->start;
}

/* Reads the ids, and sorts them; of several that are equal one is kept. False with the error written. */
static bool roll_parse(struct command_context *context, struct roll *roll)
{
	size_t kept = 0;
	int64_t id;

	for (size_t i = 3; i < context->argc; i++) {
		if (!number_parse_int64(context->argv[i], &id)) {
			reply_error(context->reply, "ERR Invalid client ID");
			return false;
		}
		roll->wanted[roll->count++].id = id > 0 ? (uint64_t)id : 0;
	}
	qsort(roll->wanted, roll->count, sizeof(*roll->wanted), wanted_compare);
	for (size_t i = 1; i < roll->count; i++) {
		if (roll->wanted[i].id != roll->wanted[kept].id)
			roll->wanted[++kept].id = roll->wanted[i].id;
	}
	roll->count = kept + 1;
	return true;
}

/* Replies with the lines in the order of the ids. */
static void roll_reply(struct command_context *context, const struct roll *roll)
{
	struct listing ordered = {.lines.failed = roll->listing.lines.failed};
	int64_t id = 0;

	for (size_t i = 3; i < context->argc && !ordered.lines.failed; i++) {
		const struct wanted *wanted;

		number_parse_int64(context->argv[i], &id);
		wanted = id > 0 ? wanted_find(roll, (uint64_t)id) : NULL;
		if (wanted != NULL && wanted->len > 0)
			buffer_append(&ordered.lines, roll->listing.lines.data + wanted->start, wanted->len);
	}
	listing_reply(context, &ordered);
}

/* CLIENT LIST ID id [id ...]: one walk, be the ids as many as they like. */
static void list_by_ids(struct command_context *context)
{
	struct roll roll = {.listing.now = context->now};

	roll.wanted = calloc(context->argc - 3, sizeof(*roll.wanted));
	if (roll.wanted == NULL) {
		reply_error_out_of_memory(context->reply);
		return;
	}
	if (roll_parse(context, &roll)) {
		session_registry_each(roll_visit, &roll);
		roll_reply(context, &roll);
	}
	buffer_free(&roll.listing.lines);
	free(roll.wanted);
}

void client_list_command(struct command_context *context)
{
	struct listing listing = {.now = context->now};

	if (context->argc > 3 && argument_is(context, 2, "ID")) {
		list_by_ids(context);
		return;
	}
	if (context->argc == 4 && argument_is(context, 2, "TYPE")) {
		if (!client_parse_type(context, 3, &listing.type))
			return;
	} else if (context->argc != 2) {
		reply_error_syntax(context->reply);
		return;
	}
	session_registry_each(listing_visit, &listing);
	listing_reply(context, &listing);
}

/* --- UNBLOCK ----------------------------------------------------------------------------------------------------- */

/* A walk that looks for one client and ends its wait. */
struct unblocking {
	uint64_t id;
	enum session_release how;
	bool done;
};

static void unblocking_visit(struct session *session, void *arg)
{
	struct unblocking *unblocking = arg;

	if (session->id == unblocking->id)
		unblocking->done = session->ops->release(session, unblocking->how);
}

static bool release_parse(struct command_context *context, size_t index, enum session_release *how)
{
	if (argument_is(context, index, "ERROR")) {
		*how = SESSION_RELEASE_ERROR;
	} else if (!argument_is(context, index, "TIMEOUT")) {
		reply_error(context->reply, "ERR CLIENT UNBLOCK reason should be TIMEOUT or ERROR");
		return false;
	}
	return true;
}

void client_unblock_command(struct command_context *context)
{
	struct unblocking unblocking = {.how = SESSION_RELEASE_TIMEOUT};
	int64_t id;

	if (context->argc > 4) {
		argument_error_usage(context);
		return;
	}
	if (context->argc == 4 && !release_parse(context, 3, &unblocking.how))
		return;
	if (!argument_int64(context, 2, &id))
		return;
	unblocking.id = (uint64_t)id;
	session_registry_each(unblocking_visit, &unblocking);
	reply_int(context->reply, unblocking.done);
}

/* --- HELP -------------------------------------------------------------------------------------------------------- */

void client_help_command(struct command_context *context)
{
	static const char *const lines[] = {
		"CACHING (YES|NO)",
		"    Track the keys of the next command, in OPTIN mode, or do not, in OPTOUT mode.",
		"GETREDIR",
		"    Return the ID of the client that invalidations are redirected to.",
		"GETNAME",
		"    Return the name of the current connection.",
		"ID",
		"    Return the ID of the current connection.",
		"INFO",
		"    Return information about the current client connection.",
		"KILL <ip:port>",
		"    Kill connection made from <ip:port>.",
		"KILL <option> <value> [<option> <value> [...]]",
		"    Kill connections. Options are:",
		"    * ADDR (<ip:port>|<unixsocket>:0)",
		"      Kill connections made from the specified address.",
		"    * ID <client-id>",
		"      Kill the connection with this ID.",
		"    * LADDR (<ip:port>|<unixsocket>:0)",
		"      Kill connections made to the specified local address.",
		"    * MAXAGE <seconds>",
		"      Kill connections that are at least this old.",
		"    * SKIPME (YES|NO)",
		"      Skip killing the current connection (default: yes).",
		"    * TYPE (NORMAL|MASTER|REPLICA|PUBSUB)",
		"      Kill connections by type.",
		"    * USER <username>",
		"      Kill connections authenticated by <username>.",
		"LIST [options ...]",
		"    Return information about client connections. Options:",
		"    * ID <client-id> [<client-id> ...]",
		"      Return the clients with these IDs.",
		"    * TYPE (NORMAL|MASTER|REPLICA|PUBSUB)",
		"      Return clients of the specified type.",
		"NO-EVICT (ON|OFF)",
		"    Protect the current connection from being closed at maxmemory-clients.",
		"NO-TOUCH (ON|OFF)",
		"    Leave the last use of keys as it is when the current connection reads them.",
		"PAUSE <timeout> [WRITE|ALL]",
		"    Let all commands, or those that write, wait for so many milliseconds.",
		"REPLY (ON|OFF|SKIP)",
		"    Send the current connection replies, or none, or not the next one.",
		"SETINFO (LIB-NAME|LIB-VER) <value>",
		"    Tell the name or the version of the client library.",
		"SETNAME <name>",
		"    Assign the name <name> to the current connection.",
		"TRACKING (ON|OFF) [REDIRECT <id>] [BCAST] [PREFIX <prefix> [...]]",
		"         [OPTIN] [OPTOUT] [NOLOOP]",
		"    Tell the current connection when keys change that it has read, or that begin so.",
		"TRACKINGINFO",
		"    Return how the current connection uses tracking.",
		"UNBLOCK <clientid> [TIMEOUT|ERROR]",
		"    Unblock the specified blocked client.",
		"UNPAUSE",
		"    End the pause at once.",
		NULL,
	};

	argument_reply_help(context, lines);
}
