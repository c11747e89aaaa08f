/*
 * Client-side caching: what is remembered of a client, what it is told, and how it asks for that.
 *
 * Most tests run twice: with a client that speaks RESP3 and is sent pushes, and with one that speaks RESP2 and has its
 * messages redirected to another, which has subscribed to their channel.
 */
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "harness.h"
#include "suites.h"
#include "traffic.h"

/* ---- Readers ---- */

enum { WORDS_MAX = 16 };

/* A client with tracking. */
struct reader {
	int protocol;
	struct client *client;
	struct client *listener; /* who receives its messages; in RESP3 the client itself */
};

/* A client in RESP2 that has subscribed to the messages, and its id as text. */
static struct client *listener_open(struct server *server, char id[32])
{
	struct client *listener = client_open(server, 2);

	snprintf(id, 32, "%lld", client_id(listener));
	expect(listener, "[ $subscribe $__redis__:invalidate :1 ]", "SUBSCRIBE", "__redis__:invalidate", NULL);
	return listener;
}

static struct reader reader_start(struct server *server, int protocol, const char *word, va_list more)
{
	struct client *client = client_open(server, protocol);
	struct reader reader = {.protocol = protocol, .client = client, .listener = client};
	const char *words[WORDS_MAX] = {"CLIENT", "TRACKING", "ON"};
	int count = 3;
	char id[32];

	if (protocol == 2) {
		reader.listener = listener_open(server, id);
		words[count++] = "REDIRECT";
		words[count++] = id;
	}
	for (; word != NULL; word = va_arg(more, const char *))
		words[count++] = word;
	client_send_arguments(client, count, words, NULL);
	expect_reply(client, "+OK");
	return reader;
}

/* A reader of the shared daemon, emptied before, with these options of CLIENT TRACKING ON, NULL at the end. */
static struct reader reader_fresh(int protocol, const char *option, ...)
{
	struct reader reader;
	va_list more;

	client_close(client_fresh(2));
	va_start(more, option);
	reader = reader_start(shared, protocol, option, more);
	va_end(more);
	return reader;
}

static struct reader reader_open(struct server *server, int protocol, const char *option, ...)
{
	struct reader reader;
	va_list more;

	va_start(more, option);
	reader = reader_start(server, protocol, option, more);
	va_end(more);
	return reader;
}

/* The next thing that the reader is told is that these are stale: "[ $key ]", or "nil" for everything. */
static void expect_told(const struct reader *reader, const char *keys)
{
	char want[512];

	if (reader->protocol == 3)
		snprintf(want, sizeof(want), ">[ $invalidate %s ]", keys);
	else
		snprintf(want, sizeof(want), "[ $message $__redis__:invalidate %s ]", keys);
	expect_reply(reader->listener, want);
}

/* A message that is under way comes behind the first PING's reply at the latest. */
static void expect_silence(const struct reader *reader)
{
	const char *pong = reader->protocol == 3 ? "+PONG" : "[ $pong $ ]";

	expect(reader->listener, pong, "PING", NULL);
	expect(reader->listener, pong, "PING", NULL);
}

static struct client *writer_open(void)
{
	return client_open(shared, 2);
}

/* ---- The default mode ---- */

START_TEST(a_change_is_told_once)
{
	struct reader reader = reader_fresh(_i, NULL);
	struct client *writer = writer_open();

	expect(reader.client, "nil", "GET", "key", NULL);
	expect(writer, "+OK", "SET", "key", "1", NULL);
	expect_told(&reader, "[ $key ]");
	expect(writer, "+OK", "SET", "key", "2", NULL);
	expect_silence(&reader);
	expect(reader.client, "$2", "GET", "key", NULL);
	expect(reader.client, "$2", "GET", "key", NULL);
	expect(writer, ":1", "DEL", "key", NULL);
	expect_told(&reader, "[ $key ]");
	expect_silence(&reader);
}
END_TEST

START_TEST(every_key_of_a_read_is_remembered)
{
	struct reader reader = reader_fresh(_i, NULL);
	struct client *writer = writer_open();

	expect(reader.client, "[ nil nil ]", "MGET", "a", "b", NULL);
	expect(reader.client, ":0", "EXISTS", "b", "c", "", NULL);
	expect(reader.client, ":0", "STRLEN", "d", NULL);
	expect(writer, "+OK", "MSET", "a", "1", "b", "2", "c", "3", "d", "4", "e", "5", "", "6", NULL);
	expect_told(&reader, "[ $a ]");
	expect_told(&reader, "[ $b ]");
	expect_told(&reader, "[ $c ]");
	expect_told(&reader, "[ $d ]");
	expect_told(&reader, "[ $ ]");
	expect_silence(&reader);
}
END_TEST

START_TEST(writes_are_not_reads)
{
	struct reader reader = reader_fresh(_i, NULL);
	struct client *writer = writer_open();

	expect(reader.client, "+OK", "SET", "key", "1", NULL);
	expect(reader.client, ":2", "INCR", "key", NULL);
	expect(reader.client, "$2", "GETSET", "key", "3", NULL);
	expect(reader.client, "$3", "SET", "key", "4", "GET", NULL);
	expect(writer, ":5", "INCR", "key", NULL);
	expect_silence(&reader);
}
END_TEST

/* What fails or changes nothing is not told. */
START_TEST(only_changes_are_told)
{
	struct reader reader = reader_fresh(_i, NULL);
	struct client *writer = writer_open();

	expect(writer, "+OK", "SET", "key", "text", NULL);
	expect(reader.client, "$text", "GET", "key", NULL);
	expect(writer, "-ERR value is not an integer or out of range", "INCR", "key", NULL);
	expect(writer, "nil", "SET", "key", "2", "NX", NULL);
	expect(writer, ":0", "DEL", "other", NULL);
	expect(writer, "$text", "GET", "key", NULL);
	expect_silence(&reader);
	expect(writer, "+OK", "RENAME", "key", "other", NULL);
	expect_told(&reader, "[ $key ]");
	expect_silence(&reader);
}
END_TEST

/* The message comes behind the reply of the command that made it. */
START_TEST(own_changes_are_told)
{
	struct reader reader = reader_fresh(_i, NULL);

	expect(reader.client, "nil", "GET", "key", NULL);
	expect(reader.client, "+OK", "SET", "key", "1", NULL);
	expect_told(&reader, "[ $key ]");
	expect(reader.client, "+OK", "SET", "key", "2", NULL);
	expect_silence(&reader);
}
END_TEST

START_TEST(all_readers_are_told)
{
	enum { READERS = 9 };
	struct reader readers[READERS];
	struct client *writer;

	readers[0] = reader_fresh(_i, NULL);
	for (int i = 1; i < READERS; i++)
		readers[i] = reader_open(shared, _i, NULL);
	writer = writer_open();
	for (int i = 0; i < READERS; i++) /* not in the order in which they came */
		expect(readers[i * 4 % READERS].client, "nil", "GET", "key", NULL);
	expect(writer, "+OK", "SET", "key", "1", NULL);
	for (int i = 0; i < READERS; i++)
		expect_told(&readers[i], "[ $key ]");
	for (int i = 0; i < READERS; i++)
		expect_silence(&readers[i]);
}
END_TEST

