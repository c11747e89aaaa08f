/*
 * The happy path: bind(2), listen(2), and a uv_poll_t that says when somebody is at the door; then accept until nobody
 * is left or it is enough for one wake-up. Without descriptors, accepting rests for REST_MS and tries again.
 */
#include "net/listener.h"

#include <errno.h>
#include <netdb.h>
#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include "base/log.h"
#include "base/platform.h"

enum {
	ACCEPTS_AT_ONCE = 1000, /* Redis's MAX_ACCEPTS_PER_CALL */
	REST_MS = 100,
	COMPLAINT_MS = 1000,
	PORT_TRIES = 20, /* for a free port that is free on every address */
};

/* --- accepting ---------------------------------------------------------------------------------------------------- */

static void listener_ready(uv_poll_t *poll, int status, int events);

static void listeners_wake(uv_timer_t *timer)
{
	struct listeners *listeners = timer->data;

	for (struct listener *l = listeners->first; l != NULL; l = l->next)
		uv_poll_start(&l->poll, UV_READABLE, listener_ready);
}

static void listeners_rest(struct listeners *listeners, int error)
{
	int64_t now = (int64_t)uv_now(listeners->loop);

	if (listeners->complained_ms == 0 || now - listeners->complained_ms >= COMPLAINT_MS) {
		log_event(LOG_WARNING, "cannot accept clients for the moment, they wait in the backlog",
			  LOG_TEXT_FIELD("error", strerror(error)));
		listeners->complained_ms = now;
	}
	for (struct listener *l = listeners->first; l != NULL; l = l->next)
		uv_poll_stop(&l->poll);
	uv_timer_start(&listeners->rest, listeners_wake, REST_MS, 0);
}

static void listener_ready(uv_poll_t *poll, int status, int events)
{
	struct listener *listener = poll->data;
	struct listeners *listeners = listener->all;

	(void)status;
	(void)events;
	for (int i = 0; i < ACCEPTS_AT_ONCE; i++) {
		struct sockaddr_storage from = {.ss_family = AF_UNIX};
		socklen_t len = sizeof(from);
		int fd = platform_accept(listener->fd, (struct sockaddr *)&from, &len);

		if (fd >= 0) {
			if (listener->kind == TRANSPORT_UNIX)
				from.ss_family = AF_UNIX;
			listeners->accepted(listeners->net, fd, listener->kind, transport_address_from(&from));
		} else if (errno == EAGAIN || errno == EWOULDBLOCK) {
			return;
		} else if (errno != EINTR && errno != ECONNABORTED) {
			listeners_rest(listeners, errno);
			return;
		}
	}
}

/* --- opening ------------------------------------------------------------------------------------------------------ */

static void listener_closed(uv_handle_t *handle)
{
	struct listener *listener = handle->data;

	close(listener->fd);
	free(listener);
}

/* Starts to watch a listening socket; takes it over, whatever happens. */
static bool listener_add(struct listeners *listeners, int fd, enum transport_kind kind)
{
	struct listener *listener = calloc(1, sizeof(*listener));

	if (listener == NULL || uv_poll_init(listeners->loop, &listener->poll, fd) != 0) {
		free(listener);
		close(fd);
		return false;
	}
	listener->all = listeners;
	listener->fd = fd;
	listener->kind = kind;
	listener->poll.data = listener;
	listener->next = listeners->first;
	listeners->first = listener;
	uv_poll_start(&listener->poll, UV_READABLE, listener_ready);
	return true;
}

/* A TCP socket that listens on one resolved address. Returns it, or -1 with errno. */
static int tcp_socket(const struct addrinfo *at, int backlog)
{
	int on = 1;
	int fd = platform_socket(at->ai_family, SOCK_STREAM);
	int error;

	if (fd < 0)
		return -1;
	setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof(on));
	if (at->ai_family == AF_INET6)
		setsockopt(fd, IPPROTO_IPV6, IPV6_V6ONLY, &on, sizeof(on));
	if (bind(fd, at->ai_addr, at->ai_addrlen) == 0 && listen(fd, backlog) == 0)
		return fd;
	error = errno;
	close(fd);
	errno = error;
	return -1;
}

static int socket_port(int fd)
{
	struct sockaddr_storage name;
	socklen_t len = sizeof(name);

	if (getsockname(fd, (struct sockaddr *)&name, &len) != 0)
		return 0;
	return transport_address_from(&name).port;
}

/* Listens on one address of the option `bind`. Returns 0 or an errno, and for a name that is none EINVAL. */
static int tcp_listen(struct listeners *listeners, const char *address, int backlog)
{
	struct addrinfo hints = {.ai_family = AF_UNSPEC, .ai_socktype = SOCK_STREAM, .ai_flags = AI_PASSIVE};
	struct addrinfo *found;
	const char *host = address;
	char port[8];
	int result = 0;

	snprintf(port, sizeof(port), "%d", listeners->port);
	if (strcmp(address, "*") == 0)
		host = "0.0.0.0";
	else if (strcmp(address, "::*") == 0)
		host = "::";
	if (getaddrinfo(host, port, &hints, &found) != 0)
		return EINVAL;
	for (const struct addrinfo *at = found; at != NULL && result == 0; at = at->ai_next) {
		int fd = tcp_socket(at, backlog);

		if (fd < 0) {
			result = errno;
		} else {
			if (listeners->port == 0)
				listeners->port = socket_port(fd);
			if (!listener_add(listeners, fd, TRANSPORT_TCP))
				result = ENOMEM;
		}
	}
	freeaddrinfo(found);
	return result;
}

