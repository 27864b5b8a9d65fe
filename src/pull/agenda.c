/* One configuration at work. A poll that is taken from the plan is written down as due until it has
 * ended: should it not come to its end, the next start makes up for it. */
#include "agenda.h"

#include <mxpull/base/memory.h>

#include <stdlib.h>

enum {
    STORE_WAIT_MS = 300, /* the loop must not stand still for a store that another process holds */
    PLAN_WAIT_MS = 1000
};

/* ---- polls ---- */

size_t agenda_count(const struct agenda *agenda)
{
    return agenda->due_count + agenda->pool->count;
}

static size_t place_of(const struct agenda *agenda, const struct poll *poll)
{
    return (size_t)(poll->backup - agenda->config->backups);
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

static void write_taken(struct agenda *agenda, size_t first, struct instant now)
{
    struct store *store = agenda->options->store;
    struct error error;

    if (store == NULL || first == agenda->due_count)
        return;
    enum status status = store_begin(store, &error);
    for (size_t i = first; i < agenda->due_count && status == STATUS_OK; i++)
        status =
            store_set_due(store, agenda->due[i]->backup->name, now.wall_ms, now.wall_ms, &error);
    (void)recorder_check(agenda->recorder, end_batch(store, status, &error), &error);
}

void agenda_take_due(struct agenda *agenda, struct instant now)
{
    static const struct selection all = {NULL, 0};
    size_t first = agenda->due_count, backup;
    enum plan_cause cause;

    while (plan_take(agenda->plan, now, &backup, &cause)) {
        struct poll *poll = poll_new(&agenda->polling, &agenda->config->backups[backup], &all);

        poll->cause = plan_cause_name(cause);
        agenda->due[agenda->due_count++] = poll;
    }
    write_taken(agenda, first, now);
}

void agenda_admit(struct agenda *agenda, const struct preflight *look)
{
    for (size_t i = 0; i < agenda->due_count; i++) {
        recorder_recall(agenda->recorder, agenda->due[i]);
        poll_clear(agenda->due[i], look);
        pool_add(agenda->pool, agenda->due[i]);
    }
    agenda->due_count = 0;
}

void agenda_put_back(struct agenda *agenda, struct instant now)
{
    for (size_t i = 0; i < agenda->due_count; i++) {
        plan_held(agenda->plan, place_of(agenda, agenda->due[i]), now);
        poll_free(agenda->due[i]);
    }
    agenda->due_count = 0;
}

static void conclude(struct agenda *agenda, struct poll *poll, struct instant now)
{
    size_t place = place_of(agenda, poll);

    recorder_poll(agenda->recorder, poll);
    agenda->held[place] = poll->held_count;
    if (poll->held_count == poll->count)
        plan_held(agenda->plan, place, now);
    else
        plan_ended(agenda->plan, place, now, poll_failed_for_now(poll));
    if (agenda->last != NULL) {
        struct poll *before = agenda->last[place];

        agenda->last[place] = poll;
        poll = before;
    }
    poll_free(poll);
    agenda->has_news = true;
}

void agenda_take_over(struct agenda *agenda, struct instant now)
{
    for (struct poll *poll; (poll = pool_take(agenda->pool)) != NULL;)
        conclude(agenda, poll, now);
}

/* ---- the primary is back ---- */

static bool recovers_at_once(const struct config *config)
{
    for (size_t i = 0; i < config->primary.recovery.count; i++) {
        if (config->primary.recovery.seconds[i] == 0)
            return true;
    }
    return false;
}

/* What is due is asked with everything else, if that comes at once. */
void agenda_recover(struct agenda *agenda, const struct preflight *look, struct instant now)
{
    if (recovers_at_once(agenda->config))
        agenda_put_back(agenda, now);
    else
        agenda_admit(agenda, look);
    for (size_t i = 0; i < agenda->config->backup_count; i++) {
        agenda->held[i] = 0;
        plan_recover(agenda->plan, i, now);
    }
}

bool agenda_has_held(const struct agenda *agenda)
{
    for (size_t i = 0; i < agenda->config->backup_count; i++) {
        if (agenda->held[i] > 0)
            return true;
    }
    return false;
}

void agenda_free_held(struct agenda *agenda, const struct preflight *look, struct instant now)
{
    for (size_t i = 0; i < agenda->config->backup_count; i++) {
        const struct backup_config *backup = &agenda->config->backups[i];
        size_t refused = 0;

        if (agenda->held[i] == 0)
            continue;
        for (size_t j = 0; j < backup->domain_count; j++)
            refused += preflight_refusal(look, &backup->domains[j]) != NULL ? 1 : 0;
        if (backup->method != METHOD_ETRN && refused > 0)
            refused = agenda->held[i]; /* one refusal holds them all */
        if (refused < agenda->held[i]) {
            agenda->held[i] = refused;
            plan_recover(agenda->plan, i, now);
        }
    }
}

/* ---- the plan's memory ---- */

/* Of a backup that is held as a whole the slot is now: it is due at the next start. */
static enum status write_due(struct agenda *agenda, size_t backup, struct instant now,
                             struct error *error)
{
    const struct backup_config *config = &agenda->config->backups[backup];
    struct plan_memory memory = plan_memory(agenda->plan, backup);

    if (agenda->held[backup] > 0 && agenda->held[backup] >= config->domain_count)
        memory.slot_ms = now.wall_ms;
    return store_set_due(agenda->options->store, config->name, memory.slot_ms, memory.due_ms,
                         error);
}

void agenda_write_plan(struct agenda *agenda, struct instant now)
{
    struct store *store = agenda->options->store;
    enum status status = STATUS_OK;
    struct error error;
    bool has_begun = false;
    size_t backup;

    if (store == NULL || (!recorder_is_written(agenda->recorder) &&
                          now.monotonic_ms - agenda->written_ms < PLAN_WAIT_MS))
        return;
    recorder_flush(agenda->recorder);
    agenda->written_ms = now.monotonic_ms;
    if (!recorder_is_written(agenda->recorder))
        return;
    while (plan_take_changed(agenda->plan, &backup)) {
        if (!has_begun)
            status = store_begin(store, &error);
        has_begun = true;
        if (status == STATUS_OK)
            status = write_due(agenda, backup, now, &error);
    }
    if (has_begun)
        (void)recorder_check(agenda->recorder, end_batch(store, status, &error), &error);
}

static void make_plan(struct agenda *agenda, struct instant now)
{
    const struct config *config = agenda->config;

    agenda->plan = plan_new(&(struct plan_options){.most = config->backup_count,
                                                   .recovery = &config->primary.recovery,
                                                   .offset = agenda->options->offset,
                                                   .seed = agenda->options->seed},
                            now);
    for (size_t i = 0; i < config->backup_count; i++)
        plan_add(agenda->plan, &config->backups[i].timing, now);
    for (size_t i = 0; agenda->options->store != NULL && i < config->backup_count; i++) {
        struct store_backup state;
        struct error error;
        bool found = false;
        enum status status = store_get_backup(agenda->options->store, config->backups[i].name,
                                              &state, &found, &error);

        if (!recorder_check(agenda->recorder, status, &error))
            return;
        if (found)
            plan_remember(agenda->plan, i,
                          &(struct plan_memory){.slot_ms = state.slot_ms,
                                                .due_ms = state.due_ms,
                                                .asked_ms = state.asked_ms},
                          now);
    }
}

/* ---- the whole ---- */

struct agenda *agenda_new(const struct daemon_options *options, struct config *config,
                          struct hooks *hooks, bool is_failing, struct instant now)
{
    struct agenda *agenda = memory_new(1, sizeof *agenda);

    agenda->options = options;
    agenda->config = config;
    agenda->recorder = recorder_new(&(struct recorder_options){.config = config,
                                                               .store = options->store,
                                                               .hooks = hooks,
                                                               .loop = options->loop,
                                                               .offset = options->offset,
                                                               .patience_ms = STORE_WAIT_MS,
                                                               .watches = true,
                                                               .is_failing = is_failing});
    agenda->polling = (struct polling){.config = config,
                                       .loop = options->loop,
                                       .claims = options->claims,
                                       .stop = options->stop,
                                       .force = options->force,
                                       .observer = options->observer,
                                       .context = options->context,
                                       .delivered = recorder_message,
                                       .recorder = agenda->recorder};
    agenda->pool = pool_new(&agenda->polling, config->backup_count);
    agenda->due = memory_new(config->backup_count, sizeof(struct poll *));
    agenda->held = memory_new(config->backup_count, sizeof *agenda->held);
    if (config->metrics_file != NULL)
        agenda->last = memory_new(config->backup_count, sizeof(struct poll *));
    for (size_t i = 0; i < config->backup_count; i++)
        agenda->held[i] = recorder_held_count(agenda->recorder, i);
    make_plan(agenda, now);
    return agenda;
}

void agenda_free(struct agenda *agenda)
{
    if (agenda == NULL)
        return;
    for (size_t i = 0; i < agenda->pool->count; i++)
        poll_free(agenda->pool->polls[i]);
    for (size_t i = 0; i < agenda->due_count; i++)
        poll_free(agenda->due[i]);
    for (size_t i = 0; agenda->last != NULL && i < agenda->config->backup_count; i++)
        poll_free(agenda->last[i]);
    pool_free(agenda->pool);
    plan_free(agenda->plan);
    recorder_free(agenda->recorder);
    free(agenda->due);
    free(agenda->held);
    free(agenda->last);
    config_free(agenda->config);
    free(agenda);
}
