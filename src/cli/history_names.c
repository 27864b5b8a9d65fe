/* What names mean to history: the store has domains as they were written in the configuration, and
 * backups that are no longer there. */
#include "history_names.h"
#include <mxpull/base/memory.h>
#include <mxpull/base/text.h>
#include <mxpull/session/selection.h>

#include <stdlib.h>

enum {
    SHOWN_SIZE = 80
};

static bool has(const struct history_names *names, const char *name)
{
    for (size_t i = 0; i < names->count; i++) {
        if (text_equal(names->names[i], name))
            return true;
    }
    return false;
}

/* One more than STORE_NAMES_MAX is enough to be refused. */
static void add(struct history_names *names, const char *name)
{
    if (names->count <= STORE_NAMES_MAX && !has(names, name))
        names->names[names->count++] = name;
}

/* The other forms of the name in the configuration; whether there are any, or it is one itself. */
static bool add_configured(struct history_names *names, const char *name,
                           const struct config *config)
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
    enum status status;

    *found = false;
    status = store_history(store, &filter, note_answer, found, error);
    if (status == STATUS_OK && !*found)
        status = store_messages(store, &filter, note_message, found, error);
    return status;
}

static enum status find_one(struct history_names *names, const char *name,
                            const struct config *config, struct store *store, struct error *error)
{
    char shown[SHOWN_SIZE], meant[SHOWN_SIZE];
    bool is_known = add_configured(names, name, config);

    if (!is_known) {
        enum status status = is_in_store(store, name, &is_known, error);

        if (status != STATUS_OK)
            return status;
    }
    add(names, name);
    if (is_known)
        return STATUS_OK;
    const char *closest = selection_closest(config, name);
    (void)text_printable_copy(shown, sizeof shown, name);
    if (closest != NULL)
        return error_set(
            error, STATUS_SYNTAX,
            "\"%s\" is neither a backup nor a domain, now or in the past; did you mean "
            "\"%s\"?",
            shown, text_printable_copy(meant, sizeof meant, closest));
    return error_set(error, STATUS_SYNTAX,
                     "\"%s\" is neither a backup nor a domain, in %s or in the past", shown,
                     config->path);
}

enum status history_names_find(struct history_names *names, const char *const given[], size_t count,
                               const struct config *config, struct store *store,
                               struct error *error)
{
    struct history_names found = {.names = memory_new(STORE_NAMES_MAX + 1, sizeof *found.names)};
    enum status status = STATUS_OK;

    for (size_t i = 0; i < count && status == STATUS_OK; i++)
        status = find_one(&found, given[i], config, store, error);
    if (status == STATUS_OK && found.count > STORE_NAMES_MAX)
        status = error_set(error, STATUS_SYNTAX, "at most %d names can be looked for at once",
                           STORE_NAMES_MAX);
    if (status == STATUS_OK)
        *names = found;
    else
        history_names_done(&found);
    return status;
}

void history_names_done(struct history_names *names)
{
    free(names->names);
    *names = (struct history_names){0};
}
