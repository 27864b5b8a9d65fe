#ifndef MXPULL_CLI_REPORT_H
#define MXPULL_CLI_REPORT_H

#include <mxpull/cli/live.h>
#include <mxpull/cli/output.h>
#include <mxpull/cli/summary.h>

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
void report_answered(struct report *report, const struct result *result);

/* Around anything else that is written on the terminal. */
void report_hide(struct report *report);
void report_show(struct report *report);

/* The round is over. */
void report_finish(struct report *report, const struct round_facts *facts);

#endif
