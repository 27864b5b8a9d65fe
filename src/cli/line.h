#ifndef MXPULL_SRC_CLI_LINE_H
#define MXPULL_SRC_CLI_LINE_H

#include <mxpull/base/buffer.h>
#include <mxpull/base/status.h>

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum style {
    STYLE_PLAIN,
    STYLE_GOOD,
    STYLE_WARNING,
    STYLE_BAD,
    STYLE_DIM
};

#define LINE_UNBOUNDED SIZE_MAX

/* How all lines of a report look. */
struct line_look {
    size_t columns; /* that a line may have; LINE_UNBOUNDED: any */
    bool color;
};

/* One line of text under construction: cells with two spaces between them, escaped, coloured, and cut
 * at a width. */
struct line {
    struct buffer *target; /* borrowed */
    size_t columns;        /* that the line may have */
    size_t room;           /* columns that are left */
    size_t gap;            /* spaces owed before the next cell */
    bool color;
};

struct line line_begin(struct buffer *target, struct line_look look);

/* Spaces before the first cell. */
void line_indent(struct line *line, size_t columns);

/* Adds a cell, with what is not printable escaped, padded to width columns if another cell follows.
 */
void line_cell(struct line *line, enum style style, const char *text, size_t width);

/* The widths that all rows of a table share. */
struct line_widths {
    size_t backup, domain;
};

/* Makes the columns wide enough for these names (NULL: none), except for names that are far too long. */
void line_widen(struct line_widths *widths, const char *backup, const char *domain);

/* Adds the first cells of a row, each at least as wide as widths says. The longer name is cut, with an
 * ellipsis, so that `behind` columns are left behind them, their gaps not counted. */
void line_names(struct line *line, const char *backup, const char *domain,
                struct line_widths widths, size_t behind);

/* Shrinks the wanted widths to fit together into room. A narrow one stays as it is, and none gets too
 * narrow to recognize a name, even when there is no room for it. */
struct line_widths line_share(struct line_widths wanted, size_t room);

/* The columns that both cells take with the gaps behind them. */
size_t line_names_columns(struct line_widths widths);

/* The next cell stands right behind what is there, without spaces. */
void line_join(struct line *line);

/* Adds the last cell, whole, and the line end. Further lines are indented and begin with a word; only
 * a word longer than a line is broken. */
void line_last(struct line *line, enum style style, const char *text, size_t indent);

/* The same for a text that is printable already. */
void line_last_shown(struct line *line, enum style style, const char *text, size_t indent);

/* The columns that a cell of this text takes: characters of East Asian scripts take two. */
size_t line_columns(const char *text);

/* Of an answer that was held: dim. */
enum style line_style_of_grade(enum grade grade);

#endif
