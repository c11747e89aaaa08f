/* Operations on files: what comes back, and what is on the disk then. */
#include <check.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/resource.h>
#include <sys/signal.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "persist/file.h"
#include "scratch.h"
#include "suites.h"

static int open_new(const char *name)
{
	int fd = file_open(scratch_path(name), O_RDWR | O_CREAT | O_TRUNC);

	ck_assert_int_ge(fd, 0);
	return fd;
}

/* No file can be longer from now on, as on a full disk: writes stop there, and the next one fails. */
static void limit_files(rlim_t bytes)
{
	struct rlimit limit;

	signal(SIGXFSZ, SIG_IGN);
	ck_assert_int_eq(getrlimit(RLIMIT_FSIZE, &limit), 0);
	limit.rlim_cur = bytes;
	ck_assert_int_eq(setrlimit(RLIMIT_FSIZE, &limit), 0);
}

START_TEST(paths_are_joined)
{
	static const struct {
		const char *directory, *name, *path;
	} paths[] = {
		{"dir", "name", "dir/name"}, {"dir/", "name", "dir/name"}, {"", "name", "name"},
		{"/", "name", "/name"},	     {"dir", "/name", "/name"},	   {"a/b", "c/d", "a/b/c/d"},
	};

	for (size_t i = 0; i < sizeof(paths) / sizeof(paths[0]); i++) {
		char *path = file_join(paths[i].directory, paths[i].name);

		ck_assert_str_eq(path, paths[i].path);
		free(path);
	}
}
END_TEST

START_TEST(errors_are_negative)
{
	struct buffer out = {0};

	ck_assert_int_eq(file_open(scratch_path("absent"), O_RDONLY), -ENOENT);
	ck_assert_int_eq(file_size_at(scratch_path("absent")), -ENOENT);
	ck_assert_int_eq(file_remove(scratch_path("absent")), -ENOENT);
	ck_assert_int_eq(file_rename(scratch_path("absent"), scratch_path("other")), -ENOENT);
	ck_assert_int_eq(file_sync_directory(scratch_path("absent")), -ENOENT);
	ck_assert_int_eq(file_make_directory(scratch_path("absent/below")), -ENOENT);
	ck_assert_int_eq(file_read_all(scratch_path("absent"), 10, &out), -ENOENT);
	ck_assert_int_eq(file_write(-1, "a", 1, NULL), -EBADF);
	ck_assert_int_eq(file_read(-1, &out, 1), -EBADF);
	ck_assert_int_eq(file_sync(-1), -EBADF);
	ck_assert_int_eq(file_truncate(-1, 0), -EBADF);
	ck_assert_int_eq(file_size(-1), -EBADF);
	ck_assert_int_eq(file_close(-1), -EBADF);
	ck_assert_str_eq(file_error(-ENOSPC), "No space left on device");
}
END_TEST

START_TEST(descriptors_are_not_inherited)
{
	int fd = open_new("file");

	ck_assert_int_ne(fcntl(fd, F_GETFD) & FD_CLOEXEC, 0);
	ck_assert_int_eq(file_close(fd), 0);
}
END_TEST

START_TEST(what_is_written_is_read)
{
	int fd = open_new("file");
	size_t written;
	char bytes[8];

	ck_assert_int_eq(file_write(fd, "hello", 5, &written), 0);
	ck_assert_uint_eq(written, 5);
	ck_assert_int_eq(file_write(fd, NULL, 0, &written), 0);
	ck_assert_uint_eq(written, 0);
	ck_assert_int_eq(file_size(fd), 5);
	ck_assert_int_eq(file_sync(fd), 0);
	file_write_back(fd, 0, 5);
	ck_assert_int_eq(lseek(fd, 1, SEEK_SET), 1);
	ck_assert_int_eq(file_read(fd, bytes, sizeof(bytes)), 4);
	ck_assert_mem_eq(bytes, "ello", 4);
	ck_assert_int_eq(file_read(fd, bytes, sizeof(bytes)), 0);
	ck_assert_int_eq(file_truncate(fd, 2), 0);
	ck_assert_int_eq(file_size_at(scratch_path("file")), 2);
	file_close(fd);
}
END_TEST

