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

/* What a server may take for ASCII that is neither letter nor digit, or for a dot of a domain: controls
 * and line ends; characters of which NFC, NFD, NFKC, NFKD or case folding make such ASCII, as
 * Unicode 14 has them (with their neighbours where no address needs these); U+3002 and U+FF61, dots
 * in IDNA 2003; and quotation marks, U+01C3 and U+066A, by the best fit of Windows' code pages. */
static bool is_doubtful(uint32_t point)
{
    static const uint32_t ranges[][2] = {
        {0x80, 0xa9},     {0xaf, 0xaf},     {0xb4, 0xb4},     {0xb8, 0xb8},       {0x1c3, 0x1c3},
        {0x2ba, 0x2ba},   {0x2d8, 0x2dd},   {0x30e, 0x30e},   {0x37a, 0x37a},     {0x37e, 0x37e},
        {0x384, 0x385},   {0x66a, 0x66a},   {0x1fbd, 0x1fbd}, {0x1fbf, 0x1fc1},   {0x1fcd, 0x1fcf},
        {0x1fdd, 0x1fdf}, {0x1fed, 0x1fef}, {0x1ffd, 0x1ffe}, {0x2000, 0x200a},   {0x2017, 0x2017},
        {0x201c, 0x201f}, {0x2024, 0x203f}, {0x2047, 0x2049}, {0x205f, 0x208e},   {0x2100, 0x2106},
        {0x2260, 0x2260}, {0x226e, 0x226f}, {0x2474, 0x24b5}, {0x2a74, 0x2a76},   {0x3000, 0x3002},
        {0x309b, 0x309c}, {0x3200, 0x3243}, {0x33c2, 0x33d8}, {0xd800, 0xdfff},   {0xfb29, 0xfb29},
        {0xfc5e, 0xfc63}, {0xfdfa, 0xfdfb}, {0xfe10, 0xfe19}, {0xfe30, 0xfe7e},   {0xff01, 0xff5e},
        {0xff61, 0xff61}, {0xffe3, 0xffe3}, {0xfff0, 0xffff}, {0x1f100, 0x1f129},
    };

    for (size_t i = 0; i < COUNT_OF(ranges); i++) {
        if (point >= ranges[i][0] && point <= ranges[i][1])
            return true;
    }
    return false;
}

size_t guard_path_utf8(const char *text, size_t size)
{
    uint32_t point;
    size_t length = text_character(text, size, &point);

    return length > 1 && !is_doubtful(point) ? length : 0;
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
