#ifndef MXPULL_CONFIG_OUTLINE_INTERNAL_H
#define MXPULL_CONFIG_OUTLINE_INTERNAL_H

/* What the files of the outline share. */

#include "outline.h"
#include "token.h"

enum {
    NAME_SIZE_MAX = 64
};

#define MUST_QUOTE "a value with blanks or one of # = { } ( ) + , * must stand in quotes"

struct outline {
    struct lexer lexer;
    struct token token; /* the one to be looked at */
    struct raw *raw;
    struct faults *faults;
    const struct option *last; /* of the assignment just read; NULL: none, or an unknown one */
    struct raw_assignment *last_assignment; /* what it became; NULL: nothing */
    bool after_value;                       /* an assignment of a single value was just read */
    bool broken; /* a syntax error was met: the token is TOKEN_END for ever */
    size_t value_count;
};

static inline bool outline_at_mark(const struct outline *outline, char mark)
{
    return token_is(&outline->token, mark);
}

static inline bool outline_at_text(const struct outline *outline)
{
    return outline->token.kind == TOKEN_WORD || outline->token.kind == TOKEN_QUOTED;
}

/* A syntax error: nothing behind it can be understood. */
void outline_stop(struct outline *outline, struct place place, const char *text);

/* The value just read is not whole: it is not worth a second fault. */
void outline_spoil_last(struct outline *outline);

/* Goes on to the next token. */
void outline_advance(struct outline *outline, const struct raw_section *section);

/* Copies a name; one that is too long cannot be known, so it is cut. */
const char *outline_name(char target[NAME_SIZE_MAX], const struct token *token);

/* ---- outline_assignment.c ---- */

/* name = …; the token is = or +=. */
void outline_read_assignment(struct outline *outline, struct raw_section *section,
                             const struct token *name);

#endif
