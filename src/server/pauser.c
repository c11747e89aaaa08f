/*
 * The happy path: a pause begins, the timer is set to its end, fires, finds nothing left of it and tells every worker
 * to run what has waited. A pause that was made longer meanwhile is found to have something left: the timer is set
 * anew.
 */
#include "server/pauser.h"

#include "base/clock.h"
#include "command/pause.h"

static void on_time(uv_timer_t *timer);

static void pauser_look(struct pauser *pauser)
{
	int64_t left = pause_left(clock_realtime_ms());

	if (left > 0) {
		uv_update_time(pauser->timer.loop);
		uv_timer_start(&pauser->timer, on_time, (uint64_t)left, 0);
	} else {
		uv_timer_stop(&pauser->timer);
		net_resume_postponed(pauser->net);
	}
}

static void on_time(uv_timer_t *timer)
{
	pauser_look(timer->data);
}

static void look_by_mail(uv_loop_t *loop, void *arg)
{
	struct pauser *pauser = arg;

	(void)loop;
	if (!uv_is_closing((uv_handle_t *)&pauser->timer))
		pauser_look(pauser);
}

void pauser_start(struct pauser *pauser, struct net *net)
{
	*pauser = (struct pauser){.net = net};
	uv_timer_init(net_main_loop(net), &pauser->timer);
	pauser->timer.data = pauser;
}

void pauser_stop(struct pauser *pauser)
{
	uv_close((uv_handle_t *)&pauser->timer, NULL);
}

void pauser_wake(struct pauser *pauser)
{
	net_post(pauser->net, 0, look_by_mail, pauser);
}
