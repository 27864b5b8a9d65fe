#ifndef MXPULL_PLATFORM_PROCESS_H
#define MXPULL_PLATFORM_PROCESS_H

#include <mxpull/base/buffer.h>
#include <mxpull/base/status.h>

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Runs command by the system's shell with no standard input, its standard error left as ours, and
 * appends its standard output to output. Blocks, at most timeout_ms: then it is killed.
 * STATUS_SYSTEM when it cannot be run, exits with other than 0, or is killed; STATUS_LIMIT when it
 * prints more than output may take; STATUS_TIMEOUT. */
enum status process_capture(const char *command, int64_t timeout_ms, struct buffer *output,
                            struct error *error);

/* A command that runs beside us. */
struct process;

/* One variable of its environment, besides those that we have; both borrowed for the call. */
struct process_variable {
    const char *name;
    const char *value;
};

/* Starts command by the system's shell with these variables, no standard input, and its output
 * going to our standard error. Does not block. wake(context) is called when a child has ended: from
 * a signal handler on POSIX, from a thread on Windows, so it may do no more than wake the loop; all
 * processes share the one given last. STATUS_SYSTEM when it cannot be run. */
enum status process_start(struct process **process, const char *command,
                          const struct process_variable *variables, size_t count,
                          void (*wake)(void *context), void *context, struct error *error);

/* Whether the system's shell, where a command names a variable, reads this byte of its value as if it
 * stood in the command itself. Never on POSIX, where it should stand in double quotes. */
bool process_shell_reads(char byte);

/* Whether it has ended; then *ended_well says whether it exited with 0. Never blocks. */
bool process_has_ended(struct process *process, bool *ended_well);

/* Frees it. One that still runs is killed, with all that it has started. NULL is allowed. */
void process_free(struct process *process);

#endif
