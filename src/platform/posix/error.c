/* What an errno means to us. */
#include "error.h"

#include <errno.h>
#include <string.h>

enum status posix_error_status(int number)
{
    return number == EMFILE || number == ENFILE ? STATUS_SHORTAGE : STATUS_SYSTEM;
}

const char *posix_error_text(int number)
{
    if (number == EMFILE)
        return "too few file descriptors (ulimit -n)";
    if (number == ENFILE)
        return "too few file descriptors in the whole system";
    return strerror(number);
}
