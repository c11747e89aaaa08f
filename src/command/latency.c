/*
 * The latency monitor and the commands LATENCY.
 *
 * Each event has a ring of samples: the second in which it happened and how long it took. Of several in one second only
 * the longest is kept, so that 160 samples reach back for a while. The rings have one lock, taken for what was slow and
 * by LATENCY, which works on copies.
 *
 * LATENCY HISTOGRAM shows what command/stats.c has counted of each command. Its bounds are those that Redis takes from
 * HdrHistogram: 1024 ns and its doublings, each with the 1/128 that a bucket of that histogram reaches further.
 */
#include "command/latency.h"

#include <inttypes.h>
#include <math.h>
#include <stdio.h>

#include "base/buffer.h"
#include "base/clock.h"
#include "base/lock.h"
#include "base/settings.h"
#include "command/arguments.h"
#include "command/handlers.h"
#include "command/stats.h"

enum { SAMPLES = 160 };

struct sample {
	int64_t time; /* Unix time in seconds; 0: there is none */
	int64_t ms;
};

/* Of one event. A zeroed one is empty. */
struct series {
	struct sample samples[SAMPLES];
	unsigned next; /* place of the next sample, which is that of the oldest */
	int64_t worst; /* ms, of all since the last reset */
};

static const char *const event_names[LATENCY_EVENTS] = {
	[LATENCY_COMMAND] = "command",
	[LATENCY_FAST_COMMAND] = "fast-command",
	[LATENCY_EXPIRE_CYCLE] = "expire-cycle",
	[LATENCY_EVICTION_CYCLE] = "eviction-cycle",
	[LATENCY_LOOP] = "loop-turn",
};

static struct lock series_lock = {.enabled = true}; /* a leaf */
static struct series all_series[LATENCY_EVENTS];    /* under series_lock */

/* --- the samples ------------------------------------------------------------------------------------------------- */

static void series_add(struct series *series, struct sample sample)
{
	struct sample *last = &series->samples[(series->next + SAMPLES - 1) % SAMPLES];

	if (sample.ms > series->worst)
		series->worst = sample.ms;
	if (last->time == sample.time) {
		if (sample.ms > last->ms)
			last->ms = sample.ms;
		return;
	}
	series->samples[series->next] = sample;
	series->next = (series->next + 1) % SAMPLES;
}

void latency_note(enum latency_event event, int64_t milliseconds, int64_t now_ms)
{
	int64_t threshold = setting_get(&settings.latency_monitor_threshold);

	if (threshold == 0 || milliseconds < threshold)
		return;
	lock_take(&series_lock);
	series_add(&all_series[event], (struct sample){now_ms / 1000, milliseconds});
	lock_release(&series_lock);
}

/* A copy of an event's series with the oldest sample first. Returns how many there are. */
static unsigned series_copy(enum latency_event event, struct sample samples[SAMPLES], int64_t *worst)
{
	unsigned count = 0;

	lock_take(&series_lock);
	for (unsigned i = 0; i < SAMPLES; i++) {
		struct sample sample = all_series[event].samples[(all_series[event].next + i) % SAMPLES];

		if (sample.time != 0)
			samples[count++] = sample;
	}
	*worst = all_series[event].worst;
	lock_release(&series_lock);
	return count;
}

/* Empties a series. False when it was empty. */
static bool series_reset(enum latency_event event)
{
	bool used;

	lock_take(&series_lock);
	used = all_series[event].worst != 0;
	all_series[event] = (struct series){.next = 0};
	lock_release(&series_lock);
	return used;
}

/* The event of this name; LATENCY_EVENTS when there is none. */
static enum latency_event event_find(struct slice name)
{
	int event = 0;

	while (event < LATENCY_EVENTS && !slice_equal(slice_of(event_names[event]), name))
		event++;
	return (enum latency_event)event;
}

/* --- LATEST, HISTORY, RESET -------------------------------------------------------------------------------------- */

void latency_latest_command(struct command_context *context)
{
	struct reply *reply = context->reply;
	struct reply_deferred events = reply_array_begin(reply);
	struct sample samples[SAMPLES];
	size_t shown = 0;

	for (int event = 0; event < LATENCY_EVENTS; event++) {
		int64_t worst;
		unsigned count = series_copy((enum latency_event)event, samples, &worst);

		if (count == 0)
			continue;
		reply_array(reply, 4);
		reply_bulk_text(reply, event_names[event]);
		reply_int(reply, samples[count - 1].time);
		reply_int(reply, samples[count - 1].ms);
		reply_int(reply, worst);
		shown++;
	}
	reply_array_end(reply, events, shown);
}

