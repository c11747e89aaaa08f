/* Publish and subscribe: confirmations, messages, who may do what, and the order in which messages arrive. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "harness.h"
#include "suites.h"

/* A message or a confirmation as client_reply() shows it: an array in RESP2, a push in RESP3. */
static const char *push(int protocol, const char *array)
{
	static char text[512];

	snprintf(text, sizeof(text), "%s%s", protocol == 3 ? ">" : "", array);
	return text;
}

/* Another client of the shared daemon, which shouts. */
static struct client *publisher_open(void)
{
	return client_open(shared, 2);
}

/* ---- Subscribing ---- */

START_TEST(subscribe_confirms_each)
{
	struct client *c = client_fresh(_i);

	client_send_command(c, "SUBSCRIBE", "a", "b", "a", NULL);
	expect_reply(c, push(_i, "[ $subscribe $a :1 ]"));
	expect_reply(c, push(_i, "[ $subscribe $b :2 ]"));
	expect_reply(c, push(_i, "[ $subscribe $a :2 ]"));
	expect(c, push(_i, "[ $psubscribe $a* :3 ]"), "PSUBSCRIBE", "a*", NULL);
	expect(c, push(_i, "[ $ssubscribe $a :1 ]"), "SSUBSCRIBE", "a", NULL);
	expect(c, push(_i, "[ $subscribe $ :4 ]"), "SUBSCRIBE", "", NULL);

	client_send_command(c, "UNSUBSCRIBE", "b", "nothing", NULL);
	expect_reply(c, push(_i, "[ $unsubscribe $b :3 ]"));
	expect_reply(c, push(_i, "[ $unsubscribe $nothing :3 ]"));
	expect(c, push(_i, "[ $punsubscribe $a* :2 ]"), "PUNSUBSCRIBE", "a*", NULL);
	expect(c, push(_i, "[ $sunsubscribe $a :0 ]"), "SUNSUBSCRIBE", "a", NULL);
	expect(c, "-ERR wrong number of arguments for 'subscribe' command", "SUBSCRIBE", NULL);
	expect(c, "-ERR wrong number of arguments for 'psubscribe' command", "PSUBSCRIBE", NULL);
	expect(c, "-ERR wrong number of arguments for 'ssubscribe' command", "SSUBSCRIBE", NULL);
}
END_TEST

START_TEST(unsubscribe_from_all)
{
	struct client *c = client_fresh(_i);

	expect(c, push(_i, "[ $unsubscribe nil :0 ]"), "UNSUBSCRIBE", NULL);
	expect(c, push(_i, "[ $punsubscribe nil :0 ]"), "PUNSUBSCRIBE", NULL);
	expect(c, push(_i, "[ $sunsubscribe nil :0 ]"), "SUNSUBSCRIBE", NULL);
	expect(c, push(_i, "[ $psubscribe $p :1 ]"), "PSUBSCRIBE", "p", NULL);
	expect(c, push(_i, "[ $unsubscribe nil :1 ]"), "UNSUBSCRIBE", NULL);
	expect(c, push(_i, "[ $punsubscribe $p :0 ]"), "PUNSUBSCRIBE", NULL);
}
END_TEST

START_TEST(unsubscribe_from_each_of_all)
{
	struct client *c = client_fresh(_i);

	client_send_command(c, "SSUBSCRIBE", "a", "b", NULL);
	client_reply(c);
	client_reply(c);
	client_send_command(c, "SUNSUBSCRIBE", NULL);
	ck_assert(text_like(push(_i, "[ $sunsubscribe $* :1 ]"), client_reply(c)));
	ck_assert(text_like(push(_i, "[ $sunsubscribe $* :0 ]"), client_reply(c)));
	expect(c, push(_i, "[ $subscribe $ :1 ]"), "SUBSCRIBE", "", NULL);
	expect(c, push(_i, "[ $unsubscribe $ :0 ]"), "UNSUBSCRIBE", NULL);
	expect(c, "nil", "GET", "key", NULL);
}
END_TEST

/* ---- Messages ---- */