/* A key is remembered by its name alone. */
START_TEST(databases_are_not_told_apart)
{
	struct reader reader = reader_fresh(_i, NULL);
	struct client *writer = writer_open();

	expect(reader.client, "nil", "GET", "key", NULL);
	expect(writer, "+OK", "SELECT", "1", NULL);
	expect(writer, "+OK", "SET", "key", "1", NULL);
	expect_told(&reader, "[ $key ]");
}
END_TEST

START_TEST(noloop_is_not_told_of_its_own)
{
	struct reader reader = reader_fresh(_i, "NOLOOP", NULL);
	struct client *writer = writer_open();

	expect(reader.client, "nil", "GET", "key", NULL);
	expect(reader.client, "+OK", "SET", "key", "1", NULL);
	expect(writer, "+OK", "SET", "key", "2", NULL); /* it was forgotten by then */
	expect_silence(&reader);
	expect(reader.client, "$2", "GET", "key", NULL);
	expect(writer, "+OK", "SET", "key", "3", NULL);
	expect_told(&reader, "[ $key ]");
	expect(reader.client, "+OK", "FLUSHALL", NULL); /* everything is told all the same */
	expect_told(&reader, "nil");
}
END_TEST

START_TEST(transactions)
{
	struct reader reader = reader_fresh(_i, NULL);
	struct client *writer = writer_open();

	expect(reader.client, "+OK", "MULTI", NULL);
	expect(reader.client, "+QUEUED", "GET", "a", NULL);
	expect(reader.client, "+QUEUED", "SET", "a", "1", NULL);
	expect(reader.client, "+QUEUED", "GET", "b", NULL);
	expect(reader.client, "[ nil +OK nil ]", "EXEC", NULL);
	expect_told(&reader, "[ $a ]");
	expect(writer, "+OK", "MULTI", NULL);
	expect(writer, "+QUEUED", "SET", "b", "1", NULL);
	expect(writer, "+QUEUED", "SET", "a", "2", NULL);
	expect_silence(&reader);
	expect(writer, "[ +OK +OK ]", "EXEC", NULL);
	expect_told(&reader, "[ $b ]");
	expect_silence(&reader);
}
END_TEST

/* Turned off, nothing is told; but what was read before is told when it is on again. */
START_TEST(off_and_on)
{
	struct reader reader = reader_fresh(3, NULL);
	struct client *writer = writer_open();

	expect(reader.client, "[ nil nil ]", "MGET", "a", "b", NULL);
	expect(reader.client, "+OK", "CLIENT", "TRACKING", "OFF", NULL);
	expect(reader.client, "+OK", "CLIENT", "TRACKING", "off", NULL);
	expect(writer, "+OK", "SET", "a", "1", NULL);
	expect(reader.client, "nil", "GET", "c", NULL);
	expect_silence(&reader);
	expect(reader.client, "+OK", "CLIENT", "TRACKING", "on", NULL);
	expect(writer, "+OK", "MSET", "a", "2", "b", "2", "c", "2", NULL);
	expect_told(&reader, "[ $b ]");
	expect_silence(&reader);
}
END_TEST

/* What was read in the default mode is nothing to a client that has changed to the other. */
START_TEST(from_mode_to_mode)
{
	struct reader reader = reader_fresh(3, NULL);
	struct client *writer = writer_open();

	expect(reader.client, "nil", "GET", "a", NULL);
	expect(reader.client, "+OK", "CLIENT", "TRACKING", "OFF", NULL);
	expect(reader.client, "+OK", "CLIENT", "TRACKING", "ON", "BCAST", "PREFIX", "b", NULL);
	expect(writer, "+OK", "MSET", "a", "1", "b", "1", NULL);
	expect_told(&reader, "[ $b ]");
	expect_silence(&reader);
}
END_TEST

/* RESP2 has no place for a message but in a subscription. */
START_TEST(who_cannot_receive_is_not_told)
{
	struct reader reader = reader_fresh(3, NULL);
	struct client *writer = writer_open();

	expect_like(reader.client, "*", "HELLO", "2", NULL);
	expect(reader.client, "nil", "GET", "key", NULL);
	expect(writer, "+OK", "SET", "key", "1", NULL);
	expect_silence(&reader);
	expect_like(reader.client, "*", "HELLO", "3", NULL);
	expect(reader.client, "$1", "GET", "key", NULL);
	expect(writer, "+OK", "SET", "key", "2", NULL);
	expect_told(&reader, "[ $key ]");
}
END_TEST

/* ---- OPTIN and OPTOUT ---- */

START_TEST(optin_remembers_what_is_asked_for)
{
	struct reader reader = reader_fresh(_i, "OPTIN", NULL);
	struct client *writer = writer_open();

	expect(reader.client, "nil", "GET", "a", NULL);
	expect(reader.client, "+OK", "CLIENT", "CACHING", "YES", NULL);
	expect(reader.client, "nil", "GET", "b", NULL);
	expect(reader.client, "nil", "GET", "c", NULL);
	expect(reader.client, "+OK", "CLIENT", "CACHING", "yes", NULL);
	expect_like(reader.client, ":*", "CLIENT", "GETREDIR", NULL); /* CLIENT is not the command that is meant */
	expect(reader.client, "nil", "GET", "d", NULL);
	expect(writer, "+OK", "MSET", "a", "1", "b", "1", "c", "1", "d", "1", NULL);
	expect_told(&reader, "[ $b ]");
	expect_told(&reader, "[ $d ]");
	expect_silence(&reader);
}
END_TEST

START_TEST(optout_remembers_the_rest)
{
	struct reader reader = reader_fresh(_i, "OPTOUT", NULL);
	struct client *writer = writer_open();

	expect(reader.client, "nil", "GET", "a", NULL);
	expect(reader.client, "+OK", "CLIENT", "CACHING", "NO", NULL);
	expect(reader.client, "nil", "GET", "b", NULL);
	expect(reader.client, "nil", "GET", "c", NULL);
	expect(writer, "+OK", "MSET", "a", "1", "b", "1", "c", "1", NULL);
	expect_told(&reader, "[ $a ]");
	expect_told(&reader, "[ $c ]");
	expect_silence(&reader);
}
END_TEST

START_TEST(caching_holds_for_a_transaction)
{
	struct reader reader = reader_fresh(_i, "OPTIN", NULL);
	struct client *writer = writer_open();

	expect(reader.client, "+OK", "CLIENT", "CACHING", "YES", NULL);
	expect(reader.client, "+OK", "MULTI", NULL);
	expect(reader.client, "+QUEUED", "GET", "a", NULL);
	expect(reader.client, "+QUEUED", "GET", "b", NULL);
	expect(reader.client, "[ nil nil ]", "EXEC", NULL);
	expect(reader.client, "nil", "GET", "c", NULL);
	expect(writer, "+OK", "MSET", "a", "1", "b", "1", "c", "1", NULL);
	expect_told(&reader, "[ $a ]");
	expect_told(&reader, "[ $b ]");
	expect_silence(&reader);
}
END_TEST

START_TEST(caching_within_a_transaction)
{
	struct reader reader = reader_fresh(_i, "OPTIN", NULL);
	struct client *writer = writer_open();

	expect(reader.client, "+OK", "MULTI", NULL);
	expect(reader.client, "+QUEUED", "GET", "a", NULL);
	expect(reader.client, "+QUEUED", "CLIENT", "CACHING", "YES", NULL);
	expect(reader.client, "+QUEUED", "GET", "b", NULL);
	expect(reader.client, "[ nil +OK nil ]", "EXEC", NULL);
	expect(reader.client, "nil", "GET", "c", NULL);
	expect(writer, "+OK", "MSET", "a", "1", "b", "1", "c", "1", NULL);
	expect_told(&reader, "[ $b ]");
	expect_silence(&reader);
}
END_TEST

