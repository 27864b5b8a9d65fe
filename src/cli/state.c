/* What a run keeps in state_dir. */
#include "state.h"
#include <mxpull/base/buffer.h>
#include <mxpull/base/log.h>
#include <mxpull/platform/clock.h>
#include <mxpull/platform/file.h>
#include <mxpull/platform/folder.h>

enum {
    PATH_SIZE_MAX = 8 * 1024
};

static void show_notice(void *context, const char *text)
{
    (void)context;
    log_message(LEVEL_WARNING, "%s", text);
}

/* directory NULL: a memory that ends with us. */
static enum status open_store(struct store **store, const char *directory,
                              const struct config *config, bool insist, struct error *error)
{
    const struct store_options options = {.directory = directory,
                                          .keep_s = config->history_s,
                                          .insist = insist,
                                          .notice = show_notice};

    return store_open(store, &options, error);
}

/* directory/name in *path; false when that is too long. */
static bool join(struct buffer *path, const char *directory, const char *name)
{
    buffer_clear(path);
    return buffer_append_format(path, "%s/%s", directory, name) == STATUS_OK;
}

/* Where the system has no locks, a claim that nobody else has cannot be had either. */
static enum status open_claims(struct state *state, const char *path, struct error *error)
{
    enum status status = lock_set_open(&state->claims, path, error);

    if (status == STATUS_OK)
        status = lock_set_take(state->claims, 0, error);
    if (status == STATUS_OK)
        lock_set_give_back(state->claims, 0);
    return status == STATUS_BUSY ? STATUS_OK : status;
}

/* What others may write into would have them say what we remember. */
static enum status check_folder(const char *directory, struct error *error)
{
    struct folder *folder = NULL;
    enum status status = folder_open(&folder, directory, error);

    if (status == STATUS_OK)
        status = folder_check_ours(folder, error);
    folder_close(folder);
    return status;
}

/* Pulls run side by side; of daemons there is one. */
static enum status open_locks(struct state *state, const char *directory, enum state_use use,
                              struct buffer *path, struct error *error)
{
    enum status status = directory_make(directory, error);

    if (status == STATUS_OK)
        status = check_folder(directory, error);
    if (status == STATUS_OK && !join(path, directory, "daemon.lock"))
        status = error_set(error, STATUS_LIMIT, "the path is too long");
    if (status == STATUS_OK && use == STATE_DAEMON)
        status = lock_take(&state->lock, path->bytes, error);
    if (status == STATUS_OK && !join(path, directory, "asking.lock"))
        status = error_set(error, STATUS_LIMIT, "the path is too long");
    return status == STATUS_OK ? open_claims(state, path->bytes, error) : status;
}

/* With the locks or without them. What a daemon remembers while it runs needs no file. A store that
 * another process holds is opened later. */
static void open_memory(struct state *state, const struct config *config, bool has_locks,
                        enum state_use use)
{
    int64_t begun_ms = clock_monotonic_ms();
    enum status status = STATUS_OK;
    struct error error;

    state->patience_ms = STORE_PATIENCE_MS;
    if (has_locks)
        status = open_store(&state->store, config->state_dir, config, true, &error);
    if (status == STATUS_BUSY)
        state->patience_ms -= clock_monotonic_ms() - begun_ms;
    if (state->patience_ms < 0)
        state->patience_ms = 0;
    if (status != STATUS_OK && (status != STATUS_BUSY || use == STATE_DAEMON))
        log_message(LEVEL_WARNING,
                    "state_dir: %s; mxpull goes on without writing down what is "
                    "answered",
                    error.text);
    if (status != STATUS_OK && status != STATUS_BUSY && use == STATE_PULL) {
        store_close(state->store);
        state->store = NULL;
    }
    if (!has_locks && use == STATE_DAEMON)
        (void)open_store(&state->store, NULL, config, false, &error);
}

enum status state_open(struct state *state, const struct config *config, enum state_use use)
{
    struct buffer path;
    struct error error;
    enum status status;

    *state = (struct state){0};
    buffer_init(&path, PATH_SIZE_MAX);
    if (config->state_dir != NULL)
        status = open_locks(state, config->state_dir, use, &path, &error);
    else
        status = error_set(&error, STATUS_SYSTEM, "there is no home to keep it in; set state_dir");
    buffer_done(&path);
    if (status == STATUS_BUSY) {
        log_message(LEVEL_ERROR, "%s", error.text);
        return STATUS_BUSY;
    }
    if (status != STATUS_OK)
        log_message(LEVEL_WARNING,
                    "state_dir: %s; mxpull works without its memory, and another run at the same "
                    "time goes unnoticed",
                    error.text);
    open_memory(state, config, status == STATUS_OK, use);
    return STATUS_OK;
}

void state_note_log(struct state *state, const struct store_log *lost)
{
    struct store_log before;
    struct error error;

    if (state->store == NULL || store_get_log(state->store, &before, &error) != STATUS_OK ||
        before.missing == lost->missing)
        return;
    if (store_set_log(state->store, lost, &error) != STATUS_OK)
        log_message(LEVEL_WARNING, "what the log lacks cannot be remembered: %s", error.text);
}

void state_close(struct state *state)
{
    store_close(state->store);
    lock_set_close(state->claims);
    lock_release(state->lock);
    *state = (struct state){0};
}
