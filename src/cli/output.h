#ifndef MXPULL_SRC_CLI_OUTPUT_H
#define MXPULL_SRC_CLI_OUTPUT_H

#include <mxpull/base/buffer.h>

#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>

/* Standard output, and whether all writes succeeded: a report that was not written is a failure. */
struct output {
    FILE *stream; /* borrowed */
    int failure;  /* errno of the first write that failed, the last one tried; 0: none did */
};

/* Writes all the bytes at once: a reader of a pipe sees them now. */
void output_write(struct output *output, const char *bytes, size_t size);

/* True when all writes succeeded; otherwise says so in one line on standard error. */
bool output_finish(const struct output *output);

/* output_write of the text on standard output, and output_finish. */
bool output_print(const struct buffer *text);

/* Writes one line on standard error, escaped, but for the backslash: errors escape what they quote
 * themselves. */
void output_tell(const char *format, ...) PRINTF_LIKE(1, 2);

#endif
