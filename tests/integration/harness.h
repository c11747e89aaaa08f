/*
 * The harness of the integration tests: a real daemon in a temporary directory, clients that speak RESP2 or RESP3 to
 *it, and replies as short texts to compare with.
 *
 * A suite looks like this. The daemon of a test case made by shared_case() is started once and serves all its tests;
 * each test runs in a process of its own (Check forks), so whatever it leaves open is closed when it ends.
 *
 *	START_TEST(set_then_get)
 *	{
 *		struct client *c = client_fresh(_i);                     // RESP2 or RESP3, on an empty keyspace
 *
 *		expect(c, "+OK", "SET", "key", "value", NULL);
 *		expect(c, "$value", "GET", "key", NULL);
 *		expect(c, "nil", "GET", "nothing", NULL);
 *		expect(c, "[ $value nil ]", "MGET", "key", "nothing", NULL);
 *		expect(c, "-ERR wrong number of arguments for 'get' command", "GET", NULL);
 *		expect_like(c, "[ $0 [ $key ] ]", "SCAN", "0", NULL);    // here * would stand for anything
 *		expect_eventually(c, ":0", "DBSIZE", NULL);              // asks again until it is so, or fails
 *
 *		client_send(c, "*1\r\n$4\r\nPI", SIZE_MAX);              // exact bytes; SIZE_MAX: strlen
 *		client_send(c, "NG\r\n", SIZE_MAX);
 *		expect_bytes(c, "+PONG\r\n", SIZE_MAX);
 *	}
 *	END_TEST
 *
 *	START_TEST(silent_clients_leave)
 *	{
 *		struct server *server = server_start("--timeout", "1", NULL);   // a daemon of this test's own
 *		struct client *c = client_open(server, 2);
 *
 *		expect_closed(c);
 *		server_stop(server);                                    // SIGTERM, and exit status 0, or fails
 *	}
 *	END_TEST
 *
 *	Suite *example_suite(void)
 *	{
 *		Suite *suite = suite_create("example");
 *		TCase *shared = shared_case(suite, "strings");
 *		TCase *alone = alone_case(suite, "deadlines");
 *
 *		tcase_add_loop_test(shared, set_then_get, 2, 4);        // _i is 2, then 3: the protocol
 *		tcase_add_test(alone, silent_clients_leave);
 *		return suite;
 *	}
 *
 * A reply as text:
 *	+OK  -ERR ...  :42  $bytes  nil  [ $a :1 nil ]           what RESP2 has ([ ] when empty; nil: $-1, *-1 and _)
 *	,3.5  #t  (123  =txt:bytes  { $k $v }  ~[ $a ]  >[ $a ]  what RESP3 adds
 * In bytes, a backslash and what is not printable ASCII are written \\, \r, \n, \t or \xNN.
 *
 * Every wait has a deadline (DEADLINE_MS); passing it fails the test. Environment:
 *	CUBBYD                the daemon (default build/cubbyd)
 *	CUBBY_TEST_THREADS    its --threads
 *	CUBBY_TEST_REDIS=1    start redis-server instead, to see that an expectation is Redis's own; what only cubby
 *	                      has is then skipped with `if (against_redis()) return;`
 */
#ifndef CUBBY_TESTS_INTEGRATION_HARNESS_H
#define CUBBY_TESTS_INTEGRATION_HARNESS_H

#include <check.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

enum { DEADLINE_MS = 20000 };

/* ---- The daemon ---- */

struct client;

struct server {
	pid_t pid;		/* 0 once it has ended */
	int port;		/* TCP, 127.0.0.1 */
	char directory[256];	/* its working directory, removed by the end of the run */
	char log[300];		/* the file with its output and errors */
	struct client *clients; /* the ones open in this process */
};

/* The daemon of the running shared_case. */
extern struct server *shared;

/* A test case whose tests share one daemon, respectively start their own; both are added to the suite. */
TCase *shared_case(Suite *suite, const char *name);
TCase *alone_case(Suite *suite, const char *name);

/* Starts a daemon with these options, NULL at the end, after the harness's own (--port 0 --bind 127.0.0.1
 * --enable-debug-command yes --enable-protected-configs yes --save "" --log-format json --threads of
 * CUBBY_TEST_THREADS; a later option wins), and waits until it is ready. A first option without "--" is its
 * configuration file, or - for the standard input. server_start_in uses a directory made before by directory_make, for
 * files the options name; a file "input" there is the standard input, and "terminal" (a link to one) the standard
 * error.
 */
struct server *server_start(const char *option, ...);
struct server *server_start_in(const char *directory, const char *option, ...);

/* The two steps of that: starts it, and waits until it is ready. In between its port is not known: it is reached by a
 * unix socket (client_open_at). */
struct server *server_begin_in(const char *directory, const char *option, ...);
void server_wait_ready(struct server *self);

/* Closes this process's clients, ends the daemon with SIGTERM and frees it. Exit status 0 or the test fails. */
void server_stop(struct server *self);

/* Sends a signal and does not wait. */
void server_signal(const struct server *self, int signal);

/* Waits until the daemon has ended by itself (SHUTDOWN, signals) and gives its wait status, see waitpid(2). server_stop
 * is called afterwards too. */
int server_wait(struct server *self);

/* How many lines of the daemon's log contain `text`; and the wait for the first. */
size_t server_log_count(const struct server *self, const char *text);
void server_log_wait(const struct server *self, const char *text);

