/* One thread for work that no client should wait for, such as freeing five million keys. Jobs run in order. */
#ifndef CUBBY_BASE_BACKGROUND_H
#define CUBBY_BASE_BACKGROUND_H

#include <stddef.h>

/* Starts the thread. Called once at boot. */
void background_start(void);

/* Runs job(arg) on the thread, after the jobs given before. Any thread may call it. When the thread is not running (in
 * a unit test) or there is no memory for the queue, the job runs here and now. */
void background_run(void (*job)(void *arg), void *arg);

/* Jobs given and not yet finished: INFO's lazyfree_pending_objects. */
size_t background_pending(void);

/* Waits until all jobs given before are finished. Nobody else gives any meanwhile. */
void background_wait(void);

/* Finishes all jobs and ends the thread. */
void background_stop(void);

#endif
