/* Alarms: logged, and told to the administrator's commands. No poll waits for a command. */
#include "record.h"

#include <mxpull/base/memory.h>
#include <mxpull/base/text.h>
#include <mxpull/platform/clock.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum {
    NUMBER_SIZE = 24,
    TEXT_SIZE_MAX = 2000
};

/* One command. */
struct hook {
    struct hook *next;
    char *command;                      /* owned */
    struct process_variable *variables; /* their names are borrowed */
    char **values;                      /* owned */
    size_t count;
    struct process *process; /* NULL while it waits */
    int64_t deadline_ms;
};

struct hooks {
    struct loop *loop; /* borrowed */
    int64_t timeout_ms;
    struct timer timer;
    struct hook *first, **end; /* in order: the running ones, then the waiting ones */
    size_t count;
};

static void advance(void *context);

struct hooks *hooks_new(struct loop *loop, int64_t timeout_ms)
{
    struct hooks *hooks = memory_new(1, sizeof *hooks);

    hooks->loop = loop;
    hooks->timeout_ms = timeout_ms;
    hooks->timer = (struct timer){.due = advance, .context = hooks, .on_wake = true};
    hooks->end = &hooks->first;
    return hooks;
}

static void free_hook(struct hook *hook)
{
    process_free(hook->process);
    for (size_t i = 0; i < hook->count; i++)
        free(hook->values[i]);
    free(hook->values);
    free(hook->variables);
    free(hook->command);
    free(hook);
}

void hooks_free(struct hooks *hooks)
{
    if (hooks == NULL)
        return;
    timer_set(hooks->loop, &hooks->timer, INT64_MAX);
    for (struct hook *hook = hooks->first, *next; hook != NULL; hook = next) {
        next = hook->next;
        free_hook(hook);
    }
    free(hooks);
}

void hooks_run(struct hooks *hooks, const char *command, const struct process_variable *variables,
               size_t count)
{
    if (hooks->count == HOOKS_WAITING_MAX + HOOKS_AT_ONCE) {
        log_message(LEVEL_WARNING, "%d commands wait to be run, one more is dropped: %s",
                    HOOKS_WAITING_MAX, command);
        return;
    }
    struct hook *hook = memory_new(1, sizeof *hook);

    hook->command = memory_copy(command);
    hook->variables = memory_new(count, sizeof *hook->variables);
    hook->values = memory_new(count, sizeof(char *));
    hook->count = count;
    for (size_t i = 0; i < count; i++) {
        hook->values[i] = memory_copy(variables[i].value);
        hook->variables[i] = (struct process_variable){variables[i].name, hook->values[i]};
    }
    *hooks->end = hook;
    hooks->end = &hook->next;
    hooks->count++;
    timer_set(hooks->loop, &hooks->timer, 0);
}

/* Starts the command. False, logged, when that fails. */
static bool begin(const struct hooks *hooks, struct hook *hook, int64_t now_ms)
{
    struct error error;

    hook->deadline_ms = now_ms + hooks->timeout_ms;
    if (process_start(&hook->process, hook->command, hook->variables, hook->count, false, &error) ==
        STATUS_OK)
        return true;
    log_message(LEVEL_ERROR, "%s: %s", hook->command, error.text);
    return false;
}

/* Whether the command has ended, or its time is over. The caller frees it then. */
static bool is_over(const struct hooks *hooks, struct hook *hook, int64_t now_ms)
{
    struct error error;

    if (process_has_ended(hook->process)) {
        if (process_judge(hook->process, &error) != STATUS_OK)
            log_message(LEVEL_WARNING, "%s: %s", hook->command, error.text);
        return true;
    }
    if (now_ms < hook->deadline_ms)
        return false;
    log_message(LEVEL_WARNING, "%s: the command was killed after %lld s", hook->command,
                (long long)(hooks->timeout_ms / 1000));
    return true;
}

/* Starts and ends commands. */
static void advance(void *context)
{
    struct hooks *hooks = context;
    int64_t now_ms = clock_monotonic_ms(), next_ms = INT64_MAX;
    size_t running = 0;

    for (struct hook **link = &hooks->first; *link != NULL && running < HOOKS_AT_ONCE;) {
        struct hook *hook = *link;
        bool runs =
            hook->process == NULL ? begin(hooks, hook, now_ms) : !is_over(hooks, hook, now_ms);

        if (runs) {
            running++;
            next_ms = hook->deadline_ms < next_ms ? hook->deadline_ms : next_ms;
            link = &hook->next;
            continue;
        }
        *link = hook->next;
        if (hook->next == NULL)
            hooks->end = link;
        free_hook(hook);
        hooks->count--;
    }
    timer_set(hooks->loop, &hooks->timer, next_ms);
}

