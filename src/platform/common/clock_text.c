/* Instants in words, the same on all systems: by hand, for msvcrt's strftime knows neither %F nor %T. */
#include "system.h"

#include <mxpull/base/text.h>
#include <mxpull/platform/clock.h>

#include <stdio.h>

static char *write_date(char target[CLOCK_TEXT_SIZE], int64_t seconds, char between,
                        const char *zone)
{
    char text[2 * CLOCK_TEXT_SIZE + 16] = "?"; /* whatever the compiler thinks that a year may be */
    struct tm date;

    if (system_date(seconds, &date))
        (void)snprintf(text, sizeof text, "%04d-%02d-%02d%c%02d:%02d:%02d%s", date.tm_year + 1900,
                       date.tm_mon + 1, date.tm_mday, between, date.tm_hour, date.tm_min,
                       date.tm_sec, zone);
    (void)text_copy(target, CLOCK_TEXT_SIZE, text);
    return target;
}

/* Rounded down, before 1970 too. */
static int64_t seconds_of(int64_t wall_ms)
{
    return wall_ms / 1000 - (wall_ms % 1000 < 0);
}

char *clock_utc_text(char target[CLOCK_TEXT_SIZE], int64_t wall_ms)
{
    return write_date(target, seconds_of(wall_ms), 'T', "Z");
}

char *clock_local_text(char target[CLOCK_TEXT_SIZE], int64_t wall_ms)
{
    int64_t seconds = seconds_of(wall_ms);

    return write_date(target, seconds + clock_local_offset_s(seconds), ' ', "");
}
