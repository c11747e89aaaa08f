/* The CLIENT commands: one's own connection, and those of others on all workers. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "harness.h"
#include "suites.h"

#define BAD_NAME "-ERR Client names cannot contain spaces, newlines or special characters."

/* A field of the client's own line. */
static const char *own_field(struct client *c, const char *name, char value[128])
{
	const char *line = client_call(c, "CLIENT", "INFO", NULL);
	char start[32];
	const char *at;

	snprintf(start, sizeof(start), " %s=", name);
	at = strstr(line, start);
	ck_assert_msg(at != NULL, "no %s in %s", name, line);
	at += strlen(start);
	ck_assert_uint_lt(strcspn(at, " "), 128);
	snprintf(value, 128, "%.*s", (int)strcspn(at, " "), at);
	return value;
}

static const char *id_text(struct client *c, char text[32])
{
	snprintf(text, 32, "%lld", client_id(c));
	return text;
}

/* --- oneself ----------------------------------------------------------------------------------------------------- */

START_TEST(ids_grow)
{
	struct client *one = client_fresh(_i);
	struct client *other = client_open(shared, _i);

	ck_assert_int_gt(client_id(other), client_id(one));
	ck_assert_int_eq(client_id(one), client_id(one));
	expect(one, "-ERR wrong number of arguments for 'client|id' command", "CLIENT", "ID", "x", NULL);
	expect(one, "-ERR wrong number of arguments for 'client' command", "CLIENT", NULL);
	expect(one, "-ERR unknown subcommand 'nosuch'. Try CLIENT HELP.", "CLIENT", "nosuch", NULL);
}
END_TEST

START_TEST(names)
{
	struct client *c = client_fresh(_i);

	expect(c, "nil", "CLIENT", "GETNAME", NULL);
	expect(c, "+OK", "CLIENT", "SETNAME", "some~body!", NULL);
	expect(c, "$some~body!", "CLIENT", "GETNAME", NULL);
	expect_like(c, "* name=some~body! *", "CLIENT", "INFO", NULL);
	expect(c, BAD_NAME, "CLIENT", "SETNAME", "two words", NULL);
	expect(c, BAD_NAME, "CLIENT", "SETNAME", "two\nlines", NULL);
	expect(c, BAD_NAME, "CLIENT", "SETNAME", "\x7f", NULL);
	expect(c, BAD_NAME, "CLIENT", "SETNAME", "\xc3\xa9", NULL);
	expect(c, "$some~body!", "CLIENT", "GETNAME", NULL);
	expect(c, "+OK", "CLIENT", "SETNAME", "", NULL);
	expect(c, "nil", "CLIENT", "GETNAME", NULL);
}
END_TEST

START_TEST(libraries)
{
	struct client *c = client_fresh(_i);

	if (against_redis())
		return; /* SETINFO came with 7.2 */
	expect_like(c, "* lib-name= lib-ver=*", "CLIENT", "INFO", NULL);
	expect(c, "+OK", "CLIENT", "SETINFO", "LIB-NAME", "library(a;b)", NULL);
	expect(c, "+OK", "CLIENT", "SETINFO", "lib-ver", "1.2.3", NULL);
	expect_like(c, "* lib-name=library(a;b) lib-ver=1.2.3\\n", "CLIENT", "INFO", NULL);
	expect(c, "-ERR LIB-NAME cannot contain spaces, newlines or special characters.", "CLIENT", "SETINFO",
	       "LIB-NAME", "a b", NULL);
	expect(c, "-ERR lib-ver cannot contain spaces, newlines or special characters.", "CLIENT", "SETINFO", "lib-ver",
	       "1\n2", NULL);
	expect(c, "-ERR Unrecognized option 'lib-age'", "CLIENT", "SETINFO", "lib-age", "3", NULL);
	expect(c, "-ERR wrong number of arguments for 'client|setinfo' command", "CLIENT", "SETINFO", "LIB-NAME", NULL);
	expect(c, "+OK", "CLIENT", "SETINFO", "LIB-VER", "", NULL);
	expect_like(c, "* lib-name=library(a;b) lib-ver=\\n", "CLIENT", "INFO", NULL);
}
END_TEST

