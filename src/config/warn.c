/* Warnings about allowed but doubtful settings: `mxpull config` shows them. */
#include <mxpull/base/compiler.h>
#include <mxpull/base/duration.h>
#include <mxpull/base/memory.h>
#include <mxpull/base/text.h>
#include <mxpull/config/config.h>
#include <mxpull/smtp/atrn_dialogue.h>

#include <stdarg.h>
#include <stdlib.h>

enum {
    TEXT_SIZE = 400
};

struct warnings {
    const struct config *config;
    void (*warn)(void *context, const struct config_warning *warning);
    void *context;
};

static void warn(const struct warnings *warnings, enum config_worry worry,
                 const struct backup_config *backup, const char *advice, const char *format, ...)
    PRINTF_LIKE(5, 6);

static void warn(const struct warnings *warnings, enum config_worry worry,
                 const struct backup_config *backup, const char *advice, const char *format, ...)
{
    char text[TEXT_SIZE];
    va_list arguments;

    va_start(arguments, format);
    text_format(text, sizeof text, format, arguments);
    va_end(arguments);
    char *line =
        memory_format("%s:%d: backup \"%s\": %s", backup->file, backup->line, backup->name, text);
    warnings->warn(warnings->context, &(struct config_warning){worry, backup, line, advice});
    free(line);
}

static void warn_of_backup(const struct warnings *warnings, const struct backup_config *backup)
{
    if (backup->user != NULL && backup->auth_in_clear &&
        (backup->tls == TLS_OFF || backup->tls == TLS_MAY))
        warn(warnings, WORRY_AUTH_IN_CLEAR, backup,
             "set tls = required or implicit, unless nobody else is on that network",
             "auth_in_clear: user and password may cross the network readable by anybody in "
             "between");
    if (backup->method != METHOD_ATRN || !backup->name_domains)
        return;
    size_t size = atrn_command_size(backup->domains, backup->domain_count);
    if (size > ATRN_LINE_PROMISED)
        warn(warnings, WORRY_ATRN_LINE, backup,
             "if the provider refuses it, set name_domains = false",
             "domains: ATRN names them in one line of %zu octets, and servers need to take no more "
             "than %d (RFC 5321 4.5.3.1.4)",
             size, ATRN_LINE_PROMISED);
}

/* Whether domains of the backup count as silent before it is asked the next time. A schedule's slots lie at
 * different distances and are not looked at. */
static bool is_silence_short(const struct config *config, const struct backup_config *backup)
{
    const struct timing *timing = &backup->timing;

    return config->silence_s > 0 && timing->schedule == NULL &&
           config->silence_s <= timing->interval_s + timing->jitter_s;
}

void config_warn(const struct config *config,
                 void (*callback)(void *context, const struct config_warning *warning),
                 void *context)
{
    const struct warnings warnings = {config, callback, context};
    const struct backup_config *first = NULL; /* that the silence is too short for */
    char silence[DURATION_TEXT_SIZE], interval[DURATION_TEXT_SIZE], jitter[DURATION_TEXT_SIZE];
    size_t count = 0;

    for (size_t i = 0; i < config->backup_count; i++) {
        warn_of_backup(&warnings, &config->backups[i]);
        if (is_silence_short(config, &config->backups[i]) && count++ == 0)
            first = &config->backups[i];
    }
    if (first == NULL)
        return;
    char *others = count > 1 ? memory_format(" (and of %zu more)", count - 1) : memory_copy("");
    warn(&warnings, WORRY_SILENCE, first,
         "set a multiple of the interval, or 0: 3 intervals of each backup",
         "silence: %s is not longer than its interval of %s and jitter of %s%s, so the alarm comes "
         "although each answer is good",
         duration_format(silence, config->silence_s),
         duration_format(interval, first->timing.interval_s),
         duration_format(jitter, first->timing.jitter_s), others);
    free(others);
}
