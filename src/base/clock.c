/*
 * The clocks of POSIX, and how fast the processor's counter runs: the counter's rate is measured once against the
 * monotonic clock, since no portable call tells it.
 */
#include "base/clock.h"

#include <time.h>

enum { CALIBRATION_NS = 2000000 };

/* Before clock_calibrate(), what a counter of nanoseconds would have. */
static double ticks_per_us = 1000;

int64_t clock_realtime_us(void)
{
	struct timespec now;

	clock_gettime(CLOCK_REALTIME, &now);
	return (int64_t)now.tv_sec * 1000000 + now.tv_nsec / 1000;
}

int64_t clock_realtime_ms(void)
{
	return clock_realtime_us() / 1000;
}

uint64_t clock_monotonic_ns(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (uint64_t)now.tv_sec * 1000000000 + (uint64_t)now.tv_nsec;
}

double clock_ticks_per_us(void)
{
	return ticks_per_us;
}

void clock_calibrate(void)
{
	uint64_t start_ns = clock_monotonic_ns();
	uint64_t start_ticks = clock_ticks();
	uint64_t elapsed_ns;

	do
		elapsed_ns = clock_monotonic_ns() - start_ns;
	while (elapsed_ns < CALIBRATION_NS);
	ticks_per_us = (double)(clock_ticks() - start_ticks) * 1000 / (double)elapsed_ns;
}