void latency_history_command(struct command_context *context)
{
	enum latency_event event = event_find(context->argv[2]);
	struct sample samples[SAMPLES];
	unsigned count = 0;
	int64_t worst;

	if (event != LATENCY_EVENTS)
		count = series_copy(event, samples, &worst);
	reply_array(context->reply, count);
	for (unsigned i = 0; i < count; i++) {
		reply_array(context->reply, 2);
		reply_int(context->reply, samples[i].time);
		reply_int(context->reply, samples[i].ms);
	}
}

void latency_reset_command(struct command_context *context)
{
	int64_t reset = 0;

	for (int event = 0; context->argc == 2 && event < LATENCY_EVENTS; event++)
		reset += series_reset((enum latency_event)event);
	for (size_t i = 2; i < context->argc; i++) {
		enum latency_event event = event_find(context->argv[i]);

		reset += event != LATENCY_EVENTS && series_reset(event);
	}
	reply_int(context->reply, reset);
}

/* --- GRAPH ------------------------------------------------------------------------------------------------------- */

enum {
	GRAPH_COLUMNS = 80,
	GRAPH_ROWS = 4,
	ROW_LEVELS = 3, /* how high a column can stand within a row */
	LABEL_TEXT = 24,
};

/* How long ago something was, in its largest unit: 5s, 12m, 3h, 2d. */
static void print_age(int64_t seconds, char label[LABEL_TEXT])
{
	static const struct {
		int64_t seconds;
		char letter;
	} units[] = {{24 * 60 * 60, 'd'}, {60 * 60, 'h'}, {60, 'm'}, {1, 's'}};
	unsigned unit = 0;

	while (unit < 3 && seconds < units[unit].seconds)
		unit++;
	snprintf(label, LABEL_TEXT, "%" PRId64 "%c", seconds / units[unit].seconds, units[unit].letter);
}

/* One row of columns, 0 being the lowest: a bar where the column reaches higher, its top where it ends here. */
static void print_graph_row(const int *levels, unsigned count, int row, struct buffer *out)
{
	static const char tops[] = {'_', 'o', '#'};

	for (unsigned i = 0; i < count; i++) {
		int level = levels[i] - row * ROW_LEVELS;

		buffer_append_char(out, level < 0 ? ' ' : level < ROW_LEVELS ? tops[level] : '|');
	}
	buffer_append_char(out, '\n');
}

/* The labels under the columns, written downwards. */
static void print_graph_labels(const struct sample *samples, unsigned count, int64_t now, struct buffer *out)
{
	char labels[GRAPH_COLUMNS][LABEL_TEXT];
	size_t longest = 0;

	for (unsigned i = 0; i < count; i++) {
		print_age(now > samples[i].time ? now - samples[i].time : 0, labels[i]);
		longest = strlen(labels[i]) > longest ? strlen(labels[i]) : longest;
	}
	for (size_t line = 0; line < longest; line++) {
		buffer_append_char(out, '\n');
		for (unsigned i = 0; i < count; i++)
			buffer_append_char(out, line < strlen(labels[i]) ? labels[i][line] : ' ');
	}
	buffer_append_char(out, '\n');
}

static void print_graph(const struct sample *samples, unsigned count, int64_t low, int64_t high, int64_t now,
			struct buffer *out)
{
	enum { LEVELS = GRAPH_ROWS * ROW_LEVELS };
	int levels[GRAPH_COLUMNS];

	for (unsigned i = 0; i < count; i++) {
		int64_t level = high == low ? 0 : (samples[i].ms - low) * LEVELS / (high - low);

		levels[i] = level < LEVELS ? (int)level : LEVELS - 1;
	}
	for (int row = GRAPH_ROWS - 1; row >= 0; row--)
		print_graph_row(levels, count, row, out);
	print_graph_labels(samples, count, now, out);
}

static void print_graphs(const struct sample *samples, unsigned count, int64_t worst, const char *name, int64_t now,
			 struct buffer *out)
{
	int64_t low = samples[0].ms;
	int64_t high = low;

	for (unsigned i = 1; i < count; i++) {
		low = samples[i].ms < low ? samples[i].ms : low;
		high = samples[i].ms > high ? samples[i].ms : high;
	}
	buffer_printf(out, "%s - high %" PRId64 " ms, low %" PRId64 " ms (all time high %" PRId64 " ms)\n", name, high,
		      low, worst);
	for (unsigned i = 0; i < GRAPH_COLUMNS; i++)
		buffer_append_char(out, '-');
	buffer_append_char(out, '\n');
	for (unsigned at = 0; at < count; at += GRAPH_COLUMNS) {
		unsigned columns = count - at < GRAPH_COLUMNS ? count - at : GRAPH_COLUMNS;

		print_graph(samples + at, columns, low, high, now, out);
	}
}

