#ifndef MXPULL_SRC_CLI_ACTION_H
#define MXPULL_SRC_CLI_ACTION_H

#include "arguments.h"
#include <mxpull/base/status.h>
#include <mxpull/platform/unattended.h>

#include <stddef.h>

/* Commands whose one name says what is to be done: mxpull service start. */
struct action {
    const char *name;
    int (*run)(const struct arguments *arguments); /* returns the exit status */
    const char *done;                              /* what is printed when that is 0 */
};

/* Does what the command line names. Returns the exit status. */
int action_run(const struct arguments *arguments, const struct action *actions, size_t count);

/* Says on standard error what is wrong, if anything is. Returns the exit status for it. */
int action_exit_status(enum status status, const struct error *error);

/* Before something is to run with nobody at it: finds its files, reads and checks its configuration,
 * and makes the place for its state, as long as a person sees what is wrong. Returns the exit status;
 * with 0 *files is to be freed with unattended_files_done. */
int action_prepare(const struct arguments *arguments, struct unattended_files *files);

#endif
