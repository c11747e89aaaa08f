/* What happens when the daemon crashes: a backtrace goes into the log, then the signal does what it always does. */
#ifndef CUBBY_SERVER_CRASH_H
#define CUBBY_SERVER_CRASH_H

/* Handles SIGSEGV, SIGBUS, SIGFPE, SIGILL and SIGABRT from now on. Called once at boot. */
void crash_install(void);

/* Gives the calling thread a stack for the handler, so that a stack overflow can be reported too; and takes it away
 * again before the thread ends. */
void crash_thread_start(void);
void crash_thread_stop(void);

#endif
