/* Replies as short texts; the forms are listed in harness.h. */
#ifndef CUBBY_TESTS_INTEGRATION_REPLY_TEXT_H
#define CUBBY_TESTS_INTEGRATION_REPLY_TEXT_H

#include <stddef.h>

/* A text that grows; start with zeroes, free `bytes`. Always ends with a NUL once something was added. */
struct text {
	char *bytes;
	size_t len;
	size_t size;
};

void text_add(struct text *self, const char *bytes, size_t len);
void text_clear(struct text *self);

/* Adds the reply at the start of `bytes` to `out` and returns how many bytes it takes; 0 when it is not complete yet
 * (`out` then holds a part). Fails the test when it is no reply at all. Both protocols. */
size_t reply_text(struct text *out, const char *bytes, size_t len);

/* The same through hiredis, for one complete reply in RESP2. */
void reply_text_hiredis(struct text *out, const char *bytes, size_t len);

#endif
