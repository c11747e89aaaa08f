/* The commands on the bits of a value: SETBIT, GETBIT, BITCOUNT, BITPOS, BITOP, BITFIELD, BITFIELD_RO. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "harness.h"
#include "suites.h"

static const char not_integer[] = "-ERR value is not an integer or out of range";
static const char syntax_error[] = "-ERR syntax error";
static const char bad_offset[] = "-ERR bit offset is not an integer or out of range";
static const char bad_bit[] = "-ERR bit is not an integer or out of range";
static const char bad_type[] =
	"-ERR Invalid bitfield type. Use something like i16 u8. Note that u64 is not supported but "
	"i64 is.";

enum { LARGE = 200 * 1000 }; /* bytes of a value that lies in a block of its own, which replies may share */

/* SET with a value that is not a C string. */
static void set_bytes(struct client *c, const char *key, const char *bytes, size_t len)
{
	const char *arguments[] = {"SET", key, bytes};
	const size_t lens[] = {3, strlen(key), len};

	client_send_arguments(c, 3, arguments, lens);
	expect_reply(c, "+OK");
}

/* ---- one bit ---- */

START_TEST(setbit_and_getbit)
{
	struct client *c = client_fresh(_i);

	expect(c, ":0", "SETBIT", "key", "7", "1", NULL);
	expect(c, "$\\x01", "GET", "key", NULL);
	expect(c, ":0", "SETBIT", "key", "0", "1", NULL);
	expect(c, ":1", "SETBIT", "key", "7", "0", NULL);
	expect(c, "$\\x80", "GET", "key", NULL);
	expect(c, ":0", "SETBIT", "key", "25", "1", NULL);
	expect(c, "$\\x80\\x00\\x00@", "GET", "key", NULL);
	expect(c, ":1", "SETBIT", "key", "25", "1", NULL);
	expect(c, ":1", "GETBIT", "key", "0", NULL);
	expect(c, ":0", "GETBIT", "key", "1", NULL);
	expect(c, ":1", "GETBIT", "key", "25", NULL);
	expect(c, ":0", "GETBIT", "key", "31", NULL);
	expect(c, ":0", "GETBIT", "key", "32", NULL);
	expect(c, ":0", "GETBIT", "key", "4294967295", NULL);
	expect(c, ":0", "GETBIT", "nothing", "0", NULL);
	expect(c, ":0", "SETBIT", "zero", "15", "0", NULL);
	expect(c, "$\\x00\\x00", "GET", "zero", NULL);
}
END_TEST

START_TEST(setbit_of_numbers_and_times_to_live)
{
	struct client *c = client_fresh(_i);

	expect(c, "+OK", "SET", "key", "1", "EX", "100", NULL);
	expect(c, ":1", "SETBIT", "key", "7", "0", NULL);
	expect(c, "$0", "GET", "key", NULL);
	ck_assert_int_gt(client_integer(c, "TTL", "key", NULL), 90);
	expect(c, ":1", "INCR", "key", NULL);
	expect(c, ":0", "SETBIT", "key", "15", "1", NULL);
	expect(c, "$1\\x01", "GET", "key", NULL);
	ck_assert_int_gt(client_integer(c, "TTL", "key", NULL), 90);
}
END_TEST

START_TEST(setbit_refuses)
{
	struct client *c = client_fresh(_i);

	expect(c, bad_offset, "SETBIT", "key", "-1", "1", NULL);
	expect(c, bad_offset, "SETBIT", "key", "x", "2", NULL);
	expect(c, bad_offset, "SETBIT", "key", "#1", "1", NULL);
	expect(c, bad_offset, "SETBIT", "key", "4294967296", "1", NULL);
	expect(c, bad_bit, "SETBIT", "key", "0", "2", NULL);
	expect(c, bad_bit, "SETBIT", "key", "0", "-1", NULL);
	expect(c, bad_bit, "SETBIT", "key", "0", "x", NULL);
	expect(c, bad_offset, "GETBIT", "key", "-1", NULL);
	expect(c, bad_offset, "GETBIT", "key", "4294967296", NULL);
	expect(c, ":0", "EXISTS", "key", NULL);
	expect(c, "-ERR wrong number of arguments for 'setbit' command", "SETBIT", "key", "0", NULL);
	expect(c, "-ERR wrong number of arguments for 'setbit' command", "SETBIT", "key", "0", "1", "2", NULL);
	expect(c, "-ERR wrong number of arguments for 'getbit' command", "GETBIT", "key", NULL);
	expect(c, "-ERR wrong number of arguments for 'getbit' command", "GETBIT", "key", "0", "1", NULL);
}
END_TEST

