/* What several commands begin with: the configuration, the loop, the look of their lines, the state
 * directory. */
#include "setup.h"
#include <mxpull/base/duration.h>
#include <mxpull/base/log.h>
#include <mxpull/base/memory.h>
#include <mxpull/platform/clock.h>
#include <mxpull/platform/file.h>
#include <mxpull/platform/folder.h>
#include <mxpull/platform/host.h>
#include <mxpull/platform/terminal.h>

#include <errno.h>
#include <stdlib.h>
#include <string.h>

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
    if (config == NULL && path != NULL && fault == NULL && file_try(path) == ENOENT)
        output_tell("\"mxpull init DOMAIN\" makes a first one; -c names another place");
    free(path);
    return config;
}

int setup_log(struct logging *logging, const struct config *config,
              const struct arguments *arguments, void (*around)(void *context, bool begins),
              void *context)
{
    bool is_at_terminal = terminal_repeats(stderr);
    struct error error;
    const struct logging_options options = {
        .target = config->log,
        .style = config->log_format,
        .path = config->log_path,
        .verbose = arguments->verbose,
        .quiet = arguments->quiet,
        .is_at_terminal = is_at_terminal,
        .around = is_at_terminal ? around : NULL,
        .context = context,
    };

    if (logging_open(logging, &options, &error) != STATUS_OK) {
        output_tell("%s: log: %s", config->path, error.text);
        return EXIT_STATUS_CONFIG;
    }
    if (config->path != NULL)
        log_message(LEVEL_DEBUG, "the configuration is %s", config->path);
    return EXIT_STATUS_OK;
}

void setup_log_errors(struct logging *logging, const struct arguments *arguments,
                      void (*around)(void *context, bool begins), void *context)
{
    static const struct config no_config = {.log = LOG_STDERR, .log_format = LOG_TEXT};

    (void)setup_log(logging, &no_config, arguments, around, context); /* it is open */
}

