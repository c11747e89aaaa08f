/*
 * CLIENT TRACKING, CACHING, GETREDIR and TRACKINGINFO: how a client asks to be told of changes to what it keeps copies
 * of. What is remembered and told is session/tracking.h's.
 */
#include "session/tracking.h"

#include <stdlib.h>

#include "command/arguments.h"
#include "command/handlers.h"
#include "session/registry.h"

/* --- CLIENT TRACKING --------------------------------------------------------------------------------------------- */

/* What the command line asks for; owns the handle and the array. */
struct request {
	struct tracking_options options;
	struct slice *prefixes; /* owned */
};

static void request_free(struct request *request)
{
	session_handle_unref(request->options.target);
	free(request->prefixes);
}

/* REDIRECT id: the client must be there now, though it may leave at any time. */
static bool redirect_parse(struct command_context *context, size_t index, struct request *request)
{
	int64_t id;

	if (request->options.target != NULL) {
		reply_error(context->reply, "ERR A client can only redirect to a single other client");
		return false;
	}
	if (!argument_int64(context, index, &id))
		return false;
	request->options.target = session_registry_handle((uint64_t)id);
	if (request->options.target != NULL)
		return true;
	reply_error(context->reply, "ERR The client ID you want redirect to does not exist");
	return false;
}

static uint32_t mode_flag(struct slice word)
{
	if (slice_is_word(word, "BCAST"))
		return TRACKING_BCAST;
	if (slice_is_word(word, "OPTIN"))
		return TRACKING_OPTIN;
	if (slice_is_word(word, "OPTOUT"))
		return TRACKING_OPTOUT;
	return slice_is_word(word, "NOLOOP") ? TRACKING_NOLOOP : 0;
}

/* Reads the words behind ON or OFF. `request->prefixes` has room for all of them. False with the error written. */
static bool request_parse(struct command_context *context, struct request *request)
{
	struct tracking_options *options = &request->options;

	for (size_t i = 3; i < context->argc; i++) {
		uint32_t flag = mode_flag(context->argv[i]);
		bool more = i + 1 < context->argc;

		options->flags |= flag;
		if (more && argument_is(context, i, "REDIRECT")) {
			if (!redirect_parse(context, ++i, request))
				return false;
		} else if (more && argument_is(context, i, "PREFIX")) {
			request->prefixes[options->prefix_count++] = context->argv[++i];
		} else if (flag == 0) {
			reply_error_syntax(context->reply);
			return false;
		}
	}
	return true;
}

/* Why what is asked for contradicts itself or what is in force, or NULL. */
static const char *request_fault(const struct session *session, const struct tracking_options *options)
{
	uint32_t wanted = options->flags;
	uint32_t now = tracking_flags(session);

	if ((wanted & TRACKING_BCAST) == 0 && options->prefix_count > 0)
		return "ERR PREFIX option requires BCAST mode to be enabled";
	if ((now & TRACKING_ON) != 0 && ((now ^ wanted) & TRACKING_BCAST) != 0)
		return "ERR You can't switch BCAST mode on/off before disabling tracking for this client, and then "
		       "re-enabling it with a different mode.";
	if ((wanted & TRACKING_BCAST) != 0 && (wanted & (TRACKING_OPTIN | TRACKING_OPTOUT)) != 0)
		return "ERR OPTIN and OPTOUT are not compatible with BCAST";
	if ((wanted & TRACKING_OPTIN) != 0 && (wanted & TRACKING_OPTOUT) != 0)
		return "ERR You can't specify both OPTIN mode and OPTOUT mode";
	if (((wanted & TRACKING_OPTIN) != 0 && (now & TRACKING_OPTOUT) != 0) ||
	    ((wanted & TRACKING_OPTOUT) != 0 && (now & TRACKING_OPTIN) != 0))
		return "ERR You can't switch OPTIN/OPTOUT mode before disabling tracking for this client, and then "
		       "re-enabling it with a different mode.";
	return NULL;
}

