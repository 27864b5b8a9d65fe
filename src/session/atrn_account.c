/* What a provider's reversed sessions have brought. */
#include "atrn_account.h"
#include "session.h"

#include <mxpull/base/buffer.h>
#include <mxpull/base/log.h>
#include <mxpull/base/memory.h>
#include <mxpull/platform/clock.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum {
    SAID_SIZE_MAX = 2000
};

void atrn_account_init(struct atrn_account *account, const struct session_options *options)
{
    *account = (struct atrn_account){
        .options = options,
        .results = memory_new(options->count, sizeof(struct result *)),
        .refusals = memory_new(options->count, sizeof *account->refusals),
        .began_ms = clock_monotonic_ms(),
    };
    for (size_t i = 0; i < options->count; i++) {
        struct result *result = options->results[i];

        account->results[i] = result;
        result->refused_for_now = result->refused_for_good = 0;
        if (result->messages < 0)
            result->messages = result->bytes = 0;
    }
}

void atrn_account_done(struct atrn_account *account)
{
    for (size_t i = 0; i < account->options->count; i++)
        free(account->refusals[i].known);
    free(account->results);
    free(account->refusals);
}

/* What an earlier session has refused of this message in this way, or NULL. */
static struct atrn_refused *find_refused(const struct atrn_account *account,
                                         const struct atrn_refusals *refusals, uint64_t offer,
                                         bool for_good)
{
    for (size_t i = 0; i < refusals->known_count; i++) {
        struct atrn_refused *known = &refusals->known[i];

        if (known->offer == offer && known->for_good == for_good &&
            known->session != account->sessions)
            return known;
    }
    return NULL;
}

/* Whether it is refused for the first time. */
static bool note_refused(const struct atrn_account *account, size_t index,
                         const struct guard_refusal *refusal)
{
    struct atrn_refusals *refusals = &account->refusals[index];
    struct result *result = account->results[index];
    struct atrn_refused *known = find_refused(account, refusals, refusal->offer, refusal->for_good);

    if (known != NULL) {
        known->session = account->sessions;
        return false;
    }
    *(refusal->for_good ? &result->refused_for_good : &result->refused_for_now) += 1;
    if (refusals->known_count == REFUSALS_KNOWN_MAX)
        return false;
    refusals->known =
        memory_resize(refusals->known, refusals->known_count + 1, sizeof *refusals->known);
    refusals->known[refusals->known_count++] = (struct atrn_refused){
        .offer = refusal->offer, .for_good = refusal->for_good, .session = account->sessions};
    return true;
}

/* A message was taken: one that an earlier session has refused, perhaps. */
static void forget_refused(const struct atrn_account *account, size_t index,
                           const struct guard_message *message)
{
    struct atrn_refusals *refusals = &account->refusals[index];
    struct atrn_refused *known = find_refused(account, refusals, message->offer, false);

    if (known == NULL)
        known = find_refused(account, refusals, message->mail, false);
    if (known == NULL)
        return;
    *known = refusals->known[--refusals->known_count];
    account->results[index]->refused_for_now--;
}

void atrn_account_refusal(struct atrn_account *account, const struct guard_refusal *refusal)
{
    bool is_new = false;

    for (size_t i = 0; i < account->options->count; i++) {
        struct atrn_refusals *refusals = &account->refusals[i];
        char *words = refusal->for_good ? refusals->for_good : refusals->for_now;

        if (!refusal->for_nodes[i])
            continue;
        is_new = note_refused(account, i, refusal) || is_new;
        if (*words == '\0')
            (void)snprintf(words, REFUSAL_WORDS_SIZE, "%d %.*s", refusal->code,
                           (int)strcspn(refusal->text, "\n"), refusal->text);
    }
    account->progress += is_new ? 1 : 0;
}

void atrn_account_message(struct atrn_account *account, const struct guard_message *message)
{
    const struct polling *polling = account->options->polling;

    for (size_t i = 0; i < account->options->count; i++) {
        if (message->for_nodes[i]) {
            account->results[i]->messages++;
            account->results[i]->bytes += message->size;
            forget_refused(account, i, message);
        }
    }
    if (polling->observer.progressed != NULL)
        polling->observer.progressed(polling->context, account->options->backup, 1, message->size);
}

uint64_t atrn_account_session(struct atrn_account *account, const struct guard_counts *counts)
{
    uint64_t progress =
        account->progress + counts->messages + account->failures.put_off - account->put_off;

    account->progress = 0;
    account->is_barren = progress == 0;
    account->put_off = account->failures.put_off;
    account->counts.messages += counts->messages;
    account->counts.bytes += counts->bytes;
    account->counts.recipients_refused += counts->recipients_refused;
    account->counts.contents_refused += counts->contents_refused;
    account->counts.senders_refused += counts->senders_refused;
    account->counts.hello_code = counts->hello_code;
    account->counts.refused_for_now += counts->refused_for_now;
    account->counts.refused_for_good += counts->refused_for_good;
    account->sessions++;
    return progress;
}