/* A reply that is on its way keeps its bytes when the value changes. */
START_TEST(setbit_does_not_change_replies)
{
	struct client *c = client_fresh(_i);
	char *text = malloc(LARGE + 2), *before = malloc(LARGE + 2);

	memset(text, '@', LARGE);
	text[LARGE] = '\0';
	before[0] = '$';
	memcpy(before + 1, text, LARGE + 1);
	expect(c, "+OK", "SET", "key", text, NULL);
	client_send(c,
		    "*2\r\n$3\r\nGET\r\n$3\r\nkey\r\n*4\r\n$6\r\nSETBIT\r\n$3\r\nkey\r\n$1\r\n7\r\n$1\r\n1\r\n"
		    "*2\r\n$3\r\nGET\r\n$3\r\nkey\r\n*6\r\n$8\r\nBITFIELD\r\n$3\r\nkey\r\n$3\r\nSET\r\n$2\r\nu8\r\n"
		    "$1\r\n8\r\n$2\r\n66\r\n",
		    SIZE_MAX);
	expect_reply(c, before);
	expect_reply(c, ":0");
	before[1] = 'A';
	expect_reply(c, before);
	expect_reply(c, "[ :64 ]");
	before[2] = 'B';
	expect(c, before, "GET", "key", NULL);
	free(text);
	free(before);
}
END_TEST

/* ---- counting and finding ---- */

START_TEST(bitcount)
{
	struct client *c = client_fresh(_i);

	expect(c, ":0", "BITCOUNT", "nothing", NULL);
	expect(c, "+OK", "SET", "key", "foobar", NULL);
	expect(c, ":26", "BITCOUNT", "key", NULL);
	expect(c, ":4", "BITCOUNT", "key", "0", "0", NULL);
	expect(c, ":6", "BITCOUNT", "key", "1", "1", "BYTE", NULL);
	expect(c, ":17", "BITCOUNT", "key", "5", "30", "bit", NULL);
	expect(c, ":4", "BITCOUNT", "key", "-1", "-1", NULL);
	expect(c, ":26", "BITCOUNT", "key", "-100", "100", NULL);
	expect(c, ":26", "BITCOUNT", "key", "0", "9223372036854775807", NULL);
	expect(c, ":1", "BITCOUNT", "key", "-2", "-1", "BIT", NULL);
	expect(c, ":0", "BITCOUNT", "key", "3", "2", NULL);
	expect(c, ":0", "BITCOUNT", "key", "-2", "-3", NULL);
	expect(c, ":0", "BITCOUNT", "key", "6", "7", NULL);
	expect(c, ":4", "BITCOUNT", "key", "-100", "-50", NULL);
	expect(c, ":0", "BITCOUNT", "key", "-50", "-100", NULL);
	expect(c, "+OK", "SET", "key", "", NULL);
	expect(c, ":0", "BITCOUNT", "key", NULL);
	expect(c, ":0", "BITCOUNT", "key", "0", "-1", NULL);
	expect(c, ":1", "SETRANGE", "large", "0", "a", NULL);
	expect(c, ":200001", "SETRANGE", "large", "200000", "b", NULL);
	expect(c, ":6", "BITCOUNT", "large", NULL);
	expect(c, ":3", "BITCOUNT", "large", "1", "-1", NULL);
}
END_TEST

