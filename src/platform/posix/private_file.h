#ifndef MXPULL_SRC_PLATFORM_POSIX_PRIVATE_FILE_H
#define MXPULL_SRC_PLATFORM_POSIX_PRIVATE_FILE_H

/* Opens the file at path for reading and writing, made if it is not there with mode 0600, and
 * inherited by no child, with the rights that folder.h speaks of. Returns -1 with errno set. */
int private_file_open(const char *path);

#endif
