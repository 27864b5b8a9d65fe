/* A line of a script as words. */
#include "words.h"

#include <mxpull/base/memory.h>
#include <mxpull/base/text.h>

#include <stdlib.h>
#include <string.h>

static int hex_digit(char c)
{
    const char *digits = "0123456789abcdef";
    const char *found = c != '\0' ? strchr(digits, text_lower(c)) : NULL;

    return found != NULL ? (int)(found - digits) : -1;
}

/* Reads what follows a backslash at *at and moves on behind it. False for what is no escape. */
static bool read_escape(const char **at, char *byte)
{
    static const char names[] = "rnt\\\"0";
    static const char bytes[] = "\r\n\t\\\"";
    char c = **at;

    if (c == 'x' && hex_digit((*at)[1]) >= 0 && hex_digit((*at)[2]) >= 0) {
        *byte = (char)(hex_digit((*at)[1]) * 16 + hex_digit((*at)[2]));
        *at += 3;
        return true;
    }
    const char *found = c != '\0' ? strchr(names, c) : NULL;
    if (found == NULL)
        return false;
    *byte = bytes[found - names];
    *at += 1;
    return true;
}

/* Reads a quoted word at *at, behind its opening quote, into target. */
static enum status read_quoted(const char **at, char **target, struct error *error)
{
    while (**at != '"') {
        if (**at == '\0')
            return error_set(error, STATUS_SYNTAX, "a double quote is missing");
        if (**at == '\\') {
            *at += 1;
            if (!read_escape(at, (*target)++))
                return error_set(error, STATUS_SYNTAX,
                                 "an escape is one of \\r \\n \\t \\\\ \\\" \\0 \\xNN");
        } else {
            *(*target)++ = *(*at)++;
        }
    }
    *at += 1;
    return STATUS_OK;
}

static bool is_blank(char c)
{
    return c == ' ' || c == '\t' || c == '\r';
}

/* `#` begins a comment in front of the first word, or with a space behind it: so "#queue" is a
 * word. */
static bool is_comment(const char *line, size_t words)
{
    return *line == '#' && (words == 0 || line[1] == '\0' || is_blank(line[1]));
}

enum status words_split(const char *line, struct words *words, struct error *error)
{
    enum status status = STATUS_OK;
    char *target = memory_new(strlen(line) * 2 + 2, 1);

    *words = (struct words){.storage = target};
    for (;;) {
        while (is_blank(*line))
            line++;
        if (*line == '\0' || is_comment(line, words->count))
            return STATUS_OK;
        if (words->count == WORDS_MAX)
            return error_set(error, STATUS_LIMIT, "more than %d words", (int)WORDS_MAX);
        struct word *word = &words->list[words->count++];
        word->text = target;
        word->quoted = *line == '"';
        if (word->quoted) {
            line++;
            status = read_quoted(&line, &target, error);
            if (status != STATUS_OK)
                return status;
        } else {
            while (*line != '\0' && !is_blank(*line))
                *target++ = *line++;
        }
        word->size = (size_t)(target - word->text);
        *target++ = '\0';
    }
}

void words_done(struct words *words)
{
    free(words->storage);
    words->storage = NULL;
    words->count = 0;
}
