/* Names for what an RDB file may hold and cubby has not: for messages only. */
#ifndef CUBBY_PERSIST_RDB_NAMES_H
#define CUBBY_PERSIST_RDB_NAMES_H

#include <stdbool.h>

#include "persist/rdb.h"

enum {
	RDB_MODULE_NAME = 10,  /* bytes of a module type's name, with a NUL */
	RDB_LIBRARY_NAME = 64, /* ... of as much of a library's name as is shown */
};

/* "list" for the types of lists; NULL for what is no type of a key. */
const char *rdb_type_name(unsigned type);

/* Whether values of the type begin with what rdb_read_module_name() reads. */
bool rdb_type_is_modules(unsigned type);

/* Reads the number that stands for a module's type, and gives the name that is in it. */
enum rdb_result rdb_read_module_name(struct slice *in, char name[RDB_MODULE_NAME]);

/* The name in the first line of a function library's code: "#!lua name=mylib". "?" when there is none. */
void rdb_library_name(struct slice code, char name[RDB_LIBRARY_NAME]);

#endif
