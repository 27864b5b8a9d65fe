#ifndef MXPULL_CLI_STATUS_PAGE_H
#define MXPULL_CLI_STATUS_PAGE_H

/* What the files of the status for a person share. */

#include "line.h"
#include "said.h"
#include "status_text.h"

#include <stdint.h>

enum {
    STATUS_SENTENCE_SIZE_MAX = 4096
};

/* All borrowed. */
struct status_page {
    struct buffer *text;
    const struct status_view *view;
    const struct status_style *style;
    struct said *advice; /* that was given on this page */
};

static inline struct line status_begin_line(const struct status_page *page)
{
    struct line line;

    line_init(&line, page->text, page->style->columns, page->style->color);
    return line;
}

static inline void status_end_line(const struct status_page *page)
{
    (void)buffer_append_text(page->text, "\n");
}

/* "12s ago" */
void status_append_ago(struct buffer *sentence, const struct status_view *view, int64_t at_ms);

/* ---- status_table.c ---- */

/* Appends a row for each domain, with what is wrong below it. */
void status_table_add(const struct status_page *page);

#endif