/* Whether an address marked optional may be left out for this reason (Redis's rule). */
static bool address_is_absent(int error)
{
	return error == EADDRNOTAVAIL || error == EAFNOSUPPORT || error == ENOPROTOOPT || error == EPROTONOSUPPORT ||
	       error == ESOCKTNOSUPPORT || error == EPFNOSUPPORT;
}

static int tcp_listen_all(struct listeners *listeners, const struct net_listen_options *options, char *error)
{
	listeners->port = options->port;
	for (size_t i = 0; i < options->address_count; i++) {
		const char *address = options->addresses[i];
		bool optional = address[0] == '-';
		int result = tcp_listen(listeners, address + optional, options->backlog);

		if (result == 0 || (optional && address_is_absent(result)))
			continue;
		snprintf(error, NET_ERROR_TEXT, "cannot listen on %s port %d: %s", address + optional, listeners->port,
			 strerror(result));
		return result;
	}
	if (listeners->first == NULL && options->address_count > 0) {
		snprintf(error, NET_ERROR_TEXT, "cannot listen on any of the addresses given");
		return EADDRNOTAVAIL;
	}
	return 0;
}

/* Removes a socket's file that nobody listens on any more. False when there is somebody, or it is no socket. */
static bool unix_path_clear(const char *path, const struct sockaddr_un *at)
{
	struct stat info;
	int fd;
	bool alive;

	if (lstat(path, &info) != 0)
		return true;
	if (!S_ISSOCK(info.st_mode))
		return false;
	fd = platform_socket(AF_UNIX, SOCK_STREAM);
	if (fd < 0)
		return false;
	alive = connect(fd, (const struct sockaddr *)at, sizeof(*at)) == 0 || errno == EAGAIN;
	close(fd);
	return !alive && unlink(path) == 0;
}

static bool unix_listen(struct listeners *listeners, const struct net_listen_options *options, char *error)
{
	struct sockaddr_un at = {.sun_family = AF_UNIX};
	const char *path = options->unix_path;
	int fd;

	if (strlen(path) >= sizeof(at.sun_path)) {
		snprintf(error, NET_ERROR_TEXT, "unixsocket %s: the path is longer than %zu bytes", path,
			 sizeof(at.sun_path) - 1);
		return false;
	}
	memcpy(at.sun_path, path, strlen(path) + 1);
	if (!unix_path_clear(path, &at)) {
		snprintf(error, NET_ERROR_TEXT, "unixsocket %s: the address is in use", path);
		return false;
	}
	fd = platform_socket(AF_UNIX, SOCK_STREAM);
	if (fd < 0 || bind(fd, (struct sockaddr *)&at, sizeof(at)) != 0) {
		snprintf(error, NET_ERROR_TEXT, "unixsocket %s: %s", path, strerror(errno));
		if (fd >= 0)
			close(fd);
		return false;
	}
	listeners->unix_path = strdup(path);
	if ((options->unix_mode != 0 && chmod(path, options->unix_mode) != 0) || listen(fd, options->backlog) != 0) {
		snprintf(error, NET_ERROR_TEXT, "unixsocket %s: %s", path, strerror(errno));
		close(fd);
		return false;
	}
	if (listener_add(listeners, fd, TRANSPORT_UNIX))
		return true;
	snprintf(error, NET_ERROR_TEXT, "unixsocket %s: out of memory", path);
	return false;
}

/* --- the room's own ----------------------------------------------------------------------------------------------- */

void listeners_init(struct listeners *listeners, struct net *net, uv_loop_t *loop, listener_accepted *accepted)
{
	*listeners = (struct listeners){.net = net, .loop = loop, .accepted = accepted};
	uv_timer_init(loop, &listeners->rest);
	listeners->rest.data = listeners;
}

bool listeners_open(struct listeners *listeners, const struct net_listen_options *options, char *error)
{
	int result = 0;

	/* A port that the system chose for the first address may be taken on the second. */
	for (int i = 0; i < PORT_TRIES && options->port >= 0; i++) {
		result = tcp_listen_all(listeners, options, error);
		if (result != EADDRINUSE || options->port != 0)
			break;
		listeners_close(listeners);
	}
	if (result == 0 &&
	    (options->unix_path == NULL || options->unix_path[0] == '\0' || unix_listen(listeners, options, error)))
		return true;
	listeners_close(listeners);
	return false;
}

void listeners_close(struct listeners *listeners)
{
	uv_timer_stop(&listeners->rest);
	while (listeners->first != NULL) {
		struct listener *listener = listeners->first;

		listeners->first = listener->next;
		uv_close((uv_handle_t *)&listener->poll, listener_closed);
	}
	if (listeners->unix_path != NULL)
		unlink(listeners->unix_path);
	free(listeners->unix_path);
	listeners->unix_path = NULL;
	listeners->port = 0;
}

void listeners_stop(struct listeners *listeners)
{
	listeners_close(listeners);
	uv_close((uv_handle_t *)&listeners->rest, NULL);
}
