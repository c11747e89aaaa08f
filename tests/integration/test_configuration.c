/*
 * Settings from the outside: where they are read from (files, standard input, arguments), CONFIG, SIGHUP, and what the
 * daemon tells about them.
 */
#include <dirent.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "harness.h"
#include "suites.h"

enum { OUTPUT = 65536, SETTINGS_MAX = 100 };

static void path_of(char path[512], const char *directory, const char *name)
{
	snprintf(path, 512, "%s/%s", directory, name);
}

static void expect_setting(struct client *c, const char *name, const char *value)
{
	char want[512];

	snprintf(want, sizeof(want), "[ $%s $%s ]", name, value);
	expect(c, want, "CONFIG", "GET", name, NULL);
}

/* --- What it tells and does not start for ------------------------------------------------------------------------ */

/* Runs the daemon with one option and gives what it wrote, after it ended well. */
static const char *told(const char *option)
{
	static char output[OUTPUT];

	ck_assert_int_eq(server_run(output, sizeof(output), option, NULL), 0);
	return output;
}

START_TEST(it_tells_about_itself)
{
	ck_assert_msg(text_like("cubbyd *.*.* (Redis protocol, as of Redis 7.*)\n", told("--version")), "%s",
		      told("--version"));
	ck_assert_msg(text_like("cubbyd, a *usage: cubbyd *--help*--port number*--requirepass text*", told("--help")),
		      "%s", told("--help"));
	ck_assert(text_like("cubbyd *\n", told("-v")));
	ck_assert(text_like("*usage: *", told("-h")));
}
END_TEST

static bool has_program(const char *name)
{
	char command[128];

	snprintf(command, sizeof(command), "command -v %s >/dev/null 2>&1", name);
	return system(command) == 0;
}

START_TEST(the_man_page_has_no_faults)
{
	char directory[256], command[512], *complaints, *page;

	if (!has_program("groff"))
		return;
	directory_make(directory);
	file_write(directory, "cubbyd.1", told("--man"));
	snprintf(command, sizeof(command), "cd '%s' && groff -man -ww -Tascii cubbyd.1 >page 2>complaints", directory);
	ck_assert_int_eq(system(command), 0);
	complaints = file_read(directory, "complaints");
	ck_assert_str_eq(complaints, "");
	free(complaints);
	page = file_read(directory, "page");
	ck_assert_uint_gt(strlen(page), 4000);
	free(page);
}
END_TEST

START_TEST(man_shows_the_page)
{
	char directory[256], command[512];

	if (!has_program("man") || system("man -l /dev/null >/dev/null 2>&1") != 0)
		return; /* macOS's man has no -l */
	directory_make(directory);
	file_write(directory, "cubbyd.1", told("--man"));
	snprintf(command, sizeof(command), "cd '%s' && man -l cubbyd.1 2>&1 | grep -q requirepass", directory);
	ck_assert_int_eq(system(command), 0);
}
END_TEST

/* The sample as it is, and with every setting's line in force. */
START_TEST(the_sample_file_is_read_again)
{
	char directory[256], *line;
	struct server *server;
	struct client *c;
	char *sample = strdup(told("--sample-config"));

	if (_i == 1) {
		/* A setting that is commented out has no space behind its #. */
		for (line = sample; (line = strstr(line, "\n#")) != NULL; line++) {
			if (line[2] != ' ' && line[2] != '#')
				line[1] = ' ';
		}
	}
	directory_make(directory);
	file_write(directory, "cubbyd.conf", sample);
	free(sample);
	server = server_start_in(directory, "cubbyd.conf", NULL);
	c = client_open(server, 2);
	expect_setting(c, "timeout", "60");
	expect_setting(c, "proto-max-bulk-len", "536870912");
	expect_setting(c, "requirepass", "");
	server_stop(server);
}
END_TEST

static void expect_line(const char *want, const char *output, int status)
{
	ck_assert_msg(strcmp(want, output) == 0, "want %sgot %s", want, output);
	ck_assert_msg(WIFEXITED(status) && WEXITSTATUS(status) == 1, "wait status %d", status);
}

START_TEST(bad_arguments_end_it)
{
	static const struct {
		const char *words[3], *want;
	} bad[] = {
		{{"--nosuch", "1"}, "cubbyd: unknown setting 'nosuch'\n"},
		{{"--port", "many"}, "cubbyd: port: argument couldn't be parsed into an integer\n"},
		{{"--port", "65536"}, "cubbyd: port: argument must be between 0 and 65535 inclusive\n"},
		{{"--port"}, "cubbyd: port: wrong number of arguments\n"},
		{{"--port", "1", "2"}, "cubbyd: port: wrong number of arguments\n"},
		{{"--loglevel", "loud"},
		 "cubbyd: loglevel: argument(s) must be one of the following: debug, verbose, notice, warning, "
		 "nothing\n"},
		{{"--shards", "33"}, "cubbyd: shards: argument must be a power of two\n"},
		{{"-x"}, "cubbyd: '-x' is neither a configuration file nor an option: see --help\n"},
		{{"nosuch.conf"}, "cubbyd: cannot read configuration file 'nosuch.conf': No such file or directory\n"},
		{{"/"}, "cubbyd: cannot read configuration file '/': Is a directory\n"},
		{{"--logfile", "no/such/log"},
		 "cubbyd: cannot open log file 'no/such/log': No such file or directory\n"},
		{{"--daemonize", "yes"},
		 "cubbyd: daemonize: only 'no' is supported: run it in the foreground under a supervisor such as "
		 "systemd, launchd or docker\n"},
	};
	char output[OUTPUT];

	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		const char *const *words = bad[i].words;
		int status = server_run(output, sizeof(output), words[0], words[1], words[1] ? words[2] : NULL, NULL);

		expect_line(bad[i].want, output, status);
	}
}
END_TEST

