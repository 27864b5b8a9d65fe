/* When a domain falls silent, and when its silence ends, from the store and from what this process has
 * seen. */
#include "record.h"

#include <mxpull/base/memory.h>
#include <mxpull/platform/clock.h>

#include <stdlib.h>
#include <string.h>

/* A domain as this process has seen it. */
struct watched {
    const struct backup_config *backup; /* borrowed from the configuration, as is name */
    const char *name;
    /* When the domain counts as silent; INT64_MAX: it does already, or was never asked for. */
    int64_t silent_at_ms;
    /* silent_at_ms counts from here: the last good answer, or the first question. */
    int64_t from_ms;
    int64_t good_ms;     /* the last good answer; 0: none is known */
    int64_t told_ms;     /* when this process told of its silence */
    const char *outcome; /* of the last answer, a constant; NULL: there was none */
    int code;            /* of it */
    bool is_silent;      /* as last reported */
    bool was_held;       /* by the last answer, at the start */
    bool is_stored;      /* as the store has it, as far as is known */
};

struct overdue {
    struct ledger *ledger;
    const struct config *config;
    void (*raise)(void *context, const struct alarm *alarm);
    void *context;            /* of raise */
    struct watched *domains;  /* of all backups, as configured */
    struct watched **backups; /* the first domain of each */
    size_t domain_count;
    int64_t next_ms;           /* not later than any silent_at_ms */
    int64_t checked_ms;        /* when all were looked at last */
    struct store_domain state; /* as read last */
};

/* from_ms 0: not known, so from now. */
static void wait_from(struct overdue *overdue, struct watched *watched, int64_t from_ms)
{
    watched->from_ms = from_ms != 0 ? from_ms : clock_wall_ms();
    watched->silent_at_ms =
        schedule_silent_at(&watched->backup->timing, overdue->ledger->options->offset,
                           overdue->config->silence_s, watched->from_ms);
    overdue->next_ms = schedule_earlier(overdue->next_ms, watched->silent_at_ms);
}

/* Reads overdue->state. */
static bool read_state(struct overdue *overdue, const struct watched *watched, bool *found)
{
    struct error error;

    *found = false;
    return ledger_check(overdue->ledger,
                        store_get_domain(overdue->ledger->options->store, watched->backup->name,
                                         watched->name, &overdue->state, found, &error),
                        &error);
}

/* Writes whether the domain is silent. *changed: the store had it otherwise. */
static bool write_silent(struct overdue *overdue, struct watched *watched, bool *changed)
{
    struct error error;

    if (!ledger_check(overdue->ledger,
                      store_set_silent(overdue->ledger->options->store, watched->backup->name,
                                       watched->name, watched->is_silent, changed, &error),
                      &error))
        return false;
    watched->is_stored = watched->is_silent;
    return true;
}

/* Reads what the store knows of a domain, and writes what only this process knows. *has_ended: another
 * process has ended a silence that this process reported. False when the store cannot be read. */
static bool reconcile(struct overdue *overdue, struct watched *watched, bool *has_ended)
{
    const struct store_domain *state = &overdue->state;
    bool found, changed;

    *has_ended = false;
    if (!read_state(overdue, watched, &found))
        return false;
    if (!found)
        return true;
    bool is_unstored = watched->is_silent != watched->is_stored;
    *has_ended = is_unstored && watched->is_silent && state->good_ms > watched->told_ms;
    if (is_unstored && !*has_ended)
        (void)write_silent(overdue, watched, &changed);
    else
        watched->is_silent = watched->is_stored = state->silent;
    if (state->good_ms > watched->good_ms)
        watched->good_ms = state->good_ms;
    watched->was_held = strcmp(state->outcome, "held") == 0;
    watched->silent_at_ms = INT64_MAX;
    if (!watched->is_silent)
        wait_from(overdue, watched, watched->good_ms != 0 ? watched->good_ms : state->first_ms);
    return true;
}

/* ---- answers ---- */

/* Returns whether to report the end of a silence: this answer has ended it in the store, or only this
 * process knew of it. */