/* A command that was refused was the next one, too. */
START_TEST(caching_ends_with_whatever_is_next)
{
	struct reader reader = reader_fresh(_i, "OPTIN", NULL);
	struct client *writer = writer_open();

	expect(reader.client, "+OK", "CLIENT", "CACHING", "YES", NULL);
	expect_like(reader.client, "-ERR wrong number*", "GET", NULL);
	expect(reader.client, "nil", "GET", "a", NULL);
	expect(reader.client, "+OK", "CLIENT", "CACHING", "YES", NULL);
	expect_like(reader.client, "-ERR unknown command*", "NOSUCHCOMMAND", NULL);
	expect(reader.client, "nil", "GET", "b", NULL);
	expect(reader.client, "+OK", "CLIENT", "CACHING", "YES", NULL);
	expect(reader.client, "+OK", "MULTI", NULL);
	expect_like(reader.client, "-ERR wrong number*", "GET", NULL);
	expect_like(reader.client, "-EXECABORT*", "EXEC", NULL);
	expect(reader.client, "nil", "GET", "c", NULL);
	expect(reader.client, "+OK", "CLIENT", "CACHING", "YES", NULL);
	expect(reader.client, "+OK", "MULTI", NULL);
	expect(reader.client, "+OK", "DISCARD", NULL);
	expect(reader.client, "nil", "GET", "d", NULL);
	expect(writer, "+OK", "MSET", "a", "1", "b", "1", "c", "1", "d", "1", NULL);
	expect_silence(&reader);
}
END_TEST

START_TEST(caching_must_fit_the_mode)
{
	const char *untracked = "-ERR CLIENT CACHING can be called only when the client is in tracking mode with OPTIN "
				"or OPTOUT mode enabled";
	const char *no_optin = "-ERR CLIENT CACHING YES is only valid when tracking is enabled in OPTIN mode.";
	const char *no_optout = "-ERR CLIENT CACHING NO is only valid when tracking is enabled in OPTOUT mode.";
	struct client *c = client_fresh(_i);

	expect(c, untracked, "CLIENT", "CACHING", "YES", NULL);
	expect(c, untracked, "CLIENT", "CACHING", "what", NULL);
	expect(c, "+OK", "CLIENT", "TRACKING", "ON", NULL);
	expect(c, no_optin, "CLIENT", "CACHING", "YES", NULL);
	expect(c, no_optout, "CLIENT", "CACHING", "NO", NULL);
	expect(c, "-ERR syntax error", "CLIENT", "CACHING", "what", NULL);
	expect(c, "+OK", "CLIENT", "TRACKING", "ON", "OPTIN", NULL);
	expect(c, no_optout, "CLIENT", "CACHING", "NO", NULL);
	expect(c, "+OK", "CLIENT", "TRACKING", "OFF", NULL);
	expect(c, "+OK", "CLIENT", "TRACKING", "ON", "OPTOUT", NULL);
	expect(c, no_optin, "CLIENT", "CACHING", "YES", NULL);
	expect(c, "-ERR wrong number of arguments for 'client|caching' command", "CLIENT", "CACHING", NULL);
	expect(c, "-ERR wrong number of arguments for 'client|caching' command", "CLIENT", "CACHING", "NO", "x", NULL);
}
END_TEST

/* ---- Broadcasting ---- */

START_TEST(broadcasts_of_all_keys)
{
	struct reader reader = reader_fresh(_i, "BCAST", NULL);
	struct client *writer = writer_open();

	expect(writer, "+OK", "SET", "key", "1", NULL);
	expect_told(&reader, "[ $key ]");
	expect(writer, "+OK", "SET", "key", "2", NULL);
	expect_told(&reader, "[ $key ]");
	expect(writer, "+OK", "MSET", "c", "3", "", "0", "a", "1", "aa", "2", "a", "1", NULL);
	expect_told(&reader, "[ $ $a $aa $c ]");
	expect(reader.client, "+OK", "SET", "own", "1", NULL);
	expect_told(&reader, "[ $own ]");
	expect(writer, "nil", "GET", "nothing", NULL);
	expect_silence(&reader);
}
END_TEST

START_TEST(broadcasts_of_prefixes)
{
	struct reader reader = reader_fresh(_i, "BCAST", "PREFIX", "a:", "prefix", "b:", NULL);
	struct client *writer = writer_open();

	expect(writer, "+OK", "MSET", "b:1", "1", "a:2", "1", "a:1", "1", "a", "1", "c:1", "1", "b:", "1", NULL);
	expect_told(&reader, "[ $a:1 $a:2 ]");
	expect_told(&reader, "[ $b: $b:1 ]");
	expect_silence(&reader);
}
END_TEST

START_TEST(prefixes_are_added)
{
	struct reader reader = reader_fresh(3, "BCAST", "PREFIX", "a:", NULL);
	struct client *writer = writer_open();

	expect(reader.client, "+OK", "CLIENT", "TRACKING", "ON", "BCAST", "PREFIX", "c:", NULL);
	expect(writer, "+OK", "MSET", "a:1", "1", "b:1", "1", "c:1", "1", NULL);
	expect_told(&reader, "[ $a:1 ]");
	expect_told(&reader, "[ $c:1 ]");
	expect(reader.client, "+OK", "CLIENT", "TRACKING", "OFF", NULL);
	expect(writer, "+OK", "MSET", "a:1", "2", "c:1", "2", NULL);
	expect_silence(&reader);
	expect(reader.client, "+OK", "CLIENT", "TRACKING", "ON", "BCAST", "PREFIX", "b:", NULL);
	expect(writer, "+OK", "MSET", "a:1", "3", "b:1", "3", "c:1", "3", NULL);
	expect_told(&reader, "[ $b:1 ]");
}
END_TEST

START_TEST(broadcasts_to_many)
{
	struct reader all = reader_fresh(_i, "BCAST", NULL);
	struct reader some = reader_open(shared, _i, "BCAST", "PREFIX", "a", NULL);
	struct reader same = reader_open(shared, _i, "BCAST", "PREFIX", "a", NULL);
	struct reader other = reader_open(shared, _i, "BCAST", "PREFIX", "b", NULL);
	struct client *writer = writer_open();

	expect(writer, "+OK", "SET", "a1", "1", NULL);
	expect_told(&all, "[ $a1 ]");
	expect_told(&some, "[ $a1 ]");
	expect_told(&same, "[ $a1 ]");
	expect_silence(&other);
	client_close(some.client);
	expect(writer, "+OK", "SET", "a2", "1", NULL);
	expect_told(&same, "[ $a2 ]");
}
END_TEST

START_TEST(broadcasts_without_ones_own)
{
	struct reader reader = reader_fresh(_i, "BCAST", "NOLOOP", NULL);
	struct reader looped = reader_open(shared, _i, "BCAST", NULL);
	struct client *writer = writer_open();

	expect(reader.client, "+OK", "SET", "own", "1", NULL);
	expect_told(&looped, "[ $own ]");
	expect_silence(&reader);
	expect(writer, "+OK", "SET", "own", "2", NULL);
	expect_told(&looped, "[ $own ]");
	expect_told(&reader, "[ $own ]");
}
END_TEST

