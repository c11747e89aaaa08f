/* The checksum at the end of Redis's payloads and files: CRC-64 with the polynomial of David T. Jones, bits reflected,
 * starting at 0. Of "123456789" it is 0xe9c6d914c4b8d9ca. */
#ifndef CUBBY_PERSIST_CRC64_H
#define CUBBY_PERSIST_CRC64_H

#include <stddef.h>
#include <stdint.h>

/* The checksum of what `crc` is the checksum of (0: nothing), followed by these bytes. Any thread. */
uint64_t crc64(uint64_t crc, const void *bytes, size_t len);

#endif
