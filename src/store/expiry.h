/*
 * The expiry index: a hierarchical timing wheel. It finds the keys whose time has come without looking at the others.
 *
 * A time is a number of milliseconds, written in base 64. A node stands in the level of the highest digit in which its
 * time differs from the wheel's current time, in the slot of that digit. So level 0 has one slot for each of the
 * milliseconds up to the next multiple of 64, level 1 one for each 64 ms up to the next multiple of 4096, and so on;
 * eleven levels hold every time there is. When the current time reaches a slot of a higher level, its nodes are spread
 * over lower levels. Each node moves at most once for each level.
 *
 *   insertion, removal   constant time
 *   finding what is due  constant time for each node removed or moved; empty slots are jumped over by bit masks
 *
 * Going back in time is safe: a node then is where an earlier time belongs, is looked at too early, and put right.
 */
#ifndef CUBBY_STORE_EXPIRY_H
#define CUBBY_STORE_EXPIRY_H

#include <stddef.h>
#include <stdint.h>

/* What a key with a time to live is linked into the index by. */
struct expiry_node {
	struct expiry_node *next;
	struct expiry_node **link; /* what points at this node */
	int64_t when;		   /* Unix time in milliseconds, positive; dead once now > when */
};

enum {
	EXPIRY_DIGIT_BITS = 6,
	EXPIRY_SLOTS = 1 << EXPIRY_DIGIT_BITS,
	EXPIRY_LEVELS = 11, /* 66 bits: every int64_t */
};

#define EXPIRY_NEVER INT64_MAX

struct expiry_wheel {
	int64_t current;		  /* the time that levels and slots are relative to */
	int64_t next;			  /* no slot in use begins before; EXPIRY_NEVER: none is in use */
	size_t count;			  /* nodes */
	__int128 sum;			  /* of the nodes' times */
	unsigned levels;		  /* bit n: level n may have a slot in use */
	uint64_t occupied[EXPIRY_LEVELS]; /* bit n: slot n may have a node */
	struct expiry_node *slots[EXPIRY_LEVELS][EXPIRY_SLOTS];
};

/* A new, empty index; free() it. NULL when there is no memory. */
struct expiry_wheel *expiry_new(void);

/* Links `node`, which is in no index. `clock` is about the time it is, the last that was heard of: a current time that
 * is not far behind saves moves. */
void expiry_insert(struct expiry_wheel *wheel, struct expiry_node *node, int64_t when, int64_t clock);

void expiry_remove(struct expiry_wheel *wheel, struct expiry_node *node);

/*
 * A node whose time has come, not removed yet; NULL when there is none or *steps has come down to 0. Each node looked
 * at takes one off *steps. When NULL is returned with steps left, nothing is due before wheel->next, nor at `now`.
 */
struct expiry_node *expiry_due(struct expiry_wheel *wheel, int64_t now, size_t *steps);

/* Some nodes of the slot that begins first, at most `max`: no node that is in another slot is due before them. Returns
 * how many. */
size_t expiry_soonest(struct expiry_wheel *wheel, struct expiry_node **nodes, size_t max);

/* Some nodes of one slot in use, which `draw`, any number, picks. Returns how many, at least one unless there is none.
 */
size_t expiry_sample(const struct expiry_wheel *wheel, uint64_t draw, struct expiry_node **nodes, size_t max);

/* The clock was set back to `now`. */
void expiry_rewind(struct expiry_wheel *wheel, int64_t now);

#endif