/* --- LIST -------------------------------------------------------------------------------------------------------- */

START_TEST(line_has_redis_fields)
{
	struct client *c = client_fresh(_i);
	char pattern[512];

	expect(c, "+OK", "SELECT", "7", NULL);
	snprintf(
		pattern, sizeof(pattern),
		"*id=%lld addr=127.0.0.1:* laddr=127.0.0.1:%d fd=* name= age=0 idle=0 flags=N db=7 sub=0 psub=0 ssub=0 "
		"multi=-1 qbuf=* qbuf-free=* argv-mem=* multi-mem=0 rbs=* rbp=* obl=0 oll=0 omem=0 tot-mem=* events=r "
		"cmd=client|info user=default redir=-1 resp=%d*\\n",
		client_id(c), shared->port, _i);
	expect_like(c, pattern, "CLIENT", "INFO", NULL);
}
END_TEST

START_TEST(list_shows_everybody)
{
	struct client *c = client_fresh(_i);
	struct client *others[3];
	char pattern[256], ids[2][32];

	for (size_t i = 0; i < 3; i++) {
		others[i] = client_open(shared, 2);
		expect(others[i], "+PONG", "PING", NULL);
		snprintf(pattern, sizeof(pattern), "*id=%lld * cmd=client|id *", client_id(others[i]));
		expect_like(c, pattern, "CLIENT", "LIST", NULL);
		expect_like(c, pattern, "CLIENT", "LIST", "TYPE", "normal", NULL);
	}
	snprintf(pattern, sizeof(pattern), "*id=%s *\\nid=%s *\\n", id_text(others[2], ids[0]),
		 id_text(others[0], ids[1]));
	expect_like(c, pattern, "CLIENT", "LIST", "ID", ids[0], ids[1], NULL);

	client_close(others[0]);
	wait_until(strlen(client_call(c, "CLIENT", "LIST", "ID", ids[1], NULL)) <= strlen("=txt:"));
}
END_TEST

/* Were each id looked for on its own, 300,000 among 500 clients would take seconds; so this is above all about the
 * order, and that none is lost or made up. */
START_TEST(list_of_many_ids_is_in_their_order)
{
	enum { IDS = 300000, OTHERS = 500 };
	struct client *c = client_fresh(2);
	struct client **others = clients_open(shared, OTHERS);
	const char **arguments = calloc(IDS, sizeof(char *));
	char first[32], second[32], pattern[256];

	arguments[0] = "CLIENT";
	arguments[1] = "LIST";
	arguments[2] = "ID";
	for (size_t i = 3; i < IDS; i++)
		arguments[i] = "987654321";
	arguments[5] = arguments[IDS - 1] = id_text(others[OTHERS - 1], first);
	arguments[IDS / 2] = id_text(others[0], second);
	client_send_arguments(c, IDS, arguments, NULL);
	snprintf(pattern, sizeof(pattern), "$id=%s *\\nid=%s *\\nid=%s *\\n", first, second, first);
	ck_assert(text_like(pattern, client_reply(c)));
	client_send_arguments(c, 3, arguments, NULL);
	expect_reply(c, "-ERR syntax error");
	clients_close(others, OTHERS);
	free(arguments);
}
END_TEST

START_TEST(list_of_other_kinds_is_empty)
{
	struct client *c = client_fresh(2);

	expect(c, "$", "CLIENT", "LIST", "TYPE", "master", NULL);
	expect(c, "$", "CLIENT", "LIST", "TYPE", "replica", NULL);
	expect(c, "$", "CLIENT", "LIST", "TYPE", "PUBSUB", NULL);
	expect(c, "$", "CLIENT", "LIST", "ID", "0", "-1", "123456789", NULL);
}
END_TEST

