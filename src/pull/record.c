/* From results to rows, and from rows to alarms. */
#include <mxpull/base/log.h>
#include <mxpull/base/memory.h>
#include <mxpull/platform/clock.h>
#include <mxpull/pull/alarm.h>
#include <mxpull/pull/record.h>

#include <stdlib.h>

/* A domain as we have seen it ourselves: this goes on where the store cannot be written. */
struct watched {
    int64_t
        silent_at_ms; /* when it counts as silent; INT64_MAX: it does already, or was never asked */
    int64_t good_ms;  /* the last good answer; 0: we know of none */
    const char *outcome; /* of the last answer that we took; NULL: there was none */
    int code;            /* of it */
    bool is_silent;      /* which was told, and the store could not keep */
};

/* A backup in the same way. */
struct polled {
    bool has_failed;   /* its last poll that we took was not good */
    bool is_unwritten; /* which the store does not know */
};

struct record {
    struct record_options options;
    struct watched *watched; /* all domains of all backups, in the order of the configuration */
    size_t *first;           /* of each backup: where its domains begin there */
    size_t count;
    int64_t next_silent_ms; /* the first of their silent_at_ms, or before it */
    struct polled *polled;  /* all backups */
    bool is_failing;        /* the store could not be written last time */
};

bool record_check(struct record *record, enum status status, const struct error *error)
{
    if (status == STATUS_OK)
        return true;
    if (!record->is_failing)
        log_message(LEVEL_WARNING, "%s; mxpull goes on without writing down what is answered",
                    error->text);
    record->is_failing = true;
    return false;
}

/* Only polls that were written down tell that the store works again: on a full disk something
 * smaller may still find its place. */
static void note_written(struct record *record)
{
    if (record->is_failing)
        log_message(LEVEL_INFO, "the answers can be written down again");
    record->is_failing = false;
}

/* A pull has shown the answers that it speaks of; in a daemon's log the change is worth a line of its
 * own. */
static enum level level_of(const struct record *record, enum alarm_event event)
{
    switch (event) {
    case ALARM_FAILURE: return record->options.watches ? LEVEL_ERROR : LEVEL_DEBUG;
    case ALARM_RECOVERY: return record->options.watches ? LEVEL_INFO : LEVEL_DEBUG;
    case ALARM_SILENCE: return LEVEL_ERROR;
    case ALARM_ANSWER: break;
    }
    return LEVEL_INFO;
}

static void raise_alarm(const struct record *record, const struct alarm *alarm)
{
    alarm_raise(alarm, level_of(record, alarm->event), record->options.config,
                record->options.hooks);
}

/* ---- silence ---- */

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

