/* One line of text. Its cells are escaped here and nowhere else, and cut by columns, not by bytes. */
#include "line.h"
#include <mxpull/base/text.h>

#include <string.h>

enum {
    CELL_SIZE_MAX = 16 * 1024,
    CELL_GAP = 2,
    NAME_WIDTH_MIN = 8, /* of a name that is cut */
    BACKUP_WIDTH_MAX = 24,
    DOMAIN_WIDTH_MAX = 40
};

static const char ellipsis[] = "…"; /* one column */

/* The blocks of Unicode that terminals draw two columns wide (UAX 11), to the nearest whole block.
 */
static const struct block {
    uint32_t first, last;
} wide_blocks[] = {
    {0x1100, 0x115f}, {0x2e80, 0xa4cf}, {0xac00, 0xd7a3},   {0xf900, 0xfaff},   {0xfe30, 0xfe6f},
    {0xff00, 0xff60}, {0xffe0, 0xffe6}, {0x1f300, 0x1faff}, {0x20000, 0x3fffd},
};

static const char *const style_codes[] = {
    [STYLE_PLAIN] = "",       [STYLE_GOOD] = "\x1b[32m", [STYLE_WARNING] = "\x1b[33m",
    [STYLE_BAD] = "\x1b[31m", [STYLE_DIM] = "\x1b[2m",
};

