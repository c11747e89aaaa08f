/*
 * Clients of the daemon under test: a blocking socket with a deadline on every wait, a buffer of what has arrived, and
 * the reply at its start as text. Commands are formed by hiredis.
 */
#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <hiredis/hiredis.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "harness.h"
#include "reply_text.h"

enum { ARGUMENTS_MAX = 256 };

struct client {
	struct server *server;
	struct client *next; /* of the server's */
	int fd;
	int protocol;	      /* 2 or 3 */
	bool ended;	      /* the daemon has closed */
	struct text received; /* bytes not read as a reply yet */
	struct text reply;    /* the last reply */
};

/* ---- Opening and closing ---- */

static struct client *client_adopt(struct server *server, int fd)
{
	struct client *self = calloc(1, sizeof(*self));

	ck_assert_ptr_nonnull(self);
	self->server = server;
	self->fd = fd;
	self->protocol = 2;
	self->next = server->clients;
	server->clients = self;
	text_clear(&self->received);
	return self;
}

/* A connected descriptor that no daemon started later inherits; -1 with errno. */
static int socket_connect(const struct sockaddr *address, socklen_t len)
{
	int fd = socket(address->sa_family, SOCK_STREAM, 0), on = 1;

	if (fd < 0)
		return -1;
	fcntl(fd, F_SETFD, FD_CLOEXEC);
	if (connect(fd, address, len) != 0) {
		int reason = errno;

		close(fd);
		errno = reason;
		return -1;
	}
	if (address->sa_family != AF_UNIX)
		setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof(on));
	return fd;
}

static int unix_connect(const char *path)
{
	struct sockaddr_un address = {.sun_family = AF_UNIX};

	ck_assert_uint_lt(strlen(path), sizeof(address.sun_path));
	memcpy(address.sun_path, path, strlen(path) + 1);
	return socket_connect((struct sockaddr *)&address, sizeof(address));
}

static int tcp_connect(const char *host, int port)
{
	struct sockaddr_in v4 = {.sin_family = AF_INET, .sin_port = htons((uint16_t)port)};
	struct sockaddr_in6 v6 = {.sin6_family = AF_INET6, .sin6_port = htons((uint16_t)port)};

	if (inet_pton(AF_INET, host, &v4.sin_addr) == 1)
		return socket_connect((struct sockaddr *)&v4, sizeof(v4));
	ck_assert_msg(inet_pton(AF_INET6, host, &v6.sin6_addr) == 1, "no address: %s", host);
	return socket_connect((struct sockaddr *)&v6, sizeof(v6));
}

struct client *client_open_at(struct server *server, const char *address, int port)
{
	int fd = address[0] == '/' ? unix_connect(address) : tcp_connect(address, port);

	return fd < 0 ? NULL : client_adopt(server, fd);
}

struct client *client_open(struct server *server, int protocol)
{
	struct client *self = client_open_at(server, "127.0.0.1", server->port);

	ck_assert_msg(self != NULL, "connect to port %d: %s", server->port, strerror(errno));
	if (protocol == 3) {
		expect_like(self, "{ *", "HELLO", "3", NULL);
		self->protocol = 3;
	}
	return self;
}

struct client *client_fresh(int protocol)
{
	struct client *self;

	ck_assert_msg(shared != NULL, "the shared daemon did not start");
	self = client_open(shared, protocol);
	expect(self, "+OK", "FLUSHALL", NULL);
	return self;
}

void client_close(struct client *self)
{
	struct client **link = &self->server->clients;

	while (*link != self)
		link = &(*link)->next;
	*link = self->next;
	close(self->fd);
	free(self->received.bytes);
	free(self->reply.bytes);
	free(self);
}

void client_shutdown(struct client *self)
{
	shutdown(self->fd, SHUT_WR);
}

int client_fd(const struct client *self)
{
	return self->fd;
}

long long client_id(struct client *self)
{
	return client_integer(self, "CLIENT", "ID", NULL);
}

struct client **clients_open(struct server *server, size_t count)
{
	struct client **clients = calloc(count, sizeof(struct client *));

	ck_assert_ptr_nonnull(clients);
	for (size_t i = 0; i < count; i++)
		clients[i] = client_open(server, 2);
	for (size_t i = 0; i < count; i++)
		client_send_command(clients[i], "PING", NULL);
	for (size_t i = 0; i < count; i++)
		expect_reply(clients[i], "+PONG");
	return clients;
}

