/*
 * The happy path: the head's nine bytes are right, then item after item is read off the input: a key, or something that
 * stands where a key's type could (enum rdb_opcode). What an item says of the next key waits in reader->next until that
 * comes. An item that is not in memory to its end (RDB_CUT) is read again when it is; until then nothing has changed.
 * At the end, the sum of all bytes is compared with the file's own.
 *
 * Almost everything can be otherwise: the file may end anywhere, be damaged, or hold what cubby has not. The first such
 * thing ends the reading; the records before it are given out first.
 */
#include "persist/rdb_reader.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "base/endian.h"
#include "persist/file.h"
#include "persist/rdb_names.h"
#include "store/entry.h"

enum {
	HEAD_SIZE = 9, /* "REDIS0010" */
	CHECKSUM_SIZE = 8,
	CHECKSUM_SINCE = 5,	  /* the version that brought it */
	SCRATCH_SIZE = 64 * 1024, /* bytes */
	LARGE_VALUE = 64 * 1024,  /* bytes from which a value is read to where it stays, if it is not in memory yet */
	SHOWN_KEY = 100,	  /* bytes of a key that an error shows */
};

/* How an item ends. */
enum item {
	ITEM_RECORD,
	ITEM_OTHER, /* not a key */
	ITEM_END,   /* of the file */
	ITEM_CUT,   /* more input is needed */
	ITEM_FULL,  /* more scratch is needed */
	ITEM_WRONG, /* reader->error says what; nothing can follow */
};

/* --- errors ------------------------------------------------------------------------------------------------------- */

__attribute__((format(printf, 3, 4))) static enum item wrong(struct rdb_reader *reader, enum rdb_read state,
							     const char *format, ...)
{
	va_list args;

	va_start(args, format);
	vsnprintf(reader->error, sizeof(reader->error), format, args);
	va_end(args);
	reader->error_at = rdb_reader_offset(reader);
	reader->state = state;
	return ITEM_WRONG;
}

static enum item system_wrong(struct rdb_reader *reader, int error)
{
	return wrong(reader, RDB_READ_FAILED, "%s", file_error(error));
}

/* What becomes of an item in which `what` could not be read. */
static enum item not_read(struct rdb_reader *reader, enum rdb_result result, const char *what)
{
	switch (result) {
	case RDB_CUT:
		return ITEM_CUT;
	case RDB_NO_MEMORY:
		return system_wrong(reader, -ENOMEM);
	default:
		return wrong(reader, RDB_READ_CORRUPT, "%s is damaged", what);
	}
}

/* The file ends within an item. */
static enum item too_short(struct rdb_reader *reader)
{
	return wrong(reader, RDB_READ_CORRUPT, "the file ends within what begins here");
}

/* --- strings of a key --------------------------------------------------------------------------------------------- */

/* Room in the scratch for `len` bytes; NULL when that has no more. */
static char *scratch_room(struct rdb_reader *reader, size_t len)
{
	struct block *scratch = reader->scratch;

	return scratch->cap - scratch->len >= len ? scratch->data + scratch->len : NULL;
}

static struct slice scratch_take(struct rdb_reader *reader, size_t len)
{
	struct slice text = {reader->scratch->data + reader->scratch->len, len};

	reader->scratch->len += len;
	return text;
}

/* The text of a string that is not in the file as it is. */
static enum item unpack_to_scratch(struct rdb_reader *reader, const struct rdb_raw *raw, const char *what,
				   struct slice *text)
{
	size_t most = raw->form == RDB_INTEGER ? NUMBER_INT64_TEXT : raw->len;
	char *room = scratch_room(reader, most);

	if (room == NULL)
		return ITEM_FULL;
	if (raw->form == RDB_INTEGER)
		most = number_print_int64(room, raw->number);
	else if (!rdb_unpack(raw, room))
		return not_read(reader, RDB_BAD, what);
	*text = scratch_take(reader, most);
	return ITEM_RECORD;
}

/* ... of a value too large for that, or for being copied. */
static enum item unpack_to_block(struct rdb_reader *reader, const struct rdb_raw *raw, struct rdb_record *record)
{
	struct block *block = block_new(raw->len);

