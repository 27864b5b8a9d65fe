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

/* The terminal's width and height in characters; 80 and 24 where it is not known. */
int terminal_columns(FILE *stream);
int terminal_rows(FILE *stream);

#endif
