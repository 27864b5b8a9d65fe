#ifndef MXPULL_SRC_CLI_HELP_H
#define MXPULL_SRC_CLI_HELP_H

#include "command.h"
#include <mxpull/base/buffer.h>

/* Appends the help of a command, or of the whole program where command is NULL, in lines of at most
 * 79 columns. */
void help_format(struct buffer *text, const struct command *command);

#endif
