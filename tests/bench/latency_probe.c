/*
 * Sees how long a server lets its clients wait, and gives it something to do meanwhile.
 *
 *   latency_probe probe PORT                      waits are measured until the end of standard input
 *   latency_probe load PORT KEYS RATE [DEATH]     sets KEYS keys, RATE a second (0: as fast as they are taken)
 *   latency_probe ask PORT BYTES WORD...          sends one command, with a last word of BYTES x if that is not 0
 *
 * The probe has ten connections, each with one GET or SET on its way at a time. They are sent at times that are fixed
 * beforehand, 8,000 a second in all. It says "ready" once it measures; in the end it prints a line of JSON: the number
 * of requests, the percentiles and the worst of their latencies in milliseconds. `load` and `ask` print how many
 * seconds they took, all replies included. With DEATH, a time in milliseconds since 1970, the keys expire within the
 * second after it: half of them one by one, the other half in the same millisecond, in the middle.
 *
 * Coordinated omission: a client that waits for a reply before it sends again is kept from asking by the very stall it
 * is to measure, and would count that stall once where a hundred requests should have met it. So the latency of a
 * request whose connection was not free in time counts from the moment it should have been sent, and all requests that
 * were due are made up for. Where the connection was free, a late request is the probe's own doing (a timer is 50 us
 * late, somebody else had the processor), and its latency counts from the moment it was sent.
 */
#include <arpa/inet.h>
#include <errno.h>
#include <inttypes.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/select.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/number.h"

enum {
	/* The probe. */
	LANES = 10,		     /* connections */
	REQUESTS = 8000,	     /* a second, of all lanes */
	WARM_UP_MS = 200,	     /* not measured: the server has to get its buffers */
	PROBE_KEYS = 1000,	     /* which are its own */
	PROBE_VALUE = 32,	     /* bytes */
	LIMIT_US = 10 * 1000 * 1000, /* what takes longer is known by the worst only */

	/* The load: so few commands in a batch that the others do not wait for it noticeably. */
	BATCH = 50,
	WINDOW = 4,	 /* batches on their way */
	SET_MAX = 128,	 /* bytes of one command, at most */
	OK_LEN = 5,	 /* "+OK\r\n" */
	DEATH_MS = 1000, /* within which all keys expire */

	/* What runs beside the probe shares a processor with it. */
	POLITENESS = 10,   /* added to the nice value: the probe is to get the processor at once */
	PIECE = 64 * 1024, /* bytes that one call sends or receives: many a kernel lets nobody in before it ends */
};

static const uint64_t ns_per_s = 1000 * 1000 * 1000;
static const uint64_t ns_per_ms = 1000 * 1000;
static const uint64_t lane_interval_ns = ns_per_s * LANES / REQUESTS;

static void die(const char *what)
{
	fprintf(stderr, "latency_probe: %s\n", what);
	exit(EXIT_FAILURE);
}

static void die_errno(const char *what)
{
	fprintf(stderr, "latency_probe: %s: %s\n", what, strerror(errno));
	exit(EXIT_FAILURE);
}

static int64_t parse_number(const char *text, int64_t most)
{
	int64_t number;

	if (!number_parse_int64(slice_of(text), &number) || number < 0 || number > most)
		die("a number is wrong");
	return number;
}

static double seconds_since(uint64_t began)
{
	return (double)(clock_monotonic_ns() - began) / (double)ns_per_s;
}

static void give_way(void)
{
	errno = 0;
	if (nice(POLITENESS) == -1 && errno != 0)
		die_errno("nice");
}

/* ---- Sockets ---- */

static int connect_to(uint16_t port)
{
	struct sockaddr_in address = {.sin_family = AF_INET, .sin_port = htons(port)};
	int fd = socket(AF_INET, SOCK_STREAM, 0);
	int on = 1;

	address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	if (fd < 0 || connect(fd, (struct sockaddr *)&address, sizeof(address)) != 0)
		die_errno("connecting");
	if (setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof(on)) != 0)
		die_errno("TCP_NODELAY");
	return fd;
}

static void send_all(int fd, const char *data, size_t len)
{
	while (len > 0) {
		ssize_t sent = send(fd, data, len < PIECE ? len : PIECE, 0);
		if (sent < 0)
			die_errno("sending");
		data += sent;
		len -= (size_t)sent;
	}
}

