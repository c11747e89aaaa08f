/* The configuration: files, arguments, CONFIG GET, SET and REWRITE. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "server/config.h"
#include "server/manual.h"
#include "server/save_points.h"
#include "suites.h"

static char directory[] = "/tmp/cubby-config-XXXXXX";
static char path[128];
static struct config config;
static char error[CONFIG_ERROR_TEXT];

static void setup(void)
{
	strcpy(directory + strlen(directory) - 6, "XXXXXX");
	ck_assert_ptr_nonnull(mkdtemp(directory));
	snprintf(path, sizeof(path), "%s/cubby.conf", directory);
	error[0] = '\0';
	ck_assert(config_init(&config));
}

static void teardown(void)
{
	char command[256];

	config_free(&config);
	snprintf(command, sizeof(command), "rm -r '%s'", directory);
	ck_assert_int_eq(system(command), 0);
}

static void write_file(const char *name, const char *text)
{
	FILE *file = fopen(name, "w");

	ck_assert_ptr_nonnull(file);
	fputs(text, file);
	fclose(file);
}

/* Loads the file with `text` in it, and further arguments. */
static bool load(const char *text, int argc, const char *const *arguments)
{
	static char *argv[16];

	write_file(path, text);
	argv[0] = path;
	for (int i = 0; i < argc; i++)
		argv[i + 1] = strdup(arguments[i]);
	return config_load(&config, argc + 1, argv, error);
}

static void free_arguments(void)
{
	for (int i = 1; i < config.argc; i++)
		free(config.argv[i]);
}

/* The whole file as it is now. */
static const char *read_back(void)
{
	static char text[4096];
	FILE *file = fopen(path, "r");
	size_t len;

	ck_assert_ptr_nonnull(file);
	len = fread(text, 1, sizeof(text) - 1, file);
	fclose(file);
	text[len] = '\0';
	return text;
}

static bool set(size_t count, const char *const *texts)
{
	struct slice words[16];

	for (size_t i = 0; i < count; i++)
		words[i] = slice_of(texts[i]);
	return config_set(&config, words, count, false, error);
}

#define SET(...) set(sizeof((const char *const[]){__VA_ARGS__}) / sizeof(char *), (const char *const[]){__VA_ARGS__})

/* What CONFIG GET replies. */
static const char *get(size_t count, const char *const *texts)
{
	static char text[8192];
	struct slice patterns[8];
	struct reply reply = {.protocol = 2};

	for (size_t i = 0; i < count; i++)
		patterns[i] = slice_of(texts[i]);
	config_reply_get(&config, patterns, count, &reply);
	ck_assert_uint_lt(reply.bytes.len, sizeof(text));
	memcpy(text, reply.bytes.data, reply.bytes.len);
	text[reply.bytes.len] = '\0';
	reply_free(&reply);
	return text;
}

#define GET(...) get(sizeof((const char *const[]){__VA_ARGS__}) / sizeof(char *), (const char *const[]){__VA_ARGS__})

/* --- files and arguments ---------------------------------------------------------------------------------------- */

START_TEST(test_defaults)
{
	ck_assert_int_eq(config_number(&config, CONFIG_PORT), 6379);
	ck_assert_str_eq(config_text(&config, CONFIG_BIND), "* -::*");
	ck_assert_int_eq(config_number(&config, CONFIG_PROTO_MAX_BULK_LEN), 512 * 1024 * 1024);
	ck_assert_int_eq(setting_get(&settings.maxclients), 12000);
	ck_assert_int_eq(setting_get(&settings.timeout), 60);
	ck_assert_int_eq(setting_get(&settings.protected_mode), 1);
	ck_assert_int_eq(setting_get(&settings.active_expire_enabled), 1);
}
END_TEST

