/* The plan's memory in the store: what the next run must know of it. */
#include "daemon_internal.h"

#include <mxpull/base/memory.h>

#include <stdlib.h>

void daemon_plan_restore(struct daemon *daemon, struct instant now)
{
    const struct config *config = daemon->current->config;

    for (size_t i = 0; daemon->options.store != NULL && i < config->backup_count; i++) {
        struct store_backup state;
        struct error error;
        bool found = false;
        enum status status = store_get_backup(daemon->options.store, config->backups[i].name,
                                              &state, &found, &error);

        if (!recorder_check(daemon->record, status, &error))
            return;
        if (found)
            plan_remember(daemon->plan, i,
                          &(struct plan_memory){.slot_ms = state.slot_ms,
                                                .due_ms = state.due_ms,
                                                .asked_ms = state.asked_ms},
                          now);
    }
}

/* A batch that has begun is ended in any case, also where a part of it has failed. */
static enum status end_batch(struct store *store, enum status status, struct error *error)
{
    struct error again;

    if (status == STATUS_OK)
        return store_commit(store, error);
    (void)store_commit(store, &again);
    return status;
}

/* Of a backup that is held as a whole the slot is now: it is due at the next start. */
static enum status write_due(struct daemon *daemon, size_t backup, struct instant now,
                             struct error *error)
{
    const struct backup_config *config = &daemon->current->config->backups[backup];
    struct plan_memory memory = plan_memory(daemon->plan, backup);

    if (daemon->held[backup] > 0 && daemon->held[backup] >= config->domain_count)
        memory.slot_ms = now.wall_ms;
    return store_set_due(daemon->options.store, config->name, memory.slot_ms, memory.due_ms, error);
}

void daemon_plan_write_taken(struct daemon *daemon, struct instant now)
{
    struct store *store = daemon->options.store;
    struct error error;

    if (store == NULL || daemon->due_count == 0)
        return;
    enum status status = store_begin(store, &error);
    for (size_t i = 0; i < daemon->due_count && status == STATUS_OK; i++)
        status = store_set_due(store, poll_backup(daemon->due[i])->name, now.wall_ms, now.wall_ms,
                               &error);
    (void)recorder_check(daemon->record, end_batch(store, status, &error), &error);
}

void daemon_plan_write(struct daemon *daemon, struct instant now)
{
    struct store *store = daemon->options.store;
    enum status status = STATUS_OK;
    struct error error;
    bool begun = false;
    size_t backup;

    while (store != NULL && plan_take_changed(daemon->plan, &backup)) {
        if (!begun)
            status = store_begin(store, &error);
        begun = true;
        if (status == STATUS_OK)
            status = write_due(daemon, backup, now, &error);
    }
    if (begun)
        (void)recorder_check(daemon->record, end_batch(store, status, &error), &error);
}

/* What the plan is made from; the caller frees its backups. */
static struct plan_settings settings_of(const struct config *config)
{
    struct planned *backups = memory_new(config->backup_count, sizeof *backups);

    for (size_t i = 0; i < config->backup_count; i++)
        backups[i] = (struct planned){config->backups[i].name, &config->backups[i].timing};
    return (struct plan_settings){backups, config->backup_count, &config->primary.recovery};
}

void daemon_plan_new(struct daemon *daemon, struct instant now)
{
    struct plan_settings settings = settings_of(daemon->current->config);

    daemon->plan = plan_new(&settings, daemon->options.offset, daemon->options.seed, now);
    free(settings.backups);
}

void daemon_plan_reload(struct daemon *daemon, struct instant now)
{
    struct plan_settings settings = settings_of(daemon->current->config);

    plan_reload(daemon->plan, &settings, now);
    free(settings.backups);
}
