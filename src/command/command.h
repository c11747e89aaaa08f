/*
 * Commands: the table's rows and what a handler is given.
 *
 * A handler runs to its end under the locks that the dispatcher took for the keys its row names. It neither locks nor
 * blocks nor asks for the time; it reads its arguments, changes the keyspace and writes one reply. The exception are
 * the few that go over all keys (COMMAND_LOCK_EACH): they lock the shards one after the other, and KEYS may leave the
 * rest of its work, and its reply, to a session_task.
 */
#ifndef CUBBY_COMMAND_COMMAND_H
#define CUBBY_COMMAND_COMMAND_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/counter.h"
#include "base/random.h"
#include "base/slice.h"
#include "resp/decoder.h"
#include "resp/reply.h"
#include "session/session.h"
#include "store/keyspace.h"

struct command_context;
struct command_stats;
struct command_host;
struct dispatcher;

/* Flags: Redis's own, as COMMAND INFO shows them, and (from COMMAND_SUBSCRIBER on) what the gate and the dispatcher
 * need. */
enum command_flag {
	COMMAND_WRITE = 1 << 0,
	COMMAND_READONLY = 1 << 1,
	COMMAND_DENYOOM = 1 << 2,
	COMMAND_ADMIN = 1 << 3,
	COMMAND_NOSCRIPT = 1 << 4,
	COMMAND_LOADING = 1 << 5,
	COMMAND_STALE = 1 << 6,
	COMMAND_FAST = 1 << 7,
	COMMAND_NO_AUTH = 1 << 8,
	COMMAND_ALLOW_BUSY = 1 << 9,
	COMMAND_SKIP_MONITOR = 1 << 10,
	COMMAND_SKIP_SLOWLOG = 1 << 11,
	COMMAND_NO_ASYNC_LOADING = 1 << 12,
	COMMAND_NO_MULTI = 1 << 13,
	COMMAND_BLOCKING = 1 << 14,	 /* may block its client: see session_wait */
	COMMAND_MAY_REPLICATE = 1 << 15, /* writes nothing itself, but others must hear of it: PUBLISH */
	COMMAND_PUBSUB = 1 << 16,
	COMMAND_SUBSCRIBER = 1 << 23, /* a RESP2 client that has subscribed may run it */
	COMMAND_LOCK_ALL = 1 << 24,   /* touches keys that its arguments do not name: every shard is locked */
	/* Reads shards that its arguments do not name: it locks them itself, one at a time, unless it is to be done at
	 * once. */
	COMMAND_LOCK_EACH = 1 << 25,
	COMMAND_UNQUEUED = 1 << 26,	/* runs at once though a transaction is open */
	COMMAND_NO_TOUCH = 1 << 27,	/* asks about keys, which is no use of them */
	COMMAND_ALWAYS_TOUCH = 1 << 28, /* ... is one, even by a client that said CLIENT NO-TOUCH */
	COMMAND_GUARDED = 1 << 29,	/* DEBUG: enable-debug-command must allow it */
	COMMAND_PUSHES = 1 << 30,	/* what it writes are pushes, which CLIENT REPLY OFF does not withdraw */
};

/* ACL categories, as ACL CAT names them (without the @). */
enum command_category {
	CATEGORY_KEYSPACE = 1 << 0,
	CATEGORY_READ = 1 << 1,
	CATEGORY_WRITE = 1 << 2,
	CATEGORY_STRING = 1 << 3,
	CATEGORY_ADMIN = 1 << 4,
	CATEGORY_FAST = 1 << 5,
	CATEGORY_SLOW = 1 << 6,
	CATEGORY_DANGEROUS = 1 << 7,
	CATEGORY_CONNECTION = 1 << 8,
	CATEGORY_BLOCKING = 1 << 9,
	CATEGORY_TRANSACTION = 1 << 10,
	CATEGORY_BITMAP = 1 << 11,
	CATEGORY_PUBSUB = 1 << 12,
	CATEGORY_SCRIPTING = 1 << 13,
};

typedef void command_handler(struct command_context *context);

/* What a command does to a key, as the key specifications of COMMAND INFO name it: one of the first four (the value and
 * its metadata as a whole), and any of the others (the user's data in it). */
enum command_key_flag {
	KEY_RO = 1 << 0,
	KEY_RW = 1 << 1,
	KEY_OW = 1 << 2, /* overwritten, whatever was there */
	KEY_RM = 1 << 3,
	KEY_ACCESS = 1 << 4,
	KEY_UPDATE = 1 << 5,
	KEY_INSERT = 1 << 6,
	KEY_DELETE = 1 << 7,
	KEY_VARIABLE_FLAGS = 1 << 8, /* depends on the other arguments */
	KEY_NOT_KEY = 1 << 9,	     /* no key, but would be one to a cluster that asks who serves it */
};

/* What a command with KEY_VARIABLE_FLAGS does to its key, given these words. */
typedef uint32_t command_key_flags(const struct slice *argv, size_t argc);

