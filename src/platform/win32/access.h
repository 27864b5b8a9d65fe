#ifndef MXPULL_SRC_PLATFORM_WIN32_ACCESS_H
#define MXPULL_SRC_PLATFORM_WIN32_ACCESS_H

/* Who may read and change what is ours: we, SYSTEM, the administrators, and, below %ProgramData%, the
 * account LocalService, as which the daemon runs. */

#include "system.h"

#include <stdbool.h>

enum access {
    ACCESS_OURS,    /* nobody else may read or change it */
    ACCESS_OTHERS,  /* somebody else may */
    ACCESS_UNKNOWN, /* the system does not tell; GetLastError says why */
};

/* What others must not have. */
enum access_right {
    ACCESS_READ_OR_WRITE,
    ACCESS_WRITE
};

/* Judges an open file. */
enum access access_of(HANDLE file, enum access_right right);

/* The command that makes the open file at path ours alone: "icacls "…" /inheritance:r /grant:r *SID:F …". A file below
 * %ProgramData% becomes the service's, and the caller has access only as an administrator. The caller frees the text. */
char *access_icacls(HANDLE file, const char *path);

/* The security of something new at path that is ours alone, and all that comes to be in it; NULL
 * where it cannot be made. To be given back with access_free_new. */
SECURITY_ATTRIBUTES *access_new(const char *path);
void access_free_new(SECURITY_ATTRIBUTES *attributes);

#endif