START_TEST(bitcount_refuses)
{
	struct client *c = client_fresh(_i);

	expect(c, "+OK", "SET", "key", "foobar", NULL);
	expect(c, syntax_error, "BITCOUNT", "key", "0", NULL);
	expect(c, syntax_error, "BITCOUNT", "key", "0", "1", "nibble", NULL);
	expect(c, syntax_error, "BITCOUNT", "key", "0", "1", "BIT", "x", NULL);
	expect(c, not_integer, "BITCOUNT", "key", "a", "1", NULL);
	expect(c, not_integer, "BITCOUNT", "key", "1", "b", "nibble", NULL);
	expect(c, "-ERR wrong number of arguments for 'bitcount' command", "BITCOUNT", NULL);
	if (against_redis()) /* 7.0 looks for the key first */
		return;
	expect(c, syntax_error, "BITCOUNT", "nothing", "0", NULL);
	expect(c, not_integer, "BITCOUNT", "nothing", "a", "b", NULL);
}
END_TEST

START_TEST(bitpos)
{
	struct client *c = client_fresh(_i);

	expect(c, ":-1", "BITPOS", "nothing", "1", NULL);
	expect(c, ":0", "BITPOS", "nothing", "0", NULL);
	expect(c, ":0", "BITPOS", "nothing", "0", "5", "6", NULL);
	set_bytes(c, "key", "\xff\xf0\x00", 3);
	expect(c, ":12", "BITPOS", "key", "0", NULL);
	expect(c, ":0", "BITPOS", "key", "1", NULL);
	expect(c, ":8", "BITPOS", "key", "1", "1", NULL);
	expect(c, ":-1", "BITPOS", "key", "1", "2", NULL);
	expect(c, ":16", "BITPOS", "key", "0", "-1", NULL);
	expect(c, ":12", "BITPOS", "key", "0", "-2", "-1", "BYTE", NULL);
	expect(c, ":7", "BITPOS", "key", "1", "7", "15", "bit", NULL);
	expect(c, ":-1", "BITPOS", "key", "0", "0", "11", "BIT", NULL);
	expect(c, ":12", "BITPOS", "key", "0", "0", "12", "BIT", NULL);
	expect(c, ":-1", "BITPOS", "key", "1", "12", "-1", "BIT", NULL);
	expect(c, ":-1", "BITPOS", "key", "0", "3", "2", NULL);
	expect(c, ":-1", "BITPOS", "key", "0", "7", NULL);
	set_bytes(c, "ones", "\xff\xff\xff\xff\xff\xff\xff\xff\xff", 9);
	expect(c, ":72", "BITPOS", "ones", "0", NULL);
	expect(c, ":72", "BITPOS", "ones", "0", "3", NULL);
	expect(c, ":-1", "BITPOS", "ones", "0", "0", "-1", NULL);
	expect(c, ":-1", "BITPOS", "ones", "0", "0", "5", NULL);
	expect(c, "+OK", "SET", "empty", "", NULL);
	expect(c, ":-1", "BITPOS", "empty", "0", NULL);
	expect(c, ":-1", "BITPOS", "empty", "1", NULL);
}
END_TEST

START_TEST(bitpos_refuses)
{
	struct client *c = client_fresh(_i);

	expect(c, "+OK", "SET", "key", "foobar", NULL);
	expect(c, not_integer, "BITPOS", "key", "x", NULL);
	expect(c, "-ERR The bit argument must be 1 or 0.", "BITPOS", "key", "2", "x", NULL);
	expect(c, not_integer, "BITPOS", "key", "1", "x", "2", "nibble", NULL);
	expect(c, syntax_error, "BITPOS", "key", "1", "1", "x", "nibble", NULL);
	expect(c, not_integer, "BITPOS", "key", "1", "1", "x", "BIT", NULL);
	expect(c, syntax_error, "BITPOS", "key", "1", "1", "2", "BIT", "x", NULL);
	expect(c, "-ERR wrong number of arguments for 'bitpos' command", "BITPOS", "key", NULL);
	if (against_redis())
		return;
	expect(c, not_integer, "BITPOS", "nothing", "1", "x", NULL);
}
END_TEST

/* ---- BITOP ---- */