/* Whether one of the two begins with the other. */
static bool overlap(struct slice a, struct slice b)
{
	size_t len = a.len < b.len ? a.len : b.len;

	return slice_equal((struct slice){a.data, len}, (struct slice){b.data, len});
}

static void overlap_error(struct command_context *context, struct slice prefix, struct slice other, const char *which)
{
	reply_errorf(context->reply,
		     "ERR Prefix '%.*s' overlaps with %s prefix '%.*s'. Prefixes for a single client must not overlap.",
		     (int)prefix.len, prefix.data, which, (int)other.len, other.data);
}

/* A prefix that is asked for, and the number of its argument; or one in force, and SIZE_MAX. */
struct placed_prefix {
	struct slice name;
	size_t at;
};

static int placed_compare(const void *one, const void *two)
{
	const struct placed_prefix *a = one, *b = two;
	size_t len = a->name.len < b->name.len ? a->name.len : b->name.len;
	int order = len > 0 ? memcmp(a->name.data, b->name.data, len) : 0;

	return order != 0 ? order : (a->name.len > b->name.len) - (a->name.len < b->name.len);
}

/* The first that is asked for and overlaps with another of `count`, or SIZE_MAX. Sorted, those that begin with a prefix
 * stand right behind it. */
static size_t overlap_find(struct placed_prefix *placed, size_t count)
{
	const struct placed_prefix *root = placed;
	size_t found = SIZE_MAX;

	qsort(placed, count, sizeof(*placed), placed_compare);
	for (size_t i = 1; i < count; i++) {
		size_t at = root->at < placed[i].at ? root->at : placed[i].at;

		if (!overlap(root->name, placed[i].name))
			root = &placed[i];
		else if (at < found)
			found = at;
	}
	return found;
}

/* Writes the error for the prefix `at`, which overlaps with one in force or with a later one. */
static void overlap_tell(struct command_context *context, const struct tracking_options *options, size_t at)
{
	struct slice prefix = options->prefixes[at];
	struct slice other;

	for (size_t i = 0; (other = tracking_prefix(context->session, i)).data != NULL; i++) {
		if (overlap(prefix, other)) {
			overlap_error(context, prefix, other, "an existing");
			return;
		}
	}
	for (size_t i = at + 1; i < options->prefix_count; i++) {
		if (overlap(prefix, options->prefixes[i])) {
			overlap_error(context, prefix, options->prefixes[i], "another provided");
			return;
		}
	}
}

/* A key that two prefixes match would be told twice. */
static bool prefixes_are_apart(struct command_context *context, const struct tracking_options *options)
{
	size_t count = 0;
	size_t at;
	struct placed_prefix *placed;

	if (options->prefix_count == 0)
		return true;
	while (tracking_prefix(context->session, count).data != NULL)
		count++;
	placed = calloc(count + options->prefix_count, sizeof(*placed));
	if (placed == NULL) {
		reply_error_out_of_memory(context->reply);
		return false;
	}
	for (size_t i = 0; i < count; i++)
		placed[i] = (struct placed_prefix){tracking_prefix(context->session, i), SIZE_MAX};
	for (size_t i = 0; i < options->prefix_count; i++)
		placed[count + i] = (struct placed_prefix){options->prefixes[i], i};
	at = overlap_find(placed, count + options->prefix_count);
	free(placed);
	if (at == SIZE_MAX)
		return true;
	overlap_tell(context, options, at);
	return false;
}

static void tracking_on(struct command_context *context, struct request *request)
{
	const char *fault = request_fault(context->session, &request->options);

	request->options.prefixes = request->prefixes;
	if (fault != NULL) {
		reply_error(context->reply, fault);
		return;
	}
	if ((request->options.flags & TRACKING_BCAST) != 0 && !prefixes_are_apart(context, &request->options))
		return;
	if (tracking_enable(context->session, &request->options))
		reply_ok(context->reply);
	else
		reply_error_out_of_memory(context->reply);
	request->options.target = NULL; /* taken over */
}

