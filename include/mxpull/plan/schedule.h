#ifndef MXPULL_PLAN_SCHEDULE_H
#define MXPULL_PLAN_SCHEDULE_H

#include <mxpull/base/status.h>

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* The times of a backup's schedule. Pure: time and local offset are arguments. */

static inline int64_t schedule_earlier(int64_t a, int64_t b)
{
    return a < b ? a : b;
}

/* {1m, 5m, 15m} */
struct durations {
    int64_t *seconds;
    size_t count;
};

/* When a backup is asked: the global values, or its own. */
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
    /* The field of weekdays does; when neither does, either field may name the day. */
    bool any_weekday;
};

/* Reads 5 fields separated by blanks, of *, numbers, ranges, steps and lists, months and weekdays also
 * as English names of three letters, 7 also for Sunday; or @hourly, @daily, @midnight, @weekly,
 * @monthly, @yearly, @annually. STATUS_SYNTAX, also for days that no year has (31 February). */
enum status schedule_parse_cron(struct cron *cron, const char *text, struct error *error);

/* How far local time is ahead of UTC at that instant, in seconds. */
typedef int64_t schedule_offset(int64_t utc_s);

/* The first time after after_ms (wall clock, milliseconds) that the cron expression names in local
 * time, by cron(8): a fixed time in a skipped hour comes right after it, and in an hour that comes
 * twice only the first time. An expression whose minute or hour begins with * follows the hours as
 * they pass. INT64_MAX when there is none within 400 years. */
int64_t schedule_cron_next(const struct cron *cron, schedule_offset *offset, int64_t after_ms);

/* The schedule's first time after after_ms: by the cron expression, or after_ms + interval. */
int64_t schedule_next(const struct timing *timing, schedule_offset *offset, int64_t after_ms);

/* The longest delay of the poll of a slot: jitter, but at most a tenth of the time to the next slot. */
int64_t schedule_jitter_max(const struct timing *timing, schedule_offset *offset, int64_t slot_ms);

/* When a domain counts as silent whose last good answer (or, without one, first poll) was at good_ms:
 * after silence_s, or with 0 after three slots of the schedule and the third one's jitter. */
int64_t schedule_silent_at(const struct timing *timing, schedule_offset *offset, int64_t silence_s,
                           int64_t good_ms);

#endif
