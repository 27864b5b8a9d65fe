#ifndef MXPULL_CLI_SETUP_H
#define MXPULL_CLI_SETUP_H

#include <mxpull/cli/arguments.h>
#include <mxpull/config/config.h>

/* Reads the configuration that the command line or its default names, with every fault on standard
 * error. NULL when there was any. */
struct config *setup_config(const struct arguments *arguments);

/* Whether standard output is to be coloured. */
bool setup_color(const struct arguments *arguments);

#endif
