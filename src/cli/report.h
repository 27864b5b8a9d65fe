#ifndef MXPULL_SRC_CLI_REPORT_H
#define MXPULL_SRC_CLI_REPORT_H

#include "gather.h"
#include "line.h"
#include "live.h"
#include "logging.h"
#include "output.h"
#include "words.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* What `mxpull pull` says: a line for each answer as it comes, then the summary; or one JSON object at the
 * end; and the answers in the log, where it wants them. */
struct report;

struct report_options {
    bool json;
    bool
        quiet; /* nothing unless something is wrong; then what is wrong (json: the object), at the end */
    struct line_look look;
    struct line_widths widths;
    struct output *output; /* borrowed, as all that follows */
    struct live *live;     /* the table that stands below the lines; NULL: none */
};

struct report *report_new(const struct report_options *options);
void report_free(struct report *report);

/* Takes the results as they become known, and is to be flushed after each turn of the loop. */
struct gather *report_gather(const struct report *report);

/* The round is over. */
void report_finish(struct report *report, const struct round_facts *facts);

/* The columns that these results need. */
struct line_widths report_widths(const struct result *const results[], size_t count);

/* Appends known answers as one line, `mx2  example.com  started  250 Queuing started` or
 * `mx2  40 domains  unreachable  ...`, and if they are no success a second line that says what can be
 * done about it, where something can. Of backups that were held it is a sentence. advice is what was given
 * already; NULL: it is given each time. */
void report_append_answers(struct buffer *text, const struct answers *answers,
                           struct line_look look, struct line_widths widths, struct said *advice);

/* Appends `4 asked, 3 ok, 1 failed (deferred 1), 2 held in 0.4 s` and a line end. */
void report_append_summary(struct buffer *text, const struct round_facts *facts,
                           struct line_look look);

#endif
