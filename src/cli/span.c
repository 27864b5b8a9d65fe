/* Spans of time as a person wants them: how long about, not to the second. */
#include "span.h"

#include <stdio.h>
#include <string.h>

enum {
    MINUTE_S = 60,
    HOUR_S = 3600,
    DAY_S = 24 * 3600,
    DAYS_ALONE_S = 10 * DAY_S /* from so many on the hours say nothing */
};

/* "3h57m", "3h" */
static void format_pair(char target[SPAN_TEXT_SIZE], int64_t first, char first_unit, int64_t second,
                        char second_unit)
{
    if (second == 0)
        (void)snprintf(target, SPAN_TEXT_SIZE, "%lld%c", (long long)first, first_unit);
    else
        (void)snprintf(target, SPAN_TEXT_SIZE, "%lld%c%lld%c", (long long)first, first_unit,
                       (long long)second, second_unit);
}

char *span_format(char target[SPAN_TEXT_SIZE], int64_t seconds)
{
    if (seconds < 0)
        seconds = 0;
    if (seconds < MINUTE_S)
        format_pair(target, seconds, 's', 0, 's');
    else if (seconds < HOUR_S)
        format_pair(target, seconds / MINUTE_S, 'm', 0, 's');
    else if (seconds < DAY_S)
        format_pair(target, seconds / HOUR_S, 'h', seconds % HOUR_S / MINUTE_S, 'm');
    else if (seconds < DAYS_ALONE_S)
        format_pair(target, seconds / DAY_S, 'd', seconds % DAY_S / HOUR_S, 'h');
    else
        format_pair(target, seconds / DAY_S, 'd', 0, 'h');
    return target;
}

char *span_minute_text(char target[CLOCK_TEXT_SIZE], int64_t wall_ms)
{
    char *last_colon;

    (void)clock_local_text(target, wall_ms);
    last_colon = strrchr(target, ':');
    if (last_colon != NULL)
        *last_colon = '\0';
    return target;
}
