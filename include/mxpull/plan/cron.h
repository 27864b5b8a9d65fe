#ifndef MXPULL_PLAN_CRON_H
#define MXPULL_PLAN_CRON_H

#include <mxpull/base/status.h>

#include <stdbool.h>
#include <stdint.h>

/* A cron expression taken apart: bit n of a field is set when it names n. A plain value. */
struct cron {
    uint64_t minutes;  /* 0 to 59 */
    uint32_t hours;    /* 0 to 23 */
    uint32_t days;     /* of the month, 1 to 31 */
    uint32_t months;   /* 1 to 12 */
    uint32_t weekdays; /* 0 (Sunday) to 6 */
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
enum status cron_parse(struct cron *cron, const char *text, struct error *error);

#endif
