/* The background thread: jobs run there, in order, all of them, and in line where there is no thread. */
#include <pthread.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

#include "base/background.h"
#include "suites.h"

enum { JOBS = 10000, GIVERS = 4 };

/* What jobs leave behind. Only the background thread writes it while that runs; background_stop() ends that. */
static size_t order[JOBS];
static size_t done;
static pthread_t done_by;

static void note(void *arg)
{
	order[done++] = (size_t)(uintptr_t)arg;
	done_by = pthread_self();
}

static void count(void *arg)
{
	(void)arg;
	done++;
}

START_TEST(runs_in_line_without_a_thread)
{
	background_run(note, (void *)(uintptr_t)7);
	ck_assert_uint_eq(done, 1);
	ck_assert_uint_eq(order[0], 7);
	ck_assert(pthread_equal(done_by, pthread_self()));
	ck_assert_uint_eq(background_pending(), 0);
	background_stop();
}
END_TEST

START_TEST(runs_all_jobs_in_order)
{
	size_t i;

	background_start();
	for (i = 0; i < JOBS; i++)
		background_run(note, (void *)(uintptr_t)i);
	background_stop();
	ck_assert_uint_eq(done, JOBS);
	ck_assert(!pthread_equal(done_by, pthread_self()));
	for (i = 0; i < JOBS; i++)
		ck_assert_uint_eq(order[i], i);
	ck_assert_uint_eq(background_pending(), 0);
}
END_TEST

static void wait_for_gate(void *arg)
{
	pthread_mutex_t *gate = arg;

	pthread_mutex_lock(gate);
	pthread_mutex_unlock(gate);
}

START_TEST(pending_counts_the_job_that_runs)
{
	pthread_mutex_t gate = PTHREAD_MUTEX_INITIALIZER;

	pthread_mutex_lock(&gate);
	background_start();
	background_run(wait_for_gate, &gate);
	background_run(count, NULL);
	ck_assert_uint_eq(background_pending(), 2);
	pthread_mutex_unlock(&gate);
	background_stop();
	ck_assert_uint_eq(background_pending(), 0);
	ck_assert_uint_eq(done, 1);
}
END_TEST

START_TEST(waits_for_what_was_given)
{
	background_wait(); /* nothing was */
	background_start();
	for (int i = 0; i < JOBS; i++)
		background_run(count, NULL);
	background_wait();
	ck_assert_uint_eq(done, JOBS);
	background_stop();
	background_wait();
}
END_TEST

static void give_another(void *arg)
{
	background_run(note, arg);
}

START_TEST(a_job_may_give_a_job)
{
	pthread_mutex_t gate = PTHREAD_MUTEX_INITIALIZER;

	pthread_mutex_lock(&gate);
	background_start();
	background_run(wait_for_gate, &gate);
	background_run(give_another, (void *)(uintptr_t)1);
	background_run(note, (void *)(uintptr_t)2);
	pthread_mutex_unlock(&gate);
	background_stop();
	ck_assert_uint_eq(done, 2);
	ck_assert_uint_eq(order[0], 2);
	ck_assert_uint_eq(order[1], 1);
}
END_TEST

static void *give_jobs(void *arg)
{
	int i;

	for (i = 0; i < JOBS / GIVERS; i++)
		background_run(count, arg);
	return NULL;
}

START_TEST(takes_jobs_from_any_thread)
{
	pthread_t givers[GIVERS];
	int i;

	background_start();
	for (i = 0; i < GIVERS; i++)
		ck_assert_int_eq(pthread_create(&givers[i], NULL, give_jobs, NULL), 0);
	for (i = 0; i < GIVERS; i++)
		pthread_join(givers[i], NULL);
	background_stop();
	ck_assert_uint_eq(done, JOBS);
	ck_assert_uint_eq(background_pending(), 0);
}
END_TEST

START_TEST(starts_again_after_a_stop)
{
	background_start();
	background_run(count, NULL);
	background_stop();
	background_run(note, NULL);
	ck_assert_uint_eq(done, 2);
	ck_assert(pthread_equal(done_by, pthread_self()));
	background_start();
	background_run(note, NULL);
	background_stop();
	ck_assert_uint_eq(done, 3);
	ck_assert(!pthread_equal(done_by, pthread_self()));
}
END_TEST

static void setup(void)
{
	done = 0;
}

Suite *background_suite(void)
{
	Suite *suite = suite_create("background");
	TCase *tcase = tcase_create("background");

	tcase_add_checked_fixture(tcase, setup, NULL);
	tcase_add_test(tcase, runs_in_line_without_a_thread);
	tcase_add_test(tcase, runs_all_jobs_in_order);
	tcase_add_test(tcase, pending_counts_the_job_that_runs);
	tcase_add_test(tcase, waits_for_what_was_given);
	tcase_add_test(tcase, a_job_may_give_a_job);
	tcase_add_test(tcase, takes_jobs_from_any_thread);
	tcase_add_test(tcase, starts_again_after_a_stop);
	suite_add_tcase(suite, tcase);
	return suite;
}
