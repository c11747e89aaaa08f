/*
 * Publish and subscribe.
 *
 * A subscription is confirmed by a message of its own, so SUBSCRIBE with three channels answers three times. What other
 * threads publish meanwhile waits in the session's inbox and follows the reply. To unsubscribe is the other way round:
 * what was published before comes first, so that no message of a channel follows the word that it is left.
 */
#include "session/pubsub.h"

#include "base/glob.h"
#include "command/arguments.h"
#include "command/handlers.h"

/* --- subscribing ------------------------------------------------------------------------------------------------- */

/* The number that confirmations give: channels and patterns are counted together. */
static int64_t subscriptions_left(const struct session *session, enum pubsub_kind kind)
{
	const struct subscriber *subscriber = &session->subscriber;

	if (kind == PUBSUB_SHARD)
		return subscriber_count(subscriber, PUBSUB_SHARD);
	return (int64_t)subscriber_count(subscriber, PUBSUB_CHANNEL) + subscriber_count(subscriber, PUBSUB_PATTERN);
}

/* `name` NULL: there was nothing to take back. */
static void confirm(struct command_context *context, enum pubsub_kind kind, const char *word, const struct slice *name)
{
	struct reply *reply = context->reply;

	reply_push(reply, 3);
	reply_bulk_text(reply, word);
	if (name != NULL)
		reply_bulk(reply, *name);
	else
		reply_null(reply);
	reply_int(reply, subscriptions_left(context->session, kind));
}

static void subscribe(struct command_context *context, enum pubsub_kind kind, const char *word)
{
	for (size_t i = 1; i < context->argc; i++) {
		if (pubsub_subscribe(context->session, kind, context->argv[i]))
			confirm(context, kind, word, &context->argv[i]);
		else
			reply_error_out_of_memory(context->reply);
	}
}

/* What has been published so far goes out ahead of the confirmation. Not in a transaction, whose reply is one array. */
static void take_back(struct command_context *context, enum pubsub_kind kind, const char *word, struct slice name)
{
	struct session *session = context->session;

	pubsub_unsubscribe(session, kind, name);
	if (session_has(session, SESSION_PUSHED) && !context->at_once)
		session->ops->take_pushed(session, context->reply);
	confirm(context, kind, word, &name);
}

static void unsubscribe_all(struct command_context *context, enum pubsub_kind kind, const char *word)
{
	struct slice oldest = pubsub_oldest(context->session, kind);
	struct buffer name = {0};

	if (oldest.data == NULL)
		confirm(context, kind, word, NULL);
	while (oldest.data != NULL && !name.failed) {
		name.len = 0;
		buffer_append_slice(&name, oldest); /* a copy: the name goes with the subscription */
		if (!name.failed)
			take_back(context, kind, word, buffer_slice(&name));
		oldest = pubsub_oldest(context->session, kind);
	}
	if (name.failed)
		reply_error_out_of_memory(context->reply);
	buffer_free(&name);
}

static void unsubscribe(struct command_context *context, enum pubsub_kind kind, const char *word)
{
	if (context->argc == 1)
		unsubscribe_all(context, kind, word);
	for (size_t i = 1; i < context->argc; i++)
		take_back(context, kind, word, context->argv[i]);
}

void subscribe_command(struct command_context *context)
{
	subscribe(context, PUBSUB_CHANNEL, "subscribe");
}

void psubscribe_command(struct command_context *context)
{
	subscribe(context, PUBSUB_PATTERN, "psubscribe");
}

void ssubscribe_command(struct command_context *context)
{
	if (context->at_once) {
		reply_error(context->reply, "ERR SSUBSCRIBE isn't allowed for a DENY BLOCKING client");
		return;
	}
	subscribe(context, PUBSUB_SHARD, "ssubscribe");
}

void unsubscribe_command(struct command_context *context)
{
	unsubscribe(context, PUBSUB_CHANNEL, "unsubscribe");
}

void punsubscribe_command(struct command_context *context)
{
	unsubscribe(context, PUBSUB_PATTERN, "punsubscribe");
}

void sunsubscribe_command(struct command_context *context)
{
	unsubscribe(context, PUBSUB_SHARD, "sunsubscribe");
}

/* --- publishing -------------------------------------------------------------------------------------------------- */

void publish_command(struct command_context *context)
{
	reply_int(context->reply, (int64_t)pubsub_publish(PUBSUB_CHANNEL, context->argv[1], context->argv[2]));
}

void spublish_command(struct command_context *context)
{
	reply_int(context->reply, (int64_t)pubsub_publish(PUBSUB_SHARD, context->argv[1], context->argv[2]));
}

/* --- PUBSUB ------------------------------------------------------------------------------------------------------ */

/* A walk over the channels that writes those which match. */
struct channel_list {
	struct reply *reply;
	const struct slice *pattern; /* NULL: all */
	size_t count;
};

static void channel_visit(struct slice name, void *arg)
{
	struct channel_list *list = arg;

	if (list->pattern != NULL && !glob_match(*list->pattern, name, false))
		return;
	reply_bulk(list->reply, name);
	list->count++;
}

static void list_channels(struct command_context *context, enum pubsub_kind kind)
{
	struct channel_list list = {.reply = context->reply};
	struct reply_deferred deferred;

	if (context->argc > 3) {
		argument_error_usage(context);
		return;
	}
	if (context->argc == 3)
		list.pattern = &context->argv[2];
	deferred = reply_array_begin(context->reply);
	pubsub_each_topic(kind, channel_visit, &list);
	reply_array_end(context->reply, deferred, list.count);
}

static void count_subscribers(struct command_context *context, enum pubsub_kind kind)
{
	reply_array(context->reply, 2 * (context->argc - 2));
	for (size_t i = 2; i < context->argc; i++) {
		reply_bulk(context->reply, context->argv[i]);
		reply_int(context->reply, (int64_t)pubsub_topic_subscribers(kind, context->argv[i]));
	}
}

void pubsub_channels_command(struct command_context *context)
{
	list_channels(context, PUBSUB_CHANNEL);
}

void pubsub_shardchannels_command(struct command_context *context)
{
	list_channels(context, PUBSUB_SHARD);
}

void pubsub_numsub_command(struct command_context *context)
{
	count_subscribers(context, PUBSUB_CHANNEL);
}

void pubsub_shardnumsub_command(struct command_context *context)
{
	count_subscribers(context, PUBSUB_SHARD);
}

void pubsub_numpat_command(struct command_context *context)
{
	reply_int(context->reply, (int64_t)pubsub_topics(PUBSUB_PATTERN));
}

void pubsub_help_command(struct command_context *context)
{
	static const char *const lines[] = {
		"CHANNELS [<pattern>]",
		"    List the channels that somebody listens to (with <pattern>: those that match).",
		"NUMPAT",
		"    Return the number of patterns that somebody listens to.",
		"NUMSUB [<channel> ...]",
		"    Return the number of subscribers of each channel; patterns do not count.",
		"SHARDCHANNELS [<pattern>]",
		"    As CHANNELS, for shard channels.",
		"SHARDNUMSUB [<shardchannel> ...]",
		"    As NUMSUB, for shard channels.",
		NULL,
	};

	argument_reply_help(context, lines);
}
