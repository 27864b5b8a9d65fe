/* What is in an open file. */
#include <mxpull/base/memory.h>
#include <mxpull/platform/file.h>
#include <mxpull/platform/signals.h>

#include <errno.h>
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
