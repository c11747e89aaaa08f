/* The versions that clients are told. */
#ifndef CUBBY_BASE_VERSION_H
#define CUBBY_BASE_VERSION_H

/* The Redis version whose behaviour is followed; client libraries choose their commands by it. */
#define CUBBY_REDIS_VERSION "7.2.4"

/* cubby's own, given by meson.build. */
#ifndef CUBBY_VERSION
#define CUBBY_VERSION "unversioned"
#endif

#endif
