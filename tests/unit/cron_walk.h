#ifndef MXPULL_TESTS_CRON_WALK_H
#define MXPULL_TESTS_CRON_WALK_H

/* A cron expression followed through every minute: slow, and plain to see to be right. */

#include <mxpull/plan/schedule.h>

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <time.h>

enum {
    WALK_DAYS_MAX = 400
};

static inline bool is_bit(uint64_t bits, int bit)
{
    return (bits >> bit & 1) != 0;
}

static inline bool is_named(const struct cron *cron, int64_t local_minute)
{
    time_t seconds = (time_t)(local_minute * 60);

    if (!is_bit(cron->minutes, (int)(local_minute % 60)) ||
        !is_bit(cron->hours, (int)(local_minute / 60 % 24)))
        return false;
    const struct tm *local = gmtime(&seconds);
    bool day = is_bit(cron->days, local->tm_mday), weekday = is_bit(cron->weekdays, local->tm_wday);

    if (!is_bit(cron->months, local->tm_mon + 1))
        return false;
    return cron->any_day || cron->any_weekday ? day && weekday : day || weekday;
}

/* Which minutes of so many days the expression names. Every minute that local time shows, or skips,
 * counts once when the expression is of fixed times; else those that it shows count whenever it
 * does. */
struct walk {
    int64_t first_minute;
    size_t minutes;
    bool runs[WALK_DAYS_MAX * 24 * 60];
};

static inline void walk_through(struct walk *walk, const struct cron *cron, schedule_offset *offset,
                                int64_t first_s, size_t days)
{
    enum {
        MARGIN = 3 * 24 * 60
    };
    static bool was_there[(WALK_DAYS_MAX + 6) * 24 * 60];
    int64_t start = first_s / 60 - MARGIN / 2; /* one and a half days to look back on */
    int64_t base = start - MARGIN / 2;         /* of was_there, in local time */
    int64_t before = start - 1 + offset((start - 1) * 60) / 60;

    memset(was_there, 0, sizeof was_there);
    memset(walk->runs, 0, sizeof walk->runs);
    walk->first_minute = first_s / 60;
    walk->minutes = days * 24 * 60;
    for (int64_t minute = start; minute < walk->first_minute + (int64_t)walk->minutes; minute++) {
        int64_t local = minute + offset(minute * 60) / 60;
        bool runs = (cron->any_minute || cron->any_hour) && is_named(cron, local);

        for (int64_t l = local > before ? before + 1 : local; l <= local; l++) {
            runs = runs || (!cron->any_minute && !cron->any_hour && !was_there[l - base] &&
                            is_named(cron, l));
            was_there[l - base] = true;
        }
        before = local;
        if (minute >= walk->first_minute)
            walk->runs[minute - walk->first_minute] = runs;
    }
}

#endif