/* Runs the daemon with exactly these options until it ends, puts what it wrote into `output` (with a NUL, cut to size)
 * and gives its wait status. For --help, bad options and the like. */
int server_run(char *output, size_t size, const char *option, ...) __attribute__((sentinel));
int server_run_in(const char *directory, char *output, size_t size, const char *option, ...) __attribute__((sentinel));

/* A new directory within the run's temporary one, and a file in a directory. */
void directory_make(char path[256]);
void file_write(const char *directory, const char *name, const char *text);
/* The file's text, to be freed by the caller. */
char *file_read(const char *directory, const char *name);

bool against_redis(void);

/* ---- Clients ---- */

/* Connects (protocol 3 says HELLO 3 at once). client_fresh: to the shared daemon, after FLUSHALL. */
struct client *client_open(struct server *server, int protocol);
struct client *client_fresh(int protocol);
/* A socket of another kind: "127.0.0.1", "::1" and a port, or a unix socket's path and port 0. NULL, with errno, when
 * the connection is refused. */
struct client *client_open_at(struct server *server, const char *address, int port);
void client_close(struct client *self);
/* No more bytes from this client; it can still read. */
void client_shutdown(struct client *self);
/* The descriptor, for poll(2) and setsockopt(2). */
int client_fd(const struct client *self);
/* Its CLIENT ID. */
long long client_id(struct client *self);

/* `count` connections that have each been answered PING; an array for clients_close. */
struct client **clients_open(struct server *server, size_t count);
void clients_close(struct client **clients, size_t count);

/* Sends bytes as they are (SIZE_MAX: up to the NUL); a command of C strings; a command of binary arguments. */
void client_send(struct client *self, const void *bytes, size_t len);
void client_send_command(struct client *self, const char *name, ...) __attribute__((sentinel));
void client_send_arguments(struct client *self, int count, const char **arguments, const size_t *lens);

/* The next reply as text, owned by the client until the next one is asked for. In RESP2 hiredis must understand the
 * same bytes as the same reply. */
const char *client_reply(struct client *self);
/* Both: a command of C strings and its reply. */
const char *client_call(struct client *self, const char *name, ...) __attribute__((sentinel));
/* A reply that must be an integer. */
long long client_integer(struct client *self, const char *name, ...) __attribute__((sentinel));

/* Whether bytes arrive, or the end, within so many milliseconds. For "nothing comes" give a short time. */
bool client_readable(struct client *self, int milliseconds);

/* ---- Expectations: they fail the test, naming the caller's line ---- */

#define expect(client, want, ...) expect_at(__FILE__, __LINE__, (client), (want), __VA_ARGS__)
#define expect_like(client, pattern, ...) expect_like_at(__FILE__, __LINE__, (client), (pattern), __VA_ARGS__)
#define expect_eventually(client, want, ...) expect_eventually_at(__FILE__, __LINE__, (client), (want), __VA_ARGS__)
#define expect_reply(client, want) expect_reply_at(__FILE__, __LINE__, (client), (want))
#define expect_bytes(client, want, len) expect_bytes_at(__FILE__, __LINE__, (client), (want), (len))
#define expect_closed(client) expect_closed_at(__FILE__, __LINE__, (client))

/* A command's reply is `want`; is like `pattern`, where * stands for any text; becomes `want` in the end. */
void expect_at(const char *file, int line, struct client *client, const char *want, const char *name, ...)
	__attribute__((sentinel));
void expect_like_at(const char *file, int line, struct client *client, const char *pattern, const char *name, ...)
	__attribute__((sentinel));
void expect_eventually_at(const char *file, int line, struct client *client, const char *want, const char *name, ...)
	__attribute__((sentinel));
/* The next reply, of a command sent before; exactly these bytes come next; no byte comes and the daemon closes. */
void expect_reply_at(const char *file, int line, struct client *client, const char *want);
void expect_bytes_at(const char *file, int line, struct client *client, const void *want, size_t len);
void expect_closed_at(const char *file, int line, struct client *client);

/* ---- INFO and waiting ---- */

/* A field of INFO EVERYTHING as text (cut to size) or number; the test fails when there is none. info_has asks. */
void info_text(struct client *client, const char *field, char *value, size_t size);
long long info_number(struct client *client, const char *field);
bool info_has(struct client *client, const char *field);

/* Milliseconds of a clock that never goes back. */
int64_t clock_milliseconds(void);
/* Gives way for a moment between two looks at a condition. */
void wait_moment(void);
/* Evaluates the condition again and again until it holds. */
#define wait_until(condition)                                                                                          \
	do {                                                                                                           \
		int64_t wait_end = clock_milliseconds() + DEADLINE_MS;                                                 \
		while (!(condition)) {                                                                                 \
			ck_assert_msg(clock_milliseconds() < wait_end, "never came: %s", #condition);                  \
			wait_moment();                                                                                 \
		}                                                                                                      \
	} while (0)

/* Whether text fits a pattern in which * stands for any text. */
bool text_like(const char *pattern, const char *text);

/* ---- For main ---- */

/* Makes the run's temporary directory; false with a line on standard error. */
bool harness_begin(void);
/* Prints the logs that matter when `failed`, removes the directory and gives the number of shared daemons that did not
 * end as they should. */
int harness_end(bool failed);

#endif