void client_tracking_command(struct command_context *context)
{
	struct request request = {.prefixes = calloc(context->argc, sizeof(struct slice))};

	if (request.prefixes == NULL) {
		reply_error_out_of_memory(context->reply);
		return;
	}
	if (request_parse(context, &request)) {
		if (argument_is(context, 2, "ON")) {
			tracking_on(context, &request);
		} else if (argument_is(context, 2, "OFF")) {
			tracking_disable(context->session, true);
			reply_ok(context->reply);
		} else {
			reply_error_syntax(context->reply);
		}
	}
	request_free(&request);
}

/* --- the others -------------------------------------------------------------------------------------------------- */

void client_caching_command(struct command_context *context)
{
	uint32_t flags = tracking_flags(context->session);
	bool yes = argument_is(context, 2, "YES");

	if ((flags & TRACKING_ON) == 0)
		reply_error(context->reply, "ERR CLIENT CACHING can be called only when the client is in tracking mode "
					    "with OPTIN or OPTOUT mode enabled");
	else if (!yes && !argument_is(context, 2, "NO"))
		reply_error_syntax(context->reply);
	else if (yes && (flags & TRACKING_OPTIN) == 0)
		reply_error(context->reply,
			    "ERR CLIENT CACHING YES is only valid when tracking is enabled in OPTIN mode.");
	else if (!yes && (flags & TRACKING_OPTOUT) == 0)
		reply_error(context->reply,
			    "ERR CLIENT CACHING NO is only valid when tracking is enabled in OPTOUT mode.");
	else {
		tracking_caching(context->session);
		reply_ok(context->reply);
	}
}

void client_getredir_command(struct command_context *context)
{
	reply_int(context->reply, tracking_redirect(context->session));
}

static void reply_flags(struct reply *reply, uint32_t flags)
{
	struct reply_deferred set = reply_array_begin(reply);
	size_t count = 1;

	reply_bulk_text(reply, (flags & TRACKING_ON) != 0 ? "on" : "off");
	if ((flags & TRACKING_BCAST) != 0 && ++count)
		reply_bulk_text(reply, "bcast");
	if ((flags & TRACKING_OPTIN) != 0 && ++count)
		reply_bulk_text(reply, "optin");
	if ((flags & TRACKING_OPTIN) != 0 && (flags & TRACKING_CACHING) != 0 && ++count)
		reply_bulk_text(reply, "caching-yes");
	if ((flags & TRACKING_OPTOUT) != 0 && ++count)
		reply_bulk_text(reply, "optout");
	if ((flags & TRACKING_OPTOUT) != 0 && (flags & TRACKING_CACHING) != 0 && ++count)
		reply_bulk_text(reply, "caching-no");
	if ((flags & TRACKING_NOLOOP) != 0 && ++count)
		reply_bulk_text(reply, "noloop");
	if ((flags & TRACKING_BROKEN) != 0 && ++count)
		reply_bulk_text(reply, "broken_redirect");
	reply_set_end(reply, set, count);
}

void client_trackinginfo_command(struct command_context *context)
{
	const struct session *session = context->session;
	struct reply *reply = context->reply;
	struct reply_deferred prefixes;
	size_t count = 0;

	reply_map(reply, 3);
	reply_bulk_text(reply, "flags");
	reply_flags(reply, tracking_flags(session));
	reply_bulk_text(reply, "redirect");
	reply_int(reply, tracking_redirect(session));
	reply_bulk_text(reply, "prefixes");
	prefixes = reply_array_begin(reply);
	for (; tracking_prefix(session, count).data != NULL; count++)
		reply_bulk(reply, tracking_prefix(session, count));
	reply_array_end(reply, prefixes, count);
}
