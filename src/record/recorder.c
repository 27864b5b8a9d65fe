/* From results to rows, and from rows to alarms. */
#include "recorder_internal.h"

#include <mxpull/base/log.h>
#include <mxpull/base/memory.h>
#include <mxpull/base/text.h>
#include <mxpull/platform/clock.h>
#include <mxpull/session/advice.h>

#include <stdlib.h>
#include <string.h>

/* A store that another process holds is only late; a pull says at its end whether it was too late. */
bool recorder_check(struct recorder *record, enum status status, const struct error *error)
{
    bool is_late = status == STATUS_BUSY;

    if (status == STATUS_OK)
        return true;
    if (is_late && !record->options.watches)
        return false;
    if (!record->is_failing)
        log_message(LEVEL_WARNING, "%s; mxpull goes on %s", error->text,
                    is_late ? "and writes down what is answered when it is free"
                            : "without writing down what is answered");
    record->is_failing = true;
    return false;
}

/* Only polls that were written down tell that the store works again: on a full disk something
 * smaller may still find its place. */
static void note_written(struct recorder *record)
{
    if (record->is_failing)
        log_message(LEVEL_INFO, "the answers can be written down again");
    record->is_failing = record->is_forgetful = false;
}

/* A pull has shown the answers that it speaks of; in a daemon's log the change is worth a line of its
 * own. */
static enum level level_of(const struct recorder *record, enum alarm_event event)
{
    switch (event) {
    case ALARM_FAILURE: return record->options.watches ? LEVEL_ERROR : LEVEL_DEBUG;
    case ALARM_RECOVERY: return record->options.watches ? LEVEL_INFO : LEVEL_DEBUG;
    case ALARM_SILENCE: return LEVEL_ERROR;
    case ALARM_ANSWER: break;
    }
    return LEVEL_INFO;
}

void record_raise(const struct recorder *record, const struct alarm *alarm)
{
    alarm_raise(alarm, level_of(record, alarm->event), record->options.config,
                record->options.hooks);
}

/* Where the name stands among the backups: most likely at hint. The count: nowhere. */
static size_t find_name(const struct config *config, const char *name, size_t hint)
{
    for (size_t i = 0; i < config->backup_count; i++) {
        size_t place = (hint + i) % config->backup_count;

        if (strcmp(config->backups[place].name, name) == 0)
            return place;
    }
    return config->backup_count;
}

