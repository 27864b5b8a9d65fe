/* Text without a locale: ASCII comparison, bounded copies, the escaping of what a remote said, and the nearest word. */
#include <mxpull/base/compiler.h>
#include <mxpull/base/text.h>

#include <stdio.h>
#include <string.h>

bool text_is_digit(char c)
{
    return c >= '0' && c <= '9';
}

bool text_is_letter(char c)
{
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
}

bool text_is_ascii(const char *text, size_t size)
{
    for (size_t i = 0; i < size; i++) {
        if ((unsigned char)text[i] >= 0x80)
            return false;
    }
    return true;
}

char text_lower(char c)
{
    return (char)(c >= 'A' && c <= 'Z' ? c - 'A' + 'a' : c);
}

uint64_t text_hash(const char *bytes, size_t size)
{
    uint64_t hash = UINT64_C(14695981039346656037);

    for (size_t i = 0; i < size; i++)
        hash = (hash ^ (unsigned char)bytes[i]) * UINT64_C(1099511628211);
    return hash;
}

bool text_equal_part(const char *text, const char *part, size_t size)
{
    for (size_t i = 0; i < size; i++) {
        if (text[i] == '\0' || text_lower(text[i]) != text_lower(part[i]))
            return false;
    }
    return text[size] == '\0';
}

bool text_equal(const char *a, const char *b)
{
    return text_equal_part(a, b, strlen(b));
}

bool text_starts_with(const char *text, const char *prefix)
{
    for (; *prefix != '\0'; text++, prefix++) {
        if (text_lower(*text) != text_lower(*prefix))
            return false;
    }
    return true;
}

bool text_copy(char *target, size_t target_size, const char *text)
{
    size_t size = strlen(text);
    size_t fits = size < target_size ? size : target_size - 1;

    memcpy(target, text, fits);
    target[fits] = '\0';
    return fits == size;
}

bool text_to_number(const char *text, int64_t min, int64_t max, int64_t *value)
{
    int64_t number = 0;

    if (*text == '\0')
        return false;
    for (; *text != '\0'; text++) {
        if (!text_is_digit(*text) || number > (INT64_MAX - 9) / 10)
            return false;
        number = number * 10 + (*text - '0');
    }
    if (number < min || number > max)
        return false;
    *value = number;
    return true;
}

size_t text_character(const char *text, size_t size, uint32_t *point)
{
    const unsigned char *at = (const unsigned char *)text;
    uint32_t value = at[0], min = 0;
    size_t length = 1;

    if (at[0] >= 0xc2 && at[0] <= 0xdf)
        length = 2, min = 0x80, value &= 0x1fU;
    else if (at[0] >= 0xe0 && at[0] <= 0xef)
        length = 3, min = 0x800, value &= 0x0fU;
    else if (at[0] >= 0xf0 && at[0] <= 0xf4)
        length = 4, min = 0x10000, value &= 0x07U;
    else if (at[0] >= 0x80)
        return 0;
    if (length > size)
        return 0;
    for (size_t i = 1; i < length; i++) {
        if ((at[i] & 0xc0U) != 0x80)
            return 0;
        value = value << 6 | (at[i] & 0x3fU);
    }
    if (value < min || value > 0x10ffff || (value >= 0xd800 && value <= 0xdfff))
        return 0;
    *point = value;
    return length;
}

/* What nobody sees: the control characters, general category Cf, whatever else is ignored in display
 * (Default_Ignorable_Code_Point), the line and paragraph separators, and the blank letters and signs.
 * Unicode 16, to the nearest whole block above U+3FFFF, where nothing is assigned that could be seen.
 * Ascending. */
static const struct block {
    uint32_t first, last;
} hidden_blocks[] = {
    {0x0, 0x1f},         {0x7f, 0x9f},       {0xad, 0xad},       {0x34f, 0x34f},
    {0x600, 0x605},      {0x61c, 0x61c},     {0x6dd, 0x6dd},     {0x70f, 0x70f},
    {0x890, 0x891},      {0x8e2, 0x8e2},     {0x115f, 0x1160},   {0x17b4, 0x17b5},
    {0x180b, 0x180f},    {0x200b, 0x200f},   {0x2028, 0x202e},   {0x2060, 0x206f},
    {0x2800, 0x2800},    {0x3164, 0x3164},   {0xfdd0, 0xfdef},   {0xfe00, 0xfe0f},
    {0xfeff, 0xfeff},    {0xffa0, 0xffa0},   {0xfff0, 0xfffb},   {0x110bd, 0x110bd},
    {0x110cd, 0x110cd},  {0x13430, 0x1343f}, {0x1bca0, 0x1bca3}, {0x1d173, 0x1d17a},
    {0x40000, 0x10ffff},
};

bool text_is_hidden(uint32_t point)
{
    bool is_noncharacter = (point & 0xfffeU) == 0xfffeU;

    for (size_t i = 0; i < COUNT_OF(hidden_blocks) && point >= hidden_blocks[i].first; i++) {
        if (point <= hidden_blocks[i].last)
            return true;
    }
    return is_noncharacter;
}

bool text_is_shown(const char *text)
{
    size_t size = strlen(text);

    for (size_t length; size > 0; text += length, size -= length) {
        uint32_t point;

        length = text_character(text, size, &point);
        if (length == 0 || text_is_hidden(point))
            return false;
    }
    return true;
}

