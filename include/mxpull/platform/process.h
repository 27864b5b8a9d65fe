#ifndef MXPULL_PLATFORM_PROCESS_H
#define MXPULL_PLATFORM_PROCESS_H

#include <mxpull/base/buffer.h>
#include <mxpull/base/status.h>

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* A command that runs beside us. */
struct process;

/* One variable of its environment, besides those that we have; both borrowed for the call. */
struct process_variable {
    const char *name;
    const char *value;
};

/* Starts command by the system's shell with these variables and without standard input. What it prints goes to our
 * standard error or, where it is captured, is kept for process_output: as much as a pipe holds, 4 KB at least; a
 * command that prints more does not end. Never blocks; the end of the command wakes the run as a signal does
 * (signals_start). STATUS_SYSTEM when it cannot be run. */
enum status process_start(struct process **process, const char *command,
                          const struct process_variable *variables, size_t count, bool is_captured,
                          struct error *error);

/* Whether the system's shell, where a command names a variable, reads this byte of its value as if it
 * stood in the command itself. Never on POSIX, where it should stand in double quotes. */
bool process_shell_reads(char byte);

/* Takes up to size bytes of what a captured command has printed and not been taken yet: returns how many; 0: none are
 * there now. *is_closed: nor will there be any. Never blocks. */
size_t process_read(struct process *process, char *bytes, size_t size, bool *is_closed);

/* A descriptor for loop_watch that is readable when process_read brings something new; -1 where the system has none
 * (Windows). */
intptr_t process_descriptor(const struct process *process);

/* Takes what has been printed by now. STATUS_LIMIT: more than output may take. */
enum status process_output(struct process *process, struct buffer *output, struct error *error);

/* Whether it has ended. Never blocks. */
bool process_has_ended(struct process *process);

/* After its end: STATUS_SYSTEM, and what it ended with, unless it exited with 0. */
enum status process_judge(const struct process *process, struct error *error);

/* Frees it. One that still runs is killed, with all that it has started. NULL is allowed. */
void process_free(struct process *process);

#endif
