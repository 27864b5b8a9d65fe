#ifndef MXPULL_SRC_CLI_SPAN_H
#define MXPULL_SRC_CLI_SPAN_H

#include <mxpull/platform/clock.h>

#include <stdint.h>

enum {
    SPAN_TEXT_SIZE = 32
};

/* Writes how long it is in the two largest units, "12s", "3m", "3h57m", "3d4h", "45d", into target
 * and returns it. Less than 0 counts as 0. */
char *span_format(char target[SPAN_TEXT_SIZE], int64_t seconds);

/* Writes the instant in local time, to the minute: "2026-11-23 17:00". Returns target. */
char *span_minute_text(char target[CLOCK_TEXT_SIZE], int64_t wall_ms);

#endif
