/*
 * The handler runs once: SA_RESETHAND has put the default action back before it is called, so raising the signal again
 * ends the process with the right status and a core file, and so does a second crash within the handler.
 */
#include "server/crash.h"

#include <signal.h>
#include <stddef.h>

#include "base/log.h"

enum { STACK_BYTES = 64 * 1024 };

static _Thread_local char handler_stack[STACK_BYTES];
static _Thread_local stack_t previous_stack;

static const char *signal_name(int number)
{
	switch (number) {
	case SIGSEGV:
		return "SIGSEGV";
	case SIGBUS:
		return "SIGBUS";
	case SIGFPE:
		return "SIGFPE";
	case SIGILL:
		return "SIGILL";
	default:
		return "SIGABRT";
	}
}

static void on_crash(int number)
{
	log_crash(signal_name(number));
	raise(number);
}

void crash_install(void)
{
	static const int numbers[] = {SIGSEGV, SIGBUS, SIGFPE, SIGILL, SIGABRT};
	struct sigaction action = {0};

	action.sa_handler = on_crash;
	action.sa_flags = (int)(SA_RESETHAND | SA_ONSTACK | SA_NODEFER);
	sigemptyset(&action.sa_mask);
	for (size_t i = 0; i < sizeof(numbers) / sizeof(numbers[0]); i++)
		sigaction(numbers[i], &action, NULL);
}

void crash_thread_start(void)
{
	stack_t stack = {.ss_sp = handler_stack, .ss_size = STACK_BYTES};

	sigaltstack(&stack, &previous_stack);
}

void crash_thread_stop(void)
{
	sigaltstack(&previous_stack, NULL);
}
