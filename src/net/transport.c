/* The happy path: a descriptor that accept(2) gave becomes a libuv stream with TCP_NODELAY and keep-alive probes. */
#include "net/transport.h"

#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <stdio.h>
#include <string.h>
#include <sys/un.h>

#include "base/platform.h"

struct transport_address transport_address_from(const struct sockaddr_storage *from)
{
	struct transport_address address = {.family = (uint8_t)from->ss_family};

	if (from->ss_family == AF_INET) {
		const struct sockaddr_in *in = (const struct sockaddr_in *)from;

		memcpy(address.ip, &in->sin_addr, sizeof(in->sin_addr));
		address.port = ntohs(in->sin_port);
	} else if (from->ss_family == AF_INET6) {
		const struct sockaddr_in6 *in6 = (const struct sockaddr_in6 *)from;

		memcpy(address.ip, &in6->sin6_addr, sizeof(in6->sin6_addr));
		address.port = ntohs(in6->sin6_port);
	}
	return address;
}

bool transport_is_local(const struct transport_address *address)
{
	if (address->family == AF_INET)
		return address->ip[0] == 127;
	if (address->family == AF_INET6) {
		struct in6_addr in6;

		memcpy(&in6, address->ip, sizeof(in6));
		if (IN6_IS_ADDR_V4MAPPED(&in6))
			return address->ip[12] == 127;
		return IN6_IS_ADDR_LOOPBACK(&in6);
	}
	return true;
}

int transport_open(struct transport *transport, uv_loop_t *loop, int fd, enum transport_kind kind, bool *opened)
{
	int error;

	transport->fd = fd;
	*opened = false;
	if (kind == TRANSPORT_UNIX) {
		error = uv_pipe_init(loop, &transport->pipe, 0);
		if (error != 0)
			return error;
		*opened = true;
		return uv_pipe_open(&transport->pipe, fd);
	}
	error = uv_tcp_init(loop, &transport->tcp);
	if (error != 0)
		return error;
	*opened = true;
	error = uv_tcp_open(&transport->tcp, fd);
	if (error == 0)
		uv_tcp_nodelay(&transport->tcp, 1);
	return error;
}

void transport_set_keepalive(struct transport *transport, unsigned seconds)
{
	if (transport->address.family != AF_UNIX)
		platform_set_keepalive(transport_fd(transport), seconds);
}

/*
 * The same as uv_try_write(), which takes some fifty instructions more and write(2)'s way through the file system:
 * doc/performance.md has what that comes to.
 */
ssize_t transport_send(struct transport *transport, uv_buf_t *bufs, unsigned count)
{
	struct msghdr message = {.msg_iov = (struct iovec *)bufs,
				 .msg_iovlen = count}; /* of one layout: libuv says so */
	ssize_t sent;

	do
		sent = count == 1 ? send(transport->fd, bufs[0].base, bufs[0].len, 0)
				  : sendmsg(transport->fd, &message, 0);
	while (sent < 0 && errno == EINTR);
	if (sent >= 0)
		return sent;
	return errno == EAGAIN || errno == EWOULDBLOCK || errno == ENOBUFS ? 0 : uv_translate_sys_error(errno);
}

int transport_fd(const struct transport *transport)
{
	uv_os_fd_t fd;

	return uv_fileno(&transport->handle, &fd) == 0 ? fd : -1;
}

static void address_name(const struct transport_address *address, char *out, size_t size)
{
	char ip[INET6_ADDRSTRLEN] = "?";

	inet_ntop(address->family, address->ip, ip, sizeof(ip));
	snprintf(out, size, address->family == AF_INET6 ? "[%s]:%u" : "%s:%u", ip, address->port);
}

static void unix_name(int fd, char *out, size_t size)
{
	struct sockaddr_un un = {.sun_path = ""};
	socklen_t len = sizeof(un);

	if (getsockname(fd, (struct sockaddr *)&un, &len) != 0 || un.sun_path[0] == '\0')
		snprintf(out, size, "unixsocket:0");
	else
		snprintf(out, size, "%.*s:0", (int)sizeof(un.sun_path), un.sun_path);
}

void transport_names(const struct transport *transport, char *client, char *own, size_t size)
{
	struct sockaddr_storage name = {.ss_family = AF_UNSPEC};
	struct transport_address address;
	socklen_t len = sizeof(name);
	int fd = transport_fd(transport);

	if (transport->address.family == AF_UNIX) {
		unix_name(fd, own, size);
		snprintf(client, size, "%s", own);
		return;
	}
	address_name(&transport->address, client, size);
	getsockname(fd, (struct sockaddr *)&name, &len);
	address = transport_address_from(&name);
	address_name(&address, own, size);
}
