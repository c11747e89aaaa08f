/*
 * The happy path: the message is written once for each protocol that somebody speaks, as a block that all receivers
 * share, and pushed to the session under its handle's lock, so that it cannot end meanwhile.
 */
#include "session/invalidation.h"

#include "resp/reply.h"
#include "session/session.h"
#include "session/tracking.h"

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

void invalidation_free(struct invalidation *message)
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

/* Of both it takes one lock at a time: two may redirect to each other. */
void invalidation_send(struct session_handle *reader, uint32_t mode, struct invalidation *message)
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
