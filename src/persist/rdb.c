/*
 * The format, as Redis's rdb.h describes it. The first byte of a length says by its two high bits how to go on:
 *
 *     00xxxxxx  the length is in these 6 bits
 *     01xxxxxx  in these 6 bits and the next byte, 14 bits
 *     10000000  in the next four bytes, the most significant first
 *     10000001  in the next eight bytes, the most significant first
 *     11xxxxxx  no length: a string in the special form x, see enum rdb_form
 *
 * A string is its length and its bytes, or one of the special forms: an integer, the least significant byte first, or
 * LZF: the compressed length, the length, the compressed bytes.
 */
#include "persist/rdb.h"

#include <lzf.h>

#include "base/endian.h"

enum {
	LENGTH_6 = 0x00,
	LENGTH_14 = 0x40,
	LENGTH_32 = 0x80,
	LENGTH_64 = 0x81,
	LENGTH_KIND = 0xc0, /* the two high bits */
	LENGTH_MOST = 9,    /* bytes of the longest */
};

/* Special forms of a string, in the low 6 bits of its first byte. */
enum rdb_form { FORM_INT8, FORM_INT16, FORM_INT32, FORM_LZF, FORM_NONE };

enum {
	COMPRESS_MIN = 21,  /* bytes from which a string is compressed, as in Redis */
	COMPRESS_SAVES = 4, /* bytes that it must save */
	COMPRESS_HEAD = 1 + 2 * LENGTH_MOST,
	/* Bytes that one compressed byte becomes at most: a reference of 3 bytes stands for 264. */
	LZF_MOST = 264 / 3,
	INTEGER_TEXT_MAX = 11, /* bytes of "-2147483648" */
};

/* --- writing ---------------------------------------------------------------------------------------------------- */

/* Returns how many bytes of `out` (LENGTH_MOST) it takes. */
static size_t length_encode(uint8_t *out, uint64_t len)
{
	if (len < 1 << 6) {
		out[0] = (uint8_t)(LENGTH_6 | len);
		return 1;
	}
	if (len < 1 << 14) {
		endian_store_big(out, LENGTH_14 << 8 | len, 2);
		return 2;
	}
	if (len <= UINT32_MAX) {
		out[0] = LENGTH_32;
		endian_store_big(out + 1, len, 4);
		return 5;
	}
	out[0] = LENGTH_64;
	endian_store_big(out + 1, len, 8);
	return 9;
}

void rdb_write_length(struct buffer *out, uint64_t len)
{
	uint8_t bytes[LENGTH_MOST];

	buffer_append(out, bytes, length_encode(bytes, len));
}

/* Writes the text of an integer as one. False when it is none, or needs more than 32 bits. */
static bool write_integer(struct buffer *out, struct slice text)
{
	uint8_t bytes[5] = {LENGTH_KIND | FORM_INT32};
	size_t size = 4;
	int64_t value;

	if (text.len > INTEGER_TEXT_MAX || !number_parse_int64(text, &value) || value != (int32_t)value)
		return false;
	if (value == (int8_t)value) {
		bytes[0] = LENGTH_KIND | FORM_INT8;
		size = 1;
	} else if (value == (int16_t)value) {
		bytes[0] = LENGTH_KIND | FORM_INT16;
		size = 2;
	}
	endian_store_little(bytes + 1, (uint64_t)value, size);
	buffer_append(out, bytes, 1 + size);
	return true;
}

size_t rdb_pack(struct slice text, char *packed)
{
	if (text.len < COMPRESS_MIN || text.len > UINT32_MAX)
		return 0;
	return lzf_compress(text.data, (unsigned)text.len, packed, (unsigned)text.len - COMPRESS_SAVES);
}

void rdb_write_packed_head(struct buffer *out, size_t packed_len, size_t len)
{
	uint8_t head[COMPRESS_HEAD] = {LENGTH_KIND | FORM_LZF};
	size_t head_len = 1;

	head_len += length_encode(head + head_len, packed_len);
	head_len += length_encode(head + head_len, len);
	buffer_append(out, head, head_len);
}

/* The compressed bytes are written behind room for the longest head, and moved up to the head once that is known. */
static bool write_compressed(struct buffer *out, struct slice text)
{
	size_t packed_len;
	char *packed;

	if (text.len < COMPRESS_MIN || !buffer_reserve(out, COMPRESS_HEAD + text.len))
		return false;
	packed = out->data + out->len + COMPRESS_HEAD;
	packed_len = rdb_pack(text, packed);
	if (packed_len == 0)
		return false;
	rdb_write_packed_head(out, packed_len, text.len);
	memmove(out->data + out->len, packed, packed_len);
	out->len += packed_len;
	return true;
}

void rdb_write_string(struct buffer *out, struct slice text, bool compress)
{
	if (write_integer(out, text))
		return;
	if (compress && write_compressed(out, text))
		return;
	rdb_write_length(out, text.len);
	buffer_append_slice(out, text);
}

/* --- reading ---------------------------------------------------------------------------------------------------- */

/* Takes `len` bytes off the input; NULL when it has fewer. */
static const char *take(struct slice *in, uint64_t len)
{
	const char *bytes = in->data;

	if (len > in->len)
		return NULL;
	in->data += len;
	in->len -= len;
	return bytes;
}

bool rdb_read_byte(struct slice *in, uint8_t *byte)
{
	const char *bytes = take(in, 1);

	if (bytes == NULL)
		return false;
	*byte = (uint8_t)*bytes;
	return true;
}