	if (block == NULL)
		return not_read(reader, RDB_NO_MEMORY, "");
	if (!rdb_unpack(raw, block->data)) {
		block_unref(block);
		return not_read(reader, RDB_BAD, "the value of what begins here");
	}
	block->len = raw->len;
	record->block = block;
	record->value = (struct slice){block->data, block->len};
	return ITEM_RECORD;
}

static enum item read_key(struct rdb_reader *reader, struct slice *in, struct slice *key)
{
	struct rdb_raw raw;
	enum rdb_result result = rdb_read_raw(in, &raw);

	if (result != RDB_OK)
		return not_read(reader, result, "the key of what begins here");
	*key = raw.bytes;
	return raw.form == RDB_PLAIN ? ITEM_RECORD
				     : unpack_to_scratch(reader, &raw, "the key of what begins here", key);
}

/* Reads a large value that is only begun in memory. Its key is in memory before it and stays there. */
static enum item read_large(struct rdb_reader *reader, struct slice *in, const struct rdb_raw *raw,
			    struct rdb_record *record)
{
	uint64_t begun_at = rdb_reader_offset(reader);
	int result = 0;

	rdb_input_take(&reader->input, raw->bytes);
	if (rdb_input_may_have(&reader->input, raw->len))
		result = rdb_input_read_block(&reader->input, raw->len, &record->block);
	if (result <= 0) {
		if (result < 0)
			system_wrong(reader, result);
		else
			too_short(reader);
		reader->error_at = begun_at;
		return ITEM_WRONG;
	}
	record->value = (struct slice){record->block->data, record->block->len};
	*in = rdb_input_rest(&reader->input);
	return ITEM_RECORD;
}

static enum item read_value(struct rdb_reader *reader, struct slice *in, struct rdb_record *record)
{
	struct rdb_raw raw;
	enum rdb_result result = rdb_read_raw(in, &raw);

	if (result == RDB_CUT && raw.form == RDB_PLAIN && raw.len >= LARGE_VALUE)
		return read_large(reader, in, &raw, record);
	if (result != RDB_OK)
		return not_read(reader, result, "the value of what begins here");
	record->value = raw.bytes;
	if (raw.form == RDB_PLAIN)
		return ITEM_RECORD;
	if (raw.form == RDB_PACKED && raw.len > ENTRY_INLINE_MAX)
		return unpack_to_block(reader, &raw, record);
	return unpack_to_scratch(reader, &raw, "the value of what begins here", &record->value);
}

/* --- keys --------------------------------------------------------------------------------------------------------- */

static enum item read_record(struct rdb_reader *reader, struct slice *in, struct rdb_record *record)
{
	size_t scratch_len = reader->scratch->len;
	enum item item;

	*record = reader->next;
	item = read_key(reader, in, &record->key);
	if (item == ITEM_RECORD)
		item = read_value(reader, in, record);
	if (item != ITEM_RECORD) {
		reader->scratch->len = scratch_len;
		return item;
	}
	reader->next.expire_at = 0;
	reader->next.idle = RDB_NOT_GIVEN;
	reader->next.freq = RDB_NOT_GIVEN;
	return ITEM_RECORD;
}

/* Names the key of a type that cubby has not, and the type. */
static enum item refuse_type(struct rdb_reader *reader, struct slice *in, unsigned type)
{
	size_t scratch_len = reader->scratch->len;
	char module[RDB_MODULE_NAME] = "";
	struct slice key = SLICE("");
	struct buffer shown = {0};
	enum item item = read_key(reader, in, &key);
	enum rdb_result result = RDB_OK;

	reader->scratch->len = scratch_len;
	if (item != ITEM_RECORD)
		return item;
	if (rdb_type_is_modules(type))
		result = rdb_read_module_name(in, module);
	if (result != RDB_OK)
		return not_read(reader, result, "the value of what begins here");
	buffer_append_quoted(&shown, (struct slice){key.data, key.len < SHOWN_KEY ? key.len : SHOWN_KEY});
	buffer_append_text(&shown, key.len > SHOWN_KEY ? "..." : "");
	wrong(reader, RDB_READ_REFUSED, "the key %.*s in database %u is a %s%s%s (type %u), which cubbyd does not have",
	      (int)shown.len, shown.data, reader->next.db, rdb_type_name(type),
	      *module == '\0' ? "" : " of the module ", module, type);
	buffer_free(&shown);
	return ITEM_WRONG;
}

