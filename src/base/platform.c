/*
 * Where libuv has a portable call it is used; the rest is one function for each system, chosen when compiling. A value
 * that cannot be found out is reported as unknown (0) and never stops the daemon.
 */
#if defined(__linux__) && !defined(_GNU_SOURCE)
#define _GNU_SOURCE /* accept4, sched_getaffinity, sync_file_range, pthread_setname_np */
#endif

#include "base/platform.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <pthread.h>
#include <stdio.h>
#include <string.h>
#include <sys/resource.h>
#include <unistd.h>
#include <uv.h>

#if defined(__linux__)
#include <sched.h>
#endif

#if defined(__has_include)
#if __has_include(<execinfo.h>)
#include <execinfo.h>
#define HAVE_BACKTRACE 1
#endif
#endif

#if defined(CUBBY_ALLOCATOR_JEMALLOC)
#include <jemalloc/jemalloc.h>
#elif defined(CUBBY_ALLOCATOR_MIMALLOC)
#include <mimalloc.h>
#elif defined(__GLIBC__)
#include <malloc.h>
#if __GLIBC_PREREQ(2, 33)
#define HAVE_MALLINFO2 1
#endif
#elif defined(__APPLE__)
#include <malloc/malloc.h>
#endif

#if defined(__linux__)

/* Reads the start of a small file of /proc or /sys as text; false when it cannot be read. */
static bool read_text(const char *path, char *text, size_t size)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	ssize_t len;

	if (fd < 0)
		return false;
	len = read(fd, text, size - 1);
	close(fd);
	if (len < 0)
		return false;
	text[len] = '\0';
	return true;
}

/* Cores in the affinity mask. The mask of a large machine does not fit cpu_set_t, so it is grown until it does. */
static unsigned affinity_cores(void)
{
	int cpus;

	for (cpus = CPU_SETSIZE; cpus <= 1 << 20; cpus *= 2) {
		cpu_set_t *set = CPU_ALLOC((size_t)cpus);
		size_t size = CPU_ALLOC_SIZE((size_t)cpus);
		int found = 0;
		bool too_small;

		if (set == NULL)
			return 1;
		errno = 0;
		if (sched_getaffinity(0, size, set) == 0)
			found = CPU_COUNT_S(size, set);
		too_small = found == 0 && errno == EINVAL;
		CPU_FREE(set);
		if (!too_small)
			return found > 0 ? (unsigned)found : 1;
	}
	return 1;
}

/* Cores that the quota of one cgroup ("200000 100000": so many microseconds in each so many) comes to, rounded up;
 * `limit` when it has none or allows more. */
static unsigned quota_cores(const char *cgroup, unsigned limit)
{
	char path[PATH_MAX];
	char text[64];
	unsigned long long quota, period, cores;

	if ((size_t)snprintf(path, sizeof(path), "/sys/fs/cgroup%s/cpu.max", cgroup) >= sizeof(path))
		return limit;
	if (!read_text(path, text, sizeof(text)) || sscanf(text, "%llu %llu", &quota, &period) != 2 || period == 0)
		return limit;
	cores = quota / period + (quota % period != 0);
	return cores < limit ? (unsigned)cores : limit;
}

/* The least of the quotas of this process's cgroup (version 2) and of all the ones above it. */
static unsigned cgroup_cores(unsigned limit)
{
	char text[PATH_MAX];
	char *path, *slash;

	if (!read_text("/proc/self/cgroup", text, sizeof(text)))
		return limit;
	path = strncmp(text, "0::", 3) == 0 ? text : strstr(text, "\n0::");
	if (path == NULL)
		return limit;
	path = strchr(path, '/');
	if (path == NULL)
		return limit;
	path[strcspn(path, "\n")] = '\0';
	while ((slash = strrchr(path, '/')) != NULL) {
		limit = quota_cores(path, limit);
		*slash = '\0';
	}
	return quota_cores("", limit);
}

unsigned platform_cores(void)
{
	unsigned cores = cgroup_cores(affinity_cores());

	return cores > 0 ? cores : 1;
}

#else

unsigned platform_cores(void)
{
#if UV_VERSION_HEX >= (1 << 16 | 44 << 8)
	return uv_available_parallelism();
#else
	long cores = sysconf(_SC_NPROCESSORS_ONLN);

	return cores > 0 ? (unsigned)cores : 1;
#endif
}

#endif

static bool set_soft_limit(struct rlimit *limit, rlim_t soft)
{
	struct rlimit changed = *limit;

	changed.rlim_cur = soft;
	if (setrlimit(RLIMIT_NOFILE, &changed) != 0)
		return false;
	*limit = changed;
	return true;
}

