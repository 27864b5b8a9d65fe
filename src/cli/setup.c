/* What several commands begin with: the configuration, the loop, the look of their lines, the state
 * directory. Why its store cannot be read is told apart by trying its file: a run that has not been is
 * another thing than one by another user. */
#include "setup.h"
#include "output.h"
#include <mxpull/base/buffer.h>
#include <mxpull/base/log.h>
#include <mxpull/base/text.h>
#include <mxpull/platform/clock.h>
#include <mxpull/platform/file.h>
#include <mxpull/platform/folder.h>
#include <mxpull/platform/host.h>
#include <mxpull/platform/terminal.h>

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum {
    PATH_SIZE_MAX = 16 * 1024
};

static void print_fault(void *context, const char *line)
{
    (void)context;
    output_tell("%s", line);
}

struct config *setup_config(const struct arguments *arguments, config_fault *fault, void *context)
{
    char *path = NULL;

    if (arguments->config == NULL)
        path = host_config_path(MXPULL_SYSCONFDIR);
    struct config *config = config_load(path != NULL ? path : arguments->config,
                                        fault != NULL ? fault : print_fault, context);
    free(path);
    return config;
}

struct loop *setup_loop(void)
{
    struct error error;
    struct loop *loop = loop_new(&error);

    if (loop == NULL)
        log_message(LEVEL_ERROR, "%s", error.text);
    return loop;
}

/* NO_COLOR (https://no-color.org) counts where it is set and not empty. */
struct line_look setup_look(const struct arguments *arguments)
{
    const char *no_color = getenv("NO_COLOR");
    bool is_terminal = terminal_is(stdout);

    return (struct line_look){.columns =
                                  is_terminal ? terminal_size(stdout).columns : LINE_UNBOUNDED,
                              .color = strcmp(arguments->color, "auto") == 0
                                           ? is_terminal && (no_color == NULL || *no_color == '\0')
                                           : strcmp(arguments->color, "always") == 0};
}

/* ---- the state directory of those who ask ---- */

static void log_notice(void *context, const char *text)
{
    (void)context;
    log_message(LEVEL_WARNING, "%s", text);
}

/* directory/name in *path. */
static enum status join(struct buffer *path, const char *directory, const char *name,
                        struct error *error)
{
    buffer_clear(path);
    if (buffer_append_format(path, "%s/%s", directory, name) == STATUS_OK)
        return STATUS_OK;
    return error_set(error, STATUS_LIMIT, "the path is too long");
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
                              struct error *error)
{
    struct buffer path;

    if (directory == NULL)
        return error_set(error, STATUS_SYSTEM, "there is no home to keep it in; set state_dir");
    buffer_init(&path, PATH_SIZE_MAX);
    enum status status = directory_make(directory, error);
    if (status == STATUS_OK)
        status = check_folder(directory, error);
    if (status == STATUS_OK)
        status = join(&path, directory, "daemon.lock", error);
    if (status == STATUS_OK && use == STATE_DAEMON)
        status = lock_take(&state->lock, path.bytes, error);
    if (status == STATUS_OK)
        status = join(&path, directory, "asking.lock", error);
    if (status == STATUS_OK)
        status = open_claims(state, path.bytes, error);
    buffer_done(&path);
    return status;
}

/* With the locks or without them. What a daemon remembers while it runs needs no file. A store that
 * another process holds is opened later. */
static void open_memory(struct state *state, const struct config *config, bool has_locks,
                        enum state_use use)
{
    const struct store_options options = {.directory = has_locks ? config->state_dir : NULL,
                                          .keep_s = config->history_s,
                                          .insist = has_locks,
                                          .notice = log_notice};
    int64_t begun_ms = clock_monotonic_ms();
    enum status status = STATUS_OK;
    struct error error;

    if (has_locks || use == STATE_DAEMON)
        status = store_open(&state->store, &options, &error);
    state->patience_ms = STORE_PATIENCE_MS;
    if (!has_locks || status == STATUS_OK)
        return;
    if (status == STATUS_BUSY)
        state->patience_ms -= clock_monotonic_ms() - begun_ms;
    if (state->patience_ms < 0)
        state->patience_ms = 0;
    if (status != STATUS_BUSY || use == STATE_DAEMON)
        log_message(LEVEL_WARNING,
                    "state_dir: %s; mxpull goes on without writing down what is answered",
                    error.text);
    if (status != STATUS_BUSY && use == STATE_PULL) {
        store_close(state->store);
        state->store = NULL;
    }
}

enum status state_open(struct state *state, const struct config *config, enum state_use use)
{
    struct error error;

    *state = (struct state){0};
    enum status status = open_locks(state, config->state_dir, use, &error);
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

void state_close(struct state *state)
{
    store_close(state->store);
    lock_set_close(state->claims);
    lock_release(state->lock);
    *state = (struct state){0};
}

/* ---- and of those who only read it ---- */

static void tell_notice(void *context, const char *text)
{
    (void)context;
    output_tell("mxpull: %s", text);
}

/* "never asked" would be wrong where nobody could write down what was asked. */
static enum status tell_missing(const char *directory, const char *path, struct error *error)
{
    struct error why;

    switch (directory_writable(directory, &why)) {
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
                                          .notice = tell_notice};
    char trouble[ERROR_TEXT_SIZE];
    struct buffer path;

    if (config->state_dir == NULL)
        return error_set(error, STATUS_SYSTEM,
                         "there is no state directory to read from; set state_dir in %s",
                         config->path);
    buffer_init(&path, PATH_SIZE_MAX);
    enum status status = join(&path, config->state_dir, "mxpull.db", error);
    if (status == STATUS_OK)
        status = try_file(config->state_dir, path.bytes, error);
    buffer_done(&path);
    if (status != STATUS_OK)
        return status;
    status = store_open(store, &options, error);
    if (status == STATUS_OK || !past_trouble(config, trouble))
        return status;
    const struct error why = *error;
    return error_set(error, why.status, "%s; %s", why.text, trouble);
}

bool past_trouble(const struct config *config, char text[ERROR_TEXT_SIZE])
{
    struct error why, whole;

    if (config->state_dir == NULL ||
        directory_writable(config->state_dir, &why) != WRITABLE_BY_NOBODY)
        return false;
    (void)error_set(
        &whole, STATUS_SYSTEM,
        "%s cannot be written: %s; what is asked is not remembered until that is mended",
        config->state_dir, why.text);
    (void)text_copy(text, ERROR_TEXT_SIZE, whole.text);
    return true;
}
