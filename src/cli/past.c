/* The store, read and never changed. Why it cannot be read is told apart by trying its file: a run
 * that has not been is another thing than one by another user. */
#include "past.h"
#include "output.h"
#include <mxpull/base/buffer.h>
#include <mxpull/base/text.h>
#include <mxpull/platform/file.h>
#include <mxpull/platform/writable.h>

#include <errno.h>
#include <string.h>

enum {
    PATH_SIZE_MAX = 16 * 1024
};

static void show_notice(void *context, const char *text)
{
    (void)context;
    output_tell("mxpull: %s", text);
}

/* "never asked" would be wrong where nobody could write down what was asked. */
static enum status tell_missing(const char *directory, const char *path, struct error *error)
{
    struct error why;

    switch (writable_look(directory, &why)) {
    case WRITABLE_YES: break;
    case WRITABLE_NOT_BY_US:
        return error_set(
            error, STATUS_SYSTEM,
            "nothing is remembered: %s is not there, and this user cannot make it: %s; "
            "run mxpull as a user that can write there, or set state_dir",
            path, why.text);
    case WRITABLE_BY_NOBODY:
        return error_set(error, STATUS_SYSTEM,
                         "nothing is remembered: %s is not there and cannot be written: %s; mend "
                         "that, or set state_dir to a folder that can be written",
                         path, why.text);
    }
    return error_set(error, STATUS_SYSTEM,
                     "nothing has been asked yet: %s is not there; mxpull pull, or mxpull "
                     "daemon, makes it",
                     path);
}

/* Before the store has the file open: closing it would give back SQLite's own locks. */
static enum status try_file(const char *directory, const char *path, struct error *error)
{
    int failed = file_try(path);

    if (failed == 0)
        return STATUS_OK;
    if (failed == ENOENT || failed == ENOTDIR)
        return tell_missing(directory, path, error);
    return error_set(error, STATUS_SYSTEM, "%s cannot be read: %s%s", path, strerror(failed),
                     failed == EACCES ? "; run this as the user that mxpull runs as" : "");
}

enum status past_open(struct store **store, const struct config *config, struct error *error)
{
    const struct store_options options = {.directory = config->state_dir,
                                          .read_only = true,
                                          .keep_s = config->history_s,
                                          .notice = show_notice};
    char trouble[ERROR_TEXT_SIZE];
    struct buffer path;
    struct error why;
    enum status status;

    if (config->state_dir == NULL)
        return error_set(error, STATUS_SYSTEM,
                         "there is no state directory to read from; set state_dir in %s",
                         config->path);
    buffer_init(&path, PATH_SIZE_MAX);
    (void)buffer_append_format(&path, "%s/mxpull.db", config->state_dir);
    status = try_file(config->state_dir, path.bytes, error);
    buffer_done(&path);
    if (status != STATUS_OK)
        return status;
    status = store_open(store, &options, error);
    if (status == STATUS_OK || !past_trouble(config, trouble))
        return status;
    why = *error;
    return error_set(error, why.status, "%s; %s", why.text, trouble);
}

bool past_trouble(const struct config *config, char text[ERROR_TEXT_SIZE])
{
    struct error why, whole;

    if (config->state_dir == NULL || writable_look(config->state_dir, &why) != WRITABLE_BY_NOBODY)
        return false;
    (void)error_set(
        &whole, STATUS_SYSTEM,
        "%s cannot be written: %s; what is asked is not remembered until that is mended",
        config->state_dir, why.text);
    (void)text_copy(text, ERROR_TEXT_SIZE, whole.text);
    return true;
}
