/* Domains without a good answer for too long: told once, and once when there is one again. The store has
 * the last word, for others ask too; where it cannot be used, a daemon goes on by its own memory. */
#include "recorder_internal.h"

#include <mxpull/base/memory.h>
#include <mxpull/platform/clock.h>

#include <string.h>

/* Where the name stands among the backup's domains: most likely at hint. The count: nowhere. */
static size_t find_domain(const struct backup_config *backup, const char *name, size_t hint)
{
    size_t count = backup->domain_count;

    for (size_t i = 0; i < count; i++) {
        size_t place = (hint + i) % count;

        if (strcmp(backup->domain_texts[place], name) == 0)
            return place;
    }
    return count;
}

static int64_t lesser(int64_t a, int64_t b)
{
    return a < b ? a : b;
}

/* from_ms: 0: it is not known, so now. */
static void wait_from(struct recorder *record, const struct backup_config *backup,
                      struct watched *watched, int64_t from_ms)
{
    if (from_ms == 0)
        from_ms = clock_wall_ms();
    watched->from_ms = from_ms;
    watched->silent_at_ms = schedule_silent_at(&backup->timing, record->options.offset,
                                               record->options.config->silence_s, from_ms);
    record->next_silent_ms = lesser(record->next_silent_ms, watched->silent_at_ms);
}

static bool get_state(struct recorder *record, const struct backup_config *backup,
                      const char *domain, struct store_domain *state, bool *found)
{
    struct error error;

    *found = false;
    return recorder_check(
        record, store_get_domain(record->options.store, backup->name, domain, state, found, &error),
        &error);
}

/* Brings into the store whether the domain is silent. *changed: that is news to it. */
static bool bring(struct recorder *record, const struct backup_config *backup, const char *domain,
                  struct watched *watched, bool *changed)
{
    struct error error;
    enum status status = store_set_silent(record->options.store, backup->name, domain,
                                          watched->is_silent, changed, &error);

    if (!recorder_check(record, status, &error))
        return false;
    watched->is_stored = watched->is_silent;
    return true;
}

static void raise_answer(struct recorder *record, const struct backup_config *backup,
                         const char *domain, const char *outcome, int code, const char *text)
{
    record_raise(record, &(struct alarm){.event = ALARM_ANSWER,
                                         .backup = backup,
                                         .domain = domain,
                                         .outcome = outcome,
                                         .code = code,
                                         .text = text});
}

/* ---- what is known at first ---- */

/* Fetches what the store knows of a domain, and brings what it does not know. */
static void fetch(struct recorder *record, const struct backup_config *backup, const char *domain,
                  struct watched *watched)
{
    struct store_domain state;
    bool found, changed;

    if (!get_state(record, backup, domain, &state, &found) || !found)
        return;
    if (watched->is_silent == watched->is_stored) {
        watched->is_silent = watched->is_stored = state.silent;
    } else if (watched->is_silent && state.good_ms > watched->told_ms) {
        watched->is_silent = watched->is_stored = state.silent;
        raise_answer(record, backup, domain, "", 0, NULL); /* another process knows which */
    } else {
        (void)bring(record, backup, domain, watched, &changed);
    }
    if (state.good_ms > watched->good_ms)
        watched->good_ms = state.good_ms;
    watched->silent_at_ms = INT64_MAX;
    if (!watched->is_silent)
        wait_from(record, backup, watched,
                  watched->good_ms != 0 ? watched->good_ms : state.first_ms);
}

void silence_load(struct recorder *record, size_t place, const struct polled *before,
                  const struct backup_config *old)
{
    const struct backup_config *backup = &record->options.config->backups[place];
    size_t count = backup->domain_count;
    struct polled *polled = &record->polled[place];

    polled->domains = memory_new(count, sizeof *polled->domains);
    for (size_t i = 0; i < count; i++) {
        const char *domain = backup->domain_texts[i];
        struct watched *watched = &polled->domains[i];
        size_t known = before != NULL ? find_domain(old, domain, i) : 0;

        watched->silent_at_ms = INT64_MAX;
        if (before != NULL && known < old->domain_count) {
            *watched = before->domains[known];
            if (watched->silent_at_ms != INT64_MAX)
                wait_from(record, backup, watched, watched->from_ms);
        }
        if (record->options.store != NULL && record->options.watches && !record->is_failing)
            fetch(record, backup, domain, watched);
    }
}

/* ---- answers ---- */

/* A good one. What the store has seen of the silence says whether that is news; else our memory does. */
static void note_good(struct recorder *record, struct watched *watched, const struct result *result,
                      bool is_written, bool has_silent)
{
    bool was_silent = watched->is_silent, was_stored = watched->is_stored, changed = false;

    watched->is_silent = false;
    watched->good_ms = result->at_ms;
    wait_from(record, result->backup, watched, result->at_ms);
    if (is_written && !has_silent)
        watched->is_stored = false;
    else if (is_written && !record->is_failing)
        is_written = bring(record, result->backup, result->domain, watched, &changed);
    /* News: that it was told by us alone, or is so by a store from which we have not told it yet. */
    bool is_news =
        is_written ? (changed ? was_silent || !was_stored : was_silent && !was_stored) : was_silent;
    if (is_news)
        raise_answer(record, result->backup, result->domain, watched->outcome, result->code,
                     result->text);
}

