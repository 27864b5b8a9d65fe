#ifndef MXPULL_RECORD_HOOKS_H
#define MXPULL_RECORD_HOOKS_H

#include <mxpull/net/loop.h>
#include <mxpull/platform/process.h>

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* The commands of on_failure and on_recovery: run beside everything else, a few at a time, in the
 * order in which they were asked for, each killed when its time is over. */
struct hooks;

enum {
    HOOKS_TIMEOUT_MS = 30000,
    HOOKS_AT_ONCE = 4,
    HOOKS_WAITING_MAX = 10000 /* further ones are dropped, which is logged */
};

/* loop is borrowed: its turns begin and end the commands. timeout_ms is each command's time:
 * HOOKS_TIMEOUT_MS. */
struct hooks *hooks_new(struct loop *loop, int64_t timeout_ms);

/* Kills what still runs. NULL is allowed. */
void hooks_free(struct hooks *hooks);

/* Has command run with these variables; all copied. */
void hooks_run(struct hooks *hooks, const char *command, const struct process_variable *variables,
               size_t count);

/* Whether nothing runs and nothing waits. */
bool hooks_are_idle(const struct hooks *hooks);

#endif