static void reply_text_buffer(struct reply *reply, struct buffer *text)
{
	if (text->failed)
		reply_error_out_of_memory(reply);
	else
		reply_verbatim(reply, buffer_slice(text), "txt");
	buffer_free(text);
}

void latency_graph_command(struct command_context *context)
{
	struct slice name = context->argv[2];
	enum latency_event event = event_find(name);
	struct sample samples[SAMPLES];
	struct buffer text = {0};
	unsigned count = 0;
	int64_t worst = 0;

	if (event != LATENCY_EVENTS)
		count = series_copy(event, samples, &worst);
	if (count == 0) {
		reply_errorf(context->reply, "ERR No samples available for event '%.*s'", argument_echo_len(name),
			     name.data);
		return;
	}
	print_graphs(samples, count, worst, event_names[event], context->now / 1000, &text);
	reply_text_buffer(context->reply, &text);
}

/* --- DOCTOR ------------------------------------------------------------------------------------------------------ */

/* What an event's samples say together. */
struct diagnosis {
	unsigned spikes;
	int64_t worst;	  /* ms */
	double average;	  /* ms */
	double deviation; /* ms, the mean of what the spikes differ from the average by */
	double period;	  /* seconds from one spike to the next */
};

static struct diagnosis diagnose(const struct sample *samples, unsigned count, int64_t worst, int64_t now)
{
	struct diagnosis diagnosis = {.spikes = count, .worst = worst};
	double sum = 0, deviation = 0;

	for (unsigned i = 0; i < count; i++)
		sum += (double)samples[i].ms;
	diagnosis.average = sum / count;
	for (unsigned i = 0; i < count; i++)
		deviation += fabs((double)samples[i].ms - diagnosis.average);
	diagnosis.deviation = deviation / count;
	diagnosis.period = now > samples[0].time ? (double)(now - samples[0].time) / count : 0;
	return diagnosis;
}

/* What can be done about an event. */
static const char *const advice[LATENCY_EVENTS] = {
	[LATENCY_COMMAND] = "Look at SLOWLOG GET for the slow commands, and use SCAN in place of KEYS.",
	/* the parentheses tell clang that no comma is missing */
	[LATENCY_FAST_COMMAND] = ("Commands that take no time by themselves were slow: their thread may not have had a "
				  "processor (more --threads than cores, swapping, a busy machine), or waited for the "
				  "shards of a command such as FLUSHALL or a long EXEC."),
	[LATENCY_EXPIRE_CYCLE] =
		"Many keys die in the same moment. Spread their times to live, or lower active-expire-effort.",
	[LATENCY_EVICTION_CYCLE] = "Writes must wait until others are evicted: raise maxmemory, or let keys expire.",
	[LATENCY_LOOP] = "A thread was busy for long between two looks at its clients: see the slow commands and the "
			 "size of the pipelines.",
};

static void print_diagnosis(unsigned number, enum latency_event event, const struct diagnosis *diagnosis,
			    struct buffer *out)
{
	buffer_printf(out,
		      "%u. %s: %u latency spikes (average %.0fms, mean deviation %.0fms, period %.2f sec). Worst all "
		      "time event %" PRId64 "ms.\n",
		      number, event_names[event], diagnosis->spikes, diagnosis->average, diagnosis->deviation,
		      diagnosis->period, diagnosis->worst);
}

static void print_advice(const bool *seen, struct buffer *out)
{
	int64_t logged_us = setting_get(&settings.slowlog_log_slower_than);
	int64_t monitored_ms = setting_get(&settings.latency_monitor_threshold);

	buffer_append_text(out, "\nI have a few advices for you:\n\n");
	if (seen[LATENCY_COMMAND] && (logged_us < 0 || logged_us / 1000 > monitored_ms))
		buffer_printf(out,
			      "- The slow log does not have all commands that this monitor sees: 'CONFIG SET "
			      "slowlog-log-slower-than %" PRId64 "'.\n",
			      monitored_ms * 1000);
	for (int event = 0; event < LATENCY_EVENTS; event++) {
		if (seen[event])
			buffer_printf(out, "- %s\n", advice[event]);
	}
}

static void print_nothing_seen(struct buffer *out)
{
	if (setting_get(&settings.latency_monitor_threshold) == 0)
		buffer_append_text(out, "I'm sorry, Dave, I can't do that. Latency monitoring is disabled in this "
					"server. You may use \"CONFIG SET latency-monitor-threshold <milliseconds>.\" "
					"in order to enable it.\n");
	else
		buffer_append_text(out, "Dave, no latency spike was observed since this server was started or reset. I "
					"honestly think you may sit down calmly.\n");
}

