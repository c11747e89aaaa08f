/* Keyspace notifications: what is configured, which events the commands raise, and in which order. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "harness.h"
#include "suites.h"

/* What CONFIG GET shows after CONFIG SET has been given `flags`. */
static void expect_flags(struct client *c, const char *flags, const char *shown)
{
	char want[128];

	expect(c, "+OK", "CONFIG", "SET", "notify-keyspace-events", flags, NULL);
	snprintf(want, sizeof(want), "[ $notify-keyspace-events $%s ]", shown);
	expect(c, want, "CONFIG", "GET", "notify-keyspace-events", NULL);
}

START_TEST(flags_are_shown_as_redis_does)
{
	struct client *c = client_fresh(2);

	expect_flags(c, "KEA", "AKE");
	expect_flags(c, "A", "A");
	expect_flags(c, "Kx", "xK");
	expect_flags(c, "mE", "Em");
	expect_flags(c, "g$lshzxetdK", "AK");
	expect_flags(c, "dtezxhsl$gE", "AE");
	expect_flags(c, "hszlE$", "$lshzE");
	expect_flags(c, "nK", "nK");
	expect_flags(c, "KKK", "K");
	expect_like(c, "-ERR CONFIG SET failed (possibly related to argument 'notify-keyspace-events') - *", "CONFIG",
		    "SET", "notify-keyspace-events", "KEq", NULL);
	expect_flags(c, "AKEmn", "AKEm");
	expect_flags(c, "gE", "gE");
	expect_flags(c, "", "");
}
END_TEST

/* ---- Streams of events ---- */

/* Two clients: one works, the other listens to what happens to the keys of database 0. */
struct watch {
	struct client *works;
	struct client *listens;
};

static struct watch watch_open(int protocol, const char *flags)
{
	struct watch watch = {client_fresh(protocol), client_open(shared, 2)};

	expect(watch.works, "+OK", "CONFIG", "SET", "notify-keyspace-events", flags, NULL);
	expect(watch.listens, "[ $psubscribe $__keyspace@0__:* :1 ]", "PSUBSCRIBE", "__keyspace@0__:*", NULL);
	return watch;
}

/* The events since the last look are these and no others: "set key", "del key", ... */
static void expect_events(struct watch *watch, const char *events)
{
	char got[1024] = "";
	char event[64], key[64];

	ck_assert_int_eq(client_integer(watch->works, "PUBLISH", "__keyspace@0__:", "end", NULL), 1);
	for (;;) {
		const char *reply = client_reply(watch->listens);

		if (strcmp(reply, "[ $pmessage $__keyspace@0__:* $__keyspace@0__: $end ]") == 0)
			break;
		ck_assert_msg(sscanf(reply, "[ $pmessage $__keyspace@0__:* $__keyspace@0__:%63s $%63s ]", key, event) ==
				      2,
			      "%s", reply);
		snprintf(got + strlen(got), sizeof(got) - strlen(got), "%s%s %s", *got != '\0' ? ", " : "", event, key);
	}
	ck_assert_str_eq(got, events);
}

START_TEST(events_of_setting)
{
	struct watch w = watch_open(_i, "KAn");
	struct client *c = w.works;

	/* With A beside it, n is not shown, but it is there. */
	expect(c, "+OK", "SET", "a", "1", NULL);
	expect_events(&w, "new a, set a");
	expect(c, "+OK", "SET", "a", "2", "EX", "100", NULL);
	expect(c, "+OK", "SET", "b", "2", "PX", "100000", NULL);
	expect(c, "+OK", "SET", "a", "2", "KEEPTTL", NULL);
	expect_events(&w, "set a, expire a, new b, set b, expire b, set a");
	expect(c, "nil", "SET", "a", "1", "NX", NULL);
	expect(c, "nil", "SET", "c", "1", "XX", NULL);
	expect(c, ":0", "SETNX", "a", "1", NULL);
	expect(c, ":1", "SETNX", "c", "1", NULL);
	expect_events(&w, "new c, set c");
	expect(c, "$1", "SET", "c", "2", "GET", NULL);
	expect(c, "$2", "GETSET", "c", "3", NULL);
	expect(c, "+OK", "SETEX", "c", "100", "4", NULL);
	expect(c, "+OK", "PSETEX", "d", "100000", "4", NULL);
	expect_events(&w, "set c, set c, set c, expire c, new d, set d, expire d");
	expect(c, "+OK", "MSET", "e", "1", "a", "2", "e", "3", NULL);
	expect(c, ":0", "MSETNX", "e", "1", "f", "2", NULL);
	expect(c, ":1", "MSETNX", "g", "1", "f", "2", NULL);
	expect_events(&w, "new e, set e, set a, set e, new g, set g, new f, set f");
}
END_TEST

