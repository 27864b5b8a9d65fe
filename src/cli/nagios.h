#ifndef MXPULL_SRC_CLI_NAGIOS_H
#define MXPULL_SRC_CLI_NAGIOS_H

#include "status_view.h"
#include <mxpull/base/buffer.h>

/* Appends the one line that a Nagios plugin prints, "MXPULL OK - 2 backups, 3 domains, all ok|…" with
 * performance data, and its line end. The worst problem is named, and how many more there are.
 * Nothing that a remote said can end the line or begin its performance data. Returns the exit status,
 * 0 to 3. */
int nagios_format(struct buffer *line, const struct status_view *view);

/* The line, and the exit status, where nothing can be said of the backups at all, and why. */
int nagios_format_unknown(struct buffer *line, const char *why);

/* The same, on standard output. */
int nagios_print_unknown(const char *why);

#endif
