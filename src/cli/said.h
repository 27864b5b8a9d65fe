#ifndef MXPULL_SRC_CLI_SAID_H
#define MXPULL_SRC_CLI_SAID_H

#include <stdbool.h>
#include <stddef.h>

/* What a report has said already and need not say again. All zero: nothing. */
struct said {
    char **texts; /* owned */
    size_t count;
};

/* Whether the text is said for the first time. It is copied. */
bool said_first(struct said *said, const char *text);

void said_done(struct said *said);

#endif
