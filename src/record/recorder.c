/* Turns results into rows of the store and into alarms. */
#include "record.h"

#include <mxpull/base/memory.h>
#include <mxpull/base/text.h>
#include <mxpull/platform/clock.h>

#include <stdlib.h>
#include <string.h>

enum {
    DRILL_PATIENCE_MS = 1000 /* once a drill: another process holds the store for less */
};

/* A backup's last poll, for the time in which the store does not have it. At first as the store has
 * it. */
struct polled {
    bool has_failed; /* its last poll was not good */
    bool is_unwritten;
};

struct recorder {
    struct recorder_options options;
    struct ledger ledger;
    struct overdue *overdue;
    struct polled *polled; /* as configured */
    bool has_looks;        /* the store has a look that had trouble */
};

bool recorder_check(struct recorder *recorder, enum status status, const struct error *error)
{
    return ledger_check(&recorder->ledger, status, error);
}

/* ---- alarms ---- */

/* A pull has shown the answers already; in a daemon's log each alarm has a line. */
static void raise_alarm(void *context, const struct alarm *alarm)
{
    const struct recorder *recorder = context;
    bool is_shown = !recorder->options.watches &&
                    (alarm->event == ALARM_FAILURE || alarm->event == ALARM_RECOVERY);
    bool is_good = alarm->event == ALARM_RECOVERY || alarm->event == ALARM_ANSWER;

    alarm_raise(alarm,
                is_shown  ? LEVEL_DEBUG
                : is_good ? LEVEL_INFO
                          : LEVEL_ERROR,
                recorder->options.config, recorder->options.hooks);
}

/* Raises the alarm of a poll. The store says what has changed, unless it lacks this poll or the one
 * before. */
static void tell_change(struct recorder *recorder, struct entry *entry, bool is_written)
{
    struct polled *polled = &recorder->polled[entry->backup - recorder->options.config->backups];
    const struct store_answer *worst = store_worst(&entry->poll);
    struct store_change change = entry->change;
    bool is_good = worst->grade == GRADE_GOOD, is_held = worst->grade == GRADE_HELD;

    if (!is_written || polled->is_unwritten)
        change = (struct store_change){.began_to_fail = recorder->options.watches && !is_good &&
                                                        !is_held && !polled->has_failed,
                                       .recovered = recorder->options.watches && is_good &&
                                                    polled->has_failed};
    if (!is_held)
        *polled = (struct polled){.has_failed = !is_good, .is_unwritten = !is_written};
    if (change.began_to_fail || change.recovered)
        raise_alarm(recorder,
                    &(struct alarm){.event = change.recovered ? ALARM_RECOVERY : ALARM_FAILURE,
                                    .backup = entry->backup,
                                    .outcome = worst->outcome,
                                    .code = worst->code,
                                    .text = worst->text,
                                    .advice = worst->advice,
                                    .since_ms = change.since_ms,
                                    .streak = change.streak});
}

/* A daemon's alarms do not wait for the store; a pull's do. */
static void tried(void *context, struct entry *entry, enum status status)
{
    struct recorder *recorder = context;
    bool is_written = status == STATUS_OK;

    if (entry->kind != ENTRY_POLL || (status == STATUS_BUSY && !recorder->options.watches))
        return;
    size_t backup = (size_t)(entry->backup - recorder->options.config->backups);
    if (!entry->is_told)
        tell_change(recorder, entry, is_written);
    else if (is_written)
        recorder->polled[backup].is_unwritten = false;
    for (size_t i = 0; i < entry->poll.count && (is_written || !entry->is_told); i++)
        overdue_answered(recorder->overdue, backup, &entry->answers[i], is_written,
                         entry->change.has_silent);
    entry->is_told = true;
}

int64_t recorder_check_silence(struct recorder *recorder, int64_t now_ms,
                               bool (*is_asked)(void *context, size_t backup), void *context)
{
    return overdue_check(recorder->overdue, now_ms, is_asked, context);
}

/* ---- polls ---- */

void recorder_mail(struct recorder *recorder, const struct backup_config *backup,
                   const struct store_arrival *arrival)
{
    raise_alarm(recorder, &(struct alarm){.event = ALARM_MAIL,
                                          .backup = backup,
                                          .outcome = arrival->state,
                                          .messages = arrival->messages,
                                          .bytes = arrival->bytes,
                                          .evidence = arrival->evidence});
}

