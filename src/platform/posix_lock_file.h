#ifndef MXPULL_PLATFORM_POSIX_LOCK_FILE_H
#define MXPULL_PLATFORM_POSIX_LOCK_FILE_H

/* Opens the lock file at path for reading and writing, made if it is not there with mode 0600, and
 * inherited by no child. Made by root in somebody else's directory it belongs to him: a service of
 * its own user must be able to use what root's hand has left behind. Returns -1 with errno set. */
int lock_file_open(const char *path);

#endif