START_TEST(bitop)
{
	struct client *c = client_fresh(_i);

	expect(c, "+OK", "SET", "a", "foobar", NULL);
	expect(c, "+OK", "SET", "b", "abcdef", NULL);
	expect(c, "+OK", "SET", "short", "a", NULL);
	expect(c, ":6", "BITOP", "AND", "to", "a", "b", NULL);
	expect(c, "$`bc`ab", "GET", "to", NULL);
	expect(c, ":6", "bitop", "or", "to", "a", "b", NULL);
	expect(c, "$goofev", "GET", "to", NULL);
	expect(c, ":6", "BITOP", "XOR", "to", "a", "b", NULL);
	expect(c, "$\\x07\\r\\x0c\\x06\\x04\\x14", "GET", "to", NULL);
	expect(c, ":6", "BITOP", "NOT", "to", "a", NULL);
	expect(c, "$\\x99\\x90\\x90\\x9d\\x9e\\x8d", "GET", "to", NULL);
	expect(c, ":6", "BITOP", "AND", "to", "a", "short", "a", NULL);
	expect(c, "$`\\x00\\x00\\x00\\x00\\x00", "GET", "to", NULL);
	expect(c, ":6", "BITOP", "OR", "to", "short", "a", "nothing", NULL);
	expect(c, "$goobar", "GET", "to", NULL);
	expect(c, ":6", "BITOP", "XOR", "to", "nothing", "a", NULL);
	expect(c, "$foobar", "GET", "to", NULL);
	expect(c, ":6", "BITOP", "AND", "to", "nothing", "a", NULL);
	expect(c, "$\\x00\\x00\\x00\\x00\\x00\\x00", "GET", "to", NULL);
	expect(c, ":6", "BITOP", "OR", "to", "a", NULL);
	expect(c, "$foobar", "GET", "to", NULL);
}
END_TEST

START_TEST(bitop_destination)
{
	struct client *c = client_fresh(_i);

	expect(c, "+OK", "SET", "a", "foobar", "EX", "100", NULL);
	expect(c, ":6", "BITOP", "XOR", "a", "a", "a", NULL);
	expect(c, "$\\x00\\x00\\x00\\x00\\x00\\x00", "GET", "a", NULL);
	expect(c, ":-1", "TTL", "a", NULL);
	expect(c, ":0", "BITOP", "NOT", "a", "nothing", NULL);
	expect(c, ":0", "EXISTS", "a", NULL);
	expect(c, "+OK", "SET", "empty", "", NULL);
	expect(c, ":0", "BITOP", "OR", "empty", "empty", "nothing", NULL);
	expect(c, ":0", "EXISTS", "empty", NULL);
	expect(c, ":0", "BITOP", "AND", "nothing", "nothing", NULL);
}
END_TEST

START_TEST(bitop_of_large_values)
{
	struct client *c = client_fresh(_i);
	char *text = malloc(LARGE + 1);

	memset(text, 'x', LARGE);
	text[LARGE] = '\0';
	expect(c, "+OK", "SET", "large", text, NULL);
	expect(c, "+OK", "SET", "short", "some", NULL);
	expect(c, ":200000", "BITOP", "NOT", "to", "large", NULL);
	expect(c, ":800000", "BITCOUNT", "to", NULL);
	expect(c, ":200000", "BITOP", "XOR", "to", "to", "large", NULL);
	expect(c, ":1600000", "BITCOUNT", "to", NULL);
	expect(c, ":200000", "BITOP", "AND", "to", "large", "short", NULL);
	expect(c, "$phh`\\x00\\x00", "GETRANGE", "to", "0", "5", NULL);
	expect(c, ":11", "BITCOUNT", "to", NULL);
	free(text);
}
END_TEST

START_TEST(bitop_refuses)
{
	struct client *c = client_fresh(_i);

	expect(c, "+OK", "SET", "to", "old", NULL);
	expect(c, syntax_error, "BITOP", "NAND", "to", "a", NULL);
	expect(c, "-ERR BITOP NOT must be called with a single source key.", "BITOP", "NOT", "to", "a", "b", NULL);
	expect(c, "-ERR wrong number of arguments for 'bitop' command", "BITOP", "AND", "to", NULL);
	expect(c, "$old", "GET", "to", NULL);
}
END_TEST

