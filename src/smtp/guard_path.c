/* The path of a MAIL or RCPT command: where it ends, and of what characters it is made (RFC 5321
 * 4.1.2, RFC 6531 3.3). What a forward-path means is guard_address's to say. */
#include "guard_path.h"

#include <mxpull/base/text.h>

#include <stdint.h>
#include <string.h>

bool guard_path_is_atom(char c)
{
    return text_is_letter(c) || text_is_digit(c) ||
           (c != '\0' && strchr("!#$%&'*+-/=?^_`{|}~", c) != NULL);
}

/* The length of the path that begins behind "<": up to its ">". SIZE_MAX when there is none, and
 * for a ">" in a quoted string, where a server that does not look for quotes would end the path. */
static size_t path_size(const char *text, size_t size)
{
    bool quoted = false;

    for (size_t i = 0; i < size && i <= GUARD_PATH_SIZE_MAX; i++) {
        if (text[i] == '>')
            return quoted ? SIZE_MAX : i;
        if (text[i] == '<' || (!quoted && text[i] == ' '))
            return SIZE_MAX;
        if (text[i] == '"')
            quoted = !quoted;
        else if (quoted && text[i] == '\\' && i + 1 < size && text[i + 1] != '>')
            i++;
    }
    return SIZE_MAX;
}

bool guard_path_split(struct guard_mailbox *mailbox, struct guard_part argument, const char *word)
{
    size_t begin = strlen(word);

    if (argument.size < begin || !text_equal_part(word, argument.text, begin))
        return false;
    /* RFC 5321 3.3 allows no space here; old providers send one, and a 501 would bounce their mail.
     */
    while (begin < argument.size && argument.text[begin] == ' ')
        begin++;
    if (begin + 2 > argument.size || argument.text[begin] != '<')
        return false;
    const char *path = argument.text + begin + 1;
    size_t left = argument.size - begin - 1;
    size_t size = path_size(path, left);
    if (size == SIZE_MAX || (size + 1 < left && path[size + 1] != ' '))
        return false;
    mailbox->path = (struct guard_part){path, size};
    mailbox->parameters = (struct guard_part){path + size + 1, left - size - 1};
    return true;
}

/* Controls, line ends, and compatibility forms of ASCII (fullwidth, small, vertical and double). */
static bool is_doubtful(unsigned long point)
{
    static const unsigned long ranges[][2] = {{0x80, 0x9f},     {0x2028, 0x2029}, {0x203c, 0x203c},
                                              {0x2047, 0x2049}, {0xd800, 0xdfff}, {0xfe10, 0xfe19},
                                              {0xfe50, 0xfe6f}, {0xff01, 0xff5e}};

    for (size_t i = 0; i < COUNT_OF(ranges); i++) {
        if (point >= ranges[i][0] && point <= ranges[i][1])
            return true;
    }
    return false;
}

/* RFC 3629 4. */
size_t guard_path_utf8(const char *text, size_t size)
{
    static const struct {
        unsigned char first, last, bits;
        unsigned long min;
    } forms[] = {{0xc2, 0xdf, 0x1f, 0x80}, {0xe0, 0xef, 0x0f, 0x800}, {0xf0, 0xf4, 0x07, 0x10000}};
    unsigned char lead = (unsigned char)text[0];

    for (size_t i = 0; i < COUNT_OF(forms); i++) {
        size_t length = i + 2;
        unsigned long point = lead & forms[i].bits;

        if (lead < forms[i].first || lead > forms[i].last)
            continue;
        for (size_t j = 1; j < length; j++) {
            if (j >= size || ((unsigned char)text[j] & 0xc0U) != 0x80)
                return 0;
            point = point << 6 | ((unsigned char)text[j] & 0x3fU);
        }
        return point < forms[i].min || point > 0x10ffff || is_doubtful(point) ? 0 : length;
    }
    return 0;
}

static bool is_path_character(char c, bool quoted)
{
    if (quoted)
        return c >= ' ' && c <= '~';
    return guard_path_is_atom(c) || (c != '\0' && strchr(".@,:[]", c) != NULL);
}

const char *guard_path_judge_reverse(struct guard_part path, bool utf8)
{
    bool quoted = false;

    for (size_t i = 0; i < path.size; i++) {
        char c = path.text[i];

        if ((unsigned char)c >= 0x80) {
            size_t length = guard_path_utf8(path.text + i, path.size - i);

            if (!utf8)
                return "553 5.6.7 A sender beyond ASCII, but SMTPUTF8 was not given";
            if (length == 0)
                return "501 5.1.7 The sender is not well-formed UTF-8";
            i += length - 1;
        } else if (c == '"') {
            quoted = !quoted;
        } else if (quoted && c == '\\' && i + 1 < path.size) {
            i++;
            if (!is_path_character(path.text[i], true))
                return "501 5.1.7 The sender is not an address";
        } else if (!is_path_character(c, quoted)) {
            return "501 5.1.7 The sender is not an address";
        }
    }
    return NULL;
}
