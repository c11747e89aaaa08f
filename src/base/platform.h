/* What differs between Linux and macOS, behind one header. Every #ifdef about the system is in platform.c. */
#ifndef CUBBY_BASE_PLATFORM_H
#define CUBBY_BASE_PLATFORM_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/socket.h>

/* Cores this process may run on (its affinity mask and, on Linux, its cgroup's quota count). At least 1. */
unsigned platform_cores(void);

/* Raises the limit of open files to `wanted` if it can (soft up to hard; hard too when allowed) and returns the limit
 * that is in force then. */
uint64_t platform_raise_file_limit(uint64_t wanted);

/* accept(2) that returns a non-blocking, close-on-exec descriptor, or -1 with errno. `address` and `len` as accept(2).
 */
int platform_accept(int listener, struct sockaddr *address, socklen_t *len);

/* socket(2) that is non-blocking and close-on-exec, or -1 with errno. */
int platform_socket(int family, int type);

/* Sets keep-alive probes on a TCP socket: the first after `seconds` of silence, then three, a third of that apart (as
 * Redis does). 0 turns them off. */
void platform_set_keepalive(int fd, unsigned seconds);

/* Resident memory of this process in bytes, now and at its highest; 0 when unknown. */
size_t platform_resident_bytes(void);
size_t platform_resident_peak_bytes(void);

/* Memory of the machine in bytes. */
uint64_t platform_total_memory(void);

/* Bytes that the allocator has handed out and the ones it holds from the system; 0 when the allocator cannot tell. */
size_t platform_allocated_bytes(void);
size_t platform_allocator_resident_bytes(void);
/* ... and those of the pages that have something handed out on them: between the two. */
size_t platform_allocator_active_bytes(void);
/* Has the allocator give back to the system what it can. */
void platform_release_memory(void);
/* "jemalloc-5.3.0", "mimalloc-2.0.9" or "libc", as INFO's mem_allocator shows it. */
const char *platform_allocator_name(void);

/* Has the disk keep what was written to the file: 0, or -1 with errno. */
int platform_sync(int fd);

/* Has the system begin to write this part of the file to the disk, where it can be told to. */
void platform_write_back(int fd, int64_t from, int64_t len);

/* Names the calling thread for top, gdb and perf; at most 15 bytes. */
void platform_name_thread(const char *name);

/* Writes the calling thread's stack to `fd`, safely within a signal handler. */
void platform_backtrace(int fd);

#endif
