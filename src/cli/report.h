#ifndef MXPULL_SRC_CLI_REPORT_H
#define MXPULL_SRC_CLI_REPORT_H

#include "live.h"
#include "output.h"
#include "summary.h"

#include <stdbool.h>

/* What `mxpull pull` says on standard output. */

enum report_form {
    REPORT_LINES, /* a line for each answer as it comes, then the summary */
    REPORT_LIVE,  /* the same, with the live table below */
    REPORT_JSON,  /* one object at the end */
};

struct report;

struct report_options {
    enum report_form form;
    size_t columns; /* that a line may have, but for those of the live table; LINE_UNBOUNDED: any */
    bool quiet; /* nothing unless something is wrong; then, at the end, what is wrong (REPORT_JSON:
                   the object) */
    struct live_options live; /* what is not of the live table alone is used by the other forms too;
                                 measure is not */
};

/* live.output is borrowed for the report's life. */
struct report *report_new(const struct report_options *options);
void report_free(struct report *report);

/* As in struct round_observer. */
void report_moved(struct report *report, const struct backup_config *backup,
                  enum session_state state, const char *domain);
void report_progressed(struct report *report, const struct backup_config *backup, uint64_t messages,
                       int64_t bytes);

/* A retry: its backup is asked again at until_ms, monotonic. */
void report_resting(struct report *report, const struct backup_config *backup, int64_t until_ms);

/* The backup has an answer; answers are told apart from that, as soon as it is known how many are the
 * same. */
void report_known(struct report *report, const struct backup_config *backup);
void report_answered(struct report *report, const struct answers *answers);

/* What the primary is waited for, or NULL: after every turn of the loop. */
void report_wait(struct report *report, const struct preflight_wait *wait);

/* Around anything else that is written on the terminal. */
void report_hide(struct report *report);
void report_show(struct report *report);

/* The round is over. */
void report_finish(struct report *report, const struct round_facts *facts);

#endif