START_TEST(list_refuses)
{
	struct client *c = client_fresh(_i);

	expect(c, "-ERR Unknown client type 'foo'", "CLIENT", "LIST", "TYPE", "foo", NULL);
	expect(c, "-ERR syntax error", "CLIENT", "LIST", "TYPE", NULL);
	expect(c, "-ERR syntax error", "CLIENT", "LIST", "ID", NULL);
	expect(c, "-ERR Invalid client ID", "CLIENT", "LIST", "ID", "1", "x", NULL);
	expect(c, "-ERR syntax error", "CLIENT", "LIST", "foo", NULL);
}
END_TEST

/* --- KILL -------------------------------------------------------------------------------------------------------- */

START_TEST(kill_by_address)
{
	struct client *c = client_fresh(_i);
	struct client *victim = client_open(shared, 2);
	char addr[128];

	expect(c, "+OK", "CLIENT", "KILL", own_field(victim, "addr", addr), NULL);
	expect_closed(victim);
	expect_eventually(c, "-ERR No such client", "CLIENT", "KILL", addr, NULL);

	victim = client_open(shared, 2);
	own_field(victim, "addr", addr);
	expect(c, ":1", "CLIENT", "KILL", "ADDR", addr, NULL);
	expect_closed(victim);
	expect(c, ":0", "CLIENT", "KILL", "ADDR", "1.2.3.4:5", NULL);
}
END_TEST

START_TEST(kill_by_id)
{
	struct client *c = client_fresh(_i);
	struct client *victim = client_open(shared, 2);
	struct client *bystander = client_open(shared, 2);
	char id[32];

	expect(c, ":1", "CLIENT", "KILL", "ID", id_text(victim, id), "USER", "default", NULL);
	expect_closed(victim);
	expect_eventually(c, ":0", "CLIENT", "KILL", "ID", id, NULL);
	expect(bystander, "+PONG", "PING", NULL);
}
END_TEST

START_TEST(filters_all_hold)
{
	struct client *c = client_fresh(_i);
	struct client *victim = client_open(shared, 2);
	char id[32], laddr[128];

	id_text(victim, id);
	expect(c, ":0", "CLIENT", "KILL", "ID", id, "ADDR", "1.2.3.4:5", NULL);
	expect(c, ":0", "CLIENT", "KILL", "ID", id, "LADDR", "1.2.3.4:5", NULL);
	expect(c, ":0", "CLIENT", "KILL", "ID", id, "TYPE", "pubsub", NULL);
	if (!against_redis())
		expect(c, ":0", "CLIENT", "KILL", "ID", id, "MAXAGE", "1000", NULL);
	expect(victim, "+PONG", "PING", NULL);
	expect(c, ":1", "CLIENT", "KILL", "id", id, "laddr", own_field(c, "laddr", laddr), "type", "normal", NULL);
	expect_closed(victim);
}
END_TEST

START_TEST(kill_everybody_else)
{
	struct client *c = client_fresh(_i);
	struct client **victims = clients_open(shared, 20);

	ck_assert_int_ge(client_integer(c, "CLIENT", "KILL", "TYPE", "normal", NULL), 20);
	for (size_t i = 0; i < 20; i++)
		expect_closed(victims[i]);
	expect(c, "+PONG", "PING", NULL);
	clients_close(victims, 20);
}
END_TEST

START_TEST(kill_oneself)
{
	struct client *c = client_fresh(_i);
	struct client *other = client_open(shared, _i);
	char id[32], addr[128];

	expect(c, ":0", "CLIENT", "KILL", "ID", id_text(c, id), NULL);
	expect(c, ":0", "CLIENT", "KILL", "ID", id, "SKIPME", "yes", NULL);
	expect(c, ":1", "CLIENT", "KILL", "ID", id, "SKIPME", "no", NULL);
	expect_closed(c);
	expect(other, "+OK", "CLIENT", "KILL", own_field(other, "addr", addr), NULL);
	expect_closed(other);
}
END_TEST

