/* What a run keeps in state_dir. */
#include <mxpull/base/buffer.h>
#include <mxpull/base/log.h>
#include <mxpull/cli/state.h>
#include <mxpull/platform/file.h>

enum {
    PATH_SIZE_MAX = 8 * 1024
};

static void show_notice(void *context, const char *text)
{
    (void)context;
    log_message(LEVEL_WARNING, "%s", text);
}

static enum status open_store(struct store **store, const struct config *config,
                              struct error *error)
{
    const struct store_options options = {
        .directory = config->state_dir, .keep_s = config->history_s, .notice = show_notice};

    return store_open(store, &options, error);
}

/* directory/name in *path; false when that is too long. */
static bool join(struct buffer *path, const char *directory, const char *name)
{
    buffer_clear(path);
    return buffer_append_format(path, "%s/%s", directory, name) == STATUS_OK;
}

static enum status open_parts(struct state *state, const struct config *config,
                              const char *lock_name, struct buffer *path, struct error *error)
{
    enum status status = directory_make(config->state_dir, error);

    if (status == STATUS_OK && !join(path, config->state_dir, lock_name))
        status = error_set(error, STATUS_LIMIT, "the path is too long");
    if (status == STATUS_OK)
        status = lock_take(&state->lock, path->bytes, error);
    if (status == STATUS_OK && !join(path, config->state_dir, "asking.lock"))
        status = error_set(error, STATUS_LIMIT, "the path is too long");
    if (status == STATUS_OK)
        status = lock_set_open(&state->claims, path->bytes, error);
    if (status == STATUS_OK)
        status = open_store(&state->store, config, error);
    return status;
}

enum status state_open(struct state *state, const struct config *config, const char *lock_name)
{
    struct buffer path;
    struct error error;
    enum status status;

    *state = (struct state){0};
    buffer_init(&path, PATH_SIZE_MAX);
    if (config->state_dir != NULL)
        status = open_parts(state, config, lock_name, &path, &error);
    else
        status = error_set(&error, STATUS_SYSTEM, "there is no home to keep it in; set state_dir");
    buffer_done(&path);
    if (status == STATUS_BUSY && state->lock == NULL) {
        log_message(LEVEL_ERROR, "%s", error.text);
        return STATUS_BUSY;
    }
    if (status != STATUS_OK)
        log_message(LEVEL_WARNING,
                    "state_dir: %s; mxpull works without its memory, and another run at the same "
                    "time goes unnoticed",
                    error.text);
    return STATUS_OK;
}

void state_close(struct state *state)
{
    store_close(state->store);
    lock_set_close(state->claims);
    lock_release(state->lock);
    *state = (struct state){0};
}
