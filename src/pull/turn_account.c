/* What a provider's reversed sessions have brought. */
#include "turn_account.h"
#include "target.h"

#include <mxpull/base/log.h>
#include <mxpull/base/memory.h>
#include <mxpull/platform/clock.h>

#include <stdlib.h>
#include <string.h>

void turn_account_message(struct turn_account *account, const struct guard_message *message)
{
    const struct polling *polling = account->options->polling;

    for (size_t i = 0; i < account->options->count; i++) {
        if (message->for_nodes[i]) {
            account->results[i]->messages++;
            account->results[i]->bytes += message->size;
        }
    }
    if (polling->observer.progressed != NULL)
        polling->observer.progressed(polling->context, account->options->backup, 1, message->size);
}

void turn_account_session(struct turn_account *account, const struct guard_counts *counts)
{
    account->counts.messages += counts->messages;
    account->counts.bytes += counts->bytes;
    account->counts.recipients_refused += counts->recipients_refused;
}

static void report_result(const struct turn_account *account, const struct turning *turning,
                          struct result *result)
{
    unsigned attempts = turning_attempts(turning);
    const char *text;
    int code;
    enum outcome outcome = turning_outcome(turning, &code, &text);

    target_answer(result, attempts > 0 ? turning_verb(turning) : VERB_CONNECT, outcome, code, text);
    result->dry = account->dry;
    result->attempts += attempts > 0 ? attempts : 1;
    result->ms = clock_monotonic_ms() - account->began_ms;
    if (account->dry) {
        free(result->command);
        result->command =
            memory_copy_part(turning_ask(turning), strcspn(turning_ask(turning), "\r"));
    }
    target_tell(account->options->polling, result);
}

void turn_account_report(struct turn_account *account, const struct turning *turning)
{
    const struct log_field fields[] = {
        {.key = "backup", .text = account->options->backup->name},
        {.key = "sessions", .number = turning_sessions(turning)},
        {.key = "messages", .number = (int64_t)account->counts.messages},
        {.key = "bytes", .number = account->counts.bytes},
        {.key = "recipients_refused", .number = (int64_t)account->counts.recipients_refused},
        {.key = "seconds", .number = (clock_monotonic_ms() - account->began_ms + 999) / 1000},
    };

    if (turning_sessions(turning) > 0)
        log_fields(LEVEL_INFO, fields, COUNT_OF(fields));
    for (size_t i = 0; i < account->options->count; i++)
        report_result(account, turning, account->results[i]);
}