START_TEST(bad_files_end_it)
{
	static const struct {
		const char *text, *want;
	} bad[] = {
		{"port 0\n\n# comment\nnosuch 1\n", "4: unknown setting 'nosuch'\n"},
		{"timeout -1\n", "1: timeout: argument must be between 0 and 2147483647 inclusive\n"},
		{"port 0\nrequirepass \"open\n", "2: unbalanced quotes, or too many words\n"},
		{"port\n", "1: port: wrong number of arguments\n"},
		{"\r\nport x\r\n", "2: port: argument couldn't be parsed into an integer\n"},
		{"maxclients 10 20", "1: maxclients: wrong number of arguments\n"},
		{"include\n", "1: include: wants one path\n"},
		{"unixsocketperm 999\n", "1: unixsocketperm: argument couldn't be parsed as an octal number\n"},
		{"proto-max-bulk-len 1x\n", "1: proto-max-bulk-len: argument must be a memory value\n"},
		{"protected-mode maybe\n", "1: protected-mode: argument must be 'yes' or 'no'\n"},
	};
	char directory[256], path[512], want[1024], output[OUTPUT];

	directory_make(directory);
	path_of(path, directory, "cubbyd.conf");
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		int status;

		file_write(directory, "cubbyd.conf", bad[i].text);
		status = server_run(output, sizeof(output), path, NULL);
		snprintf(want, sizeof(want), "cubbyd: %s:%s", path, bad[i].want);
		expect_line(want, output, status);
	}
}
END_TEST

/* The place of the fault is the included file's; one that is not there is the fault of the line that wants it. */
START_TEST(bad_included_files_end_it)
{
	char directory[256], outer[512], inner[512], text[1024], want[2048], output[OUTPUT];
	int status;

	directory_make(directory);
	path_of(outer, directory, "outer.conf");
	path_of(inner, directory, "inner.conf");
	snprintf(text, sizeof(text), "port 0\ninclude %s\n", inner);
	file_write(directory, "outer.conf", text);
	status = server_run(output, sizeof(output), outer, NULL);
	snprintf(want, sizeof(want), "cubbyd: %s:2: cannot read configuration file '%s': No such file or directory\n",
		 outer, inner);
	expect_line(want, output, status);

	file_write(directory, "inner.conf", "# inner\n\ntimeout soon\n");
	status = server_run(output, sizeof(output), outer, NULL);
	snprintf(want, sizeof(want), "cubbyd: %s:3: timeout: argument couldn't be parsed into an integer\n", inner);
	expect_line(want, output, status);

	snprintf(text, sizeof(text), "include %s\n", outer);
	file_write(directory, "inner.conf", text);
	status = server_run(output, sizeof(output), outer, NULL);
	ck_assert_msg(text_like("cubbyd: *.conf:*: too many files that include each other\n", output), "%s", output);
	ck_assert(WIFEXITED(status) && WEXITSTATUS(status) == 1);
}
END_TEST

/* What fails only when it is tried is a line of the log. */
START_TEST(a_taken_port_ends_it)
{
	struct server *server = server_start(NULL);
	char port[16], output[OUTPUT];
	int status;

	snprintf(port, sizeof(port), "%d", server->port);
	status = server_run(output, sizeof(output), "--bind", "127.0.0.1", "--port", port, NULL);
	ck_assert(WIFEXITED(status) && WEXITSTATUS(status) == 1);
	ck_assert_msg(text_like("{*\"msg\":\"cannot listen\",\"error\":\"*\"}\n", output), "%s", output);
	ck_assert_ptr_eq(strchr(output, '\n'), output + strlen(output) - 1);
	expect(client_open(server, 2), "+PONG", "PING", NULL);
	server_stop(server);
}
END_TEST

/* --- Where settings come from ------------------------------------------------------------------------------------ */

static const char everyday[] = "# what a file may hold\r\n"
			       "\n"
			       "TIMEOUT 30\n"
			       "  maxclients\t100  \n"
			       "requirepass \"a \\x62 \\\"c\\\"\"\n"
			       "proto-max-bulk-len 64mb\n"
			       "client-query-buffer-limit 1g\r\n"
			       "lazyfree-lazy-user-del 'yes'\n"
			       "timeout 45\n"
			       "save \"\"\n"
			       "loglevel verbose";