START_TEST(messages_of_channels)
{
	struct client *c = client_fresh(_i);
	struct client *publisher = publisher_open();

	expect(publisher, ":0", "PUBLISH", "news", "nobody", NULL);
	expect(c, push(_i, "[ $subscribe $news :1 ]"), "SUBSCRIBE", "news", NULL);
	expect(publisher, ":1", "PUBLISH", "news", "one", NULL);
	expect(publisher, ":1", "PUBLISH", "news", "", NULL);
	expect(publisher, ":0", "PUBLISH", "other", "two", NULL);
	expect(publisher, ":0", "PUBLISH", "New", "two", NULL);
	expect_reply(c, push(_i, "[ $message $news $one ]"));
	expect_reply(c, push(_i, "[ $message $news $ ]"));
	expect(c, push(_i, "[ $unsubscribe $news :0 ]"), "UNSUBSCRIBE", "news", NULL);
	expect(publisher, ":0", "PUBLISH", "news", "three", NULL);
	expect(c, "+PONG", "PING", NULL);
}
END_TEST

START_TEST(messages_of_patterns)
{
	struct client *c = client_fresh(_i);
	struct client *publisher = publisher_open();

	expect(c, push(_i, "[ $psubscribe $n?w* :1 ]"), "PSUBSCRIBE", "n?w*", NULL);
	expect(c, push(_i, "[ $psubscribe $[a-c]1 :2 ]"), "PSUBSCRIBE", "[a-c]1", NULL);
	expect(c, push(_i, "[ $subscribe $news :3 ]"), "SUBSCRIBE", "news", NULL);
	expect(publisher, ":2", "PUBLISH", "news", "one", NULL);
	expect(publisher, ":1", "PUBLISH", "now", "two", NULL);
	expect(publisher, ":1", "PUBLISH", "b1", "three", NULL);
	expect(publisher, ":0", "PUBLISH", "d1", "four", NULL);
	expect_reply(c, push(_i, "[ $message $news $one ]"));
	expect_reply(c, push(_i, "[ $pmessage $n?w* $news $one ]"));
	expect_reply(c, push(_i, "[ $pmessage $n?w* $now $two ]"));
	expect_reply(c, push(_i, "[ $pmessage $[a-c]1 $b1 $three ]"));
}
END_TEST

START_TEST(messages_of_shard_channels)
{
	struct client *c = client_fresh(_i);
	struct client *publisher = publisher_open();

	expect(c, push(_i, "[ $ssubscribe $news :1 ]"), "SSUBSCRIBE", "news", NULL);
	expect(c, push(_i, "[ $psubscribe $* :1 ]"), "PSUBSCRIBE", "*", NULL);
	expect(publisher, ":1", "SPUBLISH", "news", "one", NULL);
	expect(publisher, ":1", "PUBLISH", "news", "two", NULL);
	expect(publisher, ":0", "SPUBLISH", "other", "three", NULL);
	expect_reply(c, push(_i, "[ $smessage $news $one ]"));
	expect_reply(c, push(_i, "[ $pmessage $* $news $two ]"));
	expect(publisher, "-ERR wrong number of arguments for 'publish' command", "PUBLISH", "a", NULL);
	expect(publisher, "-ERR wrong number of arguments for 'spublish' command", "SPUBLISH", "a", NULL);
}
END_TEST

/* A message of a size that is sent by reference, with bytes of all kinds in it. */
START_TEST(large_messages)
{
	enum { LARGE = 300 * 1000 };
	struct client *c = client_fresh(_i);
	struct client *publisher = publisher_open();
	char *payload = malloc(LARGE + 1);
	const char *reply;

	memset(payload, 'v', LARGE);
	payload[LARGE] = '\0';
	expect(c, push(_i, "[ $subscribe $big :1 ]"), "SUBSCRIBE", "big", NULL);
	expect(publisher, ":1", "PUBLISH", "big", payload, NULL);
	expect(publisher, ":1", "PUBLISH", "big", "small", NULL);
	reply = client_reply(c);
	ck_assert_uint_eq(strlen(reply), LARGE + strlen(push(_i, "[ $message $big $ ]")));
	ck_assert_ptr_nonnull(strstr(reply, payload));
	expect_reply(c, push(_i, "[ $message $big $small ]"));
	free(payload);
}
END_TEST

/* A RESP3 client may publish to itself: the message follows the reply. */
START_TEST(message_to_oneself)
{
	struct client *c = client_fresh(3);

	expect(c, ">[ $subscribe $me :1 ]", "SUBSCRIBE", "me", NULL);
	client_send_command(c, "PUBLISH", "me", "hello", NULL);
	client_send_command(c, "PING", NULL);
	if (against_redis()) { /* 7.0 writes the message first */
		expect_reply(c, ">[ $message $me $hello ]");
		expect_reply(c, ":1");
	} else {
		expect_reply(c, ":1");
		expect_reply(c, ">[ $message $me $hello ]");
	}
	expect_reply(c, "+PONG");
}
END_TEST

