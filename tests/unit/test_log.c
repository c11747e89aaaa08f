/* The log: what a line looks like, and what becomes of lines that cannot be written. Each test has a directory. */
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/time.h>
#include <unistd.h>

#include "base/log.h"
#include "suites.h"

static char directory[64];
static char path[96], other_path[96];
static char content[1 << 20];

static void setup(void)
{
	snprintf(directory, sizeof(directory), "/tmp/cubby-log-XXXXXX");
	ck_assert_ptr_nonnull(mkdtemp(directory));
	snprintf(path, sizeof(path), "%s/log", directory);
	snprintf(other_path, sizeof(other_path), "%s/other", directory);
	ck_assert(log_open(path));
	log_set_level(LOG_NOTICE);
	log_set_format(LOG_JSON);
}

static void teardown(void)
{
	log_open("");
	unlink(path);
	unlink(other_path);
	rmdir(directory);
}

/* The file at `from` as a text, without its first `start` bytes. */
static char *read_file_after(const char *from, long start)
{
	FILE *file = fopen(from, "r");
	size_t len;

	ck_assert_ptr_nonnull(file);
	ck_assert_int_eq(fseek(file, start, SEEK_SET), 0);
	len = fread(content, 1, sizeof(content) - 1, file);
	content[len] = '\0';
	fclose(file);
	return content;
}

static char *read_file(const char *from)
{
	return read_file_after(from, 0);
}

/* Checks that the log is one line and returns what follows its time. */
static const char *read_line_after_time(const char *time_pattern)
{
	char *line = read_file(path);
	size_t i;

	ck_assert_ptr_eq(strchr(line, '\n'), line + strlen(line) - 1);
	line[strlen(line) - 1] = '\0';
	for (i = 0; time_pattern[i] != '\0'; i++) {
		if (time_pattern[i] == '9')
			ck_assert_msg(line[i] >= '0' && line[i] <= '9', "%s", line);
		else
			ck_assert_msg(line[i] == time_pattern[i], "%s", line);
	}
	return line + i;
}

static const char *json_line(void)
{
	return read_line_after_time("{\"time\":\"9999-99-99T99:99:99.999Z\",");
}

static const char *text_line(void)
{
	return read_line_after_time("9999-99-99 99:99:99.999 ");
}

START_TEST(json_line_has_its_fields)
{
	log_event(LOG_NOTICE, "ready", LOG_INT("port", 7777), LOG_TEXT_FIELD("addr", "127.0.0.1"), LOG_INT("n", -1));
	ck_assert_str_eq(json_line(),
			 "\"level\":\"notice\",\"msg\":\"ready\",\"port\":7777,\"addr\":\"127.0.0.1\",\"n\":-1}");
}
END_TEST

START_TEST(json_line_without_fields)
{
	log_event(LOG_WARNING, "quit");
	ck_assert_str_eq(json_line(), "\"level\":\"warning\",\"msg\":\"quit\"}");
}
END_TEST

START_TEST(text_line_has_its_fields)
{
	log_set_format(LOG_TEXT);
	log_event(LOG_NOTICE, "all \"is\" ready", LOG_INT("port", 7777), LOG_TEXT_FIELD("addr", "[::1]:80"));
	ck_assert_str_eq(text_line(), "* all \"is\" ready port=7777 addr=[::1]:80");
}
END_TEST

START_TEST(text_message_stays_on_its_line)
{
	log_set_format(LOG_TEXT);
	log_event(LOG_WARNING, "a\nb\x1b");
	ck_assert_str_eq(text_line(), "# a\\nb\\x1b");
}
END_TEST

