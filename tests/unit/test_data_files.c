/* Which files a start loads, and the move of an append-only file in one part. */
#include <string.h>
#include <sys/stat.h>

#include "persist/file.h"
#include "scratch.h"
#include "server/data_files.h"
#include "suites.h"

#define MANIFEST "appendonlydir/appendonly.aof.manifest"

static struct config config;
static struct data_files files;
static struct load_fault fault;

static void setup(void)
{
	char error[CONFIG_ERROR_TEXT];
	struct slice words[] = {SLICE("dir"), SLICE("")};

	scratch_setup();
	words[1] = slice_of(scratch_directory());
	ck_assert(config_init(&config));
	ck_assert_msg(config_set(&config, words, 2, true, error), "%s", error);
	memset(&files, 0, sizeof(files));
	memset(&fault, 0, sizeof(fault));
}

static void teardown(void)
{
	data_files_free(&files);
	config_free(&config);
	scratch_teardown();
}

static void write_text(const char *name, const char *text)
{
	scratch_write(name, slice_of(text));
}

static void make_directory(void)
{
	ck_assert_int_eq(mkdir(scratch_path("appendonlydir"), 0755), 0);
}

static bool find(bool append_only)
{
	config_put_number(&config, CONFIG_APPENDONLY, append_only);
	return data_files_find(&files, &config, &fault);
}

/* Whether the file's path ends in the name. */
static bool is_called(const struct data_file *file, const char *name)
{
	size_t len = strlen(file->path), end = strlen(name);

	return len > end && file->path[len - end - 1] == '/' && strcmp(file->path + len - end, name) == 0;
}

START_TEST(an_empty_directory_has_nothing)
{
	ck_assert(find(_i != 0));
	ck_assert_uint_eq(files.count, 0);
	ck_assert_uint_eq(files.total, 0);
	ck_assert_int_eq(files.start, _i != 0 ? AOF_IS_NEW : AOF_CONTINUES);
	ck_assert_ptr_null(files.old);
}
END_TEST

START_TEST(a_snapshot_is_one_file)
{
	write_text("dump.rdb", "12345");
	ck_assert(find(_i != 0));
	ck_assert_uint_eq(files.count, 1);
	ck_assert(files.files[0].snapshot && is_called(&files.files[0], "dump.rdb"));
	ck_assert_uint_eq(files.files[0].size, 5);
	ck_assert_uint_eq(files.total, 5);
	if (_i != 0)
		ck_assert_int_eq(files.start, AOF_AWAITS_BASE);
}
END_TEST

START_TEST(a_snapshot_alone_must_be_there)
{
	ck_assert(!data_files_find_snapshot(&files, &config, &fault));
	ck_assert_ptr_nonnull(strstr(fault.path, "dump.rdb"));
	ck_assert_str_eq(fault.error, "No such file or directory");
	data_files_free(&files);
	write_text("dump.rdb", "12345");
	config_put_number(&config, CONFIG_APPENDONLY, 1);
	ck_assert(data_files_find_snapshot(&files, &config, &fault));
	ck_assert_uint_eq(files.count, 1);
	ck_assert(files.files[0].snapshot);
}
END_TEST

/* The base, then the increments by their numbers; history is not looked at. */
START_TEST(parts_are_in_the_order_of_the_manifest)
{
	static const char *const names[] = {"b", "i3", "i4"};

	make_directory();
	write_text("dump.rdb", "not this one");
	write_text("appendonly.aof", "nor this one");
	write_text("appendonlydir/b", "1");
	write_text("appendonlydir/i3", "22");
	write_text("appendonlydir/i4", "");
	write_text(MANIFEST, "file b seq 2 type b\nfile i2 seq 2 type h\nfile i3 seq 3 type i\nfile i4 seq 4 type i\n");
	ck_assert_msg(find(true), "%s", fault.error);
	ck_assert_uint_eq(files.count, 3);
	for (size_t i = 0; i < 3; i++) {
		ck_assert(is_called(&files.files[i], names[i]));
		ck_assert(!files.files[i].snapshot);
	}
	ck_assert_uint_eq(files.total, 3);
	ck_assert_int_eq(files.start, AOF_CONTINUES);
	ck_assert_ptr_null(files.old);
	data_files_free(&files);
	ck_assert(find(false)); /* and without appendonly only the snapshot */
	ck_assert_uint_eq(files.count, 1);
	ck_assert(files.files[0].snapshot);
}
END_TEST

