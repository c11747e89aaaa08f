/*
 * The latency monitor: of each kind of event that can make clients wait, the last 160 that took
 * latency-monitor-threshold milliseconds or more. LATENCY shows them, and how long each command takes.
 */
#ifndef CUBBY_COMMAND_LATENCY_H
#define CUBBY_COMMAND_LATENCY_H

#include <stdint.h>

enum latency_event {
	LATENCY_COMMAND,	/* a command took long: "command" */
	LATENCY_FAST_COMMAND,	/* one that is O(1) or O(log N) did: "fast-command" */
	LATENCY_EXPIRE_CYCLE,	/* the cleaner of expired keys: "expire-cycle" */
	LATENCY_EVICTION_CYCLE, /* making room for a command, or between commands: "eviction-cycle" */
	LATENCY_LOOP,		/* one turn of a worker's loop, from one poll to the next: "loop-turn" */
	LATENCY_EVENTS,
};

/* An event took so many milliseconds; `now_ms` is Unix time. Does nothing when the threshold is higher, or 0. Any
 * thread; takes a lock under which no other is taken. */
void latency_note(enum latency_event event, int64_t milliseconds, int64_t now_ms);

#endif
