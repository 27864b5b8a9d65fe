/* How lock files are opened. */
#include "posix_lock_file.h"

#include <mxpull/base/memory.h>

#include <errno.h>
#include <fcntl.h>
#include <libgen.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

enum {
    LOCK_MODE = 0600
};

static void give_to_owner(int descriptor, const char *path)
{
    char *copy = memory_copy(path);
    struct stat directory;

    if (stat(dirname(copy), &directory) == 0 && directory.st_uid != 0)
        (void)!fchown(descriptor, directory.st_uid, directory.st_gid);
    free(copy);
}

/* Only what was just made is given away: another file of root's may have been put there. */
int lock_file_open(const char *path)
{
    const int flags = O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW | O_NOCTTY;
    int descriptor = open(path, flags | O_EXCL, LOCK_MODE);

    if (descriptor >= 0 && geteuid() == 0)
        give_to_owner(descriptor, path);
    if (descriptor < 0 && errno == EEXIST)
        descriptor = open(path, flags, LOCK_MODE);
    return descriptor;
}