static size_t receive(int fd, char *out, size_t room)
{
	ssize_t got = recv(fd, out, room, 0);

	if (got < 0)
		die_errno("receiving");
	if (got == 0)
		die("the server closed a connection");
	return (size_t)got;
}

/* ---- Latencies ---- */

static struct {
	uint32_t counts[LIMIT_US]; /* of requests, by their latency in microseconds; untouched pages cost nothing */
	uint64_t requests;
	uint64_t worst_us;
} latencies;

static void latency_record(uint64_t us)
{
	latencies.counts[us < LIMIT_US ? us : LIMIT_US - 1]++;
	latencies.requests++;
	if (us > latencies.worst_us)
		latencies.worst_us = us;
}

/* Milliseconds, which this share of the requests did not exceed. */
static double latency_percentile(double share)
{
	uint64_t seen = 0;

	for (uint64_t us = 0; us < LIMIT_US - 1; us++) {
		seen += latencies.counts[us];
		if ((double)seen >= share * (double)latencies.requests)
			return (double)us / 1000;
	}
	return (double)latencies.worst_us / 1000;
}

static void latencies_print(void)
{
	printf("{\"requests\": %" PRIu64 ", \"p50\": %.3f, \"p99\": %.3f, \"p999\": %.3f, \"p9999\": %.3f, "
	       "\"worst\": %.3f}\n",
	       latencies.requests, latency_percentile(0.5), latency_percentile(0.99), latency_percentile(0.999),
	       latency_percentile(0.9999), (double)latencies.worst_us / 1000);
}

/* ---- The probe ---- */

/* One connection. All times are clock_monotonic_ns(). */
struct lane {
	int fd;
	bool waiting;	  /* for a reply */
	uint64_t due;	  /* when the next request should be sent */
	uint64_t free;	  /* when the last reply was there */
	uint64_t from;	  /* what the latency of the request on its way counts from */
	char reply[64];	  /* as much as is there of it */
	size_t reply_len; /* bytes */
};

struct probe {
	struct lane lanes[LANES];
	uint64_t requests; /* sent */
	uint64_t begin;	   /* of measuring */
	uint64_t end;	   /* what is due later is not sent */
	bool ready;	   /* said so */
};

/* Sets a key and gets it with the request after that. */
static size_t write_request(char *out, size_t room, uint64_t number)
{
	static const char value[] = "vvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvv";
	uint64_t key = number / 2 % PROBE_KEYS;

	_Static_assert(sizeof(value) - 1 == PROBE_VALUE, "reply_is_whole() knows the length");
	if (number % 2 == 0)
		return (size_t)snprintf(out, room, "*3\r\n$3\r\nSET\r\n$16\r\nprobe:%010" PRIu64 "\r\n$32\r\n%s\r\n",
					key, value);
	return (size_t)snprintf(out, room, "*2\r\n$3\r\nGET\r\n$16\r\nprobe:%010" PRIu64 "\r\n", key);
}

static void lane_send(struct lane *lane, uint64_t number, uint64_t now)
{
	char request[SET_MAX];

	lane->from = lane->free > lane->due ? lane->due : now;
	lane->due += lane_interval_ns;
	lane->waiting = true;
	lane->reply_len = 0;
	send_all(lane->fd, request, write_request(request, sizeof(request), number));
}

/* Replies are "+OK", "$-1" (somebody flushed) and "$32" with a value after it: until the value, all have one length. */
static bool reply_is_whole(const struct lane *lane)
{
	const size_t head = OK_LEN;

	if (lane->reply_len < head)
		return false;
	if (memcmp(lane->reply, "+OK\r\n", head) == 0 || memcmp(lane->reply, "$-1\r\n", head) == 0)
		return true;
	if (memcmp(lane->reply, "$32\r\n", head) != 0)
		die("a request of the probe was refused");
	return lane->reply_len == head + PROBE_VALUE + 2;
}

static void lane_receive(struct lane *lane, uint64_t begin)
{
	lane->reply_len += receive(lane->fd, lane->reply + lane->reply_len, sizeof(lane->reply) - lane->reply_len);
	if (!reply_is_whole(lane))
		return;
	lane->waiting = false;
	lane->free = clock_monotonic_ns();
	if (lane->from >= begin)
		latency_record((lane->free - lane->from) / 1000);
}

