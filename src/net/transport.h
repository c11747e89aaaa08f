/*
 * The transport under a connection: which kind of stream it is, how it is set up and what its ends are called.
 * Private to net/.
 */
#ifndef CUBBY_NET_TRANSPORT_H
#define CUBBY_NET_TRANSPORT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/socket.h>
#include <uv.h>

enum transport_kind { TRANSPORT_TCP, TRANSPORT_UNIX };

/* A client's address, without the 128 bytes of a sockaddr_storage: every connection has one. */
struct transport_address {
	uint8_t ip[16]; /* network order; the first 4 bytes for IPv4 */
	uint16_t port;	/* host order */
	uint8_t family; /* AF_INET, AF_INET6 or AF_UNIX */
};

struct transport {
	union {
		uv_handle_t handle;
		uv_stream_t stream;
		uv_tcp_t tcp;
		uv_pipe_t pipe;
	};
	struct transport_address address;
	int fd; /* the stream's, as long as it is open */
};

struct transport_address transport_address_from(const struct sockaddr_storage *from);

/* Whether the address is of this machine: loopback or a unix socket. */
bool transport_is_local(const struct transport_address *address);

/* Makes the stream for a connected descriptor. On failure (a libuv error code) the descriptor is the caller's, and
 * the handle, if *opened is true, must be closed. */
int transport_open(struct transport *transport, uv_loop_t *loop, int fd, enum transport_kind kind, bool *opened);

/* Sets keep-alive probes after `seconds` of silence; 0 is none. Nothing for a unix socket. */
void transport_set_keepalive(struct transport *transport, unsigned seconds);

/* Sends the bytes of the bufs as far as the kernel takes them without waiting. Returns how many, or a libuv error code.
 * Only while libuv has nothing of its own to write to the stream. */
ssize_t transport_send(struct transport *transport, uv_buf_t *bufs, unsigned count);

/* "1.2.3.4:5", "[::1]:5" or "PATH:0" of the client and of our end, as Redis shows them. Each buffer has `size` bytes.
 * Any thread, as long as the descriptor is open. */
void transport_names(const struct transport *transport, char *client, char *own, size_t size);

/* The descriptor, or -1. */
int transport_fd(const struct transport *transport);

#endif