/* --- what is no key ----------------------------------------------------------------------------------------------- */

/* Reads `count` lengths. */
static enum item read_lengths(struct rdb_reader *reader, struct slice *in, size_t count, uint64_t *lengths)
{
	for (size_t i = 0; i < count; i++) {
		enum rdb_result result = rdb_read_length(in, &lengths[i]);

		if (result != RDB_OK)
			return not_read(reader, result, "the number in what begins here");
	}
	return ITEM_OTHER;
}

static enum item read_db(struct rdb_reader *reader, struct slice *in)
{
	uint64_t db;
	enum item item = read_lengths(reader, in, 1, &db);

	if (item != ITEM_OTHER)
		return item;
	if (db >= reader->databases)
		return wrong(reader, RDB_READ_REFUSED,
			     "keys of database %llu follow, and there are only %u databases (setting databases)",
			     (unsigned long long)db, reader->databases);
	reader->next.db = (unsigned)db;
	return ITEM_OTHER;
}

/* Redis takes -1 for no time. Another one that is not after 1970 is one of a key that is dead, as 1 is. */
static int64_t expire_time(int64_t at)
{
	if (at == -1)
		return 0;
	return at > 0 ? at : 1;
}

static enum item read_expire(struct rdb_reader *reader, struct slice *in, unsigned opcode)
{
	size_t size = opcode == RDB_EXPIRE_MS ? 8 : 4;
	uint64_t bits;

	if (in->len < size)
		return ITEM_CUT;
	bits = endian_load_little(in->data, size);
	in->data += size;
	in->len -= size;
	if (opcode == RDB_EXPIRE_MS)
		reader->next.expire_at = expire_time((int64_t)bits);
	else
		reader->next.expire_at = expire_time((int64_t)(int32_t)bits * 1000);
	return ITEM_OTHER;
}

static enum item read_idle(struct rdb_reader *reader, struct slice *in)
{
	uint64_t idle;
	enum item item = read_lengths(reader, in, 1, &idle);

	if (item == ITEM_OTHER)
		reader->next.idle = idle > INT64_MAX ? INT64_MAX : (int64_t)idle;
	return item;
}

static enum item read_freq(struct rdb_reader *reader, struct slice *in)
{
	uint8_t freq;

	if (!rdb_read_byte(in, &freq))
		return ITEM_CUT;
	reader->next.freq = freq;
	return ITEM_OTHER;
}

static enum item read_sizes(struct rdb_reader *reader, struct slice *in)
{
	uint64_t sizes[2];
	enum item item = read_lengths(reader, in, 2, sizes);

	if (item != ITEM_OTHER)
		return item;
	if (__builtin_add_overflow(reader->facts.keys, sizes[0], &reader->facts.keys))
		reader->facts.keys = UINT64_MAX;
	if (__builtin_add_overflow(reader->facts.keys_that_expire, sizes[1], &reader->facts.keys_that_expire))
		reader->facts.keys_that_expire = UINT64_MAX;
	return ITEM_OTHER;
}

/* Keeps a fact that anybody wants to know; Redis has more, and so may others. */
static void note_fact(struct rdb_facts *facts, struct slice name, struct slice value)
{
	int64_t number = 0;

	number_parse_int64(value, &number);
	if (slice_equal(name, SLICE("redis-ver")) && value.len < sizeof(facts->redis_version)) {
		memcpy(facts->redis_version, value.data, value.len);
		facts->redis_version[value.len] = '\0';
	} else if (slice_equal(name, SLICE("ctime"))) {
		facts->created = number;
	} else if (slice_equal(name, SLICE("used-mem"))) {
		facts->used_memory = number;
	} else if (slice_equal(name, SLICE("aof-base"))) {
		facts->aof_base = number != 0;
	}
}

static enum item read_aux(struct rdb_reader *reader, struct slice *in)
{
	struct rdb_string name, value;
	enum rdb_result result = rdb_read_string(in, SIZE_MAX, &name);

