#ifndef MXPULL_CLI_METRICS_H
#define MXPULL_CLI_METRICS_H

#include <mxpull/base/buffer.h>
#include <mxpull/base/status.h>
#include <mxpull/cli/summary.h>

/* Appends a round that is over in Prometheus' text format (version 0.0.4). */
void metrics_format(struct buffer *text, const struct round_facts *facts);

/* Replaces the file for the textfile collector in one step. STATUS_SYSTEM or STATUS_LIMIT when it
 * cannot be written. */
enum status metrics_write(const char *path, const struct round_facts *facts, struct error *error);

#endif
