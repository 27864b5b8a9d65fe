/* Many locks in one file: the record lock of fcntl(2) on the byte whose place is the key. The kernel
 * keeps them for a process, not for a descriptor: it gives them back when the process ends or closes
 * ANY descriptor of the file, so the file is opened once and by nobody else here. A child does not
 * inherit them. The file stays empty: a lock may lie behind its end. */
#include <mxpull/platform/lock.h>

#include "private_file.h"
#include "system.h"

#include <mxpull/base/memory.h>

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* PLACES: the places that an offset can name, with room to spare. */
#define PLACES UINT64_C(0x3fffffffffffffff)

struct lock_set {
    int descriptor;
    char *path; /* for error texts */
};

static struct flock record(short type, uint64_t key)
{
    return (struct flock){
        .l_type = type, .l_whence = SEEK_SET, .l_start = (off_t)(key & PLACES), .l_len = 1};
}

enum status lock_set_open(struct lock_set **set, const char *path, struct error *error)
{
    int descriptor = private_file_open(path);

    if (descriptor < 0)
        return system_fail(error, path, "cannot be opened", errno);
    *set = memory_new(1, sizeof **set);
    (*set)->descriptor = descriptor;
    (*set)->path = memory_copy(path);
    return STATUS_OK;
}

/* Says who holds the lock. The system does not tell it of a process on another host or in another
 * container, and nobody may hold it any more. */
static enum status report_busy(const struct lock_set *set, uint64_t key, struct error *error)
{
    struct flock found = record(F_WRLCK, key);

    if (fcntl(set->descriptor, F_GETLK, &found) != 0 || found.l_type == F_UNLCK || found.l_pid <= 0)
        return error_set(error, STATUS_BUSY, "another process");
    return error_set(error, STATUS_BUSY, "process %ld", (long)found.l_pid);
}

enum status lock_set_take(struct lock_set *set, uint64_t key, struct error *error)
{
    struct flock wanted = record(F_WRLCK, key);

    if (fcntl(set->descriptor, F_SETLK, &wanted) == 0)
        return STATUS_OK;
    if (errno == EACCES || errno == EAGAIN)
        return report_busy(set, key, error);
    return system_fail(error, set->path, "cannot be locked", errno);
}

void lock_set_give_back(struct lock_set *set, uint64_t key)
{
    struct flock ours = record(F_UNLCK, key);

    (void)fcntl(set->descriptor, F_SETLK, &ours);
}

void lock_set_close(struct lock_set *set)
{
    if (set == NULL)
        return;
    (void)close(set->descriptor);
    free(set->path);
    free(set);
}