void clients_close(struct client **clients, size_t count)
{
	/* Newest first: that is the order of the server's list. */
	while (count > 0)
		client_close(clients[--count]);
	free(clients);
}

/* ---- Sending ---- */

void client_send(struct client *self, const void *bytes, size_t len)
{
	const char *at = bytes;

	if (len == SIZE_MAX)
		len = strlen(bytes);
	while (len > 0) {
		struct pollfd wait = {.fd = self->fd, .events = POLLOUT};
		ssize_t sent;

		ck_assert_msg(poll(&wait, 1, DEADLINE_MS) == 1, "the daemon does not read");
		sent = send(self->fd, at, len, MSG_DONTWAIT);
		if (sent < 0 && (errno == EAGAIN || errno == EINTR))
			continue;
		/* A daemon that closes while it is sent to is what some tests want: they see it when they read. */
		if (sent < 0 && (errno == EPIPE || errno == ECONNRESET))
			return;
		ck_assert_msg(sent > 0, "send: %s", strerror(errno));
		at += sent;
		len -= (size_t)sent;
	}
}

void client_send_arguments(struct client *self, int count, const char **arguments, const size_t *lens)
{
	char *bytes = NULL;
	int len = redisFormatCommandArgv(&bytes, count, arguments, lens);

	ck_assert_int_gt(len, 0);
	client_send(self, bytes, (size_t)len);
	redisFreeCommand(bytes);
}

static void client_send_list(struct client *self, const char *name, va_list rest)
{
	const char *arguments[ARGUMENTS_MAX];
	int count = 0;

	for (const char *word = name; word != NULL; word = va_arg(rest, const char *)) {
		ck_assert_int_lt(count, ARGUMENTS_MAX);
		arguments[count++] = word;
	}
	client_send_arguments(self, count, arguments, NULL);
}

void client_send_command(struct client *self, const char *name, ...)
{
	va_list rest;

	va_start(rest, name);
	client_send_list(self, name, rest);
	va_end(rest);
}

/* ---- Receiving ---- */

bool client_readable(struct client *self, int milliseconds)
{
	struct pollfd wait = {.fd = self->fd, .events = POLLIN};

	return self->received.len > 0 || poll(&wait, 1, milliseconds) == 1;
}

/* Takes what has arrived, and waits for something until `end`. False when the time is over or the daemon has closed. */
static bool client_fill(struct client *self, int64_t end)
{
	char bytes[65536];
	int64_t left = end - clock_milliseconds();
	struct pollfd wait = {.fd = self->fd, .events = POLLIN};
	ssize_t got;

	if (self->ended || left <= 0 || poll(&wait, 1, (int)left) != 1)
		return false;
	got = recv(self->fd, bytes, sizeof(bytes), 0);
	if (got <= 0) {
		self->ended = true;
		return false;
	}
	text_add(&self->received, bytes, (size_t)got);
	return true;
}

static void client_consume(struct client *self, size_t len)
{
	self->received.len -= len;
	memmove(self->received.bytes, self->received.bytes + len, self->received.len + 1);
}

static void check_with_hiredis(const struct client *self, size_t len)
{
	struct text other = {0};

	reply_text_hiredis(&other, self->received.bytes, len);
	ck_assert_msg(strcmp(self->reply.bytes, other.bytes) == 0, "hiredis reads %s as %s", self->reply.bytes,
		      other.bytes);
	free(other.bytes);
}

/* RESP2 has these types alone; a client may have said HELLO 3 by itself and is then not to be held to it. */
static bool is_resp2(const struct text *reply)
{
	return strpbrk(reply->bytes, "{~>=,#(") == NULL;
}

const char *client_reply(struct client *self)
{
	int64_t end = clock_milliseconds() + DEADLINE_MS;
	size_t len;

	while ((len = reply_text(&self->reply, self->received.bytes, self->received.len)) == 0)
		ck_assert_msg(client_fill(self, end), "%s; of the reply came: %s",
			      self->ended ? "the daemon closed the connection" : "no reply in time",
			      self->received.bytes);
	if (self->protocol == 2 && is_resp2(&self->reply) && self->received.bytes[0] != '_')
		check_with_hiredis(self, len);
	client_consume(self, len);
	return self->reply.bytes;
}

const char *client_call(struct client *self, const char *name, ...)
{
	va_list rest;

	va_start(rest, name);
	client_send_list(self, name, rest);
	va_end(rest);
	return client_reply(self);
}

