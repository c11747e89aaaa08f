/*
 * How the wheel turns: expiry_due() takes the slot that begins first. When it begins before now, the current time moves
 * up to its beginning, and its nodes are taken one by one: a dead one is handed out, another one is linked again, which
 * puts it into a lower level. When no slot begins before now, the current time becomes the millisecond before now.
 *
 * Invariant: slot `s` of level `n` holds times that have `s` as digit n and the current time's digits above; what is in
 * it is never due before slot_begin(). Removal leaves the occupancy bits alone; a bit without a node is cleared when it
 * is come across.
 */
#include "store/expiry.h"

#include "store/memory.h"

struct expiry_wheel *expiry_new(void)
{
	struct expiry_wheel *wheel = store_zalloc(sizeof(*wheel));

	if (wheel != NULL)
		wheel->next = EXPIRY_NEVER;
	return wheel;
}

static unsigned level_of(int64_t when, int64_t current)
{
	uint64_t difference = (uint64_t)when ^ (uint64_t)current;

	if (difference == 0)
		return 0;
	return (63 - (unsigned)__builtin_clzll(difference)) / EXPIRY_DIGIT_BITS;
}

static unsigned digit_of(int64_t when, unsigned level)
{
	return (unsigned)((uint64_t)when >> (level * EXPIRY_DIGIT_BITS)) % EXPIRY_SLOTS;
}

/* The first time that belongs into a slot. */
static int64_t slot_begin(const struct expiry_wheel *wheel, unsigned level, unsigned slot)
{
	uint64_t begin = (uint64_t)slot << (level * EXPIRY_DIGIT_BITS);

	if (level + 1 < EXPIRY_LEVELS) {
		unsigned above = (level + 1) * EXPIRY_DIGIT_BITS;

		begin |= (uint64_t)wheel->current >> above << above;
	}
	return (int64_t)begin;
}

static void unlink_node(struct expiry_node *node)
{
	*node->link = node->next;
	if (node->next != NULL)
		node->next->link = node->link;
}

/* A time that is past goes where the current time would. */
static void link_node(struct expiry_wheel *wheel, struct expiry_node *node)
{
	int64_t when = node->when > wheel->current ? node->when : wheel->current;
	unsigned level = level_of(when, wheel->current);
	unsigned slot = digit_of(when, level);
	struct expiry_node **head = &wheel->slots[level][slot];
	int64_t begin = slot_begin(wheel, level, slot);

	node->next = *head;
	node->link = head;
	if (node->next != NULL)
		node->next->link = &node->next;
	*head = node;
	wheel->levels |= 1U << level;
	wheel->occupied[level] |= (uint64_t)1 << slot;
	if (begin < wheel->next)
		wheel->next = begin;
}

/* As every slot in use begins at `now` or later, all nodes are where they belong for a later current time, too. It
 * stays just below `now`, so that what is dead already when it is linked is due at once. */
static void catch_up(struct expiry_wheel *wheel, int64_t now)
{
	if (now - 1 > wheel->current && now <= wheel->next)
		wheel->current = now - 1;
}

void expiry_insert(struct expiry_wheel *wheel, struct expiry_node *node, int64_t when, int64_t clock)
{
	catch_up(wheel, clock);
	node->when = when;
	link_node(wheel, node);
	wheel->count++;
	wheel->sum += when;
}

void expiry_remove(struct expiry_wheel *wheel, struct expiry_node *node)
{
	unlink_node(node);
	wheel->count--;
	wheel->sum -= node->when;
}

/* The first slot of a level that has a node; EXPIRY_SLOTS when there is none. */
static unsigned first_in_level(struct expiry_wheel *wheel, unsigned level)
{
	while (wheel->occupied[level] != 0) {
		unsigned slot = (unsigned)__builtin_ctzll(wheel->occupied[level]);

		if (wheel->slots[level][slot] != NULL)
			return slot;
		wheel->occupied[level] &= wheel->occupied[level] - 1;
	}
	wheel->levels &= ~(1U << level);
	return EXPIRY_SLOTS;
}

/* The first node of the slot that begins first; that beginning goes into wheel->next. */
static struct expiry_node *first_node(struct expiry_wheel *wheel)
{
	struct expiry_node *first = NULL;

	wheel->next = EXPIRY_NEVER;
	for (unsigned levels = wheel->levels; levels != 0; levels &= levels - 1) {
		unsigned level = (unsigned)__builtin_ctz(levels);
		unsigned slot = first_in_level(wheel, level);
		int64_t begin;

		if (slot == EXPIRY_SLOTS)
			continue;
		begin = slot_begin(wheel, level, slot);
		if (begin > wheel->next)
			continue;
		wheel->next = begin;
		first = wheel->slots[level][slot];
	}
	return first;
}

struct expiry_node *expiry_due(struct expiry_wheel *wheel, int64_t now, size_t *steps)
{
	while (now > wheel->next && *steps > 0) {
		struct expiry_node *node = first_node(wheel);

		if (node == NULL || wheel->next >= now)
			break;
		--*steps;
		if (wheel->next > wheel->current)
			wheel->current = wheel->next;
		if (node->next != NULL)
			__builtin_prefetch(node->next);
		if (node->when < now)
			return node;
		unlink_node(node);
		link_node(wheel, node);
	}
	catch_up(wheel, now);
	return NULL;
}

/* Nodes of the list that begins with `node`. */
static size_t take_nodes(struct expiry_node *node, struct expiry_node **nodes, size_t max)
{
	size_t count = 0;

	for (; node != NULL && count < max; node = node->next)
		nodes[count++] = node;
	return count;
}

size_t expiry_soonest(struct expiry_wheel *wheel, struct expiry_node **nodes, size_t max)
{
	return take_nodes(first_node(wheel), nodes, max);
}

size_t expiry_sample(const struct expiry_wheel *wheel, uint64_t draw, struct expiry_node **nodes, size_t max)
{
	enum { ALL_SLOTS = EXPIRY_LEVELS * EXPIRY_SLOTS, SKIPPED_MAX = 64 };

	for (size_t i = 0; i < ALL_SLOTS; i++) {
		size_t place = (draw + i) % ALL_SLOTS;
		struct expiry_node *node = wheel->slots[place / EXPIRY_SLOTS][place % EXPIRY_SLOTS];

		if (node == NULL)
			continue;
		/* The first in a list are those that came last; it goes some way behind them. */
		for (size_t skip = (draw >> 32) % SKIPPED_MAX; skip > 0 && node->next != NULL; skip--)
			node = node->next;
		return take_nodes(node, nodes, max);
	}
	return 0;
}

void expiry_rewind(struct expiry_wheel *wheel, int64_t now)
{
	if (now > wheel->current)
		return;
	wheel->current = now - 1;
	wheel->next = INT64_MIN; /* not known: forces a search */
}
