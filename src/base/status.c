/* A failure's status and text, set once at its source and prefixed once a floor on its way up. */
#include <mxpull/base/status.h>

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

enum status error_set(struct error *error, enum status status, const char *format, ...)
{
    va_list arguments;

    error->status = status;
    va_start(arguments, format);
    (void)vsnprintf(error->text, sizeof error->text, format, arguments);
    va_end(arguments);
    return status;
}

enum status error_prefix(struct error *error, const char *format, ...)
{
    char old[ERROR_TEXT_SIZE];
    va_list arguments;

    memcpy(old, error->text, sizeof old);
    va_start(arguments, format);
    int length = vsnprintf(error->text, sizeof error->text, format, arguments);
    va_end(arguments);
    if (length >= 0 && (size_t)length < sizeof error->text)
        (void)snprintf(error->text + length, sizeof error->text - (size_t)length, ": %.*s",
                       (int)(sizeof error->text - (size_t)length), old);
    return error->status;
}