static bool read_big(struct slice *in, size_t size, uint64_t *value)
{
	const char *bytes = take(in, size);

	if (bytes == NULL)
		return false;
	*value = endian_load_big(bytes, size);
	return true;
}

/* Reads the rest of a length of more than six bits. */
static enum rdb_result read_long(struct slice *in, uint8_t first, uint64_t *len)
{
	size_t size = first == LENGTH_32 ? 4 : first == LENGTH_64 ? 8 : 1;

	if ((first & LENGTH_KIND) == LENGTH_32 && size == 1)
		return RDB_BAD;
	if (!read_big(in, size, len))
		return RDB_CUT;
	if (size == 1)
		*len |= (uint64_t)(first & ~LENGTH_KIND) << 8;
	return RDB_OK;
}

/* Reads a length, or the special form that stands in its place; *form is FORM_NONE for a length. */
static enum rdb_result read_head(struct slice *in, uint64_t *len, unsigned *form)
{
	uint8_t first;

	*form = FORM_NONE;
	*len = 0;
	if (!rdb_read_byte(in, &first))
		return RDB_CUT;
	if ((first & LENGTH_KIND) == LENGTH_6) {
		*len = first;
		return RDB_OK;
	}
	if ((first & LENGTH_KIND) != LENGTH_KIND)
		return read_long(in, first, len);
	*form = first & ~(unsigned)LENGTH_KIND;
	return *form < FORM_NONE ? RDB_OK : RDB_BAD;
}

enum rdb_result rdb_read_length(struct slice *in, uint64_t *len)
{
	unsigned form;
	enum rdb_result result = read_head(in, len, &form);

	return result == RDB_OK && form != FORM_NONE ? RDB_BAD : result;
}

static enum rdb_result read_plain(struct slice *in, struct rdb_raw *raw)
{
	const char *bytes = take(in, raw->len);

	raw->form = RDB_PLAIN;
	raw->bytes = bytes == NULL ? *in : (struct slice){bytes, raw->len};
	return bytes == NULL ? RDB_CUT : RDB_OK;
}

static enum rdb_result read_integer(struct slice *in, enum rdb_form form, struct rdb_raw *raw)
{
	size_t size = form == FORM_INT8 ? 1 : form == FORM_INT16 ? 2 : 4;
	unsigned unused_bits = 64 - 8 * (unsigned)size;
	const char *bytes = take(in, size);

	raw->form = RDB_INTEGER;
	if (bytes == NULL)
		return RDB_CUT;
	raw->number = (int64_t)(endian_load_little(bytes, size) << unused_bits) >> unused_bits;
	return RDB_OK;
}

/* The lengths are looked at before the bytes are: nobody is to wait for bytes that no length can be right for. */
static enum rdb_result read_packed(struct slice *in, struct rdb_raw *raw)
{
	uint64_t packed_len;
	enum rdb_result result = rdb_read_length(in, &packed_len);
	const char *packed;

	raw->form = RDB_PACKED;
	if (result == RDB_OK)
		result = rdb_read_length(in, &raw->len);
	if (result != RDB_OK)
		return result;
	if (raw->len == 0 || raw->len / LZF_MOST > packed_len || packed_len > UINT32_MAX || raw->len > UINT32_MAX)
		return RDB_BAD;
	packed = take(in, packed_len);
	if (packed == NULL)
		return RDB_CUT;
	raw->bytes = (struct slice){packed, packed_len};
	return RDB_OK;
}

enum rdb_result rdb_read_raw(struct slice *in, struct rdb_raw *raw)
{
	unsigned form;
	enum rdb_result result = read_head(in, &raw->len, &form);

	raw->bytes = SLICE("");
	raw->form = RDB_INTEGER;
	if (result != RDB_OK)
		return result;
	if (form == FORM_NONE)
		return read_plain(in, raw);
	if (form == FORM_LZF)
		return read_packed(in, raw);
	return read_integer(in, (enum rdb_form)form, raw);
}

bool rdb_unpack(const struct rdb_raw *raw, char *out)
{
	return lzf_decompress(raw->bytes.data, (unsigned)raw->bytes.len, out, (unsigned)raw->len) == raw->len;
}

static enum rdb_result unpack_to_block(const struct rdb_raw *raw, struct rdb_string *string)
{
	struct block *block = block_new(raw->len);

	if (block == NULL)
		return RDB_NO_MEMORY;
	if (!rdb_unpack(raw, block->data)) {
		block_unref(block);
		return RDB_BAD;
	}
	block->len = raw->len;
	string->block = block;
	string->text = (struct slice){block->data, block->len};
	return RDB_OK;
}

enum rdb_result rdb_read_string(struct slice *in, size_t max_len, struct rdb_string *string)
{
	struct rdb_raw raw;
	enum rdb_result result = rdb_read_raw(in, &raw);

	string->text = SLICE("");
	string->block = NULL;
	if (result != RDB_OK)
		return result;
	if (raw.form == RDB_INTEGER) {
		string->text = (struct slice){string->digits, number_print_int64(string->digits, raw.number)};
		return RDB_OK;
	}
	string->text = (struct slice){raw.bytes.data, raw.len};
	if (raw.len > max_len)
		return RDB_TOO_LONG;
	return raw.form == RDB_PACKED ? unpack_to_block(&raw, string) : RDB_OK;
}