/* ---- BITFIELD ---- */

START_TEST(bitfield_gets_and_sets)
{
	struct client *c = client_fresh(_i);

	expect(c, "[ ]", "BITFIELD", "key", NULL);
	expect(c, "[ :0 :0 ]", "BITFIELD", "key", "GET", "u8", "0", "GET", "i64", "100", NULL);
	expect(c, ":0", "EXISTS", "key", NULL);
	expect(c, "[ :0 :-1 ]", "BITFIELD", "key", "SET", "i8", "0", "-1", "get", "i4", "2", NULL);
	expect(c, "$\\xff", "GET", "key", NULL);
	expect(c, "[ :255 :65 :-1 ]", "BITFIELD", "key", "SET", "u8", "#0", "65", "SET", "u7", "1", "66", "GET", "i1",
	       "6", NULL);
	expect(c, "[ :66 :16896 :32 ]", "BITFIELD", "key", "GET", "u8", "0", "GET", "u16", "0", "GET", "u8", "4", NULL);
	expect(c, "[ :0 ]", "BITFIELD", "key", "SET", "u8", "#2", "67", NULL);
	expect(c, "$B\\x00C", "GET", "key", NULL);
	expect(c, "[ :0 :-9223372036854775808 ]", "BITFIELD", "big", "SET", "i64", "3", "-9223372036854775808", "GET",
	       "i64", "3", NULL);
	expect(c, ":9", "STRLEN", "big", NULL);
	expect(c, "[ :0 :9223372036854775807 ]", "BITFIELD", "max", "SET", "u63", "#1", "9223372036854775807", "GET",
	       "u63", "63", NULL);
	expect(c, "[ :0 :1 ]", "BITFIELD", "low", "SET", "u8", "0", "257", "GET", "u8", "0", NULL);
}
END_TEST

START_TEST(bitfield_overflows)
{
	struct client *c = client_fresh(_i);

	expect(c, "[ :1 :1 ]", "BITFIELD", "key", "INCRBY", "u2", "100", "1", "OVERFLOW", "SAT", "INCRBY", "u2", "102",
	       "1", NULL);
	expect(c, "[ :2 :2 ]", "BITFIELD", "key", "INCRBY", "u2", "100", "1", "OVERFLOW", "SAT", "INCRBY", "u2", "102",
	       "1", NULL);
	expect(c, "[ :3 :3 ]", "BITFIELD", "key", "INCRBY", "u2", "100", "1", "OVERFLOW", "SAT", "INCRBY", "u2", "102",
	       "1", NULL);
	expect(c, "[ :0 :3 ]", "BITFIELD", "key", "INCRBY", "u2", "100", "1", "OVERFLOW", "SAT", "INCRBY", "u2", "102",
	       "1", NULL);
	expect(c, "[ nil ]", "BITFIELD", "key", "overflow", "fail", "INCRBY", "u2", "102", "1", NULL);
	expect(c, "[ :3 nil :0 ]", "BITFIELD", "key", "OVERFLOW", "FAIL", "GET", "u2", "102", "SET", "u2", "102", "4",
	       "OVERFLOW", "WRAP", "INCRBY", "u2", "102", "1", NULL);
	expect(c, "[ :0 ]", "BITFIELD", "key", "OVERFLOW", "SAT", "INCRBY", "u8", "0", "-1", NULL);
	expect(c, "[ :0 :255 ]", "BITFIELD", "key", "OVERFLOW", "SAT", "SET", "u8", "0", "-1", "GET", "u8", "0", NULL);
	expect(c, "[ :254 ]", "BITFIELD", "key", "INCRBY", "u8", "0", "-1", NULL);
	expect(c, "[ :254 :255 ]", "BITFIELD", "key", "SET", "u8", "0", "-1", "GET", "u8", "0", NULL);
}
END_TEST

