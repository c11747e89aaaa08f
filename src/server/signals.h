/* The signals that the daemon obeys: SIGTERM and SIGINT end it, SIGHUP has it read its configuration and open its log
 * again, SIGPIPE is nothing. */
#ifndef CUBBY_SERVER_SIGNALS_H
#define CUBBY_SERVER_SIGNALS_H

#include <uv.h>

struct config;
struct drain;

struct signals {
	uv_signal_t terminate;
	uv_signal_t interrupt;
	uv_signal_t hangup;
	struct drain *drain;
	struct config *config;
};

/* Starts to watch on worker 0's loop. */
void signals_start(struct signals *signals, uv_loop_t *loop, struct drain *drain, struct config *config);

/* Closes the watchers, on worker 0's thread. */
void signals_stop(struct signals *signals);

#endif