static void print_report(int64_t now, struct buffer *out)
{
	struct sample samples[SAMPLES];
	bool seen[LATENCY_EVENTS] = {false};
	unsigned number = 0;

	for (int event = 0; event < LATENCY_EVENTS; event++) {
		int64_t worst;
		unsigned count = series_copy((enum latency_event)event, samples, &worst);
		struct diagnosis diagnosis;

		if (count == 0)
			continue;
		if (number == 0)
			buffer_append_text(out, "Dave, I have observed latency spikes in this server. You don't mind "
						"talking about it, do you Dave?\n\n");
		seen[event] = true;
		diagnosis = diagnose(samples, count, worst, now);
		print_diagnosis(++number, (enum latency_event)event, &diagnosis, out);
	}
	if (number > 0)
		print_advice(seen, out);
	else
		print_nothing_seen(out);
}

void latency_doctor_command(struct command_context *context)
{
	struct buffer text = {0};

	print_report(context->now / 1000, &text);
	reply_text_buffer(context->reply, &text);
}

/* --- HISTOGRAM --------------------------------------------------------------------------------------------------- */

/* Replies how many calls took so long or less, for every bound below which there are more than below the last. */
static void reply_distribution(struct reply *reply, const struct histogram_sum *sum)
{
	struct reply_deferred bounds = reply_array_begin(reply);
	double ticks_per_ns = clock_ticks_per_us() / 1000;
	uint64_t bound = 1024;
	uint64_t seen = 0, shown = 0;
	size_t pairs = 0;
	unsigned bucket = 0;

	for (; shown < sum->total; bound *= 2) {
		uint64_t last_ns = bound + bound / 128 - 1;

		for (; bucket < HISTOGRAM_BUCKETS && (double)histogram_middle(bucket) <= (double)last_ns * ticks_per_ns;
		     bucket++)
			seen += sum->counts[bucket];
		if (seen == shown)
			continue;
		reply_int(reply, (int64_t)(last_ns / 1000));
		reply_int(reply, (int64_t)seen);
		shown = seen;
		pairs++;
	}
	reply_map_end(reply, bounds, pairs);
}

/* Replies a command's histogram. Returns how many that were: 1, or 0 when there is none. */
static size_t reply_histogram(struct reply *reply, const struct command *command)
{
	struct histogram_sum sum;
	char name[COMMAND_NAME_TEXT];

	if (!stats_latency(command->id, &sum))
		return 0;
	reply_bulk_text(reply, command_full_name(command, name));
	reply_map(reply, 2);
	reply_bulk_text(reply, "calls");
	reply_int(reply, (int64_t)sum.total);
	reply_bulk_text(reply, "histogram_usec");
	reply_distribution(reply, &sum);
	return 1;
}

static size_t reply_named_histograms(struct reply *reply, struct slice name)
{
	const struct command *command = command_find_full(name);
	size_t shown;

	if (command == NULL)
		return 0;
	shown = reply_histogram(reply, command);
	for (const struct command *sub = command->subcommands; sub != NULL && sub->name != NULL; sub++)
		shown += reply_histogram(reply, sub);
	return shown;
}

void latency_histogram_command(struct command_context *context)
{
	struct reply_deferred commands = reply_array_begin(context->reply);
	size_t shown = 0;

	for (size_t id = 0; context->argc == 2 && id < command_id_count(); id++)
		shown += reply_histogram(context->reply, command_by_id(id));
	for (size_t i = 2; i < context->argc; i++)
		shown += reply_named_histograms(context->reply, context->argv[i]);
	reply_map_end(context->reply, commands, shown);
}

void latency_help_command(struct command_context *context)
{
	static const char *const lines[] = {
		"DOCTOR",
		"    Return a human readable latency analysis report.",
		"GRAPH <event>",
		"    Return an ASCII latency graph for the <event> class.",
		"HISTORY <event>",
		"    Return time-latency samples for the <event> class.",
		"LATEST",
		"    Return the latest latency samples for all events.",
		"RESET [<event> ...]",
		"    Reset latency data of one or more <event> classes.",
		"    (default: reset all data for all event classes)",
		"HISTOGRAM [COMMAND ...]",
		"    Return a cumulative distribution of latencies in the format of a histogram for the specified "
		"command names.",
		"    If no commands are specified then all histograms are replied.",
		NULL,
	};

	argument_reply_help(context, lines);
}
