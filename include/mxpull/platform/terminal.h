#ifndef MXPULL_PLATFORM_TERMINAL_H
#define MXPULL_PLATFORM_TERMINAL_H

#include <stdbool.h>
#include <stdio.h>

/* Makes the terminal take what is written to it as UTF-8, where it does not by itself, until the
 * program ends. Once a program. */
void terminal_speak_utf8(void);

/* Whether a person looks at the stream through a terminal that understands cursor movement (TERM is
 * not "dumb"). */
bool terminal_is(FILE *stream);

/* Whether whoever reads standard output reads this stream with it: a person at a terminal, also a dumb
 * one; or it is the same file or pipe, where the system tells. */
bool terminal_repeats(FILE *stream);

/* Whether what is written to the stream is kept in a plain file, which notes no time by itself. */
bool terminal_is_file(FILE *stream);

/* The terminal's width and height in characters; 80 and 24 where it is not known. */
int terminal_columns(FILE *stream);
int terminal_rows(FILE *stream);

#endif