START_TEST(pieces_of_any_number_are_written)
{
	enum { PIECES = 500, STEP = 7 };
	struct iovec pieces[PIECES];
	char text[PIECES * STEP];
	struct buffer all = {0};
	size_t written;
	int fd = open_new("file");

	for (size_t i = 0; i < sizeof(text); i++)
		text[i] = (char)('a' + i % 26);
	for (size_t i = 0; i < PIECES; i++) {
		pieces[i] = (struct iovec){text + i, i % STEP};
		buffer_append(&all, text + i, i % STEP);
	}
	ck_assert_int_eq(file_write_pieces(fd, pieces, PIECES, &written), 0);
	ck_assert_uint_eq(written, all.len);
	ck_assert_int_eq(file_write_pieces(fd, pieces, 0, &written), 0);
	ck_assert_int_eq(file_write_pieces(fd, pieces, 1, &written), 0);
	ck_assert_uint_eq(written, 0);
	scratch_expect("file", buffer_slice(&all));
	buffer_free(&all);
	file_close(fd);
}
END_TEST

START_TEST(a_short_write_says_how_short)
{
	char bytes[100] = {0};
	struct iovec pieces[] = {{bytes, 30}, {bytes, 0}, {bytes, 50}};
	size_t written;
	int fd = open_new("file");
	int other = open_new("other");

	limit_files(64);
	ck_assert_int_eq(file_write(fd, bytes, sizeof(bytes), &written), -EFBIG);
	ck_assert_uint_eq(written, 64);
	ck_assert_int_eq(file_size(fd), 64);
	ck_assert_int_eq(file_write_pieces(other, pieces, 3, &written), -EFBIG);
	ck_assert_uint_eq(written, 64);
	ck_assert_int_eq(file_size(other), 64);
	file_close(other);
	file_close(fd);
}
END_TEST

START_TEST(interrupted_reads_and_writes_go_on)
{
	enum { BYTES = 300000 };
	char *bytes = calloc(1, BYTES);
	int ends[2];
	pid_t child;
	int status;

	ck_assert_ptr_nonnull(bytes);
	ck_assert_int_eq(pipe(ends), 0);
	child = fork();
	ck_assert_int_ge(child, 0);
	if (child == 0) {
		close(ends[0]);
		_exit(file_write(ends[1], bytes, BYTES, NULL) == 0 ? EXIT_SUCCESS : EXIT_FAILURE);
	}
	close(ends[1]);
	/* A pipe holds less than is written and gives less than is asked for. */
	ck_assert_int_eq(file_read(ends[0], bytes, BYTES + 1), BYTES);
	ck_assert_int_eq(waitpid(child, &status, 0), child);
	ck_assert(WIFEXITED(status) && WEXITSTATUS(status) == EXIT_SUCCESS);
	close(ends[0]);
	free(bytes);
}
END_TEST

START_TEST(directories_are_made_once)
{
	ck_assert(!file_is_directory(scratch_path("sub")));
	ck_assert_int_eq(file_make_directory(scratch_path("sub")), 0);
	ck_assert_int_eq(file_make_directory(scratch_path("sub")), 0);
	ck_assert(file_is_directory(scratch_path("sub")));
	ck_assert_int_eq(file_sync_directory(scratch_path("sub")), 0);
	ck_assert_int_eq(file_sync_parent(scratch_path("sub")), 0);
	ck_assert_int_eq(file_sync_parent("/sub"), 0);
	ck_assert_int_eq(file_sync_parent("sub"), 0);
	scratch_write("file", SLICE(""));
	ck_assert_int_eq(file_make_directory(scratch_path("file")), -EEXIST);
	ck_assert(!file_is_directory(scratch_path("file")));
}
END_TEST

START_TEST(whole_files_are_read)
{
	struct buffer out = {0};

	scratch_write("file", SLICE("12345"));
	buffer_append_text(&out, "0");
	ck_assert_int_eq(file_read_all(scratch_path("file"), 4, &out), -EFBIG);
	ck_assert_uint_eq(out.len, 1);
	ck_assert_int_eq(file_read_all(scratch_path("file"), 5, &out), 0);
	ck_assert(slice_equal(buffer_slice(&out), SLICE("012345")));
	buffer_free(&out);
}
END_TEST