START_TEST(leaving_clients_are_forgotten)
{
	struct client *c = client_fresh(2);
	struct client *leaving = client_open(shared, _i);

	client_send_command(leaving, "SUBSCRIBE", "a", "b", NULL);
	client_reply(leaving);
	client_reply(leaving);
	expect(leaving, push(_i, "[ $psubscribe $p* :3 ]"), "PSUBSCRIBE", "p*", NULL);
	expect(leaving, push(_i, "[ $ssubscribe $s :1 ]"), "SSUBSCRIBE", "s", NULL);
	expect(c, "[ $a :1 $b :1 $c :0 ]", "PUBSUB", "NUMSUB", "a", "b", "c", NULL);
	expect(c, ":1", "PUBSUB", "NUMPAT", NULL);
	client_close(leaving);
	expect_eventually(c, "[ ]", "PUBSUB", "CHANNELS", NULL);
	expect_eventually(c, "[ ]", "PUBSUB", "SHARDCHANNELS", NULL);
	expect_eventually(c, ":0", "PUBSUB", "NUMPAT", NULL);
	expect(c, ":0", "PUBLISH", "a", "x", NULL);
}
END_TEST

/* ---- What a subscriber may do ---- */

START_TEST(resp2_subscribers_may_do_little)
{
	struct client *c = client_fresh(2);

	expect(c, "[ $subscribe $a :1 ]", "SUBSCRIBE", "a", NULL);
	expect(c,
	       "-ERR Can't execute 'get': only (P|S)SUBSCRIBE / (P|S)UNSUBSCRIBE / PING / QUIT / RESET are allowed in "
	       "this context",
	       "GET", "key", NULL);
	expect_like(c, "-ERR Can't execute 'client|id': only *", "CLIENT", "ID", NULL);
	expect_like(c, "-ERR Can't execute 'publish': only *", "PUBLISH", "a", "b", NULL);
	expect(c, "-ERR wrong number of arguments for 'get' command", "GET", NULL);
	expect(c, "[ $pong $ ]", "PING", NULL);
	expect(c, "[ $pong $text ]", "PING", "text", NULL);
	expect(c, "[ $unsubscribe $a :0 ]", "UNSUBSCRIBE", NULL);
	expect(c, "+PONG", "PING", NULL);
	expect(c, "[ $ssubscribe $a :1 ]", "SSUBSCRIBE", "a", NULL);
	expect_like(c, "-ERR Can't execute 'get': only *", "GET", "key", NULL);
	expect(c, "+OK", "QUIT", NULL);
	expect_closed(c);
}
END_TEST

START_TEST(resp3_subscribers_may_do_all)
{
	struct client *c = client_fresh(3);

	expect(c, ">[ $subscribe $a :1 ]", "SUBSCRIBE", "a", NULL);
	expect(c, "+OK", "SET", "key", "value", NULL);
	expect(c, "$value", "GET", "key", NULL);
	expect(c, "+PONG", "PING", NULL);
	expect(c, "$text", "PING", "text", NULL);
}
END_TEST

START_TEST(reset_leaves_all)
{
	struct client *c = client_fresh(_i);
	struct client *other = publisher_open();

	expect(c, push(_i, "[ $subscribe $a :1 ]"), "SUBSCRIBE", "a", NULL);
	expect(c, push(_i, "[ $psubscribe $a :2 ]"), "PSUBSCRIBE", "a", NULL);
	expect(c, push(_i, "[ $ssubscribe $a :1 ]"), "SSUBSCRIBE", "a", NULL);
	expect(c, "+RESET", "RESET", NULL);
	expect(c, "nil", "GET", "key", NULL);
	expect(other, ":0", "PUBLISH", "a", "x", NULL);
	expect(other, ":0", "SPUBLISH", "a", "x", NULL);
	expect(other, ":0", "PUBSUB", "NUMPAT", NULL);
}
END_TEST

