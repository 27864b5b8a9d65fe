#ifndef MXPULL_SRC_CLI_OUTPUT_H
#define MXPULL_SRC_CLI_OUTPUT_H

#include <mxpull/base/buffer.h>

#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>

/* Standard output, with the memory of whether all of it could be written: a report that did not get
 * through is a failure. */
struct output {
    FILE *stream; /* borrowed */
    int failure;  /* errno of the first write that failed, then nothing more is written; 0: all is
                     well */
};

/* Writes all the bytes at once: a reader of a pipe sees them now. */
void output_write(struct output *output, const char *bytes, size_t size);

/* True when all that was written got through; otherwise says so in one line on standard error. */
bool output_finish(const struct output *output);

/* All of it: writes the text on standard output, and says where that failed. */
bool output_print(const struct buffer *text);

/* Writes one line on standard error, with what is not printable escaped; a backslash stays as it is, for
 * errors quote what they are about escaped already. */
void output_tell(const char *format, ...) PRINTF_LIKE(1, 2);

#endif
