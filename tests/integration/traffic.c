/* The happy path: poll(2) says which way bytes can go, and each byte that comes is compared with what it must be. */
#include "traffic.h"

#include <dirent.h>
#include <errno.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

enum { PIECE = 256 * 1024 }; /* bytes of one recv or send */

/* ---- Making ---- */

char *text_repeat(const char *text, size_t count)
{
	size_t len = strlen(text);
	char *all = malloc(len * count + 1);

	ck_assert_ptr_nonnull(all);
	for (size_t i = 0; i < count; i++)
		memcpy(all + i * len, text, len);
	all[len * count] = '\0';
	return all;
}

char *value_make(size_t len, unsigned version)
{
	char *value = malloc(len + sizeof(uint64_t));

	ck_assert_ptr_nonnull(value);
	for (size_t at = 0; at < len; at += sizeof(uint64_t)) {
		uint64_t word = (at + 1) * 0x9e3779b97f4a7c15u + version;

		memcpy(value + at, &word, sizeof(word));
	}
	return value;
}

static char *payload_make(size_t len)
{
	char *payload = malloc(len + 1);

	ck_assert_ptr_nonnull(payload);
	for (size_t i = 0; i < len; i++)
		payload[i] = (char)('a' + i % 23);
	payload[len] = '\0';
	return payload;
}

/* "$len", the payload and their line ends, behind `before`. */
static char *bulk_make(const char *before, const char *payload)
{
	size_t size = strlen(before) + strlen(payload) + 32;
	char *text = malloc(size);

	ck_assert_ptr_nonnull(text);
	snprintf(text, size, "%s$%zu\r\n%s\r\n", before, strlen(payload), payload);
	return text;
}

/* Takes over `request` and `reply`. */
static struct traffic traffic_make(struct client *client, char *request, char *reply, size_t count)
{
	return (struct traffic){.client = client,
				.request = request,
				.request_len = strlen(request),
				.reply = reply,
				.reply_len = strlen(reply),
				.count = count};
}

struct traffic traffic_echo(struct client *client, size_t payload, size_t count)
{
	char *bytes = payload_make(payload);
	char *request = bulk_make("*2\r\n$4\r\nECHO\r\n", bytes);
	char *reply = bulk_make("", bytes);

	free(bytes);
	return traffic_make(client, request, reply, count);
}

struct traffic traffic_get(struct client *client, struct client *other, size_t payload, size_t count)
{
	char *bytes = payload_make(payload);
	char *request = text_repeat("*2\r\n$3\r\nGET\r\n$7\r\ntraffic\r\n", 1);
	char *reply = bulk_make("", bytes);

	expect(other, "+OK", "SET", "traffic", bytes, NULL);
	free(bytes);
	return traffic_make(client, request, reply, count);
}

void traffic_free(struct traffic *self)
{
	free(self->request);
	free(self->reply);
}

/* ---- Sending and receiving ---- */

static void traffic_send(struct traffic *self)
{
	size_t start = self->sent % self->request_len;
	ssize_t sent = send(client_fd(self->client), self->request + start, self->request_len - start, MSG_DONTWAIT);

	if (sent < 0 && (errno == EAGAIN || errno == EINTR))
		return;
	ck_assert_msg(sent > 0, "send: %s", strerror(errno));
	self->sent += (size_t)sent;
}

static bool traffic_is_sent(const struct traffic *self)
{
	return self->sent == self->request_len * self->count;
}

static bool traffic_is_received(const struct traffic *self)
{
	return self->received == self->reply_len * self->count;
}

void traffic_push(struct traffic *self, int patience_ms)
{
	struct pollfd wait = {.fd = client_fd(self->client), .events = POLLOUT};

	while (!traffic_is_sent(self) && poll(&wait, 1, patience_ms) == 1)
		traffic_send(self);
}

static void traffic_compare(struct traffic *self, const char *bytes, size_t len)
{
	while (len > 0) {
		size_t start = self->received % self->reply_len;
		size_t part = self->reply_len - start < len ? self->reply_len - start : len;

		ck_assert_msg(memcmp(bytes, self->reply + start, part) == 0, "another reply at byte %zu",
			      self->received);
		self->received += part;
		bytes += part;
		len -= part;
	}
}

