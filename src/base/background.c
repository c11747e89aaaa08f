/*
 * A queue, a thread and a condition that wakes it. The thread takes the whole queue at once, runs its jobs without the
 * lock and comes back for what was added meanwhile. When told to stop it ends at the first moment the queue is empty.
 */
#include "base/background.h"

#include <pthread.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "base/log.h"
#include "base/platform.h"

struct job {
	void (*run)(void *arg);
	void *arg;
	struct job *next;
};

/* Guards all below but `pending`. */
static pthread_mutex_t mutex = PTHREAD_MUTEX_INITIALIZER;
static pthread_cond_t wakeup = PTHREAD_COND_INITIALIZER;
static struct job *first;
static struct job **end = &first;		       /* where the next job is hung */
static bool running;				       /* the thread takes jobs */
static bool stopping;				       /* it is to end when it has none */
static pthread_cond_t idle = PTHREAD_COND_INITIALIZER; /* nothing is pending */
static pthread_t thread;
static atomic_size_t pending;

static void job_run(struct job *job)
{
	job->run(job->arg);
	free(job);
	if (atomic_fetch_sub(&pending, 1) > 1)
		return;
	pthread_mutex_lock(&mutex);
	pthread_cond_broadcast(&idle);
	pthread_mutex_unlock(&mutex);
}

/* Waits for jobs and takes all there are; NULL, and no longer running, when it is time to end. */
static struct job *queue_take(void)
{
	struct job *jobs;

	pthread_mutex_lock(&mutex);
	while (first == NULL && !stopping)
		pthread_cond_wait(&wakeup, &mutex);
	jobs = first;
	first = NULL;
	end = &first;
	if (jobs == NULL)
		running = false;
	pthread_mutex_unlock(&mutex);
	return jobs;
}

static void *background_main(void *arg)
{
	struct job *job, *next;

	platform_name_thread("background");
	while ((job = queue_take()) != NULL) {
		for (; job != NULL; job = next) {
			next = job->next;
			job_run(job);
		}
	}
	return arg;
}

void background_start(void)
{
	int status;

	pthread_mutex_lock(&mutex);
	stopping = false;
	status = pthread_create(&thread, NULL, background_main, NULL);
	running = status == 0;
	pthread_mutex_unlock(&mutex);
	if (status != 0)
		log_event(LOG_WARNING, "no thread for background work, it will be done in line",
			  LOG_TEXT_FIELD("error", strerror(status)));
}

/* Hangs `job` into the queue; false when no thread would run it. */
static bool queue_add(struct job *job)
{
	bool added;

	pthread_mutex_lock(&mutex);
	added = running;
	if (added) {
		*end = job;
		end = &job->next;
		atomic_fetch_add(&pending, 1);
		pthread_cond_signal(&wakeup);
	}
	pthread_mutex_unlock(&mutex);
	return added;
}

void background_run(void (*run)(void *arg), void *arg)
{
	struct job *job = malloc(sizeof(*job));

	if (job != NULL) {
		*job = (struct job){run, arg, NULL};
		if (queue_add(job))
			return;
		free(job);
	}
	run(arg);
}

size_t background_pending(void)
{
	return atomic_load(&pending);
}

void background_wait(void)
{
	pthread_mutex_lock(&mutex);
	while (atomic_load(&pending) > 0)
		pthread_cond_wait(&idle, &mutex);
	pthread_mutex_unlock(&mutex);
}

void background_stop(void)
{
	bool started;

	pthread_mutex_lock(&mutex);
	started = running;
	stopping = true;
	pthread_cond_signal(&wakeup);
	pthread_mutex_unlock(&mutex);
	if (started)
		pthread_join(thread, NULL);
}
