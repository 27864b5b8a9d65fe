#ifndef MXPULL_SRC_CLI_HISTORY_H
#define MXPULL_SRC_CLI_HISTORY_H

#include "line.h"
#include "output.h"
#include <mxpull/base/buffer.h>
#include <mxpull/store/store.h>

#include <stdbool.h>
#include <stddef.h>

/* What `mxpull history` writes, row by row as the store gives them: never is more than a page of it
 * in memory. */

/* How lines for a person look. */
struct history_style {
    struct line_widths widths;
    size_t columns; /* of the terminal; LINE_UNBOUNDED: any */
    bool color;
};

/* One way to write the past. All functions append to text. */
struct history_form {
    void (*begin)(struct buffer *text, bool messages);
    void (*answer)(struct buffer *text, const struct history_style *style,
                   const struct store_row *row);
    void (*message)(struct buffer *text, const struct history_style *style,
                    const struct store_message *message);
    const char *between; /* rows */
    const char *end;
};

/* A line each, in local time. */
extern const struct history_form history_text;

/* {"answers":[…]} or {"messages":[…]}, one object on one line. */
extern const struct history_form history_json;

/* RFC 4180 with a header line, but for lines that end in LF. Texts and names are escaped as in the
 * log, and have a ' before them where a spreadsheet would take them for a formula. */
extern const struct history_form history_csv;

struct history_request {
    bool messages; /* instead of answers */
    struct store_filter filter;
    const struct history_form *form;
    struct history_style style;
};

/* Writes what fits; *count is how many rows that were. On failure, which is the store's, nothing has
 * been written, or what has been is left without its end. Ends early when output fails. */
enum status history_write(struct output *output, struct store *store,
                          const struct history_request *request, size_t *count,
                          struct error *error);

#endif