START_TEST(events_of_changing)
{
	struct watch w = watch_open(_i, "KAn");
	struct client *c = w.works;

	expect(c, ":1", "APPEND", "a", "x", NULL);
	expect(c, ":2", "APPEND", "a", "y", NULL);
	expect(c, ":2", "APPEND", "a", "", NULL);
	expect_events(&w, "new a, append a, append a, append a");
	expect(c, ":3", "SETRANGE", "r", "1", "xy", NULL);
	expect(c, ":3", "SETRANGE", "r", "0", "z", NULL);
	expect(c, ":3", "SETRANGE", "r", "0", "", NULL);
	expect(c, ":0", "SETRANGE", "s", "0", "", NULL);
	expect_events(&w, "new r, setrange r, setrange r");
	expect(c, ":1", "INCR", "i", NULL);
	expect(c, ":0", "DECR", "i", NULL);
	expect(c, ":5", "INCRBY", "i", "5", NULL);
	expect(c, ":3", "DECRBY", "i", "2", NULL);
	expect(c, "$3.5", "INCRBYFLOAT", "i", "0.5", NULL);
	expect(c, "$0.5", "INCRBYFLOAT", "f", "0.5", NULL);
	expect_like(c, "-ERR *", "INCR", "i", NULL);
	expect_events(&w, "new i, incrby i, incrby i, incrby i, incrby i, incrbyfloat i, new f, incrbyfloat f");
}
END_TEST

START_TEST(events_of_keys)
{
	struct watch w = watch_open(_i, "KAn");
	struct client *c = w.works;

	expect(c, "+OK", "MSET", "a", "1", "b", "2", "c", "3", "d", "4", NULL);
	expect_events(&w, "new a, set a, new b, set b, new c, set c, new d, set d");
	expect(c, ":2", "DEL", "a", "nothing", "b", NULL);
	expect(c, ":1", "UNLINK", "c", "nothing", NULL);
	expect_events(&w, "del a, del b, del c");
	expect(c, "+OK", "RENAME", "d", "e", NULL);
	expect(c, "+OK", "SET", "f", "1", NULL);
	expect(c, "+OK", "RENAME", "f", "e", NULL);
	expect(c, "+OK", "RENAME", "e", "e", NULL);
	expect(c, ":0", "RENAMENX", "e", "e", NULL);
	expect(c, ":1", "RENAMENX", "e", "h", NULL);
	expect_events(&w, "new e, rename_from d, rename_to e, new f, set f, new e, rename_from f, rename_to e, new h, "
			  "rename_from e, rename_to h");
	expect(c, "$1", "GETDEL", "h", NULL);
	expect(c, "nil", "GETDEL", "h", NULL);
	expect_events(&w, "del h");
	expect(c, "+OK", "FLUSHALL", NULL);
	expect_events(&w, "");
}
END_TEST

START_TEST(events_of_copies)
{
	struct watch w = watch_open(_i, "KAn");
	struct client *c = w.works;

	expect(c, "+OK", "SET", "a", "1", NULL);
	expect(c, ":1", "COPY", "a", "b", NULL);
	expect(c, ":0", "COPY", "a", "b", NULL);
	expect(c, ":1", "COPY", "a", "b", "REPLACE", NULL);
	expect_events(&w, "new a, set a, new b, copy_to b, new b, copy_to b");
	expect(c, ":1", "MOVE", "a", "1", NULL);
	expect(c, "+OK", "SELECT", "1", NULL);
	expect(c, ":1", "MOVE", "a", "0", NULL);
	expect_events(&w, "move_from a, new a, move_to a");
}
END_TEST

START_TEST(events_of_times_to_live)
{
	struct watch w = watch_open(_i, "KAn");
	struct client *c = w.works;

	expect(c, "+OK", "MSET", "a", "1", "b", "2", NULL);
	expect_events(&w, "new a, set a, new b, set b");
	expect(c, ":1", "EXPIRE", "a", "100", NULL);
	expect(c, ":0", "EXPIRE", "a", "10", "NX", NULL);
	expect(c, ":1", "PEXPIREAT", "a", "9999999999999", NULL);
	expect(c, ":1", "PERSIST", "a", NULL);
	expect(c, ":0", "PERSIST", "a", NULL);
	expect(c, ":1", "EXPIRE", "b", "-1", NULL);
	expect_events(&w, "expire a, expire a, persist a, del b");
	expect(c, "$1", "GETEX", "a", NULL);
	expect(c, "$1", "GETEX", "a", "PERSIST", NULL);
	expect(c, "$1", "GETEX", "a", "EX", "100", NULL);
	expect(c, "$1", "GETEX", "a", "PERSIST", NULL);
	expect(c, "$1", "GETEX", "a", "PXAT", "1", NULL);
	expect_events(&w, "expire a, persist a, del a");
}
END_TEST

