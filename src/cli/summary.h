#ifndef MXPULL_SRC_CLI_SUMMARY_H
#define MXPULL_SRC_CLI_SUMMARY_H

#include <mxpull/base/buffer.h>
#include <mxpull/session/result.h>

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* A round as it is reported when it is over. All borrowed. */
struct round_facts {
    int64_t started_wall_ms;
    int64_t elapsed_ms;
    int exit_status;
    bool dry_run;
    const struct result *const *results; /* in the order of the configuration */
    size_t count;
};

struct summary {
    size_t asked; /* results known, those held left out: ok and failed */
    size_t ok;
    size_t failed;
    size_t held;
    size_t by_outcome[OUTCOME_COUNT];
};

struct summary summary_count(const struct result *const results[], size_t count);

/* Appends `4 asked, 3 ok, 1 failed (deferred 1), 2 held in 0.4 s` and a line end, on lines of at most so
 * many columns (LINE_UNBOUNDED: any). */
void summary_format(struct buffer *text, const struct round_facts *facts, size_t columns);

#endif
