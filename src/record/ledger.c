/* The entries to be written into the store, in order. */
#include "record.h"

#include <mxpull/base/memory.h>
#include <mxpull/platform/clock.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum {
    COLLECT_MS = 250,
    RETRY_MS = 1000,
    SIZE_MAX_KEPT = 32 * 1024 * 1024,
    TEXT_SIZE_MAX = 5000 /* a little more than the store keeps of a text */
};

/* ---- entries ---- */

struct entry *ledger_entry(enum entry_kind kind)
{
    struct entry *entry = memory_new(1, sizeof *entry);

    entry->kind = kind;
    return entry;
}

const char *entry_own(struct entry *entry, char *text)
{
    entry->texts = memory_more(entry->texts, entry->text_count, sizeof(char *));
    entry->texts[entry->text_count++] = text;
    return text;
}

const char *entry_copy(struct entry *entry, const char *text)
{
    if (text == NULL)
        return NULL;
    return entry_own(entry, memory_copy_part(text, strnlen(text, TEXT_SIZE_MAX)));
}

static void free_entry(struct entry *entry)
{
    for (size_t i = 0; i < entry->text_count; i++)
        free(entry->texts[i]);
    free(entry->texts);
    free(entry->answers);
    free(entry);
}

static void clear(struct ledger *ledger)
{
    while (ledger->first != NULL) {
        struct entry *next = ledger->first->next;

        free_entry(ledger->first);
        ledger->first = next;
    }
    ledger->end = &ledger->first;
    ledger->size = 0;
}

/* ---- the store's health ---- */

/* A store that another process holds is only late: a pull reports at its end if it was too late. */
bool ledger_check(struct ledger *ledger, enum status status, const struct error *error)
{
    if (status == STATUS_OK)
        return true;
    if (status == STATUS_BUSY && !ledger->is_held) {
        ledger->is_held = true;
        store_set_patience(ledger->options->store, 0);
    }
    if (status == STATUS_BUSY && !ledger->options->watches)
        return false;
    if (!ledger->is_failing)
        log_message(LEVEL_WARNING, "%s; mxpull goes on %s", error->text,
                    status == STATUS_BUSY ? "and writes down what is answered when it is free"
                                          : "without writing down what is answered");
    ledger->is_failing = true;
    return false;
}

/* ---- writing ---- */

static enum status write_entry(struct store *store, struct entry *entry, struct error *error)
{
    enum status status = STATUS_OK;

    switch (entry->kind) {
    case ENTRY_POLL: return store_add_poll(store, &entry->poll, &entry->change, error);
    case ENTRY_MESSAGE: return store_add_message(store, &entry->message, error);
    case ENTRY_ARRIVAL: return store_set_arrival(store, &entry->arrival, error);
    case ENTRY_DRILL: return store_set_drill(store, &entry->drill, error);
    case ENTRY_OUTAGE:
        status = store_outage_begin(store, entry->outage.began_ms, entry->outage.why, error);
        if (status == STATUS_OK && entry->outage.ended_ms != 0)
            status = store_outage_end(store, entry->outage.ended_ms, error);
        break;
    }
    return status;
}

static enum status write_all(const struct ledger *ledger, struct error *error)
{
    struct store *store = ledger->options->store;
    enum status status = store_begin(store, error);

    if (status != STATUS_OK)
        return status;
    for (struct entry *entry = ledger->first; entry != NULL && status == STATUS_OK;
         entry = entry->next)
        status = write_entry(store, entry, error);
    return store_commit(store, error); /* says what has failed before, too */
}

static void set_timer(struct ledger *ledger, int64_t in_ms)
{
    if (ledger->options->loop != NULL)
        timer_set(ledger->options->loop, &ledger->timer,
                  in_ms == INT64_MAX ? INT64_MAX : clock_monotonic_ms() + in_ms);
}

enum status ledger_flush(struct ledger *ledger, struct error *error)
{
    if (ledger->first == NULL)
        return STATUS_OK;
    enum status status = write_all(ledger, error);
    /* Only written entries show that the store works again: a full disk may still take something
     * smaller. */
    if (ledger_check(ledger, status, error)) {
        if (ledger->is_failing)
            log_message(LEVEL_INFO, "the answers can be written down again");
        if (ledger->is_held)
            store_set_patience(ledger->options->store, ledger->options->patience_ms);
        ledger->is_failing = ledger->is_held = ledger->is_unread = false;
    }
    for (struct entry *entry = ledger->first; entry != NULL; entry = entry->next)
        ledger->tried(ledger->context, entry, status);
    if (status != STATUS_BUSY)
        clear(ledger);
    set_timer(ledger, status == STATUS_BUSY ? RETRY_MS : INT64_MAX);
    return status;
}

static void timer_due(void *context)
{
    struct error error;

    (void)ledger_flush(context, &error);
}

static void count_lost(struct ledger *ledger, const struct entry *entry)
{
    if (entry->kind == ENTRY_POLL)
        ledger->lost_polls++;
    else
        ledger->lost_others++;
}

void ledger_add(struct ledger *ledger, struct entry *entry)
{
    size_t size = sizeof *entry + entry->poll.count * sizeof *entry->answers;
    struct error error;

    for (size_t i = 0; i < entry->text_count; i++)
        size += sizeof(char *) + (entry->texts[i] != NULL ? strlen(entry->texts[i]) + 1 : 0);
    if (ledger->size + size > SIZE_MAX_KEPT) {
        ledger->tried(ledger->context, entry, STATUS_LIMIT);
        count_lost(ledger, entry);
        free_entry(entry);
        return;
    }
    ledger->size += size;
    *ledger->end = entry;
    ledger->end = &entry->next;
    if (ledger->options->loop == NULL)
        (void)ledger_flush(ledger, &error);
    else if (!timer_is_set(&ledger->timer))
        set_timer(ledger, COLLECT_MS);
}

static void tell_lost(struct ledger *ledger, const char *why)
{
    size_t polls = ledger->lost_polls, others = ledger->lost_others;
    char answers[64] = "", records[64] = "";

    if (polls > 0)
        (void)snprintf(answers, sizeof answers, "the answers of %zu poll%s%s", polls,
                       polls == 1 ? "" : "s", others > 0 ? " and " : "");
    if (others > 0)
        (void)snprintf(records, sizeof records, "%zu %srecord%s", others, polls > 0 ? "other " : "",
                       others == 1 ? "" : "s");
    if (polls + others > 0)
        log_message(LEVEL_WARNING, "%s; %s%s %s not written down", why, answers, records,
                    polls == 0 && others == 1 ? "is" : "are");
    ledger->lost_polls = ledger->lost_others = 0;
}

void ledger_finish(struct ledger *ledger, int64_t patience_ms)
{
    struct error error = {.text = "there was no room for more"};

    store_set_patience(ledger->options->store, patience_ms);
    enum status status = ledger_flush(ledger, &error);

    store_set_patience(ledger->options->store, status == STATUS_OK ? patience_ms : 0);
    for (const struct entry *entry = ledger->first; entry != NULL; entry = entry->next)
        count_lost(ledger, entry);
    tell_lost(ledger, error.text);
    clear(ledger);
    set_timer(ledger, INT64_MAX);
}

void ledger_init(struct ledger *ledger)
{
    ledger->end = &ledger->first;
    ledger->timer = (struct timer){.due = timer_due, .context = ledger};
    if (ledger->options->store != NULL)
        store_set_patience(ledger->options->store, ledger->options->patience_ms);
}

void ledger_done(struct ledger *ledger)
{
    clear(ledger);
    set_timer(ledger, INT64_MAX);
}
