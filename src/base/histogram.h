/*
 * A histogram of durations: how often each length was seen, to about two significant digits.
 *
 * Log-linear: values below 64 have a bucket each, and from there on every doubling has 32, so a bucket is 1/32 of its
 * values wide and its middle is at most 1/64 away from any of them. The unit is the caller's; in ticks of a counter of
 * 3 GHz the buckets reach from less than a nanosecond to a minute and a half. What is longer goes into the last one.
 *
 * One thread records, any number of threads read meanwhile, without a lock (base/counter.h).
 * doc/decisions/histogram.md says why this is our own.
 */
#ifndef CUBBY_BASE_HISTOGRAM_H
#define CUBBY_BASE_HISTOGRAM_H

#include "base/counter.h"

enum {
	HISTOGRAM_STEP_BITS = 5,
	HISTOGRAM_STEPS = 1 << HISTOGRAM_STEP_BITS, /* buckets for a doubling */
	HISTOGRAM_VALUE_BITS = 38,		    /* values below 2^38 are told apart */
	HISTOGRAM_BUCKETS = (HISTOGRAM_VALUE_BITS - HISTOGRAM_STEP_BITS + 1) * HISTOGRAM_STEPS,
};

/* 8.5 KB. A zeroed one is empty. */
struct histogram {
	counter counts[HISTOGRAM_BUCKETS];
};

/* What readers work with: a sum of histograms at some moment. A zeroed one is empty. */
struct histogram_sum {
	uint64_t counts[HISTOGRAM_BUCKETS];
	uint64_t total;
};

static inline unsigned histogram_bucket(uint64_t value)
{
	unsigned shift = 63 - HISTOGRAM_STEP_BITS - (unsigned)__builtin_clzll(value | HISTOGRAM_STEPS);
	uint64_t bucket = (shift << HISTOGRAM_STEP_BITS) + (value >> shift);

	return bucket < HISTOGRAM_BUCKETS ? (unsigned)bucket : HISTOGRAM_BUCKETS - 1;
}

/* By the one writer only. */
static inline void histogram_record(struct histogram *histogram, uint64_t value)
{
	counter_add(&histogram->counts[histogram_bucket(value)], 1);
}

/* The middle of a bucket: at most 1/64 away from every value that is in it. */
uint64_t histogram_middle(unsigned bucket);

/* Adds a histogram that may be recorded into meanwhile: of what is recorded during the call, some is seen. */
void histogram_add(struct histogram_sum *sum, const struct histogram *histogram);

/* Takes away an earlier state of the same histograms. */
void histogram_subtract(struct histogram_sum *sum, const struct histogram_sum *earlier);

/* The value (as the middle of its bucket) that `percent` of all values, 0 to 100, do not exceed; 0 when there are
 * none. */
uint64_t histogram_percentile(const struct histogram_sum *sum, double percent);

#endif
