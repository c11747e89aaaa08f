/*
 * The longest common subsequence of two texts.
 *
 * The textbook's table has in row i and column j the length L(i, j) for the first i bytes of a and the first j of b.
 * Along a row it grows by 0 or 1 from one column to the next, so a bit for each column says all, and 64 columns of the
 * next row come from those of the row before with one addition, a handful of other operations and the columns in which
 * b has the row's byte (H. Hyyro, "Bit-parallel LCS-length computation revisited", 2004). Here a bit is clear where the
 * length grows.
 *
 * The way back starts at the table's last corner. Where both texts have the same byte it is part of the subsequence;
 * elsewhere, as in Redis, the next corner is that above if L(i - 1, j) > L(i, j - 1), else that to the left. Not all of
 * the table is needed for that: where the bytes differ, L(i, j) is the larger of the two, so L(i - 1, j) is the larger
 * one exactly if row i grows in column j.
 */
#include "base/subsequence.h"

#include <limits.h>
#include <stdlib.h>
#include <string.h>

enum { WORD_BITS = 64 };

/* Where in b each byte stands that a has, too. */
struct columns {
	uint64_t *bits;			/* the sets, one after the other */
	uint16_t places[UCHAR_MAX + 1]; /* of each byte: the number of its set plus one; 0 when a does not have it */
	size_t words;			/* of a set */
};

static size_t words_for(size_t columns)
{
	return (columns + WORD_BITS - 1) / WORD_BITS;
}

static bool columns_init(struct columns *self, struct slice a, struct slice b)
{
	uint16_t sets = 0;

	memset(self, 0, sizeof(*self));
	self->words = words_for(b.len);
	for (size_t i = 0; i < a.len; i++) {
		uint16_t *place = &self->places[(unsigned char)a.data[i]];

		if (*place == 0)
			*place = ++sets;
	}
	self->bits = calloc(sets, self->words * sizeof(uint64_t));
	if (self->bits == NULL)
		return false;
	for (size_t j = 0; j < b.len; j++) {
		uint16_t place = self->places[(unsigned char)b.data[j]];

		if (place != 0)
			self->bits[(place - 1) * self->words + j / WORD_BITS] |= (uint64_t)1 << j % WORD_BITS;
	}
	return true;
}

/* The row below `above`, for a byte of a. The two may be the same memory. */
static void next_row(const struct columns *columns, char byte, const uint64_t *above, uint64_t *row)
{
	const uint64_t *matches = columns->bits + (size_t)(columns->places[(unsigned char)byte] - 1) * columns->words;
	bool carry = false;

	for (size_t i = 0; i < columns->words; i++) {
		uint64_t matching = above[i] & matches[i];
		uint64_t sum;
		bool over = __builtin_add_overflow(above[i], matching, &sum);

		carry = __builtin_add_overflow(sum, (uint64_t)carry, &sum) || over;
		row[i] = sum | (above[i] & ~matches[i]);
	}
}

/* How often the length grows along a row. */
static size_t row_len(const uint64_t *row, size_t columns)
{
	size_t len = 0;

	for (size_t i = 0; i < columns / WORD_BITS; i++)
		len += (size_t)__builtin_popcountll(~row[i]);
	if (columns % WORD_BITS != 0)
		len += (size_t)__builtin_popcountll(~row[columns / WORD_BITS] << (WORD_BITS - columns % WORD_BITS));
	return len;
}

/* Fills `rows`, whose first one is the table's edge. Without `keep` there is one row only, which is written over. */
static bool fill_rows(struct slice a, struct slice b, uint64_t *rows, bool keep, size_t *len)
{
	struct columns columns;
	uint64_t *row = rows;

	if (!columns_init(&columns, a, b))
		return false;
	memset(row, 0xff, columns.words * sizeof(uint64_t));
	for (size_t i = 0; i < a.len; i++) {
		uint64_t *below = keep ? row + columns.words : row;

		next_row(&columns, a.data[i], row, below);
		row = below;
	}
	*len = row_len(row, b.len);
	free(columns.bits);
	return true;
}

bool subsequence_measure(struct slice a, struct slice b, size_t *len)
{
	uint64_t *row;
	bool done;

	*len = 0;
	if (a.len == 0 || b.len == 0)
		return true;
	row = calloc(words_for(b.len), sizeof(*row));
	done = row != NULL && fill_rows(a, b, row, false, len);
	free(row);
	return done;
}

bool subsequence_find(struct subsequence *self, struct slice a, struct slice b)
{
	*self = (struct subsequence){.a = a, .b = b, .left_a = a.len, .left_b = b.len};
	if (a.len == 0 || b.len == 0)
		return true;
	self->row_words = words_for(b.len);
	if (self->row_words > SIZE_MAX / sizeof(uint64_t) / (a.len + 1))
		return false;
	self->rows = malloc((a.len + 1) * self->row_words * sizeof(uint64_t));
	if (self->rows != NULL && fill_rows(a, b, self->rows, true, &self->len))
		return true;
	subsequence_free(self);
	return false;
}

void subsequence_free(struct subsequence *self)
{
	free(self->rows);
	self->rows = NULL;
}

/* --- the way back ------------------------------------------------------------------------------------------------ */

/* Whether the last bytes of what is left of the texts are the same. */
static bool ends_match(const struct subsequence *self)
{
	return self->left_a > 0 && self->left_b > 0 && self->a.data[self->left_a - 1] == self->b.data[self->left_b - 1];
}

/* Whether the length grows with the last byte of what is left of b. */
static bool row_grows(const struct subsequence *self)
{
	size_t column = self->left_b - 1;
	uint64_t word = self->rows[self->left_a * self->row_words + column / WORD_BITS];

	return (word >> column % WORD_BITS & 1) == 0;
}

bool subsequence_next(struct subsequence *self, struct subsequence_run *run)
{
	while (self->left_a > 0 && self->left_b > 0 && !ends_match(self)) {
		if (row_grows(self))
			self->left_a--;
		else
			self->left_b--;
	}
	for (run->len = 0; ends_match(self); run->len++) {
		self->left_a--;
		self->left_b--;
	}
	run->a = self->left_a;
	run->b = self->left_b;
	return run->len > 0;
}