bool traffic_try_take(struct traffic *self, size_t most)
{
	static char bytes[PIECE];
	size_t left = self->reply_len * self->count - self->received;

	most = most < left ? most : left; /* what comes behind the replies is not ours */
	while (most > 0) {
		ssize_t got = recv(client_fd(self->client), bytes, most < PIECE ? most : PIECE, MSG_DONTWAIT);

		if (got < 0 && (errno == EAGAIN || errno == EINTR))
			return true;
		if (got <= 0)
			return false;
		traffic_compare(self, bytes, (size_t)got);
		most -= (size_t)got;
	}
	return true;
}

void traffic_take(struct traffic *self, size_t most)
{
	ck_assert_msg(traffic_try_take(self, most), "the daemon closed at byte %zu of the replies", self->received);
}

void traffic_finish(struct traffic *self)
{
	while (!traffic_is_received(self)) {
		struct pollfd wait = {.fd = client_fd(self->client), .events = POLLIN};

		if (!traffic_is_sent(self))
			wait.events |= POLLOUT;
		ck_assert_msg(poll(&wait, 1, DEADLINE_MS) == 1, "the daemon neither reads nor writes");
		if (wait.revents & POLLOUT)
			traffic_send(self);
		if (wait.revents & ~POLLOUT)
			traffic_take(self, PIECE);
	}
	ck_assert(traffic_is_sent(self));
}

void value_set(struct client *client, const char *key, const char *value, size_t len)
{
	client_send_arguments(client, 3, (const char *[]){"SET", key, value}, (size_t[]){3, strlen(key), len});
	expect_reply(client, "+OK");
}

void bytes_expect(struct client *client, const char *want, size_t len)
{
	static char bytes[PIECE];

	for (size_t at = 0; at < len;) {
		struct pollfd wait = {.fd = client_fd(client), .events = POLLIN};
		ssize_t got;

		ck_assert_msg(poll(&wait, 1, DEADLINE_MS) == 1, "only %zu of %zu bytes came", at, len);
		got = recv(client_fd(client), bytes, len - at < PIECE ? len - at : PIECE, 0);
		ck_assert_msg(got > 0, "closed after %zu of %zu bytes", at, len);
		ck_assert_msg(memcmp(bytes, want + at, (size_t)got) == 0, "other bytes at %zu of %zu", at, len);
		at += (size_t)got;
	}
}

void value_expect(struct client *client, const char *value, size_t len)
{
	char header[32];

	bytes_expect(client, header, (size_t)snprintf(header, sizeof(header), "$%zu\r\n", len));
	bytes_expect(client, value, len);
	bytes_expect(client, "\r\n", 2);
}

size_t drain_until_closed(struct client *client)
{
	static char bytes[PIECE];
	struct pollfd wait = {.fd = client_fd(client), .events = POLLIN};
	size_t total = 0;

	for (;;) {
		ssize_t got;

		ck_assert_msg(poll(&wait, 1, DEADLINE_MS) == 1, "the daemon did not close");
		got = recv(client_fd(client), bytes, PIECE, 0);
		if (got <= 0)
			return total;
		total += (size_t)got;
	}
}

void expect_end(struct client *client)
{
	struct pollfd wait = {.fd = client_fd(client), .events = POLLIN};
	char byte;
	ssize_t got;

	ck_assert_msg(poll(&wait, 1, DEADLINE_MS) == 1, "the daemon did not close");
	got = recv(client_fd(client), &byte, 1, 0);
	ck_assert_msg(got == 0, "instead of the end came %s", got > 0 ? "a byte" : strerror(errno));
}

/* ---- The machine ---- */

void pace(int milliseconds)
{
	poll(NULL, 0, milliseconds);
}

bool is_sanitized(void)
{
#if defined(DAEMON_IS_SANITIZED)
	return true;
#else
	return false;
#endif
}

void expect_below(struct client *client, const char *field, long long bound)
{
	long long figure = info_number(client, field);

	ck_assert_msg(is_sanitized() || figure < bound, "%s is %lld, not below %lld", field, figure, bound);
}

long long output_waiting(struct client *other, long long id)
{
	char number[32];
	const char *line, *at;

	snprintf(number, sizeof(number), "%lld", id);
	line = client_call(other, "CLIENT", "LIST", "ID", number, NULL);
	at = strstr(line, " omem=");
	return at == NULL ? -1 : atoll(at + strlen(" omem="));
}

size_t server_files(const struct server *server)
{
	char path[64];
	size_t count = 0;
	DIR *directory;

	snprintf(path, sizeof(path), "/proc/%d/fd", (int)server->pid);
	directory = opendir(path);
	if (directory == NULL)
		return 0;
	while (readdir(directory) != NULL)
		count++;
	closedir(directory);
	return count - 2; /* . and .. */
}
