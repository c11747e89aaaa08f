/* The reading side; recording is inline. All of it is one pass over the 1088 buckets. */
#include "base/histogram.h"

#include <math.h>

uint64_t histogram_middle(unsigned bucket)
{
	unsigned shift = bucket < 2 * HISTOGRAM_STEPS ? 0 : bucket / HISTOGRAM_STEPS - 1;
	uint64_t first = (uint64_t)(bucket - shift * HISTOGRAM_STEPS) << shift;

	return first + ((UINT64_C(1) << shift) / 2);
}

void histogram_add(struct histogram_sum *sum, const struct histogram *histogram)
{
	for (unsigned bucket = 0; bucket < HISTOGRAM_BUCKETS; bucket++) {
		uint64_t count = counter_get(&histogram->counts[bucket]);

		sum->counts[bucket] += count;
		sum->total += count;
	}
}

void histogram_subtract(struct histogram_sum *sum, const struct histogram_sum *earlier)
{
	for (unsigned bucket = 0; bucket < HISTOGRAM_BUCKETS; bucket++)
		sum->counts[bucket] -= earlier->counts[bucket];
	sum->total -= earlier->total;
}

uint64_t histogram_percentile(const struct histogram_sum *sum, double percent)
{
	uint64_t wanted = (uint64_t)ceil((double)sum->total * percent / 100);
	uint64_t seen = 0;
	unsigned last = 0;

	if (wanted == 0)
		wanted = 1;
	for (unsigned bucket = 0; bucket < HISTOGRAM_BUCKETS && seen < wanted; bucket++) {
		seen += sum->counts[bucket];
		if (sum->counts[bucket] > 0)
			last = bucket;
	}
	return histogram_middle(last);
}