static void load_all(struct record *record)
{
    const struct config *config = record->options.config;

    free(record->polled);
    record->polled = memory_new(config->backup_count, sizeof *record->polled);
    record->count = 0;
    record->first = memory_resize(record->first, config->backup_count + 1, sizeof *record->first);
    for (size_t i = 0; i < config->backup_count; i++) {
        record->first[i] = record->count;
        record->count += slots_of(&config->backups[i]);
    }
    free(record->watched);
    record->watched = memory_new(record->count, sizeof *record->watched);
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
    raise_alarm(record, &alarm);
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

/* ---- polls ---- */

/* Whether the backup itself has had its say; or else the answer says nothing about it. */
static bool was_asked(const struct poll *poll, const struct result *result)
{
    switch (result->outcome) {
    case OUTCOME_HELD: return false;
    case OUTCOME_DEFERRED: return result->attempts > 0; /* or another process is asking */
    case OUTCOME_INTERRUPTED: return !poll_was_stopped(poll);
    case OUTCOME_STARTED:
    case OUTCOME_EMPTY:
    case OUTCOME_PENDING:
    case OUTCOME_RECEIVED:
    case OUTCOME_UNREACHABLE:
    case OUTCOME_TIMEOUT:
    case OUTCOME_PROTOCOL:
    case OUTCOME_TLS:
    case OUTCOME_UNSUPPORTED:
    case OUTCOME_MISUNDERSTOOD:
    case OUTCOME_DENIED:
    case OUTCOME_AUTHENTICATION: break;
    }
    return true;
}

static enum store_grade grade_of(const struct poll *poll, const struct result *result)
{
    if (!was_asked(poll, result))
        return STORE_HELD;
    if (outcome_exit_status(result->outcome) == 0)
        return STORE_GOOD;
    return outcome_is_temporary(result->outcome) ? STORE_TEMPORARY : STORE_BAD;
}

static struct store_answer answer_of(const struct poll *poll, const struct result *result)
{
    return (struct store_answer){
        .at_ms = result->at_ms,
        .domain = result->domain,
        .verb = verb_name(result->verb),
        .outcome = outcome_name(result->outcome),
        .grade = grade_of(poll, result),
        .code = result->code,
        .text = result->text,
        .address = result->address,
        .tls = result->tls,
        .authenticated = result->authenticated,
        .pending = result->pending,
        .messages = result->messages,
        .bytes = result->bytes,
        .attempts = result->attempts,
        .ms = result->ms,
    };
}

/* The worst of a poll's results, which stands for it. */
static const struct result *worst(const struct poll *poll)
{
    const struct result *worst = poll_result(poll, 0);

    for (size_t i = 1; i < poll_result_count(poll); i++) {
        const struct result *result = poll_result(poll, i);

        if (grade_of(poll, result) > grade_of(poll, worst))
            worst = result;
    }
    return worst;
}

/* Where in the configuration in force the poll's backup stands; backup_count: no longer. */
static size_t find_backup(const struct record *record, const struct backup_config *backup)
{
    const struct config *config = record->options.config;

    if (backup >= config->backups && backup < config->backups + config->backup_count)
        return (size_t)(backup - config->backups);
    return config->backup_count;
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
        raise_alarm(record, &(struct alarm){.event = ALARM_ANSWER,
                                            .backup = result->backup,
                                            .domain = result->domain,
                                            .outcome = watched->outcome,
                                            .code = result->code,
                                            .text = result->text});
}

static void note_answer(struct record *record, const struct poll *poll, const struct result *result,
                        bool is_written, bool has_silent)
{
    const struct backup_config *backup = result->backup;
    size_t place = find_backup(record, backup), domain = find_domain(backup, result->domain);

    if (place == record->options.config->backup_count)
        return;
    struct watched *watched = &record->watched[record->first[place] + domain];
    watched->outcome = outcome_name(result->outcome);
    watched->code = result->code;
    if (grade_of(poll, result) == STORE_GOOD)
        note_good(record, watched, result, has_silent);
    else if (watched->silent_at_ms == INT64_MAX && is_written)
        load(record, backup, domain, watched);
    else if (watched->silent_at_ms == INT64_MAX && record->options.watches && !watched->is_silent)
        set_silent_at(record, watched, silent_at(record, backup, result->at_ms));
}

/* What the poll changes by our own memory, which a daemon alone has. */
static void change_by_memory(const struct record *record, const struct polled *polled,
                             enum store_grade grade, struct store_change *change)
{
    *change = (struct store_change){0};
    if (!record->options.watches || grade == STORE_HELD)
        return;
    change->began_to_fail = grade != STORE_GOOD && !polled->has_failed;
    change->recovered = grade == STORE_GOOD && polled->has_failed;
}

/* The store says what has changed, unless it does not know of the poll before. */
static void note_change(struct record *record, const struct poll *poll, struct store_change *change,
                        bool is_written)
{
    size_t place = find_backup(record, poll_backup(poll));
    enum store_grade grade = grade_of(poll, worst(poll));
    struct polled unknown = {0}, *polled = &unknown;

    if (place < record->options.config->backup_count)
        polled = &record->polled[place];
    if (!is_written || polled->is_unwritten)
        change_by_memory(record, polled, grade, change);
    if (grade == STORE_HELD)
        return;
    polled->has_failed = grade != STORE_GOOD;
    polled->is_unwritten = !is_written;
}

static void raise_change(const struct record *record, const struct poll *poll,
                         const struct store_change *change)
{
    const struct result *result = worst(poll);

    if (!change->began_to_fail && !change->recovered)
        return;
    raise_alarm(record, &(struct alarm){.event = change->recovered ? ALARM_RECOVERY : ALARM_FAILURE,
                                        .backup = poll_backup(poll),
                                        .outcome = outcome_name(result->outcome),
                                        .code = result->code,
                                        .text = result->text,
                                        .since_ms = change->since_ms,
                                        .streak = change->streak});
}

static enum status add_poll(struct record *record, const struct poll *poll,
                            struct store_change *change, struct error *error)
{
    size_t count = poll_result_count(poll);
    struct store_answer *answers = memory_new(count, sizeof *answers);
    struct store_poll row = {.backup = poll_backup(poll)->name,
                             .cause = poll_cause(poll),
                             .began_ms = poll_began_ms(poll),
                             .ended_ms = clock_wall_ms(),
                             .exit_status = poll_exit_status(poll),
                             .answers = answers,
                             .count = count};

    for (size_t i = 0; i < count; i++) {
        const struct result *result = poll_result(poll, i);

        answers[i] = answer_of(poll, result);
        if (result->certificate_expires_ms != 0)
            row.certificate_expires_ms = result->certificate_expires_ms;
    }
    enum status status = store_add_poll(record->options.store, &row, change, error);
    free(answers);
    return status;
}

/* All as one: what a turn of the loop has brought costs one commit. */
static enum status add_polls(struct record *record, const struct poll *const *polls, size_t count,
                             struct store_change *changes, struct error *error)
{
    enum status status = store_begin(record->options.store, error);

    if (status != STATUS_OK)
        return status;
    for (size_t i = 0; i < count && status == STATUS_OK; i++)
        status = add_poll(record, polls[i], &changes[i], error);
    return store_commit(record->options.store, error); /* says what has failed before, too */
}

void record_polls(struct record *record, const struct poll *const *polls, size_t count)
{
    struct error error;

    if (record->options.store == NULL)
        return;
    struct store_change *changes = memory_new(count, sizeof *changes);
    bool is_written =
        record_check(record, add_polls(record, polls, count, changes, &error), &error);
    if (is_written)
        note_written(record);
    for (size_t i = 0; i < count; i++) {
        note_change(record, polls[i], &changes[i], is_written);
        raise_change(record, polls[i], &changes[i]);
        for (size_t j = 0; j < poll_result_count(polls[i]); j++)
            note_answer(record, polls[i], poll_result(polls[i], j), is_written,
                        is_written && changes[i].has_silent);
    }
    free(changes);
}

void record_message(struct record *record, const struct backup_config *backup,
                    const struct guard_message *message)
{
    struct error error;

    if (record->options.store == NULL)
        return;
    const struct store_message row = {.at_ms = clock_wall_ms(),
                                      .backup = backup->name,
                                      .sender = message->sender,
                                      .recipients = message->recipients,
                                      .bytes = message->size,
                                      .code = message->code,
                                      .text = message->text};
    (void)record_check(record, store_add_message(record->options.store, &row, &error), &error);
}

void record_primary(struct record *record, int64_t looked_ms, const char *why)
{
    const struct store_primary primary = {
        .is_up = why == NULL, .looked_ms = looked_ms, .text = why};
    struct error error;

    if (record->options.store != NULL)
        (void)record_check(record, store_set_primary(record->options.store, &primary, &error),
                           &error);
}

bool record_prune(struct record *record, int64_t now_ms)
{
    struct error error;
    bool more = false;

    if (record->options.store == NULL)
        return false;
    (void)record_check(record, store_prune(record->options.store, now_ms, &more, &error), &error);
    return more;
}

/* ---- the whole ---- */

struct record *record_new(const struct record_options *options)
{
    struct record *record = memory_new(1, sizeof *record);

    record->options = *options;
    load_all(record);
    return record;
}

void record_reload(struct record *record, const struct config *config)
{
    record->options.config = config;
    load_all(record);
}

void record_free(struct record *record)
{
    if (record == NULL)
        return;
    free(record->watched);
    free(record->first);
    free(record->polled);
    free(record);
}
