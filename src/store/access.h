/*
 * The access word: what an entry knows of its use, in 32 bits. It has one of two forms, as the policy wants it:
 *
 *     bit 31 clear: a time   bits 0 to 30   when the key was last used, in units of 64 ms
 *     bit 31 set: a count    bits 8 to 23   the minute at which the count was last brought up to date
 *                            bits 0 to 7    the count: logarithmic, decaying
 *
 * The count is Redis's (LFU): a use adds one with a probability of 1 / ((count - 5) * lfu-log-factor + 1), and each
 * lfu-decay-time minutes without one take one off. The time is finer than Redis's seconds, and still is written 16
 * times a second at most, so that processors which read the same key leave its cache line shared.
 *
 * When the policy changes, words of the other form are left as they are until the key is used. Each form can be read as
 * the other: a count knows its minute, and a time is a count that begins there.
 */
#ifndef CUBBY_STORE_ACCESS_H
#define CUBBY_STORE_ACCESS_H

#include <stdbool.h>
#include <stdint.h>

#include "base/random.h"
#include "base/settings.h"

enum {
	ACCESS_UNIT_BITS = 6, /* a time's unit is 2^6 ms */
	ACCESS_TIME_MASK = 0x7fffffff,
	ACCESS_FIRST_COUNT = 5, /* of a new key, so that it is not the first to go */
	ACCESS_COUNT_MAX = 255,
};

/* Whether the policy in force wants counts. */
static inline bool access_is_counted(void)
{
	return (setting_get(&settings.maxmemory_policy) & POLICY_LFU) != 0;
}

static inline uint32_t access_of_time(int64_t now)
{
	return (uint32_t)(now >> ACCESS_UNIT_BITS) & ACCESS_TIME_MASK;
}

/* The word for a count that is up to date. */
uint32_t access_of_count(uint8_t count, int64_t now);

/* The word for a key that was last used so many seconds ago, 0 or more. */
uint32_t access_of_idle(int64_t seconds, int64_t now);

/* The word of a new key. */
static inline uint32_t access_first(int64_t now)
{
	return access_is_counted() ? access_of_count(ACCESS_FIRST_COUNT, now) : access_of_time(now);
}

/* Counts one use more. Returns the new word. */
uint32_t access_increment(uint32_t word, int64_t now, struct random *random);

/* Notes a use of the key now. */
static inline void access_touch(uint32_t *word, int64_t now, struct random *random)
{
	uint32_t touched = access_of_time(now);

	if (access_is_counted())
		touched = access_increment(*word, now, random);
	if (*word != touched)
		*word = touched;
}

/* Milliseconds since the last use, 0 or more. */
int64_t access_idle_ms(uint32_t word, int64_t now);

/* The count as it is now, after decay. */
uint8_t access_count(uint32_t word, int64_t now);

#endif