START_TEST(kill_refuses)
{
	struct client *c = client_fresh(_i);

	expect(c, "-ERR No such client", "CLIENT", "KILL", "nobody", NULL);
	expect(c, "-ERR syntax error", "CLIENT", "KILL", "what", "ever", NULL);
	expect(c, "-ERR syntax error", "CLIENT", "KILL", "ID", "1", "ADDR", NULL);
	expect(c, "-ERR client-id should be greater than 0", "CLIENT", "KILL", "ID", "0", NULL);
	expect(c, "-ERR client-id should be greater than 0", "CLIENT", "KILL", "ID", "x", NULL);
	expect(c, "-ERR Unknown client type 'foo'", "CLIENT", "KILL", "TYPE", "foo", NULL);
	expect(c, "-ERR No such user 'foo'", "CLIENT", "KILL", "USER", "foo", NULL);
	expect(c, "-ERR syntax error", "CLIENT", "KILL", "SKIPME", "maybe", NULL);
	expect(c, "-ERR wrong number of arguments for 'client|kill' command", "CLIENT", "KILL", NULL);
	if (!against_redis())
		expect(c, "-ERR maxage should be greater than 0", "CLIENT", "KILL", "MAXAGE", "0", NULL);
	expect(c, "+PONG", "PING", NULL);
}
END_TEST

START_TEST(help_names_the_subcommands)
{
	struct client *c = client_fresh(_i);

	expect_like(c,
		    "[ +CLIENT <subcommand> * +CACHING * +GETREDIR * +GETNAME * +ID * +KILL * +LIST * +SETNAME <name> "
		    "* +TRACKING * +TRACKINGINFO * +HELP *",
		    "CLIENT", "HELP", NULL);
}
END_TEST

/* --- REPLY, NO-EVICT, NO-TOUCH ----------------------------------------------------------------------------------- */

START_TEST(replies_are_withheld)
{
	struct client *c = client_fresh(_i);

	expect(c, "+OK", "CLIENT", "REPLY", "ON", NULL);
	client_send(c, "CLIENT REPLY OFF\r\nSET key value\r\nNOSUCH\r\nGET key x\r\nCLIENT REPLY SKIP\r\nKEYS *\r\n",
		    SIZE_MAX);
	ck_assert(!client_readable(c, 50));
	/* Confirmations of subscriptions are sent all the same, but not what stands in their place. */
	client_send(c, "CLIENT REPLY OFF\r\nSUBSCRIBE\r\nMULTI\r\nSUBSCRIBE news\r\nDISCARD\r\n", SIZE_MAX);
	ck_assert(!client_readable(c, 50));
	expect(c, "+OK", "CLIENT", "REPLY", "on", NULL);
	expect(c, "$value", "GET", "key", NULL);
}
END_TEST

START_TEST(one_reply_is_skipped)
{
	struct client *c = client_fresh(_i);

	client_send(c,
		    "CLIENT REPLY SKIP\r\nINCR n\r\nINCR n\r\nCLIENT REPLY SKIP\r\nCLIENT REPLY SKIP\r\nINCR n\r\nINCR "
		    "n\r\n",
		    SIZE_MAX);
	expect_reply(c, ":2");
	expect_reply(c, ":4");
	expect(c, "-ERR syntax error", "CLIENT", "REPLY", "x", NULL);
	expect(c, "-ERR wrong number of arguments for 'client|reply' command", "CLIENT", "REPLY", NULL);
}
END_TEST