static void expect_everyday(struct client *c)
{
	expect(c, "+OK", "AUTH", "a b \"c\"", NULL);
	expect_setting(c, "timeout", "45");
	expect_setting(c, "maxclients", "100");
	expect_setting(c, "requirepass", "a b \"c\"");
	expect_setting(c, "proto-max-bulk-len", "67108864");
	expect_setting(c, "client-query-buffer-limit", "1000000000");
	expect_setting(c, "lazyfree-lazy-user-del", "yes");
	expect_setting(c, "loglevel", "verbose");
}

START_TEST(a_file_is_read)
{
	char directory[256];
	struct server *server;

	directory_make(directory);
	file_write(directory, _i == 0 ? "cubbyd.conf" : "input", everyday);
	server = server_start_in(directory, _i == 0 ? "cubbyd.conf" : "-", NULL);
	expect_everyday(client_open(server, 2));
	server_stop(server);
}
END_TEST

START_TEST(faults_of_standard_input_are_named)
{
	char directory[256], command[1024], *text;

	directory_make(directory);
	file_write(directory, "input", "port 0\nnosuch 1\n");
	snprintf(command, sizeof(command), "'%s' - <'%s/input' >'%s/said' 2>&1",
		 getenv("CUBBYD") != NULL ? getenv("CUBBYD") : "build/cubbyd", directory, directory);
	ck_assert_int_eq(WEXITSTATUS(system(command)), 1);
	text = file_read(directory, "said");
	ck_assert_str_eq(text, "cubbyd: standard input:2: unknown setting 'nosuch'\n");
	free(text);
}
END_TEST

START_TEST(arguments_count_more_than_files)
{
	char directory[256];
	struct server *server;
	struct client *c;

	directory_make(directory);
	file_write(directory, "inner.conf", "timeout 11\nmaxclients 111\ntcp-keepalive 7\n");
	file_write(directory, "cubbyd.conf", "tcp-keepalive 8\ninclude inner.conf\nmaxclients 222\n");
	server = server_start_in(directory, "cubbyd.conf", "--timeout", "33", "--LogLevel", "verbose", NULL);
	c = client_open(server, 2);
	expect_setting(c, "timeout", "33");
	expect_setting(c, "maxclients", "222");
	expect_setting(c, "tcp-keepalive", "7");
	expect_setting(c, "loglevel", "verbose");
	server_stop(server);
}
END_TEST

/* --- CONFIG GET and SET ------------------------------------------------------------------------------------------ */

START_TEST(config_get_takes_patterns)
{
	struct client *c = client_fresh(_i);
	const char *open = _i == 2 ? "[" : "{", *close = _i == 2 ? "]" : "}";
	char want[256];

	expect(c, "+OK", "CONFIG", "SET", "max-key-size", "100", "max-value-size", "2kb", NULL);
	snprintf(want, sizeof(want), "%s $max-key-size $100 $max-value-size $2048 %s", open, close);
	expect(c, want, "CONFIG", "GET", "max-*-size", NULL);
	expect(c, want, "CONFIG", "GET", "MAX-k?y-SIZE", "max-[v-w]alue*", NULL);
	expect(c, want, "CONFIG", "GET", "max-value-size", "max-key-size", "max-*-size", "nosuch", NULL);
	snprintf(want, sizeof(want), "%s %s", open, close);
	expect(c, want, "CONFIG", "GET", "max-*-sizes", NULL);
	expect_like(c, "*$bind $127.0.0.1*$port $0*$timeout $60*$appendonly $yes*", "CONFIG", "GET", "*", NULL);
	expect(c, "+OK", "CONFIG", "SET", "max-key-size", "0", "MAX-VALUE-SIZE", "0", NULL);
}
END_TEST

START_TEST(config_set_is_all_or_nothing)
{
	struct client *c = client_fresh(2);
	static const char failed[] = "-ERR CONFIG SET failed (possibly related to argument 'maxclients') - ";
	char want[256];

	expect(c, "+OK", "CONFIG", "SET", "timeout", "50", "maxclients", "500", "tcp-keepalive", "5", NULL);
	snprintf(want, sizeof(want), "%sargument must be between 1 and 4294967295 inclusive", failed);
	expect(c, want, "CONFIG", "SET", "timeout", "51", "maxclients", "0", "tcp-keepalive", "6", NULL);
	/* More than any system's limit of open files: this one has the right form and fails when it is to take effect.
	 */
	snprintf(want, sizeof(want), "%sThe operating system is not able to handle the specified number of *", failed);
	expect_like(c, want, "CONFIG", "SET", "timeout", "51", "maxclients", "4294967295", "tcp-keepalive", "6", NULL);
	expect(c, "-ERR Unknown option or number of arguments for CONFIG SET - 'nosuch'", "CONFIG", "SET", "timeout",
	       "51", "nosuch", "1", NULL);
	expect(c, "-ERR CONFIG SET failed (possibly related to argument 'port') - can't set immutable config", "CONFIG",
	       "SET", "timeout", "51", "port", "1", NULL);
	expect(c, "-ERR CONFIG SET failed (possibly related to argument 'TIMEOUT') - duplicate parameter", "CONFIG",
	       "SET", "timeout", "51", "TIMEOUT", "52", NULL);
	expect_setting(c, "timeout", "50");
	expect_setting(c, "maxclients", "500");
	expect_setting(c, "tcp-keepalive", "5");
	expect(c, "+OK", "CONFIG", "SET", "timeout", "60", "maxclients", "1000", "tcp-keepalive", "300", NULL);
}
END_TEST