	if (result != RDB_OK)
		return not_read(reader, result, "the name of the aux field that begins here");
	result = rdb_read_string(in, SIZE_MAX, &value);
	if (result == RDB_OK) {
		note_fact(&reader->facts, name.text, value.text);
		block_unref(value.block);
	}
	block_unref(name.block);
	return result == RDB_OK ? ITEM_OTHER : not_read(reader, result, "the aux field that begins here");
}

static enum item refuse_function(struct rdb_reader *reader, struct slice *in)
{
	char name[RDB_LIBRARY_NAME];
	struct rdb_string code;
	enum rdb_result result = rdb_read_string(in, SIZE_MAX, &code);

	if (result != RDB_OK)
		return not_read(reader, result, "the function library that begins here");
	rdb_library_name(code.text, name);
	block_unref(code.block);
	return wrong(reader, RDB_READ_REFUSED, "the function library \"%s\" begins here, and cubbyd has no functions",
		     name);
}

static enum item refuse_module(struct rdb_reader *reader, struct slice *in)
{
	char name[RDB_MODULE_NAME];
	enum rdb_result result = rdb_read_module_name(in, name);

	if (result != RDB_OK)
		return not_read(reader, result, "the module's data that begins here");
	return wrong(reader, RDB_READ_REFUSED, "data of the module \"%s\" begins here, and cubbyd has no modules",
		     name);
}

/* --- the end ------------------------------------------------------------------------------------------------------ */

/* Behind the end's opcode, `in` is the checksum. */
static enum item read_end(struct rdb_reader *reader, struct slice *in)
{
	struct slice checksum = *in;
	uint64_t want;

	if (reader->version >= CHECKSUM_SINCE) {
		if (in->len < CHECKSUM_SIZE)
			return ITEM_CUT;
		in->data += CHECKSUM_SIZE;
		in->len -= CHECKSUM_SIZE;
		rdb_input_take(&reader->input, checksum);
		rdb_input_sum(&reader->input);
		want = endian_load_little(checksum.data, CHECKSUM_SIZE);
		if (want != 0 && want != reader->input.sum)
			return wrong(reader, RDB_READ_CORRUPT,
				     "the checksum here is %016llx, and that of what was read %016llx: something "
				     "before this is damaged",
				     (unsigned long long)want, (unsigned long long)reader->input.sum);
	}
	reader->state = RDB_READ_END;
	return ITEM_END;
}

/* --- items -------------------------------------------------------------------------------------------------------- */

static enum item read_opcode(struct rdb_reader *reader, struct slice *in, unsigned opcode)
{
	uint64_t lengths[3];

	switch (opcode) {
	case RDB_EXPIRE_MS:
	case RDB_EXPIRE_S:
		return read_expire(reader, in, opcode);
	case RDB_IDLE:
		return read_idle(reader, in);
	case RDB_FREQ:
		return read_freq(reader, in);
	case RDB_SELECTDB:
		return read_db(reader, in);
	case RDB_RESIZEDB:
		return read_sizes(reader, in);
	case RDB_AUX:
		return read_aux(reader, in);
	case RDB_SLOT_INFO:
		return read_lengths(reader, in, 3, lengths);
	case RDB_EOF:
		return read_end(reader, in);
	case RDB_FUNCTION:
		return refuse_function(reader, in);
	case RDB_FUNCTION_OLD:
		return wrong(reader, RDB_READ_REFUSED, "functions of a release candidate of Redis 7.0 begin here");
	case RDB_MODULE_AUX:
		return refuse_module(reader, in);
	default:
		break;
	}
	if (rdb_type_name(opcode) != NULL)
		return refuse_type(reader, in, opcode);
	return wrong(reader, RDB_READ_CORRUPT, "the byte here, %u, is no type of a key", opcode);
}

/* Reads one item off `in`, the rest of the input; the record is filled for ITEM_RECORD. */
static inline enum item read_item(struct rdb_reader *reader, struct slice *in, struct rdb_record *record)
{
	unsigned type;

	if (in->len == 0)
		return ITEM_CUT;
	type = (uint8_t)*in->data;
	in->data++;
	in->len--;
	return type == RDB_TYPE_STRING ? read_record(reader, in, record) : read_opcode(reader, in, type);
}

/* "REDIS" and the version in four digits. */
static enum item read_head(struct rdb_reader *reader, struct slice *in)
{
	int64_t version = 0;
	bool digits = true;

