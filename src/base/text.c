/* Text without a locale: ASCII comparison, bounded copies, and the escaping of what a remote said.
 */
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

char text_lower(char c)
{
    return (char)(c >= 'A' && c <= 'Z' ? c - 'A' + 'a' : c);
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

/* The length of the well-formed UTF-8 sequence of a printable character at text (RFC 3629), or 0.
 */
static size_t printable_length(const unsigned char *text, size_t size)
{
    unsigned long min, point;
    size_t length;

    if (text[0] < 0x80)
        return text[0] >= 0x20 && text[0] != 0x7f ? 1 : 0;
    if (text[0] >= 0xc2 && text[0] <= 0xdf) {
        length = 2, min = 0x80, point = text[0] & 0x1fU;
    } else if (text[0] >= 0xe0 && text[0] <= 0xef) {
        length = 3, min = 0x800, point = text[0] & 0x0fU;
    } else if (text[0] >= 0xf0 && text[0] <= 0xf4) {
        length = 4, min = 0x10000, point = text[0] & 0x07U;
    } else {
        return 0;
    }
    if (length > size)
        return 0;
    for (size_t i = 1; i < length; i++) {
        if ((text[i] & 0xc0U) != 0x80)
            return 0;
        point = point << 6 | (text[i] & 0x3fU);
    }
    bool control = point < 0xa0 || (point >= 0x2028 && point <= 0x202e) ||
                   (point >= 0x2066 && point <= 0x2069);
    if (point < min || point > 0x10ffff || (point >= 0xd800 && point <= 0xdfff) || control)
        return 0;
    return length;
}

/* Writes the escape of one byte; escape holds at least 5. */
static void escape_byte(char escape[5], unsigned char byte)
{
    static const char names[] = {['\n'] = 'n', ['\r'] = 'r', ['\t'] = 't', ['\\'] = '\\'};
    static const char hex[] = "0123456789abcdef";

    if (byte < sizeof names && names[byte] != 0) {
        escape[0] = '\\', escape[1] = names[byte], escape[2] = '\0';
    } else {
        escape[0] = '\\', escape[1] = 'x', escape[2] = hex[byte >> 4], escape[3] = hex[byte & 15],
        escape[4] = '\0';
    }
}

/* The bytes at text that are plain ASCII, which most texts are from end to end. */
static size_t plain_length(const char *text, size_t size)
{
    size_t length = 0;

    while (length < size && text[length] >= ' ' && text[length] < 0x7f && text[length] != '\\')
        length++;
    return length;
}

void text_printable(struct buffer *target, const char *text, size_t size)
{
    while (size > 0) {
        const unsigned char *at = (const unsigned char *)text;
        size_t plain = plain_length(text, size);

        if (plain > 0) {
            size_t room = target->limit - target->size;

            if (buffer_append(target, text, plain < room ? plain : room) != STATUS_OK ||
                plain > room)
                return;
            text += plain;
            size -= plain;
            continue;
        }
        size_t length = *at == '\\' ? 0 : printable_length(at, size);
        char escape[5];

        if (length > 0) {
            if (buffer_append(target, text, length) != STATUS_OK)
                return;
        } else {
            escape_byte(escape, *at);
            if (buffer_append_text(target, escape) != STATUS_OK)
                return;
            length = 1;
        }
        text += length;
        size -= length;
    }
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