START_TEST(bitfield_overflows_signed)
{
	struct client *c = client_fresh(_i);

	expect(c, "[ :127 :-128 ]", "BITFIELD", "key", "INCRBY", "i8", "0", "127", "INCRBY", "i8", "0", "1", NULL);
	expect(c, "[ :127 ]", "BITFIELD", "key", "INCRBY", "i8", "0", "-1", NULL);
	expect(c, "[ :127 :-128 nil ]", "BITFIELD", "key", "OVERFLOW", "SAT", "INCRBY", "i8", "0", "1", "INCRBY", "i8",
	       "0", "-300", "OVERFLOW", "FAIL", "SET", "i8", "0", "128", NULL);
	expect(c, "[ :-128 :-1 ]", "BITFIELD", "key", "SET", "i8", "0", "511", "GET", "i8", "0", NULL);
	expect(c, "[ :9223372036854775807 :-9223372036854775808 ]", "BITFIELD", "wide", "INCRBY", "i64", "0",
	       "9223372036854775807", "INCRBY", "i64", "0", "1", NULL);
	expect(c, "[ :-9223372036854775808 ]", "BITFIELD", "wide", "OVERFLOW", "SAT", "INCRBY", "i64", "0", "-1", NULL);
	expect(c, "[ nil ]", "BITFIELD", "wide", "OVERFLOW", "FAIL", "INCRBY", "i64", "0", "-9223372036854775808",
	       NULL);
	expect(c, "[ :-1 :-128 ]", "BITFIELD", "key", "OVERFLOW", "SAT", "SET", "i8", "0", "-4611686018427387904",
	       "GET", "i8", "0", NULL);
	expect(c, "[ :0 :-1 :0 ]", "BITFIELD", "one", "SET", "i1", "0", "1", "GET", "i1", "0", "INCRBY", "i1", "0", "1",
	       NULL);
	if (against_redis()) /* whose own arithmetic overflows here: it takes the largest number */
		return;
	expect(c, "[ :-128 :-128 ]", "BITFIELD", "key", "OVERFLOW", "SAT", "SET", "i8", "0", "-9223372036854775808",
	       "GET", "i8", "0", NULL);
}
END_TEST

START_TEST(bitfield_refuses)
{
	struct client *c = client_fresh(_i);

	expect(c, syntax_error, "BITFIELD", "key", "SET", "u8", "0", NULL);
	expect(c, syntax_error, "BITFIELD", "key", "GET", "u8", NULL);
	expect(c, syntax_error, "BITFIELD", "key", "SET", "u8", "0", "1", "more", NULL);
	expect(c, syntax_error, "BITFIELD", "key", "OVERFLOW", NULL);
	expect(c, "-ERR Invalid OVERFLOW type specified", "BITFIELD", "key", "OVERFLOW", "x", NULL);
	expect(c, bad_type, "BITFIELD", "key", "GET", "u64", "0", NULL);
	expect(c, bad_type, "BITFIELD", "key", "GET", "i65", "0", NULL);
	expect(c, bad_type, "BITFIELD", "key", "GET", "i0", "0", NULL);
	expect(c, bad_type, "BITFIELD", "key", "GET", "U8", "0", NULL);
	expect(c, bad_type, "BITFIELD", "key", "GET", "u", "0", NULL);
	expect(c, bad_type, "BITFIELD", "key", "GET", "", "0", NULL);
	expect(c, bad_type, "BITFIELD", "key", "GET", "u08", "-1", NULL);
	expect(c, bad_offset, "BITFIELD", "key", "GET", "u8", "-1", NULL);
	expect(c, bad_offset, "BITFIELD", "key", "GET", "u8", "#", NULL);
	expect(c, bad_offset, "BITFIELD", "key", "GET", "u8", "4294967296", NULL);
	expect(c, bad_offset, "BITFIELD", "key", "GET", "u8", "#536870912", NULL);
	expect(c, not_integer, "BITFIELD", "key", "SET", "u8", "0", "x", NULL);
	expect(c, not_integer, "BITFIELD", "key", "SET", "u8", "0", "1", "SET", "u8", "8", "x", NULL);
	expect(c, ":0", "EXISTS", "key", NULL);
	expect(c, "-ERR wrong number of arguments for 'bitfield' command", "BITFIELD", NULL);
}
END_TEST