/* Sends what is due. The time when something is due next; UINT64_MAX when only replies are missing. */
static uint64_t probe_send(struct probe *probe)
{
	uint64_t next = UINT64_MAX;

	for (unsigned n = 0; n < LANES; n++) {
		struct lane *lane = &probe->lanes[n];
		uint64_t now = clock_monotonic_ns();
		if (lane->waiting || lane->due > probe->end)
			continue;
		if (lane->due <= now)
			lane_send(lane, probe->requests++, now);
		else if (lane->due < next)
			next = lane->due;
	}
	return next;
}

/* Waits until something is due or there, and takes what is there. */
static void probe_receive(struct probe *probe, uint64_t next)
{
	uint64_t now = clock_monotonic_ns();
	uint64_t us = next > now ? (next - now) / 1000 : 0;
	struct timeval timeout = {.tv_sec = (time_t)(us / 1000000), .tv_usec = (suseconds_t)(us % 1000000)};
	int highest = STDIN_FILENO;
	fd_set readable;

	FD_ZERO(&readable);
	if (probe->end == UINT64_MAX)
		FD_SET(STDIN_FILENO, &readable);
	for (unsigned n = 0; n < LANES; n++) {
		FD_SET(probe->lanes[n].fd, &readable);
		highest = probe->lanes[n].fd > highest ? probe->lanes[n].fd : highest;
	}
	if (select(highest + 1, &readable, NULL, NULL, next == UINT64_MAX ? NULL : &timeout) < 0)
		die_errno("select");
	for (unsigned n = 0; n < LANES; n++) {
		if (FD_ISSET(probe->lanes[n].fd, &readable))
			lane_receive(&probe->lanes[n], probe->begin);
	}
	if (FD_ISSET(STDIN_FILENO, &readable))
		probe->end = clock_monotonic_ns();
}

static void probe_say_ready(struct probe *probe)
{
	if (probe->ready || clock_monotonic_ns() < probe->begin)
		return;
	printf("ready\n");
	fflush(stdout);
	probe->ready = true;
}

/* After the end, what was due before it is still sent, and answered. */
static bool probe_is_done(const struct probe *probe)
{
	for (unsigned n = 0; n < LANES; n++) {
		if (probe->lanes[n].waiting || probe->lanes[n].due <= probe->end)
			return false;
	}
	return true;
}

static void probe_run(uint16_t port)
{
	uint64_t now = clock_monotonic_ns();
	struct probe probe = {.begin = now + WARM_UP_MS * ns_per_ms, .end = UINT64_MAX};

	for (unsigned n = 0; n < LANES; n++)
		probe.lanes[n] = (struct lane){.fd = connect_to(port), .due = now + lane_interval_ns * n / LANES};
	while (!probe_is_done(&probe)) {
		uint64_t next = probe_send(&probe);
		probe_receive(&probe, next);
		probe_say_ready(&probe);
	}
	latencies_print();
}

/* ---- The load ---- */

struct load {
	int fd;
	uint64_t keys;
	uint64_t rate; /* a second; 0: no limit */
	int64_t death; /* when the first key expires; 0: never */
};

/* Milliseconds since 1970, at which a key expires. */
static int64_t key_death(const struct load *load, uint64_t number)
{
	uint64_t after = number % 2 == 0 ? DEATH_MS / 2 : number * DEATH_MS / load->keys;

	return load->death + (int64_t)after;
}

static size_t write_set(char *out, const struct load *load, uint64_t number)
{
	const char *words = load->death == 0 ? "*3" : "*5";
	int len = snprintf(out, SET_MAX, "%s\r\n$3\r\nSET\r\n$16\r\nkey:%012" PRIu64 "\r\n$8\r\nvvvvvvvv\r\n", words,
			   number);

	if (load->death != 0)
		len += snprintf(out + len, SET_MAX - (size_t)len, "$4\r\nPXAT\r\n$13\r\n%013" PRId64 "\r\n",
				key_death(load, number));
	return (size_t)len;
}

/* How many commands the batch has that begins with this key. */
static uint64_t batch_count(const struct load *load, uint64_t first)
{
	return load->keys - first < BATCH ? load->keys - first : BATCH;
}

static void batch_send(const struct load *load, uint64_t first)
{
	char commands[BATCH * SET_MAX];
	size_t len = 0;

	for (uint64_t n = 0; n < batch_count(load, first); n++)
		len += write_set(commands + len, load, first + n);
	send_all(load->fd, commands, len);
}

