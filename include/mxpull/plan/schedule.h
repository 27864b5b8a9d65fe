#ifndef MXPULL_PLAN_SCHEDULE_H
#define MXPULL_PLAN_SCHEDULE_H

#include <mxpull/base/status.h>

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* When a backup's schedule wants it asked. Pure: the time and the local offset are arguments. */

static inline int64_t schedule_earlier(int64_t a, int64_t b)
{
    return a < b ? a : b;
}

/* {1m, 5m, 15m} */
struct durations {
    int64_t *seconds;
    size_t count;
};

/* When a backup is asked. Set globally, and for each backup alone where it says otherwise. */
struct timing {
    int64_t interval_s; /* without a schedule */
    char *schedule;     /* cron expression of 5 fields, instead of interval */
    int64_t jitter_s;
    struct durations retry;
};

/* A cron expression taken apart: bit n of a field is set when it names n. A plain value. */
struct cron {
    uint64_t minutes;  /* 0 to 59 */
    uint64_t hours;    /* 0 to 23 */
    uint64_t days;     /* of the month, 1 to 31 */
    uint64_t months;   /* 1 to 12 */
    uint64_t weekdays; /* 0 (Sunday) to 6 */
    bool any_minute;   /* the field of minutes begins with * */
    bool any_hour;     /* that of hours does */
    bool any_day;      /* the field of days begins with * */
    bool any_weekday;  /* the field of weekdays does: where neither does, a day that either field
                          names will do */
};

/* Reads 5 fields parted by blanks, each * or numbers, ranges, steps and lists, months and weekdays
 * also by their English names of three letters, 7 also for Sunday; or @hourly, @daily, @midnight,
 * @weekly, @monthly, @yearly, @annually. STATUS_SYNTAX with what is allowed, also for days that no
 * year has (31 February). */
enum status schedule_parse_cron(struct cron *cron, const char *text, struct error *error);

/* How far local time is ahead of UTC at that instant, in seconds. */
typedef int64_t schedule_offset(int64_t utc_s);

/* The first time after after_ms (wall clock, milliseconds) that the cron expression names, in local
 * time, as cron(8) counts a change of the clocks: where an hour is skipped, what names a fixed hour
 * and minute in it comes at once after it; where an hour comes twice, it comes the first time only.
 * An expression whose minute or hour begins with * follows the hours as they pass. INT64_MAX when
 * there is none within 400 years, after which the calendar begins anew: such as every minute of an hour
 * that is always skipped. */
int64_t schedule_cron_next(const struct cron *cron, schedule_offset *offset, int64_t after_ms);

/* The first time of the schedule after after_ms: of its cron expression, or, without one,
 * after_ms + interval. */
int64_t schedule_next(const struct timing *timing, schedule_offset *offset, int64_t after_ms);

/* The most by which the poll of the slot may be put off: jitter, and no more than a tenth of the
 * time to the slot after it. */
int64_t schedule_jitter_max(const struct timing *timing, schedule_offset *offset, int64_t slot_ms);

/* When a domain whose last good answer (or, without one, first poll) was at good_ms counts as
 * silent: after silence_s, or, where that is 0, when three slots of the schedule have gone by and the
 * third one's jitter. */
int64_t schedule_silent_at(const struct timing *timing, schedule_offset *offset, int64_t silence_s,
                           int64_t good_ms);

#endif
