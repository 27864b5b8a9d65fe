#ifndef MXPULL_SRC_CLI_LINE_H
#define MXPULL_SRC_CLI_LINE_H

#include <mxpull/base/buffer.h>
#include <mxpull/base/status.h>

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* How a part of a line looks where colours are wanted. */
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

/* One line of text while it is put together: cells with two spaces between them, escaped, coloured,
 * and cut at a width. */
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

/* The columns that all rows of a table share; 0: nothing stands there, unless a row has it. */
struct line_widths {
    size_t backup, domain;
};

/* Makes the columns wide enough for these names (NULL: none), but for a few monsters: for them nobody else
 * is moved to the right. */
void line_widen(struct line_widths *widths, const char *backup, const char *domain);

/* Adds the cells that a row begins with, each as wide as widths says or wider. Where they would leave
 * less than so many columns behind them, gaps of their own not counted, the longer one is cut and
 * ends in an ellipsis. */
void line_names(struct line *line, const char *backup, const char *domain,
                struct line_widths widths, size_t behind);

/* What is left of the wanted widths where both together have this room. A narrow one stays as it is,
 * and none becomes too narrow to be recognized, even if there is no room for it. */
struct line_widths line_share(struct line_widths wanted, size_t room);

/* The columns that both cells take with the gaps behind them. */
size_t line_names_columns(struct line_widths widths);

/* The next cell stands right behind what is there, without spaces. */
void line_join(struct line *line);

/* Adds the last cell, whole, and the line end: what does not fit goes on in further lines, indented, that begin with a
 * word. A word that is longer than a line is broken. */
void line_last(struct line *line, enum style style, const char *text, size_t indent);

/* The same for a text that is printable already. */
void line_last_shown(struct line *line, enum style style, const char *text, size_t indent);

/* The columns that a cell of this text takes: characters of East Asian scripts take two. */
size_t line_columns(const char *text);

/* Of an answer that was held: dim. */
enum style line_style_of_grade(enum grade grade);

#endif
