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
    SAID_SIZE_MAX = 2000,
    CREDIT_IDLE_TIMEOUTS = 2,
    MESSAGE_EARNS_MS = 10 * 1000,
    REFUSED_LINES_MAX = 100,       /* of a poll, in the log */
    MESSAGES_TOLD_MAX = 10 * 1000, /* of a poll, in log and store */
    FRUITLESS_MAX = 100            /* sessions in a row that took no message off the provider */
};

void atrn_account_init(struct atrn_account *account, struct poll *poll, const struct node *nodes)
{
    *account = (struct atrn_account){
        .poll = poll,
        .nodes = nodes,
        .refusals = memory_new(poll->wanted_count, sizeof *account->refusals),
        .began_ms = clock_monotonic_ms(),
        .credit_ms = CREDIT_IDLE_TIMEOUTS * poll->backup->idle_timeout_s * 1000,
    };
    account->credit_max_ms = account->credit_ms;
    for (size_t i = 0; i < poll->wanted_count; i++) {
        struct result *result = poll->wanted[i];

        result->refused_for_now = result->refused_for_good = 0;
        if (result->messages < 0)
            result->messages = result->bytes = 0;
    }
}

void atrn_account_done(struct atrn_account *account)
{
    for (size_t i = 0; i < account->poll->wanted_count; i++)
        free(account->refusals[i].known);
    free(account->refusals);
}

/* The same refusal of this message in an earlier session, or NULL. */
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
    struct result *result = account->poll->wanted[index];
    struct atrn_refused *known = find_refused(account, refusals, refusal->offer, refusal->for_good);

    if (known != NULL) {
        known->session = account->sessions;
        return false;
    }
    *(refusal->for_good ? &result->refused_for_good : &result->refused_for_now) += 1;
    if (refusals->known_count == REFUSALS_KNOWN_MAX)
        return false;
    refusals->known = memory_more(refusals->known, refusals->known_count, sizeof *refusals->known);
    refusals->known[refusals->known_count++] = (struct atrn_refused){
        .offer = refusal->offer, .for_good = refusal->for_good, .session = account->sessions};
    return true;
}

/* A message was taken: it no longer counts as refused by an earlier session. */
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
    account->poll->wanted[index]->refused_for_now--;
}

void atrn_account_refusal(void *context, const struct guard_refusal *refusal)
{
    struct atrn_account *account = context;
    const struct polling *polling = account->poll->polling;
    bool is_new = false;

    if (polling->observer.refused != NULL)
        polling->observer.refused(polling->context, refusal);

    for (size_t i = 0; i < account->poll->wanted_count; i++) {
        struct atrn_refusals *refusals = &account->refusals[i];
        char *words = refusal->for_good ? refusals->for_good : refusals->for_now;

        if (!refusal->for_nodes[i])
            continue;
        is_new = note_refused(account, i, refusal) || is_new;
        if (*words == '\0')
            (void)snprintf(words, REFUSAL_WORDS_SIZE, "%d %.*s", refusal->code,
                           (int)strcspn(refusal->text, "\n"), refusal->text);
    }
    *(refusal->for_good ? &account->gone : &account->put_off) += is_new ? 1 : 0;
}

static void count_message(struct atrn_account *account, const struct guard_message *message)
{
    const struct polling *polling = account->poll->polling;

    for (size_t i = 0; i < account->poll->wanted_count; i++) {
        if (message->for_nodes[i]) {
            account->poll->wanted[i]->messages++;
            account->poll->wanted[i]->bytes += message->size;
            forget_refused(account, i, message);
        }
    }
    account->poll->messages++;
    account->poll->bytes += message->size;
    if (polling->observer.progressed != NULL)
        polling->observer.progressed(polling->context, account->poll->backup, 1, message->size);
}

/* ---- what is logged, and written ---- */

/* Whether the provider may still cause a line in the log. */
static bool may_tell(struct atrn_account *account, unsigned *told, unsigned most)
{
    bool may = *told < most;

    *told += may ? 1 : 0;
    account->left_out += may ? 0 : 1;
    return may;
}

void atrn_account_message(void *context, const struct guard_message *message)
{
    struct atrn_account *account = context;
    const struct polling *polling = account->poll->polling;
    bool is_taken = message->code / 100 == 2;
    const struct log_field fields[] = {
        {.key = "backup", .text = account->poll->backup->name},
        {.key = "from", .text = message->sender},
        {.key = "to", .text = message->recipients},
        {.key = "bytes", .number = message->size},
        {.key = "code", .number = message->code},
        {.key = "text", .text = message->text},
    };

    if (polling->observer.received != NULL)
        polling->observer.received(polling->context, message);
    if (is_taken) {
        atrn_account_earn(account, MESSAGE_EARNS_MS);
        count_message(account, message);
    }
    if (!may_tell(account, &account->messages_told, MESSAGES_TOLD_MAX))
        return;
    log_fields(is_taken ? LEVEL_INFO : LEVEL_WARNING, fields, COUNT_OF(fields));
    if (polling->delivered != NULL)
        polling->delivered(polling->recorder, account->poll, message);
}

void atrn_account_command(void *context, const char *command, const char *reply)
{
    struct atrn_account *account = context;
    const struct log_field fields[] = {
        {.key = "backup", .text = account->poll->backup->name},
        {.key = "refused", .text = command},
        {.key = "reply", .text = reply},
    };

    if (may_tell(account, &account->refused_told, REFUSED_LINES_MAX))
        log_fields(LEVEL_WARNING, fields, COUNT_OF(fields));
}