static const struct {
	struct slice value;
	const char *json, *text;
} values[] = {
	{{"plain", 5}, "plain", "plain"},
	{{"", 0}, "", "\"\""},
	{{NULL, 0}, "", "\"\""},
	{{"two words", 9}, "two words", "\"two words\""},
	{{"a\"b", 3}, "a\\\"b", "\"a\\\"b\""},
	{{"a\\b", 3}, "a\\\\b", "\"a\\\\b\""},
	{{"x\r\ny\t", 5}, "x\\r\\ny\\t", "\"x\\r\\ny\\t\""},
	{{"\0\x01\x1f\x7f", 4}, "\\u0000\\u0001\\u001f\\u007f", "\"\\x00\\x01\\x1f\\x7f\""},
	{{"x\n{\"time\":", 10}, "x\\n{\\\"time\\\":", "\"x\\n{\\\"time\\\":\""},
	/* characters of two, three and four bytes */
	{{"\xc3\xa9", 2}, "\xc3\xa9", "\"\\xc3\\xa9\""},
	{{"\xe2\x82\xac", 3}, "\xe2\x82\xac", "\"\\xe2\\x82\\xac\""},
	{{"\xf0\x9f\x98\x80", 4}, "\xf0\x9f\x98\x80", "\"\\xf0\\x9f\\x98\\x80\""},
	{{"\xf4\x8f\xbf\xbf", 4}, "\xf4\x8f\xbf\xbf", "\"\\xf4\\x8f\\xbf\\xbf\""},
	/* not UTF-8: alone, cut short, too long, a surrogate, out of range */
	{{"\xff", 1}, "\\\\xff", "\"\\xff\""},
	{{"\x80", 1}, "\\\\x80", "\"\\x80\""},
	{{"a\xe2\x82", 3}, "a\\\\xe2\\\\x82", "\"a\\xe2\\x82\""},
	{{"\xc3(", 2}, "\\\\xc3(", "\"\\xc3(\""},
	{{"\xc0\xaf", 2}, "\\\\xc0\\\\xaf", "\"\\xc0\\xaf\""},
	{{"\xe0\x80\xaf", 3}, "\\\\xe0\\\\x80\\\\xaf", "\"\\xe0\\x80\\xaf\""},
	{{"\xf0\x80\x80\xaf", 4}, "\\\\xf0\\\\x80\\\\x80\\\\xaf", "\"\\xf0\\x80\\x80\\xaf\""},
	{{"\xed\xa0\x80", 3}, "\\\\xed\\\\xa0\\\\x80", "\"\\xed\\xa0\\x80\""},
	{{"\xf4\x90\x80\x80", 4}, "\\\\xf4\\\\x90\\\\x80\\\\x80", "\"\\xf4\\x90\\x80\\x80\""},
	{{"\xf5\x80\x80\x80", 4}, "\\\\xf5\\\\x80\\\\x80\\\\x80", "\"\\xf5\\x80\\x80\\x80\""},
};

enum { VALUES = sizeof(values) / sizeof(values[0]) };

START_TEST(json_escapes_values)
{
	char expected[128];

	log_event(LOG_NOTICE, "m", LOG_SLICE("v", values[_i].value));
	snprintf(expected, sizeof(expected), "\"level\":\"notice\",\"msg\":\"m\",\"v\":\"%s\"}", values[_i].json);
	ck_assert_str_eq(json_line(), expected);
}
END_TEST

START_TEST(text_escapes_values)
{
	char expected[128];

	log_set_format(LOG_TEXT);
	log_event(LOG_NOTICE, "m", LOG_SLICE("v", values[_i].value));
	snprintf(expected, sizeof(expected), "* m v=%s", values[_i].text);
	ck_assert_str_eq(text_line(), expected);
}
END_TEST

/* Moves behind a JSON string at `at`; NULL when there is none that is whole. */
static const char *skip_string(const char *at)
{
	if (at == NULL || *at++ != '"')
		return NULL;
	while (*at != '"') {
		if (*at == '\\' && strchr("\"\\/bfnrtu", at[1]) == NULL)
			return NULL;
		if (*at == '\\')
			at++;
		if ((unsigned char)*at < ' ')
			return NULL;
		at++;
	}
	return at + 1;
}

/* Whether `line` is a JSON object of strings, whole numbers and `true`. */
static bool is_json_object(const char *line)
{
	if (*line != '{')
		return false;
	do {
		line = skip_string(line + 1);
		if (line == NULL || *line++ != ':')
			return false;
		if (*line == '"')
			line = skip_string(line);
		else if (strncmp(line, "true", 4) == 0)
			line += 4;
		else
			line += strspn(line, "-0123456789");
	} while (line != NULL && *line == ',');
	return line != NULL && strcmp(line, "}") == 0;
}

/* A value of `len` times a byte that takes one, two (") or six (\x01) bytes of the line. The lines before stay in the
 * file: some file systems write a file to the disk each time it was emptied. */
