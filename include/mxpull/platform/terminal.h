#ifndef MXPULL_PLATFORM_TERMINAL_H
#define MXPULL_PLATFORM_TERMINAL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>

/* Whether a person looks at the stream through a terminal that understands cursor movement (TERM is
 * not "dumb"). */
bool terminal_is(FILE *stream);

/* Whether the reader of standard output sees this stream, too: on a terminal, also a dumb one; or because both are the same
 * file or pipe, where the system tells. */
bool terminal_repeats(FILE *stream);

/* Whether a person can be asked: standard input is a terminal, also a dumb one. */
bool terminal_answers(void);

/* Whether what is written to the stream is kept in a plain file, which notes no time by itself. */
bool terminal_is_file(FILE *stream);

/* In characters; these where they are not known. */
struct terminal_size {
    size_t columns, rows;
};
enum {
    TERMINAL_COLUMNS = 80,
    TERMINAL_ROWS = 24
};

struct terminal_size terminal_size(FILE *stream);

#endif