/* The part of a sum that the poll's last try has added. */
static int64_t added(int64_t sum, int64_t before)
{
    return sum < 0 || before < 0 ? sum : sum - before;
}

static struct store_answer answer_of(const struct result *result, struct entry *entry)
{
    return (struct store_answer){
        .at_ms = result->at_ms,
        .domain = entry_copy(entry, result->domain),
        .verb = verb_name(result->verb),
        .outcome = outcome_name(result->outcome),
        .grade = result_grade(result),
        .code = result->code,
        .text = entry_copy(entry, result->text),
        .advice = entry_own(entry, advice_new(result)),
        .address = entry_copy(entry, result->address),
        .tls = entry_copy(entry, result->tls),
        .authenticated = result->authenticated,
        .pending = result->pending,
        .messages = added(result->messages, result->before.messages),
        .bytes = added(result->bytes, result->before.bytes),
        .refused_for_now = result->refused_for_now,
        .refused_for_good = result->refused_for_good,
        .attempts = result->attempts - result->before.attempts,
        .asked_ms = result->asked_ms,
        .ms = result->ms,
    };
}

void recorder_poll(struct recorder *recorder, const struct poll *poll)
{
    int64_t messages = (int64_t)poll->messages - poll->before.messages;
    if (messages > 0)
        recorder_mail(recorder, poll->backup,
                      &(struct store_arrival){.state = "arrived",
                                              .evidence = "bridge",
                                              .messages = messages,
                                              .bytes = poll->bytes - poll->before.bytes});
    if (recorder->options.store == NULL)
        return;
    struct entry *entry = ledger_entry(ENTRY_POLL);
    entry->backup = poll->backup;
    entry->answers = memory_new(poll->count, sizeof *entry->answers);
    entry->poll = (struct store_poll){.backup = entry->backup->name,
                                      .cause = poll->cause,
                                      .began_ms = poll->began_ms,
                                      .ended_ms = clock_wall_ms(),
                                      .answers = entry->answers};
    for (size_t i = 0; i < poll->count; i++) {
        const struct result *result = &poll->results[i];

        if (!result->is_current)
            continue;
        entry->answers[entry->poll.count++] = answer_of(result, entry);
        entry->poll.exit_status =
            exit_status_worse(entry->poll.exit_status, outcome_exit_status(result->outcome));
        if (result->certificate_expires_ms != 0)
            entry->poll.certificate_expires_ms = result->certificate_expires_ms;
    }
    ledger_add(&recorder->ledger, entry);
}

static void recollect(void *context, const struct store_asked *asked)
{
    poll_remember(context, asked->domain, asked->asked_ms, asked->started_ms, asked->understood);
}

void recorder_recall(struct recorder *recorder, struct poll *poll)
{
    struct ledger *ledger = &recorder->ledger;
    struct error error;

    if (ledger->options->store != NULL && !ledger->is_unread)
        ledger->is_unread = !ledger_check(
            ledger,
            store_recall(ledger->options->store, poll->backup->name, recollect, poll, &error),
            &error);
}

/* ---- messages, arrivals, drills and the primary ---- */

void recorder_heard(struct recorder *recorder, const struct store_message *message)
{
    if (recorder->options.store == NULL)
        return;
    struct entry *entry = ledger_entry(ENTRY_MESSAGE);
    struct store_message *copy = &entry->message;

    *copy = *message;
    copy->backup = entry_copy(entry, message->backup);
    copy->evidence = entry_copy(entry, message->evidence);
    copy->sender = entry_copy(entry, message->sender);
    copy->recipients =
        entry_own(entry, message->recipients != NULL ? memory_copy(message->recipients) : NULL);
    copy->text = entry_copy(entry, message->text);
    copy->client = entry_copy(entry, message->client);
    copy->message_id = entry_copy(entry, message->message_id);
    ledger_add(&recorder->ledger, entry);
}

void recorder_message(struct recorder *recorder, const struct poll *poll,
                      const struct guard_message *message)
{
    const char *client = NULL;

    for (size_t i = 0; i < poll->count && client == NULL; i++)
        client = poll->results[i].address;
    recorder_heard(recorder, &(const struct store_message){.at_ms = clock_wall_ms(),
                                                           .backup = poll->backup->name,
                                                           .evidence = "bridge",
                                                           .sender = message->sender,
                                                           .recipients = message->recipients,
                                                           .bytes = message->size,
                                                           .code = message->code,
                                                           .text = message->text,
                                                           .client = client,
                                                           .message_id = message->message_id});
}