START_TEST(test_file_syntax)
{
	ck_assert_msg(load("# a comment\n"
			   "\n"
			   "   \t# another\r\n"
			   "PORT 7777\r\n"
			   "\ttimeout   5  \n"
			   "requirepass \"se\\x63ret \\\"x\\\"\\n\"\n"
			   "logfile 'it\\'s here'\n"
			   "bind 127.0.0.1 -::1\n"
			   "max-value-size 2kb\n"
			   "unixsocketperm 700\n"
			   "loglevel WARNING\n"
			   "port 7778",
			   0, NULL),
		      "%s", error);
	ck_assert_int_eq(config_number(&config, CONFIG_PORT), 7778);
	ck_assert_int_eq(setting_get(&settings.timeout), 5);
	ck_assert_str_eq(config_text(&config, CONFIG_REQUIREPASS), "secret \"x\"\n");
	ck_assert_str_eq(config_text(&config, CONFIG_LOGFILE), "it's here");
	ck_assert_str_eq(config_text(&config, CONFIG_BIND), "127.0.0.1 -::1");
	ck_assert_int_eq(setting_get(&settings.max_value_size), 2048);
	ck_assert_int_eq(config_number(&config, CONFIG_UNIXSOCKETPERM), 0700);
	ck_assert(config.password_set);
}
END_TEST

START_TEST(test_file_errors_name_the_place)
{
	static const struct {
		const char *text;
		const char *where_and_what;
	} cases[] = {
		{"port 1\n\nprot 2\n", ":3: unknown setting 'prot'"},
		{"port\n", ":1: port: wrong number of arguments"},
		{"port 1 2\n", ":1: port: wrong number of arguments"},
		{"\nport 70000\n", ":2: port: argument must be between 0 and 65535 inclusive"},
		{"port 1x\n", ":1: port: argument couldn't be parsed into an integer"},
		{"logfile \"open\n", ":1: unbalanced quotes, or too many words"},
		{"protected-mode on\n", ":1: protected-mode: argument must be 'yes' or 'no'"},
		{"shards 33\n", ":1: shards: argument must be a power of two"},
		{"loglevel loud\n", ":1: loglevel: argument(s) must be one of the following: debug, verbose, notice, "
				    "warning, nothing"},
		{"unixsocketperm 8\n", ":1: unixsocketperm: argument couldn't be parsed as an octal number"},
		{"unixsocketperm 1000\n", ":1: unixsocketperm: argument must be between 0 and 777 inclusive"},
		{"max-key-size -1\n", ":1: max-key-size: argument must be"},
		{"save 900\n", ":1: save: Invalid save parameters"},
		{"save 0 1\n", ":1: save: Invalid save parameters"},
		{"save 1 -1\n", ":1: save: Invalid save parameters"},
		{"save 900 1 x 1\n", ":1: save: Invalid save parameters"},
		{"dir /nowhere\n", ":1: dir: No such file or directory"},
		{"dir /dev/null\n", ":1: dir: Not a directory"},
		{"dbfilename a/b\n", ":1: dbfilename: dbfilename can't be a path, just a filename"},
		{"dbfilename ''\n", ":1: dbfilename: dbfilename can't be empty"},
		{"appendfilename a/\n", ":1: appendfilename: appendfilename can't be a path, just a filename"},
		{"appenddirname ../x\n", ":1: appenddirname: appenddirname can't be a path, just a dirname"},
		{"appenddirname \"\"\n", ":1: appenddirname: appenddirname can't be empty"},
		{"daemonize yes\n", ":1: daemonize: only 'no' is supported"},
		{"appendonly maybe\n", ":1: appendonly: argument must be 'yes' or 'no'"},
		{"include /nowhere/x.conf\n", ":1: cannot read configuration file '/nowhere/x.conf': No such file"},
		{"port x\nport 1\nprot 2\ndatabases y\n",
		 ":1: port: argument couldn't be parsed into an integer; wrong, too: line 3, 4"},
	};

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		char expected[512];

		snprintf(expected, sizeof(expected), "%s%s", path, cases[i].where_and_what);
		ck_assert_msg(!load(cases[i].text, 0, NULL), "accepted: %s", cases[i].text);
		ck_assert_msg(strncmp(error, expected, strlen(expected)) == 0, "%s\n%s", error, expected);
		ck_assert_int_eq(config_number(&config, CONFIG_PORT), 6379);
	}
}
END_TEST