START_TEST(bitfield_ro)
{
	struct client *c = client_fresh(_i);

	expect(c, "+OK", "SET", "key", "AB", NULL);
	expect(c, "[ :65 :66 :20 ]", "BITFIELD_RO", "key", "GET", "u8", "0", "get", "u8", "#1", "GET", "u8", "4", NULL);
	expect(c, "[ ]", "bitfield_ro", "key", NULL);
	expect(c, "[ :0 ]", "BITFIELD_RO", "nothing", "OVERFLOW", "SAT", "GET", "i5", "3", NULL);
	expect(c, "-ERR BITFIELD_RO only supports the GET subcommand", "BITFIELD_RO", "key", "SET", "u8", "0", "1",
	       NULL);
	expect(c, "-ERR BITFIELD_RO only supports the GET subcommand", "BITFIELD_RO", "key", "GET", "u8", "0", "INCRBY",
	       "u8", "0", "1", NULL);
	expect(c, bad_type, "BITFIELD_RO", "key", "SET", "u64", "0", "1", NULL);
	expect(c, "$AB", "GET", "key", NULL);
	expect(c, "-ERR wrong number of arguments for 'bitfield_ro' command", "BITFIELD_RO", NULL);
}
END_TEST

/* ---- changes, counters and limits ---- */

/* Runs the command in a transaction that watches the key: EXEC tells whether it counted as a change. */
static void expect_change(struct client *c, struct client *other, bool change, const char *const *words)
{
	const char *arguments[16];
	size_t lens[16];
	int count = 0;

	for (; words[count] != NULL; count++) {
		arguments[count] = words[count];
		lens[count] = strlen(words[count]);
	}
	expect(c, "+OK", "WATCH", "key", NULL);
	client_send_arguments(other, count, arguments, lens);
	client_reply(other);
	expect(c, "+OK", "MULTI", NULL);
	expect(c, change ? "nil" : "[ ]", "EXEC", NULL);
}

/* Nobody is told of a write that leaves every bit as it was. */
START_TEST(only_changes_are_told)
{
	struct client *c = client_fresh(2), *other = client_open(shared, 2);

	expect(c, "+OK", "SET", "key", "A", NULL);
	expect_change(c, other, false, (const char *const[]){"SETBIT", "key", "1", "1", NULL});
	expect_change(c, other, true, (const char *const[]){"SETBIT", "key", "1", "0", NULL});
	expect_change(c, other, true, (const char *const[]){"SETBIT", "key", "8", "0", NULL});
	expect_change(c, other, false, (const char *const[]){"BITFIELD", "key", "GET", "u8", "0", NULL});
	expect_change(c, other, false, (const char *const[]){"BITFIELD", "key", "SET", "u8", "0", "1", NULL});
	expect_change(c, other, true, (const char *const[]){"BITFIELD", "key", "SET", "u8", "0", "2", NULL});
	expect_change(c, other, false,
		      (const char *const[]){"BITFIELD", "key", "OVERFLOW", "FAIL", "INCRBY", "u8", "0", "255", NULL});
	expect_change(
		c, other, true,
		(const char *const[]){"BITFIELD", "key", "INCRBY", "u8", "0", "1", "INCRBY", "u8", "0", "-1", NULL});
	expect_change(c, other, true, (const char *const[]){"BITOP", "OR", "key", "key", NULL});
	expect_change(c, other, true, (const char *const[]){"BITOP", "OR", "key", "nothing", NULL});
	expect_change(c, other, false, (const char *const[]){"BITOP", "OR", "key", "nothing", NULL});
}
END_TEST

