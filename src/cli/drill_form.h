#ifndef MXPULL_SRC_CLI_DRILL_FORM_H
#define MXPULL_SRC_CLI_DRILL_FORM_H

#include "json.h"
#include "line.h"
#include <mxpull/drill/drill.h>

/* What `mxpull drill` writes. */

/* A backup that was chosen. */
struct drilled {
    const struct backup_config *backup; /* borrowed */
    struct drill_recipient recipient;
    const char *domain;        /* borrowed; "": it has none to send to */
    char why_not[400];         /* "": it is drilled */
    int exit_status;           /* with why_not */
    const struct drill *drill; /* borrowed; NULL: not begun */
};

/* Appends one line, and one of advice below it where something is to be done: "mx2  example.com  accepted 0.1 s · asked 250 ·
 * arrived 1.4 s (log)". */
void drill_form_add(struct buffer *text, const struct drilled *drilled, struct line_look look,
                    struct line_widths widths);

/* How it stands, in a few words: "accepted 0.1 s · asked 250". */
void drill_form_steps(struct buffer *text, const struct drill *drill);

/* The exit status of one. */
int drill_form_exit_status(const struct drilled *drilled);

/* "2 of 3 drills ok". */
void drill_form_summary(struct buffer *text, const struct drilled *drilled, size_t count,
                        int64_t elapsed_ms);

json_t *drill_form_json(const struct drilled *drilled, size_t count, int64_t started_wall_ms,
                        int64_t elapsed_ms, int exit_status);

#endif
