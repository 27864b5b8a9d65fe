/* What an errno means to us. */
#include "system.h"

#include <errno.h>
#include <string.h>

enum status system_status(int number)
{
    return number == EMFILE || number == ENFILE ? STATUS_SHORTAGE : STATUS_SYSTEM;
}

const char *system_error_text(int number)
{
    if (number == EMFILE)
        return "too few file descriptors (ulimit -n)";
    if (number == ENFILE)
        return "too few file descriptors in the whole system";
    return strerror(number);
}

enum status system_fail(struct error *error, const char *path, const char *what, int number)
{
    return error_set(error, system_status(number), "%s: %s: %s", path, what,
                     system_error_text(number));
}
