/* The scanner of the outline. It cuts the text as libconfuse's scanner does, and refuses what that one
 * passes over: a quote that is not closed on its line, a # right behind a word, an escape that is none
 * or makes a NUL, a variable that is not set. */
#include "loading.h"

#include <mxpull/base/memory.h>

#include <stdlib.h>
#include <string.h>

enum {
    TOKEN_SIZE_MAX = 4096 /* longer ones take libconfuse's scanner quadratic time */
};

/* Skips blanks, line ends and comments, and notes them in the token. False when a comment has no end. */
static bool skip_blanks(struct lexer *lexer, struct token *token)
{
    for (;; lexer->at++) {
        if (*lexer->at == '#') {
            token->after_hash = true;
            if (lexer->line == lexer->last_line && strchr("# \t\r\n", lexer->at[1]) == NULL)
                token->queue_line = lexer->line;
        }
        if (*lexer->at == '#' || strncmp(lexer->at, "//", 2) == 0) {
            lexer->at += strcspn(lexer->at, "\n");
        } else if (strncmp(lexer->at, "/*", 2) == 0) {
            const char *end = strstr(lexer->at + 2, "*/");

            token->line = lexer->line;
            if (end == NULL)
                return false;
            for (; lexer->at <= end; lexer->at++)
                lexer->line += *lexer->at == '\n';
            continue;
        }
        if (*lexer->at == '\n')
            lexer->line++;
        else if (*lexer->at == '\0' || strchr(" \t\r", *lexer->at) == NULL)
            return true;
    }
}

/* What is wrong with the escape whose backslash stands before text, or NULL. libconfuse drops the
 * backslash of one that is none: "EXAMPLE\user" would be EXAMPLEuser. */
static const char *escape_flaw(const char *text)
{
    static const char none[] = "has a \\ that begins no escape; write \\\\ for a backslash, or put "
                               "the value in single quotes";
    static const char nul[] = "holds a NUL; it cannot be part of a value";
    size_t octal = strspn(text, "01234567"), decimal = strspn(text, "0123456789");

    if (*text == 'x') {
        size_t digits = strspn(text + 1, "0123456789abcdefABCDEF");

        if (digits == 0)
            return none;
        return strspn(text + 1, "0") >= (digits > 1 ? 2 : 1) ? nul : NULL;
    }
    if (decimal == 0)
        return strchr("ntrbfaev\\\"'$", *text) != NULL ? NULL : none;
    if (octal != decimal || octal > 3 || (octal == 3 && *text > '3'))
        return "has a bad escape; \\ and one to three octal digits up to \\377 are allowed, \\\\ "
               "is a backslash";
    return strspn(text, "0") >= octal ? nul : NULL;
}

/* What is wrong with the ${NAME} or ${NAME:-DEFAULT} that begins at text and ends before close, or NULL.
 * libconfuse makes nothing of a variable that is not set. */
static const char *variable_flaw(const char *text, const char *close)
{
    char *name = memory_copy_part(text + 2, (size_t)(close - text - 2));
    bool good = strchr(name, ':') != NULL || getenv(name) != NULL;

    free(name);
    return good ? NULL
                : "names a variable in ${ } that is not set; set it, or write ${NAME:-DEFAULT}";
}

/* The last thing that is wrong between double quotes. */
static void check_double(struct token *token)
{
    const char *end = token->start + token->size - 1;

    for (const char *at = token->start + 1; at < end; at++) {
        const char *flaw = NULL;

        if (*at == '\\') {
            flaw = escape_flaw(++at);
        } else if (strncmp(at, "${", 2) == 0) {
            const char *close = at + strcspn(at, "}\"");

            if (*close != '}') {
                token->kind = TOKEN_BAD;
                token->flaw = "has a ${ without its }; in single quotes nothing is replaced";
                return;
            }
            flaw = variable_flaw(at, close);
            at = close;
        }
        token->flaw = flaw != NULL ? flaw : token->flaw;
    }
}

static void read_quoted(struct token *token)
{
    const char quote = *token->start;
    const char *at = token->start + 1;

    while (*at != quote && *at != '\n' && *at != '\0')
        at += *at == '\\' && at[1] != '\n' && at[1] != '\0' ? 2 : 1;
    if (*at != quote) {
        token->kind = TOKEN_BAD;
        token->flaw =
            "a quote is not closed on its line; a \\ before a quote makes it part of the text";
        return;
    }
    token->size = (size_t)(at + 1 - token->start);
    if (quote == '"')
        check_double(token);
}

static void read_word(struct token *token)
{
    if (strncmp(token->start, "${", 2) != 0) {
        token->size = strcspn(token->start, " #\"'\t\n\r={}()+,*");
        return;
    }
    token->size = strcspn(token->start, "}\n") + 1;
    if (token->start[token->size - 1] == '}') {
        token->flaw = variable_flaw(token->start, token->start + token->size - 1);
    } else {
        token->kind = TOKEN_BAD;
        token->flaw = "has a ${ without its }; a value with one of # = { } ( ) + , * must stand in "
                      "quotes";
    }
}

struct token lexer_next(struct lexer *lexer)
{
    struct token token = {.kind = TOKEN_TEXT, .size = 1};

    if (!skip_blanks(lexer, &token)) {
        token.kind = TOKEN_BAD;
        token.flaw = "a comment that begins with /* has no end; write */";
        return token;
    }
    lexer->last_line = token.line = lexer->line;
    token.start = lexer->at;
    if (*token.start == '\0') {
        token.kind = TOKEN_END;
        return token;
    }
    if (strchr("={},", *token.start) != NULL) {
        token.kind = TOKEN_MARK;
    } else if (strncmp(token.start, "+=", 2) == 0) {
        token.kind = TOKEN_ADD;
        token.size = 2;
    } else if (strchr("()+*", *token.start) != NULL) {
        token.kind = TOKEN_BAD;
        token.flaw = "a value with one of # = { } ( ) + , * must stand in quotes";
    } else if (*token.start == '"' || *token.start == '\'') {
        read_quoted(&token);
    } else {
        read_word(&token);
    }
    if (token.kind == TOKEN_TEXT && token.size > TOKEN_SIZE_MAX)
        token.flaw = "is too long; up to 4,096 characters are allowed";
    else if (token.kind == TOKEN_TEXT && token.start[token.size] == '#')
        token.flaw = "is followed by # without a blank; put the value in quotes, or a blank before "
                     "a comment";
    lexer->at += token.size;
    return token;
}
