/* Signals arrive on worker 0's loop as events (uv_signal_t), so what they start runs like any other callback. */
#include "server/signals.h"

#include <errno.h>
#include <signal.h>
#include <string.h>

#include "base/log.h"
#include "server/config.h"
#include "server/drain.h"

static void on_terminate(uv_signal_t *handle, int number)
{
	struct signals *signals = handle->data;

	drain_signal(signals->drain, number == SIGINT ? "SIGINT" : "SIGTERM");
}

static void on_hangup(uv_signal_t *handle, int number)
{
	struct signals *signals = handle->data;
	const char *logfile = config_text(signals->config, CONFIG_LOGFILE);

	(void)number;
	if (*logfile != '\0' && !log_open(logfile))
		log_event(LOG_WARNING, "cannot open the log file again", LOG_TEXT_FIELD("file", logfile),
			  LOG_TEXT_FIELD("error", strerror(errno)));
	config_reload(signals->config);
}

static void watch(struct signals *signals, uv_loop_t *loop, uv_signal_t *handle, uv_signal_cb callback, int number)
{
	uv_signal_init(loop, handle);
	handle->data = signals;
	uv_signal_start(handle, callback, number);
}

void signals_start(struct signals *signals, uv_loop_t *loop, struct drain *drain, struct config *config)
{
	signals->drain = drain;
	signals->config = config;
	watch(signals, loop, &signals->terminate, on_terminate, SIGTERM);
	watch(signals, loop, &signals->interrupt, on_terminate, SIGINT);
	watch(signals, loop, &signals->hangup, on_hangup, SIGHUP);
}

void signals_stop(struct signals *signals)
{
	uv_close((uv_handle_t *)&signals->terminate, NULL);
	uv_close((uv_handle_t *)&signals->interrupt, NULL);
	uv_close((uv_handle_t *)&signals->hangup, NULL);
}
