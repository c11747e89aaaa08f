#include "persist/rdb_names.h"

#include <string.h>

/* By the numbers of Redis's rdb.h. 8 was never used. */
static const char *const type_names[] = {
	"string", "list",   "set", "sorted set", "hash", "sorted set", "value",	 "value", NULL,
	"hash",	  "list",   "set", "sorted set", "hash", "list",       "stream", "hash",  "sorted set",
	"list",	  "stream", "set", "stream",	 "hash", "hash",       "hash",	 "hash",
};

enum { TYPES = sizeof(type_names) / sizeof(type_names[0]), MODULE_OLD = 6, MODULE = 7 };

const char *rdb_type_name(unsigned type)
{
	return type < TYPES ? type_names[type] : NULL;
}

bool rdb_type_is_modules(unsigned type)
{
	return type == MODULE_OLD || type == MODULE;
}

/* Nine characters of six bits each, the first one highest, above ten bits of a version. */
enum rdb_result rdb_read_module_name(struct slice *in, char name[RDB_MODULE_NAME])
{
	static const char characters[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
	uint64_t id;
	enum rdb_result result = rdb_read_length(in, &id);

	if (result != RDB_OK)
		return result;
	for (unsigned i = 0; i < RDB_MODULE_NAME - 1; i++)
		name[i] = characters[id >> (58 - 6 * i) & 63];
	name[RDB_MODULE_NAME - 1] = '\0';
	return RDB_OK;
}

static bool ends_name(char c)
{
	return c <= ' ' || c > '~' || c == '"';
}

void rdb_library_name(struct slice code, char name[RDB_LIBRARY_NAME])
{
	static const char label[] = "name=";
	const size_t label_len = sizeof(label) - 1;
	size_t at = 0, len = 0;

	while (at + label_len < code.len && code.data[at] != '\n' && memcmp(code.data + at, label, label_len) != 0)
		at++;
	if (at + label_len < code.len && code.data[at] != '\n') {
		for (at += label_len; at < code.len && !ends_name(code.data[at]) && len < RDB_LIBRARY_NAME - 1; at++)
			name[len++] = code.data[at];
	}
	if (len == 0)
		name[len++] = '?';
	name[len] = '\0';
}
