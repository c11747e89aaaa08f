/* The manifest of an append-only file: what is read, what is refused and in which words, and how files come and go. */
#include <check.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "persist/manifest.h"
#include "scratch.h"
#include "suites.h"

static struct manifest manifest;
static struct manifest_error error;

static void setup(void)
{
	scratch_setup();
	manifest = (struct manifest){0};
}

static void teardown(void)
{
	manifest_free(&manifest);
	scratch_teardown();
}

static void expect_text(const struct manifest *of, const char *want)
{
	struct buffer out = {0};

	manifest_format(of, &out);
	buffer_append_char(&out, '\0');
	ck_assert_str_eq(out.data, want);
	buffer_free(&out);
}

static void parse(const char *text)
{
	ck_assert_msg(manifest_parse(&manifest, slice_of(text), &error), "%s", error.text);
}

static void refuse(struct slice text, const char *why, unsigned line)
{
	ck_assert(!manifest_parse(&manifest, text, &error));
	ck_assert_str_eq(error.text, why);
	ck_assert_int_eq(error.code, 0);
	ck_assert_uint_eq(error.line, line);
	ck_assert_uint_eq(manifest.count, 0);
	ck_assert_ptr_null(manifest.files);
}

START_TEST(redis_manifest_is_read)
{
	static const char text[] = "file appendonly.aof.2.base.rdb seq 2 type b\n"
				   "file appendonly.aof.1.incr.aof seq 1 type h\n"
				   "file appendonly.aof.2.incr.aof seq 2 type h\n"
				   "file appendonly.aof.3.incr.aof seq 3 type i\n"
				   "file appendonly.aof.4.incr.aof seq 4 type i\n";
	const struct manifest_file *file;

	parse(text);
	ck_assert_str_eq(manifest_base(&manifest)->name, "appendonly.aof.2.base.rdb");
	ck_assert_str_eq(manifest_last_incr(&manifest)->name, "appendonly.aof.4.incr.aof");
	file = manifest_next(&manifest, MANIFEST_INCR, NULL);
	ck_assert_int_eq(file->seq, 3);
	file = manifest_next(&manifest, MANIFEST_INCR, file);
	ck_assert_int_eq(file->seq, 4);
	ck_assert_ptr_null(manifest_next(&manifest, MANIFEST_INCR, file));
	expect_text(&manifest, text);
}
END_TEST

START_TEST(lines_may_differ)
{
	parse("# a comment\r\n"
	      "  SEQ 7\ttype incremental  colour green File \"a \\x41\\\"b\" \r\n"
	      "#\n"
	      "file 'base' seq 3 type b startoffset 12\n");
	expect_text(&manifest, "file base seq 3 type b\nfile \"a A\\\"b\" seq 7 type i\n");
	manifest_free(&manifest);
	parse("# only a comment");
	ck_assert_uint_eq(manifest.count, 0);
}
END_TEST

START_TEST(broken_text_is_refused_in_redis_words)
{
	static const char format[] = "Invalid AOF manifest file format";
	static const char path[] = "File can't be a path, just a filename";
	static const struct {
		const char *text, *why;
		unsigned line;
	} broken[] = {
		{"", "Found an empty AOF manifest", 0},
		{"\n", format, 1},
		{" \t\r\n", format, 1},
		{"file a seq 1\n", format, 1},
		{"file a seq 1 type\n", format, 1},
		{"file a seq 1 type i more\n", format, 1},
		{"file \"a seq 1 type i\n", format, 1},
		{"file a seq 0 type i\n", format, 1},
		{"file a seq -1 type i\n", format, 1},
		{"file a seq one type i\n", format, 1},
		{"file a seq 9223372036854775807 type i\n", format, 1},
		{"file \"\" seq 1 type i\n", format, 1},
		{"file \"a\\x00b\" seq 1 type i\n", format, 1},
		{"file a seq 1 type \"\"\n", format, 1},
		{"seq 1 seq 1 type i\n", format, 1},
		{"file a file a type i\n", format, 1},
		{"file a seq 1 seq 1\n", format, 1},
		{"file a/b seq 1 type i\n", path, 1},
		{"file a\\\\b seq 1 type i\n", path, 1},
		{"file .. seq 1 type i\n", path, 1},
		{"file . seq 1 type i\n", path, 1},
		{"file a seq 1 type x\n", "Unknown AOF file type", 1},
		{"file a seq 1 type b\nfile b seq 2 type b\n", "Found duplicate base file information", 2},
		{"file a seq 2 type i\n#\nfile b seq 2 type i\n", "Found a non-monotonic sequence number", 3},
		{"file a seq 1 type i\nfile b seq 2 type i", "The AOF manifest file contains too long line", 2},
	};

	for (size_t i = 0; i < sizeof(broken) / sizeof(broken[0]); i++)
		refuse(slice_of(broken[i].text), broken[i].why, broken[i].line);
	refuse(SLICE("file a\0b seq 1 type i\n"), format, 1);
}
END_TEST