void recorder_arrival(struct recorder *recorder, const struct store_arrival *arrival)
{
    if (recorder->options.store == NULL)
        return;
    struct entry *entry = ledger_entry(ENTRY_ARRIVAL);
    struct store_arrival *copy = &entry->arrival;

    *copy = *arrival;
    copy->backup = entry_copy(entry, arrival->backup);
    copy->state = entry_copy(entry, arrival->state);
    copy->evidence = entry_copy(entry, arrival->evidence);
    copy->address = entry_copy(entry, arrival->address);
    ledger_add(&recorder->ledger, entry);
}

void recorder_drill(struct recorder *recorder, const struct store_drill *drill)
{
    for (size_t i = 0; i < recorder->options.config->backup_count; i++) {
        const struct backup_config *backup = &recorder->options.config->backups[i];

        if (strcmp(backup->name, drill->backup) == 0)
            raise_alarm(recorder, &(struct alarm){.event = ALARM_DRILL,
                                                  .backup = backup,
                                                  .domain = drill->domain,
                                                  .outcome = drill->outcome,
                                                  .code = drill->code,
                                                  .text = drill->text,
                                                  .since_ms = drill->at_ms,
                                                  .evidence = drill->evidence});
    }
    if (recorder->options.store == NULL)
        return;
    struct entry *entry = ledger_entry(ENTRY_DRILL);
    struct store_drill *copy = &entry->drill;

    *copy = *drill;
    copy->backup = entry_copy(entry, drill->backup);
    copy->domain = entry_copy(entry, drill->domain);
    copy->outcome = entry_copy(entry, drill->outcome);
    copy->evidence = entry_copy(entry, drill->evidence);
    copy->text = entry_copy(entry, drill->text);
    copy->token = entry_copy(entry, drill->token);
    ledger_add(&recorder->ledger, entry);
}

enum status recorder_drill_begins(struct recorder *recorder, const struct store_drill *drill,
                                  struct error *error)
{
    struct store *store = recorder->options.store;

    if (store == NULL)
        return error_set(error, STATUS_SYSTEM, "there is no store (state_dir)");
    store_set_patience(store, DRILL_PATIENCE_MS);
    enum status status = store_set_drill(store, drill, error);
    store_set_patience(store, recorder->ledger.is_held ? 0 : recorder->options.patience_ms);
    return status;
}

void recorder_outage(struct recorder *recorder, int64_t began_ms, int64_t ended_ms, const char *why)
{
    if (recorder->options.store == NULL)
        return;
    struct entry *entry = ledger_entry(ENTRY_OUTAGE);
    entry->outage.began_ms = began_ms;
    entry->outage.ended_ms = ended_ms;
    (void)text_copy_cut(entry->outage.why, sizeof entry->outage.why, why);
    ledger_add(&recorder->ledger, entry);
}

void recorder_primary(struct recorder *recorder, const char *why)
{
    const struct store_primary primary = {
        .is_up = why == NULL, .looked_ms = clock_wall_ms(), .text = why};
    struct error error;

    if (recorder->options.store != NULL)
        (void)recorder_check(recorder, store_set_primary(recorder->options.store, &primary, &error),
                             &error);
}

/* ---- looks at the primary. After a look that left domains out or lost its connection, the next one
 * begins with the domains that have waited longest, and ends with those that cost a connection. After
 * a look without trouble the order is the configuration's. ---- */

struct ranked {
    struct node node;
    size_t place; /* in the order given */
    int64_t turn; /* 0: it has waited longest */
};

static int compare_turns(const void *left, const void *right)
{
    const struct ranked *a = left, *b = right;

    if (a->turn != b->turn)
        return a->turn < b->turn ? -1 : 1;
    return (a->place > b->place) - (a->place < b->place);
}