static bool note_good(struct overdue *overdue, struct watched *watched, int64_t at_ms,
                      bool is_written, bool has_silent)
{
    bool was_silent = watched->is_silent, was_stored = watched->is_stored, changed = false;

    watched->is_silent = false;
    watched->good_ms = at_ms;
    wait_from(overdue, watched, at_ms);
    if (is_written && !has_silent)
        watched->is_stored = false;
    else if (is_written)
        is_written = write_silent(overdue, watched, &changed);
    if (!is_written)
        return was_silent;
    return changed ? was_silent || !was_stored : was_silent && !was_stored;
}

void overdue_answered(struct overdue *overdue, size_t backup, const struct store_answer *answer,
                      bool is_written, bool has_silent)
{
    struct watched *watched = overdue->backups[backup],
                   *end = watched + overdue->config->backups[backup].domain_count;
    bool has_ended = false;

    while (watched < end && strcmp(watched->name, answer->domain) != 0)
        watched++;
    if (watched == end)
        return;
    watched->outcome = answer->outcome;
    watched->code = answer->code;
    struct alarm alarm = {.event = ALARM_ANSWER,
                          .backup = watched->backup,
                          .domain = watched->name,
                          .outcome = answer->outcome,
                          .code = answer->code,
                          .text = answer->text};
    if (answer->grade == GRADE_GOOD) {
        has_ended = note_good(overdue, watched, answer->at_ms, is_written, has_silent);
    } else if (is_written &&
               (watched->silent_at_ms == INT64_MAX || watched->is_silent != watched->is_stored)) {
        alarm.outcome = ""; /* another process knows which */
        alarm.code = 0;
        alarm.text = NULL;
        (void)reconcile(overdue, watched, &has_ended);
    } else if (watched->silent_at_ms == INT64_MAX && overdue->ledger->options->watches &&
               !watched->is_silent) {
        wait_from(overdue, watched, answer->at_ms);
    }
    if (has_ended)
        overdue->raise(overdue->context, &alarm);
}

/* ---- the time has come ---- */

/* One pass over all domains. */
struct pass {
    int64_t now_ms;
    bool is_unread, is_unwritten; /* the store has failed, and is not tried again in this pass */
};

/* Whether the store has a later good answer, or knows the silence already. */
static bool is_outdated(struct overdue *overdue, int64_t now_ms, struct watched *watched)
{
    const struct store_domain *state = &overdue->state;

    if (state->good_ms > watched->good_ms) {
        watched->good_ms = state->good_ms;
        wait_from(overdue, watched, state->good_ms);
        if (watched->silent_at_ms > now_ms)
            return true;
    }
    watched->is_stored = state->silent;
    watched->is_silent = watched->is_silent || state->silent;
    if (watched->is_silent)
        watched->silent_at_ms = INT64_MAX;
    return watched->is_silent;
}

/* Reports the domain's silence, unless it was reported. */
static void fall_silent(struct overdue *overdue, struct pass *pass, struct watched *watched)
{
    const struct store_domain *state = &overdue->state;
    bool found = false, is_news = true, watches = overdue->ledger->options->watches;

    if (!pass->is_unread)
        pass->is_unread = !read_state(overdue, watched, &found);
    if (found && is_outdated(overdue, pass->now_ms, watched))
        return;
    watched->silent_at_ms = INT64_MAX;
    watched->is_silent = found || watches;
    if (found && !pass->is_unwritten)
        pass->is_unwritten = !write_silent(overdue, watched, &is_news);
    bool is_stored = found && !pass->is_unwritten;
    if (!is_news || (!is_stored && !watches))
        return;
    watched->told_ms = pass->now_ms;
    struct alarm alarm = {.event = ALARM_SILENCE,
                          .backup = watched->backup,
                          .domain = watched->name,
                          .outcome = watched->outcome != NULL ? watched->outcome : "",
                          .code = watched->code,
                          .since_ms = watched->good_ms};
    if (is_stored) {
        alarm.outcome = state->outcome;
        alarm.code = state->code;
        alarm.text = state->text;
        alarm.advice = state->advice;
        alarm.since_ms = state->good_ms;
        alarm.streak = state->streak;
    }
    overdue->raise(overdue->context, &alarm);
}

