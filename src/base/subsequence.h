/*
 * The longest common subsequence of two texts: the bytes that stand in both in the same order, not necessarily beside
 * each other.
 *
 * Takes len(a) * len(b) / 64 steps, and as many words of memory when the subsequence itself is wanted and not only its
 * length. The caller bounds the two.
 */
#ifndef CUBBY_BASE_SUBSEQUENCE_H
#define CUBBY_BASE_SUBSEQUENCE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/slice.h"

/* The length in bytes. False when there is no memory. */
bool subsequence_measure(struct slice a, struct slice b, size_t *len);

/* A search for the subsequence itself. The texts must stay as they are until it is freed. */
struct subsequence {
	struct slice a;
	struct slice b;
	size_t len; /* of the subsequence */
	/* For subsequence.c alone. */
	uint64_t *rows;	  /* one bit for each pair of a byte of a and one of b */
	size_t row_words; /* words of a row, one row for each byte of a */
	size_t left_a;	  /* bytes of a that the runs to come lie in, and of b */
	size_t left_b;
};

/* Finds it. False when there is no memory; else subsequence_free is due. */
bool subsequence_find(struct subsequence *self, struct slice a, struct slice b);
void subsequence_free(struct subsequence *self);

/* Bytes of the subsequence that stand beside each other in both texts: len (not 0) of them, from these places on. */
struct subsequence_run {
	size_t a;
	size_t b;
	size_t len;
};

/* The runs from the last to the first. False when there are no more. */
bool subsequence_next(struct subsequence *self, struct subsequence_run *run);

#endif
