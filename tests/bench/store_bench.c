/*
 * The store without sockets: store_bench [ROUNDS] prints operations a second, a line for each kind of work, columns
 * separated by tabs. A key is made up at random, hashed, its shard locked, the command run, the shard unlocked: what a
 * worker does for one command that is not in a pipeline.
 *
 * Each kind of work runs with one thread that takes no locks (as the daemon with one thread), with one thread that
 * takes them, and with two threads; in turns, several rounds of each, of which the median counts.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <uv.h>

#include "base/clock.h"
#include "base/number.h"
#include "base/random.h"
#include "store/keyspace.h"

enum {
	KEYS = 1000 * 1000,
	KEY_LEN = 16,
	VALUE_LEN = 32,
	OPERATIONS = 1000 * 1000, /* of one thread in one round */
	MAX_THREADS = 2,
	MAX_ROUNDS = 99,
};

/* Where nothing expires, any time will do. */
static const int64_t now = 1;

struct work {
	const char *name;
	unsigned set_percent;
};

static const struct work works[] = {{"GET", 0}, {"SET", 100}, {"GET and SET", 50}};

struct variant {
	const char *title;
	bool locking;
	unsigned threads;
};

static const struct variant variants[] = {
	{"1 thread, no locks", false, 1},
	{"1 thread", true, 1},
	{"2 threads", true, 2},
};

enum {
	WORKS = sizeof(works) / sizeof(works[0]),
	VARIANTS = sizeof(variants) / sizeof(variants[0]),
};

/* What one thread does in one round. */
struct job {
	struct keyspace *keyspace;
	const struct work *work;
	uv_barrier_t *start;  /* all threads of a round begin together */
	uint64_t seed;	      /* of the choice of keys */
	uint64_t began, done; /* nanoseconds */
	size_t bytes;	      /* read; also makes sure that values are looked at */
};

static void die(const char *what)
{
	fprintf(stderr, "store_bench: %s\n", what);
	exit(EXIT_FAILURE);
}

/* "key:000000123456". */
static void write_key(char *out, uint64_t number)
{
	memset(out, '0', KEY_LEN);
	memcpy(out, "key:", 4);
	for (char *digit = out + KEY_LEN; number != 0; number /= 10)
		*--digit = (char)('0' + number % 10);
}

static void set(struct keyspace *keyspace, const struct key *key, struct slice value)
{
	keyspace_lock_shard(keyspace, key->shard);
	struct entry *found = keyspace_find(keyspace, 0, key, now);
	struct entry *entry = keyspace_set(keyspace, 0, key, found, value, KEYSPACE_PERSIST);
	keyspace_unlock_shard(keyspace, key->shard);
	if (entry == NULL)
		die("no memory for a key");
}

/* Copies the value, as a reply would; gives its length. */
static size_t get(struct keyspace *keyspace, const struct key *key, char *reply)
{
	struct slice value = SLICE("");

	keyspace_lock_shard(keyspace, key->shard);
	struct entry *entry = keyspace_read(keyspace, 0, key, now);
	if (entry != NULL)
		value = entry_value(entry);
	memcpy(reply, value.data, value.len < VALUE_LEN ? value.len : VALUE_LEN);
	keyspace_unlock_shard(keyspace, key->shard);
	return value.len;
}

static void job_run(void *arg)
{
	struct job *job = arg;
	struct random random;
	char name[KEY_LEN];
	char value[VALUE_LEN] = {0};

	random_seed(&random, job->seed);
	uv_barrier_wait(job->start);
	job->began = clock_monotonic_ns();
	for (unsigned n = 0; n < OPERATIONS; n++) {
		write_key(name, random_below(&random, KEYS));
		struct key key = keyspace_key(job->keyspace, (struct slice){name, KEY_LEN});
		if (random_below(&random, 100) < job->work->set_percent)
			set(job->keyspace, &key, (struct slice){value, VALUE_LEN});
		else
			job->bytes += get(job->keyspace, &key, value);
	}
	job->done = clock_monotonic_ns();
}