void silence_note(struct recorder *record, const struct result *result, enum store_grade grade,
                  bool is_written, bool has_silent)
{
    size_t place = record_find_backup(record, result->backup);

    if (place == record->options.config->backup_count)
        return;
    const struct backup_config *backup = &record->options.config->backups[place];
    size_t domain = find_domain(backup, result->domain, 0);
    if (domain == backup->domain_count)
        return;
    struct watched *watched = &record->polled[place].domains[domain];
    watched->outcome = outcome_name(result->outcome);
    watched->code = result->code;
    if (grade == STORE_GOOD)
        note_good(record, watched, result, is_written, has_silent);
    else if (is_written &&
             (watched->silent_at_ms == INT64_MAX || watched->is_silent != watched->is_stored))
        fetch(record, backup, result->domain, watched);
    else if (watched->silent_at_ms == INT64_MAX && record->options.watches && !watched->is_silent)
        wait_from(record, backup, watched, result->at_ms);
}

/* ---- the time has come ---- */

/* One look through all domains. A store that has failed once is not waited for again. */
struct pass {
    int64_t now_ms;
    bool can_read, can_write;
};

/* Whether the store knows better: somebody has had a good answer since, or has told it already. */
static bool is_outdated(struct recorder *record, const struct pass *pass,
                        const struct backup_config *backup, struct watched *watched,
                        const struct store_domain *state)
{
    if (state->good_ms > watched->good_ms) {
        watched->good_ms = state->good_ms;
        wait_from(record, backup, watched, state->good_ms);
        if (watched->silent_at_ms > pass->now_ms)
            return true; /* by another process, or a poll of the configuration before */
    }
    watched->is_stored = state->silent;
    watched->is_silent = watched->is_silent || state->silent;
    return watched->is_silent;
}

/* Notes it in the store, if that can be. Returns whether it was, and then whether it is news there. */
static bool store_silence(struct recorder *record, struct pass *pass,
                          const struct backup_config *backup, const char *domain,
                          struct watched *watched, bool *is_news)
{
    if (pass->can_write)
        pass->can_write = bring(record, backup, domain, watched, is_news);
    return pass->can_write;
}

static void raise_silence(struct recorder *record, struct pass *pass,
                          const struct backup_config *backup, const char *domain,
                          struct watched *watched)
{
    struct store_domain state;
    bool found = false, is_news = true;

    if (pass->can_read)
        pass->can_read = get_state(record, backup, domain, &state, &found);
    if (found && is_outdated(record, pass, backup, watched, &state)) {
        if (watched->is_silent)
            watched->silent_at_ms = INT64_MAX;
        return;
    }
    watched->silent_at_ms = INT64_MAX;
    watched->is_silent = found || record->options.watches;
    bool is_stored = found && store_silence(record, pass, backup, domain, watched, &is_news);
    if (!is_news || (!is_stored && !record->options.watches))
        return;
    watched->told_ms = pass->now_ms;
    struct alarm alarm = {.event = ALARM_SILENCE,
                          .backup = backup,
                          .domain = domain,
                          .outcome = watched->outcome != NULL ? watched->outcome : "",
                          .code = watched->code,
                          .since_ms = watched->good_ms};
    if (is_stored) {
        alarm.outcome = state.outcome;
        alarm.code = state.code;
        alarm.text = state.text;
        alarm.advice = state.advice;
        alarm.since_ms = state.good_ms;
        alarm.streak = state.streak;
    }
    record_raise(record, &alarm);
}

/* The clock was put right: what counts from a time to come, or from one of a clock that was not set, counts
 * from now. */
static void put_right(struct recorder *record, int64_t now_ms)
{
    int64_t first_ms = now_ms >= CLOCK_SET_MS ? CLOCK_SET_MS : 0;
    const struct config *config = record->options.config;

    for (size_t i = 0; i < config->backup_count; i++) {
        for (size_t j = 0; j < config->backups[i].domain_count; j++) {
            struct watched *watched = &record->polled[i].domains[j];

            if (watched->good_ms > now_ms || watched->good_ms < first_ms)
                watched->good_ms = 0;
            if (watched->told_ms > now_ms)
                watched->told_ms = now_ms;
            if (watched->silent_at_ms != INT64_MAX &&
                (watched->from_ms > now_ms || watched->from_ms < first_ms))
                wait_from(record, &config->backups[i], watched, now_ms);
        }
    }
}

int64_t recorder_check_silence(struct recorder *record, int64_t now_ms,
                               bool (*is_asked)(void *context, size_t backup), void *context)
{
    const struct config *config = record->options.config;
    struct pass pass = {.now_ms = now_ms, .can_read = true, .can_write = true};
    int64_t next_ms = INT64_MAX, waiting_ms = INT64_MAX;

    if (now_ms < record->checked_ms ||
        (record->checked_ms < CLOCK_SET_MS && now_ms >= CLOCK_SET_MS))
        put_right(record, now_ms);
    record->checked_ms = now_ms;
    if (now_ms < record->next_silent_ms)
        return record->next_silent_ms;
    for (size_t i = 0; i < config->backup_count; i++) {
        const struct backup_config *backup = &config->backups[i];

        for (size_t j = 0; j < backup->domain_count; j++) {
            struct watched *watched = &record->polled[i].domains[j];

            if (watched->silent_at_ms <= now_ms) {
                if (is_asked != NULL && is_asked(context, i)) {
                    waiting_ms = lesser(waiting_ms, watched->silent_at_ms);
                    continue;
                }
                raise_silence(record, &pass, backup, backup->domain_texts[j], watched);
            }
            next_ms = lesser(next_ms, watched->silent_at_ms);
        }
    }
    record->next_silent_ms = lesser(next_ms, waiting_ms);
    return next_ms;
}