START_TEST(config_set_knows_ranges)
{
	struct client *c = client_fresh(2);
	static const char *const bad[][3] = {
		{"timeout", "-1", "argument must be between 0 and 2147483647 inclusive"},
		{"timeout", "2147483648", "argument must be between 0 and 2147483647 inclusive"},
		{"timeout", "9223372036854775808", "argument couldn't be parsed into an integer"},
		{"timeout", "", "argument couldn't be parsed into an integer"},
		{"timeout", "1.5", "argument couldn't be parsed into an integer"},
		{"active-expire-effort", "0", "argument must be between 1 and 10 inclusive"},
		{"active-expire-effort", "11", "argument must be between 1 and 10 inclusive"},
		{"proto-max-bulk-len", "1023kb", "argument must be between 1048576 and 9223372036854775807 inclusive"},
		{"client-query-buffer-limit", "-1", "argument must be a memory value"},
		{"client-backlog-limit", "1tb", "argument must be a memory value"},
		{"max-key-size", "99999999999999999999", "argument must be a memory value"},
		{"protected-mode", "perhaps", "argument must be 'yes' or 'no'"},
		{"log-format", "xml", "argument(s) must be one of the following: auto, text, json"},
		{"save", "900", "Invalid save parameters"},
		{"save", "0 1", "Invalid save parameters"},
		{"save", "900 1 300 ten", "Invalid save parameters"},
		{"dir", "/no/such/directory", "No such file or directory"},
		{"dbfilename", "a/b.rdb", "dbfilename can't be a path, just a filename"},
		{"appendfsync", "sometimes", "argument(s) must be one of the following: everysec, always, no"},
		{"auto-aof-rewrite-percentage", "-1", "argument must be between 0 and 2147483647 inclusive"},
		{"rdbchecksum", "no", "can't set immutable config"},
		{"appendfilename", "other.aof", "can't set immutable config"},
	};
	char want[512];

	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		snprintf(want, sizeof(want), "-ERR CONFIG SET failed (possibly related to argument '%s') - %s",
			 bad[i][0], bad[i][2]);
		expect(c, want, "CONFIG", "SET", bad[i][0], bad[i][1], NULL);
	}
	expect(c, "+PONG", "PING", NULL);
}
END_TEST

/* What a client sent stands in the error, on one line and cut to a size. */
START_TEST(config_set_errors_stay_one_line)
{
	struct client *c = client_fresh(2);
	char name[3000];

	memset(name, 'n', sizeof(name) - 1);
	name[sizeof(name) - 1] = '\0';
	expect(c, "-ERR Unknown option or number of arguments for CONFIG SET - 'a  +b'", "CONFIG", "SET", "a\r\n+b",
	       "1", NULL);
	ck_assert_uint_lt(strlen(client_call(c, "CONFIG", "SET", name, "1", NULL)), 300);
	ck_assert_uint_lt(strlen(client_call(c, "CONFIG", "SET", "timeout", name, NULL)), 300);
}
END_TEST

/* One documented row of the table of settings. */
struct row {
	char name[64];
	bool mutable;
};

static size_t rows_read(struct row rows[SETTINGS_MAX])
{
	char output[OUTPUT], *rest = output, *line, changes[8];
	size_t count = 0;

	ck_assert_int_eq(server_run(output, sizeof(output), "--config-markdown", NULL), 0);
	while ((line = strsep(&rest, "\n")) != NULL) {
		if (sscanf(line, "| `%63[^`]` | %*[^|]| `%*[^`]` | %7s", rows[count].name, changes) != 2)
			continue;
		rows[count].mutable = strcmp(changes, "yes") == 0;
		ck_assert_uint_lt(++count, SETTINGS_MAX);
	}
	ck_assert_uint_ge(count, 27);
	return count;
}

START_TEST(every_setting_can_be_set_to_its_own_value)
{
	struct client *c = client_fresh(2);
	struct row rows[SETTINGS_MAX];
	size_t count = rows_read(rows);
	char before[512], value[512], immutable[512];

	for (size_t i = 0; i < count; i++) {
		const char *name = rows[i].name;
		size_t lead = strlen("[ $ $") + strlen(name);

		snprintf(before, sizeof(before), "%s", client_call(c, "CONFIG", "GET", name, NULL));
		ck_assert_msg(text_like("[ $* $* ]", before) && strncmp(before + 3, name, strlen(name)) == 0, "%s",
			      before);
		snprintf(value, sizeof(value), "%.*s", (int)(strlen(before) - lead - 2), before + lead);
		snprintf(immutable, sizeof(immutable),
			 "-ERR CONFIG SET failed (possibly related to argument '%.63s') - can't set immutable config",
			 name);
		expect(c, rows[i].mutable ? "+OK" : immutable, "CONFIG", "SET", name, value, NULL);
		expect(c, before, "CONFIG", "GET", name, NULL);
	}
}
END_TEST

