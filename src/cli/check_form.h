#ifndef MXPULL_SRC_CLI_CHECK_FORM_H
#define MXPULL_SRC_CLI_CHECK_FORM_H

#include "line.h"
#include "output.h"
#include <mxpull/check/finding.h>

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* What `mxpull check` writes. */
struct check_page {
    struct line_look look;
    bool only_wrong;             /* nothing of what is well */
    const struct config *config; /* borrowed */
    size_t groups;               /* that stand on it: there is an empty line between two */
};

/* How many findings there are of each severity. */
struct check_counts {
    size_t of[SEVERITY_SKIP + 1];
};

/* Appends a group: what it is about, a line for each finding, below what is wrong the advice and the lines that are
 * ready for the configuration. Nothing where there is nothing to say. */
void check_form_group(struct check_page *page, struct buffer *text,
                      const struct findings *findings);

/* What is said of groups that were broken off: how many, and of how many. */
#define CHECK_STOPPED "stopped: %zu of %zu were not looked at to the end"

struct check_counts check_form_count(const struct findings *groups, size_t count);

/* Appends "14 ok, 1 warning, 2 failed, 1 skipped in 0.4 s", and with open > 0 "; stopped: 3 of 12 were not looked at to
 * the end". */
void check_form_summary(struct buffer *text, struct check_counts counts, int64_t elapsed_ms,
                        size_t open, size_t of);

/* Writes all as one JSON object on one line. */
void check_form_json(struct output *output, const struct findings *groups, size_t count,
                     int64_t checked_wall_ms, int exit_status);

#endif
