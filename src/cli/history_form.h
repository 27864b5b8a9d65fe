#ifndef MXPULL_SRC_CLI_HISTORY_FORM_H
#define MXPULL_SRC_CLI_HISTORY_FORM_H

#include "line.h"
#include "output.h"
#include <mxpull/base/buffer.h>
#include <mxpull/store/store.h>

#include <stdbool.h>
#include <stddef.h>

/* What `mxpull history` writes, row by row as the store gives them: never is more than a page of it
 * in memory. */

/* HISTORY_TEXT: a line each, in local time. HISTORY_JSON: {"answers":[…]} or {"messages":[…]}, one object
 * on one line. HISTORY_CSV: RFC 4180 with a header line, but for lines that end in LF; texts and names are
 * escaped as in the log, and have a ' before them where a spreadsheet would take them for a formula. */
enum history_form {
    HISTORY_TEXT,
    HISTORY_JSON,
    HISTORY_CSV
};

struct history_request {
    bool messages; /* instead of answers */
    struct store_filter filter;
    enum history_form form;
    struct line_look look;
    struct line_widths widths;
};

/* Writes what fits; *count is how many rows that were. On failure, which is the store's, nothing has
 * been written, or what has been is left without its end. Ends early when output fails. */
enum status history_form_write(struct output *output, struct store *store,
                               const struct history_request *request, size_t *count,
                               struct error *error);

/* Appends one row, a struct store_row or, with messages, a struct store_message. */
void history_form_append(struct buffer *text, const struct history_request *request,
                         const void *row);

#endif
