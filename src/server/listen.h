/* Listening as the configuration says. */
#ifndef CUBBY_SERVER_LISTEN_H
#define CUBBY_SERVER_LISTEN_H

#include <stdbool.h>

#include "net/net.h"
#include "server/config.h"

/* Starts to listen on all of bind and on the unix socket. `port` is the TCP port; 0 takes the configured one (which may
 * itself be 0: a free one). False: `error` (NET_ERROR_TEXT) says what failed. Worker 0's thread. */
bool listen_start(const struct config *config, struct net *net, int port, char *error);

#endif