/* How one byte is escaped: a constant, or in text. */
static const char *escape_of(char text[5], unsigned char byte)
{
    switch (byte) {
    case '\n': return "\\n";
    case '\r': return "\\r";
    case '\t': return "\\t";
    case '\\': return "\\\\";
    default: (void)snprintf(text, 5, "\\x%02x", byte); return text;
    }
}

static const char cut_mark[] = "…";

enum {
    CUT_MARK_SIZE = sizeof cut_mark - 1
};

/* kept: the target's size at which the mark still fits and no escape or character is broken. */
static void escape(struct buffer *target, const char *text, size_t size, bool doubles)
{
    size_t most = target->limit > CUT_MARK_SIZE ? target->limit - CUT_MARK_SIZE : 0;
    size_t kept = target->size;

    for (size_t length; size > 0; text += length, size -= length) {
        char escaped[5];
        uint32_t point;
        enum status status;

        length = text_character(text, size, &point);
        if (length == 0 || text_is_hidden(point) || (point == '\\' && doubles)) {
            length = 1;
            status = buffer_append_text(target, escape_of(escaped, (unsigned char)*text));
        } else {
            status = buffer_append(target, text, length);
        }
        if (status != STATUS_OK) {
            buffer_cut(target, kept);
            (void)buffer_append_text(target, cut_mark);
            return;
        }
        if (target->size <= most)
            kept = target->size;
    }
}

void text_printable(struct buffer *target, const char *text, size_t size)
{
    escape(target, text, size, true);
}

void text_visible(struct buffer *target, const char *text, size_t size)
{
    escape(target, text, size, false);
}

char *text_printable_copy(char *target, size_t target_size, const char *text)
{
    struct buffer printable;

    buffer_init(&printable, target_size - 1);
    text_printable(&printable, text, strlen(text));
    (void)text_copy(target, target_size, printable.bytes);
    buffer_done(&printable);
    return target;
}

/* The end of the last whole character of text at or before size. */
static size_t whole_size(const char *text, size_t size)
{
    while (size > 0 && ((unsigned char)text[size] & 0xc0U) == 0x80)
        size--;
    return size;
}

/* Ends what was cut to fill the target. */
static void mark_cut(char *target, size_t target_size)
{
    if (target_size > CUT_MARK_SIZE)
        memcpy(target + whole_size(target, target_size - 1 - CUT_MARK_SIZE), cut_mark,
               sizeof cut_mark);
    else
        target[0] = '\0';
}

char *text_copy_cut(char *target, size_t target_size, const char *text)
{
    if (!text_copy(target, target_size, text))
        mark_cut(target, target_size);
    return target;
}

void text_append_cut(struct buffer *target, const char *text, size_t max)
{
    size_t size = strlen(text), room = target->limit - target->size;

    if (max > room)
        max = room;
    if (size <= max) {
        (void)buffer_append(target, text, size);
    } else if (max >= CUT_MARK_SIZE) {
        (void)buffer_append(target, text, whole_size(text, max - CUT_MARK_SIZE));
        (void)buffer_append_text(target, cut_mark);
    }
}

void text_format(char *target, size_t target_size, const char *format, va_list arguments)
{
    int length = vsnprintf(target, target_size, format, arguments);

    if (length < 0)
        target[0] = '\0';
    else if ((size_t)length >= target_size)
        mark_cut(target, target_size);
}

/* ---- "did you mean" ---- */

enum {
    WORD_SIZE_MAX = 255,
    ERRORS_MAX = 2,
    PREFIX_SIZE_MIN = 2
};

static size_t least(size_t a, size_t b)
{
    return a < b ? a : b;
}

/* How many letters must be put in, taken out, replaced or swapped with their neighbour to make b of a (optimal
 * string alignment), without regard to case. SIZE_MAX when a word is longer than WORD_SIZE_MAX. */
static size_t distance(const char *a, const char *b)
{
    size_t rows[3][WORD_SIZE_MAX + 1];
    size_t *before = rows[0], *above = rows[1], *row = rows[2];
    size_t width = strlen(b), height = strlen(a);

    if (width > WORD_SIZE_MAX || height > WORD_SIZE_MAX)
        return SIZE_MAX;
    for (size_t j = 0; j <= width; j++) {
        before[j] = 0;
        above[j] = j;
    }
    for (size_t i = 1; i <= height; i++) {
        row[0] = i;
        for (size_t j = 1; j <= width; j++) {
            char left = text_lower(a[i - 1]), right = text_lower(b[j - 1]);

            row[j] = least(least(above[j], row[j - 1]) + 1, above[j - 1] + (left != right));
            if (i > 1 && j > 1 && left == text_lower(b[j - 2]) && text_lower(a[i - 2]) == right)
                row[j] = least(row[j], before[j - 2] + 1);
        }
        size_t *oldest = before;
        before = above;
        above = row;
        row = oldest;
    }
    return above[width];
}

const char *text_closest(const char *misspelt, const char *const words[], size_t count)
{
    const char *nearest = NULL;
    const size_t size = strlen(misspelt);
    size_t fewest = (size / 3 > ERRORS_MAX ? size / 3 : ERRORS_MAX) + 1;

    for (size_t i = 0; i < count; i++) {
        const bool begins = size >= PREFIX_SIZE_MIN && strncmp(words[i], misspelt, size) == 0;
        const size_t errors = begins ? 0 : distance(misspelt, words[i]);

        if (strcmp(words[i], misspelt) == 0)
            return words[i];
        /* Of a short word at least half must be right. */
        if (errors < fewest && errors <= strlen(words[i]) / 2) {
            fewest = errors;
            nearest = words[i];
        }
    }
    return nearest;
}
