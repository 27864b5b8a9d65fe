#ifndef MXPULL_CONFIG_TOKEN_H
#define MXPULL_CONFIG_TOKEN_H

#include <stdbool.h>
#include <stddef.h>

/* The tokens of a configuration file, by the rules of libconfuse's own scanner. */

enum token_kind {
    TOKEN_TEXT, /* a word, ${NAME}, 'text' or "text", on one line */
    TOKEN_MARK, /* one of = { } , */
    TOKEN_ADD,  /* += */
    TOKEN_BAD,  /* what nothing can be made of; flaw says why */
    TOKEN_END
};

struct token {
    enum token_kind kind;
    const char *start; /* borrowed from the text, quotes included */
    size_t size;
    int line;
    bool after_hash;  /* a comment that begins with # stands before it */
    int queue_line;   /* where such a comment looks like a #queue without its quotes, else 0 */
    const char *flaw; /* a constant: why it cannot be used; else NULL */
};

struct lexer {
    const char *at; /* borrowed; ends in NUL */
    int line;       /* begins with 1 */
    int last_line;  /* of the token before */
};

/* The next token; TOKEN_END for ever at the end. */
struct token lexer_next(struct lexer *lexer);

#endif
