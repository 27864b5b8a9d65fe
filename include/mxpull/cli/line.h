#ifndef MXPULL_CLI_LINE_H
#define MXPULL_CLI_LINE_H

#include <mxpull/base/buffer.h>
#include <mxpull/smtp/outcome.h>

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

/* One line of text while it is put together: cells with two spaces between them, escaped, coloured,
 * and cut at a width. */
struct line {
    struct buffer *target; /* borrowed */
    size_t columns;        /* that the line may have */
    size_t room;           /* columns that are left */
    size_t gap;            /* spaces owed before the next cell */
    bool color;
};

/* columns is the width that the line may have; LINE_UNBOUNDED: any. */
void line_init(struct line *line, struct buffer *target, size_t columns, bool color);

/* Spaces before the first cell. */
void line_indent(struct line *line, size_t columns);

/* Adds a cell, with what is not printable escaped, padded to width columns if another cell follows.
 */
void line_cell(struct line *line, enum style style, const char *text, size_t width);

/* The next cell stands right behind what is there, without spaces. */
void line_join(struct line *line);

/* Adds the last cell, whole: what does not fit goes on in further lines, indented. */
void line_last(struct line *line, enum style style, const char *text, size_t indent);

/* The columns that a cell of this text takes: characters of East Asian scripts take two. */
size_t line_columns(const char *text);

/* good for those that exit with 0, warning for those that may go well later, bad for the others. */
enum style line_style_of(enum outcome outcome);

#endif