/* The bytes of text, which is escaped, that fit into room columns; *columns is what they take. */
static size_t measure(const char *text, size_t room, size_t *columns)
{
    enum {
        CHARACTER_SIZE_MAX = 4
    };
    size_t size = 0;

    *columns = 0;
    while (text[size] != '\0') {
        uint32_t point = 0;
        size_t bytes = text_character(text + size, CHARACTER_SIZE_MAX, &point), width = 1;

        for (size_t i = 0; i < COUNT_OF(wide_blocks); i++) {
            if (point >= wide_blocks[i].first && point <= wide_blocks[i].last)
                width = 2;
        }
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

static size_t widened(size_t width, const char *text, size_t max)
{
    size_t columns = text != NULL ? line_columns(text) : 0;

    return columns > width && columns <= max ? columns : width;
}

void line_widen(struct line_widths *widths, const char *backup, const char *domain)
{
    widths->backup = widened(widths->backup, backup, BACKUP_WIDTH_MAX);
    widths->domain = widened(widths->domain, domain, DOMAIN_WIDTH_MAX);
}

struct line line_begin(struct buffer *target, struct line_look look)
{
    return (struct line){
        .target = target, .columns = look.columns, .room = look.columns, .color = look.color};
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

/* The bytes of the escaped text that fit into room columns of a line, up to a blank. A word is broken
 * only when it is longer than width, a whole line. */
static size_t measure_words(const char *text, size_t room, size_t width)
{
    size_t columns;
    size_t size = measure(text, room, &columns), last = size;

    if (text[size] == '\0' || text[size] == ' ')
        return size;
    while (last > 0 && text[last - 1] != ' ')
        last--;
    if (last > 0)
        return last;
    return measure(text, width, &columns) < strcspn(text, " ") ? size : 0;
}

void line_last_shown(struct line *line, enum style style, const char *text, size_t indent)
{
    size_t width = line->columns < 2 * indent ? line->columns : line->columns - indent;

    for (const char *rest = text; *rest != '\0';) {
        size_t room = line->room > line->gap ? line->room - line->gap : 0;
        size_t size = measure_words(rest, room, width);

        if (size == 0 && room >= width && *rest != ' ')
            break; /* the line is narrower than one character */
        size_t shown = size;
        while (shown > 0 && rest[shown - 1] == ' ')
            shown--;
        if (shown > 0 && fill_gap(line))
            write_styled(line, style, rest, shown);
        rest += size;
        rest += strspn(rest, " ");
        if (*rest != '\0') {
            (void)buffer_append_format(line->target, "\n%*s", (int)(line->columns - width), "");
            line->room = width;
            line->gap = 0;
        }
    }
    (void)buffer_append_text(line->target, "\n");
}

void line_last(struct line *line, enum style style, const char *text, size_t indent)
{
    struct buffer escaped;

    buffer_init(&escaped, CELL_SIZE_MAX);
    text_printable(&escaped, text, strlen(text));
    line_last_shown(line, style, escaped.bytes, indent);
    buffer_done(&escaped);
}

/* Adds a cell of at most limit columns. A name that is cut ends in an ellipsis; any other text that is
 * cut ends the line. */
static void add_cell(struct line *line, enum style style, const char *text, size_t width,
                     size_t limit, bool is_name)
{
    struct buffer escaped;
    size_t columns = 0;

    buffer_init(&escaped, CELL_SIZE_MAX);
    text_printable(&escaped, text, strlen(text));
    if (escaped.size > 0 && fill_gap(line)) {
        limit = limit < line->room ? limit : line->room;
        size_t size = measure(escaped.bytes, limit, &columns);
        bool is_cut = escaped.bytes[size] != '\0';

        if (is_cut && is_name) {
            size = measure(escaped.bytes, limit - 1, &columns);
            escaped.bytes[size] = '\0';
            (void)buffer_append_format(line->target, "%s%s", escaped.bytes, ellipsis);
            columns++;
        } else {
            write_styled(line, style, escaped.bytes, size);
        }
        line->room = is_cut && !is_name ? 0 : line->room - columns;
    }
    line->gap += (columns < width ? width - columns : 0) + CELL_GAP;
    buffer_done(&escaped);
}

void line_cell(struct line *line, enum style style, const char *text, size_t width)
{
    add_cell(line, style, text, width, SIZE_MAX, false);
}

static size_t larger(size_t a, size_t b)
{
    return a > b ? a : b;
}

static size_t smaller(size_t a, size_t b)
{
    return a < b ? a : b;
}

struct line_widths line_share(struct line_widths wanted, size_t room)
{
    size_t half = room / 2;

    if (wanted.backup <= room && wanted.domain <= room - wanted.backup)
        return wanted;
    if (wanted.backup <= half)
        return (struct line_widths){wanted.backup, larger(room - wanted.backup, NAME_WIDTH_MIN)};
    if (wanted.domain <= half)
        return (struct line_widths){larger(room - wanted.domain, NAME_WIDTH_MIN), wanted.domain};
    return (struct line_widths){larger(half, NAME_WIDTH_MIN), larger(room - half, NAME_WIDTH_MIN)};
}

size_t line_names_columns(struct line_widths widths)
{
    return (widths.backup > 0 ? widths.backup + CELL_GAP : 0) +
           (widths.domain > 0 ? widths.domain + CELL_GAP : 0);
}

void line_names(struct line *line, const char *backup, const char *domain,
                struct line_widths widths, size_t behind)
{
    const struct line_widths wanted = {larger(widths.backup, line_columns(backup)),
                                       larger(widths.domain, line_columns(domain))};
    size_t taken = line->gap + line_names_columns(wanted) - wanted.backup - wanted.domain;
    size_t room = line->room > taken ? line->room - taken : 0;
    struct line_widths limits = line_share(wanted, room > behind ? room - behind : 0);

    if (wanted.backup > 0)
        add_cell(line, STYLE_PLAIN, backup, smaller(widths.backup, limits.backup), limits.backup,
                 true);
    if (wanted.domain > 0)
        add_cell(line, STYLE_PLAIN, domain, smaller(widths.domain, limits.domain), limits.domain,
                 true);
}

void line_join(struct line *line)
{
    line->gap = 0;
}

enum style line_style_of_grade(enum grade grade)
{
    static const enum style styles[] = {[GRADE_GOOD] = STYLE_GOOD,
                                        [GRADE_HELD] = STYLE_DIM,
                                        [GRADE_TEMPORARY] = STYLE_WARNING,
                                        [GRADE_BAD] = STYLE_BAD};

    return styles[grade];
}
