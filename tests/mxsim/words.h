#ifndef MXSIM_WORDS_H
#define MXSIM_WORDS_H

#include <mxpull/base/status.h>

#include <stdbool.h>
#include <stddef.h>

/* One word of a script's line; a quoted one may hold any bytes, so its size counts. */
struct word {
    char *text; /* followed by a NUL that is not counted */
    size_t size;
    bool quoted;
};

enum {
    WORDS_MAX = 256
};

struct words {
    struct word list[WORDS_MAX];
    size_t count;
    char *storage; /* owned: what the words point into */
};

/* Splits a line at spaces and tabs, up to a comment; "double quotes" keep spaces, with \r \n \t
 * \\ \" \0 \xNN in them. */
enum status words_split(const char *line, struct words *words, struct error *error);
void words_done(struct words *words);

#endif