/* A subscriber keeps what it has when it changes its protocol. */
START_TEST(protocol_changes)
{
	struct client *c = client_fresh(3);
	struct client *publisher = publisher_open();

	expect(c, ">[ $subscribe $a :1 ]", "SUBSCRIBE", "a", NULL);
	expect(publisher, ":1", "PUBLISH", "a", "one", NULL);
	expect_reply(c, ">[ $message $a $one ]");
	client_call(c, "HELLO", "2", NULL);
	expect(publisher, ":1", "PUBLISH", "a", "two", NULL);
	expect_reply(c, "[ $message $a $two ]");
	expect_like(c, "-ERR Can't execute 'get': only *", "GET", "key", NULL);
}
END_TEST

/* ---- PUBSUB ---- */

START_TEST(pubsub_tells)
{
	struct client *c = client_fresh(_i);
	struct client *one = client_open(shared, 2);
	struct client *two = client_open(shared, 3);

	expect(c, "[ ]", "PUBSUB", "CHANNELS", NULL);
	expect(c, "[ ]", "PUBSUB", "NUMSUB", NULL);
	expect(c, "[ ]", "PUBSUB", "SHARDNUMSUB", NULL);
	expect(one, "[ $subscribe $a1 :1 ]", "SUBSCRIBE", "a1", NULL);
	expect(two, ">[ $subscribe $a1 :1 ]", "SUBSCRIBE", "a1", NULL);
	expect(two, ">[ $subscribe $b1 :2 ]", "SUBSCRIBE", "b1", NULL);
	expect(two, ">[ $psubscribe $p* :3 ]", "PSUBSCRIBE", "p*", NULL);
	expect(one, "[ $psubscribe $p* :2 ]", "PSUBSCRIBE", "p*", NULL);
	expect(two, ">[ $ssubscribe $s1 :1 ]", "SSUBSCRIBE", "s1", NULL);

	expect_like(c, "[ $*1 $*1 ]", "PUBSUB", "CHANNELS", NULL);
	expect(c, "[ $a1 ]", "PUBSUB", "CHANNELS", "a*", NULL);
	expect(c, "[ ]", "PUBSUB", "channels", "s*", NULL);
	expect(c, "[ $a1 :2 $p* :0 $b1 :1 $a1 :2 ]", "PUBSUB", "NUMSUB", "a1", "p*", "b1", "a1", NULL);
	expect(c, ":1", "PUBSUB", "NUMPAT", NULL);
	expect(c, "[ $s1 ]", "PUBSUB", "SHARDCHANNELS", NULL);
	expect(c, "[ ]", "PUBSUB", "SHARDCHANNELS", "a*", NULL);
	expect(c, "[ $s1 :1 $a1 :0 ]", "PUBSUB", "SHARDNUMSUB", "s1", "a1", NULL);
	client_close(one);
	client_close(two);
	expect_eventually(c, "[ ]", "PUBSUB", "CHANNELS", NULL);
}
END_TEST

START_TEST(pubsub_errors)
{
	struct client *c = client_fresh(_i);

	expect(c, "-ERR wrong number of arguments for 'pubsub' command", "PUBSUB", NULL);
	expect(c, "-ERR unknown subcommand 'foo'. Try PUBSUB HELP.", "PUBSUB", "foo", NULL);
	expect(c, "-ERR unknown subcommand or wrong number of arguments for 'CHANNELS'. Try PUBSUB HELP.", "PUBSUB",
	       "CHANNELS", "a", "b", NULL);
	expect(c, "-ERR unknown subcommand or wrong number of arguments for 'shardchannels'. Try PUBSUB HELP.",
	       "PUBSUB", "shardchannels", "a", "b", NULL);
	expect(c, "-ERR wrong number of arguments for 'pubsub|numpat' command", "PUBSUB", "NUMPAT", "x", NULL);
	expect(c, "-ERR wrong number of arguments for 'pubsub|help' command", "PUBSUB", "HELP", "x", NULL);
	expect_like(c, "[ +PUBSUB <subcommand> [*+CHANNELS [<pattern>]*+NUMPAT*+SHARDNUMSUB*+HELP*", "PUBSUB", "HELP",
		    NULL);
	expect(c, "-ERR The command has no key arguments", "COMMAND", "GETKEYS", "SSUBSCRIBE", "a", NULL);
}
END_TEST