uint64_t platform_raise_file_limit(uint64_t wanted)
{
	struct rlimit limit, higher;
	rlim_t refused;

	if (getrlimit(RLIMIT_NOFILE, &limit) != 0)
		return 0;
	if (limit.rlim_cur >= wanted)
		return limit.rlim_cur;
	higher = (struct rlimit){wanted, wanted};
	if (limit.rlim_max < wanted && setrlimit(RLIMIT_NOFILE, &higher) == 0)
		return wanted;
	refused = wanted < limit.rlim_max ? wanted : limit.rlim_max;
	if (set_soft_limit(&limit, refused))
		return limit.rlim_cur;
	/* A system may refuse less than its own hard limit (macOS does): find what it takes. */
	while (refused - limit.rlim_cur > 1) {
		rlim_t middle = limit.rlim_cur + (refused - limit.rlim_cur) / 2;

		if (!set_soft_limit(&limit, middle))
			refused = middle;
	}
	return limit.rlim_cur;
}

#if defined(__linux__)

int platform_socket(int family, int type)
{
	return socket(family, type | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
}

int platform_accept(int listener, struct sockaddr *address, socklen_t *len)
{
	int fd;

	do
		fd = accept4(listener, address, len, SOCK_NONBLOCK | SOCK_CLOEXEC);
	while (fd < 0 && errno == EINTR);
	return fd;
}

#else

/* Makes `fd` non-blocking and close-on-exec; closes it and returns -1, with errno, when that fails. */
static int prepare_socket(int fd)
{
	int flags = fcntl(fd, F_GETFL);
	int error;

	if (flags >= 0 && fcntl(fd, F_SETFL, flags | O_NONBLOCK) == 0 && fcntl(fd, F_SETFD, FD_CLOEXEC) == 0)
		return fd;
	error = errno;
	close(fd);
	errno = error;
	return -1;
}

int platform_socket(int family, int type)
{
	int fd = socket(family, type, 0);

	return fd < 0 ? -1 : prepare_socket(fd);
}

int platform_accept(int listener, struct sockaddr *address, socklen_t *len)
{
	int fd;

	do
		fd = accept(listener, address, len);
	while (fd < 0 && errno == EINTR);
	return fd < 0 ? -1 : prepare_socket(fd);
}

#endif

void platform_set_keepalive(int fd, unsigned seconds)
{
#if defined(__APPLE__)
	const int idle_option = TCP_KEEPALIVE;
#else
	const int idle_option = TCP_KEEPIDLE;
#endif
	int on = seconds > 0;
	int idle = seconds < INT_MAX ? (int)seconds : INT_MAX;
	int interval = idle < 3 ? 1 : idle / 3;
	int probes = 3;

	/* A connection without probes still serves: what the system refuses is left as it was. */
	if (setsockopt(fd, SOL_SOCKET, SO_KEEPALIVE, &on, sizeof(on)) != 0 || !on)
		return;
	setsockopt(fd, IPPROTO_TCP, idle_option, &idle, sizeof(idle));
	setsockopt(fd, IPPROTO_TCP, TCP_KEEPINTVL, &interval, sizeof(interval));
	setsockopt(fd, IPPROTO_TCP, TCP_KEEPCNT, &probes, sizeof(probes));
}

size_t platform_resident_bytes(void)
{
	size_t bytes;

	return uv_resident_set_memory(&bytes) == 0 ? bytes : 0;
}

#if defined(__linux__)

/* Not getrusage(): its figure outlives exec, and may be that of the shell that started this process. */
size_t platform_resident_peak_bytes(void)
{
	char text[4096];
	const char *line;
	unsigned long long kilobytes;

	if (!read_text("/proc/self/status", text, sizeof(text)))
		return 0;
	line = strstr(text, "\nVmHWM:");
	if (line == NULL || sscanf(line, "\nVmHWM: %llu kB", &kilobytes) != 1)
		return 0;
	return (size_t)kilobytes * 1024;
}

#else

/* Of the systems served, macOS alone comes here; it counts bytes where others count kilobytes. */
size_t platform_resident_peak_bytes(void)
{
	struct rusage usage;

	return getrusage(RUSAGE_SELF, &usage) == 0 ? (size_t)usage.ru_maxrss : 0;
}

#endif

uint64_t platform_total_memory(void)
{
	return uv_get_total_memory();
}

#if defined(CUBBY_ALLOCATOR_JEMALLOC)

/* What jemalloc does unless the environment's MALLOC_CONF says otherwise. A thread of its own gives pages that have
 * been free for five seconds back to the system, and no command waits for that. And it asks for huge pages: a lookup in
 * a large keyspace waits for the page tables as much as for the data. (Redis must advise against them, because they
 * make its fork copy more; there is no fork here.) doc/decisions/allocator.md has the measurements. */
const char *malloc_conf = "thp:always,background_thread:true,dirty_decay_ms:5000,muzzy_decay_ms:0";

/* jemalloc's statistics are those of the last epoch; a new one is begun so that they are of now. */
static size_t jemalloc_stat(const char *name)
{
	uint64_t epoch = 1;
	size_t bytes = 0;
	size_t len = sizeof(bytes);

	mallctl("epoch", NULL, NULL, &epoch, sizeof(epoch));
	return mallctl(name, &bytes, &len, NULL, 0) == 0 ? bytes : 0;
}

size_t platform_allocated_bytes(void)
{
	return jemalloc_stat("stats.allocated");
}

size_t platform_allocator_resident_bytes(void)
{
	return jemalloc_stat("stats.resident");
}

size_t platform_allocator_active_bytes(void)
{
	return jemalloc_stat("stats.active");
}

void platform_release_memory(void)
{
	char purge_all[32]; /* "arena.4096.purge": the number stands for all arenas */

	snprintf(purge_all, sizeof(purge_all), "arena.%u.purge", (unsigned)MALLCTL_ARENAS_ALL);
	mallctl(purge_all, NULL, NULL, NULL, 0);
}

const char *platform_allocator_name(void)
{
	static _Thread_local char name[64];

	snprintf(name, sizeof(name), "jemalloc-%d.%d.%d", JEMALLOC_VERSION_MAJOR, JEMALLOC_VERSION_MINOR,
		 JEMALLOC_VERSION_BUGFIX);
	return name;
}

#elif defined(CUBBY_ALLOCATOR_MIMALLOC)

/* mimalloc counts what it has committed, not what it has handed out, unless it is built for debugging. */
size_t platform_allocated_bytes(void)
{
	size_t committed = 0;

	mi_process_info(NULL, NULL, NULL, NULL, NULL, &committed, NULL, NULL);
	return committed;
}

size_t platform_allocator_resident_bytes(void)
{
	size_t resident = 0;

	mi_process_info(NULL, NULL, NULL, &resident, NULL, NULL, NULL, NULL);
	return resident;
}

size_t platform_allocator_active_bytes(void)
{
	return platform_allocated_bytes();
}

void platform_release_memory(void)
{
	mi_collect(true);
}

const char *platform_allocator_name(void)
{
	static _Thread_local char name[64];
	int version = mi_version();

	snprintf(name, sizeof(name), "mimalloc-%d.%d.%d", version / 100, version / 10 % 10, version % 10);
	return name;
}

#else

#if defined(HAVE_MALLINFO2)

size_t platform_allocated_bytes(void)
{
	struct mallinfo2 info = mallinfo2();

	return info.uordblks + info.hblkhd;
}

size_t platform_allocator_resident_bytes(void)
{
	struct mallinfo2 info = mallinfo2();

	return info.arena + info.hblkhd;
}

#elif defined(__APPLE__)

size_t platform_allocated_bytes(void)
{
	malloc_statistics_t statistics;

	malloc_zone_statistics(NULL, &statistics);
	return statistics.size_in_use;
}

size_t platform_allocator_resident_bytes(void)
{
	malloc_statistics_t statistics;

	malloc_zone_statistics(NULL, &statistics);
	return statistics.size_allocated;
}

#else

size_t platform_allocated_bytes(void)
{
	return 0;
}

size_t platform_allocator_resident_bytes(void)
{
	return 0;
}

#endif

size_t platform_allocator_active_bytes(void)
{
	return platform_allocator_resident_bytes();
}

void platform_release_memory(void)
{
#if defined(__GLIBC__)
	malloc_trim(0);
#elif defined(__APPLE__)
	malloc_zone_pressure_relief(NULL, 0);
#endif
}

const char *platform_allocator_name(void)
{
	return "libc";
}

#endif

#if defined(__APPLE__)

/* fsync() leaves the bytes in the disk's own memory there; not every file system knows the better call. */
int platform_sync(int fd)
{
	return fcntl(fd, F_FULLFSYNC) >= 0 ? 0 : fsync(fd);
}

#else

int platform_sync(int fd)
{
	return fdatasync(fd);
}

#endif

void platform_write_back(int fd, int64_t from, int64_t len)
{
#if defined(__linux__)
	(void)sync_file_range(fd, from, len, SYNC_FILE_RANGE_WRITE);
#else
	(void)fd;
	(void)from;
	(void)len;
#endif
}

void platform_name_thread(const char *name)
{
#if defined(__APPLE__)
	pthread_setname_np(name);
#else
	pthread_setname_np(pthread_self(), name);
#endif
}

#if defined(HAVE_BACKTRACE)

/* The first backtrace() of a process loads a library, which a signal handler may not do: it is made before main(). */
__attribute__((constructor)) static void backtrace_prepare(void)
{
	void *frame;

	backtrace(&frame, 1);
}

void platform_backtrace(int fd)
{
	void *frames[64];

	backtrace_symbols_fd(frames, backtrace(frames, 64), fd);
}

#else

void platform_backtrace(int fd)
{
	static const char message[] = "(this system has no backtrace)\n";

	if (write(fd, message, sizeof(message) - 1) < 0)
		return;
}

#endif