size_t record_find_backup(const struct recorder *record, const struct backup_config *backup)
{
    const struct config *config = record->options.config;

    if (backup >= config->backups && backup < config->backups + config->backup_count)
        return (size_t)(backup - config->backups);
    return find_name(config, backup->name, 0);
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
    case OUTCOME_REFUSED:
    case OUTCOME_UNREACHABLE:
    case OUTCOME_TIMEOUT:
    case OUTCOME_PROTOCOL:
    case OUTCOME_TLS:
    case OUTCOME_UNSUPPORTED:
    case OUTCOME_MISUNDERSTOOD:
    case OUTCOME_MISCONFIGURED:
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

static struct store_answer answer_of(const struct poll *poll, const struct result *result,
                                     const char *advice)
{
    return (struct store_answer){
        .at_ms = result->at_ms,
        .domain = result->domain,
        .verb = verb_name(result->verb),
        .outcome = outcome_name(result->outcome),
        .grade = grade_of(poll, result),
        .code = result->code,
        .text = result->text,
        .advice = advice,
        .address = result->address,
        .tls = result->tls,
        .authenticated = result->authenticated,
        .pending = result->pending,
        .messages = result->messages,
        .bytes = result->bytes,
        .refused_for_now = result->refused_for_now,
        .refused_for_good = result->refused_for_good,
        .attempts = result->attempts,
        .asked_ms = result->asked_ms,
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

/* What the poll changes by our own memory, which a daemon alone has. */
static void change_by_memory(const struct recorder *record, const struct polled *polled,
                             enum store_grade grade, struct store_change *change)
{
    *change = (struct store_change){.has_silent = change->has_silent};
    if (!record->options.watches || grade == STORE_HELD)
        return;
    change->began_to_fail = grade != STORE_GOOD && !polled->has_failed;
    change->recovered = grade == STORE_GOOD && polled->has_failed;
}

/* The store says what has changed, unless it does not know of the poll before. */
static void note_change(struct recorder *record, const struct poll *poll,
                        struct store_change *change, bool is_written)
{
    size_t place = record_find_backup(record, poll_backup(poll));
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

static void raise_change(const struct recorder *record, const struct poll *poll,
                         const struct store_change *change)
{
    const struct result *result = worst(poll);

    if (!change->began_to_fail && !change->recovered)
        return;
    char *advice = advice_new(result);
    record_raise(record,
                 &(struct alarm){.event = change->recovered ? ALARM_RECOVERY : ALARM_FAILURE,
                                 .backup = poll_backup(poll),
                                 .outcome = outcome_name(result->outcome),
                                 .code = result->code,
                                 .text = result->text,
                                 .advice = advice,
                                 .since_ms = change->since_ms,
                                 .streak = change->streak});
    free(advice);
}

/* The poll's row; its answers are to be freed by free_answers. */
static struct store_poll row_of(const struct poll *poll, struct store_answer **answers)
{
    size_t count = poll_result_count(poll);
    struct store_poll row = {.backup = poll_backup(poll)->name,
                             .cause = poll_cause(poll),
                             .began_ms = poll_began_ms(poll),
                             .ended_ms = clock_wall_ms(),
                             .exit_status = poll_exit_status(poll),
                             .count = count};

    row.answers = *answers = memory_new(count, sizeof **answers);
    for (size_t i = 0; i < count; i++) {
        const struct result *result = poll_result(poll, i);

        (*answers)[i] = answer_of(poll, result, advice_new(result));
        if (result->certificate_expires_ms != 0)
            row.certificate_expires_ms = result->certificate_expires_ms;
    }
    return row;
}

static void free_answers(struct store_answer *answers, size_t count)
{
    for (size_t i = 0; i < count; i++)
        free((void *)(uintptr_t)answers[i].advice);
    free(answers);
}

static enum status add_poll(struct recorder *record, const struct poll *poll,
                            struct store_change *change, struct error *error)
{
    struct store_answer *answers;
    const struct store_poll row = row_of(poll, &answers);
    enum status status = store_add_poll(record->options.store, &row, change, error);

    free_answers(answers, row.count);
    return status;
}

/* All as one: what a turn of the loop has brought costs one commit. What waits comes first. */
static enum status add_polls(struct recorder *record, const struct poll *const *polls, size_t count,
                             struct store_change *changes, struct error *error)
{
    enum status status = recorder_flush(record, error);

    if (status == STATUS_OK)
        status = store_begin(record->options.store, error);
    if (status != STATUS_OK)
        return status;
    for (size_t i = 0; i < count && status == STATUS_OK; i++)
        status = add_poll(record, polls[i], &changes[i], error);
    return store_commit(record->options.store, error); /* says what has failed before, too */
}

static void keep(struct recorder *record, const struct poll *poll)
{
    struct store_answer *answers;
    const struct store_poll row = row_of(poll, &answers);

    queue_add_poll(&record->queue, &row);
    free_answers(answers, row.count);
}

void recorder_polls(struct recorder *record, const struct poll *const *polls, size_t count)
{
    struct error error;

    if (record->options.store == NULL)
        return;
    struct store_change *changes = memory_new(count, sizeof *changes);
    enum status status = add_polls(record, polls, count, changes, &error);
    bool is_written = recorder_check(record, status, &error);
    if (is_written)
        note_written(record);
    for (size_t i = 0; i < count; i++) {
        if (status == STATUS_BUSY)
            keep(record, polls[i]);
        if (status == STATUS_BUSY && !record->options.watches)
            continue; /* its alarms come when it is written */
        note_change(record, polls[i], &changes[i], is_written);
        raise_change(record, polls[i], &changes[i]);
        for (size_t j = 0; j < poll_result_count(polls[i]); j++)
            silence_note(record, poll_result(polls[i], j),
                         grade_of(polls[i], poll_result(polls[i], j)), is_written,
                         changes[i].has_silent);
    }
    free(changes);
}

/* ---- polls that were written later ---- */

static enum outcome outcome_of(const char *name)
{
    for (int i = 0; i < OUTCOME_COUNT; i++) {
        if (strcmp(outcome_name((enum outcome)i), name) == 0)
            return (enum outcome)i;
    }
    return OUTCOME_PROTOCOL;
}

/* A daemon has told its alarms at once, by its own memory; a pull does so now. */
static void note_late(void *context, const struct store_poll *poll,
                      const struct store_change *change)
{
    struct recorder *record = context;
    size_t place = find_name(record->options.config, poll->backup, 0);
    const struct store_answer *worst = poll->answers;

    if (place == record->options.config->backup_count)
        return;
    const struct backup_config *backup = &record->options.config->backups[place];
    record->polled[place].is_unwritten = false;
    if (record->options.watches)
        return;
    for (size_t i = 0; i < poll->count; i++) {
        const struct store_answer *answer = &poll->answers[i];
        char text[sizeof((struct store_domain *)0)->text];
        const struct result result = {
            .backup = backup,
            .domain = answer->domain,
            .known = true,
            .outcome = outcome_of(answer->outcome),
            .code = answer->code,
            .text = text_copy_cut(text, sizeof text, answer->text != NULL ? answer->text : ""),
            .at_ms = answer->at_ms};

        worst = answer->grade > worst->grade ? answer : worst;
        silence_note(record, &result, answer->grade, true, change->has_silent);
    }
    if (change->began_to_fail || change->recovered)
        record_raise(record,
                     &(struct alarm){.event = change->recovered ? ALARM_RECOVERY : ALARM_FAILURE,
                                     .backup = backup,
                                     .outcome = worst->outcome,
                                     .code = worst->code,
                                     .text = worst->text,
                                     .advice = worst->advice,
                                     .since_ms = change->since_ms,
                                     .streak = change->streak});
}

enum status recorder_flush(struct recorder *record, struct error *error)
{
    struct queue waiting = record->queue;
    enum status status;

    if (waiting.count == 0)
        return STATUS_OK;
    status = queue_write(&waiting, record->options.store, error);
    if (status == STATUS_BUSY)
        return status;
    record->queue = (struct queue){.lost = waiting.lost};
    if (status == STATUS_OK)
        queue_tell(&waiting, note_late, record);
    else
        record->queue.lost += waiting.count;
    queue_clear(&waiting);
    return status;
}

void recorder_finish(struct recorder *record, int64_t patience_ms)
{
    struct error error = {.text = "there was no room for more"};

    if (record->options.store == NULL)
        return;
    store_set_patience(record->options.store, patience_ms);
    enum status status = recorder_flush(record, &error);
    size_t lost = record->queue.lost + record->queue.count;

    store_set_patience(record->options.store, status == STATUS_OK ? patience_ms : 0);
    if (lost > 0)
        log_message(LEVEL_WARNING, "%s; the answers of %zu poll%s are not written down", error.text,
                    lost, lost == 1 ? "" : "s");
    record->queue.lost = 0;
    queue_clear(&record->queue);
}

/* ---- what is known ---- */

struct recollection {
    struct result *results;
    size_t count, next; /* where the next row is looked for first */
    bool understood;
};

static void recollect(void *context, const struct store_asked *asked)
{
    struct recollection *recollection = context;

    recollection->understood = recollection->understood || asked->understood;
    for (size_t i = 0; i < recollection->count; i++) {
        size_t place = (recollection->next + i) % recollection->count;
        struct result *result = &recollection->results[place];

        if (!text_equal(result->domain, asked->domain))
            continue;
        result->asked_ms = asked->asked_ms;
        result->started_ms = asked->started_ms;
        recollection->next = place + 1;
        return;
    }
}

bool recorder_recall(void *memory, const struct backup_config *backup, struct result *results,
                     size_t count)
{
    struct recorder *record = memory;
    struct recollection recollection = {.results = results, .count = count};
    struct error error;

    if (record->options.store != NULL && !record->is_forgetful)
        record->is_forgetful = !recorder_check(
            record,
            store_recall(record->options.store, backup->name, recollect, &recollection, &error),
            &error);
    return recollection.understood;
}

void recorder_message(struct recorder *record, const struct backup_config *backup,
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
    enum status status = record->queue.count == 0
                             ? store_add_message(record->options.store, &row, &error)
                             : STATUS_BUSY;
    if (status == STATUS_BUSY)
        queue_add_message(&record->queue, &row);
    else
        (void)recorder_check(record, status, &error);
}

void recorder_primary(struct recorder *record, int64_t looked_ms, const char *why)
{
    const struct store_primary primary = {
        .is_up = why == NULL, .looked_ms = looked_ms, .text = why};
    struct error error;

    if (record->options.store != NULL)
        (void)recorder_check(record, store_set_primary(record->options.store, &primary, &error),
                             &error);
}

bool recorder_prune(struct recorder *record, int64_t now_ms)
{
    struct error error;
    bool more = false;

    if (record->options.store == NULL)
        return false;
    (void)recorder_check(record, store_prune(record->options.store, now_ms, &more, &error), &error);
    return more;
}

/* ---- the whole ---- */

/* Whether it is failing, unless we know better than the store. */
static void fetch(struct recorder *record, const struct backup_config *backup,
                  struct polled *polled)
{
    struct store_backup state;
    struct error error;
    bool found = false;
    enum status status =
        store_get_backup(record->options.store, backup->name, &state, &found, &error);

    if (recorder_check(record, status, &error) && found && !polled->is_unwritten)
        polled->has_failed = state.streak > 0;
}

/* Begins with what is known: before and old (NULL: there is none) are of the configuration before. */
static void load(struct recorder *record, const struct polled *before, const struct config *old)
{
    const struct config *config = record->options.config;

    record->count = config->backup_count;
    record->polled = memory_new(record->count, sizeof *record->polled);
    record->next_silent_ms = INT64_MAX;
    for (size_t i = 0; i < config->backup_count; i++) {
        const struct backup_config *backup = &config->backups[i];
        struct polled *polled = &record->polled[i];
        size_t known = old != NULL ? find_name(old, backup->name, i) : 0;

        if (old != NULL && known < old->backup_count) {
            polled->has_failed = before[known].has_failed;
            polled->is_unwritten = before[known].is_unwritten;
            silence_load(record, i, &before[known], &old->backups[known]);
        } else {
            silence_load(record, i, NULL, NULL);
        }
        if (record->options.store != NULL && record->options.watches && !record->is_failing)
            fetch(record, backup, polled);
    }
}

static void free_polled(struct polled *polled, size_t count)
{
    for (size_t i = 0; i < count; i++)
        free(polled[i].domains);
    free(polled);
}

struct recorder *recorder_new(const struct recorder_options *options)
{
    struct recorder *record = memory_new(1, sizeof *record);

    record->options = *options;
    load(record, NULL, NULL);
    return record;
}

void recorder_reload(struct recorder *record, const struct config *config)
{
    const struct config *old = record->options.config;
    struct polled *before = record->polled;
    size_t count = record->count;

    record->options.config = config;
    load(record, before, old);
    free_polled(before, count);
}

void recorder_free(struct recorder *record)
{
    if (record == NULL)
        return;
    free_polled(record->polled, record->count);
    queue_clear(&record->queue);
    free(record);
}
