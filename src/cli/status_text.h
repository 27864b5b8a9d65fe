#ifndef MXPULL_SRC_CLI_STATUS_TEXT_H
#define MXPULL_SRC_CLI_STATUS_TEXT_H

#include "line.h"
#include "status_view.h"
#include "words.h"

#include <stdbool.h>

/* The status for a person. All borrowed. */
struct status_page {
    struct buffer *text;
    const struct status_view *view;
    struct line_look look;
    bool only_wrong; /* nothing of what is well, and no summary: nothing at all where all is */
};

enum {
    STATUS_SENTENCE_SIZE_MAX = 4096
};

/* Appends the view: the primary, the daemon, a table of domains with what is wrong below each, a line of
 * summary. */
void status_text_format(const struct status_page *page);

/* ---- status_table.c ---- */

/* Appends a row for each domain, with what is wrong below it. */
void status_table_add(const struct status_page *page);

#endif