static void check_cut(size_t len, char byte)
{
	char text[6000];
	struct stat before;
	char *line;
	size_t line_len;

	memset(text, byte, len);
	ck_assert_int_eq(stat(path, &before), 0);
	log_event(LOG_NOTICE, "m", LOG_SLICE("v", ((struct slice){text, len})), LOG_INT("last", 1234567));
	line = read_file_after(path, before.st_size);
	line_len = strlen(line);
	ck_assert_uint_le(line_len, 4096);
	ck_assert_int_eq(line[line_len - 1], '\n');
	line[line_len - 1] = '\0';
	ck_assert_msg(is_json_object(line), "%s", line);
	/* Either all of it is there, or the line says that it is not. */
	ck_assert_msg((strstr(line, "\"last\":1234567}") != NULL) == (strstr(line, "\"truncated\":true") == NULL), "%s",
		      line);
}

START_TEST(json_line_too_long_is_cut_cleanly)
{
	size_t len;

	for (len = 600; len < 700; len++)
		check_cut(len, '\x01');
	for (len = 1960; len < 2040; len++)
		check_cut(len, '"');
	for (len = 3940; len < 4100; len++)
		check_cut(len, 'x');
	check_cut(6000, 'x');
	ck_assert_ptr_nonnull(strstr(content, "xxx\",\"truncated\":true}"));
}
END_TEST

START_TEST(text_line_too_long_is_cut_cleanly)
{
	char text[6000];
	size_t len;
	const char *line;

	log_set_format(LOG_TEXT);
	memset(text, '\n', sizeof(text));
	log_event(LOG_NOTICE, "m", LOG_SLICE("v", ((struct slice){text, sizeof(text)})), LOG_INT("last", 1));
	line = text_line();
	len = strlen(line);
	ck_assert_str_eq(line + len - 9, "\\n\\n\" ...");
}
END_TEST

START_TEST(level_is_a_threshold)
{
	log_set_level(LOG_WARNING);
	ck_assert_int_eq(log_level(), LOG_WARNING);
	log_event(LOG_NOTICE, "hidden");
	log_event(LOG_WARNING, "shown");
	ck_assert_str_eq(json_line(), "\"level\":\"warning\",\"msg\":\"shown\"}");
	log_set_level(LOG_NOTHING);
	log_event(LOG_WARNING, "hidden");
	ck_assert_str_eq(json_line(), "\"level\":\"warning\",\"msg\":\"shown\"}");
}
END_TEST

START_TEST(format_is_json_when_not_on_a_terminal)
{
	log_set_format(LOG_AUTO);
	log_event(LOG_NOTICE, "m");
	ck_assert_str_eq(json_line(), "\"level\":\"notice\",\"msg\":\"m\"}");
}
END_TEST

START_TEST(open_appends_and_rotates)
{
	struct stat status;

	log_event(LOG_NOTICE, "first");
	ck_assert_int_eq(rename(path, other_path), 0);
	log_event(LOG_NOTICE, "second");
	ck_assert(log_open(path));
	log_event(LOG_NOTICE, "third");
	ck_assert(log_open(path));
	log_event(LOG_NOTICE, "fourth");
	read_file(other_path);
	ck_assert_ptr_nonnull(strstr(content, "first"));
	ck_assert_ptr_nonnull(strstr(content, "second"));
	ck_assert_ptr_null(strstr(content, "third"));
	read_file(path);
	ck_assert_ptr_nonnull(strstr(content, "third"));
	ck_assert_ptr_nonnull(strstr(content, "fourth"));
	ck_assert_int_eq(stat(path, &status), 0);
	ck_assert_int_eq(status.st_mode & 07133, 0);
}
END_TEST

START_TEST(open_keeps_the_old_place_when_it_fails)
{
	char missing[128];

	snprintf(missing, sizeof(missing), "%s/missing/log", directory);
	errno = 0;
	ck_assert(!log_open(missing));
	ck_assert_int_eq(errno, ENOENT);
	log_event(LOG_NOTICE, "still here");
	ck_assert_ptr_nonnull(strstr(json_line(), "still here"));
}
END_TEST

static void limit_file_size(rlim_t size)
{
	struct rlimit limit;

	ck_assert_int_eq(getrlimit(RLIMIT_FSIZE, &limit), 0);
	limit.rlim_cur = size;
	ck_assert_int_eq(setrlimit(RLIMIT_FSIZE, &limit), 0);
}

