/* The pauser: ends CLIENT PAUSE when its time has come. All of it is done on worker 0's thread. */
#ifndef CUBBY_SERVER_PAUSER_H
#define CUBBY_SERVER_PAUSER_H

#include <uv.h>

#include "net/net.h"

struct pauser {
	uv_timer_t timer;
	struct net *net;
};

/* Makes it ready on worker 0's loop; called at boot. */
void pauser_start(struct pauser *pauser, struct net *net);

/* Closes its timer when the loops end. */
void pauser_stop(struct pauser *pauser);

/* A pause has been made, made longer or ended. Any thread. */
void pauser_wake(struct pauser *pauser);

#endif
