#ifndef MXPULL_PLATFORM_CLOCK_H
#define MXPULL_PLATFORM_CLOCK_H

#include <stdint.h>

/* Milliseconds of a clock that only goes forward: for intervals and deadlines. */
int64_t clock_monotonic_ms(void);

/* Milliseconds since 1970-01-01T00:00:00Z: for stamps, never for intervals. */
int64_t clock_wall_ms(void);

/* 2020-01-01: mxpull is years younger, so a wall clock that shows an earlier time was not set. */
#define CLOCK_SET_MS INT64_C(1577836800000)

/* Blocks for about so long: where another process is waited for, and no loop runs. */
void clock_sleep_ms(int milliseconds);

enum {
    CLOCK_TEXT_SIZE = 32
};

/* How far local time is ahead of UTC at that instant (seconds since 1970), in seconds; 0
 * when the system cannot tell. Goes by the zone that holds now ($TZ, else the system's), not by the one
 * at our start. */
int64_t clock_local_offset_s(int64_t utc_s);

/* Writes "2026-11-23T16:00:00Z" into target and returns it. */
char *clock_utc_text(char target[CLOCK_TEXT_SIZE], int64_t wall_ms);

/* Writes the same instant in local time, "2026-11-23 17:00:00", into target and returns it. */
char *clock_local_text(char target[CLOCK_TEXT_SIZE], int64_t wall_ms);

#endif
