/* A short list of codes, searched from the front: there are about ten of them, and ERR is the first nearly always. */
#include "server/errorstats.h"

#include <inttypes.h>

void errorstats_init(struct errorstats *stats, bool locking)
{
	*stats = (struct errorstats){0};
	lock_init(&stats->lock, locking);
}

/* The place of `code`, which is made when it is new; ERRORSTATS_CODES when there is no room. */
static unsigned place_of(struct errorstats *stats, struct slice code)
{
	unsigned at = 0;

	while (at < stats->used && !slice_equal(slice_of(stats->codes[at].code), code))
		at++;
	if (at == stats->used && at < ERRORSTATS_CODES) {
		memcpy(stats->codes[at].code, code.data, code.len);
		stats->codes[at].code[code.len] = '\0';
		stats->codes[at].count = 0;
		stats->used++;
	}
	return at;
}

void errorstats_count(struct errorstats *stats, struct slice code)
{
	unsigned at;

	if (code.len >= ERRORSTATS_CODE)
		code.len = ERRORSTATS_CODE - 1;
	lock_take(&stats->lock);
	stats->total++;
	at = place_of(stats, code);
	if (at < ERRORSTATS_CODES)
		stats->codes[at].count++;
	lock_release(&stats->lock);
}

void errorstats_reset(struct errorstats *stats)
{
	lock_take(&stats->lock);
	stats->used = 0;
	stats->total = 0;
	lock_release(&stats->lock);
}

uint64_t errorstats_total(struct errorstats *stats)
{
	uint64_t total;

	lock_take(&stats->lock);
	total = stats->total;
	lock_release(&stats->lock);
	return total;
}

void errorstats_print(struct errorstats *stats, struct buffer *out)
{
	lock_take(&stats->lock);
	for (unsigned i = 0; i < stats->used; i++)
		buffer_printf(out, "errorstat_%s:count=%" PRIu64 "\r\n", stats->codes[i].code, stats->codes[i].count);
	lock_release(&stats->lock);
}
