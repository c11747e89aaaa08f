/*
 * Daemons under test: each is a child process in a directory of its own, with its output in a log file there. The happy
 * path is fork, exec, wait for the line that says "ready" and names the port; then SIGTERM and exit status 0.
 *
 * The directories are below one temporary directory of the run, so that a test process which dies leaves nothing behind
 * but what harness_end removes. A daemon that ended well takes its log with it; when something failed, harness_end
 * prints the logs that are left. Daemons of a test process that dies end with it: Check kills its process group.
 */
#include "harness.h"

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <fts.h>
#include <limits.h>
#include <netinet/in.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

enum {
	ARGUMENTS_MAX = 64,
	LOG_TAIL = 8192, /* bytes of a log that are printed */
};

struct server *shared;

static char run_directory[200];
static _Atomic int *shared_failures; /* in memory that the processes of all suites share */

/* ---- Time ---- */

int64_t clock_milliseconds(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

void wait_moment(void)
{
	nanosleep(&(struct timespec){.tv_nsec = 2000000}, NULL);
}

/* ---- Files ---- */

void directory_make(char path[256])
{
	snprintf(path, 256, "%s/XXXXXX", run_directory);
	ck_assert_msg(mkdtemp(path) != NULL, "mkdtemp %s: %s", path, strerror(errno));
}

void file_write(const char *directory, const char *name, const char *text)
{
	char path[512];
	FILE *file;

	snprintf(path, sizeof(path), "%s/%s", directory, name);
	file = fopen(path, "w");
	ck_assert_msg(file != NULL, "%s: %s", path, strerror(errno));
	fputs(text, file);
	fclose(file);
}

/* The bytes of a file with a NUL after them; NULL when it cannot be read. */
static char *file_load(const char *path)
{
	FILE *file = fopen(path, "r");
	size_t len = 0, size = 65536, got;
	char *text;

	if (file == NULL)
		return NULL;
	text = malloc(size);
	while (text != NULL && (got = fread(text + len, 1, size - len - 1, file)) > 0) {
		len += got;
		if (len == size - 1)
			text = realloc(text, size *= 2);
	}
	fclose(file);
	if (text != NULL)
		text[len] = '\0';
	return text;
}

char *file_read(const char *directory, const char *name)
{
	char path[512], *text;

	snprintf(path, sizeof(path), "%s/%s", directory, name);
	text = file_load(path);
	ck_assert_msg(text != NULL, "%s: %s", path, strerror(errno));
	return text;
}

/* ---- Starting ---- */

bool against_redis(void)
{
	const char *wish = getenv("CUBBY_TEST_REDIS");

	return wish != NULL && strcmp(wish, "1") == 0;
}

static const char *daemon_path(void)
{
	static char absolute[PATH_MAX];
	const char *path = getenv("CUBBYD");

	if (against_redis())
		return "redis-server";
	/* The daemon starts in a directory of its own, from where a relative path would lead nowhere. */
	if (realpath(path != NULL ? path : "build/cubbyd", absolute) == NULL)
		return path != NULL ? path : "build/cubbyd";
	return absolute;
}

/* A port that was free a moment ago, for redis-server, which cannot choose one itself. */
static int free_port(void)
{
	struct sockaddr_in address = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
	socklen_t len = sizeof(address);
	int fd = socket(AF_INET, SOCK_STREAM, 0);

	ck_assert_int_ge(fd, 0);
	ck_assert_int_eq(bind(fd, (struct sockaddr *)&address, sizeof(address)), 0);
	ck_assert_int_eq(getsockname(fd, (struct sockaddr *)&address, &len), 0);
	close(fd);
	return ntohs(address.sin_port);
}

/* Becomes the daemon, with its output in `log` and its input from the file "input", if there is one. Never returns. */
static void become_daemon(const char *directory, const char *log, const char **arguments)
{
	/* execvp takes the arguments as writable for history's sake alone. */
	union {
		const char **ours;
		char **theirs;
	} words = {arguments};
	int fd = open(log, O_WRONLY | O_CREAT | O_APPEND, 0600);
	int input, terminal;

	if (fd < 0 || chdir(directory) != 0)
		_exit(126);
	input = open("input", O_RDONLY);
	if (input < 0)
		input = open("/dev/null", O_RDONLY);
	dup2(input, STDIN_FILENO);
	dup2(fd, STDOUT_FILENO);
	terminal = open("terminal", O_WRONLY | O_NOCTTY);
	dup2(terminal >= 0 ? terminal : fd, STDERR_FILENO);
	signal(SIGPIPE, SIG_DFL);
	execvp(arguments[0], words.theirs);
	perror(arguments[0]);
	_exit(127);
}

static pid_t spawn(const char *directory, const char *log, const char **arguments)
{
	pid_t pid = fork();

	ck_assert_msg(pid >= 0, "fork: %s", strerror(errno));
	if (pid == 0)
		become_daemon(directory, log, arguments);
	return pid;
}

/* Puts the options of a variadic call behind the `count` arguments already there. */
static void arguments_append(const char **arguments, size_t count, const char *option, va_list options)
{
	for (; option != NULL; option = va_arg(options, const char *)) {
		ck_assert_uint_lt(count, ARGUMENTS_MAX - 1);
		arguments[count++] = option;
	}
	arguments[count] = NULL;
}

static size_t arguments_default(const char **arguments, size_t count, int *port, char port_text[16])
{
	const char *threads = getenv("CUBBY_TEST_THREADS");

	*port = against_redis() ? free_port() : 0;
	snprintf(port_text, 16, "%d", *port);
	arguments[count++] = "--port";
	arguments[count++] = port_text;
	arguments[count++] = "--bind";
	arguments[count++] = "127.0.0.1";
	arguments[count++] = "--enable-debug-command";
	arguments[count++] = "yes";
	arguments[count++] = "--enable-protected-configs";
	arguments[count++] = "yes";
	arguments[count++] = "--save";
	arguments[count++] = "";
	if (against_redis())
		return count;
	arguments[count++] = "--log-format";
	arguments[count++] = "json";
	if (threads != NULL) {
		arguments[count++] = "--threads";
		arguments[count++] = threads;
	}
	return count;
}

/* The port of the log line that says ready; 0 while there is none, and -1 when the line names none (no TCP). */
static int ready_port(const char *log)
{
	char *text = file_load(log);
	char *line = text == NULL ? NULL : strstr(text, against_redis() ? "Ready to accept" : "\"msg\":\"ready\"");
	char *end = line == NULL ? NULL : strchr(line, '\n');
	char *port;
	int found = 0;

	if (end != NULL) {
		*end = '\0';
		port = strstr(line, "\"port\":");
		found = port == NULL ? 0 : atoi(port + strlen("\"port\":"));
		found = found == 0 ? -1 : found;
	}
	free(text);
	return found;
}

void server_wait_ready(struct server *self)
{
	const char *daemon = daemon_path();
	int64_t end = clock_milliseconds() + DEADLINE_MS;
	int status, port;

	while ((port = ready_port(self->log)) == 0) {
		if (waitpid(self->pid, &status, WNOHANG) == self->pid) {
			self->pid = 0;
			ck_abort_msg("%s ended before it was ready, wait status %d", daemon, status);
		}
		ck_assert_msg(clock_milliseconds() < end, "%s was not ready in time", daemon);
		wait_moment();
	}
	if (port > 0)
		self->port = port;
}

static struct server *server_launch(const char *directory, const char *option, va_list options)
{
	struct server *self = calloc(1, sizeof(*self));
	const char *arguments[ARGUMENTS_MAX] = {daemon_path()};
	char port_text[16];
	size_t count = 1;

	if (option != NULL && strncmp(option, "--", 2) != 0) {
		arguments[count++] = option; /* a configuration file comes first */
		option = va_arg(options, const char *);
	}
	count = arguments_default(arguments, count, &self->port, port_text);
	arguments_append(arguments, count, option, options);
	snprintf(self->directory, sizeof(self->directory), "%s", directory);
	snprintf(self->log, sizeof(self->log), "%s/output.log", directory);
	unlink(self->log);
	self->pid = spawn(directory, self->log, arguments);
	return self;
}

struct server *server_start(const char *option, ...)
{
	char directory[256];
	struct server *self;
	va_list options;

	directory_make(directory);
	va_start(options, option);
	self = server_launch(directory, option, options);
	va_end(options);
	server_wait_ready(self);
	return self;
}

struct server *server_begin_in(const char *directory, const char *option, ...)
{
	struct server *self;
	va_list options;

	va_start(options, option);
	self = server_launch(directory, option, options);
	va_end(options);
	return self;
}

struct server *server_start_in(const char *directory, const char *option, ...)
{
	struct server *self;
	va_list options;

	va_start(options, option);
	self = server_launch(directory, option, options);
	va_end(options);
	server_wait_ready(self);
	return self;
}

static int run(const char *directory, char *output, size_t size, const char *option, va_list options)
{
	const char *arguments[ARGUMENTS_MAX] = {daemon_path()};
	struct server self = {0};
	char *text;
	int status;

	snprintf(self.log, sizeof(self.log), "%s/output.log", directory);
	unlink(self.log);
	arguments_append(arguments, 1, option, options);
	self.pid = spawn(directory, self.log, arguments);
	status = server_wait(&self);
	text = file_load(self.log);
	snprintf(output, size, "%s", text == NULL ? "" : text);
	free(text);
	unlink(self.log);
	return status;
}

int server_run_in(const char *directory, char *output, size_t size, const char *option, ...)
{
	va_list options;
	int status;

	va_start(options, option);
	status = run(directory, output, size, option, options);
	va_end(options);
	return status;
}

int server_run(char *output, size_t size, const char *option, ...)
{
	char directory[256];
	va_list options;
	int status;

	directory_make(directory);
	va_start(options, option);
	status = run(directory, output, size, option, options);
	va_end(options);
	return status;
}

/* ---- Ending ---- */

void server_signal(const struct server *self, int signal)
{
	ck_assert_msg(self->pid > 0, "the daemon has ended already");
	kill(self->pid, signal);
}

/* Waits for the end within the deadline; after it, kills the daemon and says false. */
static bool server_reap(struct server *self, int *status)
{
	int64_t end = clock_milliseconds() + DEADLINE_MS;

	while (waitpid(self->pid, status, WNOHANG) == 0) {
		if (clock_milliseconds() > end) {
			kill(self->pid, SIGKILL);
			waitpid(self->pid, status, 0);
			self->pid = 0;
			return false;
		}
		wait_moment();
	}
	self->pid = 0;
	return true;
}

int server_wait(struct server *self)
{
	int status = 0;

	ck_assert_msg(server_reap(self, &status), "the daemon did not end in time");
	return status;
}

/* Ends the daemon if it still runs. NULL when it ended well, else what went wrong. */
static const char *server_end(struct server *self)
{
	int status = 0;

	while (self->clients != NULL)
		client_close(self->clients);
	if (self->pid == 0)
		return NULL;
	kill(self->pid, SIGTERM);
	if (!server_reap(self, &status))
		return "the daemon did not end after SIGTERM";
	if (!WIFEXITED(status))
		return "a signal ended the daemon";
	return WEXITSTATUS(status) == 0 ? NULL : "the daemon's exit status was not 0";
}

void server_stop(struct server *self)
{
	const char *failure = server_end(self);

	ck_assert_msg(failure == NULL, "%s", failure);
	unlink(self->log);
	free(self);
}

size_t server_log_count(const struct server *self, const char *text)
{
	char *log = file_load(self->log);
	size_t count = 0;
	char *at = log;

	while (at != NULL && (at = strstr(at, text)) != NULL) {
		count++;
		at = strchr(at, '\n');
	}
	free(log);
	return count;
}

void server_log_wait(const struct server *self, const char *text)
{
	int64_t end = clock_milliseconds() + DEADLINE_MS;

	while (server_log_count(self, text) == 0) {
		ck_assert_msg(clock_milliseconds() < end, "the log never said: %s", text);
		wait_moment();
	}
}

/* ---- Test cases ---- */

static void shared_begin(void)
{
	shared = server_start(NULL);
}

/* Runs in the process of the suite, where a failed assertion would go unnoticed: harness_end reports it. */
static void shared_finish(void)
{
	const char *failure;

	if (shared == NULL)
		return;
	failure = server_end(shared);
	if (failure != NULL) {
		fprintf(stderr, "shared daemon: %s\n", failure);
		(*shared_failures)++;
	}
	free(shared);
	shared = NULL;
}

static TCase *case_make(Suite *suite, const char *name)
{
	TCase *made = tcase_create(name);

	tcase_set_timeout(made, 3.0 * DEADLINE_MS / 1000);
	suite_add_tcase(suite, made);
	return made;
}

TCase *shared_case(Suite *suite, const char *name)
{
	TCase *made = case_make(suite, name);

	tcase_add_unchecked_fixture(made, shared_begin, shared_finish);
	return made;
}

TCase *alone_case(Suite *suite, const char *name)
{
	return case_make(suite, name);
}

/* ---- The run ---- */

bool harness_begin(void)
{
	const char *parent = getenv("TMPDIR");

	shared_failures =
		mmap(NULL, sizeof(*shared_failures), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	if (shared_failures == MAP_FAILED) {
		perror("mmap");
		return false;
	}
	snprintf(run_directory, sizeof(run_directory), "%s/cubby-tests-XXXXXX", parent != NULL ? parent : "/tmp");
	if (mkdtemp(run_directory) == NULL) {
		fprintf(stderr, "%s: %s\n", run_directory, strerror(errno));
		return false;
	}
	signal(SIGPIPE, SIG_IGN);
	return true;
}

/* Prints the end of a log, for someone who looks for the cause of a failure. */
static void log_print(const char *path)
{
	char *text = file_load(path);
	size_t len = text == NULL ? 0 : strlen(text);

	fprintf(stderr, "---- %s\n%s\n----\n", path, len == 0 ? "" : text + (len > LOG_TAIL ? len - LOG_TAIL : 0));
	free(text);
}

/* Prints every log below the run's directory. */
static void logs_print(void)
{
	char *paths[] = {run_directory, NULL};
	FTS *walk = fts_open(paths, FTS_PHYSICAL, NULL);
	FTSENT *entry;

	while (walk != NULL && (entry = fts_read(walk)) != NULL) {
		if (entry->fts_info == FTS_F && strcmp(entry->fts_name, "output.log") == 0)
			log_print(entry->fts_path);
	}
	if (walk != NULL)
		fts_close(walk);
}

static void run_directory_remove(void)
{
	char *paths[] = {run_directory, NULL};
	FTS *walk = fts_open(paths, FTS_PHYSICAL, NULL);
	FTSENT *entry;

	while (walk != NULL && (entry = fts_read(walk)) != NULL) {
		if (entry->fts_info == FTS_DP)
			rmdir(entry->fts_path);
		else if (entry->fts_info != FTS_D)
			unlink(entry->fts_path);
	}
	if (walk != NULL)
		fts_close(walk);
}

int harness_end(bool failed)
{
	if (failed || *shared_failures > 0)
		logs_print();
	run_directory_remove();
	return *shared_failures;
}