START_TEST(info_counts)
{
	struct client *c = client_fresh(_i);
	struct client *one = client_open(shared, 2);

	expect(one, "[ $subscribe $a :1 ]", "SUBSCRIBE", "a", NULL);
	expect(one, "[ $subscribe $b :2 ]", "SUBSCRIBE", "b", NULL);
	expect(one, "[ $psubscribe $p :3 ]", "PSUBSCRIBE", "p", NULL);
	expect(one, "[ $ssubscribe $s :1 ]", "SSUBSCRIBE", "s", NULL);
	ck_assert_int_eq(info_number(c, "pubsub_channels"), 2);
	ck_assert_int_eq(info_number(c, "pubsub_patterns"), 1);
	ck_assert_int_eq(info_number(c, "pubsubshard_channels"), 1);
	if (!against_redis()) /* since 7.4 */
		ck_assert_int_eq(info_number(c, "pubsub_clients"), 1);
	client_close(one);
	wait_until(info_number(c, "pubsub_channels") == 0);
	wait_until(info_number(c, "pubsubshard_channels") == 0);
}
END_TEST

START_TEST(client_list_shows_subscribers)
{
	struct client *c = client_fresh(_i);
	struct client *one = client_open(shared, 2);
	long long id = client_id(one);
	char number[24];

	snprintf(number, sizeof(number), "%lld", id);
	expect_like(c, _i == 3 ? "=txt:*" : "$*", "CLIENT", "LIST", "TYPE", "normal", NULL);
	expect(c, _i == 3 ? "=txt:" : "$", "CLIENT", "LIST", "TYPE", "pubsub", NULL);
	expect(one, "[ $subscribe $a :1 ]", "SUBSCRIBE", "a", NULL);
	expect(one, "[ $psubscribe $p :2 ]", "PSUBSCRIBE", "p", NULL);
	expect(one, "[ $ssubscribe $s :1 ]", "SSUBSCRIBE", "s", NULL);
	expect_like(c, "*flags=P db=0 sub=1 psub=1 *", "CLIENT", "LIST", "ID", number, NULL);
	expect_like(c, _i == 3 ? "=txt:id=* flags=P *" : "$id=* flags=P *", "CLIENT", "LIST", "TYPE", "pubsub", NULL);
	if (!against_redis()) /* since 7.0.3 shown, 7.2 documented */
		expect_like(c, "* ssub=1 *", "CLIENT", "LIST", "ID", number, NULL);
	expect(c, ":0", "CLIENT", "KILL", "TYPE", "replica", NULL);
	expect(c, ":1", "CLIENT", "KILL", "TYPE", "pubsub", NULL);
	expect_closed(one);
	wait_until(info_number(c, "pubsub_channels") == 0);
}
END_TEST

/* ---- Order ---- */

enum {
	PUBLISHERS = 4,
	SUBSCRIBERS = 6,
	ROUNDS = 250,
	PIPELINE = 8, /* messages that a publisher sends at a time */
};

/* Reads all messages of a subscriber: those of each publisher come in its order, and none is missing. */
static void check_order(struct client *subscriber, int protocol)
{
	int next[PUBLISHERS] = {0};
	int publisher;
	int number;

	for (int i = 0; i < PUBLISHERS * ROUNDS * PIPELINE; i++) {
		const char *reply = client_reply(subscriber);

		ck_assert_msg(sscanf(reply + (protocol == 3), "[ $message $all $%d-%d ]", &publisher, &number) == 2,
			      "%s", reply);
		ck_assert_int_lt(publisher, PUBLISHERS);
		ck_assert_int_eq(number, next[publisher]++);
	}
}

START_TEST(messages_arrive_in_order)
{
	struct server *server = server_start(NULL, NULL);
	struct client *subscribers[SUBSCRIBERS];
	struct client *publishers[PUBLISHERS];
	char text[32];

	for (int i = 0; i < SUBSCRIBERS; i++) {
		subscribers[i] = client_open(server, 2 + i % 2);
		expect(subscribers[i], push(2 + i % 2, "[ $subscribe $all :1 ]"), "SUBSCRIBE", "all", NULL);
	}
	for (int i = 0; i < PUBLISHERS; i++)
		publishers[i] = client_open(server, 2);
	for (int round = 0; round < ROUNDS; round++) {
		for (int i = 0; i < PUBLISHERS * PIPELINE; i++) {
			snprintf(text, sizeof(text), "%d-%d", i % PUBLISHERS, round * PIPELINE + i / PUBLISHERS);
			client_send_command(publishers[i % PUBLISHERS], "PUBLISH", "all", text, NULL);
		}
	}
	for (int i = 0; i < PUBLISHERS * ROUNDS * PIPELINE; i++)
		ck_assert_str_eq(client_reply(publishers[i % PUBLISHERS]), ":6");
	for (int i = 0; i < SUBSCRIBERS; i++)
		check_order(subscribers[i], 2 + i % 2);
	server_stop(server);
}
END_TEST