/* A transaction's keys are told together, behind its reply. */
START_TEST(broadcasts_of_a_transaction)
{
	struct reader reader = reader_fresh(_i, "BCAST", NULL);

	expect(reader.client, "+OK", "MULTI", NULL);
	expect(reader.client, "+QUEUED", "SET", "b", "1", NULL);
	expect(reader.client, "+QUEUED", "SET", "a", "1", NULL);
	expect(reader.client, "+QUEUED", "DEL", "b", NULL);
	expect(reader.client, "[ +OK +OK :1 ]", "EXEC", NULL);
	expect_told(&reader, "[ $a $b ]");
	expect_silence(&reader);
}
END_TEST

/* More keys than are gathered: they come in several messages, none is missing and none comes twice. */
START_TEST(broadcasts_of_very_many)
{
	enum { KEYS = 5000 };
	struct reader reader = reader_fresh(3, "BCAST", NULL);
	const char **words = calloc(1 + 2 * KEYS, sizeof(*words));
	char(*names)[16] = calloc(KEYS, sizeof(*names));
	bool *told = calloc(KEYS, sizeof(*told));
	struct client *writer = writer_open();

	words[0] = "MSET";
	for (int i = 0; i < KEYS; i++) {
		snprintf(names[i], sizeof(names[i]), "key:%d", i);
		words[1 + 2 * i] = names[i];
		words[2 + 2 * i] = "v";
	}
	client_send_arguments(writer, 1 + 2 * KEYS, words, NULL);
	expect_reply(writer, "+OK");
	for (int left = KEYS; left > 0;) {
		const char *message = client_reply(reader.client);

		ck_assert(text_like(">[ $invalidate [ *", message));
		while ((message = strstr(message, "$key:")) != NULL) {
			int i = atoi(message += strlen("$key:"));

			ck_assert(!told[i]);
			told[i] = true;
			left--;
		}
	}
	expect_silence(&reader);
	free(words);
	free(names);
	free(told);
}
END_TEST

/* ---- Whole databases ---- */

START_TEST(flushing_is_told)
{
	struct reader reader = reader_fresh(_i, NULL);
	struct reader broadcast = reader_open(shared, _i, "BCAST", "PREFIX", "x", NULL);
	struct client *writer = writer_open();

	expect(writer, "+OK", "SET", "key", "1", NULL);
	expect(reader.client, "$1", "GET", "key", NULL);
	expect(writer, "+OK", "FLUSHALL", NULL);
	expect_told(&reader, "nil");
	expect_told(&broadcast, "nil");
	expect(writer, "+OK", "SET", "key", "2", NULL); /* nobody has read it since */
	expect_silence(&reader);
	expect(writer, "+OK", "SELECT", "3", NULL);
	expect(writer, "+OK", "FLUSHDB", NULL);
	expect_told(&reader, "nil");
	expect_told(&broadcast, "nil");
	expect(reader.client, "+OK", "FLUSHDB", "ASYNC", NULL);
	expect_told(&reader, "nil");
	expect_told(&broadcast, "nil");
	expect_silence(&reader);
	expect_silence(&broadcast);
}
END_TEST

/* Redis tells nothing, and the copies stay stale. */
START_TEST(swapping_is_told)
{
	struct reader reader;
	struct client *writer;

	if (against_redis())
		return;
	reader = reader_fresh(_i, NULL);
	writer = writer_open();
	expect(reader.client, "nil", "GET", "key", NULL);
	expect(writer, "+OK", "SWAPDB", "0", "1", NULL);
	expect_told(&reader, "nil");
	expect(writer, "+OK", "SET", "key", "1", NULL);
	expect_silence(&reader);
}
END_TEST

/* ---- Keys that go by themselves ---- */

START_TEST(expiry_by_the_clock)
{
	struct reader reader = reader_fresh(_i, "NOLOOP", NULL);
	struct client *writer = writer_open();

	expect(writer, "+OK", "SET", "key", "1", "PX", "100", NULL);
	expect_like(reader.client, "*", "GET", "key", NULL);
	expect_told(&reader, "[ $key ]");
	expect_silence(&reader);
}
END_TEST

/* A dead key is found by a command. */
START_TEST(expiry_by_a_command)
{
	struct reader reader = reader_fresh(_i, NULL);
	struct reader broadcast = reader_open(shared, _i, "BCAST", NULL);
	struct client *writer = writer_open();

	expect(writer, "+OK", "DEBUG", "SET-ACTIVE-EXPIRE", "0", NULL);
	do {
		expect(writer, "+OK", "SET", "key", "1", "PX", "200", NULL);
		expect_told(&broadcast, "[ $key ]");
	} while (strcmp(client_call(reader.client, "GET", "key", NULL), "$1") != 0);
	expect_eventually(writer, "nil", "GET", "key", NULL);
	expect_told(&reader, "[ $key ]");
	expect_told(&broadcast, "[ $key ]");
	expect(writer, "+OK", "DEBUG", "SET-ACTIVE-EXPIRE", "1", NULL);
	expect_silence(&reader);
}
END_TEST

/* A key that dies is nobody's change, not even of the client that comes across it. */
START_TEST(noloop_is_told_of_dead_keys)
{
	struct reader reader = reader_fresh(_i, "BCAST", "NOLOOP", NULL);
	struct client *writer = writer_open();

	expect(writer, "+OK", "DEBUG", "SET-ACTIVE-EXPIRE", "0", NULL);
	expect(reader.client, "+OK", "SET", "key", "1", "PX", "20", NULL);
	expect_eventually(reader.client, "nil", "GET", "key", NULL);
	expect_told(&reader, "[ $key ]");
	expect(writer, "+OK", "DEBUG", "SET-ACTIVE-EXPIRE", "1", NULL);
	expect_silence(&reader);
}
END_TEST

START_TEST(evictions_are_told)
{
	struct server *server;
	struct reader reader, broadcast;
	struct client *writer;

	if (is_sanitized()) /* its allocator does not say how much is used */
		return;
	server = server_start("--maxmemory-policy", "allkeys-random", NULL);
	reader = reader_open(server, _i, NULL);
	broadcast = reader_open(server, _i, "BCAST", NULL);
	writer = client_open(server, 2);
	expect(writer, "+OK", "SET", "key", "1", NULL);
	expect_told(&broadcast, "[ $key ]");
	expect(reader.client, "$1", "GET", "key", NULL);
	expect(writer, "+OK", "CONFIG", "SET", "maxmemory", "1", NULL);
	expect_like(writer, "-OOM *", "SET", "other", "1", NULL);
	expect_told(&reader, "[ $key ]");
	expect_told(&broadcast, "[ $key ]");
	server_stop(server);
}
END_TEST

/* Who reads one key too many hears that another one is not remembered any more, though the reading was its own. */
START_TEST(noloop_is_told_of_forgotten_keys)
{
	struct server *server = server_start("--shards", "1", "--tracking-table-max-keys", "1", NULL);
	struct reader reader = reader_open(server, _i, "NOLOOP", NULL);

	expect(reader.client, "nil", "GET", "a", NULL);
	expect_silence(&reader);
	expect(reader.client, "nil", "GET", "b", NULL);
	expect_told(&reader, "[ $a ]");
	expect_silence(&reader);
	server_stop(server);
}
END_TEST

/* ---- Redirection ---- */

