/* When a domain falls silent, and when its silence ends: what the store knows of it and what this process has
 * seen are brought together here. */
#include "record.h"

#include <mxpull/base/memory.h>
#include <mxpull/platform/clock.h>

#include <stdlib.h>
#include <string.h>

/* A domain as this process has seen it. */
struct watched {
    int64_t silent_at_ms; /* when it counts as silent; INT64_MAX: it does, or was never asked for */
    int64_t from_ms;      /* what that counts from: the last good answer, or the first question */
    int64_t good_ms;      /* the last good answer; 0: none is known */
    int64_t told_ms;      /* when this process told of its silence */
    const char *outcome;  /* of the last answer, a constant; NULL: there was none */
    int code;             /* of it */
    bool is_silent;       /* as it was told last */
    bool was_held;        /* by the last answer, at the start */
    bool is_stored;       /* as the store has it, as far as is known */
};

struct overdue {
    struct ledger *ledger;
    const struct config *config;
    schedule_offset *offset;
    void (*raise)(void *context, const struct alarm *alarm);
    void *context;             /* of raise */
    struct watched **backups;  /* as configured, and their domains */
    int64_t next_ms;           /* the first of all silent_at_ms, or before it */
    int64_t checked_ms;        /* when all were looked at last */
    struct store_domain state; /* as read last */
};

static int64_t lesser(int64_t a, int64_t b)
{
    return a < b ? a : b;
}

/* from_ms 0: not known, so now. */
static void wait_from(struct overdue *overdue, size_t backup, struct watched *watched,
                      int64_t from_ms)
{
    watched->from_ms = from_ms != 0 ? from_ms : clock_wall_ms();
    watched->silent_at_ms =
        schedule_silent_at(&overdue->config->backups[backup].timing, overdue->offset,
                           overdue->config->silence_s, watched->from_ms);
    overdue->next_ms = lesser(overdue->next_ms, watched->silent_at_ms);
}

/* Reads overdue->state. */
static bool read_state(struct overdue *overdue, size_t backup, size_t domain, bool *found)
{
    const struct backup_config *config = &overdue->config->backups[backup];
    struct error error;

    *found = false;
    return ledger_check(overdue->ledger,
                        store_get_domain(overdue->ledger->store, config->name,
                                         config->domain_texts[domain], &overdue->state, found,
                                         &error),
                        &error);
}

/* Writes whether the domain is silent. *changed: the store did not know. */
static bool write_silent(struct overdue *overdue, size_t backup, size_t domain, bool *changed)
{
    const struct backup_config *config = &overdue->config->backups[backup];
    struct watched *watched = &overdue->backups[backup][domain];
    struct error error;

    if (!ledger_check(overdue->ledger,
                      store_set_silent(overdue->ledger->store, config->name,
                                       config->domain_texts[domain], watched->is_silent, changed,
                                       &error),
                      &error))
        return false;
    watched->is_stored = watched->is_silent;
    return true;
}

/* Takes over what the store knows of a domain, and writes what the store does not know. *has_ended:
 * another process has ended a silence that this one has told. False where the store cannot be read. */
static bool reconcile(struct overdue *overdue, size_t backup, size_t domain, bool *has_ended)
{
    struct watched *watched = &overdue->backups[backup][domain];
    const struct store_domain *state = &overdue->state;
    bool found, changed;

    *has_ended = false;
    if (!read_state(overdue, backup, domain, &found))
        return false;
    if (!found)
        return true;
    bool is_unstored = watched->is_silent != watched->is_stored;
    *has_ended = is_unstored && watched->is_silent && state->good_ms > watched->told_ms;
    if (is_unstored && !*has_ended)
        (void)write_silent(overdue, backup, domain, &changed);
    else
        watched->is_silent = watched->is_stored = state->silent;
    if (state->good_ms > watched->good_ms)
        watched->good_ms = state->good_ms;
    watched->was_held = strcmp(state->outcome, "held") == 0;
    watched->silent_at_ms = INT64_MAX;
    if (!watched->is_silent)
        wait_from(overdue, backup, watched,
                  watched->good_ms != 0 ? watched->good_ms : state->first_ms);
    return true;
}

/* ---- answers ---- */

/* Returns whether the end of a silence is to be told: the store has seen it end just now, or nobody but
 * this process knew of it. */
static bool note_good(struct overdue *overdue, size_t backup, size_t domain, int64_t at_ms,
                      bool is_written, bool has_silent)
{
    struct watched *watched = &overdue->backups[backup][domain];
    bool was_silent = watched->is_silent, was_stored = watched->is_stored, changed = false;

    watched->is_silent = false;
    watched->good_ms = at_ms;
    wait_from(overdue, backup, watched, at_ms);
    if (is_written && !has_silent)
        watched->is_stored = false;
    else if (is_written)
        is_written = write_silent(overdue, backup, domain, &changed);
    if (!is_written)
        return was_silent;
    return changed ? was_silent || !was_stored : was_silent && !was_stored;
}

static bool find_domain(const struct backup_config *backup, const char *name, size_t *domain)
{
    for (*domain = 0; *domain < backup->domain_count; ++*domain) {
        if (strcmp(backup->domain_texts[*domain], name) == 0)
            return true;
    }
    return false;
}