START_TEST(a_file_is_replaced_whole_or_not_at_all)
{
	char bytes[100] = {0};

	ck_assert_int_eq(file_replace(scratch_path("file"), scratch_path("temp"), SLICE("one")), 0);
	scratch_expect("file", SLICE("one"));
	ck_assert_int_eq(file_replace(scratch_path("file"), scratch_path("temp"), SLICE("two")), 0);
	scratch_expect("file", SLICE("two"));
	limit_files(64);
	ck_assert_int_eq(file_replace(scratch_path("file"), scratch_path("temp"), (struct slice){bytes, sizeof(bytes)}),
			 -EFBIG);
	scratch_expect("file", SLICE("two"));
	ck_assert_uint_eq(scratch_count(), 1);
	ck_assert_int_eq(file_replace(scratch_path("sub/file"), scratch_path("sub/temp"), SLICE("two")), -ENOENT);
}
END_TEST

START_TEST(what_is_made_is_no_link)
{
	scratch_write("precious", SLICE("bytes"));
	ck_assert_int_eq(symlink(scratch_path("precious"), scratch_path("link")), 0);
	ck_assert_int_eq(file_open(scratch_path("link"), O_WRONLY | O_CREAT | O_TRUNC), -ELOOP);
	ck_assert_int_eq(file_lock(scratch_path("link"), NULL), -ELOOP);
	ck_assert_int_eq(file_replace(scratch_path("new"), scratch_path("link"), SLICE("other")), -ELOOP);
	scratch_expect("precious", SLICE("bytes"));
}
END_TEST

START_TEST(an_ordinary_file_is_known)
{
	scratch_write("file", SLICE("bytes"));
	ck_assert_int_eq(mkfifo(scratch_path("pipe"), 0600), 0);
	ck_assert(file_is_regular(scratch_path("file")));
	ck_assert(!file_is_regular(scratch_path("pipe")));
	ck_assert(!file_is_regular(scratch_path("")));
	ck_assert(!file_is_regular(scratch_path("none")));
}
END_TEST

START_TEST(a_lock_has_one_holder)
{
	int64_t holder = -1;
	int first = file_lock(scratch_path("lock"), &holder);
	int second;

	ck_assert_int_ge(first, 0);
	ck_assert_int_eq(holder, 0);
	ck_assert_int_eq(file_lock(scratch_path("lock"), &holder), -EWOULDBLOCK);
	ck_assert_int_eq(holder, getpid());
	ck_assert_int_eq(file_lock(scratch_path("lock"), NULL), -EWOULDBLOCK);
	file_close(first);
	second = file_lock(scratch_path("lock"), &holder);
	ck_assert_int_ge(second, 0);
	file_close(second);
	ck_assert_int_eq(file_lock(scratch_path("sub/lock"), &holder), -ENOENT);
}
END_TEST

START_TEST(a_lock_ends_with_its_process)
{
	int status, fd;
	pid_t child = fork();

	ck_assert_int_ge(child, 0);
	if (child == 0)
		_exit(file_lock(scratch_path("lock"), NULL) >= 0 ? EXIT_SUCCESS : EXIT_FAILURE);
	ck_assert_int_eq(waitpid(child, &status, 0), child);
	ck_assert(WIFEXITED(status) && WEXITSTATUS(status) == EXIT_SUCCESS);
	fd = file_lock(scratch_path("lock"), NULL);
	ck_assert_int_ge(fd, 0);
	file_close(fd);
}
END_TEST

Suite *file_suite(void)
{
	Suite *suite = suite_create("file");
	TCase *tcase = tcase_create("file");

	tcase_add_checked_fixture(tcase, scratch_setup, scratch_teardown);
	tcase_add_test(tcase, paths_are_joined);
	tcase_add_test(tcase, errors_are_negative);
	tcase_add_test(tcase, descriptors_are_not_inherited);
	tcase_add_test(tcase, what_is_written_is_read);
	tcase_add_test(tcase, pieces_of_any_number_are_written);
	tcase_add_test(tcase, a_short_write_says_how_short);
	tcase_add_test(tcase, interrupted_reads_and_writes_go_on);
	tcase_add_test(tcase, directories_are_made_once);
	tcase_add_test(tcase, whole_files_are_read);
	tcase_add_test(tcase, a_file_is_replaced_whole_or_not_at_all);
	tcase_add_test(tcase, what_is_made_is_no_link);
	tcase_add_test(tcase, an_ordinary_file_is_known);
	tcase_add_test(tcase, a_lock_has_one_holder);
	tcase_add_test(tcase, a_lock_ends_with_its_process);
	suite_add_tcase(suite, tcase);
	return suite;
}
