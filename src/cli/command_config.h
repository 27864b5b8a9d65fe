#ifndef MXPULL_SRC_CLI_COMMAND_CONFIG_H
#define MXPULL_SRC_CLI_COMMAND_CONFIG_H

#include "output.h"
#include <mxpull/config/config.h>

/* Writes the effective configuration as one JSON object on one line: "path", the global options,
 * "primary", and "backups", an array in the order of the file. The keys are the options' names;
 * durations are seconds, what is not set is null, secrets are "********". */
void command_config_json(struct output *output, const struct config *config);

#endif
