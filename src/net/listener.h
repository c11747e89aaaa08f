/*
 * The listeners: sockets that accept, on worker 0's loop. Private to net/.
 *
 * accept(2) is called here rather than by libuv because of what happens without descriptors: libuv's listener would
 * call back in a loop, or drop clients; this one rests for a moment and leaves them in the backlog.
 */
#ifndef CUBBY_NET_LISTENER_H
#define CUBBY_NET_LISTENER_H

#include <stdbool.h>
#include <uv.h>

#include "base/counter.h"
#include "net/net.h"
#include "net/transport.h"

struct listener {
	struct listener *next;
	struct listeners *all;
	int fd;
	uv_poll_t poll;
	enum transport_kind kind;
};

/* Hands on an accepted client. */
typedef void listener_accepted(struct net *net, int fd, enum transport_kind kind, struct transport_address address);

struct listeners {
	struct net *net;
	uv_loop_t *loop;
	listener_accepted *accepted;
	struct listener *first;
	uv_timer_t rest;       /* runs while accepting rests for want of descriptors */
	int64_t complained_ms; /* loop time of the last log line about that */
	_Atomic int port;      /* TCP; 0 is none. Any thread reads it. */
	char *unix_path;       /* owned; the file we made, or NULL */
};

void listeners_init(struct listeners *listeners, struct net *net, uv_loop_t *loop, listener_accepted *accepted);

/* As net_listen and net_unlisten. */
bool listeners_open(struct listeners *listeners, const struct net_listen_options *options, char *error);
void listeners_close(struct listeners *listeners);

/* Closes the timer, too. */
void listeners_stop(struct listeners *listeners);

#endif
