#ifndef MXPULL_SRC_CLI_SETUP_H
#define MXPULL_SRC_CLI_SETUP_H

#include "arguments.h"
#include <mxpull/config/config.h>
#include <mxpull/net/loop.h>

/* Reads the configuration that the command line or its default names, with every fault on standard
 * error. NULL when there was any. */
struct config *setup_config(const struct arguments *arguments);

/* The same, with every fault told to fault. */
struct config *setup_config_with(const struct arguments *arguments, config_fault *fault,
                                 void *context);

/* Makes the loop. NULL when libcurl cannot be used, which is logged. */
struct loop *setup_loop(void);

/* Whether standard output is to be coloured. */
bool setup_color(const struct arguments *arguments);

#endif