START_TEST(names_that_tools_ask_for)
{
	struct client *c = client_fresh(2);

	expect_setting(c, "daemonize", "no");
	expect(c, "+OK", "CONFIG", "SET", "daemonize", "NO", NULL);
	expect_like(c, "-ERR CONFIG SET failed *'daemonize'* only 'no' is supported*", "CONFIG", "SET", "daemonize",
		    "yes", NULL);
}
END_TEST

/* Where the files go is not for every client to say. */
START_TEST(protected_settings)
{
	static const char refused[] =
		"-ERR CONFIG SET failed (possibly related to argument 'dir') - can't set protected config";
	struct server *nobody = server_start("--enable-protected-configs", "no", NULL);
	struct server *local = server_start("--enable-protected-configs", "local", "--appendonly", "no", NULL);
	struct client *c = client_open(nobody, 2);

	expect(c, refused, "CONFIG", "SET", "dir", "/", NULL);
	expect(c, "-ERR CONFIG SET failed (possibly related to argument 'dbfilename') - can't set protected config",
	       "CONFIG", "SET", "dbfilename", "x", NULL);
	expect_setting(c, "dir", nobody->directory);
	expect(c,
	       "-ERR CONFIG SET failed (possibly related to argument 'enable-protected-configs') - can't set "
	       "immutable config",
	       "CONFIG", "SET", "enable-protected-configs", "yes", NULL);
	c = client_open(local, 2);
	expect(c, "+OK", "CONFIG", "SET", "dir", "/", "dbfilename", "x", NULL);
	expect_setting(c, "dir", "/");
	expect_setting(c, "dbfilename", "x");
	server_stop(nobody);
	server_stop(local);
}
END_TEST

START_TEST(settings_take_effect)
{
	struct client *c = client_fresh(2);
	struct client *silent = client_open(shared, 2);

	expect(c, "+OK", "CONFIG", "SET", "max-value-size", "3", NULL);
	expect_like(c, "-ERR *", "SET", "key", "1234", NULL);
	expect(c, "+OK", "SET", "key", "123", NULL);
	expect(c, "+OK", "CONFIG", "SET", "max-value-size", "0", NULL);
	expect(c, "+OK", "SET", "key", "1234", NULL);
	expect(silent, "+PONG", "PING", NULL);
	expect(c, "+OK", "CONFIG", "SET", "timeout", "1", NULL);
	expect_closed(silent); /* which came when it was 60 */
	c = client_open(shared, 2);
	expect(c, "+OK", "CONFIG", "SET", "timeout", "60", NULL);
}
END_TEST

START_TEST(resetstat_sets_back)
{
	struct client *c = client_fresh(2);
	static const char *const fields[] = {"total_connections_received",
					     "expired_keys",
					     "keyspace_hits",
					     "keyspace_misses",
					     "total_error_replies",
					     "protocol_error_disconnections",
					     "rejected_connections",
					     "timeout_disconnections"};
	struct client *bad = client_open(shared, 2);

	client_send(bad, "*1\r\nx\r\n", SIZE_MAX);
	expect_like(bad, "-ERR Protocol error*", "PING", NULL);
	client_close(bad);
	expect(c, "+OK", "SET", "key", "v", NULL);
	expect(c, "$v", "GET", "key", NULL);
	expect(c, "nil", "GET", "nothing", NULL);
	expect(c, "+OK", "SET", "dead", "v", "PX", "1", NULL);
	expect_eventually(c, "nil", "GET", "dead", NULL);
	expect_like(c, "-ERR *", "INCR", "key", NULL);
	for (size_t i = 0; i < 6; i++)
		ck_assert_msg(info_number(c, fields[i]) > 0, "%s is 0", fields[i]);
	ck_assert_int_gt(info_number(c, "total_commands_processed"), 6);
	expect(c, "+OK", "CONFIG", "RESETSTAT", NULL);
	for (size_t i = 0; i < sizeof(fields) / sizeof(fields[0]); i++)
		ck_assert_msg(info_number(c, fields[i]) == 0, "%s is not 0", fields[i]);
	expect(c, "+OK", "CONFIG", "RESETSTAT", NULL);
	ck_assert_int_le(info_number(c, "total_commands_processed"), 2);
	wait_until(info_number(c, "connected_clients") == 1);
	expect(c, "$v", "GET", "key", NULL);
}
END_TEST

/* --- The password ------------------------------------------------------------------------------------------------ */

