#ifndef MXPULL_PLATFORM_LOCK_H
#define MXPULL_PLATFORM_LOCK_H

#include <mxpull/base/status.h>

#include <stdint.h>

/* Locks in a file, each told apart by a number. What one process has taken no other can take until it is given back or
 * its holder ends, however it ends. The file stays. */
struct lock_set;

/* Takes the file at path, made if it is not there (mode 0600), as one lock, and writes the process id into it. Never
 * blocks. STATUS_OK with *lock to be given to lock_set_close; STATUS_BUSY with the holder's process id in error's text;
 * STATUS_SYSTEM. */
enum status lock_take(struct lock_set **lock, const char *path, struct error *error);

/* Opens the file at path, made if it is not there (mode 0600), at most once at a time in a process: a process cannot lock
 * itself out. STATUS_SYSTEM. */
enum status lock_set_open(struct lock_set **set, const char *path, struct error *error);

/* Never blocks. STATUS_BUSY when another process has taken it: error's text is that process alone,
 * "process 4711", or "another process" where its id is not known. STATUS_SYSTEM. key is any number. */
enum status lock_set_take(struct lock_set *set, uint64_t key, struct error *error);
void lock_set_give_back(struct lock_set *set, uint64_t key);

/* Gives all back. NULL is allowed. */
void lock_set_close(struct lock_set *set);

#endif
