/* The store, read and never changed. Why it cannot be read is told apart by trying its file: a run
 * that has not been is another thing than one by another user. */
#include <mxpull/base/buffer.h>
#include <mxpull/cli/past.h>

#include <errno.h>
#include <stdio.h>
#include <string.h>

enum {
    PATH_SIZE_MAX = 16 * 1024
};

/* Before the store has the file open: closing it would give back SQLite's own locks. */
static enum status try_file(const char *path, struct error *error)
{
    FILE *file = fopen(path, "rb");

    if (file != NULL) {
        (void)fclose(file);
        return STATUS_OK;
    }
    if (errno == ENOENT)
        return error_set(error, STATUS_SYSTEM,
                         "nothing has been asked yet: %s is not there; mxpull pull, or mxpull "
                         "daemon, makes it",
                         path);
    if (errno == EACCES)
        return error_set(error, STATUS_SYSTEM,
                         "%s cannot be read: %s; run this as the user that mxpull runs as", path,
                         strerror(errno));
    return error_set(error, STATUS_SYSTEM, "%s cannot be read: %s", path, strerror(errno));
}

enum status past_open(struct store **store, const struct config *config, struct error *error)
{
    const struct store_options options = {
        .directory = config->state_dir, .read_only = true, .keep_s = config->history_s};
    struct buffer path;
    enum status status;

    if (config->state_dir == NULL)
        return error_set(error, STATUS_SYSTEM,
                         "there is no state directory to read from; set state_dir in %s",
                         config->path);
    buffer_init(&path, PATH_SIZE_MAX);
    (void)buffer_append_format(&path, "%s/mxpull.db", config->state_dir);
    status = try_file(path.bytes, error);
    buffer_done(&path);
    return status == STATUS_OK ? store_open(store, &options, error) : status;
}
