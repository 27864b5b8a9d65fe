#ifndef MXPULL_SRC_CLI_RESULT_LINE_H
#define MXPULL_SRC_CLI_RESULT_LINE_H

#include "gather.h"
#include "said.h"
#include <mxpull/base/buffer.h>

#include <stdbool.h>
#include <stddef.h>

/* How wide the columns are that all lines of a report share. */
struct result_widths {
    size_t backup;
    size_t domain;
};

/* How lines are written: cut at so many columns (LINE_UNBOUNDED: never), with or without colours.
 */
struct result_style {
    struct result_widths widths;
    size_t columns;
    bool color;
    struct said *advice; /* which advice was given already; NULL: it is given each time */
};

/* The columns that these results need, up to a ceiling. */
struct result_widths result_widths(const struct result *const results[], size_t count);

/* Whether nothing is wrong with it: the outcome exits with 0, or a dry run got as far as it should.
 */
bool result_is_good(const struct result *result);

/* Appends known answers as one line, `mx2  example.com  started  250 Queuing started` or
 * `mx2  40 domains  unreachable  ...`, and if they are no success a second line that says what can be
 * done about it, where something can. Of backups that were held it is a sentence. */
void result_line_format(struct buffer *text, const struct answers *answers,
                        const struct result_style *style);

#endif
