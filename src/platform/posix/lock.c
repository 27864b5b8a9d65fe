/* Locks that the kernel gives back at the latest when the process ends, so that no stale lock can be left. The files
 * stay, because removing one would let two runs hold two files of one name.
 *
 * The lock of a run is flock()'s on the whole file, in which the holder's process id stands. The locks of a set are
 * record locks of fcntl(2), each on the byte whose place is the key. The kernel keeps those for a process, not for a
 * descriptor: it gives them back when the process ends or closes ANY descriptor of the file, so a set's file is opened
 * once and by nobody else here. A child does not inherit them. That file stays empty: a lock may lie behind its end. */
#include "folder.h"
#include "system.h"

#include <mxpull/base/memory.h>
#include <mxpull/platform/lock.h>

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <unistd.h>

enum {
    PID_TEXT_SIZE = 24
};

/* PLACES: the places that an offset can name, with room to spare. */
#define PLACES UINT64_C(0x3fffffffffffffff)

struct lock_set {
    int descriptor;
    char *path; /* for error texts */
};

/* ---- the lock of a run ---- */

/* Says who holds the lock, as far as the file tells. */
static enum status report_busy(int descriptor, const char *path, struct error *error)
{
    char pid[PID_TEXT_SIZE] = "";
    ssize_t size = pread(descriptor, pid, sizeof pid - 1, 0);

    pid[size > 0 ? strspn(pid, "0123456789") : 0] = '\0';
    return error_set(error, STATUS_BUSY, "%s: another run holds the lock%s%s%s", path,
                     *pid != '\0' ? " (process " : "", pid, *pid != '\0' ? ")" : "");
}

/* Only for people to read: a failure, as on a full disk, does not matter to the lock. */
static void write_pid(int descriptor)
{
    char pid[PID_TEXT_SIZE];
    int length = snprintf(pid, sizeof pid, "%ld\n", (long)getpid());

    if (ftruncate(descriptor, 0) == 0 && pwrite(descriptor, pid, (size_t)length, 0) < 0 &&
        ftruncate(descriptor, 0) < 0)
        return; /* a part of the number may stand there */
}

enum status lock_take(struct lock_set **lock, const char *path, struct error *error)
{
    struct lock_set *opened = NULL;
    enum status status = lock_set_open(&opened, path, error);

    if (opened == NULL)
        return status;
    if (flock(opened->descriptor, LOCK_EX | LOCK_NB) == 0) {
        write_pid(opened->descriptor);
        *lock = opened;
        return STATUS_OK;
    }
    status = errno == EWOULDBLOCK ? report_busy(opened->descriptor, path, error)
                                  : system_fail(error, path, "cannot be locked", errno);
    lock_set_close(opened);
    return status;
}

/* ---- a set ---- */

static struct flock record(short type, uint64_t key)
{
    return (struct flock){
        .l_type = type, .l_whence = SEEK_SET, .l_start = (off_t)(key & PLACES), .l_len = 1};
}

enum status lock_set_open(struct lock_set **set, const char *path, struct error *error)
{
    int descriptor = folder_open_private(path);

    if (descriptor < 0)
        return system_fail(error, path, "cannot be opened", errno);
    *set = memory_new(1, sizeof **set);
    **set = (struct lock_set){.descriptor = descriptor, .path = memory_copy(path)};
    return STATUS_OK;
}

/* The system cannot tell a holder on another host or in another container, and the lock may be free again by now. */
enum status lock_set_take(struct lock_set *set, uint64_t key, struct error *error)
{
    struct flock wanted = record(F_WRLCK, key), found = wanted;

    if (fcntl(set->descriptor, F_SETLK, &wanted) == 0)
        return STATUS_OK;
    if (errno != EACCES && errno != EAGAIN)
        return system_fail(error, set->path, "cannot be locked", errno);
    if (fcntl(set->descriptor, F_GETLK, &found) != 0 || found.l_type == F_UNLCK || found.l_pid <= 0)
        return error_set(error, STATUS_BUSY, "another process");
    return error_set(error, STATUS_BUSY, "process %ld", (long)found.l_pid);
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
