/* Whether something can be written, found out without writing. */
#include "system.h"

#include <mxpull/platform/writable.h>

#include <mxpull/base/memory.h>

#include <errno.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <unistd.h>

/* FREE_MIN: what SQLite needs beside the file while it is open. */
#define FREE_MIN 32768UL

/* Cuts the last name off; false at the root. */
static bool go_up(char *path)
{
    size_t size = strlen(path);

    while (size > 1 && path[size - 1] == '/')
        path[--size] = '\0';
    char *slash = strrchr(path, '/');

    if (slash == NULL || slash[1] == '\0')
        return false;
    slash[slash == path ? 1 : 0] = '\0';
    return true;
}

/* The reason as one of the system's numbers; 0: it can be written. access(2) says EROFS to root, too. */
static int reason(const char *path)
{
    struct statvfs facts;
    struct stat kind;

    if (stat(path, &kind) == 0 && !S_ISDIR(kind.st_mode))
        return ENOTDIR;
    if (access(path, W_OK | X_OK) != 0)
        return errno;
    if (statvfs(path, &facts) == 0 && facts.f_blocks > 0 &&
        (geteuid() == 0 ? facts.f_bfree : facts.f_bavail) < FREE_MIN / facts.f_frsize + 1)
        return ENOSPC;
    return 0;
}

enum writable writable_look(const char *path, struct error *error)
{
    char *existing = memory_copy(path);
    int number;

    while ((number = reason(existing)) == ENOENT && go_up(existing))
        ;
    free(existing);
    if (number == 0)
        return WRITABLE_YES;
    (void)error_set(error, system_status(number), "%s", system_error_text(number));
    return number == EROFS || number == ENOSPC || number == ENOTDIR ? WRITABLE_BY_NOBODY
                                                                    : WRITABLE_NOT_BY_US;
}