static const char *plural(int64_t count)
{
    return count == 1 ? "" : "s";
}

/* Puts what was not taken into words: nothing where all was. *outcome becomes OUTCOME_REFUSED where that is no
 * success. */
static void tell_refusals(const struct atrn_account *account, const struct result *result,
                          const struct atrn_refusals *refusals, enum outcome *outcome,
                          struct buffer *said)
{
    long long taken = result->messages, for_now = result->refused_for_now,
              for_good = result->refused_for_good;
    uint64_t foreign = account->counts.recipients_refused;
    uint64_t malformed = account->counts.contents_refused;
    uint64_t senders = account->counts.senders_refused;
    int hello = account->counts.hello_code;
    bool is_nothing_taken =
        account->counts.messages == 0 && (foreign + malformed + senders > 0 || hello != 0);

    if (for_now > 0)
        (void)buffer_append_format(
            said, "%lld message%s taken, %lld not taken by your server for now: %s", taken,
            plural(taken), for_now, refusals->for_now);
    if (for_good > 0 && taken == 0 && for_now == 0)
        (void)buffer_append_format(
            said,
            "none taken: your server refused %lld message%s for good, which the "
            "provider returns to the sender: %s",
            for_good, plural(for_good), refusals->for_good);
    else if (for_good > 0)
        (void)buffer_append_format(said, "%s%lld refused by your server for good: %s",
                                   for_now > 0 ? "; " : "", for_good, refusals->for_good);
    if (foreign > 0)
        (void)buffer_append_format(
            said, "%s%llu recipient%s refused here, not in the domains of this backup or misspelt",
            said->size > 0 ? "; " : "", (unsigned long long)foreign, plural((int64_t)foreign));
    if (malformed > 0)
        (void)buffer_append_format(
            said,
            "%s%llu message%s refused here for a lone dot between line ends that are not CRLF, or "
            "for BDAT",
            said->size > 0 ? "; " : "", (unsigned long long)malformed, plural((int64_t)malformed));
    if (senders > 0)
        (void)buffer_append_format(
            said, "%s%llu message%s refused here for a MAIL command that is malformed or too long",
            said->size > 0 ? "; " : "", (unsigned long long)senders, plural((int64_t)senders));
    if (hello != 0)
        (void)buffer_append_format(said, "%syour server refused the provider's EHLO by %d",
                                   said->size > 0 ? "; " : "", hello);
    /* Exim breaks off a session in which it only finds what was put off. */
    bool is_barren = *outcome == OUTCOME_INTERRUPTED && account->is_barren && for_now > 0;
    if (is_barren || (*outcome == OUTCOME_RECEIVED &&
                      (for_now > 0 || (taken == 0 && for_good > 0) || is_nothing_taken)))
        *outcome = OUTCOME_REFUSED;
}

static void report_result(const struct atrn_account *account, const struct atrn_dialogue *dialogue,
                          size_t index)
{
    struct result *result = account->results[index];
    unsigned attempts = atrn_dialogue_attempts(dialogue);
    struct buffer said;
    const char *text;
    int code;
    enum outcome outcome = atrn_dialogue_outcome(dialogue, &code, &text);

    buffer_init(&said, SAID_SIZE_MAX);
    tell_refusals(account, result, &account->refusals[index], &outcome, &said);
    if (said.size > 0) {
        if (code == 0 && *text != '\0') /* words of our own, such as why it broke off */
            (void)buffer_append_format(&said, "; %s", text);
        text = said.bytes;
        code = 0;
    }
    session_answer(result, attempts > 0 ? atrn_dialogue_verb(dialogue) : VERB_CONNECT, outcome,
                   code, text);
    buffer_done(&said);
    result->dry = account->dry;
    result->attempts += attempts > 0 ? attempts : 1;
    result->ms = clock_monotonic_ms() - account->began_ms;
    if (account->dry) {
        free(result->command);
        result->command = memory_copy_part(atrn_dialogue_ask(dialogue),
                                           strcspn(atrn_dialogue_ask(dialogue), "\r"));
    }
    session_tell(account->options->polling, result);
}

void atrn_account_report(struct atrn_account *account, const struct atrn_dialogue *dialogue)
{
    const struct log_field fields[] = {
        {.key = "backup", .text = account->options->backup->name},
        {.key = "sessions", .number = atrn_dialogue_sessions(dialogue)},
        {.key = "messages", .number = (int64_t)account->counts.messages},
        {.key = "bytes", .number = account->counts.bytes},
        {.key = "refused_for_now", .number = (int64_t)account->counts.refused_for_now},
        {.key = "refused_for_good", .number = (int64_t)account->counts.refused_for_good},
        {.key = "recipients_refused", .number = (int64_t)account->counts.recipients_refused},
        {.key = "seconds", .number = (clock_monotonic_ms() - account->began_ms + 999) / 1000},
    };

    if (atrn_dialogue_sessions(dialogue) > 0)
        log_fields(LEVEL_INFO, fields, COUNT_OF(fields));
    for (size_t i = 0; i < account->options->count; i++)
        report_result(account, dialogue, i);
}