/* Where the keys are, as Redis's COMMAND shows it: argument numbers, the name being 0. first 0: there are no keys.
 * last -1: up to the last argument. step: from one key to the next. */
struct command_keys {
	int first;
	int last;
	int step;
	uint32_t flags;		     /* enum command_key_flag */
	uint32_t second_flags;	     /* of the second key, when it has flags of its own (RENAME); else 0 */
	const char *notes;	     /* why the flags are what they are, or NULL */
	command_key_flags *flags_of; /* NULL: it does always what `flags` say */
};

/* One row of the table (command/table.c). */
struct command {
	const char *name;	  /* lower case; a subcommand's is the second word alone */
	command_handler *handler; /* NULL for a container whose subcommands do the work */
	int arity;		  /* words, the name(s) counted; negative: at least so many */
	uint32_t flags;		  /* enum command_flag */
	struct command_keys keys;
	uint32_t categories; /* enum command_category; those that follow from the flags are added at boot */
	const char *group;   /* as COMMAND DOCS names it: "string", "generic", "pubsub" */
	const char *since;   /* Redis's version that introduced it, or Valkey's from 8.1 on */
	const char *complexity;
	const char *summary;
	const char *history;	      /* what came later: lines of a version, a space and a sentence; NULL: nothing */
	const char *deprecated_since; /* Redis's version, or NULL */
	const char *replaced_by;      /* what to use instead, when it is deprecated */
	const char *differs; /* how it is unlike Redis's, in a sentence for doc/commands.md; NULL: in nothing */
	const struct command_arg *args; /* for COMMAND DOCS, ended by a row without a name; NULL is none */
	const char *tips;		/* for COMMAND INFO, parted by spaces; NULL is none */
	struct command *subcommands;	/* ended by a row without a name; NULL when it is no container */
	uint16_t id;			/* place in the per-worker statistics; given at boot by command_table_init */
	const struct command *parent;	/* of a subcommand; set at boot */
};

/* What COMMAND DOCS says of an argument. */
struct command_arg {
	const char *name;
	const char *
		type; /* "key", "string", "integer", "double", "unix-time", "pattern", "pure-token", "oneof", "block" */
	const char *token;		/* the literal word before it, or NULL */
	uint32_t flags;			/* enum command_arg_flag */
	const char *since;		/* Redis's version, when it came after the command */
	const char *deprecated_since;	/* or NULL */
	const struct command_arg *args; /* of a "oneof" or a "block" */
};

enum command_arg_flag { ARG_OPTIONAL = 1, ARG_MULTIPLE = 2, ARG_MULTIPLE_TOKEN = 4 };

/* What a handler is given. Valid during the call. */
struct command_context {
	struct session *session;
	const struct slice *argv; /* argv[0] is the name; of a subcommand argv[1] is the second word */
	size_t argc;
	const struct key *keys; /* of the keys that the row names, in order; their shards are locked */
	size_t key_count;
	struct resp_request *request; /* for taking the block of a large argument */
	struct reply *reply;
	int64_t now; /* Unix time in milliseconds, the same for all commands of a wake-up */
	unsigned db; /* the session's */
	struct keyspace *keyspace;
	const struct command *command;
	struct command_stats *stats; /* the worker's, of this command (command/stats.h) */
	/* EXEC runs it: the reply must be there when the handler returns, and what its row says of locks has been done
	 * (COMMAND_LOCK_EACH: every shard is locked). */
	bool at_once;
	bool goes_on; /* set by a handler: a session_task does the rest, and will tell how long it took in all */
	bool special; /* what gate_is_special() said when the command's turn came */
	struct command_host *host;
	struct random *random;	       /* the worker's */
	struct dispatcher *dispatcher; /* the worker's, for EXEC */
};

/* Whether arguments of the command are keys of the keyspace. */
static inline bool command_has_keys(const struct command *command)
{
	return command->keys.first > 0 && (command->keys.flags & KEY_NOT_KEY) == 0;
}

/* Makes the lookup structure and gives out ids. Called once at boot. */
void command_table_init(void);

/* The row of `name` (any case), or NULL. */
const struct command *command_find(struct slice name);

/* The subcommand of a container, or NULL. */
const struct command *command_find_subcommand(const struct command *container, struct slice name);

/* The row of a command's full name, such as "get" or "config|get", or NULL. */
const struct command *command_find_full(struct slice name);

/* Where the keys of a request with `argc` arguments are: every `step`th from *first to *last. False when it has none.
 */
bool command_key_range(const struct command *command, size_t argc, size_t *first, size_t *last);

/* Every row, ended by one without a name; and how many ids there are, subcommands counted. */
const struct command *command_table(void);
size_t command_id_count(void);

/* The row with this id; subcommands included. */
const struct command *command_by_id(size_t id);

enum { COMMAND_NAME_TEXT = 64 }; /* bytes of a command's full name, with a NUL, at most */

/* "client|list" for a subcommand, else the name. `out` has COMMAND_NAME_TEXT bytes. Returns out. */
const char *command_full_name(const struct command *command, char *out);

#endif
