#include "persist/load_progress.h"

#include <time.h>

#include "base/settings.h"

enum { NAP_US = 10 * 1000 }; /* how late a wait may notice that it is over */

/* Microseconds that are to be waited after so many keys. */
static int64_t delay_us(size_t keys)
{
	int64_t delay = setting_get(&settings.key_load_delay);

	if (delay == 0)
		return 0;
	return delay > 0 ? (int64_t)keys * delay : (int64_t)keys / -delay;
}

/* The setting may be changed while this waits. */
void load_progress_delay(const struct load_progress *progress, size_t keys)
{
	int64_t waited = 0;
	int64_t left;

	while ((left = delay_us(keys) - waited) > 0 && !atomic_load(&progress->stop)) {
		int64_t nap = left < NAP_US ? left : NAP_US;

		nanosleep(&(struct timespec){.tv_nsec = (long)nap * 1000}, NULL);
		waited += nap;
	}
}
