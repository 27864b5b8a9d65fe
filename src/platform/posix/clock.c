/* The two clocks of POSIX: the monotonic one for intervals, the wall clock for stamps;
 * and local time. */
#include <mxpull/platform/clock.h>

#include <mxpull/base/text.h>

#include <stdbool.h>
#include <stdlib.h>
#include <time.h>

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

/* Rounded down, before 1970 too. */
static time_t seconds_of(int64_t wall_ms)
{
    return (time_t)(wall_ms / 1000 - (wall_ms % 1000 < 0));
}

/* localtime_r alone may go by the zone as it was when it was first asked. tzset looks again: so a daemon
 * sees a changed zone, as people around it do. Without $TZ that costs a stat of /etc/localtime, which is
 * not done for each of thousands of stamps that are written at once. */
static bool to_local(time_t seconds, struct tm *local)
{
    static int64_t looked_ms = -ZONE_KNOWN_MS;
    int64_t now_ms = clock_monotonic_ms();

    if (now_ms - looked_ms >= ZONE_KNOWN_MS || getenv("TZ") != NULL) {
        tzset();
        looked_ms = now_ms;
    }
    return localtime_r(&seconds, local) != NULL;
}

int64_t clock_local_offset_s(int64_t utc_s)
{
    struct tm local;

    return to_local((time_t)utc_s, &local) ? (int64_t)local.tm_gmtoff : 0;
}

char *clock_utc_text(char target[CLOCK_TEXT_SIZE], int64_t wall_ms)
{
    time_t seconds = seconds_of(wall_ms);
    struct tm utc;

    if (gmtime_r(&seconds, &utc) == NULL ||
        strftime(target, CLOCK_TEXT_SIZE, "%Y-%m-%dT%H:%M:%SZ", &utc) == 0)
        (void)text_copy(target, CLOCK_TEXT_SIZE, "?");
    return target;
}

char *clock_local_text(char target[CLOCK_TEXT_SIZE], int64_t wall_ms)
{
    struct tm local;

    if (!to_local(seconds_of(wall_ms), &local) ||
        strftime(target, CLOCK_TEXT_SIZE, "%Y-%m-%d %H:%M:%S", &local) == 0)
        (void)text_copy(target, CLOCK_TEXT_SIZE, "?");
    return target;
}