/* A limit of the file's size does what a full disk does: a part of the line goes out, then nothing. */
START_TEST(lines_lost_to_a_full_disk_are_counted)
{
	char *second, *third, *fourth;

	signal(SIGXFSZ, SIG_IGN);
	log_event(LOG_NOTICE, "before");
	limit_file_size((rlim_t)strlen(read_file(path)) + 10);
	log_event(LOG_NOTICE, "lost");
	log_event(LOG_NOTICE, "lost");
	log_event(LOG_NOTICE, "lost");
	limit_file_size(RLIM_INFINITY);
	log_event(LOG_NOTICE, "after");
	log_event(LOG_NOTICE, "later");

	second = strchr(read_file(path), '\n') + 1;
	third = strchr(second, '\n') + 1;
	fourth = strchr(third, '\n') + 1;
	ck_assert_int_eq(third - second, 11);
	ck_assert_msg(strncmp(third, "{\"time\":", 8) == 0, "%s", third);
	ck_assert_ptr_nonnull(strstr(third, "\"level\":\"warning\",\"msg\":\"3 log lines lost\"}\n"));
	ck_assert_ptr_nonnull(strstr(fourth, "\"msg\":\"after\"}\n{"));
	ck_assert_ptr_nonnull(strstr(fourth, "\"msg\":\"later\"}\n"));
	ck_assert_ptr_null(strstr(fourth, "lost"));
}
END_TEST

/* A reader that does not read and a descriptor that does not block. */
START_TEST(lines_lost_to_a_full_pipe_are_counted)
{
	static const char filler[4096];
	int ends[2], saved = dup(STDOUT_FILENO);
	ssize_t len;

	ck_assert_int_eq(pipe(ends), 0);
	ck_assert_int_eq(fcntl(ends[1], F_SETFL, O_NONBLOCK), 0);
	ck_assert_int_eq(fcntl(ends[0], F_SETFL, O_NONBLOCK), 0);
	while (write(ends[1], filler, sizeof(filler)) > 0)
		;
	ck_assert_int_eq(dup2(ends[1], STDOUT_FILENO), STDOUT_FILENO);
	ck_assert(log_open(""));
	log_event(LOG_NOTICE, "lost");
	log_event(LOG_NOTICE, "lost");
	while (read(ends[0], content, sizeof(content)) > 0)
		;
	log_event(LOG_NOTICE, "after");
	dup2(saved, STDOUT_FILENO);

	len = read(ends[0], content, sizeof(content) - 1);
	ck_assert_int_gt(len, 0);
	content[len] = '\0';
	ck_assert_ptr_nonnull(strstr(content, "\"msg\":\"2 log lines lost\"}\n"));
	ck_assert_ptr_nonnull(strstr(content, "\"msg\":\"after\"}\n"));
}
END_TEST

enum { WRITERS = 4, LINES_OF_EACH = 500 };

static void *write_lines(void *arg)
{
	int i;

	for (i = 0; i < LINES_OF_EACH; i++)
		log_event(LOG_NOTICE, "a line from a thread", LOG_TEXT_FIELD("thread", arg), LOG_INT("i", i));
	return NULL;
}

static size_t count_whole_lines(const char *from)
{
	char *line = read_file(from);
	size_t lines = 0;
	char *end;

	for (; (end = strchr(line, '\n')) != NULL; line = end + 1) {
		*end = '\0';
		ck_assert_msg(is_json_object(line), "%s", line);
		lines++;
	}
	ck_assert_int_eq(*line, '\0');
	return lines;
}

START_TEST(threads_write_whole_lines_while_the_file_changes)
{
	static char names[WRITERS][2] = {"a", "b", "c", "d"};
	pthread_t threads[WRITERS];
	int i;

	for (i = 0; i < WRITERS; i++)
		ck_assert_int_eq(pthread_create(&threads[i], NULL, write_lines, names[i]), 0);
	for (i = 0; i < 200; i++)
		ck_assert(log_open(i % 2 == 0 ? other_path : path));
	for (i = 0; i < WRITERS; i++)
		pthread_join(threads[i], NULL);
	ck_assert_uint_eq(count_whole_lines(path) + count_whole_lines(other_path), WRITERS * LINES_OF_EACH);
}
END_TEST

static atomic_int interruptions;
static atomic_bool writer_done;

static void note_interruption(int number)
{
	(void)number;
	atomic_fetch_add(&interruptions, 1);
}

/* Has a signal come every millisecond that interrupts system calls. */
static void start_interruptions(void)
{
	struct sigaction action = {.sa_handler = note_interruption};
	struct itimerval timer = {.it_interval = {0, 1000}, .it_value = {0, 1000}};

	ck_assert_int_eq(sigaction(SIGALRM, &action, NULL), 0);
	ck_assert_int_eq(setitimer(ITIMER_REAL, &timer, NULL), 0);
}

static void stop_interruptions(void)
{
	struct itimerval timer = {.it_interval = {0, 0}};

	setitimer(ITIMER_REAL, &timer, NULL);
}