/* Someone in RESP3 needs no subscription. */
START_TEST(redirected_pushes)
{
	struct client *reader = client_fresh(_i);
	struct client *target = client_open(shared, 3);
	struct client *writer = writer_open();
	char id[32];

	snprintf(id, sizeof(id), "%lld", client_id(target));
	expect(reader, ":-1", "CLIENT", "GETREDIR", NULL);
	expect(reader, "+OK", "CLIENT", "TRACKING", "ON", "REDIRECT", id, NULL);
	ck_assert_int_eq(client_integer(reader, "CLIENT", "GETREDIR", NULL), atoll(id));
	expect(reader, "nil", "GET", "key", NULL);
	expect(writer, "+OK", "SET", "key", "1", NULL);
	expect_reply(target, ">[ $invalidate [ $key ] ]");
	expect(reader, "$1", "GET", "key", NULL);
	expect(reader, "+OK", "CLIENT", "TRACKING", "ON", NULL); /* and no more */
	expect(reader, ":0", "CLIENT", "GETREDIR", NULL);
	expect(writer, "+OK", "SET", "key", "2", NULL);
	expect(target, "+PONG", "PING", NULL);
	expect(target, "+PONG", "PING", NULL);
}
END_TEST

/* In RESP2 it must have subscribed to something. */
START_TEST(redirected_to_who_cannot_receive)
{
	struct client *reader = client_fresh(_i);
	struct client *target = client_open(shared, 2);
	struct client *writer = writer_open();
	char id[32];

	snprintf(id, sizeof(id), "%lld", client_id(target));
	expect(reader, "+OK", "CLIENT", "TRACKING", "ON", "REDIRECT", id, NULL);
	expect(reader, "nil", "GET", "key", NULL);
	expect(writer, "+OK", "SET", "key", "1", NULL);
	expect(target, "+PONG", "PING", NULL);
	expect(reader, "$1", "GET", "key", NULL);
	expect(target, "[ $subscribe $news :1 ]", "SUBSCRIBE", "news", NULL);
	expect(writer, "+OK", "SET", "key", "2", NULL);
	expect_reply(target, "[ $message $__redis__:invalidate [ $key ] ]");
}
END_TEST

/* Two may redirect to each other. */
START_TEST(redirected_crosswise)
{
	struct client *left = client_fresh(3);
	struct client *right = client_open(shared, 3);
	struct client *writer = writer_open();
	char left_id[32], right_id[32];

	snprintf(left_id, sizeof(left_id), "%lld", client_id(left));
	snprintf(right_id, sizeof(right_id), "%lld", client_id(right));
	expect(left, "+OK", "CLIENT", "TRACKING", "ON", "REDIRECT", right_id, NULL);
	expect(right, "+OK", "CLIENT", "TRACKING", "ON", "REDIRECT", left_id, NULL);
	expect(left, "nil", "GET", "l", NULL);
	expect(right, "nil", "GET", "r", NULL);
	expect(writer, "+OK", "MSET", "l", "1", "r", "1", NULL);
	expect_reply(right, ">[ $invalidate [ $l ] ]");
	expect_reply(left, ">[ $invalidate [ $r ] ]");
}
END_TEST

/* Who loses its listener is told at the next message, and every time. */
START_TEST(redirection_breaks)
{
	struct client *reader = client_fresh(_i);
	struct client *target = client_open(shared, 3);
	struct client *writer = writer_open();
	char id[32], broken[64];

	snprintf(id, sizeof(id), "%lld", client_id(target));
	snprintf(broken, sizeof(broken), ">[ $tracking-redir-broken :%s ]", id);
	expect(reader, "+OK", "CLIENT", "TRACKING", "ON", "REDIRECT", id, NULL);
	expect(reader, "nil", "GET", "key", NULL);
	client_close(target);
	expect_eventually(writer, "$", "CLIENT", "LIST", "ID", id, NULL);
	expect_like(reader, "*[ $on ]*", "CLIENT", "TRACKINGINFO", NULL);
	expect(writer, "+OK", "SET", "key", "1", NULL);
	if (_i == 3)
		expect_reply(reader, broken);
	expect_like(reader, "*[ $on $broken_redirect ]*", "CLIENT", "TRACKINGINFO", NULL);
	ck_assert_int_eq(client_integer(reader, "CLIENT", "GETREDIR", NULL), atoll(id));
	expect_like(reader, "* flags=tR *", "CLIENT", "INFO", NULL);
	expect(writer, "+OK", "FLUSHALL", NULL);
	if (_i == 3)
		expect_reply(reader, broken);
	expect(reader, "+OK", "CLIENT", "TRACKING", "ON", NULL);
	expect_like(reader, "*[ $on ]*", "CLIENT", "TRACKINGINFO", NULL);
	expect_like(reader, "* flags=t *", "CLIENT", "INFO", NULL);
}
END_TEST

/* ---- What is said of it ---- */

static const char *tracking_info(int protocol, const char *flags, const char *rest)
{
	static char text[256];

	snprintf(text, sizeof(text), protocol == 3 ? "{ $flags ~[ %s ] %s }" : "[ $flags [ %s ] %s ]", flags, rest);
	return text;
}

START_TEST(trackinginfo)
{
	struct client *c = client_fresh(_i);

	expect(c, tracking_info(_i, "$off", "$redirect :-1 $prefixes [ ]"), "CLIENT", "TRACKINGINFO", NULL);
	expect(c, "+OK", "CLIENT", "TRACKING", "ON", NULL);
	expect(c, tracking_info(_i, "$on", "$redirect :0 $prefixes [ ]"), "CLIENT", "TRACKINGINFO", NULL);
	expect(c, "+OK", "CLIENT", "TRACKING", "ON", "OPTIN", "NOLOOP", NULL);
	expect(c, "+OK", "CLIENT", "CACHING", "YES", NULL);
	expect(c, tracking_info(_i, "$on $optin $caching-yes $noloop", "$redirect :0 $prefixes [ ]"), "CLIENT",
	       "TRACKINGINFO", NULL);
	expect(c, "+PONG", "PING", NULL);
	expect(c, tracking_info(_i, "$on $optin $noloop", "$redirect :0 $prefixes [ ]"), "CLIENT", "TRACKINGINFO",
	       NULL);
}
END_TEST

START_TEST(trackinginfo_of_optout_and_broadcasts)
{
	struct client *c = client_fresh(_i);
	long long id = client_id(c);
	char id_text[32], rest[128];

	snprintf(id_text, sizeof(id_text), "%lld", id);
	expect(c, "+OK", "CLIENT", "TRACKING", "ON", "OPTOUT", "REDIRECT", id_text, NULL);
	expect(c, "+OK", "CLIENT", "CACHING", "NO", NULL);
	snprintf(rest, sizeof(rest), "$redirect :%lld $prefixes [ ]", id);
	expect(c, tracking_info(_i, "$on $optout $caching-no", rest), "CLIENT", "TRACKINGINFO", NULL);
	expect(c, "+OK", "CLIENT", "TRACKING", "OFF", NULL);
	expect(c, "+OK", "CLIENT", "TRACKING", "ON", "BCAST", "PREFIX", "c", "PREFIX", "a", "PREFIX", "b", NULL);
	expect(c, tracking_info(_i, "$on $bcast", "$redirect :0 $prefixes [ $a $b $c ]"), "CLIENT", "TRACKINGINFO",
	       NULL);
	expect_like(c, "* flags=tB *redir=0 *", "CLIENT", "INFO", NULL);
	expect(c, "+OK", "CLIENT", "TRACKING", "OFF", NULL);
	expect(c, tracking_info(_i, "$off", "$redirect :-1 $prefixes [ ]"), "CLIENT", "TRACKINGINFO", NULL);
	expect(c, "+OK", "CLIENT", "TRACKING", "ON", "BCAST", "NOLOOP", NULL);
	expect(c, tracking_info(_i, "$on $bcast $noloop", "$redirect :0 $prefixes [ $ ]"), "CLIENT", "TRACKINGINFO",
	       NULL);
	expect_like(c, "* redir=0 *", "CLIENT", "INFO", NULL);
}
END_TEST

