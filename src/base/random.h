/* Random numbers: from the system for secrets, and a fast generator for choices that nobody need fear. */
#ifndef CUBBY_BASE_RANDOM_H
#define CUBBY_BASE_RANDOM_H

#include <stddef.h>
#include <stdint.h>

/* Fills `out` from the system's generator (uv_random). Aborts the process with a log line when there is none: a daemon
 * with a guessable hash key must not start. */
void random_secret(void *out, size_t len);

/* xoshiro256**: https://prng.di.unimi.it/ (public domain reference). One for each thread that needs one. */
struct random {
	uint64_t state[4];
};

/* Any seed will do; it is spread with splitmix64. */
void random_seed(struct random *random, uint64_t seed);
uint64_t random_next(struct random *random);

/* A number below `limit`, which is not 0, without bias worth the name (multiply and shift). */
uint64_t random_below(struct random *random, uint64_t limit);

#endif
