#ifndef MXPULL_PLATFORM_PROCESS_H
#define MXPULL_PLATFORM_PROCESS_H

#include <mxpull/base/buffer.h>
#include <mxpull/base/status.h>

#include <stdint.h>

/* Runs command by the system's shell with no standard input, its standard error left as ours, and
 * appends its standard output to output. Blocks, at most timeout_ms: then it is killed.
 * STATUS_SYSTEM when it cannot be run, exits with other than 0, or is killed; STATUS_LIMIT when it
 * prints more than output may take; STATUS_TIMEOUT. */
enum status process_capture(const char *command, int64_t timeout_ms, struct buffer *output,
                            struct error *error);

#endif