START_TEST(reset_turns_it_off)
{
	struct reader reader = reader_fresh(3, "BCAST", "PREFIX", "k", NULL);
	struct client *writer = writer_open();

	expect(reader.client, "+RESET", "RESET", NULL);
	expect(reader.client, "[ $flags [ $off ] $redirect :-1 $prefixes [ ] ]", "CLIENT", "TRACKINGINFO", NULL);
	expect_like(reader.client, "*", "HELLO", "3", NULL);
	expect(writer, "+OK", "SET", "key", "1", NULL);
	expect_silence(&reader);
	ck_assert_int_eq(info_number(writer, "tracking_total_prefixes"), 0);
}
END_TEST

START_TEST(figures)
{
	struct server *server = server_start(NULL);
	struct reader first = reader_open(server, 3, NULL);
	struct reader second = reader_open(server, 3, NULL);
	struct reader third = reader_open(server, 3, "BCAST", "PREFIX", "a", "PREFIX", "b", NULL);
	struct reader fourth = reader_open(server, 3, "BCAST", "PREFIX", "b", NULL);
	struct client *c = client_open(server, 2);

	expect(first.client, "[ nil nil ]", "MGET", "x", "y", NULL);
	expect(second.client, "[ nil nil ]", "MGET", "y", "z", NULL);
	ck_assert_int_eq(info_number(c, "tracking_clients"), 4);
	ck_assert_int_eq(info_number(c, "tracking_total_keys"), 3);
	ck_assert_int_eq(info_number(c, "tracking_total_items"), 4);
	ck_assert_int_eq(info_number(c, "tracking_total_prefixes"), 2);
	client_close(third.client);
	wait_until(info_number(c, "tracking_total_prefixes") == 1);
	client_close(fourth.client);
	client_close(first.client);
	wait_until(info_number(c, "tracking_clients") == 1);
	expect(c, "+OK", "MSET", "x", "1", "y", "1", NULL);
	expect_told(&second, "[ $y ]");
	ck_assert_int_eq(info_number(c, "tracking_total_keys"), 1);
	ck_assert_int_eq(info_number(c, "tracking_total_items"), 1);
	ck_assert_int_eq(info_number(c, "tracking_total_prefixes"), 0);
	expect(c, "+OK", "FLUSHALL", NULL);
	ck_assert_int_eq(info_number(c, "tracking_total_keys"), 0);
	ck_assert_int_eq(info_number(c, "tracking_total_items"), 0);
	server_stop(server);
}
END_TEST

/* What is given up to make room is told, as if it had changed. */
START_TEST(table_has_a_limit)
{
	enum { KEYS = 200, MOST = 10 };
	struct server *server = server_start("--tracking-table-max-keys", "10", NULL);
	struct reader reader = reader_open(server, _i, NULL);
	struct client *c = client_open(server, 2);
	char key[16];

	for (int i = 0; i < KEYS; i++) {
		snprintf(key, sizeof(key), "key:%d", i);
		/* In RESP3 messages come in between. */
		for (client_send_command(reader.client, "GET", key, NULL);
		     strcmp(client_reply(reader.client), "nil") != 0;)
			;
	}
	wait_until(info_number(c, "tracking_total_keys") <= MOST);
	ck_assert_int_gt(info_number(c, "tracking_total_keys"), 0);
	expect(c, "+OK", "CONFIG", "SET", "tracking-table-max-keys", "0", NULL);
	expect(c, "+OK", "FLUSHALL", NULL);
	for (const char *last = ""; strstr(last, "invalidate nil") == NULL;)
		last = client_reply(reader.listener);
	for (int i = 0; i < KEYS; i++) {
		snprintf(key, sizeof(key), "key:%d", i);
		expect(reader.client, "nil", "GET", key, NULL);
	}
	ck_assert_int_eq(info_number(c, "tracking_total_keys"), KEYS);
	server_stop(server);
}
END_TEST

/* ---- Errors ---- */

START_TEST(errors_in_words)
{
	struct client *c = client_fresh(_i);

	expect(c, "-ERR wrong number of arguments for 'client|tracking' command", "CLIENT", "TRACKING", NULL);
	expect(c, "-ERR wrong number of arguments for 'client|getredir' command", "CLIENT", "GETREDIR", "x", NULL);
	expect(c, "-ERR wrong number of arguments for 'client|trackinginfo' command", "CLIENT", "TRACKINGINFO", "x",
	       NULL);
	expect(c, "-ERR syntax error", "CLIENT", "TRACKING", "what", NULL);
	expect(c, "-ERR syntax error", "CLIENT", "TRACKING", "ON", "what", NULL);
	expect(c, "-ERR syntax error", "CLIENT", "TRACKING", "OFF", "what", NULL);
	expect(c, "-ERR syntax error", "CLIENT", "TRACKING", "ON", "REDIRECT", NULL);
	expect(c, "-ERR syntax error", "CLIENT", "TRACKING", "ON", "BCAST", "PREFIX", NULL);
	expect(c, "-ERR value is not an integer or out of range", "CLIENT", "TRACKING", "ON", "REDIRECT", "x", NULL);
	expect(c, "-ERR The client ID you want redirect to does not exist", "CLIENT", "TRACKING", "ON", "REDIRECT",
	       "999999999", NULL);
	expect(c, "-ERR The client ID you want redirect to does not exist", "CLIENT", "TRACKING", "what", "REDIRECT",
	       "-1", NULL);
	expect_like(c, "*[ $off ]*", "CLIENT", "TRACKINGINFO", NULL);
	expect(c, "+OK", "CLIENT", "TRACKING", "OFF", "BCAST", "PREFIX", "a", "NOLOOP", NULL);
}
END_TEST

