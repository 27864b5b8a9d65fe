/* Changes of state, told once: in the log and by the administrator's command. */
#include "alarm.h"
#include <mxpull/base/buffer.h>
#include <mxpull/base/memory.h>
#include <mxpull/base/text.h>
#include <mxpull/platform/clock.h>

#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum {
    NUMBER_SIZE = 24,
    TEXT_SIZE_MAX = 2000,
    FIELDS_MAX = 9
};

static const char *const event_names[] = {
    [ALARM_FAILURE] = "failure",
    [ALARM_RECOVERY] = "recovery",
    [ALARM_SILENCE] = "silence",
    [ALARM_ANSWER] = "answer",
};

static bool is_good(const struct alarm *alarm)
{
    return alarm->event == ALARM_RECOVERY || alarm->event == ALARM_ANSWER;
}

/* "" where it is not known. */
static const char *since_text(char target[CLOCK_TEXT_SIZE], const struct alarm *alarm)
{
    if (alarm->since_ms == 0)
        return "";
    return clock_utc_text(target, alarm->since_ms);
}

static void write_log(const struct alarm *alarm, enum level level)
{
    char since[CLOCK_TEXT_SIZE];
    struct log_field fields[FIELDS_MAX];
    size_t count = 0;

    fields[count++] = (struct log_field){.key = "event", .text = event_names[alarm->event]};
    fields[count++] = (struct log_field){.key = "backup", .text = alarm->backup->name};
    if (alarm->domain != NULL)
        fields[count++] = (struct log_field){.key = "domain", .text = alarm->domain};
    if (*alarm->outcome != '\0')
        fields[count++] = (struct log_field){.key = "outcome", .text = alarm->outcome};
    if (alarm->streak > 0)
        fields[count++] = (struct log_field){.key = "streak", .number = alarm->streak};
    if (alarm->since_ms != 0)
        fields[count++] = (struct log_field){.key = "since", .text = since_text(since, alarm)};
    if (alarm->text != NULL)
        fields[count++] = (struct log_field){.key = "text", .text = alarm->text};
    if (alarm->advice != NULL && *alarm->advice != '\0')
        fields[count++] = (struct log_field){.key = "advice", .text = alarm->advice};
    log_fields(level, fields, count);
}

/* A copy of what a remote has said, cut with an ellipsis, in which nothing can become a command. */
static char *tame(const char *text)
{
    struct buffer printable, tamed, cut;

    buffer_init(&printable, TEXT_SIZE_MAX);
    buffer_init(&tamed, (size_t)TEXT_SIZE_MAX * 4);
    buffer_init(&cut, TEXT_SIZE_MAX);
    text_printable(&printable, text, strlen(text));
    for (const char *at = printable.bytes; *at != '\0'; at++)
        (void)(process_shell_reads(*at)
                   ? buffer_append_format(&tamed, "\\x%02x", (unsigned char)*at)
                   : buffer_append(&tamed, at, 1));
    text_append_cut(&cut, tamed.bytes, TEXT_SIZE_MAX);
    char *copy = memory_copy(cut.bytes);
    buffer_done(&cut);
    buffer_done(&tamed);
    buffer_done(&printable);
    return copy;
}

/* A copy of a name of ours: as it was written, but for what nobody would see. */
static char *show(const char *name)
{
    struct buffer visible;

    buffer_init(&visible, TEXT_SIZE_MAX);
    text_visible(&visible, name, strlen(name));
    char *copy = memory_copy(visible.bytes);
    buffer_done(&visible);
    return copy;
}

static void run_command(const struct alarm *alarm, const char *command, struct hooks *hooks)
{
    char code[NUMBER_SIZE] = "", streak[NUMBER_SIZE], since[CLOCK_TEXT_SIZE];
    char *backup = show(alarm->backup->name);
    char *domain = show(alarm->domain != NULL ? alarm->domain : "");
    char *text = tame(alarm->text != NULL ? alarm->text : "");
    char *advice = tame(alarm->advice != NULL ? alarm->advice : "");

    if (alarm->code > 0)
        (void)snprintf(code, sizeof code, "%d", alarm->code);
    (void)snprintf(streak, sizeof streak, "%lld", (long long)alarm->streak);
    const struct process_variable variables[] = {
        {"MXPULL_EVENT", event_names[alarm->event]},
        {"MXPULL_BACKUP", backup},
        {"MXPULL_HOST", alarm->backup->host},
        {"MXPULL_DOMAIN", domain},
        {"MXPULL_OUTCOME", alarm->outcome},
        {"MXPULL_CODE", code},
        {"MXPULL_TEXT", text},
        {"MXPULL_ADVICE", advice},
        {"MXPULL_SINCE", since_text(since, alarm)},
        {"MXPULL_STREAK", streak},
    };
    hooks_run(hooks, command, variables, COUNT_OF(variables));
    free(advice);
    free(text);
    free(domain);
    free(backup);
}

void alarm_raise(const struct alarm *alarm, enum level level, const struct config *config,
                 struct hooks *hooks)
{
    const char *command = is_good(alarm) ? config->on_recovery : config->on_failure;

    write_log(alarm, level);
    if (command != NULL && hooks != NULL)
        run_command(alarm, command, hooks);
}
