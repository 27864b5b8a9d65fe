#ifndef MXPULL_CLI_SETUP_H
#define MXPULL_CLI_SETUP_H

#include <mxpull/cli/arguments.h>
#include <mxpull/config/config.h>

/* Reads the configuration that the command line or its default names, with every fault on standard
 * error. NULL when there was any. */
struct config *setup_config(const struct arguments *arguments);

/* The same, with every fault told to fault. */
struct config *setup_config_with(const struct arguments *arguments, config_fault *fault,
                                 void *context);

/* Whether standard output is to be coloured. */
bool setup_color(const struct arguments *arguments);

#endif
