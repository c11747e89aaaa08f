/*
 * The clocks. Only net/ and server/ may ask for the time; everything below is told it, so that tests can drive time by
 * hand.
 */
#ifndef CUBBY_BASE_CLOCK_H
#define CUBBY_BASE_CLOCK_H

#include <stdint.h>

/* Wall clock, in milliseconds and microseconds since 1970. */
int64_t clock_realtime_ms(void);
int64_t clock_realtime_us(void);

/* A clock that never goes back, in nanoseconds. */
uint64_t clock_monotonic_ns(void);

/* The cheapest counter the processor has (TSC, CNTVCT; clock_monotonic_ns where there is none), for measuring how long
 * commands take. */
static inline uint64_t clock_ticks(void)
{
#if defined(__x86_64__) || defined(__i386__)
	return __builtin_ia32_rdtsc();
#elif defined(__aarch64__)
	uint64_t ticks;

	__asm__ volatile("mrs %0, cntvct_el0" : "=r"(ticks));
	return ticks;
#else
	return clock_monotonic_ns();
#endif
}

/* How many ticks a microsecond has. Measured by clock_calibrate(). */
double clock_ticks_per_us(void);

/* So many ticks in whole microseconds. */
static inline uint64_t clock_ticks_to_us(uint64_t ticks)
{
	return (uint64_t)((double)ticks / clock_ticks_per_us());
}

/* Called once at boot, before threads are started; takes about 2 ms. */
void clock_calibrate(void);

#endif
