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
    TEXT_SIZE_MAX = 2000
};

static const char *const event_names[] = {
    [ALARM_FAILURE] = "failure",
    [ALARM_RECOVERY] = "recovery",
    [ALARM_SILENCE] = "silence",
    [ALARM_ANSWER] = "answer",
};

/* "" where it is not known. */
static const char *since_text(char target[CLOCK_TEXT_SIZE], const struct alarm *alarm)
{
    return alarm->since_ms != 0 ? clock_utc_text(target, alarm->since_ms) : "";
}

/* Texts that are NULL, and numbers that are 0, are left out. */
static void write_log(const struct alarm *alarm, enum level level)
{
    char since[CLOCK_TEXT_SIZE];
    const char *advice = alarm->advice != NULL && *alarm->advice != '\0' ? alarm->advice : NULL;
    const struct log_field all[] = {
        {.key = "event", .text = event_names[alarm->event]},
        {.key = "backup", .text = alarm->backup->name},
        {.key = "domain", .text = alarm->domain},
        {.key = "outcome", .text = *alarm->outcome != '\0' ? alarm->outcome : NULL},
        {.key = "streak", .number = alarm->streak},
        {.key = "since", .text = alarm->since_ms != 0 ? since_text(since, alarm) : NULL},
        {.key = "text", .text = alarm->text},
        {.key = "advice", .text = advice},
    };
    struct log_field fields[COUNT_OF(all)];
    size_t count = 0;

    for (size_t i = 0; i < COUNT_OF(all); i++) {
        if (all[i].text != NULL || all[i].number > 0)
            fields[count++] = all[i];
    }
    log_fields(level, fields, count);
}

/* What a remote has said, cut with an ellipsis, in which nothing can become a command. Returns target. */
static const char *tame(char target[TEXT_SIZE_MAX + 1], const char *text)
{
    char printable[TEXT_SIZE_MAX + 1], tamed[TEXT_SIZE_MAX * 4 + 1];
    size_t size = 0;

    (void)text_printable_copy(printable, sizeof printable, text != NULL ? text : "");
    for (const char *at = printable; *at != '\0'; at++) {
        if (process_shell_reads(*at))
            size +=
                (size_t)snprintf(tamed + size, sizeof tamed - size, "\\x%02x", (unsigned char)*at);
        else
            tamed[size++] = *at;
    }
    tamed[size] = '\0';
    return text_copy_cut(target, TEXT_SIZE_MAX + 1, tamed);
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
    char text[TEXT_SIZE_MAX + 1], advice[TEXT_SIZE_MAX + 1];

    if (alarm->code > 0)
        (void)snprintf(code, sizeof code, "%d", alarm->code);
    (void)snprintf(streak, sizeof streak, "%lld", (long long)alarm->streak);
    const struct process_variable variables[] = {
        {"MXPULL_EVENT", event_names[alarm->event]}, {"MXPULL_BACKUP", backup},
        {"MXPULL_HOST", alarm->backup->host},        {"MXPULL_DOMAIN", domain},
        {"MXPULL_OUTCOME", alarm->outcome},          {"MXPULL_CODE", code},
        {"MXPULL_TEXT", tame(text, alarm->text)},    {"MXPULL_ADVICE", tame(advice, alarm->advice)},
        {"MXPULL_SINCE", since_text(since, alarm)},  {"MXPULL_STREAK", streak},
    };
    hooks_run(hooks, command, variables, COUNT_OF(variables));
    free(domain);
    free(backup);
}

void alarm_raise(const struct alarm *alarm, enum level level, const struct config *config,
                 struct hooks *hooks)
{
    bool is_good = alarm->event == ALARM_RECOVERY || alarm->event == ALARM_ANSWER;
    const char *command = is_good ? config->on_recovery : config->on_failure;

    write_log(alarm, level);
    if (command != NULL && hooks != NULL)
        run_command(alarm, command, hooks);
}