START_TEST(what_the_manifest_names_must_be_there)
{
	make_directory();
	write_text("appendonlydir/b", "1");
	write_text(MANIFEST, "file b seq 1 type b\nfile gone seq 1 type i\n");
	ck_assert(!find(true));
	ck_assert_ptr_nonnull(strstr(fault.path, "appendonlydir/gone"));
	ck_assert(!fault.damaged);
}
END_TEST

START_TEST(a_damaged_manifest_is_told_with_its_line)
{
	make_directory();
	write_text("appendonlydir/b", "1");
	write_text(MANIFEST, "file b seq 1 type b\nnonsense\n");
	ck_assert(!find(true));
	ck_assert_ptr_nonnull(strstr(fault.path, MANIFEST));
	ck_assert_msg(strncmp(fault.error, "line 2: ", 8) == 0, "%s", fault.error);
}
END_TEST

static void expect_moved(void)
{
	ck_assert_ptr_nonnull(files.old);
	ck_assert_uint_eq(files.count, 1);
	ck_assert(!files.files[0].snapshot);
	ck_assert_msg(data_files_upgrade(&files, &fault), "%s", fault.error);
	ck_assert_int_lt(file_size_at(scratch_path("appendonly.aof")), 0);
	scratch_expect("appendonlydir/appendonly.aof", SLICE("old"));
	scratch_expect(MANIFEST, SLICE("file appendonly.aof seq 1 type b\n"));
	ck_assert_uint_eq(files.manifest.count, 1);
}

START_TEST(a_file_in_one_part_is_moved)
{
	write_text("dump.rdb", "not this one");
	write_text("appendonly.aof", "old");
	ck_assert(find(true));
	ck_assert_int_eq(files.start, AOF_CONTINUES);
	ck_assert_int_lt(file_size_at(scratch_path("appendonlydir")), 0); /* nothing has been changed yet */
	expect_moved();
	/* and then there is nothing more to move */
	data_files_free(&files);
	ck_assert(find(true));
	ck_assert_ptr_null(files.old);
	ck_assert_uint_eq(files.count, 1);
	ck_assert(is_called(&files.files[0], "appendonlydir/appendonly.aof"));
	ck_assert(data_files_upgrade(&files, &fault));
}
END_TEST

/* The process ended between the manifest and the move. */
START_TEST(a_move_is_brought_to_its_end)
{
	make_directory();
	write_text(MANIFEST, "file appendonly.aof seq 1 type b\n");
	write_text("appendonly.aof", "old");
	ck_assert_msg(find(true), "%s", fault.error);
	expect_moved();
}
END_TEST

START_TEST(a_move_that_fails_is_told)
{
	write_text("appendonly.aof", "old");
	write_text("appendonlydir", "a file");
	ck_assert_msg(find(true), "%s", fault.error);
	ck_assert_ptr_nonnull(files.old);
	ck_assert(!data_files_upgrade(&files, &fault));
	ck_assert_ptr_nonnull(strstr(fault.path, "appendonly.aof"));
	scratch_expect("appendonly.aof", SLICE("old"));
}
END_TEST

/* A directory of that name is none of ours. */
START_TEST(a_directory_is_no_file)
{
	ck_assert_int_eq(mkdir(scratch_path("appendonly.aof"), 0755), 0);
	ck_assert(find(true));
	ck_assert_ptr_null(files.old);
	ck_assert_int_eq(files.start, AOF_IS_NEW);
}
END_TEST

Suite *data_files_suite(void)
{
	Suite *suite = suite_create("data_files");
	TCase *found = tcase_create("files");

	tcase_add_checked_fixture(found, setup, teardown);
	tcase_add_loop_test(found, an_empty_directory_has_nothing, 0, 2);
	tcase_add_loop_test(found, a_snapshot_is_one_file, 0, 2);
	tcase_add_test(found, a_snapshot_alone_must_be_there);
	tcase_add_test(found, parts_are_in_the_order_of_the_manifest);
	tcase_add_test(found, what_the_manifest_names_must_be_there);
	tcase_add_test(found, a_damaged_manifest_is_told_with_its_line);
	tcase_add_test(found, a_file_in_one_part_is_moved);
	tcase_add_test(found, a_move_is_brought_to_its_end);
	tcase_add_test(found, a_move_that_fails_is_told);
	tcase_add_test(found, a_directory_is_no_file);
	suite_add_tcase(suite, found);
	return suite;
}