/* As many of the wrong lines are named as there is room for. */
START_TEST(test_many_wrong_lines)
{
	static const char line[] = "no-such-setting 1\n";
	enum { LINES = 1000 };
	char text[LINES * (sizeof(line) - 1) + 1];

	for (size_t i = 0; i < LINES; i++)
		memcpy(text + i * (sizeof(line) - 1), line, sizeof(line));
	ck_assert(!load(text, 0, NULL));
	ck_assert_ptr_nonnull(strstr(error, ":1: unknown setting 'no-such-setting'; wrong, too: line 2, 3, 4, "));
	ck_assert_str_eq(error + strlen(error) - 5, ", ...");
}
END_TEST

/* Only `save` does; the first line takes the place of the default. */
START_TEST(test_lines_that_add_up)
{
	const char *const arguments[] = {"--save", "60", "10000", "--save", "30 7"};

	ck_assert_msg(load("save 900 1\nport 1\nsave 300 10 200 20\n", 0, NULL), "%s", error);
	ck_assert_str_eq(config_text(&config, CONFIG_SAVE), "900 1 300 10 200 20");
	free(config.path);
	ck_assert_msg(load("save 900 1\nsave \"\"\nsave 5 6\n", 5, arguments), "%s", error);
	ck_assert_str_eq(config_text(&config, CONFIG_SAVE), "5 6 60 10000 30 7");
	free_arguments();
	free(config.path);
	ck_assert_msg(load("save 900 1\nsave ''\n", 0, NULL), "%s", error);
	ck_assert_str_eq(config_text(&config, CONFIG_SAVE), "");
}
END_TEST

/* Due is a snapshot when more than the seconds have passed, as in Redis. */
START_TEST(test_save_points)
{
	const char *text = "900 1 300  10 60 10000";
	struct save_point point = {0, 0};

	ck_assert(!save_points_due("", 1000000, 1000000, &point));
	ck_assert(!save_points_due(text, 60, 1000000, &point));
	ck_assert(save_points_due(text, 61, 10000, &point));
	ck_assert_int_eq(point.seconds, 60);
	ck_assert(!save_points_due(text, 300, 9999, &point));
	ck_assert(save_points_due(text, 301, 9999, &point));
	ck_assert_int_eq(point.changes, 10);
	ck_assert(!save_points_due(text, 1000000, 0, &point));
	ck_assert(save_points_due("5 0", 6, 0, &point));
}
END_TEST

START_TEST(test_directory)
{
	char here[4096], text[256], full[256];

	ck_assert_ptr_nonnull(getcwd(here, sizeof(here)));
	ck_assert_str_eq(config_text(&config, CONFIG_DIR), here);
	snprintf(text, sizeof(text), "dir %s/../%s//\n", directory, strrchr(directory, '/') + 1);
	ck_assert_msg(load(text, 0, NULL), "%s", error);
	ck_assert_ptr_nonnull(realpath(directory, full));
	ck_assert_str_eq(config_text(&config, CONFIG_DIR), full);
}
END_TEST

START_TEST(test_include)
{
	char included[160], text[256];

	snprintf(included, sizeof(included), "%s/more.conf", directory);
	snprintf(text, sizeof(text), "port 1\ninclude %s\ntimeout 9\n", included);
	write_file(included, "port 2\ntimeout 8\n");
	ck_assert_msg(load(text, 0, NULL), "%s", error);
	ck_assert_int_eq(config_number(&config, CONFIG_PORT), 2);
	ck_assert_int_eq(config_number(&config, CONFIG_TIMEOUT), 9);

	write_file(included, "port 2\nport x\n");
	free(config.path);
	config.path = NULL;
	ck_assert(!load(text, 0, NULL));
	ck_assert_ptr_nonnull(strstr(error, "more.conf:2: port:"));
}
END_TEST

