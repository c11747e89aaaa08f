#include "data_files.h"

#include <check.h>
#include <errno.h>
#include <fts.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>

#include "harness.h"

/* ---- Bytes ---- */

void bytes_add(struct bytes *bytes, const void *data, size_t len)
{
	if (bytes->len + len > bytes->cap) {
		bytes->cap = 2 * (bytes->len + len);
		bytes->data = realloc(bytes->data, bytes->cap);
		ck_assert_ptr_nonnull(bytes->data);
	}
	if (len > 0)
		memcpy(bytes->data + bytes->len, data, len);
	bytes->len += len;
}

void bytes_free(struct bytes *bytes)
{
	free(bytes->data);
	*bytes = (struct bytes){0};
}

/* ---- RDB files ---- */

static void rdb_string(struct bytes *rdb, const char *text)
{
	char len = (char)strlen(text);

	bytes_add(rdb, &len, 1);
	bytes_add(rdb, text, strlen(text));
}

void rdb_begin(struct bytes *rdb)
{
	*rdb = (struct bytes){0};
	bytes_add(rdb, "REDIS0010\xfe\x00", 11);
}

void rdb_key(struct bytes *rdb, char type, const char *key, const char *value)
{
	bytes_add(rdb, &type, 1);
	rdb_string(rdb, key);
	rdb_string(rdb, value);
}

void rdb_end(struct bytes *rdb)
{
	bytes_add(rdb, "\xff\0\0\0\0\0\0\0\0", 9);
}

/* ---- Append-only files ---- */

/* Appends the command in the first `len` bytes. */
static void aof_add_command(struct bytes *aof, const char *command, size_t len)
{
	const char *end = command + len;
	char text[512];
	int words = 1;

	for (const char *at = command; at < end; at++)
		words += *at == ' ';
	bytes_add(aof, text, (size_t)snprintf(text, sizeof(text), "*%d\r\n", words));
	for (; words > 0; words--) {
		int word = (int)strcspn(command, " ;");

		bytes_add(aof, text, (size_t)snprintf(text, sizeof(text), "$%d\r\n%.*s\r\n", word, word, command));
		command += word + 1;
	}
}

void aof_add(struct bytes *aof, const char *commands)
{
	while (*commands != '\0') {
		size_t len = strcspn(commands, ";");

		aof_add_command(aof, commands, len);
		commands += len + (commands[len] == ';');
	}
}

/* ---- Files ---- */

/* Makes the directories that lead to the path's last name, below its first `from` bytes. */
static void parents_make(char *path, size_t from)
{
	for (char *at = strchr(path + from, '/'); at != NULL; at = strchr(at + 1, '/')) {
		*at = '\0';
		ck_assert_msg(mkdir(path, 0755) == 0 || errno == EEXIST, "mkdir %s: %s", path, strerror(errno));
		*at = '/';
	}
}

void data_write(const char *directory, const char *name, struct bytes *bytes)
{
	char path[600];
	FILE *file;

	snprintf(path, sizeof(path), "%s/%s", directory, name);
	parents_make(path, strlen(directory) + 1);
	file = fopen(path, "wb");
	ck_assert_msg(file != NULL, "%s: %s", path, strerror(errno));
	ck_assert_uint_eq(fwrite(bytes->data, 1, bytes->len, file), bytes->len);
	ck_assert_int_eq(fclose(file), 0);
	bytes_free(bytes);
}

void data_write_commands(const char *directory, const char *name, const char *commands)
{
	struct bytes aof = {0};

	aof_add(&aof, commands);
	data_write(directory, name, &aof);
}

void data_write_text(const char *directory, const char *name, const char *text)
{
	struct bytes bytes = {0};

	bytes_add(&bytes, text, strlen(text));
	data_write(directory, name, &bytes);
}

static struct bytes read_path(const char *path)
{
	struct bytes bytes = {0};
	FILE *file = fopen(path, "rb");
	char piece[4096];
	size_t got;

	ck_assert_msg(file != NULL, "%s: %s", path, strerror(errno));
	while ((got = fread(piece, 1, sizeof(piece), file)) > 0)
		bytes_add(&bytes, piece, got);
	fclose(file);
	return bytes;
}

struct bytes data_read(const char *directory, const char *name)
{
	char path[600];

	snprintf(path, sizeof(path), "%s/%s", directory, name);
	return read_path(path);
}

struct bytes corpus_read(const char *name)
{
	return data_read(CORPUS, name);
}

long long data_size(const char *directory, const char *name)
{
	char path[600];
	struct stat status;

	snprintf(path, sizeof(path), "%s/%s", directory, name);
	return stat(path, &status) == 0 ? (long long)status.st_size : -1;
}

/* ---- A start that is refused ---- */

static int compare_names(const FTSENT **a, const FTSENT **b)
{
	return strcmp((*a)->fts_name, (*b)->fts_name);
}

/* The names, sizes and bytes of all that is below the directory, but for the log and the lock. */
static struct bytes everything(const char *directory)
{
	struct bytes all = {0};
	char *root = strdup(directory);
	char *paths[] = {root, NULL};
	FTS *walk = fts_open(paths, FTS_PHYSICAL, compare_names);
	FTSENT *entry;

	ck_assert_ptr_nonnull(walk);
	while ((entry = fts_read(walk)) != NULL) {
		struct bytes file = {0};
		char size[32];

		if (entry->fts_info == FTS_DP || strcmp(entry->fts_name, "output.log") == 0 ||
		    strcmp(entry->fts_name, "cubbyd.lock") == 0)
			continue;
		if (entry->fts_info == FTS_F)
			file = read_path(entry->fts_accpath);
		bytes_add(&all, entry->fts_path, strlen(entry->fts_path));
		bytes_add(&all, size, (size_t)snprintf(size, sizeof(size), " %zu\n", file.len));
		bytes_add(&all, file.data, file.len);
		bytes_free(&file);
	}
	fts_close(walk);
	free(root);
	return all;
}

void expect_refused(const char *directory, const char *const *options, const char *const *texts)
{
	const char *o[8] = {0};
	struct bytes before = everything(directory), after;
	char output[4096];
	int status;

	for (size_t i = 0; options[i] != NULL; i++) {
		ck_assert_uint_lt(i, sizeof(o) / sizeof(o[0]));
		o[i] = options[i];
	}
	status = server_run_in(directory, output, sizeof(output), "--port", "0", "--log-format", "json", "--save", "",
			       o[0], o[1], o[2], o[3], o[4], o[5], o[6], o[7], NULL);
	ck_assert_msg(WIFEXITED(status) && WEXITSTATUS(status) == 1, "wait status %d: %s", status, output);
	for (; *texts != NULL; texts++)
		ck_assert_msg(strstr(output, *texts) != NULL, "no '%s' in %s", *texts, output);
	ck_assert_ptr_null(strstr(output, "\"ready\""));
	after = everything(directory);
	ck_assert_msg(before.len == after.len && memcmp(before.data, after.data, before.len) == 0,
		      "something on the disk was changed");
	bytes_free(&before);
	bytes_free(&after);
}
