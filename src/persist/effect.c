/*
 * Writing one is a few copies into room that was reserved once: it stands between a SET and its reply.
 */
#include "persist/effect.h"

#include "base/number.h"

enum {
	HEADER_TEXT = 1 + NUMBER_INT64_TEXT + 2, /* "$", a number, CRLF */
	FIXED_TEXT = 64,			 /* room for the words of a command that are always the same */
};

void effects_clear(struct effects *effects)
{
	reply_clear(&effects->out);
	effects->count = 0;
	effects->first_db = -1;
	effects->db = -1;
}

void effects_free(struct effects *effects)
{
	reply_free(&effects->out);
	effects_clear(effects);
}

/* --- bytes ------------------------------------------------------------------------------------------------------- */

static char *put(char *at, struct slice bytes)
{
	if (bytes.len > 0)
		memcpy(at, bytes.data, bytes.len);
	return at + bytes.len;
}

/* "$len", CRLF. */
static char *put_length(char *at, size_t len)
{
	*at++ = '$';
	at += number_print_uint64(at, len);
	return put(at, SLICE("\r\n"));
}

static char *put_bulk(char *at, struct slice bytes)
{
	at = put_length(at, bytes.len);
	at = put(at, bytes);
	return put(at, SLICE("\r\n"));
}

static char *put_bulk_int(char *at, int64_t value)
{
	char digits[NUMBER_INT64_TEXT];

	return put_bulk(at, (struct slice){digits, number_print_int64(digits, value)});
}

/* Room for `len` bytes of arguments and what stands around up to four of them. NULL when there is no memory. */
static char *reserve(struct effects *effects, size_t len)
{
	struct buffer *bytes = &effects->out.bytes;

	if (!buffer_reserve(bytes, len + FIXED_TEXT + 4 * HEADER_TEXT))
		return NULL;
	return bytes->data + bytes->len;
}

static void written(struct effects *effects, const char *end)
{
	struct buffer *bytes = &effects->out.bytes;

	bytes->len = (size_t)(end - bytes->data);
}

/* --- the database ------------------------------------------------------------------------------------------------- */

size_t effect_print_select(char *out, unsigned db)
{
	char *at = put(out, SLICE("*2\r\n$6\r\nSELECT\r\n"));

	return (size_t)(put_bulk_int(at, db) - out);
}

static void select_db(struct effects *effects, int db)
{
	char text[EFFECT_SELECT_TEXT];

	if (effects->db == -1)
		effects->first_db = db;
	else
		reply_raw(&effects->out, (struct slice){text, effect_print_select(text, (unsigned)db)});
	effects->db = db;
}

/* An effect on this database follows. */
static inline void begin(struct effects *effects, unsigned db)
{
	effects->count++;
	if (effects->db != (int)db)
		select_db(effects, (int)db);
}

/* --- the effects -------------------------------------------------------------------------------------------------- */

/* A value too large to be copied: its block is written by reference. */
static void set_large(struct effects *effects, const struct entry *entry, struct block *block, int64_t expire_at)
{
	char *at = reserve(effects, entry_key(entry).len);

	if (at == NULL)
		return;
	at = put(at, expire_at != 0 ? SLICE("*5\r\n$3\r\nSET\r\n") : SLICE("*3\r\n$3\r\nSET\r\n"));
	written(effects, put_bulk(at, entry_key(entry)));
	reply_bulk_block(&effects->out, block, 0, block->len);
	if (expire_at == 0)
		return;
	at = reserve(effects, 0);
	if (at != NULL)
		written(effects, put_bulk_int(put(at, SLICE("$4\r\nPXAT\r\n")), expire_at));
}

void effect_set(struct effects *effects, unsigned db, const struct entry *entry)
{
	struct slice key = entry_key(entry);
	struct slice value = entry_value(entry);
	int64_t expire_at = entry_expire_at(entry);
	char *at;

	begin(effects, db);
	if (value.len >= REPLY_BY_REFERENCE) {
		set_large(effects, entry, entry_block(entry), expire_at);
		return;
	}
	at = reserve(effects, key.len + value.len);
	if (at == NULL)
		return;
	at = put(at, expire_at != 0 ? SLICE("*5\r\n$3\r\nSET\r\n") : SLICE("*3\r\n$3\r\nSET\r\n"));
	at = put_bulk(at, key);
	at = put_bulk(at, value);
	if (expire_at != 0)
		at = put_bulk_int(put(at, SLICE("$4\r\nPXAT\r\n")), expire_at);
	written(effects, at);
}

void effect_setrange(struct effects *effects, unsigned db, const struct entry *entry, size_t from, size_t len)
{
	struct slice key = entry_key(entry);
	struct slice part = {entry_value(entry).data + from, len};
	char *at;

	begin(effects, db);
	at = reserve(effects, key.len + part.len);
	if (at == NULL)
		return;
	at = put_bulk(put(at, SLICE("*4\r\n$8\r\nSETRANGE\r\n")), key);
	written(effects, put_bulk(put_bulk_int(at, (int64_t)from), part));
}

void effect_expire(struct effects *effects, unsigned db, const struct entry *entry)
{
	struct slice key = entry_key(entry);
	int64_t expire_at = entry_expire_at(entry);
	char *at;

	begin(effects, db);
	at = reserve(effects, key.len);
	if (at == NULL)
		return;
	if (expire_at == 0)
		at = put_bulk(put(at, SLICE("*2\r\n$7\r\nPERSIST\r\n")), key);
	else
		at = put_bulk_int(put_bulk(put(at, SLICE("*3\r\n$9\r\nPEXPIREAT\r\n")), key), expire_at);
	written(effects, at);
}

void effect_del(struct effects *effects, unsigned db, struct slice key)
{
	char *at;

	begin(effects, db);
	at = reserve(effects, key.len);
	if (at != NULL)
		written(effects, put_bulk(put(at, SLICE("*2\r\n$3\r\nDEL\r\n")), key));
}

void effect_flushdb(struct effects *effects, unsigned db)
{
	begin(effects, db);
	reply_raw(&effects->out, SLICE("*1\r\n$7\r\nFLUSHDB\r\n"));
}

void effect_flushall(struct effects *effects)
{
	effects->count++;
	reply_raw(&effects->out, SLICE("*1\r\n$8\r\nFLUSHALL\r\n"));
}

void effect_swapdb(struct effects *effects, unsigned db, unsigned other)
{
	char *at;

	effects->count++;
	at = reserve(effects, 0);
	if (at != NULL)
		written(effects, put_bulk_int(put_bulk_int(put(at, SLICE("*3\r\n$6\r\nSWAPDB\r\n")), db), other));
}
