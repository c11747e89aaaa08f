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

/* Reads a length, or the special form that stands in its place; *form is FORM_NONE for a length. */
static bool read_head(struct slice *in, uint64_t *len, unsigned *form)
{
	uint8_t first;
	uint64_t low;

	*form = FORM_NONE;
	*len = 0;
	if (!rdb_read_byte(in, &first))
		return false;
	switch (first & LENGTH_KIND) {
	case LENGTH_6:
		*len = first;
		return true;
	case LENGTH_14:
		if (!read_big(in, 1, &low))
			return false;
		*len = (uint64_t)(first & ~LENGTH_KIND) << 8 | low;
		return true;
	case LENGTH_KIND:
		*form = first & ~(unsigned)LENGTH_KIND;
		return *form < FORM_NONE;
	default:
		return (first == LENGTH_32 && read_big(in, 4, len)) || (first == LENGTH_64 && read_big(in, 8, len));
	}
}

bool rdb_read_length(struct slice *in, uint64_t *len)
{
	unsigned form;

	return read_head(in, len, &form) && form == FORM_NONE;
}

static enum rdb_result read_plain(struct slice *in, uint64_t len, size_t max_len, struct rdb_string *string)
{
	const char *bytes = take(in, len);

	if (bytes == NULL)
		return RDB_BAD;
	string->text = (struct slice){bytes, len};
	return len <= max_len ? RDB_OK : RDB_TOO_LONG;
}

static enum rdb_result read_integer(struct slice *in, enum rdb_form form, struct rdb_string *string)
{
	size_t size = form == FORM_INT8 ? 1 : form == FORM_INT16 ? 2 : 4;
	unsigned unused_bits = 64 - 8 * (unsigned)size;
	const char *bytes = take(in, size);
	int64_t value;

	if (bytes == NULL)
		return RDB_BAD;
	value = (int64_t)(endian_load_little(bytes, size) << unused_bits) >> unused_bits;
	string->text = (struct slice){string->digits, number_print_int64(string->digits, value)};
	return RDB_OK;
}

static enum rdb_result read_compressed(struct slice *in, size_t max_len, struct rdb_string *string)
{
	uint64_t packed_len, len;
	const char *packed;

	if (!rdb_read_length(in, &packed_len) || !rdb_read_length(in, &len))
		return RDB_BAD;
	packed = take(in, packed_len);
	if (packed == NULL || len == 0 || len / LZF_MOST > packed_len || packed_len > UINT32_MAX || len > UINT32_MAX)
		return RDB_BAD;
	string->text.len = len;
	if (len > max_len)
		return RDB_TOO_LONG;
	string->block = block_new(len);
	if (string->block == NULL)
		return RDB_NO_MEMORY;
	if (lzf_decompress(packed, (unsigned)packed_len, string->block->data, (unsigned)len) != len) {
		block_unref(string->block);
		string->block = NULL;
		return RDB_BAD;
	}
	string->block->len = len;
	string->text.data = string->block->data;
	return RDB_OK;
}

enum rdb_result rdb_read_string(struct slice *in, size_t max_len, struct rdb_string *string)
{
	unsigned form;
	uint64_t len;

	string->text = SLICE("");
	string->block = NULL;
	if (!read_head(in, &len, &form))
		return RDB_BAD;
	if (form == FORM_NONE)
		return read_plain(in, len, max_len, string);
	if (form == FORM_LZF)
		return read_compressed(in, max_len, string);
	return read_integer(in, (enum rdb_form)form, string);
}
