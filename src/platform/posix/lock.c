/* A lock file held by flock(): the kernel gives it back when the last descriptor is closed, at the
 * latest when the process ends, so that no stale lock can be left. The file itself stays, because
 * removing it would let two runs hold two files of one name. */
#include <mxpull/platform/lock.h>

#include "private_file.h"
#include "system.h"

#include <mxpull/base/memory.h>

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

struct lock {
    int descriptor;
};

/* Says who holds the lock, as far as the file tells. */
static enum status report_busy(int descriptor, const char *path, struct error *error)
{
    char pid[PID_TEXT_SIZE] = "";
    ssize_t size = pread(descriptor, pid, sizeof pid - 1, 0);

    pid[size > 0 ? strspn(pid, "0123456789") : 0] = '\0';
    if (pid[0] == '\0')
        return error_set(error, STATUS_BUSY, "%s: another run holds the lock", path);
    return error_set(error, STATUS_BUSY, "%s: another run holds the lock (process %s)", path, pid);
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

enum status lock_take(struct lock **lock, const char *path, struct error *error)
{
    int descriptor = private_file_open(path);
    enum status status;

    if (descriptor < 0)
        return system_fail(error, path, "cannot be opened", errno);
    if (flock(descriptor, LOCK_EX | LOCK_NB) != 0) {
        if (errno == EWOULDBLOCK)
            status = report_busy(descriptor, path, error);
        else
            status = system_fail(error, path, "cannot be locked", errno);
        (void)close(descriptor);
        return status;
    }
    write_pid(descriptor);
    *lock = memory_new(1, sizeof **lock);
    (*lock)->descriptor = descriptor;
    return STATUS_OK;
}

void lock_release(struct lock *lock)
{
    if (lock == NULL)
        return;
    (void)close(lock->descriptor);
    free(lock);
}
