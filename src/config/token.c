/* The scanner. It cuts the text as libconfuse's scanner does, so that both see the same words, and
 * is stricter in what is nearly always a mistake: a quote that is not closed on its line, a # right
 * behind a word, an escape that makes a NUL. */
#include "token.h"

#include <mxpull/base/memory.h>
#include <mxpull/base/text.h>

#include <stdlib.h>
#include <string.h>

/* More would cost libconfuse's scanner quadratic time, and is nothing that anybody writes. */
enum {
    TOKEN_SIZE_MAX = 4096
};

static const char no_word[] = " #\"'\t\n\r={}()+,*"; /* what ends a word */

bool token_is(const struct token *token, char mark)
{
    return token->kind == TOKEN_MARK && *token->start == mark;
}

static bool looking_at(const struct lexer *lexer, const char *text)
{
    size_t size = strlen(text);

    return (size_t)(lexer->end - lexer->at) >= size && memcmp(lexer->at, text, size) == 0;
}

static void skip_line(struct lexer *lexer)
{
    const char *end = memchr(lexer->at, '\n', (size_t)(lexer->end - lexer->at));

    lexer->at = end != NULL ? end : lexer->end;
}

/* Skips a comment that begins with a slash and a star. False when it has no end. */
static bool skip_long_comment(struct lexer *lexer)
{
    for (lexer->at += 2; lexer->at < lexer->end; lexer->at++) {
        if (looking_at(lexer, "*/")) {
            lexer->at += 2;
            return true;
        }
        if (*lexer->at == '\n')
            lexer->line++;
    }
    return false;
}

/* Notes a comment that begins with #, and whether a name follows the # on a line that has something
 * before it. */
static void note_hash(const struct lexer *lexer, struct token *token)
{
    bool name = lexer->at + 1 < lexer->end && strchr("# \t\r\n", lexer->at[1]) == NULL;

    token->after_hash = true;
    if (name && !token->first && token->hash_line == 0)
        token->hash_line = lexer->line;
}

/* Skips blanks, line ends and comments, and notes about them in the token. False when a comment has
 * no end. */
static bool skip_blanks(struct lexer *lexer, struct token *token)
{
    while (lexer->at < lexer->end) {
        char c = *lexer->at;

        if (c == '\n') {
            lexer->line++;
            token->first = true;
            lexer->at++;
        } else if (c == ' ' || c == '\t' || c == '\r') {
            lexer->at++;
        } else if (c == '#' || looking_at(lexer, "//")) {
            if (c == '#')
                note_hash(lexer, token);
            skip_line(lexer);
        } else if (looking_at(lexer, "/*")) {
            token->line = lexer->line;
            if (!skip_long_comment(lexer))
                return false;
        } else {
            break;
        }
    }
    return true;
}

/* The value of up to count digits of that base at text; *used says how many there are. */
static unsigned read_digits(const char *text, const char *end, unsigned base, size_t count,
                            size_t *used)
{
    static const char digits[] = "0123456789abcdef";
    unsigned value = 0;

    for (*used = 0; *used < count && text + *used < end; (*used)++) {
        const char *digit = memchr(digits, text_lower(text[*used]), base);

        if (digit == NULL)
            break;
        value = value * base + (unsigned)(digit - digits);
    }
    return value;
}

/* libconfuse would drop the backslash in silence: "EXAMPLE\\user" would be EXAMPLEuser. */
static const char no_escape[] =
    "has a \\ that begins no escape; write \\\\ for a backslash, or put the value in single quotes";

/* What is wrong with the escape whose backslash stands before text, or NULL. */
static const char *escape_flaw(const char *text, const char *end)
{
    size_t used, decimal;
    unsigned value;

    if (*text == 'x') {
        value = read_digits(text + 1, end, 16, 2, &used);
        if (used == 0)
            return no_escape;
        return value == 0 ? "holds a NUL; it cannot be part of a value" : NULL;
    }
    (void)read_digits(text, end, 10, 4, &decimal);
    if (decimal == 0)
        return strchr("ntrbfaev\\\"'$", *text) != NULL ? NULL : no_escape;
    value = read_digits(text, end, 8, 3, &used);
    if (used != decimal || value > 0xff)
        return "has a bad escape; \\ and one to three octal digits up to \\377 are allowed, \\\\ "
               "is a backslash";
    return value == 0 ? "holds a NUL; it cannot be part of a value" : NULL;
}

/* What is wrong with the size bytes of a ${NAME} or ${NAME:-DEFAULT}, or NULL. libconfuse would make nothing of a
 * variable that is not set. */
