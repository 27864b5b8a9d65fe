#ifndef MXPULL_SRC_PLATFORM_POSIX_ERROR_H
#define MXPULL_SRC_PLATFORM_POSIX_ERROR_H

#include <mxpull/base/status.h>

/* STATUS_SHORTAGE where errno says that there are too few file descriptors, else STATUS_SYSTEM. */
enum status posix_error_status(int number);

/* strerror, but a shortage of file descriptors says how to mend it. */
const char *posix_error_text(int number);

#endif
