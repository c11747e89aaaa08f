/*
 * Secrets come from the system through libuv. Everything else comes from xoshiro256** by Blackman and Vigna
 * (https://prng.di.unimi.it/), whose state splitmix64 fills from one number, as its authors advise.
 */
#include "base/random.h"

#include <stdlib.h>
#include <uv.h>

#include "base/log.h"

void random_secret(void *out, size_t len)
{
	int status = uv_random(NULL, NULL, out, len, 0, NULL);

	if (status == 0)
		return;
	log_event(LOG_WARNING, "the system gives no random numbers", LOG_TEXT_FIELD("error", uv_strerror(status)));
	abort();
}

static uint64_t splitmix64(uint64_t *state)
{
	uint64_t z = *state += 0x9e3779b97f4a7c15;

	z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9;
	z = (z ^ (z >> 27)) * 0x94d049bb133111eb;
	return z ^ (z >> 31);
}

void random_seed(struct random *random, uint64_t seed)
{
	size_t i;

	for (i = 0; i < 4; i++)
		random->state[i] = splitmix64(&seed);
}

static uint64_t rotate_left(uint64_t x, unsigned bits)
{
	return (x << bits) | (x >> (64 - bits));
}

uint64_t random_next(struct random *random)
{
	uint64_t *s = random->state;
	uint64_t result = rotate_left(s[1] * 5, 7) * 9;
	uint64_t shifted = s[1] << 17;

	s[2] ^= s[0];
	s[3] ^= s[1];
	s[1] ^= s[2];
	s[0] ^= s[3];
	s[2] ^= shifted;
	s[3] = rotate_left(s[3], 45);
	return result;
}

uint64_t random_below(struct random *random, uint64_t limit)
{
	return (uint64_t)((unsigned __int128)random_next(random) * limit >> 64);
}
