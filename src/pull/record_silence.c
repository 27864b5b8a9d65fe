/* Domains without a good answer for too long: told once, and once when there is one again. */
#include "record_internal.h"

#include <mxpull/base/memory.h>

#include <stdlib.h>

/* An ATRN without domains counts as one. */
static size_t slots_of(const struct backup_config *backup)
{
    return backup->domain_count > 0 ? backup->domain_count : 1;
}

static const char *domain_of(const struct backup_config *backup, size_t domain)
{
    return backup->domain_count > 0 ? backup->domain_texts[domain] : "";
}

static int64_t silent_at(const struct record *record, const struct backup_config *backup,
                         int64_t good_ms)
{
    return schedule_silent_at(&backup->timing, record->options.offset,
                              record->options.config->silence_s, good_ms);
}

/* Notes that the domain is silent, or no longer. *changed: that is news. */
static bool set_silent(struct record *record, const struct backup_config *backup,
                       const char *domain, bool is_silent, bool *changed)
{
    struct error error;

    *changed = false;
    return record_check(
        record,
        store_set_silent(record->options.store, backup->name, domain, is_silent, changed, &error),
        &error);
}

static int64_t lesser(int64_t a, int64_t b)
{
    return a < b ? a : b;
}

static void set_silent_at(struct record *record, struct watched *watched, int64_t at_ms)
{
    watched->silent_at_ms = at_ms;
    record->next_silent_ms = lesser(record->next_silent_ms, at_ms);
}

/* Fetches what is known of a domain, and brings what the store could not keep. */
static void load(struct record *record, const struct backup_config *backup, size_t domain,
                 struct watched *watched)
{
    const char *name = domain_of(backup, domain);
    struct store_domain state;
    struct error error;
    bool found = false, changed;
    enum status status =
        store_get_domain(record->options.store, backup->name, name, &state, &found, &error);

    if (!record_check(record, status, &error) || !found || state.silent)
        return;
    if (watched->is_silent) {
        watched->is_silent = !set_silent(record, backup, name, true, &changed);
        return;
    }
    watched->good_ms = state.good_ms;
    set_silent_at(record, watched,
                  silent_at(record, backup, state.good_ms != 0 ? state.good_ms : state.first_ms));
}

void silence_load(struct record *record)
{
    const struct config *config = record->options.config;
    size_t count = 0;

    record->first = memory_resize(record->first, config->backup_count + 1, sizeof *record->first);
    for (size_t i = 0; i < config->backup_count; i++) {
        record->first[i] = count;
        count += slots_of(&config->backups[i]);
    }
    free(record->watched);
    record->watched = memory_new(count, sizeof *record->watched);
    record->next_silent_ms = INT64_MAX;
    for (size_t i = 0; i < config->backup_count; i++) {
        for (size_t j = 0; j < slots_of(&config->backups[i]); j++) {
            struct watched *watched = &record->watched[record->first[i] + j];

            watched->silent_at_ms = INT64_MAX;
            if (record->options.store != NULL && record->options.watches && !record->is_failing)
                load(record, &config->backups[i], j, watched);
        }
    }
}

/* The time has come, unless somebody else has had a good answer since, or has told it already. Where
 * the store cannot say, a daemon's own memory does. */
static void raise_silence(struct record *record, const struct backup_config *backup, size_t domain,
                          struct watched *watched, int64_t now_ms)
{
    struct alarm alarm = {.event = ALARM_SILENCE,
                          .backup = backup,
                          .domain = domain_of(backup, domain),
                          .outcome = watched->outcome != NULL ? watched->outcome : "",
                          .code = watched->code,
                          .since_ms = watched->good_ms};
    struct store_domain state;
    struct error error;
    bool found = false, changed;
    enum status status =
        store_get_domain(record->options.store, backup->name, alarm.domain, &state, &found, &error);
    bool is_known = record_check(record, status, &error) && found;

    if (is_known && state.good_ms != 0 &&
        (watched->silent_at_ms = silent_at(record, backup, state.good_ms)) > now_ms)
        return; /* by another process, or a poll of the configuration before */
    watched->silent_at_ms = INT64_MAX;
    if (is_known && state.silent)
        return;
    if (is_known && set_silent(record, backup, alarm.domain, true, &changed)) {
        if (!changed)
            return;
        alarm.outcome = state.outcome;
        alarm.code = state.code;
        alarm.text = state.text;
        alarm.since_ms = state.good_ms;
        alarm.streak = state.streak;
    } else {
        if (!record->options.watches)
            return;
        watched->is_silent = true;
    }
    record_raise(record, &alarm);
}

/* Where among the backup's domains the answer's stands. */
static size_t find_domain(const struct backup_config *backup, const char *domain)
{
    size_t place = 0;

    while (place + 1 < slots_of(backup) && domain_of(backup, place) != domain)
        place++;
    return place;
}

/* A good answer ends a silence, and puts the next one off. */
static void note_good(struct record *record, struct watched *watched, const struct result *result,
                      bool has_silent)
{
    bool was_silent = watched->is_silent, changed = false;

    watched->is_silent = false;
    watched->good_ms = result->at_ms;
    set_silent_at(record, watched, silent_at(record, result->backup, result->at_ms));
    if (has_silent)
        (void)set_silent(record, result->backup, result->domain, false, &changed);
    if (changed || was_silent)
        record_raise(record, &(struct alarm){.event = ALARM_ANSWER,
                                             .backup = result->backup,
                                             .domain = result->domain,
                                             .outcome = watched->outcome,
                                             .code = result->code,
                                             .text = result->text});
}

void silence_note(struct record *record, const struct result *result, enum store_grade grade,
                  bool is_written, bool has_silent)
{
    const struct backup_config *backup = result->backup;
    size_t place = record_find_backup(record, backup), domain = find_domain(backup, result->domain);

    if (place == record->options.config->backup_count)
        return;
    struct watched *watched = &record->watched[record->first[place] + domain];
    watched->outcome = outcome_name(result->outcome);
    watched->code = result->code;
    if (grade == STORE_GOOD)
        note_good(record, watched, result, has_silent);
    else if (watched->silent_at_ms == INT64_MAX && is_written)
        load(record, backup, domain, watched);
    else if (watched->silent_at_ms == INT64_MAX && record->options.watches && !watched->is_silent)
        set_silent_at(record, watched, silent_at(record, backup, result->at_ms));
}

int64_t record_check_silence(struct record *record, int64_t now_ms,
                             bool (*is_asked)(void *context, size_t backup), void *context)
{
    const struct config *config = record->options.config;
    int64_t next_ms = INT64_MAX, waiting_ms = INT64_MAX;

    if (now_ms < record->next_silent_ms)
        return record->next_silent_ms;
    for (size_t i = 0; i < config->backup_count; i++) {
        for (size_t j = 0; j < slots_of(&config->backups[i]); j++) {
            struct watched *watched = &record->watched[record->first[i] + j];

            if (watched->silent_at_ms <= now_ms) {
                if (is_asked != NULL && is_asked(context, i)) {
                    waiting_ms = lesser(waiting_ms, watched->silent_at_ms);
                    continue;
                }
                raise_silence(record, &config->backups[i], j, watched, now_ms);
            }
            next_ms = lesser(next_ms, watched->silent_at_ms);
        }
    }
    record->next_silent_ms = lesser(next_ms, waiting_ms);
    return next_ms;
}