/* Lines beyond the limits of a poll are only counted. */
static void tell_left_out(const struct atrn_account *account)
{
    const struct log_field fields[] = {
        {.key = "backup", .text = account->poll->backup->name},
        {.key = "lines_left_out", .number = (int64_t)account->left_out},
    };

    if (account->left_out > 0)
        log_fields(LEVEL_WARNING, fields, COUNT_OF(fields));
}

void atrn_account_earn(struct atrn_account *account, int64_t ms)
{
    account->credit_ms += ms;
    if (account->credit_ms > account->credit_max_ms)
        account->credit_ms = account->credit_max_ms;
}

/* ---- the end ---- */

uint64_t atrn_account_session(struct atrn_account *account, const struct guard_counts *counts)
{
    uint64_t gone = account->gone + counts->messages;
    uint64_t put_off = account->put_off + account->failures.steps + counts->contents_refused;

    account->gone = account->put_off = account->failures.steps = 0;
    account->fruitless = gone > 0 ? 0 : account->fruitless + 1;
    account->is_barren = gone + put_off == 0;
    account->counts.messages += counts->messages;
    account->counts.bytes += counts->bytes;
    account->counts.recipients_refused += counts->recipients_refused;
    account->counts.contents_refused += counts->contents_refused;
    account->counts.senders_refused += counts->senders_refused;
    account->counts.hello_code = counts->hello_code;
    account->counts.refused_for_now += counts->refused_for_now;
    account->counts.refused_for_good += counts->refused_for_good;
    account->sessions++;
    return account->fruitless > FRUITLESS_MAX ? gone : gone + put_off;
}

static const char *plural(int64_t count)
{
    return count == 1 ? "" : "s";
}

/* Appends what was not taken, in words; nothing where all was taken. *outcome becomes OUTCOME_REFUSED where that is no
 * success. */
static void tell_refusals(const struct atrn_account *account, const struct result *result,
                          const struct atrn_refusals *refusals, enum outcome *outcome,
                          struct buffer *said)
{
    long long taken = result->messages, for_now = result->refused_for_now,
              for_good = result->refused_for_good;
    const struct {
        uint64_t count;
        const char *what, *why;
    } here[] = {{account->counts.recipients_refused, "recipient",
                 ", not in the domains of this backup or misspelt"},
                {account->counts.contents_refused, "message",
                 " for a lone dot between line ends that are not CRLF, or for BDAT"},
                {account->counts.senders_refused, "message",
                 " for a MAIL command that is malformed or too long"}};
    int hello = account->counts.hello_code;
    bool is_nothing_taken = account->counts.messages == 0 &&
                            (here[0].count + here[1].count + here[2].count > 0 || hello != 0);

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
    for (size_t i = 0; i < COUNT_OF(here); i++) {
        if (here[i].count > 0)
            (void)buffer_append_format(said, "%s%llu %s%s refused here%s",
                                       said->size > 0 ? "; " : "",
                                       (unsigned long long)here[i].count, here[i].what,
                                       plural((int64_t)here[i].count), here[i].why);
    }
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
                          size_t index, bool is_dry)
{
    struct result *result = account->poll->wanted[index];
    unsigned attempts = dialogue->attempts;
    enum outcome outcome = dialogue->outcome;
    const char *text = dialogue->text;
    int code = dialogue->code;
    struct buffer said;

    buffer_init(&said, SAID_SIZE_MAX);
    tell_refusals(account, result, &account->refusals[index], &outcome, &said);
    if (said.size > 0) {
        if (code == 0 && *text != '\0') /* words of our own, such as why it broke off */
            (void)buffer_append_format(&said, "; %s", text);
        text = said.bytes;
        code = 0;
    }
    session_answer(result, attempts > 0 ? dialogue->verb : VERB_CONNECT, outcome, code, text);
    buffer_done(&said);
    result->dry = is_dry;
    result->attempts += attempts > 0 ? attempts : 1;
    result->ms = clock_monotonic_ms() - account->began_ms;
    if (is_dry) {
        free(result->command);
        result->command =
            memory_copy_part(dialogue->command.bytes, strcspn(dialogue->command.bytes, "\r"));
    }
    session_tell(account->poll->polling, result);
}

void atrn_account_report(struct atrn_account *account, const struct atrn_dialogue *dialogue,
                         bool is_dry)
{
    const struct log_field fields[] = {
        {.key = "backup", .text = account->poll->backup->name},
        {.key = "sessions", .number = dialogue->sessions},
        {.key = "messages", .number = (int64_t)account->counts.messages},
        {.key = "bytes", .number = account->counts.bytes},
        {.key = "refused_for_now", .number = (int64_t)account->counts.refused_for_now},
        {.key = "refused_for_good", .number = (int64_t)account->counts.refused_for_good},
        {.key = "recipients_refused", .number = (int64_t)account->counts.recipients_refused},
        {.key = "seconds", .number = (clock_monotonic_ms() - account->began_ms + 999) / 1000},
    };

    tell_left_out(account);
    if (dialogue->sessions > 0)
        log_fields(LEVEL_INFO, fields, COUNT_OF(fields));
    for (size_t i = 0; i < account->poll->wanted_count; i++)
        report_result(account, dialogue, i, is_dry);
}