START_TEST(marks_of_a_client)
{
	struct client *c = client_fresh(_i);
	char value[128];

	ck_assert_str_eq(own_field(c, "flags", value), "N");
	expect(c, "+OK", "CLIENT", "NO-EVICT", "on", NULL);
	ck_assert_str_eq(own_field(c, "flags", value), "e");
	expect(c, "+OK", "CLIENT", "NO-EVICT", "OFF", NULL);
	ck_assert_str_eq(own_field(c, "flags", value), "N");
	expect(c, "-ERR syntax error", "CLIENT", "NO-EVICT", "x", NULL);
	expect(c, "-ERR wrong number of arguments for 'client|no-evict' command", "CLIENT", "NO-EVICT", NULL);
	if (against_redis())
		return;
	expect(c, "+OK", "CLIENT", "NO-TOUCH", "ON", NULL);
	ck_assert_str_eq(own_field(c, "flags", value), "T");
	expect(c, "-ERR syntax error", "CLIENT", "NO-TOUCH", "x", NULL);
	expect(c, "-ERR wrong number of arguments for 'client|no-touch' command", "CLIENT", "NO-TOUCH", NULL);
	expect(c, "+OK", "CLIENT", "NO-EVICT", "ON", NULL);
	expect(c, "+RESET", "RESET", NULL);
	ck_assert(strstr(client_call(c, "CLIENT", "INFO", NULL), " flags=N ") != NULL);
}
END_TEST

START_TEST(transactions_are_listed)
{
	struct client *c = client_fresh(_i);
	struct client *other = client_open(shared, _i);
	char id[32];

	id_text(c, id);
	expect_like(other, "* multi=-1 *", "CLIENT", "LIST", "ID", id, NULL);
	expect(c, "+OK", "WATCH", "key", NULL);
	expect(c, "+OK", "MULTI", NULL);
	expect(c, "+QUEUED", "GET", "key", NULL);
	expect_like(other, "* flags=x * multi=1 *", "CLIENT", "LIST", "ID", id, NULL);
	ck_assert(strstr(client_call(other, "CLIENT", "LIST", "ID", id, NULL), " multi-mem=0 ") == NULL);
	expect(other, "+OK", "SET", "key", "value", NULL);
	expect_like(other, "* flags=xd *", "CLIENT", "LIST", "ID", id, NULL);
	expect(c, "+QUEUED", "GET", "key", NULL); /* it cannot succeed any more: nothing is kept */
	expect_like(other, "* flags=xd * multi=1 *", "CLIENT", "LIST", "ID", id, NULL);
	expect(c, "nil", "EXEC", NULL);
	expect_like(other, "* flags=N * multi=-1 * multi-mem=0 *", "CLIENT", "LIST", "ID", id, NULL);
}
END_TEST

/* A transaction that has failed keeps its number of commands, and one that runs is still there. */
START_TEST(transactions_are_listed_to_their_end)
{
	struct client *c = client_fresh(_i);
	struct client *other = client_open(shared, _i);
	char id[32];

	id_text(c, id);
	expect(c, "+OK", "MULTI", NULL);
	expect(c, "+QUEUED", "GET", "key", NULL);
	expect_like(c, "-ERR unknown command *", "NOSUCH", NULL);
	expect(c, "+QUEUED", "GET", "key", NULL);
	expect_like(other, "* flags=x * multi=1 *", "CLIENT", "LIST", "ID", id, NULL);
	expect_like(c, "-EXECABORT *", "EXEC", NULL);
	expect_like(other, "* flags=N * multi=-1 * cmd=exec *", "CLIENT", "LIST", "ID", id, NULL);

	expect(c, "+OK", "MULTI", NULL);
	expect(c, "+QUEUED", "GET", "key", NULL);
	expect(c, "+QUEUED", "CLIENT", "LIST", "ID", id, NULL);
	expect_like(c, "[ nil *flags=x * multi=2 * cmd=exec *", "EXEC", NULL);
	expect_like(other, "* flags=N * multi=-1 * multi-mem=0 * cmd=exec *", "CLIENT", "LIST", "ID", id, NULL);
}
END_TEST