START_TEST(test_include_of_itself)
{
	char text[256];

	snprintf(text, sizeof(text), "include %s\n", path);
	ck_assert(!load(text, 0, NULL));
	ck_assert_ptr_nonnull(strstr(error, "include each other"));
}
END_TEST

START_TEST(test_missing_file)
{
	char missing[160];
	char *argv[] = {missing};

	snprintf(missing, sizeof(missing), "%s/none.conf", directory);
	ck_assert(!config_load(&config, 1, argv, error));
	ck_assert_ptr_nonnull(strstr(error, "none.conf': No such file or directory"));
}
END_TEST

START_TEST(test_arguments_count_more_than_the_file)
{
	const char *arguments[] = {"--port", "0", "--bind", "127.0.0.1", "-::1", "--requirepass", "", "--TIMEOUT", "7"};

	ck_assert_msg(load("port 5\ntimeout 5\nmaxclients 10\nrequirepass x\n", 9, arguments), "%s", error);
	ck_assert_int_eq(config_number(&config, CONFIG_PORT), 0);
	ck_assert_int_eq(config_number(&config, CONFIG_TIMEOUT), 7);
	ck_assert_int_eq(config_number(&config, CONFIG_MAXCLIENTS), 10);
	ck_assert_str_eq(config_text(&config, CONFIG_BIND), "127.0.0.1 -::1");
	ck_assert(!config.password_set);
	free_arguments();
}
END_TEST

START_TEST(test_argument_errors)
{
	static const struct {
		const char *argument;
		const char *value;
		const char *message;
	} cases[] = {
		{"--port", "x", "port: argument couldn't be parsed into an integer"},
		{"--nope", "1", "unknown setting 'nope'"},
		{"--port", "--timeout", "port: wrong number of arguments"},
		{"-x", "1", "'-x' is neither a configuration file nor an option: see --help"},
	};

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		char first[32], second[32];
		char *argv[] = {first, second};

		snprintf(first, sizeof(first), "%s", cases[i].argument);
		snprintf(second, sizeof(second), "%s", cases[i].value);
		ck_assert(!config_load(&config, 2, argv, error));
		ck_assert_str_eq(error, cases[i].message);
	}
}
END_TEST

START_TEST(test_reload)
{
	const char *arguments[] = {"--timeout", "7"};

	ck_assert(load("timeout 5\nmaxclients 100\nport 5\n", 2, arguments));
	write_file(path, "timeout 6\nmaxclients 200\nport 6\nmax-key-size 10\n");
	config_reload(&config);
	ck_assert_int_eq(setting_get(&settings.timeout), 7);
	ck_assert_int_eq(setting_get(&settings.maxclients), 200);
	ck_assert_int_eq(setting_get(&settings.max_key_size), 10);
	ck_assert_int_eq(config_number(&config, CONFIG_PORT), 5);

	write_file(path, "max-key-size 11\nnonsense\n");
	config_reload(&config);
	ck_assert_int_eq(setting_get(&settings.max_key_size), 10);
	free_arguments();
}
END_TEST

/* --- commands --------------------------------------------------------------------------------------------------- */

START_TEST(test_get)
{
	char all[16];

	ck_assert_str_eq(GET("port"), "*2\r\n$4\r\nport\r\n$4\r\n6379\r\n");
	ck_assert_str_eq(GET("PORT", "p?rt"), "*2\r\n$4\r\nport\r\n$4\r\n6379\r\n");
	ck_assert_str_eq(GET("max-*-size", "save"),
			 "*6\r\n$12\r\nmax-key-size\r\n$1\r\n0\r\n$14\r\nmax-value-size\r\n$1\r\n0\r\n"
			 "$4\r\nsave\r\n$23\r\n3600 1 300 100 60 10000\r\n");
	ck_assert_str_eq(GET("appendonly"), "*2\r\n$10\r\nappendonly\r\n$3\r\nyes\r\n");
	ck_assert_str_eq(GET("nothing-like-it"), "*0\r\n");
	snprintf(all, sizeof(all), "*%d\r\n", 2 * CONFIG_COUNT);
	ck_assert_int_eq(strncmp(GET("*"), all, strlen(all)), 0);
}
END_TEST

