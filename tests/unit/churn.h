/*
 * Random changes to a keyspace, of every kind that there is, for tests of what must hold whatever happens: effects tell
 * all of it, a snapshot sees none of it.
 *
 * Each step takes the locks that it needs, so several threads may churn one keyspace.
 */
#ifndef CUBBY_TESTS_UNIT_CHURN_H
#define CUBBY_TESTS_UNIT_CHURN_H

#include "base/random.h"
#include "store/eviction.h"
#include "store/keyspace.h"

struct churn {
	struct keyspace *keyspace;
	struct random dice;
	struct eviction eviction;
	int64_t now;	    /* Unix time in milliseconds; goes on by itself */
	unsigned keys;	    /* different names */
	unsigned databases; /* the first ones of the keyspace's */
	unsigned calm;	    /* one step in so many flushes or swaps databases; 0: none does */
};

/* One change, or an attempt at one. */
void churn_step(struct churn *churn);

/* Whether the two have the same keys in the first `databases`, with the same values and times to live. Fails the test
 * when they do not. Nobody else uses them. */
void churn_compare(struct keyspace *one, struct keyspace *other, unsigned databases);

#endif