/* Clients that come, subscribe and go while others publish: nobody is sent anything after its end, and no message of a
 * channel follows the word that it is left. */
START_TEST(subscribers_come_and_go)
{
	enum { TURNS = 300 };
	struct server *server = server_start(NULL, NULL);
	struct client *publishers[PUBLISHERS];
	struct client *stays = client_open(server, 2);

	for (int i = 0; i < PUBLISHERS; i++)
		publishers[i] = client_open(server, 2);
	for (int turn = 0; turn < TURNS; turn++) {
		struct client *c = client_open(server, 2);

		client_send_command(c, "SUBSCRIBE", "all", NULL);
		client_send_command(stays, "SUBSCRIBE", "all", NULL);
		client_send_command(stays, "UNSUBSCRIBE", "all", NULL);
		client_send_command(stays, "PING", NULL);
		for (int i = 0; i < PUBLISHERS; i++)
			client_send_command(publishers[i], "PUBLISH", "all", "x", NULL);
		if (turn % 2 == 0)
			client_reply(c);
		client_close(c);
		ck_assert_str_eq(client_reply(stays), "[ $subscribe $all :1 ]");
		while (strcmp(client_reply(stays), "[ $unsubscribe $all :0 ]") != 0)
			;
		ck_assert_str_eq(client_reply(stays), "+PONG");
		for (int i = 0; i < PUBLISHERS; i++)
			client_reply(publishers[i]);
	}
	expect_eventually(stays, "[ $all :0 ]", "PUBSUB", "NUMSUB", "all", NULL);
	server_stop(server);
}
END_TEST

/* Ten thousand channels of one client, left one by one: were that to look at each of them, it would not end in time. */
START_TEST(many_channels)
{
	enum { CHANNELS = 10000 };
	struct client *c = client_fresh(_i);
	char name[32];

	for (int i = 0; i < CHANNELS; i++) {
		snprintf(name, sizeof(name), "channel:%d", i);
		client_send_command(c, "SUBSCRIBE", name, NULL);
	}
	for (int i = 0; i < CHANNELS; i++)
		client_reply(c);
	for (int i = CHANNELS - 1; i >= 0; i--) {
		snprintf(name, sizeof(name), "channel:%d", i);
		client_send_command(c, "UNSUBSCRIBE", name, NULL);
	}
	for (int i = CHANNELS - 1; i > 0; i--)
		client_reply(c);
	expect_reply(c, push(_i, "[ $unsubscribe $channel:0 :0 ]"));
}
END_TEST

Suite *pubsub_suite(void)
{
	Suite *suite = suite_create("pubsub");
	TCase *both = shared_case(suite, "pubsub");
	TCase *alone = alone_case(suite, "order of messages");

	tcase_add_loop_test(both, subscribe_confirms_each, 2, 4);
	tcase_add_loop_test(both, unsubscribe_from_all, 2, 4);
	tcase_add_loop_test(both, unsubscribe_from_each_of_all, 2, 4);
	tcase_add_loop_test(both, messages_of_channels, 2, 4);
	tcase_add_loop_test(both, messages_of_patterns, 2, 4);
	tcase_add_loop_test(both, messages_of_shard_channels, 2, 4);
	tcase_add_loop_test(both, large_messages, 2, 4);
	tcase_add_test(both, message_to_oneself);
	tcase_add_loop_test(both, leaving_clients_are_forgotten, 2, 4);
	tcase_add_test(both, resp2_subscribers_may_do_little);
	tcase_add_test(both, resp3_subscribers_may_do_all);
	tcase_add_loop_test(both, reset_leaves_all, 2, 4);
	tcase_add_test(both, protocol_changes);
	tcase_add_loop_test(both, pubsub_tells, 2, 4);
	tcase_add_loop_test(both, pubsub_errors, 2, 4);
	tcase_add_loop_test(both, info_counts, 2, 4);
	tcase_add_loop_test(both, client_list_shows_subscribers, 2, 4);
	tcase_add_loop_test(both, many_channels, 2, 4);
	tcase_add_test(alone, messages_arrive_in_order);
	tcase_add_test(alone, subscribers_come_and_go);
	return suite;
}