static void batch_receive(const struct load *load, uint64_t first)
{
	char replies[BATCH * OK_LEN];
	size_t len = batch_count(load, first) * OK_LEN;

	for (size_t got = 0; got < len;)
		got += receive(load->fd, replies + got, len - got);
	for (size_t n = 0; n < len; n += OK_LEN) {
		if (memcmp(replies + n, "+OK\r\n", OK_LEN) != 0)
			die("a key was refused");
	}
}

static void wait_until(uint64_t when)
{
	uint64_t now = clock_monotonic_ns();

	if (when <= now)
		return;
	struct timespec rest = {.tv_sec = (time_t)((when - now) / ns_per_s),
				.tv_nsec = (long)((when - now) % ns_per_s)};
	nanosleep(&rest, NULL);
}

static void load_run(const struct load *load)
{
	uint64_t answered = 0;

	if (load->rate != 0)
		give_way();
	uint64_t began = clock_monotonic_ns();
	for (uint64_t sent = 0; sent < load->keys; sent += BATCH) {
		if (load->rate != 0)
			wait_until(began + sent * ns_per_s / load->rate);
		batch_send(load, sent);
		if (sent - answered < (WINDOW - 1) * BATCH)
			continue;
		batch_receive(load, answered);
		answered += BATCH;
	}
	for (; answered < load->keys; answered += BATCH)
		batch_receive(load, answered);
	printf("%.3f\n", seconds_since(began));
}

/* ---- One command ---- */

static void send_word(int fd, const char *word, size_t len)
{
	char head[32];

	send_all(fd, head, (size_t)snprintf(head, sizeof(head), "$%zu\r\n", len));
	send_all(fd, word, len);
	send_all(fd, "\r\n", 2);
}

/* Reads to the reply of the PING that is behind the command: the end of a reply of whatever kind and length. */
static void skip_to_pong(int fd)
{
	const char pong[] = "+PONG\r\n";
	enum { LEN = sizeof(pong) - 1 };
	char piece[LEN + PIECE];
	size_t kept = 0; /* bytes of the piece before, in case the end is cut in two */

	for (bool first = true;; first = false) {
		size_t len = kept + receive(fd, piece + kept, PIECE);
		if (first && piece[0] == '-')
			die("the command was refused");
		if (len >= LEN && memcmp(piece + len - LEN, pong, LEN) == 0)
			return;
		kept = len < LEN ? len : LEN;
		memmove(piece, piece + len - kept, kept);
	}
}

static void ask_run(int fd, size_t bytes, char **words, int count)
{
	char head[32];
	char *value = malloc(bytes + 1);

	if (value == NULL)
		die("no memory");
	memset(value, 'x', bytes);
	give_way();
	uint64_t began = clock_monotonic_ns();
	send_all(fd, head, (size_t)snprintf(head, sizeof(head), "*%d\r\n", count + (bytes > 0)));
	for (int n = 0; n < count; n++)
		send_word(fd, words[n], strlen(words[n]));
	if (bytes > 0)
		send_word(fd, value, bytes);
	send_all(fd, "PING\r\n", 6);
	skip_to_pong(fd);
	printf("%.3f\n", seconds_since(began));
	free(value);
}

int main(int count, char **arguments)
{
	const char *usage = "usage: latency_probe probe PORT | load PORT KEYS RATE [DEATH] | ask PORT BYTES WORD...";

	if (count < 3)
		die(usage);
	uint16_t port = (uint16_t)parse_number(arguments[2], UINT16_MAX);
	signal(SIGPIPE, SIG_IGN);
	if (strcmp(arguments[1], "probe") == 0 && count == 3) {
		probe_run(port);
	} else if (strcmp(arguments[1], "load") == 0 && (count == 5 || count == 6)) {
		struct load load = {.fd = connect_to(port)};
		load.keys = (uint64_t)parse_number(arguments[3], UINT32_MAX);
		load.rate = (uint64_t)parse_number(arguments[4], UINT32_MAX);
		load.death = count == 6 ? parse_number(arguments[5], INT64_MAX) : 0;
		load_run(&load);
	} else if (strcmp(arguments[1], "ask") == 0 && count >= 5) {
		ask_run(connect_to(port), (size_t)parse_number(arguments[3], UINT32_MAX), arguments + 4, count - 4);
	} else {
		die(usage);
	}
	return EXIT_SUCCESS;
}