/* Nanoseconds from the first thread's begin to the last one's end. */
static uint64_t elapsed(const struct job *jobs, unsigned count)
{
	uint64_t began = UINT64_MAX;
	uint64_t done = 0;

	for (unsigned n = 0; n < count; n++) {
		began = jobs[n].began < began ? jobs[n].began : began;
		done = jobs[n].done > done ? jobs[n].done : done;
	}
	return done - began;
}

/* Every key is there: whoever reads must have got something. */
static void check_reads(const struct job *jobs, unsigned count)
{
	for (unsigned n = 0; n < count; n++) {
		if (jobs[n].work->set_percent == 0 && jobs[n].bytes != (size_t)OPERATIONS * VALUE_LEN)
			die("a key is missing");
	}
}

/* Operations a second of one round. */
static double round_run(struct keyspace *keyspace, const struct work *work, const struct variant *variant)
{
	struct job jobs[MAX_THREADS] = {0};
	uv_thread_t threads[MAX_THREADS];
	uv_barrier_t start;

	if (uv_barrier_init(&start, variant->threads) != 0)
		die("cannot make a barrier");
	for (unsigned n = 0; n < variant->threads; n++) {
		jobs[n] = (struct job){.keyspace = keyspace, .work = work, .start = &start, .seed = n + 1};
		if (uv_thread_create(&threads[n], job_run, &jobs[n]) != 0)
			die("cannot start a thread");
	}
	for (unsigned n = 0; n < variant->threads; n++)
		uv_thread_join(&threads[n]);
	uv_barrier_destroy(&start);
	check_reads(jobs, variant->threads);
	return 1e9 * OPERATIONS * variant->threads / (double)elapsed(jobs, variant->threads);
}

static int compare_speeds(const void *left, const void *right)
{
	double a = *(const double *)left;
	double b = *(const double *)right;

	return (a > b) - (a < b);
}

static double median(double *speeds, size_t count)
{
	qsort(speeds, count, sizeof(*speeds), compare_speeds);
	return (speeds[(count - 1) / 2] + speeds[count / 2]) / 2;
}

/* Runs all variants of one kind of work in turns and prints its line. */
static void work_run(struct keyspace *const keyspaces[2], const struct work *work, unsigned rounds)
{
	double speeds[VARIANTS][MAX_ROUNDS];

	for (unsigned n = 0; n < rounds; n++) {
		for (unsigned v = 0; v < VARIANTS; v++)
			speeds[v][n] = round_run(keyspaces[variants[v].locking], work, &variants[v]);
	}
	printf("%s", work->name);
	for (unsigned v = 0; v < VARIANTS; v++)
		printf("\t%.0f", median(speeds[v], rounds));
	printf("\n");
}

static struct keyspace *fill(bool locking)
{
	struct keyspace_options options = {.shards = 32, .databases = 1, .locking = locking};
	char name[KEY_LEN];
	char value[VALUE_LEN] = {0};

	random_secret(&options.seed, sizeof(options.seed));
	struct keyspace *keyspace = keyspace_new(&options);
	if (keyspace == NULL)
		die("no memory for a keyspace");
	for (unsigned n = 0; n < KEYS; n++) {
		write_key(name, n);
		struct key key = keyspace_key(keyspace, (struct slice){name, KEY_LEN});
		set(keyspace, &key, (struct slice){value, VALUE_LEN});
	}
	return keyspace;
}

static unsigned parse_rounds(int count, char **arguments)
{
	int64_t rounds = 3;

	if (count > 2 || (count == 2 && !number_parse_int64(slice_of(arguments[1]), &rounds)) || rounds < 1 ||
	    rounds > MAX_ROUNDS)
		die("usage: store_bench [ROUNDS], 1 to 99 rounds");
	return (unsigned)rounds;
}

int main(int count, char **arguments)
{
	unsigned rounds = parse_rounds(count, arguments);
	struct keyspace *keyspaces[2] = {fill(false), fill(true)};

	printf("operations/s");
	for (unsigned v = 0; v < VARIANTS; v++)
		printf("\t%s", variants[v].title);
	printf("\n");
	for (unsigned w = 0; w < WORKS; w++)
		work_run(keyspaces, &works[w], rounds);
	keyspace_free(keyspaces[0]);
	keyspace_free(keyspaces[1]);
	return EXIT_SUCCESS;
}