/* --- maxmemory-clients ------------------------------------------------------------------------------------------- */

enum { MEGABYTE = 1024 * 1024 };

/* A client in the middle of a SET whose value has so many bytes, of which all but one have come. */
static struct client *client_holding(struct client *c, const char *key, size_t bytes)
{
	char *value = malloc(bytes);
	char head[64];

	ck_assert_ptr_nonnull(value);
	memset(value, 'x', bytes);
	snprintf(head, sizeof(head), "*3\r\n$3\r\nSET\r\n$1\r\n%s\r\n$%zu\r\n", key, bytes);
	client_send(c, head, SIZE_MAX);
	client_send(c, value, bytes - 1);
	free(value);
	return c;
}

START_TEST(the_largest_leave_first)
{
	struct server *server = server_start("--maxmemory-clients", "6mb", NULL);
	struct client *admin = client_open(server, 2);
	struct client *kept = client_open(server, 2);
	struct client *small = client_open(server, 2);
	struct client *large = client_open(server, 2);

	expect(kept, "+OK", "CLIENT", "NO-EVICT", "ON", NULL);
	client_holding(kept, "a", 3 * MEGABYTE);
	client_holding(small, "b", MEGABYTE);
	wait_until(info_number(admin, "mem_clients_normal") >= 4 * MEGABYTE);
	ck_assert_int_eq(info_number(admin, "evicted_clients"), 0);
	client_holding(large, "c", 2 * MEGABYTE + MEGABYTE / 2);
	expect_closed(large);
	wait_until(info_number(admin, "evicted_clients") == 1);
	if (!against_redis())
		server_log_wait(server, "client closed at maxmemory-clients");
	client_send(kept, "x\r\n", SIZE_MAX);
	expect_reply(kept, "+OK");
	client_send(small, "x\r\n", SIZE_MAX);
	expect_reply(small, "+OK");
	wait_until(info_number(admin, "mem_clients_normal") < MEGABYTE);
	expect(admin, "+OK", "CONFIG", "RESETSTAT", NULL);
	ck_assert_int_eq(info_number(admin, "evicted_clients"), 0);
	server_stop(server);
}
END_TEST

/* Replies that nobody reads count, and so does a transaction's queue. */
START_TEST(unread_replies_and_queues_count)
{
	struct server *server;
	struct client *admin, *reader, *queuer;

	if (against_redis())
		return;
	server = server_start("--client-backlog-limit", "64mb", NULL);
	admin = client_open(server, 2);
	reader = client_open(server, 2);
	queuer = client_open(server, 2);
	expect(admin, ":1000000", "SETRANGE", "key", "999999", "x", NULL);
	for (int i = 0; i < 20; i++)
		client_send_command(reader, "GET", "key", NULL);
	wait_until(info_number(admin, "mem_clients_normal") >= 8 * MEGABYTE);
	expect(queuer, "+OK", "MULTI", NULL);
	client_send(client_holding(queuer, "q", MEGABYTE), "x\r\n", SIZE_MAX);
	expect_reply(queuer, "+QUEUED");
	expect(admin, "+OK", "CONFIG", "SET", "maxmemory-clients", "512kb", NULL);
	expect_closed(queuer);
	wait_until(info_number(admin, "evicted_clients") == 2);
	wait_until(info_number(admin, "connected_clients") == 1);
	server_stop(server);
}
END_TEST

