#ifndef MXPULL_PLATFORM_WRITABLE_H
#define MXPULL_PLATFORM_WRITABLE_H

#include <mxpull/base/status.h>

enum writable {
    WRITABLE_YES,
    WRITABLE_NOT_BY_US, /* others may be allowed to */
    WRITABLE_BY_NOBODY  /* a read-only file system, a full disk, a file where a folder should be */
};

/* Whether files can be made and grow in the directory at path or, where it is not there yet, in the
 * one above it in which it would be made. Changes nothing. error holds the system's reason alone, such
 * as "Read-only file system", unless it is WRITABLE_YES. */
enum writable writable_look(const char *path, struct error *error);

#endif
