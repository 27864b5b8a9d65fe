/* What is in an open file, and where a file could be made. */
#include "system.h"

#include <mxpull/base/memory.h>
#include <mxpull/platform/file.h>
#include <mxpull/platform/signals.h>

#include <errno.h>
#include <stdlib.h>
#include <string.h>

enum {
    CHUNK_SIZE = 16 * 1024
};

/* By a signal that does not ask us to end: a pipe may be waited for. */
static bool is_interrupted(FILE *file)
{
    if (ferror(file) == 0 || errno != EINTR || signals_stop_requested())
        return false;
    clearerr(file);
    return true;
}

enum status file_read_open(FILE *file, const char *path, struct buffer *bytes, struct error *error)
{
    char chunk[CHUNK_SIZE];
    enum status status = STATUS_OK;
    size_t size;

    /* No copy of a secret stays in a buffer of the stream's, or here. */
    (void)setvbuf(file, NULL, _IONBF, 0);
    while (status == STATUS_OK &&
           ((size = fread(chunk, 1, sizeof chunk, file)) > 0 || is_interrupted(file)))
        status = buffer_append(bytes, chunk, size);
    memory_wipe(chunk, sizeof chunk);
    if (status != STATUS_OK)
        return error_set(error, status, "%s: is larger than %zu bytes", path, bytes->limit);
    if (ferror(file) != 0)
        return error_set(error, STATUS_SYSTEM, "%s: cannot be read: %s", path, strerror(errno));
    return STATUS_OK;
}

/* Cuts the last name off; false at the root. The separator behind a drive stays: "C:" is another folder. */
static bool go_up(char *path)
{
    size_t size = strlen(path);

    while (size > 0 && strchr(SYSTEM_SEPARATORS, path[size - 1]) != NULL)
        size--;
    while (size > 0 && strchr(SYSTEM_SEPARATORS, path[size - 1]) == NULL)
        size--;
    if (size == 0)
        return false;
    if (size > 1 && path[size - 2] != ':')
        size--;
    path[size] = '\0';
    return true;
}

enum writable directory_writable(const char *path, struct error *error)
{
    char *existing = memory_copy(path);
    enum writable writable;
    bool is_missing;

    while ((writable = system_writable(existing, &is_missing, error)) != WRITABLE_YES &&
           is_missing && go_up(existing))
        ;
    free(existing);
    return writable;
}
