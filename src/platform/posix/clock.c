/* The clocks of POSIX, and how far local time is ahead. */
#include "system.h"

#include <mxpull/platform/clock.h>

#include <stdlib.h>

enum {
    ZONE_KNOWN_MS = 100
};

static int64_t read_ms(clockid_t clock)
{
    struct timespec now = {0};

    (void)clock_gettime(clock, &now);
    return (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

int64_t clock_monotonic_ms(void)
{
    return read_ms(CLOCK_MONOTONIC);
}

int64_t clock_wall_ms(void)
{
    return read_ms(CLOCK_REALTIME);
}

void clock_sleep_ms(int milliseconds)
{
    const struct timespec span = {.tv_sec = milliseconds / 1000,
                                  .tv_nsec = milliseconds % 1000 * 1000000L};

    (void)nanosleep(&span, NULL);
}

/* localtime_r alone may go by the zone as it was when it was first asked. tzset looks again: so a daemon
 * sees a changed zone, as people around it do. Without $TZ that costs a stat of /etc/localtime, which is
 * not done for each of thousands of stamps that are written at once. */
int64_t clock_local_offset_s(int64_t utc_s)
{
    static int64_t looked_ms = -ZONE_KNOWN_MS;
    int64_t now_ms = clock_monotonic_ms();
    const time_t seconds = (time_t)utc_s;
    struct tm local;

    if (now_ms - looked_ms >= ZONE_KNOWN_MS || getenv("TZ") != NULL) {
        tzset();
        looked_ms = now_ms;
    }
    return localtime_r(&seconds, &local) != NULL ? (int64_t)local.tm_gmtoff : 0;
}

bool system_date(int64_t seconds, struct tm *utc)
{
    const time_t time = (time_t)seconds;

    return gmtime_r(&time, utc) != NULL;
}