START_TEST(errors_in_what_fits_together)
{
	const char *bcast =
		"-ERR You can't switch BCAST mode on/off before disabling tracking for this client, and then "
		"re-enabling it with a different mode.";
	const char *opt = "-ERR You can't switch OPTIN/OPTOUT mode before disabling tracking for this client, and then "
			  "re-enabling it with a different mode.";
	struct client *c = client_fresh(_i);
	char id[32];

	snprintf(id, sizeof(id), "%lld", client_id(c));
	expect(c, "-ERR A client can only redirect to a single other client", "CLIENT", "TRACKING", "ON", "REDIRECT",
	       id, "REDIRECT", id, NULL);
	expect(c, "-ERR PREFIX option requires BCAST mode to be enabled", "CLIENT", "TRACKING", "ON", "PREFIX", "a",
	       "OPTIN", "OPTOUT", NULL);
	expect(c, "-ERR OPTIN and OPTOUT are not compatible with BCAST", "CLIENT", "TRACKING", "ON", "OPTIN", "BCAST",
	       NULL);
	expect(c, "-ERR OPTIN and OPTOUT are not compatible with BCAST", "CLIENT", "TRACKING", "ON", "OPTOUT", "OPTIN",
	       "BCAST", NULL);
	expect(c, "-ERR You can't specify both OPTIN mode and OPTOUT mode", "CLIENT", "TRACKING", "ON", "OPTIN",
	       "OPTOUT", NULL);
	expect_like(c, "*[ $off ]*", "CLIENT", "TRACKINGINFO", NULL);
	expect(c, "+OK", "CLIENT", "TRACKING", "ON", "OPTIN", NULL);
	expect(c, bcast, "CLIENT", "TRACKING", "ON", "BCAST", "OPTIN", NULL);
	expect(c, opt, "CLIENT", "TRACKING", "ON", "OPTOUT", NULL);
	expect_like(c, "*[ $on $optin ]*", "CLIENT", "TRACKINGINFO", NULL);
	expect(c, "+OK", "CLIENT", "TRACKING", "OFF", NULL);
	expect(c, "+OK", "CLIENT", "TRACKING", "ON", "OPTOUT", NULL);
	expect(c, opt, "CLIENT", "TRACKING", "ON", "OPTIN", NULL);
	expect(c, "+OK", "CLIENT", "TRACKING", "OFF", NULL);
	expect(c, "+OK", "CLIENT", "TRACKING", "ON", "BCAST", NULL);
	expect(c, bcast, "CLIENT", "TRACKING", "ON", NULL);
}
END_TEST

START_TEST(errors_in_prefixes)
{
	const char *rest = "Prefixes for a single client must not overlap.";
	struct client *c = client_fresh(_i);
	char want[256];

	snprintf(want, sizeof(want), "-ERR Prefix 'ab' overlaps with another provided prefix 'a'. %s", rest);
	expect(c, want, "CLIENT", "TRACKING", "ON", "BCAST", "PREFIX", "ab", "PREFIX", "c", "PREFIX", "a", NULL);
	snprintf(want, sizeof(want), "-ERR Prefix 'a' overlaps with another provided prefix 'a'. %s", rest);
	expect(c, want, "CLIENT", "TRACKING", "ON", "BCAST", "PREFIX", "a", "PREFIX", "a", NULL);
	expect(c, "+OK", "CLIENT", "TRACKING", "ON", "BCAST", "PREFIX", "foo", NULL);
	snprintf(want, sizeof(want), "-ERR Prefix 'foobar' overlaps with an existing prefix 'foo'. %s", rest);
	expect(c, want, "CLIENT", "TRACKING", "ON", "BCAST", "PREFIX", "foobar", NULL);
	snprintf(want, sizeof(want), "-ERR Prefix '' overlaps with an existing prefix 'foo'. %s", rest);
	expect(c, want, "CLIENT", "TRACKING", "ON", "BCAST", "PREFIX", "", NULL);
	expect_like(c, "*$prefixes [ $foo ]*", "CLIENT", "TRACKINGINFO", NULL);
}
END_TEST

/* ---- Four threads ---- */

/*
 * Clients with a cache, as an application would have it: what GET replied is good until a message says otherwise. The
 * daemon's threads run all of them at once, since each is sent many commands before any reply is read. Whatever the
 * threads do, no client is left with a copy that differs from the daemon's value once all is quiet.
 */
enum { CACHED_KEYS = 12, CACHES = 10, ROUNDS = 150, CACHE_BATCH = 24 };

enum cache_mode { CACHE_DEFAULT, CACHE_BROADCAST, CACHE_REDIRECTED, CACHE_MODES };

struct cache {
	struct client *client;
	char *values[CACHED_KEYS];  /* owned; NULL: no copy */
	int asked[CACHE_BATCH + 1]; /* the keys of the GETs under way; -1 is another command */
	int asked_count;
	bool told; /* messages come to the client itself */
};

static unsigned draw(unsigned below)
{
	static uint64_t state = 88172645463325252; /* Marsaglia's xorshift64 */

	state ^= state << 13;
	state ^= state >> 7;
	state ^= state << 17;
	return (unsigned)((state >> 32) % below);
}

static void cache_drop(struct cache *cache, int key)
{
	free(cache->values[key]);
	cache->values[key] = NULL;
}

static void cache_drop_all(struct cache *cache)
{
	for (int key = 0; key < CACHED_KEYS; key++)
		cache_drop(cache, key);
}

/* In the third mode the messages go to the client with the id `target`, and the copies are of no interest. */
static void cache_open(struct cache *cache, struct server *server, const char *target)
{
	enum cache_mode mode = draw(CACHE_MODES);

	*cache = (struct cache){.client = client_open(server, 3), .told = mode != CACHE_REDIRECTED};
	if (mode == CACHE_DEFAULT)
		expect(cache->client, "+OK", "CLIENT", "TRACKING", "ON", NULL);
	else if (mode == CACHE_BROADCAST)
		expect(cache->client, "+OK", "CLIENT", "TRACKING", "ON", "BCAST", "PREFIX", "k", "PREFIX", "x", NULL);
	else
		expect(cache->client, "+OK", "CLIENT", "TRACKING", "ON", "REDIRECT", target, NULL);
}

static void cache_close(struct cache *cache)
{
	cache_drop_all(cache);
	client_close(cache->client);
}

static void cache_ask(struct cache *cache, int key)
{
	char name[16];

	snprintf(name, sizeof(name), "k%d", key);
	client_send_command(cache->client, "GET", name, NULL);
	cache->asked[cache->asked_count++] = key;
}

/* A change, now and then of everything. */
static void cache_change(struct cache *cache)
{
	static unsigned version;
	char name[16], other[16], value[16];

	snprintf(name, sizeof(name), "k%u", draw(CACHED_KEYS));
	snprintf(other, sizeof(other), "k%u", draw(CACHED_KEYS));
	snprintf(value, sizeof(value), "%u", ++version);
	switch (draw(200)) {
	case 0:
		client_send_command(cache->client, "FLUSHALL", NULL);
		break;
	case 1:
		client_send_command(cache->client, "SWAPDB", "0", "1", NULL);
		break;
	case 2 ... 30:
		client_send_command(cache->client, "DEL", name, other, NULL);
		break;
	case 31 ... 60:
		client_send_command(cache->client, "SET", name, value, "PX", "20", NULL);
		break;
	case 61 ... 90:
		client_send_command(cache->client, "MSET", name, value, other, value, NULL);
		break;
	default:
		client_send_command(cache->client, "SET", name, value, NULL);
	}
	cache->asked[cache->asked_count++] = -1;
}

static void cache_send(struct cache *cache)
{
	for (int i = 0; i < CACHE_BATCH; i++) {
		if (draw(3) == 0)
			cache_change(cache);
		else
			cache_ask(cache, (int)draw(CACHED_KEYS));
	}
}

static void cache_told(struct cache *cache, const char *message)
{
	if (strcmp(message, ">[ $invalidate nil ]") == 0)
		cache_drop_all(cache);
	while ((message = strstr(message, "$k")) != NULL)
		cache_drop(cache, atoi(message += 2));
}

/* Reads the replies of all that was asked, and the messages among them. */
static void cache_receive(struct cache *cache)
{
	for (int i = 0; i < cache->asked_count;) {
		const char *reply = client_reply(cache->client);
		int key = cache->asked[i];

		if (reply[0] == '>') {
			cache_told(cache, reply);
			continue;
		}
		if (key >= 0) {
			cache_drop(cache, key);
			cache->values[key] = strdup(reply);
		}
		i++;
	}
	cache->asked_count = 0;
}