START_TEST(test_set)
{
	ck_assert(SET("timeout", "5", "MAX-KEY-SIZE", "1kb", "loglevel", "nothing"));
	ck_assert_int_eq(setting_get(&settings.timeout), 5);
	ck_assert_int_eq(setting_get(&settings.max_key_size), 1024);
	ck_assert_str_eq(GET("loglevel"), "*2\r\n$8\r\nloglevel\r\n$7\r\nnothing\r\n");
}
END_TEST

START_TEST(test_set_of_what_is_protected)
{
	const char *const words[] = {"dbfilename", "other.rdb", "dir", directory};
	struct slice changes[4];

	for (size_t i = 0; i < 4; i++)
		changes[i] = slice_of(words[i]);
	ck_assert(!config_set(&config, changes, 4, false, error));
	ck_assert_str_eq(
		error,
		"ERR CONFIG SET failed (possibly related to argument 'dbfilename') - can't set protected config");
	ck_assert_msg(config_set(&config, changes, 4, true, error), "%s", error);
	ck_assert_str_eq(config_text(&config, CONFIG_DBFILENAME), "other.rdb");
}
END_TEST

START_TEST(test_set_errors)
{
	static const struct {
		const char *words[4];
		const char *message;
	} cases[] = {
		{{"nope", "1", "timeout", "2"}, "ERR Unknown option or number of arguments for CONFIG SET - 'nope'"},
		{{"timeout", "2", "port", "1"},
		 "ERR CONFIG SET failed (possibly related to argument 'port') - can't set immutable config"},
		{{"timeout", "2", "TIMEOUT", "3"},
		 "ERR CONFIG SET failed (possibly related to argument 'TIMEOUT') - duplicate parameter"},
		{{"timeout", "2", "active-expire-effort", "11"},
		 "ERR CONFIG SET failed (possibly related to argument 'active-expire-effort') - argument must be "
		 "between 1 and 10 inclusive"},
		{{"timeout", "2", "appendonly", "maybe"},
		 "ERR CONFIG SET failed (possibly related to argument 'appendonly') - argument must be 'yes' or 'no'"},
	};

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		ck_assert(!set(4, cases[i].words));
		ck_assert_str_eq(error, cases[i].message);
		ck_assert_int_eq(setting_get(&settings.timeout), 60);
		ck_assert_int_eq(config_number(&config, CONFIG_TIMEOUT), 60);
	}
	ck_assert(!SET("timeout"));
	ck_assert_str_eq(error, "ERR syntax error");
}
END_TEST

/* No system has so many descriptors: the last setting cannot take effect, and the others go back. */
START_TEST(test_set_rolls_back_what_was_applied)
{
	ck_assert(SET("requirepass", "old"));
	ck_assert(!SET("requirepass", "", "timeout", "5", "maxclients", "4294967295"));
	ck_assert_ptr_nonnull(strstr(error, "argument 'maxclients') - The operating system is not able to handle"));
	ck_assert(config.password_set);
	ck_assert(config_check_password(&config, SLICE("old")));
	ck_assert_int_eq(setting_get(&settings.timeout), 60);
	ck_assert_int_eq(setting_get(&settings.maxclients), 12000);
}
END_TEST

