#ifndef MXPULL_SRC_CLI_HTML_H
#define MXPULL_SRC_CLI_HTML_H

#include <mxpull/base/buffer.h>

#include <stdbool.h>

/* Writes an HTML page that is well-formed XML, too. It loads nothing: its policy allows its own style and script alone,
 * by their hashes. */
struct html {
    struct buffer *target; /* borrowed */
    bool is_full;          /* the target had no room for all of it */
};

/* The page up to its body, and its end. The title is escaped. */
void html_begin(struct html *html, const char *title);
void html_end(struct html *html);

/* Appends markup as it stands: constants, numbers and stamps alone. */
void html_markup(struct html *html, const char *format, ...) PRINTF_LIKE(2, 3);

/* Appends a text of any origin, made printable as for a terminal, for an element or a quoted attribute; _shown one that is
 * printable already. */
void html_text(struct html *html, const char *text);
void html_shown(struct html *html, const char *text);

#endif
