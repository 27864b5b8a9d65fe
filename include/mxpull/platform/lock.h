#ifndef MXPULL_PLATFORM_LOCK_H
#define MXPULL_PLATFORM_LOCK_H

#include <mxpull/base/status.h>

struct lock;

/* Takes the lock file at path (made if it is not there, mode 0600) for this process and writes the
 * process id into it. The system gives it back at the latest when the process ends, however it
 * ends; the file stays. Never blocks. STATUS_OK with *lock to be given to lock_release; STATUS_BUSY
 * with the holder's process id in error's text; STATUS_SYSTEM. */
enum status lock_take(struct lock **lock, const char *path, struct error *error);

/* NULL is allowed. */
void lock_release(struct lock *lock);

#endif