long long client_integer(struct client *self, const char *name, ...)
{
	const char *reply;
	va_list rest;

	va_start(rest, name);
	client_send_list(self, name, rest);
	va_end(rest);
	reply = client_reply(self);
	ck_assert_msg(reply[0] == ':', "%s: not an integer: %s", name, reply);
	return atoll(reply + 1);
}

/* ---- Expectations ---- */

bool text_like(const char *pattern, const char *text)
{
	const char *star = NULL, *retry = NULL;

	while (*text != '\0') {
		if (*pattern == '*') {
			star = ++pattern;
			retry = text;
		} else if (*pattern == *text) {
			pattern++;
			text++;
		} else if (star != NULL) {
			pattern = star;
			text = ++retry;
		} else {
			return false;
		}
	}
	while (*pattern == '*')
		pattern++;
	return *pattern == '\0';
}

void expect_reply_at(const char *file, int line, struct client *client, const char *want)
{
	const char *got = client_reply(client);

	ck_assert_msg(strcmp(got, want) == 0, "%s:%d: want %s, got %s", file, line, want, got);
}

void expect_at(const char *file, int line, struct client *client, const char *want, const char *name, ...)
{
	const char *got;
	va_list rest;

	va_start(rest, name);
	client_send_list(client, name, rest);
	va_end(rest);
	got = client_reply(client);
	ck_assert_msg(strcmp(got, want) == 0, "%s:%d: %s: want %s, got %s", file, line, name, want, got);
}

void expect_like_at(const char *file, int line, struct client *client, const char *pattern, const char *name, ...)
{
	const char *got;
	va_list rest;

	va_start(rest, name);
	client_send_list(client, name, rest);
	va_end(rest);
	got = client_reply(client);
	ck_assert_msg(text_like(pattern, got), "%s:%d: %s: want %s, got %s", file, line, name, pattern, got);
}

void expect_eventually_at(const char *file, int line, struct client *client, const char *want, const char *name, ...)
{
	int64_t end = clock_milliseconds() + DEADLINE_MS;

	for (;;) {
		const char *got;
		va_list rest;

		va_start(rest, name);
		client_send_list(client, name, rest);
		va_end(rest);
		got = client_reply(client);
		if (strcmp(got, want) == 0)
			return;
		ck_assert_msg(clock_milliseconds() < end, "%s:%d: %s: never %s, at last %s", file, line, name, want,
			      got);
		wait_moment();
	}
}

void expect_bytes_at(const char *file, int line, struct client *client, const void *want, size_t len)
{
	int64_t end = clock_milliseconds() + DEADLINE_MS;

	if (len == SIZE_MAX)
		len = strlen(want);
	while (client->received.len < len)
		ck_assert_msg(client_fill(client, end), "%s:%d: only these bytes came: %s", file, line,
			      client->received.bytes);
	ck_assert_msg(memcmp(client->received.bytes, want, len) == 0, "%s:%d: want %.*s, got %s", file, line, (int)len,
		      (const char *)want, client->received.bytes);
	client_consume(client, len);
}

void expect_closed_at(const char *file, int line, struct client *client)
{
	int64_t end = clock_milliseconds() + DEADLINE_MS;

	while (client_fill(client, end))
		continue;
	ck_assert_msg(client->ended, "%s:%d: the daemon did not close", file, line);
	ck_assert_msg(client->received.len == 0, "%s:%d: before closing came: %s", file, line, client->received.bytes);
}

/* ---- INFO ---- */

/* The value of "field:value" in INFO's text, where lines end with \r\n in the escaped form of a reply; NULL without. */
static const char *info_find(struct client *client, const char *field, size_t *len)
{
	const char *text = client_call(client, "INFO", "EVERYTHING", NULL);
	const char *found, *end;
	char wanted[128];

	snprintf(wanted, sizeof(wanted), "\\n%s:", field);
	found = strstr(text, wanted);
	if (found == NULL)
		return NULL;
	found += strlen(wanted);
	end = strstr(found, "\\r\\n");
	*len = end == NULL ? strlen(found) : (size_t)(end - found);
	return found;
}

bool info_has(struct client *client, const char *field)
{
	size_t len;

	return info_find(client, field, &len) != NULL;
}

void info_text(struct client *client, const char *field, char *value, size_t size)
{
	size_t len = 0;
	const char *found = info_find(client, field, &len);

	ck_assert_msg(found != NULL, "INFO has no %s", field);
	snprintf(value, size, "%.*s", (int)len, found);
}

long long info_number(struct client *client, const char *field)
{
	char value[64];

	info_text(client, field, value, sizeof(value));
	return atoll(value);
}
