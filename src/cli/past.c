/* The store, read and never changed. Why it cannot be read is told apart by trying its file: a run
 * that has not been is another thing than one by another user. And what names mean to it: it has domains as
 * they were written in the configuration, and backups that are no longer there. */
#include "past.h"
#include "output.h"
#include <mxpull/base/memory.h>
#include <mxpull/base/text.h>
#include <mxpull/platform/file.h>
#include <mxpull/platform/writable.h>
#include <mxpull/session/selection.h>

#include <errno.h>
#include <stdlib.h>
#include <string.h>

enum {
    PATH_SIZE_MAX = 16 * 1024,
    SHOWN_SIZE = 80
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

/* ---- names ---- */

static bool has(const struct past_names *names, const char *name)
{
    for (size_t i = 0; i < names->count; i++) {
        if (text_equal(names->names[i], name))
            return true;
    }
    return false;
}

/* One more than STORE_NAMES_MAX is enough to be refused. */
static void add(struct past_names *names, const char *name)
{
    if (names->count <= STORE_NAMES_MAX && !has(names, name))
        names->names[names->count++] = name;
}

/* The other forms of the name in the configuration; whether there are any, or it is one itself. */
static bool add_configured(struct past_names *names, const char *name, const struct config *config)
{
    const struct selection choice = {.names = &name, .count = 1};
    bool is_known = false;

    for (size_t i = 0; i < config->backup_count; i++) {
        const struct backup_config *backup = &config->backups[i];

        if (selection_has_backup(&choice, backup)) {
            is_known = true;
            continue;
        }
        for (size_t domain = 0; domain < backup->domain_count; domain++) {
            if (!selection_has(&choice, backup, domain))
                continue;
            add(names, backup->domain_texts[domain]);
            is_known = true;
        }
    }
    return is_known;
}

static bool note_answer(void *context, const struct store_row *row)
{
    (void)row;
    *(bool *)context = true;
    return false;
}

static bool note_message(void *context, const struct store_message *message)
{
    (void)message;
    *(bool *)context = true;
    return false;
}

static enum status is_in_store(struct store *store, const char *name, bool *found,
                               struct error *error)
{
    const struct store_filter filter = {.names = &name, .name_count = 1, .limit = 1};
    enum status status = store_history(store, &filter, note_answer, found, error);

    if (status == STATUS_OK && !*found)
        status = store_messages(store, &filter, note_message, found, error);
    return status;
}

static enum status find_one(struct past_names *names, const char *name, const struct config *config,
                            struct store *store, struct error *error)
{
    char shown[SHOWN_SIZE], meant[SHOWN_SIZE];
    bool is_known = add_configured(names, name, config);
    enum status status = STATUS_OK;

    if (!is_known)
        status = is_in_store(store, name, &is_known, error);
    if (status != STATUS_OK)
        return status;
    add(names, name);
    if (is_known)
        return STATUS_OK;
    const char *closest = selection_closest(config, name);
    (void)text_printable_copy(shown, sizeof shown, name);
    if (closest == NULL)
        return error_set(error, STATUS_SYNTAX,
                         "\"%s\" is neither a backup nor a domain, in %s or in the past", shown,
                         config->path);
    return error_set(error, STATUS_SYNTAX,
                     "\"%s\" is neither a backup nor a domain, now or in the past; did you mean "
                     "\"%s\"?",
                     shown, text_printable_copy(meant, sizeof meant, closest));
}

enum status past_names_find(struct past_names *names, const char *const given[], size_t count,
                            const struct config *config, struct store *store, struct error *error)
{
    struct past_names found = {.names = memory_new(STORE_NAMES_MAX + 1, sizeof *found.names)};
    enum status status = STATUS_OK;

    for (size_t i = 0; i < count && status == STATUS_OK; i++)
        status = find_one(&found, given[i], config, store, error);
    if (status == STATUS_OK && found.count > STORE_NAMES_MAX)
        status = error_set(error, STATUS_SYNTAX, "at most %d names can be looked for at once",
                           STORE_NAMES_MAX);
    if (status == STATUS_OK)
        *names = found;
    else
        past_names_done(&found);
    return status;
}

void past_names_done(struct past_names *names)
{
    free(names->names);
    *names = (struct past_names){0};
}