START_TEST(test_password)
{
	char longest[CONFIG_PASSWORD_MAX + 2];

	ck_assert(!config.password_set);
	ck_assert(SET("requirepass", "secret"));
	ck_assert(config.password_set);
	ck_assert(config_check_password(&config, SLICE("secret")));
	ck_assert(!config_check_password(&config, SLICE("secre")));
	ck_assert(!config_check_password(&config, SLICE("secret\0")));
	ck_assert(!config_check_password(&config, SLICE("Secret")));
	ck_assert(!config_check_password(&config, (struct slice){NULL, 0}));

	memset(longest, 'x', sizeof(longest));
	longest[CONFIG_PASSWORD_MAX + 1] = '\0';
	ck_assert(!SET("requirepass", longest));
	longest[CONFIG_PASSWORD_MAX] = '\0';
	ck_assert(SET("requirepass", longest));
	ck_assert(config_check_password(&config, slice_of(longest)));
	longest[CONFIG_PASSWORD_MAX] = 'x';
	ck_assert(!config_check_password(&config, slice_of(longest)));
}
END_TEST

START_TEST(test_rewrite_keeps_what_it_can)
{
	ck_assert_msg(load("# my server\n"
			   "port 7000\n"
			   "\n"
			   "timeout   60 \n"
			   "timeout 5\n"
			   "  # indented\n"
			   "proto-max-bulk-len 2mb\n"
			   "requirepass \"a b\"",
			   0, NULL),
		      "%s", error);
	ck_assert(chmod(path, 0640) == 0);
	ck_assert(SET("timeout", "6", "max-value-size", "64mb", "requirepass", "c \"d\""));
	ck_assert_msg(config_rewrite(&config, error), "%s", error);
	ck_assert_str_eq(read_back(), "# my server\n"
				      "port 7000\n"
				      "\n"
				      "timeout   60 \n"
				      "timeout 6\n"
				      "  # indented\n"
				      "proto-max-bulk-len 2mb\n"
				      "requirepass \"c \\\"d\\\"\"\n"
				      "# Generated by CONFIG REWRITE\n"
				      "max-value-size 64mb\n");
}
END_TEST

START_TEST(test_rewrite_twice_and_load_again)
{
	struct stat status;
	char first[4096];
	char *argv[] = {path};

	ck_assert(load("# x\n", 0, NULL));
	ck_assert(chmod(path, 0640) == 0);
	ck_assert(SET("maxclients", "99", "timeout", "1", "requirepass", "#\xff'\\"));
	ck_assert(config_rewrite(&config, error));
	snprintf(first, sizeof(first), "%s", read_back());
	ck_assert(config_rewrite(&config, error));
	ck_assert_str_eq(read_back(), first);
	ck_assert(stat(path, &status) == 0);
	ck_assert_uint_eq(status.st_mode & 0777, 0640);

	config_free(&config);
	ck_assert(config_init(&config));
	ck_assert_msg(config_load(&config, 1, argv, error), "%s", error);
	ck_assert_str_eq(config_text(&config, CONFIG_REQUIREPASS), "#\xff'\\");
	ck_assert_int_eq(config_number(&config, CONFIG_MAXCLIENTS), 99);
}
END_TEST

/* Together they say what is in force, or all but the last are dropped. */
START_TEST(test_rewrite_of_lines_that_add_up)
{
	ck_assert(load("save 900 1 # not a comment: 4 words\n", 0, NULL) == false);
	ck_assert_msg(load("save 900 1\n# x\nsave 300 10\nport 1\n", 0, NULL), "%s", error);
	ck_assert(config_rewrite(&config, error));
	ck_assert_str_eq(read_back(), "save 900 1\n# x\nsave 300 10\nport 1\n");
	ck_assert(SET("save", "60 5 300 10"));
	ck_assert(config_rewrite(&config, error));
	ck_assert_str_eq(read_back(), "# x\nsave 60 5 300 10\nport 1\n");
	ck_assert(SET("save", ""));
	ck_assert(config_rewrite(&config, error));
	ck_assert_str_eq(read_back(), "# x\nsave \"\"\nport 1\n");
}
END_TEST

START_TEST(test_rewrite_without_a_file)
{
	ck_assert(!config_rewrite(&config, error));
	ck_assert_str_eq(error, "ERR The server is running without a config file");
}
END_TEST

