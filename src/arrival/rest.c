/* A line taken apart. Its bytes may be any, NULs too. */
#include "rest.h"

#include <mxpull/base/text.h>

#include <string.h>

bool rest_take(struct rest *rest, const char *word)
{
    size_t size = strlen(word);

    if ((size_t)(rest->end - rest->at) < size || memcmp(rest->at, word, size) != 0)
        return false;
    rest->at += size;
    return true;
}

bool rest_take_pattern(struct rest *rest, const char *pattern)
{
    struct rest at = *rest;

    for (; *pattern != '\0'; pattern++, at.at++) {
        if (at.at == at.end)
            return false;
        bool fits = *pattern == '9'   ? text_is_digit(*at.at)
                    : *pattern == '_' ? text_is_digit(*at.at) || *at.at == ' '
                    : *pattern == 'A' ? text_is_letter(*at.at)
                                      : *at.at == *pattern;
        if (!fits)
            return false;
    }
    *rest = at;
    return true;
}

struct rest rest_take_until(struct rest *rest, const char *stops)
{
    struct rest taken = *rest;

    while (rest->at < rest->end && (*rest->at == '\0' || strchr(stops, *rest->at) == NULL))
        rest->at++;
    taken.end = rest->at;
    return taken;
}

void rest_skip_word(struct rest *rest)
{
    (void)rest_take_until(rest, " ");
    (void)rest_take(rest, " ");
}

bool rest_seek(struct rest *rest, const char *word, struct rest *before)
{
    for (struct rest at = *rest; at.at < at.end; at.at++) {
        struct rest behind = at;

        if (rest_take(&behind, word)) {
            if (before != NULL)
                *before = (struct rest){rest->at, at.at};
            *rest = behind;
            return true;
        }
    }
    return false;
}

bool rest_seek_last(struct rest *rest, const char *word, struct rest *before)
{
    struct rest all = *rest;
    bool is_found = false;

    while (rest_seek(rest, word, before))
        is_found = true;
    if (is_found && before != NULL)
        before->at = all.at;
    return is_found;
}

struct rest rest_take_quoted(struct rest *rest, char stop, const char *backslash)
{
    struct rest taken = *rest;
    bool is_quoted = false;

    while (rest->at < rest->end && (is_quoted || *rest->at != stop)) {
        bool is_escape = rest_take(rest, backslash);

        if (is_escape && (rest_take(rest, backslash) || rest->at == rest->end))
            continue;
        if (!is_escape && *rest->at == '"')
            is_quoted = !is_quoted;
        rest->at++;
    }
    taken.end = rest->at;
    return taken;
}

bool rest_take_bracketed(struct rest *rest, const char *backslash)
{
    if (!rest_take(rest, "<"))
        return false;
    (void)rest_take_quoted(rest, '>', backslash);
    return rest_take(rest, ">");
}

int64_t rest_take_number(struct rest *rest)
{
    char digits[20];
    int64_t number = -1;

    if (rest_copy(digits, sizeof digits, rest_take_until(rest, ", ")))
        (void)text_to_number(digits, 0, INT64_MAX, &number);
    return number;
}

bool rest_ends_with(struct rest part, const char *word)
{
    size_t size = strlen(word);

    if ((size_t)(part.end - part.at) < size)
        return false;
    part.at = part.end - size;
    return rest_take(&part, word);
}

bool rest_copy(char *target, size_t target_size, struct rest part)
{
    size_t size = (size_t)(part.end - part.at);

    target[0] = '\0';
    if (size >= target_size || memchr(part.at, '\0', size) != NULL)
        return false;
    memcpy(target, part.at, size);
    target[size] = '\0';
    return true;
}
