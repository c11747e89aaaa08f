#ifndef _GNU_SOURCE
#define _GNU_SOURCE /* nftw */
#endif

#include "scratch.h"

#include <check.h>
#include <dirent.h>
#include <ftw.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static char directory[64];

void scratch_setup(void)
{
	snprintf(directory, sizeof(directory), "/tmp/cubby-unit-XXXXXX");
	ck_assert_ptr_nonnull(mkdtemp(directory));
}

static int remove_one(const char *path, const struct stat *status, int kind, struct FTW *place)
{
	(void)status;
	(void)kind;
	(void)place;
	return remove(path);
}

void scratch_teardown(void)
{
	ck_assert_int_eq(nftw(directory, remove_one, 16, FTW_DEPTH | FTW_PHYS), 0);
}

const char *scratch_directory(void)
{
	return directory;
}

const char *scratch_path(const char *name)
{
	static char paths[4][512];
	static unsigned next;
	char *path = paths[next++ % 4];

	snprintf(path, sizeof(paths[0]), "%s/%s", directory, name);
	return path;
}

void scratch_write(const char *name, struct slice bytes)
{
	FILE *file = fopen(scratch_path(name), "wb");

	ck_assert_ptr_nonnull(file);
	if (bytes.len > 0)
		ck_assert_uint_eq(fwrite(bytes.data, 1, bytes.len, file), bytes.len);
	ck_assert_int_eq(fclose(file), 0);
}

void scratch_expect(const char *name, struct slice bytes)
{
	FILE *file = fopen(scratch_path(name), "rb");
	char *content = malloc(bytes.len + 2);

	ck_assert_ptr_nonnull(file);
	ck_assert_ptr_nonnull(content);
	ck_assert_uint_eq(fread(content, 1, bytes.len + 1, file), bytes.len);
	if (bytes.len > 0)
		ck_assert_mem_eq(content, bytes.data, bytes.len);
	fclose(file);
	free(content);
}

unsigned scratch_count(void)
{
	DIR *listing = opendir(directory);
	unsigned count = 0;

	ck_assert_ptr_nonnull(listing);
	while (readdir(listing) != NULL)
		count++;
	closedir(listing);
	return count - 2;
}
