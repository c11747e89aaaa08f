/* What handlers share: reading arguments and writing the errors that go with them. */
#ifndef CUBBY_COMMAND_ARGUMENTS_H
#define CUBBY_COMMAND_ARGUMENTS_H

#include "command/command.h"

/* Reads argument `index` as an integer; writes "ERR value is not an integer or out of range" and returns false when it
 * is none. */
bool argument_int64(struct command_context *context, size_t index, int64_t *value);

/* Reads argument `index` as the place of a bit in a value. With `width` not 0 it may be "#N": the place of the Nth
 * field of so many bits. Writes "ERR bit offset is not an integer or out of range" and returns false when it is none,
 * or lies behind what proto-max-bulk-len admits. */
bool argument_bit_offset(struct command_context *context, size_t index, unsigned width, uint64_t *offset);

/* Reads argument `index` as an integer of 32 bits; writes the error when it is none. */
bool argument_int32(struct command_context *context, size_t index, int32_t *value);

/* Reads argument `index` as the number of a database; writes the error when there is no such database. */
bool argument_database(struct command_context *context, size_t index, unsigned *db);

/* Reads argument `index` as a number of milliseconds, 0 or more, that `now` can be put forward by; writes the error. */
bool argument_timeout(struct command_context *context, size_t index, int64_t *timeout);

/* Whether argument `index` is `word`, in any case. */
static inline bool argument_is(const struct command_context *context, size_t index, const char *word)
{
	return slice_is_word(context->argv[index], word);
}

/* What a command gives as a time: EX, PX, EXAT, PXAT and the EXPIRE family. */
enum argument_time {
	TIME_SECONDS = 0,      /* from now */
	TIME_MILLISECONDS = 1, /* from now */
	TIME_UNIX = 2,	       /* flag: since 1970 */
};

/*
 * Turns `amount` into Unix time in milliseconds. False, with "ERR invalid expire time in 'NAME' command" written, when
 * the result does not fit. `unit` is a sum of enum argument_time. Zero and negative amounts are the caller's to judge.
 */
bool argument_expiry(struct command_context *context, int64_t amount, int unit, int64_t *expire_at);

/* "ERR invalid expire time in 'NAME' command". */
void argument_error_expiry(struct command_context *context);

/* Checks a key and a value against max-key-size, max-value-size and proto-max-bulk-len; writes the error. */
bool argument_key_fits(struct command_context *context, struct slice key);
bool argument_value_fits(struct command_context *context, size_t len);

enum { ARGUMENT_ECHO_MAX = 128 }; /* bytes of what a client sent that an error repeats, as in Redis */

/* How much of a client's word an error repeats: the length for "%.*s". */
static inline int argument_echo_len(struct slice word)
{
	return word.len < ARGUMENT_ECHO_MAX ? (int)word.len : ARGUMENT_ECHO_MAX;
}

/* "ERR wrong number of arguments for 'NAME' command". */
void argument_error_arity(struct command_context *context);

/* "ERR unknown subcommand 'X'. Try NAME HELP." */
void argument_error_subcommand(struct command_context *context);

/* "ERR unknown subcommand or wrong number of arguments for 'X'. Try NAME HELP." */
void argument_error_usage(struct command_context *context);

/* A HELP reply: the lines that Redis puts before and after `lines` are added. `lines` ends with NULL. */
void argument_reply_help(struct command_context *context, const char *const *lines);

#endif