	if (in->len < HEAD_SIZE)
		return ITEM_CUT;
	if (memcmp(in->data, "REDIS", 5) != 0)
		return wrong(reader, RDB_READ_CORRUPT, "this is no RDB file: it does not begin with REDIS");
	for (size_t i = 5; i < HEAD_SIZE; i++) {
		digits = digits && in->data[i] >= '0' && in->data[i] <= '9';
		version = 10 * version + (in->data[i] - '0');
	}
	if (!digits || version < 1 || version > RDB_VERSION_NEWEST)
		return wrong(reader, digits ? RDB_READ_REFUSED : RDB_READ_CORRUPT,
			     "the RDB format's version is \"%.4s\", and cubbyd reads 1 to %d", in->data + 5,
			     RDB_VERSION_NEWEST);
	reader->version = (unsigned)version;
	reader->started = true;
	in->data += HEAD_SIZE;
	in->len -= HEAD_SIZE;
	return ITEM_OTHER;
}

/* --- batches ------------------------------------------------------------------------------------------------------ */

bool rdb_reader_init(struct rdb_reader *reader, struct rdb_source source, int64_t size, unsigned databases)
{
	*reader = (struct rdb_reader){
		.databases = databases,
		.state = RDB_READ_RECORDS,
		.next = {.idle = RDB_NOT_GIVEN, .freq = RDB_NOT_GIVEN},
	};
	reader->scratch = block_new(SCRATCH_SIZE);
	return rdb_input_init(&reader->input, source, size) && reader->scratch != NULL;
}

void rdb_reader_free(struct rdb_reader *reader)
{
	rdb_input_free(&reader->input);
	block_unref(reader->scratch);
	reader->scratch = NULL;
}

void rdb_reader_hold(const struct rdb_reader *reader, struct block *held[RDB_READER_HELD])
{
	held[0] = block_ref(reader->input.chunk);
	held[1] = reader->scratch->len > 0 ? block_ref(reader->scratch) : NULL;
}

/* Makes the scratch an empty one of `cap` bytes that nobody holds. */
static bool renew_scratch(struct rdb_reader *reader, size_t cap)
{
	struct block *scratch = reader->scratch;

	if (scratch->cap != cap || block_is_shared(scratch)) {
		scratch = block_new(cap);
		if (scratch == NULL)
			return false;
		block_unref(reader->scratch);
		reader->scratch = scratch;
	}
	scratch->len = 0;
	return true;
}

/* Gets what the first item of a batch lacks. */
static enum item get_more(struct rdb_reader *reader, enum item lack)
{
	int result;

	if (lack == ITEM_FULL)
		return renew_scratch(reader, 2 * reader->scratch->cap) ? ITEM_OTHER : system_wrong(reader, -ENOMEM);
	result = rdb_input_fill(&reader->input);
	if (result < 0)
		return system_wrong(reader, result);
	return result == 0 ? too_short(reader) : ITEM_OTHER;
}

/* Reads items until `max` of them are records or something else than a record is to be done. */
static enum item read_items(struct rdb_reader *reader, struct rdb_record *records, size_t max, size_t *count)
{
	enum item item = ITEM_OTHER;

	while (*count < max) {
		struct slice in = rdb_input_rest(&reader->input);

		item = reader->started ? read_item(reader, &in, &records[*count]) : read_head(reader, &in);
		if (item > ITEM_END)
			break;
		rdb_input_take(&reader->input, in);
		if (item == ITEM_END)
			break;
		*count += item == ITEM_RECORD;
	}
	return item;
}

enum rdb_read rdb_reader_next(struct rdb_reader *reader, struct rdb_record *records, size_t max, size_t *count)
{
	*count = 0;
	if (reader->state == RDB_READ_RECORDS && !renew_scratch(reader, SCRATCH_SIZE))
		system_wrong(reader, -ENOMEM);
	while (reader->state == RDB_READ_RECORDS && *count == 0) {
		enum item item = read_items(reader, records, max, count);

		if (*count == 0 && (item == ITEM_CUT || item == ITEM_FULL))
			get_more(reader, item);
	}
	if (*count == 0)
		return reader->state;
	rdb_input_sum(&reader->input);
	reader->records += *count;
	return RDB_READ_RECORDS;
}
