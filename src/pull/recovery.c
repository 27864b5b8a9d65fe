/* The sum of a recovery: how many backups were asked, and what came back. */
#include "pull.h"

#include <mxpull/base/duration.h>
#include <mxpull/base/log.h>
#include <mxpull/base/memory.h>

#include <stdlib.h>

enum {
    TEXT_SIZE = 400
};

void recovery_begin(struct recovery *recovery, const struct config *config, int64_t outage_ms,
                    struct instant now)
{
    const struct durations *times = &config->primary.recovery;
    int64_t last_s = 0;

    recovery_end(recovery, config);
    if (times->count == 0)
        return;
    for (size_t i = 0; i < times->count; i++)
        last_s = times->seconds[i] > last_s ? times->seconds[i] : last_s;
    *recovery =
        (struct recovery){.is_on = true,
                          .outage_s = (now.wall_ms - outage_ms) / 1000,
                          .began_ms = now.wall_ms,
                          .until_ms = now.monotonic_ms + last_s * 1000,
                          .backups = memory_new(config->backup_count, sizeof(struct recovered))};
}

void recovery_asked(struct recovery *recovery, size_t backup)
{
    if (recovery->is_on)
        recovery->backups[backup].is_asked = true;
}

/* Mail of a poll before the recovery is none of it. A poll's mail may be told again when there is more. */
void recovery_arrived(struct recovery *recovery, size_t backup,
                      const struct arrival_account *account)
{
    if (!recovery->is_on || account->asked_ms < recovery->began_ms)
        return;
    struct recovered *recovered = &recovery->backups[backup];
    recovery->is_blind = recovery->is_blind || account->state == ARRIVAL_UNKNOWN;
    if (account->messages <= 0)
        return;
    if (recovered->asked_ms != account->asked_ms)
        recovery->messages += recovered->messages;
    recovered->asked_ms = account->asked_ms;
    recovered->messages = account->messages;
    recovery->last_ms = account->last_ms > recovery->last_ms ? account->last_ms : recovery->last_ms;
}

/* ", 31 messages came back in 3m12s" */
static void append_mail(struct buffer *text, const struct recovery *recovery)
{
    char span[DURATION_TEXT_SIZE];
    int64_t ms = recovery->last_ms - recovery->began_ms;

    if (recovery->messages > 0)
        (void)buffer_append_format(
            text, ", %lld message%s came back in %s%s", (long long)recovery->messages,
            recovery->messages == 1 ? "" : "s",
            duration_format(span, ms > 0 ? (ms + 999) / 1000 : 0),
            recovery->is_blind ? ", and maybe more that cannot be seen" : "");
    else
        (void)buffer_append_text(text, recovery->is_blind
                                           ? ", whether mail came back cannot be seen"
                                           : ", no mail was seen to come back");
}

void recovery_end(struct recovery *recovery, const struct config *config)
{
    char span[DURATION_TEXT_SIZE];
    struct buffer text;
    size_t asked = 0;

    if (!recovery->is_on)
        return;
    for (size_t i = 0; i < config->backup_count; i++) {
        asked += recovery->backups[i].is_asked;
        recovery->messages += recovery->backups[i].messages;
    }
    buffer_init(&text, TEXT_SIZE);
    (void)buffer_append_format(&text, "outage of %s over: %zu backup%s asked",
                               duration_format(span, recovery->outage_s), asked,
                               asked == 1 ? "" : "s");
    append_mail(&text, recovery);
    const struct log_field fields[] = {
        {.key = "event", .text = "recovered"},
        {.key = "seconds", .number = recovery->outage_s},
        {.key = "backups", .number = (int64_t)asked},
        {.key = "messages", .number = recovery->messages},
        {.key = "text", .text = text.bytes},
    };
    if (asked > 0)
        log_fields(LEVEL_INFO, fields, COUNT_OF(fields));
    buffer_done(&text);
    free(recovery->backups);
    *recovery = (struct recovery){0};
}
