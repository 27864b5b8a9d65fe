#ifndef MXPULL_SRC_PLATFORM_WIN32_COMMAND_H
#define MXPULL_SRC_PLATFORM_WIN32_COMMAND_H

/* A command run by cmd.exe, with all that it starts in one job, so that it can be ended as a whole. It
 * has no standard input, and a console of its own that nobody sees, so that Ctrl-C does not reach it. */

#include "system.h"

#include <mxpull/base/status.h>

#include <stdbool.h>

struct command {
    HANDLE process;
    HANDLE job;
};

/* Starts it. output: where its standard output goes, NULL for our standard error, where its standard
 * error always goes. environment: as CreateProcessW takes it, NULL for ours; borrowed. STATUS_SYSTEM. */
enum status command_start(struct command *command, const char *text, HANDLE output,
                          wchar_t *environment, struct error *error);

/* Whether cmd.exe has ended, waiting for it up to wait_ms. */
bool command_has_ended(const struct command *command, DWORD wait_ms);

/* Ends it with all that it has started. */
void command_kill(const struct command *command);

/* Gives the handles back; what it has left running goes on. */
void command_done(struct command *command);

#endif