START_TEST(events_of_misses)
{
	struct watch w = watch_open(_i, "Km");
	struct client *c = w.works;

	expect(c, "+OK", "SET", "a", "1", NULL);
	expect(c, "$1", "GET", "a", NULL);
	expect(c, "nil", "GET", "x", NULL);
	expect(c, "[ nil $1 nil ]", "MGET", "y", "a", "z", NULL);
	expect_events(&w, "keymiss x, keymiss y, keymiss z");
	expect(c, ":0", "EXISTS", "x", "y", NULL);
	expect(c, ":0", "TOUCH", "x", NULL);
	expect(c, "+none", "TYPE", "x", NULL);
	expect(c, ":-2", "TTL", "x", NULL);
	expect(c, ":-2", "PEXPIRETIME", "x", NULL);
	expect_events(&w, "keymiss x, keymiss y, keymiss x, keymiss x, keymiss x, keymiss x");
	expect(c, ":0", "STRLEN", "x", NULL);
	expect(c, "$", "GETRANGE", "x", "0", "1", NULL);
	expect(c, "nil", "GETEX", "x", NULL);
	expect(c, "nil", "GETDEL", "x", NULL);
	expect(c, "nil", "SET", "x", "1", "GET", NULL);
	expect_events(&w, "keymiss x, keymiss x, keymiss x, keymiss x, keymiss x");
	expect(c, ":0", "DEL", "y", NULL);
	expect(c, ":0", "EXPIRE", "y", "10", NULL);
	expect(c, ":1", "INCR", "y", NULL);
	expect_events(&w, "");
}
END_TEST

/* A key that is found dead by a command, and one that nobody asks for. */
START_TEST(events_of_expiry)
{
	struct watch w = watch_open(_i, "Kxm");
	struct client *c = w.works;

	expect(c, "+OK", "DEBUG", "SET-ACTIVE-EXPIRE", "0", NULL);
	expect(c, "+OK", "SET", "a", "1", "PX", "1", NULL);
	expect_eventually(c, "nil", "GET", "a", NULL);
	expect_events(&w, "expired a, keymiss a");
	expect(c, "+OK", "DEBUG", "SET-ACTIVE-EXPIRE", "1", NULL);
	expect(c, "+OK", "SET", "b", "1", "PX", "1", NULL);
	expect_reply(w.listens, "[ $pmessage $__keyspace@0__:* $__keyspace@0__:b $expired ]");
	expect(c, "+OK", "CONFIG", "SET", "notify-keyspace-events", "K$", NULL);
	expect(c, "+OK", "SET", "d", "1", "PX", "1", NULL);
	expect_eventually(c, ":0", "DBSIZE", NULL);
	expect_events(&w, "set d");
}
END_TEST

START_TEST(channels_of_events)
{
	struct client *c = client_fresh(_i);
	struct client *listens = client_open(shared, 2);

	expect(c, "+OK", "CONFIG", "SET", "notify-keyspace-events", "KE$", NULL);
	expect(listens, "[ $psubscribe $__key*__:* :1 ]", "PSUBSCRIBE", "__key*__:*", NULL);
	expect(c, "+OK", "SELECT", "3", NULL);
	expect(c, "+OK", "SET", "a", "1", "EX", "100", NULL);
	expect(c, ":1", "DEL", "a", NULL);
	expect(c, "+OK", "CONFIG", "SET", "notify-keyspace-events", "Eg", NULL);
	expect(c, "+OK", "SET", "b", "1", NULL);
	expect(c, ":1", "DEL", "b", NULL);
	expect(c, "+OK", "CONFIG", "SET", "notify-keyspace-events", "A", NULL);
	expect(c, "+OK", "SET", "b", "1", NULL);
	expect(c, ":1", "PUBLISH", "__keyend__:", "", NULL);
	expect_reply(listens, "[ $pmessage $__key*__:* $__keyspace@3__:a $set ]");
	expect_reply(listens, "[ $pmessage $__key*__:* $__keyevent@3__:set $a ]");
	expect_reply(listens, "[ $pmessage $__key*__:* $__keyevent@3__:del $b ]");
	expect_reply(listens, "[ $pmessage $__key*__:* $__keyend__: $ ]");
}
END_TEST

Suite *notifications_suite(void)
{
	Suite *suite = suite_create("notifications");
	TCase *both = shared_case(suite, "events");

	tcase_add_test(both, flags_are_shown_as_redis_does);
	tcase_add_loop_test(both, events_of_setting, 2, 4);
	tcase_add_loop_test(both, events_of_changing, 2, 4);
	tcase_add_loop_test(both, events_of_keys, 2, 4);
	tcase_add_loop_test(both, events_of_copies, 2, 4);
	tcase_add_loop_test(both, events_of_times_to_live, 2, 4);
	tcase_add_loop_test(both, events_of_misses, 2, 4);
	tcase_add_loop_test(both, events_of_expiry, 2, 4);
	tcase_add_loop_test(both, channels_of_events, 2, 4);
	return suite;
}
