/* The administrator's commands, none of which is ever waited for by a poll. */
#include <mxpull/base/log.h>
#include <mxpull/base/memory.h>
#include <mxpull/net/timer.h>
#include <mxpull/platform/clock.h>
#include <mxpull/record/hooks.h>

#include <stdlib.h>

/* One command, in the list of those that wait or of those that run. */
struct hook {
    struct hook *next;
    char *command;                      /* owned */
    struct process_variable *variables; /* their names are borrowed */
    char **values;                      /* owned */
    size_t count;
    struct process *process; /* while it runs */
    int64_t deadline_ms;
};

struct hooks {
    struct loop *loop; /* borrowed */
    int64_t timeout_ms;
    struct timer timer;
    struct hook *waiting, **waiting_end;
    size_t waiting_count;
    struct hook *running;
    size_t running_count;
};

static void advance(void *context);

struct hooks *hooks_new(struct loop *loop, int64_t timeout_ms)
{
    struct hooks *hooks = memory_new(1, sizeof *hooks);

    hooks->loop = loop;
    hooks->timeout_ms = timeout_ms;
    hooks->timer = (struct timer){.due = advance, .context = hooks, .on_wake = true};
    hooks->waiting_end = &hooks->waiting;
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

static void free_list(struct hook *first)
{
    for (struct hook *hook = first, *next; hook != NULL; hook = next) {
        next = hook->next;
        free_hook(hook);
    }
}

void hooks_free(struct hooks *hooks)
{
    if (hooks == NULL)
        return;
    timer_set(hooks->loop, &hooks->timer, INT64_MAX);
    free_list(hooks->waiting);
    free_list(hooks->running);
    free(hooks);
}

void hooks_run(struct hooks *hooks, const char *command, const struct process_variable *variables,
               size_t count)
{
    if (hooks->waiting_count == HOOKS_WAITING_MAX) {
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
    *hooks->waiting_end = hook;
    hooks->waiting_end = &hook->next;
    hooks->waiting_count++;
    timer_set(hooks->loop, &hooks->timer, 0);
}

/* Begins the one that has waited longest. */
static void begin(struct hooks *hooks, int64_t now_ms)
{
    struct hook *hook = hooks->waiting;
    struct error error;

    hooks->waiting = hook->next;
    hooks->waiting_count--;
    if (hooks->waiting == NULL)
        hooks->waiting_end = &hooks->waiting;
    if (process_start(&hook->process, hook->command, hook->variables, hook->count, &error) !=
        STATUS_OK) {
        log_message(LEVEL_ERROR, "%s: %s", hook->command, error.text);
        free_hook(hook);
        return;
    }
    hook->deadline_ms = now_ms + hooks->timeout_ms;
    hook->next = hooks->running;
    hooks->running = hook;
    hooks->running_count++;
}

/* Whether it is over, by itself or by our hand. */
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

/* Begins and ends what there is to begin and end. */
static void advance(void *context)
{
    struct hooks *hooks = context;
    int64_t now_ms = clock_monotonic_ms(), next_ms = INT64_MAX;

    for (struct hook **link = &hooks->running; *link != NULL;) {
        struct hook *hook = *link;

        if (is_over(hooks, hook, now_ms)) {
            *link = hook->next;
            free_hook(hook);
            hooks->running_count--;
        } else {
            link = &hook->next;
        }
    }
    while (hooks->waiting != NULL && hooks->running_count < HOOKS_AT_ONCE)
        begin(hooks, now_ms);
    for (const struct hook *hook = hooks->running; hook != NULL; hook = hook->next) {
        if (hook->deadline_ms < next_ms)
            next_ms = hook->deadline_ms;
    }
    timer_set(hooks->loop, &hooks->timer, next_ms);
}

bool hooks_are_idle(const struct hooks *hooks)
{
    return hooks->waiting == NULL && hooks->running == NULL;
}
