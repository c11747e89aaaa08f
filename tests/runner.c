/*
 * The happy path: a process for each suite, with its output in a temporary file; whenever one ends, its output is
 * printed and the next begins. Apart from running side by side this keeps Check's process small: with AddressSanitizer
 * each fork of one that has run hundreds of tests takes a tenth of a second.
 */
#include "runner.h"

#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

enum { JOBS_MAX = 64 };

struct job {
	const char *suite;
	pid_t pid;
	FILE *output; /* NULL: the place is free */
};

static struct job jobs[JOBS_MAX];
static int running;

static volatile sig_atomic_t stopped;

static void stop(int signal)
{
	(void)signal;
	stopped = 1;
}

/* Without SA_RESTART: waitpid() is to return. */
static void catch_stop(void (*handler)(int))
{
	struct sigaction action = {.sa_handler = handler};

	sigaction(SIGTERM, &action, NULL);
	sigaction(SIGINT, &action, NULL);
}

static int jobs_wanted(void)
{
	const char *wish = getenv("CUBBY_TEST_JOBS");
	long count = wish != NULL ? atol(wish) : sysconf(_SC_NPROCESSORS_ONLN);

	return count < 1 ? 1 : count > JOBS_MAX ? JOBS_MAX : (int)count;
}

/* ---- A suite's process ---- */

/* Returns the exit status. */
static int run_suite(Suite *suite)
{
	SRunner *runner = srunner_create(suite);
	int failed;

	srunner_run_all(runner, CK_ENV);
	failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}

static void job_begin(const struct suite_row *row)
{
	struct job *job = jobs;

	while (job->output != NULL)
		job++;
	job->suite = row->name;
	job->output = tmpfile();
	fflush(NULL);
	job->pid = job->output != NULL ? fork() : -1;
	if (job->pid < 0) {
		perror("cannot begin a suite");
		exit(EXIT_FAILURE);
	}
	if (job->pid == 0) {
		catch_stop(SIG_DFL);
		dup2(fileno(job->output), STDOUT_FILENO);
		dup2(fileno(job->output), STDERR_FILENO);
		exit(run_suite(row->make()));
	}
	running++;
}

/* ---- Its end ---- */

static void job_print(struct job *job)
{
	char piece[8192];
	size_t len;

	rewind(job->output);
	while ((len = fread(piece, 1, sizeof(piece), job->output)) > 0)
		fwrite(piece, 1, len, stdout);
	fflush(stdout);
}

static void job_end(struct job *job)
{
	job_print(job);
	fclose(job->output);
	*job = (struct job){0};
	running--;
}

/* SIGTERM came: a limit of time has passed, most likely. */
static void give_up(void)
{
	for (struct job *job = jobs; job < jobs + JOBS_MAX; job++) {
		if (job->output == NULL)
			continue;
		kill(job->pid, SIGTERM);
		printf("FAILED: the suite %s still ran when all was to end\n", job->suite);
		job_end(job);
	}
	exit(EXIT_FAILURE);
}

static struct job *job_of(pid_t pid)
{
	for (struct job *job = jobs; job < jobs + JOBS_MAX; job++) {
		if (job->output != NULL && job->pid == pid)
			return job;
	}
	return NULL;
}

/* Waits until a suite has ended. Returns whether it has failed. */
static bool job_wait(void)
{
	struct job *job;
	int status;
	pid_t pid;

	do {
		pid = waitpid(-1, &status, 0);
		if (stopped)
			give_up();
	} while (pid < 0 && errno == EINTR);
	job = job_of(pid);
	if (job == NULL)
		return false;
	if (WIFSIGNALED(status))
		printf("FAILED: the suite %s was ended by signal %d\n", job->suite, WTERMSIG(status));
	job_end(job);
	return status != 0;
}

/* ---- The run ---- */

/* Whether the words of the command line ask for a suite; no words ask for all. */
static bool is_wanted(const char *name, char *const *words)
{
	if (words[0] == NULL)
		return true;
	while (*words != NULL && strcmp(*words, name) != 0)
		words++;
	return *words != NULL;
}

/* Runs the suites that are wanted of those that run alone, or of the others; returns how many have failed. */
static int run_wanted(const struct suite_row *rows, size_t count, char *const *words, bool alone)
{
	int places = alone ? 1 : jobs_wanted();
	int failed = 0;

	for (size_t i = 0; i < count; i++) {
		if (rows[i].alone != alone || !is_wanted(rows[i].name, words))
			continue;
		if (running == places)
			failed += job_wait();
		job_begin(&rows[i]);
	}
	while (running > 0)
		failed += job_wait();
	return failed;
}

static int unknown_count(const struct suite_row *rows, size_t count, char *const *words)
{
	int unknown = 0;

	for (; *words != NULL; words++) {
		size_t i = 0;

		while (i < count && strcmp(rows[i].name, *words) != 0)
			i++;
		unknown += i == count;
	}
	return unknown;
}

int runner_run(const struct suite_row *rows, size_t count, int argc, char **argv)
{
	char *const *words = argv + (argc > 0 ? 1 : 0);
	int failed = unknown_count(rows, count, words);

	if (failed > 0)
		fprintf(stderr, "no such suite\n");
	catch_stop(stop);
	failed += run_wanted(rows, count, words, false);
	failed += run_wanted(rows, count, words, true);
	return failed;
}
