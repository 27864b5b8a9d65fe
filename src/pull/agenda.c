/* One configuration at work. A poll taken from the plan is due in the store until it has ended, so
 * that the next start repeats a poll that was cut off. */
#include "pull.h"

#include <mxpull/base/log.h>
#include <mxpull/base/memory.h>
#include <mxpull/platform/clock.h>

#include <stdlib.h>

enum {
    PLAN_WAIT_MS = 1000
};

struct instant agenda_now(void)
{
    return (struct instant){.wall_ms = clock_wall_ms(), .monotonic_ms = clock_monotonic_ms()};
}

/* ---- polls ---- */

static size_t place_of(const struct agenda *agenda, const struct poll *poll)
{
    return (size_t)(poll->backup - agenda->polling.config->backups);
}

static bool was_asked(const struct poll *poll)
{
    return poll->held_count < poll->count;
}

int64_t agenda_take_due(struct agenda *agenda, struct instant now)
{
    static const struct selection all;
    const struct config *config = agenda->polling.config;
    bool is_looked_at_first = config->primary.preflight != PREFLIGHT_OFF && !agenda->polling.force;
    enum plan_cause cause;
    size_t place;

    if (is_looked_at_first && agenda->look != NULL)
        return INT64_MAX;
    while (plan_take(agenda->plan, now, &place, &cause)) {
        struct poll *poll = agenda->polls[place];

        if (!agenda->is_round)
            poll = poll_new(&agenda->polling, &config->backups[place], &all);
        if (!agenda->is_round || cause == PLAN_RETRY)
            poll->cause = plan_cause_name(cause);
        agenda->due[agenda->due_count++] = poll;
    }
    if (!is_looked_at_first)
        agenda_admit(agenda, NULL);
    return plan_next_ms(agenda->plan, now);
}

