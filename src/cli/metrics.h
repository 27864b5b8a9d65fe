#ifndef MXPULL_SRC_CLI_METRICS_H
#define MXPULL_SRC_CLI_METRICS_H

#include "report.h"
#include "status.h"
#include <mxpull/base/buffer.h>
#include <mxpull/platform/lock.h>

/* Replaces metrics_file, where the configuration names one, in one step. It is of all backups, whoever writes
 * it and whatever was asked: from the store (NULL: there is none), with the results of facts, the round that
 * is over or the last ones, where the store does not know them. Those who write take turns by the claims (NULL:
 * nobody else is there). Says in one warning when it cannot be written. */
void metrics_write(const struct config *config, struct store *store, struct lock_set *claims,
                   const struct round_facts *facts);

/* Puts results in that are newer than what the view knows. */
void metrics_add_results(struct status_view *view, const struct round_facts *facts);

/* Appends the view in Prometheus' text format (version 0.0.4). Of facts only the times count. */
void metrics_format(struct buffer *text, const struct status_view *view,
                    const struct round_facts *facts);

#endif