static const char *variable_flaw(const char *text, size_t size)
{
    const char *name = text + 2;
    size_t name_size = size - 3;

    if (memchr(name, ':', name_size) != NULL)
        return NULL;
    char *copy = memory_copy_part(name, name_size);
    bool is_set = getenv(copy) != NULL;

    free(copy);
    return is_set ? NULL
                  : "names a variable in ${ } that is not set; set it, or write ${NAME:-DEFAULT}";
}

/* Skips what is between the double quotes. False when they are not closed on the line. */
static bool skip_double(struct lexer *lexer, struct token *token)
{
    const char *line_end = memchr(lexer->at, '\n', (size_t)(lexer->end - lexer->at));
    const char *end = line_end != NULL ? line_end : lexer->end;

    for (lexer->at++; lexer->at < end && *lexer->at != '"'; lexer->at++) {
        if (*lexer->at == '\\' && lexer->at + 1 < end) {
            const char *flaw = escape_flaw(lexer->at + 1, end);

            if (flaw != NULL)
                token->flaw = flaw;
            lexer->at++;
        } else if (looking_at(lexer, "${")) {
            size_t size = (size_t)(end - lexer->at);
            const char *close = memchr(lexer->at, '}', size);

            if (close == NULL || memchr(lexer->at, '"', (size_t)(close - lexer->at)) != NULL) {
                token->flaw = "has a ${ without its }; in single quotes nothing is replaced";
                return false;
            }
            const char *flaw = variable_flaw(lexer->at, (size_t)(close - lexer->at) + 1);
            if (flaw != NULL)
                token->flaw = flaw;
            lexer->at = close;
        }
    }
    if (lexer->at == end)
        return false;
    lexer->at++;
    return true;
}

static bool skip_single(struct lexer *lexer)
{
    for (lexer->at++; lexer->at < lexer->end && *lexer->at != '\n'; lexer->at++) {
        if (*lexer->at == '\'') {
            lexer->at++;
            return true;
        }
        if (*lexer->at == '\\' && lexer->at + 1 < lexer->end && lexer->at[1] != '\n')
            lexer->at++;
    }
    return false;
}

static void read_quoted(struct lexer *lexer, struct token *token)
{
    bool closed = *lexer->at == '"' ? skip_double(lexer, token) : skip_single(lexer);

    token->kind = closed ? TOKEN_QUOTED : TOKEN_BAD;
    if (!closed && token->flaw == NULL)
        token->flaw =
            "a quote is not closed on its line; a \\ before a quote makes it part of the text";
}

static void read_word(struct lexer *lexer, struct token *token)
{
    token->kind = TOKEN_WORD;
    if (looking_at(lexer, "${")) {
        while (lexer->at < lexer->end && *lexer->at != '}' && *lexer->at != '\n')
            lexer->at++;
        if (lexer->at == lexer->end || *lexer->at == '\n') {
            token->kind = TOKEN_BAD;
            token->flaw = "has a ${ without its }; a value with one of # = { } ( ) + , * must "
                          "stand in quotes";
            return;
        }
        lexer->at++;
        token->flaw = variable_flaw(token->start, (size_t)(lexer->at - token->start));
        return;
    }
    while (lexer->at < lexer->end && strchr(no_word, *lexer->at) == NULL)
        lexer->at++;
}

struct token lexer_next(struct lexer *lexer)
{
    struct token token = {.kind = TOKEN_END, .first = lexer->line == 0};

    if (lexer->line == 0)
        lexer->line = 1;
    if (!skip_blanks(lexer, &token)) {
        token.kind = TOKEN_BAD;
        token.flaw = "a comment that begins with /* has no end; write */";
        return token;
    }
    token.line = lexer->line;
    token.start = lexer->at;
    if (lexer->at == lexer->end)
        return token;
    if (strchr("={},", *lexer->at) != NULL) {
        token.kind = TOKEN_MARK;
        lexer->at++;
    } else if (looking_at(lexer, "+=")) {
        token.kind = TOKEN_ADD;
        lexer->at += 2;
    } else if (strchr("()+*", *lexer->at) != NULL) {
        token.kind = TOKEN_BAD;
        token.flaw = "a value with one of # = { } ( ) + , * must stand in quotes";
    } else if (*lexer->at == '"' || *lexer->at == '\'') {
        read_quoted(lexer, &token);
    } else {
        read_word(lexer, &token);
    }
    token.size = (size_t)(lexer->at - token.start);
    if (token.size > TOKEN_SIZE_MAX)
        token.flaw = "is too long; up to 4,096 characters are allowed";
    else if ((token.kind == TOKEN_WORD || token.kind == TOKEN_QUOTED) && looking_at(lexer, "#"))
        token.flaw = "is followed by # without a blank; put the value in quotes, or a blank before "
                     "a comment";
    return token;
}