/* --- the manual ------------------------------------------------------------------------------------------------- */

/* Every line of the sample file is a comment; those without a space behind the # are the settings' defaults. */
START_TEST(test_sample_file_holds_the_defaults)
{
	struct buffer sample = {0}, text = {0};
	struct config_values defaults;
	struct slice rest;

	ck_assert(manual_print("--sample-config", &sample));
	rest = buffer_slice(&sample);
	while (rest.len > 0) {
		struct slice line = config_next_line(&rest);

		ck_assert(line.len == 0 || line.data[0] == '#');
		if (line.len > 1 && strchr("# ", line.data[1]) == NULL) {
			buffer_append(&text, line.data + 1, line.len - 1);
			buffer_append_char(&text, '\n');
		}
	}
	buffer_append_char(&text, '\0');
	ck_assert_msg(load(text.data, 0, NULL), "%s", error);
	ck_assert(config_values_init(&defaults));
	for (int id = 0; id < CONFIG_COUNT; id++) {
		const char *name = config_row((enum config_id)id)->name;

		ck_assert_msg(config_value_equal(&defaults.at[id], &config.values.at[id]), "%s", name);
		if (config_row((enum config_id)id)->group != NULL)
			ck_assert_msg(strstr(text.data, name) != NULL, "%s", name);
	}
	config_values_free(&defaults);
	buffer_free(&sample);
	buffer_free(&text);
}
END_TEST

START_TEST(test_manual_names_every_setting)
{
	static const char *const arguments[] = {"--help", "--config-markdown"};

	for (size_t i = 0; i < sizeof(arguments) / sizeof(arguments[0]); i++) {
		struct buffer text = {0};

		ck_assert(manual_print(arguments[i], &text));
		buffer_append_char(&text, '\0');
		for (int id = 0; id < CONFIG_COUNT; id++) {
			const struct config_row *row = config_row((enum config_id)id);

			if (row->group != NULL)
				ck_assert_msg(strstr(text.data, row->name) != NULL, "%s", row->name);
		}
		buffer_free(&text);
	}
	ck_assert(!manual_print("--port", &(struct buffer){0}));
}
END_TEST

Suite *config_suite(void)
{
	Suite *suite = suite_create("config");
	TCase *files = tcase_create("files and arguments");
	TCase *commands = tcase_create("commands");

	tcase_add_checked_fixture(files, setup, teardown);
	tcase_add_test(files, test_defaults);
	tcase_add_test(files, test_file_syntax);
	tcase_add_test(files, test_file_errors_name_the_place);
	tcase_add_test(files, test_many_wrong_lines);
	tcase_add_test(files, test_lines_that_add_up);
	tcase_add_test(files, test_save_points);
	tcase_add_test(files, test_directory);
	tcase_add_test(files, test_include);
	tcase_add_test(files, test_include_of_itself);
	tcase_add_test(files, test_missing_file);
	tcase_add_test(files, test_arguments_count_more_than_the_file);
	tcase_add_test(files, test_argument_errors);
	tcase_add_test(files, test_reload);
	tcase_add_test(files, test_sample_file_holds_the_defaults);
	tcase_add_test(files, test_manual_names_every_setting);
	suite_add_tcase(suite, files);

	tcase_add_checked_fixture(commands, setup, teardown);
	tcase_add_test(commands, test_get);
	tcase_add_test(commands, test_set);
	tcase_add_test(commands, test_set_of_what_is_protected);
	tcase_add_test(commands, test_set_errors);
	tcase_add_test(commands, test_set_rolls_back_what_was_applied);
	tcase_add_test(commands, test_password);
	tcase_add_test(commands, test_rewrite_keeps_what_it_can);
	tcase_add_test(commands, test_rewrite_twice_and_load_again);
	tcase_add_test(commands, test_rewrite_of_lines_that_add_up);
	tcase_add_test(commands, test_rewrite_without_a_file);
	suite_add_tcase(suite, commands);
	return suite;
}
