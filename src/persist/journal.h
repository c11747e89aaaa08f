/*
 * The journal: one ordered stream of effects, in bytes, for whoever must know what changed: the append-only file, later
 * a replica.
 *
 * An effect says what is true now, as a RESP command that any Redis can run (persist/effect.h). What one thread changes
 * between taking shard locks and giving them back is a unit; more than one effect stand between MULTI and EXEC. A unit
 * is committed while its locks are still held, so the order of the stream is an order in which the changes can have
 * happened, and whoever holds every shard's lock sees no unit half done.
 *
 * A position counts the bytes ever committed. Readers attach at one and read at their own pace, each on a thread of its
 * own; bytes are kept in memory until every reader has passed them. Without readers nothing is recorded, and nothing is
 * paid.
 *
 * Three positions are known of it: what is committed, what is known to be on the disk (synced), and up to where replies
 * may leave (released). The second and the third are moved by whoever writes the append-only file.
 *
 * There is one journal in the process. Any thread may call what does not say otherwise.
 */
#ifndef CUBBY_PERSIST_JOURNAL_H
#define CUBBY_PERSIST_JOURNAL_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/uio.h>

#include "store/keyspace.h"

#define JOURNAL_NOW UINT64_MAX /* a position: the end of what is committed */

/* Called once at boot; `locking` as for the keyspace: false when one thread alone changes it. */
void journal_init(bool locking);

/* No other thread uses it any more; every reader is detached. */
void journal_free(void);

/* Frees what the calling thread keeps for its units. Called by every thread that has changed keys, before it ends. */
void journal_thread_end(void);

/* What keyspace_record() is given while there are readers. */
const struct keyspace_effects *journal_effects(void);

/* --- positions --------------------------------------------------------------------------------------------------- */

struct journal_positions {
	_Alignas(64) _Atomic uint64_t committed;
	_Alignas(64) _Atomic uint64_t released;
	_Atomic uint64_t synced;
};
extern struct journal_positions journal_positions; /* read with the functions below */

static inline uint64_t journal_position(void)
{
	return atomic_load_explicit(&journal_positions.committed, memory_order_acquire);
}

/* A reply may leave once this has reached the position at which it was made. UINT64_MAX while nothing holds replies. */
static inline uint64_t journal_released(void)
{
	return atomic_load_explicit(&journal_positions.released, memory_order_acquire);
}

/* Up to here the stream is on the disk. */
static inline uint64_t journal_synced(void)
{
	return atomic_load_explicit(&journal_positions.synced, memory_order_acquire);
}

/* The position that a reply made now has to wait for; 0 when it need not wait. */
static inline uint64_t journal_hold(void)
{
	uint64_t position = journal_position();

	return position > journal_released() ? position : 0;
}

/* Behind the last unit that the calling thread has committed. */
extern _Thread_local uint64_t journal_own_position;

static inline uint64_t journal_own(void)
{
	return journal_own_position;
}

/* By the one who writes the append-only file. Both call the hook. */
void journal_release(uint64_t position);
void journal_set_synced(uint64_t position);

/* While the append-only file is in trouble it releases nothing. Reads are to go on: a reply then waits only for what
 * its own client has written. Calls the hook. */
void journal_stall(bool stalled);
bool journal_is_stalled(void);

/* hook(arg) is called on the releasing thread, often: it must be quick and not block. Set while no other thread runs.
 */
void journal_on_release(void (*hook)(void *arg), void *arg);

/* --- reading ----------------------------------------------------------------------------------------------------- */

struct journal_chunk;

/* A reader. Its fields are the journal's; it belongs to one thread at a time. */
struct journal_reader {
	struct journal_chunk *chunk;	    /* which holds its next byte */
	uint64_t position;		    /* of its next byte */
	struct journal_reader *prev, *next; /* utlist.h */
	bool woken;			    /* under the journal's sleep lock */
};

/*
 * Attaches a reader at a position: JOURNAL_NOW or one whose bytes are still there, because another reader has not
 * passed them. The caller holds every shard's lock, or no other thread runs, when it is JOURNAL_NOW. False when the
 * bytes are gone, or there is no memory.
 */
bool journal_attach(struct journal_reader *reader, uint64_t position);
void journal_detach(struct journal_reader *reader);

/* What follows the reader's position, in `count` pieces and about `max_bytes` at most; returns the number of pieces, 0
 * when there is nothing new. They stay where they are until journal_advance passes them. */
size_t journal_peek(struct journal_reader *reader, struct iovec *pieces, size_t count, size_t max_bytes);

/* The reader is done with so many bytes more, of those peeked at. */
void journal_advance(struct journal_reader *reader, uint64_t bytes);

/* Bytes that the reader has not advanced past. */
static inline uint64_t journal_behind(const struct journal_reader *reader)
{
	return journal_position() - reader->position;
}

/* Waits until there is something to read (and somebody has called journal_kick since), until journal_wake, or until
 * `timeout_ms` have passed. */
void journal_sleep(struct journal_reader *reader, uint64_t timeout_ms);

/* Ends the reader's sleep, the present one or the next. */
void journal_wake(struct journal_reader *reader);

/* Tells sleeping readers if there is something new: called by workers, once for many commands. */
void journal_kick(void);

/* --- exceptions (every shard is locked) -------------------------------------------------------------------------- */

/* The next effect begins with SELECT: a new file does. */
void journal_forget_db(void);

/* Whether units were lost because there was no memory: the stream has a gap, and what was made of it is no longer the
 * truth. Any thread. From the loss on nothing is recorded until the journal is mended, at an instant at which a
 * snapshot begins. */
bool journal_is_broken(void);
void journal_mend(void);

#endif