void overdue_answered(struct overdue *overdue, size_t backup, const struct store_answer *answer,
                      bool is_written, bool has_silent)
{
    const struct backup_config *config = &overdue->config->backups[backup];
    bool has_ended = false;
    size_t domain;

    if (!find_domain(config, answer->domain, &domain))
        return;
    struct watched *watched = &overdue->backups[backup][domain];
    watched->outcome = answer->outcome;
    watched->code = answer->code;
    struct alarm alarm = {.event = ALARM_ANSWER,
                          .backup = config,
                          .domain = config->domain_texts[domain],
                          .outcome = answer->outcome,
                          .code = answer->code,
                          .text = answer->text};
    if (answer->grade == GRADE_GOOD) {
        has_ended = note_good(overdue, backup, domain, answer->at_ms, is_written, has_silent);
    } else if (is_written &&
               (watched->silent_at_ms == INT64_MAX || watched->is_silent != watched->is_stored)) {
        alarm.outcome = ""; /* another process knows which */
        alarm.code = 0;
        alarm.text = NULL;
        (void)reconcile(overdue, backup, domain, &has_ended);
    } else if (watched->silent_at_ms == INT64_MAX && overdue->ledger->watches &&
               !watched->is_silent) {
        wait_from(overdue, backup, watched, answer->at_ms);
    }
    if (has_ended)
        overdue->raise(overdue->context, &alarm);
}

/* ---- the time has come ---- */

/* One look through all domains. */
struct pass {
    int64_t now_ms;
    bool is_unread, is_unwritten; /* the store has failed in it, and is not tried again */
};

/* Whether the store knows better: there was a good answer since, or the silence was told. */
static bool is_outdated(struct overdue *overdue, int64_t now_ms, size_t backup,
                        struct watched *watched)
{
    const struct store_domain *state = &overdue->state;

    if (state->good_ms > watched->good_ms) {
        watched->good_ms = state->good_ms;
        wait_from(overdue, backup, watched, state->good_ms);
        if (watched->silent_at_ms > now_ms)
            return true;
    }
    watched->is_stored = state->silent;
    watched->is_silent = watched->is_silent || state->silent;
    if (watched->is_silent)
        watched->silent_at_ms = INT64_MAX;
    return watched->is_silent;
}

/* Tells of the domain's silence, unless it is known. */
static void fall_silent(struct overdue *overdue, struct pass *pass, size_t backup, size_t domain)
{
    const struct backup_config *config = &overdue->config->backups[backup];
    struct watched *watched = &overdue->backups[backup][domain];
    const struct store_domain *state = &overdue->state;
    bool found = false, is_news = true, watches = overdue->ledger->watches;

    if (!pass->is_unread)
        pass->is_unread = !read_state(overdue, backup, domain, &found);
    if (found && is_outdated(overdue, pass->now_ms, backup, watched))
        return;
    watched->silent_at_ms = INT64_MAX;
    watched->is_silent = found || watches;
    if (found && !pass->is_unwritten)
        pass->is_unwritten = !write_silent(overdue, backup, domain, &is_news);
    bool is_stored = found && !pass->is_unwritten;
    if (!is_news || (!is_stored && !watches))
        return;
    watched->told_ms = pass->now_ms;
    struct alarm alarm = {.event = ALARM_SILENCE,
                          .backup = config,
                          .domain = config->domain_texts[domain],
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

/* The clock was set: what counts from a time to come, or from one of a clock that was not set, counts
 * from now. */
static void put_right(struct overdue *overdue, int64_t now_ms)
{
    int64_t first_ms = now_ms >= CLOCK_SET_MS ? CLOCK_SET_MS : 0;

    for (size_t i = 0; i < overdue->config->backup_count; i++) {
        for (size_t j = 0; j < overdue->config->backups[i].domain_count; j++) {
            struct watched *watched = &overdue->backups[i][j];

            if (watched->good_ms > now_ms || watched->good_ms < first_ms)
                watched->good_ms = 0;
            if (watched->told_ms > now_ms)
                watched->told_ms = now_ms;
            if (watched->silent_at_ms != INT64_MAX &&
                (watched->from_ms > now_ms || watched->from_ms < first_ms))
                wait_from(overdue, i, watched, now_ms);
        }
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
    for (size_t i = 0; i < overdue->config->backup_count; i++) {
        for (size_t j = 0; j < overdue->config->backups[i].domain_count; j++) {
            const struct watched *watched = &overdue->backups[i][j];

            if (watched->silent_at_ms <= now_ms && !(is_asked != NULL && is_asked(context, i)))
                fall_silent(overdue, &pass, i, j);
            overdue->next_ms = lesser(overdue->next_ms, watched->silent_at_ms);
            if (watched->silent_at_ms > now_ms)
                later_ms = lesser(later_ms, watched->silent_at_ms);
        }
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

struct overdue *overdue_new(struct ledger *ledger, const struct config *config,
                            schedule_offset *offset,
                            void (*raise)(void *context, const struct alarm *alarm), void *context)
{
    struct overdue *overdue = memory_new(1, sizeof *overdue);
    bool can_read = ledger->store != NULL && ledger->watches, has_ended;

    *overdue = (struct overdue){.ledger = ledger,
                                .config = config,
                                .offset = offset,
                                .raise = raise,
                                .context = context,
                                .backups = memory_new(config->backup_count, sizeof(void *)),
                                .next_ms = INT64_MAX};
    for (size_t i = 0; i < config->backup_count; i++) {
        size_t count = config->backups[i].domain_count;

        overdue->backups[i] = memory_new(count, sizeof *overdue->backups[i]);
        for (size_t j = 0; j < count; j++) {
            overdue->backups[i][j].silent_at_ms = INT64_MAX;
            if (can_read)
                can_read = reconcile(overdue, i, j, &has_ended);
        }
    }
    return overdue;
}

void overdue_free(struct overdue *overdue)
{
    if (overdue == NULL)
        return;
    for (size_t i = 0; i < overdue->config->backup_count; i++)
        free(overdue->backups[i]);
    free(overdue->backups);
    free(overdue);
}