START_TEST(the_limit_is_bytes_or_a_share)
{
	struct client *c = client_fresh(_i);

	expect(c, "+OK", "CONFIG", "SET", "maxmemory-clients", "10%", NULL);
	expect_like(c, "*maxmemory-clients $10%*", "CONFIG", "GET", "maxmemory-clients", NULL);
	expect_like(c, "-ERR CONFIG SET failed*argument must be a memory or percent value", "CONFIG", "SET",
		    "maxmemory-clients", "x%", NULL);
	expect_like(c, "-ERR CONFIG SET failed*percentage argument must be less or equal to 100", "CONFIG", "SET",
		    "maxmemory-clients", "101%", NULL);
	expect(c, "+OK", "CONFIG", "SET", "maxmemory-clients", "64mb", NULL);
	expect_like(c, "*maxmemory-clients $67108864*", "CONFIG", "GET", "maxmemory-clients", NULL);
	expect(c, "+OK", "CONFIG", "SET", "maxmemory-clients", "0", NULL);
}
END_TEST

/* The first that is asked for and overlaps is named, first with what is in force. */
START_TEST(prefixes_must_not_overlap)
{
	struct client *c = client_fresh(3);

	expect(c,
	       "-ERR Prefix 'ab' overlaps with another provided prefix 'a'. Prefixes for a single client must not "
	       "overlap.",
	       "CLIENT", "TRACKING", "ON", "BCAST", "PREFIX", "ab", "PREFIX", "b", "PREFIX", "a", NULL);
	expect(c, "+OK", "CLIENT", "TRACKING", "ON", "BCAST", "PREFIX", "c", "PREFIX", "ab", "PREFIX", "aa", NULL);
	expect(c,
	       "-ERR Prefix 'a' overlaps with an existing prefix 'aa'. Prefixes for a single client must not overlap.",
	       "CLIENT", "TRACKING", "ON", "BCAST", "PREFIX", "d", "PREFIX", "a", "PREFIX", "cc", NULL);
	expect(c, "+OK", "CLIENT", "TRACKING", "ON", "BCAST", "PREFIX", "ac", NULL);
	expect_like(c, "*[ $aa $ab $ac $c ] }", "CLIENT", "TRACKINGINFO", NULL);
}
END_TEST

Suite *client_suite(void)
{
	Suite *suite = suite_create("client");
	TCase *oneself = shared_case(suite, "oneself");
	TCase *list = shared_case(suite, "list");
	TCase *kill = shared_case(suite, "kill");
	TCase *served = shared_case(suite, "served");
	TCase *memory = alone_case(suite, "memory");

	tcase_add_loop_test(oneself, ids_grow, 2, 4);
	tcase_add_test(oneself, prefixes_must_not_overlap);
	tcase_add_loop_test(oneself, names, 2, 4);
	tcase_add_loop_test(oneself, libraries, 2, 4);
	tcase_add_loop_test(oneself, help_names_the_subcommands, 2, 4);

	tcase_add_loop_test(list, line_has_redis_fields, 2, 4);
	tcase_add_loop_test(list, list_shows_everybody, 2, 4);
	tcase_add_test(list, list_of_other_kinds_is_empty);
	tcase_add_test(list, list_of_many_ids_is_in_their_order);
	tcase_add_loop_test(list, list_refuses, 2, 4);

	tcase_add_loop_test(kill, kill_by_address, 2, 4);
	tcase_add_loop_test(kill, kill_by_id, 2, 4);
	tcase_add_loop_test(kill, filters_all_hold, 2, 4);
	tcase_add_loop_test(kill, kill_everybody_else, 2, 4);
	tcase_add_loop_test(kill, kill_oneself, 2, 4);
	tcase_add_loop_test(kill, kill_refuses, 2, 4);

	tcase_add_loop_test(served, replies_are_withheld, 2, 4);
	tcase_add_loop_test(served, one_reply_is_skipped, 2, 4);
	tcase_add_loop_test(served, marks_of_a_client, 2, 4);
	tcase_add_loop_test(served, transactions_are_listed, 2, 4);
	tcase_add_loop_test(served, transactions_are_listed_to_their_end, 2, 4);
	tcase_add_loop_test(served, the_limit_is_bytes_or_a_share, 2, 4);

	tcase_add_test(memory, the_largest_leave_first);
	tcase_add_test(memory, unread_replies_and_queues_count);
	return suite;
}