void agenda_admit(struct agenda *agenda, const struct preflight *look)
{
    for (size_t i = 0; i < agenda->due_count; i++) {
        recorder_recall(agenda->polling.recorder, agenda->due[i]);
        poll_clear(agenda->due[i], look);
        if (agenda->await != NULL && was_asked(agenda->due[i]))
            await_begin(agenda->await, agenda->due[i]->backup);
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

void agenda_tell(const struct agenda *agenda)
{
    if (agenda->polling.observer.turned != NULL)
        agenda->polling.observer.turned(agenda->polling.context);
}

void agenda_take_over(struct agenda *agenda, struct instant now)
{
    agenda_tell(agenda);
    for (struct poll *poll; (poll = pool_take(agenda->pool)) != NULL;) {
        size_t place = place_of(agenda, poll);
        struct poll *old = poll;

        recorder_poll(agenda->polling.recorder, poll);
        agenda->held[place] = poll->held_count;
        if (!was_asked(poll)) {
            plan_held(agenda->plan, place, now);
        } else {
            plan_ended(agenda->plan, place, now, poll_failed_for_now(poll));
            await_answered(agenda->await, poll);
            recovery_asked(agenda->recovery, place);
        }
        if (agenda->keeps_last) {
            old = agenda->polls[place];
            agenda->polls[place] = poll;
        }
        poll_free(old);
        agenda->has_news = true;
    }
}

const struct result **agenda_results(const struct agenda *agenda, size_t *count)
{
    const struct config *config = agenda->polling.config;
    size_t most = 0;

    for (size_t i = 0; i < config->backup_count; i++)
        most += agenda->polls[i] != NULL ? config->backups[i].domain_count : 0;
    const struct result **results = memory_new(most, sizeof(const struct result *));
    *count = 0;
    for (size_t i = 0; i < config->backup_count; i++) {
        const struct poll *poll = agenda->polls[i];

        for (size_t j = 0; poll != NULL && j < poll->count; j++)
            results[(*count)++] = &poll->results[j];
    }
    return results;
}

/* ---- the primary ---- */

void agenda_look(struct agenda *agenda, bool at_all)
{
    const struct polling *polling = &agenda->polling;
    struct domain_list domains = {0};

    agenda->looks_at_all = at_all;
    if (polling->config->primary.preflight == PREFLIGHT_RECIPIENTS) {
        if (at_all)
            domain_list_add_all(&domains, polling->config);
        for (size_t i = 0; i < agenda->due_count && !at_all; i++)
            poll_add_domains(agenda->due[i], &domains);
        recorder_order_look(polling->recorder, domains.nodes, domains.count);
    }
    agenda->look = preflight_new(&(struct preflight_options){.loop = polling->loop,
                                                             .config = polling->config,
                                                             .domains = domains.nodes,
                                                             .count = domains.count});
    domain_list_done(&domains);
}

bool agenda_note_look(const struct agenda *agenda)
{
    const char *shortage = agenda->look->shortage;

    if (shortage == NULL)
        recorder_note_look(agenda->polling.recorder, agenda->look);
    else
        log_message(LEVEL_WARNING, "your mail server was not looked at: %s", shortage);
    return shortage == NULL;
}

const char *agenda_trouble(const struct agenda *agenda)
{
    const char *why = agenda->look->why;

    return why == NULL && agenda->looks_at_all ? preflight_refusal_of_all(agenda->look) : why;
}

void agenda_end_look(struct agenda *agenda)
{
    preflight_free(agenda->look);
    agenda->look = NULL;
}

/* Puts due polls back when `recovery` asks everything at once. */
void agenda_recover(struct agenda *agenda, struct instant now)
{
    const struct durations *recovery = &agenda->polling.config->primary.recovery;
    bool is_at_once = false;

    for (size_t i = 0; i < recovery->count; i++)
        is_at_once = is_at_once || recovery->seconds[i] == 0;
    if (is_at_once)
        agenda_put_back(agenda, now);
    else
        agenda_admit(agenda, agenda->look);
    for (size_t i = 0; i < agenda->polling.config->backup_count; i++) {
        agenda->held[i] = 0;
        plan_recover(agenda->plan, i, now);
    }
}

bool agenda_has_held(const struct agenda *agenda)
{
    for (size_t i = 0; i < agenda->polling.config->backup_count; i++) {
        if (agenda->held[i] > 0)
            return true;
    }
    return false;
}

void agenda_free_held(struct agenda *agenda, struct instant now)
{
    for (size_t i = 0; i < agenda->polling.config->backup_count; i++) {
        const struct backup_config *backup = &agenda->polling.config->backups[i];
        size_t refused = 0;

        if (agenda->held[i] == 0)
            continue;
        for (size_t j = 0; j < backup->domain_count; j++)
            refused += preflight_refusal(agenda->look, &backup->domains[j]) != NULL ? 1 : 0;
        if (backup->method != METHOD_ETRN && refused > 0)
            refused = agenda->held[i]; /* one refusal holds them all */
        if (refused < agenda->held[i]) {
            agenda->held[i] = refused;
            plan_recover(agenda->plan, i, now);
        }
    }
}

/* ---- the store ---- */

/* Writes this backup's plan and all others that have changed. A backup that is held as a whole is due
 * at the next start. A transaction that has begun is ended in any case. */
static enum status write_changed(struct agenda *agenda, size_t place, struct instant now,
                                 struct error *error)
{
    enum status status = store_begin(agenda->store, error), ended = status;
    struct error again;

    do {
        const struct backup_config *backup = &agenda->polling.config->backups[place];
        struct plan_memory memory = plan_memory(agenda->plan, place);

        if (agenda->held[place] > 0 && agenda->held[place] >= backup->domain_count)
            memory.slot_ms = now.wall_ms;
        if (status == STATUS_OK)
            status =
                store_set_due(agenda->store, backup->name, memory.slot_ms, memory.due_ms, error);
    } while (plan_take_changed(agenda->plan, &place));
    if (ended == STATUS_OK)
        ended = store_commit(agenda->store, status == STATUS_OK ? error : &again);
    return status == STATUS_OK ? ended : status;
}

void agenda_write_plan(struct agenda *agenda, struct instant now)
{
    struct recorder *recorder = agenda->polling.recorder;
    bool is_written = recorder_is_written(recorder);
    struct error error;
    size_t place;

    if (agenda->store == NULL ||
        (!is_written && now.monotonic_ms - agenda->written_ms < PLAN_WAIT_MS))
        return;
    if (!is_written) {
        recorder_flush(recorder);
        agenda->written_ms = now.monotonic_ms;
    }
    if (recorder_is_written(recorder) && plan_take_changed(agenda->plan, &place)) {
        agenda->written_ms = now.monotonic_ms;
        (void)recorder_check(recorder, write_changed(agenda, place, now, &error), &error);
    }
}

static void restore_plan(struct agenda *agenda, struct instant now)
{
    const struct config *config = agenda->polling.config;

    for (size_t i = 0; agenda->store != NULL && i < config->backup_count; i++) {
        struct store_backup state;
        struct error error;
        bool found = false;
        enum status status =
            store_get_backup(agenda->store, config->backups[i].name, &state, &found, &error);

        if (!recorder_check(agenda->polling.recorder, status, &error))
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

struct agenda *agenda_new(const struct agenda_options *options, struct instant now)
{
    const struct config *config = options->polling->config;
    size_t count = config->backup_count, most = 0;
    struct agenda *agenda = memory_new(1, sizeof *agenda);

    agenda->polling = *options->polling;
    agenda->polling.delivered = recorder_message;
    agenda->store = options->store;
    agenda->is_round = options->selection != NULL;
    agenda->keeps_last = options->keeps_last;
    agenda->recovery = options->recovery;
    agenda->due = memory_new(count, sizeof(struct poll *));
    agenda->polls = memory_new(count, sizeof(struct poll *));
    agenda->held = memory_new(count, sizeof *agenda->held);
    agenda->plan =
        plan_new(&(struct plan_options){.most = count,
                                        .recovery = &config->primary.recovery,
                                        .offset = agenda->is_round ? NULL : options->offset,
                                        .seed = options->seed},
                 now);
    for (size_t i = 0; i < count; i++) {
        plan_add(agenda->plan, &config->backups[i].timing, now);
        if (!agenda->is_round)
            agenda->held[i] = recorder_held_count(agenda->polling.recorder, i);
        else
            agenda->polls[i] = poll_new(&agenda->polling, &config->backups[i], options->selection);
        if (agenda->polls[i] != NULL)
            plan_now(agenda->plan, i);
        most += agenda->polls[i] != NULL || !agenda->is_round ? 1 : 0;
    }
    agenda->pool = pool_new(&agenda->polling, most);
    if (options->await != NULL) {
        struct await_options await = *options->await;

        await.polling = &agenda->polling;
        agenda->await = await_new(&await);
    }
    restore_plan(agenda, now);
    return agenda;
}

void agenda_free(struct agenda *agenda)
{
    if (agenda == NULL)
        return;
    for (size_t i = 0; i < agenda->pool->count && !agenda->is_round; i++)
        poll_free(agenda->pool->polls[i]);
    for (size_t i = 0; i < agenda->due_count && !agenda->is_round; i++)
        poll_free(agenda->due[i]);
    for (size_t i = 0; i < agenda->polling.config->backup_count; i++)
        poll_free(agenda->polls[i]);
    agenda_end_look(agenda);
    await_free(agenda->await);
    pool_free(agenda->pool);
    plan_free(agenda->plan);
    free(agenda->due);
    free(agenda->polls);
    free(agenda->held);
    free(agenda);
}
