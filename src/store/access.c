/* The arithmetic of access words. Both kinds of time wrap around; one that seems to lie a little in the future was
 * written before the clock was set back, and counts as now. */
#include "store/access.h"

enum {
	COUNTED = 1U << 31,
	MINUTE_MS = 60 * 1000,
	MINUTES = 1 << 16, /* until they wrap around: 45 days */
	CLOCK_SET_BACK_MS = 60 * MINUTE_MS,
};

static uint32_t minute_of(int64_t now)
{
	return (uint32_t)(now / MINUTE_MS) % MINUTES;
}

uint32_t access_of_count(uint8_t count, int64_t now)
{
	return COUNTED | minute_of(now) << 8 | count;
}

uint32_t access_of_idle(int64_t seconds, int64_t now)
{
	const int64_t longest = ((int64_t)ACCESS_TIME_MASK << ACCESS_UNIT_BITS) - CLOCK_SET_BACK_MS;

	return access_of_time(now - (seconds < longest / 1000 ? seconds * 1000 : longest));
}

/* `elapsed` as it came out of the subtraction of times that wrap around after `range`. */
static int64_t not_in_future(int64_t elapsed, int64_t range)
{
	return elapsed > range - CLOCK_SET_BACK_MS ? 0 : elapsed;
}

int64_t access_idle_ms(uint32_t word, int64_t now)
{
	if ((word & COUNTED) != 0) {
		uint32_t minutes = (minute_of(now) - (word >> 8)) % MINUTES;

		return not_in_future((int64_t)minutes * MINUTE_MS, (int64_t)MINUTES * MINUTE_MS);
	}
	return not_in_future((int64_t)((access_of_time(now) - word) & ACCESS_TIME_MASK) << ACCESS_UNIT_BITS,
			     ((int64_t)ACCESS_TIME_MASK + 1) << ACCESS_UNIT_BITS);
}

uint8_t access_count(uint32_t word, int64_t now)
{
	int64_t decay_minutes = setting_get(&settings.lfu_decay_time);
	int64_t count = (word & COUNTED) != 0 ? word & ACCESS_COUNT_MAX : ACCESS_FIRST_COUNT;
	int64_t periods = 0;

	if (decay_minutes > 0)
		periods = access_idle_ms(word, now) / MINUTE_MS / decay_minutes;
	return (uint8_t)(count > periods ? count - periods : 0);
}

uint32_t access_increment(uint32_t word, int64_t now, struct random *random)
{
	uint8_t count = access_count(word, now);
	uint64_t above = count > ACCESS_FIRST_COUNT ? (uint64_t)count - ACCESS_FIRST_COUNT : 0;
	uint64_t chances = above * (uint64_t)setting_get(&settings.lfu_log_factor) + 1;

	if (count < ACCESS_COUNT_MAX && random_below(random, chances) == 0)
		count++;
	return access_of_count(count, now);
}