START_TEST(reads_are_counted)
{
	struct client *c = client_fresh(2);
	long long hits = info_number(c, "keyspace_hits"), misses = info_number(c, "keyspace_misses");

	expect(c, "+OK", "SET", "key", "A", NULL);
	expect(c, ":1", "GETBIT", "key", "1", NULL);
	expect(c, ":2", "BITCOUNT", "key", NULL);
	expect(c, ":1", "BITPOS", "key", "1", NULL);
	expect(c, "[ :65 ]", "BITFIELD", "key", "GET", "u8", "0", NULL);
	expect(c, ":1", "BITOP", "OR", "to", "key", "nothing", NULL);
	expect(c, ":0", "GETBIT", "nothing", "1", NULL);
	expect(c, ":0", "BITCOUNT", "nothing", NULL);
	expect(c, ":-1", "BITPOS", "nothing", "1", NULL);
	expect(c, "[ :0 ]", "BITFIELD_RO", "nothing", "GET", "u8", "0", NULL);
	ck_assert_int_eq(info_number(c, "keyspace_hits") - hits, 5);
	ck_assert_int_eq(info_number(c, "keyspace_misses") - misses, 5);
}
END_TEST

START_TEST(values_stay_within_the_limits)
{
	struct server *server = server_start("--proto-max-bulk-len", "1mb", NULL);
	struct client *c = client_open(server, 2);

	expect(c, ":0", "SETBIT", "key", "8388607", "1", NULL);
	expect(c, ":1048576", "STRLEN", "key", NULL);
	expect(c, bad_offset, "SETBIT", "key", "8388608", "1", NULL);
	expect(c, bad_offset, "BITFIELD", "key", "SET", "u1", "8388608", "1", NULL);
	if (!against_redis()) {
		expect(c, "-ERR string exceeds maximum allowed size (proto-max-bulk-len)", "BITFIELD", "key", "SET",
		       "u8", "8388604", "1", NULL);
		expect(c, "+OK", "CONFIG", "SET", "max-value-size", "2", NULL);
		expect(c, "-ERR value exceeds maximum allowed size (max-value-size)", "SETBIT", "new", "16", "1", NULL);
		expect(c, "-ERR value exceeds maximum allowed size (max-value-size)", "BITOP", "NOT", "new", "key",
		       NULL);
		expect(c, ":0", "EXISTS", "new", NULL);
		expect(c, ":0", "SETBIT", "new", "15", "1", NULL);
	}
	server_stop(server);
}
END_TEST

Suite *bits_suite(void)
{
	Suite *suite = suite_create("bits");
	TCase *tests = shared_case(suite, "bits");
	TCase *alone = alone_case(suite, "limits of bits");

	tcase_add_loop_test(tests, setbit_and_getbit, 2, 4);
	tcase_add_loop_test(tests, setbit_of_numbers_and_times_to_live, 2, 4);
	tcase_add_loop_test(tests, setbit_refuses, 2, 4);
	tcase_add_loop_test(tests, setbit_does_not_change_replies, 2, 4);
	tcase_add_loop_test(tests, bitcount, 2, 4);
	tcase_add_loop_test(tests, bitcount_refuses, 2, 4);
	tcase_add_loop_test(tests, bitpos, 2, 4);
	tcase_add_loop_test(tests, bitpos_refuses, 2, 4);
	tcase_add_loop_test(tests, bitop, 2, 4);
	tcase_add_loop_test(tests, bitop_destination, 2, 4);
	tcase_add_loop_test(tests, bitop_of_large_values, 2, 4);
	tcase_add_loop_test(tests, bitop_refuses, 2, 4);
	tcase_add_loop_test(tests, bitfield_gets_and_sets, 2, 4);
	tcase_add_loop_test(tests, bitfield_overflows, 2, 4);
	tcase_add_loop_test(tests, bitfield_overflows_signed, 2, 4);
	tcase_add_loop_test(tests, bitfield_refuses, 2, 4);
	tcase_add_loop_test(tests, bitfield_ro, 2, 4);
	tcase_add_test(tests, only_changes_are_told);
	tcase_add_test(tests, reads_are_counted);
	tcase_add_test(alone, values_stay_within_the_limits);
	return suite;
}