enum { LONG_LINES = 200 };

/* Writes long lines to a pipe, as standard output, and ends it. */
static void *write_long_lines(void *arg)
{
	static char text[4500];
	int *pipe_end = arg;
	int i;

	memset(text, 'x', sizeof(text));
	for (i = 0; i < LONG_LINES; i++)
		log_event(LOG_NOTICE, "m", LOG_INT("i", i), LOG_SLICE("v", ((struct slice){text, sizeof(text)})));
	close(STDOUT_FILENO);
	close(*pipe_end);
	atomic_store(&writer_done, true);
	return NULL;
}

/* Reads only after the writer, who meanwhile finds the pipe full and waits in write(2), was interrupted once more. */
static void copy_between_interruptions(int from, const char *to)
{
	int file = open(to, O_WRONLY | O_CREAT | O_TRUNC, 0600);
	char bytes[32 * 1024];
	ssize_t len;

	ck_assert_int_ge(file, 0);
	do {
		int seen = atomic_load(&interruptions);

		while (atomic_load(&interruptions) == seen && !atomic_load(&writer_done))
			sched_yield();
		len = read(from, bytes, sizeof(bytes));
		ck_assert_int_ge(len, 0);
		ck_assert_int_eq(write(file, bytes, (size_t)len), len);
	} while (len > 0);
	close(file);
}

START_TEST(interrupted_writes_are_taken_up_again)
{
	int ends[2], saved = dup(STDOUT_FILENO);
	sigset_t alarm_only;
	pthread_t writer;

	ck_assert_int_eq(pipe(ends), 0);
	ck_assert_int_eq(dup2(ends[1], STDOUT_FILENO), STDOUT_FILENO);
	ck_assert(log_open(""));
	start_interruptions();
	ck_assert_int_eq(pthread_create(&writer, NULL, write_long_lines, &ends[1]), 0);
	/* Only the writer is to be interrupted. */
	sigemptyset(&alarm_only);
	sigaddset(&alarm_only, SIGALRM);
	pthread_sigmask(SIG_BLOCK, &alarm_only, NULL);
	copy_between_interruptions(ends[0], path);
	pthread_join(writer, NULL);
	stop_interruptions();
	dup2(saved, STDOUT_FILENO);
	ck_assert_ptr_null(strstr(read_file(path), "lines lost"));
	ck_assert_uint_eq(count_whole_lines(path), LONG_LINES);
}
END_TEST

START_TEST(crash_writes_the_reason)
{
	log_event(LOG_NOTICE, "before");
	log_crash("signal 11");
	ck_assert_ptr_nonnull(strstr(read_file(path), "\"before\"}\n\ncrashed: signal 11\n"));
	/* The stack, or the word that there is none, follows. */
	ck_assert_uint_gt(strlen(strstr(content, "signal 11\n")), strlen("signal 11\n"));
}
END_TEST

Suite *log_suite(void)
{
	Suite *suite = suite_create("log");
	TCase *lines = tcase_create("lines");
	TCase *output = tcase_create("output");

	tcase_add_checked_fixture(lines, setup, teardown);
	tcase_add_test(lines, json_line_has_its_fields);
	tcase_add_test(lines, json_line_without_fields);
	tcase_add_test(lines, text_line_has_its_fields);
	tcase_add_test(lines, text_message_stays_on_its_line);
	tcase_add_loop_test(lines, json_escapes_values, 0, VALUES);
	tcase_add_loop_test(lines, text_escapes_values, 0, VALUES);
	tcase_add_test(lines, json_line_too_long_is_cut_cleanly);
	tcase_add_test(lines, text_line_too_long_is_cut_cleanly);
	tcase_add_test(lines, level_is_a_threshold);
	tcase_add_test(lines, format_is_json_when_not_on_a_terminal);
	suite_add_tcase(suite, lines);
	tcase_add_checked_fixture(output, setup, teardown);
	tcase_add_test(output, open_appends_and_rotates);
	tcase_add_test(output, open_keeps_the_old_place_when_it_fails);
	tcase_add_test(output, lines_lost_to_a_full_disk_are_counted);
	tcase_add_test(output, lines_lost_to_a_full_pipe_are_counted);
	tcase_add_test(output, threads_write_whole_lines_while_the_file_changes);
	tcase_add_test(output, interrupted_writes_are_taken_up_again);
	tcase_add_test(output, crash_writes_the_reason);
	suite_add_tcase(suite, output);
	return suite;
}
