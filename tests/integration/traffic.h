/* Traffic by the megabyte, for tests of the network and of its limits. */
#ifndef CUBBY_TESTS_INTEGRATION_TRAFFIC_H
#define CUBBY_TESTS_INTEGRATION_TRAFFIC_H

#include <stdbool.h>
#include <stddef.h>

#include "harness.h"

enum { MEGABYTE = 1024 * 1024 };

/* The same request over and over, and the same reply. Sending and receiving are apart, so that a test decides when its
 * client reads. */
struct traffic {
	struct client *client;
	char *request; /* owned */
	size_t request_len;
	char *reply; /* owned */
	size_t reply_len;
	size_t count;	 /* how often */
	size_t sent;	 /* bytes */
	size_t received; /* bytes */
};

/* ECHO of a payload of so many bytes; a GET whose value has so many, which is set first by another client. */
struct traffic traffic_echo(struct client *client, size_t payload, size_t count);
struct traffic traffic_get(struct client *client, struct client *other, size_t payload, size_t count);
void traffic_free(struct traffic *self);

/* Sends until the kernel has taken nothing for so long, or all is sent. */
void traffic_push(struct traffic *self, int patience_ms);
/* Reads up to `most` bytes of the replies that are there by now, and compares them. */
void traffic_take(struct traffic *self, size_t most);
/* The same; false when the daemon has closed. */
bool traffic_try_take(struct traffic *self, size_t most);
/* Sends what is left, reads what is left, and fails when a byte is another or something is missing. */
void traffic_finish(struct traffic *self);

/* Exactly these bytes come next. Unlike expect_bytes it keeps no copy of them, so they may be many; nothing that the
 * client has received already may be unread. */
void bytes_expect(struct client *client, const char *want, size_t len);

/* A value in which every place and every version looks different. To be freed. */
char *value_make(size_t len, unsigned version);
/* SET, its reply included; and the next reply must be exactly this value. */
void value_set(struct client *client, const char *key, const char *value, size_t len);
void value_expect(struct client *client, const char *value, size_t len);

/* Reads whatever comes until the daemon has closed; returns how many bytes that was. */
size_t drain_until_closed(struct client *client);

/* The daemon has shut its side in good order: the next thing is the end, and no reset. */
void expect_end(struct client *client);

/* `count` times the same text. To be freed. */
char *text_repeat(const char *text, size_t count);

/* Lets time go by for a client whose point is that it is slow. Never to wait for a result. */
void pace(int milliseconds);

/* Whether the daemon is built with a sanitizer, where figures of memory and speed mean nothing. */
bool is_sanitized(void);

/* A figure of INFO about memory is below a bound; not looked at with a sanitizer. */
void expect_below(struct client *client, const char *field, long long bound);

/* Bytes of replies that wait in the daemon for the client of this id; -1: there is none. */
long long output_waiting(struct client *other, long long id);

/* Open descriptors of the daemon; 0 where that cannot be found out. */
size_t server_files(const struct server *server);

#endif
