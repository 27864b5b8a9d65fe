/* One line of text: what its cells say is escaped here and nowhere else, and what is too wide is
 * cut by columns, not by bytes. */
#include <mxpull/base/text.h>
#include <mxpull/cli/line.h>

#include <string.h>

enum {
    CELL_SIZE_MAX = 16 * 1024,
    CELL_GAP = 2
};

/* The blocks of Unicode that terminals draw two columns wide (UAX 11), to the nearest whole block.
 */
static const struct block {
    unsigned long first, last;
} wide_blocks[] = {
    {0x1100, 0x115f}, {0x2e80, 0xa4cf}, {0xac00, 0xd7a3},   {0xf900, 0xfaff},   {0xfe30, 0xfe6f},
    {0xff00, 0xff60}, {0xffe0, 0xffe6}, {0x1f300, 0x1faff}, {0x20000, 0x3fffd},
};

static const char *const style_codes[] = {
    [STYLE_PLAIN] = "",       [STYLE_GOOD] = "\x1b[32m", [STYLE_WARNING] = "\x1b[33m",
    [STYLE_BAD] = "\x1b[31m", [STYLE_DIM] = "\x1b[2m",
};

/* The bytes and columns of the character at text, which is well-formed UTF-8. */
static size_t measure_character(const char *text, size_t *columns)
{
    unsigned char first = (unsigned char)*text;
    size_t size = first < 0x80 ? 1 : first < 0xe0 ? 2 : first < 0xf0 ? 3 : 4;
    unsigned long point = first & (0x7fUL >> size);

    *columns = 1;
    if (size == 1)
        return size;
    for (size_t i = 1; i < size; i++)
        point = point << 6 | ((unsigned char)text[i] & 0x3fU);
    for (size_t i = 0; i < COUNT_OF(wide_blocks); i++) {
        if (point >= wide_blocks[i].first && point <= wide_blocks[i].last)
            *columns = 2;
    }
    return size;
}

/* The bytes of text, which is escaped, that fit into room columns; *columns is what they take. */
static size_t measure(const char *text, size_t room, size_t *columns)
{
    size_t size = 0;

    *columns = 0;
    while (text[size] != '\0') {
        size_t width;
        size_t bytes = measure_character(text + size, &width);

        if (*columns + width > room)
            break;
        size += bytes;
        *columns += width;
    }
    return size;
}

size_t line_columns(const char *text)
{
    struct buffer escaped;
    size_t columns;

    buffer_init(&escaped, CELL_SIZE_MAX);
    text_printable(&escaped, text, strlen(text));
    (void)measure(escaped.bytes, SIZE_MAX, &columns);
    buffer_done(&escaped);
    return columns;
}

void line_init(struct line *line, struct buffer *target, size_t columns, bool color)
{
    *line = (struct line){.target = target, .columns = columns, .room = columns, .color = color};
}

void line_indent(struct line *line, size_t columns)
{
    line->gap += columns;
}

/* Writes the spaces that are owed. False when nothing fits behind them. */
static bool fill_gap(struct line *line)
{
    if (line->gap >= line->room) {
        line->room = 0;
        line->gap = 0;
        return false;
    }
    (void)buffer_append_format(line->target, "%*s", (int)line->gap, "");
    line->room -= line->gap;
    line->gap = 0;
    return true;
}

static void write_styled(const struct line *line, enum style style, const char *bytes, size_t size)
{
    bool is_colored = line->color && style != STYLE_PLAIN;

    if (is_colored)
        (void)buffer_append_text(line->target, style_codes[style]);
    (void)buffer_append(line->target, bytes, size);
    if (is_colored)
        (void)buffer_append_text(line->target, "\x1b[0m");
}

void line_last(struct line *line, enum style style, const char *text, size_t indent)
{
    struct buffer escaped;
    size_t columns;

    if (line->columns < 2 * indent)
        indent = 0;
    buffer_init(&escaped, CELL_SIZE_MAX);
    text_printable(&escaped, text, strlen(text));
    for (const char *rest = escaped.bytes; *rest != '\0';) {
        size_t size = fill_gap(line) ? measure(rest, line->room, &columns) : 0;

        if (size == 0 && line->room == line->columns - indent)
            break; /* not even one character is as narrow as the line */
        write_styled(line, style, rest, size);
        rest += size;
        if (*rest != '\0') {
            (void)buffer_append_format(line->target, "\n%*s", (int)indent, "");
            line->room = line->columns - indent;
        }
    }
    line->room = 0;
    buffer_done(&escaped);
}

void line_cell(struct line *line, enum style style, const char *text, size_t width)
{
    struct buffer escaped;
    size_t columns = 0;

    buffer_init(&escaped, CELL_SIZE_MAX);
    text_printable(&escaped, text, strlen(text));
    if (escaped.size > 0 && fill_gap(line)) {
        size_t size = measure(escaped.bytes, line->room, &columns);

        write_styled(line, style, escaped.bytes, size);
        /* What was cut ends the line: no later cell may stand in its place. */
        line->room = escaped.bytes[size] != '\0' ? 0 : line->room - columns;
    }
    line->gap += (columns < width ? width - columns : 0) + CELL_GAP;
    buffer_done(&escaped);
}

void line_join(struct line *line)
{
    line->gap = 0;
}

enum style line_style_of(enum outcome outcome)
{
    if (outcome_exit_status(outcome) == 0)
        return STYLE_GOOD;
    return outcome_is_temporary(outcome) ? STYLE_WARNING : STYLE_BAD;
}