START_TEST(lines_have_at_most_1023_bytes)
{
	char text[1100];
	int len;

	len = snprintf(text, sizeof(text), "file a seq 1 type i%*s", 1022, "\n");
	ck_assert_int_gt(len, 1023);
	refuse((struct slice){text, (size_t)len}, "The AOF manifest file contains too long line", 1);
	memmove(text + 100, text + len - 923, 923);
	ck_assert(manifest_parse(&manifest, (struct slice){text, 1023}, &error));
}
END_TEST

START_TEST(names_follow_each_other)
{
	ck_assert_str_eq(manifest_add_base(&manifest, "x.aof", true), "x.aof.1.base.rdb");
	ck_assert_str_eq(manifest_add_incr(&manifest, "x.aof"), "x.aof.1.incr.aof");
	ck_assert_str_eq(manifest_add_incr(&manifest, "x.aof"), "x.aof.2.incr.aof");
	ck_assert_str_eq(manifest_add_base(&manifest, "y", false), "y.2.base.aof");
	manifest_retire(&manifest, 2);
	expect_text(&manifest, "file y.2.base.aof seq 2 type b\n"
			       "file x.aof.1.base.rdb seq 1 type h\n"
			       "file x.aof.1.incr.aof seq 1 type h\n"
			       "file x.aof.2.incr.aof seq 2 type i\n");
	manifest_drop_history(&manifest);
	expect_text(&manifest, "file y.2.base.aof seq 2 type b\nfile x.aof.2.incr.aof seq 2 type i\n");
	manifest_retire(&manifest, 3);
	ck_assert_ptr_null(manifest_last_incr(&manifest));
	manifest_drop_history(&manifest);
	/* numbers are never used again */
	ck_assert_str_eq(manifest_add_incr(&manifest, "x.aof"), "x.aof.3.incr.aof");
}
END_TEST

START_TEST(an_old_file_becomes_the_base)
{
	ck_assert_str_eq(manifest_adopt_base(&manifest, "appendonly.aof"), "appendonly.aof");
	expect_text(&manifest, "file appendonly.aof seq 1 type b\n");
	ck_assert_str_eq(manifest_add_base(&manifest, "appendonly.aof", true), "appendonly.aof.2.base.rdb");
}
END_TEST

START_TEST(a_copy_stands_alone)
{
	struct manifest copy;

	parse("file a seq 4 type b\nfile b seq 7 type i\n");
	ck_assert(manifest_copy(&copy, &manifest));
	manifest_add_incr(&copy, "n");
	manifest_add_base(&copy, "n", true);
	expect_text(&manifest, "file a seq 4 type b\nfile b seq 7 type i\n");
	expect_text(&copy, "file n.5.base.rdb seq 5 type b\nfile a seq 4 type h\n"
			   "file b seq 7 type i\nfile n.8.incr.aof seq 8 type i\n");
	manifest_free(&copy);
}
END_TEST

START_TEST(a_saved_manifest_is_loaded)
{
	char *path = manifest_path(scratch_directory(), "my file");

	manifest_add_base(&manifest, "my file", true);
	manifest_add_incr(&manifest, "my file");
	ck_assert_int_eq(manifest_save(&manifest, scratch_directory(), "my file"), 0);
	scratch_expect("my file.manifest", SLICE("file \"my file.1.base.rdb\" seq 1 type b\n"
						 "file \"my file.1.incr.aof\" seq 1 type i\n"));
	ck_assert_uint_eq(scratch_count(), 1);
	manifest_free(&manifest);
	ck_assert(manifest_load(&manifest, path, &error));
	ck_assert_str_eq(manifest_last_incr(&manifest)->name, "my file.1.incr.aof");
	free(path);
}
END_TEST

START_TEST(what_cannot_be_saved_or_loaded)
{
	char name[256];

	ck_assert(!manifest_load(&manifest, scratch_path("absent"), &error));
	ck_assert_int_eq(error.code, -ENOENT);
	ck_assert_str_eq(error.text, "No such file or directory");
	manifest_add_base(&manifest, "a", true);
	ck_assert_int_eq(manifest_save(&manifest, scratch_path("absent"), "a"), -ENOENT);
	memset(name, '\xff', sizeof(name) - 1);
	name[sizeof(name) - 1] = '\0';
	manifest_add_incr(&manifest, name);
	ck_assert_int_eq(manifest_save(&manifest, scratch_directory(), "a"), -ENAMETOOLONG);
	ck_assert_uint_eq(scratch_count(), 0);
}
END_TEST

Suite *manifest_suite(void)
{
	Suite *suite = suite_create("manifest");
	TCase *tcase = tcase_create("manifest");

	tcase_add_checked_fixture(tcase, setup, teardown);
	tcase_add_test(tcase, redis_manifest_is_read);
	tcase_add_test(tcase, lines_may_differ);
	tcase_add_test(tcase, broken_text_is_refused_in_redis_words);
	tcase_add_test(tcase, lines_have_at_most_1023_bytes);
	tcase_add_test(tcase, names_follow_each_other);
	tcase_add_test(tcase, an_old_file_becomes_the_base);
	tcase_add_test(tcase, a_copy_stands_alone);
	tcase_add_test(tcase, a_saved_manifest_is_loaded);
	tcase_add_test(tcase, what_cannot_be_saved_or_loaded);
	suite_add_tcase(suite, tcase);
	return suite;
}
