/* The two clocks of POSIX: the monotonic one for intervals, the wall clock for stamps. */
#include <mxpull/platform/clock.h>

#include <mxpull/base/text.h>

#include <time.h>

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

char *clock_utc_text(char target[CLOCK_TEXT_SIZE], int64_t wall_ms)
{
    /* Rounded down, before 1970 too. */
    time_t seconds = (time_t)(wall_ms / 1000 - (wall_ms % 1000 < 0));
    struct tm utc;

    if (gmtime_r(&seconds, &utc) == NULL ||
        strftime(target, CLOCK_TEXT_SIZE, "%Y-%m-%dT%H:%M:%SZ", &utc) == 0)
        (void)text_copy(target, CLOCK_TEXT_SIZE, "?");
    return target;
}