/* A wait that is none, or longer than a week, is a typing error. */
int setup_wait(const struct arguments *arguments, int64_t *seconds)
{
    enum {
        WAIT_MAX_S = 7 * 24 * 3600
    };
    int64_t wait_s;

    if (arguments->wait == NULL)
        return EXIT_STATUS_OK;
    if (duration_parse(arguments->wait, &wait_s) == STATUS_OK && wait_s > 0 &&
        wait_s <= WAIT_MAX_S) {
        *seconds = wait_s;
        return EXIT_STATUS_OK;
    }
    output_tell("--wait is a duration of 1s to 1w, such as 60s or 5m; not \"%s\"",
                word_shown(arguments->wait).text);
    return EXIT_STATUS_USAGE;
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

/* ---- the state directory of pull and daemon ---- */

static void log_notice(void *context, const char *text)
{
    (void)context;
    log_message(LEVEL_WARNING, "%s", text);
}

/* Pulls run side by side; of daemons there is one. */
static enum status open_locks(struct state *state, const char *directory, bool is_daemon,
                              struct error *error)
{
    struct folder *folder = NULL;

    if (directory == NULL)
        return error_set(error, STATUS_SYSTEM, "there is no home to keep it in; set state_dir");
    char *daemon_lock = memory_format("%s/daemon.lock", directory);
    char *asking_lock = memory_format("%s/asking.lock", directory);
    enum status status = directory_make(directory, error);
    if (status == STATUS_OK)
        status = folder_open(&folder, directory, error);
    if (status == STATUS_OK) /* others could forge what mxpull remembers */
        status = folder_check_ours(folder, error);
    if (status == STATUS_OK && is_daemon)
        status = lock_take(&state->lock, daemon_lock, error);
    if (status == STATUS_OK)
        status = lock_set_open(&state->claims, asking_lock, error);
    /* Tries a claim: on a file system without locks even a free one fails. */
    enum status claim = status == STATUS_OK ? lock_set_take(state->claims, 0, error) : STATUS_BUSY;
    if (claim == STATUS_OK)
        lock_set_give_back(state->claims, 0);
    else if (claim != STATUS_BUSY)
        status = claim;
    folder_close(folder);
    free(asking_lock);
    free(daemon_lock);
    return status;
}

/* Opens the store. A daemon without a directory remembers as long as it runs. A store that another
 * process holds is opened later. */
static void open_memory(struct state *state, const struct config *config, bool has_locks,
                        bool is_daemon)
{
    const struct store_options options = {.directory = has_locks ? config->state_dir : NULL,
                                          .keep_s = config->history_s,
                                          .insist = has_locks,
                                          .notice = log_notice};
    int64_t begun_ms = clock_monotonic_ms();
    struct error error;

    state->patience_ms = STORE_PATIENCE_MS;
    if (!has_locks && !is_daemon)
        return;
    enum status status = store_open(&state->store, &options, &error);
    if (!has_locks || status == STATUS_OK)
        return;
    if (status == STATUS_BUSY)
        state->patience_ms -= clock_monotonic_ms() - begun_ms;
    if (state->patience_ms < 0)
        state->patience_ms = 0;
    if (status != STATUS_BUSY || is_daemon)
        log_message(LEVEL_WARNING,
                    "state_dir: %s; mxpull goes on without writing down what is answered",
                    error.text);
    if (status != STATUS_BUSY && !is_daemon) {
        store_close(state->store);
        state->store = NULL;
    }
}

enum status state_open(struct state *state, const struct config *config, bool is_daemon)
{
    struct error error;

    *state = (struct state){0};
    enum status status = open_locks(state, config->state_dir, is_daemon, &error);
    if (status == STATUS_BUSY) {
        log_message(LEVEL_ERROR, "%s", error.text);
        return STATUS_BUSY;
    }
    if (status != STATUS_OK)
        log_message(LEVEL_WARNING,
                    "state_dir: %s; mxpull works without its memory, and another run at the same "
                    "time goes unnoticed",
                    error.text);
    open_memory(state, config, status == STATUS_OK, is_daemon);
    return STATUS_OK;
}

int setup_run(struct loop **loop, struct state *state, const struct config *config, bool dry_run)
{
    enum {
        STORE_WAIT_MS = 30
    };

    *loop = setup_loop();
    if (*loop == NULL)
        return EXIT_STATUS_UNAVAILABLE;
    if (!dry_run && state_open(state, config, false) != STATUS_OK)
        return EXIT_STATUS_TEMPORARY;
    if (!dry_run)
        state->hooks = hooks_new(*loop, HOOKS_TIMEOUT_MS);
    state->recorder = recorder_new(&(struct recorder_options){.config = config,
                                                              .store = state->store,
                                                              .hooks = state->hooks,
                                                              .loop = *loop,
                                                              .offset = clock_local_offset_s,
                                                              .patience_ms = STORE_WAIT_MS});
    return EXIT_STATUS_OK;
}

void state_close(struct state *state)
{
    recorder_free(state->recorder);
    hooks_free(state->hooks);
    store_close(state->store);
    lock_set_close(state->claims);
    lock_set_close(state->lock);
    *state = (struct state){0};
}

/* ---- the state directory of the commands that only read it ---- */

static void tell_notice(void *context, const char *text)
{
    (void)context;
    output_tell("mxpull: %s", text);
}

/* Tells "nothing was asked yet" from "nobody could write it down". */
static enum status tell_missing(const char *directory, const char *path, struct error *error)
{
    struct error why;
    enum writable writable = directory_writable(directory, &why);

    if (writable == WRITABLE_NOT_BY_US)
        return error_set(
            error, STATUS_SYSTEM,
            "nothing is remembered: %s is not there, and this user cannot make it: %s; "
            "run mxpull as a user that can write there, or set state_dir",
            path, why.text);
    if (writable == WRITABLE_BY_NOBODY)
        return error_set(error, STATUS_SYSTEM,
                         "nothing is remembered: %s is not there and cannot be written: %s; mend "
                         "that, or set state_dir to a folder that can be written",
                         path, why.text);
    return error_set(error, STATUS_SYSTEM,
                     "nothing has been asked yet: %s is not there; mxpull pull, or mxpull "
                     "daemon, makes it",
                     path);
}

/* Tries the file before the store opens it: closing it later would give back SQLite's locks. */
enum status past_open(struct store **store, const struct config *config, struct error *error)
{
    const struct store_options options = {.directory = config->state_dir,
                                          .read_only = true,
                                          .keep_s = config->history_s,
                                          .notice = tell_notice};
    struct error trouble;

    if (config->state_dir == NULL)
        return error_set(error, STATUS_SYSTEM,
                         "there is no state directory to read from; set state_dir in %s",
                         config->path);
    char *path = memory_format("%s/mxpull.db", config->state_dir);
    int failed = file_try(path);
    enum status status = STATUS_OK;
    if (failed == ENOENT || failed == ENOTDIR)
        status = tell_missing(config->state_dir, path, error);
    else if (failed != 0)
        status = error_set(error, STATUS_SYSTEM, "%s cannot be read: %s%s", path, strerror(failed),
                           failed == EACCES ? "; run this as the user that mxpull runs as" : "");
    free(path);
    if (status != STATUS_OK)
        return status;
    status = store_open(store, &options, error);
    if (status == STATUS_OK || !past_trouble(config, &trouble))
        return status;
    const struct error why = *error;
    return error_set(error, why.status, "%s; %s", why.text, trouble.text);
}

bool past_trouble(const struct config *config, struct error *trouble)
{
    struct error why;

    if (config->state_dir == NULL ||
        directory_writable(config->state_dir, &why) != WRITABLE_BY_NOBODY)
        return false;
    (void)error_set(
        trouble, STATUS_SYSTEM,
        "%s cannot be written: %s; what is asked is not remembered until that is mended",
        config->state_dir, why.text);
    return true;
}