bool hooks_are_idle(const struct hooks *hooks)
{
    return hooks->first == NULL;
}

void hooks_finish(struct hooks *hooks, bool (*stop)(void))
{
    while (!hooks_are_idle(hooks) && !stop())
        loop_turn(hooks->loop, INT64_MAX);
}

/* ---- alarms ---- */

static const char *const event_names[] = {
    [ALARM_FAILURE] = "failure", [ALARM_RECOVERY] = "recovery", [ALARM_SILENCE] = "silence",
    [ALARM_ANSWER] = "answer",   [ALARM_MAIL] = "mail",         [ALARM_DRILL] = "drill",
};

/* Leaves out texts that are NULL and numbers that are 0. */
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
        {.key = "since",
         .text = alarm->since_ms != 0 ? clock_utc_text(since, alarm->since_ms) : NULL},
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

/* Copies a remote's text, cut with an ellipsis, with every character escaped that a shell could read.
 * Returns target. */
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

/* A copy of a configured name, with hidden characters escaped. */
static char *show(const char *name)
{
    struct buffer visible;

    buffer_init(&visible, TEXT_SIZE_MAX);
    text_visible(&visible, name, strlen(name));
    char *copy = memory_copy(visible.bytes);
    buffer_done(&visible);
    return copy;
}

static const char *number_text(char text[NUMBER_SIZE], int64_t number, bool is_known)
{
    text[0] = '\0';
    if (is_known)
        (void)snprintf(text, NUMBER_SIZE, "%lld", (long long)number);
    return text;
}

static void run_command(const struct alarm *alarm, const char *command, struct hooks *hooks)
{
    bool is_mail = alarm->event == ALARM_MAIL;
    char code[NUMBER_SIZE], streak[NUMBER_SIZE], messages[NUMBER_SIZE], bytes[NUMBER_SIZE];
    char since[CLOCK_TEXT_SIZE] = "";
    char *backup = show(alarm->backup->name);
    char *domain = show(alarm->domain != NULL ? alarm->domain : "");
    char text[TEXT_SIZE_MAX + 1], advice[TEXT_SIZE_MAX + 1];

    if (alarm->since_ms != 0)
        (void)clock_utc_text(since, alarm->since_ms);
    const struct process_variable variables[] = {
        {"MXPULL_EVENT", event_names[alarm->event]},
        {"MXPULL_BACKUP", backup},
        {"MXPULL_HOST", alarm->backup->host},
        {"MXPULL_DOMAIN", domain},
        {"MXPULL_OUTCOME", alarm->outcome},
        {"MXPULL_CODE", number_text(code, alarm->code, alarm->code > 0)},
        {"MXPULL_TEXT", tame(text, alarm->text)},
        {"MXPULL_ADVICE", tame(advice, alarm->advice)},
        {"MXPULL_SINCE", since},
        {"MXPULL_STREAK", number_text(streak, alarm->streak, true)},
        {"MXPULL_MESSAGES", number_text(messages, alarm->messages, is_mail)},
        {"MXPULL_BYTES", number_text(bytes, alarm->bytes, is_mail && alarm->bytes >= 0)},
        {"MXPULL_EVIDENCE", alarm->evidence != NULL ? alarm->evidence : ""},
    };
    hooks_run(hooks, command, variables, COUNT_OF(variables));
    free(domain);
    free(backup);
}

void alarm_raise(const struct alarm *alarm, enum level level, const struct config *config,
                 struct hooks *hooks)
{
    const char *const commands[] = {
        [ALARM_FAILURE] = config->on_failure,   [ALARM_SILENCE] = config->on_failure,
        [ALARM_RECOVERY] = config->on_recovery, [ALARM_ANSWER] = config->on_recovery,
        [ALARM_MAIL] = config->on_mail,         [ALARM_DRILL] = config->on_drill};
    const char *command = commands[alarm->event];

    if (alarm->event != ALARM_MAIL && alarm->event != ALARM_DRILL)
        write_log(alarm, level);
    if (command != NULL && hooks != NULL)
        run_command(alarm, command, hooks);
}
