#ifndef MXPULL_PLATFORM_LOCK_H
#define MXPULL_PLATFORM_LOCK_H

#include <mxpull/base/status.h>

#include <stdint.h>

struct lock;

/* Takes the lock file at path (made if it is not there, mode 0600) for this process and writes the
 * process id into it. The system gives it back at the latest when the process ends, however it
 * ends; the file stays. Never blocks. STATUS_OK with *lock to be given to lock_release; STATUS_BUSY
 * with the holder's process id in error's text; STATUS_SYSTEM. */
enum status lock_take(struct lock **lock, const char *path, struct error *error);

/* NULL is allowed. */
void lock_release(struct lock *lock);

/* Many locks in one file, told apart by a number: what one process has taken no other can take
 * until it is given back or its holder ends, however it ends. A process cannot lock itself out. The
 * file may be opened once at a time in a process. */
struct lock_set;

/* Opens the file at path, made if it is not there (mode 0600). STATUS_SYSTEM. */
enum status lock_set_open(struct lock_set **set, const char *path, struct error *error);

/* Never blocks. STATUS_BUSY when another process has taken it: error's text is that process alone,
 * "process 4711", or "another process" where its id is not known. STATUS_SYSTEM. key is any number. */
enum status lock_set_take(struct lock_set *set, uint64_t key, struct error *error);
void lock_set_give_back(struct lock_set *set, uint64_t key);

/* Gives all back. NULL is allowed. */
void lock_set_close(struct lock_set *set);

#endif
