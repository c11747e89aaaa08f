/*
 * A library to be preloaded (LD_PRELOAD, Linux): while the file that HOLDSYNC names is there, no sync of a file ends;
 * while that of the name with ".fail" behind it is there, each fails. Each that begins adds a byte to the file with
 * ".begun" behind its name, each that ends one to that with ".ended".
 */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>
#include <unistd.h>

int fsync(int fd);
int fdatasync(int fd);

static void note(const char *name, const char *what)
{
	char path[PATH_MAX];
	int fd;

	snprintf(path, sizeof(path), "%s.%s", name, what);
	fd = open(path, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600);
	if (fd < 0 || write(fd, "", 1) != 1)
		abort();
	close(fd);
}

static bool fails(const char *name)
{
	char path[PATH_MAX];

	snprintf(path, sizeof(path), "%s.fail", name);
	return access(path, F_OK) == 0;
}

static int hold(int fd, const char *function)
{
	const char *name = getenv("HOLDSYNC");
	int (*next)(int fd);
	int result;

	*(void **)&next = dlsym(RTLD_NEXT, function);
	if (name == NULL)
		return next(fd);
	note(name, "begun");
	while (access(name, F_OK) == 0)
		nanosleep(&(struct timespec){.tv_nsec = 1000000}, NULL);
	result = next(fd);
	note(name, "ended");
	if (fails(name)) {
		errno = EIO;
		return -1;
	}
	return result;
}

int fsync(int fd)
{
	return hold(fd, "fsync");
}

int fdatasync(int fd)
{
	return hold(fd, "fdatasync");
}