/* Reads the messages that are under way. */
static void cache_settle(struct cache *cache)
{
	for (int i = 0; i < 2; i++) {
		client_send_command(cache->client, "PING", NULL);
		cache->asked[cache->asked_count++] = -1;
		cache_receive(cache);
	}
}

static void cache_compare(const struct cache *cache, struct client *c)
{
	char name[16];

	for (int key = 0; key < CACHED_KEYS && cache->told; key++) {
		snprintf(name, sizeof(name), "k%d", key);
		if (cache->values[key] != NULL)
			ck_assert_str_eq(client_call(c, "GET", name, NULL), cache->values[key]);
	}
}

/* A client that messages are sent to and that never reads them. */
static struct client *target_open(struct server *server, char id[32])
{
	struct client *target = client_open(server, 3);

	snprintf(id, 32, "%lld", client_id(target));
	return target;
}

/* All caches send at once; meanwhile one may leave and another come. */
static void caches_run(struct cache *caches, struct server *server, const char *target)
{
	for (int i = 0; i < CACHES; i++)
		cache_send(&caches[i]);
	if (draw(4) == 0) {
		struct cache *cache = &caches[draw(CACHES)];

		cache_close(cache);
		cache_open(cache, server, target);
	}
	for (int i = 0; i < CACHES; i++)
		cache_receive(&caches[i]);
}

/* Nothing changes any more: the keys that are to die are dead, and all messages have been read. */
static void caches_settle(struct cache *caches, struct client *control)
{
	char name[16];

	for (int key = 0; key < CACHED_KEYS; key++) {
		snprintf(name, sizeof(name), "k%d", key);
		wait_until(client_integer(control, "PTTL", name, NULL) < 0);
	}
	for (int i = 0; i < CACHES; i++)
		cache_settle(&caches[i]);
}

START_TEST(no_copy_stays_stale)
{
	struct server *server;
	struct cache caches[CACHES];
	struct client *control, *target;
	char id[32];

	if (against_redis()) /* SWAPDB leaves copies stale there */
		return;
	server = server_start("--threads", "4", "--tracking-table-max-keys", "8", NULL);
	control = client_open(server, 2);
	target = target_open(server, id);
	for (int i = 0; i < CACHES; i++)
		cache_open(&caches[i], server, id);
	for (int round = 0; round < ROUNDS; round++) {
		caches_run(caches, server, id);
		if (draw(8) == 0) {
			client_close(target);
			target = target_open(server, id);
		}
	}
	caches_settle(caches, control);
	for (int i = 0; i < CACHES; i++)
		cache_compare(&caches[i], control);
	for (int i = 0; i < CACHES; i++)
		cache_close(&caches[i]);
	wait_until(info_number(control, "tracking_clients") == 0);
	ck_assert_int_eq(info_number(control, "tracking_total_prefixes"), 0);
	expect(control, "+OK", "FLUSHALL", NULL);
	ck_assert_int_eq(info_number(control, "tracking_total_keys"), 0);
	ck_assert_int_eq(info_number(control, "tracking_total_items"), 0);
	server_stop(server);
}
END_TEST

Suite *tracking_suite(void)
{
	Suite *suite = suite_create("tracking");
	TCase *shared_tests = shared_case(suite, "tracking");
	TCase *alone = alone_case(suite, "tracking of a daemon's own");

	tcase_add_loop_test(shared_tests, a_change_is_told_once, 2, 4);
	tcase_add_loop_test(shared_tests, every_key_of_a_read_is_remembered, 2, 4);
	tcase_add_loop_test(shared_tests, writes_are_not_reads, 2, 4);
	tcase_add_loop_test(shared_tests, only_changes_are_told, 2, 4);
	tcase_add_loop_test(shared_tests, own_changes_are_told, 2, 4);
	tcase_add_loop_test(shared_tests, all_readers_are_told, 2, 4);
	tcase_add_loop_test(shared_tests, databases_are_not_told_apart, 2, 4);
	tcase_add_loop_test(shared_tests, noloop_is_not_told_of_its_own, 2, 4);
	tcase_add_loop_test(shared_tests, transactions, 2, 4);
	tcase_add_test(shared_tests, off_and_on);
	tcase_add_test(shared_tests, from_mode_to_mode);
	tcase_add_test(shared_tests, who_cannot_receive_is_not_told);
	tcase_add_loop_test(shared_tests, optin_remembers_what_is_asked_for, 2, 4);
	tcase_add_loop_test(shared_tests, optout_remembers_the_rest, 2, 4);
	tcase_add_loop_test(shared_tests, caching_holds_for_a_transaction, 2, 4);
	tcase_add_loop_test(shared_tests, caching_within_a_transaction, 2, 4);
	tcase_add_loop_test(shared_tests, caching_ends_with_whatever_is_next, 2, 4);
	tcase_add_loop_test(shared_tests, caching_must_fit_the_mode, 2, 4);
	tcase_add_loop_test(shared_tests, broadcasts_of_all_keys, 2, 4);
	tcase_add_loop_test(shared_tests, broadcasts_of_prefixes, 2, 4);
	tcase_add_test(shared_tests, prefixes_are_added);
	tcase_add_loop_test(shared_tests, broadcasts_to_many, 2, 4);
	tcase_add_loop_test(shared_tests, broadcasts_without_ones_own, 2, 4);
	tcase_add_loop_test(shared_tests, broadcasts_of_a_transaction, 2, 4);
	tcase_add_test(shared_tests, broadcasts_of_very_many);
	tcase_add_loop_test(shared_tests, flushing_is_told, 2, 4);
	tcase_add_loop_test(shared_tests, swapping_is_told, 2, 4);
	tcase_add_loop_test(shared_tests, expiry_by_the_clock, 2, 4);
	tcase_add_loop_test(shared_tests, expiry_by_a_command, 2, 4);
	tcase_add_loop_test(shared_tests, noloop_is_told_of_dead_keys, 2, 4);
	tcase_add_loop_test(shared_tests, redirected_pushes, 2, 4);
	tcase_add_loop_test(shared_tests, redirected_to_who_cannot_receive, 2, 4);
	tcase_add_loop_test(shared_tests, redirected_crosswise, 2, 4);
	tcase_add_loop_test(shared_tests, redirection_breaks, 2, 4);
	tcase_add_loop_test(shared_tests, trackinginfo, 2, 4);
	tcase_add_loop_test(shared_tests, trackinginfo_of_optout_and_broadcasts, 2, 4);
	tcase_add_loop_test(shared_tests, reset_turns_it_off, 2, 4);
	tcase_add_loop_test(shared_tests, errors_in_words, 2, 4);
	tcase_add_loop_test(shared_tests, errors_in_what_fits_together, 2, 4);
	tcase_add_loop_test(shared_tests, errors_in_prefixes, 2, 4);
	tcase_add_loop_test(alone, evictions_are_told, 2, 4);
	tcase_add_loop_test(alone, noloop_is_told_of_forgotten_keys, 2, 4);
	tcase_add_loop_test(alone, figures, 2, 4);
	tcase_add_loop_test(alone, table_has_a_limit, 2, 4);
	tcase_add_test(alone, no_copy_stays_stale);
	return suite;
}