void recorder_order_look(struct recorder *recorder, struct node *domains, size_t count)
{
    struct ledger *ledger = &recorder->ledger;
    struct error error;

    if (ledger->options->store == NULL || ledger->is_unread || count == 0)
        return;
    struct ranked *ranked = memory_new(count, sizeof *ranked);
    enum status status = store_begin_reading(ledger->options->store, &error);
    bool can_read = status == STATUS_OK;
    recorder->has_looks = false;
    for (size_t i = 0; i < count; i++) {
        bool found = false;

        ranked[i] = (struct ranked){.node = domains[i], .place = i};
        if (can_read && store_get_look(ledger->options->store, domains[i].name, &ranked[i].turn,
                                       &found, &error) == STATUS_OK)
            recorder->has_looks = recorder->has_looks || found;
    }
    if (can_read)
        status =
            store_commit(ledger->options->store, &error); /* says what has failed before, too */
    ledger->is_unread = !ledger_check(ledger, status, &error);
    qsort(ranked, count, sizeof *ranked, compare_turns);
    for (size_t i = 0; i < count; i++)
        domains[i] = ranked[i].node;
    free(ranked);
}

void recorder_note_look(struct recorder *recorder, const struct preflight *preflight)
{
    struct store *store = recorder->options.store;
    size_t count = preflight->count, asked = 0;
    bool is_troubled = false;
    int64_t turn = clock_wall_ms() * STORE_TURNS_A_MS;
    struct error error;

    for (size_t i = 0; i < count; i++) {
        enum probe_fate fate = probe_fate(preflight->probe, i);

        is_troubled = is_troubled || fate == PROBE_LEFT_OUT || fate == PROBE_CUT;
    }
    if (store == NULL || !(is_troubled || recorder->has_looks))
        return;
    struct store_look *looks = memory_new(count, sizeof *looks);
    for (size_t i = 0; i < count; i++) {
        enum probe_fate fate = probe_fate(preflight->probe, i);
        size_t place = fate == PROBE_CUT ? i + count : i;

        if (fate != PROBE_LEFT_OUT)
            looks[asked++] = (struct store_look){.domain = preflight->domains[i].name,
                                                 .turn = is_troubled ? turn + (int64_t)place : 0};
    }
    (void)recorder_check(recorder, store_set_looks(store, looks, asked, &error), &error);
    free(looks);
}

/* ---- the whole ---- */

void recorder_flush(struct recorder *recorder)
{
    struct error error;

    (void)ledger_flush(&recorder->ledger, &error);
}

bool recorder_is_written(const struct recorder *recorder)
{
    return recorder->ledger.first == NULL;
}

bool recorder_is_failing(const struct recorder *recorder)
{
    return recorder->ledger.is_failing;
}

size_t recorder_held_count(const struct recorder *recorder, size_t backup)
{
    return overdue_held_count(recorder->overdue, backup);
}

void recorder_finish(struct recorder *recorder, int64_t patience_ms)
{
    if (recorder->options.store != NULL)
        ledger_finish(&recorder->ledger, patience_ms);
}

bool recorder_prune(struct recorder *recorder, int64_t now_ms)
{
    struct error error;
    bool more = false;

    if (recorder->options.store == NULL)
        return false;
    (void)recorder_check(recorder, store_prune(recorder->options.store, now_ms, &more, &error),
                         &error);
    return more;
}

struct recorder *recorder_new(const struct recorder_options *options)
{
    struct recorder *recorder = memory_new(1, sizeof *recorder);
    bool can_read = options->store != NULL && options->watches, found = false;
    struct store_backup state;
    struct error error;

    recorder->options = *options;
    recorder->ledger = (struct ledger){.options = &recorder->options,
                                       .is_failing = options->is_failing,
                                       .tried = tried,
                                       .context = recorder};
    ledger_init(&recorder->ledger);
    recorder->overdue = overdue_new(&recorder->ledger, raise_alarm, recorder);
    recorder->polled = memory_new(options->config->backup_count, sizeof *recorder->polled);
    for (size_t i = 0; can_read && i < options->config->backup_count; i++) {
        enum status status = store_get_backup(options->store, options->config->backups[i].name,
                                              &state, &found, &error);

        can_read = recorder_check(recorder, status, &error);
        recorder->polled[i].has_failed = can_read && found && state.streak > 0;
    }
    return recorder;
}

void recorder_free(struct recorder *recorder)
{
    if (recorder == NULL)
        return;
    ledger_done(&recorder->ledger);
    overdue_free(recorder->overdue);
    free(recorder->polled);
    free(recorder);
}
