/*
 * Ten times a second the memory of all clients is looked at, if it has a limit, and the counters of all workers are
 * summed, and what they have grown by becomes one sample of a rate. So does what clients take of memory. Once a second
 * memory is looked at; every five seconds the number of clients is logged if it has changed.
 */
#include "server/meter.h"

#include "base/clock.h"
#include "base/log.h"
#include "base/platform.h"
#include "net/crowd.h"

enum {
	TICK_MS = 100,
	MEMORY_TICKS = 10,     /* ticks between two looks at memory */
	CLIENTS_TICKS = 50,    /* ticks between two log lines about clients */
	UNKNOWN_MEMORY = 4096, /* bytes taken for what the daemon takes at the start, at least */
};

static const uint64_t second_ns = 1000 * 1000 * 1000;

static void rate_sample(struct meter_rate *rate, uint64_t value, uint64_t elapsed_ns)
{
	uint64_t grown = value >= rate->last ? value - rate->last : 0; /* CONFIG RESETSTAT sets figures back */
	uint64_t sum = 0;

	rate->last = value;
	rate->samples[rate->at] = (uint64_t)((double)grown * (double)second_ns / (double)elapsed_ns);
	rate->at = (rate->at + 1) % METER_SAMPLES;
	for (unsigned i = 0; i < METER_SAMPLES; i++)
		sum += rate->samples[i];
	counter_set(&rate->average, sum / METER_SAMPLES);
}

uint64_t meter_used_memory(const struct meter *meter)
{
	int64_t used = keyspace_used(meter->keyspace);

	return used > 0 ? (uint64_t)used : 0;
}

/* Tells the keyspace what else counts towards maxmemory. */
static void note_clients(struct meter *meter, const struct net_figures *figures)
{
	keyspace_set_outside(meter->keyspace, meter->startup_memory + (int64_t)figures->client_memory);
}

static void note_memory(struct meter *meter)
{
	uint64_t used = meter_used_memory(meter);

	if (used > counter_get(&meter->peak_memory))
		counter_set(&meter->peak_memory, used);
}

static void log_clients(struct meter *meter, uint64_t clients)
{
	if (clients == meter->logged_clients)
		return;
	meter->logged_clients = clients;
	log_event(LOG_NOTICE, "clients connected", LOG_INT("clients", clients));
}

static void on_tick(uv_timer_t *timer)
{
	struct meter *meter = timer->data;
	uint64_t now_ns = clock_monotonic_ns();
	uint64_t elapsed_ns = now_ns - meter->sampled_ns;
	struct net_figures figures;

	if (elapsed_ns == 0)
		return;
	meter->sampled_ns = now_ns;
	net_figures(meter->net, &figures);
	note_clients(meter, &figures);
	rate_sample(&meter->commands, figures.commands, elapsed_ns);
	rate_sample(&meter->input_bytes, figures.input_bytes, elapsed_ns);
	rate_sample(&meter->output_bytes, figures.output_bytes, elapsed_ns);
	meter->ticks++;
	if (crowd_limit() != 0)
		crowd_shrink(crowd_limit());
	if (meter->ticks % MEMORY_TICKS == 0)
		note_memory(meter);
	if (meter->ticks % CLIENTS_TICKS == 0)
		log_clients(meter, figures.clients);
}

void meter_start(struct meter *meter, struct net *net, struct keyspace *keyspace)
{
	*meter = (struct meter){.net = net, .keyspace = keyspace, .sampled_ns = clock_monotonic_ns()};
	meter->startup_memory = (int64_t)platform_allocated_bytes() - keyspace_bytes(keyspace);
	if (meter->startup_memory < UNKNOWN_MEMORY) /* not every allocator can be asked */
		meter->startup_memory = UNKNOWN_MEMORY;
	keyspace_set_outside(keyspace, meter->startup_memory);
	note_memory(meter);
	uv_timer_init(net_main_loop(net), &meter->timer);
	meter->timer.data = meter;
	uv_timer_start(&meter->timer, on_tick, TICK_MS, TICK_MS);
}

void meter_stop(struct meter *meter)
{
	uv_close((uv_handle_t *)&meter->timer, NULL);
}