START_TEST(requirepass_changes_at_run_time)
{
	struct server *server = server_start(NULL);
	struct client *setter = client_open(server, 2), *early = client_open(server, 2), *late;

	expect(early, "+PONG", "PING", NULL);
	expect_like(early, "-ERR AUTH <password> called without any password configured*", "AUTH", "secret", NULL);
	expect(setter, "+OK", "CONFIG", "SET", "requirepass", "secret", NULL);
	expect(setter, "+PONG", "PING", NULL);
	expect(early, "+PONG", "PING", NULL); /* who is in stays in, as with Redis */
	late = client_open(server, 2);
	expect(late, "-NOAUTH Authentication required.", "PING", NULL);
	expect(late, "-WRONGPASS invalid username-password pair or user is disabled.", "AUTH", "secre", NULL);
	expect(late, "-WRONGPASS invalid username-password pair or user is disabled.", "AUTH", "secrets", NULL);
	expect(late, "-WRONGPASS invalid username-password pair or user is disabled.", "AUTH", "nobody", "secret",
	       NULL);
	expect(late, "-NOAUTH Authentication required.", "GET", "key", NULL);
	expect(late, "+OK", "AUTH", "default", "secret", NULL);
	expect(late, "nil", "GET", "key", NULL);
	expect(setter, "+OK", "CONFIG", "SET", "requirepass", "other", NULL);
	late = client_open(server, 2);
	expect(late, "-WRONGPASS invalid username-password pair or user is disabled.", "AUTH", "secret", NULL);
	expect(late, "+OK", "AUTH", "other", NULL);
	expect(setter, "+OK", "CONFIG", "SET", "requirepass", "", NULL);
	expect(client_open(server, 2), "+PONG", "PING", NULL);
	server_stop(server);
}
END_TEST

/* --- enable-debug-command ---------------------------------------------------------------------------------------- */

START_TEST(debug_is_guarded_at_every_door)
{
	static const char *const guards[] = {"no", "local", "yes"};
	struct server *server = server_start("--enable-debug-command", guards[_i], "--unixsocket", "socket", NULL);
	const char *want = _i == 0 ? "-ERR DEBUG command not allowed.*" : "+OK";
	struct client *c = client_open(server, 2), *local;
	char path[512];

	path_of(path, server->directory, "socket");
	local = client_open_at(server, path, 0);
	expect_like(c, want, "DEBUG", "SLEEP", "0", NULL);
	expect_like(local, want, "DEBUG", "SLEEP", "0", NULL);
	expect_setting(c, "enable-debug-command", guards[_i]);
	expect_like(c, "-ERR *immutable config", "CONFIG", "SET", "enable-debug-command", "yes", NULL);
	server_stop(server);
}
END_TEST

/* --- SIGHUP ------------------------------------------------------------------------------------------------------ */

/* Sends SIGHUP and waits until the log has `count` lines with `text`. */
static void reload(struct server *server, const char *text, size_t count)
{
	server_signal(server, SIGHUP);
	wait_until(server_log_count(server, text) == count);
}

START_TEST(sighup_reads_the_file_again)
{
	static const char again[] = "\"msg\":\"configuration read again\"";
	static const char restart[] = "\"msg\":\"setting can only change at a restart\",\"setting\":\"databases\"";
	char directory[256];
	struct server *server;
	struct client *c;

	directory_make(directory);
	file_write(directory, "cubbyd.conf", "timeout 10\nmaxclients 100\ndatabases 8\n");
	server = server_start_in(directory, "cubbyd.conf", "--maxclients", "200", NULL);
	c = client_open(server, 2);
	expect(c, "+OK", "CONFIG", "SET", "tcp-keepalive", "9", NULL);

	file_write(directory, "cubbyd.conf", "timeout 20\nmaxclients 101\ndatabases 9\nrequirepass word\n");
	reload(server, again, 1);
	expect_setting(c, "timeout", "20");
	expect_setting(c, "maxclients", "200");	   /* the argument still counts more */
	expect_setting(c, "tcp-keepalive", "300"); /* the file says nothing: its default */
	expect_setting(c, "databases", "8");
	ck_assert_uint_eq(server_log_count(server, restart), 1);
	ck_assert_uint_eq(server_log_count(server, "\"msg\":\"setting changed\",\"setting\":\"timeout\""), 1);
	expect(client_open(server, 2), "-NOAUTH Authentication required.", "PING", NULL);

	file_write(directory, "cubbyd.conf", "timeout 20\ndatabases 8\n");
	reload(server, again, 2);
	ck_assert_uint_eq(server_log_count(server, restart), 1);
	expect(client_open(server, 2), "+PONG", "PING", NULL);
	ck_assert_uint_eq(server_log_count(server, "word"), 0);
	server_stop(server);
}
END_TEST

START_TEST(sighup_with_a_broken_file_changes_nothing)
{
	static const char kept[] = "\"msg\":\"configuration not read again: nothing has changed\"";
	char directory[256], path[512];
	struct server *server;
	struct client *c;

	directory_make(directory);
	path_of(path, directory, "cubbyd.conf");
	file_write(directory, "cubbyd.conf", "timeout 10\n");
	server = server_start_in(directory, "cubbyd.conf", NULL);
	c = client_open(server, 2);
	file_write(directory, "cubbyd.conf", "timeout 20\nmaxclients many\n");
	reload(server, kept, 1);
	ck_assert_uint_eq(server_log_count(server, "cubbyd.conf:2: maxclients: argument couldn't be parsed"), 1);
	expect_setting(c, "timeout", "10");
	ck_assert_int_eq(unlink(path), 0);
	reload(server, kept, 2);
	ck_assert_uint_eq(server_log_count(server, "No such file or directory"), 1);
	expect_setting(c, "timeout", "10");
	file_write(directory, "cubbyd.conf", "timeout 30\n");
	reload(server, "\"msg\":\"configuration read again\"", 1);
	expect_setting(c, "timeout", "30");
	server_stop(server);
}
END_TEST

