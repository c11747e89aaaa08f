/*
 * Workers with sockets, and a journal, for unit tests: the daemon's rooms below server/, with the test in the place of
 * the append-only file. Checks with Check's assertions; whatever is waited for fails the test after 20 seconds.
 */
#ifndef CUBBY_TESTS_UNIT_WORKERS_H
#define CUBBY_TESTS_UNIT_WORKERS_H

#include <stdbool.h>
#include <stdint.h>

#include "net/net.h"

/* Needs the fixture of scratch.h. Nothing is released from then on. */
void workers_start(int count);
void workers_stop(void);

/* Closes all connections and ends the loops, which workers_stop() then finds done. */
void workers_end(void);

/* Every worker has done what it was doing, and what had been posted to it. */
void workers_settle(void);

/* Commands that have been run; and waits until there are exactly so many and the workers have settled. */
uint64_t workers_commands(void);
void workers_await_commands(uint64_t count);

void workers_await_clients(uint64_t count);

/* Bytes that have been read and not run; and waits until there are at least so many. */
uint64_t workers_input(void);
void workers_await_input(uint64_t bytes);

/* Releases all that the journal has. */
void workers_release(void);

/* --- clients ------------------------------------------------------------------------------------------------------ */

/* A descriptor, which workers_stop() closes. */
int client_connect(void);

void client_send(int fd, const char *text);

/* Sends what is `count` commands, which all run; none is answered. */
void client_send_held(int fd, const char *text, unsigned count);

/* What comes next is this text (less than 512 bytes); nothing, for now; or the end. */
void client_expect(int fd, const char *want);
void client_expect_nothing(int fd);
void client_expect_end(int fd);

#endif