/* The clock was set: times in the future, or from before the clock was ever set, are replaced by now. */
static void put_right(struct overdue *overdue, int64_t now_ms)
{
    int64_t first_ms = now_ms >= CLOCK_SET_MS ? CLOCK_SET_MS : 0;

    for (size_t i = 0; i < overdue->domain_count; i++) {
        struct watched *watched = &overdue->domains[i];

        if (watched->good_ms > now_ms || watched->good_ms < first_ms)
            watched->good_ms = 0;
        if (watched->told_ms > now_ms)
            watched->told_ms = now_ms;
        if (watched->silent_at_ms != INT64_MAX &&
            (watched->from_ms > now_ms || watched->from_ms < first_ms))
            wait_from(overdue, watched, now_ms);
    }
}

int64_t overdue_check(struct overdue *overdue, int64_t now_ms,
                      bool (*is_asked)(void *context, size_t backup), void *context)
{
    struct pass pass = {.now_ms = now_ms};
    int64_t later_ms = INT64_MAX;

    if (now_ms < overdue->checked_ms ||
        (overdue->checked_ms < CLOCK_SET_MS && now_ms >= CLOCK_SET_MS))
        put_right(overdue, now_ms);
    overdue->checked_ms = now_ms;
    if (now_ms < overdue->next_ms)
        return overdue->next_ms;
    overdue->next_ms = INT64_MAX;
    for (size_t i = 0; i < overdue->domain_count; i++) {
        struct watched *watched = &overdue->domains[i];
        size_t backup = (size_t)(watched->backup - overdue->config->backups);

        if (watched->silent_at_ms <= now_ms && !(is_asked != NULL && is_asked(context, backup)))
            fall_silent(overdue, &pass, watched);
        overdue->next_ms = schedule_earlier(overdue->next_ms, watched->silent_at_ms);
        if (watched->silent_at_ms > now_ms)
            later_ms = schedule_earlier(later_ms, watched->silent_at_ms);
    }
    return later_ms;
}

size_t overdue_held_count(const struct overdue *overdue, size_t backup)
{
    size_t count = 0;

    for (size_t i = 0; i < overdue->config->backups[backup].domain_count; i++)
        count += overdue->backups[backup][i].was_held ? 1 : 0;
    return count;
}

struct overdue *overdue_new(struct ledger *ledger,
                            void (*raise)(void *context, const struct alarm *alarm), void *context)
{
    const struct config *config = ledger->options->config;
    struct overdue *overdue = memory_new(1, sizeof *overdue);
    bool can_read = ledger->options->store != NULL && ledger->options->watches, has_ended;
    size_t count = 0;

    for (size_t i = 0; i < config->backup_count; i++)
        count += config->backups[i].domain_count;
    *overdue = (struct overdue){.ledger = ledger,
                                .config = config,
                                .raise = raise,
                                .context = context,
                                .domains = memory_new(count, sizeof *overdue->domains),
                                .backups = memory_new(config->backup_count, sizeof(void *)),
                                .next_ms = INT64_MAX};
    for (size_t i = 0; i < config->backup_count; i++) {
        const struct backup_config *backup = &config->backups[i];

        overdue->backups[i] = overdue->domains + overdue->domain_count;
        for (size_t j = 0; j < backup->domain_count; j++) {
            struct watched *watched = &overdue->domains[overdue->domain_count++];

            *watched = (struct watched){
                .backup = backup, .name = backup->domain_texts[j], .silent_at_ms = INT64_MAX};
            if (can_read)
                can_read = reconcile(overdue, watched, &has_ended);
        }
    }
    return overdue;
}

void overdue_free(struct overdue *overdue)
{
    if (overdue == NULL)
        return;
    free(overdue->backups);
    free(overdue->domains);
    free(overdue);
}