/* A value that has the right form but cannot be had. */
START_TEST(sighup_keeps_what_cannot_be_had)
{
	char directory[256];
	struct server *server;
	struct client *c;

	directory_make(directory);
	file_write(directory, "cubbyd.conf", "timeout 10\nmaxclients 100\n");
	server = server_start_in(directory, "cubbyd.conf", NULL);
	c = client_open(server, 2);
	file_write(directory, "cubbyd.conf", "maxclients 4294967295\ntimeout 20\n");
	reload(server, "\"msg\":\"configuration read again\"", 1);
	ck_assert_uint_eq(server_log_count(server, "\"msg\":\"setting not changed\",\"setting\":\"maxclients\""), 1);
	expect_setting(c, "maxclients", "100");
	expect_setting(c, "timeout", "20");
	server_stop(server);
}
END_TEST

/* --- CONFIG REWRITE ---------------------------------------------------------------------------------------------- */

START_TEST(rewrite_keeps_comments_and_lasts)
{
	static const char text[] =
		"# the head\n\n   # indented\ntimeout   10\nmaxclients 100\n# the end\nloglevel notice\n";
	char directory[256], *now;
	struct server *server;
	struct client *c;

	directory_make(directory);
	file_write(directory, "cubbyd.conf", text);
	server = server_start_in(directory, "cubbyd.conf", NULL);
	c = client_open(server, 2);
	expect(c, "+OK", "CONFIG", "SET", "maxclients", "150", "max-value-size", "1mb", "requirepass",
	       "a \"b\"\\\n\x01#", NULL);
	expect(c, "+OK", "CONFIG", "REWRITE", NULL);
	now = file_read(directory, "cubbyd.conf");
	ck_assert_msg(
		text_like("# the head\n\n   # indented\ntimeout   10\nmaxclients 150\n# the end\nloglevel notice\n"
			  "# Generated by CONFIG REWRITE\n*requirepass \"a \\\"b\\\"\\\\\\n\\x01#\"\n"
			  "*max-value-size 1mb\n*",
			  now),
		"%s", now);
	free(now);
	client_close(c);
	server_stop(server);

	server = server_start_in(directory, "cubbyd.conf", NULL);
	c = client_open(server, 2);
	expect(c, "+OK", "AUTH", "a \"b\"\\\n\x01#", NULL);
	expect_setting(c, "maxclients", "150");
	expect_setting(c, "max-value-size", "1048576");
	expect_setting(c, "timeout", "10");
	server_stop(server);
}
END_TEST

/* A second time it finds nothing to change, and what went back to its default is no different. */
START_TEST(rewrite_twice)
{
	char directory[256], *first, *second;
	struct server *server;
	struct client *c;

	directory_make(directory);
	file_write(directory, "cubbyd.conf", "timeout 10\ntimeout 20\n");
	server = server_start_in(directory, "cubbyd.conf", NULL);
	c = client_open(server, 2);
	expect(c, "+OK", "CONFIG", "SET", "timeout", "60", NULL);
	expect(c, "+OK", "CONFIG", "REWRITE", NULL);
	first = file_read(directory, "cubbyd.conf");
	expect(c, "+OK", "CONFIG", "REWRITE", NULL);
	second = file_read(directory, "cubbyd.conf");
	ck_assert_str_eq(first, second);
	free(first);
	free(second);
	server_stop(server);
	server = server_start_in(directory, "cubbyd.conf", NULL);
	expect_setting(client_open(server, 2), "timeout", "60");
	server_stop(server);
}
END_TEST

/* How many names the directory has, besides . and .. */
static size_t directory_count(const char *path)
{
	DIR *directory = opendir(path);
	size_t count = 0;

	ck_assert_ptr_nonnull(directory);
	while (readdir(directory) != NULL)
		count++;
	closedir(directory);
	return count - 2;
}

