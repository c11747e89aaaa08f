/*
 * The happy path: a batch of whole units comes from the reader, those of its commands that change something are run by
 * the dispatcher, and the replies are dropped.
 *
 * The dispatcher counts each error with its host. Ours stops the batch there, as a client is stopped that is being
 * closed, so the command that failed is the last one that was run and its error the last line of the reply.
 */
#include "server/replay.h"

#include <assert.h>
#include <stdio.h>
#include <stdlib.h>

#include "persist/aof_reader.h"
#include "persist/file.h"

static_assert((int)AOF_READER_BATCH <= (int)DISPATCH_BATCH, "a batch of the reader is one of the dispatcher");

static void host_count_error(struct command_host *host, struct slice code)
{
	struct replay *replay = (struct replay *)host;

	(void)code;
	replay->failed = true;
	session_mark(&replay->session, SESSION_CLOSING);
}

static void session_close(struct session *session)
{
	session_mark(session, SESSION_CLOSING);
}

/* For the slow log. */
static void session_tell(const struct session *session, struct session_peer *peer)
{
	(void)session;
	snprintf(peer->addr, sizeof(peer->addr), "append-only file");
}

static const struct session_ops ops = {.close = session_close, .describe = session_tell};

bool replay_init(struct replay *replay, struct keyspace *keyspace)
{
	*replay = (struct replay){.host = {.count_error = host_count_error}};
	replay->session.ops = &ops;
	atomic_init(&replay->session.protocol, 2);
	session_mark(&replay->session, SESSION_REPLAYS | SESSION_AUTHENTICATED);
	return dispatcher_init(&replay->dispatcher, keyspace, &replay->host);
}

void replay_free(struct replay *replay)
{
	dispatcher_free(&replay->dispatcher);
	reply_free(&replay->reply);
}

/* --- faults ------------------------------------------------------------------------------------------------------- */

static bool fail_at(struct load_fault *fault, uint64_t offset, bool damaged, const char *error)
{
	snprintf(fault->error, sizeof(fault->error), "%s", error);
	fault->offset = offset;
	fault->damaged = damaged;
	return false;
}

/* The last line of what was replied, without its end. */
static struct slice last_line(const struct reply *reply)
{
	struct slice line = {reply->bytes.data, reply->bytes.len};
	size_t start = line.len < 2 ? 0 : line.len - 2;

	while (start > 0 && line.data[start - 1] != '\n')
		start--;
	line.data += start;
	line.len -= start < line.len ? start : line.len;
	return line.len > 2 ? (struct slice){line.data + 1, line.len - 3} : (struct slice){"", 0};
}

static bool fail_command(struct load_fault *fault, uint64_t offset, struct slice name, struct slice why)
{
	char error[LOAD_FAULT_TEXT];

	snprintf(error, sizeof(error), "the command '%.*s' %.*s", name.len < 64 ? (int)name.len : 64, name.data,
		 (int)why.len, why.data);
	return fail_at(fault, offset, false, error);
}

/* --- running ------------------------------------------------------------------------------------------------------ */

/* The row of a command; NULL when cubby has none. A library of functions, say, is a subcommand that it has not. */
static const struct command *row_of(const struct resp_request *request)
{
	const struct command *command = command_find(request->argv[0]);

	if (command == NULL || command->subcommands == NULL || request->argc < 2)
		return command;
	return command_find_subcommand(command, request->argv[1]);
}

/* Whether a command changes keys, or says of which database. Others may stand in a file, but do nothing. */
static bool is_for_keys(const struct command *command)
{
	return (command->flags & COMMAND_WRITE) != 0 || command == command_find(SLICE("select"));
}

/* Takes out of the batch what does nothing. False when there is something that cubby has not: *fault says what. */
static bool batch_sift(struct aof_reader *reader, struct load_fault *fault)
{
	size_t kept = 0;

	for (size_t i = 0; i < reader->count; i++) {
		struct resp_request request = reader->requests[i];
		const struct command *command = row_of(&request);

		if (command == NULL)
			return fail_command(fault, reader->offsets[i], request.argv[0],
					    SLICE("is none that cubbyd has"));
		if (!is_for_keys(command)) {
			resp_request_release(&reader->requests[i]);
			continue;
		}
		reader->offsets[kept] = reader->offsets[i];
		if (kept != i) {
			reader->requests[kept] = request;
			reader->requests[i] = (struct resp_request){0};
		}
		kept++;
	}
	reader->count = kept;
	return true;
}

static bool batch_run(struct replay *replay, struct aof_reader *reader, int64_t now, struct load_fault *fault)
{
	size_t done;

	if (!batch_sift(reader, fault))
		return false;
	done = dispatch_batch(&replay->dispatcher, &replay->session, reader->requests, reader->count, now,
			      &replay->reply, SIZE_MAX);
	if (replay->failed) {
		struct slice name = resp_request_glimpse(&reader->requests[done - 1], 0);
		char why[LOAD_FAULT_TEXT];
		struct slice error = last_line(&replay->reply);

		snprintf(why, sizeof(why), "failed: %.*s", (int)error.len, error.data);
		return fail_command(fault, reader->offsets[done - 1], name, slice_of(why));
	}
	if (reply_failed(&replay->reply))
		return fail_at(fault, reader->offsets[0], false, "out of memory");
	reply_clear(&replay->reply);
	return true;
}

struct source {
	int fd;
	uint64_t left; /* bytes to read */
};

static int64_t source_read(void *arg, char *bytes, size_t room)
{
	struct source *source = arg;
	int64_t got = file_read(source->fd, bytes, room < source->left ? room : (size_t)source->left);

	if (got > 0)
		source->left -= (uint64_t)got;
	return got;
}

/* What there is to say when the reader gives nothing more. */
static bool reader_over(const struct aof_reader *reader, enum aof_read result, struct load_fault *fault)
{
	if (result == AOF_READ_END || result == AOF_READ_TRUNCATED)
		return true;
	return fail_at(fault, reader->error_at, result == AOF_READ_CORRUPT, reader->error);
}

static bool reader_run(struct replay *replay, struct aof_reader *reader, const struct replay_file *file,
		       struct load_fault *fault)
{
	uint64_t before = atomic_load_explicit(&file->progress->done, memory_order_relaxed) - file->at;
	enum aof_read result;

	while ((result = aof_reader_next(reader)) == AOF_READ_COMMANDS) {
		if (atomic_load_explicit(&file->progress->stop, memory_order_relaxed))
			return fail_at(fault, reader->at, false, "stopped");
		if (!batch_run(replay, reader, file->now, fault))
			return false;
		atomic_store_explicit(&file->progress->done, before + reader->at, memory_order_relaxed);
		load_progress_delay(file->progress, reader->count);
	}
	return reader_over(reader, result, fault);
}

bool replay_run(struct replay *replay, const struct replay_file *file, uint64_t *valid, struct load_fault *fault)
{
	struct source source = {file->fd, file->size - file->at};
	struct aof_reader *reader = malloc(sizeof(*reader));
	bool good;

	if (reader == NULL)
		return fail_at(fault, 0, false, "out of memory");
	atomic_store(&replay->session.db, 0);
	if (aof_reader_init(reader, &(struct aof_source){source_read, &source}, file->at, 0))
		good = reader_run(replay, reader, file, fault);
	else
		good = fail_at(fault, 0, false, "out of memory");
	*valid = reader->valid;
	aof_reader_free(reader);
	free(reader);
	return good;
}
