#ifndef MXPULL_SRC_CLI_METRICS_H
#define MXPULL_SRC_CLI_METRICS_H

#include "report.h"
#include "status_view.h"
#include <mxpull/base/buffer.h>
#include <mxpull/platform/lock.h>

/* metrics_file is of all backups, whoever writes it and whatever was asked: from the store, with our
 * own results where it does not know them. All borrowed. */
struct metrics_options {
    const struct config *config;
    struct store *store;             /* NULL: there is none, and our own results are all */
    struct lock_set *claims;         /* NULL: nobody else is there */
    const struct round_facts *facts; /* of the round that is over, or of the last ones */
};

/* Replaces the file for the textfile collector in one step, where the configuration names one. Says
 * in one warning when it cannot be written. */
void metrics_write(const struct metrics_options *options);

/* Puts results in that are newer than what the view knows. */
void metrics_add_results(struct status_view *view, const struct round_facts *facts);

/* Appends the view in Prometheus' text format (version 0.0.4). Of facts only the times count. */
void metrics_format(struct buffer *text, const struct status_view *view,
                    const struct round_facts *facts);

#endif