/* Root may write into any directory, so for it the directory is not there for a while. */
START_TEST(rewrite_that_fails_leaves_the_file)
{
	bool root = geteuid() == 0;
	char directory[256], place[512], away[512], *text;
	struct server *server;
	struct client *c;

	directory_make(directory);
	path_of(place, directory, "etc");
	path_of(away, directory, "away");
	ck_assert_int_eq(mkdir(place, 0700), 0);
	file_write(place, "cubbyd.conf", "timeout 10\n");
	server = server_start_in(directory, "etc/cubbyd.conf", NULL);
	c = client_open(server, 2);
	expect(c, "+OK", "CONFIG", "SET", "timeout", "20", NULL);
	ck_assert_int_eq(root ? rename(place, away) : chmod(place, 0500), 0);
	expect(c,
	       root ? "-ERR Rewriting config file: No such file or directory"
		    : "-ERR Rewriting config file: Permission denied",
	       "CONFIG", "REWRITE", NULL);
	expect_setting(c, "timeout", "20");
	ck_assert_int_eq(root ? rename(away, place) : chmod(place, 0700), 0);
	text = file_read(place, "cubbyd.conf");
	ck_assert_str_eq(text, "timeout 10\n");
	free(text);
	ck_assert_uint_eq(directory_count(place), 1);
	expect(c, "+OK", "CONFIG", "REWRITE", NULL);
	text = file_read(place, "cubbyd.conf");
	ck_assert_ptr_eq(strstr(text, "timeout 20\n"), text);
	free(text);
	ck_assert_uint_eq(directory_count(place), 1);
	server_stop(server);
}
END_TEST

/* An included file sets it, the running daemon went back to the default: the file must say so. */
START_TEST(rewrite_outdoes_an_included_file)
{
	char directory[256];
	struct server *server;
	struct client *c;

	directory_make(directory);
	file_write(directory, "inner.conf", "timeout 10\ntcp-keepalive 11\n");
	file_write(directory, "cubbyd.conf", "include inner.conf\n");
	server = server_start_in(directory, "cubbyd.conf", NULL);
	c = client_open(server, 2);
	expect(c, "+OK", "CONFIG", "SET", "timeout", "60", NULL);
	expect(c, "+OK", "CONFIG", "REWRITE", NULL);
	server_stop(server);
	server = server_start_in(directory, "cubbyd.conf", NULL);
	c = client_open(server, 2);
	expect_setting(c, "timeout", "60");
	expect_setting(c, "tcp-keepalive", "11");
	server_stop(server);
}
END_TEST

/* The file's permissions stay: it may hold a password. */
START_TEST(rewrite_keeps_permissions)
{
	char directory[256], path[512];
	struct server *server;
	struct stat status;

	directory_make(directory);
	file_write(directory, "cubbyd.conf", "timeout 10\n");
	path_of(path, directory, "cubbyd.conf");
	ck_assert_int_eq(chmod(path, 0640), 0);
	server = server_start_in(directory, "cubbyd.conf", NULL);
	expect(client_open(server, 2), "+OK", "CONFIG", "REWRITE", NULL);
	ck_assert_int_eq(stat(path, &status), 0);
	ck_assert_int_eq(status.st_mode & 0777, 0640);
	server_stop(server);
}
END_TEST

Suite *configuration_suite(void)
{
	Suite *suite = suite_create("configuration");
	TCase *tells = alone_case(suite, "what it tells");
	TCase *sources = alone_case(suite, "files and arguments");
	TCase *commands = shared_case(suite, "CONFIG");
	TCase *alone = alone_case(suite, "guards");
	TCase *again = alone_case(suite, "SIGHUP");
	TCase *rewrite = alone_case(suite, "CONFIG REWRITE");

	tcase_add_test(tells, it_tells_about_itself);
	tcase_add_test(tells, the_man_page_has_no_faults);
	tcase_add_test(tells, man_shows_the_page);
	tcase_add_loop_test(tells, the_sample_file_is_read_again, 0, 2);
	tcase_add_test(tells, bad_arguments_end_it);
	tcase_add_test(tells, bad_files_end_it);
	tcase_add_test(tells, bad_included_files_end_it);
	tcase_add_test(tells, a_taken_port_ends_it);

	tcase_add_loop_test(sources, a_file_is_read, 0, 2);
	tcase_add_test(sources, faults_of_standard_input_are_named);
	tcase_add_test(sources, arguments_count_more_than_files);

	tcase_add_loop_test(commands, config_get_takes_patterns, 2, 4);
	tcase_add_test(commands, config_set_is_all_or_nothing);
	tcase_add_test(commands, config_set_knows_ranges);
	tcase_add_test(commands, config_set_errors_stay_one_line);
	tcase_add_test(commands, every_setting_can_be_set_to_its_own_value);
	tcase_add_test(commands, names_that_tools_ask_for);
	tcase_add_test(commands, settings_take_effect);
	tcase_add_test(commands, resetstat_sets_back);

	tcase_add_test(alone, requirepass_changes_at_run_time);
	tcase_add_test(alone, protected_settings);
	tcase_add_loop_test(alone, debug_is_guarded_at_every_door, 0, 3);

	tcase_add_test(again, sighup_reads_the_file_again);
	tcase_add_test(again, sighup_with_a_broken_file_changes_nothing);
	tcase_add_test(again, sighup_keeps_what_cannot_be_had);

	tcase_add_test(rewrite, rewrite_keeps_comments_and_lasts);
	tcase_add_test(rewrite, rewrite_twice);
	tcase_add_test(rewrite, rewrite_that_fails_leaves_the_file);
	tcase_add_test(rewrite, rewrite_outdoes_an_included_file);
	tcase_add_test(rewrite, rewrite_keeps_permissions);
	return suite;
}
