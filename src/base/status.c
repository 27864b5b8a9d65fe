/* A failure's status and text, set once at its source and prefixed once a floor on its way up. */
#include <mxpull/base/status.h>
#include <mxpull/base/text.h>

#include <stdarg.h>
#include <string.h>

enum status error_set(struct error *error, enum status status, const char *format, ...)
{
    va_list arguments;

    error->status = status;
    va_start(arguments, format);
    text_format(error->text, sizeof error->text, format, arguments);
    va_end(arguments);
    return status;
}

enum status error_prefix(struct error *error, const char *format, ...)
{
    char prefix[ERROR_TEXT_SIZE], old[ERROR_TEXT_SIZE];
    va_list arguments;

    memcpy(old, error->text, sizeof old);
    va_start(arguments, format);
    text_format(prefix, sizeof prefix, format, arguments);
    va_end(arguments);
    return error_set(error, error->status, "%s: %s", prefix, old);
}
